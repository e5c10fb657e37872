// Waits, as hold mode counts them.
#include <gtest/gtest.h>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

config holding() {
    config settings;
    settings.hold = true;
    return settings;
}

counts total_at_end(const fixture& f) {
    EXPECT_TRUE(f.sink.wait_for_connections_closed(1, patience));
    EXPECT_TRUE(f.sink.report().waits_exact);
    return f.sink.report().total;
}

} // namespace

TEST(Hold, CountsEachStopOfASerialClient) {
    fixture f{holding()};
    client c{f.port};
    play(c, R"(
        S: 220 ...
        C: HELO client.example
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: x
        C: .
        S: 250 ...
        C: QUIT
        S: 221 ...
    )");
    const counts total = total_at_end(f);
    EXPECT_EQ(total.waits, 7U); // connect, 220, HELO, MAIL, RCPT, DATA, content
    EXPECT_EQ(total.waits_after_content, 1U);
}

TEST(Hold, CountsAFlightOnce) {
    fixture f{holding()};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    // In parts, but without a pause that is long enough to be quiet.
    c.send("MAIL FROM:<>\r\nRCPT TO:<b@exa");
    c.send("mple.com>\r\nBDAT 1 LAST\r\n");
    c.send("xRSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 1 LAST\r\nxQUIT\r\n");
    c.read_to_end();
    const counts total = total_at_end(f);
    EXPECT_EQ(total.mails, 2U);
    EXPECT_EQ(total.waits, 4U); // connect, 220, EHLO, all the rest
    EXPECT_EQ(total.waits_after_content, 0U);
}

// The least that plain TCP allows, with credentials, envelope and content in one flight.
TEST(Hold, CountsAuthAndAMailInOneFlightOnce) {
    config settings = holding();
    settings.users = {{"user", "secret"}};
    settings.require_auth = true;
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    c.send("AUTH PLAIN AHVzZXIAc2VjcmV0\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 1 LAST\r\nx");
    for (const auto* wanted : {"235", "250", "250", "250"}) EXPECT_EQ(c.read_reply().substr(0, 3), wanted);
    c.close();
    const counts total = total_at_end(f);
    EXPECT_EQ(total.mails, 1U);
    EXPECT_EQ(total.waits, 4U); // connect, 220, EHLO, all the rest
    EXPECT_EQ(total.early_octets, 0U);
}

// Over DATA a mail costs one wait where its content and the next mail's envelope share a flight.
TEST(Hold, CountsOneWaitAMailWhereContentAndTheNextEnvelopeShareAFlight) {
    fixture f{holding()};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    const std::string envelope = "MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", content = "x\r\n.\r\n";
    c.send(envelope);
    for (int i = 0; i < 3; ++i) c.read_reply();
    for (int i = 0; i < 4; ++i) {
        c.send(content + envelope);
        for (int replies = 0; replies < 4; ++replies) c.read_reply();
    }
    c.send(content);
    c.read_reply();
    c.close();
    const counts total = total_at_end(f);
    EXPECT_EQ(total.mails, 5U);
    EXPECT_EQ(total.waits, 3U + 1U + 5U); // connect, 220, EHLO, the first envelope, and one a mail
    EXPECT_EQ(total.early_octets, 0U);
}

// A client that looks ahead goes on writing while replies are due: it waits once, when it has no more to send.
TEST(Hold, ManyMailsInDoubtAreOneWait) {
    fixture f{holding()};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    const std::string content(100'000, 'x');
    for (int i = 0; i < 50; ++i) {
        c.send("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 100000 LAST\r\n");
        c.send(content);
    }
    for (int replies = 0; replies < 200; ++replies) c.read_reply();
    c.close();
    const counts total = total_at_end(f);
    EXPECT_EQ(total.mails, 50U);
    EXPECT_EQ(total.waits, 4U);
}

TEST(Hold, ARefusedContentIsAWaitLikeAnyOther) {
    config settings = holding();
    settings.script = "on BDAT reply \"451 4.3.0 later\"";
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    c.send("MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 1 LAST\r\nx");
    for (int replies = 0; replies < 3; ++replies) c.read_reply();
    c.send("QUIT\r\n");
    c.read_to_end();
    EXPECT_EQ(total_at_end(f).waits, 4U);
    EXPECT_EQ(f.sink.report().total.waits_after_content, 1U);
}

TEST(Hold, DoesNotCountWhatComesAfterTheLastContent) {
    fixture f{holding()};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    c.send("MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 1 LAST\r\nx");
    for (int i = 0; i < 3; ++i) c.read_line();
    c.send("NOOP\r\n");
    c.read_reply();
    c.send("QUIT\r\n");
    c.read_reply();
    const counts total = total_at_end(f);
    EXPECT_EQ(total.waits, 4U);
    EXPECT_EQ(total.waits_after_content, 2U);
}

TEST(Hold, ReleasesNothingForAClientThatHasGone) {
    fixture f{holding()};
    client c{f.port};
    c.read_reply();
    c.send("QUIT\r\n");
    c.close();
    EXPECT_EQ(total_at_end(f).waits_after_content, 0U);
}

TEST(Hold, WithoutItBurstsAreCounted) {
    fixture f;
    client c{f.port};
    play(c, "S: 220 ...\nC: HELO x\nS: 250 ...\nC: QUIT\nS: 221 ...");
    EXPECT_TRUE(f.sink.wait_for_connections_closed(1, patience));
    EXPECT_FALSE(f.sink.report().waits_exact);
    EXPECT_EQ(f.sink.report().total.waits, 3U);
    EXPECT_EQ(f.sink.report().total.waits_after_content, 1U);
}

} // namespace postrider::sink::test

// What a client that looks ahead must not get wrong: here it gets its due.
#include <gmock/gmock.h>
#include <sstream>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

using testing::IsEmpty;

struct outcome {
    std::string codes; // of the lines that answered the flight
    std::vector<mail> mails;
};

// Says hello, then all of `flight` at once, and hangs up.
outcome fly(const config& settings, std::string_view flight) {
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(settings.protocol == protocol::lmtp ? "LHLO client.example\r\n" : hello);
    c.read_reply();
    c.send(flight);
    c.half_close();
    outcome seen;
    std::istringstream lines{c.read_to_end()};
    for (std::string line; std::getline(lines, line);)
        seen.codes.append(seen.codes.empty() ? "" : " ").append(line.substr(0, 3));
    EXPECT_TRUE(f.sink.wait_for_connections_closed(1, patience));
    seen.mails = f.sink.mails();
    return seen;
}

config playing(std::string_view script, protocol spoken = protocol::smtp) {
    config settings = keeping();
    settings.script = script;
    settings.protocol = spoken;
    return settings;
}

std::string mail_by_bdat(const std::string& sender, const std::string& recipient) {
    return "MAIL FROM:<" + sender + ">\r\nRCPT TO:<" + recipient + ">\r\nBDAT 6 LAST\r\nQUIT\r\n";
}

constexpr auto no_bob = "on RCPT matching \"<bob@\" reply \"550 5.1.1 no\"";

} // namespace

// Exim 4.96: the next mail of a client that sends no RSET between mails in doubt is taken under the sender of the
// one that failed.
TEST(Strict, ASecondSenderIsRefusedAndTheFirstOneStays) {
    config settings = playing(no_bob);
    const std::string flight =
        mail_by_bdat("one@a.example", "bob@b.example") + mail_by_bdat("two@a.example", "c@c.example");
    outcome seen = fly(settings, flight);
    EXPECT_EQ(seen.codes, "250 550 554 503 250 503");
    EXPECT_THAT(seen.mails, IsEmpty()); // RFC 3030: no BDAT after a refused one

    settings.bdat_after_refusal = true;
    seen = fly(settings, flight);
    EXPECT_EQ(seen.codes, "250 550 554 503 250 250");
    ASSERT_EQ(seen.mails.size(), 1U);
    EXPECT_EQ(seen.mails[0].from, "one@a.example");
    EXPECT_EQ(seen.mails[0].recipients[0].address, "c@c.example");

    // With RSET it is as it should be.
    seen = fly(settings, mail_by_bdat("one@a.example", "bob@b.example") + "RSET\r\n" +
                             mail_by_bdat("two@a.example", "c@c.example"));
    EXPECT_EQ(seen.codes, "250 550 554 250 250 250 250");
    EXPECT_EQ(seen.mails.at(0).from, "two@a.example");
}

TEST(Strict, OverDataTheFirstSenderStaysToo) {
    const outcome seen =
        fly(playing(no_bob), "MAIL FROM:<one@a.example> SIZE=7\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n"
                             "MAIL FROM:<two@a.example> SIZE=8\r\nRCPT TO:<c@c.example>\r\nDATA\r\n.\r\n");
    EXPECT_EQ(seen.codes, "250 550 554 503 250 354 250");
    ASSERT_EQ(seen.mails.size(), 1U);
    EXPECT_EQ(seen.mails[0].from, "one@a.example");
    EXPECT_EQ(seen.mails[0].parameters[0].value, "7");
}

TEST(Strict, ARefusedRsetLeavesTheTransactionOpen) {
    const outcome seen = fly(playing("on RSET reply \"451 4.3.0 no\""),
                             "MAIL FROM:<one@a.example>\r\nRCPT TO:<b@b.example>\r\nRSET\r\n" +
                                 mail_by_bdat("two@a.example", "c@c.example"));
    EXPECT_EQ(seen.codes, "250 250 451 503 250 250");
    EXPECT_EQ(seen.mails.at(0).from, "one@a.example");
    EXPECT_EQ(seen.mails.at(0).recipients.size(), 2U);
}

TEST(Strict, NoBdatIsTakenAfterARefusedOne) {
    for (const auto* refused : {"BDAT 6\r\nQUIT\r\n", "BDAT 6 LAST\r\nQUIT\r\n"}) {
        const outcome seen = fly(playing("on BDAT 1 reply \"452 4.3.1 full\""),
                                 "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n" + std::string{refused} +
                                     "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\nRSET\r\n" +
                                     mail_by_bdat("c@a.example", "d@b.example"));
        EXPECT_EQ(seen.codes, "250 250 452 503 503 250 250 250 250 250");
        ASSERT_EQ(seen.mails.size(), 1U);
        EXPECT_EQ(seen.mails[0].content, "QUIT\r\n");
    }
}

TEST(Strict, NorAfterOneWhoseSyntaxWasWrong) {
    const outcome seen =
        fly(playing(""), "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nBDAT x\r\nBDAT 1 LAST\r\nx");
    EXPECT_EQ(seen.codes, "250 250 501 503");
}

TEST(Strict, ADotWithNobodyAcceptedIsNoMail) {
    const outcome seen = fly(playing("on RCPT reply \"550 5.1.1 no\"; on DATA reply \"354 go\""),
                             "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n.\r\nMAIL FROM:<>\r\n");
    EXPECT_EQ(seen.codes, "250 550 354 554 250");
    EXPECT_THAT(seen.mails, IsEmpty());
}

// RFC 2033 section 4.3
TEST(Strict, LmtpAnswersAChunkButNotALastOneForNobody) {
    config settings = playing("on RCPT matching \"<bob@\" reply \"550 5.1.1 no\"", protocol::lmtp);
    EXPECT_EQ(fly(settings, mail_by_bdat("a@a.example", "bob@b.example") + "NOOP again\r\n").codes, "250 550 250");
    EXPECT_EQ(fly(settings, "BDAT 1 LAST\r\nxNOOP\r\n").codes, "250");
    EXPECT_EQ(fly(settings, "MAIL FROM:<>\r\nRCPT TO:<bob@b.example>\r\nBDAT 1\r\nxBDAT 1 LAST\r\nxNOOP\r\n").codes,
              "250 550 554 250");
    // Two accepted, one of them twice: three replies, by chunks and by DATA.
    const std::string envelope = "MAIL FROM:<>\r\nRCPT TO:<c@b.example>\r\nRCPT TO:<bob@b.example>\r\n"
                                 "RCPT TO:<d@b.example>\r\nRCPT TO:<c@b.example>\r\n";
    const outcome seen = fly(settings, envelope + "BDAT 1\r\nxBDAT 1 LAST\r\nx" + envelope + "DATA\r\n.\r\nNOOP\r\n");
    EXPECT_EQ(seen.codes, "250 250 550 250 250 250 250 250 250 250 250 550 250 250 354 250 250 250 250");
    ASSERT_EQ(seen.mails.size(), 2U);
    EXPECT_EQ(seen.mails[0].recipients.size(), 3U);
}

TEST(Strict, LmtpAnswersARefusedLastChunkForEachRecipient) {
    const outcome seen = fly(playing("on BDAT 1 reply \"451 4.3.0 no\"", protocol::lmtp),
                             "MAIL FROM:<>\r\nRCPT TO:<c@b.example>\r\nRCPT TO:<d@b.example>\r\n"
                             "BDAT 1\r\nxBDAT 1 LAST\r\nxNOOP\r\n");
    EXPECT_EQ(seen.codes, "250 250 250 451 503 503 250");
    EXPECT_THAT(seen.mails, IsEmpty());
}

} // namespace postrider::sink::test

// Each fault, and what was accepted all the same.
#include <gmock/gmock.h>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view envelope = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n";
constexpr std::string_view one_mail = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 1 LAST\r\nx";

struct spoiled : fixture {
    explicit spoiled(std::string_view script, bool greeted = true)
        : fixture([&] {
              config settings = keeping();
              settings.script = script;
              return settings;
          }()),
          peer(port) {
        if (!greeted) return;
        EXPECT_THAT(peer.read_reply(), StartsWith("220 "));
        peer.send(hello);
        EXPECT_THAT(peer.read_reply(), StartsWith("250-"));
    }

    report at_end() {
        EXPECT_TRUE(sink.wait_for_connections_closed(1, patience));
        return sink.report();
    }

    client peer;
};

} // namespace

TEST(Fault, ReplyInsteadOfTheServersOwn) {
    spoiled f{"on RCPT 1 reply \"451 4.3.0 later\"; on MAIL 2 reply \"250-multi\\r\\n250 ok\""};
    play(f.peer, R"(
        C: MAIL FROM:<a@example.com>
        S: 250 2.1.0 Ok
        C: RCPT TO:<b@example.com>
        S: 451 4.3.0 later
        C: DATA
        S: 554 5.5.1 No valid recipients
        C: RSET
        S: 250 ...
        C: MAIL FROM:<a@example.com>
        S: 250-multi
        S: 250 ok
        C: RCPT TO:<c@example.com>
        S: 250 2.1.5 Ok
        C: DATA
        S: 354 ...
        C: .
        S: 250 2.0.0 Ok: queued as 1
    )");
    ASSERT_EQ(f.sink.mails().size(), 1U);
    EXPECT_EQ(f.sink.mails()[0].recipients[0].address, "c@example.com");
    EXPECT_EQ(f.sink.report().total.refused_recipients, 1U);
}

TEST(Fault, ACommandOnOneConnectionOnly) {
    fixture f{[] {
        config settings;
        settings.script = "on connection 1 command 2 reply \"451 4.3.0 try later\"";
        return settings;
    }()};
    client first{f.port};
    play(first, "S: 220 ...\nC: HELO x\nS: 250 ...\nC: NOOP\nS: 451 4.3.0 try later\nC: NOOP\nS: 250 ...");
    client second{f.port};
    play(second, "S: 220 ...\nC: HELO x\nS: 250 ...\nC: NOOP\nS: 250 ...");
}

TEST(Fault, AContentThatIsRefused) {
    spoiled f{"on content 1 reply \"451 4.3.0 later\""};
    f.peer.send(one_mail);
    f.peer.send(one_mail);
    play(f.peer, "S: 250 ...\nS: 250 ...\nS: 451 4.3.0 later\nS: 250 ...\nS: 250 ...\nS: 250 ...");
    EXPECT_EQ(f.sink.mails().size(), 1U);
}

TEST(Fault, AGoAheadWithoutRecipients) {
    spoiled f{"on DATA reply \"354 go\""};
    play(f.peer, "C: MAIL FROM:<>\nS: 250 ...\nC: DATA\nS: 354 go\nC: .\nS: 554 5.5.1 No valid recipients");
    EXPECT_THAT(f.sink.mails(), IsEmpty());
}

TEST(Fault, AuthByTheScript) {
    config settings;
    settings.users = {{"user", "secret"}};
    settings.script = "on AUTH 1 reply \"334 \"; on AUTH 2 reply \"235 come in\"";
    settings.require_auth = true;
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    play(c, R"(
        C: AUTH PLAIN AHVzZXIAd3Jvbmc=
        S: 334 
        C: AHVzZXIAd3Jvbmc=
        S: 535 ...
        C: AUTH PLAIN AHVzZXIAd3Jvbmc=
        S: 235 come in
        C: MAIL FROM:<>
        S: 250 ...
    )");
}

TEST(Fault, ARefusedGreetingRefusesAllTheRest) {
    spoiled f{"on greeting reply \"554 no\"", false};
    play(f.peer, "S: 554 no\nC: EHLO x\nS: 503 ...\nC: QUIT\nS: 221 ...");
}

TEST(Fault, ClosesWithoutDeciding) {
    spoiled f{"on content close"};
    f.peer.send(one_mail);
    EXPECT_EQ(f.peer.read_to_end(), "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
    EXPECT_FALSE(f.peer.reset());
    EXPECT_EQ(f.at_end().total.mails, 0U);
    EXPECT_EQ(f.sink.report().per_connection.front().ending, "closed");
}

TEST(Fault, ClosesAfterDecidingAndBeforeTheReply) {
    spoiled f{"on content close-before-reply"};
    f.peer.send(one_mail);
    EXPECT_EQ(f.peer.read_to_end(), "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
    const report seen = f.at_end();
    EXPECT_EQ(seen.total.mails, 1U);
    EXPECT_EQ(seen.total.replies_delivered, 0U);
    EXPECT_THAT(seen.undelivered, ElementsAre(1U));
    EXPECT_FALSE(f.sink.mails()[0].reply_delivered);
}

TEST(Fault, ClosesAfterTheReply) {
    spoiled f{"on content close-after-reply"};
    f.peer.send(std::string{one_mail} + std::string{one_mail});
    EXPECT_EQ(f.peer.read_to_end(), "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok: queued as 1\r\n");
    const report seen = f.at_end();
    EXPECT_EQ(seen.total.mails, 1U); // the second is never looked at
    EXPECT_EQ(seen.total.replies_delivered, 1U);
    EXPECT_TRUE(f.sink.mails()[0].reply_delivered);
}

TEST(Fault, Resets) {
    spoiled f{"on DATA reset"};
    f.peer.send(std::string{envelope} + "DATA\r\n");
    EXPECT_EQ(f.peer.read_to_end(), "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
    EXPECT_TRUE(f.peer.reset());
    EXPECT_EQ(f.at_end().per_connection.front().ending, "reset");
}

TEST(Fault, ResetsAfterTheReply) {
    spoiled f{"on content reset-after-reply"};
    f.peer.send(one_mail);
    EXPECT_THAT(f.peer.read_to_end(), testing::HasSubstr("queued as 1"));
    EXPECT_TRUE(f.peer.reset());
    EXPECT_EQ(f.at_end().total.replies_delivered, 1U);
}

TEST(Fault, HalfCloses) {
    spoiled f{"on content half-close-after-reply"};
    f.peer.send(one_mail);
    EXPECT_THAT(f.peer.read_to_end(), testing::EndsWith("queued as 1\r\n"));
    f.peer.send(one_mail); // is read, and thrown away
    f.peer.close();
    EXPECT_EQ(f.at_end().total.mails, 1U);
    EXPECT_EQ(f.sink.report().resets, 0U);
}

TEST(Fault, FallsSilent) {
    for (const auto* script : {"on greeting silence", "on connect silence"}) {
        spoiled f{script, false};
        f.peer.send(hello);
        f.peer.half_close();
        EXPECT_EQ(f.peer.read_to_end(), "");
        EXPECT_EQ(f.at_end().total.octets_out, 0U);
        EXPECT_EQ(f.sink.report().total.octets_in, hello.size());
    }
    spoiled f{"on content silence-before-reply"};
    f.peer.send(one_mail);
    f.peer.half_close();
    EXPECT_EQ(f.peer.read_to_end(), "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
    EXPECT_THAT(f.at_end().undelivered, ElementsAre(1U));
}

TEST(Fault, EndsAtConnect) {
    spoiled closed{"on connect close", false};
    EXPECT_EQ(closed.peer.read_to_end(), "");
    EXPECT_FALSE(closed.peer.reset());
    spoiled reset{"on connect reset", false};
    EXPECT_EQ(reset.peer.read_to_end(), "");
    EXPECT_EQ(reset.at_end().connections, 1U);
}

TEST(Fault, DelaysAReplyAndTakesNothingMeanwhile) {
    spoiled f{"on content 1 delay 100ms"};
    const auto before = std::chrono::steady_clock::now();
    f.peer.send(std::string{one_mail} + std::string{one_mail});
    ASSERT_TRUE(f.sink.wait_for_mails(1, patience));
    play(f.peer, "S: 250 2.1.0 Ok\nS: 250 2.1.5 Ok");
    EXPECT_EQ(f.peer.read_line(), "250 2.0.0 Ok: queued as 1\r\n");
    EXPECT_GE(std::chrono::steady_clock::now() - before, 100ms);
    play(f.peer, "S: 250 ...\nS: 250 ...\nS: 250 2.0.0 Ok: queued as 2");
}

TEST(Fault, AClientThatGivesUpInADelayWasNotAnswered) {
    spoiled f{"on content delay 1000s"};
    f.peer.send(one_mail);
    ASSERT_TRUE(f.sink.wait_for_mails(1, patience));
    f.peer.close();
    EXPECT_THAT(f.at_end().undelivered, ElementsAre(1U));
}

TEST(Fault, SplitsReplies) {
    for (const auto* script : {"split 1", "split 7", "drip 1ms", "split 100 drip 1ms"}) {
        spoiled f{script};
        f.peer.send(one_mail);
        play(f.peer, "S: 250 2.1.0 Ok\nS: 250 2.1.5 Ok\nS: 250 2.0.0 Ok: queued as 1");
        f.peer.half_close();
        EXPECT_EQ(f.at_end().total.replies_delivered, 1U);
    }
}

TEST(Fault, DripsOneReplyInPieces) {
    spoiled f{"on NOOP 1 split 4 drip 20ms"};
    f.peer.send("NOOP\r\n");
    EXPECT_EQ(f.peer.read_some(), "250 ");
    EXPECT_EQ(f.peer.read_some(), "2.0.");
    EXPECT_EQ(f.peer.read_line(), "0 Ok\r\n");
    f.peer.send("NOOP\r\n");
    EXPECT_EQ(f.peer.read_some(), "250 2.0.0 Ok\r\n");
}

TEST(Fault, SaysGarbage) {
    spoiled f{"on NOOP 1 garbage 100"};
    f.peer.send("NOOP\r\n");
    const std::string line = f.peer.read_line();
    EXPECT_EQ(line.size(), 102U);
    EXPECT_EQ(line.find('\n'), 101U);
    play(f.peer, "C: NOOP\nS: 250 ...");
}

TEST(Fault, SaysGarbageForAnAcceptedMail) {
    spoiled f{"on content garbage 3 accept"};
    f.peer.send(one_mail);
    for (int i = 0; i < 3; ++i) f.peer.read_line();
    f.peer.half_close();
    EXPECT_EQ(f.at_end().total.mails, 1U);
    EXPECT_EQ(f.sink.report().total.replies_delivered, 1U); // such as it was
}

TEST(Fault, NeverEndsALine) {
    spoiled f{"on greeting endless", false};
    const std::string line = f.peer.read(1'000'000);
    EXPECT_EQ(line.size(), 1'000'000U);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_THAT(line, StartsWith("220 x"));
    f.peer.close();
    EXPECT_GE(f.at_end().total.octets_out, 1'000'000U);
}

TEST(Fault, NeverEndsAReply) {
    spoiled f{"on NOOP endless lines"};
    f.peer.send("NOOP\r\n");
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(f.peer.read_line(), "250-and so on\r\n");
}

TEST(Fault, CutsWhatItSaysAtEveryOctet) {
    const std::string wanted =
        "220 sink.example ESMTP postrider-sink\r\n250 sink.example\r\n250 Ok\r\n250 Ok\r\n354 End "
        "data with <CR><LF>.<CR><LF>\r\n250 Ok: queued as 1\r\n";
    const std::size_t before_content = wanted.find("250 Ok: queued");
    for (std::size_t octets = 0; octets <= wanted.size(); ++octets) {
        spoiled f{"cut out " + std::to_string(octets) + (octets % 2 == 0 ? "" : " reset"), false};
        std::string heard;
        // Line by line, so that each reply is complete or cut before the next command is sent.
        for (const auto* line :
             {"", "HELO x\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<b@example.com>\r\n", "DATA\r\n", ".\r\n"}) {
            f.peer.send(line);
            const std::string reply = f.peer.read_reply();
            heard += reply;
            if (!reply.ends_with('\n')) break;
        }
        heard += f.peer.read_to_end();
        EXPECT_EQ(heard, wanted.substr(0, octets));
        const report seen = f.at_end();
        // Decided once the content is there, which it is once the reply before it was whole.
        EXPECT_EQ(seen.total.mails, octets > before_content ? 1U : 0U) << octets;
        EXPECT_EQ(seen.total.replies_delivered, octets == wanted.size() ? 1U : 0U) << octets;
        EXPECT_EQ(seen.undelivered.size(), seen.total.mails - seen.total.replies_delivered);
    }
}

TEST(Fault, CutsWhatItHears) {
    const std::size_t whole = hello.size() + one_mail.size();
    for (const std::size_t octets : {std::size_t{1}, hello.size(), whole - 1, whole}) {
        spoiled f{"cut in " + std::to_string(octets), false};
        f.peer.read_reply();
        f.peer.send(std::string{hello} + std::string{one_mail});
        f.peer.read_to_end();
        const report seen = f.at_end();
        EXPECT_EQ(seen.total.octets_in, octets);
        EXPECT_EQ(seen.total.mails, octets == whole ? 1U : 0U);
    }
}

TEST(Fault, ReadsThroughASmallWindow) {
    spoiled f{"window 1000 every 1ms"};
    const std::string content(20'000, 'x');
    f.peer.send(std::string{envelope} + "BDAT 20000 LAST\r\n" + content);
    play(f.peer, "S: 250 ...\nS: 250 ...\nS: 250 ...");
    EXPECT_EQ(f.sink.mails()[0].content, content);
}

} // namespace postrider::sink::test

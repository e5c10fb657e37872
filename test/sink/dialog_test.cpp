#include "wire.hpp"

#include <gmock/gmock.h>

namespace postrider::sink::test {

namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::StartsWith;

// Plays a dialog in whole lines and again octet by octet: what arrives together must not matter.
void both_ways(const config& settings, std::string_view dialog) {
    for (const pieces how : {pieces::lines, pieces::octets}) {
        fixture f{settings};
        client c{f.port};
        play(c, dialog, how);
    }
}

mail only_mail(const fixture& f) {
    EXPECT_TRUE(f.sink.wait_for_mails(1, patience));
    const auto mails = f.sink.mails();
    EXPECT_EQ(mails.size(), 1U);
    return mails.empty() ? mail{} : mails.front();
}

} // namespace

TEST(Dialog, TakesAMail) {
    for (const pieces how : {pieces::lines, pieces::octets}) {
        fixture f{keeping()};
        client c{f.port};
        play(c, R"(
            S: 220 sink.example ESMTP ...
            C: EHLO client.example
            S: 250-sink.example
            S: 250-PIPELINING
            S: 250-SIZE
            S: 250-8BITMIME
            S: 250-ENHANCEDSTATUSCODES
            S: 250-CHUNKING
            S: 250-BINARYMIME
            S: 250-SMTPUTF8
            S: 250 DSN
            C: MAIL FROM:<a@example.com> SIZE=20 BODY=8BITMIME RET=HDRS ENVID=x+3Dy
            S: 250 2.1.0 Ok
            C: RCPT TO:<b@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@example.com
            S: 250 2.1.5 Ok
            C: RCPT TO:<"quoted > local"@[127.0.0.1]>
            S: 250 2.1.5 Ok
            C: DATA
            S: 354 ...
            C: Subject: x
            C:
            C: ..dot
            C: .
            S: 250 2.0.0 Ok: queued as 1
            C: QUIT
            S: 221 2.0.0 ...
        )",
             how);
        EXPECT_EQ(c.read_to_end(), "");
        EXPECT_FALSE(c.reset());
        const mail taken = only_mail(f);
        EXPECT_EQ(taken.hello_verb, "EHLO");
        EXPECT_EQ(taken.hello, "client.example");
        EXPECT_EQ(taken.from, "a@example.com");
        ASSERT_EQ(taken.parameters.size(), 4U);
        EXPECT_EQ(taken.parameters[3].keyword, "ENVID");
        EXPECT_EQ(taken.parameters[3].value, "x+3Dy");
        ASSERT_EQ(taken.recipients.size(), 2U);
        EXPECT_EQ(taken.recipients[0].parameters[1].value, "rfc822;b@example.com");
        EXPECT_EQ(taken.recipients[1].address, "\"quoted > local\"@[127.0.0.1]");
        EXPECT_EQ(taken.content, "Subject: x\r\n\r\n.dot\r\n");
    }
}

TEST(Dialog, TakesAMailByHelo) {
    both_ways(config{}, R"(
        S: 220 ...
        C: HELO client.example
        S: 250 sink.example
        C: MAIL FROM:<> SIZE=3
        S: 555 Parameter SIZE not implemented
        C: MAIL FROM:<>
        S: 250 Ok
        C: BDAT 3
        S: 502 ...
        C: RCPT TO:<postmaster>
        S: 250 Ok
        C: DATA
        S: 354 ...
        C: .
        S: 250 Ok: queued as 1
    )");
}

TEST(Dialog, RefusesABadSequence) {
    both_ways(config{}, R"(
        S: 220 ...
        C: MAIL FROM:<a@example.com>
        S: 503 ...
        C: HELO client.example
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 503 ...
        C: DATA
        S: 503 ...
        C: MAIL FROM:<a@example.com>
        S: 250 ...
        C: MAIL FROM:<a@example.com>
        S: 503 ...
        C: DATA
        S: 503 ...
        C: RCPT TO:<no good>
        S: 501 ...
        C: DATA
        S: 554 ...
        C: RSET
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 503 ...
    )");
}

TEST(Dialog, RefusesWhatItDoesNotKnowOrUnderstand) {
    both_ways(config{}, R"(
        S: 220 ...
        C: WIZ
        S: 500 ...
        C: STARTTLS
        S: 502 ...
        C: EXPN list
        S: 502 ...
        C: VRFY someone
        S: 502 ...
        C: HELP
        S: 502 ...
        C: EHLO
        S: 501 ...
        C: LHLO client.example
        S: 500 ...
        C: HELO client.example
        S: 250 ...
        C: MAIL FROM: <a@example.com>
        S: 501 ...
        C: MAIL FROM:a@example.com
        S: 501 ...
        C: MAIL FROM:<a@example.com
        S: 501 ...
        C: MAIL FROM:<a..b@example.com>
        S: 501 ...
        C: MAIL FROM:<a@-example.com>
        S: 501 ...
        C: RSET now
        S: 501 ...
        C: NOOP whatever
        S: 250 ...
    )");
}

TEST(Dialog, JudgesParameters) {
    config settings;
    settings.max_message_octets = 1000;
    settings.offers.extra = {"MT-PRIORITY STANAG4406"};
    both_ways(settings, R"(
        S: 220 ...
        C: EHLO client.example
        S: 250-sink.example
        S: 250-PIPELINING
        S: 250-SIZE 1000
        S: 250-8BITMIME
        S: 250-ENHANCEDSTATUSCODES
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-SMTPUTF8
        S: 250-DSN
        S: 250 MT-PRIORITY STANAG4406
        C: MAIL FROM:<a@example.com> SIZE=1001
        S: 552 5.3.4 ...
        C: MAIL FROM:<a@example.com> SIZE=1O
        S: 501 5.5.4 ...
        C: MAIL FROM:<a@example.com> SIZE=1 SIZE=1
        S: 501 5.5.4 ...
        C: MAIL FROM:<a@example.com> BODY=9BIT
        S: 555 5.5.4 ...
        C: MAIL FROM:<a@example.com> AUTH=<>
        S: 555 5.5.4 ...
        C: MAIL FROM:<ä@example.com>
        S: 553 5.6.7 ...
        C: MAIL FROM:<ä@example.com> SMTPUTF8 MT-PRIORITY=3
        S: 250 2.1.0 ...
        C: RCPT TO:<ö@example.com> NOTIFY=NEVER,DELAY
        S: 501 5.5.4 ...
        C: RCPT TO:<ö@example.com> NOTIFY=DELAY
        S: 250 2.1.5 ...
        C: RCPT TO:<b@example.com> SIZE=1
        S: 555 5.5.4 ...
    )");
}

TEST(Dialog, OffersNothingWhenToldSo) {
    config settings;
    settings.offers = extensions::none();
    both_ways(settings, R"(
        S: 220 ...
        C: EHLO client.example
        S: 250 sink.example
        C: MAIL FROM:<a@example.com> BODY=8BITMIME
        S: 555 Parameter ...
        C: MAIL FROM:<a@example.com>
        S: 250 Ok
    )");
}

TEST(Dialog, MakesClientsFallBackToHelo) {
    config settings;
    settings.refuse_ehlo = "502 5.5.1 no";
    both_ways(settings, R"(
        S: 220 ...
        C: EHLO client.example
        S: 502 5.5.1 no
        C: HELO client.example
        S: 250 sink.example
    )");
}

TEST(Dialog, TakesChunks) {
    fixture f{keeping()};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    c.send("MAIL FROM:<a@example.com> BODY=BINARYMIME\r\nRCPT TO:<b@example.com>\r\n"
           "BDAT 5\r\n.\r\n.\rBDAT 0\r\nBDAT 4 LAST\r\n\n\0\xff."
           "RSET\r\n"
           ""s);
    play(c, R"(
        S: 250 2.1.0 ...
        S: 250 2.1.5 ...
        S: 250 2.0.0 5 octets received
        S: 250 2.0.0 5 octets received
        S: 250 2.0.0 Ok: queued as 1
        S: 250 2.0.0 Ok
    )");
    const mail taken = only_mail(f);
    EXPECT_EQ(taken.content, std::string(".\r\n.\r\n\0\xff.", 9));
    EXPECT_TRUE(taken.by_bdat);
}

TEST(Dialog, DiscardsTheOctetsOfARefusedChunk) {
    fixture f;
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    c.send("BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@example.com>\r\nBDAT 6\r\nQUIT\r\nRCPT TO:<b@example.com>\r\n"
           "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
    play(c, R"(
        S: 503 5.5.1 Need MAIL first
        S: 250 2.1.0 ...
        S: 503 5.5.1 Need RCPT first
        S: 250 2.1.5 ...
        S: 503 5.5.1 The BDAT before was refused: say RSET
        S: 250 2.0.0 Ok
    )");
    EXPECT_EQ(f.sink.report().total.mails, 0U);
}

// What a server without CHUNKING does to a client that does not look: it runs the octets as commands.
TEST(Dialog, TakesTheOctetsOfAnUnknownBdatForCommands) {
    config settings;
    settings.offers.chunking = false;
    both_ways(settings, R"(
        S: 220 ...
        C: HELO client.example
        S: 250 ...
        C: BDAT 6 LAST
        S: 502 ...
        C: NOOP
        S: 250 ...
    )");
}

TEST(Dialog, RefusesContentOverTheLimit) {
    config settings;
    settings.max_message_octets = 10;
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    c.send("MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
    play(c, R"(
        S: 250 ...
        S: 250 ...
        S: 354 ...
        C: 123456789
        C: .
        S: 552 5.3.4 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: BDAT 11
    )");
    c.send("12345678901");
    play(c, R"(
        S: 552 5.3.4 ...
        C: BDAT 0 LAST
        S: 503 5.5.1 ...
    )");
    EXPECT_EQ(f.sink.report().total.mails, 0U);
}

TEST(Dialog, LimitsRecipients) {
    config settings = keeping();
    settings.max_recipients = 1;
    fixture f{settings};
    client c{f.port};
    play(c, R"(
        S: 220 ...
        C: HELO client.example
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: RCPT TO:<c@example.com>
        S: 452 Too many recipients
        C: DATA
        S: 354 ...
        C: .
        S: 250 ...
    )");
    EXPECT_EQ(only_mail(f).recipients.size(), 1U);
    EXPECT_EQ(f.sink.report().total.refused_recipients, 1U);
}

TEST(Dialog, IsStrictAboutLineEnds) {
    fixture f;
    client c{f.port};
    c.read_reply();
    c.send("HELO client.example\nNOOP\r\nNO\rOP\r\nHELO a\0b\r\nNOOP\r\n"s);
    play(c, R"(
        S: 500 ...
        S: 250 ...
        S: 500 ...
        S: 500 ...
        S: 250 ...
    )");
}

TEST(Dialog, AnswersALineThatIsTooLongOnce) {
    for (const pieces how : {pieces::lines, pieces::octets}) {
        fixture f;
        client c{f.port};
        play(c, "S: 220 ...\nC: NOOP " + std::string(3000, 'x') + "\nS: 500 ...\nC: NOOP\nS: 250 ...", how);
    }
}

TEST(Dialog, SpeaksLmtp) {
    config settings = keeping();
    settings.protocol = protocol::lmtp;
    settings.script = "on content 2 reply \"452 4.2.2 full\"";
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send("EHLO client.example\r\nLHLO client.example\r\n");
    EXPECT_THAT(c.read_reply(), StartsWith("500"));
    EXPECT_THAT(c.read_reply(), HasSubstr("PIPELINING"));
    play(c, R"(
        C: MAIL FROM:<a@example.com>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: RCPT TO:<c@example.com>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: .
        S: 250 2.0.0 Ok: queued as 1
        S: 452 4.2.2 full
        S: 250 2.0.0 Ok: queued as 1
        C: MAIL FROM:<a@example.com>
        S: 250 ...
        C: RCPT TO:<>
        S: 501 ...
        C: BDAT 0 LAST
        C: NOOP
        S: 250 2.0.0 Ok
        C: RCPT TO:<b@example.com>
        S: 503 ...
    )");
    const mail taken = only_mail(f);
    ASSERT_EQ(taken.recipients.size(), 2U);
    EXPECT_EQ(taken.recipients[1].address, "b@example.com");
    EXPECT_TRUE(taken.reply_delivered);
}

TEST(Dialog, TellsAnIdleClientToGo) {
    config settings;
    settings.idle_timeout = 20ms;
    fixture f{settings};
    client c{f.port};
    play(c, "S: 220 ...\nS: 421 ...");
    EXPECT_EQ(c.read_to_end(), "");
}

} // namespace postrider::sink::test

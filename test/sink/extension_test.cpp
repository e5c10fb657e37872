// Extensions that real servers seldom have: offered when asked for, and strict about what belongs to them.
#include <gmock/gmock.h>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

// One that offers nothing but these.
config offering(std::initializer_list<std::string_view> keywords) {
    config settings = keeping();
    settings.offers = extensions::none();
    for (const auto one : keywords) EXPECT_TRUE(settings.offers.turn(one, true)) << one;
    return settings;
}

// Plays what follows EHLO, in whole lines and octet by octet, and gives the reply to EHLO and the mails.
struct played {
    std::string offered;
    std::vector<mail> mails;
    report seen;
};
played play_after_hello(const config& settings, std::string_view dialog) {
    played outcome;
    for (const pieces how : {pieces::octets, pieces::lines}) {
        fixture f{settings};
        client c{f.port};
        c.read_reply();
        c.send(settings.protocol == protocol::lmtp ? "LHLO client.example\r\n" : hello);
        outcome.offered = c.read_reply();
        play(c, dialog, how);
        c.half_close();
        c.read_to_end();
        EXPECT_TRUE(f.sink.wait_for_connections_closed(1, patience));
        outcome.mails = f.sink.mails();
        outcome.seen = f.sink.report();
    }
    return outcome;
}

} // namespace

TEST(Extension, NoneOfThemIsThereUnlessAskedFor) {
    const auto seen = play_after_hello(config{}, R"(
        C: ETRN example.com
        S: 502 5.5.1 ...
        C: EXPN list
        S: 502 5.5.1 ...
        C: XCLIENT NAME=a
        S: 502 5.5.1 ...
        C: XFORWARD NAME=a
        S: 502 5.5.1 ...
        C: BURL imap://a LAST
        S: 502 5.5.1 ...
        C: MAIL FROM:<> BY=10;R
        S: 555 5.5.4 Parameter BY not implemented
        C: MAIL FROM:<> MT-PRIORITY=1
        S: 555 ...
        C: MAIL FROM:<> HOLDFOR=1
        S: 555 ...
        C: MAIL FROM:<> REQUIRETLS
        S: 555 ...
    )");
    for (const auto* one : {"ETRN", "EXPN", "XCLIENT", "XFORWARD", "BURL", "DELIVERBY", "MT-PRIORITY", "LIMITS"})
        EXPECT_THAT(seen.offered, Not(HasSubstr(one)));
}

TEST(Extension, LimitsAreOffered) {
    config settings = offering({"LIMITS"});
    EXPECT_THAT(play_after_hello(settings, "").offered, HasSubstr("250 LIMITS\r\n"));
    settings.limits = {10, 100, 1};
    EXPECT_THAT(play_after_hello(settings, "").offered, HasSubstr("LIMITS MAILMAX=10 RCPTMAX=100 RCPTDOMAINMAX=1\r\n"));
    settings.limits.recipients = 0;
    EXPECT_THAT(play_after_hello(settings, "").offered, HasSubstr("LIMITS MAILMAX=10 RCPTDOMAINMAX=1\r\n"));
}

TEST(Extension, LimitsCountRcptCommandsOfAMail) {
    config settings = offering({});
    settings.limits.recipients = 2;
    const auto seen = play_after_hello(settings, R"(
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<bad
        S: 501 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: RCPT TO:<c@example.com>
        S: 452 Too many recipients
        C: RSET
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<c@example.com>
        S: 250 ...
    )");
    EXPECT_EQ(seen.seen.total.refused_recipients, 2U);
}

TEST(Extension, LimitsCountDomainsOfAConnection) {
    config settings = offering({"ENHANCEDSTATUSCODES"});
    settings.limits.rcpt_domains = 2;
    play_after_hello(settings, R"(
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<a@one.example>
        S: 250 ...
        C: RCPT TO:<b@ONE.example>
        S: 250 ...
        C: RCPT TO:<postmaster>
        S: 250 ...
        C: RCPT TO:<"a@b"@two.example>
        S: 250 ...
        C: RCPT TO:<a@three.example>
        S: 452 4.5.3 Too many domains
        C: RSET
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<a@three.example>
        S: 452 4.5.3 Too many domains
        C: RCPT TO:<a@two.example>
        S: 250 ...
    )");
}

TEST(Extension, LimitsEndTheConnectionAtAMailTooMany) {
    config settings = offering({});
    settings.limits.mails = 2;
    const auto seen = play_after_hello(settings, R"(
        C: MAIL FROM:<bad
        S: 501 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RSET
        S: 250 ...
        C: MAIL FROM:<>
        S: 421 sink.example enough mails for one connection
    )");
    EXPECT_EQ(seen.seen.per_connection.front().ending, "closed");
}

TEST(Extension, LimitsChangeWithAuth) {
    config settings = offering({"LIMITS", "AUTH"});
    settings.users = {{"user", "secret"}};
    settings.limits.recipients = 1;
    settings.limits_after_auth = limits{0, 2, 0};
    const auto seen = play_after_hello(settings, R"(
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<a@example.com>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 452 ...
        C: RSET
        S: 250 ...
        C: AUTH PLAIN AHVzZXIAc2VjcmV0
        S: 235 ...
        C: EHLO client.example
        S: 250-sink.example
        S: 250-LIMITS RCPTMAX=2
        S: 250 AUTH PLAIN LOGIN
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<a@example.com>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: RCPT TO:<c@example.com>
        S: 452 ...
    )");
    EXPECT_THAT(seen.offered, HasSubstr("LIMITS RCPTMAX=1\r\n"));
}

TEST(Extension, Etrn) {
    config settings = offering({"ETRN"});
    settings.answers = {{"ETRN full.example", "250 OK, queuing for node full.example started"},
                        {"ETRN @busy.example", "458 Unable to queue messages for node busy.example"},
                        {"ETRN #queue", "459 Node queue not allowed: no"}};
    EXPECT_THAT(play_after_hello(settings, R"(
        C: ETRN example.com
        S: 251 OK, no messages waiting for node example.com
        C: etrn FULL.example
        S: 250 OK, queuing for node full.example started
        C: ETRN @busy.example
        S: 458 ...
        C: ETRN #queue
        S: 459 ...
        C: ETRN @sub.example
        S: 251 ...
        C: ETRN #other
        S: 251 ...
        C: ETRN
        S: 501 ...
        C: ETRN @
        S: 501 ...
        C: ETRN two nodes
        S: 501 ...
        C: ETRN -bad-
        S: 501 ...
    )")
                    .offered,
                HasSubstr("250 ETRN\r\n"));
    play_after_hello(settings, "C: HELO client.example\nS: 250 ...\nC: ETRN example.com\nS: 502 ...");
}

TEST(Extension, LookUps) {
    config settings = offering({"VRFY", "EXPN", "HELP", "ENHANCEDSTATUSCODES"});
    settings.answers = {{"VRFY jones", "250 2.1.5 <jones@b.example>"},
                        {"VRFY smith", "553 5.1.4 Ambiguous; <smith@a.example>"},
                        {"EXPN staff", "250-<jones@b.example>\r\n250 <smith@a.example>"},
                        {"HELP MAIL", "214 MAIL FROM:<address>"}};
    play_after_hello(settings, R"(
        C: VRFY jones
        S: 250 2.1.5 <jones@b.example>
        C: VRFY smith
        S: 553 5.1.4 ...
        C: VRFY other
        S: 252 2.5.0 ...
        C: VRFY
        S: 501 5.5.4 ...
        C: EXPN staff
        S: 250-<jones@b.example>
        S: 250 <smith@a.example>
        C: EXPN other
        S: 550 5.1.1 No such list
        C: EXPN
        S: 501 5.5.4 ...
        C: HELP MAIL
        S: 214 MAIL FROM:<address>
        C: HELP
        S: 214 2.0.0 ...
    )");
}

TEST(Extension, DeliverBy) {
    config settings = offering({"DELIVERBY"});
    settings.deliverby_minimum = 240;
    const auto seen = play_after_hello(settings, R"(
        C: MAIL FROM:<> BY
        S: 501 ...
        C: MAIL FROM:<> BY=300
        S: 501 ...
        C: MAIL FROM:<> BY=300;X
        S: 501 ...
        C: MAIL FROM:<> BY=1234567890;N
        S: 501 ...
        C: MAIL FROM:<> BY=;N
        S: 501 ...
        C: MAIL FROM:<> BY=-+1;N
        S: 501 ...
        C: MAIL FROM:<> BY=0;R
        S: 501 ...
        C: MAIL FROM:<> BY=-300;RT
        S: 501 ...
        C: MAIL FROM:<> BY=239;R
        S: 501 That is less ...
        C: MAIL FROM:<> BY=-999999999;NT
        S: 250 ...
        C: RSET
        S: 250 ...
        C: MAIL FROM:<> BY=+240;r
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: .
        S: 250 ...
    )");
    EXPECT_THAT(seen.offered, HasSubstr("250 DELIVERBY 240\r\n"));
    ASSERT_EQ(seen.mails.size(), 1U);
    EXPECT_EQ(seen.mails[0].parameters[0].keyword, "BY");
    EXPECT_EQ(seen.mails[0].parameters[0].value, "+240;r");
}

TEST(Extension, MtPriority) {
    config settings = offering({"MT-PRIORITY"});
    EXPECT_THAT(play_after_hello(settings, "").offered, HasSubstr("250 MT-PRIORITY\r\n"));
    settings.mt_priority_policy = "MIXER";
    EXPECT_THAT(play_after_hello(settings, "").offered, HasSubstr("250 MT-PRIORITY MIXER\r\n"));
    for (const auto* right : {"-9", "-1", "0", "9"})
        play_after_hello(settings, std::string{"C: MAIL FROM:<> MT-PRIORITY="} + right + "\nS: 250 ...");
    for (const auto* wrong : {"-0", "+1", "10", "00", "-", "a", "-10"})
        play_after_hello(settings, std::string{"C: MAIL FROM:<> MT-PRIORITY="} + wrong + "\nS: 501 ...");
    play_after_hello(settings, "C: MAIL FROM:<> MT-PRIORITY\nS: 501 ...");
}

TEST(Extension, FutureRelease) {
    config settings = offering({"FUTURERELEASE", "DELIVERBY"});
    settings.futurerelease_seconds = 3600;
    settings.futurerelease_until = "2030-01-31T12:00:00Z";
    EXPECT_THAT(play_after_hello(settings, "").offered, HasSubstr("FUTURERELEASE 3600 2030-01-31T12:00:00Z\r\n"));
    for (const auto* right : {"HOLDFOR=1", "HOLDFOR=3600", "HOLDUNTIL=2030-01-31T12:00:00Z", "HOLDFOR=100 BY=100;R"})
        play_after_hello(settings, std::string{"C: MAIL FROM:<> "} + right + "\nS: 250 ...");
    for (const auto* wrong :
         {"HOLDFOR", "HOLDFOR=0", "HOLDFOR=01", "HOLDFOR=3601", "HOLDFOR=1234567890", "HOLDFOR=-1", "HOLDUNTIL",
          "HOLDUNTIL=2030-01-31T12:00:01Z", "HOLDUNTIL=2029-01-31T12:00:00", "HOLDUNTIL=2029-13-31T12:00:00Z",
          "HOLDUNTIL=2029-01-31T24:00:00Z", "HOLDUNTIL=2029-01-31 12:00:00Z",
          "HOLDFOR=1 HOLDUNTIL=2029-01-31T12:00:00Z", "HOLDFOR=101 BY=100;R", "HOLDFOR=1 HOLDFOR=1"})
        play_after_hello(settings, std::string{"C: MAIL FROM:<> "} + wrong + "\nS: 501 ...");
}

TEST(Extension, RequireTlsInClearOnlyWhereATestSaysSo) {
    config settings = offering({"REQUIRETLS"});
    EXPECT_THAT(play_after_hello(settings, "C: MAIL FROM:<> REQUIRETLS\nS: 555 ...").offered,
                Not(HasSubstr("REQUIRETLS")));
    settings.requiretls_in_clear = true;
    EXPECT_THAT(play_after_hello(settings, "C: MAIL FROM:<> REQUIRETLS\nS: 250 ...").offered,
                HasSubstr("250 REQUIRETLS\r\n"));
    play_after_hello(settings, "C: MAIL FROM:<> REQUIRETLS=1\nS: 501 ...");
}

TEST(Extension, XclientBeginsAnew) {
    config settings = offering({"XCLIENT", "ENHANCEDSTATUSCODES", "AUTH"});
    settings.users = {{"user", "secret"}};
    settings.require_auth = true;
    const auto seen = play_after_hello(settings, R"(
        C: XCLIENT
        S: 501 5.5.4 ...
        C: XCLIENT SHOE=9
        S: 501 5.5.4 Unknown attribute
        C: XCLIENT NAME=a+2
        S: 501 5.5.4 ...
        C: XCLIENT PORT=65536
        S: 501 5.5.4 ...
        C: XCLIENT PROTO=HTTP
        S: 501 5.5.4 ...
        C: XCLIENT NAME=a  ADDR=b
        S: 501 5.5.4 ...
        C: XCLIENT name=spike.example ADDR=192.0.2.1 PORT=[UNAVAILABLE] LOGIN=us+2Ber
        S: 220 sink.example ESMTP postrider-sink
        C: MAIL FROM:<>
        S: 503 Say EHLO first
        C: EHLO client.example
        S: 250-sink.example
        S: 250-ENHANCEDSTATUSCODES
        S: 250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
        S: 250 AUTH PLAIN LOGIN
        C: MAIL FROM:<>
        S: 250 ...
        C: XCLIENT NAME=a
        S: 503 5.5.1 Not within a mail
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: .
        S: 250 ...
        C: XCLIENT LOGIN=[UNAVAILABLE]
        S: 220 ...
        C: EHLO client.example
        S: 250-sink.example
        S: 250-ENHANCEDSTATUSCODES
        S: 250-XCLIENT ...
        S: 250 AUTH PLAIN LOGIN
        C: MAIL FROM:<>
        S: 530 ...
    )");
    ASSERT_EQ(seen.mails.size(), 1U);
    EXPECT_EQ(seen.mails[0].auth_user, "us+2Ber");
    ASSERT_EQ(seen.mails[0].xclient.size(), 4U);
    EXPECT_EQ(seen.mails[0].xclient[0].keyword, "NAME");
    EXPECT_EQ(seen.mails[0].xclient[0].value, "spike.example");
}

TEST(Extension, XforwardIsForOneMail) {
    const auto seen = play_after_hello(offering({"XFORWARD"}), R"(
        C: XFORWARD SOURCE=MOON
        S: 501 ...
        C: XFORWARD NAME=a ADDR=192.0.2.1
        S: 250 ...
        C: XFORWARD NAME=spike.example SOURCE=LOCAL
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: XFORWARD NAME=a
        S: 503 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: .
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: .
        S: 250 ...
    )");
    ASSERT_EQ(seen.mails.size(), 2U);
    EXPECT_THAT(seen.mails[0].xforward,
                ElementsAre(Field(&parameter::keyword, "ADDR"), Field(&parameter::value, "spike.example"),
                            Field(&parameter::value, "LOCAL")));
    EXPECT_TRUE(seen.mails[1].xforward.empty());
}

TEST(Extension, BurlStandsForItsUrl) {
    const auto seen = play_after_hello(offering({"BURL", "CHUNKING", "PIPELINING"}), R"(
        C: BURL imap://h/b;uid=1 LAST
        S: 503 Need MAIL first
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: BDAT 2
        C: 
        S: 250 2 octets received
        C: BURL imap://h/b;uid=1
        S: 250 ...
        C: BURL imap://h/b;uid=2 last
        S: 250 Ok: queued as 1
    )");
    EXPECT_THAT(seen.offered, HasSubstr("BURL imap\r\n"));
    ASSERT_EQ(seen.mails.size(), 1U);
    EXPECT_EQ(seen.mails[0].content, "\r\nimap://h/b;uid=1imap://h/b;uid=2");
    EXPECT_EQ(seen.seen.total.early_octets, 0U);
}

TEST(Extension, BurlIsRefusedAsBdatIs) {
    for (const auto* wrong :
         {"", "relative", ":x", "imap:", "1map:x", "imap://a LAST x", "imap://a FIRST", "im\xc3p:a"})
        play_after_hello(offering({"BURL"}), std::string{"C: BURL "} + wrong + "\nS: 501 ...");
    play_after_hello(offering({"BURL"}), R"(
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<bad
        S: 501 ...
        C: BURL imap://a LAST
        S: 554 No valid recipients
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: BURL imap://a LAST
        S: 503 The BDAT before was refused: say RSET
    )");
}

} // namespace postrider::sink::test

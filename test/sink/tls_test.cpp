// TLS: implicit and by STARTTLS, what is forgotten with it, what is seen of it, and its waits.
#include <gmock/gmock.h>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view flight = "AUTH PLAIN AHVzZXIAc2VjcmV0\r\nMAIL FROM:<>\r\n"
                                    "RCPT TO:<b@example.com>\r\nBDAT 1 LAST\r\nx";

config implicit() {
    config settings = secured();
    settings.tls.implicit = true;
    return settings;
}

std::string say(client& c, std::string_view line) {
    c.send(std::string{line} + "\r\n");
    return c.read_reply();
}

// EHLO and STARTTLS, and the handshake.
bool upgrade(client& c, const client_tls& how = {}) {
    EXPECT_THAT(c.read_reply(), StartsWith("220 "));
    EXPECT_THAT(say(c, "EHLO x"), HasSubstr("STARTTLS"));
    EXPECT_THAT(say(c, "STARTTLS"), StartsWith("220 2.0.0 "));
    return c.start_tls(how);
}

report at_end(const fixture& f, std::uint64_t connections = 1) {
    EXPECT_TRUE(f.sink.wait_for_connections_closed(connections, patience));
    return f.sink.report();
}

const tls_session& session(const report& report) { return *report.per_connection.back().tls; }

} // namespace

TEST(Tls, TakesAMailBehindStarttls) {
    fixture f{secured()};
    client c{f.port};
    ASSERT_TRUE(upgrade(c, {.server_name = "mail.example"}));
    EXPECT_THAT(say(c, "EHLO y"), Not(HasSubstr("STARTTLS")));
    play(c, R"(
        C: STARTTLS
        S: 503 5.5.1 ...
        C: MAIL FROM:<a@example.com>
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
    EXPECT_EQ(c.read_to_end(), "");
    EXPECT_TRUE(c.notified());
    const report report = at_end(f);
    EXPECT_EQ(report.total.tls_handshakes, 1U);
    EXPECT_EQ(report.total.behind_starttls, 0U);
    EXPECT_EQ(session(report).version, "TLSv1.3");
    EXPECT_EQ(session(report).server_name, "mail.example");
    EXPECT_FALSE(session(report).resumed);
    ASSERT_EQ(f.sink.mails().size(), 1U);
    EXPECT_EQ(f.sink.mails()[0].tls->cipher, SSL_get_cipher_name(c.tls()));
    EXPECT_EQ(f.sink.mails()[0].content, "x\r\n");
    EXPECT_THAT(report.to_json(), HasSubstr("\"server_name\": \"mail.example\""));
}

TEST(Tls, MayBeImplicit) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        fixture f{implicit()};
        client c{f.port};
        ASSERT_TRUE(c.start_tls({.version = version}));
        play(c, "S: 220 ...\nC: HELO x\nS: 250 ...\nC: QUIT\nS: 221 ...");
        EXPECT_EQ(c.read_to_end(), "");
        EXPECT_TRUE(c.notified());
        EXPECT_EQ(session(at_end(f)).version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    }
}

TEST(Tls, ForgetsWhatCameBefore) {
    config settings = secured();
    settings.users = {{"user", "secret"}};
    settings.require_auth = true;
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    say(c, "EHLO x");
    EXPECT_THAT(say(c, "AUTH PLAIN AHVzZXIAc2VjcmV0"), StartsWith("235"));
    EXPECT_THAT(say(c, "STARTTLS"), StartsWith("220"));
    ASSERT_TRUE(c.start_tls());
    play(c, R"(
        C: MAIL FROM:<>
        S: 503 Say EHLO first
        C: EHLO x
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250 AUTH PLAIN LOGIN
        C: MAIL FROM:<>
        S: 530 ...
    )");
}

TEST(Tls, IsNotOfferedWithoutACertificateNorTakenAmidAMail) {
    fixture without;
    client c{without.port};
    c.read_reply();
    EXPECT_THAT(say(c, "EHLO x"), Not(HasSubstr("STARTTLS")));
    EXPECT_THAT(say(c, "STARTTLS"), StartsWith("502"));

    fixture with{secured()};
    client d{with.port};
    d.read_reply();
    EXPECT_THAT(say(d, "STARTTLS"), StartsWith("502"));
    say(d, "EHLO x");
    EXPECT_THAT(say(d, "STARTTLS now"), StartsWith("501"));
    say(d, "MAIL FROM:<>");
    EXPECT_THAT(say(d, "STARTTLS"), StartsWith("503"));
}

TEST(Tls, NeverCarriesOutWhatCameInClearBehindStarttls) {
    for (const bool hold : {false, true}) {
        config settings = secured();
        settings.hold = hold;
        fixture f{settings};
        client c{f.port};
        c.read_reply();
        say(c, "EHLO x");
        c.send("STARTTLS\r\nNOOP\r\nRSET\r\n");
        EXPECT_THAT(c.read_reply(), StartsWith("220"));
        ASSERT_TRUE(c.start_tls());
        EXPECT_THAT(say(c, "QUIT"), StartsWith("221"));
        const report report = at_end(f);
        EXPECT_EQ(report.total.behind_starttls, 12U);
        EXPECT_EQ(report.total.early_octets, 12U);
        EXPECT_EQ(report.verbs.count("NOOP"), 0U);
    }
}

TEST(Tls, ChangesWhatIsOffered) {
    config settings = secured();
    settings.users = {{"user", "secret"}};
    settings.auth_in_clear = false;
    settings.offers.requiretls = true;
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    const std::string clear = say(c, "EHLO x");
    EXPECT_THAT(clear, Not(HasSubstr("AUTH")));
    EXPECT_THAT(clear, Not(HasSubstr("REQUIRETLS")));
    EXPECT_THAT(say(c, "AUTH PLAIN AHVzZXIAc2VjcmV0"), StartsWith("538 5.7.11 "));
    EXPECT_THAT(say(c, "MAIL FROM:<> REQUIRETLS"), StartsWith("555"));
    say(c, "STARTTLS");
    ASSERT_TRUE(c.start_tls());
    const std::string secure = say(c, "EHLO x");
    EXPECT_THAT(secure, HasSubstr("AUTH PLAIN LOGIN\r\n"));
    EXPECT_THAT(secure, HasSubstr("REQUIRETLS\r\n"));
    EXPECT_THAT(say(c, "AUTH PLAIN AHVzZXIAc2VjcmV0"), StartsWith("235"));
    EXPECT_THAT(say(c, "MAIL FROM:<> REQUIRETLS"), StartsWith("250"));
}

TEST(Tls, MayOfferOtherThingsThanInClear) {
    config settings = secured();
    settings.users = {{"user", "secret"}};
    settings.offers_after_tls = extensions::none();
    settings.offers_after_tls->size = true;
    fixture f{settings};
    client c{f.port};
    ASSERT_TRUE(upgrade(c));
    EXPECT_EQ(say(c, "EHLO x"), "250-sink.example\r\n250 SIZE\r\n");
    EXPECT_THAT(say(c, "AUTH PLAIN AHVzZXIAc2VjcmV0"), StartsWith("502"));
    EXPECT_THAT(say(c, "BDAT 0 LAST"), StartsWith("502"));
}

TEST(Tls, ResumesWhereTicketsAreGiven) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const bool tickets : {true, false}) {
            config settings = implicit();
            settings.tls.tickets = tickets;
            fixture f{settings};
            std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> kept{nullptr, SSL_SESSION_free};
            for (int i = 0; i < 2; ++i) {
                client c{f.port};
                ASSERT_TRUE(c.start_tls({.version = version, .server_name = "localhost", .resume = kept.get()}));
                c.read_reply();
                EXPECT_THAT(say(c, "QUIT"), StartsWith("221"));
                EXPECT_EQ(SSL_session_reused(c.tls()), i == 1 && tickets ? 1 : 0);
                EXPECT_EQ(c.read_to_end(), "");
                SSL_shutdown(c.tls()); // or the session may not be resumed
                kept.reset(SSL_get1_session(c.tls()));
            }
            const report report = at_end(f, 2);
            EXPECT_EQ(report.total.tls_resumed, tickets ? 1U : 0U);
            EXPECT_EQ(session(report).resumed, tickets);
            EXPECT_EQ(session(report).server_name, "localhost");
        }
    }
}

TEST(Tls, KeepsToItsVersions) {
    config settings = secured();
    settings.tls.maximum = tls_version::tls_1_2;
    fixture old{settings};
    client c{old.port};
    EXPECT_FALSE(upgrade(c, {.version = TLS1_3_VERSION}));
    const report report = at_end(old);
    EXPECT_EQ(report.total.tls_failures, 1U);
    EXPECT_EQ(session(report).failure, "unsupported protocol");
    EXPECT_EQ(report.per_connection.back().ending, "TLS failed");

    settings.tls.maximum = settings.tls.minimum = tls_version::tls_1_3;
    fixture recent{settings};
    client d{recent.port};
    EXPECT_FALSE(upgrade(d, {.version = TLS1_2_VERSION}));
}

TEST(Tls, MayBeWithoutExtendedMasterSecret) {
    config settings = implicit();
    for (const bool extended : {true, false}) {
        settings.tls.extended_master_secret = extended;
        fixture f{settings};
        client c{f.port};
        ASSERT_TRUE(c.start_tls({.version = TLS1_2_VERSION}));
        EXPECT_EQ(SSL_get_extms_support(c.tls()), extended ? 1 : 0);
    }
}

TEST(Tls, AsksForClientCertificates) {
    config settings = implicit();
    settings.tls.client_ca = certificates("ca.pem");
    {
        fixture f{settings};
        client c{f.port};
        ASSERT_TRUE(c.start_tls({.certificate = "client"}));
        c.read_reply();
        say(c, "QUIT");
        EXPECT_EQ(session(at_end(f)).client_subject, "CN=client,O=Postrider");
        client without{f.port};
        ASSERT_TRUE(without.start_tls());
        EXPECT_THAT(without.read_reply(), StartsWith("220"));
    }
    settings.tls.require_client_certificate = true;
    for (const auto* bad : {"", "client-unknown-ca"}) {
        fixture f{settings};
        client c{f.port};
        EXPECT_FALSE(c.start_tls({.version = TLS1_2_VERSION, .certificate = bad}));
        const report report = at_end(f);
        EXPECT_EQ(report.total.tls_failures, 1U);
        EXPECT_EQ(session(report).failure,
                  *bad == '\0' ? "peer did not return a certificate" : "certificate verify failed");
    }
}

TEST(Tls, ToldWhyAClientRefusesIt) {
    for (const auto* name : {"unknown-ca", "self-signed", "expired"}) {
        fixture f{secured(name)};
        client c{f.port};
        EXPECT_FALSE(upgrade(c));
        const report report = at_end(f);
        EXPECT_EQ(report.total.tls_failures, 1U);
        EXPECT_THAT(session(report).failure, HasSubstr(" alert ")) << name;
        EXPECT_EQ(session(report).version, "");
    }
    for (const auto* name : {"weak", "weak-signature", "good-rsa", "chained"}) {
        fixture f{secured(name)};
        EXPECT_NE(f.port, 0) << name;
    }
}

TEST(Tls, ToldWhetherTheClientSaidItsGoodbye) {
    for (const bool says : {true, false}) {
        fixture f{implicit()};
        client c{f.port};
        ASSERT_TRUE(c.start_tls());
        c.read_reply();
        if (says) SSL_shutdown(c.tls());
        c.close();
        EXPECT_EQ(session(at_end(f)).close_notify, says);
        EXPECT_EQ(f.sink.report().per_connection.back().ending, "closed by client");
    }
}

TEST(Tls, SettingsThatCannotBe) {
    const auto failure = [](const config& settings) {
        server sink{settings};
        EXPECT_EQ(sink.start(), 0);
        return sink.failure()->text;
    };
    config settings = secured("not-a-certificate");
    EXPECT_THAT(failure(settings), HasSubstr("certificate"));
    settings = secured();
    settings.tls.key = certificates("wildcard.key");
    EXPECT_THAT(failure(settings), HasSubstr("key"));
    settings = secured();
    settings.tls.client_ca = certificates("nowhere.pem");
    EXPECT_THAT(failure(settings), HasSubstr("client CA"));
    settings = secured();
    settings.tls.require_client_certificate = true;
    EXPECT_THAT(failure(settings), HasSubstr("client_ca"));
    settings = secured();
    settings.tls.ciphers = "NONE-SUCH";
    EXPECT_THAT(failure(settings), HasSubstr("ciphers"));
    settings = secured();
    settings.tls.maximum = tls_version::tls_1_1;
    EXPECT_THAT(failure(settings), HasSubstr("minimum"));
}

// Records of 16 kB that come in larger or smaller reads, and replies that have to wait for the client.
TEST(Tls, TakesContentOfAnySize) {
    fixture f{implicit()};
    client c{f.port};
    ASSERT_TRUE(c.start_tls());
    c.read_reply();
    say(c, "EHLO x");
    std::string content(3'000'000, 'x');
    for (std::size_t i = 0; i < content.size(); i += 7) content[i] = static_cast<char>('a' + i % 26);
    for (int i = 0; i < 3; ++i) {
        c.send("MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 3000000 LAST\r\n");
        c.send(content);
        for (int replies = 0; replies < 3; ++replies) EXPECT_THAT(c.read_reply(), StartsWith("250"));
    }
    ASSERT_EQ(f.sink.mails().size(), 3U);
    EXPECT_TRUE(f.sink.mails()[2].content == content);
}

TEST(Tls, TakesOctetByOctet) {
    config settings = secured();
    settings.script = "split 1; window 7";
    fixture f{settings};
    client c{f.port};
    ASSERT_TRUE(upgrade(c));
    play(c,
         "C: HELO x\nS: 250 ...\nC: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<b@example.com>\nS: 250 ...\n"
         "C: DATA\nS: 354 ...\nC: x\nC: .\nS: 250 ...",
         pieces::octets);
    EXPECT_EQ(f.sink.mails().size(), 1U);
}

// --- Waits -------------------------------------------------------------------------------------------------

namespace {

struct cost {
    bool implicit;
    int version;
    bool resumed;
    std::uint64_t waits;
};

class TlsWaits : public testing::TestWithParam<cost> {};

} // namespace

TEST_P(TlsWaits, AreCounted) {
    const cost& cost = GetParam();
    config settings = secured();
    settings.hold = true;
    settings.tls.implicit = cost.implicit;
    settings.users = {{"user", "secret"}};
    settings.require_auth = true;
    fixture f{settings};
    std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> kept{nullptr, SSL_SESSION_free};
    for (int i = cost.resumed ? 0 : 1; i < 2; ++i) {
        client c{f.port};
        const client_tls how{.version = cost.version, .resume = kept.get()};
        ASSERT_TRUE(cost.implicit ? c.start_tls(how) : upgrade(c, how));
        if (cost.implicit) c.read_reply();
        say(c, hello.substr(0, hello.size() - 2));
        c.send(flight);
        for (const auto* wanted : {"235", "250", "250", "250"}) EXPECT_THAT(c.read_reply(), StartsWith(wanted));
        kept.reset(SSL_get1_session(c.tls()));
        EXPECT_EQ(SSL_session_reused(c.tls()), cost.resumed && i == 1 ? 1 : 0);
        SSL_shutdown(c.tls()); // or the session may not be resumed
    }
    const report report = at_end(f, cost.resumed ? 2 : 1);
    EXPECT_TRUE(report.waits_exact);
    EXPECT_EQ(report.per_connection.back().seen.waits, cost.waits);
    EXPECT_EQ(report.total.early_octets, 0U);
}

// Connect, greeting, EHLO, STARTTLS, TLS, EHLO, all the rest; and connect, TLS, greeting, EHLO, all the rest. With
// TLS 1.2 there is one more, but where the greeting comes with the server's last flight.
INSTANTIATE_TEST_SUITE_P(all, TlsWaits,
                         testing::Values(cost{false, TLS1_3_VERSION, false, 7}, cost{false, TLS1_3_VERSION, true, 7},
                                         cost{false, TLS1_2_VERSION, false, 8}, cost{false, TLS1_2_VERSION, true, 7},
                                         cost{true, TLS1_3_VERSION, false, 5}, cost{true, TLS1_3_VERSION, true, 5},
                                         cost{true, TLS1_2_VERSION, false, 5}, cost{true, TLS1_2_VERSION, true, 5}),
                         [](const auto& one) {
                             return std::string{one.param.implicit ? "Implicit" : "Starttls"} +
                                    (one.param.version == TLS1_2_VERSION ? "12" : "13") +
                                    (one.param.resumed ? "Resumed" : "Full");
                         });

} // namespace postrider::sink::test

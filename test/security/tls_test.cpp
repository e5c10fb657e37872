// What attackers do around TLS. `clear` is what anybody on the way has heard, `inside` what who holds the key has.

#include "client.hpp"

namespace postrider::test {
namespace {

using testing::StartsWith;

TYPED_TEST_SUITE(security, clients, client_name);

constexpr std::string_view up_to_starttls = "EHLO client.example\r\nSTARTTLS\r\n";

TYPED_TEST(security, bytes_injected_after_220_ready_to_start_tls) {
    for (const tls_policy policy : {tls_policy::verified, tls_policy::opportunistic}) {
        for (const std::string_view injected :
             {"250-mail.example\r\n250 AUTH PLAIN\r\n", "2", "\r\n", "235 2.7.0 in\r\n"}) {
            SCOPED_TRACE(injected);
            ordinary with;
            with.says["STARTTLS"] = "220 go on\r\n" + std::string{injected};
            server s{with};
            session_options o = with_password(policy);
            o.auth.allow_cleartext_auth = true;
            const outcome_of came = this->send(s.port(), o);
            EXPECT_EQ(came.error, errc::octets_before_tls);
            EXPECT_EQ(came.result.what, outcome::not_attempted);
            const heard h = s.last();
            EXPECT_EQ(h.clear, up_to_starttls) << "not even a ClientHello";
            EXPECT_EQ(h.inside, "");
        }
    }
    // Before TLS that begins at once.
    server s{[](peer& client) {
        client.say("220 mail.example\r\n250 AUTH PLAIN\r\n");
        client.await_end();
    }};
    session_options o = with_password();
    o.implicit_tls = true;
    EXPECT_NE(this->send(s.port(), o).error, errc::ok);
    expect_nothing_given_away(s.last().all());
}

// The same attack where nothing stands behind the 220: what was said before it is not believed inside.
TYPED_TEST(security, what_was_offered_outside_tls_is_forgotten) {
    ordinary with;
    with.clear = "STARTTLS\nAUTH PLAIN LOGIN\nPIPELINING\nSIZE 10\nSMTPUTF8\n8BITMIME\nDSN";
    server s{with};
    mail_parameters wish{.ret = return_content::full};
    order what;
    what.parameters = &wish;
    EXPECT_EQ(this->send(s.port(), options(), what).error, errc::ok);
    heard h = s.last();
    EXPECT_EQ(h.clear, up_to_starttls);
    EXPECT_THAT(h.inside, StartsWith("EHLO client.example\r\nMAIL FROM:<alice@a.example>\r\n"));

    EXPECT_EQ(this->send(s.port(), with_password()).error, errc::auth_unavailable);
    EXPECT_EQ(s.last().inside, "EHLO client.example\r\nQUIT\r\n");
}

TYPED_TEST(security, starttls_stripped) {
    struct way {
        const char* name;
        ordinary with;
    };
    std::vector<way> ways(6);
    ways[0] = {"not offered", {.clear = "AUTH PLAIN LOGIN"}};
    ways[1] = {"overwritten", {.clear = "XXXXXXXX\nAUTH PLAIN LOGIN"}};
    ways[2] = {"454", {.clear = "STARTTLS\nAUTH PLAIN", .says = {{"STARTTLS", "454 4.7.0 not now\r\n"}}}};
    ways[3] = {"502", {.clear = "STARTTLS\nAUTH PLAIN", .says = {{"STARTTLS", "502 5.5.1 what?\r\n"}}}};
    ways[4] = {"250", {.clear = "STARTTLS\nAUTH PLAIN", .says = {{"STARTTLS", "250 ok\r\n"}}}};
    ways[5] = {"no EHLO", {.says = {{"EHLO", "502 5.5.1 what?\r\n"}}}};
    for (const way& w : ways) {
        SCOPED_TRACE(w.name);
        server s{w.with};
        session_options o{.client = *domain::parse("client.example")}; // the policy is the default
        o.auth = {.user = "user", .password = password};
        o.auth.when = auth_when::if_offered;
        o.auth.allow_cleartext_auth = true; // also where the caller has allowed what is not asked for here
        for (const bool authenticates : {true, false}) {
            if (!authenticates) o.auth = {};
            const outcome_of came = this->send(s.port(), o);
            EXPECT_NE(came.error, errc::ok);
            EXPECT_EQ(came.result.what, outcome::not_attempted);
            expect_nothing_given_away(s.last().all());
        }
    }
}

// What says in its name that it goes on without TLS does not take credentials along.
TYPED_TEST(security, opportunity_does_not_give_the_password_away) {
    for (const char* const offers : {"AUTH PLAIN LOGIN", "STARTTLS\nAUTH PLAIN LOGIN"}) {
        server s{ordinary{.clear = offers, .inside = "AUTH PLAIN LOGIN"}, {.certificate = "self-signed"}};
        EXPECT_EQ(this->send(s.port(), with_password(tls_policy::opportunistic)).error, errc::cleartext_auth);
        expect_nothing_given_away(s.last().all());
    }
    server s{ordinary{.clear = "AUTH PLAIN LOGIN"}};
    EXPECT_EQ(this->send(s.port(), with_password(tls_policy::none)).error, errc::cleartext_auth);
    EXPECT_EQ(s.last().all(), "");
}

TYPED_TEST(security, failed_handshake_never_falls_back) {
    const auto in_clear = [](peer& client) { // goes on as if TLS had never been spoken of
        client.say("220 go on\r\n");
        client.octets(1);
        for (int i = 0; i != 8; ++i) client.say("250 ok\r\n");
        client.await_end();
    };
    const auto garbage = [](peer& client) {
        client.say("220 go on\r\n");
        client.octets(5);
        client.say(std::string(300, '\x16'));
        client.await_end();
    };
    const auto alert = [](peer& client) {
        client.say("220 go on\r\n");
        client.octets(5);
        client.say(std::string_view{"\x15\x03\x03\x00\x02\x02\x28", 7}); // handshake_failure
        client.await_end();
    };
    const auto end = [](peer& client) {
        client.say("220 go on\r\n");
        client.octets(5);
        client.close();
    };
    const auto reset = [](peer& client) {
        client.say("220 go on\r\n");
        client.octets(5);
        client.reset();
    };
    const std::vector<std::pair<const char*, std::function<void(peer&)>>> ways{
        {"clear text", in_clear}, {"garbage", garbage}, {"alert", alert}, {"end", end}, {"reset", reset}};
    for (const auto& [name, way] : ways) {
        for (const tls_policy policy : {tls_policy::verified, tls_policy::opportunistic}) {
            SCOPED_TRACE(name);
            ordinary with{.clear = "STARTTLS\nAUTH PLAIN"};
            with.does["STARTTLS"] = way;
            server s{with};
            for (const bool authenticates : {true, false}) {
                session_options o = authenticates ? with_password(policy) : options(policy);
                o.auth.allow_cleartext_auth = true;
                const std::size_t before = s.count();
                const outcome_of came = this->send(s.port(), o);
                EXPECT_EQ(kind(came.error), errc_kind::network) << describe(came.error);
                EXPECT_EQ(came.result.what, outcome::not_attempted);
                EXPECT_FALSE(came.encrypted);
                const heard h = s.last();
                EXPECT_THAT(h.clear, StartsWith(std::string{up_to_starttls}));
                expect_nothing_given_away(h.all());
                EXPECT_EQ(h.all().find("QUIT"), std::string::npos);
                EXPECT_EQ(s.count(), before + 1) << "nor by another connection";
            }
        }
    }
}

TYPED_TEST(security, connection_reused_under_another_policy) {
    for (const bool newest : {true, false}) {
        SCOPED_TRACE(newest ? "TLS 1.3" : "TLS 1.2");
        server s{ordinary{}, {.newest = newest}};
        const auto resumed = [&](const order& what, tls_policy policy, auto& with) {
            EXPECT_EQ(this->send(s.port(), options(policy), what, nullptr, with, this->session_).error, errc::ok);
            return s.last().resumed;
        };
        constexpr auto verified = tls_policy::verified, opportunistic = tls_policy::opportunistic;
        EXPECT_FALSE(resumed({}, verified, this->shared_));
        EXPECT_TRUE(resumed({}, verified, this->shared_)) << "else this test shows nothing";
        EXPECT_FALSE(resumed({.host = "localhost"}, verified, this->shared_)) << "another name";
        EXPECT_FALSE(resumed({.key = 465}, verified, this->shared_)) << "another port";
        EXPECT_FALSE(resumed({}, opportunistic, this->shared_)) << "another policy";
        typename TypeParam::context other;
        this->trust(other);
        EXPECT_FALSE(resumed({}, verified, other)) << "another context: whom it trusts, its certificate";
    }
    // A server that was let pass by one policy is not taken for verified by another, saved session or not.
    for (const bool newest : {true, false}) {
        server s{ordinary{.inside = "AUTH PLAIN"}, {.certificate = "self-signed", .newest = newest}};
        for (int i = 0; i != 2; ++i)
            EXPECT_EQ(this->send(s.port(), options(tls_policy::opportunistic)).error, errc::ok);
        EXPECT_TRUE(s.last().resumed) << "else this test shows nothing";
        EXPECT_EQ(this->send(s.port(), with_password()).error, errc::tls_unverified);
        EXPECT_EQ(s.last().inside, "");
        EXPECT_EQ(this->send(s.port(), with_password(tls_policy::opportunistic)).error, errc::cleartext_auth);
        expect_nothing_given_away(s.last().all());
    }
}

// A session object is started anew for each connection: nothing that the one before was makes the next one more.
TYPED_TEST(security, session_started_anew_forgets_that_it_was_secure) {
    server good{ordinary{.inside = "AUTH PLAIN\nPIPELINING\nSMTPUTF8"}};
    server in_clear{ordinary{.clear = "AUTH PLAIN"}};
    const auto before = [&] {
        const outcome_of came = this->send(good.port(), with_password());
        EXPECT_EQ(came.error, errc::ok);
        EXPECT_TRUE(came.encrypted);
        EXPECT_TRUE(came.authenticated);
    };
    before();
    EXPECT_EQ(this->send(in_clear.port(), with_password()).error, errc::tls_unavailable);
    expect_nothing_given_away(in_clear.last().all());
    before();
    EXPECT_EQ(this->send(in_clear.port(), with_password(tls_policy::opportunistic)).error, errc::cleartext_auth);
    expect_nothing_given_away(in_clear.last().all());
    before();
    const outcome_of came = this->send(in_clear.port(), options(tls_policy::opportunistic));
    EXPECT_EQ(came.error, errc::ok);
    EXPECT_FALSE(came.encrypted);
    EXPECT_FALSE(came.authenticated);
    EXPECT_EQ(in_clear.last().clear.find("SMTPUTF8"), std::string::npos);
}

TYPED_TEST(security, certificate_or_host_name_not_checked) {
    struct way {
        const char *certificate, *host;
        tls_verdict verdict;
    };
    using enum tls_verdict;
    const way ways[] = {
        {"good", "mail.example", verified},
        {"good", "MAIL.EXAMPLE.", verified},
        {"good", "127.0.0.1", verified},
        {"good", "[::1]", verified},
        {"chained", "mail.example", verified},
        {"wildcard", "a.example.org", verified},
        {"wrong-name", "mail.example", wrong_name},
        {"good", "example", wrong_name},
        {"good", "evil.mail.example", wrong_name},
        {"good", "mail.example.evil.example", wrong_name},
        {"good", "127.0.0.2", wrong_name},
        {"good", "::2", wrong_name},
        {"cn-only", "mail.example", wrong_name},
        {"ip-as-dns", "127.0.0.1", wrong_name},
        {"wildcard", "example.org", wrong_name},
        {"wildcard", "a.b.example.org", wrong_name},
        {"wildcard", "*.example.com", not_checked}, // no host
        {"unknown-ca", "mail.example", untrusted},
        {"no-intermediate", "mail.example", untrusted},
        {"self-signed", "mail.example", self_signed},
        {"expired", "mail.example", expired},
        {"not-yet-valid", "mail.example", not_yet_valid},
        {"weak", "mail.example", weak},
        {"weak-signature", "mail.example", weak},
    };
    for (const bool implicit : {false, true}) {
        for (const way& w : ways) {
            SCOPED_TRACE(std::string{w.certificate} + " " + w.host + (implicit ? " implicit" : ""));
            server s{ordinary{.inside = "AUTH PLAIN", .implicit = implicit}, {.certificate = w.certificate}};
            session_options o = with_password();
            o.implicit_tls = implicit;
            const outcome_of came = this->send(s.port(), o, {.host = w.host});
            EXPECT_EQ(came.facts.verdict, w.verdict) << describe(came.facts.verdict);
            const heard h = s.last();
            if (w.verdict == verified) {
                EXPECT_EQ(came.error, errc::ok) << describe(came.error);
                EXPECT_NE(h.inside.find(plain_64), std::string::npos);
                continue;
            }
            EXPECT_EQ(came.error, w.verdict == not_checked ? errc::invalid_parameter : errc::tls_unverified);
            EXPECT_EQ(came.result.what, outcome::not_attempted);
            EXPECT_EQ(h.inside, "");
            expect_nothing_given_away(h.clear);
        }
    }
    server s;
    EXPECT_EQ(this->send(s.port(), with_password(), {.host = ""}).error, errc::no_host_name);
    expect_nothing_given_away(s.last().all());
}

} // namespace
} // namespace postrider::test

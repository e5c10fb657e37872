// The probe against a sink: what leaves by each stage, what it finds out, and what never leaves.
#include "relay.hpp"
#include "support.hpp"

#include "postrider/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <stdexcept>

namespace {

using namespace postrider;
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using verbs = std::map<std::string, std::uint64_t>;

/// What the sink was told, once the connection is over.
verbs heard(running& sink) {
    EXPECT_TRUE(sink.wait_for_connections_closed(1, std::chrono::seconds{20}));
    return sink.report().verbs;
}

client_options as_alice() {
    client_options o = trusting();
    o.auth = password("alice", secret{"wonderland"});
    return o;
}

std::string pin_of(const std::string& name) {
    std::ifstream pins{certificate("pins")};
    for (std::string one, pin; pins >> one >> pin;)
        if (one == name) return pin;
    return "no such pin";
}

std::vector<phase> phases(const probe_result& r) {
    std::vector<phase> all;
    for (const probe_step& one : r.steps) all.push_back(one.where);
    return all;
}

TEST(probe, goes_as_far_as_auth_unless_told_otherwise) {
    running sink{secure_config()};
    const probe_result r = probe({sink.url("submission"), as_alice()});
    EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(r.text, "");
    EXPECT_EQ(r.authenticated_by, mechanism::scram_sha_256);
    EXPECT_EQ(r.tls.verdict, tls_verdict::verified);
    EXPECT_EQ(r.channel_binding, "tls-exporter");
    EXPECT_EQ(r.client_name, "client.example");
    ASSERT_EQ(r.hellos.size(), 2u);
    EXPECT_FALSE(r.hellos[0].encrypted);
    EXPECT_TRUE(r.hellos[0].offered.has(extension::starttls));
    EXPECT_TRUE(r.hellos[1].encrypted);
    EXPECT_FALSE(r.hellos[1].offered.has(extension::starttls));
    EXPECT_TRUE(r.hellos[1].offered.mechanisms.has(mechanism::scram_sha_256));
    EXPECT_EQ(r.hellos[1].lines[0], "sink.example");
    EXPECT_EQ(r.address, "127.0.0.1:" + std::to_string(sink.port));
    EXPECT_FALSE(r.mail);
    EXPECT_THAT(phases(r), ElementsAre(phase::greeting, phase::ehlo, phase::starttls, phase::starttls, phase::ehlo,
                                       phase::auth, phase::auth, phase::auth, phase::quit));
    EXPECT_EQ(r.steps[5].command, "AUTH SCRAM-SHA-256 <hidden>");
    EXPECT_EQ(r.steps[6].command, "<hidden>");
    std::chrono::nanoseconds before{};
    for (const probe_step& one : r.steps) {
        EXPECT_GE(one.begun, before);
        EXPECT_GT(one.ended, one.begun);
        EXPECT_LE(one.ended, r.total);
        before = one.begun;
    }
    EXPECT_EQ(heard(sink), (verbs{{"AUTH", 1}, {"EHLO", 2}, {"QUIT", 1}, {"STARTTLS", 1}}));
}

struct stage_case {
    probe_stage last;
    verbs said;
};

TEST(probe, says_nothing_that_lies_behind_its_stage) {
    const verbs tls{{"EHLO", 1}, {"STARTTLS", 1}};
    verbs login{{"AUTH", 1}, {"EHLO", 2}, {"STARTTLS", 1}};
    verbs mail = login, rcpt = login, data = login, content = login;
    mail["MAIL"] = rcpt["MAIL"] = data["MAIL"] = content["MAIL"] = 1;
    rcpt["RCPT"] = data["RCPT"] = content["RCPT"] = 1;
    data["DATA"] = 1;
    content["BDAT"] = 1;
    for (const auto& [last, said] : {stage_case{probe_stage::connect, {}},
                                     {probe_stage::greeting, {}},
                                     {probe_stage::first_ehlo, {{"EHLO", 1}}},
                                     {probe_stage::tls, tls},
                                     {probe_stage::ehlo, {{"EHLO", 2}, {"STARTTLS", 1}}},
                                     {probe_stage::auth, login},
                                     {probe_stage::mail, mail},
                                     {probe_stage::rcpt, rcpt},
                                     {probe_stage::data, data},
                                     {probe_stage::content, content}})
        for (const bool quit : {true, false}) {
            SCOPED_TRACE(static_cast<int>(last));
            running sink{secure_config()};
            const probe_result r =
                probe({sink.url("submission"), as_alice()}, {.last = last, .quit = quit, .mail = letter()});
            EXPECT_TRUE(r) << r.text;
            EXPECT_EQ(r.mail.has_value(), last == probe_stage::content);
            verbs expected = said;
            if (quit && last != probe_stage::connect && last != probe_stage::data) expected["QUIT"] = 1;
            EXPECT_EQ(heard(sink), expected);
            EXPECT_EQ(sink.report().total.mails, last == probe_stage::content ? 1u : 0u);
        }
}

/// In one flight with AUTH, and by a mechanism of one step: where the most leaves together.
TEST(probe, cuts_a_flight_where_its_stage_ends) {
    for (const probe_stage last : {probe_stage::auth, probe_stage::mail, probe_stage::rcpt}) {
        auto config = secure_config();
        config.offers.auth = {"PLAIN"};
        running sink{config};
        client_options o = as_alice();
        o.auth_with = auth_flight::eager;
        const probe_result r = probe({sink.url("submission"), o}, {.last = last, .mail = letter()});
        EXPECT_TRUE(r) << r.text;
        verbs said = heard(sink);
        EXPECT_EQ(said["MAIL"], last >= probe_stage::mail ? 1u : 0u);
        EXPECT_EQ(said["RCPT"], last >= probe_stage::rcpt ? 1u : 0u);
        EXPECT_EQ(said["BDAT"] + said["DATA"], 0u);
        EXPECT_EQ(sink.report().total.mails, 0u);
        EXPECT_EQ(r.authenticated_by, mechanism::plain);
    }
}

TEST(probe, a_mail_stays_unsent_unless_content_is_said) {
    running sink{secure_config()};
    const probe_result r = probe({sink.url("submission"), trusting()}, {.mail = letter()});
    EXPECT_TRUE(r) << r.text;
    EXPECT_FALSE(r.mail);
    EXPECT_EQ(r.steps.back().where, phase::quit);
    verbs said = heard(sink);
    EXPECT_EQ(said["RCPT"], 1u);
    EXPECT_EQ(said["BDAT"] + said["DATA"], 0u);
}

TEST(probe, sends_the_mail_that_it_is_told_to_send) {
    for (const bool by_data : {false, true}) {
        auto config = secure_config();
        config.offers.chunking = !by_data;
        running sink{config};
        const probe_result r =
            probe({sink.url("submission"), trusting()}, {.last = probe_stage::content, .mail = letter()});
        EXPECT_TRUE(r) << r.text;
        ASSERT_TRUE(r.mail);
        EXPECT_TRUE(*r.mail);
        EXPECT_EQ(r.mail->queue_id, "1");
        EXPECT_EQ(r.mail->tls.verdict, tls_verdict::verified);
        const probe_step& answer = r.steps[r.steps.size() - 2];
        EXPECT_EQ(answer.where, phase::content);
        EXPECT_EQ(answer.command, by_data ? "" : "BDAT 26 LAST");
        EXPECT_EQ(answer.text, "Ok: queued as 1");
        ASSERT_EQ(sink.mails().size(), 1u);
        EXPECT_EQ(sink.mails()[0].content, "Subject: Hello\r\n\r\nHello.\r\n");
    }
}

TEST(probe, looks_behind_an_identity_that_is_not_proved_without_credentials) {
    for (const bool implicit : {false, true}) {
        auto config = secure_config();
        config.tls.certificate = certificate("expired.pem");
        config.tls.key = certificate("expired.key");
        config.tls.implicit = implicit;
        running sink{config};
        std::vector<std::string> lines;
        client_options o = as_alice();
        o.transcript = [&](std::string_view line) { lines.emplace_back(line); };
        const probe_result r = probe({sink.url(implicit ? "submissions" : "submission", "127.0.0.1"), o},
                                     {.last = probe_stage::content, .mail = letter()});
        EXPECT_EQ(r.error, errc::tls_unverified);
        EXPECT_THAT(r.text, HasSubstr("no longer valid"));
        EXPECT_EQ(r.tls.verdict, tls_verdict::expired);
        EXPECT_THAT(r.certificates.faults, ElementsAre(tls_verdict::expired));
        ASSERT_EQ(r.hellos.size(), implicit ? 1u : 2u);
        EXPECT_TRUE(r.hellos.back().encrypted);
        EXPECT_TRUE(r.hellos.back().offered.mechanisms.has(mechanism::plain));
        EXPECT_EQ(r.authenticated_by, mechanism::none);
        EXPECT_FALSE(r.mail);
        for (const probe_step& one : r.steps) EXPECT_EQ(one.code == 0, one.handshake) << one.command;
        EXPECT_THAT(lines, testing::Contains(testing::EndsWith(", with a server that has not proved who it is")));
        EXPECT_EQ(lines.back(), "** the server has not proved who it is");
        const verbs said{{"EHLO", implicit ? 1u : 2u}, {"QUIT", 1}};
        verbs expected = said;
        if (!implicit) expected["STARTTLS"] = 1;
        EXPECT_EQ(heard(sink), expected);
    }
}

TEST(probe, shows_a_client_certificate_to_nobody_unproved) {
    auto config = secure_config();
    config.tls.certificate = certificate("wrong-name.pem");
    config.tls.key = certificate("wrong-name.key");
    config.tls.client_ca = certificate("ca.pem");
    running sink{config};
    client_options o = trusting();
    o.tls.certificate_file = certificate("client.pem");
    o.tls.key_file = certificate("client.key");
    const probe_result r = probe({sink.url("submission"), o});
    EXPECT_EQ(r.error, errc::tls_unverified);
    EXPECT_EQ(r.hellos.size(), 1u);
    ASSERT_FALSE(r.certificates.sent.empty()); // it is told all the same
    EXPECT_THAT(r.certificates.sent[0].names, ElementsAre("DNS:other.example"));
    EXPECT_EQ(heard(sink), (verbs{{"EHLO", 1}, {"STARTTLS", 1}}));
    EXPECT_EQ(sink.report().total.tls_handshakes, 0u);
}

TEST(probe, tells_all_of_a_chain) {
    auto config = secure_config();
    config.tls.certificate = certificate("chained.pem");
    config.tls.key = certificate("chained.key");
    running sink{config};
    const probe_result r = probe({sink.url("submission"), trusting()});
    EXPECT_TRUE(r) << r.text;
    ASSERT_EQ(r.certificates.sent.size(), 2u);
    ASSERT_EQ(r.certificates.trusted.size(), 1u);
    EXPECT_THAT(r.certificates.faults, ElementsAre());
    const certificate_facts& leaf = r.certificates.sent[0];
    EXPECT_EQ(leaf.subject, "CN=mail.example");
    EXPECT_EQ(leaf.issuer, r.certificates.sent[1].subject);
    EXPECT_EQ(r.certificates.sent[1].issuer, r.certificates.trusted[0].subject);
    EXPECT_THAT(leaf.names, ElementsAre("DNS:mail.example", "DNS:localhost", "IP:127.0.0.1", "IP:::1"));
    EXPECT_EQ(leaf.key, "EC P-256");
    EXPECT_EQ(leaf.key_bits, 256);
    EXPECT_EQ(leaf.signature, "ecdsa-with-SHA256");
    EXPECT_EQ(leaf.pin, pin_of("chained"));
    EXPECT_EQ(leaf.pin, r.tls.pin.view());
    EXPECT_EQ(leaf.valid_until, r.tls.valid_until.view());
    EXPECT_LT(leaf.valid_from, leaf.valid_until);
    std::ifstream file{certificate("chained.pem")};
    const std::string pem{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_THAT(pem, HasSubstr(leaf.pem));
}

TEST(probe, tells_every_fault_of_a_certificate) {
    auto config = secure_config();
    config.tls.certificate = certificate("expired.pem");
    config.tls.key = certificate("expired.key");
    running sink{config};
    client_options o = trusting();
    o.tls.ca_file = certificate("other-ca.pem");
    o.tls.server_name = "elsewhere.example";
    const probe_result r = probe({sink.url("submission"), o});
    EXPECT_THAT(r.certificates.faults,
                ElementsAre(tls_verdict::expired, tls_verdict::untrusted, tls_verdict::wrong_name));
}

TEST(probe, an_rsa_key_has_no_curve) {
    auto config = secure_config();
    config.tls.certificate = certificate("good-rsa.pem");
    config.tls.key = certificate("good-rsa.key");
    running sink{config};
    const probe_result r = probe({sink.url("submission"), trusting()});
    ASSERT_FALSE(r.certificates.sent.empty());
    EXPECT_EQ(r.certificates.sent[0].key, "RSA");
    EXPECT_GE(r.certificates.sent[0].key_bits, 2048);
}

TEST(probe, a_no_is_told_with_its_code) {
    struct {
        const char* script;
        phase where;
        int code;
    } const cases[] = {{"on greeting reply \"554 5.3.2 go away\"", phase::greeting, 554},
                       {"on EHLO 1 reply \"421 4.3.2 closing\"", phase::ehlo, 421},
                       {"on STARTTLS reply \"454 4.7.0 no TLS today\"", phase::starttls, 454},
                       {"on AUTH reply \"535 5.7.8 wrong\"", phase::auth, 535},
                       {"on MAIL reply \"550 5.7.1 not you\"", phase::mail, 550},
                       {"on RCPT reply \"451 4.3.0 later\"", phase::rcpt, 451}};
    for (const auto& one : cases) {
        SCOPED_TRACE(one.script);
        auto config = secure_config();
        config.script = one.script;
        running sink{config};
        ASSERT_NE(sink.port, 0) << sink.failure()->text;
        const probe_result r = probe({sink.url("submission"), as_alice()}, {.mail = letter()});
        EXPECT_EQ(r.error, errc::refused) << r.text;
        EXPECT_EQ(r.where, one.where);
        EXPECT_EQ(r.code, one.code);
        EXPECT_THAT(r.text, HasSubstr(std::string{"was refused: "} + std::to_string(one.code)));
    }
}

TEST(probe, asks_before_the_mail) {
    auto config = clear_config();
    config.offers.vrfy = config.offers.expn = config.offers.xclient = true;
    config.answers = {{"VRFY jones", "250 2.1.5 <jones@example.com>"}};
    running sink{config};
    const probe_result r = probe(
        {sink.url("smtp"), in_clear()},
        {.ask = {{phase::xclient, "ADDR=192.0.2.1"}, {phase::vrfy, "jones"}, {phase::vrfy, ""}, {phase::expn, "staff"}},
         .mail = letter()});
    EXPECT_EQ(r.error, errc::refused);
    ASSERT_EQ(r.answers.size(), 4u);
    EXPECT_TRUE(r.answers[0]);
    EXPECT_EQ(r.answers[1].text, "<jones@example.com>");
    EXPECT_EQ(r.answers[2].error, errc::invalid_parameter);
    EXPECT_EQ(r.answers[3].code, 550);
    EXPECT_EQ(r.where, phase::expn);
    EXPECT_EQ(r.hellos.size(), 2u); // XCLIENT begins anew
    EXPECT_EQ(heard(sink)["RCPT"], 1u);
}

TEST(probe, what_is_wrong_before_the_first_octet) {
    EXPECT_EQ(probe(server{"http://mail.example"}).error, errc::invalid_url);
    probe_result r = probe({"smtp://127.0.0.1:1", in_clear()}, {.mail = letter({"no mailbox"})});
    EXPECT_EQ(r.error, errc::invalid_mailbox);
    EXPECT_TRUE(r.attempts.empty());
    r = probe({"smtp://127.0.0.1:1", in_clear()});
    EXPECT_EQ(r.error, errc::connection_refused);
    ASSERT_EQ(r.attempts.size(), 1u);
    EXPECT_EQ(r.attempts[0].address.view(), "127.0.0.1:1");
    EXPECT_THAT(r.text, HasSubstr("nothing listens"));
}

TEST(probe, without_tls_where_tls_is_needed) {
    running sink{clear_config()};
    client_options o;
    o.client_name = "client.example";
    const probe_result r = probe({sink.url("smtp"), o});
    EXPECT_EQ(r.error, errc::tls_unavailable);
    EXPECT_EQ(r.hellos.size(), 1u);
    EXPECT_EQ(heard(sink), (verbs{{"EHLO", 1}, {"QUIT", 1}}));
}

TEST(probe, a_server_without_tls_behind_starttls_is_told_as_such) {
    auto config = clear_config();
    config.offers.extra = {"STARTTLS"};
    config.script = "on STARTTLS reply \"220 go\"";
    running sink{config};
    client_options o = trusting();
    o.limits.greeting = std::chrono::milliseconds{300}; // the sink waits for a command, and this for its handshake
    const probe_result r = probe({sink.url("smtp"), o});
    EXPECT_NE(r.error, errc::ok);
    EXPECT_EQ(r.where, phase::starttls);
    EXPECT_TRUE(r.certificates.sent.empty());
}

TEST(probe, cannot_be_talked_into_a_second_reply) {
    auto config = clear_config();
    config.script = "on EHLO reply \"nonsense\"";
    running sink{config};
    const probe_result r = probe({sink.url("smtp"), in_clear()});
    EXPECT_EQ(r.error, errc::malformed_reply);
    EXPECT_EQ(r.hellos.size(), 0u);
}

TEST(probe, ends_when_it_is_cancelled) {
    auto config = clear_config();
    config.script = "on greeting delay 60s";
    running sink{config};
    ASSERT_NE(sink.port, 0) << sink.failure()->text;
    canceller stop;
    std::thread other{[&] {
        EXPECT_TRUE(sink.wait_for_connections(1, std::chrono::seconds{20}));
        stop.cancel();
    }};
    const probe_result r = probe({sink.url("smtp"), in_clear()}, {.cancel = &stop});
    other.join();
    EXPECT_EQ(r.error, errc::cancelled);
}

TEST(probe, ends_at_its_time) {
    auto config = clear_config();
    config.script = "on greeting delay 60s";
    running sink{config};
    const probe_result r = probe({sink.url("smtp"), in_clear()},
                                 {.until = std::chrono::steady_clock::now() + std::chrono::milliseconds{50}});
    EXPECT_EQ(r.error, errc::timed_out);
    EXPECT_EQ(r.where, phase::greeting);
}

TEST(probe, drops_what_a_transcript_throws) {
    running sink{clear_config()};
    client_options o = in_clear();
    o.transcript = [](std::string_view) { throw std::runtime_error{"full"}; };
    EXPECT_TRUE(probe({sink.url("smtp"), o}));
}

TEST(probe, goes_through_a_proxy) {
    running sink{clear_config()};
    relay proxy{sink.port, [](int client) {
                    std::string heard;
                    for (char c; !heard.ends_with("\r\n\r\n") && ::read(client, &c, 1) == 1;) heard += c;
                    const std::string yes = "HTTP/1.1 200 ok\r\n\r\n";
                    return heard.starts_with("CONNECT mail.example:25 ") && ::write(client, yes.data(), yes.size()) > 0;
                }};
    client_options o = in_clear();
    o.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
    const probe_result r = probe({"smtp://mail.example", o});
    EXPECT_TRUE(r) << r.text;
    EXPECT_GT(r.proxy.count(), 0);
}

TEST(probe, over_lmtp) {
    auto config = clear_config();
    config.protocol = sink::protocol::lmtp;
    running sink{config};
    const probe_result r = probe({sink.url("lmtp"), in_clear()},
                                 {.last = probe_stage::content, .mail = letter({"bob@b.example", "carol@c.example"})});
    EXPECT_TRUE(r) << r.text;
    ASSERT_TRUE(r.mail);
    EXPECT_EQ(r.mail->recipients.size(), 2u);
    EXPECT_EQ(r.steps[1].command, "LHLO client.example");
}

} // namespace

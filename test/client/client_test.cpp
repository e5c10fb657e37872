// The blocking client against a sink: what is sent, what is told of it, and what happens when things go wrong.
#include "relay.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace postrider;
using namespace test;
using testing::HasSubstr;

TEST(client, sends_a_mail_in_tls_with_the_strongest_mechanism) {
    running sink{secure_config()};
    client_options o = trusting();
    o.auth = password("alice", secret{"wonderland"});
    client c{sink.url("submission"), o};
    const send_result r = c.send(letter({"bob@b.example", "carol@c.example"}));
    EXPECT_TRUE(r) << r.text;
    ASSERT_EQ(r.recipients.size(), 2u);
    EXPECT_EQ(r.recipients[1].address, "carol@c.example");
    EXPECT_EQ(r.recipients[1].what, outcome::accepted);
    EXPECT_EQ(r.recipients[1].code, 250);
    EXPECT_EQ(r.error, errc::ok);
    EXPECT_EQ(r.text, "");
    EXPECT_EQ(r.queue_id, "1");
    EXPECT_EQ(r.tls.version, tls_version::tls_1_3);
    EXPECT_EQ(r.tls.verdict, tls_verdict::verified);
    EXPECT_EQ(r.authenticated_by, mechanism::scram_sha_256);
    EXPECT_EQ(r.server, "127.0.0.1:" + std::to_string(sink.port));
    EXPECT_GT(r.timings.total.count(), 0);
    EXPECT_GT(r.timings.tls.count(), 0);
    EXPECT_GT(r.octets_sent, 100u);
    EXPECT_GT(r.octets_received, 100u);
    const auto mails = sink.mails();
    ASSERT_EQ(mails.size(), 1u);
    EXPECT_EQ(mails[0].from, "alice@a.example");
    EXPECT_EQ(mails[0].content, "Subject: Hello\r\n\r\nHello.\r\n");
    EXPECT_EQ(mails[0].auth_user, "alice");
}

TEST(client, speaks_each_kind_of_url) {
    for (const char* scheme : {"smtp", "submission", "submissions", "smtps", "lmtp"}) {
        auto config = secure_config();
        config.tls.implicit = std::string_view{scheme}.ends_with("s");
        if (std::string_view{scheme} == "lmtp") config.protocol = sink::protocol::lmtp;
        running sink{config};
        client c{sink.url(scheme), trusting()};
        const send_result r = c.send(letter());
        EXPECT_TRUE(r) << scheme << ": " << r.text;
        EXPECT_EQ(r.tls.verdict, tls_verdict::verified) << scheme;
        ASSERT_EQ(sink.mails().size(), 1u) << scheme;
        EXPECT_TRUE(sink.mails()[0].tls.has_value());
    }
}

TEST(client, keeps_its_connection_and_counts_waits) {
    auto config = clear_config();
    config.hold = true;
    config.quiet = std::chrono::milliseconds{3};
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    const send_result first = c.send(letter());
    EXPECT_TRUE(first) << first.text;
    EXPECT_EQ(first.waits, 3u) << "greeting, EHLO, and all the rest in one flight";
    EXPECT_EQ(first.attempts.size(), 1u);
    const send_result second = c.send(letter());
    EXPECT_TRUE(second);
    EXPECT_EQ(second.waits, 1u);
    EXPECT_EQ(second.timings.connect.count(), 0);
    EXPECT_TRUE(second.attempts.empty());
    EXPECT_TRUE(c.is_open());
    c.close();
    EXPECT_FALSE(c.is_open());
    ASSERT_TRUE(sink.wait_for_connections_closed(1, std::chrono::seconds{5}));
    const auto report = sink.report();
    EXPECT_EQ(report.connections, 1u);
    EXPECT_EQ(report.per_connection.front().ending, "quit");
    EXPECT_EQ(report.total.waits, 5u) << "as many as the server has seen, and QUIT";
}

TEST(client, stays_open_after_a_close_that_was_given_up) {
    auto config = clear_config();
    config.script = "on connection 1 QUIT silence";
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    EXPECT_TRUE(c.send(letter()));
    c.close({.until = std::chrono::steady_clock::now() + std::chrono::milliseconds{20}});
    EXPECT_FALSE(c.is_open());
    EXPECT_TRUE(c.send(letter()));
    EXPECT_TRUE(c.send(letter()));
    EXPECT_EQ(sink.report().connections, 2u) << "no QUIT follows the first mail of the second";
}

TEST(client, says_quit_when_it_is_destroyed) {
    running sink{clear_config()};
    { EXPECT_TRUE(client(sink.url("smtp"), in_clear()).send(letter())); }
    ASSERT_TRUE(sink.wait_for_connections_closed(1, std::chrono::seconds{5}));
    EXPECT_EQ(sink.report().per_connection.front().ending, "quit");
}

TEST(client, tells_each_recipient_apart) {
    auto config = clear_config();
    config.script =
        "on RCPT matching \"<nobody@\" reply \"550 5.1.1 who?\"\non RCPT matching \"<later@\" reply \"451 4.3.0 busy\"";
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    const send_result r = c.send(letter({"bob@b.example", "nobody@b.example", "later@b.example"}));
    EXPECT_FALSE(r);
    EXPECT_EQ(r.what, outcome::deferred);
    EXPECT_EQ(r.error, errc::refused);
    EXPECT_EQ(r.recipients[0].what, outcome::accepted);
    EXPECT_EQ(r.recipients[1].what, outcome::rejected);
    EXPECT_EQ(r.recipients[1].where, phase::rcpt);
    EXPECT_EQ(r.recipients[1].code, 550);
    EXPECT_EQ(r.recipients[1].enhanced, (enhanced_status{5, 1, 1}));
    EXPECT_EQ(r.recipients[1].text, "who?");
    EXPECT_EQ(r.recipients[1].again(), status::retry::no);
    EXPECT_EQ(r.recipients[2].what, outcome::deferred);
    EXPECT_EQ(r.recipients[2].again(), status::retry::yes);
    EXPECT_EQ(r.text,
              "nobody@b.example rejected at RCPT: 550 5.1.1 who?; later@b.example deferred at RCPT: 451 4.3.0 busy");
    EXPECT_FALSE(r.nothing_committed());
}

TEST(client, says_once_what_was_said_of_many_recipients) {
    auto config = clear_config();
    config.script = "on RCPT matching \"<no\" reply \"550 5.1.1 who?\"\non content reply \"452 4.3.1 full\"";
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    const send_result r = c.send(letter(
        {"a@b.example", "no1@b.example", "b@b.example", "c@b.example", "no2@b.example", "d@b.example", "e@b.example"}));
    EXPECT_EQ(r.text, "a@b.example, b@b.example, c@b.example and 2 more deferred at content: 452 4.3.1 full; "
                      "no1@b.example, no2@b.example rejected at RCPT: 550 5.1.1 who?");
    for (const recipient_result& one : r.recipients)
        EXPECT_EQ(one.text, one.code == 550 ? "who?" : "full") << one.address;
}

TEST(client, says_what_was_asked_for_and_left_out) {
    const auto left_out = [](const send_result& r) {
        std::string names;
        for (const extension one : {extension::dsn, extension::auth, extension::deliver_by, extension::mt_priority,
                                    extension::future_release})
            if (r.left_out.has(one)) names.append(name(one)).append(" ");
        return names;
    };
    outgoing mail = letter();
    mail.envelope.delivery = {.ret = return_content::headers,
                              .auth_unknown = true,
                              .by = by_mode::notify,
                              .by_seconds = 3600,
                              .prioritised = true,
                              .hold_seconds = 60};
    auto offering = secure_config();
    offering.offers.deliverby = offering.offers.mt_priority = offering.offers.futurerelease = true;
    running sink{offering};
    client_options o = trusting();
    client c{sink.url("smtp"), o};
    EXPECT_EQ(left_out(c.send(mail)), "") << "all of it was said";
    o.unused.add(extension::dsn);
    client without_dsn{sink.url("smtp"), o};
    EXPECT_EQ(left_out(without_dsn.send(mail)), "DSN ");

    auto config = clear_config();
    config.offers = sink::extensions::none();
    config.script = "on MAIL 2 reply \"451 later\"";
    running bare{config};
    client d{bare.url("smtp"), in_clear()};
    const send_result r = d.send(mail);
    EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(left_out(r), "DSN AUTH DELIVERBY MT-PRIORITY FUTURERELEASE ");
    mail.envelope.delivery = {};
    mail.envelope.to.front().notify.add(notify::success);
    EXPECT_EQ(left_out(d.send(mail)), "DSN ") << "though it was refused";
    client nobody{"smtp://127.0.0.1:1", in_clear()};
    EXPECT_EQ(left_out(nobody.send(mail)), "") << "nobody was asked";
}

TEST(client, shows_nothing_that_moves_a_cursor) {
    auto config = clear_config();
    config.script = "on RCPT 1 reply \"550 \xc2\x9bJ\xc3\x9b \x1b[2J\"\non content 1 reply \"250 \xc2\x85\"";
    running sink{config};
    client_options o = in_clear();
    std::string seen;
    o.transcript = [&](std::string_view line) { seen.append(line).append("\n"); };
    client c{sink.url("smtp"), o};
    const send_result r = c.send(letter({"bob@b.example", "carol@c.example"}));
    EXPECT_EQ(r.recipients[0].text, "?J\xc3\x9b ?[2J");
    EXPECT_EQ(r.reply, "?");
    EXPECT_THAT(r.text, HasSubstr("550 ?J\xc3\x9b ?[2J"));
    EXPECT_THAT(seen, HasSubstr("550 ?J\xc3\x9b ?[2J"));
    EXPECT_EQ(seen.find("\xc2"), seen.npos);
}

TEST(client, says_unknown_when_the_last_reply_is_lost) {
    auto config = clear_config();
    config.script = "on content close-before-reply";
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    const send_result r = c.send(letter());
    EXPECT_EQ(r.what, outcome::unknown);
    EXPECT_EQ(r.error, errc::connection_closed);
    EXPECT_EQ(r.recipients[0].again(), status::retry::risks_duplicate);
    EXPECT_THAT(r.text, HasSubstr("may deliver it twice"));
    EXPECT_EQ(sink.report().connections, 1u) << "it is not sent again";
}

TEST(client, sends_many_with_look_ahead) {
    running sink{clear_config()};
    client_options o = in_clear();
    o.look_ahead = 8;
    client c{sink.url("smtp"), o};
    std::vector<outgoing> mails;
    for (int i = 0; i != 100; ++i) mails.push_back(letter({"bob" + std::to_string(i) + "@b.example"}));
    mails[50].envelope.to[0].address = "not a mailbox";
    const auto results = c.send_all(mails);
    ASSERT_EQ(results.size(), 100u);
    for (std::size_t i = 0; i != results.size(); ++i)
        EXPECT_EQ(results[i].what, i == 50 ? outcome::not_attempted : outcome::accepted) << i << results[i].text;
    EXPECT_EQ(results[50].error, errc::invalid_mailbox);
    EXPECT_EQ(sink.mails().size(), 99u);
    EXPECT_EQ(sink.report().connections, 1u);
}

TEST(client, takes_another_connection_where_one_takes_no_more) {
    auto config = clear_config();
    config.limits.mails = 3; // and does not say so
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    std::vector<outgoing> mails;
    for (int i = 0; i != 10; ++i) mails.push_back(letter());
    for (const send_result& r : c.send_all(mails)) EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(sink.mails().size(), 10u);
    EXPECT_EQ(sink.report().connections, 4u);

    auto limited = clear_config();
    limited.limits.mails = 2;
    limited.offers.limits = true;
    running second{limited};
    client d{second.url("smtp"), in_clear()};
    for (const send_result& r : d.send_all(mails)) EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(second.report().connections, 5u);
    d.close();
    EXPECT_EQ(second.report().resets, 0u);

    client_options ahead = in_clear();
    ahead.look_ahead = 8;
    limited.limits.mails = 1;
    running narrow{limited};
    client n{narrow.url("smtp"), ahead};
    for (const send_result& r : n.send_all(mails)) EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(narrow.report().connections, 10u);

    client_options o = in_clear();
    o.mails_per_connection = 4;
    running third{clear_config()};
    client e{third.url("smtp"), o};
    for (const send_result& r : e.send_all(mails)) EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(third.report().connections, 3u);
}

TEST(client, does_not_use_a_connection_that_has_gone_stale) {
    for (const bool secure : {false, true}) {
        auto config = secure ? secure_config() : clear_config();
        config.idle_timeout = std::chrono::milliseconds{300}; // longer than a handshake by the thread sanitizer takes
        running sink{config};
        client c{sink.url("smtp"), secure ? trusting() : in_clear()};
        EXPECT_TRUE(c.send(letter()));
        ASSERT_TRUE(sink.wait_for_connections_closed(1, std::chrono::seconds{5})); // 421, and closed
        const send_result r = c.send(letter());
        EXPECT_TRUE(r) << r.text;
        EXPECT_EQ(sink.report().connections, 2u);
    }
}

TEST(client, sends_again_what_a_dying_connection_has_not_taken) {
    auto config = clear_config();
    config.offers.chunking = false; // by BDAT the content would have left with MAIL
    config.script =
        "on connection 1 MAIL 2 close\non connection 2 content 2 reply \"421 4.3.2 going down\" close-after-reply";
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    EXPECT_TRUE(c.send(letter()));
    const send_result r = c.send(letter());
    EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(sink.report().connections, 2u);
    const send_result third = c.send(letter());
    EXPECT_TRUE(third) << third.text;
    EXPECT_EQ(sink.report().connections, 3u);
    EXPECT_EQ(sink.mails().size(), 3u);
}

TEST(client, keeps_what_a_421_says_in_a_flight) {
    const std::pair<const char*, const char*> scripts[] = {
        {"on MAIL reply \"421 4.7.0 Too many of you\"", "bob@b.example deferred at MAIL: 421 4.7.0 Too many of you"},
        {"on RCPT reply \"421 4.7.0 Too many of you\"", "bob@b.example deferred at RCPT: 421 4.7.0 Too many of you"}};
    for (const bool chunking : {true, false})
        for (const auto& [script, says] : scripts) {
            auto config = clear_config();
            config.offers.chunking = chunking;
            config.script = script;
            running sink{config};
            client c{sink.url("smtp"), in_clear()};
            const send_result r = c.send(letter());
            EXPECT_EQ(r.what, outcome::deferred) << script;
            EXPECT_EQ(r.recipients[0].text, "Too many of you") << script;
            EXPECT_EQ(r.text, says) << chunking;
        }
}

TEST(client, helps_where_the_port_and_the_url_do_not_fit) {
    auto implicit = secure_config();
    implicit.tls.implicit = true;
    running tls_first{implicit};
    client_options o = trusting();
    o.limits.greeting = std::chrono::milliseconds{200};
    client c{tls_first.url("submission"), o};
    send_result r = c.send(letter());
    EXPECT_EQ(r.what, outcome::not_attempted);
    EXPECT_EQ(r.error, errc::timed_out);
    EXPECT_THAT(r.text, HasSubstr("sent no greeting"));

    running clear_first{secure_config()};
    client d{clear_first.url("submissions"), o};
    r = d.send(letter());
    EXPECT_EQ(r.error, errc::tls_failed) << r.text;
    EXPECT_THAT(r.text, HasSubstr(" (TLS): what the server says is no TLS: wrong version number; "
                                  "a server that begins in clear text is spoken to by submission://"));

    running no_tls{clear_config()};
    client e{no_tls.url("smtp"), o};
    r = e.send(letter());
    EXPECT_EQ(r.error, errc::tls_unavailable);
    EXPECT_THAT(r.text, HasSubstr("tls.policy = tls_policy::none"));
    EXPECT_EQ(no_tls.mails().size(), 0u);

    client g{no_tls.url("lmtp"), in_clear()};
    r = g.send(letter());
    EXPECT_EQ(r.what, outcome::not_attempted);
    EXPECT_THAT(r.text, HasSubstr("a server that speaks SMTP is spoken to by smtp://"));
    auto config = clear_config();
    config.protocol = sink::protocol::lmtp;
    running local{config};
    client h{local.url("smtp"), in_clear()};
    r = h.send(letter());
    EXPECT_EQ(r.what, outcome::not_attempted);
    EXPECT_THAT(r.text, HasSubstr("a server that speaks LMTP is spoken to by lmtp://"));

    client_options strange = in_clear();
    strange.tls = {};
    client f{clear_first.url("submission"), strange};
    r = f.send(letter());
    EXPECT_EQ(r.error, errc::tls_unverified);
    EXPECT_THAT(r.text, HasSubstr("tls.ca_file"));
}

TEST(client, says_how_much_too_large_a_mail_is) {
    auto config = clear_config();
    config.max_message_octets = 1'500;
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    outgoing mail = letter({"bob@b.example"}, "Subject: x\n\n" + std::string(1'234'567, 'x'));
    send_result r = c.send(mail);
    EXPECT_EQ(r.error, errc::message_too_large);
    EXPECT_EQ(r.text, sink.url("smtp") +
                          ": the mail is larger than the server takes (MAIL): it has 1,234,583 octets, and the "
                          "server takes 1,500");
    const std::string path = testing::TempDir() + "postrider-too-large.eml";
    std::ofstream{path} << "Subject: x\n\n" << std::string(2'000, 'x') << '\n';
    mail.content = file_content(path);
    r = c.send(mail);
    EXPECT_THAT(r.text, testing::EndsWith("(MAIL): it has 2,016 octets, and the server takes 1,500"));
    std::filesystem::remove(path);
}

TEST(client, says_which_mechanisms_there_are_and_which_were_wanted) {
    running none{clear_config()};
    client_options o = in_clear();
    o.auth = password("alice", secret{"wonderland"});
    o.auth.allow_cleartext = true;
    send_result r = client{none.url("smtp"), o}.send(letter());
    EXPECT_EQ(r.error, errc::auth_unavailable);
    EXPECT_THAT(r.text,
                testing::EndsWith(" (EHLO); it offers no AUTH; many a server offers AUTH inside TLS only: leave "
                                  "tls.policy out"));

    auto config = clear_config();
    config.users = {{"alice", "wonderland", "token-1"}};
    running sink{config};
    o.auth.allowed = strongest_down_to(mechanism::scram_sha_512);
    r = client{sink.url("smtp"), o}.send(letter());
    EXPECT_EQ(r.error, errc::auth_unavailable);
    EXPECT_THAT(r.text, testing::EndsWith(" (EHLO); it offers PLAIN, LOGIN; wanted: SCRAM-SHA-512-PLUS, "
                                          "SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-512"));
    o.auth.allowed = all_mechanisms;
    o.auth.preferred = mechanism::external;
    o.auth.user.clear();
    o.auth.password.reset();
    r = client{sink.url("smtp"), o}.send(letter());
    EXPECT_THAT(r.text, testing::EndsWith(" (EHLO); it offers PLAIN, LOGIN; wanted: EXTERNAL"));
    o.auth = token("alice", [](fresh_token& t) {
        t = {.value = secret{"token-1"}};
        return true;
    });
    o.auth.allow_cleartext = true;
    r = client{sink.url("smtp"), o}.send(letter());
    EXPECT_THAT(r.text, testing::EndsWith(" (EHLO); it offers PLAIN, LOGIN; wanted: OAUTHBEARER, XOAUTH2"));
}

TEST(client, gives_the_trail_of_its_attempts) {
    // Nobody listens on a port that was just given back.
    const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(probe, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    socklen_t size = sizeof a;
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&a), &size);
    const std::string port = std::to_string(ntohs(a.sin_port)); // bound, and not listening: it refuses
    client c{"smtp://127.0.0.1:" + port, in_clear()};
    const send_result r = c.send(letter());
    ::close(probe);
    EXPECT_EQ(r.what, outcome::not_attempted);
    EXPECT_EQ(r.error, errc::connection_refused);
    ASSERT_EQ(r.attempts.size(), 1u);
    EXPECT_EQ(r.attempts[0].address.view(), "127.0.0.1:" + port);
    EXPECT_THAT(r.text, HasSubstr("127.0.0.1:" + port + ": connection refused"));
    EXPECT_THAT(r.text, testing::EndsWith("(127.0.0.1:" + port + ")")); // why is said once
}

TEST(client, refuses_what_is_wrong_before_an_octet_leaves) {
    running sink{clear_config()};
    client c{sink.url("smtp"), in_clear()};
    EXPECT_EQ(c.send(letter({})).error, errc::no_recipients);
    send_result r = c.send(letter({"Bob <bob@b.example>"}));
    EXPECT_EQ(r.error, errc::invalid_mailbox);
    EXPECT_THAT(r.text, HasSubstr("to: `Bob <bob@b.example>` is not a mailbox"));
    r = c.send(letter({"bob@b.example"}, "x", "alice@\r\nRCPT TO:<x@y>"));
    EXPECT_EQ(r.error, errc::invalid_mailbox);
    EXPECT_THAT(r.text, HasSubstr("from: "));
    outgoing broken = letter();
    broken.content = file_content("/nowhere/mail.eml");
    r = c.send(broken);
    EXPECT_EQ(r.error, errc::body_failed);
    EXPECT_THAT(r.text, HasSubstr("/nowhere/mail.eml"));
    outgoing failed = letter();
    failed.error = errc::invalid_message;
    failed.problem = "subject: holds a line break";
    r = c.send(failed);
    EXPECT_EQ(r.error, errc::invalid_message);
    EXPECT_EQ(r.text, "subject: holds a line break");
    EXPECT_EQ(sink.report().connections, 0u);
    r = client{"smtp://", in_clear()}.send(letter());
    EXPECT_EQ(r.error, errc::invalid_url);
    EXPECT_EQ(r.recipients.size(), 1u);
}

TEST(client, sends_a_file_as_it_is_read_and_gives_it_up_when_it_changes) {
    running sink{clear_config()};
    const std::string path = testing::TempDir() + "postrider-mail-" + std::to_string(::getpid());
    std::string text = "Subject: big\n\n";
    while (text.size() < 3'000'000) text += ".a line that begins with a dot\n";
    std::ofstream{path} << text;
    for (const bool chunked : {true, false}) {
        client_options o = in_clear();
        if (!chunked) o.unused.add(extension::chunking);
        client c{sink.url("smtp"), o};
        outgoing mail = letter({"bob@b.example", "carol@b.example"});
        mail.content = file_content(path);
        const send_result r = c.send(mail);
        EXPECT_TRUE(r) << r.text;
        EXPECT_GT(r.content_octets, text.size());
        std::istringstream in{text};
        mail.content = stream_content(in);
        EXPECT_TRUE(c.send(mail));
        EXPECT_TRUE(c.send(mail)) << "a stream is spooled, and can be sent again";
    }
    std::string wire;
    for (const char c : text) wire += c == '\n' ? std::string{"\r\n"} : std::string{c};
    const auto mails = sink.mails();
    ASSERT_EQ(mails.size(), 6u);
    for (const auto& m : mails) EXPECT_EQ(m.content, wire);

    client_options o = in_clear();
    o.progress = [&](const send_progress&) { std::ofstream{path, std::ios::app} << "more\n"; };
    client c{sink.url("smtp"), o};
    outgoing mail = letter();
    mail.content = file_content(path);
    const send_result r = c.send(mail);
    EXPECT_EQ(r.what, outcome::deferred) << r.text;
    EXPECT_TRUE(r.error == errc::body_failed || r.error == errc::content_mismatch) << r.text;
    EXPECT_EQ(sink.mails().size(), 6u);
    ::unlink(path.c_str());
}

TEST(client, uses_a_labels_and_smtputf8_where_each_is_needed) {
    running sink{clear_config()};
    client c{sink.url("smtp"), in_clear()};
    EXPECT_TRUE(c.send(letter({"bob@bücher.example"})));
    EXPECT_TRUE(c.send(letter({"bøb@bücher.example"})));
    const auto mails = sink.mails();
    ASSERT_EQ(mails.size(), 2u);
    EXPECT_EQ(mails[0].recipients[0].address, "bob@xn--bcher-kva.example");
    EXPECT_EQ(mails[1].recipients[0].address, "bøb@bücher.example");
}

TEST(client, asks_for_tokens_and_renews_them) {
    running sink{secure_config()};
    client_options o = trusting();
    int asked = 0;
    o.auth = token("alice", [&](fresh_token& t) {
        t = {.value = secret{++asked == 1 ? "expired" : "token-1"}};
        return true;
    });
    client c{sink.url("submission"), o};
    const send_result r = c.send(letter());
    EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(r.authenticated_by, mechanism::oauthbearer);
    EXPECT_EQ(asked, 2);

    o.auth = password("alice", secret{"wrong"});
    client d{sink.url("submission"), o};
    const send_result no = d.send(letter());
    EXPECT_EQ(no.what, outcome::rejected);
    EXPECT_EQ(no.recipients[0].where, phase::auth);
    EXPECT_EQ(no.recipients[0].code, 535);
    EXPECT_THAT(no.text, HasSubstr("user name or password is wrong"));
}

TEST(client, authenticates_by_its_certificate) {
    auto config = secure_config();
    config.tls.client_ca = certificate("ca.pem");
    config.offers.auth = {"PLAIN", "EXTERNAL"};
    config.users.push_back({"client", "unused"}); // as the certificate's subject has it
    running sink{config};
    client_options o = trusting();
    o.auth = external();
    o.tls.certificate_file = certificate("client.pem");
    o.tls.key_file = certificate("client.key");
    client c{sink.url("submission"), o};
    const send_result r = c.send(letter());
    EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(r.authenticated_by, mechanism::external);
}

TEST(client, shows_what_is_said_without_secrets_and_tells_of_progress) {
    running sink{secure_config()};
    client_options o = trusting();
    o.auth = password("alice", secret{"wonderland"});
    std::string said;
    o.transcript = [&](std::string_view line) { said.append(line).append("\n"); };
    std::uint64_t last = 0, total = 0, told = 0;
    o.progress = [&](const send_progress& p) {
        EXPECT_GE(p.sent, last);
        last = p.sent;
        total = p.total;
        ++told;
    };
    client c{sink.url("submission"), o};
    outgoing mail = letter({"bob@b.example"}, "Subject: x\r\n\r\n" + std::string(300'000, 'x') + "\r\n");
    EXPECT_TRUE(c.send(mail));
    EXPECT_THAT(said, HasSubstr("-> STARTTLS\n"));
    EXPECT_THAT(said, HasSubstr("=== TLS 1.3, TLS_AES_256_GCM_SHA384, with a server that has proved who it is\n"));
    EXPECT_THAT(said, HasSubstr("~> AUTH SCRAM-SHA-256"));
    EXPECT_EQ(said.find("wonderland"), std::string::npos);
    EXPECT_EQ(last, total);
    EXPECT_GE(told, 1u);
}

TEST(client, asks_commands) {
    auto config = clear_config();
    config.offers.vrfy = config.offers.expn = true;
    config.answers = {{"VRFY bob", "250 2.1.5 <bob@b.example>"}};
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    EXPECT_TRUE(c.open());
    EXPECT_TRUE(c.is_open());
    const command_result r = c.verify("bob");
    EXPECT_TRUE(r);
    EXPECT_EQ(r.code, 250);
    EXPECT_EQ(r.text, "<bob@b.example>");
    const command_result no = c.expand("list");
    EXPECT_EQ(no.error, errc::refused);
    EXPECT_EQ(no.code, 550);
    EXPECT_EQ(c.ask(phase::mail).error, errc::invalid_parameter);
    EXPECT_TRUE(c.send(letter()));
    EXPECT_EQ(sink.report().connections, 1u);
}

void ends_at_its_deadline(std::string_view silent) {
    auto config = secure_config();
    config.offers.pipelining = config.offers.chunking = false;
    config.script.append("on ").append(silent).append(" silence");
    running sink{config};
    client_options o = trusting();
    o.auth = password("alice", secret{"wonderland"});
    o.auth.preferred = mechanism::plain;
    client c{sink.url("submission"), o};
    constexpr std::chrono::milliseconds limit{500};
    const auto begun = std::chrono::steady_clock::now();
    const send_result r = c.send(letter(), {.until = begun + limit});
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_EQ(r.error, errc::timed_out) << silent << ": " << r.text;
    EXPECT_EQ(r.what, silent == "content"                    ? outcome::unknown
                      : silent == "RCPT" || silent == "DATA" ? outcome::deferred
                                                             : outcome::not_attempted)
        << silent << ": " << r.text;
    EXPECT_GE(took, limit - std::chrono::milliseconds{1}) << silent;
    EXPECT_LT(took, std::chrono::seconds{20}) << silent;
    EXPECT_FALSE(r.text.empty());
}

TEST(client, ends_at_its_deadline_in_each_phase) {
    std::vector<std::jthread> all;
    for (const char* silent : {"greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "content"})
        all.emplace_back(ends_at_its_deadline, silent);
}

TEST(client, is_not_hurt_by_what_its_functions_throw) {
    running sink{clear_config()};
    for (const char* at : {"220", "MAIL", "QUIT"}) {
        client_options o = in_clear();
        int called = 0;
        o.transcript = [&](std::string_view line) {
            if (line.find(at) != line.npos && ++called != 0) throw std::runtime_error{"thrown by the caller's own"};
        };
        o.progress = [](const send_progress&) { throw 1; };
        {
            client c{sink.url("smtp"), o};
            EXPECT_TRUE(c.send(letter()));
            EXPECT_TRUE(c.send(letter()));
        }
        EXPECT_LE(called, 1) << "it is not called again";
    }
    EXPECT_EQ(sink.mails().size(), 6u);
}

TEST(client, ends_each_mail_at_its_own_time) {
    auto config = clear_config();
    config.offers.pipelining = false;
    config.script = "on connection 1 MAIL 1 silence";
    running sink{config};
    connection line{server{sink.url("smtp"), in_clear()}};
    const auto begun = std::chrono::steady_clock::now();
    std::optional<send_result> patient, impatient, first;
    std::chrono::steady_clock::duration took{};
    line.send(
        letter(), [&](send_result r) { first = std::move(r); }, begun + std::chrono::milliseconds{200});
    line.send(
        letter(), [&](send_result r) { patient = std::move(r); }, begun + std::chrono::seconds{20});
    line.send(
        letter(),
        [&](send_result r) {
            impatient = std::move(r);
            took = std::chrono::steady_clock::now() - begun;
        },
        begun + std::chrono::milliseconds{50});
    while (!line.step() && line.pending() != 0) {
        std::vector<pollfd> waits(line.waits().begin(), line.waits().end());
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(line.wakes() - std::chrono::steady_clock::now());
        ::poll(waits.data(), static_cast<nfds_t>(waits.size()),
               static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 10'000)));
    }
    ASSERT_TRUE(first && patient && impatient);
    EXPECT_EQ(impatient->error, errc::timed_out);
    EXPECT_LT(took, std::chrono::milliseconds{190}) << "it does not wait for those before it";
    EXPECT_EQ(first->error, errc::timed_out);
    EXPECT_TRUE(*patient) << "the time of another mail is none of its: " << patient->text;
    EXPECT_EQ(sink.report().connections, 2u);
}

TEST(client, counts_once_what_mails_in_one_flight_share) {
    running sink{clear_config()};
    auto options = in_clear();
    options.look_ahead = 8;
    options.mails_per_connection = 6;
    connection line{server{sink.url("smtp"), options}};
    EXPECT_EQ(line.counters().connections, 0u);
    std::uint64_t accepted = 0, waits_of_mails = 0;
    for (int i = 0; i != 12; ++i)
        line.send(letter(), [&](const send_result& r) {
            accepted += r ? 1 : 0;
            waits_of_mails += r.waits;
        });
    line.close();
    while (!line.step()) {
        std::vector<pollfd> waits(line.waits().begin(), line.waits().end());
        ::poll(waits.data(), static_cast<nfds_t>(waits.size()), 10'000);
    }
    EXPECT_EQ(accepted, 12u);
    const connection_counters all = line.counters();
    EXPECT_EQ(all.connections, 2u);
    EXPECT_LT(all.waits, waits_of_mails) << "which count for each mail that was under way";
    EXPECT_GE(all.waits, 2u * 3) << "greeting, EHLO and mails, twice";
    ASSERT_TRUE(sink.wait_for_connections_closed(2, std::chrono::seconds{10}));
    EXPECT_EQ(all.octets_sent, sink.report().total.octets_in);
    EXPECT_EQ(all.octets_received, sink.report().total.octets_out);
}

TEST(client, has_limits_of_any_size) {
    running sink{clear_config()};
    for (const auto huge : {std::chrono::milliseconds::max(), std::chrono::milliseconds{0}}) {
        client_options o = in_clear();
        o.limits = {.total = huge, .connect = huge, .greeting = huge, .command = huge, .content = huge, .idle = huge};
        client c{sink.url("smtp"), o};
        EXPECT_TRUE(c.send(letter()));
        EXPECT_TRUE(c.send(letter()));
    }
    client c{sink.url("smtp"), in_clear()};
    const send_result r = c.send(letter(), {.until = std::chrono::steady_clock::now() - std::chrono::seconds{1}});
    EXPECT_EQ(r.error, errc::timed_out);
    EXPECT_THAT(r.text, HasSubstr("before anything was tried"));
    EXPECT_EQ(sink.report().connections, 2u);
}

TEST(client, gives_no_recipient_the_words_said_to_another) {
    auto config = clear_config();
    config.protocol = sink::protocol::lmtp;
    config.script = "on content 2 reply \"452 4.2.2 mailbox full\"";
    running sink{config};
    client c{sink.url("lmtp"), in_clear()};
    send_result r = c.send(letter({"one@b.example", "two@b.example"}));
    EXPECT_EQ(r.recipients[0].what, outcome::accepted);
    EXPECT_EQ(r.recipients[0].text, "");
    EXPECT_EQ(r.recipients[1].text, "mailbox full");
    EXPECT_EQ(r.reply + r.queue_id, "");

    auto narrow = clear_config();
    narrow.limits.recipients = 1;
    narrow.offers.limits = true;
    narrow.script = "on content 2 reply \"550 5.7.1 spam\"";
    running second{narrow};
    client d{second.url("smtp"), in_clear()};
    r = d.send(letter({"one@b.example", "two@b.example"}));
    EXPECT_EQ(r.recipients[0].what, outcome::accepted);
    EXPECT_EQ(r.recipients[0].text, "");
    EXPECT_EQ(r.recipients[1].text, "spam");
    EXPECT_EQ(r.reply + r.queue_id, "");
}

/// A source of one's own, that can be read by one mail at a time.
struct single_content : content_source {
    errc describe(mail_content& to, std::string&) override {
        to = {.pulled = true, .repeatable = true};
        return errc::ok;
    }
    content_part pull(bool) noexcept override { return {.octets = "Subject: single\r\n\r\nHello.\r\n", .last = true}; }
};

TEST(client, refuses_a_content_that_another_mail_is_sent_with) {
    running sink{clear_config()};
    client c{sink.url("smtp"), in_clear()};
    outgoing mail = letter();
    mail.content = std::make_shared<single_content>();
    const auto both = c.send_all(std::vector{mail, mail});
    EXPECT_TRUE(both[0]) << both[0].text;
    EXPECT_EQ(both[1].error, errc::wrong_state);
    EXPECT_THAT(both[1].text, HasSubstr("give each mail a content of its own"));
    EXPECT_TRUE(c.send(mail)) << "one after the other it goes";
    std::ofstream stream; // an operator for secrets must not stand in the way of others
    stream << "text";
}

TEST(client, is_stopped_from_another_thread) {
    auto config = clear_config();
    config.script = "on content silence";
    running sink{config};
    client c{sink.url("smtp"), in_clear()};
    std::stop_source stop;
    std::jthread other{[&] {
        while (sink.report().total.commands < 4) std::this_thread::yield(); // EHLO, MAIL, RCPT, BDAT
        stop.request_stop();
    }};
    send_result r = c.send(letter(), {.stop = stop.get_token()});
    EXPECT_EQ(r.error, errc::cancelled);
    EXPECT_EQ(r.what, outcome::unknown);
    r = c.send(letter(), {.stop = stop.get_token()});
    EXPECT_EQ(r.what, outcome::not_attempted) << "a stop that was asked for before";
    canceller by_signal;
    by_signal.cancel();
    r = c.send(letter(), {.cancel = &by_signal});
    EXPECT_EQ(r.error, errc::cancelled);
    EXPECT_EQ(sink.mails().size(), 0u);
}

// For the thread sanitizer above all: trust, TLS sessions and the token are one server's, and its clients are in four threads.
TEST(client, shares_a_server_with_clients_in_other_threads) {
    running sink{secure_config()};
    client_options o = trusting();
    int renewed = 0; // one thread at a time does
    o.auth = token("alice", [&](fresh_token& t) {
        ++renewed;
        t = {.value = secret{"token-1"}, .valid_for = std::chrono::seconds{30}}; // about to expire
        return true;
    });
    const server to{sink.url("submission"), o};
    std::atomic<int> accepted = 0, resumed = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t != 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i != 3; ++i) {
                    client c{to};
                    const send_result r = c.send(letter());
                    accepted += r ? 1 : 0;
                    resumed += r.tls.resumed ? 1 : 0;
                }
            });
    }
    EXPECT_EQ(accepted, 12);
    EXPECT_GE(resumed, 1);
    EXPECT_EQ(renewed, 12);
}

TEST(client, speaks_lmtp_over_a_local_socket) {
    auto config = clear_config();
    config.protocol = sink::protocol::lmtp;
    running sink{config};
    const std::string path = testing::TempDir() + "postrider-" + std::to_string(::getpid());
    {
        const relay local{sink.port, [](int) { return true; }, path};
        client c{"lmtp+unix:" + path};
        const send_result r = c.send(letter({"bob@b.example", "carol@b.example"}));
        EXPECT_TRUE(r) << r.text;
        EXPECT_EQ(r.server, path);
    }
    EXPECT_EQ(sink.mails().size(), 1u);
    client gone{"lmtp+unix:" + path};
    const send_result r = gone.send(letter());
    EXPECT_THAT(r.text, HasSubstr(path));
    EXPECT_EQ(r.what, outcome::not_attempted);
}

TEST(client, goes_through_a_socks_proxy) {
    running sink{secure_config()};
    std::string asked;
    const relay proxy{sink.port, [&](int client) {
                          exchange(client, {}, 4);      // version 5, two methods
                          exchange(client, {5, 2}, 16); // with user and password: 1 4 user 9 pass word
                          asked = exchange(client, {1, 0}, 4 + 1 + 9 + 2); // CONNECT localhost
                          exchange(client, std::string("\5\0\0\1\0\0\0\0\0\0", 10), 0);
                          return true;
                      }};
    client_options o = trusting();
    o.proxy = "socks5://user:pass%20word@127.0.0.1:" + std::to_string(proxy.port());
    client c{sink.url("submission"), o};
    const send_result r = c.send(letter());
    EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(r.tls.verdict, tls_verdict::verified) << "the server's name, and not the proxy's";
    EXPECT_GT(r.timings.proxy.count(), 0);
    EXPECT_EQ(asked.substr(0, 14), std::string("\5\1\0\3\x9localhost", 14)) << "the proxy looks the name up";
}

TEST(client, is_told_what_a_proxy_refuses) {
    running sink{clear_config()};
    const relay socks{sink.port, [](int client) {
                          exchange(client, {}, 3);
                          exchange(client, {5, 0}, 16);
                          exchange(client, std::string("\5\5\0\1\0\0\0\0\0\0", 10), 0);
                          return false;
                      }};
    client_options o = in_clear();
    o.proxy = "socks5://127.0.0.1:" + std::to_string(socks.port());
    send_result r = client{sink.url("smtp"), o}.send(letter());
    EXPECT_EQ(r.error, errc::connection_refused);
    EXPECT_EQ(r.what, outcome::not_attempted);
    EXPECT_THAT(r.text, HasSubstr("SOCKS5"));

    const relay http{sink.port, [](int client) {
                         exchange(client, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 1);
                         return false;
                     }};
    o.proxy = "http://127.0.0.1:" + std::to_string(http.port());
    r = client{sink.url("smtp"), o}.send(letter());
    EXPECT_EQ(r.error, errc::proxy_failed);
    EXPECT_THAT(r.text, HasSubstr("407 Proxy Authentication Required"));

    const relay silent{sink.port, [](int client) {
                           exchange(client, {}, 1000);
                           return false;
                       }};
    o.proxy = "http://127.0.0.1:" + std::to_string(silent.port());
    o.limits.connect = std::chrono::milliseconds{100};
    r = client{sink.url("smtp"), o}.send(letter());
    EXPECT_EQ(r.error, errc::timed_out) << r.text;
    EXPECT_EQ(sink.report().connections, 0u);
}

TEST(client, connects_from_the_address_that_is_asked_for) {
    running sink{clear_config()};
    client_options o = in_clear();
    o.source_address = "127.0.0.5";
    client c{sink.url("smtp", "127.0.0.1"), o};
    EXPECT_TRUE(c.send(letter()));
    EXPECT_THAT(sink.mails().at(0).peer, HasSubstr("127.0.0.5"));
}

} // namespace

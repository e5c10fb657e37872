// URLs, options and names of mails: what is understood, what is refused before an octet leaves, and in which words.
#include "explain.hpp"
#include "job.hpp"
#include "state.hpp"

#include "postrider/server.hpp"

#include <gtest/gtest.h>

namespace {

using namespace postrider;

TEST(url, is_taken_apart) {
    struct example {
        const char* url;
        const char* shortest;
        const char* host;
        int port;
        bool implicit_tls, lmtp;
    };
    constexpr example all[] = {
        {"smtp://mail.example", "smtp://mail.example", "mail.example", 25, false, false},
        {"SMTP://mail.example:2525/", "smtp://mail.example:2525", "mail.example", 2525, false, false},
        {"submission://mail.example", "submission://mail.example", "mail.example", 587, false, false},
        {"submissions://mail.example:465", "submissions://mail.example", "mail.example", 465, true, false},
        {"smtps://mail.example", "smtps://mail.example", "mail.example", 465, true, false},
        {"lmtp://127.0.0.1:24", "lmtp://127.0.0.1", "127.0.0.1", 24, false, true},
        {"smtp://[2001:db8::1]:26", "smtp://[2001:db8::1]:26", "2001:db8::1", 26, false, false},
        {"smtp://[fe80::1%lo]", "smtp://[fe80::1%lo]", "fe80::1%lo", 25, false, false},
        {"submission://bücher.example", "submission://xn--bcher-kva.example", "xn--bcher-kva.example", 587, false,
         false},
    };
    for (const example& e : all) {
        const server s{e.url};
        EXPECT_TRUE(s) << e.url << ": " << s.problem();
        EXPECT_EQ(s.url(), e.shortest);
        EXPECT_EQ(s.shared().at.host, e.host);
        EXPECT_EQ(s.shared().at.port, e.port) << e.url;
        EXPECT_EQ(s.shared().at.implicit_tls, e.implicit_tls) << e.url;
        EXPECT_EQ(s.shared().at.lmtp, e.lmtp) << e.url;
        EXPECT_EQ(s.shared().policy, tls_policy::verified) << e.url;
    }
    const server local{"lmtp+unix:/run/dovecot/lmtp"};
    EXPECT_EQ(local.shared().at.path, "/run/dovecot/lmtp");
    EXPECT_EQ(local.shared().policy, tls_policy::outside);
    EXPECT_EQ(server{"smtp+unix:///run/smtp"}.shared().at.path, "/run/smtp");
}

TEST(url, is_refused_with_what_to_do_about_it) {
    constexpr std::pair<const char*, const char*> all[] = {
        {"mail.example", "submission://mail.example"},
        {"", "must begin with one of"},
        {"http://mail.example", "must begin with one of"},
        {"smtp:mail.example", "must stand `//`"},
        {"smtp://", "names no host"},
        {"smtp://:25", "names no host"},
        {"smtp://mail.example:", "from 1 to 65535"},
        {"smtp://mail.example:0", "from 1 to 65535"},
        {"smtp://mail.example:65536", "from 1 to 65535"},
        {"smtp://mail.example:25x", "from 1 to 65535"},
        {"smtp://2001:db8::1", "stands in brackets"},
        {"smtp://[2001:db8::1", "has no `]`"},
        {"smtp://[::1]25", "behind the `]`"},
        {"smtp://alice:secret@mail.example", "does not belong into a URL"},
        {"smtp://mail.example/path", "nothing can stand behind"},
        {"smtp://mail.example?x=1", "nothing can stand behind"},
        {"smtp://mail example", "space or a control character"},
        {"smtp://mail.example\r\n", "space or a control character"},
        {"smtp://-x-.exa_mple..", "is no host name"},
        {"lmtp+unix:run/lmtp", "begins with a `/`"},
    };
    for (const auto& [url, says] : all) {
        const server s{url};
        EXPECT_EQ(s.error(), errc::invalid_url) << url;
        EXPECT_NE(s.problem().find(says), std::string::npos) << url << ": " << s.problem();
        EXPECT_EQ((s.problem() + s.url()).find("secret"), std::string::npos) << "a URL with a password is not shown";
    }
}

TEST(options, are_refused_with_what_to_do_about_it) {
    const auto refused = [](client_options o, errc why, const char* says,
                            const char* url = "submission://mail.example") {
        const server s{url, std::move(o)};
        EXPECT_EQ(s.error(), why) << says << ": " << s.problem();
        EXPECT_NE(s.problem().find(says), std::string::npos) << s.problem();
    };
    refused({.client_name = "not a name"}, errc::invalid_domain, "client_name");
    refused({.tls = {.policy = tls_policy::none}}, errc::invalid_parameter, "TLS from the first octet",
            "submissions://mail.example");
    refused({.tls = {.ca_file = "/nowhere/ca.pem"}}, errc::invalid_trust, "/nowhere/ca.pem");
    refused({.tls = {.pins = {"sha256//AAAA"}}}, errc::invalid_trust, "pin");
    refused({.tls = {.certificate_file = "/nowhere/me.pem"}}, errc::invalid_certificate, "/nowhere/me.pem");
    refused({.tls = {.server_name = "not a name"}}, errc::invalid_domain, "tls.server_name");
    refused({.auth = password("alice", secret{"x"}), .tls = {.policy = tls_policy::none}}, errc::cleartext_auth,
            "auth.allow_cleartext");
    refused({.auth = password("", secret{"x"})}, errc::invalid_credentials, "auth.user is empty");
    refused({.auth = password("alice", secret{})}, errc::invalid_credentials, "the password is empty");
    refused({.auth = password("alice", secret{std::string_view{"x\0y", 3}})}, errc::invalid_credentials,
            "the password");
    refused({.auth = password("al\xffice", secret{"x"})}, errc::invalid_credentials, "the user name");
    const std::string_view sources[] = {"eth0", "mail.example", "127.0.0.1:25", "127.1", "[127.0.0.1]", "::1%", " ::1"};
    for (const std::string_view source : sources)
        refused({.source_address = std::string{source}}, errc::invalid_parameter,
                std::string{"source_address: `"}.append(source).append("` is no IP address").c_str());
    const std::pair<const char*, const char*> lists[] = {{"dns.example", "dns.example"},
                                                         {"127.0.0.1,dns.example:53", "dns.example:53"},
                                                         {"127.0.0.1:", "127.0.0.1:"},
                                                         {"127.0.0.1:0", "127.0.0.1:0"},
                                                         {"127.0.0.1:65536", "127.0.0.1:65536"},
                                                         {"127.0.0.1:5x", "127.0.0.1:5x"},
                                                         {"[::1]", "[::1]"},
                                                         {"[127.0.0.1]:53", "[127.0.0.1]:53"},
                                                         {"127.0.0.1, ::1", " ::1"},
                                                         {",127.0.0.1", ""},
                                                         {"fe80::1%lo", "fe80::1%lo"},
                                                         {"[::1]x53", "[::1]x53"}};
    for (const auto& [list, wrong] : lists)
        refused({.dns_servers = list}, errc::invalid_parameter,
                std::string{"dns_servers: `"}.append(wrong).append("` is no IP address").c_str());
    for (const client_options& good :
         {client_options{.source_address = "127.0.0.1", .dns_servers = "127.0.0.1"},
          client_options{.source_address = "::1", .dns_servers = "127.0.0.1:5353,[::1]:5353,2001:db8::1"},
          client_options{.source_address = "[::1]", .dns_servers = "::1,"},
          client_options{.source_address = "fe80::1%lo"}, client_options{.source_address = "fe80::1%nowhere"}})
        EXPECT_TRUE((server{"submission://mail.example", good})) << good.source_address << ' ' << good.dns_servers;
    flags<extension> no_auth;
    no_auth.add(extension::auth);
    refused({.auth = password("alice", secret{"x"}), .unused = no_auth}, errc::invalid_parameter, "`unused`");
    refused({.auth = external(), .unused = no_auth}, errc::invalid_parameter, "`unused`");
    EXPECT_TRUE((server{"submission://mail.example", {.unused = no_auth}}));
    refused({.look_ahead = 0}, errc::invalid_parameter, "look_ahead");
    refused({.proxy = "ftp://proxy.example"}, errc::invalid_url, "proxy");
    refused({.proxy = "socks5://proxy.example"}, errc::invalid_parameter, "local socket", "lmtp+unix:/run/lmtp");
}

TEST(servers, are_equal_where_all_that_matters_is) {
    const auto with = [](auto change) {
        client_options o{.auth = password("alice", secret{"one"})};
        change(o);
        return server{"submission://mail.example", std::move(o)};
    };
    const server one = with([](client_options&) {});
    EXPECT_EQ(one, one);
    EXPECT_EQ(one, with([](client_options&) {})) << "made of the same, although not the same object";
    EXPECT_EQ(one, (server{"submission://MAIL.example:587", one.options()}));
    const server others[] = {
        server{"submission://mail2.example", one.options()},
        server{"submission://mail.example:588", one.options()},
        server{"smtp://mail.example:587", one.options()},
        with([](client_options& o) {
            o.tls.policy = tls_policy::opportunistic;
            o.auth.allow_cleartext = true;
        }),
        with([](client_options& o) { o.tls.pins = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}; }),
        with([](client_options& o) { o.tls.ca_folder = "/etc/ssl/certs"; }),
        with([](client_options& o) { o.tls.server_name = "other.example"; }),
        with([](client_options& o) { o.tls.least = tls_version::tls_1_3; }),
        with([](client_options& o) { o.auth.user = "bob"; }),
        with([](client_options& o) { o.auth.password = std::make_shared<const secret>("two"); }),
        with([](client_options& o) { o.auth.authorize_as = "bob"; }),
        with([](client_options& o) { o.auth.allowed = strongest_down_to(mechanism::scram_sha_256); }),
        with([](client_options& o) { o.auth = token("alice", {}); }),
        with([](client_options& o) { o.proxy = "socks5://proxy.example"; }),
        with([](client_options& o) { o.source_address = "127.0.0.2"; }),
        with([](client_options& o) { o.client_name = "client.example"; }),
        with([](client_options& o) { o.dns_servers = "127.0.0.1:53"; }),
        with([](client_options& o) { o.transcript = [](std::string_view) {}; }),
    };
    for (const server& other : others) EXPECT_FALSE(one == other) << &other - others;
}

TEST(explain, helps_where_the_port_and_the_url_do_not_fit) {
    const auto says = [](const char* url, client_detail::failure f) {
        return client_detail::explain(server{url}.shared(), f);
    };
    EXPECT_EQ(says("smtp://mail.example:465", {errc::connection_closed, phase::greeting}),
              "smtp://mail.example:465: the server closed the connection before its greeting; port 465 expects TLS "
              "from the first "
              "octet: use submissions://");
    EXPECT_EQ(says("submission://mail.example:465", {errc::timed_out, phase::greeting}),
              "submission://mail.example:465: the server sent no greeting within the time limit; port 465 expects TLS "
              "from the "
              "first octet: use submissions://");
    EXPECT_NE(says("submissions://mail.example:587", {errc::tls_failed, phase::starttls}).find("use submission://"),
              std::string::npos);
    EXPECT_EQ(
        says("smtp://mail.example:2525", {errc::timed_out, phase::greeting}),
        "smtp://mail.example:2525: the server sent no greeting within the time limit; if this port expects TLS from "
        "the first octet: submissions://");
    EXPECT_EQ(says("smtp://mail.example:2525", {errc::cancelled}), "smtp://mail.example:2525: cancelled by the caller");
    tls_facts broken;
    broken.failure.append("wrong version number");
    EXPECT_EQ(says("submission://mail.example", {errc::tls_failed, phase::starttls, 0, true, nullptr, &broken}),
              std::string{"submission://mail.example: "}
                  .append(describe(errc::tls_failed))
                  .append(" (STARTTLS): wrong version number"));
    EXPECT_NE(says("smtps://mail.example:25", {errc::tls_failed, phase::starttls}).find("use smtp://"),
              std::string::npos);
    flags<extension> missing;
    missing.add(extension::smtputf8);
    missing.add(extension::dsn);
    EXPECT_EQ(
        says("smtp://mail.example", {errc::extension_unavailable, phase::mail, 0, true, nullptr, nullptr, {}, missing}),
        std::string{"smtp://mail.example: "}
            .append(describe(errc::extension_unavailable))
            .append(" (MAIL): SMTPUTF8, DSN"));
}

TEST(explain, knows_which_advice_does_not_fit) {
    const auto says = [](client_options o, client_detail::failure f) {
        o.auth.allow_cleartext = true;
        return client_detail::explain(server{"submission://mail.example", std::move(o)}.shared(), f);
    };
    tls_facts facts;
    for (const tls_verdict why : {tls_verdict::self_signed, tls_verdict::untrusted}) {
        facts.verdict = why;
        const client_detail::failure f{errc::tls_unverified, phase::starttls, 0, true, nullptr, &facts};
        EXPECT_TRUE(says({}, f).ends_with("; trust its authority by tls.ca_file, or its key by tls.pins"));
        EXPECT_TRUE(says({.tls = {.pins = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}, f)
                        .ends_with("; its key is one of tls.pins: tls.pins_suffice makes that enough, or trust its "
                                   "authority by tls.ca_file"));
    }
    capabilities offered;
    const client_detail::failure f{errc::auth_unavailable, phase::ehlo, 0, true, nullptr, nullptr, {}, {}, &offered};
    client_options o{.auth = password("alice", secret{"x"}), .tls = {.policy = tls_policy::none}};
    const std::string_view leave_it_out = "leave tls.policy out";
    EXPECT_NE(says(o, f).find(leave_it_out), std::string::npos);
    offered.add_line("AUTH GSSAPI");
    EXPECT_EQ(says(o, f).find(leave_it_out), std::string::npos);
    EXPECT_NE(says(o, f).find("; it offers AUTH by none that is known here; wanted: SCRAM-SHA-512-PLUS, "),
              std::string::npos);
    EXPECT_TRUE(says(o, f).ends_with(", CRAM-MD5, PLAIN, LOGIN"));
    o.auth.authorize_as = "bob";
    EXPECT_TRUE(says(o, f).ends_with(", SCRAM-SHA-1, PLAIN")) << "LOGIN and CRAM-MD5 cannot say it";
    o.auth.allowed = {static_cast<std::uint32_t>(mechanism::login)};
    EXPECT_TRUE(says(o, f).ends_with("; wanted: none of those that are allowed"));
}

TEST(queue_id, is_found_in_what_servers_say) {
    constexpr std::pair<const char*, const char*> all[] = {
        {"Ok: queued as 4XyZ1w0Bcdz1", "4XyZ1w0Bcdz1"},                                // Postfix
        {"OK id=1tXabc-00000000abc-1aBc", "1tXabc-00000000abc-1aBc"},                  // Exim
        {"4f1e2d3c Message accepted for delivery", "4f1e2d3c"},                        // OpenSMTPD, Sendmail
        {"OK  1700000000 a1b2c3-20020a170902.123 - gsmtp", "a1b2c3-20020a170902.123"}, // Gmail
        {"<a@b> [InternalId=17, Hostname=x.prod.outlook.com] 8 bytes in 0.1, Queued mail for delivery",
         "17"},                                                                     // Exchange
        {"ok 1700000000 qp 1234", "1234"},                                          // qmail
        {"<bob@b.example> gN1hCrZ4dGkQAAAA Saved", "gN1hCrZ4dGkQAAAA"},             // Dovecot
        {"<bob@b.example> gN1hCrZ4dGkQAAAA:T2 Saved", "gN1hCrZ4dGkQAAAA:T2"},       // the connection's second mail
        {" 373 byte chunk, total 373\nOK id=1xXmfD-0000t5-2p", "1xXmfD-0000t5-2p"}, // Exim, to BDAT
        {"Thanks\nOk: queued as 4XyZ1w0Bcdz1: see you", "4XyZ1w0Bcdz1"},
        {"Message Queued (6E3A.1)", "6E3A.1"}, // Haraka
        {"OK", ""},                            // aiosmtpd
        {"", ""},
        {"queued as ", ""},
        {" - gsmtp", ""},
    };
    for (const auto& [said, id] : all) EXPECT_EQ(client_detail::queue_id(said), id) << said;
}

TEST(worst, is_the_first_of_unknown_deferred_not_attempted_rejected_accepted) {
    using enum outcome;
    const auto of = [](std::vector<outcome> all) {
        std::vector<recipient_result> r;
        for (const outcome one : all) r.push_back({.what = one});
        return client_detail::worst(r);
    };
    EXPECT_EQ(of({}), not_attempted);
    EXPECT_EQ(of({accepted, accepted}), accepted);
    EXPECT_EQ(of({accepted, rejected}), rejected);
    EXPECT_EQ(of({not_attempted, rejected, accepted}), not_attempted);
    EXPECT_EQ(of({deferred, not_attempted, rejected}), deferred);
    EXPECT_EQ(of({accepted, unknown, deferred}), unknown);
}

} // namespace

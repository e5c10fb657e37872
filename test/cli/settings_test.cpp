#include "settings.hpp"

#include "failure.hpp"

#include <gtest/gtest.h>

#include <sysexits.h>

namespace {

using namespace postrider;
using cli::settings;

settings of(std::initializer_list<std::pair<const char*, const char*>> all, const std::string& origin = "--") {
    settings s;
    for (const auto& [name, text] : all) s.set(name, {text}, origin + name);
    return s;
}

std::string refusal(const settings& s, int code) {
    try {
        static_cast<void>(cli::make_server(s));
    } catch (const cli::failure& why) {
        EXPECT_EQ(why.code, code) << why.text;
        return why.text;
    }
    ADD_FAILURE() << "it was taken";
    return {};
}

TEST(settings, hosts_become_urls) {
    EXPECT_EQ(cli::url_of("mail.example"), "submission://mail.example");
    EXPECT_EQ(cli::url_of("mail.example:2525"), "submission://mail.example:2525");
    EXPECT_EQ(cli::url_of("mail.example:25"), "smtp://mail.example:25");
    EXPECT_EQ(cli::url_of("mail.example:465"), "submissions://mail.example:465");
    EXPECT_EQ(cli::url_of("mail.example:24"), "lmtp://mail.example:24");
    EXPECT_EQ(cli::url_of("[2001:db8::25]"), "submission://[2001:db8::25]");
    EXPECT_EQ(cli::url_of("[2001:db8::1]:25"), "smtp://[2001:db8::1]:25");
    EXPECT_EQ(cli::url_of("lmtp+unix:/run/lmtp"), "lmtp+unix:/run/lmtp");
    EXPECT_EQ(cli::url_of("/run/smtp"), "smtp+unix:/run/smtp");
    EXPECT_EQ(cli::url_of("smtps://mail.example"), "smtps://mail.example");
}

TEST(settings, all_have_what_help_needs_and_one_name) {
    std::string before;
    for (const cli::setting& one : cli::all_settings()) {
        EXPECT_EQ(cli::setting_named(one.name), &one);
        EXPECT_FALSE(one.help.empty()) << one.name;
        EXPECT_EQ(one.value.empty(), one.kind == cli::setting_kind::flag) << one.name;
    }
    EXPECT_EQ(cli::setting_named("password"), nullptr);
}

TEST(settings, an_account_completes_what_was_not_said) {
    settings s = of({{"ehlo", "me.example"}});
    s.complete(of({{"ehlo", "other.example"}, {"server", "mail.example"}, {"user", "alice"}, {"password-file", "p"}},
                  "c:1: "));
    EXPECT_EQ(s.text("ehlo"), "me.example");
    EXPECT_EQ(s.text("server"), "mail.example");
    EXPECT_EQ(s.text("password-file"), "p");
    EXPECT_EQ(s.find("server")->origin, "c:1: server");
}

TEST(settings, a_password_is_for_its_own_server_and_user) {
    const settings account =
        of({{"server", "mail.example"}, {"user", "alice"}, {"password-file", "p"}, {"auth-in-clear", "true"}});
    settings elsewhere = of({{"server", "evil.example"}});
    elsewhere.complete(account);
    for (const char* const name : {"user", "password-file", "auth-in-clear"})
        EXPECT_EQ(elsewhere.find(name), nullptr) << name;
    settings somebody = of({{"user", "bob"}});
    somebody.complete(account);
    EXPECT_EQ(somebody.find("password-file"), nullptr);
    settings by_another_proxy = of({{"proxy", "socks5://u@evil.example:1"}});
    by_another_proxy.complete(of({{"proxy", "socks5://u@good.example:1"}, {"proxy-password-file", "p"}}));
    EXPECT_EQ(by_another_proxy.find("proxy-password-file"), nullptr);
    for (const std::string key : {"tls-key", "dkim-key"}) {
        settings by_another_key = of({{key.c_str(), "mine.pem"}});
        by_another_key.complete(of({{key.c_str(), "theirs.pem"}, {(key + "-password-file").c_str(), "p"}}));
        EXPECT_EQ(by_another_key.find(key + "-password-file"), nullptr);
        settings by_another_source = of({{(key + "-password-env").c_str(), "P"}});
        by_another_source.complete(of({{key.c_str(), "theirs.pem"}, {(key + "-password-file").c_str(), "p"}}));
        EXPECT_EQ(by_another_source.find(key + "-password-file"), nullptr);
        EXPECT_EQ(by_another_source.text(key), "theirs.pem");
    }
    settings by_another_certificate = of({{"tls-cert", "mine.pem"}});
    by_another_certificate.complete(
        of({{"tls-cert", "theirs.pem"}, {"tls-key", "theirs.key"}, {"tls-key-password-file", "p"}}));
    EXPECT_EQ(by_another_certificate.find("tls-key"), nullptr);
    EXPECT_EQ(by_another_certificate.find("tls-key-password-file"), nullptr);
    settings by_command = of({{"password-command", "x"}});
    by_command.complete(account);
    EXPECT_EQ(by_command.find("password-file"), nullptr);
    EXPECT_EQ(by_command.text("user"), "alice");
}

TEST(settings, what_is_wrong_is_told_where_it_was_said) {
    EXPECT_EQ(refusal(of({{"server", "x"}, {"tls", "some"}}), EX_USAGE),
              "--tls: `some` is none of verified, opportunistic, none, outside");
    EXPECT_EQ(refusal(of({{"server", "x"}, {"timeout", "1h"}}, "f.toml:7: "), EX_CONFIG),
              "f.toml:7: timeout: `1h` is no whole number from 0 to 31622400");
    EXPECT_EQ(refusal({}, EX_CONFIG), "no server is named: --server URL, or an account with one");
}

TEST(settings, become_options) {
    settings s = of({{"server", "smtp://127.0.0.1"},
                     {"tls", "NONE"},
                     {"timeout", "7"},
                     {"connect-timeout", "0"},
                     {"look-ahead", "9"},
                     {"mails-per-connection", "5"},
                     {"ehlo", "me.example"},
                     {"tls-min", "1.3"},
                     {"tls-sni", "n.example"}});
    s.set("no-use", {"chunking", "DSN"}, "--no-use");
    const server to = cli::make_server(s);
    const client_options& o = to.options();
    EXPECT_EQ(o.limits.total, std::chrono::seconds{7});
    EXPECT_EQ(o.limits.connect, std::chrono::seconds{0});
    EXPECT_EQ(o.look_ahead, 9);
    EXPECT_EQ(o.mails_per_connection, 5u);
    EXPECT_EQ(o.client_name, "me.example");
    EXPECT_EQ(o.tls.least, tls_version::tls_1_3);
    EXPECT_EQ(o.tls.server_name, "n.example");
    EXPECT_EQ(o.tls.policy, tls_policy::none);
    EXPECT_TRUE(o.unused.has(extension::chunking));
    EXPECT_TRUE(o.unused.has(extension::dsn));
}

TEST(settings, the_password_of_a_proxy_goes_into_its_url_as_a_url_has_it) {
    const settings s = of({{"server", "smtp://mail.example"},
                           {"proxy", "socks5://u@127.0.0.1:1"},
                           {"proxy-password-command", "printf 'a:@/ %%'"}});
    EXPECT_EQ(cli::make_server(s).options().proxy, "socks5://u:a%3A%40%2F%20%25@127.0.0.1:1");
}

TEST(settings, texts_for_developers_become_texts_for_people) {
    EXPECT_EQ(cli::in_our_words("trust its authority by tls.ca_file, or its key by tls.pins"),
              "trust its authority by --tls-ca, or its key by --tls-pin");
    EXPECT_EQ(cli::in_our_words("nothing of ours"), "nothing of ours");
    EXPECT_EQ(cli::in_our_words("to.bob@b.example rejected at RCPT: 550 no"),
              "to.bob@b.example rejected at RCPT: 550 no");
}

} // namespace

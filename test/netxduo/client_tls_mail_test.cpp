// Mails inside TLS: every service, by STARTTLS and from the first octet.

#include "client_tls_support.hpp"

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class tls_mail : public tls_services {};
INSTANTIATE_TEST_SUITE_P(modes, tls_mail,
                         ::testing::Values(UINT{NX_SMTP_CLIENT_TLS_STARTTLS}, UINT{NX_SMTP_CLIENT_TLS_IMPLICIT}),
                         [](const auto& mode) {
                             return std::string(mode.param == NX_SMTP_CLIENT_TLS_STARTTLS ? "starttls" : "implicit");
                         });

std::string before_tls(UINT mode) {
    return mode == NX_SMTP_CLIENT_TLS_STARTTLS ? "EHLO client.example\r\nSTARTTLS\r\n" : "";
}

TEST_P(tls_mail, by_the_call_of_the_original) {
    EXPECT_EQ(NX_SUCCESS, send_in_tls(in_tls(GetParam()), GetParam()));
    EXPECT_EQ(before_tls(GetParam()) + whole_dialog(), heard());
    EXPECT_EQ(before_tls(GetParam()).size(), server.last().in_clear);
    EXPECT_EQ("sni mail.example\n", server.last().words);
    expect_nothing_in_clear(server.last());
    EXPECT_EQ(0u, tap::counted().resets);
    EXPECT_EQ(NX_SUCCESS, send()) << "and once more";
    EXPECT_EQ(2u, application->setups);
}

TEST_P(tls_mail, over_ipv6_and_in_many_segments) {
    family = script::server::family::v6;
    script::server other(in_tls(GetParam(), "good-rsa"), family);
    create();
    CHAR text[] = "user", name[] = "::1", from[] = "alice@a.example", domain[] = "client.example";
    NXD_ADDRESS address = loopback(family);
    delete_client();
    ASSERT_EQ(NX_SUCCESS, nxd_smtp_client_create(&client, &ip, client_pool.get(), text, text, from, domain,
                                                 NX_SMTP_CLIENT_AUTH_PLAIN, &address, other.port()));
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_tls_setup_set(&client, GetParam(), name, tls_setup));
    std::string body;
    for (int i = 0; i != 3000; ++i) body += ".line " + std::to_string(i) + "\r\n";
    EXPECT_EQ(NX_SUCCESS, send({.body = body}));
    std::string stuffed;
    for (int i = 0; i != 3000; ++i) stuffed += "..line " + std::to_string(i) + "\r\n";
    EXPECT_THAT(other.last().content(), EndsWith(stuffed));
    EXPECT_EQ("sni \n", other.last().words) << "an address is no name (RFC 6066 section 3)";
    for (const std::string& segment : tap::segments()) EXPECT_LE(segment.size(), 1460u);
}

TEST_P(tls_mail, from_small_packets_of_a_small_pool) {
    for (const ULONG payload : {128u, 160u, 256u, 400u}) {
        SCOPED_TRACE(payload);
        server.forget();
        server.set(in_tls(GetParam()));
        create_tls(GetParam(), {}, "mail.example", 3, payload);
        std::string body;
        for (int i = 0; i != 200; ++i) body += "line " + std::to_string(i) + "\r\n";
        EXPECT_EQ(NX_SUCCESS, send({.body = body}));
        EXPECT_THAT(server.last().content(), EndsWith(body));
    }
}

TEST_P(tls_mail, a_batch_in_one_connection) {
    server.set([mode = GetParam()](peer& it) {
        up_to_tls(it, mode);
        able{.greets = false}(it);
    });
    create_tls(GetParam());
    several mails(6);
    EXPECT_EQ(NX_SUCCESS, post(mails, 4));
    EXPECT_EQ(1u, server.connections().size());
    EXPECT_EQ(1u, application->setups);
    EXPECT_THAT(heard(), HasSubstr("Mail 5.\r\n"));
    EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
    expect_nothing_in_clear(server.last());
}

TEST_P(tls_mail, a_session_that_is_kept_and_commands_in_it) {
    server.set([mode = GetParam()](peer& it) {
        up_to_tls(it, mode);
        able{.greets = false}(it);
    });
    create_tls(GetParam());
    EXPECT_EQ(NX_SUCCESS, open_session());
    letter l;
    for (int i = 0; i != 3; ++i) {
        EXPECT_EQ(NX_SUCCESS, post(l));
        EXPECT_EQ(NX_SUCCESS, send());
        EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_NOOP));
    }
    EXPECT_EQ(UINT{NX_NOT_CLOSED}, nx_smtp_client_tls_setup_set(&client, GetParam(), nullptr, tls_setup));
    EXPECT_EQ(NX_SUCCESS, close_session());
    EXPECT_EQ(1u, server.connections().size());
    EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_VRFY, "bob"));
    EXPECT_EQ(2u, server.connections().size());
    expect_nothing_in_clear(server.last());
}

TEST_P(tls_mail, the_server_ends_a_kept_session_and_a_new_one_is_made) {
    // In order, by the end of the connection alone, and with a farewell.
    for (int how = 0; how != 3; ++how) {
        SCOPED_TRACE(how);
        server.forget();
        auto ended = std::make_shared<std::promise<void>>();
        auto first = std::make_shared<bool>(true);
        server.set([=, mode = GetParam()](peer& it) {
            up_to_tls(it, mode);
            if (!std::exchange(*first, false)) return able{.greets = false}(it);
            able{.says = [&](const std::string& line) -> std::optional<std::string> {
                     if (line != "NOOP") return std::nullopt;
                     it.say("250 ok\r\n");
                     if (how == 2) it.say("421 idle too long\r\n");
                     ended->set_value();
                     if (how == 1) it.cut();
                     return "";
                 },
                 .greets = false}(it);
        });
        create_tls(GetParam());
        EXPECT_EQ(NX_SUCCESS, open_session());
        EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_NOOP));
        ended->get_future().wait();
        letter l;
        EXPECT_EQ(NX_SUCCESS, post(l));
        EXPECT_EQ(NX_SUCCESS, close_session());
        EXPECT_EQ(2u, server.connections().size());
    }
}

TEST_P(tls_mail, a_client_with_an_open_session_can_be_deleted) {
    server.set([mode = GetParam()](peer& it) {
        up_to_tls(it, mode);
        able{.greets = false}(it);
    });
    create_tls(GetParam());
    EXPECT_EQ(NX_SUCCESS, open_session());
    delete_client();
    EXPECT_THAT(heard(), EndsWith("c2VjcmV0\r\n")) << "no QUIT: it was reset";
}

TEST_P(tls_mail, requiretls_can_be_had) {
    server.set([mode = GetParam()](peer& it) {
        up_to_tls(it, mode);
        able{.ehlo = "REQUIRETLS\n8BITMIME\nSMTPUTF8", .greets = false}(it);
    });
    create_tls(GetParam());
    letter l;
    NX_SMTP_MAIL_OPTIONS options{};
    options.nx_smtp_mail_require_tls = NX_TRUE;
    EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_options_set(&l.mail, &options));
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<alice@a.example> REQUIRETLS\r\n"));
}

TEST_P(tls_mail, none_is_none_and_each_mechanism_is_inside) {
    account a;
    a.authentication = NX_SMTP_CLIENT_AUTH_NONE;
    EXPECT_EQ(NX_SUCCESS, send_in_tls(in_tls(GetParam()), GetParam(), a));
    EXPECT_THAT(heard(), HasSubstr("EHLO client.example\r\nMAIL FROM:"))
        << "what is done for the original's sake is done in clear text alone";
    a.authentication = NX_SMTP_CLIENT_AUTH_LOGIN;
    auto how = in_tls(GetParam());
    how.says["answer"] = "334 UGFzc3dvcmQ6\r\n";
    how.says["answer 2"] = "235 ok\r\n";
    EXPECT_EQ(NX_SUCCESS, send_in_tls(how, GetParam(), a));
    EXPECT_THAT(heard(), HasSubstr("AUTH LOGIN\r\ndXNlcg==\r\nc2VjcmV0\r\n"));
    expect_nothing_in_clear(server.last());
}

} // namespace
} // namespace client_test

// What TLS must refuse, and that nothing leaves then.

#include "client_tls_support.hpp"

#include <sys/socket.h>

extern "C" {
UINT __wrap_nxd_dns_host_by_name_get(NX_DNS*, UCHAR*, NXD_ADDRESS*, ULONG, UINT);
UINT __real_nx_secure_tls_session_certificate_callback_set(NX_SECURE_TLS_SESSION*,
                                                           ULONG (*)(NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT*));
UINT __wrap_nx_secure_tls_session_certificate_callback_set(NX_SECURE_TLS_SESSION*,
                                                           ULONG (*)(NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT*));
}

/// As where a cipher suite has no certificates: nobody is asked.
static bool without_certificates = false;
UINT __wrap_nx_secure_tls_session_certificate_callback_set(NX_SECURE_TLS_SESSION* session,
                                                           ULONG (*callback)(NX_SECURE_TLS_SESSION*,
                                                                             NX_SECURE_X509_CERT*)) {
    return without_certificates ? UINT{NX_SUCCESS}
                                : __real_nx_secure_tls_session_certificate_callback_set(session, callback);
}

UINT __wrap_nxd_dns_host_by_name_get(NX_DNS*, UCHAR*, NXD_ADDRESS* address, ULONG, UINT) {
    *address = client_test::loopback();
    return NX_SUCCESS;
}

namespace client_test {
namespace {

using ::testing::HasSubstr;

class tls_refusals : public tls_services {};
INSTANTIATE_TEST_SUITE_P(modes, tls_refusals,
                         ::testing::Values(UINT{NX_SMTP_CLIENT_TLS_STARTTLS}, UINT{NX_SMTP_CLIENT_TLS_IMPLICIT}),
                         [](const auto& mode) {
                             return std::string(mode.param == NX_SMTP_CLIENT_TLS_STARTTLS ? "starttls" : "implicit");
                         });

TEST_P(tls_refusals, certificates) {
    const struct {
        const char *certificate, *name;
        std::vector<UINT> any_of;
    } cases[] = {
        {"unknown-ca", "mail.example", {NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND}},
        {"self-signed",
         "mail.example",
         {NX_SECURE_TLS_INVALID_SELF_SIGNED_CERT, NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND}},
        {"expired", "mail.example", {NX_SECURE_X509_CERTIFICATE_EXPIRED}},
        {"not-yet-valid", "mail.example", {NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID}},
        {"wrong-name", "mail.example", {NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}},
        {"cn-only", "mail.example", {NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}},
        {"ip-as-dns", "127.0.0.1", {NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}},
        {"good", "mail.example.org", {NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}},
        {"wildcard", "a.b.example.org", {NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.certificate);
        EXPECT_THAT(c.any_of,
                    ::testing::Contains(send_in_tls(in_tls(GetParam(), c.certificate), GetParam(), {}, c.name)));
        EXPECT_EQ(UINT{NX_SMTP_PHASE_STARTTLS}, result().nx_smtp_result_phase);
        EXPECT_NE(UINT{NX_SMTP_OUTCOME_ACCEPTED}, result().nx_smtp_result_outcome);
        EXPECT_EQ(server.last().in_clear, server.last().heard.size()) << server.last().heard;
        expect_nothing_in_clear(server.last());
    }
    for (const auto& [certificate, name] :
         {std::pair{"good", "MAIL.example."}, std::pair{"good", "127.0.0.1"}, std::pair{"wildcard", "a.example.org"},
          std::pair{"chained", "localhost"}}) {
        SCOPED_TRACE(name);
        EXPECT_EQ(NX_SUCCESS, send_in_tls(in_tls(GetParam(), certificate), GetParam(), {}, name));
    }
}

TEST_P(tls_refusals, dates_are_not_checked_without_a_clock) {
    application->clock = nullptr;
    EXPECT_EQ(NX_SUCCESS, send_in_tls(in_tls(GetParam(), "expired"), GetParam())) << "as the documentation says";
}

TEST_P(tls_refusals, a_server_without_a_name) {
    server.set(in_tls(GetParam(), "wrong-name"));
    create_tls(GetParam(), {}, nullptr);
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, send());
    EXPECT_EQ(0u, server.connections().size()) << "nothing was connected to";
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, open_session());
    letter l;
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, post(l));
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, command(NX_SMTP_COMMAND_NOOP));
    EXPECT_EQ(0u, server.connections().size());
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_TLS_ANY_NAME));
    EXPECT_EQ(NX_SUCCESS, send()) << "because the application says so";
    EXPECT_EQ("sni \n", server.last().words);
    server.set(in_tls(GetParam(), "unknown-ca"));
    EXPECT_NE(NX_SUCCESS, send()) << "any name, but not anybody's";
}

TEST_P(tls_refusals, the_name_that_was_looked_up) {
    NX_DNS dns{};
    CHAR right[] = "mail.example", wrong[] = "mail.example.org";
    create_tls(GetParam(), {}, nullptr);
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_TLS_ANY_NAME)) << "there is a name";
    server.set(in_tls(GetParam()));
    EXPECT_EQ(NX_SUCCESS, nxd_smtp_client_server_name_set(&client, &dns, right, NX_SMTP_SERVER_IPV4));
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ("sni mail.example\n", server.last().words);
    EXPECT_EQ(NX_SUCCESS, nxd_smtp_client_server_name_set(&client, &dns, wrong, NX_SMTP_SERVER_IPV4));
    EXPECT_EQ(UINT{NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}, send());
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_tls_setup_set(&client, GetParam(), right, tls_setup));
    EXPECT_EQ(NX_SUCCESS, send()) << "what the application says comes first";
}

TEST_P(tls_refusals, the_application_has_a_say) {
    static int asked;
    asked = 0;
    application->verdict = [](NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT* certificate) {
        ++asked;
        return certificate->nx_secure_x509_certificate_raw_data_length > 0 ? ULONG{NX_SECURE_TLS_INVALID_REMOTE_HOST}
                                                                           : ULONG{NX_SUCCESS};
    };
    EXPECT_EQ(UINT{NX_SECURE_TLS_INVALID_REMOTE_HOST}, send_in_tls(in_tls(GetParam()), GetParam()));
    EXPECT_EQ(1, asked);
    EXPECT_EQ(UINT{NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}, send_in_tls(in_tls(GetParam(), "wrong-name"), GetParam()));
    EXPECT_EQ(1, asked) << "behind the name";
    application->verdict = [](NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT*) { return ULONG{NX_SUCCESS}; };
    EXPECT_EQ(NX_SUCCESS, send_in_tls(in_tls(GetParam()), GetParam()));
    EXPECT_EQ(UINT{NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH}, send_in_tls(in_tls(GetParam(), "wrong-name"), GetParam()))
        << "it cannot replace the client's";
}

TEST_P(tls_refusals, a_handshake_in_which_nobody_asked_for_the_name) {
    without_certificates = true;
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNVERIFIED}, send_in_tls(in_tls(GetParam()), GetParam()));
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_TLS_ANY_NAME));
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNVERIFIED}, send());
    expect_nothing_in_clear(server.last());
    EXPECT_EQ(server.last().in_clear, server.last().heard.size());
    without_certificates = false;
    EXPECT_EQ(NX_SUCCESS, send());
}

TEST_P(tls_refusals, a_setup_that_fails_ends_it) {
    application->setup_says = 0x1234;
    EXPECT_EQ(0x1234u, send_in_tls(in_tls(GetParam()), GetParam()));
    expect_nothing_in_clear(server.last());
    application->setup_says = NX_SUCCESS;
    EXPECT_EQ(NX_SUCCESS, send());
    application->buffer_size = 300;
    EXPECT_EQ(UINT{NX_SECURE_TLS_PACKET_BUFFER_TOO_SMALL}, send());
    application->buffer_size = 8000;
    EXPECT_EQ(NX_SUCCESS, send());
}

TEST_P(tls_refusals, setting_it_up) {
    create();
    CHAR name[] = "mail.example", empty[] = "";
    const auto set = [&](NX_SMTP_CLIENT* c, UINT mode, CHAR* n, auto setup) {
        return nx_smtp_client_tls_setup_set(c, mode, n, setup);
    };
    UINT (*const nobody)(NX_SMTP_CLIENT*, NX_SECURE_TLS_SESSION*) = nullptr;
    EXPECT_EQ(UINT{NX_PTR_ERROR}, set(nullptr, GetParam(), name, tls_setup));
    EXPECT_EQ(UINT{NX_PTR_ERROR}, set(&client, GetParam(), name, nobody));
    NX_SMTP_CLIENT other{};
    EXPECT_EQ(UINT{NX_SMTP_CLIENT_NOT_INTIALIZED}, set(&other, GetParam(), name, tls_setup));
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, set(&client, 0, name, tls_setup));
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, set(&client, 3, name, tls_setup));
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, set(&client, GetParam(), empty, tls_setup));
    server.set(ordinary{});
    EXPECT_EQ(NX_SUCCESS, send()) << "what was refused has changed nothing";
    std::string long_name(120, 'a');
    EXPECT_EQ(UINT{NX_SECURE_X509_NAME_STRING_TOO_LONG},
              send_in_tls(in_tls(GetParam()), GetParam(), {}, long_name.c_str()));
}

TEST_P(tls_refusals, the_handshake_is_cut_or_nonsense) {
    const auto until_tls = [mode = GetParam()](peer& it) {
        if (mode == NX_SMTP_CLIENT_TLS_IMPLICIT) return;
        it.say("220 mail.example\r\n");
        it.line();
        it.say(offers_starttls);
        it.line();
        it.say("220 go on\r\n");
    };
    EXPECT_EQ(UINT{NX_NOT_CONNECTED}, send_in_tls(
                                          [=](peer& it) {
                                              until_tls(it);
                                              it.cut();
                                          },
                                          GetParam()));
    EXPECT_EQ(UINT{NX_SMTP_PHASE_STARTTLS}, result().nx_smtp_result_phase);
    EXPECT_NE(NX_SUCCESS, send_in_tls(
                              [=](peer& it) {
                                  until_tls(it);
                                  char hello;
                                  EXPECT_EQ(1, ::recv(it.descriptor(), &hello, 1, 0)); // its ClientHello has begun
                                  it.say("this is no TLS\r\n");
                                  it.await_end();
                              },
                              GetParam()));
    EXPECT_EQ(UINT{NX_NO_PACKET}, send_in_tls(
                                      [=](peer& it) {
                                          until_tls(it);
                                          it.await_end();
                                      },
                                      GetParam()))
        << "silence";
    EXPECT_EQ(NX_SUCCESS, send_in_tls(in_tls(GetParam()), GetParam()));
}

TEST_P(tls_refusals, a_connection_that_is_cut_inside_a_reply) {
    auto how = in_tls(GetParam());
    how.does["MAIL"] = [](peer& it) {
        it.say("250 2.1.0 o");
        it.cut();
    };
    EXPECT_EQ(UINT{NX_NOT_CONNECTED}, send_in_tls(how, GetParam()));
    EXPECT_EQ(UINT{NX_SMTP_PHASE_MAIL}, result().nx_smtp_result_phase);
    how = in_tls(GetParam());
    how.does["."] = [](peer& it) {
        it.say("250 2.0.0 queue");
        it.cut();
    };
    EXPECT_EQ(UINT{NX_NOT_CONNECTED}, send_in_tls(how, GetParam()));
    EXPECT_EQ(UINT{NX_SMTP_OUTCOME_UNKNOWN}, result().nx_smtp_result_outcome);
    how.does["."] = [](peer& it) {
        it.say("250 2.0.0 queue");
        it.close();
    };
    EXPECT_EQ(UINT{NX_SECURE_TLS_CLOSE_NOTIFY_RECEIVED}, send_in_tls(how, GetParam()));
    EXPECT_EQ(UINT{NX_SMTP_OUTCOME_UNKNOWN}, result().nx_smtp_result_outcome);
}

class tls_stripped : public tls_services {};

TEST_F(tls_stripped, octets_behind_the_220) {
    // In its segment, however long; in the next one; and before the 220 is whole.
    for (const std::string& more : {std::string("250 mail.example\r\n"), std::string("x"), std::string(300, 'x'),
                                    std::string("220 go on\r\n250 ok\r\n")}) {
        SCOPED_TRACE(more);
        auto how = in_tls();
        how.does["?"] = [&](peer& it) {
            it.say("220 go on\r\n" + more);
            it.await_end();
        };
        EXPECT_EQ(UINT{NX_SMTP_OCTETS_BEFORE_TLS}, send_in_tls(how));
        EXPECT_EQ("EHLO client.example\r\nSTARTTLS\r\n", heard());
        EXPECT_EQ(UINT{NX_SMTP_PHASE_STARTTLS}, result().nx_smtp_result_phase);
        EXPECT_EQ(0u, application->setups);
        EXPECT_EQ(UINT{NX_SMTP_OCTETS_BEFORE_TLS}, open_session());
    }
}

TEST_F(tls_stripped, octets_in_the_next_packet) {
    // A packet of the host platform holds 1460 octets of what was said at once.
    auto how = in_tls();
    std::string reply;
    while (reply.size() < 1420) reply += "220-ready to start\r\n";
    reply += "220 " + std::string(1460 - 6 - reply.size(), 'x') + "\r\n";
    ASSERT_EQ(1460u, reply.size());
    how.does["?"] = [&](peer& it) {
        it.say(reply + "250 ok\r\n");
        it.await_end();
    };
    EXPECT_EQ(UINT{NX_SMTP_OCTETS_BEFORE_TLS}, send_in_tls(how));
    EXPECT_EQ("EHLO client.example\r\nSTARTTLS\r\n", heard());
    EXPECT_EQ(0u, application->setups);
    how.does["?"] = [&](peer& it) {
        it.say(reply);
        secure(it);
    };
    EXPECT_EQ(NX_SUCCESS, send_in_tls(how)) << "nothing stands behind it";
}

TEST_F(tls_stripped, a_server_that_speaks_first_where_it_must_not) {
    // Whether its greeting has come when the client looks, or comes into the handshake, nothing is said.
    EXPECT_NE(NX_SUCCESS, send_in_tls(ordinary{}, NX_SMTP_CLIENT_TLS_IMPLICIT));
    EXPECT_EQ(std::string::npos, heard().find("EHLO"));
}

TEST_F(tls_stripped, starttls_is_not_offered) {
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNAVAILABLE}, send_in_tls(ordinary{}));
    EXPECT_EQ("EHLO client.example\r\nQUIT\r\n", heard());
    EXPECT_EQ(UINT{NX_SMTP_PHASE_EHLO}, result().nx_smtp_result_phase);
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNAVAILABLE}, open_session());
    letter l;
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNAVAILABLE}, post(l));
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNAVAILABLE}, command(NX_SMTP_COMMAND_HELP));
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNAVAILABLE}, send_in_tls(ordinary{.says = {{"EHLO", "502 what?\r\n"}}, .does = {}}));
    EXPECT_EQ("EHLO client.example\r\nHELO client.example\r\nQUIT\r\n", heard());
}

TEST_F(tls_stripped, starttls_is_refused) {
    for (const char* reply : {"454 4.7.0 not now\r\n", "502 what?\r\n", "250 ok\r\n", "334 \r\n", "421 bye\r\n"}) {
        SCOPED_TRACE(reply);
        auto how = in_tls();
        how.does["?"] = [&](peer& it) { it.say(reply); };
        EXPECT_EQ(UINT{NX_SMTP_STARTTLS_REPLY_ERROR}, send_in_tls(how));
        EXPECT_EQ(UINT{NX_SMTP_PHASE_STARTTLS}, result().nx_smtp_result_phase);
        expect_nothing_in_clear(server.last());
    }
    EXPECT_EQ("EHLO client.example\r\nSTARTTLS\r\nQUIT\r\n", heard());
}

TEST_F(tls_stripped, helo_has_no_starttls) {
    server.set(in_tls());
    create_tls(NX_SMTP_CLIENT_TLS_STARTTLS);
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_HELO));
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, send());
    EXPECT_EQ(0u, server.connections().size());
}

TEST_F(tls_stripped, what_was_offered_in_clear_text_is_forgotten) {
    auto how = in_tls();
    how.does["EHLO"] = [first = true](peer& it) mutable {
        it.say(std::exchange(first, false) ? "250-mail.example\r\n250-STARTTLS\r\n250-SIZE 5\r\n250 AUTH LOGIN\r\n"
                                           : "250-mail.example\r\n250 AUTH PLAIN\r\n");
    };
    EXPECT_EQ(NX_SUCCESS, send_in_tls(how));
    EXPECT_THAT(heard(), HasSubstr("AUTH PLAIN\r\n"));
}

} // namespace
} // namespace client_test

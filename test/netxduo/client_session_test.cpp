// Whole sessions: what the client says, to whom, in which order, and which status comes of it.

#include "client_support.hpp"

#include <algorithm>
#include <ctime>

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class session : public stack {};
class authentication : public stack {
protected:
    /// The lines that the client says between EHLO and MAIL.
    std::string authenticate(const std::string& ehlo_reply, UINT type, std::map<std::string, std::string> says = {},
                             const std::string& user = "user") {
        says["EHLO"] = wire(ehlo_reply);
        status = send_to(ordinary{says, {}}, {}, {.user = user, .authentication = type});
        std::string all = heard();
        const std::string before = "EHLO client.example\r\n";
        EXPECT_THAT(all, StartsWith(before));
        all.erase(0, before.size());
        for (const char* after : {"MAIL FROM", "QUIT"})
            if (const std::size_t end = all.find(after); end != std::string::npos) return all.substr(0, end);
        return all;
    }
    UINT status = 0;
};

const std::string user_and_secret = "AHVzZXIAc2VjcmV0\r\n"; // NUL user NUL secret: nobody is authorized but the user
const std::string plain = "AUTH PLAIN\r\n" + user_and_secret;
const std::string login = "AUTH LOGIN\r\ndXNlcg==\r\nc2VjcmV0\r\n";

// ---------------------------------------------------------------------------------------------------------------------
// Greeting and EHLO

TEST_F(session, a_whole_mail_octet_for_octet) {
    create();
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(whole_dialog(), heard());
}

TEST_F(session, twenty_mails_through_one_client) {
    create();
    for (int i = 0; i != 20; ++i) {
        const mail m{.subject = "Mail " + std::to_string(i), .body = "This is " + std::to_string(i) + ".\r\n"};
        EXPECT_EQ(NX_SUCCESS, send(m));
        EXPECT_EQ(whole_dialog(m), server.last().heard);
    }
    EXPECT_EQ(20u, server.count());
}

TEST_F(session, a_greeting_is_220_with_or_without_text) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"greeting", "220\r\n"}}, {}}));
    EXPECT_EQ(NX_SMTP_GREET_REPLY_ERROR, send_to(ordinary{{{"greeting", "250 hello\r\n"}}, {}}));
}

TEST_F(session, a_greeting_that_refuses_gets_a_quit) {
    for (const char* greeting : {"554 no service\r\n", "421 later\r\n", "500 \r\n"}) {
        EXPECT_EQ(NX_SMTP_GREET_REPLY_ERROR, send_to(ordinary{{{"greeting", greeting}}, {}}));
        EXPECT_EQ("QUIT\r\n", heard());
    }
}

TEST_F(session, a_greeting_that_makes_no_sense_gets_a_quit) {
    for (const char* greeting : {"354 go ahead\r\n", "120 wait\r\n", "HTTP/1.1 200 OK\r\n\r\n", "+OK pop3\r\n",
                                 "22\r\n", "\r\n", "220-a\r\n221 b\r\n", "600 x\r\n", "020 x\r\n", "2200 x\r\n"}) {
        SCOPED_TRACE(greeting);
        EXPECT_EQ(NX_SMTP_GREET_REPLY_ERROR, send_to(ordinary{{{"greeting", greeting}}, {}}));
        EXPECT_EQ("QUIT\r\n", heard());
    }
}

TEST_F(session, helo_follows_only_where_the_server_does_not_know_ehlo) {
    for (const int code : {500, 501, 502, 504}) {
        SCOPED_TRACE(code);
        EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"EHLO", std::to_string(code) + " what?\r\n"}}, {}}));
        EXPECT_THAT(heard(),
                    StartsWith("EHLO client.example\r\nHELO client.example\r\nMAIL FROM:<alice@a.example>\r\n"));
    }
    for (const int code : {400, 421, 450, 499, 503, 505, 510, 521, 530, 550, 554, 599}) {
        SCOPED_TRACE(code);
        EXPECT_EQ(NX_SMTP_HELLO_REPLY_ERROR, send_to(ordinary{{{"EHLO", std::to_string(code) + " no\r\n"}}, {}}));
        EXPECT_EQ("EHLO client.example\r\nQUIT\r\n", heard());
        EXPECT_EQ(NX_SMTP_PHASE_EHLO, result().nx_smtp_result_phase);
    }
}

TEST_F(session, helo_that_is_refused_as_well) {
    EXPECT_EQ(NX_SMTP_HELLO_REPLY_ERROR, send_to(ordinary{{{"EHLO", "502 what?\r\n"}, {"HELO", "550 no\r\n"}}, {}}));
    EXPECT_EQ("EHLO client.example\r\nHELO client.example\r\nQUIT\r\n", heard());
    EXPECT_EQ(NX_SMTP_PHASE_HELO, result().nx_smtp_result_phase);
}

TEST_F(session, the_helo_flag_says_helo_and_no_auth) {
    create();
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_HELO));
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), StartsWith("HELO client.example\r\nMAIL FROM:<alice@a.example>\r\n"));
    EXPECT_THAT(heard(), Not(HasSubstr("AUTH")));
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, 0));
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(whole_dialog(), heard());
}

TEST_F(session, the_time_since_boot_does_not_shorten_the_wait_for_the_first_greeting) {
    for (const ULONG ticks : {ULONG{1000000}, ULONG{0xFFFFFF00}, ULONG{0x80000000}}) {
        SCOPED_TRACE(ticks);
        server.forget();
        server.set(ordinary{{}, {{"greeting", [](peer& it) {
                                      std::this_thread::sleep_for(std::chrono::milliseconds(30));
                                      it.say("220 mail.example\r\n");
                                  }}}});
        create();
        tap::shift_time(ticks);
        EXPECT_EQ(NX_SUCCESS, send());
        EXPECT_EQ(NX_SUCCESS, send());
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// AUTH

TEST_F(authentication, plain_is_a_bare_auth_plain_and_one_message_with_an_empty_authorization_identity) {
    EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", NX_SMTP_CLIENT_AUTH_PLAIN));
    EXPECT_EQ(NX_SUCCESS, status);
    EXPECT_EQ(plain, authenticate("250-mail.example\n250-auth plain\n250 SIZE\n", NX_SMTP_CLIENT_AUTH_PLAIN));
    EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH=PLAIN\n", NX_SMTP_CLIENT_AUTH_PLAIN));
}

TEST_F(authentication, login_answers_the_prompts_whatever_they_say) {
    const char* const prompts[][2] = {{"334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"},     // Username: Password:
                                      {"334 VXNlciBOYW1lAA==\r\n", "334 UGFzc3dvcmQA\r\n"}, // aiosmtpd
                                      {"334 UGFzc3dvcmQ6\r\n", "334 VXNlcm5hbWU6\r\n"},     // the wrong way round
                                      {"334\r\n", "334 \r\n"},
                                      {"334 Who are you?\r\n", "334 =====\r\n"},
                                      {"334-two\r\n334 lines\r\n", "334 \xFF\xFE\r\n"}};
    for (const auto& p : prompts) {
        SCOPED_TRACE(p[0]);
        EXPECT_EQ(login, authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", NX_SMTP_CLIENT_AUTH_LOGIN,
                                      {{"AUTH", p[0]}, {"answer", p[1]}, {"answer 2", "235 ok\r\n"}}));
        EXPECT_EQ(NX_SUCCESS, status);
    }
}

TEST_F(authentication, a_prompt_of_12288_octets) {
    EXPECT_EQ(login, authenticate("250-mail.example\n250 AUTH LOGIN\n", NX_SMTP_CLIENT_AUTH_LOGIN,
                                  {{"AUTH", "334 " + std::string(12280, 'A') + "\r\n"},
                                   {"answer", "334 \r\n"},
                                   {"answer 2", "235 ok\r\n"}}));
    EXPECT_EQ(NX_SUCCESS, status);
}

TEST_F(authentication, what_is_not_listed_is_switched_for_this_session_only) {
    const std::map<std::string, std::string> prompts{
        {"AUTH", "334 a\r\n"}, {"answer", "334 b\r\n"}, {"answer 2", "235 ok\r\n"}};
    EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH PLAIN\n", NX_SMTP_CLIENT_AUTH_LOGIN));
    EXPECT_EQ(NX_SUCCESS, status);
    // The same client meets a server with LOGIN.
    ordinary with_login{prompts, {}};
    with_login.says["EHLO"] = wire("250-mail.example\n250 AUTH PLAIN LOGIN\n");
    server.forget();
    server.set(with_login);
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), HasSubstr(login));

    EXPECT_EQ(login, authenticate("250-mail.example\n250 AUTH CRAM-MD5 LOGIN\n", NX_SMTP_CLIENT_AUTH_PLAIN, prompts));
    server.forget();
    server.set(ordinary{});
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), HasSubstr(plain));
}

TEST_F(authentication, plain_where_neither_is_listed) {
    for (const UINT type : {UINT{NX_SMTP_CLIENT_AUTH_LOGIN}, UINT{NX_SMTP_CLIENT_AUTH_PLAIN}}) {
        EXPECT_EQ(plain, authenticate("250 mail.example\n", type));
        EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH CRAM-MD5 GSSAPI\n", type));
        EXPECT_EQ(NX_SUCCESS, status);
    }
}

TEST_F(authentication, an_unknown_type_is_plain) {
    for (const UINT type : {0u, 5u, 77u, 0xFFFEu, 0x10001u, 0x1FFFFu, 0xFFFFFFFFu}) {
        SCOPED_TRACE(type);
        EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", type));
        EXPECT_EQ(plain, authenticate("250 mail.example\n", type));
    }
}

TEST_F(authentication, none_is_plain_where_the_server_offers_auth) {
    EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", NX_SMTP_CLIENT_AUTH_NONE));
    EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH CRAM-MD5\n", NX_SMTP_CLIENT_AUTH_NONE));
    EXPECT_EQ(NX_SUCCESS, status);
}

TEST_F(authentication, none_is_none_where_it_does_not_or_where_there_is_no_user) {
    EXPECT_EQ("", authenticate("250-mail.example\n250 SIZE\n", NX_SMTP_CLIENT_AUTH_NONE));
    EXPECT_EQ("", authenticate("250-AUTH PLAIN\n250 SIZE\n", NX_SMTP_CLIENT_AUTH_NONE)) << "line 1 is the host's name";
    EXPECT_EQ("", authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", NX_SMTP_CLIENT_AUTH_NONE, {}, ""));
    EXPECT_EQ(NX_SUCCESS, status);
}

TEST_F(authentication, only_none_is_skipped_where_there_is_no_user) {
    const std::string both = "250-mail.example\n250 AUTH LOGIN PLAIN\n";
    EXPECT_EQ("AUTH PLAIN\r\nAABzZWNyZXQ=\r\n", authenticate(both, NX_SMTP_CLIENT_AUTH_PLAIN, {}, ""));
    EXPECT_EQ("AUTH PLAIN\r\nAABzZWNyZXQ=\r\n", authenticate("250 x\n", NX_SMTP_CLIENT_AUTH_PLAIN, {}, ""));
    EXPECT_EQ("AUTH LOGIN\r\n\r\nc2VjcmV0\r\n",
              authenticate(both, NX_SMTP_CLIENT_AUTH_LOGIN, {{"answer", "334 x\r\n"}, {"answer 2", "235 ok\r\n"}}, ""));
}

TEST_F(authentication, none_after_helo) {
    for (const UINT type :
         {UINT{NX_SMTP_CLIENT_AUTH_LOGIN}, UINT{NX_SMTP_CLIENT_AUTH_PLAIN}, UINT{NX_SMTP_CLIENT_AUTH_NONE}}) {
        EXPECT_EQ("HELO client.example\r\n", authenticate("502-mail.example\n502 AUTH LOGIN PLAIN\n", type,
                                                          {{"HELO", "250-x\r\n250 AUTH PLAIN\r\n"}}));
        EXPECT_EQ(NX_SUCCESS, status);
    }
}

TEST_F(authentication, a_refusal_at_each_step_is_final) {
    for (const int code : {535, 454, 421, 500, 504, 530, 534, 538}) {
        SCOPED_TRACE(code);
        const std::string no = std::to_string(code) + " 5.7.8 no\r\n";
        EXPECT_EQ("AUTH PLAIN\r\n",
                  authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", NX_SMTP_CLIENT_AUTH_PLAIN, {{"AUTH", no}}));
        EXPECT_EQ(NX_SMTP_AUTH_REPLY_ERROR, status);
        EXPECT_THAT(heard(), EndsWith("AUTH PLAIN\r\nQUIT\r\n"));
        EXPECT_EQ(plain, authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", NX_SMTP_CLIENT_AUTH_PLAIN,
                                      {{"answer", no}}));
        EXPECT_EQ(NX_SMTP_AUTH_REPLY_ERROR, status);
        EXPECT_EQ(login, authenticate("250-mail.example\n250 AUTH LOGIN PLAIN\n", NX_SMTP_CLIENT_AUTH_LOGIN,
                                      {{"answer", "334 x\r\n"}, {"answer 2", no}}));
        EXPECT_EQ(NX_SMTP_AUTH_REPLY_ERROR, status);
        EXPECT_EQ(static_cast<UINT>(code), result().nx_smtp_result_reply_code);
        EXPECT_EQ(NX_SMTP_PHASE_AUTH, result().nx_smtp_result_phase);
    }
}

TEST_F(authentication, credentials_at_their_limits_arrive_whole) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{}, {}, {.user = std::string(40, 'u'), .password = std::string(20, 'p')}));
    EXPECT_THAT(heard(),
                HasSubstr("\r\nAUTH PLAIN\r\nAHV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXUAcHBwcHBwcHBw"
                          "cHBwcHBwcHBwcHA=\r\n"));
}

// ---------------------------------------------------------------------------------------------------------------------
// The transaction

TEST_F(session, any_2yz_is_success) {
    for (const char* reply :
         {"200 ok\r\n", "250\r\n", "251 will forward\r\n", "252 cannot vrfy\r\n", "299 x\r\n", "250-a\r\n250 b\r\n"})
        for (const char* key : {"MAIL", "RCPT", "."}) {
            SCOPED_TRACE(std::string(key) + " " + reply);
            EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{key, reply}}, {}}));
            EXPECT_EQ(whole_dialog(), heard());
        }
}

TEST_F(session, a_refusal_says_its_status_its_code_and_its_text_and_gets_a_quit) {
    const struct {
        const char* key;
        UINT status;
        UINT phase;
        const char* last; ///< line that the client says before QUIT
    } steps[] = {{"MAIL", 0xA9, NX_SMTP_PHASE_MAIL, "MAIL FROM:<alice@a.example>\r\n"},
                 {"RCPT", 0xAA, NX_SMTP_PHASE_RCPT, "RCPT TO:<bob@b.example>\r\n"},
                 {"DATA", 0xAC, NX_SMTP_PHASE_DATA, "DATA\r\n"},
                 {".", 0xAB, NX_SMTP_PHASE_MESSAGE, "Hello.\r\n.\r\n"},
                 {"greeting", 0xA7, NX_SMTP_PHASE_GREETING, ""},
                 {"answer", 0xAD, NX_SMTP_PHASE_AUTH, "AHVzZXIAc2VjcmV0\r\n"}};
    for (const auto& step : steps)
        for (const bool permanent : {true, false}) {
            SCOPED_TRACE(std::string(step.key) + (permanent ? " 5yz" : " 4yz"));
            const std::string no = permanent ? "550 5.7.1 go away\r\n" : "451 4.3.0 come again\r\n";
            EXPECT_EQ(step.status, send_to(ordinary{{{step.key, no}}, {}}));
            EXPECT_THAT(heard(), EndsWith(std::string(step.last) + "QUIT\r\n"));
            const NX_SMTP_RESULT r = result();
            EXPECT_EQ(step.phase, r.nx_smtp_result_phase);
            EXPECT_EQ(permanent ? 550u : 451u, r.nx_smtp_result_reply_code);
            EXPECT_EQ(permanent ? 5u : 4u, r.nx_smtp_result_enhanced[0]);
            EXPECT_EQ(permanent ? 7u : 3u, r.nx_smtp_result_enhanced[1]);
            EXPECT_EQ(permanent ? 1u : 0u, r.nx_smtp_result_enhanced[2]);
            EXPECT_EQ(permanent ? "go away" : "come again", text_of(r));
            EXPECT_EQ(NX_FALSE, static_cast<int>(r.nx_smtp_result_text_cut));
            EXPECT_EQ(step.phase == NX_SMTP_PHASE_GREETING ? NX_SMTP_OUTCOME_NOT_ATTEMPTED
                      : permanent                          ? NX_SMTP_OUTCOME_REJECTED
                                                           : NX_SMTP_OUTCOME_DEFERRED,
                      static_cast<int>(r.nx_smtp_result_outcome));
        }
}

TEST_F(session, a_reply_that_makes_no_sense_gets_a_quit_and_the_phase_s_status) {
    const struct {
        const char* key;
        UINT status;
    } steps[] = {{"greeting", 0xA7}, {"EHLO", 0xA8}, {"AUTH", 0xAD}, {"answer", 0xAD},
                 {"MAIL", 0xA9},     {"RCPT", 0xAA}, {"DATA", 0xAC}, {".", 0xAB}};
    for (const auto& step : steps)
        for (const char* nonsense : {"what?\r\n", "150 go on\r\n", "99\r\n", "250-a\r\n350 b\r\n"}) {
            SCOPED_TRACE(std::string(step.key) + " " + nonsense);
            EXPECT_EQ(step.status, send_to(ordinary{{{step.key, nonsense}}, {}}));
            EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
            EXPECT_EQ(step.status == 0xAB                          ? NX_SMTP_OUTCOME_UNKNOWN
                      : step.status == 0xAA || step.status == 0xAC ? NX_SMTP_OUTCOME_DEFERRED
                                                                   : NX_SMTP_OUTCOME_NOT_ATTEMPTED,
                      static_cast<int>(result().nx_smtp_result_outcome));
        }
}

TEST_F(session, what_is_said_to_quit_never_undoes_a_delivered_mail) {
    for (const char* reply :
         {"221 bye\r\n", "421 bye\r\n", "500 what?\r\n", "554 5.0.0 gone\r\n", "nonsense\r\n", "250-\r\n"}) {
        SCOPED_TRACE(reply);
        EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"QUIT", reply}}, {}}));
        EXPECT_EQ(250u, result().nx_smtp_result_reply_code);
        EXPECT_EQ("queued", text_of(result()));
    }
    for (const bool reset : {false, true})
        EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{}, {{"QUIT", [=](peer& it) { reset ? it.reset() : it.close(); }}}}));
}

TEST_F(session, what_follows_the_deciding_reply_in_its_segment_changes_neither_text_nor_quit) {
    for (const char* more : {"421 4.3.2 shutting down\r\n", "250 again\r\n", "junk", "250-and\r\n"}) {
        SCOPED_TRACE(more);
        EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{".", std::string("250 2.0.0 queued\r\n") + more}}, {}}));
        EXPECT_EQ(250u, result().nx_smtp_result_reply_code);
        EXPECT_EQ("queued", text_of(result()));
        EXPECT_THAT(heard(), EndsWith(".\r\nQUIT\r\n"));
        for (const char* key : {"greeting", "AUTH", "MAIL", "RCPT", "DATA", "."}) {
            SCOPED_TRACE(key);
            EXPECT_NE(NX_SUCCESS, static_cast<int>(send_to(ordinary{{{key, std::string("550 no\r\n") + more}}, {}})));
            EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
            EXPECT_EQ("no", text_of(result()));
            EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
        }
    }
}

TEST_F(session, a_server_s_421_ends_the_session_at_each_step) {
    for (const char* key : {"greeting", "EHLO", "AUTH", "answer", "MAIL", "RCPT", "DATA", "."}) {
        SCOPED_TRACE(key);
        EXPECT_NE(NX_SUCCESS, static_cast<int>(send_to(ordinary{{}, {{key, [](peer& it) {
                                                                          it.say("421 4.3.2 shutting down\r\n");
                                                                          it.close();
                                                                      }}}})));
        const NX_SMTP_RESULT r = result();
        EXPECT_EQ(421u, r.nx_smtp_result_reply_code);
        EXPECT_EQ("shutting down", text_of(r));
        const bool before_the_mail = r.nx_smtp_result_phase < NX_SMTP_PHASE_AUTH;
        EXPECT_EQ(before_the_mail ? NX_SMTP_OUTCOME_NOT_ATTEMPTED : NX_SMTP_OUTCOME_DEFERRED,
                  static_cast<int>(r.nx_smtp_result_outcome));
    }
}

TEST_F(session, the_server_s_text_is_bounded_marked_and_harmless) {
    EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR, send_to(ordinary{{{"RCPT", "550 " + std::string(400, 'x') + "\r\n"}}, {}}));
    NX_SMTP_RESULT r = result();
    EXPECT_EQ(NX_TRUE, static_cast<int>(r.nx_smtp_result_text_cut));
    EXPECT_EQ(std::string(NX_SMTP_CLIENT_REPLY_TEXT, 'x'), text_of(r));
    EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR, send_to(ordinary{{{"RCPT", "550-a\033[2J\x07\r\n550 b\r\n"}}, {}}));
    r = result();
    EXPECT_EQ("a?[2J?\nb", text_of(r));
}

TEST_F(session, the_last_result_is_of_the_last_mail) {
    create();
    server.set(ordinary{{{"RCPT", "550 5.1.1 nobody\r\n"}}, {}});
    EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR, send());
    EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
    EXPECT_EQ("nobody", text_of(result()));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, send({.to = "a\nb"}));
    EXPECT_EQ(0u, result().nx_smtp_result_reply_code);
    EXPECT_EQ("", text_of(result()));
    server.set(ordinary{});
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(250u, result().nx_smtp_result_reply_code);
    EXPECT_EQ("queued", text_of(result()));
    EXPECT_EQ(NX_SMTP_PHASE_MESSAGE, static_cast<int>(result().nx_smtp_result_phase));
}

TEST_F(session, the_text_is_empty_and_not_null_where_no_reply_decided) {
    create();
    EXPECT_NE(nullptr, result().nx_smtp_result_text);
    EXPECT_EQ(0u, result().nx_smtp_result_text_length);
}

TEST_F(session, nobody_listens) {
    std::uint16_t free_port;
    {
        script::server other;
        free_port = other.port();
    }
    client_pool = std::make_unique<pool>(2u, 1536u);
    NXD_ADDRESS address = loopback();
    CHAR text[] = "x";
    ASSERT_EQ(NX_SUCCESS,
              nxd_smtp_client_create(&client, &ip, client_pool.get(), text, text, text, text, 3, &address, free_port));
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(send()));
    EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, static_cast<int>(result().nx_smtp_result_outcome));
    EXPECT_EQ(NX_SMTP_PHASE_CONNECT, static_cast<int>(result().nx_smtp_result_phase));
}

class session_over_ipv6 : public stack {
protected:
    session_over_ipv6() : v6(ordinary{}, script::server::family::v6) {}
    script::server v6;
};

TEST_F(session_over_ipv6, a_whole_mail_octet_for_octet) {
    client_pool = std::make_unique<pool>(4u, 1536u);
    NXD_ADDRESS address = loopback(script::server::family::v6);
    CHAR user[] = "user", password[] = "secret", from[] = "alice@a.example", domain[] = "client.example";
    ASSERT_EQ(NX_SUCCESS, nxd_smtp_client_create(&client, &ip, client_pool.get(), user, password, from, domain, 3,
                                                 &address, v6.port()));
    address.nxd_ip_address.v6[3] = 2; // the client has a copy
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(whole_dialog(), v6.last().heard);
    const mail big{.body = std::string(100 * 1024, 'x') + "\r\n"};
    EXPECT_EQ(NX_SUCCESS, send(big));
    EXPECT_EQ(whole_dialog(big), v6.last().heard);
    for (const std::string& segment : tap::segments()) EXPECT_LE(segment.size(), 1440u);
}

TEST_F(session, two_clients_in_two_threads_never_mix_octets) {
    struct party {
        NX_SMTP_CLIENT client{};
        pool packets{3, 256};
        account who;
        std::string body;
        std::string expected;
    };
    std::vector<std::unique_ptr<party>> parties;
    for (const char c : {'a', 'b'}) {
        auto p = std::make_unique<party>();
        p->who = {.user = std::string(20, c),
                  .password = std::string(20, c),
                  .from = std::string(30, c),
                  .domain = std::string(30, c)};
        for (int i = 0; i != 100; ++i) p->body += std::string(70, c) + "\r\n";
        NXD_ADDRESS address = loopback();
        account copy = p->who;
        ASSERT_EQ(NX_SUCCESS,
                  nxd_smtp_client_create(&p->client, &ip, &p->packets, copy.user.data(), copy.password.data(),
                                         copy.from.data(), copy.domain.data(), 3, &address, server.port()));
        in_thread([&] {
            std::string body = p->body, to(30, c), subject(30, c);
            EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_send(&p->client, to.data(), 2, subject.data(), body.data(),
                                                    static_cast<UINT>(body.size())));
        });
        p->expected = server.last().heard;
        parties.push_back(std::move(p));
    }
    server.forget();
    {
        std::vector<std::unique_ptr<thread>> threads;
        for (auto& p : parties)
            threads.push_back(std::make_unique<thread>([&p] {
                const char c = p->body[0];
                for (int i = 0; i != 20; ++i) {
                    std::string body = p->body, to(30, c), subject(30, c);
                    EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_send(&p->client, to.data(), 2, subject.data(), body.data(),
                                                            static_cast<UINT>(body.size())));
                }
            }));
    }
    std::size_t of[2] = {0, 0};
    for (const record& r : server.connections())
        for (int i = 0; i != 2; ++i) of[i] += r.heard == parties[static_cast<std::size_t>(i)]->expected;
    EXPECT_EQ(20u, of[0]);
    EXPECT_EQ(20u, of[1]);
    in_thread([&] {
        for (auto& p : parties) EXPECT_EQ(NX_SUCCESS, nx_smtp_client_delete(&p->client));
    });
    for (auto& p : parties) p->packets.expect_balanced();
}

} // namespace
} // namespace client_test

// Where the original client is wrong and a drop-in must be right, and what the original's own behaviour demands of a drop-in:
// a test for each, named after it.

#include "client_support.hpp"

#include <algorithm>
#include <chrono>

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void pause(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

/// Says `reply` an octet at a time, each in a segment of its own as far as the kernel lets it.
auto octet_by_octet(std::string reply) {
    return [=](peer& it) {
        for (const char octet : reply) {
            it.say({&octet, 1});
            std::this_thread::yield();
        }
    };
}

const std::string size_of_mail = " SIZE=" + std::to_string(header_block().size() + mail{}.body.size());

class original_is_wrong : public stack {};
class drop_in : public stack {};

// ---------------------------------------------------------------------------------------------------------------------
// Where the original is wrong

TEST_F(original_is_wrong, no_dot_stuffing_leading_dots_lost) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{}, {.body = ".\r\n..\r\n.a\r\n"}));
    EXPECT_EQ(header_block() + "..\r\n...\r\n..a\r\n", server.last().content());
}

TEST_F(original_is_wrong, a_body_with_crlf_dot_crlf_runs_the_rest_as_commands) {
    EXPECT_EQ(
        NX_SUCCESS,
        send_to(ordinary{}, {.body = "a\r\n.\r\nMAIL FROM:<x@b>\r\nRCPT TO:<y@b>\r\nDATA\r\nforged\r\n.\r\nQUIT\r\n"}));
    EXPECT_EQ(header_block() + "a\r\n..\r\nMAIL FROM:<x@b>\r\nRCPT TO:<y@b>\r\nDATA\r\nforged\r\n..\r\nQUIT\r\n",
              server.last().content());
    const std::string said = server.last().said;
    EXPECT_EQ(10, std::count(said.begin(), said.end(), '\n')) << "the replies to one mail";
}

TEST_F(original_is_wrong, cr_or_lf_injects_commands_and_headers) {
    const std::string evil = "a\r\nRSET";
    for (const auto& [m, a] : {std::pair<mail, account>{{.to = evil}, {}},
                               {{.subject = evil}, {}},
                               {{}, {.from = evil}},
                               {{}, {.domain = evil}}}) {
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(send_to(ordinary{}, m, a)));
        EXPECT_EQ(0u, tap::counted().connects);
    }
}

TEST_F(original_is_wrong, one_received_segment_is_taken_for_one_reply) {
    ordinary slow;
    slow.does = {{"greeting", octet_by_octet("220-mail.example\r\n220 ESMTP\r\n")},
                 {"EHLO", octet_by_octet("250-mail.example\r\n250-SIZE\r\n250 AUTH PLAIN\r\n")},
                 {"MAIL", octet_by_octet("250 2.1.0 ok\r\n")},
                 {"RCPT", octet_by_octet("250-a\r\n250 2.1.5 ok\r\n")},
                 {".", octet_by_octet("250 2.0.0 queued\r\n")}};
    EXPECT_EQ(NX_SUCCESS, send_to(slow));
    EXPECT_EQ(whole_dialog({}, size_of_mail), heard());
}

TEST_F(original_is_wrong, a_250_in_two_segments_skips_rcpt) {
    for (const char* key : {"MAIL", "RCPT", "."})
        for (std::size_t cut = 1; cut != 7; ++cut) {
            SCOPED_TRACE(std::string(key) + std::to_string(cut));
            EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{}, {{key, [=](peer& it) {
                                                             const std::string_view reply = "250 ok\r\n";
                                                             it.say(reply.substr(0, cut));
                                                             pause(2);
                                                             it.say(reply.substr(cut));
                                                         }}}}));
            EXPECT_EQ(whole_dialog(), heard());
        }
}

TEST_F(original_is_wrong, a_reply_with_more_than_three_digits_crashes) {
    for (const char* key : {"greeting", "EHLO", "MAIL", "RCPT", "DATA", "."})
        for (const char* reply : {"2500 ok\r\n", "250000000000000000000 ok\r\n", "2500\r\n", "25\r\n"}) {
            SCOPED_TRACE(std::string(key) + " " + reply);
            EXPECT_NE(NX_SUCCESS, static_cast<int>(send_to(ordinary{{{key, reply}}, {}})));
            EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
        }
}

TEST_F(original_is_wrong, a_textless_250_fails) {
    EXPECT_EQ(NX_SUCCESS,
              send_to(ordinary{{{"EHLO", "250\r\n"}, {"MAIL", "250\r\n"}, {"RCPT", "250\r\n"}, {".", "250\r\n"}}, {}}));
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"greeting", "220\n"}, {"EHLO", "250-x\n250\n"}, {".", "250\n"}}, {}}))
        << "a bare LF";
}

TEST_F(original_is_wrong, the_word_auth_anywhere_in_the_ehlo_reply_starts_authentication) {
    for (const char* reply : {"250-AUTH.example\r\n250 SIZE\r\n", "250 AUTH\r\n", "250-x\r\n250 XAUTH PLAIN\r\n",
                              "250-x\r\n250-AUTHENTICATE\r\n250 SIZE AUTH\r\n"}) {
        SCOPED_TRACE(reply);
        EXPECT_EQ(NX_SUCCESS,
                  send_to(ordinary{{{"EHLO", reply}}, {}}, {}, {.authentication = NX_SMTP_CLIENT_AUTH_NONE}));
        EXPECT_THAT(heard(), Not(HasSubstr("\r\nAUTH ")));
    }
}

TEST_F(original_is_wrong, endless_loop_on_repeated_334) {
    for (const UINT type : {UINT{NX_SMTP_CLIENT_AUTH_PLAIN}, UINT{NX_SMTP_CLIENT_AUTH_LOGIN}}) {
        EXPECT_NE(NX_SUCCESS,
                  static_cast<int>(send_to(ordinary{{{"answer", "334 more\r\n"}}, {}}, {}, {.authentication = type})));
        EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
        EXPECT_THAT(heard(), Not(HasSubstr("MAIL")));
    }
}

// The engine says that a 334 too many came in phase `connect`, so the status is 0xAB.
TEST_F(original_is_wrong, a_334_too_many_is_an_error_of_auth) {
    for (const UINT type : {UINT{NX_SMTP_CLIENT_AUTH_PLAIN}, UINT{NX_SMTP_CLIENT_AUTH_LOGIN}}) {
        EXPECT_EQ(NX_SMTP_AUTH_REPLY_ERROR,
                  static_cast<int>(send_to(ordinary{{{"answer", "334 more\r\n"}}, {}}, {}, {.authentication = type})));
        EXPECT_EQ(NX_SMTP_PHASE_AUTH, static_cast<int>(result().nx_smtp_result_phase));
    }
}

TEST_F(original_is_wrong, endless_loop_on_250_to_auth) {
    EXPECT_EQ(NX_SMTP_AUTH_REPLY_ERROR, static_cast<int>(send_to(ordinary{{{"AUTH", "250 ok\r\n"}}, {}})));
    EXPECT_EQ("EHLO client.example\r\nAUTH PLAIN\r\nQUIT\r\n", heard());
    EXPECT_EQ(NX_SMTP_AUTH_REPLY_ERROR, static_cast<int>(send_to(ordinary{{{"answer", "250 ok\r\n"}}, {}})));
}

TEST_F(original_is_wrong, mail_accepted_and_quit_unanswered_is_reported_as_failed) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{}, {{"QUIT", [](peer& it) { it.close(); }}}}));
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{}, {{".", [](peer& it) {
                                                     it.say("250 ok\r\n");
                                                     it.close();
                                                 }}}}));
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{}, {{".", [](peer& it) {
                                                     it.say("250 ok\r\n");
                                                     it.line();
                                                     it.reset();
                                                 }}}}));
}

TEST_F(original_is_wrong, login_only_with_exactly_username_and_password_prompts) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"AUTH", "334 VXNlciBOYW1lAA==\r\n"},
                                            {"answer", "334 UGFzc3dvcmQA\r\n"},
                                            {"answer 2", "235 ok\r\n"}},
                                           {}},
                                  {}, {.authentication = NX_SMTP_CLIENT_AUTH_LOGIN}));
}

TEST_F(original_is_wrong, authorization_identity_is_the_user_name_in_plain) {
    create();
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), HasSubstr("\r\nAHVzZXIAc2VjcmV0\r\n"));
    EXPECT_THAT(heard(), Not(HasSubstr("dXNlcgB1c2VyAHNlY3JldA==")));
}

TEST_F(original_is_wrong, only_250_is_taken_for_rcpt) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"RCPT", "251 forwarded\r\n"}}, {}}));
}

TEST_F(original_is_wrong, a_space_before_crlf_in_mail_and_rcpt) {
    create();
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), Not(HasSubstr(" \r\n")));
}

TEST_F(original_is_wrong, no_clue_why) {
    EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR,
              static_cast<int>(send_to(ordinary{{{"RCPT", "550-5.1.1 no such user\r\n550 5.1.1 here\r\n"}}, {}})));
    EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
    EXPECT_EQ("no such user\nhere", text_of(result()));
}

// ---------------------------------------------------------------------------------------------------------------------
// What the original's own behaviour demands

TEST_F(drop_in, quit_after_success_after_a_refusal_and_after_what_is_no_reply) {
    for (const char* reply : {"250 ok\r\n", "550 no\r\n", "nonsense\r\n"}) {
        static_cast<void>(send_to(ordinary{{{"RCPT", reply}}, {}}));
        EXPECT_THAT(heard(), EndsWith("\r\nQUIT\r\n"));
        EXPECT_FALSE(server.last().reset);
    }
}

TEST_F(drop_in, ehlo_s_reply_in_several_segments_with_a_second_of_silence_between) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{}, {{"EHLO", [](peer& it) {
                                                     it.say("250-mail.example\r\n250-SI");
                                                     pause(1000);
                                                     it.say("ZE\r\n250 AUTH PLAIN\r\n");
                                                 }}}}));
    EXPECT_EQ(whole_dialog({}, size_of_mail), heard());
}

TEST_F(drop_in, a_line_of_ehlo_s_reply_that_begins_with_a_space) {
    for (const char* reply :
         {"250-mail.example\r\n 250 SIZE\r\n", " 250-mail.example\r\n 250-AUTH PLAIN\r\n  250 SIZE\r\n"}) {
        EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"EHLO", reply}}, {}}));
        EXPECT_EQ(whole_dialog({}, size_of_mail), heard());
    }
}

TEST_F(drop_in, a_greeting_that_is_none_and_has_no_line_end_fails_at_once) {
    for (const char* greeting : {"2222220-mail.example ESMTP", "2200", "2222220-mail.example ESMTP\r\n", "0", "x"}) {
        SCOPED_TRACE(greeting);
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(NX_SMTP_GREET_REPLY_ERROR, static_cast<int>(send_to(ordinary{{{"greeting", greeting}}, {}})));
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
        EXPECT_EQ("QUIT\r\n", heard());
    }
}

TEST_F(drop_in, the_client_is_ready_for_the_next_mail_after_each_failure) {
    create();
    for (const char* key : {"greeting", "EHLO", "AUTH", "answer", "MAIL", "RCPT", "DATA", "."}) {
        SCOPED_TRACE(key);
        for (const char* reply : {"550 no\r\n", "nonsense\r\n", "421 bye\r\n"}) {
            server.set(ordinary{{{key, reply}}, {}});
            EXPECT_NE(NX_SUCCESS, static_cast<int>(send()));
        }
        server.set(ordinary{{}, {{key, [](peer& it) { it.reset(); }}}});
        EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(send()));
        server.forget();
        server.set(ordinary{});
        EXPECT_EQ(NX_SUCCESS, send());
        EXPECT_EQ(whole_dialog(), heard());
    }
}

} // namespace
} // namespace client_test

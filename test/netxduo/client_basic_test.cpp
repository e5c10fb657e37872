// The client that has what the original has, and nothing else (NX_SMTP_CLIENT_BASIC).

#include "client_support.hpp"

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class basic : public stack {};

TEST_F(basic, a_whole_mail_octet_for_octet) {
    create();
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(whole_dialog(), heard());
    EXPECT_EQ("queued", text_of(result()));
}

TEST_F(basic, one_command_for_each_wait_even_where_pipelining_is_offered) {
    server.set(ordinary{{{"EHLO", "250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH PLAIN\r\n"}}, {}});
    create();
    tap::clear();
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(whole_dialog(), heard());
    EXPECT_EQ(8u, tap::segments().size());
}

TEST_F(basic, a_subject_goes_out_as_it_is_and_priorities_are_normal) {
    create();
    const mail m{.subject = "caf\xC3\xA9", .priority = NX_SMTP_MAIL_PRIORITY_HIGH};
    EXPECT_EQ(NX_SUCCESS, send(m));
    EXPECT_EQ(whole_dialog(m), heard());
}

TEST_F(basic, a_refusal_says_its_code_and_its_text) {
    for (const auto& [key, status] : {std::pair{"MAIL", 0xA9}, {"RCPT", 0xAA}, {"DATA", 0xAC}, {".", 0xAB}}) {
        EXPECT_EQ(status, static_cast<int>(send_to(ordinary{{{key, "550 5.7.1 no\r\n421 more\r\n"}}, {}})));
        EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
        EXPECT_EQ("no", text_of(result()));
        EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
    }
}

TEST_F(basic, size_and_8bitmime_are_said_where_they_are_offered) {
    server.set(ordinary{{{"EHLO", "250-x\r\n250-SIZE\r\n250 8BITMIME\r\n"}}, {}});
    create();
    EXPECT_EQ(NX_SUCCESS, send({.body = "caf\xC3\xA9\r\n"}));
    EXPECT_THAT(heard(), HasSubstr(" SIZE=" + std::to_string(header_block().size() + 7) + " BODY=8BITMIME\r\n"));
}

} // namespace
} // namespace client_test

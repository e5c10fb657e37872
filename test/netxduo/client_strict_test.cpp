// The client as a firmware may configure it: NX_SMTP_CLIENT_AUTH_NONE_STRICT, and small limits for its texts.

#include "client_support.hpp"

namespace client_test {
namespace {

class strict : public stack {};

const account none{.user = "user",
                   .password = "secret",
                   .from = "a@b",
                   .domain = "client.x",
                   .authentication = NX_SMTP_CLIENT_AUTH_NONE};

TEST_F(strict, none_is_none_even_where_the_server_offers_auth) {
    EXPECT_EQ(NX_SUCCESS, static_cast<int>(send_to(ordinary{}, {}, none)));
    EXPECT_THAT(heard(), ::testing::StartsWith("EHLO client.x\r\nMAIL FROM:<a@b>\r\n"));
}

TEST_F(strict, cram_md5_is_plain_where_it_is_not_served_and_a_token_is_never_plain) {
    account a = none;
    a.authentication = NX_SMTP_CLIENT_AUTH_CRAM_MD5;
    EXPECT_EQ(NX_SUCCESS, static_cast<int>(send_to(ordinary{}, {}, a)));
    EXPECT_THAT(heard(), ::testing::HasSubstr("\r\nAUTH PLAIN\r\nAHVzZXIAc2VjcmV0\r\n"));
    a.authentication = NX_SMTP_CLIENT_AUTH_XOAUTH2;
    EXPECT_EQ(NX_SMTP_TLS_NOT_SET_UP, static_cast<int>(send_to(ordinary{}, {}, a)));
    EXPECT_TRUE(server.connections().empty());
}

TEST_F(strict, plain_and_login_are_as_they_were) {
    account a = none;
    a.authentication = NX_SMTP_CLIENT_AUTH_PLAIN;
    EXPECT_EQ(NX_SUCCESS, static_cast<int>(send_to(ordinary{}, {}, a)));
    EXPECT_THAT(heard(), ::testing::HasSubstr("\r\nAUTH PLAIN\r\nAHVzZXIAc2VjcmV0\r\n"));
}

TEST_F(strict, small_texts_leave_room_for_an_encoded_word_and_a_date) {
    create(none);
    static const auto clock = [] { return ULONG{0xFFFFFFFF}; };
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, +clock, +clock));
    std::string subject;
    for (int i = 0; i != 60; ++i) subject += "\xC3\xA9";
    EXPECT_EQ(NX_SUCCESS, static_cast<int>(send({.subject = subject})));
    EXPECT_THAT(server.last().content(), ::testing::HasSubstr("\r\nDate: Sun, 07 Feb 2106 06:28:15 +0000\r\n"));
    EXPECT_THAT(server.last().content(), ::testing::EndsWith("@client.x>\r\n\r\nHello.\r\n"));
}

TEST_F(strict, the_limits_are_the_configured_ones) {
    EXPECT_EQ(8, NX_SMTP_CLIENT_MAX_USERNAME);
    NXD_ADDRESS address = loopback();
    CHAR eight[] = "12345678", nine[] = "123456789", six[] = "secret";
    client_pool = std::make_unique<pool>(2u, 512u);
    EXPECT_EQ(NX_SIZE_ERROR, static_cast<int>(nxd_smtp_client_create(&client, &ip, client_pool.get(), nine, six, six,
                                                                     eight, 3, &address, 25)));
    EXPECT_EQ(NX_SIZE_ERROR, static_cast<int>(nxd_smtp_client_create(&client, &ip, client_pool.get(), eight, six, six,
                                                                     nine, 3, &address, 25)));
    EXPECT_EQ(NX_SIZE_ERROR, static_cast<int>(nxd_smtp_client_create(&client, &ip, client_pool.get(), eight, eight, six,
                                                                     eight, 3, &address, 25)));
    EXPECT_EQ(NX_SIZE_ERROR, static_cast<int>(nxd_smtp_client_create(&client, &ip, client_pool.get(), eight, six, nine,
                                                                     eight, 3, &address, 25)));
    EXPECT_EQ(NX_SUCCESS, static_cast<int>(nxd_smtp_client_create(&client, &ip, client_pool.get(), eight, six, eight,
                                                                  eight, 3, &address, 25)));
}

} // namespace
} // namespace client_test

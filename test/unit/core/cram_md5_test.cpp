#include "postrider/cram_md5.hpp"

#include "postrider/auth.hpp"
#include "print.hpp"
#include "sasl_digests.hpp"

#include <gtest/gtest.h>

namespace postrider {
namespace {

struct CramMd5 : testing::Test {
    sasl_digests library;
    cram_md5 exchange{library};
    credentials with{.user = "tim", .password = "tanstaaftanstaaf"};

    errc begin() { return exchange.begin(mechanism::cram_md5, with, {}, false); }
};

// RFC 2195 §2
TEST_F(CramMd5, TheExampleOfTheRfc) {
    ASSERT_EQ(begin(), errc::ok);
    EXPECT_FALSE(exchange.client_first());
    EXPECT_EQ(exchange.message(), "");
    ASSERT_EQ(exchange.answer("<1896.697170952@postoffice.reston.mci.net>"), errc::ok);
    EXPECT_EQ(exchange.message(), "tim b913a602c7eda7a495b4e6e7334d3890");
    EXPECT_EQ(exchange.end({}), errc::ok);
    EXPECT_EQ(exchange.message(), "");
}

TEST_F(CramMd5, SpeaksThatAlone) {
    EXPECT_EQ(exchange.speaks().bits, static_cast<std::uint32_t>(mechanism::cram_md5));
    EXPECT_EQ(exchange.begin(mechanism::scram_sha_1, with, {}, false), errc::invalid_parameter);
}

TEST_F(CramMd5, WhatItCannotTake) {
    const std::string longest(limits::sasl_name, 'u'), longer(limits::sasl_name + 1, 'u');
    for (const char* const user : {"", longer.c_str(), "a\nb", "\x7f",
                                   "b\xC3\xB6"
                                   "b"}) {
        with.user = user;
        EXPECT_EQ(begin(), errc::invalid_credentials) << user;
    }
    with.user = longest;
    ASSERT_EQ(begin(), errc::ok);
    ASSERT_EQ(exchange.answer("<1@a.example>"), errc::ok);
    EXPECT_EQ(exchange.message().size(), limits::sasl_name + 33);
    for (const char* const password : {"a\tb", "p\xC3\xA4ss"}) {
        with.password = password;
        EXPECT_EQ(begin(), errc::invalid_credentials) << password;
    }
    with.prepared = true;
    EXPECT_EQ(begin(), errc::ok);
    with.password = "p\xC3\xA4ss\x01";
    EXPECT_EQ(begin(), errc::invalid_credentials) << "preparing leaves none";
}

TEST_F(CramMd5, OneChallengeIsAnswered) {
    EXPECT_EQ(exchange.answer("<1@a.example>"), errc::malformed_challenge) << "nothing has begun";
    ASSERT_EQ(begin(), errc::ok);
    EXPECT_EQ(exchange.answer(""), errc::malformed_challenge);
    ASSERT_EQ(begin(), errc::ok);
    EXPECT_EQ(exchange.answer("any text"), errc::ok);
    EXPECT_EQ(exchange.answer("<2@a.example>"), errc::malformed_challenge);
    EXPECT_EQ(exchange.message(), "");
    EXPECT_EQ(exchange.end({}), errc::server_unproven);
}

TEST_F(CramMd5, A235WithoutAChallengeIsNone) {
    ASSERT_EQ(begin(), errc::ok);
    EXPECT_EQ(exchange.end({}), errc::server_unproven);
}

TEST_F(CramMd5, WithoutMd5) {
    library.fails_at = 0;
    ASSERT_EQ(begin(), errc::ok);
    EXPECT_EQ(exchange.answer("<1@a.example>"), errc::system_failure);
    EXPECT_EQ(exchange.message(), "");
}

TEST_F(CramMd5, LeavesNothingBehind) {
    alignas(cram_md5) char memory[sizeof(cram_md5)];
    auto* const e = new (memory) cram_md5{library};
    ASSERT_EQ(e->begin(mechanism::cram_md5, with, {}, false), errc::ok);
    ASSERT_EQ(e->answer("<1@a.example>"), errc::ok);
    const std::string answer{e->message()};
    const auto held = [&] {
        return std::string_view{memory, sizeof memory}.find(answer.substr(4)) != std::string_view::npos;
    };
    EXPECT_TRUE(held());
    EXPECT_EQ(e->end({}), errc::ok);
    EXPECT_FALSE(held());
    e->~cram_md5();
}

} // namespace
} // namespace postrider

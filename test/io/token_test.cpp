#include "postrider/io/token.hpp"

#include "postrider/io/drive.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace postrider {
namespace {

using namespace std::chrono_literals;

struct test_clock {
    using rep = std::chrono::steady_clock::rep;
    using period = std::chrono::steady_clock::period;
    using duration = std::chrono::steady_clock::duration;
    using time_point = std::chrono::time_point<test_clock>;
    static inline time_point time{1h};
    static time_point now() noexcept { return time; }
};

struct Token : testing::Test {
    std::optional<std::chrono::seconds> valid_for = 3600s;
    int refreshed = 0;
    bool works = true;
    basic_token_source<test_clock> source{"alice", [this](fresh_token& to) {
                                              ++refreshed;
                                              to = {.value = secret{"token " + std::to_string(refreshed)},
                                                    .valid_for = valid_for};
                                              return works;
                                          }};

    std::string wanted(bool again = false) {
        credentials with;
        const errc e = source.fill(with, again);
        EXPECT_EQ(e == errc::ok, !with.token.empty());
        if (e != errc::ok) return describe(e);
        EXPECT_EQ(with.user, "alice");
        return std::string{with.token.reveal()};
    }
    std::string none() const { return describe(errc::credentials_failed); }
};

TEST_F(Token, IsRenewedWhenItIsAboutToExpire) {
    EXPECT_EQ(wanted(), "token 1");
    EXPECT_EQ(wanted(), "token 1");
    test_clock::time += 3539s;
    EXPECT_EQ(wanted(), "token 1");
    test_clock::time += 1s;
    EXPECT_EQ(wanted(), "token 2");
    EXPECT_EQ(wanted(), "token 2");
    EXPECT_EQ(refreshed, 2);
}

TEST_F(Token, IsRenewedOnceForEach535) {
    EXPECT_EQ(wanted(), "token 1");
    EXPECT_EQ(wanted(true), "token 2");
    EXPECT_EQ(refreshed, 2);
    EXPECT_EQ(wanted(), "token 2");
    works = false;
    EXPECT_EQ(wanted(true), none()) << "what was refused is not shown again";
    EXPECT_EQ(refreshed, 3);
}

TEST_F(Token, IsKeptWhileItIsGoodAndThereIsNoOther) {
    EXPECT_EQ(wanted(), "token 1");
    works = false;
    test_clock::time += 3599s;
    EXPECT_EQ(wanted(), "token 1");
    test_clock::time += 1s;
    EXPECT_EQ(wanted(), none());
    works = true;
    EXPECT_EQ(wanted(), "token 4");
}

TEST_F(Token, OneOfAShortLifeIsUsedAllTheSame) {
    valid_for = 10s;
    EXPECT_EQ(wanted(), "token 1");
    EXPECT_EQ(wanted(), "token 2");
    valid_for = 0s;
    test_clock::time += 10s;
    EXPECT_EQ(wanted(), none());
}

TEST_F(Token, OneWithoutEndIsGoodUntilItIsRefused) {
    for (const auto without : {std::optional<std::chrono::seconds>{}, std::optional{std::chrono::seconds::max()}}) {
        valid_for = without;
        const std::string first = wanted(true);
        test_clock::time += 24h * 365;
        EXPECT_EQ(wanted(), first);
        EXPECT_NE(wanted(true), first);
    }
}

TEST_F(Token, OneThatThereIsAlready) {
    source.put({.value = secret{std::string_view{"kept"}}, .valid_for = 3600s});
    EXPECT_EQ(wanted(), "kept");
    EXPECT_EQ(refreshed, 0);
    basic_token_source<test_clock> bare{"alice", {}};
    credentials with;
    EXPECT_EQ(bare.fill(with, false), errc::credentials_failed) << "nobody to ask";
    bare.put({.value = secret{std::string_view{"kept"}}});
    EXPECT_EQ(bare.fill(with, false), errc::ok);
    EXPECT_EQ(with.token.reveal(), "kept");
}

TEST_F(Token, AnEmptyOneIsNone) {
    basic_token_source<test_clock> empty{"alice", [](fresh_token&) { return true; }};
    credentials with;
    EXPECT_EQ(empty.fill(with, false), errc::credentials_failed);
}

/// Plays the answers one after another, and keeps what was sent.
struct played_stream {
    std::deque<std::string> answers;
    std::string sent{};

    transfer_result transfer(std::span<const std::string_view> out, std::span<char> in, deadline) {
        transfer_result r;
        for (const std::string_view part : out) {
            sent += part;
            r.written += part.size();
        }
        if (r.written != 0) return r;
        r.read = answers.front().copy(in.data(), in.size());
        answers.pop_front();
        return r;
    }
};

struct authenticates : drive_handler {
    token_source& tokens;
    explicit authenticates(token_source& from) : tokens(from) {}
    errc credentials_wanted(credentials& with, bool again) {
        with.allow_cleartext_auth = true;
        return tokens.fill(with, again);
    }
};

TEST(TokenInASession, IsRefusedAndRenewed) {
    int refreshed = 0;
    token_source tokens{"alice", [&](fresh_token& to) {
                            to.value = secret{"tok" + std::to_string(++refreshed)};
                            return true;
                        }};
    played_stream stream{
        {"220 mail.example\r\n", "250-mail.example\r\n250 AUTH XOAUTH2\r\n", "535 5.7.8 Expired\r\n", "235 Ok\r\n"}};
    session<512> s;
    session_options options{.client = *domain::parse("client.example"), .tls = tls_policy::none};
    options.auth = {.allow_cleartext_auth = true, .on_demand = true};
    ASSERT_EQ(s.start(options), errc::ok);
    authenticates handler{tokens};
    EXPECT_EQ(drive(s, stream, never, handler), errc::ok);
    EXPECT_TRUE(s.authenticated());
    EXPECT_EQ(refreshed, 2);
    // user=alice^Aauth=Bearer tok1^A^A, and with tok2
    EXPECT_EQ(stream.sent, "EHLO client.example\r\nAUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0b2sxAQE=\r\n"
                           "AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0b2syAQE=\r\n");
}

} // namespace
} // namespace postrider

#include "exit_code.hpp"

#include <gtest/gtest.h>

#include <array>
#include <sysexits.h>

namespace {

using namespace postrider;

send_result result_of(std::initializer_list<recipient_result> recipients) {
    send_result r{.what = outcome::accepted, .recipients = recipients};
    for (const recipient_result& one : r.recipients)
        if (one.what != outcome::accepted) r.what = one.what;
    return r;
}

recipient_result by_reply(outcome what, int code, phase where = phase::rcpt) {
    return {.what = what, .error = errc::refused, .where = where, .code = code};
}

TEST(exit_code, of_one_recipient) {
    const auto code = [](const recipient_result& one) { return cli::exit_code(result_of({one})); };
    EXPECT_EQ(code({.what = outcome::accepted}), EX_OK);
    EXPECT_EQ(code({.what = outcome::unknown}), cli::exit_unknown);
    EXPECT_EQ(code(by_reply(outcome::deferred, 451)), EX_TEMPFAIL);
    EXPECT_EQ(code({.what = outcome::deferred, .error = errc::cancelled}), cli::exit_interrupted);
    EXPECT_EQ(code(by_reply(outcome::rejected, 550)), EX_UNAVAILABLE);
    EXPECT_EQ(code(by_reply(outcome::rejected, 535, phase::auth)), EX_NOPERM);
    EXPECT_EQ(code(by_reply(outcome::not_attempted, 421, phase::greeting)), EX_TEMPFAIL);
    EXPECT_EQ(code(by_reply(outcome::not_attempted, 554, phase::greeting)), EX_UNAVAILABLE);
    EXPECT_EQ(code(by_reply(outcome::not_attempted, 535, phase::auth)), EX_NOPERM);
    EXPECT_EQ(code({.error = errc::host_not_found}), EX_NOHOST);
    EXPECT_EQ(code({.error = errc::tls_unverified}), EX_PROTOCOL);
    EXPECT_EQ(code({.error = errc::auth_unavailable}), EX_NOPERM);
    EXPECT_EQ(code({.error = errc::invalid_trust}), EX_CONFIG);
}

TEST(exit_code, of_all_or_none_it_is_that_of_who_was_refused) {
    const recipient_result spared{.what = outcome::deferred, .error = errc::other_refused, .where = phase::rcpt};
    EXPECT_EQ(cli::exit_code(result_of({spared, by_reply(outcome::rejected, 550)})), EX_UNAVAILABLE);
    EXPECT_EQ(cli::exit_code(result_of({spared, by_reply(outcome::deferred, 451)})), EX_TEMPFAIL);
}

TEST(exit_code, without_recipients_it_is_the_error_s) {
    EXPECT_EQ(cli::exit_code(send_result{.error = errc::no_recipients}), EX_USAGE);
    EXPECT_EQ(cli::exit_code(send_result{.error = errc::body_failed}), EX_NOINPUT);
}

TEST(exit_code, precedence) {
    const std::array rising{EX_OK, EX_UNAVAILABLE, EX_NOHOST, EX_TEMPFAIL, cli::exit_interrupted, cli::exit_unknown};
    for (std::size_t i = 0; i != rising.size(); ++i)
        for (std::size_t j = 0; j != rising.size(); ++j)
            EXPECT_EQ(cli::worse(rising[i], rising[j]), rising[std::max(i, j)]) << rising[i] << ' ' << rising[j];
}

// A new error has to be given a code on purpose: what nobody thought of is "internal".
TEST(exit_code, every_error_has_one) {
    for (int value = 1; value != 256; ++value) {
        const auto error = static_cast<errc>(value);
        if (kind(error) == errc_kind::none || describe(error) == describe(static_cast<errc>(255))) continue;
        if (error == errc::wrong_state) EXPECT_EQ(cli::exit_code(error), EX_SOFTWARE);
        else EXPECT_NE(cli::exit_code(error), EX_SOFTWARE) << describe(error);
    }
}

} // namespace

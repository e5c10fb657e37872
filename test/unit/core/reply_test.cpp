#include "postrider/reply.hpp"

#include "print.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace postrider {
namespace {

TEST(Phase, NamesAndTimeLimits) {
    struct row {
        phase where;
        std::string_view called;
        unsigned seconds;
    };
    constexpr row rows[] = {
        {phase::connect, "connect", 300}, {phase::greeting, "greeting", 300}, // RFC 5321 §4.5.3.2.1
        {phase::ehlo, "EHLO", 300},       {phase::helo, "HELO", 300},         {phase::auth, "AUTH", 300},
        {phase::noop, "NOOP", 300},       {phase::rset, "RSET", 300},         {phase::mail, "MAIL", 300}, // §4.5.3.2.2
        {phase::rcpt, "RCPT", 300},                                                                       // §4.5.3.2.3
        {phase::data, "DATA", 120},                                                                       // §4.5.3.2.4
        {phase::content, "content", 180},                                                                 // §4.5.3.2.5
        {phase::quit, "QUIT", 10},        {phase::vrfy, "VRFY", 300},         {phase::expn, "EXPN", 300},
        {phase::help, "HELP", 300},       {phase::etrn, "ETRN", 300},         {phase::xforward, "XFORWARD", 300},
        {phase::xclient, "XCLIENT", 300},
    };
    static_assert(std::size(rows) == static_cast<std::size_t>(phase::xclient) + 1, "a phase has no row");
    static_assert(end_of_content_seconds == 600); // §4.5.3.2.6
    for (const row& r : rows) {
        EXPECT_EQ(name(r.where), r.called);
        EXPECT_EQ(time_limit_seconds(r.where), r.seconds) << r.called;
    }
    EXPECT_EQ(name(static_cast<phase>(200)), "");
}

TEST(Outcome, Names) {
    EXPECT_EQ(name(outcome::not_attempted), "not attempted");
    EXPECT_EQ(name(outcome::accepted), "accepted");
    EXPECT_EQ(name(outcome::rejected), "rejected");
    EXPECT_EQ(name(outcome::deferred), "deferred");
    EXPECT_EQ(name(outcome::unknown), "unknown");
    EXPECT_EQ(name(static_cast<outcome>(200)), "");
}

TEST(Reply, FirstDigit) {
    for (unsigned code = 100; code != 600; ++code) {
        reply r;
        r.code = static_cast<std::uint16_t>(code);
        EXPECT_EQ(r.first_digit(), static_cast<unsigned>(std::to_string(code)[0] - '0'));
    }
    EXPECT_EQ(reply{}.first_digit(), 0u);
}

TEST(EnhancedStatus, IsThereIfItHasAClass) {
    EXPECT_FALSE(enhanced_status{});
    EXPECT_TRUE((enhanced_status{2, 0, 0}));
    EXPECT_EQ((enhanced_status{5, 1, 10}), (enhanced_status{5, 1, 10}));
    EXPECT_NE((enhanced_status{5, 1, 10}), (enhanced_status{5, 1, 1}));
    EXPECT_NE((enhanced_status{5, 1, 1}), (enhanced_status{5, 2, 1}));
    EXPECT_NE((enhanced_status{5, 1, 1}), (enhanced_status{4, 1, 1}));
}

TEST(Status, IsOpenUntilAnythingIsDecided) {
    status s;
    EXPECT_TRUE(s.open());
    s.error = errc::timed_out;
    EXPECT_FALSE(s.open());
    s = {};
    s.what = outcome::accepted;
    EXPECT_FALSE(s.open());
}

TEST(Status, WhetherToTryAgain) {
    using retry = status::retry;
    struct row {
        outcome what;
        errc error;
        int code;
        retry again;
    };
    constexpr row rows[] = {
        {outcome::accepted, errc::ok, 250, retry::no},
        {outcome::rejected, errc::refused, 550, retry::no},
        {outcome::deferred, errc::refused, 450, retry::yes},
        {outcome::deferred, errc::connection_reset, 0, retry::yes},
        {outcome::deferred, errc::timed_out, 0, retry::yes},
        {outcome::deferred, errc::malformed_reply, 0, retry::yes},
        {outcome::deferred, errc::body_failed, 0, retry::no}, // the same body would fail once more
        {outcome::unknown, errc::timed_out, 0, retry::risks_duplicate},
        {outcome::unknown, errc::connection_closed, 0, retry::risks_duplicate},
        {outcome::unknown, errc::unexpected_reply, 0, retry::risks_duplicate},
        // The server said no before this recipient's turn.
        {outcome::not_attempted, errc::refused, 421, retry::yes},
        {outcome::not_attempted, errc::refused, 454, retry::yes},
        {outcome::not_attempted, errc::refused, 535, retry::no},
        {outcome::not_attempted, errc::refused, 554, retry::no},
        // The network: later it may work, except where the name does not exist.
        {outcome::not_attempted, errc::host_not_found, 0, retry::no},
        {outcome::not_attempted, errc::resolver_failed, 0, retry::yes},
        {outcome::not_attempted, errc::connection_refused, 0, retry::yes},
        {outcome::not_attempted, errc::unreachable, 0, retry::yes},
        {outcome::not_attempted, errc::timed_out, 0, retry::yes},
        // The caller's fault, the peer's, or nothing known.
        {outcome::not_attempted, errc::invalid_mailbox, 0, retry::no},
        {outcome::not_attempted, errc::cleartext_auth, 0, retry::no},
        {outcome::not_attempted, errc::malformed_reply, 0, retry::no},
        {outcome::not_attempted, errc::auth_unavailable, 0, retry::no},
        // What the server cannot do it can no better in an hour.
        {outcome::not_attempted, errc::extension_unavailable, 0, retry::no},
        {outcome::not_attempted, errc::message_too_large, 0, retry::no},
        {outcome::not_attempted, errc::mail_limit, 0, retry::yes}, // another connection has room
        // Whoever took STARTTLS away, or put something behind it, may be gone by then.
        {outcome::not_attempted, errc::tls_unavailable, 0, retry::yes},
        {outcome::not_attempted, errc::octets_before_tls, 0, retry::yes},
        {outcome::not_attempted, errc::tls_unverified, 0, retry::yes},
        {outcome::deferred, errc::content_mismatch, 0, retry::no},
        {outcome::deferred, errc::other_refused, 0, retry::yes},
        {outcome::not_attempted, errc::ok, 0, retry::no},
    };
    for (const row& r : rows) {
        status s;
        s.what = r.what;
        s.error = r.error;
        s.code = static_cast<std::uint16_t>(r.code);
        EXPECT_EQ(s.again(), r.again) << name(r.what) << ", " << describe(r.error) << ", " << r.code;
    }
}

// A mail that the caller's policy abandons for its line endings would be abandoned each time.
TEST(Status, BareLineEndingsDoNotHealWithTime) {
    status s;
    s.what = outcome::deferred;
    s.error = errc::bare_line_ending;
    EXPECT_EQ(s.again(), status::retry::no);
}

} // namespace
} // namespace postrider

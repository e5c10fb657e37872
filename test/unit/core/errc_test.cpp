#include "postrider/errc.hpp"

#include "print.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace postrider {
namespace {

struct row {
    errc error;
    errc_kind belongs_to;
};

constexpr row every_error[] = {
    {errc::ok, errc_kind::none},
    {errc::invalid_domain, errc_kind::caller},
    {errc::invalid_mailbox, errc_kind::caller},
    {errc::invalid_parameter, errc_kind::caller},
    {errc::invalid_credentials, errc_kind::caller},
    {errc::no_recipients, errc_kind::caller},
    {errc::wrong_state, errc_kind::caller},
    {errc::bare_line_ending, errc_kind::caller},
    {errc::body_failed, errc_kind::caller},
    {errc::content_mismatch, errc_kind::caller},
    {errc::cleartext_auth, errc_kind::caller},
    {errc::credentials_too_long, errc_kind::caller},
    {errc::credentials_failed, errc_kind::caller},
    {errc::invalid_trust, errc_kind::caller},
    {errc::invalid_certificate, errc_kind::caller},
    {errc::no_tls, errc_kind::caller},
    {errc::no_host_name, errc_kind::caller},
    {errc::invalid_message, errc_kind::caller},
    {errc::invalid_url, errc_kind::caller},
    {errc::host_not_found, errc_kind::network},
    {errc::resolver_failed, errc_kind::network},
    {errc::connection_refused, errc_kind::network},
    {errc::unreachable, errc_kind::network},
    {errc::connection_reset, errc_kind::network},
    {errc::connection_closed, errc_kind::network},
    {errc::timed_out, errc_kind::network},
    {errc::cancelled, errc_kind::network},
    {errc::system_failure, errc_kind::network},
    {errc::tls_failed, errc_kind::network},
    {errc::tls_unverified, errc_kind::network},
    {errc::tls_truncated, errc_kind::network},
    {errc::proxy_failed, errc_kind::network},
    {errc::line_too_long, errc_kind::protocol},
    {errc::reply_too_long, errc_kind::protocol},
    {errc::malformed_reply, errc_kind::protocol},
    {errc::unexpected_reply, errc_kind::protocol},
    {errc::octets_before_tls, errc_kind::protocol},
    {errc::malformed_challenge, errc_kind::protocol},
    {errc::weak_challenge, errc_kind::protocol},
    {errc::server_unproven, errc_kind::protocol},
    {errc::refused, errc_kind::server},
    {errc::tls_unavailable, errc_kind::server},
    {errc::auth_unavailable, errc_kind::server},
    {errc::extension_unavailable, errc_kind::server},
    {errc::message_too_large, errc_kind::server},
    {errc::other_refused, errc_kind::server},
    {errc::too_many_recipients, errc_kind::server},
    {errc::mail_limit, errc_kind::server},
};

TEST(Errc, BelongsToOneKind) {
    for (const row& r : every_error) EXPECT_EQ(kind(r.error), r.belongs_to) << describe(r.error);
}

TEST(Errc, IsDescribedByASentenceOfItsOwn) {
    std::set<std::string> texts;
    for (const row& r : every_error) {
        const std::string text = describe(r.error);
        EXPECT_GT(text.size(), 7u);
        EXPECT_NE(text.back(), '.') << text;
        EXPECT_NE(text, "unknown error");
        EXPECT_EQ(text.find('\n'), std::string::npos) << text;
        EXPECT_TRUE(texts.insert(text).second) << "twice: " << text;
    }
}

// A new error must be added to the table above: everything that has a text is listed.
TEST(Errc, TableIsComplete) {
    std::size_t described = 0;
    for (int value = 0; value != 256; ++value)
        if (std::string(describe(static_cast<errc>(value))) != "unknown error") ++described;
    EXPECT_EQ(described, std::size(every_error));
}

TEST(Errc, ValuesFromOutsideAreUnknown) {
    EXPECT_STREQ(describe(static_cast<errc>(31)), "unknown error");
    EXPECT_STREQ(describe(static_cast<errc>(255)), "unknown error");
}

} // namespace
} // namespace postrider

// capabilities.hpp - what a server said it can do, from its EHLO reply (RFC 5321 §4.1.1.1).
#ifndef POSTRIDER_CAPABILITIES_HPP
#define POSTRIDER_CAPABILITIES_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider {

/// Service extensions that are recognised in an EHLO reply, by their keyword.
enum class extension : std::uint32_t {
    auth = 1 << 0,             ///< RFC 4954
    pipelining = 1 << 1,       ///< RFC 2920
    size = 1 << 2,             ///< RFC 1870
    eight_bit_mime = 1 << 3,   ///< RFC 6152
    chunking = 1 << 4,         ///< RFC 3030
    smtputf8 = 1 << 5,         ///< RFC 6531
    dsn = 1 << 6,              ///< RFC 3461
    binary_mime = 1 << 7,      ///< RFC 3030
    limits = 1 << 8,           ///< RFC 9422
    deliver_by = 1 << 9,       ///< RFC 2852
    mt_priority = 1 << 10,     ///< RFC 6710
    future_release = 1 << 11,  ///< RFC 4865
    require_tls = 1 << 12,     ///< RFC 8689
    burl = 1 << 13,            ///< RFC 4468
    xclient = 1 << 14,         ///< Postfix, XCLIENT_README
    xforward = 1 << 15,        ///< Postfix, XFORWARD_README
    etrn = 1 << 16,            ///< RFC 1985
    vrfy = 1 << 17,            ///< RFC 5321 §3.5
    expn = 1 << 18,            ///< RFC 5321 §3.5
    help = 1 << 19,            ///< RFC 5321 §4.1.1.8
    enhanced_status = 1 << 20, ///< RFC 2034
    starttls = 1 << 21,        ///< RFC 3207
};

/// SASL mechanisms that the engine speaks. The order is that of preference, weakest first.
enum class mechanism : std::uint8_t {
    none = 0,
    login = 1 << 0, ///< draft-murchison-sasl-login
    plain = 1 << 1, ///< RFC 4616
};

/// A set of flags of one kind.
template <class Flag>
struct flags {
    std::uint32_t bits = 0;
    constexpr bool has(Flag f) const noexcept { return (bits & static_cast<std::uint32_t>(f)) != 0; }
    constexpr void add(Flag f) noexcept { bits |= static_cast<std::uint32_t>(f); }
    constexpr bool empty() const noexcept { return bits == 0; }
};

struct capabilities {
    flags<extension> extensions;
    flags<mechanism> mechanisms;
    /// The largest message that the server takes, in octets; 0: it named none (RFC 1870 §4). A number that does not fit
    /// is the largest that does.
    std::uint64_t size_limit = 0;
    // FUTURERELEASE (RFC 4865 §4); 0: none named.
    std::uint32_t hold_max = 0;       ///< seconds
    std::uint64_t hold_until_max = 0; ///< the digits of a date-time in UTC, e.g. 20270101000000
    // LIMITS (RFC 9422); 0: none named.
    std::uint32_t mail_max = 0;        ///< transactions on a connection
    std::uint32_t rcpt_max = 0;        ///< RCPT commands in a transaction
    std::uint32_t rcpt_domain_max = 0; ///< domains among all recipients on a connection

    constexpr bool has(extension e) const noexcept { return extensions.has(e); }

    /// Takes in one line of an EHLO reply behind its code, the first line (the server's name) excepted.
    /// Unknown keywords are passed over (RFC 5321 §4.1.1.1).
    void add_line(std::string_view line) noexcept;
};

/// The digits of `2026-12-24T18:00:00Z`, a fraction of the second left out, as a number that grows with time; 0 if it is no
/// such date-time (RFC 3339 §5.6, in UTC).
std::uint64_t date_time_number(std::string_view text) noexcept;

} // namespace postrider

#endif

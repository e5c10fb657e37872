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

/// Its keyword in an EHLO reply, e.g. "8BITMIME"; of static lifetime. Empty where `config` leaves it out.
std::string_view name(extension which) noexcept;

/// SASL mechanisms, in the order of preference, weakest first.
enum class mechanism : std::uint16_t {
    none = 0,
    anonymous = 1 << 0,           ///< RFC 4505; only as `credentials::preferred`
    login = 1 << 1,               ///< draft-murchison-sasl-login
    plain = 1 << 2,               ///< RFC 4616
    xoauth2 = 1 << 3,             ///< Google's and Microsoft's, older than RFC 7628
    oauthbearer = 1 << 4,         ///< RFC 7628
    cram_md5 = 1 << 5,            ///< RFC 2195
    scram_sha_1 = 1 << 6,         ///< RFC 5802
    scram_sha_256 = 1 << 7,       ///< RFC 7677
    scram_sha_512 = 1 << 8,       ///< draft-melnikov-scram-sha-512
    scram_sha_1_plus = 1 << 9,    ///< RFC 5802, with channel binding
    scram_sha_256_plus = 1 << 10, ///< RFC 7677, with channel binding
    scram_sha_512_plus = 1 << 11, ///< draft-melnikov-scram-sha-512, with channel binding
    external = 1 << 12,           ///< RFC 4422 appendix A; only as `credentials::preferred`
};

/// Its name as servers list it, e.g. "SCRAM-SHA-256-PLUS"; of static lifetime. `none` has none.
std::string_view name(mechanism which) noexcept;

/// A set of flags of one kind.
template <class Flag>
struct flags {
    std::uint32_t bits = 0;
    constexpr bool has(Flag f) const noexcept { return (bits & static_cast<std::uint32_t>(f)) != 0; }
    constexpr void add(Flag f) noexcept { bits |= static_cast<std::uint32_t>(f); }
    constexpr bool empty() const noexcept { return bits == 0; }
};

inline constexpr flags<mechanism> all_mechanisms{(1u << 13) - 1};

/// Those that are tied to the TLS that they run in (RFC 5802 §6).
inline constexpr flags<mechanism> plus_mechanisms{7u << 9};

/// Those that take a token, and answer an error of it by a challenge (RFC 7628 §3.2.2).
inline constexpr flags<mechanism> bearer_mechanisms{static_cast<std::uint32_t>(mechanism::xoauth2) |
                                                    static_cast<std::uint32_t>(mechanism::oauthbearer)};

/// Those that need neither user nor secret, and are taken only where the caller names them (`credentials::preferred`).
inline constexpr flags<mechanism> named_mechanisms{static_cast<std::uint32_t>(mechanism::external) |
                                                   static_cast<std::uint32_t>(mechanism::anonymous)};

/// Those that have no place for an authorization identity.
inline constexpr flags<mechanism> for_the_user_alone{static_cast<std::uint32_t>(mechanism::login) |
                                                     static_cast<std::uint32_t>(mechanism::xoauth2) |
                                                     static_cast<std::uint32_t>(mechanism::cram_md5)};

/// `which`, and all that are stronger: a floor for `credentials::allowed`.
constexpr flags<mechanism> strongest_down_to(mechanism which) noexcept {
    return {all_mechanisms.bits & ~(static_cast<std::uint32_t>(which) - 1)};
}

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

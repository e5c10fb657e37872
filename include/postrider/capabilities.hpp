// capabilities.hpp - what a server said it can do, from its EHLO reply (RFC 5321 §4.1.1.1).
#ifndef POSTRIDER_CAPABILITIES_HPP
#define POSTRIDER_CAPABILITIES_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider {

/// Service extensions that are recognised in an EHLO reply, by their keyword. Of these the engine itself uses `auth` and
/// `pipelining` so far; the others are there for the caller to see.
enum class extension : std::uint16_t {
    auth = 1 << 0,            ///< RFC 4954
    pipelining = 1 << 1,      ///< RFC 2920
    size = 1 << 2,            ///< RFC 1870
    eight_bit_mime = 1 << 3,  ///< RFC 6152
    enhanced_status = 1 << 4, ///< RFC 2034
    starttls = 1 << 5,        ///< RFC 3207
    chunking = 1 << 6,        ///< RFC 3030
    smtputf8 = 1 << 7,        ///< RFC 6531
    dsn = 1 << 8,             ///< RFC 3461
};

/// SASL mechanisms that the engine speaks. The order is that of preference, weakest first.
enum class mechanism : std::uint8_t {
    none = 0,
    login = 1 << 0, ///< draft-murchison-sasl-login
    plain = 1 << 1, ///< RFC 4616
};

/// A set of flags of one of the two kinds above.
template <class Flag>
struct flags {
    std::uint16_t bits = 0;
    constexpr bool has(Flag f) const noexcept { return (bits & static_cast<std::uint16_t>(f)) != 0; }
    constexpr void add(Flag f) noexcept { bits = static_cast<std::uint16_t>(bits | static_cast<std::uint16_t>(f)); }
};

struct capabilities {
    flags<extension> extensions;
    flags<mechanism> mechanisms;
    /// The largest message that the server takes, in octets; 0: it named none (RFC 1870 §4). A number that does not fit
    /// is the largest that does.
    std::size_t size_limit = 0;

    constexpr bool has(extension e) const noexcept { return extensions.has(e); }

    /// Takes in one line of an EHLO reply behind its code, the first line (the server's name) excepted.
    /// Unknown keywords are passed over (RFC 5321 §4.1.1.1).
    void add_line(std::string_view line) noexcept;
};

} // namespace postrider

#endif

// digests.hpp - what SASL needs of a cryptographic library: digests, HMAC, PBKDF2, random octets.
//
// `openssl_digests` (io/openssl.hpp) and `mbedtls_digests` (io/mbedtls.hpp) are such; a microcontroller with an accelerator
// brings its own.
#ifndef POSTRIDER_DIGESTS_HPP
#define POSTRIDER_DIGESTS_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

enum class digest : std::uint8_t { md5, sha_1, sha_256, sha_512 };

/// Octets of its value.
constexpr std::size_t size_of(digest which) noexcept {
    switch (which) {
    case digest::md5: return 16;
    case digest::sha_1: return 20;
    case digest::sha_256: return 32;
    default: return 64;
    }
}

/// Each function returns whether it could: false where the library does not have the digest (MD5 under FIPS), or fails.
/// `to` has `size_of(which)` octets. Not pure, and not destroyed through this: either would link more than it does.
class digests {
public:
    virtual bool hash(digest which, std::span<const std::string_view> parts, char* to) noexcept;
    /// RFC 2104, over the concatenation of the parts. `to` may be where the key lies.
    virtual bool hmac(digest which, std::string_view key, std::span<const std::string_view> parts, char* to) noexcept;
    /// PBKDF2 (RFC 8018) with HMAC as the pseudorandom function, one block: the Hi() of RFC 5802 §2.2. With 10^6 iterations
    /// it takes a second of a PC.
    virtual bool pbkdf2(digest which, std::string_view password, std::string_view salt, std::uint32_t iterations,
                        char* to) noexcept;
    /// Fills it with octets that nobody can guess.
    virtual bool random(std::span<char> to) noexcept;

protected:
    ~digests() = default;
};

} // namespace postrider

#endif

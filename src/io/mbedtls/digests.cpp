#include "postrider/io/mbedtls.hpp"

#include <mbedtls/md.h>

#include <cstring>

namespace postrider {

namespace {

/// Null: this mbedTLS was built without it.
const mbedtls_md_info_t* algorithm(digest which) noexcept {
    switch (which) {
    case digest::md5: return mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
    case digest::sha_1: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
    case digest::sha_256: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    case digest::sha_512: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
    }
    return nullptr;
}

const unsigned char* octets(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(char* text) noexcept { return reinterpret_cast<unsigned char*>(text); }

/// A digest under way; freeing it wipes it.
struct context {
    mbedtls_md_context_t md;
    bool good;
    context(digest which, int keyed) noexcept {
        mbedtls_md_init(&md);
        const mbedtls_md_info_t* const info = algorithm(which);
        good = info != nullptr && mbedtls_md_setup(&md, info, keyed) == 0;
    }
    ~context() { mbedtls_md_free(&md); }
    context(const context&) = delete;
    context& operator=(const context&) = delete;
};

} // namespace

bool mbedtls_digests::hash(digest which, std::span<const std::string_view> parts, char* to) noexcept {
    context c{which, 0};
    bool good = c.good && mbedtls_md_starts(&c.md) == 0;
    for (const std::string_view part : parts) good = good && mbedtls_md_update(&c.md, octets(part), part.size()) == 0;
    return good && mbedtls_md_finish(&c.md, octets(to)) == 0;
}

bool mbedtls_digests::hmac(digest which, std::string_view key, std::span<const std::string_view> parts,
                           char* to) noexcept {
    context c{which, 1};
    bool good = c.good && mbedtls_md_hmac_starts(&c.md, octets(key), key.size()) == 0;
    for (const std::string_view part : parts)
        good = good && mbedtls_md_hmac_update(&c.md, octets(part), part.size()) == 0;
    return good && mbedtls_md_hmac_finish(&c.md, octets(to)) == 0;
}

/// By hand, so that MBEDTLS_PKCS5_C, with its ASN.1 and its ciphers, need not be there. The key is digested once, not for
/// each iteration.
bool mbedtls_digests::pbkdf2(digest which, std::string_view password, std::string_view salt, std::uint32_t iterations,
                             char* to) noexcept {
    context c{which, 1};
    if (iterations == 0 || !c.good || mbedtls_md_hmac_starts(&c.md, octets(password), password.size()) != 0)
        return false;
    constexpr unsigned char first_block[] = {0, 0, 0, 1};
    const std::size_t size = size_of(which);
    std::array<char, 64> last{}, sum;
    bool good = mbedtls_md_hmac_update(&c.md, octets(salt), salt.size()) == 0 &&
                mbedtls_md_hmac_update(&c.md, first_block, sizeof first_block) == 0 &&
                mbedtls_md_hmac_finish(&c.md, octets(last.data())) == 0;
    sum = last;
    for (std::uint32_t i = 1; good && i != iterations; ++i) {
        good = mbedtls_md_hmac_reset(&c.md) == 0 && mbedtls_md_hmac_update(&c.md, octets(last.data()), size) == 0 &&
               mbedtls_md_hmac_finish(&c.md, octets(last.data())) == 0;
        for (std::size_t k = 0; k != size; ++k) sum[k] = static_cast<char>(sum[k] ^ last[k]);
    }
    if (good) std::memcpy(to, sum.data(), size);
    wipe(last);
    wipe(sum);
    return good;
}

bool mbedtls_digests::random(std::span<char> to) noexcept { return random_.fill(to); }

} // namespace postrider

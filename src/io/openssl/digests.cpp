#include "owned.hpp"
#include "postrider/io/openssl.hpp"

#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <cstring>
#include <limits>

namespace postrider {

namespace {

const EVP_MD* algorithm(digest which) noexcept {
    switch (which) {
    case digest::md5: return EVP_md5();
    case digest::sha_1: return EVP_sha1();
    case digest::sha_256: return EVP_sha256();
    case digest::sha_512: return EVP_sha512();
    }
    return nullptr;
}

/// Nobody looks at OpenSSL's error queue behind these functions, and the next who does would find their errors.
bool done(bool good) noexcept {
    if (!good) ERR_clear_error();
    return good;
}

bool is_int(std::size_t size) noexcept { return size <= static_cast<std::size_t>(std::numeric_limits<int>::max()); }

} // namespace

bool openssl_digests::hash(digest which, std::span<const std::string_view> parts, char* to) noexcept {
    const openssl_detail::owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
    bool good = context && EVP_DigestInit_ex(context.get(), algorithm(which), nullptr) == 1;
    for (const std::string_view part : parts)
        good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    return done(good && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(to), nullptr) == 1);
}

bool openssl_digests::hmac(digest which, std::string_view key, std::span<const std::string_view> parts,
                           char* to) noexcept {
    const openssl_detail::owned<EVP_MAC> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    const openssl_detail::owned<EVP_MAC_CTX> context{mac ? EVP_MAC_CTX_new(mac.get()) : nullptr};
    // Copied, because OpenSSL wants it writable, though it does not write.
    std::array<char, 16> name{};
    std::strncpy(name.data(), EVP_MD_get0_name(algorithm(which)), name.size() - 1);
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", name.data(), 0),
                                     OSSL_PARAM_construct_end()};
    // Null would be no key, and not an empty one.
    const auto octets = reinterpret_cast<const unsigned char*>(key.data() == nullptr ? "" : key.data());
    bool good = context && EVP_MAC_init(context.get(), octets, key.size(), parameters) == 1;
    for (const std::string_view part : parts)
        good = good &&
               EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1;
    std::size_t size = 0;
    return done(good && EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(to), &size, size_of(which)) == 1);
}

bool openssl_digests::pbkdf2(digest which, std::string_view password, std::string_view salt, std::uint32_t iterations,
                             char* to) noexcept {
    if (iterations == 0 || iterations > static_cast<std::uint32_t>(std::numeric_limits<int>::max())) return false;
    if (!is_int(password.size()) || !is_int(salt.size())) return false;
    return done(PKCS5_PBKDF2_HMAC(password.data() == nullptr ? "" : password.data(), static_cast<int>(password.size()),
                                  reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                                  static_cast<int>(iterations), algorithm(which), static_cast<int>(size_of(which)),
                                  reinterpret_cast<unsigned char*>(to)) == 1);
}

bool openssl_digests::random(std::span<char> to) noexcept {
    if (!is_int(to.size())) return false;
    return done(to.empty() ||
                RAND_bytes(reinterpret_cast<unsigned char*>(to.data()), static_cast<int>(to.size())) == 1);
}

} // namespace postrider

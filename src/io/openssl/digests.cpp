#include "owned.hpp"
#include "postrider/io/openssl.hpp"

#include <openssl/err.h>
#include <openssl/hmac.h>
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
    // A raw key of no octets is one that EVP_PKEY refuses, so the older interface for keys: EVP_PKEY_HMAC takes it.
    const openssl_detail::owned<EVP_PKEY> wrapped{
        is_int(key.size())
            ? EVP_PKEY_new_mac_key(EVP_PKEY_HMAC, nullptr, reinterpret_cast<const unsigned char*>(key.data()),
                                   static_cast<int>(key.size()))
            : nullptr};
    const openssl_detail::owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
    bool good =
        wrapped && context && EVP_DigestSignInit(context.get(), nullptr, algorithm(which), nullptr, wrapped.get()) == 1;
    for (const std::string_view part : parts)
        good = good && EVP_DigestSignUpdate(context.get(), part.data(), part.size()) == 1;
    std::size_t size = size_of(which);
    return done(good && EVP_DigestSignFinal(context.get(), reinterpret_cast<unsigned char*>(to), &size) == 1);
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

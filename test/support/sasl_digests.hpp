// sasl_digests.hpp - digests for the tests of mechanisms: OpenSSL's, with random octets that the test says, and each call
// failing when it says so.
#ifndef POSTRIDER_TEST_SUPPORT_SASL_DIGESTS_HPP
#define POSTRIDER_TEST_SUPPORT_SASL_DIGESTS_HPP

#include "postrider/digests.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <utility>

namespace postrider {

class sasl_digests final : public digests {
public:
    explicit sasl_digests(std::string random_octets = {}) : octets(std::move(random_octets)) {}

    std::string octets; ///< what `random` gives, over and over
    int calls = 0;
    int fails_at = -1; ///< which call fails

    bool hash(digest which, std::span<const std::string_view> parts, char* to) noexcept override {
        const std::string all = joined(parts);
        return goes() && EVP_Digest(all.data(), all.size(), bytes(to), nullptr, of(which), nullptr) == 1;
    }
    bool hmac(digest which, std::string_view key, std::span<const std::string_view> parts, char* to) noexcept override {
        const std::string all = joined(parts);
        return goes() && HMAC(of(which), key.data(), static_cast<int>(key.size()), bytes(all.data()), all.size(),
                              bytes(to), nullptr) != nullptr;
    }
    bool pbkdf2(digest which, std::string_view password, std::string_view salt, std::uint32_t iterations,
                char* to) noexcept override {
        return goes() && PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes(salt.data()),
                                           static_cast<int>(salt.size()), static_cast<int>(iterations), of(which),
                                           static_cast<int>(size_of(which)), bytes(to)) == 1;
    }
    bool random(std::span<char> to) noexcept override {
        for (std::size_t i = 0; i != to.size(); ++i) to[i] = octets.empty() ? '\0' : octets[i % octets.size()];
        return goes();
    }

private:
    bool goes() noexcept { return calls++ != fails_at; }
    static unsigned char* bytes(char* octets) noexcept { return reinterpret_cast<unsigned char*>(octets); }
    static const unsigned char* bytes(const char* octets) noexcept {
        return reinterpret_cast<const unsigned char*>(octets);
    }
    static std::string joined(std::span<const std::string_view> parts) {
        std::string all;
        for (const std::string_view part : parts) all += part;
        return all;
    }
    static const EVP_MD* of(digest which) noexcept {
        switch (which) {
        case digest::md5: return EVP_md5();
        case digest::sha_1: return EVP_sha1();
        case digest::sha_256: return EVP_sha256();
        default: return EVP_sha512();
        }
    }
};

} // namespace postrider

#endif

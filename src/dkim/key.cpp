#include "dkim/key.hpp"

#include "io/openssl/passphrase.hpp"

#include "postrider/base64.hpp"
#include "postrider/io/secret.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <climits>
#include <system_error>
#include <utility>

namespace postrider {

namespace {

using openssl_detail::give;
using openssl_detail::owned;
using openssl_detail::passphrase;

constexpr int least_bits = 1024; // RFC 8301 §3.2

/// What is wrong with it; empty: nothing.
std::string read(secret_view pem, secret_view with, dkim_key::state& to) {
    const std::string_view text = pem.reveal();
    if (text.size() > INT_MAX) return "is too long to be a key";
    const owned<BIO> bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    passphrase phrase{with.reveal()};
    if (bio) to.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, give, &phrase));
    ERR_clear_error();
    if (!to.key && phrase.asked)
        return phrase.text.empty() ? "the key is encrypted; give its passphrase"
                                   : "this is not the passphrase of the key";
    if (!to.key) return "holds no private key in PEM, which begins with -----BEGIN PRIVATE KEY-----";
    switch (EVP_PKEY_get_base_id(to.key.get())) {
    case EVP_PKEY_ED25519: to.algorithm = dkim_algorithm::ed25519_sha256; return {};
    case EVP_PKEY_RSA: break;
    default: return "the key is neither RSA nor Ed25519, and DKIM signs with no other (RFC 6376 §3.3, RFC 8463)";
    }
    to.algorithm = dkim_algorithm::rsa_sha256;
    const int bits = EVP_PKEY_get_bits(to.key.get());
    if (bits >= least_bits) return {};
    return std::string{"the RSA key has "}
        .append(std::to_string(bits))
        .append(" bits, and verifiers refuse it below 1024 (RFC 8301 §3.2); make one of 2048");
}

std::string octets_of(const unsigned char* from, std::size_t size) {
    return {reinterpret_cast<const char*>(from), size};
}

} // namespace

std::string dkim_detail::base64(std::string_view octets) {
    std::string text;
    text.reserve((octets.size() + 2) / 3 * 4);
    base64_encoder encoder;
    std::array<char, 4> group;
    for (const char octet : octets) {
        if (!encoder.put(octet)) continue;
        encoder.group(group.data());
        text.append(group.data(), group.size());
    }
    if (encoder.empty()) return text;
    encoder.group(group.data());
    return text.append(group.data(), group.size());
}

dkim_key dkim_key::from_file(std::string_view path, secret_view passphrase) {
    const std::string name{path};
    const secret_found pem = secret::from_file(name.c_str());
    dkim_key key;
    if (pem) key = from_pem(pem.value, passphrase);
    else
        key.problem_ = pem.error == secret_errc::unreadable
                           ? std::string{"cannot be read: "}.append(std::generic_category().message(pem.system_error))
                           : "holds no private key in PEM, which begins with -----BEGIN PRIVATE KEY-----";
    if (!key) key.problem_.insert(0, ": ").insert(0, name);
    return key;
}

dkim_key dkim_key::from_pem(secret_view pem, secret_view passphrase) {
    dkim_key key;
    auto made = std::make_shared<state>();
    key.problem_ = read(pem, passphrase, *made);
    if (key.problem_.empty()) key.state_ = std::move(made);
    return key;
}

dkim_algorithm dkim_key::algorithm() const noexcept { return state_ ? state_->algorithm : dkim_algorithm::rsa_sha256; }

int dkim_key::bits() const noexcept { return state_ ? EVP_PKEY_get_bits(state_->key.get()) : 0; }

// RSA: the whole SubjectPublicKeyInfo (RFC 6376 §3.6.1); Ed25519: the 32 octets alone (RFC 8463 §4).
std::string dkim_key::dns_record() const {
    if (!state_) return {};
    if (state_->algorithm == dkim_algorithm::ed25519_sha256) {
        std::array<unsigned char, 32> octets;
        std::size_t size = octets.size();
        if (EVP_PKEY_get_raw_public_key(state_->key.get(), octets.data(), &size) != 1) return {};
        return std::string{"v=DKIM1; k=ed25519; p="}.append(dkim_detail::base64(octets_of(octets.data(), size)));
    }
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(state_->key.get(), &der);
    const owned<unsigned char> held{der};
    if (size <= 0) return {};
    return std::string{"v=DKIM1; k=rsa; p="}.append(
        dkim_detail::base64(octets_of(der, static_cast<std::size_t>(size))));
}

// Ed25519 signs the digest and not the text, which it would digest by itself (RFC 8463 §3).
std::string dkim_key::state::sign(std::string_view text) const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned digest_size = 0;
    const auto* of = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t of_size = text.size();
    const bool rsa = algorithm == dkim_algorithm::rsa_sha256;
    if (!rsa) {
        if (EVP_Digest(text.data(), text.size(), digest.data(), &digest_size, EVP_sha256(), nullptr) != 1) return {};
        of = digest.data();
        of_size = digest_size;
    }
    const owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
    std::string made;
    std::size_t size = 0;
    bool ok = context &&
              EVP_DigestSignInit(context.get(), nullptr, rsa ? EVP_sha256() : nullptr, nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, of, of_size) == 1;
    if (ok) {
        made.resize(size);
        ok = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(made.data()), &size, of, of_size) == 1;
    }
    ERR_clear_error();
    made.resize(ok ? size : 0);
    return made;
}

} // namespace postrider

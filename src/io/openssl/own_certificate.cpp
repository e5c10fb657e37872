#include "passphrase.hpp"
#include "state.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace postrider::openssl_detail {

namespace {

/// PEM, or DER: PKCS #8 with a passphrase or without, or what OpenSSL knows of older forms.
owned<EVP_PKEY> read_key(const file& from, passphrase& phrase) noexcept {
    owned<EVP_PKEY> key;
    if (const owned<BIO> bio = from.bio()) key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, give, &phrase));
    if (!key && !phrase.asked)
        if (const owned<BIO> bio = from.bio()) key.reset(d2i_PKCS8PrivateKey_bio(bio.get(), nullptr, give, &phrase));
    if (!key && !phrase.asked)
        if (const owned<BIO> bio = from.bio()) key.reset(d2i_PrivateKey_bio(bio.get(), nullptr));
    return key;
}

} // namespace

tls_set_up own_certificate(const tls_options& options, SSL_CTX* ctx) {
    constexpr errc error = errc::invalid_certificate;
    if (options.certificate_file.empty()) {
        if (options.key_file.empty()) return {};
        return failure(error, {options.key_file, ": is a key without a certificate; give certificate_file as well"});
    }
    const std::string_view path = options.certificate_file;
    file certificate;
    if (const std::string why = certificate.read(path); !why.empty())
        return failure(error, {path, ": cannot be read: ", why, "; the client's certificate is expected"});
    std::vector<owned<X509>> chain;
    if (const tls_set_up e = read_certificates(certificate, path, error, chain); !e) return e;
    if (SSL_CTX_use_certificate(ctx, chain.front().get()) != 1)
        return failure(error, {path, ": is not taken: ", first_reason(), "; a certificate for a longer key may be"});
    for (std::size_t i = 1; i != chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(ctx, chain[i].get()) != 1)
            return failure(error, {path, ": the chain behind the certificate is not taken: ", first_reason()});

    const std::string_view key_path = options.key_file.empty() ? path : options.key_file;
    file separate;
    if (!options.key_file.empty())
        if (const std::string why = separate.read(key_path); !why.empty())
            return failure(error, {key_path, ": cannot be read: ", why, "; the certificate's private key is expected"});
    passphrase phrase{options.key_password.reveal()};
    const owned<EVP_PKEY> key = read_key(options.key_file.empty() ? certificate : separate, phrase);
    ERR_clear_error();
    if (!key) {
        if (!phrase.asked) return failure(error, {key_path, ": holds no private key; PEM or DER is expected"});
        return failure(error, {key_path, phrase.text.empty() ? ": the key is encrypted; give key_password"
                                                             : ": key_password is not the key's passphrase"});
    }
    if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
        ERR_clear_error();
        return failure(
            error, {key_path, ": is not the key of the certificate in ", path, "; give the one that it was made with"});
    }
    if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1)
        return failure(error, {key_path, ": the key is not taken: ", first_reason()});
    return {};
}

} // namespace postrider::openssl_detail

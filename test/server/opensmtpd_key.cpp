// Loaded before OpenSMTPD 6.8, whose TLS fails with OpenSSL 3 else: "SSL routines::EVP lib".
//
// Its SMTP process has no private key: a method of its own for RSA and EC asks the process that has. It marks the public key of
// the certificate with the name of the private one and hands that key to OpenSSL. In OpenSSL 3 the key of a certificate belongs to
// a provider, which knows of no such method, and what EVP_PKEY_get1_RSA gives is a copy, so the mark is lost. Here that copy,
// which has the method, is made the key.
#define OPENSSL_SUPPRESS_DEPRECATED // that is what it is about
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <dlfcn.h>

extern "C" EVP_PKEY* X509_get_pubkey(X509* certificate) {
    using function = EVP_PKEY*(X509*);
    EVP_PKEY* const of_provider = reinterpret_cast<function*>(dlsym(RTLD_NEXT, "X509_get_pubkey"))(certificate);
    EVP_PKEY* const key = EVP_PKEY_new();
    const int type = EVP_PKEY_base_id(of_provider);
    EVP_PKEY_assign(key, type,
                    type == EVP_PKEY_RSA ? static_cast<void*>(EVP_PKEY_get1_RSA(of_provider))
                                         : EVP_PKEY_get1_EC_KEY(of_provider));
    EVP_PKEY_free(of_provider);
    return key;
}

// owned.hpp - what OpenSSL gives out, freed when it is done with.
#ifndef POSTRIDER_SRC_DKIM_OWNED_HPP
#define POSTRIDER_SRC_DKIM_OWNED_HPP

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>

namespace postrider::dkim_detail {

struct deleter {
    void operator()(BIO* p) const noexcept { BIO_free(p); }
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(EVP_MD_CTX* p) const noexcept { EVP_MD_CTX_free(p); }
    void operator()(unsigned char* p) const noexcept { OPENSSL_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, deleter>;

} // namespace postrider::dkim_detail

#endif

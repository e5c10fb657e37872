// owned.hpp - what OpenSSL gives out, freed when it is done with; files that may hold secrets; results in words.
#ifndef POSTRIDER_SRC_IO_OPENSSL_OWNED_HPP
#define POSTRIDER_SRC_IO_OPENSSL_OWNED_HPP

#include "postrider/io/tls.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::openssl_detail {

struct deleter {
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
    void operator()(SSL* p) const noexcept { SSL_free(p); }
    void operator()(SSL_SESSION* p) const noexcept { SSL_SESSION_free(p); }
    void operator()(BIO* p) const noexcept { BIO_free(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(EVP_MAC* p) const noexcept { EVP_MAC_free(p); }
    void operator()(EVP_MAC_CTX* p) const noexcept { EVP_MAC_CTX_free(p); }
    void operator()(EVP_MD_CTX* p) const noexcept { EVP_MD_CTX_free(p); }
    void operator()(unsigned char* p) const noexcept { OPENSSL_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, deleter>;

/// The octets of a file, wiped when they are done with: a certificate's file may hold its key.
class file {
public:
    file() = default;
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file();
    /// `ok` with an empty text, or why it cannot be read, in words.
    std::string read(std::string_view path);
    std::string_view octets() const noexcept { return {octets_.data(), octets_.size()}; }
    /// A BIO that reads them, again from the beginning; it borrows them. Null: no memory.
    owned<BIO> bio() const noexcept;

private:
    std::vector<char> octets_;
};

/// A result with a text of these pieces.
tls_set_up failure(errc error, std::initializer_list<std::string_view> pieces) noexcept;

/// What the first error of OpenSSL's queue says, in its words; the queue is empty behind it.
const char* first_reason() noexcept;

} // namespace postrider::openssl_detail

#endif

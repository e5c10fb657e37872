// certificates.hpp - reads the certificates of a file, PEM or DER, whatever they are for; and what one says.
#ifndef POSTRIDER_SRC_IO_OPENSSL_CERTIFICATES_HPP
#define POSTRIDER_SRC_IO_OPENSSL_CERTIFICATES_HPP

#include "io/tls/pin.hpp"
#include "owned.hpp"
#include "postrider/io/openssl.hpp"

namespace postrider::openssl_detail {

/// All of them, in their order. `error` goes into the result, if it is one.
tls_set_up read_certificates(const file& from, std::string_view path, errc error, std::vector<owned<X509>>& to);

/// The octets of a certificate.
class der {
public:
    explicit der(const X509* of) noexcept;
    std::string_view octets() const noexcept { return {reinterpret_cast<const char*>(octets_.get()), size_}; }

private:
    owned<unsigned char> octets_;
    std::size_t size_ = 0;
};

/// SHA-256 of the key. False: there is none that can be read.
bool pin_of(std::string_view certificate, tls_detail::pin& to) noexcept;

/// Subject, issuer, end and pin of the peer's certificate.
void describe(const X509* of, tls_facts& to) noexcept;

/// All that it says.
certificate_facts facts_of(const X509* of);

/// RFC 5929 §4.1: the certificate by the digest of its signature, SHA-256 for MD5 and SHA-1. 0 octets where the signature
/// has no digest of its own (Ed25519), for which nothing is defined.
std::size_t end_point(const X509* of, std::span<char, 64> to) noexcept;

} // namespace postrider::openssl_detail

#endif

// canonical.hpp - header fields and bodies as "relaxed" has them (RFC 6376 §3.4.2, §3.4.4).
#ifndef POSTRIDER_SRC_DKIM_CANONICAL_HPP
#define POSTRIDER_SRC_DKIM_CANONICAL_HPP

#include "io/openssl/owned.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::dkim_detail {

/// `name:body` in lower case, unfolded, each run of blanks one space, and none at the ends. Without a line end.
std::string relaxed_field(std::string_view name, std::string_view body);

/// The body of a message with CRLF line ends, part by part, and the hash of what relaxed makes of it: no blanks at the ends of
/// lines, each other run of them one space, no empty lines at the end. A body that has nothing else is the empty text.
class relaxed_body {
public:
    relaxed_body() noexcept;
    void add(std::string_view part);
    /// The SHA-256 digest, once; empty: OpenSSL cannot.
    std::string digest();

private:
    void put(std::string_view octets);
    void flush();

    openssl_detail::owned<EVP_MD_CTX> context_;
    bool ok_;
    std::string out_{};         ///< on its way to the digest
    std::size_t line_ends_ = 0; ///< seen and not put, since they may be the last
    bool begun_ = false;        ///< there was something but line ends and blanks
    bool blank_ = false;        ///< a run of blanks was seen, which may be at the end of its line
};

} // namespace postrider::dkim_detail

#endif

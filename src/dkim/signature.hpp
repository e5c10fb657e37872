// signature.hpp - a DKIM-Signature field: its tags, folded, and what its signature is of.
#ifndef POSTRIDER_SRC_DKIM_SIGNATURE_HPP
#define POSTRIDER_SRC_DKIM_SIGNATURE_HPP

#include "content/header_block.hpp"
#include "postrider/dkim.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::dkim_detail {

/// A signer whose texts are as the field has them.
struct checked_signer {
    dkim_key key{};
    std::string domain{};                  ///< in A-labels
    std::string selector{};                ///< in A-labels
    std::string identity{};                ///< in dkim-quoted-printable (RFC 6376 §2.11)
    std::vector<std::string> oversigned{}; ///< no name is twice in these three
    std::vector<std::string> oversigned_if_present{};
    std::vector<std::string> headers{};
    std::int64_t expires = 0; ///< seconds
};

/// What is wrong with `from`; empty: nothing.
std::string check(const dkim_signer& from, checked_signer& to);

/// The whole field with its line end, signed at `now`, seconds since 1970, for the fields of a header block and the digest of
/// a body. Empty: OpenSSL cannot sign.
std::string signature(const checked_signer& by, const std::vector<content_detail::header_field>& fields,
                      std::string_view body_digest, std::int64_t now);

} // namespace postrider::dkim_detail

#endif

// key.hpp - what stands behind a dkim_key.
#ifndef POSTRIDER_SRC_DKIM_KEY_HPP
#define POSTRIDER_SRC_DKIM_KEY_HPP

#include "io/openssl/owned.hpp"
#include "postrider/dkim.hpp"

#include <string>
#include <string_view>

namespace postrider {

struct dkim_key::state {
    openssl_detail::owned<EVP_PKEY> key{};
    dkim_algorithm algorithm = dkim_algorithm::rsa_sha256;

    /// The signature of a hashed text; empty: OpenSSL cannot.
    std::string sign(std::string_view text) const;
};

namespace dkim_detail {

std::string base64(std::string_view octets);

} // namespace dkim_detail
} // namespace postrider

#endif

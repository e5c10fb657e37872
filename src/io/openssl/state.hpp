// state.hpp - what stands behind an openssl_context.
#ifndef POSTRIDER_SRC_IO_OPENSSL_STATE_HPP
#define POSTRIDER_SRC_IO_OPENSSL_STATE_HPP

#include "certificates.hpp"
#include "postrider/io/openssl.hpp"
#include "sessions.hpp"

namespace postrider {

struct openssl_context::state {
    openssl_detail::owned<SSL_CTX> ctx{};
    std::vector<tls_detail::pin> pins{};
    bool pins_suffice = false;
    channel_binding binding = channel_binding::automatic;
    bool resume = true;
    openssl_detail::sessions saved{};
};

namespace openssl_detail {

/// Whom to trust (trust.cpp), and who we are (own_certificate.cpp).
tls_set_up trust(const tls_options& options, SSL_CTX* ctx);
tls_set_up own_certificate(const tls_options& options, SSL_CTX* ctx);

} // namespace openssl_detail

} // namespace postrider

#endif

#include "state.hpp"

#include "io/tls/shown.hpp"

#include <openssl/err.h>

namespace postrider {

using openssl_detail::failure;

namespace {

int number(tls_version which) noexcept { return which == tls_version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION; }

/// The system's configuration may have set these already: it is kept to where it asks for more.
bool set_floor(SSL_CTX* ctx, const tls_options& options) noexcept {
    const int least = number(options.least);
    if (SSL_CTX_get_min_proto_version(ctx) < least && SSL_CTX_set_min_proto_version(ctx, least) != 1) return false;
    if (SSL_CTX_set_max_proto_version(ctx, number(options.most)) != 1) return false;
    // 2: at least 112 bits, so RSA of 2048, and no SHA-1 or MD5 in signatures.
    if (SSL_CTX_get_security_level(ctx) < 2) SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return true;
}

tls_set_up read_pins(const tls_options& options, openssl_context::state& to) {
    for (const std::string_view text : options.pins) {
        tls_detail::pin pin;
        if (!tls_detail::parse(text, pin))
            return failure(errc::invalid_trust, {"the pin `", tls_detail::shown(text).view(),
                                                 "` is none; sha256// and the base64 of 32 octets is expected"});
        to.pins.push_back(pin);
    }
    to.pins_suffice = options.pins_suffice;
    if (options.pins_suffice && options.pins.empty())
        return failure(errc::invalid_parameter, {"pins are to suffice, and there is none; give one"});
    return {};
}

} // namespace

openssl_context::openssl_context() noexcept = default;
openssl_context::~openssl_context() = default;

tls_set_up openssl_context::set_up(const tls_options& options) {
    state_.reset();
    if (options.least == tls_version::none || options.most < options.least)
        return failure(errc::invalid_parameter,
                       {"the least TLS version is none, or newer than the newest; TLS 1.2 and 1.3 "
                        "are those that there are"});
    ERR_clear_error();
    auto fresh = std::make_unique<state>();
    fresh->binding = options.binding;
    fresh->resume = options.resume;
    fresh->ctx.reset(SSL_CTX_new(TLS_client_method()));
    if (!fresh->ctx || !set_floor(fresh->ctx.get(), options))
        return failure(errc::system_failure, {"OpenSSL does not start: ", openssl_detail::first_reason()});
    openssl_tls::install(fresh->ctx.get(), options.resume);
    if (const tls_set_up e = read_pins(options, *fresh); !e) return e;
    if (const tls_set_up e = openssl_detail::trust(options, fresh->ctx.get()); !e) return e;
    if (const tls_set_up e = openssl_detail::own_certificate(options, fresh->ctx.get()); !e) return e;
    state_ = std::move(fresh);
    return {};
}

} // namespace postrider

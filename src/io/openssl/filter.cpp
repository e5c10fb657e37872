// Theory of operation. The SSL stands between two memory BIOs: what the transport read goes into one, and what it is to
// write comes out of the other. No call waits, and none touches a socket.
//
// Whether the server is who it should be is decided in one place, `judge`, inside the handshake: OpenSSL calls us in place of
// its own verification, we have it build and check the chain, collect every fault that it finds, and add what it does not
// look at here: the name, by the same code for all TLS libraries, and the pins. So an alert says why, and of a server that is
// to be verified and is not, no octet of ours behind the ClientHello, not even the client's certificate, is seen.
//
// A resumed handshake shows no certificate. What was decided then is saved with the session, and what can be looked at again
// without the chain, name and pins, is.

#include "state.hpp"

#include "io/tls/host.hpp"
#include "io/tls/reasons.hpp"
#include "postrider/certificate.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

namespace postrider {

using namespace openssl_detail;
using tls_detail::reasons;

struct openssl_tls::steps {
    static openssl_tls& of(const SSL* ssl) noexcept { return *static_cast<openssl_tls*>(SSL_get_app_data(ssl)); }
    static session_key key(const openssl_tls& f) noexcept { return {f.host_, f.port_, f.must_verify_}; }

    static tls_verdict judge(openssl_tls& f, const X509* leaf, reasons seen) noexcept;
    static int verify(X509_STORE_CTX* store, void*) noexcept;
    static int save(SSL* ssl, SSL_SESSION* session) noexcept;
    static void negotiated(openssl_tls& f, const SSL_CIPHER* cipher) noexcept;
    static errc finish(openssl_tls& f) noexcept;
    static void bind(openssl_tls& f) noexcept;
    static errc fail(openssl_tls& f, errc why) noexcept;
};

namespace {

tls_verdict verdict_of(int error) noexcept {
    switch (error) {
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return tls_verdict::weak;
    case X509_V_ERR_CERT_HAS_EXPIRED: return tls_verdict::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return tls_verdict::not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return tls_verdict::self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return tls_verdict::untrusted;
    case X509_V_ERR_CERT_REVOKED: return tls_verdict::revoked;
    default: return tls_verdict::bad_chain;
    }
}

/// What OpenSSL is told, which makes the alert of it.
int error_of(tls_verdict verdict) noexcept {
    switch (verdict) {
    case tls_verdict::weak: return X509_V_ERR_CA_MD_TOO_WEAK;
    case tls_verdict::expired: return X509_V_ERR_CERT_HAS_EXPIRED;
    case tls_verdict::not_yet_valid: return X509_V_ERR_CERT_NOT_YET_VALID;
    case tls_verdict::self_signed: return X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    case tls_verdict::untrusted: return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case tls_verdict::wrong_name: return X509_V_ERR_HOSTNAME_MISMATCH;
    case tls_verdict::revoked: return X509_V_ERR_CERT_REVOKED;
    default: return X509_V_ERR_CERT_REJECTED;
    }
}

/// Goes on at each fault, so that all are seen.
int collect(int good, X509_STORE_CTX* store) noexcept {
    if (good == 0)
        static_cast<reasons*>(X509_STORE_CTX_get_app_data(store))->add(verdict_of(X509_STORE_CTX_get_error(store)));
    return 1;
}

} // namespace

/// `seen`: what was found in the chain.
tls_verdict openssl_tls::steps::judge(openssl_tls& f, const X509* leaf, reasons seen) noexcept {
    const openssl_context::state& shared = *f.context_.state_;
    const der certificate{leaf};
    if (!shared.pins.empty()) {
        tls_detail::pin pin;
        const bool pinned = pin_of(certificate.octets(), pin) &&
                            std::find(shared.pins.begin(), shared.pins.end(), pin) != shared.pins.end();
        if (!pinned) seen.add(tls_verdict::wrong_pin);
        else if (shared.pins_suffice) return tls_verdict::pinned;
    }
    if (!certificate_names(certificate.octets(), f.host_.view())) seen.add(tls_verdict::wrong_name);
    f.faults_ = seen.bits();
    return seen.first();
}

int openssl_tls::steps::verify(X509_STORE_CTX* store, void*) noexcept {
    openssl_tls& f =
        of(static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())));
    const X509* const leaf = X509_STORE_CTX_get0_cert(store);
    reasons seen;
    X509_STORE_CTX_set_app_data(store, &seen);
    X509_STORE_CTX_set_verify_cb(store, collect);
    if (X509_verify_cert(store) != 1) seen.add(tls_verdict::bad_chain);
    X509_STORE_CTX_set_app_data(store, nullptr);
    ERR_clear_error();
    f.facts_.verdict = leaf == nullptr ? tls_verdict::bad_chain : judge(f, leaf, seen);
    if (leaf != nullptr) describe(leaf, f.facts_);
    negotiated(f, SSL_get_pending_cipher(f.ssl_));
    const bool good = is_verified(f.facts_.verdict);
    X509_STORE_CTX_set_error(store, good ? X509_V_OK : error_of(f.facts_.verdict));
    return good || !f.must_verify_ ? 1 : 0;
}

int openssl_tls::steps::save(SSL* ssl, SSL_SESSION* session) noexcept {
    openssl_tls& f = of(ssl);
    // On TLS 1.2 the session comes before `finish` has looked at a handshake that was resumed: `finish` forgets it.
    const bool judged = f.facts_.verdict != tls_verdict::not_checked;
    f.context_.state_->saved.save(key(f), session, judged ? f.facts_.verdict : f.saved_verdict_);
    return 0; // it stays OpenSSL's
}

void openssl_tls::steps::negotiated(openssl_tls& f, const SSL_CIPHER* cipher) noexcept {
    f.facts_.version = SSL_version(f.ssl_) >= TLS1_3_VERSION ? tls_version::tls_1_3 : tls_version::tls_1_2;
    if (cipher != nullptr) f.facts_.cipher = short_text<64>{SSL_CIPHER_get_name(cipher)};
}

void openssl_tls::steps::bind(openssl_tls& f) noexcept {
    SSL* const ssl = f.ssl_;
    const bool newest = f.facts_.version == tls_version::tls_1_3;
    const bool safe =
        newest || SSL_get_extms_support(ssl) == 1; // RFC 7627: else two sessions can be made to have the same
    auto type = f.context_.state_->binding;
    if (type == channel_binding::automatic)
        type = newest ? channel_binding::tls_exporter
               : safe ? channel_binding::tls_unique
                      : channel_binding::tls_server_end_point;
    const std::span<char, 64> room{f.binding_};
    const auto octets = reinterpret_cast<unsigned char*>(room.data());
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    switch (type) {
    case channel_binding::tls_exporter:
        if (safe && SSL_export_keying_material(ssl, octets, 32, label.data(), label.size(), octets, 0, 1) == 1) {
            f.binding_type_ = "tls-exporter";
            f.binding_size_ = 32;
        }
        break;
    case channel_binding::tls_unique: // of the first Finished, which the server sends where the session is resumed
        if (!newest && safe) {
            const std::size_t size = f.facts_.resumed ? SSL_get_peer_finished(ssl, room.data(), room.size())
                                                      : SSL_get_finished(ssl, room.data(), room.size());
            if (size != 0 && size <= room.size()) {
                f.binding_type_ = "tls-unique";
                f.binding_size_ = size;
            }
        }
        break;
    case channel_binding::tls_server_end_point:
        if (const X509* const leaf = SSL_get0_peer_certificate(ssl)) f.binding_size_ = end_point(leaf, room);
        if (f.binding_size_ != 0) f.binding_type_ = "tls-server-end-point";
        break;
    default: break;
    }
    ERR_clear_error();
}

errc openssl_tls::steps::finish(openssl_tls& f) noexcept {
    f.facts_.resumed = SSL_session_reused(f.ssl_) == 1;
    if (f.facts_.resumed) {
        const X509* const leaf = SSL_get0_peer_certificate(f.ssl_);
        reasons seen;
        if (f.saved_verdict_ != tls_verdict::pinned) seen.add(f.saved_verdict_); // `verified` is no reason
        f.facts_.verdict = leaf == nullptr ? tls_verdict::bad_chain : judge(f, leaf, seen);
        if (leaf != nullptr) describe(leaf, f.facts_);
    }
    negotiated(f, SSL_get_current_cipher(f.ssl_));
    if (f.must_verify_ && !is_verified(f.facts_.verdict)) {
        f.context_.state_->saved.forget(key(f));
        static_cast<void>(BIO_reset(f.out_)); // what stands there is our Finished: not even that is for this server
        return fail(f, errc::tls_unverified);
    }
    bind(f);
    f.ready_ = true;
    return errc::ok;
}

errc openssl_tls::steps::fail(openssl_tls& f, errc why) noexcept {
    const unsigned long error = ERR_peek_error();
    const char* const reason = ERR_reason_error_string(error);
    f.facts_.failure.append(why == errc::tls_unverified ? postrider::describe(f.facts_.verdict)
                            : reason != nullptr         ? reason
                                                        : "the peer speaks no TLS");
    ERR_clear_error();
    if (f.context_.state_ && f.context_.state_->resume) f.context_.state_->saved.forget(key(f));
    return f.fault_ = why;
}

void openssl_tls::install(SSL_CTX* ctx, bool resume) noexcept {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(ctx, steps::verify, nullptr);
    if (!resume) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        return;
    }
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, steps::save);
}

openssl_tls::openssl_tls(context& shared) noexcept : context_(shared) {}
openssl_tls::~openssl_tls() { SSL_free(ssl_); }

errc openssl_tls::begin(std::string_view host, std::uint16_t port, bool must_verify) noexcept {
    SSL_free(ssl_);
    ssl_ = nullptr;
    in_ = out_ = nullptr;
    port_ = port;
    must_verify_ = must_verify;
    ready_ = ended_ = false;
    fault_ = errc::ok;
    saved_verdict_ = tls_verdict::not_checked;
    faults_ = 0;
    facts_ = {};
    binding_type_ = {};
    binding_size_ = 0;

    const auto* const shared = context_.state_.get();
    tls_detail::host name;
    if (shared == nullptr || !tls_detail::parse(host, name)) return fault_ = errc::invalid_parameter;
    host_ = name.text;
    if (must_verify && host_.empty() && !shared->pins_suffice) return fault_ = errc::no_host_name;

    ERR_clear_error();
    ssl_ = SSL_new(shared->ctx.get());
    owned<BIO> in{BIO_new(BIO_s_mem())}, out{BIO_new(BIO_s_mem())};
    if (ssl_ == nullptr || !in || !out) return steps::fail(*this, errc::system_failure);
    in_ = in.release();
    out_ = out.release();
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_connect_state(ssl_);
    SSL_set_app_data(ssl_, this);
    if (!host_.empty() && !name.address) {
        std::array<char, decltype(host_)::capacity + 1> terminated{};
        std::memcpy(terminated.data(), host_.view().data(), host_.view().size());
        if (SSL_set_tlsext_host_name(ssl_, terminated.data()) != 1) return steps::fail(*this, errc::system_failure);
    }
    if (shared->resume)
        if (const auto session = context_.state_->saved.take(steps::key(*this), saved_verdict_))
            SSL_set_session(ssl_, session.get());
    return errc::ok;
}

void openssl_tls::received(std::string_view octets) noexcept {
    std::size_t taken = 0;
    if (octets.empty() || fault_ != errc::ok) return;
    if (BIO_write_ex(in_, octets.data(), octets.size(), &taken) != 1 || taken != octets.size())
        steps::fail(*this, errc::system_failure);
}

errc openssl_tls::handshake(bool& done) noexcept {
    done = false;
    if (fault_ != errc::ok) return fault_;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        const errc e = steps::finish(*this);
        done = e == errc::ok;
        return e;
    }
    if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return errc::ok;
    const bool unverified = must_verify_ && facts_.verdict != tls_verdict::not_checked && !is_verified(facts_.verdict);
    return steps::fail(*this, unverified ? errc::tls_unverified : errc::tls_failed);
}

std::string_view openssl_tls::outgoing() const noexcept {
    if (out_ == nullptr) return {};
    char* octets = nullptr;
    const long size = BIO_get_mem_data(out_, &octets);
    return {octets, size > 0 ? static_cast<std::size_t>(size) : 0};
}

void openssl_tls::sent(std::size_t octets) noexcept {
    std::array<char, 4096> gone; // a memory BIO forgets only what was read from it
    while (octets != 0) {
        std::size_t read = 0;
        if (BIO_read_ex(out_, gone.data(), std::min(octets, gone.size()), &read) != 1) return;
        octets -= read;
    }
}

std::size_t openssl_tls::write(std::string_view text) noexcept {
    if (!ready_ || fault_ != errc::ok || text.empty()) return 0;
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(ssl_, text.data(), std::min(text.size(), std::size_t{SSL3_RT_MAX_PLAIN_LENGTH}), &written) == 1)
        return written;
    // Of a message behind the handshake, a ticket, there is one record and not the next: that has to be read first.
    if (SSL_get_error(ssl_, 0) != SSL_ERROR_WANT_READ) steps::fail(*this, errc::tls_failed);
    return 0;
}

std::size_t openssl_tls::read(std::span<char> to) noexcept {
    if (!ready_ || ended_ || fault_ != errc::ok || to.empty()) return 0;
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_, to.data(), to.size(), &size);
    if (result == 1) return size;
    switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_ZERO_RETURN: ended_ = true; break;
    default: steps::fail(*this, errc::tls_failed);
    }
    return 0;
}

void openssl_tls::close() noexcept {
    if (!ready_ || fault_ != errc::ok) return;
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

peer_certificates openssl_tls::certificates() const {
    peer_certificates all;
    if (ssl_ == nullptr) return all;
    const reasons seen{faults_};
    for (tls_verdict one = seen.first(); one != tls_verdict::verified; one = seen.next(one)) all.faults.push_back(one);
    const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl_);
    for (int i = 0; i < sk_X509_num(sent); ++i) all.sent.push_back(facts_of(sk_X509_value(sent, i)));
    const STACK_OF(X509)* const built = SSL_get0_verified_chain(ssl_);
    if (const int size = sk_X509_num(built); size > 0) {
        const X509* const last = sk_X509_value(built, size - 1);
        bool was_sent = false;
        for (int i = 0; i < sk_X509_num(sent); ++i) was_sent = was_sent || X509_cmp(sk_X509_value(sent, i), last) == 0;
        if (!was_sent) all.trusted.push_back(facts_of(last));
    }
    ERR_clear_error();
    return all;
}

tls_channel openssl_tls::channel() const noexcept {
    if (!ready_ || fault_ != errc::ok) return {};
    return {is_verified(facts_.verdict), binding_type_, {binding_.data(), binding_size_}};
}

} // namespace postrider

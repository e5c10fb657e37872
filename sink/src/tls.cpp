#include "tls.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <utility>

namespace postrider::sink {

namespace {

using outcome = byte_stream::result::outcome;

constexpr std::size_t record = 16 * 1024; // the most plaintext that one holds

std::string last_error() {
    const unsigned long code = ERR_peek_last_error();
    const char* const reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return reason != nullptr ? reason : "unknown failure of TLS";
}

/// Of a file: the first of what OpenSSL says, which is why; the others say where.
std::string file_error() {
    const unsigned long code = ERR_peek_error();
    const bool none = (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) ||
                      ERR_GET_LIB(code) == ERR_LIB_OSSL_DECODER;
    if (!ERR_SYSTEM_ERROR(code) && !none) return last_error();
    ERR_clear_error();
    return ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : "there is none in it, in PEM";
}

int number_of(tls_version version) {
    switch (version) {
    case tls_version::tls_1_0: return TLS1_VERSION;
    case tls_version::tls_1_1: return TLS1_1_VERSION;
    case tls_version::tls_1_2: return TLS1_2_VERSION;
    case tls_version::tls_1_3: return TLS1_3_VERSION;
    }
    return TLS1_3_VERSION;
}

const unsigned char* octets_of(const char* text) { return reinterpret_cast<const unsigned char*>(text); }

} // namespace

std::optional<std::string> tls_context::open(const tls& settings) {
    openssl_ptr<SSL_CTX, SSL_CTX_free> fresh{SSL_CTX_new(TLS_server_method())};
    SSL_CTX* const context = fresh.get();
    ERR_clear_error();
    // A client is to refuse what is weak, so a sink must be able to show it.
    SSL_CTX_set_security_level(context, 0);
    const auto wrong = [](const std::string& what) { return "TLS: " + what + ": " + file_error(); };
    if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1)
        return wrong("certificate " + settings.certificate.string());
    if (SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) != 1)
        return wrong("key " + settings.key.string());
    if (!settings.client_ca.empty()) {
        if (SSL_CTX_load_verify_file(context, settings.client_ca.c_str()) != 1)
            return wrong("client CA " + settings.client_ca.string());
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(settings.client_ca.c_str()));
        SSL_CTX_set_verify(
            context, SSL_VERIFY_PEER | (settings.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
            nullptr);
    } else if (settings.require_client_certificate) {
        return std::string{"TLS: a client certificate can only be required where client_ca says of whom"};
    }
    if (settings.minimum > settings.maximum) return std::string{"TLS: the minimum is above the maximum"};
    SSL_CTX_set_min_proto_version(context, number_of(settings.minimum));
    SSL_CTX_set_max_proto_version(context, number_of(settings.maximum));
    if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
        return wrong("ciphers " + settings.ciphers);
    static constexpr std::string_view name = "postrider-sink";
    SSL_CTX_set_session_id_context(context, octets_of(name.data()), static_cast<unsigned>(name.size()));
    if (!settings.tickets) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    if (!settings.extended_master_secret) SSL_CTX_set_options(context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS); // thousands of connections share this machine
    // Without a callback OpenSSL forgets the name that a client asked for.
    SSL_CTX_set_tlsext_servername_callback(
        context, +[](SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; });
    context_ = std::move(fresh);
    return std::nullopt;
}

tls_stream::tls_stream(std::unique_ptr<byte_stream> below, const tls_context& context,
                       std::optional<std::uint64_t> handshake_octets)
    : below_(std::move(below)),
      ssl_(SSL_new(context.get())),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())),
      handshake_left_(handshake_octets) {
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
}

// --- The handshake -----------------------------------------------------------------------------------------

byte_stream::result tls_stream::handshake() {
    for (;;) {
        ERR_clear_error();
        const int returned = SSL_do_handshake(ssl_.get());
        if (returned == 1) break;
        if (SSL_get_error(ssl_.get(), returned) != SSL_ERROR_WANT_READ) return failed();
        const outcome got = fill();
        if (got == outcome::end) state_.seen.failure = "closed by the client within the handshake";
        if (got == outcome::failed) state_.seen.failure = "reset by the client within the handshake";
        if (got != outcome::done) return {got, 0};
    }
    complete_ = true;
    note_session();
    return {outcome::done, 0};
}

bool tls_stream::unsent() const { return BIO_pending(out_) != 0; }

outcome tls_stream::flush() {
    char* octets = nullptr;
    for (;;) {
        std::size_t size = static_cast<std::size_t>(BIO_get_mem_data(out_, &octets));
        if (size == 0) {
            if (complete_) handshake_left_.reset();
            return outcome::done;
        }
        if (handshake_left_ == 0U) return outcome::end;
        if (handshake_left_) size = static_cast<std::size_t>(std::min<std::uint64_t>(size, *handshake_left_));
        const result put = below_->write({octets, size});
        if (put.what != outcome::done) return put.what;
        if (handshake_left_) *handshake_left_ -= put.octets;
        for (std::size_t left = put.octets; left != 0;) {
            std::array<char, 4096> sent;
            left -= static_cast<std::size_t>(
                std::max(1, BIO_read(out_, sent.data(), static_cast<int>(std::min(left, sent.size())))));
        }
    }
}

// HelloRequest; the client may take it up, or refuse. OpenSSL's server gives up on one that refuses.
void tls_stream::renegotiate() {
    if (SSL_version(ssl_.get()) == TLS1_3_VERSION) SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
    else SSL_renegotiate(ssl_.get());
    SSL_do_handshake(ssl_.get());
    ERR_clear_error();
}

// --- What is known of it -----------------------------------------------------------------------------------

void tls_stream::note_session() {
    SSL* const ssl = ssl_.get();
    tls_session& seen = state_.seen;
    seen.version = SSL_get_version(ssl);
    seen.cipher = SSL_get_cipher_name(ssl);
    seen.resumed = SSL_session_reused(ssl) == 1;
    if (const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) seen.server_name = name;
    note_certificate();
    note_bindings();
}

void tls_stream::note_certificate() {
    const openssl_ptr<X509, X509_free> certificate{SSL_get1_peer_certificate(ssl_.get())};
    if (!certificate) return;
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const openssl_ptr<BIO, BIO_free_all> text{BIO_new(BIO_s_mem())};
    X509_NAME_print_ex(text.get(), subject, 0, XN_FLAG_RFC2253);
    char* octets = nullptr;
    const long size = BIO_get_mem_data(text.get(), &octets);
    state_.seen.client_subject.assign(octets, static_cast<std::size_t>(size));
    std::array<char, 256> name{};
    if (X509_NAME_get_text_by_NID(subject, NID_commonName, name.data(), static_cast<int>(name.size())) > 0)
        state_.client_name = name.data();
}

void tls_stream::note_bindings() {
    SSL* const ssl = ssl_.get();
    std::array<unsigned char, EVP_MAX_MD_SIZE> octets{};
    const auto text = [&](std::size_t size) { return std::string{reinterpret_cast<const char*>(octets.data()), size}; };
    // RFC 9266 section 2. Up to TLS 1.2 an empty context is not the same as none (RFC 5705 section 4).
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    if (SSL_export_keying_material(ssl, octets.data(), 32, label.data(), label.size(), octets_of(""), 0, 1) == 1)
        state_.exporter = text(32);

    // RFC 5929 section 4.1: by the hash of the certificate's signature, but never by MD5 or SHA-1.
    X509* const own = SSL_get_certificate(ssl);
    int digest = NID_undef;
    unsigned size = 0;
    X509_get_signature_info(own, &digest, nullptr, nullptr, nullptr);
    if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
    const EVP_MD* const hash = EVP_get_digestbynid(digest);
    if (hash != nullptr && X509_digest(own, hash, octets.data(), &size) == 1) state_.server_end_point = text(size);

    // RFC 5929 section 3.1: the first Finished of the handshake, which in a resumed one is the server's.
    if (SSL_version(ssl) == TLS1_3_VERSION) return;
    const std::size_t finished = SSL_session_reused(ssl) == 1
                                     ? SSL_get_finished(ssl, octets.data(), octets.size())
                                     : SSL_get_peer_finished(ssl, octets.data(), octets.size());
    state_.unique = text(finished);
}

// --- Records -----------------------------------------------------------------------------------------------

outcome tls_stream::fill() {
    std::array<char, 32 * 1024> octets;
    const result got = below_->read(octets);
    if (got.what == outcome::done) BIO_write(in_, octets.data(), static_cast<int>(got.octets));
    return got.what;
}

byte_stream::result tls_stream::failed() {
    broken_ = true;
    state_.seen.failure = last_error();
    return {outcome::failed, 0};
}

// Until `into` is full: each call costs the connection more than a record does.
byte_stream::result tls_stream::read(std::span<char> into) {
    if (broken_) return below_->read(into); // waste, for whoever closes
    std::size_t taken = 0;
    outcome last = outcome::done;
    while (taken < into.size() && last == outcome::done) {
        std::size_t size = 0;
        ERR_clear_error();
        const int returned = SSL_read_ex(ssl_.get(), into.data() + taken, into.size() - taken, &size);
        taken += size;
        if (returned == 1) continue;
        switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ: last = fill(); break;
        case SSL_ERROR_ZERO_RETURN:
            state_.seen.close_notify = true;
            last = outcome::end;
            break;
        default: last = failed().what;
        }
    }
    // An answer of TLS itself: to a change of keys, or an alert.
    if (!deferred_.empty() && encrypt(deferred_) == outcome::done) deferred_.clear();
    if (unsent()) flush();
    if (taken != 0) return {outcome::done, taken};
    return {last == outcome::done ? outcome::again : last, 0};
}

// `again` amid a renegotiation, when nothing can be said before the client goes on.
outcome tls_stream::encrypt(std::string_view octets) {
    std::size_t size = 0;
    ERR_clear_error();
    const int returned = SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &size);
    if (returned == 1) return outcome::done;
    return SSL_get_error(ssl_.get(), returned) == SSL_ERROR_WANT_READ ? outcome::again : failed().what;
}

// Plaintext counts as written once the kernel has all of its record, or a reply would count as delivered that
// never left. What has to wait for a renegotiation counts at once: `again` would stop the reading that ends it.
byte_stream::result tls_stream::write(std::string_view octets) {
    if (broken_) return {outcome::failed, 0};
    if (in_flight_ == 0) {
        octets = octets.substr(0, record);
        outcome sealed = deferred_.empty() ? outcome::done : encrypt(deferred_);
        if (sealed == outcome::done) {
            deferred_.clear();
            sealed = encrypt(octets);
        }
        if (sealed == outcome::failed) return {sealed, 0};
        if (sealed == outcome::again) {
            deferred_ += octets;
            flush();
            return {outcome::done, octets.size()};
        }
        in_flight_ = octets.size();
    }
    const outcome sent = flush();
    if (sent != outcome::done) return {sent == outcome::end ? outcome::failed : sent, 0};
    return {outcome::done, std::exchange(in_flight_, 0)};
}

void tls_stream::shutdown_write() {
    if (complete_ && !broken_ && !silent_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        flush();
    }
    below_->shutdown_write();
}

// What is left of a record, OpenSSL has taken out of `in_`, and it is of no use before more comes.
bool tls_stream::pending() const { return SSL_pending(ssl_.get()) > 0 || BIO_pending(in_) > 0; }

} // namespace postrider::sink

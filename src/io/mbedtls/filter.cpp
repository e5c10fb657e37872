// Theory of operation. mbedTLS reads from a view of what the transport has brought, and writes to an array; where there is
// nothing, or no room, it is told so, and stops in the middle of whatever it did. No call waits.
//
// The handshake is taken a step at a time, because the place to decide is between two of them: behind the server's certificate,
// and in front of everything that we would say next. mbedTLS has verified the chain by then (`verify` collects what it found,
// and keeps it from deciding by itself, also about the name, for which there is one code for all TLS libraries), and checked
// what the certificate may be used for.
//
// A resumed handshake shows no certificate. What was decided then is saved with the session, and what can be looked at again
// without the chain, name and pins, is.

#include "postrider/io/mbedtls.hpp"

#include "io/tls/host.hpp"
#include "io/tls/pin.hpp"
#include "io/tls/reasons.hpp"
#include "io/tls/shown.hpp"
#include "postrider/certificate.hpp"

#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl_internal.h>
#if defined(MBEDTLS_ERROR_C)
#include <mbedtls/error.h>
#endif

#include <algorithm>
#include <cstring>

namespace postrider {

namespace {

std::string_view octets(const mbedtls_x509_buf& of) noexcept { return {reinterpret_cast<const char*>(of.p), of.len}; }

tls_verdict first_reason(std::uint32_t flags, bool self_signed) noexcept {
    tls_detail::reasons seen;
    const auto take = [&](std::uint32_t which, tls_verdict as) {
        if ((flags & which) != 0) seen.add(as);
        flags &= ~which;
    };
    take(MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY, tls_verdict::weak);
    take(MBEDTLS_X509_BADCERT_EXPIRED, tls_verdict::expired);
    take(MBEDTLS_X509_BADCERT_FUTURE, tls_verdict::not_yet_valid);
    take(MBEDTLS_X509_BADCERT_NOT_TRUSTED, self_signed ? tls_verdict::self_signed : tls_verdict::untrusted);
    take(MBEDTLS_X509_BADCERT_REVOKED, tls_verdict::revoked);
    if (flags != 0) seen.add(tls_verdict::bad_chain);
    return seen.first();
}

unsigned char alert_of(tls_verdict verdict) noexcept {
    switch (verdict) {
    case tls_verdict::expired:
    case tls_verdict::not_yet_valid: return MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED;
    case tls_verdict::self_signed:
    case tls_verdict::untrusted: return MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA;
    case tls_verdict::revoked: return MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED;
    default: return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
    }
}

/// SHA-256 is what pins need, so it is there.
bool sha_256(std::string_view text, char* to) noexcept {
    const mbedtls_md_info_t* const info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    return info != nullptr && mbedtls_md(info, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                         reinterpret_cast<unsigned char*>(to)) == 0;
}

/// "C=DE, CN=mail.example". mbedTLS's own makes it '?' what is not ASCII, and nothing what is long.
short_text<128> text_of(const mbedtls_x509_name& name) noexcept {
    short_text<256> text;
    for (const mbedtls_x509_name* part = &name; part != nullptr; part = part->next) {
        if (part->oid.p == nullptr) continue;
        const char* key = nullptr;
        if (!text.empty()) text.append(", ");
        text.append(mbedtls_oid_get_attr_short_name(&part->oid, &key) == 0 ? key : "?");
        text.append("=");
        for (const char& c : octets(part->val)) {
            if (std::string_view{",+\"\\<>;"}.find(c) != std::string_view::npos) text.append("\\");
            text.append({&c, 1});
        }
    }
    return tls_detail::shown(text.view());
}

short_text<24> text_of(const mbedtls_x509_time& time) noexcept {
    std::array<char, 20> text;
    std::size_t at = 0;
    const auto number = [&](int value, int digits, char behind) {
        for (int scale = digits == 4 ? 1000 : 10; scale != 0; scale /= 10)
            text[at++] = static_cast<char>('0' + value / scale % 10);
        text[at++] = behind;
    };
    number(time.year, 4, '-');
    number(time.mon, 2, '-');
    number(time.day, 2, 'T');
    number(time.hour, 2, ':');
    number(time.min, 2, ':');
    number(time.sec, 2, 'Z');
    return short_text<24>{{text.data(), text.size()}};
}

} // namespace

mbedtls_tls::mbedtls_tls(context& shared) noexcept : context_(shared) { mbedtls_ssl_init(&ssl_); }
mbedtls_tls::~mbedtls_tls() { mbedtls_ssl_free(&ssl_); }

errc mbedtls_tls::begin(std::string_view host, std::uint16_t port, bool must_verify) noexcept {
    mbedtls_ssl_free(&ssl_);
    incoming_ = {};
    must_verify_ = must_verify;
    ready_ = ended_ = extended_ = saved_extended_ = false;
    fault_ = errc::ok;
    saved_verdict_ = tls_verdict::not_checked;
    seen_ = 0;
    facts_ = {};
    binding_type_ = {};
    binding_size_ = 0;
    first_ = last_ = 0;

    tls_detail::host name;
    if (!context_.ready_ || !tls_detail::parse(host, name)) return fault_ = errc::invalid_parameter;
    key_ = {name.text, port, must_verify};
    if (must_verify && name.text.empty() && !context_.pins_suffice_) return fault_ = errc::no_host_name;

    if (mbedtls_ssl_setup(&ssl_, &context_.config_) != 0) return fault_ = errc::system_failure;
    mbedtls_ssl_set_bio(&ssl_, this, send, receive, nullptr);
    mbedtls_ssl_set_verify(&ssl_, verify, this);
    if (!name.text.empty() && !name.address) { // for the server name indication
        std::array<char, decltype(name.text)::capacity + 1> terminated{};
        std::memcpy(terminated.data(), name.text.view().data(), name.text.view().size());
        if (mbedtls_ssl_set_hostname(&ssl_, terminated.data()) != 0) return fault_ = errc::system_failure;
    }
    if (context_.resume_) context_.offer(key_, ssl_, saved_verdict_, saved_extended_);
    return errc::ok;
}

/// Takes what fits. Behind the handshake there is always room for a record, because `write` leaves it, and for an alert: what
/// does not fit then is a peer that provokes alerts and never takes them.
int mbedtls_tls::send(void* filter, const unsigned char* octets, std::size_t size) noexcept {
    auto& f = *static_cast<mbedtls_tls*>(filter);
    if (f.first_ != 0) {
        std::memmove(f.outgoing_.data(), f.outgoing_.data() + f.first_, f.last_ - f.first_);
        f.last_ -= f.first_;
        f.first_ = 0;
    }
    size = std::min(size, f.room());
    if (size == 0) return f.ready_ ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : MBEDTLS_ERR_SSL_WANT_WRITE;
    std::memcpy(f.outgoing_.data() + f.last_, octets, size);
    f.last_ += size;
    f.spoke_ = true;
    return static_cast<int>(size);
}

int mbedtls_tls::receive(void* filter, unsigned char* to, std::size_t size) noexcept {
    auto& f = *static_cast<mbedtls_tls*>(filter);
    size = std::min(size, f.incoming_.size());
    if (size == 0) return MBEDTLS_ERR_SSL_WANT_READ;
    std::memcpy(to, f.incoming_.data(), size);
    f.incoming_.remove_prefix(size);
    return static_cast<int>(size);
}

void mbedtls_tls::sent(std::size_t octets) noexcept {
    first_ += std::min(octets, last_ - first_);
    if (first_ == last_) first_ = last_ = 0;
}

/// mbedTLS asks for each certificate of the chain, the leaf last. What it found is taken from it, and with it the decision.
int mbedtls_tls::verify(void* filter, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) noexcept {
    auto& f = *static_cast<mbedtls_tls*>(filter);
    f.seen_ |= *flags & ~std::uint32_t{MBEDTLS_X509_BADCERT_CN_MISMATCH};
    *flags = 0;
    if (depth != 0) return 0;
    const std::string_view issuer = octets(certificate->issuer_raw), subject = octets(certificate->subject_raw);
    f.facts_.verdict = f.judge(*certificate, first_reason(f.seen_, issuer == subject));
    f.describe(*certificate);
    f.end_point(*certificate);
    return 0;
}

/// `chain`: what was found in it, or `verified`.
tls_verdict mbedtls_tls::judge(const mbedtls_x509_crt& leaf, tls_verdict chain) noexcept {
    const std::string_view certificate = octets(leaf.raw);
    tls_detail::reasons seen;
    seen.add(chain); // `verified` is no reason
    if (context_.pin_count_ != 0) {
        const std::string_view key = public_key_of(certificate);
        tls_detail::pin pin{};
        const auto begin = context_.pins_.begin();
        const auto end = begin + static_cast<std::ptrdiff_t>(context_.pin_count_);
        const bool pinned = !key.empty() && sha_256(key, pin.data()) && std::find(begin, end, pin) != end;
        if (!pinned) seen.add(tls_verdict::wrong_pin);
        else if (context_.pins_suffice_) return tls_verdict::pinned;
    }
    if (!certificate_names(certificate, key_.host.view())) seen.add(tls_verdict::wrong_name);
    return seen.first();
}

void mbedtls_tls::describe(const mbedtls_x509_crt& leaf) noexcept {
    facts_.version = tls_version::tls_1_2;
    const mbedtls_ssl_session* const session = ssl_.session != nullptr ? ssl_.session : ssl_.session_negotiate;
    if (session != nullptr)
        if (const char* const cipher = mbedtls_ssl_get_ciphersuite_name(session->ciphersuite); cipher != nullptr)
            facts_.cipher = short_text<64>{cipher};
    facts_.subject = text_of(leaf.subject);
    facts_.issuer = text_of(leaf.issuer);
    facts_.valid_until = text_of(leaf.valid_to);
    tls_detail::pin pin;
    const std::string_view key = public_key_of(octets(leaf.raw));
    if (!key.empty() && sha_256(key, pin.data())) facts_.pin = tls_detail::text_of(pin);
}

/// RFC 5929 §4.1. Here, because the certificate may be gone behind the handshake.
void mbedtls_tls::end_point(const mbedtls_x509_crt& leaf) noexcept {
    const channel_binding kind = context_.binding_kind_;
    if (kind != channel_binding::automatic && kind != channel_binding::tls_server_end_point) return;
    mbedtls_md_type_t type = leaf.sig_md;
    if (type == MBEDTLS_MD_MD5 || type == MBEDTLS_MD_SHA1) type = MBEDTLS_MD_SHA256;
    const mbedtls_md_info_t* const info = mbedtls_md_info_from_type(type);
    const std::string_view certificate = octets(leaf.raw);
    if (info == nullptr ||
        mbedtls_md(info, leaf.raw.p, certificate.size(), reinterpret_cast<unsigned char*>(binding_.data())) != 0)
        return;
    binding_type_ = "tls-server-end-point";
    binding_size_ = mbedtls_md_get_size(info);
}

/// tls-unique is the first Finished, which the server sends where the session is resumed. Without the extended master secret
/// two sessions can be made to have the same (RFC 7627). mbedTLS keeps it only for the sake of renegotiation, which is not
/// allowed here; without that code there is none. TLS 1.2 has an exporter too, and mbedTLS has none that could be called.
void mbedtls_tls::bind([[maybe_unused]] bool extended) noexcept {
    const channel_binding kind = context_.binding_kind_;
    if (kind != channel_binding::automatic && kind != channel_binding::tls_unique) return;
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    if (!extended || ssl_.verify_data_len == 0) return;
    binding_type_ = "tls-unique";
    binding_size_ = ssl_.verify_data_len;
    std::memcpy(binding_.data(), facts_.resumed ? ssl_.peer_verify_data : ssl_.own_verify_data, binding_size_);
#endif
}

errc mbedtls_tls::handshake(bool& done) noexcept {
    done = false;
    if (fault_ != errc::ok) return fault_;
    while (ssl_.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        const int state = ssl_.state;
        spoke_ = false;
        const int error = mbedtls_ssl_handshake_step(&ssl_);
        if (ssl_.handshake != nullptr) { // it is gone behind the last step
            facts_.resumed = ssl_.state > MBEDTLS_SSL_SERVER_HELLO && ssl_.handshake->resume != 0;
#if defined(MBEDTLS_SSL_EXTENDED_MASTER_SECRET)
            extended_ = ssl_.handshake->extended_ms == MBEDTLS_SSL_EXTENDED_MS_ENABLED;
#endif
        }
        if (error == MBEDTLS_ERR_SSL_WANT_READ || error == MBEDTLS_ERR_SSL_WANT_WRITE) return errc::ok;
        if (error != 0) {
            // A chain that mbedTLS gives up on altogether, without asking us.
            const bool chain = state == MBEDTLS_SSL_SERVER_CERTIFICATE && error == MBEDTLS_ERR_X509_FATAL_ERROR;
            if (chain) facts_.verdict = tls_verdict::bad_chain;
            return fail(chain && must_verify_ ? errc::tls_unverified : errc::tls_failed, error);
        }
        if (state != MBEDTLS_SSL_SERVER_CERTIFICATE) continue;
        // What the certificate may be used for is checked behind the callback; a key that is pinned may be used.
        if (facts_.verdict == tls_verdict::verified && mbedtls_ssl_get_verify_result(&ssl_) != 0)
            facts_.verdict = tls_verdict::bad_chain;
        if (must_verify_ && !is_verified(facts_.verdict)) return unverified();
    }
    const errc e = finish();
    done = e == errc::ok;
    return e;
}

errc mbedtls_tls::unverified() noexcept {
    static_cast<void>(mbedtls_ssl_send_alert_message(&ssl_, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert_of(facts_.verdict)));
    return fail(errc::tls_unverified, 0);
}

errc mbedtls_tls::finish() noexcept {
    if (facts_.resumed) {
        facts_.verdict = tls_verdict::bad_chain;
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
        if (const mbedtls_x509_crt* const leaf = mbedtls_ssl_get_peer_cert(&ssl_); leaf != nullptr) {
            const bool pinned = saved_verdict_ == tls_verdict::pinned;
            facts_.verdict = judge(*leaf, pinned ? tls_verdict::verified : saved_verdict_);
            describe(*leaf);
            end_point(*leaf);
        }
#endif
        extended_ = extended_ && saved_extended_;
    }
    if (must_verify_ && !is_verified(facts_.verdict)) {
        first_ = last_ = 0; // what stands there is our Finished: not even that is for this server
        return unverified();
    }
    bind(extended_);
    context_.save(key_, ssl_, facts_.verdict, extended_);
    ready_ = true;
    return errc::ok;
}

errc mbedtls_tls::fail(errc why, int error) noexcept {
    facts_.failure = {};
    if (why == errc::tls_unverified) facts_.failure.append(postrider::describe(facts_.verdict));
    else if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE && ssl_.in_msg != nullptr) {
        const unsigned number = ssl_.in_msg[1];
        const char digits[] = {static_cast<char>('0' + number / 100), static_cast<char>('0' + number / 10 % 10),
                               static_cast<char>('0' + number % 10)};
        facts_.failure.append("the peer sent the alert ");
        facts_.failure.append({digits, sizeof digits});
    } else {
#if defined(MBEDTLS_ERROR_C)
        std::array<char, 128> text{};
        mbedtls_strerror(error, text.data(), text.size());
        facts_.failure.append(text.data());
#else
        constexpr std::string_view hex = "0123456789ABCDEF";
        facts_.failure.append("mbedTLS error -0x");
        for (unsigned shift = 16; shift != 0;)
            facts_.failure.append({&hex[static_cast<unsigned>(-error) >> (shift -= 4) & 15], 1});
#endif
    }
    // mbedTLS says nothing to what is no record at all.
    if (why == errc::tls_failed && error != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE && !spoke_)
        static_cast<void>(mbedtls_ssl_send_alert_message(&ssl_, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                                         MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE));
    context_.forget(key_);
    return fault_ = why;
}

std::size_t mbedtls_tls::write(std::string_view text) noexcept {
    if (!ready_ || fault_ != errc::ok || text.empty()) return 0;
    const int most = mbedtls_ssl_get_max_out_record_payload(&ssl_);
    if (most <= 0) {
        fail(errc::tls_failed, most);
        return 0;
    }
    const std::size_t size = std::min(text.size(), static_cast<std::size_t>(most));
    if (room() < size + around + alert) return 0;
    const int written = mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(text.data()), size);
    if (written > 0) return static_cast<std::size_t>(written);
    fail(errc::tls_failed, written);
    return 0;
}

std::size_t mbedtls_tls::read(std::span<char> to) noexcept {
    if (!ready_ || ended_ || fault_ != errc::ok || to.empty()) return 0;
    for (;;) {
        spoke_ = false;
        const int size = mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(to.data()), to.size());
        if (size > 0) return static_cast<std::size_t>(size);
        if (size == 0) continue; // an empty record
        if (size == MBEDTLS_ERR_SSL_WANT_READ) {
            if (incoming_.empty()) return 0;
            continue;
        }
        if (size == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) ended_ = true;
        else fail(errc::tls_failed, size);
        return 0;
    }
}

void mbedtls_tls::close() noexcept {
    if (ready_ && fault_ == errc::ok) static_cast<void>(mbedtls_ssl_close_notify(&ssl_));
}

tls_channel mbedtls_tls::channel() const noexcept {
    if (!ready_ || fault_ != errc::ok) return {};
    return {is_verified(facts_.verdict), binding_type_, {binding_.data(), binding_size_}};
}

} // namespace postrider

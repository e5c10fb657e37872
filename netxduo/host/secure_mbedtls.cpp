// TLS 1.2 by mbedTLS 2.28.

#include "secure.hpp"

#include <ctime>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <string>

using namespace postrider::netxduo_host;

namespace {

UINT status_of(int error) {
    switch (error) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: return NX_SECURE_TLS_ALERT_RECEIVED;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
    case MBEDTLS_ERR_SSL_VERSION_MISMATCH: return NX_SECURE_TLS_UNKNOWN_TLS_VERSION;
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION: return NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION;
    case MBEDTLS_ERR_SSL_INVALID_MAC: return NX_SECURE_TLS_HASH_MAC_VERIFY_FAILURE;
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
    case MBEDTLS_ERR_SSL_UNEXPECTED_RECORD: return NX_SECURE_TLS_UNRECOGNIZED_MESSAGE_TYPE;
    default: return NX_SECURE_TLS_HANDSHAKE_FAILURE;
    }
}

int random_octets(void*, unsigned char* to, std::size_t size) {
    NX_CRYPTO_RBG(static_cast<UINT>(8 * size), to);
    return 0;
}

bool earlier(const mbedtls_x509_time& a, const mbedtls_x509_time& b) {
    const int left[] = {a.year, a.mon, a.day, a.hour, a.min, a.sec};
    const int right[] = {b.year, b.mon, b.day, b.hour, b.min, b.sec};
    return std::lexicographical_compare(std::begin(left), std::end(left), std::begin(right), std::end(right));
}

mbedtls_x509_time calendar(ULONG seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    return {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec};
}

bool self_issued(const mbedtls_x509_crt& certificate) {
    const auto& subject = certificate.subject_raw;
    const auto& issuer = certificate.issuer_raw;
    return std::equal(subject.p, subject.p + subject.len, issuer.p, issuer.p + issuer.len);
}

class mbedtls_engine final : public tls_engine {
public:
    explicit mbedtls_engine(NX_SECURE_TLS_SESSION& session) : session_(session) {
        mbedtls_ssl_init(&ssl_);
        mbedtls_ssl_config_init(&config_);
        mbedtls_x509_crt_init(&trusted_);
        mbedtls_x509_crt_init(&own_);
        mbedtls_pk_init(&key_);
    }
    ~mbedtls_engine() override {
        mbedtls_ssl_free(&ssl_);
        mbedtls_ssl_config_free(&config_);
        mbedtls_x509_crt_free(&trusted_);
        mbedtls_x509_crt_free(&own_);
        mbedtls_pk_free(&key_);
    }

    UINT open() {
        if (mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                        MBEDTLS_SSL_PRESET_DEFAULT) != 0)
            return NX_SECURE_TLS_HANDSHAKE_FAILURE;
        mbedtls_ssl_conf_min_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
        mbedtls_ssl_conf_rng(&config_, random_octets, nullptr);
        mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_verify(&config_, verify, this);
        if (!trust() || !identify()) return NX_SECURE_TLS_INVALID_CERTIFICATE;
        if (mbedtls_ssl_setup(&ssl_, &config_) != 0) return NX_SECURE_TLS_HANDSHAKE_FAILURE;
        mbedtls_ssl_set_bio(&ssl_, this, write_row, read_row, nullptr);
        if (const auto* name = session_.nx_secure_tls_sni_extension_server_name) {
            const std::string host(name->nx_secure_x509_dns_name,
                                   name->nx_secure_x509_dns_name + name->nx_secure_x509_dns_name_length);
            if (mbedtls_ssl_set_hostname(&ssl_, host.c_str()) != 0) return NX_SECURE_TLS_HANDSHAKE_FAILURE;
        }
        return NX_SUCCESS;
    }

    progress handshake() override { return progress_of(mbedtls_ssl_handshake(&ssl_)); }
    progress read(UCHAR* to, std::size_t room, std::size_t& got) override {
        const int result = mbedtls_ssl_read(&ssl_, to, room);
        got = result > 0 ? static_cast<std::size_t>(result) : 0;
        return progress_of(result);
    }
    progress write(octets plain) override {
        while (!plain.empty()) {
            const int written = mbedtls_ssl_write(&ssl_, plain.data(), plain.size());
            if (written <= 0) return progress_of(written);
            plain = plain.subspan(static_cast<std::size_t>(written));
        }
        return progress::done;
    }
    void say_close_notify() override { (void)mbedtls_ssl_close_notify(&ssl_); }
    std::size_t expansion() const override {
        const int size = mbedtls_ssl_get_record_expansion(&ssl_);
        return size > 0 ? static_cast<std::size_t>(size) : 5 + 16 + 48 + 16;
    }
    USHORT version() const override { return NX_SECURE_TLS_VERSION_TLS_1_2; }

private:
    bool trust() {
        const auto* each = session_.nx_secure_tls_host_trusted;
        if (!each) return true;
        for (; each; each = each->nx_secure_x509_next_certificate)
            if (const octets der = der_of(*each); mbedtls_x509_crt_parse_der(&trusted_, der.data(), der.size()) != 0)
                return false;
        mbedtls_ssl_conf_ca_chain(&config_, &trusted_, nullptr);
        return true;
    }

    // The library wants the own certificate first, whatever the order in which the application has added them.
    bool identify() {
        const NX_SECURE_X509_CERT* own = nullptr;
        const auto add = [this](const NX_SECURE_X509_CERT& certificate) {
            const octets der = der_of(certificate);
            return mbedtls_x509_crt_parse_der(&own_, der.data(), der.size()) == 0;
        };
        const auto* const first = session_.nx_secure_tls_host_local;
        for (const auto* each = first; each; each = each->nx_secure_x509_next_certificate)
            if (each->nx_secure_x509_host_private_key) own = each;
        if (!own) return true;
        if (!add(*own)) return false;
        for (const auto* each = first; each; each = each->nx_secure_x509_next_certificate)
            if (!each->nx_secure_x509_host_private_key && !add(*each)) return false;
        return mbedtls_pk_parse_key(&key_, own->nx_secure_x509_host_private_key,
                                    own->nx_secure_x509_host_private_key_length, nullptr, 0) == 0 &&
               mbedtls_pk_check_pair(&own_.pk, &key_) == 0 && mbedtls_ssl_conf_own_cert(&config_, &own_, &key_) == 0;
    }

    progress progress_of(int result) {
        switch (result) {
        case MBEDTLS_ERR_SSL_WANT_READ: return progress::needs_input;
        case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
            note_alert(NX_SECURE_TLS_ALERT_LEVEL_WARNING, MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY);
            return progress::closed;
        case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: note_alert(ssl_.in_msg[0], ssl_.in_msg[1]); break;
        default: break;
        }
        return result < 0 ? fail(status_of(result)) : progress::done;
    }

    void note_alert(UINT level, UINT value) {
        session_.nx_secure_tls_received_alert_level = level;
        session_.nx_secure_tls_received_alert_value = value;
    }

    // Called for each certificate of the chain, the topmost first. The library has compared dates with the system's clock and
    // the name with that of SNI; NetX Secure does neither, so those objections are dropped.
    static int verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
        auto& engine = *static_cast<mbedtls_engine*>(self);
        *flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE |
                                              MBEDTLS_X509_BADCERT_CN_MISMATCH);
        engine.object(*certificate, *flags);
        if (depth > 0) return 0;
        if (const UINT status = engine.verdict(*certificate); status != NX_SUCCESS) {
            (void)engine.fail(status);
            *flags |= MBEDTLS_X509_BADCERT_OTHER;
        }
        return 0;
    }

    void object(const mbedtls_x509_crt& certificate, std::uint32_t flags) {
        if (chain_status_ != NX_SUCCESS) return;
        if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
            chain_status_ = self_issued(certificate) ? NX_SECURE_TLS_INVALID_SELF_SIGNED_CERT
                                                     : NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND;
        } else if (flags) {
            chain_status_ = NX_SECURE_X509_CHAIN_VERIFY_FAILURE;
        } else if (const ULONG now = application_time(session_)) {
            if (earlier(certificate.valid_to, calendar(now))) chain_status_ = NX_SECURE_X509_CERTIFICATE_EXPIRED;
            if (earlier(calendar(now), certificate.valid_from))
                chain_status_ = NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID;
        }
    }

    UINT verdict(const mbedtls_x509_crt& own) {
        std::vector<octets> chain;
        for (const auto* each = &own; each; each = each->next) chain.emplace_back(each->raw.p, each->raw.len);
        if (const UINT status = keep_remote_chain(session_, chain); status != NX_SUCCESS) return status;
        return chain_status_ != NX_SUCCESS ? chain_status_ : application_verdict(session_);
    }

    static int read_row(void* self, unsigned char* to, std::size_t room) {
        row& incoming = static_cast<mbedtls_engine*>(self)->incoming;
        return incoming.empty() ? MBEDTLS_ERR_SSL_WANT_READ : static_cast<int>(incoming.take(to, room));
    }
    static int write_row(void* self, const unsigned char* from, std::size_t size) {
        static_cast<mbedtls_engine*>(self)->outgoing.put({from, size});
        return static_cast<int>(size);
    }

    NX_SECURE_TLS_SESSION& session_;
    UINT chain_status_ = NX_SUCCESS;
    mbedtls_ssl_context ssl_;
    mbedtls_ssl_config config_;
    mbedtls_x509_crt trusted_, own_;
    mbedtls_pk_context key_;
};

} // namespace

std::unique_ptr<tls_engine> postrider::netxduo_host::make_engine(NX_SECURE_TLS_SESSION& session, UINT& status) {
    auto engine = std::make_unique<mbedtls_engine>(session);
    status = engine->open();
    if (status != NX_SUCCESS) engine = nullptr;
    return engine;
}

bool postrider::netxduo_host::version_supported(USHORT version) { return version == NX_SECURE_TLS_VERSION_TLS_1_2; }

// TLS 1.2 and 1.3 by OpenSSL 3.

#include "secure.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string>

using namespace postrider::netxduo_host;

namespace {

template <auto Free>
struct freeing {
    template <class Object>
    void operator()(Object* object) const {
        Free(object);
    }
};
using x509 = std::unique_ptr<X509, freeing<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, freeing<EVP_PKEY_free>>;

// OpenSSL keeps errors and random states for each thread, and frees them when the thread's pthread keys go: after the thread
// has told that it has ended, when the process may be about to exit. This object goes before that is told.
struct thread_state {
    ~thread_state() { OPENSSL_thread_stop(); }
    void enter() { ERR_clear_error(); }
};
thread_local thread_state of_this_thread;

x509 parsed(const NX_SECURE_X509_CERT& certificate) {
    const octets der = der_of(certificate);
    const unsigned char* at = der.data();
    return x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

private_key key_of(const NX_SECURE_X509_CERT& certificate) {
    const unsigned char* at = certificate.nx_secure_x509_host_private_key;
    const int kind =
        certificate.nx_secure_x509_private_key_type == NX_SECURE_X509_KEY_TYPE_EC_DER ? EVP_PKEY_EC : EVP_PKEY_RSA;
    return private_key(
        d2i_PrivateKey(kind, nullptr, &at, static_cast<long>(certificate.nx_secure_x509_host_private_key_length)));
}

UINT status_of_chain(int error) {
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return NX_SECURE_TLS_INVALID_SELF_SIGNED_CERT;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return NX_SECURE_TLS_CERTIFICATE_SIG_CHECK_FAILED;
    case X509_V_ERR_CERT_HAS_EXPIRED: return NX_SECURE_X509_CERTIFICATE_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID: return NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID;
    default: return NX_SECURE_X509_CHAIN_VERIFY_FAILURE;
    }
}

UINT status_of_library() {
    const unsigned long error = ERR_peek_last_error(); // before it may stand what the cipher said
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) return NX_SECURE_TLS_HANDSHAKE_FAILURE;
    const int reason = ERR_GET_REASON(error);
    if (reason >= SSL_AD_REASON_OFFSET) return NX_SECURE_TLS_ALERT_RECEIVED;
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_BAD_RECORD_TYPE: return NX_SECURE_TLS_UNKNOWN_TLS_VERSION;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_WRONG_SSL_VERSION: return NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION;
    case SSL_R_BAD_DECOMPRESSION:
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: return NX_SECURE_TLS_HASH_MAC_VERIFY_FAILURE;
    case SSL_R_UNEXPECTED_RECORD:
    case SSL_R_UNEXPECTED_MESSAGE: return NX_SECURE_TLS_UNRECOGNIZED_MESSAGE_TYPE;
    default: return NX_SECURE_TLS_HANDSHAKE_FAILURE;
    }
}

class openssl_engine final : public tls_engine {
public:
    explicit openssl_engine(NX_SECURE_TLS_SESSION& session) : session_(session) {}
    ~openssl_engine() override {
        of_this_thread.enter(); // it may be another thread that never did
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }

    UINT open() {
        of_this_thread.enter();
        context_ = SSL_CTX_new(TLS_client_method());
        if (!context_) return NX_SECURE_TLS_HANDSHAKE_FAILURE;
        const int version = session_.nx_secure_tls_protocol_version_override;
        SSL_CTX_set_min_proto_version(context_, version ? version : TLS1_2_VERSION);
        SSL_CTX_set_max_proto_version(context_, version);
        SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_cert_verify_callback(context_, verify, this);
        if (!trust() || !identify()) return NX_SECURE_TLS_INVALID_CERTIFICATE;

        ssl_ = SSL_new(context_);
        BIO* bio = BIO_new(rows());
        if (!ssl_ || !bio) return NX_SECURE_TLS_HANDSHAKE_FAILURE;
        BIO_set_data(bio, this);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_, bio, bio);
        SSL_set_app_data(ssl_, this);
        SSL_set_info_callback(ssl_, note_alert);
        if (const auto* name = session_.nx_secure_tls_sni_extension_server_name) {
            const std::string host(name->nx_secure_x509_dns_name,
                                   name->nx_secure_x509_dns_name + name->nx_secure_x509_dns_name_length);
            if (!SSL_set_tlsext_host_name(ssl_, host.c_str())) return NX_SECURE_TLS_HANDSHAKE_FAILURE;
        }
        return NX_SUCCESS;
    }

    progress handshake() override {
        of_this_thread.enter();
        return progress_of(SSL_connect(ssl_));
    }
    progress read(UCHAR* to, std::size_t room, std::size_t& got) override {
        of_this_thread.enter();
        return progress_of(SSL_read_ex(ssl_, to, room, &got));
    }
    progress write(octets plain) override {
        of_this_thread.enter();
        std::size_t written = 0;
        return progress_of(SSL_write_ex(ssl_, plain.data(), plain.size(), &written));
    }
    void say_close_notify() override {
        of_this_thread.enter();
        (void)SSL_shutdown(ssl_);
        ERR_clear_error();
    }
    std::size_t expansion() const override {
        // A record of TLS 1.3, or of an AEAD; else with the longest vector, MAC and padding.
        const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_);
        return cipher && SSL_CIPHER_is_aead(cipher) ? 5 + 8 + 16 : 5 + 16 + 48 + 16;
    }
    USHORT version() const override { return static_cast<USHORT>(SSL_version(ssl_)); }

private:
    bool trust() {
        X509_STORE* store = SSL_CTX_get_cert_store(context_);
        for (const auto* each = session_.nx_secure_tls_host_trusted; each;
             each = each->nx_secure_x509_next_certificate) {
            const x509 root = parsed(*each);
            if (!root || !X509_STORE_add_cert(store, root.get())) return false;
        }
        return true;
    }

    bool identify() {
        for (const auto* each = session_.nx_secure_tls_host_local; each; each = each->nx_secure_x509_next_certificate) {
            const x509 own = parsed(*each);
            if (!own) return false;
            if (!each->nx_secure_x509_host_private_key) {
                if (!SSL_CTX_add1_chain_cert(context_, own.get())) return false;
                continue;
            }
            const private_key key = key_of(*each);
            if (!key || SSL_CTX_use_certificate(context_, own.get()) != 1 ||
                SSL_CTX_use_PrivateKey(context_, key.get()) != 1)
                return false;
        }
        return true;
    }

    progress progress_of(int result) {
        if (result > 0) return progress::done;
        switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ: return progress::needs_input;
        case SSL_ERROR_ZERO_RETURN: return progress::closed;
        default: return fail(status_of_library());
        }
    }

    // In place of OpenSSL's own: a trusted certificate need not be a root, and dates count where there is a clock.
    static int verify(X509_STORE_CTX* chain, void* self) {
        auto& engine = *static_cast<openssl_engine*>(self);
        const UINT status = engine.verdict(chain);
        if (status == NX_SUCCESS) return 1;
        (void)engine.fail(status);
        if (X509_STORE_CTX_get_error(chain) == X509_V_OK)
            X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }

    UINT verdict(X509_STORE_CTX* chain) {
        if (const UINT status = keep(X509_STORE_CTX_get0_untrusted(chain)); status != NX_SUCCESS) return status;
        X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(chain);
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
        const ULONG now = application_time(session_);
        if (now) X509_VERIFY_PARAM_set_time(rules, static_cast<time_t>(now));
        else X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
        if (X509_verify_cert(chain) != 1) return status_of_chain(X509_STORE_CTX_get_error(chain));
        return application_verdict(session_);
    }

    UINT keep(const STACK_OF(X509) * sent) {
        std::vector<std::vector<UCHAR>> copies;
        std::vector<octets> chain;
        for (int i = 0; i < sk_X509_num(sent); ++i) {
            unsigned char* der = nullptr;
            const int size = i2d_X509(sk_X509_value(sent, i), &der);
            if (size <= 0) return NX_SECURE_TLS_INVALID_SERVER_CERT;
            copies.emplace_back(der, der + size);
            OPENSSL_free(der);
        }
        for (const auto& copy : copies) chain.emplace_back(copy);
        return keep_remote_chain(session_, chain);
    }

    static void note_alert(const SSL* ssl, int where, int alert) {
        if (!(where & SSL_CB_ALERT) || !(where & SSL_CB_READ)) return;
        auto& session = static_cast<openssl_engine*>(SSL_get_app_data(ssl))->session_;
        session.nx_secure_tls_received_alert_level = static_cast<UINT>(alert >> 8);
        session.nx_secure_tls_received_alert_value = static_cast<UINT>(alert & 0xFF);
    }

    // ----- the two rows, as OpenSSL sees them

    static int read_row(BIO* bio, char* to, int room) {
        row& incoming = static_cast<openssl_engine*>(BIO_get_data(bio))->incoming;
        BIO_clear_retry_flags(bio);
        if (incoming.empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        return static_cast<int>(incoming.take(reinterpret_cast<UCHAR*>(to), static_cast<std::size_t>(room)));
    }
    static int write_row(BIO* bio, const char* from, int size) {
        BIO_clear_retry_flags(bio);
        static_cast<openssl_engine*>(BIO_get_data(bio))
            ->outgoing.put({reinterpret_cast<const UCHAR*>(from), static_cast<std::size_t>(size)});
        return size;
    }
    static long control_rows(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH; }

    static const BIO_METHOD* rows() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "NetX TCP");
            BIO_meth_set_read(method, read_row);
            BIO_meth_set_write(method, write_row);
            BIO_meth_set_ctrl(method, control_rows);
            return method;
        }();
        return made;
    }

    NX_SECURE_TLS_SESSION& session_;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
};

} // namespace

std::unique_ptr<tls_engine> postrider::netxduo_host::make_engine(NX_SECURE_TLS_SESSION& session, UINT& status) {
    auto engine = std::make_unique<openssl_engine>(session);
    status = engine->open();
    if (status != NX_SUCCESS) engine = nullptr;
    return engine;
}

bool postrider::netxduo_host::version_supported(USHORT version) {
    return version == NX_SECURE_TLS_VERSION_TLS_1_2 || version == NX_SECURE_TLS_VERSION_TLS_1_3;
}

// client_tls_support.hpp - a script's connection inside TLS, by OpenSSL whatever is behind the client's NetX Secure, and a
// client that is set up for it as an application would.
#ifndef POSTRIDER_TEST_NETXDUO_CLIENT_TLS_SUPPORT_HPP
#define POSTRIDER_TEST_NETXDUO_CLIENT_TLS_SUPPORT_HPP

#include "client_services_support.hpp"
#include "nx_secure_tls_api.h"

#include <csignal>
#include <ctime>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string>
#include <vector>

namespace client_test {

inline std::string certificate_file(const std::string& stem) { return POSTRIDER_CERTIFICATES "/" + stem; }

/// The server's end of TLS.
class tls_layer : public peer::layer {
public:
    tls_layer(int descriptor, const std::string& certificate) : context_(SSL_CTX_new(TLS_server_method())) {
        std::signal(SIGPIPE, SIG_IGN);
        const std::string file = certificate_file(certificate);
        EXPECT_EQ(1, SSL_CTX_use_certificate_chain_file(context_, (file + ".pem").c_str())) << file;
        EXPECT_EQ(1, SSL_CTX_use_PrivateKey_file(context_, (file + ".key").c_str(), SSL_FILETYPE_PEM)) << file;
        ssl_ = SSL_new(context_);
        SSL_set_fd(ssl_, descriptor);
    }
    ~tls_layer() override {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
        ERR_clear_error();
        OPENSSL_thread_stop();
    }
    bool accept() { return SSL_accept(ssl_) == 1; }
    long send(const char* octets, std::size_t size) override { return SSL_write(ssl_, octets, static_cast<int>(size)); }
    long receive(char* octets, std::size_t size) override {
        const int got = SSL_read(ssl_, octets, static_cast<int>(size));
        if (got > 0) return got;
        close_notify_ = close_notify_ || SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN;
        return 0;
    }
    void end() override { SSL_shutdown(ssl_); }
    std::string server_name() const {
        const char* asked = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
        return asked != nullptr ? asked : "";
    }
    bool heard_close_notify() const { return close_notify_; }

private:
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
    bool close_notify_ = false;
};

/// Begins TLS on a script's connection; the script ends where the handshake fails. Notes the name that was asked for.
inline void secure(peer& it, const std::string& certificate = "good") {
    auto layer = std::make_unique<tls_layer>(it.descriptor(), certificate);
    tls_layer& made = *layer;
    it.wrap(std::move(layer));
    if (!made.accept()) {
        it.told("handshake failed");
        throw script::gone{};
    }
    it.told("sni " + made.server_name());
}

inline const std::string offers_starttls = "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n";

/// The ordinary server behind STARTTLS, or, with `implicit`, in TLS from the first octet.
inline ordinary in_tls(UINT mode = NX_SMTP_CLIENT_TLS_STARTTLS, const std::string& certificate = "good") {
    ordinary how;
    if (mode == NX_SMTP_CLIENT_TLS_STARTTLS) {
        how.says["EHLO"] = offers_starttls;
        how.does["?"] = [=](peer& it) {
            it.say("220 go on\r\n");
            secure(it, certificate);
        };
    } else {
        how.does["greeting"] = [=](peer& it) {
            secure(it, certificate);
            it.say("220 mail.example\r\n");
        };
    }
    return how;
}

/// What a server says up to TLS, for `able` to go on from there.
inline void up_to_tls(peer& it, UINT mode) {
    if (mode == NX_SMTP_CLIENT_TLS_STARTTLS) {
        it.say("220 mail.example\r\n");
        EXPECT_EQ("EHLO client.example", it.line());
        it.say(offers_starttls);
        EXPECT_EQ("STARTTLS", it.line());
        it.say("220 go on\r\n");
    }
    secure(it);
    if (mode == NX_SMTP_CLIENT_TLS_IMPLICIT) it.say("220 mail.example\r\n");
}

/// What an application has beside its client.
struct tls_application {
    std::string trusted = "ca";
    ULONG buffer_size = 8000;
    UINT setup_says = NX_SUCCESS;
    UINT setups = 0;
    ULONG (*clock)(VOID) = [] { return static_cast<ULONG>(std::time(nullptr)); };
    ULONG (*verdict)(NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT*) = nullptr;

    NX_SECURE_X509_CERT root{};
    std::vector<UCHAR> der;
    std::vector<UCHAR> buffer;
    alignas(std::max_align_t) UCHAR metadata[9000];

    void read_root() {
        {
            const std::unique_ptr<BIO, decltype(&BIO_free)> file(
                BIO_new_file(certificate_file(trusted + ".pem").c_str(), "r"), BIO_free);
            const std::unique_ptr<X509, decltype(&X509_free)> read(
                PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
            unsigned char* at = nullptr;
            const int size = i2d_X509(read.get(), &at);
            der.assign(at, at + size);
            OPENSSL_free(at);
        }
        // A thread of ThreadX is over for others before its pthread keys go, and with them what OpenSSL keeps for it.
        OPENSSL_thread_stop();
    }
};
inline std::unique_ptr<tls_application> application;

inline UINT tls_setup(NX_SMTP_CLIENT*, NX_SECURE_TLS_SESSION* session) {
    tls_application& a = *application;
    ++a.setups;
    if (a.setup_says != NX_SUCCESS) return a.setup_says;
    a.read_root();
    a.buffer.resize(a.buffer_size);
    UINT status = nx_secure_tls_session_create(session, &nx_crypto_tls_ciphers, a.metadata, sizeof a.metadata);
    if (status == NX_SUCCESS) status = nx_secure_tls_session_packet_buffer_set(session, a.buffer.data(), a.buffer_size);
    if (status == NX_SUCCESS)
        status = nx_secure_x509_certificate_initialize(&a.root, a.der.data(), static_cast<USHORT>(a.der.size()),
                                                       NX_NULL, 0, NX_NULL, 0, NX_SECURE_X509_KEY_TYPE_NONE);
    if (status == NX_SUCCESS) status = nx_secure_tls_trusted_certificate_add(session, &a.root);
    if (status == NX_SUCCESS && a.clock != nullptr) status = nx_secure_tls_session_time_function_set(session, a.clock);
    if (status == NX_SUCCESS && a.verdict != nullptr)
        status = nx_secure_tls_session_certificate_callback_set(session, a.verdict);
    return status;
}

class tls_services : public services, public ::testing::WithParamInterface<UINT> {
protected:
    tls_services() { application = std::make_unique<tls_application>(); }
    ~tls_services() override { application.reset(); }

    void create_tls(UINT mode, const account& a = {}, const char* name = "mail.example", ULONG packets = 8,
                    ULONG payload = 1536) {
        create(a, packets, payload);
        server_name_ = name == nullptr ? "" : name;
        EXPECT_EQ(NX_SUCCESS, nx_smtp_client_tls_setup_set(&client, mode,
                                                           name == nullptr ? nullptr : server_name_.data(), tls_setup));
    }
    /// One mail by a new client to a server that plays so.
    UINT send_in_tls(script::server::play how, UINT mode = NX_SMTP_CLIENT_TLS_STARTTLS, const account& a = {},
                     const char* name = "mail.example") {
        server.forget();
        server.set(std::move(how));
        tap::clear();
        create_tls(mode, a, name);
        return send();
    }
    /// Nothing but what TLS needs may have been said in clear text.
    void expect_nothing_in_clear(const script::record& r) {
        const std::string clear = r.heard.substr(0, r.in_clear);
        const std::string hello = "EHLO client.example\r\n";
        EXPECT_TRUE(clear.empty() || clear == hello || clear == hello + "STARTTLS\r\n" || clear == hello + "QUIT\r\n" ||
                    clear == hello + "STARTTLS\r\nQUIT\r\n" || clear == "QUIT\r\n")
            << clear;
        for (const std::string& segment : tap::segments()) {
            for (const char* secret : {"MAIL FROM", "AUTH ", "AHVzZXIAc2VjcmV0", "Hello."})
                EXPECT_EQ(std::string::npos, segment.find(secret)) << segment;
        }
    }

    std::string server_name_;
};

} // namespace client_test

#endif

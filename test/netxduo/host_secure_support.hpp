// What the tests of NetX Secure share: a TLS server of OpenSSL on the loopback, certificates, and a session with its memory.
// The same tests run against each library behind the sessions; the server is always OpenSSL's.
#pragma once

#include "host_support.hpp"
#include "nx_secure_tls_api.h"

#include <limits>
#include <memory>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace host_test {

inline std::string certificate_file(const std::string& stem) { return POSTRIDER_CERTIFICATES "/" + stem; }

using der_octets = std::vector<UCHAR>;

// The first certificate of NAME.pem, and its key in the traditional encoding.
inline der_octets certificate_der(const std::string& stem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(certificate_file(stem + ".pem").c_str(), "r"),
                                                         BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> read(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr),
                                                           X509_free);
    unsigned char* at = nullptr;
    const int size = i2d_X509(read.get(), &at);
    EXPECT_GT(size, 0) << stem;
    der_octets der(at, at + size);
    OPENSSL_free(at);
    return der;
}
inline der_octets key_der(const std::string& stem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(certificate_file(stem + ".key").c_str(), "r"),
                                                         BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> read(
        PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    unsigned char* at = nullptr;
    const int size = i2d_PrivateKey(read.get(), &at);
    EXPECT_GT(size, 0) << stem;
    der_octets der(at, at + size);
    OPENSSL_free(at);
    return der;
}

// A certificate in a block of NetX Secure.
struct certificate {
    explicit certificate(const std::string& stem) : der(certificate_der(stem)) { initialize(nullptr, 0, 0); }
    certificate(const std::string& stem, const std::string& key_stem, UINT kind)
        : der(certificate_der(stem)), key(key_der(key_stem)) {
        initialize(key.data(), static_cast<USHORT>(key.size()), kind);
    }
    certificate(const certificate&) = delete;
    certificate& operator=(const certificate&) = delete;

    der_octets der, key;
    NX_SECURE_X509_CERT block{};

private:
    void initialize(const UCHAR* private_key, USHORT size, UINT kind) {
        EXPECT_EQ(nx_secure_x509_certificate_initialize(&block, der.data(), static_cast<USHORT>(der.size()), nullptr, 0,
                                                        private_key, size, kind),
                  UINT{NX_SECURE_X509_SUCCESS});
    }
};

struct server_settings {
    std::string certificate = "good";
    int min_version = TLS1_VERSION;
    int max_version = 0;                                             // the highest there is
    std::string client_authority{};                                  // whose certificates a client must have
    std::size_t cut_after = std::numeric_limits<std::size_t>::max(); // octets, then the connection ends
    std::string ciphers{};
    std::size_t piece = std::numeric_limits<std::size_t>::max(); // the most that is written at once
};

// The server's end of one connection. All calls block.
class tls_peer {
public:
    tls_peer(peer connection, const server_settings& settings)
        : connection_(std::move(connection)),
          left_(settings.cut_after),
          piece_(settings.piece),
          context_(SSL_CTX_new(TLS_server_method())) {
        SSL_CTX_set_security_level(context_, 0); // for the old versions that the client must refuse
        SSL_CTX_set_min_proto_version(context_, settings.min_version);
        SSL_CTX_set_max_proto_version(context_, settings.max_version);
        if (!settings.ciphers.empty()) {
            EXPECT_EQ(SSL_CTX_set_cipher_list(context_, settings.ciphers.c_str()), 1);
        }
        const std::string file = certificate_file(settings.certificate);
        EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context_, (file + ".pem").c_str()), 1) << file;
        EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_, (file + ".key").c_str(), SSL_FILETYPE_PEM), 1) << file;
        if (!settings.client_authority.empty()) {
            SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
            EXPECT_EQ(SSL_CTX_load_verify_file(context_, certificate_file(settings.client_authority + ".pem").c_str()),
                      1);
        }
        const int at_once = 1;
        ::setsockopt(connection_.descriptor(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        ssl_ = SSL_new(context_);
        BIO* out = BIO_new(limited());
        BIO_set_data(out, this);
        BIO_set_init(out, 1);
        SSL_set_bio(ssl_, BIO_new_socket(connection_.descriptor(), BIO_NOCLOSE), out);
    }
    tls_peer(const tls_peer&) = delete;
    tls_peer& operator=(const tls_peer&) = delete;
    ~tls_peer() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }

    bool accept() { return SSL_accept(ssl_) == 1; }
    void write(const std::string& text) {
        EXPECT_EQ(SSL_write(ssl_, text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
    }
    // As many octets, fewer at the end.
    std::string read(std::size_t size) {
        std::string text(size, '\0');
        std::size_t got = 0, more = 0;
        while (got < size && SSL_read_ex(ssl_, text.data() + got, size - got, &more)) got += more;
        text.resize(got);
        return text;
    }
    void say_close_notify() { SSL_shutdown(ssl_); }
    // Whether the client ends with close_notify, before the connection does.
    bool sees_close_notify() {
        char octet;
        return SSL_read(ssl_, &octet, 1) <= 0 && SSL_get_error(ssl_, 0) == SSL_ERROR_ZERO_RETURN;
    }
    void update_keys() {
        SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(ssl_);
    }
    std::string server_name() {
        const char* asked = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
        return asked ? asked : "";
    }
    std::string client_name() {
        const std::unique_ptr<X509, decltype(&X509_free)> client(SSL_get1_peer_certificate(ssl_), X509_free);
        char text[100] = "";
        if (client) X509_NAME_get_text_by_NID(X509_get_subject_name(client.get()), NID_commonName, text, sizeof text);
        return text;
    }
    int version() { return SSL_version(ssl_); }
    peer& connection() { return connection_; }
    // The alert of a handshake or a connection that the client has ended, 0 where there was none.
    static int alert() {
        const int reason = ERR_GET_REASON(ERR_peek_last_error());
        return reason > SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : 0;
    }

private:
    static int write_limited(BIO* bio, const char* from, int size) {
        auto& self = *static_cast<tls_peer*>(BIO_get_data(bio));
        const std::size_t part = std::min(self.left_, static_cast<std::size_t>(size));
        for (std::size_t sent = 0; sent < part;) {
            const ssize_t more =
                ::send(self.connection_.descriptor(), from + sent, std::min(self.piece_, part - sent), MSG_NOSIGNAL);
            if (more <= 0) return -1;
            sent += static_cast<std::size_t>(more);
        }
        self.left_ -= part;
        if (self.left_ == 0) ::shutdown(self.connection_.descriptor(), SHUT_WR);
        return size;
    }
    static const BIO_METHOD* limited() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "limited");
            BIO_meth_set_write(method, write_limited);
            BIO_meth_set_ctrl(method, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
            return method;
        }();
        return made;
    }

    peer connection_;
    std::size_t left_, piece_;
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
};

// A session with its socket and its memory; to be used in a ThreadX thread.
class tls_client {
public:
    explicit tls_client(stack& on, ULONG buffer_size = 4000) : tcp(on), buffer_(buffer_size), on_(on) {
        EXPECT_EQ(nx_secure_tls_session_create(&session, &nx_crypto_tls_ciphers, metadata_, sizeof metadata_),
                  UINT{NX_SECURE_TLS_SUCCESS});
        EXPECT_EQ(nx_secure_tls_session_packet_buffer_set(&session, buffer_.data(), buffer_size),
                  UINT{NX_SECURE_TLS_SUCCESS});
    }
    tls_client(const tls_client&) = delete;
    tls_client& operator=(const tls_client&) = delete;
    ~tls_client() { EXPECT_EQ(nx_secure_tls_session_delete(&session), UINT{NX_SECURE_TLS_SUCCESS}); }

    void connect(server& to) {
        EXPECT_EQ(tcp.bind(), UINT{NX_SUCCESS});
        EXPECT_EQ(tcp.connect(to), UINT{NX_SUCCESS});
    }
    // In order: a reset would take away what the server has not read yet.
    void disconnect() {
        tcp.disconnect(plenty);
        nx_tcp_client_socket_unbind(&tcp.socket);
    }
    UINT trust(certificate& root) { return nx_secure_tls_trusted_certificate_add(&session, &root.block); }
    UINT start(ULONG wait = plenty) { return nx_secure_tls_session_start(&session, &tcp.socket, wait); }
    UINT end(ULONG wait = plenty) { return nx_secure_tls_session_end(&session, wait); }

    NX_PACKET* packet_of(std::string text) { return packet_of(std::move(text), on_.packets); }
    NX_PACKET* packet_of(std::string text, pool& from) {
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(nx_secure_tls_packet_allocate(&session, &from.block, &packet, plenty), UINT{NX_SECURE_TLS_SUCCESS});
        EXPECT_EQ(nx_packet_data_append(packet, text.data(), static_cast<ULONG>(text.size()), &from.block, plenty),
                  UINT{NX_SUCCESS});
        return packet;
    }
    UINT send(NX_PACKET* packet, ULONG wait = plenty) { return nx_secure_tls_session_send(&session, packet, wait); }
    UINT send(const std::string& text, ULONG wait = plenty) {
        NX_PACKET* packet = packet_of(text);
        const UINT status = send(packet, wait);
        if (status != NX_SUCCESS) {
            EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
        }
        return status;
    }
    UINT receive(NX_PACKET*& packet, ULONG wait = plenty) {
        return nx_secure_tls_session_receive(&session, &packet, wait);
    }
    // Text until there are `size` octets, or a failure, which is kept in `last_status`.
    std::string text(std::size_t size, ULONG wait = plenty) {
        std::string all;
        while (all.size() < size) {
            NX_PACKET* packet = nullptr;
            last_status = receive(packet, wait);
            if (last_status != NX_SUCCESS) break;
            all += text_of(packet);
            EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
        }
        return all;
    }

    client tcp;
    NX_SECURE_TLS_SESSION session{};
    UINT last_status = NX_SUCCESS;

private:
    alignas(ULONG64) UCHAR metadata_[9000];
    std::vector<UCHAR> buffer_;
    stack& on_;
};

// An instance, a server on the loopback, and who meets there: `serve` runs in a thread of its own, `use` in a ThreadX thread,
// with a session that is connected and trusts `ca`. All packets must be back at the end.
class tls_meeting {
public:
    explicit tls_meeting(ULONG payload = 1536, ULONG count = 32) : on(payload, count) {}
    ~tls_meeting() {
        EXPECT_EQ(on.packets.available(), on.packets.total());
        EXPECT_EQ(on.packets.invalid_releases(), 0u);
    }

    void raw(const std::function<void(peer)>& serve, const std::function<void(tls_client&)>& use) {
        const auto serving = std::async(std::launch::async, [&] { serve(listener.accept()); });
        in_thread([&] {
            tls_client c(on, buffer_size);
            EXPECT_EQ(c.trust(ca), UINT{NX_SECURE_TLS_SUCCESS});
            c.connect(listener);
            use(c);
            c.disconnect();
        });
    }
    void meet(const server_settings& settings, const std::function<void(tls_peer&)>& serve,
              const std::function<void(tls_client&)>& use) {
        raw(
            [&](peer connection) {
                ERR_clear_error();
                tls_peer other(std::move(connection), settings);
                serve(other);
            },
            use);
    }

    stack on;
    server listener;
    certificate ca{"ca"};
    ULONG buffer_size = 4000;
};

inline bool library_has_tls_1_3() {
    static const bool has = [] {
        NX_SECURE_TLS_SESSION session{};
        static UCHAR metadata[9000];
        nx_secure_tls_session_create(&session, &nx_crypto_tls_ciphers, metadata, sizeof metadata);
        const UINT status = nx_secure_tls_session_protocol_version_override(&session, NX_SECURE_TLS_VERSION_TLS_1_3);
        nx_secure_tls_session_delete(&session);
        return status == NX_SECURE_TLS_SUCCESS;
    }();
    return has;
}

} // namespace host_test

// tls_server.hpp - a TLS server by OpenSSL that lives in memory, and the wire to it, which a test cuts and bends.
#pragma once

#include "postrider/io/posix.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace postrider::test {

inline std::string certificates(std::string_view name) { return POSTRIDER_CERTIFICATES "/" + std::string{name}; }

struct server_options {
    std::string certificate = "good"; ///< of test/support/certificates
    int least = TLS1_2_VERSION, most = TLS1_3_VERSION;
    std::string client_ca{}; ///< a client certificate by this CA is required
    std::uint64_t options = 0;
    bool tickets = true;
    std::string ciphers = "ALL:@SECLEVEL=0"; ///< of TLS 1.2 and before
};

/// What the connections to one server share: its certificate and its ticket keys.
class tls_server_context {
public:
    explicit tls_server_context(const server_options& o = {}) : ctx(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
        SSL_CTX* const c = ctx.get();
        SSL_CTX_set_security_level(c, 0);
        EXPECT_EQ(SSL_CTX_set_cipher_list(c, o.ciphers.c_str()), 1);
        EXPECT_EQ(SSL_CTX_set_min_proto_version(c, o.least), 1);
        EXPECT_EQ(SSL_CTX_set_max_proto_version(c, o.most), 1);
        EXPECT_EQ(SSL_CTX_use_certificate_chain_file(c, certificates(o.certificate + ".pem").c_str()), 1);
        EXPECT_EQ(SSL_CTX_use_PrivateKey_file(c, certificates(o.certificate + ".key").c_str(), SSL_FILETYPE_PEM), 1);
        SSL_CTX_set_options(c, o.options | (o.tickets ? 0 : SSL_OP_NO_TICKET));
        SSL_CTX_set_mode(c, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        const unsigned char id[] = "postrider";
        SSL_CTX_set_session_id_context(c, id, sizeof id);
        if (!o.client_ca.empty()) {
            EXPECT_EQ(SSL_CTX_load_verify_locations(c, certificates(o.client_ca).c_str(), nullptr), 1);
            SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        }
        ERR_clear_error();
    }
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> ctx;
};

/// One connection of it. Octets go in by `take`, and stand in `out`.
class tls_server {
public:
    explicit tls_server(tls_server_context& shared) : ssl_(SSL_new(shared.ctx.get()), SSL_free) {
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_.get());
    }

    void take(std::string_view octets) {
        if (!octets.empty()) BIO_write(SSL_get_rbio(ssl_.get()), octets.data(), static_cast<int>(octets.size()));
        pump();
    }

    /// Handshake, then all text that there is.
    void pump() {
        ERR_clear_error();
        if (!failure.empty()) return;
        if (!done) {
            const int result = SSL_do_handshake(ssl_.get());
            done = result == 1;
            if (!done) note(result);
        }
        char text[16384];
        std::size_t size = 0;
        while (done && failure.empty() && !ended) {
            const int result = SSL_read_ex(ssl_.get(), text, sizeof text, &size);
            if (result != 1) {
                note(result);
                break;
            }
            heard.append(text, size);
        }
        if (ended) SSL_shutdown(ssl_.get()); // without it OpenSSL forgets the session
        if (done && failure.empty() && !waiting.empty()) say({});
        drain();
    }

    /// Behind the handshake, or at its end.
    void say(std::string_view text) {
        waiting += text;
        if (!done) return;
        std::size_t size = 0;
        while (!waiting.empty() && SSL_write_ex(ssl_.get(), waiting.data(), waiting.size(), &size) == 1)
            waiting.erase(0, size);
        drain();
    }

    void say_goodbye() {
        SSL_shutdown(ssl_.get());
        drain();
    }

    SSL* ssl() { return ssl_.get(); }

    std::string out{};
    std::string heard{};
    std::string waiting{};
    std::string failure{}; ///< in OpenSSL's words
    bool done = false;     ///< the handshake
    bool ended = false;    ///< the client said close_notify

private:
    void note(int result) {
        switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ: break;
        case SSL_ERROR_ZERO_RETURN: ended = true; break;
        default:
            if (const char* const reason = ERR_reason_error_string(ERR_peek_error())) failure = reason;
            else failure = "failed";
        }
    }
    void drain() {
        char octets[4096];
        int size = 0;
        while ((size = BIO_read(SSL_get_wbio(ssl_.get()), octets, sizeof octets)) > 0)
            out.append(octets, static_cast<std::size_t>(size));
    }
    std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

/// The transport to a server in memory, with the contract of posix_stream, but that it never waits: where nothing can come
/// any more the deadline is over.
struct wire {
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

    tls_server* server = nullptr;
    std::size_t takes = all;                  ///< octets that it takes in all
    errc then = errc::timed_out;              ///< and what it says behind them
    std::size_t reads_at_once = all;          ///< octets of one read
    std::size_t writes_at_once = all;         ///< octets of one call
    std::size_t delivers = all;               ///< octets that come in all; then the connection ends
    bool ends = false;                        ///< the connection ends behind what the server has said
    std::function<void(std::string&)> bend{}; ///< changes what the client reads
    std::size_t delivered = 0, taken = 0;
    bool closed = false, was_reset = false;

    transfer_result transfer(std::span<const std::string_view> out, std::span<char> in, deadline) {
        transfer_result r;
        std::string octets;
        for (const std::string_view part : out) octets += part;
        if (!octets.empty()) {
            r.written = std::min({octets.size(), takes, writes_at_once});
            if (takes != all) takes -= r.written;
            taken += r.written;
            server->take({octets.data(), r.written});
            if (r.written == octets.size()) return r;
            if (takes == 0) {
                r.error = then;
                return r;
            }
            if (in.empty()) { // only part of it at once: again, until all is gone
                const std::string_view rest{octets.data() + r.written, octets.size() - r.written};
                const transfer_result more = transfer({&rest, 1}, in, {});
                r.written += more.written;
                r.error = more.error;
                return r;
            }
        }
        if (in.empty()) return r;
        server->pump();
        if (bend) bend(server->out);
        r.read = std::min({server->out.size(), in.size(), reads_at_once, delivers - std::min(delivers, delivered)});
        server->out.copy(in.data(), r.read);
        server->out.erase(0, r.read);
        delivered += r.read;
        if (r.read != 0) return r;
        if (ends || delivered == delivers) r.end_of_stream = true;
        else if (octets.empty() || r.written == 0) r.error = errc::timed_out;
        return r;
    }
    void close() { closed = true; }
    void reset() { was_reset = true; }
};

} // namespace postrider::test

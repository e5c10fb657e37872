// TLS in front of another stream, from the server's side.
//
// OpenSSL sees two buffers and never the socket, because hold mode and the faults decide when octets of a
// handshake leave, and how many of them.
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>

#include "postrider/sink/tls.hpp"
#include "stream.hpp"

namespace postrider::sink {

template <auto Free>
struct openssl_free {
    template <class Object>
    void operator()(Object* object) const {
        Free(object);
    }
};
template <class Object, auto Free>
using openssl_ptr = std::unique_ptr<Object, openssl_free<Free>>;

// What all connections share: certificate, key, tickets.
class tls_context {
public:
    // What is wrong with the settings, or nullopt.
    [[nodiscard]] std::optional<std::string> open(const tls& settings);
    [[nodiscard]] bool is_open() const { return context_ != nullptr; }
    [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

private:
    openssl_ptr<SSL_CTX, SSL_CTX_free> context_;
};

// What the dialog knows of its TLS.
struct tls_state {
    tls_session seen;
    std::string client_name; // the CN of the client's certificate
    // Channel bindings: RFC 9266, RFC 5929. TLS 1.3 has no tls-unique.
    std::string exporter, server_end_point, unique;
};

class tls_stream : public byte_stream {
public:
    tls_stream(std::unique_ptr<byte_stream> below, const tls_context& context,
               std::optional<std::uint64_t> handshake_octets);

    // Takes what has come. `done`: the handshake is complete. Whatever the outcome, a flight may have to be flushed.
    result handshake();
    [[nodiscard]] bool unsent() const;
    // `done` when nothing is left, `end` when all octets that the script leaves to the handshake are sent.
    result::outcome flush();
    // Whether all that is unsent are tickets, for which no client waits.
    [[nodiscard]] bool only_tickets() const { return complete_ && SSL_version(ssl_.get()) == TLS1_3_VERSION; }

    void renegotiate();                       // asks the client to; over TLS 1.3, to change its keys
    void say_no_goodbye() { silent_ = true; } // no close_notify
    [[nodiscard]] const tls_state& state() const { return state_; }

    result read(std::span<char> into) override;
    result write(std::string_view octets) override;
    void shutdown_write() override;
    void reset() override { below_->reset(); }
    void set_receive_buffer(std::size_t octets) override { below_->set_receive_buffer(octets); }
    [[nodiscard]] bool pending() const override;
    [[nodiscard]] int descriptor() const override { return below_->descriptor(); }

private:
    result::outcome fill();
    result failed();
    result::outcome encrypt(std::string_view octets);
    void note_session();
    void note_certificate();
    void note_bindings();

    std::unique_ptr<byte_stream> below_;
    openssl_ptr<SSL, SSL_free> ssl_;
    BIO* in_ = nullptr;  // ciphertext from the client; ssl_ owns both
    BIO* out_ = nullptr; // and to it
    std::optional<std::uint64_t> handshake_left_;
    bool complete_ = false;
    bool broken_ = false;
    bool silent_ = false;
    std::size_t in_flight_ = 0; // plaintext whose record is not all with the kernel
    std::string deferred_;      // plaintext that came amid a renegotiation
    tls_state state_;
};

} // namespace postrider::sink

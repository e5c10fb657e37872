// A client of raw octets, and dialogs written as they stand on the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

#include "postrider/sink/sink.hpp"

namespace postrider::sink::test {

using namespace std::chrono_literals;

inline constexpr auto patience = 20s; // for what must happen; a test that needs it has failed

inline std::string certificates(const std::string& name) { return POSTRIDER_CERTIFICATES "/" + name; }

// How a client speaks TLS. It trusts the test CA, and lets names be checked where a server's name is set.
struct client_tls {
    int version = 0; // 0: any
    std::string server_name{};
    std::string certificate{}; // "client"
    SSL_SESSION* resume = nullptr;
    bool renegotiates = true;
};

// A blocking socket. Everything that waits gives up, with a test failure, after `patience`.
class client {
public:
    explicit client(std::uint16_t port, const char* address = "127.0.0.1");
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    void send(std::string_view octets);                // in one write
    void send_octet_by_octet(std::string_view octets); // each in a segment of its own
    std::string read(std::size_t octets);              // exactly so many, or fewer at the end
    std::string read_line();                           // with its CRLF, or what came before the end
    std::string read_reply();                          // all its lines
    std::string read_some();                           // what one recv gives; empty at the end
    std::string read_to_end();
    [[nodiscard]] bool reset() const { return reset_; } // the end was a reset
    bool start_tls(const client_tls& how = {});         // false: the handshake failed
    [[nodiscard]] SSL* tls() const { return tls_.get(); }
    [[nodiscard]] bool notified() const; // the server said close_notify
    void half_close();
    void close();

private:
    bool fill();
    long receive(char* into, std::size_t size);

    int socket_ = -1;
    std::string waiting_;
    bool reset_ = false;
    struct free_tls {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
        void operator()(SSL* tls) const { SSL_free(tls); }
    };
    std::unique_ptr<SSL_CTX, free_tls> context_;
    std::unique_ptr<SSL, free_tls> tls_;
};

// A server with the greeting read, or not.
struct fixture {
    explicit fixture(config settings = {});
    server sink;
    std::uint16_t port;
};

config keeping();                                        // a config that keeps mails
config secured(const std::string& certificate = "good"); // and speaks TLS

enum class pieces { lines, octets };

// Plays lines of "C: ..." and "S: ...", where "S: 250 2.1.0 ..." compares only what stands before the dots, and
// a "C: ..." is sent with its CRLF.
void play(client& client, std::string_view script, pieces how = pieces::lines);

// One that has said EHLO.
inline constexpr std::string_view hello = "EHLO client.example\r\n";

} // namespace postrider::sink::test

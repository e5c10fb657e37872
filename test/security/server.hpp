// server.hpp - an SMTP server with TLS that does whatever a test wants, and notes every octet that it hears, outside TLS and
// inside. By OpenSSL, and without any code of the client's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace postrider::test {

/// A connection, seen from the server.
struct heard {
    std::string clear;  ///< outside TLS, those of a handshake that was not wanted included
    std::string inside; ///< inside TLS
    bool tls = false;   ///< a handshake was completed
    bool resumed = false;
    std::size_t said = 0; ///< octets that the client's system took
    bool over = false;

    std::string all() const { return clear + inside; }
};

/// Thrown through a play when the connection is over.
struct gone {};

class server;

/// One connection, for the play.
class peer {
public:
    peer(int fd, server& owner, std::size_t number);
    ~peer();
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;

    void say(std::string_view octets);
    std::string line();    ///< the next one, without its CRLF
    std::string content(); ///< up to CRLF . CRLF, and with it
    void octets(std::size_t count);
    bool start_tls(); ///< false: the client did not complete it
    void await_end(); ///< hears what comes, until the client ends the connection
    void close();     ///< says nothing more
    void reset();     ///< at once
    bool tls() const { return ssl_ != nullptr; }

private:
    void hear();

    int fd_;
    server& server_;
    std::size_t number_;
    ssl_st* ssl_ = nullptr;
    std::string buffer_{};
};

/// A server that takes every mail, but where it is told otherwise.
struct ordinary {
    std::string clear{"STARTTLS"}; ///< what EHLO lists outside TLS, "A\nB"
    std::string inside{};          ///< and inside
    bool implicit = false;         ///< TLS from the first octet
    std::map<std::string, std::string>
        says{}; ///< by verb; greeting, "answer" to what follows a 334, "." to the content
    std::map<std::string, std::function<void(peer&)>> does{}; ///< instead of answering

    void operator()(peer& client) const;
};

struct server_options {
    std::string certificate = "good"; ///< of test/support/certificates
    bool newest = true;               ///< TLS 1.3
    std::uint16_t port = 0;
};

class server {
public:
    using play = std::function<void(peer&)>;

    explicit server(play how = ordinary{}, const server_options& options = {});
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    std::uint16_t port() const { return port_; }
    void set(play how); ///< for the connections to come
    /// The last connection, once it is over.
    heard last();
    std::size_t count() const { return accepted_; }

private:
    friend class peer;
    void serve();

    int listener_ = -1;
    int wake_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> tls_;
    std::atomic<std::size_t> accepted_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    play how_;
    std::vector<heard> heard_;
    std::vector<std::thread> players_;
    std::thread thread_;
};

inline std::string certificate_path(std::string_view name) { return POSTRIDER_CERTIFICATES "/" + std::string{name}; }

} // namespace postrider::test

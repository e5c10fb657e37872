// loopback.hpp - the other end of the wire: plain blocking sockets of the test, on the loopback interface
// only.
#pragma once

#include <postrider/io/posix.hpp>

#include "io/posix/address.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <dirent.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace postrider::test {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

inline deadline in(std::chrono::milliseconds time) { return steady_clock::now() + time; }

// For what has to succeed: far more than it takes, so that a slow machine makes no test fail.
inline deadline soon() { return in(30s); }

// How long the time-outs under test are, and how late a busy machine may notice.
inline constexpr auto patience = 200ms;
inline constexpr auto slack = 3s;

// Runs `call`, and expects that it ends when `patience` does.
template <class Call>
void expect_patience(Call call) {
    const auto start = steady_clock::now();
    call(start + patience);
    const auto took = steady_clock::now() - start;
    EXPECT_GE(took, patience);
    EXPECT_LT(took, patience + slack);
}

class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        close();
        number_ = std::exchange(other.number_, -1);
        return *this;
    }
    ~descriptor() { close(); }
    void close() {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }
    int release() { return std::exchange(number_, -1); }
    int number() const { return number_; }

private:
    int number_ = -1;
};

// The peer of a stream. Blocks; whatever hangs is ended by CTest.
class peer {
public:
    peer() = default;
    explicit peer(int number) : socket_(number) {}

    void send(std::string_view text) {
        while (!text.empty()) {
            const auto sent = ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    std::string receive(std::size_t size) {
        std::string text(size, '\0');
        std::size_t have = 0;
        while (have < size) {
            const auto got = ::recv(socket_.number(), text.data() + have, size - have, 0);
            if (got <= 0) break;
            have += static_cast<std::size_t>(got);
        }
        text.resize(have);
        return text;
    }
    std::string receive_all() {
        std::string all;
        for (std::string part; !(part = receive(1 << 16)).empty();) all += part;
        return all;
    }
    void half_close() { ::shutdown(socket_.number(), SHUT_WR); }
    void close() { socket_.close(); }
    void reset() {
        const linger now{1, 0};
        ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }
    int number() const { return socket_.number(); }

private:
    descriptor socket_;
};

inline void shrink_buffers(int number, int size) {
    ::setsockopt(number, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    ::setsockopt(number, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

class listener {
public:
    explicit listener(std::string_view address = "127.0.0.1", std::uint16_t port = 0, int backlog = 16) {
        auto local = *posix_detail::parse_address(address, port);
        socket_ = descriptor(::socket(local.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        ::setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        EXPECT_EQ(::bind(socket_.number(), &local.any, local.size()), 0);
        socklen_t size = sizeof local;
        ::getsockname(socket_.number(), &local.any, &size);
        port_ = ntohs(local.family() == AF_INET ? local.v4.sin_port : local.v6.sin6_port);
        EXPECT_EQ(::listen(socket_.number(), backlog), 0);
    }
    std::uint16_t port() const { return port_; }
    peer accept() { return peer(::accept(socket_.number(), nullptr, nullptr)); }
    int number() const { return socket_.number(); }
    void close() { socket_.close(); }

private:
    descriptor socket_;
    std::uint16_t port_ = 0;
};

// A port that drops every SYN, as a firewall does: its queue of one is full, and nobody accepts.
class black_hole {
public:
    explicit black_hole(std::string_view address = "127.0.0.1", std::uint16_t port = 0) : listener_(address, port, 0) {
        const auto to = *posix_detail::parse_address(address, listener_.port());
        for (auto& filler : fillers_) {
            filler = descriptor(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(filler.number(), &to.any, to.size());
        }
        pollfd full{listener_.number(), POLLIN, 0};
        ::poll(&full, 1, -1);
    }
    std::uint16_t port() const { return listener_.port(); }

private:
    listener listener_;
    std::array<descriptor, 4> fillers_;
};

struct connection {
    posix_stream stream;
    peer other;
};

// `buffers`, if not 0: what both ends have for each direction, so that it takes little to fill them.
inline connection connected(int buffers = 0) {
    connection both;
    listener here;
    if (buffers != 0) shrink_buffers(here.number(), buffers);
    EXPECT_EQ(both.stream.connect({.host = "127.0.0.1", .port = here.port()}, soon()), errc::ok);
    if (buffers != 0) shrink_buffers(both.stream.native_handle(), buffers);
    both.other = here.accept();
    return both;
}

inline connection unix_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    connection both;
    EXPECT_EQ(both.stream.adopt(ends[0]), errc::ok);
    both.other = peer(ends[1]);
    return both;
}

// Until the stream's end of the connection has learned what the peer did.
inline void await(const posix_stream& stream, short events) {
    pollfd self{stream.native_handle(), events, 0};
    ASSERT_EQ(::poll(&self, 1, 30'000), 1);
}

// One write, or as many as it takes.
inline transfer_result write(posix_stream& stream, std::string_view text, deadline until = soon()) {
    const std::string_view out[] = {text};
    return stream.transfer(out, {}, until);
}

struct reading {
    std::string text;
    transfer_result result;
};

inline reading read(posix_stream& stream, deadline until = soon(), std::size_t most = 1000) {
    std::string buffer(most, '\0');
    const auto result = stream.transfer({}, buffer, until);
    buffer.resize(result.read);
    return {buffer, result};
}

inline std::size_t open_descriptors() {
    std::size_t count = 0;
    auto* const folder = ::opendir("/proc/self/fd");
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

// Text in which a lost, doubled or displaced piece is found.
inline std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (auto& octet : text) octet = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return text;
}

} // namespace postrider::test

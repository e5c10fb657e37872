// What the host platform's tests share: ThreadX threads with a body, a pool with memory, and a peer on the
// loopback.
#pragma once

#include "nx_ip.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace host_test {

inline CHAR name[] = "test";
inline constexpr ULONG plenty = 10 * NX_IP_PERIODIC_RATE; // a wait that a test never sees the end of

// A ThreadX thread that runs `body`. join() waits for its end; the destructor terminates it.
class thread {
public:
    explicit thread(std::function<void()> body) : body_(std::move(body)) {
        EXPECT_EQ(tx_thread_create(&block_, name, run, number(), stack_, sizeof stack_, 16, 16, TX_NO_TIME_SLICE,
                                   TX_AUTO_START),
                  UINT{TX_SUCCESS});
    }
    thread(const thread&) = delete;
    thread& operator=(const thread&) = delete;
    ~thread() {
        terminate();
        EXPECT_EQ(tx_thread_delete(&block_), UINT{TX_SUCCESS});
        bodies()[slot_] = nullptr;
    }

    void join() { done_.get_future().wait(); }
    void terminate() { EXPECT_EQ(tx_thread_terminate(&block_), UINT{TX_SUCCESS}); }

private:
    // The entry takes a ULONG, through which no pointer fits: threads are found by number.
    static std::array<thread*, 64>& bodies() {
        static std::array<thread*, 64> all{};
        return all;
    }
    ULONG number() {
        while (bodies()[slot_]) ++slot_;
        bodies()[slot_] = this;
        return static_cast<ULONG>(slot_);
    }
    static void run(ULONG slot) {
        thread& self = *bodies()[slot];
        self.body_();
        self.done_.set_value();
    }

    std::size_t slot_ = 0;
    std::function<void()> body_;
    std::promise<void> done_;
    TX_THREAD block_{};
    UCHAR stack_[2048];
};

// Runs `body` in a ThreadX thread and waits for it.
inline void in_thread(std::function<void()> body) { thread(std::move(body)).join(); }

// ThreadX's ticks do not say when a wait began between two of them: measured in real time.
inline std::chrono::milliseconds time_of(const std::function<void()>& what) {
    using namespace std::chrono;
    const auto start = steady_clock::now();
    what();
    return duration_cast<milliseconds>(steady_clock::now() - start);
}

class pool {
public:
    pool(ULONG payload, ULONG packets) : memory_(packets * (payload + sizeof(NX_PACKET)) / sizeof(ULONG64) + 1) {
        EXPECT_EQ(nx_packet_pool_create(&block, name, payload, memory_.data(),
                                        packets * (payload + static_cast<ULONG>(sizeof(NX_PACKET)))),
                  UINT{NX_SUCCESS});
    }
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;
    ~pool() { nx_packet_pool_delete(&block); }

    ULONG total() { return info(0); }
    ULONG available() { return info(1); }
    ULONG empty_requests() { return info(2); }
    ULONG empty_suspensions() { return info(3); }
    ULONG invalid_releases() { return info(4); }

    NX_PACKET* allocate(ULONG type = NX_RECEIVE_PACKET) {
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(nx_packet_allocate(&block, &packet, type, NX_NO_WAIT), UINT{NX_SUCCESS});
        return packet;
    }
    NX_PACKET* packet_of(std::string_view text, ULONG type = NX_IPv6_TCP_PACKET) {
        NX_PACKET* packet = allocate(type);
        EXPECT_EQ(append(packet, text), UINT{NX_SUCCESS});
        return packet;
    }
    UINT append(NX_PACKET* packet, std::string_view text) {
        std::string copy(text);
        return nx_packet_data_append(packet, copy.data(), static_cast<ULONG>(copy.size()), &block, NX_NO_WAIT);
    }

    NX_PACKET_POOL block{};

private:
    ULONG info(std::size_t which) {
        ULONG value[5];
        EXPECT_EQ(nx_packet_pool_info_get(&block, &value[0], &value[1], &value[2], &value[3], &value[4]),
                  UINT{NX_SUCCESS});
        return value[which];
    }

    std::vector<ULONG64> memory_;
};

// The text of a chain, piece after piece, as a reader of the members finds it.
inline std::string text_of(const NX_PACKET* packet) {
    std::string text;
    const ULONG length = packet->nx_packet_length;
    for (; packet; packet = packet->nx_packet_next)
        text.append(packet->nx_packet_prepend_ptr, packet->nx_packet_append_ptr);
    EXPECT_EQ(text.size(), length);
    return text;
}

inline std::size_t pieces_of(const NX_PACKET* packet) {
    std::size_t count = 0;
    for (; packet; packet = packet->nx_packet_next) ++count;
    return count;
}

// The other end of a connection, as plain as sockets are.
class peer {
public:
    explicit peer(int fd) : fd_(fd) { EXPECT_GE(fd, 0); }
    peer(peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    peer& operator=(peer&&) = delete;
    ~peer() { close(); }

    void write(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            ASSERT_GT(sent, 0);
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    std::string read(std::size_t size) {
        std::string text(size, '\0');
        const ssize_t got = ::recv(fd_, text.data(), size, MSG_WAITALL);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    // 0 at the other end's FIN, its errno otherwise.
    int end() {
        char octet;
        const ssize_t got = ::recv(fd_, &octet, 1, 0);
        EXPECT_LE(got, 0) << "an octet where the end was expected";
        return got == 0 ? 0 : errno;
    }
    in_port_t port() {
        sockaddr_in6 address{};
        socklen_t size = sizeof address;
        ::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin6_port); // where sin_port is, too
    }
    int descriptor() const { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

private:
    int fd_;
};

// A listener on the loopback, on any port.
class server {
public:
    explicit server(ULONG version = NX_IP_VERSION_V4, int backlog = 16, int receive_buffer = 0) {
        std::memset(&address_, 0, sizeof address_); // {} would clear v4 alone
        address_.nxd_ip_version = version;
        if (version == NX_IP_VERSION_V4) address_.nxd_ip_address.v4 = IP_ADDRESS(127, 0, 0, 1);
        else address_.nxd_ip_address.v6[3] = 1;
        sockaddr_in6 local{};
        socklen_t size = version == NX_IP_VERSION_V4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        if (version == NX_IP_VERSION_V4) {
            sockaddr_in v4{};
            v4.sin_family = AF_INET;
            v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            std::memcpy(&local, &v4, sizeof v4);
        } else {
            local.sin6_family = AF_INET6;
            local.sin6_addr = in6addr_loopback;
        }
        fd_ = ::socket(local.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (receive_buffer) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&local), size), 0);
        EXPECT_EQ(::listen(fd_, backlog), 0);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size);
        port_ = ntohs(local.sin6_port);
    }
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server() { close(); }

    NXD_ADDRESS* address() { return &address_; }
    UINT port() const { return port_; }
    peer accept() { return peer(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    NXD_ADDRESS address_;
    int fd_ = -1;
    UINT port_ = 0;
};

// An IP instance with everything enabled, over its own pool.
class stack {
public:
    explicit stack(ULONG payload = 1536, ULONG count = 16) : packets(payload, count) {
        EXPECT_EQ(nx_ip_create(&ip, name, IP_ADDRESS(10, 0, 0, 2), 0xFFFFFF00, &packets.block, _nx_ram_network_driver,
                               memory_, sizeof memory_, 1),
                  UINT{NX_SUCCESS});
        EXPECT_EQ(nx_tcp_enable(&ip), UINT{NX_SUCCESS});
        EXPECT_EQ(nxd_ipv6_enable(&ip), UINT{NX_SUCCESS});
    }
    stack(const stack&) = delete;
    stack& operator=(const stack&) = delete;
    ~stack() { EXPECT_EQ(nx_ip_delete(&ip), UINT{NX_SUCCESS}); }

    pool packets;
    NX_IP ip{};

private:
    UCHAR memory_[2048];
};

// A socket of that instance; to be made and destroyed in a ThreadX thread, or where its connection is over.
class client {
public:
    explicit client(stack& on) {
        EXPECT_EQ(nx_tcp_socket_create(&on.ip, &socket, name, NX_IP_NORMAL, NX_FRAGMENT_OKAY, NX_IP_TIME_TO_LIVE, 1460,
                                       NX_NULL, NX_NULL),
                  UINT{NX_SUCCESS});
    }
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client() {
        const auto put_away = [this] {
            nx_tcp_socket_disconnect(&socket, NX_NO_WAIT);
            nx_tcp_client_socket_unbind(&socket);
            EXPECT_EQ(nx_tcp_socket_delete(&socket), UINT{NX_SUCCESS});
        };
        if (tx_thread_identify()) put_away();
        else in_thread(put_away);
    }

    UINT bind() { return nx_tcp_client_socket_bind(&socket, NX_ANY_PORT, NX_NO_WAIT); }
    UINT connect(server& to, ULONG wait = plenty) {
        return nxd_tcp_client_socket_connect(&socket, to.address(), to.port(), wait);
    }
    UINT send(NX_PACKET* packet, ULONG wait = plenty) { return nx_tcp_socket_send(&socket, packet, wait); }
    UINT receive(NX_PACKET*& packet, ULONG wait = plenty) { return nx_tcp_socket_receive(&socket, &packet, wait); }
    // The next packet's text, "" where none comes.
    std::string text(ULONG wait = plenty) {
        NX_PACKET* packet = nullptr;
        if (receive(packet, wait) != NX_SUCCESS) return "";
        const std::string got = text_of(packet);
        EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
        return got;
    }
    UINT disconnect(ULONG wait) { return nx_tcp_socket_disconnect(&socket, wait); }

    NX_TCP_SOCKET socket{};
};

} // namespace host_test

// relay.hpp - a listener that says a few words to each client, and then hands octets to and fro between it and a sink: a proxy, or
// a local socket in front of what listens on TCP alone.
#ifndef POSTRIDER_TEST_CLIENT_RELAY_HPP
#define POSTRIDER_TEST_CLIENT_RELAY_HPP

#include <arpa/inet.h>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace test {

/// Says `text` to a socket, and hears exactly so many octets from it.
inline std::string exchange(int socket, const std::string& text, std::size_t octets) {
    std::string heard(octets, '\0');
    if (!text.empty() && ::write(socket, text.data(), text.size()) < 0) return {};
    for (std::size_t at = 0; at != octets;) {
        const ssize_t n = ::read(socket, heard.data() + at, octets - at);
        if (n <= 0) return heard.substr(0, at);
        at += static_cast<std::size_t>(n);
    }
    return heard;
}

class relay {
public:
    /// `greet` speaks with the client first; false: it is not connected any further.
    relay(std::uint16_t to, std::function<bool(int client)> greet, std::string path = {})
        : to_(to), greet_(std::move(greet)), path_(std::move(path)) {
        listener_ = ::socket(path_.empty() ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        sockaddr_un local{};
        local.sun_family = AF_UNIX;
        path_.copy(local.sun_path, sizeof local.sun_path - 1);
        ::unlink(path_.c_str());
        const bool bound = path_.empty() ? ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0
                                         : ::bind(listener_, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0;
        if (!bound || ::listen(listener_, 8) != 0) std::abort();
        socklen_t size = sizeof at;
        if (path_.empty()) ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~relay() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    relay(const relay&) = delete;
    relay& operator=(const relay&) = delete;

    std::uint16_t port() const noexcept { return port_; }

private:
    void serve() {
        for (;;) {
            const int near = ::accept(listener_, nullptr, nullptr);
            if (near < 0) return;
            if (greet_(near)) hand_on(near);
            ::close(near);
        }
    }
    void hand_on(int near) const {
        const int far = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(to_);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bool open = ::connect(far, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
        pollfd both[] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
        while (open) {
            ::poll(both, 2, -1);
            for (int i = 0; i != 2; ++i) {
                if (both[i].revents == 0) continue;
                char octets[4096];
                const ssize_t n = ::read(both[i].fd, octets, sizeof octets);
                open = open && n > 0 && ::write(both[1 - i].fd, octets, static_cast<std::size_t>(n)) == n;
            }
        }
        ::close(far);
    }

    std::uint16_t to_;
    std::function<bool(int)> greet_;
    std::string path_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::thread thread_{};
};

} // namespace test

#endif

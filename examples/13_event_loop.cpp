// 13_event_loop.cpp - the engine in an event loop of one's own: many sessions at once on one thread, by poll(2), without a
// library of ours for sockets.
//
//     13_event_loop PORT SESSIONS        sends a mail by each session to 127.0.0.1:PORT

#include "postrider/session.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <list>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

// [loop]
struct talk {
    int fd = -1;
    postrider::session<> session;
    postrider::recipient to[1]{{.forward_path = *postrider::mailbox::parse("bob@b.example")}};
    postrider::mail mail{.reverse_path = *postrider::mailbox::parse("alice@a.example"),
                         .recipients = to,
                         .content = {.text = "Subject: Hello\r\n\r\nFrom an event loop.\r\n"}};
    std::string out;        // what the socket has had no room for
    char in[2048];          // what is received stays here until the session has dealt with it
    short events = POLLOUT; // what is waited for; first that it connects
    std::uint32_t serial = 0;
    clock_type::time_point until{};

    /// Does what can be done now. False: it is over.
    bool step() {
        using kind = postrider::action::kind;
        for (char buffer[512];;) {
            const postrider::action a = session.next(buffer);
            if (a.what == kind::write) {
                out += a.octets;
                continue;
            }
            while (!out.empty()) {
                const ssize_t n = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
                if (n < 0 && errno == EAGAIN) break;
                if (n < 0) return give_up(postrider::errc::connection_reset);
                session.wrote(static_cast<std::size_t>(n));
                out.erase(0, static_cast<std::size_t>(n));
            }
            if (a.what == kind::closed) return false;
            if (a.what == kind::ready && session.quit() == postrider::errc::ok) continue;
            if (a.what != kind::read) continue; // a mail is done, or refused: its recipients know
            const ssize_t n = ::recv(fd, in, sizeof in, 0);
            if (n > 0) session.received({in, static_cast<std::size_t>(n)});
            else if (n == 0) return give_up(postrider::errc::connection_closed);
            else if (errno != EAGAIN) return give_up(postrider::errc::connection_reset);
            else return wait(a);
        }
    }
    bool wait(const postrider::action& a) {
        events = static_cast<short>(POLLIN | (out.empty() ? 0 : POLLOUT));
        if (a.serial != serial || until == clock_type::time_point{})
            until = clock_type::now() + std::chrono::seconds{a.limit()};
        serial = a.serial;
        return true;
    }
    /// Each recipient gets what is known of it: `unknown` where the server may have the mail.
    bool give_up(postrider::errc why) {
        session.failed(why);
        for (char buffer[64]; session.next(buffer).what != postrider::action::kind::closed;) {
        }
        return false;
    }
};
// [loop]

} // namespace

int main(int argc, char** argv) {
    const int port = argc == 3 ? std::atoi(argv[1]) : 0, sessions = argc == 3 ? std::atoi(argv[2]) : 0;
    if (port < 1 || port > 65535 || sessions < 1 || sessions > 500) {
        std::fprintf(stderr, "usage: %s PORT SESSIONS\n", argv[0]);
        return 64;
    }
    std::list<talk> talks;
    for (int i = 0; i != sessions; ++i) {
        talk& t = talks.emplace_back();
        t.fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in server{};
        server.sin_family = AF_INET;
        server.sin_port = htons(static_cast<std::uint16_t>(port));
        server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::fcntl(t.fd, F_SETFL, O_NONBLOCK);
        if (::connect(t.fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0 && errno != EINPROGRESS)
            return std::perror("connect"), 75;
        t.until = clock_type::now() + std::chrono::seconds{30};
        if (t.session.start({.client = *postrider::domain::parse("client.example"),
                             .tls = postrider::tls_policy::none}) != postrider::errc::ok ||
            t.session.send(t.mail) != postrider::errc::ok)
            return 70;
    }
    int accepted = 0;
    while (!talks.empty()) {
        std::vector<pollfd> sockets;
        auto next = clock_type::time_point::max();
        for (const talk& t : talks) {
            sockets.push_back({t.fd, t.events, 0});
            if (t.until < next) next = t.until;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock_type::now()).count();
        ::poll(sockets.data(), static_cast<nfds_t>(sockets.size()), left < 0 ? 0 : static_cast<int>(left));
        std::size_t i = 0;
        for (auto t = talks.begin(); t != talks.end();) {
            const bool ready = sockets[i++].revents != 0;
            const bool goes_on = ready                           ? t->step()
                                 : clock_type::now() >= t->until ? t->give_up(postrider::errc::timed_out)
                                                                 : true;
            if (goes_on) {
                ++t;
                continue;
            }
            ::close(t->fd);
            const postrider::status& s = t->to[0].result;
            accepted += s.what == postrider::outcome::accepted ? 1 : 0;
            if (s.what != postrider::outcome::accepted) std::printf("%s: %s\n", name(s.what).data(), describe(s.error));
            t = talks.erase(t);
        }
    }
    std::printf("%d of %d accepted\n", accepted, sessions);
    return accepted == sessions ? 0 : 1;
}

// 03_bare_engine.cpp - the engine without any transport of ours: a loop of one's own, here over plain blocking calls.
//
//     03_bare_engine PORT        sends a fixed mail to 127.0.0.1:PORT and prints what became of it

#include "postrider/session.hpp"

#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int fd = -1;
std::string_view received;
postrider::errc why = postrider::errc::ok; // why the last transmit or receive failed

bool connect_to(std::uint16_t port) {
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0;
}

bool wait_for(short events, int seconds) {
    pollfd self{fd, events, 0};
    why = postrider::errc::timed_out;
    return ::poll(&self, 1, seconds * 1000) == 1;
}

/// All or nothing: octets that were not sent are never told of by `wrote`.
bool transmit(std::string_view octets, int seconds) {
    if (!wait_for(POLLOUT, seconds)) return false;
    why = postrider::errc::connection_reset;
    return ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
}

bool receive(int seconds) {
    static char octets[512];
    if (!wait_for(POLLIN, seconds)) return false;
    why = postrider::errc::connection_closed;
    const ssize_t count = ::recv(fd, octets, sizeof octets, 0);
    if (count > 0) received = {octets, static_cast<std::size_t>(count)};
    return count > 0;
}

constexpr std::string_view message = "Subject: Hello\r\n\r\nFrom a loop of my own.\r\n";

// [send]
void run(postrider::session_base& session) {
    using kind = postrider::action::kind;
    for (char buffer[128];;) {
        const postrider::action a = session.next(buffer);
        if (a.what == kind::write && transmit(a.octets, a.limit())) session.wrote(a.octets.size());
        else if (a.what == kind::read && receive(a.limit())) session.received(received);
        else if (a.what == kind::write || a.what == kind::read) session.failed(why);
        else if (a.what == kind::ready) static_cast<void>(session.quit());
        else if (a.what == kind::closed) return;
    }
}
// [send]

} // namespace

int main(int argc, char** argv) {
    const int port = argc == 2 ? std::atoi(argv[1]) : 0;
    if (port < 1 || port > 65535) {
        std::fprintf(stderr, "usage: %s PORT (of an SMTP server on 127.0.0.1)\n", argv[0]);
        return 64;
    }
    if (!connect_to(static_cast<std::uint16_t>(port))) {
        std::fprintf(stderr, "03_bare_engine: no connection to 127.0.0.1 port %d: does a server listen there?\n", port);
        return 1;
    }
    postrider::recipient to[] = {{.forward_path = *postrider::mailbox::parse("bob@b.example")}};
    postrider::mail mail{
        .reverse_path = *postrider::mailbox::parse("alice@a.example"), .recipients = to, .content = {.text = message}};
    postrider::session<256> session;
    if (session.start({.client = *postrider::domain::parse("client.example"), .tls = postrider::tls_policy::none}) !=
            postrider::errc::ok ||
        session.send(mail) != postrider::errc::ok)
        return 70;
    run(session);
    ::close(fd);
    const std::string_view outcome = name(to[0].result.what);
    std::printf("%.*s, code %u, %s\n", static_cast<int>(outcome.size()), outcome.data(), to[0].result.code,
                postrider::describe(session.error()));
    return to[0].result.what == postrider::outcome::accepted ? 0 : 1;
}

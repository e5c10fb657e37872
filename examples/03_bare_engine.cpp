// 03_bare_engine.cpp - the engine without any transport of ours: a loop of one's own, here over plain blocking calls.
//
//     03_bare_engine PORT        sends a fixed mail to 127.0.0.1:PORT and prints what became of it

#include "postrider/session.hpp"

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int fd = -1;

bool connect_to(unsigned port) {
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<std::uint16_t>(port));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0;
}

bool transmit(std::string_view octets) {
    return ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
}

std::string_view receive() {
    static char octets[512];
    const ssize_t count = ::recv(fd, octets, sizeof octets, 0);
    return {octets, count > 0 ? static_cast<std::size_t>(count) : 0};
}

constexpr std::string_view message = "Subject: Hello\r\n\r\nFrom a loop of my own.\r\n";

// [send]
void run(postrider::session_base& session) {
    using kind = postrider::action::kind;
    for (char buffer[128];;) {
        const postrider::action a = session.next(buffer);
        if (a.what == kind::write) {
            if (transmit(a.octets)) session.wrote(a.octets.size());
            else session.failed(postrider::errc::connection_reset);
        } else if (a.what == kind::read) {
            if (const std::string_view octets = receive(); !octets.empty()) session.received(octets);
            else session.failed(postrider::errc::connection_closed);
        } else if (a.what == kind::content) session.content(message), session.end_of_content();
        else if (a.what == kind::ready) static_cast<void>(session.quit());
        else if (a.what == kind::closed) return;
    }
}
// [send]

} // namespace

int main(int argc, char** argv) {
    if (argc != 2 || !connect_to(static_cast<unsigned>(std::atoi(argv[1])))) {
        std::fprintf(stderr, "usage: %s PORT (of an SMTP server on 127.0.0.1)\n", argv[0]);
        return 64;
    }
    postrider::recipient to[] = {{*postrider::mailbox::parse("bob@b.example"), {}}};
    const postrider::envelope envelope{*postrider::mailbox::parse("alice@a.example"), to};
    postrider::session<256> session;
    if (session.start({.client = *postrider::domain::parse("client.example")}) != postrider::errc::ok ||
        session.send(envelope) != postrider::errc::ok)
        return 70;
    run(session);
    ::close(fd);
    const std::string_view outcome = name(to[0].result.what);
    std::printf("%.*s, code %u, %s\n", static_cast<int>(outcome.size()), outcome.data(), to[0].result.code,
                postrider::describe(session.error()));
    return to[0].result.what == postrider::outcome::accepted ? 0 : 1;
}

// The floor: the least that a protocol shape costs. Fixed text and no error handling, so not a client, but what one is
// measured by. MAIL, RCPT and BDAT LAST of up to `--window` mails are in doubt; with a window of 1 that is one write and
// one read a mail, else half a window is written at a time.
#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options.hpp"

namespace {

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, bench::server, &to.sin_addr);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) bench::fail("cannot connect");
    return socket;
}

void send_all(int socket, const char* octets, std::size_t size) {
    while (size != 0) {
        const ssize_t sent = ::send(socket, octets, size, MSG_NOSIGNAL);
        if (sent <= 0) bench::fail("cannot send");
        octets += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

/// The lines that one read brings.
std::size_t lines_read(int socket) {
    static char buffer[16384];
    const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
    if (got <= 0) bench::fail("cannot read");
    std::size_t lines = 0;
    const char* const end = buffer + got;
    for (const char* at = buffer;
         (at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) != nullptr; ++at)
        ++lines;
    return lines;
}

void read_last_line_of_hello(int socket) {
    char buffer[4096];
    std::string said;
    while (said.rfind("\r\n250 ") == std::string::npos || said.back() != '\n') {
        const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
        if (got <= 0) bench::fail("cannot read");
        said.append(buffer, static_cast<std::size_t>(got));
    }
}

} // namespace

int main(int argc, char** argv) {
    const bench::options o = bench::parse(argc, argv);
    const std::string mail = std::string("MAIL FROM:<") + bench::sender + ">\r\nRCPT TO:<" + bench::recipient +
                             ">\r\nBDAT " + std::to_string(o.octets) + " LAST\r\n" + bench::content(o.octets);
    std::string batch;
    for (std::size_t i = 0; i != o.window; ++i) batch += mail;

    const int socket = connect_to(o.port);
    if (lines_read(socket) != 1) bench::fail("no greeting");
    send_all(socket, "EHLO client.example\r\n", 21);
    read_last_line_of_hello(socket);

    const std::size_t due = 3 * o.mails; // replies of one line each
    std::size_t sent = 0;
    for (std::size_t lines = 0; lines != due; lines += lines_read(socket)) {
        const std::size_t in_doubt = sent - lines / 3;
        const std::size_t now = std::min(o.window - in_doubt, o.mails - sent);
        if (now == 0 || (now < (o.window + 1) / 2 && sent + now != o.mails)) continue;
        send_all(socket, batch.data(), now * mail.size());
        sent += now;
    }
    send_all(socket, "QUIT\r\n", 6);
    if (lines_read(socket) != 1) bench::fail("no answer to QUIT");
    ::close(socket);
}

// How many mails a second the sink takes from a client that does nothing but write and read: one connection, 1 KB
// mails by BDAT, up to 32 in doubt. Reported, never a gate. Usage: sink_bench [MAILS] [OCTETS] [IN_DOUBT]
#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "postrider/sink/sink.hpp"

namespace {

using namespace postrider;

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::exit(1);
    return socket;
}

void send_all(int socket, const std::string& octets) {
    for (std::size_t at = 0; at < octets.size();) {
        const ssize_t sent = ::send(socket, octets.data() + at, octets.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) std::exit(1);
        at += static_cast<std::size_t>(sent);
    }
}

// Reads until so many lines more than before have come; what comes beyond them counts for the next call.
void read_lines(int socket, std::size_t lines) {
    static std::vector<char> buffer(64 * 1024);
    static std::size_t come = 0, wanted = 0;
    wanted += lines;
    while (come < wanted) {
        const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (got <= 0) std::exit(1);
        for (ssize_t i = 0; i < got; ++i)
            if (buffer[static_cast<std::size_t>(i)] == '\n') ++come;
    }
}

double seconds_of(clockid_t which) {
    timespec now{};
    ::clock_gettime(which, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t mails = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 500'000;
    const std::size_t octets = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1024;
    const std::size_t in_doubt = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 32;
    sink::server server{sink::config{}};
    const std::uint16_t port = server.start();
    if (port == 0) return 1;
    const int socket = connect_to(port);
    read_lines(socket, 1);
    send_all(socket, "EHLO bench.example\r\n");
    read_lines(socket, 9);

    const std::string one = "MAIL FROM:<sender@example.com>\r\nRCPT TO:<recipient@example.com>\r\nBDAT " +
                            std::to_string(octets) + " LAST\r\n" + std::string(octets, 'x') + "RSET\r\n";
    const std::size_t half = std::max<std::size_t>(in_doubt / 2, 1);
    std::string batch;
    for (std::size_t i = 0; i < half; ++i) batch += one;
    const double wall = seconds_of(CLOCK_MONOTONIC), before = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
                 own = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    send_all(socket, batch); // two halves in flight: one is written while the other is answered
    std::size_t sent = half;
    for (; sent < mails; sent += half) {
        send_all(socket, batch);
        read_lines(socket, 4 * half);
    }
    read_lines(socket, 4 * half);
    const double took = seconds_of(CLOCK_MONOTONIC) - wall;
    const double of_sink =
        (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - before) - (seconds_of(CLOCK_THREAD_CPUTIME_ID) - own);
    ::close(socket);
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::printf("%zu mails of %zu octets, %zu in doubt: %.0f mails/s, %.2f us of the sink's CPU a mail, %ld KB\n", sent,
                octets, in_doubt, static_cast<double>(sent) / took, of_sink * 1e6 / static_cast<double>(sent),
                usage.ru_maxrss);
    return server.report().total.mails == sent ? 0 : 1;
}

// options.hpp - what the clients of the benchmark have in common: their options, the addresses, and the content.
#ifndef POSTRIDER_BENCH_OPTIONS_HPP
#define POSTRIDER_BENCH_OPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace bench {

inline constexpr const char* server = "127.0.0.1";
inline constexpr const char* client_name = "client.example";
inline constexpr const char* sender = "sender@example.com";
inline constexpr const char* recipient = "recipient@example.com";

/// The exit status of a client that cannot do yet, or at all, what the options ask: its row stays empty.
inline constexpr int not_yet = 69;

struct options {
    std::uint16_t port = 0;
    std::size_t mails = 1;
    std::size_t octets = 1024;
    std::size_t window = 1; // mails in doubt at a time
};

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "bench: %s\n", what);
    std::exit(1);
}

inline options parse(int argc, char** argv) {
    options o;
    for (int i = 1; i < argc; i += 2) {
        const std::size_t value = i + 1 < argc ? std::strtoul(argv[i + 1], nullptr, 10) : 0;
        if (value == 0) fail("usage: --port N [--mails N] [--octets N] [--window N]");
        if (std::strcmp(argv[i], "--port") == 0) o.port = static_cast<std::uint16_t>(value);
        else if (std::strcmp(argv[i], "--mails") == 0) o.mails = value;
        else if (std::strcmp(argv[i], "--octets") == 0) o.octets = value;
        else if (std::strcmp(argv[i], "--window") == 0) o.window = value;
        else fail("unknown option");
    }
    if (o.port == 0) fail("--port is missing");
    return o;
}

/// Octets of a mail: a header, then lines of 76, as base64 and most text has them; CRLF at its end.
inline std::string content(std::size_t octets) {
    std::string text = "Subject: bench\r\n\r\n";
    while (text.size() + 78 < octets) text.append(76, 'x').append("\r\n");
    if (text.size() + 2 < octets) text.append(octets - text.size() - 2, 'x').append("\r\n");
    return text;
}

} // namespace bench

#endif

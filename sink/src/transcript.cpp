#include "transcript.hpp"

#include <ostream>

namespace postrider::sink {

namespace {

constexpr std::size_t longest_shown = 1000;

// Octets that a terminal would act upon must not reach it.
void append_visibly(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : text.substr(0, longest_shown)) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= 0x20 && octet < 0x7f) {
            out += c;
        } else {
            out += "\\x";
            out += digits[octet >> 4];
            out += digits[octet & 15];
        }
    }
    if (text.size() > longest_shown) out += "... [" + std::to_string(text.size()) + " octets]";
}

} // namespace

void transcript::line(std::uint64_t connection, std::string_view arrow, std::string_view text) {
    std::string shown{"["};
    shown.append(std::to_string(connection)).append("] ").append(arrow);
    append_visibly(shown, text);
    shown += '\n';
    *out_ << shown << std::flush;
}

void transcript::from_client(std::uint64_t connection, std::string_view text) {
    if (on()) line(connection, "-> ", text);
}

void transcript::from_server(std::uint64_t connection, std::string_view reply) {
    if (!on()) return;
    while (!reply.empty()) {
        const std::size_t end = reply.find("\r\n");
        // A challenge, with what it is answered, is what a password can be looked for in.
        const bool challenge = reply.starts_with("334 ") && end != 4;
        line(connection, "<- ", challenge ? "334 [redacted]" : reply.substr(0, end));
        reply.remove_prefix(end == std::string_view::npos ? reply.size() : end + 2);
    }
}

void transcript::event(std::uint64_t connection, std::string_view what) {
    if (on()) line(connection, "-- ", what);
}

} // namespace postrider::sink

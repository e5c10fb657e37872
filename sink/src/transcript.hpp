// The dialog in lines that a person can read, without secrets and without content.
//
//     [1] -- connected from 127.0.0.1:40812
//     [1] <- 220 sink.example ESMTP
//     [1] -> AUTH PLAIN [redacted]
//     [1] -> [1048576 octets]
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace postrider::sink {

class transcript {
public:
    explicit transcript(std::ostream* out) : out_(out) {}

    [[nodiscard]] bool on() const { return out_ != nullptr; } // ask first: the text costs more than the line

    void from_client(std::uint64_t connection, std::string_view line);
    void from_server(std::uint64_t connection, std::string_view reply); // as many lines as it has
    void event(std::uint64_t connection, std::string_view what);

private:
    void line(std::uint64_t connection, std::string_view arrow, std::string_view text);

    std::ostream* out_;
};

} // namespace postrider::sink

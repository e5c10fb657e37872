// command_writer.hpp - renders a command line, or the rest of one, into a buffer that may be smaller than the line.
#ifndef POSTRIDER_CORE_COMMAND_WRITER_HPP
#define POSTRIDER_CORE_COMMAND_WRITER_HPP

#include "postrider/base64.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// A command is rendered from its beginning each time; what was taken before is skipped, and what finds no room is only
/// counted. So a half-written line needs no memory but the number of octets that are gone already.
class command_writer {
public:
    constexpr command_writer(std::span<char> to, std::size_t skip) noexcept : to_(to), skip_(skip) {}

    void put(std::string_view text) noexcept;
    void put_number(std::uint64_t number) noexcept;
    /// RFC 3461 §4: printable ASCII but "+" and "=" as it is, each other octet as "+" and two hexadecimal digits.
    void put_xtext(std::string_view text) noexcept;

    std::size_t total() const noexcept { return total_; }         ///< octets that were put, all in all
    std::size_t written() const noexcept { return written_; }     ///< octets that lie in the buffer now
    bool whole() const noexcept { return skip_ == 0 && !short_; } ///< the end of what was put lies in the buffer

private:
    std::span<char> to_;
    std::size_t skip_;
    std::size_t total_ = 0;
    std::size_t written_ = 0;
    bool short_ = false;
};

/// Puts the base64 (RFC 4648 §4) of what it is given, however it comes in parts.
class base64_writer {
public:
    explicit constexpr base64_writer(command_writer& to) noexcept : to_(to) {}

    void put(std::string_view octets) noexcept;
    void end() noexcept;

private:
    command_writer& to_;
    base64_encoder encoder_;
};

/// Puts a name into a GS2 header (`saslname`, RFC 5801 §4), which a comma or an equals sign would end. `to` is either writer.
template <class Writer>
void put_name(Writer& to, std::string_view name) noexcept {
    for (const char& c : name) to.put(c == ',' ? "=2C" : c == '=' ? "=3D" : std::string_view{&c, 1});
}

} // namespace postrider

#endif

// base64.hpp - base64 (RFC 4648 §4): encoded a group at a time, for whoever has neither all the octets nor room for all the
// text, and decoded in place.
#ifndef POSTRIDER_BASE64_HPP
#define POSTRIDER_BASE64_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace postrider {

/// Collects octets, and gives the text of each group of three, or of what is left at the end.
class base64_encoder {
public:
    /// Takes an octet. Returns whether a group is full: fetch it by `group` before the next.
    constexpr bool put(char octet) noexcept {
        bits_ |= std::uint32_t{static_cast<unsigned char>(octet)} << (16 - 8 * octets_);
        return ++octets_ == 3;
    }
    /// No octet waits for its group.
    constexpr bool empty() const noexcept { return octets_ == 0; }
    /// Writes the four characters of the group, padded with '=', and begins the next.
    constexpr void group(char* text) noexcept {
        constexpr const char* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (unsigned i = 0; i != 4; ++i) text[i] = i > octets_ ? '=' : alphabet[bits_ >> (18 - 6 * i) & 63];
        bits_ = octets_ = 0;
    }

private:
    std::uint32_t bits_ = 0;
    std::uint32_t octets_ = 0;
};

/// Decodes in place, and returns the octets that now stand in front of `text`; 0 for an empty text. Nothing for what is not
/// base64 to the letter: another character (a space or a line end is one), padding that is missing, too long or not at the
/// end, bits behind the last octet that are not zero (§3.5). Then what stands in `text` is of no use.
std::optional<std::size_t> base64_decode(std::span<char> text) noexcept;

} // namespace postrider

#endif

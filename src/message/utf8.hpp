// utf8.hpp - whether a text is UTF-8 (RFC 3629 §4), part by part, and where it ceases to be.
#ifndef POSTRIDER_MESSAGE_UTF8_HPP
#define POSTRIDER_MESSAGE_UTF8_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider {

class utf8_check {
public:
    /// Takes the next part. False as soon as it cannot be UTF-8.
    constexpr bool look_through(std::string_view part) noexcept {
        for (const char c : part) {
            if (!put(static_cast<unsigned char>(c))) return false;
            ++offset_;
        }
        return true;
    }
    constexpr bool complete() const noexcept { return due_ == 0; }         ///< no character is cut at the end
    constexpr std::uint64_t offset() const noexcept { return character_; } ///< of the character that is wrong

private:
    constexpr bool put(unsigned char c) noexcept {
        if (due_ != 0) {
            if (c < low_ || c > high_) return false;
            low_ = 0x80;
            high_ = 0xBF;
            --due_;
            return true;
        }
        character_ = offset_;
        // The second octet's range keeps out what could be said shorter, surrogates, and what is above U+10FFFF.
        if (c < 0x80) return true;
        if (c < 0xC2 || c > 0xF4) return false;
        due_ = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
        if (c == 0xE0) low_ = 0xA0;
        if (c == 0xED) high_ = 0x9F;
        if (c == 0xF0) low_ = 0x90;
        if (c == 0xF4) high_ = 0x8F;
        return true;
    }

    std::uint64_t offset_ = 0, character_ = 0;
    unsigned due_ = 0;
    unsigned char low_ = 0x80, high_ = 0xBF;
};

/// Octets of the character at the beginning of `text`, which is UTF-8 and not empty.
constexpr std::size_t character_size(std::string_view text) noexcept {
    const auto c = static_cast<unsigned char>(text.front());
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

} // namespace postrider

#endif

// chars.hpp - classes of ASCII characters, without a locale.
#ifndef POSTRIDER_CORE_CHARS_HPP
#define POSTRIDER_CORE_CHARS_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char to_upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr bool is_alpha(char c) noexcept { return to_upper(c) >= 'A' && to_upper(c) <= 'Z'; }
/// C0 or DEL: what can frame, or end, a command line.
constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// The last of the two octets of U+0080 to U+009F in UTF-8: C1, which move a terminal's cursor as C0 does. The engine, which keeps
/// what a server says octet by octet, lets them stand.
constexpr bool ends_c1(char before, char c) noexcept {
    return before == '\xc2' && (static_cast<unsigned char>(c) & 0xe0) == 0x80;
}

/// Whether `text` is `keyword` in any case. `keyword` is given in upper case.
constexpr bool is_keyword(std::string_view text, std::string_view keyword) noexcept {
    if (text.size() != keyword.size()) return false;
    for (std::size_t i = 0; i != text.size(); ++i)
        if (to_upper(text[i]) != keyword[i]) return false;
    return true;
}

/// A hash of a text in any case (FNV-1a).
constexpr std::uint32_t hash_of(std::string_view text) noexcept {
    std::uint32_t hash = 2166136261u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(to_upper(c))) * 16777619u;
    return hash;
}

/// Takes the next word, up to a space or the end, off the front of `text`; spaces before it are dropped.
constexpr std::string_view take_word(std::string_view& text) noexcept {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    std::size_t length = 0;
    while (length != text.size() && text[length] != ' ') ++length;
    const std::string_view word{text.data(), length};
    text.remove_prefix(length);
    return word;
}

} // namespace postrider

#endif

#include "postrider/base64.hpp"

#include "core/chars.hpp"

namespace postrider {

namespace {

constexpr std::uint32_t no_digit = 64;

constexpr std::uint32_t value_of(char c) noexcept {
    if (is_digit(c)) return static_cast<std::uint32_t>(c - '0') + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    if (!is_alpha(c)) return no_digit;
    return c < 'a' ? static_cast<std::uint32_t>(c - 'A') : static_cast<std::uint32_t>(c - 'a') + 26;
}

} // namespace

std::optional<std::size_t> base64_decode(std::span<char> text) noexcept {
    if (text.size() % 4 != 0) return {};
    std::size_t digits = text.size();
    while (digits != 0 && text.size() - digits < 2 && text[digits - 1] == '=') --digits;
    std::size_t written = 0;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i != digits; ++i) {
        const std::uint32_t value = value_of(text[i]);
        if (value == no_digit) return {};
        bits = bits << 6 | value;
        // The second digit of a group completes an octet with 4 bits left over, the third with 2, the fourth with none.
        const auto place = static_cast<unsigned>(i % 4);
        if (place != 0) text[written++] = static_cast<char>(bits >> (6 - 2 * place));
    }
    const std::size_t padding = text.size() - digits;
    if ((bits & ((1u << 2 * padding) - 1)) != 0) return {};
    return written;
}

} // namespace postrider

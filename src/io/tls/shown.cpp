#include "shown.hpp"

#include <cstddef>

namespace postrider::tls_detail {

namespace {

constexpr unsigned at(std::string_view text, std::size_t i) noexcept {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

/// How many octets the character at the front has; 0: it is a control character, or none (RFC 3629 §4).
std::size_t character(std::string_view text) noexcept {
    const unsigned first = at(text, 0), second = at(text, 1);
    if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
    const auto follows = [&](std::size_t i) { return (at(text, i) & 0xC0) == 0x80; };
    if (first >= 0xC2 && first <= 0xDF) return follows(1) && (first != 0xC2 || second >= 0xA0) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool good = (first != 0xE0 || second >= 0xA0) && (first != 0xED || second < 0xA0);
        return good && follows(1) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool good = (first != 0xF0 || second >= 0x90) && (first != 0xF4 || second < 0x90);
        return good && follows(1) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

} // namespace

short_text<128> shown(std::string_view text) noexcept {
    short_text<128> to;
    while (!text.empty()) {
        const std::size_t size = character(text);
        if (to.view().size() + size > to.capacity) break;
        to.append(size == 0 ? std::string_view{"?"} : std::string_view{text.data(), size});
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return to;
}

} // namespace postrider::tls_detail

#include "message/transfer_encoding.hpp"

#include <algorithm>
#include <gmime/gmime-encodings.h>
#include <utility>

namespace postrider {

namespace {

constexpr char hexadecimal[] = "0123456789ABCDEF";

std::size_t break_line(char* to) noexcept {
    to[0] = '\r';
    to[1] = '\n';
    return 2;
}

/// GMime's encoder a line at a time: it ends lines by LF, and where they are known that needs no second copy.
std::size_t base64_lines(std::string_view octets, char* const to) noexcept {
    char* end = to;
    while (!octets.empty()) {
        const std::size_t n = std::min<std::size_t>(octets.size(), 57);
        int state = 0;
        guint32 saved = 0;
        const auto* from = reinterpret_cast<const unsigned char*>(octets.data());
        end += g_mime_encoding_base64_encode_close(from, n, reinterpret_cast<unsigned char*>(end), &state, &saved);
        if (end[-1] == '\n') --end;
        end += break_line(end);
        octets.remove_prefix(n);
    }
    return static_cast<std::size_t>(end - to);
}

} // namespace

std::string_view name(transfer_encoding encoding) noexcept {
    switch (encoding) {
    case transfer_encoding::seven_bit: return "7bit";
    case transfer_encoding::eight_bit: return "8bit";
    case transfer_encoding::quoted_printable: return "quoted-printable";
    case transfer_encoding::base64: return "base64";
    }
    return {};
}

std::size_t transfer_encoder::encode(std::string_view octets, bool last, std::span<char> to) noexcept {
    switch (encoding_) {
    case transfer_encoding::base64: return base64_lines(octets, to.data());
    case transfer_encoding::quoted_printable: return quoted_printable(octets, last, to);
    case transfer_encoding::seven_bit:
    case transfer_encoding::eight_bit: return lines(octets, to);
    }
    return 0;
}

std::size_t transfer_encoder::lines(std::string_view octets, std::span<char> to) noexcept {
    char* end = to.data();
    for (const char c : octets) {
        const bool ends = c == '\r' || (c == '\n' && !after_cr_);
        if (ends) end += break_line(end);
        else if (c != '\n') *end++ = c;
        after_cr_ = c == '\r';
    }
    return static_cast<std::size_t>(end - to.data());
}

/// Of GMime 3.2's encoder lines may have 77 characters, where RFC 2045 §6.7 (5) allows 76.
std::size_t transfer_encoder::quoted_printable(std::string_view octets, bool last, std::span<char> to) noexcept {
    char* end = to.data();
    for (const char c : octets) {
        const bool was_cr = std::exchange(after_cr_, c == '\r');
        if (c == '\n' && was_cr) continue;
        const bool ends = c == '\r' || c == '\n';
        if (space_ != 0) end += quoted(std::exchange(space_, '\0'), !ends, end);
        if (ends) {
            end += break_line(end);
            column_ = 0;
        } else if (c == ' ' || c == '\t') {
            space_ = c;
        } else {
            end += quoted(c, c > ' ' && c < 0x7f && c != '=', end);
        }
    }
    if (last && space_ != 0) end += quoted(std::exchange(space_, '\0'), false, end);
    return static_cast<std::size_t>(end - to.data());
}

std::size_t transfer_encoder::quoted(char c, bool literal, char* const to) noexcept {
    char* end = to;
    const unsigned width = literal ? 1 : 3;
    if (column_ + width > 75) {
        *end++ = '=';
        end += break_line(end);
        column_ = 0;
    }
    column_ += width;
    if (literal) {
        *end++ = c;
    } else {
        const auto octet = static_cast<unsigned char>(c);
        *end++ = '=';
        *end++ = hexadecimal[octet >> 4];
        *end++ = hexadecimal[octet & 15];
    }
    return static_cast<std::size_t>(end - to);
}

} // namespace postrider

#include "core/command_writer.hpp"

#include <cstring>

namespace postrider {

void command_writer::put(std::string_view text) noexcept {
    total_ += text.size();
    if (text.size() <= skip_) {
        skip_ -= text.size();
        return;
    }
    text.remove_prefix(skip_);
    skip_ = 0;
    std::size_t size = text.size();
    if (size > to_.size() - written_) {
        size = to_.size() - written_;
        short_ = true;
    }
    std::memcpy(to_.data() + written_, text.data(), size);
    written_ += size;
}

void base64_writer::put(std::string_view octets) noexcept {
    char text[4];
    for (const char octet : octets) {
        if (!encoder_.put(octet)) continue;
        encoder_.group(text);
        to_.put({text, 4});
    }
}

void base64_writer::end() noexcept {
    if (encoder_.empty()) return;
    char text[4];
    encoder_.group(text);
    to_.put({text, 4});
}

// By ten, sixteen bits at a time: a microcontroller divides 64 bits by 700 octets of library.
void command_writer::put_number(std::uint64_t number) noexcept {
    char digits[20];
    std::size_t at = sizeof digits;
    do {
        std::uint64_t quotient = 0;
        std::uint32_t rest = 0;
        for (unsigned shift = 64; shift != 0;) {
            shift -= 16;
            const std::uint32_t part = rest << 16 | static_cast<std::uint32_t>(number >> shift & 0xFFFF);
            quotient |= static_cast<std::uint64_t>(part / 10) << shift;
            rest = part % 10;
        }
        digits[--at] = static_cast<char>('0' + rest);
        number = quotient;
    } while (number != 0);
    put({digits + at, sizeof digits - at});
}

void command_writer::put_xtext(std::string_view text) noexcept {
    constexpr const char* hexadecimal = "0123456789ABCDEF";
    for (const char& c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet > ' ' && octet < 127 && c != '+' && c != '=') {
            put({&c, 1});
            continue;
        }
        const char escaped[] = {'+', hexadecimal[octet >> 4], hexadecimal[octet & 15]};
        put({escaped, 3});
    }
}

} // namespace postrider

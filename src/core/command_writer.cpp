#include "core/command_writer.hpp"

#include <cstdint>
#include <cstring>

namespace postrider {

void command_writer::put(std::string_view text) noexcept {
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

void command_writer::put_base64(std::span<const std::string_view> parts) noexcept {
    static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::uint32_t group = 0;
    unsigned octets = 0;
    const auto flush = [&]() noexcept {
        char text[4];
        for (unsigned i = 0; i != 4; ++i) text[i] = i > octets ? '=' : alphabet[group >> (18 - 6 * i) & 63];
        put({text, 4});
        group = octets = 0;
    };
    for (const std::string_view part : parts) {
        for (const char c : part) {
            group |= std::uint32_t{static_cast<unsigned char>(c)} << (16 - 8 * octets);
            if (++octets == 3) flush();
        }
    }
    if (octets != 0) flush();
}

} // namespace postrider

#include "core/command_writer.hpp"

#include "postrider/base64.hpp"

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
    base64_encoder encoder;
    char text[4];
    for (const std::string_view part : parts) {
        for (const char octet : part) {
            if (!encoder.put(octet)) continue;
            encoder.group(text);
            put({text, 4});
        }
    }
    if (encoder.empty()) return;
    encoder.group(text);
    put({text, 4});
}

} // namespace postrider

#include "pin.hpp"

#include "postrider/base64.hpp"

#include <cstddef>
#include <cstring>

namespace postrider::tls_detail {

namespace {

constexpr std::string_view prefix = "sha256//";

} // namespace

bool parse(std::string_view text, pin& to) noexcept {
    std::array<char, 44> digits;
    if (text.size() != prefix.size() + digits.size() || !text.starts_with(prefix)) return false;
    std::memcpy(digits.data(), text.data() + prefix.size(), digits.size());
    if (base64_decode(digits) != to.size()) return false;
    std::memcpy(to.data(), digits.data(), to.size());
    return true;
}

short_text<56> text_of(const pin& which) noexcept {
    short_text<56> text{prefix};
    base64_encoder encoder;
    std::array<char, 4> group;
    for (std::size_t i = 0; i != which.size(); ++i)
        if (encoder.put(which[i]) || i + 1 == which.size()) {
            encoder.group(group.data());
            text.append({group.data(), group.size()});
        }
    return text;
}

} // namespace postrider::tls_detail

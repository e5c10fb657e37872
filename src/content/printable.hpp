// printable.hpp - a text from outside, as it may stand in a problem, and in a log.
#ifndef POSTRIDER_SRC_CONTENT_PRINTABLE_HPP
#define POSTRIDER_SRC_CONTENT_PRINTABLE_HPP

#include "core/chars.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace postrider::content_detail {

/// With `?` for each control character of Unicode beyond ASCII: for a reply, in which the engine has replaced those of ASCII.
inline std::string without_c1(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (!out.empty() && ends_c1(out.back(), c)) out.back() = '?';
        else out += c;
    }
    return out;
}

/// With `?` for each control character.
inline std::string printable(std::string text) {
    std::replace_if(text.begin(), text.end(), is_control, '?');
    return without_c1(text);
}

} // namespace postrider::content_detail

#endif

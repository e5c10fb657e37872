// printable.hpp - a text from outside, as it may stand in a problem, and in a log.
#ifndef POSTRIDER_SRC_CONTENT_PRINTABLE_HPP
#define POSTRIDER_SRC_CONTENT_PRINTABLE_HPP

#include "core/chars.hpp"

#include <algorithm>
#include <string>

namespace postrider::content_detail {

/// With `?` for each control character.
inline std::string printable(std::string text) {
    std::replace_if(text.begin(), text.end(), is_control, '?');
    return text;
}

} // namespace postrider::content_detail

#endif

// sasl.hpp - what the mechanisms that take challenges have in common.
#ifndef POSTRIDER_CORE_SASL_HPP
#define POSTRIDER_CORE_SASL_HPP

#include "core/chars.hpp"
#include "postrider/auth.hpp"

#include <string_view>

namespace postrider {

/// Whether a user name or a password can stand in a message as it is: SASLprep (RFC 4013) takes no control characters and
/// leaves other ASCII alone; what it does to the rest it must have done.
inline bool is_fit(std::string_view text, const credentials& with) noexcept {
    for (const char c : text)
        if (is_control(c) || ((static_cast<unsigned char>(c) & 0x80) != 0 && !with.prepared)) return false;
    return true;
}

} // namespace postrider

#endif

// shown.hpp - a text of the peer's certificate as it may be shown: nothing in it moves a terminal's cursor.
#ifndef POSTRIDER_SRC_IO_TLS_SHOWN_HPP
#define POSTRIDER_SRC_IO_TLS_SHOWN_HPP

#include "postrider/short_text.hpp"

#include <string_view>

namespace postrider::tls_detail {

/// Control characters, those of Unicode (U+0080 to U+009F) too, and what is not UTF-8, as '?' each octet; cut where it is too
/// long, not inside a character.
short_text<128> shown(std::string_view text) noexcept;

} // namespace postrider::tls_detail

#endif

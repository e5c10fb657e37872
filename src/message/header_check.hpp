// header_check.hpp - what is wrong with the fields of a message (RFC 5322 §3.6).
#ifndef POSTRIDER_MESSAGE_HEADER_CHECK_HPP
#define POSTRIDER_MESSAGE_HEADER_CHECK_HPP

#include "message/findings.hpp"

#include <cstdint>
#include <string_view>

namespace postrider::message_detail {

/// `block`: its lines with CRLF, without the empty one; each begins a field, or continues one. `first_line` is the number of its
/// first line.
void check_fields(std::string_view block, std::uint64_t first_line, findings& to);

} // namespace postrider::message_detail

#endif

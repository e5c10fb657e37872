// limits.hpp - every bound of the engine, in one place. The last two are set in config.hpp.
//
// The bounds on what a server may send exist so that a hostile server cannot make a client wait, or count, forever.
#ifndef POSTRIDER_LIMITS_HPP
#define POSTRIDER_LIMITS_HPP

#include "postrider/config.hpp"

#include <cstddef>

namespace postrider::limits {

inline constexpr std::size_t domain = 255;      ///< octets, RFC 5321 §4.5.3.1.2
inline constexpr std::size_t mailbox = 254;     ///< octets without the angle brackets, RFC 5321 §4.5.3.1.3
inline constexpr std::size_t framed_path = 498; ///< octets that fit a MAIL of 512 octets, RFC 5321 §4.5.3.1.4
inline constexpr std::size_t sasl_line = 12288; ///< octets of an answer to a challenge, its end included, RFC 4954 §4
inline constexpr std::size_t sasl_name = 255;   ///< octets of a user name for CRAM-MD5 and SCRAM
inline constexpr std::size_t scram_message = 1536;                ///< octets of a message of SCRAM, not encoded
inline constexpr std::size_t reply_line = POSTRIDER_REPLY_LINE;   ///< octets of a reply line, its end included
inline constexpr std::size_t reply_lines = POSTRIDER_REPLY_LINES; ///< lines of a reply

} // namespace postrider::limits

#endif

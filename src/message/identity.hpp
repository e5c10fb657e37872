// identity.hpp - what makes messages different, and mailboxes the same.
#ifndef POSTRIDER_SRC_MESSAGE_IDENTITY_HPP
#define POSTRIDER_SRC_MESSAGE_IDENTITY_HPP

#include <string>

namespace postrider::message_detail {

/// 128 random bits in hexadecimal digits, for message ids, and for boundaries that stand in no part. Empty: the system has none.
std::string random_word();

/// A mailbox, its domain in upper case: domains are the same in any case; of local parts only their own server knows (RFC 5321
/// §2.4).
std::string folded_domain(std::string text);

} // namespace postrider::message_detail

#endif

// addresses.hpp - the mailboxes of a header field, by GMime's parser held to the letter.
#ifndef POSTRIDER_SRC_MESSAGE_ADDRESSES_HPP
#define POSTRIDER_SRC_MESSAGE_ADDRESSES_HPP

#include <string>
#include <string_view>
#include <vector>

namespace postrider::message_detail {

/// What stands in a field with addresses (RFC 5322 §3.4, RFC 6854).
struct addresses {
    std::vector<std::string> mailboxes{}; ///< those of groups among them, in their order; without angle brackets
    std::string problem{}; ///< not empty: the field cannot be read whole, and why; then the mailboxes do not count
};

/// Reads the body of a field, folded or not. An address without a domain gets `local_domain`, or is a problem.
addresses read_addresses(std::string_view body, std::string_view local_domain);

/// Who a message is from.
struct author {
    std::string address{}; ///< empty: nobody
    std::string written{}; ///< the body of a From field, its name encoded (RFC 2047), and folded
    std::string problem{}; ///< not empty: the text is not one mailbox, and why
};
author read_author(std::string_view text, std::string_view local_domain);

} // namespace postrider::message_detail

#endif

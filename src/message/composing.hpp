// composing.hpp - what the steps of composing a message share: why it is refused, and what was made of its addresses.
#ifndef POSTRIDER_MESSAGE_COMPOSING_HPP
#define POSTRIDER_MESSAGE_COMPOSING_HPP

#include "message/composed_content.hpp"
#include "message/header_writer.hpp"
#include "message/written_address.hpp"
#include "postrider/message.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

/// The first thing that is wrong.
struct refusal {
    errc error = errc::ok;
    std::string problem{};
    /// `where` is the member that it was given in. Returns false, for whoever is asked whether all is well.
    bool operator()(errc why, std::string_view where, std::string_view what) {
        error = why;
        problem.assign(where).append(": ").append(content_detail::printable(std::string{what}));
        return false;
    }
};

/// `to[2]`
inline std::string element(std::string_view member, std::size_t index) {
    return std::string{member}.append("[").append(std::to_string(index)).append("]");
}

struct correspondents {
    std::vector<written_address> from{}, sender{}, reply_to{}, to{}, cc{}, bcc{};
    /// The header block names a mailbox that ASCII cannot: it needs SMTPUTF8.
    bool utf8_header() const noexcept;
};

/// What tells a message from all others.
struct identity {
    std::chrono::sys_seconds date{};
    std::string message_id{};
};

/// A body part, or a tree of them.
struct entity {
    std::string header{}; ///< its Content-* fields
    segment content{};
    std::vector<entity> parts{}; ///< not empty: a multipart, and no content
    std::string boundary{};
    bool eight_bit = false; ///< it, or a part of it, is not 7-bit
};

/// All fields but those of the body, which stand in the header of its entity.
bool write_header(const message& from, const correspondents& who, const identity& is, header_writer& to, refusal& no);

/// The texts, with what belongs to them, and the attachments. `unique` is a text that stands in no part of the message.
bool make_body(const message& from, std::string_view unique, entity& to, refusal& no);

/// The segments of a body, appended, in the order of the wire.
void flatten(entity&& from, std::vector<segment>& to);

/// `<local@domain>` of printable ASCII (RFC 5322 §3.6.4), on one line. Empty: it is one.
std::string objection_to_message_id(std::string_view id);

/// What a header block must not be, looked for in the octets that will be written, whoever made them: a line of more than 998
/// octets, a bare CR or LF, a control character, a folded line of spaces alone, an octet above 127 where there is no SMTPUTF8.
/// Empty: none of it.
std::string objection_to_block(std::string_view block, bool utf8);

} // namespace postrider

#endif

// raw_message.hpp - a message that is written already (RFC 5322), and whom it goes to: said, or read from its header block.
//
//     client.send(postrider::raw_message{.content = postrider::file_content("message.eml"), .from_headers = true});
#ifndef POSTRIDER_RAW_MESSAGE_HPP
#define POSTRIDER_RAW_MESSAGE_HPP

#include <postrider/content_source.hpp>
#include <postrider/outgoing.hpp>

#include <memory>
#include <string>

namespace postrider {

/// A message from a text, a file or a stream. Its octets leave as they are, but for what is said here; line ends are the
/// engine's affair. Of the message only the header block is held in memory, and 1 MB of it is the most.
///
/// In front of the header block the line `From ` of an mbox is left out. A NUL in the block, a line of it with more than 998
/// octets (RFC 5322 §2.1.1), and a line of it that is of no field make the mail one that is not sent; the body is not looked
/// at. A message without a body, and without the empty line before it, is one.
struct raw_message {
    std::shared_ptr<content_source> content{}; ///< `text_content`, `file_content`, `stream_content`, or one's own
    postrider::envelope envelope{};

    /// Reads the envelope from the header block, as `sendmail -t` does. Recipients: those of To, Cc and Bcc, each once, behind
    /// those of `envelope.to`. Sender, where `envelope.from` is empty (`<>` there says the null path): the first mailbox of
    /// Sender, or else of From.
    ///
    /// Where the message was resent those fields of the most recent block of Resent- fields count instead, and the message's
    /// own do not (RFC 5322 §3.6.6): the topmost ones, up to the first other field, or to one that the block has already.
    ///
    /// Display names, comments and names of groups are no matter; members of groups are recipients. A field that cannot be
    /// read whole makes the mail one that is not sent, so that nobody is left out in silence.
    bool from_headers = false;

    /// Bcc and Resent-Bcc fields, old ones too, are not sent, wherever the envelope comes from; true: they are.
    bool keep_bcc = false;
    /// The header block also ends before a line that is of no field, as sendmail has it: an empty line is put in. Its lines
    /// may have any length.
    bool lenient = false;
    /// The domain of addresses that have none, `root` in the mail of a cron daemon: in header fields and in `envelope`.
    /// Empty: such an address is an error.
    std::string local_domain{};

    // What the message lacks can be added, at the end of its header block:
    bool add_date = false;       ///< Date: now, in UTC
    bool add_message_id = false; ///< Message-ID, random, with the domain of the sender
    std::string add_from{};      ///< From: `Alice <alice@a.example>`; the sender too, if there is no other
};

/// Reads the header block, and pipes and streams to their end. `outgoing::error`, with `problem`: `no_recipients`;
/// `invalid_message`: the header block is none, or an address in it; `body_failed`: the content cannot be read;
/// `invalid_parameter`: `add_from` or `local_domain`; `system_failure`: no random octets, or the copy of what can be read only once cannot be written
/// (`stream_content`). What becomes of the message between
/// this and the sending: a body that changes is sent as it is then, a header block that changes gives the mail up.
[[nodiscard]] outgoing compose(const raw_message& m);

} // namespace postrider

#endif

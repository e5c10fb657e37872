// message.hpp - a message as people think of it - authors, recipients, texts, attachments - and `compose`, which makes a mail of
// it.
//
//     postrider::message m{
//         .from = {"Alice Ä <alice@a.example>"},
//         .to = {"Bob <bob@b.example>", "carol@c.example"},
//         .subject = "Grüße",
//         .text = "Hello.\n",
//         .attachments = {postrider::attach_file("report.pdf")},
//     };
//     postrider::outgoing mail = compose(m);
//
// All texts are UTF-8. No value that reaches the header block can hold CR, LF, NUL or another control character: such a message
// is refused, never mended. Nothing of this throws; `std::bad_alloc` may pass.
#ifndef POSTRIDER_MESSAGE_HPP
#define POSTRIDER_MESSAGE_HPP

#include <postrider/outgoing.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {

/// A mailbox with the name of whose it is.
struct address {
    std::string name{};    ///< as it is shown; it needs no quoting here
    std::string mailbox{}; ///< `bob@b.example`; the domain may be in U-labels
};

/// An address in a message: in parts, or as people write it - `bob@b.example`, `Bob <bob@b.example>`, `"Bob, Esq." <...>`.
/// One address, and neither a list nor a group. What is written in parentheses belongs to the name.
class any_address {
public:
    any_address(const char* text) : text_(text != nullptr ? text : "") {}
    any_address(std::string text) : text_(std::move(text)) {}
    any_address(std::string_view text) : text_(text) {}
    any_address(address parts) : text_(std::move(parts.mailbox)), name_(std::move(parts.name)) {}

    const std::string& text() const noexcept { return text_; }                ///< with parts: the mailbox alone
    const std::optional<std::string>& name() const noexcept { return name_; } ///< with parts only

private:
    std::string text_;
    std::optional<std::string> name_{};
};

/// The octets of an attachment: in memory, in a file that is read as it is sent, or in a file without a name.
class attachment_content;

/// A file that comes with a message. The functions below make them; name and type may be changed afterwards.
struct attachment {
    std::shared_ptr<const attachment_content> content{}; ///< shared by copies
    std::string name{};                                  ///< the file name that is shown; empty: none is said
    std::string type{};       ///< `application/pdf`, with parameters if need be; empty: guessed by the name's extension
    std::string content_id{}; ///< `logo` for `cid:logo` in the HTML, without angle brackets; empty: none
};

/// A regular file. It is opened when the message is composed, for its size, and read as the mail is sent, in constant memory; a
/// file that changes meanwhile gives the mail up. Where its name makes it a text it is also read when the message is composed,
/// to say whether it is UTF-8. `name` empty: that of the file, without its folders.
attachment attach_file(std::string path, std::string name = {}, std::string type = {});
/// Octets in memory.
attachment attach_octets(std::string name, std::string octets, std::string type = {});
/// A stream, read to its end here, into a file without a name in the folder for temporary files (TMPDIR). Where that fails,
/// `compose` says so. The stream is not needed afterwards; its state is cleared where it would throw.
attachment attach_stream(std::string name, std::istream& from, std::string type = {});

/// The same for what the HTML shows by `cid:CONTENT-ID`.
attachment inline_file(std::string path, std::string content_id, std::string name = {}, std::string type = {});
attachment inline_octets(std::string name, std::string octets, std::string content_id, std::string type = {});

/// An invitation, or an answer to one (iMIP, RFC 6047): another form of the text, which calendars act on.
struct calendar_invitation {
    std::string text{};              ///< the iCalendar object
    std::string method = "REQUEST";  ///< as its METHOD has it
    std::string name = "invite.ics"; ///< of the part; empty: none is said
};

/// A header field that this has no member for. The value is free text; it is encoded where it has to be.
struct header_field {
    std::string name{};
    std::string value{};
};

/// How a reader leaves the list (RFC 2369 §3.2).
struct list_unsubscribe_ways {
    std::vector<std::string> uris{}; ///< `https:` or `mailto:`, the best first, without angle brackets
    bool one_click = false; ///< RFC 8058: a POST to the `https:` one unsubscribes. Such a mail has to be DKIM-signed
};

enum class message_priority : std::uint8_t { normal, low, high };

struct message {
    std::vector<any_address> from{};     ///< one author or more
    std::optional<any_address> sender{}; ///< who sends for them; with more than one author the first, unless said
    std::vector<any_address> reply_to{};
    std::vector<any_address> to{};
    std::vector<any_address> cc{};
    std::vector<any_address> bcc{}; ///< recipients that the message does not name
    std::string subject{};
    std::optional<std::chrono::sys_seconds> date{}; ///< now, unless said; written in the local time zone
    std::string message_id{}; ///< with angle brackets; empty: a random one in the domain of the first author
    std::vector<std::string> in_reply_to{}; ///< message ids with angle brackets
    std::vector<std::string> references{};  ///< oldest first
    /// With HTML it is the alternative for readers without. A line end is LF, CRLF or CR; one is added at the end if missing.
    std::string text{};
    std::string html{};
    std::optional<calendar_invitation> calendar{};
    std::vector<attachment> attachments{};
    std::vector<attachment> inlines{}; ///< what the HTML shows; each has a content id
    std::vector<header_field> headers{};
    list_unsubscribe_ways list_unsubscribe{};
    message_priority priority = message_priority::normal; ///< what readers show. Servers: `delivery::priority`
    /// `TLS-Required: No` (RFC 8689 §3): delivery matters more than TLS, also to a server that asks for it by DANE or MTA-STS.
    bool tls_optional = false;
    std::optional<std::string> envelope_from{}; ///< sender or first author, unless said; `<>`: the null path
    postrider::delivery delivery{};
};

/// Makes a mail of a message: its envelope, with domains in A-labels, and its content, whose files are read as it is sent, in
/// constant memory. It is 7-bit in any case but two: a local part that is not ASCII, which needs SMTPUTF8 (RFC 6531), and an
/// attached message that is 8-bit (RFC 2046 §5.2.1), which needs 8BITMIME.
///
/// `date` and `message_id` are filled in where they are empty, so that a message that is sent again, after `unknown`, is the same
/// one to whoever gets both. `outgoing::error` and `problem` say what is wrong:
///   - `invalid_message`: a value that cannot be written, or something is missing (RFC 5322, RFC 2045);
///   - `invalid_mailbox`: an address that is none, is a group, or more than one;
///   - `no_recipients`: none in to, cc and bcc;
///   - `body_failed`: an attachment that cannot be read;
///   - `system_failure`: the system has no random octets.
outgoing compose(message& from);
/// The same; what is filled in is in the mail alone (`outgoing::message_id`). Composed again, it is another message.
outgoing compose(const message& from);
outgoing compose(message&& from);

} // namespace postrider

#endif

// mail.hpp - a mail: from whom, to whom, what, and what the server is asked to do with it.
#ifndef POSTRIDER_MAIL_HPP
#define POSTRIDER_MAIL_HPP

#include "postrider/capabilities.hpp"
#include "postrider/content.hpp"
#include "postrider/mailbox.hpp"
#include "postrider/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// When the server shall tell the sender what became of a mail for a recipient (RFC 3461 §4.1). A set: `add` them; `nothing`,
/// which says NEVER, stands alone.
enum class notify : std::uint16_t { success = 1 << 0, failure = 1 << 1, delay = 1 << 2, nothing = 1 << 3 };

/// How much of a mail comes back with a notification (RFC 3461 §4.3).
enum class return_content : std::uint8_t { unsaid, full, headers };

/// What becomes of a mail that is not delivered in time (RFC 2852 §3): the sender is told, or gets it back.
enum class by_mode : std::uint8_t { unsaid, notify, return_mail };

/// What a server may be asked for with MAIL. Each is used if its extension is offered, and left out if not, unless the
/// extension stands in `mail::required`. The texts must live until the mail is done.
struct mail_parameters {
    return_content ret = return_content::unsaid; ///< DSN: RET
    std::string_view envelope_id{}; ///< DSN: ENVID, printable ASCII, sent as xtext, of which it may be 100 octets
    /// AUTH (RFC 4954 §5): who submitted the mail; `auth_unknown` says `<>`. Sent as xtext, ASCII only.
    std::string_view auth{};
    bool auth_unknown = false;
    by_mode by = by_mode::unsaid; ///< DELIVERBY. `return_mail` is never left out: without the extension it is not sent
    std::int32_t by_seconds = 0;  ///< from now; with `return_mail` above 0. At most 999,999,999, either sign
    bool by_trace = false;
    bool prioritised = false;       ///< MT-PRIORITY (RFC 6710): `priority` counts
    std::int8_t priority = 0;       ///< -9 to 9
    std::uint32_t hold_seconds = 0; ///< FUTURERELEASE (RFC 4865): HOLDFOR, 1 to 999,999,999; 0: unsaid
    std::string_view hold_until{};  ///< HOLDUNTIL, an RFC 3339 date-time in UTC; not together with `hold_seconds`
    bool require_tls =
        false; ///< REQUIRETLS (RFC 8689): never left out. Without the extension, or without TLS, the mail is
               ///< not sent
};

/// One recipient, and what became of the mail for it. The session writes `result`; it is final once the mail is done.
struct recipient {
    mailbox forward_path;
    status result{};
    flags<postrider::notify> notify{}; ///< DSN: NOTIFY; empty: unsaid, which servers read as FAILURE
    enum class standing : std::uint8_t { waiting, sent, taken, done };
    standing at = standing::waiting;       ///< the session's: where it is in the transaction under way
    std::string_view original_recipient{}; ///< DSN: ORCPT, an ASCII mailbox, sent as `rfc822;` and xtext; empty: unsaid
};

enum class recipient_policy : std::uint8_t {
    best_effort,    ///< those that the server takes get the mail (the default)
    all_or_nothing, ///< one that is refused, and none gets it: the others are `deferred` with `errc::other_refused`
};

/// What the session keeps of a mail between `send` and its end. Not for callers, but for the two questions below.
class mail_progress {
public:
    /// Octets of the content that were given out for sending so far, dots and line ends that were put in included.
    constexpr std::uint64_t content_octets() const noexcept { return given_; }
    /// How many transactions it took so far: more than one where the server takes fewer recipients at a time.
    constexpr std::uint32_t transactions() const noexcept { return transactions_; }

private:
    friend class session_base;
    struct mail* next_ = nullptr;                   ///< the mail behind it in the session's queue
    const class session_base* queued_in_ = nullptr; ///< whose queue that is,
    std::uint32_t epoch_ = 0;                       ///< and of which of its connections
    std::uint64_t given_ = 0;
    std::uint64_t size_ = 0;        ///< octets of its canonical content, if `sized_`
    std::size_t first_ = 0;         ///< of the recipients: those before it are not in this transaction
    std::size_t waiting_ = 0;       ///< recipients that are still to be tried, in this transaction or a further one
    std::size_t sent_ = 0;          ///< recipients whose RCPT was rendered in this transaction
    std::size_t taken_ = 0;         ///< recipients whose RCPT was answered 2yz in this transaction
    std::size_t given_at_ = 0;      ///< where in all octets given out those of its content end
    std::uint32_t outstanding_ = 0; ///< of its commands, rendered and not answered
    std::uint32_t chunks_ = 0;      ///< of these, BDAT commands that are not the last
    std::uint32_t transactions_ = 0;
    bool sized_ = false;
    bool eight_bit_ = false;   ///< the content, memory only, has octets above 127
    bool bare_ = false;        ///< the content, memory only, has line ends that are not CRLF
    bool open_end_ = false;    ///< the content, memory only, does not end with CRLF
    bool utf8_header_ = false; ///< the header block has octets above 127
    bool utf8_ = false;        ///< MAIL says SMTPUTF8
    bool body_ = false;        ///< MAIL says BODY=
    // Of the transaction under way:
    bool chunked_ = false; ///< by BDAT
    bool resets_ = false;  ///< it begins with RSET
    bool reset_done_ = false;
    bool data_sent_ = false;
    bool go_ahead_ = false;    ///< a 354 was read: content is due
    bool discard_ = false;     ///< the content is a lone dot: nobody would get it (RFC 2920 §3.1)
    bool ending_sent_ = false; ///< the octets that end the content were given out
    bool failing_ = false;     ///< refused as a whole: what was sent is answered, and nothing more is sent
    bool written_ = false;     ///< nothing more is to be sent
    bool full_ = false;        ///< the server has shown that it takes no further recipient in this transaction
    bool one_over_ = false;    ///< the recipient before was refused as one too many
    bool refused_some_ = false;
    bool taken_over_ = false; ///< the content was answered by a 2yz
};

/// A mail belongs to the caller, with its recipients and all texts behind them, and must stay where it is until the
/// session says that it is done.
struct mail {
    mailbox reverse_path{};            ///< default: `<>`, as for notifications (RFC 5321 §4.5.5)
    std::span<recipient> recipients{}; ///< at least one, none of them the null path
    mail_content content{};
    const mail_parameters* parameters = nullptr;
    recipient_policy policy = recipient_policy::best_effort;
    /// Extensions without which the mail must not be sent: where the server does not offer one of them, no recipient is
    /// attempted, with `errc::extension_unavailable`. What else the mail needs by itself is in `missing` then too.
    flags<extension> required{};
    flags<extension> missing{}; ///< the session's answer: what the server lacks for this mail
    mail_progress progress{};
};

/// Whether it is sure that no recipient of a mail that is done can have got it: none is `accepted` or `unknown`. Then it may
/// be sent again, over another connection, without a duplicate - say, because the one that lay idle was stale.
constexpr bool nothing_committed(const mail& m) noexcept {
    for (const recipient& r : m.recipients)
        if (r.result.what == outcome::accepted || r.result.what == outcome::unknown) return false;
    return true;
}

} // namespace postrider

#endif

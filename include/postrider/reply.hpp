// reply.hpp - what a server answered, and what that means for a recipient.
#ifndef POSTRIDER_REPLY_HPP
#define POSTRIDER_REPLY_HPP

#include "postrider/errc.hpp"

#include <cstdint>
#include <string_view>

namespace postrider {

/// Where in the session something happened: the command whose reply is meant, in protocol order.
/// EHLO is LHLO over LMTP; `content` is what follows DATA, or BDAT and what follows it. Those behind `quit` are commands
/// that a caller asks for by themselves, and STARTTLS, whose place is behind EHLO.
enum class phase : std::uint8_t {
    connect,
    greeting,
    ehlo,
    helo,
    auth,
    noop,
    rset,
    mail,
    rcpt,
    data,
    content,
    quit,
    vrfy,
    expn,
    help,
    etrn,
    xforward,
    xclient,
    starttls, ///< STARTTLS, and the TLS handshake, also one without that command
};

/// The RFC's word for the phase, e.g. "RCPT"; of static lifetime.
std::string_view name(phase where) noexcept;

/// RFC 5321 §4.5.3.2: how many seconds a client waits in this phase before it may give up.
/// In `content` it is the limit for a block to be taken by the system; the reply to the end of the content has 600 s.
constexpr std::uint16_t time_limit_seconds(phase where) noexcept {
    switch (where) {
    case phase::data: return 120;
    case phase::content: return 180;
    case phase::quit: return 10; // not the RFC's five minutes: nothing depends on the answer any more
    default: return 300;
    }
}
inline constexpr std::uint16_t end_of_content_seconds = 600; ///< RFC 5321 §4.5.3.2.6

/// RFC 3463: class.subject.detail. All zero: the server gave none.
struct enhanced_status {
    std::uint8_t klass = 0;
    std::uint16_t subject = 0;
    std::uint16_t detail = 0;
    constexpr explicit operator bool() const noexcept { return klass != 0; }
    constexpr bool operator==(const enhanced_status&) const noexcept = default;
};

/// A whole reply. `text` is what the server wrote, so it is not to be trusted: it may lie, and it is in any charset.
/// Control characters are replaced by '?', lines are joined by '\n', codes and enhanced status codes are left out.
struct reply {
    std::uint16_t code = 0;   ///< 100 to 599; 0: no reply
    bool cut = false;         ///< the server wrote more than `text` had room for
    enhanced_status enhanced; ///< that of the last line that has one
    std::string_view text;    ///< valid until the session is asked for its next action; may be empty

    constexpr unsigned first_digit() const noexcept {
        return code / 100u;
    } ///< RFC 5321 §4.3.2: decides for unknown codes
};

/// What became of a mail for one recipient. No two of them are ever merged.
enum class outcome : std::uint8_t {
    not_attempted, ///< the session ended before its RCPT was sent; `status::error` says why. A refused greeting, EHLO or HELO
                   ///< is told here, with its code: it is a "no" to the client, not to the mail
    accepted, ///< a 2yz to the end of the content was read: the server is responsible now (RFC 5321 §4.2.5)
    rejected, ///< a 5yz to AUTH, MAIL, its RCPT, DATA or the content: it will not be delivered
    deferred, ///< a 4yz to one of these, or the mail was given up before the message could have been committed
    unknown,  ///< the whole content was handed to the system, and no reply that makes sense came:
              ///< the mail may have been delivered, or not. Sending it again may deliver it twice.
};

std::string_view name(outcome what) noexcept; ///< e.g. "not attempted"; of static lifetime

/// The outcome together with the first refusal in protocol order that applies, or with the final answer.
struct alignas(4) status {
    outcome what = outcome::not_attempted;
    phase where = phase::connect; ///< the phase that decided
    errc error = errc::ok;        ///< why there was no reply that decided; `refused` if a reply did and it was a "no"
    std::uint16_t code = 0;       ///< the reply code that decided; 0: none did
    enhanced_status enhanced{};

    /// Nothing that concerns this recipient has been decided yet.
    constexpr bool open() const noexcept { return what == outcome::not_attempted && error == errc::ok; }

    /// Whether sending it once more makes sense. `risks_duplicate`: only if a second copy does no harm.
    enum class retry : std::uint8_t { no, yes, risks_duplicate };
    retry again() const noexcept;
};

} // namespace postrider

#endif

// action.hpp - what a session asks of whoever drives it: one value, one thing to do.
#ifndef POSTRIDER_ACTION_HPP
#define POSTRIDER_ACTION_HPP

#include "postrider/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider {

/// See `action::kind::refused`.
inline constexpr std::size_t all_recipients = static_cast<std::size_t>(-1);

struct mail;

struct action {
    enum class kind : std::uint8_t {
        /// Nothing to do: the session takes a mail, `noop`, `reset` or `quit`. The server may still speak (421), or close.
        ready,
        /// Send `octets`. They may be gathered with those of the actions that follow, up to the next action that is not
        /// `write`; all of them make one flight and should leave in one system call. Tell the session of every octet that
        /// the system took, by `wrote`, in order. Without octets: first get rid of what was gathered.
        write,
        /// Send what has been gathered, then wait for octets from the server, at most `limit` seconds, and hand them over
        /// by `received`. Nothing may be sent meanwhile: this is a *wait*. The time starts anew only when `serial` is
        /// another than before; octets that do not complete a reply buy the server no time.
        read,
        /// Hand over the next part of the pulled content of `mail`, by `content`, `end_of_content` or `content_failed`. What was
        /// gathered from the part before must have been sent if its memory is used again. `first`: from its beginning, which
        /// comes again for a further transaction of a mail whose content is `repeatable`.
        content,
        /// Begin TLS, as a client, on the connection as it is; the server waits for it. Then say `tls_started`, or `failed`.
        /// Octets that were received and are not part of the handshake must have been handed over before.
        tls,
        /// Say with which credentials to authenticate, by `authenticate`, or `no_credentials`. `again`: the server has answered
        /// 535 to the token, and a fresh one is needed.
        credentials,
        /// The session goes on, and the recipient `recipient_index` of `mail` - or all that had no result yet, if it is
        /// `all_recipients` - was refused for good by the reply in `session_base::last_reply`. Of several such replies the first
        /// decides. A 421 behind which the end of a content has left is told of too: `recipient::result` says in the end whether
        /// the mail was taken all the same. To be passed over by who wants no texts.
        refused,
        /// `mail` is done, and the caller's again: each recipient has its final result. `last_reply` is the reply that ended
        /// it, if one did. Mails are done in the order in which they were handed over, but one that needs a further
        /// transaction lets those that are under way pass.
        mail,
        /// A command that was asked for by itself (NOOP, VRFY, ...) was answered: `last_reply`.
        answered,
        /// The session is over: close the connection. `session_base::error` says why. What was gathered and not sent is a
        /// QUIT if `ends` is set, and is to be sent; else it must be thrown away: it could complete a mail that was given up.
        closed,
    };

    kind what = kind::ready;
    phase where = phase::connect; ///< the command or reply that this belongs to
    bool own = false;         ///< write: `octets` lie in the buffer given to `next` and are gone with its next call;
                              ///< else they are a part of the content, or of static lifetime
    bool first = false;       ///< content: the first part is wanted
    bool completes = false;   ///< write: the content of `mail` ends with these octets: with them the server can take it
    bool must_verify = false; ///< tls: a server that does not prove who it is must not be talked to
    bool again = false;       ///< credentials
    bool ends = false;        ///< write: a command line, or the content, ends with these octets; see also `closed`
    std::uint32_t serial = 0; ///< read: counts the replies awaited
    std::size_t recipient_index = 0;
    postrider::mail* mail = nullptr; ///< content, refused, mail; write: of a mail's command or content; else null
    std::string_view octets;

    /// write: the octets carry credentials; a transcript must not show them.
    constexpr bool secret() const noexcept { return what == kind::write && where == phase::auth; }
    /// write, read, content, tls: seconds that what is asked, or the sending of what was gathered before it, may take
    /// (RFC 5321 §4.5.3.2); 0 for the others.
    constexpr std::uint16_t limit() const noexcept {
        if (what == kind::read && where == phase::content) return end_of_content_seconds;
        return what >= kind::write && what <= kind::tls ? time_limit_seconds(where) : std::uint16_t{0};
    }
};

} // namespace postrider

#endif

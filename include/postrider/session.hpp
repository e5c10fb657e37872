// session.hpp - one SMTP session as a state machine that does no I/O: ask it what it wants, do that, tell it what happened.
//
//     postrider::session<> s;
//     s.start({.client = *postrider::domain::parse("client.example")});       // once a connection stands
//     s.send(envelope);                                                       // or when `next` says `ready`
//     for (;;) {
//         postrider::action a = s.next(buffer);
//         switch (a.what) { ... }                                             // see action.hpp
//     }
//
// It needs no heap, no clock, no exceptions, no callbacks; `io/drive.hpp` is the loop above for blocking streams.
#ifndef POSTRIDER_SESSION_HPP
#define POSTRIDER_SESSION_HPP

#include "postrider/action.hpp"
#include "postrider/auth.hpp"
#include "postrider/capabilities.hpp"
#include "postrider/config.hpp"
#include "postrider/dot_stuffer.hpp"
#include "postrider/envelope.hpp"
#include "postrider/errc.hpp"
#include "postrider/reply_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// The texts behind it must outlive the session.
struct session_options {
    domain client;                            ///< how this client calls itself in EHLO (RFC 5321 §4.1.1.1)
    credentials auth{};                       ///< default: no authentication
    line_ends content = line_ends::normalise; ///< what to do with bare CR and LF in the content
    bool helo = false;                        ///< say HELO and not EHLO: no extension, and so no AUTH, is used
    bool pipelining = true;                   ///< send commands in groups where the server offers that (RFC 2920)
    bool encrypted = false;                   ///< the connection is inside TLS already
};

/// The logic; the memory is the derived `session`'s. Not to be copied or moved: it keeps views into itself.
class session_base {
public:
    session_base(const session_base&) = delete;
    session_base& operator=(const session_base&) = delete;

    /// Begins a session on a connection that has just been made; whatever was before is forgotten.
    /// `invalid_credentials`: a NUL in them. `cleartext_auth`: see `credentials::allow_cleartext_auth`. After an error the
    /// session is closed and nothing will be sent.
    [[nodiscard]] errc start(const session_options& options) noexcept;

    /// What to do next. Everything received so far is dealt with first. `buffer` is where command lines are rendered; any
    /// size serves, and a line that does not fit comes in several actions. With an empty buffer nothing is rendered: if there
    /// is something to write the answer is `write` without octets, for who must first get rid of what was gathered.
    [[nodiscard]] action next(std::span<char> buffer) noexcept;

    // What happened.

    /// The system took the next `octets` of what was asked to be written.
    void wrote(std::size_t octets) noexcept { line_.unsent -= octets; }
    /// Octets from the server, in order. They are read in place: they must stay where they are until `next` has returned
    /// something else than `refused`, `mail` or `answered`. May be told at any time, also while a flight is being sent.
    void received(std::string_view octets) noexcept { line_.input = octets; }
    /// The server closed its side (`connection_closed`), or the connection broke, or a time limit was over. What was
    /// received before must have been dealt with (see `received`). The connection must be closed.
    void failed(errc why) noexcept;

    // What the caller wants. Each returns `wrong_state` where it does not fit.

    /// Hands over a mail: directly after `start`, or when `next` answered `ready`. One at a time.
    /// `no_recipients`, `invalid_mailbox` (a null path among the recipients): nothing was sent, the results are untouched.
    [[nodiscard]] errc send(const envelope& mail) noexcept;
    /// In answer to `action::kind::content`: the next part, which may be empty. It is not copied, and is used up when
    /// `next` asks for more, or for something else.
    void content(std::string_view part) noexcept { mail_.content = part; }
    /// In answer to `action::kind::content`: there is no more.
    void end_of_content() noexcept { mail_.all_given = true; }
    /// In answer to `action::kind::content`: there should be more, but it cannot be had. The mail is abandoned, without
    /// the dot that would commit it, by closing the connection (RFC 5321 §4.1.1.4 knows no other way).
    void content_failed() noexcept {
        if (line_.write.at == phase::content) failed(errc::body_failed);
    }
    /// Sends NOOP; its answer is `action::kind::answered`. When `next` answered `ready`.
    [[nodiscard]] errc noop() noexcept { return ask(phase::noop); }
    /// The same with RSET. Never needed between two mails: the session sends it where it is.
    [[nodiscard]] errc reset() noexcept { return ask(phase::rset); }
    /// Says QUIT and waits a short time for the answer, which changes nothing.
    [[nodiscard]] errc quit() noexcept { return ask(phase::quit); }

    // What is known.

    const capabilities& offered() const noexcept { return line_.offered; } ///< none after HELO
    /// The last reply that was read in full; its text is valid until `next` is called.
    reply last_reply() const noexcept { return reader_.whole(); }
    /// After `closed`: `ok` if the caller's `quit` ended it, else why the session ended.
    errc error() const noexcept { return line_.error; }
    /// After `closed`: the phase in which the session ended. What became of a mail is in its recipients.
    phase where() const noexcept { return line_.ended; }
    bool encrypted() const noexcept { return options_.encrypted; }

protected:
    explicit session_base(std::span<char> reply_text) noexcept : reader_(reply_text) {}
    ~session_base() = default;

private:
    struct cursor {
        phase at = phase::connect; ///< `connect`: nowhere
        std::size_t recipient = 0;
    };

    bool may_write() const noexcept;
    bool turn(action& a, std::span<char> buffer) noexcept;
    // Write side.
    void write_command(action& a, std::span<char> buffer) noexcept;
    bool write_content(action& a) noexcept;
    bool render(class command_writer& to) const noexcept;
    void advance_write() noexcept;
    // Reply side.
    bool read_replies() noexcept;
    void on_reply() noexcept;
    void on_hello(status& s) noexcept;
    void on_auth(const status& s) noexcept;
    void on_recipient(const status& s) noexcept;
    void on_data(const status& s) noexcept;
    void on_content(const status& s) noexcept;
    // Turns of the session.
    errc ask(phase command) noexcept;
    void idle() noexcept;
    void leave(const status& s) noexcept;
    void over(errc why, phase where) noexcept;
    void distrust(errc why) noexcept;
    void decide(const status& s) noexcept;
    void lose(errc why) noexcept;
    mechanism choose_mechanism() const noexcept;
    phase here() const noexcept { return line_.outstanding != 0 ? line_.read.at : line_.write.at; }
    bool refused(const status& s) const noexcept { return s.error != errc::ok; }

    /// All zero when a connection begins. Flags come first: a Cortex-M reaches the front of an object by short
    /// instructions.
    struct line_state {
        bool open = false;                        ///< the session may go on
        bool deaf = false;                        ///< nothing that the server says is believed any more
        bool authenticates = false;               ///< AUTH is wanted
        bool mail_open = false;                   ///< the server holds a reverse-path: RSET before the next MAIL
        action::kind event = action::kind::ready; ///< `ready`: none
        errc error = errc::ok;
        phase ended = phase::connect;
        mechanism chosen = mechanism::none;
        std::uint8_t challenges = 0; ///< 334 replies in this AUTH exchange
        cursor write;                ///< the command to be rendered next
        cursor read;                 ///< the command whose reply is due next, if `outstanding` is not 0
        std::size_t outstanding = 0; ///< commands rendered and not answered; the greeting counts as one
        std::size_t rendered = 0;    ///< octets of the command at `write` that were given out already
        std::size_t unsent = 0;      ///< octets given out by `next` that the system has not taken
        std::size_t event_recipient = 0;
        std::uint32_t serial = 0;
        std::string_view input;
        capabilities offered;
    };
    /// All zero when a mail begins.
    struct mail_state {
        bool go_ahead = false;    ///< a 354 was read: content is due
        bool discard = false;     ///< the content is a lone dot: nobody would get it (RFC 2920 §3.1)
        bool all_given = false;   ///< the caller has given all of the content
        bool ending_sent = false; ///< the octets that end the content were given out
        bool failing = false;     ///< MAIL was refused: what is left of the group is only read
        const envelope* under_way = nullptr;
        std::size_t attempted = 0; ///< recipients whose RCPT was rendered
        std::size_t accepted = 0;  ///< recipients whose RCPT was answered 2yz
        std::string_view content;
    };
    bool content_handed_over() const noexcept { return mail_.ending_sent && line_.unsent == 0; }

    line_state line_;
    mail_state mail_;
    dot_stuffer stuffer_;
    reply_reader reader_;
    session_options options_{domain{}};
};

/// A session with `ReplyText` octets to keep the text of a reply in. What does not fit is cut, and marked as cut; an EHLO
/// line that does not fit may lose capabilities, so 128 is the least and 512 takes any line that RFC 5321 allows.
template <std::size_t ReplyText = 512>
class session : public session_base {
    static_assert(ReplyText >= 128, "an AUTH line of an EHLO reply would not fit");

public:
    session() noexcept : session_base(text_) {}

private:
    std::array<char, ReplyText> text_;
};

} // namespace postrider

#endif

// session.hpp - one SMTP session as a state machine that does no I/O: ask it what it wants, do that, tell it what happened.
//
//     postrider::session<> s;
//     s.start({.client = *postrider::domain::parse("client.example")});       // once a connection stands
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
    void wrote(std::size_t octets) noexcept { unsent_ -= octets; }
    /// Octets from the server, in order. They are read in place: they must stay where they are until `next` has returned
    /// something else than `refused`, `mail` or `answered`. May be told at any time, also while a flight is being sent.
    void received(std::string_view octets) noexcept { input_ = octets; }
    /// The server closed its side (`connection_closed`), or the connection broke, or a time limit was over. What was
    /// received before must have been dealt with (see `received`). The connection must be closed.
    void failed(errc why) noexcept;

    // What the caller wants. Each returns `wrong_state` where it does not fit.

    /// Hands over a mail: directly after `start`, or when `next` answered `ready`. One at a time.
    /// `no_recipients`, `invalid_mailbox` (a null path among the recipients): nothing was sent, the results are untouched.
    [[nodiscard]] errc send(const envelope& mail) noexcept;
    /// In answer to `action::kind::content`: the next part, which may be empty. It is not copied, and is used up when
    /// `next` asks for more, or for something else.
    void content(std::string_view part) noexcept { content_ = part; }
    /// In answer to `action::kind::content`: there is no more.
    void end_of_content() noexcept { content_ended_ = true; }
    /// In answer to `action::kind::content`: there should be more, but it cannot be had. The mail is abandoned, without
    /// the dot that would commit it, by closing the connection (RFC 5321 §4.1.1.4 knows no other way).
    void content_failed() noexcept { abandon_content(errc::body_failed); }
    [[nodiscard]] errc noop() noexcept { return ask(phase::noop); }
    [[nodiscard]] errc reset() noexcept { return ask(phase::rset); }
    /// Says QUIT and waits a short time for the answer, which changes nothing.
    [[nodiscard]] errc quit() noexcept { return ask(phase::quit); }

    // What is known.

    const capabilities& offered() const noexcept { return capabilities_; } ///< none after HELO
    /// The last reply that was read in full; its text is valid until `next` is called.
    reply last_reply() const noexcept { return reader_.whole(); }
    /// After `closed`: `ok` if the caller's `quit` ended it, else why the session ended.
    errc error() const noexcept { return error_; }
    /// The phase in which the session, or its last mail, ended.
    phase where() const noexcept { return ended_; }
    bool encrypted() const noexcept { return options_.encrypted; }

protected:
    explicit session_base(std::span<char> reply_text) noexcept : reader_(reply_text) {}
    ~session_base() = default;

private:
    struct cursor {
        phase at = phase::connect; ///< `connect`: nowhere
        std::size_t recipient = 0;
    };

    // Write side.
    bool may_write() const noexcept;
    action write_command(std::span<char> buffer) noexcept;
    action write_content() noexcept;
    void render(class command_writer& to) const noexcept;
    void advance_write() noexcept;
    // Reply side.
    bool read_replies() noexcept;
    void on_reply() noexcept;
    void on_hello(const reply& r, bool refused) noexcept;
    void on_auth(const reply& r, const status& s) noexcept;
    void on_transaction(const status& s) noexcept;
    void on_content(const status& s) noexcept;
    // Turns of the session.
    errc ask(phase command) noexcept;
    void idle() noexcept;
    void leave(errc why, phase where) noexcept;
    void over(errc why, phase where) noexcept;
    void distrust(errc why) noexcept;
    void abandon_content(errc why) noexcept;
    void decide_all(const status& s) noexcept;
    void lose_all(errc why) noexcept;
    mechanism choose_mechanism() const noexcept;
    phase here() const noexcept { return outstanding_ != 0 ? read_.at : write_.at; }
    bool content_handed_over() const noexcept { return ending_sent_ && unsent_ == 0; }
    action made(action::kind what) const noexcept;

    session_options options_{domain{}};
    reply_reader reader_;
    dot_stuffer stuffer_;
    capabilities capabilities_;
    std::string_view input_;
    std::string_view content_;
    const envelope* mail_ = nullptr;
    cursor write_;                ///< the command to be rendered next
    cursor read_;                 ///< the command whose reply is due next, if `outstanding_` is not 0
    std::size_t outstanding_ = 0; ///< commands rendered and not answered; the greeting counts as one
    std::size_t rendered_ = 0;    ///< octets of the command at `write_` that were given out already
    std::size_t unsent_ = 0;      ///< octets given out by `next` that the system has not taken
    std::size_t attempted_ = 0;   ///< recipients whose RCPT was rendered
    std::size_t accepted_ = 0;    ///< recipients whose RCPT was answered 2yz
    std::size_t event_recipient_ = 0;
    std::uint32_t serial_ = 0;
    action::kind event_ = action::kind::ready; ///< `ready`: none
    errc error_ = errc::ok;
    phase ended_ = phase::connect;
    mechanism mechanism_ = mechanism::none;
    std::uint8_t challenges_ = 0; ///< 334 replies in this AUTH exchange
    bool over_ = true;
    bool go_ahead_ = false;      ///< a 354 was read: content is due
    bool discard_ = false;       ///< the content is a lone dot: nobody would get it (RFC 2920 §3.1)
    bool content_ended_ = false; ///< the caller has given all
    bool ending_sent_ = false;   ///< the octets that end the content were given out
    bool mail_open_ = false;     ///< the server holds a reverse-path: RSET before the next MAIL
    bool failing_ = false;       ///< MAIL was refused: what is left of the group is only read
    bool deaf_ = false;          ///< nothing that the server says is believed any more
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

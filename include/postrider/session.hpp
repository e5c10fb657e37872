// session.hpp - one SMTP or LMTP session as a state machine that does no I/O: ask it what it wants, do that, tell it what
// happened.
//
//     postrider::session<> s;
//     s.start({.client = *postrider::domain::parse("client.example")});       // once a connection stands
//     s.send(mail);                                                           // at any time; as many as you like
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
#include "postrider/errc.hpp"
#include "postrider/mail.hpp"
#include "postrider/reply_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// What may leave together with AUTH, where PIPELINING is offered and AUTH is done in one step (PLAIN with its initial
/// response; RFC 4954 §4).
enum class auth_flight : std::uint8_t {
    alone,         ///< nothing: the answer is awaited first
    with_envelope, ///< MAIL and RCPT (the default). DATA and BDAT wait for the 235
    /// All. Saves a wait, and is for a server that has answered 235 to these credentials before: where AUTH is refused, a
    /// server that relays without it takes the mail unauthenticated, and one that hangs up leaves its fate unknown.
    eager,
};

/// What a session does about TLS.
enum class tls_policy : std::uint8_t {
    /// Nothing but EHLO (or HELO) and STARTTLS leaves before TLS stands and the server has proved who it is; else the session
    /// ends, with QUIT where the connection allows it (the default).
    verified,
    /// TLS where it is offered, by whomever; in clear text where it is not. Protects from who only listens: whoever can change
    /// what is sent takes the offer away. A handshake that failed is not followed by clear text on the same connection.
    opportunistic,
    none,    ///< in clear text
    outside, ///< the connection is protected by other means, in both directions: a tunnel, a local socket
};

/// The texts behind it must outlive the session.
struct session_options {
    domain client;                            ///< how this client calls itself in EHLO (RFC 5321 §4.1.1.1)
    credentials auth{};                       ///< default: no authentication
    line_ends content = line_ends::normalise; ///< what to do with bare CR and LF in the content
    bool helo = false;                        ///< say HELO and not EHLO: no extension, and so no AUTH, is used
    bool lmtp = false; ///< LMTP (RFC 2033): LHLO, and an answer to the content for each recipient
    tls_policy tls = tls_policy::verified;
    bool implicit_tls = false; ///< TLS from the first octet (RFC 8314 §3), and not by STARTTLS
    auth_flight auth_with = auth_flight::with_envelope;
    /// Not to be used although the server offers them, e.g. PIPELINING: one command at a time, one wait each.
    flags<extension> unused{};
    /// How many mails may be *in doubt*: their content is on its way, and no answer to it has come. With more than 1, and
    /// where PIPELINING and CHUNKING are offered, many mails share a flight, and if the connection breaks, all of these are
    /// `unknown`. It begins with four, and opens as mails are taken; refusals close it. By DATA it is one mail at a time in
    /// any case, but the envelope of the next leaves with its content.
    std::uint16_t look_ahead = 1;
    /// BDAT shares a flight with MAIL and RCPT unless the content is larger: then the answers are awaited, so that what
    /// nobody wants is not sent.
    std::uint32_t speculative_octets = 1u << 20;
};

/// The logic; the memory is the derived `session`'s. Not to be copied or moved: it keeps views into itself.
class session_base {
public:
    session_base(const session_base&) = delete;
    session_base& operator=(const session_base&) = delete;

    /// Begins a session on a connection that has just been made; whatever was before is forgotten, mails included: those
    /// that were not told of as done keep the results that they have.
    /// `invalid_credentials`, `credentials_too_long`: see there. `cleartext_auth`: see `credentials::allow_cleartext_auth`.
    /// `invalid_parameter`: `helo` together with `lmtp`, or with a TLS that can only come by STARTTLS; `implicit_tls` with a
    /// policy without TLS, or one with TLS in a build that has none (POSTRIDER_TLS); `look_ahead` 0. An exchange
    /// (`credentials::exchanges`) that the session before was in the middle of is not told. After an error the session is
    /// closed and nothing will be sent.
    [[nodiscard]] errc start(const session_options& options) noexcept;

    /// What to do next. Everything received so far is dealt with first. `buffer` is where command lines are rendered; any
    /// size serves, and a line that does not fit comes in several actions. With an empty buffer nothing is rendered: if there
    /// is something to write the answer is `write` without octets, for who must first get rid of what was gathered.
    [[nodiscard]] action next(std::span<char> buffer) noexcept;

    // What happened.

    /// The system took the next `octets` of what was asked to be written. To be told before what was received after that.
    void wrote(std::size_t octets) noexcept { line_.unsent -= octets; }
    /// Octets from the server, in order. They are read in place: they must stay where they are until `next` has returned
    /// something else than `refused`, `mail` or `answered`. May be told at any time, also while a flight is being sent.
    void received(std::string_view octets) noexcept { line_.input = octets; }
    /// The server closed its side (`connection_closed`), or the connection broke, or a time limit was over. What was
    /// received before must have been dealt with (see `received`). The connection must be closed.
    void failed(errc why) noexcept;

    /// In answer to `action::kind::tls`: TLS stands. The session goes on inside it, and takes what is received from here on
    /// for what the server said there. The views in `channel` must live until the session is over.
    void tls_started(const tls_channel& channel) noexcept;
    /// In answer to `action::kind::credentials`. Begin with a copy of `auth()`, since all of them are taken; but of what was
    /// `allowed` before nothing is added. The texts must live until `next` answers `ready`, `mail` or `closed` (AUTH is done
    /// then). `ok`; else what `start` says of credentials, and the session is over.
    [[nodiscard]] errc authenticate(const credentials& with) noexcept;
    /// In answer to `action::kind::credentials`: there are none. The session ends: `credentials_failed`, or, if the
    /// server has refused a token before, as it was refused.
    void no_credentials() noexcept;

    // What the caller wants.

    /// Hands over a mail: at any time between `start` and the end of the session. It is sent after those before it, and is
    /// the caller's again when `next` says `mail`.
    /// Not taken, and untouched, with: `wrong_state` (the session is over, or leaving; the mail is under way already),
    /// `no_recipients`, `invalid_mailbox` (a null path among the recipients), `invalid_parameter` (`mail::parameters`,
    /// `notify`, `original_recipient` or `content.url` out of range), `bare_line_ending` (content in memory, and the policy is to refuse).
    [[nodiscard]] errc send(mail& m) noexcept;
    /// Whether a further mail could leave with the flight that is being put together: who has one should call `send` now,
    /// before `next`.
    [[nodiscard]] bool wants_mail() const noexcept;
    /// In answer to `action::kind::content`: the next part, which may be empty. It is not copied, and is used up when
    /// `next` asks for more, or for something else.
    void content(std::string_view part) noexcept {
        content_.part = part;
        content_.fresh = content_.begun = true;
    }
    /// In answer to `action::kind::content`: there is no more.
    void end_of_content() noexcept { content_.all_given = content_.begun = true; }
    /// In answer to `action::kind::content`: there should be more, but it cannot be had. The mail is abandoned with
    /// `body_failed`, without what would commit it: between two BDAT commands by RSET, else by closing the connection (RFC
    /// 5321 §4.1.1.4 knows no other way).
    void content_failed() noexcept {
        if (line_.open && line_.write.at == phase::content) give_up(errc::body_failed);
    }
    /// A command by itself, when `next` answered `ready`; its answer is `action::kind::answered`. `command` is one of
    /// - `phase::noop`, `phase::rset` (never needed between two mails: the session sends it where it is);
    /// - `phase::vrfy`, `phase::expn`, `phase::help`, `phase::etrn` (RFC 1985): `argument` stands behind the verb;
    /// - `phase::xforward`, `phase::xclient` (Postfix): `argument` are the attributes, e.g. `ADDR=192.0.2.1`, their values
    ///   in xtext. After XCLIENT the session begins again, with EHLO and AUTH.
    ///
    /// `wrong_state`: not `ready`. `invalid_parameter`: another command, or an argument with control characters, or of more
    /// than `limits::framed_path` octets, or missing where there must be one, or given where there is none. SEND, SOML, SAML and TURN do not exist any more (RFC 5321
    /// appendix F).
    [[nodiscard]] errc ask(phase command, std::string_view argument = {}) noexcept;
    [[nodiscard]] errc noop() noexcept { return ask(phase::noop); }
    [[nodiscard]] errc reset() noexcept { return ask(phase::rset); }
    /// Says QUIT and waits a short time for the answer, which changes nothing. When `next` answered `ready`.
    [[nodiscard]] errc quit() noexcept { return ask(phase::quit); }

    // What is known.

    const credentials& auth() const noexcept { return options_.auth; } ///< as `start` was given them, or `authenticate`
    const capabilities& offered() const noexcept { return line_.offered; } ///< none after HELO
    /// The last reply that was read in full; its text is valid until `next` is called.
    reply last_reply() const noexcept { return reader_.whole(); }
    /// After `closed`: `ok` if the caller's `quit` ended it, else why the session ended.
    errc error() const noexcept { return line_.error; }
    /// After `closed`: the phase in which the session ended. What became of a mail is in its recipients.
    phase where() const noexcept { return line_.ended; }
    bool encrypted() const noexcept { return line_.encrypted; } ///< in TLS, by `tls_started`
    /// TLS is wanted, and does not stand yet: who cannot begin it should not begin at all.
    bool wants_tls() const noexcept {
        return line_.open && !line_.encrypted && options_.tls < tls_policy::none && config::tls;
    }
    /// With which mechanism the session authenticates, or has; `none`: it has not come to that.
    mechanism authenticated_by() const noexcept { return line_.chosen; }
    /// The server has answered 235 in this session: `auth_flight::eager` is safe for the next one with it.
    bool authenticated() const noexcept { return line_.authenticated; }

protected:
    explicit session_base(std::span<char> reply_text) noexcept : reader_(reply_text) {}
    ~session_base() = default;

private:
    /// Mails by BDAT that were refused, after which no more than one is in doubt on this connection.
    static constexpr std::uint16_t most_spoiled = 5;

    struct cursor {
        phase at = phase::connect; ///< `connect`: nowhere
        std::size_t recipient = 0;
    };

    bool turn(action& a, std::span<char> buffer) noexcept;
    // Which mail, and when.
    bool takes_mails() const noexcept;
    mail* unstarted() const noexcept;
    /// What the server offers and the caller lets be used.
    flags<extension> usable() const noexcept { return {line_.offered.extensions.bits & ~options_.unused.bits}; }
    bool usable(extension e) const noexcept { return usable().has(e); }
    bool may_begin() const noexcept;
    bool mail_max_reached() const noexcept;
    bool limits_to_ask(const mail& m) const noexcept;
    bool in_chunks(const mail& m) const noexcept;
    void begin(mail& m) noexcept;
    errc fits(mail& m) const noexcept;
    bool all_fit(const mail& m) const noexcept;
    bool fits_domains(const recipient& r) const noexcept;
    void next_recipient() noexcept;
    void stop_writing() noexcept;
    static bool repeatable(const mail& m) noexcept;
    static bool is_through(const mail& m) noexcept;
    bool let_go(const mail& m) const noexcept;
    void retire(mail& m) noexcept;
    // Write side.
    bool may_write() const noexcept;
    bool may_commit() const noexcept;
    bool failing() const noexcept;
    bool pointless() const noexcept;
    void write_command(action& a, std::span<char> buffer) noexcept;
    bool write_content(action& a) noexcept;
    bool write_chunk(action& a, std::span<char> buffer) noexcept;
    enum class supply : std::uint8_t { ready, asked, abandoned }; ///< octets, or the end; the caller; the mail
    supply fetch(action& a) noexcept;
    bool by_data_exactly() const noexcept;
    bool measure_chunk() noexcept;
    void note_given(const action& a) noexcept;
    void end_content(action& a) noexcept;
    bool render(class command_writer& to) const noexcept;
    void render_auth(class command_writer& to) const noexcept;
    void put_message(class base64_writer& to) const noexcept;
    void advance_write() noexcept;
    void give_up(errc why) noexcept;
    // Reply side.
    bool read_replies() noexcept;
    void on_reply() noexcept;
    void on_reset(status s) noexcept;
    void on_answer(phase command, const status& s) noexcept;
    void on_hello(status& s) noexcept;
    void on_starttls(status s) noexcept;
    void on_auth(const status& s) noexcept;
    void on_challenge() noexcept;
    void refuse_auth(const status& s) noexcept;
    void refuse_flight(const status& s) noexcept;
    void on_mail(const status& s) noexcept;
    void on_recipient(const status& s) noexcept;
    void on_data(const status& s) noexcept;
    void on_content(const status& s) noexcept;
    void on_goodbye(const status& s) noexcept;
    void advance_read() noexcept;
    cursor beginning() const noexcept;
    // Turns of the session.
    void idle() noexcept;
    void leave(const status& s) noexcept;
    void over(errc why, phase where) noexcept;
    void distrust(errc why) noexcept;
    status first_refusal(const mail& m, const status& s) const noexcept;
    void decide(mail& m, status s) noexcept;
    void decide_all(const status& s) noexcept;
    static status no_answer(errc why) noexcept;
    bool of_content(errc why) const noexcept;
    void lose(errc why) noexcept;
    bool handed_over(const mail& m) const noexcept;
    bool secure() const noexcept { return options_.tls == tls_policy::outside || line_.channel.verified; }
    static errc check(const credentials& with) noexcept;
    void begin_auth(const status& s) noexcept;
    bool pick_mechanism() noexcept;
    bool one_step_auth() const noexcept;
    void end_auth() noexcept;
    phase here() const noexcept {
        return line_.tls_due ? phase::starttls : line_.outstanding != 0 ? line_.read.at : line_.write.at;
    }
    static bool refused(const status& s) noexcept { return s.error != errc::ok; }

    /// All zero when a connection begins. Flags come first: a Cortex-M reaches the front of an object by short
    /// instructions.
    struct line_state {
        bool open = false;                        ///< the session may go on
        bool up = false;                          ///< mails may be sent
        bool deaf = false;                        ///< nothing that the server says is believed any more
        bool tls_due = false;                     ///< the server waits for TLS to begin
        bool encrypted = false;                   ///< it has begun
        bool tls_refused = false;                 ///< STARTTLS was, and the policy is to go on without
        bool authenticates = false;               ///< AUTH is wanted
        bool credentials_due = false;             ///< the caller is asked for credentials,
        bool supplied = false;                    ///< and has given some
        bool refreshed = false;                   ///< and was, a second time
        bool initial = false;                     ///< AUTH carries the first message
        bool dummy = false;                       ///< the answer is that to an error of XOAUTH2 or OAUTHBEARER
        bool authenticated = false;               ///< a 235 was read
        bool auth_due = false;                    ///< AUTH left in a flight with what follows it, and is not answered
        bool mail_open = false;                   ///< the server holds a reverse-path: RSET before the next MAIL
        bool written_open = false;                ///< the same, once it has dealt with all that was rendered
        bool closing = false;                     ///< a 421 was read, and there are answers to come
        bool went_on = false;                     ///< a 2yz was read behind it
        bool asked = false;                       ///< a command by itself is under way
        bool limits_stale = false;                ///< LIMITS are those from before AUTH (RFC 9422 §4)
        action::kind event = action::kind::ready; ///< `ready`: none
        errc error = errc::ok;
        errc doomed = errc::ok; ///< the content under way is given up, once the mails before it are answered
        phase ended = phase::connect;
        phase hello = phase::ehlo; ///< what the server has answered last: EHLO or HELO
        mechanism chosen = mechanism::none;
        errc cancelled = errc::ok;         ///< why the AUTH exchange under way is ended by `*`
        std::uint8_t challenges = 0;       ///< 334 replies in this AUTH exchange
        flags<mechanism> taken_back;       ///< listed, and answered 504
        sasl_exchange* exchange = nullptr; ///< that speaks the chosen mechanism; null: the session does
        cursor write;                      ///< the command to be rendered next
        cursor read;                       ///< the command whose reply is due next, if `outstanding` is not 0
        std::size_t outstanding = 0;       ///< commands rendered and not answered; the greeting counts as one
        std::size_t rendered = 0;          ///< octets of the command at `write` that were given out already
        std::size_t given = 0;             ///< octets given out by `next`, all in all (it may wrap)
        std::size_t unsent = 0;            ///< of these, how many the system has not taken
        std::size_t event_recipient = 0;
        std::uint32_t serial = 0;
        std::uint32_t epoch = 0;        ///< how often the session was started
        std::uint16_t window = 1;       ///< mails that may be in doubt now, by BDAT
        std::uint16_t spoiled = 0;      ///< mails by BDAT that were refused
        std::uint32_t in_doubt = 0;     ///< mails whose content was ended and that are still in the queue
        std::uint32_t transactions = 0; ///< begun on this connection
        std::uint32_t rcpt_most = 0;    ///< recipients that the server takes at a time, as it has shown; 0: not known
        std::uint32_t domains = 0;      ///< of recipients in this session, at most; counted where there is a limit
        std::uint32_t last_domain = 0;  ///< the last of them, as a hash
        mail* event_mail = nullptr;
        mail* first = nullptr;   ///< the oldest mail that is not done: replies are its
        mail* last = nullptr;    ///< the newest
        mail* started = nullptr; ///< the newest whose transaction has begun; null: none that is still in the queue
        std::string_view input;
        std::string_view argument;          ///< of the command that was asked for
        status goodbye;                     ///< a refused AUTH, else a 421: what was sent behind it is still read
        const mail* goodbye_mail = nullptr; ///< the mail whose RSET, MAIL or BDAT was answered so
        status auth_refusal;                ///< of a token, while a fresh one is asked for
        tls_channel channel;
        capabilities offered;
    };
    /// The content that is being written. All zero when a transaction begins.
    struct content_state {
        std::string_view part;     ///< the rest of the part under way
        std::size_t next_part = 0; ///< in memory: of `mail_content::more`
        std::uint64_t chunk_left = 0;
        bool fresh = false;     ///< the part was given just now
        bool begun = false;     ///< something of it was given
        content_facts facts;    ///< pulled: of what was given
        bool all_given = false; ///< there is nothing behind the part
        bool measured = false;  ///< `chunk_left` is that of the BDAT to be rendered
        bool in_chunk = false;
        bool last_chunk = false;
    };

    line_state line_;
    content_state content_;
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

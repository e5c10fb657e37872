// The state machine. Everything that a session decides is decided in this file.
//
// THEORY OF OPERATION
//
// A session is a sequence of commands in protocol order,
//
//     (greeting) EHLO [HELO] [AUTH, answers...]   then for each mail   [RSET] MAIL RCPT... DATA content   at last   QUIT
//
// and two cursors walk along it. `write_` stands at the command that is to be rendered next, `read_` at the command whose
// reply is due next, and `outstanding_` counts the commands between them. Both advance by the same order and neither looks
// at the other's place, so a reply belongs to a command by its number alone, never by its code or its text (RFC 2920 §3.1).
// A command may be rendered while replies are outstanding only if it and the ones before it are allowed to share a group
// (`may_write`); where the server does not offer PIPELINING that is never so, and the same machine goes one step at a time.
//
// `write_.at == phase::connect` means that nothing is to be written until a reply decides what comes next.
//
// What a mail became is decided at four places only:
//   - `decide_all`: a refusal of AUTH, MAIL, DATA, or the answer to the content, for every recipient without a result;
//   - the RCPT case of `on_transaction`: a refusal of one recipient;
//   - `lose_all`: there will be no answer. `unknown` if the end of the content was handed to the system, else `deferred`,
//     or `not_attempted` for those whose RCPT was never rendered;
//   - `abandon_content`: the caller could not, or must not, go on.
// A result is written once: the first refusal in protocol order wins, and those that follow from it change nothing.
//
// THE ONE DANGER: saying that a mail was not taken when it was, or the other way round. So the end of the content counts
// as sent by what the system took (`wrote`), not by what was rendered; a reply that comes before it can refuse a mail, but
// not accept it; and after anything that is not a reply, nothing that follows is believed (`distrust`).

#include "postrider/session.hpp"

#include "core/command_writer.hpp"

namespace postrider {

// ---------------------------------------------------------------------------------------------------------------------
// The caller's side

errc session_base::start(const session_options& options) noexcept {
    options_ = options;
    reader_.restart();
    capabilities_ = {};
    input_ = {};
    mail_ = nullptr;
    write_ = {};
    read_ = {phase::greeting};
    outstanding_ = 1;
    rendered_ = unsent_ = 0;
    event_ = action::kind::ready;
    error_ = errc::ok;
    ended_ = phase::greeting;
    mail_open_ = deaf_ = false;
    over_ = true;

    const credentials& auth = options.auth;
    for (const std::string_view text : {auth.user, auth.password})
        for (const char c : text)
            if (c == '\0') return error_ = errc::invalid_credentials;
    if (!auth.user.empty() && !options.encrypted && !auth.allow_cleartext_auth) return error_ = errc::cleartext_auth;
    over_ = false;
    return errc::ok;
}

errc session_base::send(const envelope& mail) noexcept {
    if (over_ || mail_ != nullptr || read_.at >= phase::noop || write_.at >= phase::noop) return errc::wrong_state;
    if (mail.recipients.empty()) return errc::no_recipients;
    for (const recipient& r : mail.recipients)
        if (r.forward_path.is_null()) return errc::invalid_mailbox;
    for (recipient& r : mail.recipients) r.result = {};
    mail_ = &mail;
    attempted_ = accepted_ = 0;
    content_ = {};
    content_ended_ = ending_sent_ = go_ahead_ = discard_ = failing_ = false;
    stuffer_ = dot_stuffer{options_.content};
    if (read_.at == phase::connect) idle();
    return errc::ok;
}

errc session_base::ask(phase command) noexcept {
    if (over_ || mail_ != nullptr || read_.at != phase::connect || write_.at != phase::connect)
        return errc::wrong_state;
    write_ = read_ = {command};
    return errc::ok;
}

void session_base::failed(errc why) noexcept {
    if (over_) return;
    // The caller said QUIT, or the session's own end is known already: how the line went dead changes nothing.
    if (read_.at == phase::quit) return over(error_, ended_);
    const phase where = here();
    lose_all(why);
    over(why, where);
}

// ---------------------------------------------------------------------------------------------------------------------
// What to do next

action session_base::made(action::kind what) const noexcept {
    action a;
    a.what = what;
    a.where = here();
    a.serial = serial_;
    return a;
}

action session_base::next(std::span<char> buffer) noexcept {
    for (;;) {
        if (event_ != action::kind::ready) {
            action a = made(event_);
            a.recipient_index = event_recipient_;
            event_ = action::kind::ready;
            return a;
        }
        if (!over_ && !deaf_ && read_replies()) continue;
        if (mail_ != nullptr &&
            (over_ || read_.at == phase::quit || (write_.at == phase::connect && outstanding_ == 0))) {
            mail_ = nullptr;
            event_ = action::kind::mail;
            if (read_.at != phase::quit) idle();
            continue;
        }
        if (deaf_ && write_.at == phase::connect) over(error_, ended_);
        if (over_) return made(action::kind::closed);
        if (write_.at == phase::data && outstanding_ == 0 && accepted_ == 0 && rendered_ == 0) {
            write_ = read_ = {}; // every answer is here and no recipient was taken: DATA is not worth a wait
            continue;
        }
        if (may_write()) {
            if (buffer.empty()) return made(action::kind::write);
            const action a = write_.at == phase::content ? write_content() : write_command(buffer);
            if (!over_) return a;
            continue; // the content was abandoned
        }
        if (outstanding_ == 0) return made(action::kind::ready);
        action a = made(action::kind::read);
        a.limit = read_.at == phase::content ? end_of_content_seconds : time_limit_seconds(read_.at);
        return a;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Write side

// RFC 2920 §3.1: EHLO, AUTH, DATA, NOOP and QUIT end their group, so what follows them waits for `outstanding_` to be 0;
// RSET, MAIL and RCPT may stand anywhere in it.
bool session_base::may_write() const noexcept {
    if (rendered_ != 0) return true; // a line that was begun is finished
    switch (write_.at) {
    case phase::connect: return false;
    case phase::content: return go_ahead_;
    case phase::mail:
    case phase::rcpt:
    case phase::data: return outstanding_ == 0 || (options_.pipelining && capabilities_.has(extension::pipelining));
    default: return outstanding_ == 0;
    }
}

void session_base::render(command_writer& to) const noexcept {
    switch (write_.at) {
    case phase::ehlo:
    case phase::helo:
        to.put(write_.at == phase::ehlo ? "EHLO " : "HELO ");
        to.put(options_.client.text());
        break;
    case phase::auth: {
        const credentials& c = options_.auth;
        const std::string_view nul{"", 1};
        const std::string_view plain[] = {nul, c.user, nul, c.password}; // authzid empty: RFC 4616 §2
        if (mechanism_ == mechanism::login && challenges_ != 0) {
            to.put_base64({challenges_ == 1 ? &plain[1] : &plain[3], 1});
            break;
        }
        if (challenges_ == 0) to.put(mechanism_ == mechanism::login ? "AUTH LOGIN" : "AUTH PLAIN");
        if (mechanism_ == mechanism::login) break;
        if (challenges_ == 0) {
            // RFC 4954 §4: not where the line would be longer than 512 octets.
            if (!c.initial_response || c.user.size() + c.password.size() > 370) break;
            to.put(" ");
        }
        to.put_base64(plain);
        break;
    }
    case phase::rset: to.put("RSET"); break;
    case phase::noop: to.put("NOOP"); break;
    case phase::mail:
        to.put("MAIL FROM:<");
        to.put(mail_->reverse_path.text());
        to.put(">");
        break;
    case phase::rcpt:
        to.put("RCPT TO:<");
        to.put(mail_->recipients[write_.recipient].forward_path.text());
        to.put(">");
        break;
    case phase::data: to.put("DATA"); break;
    default: to.put("QUIT"); break;
    }
    to.put("\r\n");
}

action session_base::write_command(std::span<char> buffer) noexcept {
    command_writer writer{buffer, rendered_};
    render(writer);
    action a = made(action::kind::write);
    a.where = write_.at;
    a.limit = time_limit_seconds(write_.at);
    a.secret = write_.at == phase::auth;
    a.own = true;
    a.ends = writer.whole();
    a.octets = {buffer.data(), writer.written()};
    rendered_ += writer.written();
    unsent_ += writer.written();
    if (a.ends) advance_write();
    return a;
}

void session_base::advance_write() noexcept {
    rendered_ = 0;
    if (outstanding_++ == 0) read_ = write_;
    ++serial_;
    switch (write_.at) {
    case phase::rset: write_ = {mail_ != nullptr ? phase::mail : phase::connect}; break;
    case phase::mail: write_ = {phase::rcpt}; break;
    case phase::rcpt:
        attempted_ = write_.recipient + 1;
        if (failing_) write_ = {};
        else if (attempted_ != mail_->recipients.size()) write_.recipient = attempted_;
        else write_ = {phase::data};
        break;
    case phase::data: write_ = {phase::content}; break;
    default: write_ = {}; break;
    }
}

action session_base::write_content() noexcept {
    action a = made(action::kind::write);
    a.where = phase::content;
    a.limit = time_limit_seconds(phase::content);
    if (!discard_) {
        a.octets = stuffer_.next(content_);
        if (a.octets.empty() && !content_ended_ && !stuffer_.failed()) {
            a.what = action::kind::content;
            return a;
        }
    }
    if (a.octets.empty()) {
        a.octets = discard_ ? ".\r\n" : stuffer_.terminator();
        if (stuffer_.failed()) {
            abandon_content(errc::bare_line_ending);
            return a;
        }
        a.ends = ending_sent_ = true;
        ++serial_;
        write_ = {};
    }
    unsent_ += a.octets.size();
    return a;
}

// ---------------------------------------------------------------------------------------------------------------------
// Reply side

/// Deals with what was received, up to the end of a reply that has consequences. Returns whether there was one.
bool session_base::read_replies() noexcept {
    for (;;) {
        if (input_.empty()) return false;
        const reply_reader::event event = reader_.next(input_);
        if (event == reply_reader::event::more) return false;
        if (event == reply_reader::event::failed) {
            distrust(reader_.error());
            return true;
        }
        if (outstanding_ != 0 && read_.at == phase::ehlo) {
            // Line 1 is the server's name and greeting (RFC 5321 §4.1.1.1).
            if (reader_.line_number() > 1) capabilities_.add_line(reader_.line());
            if (event == reply_reader::event::line) reader_.drop_text();
        }
        if (event == reply_reader::event::line) continue;
        on_reply();
        return true;
    }
}

void session_base::on_reply() noexcept {
    const reply r = reader_.whole();
    const unsigned digit = r.first_digit();
    const bool refused = digit == 4 || digit == 5;
    ++serial_;
    if (outstanding_ == 0) {
        // Nobody asked. A server may say 421 at any moment (RFC 5321 §3.8); everything else is out of step.
        if (r.code != 421) return distrust(errc::unexpected_reply);
        return over(errc::refused, phase::connect);
    }
    const phase at = read_.at;
    status s;
    s.what = digit == 4 ? outcome::deferred : refused ? outcome::rejected : outcome::accepted;
    s.where = at;
    s.error = refused ? errc::refused : errc::ok;
    s.code = r.code;
    s.enhanced = r.enhanced;

    if (at == phase::quit) return over(error_, ended_);
    // A code of a digit that makes no sense for this command is no answer to it (RFC 5321 §4.3.2). 235 alone says that the
    // server knows who we are (RFC 4954 §6).
    const bool positive = at == phase::data   ? digit == 3
                          : at == phase::auth ? r.code == 235 || r.code == 334
                                              : digit == 2;
    if (!refused && !positive) return distrust(errc::unexpected_reply);
    --outstanding_;

    switch (at) {
    case phase::greeting:
        if (refused) leave(errc::refused, at);
        else write_ = {options_.helo ? phase::helo : phase::ehlo};
        break;
    case phase::ehlo:
    case phase::helo: on_hello(r, refused); break;
    case phase::auth: on_auth(r, s); break;
    case phase::noop:
        event_ = action::kind::answered;
        read_ = {};
        break;
    default: on_transaction(s); break;
    }
    if (r.code == 421 && !over_ && write_.at != phase::quit) {
        // The server is closing (RFC 5321 §3.8). Nothing that was sent behind this command will be answered.
        decide_all(s);
        if (outstanding_ != 0) over(errc::refused, at);
        else leave(errc::refused, at);
    }
}

void session_base::on_hello(const reply& r, bool refused) noexcept {
    if (refused) {
        capabilities_ = {};
        // RFC 5321 §4.1.4, §4.2.4: these say that EHLO is not known; any other refusal is meant for us.
        const bool old = r.code == 500 || r.code == 501 || r.code == 502 || r.code == 504;
        if (read_.at == phase::ehlo && old) write_ = {phase::helo};
        else leave(errc::refused, read_.at);
        return;
    }
    if (options_.auth.user.empty()) return idle();
    mechanism_ = choose_mechanism();
    challenges_ = 0;
    if (mechanism_ != mechanism::none) write_ = {phase::auth};
    else if (options_.auth.when == auth_when::required) leave(errc::auth_unavailable, read_.at);
    else idle();
}

mechanism session_base::choose_mechanism() const noexcept {
    const credentials& c = options_.auth;
    const bool extended = read_.at == phase::ehlo; // AUTH is an extension: none after HELO (RFC 4954 §3)
    if (capabilities_.mechanisms.has(c.preferred)) return c.preferred;
    if (capabilities_.mechanisms.has(mechanism::plain)) return mechanism::plain;
    if (capabilities_.mechanisms.has(mechanism::login)) return mechanism::login;
    const bool blind =
        c.when == auth_when::attempt || (c.when == auth_when::if_offered && capabilities_.has(extension::auth));
    return extended && blind ? mechanism::plain : mechanism::none;
}

void session_base::on_auth(const reply& r, const status& s) noexcept {
    if (r.code == 235) return idle();
    if (s.error != errc::ok) {
        // A refusal is final: the same secret is not shown again by a weaker mechanism.
        decide_all(s);
        return leave(errc::refused, phase::auth);
    }
    // 334. PLAIN has one message, LOGIN has two; a server that asks for more gets nothing more.
    const unsigned most = mechanism_ == mechanism::login ? 2 : 1;
    if (challenges_ == most) return distrust(errc::unexpected_reply);
    ++challenges_;
    write_ = {phase::auth};
}

void session_base::on_transaction(const status& s) noexcept {
    const bool refused = s.error != errc::ok;
    switch (read_.at) {
    case phase::rset:
        mail_open_ = false;
        if (mail_ == nullptr) {
            event_ = action::kind::answered;
            read_ = {};
        } else {
            read_ = {phase::mail};
        }
        break;
    case phase::mail:
        read_ = {phase::rcpt};
        mail_open_ = !refused;
        if (!refused) break;
        failing_ = true;
        decide_all(s);
        if (write_.at != phase::content && rendered_ == 0) write_ = {}; // what is left of the group is not sent
        break;
    case phase::rcpt: {
        recipient& r = mail_->recipients[read_.recipient];
        if (!refused) {
            ++accepted_;
        } else if (!failing_) {
            r.result = s;
            event_ = action::kind::refused;
            event_recipient_ = read_.recipient;
        }
        if (++read_.recipient == mail_->recipients.size()) read_ = {phase::data};
        break;
    }
    case phase::data:
        read_ = {};
        if (refused) {
            decide_all(s);
            write_ = {};
            break;
        }
        // RFC 2920 §3.1: nobody is left to get the mail, so a lone dot and not the mail. But where the server took a
        // recipient although it refused MAIL, the dot would deliver an empty mail under some other sender.
        discard_ = accepted_ == 0;
        if (failing_ && !discard_) return over(errc::unexpected_reply, phase::data);
        go_ahead_ = true;
        outstanding_ = 1;
        read_ = {phase::content};
        break;
    default: on_content(s); break;
    }
}

void session_base::on_content(const status& s) noexcept {
    if (!content_handed_over()) {
        if (s.error == errc::ok) return distrust(errc::unexpected_reply); // it accepts what it cannot have
        decide_all(s);
        return over(errc::refused, phase::content); // refused in the middle: to stop now is to close
    }
    decide_all(s);
    mail_open_ = false;
    read_ = write_ = {};
}

// ---------------------------------------------------------------------------------------------------------------------
// Turns of the session

/// The session is free for the next thing: a mail that waits, or whatever the caller asks for.
void session_base::idle() noexcept {
    read_ = write_ = {};
    if (mail_ != nullptr) write_ = {mail_open_ ? phase::rset : phase::mail};
}

/// Ends the session with a QUIT; nothing is outstanding.
void session_base::leave(errc why, phase where) noexcept {
    error_ = why;
    ended_ = where;
    status s;
    s.where = where;
    s.error = why;
    if (why == errc::refused) {
        s.code = reader_.whole().code;
        s.enhanced = reader_.whole().enhanced;
    }
    decide_all(s);
    read_ = write_ = {phase::quit};
}

/// Ends the session at once.
void session_base::over(errc why, phase where) noexcept {
    error_ = why;
    ended_ = where;
    over_ = true;
}

/// What the server says can no longer be matched to what was asked. Outside the content a QUIT is sent for a clean end, its
/// answer is not waited for, and whatever else the server says is not read.
void session_base::distrust(errc why) noexcept {
    const phase where = here();
    lose_all(why);
    if ((go_ahead_ && mail_ != nullptr && !ending_sent_) || rendered_ != 0) return over(why, where);
    error_ = why;
    ended_ = where;
    outstanding_ = 0;
    deaf_ = true;
    read_ = write_ = {phase::quit};
}

void session_base::abandon_content(errc why) noexcept {
    if (over_ || mail_ == nullptr) return;
    status s;
    s.what = outcome::deferred;
    s.where = phase::content;
    s.error = why;
    decide_all(s);
    over(why, phase::content);
}

void session_base::decide_all(const status& s) noexcept {
    if (mail_ == nullptr) return;
    for (recipient& r : mail_->recipients) {
        if (!r.result.open()) continue;
        r.result = s;
        if (s.error != errc::refused) continue;
        event_ = action::kind::refused;
        event_recipient_ = all_recipients;
    }
}

void session_base::lose_all(errc why) noexcept {
    if (mail_ == nullptr) return;
    status s;
    s.where = here();
    s.error = why;
    for (std::size_t i = 0; i != mail_->recipients.size(); ++i) {
        s.what = content_handed_over() ? outcome::unknown : i < attempted_ ? outcome::deferred : outcome::not_attempted;
        status& result = mail_->recipients[i].result;
        if (result.open()) result = s;
    }
}

} // namespace postrider

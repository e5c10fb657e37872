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
// What a mail became is written at two places only: `on_recipient`, a refusal of one recipient, and `decide`, for every
// recipient that has no result yet: a refusal of AUTH, MAIL or DATA, the answer to the content, or `lose`, when there will
// be no answer: `unknown` if the end of the content was handed to the system, else `deferred`, or `not_attempted` for those
// whose RCPT was never rendered. A result is written once, so the first refusal in protocol order wins, and those that
// follow from it change nothing.
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
    const std::uint32_t serial = line_.serial;
    reader_.restart();
    line_ = {};
    line_.serial = serial + 1;
    mail_ = {};
    const credentials& auth = options.auth;
    if (auth.user.find('\0') != auth.user.npos || auth.password.find('\0') != auth.password.npos)
        return line_.error = errc::invalid_credentials;
    line_.authenticates = !auth.user.empty() || auth.when == auth_when::attempt;
    if (line_.authenticates && !options.encrypted && !auth.allow_cleartext_auth)
        return line_.error = errc::cleartext_auth;
    line_.open = true;
    line_.read.at = phase::greeting;
    line_.outstanding = 1;
    return errc::ok;
}

errc session_base::send(const envelope& mail) noexcept {
    // Before the session is free (NOOP and all that comes behind it in `phase`) a mail may be handed over and waits.
    if (!line_.open || mail_.under_way != nullptr || line_.read.at >= phase::noop) return errc::wrong_state;
    if (mail.recipients.empty()) return errc::no_recipients;
    for (const recipient& r : mail.recipients)
        if (r.forward_path.is_null()) return errc::invalid_mailbox;
    for (recipient& r : mail.recipients) r.result = {};
    mail_ = {};
    mail_.under_way = &mail;
    stuffer_ = dot_stuffer{options_.content};
    if (line_.read.at == phase::connect) idle();
    return errc::ok;
}

errc session_base::ask(phase command) noexcept {
    if (!line_.open || mail_.under_way != nullptr || line_.read.at != phase::connect) return errc::wrong_state;
    line_.write.at = line_.read.at = line_.ended = command;
    return errc::ok;
}

void session_base::failed(errc why) noexcept {
    if (!line_.open) return;
    const phase where = here();
    // After QUIT the session's end is known already: how the line went dead changes nothing.
    if (where == phase::quit) return over(line_.error, line_.ended);
    lose(why);
    over(why, where);
}

// ---------------------------------------------------------------------------------------------------------------------
// What to do next

action session_base::next(std::span<char> buffer) noexcept {
    action a;
    while (!turn(a, buffer)) {
    }
    if (a.what == action::kind::write) line_.unsent += a.octets.size();
    else a.where = here();
    a.serial = line_.serial;
    return a;
}

/// Takes one turn. Returns whether it found something for the caller to do.
bool session_base::turn(action& a, std::span<char> buffer) noexcept {
    if (line_.event != action::kind::ready) {
        a.what = line_.event;
        a.recipient_index = line_.event_recipient;
        line_.event = action::kind::ready;
        return true;
    }
    const bool leaving = line_.read.at == phase::quit;
    const bool nothing_due = line_.write.at == phase::connect && line_.outstanding == 0;
    if (mail_.under_way != nullptr && (!line_.open || leaving || nothing_due)) {
        mail_.under_way = nullptr;
        line_.event = action::kind::mail;
        if (!leaving) idle();
        return false;
    }
    // Not before a mail is told of: what follows the reply that ended it would take that reply's place.
    if (line_.open && !line_.deaf && read_replies()) return false;
    if (!line_.open || (line_.deaf && line_.write.at == phase::connect)) {
        a.what = action::kind::closed;
        a.ends = line_.deaf && line_.open; // a QUIT
        line_.open = line_.deaf = false;
        return true;
    }
    if (line_.write.at == phase::data && line_.outstanding == 0 && mail_.accepted == 0 && line_.rendered == 0) {
        line_.write.at = phase::connect; // every answer is here and no recipient was taken: DATA is not worth a wait
        return false;
    }
    if (may_write()) {
        a.what = action::kind::write;
        a.where = line_.write.at;
        if (buffer.empty()) return true;
        if (line_.write.at == phase::content) return write_content(a);
        write_command(a, buffer);
        return true;
    }
    a.what = line_.outstanding == 0 ? action::kind::ready : action::kind::read;
    return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// Write side

// RFC 2920 §3.1: EHLO, AUTH, DATA, NOOP and QUIT end their group, so what follows them waits until nothing is outstanding;
// RSET, MAIL and RCPT may stand anywhere in it.
bool session_base::may_write() const noexcept {
    const phase at = line_.write.at;
    if (at == phase::connect) return false;
    if (at == phase::content) return mail_.go_ahead;
    if (line_.outstanding == 0) return true;
    return config::pipelining && options_.pipelining && line_.offered.has(extension::pipelining);
}

/// Puts the command at `write`. Returns whether that is all of it, which is so unless it found no room.
bool session_base::render(command_writer& to) const noexcept {
    static constexpr char verbs[][12] = {"EHLO ",       "HELO ",     "AUTH ", "NOOP", "RSET",
                                         "MAIL FROM:<", "RCPT TO:<", "DATA",  "",     "QUIT"};
    static_assert(static_cast<int>(phase::quit) - static_cast<int>(phase::ehlo) == 9);
    const phase at = line_.write.at;
    const bool answer = at == phase::auth && line_.challenges != 0;
    if (!answer) to.put(verbs[static_cast<int>(at) - static_cast<int>(phase::ehlo)]);
    std::string_view ending = "\r\n";
    switch (at) {
    case phase::ehlo:
    case phase::helo: to.put(options_.client.text()); break;
    case phase::auth: {
        const credentials& c = options_.auth;
        const bool login = line_.chosen == mechanism::login;
        const std::string_view texts[] = {{"", 1}, c.user, {"", 1}, c.password}; // PLAIN, authzid empty: RFC 4616 §2
        std::span<const std::string_view> message{texts};
        if (answer && login) message = {&texts[2 * line_.challenges - 1], 1};
        if (!answer) {
            to.put(login ? "LOGIN" : "PLAIN");
            // RFC 4954 §4: no initial response where the line would be longer than 512 octets.
            if (login || !c.initial_response || c.user.size() + c.password.size() > 370) break;
            to.put(" ");
        }
        to.put_base64(message);
        break;
    }
    case phase::mail:
        to.put(mail_.under_way->reverse_path.text());
        ending = ">\r\n";
        break;
    case phase::rcpt:
        to.put(mail_.under_way->recipients[line_.write.recipient].forward_path.text());
        ending = ">\r\n";
        break;
    default: break;
    }
    to.put(ending);
    return to.whole();
}

void session_base::write_command(action& a, std::span<char> buffer) noexcept {
    command_writer writer{buffer, line_.rendered};
    a.ends = render(writer);
    a.own = true;
    a.octets = {buffer.data(), writer.written()};
    line_.rendered += a.octets.size();
    if (a.ends) advance_write();
}

void session_base::advance_write() noexcept {
    cursor& write = line_.write;
    line_.rendered = 0;
    if (line_.outstanding++ == 0) line_.read = write;
    ++line_.serial;
    switch (write.at) {
    case phase::mail: write = {phase::rcpt}; break;
    case phase::rcpt:
        mail_.attempted = ++write.recipient;
        if (config::pipelining && mail_.failing) write.at = phase::connect;
        else if (write.recipient == mail_.under_way->recipients.size()) write.at = phase::data;
        break;
    case phase::data: write.at = phase::content; break;
    default:
        write.at =
            config::many_mails && write.at == phase::rset && mail_.under_way != nullptr ? phase::mail : phase::connect;
    }
}

/// Returns false if there is nothing to be written for now, because the content was abandoned.
bool session_base::write_content(action& a) noexcept {
    const bool discard = config::pipelining && mail_.discard;
    if (!discard) {
        a.octets = stuffer_.next(mail_.content);
        if (a.octets.empty() && !mail_.all_given && !stuffer_.failed()) {
            a.what = action::kind::content;
            return true;
        }
    }
    if (a.octets.empty()) {
        a.octets = discard ? ".\r\n" : stuffer_.terminator();
        if (stuffer_.failed()) {
            failed(errc::bare_line_ending);
            return false;
        }
        a.ends = mail_.ending_sent = true;
        ++line_.serial;
        line_.write.at = phase::connect;
    }
    return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// Reply side

/// Deals with what was received, up to the end of a reply that has consequences. Returns whether there was one.
bool session_base::read_replies() noexcept {
    for (;;) {
        const reply_reader::event event = reader_.next(line_.input);
        if (event == reply_reader::event::more) return false;
        if (event == reply_reader::event::failed) {
            distrust(reader_.error());
            return true;
        }
        if (here() == phase::ehlo) {
            // Line 1 is the server's name and greeting (RFC 5321 §4.1.1.1).
            std::string_view line = reader_.line();
            if (reader_.line_cut()) // PLAIN may be what is left of PLAIN-CLIENTTOKEN
                while (!line.empty() && line.back() != ' ') line.remove_suffix(1);
            if (reader_.line_number() > 1) line_.offered.add_line(line);
            if (event == reply_reader::event::line) reader_.drop_text();
        }
        if (event == reply_reader::event::reply) {
            on_reply();
            return true;
        }
    }
}

void session_base::on_reply() noexcept {
    const std::uint16_t code = reader_.code();
    const unsigned digit = code / 100u;
    const phase at = line_.read.at;
    ++line_.serial;
    if (at == phase::quit) return over(line_.error, line_.ended);

    status s;
    s.where = here();
    s.code = code;
    s.enhanced = reader_.enhanced();
    if (line_.outstanding == 0) {
        // Nobody asked. A server may say 421 at any moment (RFC 5321 §3.8); everything else is out of step.
        if (code != 421) return distrust(errc::unexpected_reply);
        s.error = errc::refused;
        s.what = mail_.attempted != 0 ? outcome::deferred : outcome::not_attempted;
        decide(s);
        return over(errc::refused, s.where);
    }
    s.what = outcome::accepted;
    if (digit >= 4) {
        s.what = digit == 4 ? outcome::deferred : outcome::rejected;
        s.error = errc::refused;
    } else if (at == phase::data       ? digit != 3
               : at == phase::auth     ? code != 235 && code != 334
               : at == phase::greeting ? code != 220
                                       : digit != 2) {
        // A code of a digit that makes no sense for its command is no answer to it (RFC 5321 §4.3.2). 220 alone greets
        // (§4.3.1): another may be the answer to somebody else's command. 235 alone says that the server knows who we are
        // (RFC 4954 §6).
        return distrust(errc::unexpected_reply);
    }
    --line_.outstanding;

    bool closing = code == 421; // RFC 5321 §3.8
    switch (at) {
    case phase::greeting:
    case phase::ehlo:
    case phase::helo: on_hello(s); break;
    case phase::auth: on_auth(s); break;
    case phase::mail:
        line_.read = {phase::rcpt};
        line_.mail_open = !refused(s);
        if (!refused(s)) break;
        decide(s);
        mail_.failing = true;
        // What is left of the group is not sent; but a line that was begun is finished, and a DATA that left is answered.
        if (!config::pipelining || (line_.write.at != phase::content && line_.rendered == 0))
            line_.write.at = phase::connect;
        break;
    case phase::rcpt: on_recipient(s); break;
    case phase::data: on_data(s); break;
    case phase::content: on_content(s); break;
    default: // NOOP, RSET
        if constexpr (config::many_mails) {
            if (refused(s) && mail_.under_way != nullptr) {
                // It may still hold the recipients of the mail before; another connection will not.
                s.what = outcome::deferred;
                closing = true;
                break;
            }
            line_.mail_open = false;
            line_.read.at = phase::mail;
            if (mail_.under_way != nullptr) break;
            line_.event = action::kind::answered;
            line_.read.at = phase::connect;
        }
        break;
    }
    if (closing && line_.open && line_.write.at != phase::quit) {
        // Nothing that was sent behind this command will be answered, or believed.
        const bool behind = line_.outstanding != 0;
        leave(s);
        if (behind) over(s.error, at);
    }
}

void session_base::on_hello(status& s) noexcept {
    if (refused(s)) {
        // RFC 5321 §4.1.4, §4.2.4: these say that EHLO is not known; any other refusal is meant for us.
        const bool old = s.code == 500 || s.code == 501 || s.code == 502 || s.code == 504;
        line_.offered = {};
        s.what = outcome::not_attempted;
        if (s.where == phase::ehlo && old) line_.write.at = phase::helo;
        else leave(s);
    } else if (s.where == phase::greeting) {
        line_.write.at = options_.helo ? phase::helo : phase::ehlo;
    } else if (!line_.authenticates) {
        idle();
    } else if ((line_.chosen = choose_mechanism()) != mechanism::none) {
        line_.write.at = phase::auth;
    } else if (options_.auth.when != auth_when::required &&
               (options_.auth.when != auth_when::if_offered || !line_.offered.has(extension::auth))) {
        idle();
    } else {
        s = {.where = s.where, .error = errc::auth_unavailable};
        leave(s);
    }
}

mechanism session_base::choose_mechanism() const noexcept {
    const credentials& c = options_.auth;
    const flags<mechanism> offered = line_.offered.mechanisms;
    if (offered.has(c.preferred)) return c.preferred;
    if (offered.bits != 0) return offered.has(mechanism::plain) ? mechanism::plain : mechanism::login;
    // AUTH is an extension: none after HELO (RFC 4954 §3).
    const bool blind = c.when == auth_when::attempt
                           ? line_.read.at == phase::ehlo
                           : c.when == auth_when::attempt_if_offered && line_.offered.has(extension::auth);
    return blind ? mechanism::plain : mechanism::none;
}

void session_base::on_auth(const status& s) noexcept {
    if (s.code == 235) return idle();
    // A refusal is final: the same secret is not shown again by a weaker mechanism.
    if (refused(s)) return leave(s);
    // 334. PLAIN has one message, LOGIN has two; a server that asks for more gets nothing more.
    const unsigned most = line_.chosen == mechanism::login ? 2 : 1;
    if (line_.challenges == most) {
        line_.outstanding = 1;
        return distrust(errc::unexpected_reply);
    }
    ++line_.challenges;
    line_.write.at = phase::auth;
}

void session_base::on_recipient(const status& s) noexcept {
    const std::size_t index = line_.read.recipient++;
    recipient& r = mail_.under_way->recipients[index];
    if (!refused(s)) {
        ++mail_.accepted;
        line_.mail_open = true; // also where MAIL was refused
    } else if (s.code != 421 && r.result.open()) {
        r.result = s;
        line_.event = action::kind::refused;
        line_.event_recipient = index;
    }
    if (line_.read.recipient == mail_.under_way->recipients.size()) line_.read.at = phase::data;
}

void session_base::on_data(const status& s) noexcept {
    if (refused(s)) {
        decide(s);
        line_.write.at = phase::connect;
        return;
    }
    if constexpr (config::pipelining) {
        // RFC 2920 §3.1: nobody is left to get the mail, so a lone dot and not the mail. But where the server took a
        // recipient although it refused MAIL, the dot would deliver an empty mail under some other sender.
        mail_.discard = mail_.accepted == 0;
        if (mail_.failing && !mail_.discard) return over(errc::unexpected_reply, phase::data);
    }
    mail_.go_ahead = true;
    line_.outstanding = 1;
    line_.read.at = phase::content;
}

void session_base::on_content(const status& s) noexcept {
    if (!content_handed_over()) {
        line_.outstanding = 1;
        if (!refused(s)) return distrust(errc::unexpected_reply); // it accepts what it cannot have
        decide(s);
        return over(errc::refused, phase::content); // refused in the middle: to stop now is to close
    }
    decide(s);
    line_.mail_open = false;
    line_.read.at = line_.write.at = phase::connect;
}

// ---------------------------------------------------------------------------------------------------------------------
// Turns of the session

/// The session is free for the next thing: a mail that waits, or whatever the caller asks for.
void session_base::idle() noexcept {
    line_.read.at = line_.write.at = phase::connect;
    if (mail_.under_way != nullptr) line_.write.at = config::many_mails && line_.mail_open ? phase::rset : phase::mail;
}

/// Ends the session with a QUIT, but at once where a line was begun: QUIT would be read as the rest of it.
void session_base::leave(const status& s) noexcept {
    decide(s);
    line_.error = s.error;
    line_.ended = s.where;
    line_.outstanding = 0;
    line_.open = line_.rendered == 0;
    line_.input = {}; // what is here already is no answer to QUIT
    line_.read.at = line_.write.at = phase::quit;
}

/// Ends the session at once.
void session_base::over(errc why, phase where) noexcept {
    line_.error = why;
    line_.ended = where;
    line_.open = false;
}

/// What the server says can no longer be matched to what was asked. Outside the content a QUIT is sent for a clean end, its
/// answer is not waited for, and whatever else the server says is not read.
void session_base::distrust(errc why) noexcept {
    const phase where = here();
    if (where == phase::quit) return over(line_.error, line_.ended);
    // Neither inside the content nor behind anything that is not sent yet: that is thrown away, or it could complete a mail.
    const bool inside = line_.unsent != 0 || (mail_.go_ahead && mail_.under_way != nullptr && !mail_.ending_sent);
    lose(why);
    leave({.where = where, .error = why});
    line_.deaf = true;
    if (inside) line_.open = false;
}

/// Gives a result to every recipient that has none: the first refusal in protocol order wins.
void session_base::decide(const status& s) noexcept {
    if (mail_.under_way == nullptr) return;
    std::size_t index = 0;
    for (recipient& r : mail_.under_way->recipients) {
        const bool attempted = index++ < mail_.attempted;
        if (!r.result.open()) continue;
        r.result = s;
        if (s.error == errc::refused) {
            line_.event = action::kind::refused;
            line_.event_recipient = all_recipients;
        } else if (s.what == outcome::deferred && !attempted) {
            r.result.what = outcome::not_attempted;
        }
    }
}

/// There will be no answer.
void session_base::lose(errc why) noexcept {
    decide({.what = content_handed_over() ? outcome::unknown : outcome::deferred, .where = here(), .error = why});
}

} // namespace postrider

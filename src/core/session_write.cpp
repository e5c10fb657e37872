// The state machine's write side: what may leave now, and what it looks like. The theory of operation is in session.cpp.

#include "core/chars.hpp"
#include "core/command_writer.hpp"
#include "core/parameters.hpp"
#include "postrider/session.hpp"

namespace postrider {

// RFC 2920 §3.1: EHLO, AUTH, DATA, NOOP and QUIT end their group, so what follows them waits until nothing is outstanding;
// RSET, MAIL, RCPT and BDAT may stand anywhere in it, and the content of DATA may begin one.
bool session_base::may_write() const noexcept {
    const phase at = line_.write.at;
    if (at == phase::connect || (config::chunking && line_.doomed != errc::ok)) return false;
    if (at == phase::quit || line_.rendered != 0) return true;
    if (config::pipelining && line_.closing) return false;
    if (at == phase::data) return may_commit();
    if (at == phase::content) {
        if (!config::chunking || !line_.started->progress.chunked_) return line_.started->progress.go_ahead_;
        return content_.in_chunk || may_commit();
    }
    return line_.outstanding == 0 || (config::pipelining && usable(extension::pipelining));
}

/// Whether the mail under way may be sent what can make the server take it: DATA, or BDAT.
bool session_base::may_commit() const noexcept {
    if (line_.outstanding == 0) return true;
    if (!config::pipelining || !usable(extension::pipelining)) return false;
    const mail& m = *line_.started;
    if (line_.auth_due && options_.auth_with != auth_flight::eager) return false;
    // A server that has seen many refused mails may hang up at the next RSET (Exim: see `retire`).
    if (m.progress.resets_ && !m.progress.reset_done_ && line_.spoiled >= most_spoiled) return false;
    // RFC 2033 §4.3 has no reply to a BDAT LAST for nobody, and Dovecot 2.3 has one: not before somebody will get the mail.
    if (config::lmtp && options_.lmtp && m.progress.chunked_ && m.progress.taken_ == 0) return false;
    return m.policy != recipient_policy::all_or_nothing &&
           (!m.progress.chunked_ || m.progress.size_ <= options_.speculative_octets);
}

/// Whether the mail under way is refused as a whole, and what is left of it need not be sent. But a line that was begun is
/// finished, and so is a chunk, and a DATA that left is answered.
bool session_base::failing() const noexcept {
    const phase at = line_.write.at;
    if (at < phase::rset || at > phase::content || line_.started == nullptr || line_.rendered != 0) return false;
    const mail_progress& p = line_.started->progress;
    return p.failing_ && (at != phase::content || (p.chunked_ && !content_.in_chunk));
}

/// Whether all answers to the envelope are here, and it is not worth a DATA or BDAT.
bool session_base::pointless() const noexcept {
    const bool before = line_.write.at == phase::data ||
                        (line_.write.at == phase::content && !content_.in_chunk && line_.started->progress.chunked_);
    if (!before || line_.rendered != 0) return false;
    const mail& m = *line_.started;
    const mail_progress& p = m.progress;
    return p.outstanding_ == 0 && (p.taken_ == 0 || (p.refused_some_ && m.policy == recipient_policy::all_or_nothing));
}

/// What stands behind AUTH, or the answer to a 334.
void session_base::render_auth(command_writer& to) const noexcept {
    if (line_.cancelled != errc::ok) return to.put("*");
    if (line_.challenges == 0) {
        to.put(name(line_.chosen));
        if (!line_.initial) return;
        to.put(" ");
    }
    const std::size_t before = to.total();
    base64_writer message{to};
    put_message(message);
    message.end();
    if (line_.challenges == 0 && to.total() == before) to.put("="); // RFC 4954 §4: an initial response without octets
}

/// The message of a mechanism that the session speaks by itself, or of the exchange.
void session_base::put_message(base64_writer& to) const noexcept {
    const credentials& c = options_.auth;
    if (config::all_mechanisms && line_.exchange != nullptr) return to.put(line_.exchange->message());
    switch (line_.chosen) {
    case mechanism::login: return to.put(line_.challenges == 1 ? c.user : c.password.reveal());
    case mechanism::plain: // RFC 4616 §2
        to.put(c.authorize_as);
        to.put({"", 1});
        to.put(c.user);
        to.put({"", 1});
        return to.put(c.password.reveal());
    default: break;
    }
    if constexpr (config::all_mechanisms) {
        const bool oauth2 = line_.chosen == mechanism::oauthbearer;
        if (line_.dummy) return to.put(oauth2 ? "\1" : ""); // RFC 7628 §3.2.3
        if (named_mechanisms.has(line_.chosen))             // RFC 4422 appendix A, RFC 4505 §2
            return to.put(line_.chosen == mechanism::external ? c.authorize_as : c.user);
        if (oauth2) { // RFC 7628 §3.1
            to.put("n,");
            const std::string_view whom = c.authorize_as.empty() ? c.user : c.authorize_as;
            if (!whom.empty()) to.put("a=");
            put_name(to, whom);
            to.put(",");
        } else {
            to.put("user=");
            to.put(c.user);
        }
        to.put("\1auth=Bearer ");
        to.put(c.token.reveal());
        to.put("\1\1");
    }
}

/// Puts the command at `write`. Returns whether that is all of it, which is so unless it found no room.
bool session_base::render(command_writer& to) const noexcept {
    static constexpr char verbs[][12] = {"EHLO ",     "HELO ", "AUTH ",     "NOOP",     "RSET",    "MAIL FROM:<",
                                         "RCPT TO:<", "DATA",  "",          "QUIT",     "VRFY ",   "EXPN ",
                                         "HELP",      "ETRN ", "XFORWARD ", "XCLIENT ", "STARTTLS"};
    static_assert(static_cast<int>(phase::starttls) - static_cast<int>(phase::ehlo) == 16);
    const phase at = line_.write.at;
    const bool answer = at == phase::auth && line_.challenges != 0;
    if (config::lmtp && options_.lmtp && at == phase::ehlo) to.put("LHLO ");
    else if (!answer) to.put(verbs[static_cast<int>(at) - static_cast<int>(phase::ehlo)]);
    switch (at) {
    case phase::ehlo:
    case phase::helo: to.put(options_.client.text()); break;
    case phase::auth: render_auth(to); break;
    case phase::mail: {
        const mail& m = *line_.started;
        const mail_progress& p = m.progress;
        to.put(m.reverse_path.text());
        to.put(">");
        if constexpr (config::parameters) {
            if (p.sized_ && usable(extension::size)) {
                to.put(" SIZE=");
                to.put_number(p.size_);
            }
            if (m.content.kind == octets::binary) to.put(" BODY=BINARYMIME");
            else if (p.body_) to.put(" BODY=8BITMIME");
        }
        if constexpr (config::all_extensions) {
            if (p.utf8_) to.put(" SMTPUTF8");
            if (m.parameters != nullptr) put_mail_parameters(to, *m.parameters, usable());
        }
        break;
    }
    case phase::rcpt: {
        const recipient& r = line_.started->recipients[line_.write.recipient];
        to.put(r.forward_path.text());
        to.put(">");
        if constexpr (config::all_extensions) put_rcpt_parameters(to, r, usable());
        break;
    }
    case phase::content: { // of BDAT: its command line
        if constexpr (!config::chunking) break;
        const mail_content& c = line_.started->content;
        if (config::all_extensions && !c.url.empty()) {
            to.put("BURL ");
            to.put(c.url);
        } else {
            to.put("BDAT ");
            to.put_number(content_.chunk_left);
        }
        if (content_.last_chunk) to.put(" LAST");
        break;
    }
    case phase::help:
        if (!line_.argument.empty()) to.put(" ");
        to.put(line_.argument);
        break;
    case phase::data:
    case phase::noop:
    case phase::rset:
    case phase::starttls:
    case phase::quit: break;
    default: to.put(line_.argument);
    }
    to.put("\r\n");
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

/// The command at `write` was rendered in full: its reply is due, and the next stands behind it.
void session_base::advance_write() noexcept {
    cursor& write = line_.write;
    line_.rendered = 0;
    if (line_.outstanding++ == 0) line_.read = write;
    ++line_.serial;
    if (write.at < phase::rset || line_.asked || write.at == phase::quit || write.at == phase::starttls) {
        if (write.at == phase::ehlo) line_.offered = {};
        line_.auth_due = write.at == phase::auth;
        line_.up = line_.up || (line_.auth_due && one_step_auth() && config::pipelining && !options_.auth.on_demand);
        write.at = phase::connect;
        return;
    }
    mail& m = *line_.started;
    mail_progress& p = m.progress;
    ++p.outstanding_;
    switch (write.at) {
    case phase::rset:
        write.at = phase::mail;
        line_.written_open = false;
        break;
    case phase::mail:
        line_.written_open = true;
        next_recipient();
        break;
    case phase::rcpt: {
        recipient& r = m.recipients[write.recipient];
        r.at = recipient::standing::sent;
        if (!p.failing_) {
            r.result = {};
            --p.waiting_;
        }
        ++p.sent_;
        if (config::all_extensions && line_.offered.rcpt_domain_max != 0) {
            const std::uint32_t domain = hash_of(r.forward_path.domain_part());
            if (line_.domains == 0 || line_.last_domain != domain) ++line_.domains;
            line_.last_domain = domain;
        }
        ++write.recipient;
        next_recipient();
        break;
    }
    case phase::data:
        p.data_sent_ = true;
        write.at = phase::content;
        return; // also where the mail is refused by now: a DATA that left is answered
    default:    // BDAT
        content_.in_chunk = true;
        content_.measured = false;
        if (!content_.last_chunk) ++p.chunks_;
        return; // its octets follow, whatever becomes of it
    }
}

/// Whether the content under way is pulled, of exact size, and leaves by DATA, whose end does not depend on it.
bool session_base::by_data_exactly() const noexcept {
    const mail& m = *line_.started;
    return config::parameters && m.content.pulled && m.content.exact_size && !m.progress.chunked_;
}

/// Sees to it that there are octets of the content, or that it is known that there are no more.
session_base::supply session_base::fetch(action& a) noexcept {
    const mail_content& c = line_.started->content;
    while (content_.part.empty() && !content_.all_given) {
        if (c.pulled) {
            a.what = action::kind::content;
            a.first = !content_.begun;
            return supply::asked;
        }
        if (content_.next_part == c.more.size()) content_.all_given = true;
        else content_.part = c.more[content_.next_part++];
    }
    if (config::parameters && content_.fresh) {
        content_.fresh = false;
        const bool seven_bit = c.kind == octets::seven_bit && !c.as_it_is;
        if (seven_bit || by_data_exactly()) content_.facts.look_through(content_.part);
        if ((seven_bit && content_.facts.eight_bit) || (by_data_exactly() && content_.facts.size > c.size)) {
            give_up(errc::content_mismatch);
            return supply::abandoned;
        }
    }
    return supply::ready;
}

/// Returns false if there is nothing to be written for now, because the content was abandoned.
bool session_base::write_content(action& a) noexcept {
    mail_progress& p = line_.started->progress;
    if (!(config::pipelining && p.discard_)) {
        do {
            if (const supply s = fetch(a); s != supply::ready) return s == supply::asked;
            a.octets = stuffer_.next(content_.part);
        } while (a.octets.empty() && !stuffer_.failed() && !content_.all_given);
    }
    if (a.octets.empty()) {
        if (!p.discard_ && by_data_exactly()) {
            content_facts& facts = content_.facts;
            facts.end();
            if (facts.size + (facts.line_start ? 0 : 2) != line_.started->content.size) {
                give_up(errc::content_mismatch);
                return false;
            }
        }
        a.octets = p.discard_ ? ".\r\n" : stuffer_.terminator();
        if (stuffer_.failed()) {
            give_up(errc::bare_line_ending);
            return false;
        }
        end_content(a);
    }
    note_given(a);
    return true;
}

/// How many octets the next BDAT has. Returns false if the content was abandoned.
bool session_base::measure_chunk() noexcept {
    const mail& m = *line_.started;
    const mail_content& c = m.content;
    content_.measured = true;
    content_.last_chunk = true;
    content_.chunk_left = c.url.empty() ? m.progress.size_ : 0;
    if (!c.pulled || c.exact_size) return true;
    content_.last_chunk = content_.all_given;
    content_.chunk_left = content_.part.size();
    if (c.kind == octets::binary) return true;
    dot_stuffer ahead = stuffer_;
    std::uint64_t size = 0;
    for (std::string_view rest = content_.part; !rest.empty() && !ahead.failed();) size += ahead.next(rest).size();
    if (content_.all_given) size += ahead.terminator().size();
    if (ahead.failed()) give_up(errc::bare_line_ending);
    content_.chunk_left = size;
    return !ahead.failed();
}

/// The same by BDAT: its command line, then its octets.
bool session_base::write_chunk(action& a, std::span<char> buffer) noexcept {
    mail& m = *line_.started;
    mail_progress& p = m.progress;
    const mail_content& c = m.content;
    const bool by_parts = c.pulled && !c.exact_size;
    if (!content_.in_chunk) {
        if (!content_.measured) {
            if (by_parts)
                if (const supply s = fetch(a); s != supply::ready) return s == supply::asked;
            if (!measure_chunk()) return false;
            if (content_.chunk_left == 0 && !content_.last_chunk) {
                // Nothing of this part leaves yet: its line end is held back.
                while (!content_.part.empty()) static_cast<void>(stuffer_.next(content_.part));
                content_.measured = false;
                return false;
            }
        }
        write_command(a, buffer);
        if (content_.in_chunk && content_.chunk_left == 0) {
            end_content(a);
            p.given_at_ = line_.given + a.octets.size();
        }
        return true;
    }
    const bool raw = c.kind == octets::binary || (!c.pulled && !p.bare_);
    do {
        if (!by_parts)
            if (const supply s = fetch(a); s != supply::ready) return s == supply::asked;
        if (raw) {
            a.octets = content_.part;
            content_.part = {};
        } else {
            a.octets = stuffer_.next(content_.part);
        }
    } while (a.octets.empty() && !stuffer_.failed() && !by_parts && !content_.all_given);
    const bool at_end = a.octets.empty();
    if (at_end) {
        a.octets = raw ? std::string_view{"\r\n", p.open_end_ ? 2u : 0u} : stuffer_.terminator();
        if (stuffer_.failed()) {
            give_up(errc::bare_line_ending);
            return false;
        }
    }
    // What is declared as exact must be so before its last octets leave, for with them the server takes the mail: text ends
    // with its line end, and binary content with a part that is known to be the last.
    const bool last = a.octets.size() == content_.chunk_left;
    const bool may_be_last = raw ? !c.pulled || by_parts || content_.all_given : by_parts && !content_.last_chunk;
    if (at_end ? !last : a.octets.size() > content_.chunk_left || (last && !may_be_last)) {
        give_up(errc::content_mismatch);
        return false;
    }
    content_.chunk_left -= a.octets.size();
    note_given(a);
    if (last) end_content(a);
    return true;
}

void session_base::note_given(const action& a) noexcept {
    mail_progress& p = line_.started->progress;
    p.given_ += a.octets.size();
    p.given_at_ = line_.given + a.octets.size();
}

/// With the octets of this action the content, or this chunk of it, ends.
void session_base::end_content(action& a) noexcept {
    mail_progress& p = line_.started->progress;
    a.ends = true;
    content_.in_chunk = false;
    ++line_.serial;
    if (config::chunking && p.chunked_ && !content_.last_chunk) return;
    a.completes = true;
    p.ending_sent_ = true;
    if (!p.chunked_) line_.written_open = false;
    ++line_.in_doubt;
    stop_writing();
}

/// The content under way cannot be had, and the mail must not be taken. Between two chunks the server is told so by RSET;
/// else the connection is closed, but not before the mails that are under way are answered.
void session_base::give_up(errc why) noexcept {
    mail& m = *line_.started;
    if (config::chunking && m.progress.chunked_ && !content_.in_chunk && line_.rendered == 0) {
        decide(m, {.what = outcome::deferred, .where = phase::content, .error = why});
        stop_writing();
    } else if (line_.first != &m) {
        line_.doomed = why;
    } else {
        failed(why);
    }
}

} // namespace postrider

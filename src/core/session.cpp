// The state machine. Everything that a session decides is decided in this file.
//
// THEORY OF OPERATION
//
// A session is a sequence of commands in protocol order,
//
//     (greeting) EHLO [HELO] [AUTH, answers...]
//     then for each transaction   [RSET] MAIL RCPT... and   DATA content   or   BDAT octets... BDAT octets LAST
//     at last   QUIT
//
// and two cursors walk along it. `write` stands at the command that is to be rendered next, `read` at the command whose
// reply is due next, and `outstanding` counts the commands between them. Both advance by the same order and neither looks
// at the other's place, so a reply belongs to a command by its number alone, never by its code or its text (RFC 2920 §3.1).
// `write.at == phase::connect` means that nothing is to be written until a reply, or the caller, decides what comes next.
//
// Mails stand in a queue, a list through the callers' own objects. `first` is the oldest that is not done: the replies are
// its. `started` is the newest whose transaction has begun: the write cursor walks through its commands. All between them
// are written, and wait for replies. Each recipient carries where it stands: `waiting` for its RCPT, `sent`, `taken` (a 2yz
// to RCPT), `done` (its result is final). So what is skipped, and what is carried over into a further transaction because
// the server takes only so many recipients at a time, both cursors know alike.
//
// WHAT SHARES A FLIGHT is decided at three places. `may_begin`: may the next transaction begin behind what is unanswered?
// `may_write`: may this command? It may if all before it may stand in one group (RFC 2920 §3.1); where the server does not
// offer PIPELINING that is never so, and the same machine goes one step at a time. `may_commit`: may DATA, or BDAT, which
// can make the server take the mail? A transaction that begins behind another's BDAT begins with RSET, whatever becomes of
// that: where it is refused, the server keeps its envelope, and would put the next mail under it. (Exim 4.96 answers the
// next MAIL with 503, and takes its RCPT and BDAT all the same.) The dot that ends DATA clears the envelope by itself
// (RFC 5321 §4.1.1.4).
//
// What a mail became is written at three places only: `on_recipient`, a refusal of one recipient; `on_content`, the answer
// for one over LMTP; and `decide`, for every recipient that has no result yet: a refusal of AUTH, MAIL, DATA or the content,
// its acceptance, or `lose`, when there will be no answer: `unknown` if the end of the content was handed to the system,
// else `deferred`, or `not_attempted` for those whose RCPT was never rendered. A result is written once, so the first
// refusal in protocol order wins, and those that follow from it change nothing.
//
// THE ONE DANGER: saying that a mail was not taken when it was, or the other way round. So the end of the content counts
// as sent by what the system took (`wrote`), not by what was rendered; a reply that comes before it can refuse a mail, but
// not accept it; and after anything that is not a reply, nothing that follows is believed (`distrust`).

#include "postrider/session.hpp"

#include "core/chars.hpp"
#include "core/command_writer.hpp"
#include "core/parameters.hpp"
#include "postrider/limits.hpp"

namespace postrider {

namespace {

// The window of mails in doubt opens by one with each mail that is taken, so it doubles with each flight; one that is refused
// halves it, and after some it stays closed on this connection.
constexpr std::uint16_t first_window = 4;
constexpr std::uint16_t most_spoiled = 5;

/// Of the letters in either case (FNV-1a).
std::uint32_t hash_of(std::string_view domain) noexcept {
    std::uint32_t hash = 2166136261u;
    for (const char c : domain) hash = (hash ^ static_cast<unsigned char>(to_upper(c))) * 16777619u;
    return hash;
}

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// The caller's side

errc session_base::start(const session_options& options) noexcept {
    options_ = options;
    const std::uint32_t serial = line_.serial, epoch = line_.epoch;
    reader_.restart();
    line_ = {};
    line_.serial = serial + 1;
    line_.epoch = epoch + 1;
    content_ = {};
    const credentials& auth = options.auth;
    if (auth.user.find('\0') != auth.user.npos || auth.password.find('\0') != auth.password.npos)
        return line_.error = errc::invalid_credentials;
    if (options.look_ahead == 0 || (options.helo && options.lmtp)) return line_.error = errc::invalid_parameter;
    line_.authenticates = !auth.user.empty() || auth.when == auth_when::attempt;
    if (line_.authenticates && !options.encrypted && !auth.allow_cleartext_auth)
        return line_.error = errc::cleartext_auth;
    line_.open = true;
    line_.window = options.look_ahead < first_window ? options.look_ahead : first_window;
    line_.read.at = phase::greeting;
    line_.outstanding = 1;
    return errc::ok;
}

errc session_base::send(mail& m) noexcept {
    if (!line_.open || line_.deaf || line_.read.at == phase::quit || line_.goodbye.code != 0) return errc::wrong_state;
    if (!config::many_mails && (line_.first != nullptr || line_.transactions != 0)) return errc::wrong_state;
    if (m.progress.queued_in_ == this && m.progress.epoch_ == line_.epoch) return errc::wrong_state;
    if (m.recipients.empty()) return errc::no_recipients;
    for (const recipient& r : m.recipients)
        if (r.forward_path.is_null()) return errc::invalid_mailbox;
    if constexpr (config::all_extensions) {
        if (const errc e = check_parameters(m); e != errc::ok) return e;
        for (const char c : m.content.url)
            if (is_control(c) || c == ' ' || (static_cast<unsigned char>(c) & 0x80) != 0)
                return errc::invalid_parameter;
    }
    mail_progress progress;
    progress.queued_in_ = this;
    progress.epoch_ = line_.epoch;
    progress.waiting_ = m.recipients.size();
    const mail_content& c = m.content;
    if (c.pulled || !c.url.empty()) {
        progress.size_ = c.size;
        progress.sized_ = c.pulled && c.size != 0;
        progress.eight_bit_ = c.kind == octets::eight_bit;
        progress.utf8_ = c.utf8_header;
    } else if (config::all_extensions && c.kind == octets::binary) {
        content_facts facts; // of the header block
        facts.look_through(c.text);
        progress.sized_ = true;
        progress.size_ = c.text.size();
        for (const std::string_view part : c.more) {
            facts.look_through(part);
            progress.size_ += part.size();
        }
        progress.utf8_ = facts.eight_bit_header;
    } else {
        content_facts facts;
        facts.look_through(c.text);
        for (const std::string_view part : c.more) facts.look_through(part);
        facts.end();
        if (facts.bare && options_.content == line_ends::refuse) return errc::bare_line_ending;
        progress.sized_ = true;
        progress.bare_ = facts.bare;
        progress.open_end_ = !facts.line_start;
        progress.size_ = facts.size + (facts.line_start ? 0 : 2);
        progress.eight_bit_ = facts.eight_bit;
        progress.utf8_ = facts.eight_bit_header;
    }
    m.missing = {};
    for (recipient& r : m.recipients) {
        r.result = {};
        r.at = recipient::standing::waiting;
    }
    m.progress = progress;
    if (line_.first == nullptr) line_.first = &m;
    else line_.last->progress.next_ = &m;
    line_.last = &m;
    return errc::ok;
}

bool session_base::wants_mail() const noexcept {
    if (!line_.open || line_.deaf || line_.read.at == phase::quit || line_.goodbye.code != 0) return false;
    if (unstarted() != nullptr || line_.asked) return false;
    if (line_.offered.mail_max != 0 && line_.transactions >= line_.offered.mail_max) return false;
    if (line_.started != nullptr && !line_.started->progress.written_) return false;
    return line_.outstanding == 0 || !line_.up || may_begin();
}

errc session_base::ask(phase command, std::string_view argument) noexcept {
    const bool named = command == phase::vrfy || command == phase::expn || command == phase::etrn ||
                       command == phase::xforward || command == phase::xclient;
    if (command != phase::quit && command != phase::noop && command != phase::rset) {
        if (!config::all_extensions || (!named && command != phase::help)) return errc::invalid_parameter;
    }
    if (argument.size() > limits::framed_path || (named && argument.empty())) return errc::invalid_parameter;
    if (!argument.empty() && !named && command != phase::help) return errc::invalid_parameter;
    for (const char c : argument)
        if (is_control(c)) return errc::invalid_parameter;
    if (!line_.open || line_.first != nullptr || line_.read.at != phase::connect) return errc::wrong_state;
    line_.argument = argument;
    line_.asked = true;
    line_.write.at = line_.read.at = command;
    if (command == phase::quit) line_.ended = command;
    return errc::ok;
}

void session_base::failed(errc why) noexcept {
    if (!line_.open) return;
    const phase where = here();
    // After QUIT the session's end is known already: how the line went dead changes nothing.
    if (where == phase::quit) return over(line_.error, line_.ended);
    if (line_.goodbye.code == 421 && why == errc::connection_closed) {
        decide_all(line_.goodbye); // it said so, and has done so: what lay behind that command was not looked at
        return over(errc::refused, line_.goodbye.where);
    }
    lose(why);
    over(why, where);
}

// ---------------------------------------------------------------------------------------------------------------------
// What to do next

action session_base::next(std::span<char> buffer) noexcept {
    action a;
    while (!turn(a, buffer)) {
    }
    if (a.what == action::kind::write) {
        line_.unsent += a.octets.size();
        line_.given += a.octets.size();
    } else {
        a.where = here();
    }
    a.serial = line_.serial;
    return a;
}

/// Takes one turn. Returns whether it found something for the caller to do.
bool session_base::turn(action& a, std::span<char> buffer) noexcept {
    if (line_.event != action::kind::ready) {
        a.what = line_.event;
        a.recipient_index = line_.event_recipient;
        a.mail = line_.event_mail;
        line_.event = action::kind::ready;
        return true;
    }
    const bool leaving = line_.read.at == phase::quit;
    if (mail* const m = line_.first; m != nullptr && (!line_.open || leaving || (is_through(*m) && let_go(*m)))) {
        retire(*m);
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
    if (line_.doomed != errc::ok && line_.first == line_.started) {
        failed(line_.doomed);
        return false;
    }
    if (line_.goodbye.code != 0 && line_.outstanding == 0 && !leaving) {
        leave(line_.goodbye);
        return false;
    }
    if (line_.write.at == phase::connect && line_.up && !leaving) {
        if (mail* const m = unstarted(); m != nullptr && may_begin()) {
            begin(*m);
            return false;
        }
    }
    if (failing()) {
        stop_writing();
        return false;
    }
    if (pointless()) {
        mail& m = *line_.started;
        if (m.progress.refused_some_ && m.policy == recipient_policy::all_or_nothing)
            decide(m, {.what = outcome::deferred, .where = phase::rcpt, .error = errc::other_refused});
        stop_writing();
        return false;
    }
    if (may_write()) {
        a.what = action::kind::write;
        a.where = line_.write.at;
        if (a.where >= phase::rset && a.where < phase::quit) a.mail = line_.started;
        if (buffer.empty()) return true;
        if (line_.write.at != phase::content) {
            write_command(a, buffer);
            return true;
        }
        return config::chunking && line_.started->progress.chunked_ ? write_chunk(a, buffer) : write_content(a);
    }
    if (line_.first != nullptr && is_through(*line_.first)) a.what = action::kind::write; // not let go: see there
    else a.what = line_.outstanding == 0 ? action::kind::ready : action::kind::read;
    return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// Which mail, and when

mail* session_base::unstarted() const noexcept {
    return line_.started != nullptr ? line_.started->progress.next_ : line_.first;
}

/// Whether a transaction may begin behind all that is unanswered now.
bool session_base::may_begin() const noexcept {
    if (line_.asked || line_.goodbye.code != 0) return false;
    if (line_.outstanding == 0) return true;
    const mail* const m = unstarted();
    if (m != nullptr && limits_to_ask(*m)) return false;
    if (!config::pipelining || !usable(extension::pipelining)) return false;
    if (line_.auth_due && options_.auth_with == auth_flight::alone) return false;
    if (!config::many_mails) return line_.transactions == 0;
    // RFC 4468 §3.2: the answer to BURL LAST is awaited.
    if (line_.started != nullptr && !line_.started->content.url.empty()) return false;
    // With one mail in doubt by DATA the next envelope shares the flight of its content. By BDAT that would gain nothing,
    // and cost a RSET.
    const bool chunks = m != nullptr ? in_chunks(*m) : config::chunking && usable(extension::chunking);
    return line_.in_doubt < (chunks ? line_.window : 2u);
}

/// Whether a limit from before AUTH binds: it may be another for who is authenticated (RFC 9422 §4), so EHLO is said again,
/// once.
bool session_base::limits_to_ask(const mail& m) const noexcept {
    if (!config::many_mails || !config::all_extensions || !line_.limits_stale) return false;
    const capabilities& offered = line_.offered;
    return (offered.mail_max != 0 && line_.transactions >= offered.mail_max) ||
           (offered.rcpt_max != 0 && m.progress.waiting_ > offered.rcpt_max);
}

/// Whether a mail goes by BDAT. DATA is better for content whose size is not known: it need not be cut.
bool session_base::in_chunks(const mail& m) const noexcept {
    const mail_content& c = m.content;
    if (config::chunking && !c.url.empty()) return true; // BURL
    return config::chunking && usable(extension::chunking) &&
           (!c.pulled || c.exact_size || c.chunks || c.kind == octets::binary);
}

/// What a mail needs of the server.
errc session_base::fits(mail& m) const noexcept {
    mail_progress& p = m.progress;
    const mail_content& c = m.content;
    flags<extension> needed = m.required;
    bool utf8_path = !m.reverse_path.is_ascii();
    for (const recipient& r : m.recipients) utf8_path = utf8_path || !r.forward_path.is_ascii();
    if (!c.as_it_is) {
        if (p.eight_bit_) needed.add(extension::eight_bit_mime);
        if (p.utf8_ || utf8_path) needed.add(extension::smtputf8);
    }
    if (c.kind == octets::binary) {
        needed.add(extension::binary_mime);
        needed.add(extension::chunking);
    }
    if (!c.url.empty()) needed.add(extension::burl);
    const bool tls = m.parameters != nullptr && m.parameters->require_tls;
    if (tls) needed.add(extension::require_tls);
    // RFC 2852 §4.1.4.1: what must come back if it is late goes by no server that cannot say so.
    if (m.parameters != nullptr && m.parameters->by == by_mode::return_mail) needed.add(extension::deliver_by);
    m.missing.bits = needed.bits & ~(line_.offered.extensions.bits & ~options_.unused.bits);
    if (tls && !options_.encrypted) m.missing.add(extension::require_tls);
    if (!m.missing.empty()) return errc::extension_unavailable;

    p.utf8_ = (p.utf8_ || utf8_path) && usable(extension::smtputf8);
    p.body_ = p.eight_bit_ && usable(extension::eight_bit_mime);
    const std::uint64_t most = line_.offered.size_limit;
    if (p.sized_ && most != 0 && usable(extension::size) && p.size_ > most) return errc::message_too_large;
    if constexpr (config::all_extensions) {
        if (m.parameters != nullptr && usable(extension::future_release) && !can_be_held(*m.parameters, line_.offered))
            return errc::invalid_parameter;
    }
    if (m.policy == recipient_policy::all_or_nothing && !all_fit(m)) return errc::too_many_recipients;
    return errc::ok;
}

/// Whether one transaction takes all recipients, as far as the server's limits tell.
bool session_base::all_fit(const mail& m) const noexcept {
    if constexpr (!config::all_extensions) return true;
    const capabilities& offered = line_.offered;
    if (offered.rcpt_max != 0 && m.recipients.size() > offered.rcpt_max) return false;
    std::uint32_t domains = line_.domains, last = line_.last_domain;
    for (const recipient& r : m.recipients) {
        const std::uint32_t domain = hash_of(r.forward_path.domain_part());
        if (domains == 0 || domain != last) ++domains;
        last = domain;
    }
    return offered.rcpt_domain_max == 0 || domains <= offered.rcpt_domain_max;
}

/// Puts the write cursor at the beginning of a transaction for what is left of a mail.
void session_base::begin(mail& m) noexcept {
    mail_progress& p = m.progress;
    const capabilities& offered = line_.offered;
    if constexpr (config::many_mails && config::all_extensions) {
        if (limits_to_ask(m)) {
            line_.limits_stale = line_.up = false;
            line_.write.at = phase::ehlo;
            return;
        }
        if (offered.mail_max != 0 && line_.transactions >= offered.mail_max)
            return leave({.where = phase::mail, .error = errc::mail_limit});
    }
    line_.started = &m;
    if constexpr (config::parameters) {
        if (p.transactions_ == 0) {
            if (const errc e = fits(m); e != errc::ok) {
                p.written_ = true;
                return decide(m, {.where = phase::mail, .error = e});
            }
        }
    }
    const std::size_t size = m.recipients.size();
    const auto fits_here = [&](const recipient& r) { return r.at == recipient::standing::waiting && fits_domains(r); };
    while (p.first_ != size && !fits_here(m.recipients[p.first_])) ++p.first_;
    if (config::many_mails && p.first_ == size) {
        p.written_ = true;
        return decide(m, {.where = phase::rcpt, .error = errc::mail_limit});
    }
    p.chunked_ = in_chunks(m);
    p.resets_ = config::many_mails && (line_.outstanding == 0 ? line_.mail_open : line_.written_open);
    p.sent_ = p.taken_ = 0;
    p.outstanding_ = p.chunks_ = 0;
    p.data_sent_ = p.go_ahead_ = p.discard_ = p.ending_sent_ = false;
    p.failing_ = p.written_ = p.full_ = p.one_over_ = p.refused_some_ = false;
    p.taken_over_ = p.reset_done_ = false;
    ++p.transactions_;
    ++line_.transactions;
    line_.write = {p.resets_ ? phase::rset : phase::mail, p.first_};
}

/// Whether a recipient's domain is one too many for the session (RFC 9422 §4.3). Only the last one is remembered: a domain
/// that comes again behind another counts twice, which may be one too few, but never one too many.
bool session_base::fits_domains(const recipient& r) const noexcept {
    if constexpr (!config::all_extensions) return true;
    const std::uint32_t most = line_.offered.rcpt_domain_max;
    return most == 0 || line_.domains < most ||
           (line_.domains != 0 && line_.last_domain == hash_of(r.forward_path.domain_part()));
}

/// Puts the write cursor at the next RCPT from where it stands, or behind the last.
void session_base::next_recipient() noexcept {
    mail& m = *line_.started;
    mail_progress& p = m.progress;
    cursor& write = line_.write;
    if constexpr (config::many_mails) {
        const std::uint32_t named = line_.offered.rcpt_max, shown = line_.rcpt_most;
        const std::uint32_t most = shown == 0 || (named != 0 && named < shown) ? named : shown;
        if (most != 0 && p.sent_ >= most && m.policy == recipient_policy::best_effort) p.full_ = true;
    }
    for (; !p.full_ && write.recipient != m.recipients.size(); ++write.recipient) {
        const recipient& r = m.recipients[write.recipient];
        if (r.at != recipient::standing::waiting) continue;
        if (!fits_domains(r)) continue;
        write.at = phase::rcpt;
        return;
    }
    write = {p.chunked_ ? phase::content : phase::data, p.first_};
    content_ = {};
    content_.part = m.content.text;
    stuffer_ = dot_stuffer{options_.content, !p.chunked_};
}

/// Nothing more is sent for the mail under way.
void session_base::stop_writing() noexcept {
    line_.started->progress.written_ = true;
    line_.write.at = phase::connect;
}

/// Whether its content can be had for a further transaction.
bool session_base::repeatable(const mail& m) noexcept { return !m.content.pulled || m.content.repeatable; }

/// Whether nothing is outstanding of a mail, and nothing more will be sent.
bool session_base::is_through(const mail& m) noexcept { return m.progress.written_ && m.progress.outstanding_ == 0; }

/// Whether the system has taken all octets that were given out from the mail's memory. A BDAT can be refused before they
/// have left; they leave all the same, and so the mail stays until then.
bool session_base::let_go(const mail& m) const noexcept { return line_.given - m.progress.given_at_ >= line_.unsent; }

/// Takes the oldest mail, of which nothing is outstanding, out of the queue: it is done, or needs a further transaction.
void session_base::retire(mail& m) noexcept {
    mail_progress& p = m.progress;
    line_.first = p.next_;
    p.next_ = nullptr;
    if (line_.first == nullptr) line_.last = nullptr;
    if (line_.started == &m) line_.started = nullptr;
    if (p.ending_sent_) --line_.in_doubt;
    p.ending_sent_ = false;
    if (p.chunked_ && p.taken_over_) {
        if (line_.spoiled < most_spoiled && line_.window < options_.look_ahead) ++line_.window;
    } else if (p.chunked_) {
        // Exim 4.96 takes one RSET a mail that it accepts, counts each further one, and hangs up at the eleventh, with
        // whatever is in doubt. RSET behind a mail that is known to be refused is that one; on speculation it is the second.
        if (++line_.spoiled >= most_spoiled) line_.window = 1;
        else if (line_.window > 1) line_.window /= 2;
    }
    p.queued_in_ = nullptr;
    const bool leaving = !line_.open || line_.read.at == phase::quit;
    if (!leaving) line_.read = beginning();
    if (config::many_mails && p.waiting_ != 0 && !leaving) {
        if (repeatable(m)) {
            // Before those that have not begun.
            mail*& behind = line_.started != nullptr ? line_.started->progress.next_ : line_.first;
            p.next_ = behind;
            behind = &m;
            if (p.next_ == nullptr) line_.last = &m;
            p.written_ = false;
            p.queued_in_ = this;
            return;
        }
        for (recipient& r : m.recipients)
            if (r.at == recipient::standing::waiting && r.result.open())
                r.result = {.where = phase::rcpt, .error = errc::too_many_recipients};
        p.waiting_ = 0;
    }
    line_.event = action::kind::mail;
    line_.event_mail = &m;
}

// ---------------------------------------------------------------------------------------------------------------------
// Write side

// RFC 2920 §3.1: EHLO, AUTH, DATA, NOOP and QUIT end their group, so what follows them waits until nothing is outstanding;
// RSET, MAIL, RCPT and BDAT may stand anywhere in it, and the content of DATA may begin one.
bool session_base::may_write() const noexcept {
    const phase at = line_.write.at;
    if (at == phase::connect || line_.doomed != errc::ok) return false;
    if (at == phase::quit || line_.rendered != 0) return true;
    if (line_.goodbye.code == 421) return false;
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
    if (m.progress.outstanding_ == 0) return true;
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

/// Puts the command at `write`. Returns whether that is all of it, which is so unless it found no room.
bool session_base::render(command_writer& to) const noexcept {
    static constexpr char verbs[][12] = {"EHLO ",     "HELO ", "AUTH ",     "NOOP",    "RSET",  "MAIL FROM:<",
                                         "RCPT TO:<", "DATA",  "",          "QUIT",    "VRFY ", "EXPN ",
                                         "HELP",      "ETRN ", "XFORWARD ", "XCLIENT "};
    static_assert(static_cast<int>(phase::xclient) - static_cast<int>(phase::ehlo) == 15);
    const phase at = line_.write.at;
    const bool answer = at == phase::auth && line_.challenges != 0;
    if (config::lmtp && options_.lmtp && at == phase::ehlo) to.put("LHLO ");
    else if (!answer) to.put(verbs[static_cast<int>(at) - static_cast<int>(phase::ehlo)]);
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
            if (!one_step_auth()) break;
            to.put(" ");
        }
        to.put_base64(message);
        break;
    }
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
            const flags<extension> usable{line_.offered.extensions.bits & ~options_.unused.bits};
            if (m.parameters != nullptr) put_mail_parameters(to, *m.parameters, usable);
        }
        break;
    }
    case phase::rcpt: {
        const recipient& r = line_.started->recipients[line_.write.recipient];
        to.put(r.forward_path.text());
        to.put(">");
        if constexpr (config::all_extensions)
            put_rcpt_parameters(to, r, {line_.offered.extensions.bits & ~options_.unused.bits});
        break;
    }
    case phase::content: { // of BDAT: its command line
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
    if (write.at == phase::auth || write.at < phase::rset || line_.asked || write.at == phase::quit) {
        if (write.at == phase::ehlo) line_.offered = {};
        line_.auth_due = write.at == phase::auth;
        line_.up = line_.up || (line_.auth_due && one_step_auth() && config::pipelining);
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

/// Sees to it that there are octets of the content, or that it is known that there are no more. Returns false if the caller
/// has to be asked.
bool session_base::fetch(action& a) noexcept {
    const mail_content& c = line_.started->content;
    while (content_.part.empty() && !content_.all_given) {
        if (c.pulled) {
            a.what = action::kind::content;
            a.first = !content_.asked;
            content_.asked = true;
            return false;
        }
        if (content_.next_part == c.more.size()) content_.all_given = true;
        else content_.part = c.more[content_.next_part++];
    }
    if (content_.fresh) {
        content_.fresh = false;
        content_facts facts;
        if (config::parameters && c.kind == octets::seven_bit && !c.as_it_is) facts.look_through(content_.part);
        if (facts.eight_bit) give_up(errc::content_mismatch);
    }
    return true;
}

/// Returns false if there is nothing to be written for now, because the content was abandoned.
bool session_base::write_content(action& a) noexcept {
    mail_progress& p = line_.started->progress;
    if (!(config::pipelining && p.discard_)) {
        do {
            if (!fetch(a)) return true;
            if (line_.write.at != phase::content || !line_.open || line_.doomed != errc::ok) return false;
            a.octets = stuffer_.next(content_.part);
        } while (a.octets.empty() && !stuffer_.failed() && !(content_.part.empty() && content_.all_given));
    }
    if (a.octets.empty()) {
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
            if (by_parts && !fetch(a)) return true;
            if (line_.write.at != phase::content || !line_.open || !measure_chunk()) return false;
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
        if (!by_parts && !fetch(a)) return true;
        if (line_.write.at != phase::content || !line_.open || line_.doomed != errc::ok) return false;
        if (raw) {
            a.octets = content_.part;
            content_.part = {};
        } else {
            a.octets = stuffer_.next(content_.part);
        }
    } while (a.octets.empty() && !(content_.part.empty() && (by_parts || content_.all_given)));
    if (a.octets.empty()) a.octets = raw ? std::string_view{"\r\n", p.open_end_ ? 2u : 0u} : stuffer_.terminator();
    // What is declared as exact must be so before its last octets leave, for with them the server takes the mail.
    const std::uint64_t most = content_.chunk_left;
    const bool last = a.octets.size() == most;
    const bool known = by_parts || (content_.all_given && content_.part.empty());
    if (a.octets.empty() || a.octets.size() > most || (last && !known && c.pulled)) {
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
        s.what = outcome::deferred;
        if (line_.started != nullptr && line_.started->progress.sent_ != 0) decide(*line_.started, s);
        s.what = outcome::not_attempted;
        decide_all(s);
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
    const bool of_mail = at >= phase::rset && at < phase::quit && !line_.asked;
    if (of_mail) --line_.first->progress.outstanding_;
    if (code == 421 && of_mail) return on_goodbye(s);

    switch (at) {
    case phase::greeting:
    case phase::ehlo:
    case phase::helo: return on_hello(s);
    case phase::auth: return on_auth(s);
    case phase::mail: return on_mail(s);
    case phase::rcpt: return on_recipient(s);
    case phase::data: return on_data(s);
    case phase::content: return on_content(s);
    default: break;
    }
    if constexpr (config::many_mails) {
        if (of_mail) { // RSET
            if (refused(s)) {
                // The server may still hold the recipients of the mail before, and what was sent behind it would reach them
                // too; another connection will not.
                s.what = outcome::deferred;
                const bool behind = line_.outstanding != 0;
                for (mail* m = line_.first; m != nullptr; m = m->progress.next_)
                    if (handed_over(*m)) decide(*m, no_answer(errc::unexpected_reply));
                leave(s);
                if (behind) over(s.error, at);
                return;
            }
            line_.mail_open = false;
            line_.first->progress.reset_done_ = true;
            line_.read.at = phase::mail;
            return;
        }
        // A command by itself.
        line_.asked = false;
        line_.read.at = phase::connect;
        line_.event = action::kind::answered;
        line_.event_mail = nullptr;
        if (at == phase::rset && !refused(s)) line_.mail_open = false;
        if (at == phase::xclient && !refused(s)) {
            // The server stands behind its greeting again.
            line_.up = line_.authenticated = line_.mail_open = line_.written_open = false;
            line_.write.at = options_.helo ? phase::helo : phase::ehlo;
        }
        if (code == 421) leave(s);
    }
}

void session_base::on_hello(status& s) noexcept {
    if (refused(s)) {
        // RFC 5321 §4.1.4, §4.2.4: these say that EHLO is not known; any other refusal is meant for us.
        const bool old = s.code == 500 || s.code == 501 || s.code == 502 || s.code == 504;
        line_.offered = {};
        s.what = outcome::not_attempted;
        if (s.where == phase::ehlo && old && !options_.lmtp) line_.write.at = phase::helo;
        else leave(s);
    } else if (s.where == phase::greeting) {
        line_.write.at = options_.helo ? phase::helo : phase::ehlo;
    } else if (!line_.authenticates || line_.authenticated) {
        idle();
    } else if ((line_.chosen = choose_mechanism()) != mechanism::none) {
        line_.challenges = 0;
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
    if (!offered.empty()) return offered.has(mechanism::plain) ? mechanism::plain : mechanism::login;
    // AUTH is an extension: none after HELO (RFC 4954 §3).
    const bool blind = c.when == auth_when::attempt
                           ? line_.read.at == phase::ehlo
                           : c.when == auth_when::attempt_if_offered && line_.offered.has(extension::auth);
    return blind ? mechanism::plain : mechanism::none;
}

/// Whether AUTH carries all that it has to say, so that it may share a group (RFC 4954 §4).
bool session_base::one_step_auth() const noexcept {
    const credentials& c = options_.auth;
    // RFC 4954 §4: no initial response where the line would be longer than 512 octets.
    return line_.chosen == mechanism::plain && c.initial_response && c.user.size() + c.password.size() <= 370;
}

void session_base::on_auth(const status& s) noexcept {
    const bool behind = line_.outstanding != 0;
    line_.auth_due = false;
    if (s.code == 235) {
        line_.authenticated = line_.limits_stale = true;
        if (!behind) return idle();
        line_.up = true;
        line_.read = beginning();
        return;
    }
    if (!refused(s)) {
        // 334. PLAIN has one message, LOGIN has two; a server that asks for more gets nothing more. And where something was
        // sent behind AUTH the server takes that for the answer: every count is off by one.
        const unsigned most = line_.chosen == mechanism::login ? 2 : 1;
        if (line_.challenges == most || behind) {
            ++line_.outstanding;
            distrust(errc::unexpected_reply);
            if (behind) line_.open = false;
            return;
        }
        line_.up = false;
        ++line_.challenges;
        line_.write.at = phase::auth;
        return;
    }
    // A refusal is final: the same secret is not shown again by a weaker mechanism.
    if (!behind) return leave(s);
    // What was sent behind it is judged without it. Nothing is added that could make the server take a mail; what it takes
    // all the same is told as taken.
    line_.goodbye = s;
    line_.read = beginning();
    bool half = content_.in_chunk;
    for (mail* m = line_.first; m != nullptr; m = m->progress.next_) {
        if (m->progress.ending_sent_) {
            half = half || !handed_over(*m);
            continue;
        }
        decide(*m, s);
        m->progress.failing_ = true;
        if (m == line_.started) break;
    }
    if (half) {
        // Octets that would make it take a mail have not left yet: they must not.
        lose(errc::refused);
        return over(errc::refused, phase::auth);
    }
}

void session_base::on_mail(const status& s) noexcept {
    mail& m = *line_.first;
    line_.mail_open = !refused(s);
    if (refused(s)) {
        decide(m, s);
        m.progress.failing_ = true;
    }
    line_.read.recipient = m.progress.first_;
    advance_read();
}

/// The read cursor stands behind MAIL or a RCPT: it moves on to the next command of the mail.
void session_base::advance_read() noexcept {
    mail& m = *line_.first;
    mail_progress& p = m.progress;
    cursor& read = line_.read;
    read.at = phase::rcpt;
    for (; read.recipient != m.recipients.size(); ++read.recipient)
        if (m.recipients[read.recipient].at == recipient::standing::sent) return;
    read = {p.data_sent_ ? phase::data : phase::content, p.first_};
}

void session_base::on_recipient(const status& s) noexcept {
    mail& m = *line_.first;
    mail_progress& p = m.progress;
    const std::size_t index = line_.read.recipient++;
    recipient& r = m.recipients[index];
    // RFC 5321 §4.5.3.1.10: more than it takes at a time is 452, of old 552. One that is alone is refused for itself.
    const bool said = s.enhanced.subject == 5 && s.enhanced.detail == 3;
    status full = s; // RFC 5321 §4.5.3.1.10: temporary, also where an old server says 552
    if (said && s.code == 552) full.what = outcome::deferred;
    const bool again = config::many_mails && p.taken_ != 0 && (s.code == 452 || (s.code == 552 && said)) &&
                       (said || !s.enhanced) && m.policy == recipient_policy::best_effort && !p.failing_ &&
                       repeatable(m);
    if (!refused(s)) {
        ++p.taken_;
        r.at = recipient::standing::taken;
        p.one_over_ = false;
        line_.mail_open = true; // also where MAIL was refused
    } else if (again) {
        r.at = recipient::standing::waiting;
        r.result = full;
        ++p.waiting_;
        // A bare 452 may mean this recipient alone, whose mailbox is full; a second one in a row does not.
        if (!p.full_ && (said || p.one_over_)) {
            line_.rcpt_most = static_cast<std::uint32_t>(p.taken_);
            p.full_ = true;
        }
        p.one_over_ = true;
        if (p.full_ && &m == line_.started && line_.write.at == phase::rcpt && line_.rendered == 0) next_recipient();
    } else {
        p.refused_some_ = true;
        r.at = recipient::standing::done;
        if (r.result.open() && line_.goodbye.where == phase::auth) {
            r.result = line_.goodbye; // that came first
        } else if (r.result.open()) {
            r.result = full;
            line_.event = action::kind::refused;
            line_.event_mail = &m;
            line_.event_recipient = index;
        }
    }
    advance_read();
}

void session_base::on_data(const status& s) noexcept {
    mail& m = *line_.first;
    mail_progress& p = m.progress;
    if (refused(s)) {
        decide(m, s);
        return stop_writing();
    }
    if constexpr (config::pipelining) {
        // RFC 2920 §3.1: nobody is left to get the mail, so a lone dot and not the mail. But where the server took a
        // recipient although it refused MAIL, or AUTH, the dot would deliver an empty mail; and how many answers a dot for
        // nobody has over LMTP is not known.
        p.discard_ = p.taken_ == 0;
        if ((p.failing_ && !p.discard_) || (p.discard_ && options_.lmtp)) {
            lose(errc::unexpected_reply);
            return over(errc::unexpected_reply, phase::data);
        }
    }
    p.go_ahead_ = true;
    p.outstanding_ = 1;
    line_.outstanding = 1;
    line_.read = {phase::content, p.first_};
}

void session_base::on_content(const status& s) noexcept {
    mail& m = *line_.first;
    mail_progress& p = m.progress;
    if (config::chunking && p.chunked_) {
        if (s.code == 500 || s.code == 502) {
            // It does not know BDAT: the octets behind it may have been run as commands.
            lose(errc::unexpected_reply);
            return over(errc::unexpected_reply, phase::content);
        }
        const bool last = p.chunks_ == 0;
        if (!last) --p.chunks_;
        if (refused(s) && (!last || !handed_over(m))) {
            // No further BDAT; one that was begun is finished (RFC 3030 §4.2).
            decide(m, s);
            p.failing_ = true;
        }
        if (!last) {
            line_.read.recipient = m.recipients.size();
            return advance_read();
        }
        if (!handed_over(m)) {
            if (refused(s)) return;
            ++line_.outstanding;
            return distrust(errc::unexpected_reply); // it accepts what it cannot have
        }
    } else if (!handed_over(m)) {
        ++line_.outstanding;
        if (!refused(s)) return distrust(errc::unexpected_reply);
        decide(m, s);
        lose(errc::refused);
        return over(errc::refused, phase::content); // refused in the middle: to stop now is to close
    }
    p.taken_over_ = p.taken_over_ || !refused(s);
    if (config::lmtp && options_.lmtp && p.taken_ != 0) {
        // RFC 2033 §4.2: an answer for each recipient that was taken, in their order.
        cursor& read = line_.read;
        const std::size_t size = m.recipients.size();
        while (read.recipient != size && m.recipients[read.recipient].at != recipient::standing::taken)
            ++read.recipient;
        if (read.recipient != size) {
            recipient& r = m.recipients[read.recipient];
            r.at = recipient::standing::done;
            if (r.result.open()) r.result = s; // else a BDAT before the last was refused, for all of them
            if (refused(s)) {
                line_.event = action::kind::refused;
                line_.event_mail = &m;
                line_.event_recipient = read.recipient;
            }
        }
        line_.mail_open = false;
        if (--p.taken_ == 0) return;
        ++p.outstanding_;
        ++line_.outstanding;
        return;
    }
    decide(m, s);
    // The dot ends a transaction whatever is answered, BDAT only where it is taken (RFC 5321 §4.1.1.4, RFC 3030 §4.2).
    if (!refused(s) || !p.chunked_) line_.mail_open = false;
}

/// 421 to a command of a mail: the server closes the connection (RFC 5321 §3.8).
void session_base::on_goodbye(const status& s) noexcept {
    mail& m = *line_.first;
    const bool behind = line_.outstanding != 0;
    if (s.where == phase::content && m.progress.chunks_ == 0 && handed_over(m)) on_content(s);
    bool committed = false;
    for (const mail* other = &m; other != nullptr; other = other->progress.next_)
        committed = committed || (handed_over(*other) && other->progress.outstanding_ != 0);
    if (!behind || !committed) {
        leave(s);
        if (behind) over(s.error, s.where);
        return;
    }
    // If it closes now, nothing behind this command was looked at. But mails behind it may have been taken all the same:
    // what comes, or how the connection ends, will tell.
    line_.goodbye = s;
    if (s.where == phase::rset) {
        line_.read.at = phase::mail;
    } else if (s.where != phase::content) {
        line_.read.recipient = s.where == phase::mail ? m.progress.first_ : line_.read.recipient + 1;
        advance_read();
    } else if (m.progress.chunks_ != 0) {
        --m.progress.chunks_;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Turns of the session

/// Where the answers for the oldest mail begin, if something was sent of it.
session_base::cursor session_base::beginning() const noexcept {
    if (line_.first == nullptr || line_.started == nullptr) return {};
    const mail_progress& p = line_.first->progress;
    return {p.resets_ ? phase::rset : phase::mail, p.first_};
}

/// The session is free for the next thing: a mail that waits, or whatever the caller asks for.
void session_base::idle() noexcept {
    line_.up = true;
    line_.read.at = line_.write.at = phase::connect;
}

/// Ends the session with a QUIT, but at once where a line, a chunk or a content was begun, or not all of it has left: QUIT
/// would be read as the rest of it, could complete a mail, and the memory that it lies in is the caller's again.
void session_base::leave(const status& s) noexcept {
    decide_all(s);
    line_.error = s.error;
    line_.ended = s.where;
    line_.outstanding = 0;
    const mail* const m = line_.started;
    const bool inside = m != nullptr && m->progress.go_ahead_ && !m->progress.written_;
    line_.open = line_.rendered == 0 && !content_.in_chunk && line_.unsent == 0 && !inside;
    line_.rendered = 0;
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
    lose(why);
    leave({.where = where, .error = why});
    line_.deaf = true;
}

/// Gives a result to every recipient of a mail that has none: the first refusal in protocol order wins.
void session_base::decide(mail& m, status s) noexcept {
    using standing = recipient::standing;
    if (line_.goodbye.where == phase::auth && s.what != outcome::accepted && s.what != outcome::unknown)
        s = line_.goodbye;
    const bool accepted = s.what == outcome::accepted;
    bool some = false;
    for (recipient& r : m.recipients) {
        if (accepted && r.at != standing::taken) continue;
        const bool waiting = r.at == standing::waiting;
        if (waiting) r.at = standing::done; // the others are passed by the replies to come
        if (!r.result.open()) continue;
        r.result = s;
        some = true;
        if (waiting && s.code == 0) r.result.what = outcome::not_attempted;
    }
    if (!accepted) m.progress.waiting_ = 0;
    if (!some || s.error != errc::refused) return;
    line_.event = action::kind::refused;
    line_.event_mail = &m;
    line_.event_recipient = all_recipients;
}

/// The same for all mails in the queue.
void session_base::decide_all(const status& s) noexcept {
    for (mail* m = line_.first; m != nullptr; m = m->progress.next_) decide(*m, s);
    if (line_.first != nullptr) line_.event_mail = line_.first;
}

bool session_base::handed_over(const mail& m) const noexcept { return m.progress.ending_sent_ && let_go(m); }

/// What is known of a mail that was sent in full.
status session_base::no_answer(errc why) noexcept {
    return {.what = outcome::unknown, .where = phase::content, .error = why};
}

/// There will be no answer.
void session_base::lose(errc why) noexcept {
    for (mail* m = line_.first; m != nullptr; m = m->progress.next_) {
        if (handed_over(*m)) decide(*m, no_answer(why));
        else decide(*m, {.what = outcome::deferred, .where = m == line_.first ? here() : phase::mail, .error = why});
    }
}

} // namespace postrider

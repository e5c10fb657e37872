// The state machine: everything that a session decides is decided here, in session_write.cpp and in session_read.cpp.
//
// THEORY OF OPERATION
//
// A session is a sequence of commands in protocol order,
//
//     (greeting) EHLO [HELO] [STARTTLS, TLS, EHLO] [AUTH, answers...]
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
// TLS begins where `tls_due` is set: behind the 220 to STARTTLS, or before the greeting. From there on nothing that was, or is,
// received is looked at until `tls_started`; if there is anything, that is the end, since whoever can write into the clear text
// would have it read as the server's words. Then all that was offered is forgotten, and EHLO is said again. No way leads back.
//
// AUTH is decided in `begin_auth`, which is reached from EHLO once the connection is as secure as it will be, and again when
// credentials that were asked for are there, or when the server takes back what it has listed. An exchange with challenges runs
// by `on_challenge` and ends by `on_auth`; what makes no sense is cancelled by `*`, whose refusal is the end of the session. A
// 235 is believed when the exchange, if there is one, has seen the server's proof.
//
// What a mail became is written at few places: for one recipient by `on_recipient`, and `on_goodbye`, a refusal, and by
// `on_content`, the answer over LMTP; for those that no further transaction is left for by `retire`; and by `decide` for
// every recipient that has no result yet: a refusal of AUTH, MAIL, DATA or the content, its acceptance, or `lose`, when there
// will be no answer: `unknown` if the end of the content was handed to the system, else `deferred`, or `not_attempted` for
// those whose RCPT was never rendered. A result is written once, so the first refusal in protocol order wins, and those that
// follow from it change nothing. But what was refused as a whole and is taken all the same is `unknown`.
//
// `goodbye` is the verdict for what was sent behind an AUTH that was refused, or behind a 421 (`closing`): that is read on,
// since it may have been taken, and nothing more is sent.
//
// THE ONE DANGER: saying that a mail was not taken when it was, or the other way round. So the end of the content counts
// as sent by what the system took (`wrote`), not by what was rendered; a reply that comes before it can refuse a mail, but
// not accept it; and after anything that is not a reply, nothing that follows is believed (`distrust`).

#include "postrider/session.hpp"

#include "core/chars.hpp"
#include "core/parameters.hpp"
#include "postrider/limits.hpp"

namespace postrider {

namespace {

// The window of mails in doubt opens by one with each mail that is taken, so it doubles with each flight; one that is refused
// halves it, and after some it stays closed on this connection.
constexpr std::uint16_t first_window = 4;

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
    if (const errc e = check(auth); e != errc::ok) return line_.error = e;
    const bool tls = config::tls && options.tls < tls_policy::none;
    if (options.look_ahead == 0 || (options.helo && options.lmtp) || (options.implicit_tls && !tls) ||
        (options.helo && options.tls == tls_policy::verified && !options.implicit_tls) ||
        (!config::tls && options.tls < tls_policy::none))
        return line_.error = errc::invalid_parameter;
    line_.authenticates = !auth.user.empty() || auth.when == auth_when::attempt;
    if constexpr (config::all_mechanisms)
        line_.authenticates =
            line_.authenticates || !auth.token.empty() || auth.on_demand || named_mechanisms.has(auth.preferred);
    if (line_.authenticates && options.tls == tls_policy::none && !auth.allow_cleartext_auth)
        return line_.error = errc::cleartext_auth;
    line_.open = true;
    line_.tls_due = tls && options.implicit_tls;
    line_.window = options.look_ahead < first_window ? options.look_ahead : first_window;
    line_.read.at = phase::greeting;
    line_.outstanding = 1;
    return errc::ok;
}

/// Whether these credentials can be sent at all.
errc session_base::check(const credentials& with) noexcept {
    const std::string_view password = with.password.reveal(), token = with.token.reveal();
    const bool challenged = config::all_mechanisms && !with.exchanges.empty();
    for (const std::string_view text : {with.user, password, with.authorize_as}) {
        for (const char c : text) {
            if (c == '\0' || (challenged && !with.prepared && static_cast<unsigned char>(c) > 127))
                return errc::invalid_credentials;
            if (config::all_mechanisms && !token.empty() && is_control(c)) return errc::invalid_credentials;
        }
    }
    std::size_t most = with.authorize_as.size() + with.user.size() + password.size();
    if constexpr (config::all_mechanisms) {
        for (const char c : token)
            if (is_control(c) || static_cast<unsigned char>(c) > 127) return errc::invalid_credentials;
        // A comma or an equals sign of a name takes three octets in OAUTHBEARER.
        const std::size_t bearer = 3 * (with.authorize_as.size() + with.user.size()) + token.size();
        if (bearer > most) most = bearer;
    }
    constexpr std::size_t around = 32; // of the messages
    return (most + around) / 3 * 4 > limits::sasl_line ? errc::credentials_too_long : errc::ok;
}

errc session_base::authenticate(const credentials& with) noexcept {
    if (!line_.credentials_due) return errc::wrong_state;
    line_.credentials_due = false;
    if (const errc e = check(with); e != errc::ok) {
        leave({.where = phase::auth, .error = e});
        return e;
    }
    const flags<mechanism> allowed = options_.auth.allowed;
    options_.auth = with;
    options_.auth.allowed.bits &= allowed.bits; // a floor is not forgotten because somebody else has the password
    options_.auth.on_demand = true;
    line_.supplied = true;
    begin_auth({});
    return errc::ok;
}

void session_base::no_credentials() noexcept {
    if (!line_.credentials_due) return;
    line_.credentials_due = false;
    leave(line_.refreshed ? line_.auth_refusal : status{.where = phase::auth, .error = errc::credentials_failed});
}

void session_base::tls_started(const tls_channel& channel) noexcept {
    if (!line_.tls_due) return;
    const errc why = !line_.input.empty()                                        ? errc::octets_before_tls
                     : options_.tls == tls_policy::verified && !channel.verified ? errc::tls_unverified
                                                                                 : errc::ok;
    if (why != errc::ok) return failed(why);
    line_.tls_due = false;
    line_.encrypted = true;
    line_.authenticated = false;
    line_.channel = channel;
    reader_.restart();
    if (line_.outstanding != 0) return; // the greeting is to come
    line_.offered = {};                 // RFC 3207 §4.2: what was said in clear text may be anybody's word
    line_.write.at = phase::ehlo;
}

errc session_base::send(mail& m) noexcept {
    if (!takes_mails()) return errc::wrong_state;
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
    if (!config::parameters) {
        // Nothing has to be known of it before DATA.
    } else if (c.pulled || !c.url.empty()) {
        progress.size_ = c.size;
        progress.sized_ = c.pulled && c.size != 0;
        progress.eight_bit_ = c.kind == octets::eight_bit;
        progress.utf8_header_ = c.utf8_header;
    } else if (config::all_extensions && c.kind == octets::binary) {
        content_facts facts; // of the header block
        facts.look_through(c.text);
        progress.sized_ = true;
        progress.size_ = c.text.size();
        for (const std::string_view part : c.more) {
            facts.look_through(part);
            progress.size_ += part.size();
        }
        progress.utf8_header_ = facts.eight_bit_header;
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
        progress.utf8_header_ = facts.eight_bit_header;
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

bool session_base::takes_mails() const noexcept {
    return line_.open && !line_.deaf && line_.read.at != phase::quit && line_.goodbye.code == 0;
}

bool session_base::wants_mail() const noexcept {
    if (!takes_mails() || unstarted() != nullptr || line_.asked) return false;
    if (mail_max_reached() && !line_.limits_stale) return false; // else EHLO is said again first
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
    const bool free = line_.outstanding == 0 && line_.read.at == phase::connect && line_.write.at == phase::connect;
    if (!line_.open || line_.first != nullptr || !free || line_.tls_due || line_.credentials_due)
        return errc::wrong_state;
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
    if (line_.closing && !line_.went_on && why == errc::connection_closed) {
        decide_all(line_.goodbye); // it said so, and has done so: what lay behind that command was not looked at
        return over(errc::refused, line_.goodbye.where);
    }
    lose(why);
    over(why, of_content(why) ? phase::content : where);
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
    if (config::tls && line_.open && line_.tls_due) {
        // What stands behind the 220 was not said inside TLS, and would be taken for it (RFC 3207 §4.2).
        if (!line_.input.empty()) {
            failed(errc::octets_before_tls);
            return false;
        }
        a.what = action::kind::tls;
        a.must_verify = options_.tls == tls_policy::verified;
        return true;
    }
    // Not before a mail is told of: what follows the reply that ended it would take that reply's place.
    if (line_.open && !line_.deaf && read_replies()) return false;
    if (!line_.open || (line_.deaf && line_.write.at == phase::connect)) {
        a.what = action::kind::closed;
        a.ends = line_.deaf && line_.open; // a QUIT
        line_.open = line_.deaf = false;
        return true;
    }
    if (config::all_mechanisms && line_.credentials_due) {
        a.what = action::kind::credentials;
        a.again = line_.refreshed;
        return true;
    }
    if (config::chunking && line_.doomed != errc::ok && line_.first == line_.started) {
        failed(line_.doomed);
        return false;
    }
    if (config::pipelining && line_.goodbye.code != 0 && line_.outstanding == 0 && !leaving) {
        leave(line_.goodbye);
        return false;
    }
    // Not while a mail that is through has octets on their way: it must be out of the queue before the cursors move on.
    const bool through = line_.first != nullptr && is_through(*line_.first);
    if (line_.write.at == phase::connect && line_.up && !leaving && !through) {
        if (mail* const m = unstarted(); m != nullptr && may_begin()) {
            // What is begun is written at once, if only in part: so each reply finds on the wire what it finds here.
            if (buffer.empty()) {
                a.what = action::kind::write;
                a.where = phase::mail;
                return true;
            }
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
        if (m.policy == recipient_policy::all_or_nothing)
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
    if (through) a.what = action::kind::write; // not let go: see there
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
    if (mail_max_reached() || (m != nullptr && limits_to_ask(*m))) return false; // what is in doubt is answered first
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

/// Whether the server takes no further transaction on this connection (RFC 9422).
bool session_base::mail_max_reached() const noexcept {
    return config::many_mails && config::all_extensions && line_.offered.mail_max != 0 &&
           line_.transactions >= line_.offered.mail_max;
}

/// Whether a limit from before AUTH binds: it may be another for who is authenticated (RFC 9422 §4), so EHLO is said again,
/// once.
bool session_base::limits_to_ask(const mail& m) const noexcept {
    if (!config::many_mails || !config::all_extensions || !line_.limits_stale) return false;
    const capabilities& offered = line_.offered;
    return mail_max_reached() || (offered.rcpt_max != 0 && m.progress.waiting_ > offered.rcpt_max);
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
        if (p.utf8_header_ || utf8_path) needed.add(extension::smtputf8);
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
    m.missing.bits = needed.bits & ~usable().bits;
    if (tls && !secure()) m.missing.add(extension::require_tls);
    if (!m.missing.empty()) return errc::extension_unavailable;

    p.utf8_ = (p.utf8_header_ || utf8_path) && usable(extension::smtputf8);
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
    if constexpr (config::many_mails && config::all_extensions) {
        if (limits_to_ask(m)) {
            line_.limits_stale = line_.up = false;
            line_.write.at = phase::ehlo;
            return;
        }
        if (mail_max_reached()) return leave({.where = phase::mail, .error = errc::mail_limit});
    }
    line_.started = &m;
    if constexpr (config::parameters) {
        if (const errc e = fits(m); e != errc::ok) {
            p.written_ = true;
            return decide(m, {.where = phase::mail, .error = e});
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
    return most == 0 || line_.domains < most || line_.last_domain == hash_of(r.forward_path.domain_part());
}

/// Puts the write cursor at the next RCPT from where it stands, or behind the last.
void session_base::next_recipient() noexcept {
    mail& m = *line_.started;
    mail_progress& p = m.progress;
    cursor& write = line_.write;
    bool full = p.full_; // which is what the server has shown, and what it says is not
    if constexpr (config::many_mails) {
        const std::uint32_t named = line_.offered.rcpt_max, shown = line_.rcpt_most;
        const std::uint32_t most = shown == 0 || (named != 0 && named < shown) ? named : shown;
        if (most != 0 && p.sent_ >= most && m.policy == recipient_policy::best_effort) full = true;
    }
    for (; !full && write.recipient != m.recipients.size(); ++write.recipient) {
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
    if (config::chunking && p.chunked_ && p.taken_over_) {
        if (line_.spoiled < most_spoiled && line_.window < options_.look_ahead) ++line_.window;
    } else if (config::chunking && p.chunked_) {
        // Exim 4.96 takes one RSET a mail that it accepts, counts each further one, and hangs up at the eleventh, with
        // whatever is in doubt. RSET behind a mail that is known to be refused is that one; on speculation it is the second.
        if (++line_.spoiled >= most_spoiled) line_.window = 1;
        else if (line_.window > 1) line_.window /= 2;
    }
    p.queued_in_ = nullptr;
    // A mail that was not sent, since it does not fit, ends also where AUTH, or EHLO, is what is due.
    if (line_.open && line_.read.at >= phase::rset && line_.read.at < phase::quit) line_.read = beginning();
    if (config::many_mails && p.waiting_ != 0) { // the session goes on: else all are decided
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
            if (r.at == recipient::standing::waiting)
                r.result = {.where = phase::rcpt, .error = errc::too_many_recipients};
        p.waiting_ = 0;
    }
    line_.event = action::kind::mail;
    line_.event_mail = &m;
}

// ---------------------------------------------------------------------------------------------------------------------
// Turns of the session

/// Where the answers for the oldest mail begin. What stands behind one that does not fit, and was not sent, is found when that
/// is out of the queue.
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
    end_auth();
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
    end_auth();
    line_.tls_due = line_.credentials_due = false;
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

/// What of a mail is refused behind AUTH that was refused, or behind its own command that was answered 421, is refused by that.
status session_base::first_refusal(const mail& m, const status& s) const noexcept {
    return config::pipelining && line_.goodbye.code != 0 &&
                   (line_.goodbye.where == phase::auth || line_.goodbye_mail == &m)
               ? line_.goodbye
               : s;
}

/// Gives a result to every recipient of a mail that has none: the first refusal in protocol order wins.
void session_base::decide(mail& m, status s) noexcept {
    using standing = recipient::standing;
    if (s.what != outcome::accepted && s.what != outcome::unknown) s = first_refusal(m, s);
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
    // A refusal has a code. Without one it was another mail that was refused, and this one goes the way of the session.
    // Of several that end by one reply, the first is told of; and of none where it was an earlier reply, whose text is gone.
    if (!some || s.error != errc::refused || s.code != reader_.code() || line_.event != action::kind::ready) return;
    line_.event = action::kind::refused;
    line_.event_mail = &m;
    line_.event_recipient = all_recipients;
}

/// The same for all mails in the queue.
void session_base::decide_all(const status& s) noexcept {
    for (mail* m = line_.first; m != nullptr; m = m->progress.next_) decide(*m, s);
}

bool session_base::handed_over(const mail& m) const noexcept { return m.progress.ending_sent_ && let_go(m); }

/// What is known of a mail that was sent in full.
status session_base::no_answer(errc why) noexcept {
    return {.what = outcome::unknown, .where = phase::content, .error = why};
}

/// Whether it is the content of the mail under way that could not be had, or was not as it was said to be.
bool session_base::of_content(errc why) const noexcept {
    return kind(why) == errc_kind::caller && line_.started != nullptr;
}

/// There will be no answer.
void session_base::lose(errc why) noexcept {
    for (mail* m = line_.first; m != nullptr; m = m->progress.next_) {
        if (handed_over(*m)) decide(*m, no_answer(why));
        else
            decide(*m, {.what = outcome::deferred,
                        .where = of_content(why)    ? phase::content
                                 : m == line_.first ? here()
                                                    : phase::mail,
                        .error = of_content(why) && m != line_.started ? errc::cancelled : why});
    }
}

} // namespace postrider

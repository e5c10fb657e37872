// The state machine's reply side: what a reply belongs to, and what it means. The theory of operation is in session.cpp.

#include "core/command_writer.hpp"
#include "postrider/session.hpp"

#include <bit>

namespace postrider {

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
    } else if (at == phase::data                                ? digit != 3
               : at == phase::auth                              ? code != 235 && code != 334
               : at == phase::greeting || at == phase::starttls ? code != 220
                                                                : digit != 2) {
        // A code of a digit that makes no sense for its command is no answer to it (RFC 5321 §4.3.2). 220 alone greets
        // (§4.3.1): another may be the answer to somebody else's command. 235 alone says that the server knows who we are
        // (RFC 4954 §6).
        return distrust(errc::unexpected_reply);
    }
    --line_.outstanding;
    const bool of_mail = at >= phase::rset && at < phase::quit && !line_.asked;
    if (of_mail) --line_.first->progress.outstanding_;
    line_.closing = line_.closing || code == 421;
    line_.went_on = line_.closing && (line_.went_on || !refused(s));
    if (code == 421 && of_mail) return on_goodbye(s);

    switch (at) {
    case phase::greeting:
    case phase::ehlo:
    case phase::helo: return on_hello(s);
    case phase::starttls: return on_starttls(s);
    case phase::auth: return on_auth(s);
    case phase::mail: return on_mail(s);
    case phase::rcpt: return on_recipient(s);
    case phase::data: return on_data(s);
    case phase::content: return on_content(s);
    default: break;
    }
    if constexpr (config::many_mails) return of_mail ? on_reset(s) : on_answer(at, s);
}

/// RSET in front of a mail.
void session_base::on_reset(status s) noexcept {
    if (!refused(s)) {
        line_.mail_open = false;
        line_.first->progress.reset_done_ = true;
        line_.read.at = phase::mail;
        return;
    }
    // The server may still hold the recipients of the mail before, and what was sent behind it would reach them too;
    // another connection will not.
    s.what = outcome::deferred;
    const bool behind = line_.outstanding != 0;
    for (mail* m = line_.first; m != nullptr; m = m->progress.next_)
        if (handed_over(*m)) decide(*m, no_answer(errc::unexpected_reply));
    leave(s);
    if (behind) over(s.error, phase::rset);
}

/// A command by itself.
void session_base::on_answer(phase command, const status& s) noexcept {
    line_.asked = false;
    line_.read.at = phase::connect;
    line_.event = action::kind::answered;
    line_.event_mail = nullptr;
    if (command == phase::rset && !refused(s)) line_.mail_open = false;
    if (command == phase::xclient && !refused(s)) {
        // The server stands behind its greeting again.
        line_.up = line_.authenticated = line_.mail_open = line_.written_open = line_.refreshed = false;
        line_.taken_back = {};
        line_.write.at = options_.helo ? phase::helo : phase::ehlo;
    }
    if (s.code == 421) leave(s);
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
    } else {
        line_.hello = s.where;
        if (!wants_tls() || line_.tls_refused) return begin_auth({});
        // Nothing but an extension could bring it (RFC 3207 §4), and what is not extended has none.
        if (s.where == phase::ehlo && usable(extension::starttls)) line_.write.at = phase::starttls;
        else if (options_.tls == tls_policy::opportunistic) begin_auth({});
        else leave(s = {.where = s.where, .error = errc::tls_unavailable});
    }
}

void session_base::on_starttls(status s) noexcept {
    line_.read.at = phase::connect;
    if (!refused(s)) {
        line_.tls_due = true;
    } else if (options_.tls == tls_policy::opportunistic && s.code != 421) {
        line_.tls_refused = true;
        begin_auth({});
    } else {
        s.what = outcome::not_attempted;
        leave(s);
    }
}

/// Chooses among the mechanisms that are listed, allowed, not taken back, and for which there is something.
bool session_base::pick_mechanism() noexcept {
    const credentials& c = options_.auth;
    const bool anyway = c.when == auth_when::attempt || c.when == auth_when::attempt_if_offered;
    const bool token = config::all_mechanisms && !c.token.empty();
    flags<mechanism> fit;
    if ((anyway || !c.user.empty()) && (!token || !c.password.empty())) {
        fit.add(mechanism::plain);
        fit.add(mechanism::login);
    }
    if constexpr (config::all_mechanisms) {
        if (!c.user.empty() && !c.password.empty())
            for (const sasl_exchange* const e : c.exchanges) fit.bits |= e->speaks().bits;
        if (line_.channel.binding.empty()) fit.bits &= ~plus_mechanisms.bits;
        if (token) fit.add(mechanism::oauthbearer);
        if (token && !c.user.empty()) fit.add(mechanism::xoauth2);
        if (named_mechanisms.has(c.preferred)) fit.add(c.preferred);
    }
    // Those that cannot say for whom would act for the user.
    if (!c.authorize_as.empty() && c.authorize_as != c.user) fit.bits &= ~for_the_user_alone.bits;
    fit.bits &= c.allowed.bits & ~line_.taken_back.bits;
    const std::uint32_t listed = fit.bits & line_.offered.mechanisms.bits;
    line_.chosen = listed == 0 ? mechanism::none : static_cast<mechanism>(std::bit_floor(listed));
    if (flags<mechanism>{listed}.has(c.preferred)) line_.chosen = c.preferred;
    if (listed != 0 || !anyway || !fit.has(mechanism::plain)) return listed != 0;
    // AUTH is an extension: none after HELO (RFC 4954 §3).
    const bool blind = c.when == auth_when::attempt ? line_.hello == phase::ehlo : line_.offered.has(extension::auth);
    if (blind) line_.chosen = mechanism::plain;
    return blind;
}

/// The session stands behind EHLO, or HELO, and is as secure as it will be. `refusal`: of a mechanism that was listed.
void session_base::begin_auth(const status& refusal) noexcept {
    const credentials& c = options_.auth;
    if (!line_.authenticates || line_.authenticated) return idle();
    const bool ask = config::all_mechanisms && c.on_demand && !line_.supplied &&
                     (line_.offered.mechanisms.bits & c.allowed.bits) != 0;
    if (!ask && !pick_mechanism()) {
        if (refusal.code != 0) return leave(refusal);
        if (c.when != auth_when::required && (c.when != auth_when::if_offered || !line_.offered.has(extension::auth)))
            return idle();
        return leave({.where = line_.hello, .error = errc::auth_unavailable});
    }
    if (!secure() && !c.allow_cleartext_auth) return leave({.where = line_.hello, .error = errc::cleartext_auth});
    line_.read.at = line_.write.at = phase::connect;
    if constexpr (config::all_mechanisms) {
        line_.credentials_due = ask;
        if (ask) return;
        bool plus = false;
        for (sasl_exchange* const e : c.exchanges) {
            if (!e->speaks().has(line_.chosen)) continue;
            line_.exchange = e;
            // A -PLUS that was taken back is as one that was taken out of the list, by somebody in between who cannot answer it;
            // and so is one that is listed, and not allowed, beside one that is. Where none is allowed we cannot.
            const std::uint32_t able = e->speaks().bits & plus_mechanisms.bits & c.allowed.bits;
            plus = able == 0 || (able & line_.offered.mechanisms.bits & ~line_.taken_back.bits) != 0;
        }
        if (line_.exchange != nullptr)
            if (const errc e = line_.exchange->begin(line_.chosen, c, line_.channel, plus); e != errc::ok)
                return leave({.where = phase::auth, .error = e});
    }
    line_.challenges = 0;
    line_.up = line_.dummy = false; // what shared a flight with one mechanism may not with the next
    line_.write.at = phase::auth;
    // RFC 4954 §4: no initial response where the line would be longer than 512 octets.
    char none[1]; // it is only counted
    command_writer line{{none, 0}, 0};
    base64_writer message{line};
    put_message(message);
    message.end();
    const bool first = line_.exchange != nullptr ? line_.exchange->client_first() : line_.chosen != mechanism::login;
    constexpr std::size_t around = std::string_view{"AUTH  \r\n"}.size();
    line_.initial = c.initial_response && first && line.total() + name(line_.chosen).size() + around <= 512;
}

/// Whether AUTH carries all that it has to say, so that it may share a group (RFC 4954 §4).
bool session_base::one_step_auth() const noexcept {
    return line_.initial &&
           (line_.chosen == mechanism::plain || (config::all_mechanisms && named_mechanisms.has(line_.chosen)));
}

/// The exchange is over, one way or the other.
void session_base::end_auth() noexcept {
    if (config::all_mechanisms && line_.exchange != nullptr) line_.exchange->forget();
    line_.exchange = nullptr;
}

void session_base::on_auth(const status& s) noexcept {
    const bool behind = config::pipelining && (line_.outstanding != 0 || line_.rendered != 0); // if only half a line
    line_.auth_due = false;
    if (!refused(s) && (line_.cancelled != errc::ok || (behind && s.code != 235))) {
        // `*` can only be refused (RFC 4954 §4). And a 334 where something was sent behind AUTH takes that for the answer: every
        // count is off by one.
        ++line_.outstanding;
        distrust(behind ? errc::unexpected_reply : line_.cancelled);
        if (behind) line_.open = false;
        return;
    }
    if (refused(s)) {
        if (!behind) return refuse_auth(s);
        if constexpr (config::pipelining) refuse_flight(s);
        return;
    }
    if (s.code != 235) return on_challenge();
    if (config::all_mechanisms && line_.exchange != nullptr) {
        // The server may add what it has left to say (RFC 4422 §3.6), although RFC 4954 has no place for it.
        const bool more = reader_.decode();
        const errc e = line_.exchange->end(more ? reader_.whole().text : std::string_view{});
        if (e != errc::ok) return leave({.where = phase::auth, .error = e});
        end_auth();
    }
    if (config::all_mechanisms && options_.auth.on_demand) {
        options_.auth.user = options_.auth.authorize_as = {};
        options_.auth.password = options_.auth.token = {};
        line_.supplied = false;
    }
    line_.authenticated = line_.limits_stale = true;
    if (!behind) return idle();
    line_.up = true;
    line_.read = beginning();
}

/// A 334. A server that asks for more than the mechanism has to say is told that this is the end (RFC 4954 §4).
void session_base::on_challenge() noexcept {
    line_.up = false;
    ++line_.challenges;
    line_.write.at = phase::auth;
    const bool first = line_.challenges == 1 && !line_.initial; // it asks for the first message
    if (config::all_mechanisms && line_.exchange != nullptr) {
        if (first && line_.exchange->client_first()) return;
        line_.cancelled = reader_.decode() ? line_.exchange->answer(reader_.whole().text) : errc::malformed_challenge;
        return;
    }
    // An error, in JSON (RFC 7628 §3.2.2), is answered, and then comes the refusal.
    const bool bearer = config::all_mechanisms && bearer_mechanisms.has(line_.chosen);
    line_.dummy = bearer && !first && !reader_.whole().text.empty();
    if (line_.challenges > (line_.chosen == mechanism::login || line_.dummy ? 2 : 1))
        line_.cancelled = errc::unexpected_reply;
}

/// A refusal is final: the same secret is not shown again by a weaker mechanism.
void session_base::refuse_auth(const status& s) noexcept {
    if (line_.cancelled != errc::ok) return leave({.where = phase::auth, .error = line_.cancelled});
    const bool token = bearer_mechanisms.has(line_.chosen);
    end_auth();
    if (!config::all_mechanisms || s.code == 421) return leave(s);
    // RFC 4954 §4: it does not speak what it has listed. Where something was tried that it has not, that is the answer.
    const bool listed = options_.auth.when == auth_when::required || options_.auth.when == auth_when::if_offered;
    if (s.code == 504 && line_.challenges == 0 && listed) {
        line_.taken_back.add(line_.chosen);
        return begin_auth(s);
    }
    if (s.code != 535 || !token || !options_.auth.on_demand || line_.refreshed) return leave(s);
    line_.refreshed = line_.credentials_due = true;
    line_.auth_refusal = s;
    line_.read.at = line_.write.at = phase::connect;
}

/// AUTH was refused, and something was sent behind it.
void session_base::refuse_flight(const status& s) noexcept {
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
                       repeatable(m) && line_.goodbye.code == 0;
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
        if (r.result.open()) {
            r.result = first_refusal(m, full);
            if (r.result.where != phase::rcpt) return advance_read();
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
    if (config::pipelining && p.failing_ && p.taken_ != 0 && !refused(s)) {
        // It was refused as a whole, and is taken: whoever is among the taken may get it, under whatever sender.
        for (recipient& r : m.recipients)
            if (r.at == recipient::standing::taken) r.result = no_answer(errc::unexpected_reply);
        lose(errc::unexpected_reply);
        return over(errc::unexpected_reply, phase::content);
    }
    if (config::lmtp && options_.lmtp) {
        // RFC 2033 §4.2: an answer for each recipient that was taken, in their order. No content goes to nobody, and no
        // answer is awaited that is not for one of them (below): so there is one, at or behind the cursor.
        cursor& read = line_.read;
        while (m.recipients[read.recipient].at != recipient::standing::taken) ++read.recipient;
        recipient& r = m.recipients[read.recipient];
        r.at = recipient::standing::done;
        if (r.result.open()) r.result = s; // else a BDAT before the last was refused, for all of them
        if (refused(s)) {
            line_.event = action::kind::refused;
            line_.event_mail = &m;
            line_.event_recipient = read.recipient;
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
    if (s.where == phase::content && m.progress.chunks_ == 0 && handed_over(m)) on_content(s);
    const bool behind = config::pipelining && line_.outstanding != 0; // over LMTP also the answers for others
    bool committed = false;
    for (const mail* other = &m; config::pipelining && other != nullptr; other = other->progress.next_)
        committed = committed || (handed_over(*other) && other->progress.outstanding_ != 0);
    if (!behind || !committed) {
        leave(s);
        if (behind) over(s.error, s.where);
        return;
    }
    if constexpr (!config::pipelining) return;
    // If it closes now, nothing behind this command was looked at. But mails behind it may have been taken all the same:
    // what comes, or how the connection ends, will tell. By then the text is gone, so it is told of at once.
    if (line_.goodbye.code == 0) {
        line_.goodbye = s;
        if (s.where != phase::rcpt && m.progress.outstanding_ != 0) line_.goodbye_mail = &m;
    }
    if (s.where == phase::rcpt) return on_recipient(s); // the others may get it
    if (s.where == phase::content) {
        if (m.progress.chunks_ != 0) --m.progress.chunks_;
        return;
    }
    // RSET or MAIL: nothing is sent behind DATA before it is answered.
    line_.event = action::kind::refused;
    line_.event_mail = &m;
    line_.event_recipient = all_recipients;
    if (s.where == phase::rset) {
        line_.read.at = phase::mail;
        return;
    }
    line_.read.recipient = m.progress.first_;
    advance_read();
}

} // namespace postrider

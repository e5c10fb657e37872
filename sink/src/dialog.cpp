#include "dialog.hpp"

#include <algorithm>

#include "base64.hpp"

namespace postrider::sink {

namespace {

constexpr std::size_t longest_response = 12288; // RFC 4954 section 4.3

content::keeping keeping_of(service& service) {
    const config& config = service.config;
    return {service.records(), config.keep_mails || config.on_mail, service.store.is_open() ? &service.store : nullptr};
}

} // namespace

dialog::dialog(service& service, outbox& out, std::uint64_t connection, const std::string& peer)
    : service_(service), out_(out), connection_(connection), peer_(peer), content_(keeping_of(service)) {}

// --- What is said, and what the script makes of it ---------------------------------------------------------

void dialog::say(int code, std::string_view enhanced, std::string_view text, std::string_view more) {
    const char digits[4] = {static_cast<char>('0' + code / 100), static_cast<char>('0' + code / 10 % 10),
                            static_cast<char>('0' + code % 10), ' '};
    out_.append({digits, 4});
    if (!enhanced.empty() && extended_ && offering().offers.enhanced_status_codes) {
        out_.append(enhanced);
        out_.append(" ");
    }
    out_.append(text);
    out_.append(more);
    out_.append("\r\n");
    switch (code) {
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
    case 555: ++since_.seen.errors; break;
    default: break;
    }
}

effect dialog::scripted(const occasion& what) const {
    return service_.script.empty() ? effect{} : service_.script.at(what);
}

occasion dialog::command_event(verb verb, std::string_view line) const {
    return {occasion::kind::command, connection_, commands_, verb, verbs_seen_[static_cast<std::size_t>(verb)], line};
}

// The reply of the command just performed stands in the outbox from `mark`.
void dialog::settle(std::uint64_t mark, const effect& does, bool must_wait) {
    const bool no_reply = (does.ending != ending::none && !does.ends_after_reply) || does.endless != endless::none;
    if (does.reply || no_reply) out_.truncate(mark);
    if (does.reply && !no_reply) out_.append(*does.reply);
    if (service_.is_watched()) tell_reply(out_.from(mark));
    if (does.renegotiate) out_.renegotiate(mark);
    if (does.delay.count() != 0) out_.pause(mark, does.delay);
    if (does.pace != pace{}) {
        out_.change_pace(mark, does.pace);
        out_.change_pace(out_.end(), service_.script.throughout(connection_).pace);
    }
    if (!does.then.empty()) {
        out_.pause(out_.end(), {});
        out_.append(does.then);
    }
    service_.transcript.from_server(connection_, out_.from(mark));
    if (fresh_mail_ != 0) promises_.push_back({fresh_mail_, no_reply ? UINT64_MAX : out_.end()});
    fresh_mail_ = 0;
    if (does.endless != endless::none) out_.babble(does.endless, greeted_ ? "250" : "220");
    if (does.ending != ending::none) {
        service_.transcript.event(connection_, "the script ends the connection here");
        out_.finish(does.ending);
    } else if (quit_ || leaving_) {
        out_.finish(ending::close);
    }
    if (!quit_) answers_.others = true;
    if (must_wait || !extended_ || !offering().offers.pipelining) {
        must_wait_until_ = out_.end();
        note_early(consumed_);
    }
}

// A refusal, or that AUTH succeeded, by what the client is told: it matters not who decided it, and the text of a
// 4yz or 5yz holds no secret.
void dialog::tell_reply(std::string_view reply) const {
    if (reply.empty()) return;
    const bool auth = answering_ == "AUTH";
    if (auth && reply[0] == '2') {
        event let_in;
        if (since_.authenticated) let_in.mechanism = auth_mechanism_, let_in.user = auth_user_;
        return service_.tell(event::kind::authenticated, connection_, std::move(let_in));
    }
    if (reply[0] != '4' && reply[0] != '5') return;
    event refusal;
    refusal.command = answering_;
    for (const char c : reply)
        if (c != '\r') refusal.reply += c;
    while (refusal.reply.ends_with('\n')) refusal.reply.pop_back();
    if (answering_ == "MAIL" || answering_ == "RCPT") {
        const path_argument path = parse_path_argument(answering_for_, answering_ == "MAIL" ? "FROM:" : "TO:");
        refusal.address = path.well_formed ? path.address : answering_for_;
    } else if (answering_ == "content") {
        refusal.address = answering_for_;
    }
    mail so_far; // the content stays where it is
    if (has_mail_) {
        so_far.from = mail_.from;
        so_far.recipients = mail_.recipients;
        so_far.octets = content_.octets();
        refusal.mail = &so_far;
    }
    service_.tell(event::kind::refused, connection_, std::move(refusal));
}

// The client sent the octets from `from` on without the reply that it had to wait for.
void dialog::note_early(std::uint64_t from) {
    from = std::max(from, counted_early_);
    if (arrived_ <= from) return;
    since_.seen.early_octets += arrived_ - from;
    counted_early_ = arrived_;
}

// RFC 2920 section 3.1: the commands that may only be the last of a group, and those that nothing allows
// elsewhere. BURL may share it (RFC 4468 section 3.2), and XFORWARD: Postfix's client sends it so. AUTH asks to be
// waited for by its 334.
bool dialog::must_wait(verb verb) const {
    switch (verb) {
    case verb::mail:
    case verb::rcpt:
    case verb::rset:
    case verb::bdat:
    case verb::burl:
    case verb::xforward:
    case verb::auth: return false;
    default: return true;
    }
}

dialog::answers dialog::take_answers() {
    const answers taken = answers_;
    answers_ = {};
    return taken;
}

void dialog::sent() {
    const std::uint64_t position = out_.sent();
    while (kept_promises_ < promises_.size() && promises_[kept_promises_].reply_end <= position) {
        ++since_.seen.replies_delivered;
        if (service_.config.keep_mails) since_.delivered.push_back(promises_[kept_promises_].mail);
        ++kept_promises_;
    }
    // A client that reads leaves none over after each batch, so this seldom moves anything.
    if (kept_promises_ * 2 < promises_.size()) return;
    promises_.erase(promises_.begin(), promises_.begin() + static_cast<std::ptrdiff_t>(kept_promises_));
    kept_promises_ = 0;
}

std::vector<std::uint64_t> dialog::undelivered() const {
    std::vector<std::uint64_t> ids;
    for (std::size_t i = kept_promises_; i < promises_.size(); ++i) ids.push_back(promises_[i].mail);
    return ids;
}

// --- What comes in -----------------------------------------------------------------------------------------

void dialog::greet(bool full) {
    const effect first = scripted({occasion::kind::connect, connection_, 1, verb::unknown, 0, {}});
    effect does = scripted({occasion::kind::greeting, connection_, 1, verb::unknown, 0, {}});
    does.join(first);
    refused_ = full || does.severity() > 3;
    perform(does, true, [&] {
        if (full) say(421, "", service_.config.name + " too many connections, try later");
        else say_welcome();
    });
    greeted_ = true;
    if (full) out_.finish(ending::close);
}

void dialog::time_out() {
    say(421, "4.4.2", service_.config.name + " idle for too long, closing");
    service_.transcript.event(connection_, "idle for too long");
    out_.finish(ending::close);
}

std::size_t dialog::feed(std::string_view input, std::size_t fresh) {
    arrived_ += fresh;
    if (out_.sent() < must_wait_until_) note_early(arrived_ - fresh);
    std::size_t at = 0;
    while (at < input.size() && !out_.suspended()) {
        const std::string_view rest = input.substr(at);
        const std::size_t taken = mode_ == mode::data       ? feed_data(rest)
                                  : mode_ == mode::chunk    ? feed_chunk(rest)
                                  : mode_ == mode::starttls ? throw_away(rest)
                                                            : feed_line(rest);
        if (taken == 0) break;
        at += taken;
    }
    return at;
}

// RFC 3207 section 6: what came in clear behind STARTTLS may be anybody's.
std::size_t dialog::throw_away(std::string_view input) {
    consumed_ += input.size();
    since_.seen.behind_starttls += input.size();
    service_.transcript.from_client(connection_, "[octets behind STARTTLS, thrown away]");
    return input.size();
}

std::size_t dialog::feed_line(std::string_view input) {
    const std::size_t longest = mode_ == mode::response ? longest_response : service_.config.max_command_octets;
    const std::size_t lf = input.find('\n');
    const bool whole = lf != std::string_view::npos;
    const std::size_t size = whole ? lf + 1 : input.size();
    if (!whole && size <= longest && mode_ != mode::long_line) return 0;
    consumed_ += size;
    if (mode_ == mode::long_line || size > longest) {
        // Answered once, at its end: what a client sends behind it must find the reply in its place.
        mode_ = whole ? mode::command : mode::long_line;
        if (!whole) return size;
        exchange_.reset();
        answering_ = "line";
        service_.transcript.from_client(connection_, "[a line that is too long]");
        perform(effect{}, true, [&] { say(500, "5.5.6", "Line too long"); });
        return size;
    }
    take_line(input.substr(0, size));
    answering_for_ = {}; // the line is gone
    return size;
}

void dialog::take_line(std::string_view line) {
    const bool crlf = line.ends_with("\r\n");
    line.remove_suffix(crlf ? 2 : 1);
    if (!crlf || line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
        // Only CRLF ends a line. Answering, rather than waiting for a CRLF, shows the client its mistake.
        mode_ = mode::command;
        exchange_.reset();
        answering_ = "line";
        service_.transcript.from_client(connection_, "[a line with a bare CR, LF or NUL]");
        perform(effect{}, true, [&] { say(500, "5.5.2", "A line has no CR, LF or NUL but its CRLF"); });
        return;
    }
    if (mode_ != mode::response) return take_command(line);
    service_.transcript.from_client(connection_, line == "*" ? line : "[redacted]");
    mode_ = mode::command;
    answering_ = verb_names[static_cast<std::size_t>(verb::auth)];
    const effect does = scripted({occasion::kind::response, connection_, ++responses_, verb::auth, 0, {}});
    perform(does, true, [&] { response(line, does); });
}

void dialog::take_command(std::string_view line) {
    const command command = parse_command(line);
    const auto index = static_cast<std::size_t>(command.verb);
    ++commands_;
    ++verbs_seen_[index];
    ++since_.seen.commands;
    ++since_.verbs[index];
    answering_ = verb_names[index];
    answering_for_ = command.argument;
    if (service_.transcript.on()) {
        std::string shown{line};
        if (command.verb == verb::unknown && secret_may_follow_) shown = "[redacted]";
        const std::size_t initial = line.find(' ', 5);
        if (command.verb == verb::auth && initial != std::string_view::npos)
            shown = std::string{line.substr(0, initial)} + " [redacted]";
        service_.transcript.from_client(connection_, shown);
    }
    if (command.verb != verb::unknown) secret_may_follow_ = false;
    if (command.verb == verb::bdat && extended_ && offering().offers.chunking) return begin_chunk(command);
    if (command.verb == verb::burl && extended_ && offering().offers.burl) return burl(command);

    const effect does = scripted(command_event(command.verb, line));
    if (command.verb == verb::rcpt && !does.carries_out()) {
        ++rcpt_seen_;
        ++since_.seen.refused_recipients;
    }
    const std::uint64_t mark = out_.end();
    if (does.carries_out()) run(command, does);
    // A 334 must be waited for, and so must the reply to anything while AUTH goes on.
    settle(mark, does, must_wait(command.verb) || mode_ == mode::response);
}

void dialog::run(const command& command, const effect& does) {
    if (refused_ && command.verb != verb::quit) return say(503, "5.5.1", "No service here");
    switch (command.verb) {
    case verb::ehlo:
    case verb::helo:
    case verb::lhlo: return hello(command);
    case verb::auth: return auth(command.argument, does);
    case verb::mail: return mail_from(command.argument);
    case verb::rcpt: return rcpt_to(command.argument);
    case verb::data: return data(command.argument, does);
    case verb::rset:
        if (!command.argument.empty()) return say(501, "5.5.4", "RSET takes no argument");
        reset_transaction();
        return say(250, "2.0.0", "Ok");
    case verb::noop: return say(250, "2.0.0", "Ok");
    case verb::vrfy:
    case verb::expn:
    case verb::etrn:
    case verb::help: return look_up(command);
    case verb::xclient: return xclient(command.argument);
    case verb::xforward: return xforward(command.argument);
    case verb::quit:
        if (!command.argument.empty()) return say(501, "5.5.4", "QUIT takes no argument");
        quit_ = true;
        return say(221, "2.0.0", service_.config.name + " closing");
    case verb::starttls: return starttls(command.argument);
    case verb::burl:
    case verb::bdat: break;
    case verb::unknown: return say(500, "5.5.2", "Command not recognized");
    }
    say(502, "5.5.1", "Command not implemented");
}

} // namespace postrider::sink

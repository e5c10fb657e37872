#include "dialog.hpp"

#include <algorithm>

#include "base64.hpp"

namespace postrider::sink {

namespace {

constexpr std::size_t longest_response = 12288; // RFC 4954 section 4.3

std::string text_of(const char* what, std::uint64_t octets) {
    return std::string{"["}.append(std::to_string(octets)).append(" octets").append(what).append("]");
}

content::keeping keeping_of(service& service) {
    const config& config = service.config;
    return {service.records(), config.keep_mails || config.on_mail, service.store.is_open() ? &service.store : nullptr};
}

} // namespace

dialog::dialog(service& service, outbox& out, std::uint64_t connection, const std::string& peer)
    : service_(service), out_(out), connection_(connection), peer_(peer), content_(keeping_of(service)) {}

// --- What is said, and what the script makes of it ---------------------------------------------------------

void dialog::say(int code, std::string_view enhanced, std::string_view text) {
    const char digits[4] = {static_cast<char>('0' + code / 100), static_cast<char>('0' + code / 10 % 10),
                            static_cast<char>('0' + code % 10), ' '};
    out_.append({digits, 4});
    if (!enhanced.empty() && extended_ && service_.config.offers.enhanced_status_codes) {
        out_.append(enhanced);
        out_.append(" ");
    }
    out_.append(text);
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

effect dialog::scripted(const event& what) const {
    return service_.script.empty() ? effect{} : service_.script.at(what);
}

event dialog::command_event(verb verb, std::string_view line) const {
    return {event::kind::command, connection_, commands_, verb, verbs_seen_[static_cast<std::size_t>(verb)], line};
}

template <class Command>
void dialog::perform(const effect& does, bool must_wait, Command&& run) {
    const std::uint64_t mark = out_.end();
    if (does.carries_out()) run();
    settle(mark, does, must_wait);
}

// The reply of the command just performed stands in the outbox from `mark`.
void dialog::settle(std::uint64_t mark, const effect& does, bool must_wait) {
    const bool no_reply = (does.ending != ending::none && !does.ends_after_reply) || does.endless != endless::none;
    if (does.reply || no_reply) out_.truncate(mark);
    if (does.reply && !no_reply) out_.append(*does.reply);
    if (does.delay.count() != 0) out_.pause(mark, does.delay);
    if (does.pace != pace{}) {
        out_.change_pace(mark, does.pace);
        out_.change_pace(out_.end(), service_.script.throughout(connection_).pace);
    }
    service_.transcript.from_server(connection_, out_.from(mark));
    if (fresh_mail_ != 0) promises_.push_back({fresh_mail_, no_reply ? UINT64_MAX : out_.end()});
    fresh_mail_ = 0;
    if (does.endless != endless::none) out_.babble(does.endless, greeted_ ? "250" : "220");
    if (does.ending != ending::none) {
        service_.transcript.event(connection_, "the script ends the connection here");
        out_.finish(does.ending);
    } else if (quit_) {
        out_.finish(ending::close);
    }
    if (!quit_) answers_.others = true;
    if (must_wait || !extended_ || !service_.config.offers.pipelining) {
        must_wait_until_ = out_.end();
        note_early(consumed_);
    }
}

// The client sent the octets from `from` on without the reply that it had to wait for.
void dialog::note_early(std::uint64_t from) {
    from = std::max(from, counted_early_);
    if (arrived_ <= from) return;
    since_.seen.early_octets += arrived_ - from;
    counted_early_ = arrived_;
}

// RFC 2920 section 3.1: the commands that may only be the last of a group. AUTH asks to be waited for by its
// 334.
bool dialog::must_wait(verb verb) const {
    switch (verb) {
    case verb::mail:
    case verb::rcpt:
    case verb::rset:
    case verb::bdat:
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
    while (!promises_.empty() && promises_.front().reply_end <= out_.sent()) {
        ++since_.seen.replies_delivered;
        if (service_.config.keep_mails) since_.delivered.push_back(promises_.front().mail);
        promises_.pop_front();
    }
}

std::vector<std::uint64_t> dialog::undelivered() const {
    std::vector<std::uint64_t> ids;
    for (const auto& one : promises_) ids.push_back(one.mail);
    return ids;
}

// --- What comes in -----------------------------------------------------------------------------------------

void dialog::greet(bool full) {
    const effect first = scripted({event::kind::connect, connection_, 1, verb::unknown, 0, {}});
    effect does = scripted({event::kind::greeting, connection_, 1, verb::unknown, 0, {}});
    does.join(first);
    refused_ = full || does.severity() > 3;
    perform(does, true, [&] {
        if (full) say(421, "", service_.config.name + " too many connections, try later");
        else say(220, "", service_.config.name + (lmtp() ? " LMTP" : " ESMTP") + " postrider-sink");
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
        const std::size_t taken = mode_ == mode::data    ? feed_data(rest)
                                  : mode_ == mode::chunk ? feed_chunk(rest)
                                                         : feed_line(rest);
        if (taken == 0) break;
        at += taken;
    }
    return at;
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
        service_.transcript.from_client(connection_, "[a line that is too long]");
        perform(effect{}, true, [&] { say(500, "5.5.6", "Line too long"); });
        return size;
    }
    take_line(input.substr(0, size));
    return size;
}

void dialog::take_line(std::string_view line) {
    const bool crlf = line.ends_with("\r\n");
    line.remove_suffix(crlf ? 2 : 1);
    if (!crlf || line.find_first_of(std::string_view{"\r\0", 2}) != std::string_view::npos) {
        // Only CRLF ends a line. Answering, rather than waiting for a CRLF, shows the client its mistake.
        mode_ = mode::command;
        exchange_.reset();
        service_.transcript.from_client(connection_, "[a line with a bare CR, LF or NUL]");
        perform(effect{}, true, [&] { say(500, "5.5.2", "A line has no CR, LF or NUL but its CRLF"); });
        return;
    }
    if (mode_ != mode::response) return take_command(line);
    service_.transcript.from_client(connection_, line == "*" ? line : "[redacted]");
    mode_ = mode::command;
    const effect does = scripted({event::kind::response, connection_, ++responses_, verb::auth, 0, {}});
    perform(does, true, [&] { response(line, does); });
}

void dialog::take_command(std::string_view line) {
    const command command = parse_command(line);
    const auto index = static_cast<std::size_t>(command.verb);
    ++commands_;
    ++verbs_seen_[index];
    ++since_.seen.commands;
    ++since_.verbs[index];
    if (service_.transcript.on()) {
        std::string shown{line};
        if (command.verb == verb::unknown && secret_may_follow_) shown = "[redacted]";
        const std::size_t initial = line.find(' ', 5);
        if (command.verb == verb::auth && initial != std::string_view::npos)
            shown = std::string{line.substr(0, initial)} + " [redacted]";
        service_.transcript.from_client(connection_, shown);
    }
    if (command.verb != verb::unknown) secret_may_follow_ = false;
    if (command.verb == verb::bdat && extended_ && service_.config.offers.chunking)
        return begin_chunk(line, command.argument);

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
    case verb::vrfy: return vrfy(command.argument);
    case verb::help:
        if (!service_.config.offers.help) break;
        return say(214, "2.0.0", "This is a sink: it takes every mail and delivers none");
    case verb::quit:
        if (!command.argument.empty()) return say(501, "5.5.4", "QUIT takes no argument");
        quit_ = true;
        return say(221, "2.0.0", service_.config.name + " closing");
    case verb::starttls: // where TLS will begin: the connection changes its byte_stream, this its state
    case verb::expn:
    case verb::bdat: break;
    case verb::unknown: return say(500, "5.5.2", "Command not recognized");
    }
    say(502, "5.5.1", "Command not implemented");
}

// --- Session -----------------------------------------------------------------------------------------------

void dialog::hello(const command& command) {
    const bool fits = lmtp() == (command.verb == verb::lhlo);
    if (!fits) return say(500, "5.5.1", lmtp() ? "This is LMTP: say LHLO" : "This is SMTP: say EHLO");
    if (command.argument.empty() || command.argument.find(' ') != std::string_view::npos)
        return say(501, "5.5.4", "One domain or address literal is needed");
    if (command.verb != verb::helo && !service_.config.refuse_ehlo.empty()) {
        out_.append(service_.config.refuse_ehlo);
        return out_.append("\r\n");
    }
    reset_transaction();
    hello_verb_ = command.verb;
    hello_ = command.argument;
    extended_ = command.verb != verb::helo;
    if (extended_) return offer();
    say(250, "", service_.config.name);
}

bool dialog::auth_offered() const { return !service_.config.users.empty() && !service_.config.offers.auth.empty(); }

void dialog::offer() {
    const extensions& offers = service_.config.offers;
    std::vector<std::string> lines{service_.config.name};
    const auto add = [&](bool offered, const char* line) {
        if (offered) lines.emplace_back(line);
    };
    add(offers.pipelining, "PIPELINING");
    const std::uint64_t most = service_.config.max_message_octets;
    if (offers.size) lines.push_back(most == 0 ? "SIZE" : "SIZE " + std::to_string(most));
    add(offers.eight_bit_mime, "8BITMIME");
    add(offers.enhanced_status_codes, "ENHANCEDSTATUSCODES");
    add(offers.chunking, "CHUNKING");
    add(offers.binary_mime, "BINARYMIME");
    add(offers.smtputf8, "SMTPUTF8");
    add(offers.dsn, "DSN");
    add(offers.vrfy, "VRFY");
    add(offers.help, "HELP");
    if (auth_offered()) {
        lines.emplace_back("AUTH");
        for (const auto& mechanism : offers.auth) lines.back().append(" ").append(mechanism);
    }
    lines.insert(lines.end(), offers.extra.begin(), offers.extra.end());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out_.append(i + 1 < lines.size() ? "250-" : "250 ");
        out_.append(lines[i]);
        out_.append("\r\n");
    }
}

void dialog::vrfy(std::string_view argument) {
    if (!service_.config.offers.vrfy) return say(502, "5.5.1", "Command not implemented");
    if (argument.empty()) return say(501, "5.5.4", "Whom?");
    say(252, "2.5.0", "Cannot verify, but will take a mail for it");
}

void dialog::auth(std::string_view argument, const effect& does) {
    if (does.severity() == 2) {
        authenticated_ = true; // the script says so
        return;
    }
    const std::size_t space = argument.find(' ');
    const std::string_view name = argument.substr(0, space);
    secret_may_follow_ = true;
    if (hello_verb_ == verb::unknown) return say(503, "5.5.1", "Say EHLO first");
    if (!extended_ || !auth_offered()) return say(502, "5.5.1", "AUTH is not offered");
    if (authenticated_ || has_mail_) return say(503, "5.5.1", authenticated_ ? "Already authenticated" : "Not now");
    const auto& offered = service_.config.offers.auth;
    const bool is_offered =
        std::any_of(offered.begin(), offered.end(), [&](const auto& one) { return same_letters(one, name); });
    const sasl_mechanism* mechanism = is_offered ? find_sasl_mechanism(name) : nullptr;
    if (mechanism == nullptr) return say(504, "5.5.4", "Mechanism not offered");

    std::optional<std::string> initial;
    if (space != std::string_view::npos) {
        const std::string_view text = argument.substr(space + 1);
        initial = text == "=" ? std::string{} : base64_decode(text);
        if (text.empty() || !initial) return say(501, "5.5.2", "Cannot decode the initial response");
    }
    exchange_ = mechanism->start(service_.config);
    if (does.severity() == 3) mode_ = mode::response; // the script's 334 asks for what may have been said
    else continue_auth(exchange_->begin(initial));
}

void dialog::response(std::string_view line, const effect& does) {
    secret_may_follow_ = true;
    if (does.severity() == 2) authenticated_ = true; // the script says so
    if (does.severity() == 3) mode_ = mode::response;
    if (does.severity() != 0) return;
    if (line == "*") {
        exchange_.reset();
        return say(501, "5.7.0", "Authentication cancelled");
    }
    const auto decoded = base64_decode(line);
    if (!decoded) {
        exchange_.reset();
        return say(501, "5.5.2", "Cannot decode the response");
    }
    continue_auth(exchange_->answer(*decoded));
}

void dialog::continue_auth(const sasl_exchange::step& step) {
    using outcome = sasl_exchange::step::outcome;
    if (step.what == outcome::challenge) {
        mode_ = mode::response;
        return say(334, "", base64_encode(step.text));
    }
    exchange_.reset();
    if (step.what == outcome::malformed) return say(501, "5.5.2", "Malformed response");
    if (step.what == outcome::refused) return say(535, "5.7.8", "Authentication credentials invalid");
    authenticated_ = true;
    secret_may_follow_ = false;
    auth_user_ = step.text;
    say(235, "2.7.0", "Authentication successful");
}

// --- Envelope ----------------------------------------------------------------------------------------------

void dialog::reset_transaction() {
    content_.discard();
    has_mail_ = utf8_ = binary_ = chunked_ = chunk_refused_ = false;
    rcpt_seen_ = 0;
    accepted_recipients_ = 0;
    mail_.recipients.clear();
    mail_.sha256.clear();
    mail_.content.clear();
}

void dialog::mail_from(std::string_view argument) {
    if (hello_verb_ == verb::unknown) return say(503, "5.5.1", "Say EHLO first");
    if (service_.config.require_auth && !authenticated_) return say(530, "5.7.0", "Authentication required");
    if (has_mail_) return say(503, "5.5.1", "Sender already given");
    const path_argument path = parse_path_argument(argument, "FROM:");
    if (!path.well_formed) return say(501, "5.1.7", "Syntax: MAIL FROM:<address>");
    if (!parse_parameters(path.parameters, mail_.parameters)) return say(501, "5.5.4", "Syntax error in parameters");
    reset_transaction();
    for (const auto& one : mail_.parameters)
        if (!mail_parameter(one)) return;
    if (path.eight_bit && !utf8_) return say(553, "5.6.7", "Such an address needs SMTPUTF8");
    mail_.from = path.address;
    has_mail_ = true;
    say(250, "2.1.0", "Ok");
}

bool dialog::mail_parameter(const parameter& one) {
    const extensions& offers = service_.config.offers;
    const auto malformed = [&] {
        say(501, "5.5.4", "Syntax error in " + one.keyword);
        return false;
    };
    if (one.keyword == "SIZE" && offers.size && extended_) {
        const auto size = parse_number(one.value);
        if (!size) return malformed();
        const std::uint64_t most = service_.config.max_message_octets;
        if (most == 0 || *size <= most) return true;
        say(552, "5.3.4", "Message size exceeds fixed limit");
        return false;
    }
    if (one.keyword == "BODY" && extended_) {
        binary_ = same_letters(one.value, "BINARYMIME");
        if (same_letters(one.value, "7BIT") && (offers.eight_bit_mime || offers.binary_mime)) return true;
        if (same_letters(one.value, "8BITMIME") && offers.eight_bit_mime) return true;
        if (binary_ && offers.binary_mime && offers.chunking) return true;
    } else if (one.keyword == "SMTPUTF8" && offers.smtputf8 && extended_) {
        utf8_ = one.value.empty();
        return utf8_ || malformed();
    } else if (one.keyword == "AUTH" && auth_offered() && extended_) {
        return one.value == "<>" || is_xtext(one.value) || malformed();
    } else if (one.keyword == "RET" && offers.dsn && extended_) {
        return same_letters(one.value, "FULL") || same_letters(one.value, "HDRS") || malformed();
    } else if (one.keyword == "ENVID" && offers.dsn && extended_) {
        return (one.value.size() <= 100 && is_xtext(one.value)) || malformed();
    }
    // What an extra EHLO line names is offered, whatever it means.
    for (const auto& line : offers.extra)
        if (extended_ && same_letters(line.substr(0, line.find(' ')), one.keyword)) return true;
    say(555, "5.5.4", "Parameter " + one.keyword + " not implemented");
    return false;
}

bool dialog::rcpt_parameter(const parameter& one) {
    const bool dsn = service_.config.offers.dsn && extended_;
    bool well_formed = false;
    if (one.keyword == "NOTIFY" && dsn) {
        well_formed = same_letters(one.value, "NEVER");
        std::string_view rest = one.value;
        while (!well_formed && !rest.empty()) {
            const std::size_t comma = rest.find(',');
            const std::string_view when = rest.substr(0, comma);
            if (!same_letters(when, "SUCCESS") && !same_letters(when, "FAILURE") && !same_letters(when, "DELAY")) break;
            if (comma == std::string_view::npos) well_formed = true;
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        }
    } else if (one.keyword == "ORCPT" && dsn) {
        const std::size_t semicolon = one.value.find(';');
        well_formed = semicolon != 0 && semicolon != std::string::npos &&
                      (utf8_ || is_xtext(std::string_view{one.value}.substr(semicolon + 1)));
    } else {
        say(555, "5.5.4", "Parameter " + one.keyword + " not implemented");
        return false;
    }
    if (!well_formed) say(501, "5.5.4", "Syntax error in " + one.keyword);
    return well_formed;
}

void dialog::rcpt_to(std::string_view argument) {
    ++rcpt_seen_;
    ++since_.seen.refused_recipients; // taken back below
    if (!has_mail_ || chunked_) return say(503, "5.5.1", has_mail_ ? "Content has begun" : "Need MAIL first");
    const path_argument path = parse_path_argument(argument, "TO:");
    if (!path.well_formed || path.address.empty()) return say(501, "5.1.3", "Syntax: RCPT TO:<address>");
    if (!parse_parameters(path.parameters, parameters_)) return say(501, "5.5.4", "Syntax error in parameters");
    for (const auto& one : parameters_)
        if (!rcpt_parameter(one)) return;
    if (path.eight_bit && !utf8_) return say(553, "5.6.7", "Such an address needs SMTPUTF8");
    const std::size_t most = service_.config.max_recipients;
    if (most != 0 && accepted_recipients_ == most) return say(452, "4.5.3", "Too many recipients");
    --since_.seen.refused_recipients;
    ++accepted_recipients_;
    if (service_.records() || lmtp()) mail_.recipients.push_back({std::string{path.address}, parameters_});
    say(250, "2.1.5", "Ok");
}

// --- Content -----------------------------------------------------------------------------------------------

void dialog::data(std::string_view argument, const effect& does) {
    const auto go_ahead = [&] {
        mode_ = mode::data;
        dots_ = dot_reader{};
        content_.begin();
        say(354, "", "End data with <CR><LF>.<CR><LF>");
    };
    if (does.severity() == 3) return go_ahead(); // even without a recipient: clients must survive that, too
    if (!argument.empty()) return say(501, "5.5.4", "DATA takes no argument");
    if (!has_mail_ || rcpt_seen_ == 0) return say(503, "5.5.1", has_mail_ ? "Need RCPT first" : "Need MAIL first");
    if (accepted_recipients_ == 0) return say(lmtp() ? 503 : 554, "5.5.1", "No valid recipients");
    if (chunked_ || binary_) return say(503, "5.5.1", "Use BDAT");
    if (does.severity() != 2) go_ahead();
}

std::size_t dialog::feed_data(std::string_view input) {
    const std::size_t taken = dots_.read(input, [&](std::string_view run) { content_.append(run); });
    consumed_ += taken;
    if (too_big()) content_.discard();
    if (!dots_.ended()) return taken;
    mode_ = mode::command;
    if (service_.transcript.on()) service_.transcript.from_client(connection_, text_of("", content_.octets()));
    end_content(effect{});
    return taken;
}

// The octets of a refused BDAT are there all the same, and are thrown away (RFC 3030 section 4.2).
void dialog::begin_chunk(std::string_view line, std::string_view argument) {
    const std::size_t space = argument.find(' ');
    const auto size = parse_number(argument.substr(0, space));
    chunk_last_ = space != std::string_view::npos && same_letters(argument.substr(space + 1), "LAST");
    chunk_effect_ = scripted(command_event(verb::bdat, line));
    if (!size || (space != std::string_view::npos && !chunk_last_)) {
        // Without a size nobody knows where the next command begins.
        perform(chunk_effect_, true, [&] { say(501, "5.5.4", "Syntax: BDAT size [LAST]"); });
        return;
    }
    const auto refuse = [&](std::string_view text) { chunk_refusal_ = text; };
    chunk_refusal_.clear();
    if (refused_ || !has_mail_ || rcpt_seen_ == 0) refuse(has_mail_ ? "Need RCPT first" : "Need MAIL first");
    else if (chunk_refused_) refuse("The BDAT before was refused: say RSET");
    else if (accepted_recipients_ == 0) refuse("No valid recipients");
    if (chunk_refusal_.empty() && !chunked_) {
        content_.begin();
        chunked_ = true;
    }
    chunk_left_ = *size;
    mode_ = mode::chunk;
    if (chunk_left_ == 0) end_chunk();
}

std::size_t dialog::feed_chunk(std::string_view input) {
    const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size()));
    consumed_ += taken;
    chunk_left_ -= taken;
    if (chunk_refusal_.empty()) content_.append(input.substr(0, taken));
    if (too_big()) content_.discard();
    if (chunk_left_ == 0) end_chunk();
    return taken;
}

void dialog::end_chunk() {
    mode_ = mode::command;
    if (service_.transcript.on())
        service_.transcript.from_client(connection_,
                                        text_of(chunk_last_ ? " so far, the last" : " so far", content_.octets()));
    if (chunk_refusal_.empty() && !too_big() && chunk_effect_.carries_out()) {
        if (chunk_last_) return end_content(chunk_effect_);
        const std::string text = std::to_string(content_.octets()) + " octets received";
        return perform(chunk_effect_, false, [&] { say(250, "2.0.0", text); });
    }
    const bool nobody_to_answer_for = lmtp() && chunk_last_ && accepted_recipients_ == 0; // RFC 2033 section 4.3
    chunk_refused_ = true;
    if (nobody_to_answer_for) return reset_transaction();
    if (chunk_last_ && lmtp()) return end_content(chunk_effect_);
    perform(chunk_effect_, false, [&] {
        if (too_big() && chunk_refusal_.empty()) say(552, "5.3.4", "Message size exceeds fixed limit");
        else say(chunk_refusal_ == "No valid recipients" ? 554 : 503, "5.5.1", chunk_refusal_);
    });
}

bool dialog::too_big() const {
    const std::uint64_t most = service_.config.max_message_octets;
    return most != 0 && content_.octets() > most;
}

// The dot, or the last octet of BDAT LAST, has come.
void dialog::end_content(const effect& first) {
    answers_.content = true;
    if (lmtp() && !mail_.recipients.empty()) {
        answer_for_recipients(first);
    } else {
        effect does = first;
        does.join(scripted({event::kind::content, connection_, ++contents_, verb::unknown, 0, {}}));
        perform(does, false, [&] {
            if (accepted_recipients_ == 0) say(554, "5.5.1", "No valid recipients");
            else if (too_big()) say(552, "5.3.4", "Message size exceeds fixed limit");
            else if (accept(mail_.recipients, accepted_recipients_)) say_accepted();
            else say(452, "4.3.1", "Insufficient system storage");
        });
    }
    reset_transaction();
}

// LMTP: a reply for each recipient, and the mail is accepted for those that are answered with 2yz.
void dialog::answer_for_recipients(const effect& first) {
    std::vector<effect> effects;
    std::vector<recipient> taken;
    for (const auto& one : mail_.recipients) {
        effects.push_back(effects.empty() ? first : effect{});
        effects.back().join(scripted({event::kind::content, connection_, ++contents_, verb::unknown, 0, one.address}));
        if (effects.back().undecided()) break;
        if (effects.back().carries_out()) taken.push_back(one);
    }
    const bool stored = !too_big() && !chunk_refused_ && !taken.empty() && accept(taken, taken.size());
    const std::uint64_t id = fresh_mail_;
    fresh_mail_ = 0;
    std::size_t left = taken.size();
    for (const auto& does : effects) {
        const bool carried = does.carries_out();
        if (carried && --left == 0) fresh_mail_ = id;
        perform(does, false, [&] {
            if (stored) say_accepted();
            else if (too_big()) say(552, "5.3.4", "Message size exceeds fixed limit");
            else if (chunk_refused_) say(503, "5.5.1", "BDAT was refused");
            else say(452, "4.3.1", "Insufficient system storage");
        });
    }
}

bool dialog::accept(std::vector<recipient> recipients, std::uint64_t number) {
    const std::uint64_t id = service_.last_mail + 1;
    if (service_.records()) {
        mail_.id = id;
        mail_.connection = connection_;
        mail_.peer = peer_;
        mail_.hello_verb = verb_names[static_cast<std::size_t>(hello_verb_)];
        mail_.hello = hello_;
        mail_.auth_user = auth_user_;
        mail_.by_bdat = chunked_;
        mail_.recipients = std::move(recipients);
        if (!content_.keep(mail_)) {
            service_.books.failed("mail " + std::to_string(id) + " could not be stored");
            return false;
        }
        if (service_.config.keep_mails) service_.books.accepted(mail_);
        if (service_.config.on_mail) service_.config.on_mail(mail_);
    }
    service_.last_mail = fresh_mail_ = id;
    ++since_.seen.mails;
    since_.seen.recipients += number;
    since_.seen.content_octets += content_.octets();
    return true;
}

void dialog::say_accepted() { say(250, "2.0.0", "Ok: queued as " + std::to_string(service_.last_mail)); }

} // namespace postrider::sink

// The dialog's part that is about the session: hello, what is offered, authentication.
#include <algorithm>

#include "base64.hpp"
#include "dialog.hpp"

namespace postrider::sink {

namespace {

// "MAILMAX=10 RCPTMAX=100", without what is not limited.
std::string limits_text(const limits& limits) {
    std::string text;
    const auto add = [&](std::string_view name, std::uint64_t most) {
        if (most != 0) text.append(text.empty() ? "" : " ").append(name).append("=").append(std::to_string(most));
    };
    add("MAILMAX", limits.mails);
    add("RCPTMAX", limits.recipients);
    add("RCPTDOMAINMAX", limits.rcpt_domains);
    return text;
}

// The attributes of XCLIENT and XFORWARD (Postfix XCLIENT_README, XFORWARD_README): NAME=xtext, one SP between
// them. What is wrong with them, or nullptr.
const char* attributes_wrong(std::string_view text, std::string_view known, std::vector<parameter>& all) {
    if (text.empty() || !parse_parameters(text, all)) return "Syntax: NAME=value, one blank between them";
    for (const auto& one : all) {
        const std::string wanted = " " + one.keyword + " ";
        if (known.find(wanted) == std::string_view::npos) return "Unknown attribute";
        if (one.value.size() > 255 || !is_xtext(one.value))
            return "An attribute's value is xtext of 255 octets at most";
        const bool unavailable = one.value == "[UNAVAILABLE]" || one.value == "[TEMPUNAVAIL]";
        if ((one.keyword == "PORT" || one.keyword == "DESTPORT") && !unavailable &&
            parse_number(one.value).value_or(65536) > 65535)
            return "That is no port";
        if (one.keyword == "PROTO" && !unavailable && !same_letters(one.value, "SMTP") &&
            !same_letters(one.value, "ESMTP"))
            return "PROTO is SMTP or ESMTP";
        if (one.keyword == "SOURCE" && !unavailable && !same_letters(one.value, "LOCAL") &&
            !same_letters(one.value, "REMOTE"))
            return "SOURCE is LOCAL or REMOTE";
    }
    return nullptr;
}

} // namespace

void dialog::say_welcome() {
    say(220, "", service_.config.name, lmtp() ? " LMTP postrider-sink" : " ESMTP postrider-sink");
}

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

void dialog::offer() {
    const config& config = offering();
    const extensions& offers = config.offers;
    std::vector<std::string> lines{config.name};
    const auto add = [&](bool offered, std::string_view line, std::string_view value = {}) {
        if (!offered) return;
        lines.emplace_back(line);
        if (!value.empty()) lines.back().append(" ").append(value);
    };
    const auto number = [](std::uint64_t value) { return value == 0 ? std::string{} : std::to_string(value); };
    add(offers.pipelining, "PIPELINING");
    add(offers.size, "SIZE", number(config.max_message_octets));
    add(offers.eight_bit_mime, "8BITMIME");
    add(offers.enhanced_status_codes, "ENHANCEDSTATUSCODES");
    add(offers.chunking, "CHUNKING");
    add(offers.binary_mime, "BINARYMIME");
    add(offers.smtputf8, "SMTPUTF8");
    add(offers.dsn, "DSN");
    add(offers.starttls, "STARTTLS");
    add(offers.vrfy, "VRFY");
    add(offers.help, "HELP");
    add(offers.expn, "EXPN");
    add(offers.etrn, "ETRN");
    add(offers.limits, "LIMITS", limits_text(limits_now()));
    add(offers.deliverby, "DELIVERBY", number(config.deliverby_minimum));
    add(offers.mt_priority, "MT-PRIORITY", config.mt_priority_policy);
    add(offers.futurerelease, "FUTURERELEASE", number(config.futurerelease_seconds) + " " + config.futurerelease_until);
    add(offers.requiretls && config.requiretls_in_clear, "REQUIRETLS");
    add(offers.burl, "BURL", "imap");
    add(offers.xclient, "XCLIENT", "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
    add(offers.xforward, "XFORWARD", "NAME ADDR PORT PROTO HELO IDENT SOURCE");
    const auto mechanisms = offered_mechanisms(config, tls_);
    if (!mechanisms.empty()) {
        lines.emplace_back("AUTH");
        for (const auto& mechanism : mechanisms) lines.back().append(" ").append(mechanism);
    }
    lines.insert(lines.end(), offers.extra.begin(), offers.extra.end());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out_.append(i + 1 < lines.size() ? "250-" : "250 ");
        out_.append(lines[i]);
        out_.append("\r\n");
    }
}

// VRFY, EXPN, ETRN and HELP: what the configuration answers to this very command, or what a server says that
// knows nothing of it.
void dialog::look_up(const command& command) {
    const extensions& offers = offering().offers;
    const bool offered = command.verb == verb::vrfy   ? offers.vrfy
                         : command.verb == verb::expn ? offers.expn
                         : command.verb == verb::etrn ? offers.etrn && extended_
                                                      : offers.help;
    if (!offered) return say(502, "5.5.1", "Command not implemented");
    for (const auto& one : service_.config.answers) {
        if (!same_letters(one.command, command.line)) continue;
        out_.append(one.reply);
        return out_.append("\r\n");
    }
    if (command.verb == verb::help) return say(214, "2.0.0", "This is a sink: it takes every mail and delivers none");
    if (command.verb == verb::etrn) return etrn(command.argument);
    if (command.argument.empty()) return say(501, "5.5.4", "Whom?");
    if (command.verb == verb::expn) return say(550, "5.1.1", "No such list");
    say(252, "2.5.0", "Cannot verify, but will take a mail for it");
}

// ETRN [ "@" / "#" ] node (RFC 1985 section 5.1)
void dialog::etrn(std::string_view argument) {
    std::string_view node = argument;
    const bool queue = node.starts_with('#');
    if (queue || node.starts_with('@')) node.remove_prefix(1);
    if (queue ? node.empty() || node.find(' ') != std::string_view::npos : !is_domain(node))
        return say(501, "5.5.4", "Syntax: ETRN [@ or #]node");
    say(251, "2.0.0", "OK, no messages waiting for node ", argument);
}

// As with Postfix, the session is then where it was before EHLO, and greets again.
void dialog::xclient(std::string_view argument) {
    if (!offering().offers.xclient || !extended_) return say(502, "5.5.1", "Command not implemented");
    if (has_mail_) return say(503, "5.5.1", "Not within a mail");
    constexpr std::string_view known = " NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT ";
    if (const char* wrong = attributes_wrong(argument, known, parameters_)) return say(501, "5.5.4", wrong);
    reset_transaction();
    hello_verb_ = verb::unknown;
    hello_.clear();
    extended_ = false;
    forget_auth();
    for (const auto& one : parameters_) {
        if (one.keyword != "LOGIN" || one.value == "[UNAVAILABLE]") continue;
        authenticated_ = true;
        auth_user_ = one.value;
    }
    mail_.xclient = parameters_;
    say_welcome();
}

void dialog::xforward(std::string_view argument) {
    if (!offering().offers.xforward || !extended_) return say(502, "5.5.1", "Command not implemented");
    if (has_mail_) return say(503, "5.5.1", "Not within a mail");
    constexpr std::string_view known = " NAME ADDR PORT PROTO HELO IDENT SOURCE ";
    if (const char* wrong = attributes_wrong(argument, known, parameters_)) return say(501, "5.5.4", wrong);
    for (auto& one : parameters_) {
        // A later command adds to an earlier one, for Postfix's client sends two when one line would be too long.
        std::erase_if(mail_.xforward, [&](const parameter& other) { return other.keyword == one.keyword; });
        mail_.xforward.push_back(std::move(one));
    }
    say(250, "2.0.0", "Ok");
}

void dialog::starttls(std::string_view argument) {
    if (tls_ != nullptr) return say(503, "5.5.1", "TLS is on already");
    if (!offering().offers.starttls || !extended_) return say(502, "5.5.1", "Command not implemented");
    if (!argument.empty()) return say(501, "5.5.4", "STARTTLS takes no argument");
    if (has_mail_) return say(503, "5.5.1", "Not within a mail");
    mode_ = mode::starttls;
    say(220, "2.0.0", "Go ahead");
}

void dialog::secured(const tls_state& tls) {
    mode_ = mode::command;
    tls_ = &tls;
    reset_transaction();
    hello_verb_ = verb::unknown;
    hello_.clear();
    extended_ = false;
    forget_auth();
    mail_.xclient.clear();
    mail_.tls = tls.seen;
    domains_.clear();
}

void dialog::forget_auth() {
    authenticated_ = secret_may_follow_ = false;
    exchange_.reset();
    auth_user_.clear();
    auth_as_.clear();
    auth_mechanism_.clear();
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
    if (!offering().auth_in_clear) return say(538, "5.7.11", "Encryption required");
    const auto offered = offered_mechanisms(offering(), tls_);
    if (!extended_ || offered.empty()) return say(502, "5.5.1", "AUTH is not offered");
    if (authenticated_ || has_mail_) return say(503, "5.5.1", authenticated_ ? "Already authenticated" : "Not now");
    const auto is_offered = [&](std::string_view wanted) {
        return std::any_of(offered.begin(), offered.end(), [&](const auto& one) { return same_letters(one, wanted); });
    };
    const sasl_mechanism* mechanism = is_offered(name) ? find_sasl_mechanism(name) : nullptr;
    if (mechanism == nullptr) return say(504, "5.5.4", "Mechanism not offered");

    std::optional<std::string> initial;
    if (space != std::string_view::npos) {
        const std::string_view text = argument.substr(space + 1);
        initial = text == "=" ? std::string{} : base64_decode(text);
        if (text.empty() || !initial) return say(501, "5.5.2", "Cannot decode the initial response");
    }
    auth_mechanism_ = mechanism->name;
    exchange_ = mechanism->start({service_.config, tls_, is_offered(auth_mechanism_ + "-PLUS")});
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
    authenticated_ = since_.authenticated = true;
    secret_may_follow_ = false;
    auth_user_ = step.user;
    auth_as_ = step.as;
    say(235, "2.7.0", step.text.empty() ? "Authentication successful" : base64_encode(step.text));
}

} // namespace postrider::sink

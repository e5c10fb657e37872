// The dialog's part that is about the session: hello, what is offered, authentication.
#include <algorithm>

#include "base64.hpp"
#include "dialog.hpp"

namespace postrider::sink {

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

} // namespace postrider::sink

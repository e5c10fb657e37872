// The dialog's part that is about the envelope: sender and recipients.
#include "dialog.hpp"

namespace postrider::sink {

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

} // namespace postrider::sink

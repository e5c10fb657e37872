// The dialog's part that is about the envelope: sender and recipients.
#include "dialog.hpp"

namespace postrider::sink {

void dialog::begin_transaction() {
    has_mail_ = chunked_ = chunk_refused_ = false;
    terms_ = {};
    rcpt_seen_ = 0;
    accepted_recipients_ = 0;
    mail_.recipients.clear();
    mail_.sha256.clear();
    mail_.file.clear();
    mail_.content.clear();
}

void dialog::reset_transaction() {
    content_.discard();
    mail_.xforward.clear(); // what was forwarded was for the mail that has ended
    begin_transaction();
}

const limits& dialog::limits_now() const {
    const auto& later = service_.config.limits_after_auth;
    return later && authenticated_ ? *later : service_.config.limits;
}

void dialog::object(const objection& why) { say(why.code, why.enhanced, why.text); }

// A second sender is refused and the first one stays: RCPT then adds to the transaction that is open, as with
// Exim 4.96. So the mail of a client that does not say RSET goes out under the wrong sender, and is seen to.
void dialog::mail_from(std::string_view argument) {
    if (limits_now().mails != 0 && verbs_seen_[static_cast<std::size_t>(verb::mail)] > limits_now().mails) {
        leaving_ = true;
        return say(421, "4.5.3", service_.config.name, " enough mails for one connection");
    }
    if (hello_verb_ == verb::unknown) return say(503, "5.5.1", "Say EHLO first");
    if (service_.config.require_auth && !authenticated_) return say(530, "5.7.0", "Authentication required");
    if (has_mail_) return say(503, "5.5.1", "Sender already given");
    const path_argument path = parse_path_argument(argument, "FROM:");
    if (!path.well_formed) return say(501, "5.1.7", "Syntax: MAIL FROM:<address>");
    if (!parse_parameters(path.parameters, mail_.parameters)) return say(501, "5.5.4", "Syntax error in parameters");
    begin_transaction();
    if (const auto why = judge_mail_parameters(mail_.parameters, offering(), extended_, terms_)) return object(*why);
    if (path.eight_bit && !terms_.utf8) return say(553, "5.6.7", "Such an address needs SMTPUTF8");
    mail_.from = path.address;
    has_mail_ = true;
    say(250, "2.1.0", "Ok");
}

void dialog::rcpt_to(std::string_view argument) {
    ++rcpt_seen_;
    ++since_.seen.refused_recipients; // taken back below
    if (!has_mail_ || chunked_) return say(503, "5.5.1", has_mail_ ? "Content has begun" : "Need MAIL first");
    const path_argument path = parse_path_argument(argument, "TO:");
    if (!path.well_formed || path.address.empty()) return say(501, "5.1.3", "Syntax: RCPT TO:<address>");
    if (!parse_parameters(path.parameters, parameters_)) return say(501, "5.5.4", "Syntax error in parameters");
    if (const auto why = judge_rcpt_parameters(parameters_, offering(), extended_, terms_)) return object(*why);
    if (path.eight_bit && !terms_.utf8) return say(553, "5.6.7", "Such an address needs SMTPUTF8");
    const std::size_t most = service_.config.max_recipients;
    const limits& limits = limits_now();
    if ((most != 0 && accepted_recipients_ == most) || (limits.recipients != 0 && rcpt_seen_ > limits.recipients))
        return say(452, "4.5.3", "Too many recipients");
    if (limits.rcpt_domains != 0 && !takes_domain(path.address)) return say(452, "4.5.3", "Too many domains");
    --since_.seen.refused_recipients;
    ++accepted_recipients_;
    if (service_.records() || lmtp()) mail_.recipients.push_back({std::string{path.address}, parameters_});
    say(250, "2.1.5", "Ok");
}

// RFC 9422 counts the domains of a whole connection, not of a mail. Those who are `postmaster` have none.
bool dialog::takes_domain(std::string_view address) {
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos) return true;
    const std::string_view wanted = address.substr(at + 1);
    for (const auto& one : domains_)
        if (same_letters(one, wanted)) return true;
    if (domains_.size() >= limits_now().rcpt_domains) return false;
    domains_.emplace_back(wanted);
    return true;
}

} // namespace postrider::sink

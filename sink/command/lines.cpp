#include "lines.hpp"

#include <cstdint>
#include <string_view>

namespace postrider::sink {

namespace {

// Clients say what they like, and a terminal must not act upon it. UTF-8 stays, but for its second set of control
// characters, U+0080 to U+009F.
void append_visibly(std::string& to, std::string_view text) {
    for (std::size_t i = 0; i != text.size(); ++i) {
        const auto octet = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 != text.size() ? text[i + 1] : '\0');
        const bool second_set = octet == 0xc2 && next >= 0x80 && next < 0xa0;
        to += octet < 0x20 || octet == 0x7f || second_set ? '?' : text[i];
    }
}

std::string number_of(std::uint64_t number, const char* what) {
    std::string text = std::to_string(number);
    text.append(" ").append(what);
    if (number != 1) text += 's';
    return text;
}

std::string mail_line(const event& what, const command_line& how) {
    const mail& mail = *what.mail;
    std::string text{how.good};
    text.append("mail ").append(std::to_string(mail.id)).append(how.plain).append(": <");
    append_visibly(text, mail.from);
    const char* before = "> to <";
    for (const auto& one : mail.recipients) {
        text += before;
        append_visibly(text, one.address);
        before = ">, <";
    }
    text.append(">, ").append(number_of(mail.octets, "octet")).append(mail.by_bdat ? " by BDAT" : " by DATA");
    if (mail.tls) text.append(", ").append(mail.tls->version);
    if (!mail.auth_user.empty()) append_visibly(text.append(", user "), mail.auth_user);
    if (!mail.file.empty()) append_visibly(text.append(", "), mail.file);
    return text.append("\n");
}

std::string refusal_line(const event& what, const command_line& how) {
    std::string text{how.bad};
    text.append("refused").append(how.plain).append(" ").append(what.command);
    if (!what.address.empty()) {
        append_visibly(text.append(" <"), what.address);
        text += '>';
    }
    const std::string_view first = std::string_view{what.reply}.substr(0, what.reply.find('\n'));
    append_visibly(text.append(": "), first);
    return text.append("\n");
}

} // namespace

std::string line_of(const event& what, const command_line& how) {
    if (what.what == event::kind::mail) return mail_line(what, how);
    if (what.what == event::kind::refused) return refusal_line(what, how);
    if (what.what != event::kind::tls_failed) return {};
    std::string text{how.bad};
    append_visibly(text.append("TLS failed").append(how.plain).append(": "), what.session->failure);
    return text.append("\n");
}

std::string sum_of(const report& seen) {
    std::string text = number_of(seen.total.mails, "mail") + " for ";
    text.append(number_of(seen.total.recipients, "recipient")).append(", ");
    text.append(number_of(seen.total.content_octets, "octet")).append("; ");
    text.append(number_of(seen.connections, "connection")).append(", ");
    text.append(number_of(seen.total.waits, "wait")).append(seen.waits_exact ? "" : " at most").append("\n");
    if (!seen.undelivered.empty()) {
        text.append(number_of(seen.undelivered.size(), "mail"))
            .append(" taken, but the reply did not reach the client:");
        for (const std::uint64_t id : seen.undelivered) text.append(" ").append(std::to_string(id));
        text += '\n';
    }
    for (const auto& one : seen.failures) append_visibly(text, one), text += '\n';
    return text;
}

} // namespace postrider::sink

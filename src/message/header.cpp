#include "message/composing.hpp"

#include "core/chars.hpp"

#include <algorithm>
#include <gmime/gmime-utils.h>
#include <memory>

namespace postrider {

namespace {

/// Fields that a message says by a member, or that are not for it to say; in upper case. The text ends "`Bcc` ...".
struct reserved_field {
    std::string_view name, why;
};

constexpr reserved_field reserved_fields[] = {
    {"FROM", "is the member `from`"},
    {"SENDER", "is the member `sender`"},
    {"REPLY-TO", "is the member `reply_to`"},
    {"TO", "is the member `to`"},
    {"CC", "is the member `cc`"},
    {"BCC", "is the member `bcc`, and is never written"},
    {"SUBJECT", "is the member `subject`"},
    {"DATE", "is the member `date`"},
    {"MESSAGE-ID", "is the member `message_id`"},
    {"IN-REPLY-TO", "is the member `in_reply_to`"},
    {"REFERENCES", "is the member `references`"},
    {"LIST-UNSUBSCRIBE", "is the member `list_unsubscribe`"},
    {"LIST-UNSUBSCRIBE-POST", "is the member `list_unsubscribe.one_click`"},
    {"IMPORTANCE", "is the member `priority`"},
    {"PRIORITY", "is the member `priority`"},
    {"X-PRIORITY", "is the member `priority`"},
    {"TLS-REQUIRED", "is the member `tls_optional`"},
    {"MIME-VERSION", "is written by `compose`"},
    {"RECEIVED", "is written by servers (RFC 5321 §4.4)"},
    {"RETURN-PATH", "is written by servers (RFC 5321 §4.4); what it says is the member `envelope_from`"},
};

std::string objection_to_name(std::string_view name) {
    if (name.empty()) return "a field without a name";
    if (name.size() > 64) return "a field's name of more than 64 octets leaves no room for its value on the line";
    for (const char c : name)
        if (is_control(c) || c == ' ' || c == ':' || (static_cast<unsigned char>(c) & 0x80) != 0)
            return "a field's name is of printable ASCII without space and colon (RFC 5322 §3.6.8)";
    const std::string quoted = std::string{"`"}.append(name).append("` ");
    for (const reserved_field& field : reserved_fields)
        if (is_keyword(name, field.name)) return quoted + std::string{field.why};
    if (name.size() >= 8 && is_keyword(name.substr(0, 8), "CONTENT-"))
        return quoted + "is written by `compose`, from the texts and the members of `attachment`";
    return {};
}

bool is_uri(std::string_view uri) noexcept {
    const std::size_t scheme = uri.find(':');
    if (scheme == std::string_view::npos || scheme == 0 || scheme + 1 == uri.size() || uri.size() > 900) return false;
    return std::all_of(uri.begin(), uri.end(),
                       [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"'; });
}

/// Empty: the year is none that a date can have, or there is no local time.
std::string written_date(std::chrono::sys_seconds date) {
    const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> local{
        g_date_time_new_from_unix_local(date.time_since_epoch().count()), &g_date_time_unref};
    if (!local || g_date_time_get_year(local.get()) < 1900) return {}; // RFC 5322 §3.3
    const std::unique_ptr<char, decltype(&g_free)> text{g_mime_utils_header_format_date(local.get()), &g_free};
    return text ? text.get() : "";
}

void write_addresses(header_writer& to, std::string_view name, const std::vector<written_address>& addresses) {
    if (addresses.empty()) return;
    to.begin(name);
    for (const written_address& address : addresses) {
        std::string token = address.mailbox;
        if (!address.name.empty()) {
            to.phrase(address.name);
            token.insert(0, 1, '<').append(">");
        }
        if (&address != &addresses.back()) token += ',';
        to.token(token);
    }
    to.end();
}

void write_field(header_writer& to, std::string_view name, std::string_view token) {
    to.begin(name);
    to.token(token);
    to.end();
}

bool write_ids(header_writer& to, std::string_view name, std::string_view member, const std::vector<std::string>& ids,
               refusal& no) {
    if (ids.empty()) return true;
    to.begin(name);
    for (std::size_t i = 0; i != ids.size(); ++i) {
        const std::string objection = objection_to_message_id(ids[i]);
        if (!objection.empty()) return no(errc::invalid_message, element(member, i), objection);
        to.token(ids[i]);
    }
    to.end();
    return true;
}

bool write_list_unsubscribe(header_writer& to, const list_unsubscribe_ways& ways, refusal& no) {
    bool https = false;
    for (std::size_t i = 0; i != ways.uris.size(); ++i) {
        const std::string& uri = ways.uris[i];
        if (!is_uri(uri))
            return no(
                errc::invalid_message, element("list_unsubscribe.uris", i),
                "not a URI: `https:` or `mailto:`, of printable ASCII, without angle brackets, 900 octets at most");
        https = https || uri.starts_with("https:");
        if (i == 0) to.begin("List-Unsubscribe");
        to.token(std::string{"<"}.append(uri).append(&uri == &ways.uris.back() ? ">" : ">,"));
    }
    if (!ways.uris.empty()) to.end();
    if (!ways.one_click) return true;
    if (!https)
        return no(errc::invalid_message, "list_unsubscribe.one_click", "it needs an `https:` URI (RFC 8058 §3.1)");
    write_field(to, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    return true;
}

void write_priority(header_writer& to, message_priority priority) {
    if (priority == message_priority::normal) return;
    const bool high = priority == message_priority::high;
    write_field(to, "Importance", high ? "high" : "low"); // RFC 4021; the others for who knows only those
    write_field(to, "X-Priority", high ? "1" : "5");
    write_field(to, "Priority", high ? "urgent" : "non-urgent");
}

bool write_custom(header_writer& to, const std::vector<header_field>& fields, refusal& no) {
    for (std::size_t i = 0; i != fields.size(); ++i) {
        std::string objection = objection_to_name(fields[i].name);
        if (!objection.empty()) return no(errc::invalid_message, element("headers", i).append(".name"), objection);
        objection = objection_to_text(fields[i].value);
        if (!objection.empty()) return no(errc::invalid_message, element("headers", i).append(".value"), objection);
        to.begin(fields[i].name);
        to.text(fields[i].value);
        to.end();
    }
    return true;
}

} // namespace

std::string objection_to_message_id(std::string_view id) {
    const bool framed = id.size() > 4 && id.front() == '<' && id.back() == '>';
    const std::string_view inside = framed ? id.substr(1, id.size() - 2) : std::string_view{};
    const std::size_t at = inside.rfind('@');
    bool good = at != std::string_view::npos && at != 0 && at + 1 != inside.size() && id.size() <= 900;
    for (const char c : inside) good = good && c > ' ' && c < 0x7f && c != '<' && c != '>';
    return good ? "" : "not a message id: `<local@domain>` of printable ASCII, 900 octets at most (RFC 5322 §3.6.4)";
}

std::string objection_to_block(std::string_view block, bool utf8) {
    while (!block.empty()) {
        const std::size_t end = block.find("\r\n");
        if (end == std::string_view::npos) return "a line of the header has no end";
        const std::string_view line = block.substr(0, end);
        block.remove_prefix(end + 2);
        if (line.size() > longest_line) return "a line of the header has more than 998 octets (RFC 5322 §2.1.1)";
        const bool folded = !line.empty() && (line.front() == ' ' || line.front() == '\t');
        if (folded && line.find_first_not_of(" \t") == std::string_view::npos)
            return "a line of the header is empty but for spaces";
        for (const char c : line) {
            if (is_control(c) && c != '\t') return "the header has a control character";
            if (!utf8 && (static_cast<unsigned char>(c) & 0x80) != 0) return "the header has an octet above 127";
        }
    }
    return {};
}

bool write_header(const message& from, const correspondents& who, const identity& is, header_writer& to, refusal& no) {
    const std::string date = written_date(is.date);
    if (date.empty()) return no(errc::invalid_message, "date", "its year is not one of 1900 to 9999 (RFC 5322 §3.3)");
    std::string objection = objection_to_text(from.subject);
    if (!objection.empty()) return no(errc::invalid_message, "subject", objection);
    objection = objection_to_message_id(is.message_id);
    if (!objection.empty()) return no(errc::invalid_message, "message_id", objection);

    to.begin("Date");
    to.text(date);
    to.end();
    write_addresses(to, "From", who.from);
    write_addresses(to, "Sender", who.sender);
    write_addresses(to, "Reply-To", who.reply_to);
    write_addresses(to, "To", who.to);
    write_addresses(to, "Cc", who.cc);
    // An empty group: some filters take a message that is addressed to nobody for spam.
    if (who.to.empty() && who.cc.empty()) write_field(to, "To", "undisclosed-recipients:;");
    write_field(to, "Message-ID", is.message_id);
    if (!write_ids(to, "In-Reply-To", "in_reply_to", from.in_reply_to, no)) return false;
    if (!write_ids(to, "References", "references", from.references, no)) return false;
    if (!from.subject.empty()) {
        to.begin("Subject");
        to.text(from.subject);
        to.end();
    }
    if (!write_list_unsubscribe(to, from.list_unsubscribe, no)) return false;
    write_priority(to, from.priority);
    if (from.tls_optional) write_field(to, "TLS-Required", "No");
    if (!write_custom(to, from.headers, no)) return false;
    write_field(to, "MIME-Version", "1.0");
    return true;
}

} // namespace postrider

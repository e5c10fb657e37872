#include "message/composing.hpp"
#include "message/media_type.hpp"

#include "message/utf8.hpp"

#include <algorithm>

namespace postrider {

namespace {

/// CRLF line ends, and one at the end.
std::string canonical(std::string_view text) {
    std::string result;
    result.reserve(text.size() + text.size() / 16 + 2);
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\n' && i != 0 && text[i - 1] == '\r') continue;
        if (text[i] == '\n' || text[i] == '\r') result += "\r\n";
        else result += text[i];
    }
    if (!result.empty() && !result.ends_with("\r\n")) result += "\r\n";
    return result;
}

std::string objection_to_body(std::string_view text) {
    utf8_check check;
    if (check.look_through(text) && check.complete()) return {};
    const auto offset = static_cast<std::size_t>(check.offset());
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n') + 1;
    return std::string{"it is not UTF-8 (octet "}
        .append(std::to_string(offset + 1))
        .append(", line ")
        .append(std::to_string(line))
        .append("): convert it, or attach it");
}

void write_encoding(header_writer& to, transfer_encoding encoding) {
    to.begin("Content-Transfer-Encoding");
    to.token(name(encoding));
    to.end();
}

/// A text as readers show it: `type` is written with its parameters, but for the charset.
bool make_text(std::string_view text, const media_type& type, std::string_view where, entity& to, refusal& no) {
    const std::string objection = objection_to_body(text);
    if (!objection.empty()) return no(errc::invalid_message, where, objection);
    to.content.content = attachment_content::of_octets(canonical(text));
    to.content.what = where;
    const attachment_content& content = *to.content.content;
    line_facts facts;
    std::string unused; // memory can be read
    (void)look_through(content, facts, unused);
    if (facts.eight_bit || facts.nul || facts.long_line) {
        const auto quoted = encoded_size(content, transfer_encoding::quoted_printable, unused);
        const bool shorter = static_cast<std::uint64_t>(quoted) <= base64_size(content.octets().size());
        to.content.encoding = shorter ? transfer_encoding::quoted_printable : transfer_encoding::base64;
    }
    header_writer header;
    header.begin("Content-Type");
    header.token(type.name);
    header.parameter("charset", "utf-8");
    for (const auto& [name, value] : type.parameters) header.parameter(name, value);
    header.end();
    write_encoding(header, to.content.encoding);
    to.header = header.take();
    return true;
}

bool make_calendar(const calendar_invitation& calendar, entity& to, refusal& no) {
    if (!is_token(calendar.method) || calendar.method.size() > 60)
        return no(errc::invalid_message, "calendar.method",
                  "not a word as RFC 5546 has them: REQUEST, REPLY, CANCEL, ...");
    const std::string objection = objection_to_text(calendar.name);
    if (!objection.empty()) return no(errc::invalid_message, "calendar.name", objection);
    if (calendar.text.empty())
        return no(errc::invalid_message, "calendar.text", "it is empty: give the iCalendar object");
    media_type type{.name = "text/calendar", .parameters = {{"method", calendar.method}}};
    if (!calendar.name.empty()) type.parameters.emplace_back("name", calendar.name);
    return make_text(calendar.text, type, "calendar.text", to, no);
}

/// Messages cannot be encoded: what they are made of decides, and if need be the way they take.
bool settle_message(const line_facts& facts, std::string_view where, entity& to, refusal& no) {
    if (facts.nul || facts.long_line)
        return no(errc::invalid_message, where,
                  "it has a NUL or a line of more than 998 octets, and as a message/* it cannot be encoded (RFC 2046 "
                  "§5.2.1): "
                  "set `type` to application/octet-stream");
    if (facts.eight_bit_header)
        return no(
            errc::invalid_message, where,
            "its header block has octets above 127, which message/rfc822 cannot have: set `type` to message/global "
            "(RFC 6532 §3.7)");
    to.eight_bit = facts.eight_bit;
    to.content.encoding = facts.eight_bit ? transfer_encoding::eight_bit : transfer_encoding::seven_bit;
    return true;
}

bool settle_type(const attachment& from, const std::string& where, entity& to, media_type& type, refusal& no) {
    std::string problem;
    const bool guessed = from.type.empty();
    const std::string_view text = guessed ? type_by_extension(from.name) : std::string_view{from.type};
    if (!read_media_type(text, type, problem)) return no(errc::invalid_message, where + ".type", problem);
    to.content.encoding = transfer_encoding::base64;
    if (!type.is_message() && !(guessed && type.is_text())) return true;
    line_facts facts;
    if (!look_through(*from.content, facts, problem)) return no(errc::body_failed, where, problem);
    if (type.is_message()) return settle_message(facts, where, to, no);
    // Unsaid it would be taken for US-ASCII.
    if (facts.utf8) type.parameters.emplace_back("charset", "utf-8");
    return true;
}

std::string objection_to_content_id(std::string_view id) {
    bool good = !id.empty() && id.size() <= 200;
    for (const char c : id) good = good && c > ' ' && c < 0x7f && c != '<' && c != '>';
    return good ? ""
                : "a content id is of printable ASCII without spaces and angle brackets, 1 to 200 octets (RFC 2392)";
}

bool make_attachment(const attachment& from, const std::string& where, bool is_inline, entity& to, refusal& no) {
    if (!from.content)
        return no(errc::invalid_message, where,
                  "it has no content: make it by `attach_file`, `attach_octets` or `attach_stream`");
    std::string objection = objection_to_text(from.name);
    if (!objection.empty()) return no(errc::invalid_message, where + ".name", objection);
    if (is_inline || !from.content_id.empty()) {
        objection = objection_to_content_id(from.content_id);
        if (!objection.empty()) return no(errc::invalid_message, where + ".content_id", objection);
    }
    to.content.content = from.content;
    to.content.what = where;
    media_type type;
    if (!settle_type(from, where, to, type, no)) return false;
    header_writer header;
    header.begin("Content-Type");
    header.token(type.name);
    for (const auto& [name, value] : type.parameters) header.parameter(name, value);
    header.end();
    write_encoding(header, to.content.encoding);
    header.begin("Content-Disposition");
    header.token(is_inline ? "inline" : "attachment");
    if (!from.name.empty()) header.parameter("filename", from.name);
    header.end();
    if (!from.content_id.empty()) {
        header.begin("Content-ID");
        header.token(std::string{"<"}.append(from.content_id).append(">"));
        header.end();
    }
    to.header = header.take();
    return true;
}

/// Makes a tree of parts. Boundaries have "=_", which stands in nothing that is encoded, and are all of the same length: none of
/// them begins with another.
class tree {
public:
    tree(const message& from, std::string_view unique, refusal& no) : from_(from), unique_(unique), no_(no) {}

    bool make(entity& to) {
        if (!from_.inlines.empty() && from_.html.empty())
            return no_(errc::invalid_message, "inlines", "there is no HTML that shows them: use `attachments`");
        std::vector<entity> parts;
        const bool text_due =
            !from_.text.empty() || (from_.html.empty() && !from_.calendar && from_.attachments.empty());
        if (text_due && !make_text(from_.text, {.name = "text/plain"}, "text", parts.emplace_back(), no_)) return false;
        if (!from_.html.empty() && !make_html(parts.emplace_back())) return false;
        if (from_.calendar && !make_calendar(*from_.calendar, parts.emplace_back(), no_)) return false;
        if (!parts.empty()) to = joined("alternative", std::move(parts), {});
        if (from_.attachments.empty()) return true;
        std::vector<entity> mixed;
        if (text_due || !from_.html.empty() || from_.calendar) mixed.push_back(std::move(to));
        if (!make_attachments(from_.attachments, "attachments", mixed)) return false;
        to = multipart("mixed", std::move(mixed), {});
        return true;
    }

private:
    bool make_html(entity& to) {
        std::vector<entity> related(1);
        if (!make_text(from_.html, {.name = "text/html"}, "html", related.front(), no_)) return false;
        if (!make_attachments(from_.inlines, "inlines", related)) return false;
        to = joined("related", std::move(related), "text/html");
        return true;
    }

    bool make_attachments(const std::vector<attachment>& attachments, std::string_view member,
                          std::vector<entity>& to) {
        for (std::size_t i = 0; i != attachments.size(); ++i) {
            const std::string where = element(member, i);
            const std::string& id = attachments[i].content_id;
            if (!id.empty() && std::find(ids_.begin(), ids_.end(), id) != ids_.end())
                return no_(errc::invalid_message, where + ".content_id", "another attachment has the same content id");
            ids_.push_back(id);
            if (!make_attachment(attachments[i], where, member == "inlines", to.emplace_back(), no_)) return false;
        }
        return true;
    }

    entity joined(std::string_view subtype, std::vector<entity>&& parts, std::string_view type) {
        return parts.size() == 1 ? std::move(parts.front()) : multipart(subtype, std::move(parts), type);
    }

    entity multipart(std::string_view subtype, std::vector<entity>&& parts, std::string_view type) {
        entity result;
        result.boundary.append("=_").append(std::to_string(++multiparts_)).append("_").append(unique_);
        header_writer header;
        header.begin("Content-Type");
        header.token(std::string{"multipart/"}.append(subtype));
        header.parameter("boundary", result.boundary);
        if (!type.empty()) header.parameter("type", type); // RFC 2387 §3.1
        header.end();
        result.eight_bit = std::any_of(parts.begin(), parts.end(), [](const entity& part) { return part.eight_bit; });
        if (result.eight_bit)
            write_encoding(header, transfer_encoding::eight_bit); // RFC 2045 §6.4: not less than its parts
        result.header = header.take();
        result.parts = std::move(parts);
        return result;
    }

    const message& from_;
    std::string_view unique_;
    refusal& no_;
    unsigned multiparts_ = 0; ///< three at most
    std::vector<std::string> ids_{};
};

void append_text(std::vector<segment>& to, std::string_view text) {
    if (to.empty() || to.back().content) to.emplace_back();
    to.back().text += text;
}

void append_body(entity& from, std::vector<segment>& to) {
    if (from.parts.empty()) {
        to.push_back(std::move(from.content));
        return;
    }
    for (entity& part : from.parts) {
        append_text(to,
                    std::string{&part == &from.parts.front() ? "--" : "\r\n--"}.append(from.boundary).append("\r\n"));
        append_text(to, part.header.append("\r\n"));
        append_body(part, to);
    }
    append_text(to, std::string{"\r\n--"}.append(from.boundary).append("--"));
}

} // namespace

bool make_body(const message& from, std::string_view unique, entity& to, refusal& no) {
    return tree{from, unique, no}.make(to);
}

void flatten(entity&& from, std::vector<segment>& to) {
    append_text(to, from.header.append("\r\n"));
    append_body(from, to);
    if (!from.parts.empty()) append_text(to, "\r\n");
}

} // namespace postrider

#include "message/addresses.hpp"

#include "core/chars.hpp"
#include "message/findings.hpp"
#include "postrider/mailbox.hpp"

#include <gmime/gmime.h>

#include <memory>
#include <utility>

namespace postrider::message_detail {

namespace {

struct deleter {
    void operator()(GMimeParserOptions* p) const noexcept { g_mime_parser_options_free(p); }
    void operator()(InternetAddressList* p) const noexcept { g_object_unref(p); }
    void operator()(char* p) const noexcept { g_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, deleter>;

std::string unfolded(std::string_view body) {
    std::string text;
    for (const char c : body)
        if (c != '\r' && c != '\n') text += c;
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
    text.erase(0, text.find_first_not_of(" \t"));
    return text;
}

/// Whether each angle bracket has its other one, and something between them. Of some that have not GMime says nothing, and with
/// some it leaks. Quoted strings and comments have brackets of their own.
bool has_whole_brackets(std::string_view text) noexcept {
    int depth = 0;
    bool quoted = false, open = false, empty = false;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char c = text[i];
        if (c == '\\' && (quoted || depth != 0)) {
            if (++i == text.size()) break;
        } else if (c == '"' && depth == 0) {
            quoted = !quoted;
            empty = false;
        } else if (!quoted && (c == '(' || c == ')')) {
            depth += c == '(' ? 1 : depth > 0 ? -1 : 0;
        } else if (quoted || depth != 0 || c == ' ' || c == '\t') {
            continue;
        } else if (c == '<' || c == '>') {
            if (open != (c == '>') || empty) return false;
            open = empty = c == '<';
        } else {
            empty = false;
        }
    }
    return !open;
}

/// Whether there is anything but comments, commas and blanks.
bool says_something(std::string_view text) noexcept {
    int depth = 0;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\\' && depth != 0) {
            if (++i == text.size()) break;
        } else if (text[i] == '(') ++depth;
        else if (text[i] == ')' && depth > 0) --depth;
        else if (depth == 0 && text[i] != ',' && text[i] != ' ' && text[i] != '\t') return true;
    }
    return false;
}

void note_warning(gint64 /*offset*/, GMimeParserWarning /*which*/, const gchar* item, gpointer to) {
    std::string& at = *static_cast<std::string*>(to);
    if (at.empty()) at = item != nullptr && *item != '\0' ? item : "?";
}

/// GMime reads what it can and skips the rest, as a reader of mail must. Who is to send it must not: what it warns of counts.
/// (3.2.13 leaks some 130 octets for a few of the texts that are no addresses.)
owned<InternetAddressList> parsed(const std::string& text, std::string& warned) {
    static const bool ready = (g_mime_init(), true);
    static_cast<void>(ready);
    const owned<GMimeParserOptions> options{g_mime_parser_options_new()};
    g_mime_parser_options_set_address_compliance_mode(options.get(), GMIME_RFC_COMPLIANCE_STRICT);
    g_mime_parser_options_set_warning_callback(options.get(), note_warning, &warned);
    return owned<InternetAddressList>{internet_address_list_parse(options.get(), text.c_str())};
}

void add(InternetAddressList* list, std::string_view local_domain, addresses& to) {
    for (int i = 0; i < internet_address_list_length(list) && to.problem.empty(); ++i) {
        InternetAddress* const address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            add(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), local_domain, to);
            continue;
        }
        const char* const found = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
        std::string text = found != nullptr ? found : "";
        const auto framed = mailbox::frame(text);
        const bool local = framed && !framed->is_null() && framed->domain_part().empty();
        if (local && !local_domain.empty()) text.append("@").append(local_domain);
        if (!text.empty() && mailbox::parse_utf8(text)) to.mailboxes.push_back(text);
        else if (local) to.problem = shown(text).append(": has no domain; local_domain can give it one");
        else to.problem = shown(text).append(": is no address (RFC 5321 §4.1.2)");
    }
}

} // namespace

addresses read_addresses(std::string_view body, std::string_view local_domain) {
    addresses found;
    const std::string text = unfolded(body);
    if (!has_whole_brackets(text)) {
        found.problem = "has an angle bracket without its other one, or without an address";
        return found;
    }
    std::string warned;
    const owned<InternetAddressList> list = parsed(text, warned);
    if (!warned.empty()) found.problem = std::string{"cannot be read at \""}.append(shown(warned)).append("\"");
    else if (list) add(list.get(), local_domain, found);
    else if (says_something(text)) found.problem = std::string{"cannot be read: \""}.append(shown(text)).append("\"");
    return found;
}

author read_author(std::string_view text, std::string_view local_domain) {
    for (const char c : text)
        if (is_control(c)) return {.problem = "has a control character"};
    addresses read = read_addresses(text, local_domain);
    if (!read.problem.empty()) return {.problem = std::move(read.problem)};
    std::string warned;
    const owned<InternetAddressList> list = parsed(std::string{text}, warned);
    if (read.mailboxes.size() != 1 || internet_address_list_length(list.get()) != 1 ||
        !INTERNET_ADDRESS_IS_MAILBOX(internet_address_list_get_address(list.get(), 0)))
        return {.problem = "is not one mailbox"};
    author found{.address = std::move(read.mailboxes.front())};
    InternetAddress* const one = internet_address_list_get_address(list.get(), 0);
    internet_address_mailbox_set_addr(INTERNET_ADDRESS_MAILBOX(one), found.address.c_str());
    GMimeFormatOptions* const format = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    found.written = owned<char>{internet_address_list_to_string(list.get(), format, TRUE)}.get();
    g_mime_format_options_free(format);
    return found;
}

} // namespace postrider::message_detail

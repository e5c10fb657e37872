#include "postrider/mailbox.hpp"

#include "core/chars.hpp"
#include "postrider/limits.hpp"

namespace postrider {

namespace {

//   atext = ALPHA / DIGIT / one of these                              (RFC 5322 §3.2.3)
constexpr std::string_view atext_marks = "!#$%&'*+-/=?^_`{|}~";

constexpr bool is_atext(char c) noexcept {
    if (is_alpha(c) || is_digit(c)) return true;
    for (const char mark : atext_marks)
        if (c == mark) return true;
    return false;
}

/// How many octets of `text`, from `begin`, a quoted string takes, its quotes included; 0: it does not end.
constexpr std::size_t quoted(std::string_view text, std::size_t begin) noexcept {
    for (std::size_t i = begin + 1; i < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        else if (text[i] == '"') return i + 1 - begin;
    }
    return 0;
}

/// The mailbox without angle brackets around it. A bracket on one side only stays, and is refused later.
constexpr std::string_view unwrapped(std::string_view text) noexcept {
    if (text.size() < 2 || text.front() != '<' || text.back() != '>') return text;
    text.remove_prefix(1);
    text.remove_suffix(1);
    return text;
}

/// Where the local part ends: at an "@" outside quotes; the size of the text if there is none.
constexpr std::size_t end_of_local_part(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '@') return i;
        if (text[i] != '"') continue;
        const std::size_t length = quoted(text, i);
        if (length == 0) break;
        i += length - 1;
    }
    return text.size();
}

constexpr bool has_control(std::string_view text) noexcept {
    for (const char c : text)
        if (is_control(c)) return true;
    return false;
}

constexpr bool is_above_ascii(char c) noexcept { return (static_cast<unsigned char>(c) & 0x80) != 0; }

/// Well-formed UTF-8 (RFC 3629 §4) without C1 controls.
constexpr bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i++]);
        if (first < 0x80) continue;
        const unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4 || text.size() - i < more) return false;
        std::uint32_t point = first & (0x3Fu >> more);
        for (unsigned n = 0; n != more; ++n) {
            const auto next = static_cast<unsigned char>(text[i++]);
            if ((next & 0xC0) != 0x80) return false;
            point = point << 6 | (next & 0x3F);
        }
        const std::uint32_t least = more == 1 ? 0xA0 : more == 2 ? 0x800 : 0x10000;
        if (point < least || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    }
    return true;
}

//   Dot-string = Atom *("." Atom)                                     (RFC 5321 §4.1.2)
constexpr bool is_dot_string(std::string_view text, bool utf8) noexcept {
    bool dot = true;
    for (const char c : text) {
        if (c != '.' && !is_atext(c) && !(utf8 && is_above_ascii(c))) return false;
        if (c == '.' && dot) return false;
        dot = c == '.';
    }
    return !dot;
}

//   Quoted-string = DQUOTE *(%d32-33 / %d35-91 / %d93-126 / "\" %d32-126) DQUOTE
constexpr bool is_quoted_string(std::string_view text, bool utf8) noexcept {
    if (text.front() != '"' || quoted(text, 0) != text.size()) return false;
    for (const char c : text)
        if (is_above_ascii(c) && !utf8) return false;
    return true;
}

//   Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str]; underscore as many networks name their hosts
constexpr bool is_domain(std::string_view text, bool utf8 = false) noexcept {
    char before = '.';
    for (const char c : text) {
        const bool let_dig = is_alpha(c) || is_digit(c) || c == '_' || (utf8 && is_above_ascii(c));
        if (!let_dig && c != '-' && c != '.') return false;
        if ((c == '.' || c == '-') && before == '.') return false;
        if (c == '.' && before == '-') return false;
        before = c;
    }
    return before != '.' && before != '-';
}

//   address-literal = "[" ( IPv4 / Standardized-tag ":" 1*dcontent ) "]"; dcontent = %d33-90 / %d94-126  (RFC 5321 §4.1.3)
constexpr bool is_address_literal(std::string_view text) noexcept {
    if (text.size() < 3 || text.front() != '[' || text.back() != ']') return false;
    text.remove_prefix(1);
    text.remove_suffix(1);
    std::size_t tag = 0;
    for (std::size_t i = text.size(); i != 0; --i) {
        const auto c = static_cast<unsigned char>(text[i - 1]);
        if (c < 33 || c > 126 || (c > 90 && c < 94)) return false;
        if (c == ':') tag = i;
    }
    if (tag != 0) {
        for (std::size_t i = 0; i + 1 != tag; ++i)
            if (!is_alpha(text[i]) && !is_digit(text[i]) && text[i] != '-') return false;
        return tag > 1 && tag != text.size() && text[tag - 2] != '-';
    }
    unsigned dots = 0, digits = 0, value = 0;
    for (const char c : text) {
        if (c == '.' && digits != 0) {
            ++dots;
            digits = value = 0;
            continue;
        }
        value = value * 10 + static_cast<unsigned>(c - '0');
        if (!is_digit(c) || ++digits > 3 || value > 255) return false;
    }
    return dots == 3 && digits != 0;
}

} // namespace

std::optional<domain> domain::parse(std::string_view text) noexcept {
    if (text.size() > limits::domain || !(is_domain(text) || is_address_literal(text))) return {};
    return domain{text};
}

std::optional<domain> domain::frame(std::string_view text) noexcept {
    if (text.size() > limits::domain) return {};
    for (const char c : text)
        if (is_control(c) || c == ' ') return {};
    return domain{text};
}

std::optional<mailbox> mailbox::parse(std::string_view text) noexcept { return parse(text, false); }

std::optional<mailbox> mailbox::parse_utf8(std::string_view text) noexcept {
    return is_utf8(text) ? parse(text, true) : std::nullopt;
}

std::optional<mailbox> mailbox::parse(std::string_view text, bool utf8) noexcept {
    const mailbox m{unwrapped(text)};
    if (m.is_null() && !text.empty()) return m;
    if (m.text().size() > limits::mailbox || has_control(m.text())) return {};
    const std::string_view local = m.local_part();
    if (local.empty() || local.size() > 64 || !(is_dot_string(local, utf8) || is_quoted_string(local, utf8))) return {};
    if (!(is_domain(m.domain_part(), utf8) || is_address_literal(m.domain_part()))) return {};
    return m;
}

std::optional<mailbox> mailbox::frame(std::string_view text) noexcept {
    text = unwrapped(text);
    if (text.size() > limits::framed_path) return {};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_control(text[i]) || text[i] == '<' || text[i] == '>') return {};
        if (text[i] != '"') continue;
        // RFC 821 let a backslash quote an octet outside quotes too. A server that still reads it so sees no quoted string
        // begin here, and a bracket in it would end the path.
        if (i != 0 && text[i - 1] == '\\') return {};
        const std::size_t length = quoted(text, i);
        if (length == 0 || has_control({text.data() + i, length})) return {};
        i += length - 1;
    }
    return mailbox{text};
}

std::string_view mailbox::local_part() const noexcept { return {text_.data(), end_of_local_part(text_)}; }

std::string_view mailbox::domain_part() const noexcept {
    const std::size_t local = end_of_local_part(text_);
    if (local == text_.size()) return {};
    return {text_.data() + local + 1, text_.size() - local - 1};
}

} // namespace postrider

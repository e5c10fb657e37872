#include "dkim/signature.hpp"

#include "core/chars.hpp"
#include "dkim/canonical.hpp"
#include "dkim/key.hpp"
#include "postrider/io/idn2.hpp"
#include "postrider/mailbox.hpp"

#include <algorithm>
#include <utility>

namespace postrider::dkim_detail {

namespace {

using content_detail::header_field;

constexpr std::size_t line_length = 78; // RFC 5322 §2.1.1

bool same_text(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_upper(x) == to_upper(y); });
}

bool lists(const std::vector<std::string>& names, std::string_view name) noexcept {
    return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return same_text(n, name); });
}

/// A domain in A-labels; empty if it is none. An address literal is none.
std::string a_labels(const std::string& text) {
    std::string ascii;
    if (domain_to_ascii(text, ascii) != errc::ok || !domain::parse(ascii) || ascii.front() == '[') return {};
    return ascii;
}

//   hdr-name = field-name, without ";"                                 (RFC 6376 §3.5, h=)
bool is_name(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127 && c != ':' && c != ';'; });
}

//   dkim-safe-char = %x21-3A / %x3C / %x3E-7E                          (RFC 6376 §2.11)
std::string quoted_printable(std::string_view text) {
    constexpr const char* digits = "0123456789ABCDEF";
    std::string to;
    for (const char c : text) {
        if (c > ' ' && c < 127 && c != ';' && c != '=') {
            to += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        to.append("=").append(1, digits[octet >> 4]).append(1, digits[octet & 15]);
    }
    return to;
}

std::string check_identity(const dkim_signer& from, checked_signer& to) {
    if (from.identity.empty()) return {};
    const std::size_t at = from.identity.rfind('@');
    const std::string wrong = std::string{"identity: "}.append(from.identity);
    if (std::any_of(from.identity.begin(), from.identity.end(), is_control)) return "identity: has a control character";
    if (at == std::string::npos)
        return std::string{wrong}.append(" has no @; alice@a.example or @a.example is expected");
    const std::string domain = a_labels(from.identity.substr(at + 1));
    const std::size_t above = domain.size() - std::min(domain.size(), to.domain.size());
    if (domain.empty() || !same_text(std::string_view{domain}.substr(above), to.domain) ||
        (above != 0 && domain[above - 1] != '.'))
        return std::string{wrong}.append(" is not of ").append(from.domain).append(" or a domain below it");
    to.identity = quoted_printable(from.identity.substr(0, at)).append("@").append(domain);
    return {};
}

/// Text that is folded between its words, where they can be told apart.
class folded {
public:
    explicit folded(std::string_view name) : text_(name), column_(name.size()) {}

    void word(std::string_view text) { // behind a blank
        if (column_ + 1 + text.size() > line_length) fold();
        else put(" ");
        put(text);
    }
    void more(std::string_view text) { // where a fold may stand, and nothing else need to
        if (column_ + text.size() > line_length) fold();
        put(text);
    }
    void anywhere(std::string_view text) { // can be folded between any two characters
        while (!text.empty()) {
            if (column_ >= line_length) fold();
            const std::string_view part = text.substr(0, line_length - column_);
            put(part);
            text.remove_prefix(part.size());
        }
    }
    const std::string& text() const noexcept { return text_; }

private:
    void fold() {
        text_ += "\r\n ";
        column_ = 1;
    }
    void put(std::string_view text) {
        text_ += text;
        column_ += text.size();
    }

    std::string text_;
    std::size_t column_;
};

/// The names of h=, and what they stand for, in their order. A name stands for the lowest field of it that is not taken yet, and
/// one more than there are for a field that must not come (RFC 6376 §5.4.2).
std::vector<std::string_view> choose(const checked_signer& by, const std::vector<header_field>& fields,
                                     std::string& text) {
    std::vector<std::string_view> names;
    const auto take = [&](const std::string& name) {
        const std::size_t before = names.size();
        for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
            if (!same_text(field->name, name)) continue;
            names.push_back(name);
            text.append(relaxed_field(field->name, field->body)).append("\r\n");
        }
        return names.size() != before;
    };
    for (const std::string& name : by.oversigned) {
        take(name);
        names.push_back(name);
    }
    for (const std::string& name : by.oversigned_if_present)
        if (take(name)) names.push_back(name);
    for (const std::string& name : by.headers) take(name);
    return names;
}

} // namespace

std::string check(const dkim_signer& from, checked_signer& to) {
    if (!from.key) return std::string{"key: "}.append(from.key.problem().empty() ? "is not given" : from.key.problem());
    to.key = from.key;
    to.domain = a_labels(from.domain);
    if (to.domain.empty())
        return std::string{"domain: \""}.append(quoted_printable(from.domain)).append("\" is no domain");
    to.selector = a_labels(from.selector);
    if (to.selector.empty())
        return std::string{"selector: \""}.append(quoted_printable(from.selector)).append("\" is no name in DNS");
    if (std::string why = check_identity(from, to); !why.empty()) return why;
    if (from.expires.count() < 0) return "expires: is in the past";
    if (from.expires > std::chrono::hours{24 * 36525}) return "expires: is more than a century away; 0 says nothing";
    to.expires = from.expires.count();
    if (!lists(from.oversigned, "From")) to.oversigned.emplace_back("From");
    const auto known = [&](std::string_view name) {
        return lists(to.oversigned, name) || lists(to.oversigned_if_present, name) || lists(to.headers, name);
    };
    for (const auto& list :
         {std::pair{&from.oversigned, &to.oversigned},
          std::pair{&from.oversigned_if_present, &to.oversigned_if_present}, std::pair{&from.headers, &to.headers}})
        for (const std::string& name : *list.first) {
            if (!is_name(name))
                return std::string{"headers: \""}
                    .append(quoted_printable(name))
                    .append("\" is no name of a header field");
            if (!known(name)) list.second->push_back(name);
        }
    return {};
}

std::string signature(const checked_signer& by, const std::vector<header_field>& fields, std::string_view body_digest,
                      std::int64_t now) {
    const auto tag = [](const char* name, const std::string& value) {
        return std::string{name}.append("=").append(value).append(";");
    };
    folded field{"DKIM-Signature:"};
    field.word("v=1;");
    field.word(by.key.algorithm() == dkim_algorithm::rsa_sha256 ? "a=rsa-sha256;" : "a=ed25519-sha256;");
    field.word("c=relaxed/relaxed;");
    field.word(tag("d", by.domain));
    field.word(tag("s", by.selector));
    field.word(tag("t", std::to_string(now)));
    if (by.expires != 0) field.word(tag("x", std::to_string(now + by.expires)));
    if (!by.identity.empty()) field.word(tag("i", by.identity));

    std::string text;
    const std::vector<std::string_view> names = choose(by, fields, text);
    for (std::size_t i = 0; i != names.size(); ++i) {
        const std::string name = std::string{names[i]}.append(i + 1 == names.size() ? ";" : ":");
        if (i == 0) field.word(std::string{"h="} += name);
        else field.more(name);
    }
    field.word("bh=");
    field.anywhere(base64(body_digest) += ';');
    field.word("b=");
    text.append(relaxed_field("DKIM-Signature", std::string_view{field.text()}.substr(15)));
    const std::string made = by.key.held()->sign(text);
    if (made.empty()) return {};
    field.anywhere(base64(made));
    return std::string{field.text()}.append("\r\n");
}

} // namespace postrider::dkim_detail

#include "message/written_address.hpp"

#include "message/header_writer.hpp"
#include "postrider/io/idn2.hpp"
#include "postrider/mailbox.hpp"

namespace postrider {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// What stands before the mailbox, without its quotes: `"Bob, \"B\"" (Sales)` is `Bob, "B" (Sales)`.
struct phrase_found {
    std::string name{};
    std::size_t end = std::string_view::npos; ///< of the phrase: where `<` is
    bool open = false;                        ///< a quoted string does not end
    bool comma = false, semicolon = false, at = false, colon = false, closes = false;
};

phrase_found read_phrase(std::string_view text) {
    phrase_found found;
    bool in_quotes = false;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            in_quotes = !in_quotes;
        } else if (in_quotes && c == '\\' && i + 1 != text.size()) {
            found.name += text[++i];
        } else if (!in_quotes && c == '<') {
            found.end = i;
            break;
        } else {
            found.name += c;
            found.comma |= !in_quotes && c == ',';
            found.semicolon |= !in_quotes && c == ';';
            found.colon |= !in_quotes && c == ':';
            found.at |= !in_quotes && c == '@';
            found.closes |= !in_quotes && c == '>';
        }
    }
    found.open = in_quotes;
    return found;
}

/// `invalid_mailbox` in words: the most frequent reasons, and what to do.
std::string reason(std::string_view mailbox) {
    if (mailbox.empty()) return "it is empty";
    if (mailbox.find('@') == std::string_view::npos) return "it has no `@`: write local-part@domain";
    if (mailbox.front() == '@') return "nothing stands before the `@`";
    if (mailbox.back() == '@') return "nothing stands behind the `@`";
    if (mailbox.find(' ') != std::string_view::npos)
        return "it has a space: write Name <local-part@domain>, or the local part in quotes";
    return "RFC 5321 §4.1.2 has no such mailbox: look at its local part (64 octets at most) and its domain";
}

bool refuse(std::string& problem, std::string_view text, std::string_view why) {
    problem.append("`").append(text).append("` is not an address: ").append(why);
    return false;
}

} // namespace

bool written_address::utf8() const noexcept {
    for (const char c : mailbox)
        if ((static_cast<unsigned char>(c) & 0x80) != 0) return true;
    return false;
}

bool read_mailbox(std::string_view text, std::string& mailbox, std::string& problem) {
    if (mailbox_to_ascii(text, mailbox) == errc::ok && !mailbox.empty()) {
        if (postrider::mailbox::parse(mailbox) || postrider::mailbox::parse_utf8(mailbox)) return true;
    }
    return refuse(problem, text, reason(text));
}

bool read_address(const any_address& from, written_address& to, std::string& problem) {
    const std::string_view text = trimmed(from.text());
    const std::string_view name = from.name() ? trimmed(*from.name()) : std::string_view{};
    for (const std::string_view part : {text, name}) {
        const std::string objection = objection_to_text(part);
        if (objection.empty()) continue;
        problem.append("not an address: ").append(objection); // the text itself is nothing to print
        return false;
    }
    if (text.empty()) return refuse(problem, text, "it is empty: leave it out, or write local-part@domain");
    if (from.name()) {
        to.name = name;
        return read_mailbox(text, to.mailbox, problem);
    }
    const phrase_found phrase = read_phrase(text);
    if (phrase.colon && text.back() == ';') return refuse(problem, text, "it is a group: write its members one by one");
    if (phrase.end == std::string_view::npos) {
        if (phrase.comma) return refuse(problem, text, "it seems to be several: write them one by one");
        return read_mailbox(text, to.mailbox, problem);
    }
    if (phrase.open) return refuse(problem, text, "a quoted string in it does not end");
    if (text.back() != '>') return refuse(problem, text, "it does not end with the `>` that belongs to its `<`");
    if ((phrase.comma || phrase.semicolon) && phrase.at)
        return refuse(problem, text, "it seems to be several: write them one by one, or the name in quotes");
    if (phrase.closes) return refuse(problem, text, "a `>` stands before its `<`");
    to.name = trimmed(phrase.name);
    const std::string_view inside = text.substr(phrase.end + 1, text.size() - phrase.end - 2);
    if (inside.empty()) return refuse(problem, text, "nothing stands between `<` and `>`");
    if (inside.front() == '<') return refuse(problem, text, "it has more than one pair of angle brackets");
    return read_mailbox(inside, to.mailbox, problem);
}

} // namespace postrider

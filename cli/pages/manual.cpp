#include "manual.hpp"

#include "settings.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace postrider::cli {
namespace {

/// U+0041 and so on, and how many octets say it; what is no UTF-8 is one octet that says nothing.
std::pair<unsigned, std::size_t> character_at(std::string_view text) noexcept {
    const auto octet = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned first = octet(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    unsigned value = first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i != size; ++i) {
        if ((octet(i) & 0xC0) != 0x80) return {'?', 1};
        value = value << 6 | (octet(i) & 0x3F);
    }
    return {value, size};
}

bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// How long the name of an option at the beginning of the text is; 0: there is none.
std::size_t option_at(std::string_view text) noexcept {
    if (text.size() < 2 || text[0] != '-') return 0;
    const std::size_t dashes = text[1] == '-' ? 2 : 1;
    std::size_t end = dashes;
    while (end < text.size() && is_word(text[end])) ++end;
    while (end > dashes && text[end - 1] == '-') --end;
    const bool letter =
        end > dashes && ((text[dashes] >= 'a' && text[dashes] <= 'z') || (text[dashes] >= 'A' && text[dashes] <= 'Z'));
    return letter && (dashes == 2 || end == 2 || text[1] == 'o' || text[1] == 'b') ? end : 0;
}

std::string bold(std::string_view text) { return std::string{"\\fB"}.append(roff(text)).append("\\fR"); }
std::string italic(std::string_view text) { return std::string{"\\fI"}.append(roff(text)).append("\\fR"); }

std::string in_quotes(std::string_view text) { return std::string{"\""}.append(text).append("\""); }

/// Of a sentence, with the names of options in bold. At the beginning of a line roff acts upon a dot and an apostrophe.
std::string inline_text(std::string_view text) {
    std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
    for (char before = ' '; !text.empty();) {
        const std::size_t option = is_word(before) ? 0 : option_at(text);
        const std::size_t size = option != 0 ? option : character_at(text).second;
        out += option != 0 ? bold(text.substr(0, size)) : roff(text.substr(0, size));
        before = text[size - 1];
        text.remove_prefix(size);
    }
    return out;
}

std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

/// Paragraphs and, where lines begin with a blank, what stands as it is.
class writer {
public:
    explicit writer(std::string& to) : to_(to) {}

    void heading(std::string_view text) { to_.append(".SH ").append(text).append("\n"); }
    void group(std::string_view text) { to_.append(".SS ").append(roff(text)).append("\n"); }
    void term(const std::string& what, std::string_view text) {
        to_.append(".TP\n").append(what).append("\n");
        to_.append(text.empty() ? "\\&" : inline_text(text)).append("\n");
    }
    void text(std::string_view plain) {
        bool literal = false, blank = false;
        while (!plain.empty()) {
            const std::string_view line = take_line(plain);
            if (line.empty()) {
                blank = true;
                continue;
            }
            const bool as_it_is = line.starts_with(' ');
            if (literal && !as_it_is) to_.append(".fi\n.RE\n");
            if (literal && as_it_is && blank) to_.append("\n");
            if (!as_it_is && (blank || literal) && needs_break()) to_.append(".PP\n");
            if (!literal && as_it_is) to_.append(needs_break() ? ".PP\n.RS 4\n.nf\n" : ".RS 4\n.nf\n");
            literal = as_it_is;
            blank = false;
            if (as_it_is)
                to_.append("\\&").append(roff(line.substr(std::min<std::size_t>(line.find_first_not_of(' '), 4))));
            else to_.append(inline_text(line));
            to_ += '\n';
        }
        if (literal) to_.append(".fi\n.RE\n");
    }
    void table(std::string_view name, std::span<const std::pair<std::string_view, std::string_view>> rows, bool names) {
        if (rows.empty()) return;
        heading(name);
        for (const auto& [what, means] : rows) term(names ? italic(what) : bold(what), means);
    }

private:
    /// A paragraph right behind a heading is one without being told.
    bool needs_break() const {
        const std::size_t line = to_.rfind('\n', to_.size() - 2);
        const std::string_view last = std::string_view{to_}.substr(line == to_.npos ? 0 : line + 1);
        return !last.starts_with(".SH") && !last.starts_with(".SS");
    }

    std::string& to_;
};

/// A footer taken apart: examples, and the rest of it; exit codes stand in the texts in full.
struct footer_parts {
    std::string examples{}, notes{};
};

footer_parts parts_of(std::string_view footer) {
    footer_parts parts;
    bool codes = false;
    while (!footer.empty()) {
        const std::string_view line = take_line(footer);
        if (line.empty()) codes = false;
        if (line == "Examples:") continue;
        const std::size_t begin = line.find("Exit codes:");
        if (line.starts_with(' ')) {
            parts.examples.append(line).append("\n");
        } else if (!codes) {
            parts.notes.append(line.substr(0, begin)).append("\n");
            codes = begin != line.npos;
        }
    }
    if (parts.notes.find_first_not_of('\n') == std::string::npos) parts.notes.clear();
    return parts;
}

std::string term_of(const option_facts& one) {
    std::string term;
    for (const std::string& name : one.names) {
        if (!term.empty()) term += ", ";
        term += one.argument ? italic(name) : bold(name);
    }
    if (!one.value.empty()) term.append(" ").append(italic(one.value));
    return term;
}

void write_synopsis(std::string& to, const command_facts& root, const command_facts& command) {
    to.append(bold(root.name));
    if (&command != &root) to.append(" ").append(bold(command.name));
    if (!command.commands.empty()) to.append(" ").append(italic("COMMAND"));
    to.append(" [").append(italic("OPTION")).append("...]");
    for (const option_facts& one : command.options) {
        if (!one.argument) continue;
        to.append(one.required ? " " : " [").append(italic(one.names.front())).append(one.repeated ? "..." : "");
        if (!one.required) to += ']';
    }
    to += '\n';
}

void write_options(writer& page, const command_facts& command) {
    for (const option_facts& one : command.options)
        if (one.argument && one.group != "Message") {
            page.heading("ARGUMENTS");
            page.term(term_of(one), one.help);
        }
    page.heading("OPTIONS");
    for (const std::string& group : command.groups) {
        if (command.groups.size() > 1) page.group(group);
        for (const option_facts& one : command.options)
            if (one.group == group && (!one.argument || group == "Message")) page.term(term_of(one), one.help);
    }
}

void write_config(writer& page) {
    page.heading("KEYS");
    page.text("Each has the name of the option that means the same; what is said there comes first.\n");
    std::string_view group;
    for (const setting& one : all_settings()) {
        if (one.group != group) page.group(group = one.group);
        std::string term = bold(one.name) + " = ";
        if (one.kind == setting_kind::flag) term += italic("true");
        else if (one.kind == setting_kind::list) term.append("[").append(italic(in_quotes(one.value))).append(", ...]");
        else term += italic(in_quotes(one.value));
        page.term(term, one.help);
    }
}

/// "postrider-send(1), postrider(1)", in bold, without the page itself.
std::string see_also(std::string_view page, std::string_view more) {
    std::vector<std::string> all;
    for (const manual_text& one : all_manual_texts())
        if (one.page != page) all.push_back(std::string{one.page}.append("(").append(one.section).append(")"));
    for (std::string_view rest = more; !rest.empty();) {
        const std::size_t end = std::min(rest.find(", "), rest.size());
        all.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    std::string text;
    for (const std::string& one : all) {
        const std::size_t bracket = one.find('(');
        text.append(".BR ").append(roff(one.substr(0, bracket))).append(" ").append(one.substr(bracket));
        text.append(&one == &all.back() ? "\n" : " ,\n");
    }
    return text;
}

std::string in_capitals(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

} // namespace

std::string roff(std::string_view plain) {
    std::string out;
    while (!plain.empty()) {
        const auto [character, size] = character_at(plain);
        switch (character) {
        case '\\': out += "\\e"; break;
        case '-': out += "\\-"; break;
        case '\'': out += "\\(aq"; break;
        case '`': out += "\\(ga"; break;
        case '^': out += "\\(ha"; break;
        case '~': out += "\\(ti"; break;
        case '"': out += "\\(dq"; break;
        default:
            if (character < 0x80) {
                out += static_cast<char>(character);
            } else {
                std::array<char, 16> name{};
                std::snprintf(name.data(), name.size(), "\\[u%04X]", character);
                out += name.data();
            }
        }
        plain.remove_prefix(size);
    }
    return out;
}

std::string manual_page(const command_facts& all, std::string_view name, std::string_view date) {
    const auto texts = all_manual_texts();
    const auto text =
        std::find_if(texts.begin(), texts.end(), [&](const manual_text& one) { return one.page == name; });
    if (text == texts.end()) return {};
    const bool config = text->section == "5";
    const std::size_t dash = std::min(name.find('-'), name.size());
    const command_facts* const found = dash == name.size() ? &all : all.find(name.substr(dash + 1));
    if (found == nullptr && !config) return {};

    std::string out = ".\\\" Made by `postrider manual`; do not edit\n.TH ";
    out.append(in_capitals(std::string{name})).append(" ").append(text->section).append(" ").append(date);
    out.append(" \"Postrider ").append(POSTRIDER_VERSION).append("\"\n.nh\n.ad l\n"); // no option is cut in two
    writer page{out};
    page.heading("NAME");
    std::string brief = config ? "accounts and servers for postrider" : found->description;
    brief.resize(std::min(brief.find('\n'), brief.size()));
    if (brief.ends_with('.')) brief.pop_back();
    out.append(roff(name)).append(" \\- ").append(inline_text(brief)).append("\n");
    page.heading("SYNOPSIS");
    if (config) out.append(italic("~/.config/postrider/config.toml")).append("\n");
    else write_synopsis(out, all, *found);
    page.heading("DESCRIPTION");
    page.text(text->description);
    const footer_parts footer = config ? footer_parts{} : parts_of(found->footer);
    if (!config && found == &all) {
        page.heading("COMMANDS");
        for (const command_facts& one : all.commands) page.term(bold(one.name), one.description);
    }
    if (config) write_config(page);
    else write_options(page, *found);
    if (!footer.notes.empty()) {
        page.heading("NOTES");
        page.text(footer.notes);
    }
    page.table("EXIT STATUS", text->exit_status, false);
    page.table("FILES", text->files, true);
    page.table("ENVIRONMENT", text->environment, false);
    if (!footer.examples.empty()) {
        page.heading("EXAMPLES");
        page.text(footer.examples);
    }
    page.heading("SEE ALSO");
    return out.append(see_also(name, text->see_also));
}

} // namespace postrider::cli

#include "command.hpp"

#include <charconv>

namespace postrider::sink {

namespace {

// One look a character: a sink that is faster than its client looks at each octet of each command.
enum : std::uint8_t { digit = 1, letter = 2, atom = 4, eight_bit = 8, control = 16, label = 32 };

constexpr std::array<std::uint8_t, 256> classes = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        const auto add = [&](bool is, unsigned what) {
            if (is) table[c] = static_cast<std::uint8_t>(table[c] | what);
        };
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        add(c >= '0' && c <= '9', digit | atom | label);
        add(is_letter, letter | atom | label);
        add(c >= 0x80, eight_bit | atom | label);
        add(c < 0x20 || c == 0x7f, control);
        add(c == '-', label);
    }
    for (const char c : std::string_view{"!#$%&'*+-/=?^_`{|}~"}) table[static_cast<unsigned char>(c)] |= atom;
    return table;
}();

bool is(char c, unsigned what) { return (classes[static_cast<unsigned char>(c)] & what) != 0; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_digit(char c) { return is(c, digit); }
bool is_alnum(char c) { return is(c, digit | letter); }
bool is_eight_bit(char c) { return is(c, eight_bit); }
bool is_control(char c) { return is(c, control); }

// No verb is longer than eight octets: one number, compared at once.
constexpr std::uint64_t packed(std::string_view word) {
    std::uint64_t number = 0;
    for (const char c : word)
        number = number << 8 | static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return number;
}

constexpr std::array<std::uint64_t, verbs - 1> packed_verbs = [] {
    std::array<std::uint64_t, verbs - 1> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = packed(verb_names[i]);
    return all;
}();

// quoted-string = DQUOTE *(qtextSMTP / quoted-pairSMTP) DQUOTE; the octets taken, 0 if it is none.
std::size_t quoted_string(std::string_view text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (is_control(text[i])) return 0;
        if (text[i] == '"') return i + 1;
        if (text[i] == '\\' && (++i == text.size() || is_control(text[i]) || is_eight_bit(text[i]))) return 0;
    }
    return 0;
}

// Dot-string = Atom *("." Atom); the octets taken, 0 if it is none.
std::size_t dot_string(std::string_view text) {
    std::size_t i = 0;
    for (;;) {
        const std::size_t first = i;
        while (i < text.size() && is(text[i], atom)) ++i;
        if (i == first) return 0;
        if (i == text.size() || text[i] != '.') return i;
        ++i;
    }
}

// Domain / address-literal; the octets taken, 0 if it is none.
std::size_t domain(std::string_view text) {
    if (!text.empty() && text[0] == '[') {
        std::size_t i = 1;
        while (i < text.size() && text[i] > ' ' && text[i] != '[' && text[i] != ']' && text[i] != '\\' &&
               !is_control(text[i]) && !is_eight_bit(text[i]))
            ++i;
        return i > 1 && i < text.size() && text[i] == ']' ? i + 1 : 0;
    }
    std::size_t i = 0;
    for (;;) {
        const std::size_t first = i;
        while (i < text.size() && is(text[i], label)) ++i;
        if (i == first || text[first] == '-' || text[i - 1] == '-') return 0;
        if (i == text.size() || text[i] != '.') return i;
        ++i;
    }
}

// A-d-l ":" of a source route, which a server must accept and ignore.
std::size_t source_route(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size() && text[i] == '@') {
        const std::size_t size = domain(text.substr(i + 1));
        if (size == 0) return 0;
        i += 1 + size;
        if (i == text.size()) return 0;
        if (text[i] == ':') return i + 1;
        if (text[i++] != ',') return 0;
    }
    return 0;
}

} // namespace

bool same_letters(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (upper(a[i]) != upper(b[i])) return false;
    return true;
}

command parse_command(std::string_view line) {
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    command parsed;
    parsed.line = line;
    if (space != std::string_view::npos) parsed.argument = line.substr(space + 1);
    if (word.size() > 8) return parsed;
    const std::uint64_t wanted = packed(word);
    for (std::size_t i = 0; i < packed_verbs.size(); ++i)
        if (packed_verbs[i] == wanted) parsed.verb = static_cast<verb>(i);
    return parsed;
}

path_argument parse_path_argument(std::string_view argument, std::string_view prefix) {
    path_argument path;
    if (!same_letters(argument.substr(0, prefix.size()), prefix)) return path;
    argument.remove_prefix(prefix.size());
    if (argument.empty() || argument[0] != '<') return path;
    argument.remove_prefix(1);
    argument.remove_prefix(source_route(argument));

    std::size_t size = 0;
    const bool null_path = argument.substr(0, 1) == ">";
    if (!null_path) {
        size = argument.substr(0, 1) == "\"" ? quoted_string(argument) : dot_string(argument);
        if (size == 0) return path;
        if (argument.substr(size, 1) == "@") {
            const std::size_t of_domain = domain(argument.substr(size + 1));
            if (of_domain == 0) return path;
            size += 1 + of_domain;
        } else if (!same_letters(argument.substr(0, size), "postmaster")) {
            return path;
        }
    }
    if (argument.substr(size, 1) != ">") return path;
    path.address = argument.substr(0, size);
    argument.remove_prefix(size + 1);
    if (!argument.empty()) {
        if (argument[0] != ' ') return path;
        path.parameters = argument.substr(1);
        if (path.parameters.empty()) return path; // trailing blank
    }
    path.well_formed = true;
    for (const char c : path.address) path.eight_bit |= is_eight_bit(c);
    return path;
}

bool parse_parameters(std::string_view text, std::vector<parameter>& parameters) {
    parameters.clear();
    while (!text.empty()) {
        const std::size_t space = text.find(' ');
        const std::string_view one = text.substr(0, space);
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
        if (space != std::string_view::npos && text.empty()) return false; // trailing blank

        const std::size_t equals = one.find('=');
        const std::string_view keyword = one.substr(0, equals);
        if (keyword.empty() || !is_alnum(keyword[0])) return false;
        for (const char c : keyword)
            if (!is_alnum(c) && c != '-') return false;
        parameter parsed;
        for (const char c : keyword) parsed.keyword += upper(c);
        for (const auto& other : parameters)
            if (other.keyword == parsed.keyword) return false;
        if (equals != std::string_view::npos) {
            const std::string_view value = one.substr(equals + 1);
            if (value.empty()) return false;
            for (const char c : value)
                if (is_control(c) || c == '=') return false;
            parsed.value = value;
        }
        parameters.push_back(std::move(parsed));
    }
    return true;
}

bool is_domain(std::string_view text) { return !text.empty() && domain(text) == text.size(); }

bool is_xtext(std::string_view text) {
    const auto is_hex = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '=') return false;
        if (text[i] != '+') continue;
        if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
        i += 2;
    }
    return !text.empty();
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

} // namespace postrider::sink

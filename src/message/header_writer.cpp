#include "message/header_writer.hpp"

#include "core/chars.hpp"
#include "message/utf8.hpp"

#include <algorithm>
#include <vector>

namespace postrider {

namespace {

constexpr char hexadecimal[] = "0123456789ABCDEF";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view word_begins = "=?utf-8?", word_ends = "?=";
constexpr std::size_t around_word = 12;  // `=?utf-8?q?` and `?=`
constexpr std::size_t longest_word = 75; // RFC 2047 §2

constexpr bool is_printable(char c) noexcept { return c > ' ' && c < 0x7f; }
constexpr bool is_any_of(char c, std::string_view set) noexcept { return set.find(c) != std::string_view::npos; }
/// What stands for itself in an encoded word also in a phrase (RFC 2047 §5 (3)).
constexpr bool is_plain(char c) noexcept { return is_alpha(c) || is_digit(c) || is_any_of(c, "!*+-/"); }
/// attribute-char of RFC 2231 §7.
constexpr bool is_attribute_char(char c) noexcept { return is_printable(c) && !is_any_of(c, "*'%()<>@,;:\\\"/[]?="); }

constexpr bool holds_word(std::string_view text) noexcept { return text.find("=?") != std::string_view::npos; }

std::size_t q_size(std::string_view text) noexcept {
    std::size_t size = 0;
    for (const char c : text) size += is_plain(c) || c == ' ' ? 1 : 3;
    return size;
}

std::size_t b_size(std::string_view text) noexcept { return (text.size() + 2) / 3 * 4; }

void append_hexadecimal(std::string& to, char mark, char c) {
    const auto octet = static_cast<unsigned char>(c);
    to += mark;
    to += hexadecimal[octet >> 4];
    to += hexadecimal[octet & 15];
}

std::string q_word(std::string_view text) {
    std::string word{word_begins};
    word += "q?";
    for (const char c : text) {
        if (is_plain(c)) word += c;
        else if (c == ' ') word += '_';
        else append_hexadecimal(word, '=', c);
    }
    return word += word_ends;
}

std::string b_word(std::string_view text) {
    std::string word{word_begins};
    word += "b?";
    for (std::size_t i = 0; i < text.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t k = 0; k != 3; ++k)
            bits = bits << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u);
        for (std::size_t k = 0; k != 4; ++k)
            word += i + k <= text.size() ? base64_digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return word += word_ends;
}

/// How much of `text`, in whole characters, an encoded word of `room` octets can hold. By B it is a multiple of three octets, or
/// all of it: readers (GMime 3.2) that decode neighbouring words as one lose what stands behind padding.
std::size_t fits(std::string_view text, bool by_q, std::size_t room) noexcept {
    if (room < around_word) return 0;
    std::size_t found = 0;
    for (std::size_t at = 0; at < text.size();) {
        at = std::min(at + character_size(text.substr(at)), text.size());
        const std::string_view part = text.substr(0, at);
        if (around_word + (by_q ? q_size(part) : b_size(part)) > room) break;
        if (by_q || at % 3 == 0 || at == text.size()) found = at;
    }
    return found;
}

struct next_word {
    std::size_t octets; ///< of the text; 0: the room is too small
    bool by_q;
};

/// Where no multiple of three lies within `most` octets of a word, a character by Q makes one possible again.
next_word word_of(std::string_view text, bool by_q, std::size_t room, std::size_t most) noexcept {
    const std::size_t octets = fits(text, by_q, room);
    if (octets != 0 || by_q || fits(text, false, most) != 0) return {octets, by_q};
    const std::size_t first = character_size(text);
    return {around_word + q_size(text.substr(0, first)) <= room ? first : 0, true};
}

bool is_spaced(std::string_view text) noexcept {
    return text.empty() || text.front() == ' ' || text.back() == ' ' || text.find("  ") != std::string_view::npos;
}

/// Words of atoms with one space between them, on one line: GMime 3.2 shows the CRLF of a name that is folded.
bool is_atoms(std::string_view text) noexcept {
    if (is_spaced(text) || text.size() > 60) return false;
    while (!text.empty())
        if (!is_atom(take_word(text))) return false;
    return true;
}

bool is_quotable(std::string_view text) noexcept {
    std::size_t size = 2;
    for (const char c : text) {
        if (!is_printable(c) && c != ' ') return false;
        size += c == '"' || c == '\\' ? 2 : 1;
    }
    return size <= 60;
}

std::string quoted(std::string_view text) {
    std::string result{"\""};
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result += '"';
}

/// A word of free text with the spaces before it.
struct piece {
    std::string_view spaces, word;
    bool encode; ///< it cannot stand as it is
};

/// Spaces at either end would be lost, so the words there take them in. A word of more than 900 octets leaves no room for the
/// name of the field.
std::vector<piece> pieces_of(std::string_view value) {
    std::vector<piece> pieces;
    for (std::size_t at = 0; at != value.size();) {
        const std::size_t begin = std::min(value.find_first_not_of(' ', at), value.size());
        const std::size_t end = std::min(value.find(' ', begin), value.size());
        const std::string_view word = value.substr(begin, end - begin);
        const bool stands = !word.empty() && word.size() <= 900 && !holds_word(word) && begin - at <= 60 &&
                            (at != 0 || begin == 0) && std::all_of(word.begin(), word.end(), is_printable);
        if (word.empty() && !pieces.empty()) pieces.back().encode = true;
        pieces.push_back({value.substr(at, begin - at), word, !stands});
        at = end;
    }
    return pieces;
}

} // namespace

void header_writer::begin(std::string_view name) {
    out_.append(name).append(":");
    column_ = name.size() + 1;
    bare_ = true;
}

void header_writer::end() {
    out_ += "\r\n";
    column_ = 0;
}

void header_writer::fold() {
    out_ += "\r\n";
    column_ = 0;
    bare_ = true;
}

/// A line that has nothing yet takes any token: there is none on which it would fit better. The spaces stay as they are: whoever
/// unfolds takes the CRLF away, and nothing else.
void header_writer::token(std::string_view space, std::string_view text) {
    if (!bare_ && column_ + space.size() + text.size() > header_line) fold();
    out_.append(space).append(text);
    column_ += space.size() + text.size();
    bare_ = false;
}

/// Writes `text` as encoded words. White space between two of them is not shown, so what belongs to the text is inside.
void header_writer::encoded(std::string_view text) {
    const bool by_q = q_size(text) <= b_size(text);
    while (!text.empty()) {
        const std::size_t room = column_ + 1 < header_line ? std::min(longest_word, header_line - column_ - 1) : 0;
        const std::size_t whole = around_word + (by_q ? q_size(text) : b_size(text));
        // A value had better not begin on the line behind its field's name: readers take the space there for the value's.
        next_word next = word_of(text, by_q, room, bare_ ? room : longest_word);
        // A few characters at the end of a line are not worth a word of their own.
        if (column_ != 0 && (next.octets == 0 || (!bare_ && room < 36 && room < whole))) {
            fold();
            next = word_of(text, by_q, longest_word, longest_word);
        }
        const std::string_view part = text.substr(0, next.octets);
        token(" ", next.by_q ? q_word(part) : b_word(part));
        text.remove_prefix(next.octets);
    }
}

/// Runs of words that cannot stand as they are become encoded words, the spaces between them inside; the others stay.
void header_writer::text(std::string_view value) {
    const std::vector<piece> pieces = pieces_of(value);
    for (std::size_t i = 0; i != pieces.size(); ++i) {
        const auto& [spaces, word, encode] = pieces[i];
        if (!encode) {
            token(i == 0 ? " " : spaces, word);
            continue;
        }
        const std::size_t begin = static_cast<std::size_t>(spaces.data() - value.data()) + (i == 0 ? 0 : 1);
        while (i + 1 != pieces.size() && pieces[i + 1].encode) ++i;
        const std::string_view end = pieces[i].word;
        const auto length = static_cast<std::size_t>(end.data() + end.size() - value.data()) - begin;
        encoded(value.substr(begin, length)); // without the space in front of the first word, which is shown
    }
}

void header_writer::phrase(std::string_view name) {
    if (holds_word(name)) return encoded(name);
    if (is_atoms(name)) return token(name);
    if (is_quotable(name)) return token(quoted(name));
    encoded(name);
}

void header_writer::parameter(std::string_view name, std::string_view value) {
    // Behind an escaped character, or what looks like an encoded word, readers differ; extended, a value is unmistakable.
    const bool plain =
        is_quotable(value) && !holds_word(value) && value.find_first_of("\"\\") == std::string_view::npos;
    out_ += ';';
    ++column_;
    if (!plain || name.size() + value.size() + 5 > header_line) return extended(name, value);
    std::string text{name};
    token(text.append("=").append(quoted(value)));
}

/// In sections, each of whole characters (RFC 2231 §3, §4).
void header_writer::extended(std::string_view name, std::string_view value) {
    std::string all;
    for (const char c : value) {
        if (is_attribute_char(c)) all += c;
        else append_hexadecimal(all, '%', c);
    }
    std::string whole{name};
    whole.append("*=utf-8''").append(all);
    if (whole.size() + 2 <= header_line) return token(whole);
    unsigned section = 0;
    while (!value.empty()) {
        std::string text{name};
        text.append("*").append(std::to_string(section)).append("*=").append(section == 0 ? "utf-8''" : "");
        ++section;
        while (!value.empty()) {
            std::string character;
            for (const char c : value.substr(0, character_size(value))) {
                if (is_attribute_char(c)) character += c;
                else append_hexadecimal(character, '%', c);
            }
            if (text.size() + character.size() + 2 > header_line) break;
            text += character;
            value.remove_prefix(character_size(value));
        }
        token(value.empty() ? text : text + ";");
    }
}

std::string objection_to_text(std::string_view text) {
    utf8_check utf8;
    if (!utf8.look_through(text) || !utf8.complete())
        return std::string{"it is not UTF-8 (octet "}.append(std::to_string(utf8.offset() + 1)).append(")");
    for (std::size_t i = 0; i != text.size(); ++i) {
        const bool c1 = text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (text[i] == '\t' || (!is_control(text[i]) && !c1)) continue;
        const char* what = text[i] == '\r'   ? "CR"
                           : text[i] == '\n' ? "LF"
                           : text[i] == '\0' ? "NUL"
                                             : "a control character";
        return std::string{"it holds "}
            .append(what)
            .append(" (octet ")
            .append(std::to_string(i + 1))
            .append("), which no header field can");
    }
    return {};
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return is_printable(c) && !is_any_of(c, "()<>@,;:\\\"/[]?="); });
}

bool is_atom(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || is_any_of(c, "!#$%&'*+-/=?^_`{|}~");
    });
}

} // namespace postrider

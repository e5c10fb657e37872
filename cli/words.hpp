// words.hpp - small texts that more than one command reads or writes.
#ifndef POSTRIDER_CLI_WORDS_HPP
#define POSTRIDER_CLI_WORDS_HPP

#include <postrider/capabilities.hpp>
#include <postrider/mail.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// Without regard to the case of ASCII letters, whatever the locale.
bool same_word(std::string_view a, std::string_view b) noexcept;

/// `success,failure,delay`, or `never` alone (RFC 3461 §4.1). Throws `failure` (64), which begins with `option`.
flags<notify> notify_of(std::string_view text, std::string_view option);

/// `a@a.example, "B, C" <b@b.example>`: at the commas that are in no quotes, brackets, comments and groups. What is empty between
/// two stays, to be refused.
std::vector<std::string> addresses_of(std::string_view text);

/// How many letters have to be put in, taken out or changed to make the one of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b);

/// Takes `500`, `10k`, `64Ki`, `1M` or `24Mi` off the front of `text`: octets; k and M are 1,000 and 1,000,000, Ki and Mi 1,024 and
/// 1,048,576. Nothing: no number stands there, or 64 bits do not hold it.
std::optional<std::uint64_t> take_octets(std::string_view& text) noexcept;

void replace_all(std::string& text, std::string_view from, std::string_view to);

/// Whether `c` is the last octet of U+0080 to U+009F in UTF-8: what a terminal takes for control characters, too.
constexpr bool ends_c1(char before, char c) noexcept {
    return before == '\xc2' && (static_cast<unsigned char>(c) & 0xe0) == 0x80;
}

/// With `?` for what moves a terminal's cursor, but for line ends: the names of files and settings, which stand in messages, may
/// be anybody's.
std::string visible(std::string_view text);

/// A reply of several lines, in one.
std::string in_one_line(std::string text);

/// "5.1.1"
std::string text_of(const enhanced_status& status);

/// Down to microseconds, as the JSON documents have it.
double milliseconds(std::chrono::nanoseconds time) noexcept;

} // namespace postrider::cli

#endif

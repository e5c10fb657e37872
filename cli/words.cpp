#include "words.hpp"

#include "failure.hpp"

#include <algorithm>
#include <sysexits.h>
#include <utility>

namespace postrider::cli {
namespace {

constexpr char lower(char c) noexcept { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

bool same_word(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

flags<notify> notify_of(std::string_view text, std::string_view option) {
    constexpr std::pair<std::string_view, notify> known[]{{"success", notify::success},
                                                          {"failure", notify::failure},
                                                          {"delay", notify::delay},
                                                          {"never", notify::nothing}};
    flags<notify> when;
    for (std::string_view rest = text;;) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        const std::string_view word = rest.substr(0, end);
        const auto* const found = std::find_if(std::begin(known), std::end(known),
                                               [&](const auto& one) { return same_word(one.first, word); });
        const bool alone = word.size() == text.size();
        if (found == std::end(known) || (found->second == notify::nothing && !alone))
            throw failure{EX_USAGE, std::string{option}.append(": `").append(text).append(
                                        "` is not success, failure, delay with commas between, or never alone")};
        when.add(found->second);
        if (end == rest.size()) return when;
        rest.remove_prefix(end + 1);
    }
}

std::string visible(std::string text) {
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\n') || c == '\x7f'; }, '?');
    for (std::size_t at = text.find('\xc2'); at != text.npos; at = text.find('\xc2', at + 1))
        if (at + 1 != text.size() && (static_cast<unsigned char>(text[at + 1]) & 0xe0) == 0x80)
            text.replace(at, 2, "?");
    return text;
}

std::string in_one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

std::string text_of(const enhanced_status& status) {
    std::string text = std::to_string(status.klass);
    return text.append(".").append(std::to_string(status.subject)).append(".").append(std::to_string(status.detail));
}

double milliseconds(std::chrono::nanoseconds time) noexcept { return static_cast<double>(time.count() / 1000) / 1000; }

} // namespace postrider::cli

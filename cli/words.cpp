#include "words.hpp"

#include "failure.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <sysexits.h>
#include <utility>
#include <vector>

namespace postrider::cli {
namespace {

constexpr char lower(char c) noexcept { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

bool same_word(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string> addresses_of(std::string_view text) {
    std::vector<std::string> all(1);
    bool quoted = false, group = false;
    int within = 0; // brackets and comments
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char c = text[i];
        if (c == '\\' && i + 1 != text.size() && (quoted || within != 0)) {
            all.back().append(text.substr(i++, 2));
            continue;
        }
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '<' || c == '(' || c == '[')) ++within;
        if (!quoted && (c == '>' || c == ')' || c == ']')) --within;
        const bool outside = !quoted && within == 0;
        if (outside && (c == ':' || c == ';')) group = c == ':';
        if (outside && !group && c == ',') {
            all.emplace_back();
            const std::size_t next = text.find_first_not_of(" \t", i + 1);
            i = std::min(next, text.size()) - 1;
        } else {
            all.back() += c;
        }
    }
    return all;
}

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1); // to each beginning of `b`, from that of `a` so far
    for (std::size_t i = 0; i != row.size(); ++i) row[i] = i;
    for (std::size_t i = 0; i != a.size(); ++i) {
        std::size_t corner = row[0]++;
        for (std::size_t k = 0; k != b.size(); ++k) {
            const std::size_t changed = corner + (a[i] == b[k] ? 0 : 1);
            corner = row[k + 1];
            row[k + 1] = std::min({changed, corner + 1, row[k] + 1});
        }
    }
    return row.back();
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

std::optional<std::uint64_t> take_octets(std::string_view& text) noexcept {
    constexpr std::pair<std::string_view, std::uint64_t> units[]{{"Ki", 1 << 10}, {"Mi", 1 << 20},  {"k", 1'000},
                                                                 {"K", 1'000},    {"M", 1'000'000}, {"", 1}};
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view behind = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto* const unit = std::find_if(std::begin(units), std::end(units),
                                          [&](const auto& one) { return behind.starts_with(one.first); });
    if (number > std::numeric_limits<std::uint64_t>::max() / unit->second) return std::nullopt;
    text = behind.substr(unit->first.size());
    return number * unit->second;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::string visible(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const bool control = (static_cast<unsigned char>(c) < ' ' && c != '\n') || c == '\x7f';
        if (!out.empty() && ends_c1(out.back(), c)) out.back() = '?';
        else out += control ? '?' : c;
    }
    return out;
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

#include "content/header_block.hpp"

#include "core/chars.hpp"
#include "core/line_end.hpp"

#include <algorithm>

namespace postrider::content_detail {

bool header_block::take(std::string_view& part) {
    while (!part.empty() && !too_long()) {
        if (after_cr_) {
            after_cr_ = false;
            if (part.front() != '\n') continue;
            octets_ += '\n';
            part.remove_prefix(1);
            continue;
        }
        if (ended_) return true;
        const std::string_view seen = part.substr(0, most); // what has no line end is not taken whole either
        const char* const stop = find_line_end(seen.data(), seen.data() + seen.size());
        const auto run = static_cast<std::size_t>(stop - seen.data());
        if (run != 0) line_start_ = false;
        if (run == seen.size()) {
            octets_.append(seen);
            part.remove_prefix(run);
            continue;
        }
        octets_.append(seen.data(), run + 1);
        part.remove_prefix(run + 1);
        ended_ = line_start_;
        line_start_ = true;
        after_cr_ = *stop == '\r';
    }
    return too_long() || (ended_ && !after_cr_);
}

bool header_field::is(std::string_view upper_case) const noexcept { return is_keyword(name, upper_case); }

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::string_view take_line(std::string_view& text) noexcept {
    const char* const end = text.data() + text.size();
    const char* at = find_line_end(text.data(), end);
    if (at != end) at += *at == '\r' && at + 1 != end && at[1] == '\n' ? 2 : 1;
    const std::string_view line{text.data(), static_cast<std::size_t>(at - text.data())};
    text.remove_prefix(line.size());
    return line;
}

std::string_view without_end(std::string_view line) noexcept {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    return line;
}

namespace {

constexpr bool is_wsp(char c) noexcept { return c == ' ' || c == '\t'; }

//   field = field-name *WSP ":" unstructured CRLF; field-name = 1*ftext; ftext = %d33-57 / %d59-126   (RFC 5322 §3.6.8, §4.5)
header_field field_at(std::string_view line) noexcept {
    std::size_t name = 0;
    while (name != line.size() && line[name] > ' ' && line[name] < 127 && line[name] != ':') ++name;
    std::size_t colon = name;
    while (colon != line.size() && is_wsp(line[colon])) ++colon;
    if (name == 0 || colon == line.size() || line[colon] != ':') return {};
    return {.name = line.substr(0, name), .body = line.substr(colon + 1), .whole = line};
}

void lengthen(std::string_view& text, std::size_t octets) noexcept { text = {text.data(), text.size() + octets}; }

} // namespace

header_fields fields_of(std::string_view block) {
    header_fields found;
    for (std::size_t number = 1; !block.empty(); ++number) {
        const std::string_view line = take_line(block);
        if (without_end(line).empty()) break;
        if (is_wsp(line.front()) && !found.all.empty()) {
            lengthen(found.all.back().body, line.size());
            lengthen(found.all.back().whole, line.size());
        } else {
            header_field field = field_at(line);
            if (field.name.empty()) {
                found.bad_line = number;
                break;
            }
            field.line = number;
            found.all.push_back(field);
        }
        found.size += line.size();
    }
    return found;
}

} // namespace postrider::content_detail

#include "message/mime_check.hpp"

#include "content/header_block.hpp"
#include "core/chars.hpp"
#include "message/header_writer.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace postrider::message_detail {

namespace {

using content_detail::trimmed;
using enum severity;

constexpr finding_kind no_boundary{"no-boundary", error, "RFC 2046 §5.1.1",
                                   "say in Content-Type which line divides the parts"};
constexpr finding_kind bad_boundary{"boundary", warning, "RFC 2046 §5.1.1",
                                    "70 octets at most, and no space at the end"};
constexpr finding_kind no_parts{"no-parts", error, "RFC 2046 §5.1",
                                "divide the parts by lines of `--` and the boundary"};
constexpr finding_kind not_closed{"not-closed", warning, "RFC 2046 §5.1.1",
                                  "is it cut off? The last line is `--`, the boundary, `--`"};
constexpr finding_kind bad_type{"content-type", error, "RFC 2045 §5.1", "write TYPE/SUBTYPE; NAME=VALUE"};
constexpr finding_kind bad_encoding{"encoding", error, "RFC 2045 §6.1",
                                    "it is 7bit, 8bit, binary, quoted-printable or base64"};
constexpr finding_kind composite{"encoded-multipart", error, "RFC 2045 §6.4", "encode the parts in it instead"};
constexpr finding_kind lies{"8bit-under-7bit", warning, "RFC 2045 §2.7",
                            "say 8bit, or encode it: quoted-printable, base64"};
constexpr finding_kind bad_base64{"base64", warning, "RFC 2045 §6.8",
                                  "decoders leave such octets out: it may be damaged"};
constexpr finding_kind cut_base64{"base64-cut", error, "RFC 2045 §6.8", "it is damaged: digits come by four"};
constexpr finding_kind long_base64{"base64-line", warning, "RFC 2045 §6.8", "76 octets a line at most"};
constexpr finding_kind bad_qp{"quoted-printable", warning, "RFC 2045 §6.7", "write `=` as =3D; encode it anew"};
constexpr finding_kind long_qp{"quoted-printable-line", warning, "RFC 2045 §6.7",
                               "76 octets a line at most: break it by a `=` at its end"};
constexpr finding_kind no_version{"no-mime-version", warning, "RFC 2045 §4",
                                  "add MIME-Version: 1.0, or readers may see no types"};

constexpr finding_kind too_deep{"too-deep", warning, "",
                                "no reader goes as deep: it is broken, or made to break readers"};

/// Each line that may be a boundary is compared with those of all multiparts around it.
constexpr std::size_t deepest = 100;

/// Without comments and line ends: `multipart/mixed (for you); boundary=x`.
std::string plain(std::string_view body) {
    std::string text;
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i != body.size(); ++i) {
        const char c = body[i];
        if (c == '\r' || c == '\n') continue;
        if (c == '\\' && (quoted || depth != 0) && i + 1 != body.size()) {
            if (depth == 0) text.append(1, c).append(1, body[i + 1]);
            ++i;
        } else if (c == '"' && depth == 0) {
            quoted = !quoted;
            text += c;
        } else if (!quoted && (c == '(' || c == ')')) {
            depth += c == '(' ? 1 : depth > 0 ? -1 : 0;
        } else if (depth == 0) {
            text += c;
        }
    }
    return std::string{trimmed(text)};
}

/// Takes what stands before the next `;` that no quotes hold.
std::string_view take_parameter(std::string_view& text) noexcept {
    bool quoted = false;
    std::size_t i = 0;
    for (; i != text.size() && (quoted || text[i] != ';'); ++i) {
        if (text[i] == '\\' && quoted && i + 1 != text.size()) ++i;
        else if (text[i] == '"') quoted = !quoted;
    }
    const std::string_view one = text.substr(0, i);
    text.remove_prefix(std::min(i + 1, text.size()));
    return trimmed(one);
}

std::string unquoted(std::string_view value) {
    if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string{value};
    std::string text;
    for (std::size_t i = 1; i + 1 < value.size(); ++i) {
        if (value[i] == '\\' && i + 2 < value.size()) ++i;
        text += value[i];
    }
    return text;
}

} // namespace

void mime_check::begin(std::string_view block, std::uint64_t first_line) { begin_part(block, first_line, true); }

void mime_check::begin_part(std::string_view block, std::uint64_t line, bool whole_message) {
    part fresh{.line = line};
    bool typed = false, version = false;
    for (const auto& field : content_detail::fields_of(block).all) {
        const std::uint64_t at = line - 1 + field.line;
        if (field.is("CONTENT-TYPE") && !std::exchange(typed, true)) read_type(field.body, at, fresh);
        else if (field.is("CONTENT-TRANSFER-ENCODING")) read_encoding(field.body, at, fresh);
        else if (field.is("MIME-VERSION")) version = true;
    }
    if (whole_message && typed && !version) to_.add(no_version, 0, "MIME-Version is missing");
    const bool encoded = fresh.coded == encoding::quoted_printable || fresh.coded == encoding::base64;
    if (fresh.composite && encoded)
        to_.add(composite, fresh.line, "a multipart or a message within it is encoded as a whole");
    if (!fresh.boundary.empty() && open_.size() >= deepest) {
        to_.add(too_deep, fresh.line, "multiparts in each other, more than 100 deep; this one is not looked into");
        fresh.boundary.clear();
        fresh.coded = encoding::unknown;
    }
    between_ = !fresh.boundary.empty();
    open_.push_back(std::move(fresh));
    in_header_ = false;
}

void mime_check::read_type(std::string_view body, std::uint64_t line, part& to) {
    const std::string text = plain(body);
    std::string_view rest = text;
    to.line = line;
    const std::string_view type = take_parameter(rest);
    const std::size_t slash = std::min(type.find('/'), type.size());
    const std::string_view main = type.substr(0, slash);
    if (!is_token(main) || slash == type.size() || !is_token(trimmed(type.substr(slash + 1)))) {
        to_.add(bad_type, line, std::string{"Content-Type is none: "}.append(shown(text)));
        return;
    }
    const bool multipart = is_keyword(main, "MULTIPART");
    to.composite = multipart || is_keyword(type, "MESSAGE/RFC822");
    while (!rest.empty()) {
        const std::string_view one = take_parameter(rest);
        const std::size_t equals = std::min(one.find('='), one.size());
        if (multipart && equals != one.size() && is_keyword(trimmed(one.substr(0, equals)), "BOUNDARY"))
            to.boundary = unquoted(trimmed(one.substr(equals + 1)));
    }
    if (!multipart) return;
    if (to.boundary.empty()) to_.add(no_boundary, line, std::string{shown(type)}.append(" has no boundary"));
    else if (to.boundary.size() > 70 || to.boundary.back() == ' ')
        to_.add(bad_boundary, line, std::string{"such a boundary nobody has to take: "}.append(shown(to.boundary)));
}

void mime_check::read_encoding(std::string_view body, std::uint64_t line, part& to) {
    const std::string text = plain(body);
    constexpr std::pair<std::string_view, encoding> known[] = {{"7BIT", encoding::seven_bit},
                                                               {"8BIT", encoding::eight_bit},
                                                               {"BINARY", encoding::binary},
                                                               {"QUOTED-PRINTABLE", encoding::quoted_printable},
                                                               {"BASE64", encoding::base64}};
    to.coded = encoding::unknown;
    for (const auto& [name, which] : known)
        if (is_keyword(text, name)) to.coded = which;
    binary_ |= to.coded == encoding::binary;
    if (to.coded == encoding::unknown)
        to_.add(bad_encoding, line, std::string{"Content-Transfer-Encoding is unknown: "}.append(shown(text)));
}

void mime_check::take(const scanned_line& line) {
    if (line.text.starts_with("--") && take_boundary(line)) return;
    if (!in_header_) {
        if (!between_) check_leaf(line);
        return;
    }
    constexpr std::size_t enough = 65536; // of a part's header; what is more says nothing of its encoding
    if (line.octets != 0) {
        if (header_.size() + line.text.size() < enough) header_.append(line.text).append("\r\n");
        return;
    }
    begin_part(header_, header_line_, false);
}

/// Whether it divides parts. A multipart ends with the one around it, too, whether it was closed or not.
bool mime_check::take_boundary(const scanned_line& line) {
    const std::string_view text = std::string_view{line.text}.substr(2);
    for (std::size_t i = open_.size(); i-- != 0;) {
        const std::string_view boundary = open_[i].boundary;
        if (boundary.empty() || open_[i].closed || !text.starts_with(boundary)) continue;
        std::string_view behind = text.substr(boundary.size());
        const bool last = behind.starts_with("--");
        if (last) behind.remove_prefix(2);
        if (behind.find_first_not_of(" \t") != behind.npos) continue;
        while (open_.size() > i + 1) end_part(line.number);
        open_[i].opened = true;
        open_[i].closed = last;
        between_ = last;
        in_header_ = !last;
        header_.clear();
        header_line_ = line.number + 1;
        return true;
    }
    return false;
}

void mime_check::end_part(std::uint64_t line) {
    const part& ends = open_.back();
    if (ends.coded == encoding::base64 && !ends.composite && ends.digits % 4 != 0)
        to_.add(
            cut_base64, line,
            std::string{"the base64 above ends with "}.append(std::to_string(ends.digits % 4)).append(" digits of 4"));
    if (!ends.boundary.empty() && !ends.opened)
        to_.add(no_parts, ends.line, std::string{"no part follows: its boundary is "}.append(shown(ends.boundary)));
    else if (!ends.boundary.empty() && !ends.closed)
        to_.add(not_closed, line,
                std::string{"the multipart ends without its last boundary: "}.append(shown(ends.boundary)));
    open_.pop_back();
}

void mime_check::check_leaf(const scanned_line& line) {
    if (open_.empty()) return;
    part& in = open_.back();
    switch (in.coded) {
    case encoding::base64: check_base64(in, line); break;
    case encoding::quoted_printable: check_quoted_printable(line); break;
    case encoding::seven_bit:
        if (!line.eight_bit || std::exchange(in.told, true)) break;
        to_.add(lies, line.number, "octets above 127 in a part that says 7bit, or says nothing");
        break;
    case encoding::eight_bit:
    case encoding::binary:
    case encoding::unknown: break;
    }
}

void mime_check::check_base64(part& in, const scanned_line& line) {
    if (line.base64_digits + line.base64_pads == 0 && line.base64_others == 0) return;
    if (line.octets > 76)
        to_.add(long_base64, line.number,
                std::string{"base64 in a line of "}.append(std::to_string(line.octets)).append(" octets"));
    if (line.base64_others != 0)
        to_.add(bad_base64, line.number,
                std::string{"octets that are not of base64: "}.append(std::to_string(line.base64_others)));
    else if (in.padded || line.digit_behind_pad) to_.add(bad_base64, line.number, "base64 goes on behind its end");
    in.digits += line.base64_digits + line.base64_pads;
    in.padded |= line.base64_pads != 0;
}

void mime_check::check_quoted_printable(const scanned_line& line) {
    if (line.octets > 76)
        to_.add(long_qp, line.number,
                std::string{"quoted-printable in a line of "}.append(std::to_string(line.octets)).append(" octets"));
    if (line.eight_bit) to_.add(bad_qp, line.number, "an octet above 127 in quoted-printable");
    const auto is_hex = [](char c) { return is_digit(c) || (to_upper(c) >= 'A' && to_upper(c) <= 'F'); };
    const std::string_view text = line.text;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] != '=' || text.find_first_not_of(" \t", i + 1) == text.npos) continue; // a soft line break
        if (i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) continue;
        if (line.octets > text.size() && i + 2 >= text.size()) return; // the rest of it was not kept
        to_.add(bad_qp, line.number, std::string{"`="}.append(shown(text.substr(i + 1, 2))).append("` is no octet"));
        return;
    }
}

void mime_check::finish(std::uint64_t last_line) {
    if (in_header_) begin_part(header_, header_line_, false);
    while (!open_.empty()) end_part(last_line);
}

} // namespace postrider::message_detail

#include "postrider/reply_reader.hpp"

#include "core/chars.hpp"
#include "postrider/base64.hpp"
#include "postrider/limits.hpp"

#include <cstring>

namespace postrider {

bool reply_reader::take(char octet) noexcept {
    switch (place_) {
    case place::reply_start:
        size_ = line_begin_ = 0;
        lines_ = 0;
        enhanced_ = {};
        cut_ = false;
        place_ = place::line_start;
        [[fallthrough]];
    case place::line_start:
        if (octet == ' ') return true;
        line_code_ = 0;
        digits_ = 0;
        place_ = place::code;
        if (octet < '1' || octet > '5') return false;
        [[fallthrough]];
    case place::code:
        if (!is_digit(octet)) return false;
        line_code_ = static_cast<std::uint16_t>(line_code_ * 10 + (octet - '0'));
        if (++digits_ == 3) place_ = place::separator;
        return true;
    default:                   // the separator: text is taken in runs
        if (cr_) return false; // a code and a CR, and no LF
        cr_ = octet == '\r';
        if (cr_) return true;
        last_ = octet != '-';
        place_ = place::text;
        if (size_ != 0) {
            // Room for the joint is found, or the line is cut as a whole.
            if (size_ < text_.size()) text_[size_++] = '\n';
        }
        line_begin_ = size_;
        return octet == ' ' || octet == '-';
    }
}

/// Takes text off the front of `input`, which does not begin with LF, up to its end or an LF. A CR at the end of it is held
/// back: a line end if LF follows.
void reply_reader::take_text(std::string_view& input) noexcept {
    const void* const lf = std::memchr(input.data(), '\n', input.size());
    const char* at = input.data();
    const char* const end = lf != nullptr ? static_cast<const char*>(lf) : at + input.size();
    input.remove_prefix(static_cast<std::size_t>(end - at));
    line_octets_ += static_cast<std::size_t>(end - at);
    if (cr_) keep('\r'); // it was no part of the line end
    cr_ = end[-1] == '\r';
    for (const char* const stop = cr_ ? end - 1 : end; at != stop; ++at) keep(*at);
}

void reply_reader::keep(char octet) noexcept {
    if (size_ == text_.size()) cut_ = true;
    else text_[size_++] = octet == '\t' ? ' ' : is_control(octet) ? '?' : octet;
}

// RFC 3463 §2: class "." subject "." detail; the class is 2, 4 or 5 and agrees with the code (RFC 2034 §4).
void reply_reader::take_enhanced() noexcept {
    const char* at = text_.data() + line_begin_;
    const char* const end = text_.data() + size_;
    std::uint16_t part[3];
    for (int i = 0; i != 3; ++i) {
        const char* const begin = at;
        unsigned value = 0;
        const int most = i == 0 ? 1 : 3;
        while (at != end && is_digit(*at) && at - begin != most)
            value = value * 10 + static_cast<unsigned>(*at++ - '0');
        if (at == begin) return;
        part[i] = static_cast<std::uint16_t>(value);
        if (i == 2 ? at != end && *at != ' ' : at == end || *at != '.') return;
        if (at == end && cut_) return; // "5.1.1" may be what is left of 5.1.10
        if (at != end) ++at;
    }
    if (part[0] != code_ / 100 || part[0] == 1 || part[0] == 3) return;
    enhanced_ = {static_cast<std::uint8_t>(part[0]), part[1], part[2]};
    const auto rest = static_cast<std::size_t>(end - at);
    std::memmove(text_.data() + line_begin_, at, rest);
    size_ = line_begin_ + rest;
}

reply_reader::event reply_reader::end_of_line() noexcept {
    cr_ = false;
    if (place_ == place::separator) take(' '); // a code and nothing else: the last line, without text
    if (lines_++ == 0) code_ = line_code_;
    if (line_code_ != code_) error_ = errc::malformed_reply;
    if (lines_ > limits::reply_lines) error_ = errc::reply_too_long;
    if (error_ != errc::ok) return event::failed;
    line_octets_ = 0;
    if constexpr (config::enhanced_status) take_enhanced();
    place_ = last_ ? place::reply_start : place::line_start;
    return last_ ? event::reply : event::line;
}

reply_reader::event reply_reader::next(std::string_view& input) noexcept {
    while (!input.empty()) {
        const char octet = input.front();
        if (octet == '\n' && place_ >= place::separator) {
            input.remove_prefix(1);
            return end_of_line();
        }
        if (place_ == place::text) {
            take_text(input);
        } else {
            input.remove_prefix(1);
            ++line_octets_;
            if (!take(octet)) error_ = errc::malformed_reply;
        }
        if (error_ == errc::ok && line_octets_ >= limits::reply_line) error_ = errc::line_too_long;
        if (error_ != errc::ok) return event::failed;
    }
    return event::more;
}

bool reply_reader::decode() noexcept {
    if (cut_) return false;
    const auto octets = base64_decode({text_.data(), size_});
    if (!octets) return false;
    size_ = *octets;
    line_begin_ = 0;
    return true;
}

} // namespace postrider

#include "host.hpp"

#include "core/chars.hpp"

namespace postrider::tls_detail {

namespace {

/// A colon makes it IPv6. A last label of digits makes it IPv4 for the resolver, be it well-formed or not, and no top-level
/// domain is a number (RFC 3696 §2): a name it is not.
bool is_address(std::string_view text) noexcept {
    if (text.find(':') != std::string_view::npos) return true;
    std::string_view label = text;
    label.remove_prefix(text.rfind('.') + 1); // npos + 1 is 0
    for (const char c : label)
        if (!is_digit(c)) return false;
    return !label.empty();
}

} // namespace

bool parse(std::string_view text, host& to) noexcept {
    to = {};
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) {
        text.remove_prefix(1);
        text.remove_suffix(1);
    }
    if (text.find(':') != std::string_view::npos)
        if (const auto zone = text.find('%'); zone != std::string_view::npos) text.remove_suffix(text.size() - zone);
    if (text.size() > 1 && text.back() == '.') text.remove_suffix(1);
    if (text.size() > to.text.capacity) return false;
    for (const char c : text) {
        if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '_' && c != '.' && c != ':') return false;
        const char lower = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        to.text.append({&lower, 1});
    }
    to.address = bracketed || is_address(text);
    return true;
}

} // namespace postrider::tls_detail

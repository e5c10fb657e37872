#include "dkim/canonical.hpp"

#include <array>

namespace postrider::dkim_detail {

namespace {

constexpr std::size_t flush_at = 16384;

constexpr bool is_wsp(char c) noexcept { return c == ' ' || c == '\t'; }

} // namespace

std::string relaxed_field(std::string_view name, std::string_view body) {
    std::string text;
    for (const char c : name) text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    text += ':';
    const std::size_t begin = text.size();
    bool blank = false;
    for (const char c : body) {
        if (c == '\r' || c == '\n') continue;
        if (is_wsp(c)) {
            blank = true;
            continue;
        }
        if (blank && text.size() != begin) text += ' ';
        blank = false;
        text += c;
    }
    return text;
}

relaxed_body::relaxed_body() noexcept
    : context_(EVP_MD_CTX_new()), ok_(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1) {}

// A CR is one half of a CRLF: what comes here has no bare ones.
void relaxed_body::add(std::string_view part) {
    while (!part.empty()) {
        std::size_t run = 0;
        while (run != part.size() && part[run] != '\r' && part[run] != '\n' && !is_wsp(part[run])) ++run;
        if (run != 0) {
            put(part.substr(0, run));
            part.remove_prefix(run);
            continue;
        }
        if (part.front() == '\n') {
            ++line_ends_;
            blank_ = false;
        } else if (part.front() != '\r') {
            blank_ = true;
        }
        part.remove_prefix(1);
    }
}

void relaxed_body::put(std::string_view octets) {
    for (; line_ends_ != 0; --line_ends_) {
        out_ += "\r\n";
        if (out_.size() >= flush_at) flush();
    }
    if (blank_) out_ += ' ';
    blank_ = false;
    out_ += octets;
    if (out_.size() >= flush_at) flush();
}

void relaxed_body::flush() {
    ok_ = ok_ && EVP_DigestUpdate(context_.get(), out_.data(), out_.size()) == 1;
    begun_ = begun_ || !out_.empty();
    out_.clear();
}

std::string relaxed_body::digest() {
    flush();
    if (begun_) out_ = "\r\n";
    flush();
    std::array<unsigned char, EVP_MAX_MD_SIZE> octets;
    unsigned size = 0;
    if (!ok_ || EVP_DigestFinal_ex(context_.get(), octets.data(), &size) != 1) return {};
    return {reinterpret_cast<const char*>(octets.data()), size};
}

} // namespace postrider::dkim_detail

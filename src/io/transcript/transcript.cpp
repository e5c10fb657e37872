#include "postrider/io/transcript.hpp"

#include "core/chars.hpp"

#include <algorithm>
#include <cctype>
#include <ostream>
#include <utility>

namespace postrider {

namespace {

constexpr std::string_view hidden_text = "<hidden>";
constexpr std::string_view auth = "AUTH ";
constexpr std::size_t longest_line = limits::reply_line;
constexpr std::size_t longest_hidden = 2 * limits::sasl_line;
constexpr std::size_t least_found = 4; // octets that are looked for: fewer, such as `=`, are everywhere

/// RFC 4468 §3: who has the URL with its authorization can fetch the message by it.
void hide_token_of_url(std::string& line) {
    if (!line.starts_with("BURL ")) return;
    constexpr std::string_view key = ";urlauth="; // in any case
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    const auto found = std::search(line.begin(), line.end(), key.begin(), key.end(), same);
    if (found == line.end()) return;
    const std::size_t begin = static_cast<std::size_t>(found - line.begin()) + key.size();
    line.replace(begin, std::min(line.find(' ', begin), line.size()) - begin, hidden_text);
}

/// Of each line of `hidden` what a server says back, to its end or not: "500 Command unrecognized: cGFzc3dvcmQ=".
void hide_what_was_hidden(std::string& line, std::string_view hidden) {
    while (!hidden.empty()) {
        const std::string_view said = hidden.substr(0, hidden.find('\n'));
        hidden.remove_prefix(std::min(said.size() + 1, hidden.size()));
        if (said.size() < least_found) continue;
        for (std::size_t at = 0; (at = line.find(said.substr(0, least_found), at)) != std::string::npos;) {
            std::size_t same = least_found;
            while (same != said.size() && at + same != line.size() && line[at + same] == said[same]) ++same;
            line.replace(at, same, hidden_text);
            at += hidden_text.size();
        }
    }
}

} // namespace

transcript::transcript(std::function<void(std::string_view line)> line, content what)
    : line_(std::move(line)), what_(what) {}

transcript::transcript(std::ostream& to, content what)
    : transcript([&to](std::string_view line) { to << line << '\n'; }, what) {}

transcript::~transcript() {
    ended(errc::ok);
    forget_hidden();
}

void transcript::write(const char* arrow, std::string_view text, std::size_t more) {
    std::string line{arrow};
    for (const char c : text) {
        if (ends_c1(line.back(), c)) line.back() = '?';
        else line += is_control(c) && c != '\t' ? '?' : c;
    }
    if (more != 0) line.append("<").append(std::to_string(more)).append(" more octets>");
    line_(line);
}

void transcript::sent(std::string_view octets, phase where, const mail* m, bool secret, bool ends) {
    // The command lines BDAT and BURL are of this phase too: octets of the content are those that the mail counts.
    const std::uint64_t given = m != nullptr ? m->progress.content_octets() : 0;
    const bool of_content = where == phase::content && (in_content_ || m != of_ || given != given_);
    if (m != nullptr) {
        of_ = m;
        given_ = given;
    }
    if (!of_content) {
        end_content();
        for (const char c : octets) put(c, secret);
        return;
    }
    in_content_ = true;
    counted_ += octets.size();
    if (what_ == content::shown)
        for (const char c : octets) put(c, false);
    if (ends) end_content();
}

void transcript::end_content() {
    if (!in_content_) return;
    if (what_ == content::shown) end_line();
    else write(tls_ ? "~> " : "-> ", std::string{"<"}.append(std::to_string(counted_)).append(" octets of content>"));
    in_content_ = false;
    counted_ = 0;
}

void transcript::put(char c, bool secret) {
    if (c == '\n') return end_line();
    if (!begun_) {
        place_ = secret ? place::verb : place::visible;
        if (secret) hidden_.reserve(longest_hidden); // once, so that no copy stays where it was before
    }
    begun_ = true;
    if (place_ != place::visible) return put_secret(c);
    if (out_.size() < longest_line) out_ += c;
    else ++out_more_;
}

// A secret line is AUTH and its mechanism, with or without an initial response, or `*`, or the answer to a challenge. Base64 has
// no space, so that no answer begins as AUTH does; what may still become AUTH is not written before it has.
void transcript::put_secret(char c) {
    if (c == '\r') return;
    switch (place_) {
    case place::verb:
        if (out_.empty() && c == '*') place_ = place::cancel;
        else if (c != auth[out_.size()]) return hide(c);
        out_ += c;
        if (out_ != auth) return;
        place_ = place::mechanism;
        forget_hidden();
        mechanism_.clear();
        return;
    case place::mechanism:
        out_ += c;
        if (c != ' ') mechanism_ += c;
        else hide({});
        return;
    case place::cancel: return hide(c);
    default: keep(c); return;
    }
}

/// The rest of the line is hidden. If it was not taken for AUTH, its beginning too.
void transcript::hide(std::optional<char> c) {
    if (place_ != place::mechanism) {
        for (const char before : out_) keep(before);
        out_.clear();
    }
    place_ = place::hidden;
    out_ += hidden_text;
    if (c) keep(*c);
}

void transcript::keep(char c) {
    if (hidden_.size() != longest_hidden) hidden_ += c;
}

void transcript::forget_hidden() noexcept {
    wipe(hidden_);
    hidden_.clear();
}

void transcript::end_line() {
    if (!begun_) return;
    begun_ = false;
    if (place_ == place::verb && !out_.empty()) hide({});
    if (place_ == place::hidden) keep('\n');
    if (place_ == place::visible && out_.ends_with('\r')) out_.pop_back();
    hide_token_of_url(out_);
    write(tls_ ? "~> " : "-> ", out_, out_more_);
    out_.clear();
    out_more_ = 0;
}

void transcript::received(std::string_view octets) {
    for (const char c : octets) {
        if (c == '\n') end_reply_line();
        else if (in_.size() < longest_line) in_ += c;
        else ++in_more_;
    }
}

void transcript::end_reply_line() {
    if (in_.ends_with('\r')) in_.pop_back();
    hide_what_was_hidden(in_, hidden_);
    const std::size_t code =
        std::min(in_.find_first_not_of(' '), in_.size()); // `reply_reader` passes over spaces before it
    const std::string_view said = std::string_view{in_}.substr(code);
    const bool done = said.starts_with("235");
    const bool secret = said.starts_with("334") || (done && mechanism_.starts_with("SCRAM-"));
    if (secret && said.size() > 4) in_.replace(code + 4, std::string::npos, hidden_text);
    write(tls_ ? "<~ " : "<- ", in_, secret ? 0 : in_more_);
    if (done) forget_hidden();
    in_.clear();
    in_more_ = 0;
}

void transcript::tls_started(const tls_channel& channel, const tls_facts& facts) {
    tls_ = true;
    std::string text{facts.version == tls_version::none ? "TLS" : name(facts.version)};
    if (!facts.cipher.empty()) text.append(", ").append(facts.cipher.view());
    text.append(channel.verified ? ", with a server that has proved who it is"
                                 : ", with a server that has not proved who it is");
    write("=== ", text);
}

void transcript::tls_started(const tls_channel& channel) { tls_started(channel, {}); }

void transcript::not_taken(mail&, errc why) { write("** ", describe(why)); }

void transcript::ended(errc why) {
    end_content();
    end_line();
    if (!in_.empty()) end_reply_line();
    if (why != errc::ok) write("** ", describe(why));
}

} // namespace postrider

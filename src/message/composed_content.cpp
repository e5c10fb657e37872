#include "message/composed_content.hpp"

#include "core/chars.hpp"
#include "message/utf8.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace postrider {

namespace {

constexpr std::size_t part_size = 65536; // of what `pull` gives out; a mail that fits leaves in one part

/// Reads a content to its end, in chunks of `transfer_encoder::chunk`. `take(octets, last)`.
template <class Take>
bool read_through(const attachment_content& content, std::string& problem, Take take) {
    content_reader reader;
    if (!reader.open(content, problem)) return false;
    std::vector<char> chunk(transfer_encoder::chunk);
    for (std::uint64_t left = reader.state().size;;) {
        const std::ptrdiff_t n = reader.read(chunk);
        if (n < 0) {
            problem.append("`")
                .append(content.path())
                .append("` cannot be read to its end, or changes while it is read");
            return false;
        }
        left -= static_cast<std::uint64_t>(n);
        take(std::string_view{chunk.data(), static_cast<std::size_t>(n)}, left == 0);
        if (left == 0) return true;
    }
}

} // namespace

bool look_through(const attachment_content& content, line_facts& facts, std::string& problem) {
    std::size_t column = 0;
    bool after_cr = false, in_header = true;
    utf8_check utf8;
    return read_through(content, problem, [&](std::string_view octets, bool last) {
        for (const char c : octets) {
            const bool was_cr = std::exchange(after_cr, c == '\r');
            if (c == '\n' && was_cr) continue;
            if (c == '\r' || c == '\n') {
                facts.size += 2;
                if (column == 0) in_header = false;
                column = 0;
                continue;
            }
            ++facts.size;
            if (++column > 998) facts.long_line = true;
            if (c == '\0') facts.nul = true;
            if ((static_cast<unsigned char>(c) & 0x80) == 0) continue;
            facts.eight_bit = true;
            if (in_header) facts.eight_bit_header = true;
        }
        facts.utf8 = facts.utf8 && utf8.look_through(octets) && (!last || utf8.complete());
    });
}

std::int64_t encoded_size(const attachment_content& content, transfer_encoding encoding, std::string& problem) {
    std::int64_t size = 0;
    transfer_encoder encoder{encoding};
    std::vector<char> encoded(transfer_encoder::room);
    const bool done = read_through(content, problem, [&](std::string_view octets, bool last) {
        size += static_cast<std::int64_t>(encoder.encode(octets, last, encoded));
    });
    return done ? size : -1;
}

/// A file as base64 needs no reading: its size says it. What is read as lines has to be looked through, each time anew.
bool composed_content::measure(segment& s, std::string& problem) const {
    content_reader reader;
    if (!reader.open(*s.content, problem)) return false;
    s.state = reader.state();
    if (s.encoding == transfer_encoding::base64) {
        s.size = base64_size(s.state.size);
        return true;
    }
    if (s.content->in_memory() && s.size != 0) return true;
    line_facts facts;
    if (!s.content->in_memory() && !look_through(*s.content, facts, problem)) return false;
    if (facts.nul || facts.long_line || (facts.eight_bit && s.encoding == transfer_encoding::seven_bit)) {
        problem.append("`").append(s.content->path()).append("` has changed since the message was composed");
        return false;
    }
    const std::int64_t size = encoded_size(*s.content, s.encoding, problem);
    s.size = static_cast<std::uint64_t>(size);
    return size >= 0;
}

errc composed_content::describe(mail_content& to, std::string& problem) {
    to = {};
    problem.clear();
    for (segment& s : segments_) {
        std::string why;
        if (s.content && !measure(s, why)) {
            problem.append(s.what).append(": ").append(content_detail::printable(std::move(why)));
            return errc::body_failed;
        }
        to.size += s.content ? s.size : s.text.size();
    }
    to.pulled = to.repeatable = to.exact_size = true;
    to.kind = eight_bit_ || utf8_header_ ? octets::eight_bit : octets::seven_bit;
    to.utf8_header = utf8_header_;
    return errc::ok;
}

content_part composed_content::pull(bool first) noexcept {
    if (first) {
        at_ = text_at_ = 0;
        reading_ = failed_ = false;
        reader_.close();
    }
    filled_ = 0;
    failed_ = failed_ || !room_is_there();
    if (failed_) return {.failed = true}; // until it is begun again: what is missing must not look like the end
    while (at_ != segments_.size() && filled_ + transfer_encoder::room <= part_size) {
        if (append(segments_[at_])) continue;
        reader_.close();
        failed_ = true;
        return {.failed = true};
    }
    return {.octets = {buffer_.get(), filled_}, .last = at_ == segments_.size()};
}

bool composed_content::room_is_there() noexcept {
    if (!buffer_) buffer_.reset(new (std::nothrow) char[part_size + transfer_encoder::chunk]);
    return buffer_ != nullptr;
}

/// Some of a segment. False: it cannot be read, or has changed since it was measured.
bool composed_content::append(segment& s) noexcept {
    if (s.content) return append_chunk(s);
    const std::size_t octets = std::min(part_size - filled_, s.text.size() - text_at_);
    std::memcpy(buffer_.get() + filled_, s.text.data() + text_at_, octets);
    filled_ += octets;
    text_at_ += octets;
    if (text_at_ == s.text.size()) {
        ++at_;
        text_at_ = 0;
    }
    return true;
}

bool composed_content::append_chunk(segment& s) noexcept {
    if (!reading_) {
        std::string problem; // nobody asks for it here: `describe` has said all that can be said
        if (!reader_.open(*s.content, problem) || reader_.state() != s.state) return false;
        encoder_ = transfer_encoder{s.encoding};
        read_ = written_ = 0;
        reading_ = true;
    }
    const std::span<char> chunk{buffer_.get() + part_size, transfer_encoder::chunk};
    const std::ptrdiff_t n = reader_.read(chunk);
    if (n < 0) return false;
    read_ += static_cast<std::uint64_t>(n);
    const bool last = read_ == s.state.size;
    const std::size_t octets = encoder_.encode({chunk.data(), static_cast<std::size_t>(n)}, last,
                                               {buffer_.get() + filled_, part_size - filled_});
    filled_ += octets;
    written_ += octets;
    if (!last) return written_ <= s.size;
    reading_ = false;
    reader_.close();
    ++at_;
    return written_ == s.size;
}

} // namespace postrider

// composed_content.hpp - a composed message as a source of content: texts in memory, and parts that are encoded as they are read.
#ifndef POSTRIDER_MESSAGE_COMPOSED_CONTENT_HPP
#define POSTRIDER_MESSAGE_COMPOSED_CONTENT_HPP

#include "content/printable.hpp"
#include "message/attachment_content.hpp"
#include "message/transfer_encoding.hpp"
#include "postrider/content_source.hpp"

#include <memory>
#include <string>
#include <vector>

namespace postrider {

/// A piece of a message: header lines and boundaries as they are, or a part's content.
struct segment {
    std::string text{};
    std::shared_ptr<const attachment_content> content{}; ///< if there is none, `text` counts
    transfer_encoding encoding = transfer_encoding::seven_bit;
    std::string what{};                   ///< for problems: `attachments[0]`
    content_detail::spool::state state{}; ///< as it was measured
    std::uint64_t size = 0;               ///< octets of it on the wire
};

/// What a content read as lines is made of (RFC 2045 §2.7, §2.8).
struct line_facts {
    std::uint64_t size = 0; ///< with CRLF line ends
    bool eight_bit = false, nul = false, long_line = false;
    bool eight_bit_header = false; ///< an octet above 127 before the first empty line
    bool utf8 = true;              ///< all of it is UTF-8
};
/// False: it cannot be read, and `problem` says why.
bool look_through(const attachment_content& content, line_facts& facts, std::string& problem);

/// Octets of a content in an encoding, by encoding it. -1: it cannot be read, and `problem` says why.
std::int64_t encoded_size(const attachment_content& content, transfer_encoding encoding, std::string& problem);

class composed_content : public content_source {
public:
    composed_content(std::vector<segment> segments, bool eight_bit, bool utf8_header)
        : segments_(std::move(segments)), eight_bit_(eight_bit), utf8_header_(utf8_header) {}

    errc describe(mail_content& to, std::string& problem) override;
    content_part pull(bool first) noexcept override;
    std::shared_ptr<content_source> clone() override {
        return std::make_shared<composed_content>(segments_, eight_bit_, utf8_header_);
    }

private:
    bool measure(segment& s, std::string& problem) const;
    bool append(segment& s) noexcept;
    bool append_chunk(segment& s) noexcept;
    bool room_is_there() noexcept;

    std::vector<segment> segments_;
    bool eight_bit_;
    bool utf8_header_;
    // Of the pull under way:
    std::unique_ptr<char[]> buffer_{}; ///< what is given out, and behind it a chunk that is read
    std::size_t filled_ = 0;
    std::size_t at_ = 0;      ///< segment
    std::size_t text_at_ = 0; ///< in its text
    bool reading_ = false;    ///< its content is open
    bool failed_ = false;
    std::uint64_t read_ = 0;    ///< octets of it
    std::uint64_t written_ = 0; ///< what they became
    content_reader reader_{};
    transfer_encoder encoder_{transfer_encoding::seven_bit};
};

} // namespace postrider

#endif

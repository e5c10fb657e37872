// mime_check.hpp - the body of a message, line by line: its multiparts, and whether each part is encoded as it says (RFC 2045,
// RFC 2046).
#ifndef POSTRIDER_MESSAGE_MIME_CHECK_HPP
#define POSTRIDER_MESSAGE_MIME_CHECK_HPP

#include "message/findings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::message_detail {

/// A line of the message. Of a long one the beginning alone is kept, but looked at it was whole.
struct scanned_line {
    static constexpr std::size_t kept = 4096; ///< of a line of the body

    std::uint64_t number = 0; ///< from 1
    std::string text{};       ///< its beginning, without the line end
    std::uint64_t octets = 0; ///< of the whole line, without its end
    bool eight_bit = false;
    bool nul = false;
    // Of all of it, as base64 has it (RFC 2045 §6.8):
    std::uint64_t base64_digits = 0, base64_pads = 0, base64_others = 0;
    bool digit_behind_pad = false;
};

class mime_check {
public:
    explicit mime_check(findings& to) noexcept : to_(to) {}

    /// The header block of the message is known. `block` as `check_fields` takes it.
    void begin(std::string_view block, std::uint64_t first_line);
    void take(const scanned_line& line);
    void finish(std::uint64_t last_line);

    bool binary() const noexcept { return binary_; } ///< a part says that it is encoded as `binary`

private:
    enum class encoding { seven_bit, eight_bit, binary, quoted_printable, base64, unknown };
    struct part {
        std::string boundary{}; ///< of a multipart; empty: it is none
        std::uint64_t line = 0; ///< of its Content-Type
        encoding coded = encoding::seven_bit;
        bool composite = false;   ///< multipart or message: what stands in it has encodings of its own
        bool opened = false;      ///< its first boundary was met
        bool closed = false;      ///< its last one
        std::uint64_t digits = 0; ///< of base64, so far
        bool padded = false;      ///< base64 has ended
        bool told = false;        ///< that it is not what it says
    };

    void begin_part(std::string_view block, std::uint64_t line, bool whole_message);
    void read_type(std::string_view body, std::uint64_t line, part& to);
    void read_encoding(std::string_view body, std::uint64_t line, part& to);
    bool take_boundary(const scanned_line& line);
    void end_part(std::uint64_t line);
    void check_leaf(const scanned_line& line);
    void check_base64(part& in, const scanned_line& line);
    void check_quoted_printable(const scanned_line& line);

    findings& to_;
    std::vector<part> open_{}; ///< multiparts, outermost first, and at last the part that lines belong to now
    std::string header_{};     ///< of the part that begins
    std::uint64_t header_line_ = 0;
    bool in_header_ = false;
    bool between_ = false; ///< before the first part or behind the last one of the innermost multipart
    bool binary_ = false;
};

} // namespace postrider::message_detail

#endif

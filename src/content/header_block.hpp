// header_block.hpp - the header block of a content: where it ends, and what fields it has.
#ifndef POSTRIDER_SRC_CONTENT_HEADER_BLOCK_HPP
#define POSTRIDER_SRC_CONTENT_HEADER_BLOCK_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::content_detail {

/// Collects the header block of a content that comes in parts, octet for octet. A line ends with CRLF, LF or CR: each of them
/// leaves as CRLF, so what a server will take for a line is one here too, and no field can hide behind a bare CR.
class header_block {
public:
    static constexpr std::size_t most = 1048576; ///< octets that are held

    /// Takes what belongs to the block off the front of `part`, the empty line that ends it included. True: that was all of
    /// it, or it is `too_long`. Where a CR was the last octet so far, whether an LF belongs to it is known with the next part.
    bool take(std::string_view& part);

    bool ended() const noexcept { return ended_; } ///< its empty line was met; else the content has no body so far
    bool too_long() const noexcept { return octets_.size() > most; }
    const std::string& octets() const noexcept { return octets_; }

private:
    std::string octets_{};
    bool line_start_ = true;
    bool after_cr_ = false;
    bool ended_ = false;
};

/// A header field, as views of the block.
struct header_field {
    std::string_view name{};  ///< as written
    std::string_view body{};  ///< behind the colon, line ends included
    std::string_view whole{}; ///< with its line ends
    std::size_t line = 0;     ///< of the block, from 1

    /// `upper_case`: the name, in upper case.
    bool is(std::string_view upper_case) const noexcept;
};

/// The fields of a block up to its empty line.
struct header_fields {
    std::vector<header_field> all{};
    std::size_t size = 0;     ///< octets that they take
    std::size_t bad_line = 0; ///< the first line that is of no field, from 1: reading ended before it. 0: there is none
};
header_fields fields_of(std::string_view block);

/// Without white space and line ends before and behind it.
std::string_view trimmed(std::string_view text) noexcept;
/// Takes a line off the front of `text`, with its line end.
std::string_view take_line(std::string_view& text) noexcept;
/// The line without its line end.
std::string_view without_end(std::string_view line) noexcept;

} // namespace postrider::content_detail

#endif

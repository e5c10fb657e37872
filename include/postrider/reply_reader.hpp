// reply_reader.hpp - octets from a server to whole replies, however they were split on the way.
#ifndef POSTRIDER_REPLY_READER_HPP
#define POSTRIDER_REPLY_READER_HPP

#include "postrider/errc.hpp"
#include "postrider/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

//   Reply-line = *SP 3DIGIT ( SP / "-" ) [ text ] CRLF        (RFC 5321 §4.2, "-" on all lines but the last)
//              / *SP 3DIGIT CRLF                              (a textless last line)
//
// Lenient where real servers are: spaces before the code, no text and no SP behind it (RFC 5321 §4.2 itself asks for
// that), LF alone as line end. Strict where it decides about mail: three digits and no fourth, and the same code on every
// line, so that a reply that is out of step is never taken for an answer.
class reply_reader {
public:
    /// `text` is where the text of a reply is kept; it belongs to the caller.
    explicit constexpr reply_reader(std::span<char> text) noexcept : text_(text) {}

    enum class event : std::uint8_t {
        more,   ///< all input is used up, and the reply is not complete
        line,   ///< a line is complete and more of the reply follow: `line()`
        reply,  ///< the last line is complete: `line()`, `whole()`. The next octet begins a new reply
        failed, ///< the stream cannot be trusted any more: `error()`
    };
    /// Takes octets off the front of `input` up to the end of the next line. After `failed` it must not be called again.
    event next(std::string_view& input) noexcept;

    /// After `line` and `reply`: the text of the line just read, without code and enhanced status code.
    std::string_view line() const noexcept { return {text_.data() + line_begin_, size_ - line_begin_}; }
    /// That line had more text than there was room for: its last word may be half a word.
    bool line_cut() const noexcept { return cut_ && size_ == text_.size(); }
    /// The number of the line just read, from 1.
    std::size_t line_number() const noexcept { return lines_; }
    /// After `reply`: valid until `next` is called again.
    std::uint16_t code() const noexcept { return code_; }
    enhanced_status enhanced() const noexcept { return enhanced_; }
    reply whole() const noexcept { return {code_, cut_, enhanced_, {text_.data(), size_}}; }
    /// After `reply`: the text is a challenge (RFC 4954 §4), and becomes what it stands for. False: it is no base64, or cut.
    bool decode() noexcept;
    /// After `line`: forget the text so far, to make room for the lines to come. For EHLO, whose lines are used one by one.
    void drop_text() noexcept { size_ = line_begin_ = 0; }

    errc error() const noexcept { return error_; }
    /// Forget everything: a new connection.
    void restart() noexcept {
        place_ = place::reply_start;
        line_octets_ = lines_ = code_ = 0;
        size_ = line_begin_ = 0;
        error_ = errc::ok;
        cr_ = cut_ = false;
        enhanced_ = {};
    }

private:
    enum class place : std::uint8_t { reply_start, line_start, code, separator, text };
    bool take(char octet) noexcept;
    void take_text(std::string_view& input) noexcept;
    void keep(char octet) noexcept;
    event end_of_line() noexcept;
    void take_enhanced() noexcept;

    std::span<char> text_;
    std::size_t size_ = 0;
    std::size_t line_begin_ = 0;
    std::size_t line_octets_ = 0;
    std::uint16_t lines_ = 0;
    std::uint16_t code_ = 0;
    std::uint16_t line_code_ = 0;
    enhanced_status enhanced_;
    place place_ = place::reply_start;
    std::uint8_t digits_ = 0;
    bool last_ = false;
    bool cut_ = false;
    bool cr_ = false; ///< the octet before was a CR: a line end if LF follows
    errc error_ = errc::ok;
};

} // namespace postrider

#endif

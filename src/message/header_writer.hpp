// header_writer.hpp - writes header fields: folded, with encoded words (RFC 2047) and extended parameters (RFC 2231).
//
// GMime 3.2 writes encoded words of more than 75 octets, lets text that looks like an encoded word through, drops spaces at the
// end, and splits characters between the sections of a parameter; so this is done here, and GMime reads it in the tests.
#ifndef POSTRIDER_MESSAGE_HEADER_WRITER_HPP
#define POSTRIDER_MESSAGE_HEADER_WRITER_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider {

/// Lines with encoded words have 76 characters at most (RFC 2047 §2); what can be folded is folded there in all fields.
inline constexpr std::size_t header_line = 76;
/// No line has more octets, without CRLF (RFC 5322 §2.1.1).
inline constexpr std::size_t longest_line = 998;

/// All texts are UTF-8 without control characters (`objection_to_text`), and tokens have no space: whoever calls has checked it.
class header_writer {
public:
    void begin(std::string_view name);
    /// A token, behind a space or where a line begins. It is never split.
    void token(std::string_view text) { token(" ", text); }
    /// Free text (RFC 5322 §2.2.1): a subject.
    void text(std::string_view value);
    /// The name in front of a mailbox: atoms, a quoted string, or encoded words.
    void phrase(std::string_view name);
    /// `; name=value`, quoted or extended as it has to be.
    void parameter(std::string_view name, std::string_view value);
    void end();

    const std::string& block() const noexcept { return out_; }
    std::string take() noexcept { return std::move(out_); }

private:
    void token(std::string_view space, std::string_view text);
    void fold();
    void encoded(std::string_view text);
    void extended(std::string_view name, std::string_view value);

    std::string out_{};
    std::size_t column_ = 0; ///< octets of the line so far
    bool bare_ = false;      ///< the line has nothing but the field's name, or the space that begins it
};

/// What keeps a text out of a header field: a control character, or that it is not UTF-8. Empty: nothing does.
std::string objection_to_text(std::string_view text);
/// RFC 2045 §5.1.
bool is_token(std::string_view text) noexcept;
/// RFC 5322 §3.2.3.
bool is_atom(std::string_view text) noexcept;

} // namespace postrider

#endif

// standard_input.hpp - a message from standard input, to its end or to a line with a lone dot.
#ifndef POSTRIDER_CLI_STANDARD_INPUT_HPP
#define POSTRIDER_CLI_STANDARD_INPUT_HPP

#include <array>
#include <streambuf>

namespace postrider::cli {

/// Reads a descriptor in pieces of 64 KiB. Where it cannot be read `underflow` throws, so that a stream is `bad`: an error must
/// not look like the end, or half of a message would be sent.
class standard_input : public std::streambuf {
public:
    /// `dot_ends`: a line that is a dot alone, behind LF and before LF, CRLF or the end, is not of the message, and nothing
    /// behind it is. Other lines keep their dots, as Postfix and Exim have it.
    standard_input(int descriptor, bool dot_ends) noexcept : descriptor_(descriptor), dot_ends_(dot_ends) {}

    int error() const noexcept { return error_; } ///< of `errno`; 0: it could be read so far

protected:
    int_type underflow() override;

private:
    enum class place { line_start, dot, dot_cr, within };
    /// What was read, into `out_`, as far as it is of the message.
    std::size_t filtered(std::size_t size) noexcept;

    int descriptor_;
    bool dot_ends_;
    bool ended_ = false;
    int error_ = 0;
    place at_ = place::line_start;
    std::array<char, 65536> in_{};
    std::array<char, sizeof in_ + 2> out_{}; ///< a dot and a CR may have waited for what follows
};

} // namespace postrider::cli

#endif

// dot_stuffer.hpp - content to what DATA or BDAT carries: canonical line ends, and dots for DATA, part by part, without a copy.
#ifndef POSTRIDER_DOT_STUFFER_HPP
#define POSTRIDER_DOT_STUFFER_HPP

#include <cstdint>
#include <string_view>

namespace postrider {

/// What to do with a CR without LF, or an LF without CR. Neither is ever passed on: servers that take them for a line end
/// let a lone dot between them end the mail and run the rest as commands ("SMTP smuggling", RFC 5321 §2.3.8).
enum class line_ends : std::uint8_t {
    normalise, ///< each becomes CRLF (the default)
    refuse,    ///< the mail is abandoned with `errc::bare_line_ending`
};

/// RFC 5321 §4.5.2 for every split of the input. The line end of the last line is held back, so that `terminator()` is
/// always whole: with it, or without it for content that has no octet at all.
class dot_stuffer {
public:
    /// Without `dots` for BDAT, where a dot is a dot (RFC 3030 §2).
    explicit constexpr dot_stuffer(line_ends policy = line_ends::normalise, bool dots = true) noexcept
        : policy_(policy), dots_(dots) {}

    /// Takes octets off the front of `input` and returns what to send for them: a part of `input`, or a text of static
    /// lifetime. Empty only when `input` is used up, or `failed()`.
    std::string_view next(std::string_view& input) noexcept;

    /// What ends the content: `CRLF . CRLF`, or `. CRLF` where nothing came before; without dots `CRLF`, or nothing. Call it
    /// once, after all input; empty if `failed()`, which a CR as the very last octet can still bring about.
    std::string_view terminator() noexcept;

    /// A bare line ending was met under `line_ends::refuse`.
    constexpr bool failed() const noexcept { return state_ == state::failed; }

private:
    // line_start: nothing is held back, and a dot here is to be doubled. cr: a CR was taken, and whether LF follows is not
    // known yet. line_end: a whole line end was taken and not sent yet.
    enum class state : std::uint8_t { line_start, in_line, cr, line_end, failed };
    bool refuse() noexcept;

    state state_ = state::line_start;
    line_ends policy_;
    bool dots_;
};

} // namespace postrider

#endif

// content.hpp - what a mail carries, header block and body: where it lies, or what it will be.
#ifndef POSTRIDER_CONTENT_HPP
#define POSTRIDER_CONTENT_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// What octets a content is made of.
enum class octets : std::uint8_t {
    seven_bit, ///< none above 127
    eight_bit, ///< lines of any octets: BODY=8BITMIME (RFC 6152)
    binary,    ///< any octets, line ends are data: BODY=BINARYMIME, by BDAT alone (RFC 3030 §3)
};

/// Either in memory - `text`, then each part of `more`, sent from where they lie, without a copy - or `pulled`: the session
/// asks for it part by part (`action::kind::content`).
///
/// SIZE, BODY and SMTPUTF8 leave with MAIL, before the content. A content in memory is looked through first; only `binary`
/// and `as_it_is` have to be said. A pulled one declares what it will be, and is held to it: an octet that it did not
/// declare, or a size other than `exact_size`, gives the mail up with `errc::content_mismatch` before it can commit.
struct mail_content {
    std::string_view text{};
    std::span<const std::string_view> more{};
    std::string_view
        url{}; ///< an IMAP URL that the server fetches the content from (BURL, RFC 4468), and nothing else of this
    bool pulled = false;
    octets kind = octets::seven_bit; ///< in memory: `binary` or not is all that counts
    bool utf8_header = false;        ///< pulled: the header block has UTF-8 (RFC 6532). In memory: it is looked for
    bool as_it_is =
        false; ///< send octets above 127 also where 8BITMIME, or for header block and addresses SMTPUTF8, is not
               ///< offered, as many a client does. Without it such a mail is not attempted
    bool repeatable =
        false;              ///< pulled: can be pulled again from its beginning, for recipients of a further transaction
    std::uint64_t size = 0; ///< pulled: octets of it on the wire, CRLF line ends, without dots put in; 0: not known
    bool exact_size = false; ///< `size` is exact: then one BDAT takes it all. Say `end_of_content` with the last part
    bool chunks =
        false; ///< pulled, where CHUNKING is offered: each part leaves by a BDAT of its own, and not all by DATA.
               ///< Exchange 2007 and 2010 are said to delay each of them by 5 s. `binary` implies it
};

/// What a source of content answers when it is asked for more.
struct content_part {
    std::string_view octets{};
    bool last = false;   ///< nothing comes after these octets
    bool failed = false; ///< there should be more, and it cannot be had: the mail is abandoned
};

/// What is to be known of a content before MAIL. Shown part after part.
struct content_facts {
    std::uint64_t size = 0;        ///< octets of the content with CRLF line ends so far
    bool eight_bit = false;        ///< an octet above 127
    bool eight_bit_header = false; ///< one of them before the first empty line
    bool bare = false;             ///< a CR without LF, or an LF without CR
    bool in_header = true;
    bool after_cr = false;  ///< the last octet is a CR that no LF has followed yet
    bool line_start = true; ///< the last line has ended, or there was none

    /// Takes in the next part.
    void look_through(std::string_view part) noexcept;
    /// After all parts: a CR at the very end is bare.
    constexpr void end() noexcept {
        if (!after_cr) return;
        bare = true;
        end_line();
    }

private:
    constexpr void end_line() noexcept {
        size += 2;
        if (line_start) in_header = false;
        line_start = true;
        after_cr = false;
    }
};

} // namespace postrider

#endif

// mailbox.hpp - domains and mailboxes that are known to fit on a command line.
//
// A value of these types never holds CR, LF, NUL or any other control character, nor an angle bracket that could end
// a path early. They are views: the text that they were made from must outlive them.
#ifndef POSTRIDER_MAILBOX_HPP
#define POSTRIDER_MAILBOX_HPP

#include <optional>
#include <string_view>

namespace postrider {

/// The argument of EHLO: a domain, or an address literal such as `[192.0.2.1]` (RFC 5321 §4.1.2, §4.1.3).
class domain {
public:
    /// Nothing if the text does not follow the grammar: `errc::invalid_domain`. An underscore is let through.
    static std::optional<domain> parse(std::string_view text) noexcept;
    /// Only what cannot be framed is refused: control characters and spaces, more than `limits::domain` octets.
    static std::optional<domain> frame(std::string_view text) noexcept;

    constexpr std::string_view text() const noexcept { return text_; }

private:
    friend class session_base; // a session that was not started yet has none
    constexpr domain() noexcept = default;
    explicit constexpr domain(std::string_view text) noexcept : text_(text) {}
    std::string_view text_;
};

/// A mailbox, `local-part@domain` (RFC 5321 §4.1.2). Default-constructed it is the null reverse-path, `<>`.
class mailbox {
public:
    constexpr mailbox() noexcept = default;

    /// Follows the grammar of RFC 5321 §4.1.2, with or without angle brackets around it; `<>` is the null path.
    /// Nothing otherwise: `errc::invalid_mailbox`. Octets above 127 are refused here.
    static std::optional<mailbox> parse(std::string_view text) noexcept;
    /// The same with UTF-8 in the local part and the domain (RFC 6531 §3.3): such a mail needs SMTPUTF8. A mailbox with
    /// another domain than ASCII, and an ASCII local part, is better written with A-labels (`postrider/io/idn2.hpp`).
    static std::optional<mailbox> parse_utf8(std::string_view text) noexcept;
    /// Refuses only what cannot be framed: control characters, angle brackets outside quotes, a quoted string that does
    /// not end, more than `limits::framed_path` octets. `root` and `a b@c` pass, and so do octets above 127.
    static std::optional<mailbox> frame(std::string_view text) noexcept;

    constexpr std::string_view text() const noexcept { return text_; } ///< without angle brackets
    constexpr bool is_null() const noexcept { return text_.empty(); }
    /// No octet above 127: it needs no SMTPUTF8.
    constexpr bool is_ascii() const noexcept {
        for (const char c : text_)
            if ((static_cast<unsigned char>(c) & 0x80) != 0) return false;
        return true;
    }
    std::string_view local_part() const noexcept;  ///< as written, quotes included
    std::string_view domain_part() const noexcept; ///< empty if there is none

private:
    static std::optional<mailbox> parse(std::string_view text, bool utf8) noexcept;
    explicit constexpr mailbox(std::string_view text) noexcept : text_(text) {}
    std::string_view text_;
};

} // namespace postrider

#endif

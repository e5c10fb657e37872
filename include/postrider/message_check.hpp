// message_check.hpp - whether a message (RFC 5322, RFC 2045) can be sent: what is wrong with it and where, and what a server has
// to offer for it.
//
//     postrider::message_checker checker;
//     while (...) checker.take(part);
//     const postrider::message_verdict& found = checker.finish();
//     for (const auto& one : found.findings) std::cout << one.line << ": " << one.what << '\n';
#ifndef POSTRIDER_MESSAGE_CHECK_HPP
#define POSTRIDER_MESSAGE_CHECK_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

enum class severity : std::uint8_t {
    note,    ///< to know: it does no harm
    warning, ///< it leaves, but somebody on its way may refuse it, change it, or read something else
    error,   ///< the message is none, or not this one: it is not to be sent as it is
};

struct message_finding {
    postrider::severity severity = severity::note;
    std::uint64_t line = 0;       ///< from 1; 0: of the message as a whole
    std::string_view code{};      ///< "bare-cr", for programs; of static lifetime
    std::string what{};           ///< what is wrong; control characters are replaced
    std::string_view reference{}; ///< "RFC 5322 §3.6"; may be empty
    std::string_view advice{};    ///< what to do about it; may be empty
    std::uint64_t more = 0; ///< of the last one of a code: so many were met behind it, and are not told one by one
};

struct message_verdict {
    std::vector<message_finding>
        findings{}; ///< by line; ten of a code are told, of a note one, and the others are counted in `more`
    std::uint64_t errors = 0, warnings = 0, notes = 0; ///< with those that are counted only

    std::uint64_t size = 0; ///< octets on the wire: CRLF line ends, one at the end; what SIZE= says
    std::uint64_t lines = 0;
    bool eight_bit = false;   ///< needs 8BITMIME (RFC 6152): an octet above 127 in the body
    bool utf8_header = false; ///< needs SMTPUTF8 (RFC 6531): one in the header block
    bool binary = false; ///< needs BINARYMIME (RFC 3030): a NUL, a line of more than 998 octets, or encoding `binary`

    bool sendable() const noexcept { return errors == 0; }
};

struct message_check_options {
    std::uint64_t max_size = 0; ///< octets that a server takes, as SIZE says them; 0: any number
};

/// Reads a message part by part, in constant memory whatever its size: 1 MB of header block is the most, and more of it is an
/// error. Line ends may be CRLF, LF or CR, as everywhere in Postrider; what it makes of them when it sends is told. Multiparts
/// are looked into, but not messages within the message (message/rfc822), and no text is decoded.
class message_checker {
public:
    explicit message_checker(const message_check_options& options = {});
    ~message_checker();
    message_checker(message_checker&&) noexcept;
    message_checker& operator=(message_checker&&) noexcept;

    /// The next part, cut anywhere.
    void take(std::string_view part);
    /// The end of the message. Once; the verdict lives as long as the checker.
    const message_verdict& finish();

private:
    class scan;
    std::unique_ptr<scan> scan_;
};

} // namespace postrider

#endif

// transfer_encoding.hpp - how the octets of a part are written (RFC 2045 §6): chunk by chunk, with CRLF line ends.
#ifndef POSTRIDER_MESSAGE_TRANSFER_ENCODING_HPP
#define POSTRIDER_MESSAGE_TRANSFER_ENCODING_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

enum class transfer_encoding : std::uint8_t { seven_bit, eight_bit, quoted_printable, base64 };

/// As Content-Transfer-Encoding says it.
std::string_view name(transfer_encoding encoding) noexcept;

/// Octets that `octets` are as base64: lines of 76 characters with CRLF, also behind the last.
constexpr std::uint64_t base64_size(std::uint64_t octets) noexcept {
    return (octets + 2) / 3 * 4 + (octets + 56) / 57 * 2;
}

/// Encodes one part. Chunks are of `chunk` octets, but for the last, which may be empty.
class transfer_encoder {
public:
    /// Whole lines of base64, so that no octet is carried from one chunk to the next.
    static constexpr std::size_t chunk = std::size_t{57} * 112;
    /// What a chunk can become: each octet `=XX`, and a soft line break behind every 24 of them at least.
    static constexpr std::size_t room = chunk * 3 + (chunk / 12 + 2) * 3;

    explicit transfer_encoder(transfer_encoding encoding) noexcept : encoding_(encoding) {}
    /// Writes to `to`, of `room` octets, and returns how many. Bare CR and bare LF become CRLF, but in base64.
    std::size_t encode(std::string_view octets, bool last, std::span<char> to) noexcept;

private:
    std::size_t lines(std::string_view octets, std::span<char> to) noexcept;
    std::size_t quoted_printable(std::string_view octets, bool last, std::span<char> to) noexcept;
    std::size_t quoted(char c, bool literal, char* to) noexcept;

    transfer_encoding encoding_;
    bool after_cr_ = false;
    char space_ = 0; ///< a space or tab that is not written yet: at the end of a line it has to be quoted
    unsigned column_ = 0;
};

} // namespace postrider

#endif

// pin.hpp - pins: digests of public keys, as people write them and as they are compared.
#ifndef POSTRIDER_SRC_IO_TLS_PIN_HPP
#define POSTRIDER_SRC_IO_TLS_PIN_HPP

#include "postrider/short_text.hpp"

#include <array>
#include <string_view>

namespace postrider::tls_detail {

/// SHA-256 of a subjectPublicKeyInfo.
using pin = std::array<char, 32>;

/// `sha256//` and the base64 of 32 octets, to the letter; false for everything else.
bool parse(std::string_view text, pin& to) noexcept;
short_text<56> text_of(const pin& which) noexcept;

} // namespace postrider::tls_detail

#endif

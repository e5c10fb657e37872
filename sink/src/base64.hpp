// Base64, as SASL needs it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::sink {

std::string base64_encode(std::string_view octets);

// nullopt for anything but whole, canonical quanta of the alphabet: a lenient server would hide a client's
// mistake.
std::optional<std::string> base64_decode(std::string_view text);

} // namespace postrider::sink

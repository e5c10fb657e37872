#include "base64.hpp"

#include <openssl/evp.h>

namespace postrider::sink {

namespace {

unsigned char* octets_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

const unsigned char* octets_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

} // namespace

std::string base64_encode(std::string_view octets) {
    std::string text((octets.size() + 2) / 3 * 4 + 1, '\0'); // EVP_EncodeBlock adds a NUL
    const int size = EVP_EncodeBlock(octets_of(text), octets_of(octets), static_cast<int>(octets.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.empty()) return std::string{};
    std::string octets(text.size() / 4 * 3 + 3, '\0');
    const int size = EVP_DecodeBlock(octets_of(octets), octets_of(text), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    // EVP_DecodeBlock counts the octets that stand for padding.
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
    octets.resize(static_cast<std::size_t>(size) - padding);
    // It also trims blanks and accepts stray bits; only what encodes back to itself is canonical.
    if (base64_encode(octets) != text) return std::nullopt;
    return octets;
}

} // namespace postrider::sink

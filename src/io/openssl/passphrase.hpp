// passphrase.hpp - the passphrase of a private key, for OpenSSL's readers of PEM and DER.
#ifndef POSTRIDER_SRC_IO_OPENSSL_PASSPHRASE_HPP
#define POSTRIDER_SRC_IO_OPENSSL_PASSPHRASE_HPP

#include <cstring>
#include <string_view>

namespace postrider::openssl_detail {

struct passphrase {
    std::string_view text;
    bool asked = false;
};

/// Without a callback OpenSSL would ask the terminal.
inline int give(char* to, int room, int /*writing*/, void* from) noexcept {
    auto& phrase = *static_cast<passphrase*>(from);
    phrase.asked = true;
    if (phrase.text.empty() || phrase.text.size() > static_cast<std::size_t>(room)) return -1;
    std::memcpy(to, phrase.text.data(), phrase.text.size());
    return static_cast<int>(phrase.text.size());
}

} // namespace postrider::openssl_detail

#endif

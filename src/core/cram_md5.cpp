#include "postrider/cram_md5.hpp"

#include "core/sasl.hpp"

namespace postrider {

flags<mechanism> cram_md5::speaks() const noexcept { return {static_cast<std::uint32_t>(mechanism::cram_md5)}; }

errc cram_md5::begin(mechanism which, const credentials& with, const tls_channel&, bool) noexcept {
    forget();
    if (which != mechanism::cram_md5) return errc::invalid_parameter;
    const bool fits = !with.user.empty() && with.user.size() <= limits::sasl_name;
    if (!fits || !is_fit(with.user, with) || !is_fit(with.password.reveal(), with)) return errc::invalid_credentials;
    with_ = &with;
    return errc::ok;
}

//   response = user-name SP 32LHEX, the HMAC-MD5 of the challenge, keyed with the password           (RFC 2195 §2)
//
// The challenge should be a msg-id in angle brackets. No server is refused for another: nothing is lost by it.
errc cram_md5::answer(std::string_view challenge) noexcept {
    if (with_ == nullptr || answered_ || challenge.empty()) {
        forget();
        return errc::malformed_challenge;
    }
    char* to = text_.data();
    for (const char c : with_->user) *to++ = c;
    *to++ = ' ';
    std::array<char, size_of(digest::md5)> value;
    if (!library_.hmac(digest::md5, with_->password.reveal(), {&challenge, 1}, value.data())) {
        forget();
        return errc::system_failure;
    }
    for (const char octet : value) {
        *to++ = "0123456789abcdef"[static_cast<unsigned char>(octet) >> 4];
        *to++ = "0123456789abcdef"[octet & 15];
    }
    message_ = {text_.data(), static_cast<std::size_t>(to - text_.data())};
    answered_ = true;
    return errc::ok;
}

errc cram_md5::end(std::string_view) noexcept {
    const bool asked = answered_;
    forget();
    return asked ? errc::ok : errc::server_unproven;
}

// The answer is as good as the password to who can try many.
void cram_md5::forget() noexcept {
    wipe(text_);
    with_ = nullptr;
    answered_ = false;
    message_ = {};
}

} // namespace postrider

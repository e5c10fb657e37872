// cram_md5.hpp - CRAM-MD5 (RFC 2195): the password stays here, but a server that is not the right one can look for it in
// the answer, and the right one must keep it readable. For servers that have nothing better.
#ifndef POSTRIDER_CRAM_MD5_HPP
#define POSTRIDER_CRAM_MD5_HPP

#include "postrider/digests.hpp"
#include "postrider/limits.hpp"
#include "postrider/sasl.hpp"

#include <array>

namespace postrider {

/// For `credentials::exchanges`. Takes user names of up to `limits::sasl_name` octets.
class cram_md5 final : public sasl_exchange {
public:
    /// `library` must outlive it.
    explicit cram_md5(digests& library) noexcept : library_(library) {}
    ~cram_md5() { forget(); }
    cram_md5(const cram_md5&) = delete;
    cram_md5& operator=(const cram_md5&) = delete;

    flags<mechanism> speaks() const noexcept override;
    errc begin(mechanism which, const credentials& with, const tls_channel& channel,
               bool plus_offered) noexcept override;
    errc answer(std::string_view challenge) noexcept override;
    errc end(std::string_view additional) noexcept override;
    void forget() noexcept override;

private:
    digests& library_;
    const credentials* with_ = nullptr;
    bool answered_ = false;
    std::array<char, limits::sasl_name + 1 + 32> text_{};
};

} // namespace postrider

#endif

// scram.hpp - SCRAM-SHA-1, -SHA-256 and -SHA-512, with and without -PLUS (RFC 5802, RFC 7677): the password stays here, and
// the server has to show that it knows it too.
#ifndef POSTRIDER_SCRAM_HPP
#define POSTRIDER_SCRAM_HPP

#include "postrider/digests.hpp"
#include "postrider/limits.hpp"
#include "postrider/sasl.hpp"

#include <array>
#include <cstdint>

namespace postrider {

/// How often the password is hashed is the server's to say (RFC 5802 §5.1). Too seldom, and whoever listens can look for the
/// password; too often, and a server keeps a client busy for hours.
struct scram_bounds {
    std::uint32_t iterations_least = 4096; ///< RFC 7677 §4
    std::uint32_t iterations_most = 1'000'000;
};

/// For `credentials::exchanges`; one object speaks all six. Takes user names and authorization identities of up to
/// `limits::sasl_name` octets, of which `,` and `=` take three, and of the server's nonce and salt what then fits the message.
/// Nothing that was derived from the password outlives the exchange.
class scram final : public sasl_exchange {
public:
    /// `library` must outlive it.
    explicit scram(digests& library, scram_bounds bounds = {}) noexcept : library_(library), bounds_(bounds) {
        client_first_ = true;
    }
    ~scram() { forget(); }
    scram(const scram&) = delete;
    scram& operator=(const scram&) = delete;

    flags<mechanism> speaks() const noexcept override;
    errc begin(mechanism which, const credentials& with, const tls_channel& channel,
               bool plus_offered) noexcept override;
    errc answer(std::string_view challenge) noexcept override;
    errc end(std::string_view additional) noexcept override;
    void forget() noexcept override;
    /// How often the password was hashed in the last exchange; 0: it did not come to that. For reports.
    std::uint32_t iterations() const noexcept { return iterations_; }

private:
    friend class scram_examples; // those of the RFCs, in the tests, have shorter nonces
    static constexpr std::uint8_t nonce_octets = 24;
    enum class step : std::uint8_t { none, first_sent, proof_sent, proven };
    errc prove(std::string_view challenge) noexcept;
    errc verify(std::string_view said) noexcept;

    digests& library_;
    scram_bounds bounds_;
    const credentials* with_ = nullptr;
    const tls_channel* channel_ = nullptr;
    std::uint32_t iterations_ = 0;
    std::size_t header_ = 0;                   ///< octets of the gs2 header, in front of the first message
    std::uint8_t nonce_octets_ = nonce_octets; ///< random ones, of the client's nonce; a multiple of 3
    digest hash_ = digest::sha_1;
    step at_ = step::none;
    std::array<char, 64> server_signature_{};
    std::array<char, limits::scram_message> text_{};
};

} // namespace postrider

#endif

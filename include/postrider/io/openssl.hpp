// openssl.hpp - TLS, and the digests of SASL, by OpenSSL 3. None of its headers is needed to use them.
#ifndef POSTRIDER_IO_OPENSSL_HPP
#define POSTRIDER_IO_OPENSSL_HPP

#include "postrider/digests.hpp"
#include "postrider/io/tls.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st; // OpenSSL's SSL, BIO and SSL_CTX
struct bio_st;
struct ssl_ctx_st;

namespace postrider {

/// What the connections of a client have in common: whom it trusts, its own certificate, sessions to resume. Any number of
/// `openssl_tls`, in any number of threads, may use one; it must outlive them.
class openssl_context {
public:
    openssl_context() noexcept;
    ~openssl_context();
    openssl_context(const openssl_context&) = delete;
    openssl_context& operator=(const openssl_context&) = delete;

    /// Before the first connection, or while there is none: all is set anew, and saved sessions are forgotten. After an
    /// error nothing is set. OpenSSL's own configuration may ask for more (a newer least version, a higher security level
    /// than 2), and never for less. Without CAs of the caller's those of the system are trusted (SSL_CERT_FILE and
    /// SSL_CERT_DIR name others); that it has none is no error: then `untrusted` is what every server is.
    [[nodiscard]] tls_set_up set_up(const tls_options& options);

    struct state;

private:
    friend class openssl_tls;
    std::unique_ptr<state> state_;
};

/// What a certificate says, for people who look for a fault. The texts are the peer's: not to be trusted, control characters
/// replaced.
struct certificate_facts {
    std::string subject{};            ///< "CN=mail.example", of at most 128 octets
    std::string issuer{};             ///< the same
    std::vector<std::string> names{}; ///< its subjectAltNames that can name a host: "DNS:mail.example", "IP:192.0.2.1"
    std::string valid_from{};         ///< "2026-01-31T00:00:00Z"
    std::string valid_until{};        ///< the same
    std::string key{};                ///< "RSA", "EC P-256", "ED25519"
    int key_bits = 0;
    std::string signature{}; ///< "ecdsa-with-SHA256"
    std::string pin{};       ///< of its key, as `tls_options::pins` takes it
    std::string pem{};
};

/// What the peer has shown of itself in a handshake, also in one that failed because of it.
struct peer_certificates {
    std::vector<certificate_facts> sent{}; ///< in the peer's order, its own first; none where a session was resumed
    std::vector<certificate_facts>
        trusted{}; ///< what the chain was made complete by, out of those that are trusted: one at most
    std::vector<tls_verdict> faults{}; ///< all that was found, the one of `tls_facts::verdict` first
};

/// The filter (io/tls.hpp) for `tls_stream`, with OpenSSL between two memory BIOs. Memory for records is taken as it is
/// needed, and given back between them.
class openssl_tls {
public:
    using context = openssl_context;

    explicit openssl_tls(context& shared) noexcept;
    ~openssl_tls();
    openssl_tls(const openssl_tls&) = delete;
    openssl_tls& operator=(const openssl_tls&) = delete;

    /// `invalid_parameter` also where the context is not set up.
    [[nodiscard]] errc begin(std::string_view host, std::uint16_t port, bool must_verify) noexcept;
    void received(std::string_view octets) noexcept;
    [[nodiscard]] errc handshake(bool& done) noexcept;
    bool wants_octets() const noexcept { return true; }
    std::string_view outgoing() const noexcept;
    void sent(std::size_t octets) noexcept;
    std::size_t write(std::string_view text) noexcept;
    std::size_t read(std::span<char> to) noexcept;
    bool ended() const noexcept { return ended_; }
    errc fault() const noexcept { return fault_; }
    void close() noexcept;
    const tls_facts& facts() const noexcept { return facts_; }
    tls_channel channel() const noexcept;
    /// Reads the certificates of the last handshake, which stay with OpenSSL until `begin`.
    peer_certificates certificates() const;

private:
    friend class openssl_context;
    struct steps; // what needs OpenSSL's headers
    static void install(ssl_ctx_st* ctx, bool resume) noexcept;

    context& context_;
    ssl_st* ssl_ = nullptr;
    bio_st* in_ = nullptr; // both are the SSL's
    bio_st* out_ = nullptr;
    short_text<253> host_{};
    std::uint16_t port_ = 0;
    bool must_verify_ = false;
    bool ready_ = false; // the handshake is over
    bool ended_ = false;
    errc fault_ = errc::ok;
    tls_verdict saved_verdict_ = tls_verdict::not_checked; // of the session that is offered
    std::uint32_t faults_ = 0;                             // that were found in the chain, a bit each
    tls_facts facts_{};
    std::string_view binding_type_{};
    std::size_t binding_size_ = 0;
    std::array<char, 64> binding_{};
};

/// Where the library has it: a FIPS provider has no MD5. No state; any number of threads may use one.
class openssl_digests final : public digests {
public:
    bool hash(digest which, std::span<const std::string_view> parts, char* to) noexcept override;
    bool hmac(digest which, std::string_view key, std::span<const std::string_view> parts, char* to) noexcept override;
    bool pbkdf2(digest which, std::string_view password, std::string_view salt, std::uint32_t iterations,
                char* to) noexcept override;
    bool random(std::span<char> to) noexcept override;
};

} // namespace postrider

#endif

// mbedtls.hpp - TLS 1.2, and the digests of SASL, by mbedTLS 2.28: for a PC, and for a microcontroller.
//
// No memory is taken here but what mbedTLS takes by itself (MBEDTLS_PLATFORM_MEMORY says where). Files need MBEDTLS_FS_IO.
// Dates are looked at only with MBEDTLS_HAVE_TIME_DATE, and a clock that is right: without it an expired certificate passes.
// Whoever includes this needs the MBEDTLS_CONFIG_FILE that mbedTLS was built with.
#ifndef POSTRIDER_IO_MBEDTLS_HPP
#define POSTRIDER_IO_MBEDTLS_HPP

#include "postrider/digests.hpp"
#include "postrider/io/tls.hpp"

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if defined(MBEDTLS_ENTROPY_C) && defined(MBEDTLS_CTR_DRBG_C)
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#define POSTRIDER_MBEDTLS_RANDOM 1
#else
#define POSTRIDER_MBEDTLS_RANDOM 0
#endif
#if defined(MBEDTLS_THREADING_C)
#include <mbedtls/threading.h>
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// How many pins a context can have, and sessions it keeps.
#ifndef POSTRIDER_MBEDTLS_PINS
#define POSTRIDER_MBEDTLS_PINS 8
#endif
#ifndef POSTRIDER_MBEDTLS_SESSIONS
#ifdef MBEDTLS_FS_IO
#define POSTRIDER_MBEDTLS_SESSIONS 16
#else
#define POSTRIDER_MBEDTLS_SESSIONS 1
#endif
#endif

namespace postrider {

/// Random octets: by a function of the caller's, e.g. of the chip's generator, or by mbedTLS's entropy and CTR_DRBG where
/// they are built in.
class mbedtls_random {
public:
    /// As mbedTLS has it: 0 is success.
    using source = int(void* from, unsigned char* to, std::size_t size);

    mbedtls_random() noexcept;
    explicit mbedtls_random(source* function, void* from) noexcept;
    ~mbedtls_random();
    mbedtls_random(const mbedtls_random&) = delete;
    mbedtls_random& operator=(const mbedtls_random&) = delete;

    /// False: there is no source, or it failed. The first call of mbedTLS's own collects entropy.
    bool fill(std::span<char> to) noexcept;
    /// The same for mbedTLS; `from` is a mbedtls_random.
    static int fill(void* from, unsigned char* to, std::size_t size) noexcept;

private:
    source* function_ = nullptr;
    void* from_ = nullptr;
#if POSTRIDER_MBEDTLS_RANDOM
    bool seeded_ = false;
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context drbg_;
#endif
};

/// What the connections of a client have in common: whom it trusts, its own certificate, sessions to resume. It must outlive
/// them. With MBEDTLS_THREADING_C they may belong to several threads, without it all belong to one.
class mbedtls_context {
public:
    mbedtls_context() noexcept;
    explicit mbedtls_context(mbedtls_random::source* function, void* from) noexcept;
    ~mbedtls_context();
    mbedtls_context(const mbedtls_context&) = delete;
    mbedtls_context& operator=(const mbedtls_context&) = delete;

    /// Before the first connection, or while there is none: all is set anew, and saved sessions are forgotten. After an
    /// error nothing is set. Without CAs of the caller's those of the system are trusted, which are in
    /// /etc/ssl/certs/ca-certificates.crt; that it is not there is no error: then `untrusted` is what every server is.
    /// A folder's files are read all, whatever their names. `least` beyond TLS 1.2 is an `invalid_parameter`.
    [[nodiscard]] tls_set_up set_up(const tls_options& options) noexcept;

    /// The client's certificate and its key, from memory; behind `set_up`. DER; or PEM, if mbedTLS has that, with the NUL at
    /// its end counted. They are copied.
    [[nodiscard]] tls_set_up own_certificate(std::string_view certificate, std::string_view key,
                                             secret_view key_password = {}) noexcept;

    /// What it draws from: `mbedtls_digests digests{mbedtls_random::fill, &context.random()}`.
    mbedtls_random& random() noexcept { return random_; }

private:
    friend class mbedtls_tls;

    /// A session is only offered where its first handshake would have been judged in the same way: same context, so same trust
    /// and pins; same host and port; and a server that was let pass is not resumed where it must be verified.
    struct session_key {
        short_text<253> host{};
        std::uint16_t port = 0;
        bool must_verify = false;
    };
    struct saved_session {
        session_key key{};
        bool used = false;
        bool extended = false; // its master secret was of RFC 7627
        tls_verdict verdict = tls_verdict::not_checked;
        mbedtls_ssl_session session;
    };
    class lock;

    void clear() noexcept;
    tls_set_up set_floor(const tls_options& options) noexcept;
    tls_set_up set_pins(const tls_options& options) noexcept;
    tls_set_up set_trust(const tls_options& options) noexcept;
    tls_set_up set_own(const tls_options& options) noexcept;
    tls_set_up use_own(std::string_view name, std::string_view key_name) noexcept;
    saved_session* find(const session_key& key) noexcept;
    bool offer(const session_key& key, mbedtls_ssl_context& to, tls_verdict& verdict, bool& extended) noexcept;
    void save(const session_key& key, const mbedtls_ssl_context& from, tls_verdict verdict, bool extended) noexcept;
    void forget(const session_key& key) noexcept;

    mbedtls_random random_;
    mbedtls_ssl_config config_;
    mbedtls_x509_crt trusted_;
    mbedtls_x509_crt own_;
    mbedtls_pk_context key_;
    bool ready_ = false;
    bool pins_suffice_ = false;
    bool resume_ = false;
    channel_binding binding_kind_ = channel_binding::automatic;
    std::size_t pin_count_ = 0;
    std::array<std::array<char, 32>, POSTRIDER_MBEDTLS_PINS> pins_;
    std::size_t next_session_ = 0; // to be overwritten, if there is no room
    std::array<saved_session, POSTRIDER_MBEDTLS_SESSIONS> sessions_;
#if defined(MBEDTLS_THREADING_C)
    mbedtls_threading_mutex_t mutex_;
#endif
};

/// The filter (io/tls.hpp) for `tls_stream`, or for an event loop of one's own. The octets that it was given by `received`
/// are borrowed until it wants others; those for the peer stand in an array of its own, which has room for one record of the
/// largest size (MBEDTLS_SSL_OUT_CONTENT_LEN).
class mbedtls_tls {
public:
    using context = mbedtls_context;

    explicit mbedtls_tls(context& shared) noexcept;
    ~mbedtls_tls();
    mbedtls_tls(const mbedtls_tls&) = delete;
    mbedtls_tls& operator=(const mbedtls_tls&) = delete;

    /// `invalid_parameter` also where the context is not set up.
    [[nodiscard]] errc begin(std::string_view host, std::uint16_t port, bool must_verify) noexcept;
    void received(std::string_view octets) noexcept { incoming_ = octets; }
    [[nodiscard]] errc handshake(bool& done) noexcept;
    bool wants_octets() const noexcept { return incoming_.empty(); }
    std::string_view outgoing() const noexcept { return {outgoing_.data() + first_, last_ - first_}; }
    void sent(std::size_t octets) noexcept;
    std::size_t write(std::string_view text) noexcept;
    std::size_t read(std::span<char> to) noexcept;
    bool ended() const noexcept { return ended_; }
    errc fault() const noexcept { return fault_; }
    void close() noexcept;
    const tls_facts& facts() const noexcept { return facts_; }
    tls_channel channel() const noexcept;

private:
    // The largest record, but for its text: header, IV, digest and padding of the worst cipher suite; and an alert.
    static constexpr std::size_t around = 352;
    static constexpr std::size_t alert = 128;

    static int send(void* filter, const unsigned char* octets, std::size_t size) noexcept;
    static int receive(void* filter, unsigned char* to, std::size_t size) noexcept;
    static int verify(void* filter, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) noexcept;
    std::size_t room() const noexcept { return outgoing_.size() - (last_ - first_); }
    tls_verdict judge(const mbedtls_x509_crt& leaf, tls_verdict chain) noexcept;
    void describe(const mbedtls_x509_crt& leaf) noexcept;
    void end_point(const mbedtls_x509_crt& leaf) noexcept;
    void bind(bool extended) noexcept;
    errc finish() noexcept;
    errc unverified() noexcept;
    errc fail(errc why, int error) noexcept;

    context& context_;
    mbedtls_ssl_context ssl_;
    std::string_view incoming_{};
    mbedtls_context::session_key key_{};
    bool must_verify_ = false;
    bool ready_ = false; // the handshake is over
    bool ended_ = false;
    bool spoke_ = false;          // the last call of mbedTLS put something into `outgoing_`
    bool extended_ = false;       // the master secret is of RFC 7627
    bool saved_extended_ = false; // that of the session that is offered, too
    errc fault_ = errc::ok;
    tls_verdict saved_verdict_ = tls_verdict::not_checked;
    std::uint32_t seen_ = 0; // what mbedTLS has found in the chain
    tls_facts facts_{};
    std::string_view binding_type_{};
    std::size_t binding_size_ = 0;
    std::array<char, 64> binding_{};
    std::size_t first_ = 0, last_ = 0; // what of `outgoing_` has not left
    std::array<char, MBEDTLS_SSL_OUT_CONTENT_LEN + around + alert> outgoing_;
};

/// False for the digests that mbedTLS was built without. One belongs to one thread.
class mbedtls_digests final : public digests {
public:
    mbedtls_digests() noexcept = default;
    explicit mbedtls_digests(mbedtls_random::source* function, void* from) noexcept : random_(function, from) {}

    bool hash(digest which, std::span<const std::string_view> parts, char* to) noexcept override;
    bool hmac(digest which, std::string_view key, std::span<const std::string_view> parts, char* to) noexcept override;
    bool pbkdf2(digest which, std::string_view password, std::string_view salt, std::uint32_t iterations,
                char* to) noexcept override;
    bool random(std::span<char> to) noexcept override;

private:
    mbedtls_random random_;
};

} // namespace postrider

#endif

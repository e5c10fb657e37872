// tls.hpp - TLS as a filter over any transport: what is common to all TLS libraries.
//
//     postrider::openssl_context context;                                       // or mbedtls_context
//     if (auto e = context.set_up({}); !e) ...                                  // once; streams share it
//     postrider::posix_stream tcp;
//     tcp.connect({.host = "mail.example", .port = 587}, until);
//     postrider::tls_stream<postrider::openssl_tls, postrider::posix_stream> stream{tcp, context, "mail.example"};
//     session.start({.client = name});                                          // STARTTLS, verified: the default
//     postrider::drive(session, stream, until);
//     stream.close(until);
#ifndef POSTRIDER_IO_TLS_HPP
#define POSTRIDER_IO_TLS_HPP

#include "postrider/errc.hpp"
#include "postrider/sasl.hpp"
#include "postrider/secret.hpp"
#include "postrider/short_text.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

enum class tls_version : std::uint8_t { none, tls_1_2, tls_1_3 };
std::string_view name(tls_version which) noexcept; ///< "TLS 1.3"; of static lifetime

/// Whether the server proved who it is, and why not: the first reason, in this order.
enum class tls_verdict : std::uint8_t {
    not_checked,   ///< there was no handshake yet
    verified,      ///< a chain to a trusted CA, within its dates, and the right name; and a pin, if there are any
    pinned,        ///< a pin, which was enough: `tls_options::pins_suffice`
    wrong_pin,     ///< its key is none of those that were pinned
    weak,          ///< a key, or a signature, too short to be trusted
    expired,       ///< a certificate of the chain is no longer valid
    not_yet_valid, ///< or not yet: the clock of this machine may be wrong
    self_signed,   ///< its own authority
    untrusted,     ///< no chain to a trusted CA
    wrong_name,    ///< for another host: its subjectAltNames do not name this one (RFC 9525)
    revoked,
    bad_chain, ///< anything else that makes a chain no chain
};
/// A sentence for people, without a full stop; of static lifetime.
const char* describe(tls_verdict why) noexcept;
constexpr bool is_verified(tls_verdict what) noexcept {
    return what == tls_verdict::verified || what == tls_verdict::pinned;
}

/// What was negotiated, and with whom. Texts from the certificate are the server's: not to be trusted unless `verified`,
/// control characters replaced.
struct tls_facts {
    tls_version version = tls_version::none; ///< `none`: there is no TLS
    tls_verdict verdict = tls_verdict::not_checked;
    bool resumed = false;         ///< by a ticket or a session id from before
    short_text<64> cipher{};      ///< the library's name for it
    short_text<128> subject{};    ///< of the certificate, e.g. "CN=mail.example"
    short_text<128> issuer{};     ///< of the certificate
    short_text<24> valid_until{}; ///< "2027-01-31T00:00:00Z"
    short_text<56> pin{};         ///< of its key: "sha256//BASE64", as `tls_options::pins` takes it
    short_text<128> failure{};    ///< why a handshake failed, in the library's words; empty: it did not
};

/// How the octets of a channel binding are to be got (RFC 5929, RFC 9266).
enum class channel_binding : std::uint8_t {
    automatic, ///< tls-exporter on TLS 1.3; on TLS 1.2 tls-unique with the extended master secret (RFC 7627), else
               ///< tls-server-end-point
    tls_exporter,
    tls_unique,
    tls_server_end_point,
    none,
};

/// Texts are borrowed for the time of `set_up`. Files are PEM or DER.
struct tls_options {
    std::string_view ca_file{};                          ///< trust these, instead of the system's
    std::string_view ca_folder{};                        ///< these too, by their hashed names
    std::span<const std::string_view> ca_certificates{}; ///< these too, DER, in memory (copied where the library must)
    /// "sha256//BASE64" of a subjectPublicKeyInfo (as curl's): the server's key must be one of them.
    std::span<const std::string_view> pins{};
    bool pins_suffice = false; ///< a key that is pinned needs no CA, no date and no name: for self-signed certificates
    std::string_view certificate_file{}; ///< the client's, and the chain behind it (PEM)
    std::string_view key_file{};         ///< its key; default: in `certificate_file`
    secret_view key_password{};          ///< of the key
    tls_version least = tls_version::tls_1_2;
    tls_version most = tls_version::tls_1_3; ///< what the library has of it: mbedTLS 2.28 ends at 1.2
    channel_binding binding = channel_binding::automatic;
    bool resume = true; ///< keep sessions, by host and port, so that the next connection needs no certificate
};

/// What came of `set_up`: a code, and a sentence for people that names the file, what is wrong and what to do.
struct tls_set_up {
    errc error = errc::ok; ///< `invalid_trust`, `invalid_certificate`, `invalid_parameter`, `system_failure`
    short_text<400> text{};
    explicit operator bool() const noexcept { return error == errc::ok; }
};

// A TLS library is a *filter*: it has no transport, and turns octets into octets. Its face, for `Filter` below:
//
//     using context = ...;                  what all connections share: trust, own certificate, saved sessions
//     explicit Filter(context&) noexcept;
//     errc begin(std::string_view host, std::uint16_t port, bool must_verify) noexcept;
//                                           `invalid_parameter`, `no_host_name` (must_verify, and no host and no pins that
//                                           suffice), `system_failure`. A filter can begin anew for each connection.
//     bool wants_octets() const noexcept;            all that it was given is used up; so after `read` has returned 0
//     void received(std::string_view) noexcept;      octets from the peer, only when it wants some; borrowed until it wants
//                                                    others
//     errc handshake(bool& done) noexcept;           as far as it goes with what was received. `tls_failed`, `tls_unverified`
//     std::string_view outgoing() const noexcept;    octets for the peer; also after an error (an alert)
//     void sent(std::size_t) noexcept;               so many of them are gone
//     std::size_t write(std::string_view) noexcept;  encrypts the front of it into `outgoing`, and says how much that was; 0:
//                                                    no room, or `fault()`. One record, one call
//     std::size_t read(std::span<char>) noexcept;    decrypts; 0: it wants octets, or `ended()`, or `fault()`
//     bool ended() const noexcept;                   the peer's close_notify was read
//     errc fault() const noexcept;                   what broke it
//     void close() noexcept;                         puts close_notify into `outgoing`
//     const tls_facts& facts() const noexcept;       after the handshake, also one that failed
//     tls_channel channel() const noexcept;          views into the filter

} // namespace postrider

#endif

// sessions.hpp - sessions of connections before, for those to come.
#ifndef POSTRIDER_SRC_IO_OPENSSL_SESSIONS_HPP
#define POSTRIDER_SRC_IO_OPENSSL_SESSIONS_HPP

#include "owned.hpp"

#include <array>
#include <cstdint>
#include <mutex>

namespace postrider::openssl_detail {

/// A session is only ever offered where its first handshake would have been judged in the same way: same context, so same
/// trust and pins; same host and port; and a server that was let pass unverified is not resumed where it must be verified
/// (curl had several CVEs for less).
struct session_key {
    short_text<253> host{};
    std::uint16_t port = 0;
    bool must_verify = false;
    friend bool operator==(const session_key& a, const session_key& b) noexcept {
        return a.port == b.port && a.must_verify == b.must_verify && a.host.view() == b.host.view();
    }
};

/// A bounded number of them; the one that was saved first makes room. In fixed memory, because it is filled inside
/// OpenSSL's callbacks, through which nothing may throw.
class sessions {
public:
    /// Keeps a copy: OpenSSL spoils the original when its connection ends badly, at a moment that no lock covers.
    void save(const session_key& key, const SSL_SESSION* session, tls_verdict verdict) noexcept;
    /// One for this key, or null. A session of TLS 1.3 is given out once (RFC 8446 app. C.4): who sees it twice knows that
    /// it is the same client.
    owned<SSL_SESSION> take(const session_key& key, tls_verdict& verdict) noexcept;
    void forget(const session_key& key) noexcept;

private:
    static constexpr std::size_t per_key = 4; // servers give two tickets a handshake
    struct entry {
        session_key key{};
        owned<SSL_SESSION> session{};
        tls_verdict verdict = tls_verdict::not_checked;
    };
    void drop(std::size_t i) noexcept; // keeps the order

    std::mutex mutex_;
    std::array<entry, 64> entries_;
    std::size_t size_ = 0;
};

} // namespace postrider::openssl_detail

#endif

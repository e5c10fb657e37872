// TLS between NetX Secure's services (secure.cpp) and a TLS library (secure_openssl.cpp, secure_mbedtls.cpp).
//
// The library never sees the socket: it reads from one row of octets and writes to another, and secure.cpp alone moves those
// over nx_tcp_socket_send and _receive. So every wait is in our own code, with the library's stack empty: a thread that is
// terminated there unwinds through no C frames of the library, and no lock of ours is held meanwhile.
#pragma once

#include "nx_secure_tls_api.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace postrider::netxduo_host {

using octets = std::span<const UCHAR>;

inline octets der_of(const NX_SECURE_X509_CERT& certificate) {
    return {certificate.nx_secure_x509_certificate_raw_data, certificate.nx_secure_x509_certificate_raw_data_length};
}

// Octets in the order of their arrival.
class row {
public:
    [[nodiscard]] octets waiting() const { return octets(octets_).subspan(taken_); }
    [[nodiscard]] bool empty() const { return taken_ == octets_.size(); }
    void put(octets more) { octets_.insert(octets_.end(), more.begin(), more.end()); }
    void drop(std::size_t count) {
        taken_ += count;
        if (!empty()) return;
        octets_.clear();
        taken_ = 0;
    }
    // At most `room` octets, taken out; how many.
    std::size_t take(UCHAR* to, std::size_t room) {
        const octets part = waiting().first(std::min(room, waiting().size()));
        std::copy(part.begin(), part.end(), to);
        drop(part.size());
        return part.size();
    }

private:
    std::vector<UCHAR> octets_;
    std::size_t taken_ = 0;
};

enum class progress {
    done,
    needs_input, // more must come from the peer
    closed,      // the peer's close_notify
    failed,      // failure says why; an alert may stand in `outgoing`
};

// One handshake and what follows it. Not for two threads at once.
class tls_engine {
public:
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;
    virtual ~tls_engine() = default;

    virtual progress handshake() = 0;
    // At most `room` octets of one record.
    virtual progress read(UCHAR* to, std::size_t room, std::size_t& got) = 0;
    virtual progress write(octets plain) = 0;
    virtual void say_close_notify() = 0;
    // No more than this is added to each record of at most 16384 octets.
    [[nodiscard]] virtual std::size_t expansion() const = 0;
    [[nodiscard]] virtual USHORT version() const = 0;

    row incoming, outgoing; // what the peer sent, what it is to be sent
    UINT failure = NX_SUCCESS;

protected:
    tls_engine() = default;

    // The first reason counts: what a library reports after it is a consequence.
    progress fail(UINT status) {
        if (failure == NX_SUCCESS) failure = status;
        return progress::failed;
    }
};

// ----- what a library's file offers

// NULL with `status` where the session's certificates are of no use.
std::unique_ptr<tls_engine> make_engine(NX_SECURE_TLS_SESSION& session, UINT& status);

// Whether the session may be held to that version of TLS.
bool version_supported(USHORT version);

// ----- what secure.cpp offers the library's file, while it verifies

// Remembers the peer's chain, its own certificate first, where the session has room for it.
UINT keep_remote_chain(NX_SECURE_TLS_SESSION& session, std::span<const octets> chain);

// The application's time, 0 where dates are not to be checked.
ULONG application_time(const NX_SECURE_TLS_SESSION& session);

// What the application says of the peer's certificate, for which the chain must have been kept.
UINT application_verdict(NX_SECURE_TLS_SESSION& session);

// ----- secure_x509.cpp

// Fills in what the certificate says of itself. False where it is not one.
bool parse_certificate(NX_SECURE_X509_CERT& certificate);

} // namespace postrider::netxduo_host

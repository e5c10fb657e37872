// state.hpp - what a `server` holds: its URL taken apart, its options, and what all connections to it share.
#ifndef POSTRIDER_CLIENT_STATE_HPP
#define POSTRIDER_CLIENT_STATE_HPP

#include "postrider/io/openssl.hpp"
#include "postrider/io/posix.hpp"
#include "postrider/io/proxy.hpp"
#include "postrider/server.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace postrider {

namespace client_detail {

struct parsed_url {
    std::string scheme{};
    std::string host{}; ///< as a literal without brackets; empty for a local socket
    std::string path{}; ///< of a local socket
    std::uint16_t port = 0;
    bool default_port = false;
    bool implicit_tls = false;
    bool lmtp = false;
    std::string problem{}; ///< not empty: it is no URL of a mail server
};
parsed_url parse_url(std::string_view url);

/// ASCII letters small, as schemes and host names are compared.
std::string lower(std::string_view text);

/// Longer than anybody waits, and short enough to be added to any time.
inline constexpr std::chrono::milliseconds no_limit = std::chrono::hours{24 * 365};

/// RFC 5321 §4.1.4: the full name of this host, or else the address that the connection comes from.
std::string own_name(const posix_stream& from);

} // namespace client_detail

struct server::state {
    std::string url{};
    client_detail::parsed_url at{};
    std::string tls_name{}; ///< that the server must prove to have, in A-labels
    client_options options{};
    proxy_options proxy{}; ///< of `options`, if it names one
    tls_policy policy = tls_policy::verified;
    secret user{}; ///< prepared, as the password
    secret password{};
    bool prepared = false;
    /// Its connections share trust and saved sessions; it is safe for any number of threads.
    mutable openssl_context tls{};
    errc error = errc::ok;
    std::string problem{};

    /// For a session; views into this.
    credentials credentials_of() const noexcept;
    session_options session_of(domain client_name) const noexcept;

    connect_options destination() const noexcept; ///< the proxy, if there is one
    /// How long what this action asks may take.
    std::chrono::milliseconds limit(const action& a) const noexcept;
};

} // namespace postrider

#endif

// server.hpp - a server to send mails to: its URL, and all that decides how it is talked to.
//
//     postrider::server s{"submission://mail.example", {.auth = postrider::password("alice", std::move(secret))}};
//     if (!s) std::puts(s.problem().c_str());
#ifndef POSTRIDER_SERVER_HPP
#define POSTRIDER_SERVER_HPP

#include <postrider/auth.hpp>
#include <postrider/errc.hpp>
#include <postrider/io/secret.hpp>
#include <postrider/io/tls.hpp>
#include <postrider/io/token.hpp>
#include <postrider/session.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

/// A token that connections in several threads use.
struct shared_token {
    std::mutex mutex{};
    token_source source;
};

/// With what a client authenticates; made by `password`, `token`, `external`, `anonymous`, and then adjusted. What is secret
/// is shared by the copies, and wiped with the last of them.
struct authentication {
    std::string user{}; ///< what is not ASCII goes through SASLprep (RFC 4013), as the password does
    std::shared_ptr<const secret> password{};
    std::shared_ptr<shared_token> token{};     ///< renewed when it must be, by the thread that sends
    std::string authorize_as{};                ///< whom to act for; empty: the user
    mechanism preferred = mechanism::none;     ///< taken if it is offered; else the strongest
    flags<mechanism> allowed = all_mechanisms; ///< the floor: `strongest_down_to(mechanism::scram_sha_256)`
    auth_when when = auth_when::required;
    /// Over a connection that is not encrypted, or with a server that has not proved who it is, it is refused without this.
    bool allow_cleartext = false;

    friend bool operator==(const authentication& a, const authentication& b) noexcept;
};

/// User and password: by the strongest mechanism that the server has of SCRAM, CRAM-MD5, PLAIN and LOGIN.
authentication password(std::string user, secret password);
/// An OAuth 2.0 token: by OAUTHBEARER or XOAUTH2. `refresh`: see `token_source`.
authentication token(std::string user, token_source::refresh_function refresh);
/// The client's certificate (`tls_settings::certificate_file`): by EXTERNAL.
authentication external(std::string authorize_as = {});
/// By ANONYMOUS, with a trace (RFC 4505).
authentication anonymous(std::string trace);

/// As `tls_options`, with memory of its own.
struct tls_settings {
    /// Default: `verified`; for a local socket `outside`. To go on in clear text has to be said.
    std::optional<tls_policy> policy{};
    std::string ca_file{};
    std::string ca_folder{};
    std::vector<std::string> pins{};
    bool pins_suffice = false;
    std::string certificate_file{};
    std::string key_file{};
    std::shared_ptr<const secret> key_password{};
    /// The name that the server must prove to have, and is asked for (SNI); empty: the URL's host.
    std::string server_name{};
    tls_version least = tls_version::tls_1_2;
    bool resume = true;

    friend bool operator==(const tls_settings& a, const tls_settings& b) noexcept;
};

/// How long something may take; 0: as long as it takes. Whatever it says, all of it ends at the deadline of the call.
struct time_limits {
    std::chrono::milliseconds total =
        std::chrono::minutes{10}; ///< one mail, or one list of mails: lookup, connecting, TLS,
                                  ///< and all that is said
    std::chrono::milliseconds connect = std::chrono::seconds{30}; ///< the name, TCP, and the proxy
    /// Greeting, EHLO, STARTTLS and the handshake, AUTH: each of them. RFC 5321 §4.5.3.2 has 5 minutes.
    std::chrono::milliseconds greeting = std::chrono::minutes{5};
    /// MAIL, RCPT, DATA: each answer; a block of the content.
    std::chrono::milliseconds command = std::chrono::minutes{5};
    std::chrono::milliseconds content =
        std::chrono::minutes{10}; ///< the answer to the content. Less makes mails `unknown`
    std::chrono::milliseconds idle =
        std::chrono::minutes{1}; ///< a connection that nobody used is closed, not used again

    friend bool operator==(const time_limits&, const time_limits&) noexcept = default;
};

/// What has been sent of a mail.
struct send_progress {
    std::string_view message_id{}; ///< see `outgoing`
    std::uint64_t sent = 0;        ///< octets of the content
    std::uint64_t total = 0;       ///< 0: not known
};

/// All of it is the caller's choice; what is left out is what most want.
struct client_options {
    authentication auth{};
    tls_settings tls{};
    std::string
        client_name{}; ///< for EHLO; empty: this host's name, if it is a full one, else its address as a literal
    std::string source_address{}; ///< to connect from: `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`
    std::string dns_servers{};    ///< to ask instead of the system's: `127.0.0.1:5353,[::1]:5353`
    std::string proxy{};          ///< `socks5://user:password@host:1080`, `http://host:3128`
    time_limits limits{};
    /// How many mails may be in doubt at a time: see `session_options::look_ahead`.
    std::uint16_t look_ahead = 1;
    auth_flight auth_with = auth_flight::with_envelope;
    line_ends content = line_ends::normalise;
    flags<extension> unused{}; ///< extensions not to be used although they are offered; AUTH only without `auth`
    unsigned mails_per_connection = 0; ///< then there is a new one; 0: as many as the server takes

    // Called from the thread that sends. What they throw is dropped, and they are not called again by that connection.

    /// What is said and heard, line by line, without what is secret.
    std::function<void(std::string_view line)> transcript{};
    std::function<void(const send_progress&)> progress{}; ///< each time that octets of a content were handed over
};

/// A URL and options that were looked through, and what all connections made with them share: trust, TLS sessions. A cheap
/// value: copies are the same server.
///
///     smtp://HOST[:PORT]          port 25, STARTTLS        smtp://[2001:db8::1]:2525, smtp://mail.example:2525
///     submission://HOST[:PORT]    port 587, STARTTLS       (RFC 6409)
///     submissions://, smtps://    port 465, TLS from the first octet (RFC 8314 §3.3)
///     lmtp://HOST[:PORT]          LMTP (RFC 2033), port 24, STARTTLS
///     lmtp+unix:/PATH, smtp+unix:/PATH    over a local socket, without TLS
///
/// STARTTLS is required, and the server has to prove who it is, unless `tls_settings::policy` says otherwise. A user name or
/// password in a URL is refused: URLs end up in logs.
class server {
public:
    server(std::string_view url, client_options options = {});

    /// `ok`, or why nothing can be sent: `invalid_url`, `invalid_parameter`, `invalid_domain`, `invalid_credentials`,
    /// `invalid_trust`, `invalid_certificate`, `cleartext_auth`, `system_failure`.
    errc error() const noexcept;
    const std::string& problem() const noexcept; ///< what is wrong, where, and what to do about it
    explicit operator bool() const noexcept { return error() == errc::ok; }

    const std::string& url() const noexcept; ///< in its shortest form: "submission://mail.example"
    const client_options& options() const noexcept;

    /// All that matters to a connection is the same: host, port, protocol, TLS policy, trust, name, own certificate,
    /// credentials, proxy, source address, and the rest of the options; where they hold functions, that they are copies of
    /// one `server`. So what is sent by a connection of the one may be sent by one of the other.
    friend bool operator==(const server& a, const server& b) noexcept;

    struct state;
    const state& shared() const noexcept { return *state_; }

private:
    std::shared_ptr<const state> state_;
};

} // namespace postrider

#endif

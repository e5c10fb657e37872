// proxy.hpp - through a proxy to the server: SOCKS5 (RFC 1928, RFC 1929) and HTTP CONNECT (RFC 9110 §9.3.6), without I/O.
//
//     postrider::proxy_found proxy = postrider::parse_proxy("socks5://user:pass@proxy.example:1080");
//     if (!proxy) std::cerr << proxy.problem;
//     postrider::proxy_handshake handshake(proxy.value, "mail.example", 587);   // over a connection to the proxy
//     while (!handshake.done()) {
//         handshake.sent(write(handshake.outgoing()));       // whatever it has to say, then wait for the proxy
//         octets.remove_prefix(handshake.received(octets));  // what is left when it is done is the server's
//     }
//     if (handshake.error() != postrider::errc::ok) std::cerr << handshake.text().view();
#ifndef POSTRIDER_IO_PROXY_HPP
#define POSTRIDER_IO_PROXY_HPP

#include <postrider/errc.hpp>
#include <postrider/io/secret.hpp>
#include <postrider/short_text.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postrider {

enum class proxy_protocol : std::uint8_t {
    socks5, ///< the proxy looks the name up
    http,   ///< CONNECT, in clear text to the proxy; so are the credentials (Basic, RFC 7617)
};

/// A proxy, and who one is there. Moved, not copied, as its password is.
struct proxy_options {
    proxy_protocol protocol = proxy_protocol::socks5;
    std::string host{};     ///< the proxy's own name or address
    std::uint16_t port = 0; ///< the proxy's own port
    std::string user{};     ///< empty: without credentials
    secret password{};
};

struct proxy_found;

/// `socks5://host:1080`, `http://user:password@[2001:db8::1]:3128`: user and password percent-decoded. `socks5h` is the same
/// as `socks5`. Without a port 1080, or 80 for HTTP. `std::bad_alloc` may pass.
[[nodiscard]] proxy_found parse_proxy(std::string_view url);

struct proxy_found {
    proxy_options value{};
    errc error = errc::ok; ///< or `invalid_url`,
    std::string problem{}; ///< and what is wrong with it, for people. Holds nothing of user and password

    explicit operator bool() const noexcept { return error == errc::ok; }
};

/// What is said to a proxy, and what it answers, until the tunnel stands. Does no I/O: whoever has the connection to the proxy
/// writes `outgoing`, tells by `sent`, and hands what it reads to `received`. It never has more to write than what the proxy
/// has asked for: write first, then read.
///
/// Wipes the octets with the password when they were sent, or are of no more use; what is left, when it is destroyed.
class proxy_handshake {
public:
    /// The most octets of an HTTP reply's header.
    static constexpr std::size_t header_most = 8192;

    /// `host`: the server's name, which the proxy looks up, as ASCII (A-labels), or its address; IPv6 may stand in brackets.
    /// Nothing is kept of the arguments. `std::bad_alloc` may pass. `error()` is at once `invalid_parameter`, and nothing is
    /// sent, for
    /// - a host that is empty, longer than 255 octets or holds anything but letters, digits, `-`, `_` and `.`; an address with
    ///   a zone, which means nothing to another host; port 0
    /// - a control character (CR, LF, NUL, ...) in user or password; a password without a user
    /// - SOCKS5: a user or a password of more than 255 octets, or a user without a password (RFC 1929)
    /// - HTTP: a colon in the user (RFC 7617)
    proxy_handshake(const proxy_options& proxy, std::string_view host, std::uint16_t port);
    ~proxy_handshake();
    proxy_handshake(const proxy_handshake&) = delete;
    proxy_handshake& operator=(const proxy_handshake&) = delete;

    /// What is to be written now; empty: nothing, until more was received. Good until the next call that is not const.
    [[nodiscard]] std::string_view outgoing() const noexcept;
    /// So many of its octets were written.
    void sent(std::size_t octets) noexcept;

    /// What came from the proxy. Returns how many octets belong to the handshake: all, or fewer when it is done. The rest is
    /// the tunnel's, so the server's greeting: whoever read it must hand it on. 0 once it is done.
    [[nodiscard]] std::size_t received(std::string_view octets) noexcept;
    /// The proxy has closed the connection. `proxy_failed`, unless it is done.
    void ended() noexcept;

    /// The tunnel stands, or it failed.
    [[nodiscard]] bool done() const noexcept { return phase_ == phase::done; }

    /// `ok`, while nothing has failed, or, once it is done:
    /// - `invalid_parameter`: see the constructor
    /// - `connection_refused`, `unreachable`, `timed_out`: what the proxy found at the server (SOCKS5 alone can say so)
    /// - `proxy_failed`: the proxy refuses, wants other credentials, closed the connection or speaks another protocol;
    ///   an HTTP header of more than `header_most` octets
    [[nodiscard]] errc error() const noexcept { return error_; }

    /// What the proxy said, for people: the status line of HTTP, also of success, or `SOCKS5: ` and what its code means. At
    /// first empty. Printable ASCII; all else is '?'.
    [[nodiscard]] const short_text<200>& text() const noexcept { return text_; }

private:
    enum class phase : std::uint8_t { method, credentials, request, http, done }; // what the next reply is an answer to

    void write_socks(const proxy_options& proxy, std::string_view host, std::uint16_t port);
    void write_http(const proxy_options& proxy, std::string_view host, std::uint16_t port);
    void succeed() noexcept;
    void fail(errc why, std::string_view text) noexcept;
    void say(phase what, std::size_t from, std::size_t to) noexcept;
    void take_socks(unsigned octet) noexcept;
    void take_method(unsigned method) noexcept;
    void take_verdict(unsigned octet) noexcept;
    void take_http(char octet) noexcept;
    void end_line() noexcept;

    std::string script_{};        // all that may have to be said, in order; what was said is wiped
    std::size_t credentials_ = 0; // where in it those of RFC 1929 begin,
    std::size_t request_ = 0;     // and where what follows
    std::size_t from_ = 0;        // [from_, to_) is outgoing
    std::size_t to_ = 0;
    phase phase_ = phase::done;
    errc error_ = errc::ok;
    std::size_t octets_ = 0;       // of this reply of SOCKS, or of all headers of HTTP
    std::size_t size_ = 0;         // how many octets this reply of SOCKS has, once that is known
    std::size_t line_ = 0;         // HTTP: octets of this line, but for its end,
    bool carriage_return_ = false; // and whether a CR stands at its end
    bool status_known_ = false;    // the status line of this header was read
    short_text<200> text_{};
};

} // namespace postrider

#endif

// proxy_handshake: what is said to a proxy, and what its answers mean.
#include "core/chars.hpp"

#include <postrider/base64.hpp>
#include <postrider/io/proxy.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>

namespace postrider {
namespace {

constexpr std::size_t socks_most = 255; // RFC 1928 §5, RFC 1929 §2: a length is one octet

constexpr bool is_of_name(char c) noexcept { return is_digit(c) || is_alpha(c) || c == '-' || c == '_' || c == '.'; }
bool has_control(std::string_view text) noexcept { return std::any_of(text.begin(), text.end(), is_control); }

// The server, as a proxy is to be told of it.
struct destination {
    enum class kind : std::uint8_t { none, name, v4, v6 };

    kind is = kind::none;
    std::string_view text{}; // without brackets
    std::array<char, sizeof(in6_addr)> octets{};

    explicit destination(std::string_view host) noexcept {
        const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
        text = bracketed ? host.substr(1, host.size() - 2) : host;
        std::array<char, INET6_ADDRSTRLEN> terminated{};
        if (text.size() < terminated.size()) text.copy(terminated.data(), text.size());
        if (!bracketed && ::inet_pton(AF_INET, terminated.data(), octets.data()) == 1) is = kind::v4;
        else if (::inet_pton(AF_INET6, terminated.data(), octets.data()) == 1) is = kind::v6;
        else if (!bracketed && !text.empty() && std::all_of(text.begin(), text.end(), is_of_name)) is = kind::name;
        // A NUL inside ends what inet_pton sees.
        if (text.size() > socks_most || text.find('\0') != std::string_view::npos) is = kind::none;
    }
};

std::string_view objection(const proxy_options& proxy, std::string_view host, std::uint16_t port) noexcept {
    const auto password = proxy.password.reveal();
    if (destination(host).is == destination::kind::none || port == 0)
        return "not a host and port to be reached by a proxy";
    if (has_control(proxy.user) || has_control(password)) return "a control character in the proxy's user or password";
    if (proxy.user.empty()) return password.empty() ? "" : "a password for the proxy, and no user";
    if (proxy.protocol == proxy_protocol::http)
        return proxy.user.find(':') == std::string::npos ? "" : "a colon in the user of an HTTP proxy";
    if (password.empty()) return "a user without a password, which SOCKS5 does not have";
    if (proxy.user.size() > socks_most || password.size() > socks_most)
        return "a user or password longer than SOCKS5 can say";
    return "";
}

// RFC 1928 §6.
struct socks_verdict {
    errc error;
    std::string_view text;
};
constexpr std::array<socks_verdict, 9> socks_verdicts{{
    {errc::ok, "SOCKS5: connected"},
    {errc::proxy_failed, "SOCKS5: the proxy has failed"},
    {errc::proxy_failed, "SOCKS5: not allowed by the proxy's rules"},
    {errc::unreachable, "SOCKS5: the destination's network cannot be reached"},
    {errc::unreachable, "SOCKS5: the destination cannot be reached"},
    {errc::connection_refused, "SOCKS5: connection refused by the destination"},
    {errc::timed_out, "SOCKS5: the destination did not answer in time"},
    {errc::proxy_failed, "SOCKS5: the proxy makes no connections"},
    {errc::proxy_failed, "SOCKS5: the proxy does not know this kind of address"},
}};

} // namespace

proxy_handshake::proxy_handshake(const proxy_options& proxy, std::string_view host, std::uint16_t port) {
    const auto why = objection(proxy, host, port);
    if (!why.empty()) {
        fail(errc::invalid_parameter, why);
        return;
    }
    // Reserved at once: a text that grew would leave the password behind in the memory that it gives up.
    script_.reserve(2 * (proxy.user.size() + proxy.password.size()) + 2 * host.size() + 200);
    if (proxy.protocol == proxy_protocol::http) {
        write_http(proxy, host, port);
        say(phase::http, 0, script_.size());
    } else {
        write_socks(proxy, host, port);
        say(phase::method, 0, credentials_);
    }
}

proxy_handshake::~proxy_handshake() { wipe(script_); }

void proxy_handshake::write_socks(const proxy_options& proxy, std::string_view host, std::uint16_t port) {
    const auto put = [this](std::size_t octet) { script_ += static_cast<char>(octet); };
    const auto put_text = [&](std::string_view text) {
        put(text.size());
        script_ += text;
    };
    const bool named = !proxy.user.empty();
    put(5);
    put(named ? 2 : 1);
    put(0);            // no authentication
    if (named) put(2); // user and password
    credentials_ = script_.size();
    if (named) {
        put(1);
        put_text(proxy.user);
        put_text(proxy.password.reveal());
    }
    request_ = script_.size();
    put(5);
    put(1); // CONNECT
    put(0);
    const destination to(host);
    if (to.is == destination::kind::name) {
        put(3);
        put_text(to.text);
    } else {
        put(to.is == destination::kind::v4 ? 1 : 4);
        script_.append(to.octets.data(), to.is == destination::kind::v4 ? sizeof(in_addr) : sizeof(in6_addr));
    }
    put(port >> 8);
    put(port & 0xff);
}

void proxy_handshake::write_http(const proxy_options& proxy, std::string_view host, std::uint16_t port) {
    const destination to(host);
    std::array<char, 5> digits;
    const auto* const digits_end = std::to_chars(digits.data(), digits.data() + digits.size(), port).ptr;
    const std::string_view port_text(digits.data(), static_cast<std::size_t>(digits_end - digits.data()));
    const auto put_authority = [&] {
        const bool bracketed = to.is == destination::kind::v6;
        if (bracketed) script_ += '[';
        script_ += to.text;
        if (bracketed) script_ += ']';
        script_ += ':';
        script_ += port_text;
    };
    script_ += "CONNECT ";
    put_authority();
    script_ += " HTTP/1.1\r\nHost: ";
    put_authority();
    if (!proxy.user.empty()) {
        script_ += "\r\nProxy-Authorization: Basic ";
        base64_encoder encoder;
        std::array<char, 4> group;
        const auto put = [&](char octet) {
            if (!encoder.put(octet)) return;
            encoder.group(group.data());
            script_.append(group.data(), group.size());
        };
        for (const char octet : proxy.user) put(octet);
        put(':');
        for (const char octet : proxy.password.reveal()) put(octet);
        if (!encoder.empty()) {
            encoder.group(group.data());
            script_.append(group.data(), group.size());
        }
        wipe(group);
    }
    script_ += "\r\n\r\n";
}

std::string_view proxy_handshake::outgoing() const noexcept {
    return std::string_view(script_).substr(from_, to_ - from_);
}

void proxy_handshake::sent(std::size_t octets) noexcept {
    octets = std::min(octets, to_ - from_);
    wipe(std::span(script_).subspan(from_, octets));
    from_ += octets;
}

void proxy_handshake::say(phase what, std::size_t from, std::size_t to) noexcept {
    // An answer to what was not said in full is none. Going on would send the proxy a mixture.
    if (from_ != to_) return fail(errc::proxy_failed, "the proxy answers before it was asked");
    phase_ = what;
    from_ = from;
    to_ = to;
    octets_ = 0;
}

void proxy_handshake::succeed() noexcept {
    if (from_ != to_) return fail(errc::proxy_failed, "the proxy answers before it was asked");
    phase_ = phase::done; // all of the script is wiped: it was sent, or was of no use
}

void proxy_handshake::fail(errc why, std::string_view text) noexcept {
    phase_ = phase::done;
    error_ = why;
    text_ = short_text<200>(text);
    from_ = to_;
    wipe(script_);
}

void proxy_handshake::ended() noexcept {
    if (!done()) fail(errc::proxy_failed, "the proxy closed the connection");
}

std::size_t proxy_handshake::received(std::string_view octets) noexcept {
    std::size_t taken = 0;
    while (!done() && taken != octets.size()) {
        const char octet = octets[taken++];
        if (phase_ == phase::http) take_http(octet);
        else take_socks(static_cast<unsigned char>(octet));
    }
    return taken;
}

// --- SOCKS5: each reply begins with a version and a code ---

void proxy_handshake::take_socks(unsigned octet) noexcept {
    const unsigned version = phase_ == phase::credentials ? 1 : 5; // RFC 1929 has its own
    if (++octets_ == 1) {
        if (octet != version) fail(errc::proxy_failed, "not a SOCKS5 proxy");
    } else if (phase_ == phase::method) {
        take_method(octet);
    } else if (phase_ == phase::request) {
        take_verdict(octet);
    } else if (octet == 0) {
        say(phase::request, request_, script_.size());
    } else {
        fail(errc::proxy_failed, "SOCKS5: user or password refused by the proxy");
    }
}

void proxy_handshake::take_method(unsigned method) noexcept {
    const bool named = credentials_ != request_;
    if (method == 2 && named) return say(phase::credentials, credentials_, request_);
    if (method != 0)
        return fail(errc::proxy_failed, named ? "SOCKS5: the proxy takes no user and password"
                                              : "SOCKS5: the proxy asks for a user and a password");
    wipe(std::span(script_).subspan(credentials_, request_ - credentials_));
    say(phase::request, request_, script_.size());
}

// VER REP RSV ATYP, the address that the proxy has connected from, which nobody needs, and its port.
void proxy_handshake::take_verdict(unsigned octet) noexcept {
    if (octets_ == 2) {
        // Without the rest: some proxies close at once, and whatever it says changes nothing.
        if (octet >= socks_verdicts.size()) return fail(errc::proxy_failed, "SOCKS5: an unknown answer of the proxy");
        const auto& [error, text] = socks_verdicts[octet];
        text_ = short_text<200>(text);
        if (error != errc::ok) fail(error, text);
    } else if (octets_ == 4) {
        if (octet == 1) size_ = 4 + sizeof(in_addr) + 2;
        else if (octet == 4) size_ = 4 + sizeof(in6_addr) + 2;
        else if (octet != 3) fail(errc::proxy_failed, "SOCKS5: an unknown kind of address in the proxy's answer");
    } else if (octets_ == 5 && size_ == 0) {
        size_ = 5 + octet + 2;
    }
    if (octets_ == size_) succeed();
}

// --- HTTP: a header of the proxy's, of which only the first line counts ---

void proxy_handshake::take_http(char octet) noexcept {
    if (++octets_ > header_most) return fail(errc::proxy_failed, "the proxy's answer has no end");
    if (octet == '\n') return end_line(); // alone, too: RFC 9112 §2.2 lets a recipient take it
    // A CR inside a line is where a proxy and its client could come to see different lines.
    if (carriage_return_) return fail(errc::proxy_failed, "not an HTTP proxy");
    carriage_return_ = octet == '\r';
    if (carriage_return_) return;
    ++line_;
    const std::string_view shown(&octet, 1);
    if (!status_known_) text_.append(octet >= 0x20 && octet < 0x7f ? shown : "?");
}

void proxy_handshake::end_line() noexcept {
    const bool empty = line_ == 0;
    line_ = 0;
    carriage_return_ = false;
    if (status_known_ && !empty) return;
    const auto line = text_.view();
    if (!status_known_) {
        // status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 §4); the last SP is often missing
        const bool good = line.size() >= 12 && line.starts_with("HTTP/1.") && is_digit(line[7]) && line[8] == ' ' &&
                          line[9] >= '1' && is_digit(line[9]) && is_digit(line[10]) && is_digit(line[11]) &&
                          (line.size() == 12 || line[12] == ' ');
        if (!good) return fail(errc::proxy_failed, "not an HTTP proxy");
        if (line[9] > '2') return fail(errc::proxy_failed, line);
        status_known_ = true;
        return;
    }
    if (line[9] == '2') return succeed(); // its Content-Length, if any, counts for nothing (RFC 9110 §9.3.6)
    status_known_ = false;                // 1xx: the answer proper follows
    text_ = {};
}

} // namespace postrider

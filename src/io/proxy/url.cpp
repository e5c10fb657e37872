// parse_proxy: the URL of a proxy.
#include "core/chars.hpp"

#include <postrider/io/proxy.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace postrider {
namespace {

std::optional<int> hex_digit(char c) noexcept {
    if (is_digit(c)) return c - '0';
    const char upper = to_upper(c);
    if (upper >= 'A' && upper <= 'F') return upper - 'A' + 10;
    return std::nullopt;
}

// False: a '%' without two digits, or a control character.
bool percent_decode(std::string_view text, std::string& to) {
    to.reserve(text.size()); // once: a password is not left behind in memory that was given up
    for (; !text.empty(); text.remove_prefix(1)) {
        char octet = text.front();
        if (octet == '%') {
            const auto high = text.size() > 2 ? hex_digit(text[1]) : std::nullopt;
            const auto low = text.size() > 2 ? hex_digit(text[2]) : std::nullopt;
            if (!high || !low) return false;
            octet = static_cast<char>(*high * 16 + *low);
            text.remove_prefix(2);
        }
        if (is_control(octet)) return false;
        to += octet;
    }
    return true;
}

std::optional<proxy_protocol> protocol_of(std::string_view scheme) noexcept {
    if (is_keyword(scheme, "SOCKS5") || is_keyword(scheme, "SOCKS5H")) return proxy_protocol::socks5;
    if (is_keyword(scheme, "HTTP")) return proxy_protocol::http;
    return std::nullopt;
}

bool read_credentials(std::string_view text, proxy_options& to) {
    const auto colon = text.find(':');
    if (!percent_decode(text.substr(0, colon), to.user)) return false;
    if (colon == std::string_view::npos) return true;
    std::string password;
    const bool good = percent_decode(text.substr(colon + 1), password);
    if (good) to.password = secret(password);
    wipe(password);
    return good;
}

// `host`, `host:port`, `[address]`, `[address]:port`. What is wrong with it; empty: nothing.
std::string_view read_server(std::string_view text, proxy_options& to) {
    std::string_view host = text;
    std::string_view port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return "a '[' without a ']'";
        host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        has_port = !port.empty();
        if (has_port && port.front() != ':') return "something stands between the address and the port";
        if (has_port) port.remove_prefix(1);
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        has_port = true;
    }
    const auto strange = [](char c) { return c == ' ' || is_control(c); };
    if (host.empty()) return "it names no host";
    if (std::any_of(host.begin(), host.end(), strange)) return "a space or a control character in the host";
    to.host = host;
    to.port = to.protocol == proxy_protocol::socks5 ? 1080 : 80;
    if (!has_port) return {};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), to.port);
    const bool good = error == std::errc{} && end == port.data() + port.size() && to.port != 0;
    return good ? std::string_view{} : "the port is not a number from 1 to 65535; an IPv6 address stands in brackets";
}

proxy_found problem(std::string_view what) {
    proxy_found found;
    found.error = errc::invalid_url;
    found.problem = "not the URL of a proxy: ";
    found.problem += what;
    return found;
}

} // namespace

proxy_found parse_proxy(std::string_view url) {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return problem("it does not begin with socks5:// or http://");
    const auto protocol = protocol_of(url.substr(0, scheme_end));
    if (!protocol) return problem("only socks5:// and http:// are known");
    url.remove_prefix(scheme_end + 3);

    const auto authority = url.substr(0, url.find_first_of("/?#"));
    const auto rest = url.substr(authority.size());
    if (!rest.empty() && rest != "/")
        return problem("something stands behind host and port; in user and password, '/', '?' "
                       "and '#' are written %2F, %3F and %23");
    proxy_found found;
    found.value.protocol = *protocol;
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos && !read_credentials(authority.substr(0, at), found.value))
        return problem("in user or password, a '%' without two hexadecimal digits, or a control character");
    const auto why = read_server(at == std::string_view::npos ? authority : authority.substr(at + 1), found.value);
    if (!why.empty()) return problem(why);
    return found;
}

} // namespace postrider

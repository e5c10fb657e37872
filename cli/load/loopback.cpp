#include "loopback.hpp"

#include "failure.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sysexits.h>

namespace postrider::cli {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw failure{EX_USAGE, why + "; a load like this can put a server out of service: --yes-really, if it is yours"};
}

bool is_loopback(const sockaddr& address) noexcept {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (address.sa_family != AF_INET6) return false;
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    const auto& octets = v6.sin6_addr.s6_addr;
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && octets[12] == 127);
}

struct parts {
    std::string before{}; ///< "smtp://"
    std::string host{};
    std::string behind{}; ///< ":2525"
    bool literal = false; ///< an IPv6 address in brackets
};

/// Of a URL that `server` has brought into its shortest form.
parts parts_of(const std::string& url) {
    const std::size_t host = url.find("://") + 3;
    parts p{.before = url.substr(0, host), .literal = url[host] == '['};
    const std::size_t end = p.literal ? url.find(']', host) + 1 : std::min(url.find(':', host), url.size());
    p.host = p.literal ? url.substr(host + 1, end - host - 2) : url.substr(host, end - host);
    p.behind = url.substr(end);
    return p;
}

std::string text_of(const addrinfo& one) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one.ai_addr, one.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
        return {};
    return text.data();
}

} // namespace

std::vector<server> on_loopback(const server& to) {
    if (to.url().find("://") == std::string::npos) return {to}; // a local socket
    const client_options& options = to.options();
    if (!options.proxy.empty()) refuse("a proxy decides where it goes");
    const parts p = parts_of(to.url());

    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    wanted.ai_flags = AI_NUMERICHOST;
    const bool is_address = ::getaddrinfo(p.host.c_str(), nullptr, &wanted, &found) == 0;
    if (!is_address) {
        if (!options.dns_servers.empty())
            refuse("other DNS servers than the system's decide where `" + p.host + "` is");
        wanted.ai_flags = 0;
        if (const int error = ::getaddrinfo(p.host.c_str(), nullptr, &wanted, &found); error != 0)
            throw failure{EX_NOHOST, "`" + p.host + "` has no address: " + ::gai_strerror(error)};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found, &::freeaddrinfo};
    std::vector<server> pinned;
    for (const addrinfo* one = all.get(); one != nullptr; one = one->ai_next) {
        const std::string address = text_of(*one);
        if (!is_loopback(*one->ai_addr))
            refuse("`" + p.host + "`" + (is_address ? "" : " is " + address + ", which") +
                   " is not this machine's loopback");
        client_options same = options;
        if (!is_address && same.tls.server_name.empty()) same.tls.server_name = p.host;
        const bool v6 = address.find(':') != address.npos;
        pinned.emplace_back(p.before + (v6 ? "[" + address + "]" : address) + p.behind, std::move(same));
    }
    return pinned;
}

} // namespace postrider::cli

#include "listener.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "command.hpp"

namespace postrider::sink {

namespace {

union address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

endpoint endpoint_of(const address& from) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v6 = from.any.sa_family == AF_INET6;
    const void* octets = v6 ? static_cast<const void*>(&from.v6.sin6_addr) : &from.v4.sin_addr;
    ::inet_ntop(from.any.sa_family, octets, text.data(), text.size());
    return {text.data(), ntohs(v6 ? from.v6.sin6_port : from.v4.sin_port)};
}

bool parse_address(std::string_view where, address& parsed) {
    const std::size_t colon = where.rfind(':');
    if (colon == std::string_view::npos) return false;
    const auto port = parse_number(where.substr(colon + 1));
    std::string host{where.substr(0, colon)};
    if (!port || *port > 65535) return false;
    parsed = {};
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        parsed.v6.sin6_family = AF_INET6;
        parsed.v6.sin6_port = htons(static_cast<std::uint16_t>(*port));
        return ::inet_pton(AF_INET6, host.c_str(), &parsed.v6.sin6_addr) == 1;
    }
    if (host == "localhost") host = "127.0.0.1";
    parsed.v4.sin_family = AF_INET;
    parsed.v4.sin_port = htons(static_cast<std::uint16_t>(*port));
    return ::inet_pton(AF_INET, host.c_str(), &parsed.v4.sin_addr) == 1;
}

} // namespace

std::string endpoint::text() const {
    const bool v6 = address.find(':') != std::string::npos;
    return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

listener::~listener() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

listener::listener(listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), where_(std::move(other.where_)) {}

std::optional<failure> listener::open(std::string_view where) {
    const std::string text{where};
    address at{};
    if (!parse_address(where, at))
        return sink::failure{failure::kind::configuration,
                             "cannot listen on '" + text + "': not ADDRESS:PORT or [ADDRESS6]:PORT"};
    descriptor_ = ::socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    socklen_t size = at.any.sa_family == AF_INET6 ? sizeof at.v6 : sizeof at.v4;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.any.sa_family == AF_INET6) ::setsockopt(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (descriptor_ < 0 || ::bind(descriptor_, &at.any, size) != 0 || ::listen(descriptor_, SOMAXCONN) != 0 ||
        ::getsockname(descriptor_, &at.any, &size) != 0)
        return sink::failure{failure::kind::address, "cannot listen on " + text + ": " + std::strerror(errno)};
    where_ = endpoint_of(at);
    return std::nullopt;
}

int listener::accept(std::string& peer) const {
    address from{};
    socklen_t size = sizeof from;
    const int accepted = ::accept4(descriptor_, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return -1;
    const int on = 1;
    ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peer = endpoint_of(from).text();
    return accepted;
}

} // namespace postrider::sink

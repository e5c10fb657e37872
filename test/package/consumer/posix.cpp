// posix.cpp - the POSIX transport: a name that c-ares must look up, and that no DNS server has (RFC 6761 §6.4).
#include <postrider/io/posix.hpp>

#include <chrono>
#include <cstdio>

int main() {
    postrider::posix_stream stream;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    // Nobody listens on the port of the server that is asked, so the answer does not depend on a network.
    const postrider::errc e = stream.connect({.host = "mail.invalid", .dns_servers = "127.0.0.1:1"}, until);
    std::puts(postrider::describe(e));
    return e == postrider::errc::resolver_failed || e == postrider::errc::host_not_found ? 0 : 1;
}

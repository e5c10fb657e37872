// posix_stream::connect - from a name to a connection.
#include "resolver.hpp"
#include "socket.hpp"
#include "wait.hpp"

#include <algorithm>
#include <unistd.h>

namespace postrider {
namespace {

using namespace posix_detail;

// Of the errors of several addresses the one that says most. A refusal shows that the host is there;
// "unreachable" is what each IPv6 address says where there is no IPv6, and must not hide what became of the
// IPv4 address.
int telling(errc error) noexcept {
    switch (error) {
    case errc::connection_refused: return 4;
    case errc::connection_reset: return 3;
    case errc::timed_out: return 2;
    case errc::unreachable: return 1;
    default: return 0;
    }
}

// The part of the time left that the next of `addresses` may use.
deadline share(deadline until, std::size_t addresses) noexcept {
    const auto now = std::chrono::steady_clock::now();
    if (until == never || until <= now || addresses <= 1) return until;
    return now + (until - now) / static_cast<long>(addresses);
}

connecting attempt(const socket_address& to, const socket_address* from, const canceller* cancel,
                   deadline until) noexcept {
    auto attempt = start_connect(to, from);
    if (attempt.error != errc::ok) return attempt;
    pollfd self{attempt.descriptor, POLLOUT, 0};
    attempt.error = wait({&self, 1}, cancel, until);
    if (attempt.error == errc::ok) attempt.error = verdict(attempt.descriptor);
    if (attempt.error == errc::ok) return attempt;
    ::close(attempt.descriptor);
    return {-1, attempt.error};
}

// Literal or name, reduced to the family of `from`.
errc find_addresses(const connect_options& options, const socket_address* from, const canceller* cancel, deadline until,
                    address_list& addresses) noexcept {
    address_list found;
    if (const auto literal = parse_address(options.host, options.port)) {
        found.push_back(*literal);
    } else {
        // No name has these; a malformed address must not become a DNS query.
        if (options.host.find_first_of("[]:%") != std::string_view::npos) return errc::invalid_parameter;
        const auto error = resolve(options.host, options.port, options.dns_servers, cancel, until, found);
        if (error != errc::ok) return error;
    }
    for (const auto& address : found)
        if (from == nullptr || from->family() == address.family()) addresses.push_back(address);
    return addresses.empty() ? errc::host_not_found : errc::ok;
}

} // namespace

errc posix_stream::connect(const connect_options& options, deadline until, connect_report* report) noexcept {
    if (report != nullptr) report->size = 0;
    if (is_open()) return errc::wrong_state;
    if (options.port == 0) return errc::invalid_parameter;
    const auto source = parse_address(options.source_address, 0);
    if (!source && !options.source_address.empty()) return errc::invalid_parameter;
    const auto* const from = source ? &*source : nullptr;

    address_list addresses;
    errc outcome = find_addresses(options, from, canceller_, until, addresses);
    if (outcome != errc::ok) return outcome;

    outcome = errc::system_failure;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto [descriptor, error] = attempt(addresses[i], from, canceller_, share(until, addresses.size() - i));
        if (report != nullptr) report->attempts[report->size++] = {to_text(addresses[i]), error};
        if (error == errc::cancelled) return error;
        if (error == errc::ok) {
            descriptor_ = descriptor;
            fault_ = errc::ok;
            ended_ = more_expected_ = false;
            return errc::ok;
        }
        if (telling(error) > telling(outcome)) outcome = error;
    }
    return outcome;
}

} // namespace postrider

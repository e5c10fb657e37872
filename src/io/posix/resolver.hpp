// resolver.hpp - from a name to addresses by c-ares, because getaddrinfo knows no deadline.
#ifndef POSTRIDER_SRC_IO_POSIX_RESOLVER_HPP
#define POSTRIDER_SRC_IO_POSIX_RESOLVER_HPP

#include "address.hpp"

namespace postrider::posix_detail {

/// The addresses of `host`, with `port`, in the order in which they are worth trying (RFC 6724). No threads,
/// no callbacks to the caller; when it returns, no query is under way and no descriptor is left.
///
/// `ok` (at least one address), `host_not_found`, `resolver_failed`, `timed_out`, `cancelled`,
/// `system_failure`, or `invalid_parameter` (`dns_servers`, or no name at all).
[[nodiscard]] errc resolve(std::string_view host, std::uint16_t port, std::string_view dns_servers,
                           const canceller* cancel, deadline until, address_list& addresses) noexcept;

} // namespace postrider::posix_detail

#endif

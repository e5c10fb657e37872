// loopback.hpp - that a load goes to this machine and to no other.
#ifndef POSTRIDER_CLI_LOOPBACK_HPP
#define POSTRIDER_CLI_LOOPBACK_HPP

#include <postrider/server.hpp>

#include <vector>

namespace postrider::cli {

/// The server by each of its addresses, all of which are loopback, or a local socket: whoever connects to one of these is
/// not led elsewhere by a name that means something else the next time. The name stays what the server's certificate must
/// have. Throws `failure`: 64 an address is not loopback, or a proxy or DNS servers decide where it goes, with the option
/// that allows it; 68 the name is not known.
std::vector<server> on_loopback(const server& to);

} // namespace postrider::cli

#endif

// client_tap.hpp - what passes between the SMTP client and NetX Duo: every service that the client calls is noted, and can be
// made to find what it would find on a bad day. The programs are linked with --wrap for each service named here, so it is
// the segments as the client made them that a test sees, not as the kernel merged them.
#ifndef POSTRIDER_TEST_NETXDUO_CLIENT_TAP_HPP
#define POSTRIDER_TEST_NETXDUO_CLIENT_TAP_HPP

#include "nx_api.h"

#include <cstddef>
#include <string>
#include <vector>

namespace tap {

struct counts {
    std::size_t connects = 0;
    std::size_t allocations = 0;        ///< packets that the client asked for
    std::size_t resets = 0;             ///< disconnects without waiting, of a connection that stood
    std::size_t disconnects = 0;        ///< orderly ones
    ULONG least_available = 0xFFFFFFFF; ///< in the pool that was allocated from
};

/// Forgets everything and lets everything pass.
void clear();
/// The segments that the client has sent, in order: one string for each.
std::vector<std::string> segments();
counts counted();

/// From the `number`th allocation on (0 is the first) the pool is empty: every packet that is left in it is taken away until
/// `give_back`.
void drain_at_allocation(std::size_t number);
void give_back();
/// The `number`th nx_tcp_socket_send (0 is the first) answers `status`, and nothing leaves.
void fail_send(std::size_t number, UINT status);
/// tx_time_get answers so much more, for the client only.
void shift_time(ULONG ticks);

} // namespace tap

#endif

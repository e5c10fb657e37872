// socket.hpp - one attempt to connect, from the first packet to the verdict, without waiting in between: who
// wants to have several under way (RFC 8305) starts several and polls them together.
#ifndef POSTRIDER_SRC_IO_POSIX_SOCKET_HPP
#define POSTRIDER_SRC_IO_POSIX_SOCKET_HPP

#include "address.hpp"

#include <array>
#include <sys/un.h>

namespace postrider::posix_detail {

/// Non-blocking, closed by exec, segments leave at once, no SIGPIPE. False if it is not a descriptor.
[[nodiscard]] bool prepare_socket(int descriptor) noexcept;

/// Where an attempt stands. A descriptor that is not -1 belongs to whoever called.
struct connecting {
    int descriptor = -1;
    errc error = errc::ok;
};

/// The path of a local socket, with its NUL.
using local_path = std::array<char, sizeof(sockaddr_un::sun_path)>;

/// Starts to connect. `ok`: under way or done; once the descriptor is writable, `verdict` tells. Otherwise it
/// failed, and there is no descriptor.
[[nodiscard]] connecting start_connect(const socket_address& to, const socket_address* from) noexcept;

/// Connects to a UNIX stream socket, at once. `timed_out`: its queue is full. No event tells when there is room: try again
/// later.
[[nodiscard]] connecting connect_local(const local_path& path) noexcept;

/// How the attempt ended; only once poll() has found the descriptor ready.
[[nodiscard]] errc verdict(int descriptor) noexcept;

} // namespace postrider::posix_detail

#endif

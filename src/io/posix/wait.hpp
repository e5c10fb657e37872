// wait.hpp - poll() under a deadline, with an ear for the canceller. Every wait of this folder is this one.
#ifndef POSTRIDER_SRC_IO_POSIX_WAIT_HPP
#define POSTRIDER_SRC_IO_POSIX_WAIT_HPP

#include <postrider/io/posix.hpp>

#include <poll.h>
#include <span>

namespace postrider::posix_detail {

/// The most descriptors that `wait` takes: the attempts of a connector, and its DNS sockets.
inline constexpr std::size_t max_waited = 48;

/// Waits until one of `descriptors` is ready: `ok`, and `revents` tell which. Otherwise `timed_out`,
/// `cancelled` or `system_failure`. Looks at the descriptors at least once, also after the deadline.
[[nodiscard]] errc wait(std::span<pollfd> descriptors, const canceller* cancel, deadline until) noexcept;

} // namespace postrider::posix_detail

#endif

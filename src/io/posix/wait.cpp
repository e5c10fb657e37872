#include "wait.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace postrider::posix_detail {
namespace {

// In milliseconds for poll(), rounded up: rounded down, the last millisecond would be spent spinning.
int poll_timeout(deadline until) noexcept {
    if (until == never) return -1;
    const auto now = std::chrono::steady_clock::now();
    if (until <= now) return 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
    return static_cast<int>(std::min<decltype(left)>(left, std::numeric_limits<int>::max()));
}

} // namespace

errc wait(std::span<pollfd> descriptors, const canceller* cancel, deadline until) noexcept {
    std::array<pollfd, max_waited + 1> polled; // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    if (descriptors.size() > max_waited) return errc::system_failure;
    const auto count = descriptors.size();
    std::copy(descriptors.begin(), descriptors.end(), polled.begin());
    polled[count] = {cancel != nullptr ? cancel->native_handle() : -1, POLLIN, 0};

    for (;;) {
        if (cancel != nullptr && cancel->cancelled()) return errc::cancelled;
        const int timeout = poll_timeout(until);
        const int ready =
            ::poll(polled.data(), static_cast<nfds_t>(polled[count].fd >= 0 ? count + 1 : count), timeout);
        if (ready < 0 && errno != EINTR && errno != EAGAIN) return errc::system_failure;
        if (ready < 0) {
            // A storm of signals can interrupt every poll; the deadline must hold all the same.
            if (timeout == 0) return errc::timed_out;
            continue;
        }
        if (ready == 0 && poll_timeout(until) == 0) return errc::timed_out;
        if (ready == 0) continue; // a deadline farther away than poll() can count
        if (polled[count].revents != 0 && cancel != nullptr && cancel->cancelled()) return errc::cancelled;
        std::copy_n(polled.begin(), count, descriptors.begin());
        return errc::ok;
    }
}

} // namespace postrider::posix_detail

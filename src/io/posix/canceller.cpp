#include <postrider/io/posix.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace postrider {

canceller::canceller() noexcept {
    if (::pipe(wake_.data()) != 0) {
        wake_ = {-1, -1};
        return;
    }
    for (const int end : wake_) {
        ::fcntl(end, F_SETFD, FD_CLOEXEC);
        ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
}

canceller::~canceller() {
    for (const int end : wake_)
        if (end >= 0) ::close(end);
}

// The octet is never read: the pipe stays readable, and so wakes every stream, however many wait. Should the
// pipe be full after very many calls, it is readable just as well. errno is put back because a signal handler
// may be the caller.
void canceller::cancel() noexcept {
    const int saved = errno;
    cancelled_.store(true, std::memory_order_release);
    if (wake_.back() >= 0) [[maybe_unused]]
        const auto ignored = ::write(wake_.back(), "", 1);
    errno = saved;
}

} // namespace postrider

#include "system_calls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

using postrider::test::calls;

static bool interrupted() {
    if (calls.interruptions == 0) return false;
    --calls.interruptions;
    errno = EINTR;
    return true;
}

// The names are the linker's, see `ld --wrap`.
extern "C" {

ssize_t __real_sendmsg(int descriptor, const msghdr* message, int flags);
ssize_t __real_recv(int descriptor, void* buffer, size_t size, int flags);
int __real_poll(pollfd* descriptors, nfds_t count, int timeout);
int __real_setsockopt(int descriptor, int level, int option, const void* value, socklen_t size);

ssize_t __wrap_sendmsg(int descriptor, const msghdr* message, int flags) {
    ++calls.sendmsg;
    if (interrupted()) return -1;
    if (calls.sendmsg_most == 0) return __real_sendmsg(descriptor, message, flags);
    std::array<iovec, 16> pieces;
    std::size_t count = 0;
    for (auto left = calls.sendmsg_most; left != 0 && count < message->msg_iovlen && count < pieces.size(); ++count) {
        pieces[count] = message->msg_iov[count];
        pieces[count].iov_len = std::min(pieces[count].iov_len, left);
        left -= pieces[count].iov_len;
    }
    msghdr less{};
    less.msg_iov = pieces.data();
    less.msg_iovlen = count;
    return __real_sendmsg(descriptor, &less, flags);
}

ssize_t __wrap_recv(int descriptor, void* buffer, size_t size, int flags) {
    ++calls.recv;
    return interrupted() ? -1 : __real_recv(descriptor, buffer, size, flags);
}

int __wrap_poll(pollfd* descriptors, nfds_t count, int timeout) {
    ++calls.poll;
    return interrupted() ? -1 : __real_poll(descriptors, count, timeout);
}

int __wrap_setsockopt(int descriptor, int level, int option, const void* value, socklen_t size) {
    if (level == IPPROTO_TCP && option == TCP_QUICKACK) ++calls.acknowledge;
    return __real_setsockopt(descriptor, level, option, value, size);
}
}

// system_calls.hpp - counts the system calls of the calling thread, and makes them fail as they do once in a
// thousand years.
#pragma once

#include <cstddef>

namespace postrider::test {

struct system_calls {
    int sendmsg = 0;
    int recv = 0;
    int poll = 0;
    int acknowledge = 0;          // setsockopt of TCP_QUICKACK; others are not counted
    int interruptions = 0;        // so many of the next calls end with EINTR, having done nothing
    std::size_t sendmsg_most = 0; // unless 0: the octets that a sendmsg takes at most
};

// Of this thread: the peer, in its own, neither counts nor suffers.
inline thread_local system_calls calls;

} // namespace postrider::test

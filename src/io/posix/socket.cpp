#include "socket.hpp"

#include "system_error.hpp"

#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace postrider::posix_detail {
namespace {

void enable(int descriptor, int level, int option) noexcept {
    const int on = 1;
    ::setsockopt(descriptor, level, option, &on, sizeof on);
}

int open_socket(int family, int protocol) noexcept {
#ifdef SOCK_CLOEXEC
    // In one step: a fork in another thread between socket() and fcntl() would hand the connection to a
    // stranger.
    return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
#else
    return ::socket(family, SOCK_STREAM, protocol);
#endif
}

// A local port to connect to that nobody listens on may be given to the very socket that connects to it: TCP
// then connects it to itself, and a client would read its own EHLO for an answer.
bool connected_to_itself(int descriptor) noexcept {
    socket_address local{};
    socket_address peer{};
    socklen_t local_size = sizeof local;
    socklen_t peer_size = sizeof peer;
    return ::getsockname(descriptor, &local.any, &local_size) == 0 &&
           ::getpeername(descriptor, &peer.any, &peer_size) == 0 && local_size == peer_size &&
           std::memcmp(&local, &peer, local_size) == 0;
}

} // namespace

bool prepare_socket(int descriptor) noexcept {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return false;
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    // With Nagle's algorithm, the small last segment of a flight waits for the peer's delayed ACK: 40 ms a
    // mail. Fails, without harm, where it is not TCP.
    enable(descriptor, IPPROTO_TCP, TCP_NODELAY);
#ifdef SO_NOSIGPIPE
    enable(descriptor, SOL_SOCKET, SO_NOSIGPIPE);
#endif
    return true;
}

connecting start_connect(const socket_address& to, const socket_address* from) noexcept {
    const int descriptor = open_socket(to.family(), IPPROTO_TCP);
    if (descriptor < 0) return {-1, from_errno(errno)};

    const auto fail = [descriptor](errc error) noexcept {
        ::close(descriptor);
        return connecting{-1, error};
    };
    if (!prepare_socket(descriptor)) return fail(errc::system_failure);
    if (from != nullptr) {
#ifdef IP_BIND_ADDRESS_NO_PORT
        // The port is chosen by connect(), which may share one between peers; chosen here, 28,000 connections
        // use them up.
        enable(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
#endif
        if (::bind(descriptor, &from->any, from->size()) != 0) return fail(from_errno(errno));
    }
    // Interrupted, the attempt goes on in the system as if it had said EINPROGRESS.
    if (::connect(descriptor, &to.any, to.size()) != 0 && errno != EINPROGRESS && errno != EINTR)
        return fail(from_errno(errno));
    return {descriptor, errc::ok};
}

connecting connect_local(const local_path& path) noexcept {
    const int descriptor = open_socket(AF_UNIX, 0);
    if (descriptor < 0) return {-1, from_errno(errno)};
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), path.size());
    errc error = prepare_socket(descriptor) ? errc::ok : errc::system_failure;
    if (error == errc::ok && ::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        error = errno == EAGAIN || errno == EINTR || errno == EINPROGRESS ? errc::timed_out : from_errno(errno);
    if (error == errc::ok) return {descriptor, error};
    ::close(descriptor);
    return {-1, error};
}

errc verdict(int descriptor) noexcept {
    int number = 0;
    socklen_t size = sizeof number;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) != 0) return from_errno(errno);
    if (number != 0) return from_errno(number);
    return connected_to_itself(descriptor) ? errc::connection_refused : errc::ok;
}

} // namespace postrider::posix_detail

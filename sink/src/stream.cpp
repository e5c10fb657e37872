#include "stream.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider::sink {

namespace {

byte_stream::result result_of(ssize_t octets) {
    using outcome = byte_stream::result::outcome;
    if (octets > 0) return {outcome::done, static_cast<std::size_t>(octets)};
    if (octets == 0) return {outcome::end, 0};
    return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? outcome::again : outcome::failed, 0};
}

} // namespace

socket_stream::~socket_stream() { ::close(descriptor_); }

byte_stream::result socket_stream::read(std::span<char> into) {
    return result_of(::recv(descriptor_, into.data(), into.size(), 0));
}

byte_stream::result socket_stream::write(std::string_view octets) {
    return result_of(::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL));
}

void socket_stream::shutdown_write() { ::shutdown(descriptor_, SHUT_WR); }

void socket_stream::reset() {
    const linger at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void socket_stream::set_receive_buffer(std::size_t octets) {
    const int size = static_cast<int>(octets);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

} // namespace postrider::sink

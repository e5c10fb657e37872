// system_error.hpp - what errno says about a connection, in the library's words.
#ifndef POSTRIDER_SRC_IO_POSIX_SYSTEM_ERROR_HPP
#define POSTRIDER_SRC_IO_POSIX_SYSTEM_ERROR_HPP

#include <postrider/errc.hpp>

#include <cerrno>

namespace postrider::posix_detail {

[[nodiscard]] inline errc from_errno(int number) noexcept {
    switch (number) {
    case 0: return errc::ok;
    case ECONNREFUSED: return errc::connection_refused;
    case EPIPE:
    case ENOTCONN: // no longer: the peer was faster
    case ECONNABORTED:
    case ECONNRESET: return errc::connection_reset;
    case ETIMEDOUT: return errc::timed_out;
    // A firewall of this host says EACCES or EPERM; a host without IPv6 says EADDRNOTAVAIL or EAFNOSUPPORT;
    // EINVAL is an IPv6 zone that does not exist. A local socket's path leads nowhere, or to a socket of another kind.
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EPROTOTYPE:
    case ENETUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EACCES:
    case EPERM:
    case EINVAL: return errc::unreachable;
    default: return errc::system_failure;
    }
}

} // namespace postrider::posix_detail

#endif

// TCP client sockets, over the operating system's non-blocking ones.
//
// A connection's descriptor is touched with the kernel lock held, and polled without it. So a thread may be
// polling a descriptor that another thread closes in a disconnect: disconnect takes it out of the socket's
// list first, and a thread that was taken out looks neither at the descriptor's events nor at the socket,
// whose memory may be gone.

#include "packet.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

using namespace postrider::netxduo_host;

namespace {

constexpr ULONG mss_v4 = 1460;
constexpr ULONG mss_v6 = 1440;

// What the operating system may hold of what was sent: NetX Duo's own bound, so that an application meets a
// full window on the PC, and not only on the target.
constexpr int send_buffer = NX_TCP_MAXIMUM_TX_QUEUE * 1460;

// The longest chain that leaves, or arrives, in one call of the operating system.
constexpr std::size_t most_pieces = 64;

bool alive(const NX_TCP_SOCKET* socket) { return socket && socket->nx_tcp_socket_id == NX_TCP_ID; }

bool connected(const NX_TCP_SOCKET& socket) {
    return socket.nx_tcp_socket_state == NX_TCP_ESTABLISHED || socket.nx_tcp_socket_state == NX_TCP_CLOSE_WAIT;
}

bool is_v6(const NX_TCP_SOCKET& socket) { return socket.nx_tcp_socket_connect_ip.nxd_ip_version == NX_IP_VERSION_V6; }

ULONG header_room(const NX_TCP_SOCKET& socket) {
    return is_v6(socket) ? ULONG{NX_IPv6_TCP_PACKET} : ULONG{NX_IPv4_TCP_PACKET};
}

template <class Value>
void set(int fd, int level, int option, const Value& value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
}

// Back to "bound, not connected". Whoever waits on the connection learns that it is gone.
void close_connection(NX_TCP_SOCKET& socket) {
    resume_all(socket.nx_tcp_socket_host_suspended, NX_NOT_CONNECTED);
    resume_all(socket.nx_tcp_socket_host_senders, NX_NOT_CONNECTED);
    ::close(socket.nx_tcp_socket_host_descriptor);
    socket.nx_tcp_socket_host_descriptor = -1;
    socket.nx_tcp_socket_host_sending = NX_FALSE;
    socket.nx_tcp_socket_state = NX_TCP_CLOSED;
}

void reset_connection(NX_TCP_SOCKET& socket) {
    set(socket.nx_tcp_socket_host_descriptor, SOL_SOCKET, SO_LINGER, ::linger{1, 0});
    close_connection(socket);
}

// ----- addresses

struct endpoint {
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    };
    socklen_t size;
};

// The host has its octets in the other order: every word of an NXD_ADDRESS is a number.
endpoint to_endpoint(const NXD_ADDRESS& address, UINT port) {
    endpoint to{};
    if (address.nxd_ip_version == NX_IP_VERSION_V4) {
        to.v4 = {};
        to.v4.sin_family = AF_INET;
        to.v4.sin_port = htons(static_cast<std::uint16_t>(port));
        to.v4.sin_addr.s_addr = htonl(address.nxd_ip_address.v4);
        to.size = sizeof to.v4;
    } else {
        to.v6 = {};
        to.v6.sin6_family = AF_INET6;
        to.v6.sin6_port = htons(static_cast<std::uint16_t>(port));
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint32_t word = htonl(address.nxd_ip_address.v6[i]);
            std::memcpy(&to.v6.sin6_addr.s6_addr[4 * i], &word, sizeof word);
        }
        to.size = sizeof to.v6;
    }
    return to;
}

bool any_address(const NXD_ADDRESS& address) {
    const auto& of = address.nxd_ip_address;
    return address.nxd_ip_version == NX_IP_VERSION_V4 ? of.v4 == 0 : !(of.v6[0] | of.v6[1] | of.v6[2] | of.v6[3]);
}

// ----- connecting

// A socket of the operating system on the port that the application has bound. -1 where that port is not to
// be had.
int open_descriptor(const NX_TCP_SOCKET& socket, const NXD_ADDRESS& server) {
    const int family = server.nxd_ip_version == NX_IP_VERSION_V4 ? AF_INET : AF_INET6;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_SNDBUF, send_buffer);
    if (socket.nx_tcp_socket_port == NX_ANY_PORT) return fd;

    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    NXD_ADDRESS any = server;
    std::memset(&any.nxd_ip_address, 0, sizeof any.nxd_ip_address); // {} would clear v4 alone
    const endpoint local = to_endpoint(any, socket.nx_tcp_socket_port);
    if (::bind(fd, &local.any, local.size) == 0) return fd;
    ::close(fd);
    return -1;
}

// Looks how a connection attempt is doing, and draws the consequence.
void settle(NX_TCP_SOCKET& socket) {
    if (socket.nx_tcp_socket_state != NX_TCP_SYN_SENT) return;
    pollfd fd{socket.nx_tcp_socket_host_descriptor, POLLOUT, 0};
    if (::poll(&fd, 1, 0) <= 0) return;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0 && !(fd.revents & POLLERR)) socket.nx_tcp_socket_state = NX_TCP_ESTABLISHED;
    else close_connection(socket);
}

UINT begin_connection(NX_TCP_SOCKET& socket, const NXD_ADDRESS& server, UINT port) {
    const int fd = open_descriptor(socket, server);
    if (fd < 0) return NX_PORT_UNAVAILABLE;
    socket.nx_tcp_socket_host_descriptor = fd;
    socket.nx_tcp_socket_connect_ip = server;
    socket.nx_tcp_socket_connect_port = port;
    socket.nx_tcp_socket_connect_mss = is_v6(socket) ? mss_v6 : mss_v4;
    socket.nx_tcp_socket_state = NX_TCP_SYN_SENT;

    const endpoint to = to_endpoint(server, port);
    if (::connect(fd, &to.any, to.size) == 0) {
        socket.nx_tcp_socket_state = NX_TCP_ESTABLISHED;
    } else if (errno != EINPROGRESS) {
        const UINT status = errno == EADDRNOTAVAIL || errno == EADDRINUSE ? NX_PORT_UNAVAILABLE : NX_NOT_CONNECTED;
        close_connection(socket);
        return status;
    }
    return NX_SUCCESS;
}

UINT finish_connection(kernel_lock& kernel, NX_TCP_SOCKET& socket, ULONG wait) {
    const time_limit limit(wait);
    for (;;) {
        settle(socket);
        if (socket.nx_tcp_socket_state != NX_TCP_SYN_SENT) return connected(socket) ? NX_SUCCESS : NX_NOT_CONNECTED;
        if (limit.none()) return NX_IN_PROGRESS;
        switch (suspend(kernel, socket.nx_tcp_socket_host_suspended, limit,
                        {socket.nx_tcp_socket_host_descriptor, POLLOUT})) {
        case wake::ready: break;
        case wake::resumed: return tx_thread_identify()->tx_thread_suspend_status;
        case wake::late: close_connection(socket); return NX_NOT_CONNECTED;
        case wake::aborted: close_connection(socket); return NX_WAIT_ABORTED;
        }
    }
}

UINT check_server(const NX_IP& ip, const NXD_ADDRESS& server, UINT port) {
    if (server.nxd_ip_version != NX_IP_VERSION_V4 && server.nxd_ip_version != NX_IP_VERSION_V6)
        return NX_IP_ADDRESS_ERROR;
    if (any_address(server)) return NX_IP_ADDRESS_ERROR;
    if (port == 0 || port > NX_MAX_PORT) return NX_INVALID_PORT;
    // On the target no interface would have an IPv6 address to send from.
    if (server.nxd_ip_version == NX_IP_VERSION_V6 && !ip.nx_ip_host_ipv6_enabled) return NX_NO_INTERFACE_ADDRESS;
    return NX_SUCCESS;
}

// ----- sending

// Moves the chain's beginning past what has left, so that the chain is always what is still to be sent.
void consume(NX_PACKET& chain, std::size_t sent) {
    chain.nx_packet_length -= static_cast<ULONG>(sent);
    for (NX_PACKET* piece = &chain; sent > 0; piece = piece->nx_packet_next) {
        const std::size_t here = std::min<std::size_t>(sent, octets_in(*piece));
        piece->nx_packet_prepend_ptr += here;
        sent -= here;
    }
}

enum class transmission { complete, blocked, broken };

transmission transmit(int fd, NX_PACKET& chain) {
    while (chain.nx_packet_length > 0) {
        iovec pieces[most_pieces];
        msghdr message{};
        message.msg_iov = pieces;
        NX_PACKET* piece = &chain;
        for (; piece && message.msg_iovlen < most_pieces; piece = piece->nx_packet_next)
            if (const std::size_t size = octets_in(*piece); size > 0)
                pieces[message.msg_iovlen++] = {piece->nx_packet_prepend_ptr, size};
        if (message.msg_iovlen == 0) return transmission::broken; // a length without octets

        const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | (piece ? MSG_MORE : 0));
        if (sent >= 0) consume(chain, static_cast<std::size_t>(sent));
        else if (errno == EAGAIN || errno == EWOULDBLOCK) return transmission::blocked;
        else if (errno != EINTR) return transmission::broken;
    }
    return transmission::complete;
}

UINT check_outgoing(const NX_TCP_SOCKET& socket, const NX_PACKET& packet) {
    if (!packet.nx_packet_pool_owner || !allocated(packet) || packet.nx_packet_length == 0) return NX_INVALID_PACKET;
    if (packet.nx_packet_prepend_ptr < packet.nx_packet_data_start + header_room(socket)) return NX_UNDERFLOW;
    if (packet.nx_packet_append_ptr > packet.nx_packet_data_end) return NX_OVERFLOW;
    return NX_SUCCESS;
}

// One packet at a time: the octets of a second thread never land inside a packet that has left in part.
UINT take_turn(kernel_lock& kernel, NX_TCP_SOCKET& socket, const time_limit& limit) {
    while (socket.nx_tcp_socket_host_sending) {
        switch (suspend(kernel, socket.nx_tcp_socket_host_senders, limit)) {
        case wake::resumed:
            if (const UINT status = tx_thread_identify()->tx_thread_suspend_status; status != NX_SUCCESS) return status;
            break;
        case wake::aborted: return NX_WAIT_ABORTED;
        default: return NX_TX_QUEUE_DEPTH;
        }
    }
    socket.nx_tcp_socket_host_sending = NX_TRUE;
    return NX_SUCCESS;
}

UINT end_turn(NX_TCP_SOCKET& socket, UINT status) {
    socket.nx_tcp_socket_host_sending = NX_FALSE;
    resume_first(socket.nx_tcp_socket_host_senders, NX_SUCCESS);
    return status;
}

// ----- receiving

enum class arrival { nothing, octets, end, broken };

// Looks without taking: octets are taken only into a packet that is there, so an empty pool loses none.
arrival look(int fd) {
    char octet;
    const ssize_t got = ::recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) return arrival::octets;
    if (got == 0) return arrival::end;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? arrival::nothing : arrival::broken;
}

// At most a segment's worth, in as many packets as the pool's payload makes of it and the pool has. Only what
// the operating system says is there is asked for, under the lock, so every packet of the chain is filled.
void receive_segment(const NX_TCP_SOCKET& socket, NX_PACKET_POOL& pool, NX_PACKET& first) {
    int waiting = 0;
    ::ioctl(socket.nx_tcp_socket_host_descriptor, FIONREAD, &waiting);
    const ULONG wanted = std::min(static_cast<ULONG>(std::max(waiting, 1)), socket.nx_tcp_socket_connect_mss);

    iovec pieces[most_pieces];
    int count = 0;
    ULONG room = 0;
    for (NX_PACKET* last = &first;;) {
        const ULONG here = std::min(room_behind(*last), wanted - room);
        pieces[count++] = {last->nx_packet_append_ptr, here};
        room += here;
        NX_PACKET* more = nullptr;
        if (room == wanted || count == most_pieces || take(pool, more, 0) != NX_SUCCESS) break;
        first.nx_packet_last = last->nx_packet_next = more;
        last = more;
    }

    const ssize_t got = ::readv(socket.nx_tcp_socket_host_descriptor, pieces, count);
    ULONG left = got > 0 ? static_cast<ULONG>(got) : 0;
    first.nx_packet_length = left;
    for (NX_PACKET* piece = &first; left > 0; piece = piece->nx_packet_next) {
        const ULONG here = std::min(left, room_behind(*piece));
        piece->nx_packet_append_ptr += here;
        left -= here;
    }
}

// Waits until there is something to receive, or never will be; NX_SUCCESS: look again.
UINT await_arrival(kernel_lock& kernel, NX_TCP_SOCKET& socket, const time_limit& limit, descriptor on) {
    switch (suspend(kernel, socket.nx_tcp_socket_host_suspended, limit, on)) {
    case wake::ready: return NX_SUCCESS;
    case wake::resumed: return tx_thread_identify()->tx_thread_suspend_status;
    case wake::aborted: return NX_WAIT_ABORTED;
    default: return NX_NO_PACKET;
    }
}

// ----- disconnecting

// Takes and drops what the peer still sends: closing a descriptor with unread octets would be a reset. True
// at its end.
bool drained(int fd) {
    char dropped[1024];
    for (;;) {
        const ssize_t got = ::recv(fd, dropped, sizeof dropped, MSG_DONTWAIT);
        if (got == 0) return true;
        if (got < 0 && errno != EINTR) return errno != EAGAIN && errno != EWOULDBLOCK;
    }
}

UINT disconnect_in_order(kernel_lock& kernel, NX_TCP_SOCKET& socket, const time_limit& limit) {
    const int fd = socket.nx_tcp_socket_host_descriptor;
    resume_all(socket.nx_tcp_socket_host_suspended, NX_NOT_CONNECTED);
    resume_all(socket.nx_tcp_socket_host_senders, NX_NOT_CONNECTED);
    ::shutdown(fd, SHUT_WR);
    socket.nx_tcp_socket_state = socket.nx_tcp_socket_state == NX_TCP_CLOSE_WAIT ? NX_TCP_LAST_ACK : NX_TCP_FIN_WAIT_1;
    while (!drained(fd)) {
        switch (suspend(kernel, socket.nx_tcp_socket_host_suspended, limit, {fd, POLLIN})) {
        case wake::ready: break;
        case wake::resumed: return tx_thread_identify()->tx_thread_suspend_status;
        case wake::late: reset_connection(socket); return NX_DISCONNECT_FAILED;
        case wake::aborted: reset_connection(socket); return NX_WAIT_ABORTED;
        }
    }
    close_connection(socket);
    return NX_SUCCESS;
}

bool port_taken(const NX_IP& ip, UINT port) {
    if (port == NX_ANY_PORT) return false;
    for (const NX_TCP_SOCKET* other = ip.nx_ip_tcp_created_sockets_ptr; other;
         other = other->nx_tcp_socket_created_next)
        if (other->nx_tcp_socket_host_bound && other->nx_tcp_socket_port == port) return true;
    return false;
}

} // namespace

UINT nx_tcp_socket_create(NX_IP* ip, NX_TCP_SOCKET* socket, CHAR* name, ULONG type_of_service, ULONG, UINT time_to_live,
                          ULONG window_size, VOID (*urgent_callback)(NX_TCP_SOCKET*),
                          VOID (*disconnect_callback)(NX_TCP_SOCKET*)) {
    const kernel_lock kernel;
    if (!ip || ip->nx_ip_id != NX_IP_ID || !socket || alive(socket)) return NX_PTR_ERROR;
    if (!(ip->nx_ip_host_status & NX_IP_TCP_ENABLED)) return NX_NOT_ENABLED;
    if (type_of_service & ~ULONG{0x00FF0000} || time_to_live > 0xFF) return NX_OPTION_ERROR;
    if (window_size == 0 || window_size > 0xFFFF) return NX_OPTION_ERROR;

    *socket = {};
    socket->nx_tcp_socket_id = NX_TCP_ID;
    socket->nx_tcp_socket_name = name;
    socket->nx_tcp_socket_state = NX_TCP_CLOSED;
    socket->nx_tcp_socket_connect_mss = mss_v4;
    socket->nx_tcp_socket_rx_window_default = window_size;
    socket->nx_tcp_socket_ip_ptr = ip;
    socket->nx_tcp_urgent_data_callback = urgent_callback;
    socket->nx_tcp_disconnect_callback = disconnect_callback;
    socket->nx_tcp_socket_host_descriptor = -1;
    socket->nx_tcp_socket_created_next = ip->nx_ip_tcp_created_sockets_ptr;
    ip->nx_ip_tcp_created_sockets_ptr = socket;
    ++ip->nx_ip_tcp_created_sockets_count;
    return NX_SUCCESS;
}

UINT nx_tcp_socket_delete(NX_TCP_SOCKET* socket) {
    const kernel_lock kernel;
    if (!alive(socket)) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (socket->nx_tcp_socket_host_bound) return NX_STILL_BOUND;

    NX_IP& ip = *socket->nx_tcp_socket_ip_ptr;
    NX_TCP_SOCKET** link = &ip.nx_ip_tcp_created_sockets_ptr;
    while (*link && *link != socket) link = &(*link)->nx_tcp_socket_created_next;
    if (!*link) return NX_NOT_CREATED;
    *link = socket->nx_tcp_socket_created_next;
    --ip.nx_ip_tcp_created_sockets_count;
    socket->nx_tcp_socket_id = 0;
    return NX_SUCCESS;
}

UINT nx_tcp_client_socket_bind(NX_TCP_SOCKET* socket, UINT port, ULONG wait) {
    kernel_lock kernel;
    if (!alive(socket)) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (port > NX_MAX_PORT) return NX_INVALID_PORT;
    if (socket->nx_tcp_socket_host_bound) return NX_ALREADY_BOUND;

    NX_IP& ip = *socket->nx_tcp_socket_ip_ptr;
    const time_limit limit(wait);
    while (port_taken(ip, port)) {
        switch (suspend(kernel, ip.nx_ip_host_port_suspended, limit)) {
        case wake::resumed: break;
        case wake::aborted: return NX_WAIT_ABORTED;
        default: return NX_PORT_UNAVAILABLE;
        }
    }
    socket->nx_tcp_socket_host_bound = NX_TRUE;
    socket->nx_tcp_socket_client_type = NX_TRUE;
    socket->nx_tcp_socket_port = port; // the operating system chooses NX_ANY_PORT when it connects
    return NX_SUCCESS;
}

UINT nx_tcp_client_socket_unbind(NX_TCP_SOCKET* socket) {
    const kernel_lock kernel;
    if (!alive(socket)) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (!socket->nx_tcp_socket_host_bound) return NX_NOT_BOUND;
    if (socket->nx_tcp_socket_state != NX_TCP_CLOSED) return NX_NOT_CLOSED;
    socket->nx_tcp_socket_host_bound = NX_FALSE;
    socket->nx_tcp_socket_port = 0;
    resume_all(socket->nx_tcp_socket_ip_ptr->nx_ip_host_port_suspended, NX_SUCCESS);
    return NX_SUCCESS;
}

UINT nxd_tcp_client_socket_connect(NX_TCP_SOCKET* socket, NXD_ADDRESS* server, UINT port, ULONG wait) {
    kernel_lock kernel;
    if (!alive(socket) || !server) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (const UINT status = check_server(*socket->nx_tcp_socket_ip_ptr, *server, port); status != NX_SUCCESS)
        return status;
    if (!socket->nx_tcp_socket_host_bound) return NX_NOT_BOUND;
    if (socket->nx_tcp_socket_state != NX_TCP_CLOSED) return NX_NOT_CLOSED;
    if (const UINT status = begin_connection(*socket, *server, port); status != NX_SUCCESS) return status;
    return finish_connection(kernel, *socket, wait);
}

UINT nx_tcp_socket_disconnect(NX_TCP_SOCKET* socket, ULONG wait) {
    kernel_lock kernel;
    if (!alive(socket)) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    settle(*socket);
    if (!connected(*socket) && socket->nx_tcp_socket_state != NX_TCP_SYN_SENT) return NX_NOT_CONNECTED;
    // NetX Duo would have seen the peer's reset when it came; here it is seen when somebody looks.
    if (connected(*socket) && look(socket->nx_tcp_socket_host_descriptor) == arrival::broken) {
        close_connection(*socket);
        return NX_NOT_CONNECTED;
    }
    if (wait != NX_NO_WAIT && connected(*socket)) return disconnect_in_order(kernel, *socket, time_limit(wait));
    reset_connection(*socket);
    return NX_SUCCESS;
}

UINT nx_tcp_socket_send(NX_TCP_SOCKET* socket, NX_PACKET* packet, ULONG wait) {
    kernel_lock kernel;
    if (!alive(socket) || !packet) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (!socket->nx_tcp_socket_host_bound) return NX_NOT_BOUND;
    settle(*socket);
    if (!connected(*socket)) return NX_NOT_CONNECTED;
    if (const UINT status = check_outgoing(*socket, *packet); status != NX_SUCCESS) return status;

    const time_limit limit(wait);
    if (const UINT status = take_turn(kernel, *socket, limit); status != NX_SUCCESS) return status;
    for (;;) {
        const int fd = socket->nx_tcp_socket_host_descriptor;
        switch (transmit(fd, *packet)) {
        case transmission::complete: give_back(packet); return end_turn(*socket, NX_SUCCESS);
        // Not closed here: what the server said before it hung up, a 421 perhaps, can still be received.
        case transmission::broken: return end_turn(*socket, NX_NOT_CONNECTED);
        case transmission::blocked: break;
        }
        switch (suspend(kernel, socket->nx_tcp_socket_host_suspended, limit, {fd, POLLOUT})) {
        case wake::ready: break;
        case wake::resumed: return tx_thread_identify()->tx_thread_suspend_status;
        case wake::late: return end_turn(*socket, NX_WINDOW_OVERFLOW);
        case wake::aborted: return end_turn(*socket, NX_WAIT_ABORTED);
        }
    }
}

UINT nx_tcp_socket_receive(NX_TCP_SOCKET* socket, NX_PACKET** packet, ULONG wait) {
    kernel_lock kernel;
    if (!alive(socket) || !packet) return NX_PTR_ERROR;
    *packet = nullptr;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (!socket->nx_tcp_socket_host_bound) return NX_NOT_BOUND;

    NX_PACKET_POOL& pool = *socket->nx_tcp_socket_ip_ptr->nx_ip_default_packet_pool;
    const ULONG headers = header_room(*socket);
    const ULONG room = pool.nx_packet_pool_payload_size > headers ? headers : 0;
    const time_limit limit(wait);
    for (;;) {
        settle(*socket);
        if (!connected(*socket)) return NX_NOT_CONNECTED;
        const int fd = socket->nx_tcp_socket_host_descriptor;
        UINT status = NX_SUCCESS;
        switch (look(fd)) {
        case arrival::end: socket->nx_tcp_socket_state = NX_TCP_CLOSE_WAIT; return NX_NOT_CONNECTED;
        case arrival::broken: close_connection(*socket); return NX_NOT_CONNECTED;
        case arrival::nothing: status = await_arrival(kernel, *socket, limit, {fd, POLLIN}); break;
        case arrival::octets:
            if (take(pool, *packet, room) == NX_SUCCESS) {
                receive_segment(*socket, pool, **packet);
                return NX_SUCCESS;
            }
            // On the target the driver drops the segment and the peer sends it again: tried again after a
            // tick, in this socket's list and not the pool's, so that a disconnect reaches the waiter.
            status = await_arrival(kernel, *socket, limit.at_most(1), {});
            if (status == NX_NO_PACKET && !limit.over()) status = NX_SUCCESS;
        }
        if (status != NX_SUCCESS) return status;
    }
}

UINT nx_tcp_socket_mss_get(NX_TCP_SOCKET* socket, ULONG* mss) {
    const kernel_lock kernel;
    if (!alive(socket) || !mss) return NX_PTR_ERROR;
    *mss = socket->nx_tcp_socket_connect_mss;
    return NX_SUCCESS;
}

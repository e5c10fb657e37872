#include "client_tap.hpp"

#include <mutex>

namespace {

constexpr std::size_t never = static_cast<std::size_t>(-1);

// Clients run in several threads at once.
std::mutex mutex;
std::vector<std::string> sent;
tap::counts count;
std::size_t drain_at = never;
std::size_t fail_at = never;
UINT fail_with = NX_SUCCESS;
std::size_t sends = 0;
std::vector<NX_PACKET*> taken;
ULONG shift = 0;

std::string octets_of(const NX_PACKET* packet) {
    std::string octets;
    for (; packet; packet = packet->nx_packet_next)
        octets.append(reinterpret_cast<const char*>(packet->nx_packet_prepend_ptr),
                      static_cast<std::size_t>(packet->nx_packet_append_ptr - packet->nx_packet_prepend_ptr));
    return octets;
}

} // namespace

extern "C" {

UINT __real_nx_packet_allocate(NX_PACKET_POOL*, NX_PACKET**, ULONG, ULONG);
UINT __real_nx_packet_data_append(NX_PACKET*, VOID*, ULONG, NX_PACKET_POOL*, ULONG);
UINT __real_nx_tcp_socket_send(NX_TCP_SOCKET*, NX_PACKET*, ULONG);
UINT __real_nxd_tcp_client_socket_connect(NX_TCP_SOCKET*, NXD_ADDRESS*, UINT, ULONG);
UINT __real_nx_tcp_socket_disconnect(NX_TCP_SOCKET*, ULONG);
ULONG __real_tx_time_get(VOID);

UINT __wrap_nx_packet_allocate(NX_PACKET_POOL*, NX_PACKET**, ULONG, ULONG);
UINT __wrap_nx_packet_data_append(NX_PACKET*, VOID*, ULONG, NX_PACKET_POOL*, ULONG);
UINT __wrap_nx_tcp_socket_send(NX_TCP_SOCKET*, NX_PACKET*, ULONG);
UINT __wrap_nxd_tcp_client_socket_connect(NX_TCP_SOCKET*, NXD_ADDRESS*, UINT, ULONG);
UINT __wrap_nx_tcp_socket_disconnect(NX_TCP_SOCKET*, ULONG);
ULONG __wrap_tx_time_get(VOID);

} // extern "C"

namespace {

/// An allocation is about to be made.
void on_allocation(NX_PACKET_POOL* pool) {
    const std::lock_guard lock(mutex);
    if (count.allocations++ >= drain_at) {
        NX_PACKET* packet = NX_NULL;
        while (__real_nx_packet_allocate(pool, &packet, NX_RECEIVE_PACKET, NX_NO_WAIT) == NX_SUCCESS)
            taken.push_back(packet);
    }
    ULONG available = 0;
    nx_packet_pool_info_get(pool, NX_NULL, &available, NX_NULL, NX_NULL, NX_NULL);
    if (available < count.least_available) count.least_available = available;
}

} // namespace

UINT __wrap_nx_packet_allocate(NX_PACKET_POOL* pool, NX_PACKET** packet, ULONG type, ULONG wait) {
    on_allocation(pool);
    return __real_nx_packet_allocate(pool, packet, type, wait);
}

UINT __wrap_nx_packet_data_append(NX_PACKET* packet, VOID* data, ULONG size, NX_PACKET_POOL* pool, ULONG wait) {
    const NX_PACKET* const last = packet->nx_packet_last ? packet->nx_packet_last : packet;
    if (size > static_cast<ULONG>(last->nx_packet_data_end - last->nx_packet_append_ptr)) on_allocation(pool);
    return __real_nx_packet_data_append(packet, data, size, pool, wait);
}

UINT __wrap_nx_tcp_socket_send(NX_TCP_SOCKET* socket, NX_PACKET* packet, ULONG wait) {
    std::string octets = octets_of(packet); // after the call it is the stack's
    {
        const std::lock_guard lock(mutex);
        if (sends++ == fail_at) return fail_with;
    }
    const UINT status = __real_nx_tcp_socket_send(socket, packet, wait);
    const std::lock_guard lock(mutex);
    if (status == NX_SUCCESS) sent.push_back(std::move(octets));
    return status;
}

UINT __wrap_nxd_tcp_client_socket_connect(NX_TCP_SOCKET* socket, NXD_ADDRESS* server, UINT port, ULONG wait) {
    {
        const std::lock_guard lock(mutex);
        ++count.connects;
    }
    return __real_nxd_tcp_client_socket_connect(socket, server, port, wait);
}

UINT __wrap_nx_tcp_socket_disconnect(NX_TCP_SOCKET* socket, ULONG wait) {
    const bool stood = socket->nx_tcp_socket_state == NX_TCP_ESTABLISHED;
    const UINT status = __real_nx_tcp_socket_disconnect(socket, wait);
    const std::lock_guard lock(mutex);
    if (stood && wait == NX_NO_WAIT) ++count.resets;
    if (stood && wait != NX_NO_WAIT) ++count.disconnects;
    return status;
}

ULONG __wrap_tx_time_get(VOID) {
    const std::lock_guard lock(mutex);
    return __real_tx_time_get() + shift;
}

namespace tap {

void clear() {
    give_back();
    const std::lock_guard lock(mutex);
    sent.clear();
    count = {};
    drain_at = fail_at = never;
    sends = 0;
    shift = 0;
}

std::vector<std::string> segments() {
    const std::lock_guard lock(mutex);
    return sent;
}

counts counted() {
    const std::lock_guard lock(mutex);
    return count;
}

void drain_at_allocation(std::size_t number) {
    const std::lock_guard lock(mutex);
    drain_at = number;
}

void give_back() {
    const std::lock_guard lock(mutex);
    for (NX_PACKET* packet : taken) nx_packet_release(packet);
    taken.clear();
    drain_at = never;
}

void fail_send(std::size_t number, UINT status) {
    const std::lock_guard lock(mutex);
    fail_at = number;
    fail_with = status;
}

void shift_time(ULONG ticks) {
    const std::lock_guard lock(mutex);
    shift = ticks;
}

} // namespace tap

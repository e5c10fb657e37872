// Packet pools on the application's memory, and the packets in them.

#include "packet.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

using namespace postrider::netxduo_host;

namespace {

// The payload begins in what would be NX_PACKET's padding; nx_api.h says why.
constexpr std::size_t header_size = offsetof(NX_PACKET, nx_packet_length) + sizeof(NX_PACKET::nx_packet_length);

constexpr std::size_t round_up(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

bool alive(const NX_PACKET_POOL* pool) { return pool && pool->nx_packet_pool_id == NX_PACKET_POOL_ID; }

void mark(NX_PACKET& packet, ALIGN_TYPE state) {
    packet.nx_packet_union_next.nx_packet_tcp_queue_next = reinterpret_cast<NX_PACKET*>(state);
}

void open(NX_PACKET& packet, ULONG room) {
    mark(packet, NX_PACKET_ALLOCATED);
    packet.nx_packet_queue_next = packet.nx_packet_next = packet.nx_packet_last = nullptr;
    packet.nx_packet_prepend_ptr = packet.nx_packet_append_ptr = packet.nx_packet_data_start + room;
    packet.nx_packet_length = 0;
}

void put(NX_PACKET_POOL& pool, NX_PACKET& packet) {
    if (TX_THREAD* waiter = resume_first(pool.nx_packet_pool_suspension_list, NX_SUCCESS)) {
        // Straight into the waiter's hands, so that the marks never say that it is free.
        mark(packet, NX_PACKET_ALLOCATED);
        waiter->tx_thread_additional_suspend_info = &packet;
        return;
    }
    mark(packet, NX_PACKET_FREE);
    packet.nx_packet_queue_next = pool.nx_packet_pool_available_list;
    pool.nx_packet_pool_available_list = &packet;
    ++pool.nx_packet_pool_available;
}

// Under- and overflow of the pointers that the application may move.
UINT check(const NX_PACKET& packet) {
    if (packet.nx_packet_prepend_ptr < packet.nx_packet_data_start) return NX_UNDERFLOW;
    if (packet.nx_packet_append_ptr > packet.nx_packet_data_end) return NX_OVERFLOW;
    return NX_SUCCESS;
}

} // namespace

namespace postrider::netxduo_host {

UINT take(NX_PACKET_POOL& pool, NX_PACKET*& packet, ULONG room) {
    packet = pool.nx_packet_pool_available_list;
    if (!packet) {
        ++pool.nx_packet_pool_empty_requests;
        return NX_NO_PACKET;
    }
    pool.nx_packet_pool_available_list = packet->nx_packet_queue_next;
    --pool.nx_packet_pool_available;
    open(*packet, room);
    return NX_SUCCESS;
}

UINT give_back(NX_PACKET* chain) {
    while (chain) {
        NX_PACKET_POOL* pool = chain->nx_packet_pool_owner;
        if (!alive(pool)) return NX_PTR_ERROR;
        if (!allocated(*chain)) {
            ++pool->nx_packet_pool_invalid_releases;
            return NX_PTR_ERROR;
        }
        // Read before put(): another thread may own the packet right after it.
        NX_PACKET* next = chain->nx_packet_next;
        put(*pool, *chain);
        chain = next;
    }
    return NX_SUCCESS;
}

} // namespace postrider::netxduo_host

UINT nx_packet_pool_create(NX_PACKET_POOL* pool, CHAR* name, ULONG payload_size, VOID* memory, ULONG memory_size) {
    if (!pool || !memory) return NX_PTR_ERROR;
    const kernel_lock kernel;
    if (alive(pool)) return NX_PTR_ERROR;

    const std::size_t payload = round_up(payload_size, sizeof(ULONG));
    const std::size_t stride = round_up(header_size + payload, alignof(NX_PACKET));
    std::size_t left = memory_size;
    if (payload == 0 || !std::align(alignof(NX_PACKET), stride, memory, left)) return NX_SIZE_ERROR;

    *pool = {};
    pool->nx_packet_pool_id = NX_PACKET_POOL_ID;
    pool->nx_packet_pool_name = name;
    pool->nx_packet_pool_start = static_cast<CHAR*>(memory);
    pool->nx_packet_pool_size = static_cast<ULONG>(left);
    pool->nx_packet_pool_payload_size = static_cast<ULONG>(payload);
    // From the end, so that packets are handed out in the order of their addresses.
    const std::size_t total = left / stride;
    for (std::size_t i = total; i-- > 0;) {
        UCHAR* block = static_cast<UCHAR*>(memory) + i * stride;
        NX_PACKET* packet = reinterpret_cast<NX_PACKET*>(block);
        packet->nx_packet_pool_owner = pool;
        packet->nx_packet_data_start = block + header_size;
        packet->nx_packet_data_end = packet->nx_packet_data_start + payload;
        open(*packet, 0);
        put(*pool, *packet);
    }
    pool->nx_packet_pool_total = static_cast<ULONG>(total);
    return NX_SUCCESS;
}

UINT nx_packet_pool_delete(NX_PACKET_POOL* pool) {
    const kernel_lock kernel;
    if (!alive(pool)) return NX_PTR_ERROR;
    pool->nx_packet_pool_id = 0;
    resume_all(pool->nx_packet_pool_suspension_list, NX_POOL_DELETED);
    return NX_SUCCESS;
}

UINT nx_packet_pool_info_get(NX_PACKET_POOL* pool, ULONG* total, ULONG* available, ULONG* empty_requests,
                             ULONG* empty_suspensions, ULONG* invalid_releases) {
    const kernel_lock kernel;
    if (!alive(pool)) return NX_PTR_ERROR;
    if (total) *total = pool->nx_packet_pool_total;
    if (available) *available = pool->nx_packet_pool_available;
    if (empty_requests) *empty_requests = pool->nx_packet_pool_empty_requests;
    if (empty_suspensions) *empty_suspensions = pool->nx_packet_pool_empty_suspensions;
    if (invalid_releases) *invalid_releases = pool->nx_packet_pool_invalid_releases;
    return NX_SUCCESS;
}

UINT nx_packet_allocate(NX_PACKET_POOL* pool, NX_PACKET** packet, ULONG type, ULONG wait) {
    if (!packet) return NX_PTR_ERROR;
    *packet = nullptr;
    TX_THREAD* self = tx_thread_identify();
    kernel_lock kernel;
    if (!alive(pool)) return NX_PTR_ERROR;
    if (type != NX_RECEIVE_PACKET && type < NX_IPv4_PACKET) return NX_OPTION_ERROR;
    if (wait != NX_NO_WAIT && !self) return NX_CALLER_ERROR;
    if (pool->nx_packet_pool_payload_size < type) return NX_INVALID_PARAMETERS;

    const UINT status = take(*pool, *packet, type);
    if (status == NX_SUCCESS || wait == NX_NO_WAIT) return status;
    ++pool->nx_packet_pool_empty_suspensions;
    switch (suspend(kernel, pool->nx_packet_pool_suspension_list, time_limit(wait))) {
    case wake::resumed:
        if (self->tx_thread_suspend_status != NX_SUCCESS) return self->tx_thread_suspend_status;
        *packet = static_cast<NX_PACKET*>(self->tx_thread_additional_suspend_info);
        open(**packet, type);
        return NX_SUCCESS;
    case wake::aborted: return NX_WAIT_ABORTED;
    default: return NX_NO_PACKET;
    }
}

UINT nx_packet_data_append(NX_PACKET* packet, VOID* data, ULONG size, NX_PACKET_POOL* pool, ULONG wait) {
    if (!packet || !data) return NX_PTR_ERROR;
    if (size == 0) return NX_SIZE_ERROR;
    if (const UINT status = check(*packet); status != NX_SUCCESS) return status;
    if (!pool) return NX_PTR_ERROR;

    NX_PACKET* last = packet->nx_packet_last ? packet->nx_packet_last : packet;
    const UCHAR* from = static_cast<const UCHAR*>(data);
    for (;;) {
        const ULONG fits = std::min(size, room_behind(*last));
        std::memcpy(last->nx_packet_append_ptr, from, fits);
        last->nx_packet_append_ptr += fits;
        from += fits;
        size -= fits;
        // Counted as it goes: where the pool runs dry, the chain is a whole one that holds what went in so
        // far.
        packet->nx_packet_length += fits;
        if (size == 0) return NX_SUCCESS;

        NX_PACKET* more = nullptr;
        if (const UINT status = nx_packet_allocate(pool, &more, NX_RECEIVE_PACKET, wait); status != NX_SUCCESS)
            return status;
        last->nx_packet_next = more;
        packet->nx_packet_last = last = more;
    }
}

UINT nx_packet_data_extract_offset(NX_PACKET* packet, ULONG offset, VOID* buffer, ULONG size, ULONG* copied) {
    if (!packet || !buffer || !copied) return NX_PTR_ERROR;
    *copied = 0;
    if (packet->nx_packet_length == 0 && offset == 0) return NX_SUCCESS;
    if (offset >= packet->nx_packet_length) return NX_PACKET_OFFSET_ERROR;

    UCHAR* to = static_cast<UCHAR*>(buffer);
    for (; packet && size > 0; packet = packet->nx_packet_next) {
        const ULONG here = octets_in(*packet);
        if (offset >= here) {
            offset -= here;
            continue;
        }
        const ULONG part = std::min(size, here - offset);
        std::memcpy(to, packet->nx_packet_prepend_ptr + offset, part);
        to += part;
        size -= part;
        *copied += part;
        offset = 0;
    }
    return NX_SUCCESS;
}

UINT nx_packet_length_get(NX_PACKET* packet, ULONG* length) {
    if (!packet || !length) return NX_PTR_ERROR;
    *length = packet->nx_packet_length;
    return NX_SUCCESS;
}

UINT nx_packet_release(NX_PACKET* packet) {
    if (!packet || !packet->nx_packet_pool_owner) return NX_PTR_ERROR;
    const kernel_lock kernel;
    // The marks first: the pointers of a packet that was released already say nothing any more.
    if (allocated(*packet))
        if (const UINT status = check(*packet); status != NX_SUCCESS) return status;
    return give_back(packet);
}

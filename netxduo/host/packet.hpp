// Packets as the sockets need them: with the kernel lock held.
#pragma once

#include "kernel.hpp"

namespace postrider::netxduo_host {

// A packet whose data begin `room` octets into its payload. NX_NO_PACKET where the pool is empty.
UINT take(NX_PACKET_POOL& pool, NX_PACKET*& packet, ULONG room);

// Gives a chain back to the pools of its packets, and their packets to those who wait.
UINT give_back(NX_PACKET* chain);

inline ULONG octets_in(const NX_PACKET& packet) {
    return static_cast<ULONG>(packet.nx_packet_append_ptr - packet.nx_packet_prepend_ptr);
}
inline ULONG room_behind(const NX_PACKET& packet) {
    return static_cast<ULONG>(packet.nx_packet_data_end - packet.nx_packet_append_ptr);
}
inline bool allocated(const NX_PACKET& packet) {
    return packet.nx_packet_union_next.nx_packet_tcp_queue_next == reinterpret_cast<NX_PACKET*>(NX_PACKET_ALLOCATED);
}

} // namespace postrider::netxduo_host

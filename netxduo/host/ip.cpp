// IP instances: the operating system is the stack, so an instance is a name, a pool, and the record of what
// the application has enabled. That record counts, because on the target a service that was not enabled is
// not there.

#include "kernel.hpp"

using namespace postrider::netxduo_host;

namespace {

bool alive(const NX_IP* ip) { return ip && ip->nx_ip_id == NX_IP_ID; }

// 0 (an address to come) and the classes A to C, as NetX Duo checks it.
bool possible_address(ULONG address) { return (address & 0xE0000000) != 0xE0000000; }

UINT enable(NX_IP* ip, UINT NX_IP::*service) {
    const kernel_lock kernel;
    if (!alive(ip)) return NX_PTR_ERROR;
    if (ip->*service) return NX_ALREADY_ENABLED;
    ip->*service = NX_TRUE;
    return NX_SUCCESS;
}

UINT enable(NX_IP* ip, ULONG status_bit) {
    const kernel_lock kernel;
    if (!alive(ip)) return NX_PTR_ERROR;
    if (ip->nx_ip_host_status & status_bit) return NX_ALREADY_ENABLED;
    ip->nx_ip_host_status |= status_bit;
    return NX_SUCCESS;
}

} // namespace

VOID nx_system_initialize(VOID) {} // samples make their pools before it: it must forget nothing

UINT nx_ip_create(NX_IP* ip, CHAR* name, ULONG address, ULONG mask, NX_PACKET_POOL* pool, VOID (*driver)(NX_IP_DRIVER*),
                  VOID* memory, ULONG memory_size, UINT priority) {
    if (!ip || !driver || !memory) return NX_PTR_ERROR;
    const kernel_lock kernel;
    if (alive(ip)) return NX_PTR_ERROR;
    if (!pool || pool->nx_packet_pool_id != NX_PACKET_POOL_ID) return NX_POOL_ERROR;
    if (!possible_address(address)) return NX_IP_ADDRESS_ERROR;
    if (memory_size < TX_MINIMUM_STACK) return NX_SIZE_ERROR;
    if (priority >= TX_MAX_PRIORITIES) return NX_OPTION_ERROR;

    *ip = {};
    ip->nx_ip_id = NX_IP_ID;
    ip->nx_ip_name = name;
    ip->nx_ip_address = address;
    ip->nx_ip_network_mask = mask;
    ip->nx_ip_default_packet_pool = pool;
    ip->nx_ip_host_status = NX_IP_INITIALIZE_DONE | NX_IP_LINK_ENABLED | NX_IP_INTERFACE_LINK_ENABLED;
    if (address) ip->nx_ip_host_status |= NX_IP_ADDRESS_RESOLVED;
    return NX_SUCCESS;
}

UINT nx_ip_delete(NX_IP* ip) {
    const kernel_lock kernel;
    if (!alive(ip)) return NX_PTR_ERROR;
    if (ip->nx_ip_tcp_created_sockets_count > 0) return NX_SOCKETS_BOUND;
    ip->nx_ip_id = 0;
    return NX_SUCCESS;
}

UINT nx_ip_status_check(NX_IP* ip, ULONG needed, ULONG* actual, ULONG wait) {
    if (!actual) return NX_PTR_ERROR;
    if (wait != NX_NO_WAIT && !tx_thread_identify()) return NX_CALLER_ERROR;
    kernel_lock kernel;
    if (!alive(ip)) return NX_PTR_ERROR;
    if (needed == 0 || needed > 0x1FF) return NX_OPTION_ERROR;

    // Nobody announces a change of the status: it is looked at once a tick, as NetX Duo does.
    const time_limit limit(wait);
    TX_THREAD* nobody_resumes = nullptr;
    for (;;) {
        *actual = ip->nx_ip_host_status & needed;
        if (*actual == needed) return NX_SUCCESS;
        if (limit.over()) return NX_NOT_SUCCESSFUL;
        if (suspend(kernel, nobody_resumes, limit.at_most(1)) == wake::aborted) return NX_WAIT_ABORTED;
    }
}

UINT nx_arp_enable(NX_IP* ip, VOID* cache, ULONG size) {
    if (!cache) return NX_PTR_ERROR;
    if (size < sizeof(NX_ARP)) return NX_SIZE_ERROR;
    return enable(ip, NX_IP_ARP_ENABLED);
}

UINT nx_tcp_enable(NX_IP* ip) { return enable(ip, NX_IP_TCP_ENABLED); }

UINT nx_icmp_enable(NX_IP* ip) { return enable(ip, &NX_IP::nx_ip_host_icmp_enabled); }

// ICMP for both versions: it may follow nx_icmp_enable, as it does in many samples.
UINT nxd_icmp_enable(NX_IP* ip) {
    const kernel_lock kernel;
    if (!alive(ip)) return NX_PTR_ERROR;
    ip->nx_ip_host_icmp_enabled = ip->nx_ip_host_icmpv6_enabled = NX_TRUE;
    return NX_SUCCESS;
}

UINT nxd_ipv6_enable(NX_IP* ip) { return enable(ip, &NX_IP::nx_ip_host_ipv6_enabled); }

UINT nxd_ipv6_address_set(NX_IP* ip, UINT interface_index, NXD_ADDRESS* address, ULONG prefix_length, UINT* index) {
    const kernel_lock kernel;
    if (!alive(ip)) return NX_PTR_ERROR;
    if (interface_index >= NX_MAX_PHYSICAL_INTERFACES) return NX_INVALID_INTERFACE;
    if (prefix_length > 128) return NX_IP_ADDRESS_ERROR;
    // Without an address it is the link-local one, which the operating system has anyhow.
    if (address) {
        if (address->nxd_ip_version != NX_IP_VERSION_V6) return NX_IP_ADDRESS_ERROR;
        ip->nx_ip_host_ipv6_address = *address;
    }
    if (index) *index = address ? 1 : 0;
    return NX_SUCCESS;
}

VOID _nx_ram_network_driver(NX_IP_DRIVER*) {}
VOID _nx_ram_network_driver_256(NX_IP_DRIVER*) {}
VOID _nx_ram_network_driver_512(NX_IP_DRIVER*) {}
VOID _nx_ram_network_driver_1024(NX_IP_DRIVER*) {}
VOID _nx_linux_network_driver(NX_IP_DRIVER*) {}

// NetX Duo's DNS client, over the operating system's resolver.

#include "nxd_dns.h"

#include <arpa/inet.h>
#include <cstdint>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

bool alive(const NX_DNS* dns) { return dns && dns->nx_dns_id == NX_DNS_ID; }

} // namespace

UINT nx_dns_create(NX_DNS* dns, NX_IP* ip, UCHAR* domain_name) {
    if (!dns || alive(dns) || !ip) return NX_PTR_ERROR;
    *dns = {};
    dns->nx_dns_id = NX_DNS_ID;
    dns->nx_dns_domain = domain_name;
    dns->nx_dns_ip_ptr = ip;
    return NX_SUCCESS;
}

UINT nx_dns_delete(NX_DNS* dns) {
    if (!alive(dns)) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    dns->nx_dns_id = 0;
    return NX_SUCCESS;
}

UINT nx_dns_server_add(NX_DNS* dns, ULONG server_address) {
    NXD_ADDRESS address{};
    address.nxd_ip_version = NX_IP_VERSION_V4;
    address.nxd_ip_address.v4 = server_address;
    if (alive(dns) && tx_thread_identify() && server_address == 0) return NX_DNS_BAD_ADDRESS_ERROR;
    return nxd_dns_server_add(dns, &address);
}

UINT nxd_dns_server_add(NX_DNS* dns, NXD_ADDRESS* server_address) {
    if (!alive(dns) || !server_address) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (dns->nx_dns_host_servers == NX_DNS_MAX_SERVERS) return NX_NO_MORE_ENTRIES;
    dns->nx_dns_server_ip_array[dns->nx_dns_host_servers++] = *server_address;
    return NX_SUCCESS;
}

UINT nxd_dns_host_by_name_get(NX_DNS* dns, UCHAR* host_name, NXD_ADDRESS* host_address, ULONG, UINT lookup_type) {
    if (!alive(dns) || !host_name || !host_address) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    if (*host_name == 0 || (lookup_type != NX_IP_VERSION_V4 && lookup_type != NX_IP_VERSION_V6))
        return NX_DNS_PARAM_ERROR;
    if (dns->nx_dns_host_servers == 0) return NX_DNS_NO_SERVER;
    addrinfo wanted{};
    wanted.ai_family = lookup_type == NX_IP_VERSION_V4 ? AF_INET : AF_INET6;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int result = ::getaddrinfo(reinterpret_cast<const char*>(host_name), nullptr, &wanted, &found);
    if (result != 0) return result == EAI_AGAIN ? NX_DNS_TIMEOUT : NX_DNS_QUERY_FAILED;
    *host_address = {};
    host_address->nxd_ip_version = lookup_type;
    if (lookup_type == NX_IP_VERSION_V4) {
        sockaddr_in v4;
        std::memcpy(&v4, found->ai_addr, sizeof v4);
        host_address->nxd_ip_address.v4 = ntohl(v4.sin_addr.s_addr);
    } else {
        sockaddr_in6 v6;
        std::memcpy(&v6, found->ai_addr, sizeof v6);
        for (std::size_t i = 0; i != 4; ++i) {
            std::uint32_t word;
            std::memcpy(&word, &v6.sin6_addr.s6_addr[4 * i], sizeof word);
            host_address->nxd_ip_address.v6[i] = ntohl(word);
        }
    }
    ::freeaddrinfo(found);
    return NX_SUCCESS;
}

/* NetX Duo's services, over the operating system's sockets: what the SMTP client and its applications use of
   them.

   Names, types and values are NetX Duo 6's own. The services check their arguments as NetX Duo does when it
   is built with error checking. Where the host differs from the target is said in ../README.md.  */

#ifndef NX_API_H
#define NX_API_H

#include "tx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NETXDUO_MAJOR_VERSION 6
#define NETXDUO_MINOR_VERSION 1

#define NX_NULL 0
#define NX_TRUE 1
#define NX_FALSE 0

#define NX_PARAMETER_NOT_USED(p) ((void)(p))
#define IP_ADDRESS(a, b, c, d) ((((ULONG)(a)) << 24) | (((ULONG)(b)) << 16) | (((ULONG)(c)) << 8) | ((ULONG)(d)))

#define NX_IP_PERIODIC_RATE TX_TIMER_TICKS_PER_SECOND
#define NX_NO_WAIT ((ULONG)0)
#define NX_WAIT_FOREVER ((ULONG)0xFFFFFFFFUL)

#define NX_IP_VERSION_V4 4
#define NX_IP_VERSION_V6 6
#define NX_ANY_PORT 0
#define NX_MAX_PORT 0xFFFF
#define NX_IP_NORMAL ((ULONG)0x00000000UL)
#define NX_FRAGMENT_OKAY ((ULONG)0x00000000UL)
#define NX_DONT_FRAGMENT ((ULONG)0x00004000UL)
#define NX_IP_TIME_TO_LIVE ((ULONG)0x00000080UL)
#define NX_MAX_PHYSICAL_INTERFACES 1
#define NX_TCP_MAXIMUM_TX_QUEUE 20

/* The room that a packet keeps free in front of its data, so that a small payload leaves as little on the
   host as it does on the target, where the headers really go there. */
#define NX_PHYSICAL_HEADER 16
#define NX_RECEIVE_PACKET 0
#define NX_IPv4_PACKET (NX_PHYSICAL_HEADER + 20)
#define NX_IPv6_PACKET (NX_PHYSICAL_HEADER + 40)
#define NX_IPv4_TCP_PACKET (NX_IPv4_PACKET + 20)
#define NX_IPv6_TCP_PACKET (NX_IPv6_PACKET + 20)
#define NX_IPv4_UDP_PACKET (NX_IPv4_PACKET + 8)
#define NX_IPv6_UDP_PACKET (NX_IPv6_PACKET + 8)
#define NX_IP_PACKET NX_IPv6_PACKET
#define NX_TCP_PACKET NX_IPv6_TCP_PACKET
#define NX_UDP_PACKET NX_IPv6_UDP_PACKET

#define NX_SUCCESS 0x00
#define NX_NO_PACKET 0x01
#define NX_UNDERFLOW 0x02
#define NX_OVERFLOW 0x03
#define NX_NO_MAPPING 0x04
#define NX_DELETED 0x05
#define NX_POOL_ERROR 0x06
#define NX_PTR_ERROR 0x07
#define NX_WAIT_ERROR 0x08
#define NX_SIZE_ERROR 0x09
#define NX_OPTION_ERROR 0x0A
#define NX_DELETE_ERROR 0x10
#define NX_CALLER_ERROR 0x11
#define NX_INVALID_PACKET 0x12
#define NX_INVALID_SOCKET 0x13
#define NX_NOT_ENABLED 0x14
#define NX_ALREADY_ENABLED 0x15
#define NX_ENTRY_NOT_FOUND 0x16
#define NX_NO_MORE_ENTRIES 0x17
#define NX_ARP_TIMER_ERROR 0x18
#define NX_WAIT_ABORTED 0x1A
#define NX_IP_INTERNAL_ERROR 0x20
#define NX_IP_ADDRESS_ERROR 0x21
#define NX_ALREADY_BOUND 0x22
#define NX_PORT_UNAVAILABLE 0x23
#define NX_NOT_BOUND 0x24
#define NX_SOCKET_UNBOUND 0x26
#define NX_NOT_CREATED 0x27
#define NX_SOCKETS_BOUND 0x28
#define NX_NO_RESPONSE 0x29
#define NX_POOL_DELETED 0x30
#define NX_ALREADY_RELEASED 0x31
#define NX_MAX_LISTEN 0x33
#define NX_DUPLICATE_LISTEN 0x34
#define NX_NOT_CLOSED 0x35
#define NX_NOT_LISTEN_STATE 0x36
#define NX_IN_PROGRESS 0x37
#define NX_NOT_CONNECTED 0x38
#define NX_WINDOW_OVERFLOW 0x39
#define NX_ALREADY_SUSPENDED 0x40
#define NX_DISCONNECT_FAILED 0x41
#define NX_STILL_BOUND 0x42
#define NX_NOT_SUCCESSFUL 0x43
#define NX_UNHANDLED_COMMAND 0x44
#define NX_NO_FREE_PORTS 0x45
#define NX_INVALID_PORT 0x46
#define NX_INVALID_RELISTEN 0x47
#define NX_CONNECTION_PENDING 0x48
#define NX_TX_QUEUE_DEPTH 0x49
#define NX_NOT_IMPLEMENTED 0x4A
#define NX_NOT_SUPPORTED 0x4B
#define NX_INVALID_INTERFACE 0x4C
#define NX_INVALID_PARAMETERS 0x4D
#define NX_NOT_FOUND 0x4E
#define NX_CANNOT_START 0x4F
#define NX_NO_INTERFACE_ADDRESS 0x50
#define NX_INVALID_MTU_DATA 0x51
#define NX_DUPLICATED_ENTRY 0x52
#define NX_PACKET_OFFSET_ERROR 0x53
#define NX_OPTION_HEADER_ERROR 0x54
#define NX_CONTINUE 0x55

/* Bits of nx_ip_status_check. */
#define NX_IP_INITIALIZE_DONE ((ULONG)0x0001)
#define NX_IP_ADDRESS_RESOLVED ((ULONG)0x0002)
#define NX_IP_LINK_ENABLED ((ULONG)0x0004)
#define NX_IP_ARP_ENABLED ((ULONG)0x0008)
#define NX_IP_UDP_ENABLED ((ULONG)0x0010)
#define NX_IP_TCP_ENABLED ((ULONG)0x0020)
#define NX_IP_IGMP_ENABLED ((ULONG)0x0040)
#define NX_IP_RARP_COMPLETE ((ULONG)0x0080)
#define NX_IP_INTERFACE_LINK_ENABLED ((ULONG)0x0100)

/* States of a TCP socket. */
#define NX_TCP_CLOSED 1
#define NX_TCP_LISTEN_STATE 2
#define NX_TCP_SYN_SENT 3
#define NX_TCP_SYN_RECEIVED 4
#define NX_TCP_ESTABLISHED 5
#define NX_TCP_CLOSE_WAIT 6
#define NX_TCP_FIN_WAIT_1 7
#define NX_TCP_FIN_WAIT_2 8
#define NX_TCP_CLOSING 9
#define NX_TCP_TIMED_WAIT 10
#define NX_TCP_LAST_ACK 11

#define NX_PACKET_POOL_ID ((ULONG)0x5041434BUL)
#define NX_TCP_ID ((ULONG)0x54435020UL)

/* What nx_packet_union_next holds while a packet is in nobody's queue: by these marks a second release is
 * known. */
#define NX_PACKET_ALLOCATED ((ALIGN_TYPE)0xAAAAAAAAUL)
#define NX_PACKET_ENQUEUED ((ALIGN_TYPE)0xEEEEEEEEUL)
#define NX_PACKET_FREE ((ALIGN_TYPE)0xFFFFFFFFUL)

/* An address, in host byte order. */
typedef struct NXD_ADDRESS_STRUCT {
    ULONG nxd_ip_version;
    union {
        ULONG v4;
        ULONG v6[4];
    } nxd_ip_address;
} NXD_ADDRESS;

struct NX_PACKET_POOL_STRUCT;
struct NX_IP_STRUCT;

/* nx_packet_length is the last member on purpose: a 64-bit compiler pads the four octets behind it, and there
   the payload begins. So a pool of N * (payload + sizeof(NX_PACKET)) octets holds N packets for every payload
   of whole words, not only for multiples of eight. Nobody may copy an NX_PACKET by value. */
typedef struct NX_PACKET_STRUCT {
    struct NX_PACKET_POOL_STRUCT* nx_packet_pool_owner;
    struct NX_PACKET_STRUCT* nx_packet_queue_next;
    union {
        struct NX_PACKET_STRUCT* nx_packet_tcp_queue_next;
    } nx_packet_union_next;
    struct NX_PACKET_STRUCT* nx_packet_next; /* the rest of this packet's data */
    struct NX_PACKET_STRUCT* nx_packet_last; /* the last packet of the chain, NULL where there is no chain */
    UCHAR* nx_packet_data_start;
    UCHAR* nx_packet_data_end;
    UCHAR* nx_packet_prepend_ptr;
    UCHAR* nx_packet_append_ptr;
    ULONG nx_packet_length; /* of the whole chain, in its first packet */
} NX_PACKET;

typedef struct NX_PACKET_POOL_STRUCT {
    ULONG nx_packet_pool_id;
    CHAR* nx_packet_pool_name;
    ULONG nx_packet_pool_available;
    ULONG nx_packet_pool_total;
    ULONG nx_packet_pool_empty_requests;
    ULONG nx_packet_pool_empty_suspensions;
    ULONG nx_packet_pool_invalid_releases;
    NX_PACKET* nx_packet_pool_available_list;
    CHAR* nx_packet_pool_start;
    ULONG nx_packet_pool_size;
    ULONG nx_packet_pool_payload_size;
    TX_THREAD* nx_packet_pool_suspension_list;
} NX_PACKET_POOL;

/* What a driver of the application would be asked; the host asks none. */
typedef struct NX_IP_DRIVER_STRUCT {
    UINT nx_ip_driver_command;
    UINT nx_ip_driver_status;
    ULONG nx_ip_driver_physical_address_msw;
    ULONG nx_ip_driver_physical_address_lsw;
    NX_PACKET* nx_ip_driver_packet;
    ULONG* nx_ip_driver_return_ptr;
    struct NX_IP_STRUCT* nx_ip_driver_ptr;
} NX_IP_DRIVER;

typedef struct NX_TCP_SOCKET_STRUCT {
    ULONG nx_tcp_socket_id;
    CHAR* nx_tcp_socket_name;
    UINT nx_tcp_socket_client_type;
    UINT nx_tcp_socket_state;
    UINT nx_tcp_socket_port;
    UINT nx_tcp_socket_connect_port;
    NXD_ADDRESS nx_tcp_socket_connect_ip;
    ULONG nx_tcp_socket_connect_mss;
    ULONG nx_tcp_socket_rx_window_default;
    struct NX_IP_STRUCT* nx_tcp_socket_ip_ptr;
    VOID (*nx_tcp_urgent_data_callback)(struct NX_TCP_SOCKET_STRUCT* socket_ptr);
    VOID (*nx_tcp_disconnect_callback)(struct NX_TCP_SOCKET_STRUCT* socket_ptr);
    struct NX_TCP_SOCKET_STRUCT* nx_tcp_socket_created_next;
    VOID* nx_tcp_socket_reserved_ptr; /* the application's */

    UINT nx_tcp_socket_host_bound;
    int nx_tcp_socket_host_descriptor; /* -1 while there is no connection */
    UINT nx_tcp_socket_host_sending;   /* a packet is on its way, perhaps in part */
    TX_THREAD* nx_tcp_socket_host_suspended;
    TX_THREAD* nx_tcp_socket_host_senders; /* they wait for the packet before theirs */
} NX_TCP_SOCKET;

typedef struct NX_IP_STRUCT {
    ULONG nx_ip_id;
    CHAR* nx_ip_name;
    ULONG nx_ip_address;
    ULONG nx_ip_network_mask;
    NX_PACKET_POOL* nx_ip_default_packet_pool;
    ULONG nx_ip_host_status; /* bits of nx_ip_status_check */
    UINT nx_ip_host_icmp_enabled;
    UINT nx_ip_host_icmpv6_enabled;
    UINT nx_ip_host_ipv6_enabled;
    NXD_ADDRESS nx_ip_host_ipv6_address;
    NX_TCP_SOCKET* nx_ip_tcp_created_sockets_ptr;
    ULONG nx_ip_tcp_created_sockets_count;
    TX_THREAD* nx_ip_host_port_suspended;
} NX_IP;

typedef struct NX_ARP_STRUCT {
    ULONG nx_arp_octets[12]; /* the size of an entry of NetX Duo's cache: the host keeps none */
} NX_ARP;

VOID nx_system_initialize(VOID);

/* What NetX Duo draws its random numbers with: from 0 to the largest int, the operating system's, so that there is nothing
   to seed. On the target it is rand() unless the port says otherwise. */
int _nx_host_rand(void);
#ifndef NX_RAND
#define NX_RAND _nx_host_rand
#endif
#ifndef NX_SRAND
#define NX_SRAND(seed) ((void)(seed))
#endif

UINT nx_packet_pool_create(NX_PACKET_POOL* pool_ptr, CHAR* name, ULONG payload_size, VOID* memory_ptr,
                           ULONG memory_size);
UINT nx_packet_pool_delete(NX_PACKET_POOL* pool_ptr);
UINT nx_packet_pool_info_get(NX_PACKET_POOL* pool_ptr, ULONG* total_packets, ULONG* free_packets,
                             ULONG* empty_pool_requests, ULONG* empty_pool_suspensions, ULONG* invalid_packet_releases);
UINT nx_packet_allocate(NX_PACKET_POOL* pool_ptr, NX_PACKET** packet_ptr, ULONG packet_type, ULONG wait_option);
UINT nx_packet_data_append(NX_PACKET* packet_ptr, VOID* data_start, ULONG data_size, NX_PACKET_POOL* pool_ptr,
                           ULONG wait_option);
UINT nx_packet_data_extract_offset(NX_PACKET* packet_ptr, ULONG offset, VOID* buffer_start, ULONG buffer_length,
                                   ULONG* bytes_copied);
UINT nx_packet_length_get(NX_PACKET* packet_ptr, ULONG* length);
UINT nx_packet_release(NX_PACKET* packet_ptr);

UINT nx_ip_create(NX_IP* ip_ptr, CHAR* name, ULONG ip_address, ULONG network_mask, NX_PACKET_POOL* default_pool,
                  VOID (*ip_network_driver)(NX_IP_DRIVER*), VOID* memory_ptr, ULONG memory_size, UINT priority);
UINT nx_ip_delete(NX_IP* ip_ptr);
UINT nx_ip_status_check(NX_IP* ip_ptr, ULONG needed_status, ULONG* actual_status, ULONG wait_option);
UINT nx_arp_enable(NX_IP* ip_ptr, VOID* arp_cache_memory, ULONG arp_cache_size);
UINT nx_icmp_enable(NX_IP* ip_ptr);
UINT nxd_icmp_enable(NX_IP* ip_ptr);
UINT nx_tcp_enable(NX_IP* ip_ptr);
UINT nxd_ipv6_enable(NX_IP* ip_ptr);
UINT nxd_ipv6_address_set(NX_IP* ip_ptr, UINT interface_index, NXD_ADDRESS* ip_address, ULONG prefix_length,
                          UINT* address_index);

UINT nx_tcp_socket_create(NX_IP* ip_ptr, NX_TCP_SOCKET* socket_ptr, CHAR* name, ULONG type_of_service, ULONG fragment,
                          UINT time_to_live, ULONG window_size,
                          VOID (*tcp_urgent_data_callback)(NX_TCP_SOCKET* socket_ptr),
                          VOID (*tcp_disconnect_callback)(NX_TCP_SOCKET* socket_ptr));
UINT nx_tcp_socket_delete(NX_TCP_SOCKET* socket_ptr);
UINT nx_tcp_client_socket_bind(NX_TCP_SOCKET* socket_ptr, UINT port, ULONG wait_option);
UINT nx_tcp_client_socket_unbind(NX_TCP_SOCKET* socket_ptr);
UINT nxd_tcp_client_socket_connect(NX_TCP_SOCKET* socket_ptr, NXD_ADDRESS* server_ip, UINT server_port,
                                   ULONG wait_option);
UINT nx_tcp_socket_disconnect(NX_TCP_SOCKET* socket_ptr, ULONG wait_option);
UINT nx_tcp_socket_send(NX_TCP_SOCKET* socket_ptr, NX_PACKET* packet_ptr, ULONG wait_option);
UINT nx_tcp_socket_receive(NX_TCP_SOCKET* socket_ptr, NX_PACKET** packet_ptr, ULONG wait_option);
UINT nx_tcp_socket_mss_get(NX_TCP_SOCKET* socket_ptr, ULONG* mss);

/* The drivers that NetX Duo's samples name: they link, and are never called. */
VOID _nx_ram_network_driver(NX_IP_DRIVER* driver_req_ptr);
VOID _nx_ram_network_driver_256(NX_IP_DRIVER* driver_req_ptr);
VOID _nx_ram_network_driver_512(NX_IP_DRIVER* driver_req_ptr);
VOID _nx_ram_network_driver_1024(NX_IP_DRIVER* driver_req_ptr);
VOID _nx_linux_network_driver(NX_IP_DRIVER* driver_req_ptr);

#ifdef __cplusplus
}
#endif

#endif

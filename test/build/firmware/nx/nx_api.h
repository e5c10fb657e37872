/* NetX Duo as a 32-bit target declares it, as far as the SMTP client needs: declarations alone, to measure with.

   What counts for size is as on the target: a socket has 316 octets, and the services that check their arguments take the
   address of the packet variable, so nx_packet_release(take()) does not compile here either.  */

#ifndef NX_API_H
#define NX_API_H

#include "tx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NX_NULL 0
#define NX_TRUE 1
#define NX_FALSE 0
#define NX_PARAMETER_NOT_USED(p) ((void)(p))
#define NX_THREADS_ONLY_CALLER_CHECKING_EXTERNS
#define NX_CALLER_CHECKING_EXTERNS
#define IP_ADDRESS(a, b, c, d) ((((ULONG)(a)) << 24) | (((ULONG)(b)) << 16) | (((ULONG)(c)) << 8) | ((ULONG)(d)))

#define NX_IP_PERIODIC_RATE ((ULONG)100)
#define NX_NO_WAIT ((ULONG)0)
#define NX_WAIT_FOREVER ((ULONG)0xFFFFFFFFUL)
#define NX_IP_VERSION_V4 4
#define NX_IP_VERSION_V6 6
#define NX_ANY_PORT 0
#define NX_IP_NORMAL ((ULONG)0)
#define NX_FRAGMENT_OKAY ((ULONG)0)
#define NX_IP_TIME_TO_LIVE ((ULONG)0x80)

#define NX_PHYSICAL_HEADER 16
#define NX_RECEIVE_PACKET 0
#define NX_IPv4_TCP_PACKET (NX_PHYSICAL_HEADER + 40)
#define NX_IPv6_TCP_PACKET (NX_PHYSICAL_HEADER + 60)
#define NX_TCP_PACKET NX_IPv6_TCP_PACKET

#define NX_SUCCESS 0x00
#define NX_NO_PACKET 0x01
#define NX_UNDERFLOW 0x02
#define NX_OVERFLOW 0x03
#define NX_DELETED 0x05
#define NX_PTR_ERROR 0x07
#define NX_WAIT_ERROR 0x08
#define NX_SIZE_ERROR 0x09
#define NX_OPTION_ERROR 0x0A
#define NX_CALLER_ERROR 0x11
#define NX_INVALID_PACKET 0x12
#define NX_NOT_ENABLED 0x14
#define NX_WAIT_ABORTED 0x1A
#define NX_IP_ADDRESS_ERROR 0x21
#define NX_ALREADY_BOUND 0x22
#define NX_NOT_BOUND 0x24
#define NX_NOT_CLOSED 0x35
#define NX_IN_PROGRESS 0x37
#define NX_NOT_CONNECTED 0x38
#define NX_WINDOW_OVERFLOW 0x39
#define NX_NO_FREE_PORTS 0x45
#define NX_TX_QUEUE_DEPTH 0x49

typedef struct NXD_ADDRESS_STRUCT {
    ULONG nxd_ip_version;
    union {
        ULONG v4;
        ULONG v6[4];
    } nxd_ip_address;
} NXD_ADDRESS;

struct NX_PACKET_POOL_STRUCT;

typedef struct NX_PACKET_STRUCT {
    struct NX_PACKET_POOL_STRUCT* nx_packet_pool_owner;
    struct NX_PACKET_STRUCT* nx_packet_queue_next;
    union {
        struct NX_PACKET_STRUCT* nx_packet_tcp_queue_next;
    } nx_packet_union_next;
    struct NX_PACKET_STRUCT* nx_packet_next;
    struct NX_PACKET_STRUCT* nx_packet_last;
    ULONG nx_packet_length;
    UCHAR* nx_packet_data_start;
    UCHAR* nx_packet_data_end;
    UCHAR* nx_packet_prepend_ptr;
    UCHAR* nx_packet_append_ptr;
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
} NX_PACKET_POOL;

typedef struct NX_IP_STRUCT {
    ULONG nx_ip_id;
    CHAR* nx_ip_name;
    ULONG nx_ip_words[512];
} NX_IP;

typedef struct NX_TCP_SOCKET_STRUCT {
    ULONG nx_tcp_socket_id;
    CHAR* nx_tcp_socket_name;
    UINT nx_tcp_socket_state;
    ULONG nx_tcp_socket_connect_mss;
    VOID* nx_tcp_socket_reserved_ptr;
    ULONG nx_tcp_socket_words[74];
} NX_TCP_SOCKET;

#ifdef __cplusplus
static_assert(sizeof(NX_TCP_SOCKET) == 316, "as on the target");
#else
_Static_assert(sizeof(NX_TCP_SOCKET) == 316, "as on the target");
#endif

#define nx_packet_release(p) _nxe_packet_release(&(p))
#define nx_tcp_socket_send(s, p, w) _nxe_tcp_socket_send(s, &(p), w)
#define nx_tcp_socket_create(i, s, n, t, f, l, w, u, d)                                                                \
    _nxe_tcp_socket_create(i, s, n, t, f, l, w, u, d, sizeof(NX_TCP_SOCKET))

UINT _nxe_packet_release(NX_PACKET** packet_ptr_ptr);
UINT _nxe_tcp_socket_send(NX_TCP_SOCKET* socket_ptr, NX_PACKET** packet_ptr_ptr, ULONG wait_option);
UINT _nxe_tcp_socket_create(NX_IP* ip_ptr, NX_TCP_SOCKET* socket_ptr, CHAR* name, ULONG type_of_service, ULONG fragment,
                            UINT time_to_live, ULONG window_size, VOID (*urgent)(NX_TCP_SOCKET*),
                            VOID (*disconnected)(NX_TCP_SOCKET*), UINT socket_size);

UINT nx_packet_allocate(NX_PACKET_POOL* pool_ptr, NX_PACKET** packet_ptr, ULONG packet_type, ULONG wait_option);
UINT nx_packet_data_append(NX_PACKET* packet_ptr, VOID* data_start, ULONG data_size, NX_PACKET_POOL* pool_ptr,
                           ULONG wait_option);
UINT nx_packet_data_extract_offset(NX_PACKET* packet_ptr, ULONG offset, VOID* buffer_start, ULONG buffer_length,
                                   ULONG* bytes_copied);
UINT nx_packet_length_get(NX_PACKET* packet_ptr, ULONG* length);
UINT nx_tcp_socket_delete(NX_TCP_SOCKET* socket_ptr);
UINT nx_tcp_client_socket_bind(NX_TCP_SOCKET* socket_ptr, UINT port, ULONG wait_option);
UINT nx_tcp_client_socket_unbind(NX_TCP_SOCKET* socket_ptr);
UINT nxd_tcp_client_socket_connect(NX_TCP_SOCKET* socket_ptr, NXD_ADDRESS* server_ip, UINT server_port,
                                   ULONG wait_option);
UINT nx_tcp_socket_disconnect(NX_TCP_SOCKET* socket_ptr, ULONG wait_option);
UINT nx_tcp_socket_receive(NX_TCP_SOCKET* socket_ptr, NX_PACKET** packet_ptr, ULONG wait_option);
UINT nx_tcp_socket_mss_get(NX_TCP_SOCKET* socket_ptr, ULONG* mss);

#ifdef __cplusplus
}
#endif

#endif

/* NetX Duo's DNS client, over the operating system's resolver: what the SMTP client and its applications use of it.

   Names and prototypes are NetX Duo 6's own. Of the status values NX_DNS_NO_SERVER to NX_DNS_EMPTY_DNS_SERVER_LIST (0xA1 to
   0xAB) are as its manual has them; those behind are left out, for the host returns none of them, and a program should
   compare with the names alone. NX_DNS is not the target's: it is larger there.

   The resolver that answers is that of the operating system (getaddrinfo), whatever servers were added; but one must be
   added, as on the target. It does not know wait limits: a name may take as long as the system likes.  */

#ifndef NXD_DNS_H
#define NXD_DNS_H

#include "nx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NX_DNS_ID ((ULONG)0x444E5320UL)

#define NX_DNS_SUCCESS 0x00
#define NX_DNS_NO_SERVER 0xA1
#define NX_DNS_TIMEOUT 0xA2
#define NX_DNS_QUERY_FAILED 0xA3
#define NX_DNS_BAD_ADDRESS_ERROR 0xA4
#define NX_DNS_SIZE_ERROR 0xA5
#define NX_DNS_MALFORMED_PACKET 0xA6
#define NX_DNS_BAD_ID_ERROR 0xA7
#define NX_DNS_PARAM_ERROR 0xA8
#define NX_DNS_SERVER_NOT_FOUND 0xA9
#define NX_DNS_PACKET_ALLOCATE_ERROR 0xAA
#define NX_DNS_EMPTY_DNS_SERVER_LIST 0xAB

#ifndef NX_DNS_MAX_SERVERS
#define NX_DNS_MAX_SERVERS 5
#endif

typedef struct NX_DNS_STRUCT {
    ULONG nx_dns_id;
    UCHAR* nx_dns_domain;
    NX_IP* nx_dns_ip_ptr;
    NXD_ADDRESS nx_dns_server_ip_array[NX_DNS_MAX_SERVERS];
    UINT nx_dns_host_servers;
} NX_DNS;

/* NX_PTR_ERROR, NX_SUCCESS. */
UINT nx_dns_create(NX_DNS* dns_ptr, NX_IP* ip_ptr, UCHAR* domain_name);
/* NX_PTR_ERROR (NULL, or not created), NX_CALLER_ERROR (not a thread), NX_SUCCESS. */
UINT nx_dns_delete(NX_DNS* dns_ptr);
/* NX_PTR_ERROR, NX_CALLER_ERROR, NX_DNS_BAD_ADDRESS_ERROR (0), NX_NO_MORE_ENTRIES, NX_SUCCESS. */
UINT nx_dns_server_add(NX_DNS* dns_ptr, ULONG server_address);
UINT nxd_dns_server_add(NX_DNS* dns_ptr, NXD_ADDRESS* server_address);

/* The first address of a kind: `lookup_type` is NX_IP_VERSION_V4 or NX_IP_VERSION_V6. NX_PTR_ERROR, NX_CALLER_ERROR,
   NX_DNS_PARAM_ERROR (an empty name, another kind), NX_DNS_NO_SERVER, NX_DNS_QUERY_FAILED (the name does not exist, or has
   no such address), NX_DNS_TIMEOUT (no answer), NX_SUCCESS. */
UINT nxd_dns_host_by_name_get(NX_DNS* dns_ptr, UCHAR* host_name, NXD_ADDRESS* host_address_ptr, ULONG wait_option,
                              UINT lookup_type);

#ifdef __cplusplus
}
#endif

#endif

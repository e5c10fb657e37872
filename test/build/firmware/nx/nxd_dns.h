/* NetX Duo's DNS client as a 32-bit target declares it, as far as the SMTP client needs: declarations alone.  */
#ifndef NXD_DNS_H
#define NXD_DNS_H

#include "nx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct NX_DNS_STRUCT {
    ULONG nx_dns_id;
    ULONG nx_dns_words[256];
} NX_DNS;

UINT nxd_dns_host_by_name_get(NX_DNS* dns_ptr, UCHAR* host_name, NXD_ADDRESS* host_address_ptr, ULONG wait_option,
                              UINT lookup_type);

#ifdef __cplusplus
}
#endif

#endif

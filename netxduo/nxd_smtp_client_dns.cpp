// The server by its name, through NetX Duo's DNS client. Empty unless NX_SMTP_CLIENT_DNS is defined.

#include "nxd_smtp_client.h"

#if defined(NX_SMTP_CLIENT_DNS) && !defined(NX_SMTP_CLIENT_BASIC)

namespace {

/// Looks up one kind of address after the other, and takes the first that a connection can be made to.
UINT reach(NX_SMTP_CLIENT* client, UINT (*connect)(NX_SMTP_CLIENT*)) {
    const UINT order = client->nx_smtp_client_dns_order;
    const bool both = order == NX_SMTP_SERVER_IPV6_THEN_IPV4 || order == NX_SMTP_SERVER_IPV4_THEN_IPV6;
    bool v6 = order == NX_SMTP_SERVER_IPV6 || order == NX_SMTP_SERVER_IPV6_THEN_IPV4;
    UINT status = NX_SMTP_SERVER_NAME_ERROR;
    UINT looked_up = NX_SUCCESS;
    for (int attempt = 0; attempt != (both ? 2 : 1); ++attempt, v6 = !v6) {
        const UINT answer = nxd_dns_host_by_name_get(client->nx_smtp_client_dns_ptr,
                                                     reinterpret_cast<UCHAR*>(client->nx_smtp_client_server_name),
                                                     &client->nx_smtp_client_server_address, NX_SMTP_CLIENT_DNS_TIMEOUT,
                                                     v6 ? NX_IP_VERSION_V6 : NX_IP_VERSION_V4);
        if (answer != NX_SUCCESS) {
            if (looked_up == NX_SUCCESS) looked_up = answer;
            continue;
        }
        client->nx_smtp_client_dns_status = NX_SUCCESS;
        status = connect(client);
        if (status == NX_SUCCESS) return status;
    }
    client->nx_smtp_client_dns_status = status == NX_SMTP_SERVER_NAME_ERROR ? looked_up : NX_SUCCESS;
    return status;
}

} // namespace

UINT nxd_smtp_client_server_name_set(NX_SMTP_CLIENT* client_ptr, NX_DNS* dns_ptr, CHAR* server_name, UINT order) {
    if (client_ptr == NX_NULL || dns_ptr == NX_NULL || server_name == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    if (order < NX_SMTP_SERVER_IPV4 || order > NX_SMTP_SERVER_IPV4_THEN_IPV6) return NX_SMTP_INVALID_PARAM;
    client_ptr->nx_smtp_client_dns_ptr = dns_ptr;
    client_ptr->nx_smtp_client_server_name = server_name;
    client_ptr->nx_smtp_client_dns_order = order;
    client_ptr->nx_smtp_client_dns_status = NX_SUCCESS;
    client_ptr->nx_smtp_client_reach = reach;
    return NX_SUCCESS;
}

UINT nx_smtp_client_server_name_status_get(NX_SMTP_CLIENT* client_ptr, UINT* dns_status) {
    if (client_ptr == NX_NULL || dns_status == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    *dns_status = client_ptr->nx_smtp_client_dns_status;
    return NX_SUCCESS;
}

#endif

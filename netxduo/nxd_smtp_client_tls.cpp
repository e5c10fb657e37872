// TLS for the client, by NetX Secure's public services. Linked only where an application calls nx_smtp_client_tls_setup_set.
// Empty unless NX_SMTP_CLIENT_TLS is defined.
//
// NetX Secure looks at no name, and takes every certificate that a trusted one vouches for: somebody else's, too. So the
// client has a certificate callback of its own in each session, and where a handshake succeeds without that having been asked
// - a cipher suite without certificates - the server is not verified, and nothing is said to it.

#include "nxd_smtp_client.h"

#ifdef NX_SMTP_CLIENT_TLS

#include "connection.hpp"

#include "postrider/certificate.hpp"
#include "postrider/config.hpp"

#include <cstddef>

namespace {

using namespace postrider::netxduo_client;

static_assert(postrider::config::tls, "NX_SMTP_CLIENT_TLS needs POSTRIDER_TLS");

/// Never by nx_secure_x509_common_name_dns_check, which falls back to the common name, where anything may stand.
ULONG check_name(NX_SECURE_TLS_SESSION* session, NX_SECURE_X509_CERT* certificate) {
    CHAR* const at = reinterpret_cast<CHAR*>(session) - offsetof(NX_SMTP_CLIENT, nx_smtp_client_tls_session);
    NX_SMTP_CLIENT* const client = reinterpret_cast<NX_SMTP_CLIENT*>(at);
    const std::string_view octets{reinterpret_cast<const CHAR*>(certificate->nx_secure_x509_certificate_raw_data),
                                  certificate->nx_secure_x509_certificate_raw_data_length};
    const CHAR* const name = server_name_of(client);
    if (name != NX_NULL && !postrider::certificate_names(octets, name)) return NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH;
    if (client->nx_smtp_client_tls_verdict != NX_NULL) {
        const ULONG status = client->nx_smtp_client_tls_verdict(session, certificate);
        if (status != NX_SUCCESS) return status;
    }
    client->nx_smtp_client_tls_checked = NX_TRUE;
    return NX_SUCCESS;
}

/// RFC 6066 §3: a DNS name, without a dot at its end, and no address.
std::string_view sni_for(const CHAR* server_name) noexcept {
    std::string_view name = server_name == NX_NULL ? "" : server_name;
    if (!name.empty() && name.back() == '.') name.remove_suffix(1);
    bool digits = true;
    for (const CHAR c : name) {
        if (c == ':') return {};
        digits = digits && ((c >= '0' && c <= '9') || c == '.');
    }
    return digits ? std::string_view{} : name;
}

UINT configure(NX_SMTP_CLIENT* client) {
    NX_SECURE_TLS_SESSION* const session = &client->nx_smtp_client_tls_session;
    UINT status = client->nx_smtp_client_tls_setup(client, session);
    if (status != NX_SUCCESS) return status;
    // No service gives back what the application has set.
    client->nx_smtp_client_tls_verdict = session->nx_secure_tls_session_certificate_callback;
    status = nx_secure_tls_session_certificate_callback_set(session, check_name);
    const std::string_view sni = sni_for(server_name_of(client));
    if (status != NX_SUCCESS || sni.empty()) return status;
    status = nx_secure_x509_dns_name_initialize(
        &client->nx_smtp_client_tls_sni, reinterpret_cast<const UCHAR*>(sni.data()), static_cast<USHORT>(sni.size()));
    if (status != NX_SUCCESS) return status;
    return nx_secure_tls_session_sni_extension_set(session, &client->nx_smtp_client_tls_sni);
}

UINT start(NX_SMTP_CLIENT* client) {
    NX_SECURE_TLS_SESSION* const session = &client->nx_smtp_client_tls_session;
    wipe_object(*session); // a block that looks like a live session is not taken
    client->nx_smtp_client_tls_checked = NX_FALSE;
    UINT status = configure(client);
    if (status == NX_SUCCESS)
        status = nx_secure_tls_session_start(session, &client->nx_smtp_client_socket, NX_SMTP_CLIENT_TLS_TIMEOUT);
    if (status == NX_SUCCESS && client->nx_smtp_client_tls_checked == NX_FALSE) status = NX_SMTP_TLS_UNVERIFIED;
    if (status == NX_SUCCESS) client->nx_smtp_client_tls_stands = NX_TRUE;
    else nx_secure_tls_session_delete(session);
    return status;
}

UINT allocate(NX_SMTP_CLIENT* client, NX_PACKET** packet) {
    return nx_secure_tls_packet_allocate(&client->nx_smtp_client_tls_session, client->nx_smtp_client_packet_pool_ptr,
                                         packet, NX_SMTP_CLIENT_PACKET_TIMEOUT);
}

UINT send(NX_SMTP_CLIENT* client, NX_PACKET* packet) {
    return nx_secure_tls_session_send(&client->nx_smtp_client_tls_session, packet, NX_SMTP_CLIENT_SEND_TIMEOUT);
}

UINT receive(NX_SMTP_CLIENT* client, NX_PACKET** packet, ULONG wait) {
    return nx_secure_tls_session_receive(&client->nx_smtp_client_tls_session, packet, wait);
}

VOID end(NX_SMTP_CLIENT* client, ULONG wait) {
    NX_SECURE_TLS_SESSION* const session = &client->nx_smtp_client_tls_session;
    client->nx_smtp_client_tls_stands = NX_FALSE;
    if (wait != NX_NO_WAIT) nx_secure_tls_session_end(session, wait);
    nx_secure_tls_session_delete(session);
}

const NX_SMTP_CLIENT_TLS_CALLS_STRUCT calls = {start, allocate, send, receive, end};

} // namespace

UINT nx_smtp_client_tls_setup_set(NX_SMTP_CLIENT* client_ptr, UINT mode, CHAR* server_name,
                                  UINT (*tls_setup)(NX_SMTP_CLIENT*, NX_SECURE_TLS_SESSION*)) {
    if (client_ptr == NX_NULL || tls_setup == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    if (mode != NX_SMTP_CLIENT_TLS_STARTTLS && mode != NX_SMTP_CLIENT_TLS_IMPLICIT) return NX_SMTP_INVALID_PARAM;
    if (server_name != NX_NULL && server_name[0] == '\0') return NX_SMTP_INVALID_PARAM;
    // Its connection may be one in clear text, over which no further mail must go.
    if (client_ptr->nx_smtp_client_keeper != NX_NULL) return NX_NOT_CLOSED;
    client_ptr->nx_smtp_client_tls_mode = static_cast<UCHAR>(mode);
    client_ptr->nx_smtp_client_tls_server_name = server_name;
    client_ptr->nx_smtp_client_tls_setup = tls_setup;
    client_ptr->nx_smtp_client_tls = &calls;
    return NX_SUCCESS;
}

#endif

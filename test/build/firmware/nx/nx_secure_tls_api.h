/* NetX Secure as a 32-bit target declares it, as far as the SMTP client needs: declarations alone. The sizes of a session
   and a certificate are of its configuration, and not these.  */
#ifndef NX_SECURE_TLS_API_H
#define NX_SECURE_TLS_API_H

#include "nx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH 0x195
#define NX_SECURE_X509_DNS_NAME_MAX 100

typedef struct NX_SECURE_X509_DNS_NAME_STRUCT {
    UCHAR nx_secure_x509_dns_name[NX_SECURE_X509_DNS_NAME_MAX];
    USHORT nx_secure_x509_dns_name_length;
} NX_SECURE_X509_DNS_NAME;

typedef struct NX_SECURE_X509_CERT_STRUCT {
    const UCHAR* nx_secure_x509_certificate_raw_data;
    UINT nx_secure_x509_certificate_raw_data_length;
} NX_SECURE_X509_CERT;

typedef struct NX_SECURE_TLS_SESSION_STRUCT {
    ULONG nx_secure_tls_id;
    ULONG(*nx_secure_tls_session_certificate_callback)
    (struct NX_SECURE_TLS_SESSION_STRUCT* session, NX_SECURE_X509_CERT* certificate);
    ULONG nx_secure_tls_words[256];
} NX_SECURE_TLS_SESSION;

UINT nx_secure_tls_session_delete(NX_SECURE_TLS_SESSION* tls_session);
UINT nx_secure_tls_session_sni_extension_set(NX_SECURE_TLS_SESSION* tls_session, NX_SECURE_X509_DNS_NAME* dns_name);
UINT nx_secure_tls_session_certificate_callback_set(NX_SECURE_TLS_SESSION* tls_session,
                                                    ULONG (*func_ptr)(NX_SECURE_TLS_SESSION* session,
                                                                      NX_SECURE_X509_CERT* certificate));
UINT nx_secure_tls_session_start(NX_SECURE_TLS_SESSION* tls_session, NX_TCP_SOCKET* tcp_socket, ULONG wait_option);
UINT nx_secure_tls_packet_allocate(NX_SECURE_TLS_SESSION* tls_session, NX_PACKET_POOL* pool_ptr, NX_PACKET** packet_ptr,
                                   ULONG wait_option);
UINT nx_secure_tls_session_send(NX_SECURE_TLS_SESSION* tls_session, NX_PACKET* packet_ptr, ULONG wait_option);
UINT nx_secure_tls_session_receive(NX_SECURE_TLS_SESSION* tls_session, NX_PACKET** packet_ptr_ptr, ULONG wait_option);
UINT nx_secure_tls_session_end(NX_SECURE_TLS_SESSION* tls_session, ULONG wait_option);
UINT nx_secure_x509_dns_name_initialize(NX_SECURE_X509_DNS_NAME* dns_name, const UCHAR* name_string, USHORT length);

#ifdef __cplusplus
}
#endif

#endif

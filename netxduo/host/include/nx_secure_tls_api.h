/* NetX Secure TLS, over OpenSSL or mbedTLS: what a TLS client on NetX Duo uses of it.

   Names and prototypes are NetX Secure's own, of NetX Duo 6. So are the status values, as far as they are remembered:
   ../README.md says which could not be compared with its headers, so a program compares with the names alone. Where the
   host differs from the target is said there, too.

   Neither the name nor the dates of a certificate are checked unless the application sees to it: with
   nx_secure_tls_session_certificate_callback_set and nx_secure_x509_common_name_dns_check for the name, with
   nx_secure_tls_session_time_function_set for the dates.  */

#ifndef NX_SECURE_TLS_API_H
#define NX_SECURE_TLS_API_H

#include "nx_api.h"
#include "nx_crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NX_SECURE_TLS_ID ((ULONG)0x544C5320UL)

#define NX_SECURE_TLS_SUCCESS NX_SUCCESS
#define NX_SECURE_TLS_SESSION_UNINITIALIZED 0x101 /* no session, or none any more */
#define NX_SECURE_TLS_UNRECOGNIZED_MESSAGE_TYPE 0x102
#define NX_SECURE_TLS_INVALID_STATE 0x103
#define NX_SECURE_TLS_INVALID_PACKET 0x104
#define NX_SECURE_TLS_UNKNOWN_CIPHERSUITE 0x105
#define NX_SECURE_TLS_UNSUPPORTED_CIPHER 0x106
#define NX_SECURE_TLS_HANDSHAKE_FAILURE 0x107
#define NX_SECURE_TLS_HASH_MAC_VERIFY_FAILURE 0x108
#define NX_SECURE_TLS_TCP_SEND_FAILED 0x109
#define NX_SECURE_TLS_INCORRECT_MESSAGE_LENGTH 0x10A
#define NX_SECURE_TLS_BAD_CIPHERSPEC 0x10B
#define NX_SECURE_TLS_INVALID_SERVER_CERT 0x10C
#define NX_SECURE_TLS_UNSUPPORTED_PUBLIC_CIPHER 0x10D
#define NX_SECURE_TLS_NO_SUPPORTED_CIPHERS 0x10E
#define NX_SECURE_TLS_UNKNOWN_TLS_VERSION 0x10F
#define NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION 0x110
#define NX_SECURE_TLS_ALLOCATE_PACKET_FAILED 0x111
#define NX_SECURE_TLS_INVALID_CERTIFICATE 0x112
#define NX_SECURE_TLS_NO_CLOSE_RESPONSE 0x113
#define NX_SECURE_TLS_ALERT_RECEIVED 0x114
#define NX_SECURE_TLS_FINISHED_HASH_FAILURE 0x115
#define NX_SECURE_TLS_UNKNOWN_CERT_SIG_ALGORITHM 0x116
#define NX_SECURE_TLS_CERTIFICATE_SIG_CHECK_FAILED 0x117
#define NX_SECURE_TLS_BAD_COMPRESSION_METHOD 0x118
#define NX_SECURE_TLS_CERTIFICATE_NOT_FOUND 0x119
#define NX_SECURE_TLS_INVALID_SELF_SIGNED_CERT 0x11A
#define NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND 0x11B
#define NX_SECURE_TLS_OUT_OF_ORDER_MESSAGE 0x11C
#define NX_SECURE_TLS_INVALID_REMOTE_HOST 0x11D
#define NX_SECURE_TLS_CLOSE_NOTIFY_RECEIVED 0x127 /* the peer ends the session in order */
#define NX_SECURE_TLS_NO_CERT_SPACE_ALLOCATED 0x129
#define NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE 0x12D
#define NX_SECURE_TLS_PACKET_BUFFER_TOO_SMALL 0x135
#define NX_SECURE_TLS_CERT_ID_DUPLICATE 0x139

#define NX_SECURE_X509_SUCCESS NX_SUCCESS
#define NX_SECURE_X509_CHAIN_VERIFY_FAILURE 0x18C
#define NX_SECURE_X509_CERTIFICATE_EXPIRED 0x18E
#define NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID 0x18F
#define NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH 0x195
#define NX_SECURE_X509_NAME_STRING_TOO_LONG 0x19C

#define NX_SECURE_TLS_VERSION_TLS_1_0 0x0301
#define NX_SECURE_TLS_VERSION_TLS_1_1 0x0302
#define NX_SECURE_TLS_VERSION_TLS_1_2 0x0303
#define NX_SECURE_TLS_VERSION_TLS_1_3 0x0304

#define NX_SECURE_TLS_ALERT_LEVEL_WARNING 1
#define NX_SECURE_TLS_ALERT_LEVEL_FATAL 2

/* The kind of the private key that goes with a certificate. */
#define NX_SECURE_X509_KEY_TYPE_NONE 0x0
#define NX_SECURE_X509_KEY_TYPE_RSA_PKCS1_DER 0x1
#define NX_SECURE_X509_KEY_TYPE_EC_DER 0x2

#define NX_SECURE_X509_DNS_NAME_MAX 100

/* Which algorithms a session may use. The host's libraries know theirs, so that a table is a name alone. */
typedef struct NX_SECURE_TLS_CRYPTO_STRUCT {
    ULONG nx_secure_tls_host_metadata_size; /* what session_create wants */
} NX_SECURE_TLS_CRYPTO;

extern const NX_SECURE_TLS_CRYPTO nx_crypto_tls_ciphers;
extern const NX_SECURE_TLS_CRYPTO nx_crypto_tls_ciphers_ecc;

typedef struct NX_SECURE_X509_DISTINGUISHED_NAME_STRUCT {
    const UCHAR* nx_secure_x509_common_name;
    USHORT nx_secure_x509_common_name_length;
} NX_SECURE_X509_DISTINGUISHED_NAME;

typedef struct NX_SECURE_X509_DNS_NAME_STRUCT {
    UCHAR nx_secure_x509_dns_name[NX_SECURE_X509_DNS_NAME_MAX + 1];
    USHORT nx_secure_x509_dns_name_length;
} NX_SECURE_X509_DNS_NAME;

/* Each is in one list of one session, through its last member: two sessions that trust the same root need two of these. */
typedef struct NX_SECURE_X509_CERT_STRUCT {
    const UCHAR* nx_secure_x509_certificate_raw_data; /* DER */
    UINT nx_secure_x509_certificate_raw_data_length;
    UCHAR* nx_secure_x509_certificate_raw_buffer;
    UINT nx_secure_x509_certificate_raw_buffer_size;
    const UCHAR* nx_secure_x509_host_private_key; /* DER */
    UINT nx_secure_x509_host_private_key_length;
    UINT nx_secure_x509_private_key_type;
    NX_SECURE_X509_DISTINGUISHED_NAME nx_secure_x509_distinguished_name; /* the subject */
    NX_SECURE_X509_DISTINGUISHED_NAME nx_secure_x509_issuer;
    struct NX_SECURE_X509_CERT_STRUCT* nx_secure_x509_next_certificate;
} NX_SECURE_X509_CERT;

typedef struct NX_SECURE_TLS_SESSION_STRUCT {
    ULONG nx_secure_tls_id;
    NX_TCP_SOCKET* nx_secure_tls_tcp_socket;
    NX_PACKET_POOL* nx_secure_tls_packet_pool; /* the default pool of the socket's instance */
    UCHAR* nx_secure_tls_packet_buffer;
    ULONG nx_secure_tls_packet_buffer_size;
    USHORT nx_secure_tls_protocol_version_override;
    USHORT nx_secure_tls_protocol_version; /* what was agreed */
    UINT nx_secure_tls_received_alert_level;
    UINT nx_secure_tls_received_alert_value;
    NX_SECURE_X509_DNS_NAME* nx_secure_tls_sni_extension_server_name;
    ULONG (*nx_secure_tls_session_time_function)(VOID);
    ULONG(*nx_secure_tls_session_certificate_callback)
    (struct NX_SECURE_TLS_SESSION_STRUCT* session, NX_SECURE_X509_CERT* certificate);

    NX_SECURE_X509_CERT* nx_secure_tls_host_trusted;
    NX_SECURE_X509_CERT* nx_secure_tls_host_local;
    NX_SECURE_X509_CERT* nx_secure_tls_host_free;   /* room for the peer's */
    NX_SECURE_X509_CERT* nx_secure_tls_host_remote; /* the peer's, its own first */
    TX_MUTEX nx_secure_tls_host_transmit;           /* records leave in the order in which they were encrypted */
    TX_MUTEX nx_secure_tls_host_receive;
    VOID* nx_secure_tls_host_connection; /* the library's side, on the heap, from _start to _reset or _delete */
} NX_SECURE_TLS_SESSION;

VOID nx_secure_tls_initialize(VOID);

/* NX_PTR_ERROR, NX_SIZE_ERROR (see nx_secure_tls_metadata_size_calculate), NX_SUCCESS. A block that holds a live session is
   NX_PTR_ERROR: begin with a block of zeros. */
UINT nx_secure_tls_session_create(NX_SECURE_TLS_SESSION* session_ptr, const NX_SECURE_TLS_CRYPTO* crypto_table,
                                  VOID* metadata_buffer, ULONG metadata_size);
UINT nx_secure_tls_metadata_size_calculate(const NX_SECURE_TLS_CRYPTO* crypto_table, ULONG* metadata_size);

/* Frees what _start has made. Says nothing to the peer: _end does. NX_PTR_ERROR, NX_SECURE_TLS_SESSION_UNINITIALIZED,
   NX_SUCCESS. The same for _reset, after which the session, its certificates and its settings can be used again. */
UINT nx_secure_tls_session_delete(NX_SECURE_TLS_SESSION* tls_session);
UINT nx_secure_tls_session_reset(NX_SECURE_TLS_SESSION* tls_session);

/* Settings, before _start. NX_PTR_ERROR, NX_SECURE_TLS_SESSION_UNINITIALIZED, NX_SUCCESS. Versions that are not there are
   NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION. The DNS name stays the caller's and must live until _start. */
UINT nx_secure_tls_session_packet_buffer_set(NX_SECURE_TLS_SESSION* session_ptr, UCHAR* buffer_ptr, ULONG buffer_size);
UINT nx_secure_tls_session_protocol_version_override(NX_SECURE_TLS_SESSION* tls_session, USHORT protocol_version);
UINT nx_secure_tls_session_sni_extension_set(NX_SECURE_TLS_SESSION* tls_session, NX_SECURE_X509_DNS_NAME* dns_name);
/* Seconds since 1970; 0 where the clock does not know, and then no date is checked. */
UINT nx_secure_tls_session_time_function_set(NX_SECURE_TLS_SESSION* tls_session, ULONG (*time_func_ptr)(VOID));
/* Asked when the chain leads to a trusted certificate; anything but NX_SUCCESS ends the handshake with that status. It must
   not use the session. */
UINT nx_secure_tls_session_certificate_callback_set(NX_SECURE_TLS_SESSION* tls_session,
                                                    ULONG (*func_ptr)(NX_SECURE_TLS_SESSION* session,
                                                                      NX_SECURE_X509_CERT* certificate));

/* Certificates, before _start. NX_PTR_ERROR, NX_SECURE_TLS_SESSION_UNINITIALIZED, NX_INVALID_PARAMETERS (not initialized),
   NX_SECURE_TLS_CERT_ID_DUPLICATE (in the list already), NX_SUCCESS. Local ones: that with a private key is the client's
   own, those without lead from it to a root. Room for the peer's: what was not allocated is taken from the end of the packet
   buffer. */
UINT nx_secure_tls_trusted_certificate_add(NX_SECURE_TLS_SESSION* tls_session, NX_SECURE_X509_CERT* certificate_ptr);
UINT nx_secure_tls_local_certificate_add(NX_SECURE_TLS_SESSION* tls_session, NX_SECURE_X509_CERT* certificate_ptr);
UINT nx_secure_tls_remote_certificate_allocate(NX_SECURE_TLS_SESSION* tls_session, NX_SECURE_X509_CERT* certificate_ptr,
                                               UCHAR* raw_certificate_buffer, UINT raw_buffer_size);

/* The handshake, over a socket that is connected; the client's side. Each wait is for one segment, not for the whole.

   NX_PTR_ERROR, NX_CALLER_ERROR, NX_SECURE_TLS_SESSION_UNINITIALIZED, NX_NOT_CONNECTED (so is the end of the connection
   within the handshake), NX_NO_PACKET (nothing came in time), NX_WAIT_ABORTED, NX_SECURE_TLS_TCP_SEND_FAILED,
   NX_SECURE_TLS_ALLOCATE_PACKET_FAILED; NX_SECURE_TLS_PACKET_BUFFER_TOO_SMALL, NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE (for
   the peer's certificates); NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND, NX_SECURE_TLS_INVALID_SELF_SIGNED_CERT,
   NX_SECURE_TLS_CERTIFICATE_SIG_CHECK_FAILED, NX_SECURE_X509_CERTIFICATE_EXPIRED,
   NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID, NX_SECURE_X509_CHAIN_VERIFY_FAILURE, what the callback said;
   NX_SECURE_TLS_INVALID_CERTIFICATE (one of ours); NX_SECURE_TLS_ALERT_RECEIVED, NX_SECURE_TLS_UNKNOWN_TLS_VERSION (that is
   not TLS), NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION, NX_SECURE_TLS_HANDSHAKE_FAILURE; NX_SUCCESS. After a failure the session
   can be reset or deleted; the connection is of no use. */
UINT nx_secure_tls_session_start(NX_SECURE_TLS_SESSION* tls_session, NX_TCP_SOCKET* tcp_socket, ULONG wait_option);

/* A packet with room in front of its data for TLS: no other can be sent. NX_PTR_ERROR,
   NX_SECURE_TLS_SESSION_UNINITIALIZED, NX_SECURE_TLS_ALLOCATE_PACKET_FAILED, NX_WAIT_ABORTED, NX_SUCCESS. */
UINT nx_secure_tls_packet_allocate(NX_SECURE_TLS_SESSION* tls_session, NX_PACKET_POOL* pool_ptr, NX_PACKET** packet_ptr,
                                   ULONG wait_option);

/* On success the packet is the stack's; otherwise it is still the caller's, to be released. After
   NX_SECURE_TLS_ALLOCATE_PACKET_FAILED it may also be sent again. NX_PTR_ERROR, NX_CALLER_ERROR,
   NX_SECURE_TLS_SESSION_UNINITIALIZED (not started, ended, or a send has failed), NX_SECURE_TLS_INVALID_PACKET (not of
   nx_secure_tls_packet_allocate, or empty), NX_SECURE_TLS_ALLOCATE_PACKET_FAILED (the record does not fit into the packet,
   and its pool is empty), NX_SECURE_TLS_TCP_SEND_FAILED (nothing can be sent any more: a record is incomplete),
   NX_WAIT_ABORTED, NX_SUCCESS. */
UINT nx_secure_tls_session_send(NX_SECURE_TLS_SESSION* tls_session, NX_PACKET* packet_ptr, ULONG wait_option);

/* The data of one record, or as much as the instance's default pool has packets for; the rest comes with the next call.

   NX_PTR_ERROR, NX_CALLER_ERROR, NX_SECURE_TLS_SESSION_UNINITIALIZED (not started, or over), NX_NO_PACKET (nothing came in
   time), NX_SECURE_TLS_ALLOCATE_PACKET_FAILED, NX_WAIT_ABORTED: try again. NX_SECURE_TLS_CLOSE_NOTIFY_RECEIVED (the end:
   nothing was cut off), NX_NOT_CONNECTED (the connection ended without it: something may have been),
   NX_SECURE_TLS_ALERT_RECEIVED, NX_SECURE_TLS_HASH_MAC_VERIFY_FAILURE, NX_SECURE_TLS_UNRECOGNIZED_MESSAGE_TYPE: over.
   NX_SUCCESS. */
UINT nx_secure_tls_session_receive(NX_SECURE_TLS_SESSION* tls_session, NX_PACKET** packet_ptr_ptr, ULONG wait_option);

/* Says close_notify and waits for the peer's; data that still come are dropped. NX_PTR_ERROR, NX_CALLER_ERROR,
   NX_SECURE_TLS_SESSION_UNINITIALIZED, NX_SECURE_TLS_TCP_SEND_FAILED, NX_SECURE_TLS_ALLOCATE_PACKET_FAILED,
   NX_SECURE_TLS_NO_CLOSE_RESPONSE (the peer did not say it), NX_WAIT_ABORTED, NX_SUCCESS. The session is over either way; the
   connection of the socket is not. */
UINT nx_secure_tls_session_end(NX_SECURE_TLS_SESSION* tls_session, ULONG wait_option);

/* The last alert that the peer has sent: 0, 0 where there was none. NX_PTR_ERROR, NX_SECURE_TLS_SESSION_UNINITIALIZED,
   NX_SUCCESS. */
UINT nx_secure_tls_session_alert_value_get(NX_SECURE_TLS_SESSION* tls_session, UINT* alert_level, UINT* alert_value);

/* DER. With a buffer the data are copied there, and need not stay. NX_PTR_ERROR, NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE (the
   buffer is too small), NX_SECURE_TLS_INVALID_CERTIFICATE, NX_SECURE_TLS_UNSUPPORTED_PUBLIC_CIPHER (the key's kind),
   NX_SUCCESS. */
UINT nx_secure_x509_certificate_initialize(NX_SECURE_X509_CERT* certificate, UCHAR* certificate_data, USHORT length,
                                           UCHAR* raw_data_buffer, USHORT buffer_size, const UCHAR* private_key,
                                           USHORT priv_len, UINT private_key_type);

/* Whether the certificate is for that name: its common name or one of its DNS names, which may begin with `*.`. Octets
   are compared: an `M` is no `m`. NX_PTR_ERROR, NX_SECURE_TLS_INVALID_CERTIFICATE,
   NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH, NX_SUCCESS. */
UINT nx_secure_x509_common_name_dns_check(NX_SECURE_X509_CERT* certificate, const UCHAR* dns_tld, UINT dns_tld_length);

/* NX_PTR_ERROR, NX_SECURE_X509_NAME_STRING_TOO_LONG, NX_SUCCESS. */
UINT nx_secure_x509_dns_name_initialize(NX_SECURE_X509_DNS_NAME* dns_name, const UCHAR* name_string, USHORT length);

#ifdef __cplusplus
}
#endif

#endif

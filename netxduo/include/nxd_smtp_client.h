/* nxd_smtp_client.h - the NetX Duo SMTP Client: create a client on an IP instance and a packet pool, send a mail, know
   what became of it. For C and C++; on NetX Duo itself, and on the host platform beside it.

   Texts are NUL-terminated. Time limits are in ticks of NX_IP_PERIODIC_RATE. _mail_send and _client_delete must be called
   from a thread. One client serves one thread at a time; different clients share nothing.

   Macros that change NX_SMTP_CLIENT (the NX_SMTP_CLIENT_MAX_*, NX_SMTP_CLIENT_REPLY_TEXT, NX_SMTP_CLIENT_BASIC,
   NX_SMTP_CLIENT_DNS, NX_SMTP_CLIENT_TLS and NX_SMTP_CLIENT_CRAM_MD5) must be the same for the application and for the
   client's sources, and so must NX_SMTP_CLIENT_TLS_REQUIRED.

   NX_SMTP_CLIENT_BASIC leaves out what the original does not have: encoded subjects (they go out as they are), priority
   headers, Date and Message-ID, whole messages as body, more than one command in a segment, TLS, CRAM-MD5, tokens, and all
   of nxd_smtp_mail.h. config.hpp of the engine has more to leave out.

   NX_SMTP_CLIENT_DNS lets the server be found by its name, with NetX Duo's DNS client (nxd_dns.h).

   NX_SMTP_CLIENT_TLS lets the client speak TLS, by NetX Secure (nx_secure_tls_api.h): nx_smtp_client_tls_setup_set. A client
   for which that was called says nothing in clear text but EHLO and STARTTLS. NX_SMTP_CLIENT_TLS_REQUIRED, beside it: a
   client for which it was not called connects to nobody.

   NX_SMTP_CLIENT_CRAM_MD5 serves NX_SMTP_CLIENT_AUTH_CRAM_MD5, by NetX Crypto's HMAC-MD5 (nx_crypto.h).  */

#ifndef NXD_SMTP_CLIENT_H
#define NXD_SMTP_CLIENT_H

#include "nx_api.h"
#include "tx_api.h"
#ifdef NX_SMTP_CLIENT_DNS
#include "nxd_dns.h"
#endif
#ifdef NX_SMTP_CLIENT_TLS
#include "nx_secure_tls_api.h"
#endif

/* What an application relies on must not be left out in silence. */
#if defined(NX_SMTP_CLIENT_TLS_REQUIRED) && !defined(NX_SMTP_CLIENT_TLS)
#error "NX_SMTP_CLIENT_TLS_REQUIRED needs NX_SMTP_CLIENT_TLS"
#endif
#if defined(NX_SMTP_CLIENT_BASIC) && (defined(NX_SMTP_CLIENT_TLS) || defined(NX_SMTP_CLIENT_CRAM_MD5))
#error "NX_SMTP_CLIENT_BASIC has neither TLS nor CRAM-MD5"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Authentication types. Where the server lists LOGIN and not PLAIN, LOGIN is used, and the other way round; where it lists
   neither, PLAIN. Each other value is PLAIN. A switch lasts for one session. CRAM_MD5, where it is served, and XOAUTH2 are
   never switched: where the server does not list them nothing is sent, NX_SMTP_AUTH_REPLY_ERROR. */
#define NX_SMTP_CLIENT_AUTH_NONE                                                                                       \
    0xFFFF /* PLAIN where the server offers AUTH and there is a user name, else nothing; with TLS nothing */
#define NX_SMTP_CLIENT_AUTH_LOGIN 1
#define NX_SMTP_CLIENT_AUTH_CRAM_MD5 2 /* with NX_SMTP_CLIENT_CRAM_MD5; else PLAIN */
#define NX_SMTP_CLIENT_AUTH_PLAIN 3
#define NX_SMTP_CLIENT_AUTH_XOAUTH2 4 /* the password is an OAuth 2.0 access token; with TLS only */

#define NX_SMTP_MAIL_PRIORITY_LOW 1
#define NX_SMTP_MAIL_PRIORITY_NORMAL 2 /* and each other value */
#define NX_SMTP_MAIL_PRIORITY_HIGH 4
#define TP_MAIL_PRIORITY_NORMAL NX_SMTP_MAIL_PRIORITY_NORMAL /* as the manual once calls it */

#ifndef NX_SMTP_CLIENT_TCP_WINDOW_SIZE
#define NX_SMTP_CLIENT_TCP_WINDOW_SIZE 1460
#endif
#ifndef NX_SMTP_CLIENT_PACKET_TIMEOUT /* for a packet from the pool */
#define NX_SMTP_CLIENT_PACKET_TIMEOUT (2 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_CLIENT_CONNECTION_TIMEOUT
#define NX_SMTP_CLIENT_CONNECTION_TIMEOUT (10 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_CLIENT_DISCONNECT_TIMEOUT /* for the answer to QUIT, and for the end of the connection */
#define NX_SMTP_CLIENT_DISCONNECT_TIMEOUT (5 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_GREETING_TIMEOUT /* for the whole greeting */
#define NX_SMTP_GREETING_TIMEOUT (10 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_ENVELOPE_TIMEOUT /* for each whole reply but the first and the last */
#define NX_SMTP_ENVELOPE_TIMEOUT (10 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_MESSAGE_TIMEOUT /* for the whole reply to the mail */
#define NX_SMTP_MESSAGE_TIMEOUT (30 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_CLIENT_DNS_TIMEOUT /* for each look-up of the server's name */
#define NX_SMTP_CLIENT_DNS_TIMEOUT (10 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_CLIENT_TLS_TIMEOUT /* for each segment of the TLS handshake */
#define NX_SMTP_CLIENT_TLS_TIMEOUT (10 * NX_IP_PERIODIC_RATE)
#endif
#ifndef NX_SMTP_CLIENT_SEND_TIMEOUT /* for each segment to be taken */
#define NX_SMTP_CLIENT_SEND_TIMEOUT (5 * NX_IP_PERIODIC_RATE)
#endif

/* In octets, without the NUL. */
#ifndef NX_SMTP_CLIENT_MAX_USERNAME /* also that of the client's domain */
#define NX_SMTP_CLIENT_MAX_USERNAME 40
#endif
#ifndef NX_SMTP_CLIENT_MAX_PASSWORD /* also that of a token: for one of Microsoft's, 4096 */
#define NX_SMTP_CLIENT_MAX_PASSWORD 20
#endif
#ifndef NX_SMTP_CLIENT_MAX_FROM_ADDRESS
#define NX_SMTP_CLIENT_MAX_FROM_ADDRESS 127
#endif
#ifndef NX_SMTP_SERVER_CHALLENGE_MAX_STRING /* kept for applications that set it: prompts have no limit of their own */
#define NX_SMTP_SERVER_CHALLENGE_MAX_STRING 200
#endif
/* Octets of a server's reply that are kept. An EHLO line beyond it may lose mechanisms, and no longer challenge (in base64)
   is answered. */
#ifndef NX_SMTP_CLIENT_REPLY_TEXT
#define NX_SMTP_CLIENT_REPLY_TEXT 128
#endif

/* Status values, beside those of NetX Duo. */
#define NX_SMTP_AUTHENTICATION_ERROR 0xA0
#define NX_SMTP_OVERSIZE_MAIL_DATA 0xA1
#define NX_SMTP_INVALID_SERVER_REPLY 0xA2
#define NX_SMTP_INTERNAL_ERROR 0xA3
#define NX_SMTP_SERVER_ERROR_CODE_RECEIVED 0xA4
#define NX_SMTP_INVALID_PARAM 0xA5
#define NX_SMTP_PACKET_ALLOCATE_ERROR 0xA6
#define NX_SMTP_GREET_REPLY_ERROR 0xA7
#define NX_SMTP_HELLO_REPLY_ERROR 0xA8
#define NX_SMTP_MAIL_REPLY_ERROR 0xA9
#define NX_SMTP_RCPT_REPLY_ERROR 0xAA
#define NX_SMTP_MESSAGE_REPLY_ERROR 0xAB
#define NX_SMTP_DATA_REPLY_ERROR 0xAC
#define NX_SMTP_AUTH_REPLY_ERROR 0xAD
#define NX_SMTP_SERVER_ERROR_REPLY 0xAE
#define NX_SMTP_TRANSMIT_ERROR 0xAF
#define NX_SMTP_INVALID_SERVER_CHALLENGE 0xB0
#define NX_SMTP_OVERSIZE_SERVER_REPLY 0xB1
#define NX_SMTP_CLIENT_NOT_INTIALIZED 0xB2
#define NX_SMTP_CLIENT_NOT_INITIALIZED NX_SMTP_CLIENT_NOT_INTIALIZED
/* 0xB3 to 0xB7: nxd_smtp_mail.h */
#define NX_SMTP_TLS_UNAVAILABLE 0xB8 /* the server does not offer STARTTLS: nothing but EHLO has left */
#define NX_SMTP_TLS_NOT_SET_UP                                                                                         \
    0xB9 /* TLS is required, or the password is a token, and there is no TLS: nothing has left */
#define NX_SMTP_STARTTLS_REPLY_ERROR 0xBA /* STARTTLS was refused, or its reply makes no sense */
#define NX_SMTP_OCTETS_BEFORE_TLS                                                                                      \
    0xBB /* something was said in clear text where TLS should begin: somebody puts words in */
#define NX_SMTP_TLS_UNVERIFIED 0xBC /* the handshake succeeded, and no certificate was checked in it */

#define NX_SMTP_CLIENT_ID 0x534D5450UL

/* What became of the last mail. */
#define NX_SMTP_OUTCOME_NOT_ATTEMPTED 0 /* the session ended before RCPT, or the call was refused */
#define NX_SMTP_OUTCOME_ACCEPTED 1      /* the server has taken responsibility */
#define NX_SMTP_OUTCOME_REJECTED 2      /* a 5yz to AUTH, MAIL, RCPT, DATA or the mail: it will not be delivered */
#define NX_SMTP_OUTCOME_DEFERRED 3 /* a 4yz, or the connection failed before the mail was complete: send it again */
#define NX_SMTP_OUTCOME_UNKNOWN 4  /* the whole mail left and no answer came: sent again, it may arrive twice */

/* The phase that decided: the command, or the event, that the reply or the failure belongs to. */
#define NX_SMTP_PHASE_CONNECT 0
#define NX_SMTP_PHASE_GREETING 1
#define NX_SMTP_PHASE_EHLO 2
#define NX_SMTP_PHASE_HELO 3
#define NX_SMTP_PHASE_AUTH 4
#define NX_SMTP_PHASE_RSET 6
#define NX_SMTP_PHASE_MAIL 7
#define NX_SMTP_PHASE_RCPT 8
#define NX_SMTP_PHASE_DATA 9
#define NX_SMTP_PHASE_MESSAGE 10
#define NX_SMTP_PHASE_QUIT 11
#define NX_SMTP_PHASE_STARTTLS 18 /* the command, or the handshake: also that of implicit TLS */

typedef struct NX_SMTP_RESULT_STRUCT {
    UINT nx_smtp_result_status;      /* what nx_smtp_mail_send returned */
    UINT nx_smtp_result_outcome;     /* NX_SMTP_OUTCOME_... */
    UINT nx_smtp_result_phase;       /* NX_SMTP_PHASE_... */
    UINT nx_smtp_result_reply_code;  /* the server's, e.g. 550; 0: no reply decided */
    UINT nx_smtp_result_enhanced[3]; /* RFC 3463, e.g. 5 1 1; 0 0 0: none */
    UINT nx_smtp_result_text_cut;    /* NX_TRUE: the server wrote more */
    ULONG nx_smtp_result_text_length;
    /* The server's text, without codes and not NUL-terminated; untrusted, control characters replaced. Valid until the
       next mail is sent or the client is deleted. NULL, and the length 0, if no reply decided. */
    const CHAR* nx_smtp_result_text;
} NX_SMTP_RESULT;

/* The session of a client. What is inside is the engine's (postrider/session.hpp). */
#define NX_SMTP_CLIENT_SESSION_SIZE (48 * sizeof(VOID*) + 232 + NX_SMTP_CLIENT_REPLY_TEXT)
typedef union NX_SMTP_CLIENT_SESSION_UNION {
    VOID* nx_smtp_client_session_pointer_align;
    unsigned long long nx_smtp_client_session_number_align;
    UCHAR nx_smtp_client_session_octets[NX_SMTP_CLIENT_SESSION_SIZE];
} NX_SMTP_CLIENT_SESSION;

#ifdef NX_SMTP_CLIENT_CRAM_MD5
/* CRAM-MD5 under way (postrider/cram_md5.hpp). */
#define NX_SMTP_CLIENT_EXCHANGE_SIZE (9 * sizeof(VOID*) + 288)
typedef union NX_SMTP_CLIENT_EXCHANGE_UNION {
    VOID* nx_smtp_client_exchange_align;
    UCHAR nx_smtp_client_exchange_octets[NX_SMTP_CLIENT_EXCHANGE_SIZE];
} NX_SMTP_CLIENT_EXCHANGE;
#endif

/* A client. The caller allocates it, usually statically, and touches none of its members. What is used most stands in
   front, where a Cortex-M reaches it by short instructions. */
typedef struct NX_SMTP_CLIENT_STRUCT {
    ULONG nx_smtp_client_id;
    NX_PACKET_POOL* nx_smtp_client_packet_pool_ptr;
    UINT nx_smtp_client_server_port;
    UINT nx_smtp_client_authentication_type;
    UINT nx_smtp_client_flags;
    UINT nx_smtp_client_last_status;
    UCHAR nx_smtp_client_last_outcome;
    UCHAR nx_smtp_client_last_phase;
    USHORT nx_smtp_client_last_code;
    USHORT nx_smtp_client_last_enhanced[3];
    NXD_ADDRESS nx_smtp_client_server_address;
#ifndef NX_SMTP_CLIENT_BASIC
    ULONG nx_smtp_client_mail_number;
    ULONG (*nx_smtp_client_clock)(VOID);
    ULONG (*nx_smtp_client_entropy)(VOID);
    VOID(*nx_smtp_client_trace_headers)
    (struct NX_SMTP_CLIENT_STRUCT* client_ptr, ULONG* stamp, CHAR* text, UINT* length);
    UINT (*nx_smtp_client_keeper)(struct NX_SMTP_CLIENT_STRUCT* client_ptr, VOID* mail); /* of a session kept open */
    UCHAR nx_smtp_client_connected; /* the session that is kept open has its connection */
    UCHAR nx_smtp_client_text_cut;
    USHORT nx_smtp_client_text_code; /* the reply that the text below is of */
    USHORT nx_smtp_client_text_length;
#ifdef NX_SMTP_CLIENT_DNS
    UINT(*nx_smtp_client_reach)
    (struct NX_SMTP_CLIENT_STRUCT* client_ptr, UINT (*connect)(struct NX_SMTP_CLIENT_STRUCT* client_ptr));
    NX_DNS* nx_smtp_client_dns_ptr;
    CHAR* nx_smtp_client_server_name;
    UINT nx_smtp_client_dns_order;
    UINT nx_smtp_client_dns_status;
#endif
#ifdef NX_SMTP_CLIENT_TLS
    const struct NX_SMTP_CLIENT_TLS_CALLS_STRUCT* nx_smtp_client_tls; /* NULL: in clear text */
    UINT(*nx_smtp_client_tls_setup)
    (struct NX_SMTP_CLIENT_STRUCT* client_ptr, NX_SECURE_TLS_SESSION* session_ptr);
    ULONG(*nx_smtp_client_tls_verdict) /* the application's own */
    (NX_SECURE_TLS_SESSION* session_ptr, NX_SECURE_X509_CERT* certificate_ptr);
    CHAR* nx_smtp_client_tls_server_name;
    UCHAR nx_smtp_client_tls_mode;
    UCHAR nx_smtp_client_tls_stands;  /* what is sent and received goes through the session */
    UCHAR nx_smtp_client_tls_checked; /* in this handshake */
    NX_SECURE_X509_DNS_NAME nx_smtp_client_tls_sni;
    NX_SECURE_TLS_SESSION nx_smtp_client_tls_session;
#endif
#ifdef NX_SMTP_CLIENT_CRAM_MD5
    NX_SMTP_CLIENT_EXCHANGE nx_smtp_client_exchange;
#endif
    CHAR nx_smtp_client_text[NX_SMTP_CLIENT_REPLY_TEXT];
#endif
    NX_SMTP_CLIENT_SESSION nx_smtp_client_session;
    CHAR nx_smtp_client_username[NX_SMTP_CLIENT_MAX_USERNAME + 1];
    CHAR nx_smtp_client_password[NX_SMTP_CLIENT_MAX_PASSWORD + 1];
    CHAR nx_smtp_client_domain[NX_SMTP_CLIENT_MAX_USERNAME + 1];
    CHAR nx_smtp_client_from_address[NX_SMTP_CLIENT_MAX_FROM_ADDRESS + 1];
    NX_TCP_SOCKET nx_smtp_client_socket;
} NX_SMTP_CLIENT;

#ifdef NX_SMTP_DISABLE_ERROR_CHECKING
#define nxd_smtp_client_create _nxd_smtp_client_create
#define nx_smtp_mail_send _nx_smtp_mail_send
#define nx_smtp_client_delete _nx_smtp_client_delete
#else
#define nxd_smtp_client_create _nxde_smtp_client_create
#define nx_smtp_mail_send _nxe_smtp_mail_send
#define nx_smtp_client_delete _nxe_smtp_client_delete
#endif

/* Makes a client. All texts are copied; the server's address too. No connection is made. In this order:
   NX_PTR_ERROR (a NULL pointer), NX_SMTP_INVALID_PARAM (no IP instance), NX_IP_ADDRESS_ERROR (neither version 4 nor 6),
   NX_SIZE_ERROR (a text beyond its limit), the status of nx_tcp_socket_create, NX_SUCCESS. */
UINT nxd_smtp_client_create(NX_SMTP_CLIENT* client_ptr, NX_IP* ip_ptr, NX_PACKET_POOL* client_packet_pool_ptr,
                            CHAR* username, CHAR* password, CHAR* from_address, CHAR* client_domain,
                            UINT authentication_type, NXD_ADDRESS* server_address, UINT port);

/* Sends a mail to one recipient, over a connection of its own or the session that is open (nxd_smtp_mail.h), and returns
   when its fate is known. Without nx_smtp_client_tls_setup_set mail and credentials go in clear text. The body may hold
   anything: line ends become CRLF, and lines that begin with a dot arrive as they are.
   In this order: NX_PTR_ERROR, NX_SMTP_INVALID_PARAM (no body), NX_CALLER_ERROR (not a thread),
   NX_SMTP_CLIENT_NOT_INTIALIZED, NX_SMTP_INVALID_PARAM (recipient, sender, domain or subject cannot be framed, credentials
   cannot be sent, a server without a name is to be verified: nothing was sent); then what became of the session:
   NX_SMTP_TLS_NOT_SET_UP, a NetX Duo or NetX Secure status for a connection or a handshake that failed or a time-out,
   ..._REPLY_ERROR for a refusal or a reply that makes no sense, NX_SMTP_INVALID_SERVER_CHALLENGE for a challenge that makes
   none, NX_SMTP_OVERSIZE_MAIL_DATA for a mail beyond the size that the server named, NX_SMTP_TLS_UNAVAILABLE,
   NX_SMTP_OCTETS_BEFORE_TLS, NX_SMTP_TLS_UNVERIFIED, NX_SUCCESS: the server has taken the mail. Where it matters whether a
   failed mail may have arrived nevertheless, ask nx_smtp_client_last_result_get. */
UINT nx_smtp_mail_send(NX_SMTP_CLIENT* client_ptr, CHAR* recipient_address, UINT priority, CHAR* subject,
                       CHAR* mail_body, UINT mail_body_length);

/* Ends a client and wipes it. NX_PTR_ERROR: NULL or not a live client. NX_CALLER_ERROR: not a thread, NetX Duo did not
   delete the socket, and the client, but for its credentials, is as it was. NX_SUCCESS. */
UINT nx_smtp_client_delete(NX_SMTP_CLIENT* client_ptr);

/* What became of the last mail: NX_PTR_ERROR (NULL), NX_SMTP_CLIENT_NOT_INTIALIZED, NX_SUCCESS. */
UINT nx_smtp_client_last_result_get(NX_SMTP_CLIENT* client_ptr, NX_SMTP_RESULT* result_ptr);

#define NX_SMTP_CLIENT_FLAG_HELO 1 /* say HELO and not EHLO: no AUTH */
#define NX_SMTP_CLIENT_FLAG_RAW_MESSAGE                                                                                \
    2 /* mail_body is a whole RFC 5322 message: no header is added, subject is unused */

#define NX_SMTP_CLIENT_FLAG_TLS_ANY_NAME                                                                               \
    4 /* where no name of the server is known, every certificate that a trusted one vouches for will do */

/* Sets the flags for the mails to come, the others are cleared. NX_PTR_ERROR (NULL), NX_SMTP_CLIENT_NOT_INTIALIZED,
   NX_SUCCESS. */
UINT nx_smtp_client_flags_set(NX_SMTP_CLIENT* client_ptr, UINT flags);

/* Gives the client another password, or a fresh token: for the next connection that it makes. The old one is wiped; the new
   one is copied. Not while a mail is sent. NX_PTR_ERROR (NULL), NX_SMTP_CLIENT_NOT_INTIALIZED, NX_SIZE_ERROR (beyond its limit: the old one
   stays), NX_SUCCESS. */
UINT nx_smtp_client_password_set(NX_SMTP_CLIENT* client_ptr, CHAR* password);

#ifdef NX_SMTP_CLIENT_TLS
#define NX_SMTP_CLIENT_TLS_STARTTLS 1 /* port 587 or 25: EHLO, STARTTLS, and then TLS (RFC 3207) */
#define NX_SMTP_CLIENT_TLS_IMPLICIT 2 /* port 465: TLS from the first octet (RFC 8314) */

/* From the next connection on the client speaks TLS, in all its services, and nothing else.

   `tls_setup` is called for each connection, before the handshake. It creates the session with nx_secure_tls_session_create
   and configures it: packet buffer, trusted certificates, room for the server's, the time function (without it no date is
   checked). What it returns but NX_SUCCESS ends the connection with that status. A certificate callback that it sets is
   asked behind the client's own.

   The client itself checks that the certificate is for `server_name` (RFC 9525: subjectAltName alone; also an IPv4 or IPv6
   address), and names it to the server (SNI). Not copied. NULL: the name of nxd_smtp_client_server_name_set; where there is
   none either, nothing is sent, NX_SMTP_INVALID_PARAM, unless NX_SMTP_CLIENT_FLAG_TLS_ANY_NAME is set.

   When a connection ends, so does the session, and it is deleted. The status of a handshake that failed is NetX Secure's,
   NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH for another name.

   NX_PTR_ERROR (client_ptr or tls_setup is NULL), NX_SMTP_CLIENT_NOT_INTIALIZED, NX_SMTP_INVALID_PARAM (another mode, an
   empty name), NX_NOT_CLOSED (a session is open: nx_smtp_client_session_close), NX_SUCCESS. */
UINT nx_smtp_client_tls_setup_set(NX_SMTP_CLIENT* client_ptr, UINT mode, CHAR* server_name,
                                  UINT (*tls_setup)(NX_SMTP_CLIENT* client_ptr, NX_SECURE_TLS_SESSION* session_ptr));
#endif

#ifndef NX_SMTP_CLIENT_BASIC
/* Gives the mails to come a Date, and a Message-ID that takes `entropy` too, if it is not NULL. `unix_time` returns seconds
   since 1970, 0 if it is not known yet: then there is no Date. Either may be NULL; without both, neither header is written:
   ticks since boot repeat, and receivers drop a repeated Message-ID as a duplicate. NX_PTR_ERROR,
   NX_SMTP_CLIENT_NOT_INTIALIZED, NX_SUCCESS. */
UINT nx_smtp_client_clock_set(NX_SMTP_CLIENT* client_ptr, ULONG (*unix_time)(VOID), ULONG (*entropy)(VOID));
#endif

UINT _nxd_smtp_client_create(NX_SMTP_CLIENT* client_ptr, NX_IP* ip_ptr, NX_PACKET_POOL* client_packet_pool_ptr,
                             CHAR* username, CHAR* password, CHAR* from_address, CHAR* client_domain,
                             UINT authentication_type, NXD_ADDRESS* server_address, UINT port);
UINT _nxde_smtp_client_create(NX_SMTP_CLIENT* client_ptr, NX_IP* ip_ptr, NX_PACKET_POOL* client_packet_pool_ptr,
                              CHAR* username, CHAR* password, CHAR* from_address, CHAR* client_domain,
                              UINT authentication_type, NXD_ADDRESS* server_address, UINT port);
UINT _nx_smtp_mail_send(NX_SMTP_CLIENT* client_ptr, CHAR* recipient_address, UINT priority, CHAR* subject,
                        CHAR* mail_body, UINT mail_body_length);
UINT _nxe_smtp_mail_send(NX_SMTP_CLIENT* client_ptr, CHAR* recipient_address, UINT priority, CHAR* subject,
                         CHAR* mail_body, UINT mail_body_length);
UINT _nx_smtp_client_delete(NX_SMTP_CLIENT* client_ptr);
UINT _nxe_smtp_client_delete(NX_SMTP_CLIENT* client_ptr);

#ifdef __cplusplus
}
#endif

#ifndef NX_SMTP_CLIENT_BASIC
#include "nxd_smtp_mail.h"
#endif

#endif

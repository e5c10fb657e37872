/* nxd_smtp_mail.h - what the original SMTP Client does not have: mails with many recipients, options and bodies that are
   made while they leave; sessions that stay open; commands by themselves; the server by its name. nxd_smtp_client.h
   includes it, unless NX_SMTP_CLIENT_BASIC is defined.

   A mail is put together once, and may be sent again and again. Nothing is copied: it, its recipients, all texts and the
   body must stay where they are while it is sent. No heap is used. What is not called is not linked.

       static NX_SMTP_MAIL mail;
       static NX_SMTP_RECIPIENT to[2];

       nx_smtp_mail_create(&mail, NX_NULL, to, 2);
       nx_smtp_mail_recipient_add(&mail, "anne@example.org");
       nx_smtp_mail_recipient_add(&mail, "bob@example.org");
       nx_smtp_mail_subject_set(&mail, "Boiler 3", NX_SMTP_MAIL_PRIORITY_HIGH);
       nx_smtp_mail_body_set(&mail, text, length);
       status = nx_smtp_client_mails_send(&client, &mail, 1, 1);  */

#ifndef NXD_SMTP_MAIL_H
#define NXD_SMTP_MAIL_H

#include "nxd_smtp_client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Status values beside those of nxd_smtp_client.h. */
#define NX_SMTP_EXTENSION_UNAVAILABLE                                                                                  \
    0xB3                        /* not sent: the server lacks what the mail needs, nx_smtp_mail_missing_get */
#define NX_SMTP_BODY_ERROR 0xB4 /* given up: the source failed, or was not what was declared */
#define NX_SMTP_OTHER_RECIPIENT_REFUSED                                                                                \
    0xB5                                 /* not sent: another recipient was refused, and the mail is all or nothing */
#define NX_SMTP_TOO_MANY_RECIPIENTS 0xB6 /* more than the server takes, and the mail cannot be sent in two parts */
#define NX_SMTP_SERVER_NAME_ERROR 0xB7   /* the server's name has no address: nx_smtp_client_server_name_status_get */

/* ----- A recipient, and a mail. What is inside is the engine's (postrider/mail.hpp); touch none of the members. */

#define NX_SMTP_RECIPIENT_SIZE (5 * sizeof(VOID*) + 16)
typedef union NX_SMTP_RECIPIENT_UNION {
    VOID* nx_smtp_recipient_align;
    UCHAR nx_smtp_recipient_octets[NX_SMTP_RECIPIENT_SIZE];
} NX_SMTP_RECIPIENT;

#define NX_SMTP_MAIL_SIZE (48 * sizeof(VOID*) + 160)
typedef union NX_SMTP_MAIL_UNION {
    VOID* nx_smtp_mail_pointer_align;
    unsigned long long nx_smtp_mail_number_align;
    UCHAR nx_smtp_mail_octets[NX_SMTP_MAIL_SIZE];
} NX_SMTP_MAIL;

/* All services for a mail return, in this order: NX_PTR_ERROR (a NULL pointer), NX_SMTP_CLIENT_NOT_INTIALIZED (no mail was
   created there; that is asked of no new mail), then what is said below, then NX_SUCCESS. What they refuse they leave as it
   was. No recipient and no text of a mail may be changed while it is sent. */

/* Makes a mail, without recipients and body. `from_address` is the sender, with or without angle brackets; NULL: that of
   the client by which it is sent; "<>": nobody, for notifications. `recipients` is room for `recipients_size` of them.
   NX_SMTP_INVALID_PARAM: no room, or a sender that cannot be framed. */
UINT nx_smtp_mail_create(NX_SMTP_MAIL* mail_ptr, CHAR* from_address, NX_SMTP_RECIPIENT* recipients,
                         UINT recipients_size);

/* Adds a recipient. An address with octets above 127 needs a server with SMTPUTF8; of a domain give the A-labels.
   NX_SMTP_INVALID_PARAM (cannot be framed), NX_SIZE_ERROR (no room). */
UINT nx_smtp_mail_recipient_add(NX_SMTP_MAIL* mail_ptr, CHAR* address);

#define NX_SMTP_NOTIFY_SUCCESS 1
#define NX_SMTP_NOTIFY_FAILURE 2
#define NX_SMTP_NOTIFY_DELAY 4
#define NX_SMTP_NOTIFY_NEVER 8 /* alone */

/* When the server shall tell the sender about the recipient `index`, counted from 0 (DSN, RFC 3461): NX_SMTP_NOTIFY_... in
   sum, 0: as the server likes. `original`: the address that it was written to at first, NULL: unsaid. Used where the server
   offers DSN. NX_SMTP_INVALID_PARAM: no such recipient, another value. What the extension forbids is told by sending. */
UINT nx_smtp_mail_recipient_notify_set(NX_SMTP_MAIL* mail_ptr, UINT index, UINT notify, CHAR* original);

/* The subject and the priority of the header block: NX_SMTP_MAIL_PRIORITY_... NX_SMTP_INVALID_PARAM: a line end in it. */
UINT nx_smtp_mail_subject_set(NX_SMTP_MAIL* mail_ptr, CHAR* subject, UINT priority);

/* The body is in memory. Line ends become CRLF, and lines that begin with a dot arrive as they are. NX_SMTP_INVALID_PARAM:
   length 0. */
UINT nx_smtp_mail_body_set(NX_SMTP_MAIL* mail_ptr, CHAR* body, ULONG length);

#define NX_SMTP_SOURCE_EXACT 1      /* `size` is exact, so that BDAT can be used: another size gives the mail up */
#define NX_SMTP_SOURCE_REPEATABLE 2 /* may be asked from the beginning again: for a further transaction or connection */
#define NX_SMTP_SOURCE_EIGHT_BIT 4  /* has octets above 127 */

/* The body is made by `source` while it leaves. It is called by the thread that sends, each time for the next octets: it
   lets `*octets` point to them and sets `*length`, and `*last` to NX_TRUE with the last of them. 0 octets are allowed.
   What it points to has been copied when it is called again. `first` is NX_TRUE where the body begins. Every status but
   NX_SUCCESS gives the mail up before the server can take it: the recipients have NX_SMTP_BODY_ERROR.
   `size`: octets of the body with CRLF at each line end; 0: not known. NX_SMTP_INVALID_PARAM: exact, and the size 0. */
UINT nx_smtp_mail_source_set(NX_SMTP_MAIL* mail_ptr,
                             UINT (*source)(VOID* context, UINT first, UCHAR** octets, ULONG* length, UINT* last),
                             VOID* context, ULONG size, UINT source_flags);

#define NX_SMTP_MAIL_RAW_MESSAGE 1    /* the body is a whole RFC 5322 message: no header is added */
#define NX_SMTP_MAIL_ALL_OR_NOTHING 2 /* one recipient that is refused, and none gets it */
#define NX_SMTP_MAIL_STRICT 4      /* octets above 127 only to servers that offer 8BITMIME, or SMTPUTF8 for headers */
#define NX_SMTP_MAIL_UTF8_HEADER 8 /* a raw message from a source has a header block in UTF-8 */

/* Sets the flags, the others are cleared. NX_SMTP_INVALID_PARAM: another flag. */
UINT nx_smtp_mail_flags_set(NX_SMTP_MAIL* mail_ptr, UINT flags);

#define NX_SMTP_RETURN_FULL 1    /* the whole mail comes back with a notification */
#define NX_SMTP_RETURN_HEADERS 2 /* its header block */

#define NX_SMTP_BY_NOTIFY 1 /* not delivered in time: the sender is told */
#define NX_SMTP_BY_RETURN 2 /* not delivered in time: it is given back. Never left out */

/* What the server is asked for. All 0: nothing. Each is used where the server offers its extension, and left out if not,
   unless nx_smtp_mail_required_set says otherwise. */
typedef struct NX_SMTP_MAIL_OPTIONS_STRUCT {
    UINT nx_smtp_mail_return;        /* DSN: NX_SMTP_RETURN_... */
    CHAR* nx_smtp_mail_envelope_id;  /* DSN: ENVID, printable ASCII, about 100 octets; NULL: none */
    CHAR* nx_smtp_mail_submitter;    /* AUTH=: who submitted it; "<>": not known; NULL: unsaid */
    UINT nx_smtp_mail_by;            /* DELIVERBY: NX_SMTP_BY_... */
    LONG nx_smtp_mail_by_seconds;    /* from now, -999999999 to 999999999, with NX_SMTP_BY_RETURN above 0 */
    UINT nx_smtp_mail_by_trace;      /* NX_TRUE: hops shall report */
    UINT nx_smtp_mail_prioritised;   /* MT-PRIORITY: NX_TRUE, and the next member counts */
    INT nx_smtp_mail_mt_priority;    /* -9 to 9 */
    ULONG nx_smtp_mail_hold_seconds; /* FUTURERELEASE: delivered not before, 1 to 999999999; 0: unsaid */
    CHAR* nx_smtp_mail_hold_until;   /* the same as a time, "2026-11-24T12:00:00Z"; NULL: unsaid. Not both */
    UINT nx_smtp_mail_require_tls;   /* NX_TRUE: never without TLS: only by nx_smtp_client_tls_setup_set */
} NX_SMTP_MAIL_OPTIONS;

/* Sets all options anew; the structure is copied, its texts are not. NX_SMTP_INVALID_PARAM: a value that is none of the
   above. What the extension itself forbids is told by sending. */
UINT nx_smtp_mail_options_set(NX_SMTP_MAIL* mail_ptr, const NX_SMTP_MAIL_OPTIONS* options_ptr);

#define NX_SMTP_EXTENSION_AUTH 0x1
#define NX_SMTP_EXTENSION_PIPELINING 0x2
#define NX_SMTP_EXTENSION_SIZE 0x4
#define NX_SMTP_EXTENSION_8BITMIME 0x8
#define NX_SMTP_EXTENSION_CHUNKING 0x10
#define NX_SMTP_EXTENSION_SMTPUTF8 0x20
#define NX_SMTP_EXTENSION_DSN 0x40
#define NX_SMTP_EXTENSION_DELIVERBY 0x200
#define NX_SMTP_EXTENSION_MT_PRIORITY 0x400
#define NX_SMTP_EXTENSION_FUTURERELEASE 0x800
#define NX_SMTP_EXTENSION_REQUIRETLS 0x1000

/* Extensions without which the mail must not be sent, in sum: where the server lacks one, nothing of it is, and its
   recipients have NX_SMTP_EXTENSION_UNAVAILABLE. */
UINT nx_smtp_mail_required_set(NX_SMTP_MAIL* mail_ptr, ULONG extensions);
/* Which of them, and of those that the mail needs by itself, the last server lacked. */
UINT nx_smtp_mail_missing_get(NX_SMTP_MAIL* mail_ptr, ULONG* extensions);

/* What became of the mail for the recipient `index`. NX_SMTP_INVALID_PARAM: no such recipient. The text is empty: ask
   nx_smtp_client_last_result_get for that of the first refusal. */
UINT nx_smtp_mail_recipient_result_get(NX_SMTP_MAIL* mail_ptr, UINT index, NX_SMTP_RESULT* result_ptr);

/* ----- Sending. The services below return NX_PTR_ERROR (NULL), NX_CALLER_ERROR (not a thread),
   NX_SMTP_CLIENT_NOT_INTIALIZED in this order, then what is said. */

/* Sends `count` mails, one after the other over one connection: that of the session, if one is open, else one of their own.
   `window`: how many may be under way at once. 1: each is answered before the next begins. With more, and where the server
   offers PIPELINING, those behind use the time until the answer - and so many may be `unknown` if the connection breaks.
   BDAT is used where it is offered and the mail's size is exact, as it always is for a body in memory.
   Where the connection ends in between, those mails that the server cannot have taken are sent over a new one: if it was
   kept from an earlier call, or had brought a mail to its end.
   NX_SMTP_INVALID_PARAM: no mail, or no window. NX_SUCCESS: every recipient of every mail was accepted. Else the status of
   the first recipient that was not, which is also the one that nx_smtp_client_last_result_get speaks of: those of
   nx_smtp_mail_send, those defined above, NX_SMTP_INVALID_PARAM for a mail without recipients or body, or with an option
   that its extension forbids. */
UINT nx_smtp_client_mails_send(NX_SMTP_CLIENT* client_ptr, NX_SMTP_MAIL* mails, UINT count, UINT window);

/* Opens a session that stays open: connects and authenticates now. All mails and commands to come, also by
   nx_smtp_mail_send, go over it, whatever time lies between them. Before each, the client looks without waiting whether the
   server has closed it; if so, or if it breaks before the mail can have been taken, a new connection is made. For that a
   mail never leaves as a whole in one flight.
   The status of what failed, as for nx_smtp_mail_send: no session is open then. NX_SUCCESS, also where one was open. */
UINT nx_smtp_client_session_open(NX_SMTP_CLIENT* client_ptr);

/* Ends it, with QUIT. NX_SUCCESS, also where none was open. nx_smtp_client_delete without it resets the connection. */
UINT nx_smtp_client_session_close(NX_SMTP_CLIENT* client_ptr);

#define NX_SMTP_COMMAND_NOOP 5
#define NX_SMTP_COMMAND_RSET 6
#define NX_SMTP_COMMAND_VRFY 12
#define NX_SMTP_COMMAND_EXPN 13
#define NX_SMTP_COMMAND_HELP 14
#define NX_SMTP_COMMAND_ETRN 15

/* Says one command, over the session that is open or a connection of its own; `argument` stands behind the verb, NULL:
   nothing. The reply is in nx_smtp_client_last_result_get, its lines joined by LF and cut after NX_SMTP_CLIENT_REPLY_TEXT
   octets; the phase is the command. NX_SMTP_INVALID_PARAM: another command, control characters or more than 498 octets in
   the argument, none where there must be one (VRFY, EXPN, ETRN), one where there is none (NOOP, RSET). As for nx_smtp_mail_send, if the session failed.
   NX_SMTP_SERVER_ERROR_REPLY: a 4yz or 5yz. NX_SUCCESS: a 2yz. */
UINT nx_smtp_client_command_send(NX_SMTP_CLIENT* client_ptr, UINT command, CHAR* argument);

#ifdef NX_SMTP_CLIENT_DNS
#define NX_SMTP_SERVER_IPV4 1 /* the order in which addresses are asked for, and tried */
#define NX_SMTP_SERVER_IPV6 2
#define NX_SMTP_SERVER_IPV6_THEN_IPV4 3
#define NX_SMTP_SERVER_IPV4_THEN_IPV6 4

/* From the next connection on the server is the one of this name; the address that the client was created with is not used
   any more. It is looked up for each connection; of each kind NetX Duo's DNS client gives one address. `server_name` is not
   copied. The wait for an answer is NX_SMTP_CLIENT_DNS_TIMEOUT for each kind. Does not need a thread.
   NX_PTR_ERROR, NX_SMTP_CLIENT_NOT_INTIALIZED, NX_SMTP_INVALID_PARAM (another order), NX_SUCCESS. */
UINT nxd_smtp_client_server_name_set(NX_SMTP_CLIENT* client_ptr, NX_DNS* dns_ptr, CHAR* server_name, UINT order);

/* The status of the last look-up: its values are those of nxd_dns.h, which mean something else than the same numbers here;
   0: it succeeded. NX_PTR_ERROR, NX_SMTP_CLIENT_NOT_INTIALIZED, NX_SUCCESS. */
UINT nx_smtp_client_server_name_status_get(NX_SMTP_CLIENT* client_ptr, UINT* dns_status);
#endif

#ifdef __cplusplus
}
#endif

#endif

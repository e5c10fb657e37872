/* 06_netxduo_tls.c - a mail in TLS: what a device sends over a network that somebody else may listen to.

       06_netxduo_tls ADDRESS PORT NAME CA-FILE starttls|implicit cram-md5|plain|xoauth2 USER FROM TO
                                            password, or token: environment, SMTP_PASSWORD

   NAME is that of the server's certificate, CA-FILE the certificate (DER) of the authority that has signed it. On the target
   both would be constants, and so would the memory that TLS needs.  */

#include <arpa/inet.h> /* inet_pton: the host's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nx_api.h"
#include "nx_secure_tls_api.h"
#include "nxd_smtp_client.h"
#include "tx_api.h"

#define PACKETS 16
#define PAYLOAD 1536

static NX_PACKET_POOL client_pool, ip_pool;
static NX_IP ip;
static TX_THREAD thread;
static NX_SMTP_CLIENT client;
static NXD_ADDRESS server;
static char** arguments;
static int exit_status = 70;

static void must(UINT status, const char* what) {
    if (status == NX_SUCCESS) return;
    fprintf(stderr, "06_netxduo_tls: %s: status 0x%02x\n", what, status);
    exit(71);
}

/* [setup] */
static UCHAR ca_data[2048]; /* the authority's certificate, DER */
static USHORT ca_length;
static NX_SECURE_X509_CERT ca;
static ULONG tls_metadata[2500];
static UCHAR tls_buffer[8192]; /* a whole record of the server's must fit, and its certificates */

static ULONG now(VOID) { return (ULONG)time(NULL); } /* on the target the real-time clock, or SNTP */

/* Makes the session of one connection. The client itself checks the name; the dates are checked by the clock. */
static UINT tls_setup(NX_SMTP_CLIENT* of, NX_SECURE_TLS_SESSION* session) {
    UINT status;
    NX_PARAMETER_NOT_USED(of);
    status = nx_secure_tls_session_create(session, &nx_crypto_tls_ciphers, tls_metadata, sizeof tls_metadata);
    if (status == NX_SUCCESS) status = nx_secure_tls_session_packet_buffer_set(session, tls_buffer, sizeof tls_buffer);
    if (status == NX_SUCCESS)
        status = nx_secure_x509_certificate_initialize(&ca, ca_data, ca_length, NX_NULL, 0, NX_NULL, 0,
                                                       NX_SECURE_X509_KEY_TYPE_NONE);
    if (status == NX_SUCCESS) status = nx_secure_tls_trusted_certificate_add(session, &ca);
    if (status == NX_SUCCESS) status = nx_secure_tls_session_time_function_set(session, now);
    return status;
}
/* [setup] */

static VOID send_mail(ULONG input) {
    static CHAR body[] = "Nobody else has read this.\r\n";
    UINT port = (UINT)strtoul(arguments[2], NULL, 10);
    CHAR *name = arguments[3], *user = arguments[7], *from = arguments[8], *to = arguments[9];
    UINT mode = strcmp(arguments[5], "implicit") == 0 ? NX_SMTP_CLIENT_TLS_IMPLICIT : NX_SMTP_CLIENT_TLS_STARTTLS;
    UINT type = strcmp(arguments[6], "plain") == 0     ? NX_SMTP_CLIENT_AUTH_PLAIN
                : strcmp(arguments[6], "xoauth2") == 0 ? NX_SMTP_CLIENT_AUTH_XOAUTH2
                                                       : NX_SMTP_CLIENT_AUTH_CRAM_MD5;
    CHAR* password = getenv("SMTP_PASSWORD");
    NX_SMTP_RESULT result = {0};
    UINT status;
    NX_PARAMETER_NOT_USED(input);
    if (password == NULL) password = "";

    /* [tls] */
    status =
        nxd_smtp_client_create(&client, &ip, &client_pool, user, password, from, "device.example", type, &server, port);
    if (status == NX_SUCCESS) status = nx_smtp_client_tls_setup_set(&client, mode, name, tls_setup);
    if (status == NX_SUCCESS)
        status = nx_smtp_mail_send(&client, to, NX_SMTP_MAIL_PRIORITY_NORMAL, "In TLS", body, sizeof body - 1);
    /* [tls] */
    nx_smtp_client_last_result_get(&client, &result);
    if (status == NX_SUCCESS)
        printf("sent: %.*s\n", (int)result.nx_smtp_result_text_length, result.nx_smtp_result_text);
    else if (status == NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH) printf("the certificate is not that of %s\n", name);
    else if (status == NX_SMTP_TLS_UNAVAILABLE) printf("the server offers no STARTTLS, and nothing was sent\n");
    else
        printf("status 0x%02x, phase %u, server's code %u: %.*s\n", status, result.nx_smtp_result_phase,
               result.nx_smtp_result_reply_code, (int)result.nx_smtp_result_text_length, result.nx_smtp_result_text);
    nx_smtp_client_delete(&client);
    exit_status = status == NX_SUCCESS ? 0 : 1;
}

VOID tx_application_define(VOID* first_unused_memory) {
    UCHAR* memory = first_unused_memory;
    const ULONG pool_size = PACKETS * (PAYLOAD + sizeof(NX_PACKET));

    nx_system_initialize();
    nx_secure_tls_initialize();
    must(nx_packet_pool_create(&client_pool, "client's pool", PAYLOAD, memory, pool_size), "nx_packet_pool_create");
    memory += pool_size;
    must(nx_packet_pool_create(&ip_pool, "IP's pool", PAYLOAD, memory, pool_size), "nx_packet_pool_create");
    memory += pool_size;
    must(nx_ip_create(&ip, "IP", IP_ADDRESS(127, 0, 0, 1), 0xFF000000UL, &ip_pool, _nx_ram_network_driver, memory, 2048,
                      1),
         "nx_ip_create");
    memory += 2048;
    must(nx_tcp_enable(&ip), "nx_tcp_enable");
    /* Public-key arithmetic wants stack: the handshake is done by the thread that sends. */
    must(tx_thread_create(&thread, "sender", send_mail, 0, memory, 8192, 4, 4, TX_NO_TIME_SLICE, TX_AUTO_START),
         "tx_thread_create");
}

static int is_one_of(const char* text, const char* a, const char* b, const char* c) {
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

int main(int argc, char** argv) {
    unsigned char o[4];
    FILE* file;
    if (argc != 10 || inet_pton(AF_INET, argv[1], o) != 1 || !is_one_of(argv[5], "starttls", "implicit", "implicit") ||
        !is_one_of(argv[6], "cram-md5", "plain", "xoauth2")) {
        fprintf(stderr,
                "usage: %s ADDRESS PORT NAME CA-FILE starttls|implicit cram-md5|plain|xoauth2 USER FROM TO\n"
                "       an IPv4 address; the password, or token, is taken from the environment, SMTP_PASSWORD\n",
                argv[0]);
        return 64;
    }
    file = fopen(argv[4], "rb");
    if (file != NULL) {
        ca_length = (USHORT)fread(ca_data, 1, sizeof ca_data, file);
        fclose(file);
    }
    if (ca_length == 0) {
        fprintf(stderr, "06_netxduo_tls: cannot read %s\n", argv[4]);
        return 66;
    }
    arguments = argv;
    server.nxd_ip_version = NX_IP_VERSION_V4;
    server.nxd_ip_address.v4 = IP_ADDRESS(o[0], o[1], o[2], o[3]);
    tx_kernel_enter(); /* returns on the host, when every thread has ended */
    return exit_status;
}

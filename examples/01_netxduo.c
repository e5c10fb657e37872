/* 01_netxduo.c - sends a mail through the NetX Duo API, as a ThreadX application does it.

       01_netxduo ADDRESS PORT plain|login|none USER FROM TO SUBJECT BODY-FILE       password: environment, SMTP_PASSWORD

   On the target the arguments would be constants, and main would end in tx_kernel_enter. Everything else is the same
   there: two packet pools, an IP instance, a thread, and the three calls.  */

#include <arpa/inet.h> /* inet_pton: the host's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nx_api.h"
#include "nxd_smtp_client.h"
#include "tx_api.h"

#define PACKETS 40
#define PAYLOAD 1536

static NX_PACKET_POOL client_pool, ip_pool;
static NX_IP ip;
static TX_THREAD thread;
static NX_SMTP_CLIENT client;
static char** arguments;
static NXD_ADDRESS server;
static CHAR* body;
static UINT body_length;
static int exit_status = 70;

static void must(UINT status, const char* what) {
    if (status == NX_SUCCESS) return;
    fprintf(stderr, "01_netxduo: %s: status 0x%02x\n", what, status);
    exit(71);
}

static NXD_ADDRESS address_of(const char* text) {
    NXD_ADDRESS address;
    unsigned char o[16];
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, text, o) == 1) {
        address.nxd_ip_version = NX_IP_VERSION_V4;
        address.nxd_ip_address.v4 = IP_ADDRESS(o[0], o[1], o[2], o[3]);
    } else if (inet_pton(AF_INET6, text, o) == 1) {
        address.nxd_ip_version = NX_IP_VERSION_V6;
        for (int i = 0; i != 4; ++i)
            address.nxd_ip_address.v6[i] = IP_ADDRESS(o[4 * i], o[4 * i + 1], o[4 * i + 2], o[4 * i + 3]);
    } else {
        fprintf(stderr, "01_netxduo: %s is not an IPv4 or IPv6 address\n", text);
        exit(64);
    }
    return address;
}

static CHAR* read_file(const char* path, UINT* length) {
    FILE* file = fopen(path, "rb");
    CHAR* text = NULL;
    long size = -1;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size >= 0) text = malloc((size_t)size + 1);
    if (text == NULL || (rewind(file), fread(text, 1, (size_t)size, file)) != (size_t)size) {
        fprintf(stderr, "01_netxduo: cannot read %s\n", path);
        exit(66);
    }
    fclose(file);
    *length = (UINT)size;
    return text;
}

static VOID send_mail(ULONG input) {
    UINT port = (UINT)strtoul(arguments[2], NULL, 10);
    UINT type = strcmp(arguments[3], "plain") == 0   ? NX_SMTP_CLIENT_AUTH_PLAIN
                : strcmp(arguments[3], "login") == 0 ? NX_SMTP_CLIENT_AUTH_LOGIN
                                                     : NX_SMTP_CLIENT_AUTH_NONE;
    CHAR *user = arguments[4], *from = arguments[5], *to = arguments[6], *subject = arguments[7];
    CHAR* password = getenv("SMTP_PASSWORD");
    UINT status;
    NX_SMTP_RESULT result = {0};
    NX_PARAMETER_NOT_USED(input);
    if (password == NULL) password = "";

    /* [send] */
    status =
        nxd_smtp_client_create(&client, &ip, &client_pool, user, password, from, "device.example", type, &server, port);
    if (status == NX_SUCCESS) {
        status = nx_smtp_mail_send(&client, to, NX_SMTP_MAIL_PRIORITY_NORMAL, subject, body, body_length);
        nx_smtp_client_last_result_get(&client, &result);
        if (status != NX_SUCCESS && result.nx_smtp_result_outcome == NX_SMTP_OUTCOME_UNKNOWN)
            printf("it may have arrived: sending it again may deliver it twice\n");
        printf("status 0x%02x, server's code %u: %.*s\n", status, result.nx_smtp_result_reply_code,
               (int)result.nx_smtp_result_text_length, result.nx_smtp_result_text);
        nx_smtp_client_delete(&client);
    }
    /* [send] */
    else
        fprintf(stderr, "01_netxduo: nxd_smtp_client_create: status 0x%02x\n", status);
    if (status == NX_NOT_CONNECTED && result.nx_smtp_result_phase == NX_SMTP_PHASE_CONNECT)
        fprintf(stderr, "01_netxduo: no connection to %s port %u: does a server listen there?\n", arguments[1], port);
    exit_status = status == NX_SUCCESS ? 0 : 1;
}

VOID tx_application_define(VOID* first_unused_memory) {
    UCHAR* memory = first_unused_memory;
    const ULONG pool_size = PACKETS * (PAYLOAD + sizeof(NX_PACKET));

    nx_system_initialize();
    must(nx_packet_pool_create(&client_pool, "client's pool", PAYLOAD, memory, pool_size), "nx_packet_pool_create");
    memory += pool_size;
    must(nx_packet_pool_create(&ip_pool, "IP's pool", PAYLOAD, memory, pool_size), "nx_packet_pool_create");
    memory += pool_size;
    must(nx_ip_create(&ip, "IP", IP_ADDRESS(127, 0, 0, 1), 0xFF000000UL, &ip_pool, _nx_ram_network_driver, memory, 2048,
                      1),
         "nx_ip_create");
    memory += 2048;
    must(nx_arp_enable(&ip, memory, 1024), "nx_arp_enable");
    memory += 1024;
    must(nx_tcp_enable(&ip), "nx_tcp_enable");
    must(nx_icmp_enable(&ip), "nx_icmp_enable");
    must(nxd_ipv6_enable(&ip), "nxd_ipv6_enable");
    must(tx_thread_create(&thread, "sender", send_mail, 0, memory, 2048, 4, 4, TX_NO_TIME_SLICE, TX_AUTO_START),
         "tx_thread_create");
}

static int is_port(const char* text) {
    char* end;
    unsigned long port = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && port >= 1 && port <= 65535;
}

static int is_type(const char* text) {
    return strcmp(text, "plain") == 0 || strcmp(text, "login") == 0 || strcmp(text, "none") == 0;
}

int main(int argc, char** argv) {
    if (argc != 9 || !is_port(argv[2]) || !is_type(argv[3])) {
        fprintf(stderr,
                "usage: %s ADDRESS PORT plain|login|none USER FROM TO SUBJECT BODY-FILE\n"
                "       the password is taken from the environment, SMTP_PASSWORD\n",
                argv[0]);
        return 64;
    }
    arguments = argv;
    server = address_of(argv[1]);
    body = read_file(argv[8], &body_length);
    tx_kernel_enter(); /* returns on the host, when every thread has ended */
    free(body);
    return exit_status;
}

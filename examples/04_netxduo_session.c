/* 04_netxduo_session.c - a device that reports now and then: a session that stays open, a mail to several recipients, a body
   that is made while it leaves.

       04_netxduo_session ADDRESS PORT FROM TO...

   Sends two reports over one connection, and says what became of them for each recipient.  */

#include <arpa/inet.h> /* inet_pton: the host's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nx_api.h"
#include "nxd_smtp_client.h"
#include "tx_api.h"

#define PACKETS 16
#define PAYLOAD 1536
#define MOST_RECIPIENTS 8

static NX_PACKET_POOL client_pool, ip_pool;
static NX_IP ip;
static TX_THREAD thread;
static NX_SMTP_CLIENT client;
static NXD_ADDRESS server;
static char** arguments;
static UINT argument_count;
static int exit_status = 70;

static void must(UINT status, const char* what) {
    if (status == NX_SUCCESS) return;
    fprintf(stderr, "04_netxduo_session: %s: status 0x%02x\n", what, status);
    exit(71);
}

/* [source] */
struct log_reader {
    UINT next, lines;
    UCHAR line[64];
};

/* Gives the body line by line: no more than a line of it is ever in memory. */
static UINT next_line(VOID* context, UINT first, UCHAR** octets, ULONG* length, UINT* last) {
    struct log_reader* log = context;
    if (first) log->next = 0;
    ++log->next;
    *length = (ULONG)sprintf((char*)log->line, "measurement %u: %u mV\r\n", log->next, 3300 + log->next % 7);
    *octets = log->line;
    *last = log->next == log->lines ? NX_TRUE : NX_FALSE;
    return NX_SUCCESS;
}
/* [source] */

static VOID report(ULONG input) {
    static NX_SMTP_MAIL mail;
    static NX_SMTP_RECIPIENT recipients[MOST_RECIPIENTS];
    struct log_reader log = {0};
    CHAR* from = arguments[3];
    NX_SMTP_RESULT result = {0};
    UINT port = (UINT)strtoul(arguments[2], NULL, 10);
    UINT status, i, number;
    NX_PARAMETER_NOT_USED(input);
    must(nxd_smtp_client_create(&client, &ip, &client_pool, "", "", from, "device.example", NX_SMTP_CLIENT_AUTH_NONE,
                                &server, port),
         "nxd_smtp_client_create");

    log.lines = 1000;
    /* [session] */
    must(nx_smtp_mail_create(&mail, from, recipients, MOST_RECIPIENTS), "nx_smtp_mail_create");
    for (i = 4; i != argument_count; ++i)
        must(nx_smtp_mail_recipient_add(&mail, arguments[i]), "nx_smtp_mail_recipient_add");
    must(nx_smtp_mail_subject_set(&mail, "Measurements", NX_SMTP_MAIL_PRIORITY_NORMAL), "nx_smtp_mail_subject_set");
    must(nx_smtp_mail_source_set(&mail, next_line, &log, 0, NX_SMTP_SOURCE_REPEATABLE), "nx_smtp_mail_source_set");

    status = nx_smtp_client_session_open(&client);
    for (number = 1; number <= 2 && status == NX_SUCCESS; ++number) {
        status = nx_smtp_client_mails_send(&client, &mail, 1, 1);
        for (i = 0; i + 4 != argument_count; ++i) {
            nx_smtp_mail_recipient_result_get(&mail, i, &result);
            printf("report %u to %s: status 0x%02x, outcome %u, server's code %u\n", number, arguments[i + 4],
                   result.nx_smtp_result_status, result.nx_smtp_result_outcome, result.nx_smtp_result_reply_code);
        }
    }
    nx_smtp_client_session_close(&client);
    /* [session] */
    if (status != NX_SUCCESS) fprintf(stderr, "04_netxduo_session: status 0x%02x\n", status);
    nx_smtp_client_delete(&client);
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
    must(nx_tcp_enable(&ip), "nx_tcp_enable");
    must(tx_thread_create(&thread, "reporter", report, 0, memory, 4096, 4, 4, TX_NO_TIME_SLICE, TX_AUTO_START),
         "tx_thread_create");
}

int main(int argc, char** argv) {
    unsigned char o[4];
    if (argc < 5 || argc > 4 + MOST_RECIPIENTS || inet_pton(AF_INET, argv[1], o) != 1) {
        fprintf(stderr, "usage: %s ADDRESS PORT FROM TO...       an IPv4 address, and %d recipients at most\n", argv[0],
                MOST_RECIPIENTS);
        return 64;
    }
    arguments = argv;
    argument_count = (UINT)argc;
    server.nxd_ip_version = NX_IP_VERSION_V4;
    server.nxd_ip_address.v4 = IP_ADDRESS(o[0], o[1], o[2], o[3]);
    tx_kernel_enter(); /* returns on the host, when every thread has ended */
    return exit_status;
}

/* An application as the SMTP client's users have it: IPv4. On the target the addresses are the application's own; here it is the
   loopback interface, and the port of the server is SMTP_SERVER_PORT of the environment.  */

#include "nx_api.h"
#include "nx_ip.h"
#include "nxd_smtp_client.h"

#include <stdio.h>
#include <stdlib.h>

#define USERNAME "user"
#define PASSWORD "secret"
#define FROM_ADDRESS "alice@a.example"
#define RECIPIENT_ADDRESS "bob@b.example"
#define LOCAL_DOMAIN "client.example"
#define SUBJECT "NetX Duo SMTP Client Demo"
#define MAIL_BODY                                                                                                      \
    "NetX Duo SMTP client is an SMTP client\r\n"                                                                       \
    "implementation for embedded devices.\r\n"                                                                         \
    ".a line that begins with a dot\r\n"

#define CLIENT_PACKET_SIZE 1536
#define CLIENT_POOL_SIZE (CLIENT_PACKET_SIZE * 4)
#define IP_PACKET_SIZE 256
#define IP_POOL_SIZE (IP_PACKET_SIZE * 24)
#define IP_STACK_SIZE 2048
#define CLIENT_STACK_SIZE 2048
#define ARP_CACHE_SIZE 1024

static NX_PACKET_POOL ip_packet_pool;
static NX_PACKET_POOL client_packet_pool;
static NX_IP client_ip;
static NX_SMTP_CLIENT demo_client;
static TX_THREAD demo_client_thread;
static UINT error_counter;

static VOID demo_client_thread_entry(ULONG info);

/* The driver of a RAM network: a sample names it, and links a real one on the target. */
extern VOID _nx_ram_network_driver(struct NX_IP_DRIVER_STRUCT* driver_req);

int main(void) {
    tx_kernel_enter();
    return error_counter == 0 ? 0 : 1;
}

static VOID check(UINT status, const char* what) {
    if (status == NX_SUCCESS) return;
    printf("%s: status 0x%x\n", what, status);
    error_counter++;
}

VOID tx_application_define(VOID* first_unused_memory) {
    CHAR* free_memory_pointer = (CHAR*)first_unused_memory;

    /* Both pools before the system is initialized. */
    check(nx_packet_pool_create(&client_packet_pool, "SMTP Client Packet Pool", CLIENT_PACKET_SIZE, free_memory_pointer,
                                CLIENT_POOL_SIZE),
          "client pool");
    free_memory_pointer += CLIENT_POOL_SIZE;
    check(nx_packet_pool_create(&ip_packet_pool, "IP Packet Pool", IP_PACKET_SIZE, free_memory_pointer, IP_POOL_SIZE),
          "IP pool");
    free_memory_pointer += IP_POOL_SIZE;

    nx_system_initialize();

    check(tx_thread_create(&demo_client_thread, "client_thread", demo_client_thread_entry, 0, free_memory_pointer,
                           CLIENT_STACK_SIZE, 4, 4, TX_NO_TIME_SLICE, TX_AUTO_START),
          "thread");
    free_memory_pointer += CLIENT_STACK_SIZE;

    check(nx_ip_create(&client_ip, "SMTP Client IP Instance", IP_ADDRESS(127, 0, 0, 1), 0xFF000000UL, &ip_packet_pool,
                       _nx_ram_network_driver, free_memory_pointer, IP_STACK_SIZE, 1),
          "IP instance");
    free_memory_pointer += IP_STACK_SIZE;

    check(nx_arp_enable(&client_ip, free_memory_pointer, ARP_CACHE_SIZE), "ARP");
    free_memory_pointer += ARP_CACHE_SIZE;
    check(nx_tcp_enable(&client_ip), "TCP");
    check(nx_icmp_enable(&client_ip), "ICMP");
    if (free_memory_pointer - (CHAR*)first_unused_memory > 19 * 1024) error_counter++;
}

static VOID demo_client_thread_entry(ULONG info) {
    NXD_ADDRESS server_address;
    const char* port = getenv("SMTP_SERVER_PORT");
    NX_PARAMETER_NOT_USED(info);

    server_address.nxd_ip_version = NX_IP_VERSION_V4;
    server_address.nxd_ip_address.v4 = IP_ADDRESS(127, 0, 0, 1);

    check(nxd_smtp_client_create(&demo_client, &client_ip, &client_packet_pool, USERNAME, PASSWORD, FROM_ADDRESS,
                                 LOCAL_DOMAIN, NX_SMTP_CLIENT_AUTH_LOGIN, &server_address,
                                 port != NULL ? (UINT)atoi(port) : 25),
          "create");
    check(nx_smtp_mail_send(&demo_client, RECIPIENT_ADDRESS, NX_SMTP_MAIL_PRIORITY_NORMAL, SUBJECT, MAIL_BODY,
                            sizeof(MAIL_BODY) - 1),
          "send");
    check(nx_smtp_client_delete(&demo_client), "delete");
    check(client_packet_pool.nx_packet_pool_available == client_packet_pool.nx_packet_pool_total ? NX_SUCCESS : 1,
          "client pool's packets");
    check(ip_packet_pool.nx_packet_pool_available == ip_packet_pool.nx_packet_pool_total ? NX_SUCCESS : 1,
          "IP pool's packets");
    check(client_packet_pool.nx_packet_pool_invalid_releases + ip_packet_pool.nx_packet_pool_invalid_releases,
          "releases");
}

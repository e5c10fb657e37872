/* An application of the shape that NetX Duo's SMTP sample has, its mail replaced by one exchange of octets:
   nothing in it knows that it runs on a PC but the server's address.  */

#include "nx_api.h"
#include "nx_ip.h"

#include "host_sample_server.h"

#define PACKET_SIZE 1536
#define PACKET_POOL_SIZE (PACKET_SIZE * 10)
#define CLIENT_POOL_SIZE (PACKET_SIZE * 6)

static TX_THREAD client_thread;
static NX_PACKET_POOL main_pool;
static NX_PACKET_POOL client_pool;
static NX_IP client_ip;
static NX_TCP_SOCKET client_socket;
static UINT error_counter;
static UINT thread_was_early = 1;
static UINT exchanges;

VOID _nx_ram_network_driver(struct NX_IP_DRIVER_STRUCT* driver_req_ptr);
void client_thread_entry(ULONG info);

int main(void) {
    sample_server_start();
    tx_kernel_enter();
    sample_server_stop();
    return error_counter == 0 && exchanges == 2 ? 0 : 1;
}

static void check(UINT status) {
    if (status != NX_SUCCESS) error_counter++;
}

void tx_application_define(void* first_unused_memory) {
    CHAR* free_memory_pointer = (CHAR*)first_unused_memory;
    UINT i;

    /* About 19 KB, all of them zero. */
    for (i = 0; i < 19 * 1024; i++)
        if (free_memory_pointer[i] != 0) error_counter++;

    check(tx_thread_create(&client_thread, "Client Thread", client_thread_entry, 7, free_memory_pointer, 2048, 16, 16,
                           TX_NO_TIME_SLICE, TX_AUTO_START));
    free_memory_pointer = free_memory_pointer + 2048;

    check(
        nx_packet_pool_create(&client_pool, "Client Packet Pool", PACKET_SIZE, free_memory_pointer, CLIENT_POOL_SIZE));
    free_memory_pointer = free_memory_pointer + CLIENT_POOL_SIZE;
    check(nx_packet_pool_create(&main_pool, "Main Packet Pool", 256, free_memory_pointer, 4096));
    free_memory_pointer = free_memory_pointer + 4096;

    nx_system_initialize();

    check(nx_ip_create(&client_ip, "Client IP", IP_ADDRESS(192, 2, 2, 34), 0xFFFFFF00UL, &main_pool,
                       _nx_ram_network_driver, free_memory_pointer, 2048, 1));
    free_memory_pointer = free_memory_pointer + 2048;
    check(nx_arp_enable(&client_ip, (void*)free_memory_pointer, 1024));
    free_memory_pointer = free_memory_pointer + 1024;
    check(nx_tcp_enable(&client_ip));
    check(nx_icmp_enable(&client_ip));
    check(nxd_ipv6_enable(&client_ip));
    check(nxd_icmp_enable(&client_ip));
    check((UINT)(free_memory_pointer - (CHAR*)first_unused_memory > 19 * 1024));
    thread_was_early = 0;
}

static void exchange(NXD_ADDRESS* server_address, UINT port) {
    NX_PACKET* packet;
    ULONG length = 0;
    CHAR greeting[16];

    check(nx_tcp_client_socket_bind(&client_socket, NX_ANY_PORT, NX_IP_PERIODIC_RATE));
    check(nxd_tcp_client_socket_connect(&client_socket, server_address, port, 10 * NX_IP_PERIODIC_RATE));
    check(nx_tcp_socket_receive(&client_socket, &packet, 10 * NX_IP_PERIODIC_RATE));
    check(nx_packet_data_extract_offset(packet, 0, greeting, sizeof(greeting), &length));
    check(nx_packet_release(packet));

    check(nx_packet_allocate(&client_pool, &packet, NX_TCP_PACKET, NX_WAIT_FOREVER));
    check(nx_packet_data_append(packet, greeting, length, &client_pool, NX_WAIT_FOREVER));
    if (nx_tcp_socket_send(&client_socket, packet, NX_IP_PERIODIC_RATE) != NX_SUCCESS) {
        error_counter++;
        nx_packet_release(packet);
    }

    /* The server closes when it has its greeting back. */
    if (nx_tcp_socket_receive(&client_socket, &packet, 10 * NX_IP_PERIODIC_RATE) != NX_NOT_CONNECTED) error_counter++;
    check(nx_tcp_socket_disconnect(&client_socket, 5 * NX_IP_PERIODIC_RATE));
    check(nx_tcp_client_socket_unbind(&client_socket));
    exchanges++;
}

void client_thread_entry(ULONG info) {
    NXD_ADDRESS server_address;
    UINT i;

    NX_PARAMETER_NOT_USED(info);
    if (info != 7 || thread_was_early || tx_thread_identify() != &client_thread) error_counter++;

    tx_thread_sleep(2);
    check(nx_tcp_socket_create(&client_ip, &client_socket, "Client Socket", NX_IP_NORMAL, NX_FRAGMENT_OKAY,
                               NX_IP_TIME_TO_LIVE, 1460, NX_NULL, NX_NULL));

    server_address.nxd_ip_version = NX_IP_VERSION_V4;
    server_address.nxd_ip_address.v4 = IP_ADDRESS(127, 0, 0, 1);
    exchange(&server_address, sample_server_port(4));

    server_address.nxd_ip_version = NX_IP_VERSION_V6;
    for (i = 0; i < 4; i++) server_address.nxd_ip_address.v6[i] = i == 3;
    exchange(&server_address, sample_server_port(6));

    check(nx_tcp_socket_delete(&client_socket));
    if (client_pool.nx_packet_pool_available != client_pool.nx_packet_pool_total) error_counter++;
    if (main_pool.nx_packet_pool_available != main_pool.nx_packet_pool_total) error_counter++;
    if (client_pool.nx_packet_pool_invalid_releases + main_pool.nx_packet_pool_invalid_releases) error_counter++;
}

// IP instances: what was enabled counts, and a live instance is known by its mark.

#include "host_support.hpp"

using namespace host_test;

namespace {

struct bare {
    bare() { EXPECT_EQ(create(ip), UINT{NX_SUCCESS}); }
    ~bare() { nx_ip_delete(&ip); }

    UINT create(NX_IP& which, ULONG address = IP_ADDRESS(10, 0, 0, 2)) {
        return nx_ip_create(&which, name, address, 0xFFFFFF00, &packets.block, _nx_ram_network_driver, memory,
                            sizeof memory, 1);
    }

    pool packets{1536, 4};
    NX_IP ip{};
    UCHAR memory[2048];
};

TEST(host_ip, a_live_instance_has_its_mark) {
    bare b;
    EXPECT_EQ(b.ip.nx_ip_id, 0x49502020u);
    EXPECT_EQ(b.create(b.ip), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_ip_delete(&b.ip), UINT{NX_SUCCESS});
    EXPECT_NE(b.ip.nx_ip_id, NX_IP_ID);
    EXPECT_EQ(nx_ip_delete(&b.ip), UINT{NX_PTR_ERROR});
}

TEST(host_ip, wrong_arguments_are_refused) {
    bare b;
    NX_IP ip{};
    NX_PACKET_POOL dead{};
    const auto make = [&](NX_PACKET_POOL* from, void (*driver)(NX_IP_DRIVER*), void* memory, ULONG size,
                          UINT priority) {
        return nx_ip_create(&ip, name, 0, 0, from, driver, memory, size, priority);
    };
    EXPECT_EQ(nx_ip_create(nullptr, name, 0, 0, &b.packets.block, _nx_ram_network_driver, b.memory, 2048, 1),
              UINT{NX_PTR_ERROR});
    EXPECT_EQ(make(&b.packets.block, nullptr, b.memory, 2048, 1), UINT{NX_PTR_ERROR});
    EXPECT_EQ(make(&b.packets.block, _nx_ram_network_driver, nullptr, 2048, 1), UINT{NX_PTR_ERROR});
    EXPECT_EQ(make(nullptr, _nx_ram_network_driver, b.memory, 2048, 1), UINT{NX_POOL_ERROR});
    EXPECT_EQ(make(&dead, _nx_ram_network_driver, b.memory, 2048, 1), UINT{NX_POOL_ERROR});
    EXPECT_EQ(make(&b.packets.block, _nx_ram_network_driver, b.memory, 100, 1), UINT{NX_SIZE_ERROR});
    EXPECT_EQ(make(&b.packets.block, _nx_ram_network_driver, b.memory, 2048, 32), UINT{NX_OPTION_ERROR});
    EXPECT_EQ(b.create(ip, IP_ADDRESS(224, 0, 0, 1)), UINT{NX_IP_ADDRESS_ERROR});
}

TEST(host_ip, services_are_enabled_once) {
    bare b;
    UCHAR cache[1024];
    EXPECT_EQ(nx_arp_enable(&b.ip, nullptr, 1024), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_arp_enable(&b.ip, cache, 8), UINT{NX_SIZE_ERROR});
    EXPECT_EQ(nx_arp_enable(&b.ip, cache, sizeof cache), UINT{NX_SUCCESS});
    EXPECT_EQ(nx_arp_enable(&b.ip, cache, sizeof cache), UINT{NX_ALREADY_ENABLED});
    for (const auto enable : {nx_icmp_enable, nx_tcp_enable, nxd_ipv6_enable}) {
        EXPECT_EQ(enable(nullptr), UINT{NX_PTR_ERROR});
        EXPECT_EQ(enable(&b.ip), UINT{NX_SUCCESS});
        EXPECT_EQ(enable(&b.ip), UINT{NX_ALREADY_ENABLED});
    }
    EXPECT_EQ(nxd_icmp_enable(&b.ip), UINT{NX_SUCCESS});
    EXPECT_EQ(nxd_icmp_enable(nullptr), UINT{NX_PTR_ERROR});
}

TEST(host_ip, sockets_need_tcp) {
    bare b;
    NX_TCP_SOCKET socket{};
    const auto create = [&] {
        return nx_tcp_socket_create(&b.ip, &socket, name, NX_IP_NORMAL, NX_FRAGMENT_OKAY, NX_IP_TIME_TO_LIVE, 1460,
                                    NX_NULL, NX_NULL);
    };
    EXPECT_EQ(create(), UINT{NX_NOT_ENABLED});
    EXPECT_EQ(nx_tcp_enable(&b.ip), UINT{NX_SUCCESS});
    EXPECT_EQ(create(), UINT{NX_SUCCESS});
    EXPECT_EQ(nx_ip_delete(&b.ip), UINT{NX_SOCKETS_BOUND});
    in_thread([&] { EXPECT_EQ(nx_tcp_socket_delete(&socket), UINT{NX_SUCCESS}); });
    EXPECT_EQ(nx_ip_delete(&b.ip), UINT{NX_SUCCESS});
}

TEST(host_ip, an_ipv6_address_is_checked) {
    bare b;
    NXD_ADDRESS address{};
    UINT index = 99;
    address.nxd_ip_version = NX_IP_VERSION_V6;
    EXPECT_EQ(nxd_ipv6_address_set(&b.ip, 0, &address, 64, &index), UINT{NX_SUCCESS});
    EXPECT_EQ(nxd_ipv6_address_set(&b.ip, 0, nullptr, 10, &index), UINT{NX_SUCCESS});
    EXPECT_EQ(index, 0u);
    EXPECT_EQ(nxd_ipv6_address_set(&b.ip, 1, &address, 64, nullptr), UINT{NX_INVALID_INTERFACE});
    EXPECT_EQ(nxd_ipv6_address_set(&b.ip, 0, &address, 129, nullptr), UINT{NX_IP_ADDRESS_ERROR});
    address.nxd_ip_version = NX_IP_VERSION_V4;
    EXPECT_EQ(nxd_ipv6_address_set(&b.ip, 0, &address, 64, nullptr), UINT{NX_IP_ADDRESS_ERROR});
    EXPECT_EQ(nxd_ipv6_address_set(nullptr, 0, &address, 64, nullptr), UINT{NX_PTR_ERROR});
}

TEST(host_ip, the_status_is_awaited) {
    bare b;
    ULONG actual = 0;
    EXPECT_EQ(nx_ip_status_check(&b.ip, NX_IP_INITIALIZE_DONE | NX_IP_TCP_ENABLED, &actual, NX_NO_WAIT),
              UINT{NX_NOT_SUCCESSFUL});
    EXPECT_EQ(actual, NX_IP_INITIALIZE_DONE);
    EXPECT_EQ(nx_ip_status_check(&b.ip, 0, &actual, NX_NO_WAIT), UINT{NX_OPTION_ERROR});
    EXPECT_EQ(nx_ip_status_check(&b.ip, NX_IP_INITIALIZE_DONE, nullptr, NX_NO_WAIT), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_ip_status_check(&b.ip, NX_IP_INITIALIZE_DONE, &actual, 1), UINT{NX_CALLER_ERROR});
    in_thread([&] {
        EXPECT_GE(time_of([&] {
                      EXPECT_EQ(nx_ip_status_check(&b.ip, NX_IP_TCP_ENABLED, &actual, 3), UINT{NX_NOT_SUCCESSFUL});
                  }).count(),
                  30);
        EXPECT_EQ(nx_tcp_enable(&b.ip), UINT{NX_SUCCESS});
        EXPECT_EQ(nx_ip_status_check(&b.ip, NX_IP_TCP_ENABLED, &actual, NX_WAIT_FOREVER), UINT{NX_SUCCESS});
    });
}

} // namespace

// The server by its name, with a DNS client that says what the test wants; and the host's own.

#include "client_support.hpp"

extern "C" {
UINT __real_nxd_dns_host_by_name_get(NX_DNS*, UCHAR*, NXD_ADDRESS*, ULONG, UINT);
UINT __wrap_nxd_dns_host_by_name_get(NX_DNS*, UCHAR*, NXD_ADDRESS*, ULONG, UINT);
}

namespace {

/// What the DNS client answers for each kind, and what it was asked.
struct {
    bool real = false;
    UINT v4 = NX_SUCCESS, v6 = NX_SUCCESS;
    std::vector<UINT> asked;
    std::string name;
} dns_says;

} // namespace

UINT __wrap_nxd_dns_host_by_name_get(NX_DNS* dns, UCHAR* name, NXD_ADDRESS* address, ULONG wait, UINT kind) {
    if (dns_says.real) return __real_nxd_dns_host_by_name_get(dns, name, address, wait, kind);
    dns_says.asked.push_back(kind);
    dns_says.name = reinterpret_cast<const char*>(name);
    const UINT status = kind == NX_IP_VERSION_V4 ? dns_says.v4 : dns_says.v6;
    if (status == NX_SUCCESS)
        *address =
            client_test::loopback(kind == NX_IP_VERSION_V4 ? script::server::family::v4 : script::server::family::v6);
    return status;
}

namespace client_test {
namespace {

class server_by_name : public stack {
protected:
    server_by_name() { dns_says = {}; }
    UINT send_by(UINT order) {
        dns_says.asked.clear();
        EXPECT_EQ(NX_SUCCESS, nxd_smtp_client_server_name_set(&client, &dns, name, order));
        return send();
    }
    UINT looked_up() {
        UINT status = 0xFFFF;
        EXPECT_EQ(NX_SUCCESS, nx_smtp_client_server_name_status_get(&client, &status));
        return status;
    }
    NX_DNS dns{};
    CHAR name[16] = "mail.example";
    static constexpr UINT v4 = NX_IP_VERSION_V4, v6 = NX_IP_VERSION_V6;
};

TEST_F(server_by_name, is_looked_up_for_each_connection) {
    create();
    for (int i = 0; i != 2; ++i) {
        EXPECT_EQ(NX_SUCCESS, send_by(NX_SMTP_SERVER_IPV4));
        EXPECT_EQ("mail.example", dns_says.name);
        EXPECT_EQ(std::vector{v4}, dns_says.asked);
        EXPECT_EQ(0u, looked_up());
    }
}

TEST_F(server_by_name, kinds_are_tried_in_their_order) {
    create(); // the server listens on IPv4 alone
    EXPECT_EQ(NX_SUCCESS, send_by(NX_SMTP_SERVER_IPV6_THEN_IPV4)) << "no connection by the first";
    EXPECT_EQ((std::vector{v6, v4}), dns_says.asked);
    EXPECT_EQ(NX_SUCCESS, send_by(NX_SMTP_SERVER_IPV4_THEN_IPV6));
    EXPECT_EQ(std::vector{v4}, dns_says.asked);
    dns_says.v6 = NX_DNS_QUERY_FAILED;
    EXPECT_EQ(NX_SUCCESS, send_by(NX_SMTP_SERVER_IPV6_THEN_IPV4)) << "no address of the first";
    EXPECT_EQ(0u, looked_up());
    dns_says.v6 = NX_SUCCESS;
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(send_by(NX_SMTP_SERVER_IPV6)));
    EXPECT_EQ(0u, looked_up()) << "there is an address, and nobody listens there";
    dns_says.v4 = NX_DNS_QUERY_FAILED;
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(send_by(NX_SMTP_SERVER_IPV4_THEN_IPV6)));
}

TEST_F(server_by_name, a_name_without_address_has_its_own_status) {
    create();
    dns_says.v4 = NX_DNS_TIMEOUT;
    dns_says.v6 = NX_DNS_QUERY_FAILED;
    EXPECT_EQ(NX_SMTP_SERVER_NAME_ERROR, static_cast<int>(send_by(NX_SMTP_SERVER_IPV4)));
    EXPECT_EQ(NX_DNS_TIMEOUT, static_cast<int>(looked_up()));
    EXPECT_EQ(NX_SMTP_SERVER_NAME_ERROR, static_cast<int>(send_by(NX_SMTP_SERVER_IPV6_THEN_IPV4)));
    EXPECT_EQ(NX_DNS_QUERY_FAILED, static_cast<int>(looked_up()));
    EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, static_cast<int>(result().nx_smtp_result_outcome));
    EXPECT_EQ(NX_SMTP_PHASE_CONNECT, static_cast<int>(result().nx_smtp_result_phase));
    EXPECT_EQ(0u, tap::counted().connects);
    in_thread([&] { EXPECT_EQ(NX_SMTP_SERVER_NAME_ERROR, static_cast<int>(nx_smtp_client_session_open(&client))); });
}

TEST_F(server_by_name, the_checks) {
    UINT status = 0;
    NX_SMTP_CLIENT none{};
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nxd_smtp_client_server_name_set(nullptr, &dns, name, 1)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nxd_smtp_client_server_name_set(&none, nullptr, name, 1)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nxd_smtp_client_server_name_set(&none, &dns, nullptr, 1)));
    EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(nxd_smtp_client_server_name_set(&none, &dns, name, 1)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_client_server_name_status_get(nullptr, &status)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_client_server_name_status_get(&none, nullptr)));
    EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(nx_smtp_client_server_name_status_get(&none, &status)));
    create();
    for (const UINT order : {0u, 5u})
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nxd_smtp_client_server_name_set(&client, &dns, name, order)));
}

TEST_F(server_by_name, the_host_asks_the_operating_system) {
    dns_says.real = true;
    UCHAR local[] = "localhost", nowhere[] = "no-such-name.invalid", empty[] = "";
    NXD_ADDRESS address{};
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_dns_create(nullptr, &ip, local)));
    EXPECT_EQ(NX_SUCCESS, nx_dns_create(&dns, &ip, local));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_dns_create(&dns, &ip, local))) << "it exists";
    EXPECT_EQ(NX_CALLER_ERROR, static_cast<int>(nx_dns_server_add(&dns, IP_ADDRESS(127, 0, 0, 53))));
    EXPECT_EQ(NX_CALLER_ERROR, static_cast<int>(nxd_dns_host_by_name_get(&dns, local, &address, 100, v4)));
    in_thread([&] {
        EXPECT_EQ(NX_DNS_NO_SERVER, static_cast<int>(nxd_dns_host_by_name_get(&dns, local, &address, 100, v4)));
        EXPECT_EQ(NX_DNS_BAD_ADDRESS_ERROR, static_cast<int>(nx_dns_server_add(&dns, 0)));
        for (int i = 0; i != NX_DNS_MAX_SERVERS; ++i)
            EXPECT_EQ(NX_SUCCESS, nx_dns_server_add(&dns, IP_ADDRESS(127, 0, 0, 53)));
        EXPECT_EQ(NX_NO_MORE_ENTRIES, static_cast<int>(nx_dns_server_add(&dns, IP_ADDRESS(127, 0, 0, 53))));
        EXPECT_EQ(NX_SUCCESS, nxd_dns_host_by_name_get(&dns, local, &address, 100, v4));
        EXPECT_EQ(4u, address.nxd_ip_version);
        EXPECT_EQ(IP_ADDRESS(127, 0, 0, 1), address.nxd_ip_address.v4);
        UCHAR literal[] = "::1";
        EXPECT_EQ(NX_SUCCESS, nxd_dns_host_by_name_get(&dns, literal, &address, 100, v6));
        EXPECT_EQ(6u, address.nxd_ip_version);
        EXPECT_EQ(1u, address.nxd_ip_address.v6[3]);
        EXPECT_EQ(NX_DNS_PARAM_ERROR, static_cast<int>(nxd_dns_host_by_name_get(&dns, empty, &address, 100, v4)));
        EXPECT_EQ(NX_DNS_PARAM_ERROR, static_cast<int>(nxd_dns_host_by_name_get(&dns, local, &address, 100, 5)));
        const UINT status = nxd_dns_host_by_name_get(&dns, nowhere, &address, 100, v4);
        EXPECT_TRUE(status == NX_DNS_QUERY_FAILED || status == NX_DNS_TIMEOUT) << status; // where there is no network
        EXPECT_EQ(NX_SUCCESS, nx_dns_delete(&dns));
        EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_dns_delete(&dns)));
    });
}

} // namespace
} // namespace client_test

// TCP client sockets against plain sockets on the loopback, over both versions of IP.

#include "host_support.hpp"

using namespace host_test;

namespace {

class host_tcp : public testing::TestWithParam<ULONG> {
protected:
    ULONG version() const { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(over, host_tcp, testing::Values(NX_IP_VERSION_V4, NX_IP_VERSION_V6),
                         [](const auto& tested) { return tested.param == NX_IP_VERSION_V4 ? "ipv4" : "ipv6"; });

TEST_P(host_tcp, octets_go_both_ways) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        other.write("220 ready\r\n");
        EXPECT_EQ(c.text(), "220 ready\r\n");
        EXPECT_EQ(c.send(on.packets.packet_of("EHLO me\r\n")), UINT{NX_SUCCESS});
        EXPECT_EQ(other.read(9), "EHLO me\r\n");
        ULONG mss = 0;
        EXPECT_EQ(nx_tcp_socket_mss_get(&c.socket, &mss), UINT{NX_SUCCESS});
        EXPECT_EQ(mss, version() == NX_IP_VERSION_V4 ? 1460u : 1440u);
        other.close();
        EXPECT_EQ(c.disconnect(plenty), UINT{NX_SUCCESS});
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_SUCCESS});
    });
    EXPECT_EQ(on.packets.available(), on.packets.total());
    EXPECT_EQ(on.packets.invalid_releases(), 0u);
}

TEST_P(host_tcp, one_socket_serves_many_connections) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        for (int i = 0; i < 5; ++i) {
            ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
            ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
            peer other = listener.accept();
            other.write("hello");
            EXPECT_EQ(c.text(), "hello");
            EXPECT_EQ(c.disconnect(NX_NO_WAIT), UINT{NX_SUCCESS});
            EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_SUCCESS});
        }
    });
}

TEST_P(host_tcp, a_refusal_is_told_at_once_and_the_socket_can_try_again) {
    stack on;
    server gone(version()), there(version());
    gone.close();
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        EXPECT_LT(time_of([&] { EXPECT_EQ(c.connect(gone), UINT{NX_NOT_CONNECTED}); }).count(), 5000);
        EXPECT_EQ(c.connect(there), UINT{NX_SUCCESS});
    });
}

TEST_P(host_tcp, a_chain_leaves_whole_and_goes_back_to_its_pool) {
    stack on;
    pool small(128, 40);
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        std::string text;
        for (int i = 0; text.size() < 4000; ++i) text += std::to_string(i) + ' ';
        NX_PACKET* packet = small.packet_of(text);
        EXPECT_GT(pieces_of(packet), 30u);
        EXPECT_EQ(c.send(packet), UINT{NX_SUCCESS});
        EXPECT_EQ(small.available(), small.total());
        EXPECT_EQ(other.read(text.size()), text);
    });
}

TEST_P(host_tcp, a_chain_longer_than_one_system_call_leaves_whole) {
    stack on;
    pool tiny(80, 200);
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        const std::string text(80 * 190, 'x');
        EXPECT_EQ(c.send(tiny.packet_of(text)), UINT{NX_SUCCESS});
        EXPECT_EQ(other.read(text.size()), text);
    });
    EXPECT_EQ(tiny.available(), tiny.total());
}

TEST_P(host_tcp, a_segment_is_chained_where_the_pool_is_small) {
    stack on(256, 16);
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        std::string text;
        for (int i = 0; text.size() < 1000; ++i) text += std::to_string(i) + ' ';
        other.write(text);
        NX_PACKET* packet = nullptr;
        ASSERT_EQ(c.receive(packet), UINT{NX_SUCCESS});
        EXPECT_EQ(text_of(packet), text);
        EXPECT_GT(pieces_of(packet), 3u);
        EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
        EXPECT_EQ(on.packets.available(), on.packets.total());
    });
}

TEST_P(host_tcp, an_empty_pool_loses_no_octet) {
    stack on(256, 1);
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        NX_PACKET* held = on.packets.allocate();
        const std::string text(700, 'x');
        other.write(text);
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(c.receive(packet, NX_NO_WAIT), UINT{NX_NO_PACKET});
        EXPECT_EQ(c.receive(packet, 3), UINT{NX_NO_PACKET});
        thread releases([&] {
            tx_thread_sleep(2);
            nx_packet_release(held);
        });
        std::string got;
        while (got.size() < text.size()) got += c.text();
        EXPECT_EQ(got, text);
    });
    EXPECT_EQ(on.packets.available(), 1u);
}

TEST_P(host_tcp, a_received_packet_can_be_sent_back) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        other.write("echo");
        NX_PACKET* packet = nullptr;
        ASSERT_EQ(c.receive(packet), UINT{NX_SUCCESS});
        EXPECT_EQ(c.send(packet), UINT{NX_SUCCESS});
        EXPECT_EQ(other.read(4), "echo");
    });
}

TEST_P(host_tcp, a_megabyte_each_way) {
    stack on;
    server listener(version());
    std::string text;
    for (int i = 0; text.size() < 1000000; ++i) text += std::to_string(i) + ' ';
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        const auto reader = std::async(std::launch::async, [&] {
            EXPECT_EQ(other.read(text.size()), text);
            other.write(text);
        });
        for (std::string_view rest = text; !rest.empty();) {
            const std::string_view part = rest.substr(0, 3000);
            EXPECT_EQ(c.send(on.packets.packet_of(part)), UINT{NX_SUCCESS});
            rest.remove_prefix(part.size());
        }
        std::string got;
        while (got.size() < text.size()) {
            const std::string more = c.text();
            ASSERT_FALSE(more.empty());
            got += more;
        }
        EXPECT_EQ(got, text);
    });
}

TEST_P(host_tcp, disconnect_without_a_wait_resets) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        EXPECT_EQ(c.disconnect(NX_NO_WAIT), UINT{NX_SUCCESS});
        EXPECT_EQ(other.end(), ECONNRESET);
        EXPECT_EQ(c.disconnect(NX_NO_WAIT), UINT{NX_NOT_CONNECTED});
    });
}

TEST_P(host_tcp, disconnect_with_a_wait_is_orderly_even_with_unread_octets) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        other.write("nobody reads this");
        const auto answer = std::async(std::launch::async, [&] {
            EXPECT_EQ(other.end(), 0);
            other.close();
        });
        EXPECT_EQ(c.disconnect(plenty), UINT{NX_SUCCESS});
        EXPECT_EQ(c.socket.nx_tcp_socket_state, UINT{NX_TCP_CLOSED});
    });
}

TEST_P(host_tcp, disconnect_gives_up_on_a_peer_that_stays) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        EXPECT_GE(time_of([&] { EXPECT_EQ(c.disconnect(5), UINT{NX_DISCONNECT_FAILED}); }).count(), 50);
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_SUCCESS});
    });
}

TEST_P(host_tcp, what_was_said_before_the_end_is_received) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        other.write("421 bye\r\n");
        other.close();
        EXPECT_EQ(c.text(), "421 bye\r\n");
        NX_PACKET* packet = nullptr;
        for (int i = 0; i < 2; ++i) EXPECT_EQ(c.receive(packet), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(packet, nullptr);
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_NOT_CLOSED});
        EXPECT_EQ(c.disconnect(plenty), UINT{NX_SUCCESS});
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_SUCCESS});
    });
}

TEST_P(host_tcp, a_send_that_fails_leaves_what_was_said_to_be_received) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        other.write("421 bye\r\n");
        other.close();
        UINT status = NX_SUCCESS; // the first octets may still leave; the peer's reset answers them
        while (status == NX_SUCCESS) {
            NX_PACKET* packet = on.packets.packet_of("RCPT TO:<a@b>\r\n");
            status = c.send(packet);
            if (status != NX_SUCCESS) {
                EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
            }
        }
        EXPECT_EQ(status, UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(c.text(), "421 bye\r\n");
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(c.receive(packet), UINT{NX_NOT_CONNECTED});
    });
    EXPECT_EQ(on.packets.available(), on.packets.total());
    EXPECT_EQ(on.packets.invalid_releases(), 0u);
}

TEST_P(host_tcp, a_reset_closes_the_socket) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        listener.accept().reset();
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(c.receive(packet), UINT{NX_NOT_CONNECTED});
        packet = on.packets.packet_of("x");
        EXPECT_EQ(c.send(packet), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
        EXPECT_EQ(c.disconnect(plenty), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_SUCCESS});
    });
}

TEST(host_tcp_socket, a_receive_lasts_its_ticks) {
    stack on;
    server listener;
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(c.receive(packet, NX_NO_WAIT), UINT{NX_NO_PACKET});
        EXPECT_GE(time_of([&] { EXPECT_EQ(c.receive(packet, 5), UINT{NX_NO_PACKET}); }).count(), 50);
    });
}

TEST(host_tcp_socket, a_connect_lasts_its_ticks) {
    stack on;
    server listener(NX_IP_VERSION_V4, 0);
    in_thread([&] {
        client first(on), second(on), third(on);
        for (client* c : {&first, &second, &third}) ASSERT_EQ(c->bind(), UINT{NX_SUCCESS});
        EXPECT_EQ(first.connect(listener), UINT{NX_SUCCESS});
        second.connect(listener, 2);
        // The backlog is full: this SYN goes unanswered.
        EXPECT_GE(time_of([&] { EXPECT_EQ(third.connect(listener, 5), UINT{NX_NOT_CONNECTED}); }).count(), 50);
        EXPECT_EQ(third.connect(listener, NX_NO_WAIT), UINT{NX_IN_PROGRESS});
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(third.receive(packet, NX_NO_WAIT), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(third.connect(listener, NX_NO_WAIT), UINT{NX_NOT_CLOSED});
        EXPECT_EQ(third.disconnect(NX_NO_WAIT), UINT{NX_SUCCESS});
    });
}

// A full window: the packet stays the caller's and is what has not left, so that sending it again goes on
// where it stopped.
TEST(host_tcp_socket, a_full_window_is_waited_for_and_the_stream_goes_on) {
    stack on;
    server listener(NX_IP_VERSION_V4, 16, 4096);
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        peer other = listener.accept();
        std::string text;
        for (int i = 0; text.size() < 2000; ++i) text += std::to_string(i) + ' ';
        std::string all;
        NX_PACKET* packet = nullptr;
        UINT status = NX_SUCCESS;
        while (status == NX_SUCCESS) {
            packet = on.packets.packet_of(text);
            status = c.send(packet, NX_NO_WAIT);
            all += text;
        }
        EXPECT_EQ(status, UINT{NX_WINDOW_OVERFLOW});
        EXPECT_LT(all.size(), 500000u) << "more than a target would hold";
        EXPECT_GE(time_of([&] { EXPECT_EQ(c.send(packet, 5), UINT{NX_WINDOW_OVERFLOW}); }).count(), 50);
        const auto reader = std::async(std::launch::async, [&] { EXPECT_EQ(other.read(all.size()), all); });
        EXPECT_EQ(c.send(packet), UINT{NX_SUCCESS});
    });
    EXPECT_EQ(on.packets.available(), on.packets.total());
}

TEST(host_tcp_socket, packets_of_two_threads_do_not_mix) {
    stack on;
    server listener(NX_IP_VERSION_V4, 16, 4096);
    client c(on);
    in_thread([&] {
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
    });
    peer other = listener.accept();
    const auto sender = [&](char letter) {
        return [&, letter] {
            for (int i = 0; i < 60; ++i) {
                NX_PACKET* packet = nullptr;
                ASSERT_EQ(nx_packet_allocate(&on.packets.block, &packet, NX_TCP_PACKET, plenty), UINT{NX_SUCCESS});
                on.packets.append(packet, std::string(2500, letter));
                ASSERT_EQ(c.send(packet), UINT{NX_SUCCESS});
            }
        };
    };
    thread a(sender('a')), b(sender('b'));
    for (int i = 0; i < 120; ++i) {
        const std::string text = other.read(2500);
        ASSERT_EQ(text, std::string(2500, text.front()));
    }
    a.join();
    b.join();
}

TEST(host_tcp_socket, a_disconnect_ends_the_receive_of_another_thread) {
    stack on;
    server listener;
    client c(on);
    std::promise<void> connected;
    UINT status = NX_SUCCESS;
    thread reader([&] {
        EXPECT_EQ(c.bind(), UINT{NX_SUCCESS});
        EXPECT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        connected.set_value();
        NX_PACKET* packet = nullptr;
        status = c.receive(packet, NX_WAIT_FOREVER);
    });
    connected.get_future().wait();
    in_thread([&] { EXPECT_EQ(c.disconnect(NX_NO_WAIT), UINT{NX_SUCCESS}); });
    reader.join();
    EXPECT_EQ(status, UINT{NX_NOT_CONNECTED});
}

TEST_P(host_tcp, a_bound_port_is_the_one_the_peer_sees) {
    stack on;
    server listener(version());
    in_thread([&] {
        client c(on), same(on);
        UINT free_port = 0;
        UINT status = NX_PORT_UNAVAILABLE;
        while (status == NX_PORT_UNAVAILABLE) { // somebody else may be quicker
            nx_tcp_client_socket_unbind(&c.socket);
            free_port = server(version()).port();
            ASSERT_EQ(nx_tcp_client_socket_bind(&c.socket, free_port, NX_NO_WAIT), UINT{NX_SUCCESS});
            status = c.connect(listener);
        }
        ASSERT_EQ(status, UINT{NX_SUCCESS});
        EXPECT_EQ(listener.accept().port(), free_port);
        EXPECT_EQ(nx_tcp_client_socket_bind(&same.socket, free_port, NX_NO_WAIT), UINT{NX_PORT_UNAVAILABLE});
        EXPECT_EQ(c.disconnect(NX_NO_WAIT), UINT{NX_SUCCESS});

        thread waits([&] { EXPECT_EQ(nx_tcp_client_socket_bind(&same.socket, free_port, plenty), UINT{NX_SUCCESS}); });
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_SUCCESS});
        waits.join();
    });
}

TEST_P(host_tcp, a_port_of_another_program_is_unavailable) {
    stack on;
    server listener(version()), other(version());
    in_thread([&] {
        client c(on);
        ASSERT_EQ(nx_tcp_client_socket_bind(&c.socket, other.port(), NX_NO_WAIT), UINT{NX_SUCCESS});
        EXPECT_EQ(c.connect(listener), UINT{NX_PORT_UNAVAILABLE});
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_SUCCESS});
    });
}

TEST(host_tcp_socket, services_refuse_what_the_state_does_not_allow) {
    stack on;
    server listener;
    in_thread([&] {
        client c(on);
        NX_PACKET* packet = on.packets.packet_of("x");
        NX_PACKET* got = nullptr;
        EXPECT_EQ(c.connect(listener), UINT{NX_NOT_BOUND});
        EXPECT_EQ(c.send(packet), UINT{NX_NOT_BOUND});
        EXPECT_EQ(c.receive(got), UINT{NX_NOT_BOUND});
        EXPECT_EQ(c.disconnect(plenty), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_NOT_BOUND});
        EXPECT_EQ(nx_tcp_client_socket_bind(&c.socket, 65536, NX_NO_WAIT), UINT{NX_INVALID_PORT});
        EXPECT_EQ(c.bind(), UINT{NX_SUCCESS});
        EXPECT_EQ(c.bind(), UINT{NX_ALREADY_BOUND});
        EXPECT_EQ(c.send(packet), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(c.receive(got), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(nx_tcp_socket_delete(&c.socket), UINT{NX_STILL_BOUND});
        EXPECT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        EXPECT_EQ(c.connect(listener), UINT{NX_NOT_CLOSED});
        EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_NOT_CLOSED});
        nx_packet_release(packet);
    });
}

TEST(host_tcp_socket, packets_that_cannot_be_sent_are_refused_and_stay_the_callers) {
    stack on;
    server listener(NX_IP_VERSION_V6);
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        ASSERT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        NX_PACKET* empty = on.packets.allocate(NX_IPv6_TCP_PACKET);
        NX_PACKET* cramped = on.packets.packet_of("x", NX_IPv4_TCP_PACKET); // IPv6 needs more room in front
        NX_PACKET* released = on.packets.packet_of("x");
        EXPECT_EQ(c.send(empty), UINT{NX_INVALID_PACKET});
        EXPECT_EQ(c.send(cramped), UINT{NX_UNDERFLOW});
        EXPECT_EQ(nx_packet_release(released), UINT{NX_SUCCESS});
        EXPECT_EQ(c.send(released), UINT{NX_INVALID_PACKET});
        EXPECT_EQ(nx_packet_release(empty), UINT{NX_SUCCESS});
        EXPECT_EQ(nx_packet_release(cramped), UINT{NX_SUCCESS});
    });
    EXPECT_EQ(on.packets.available(), on.packets.total());
}

TEST(host_tcp_socket, impossible_servers_are_refused) {
    stack on;
    in_thread([&] {
        client c(on);
        ASSERT_EQ(c.bind(), UINT{NX_SUCCESS});
        const auto connect = [&](NXD_ADDRESS to, UINT port) {
            return nxd_tcp_client_socket_connect(&c.socket, &to, port, NX_NO_WAIT);
        };
        NXD_ADDRESS to{};
        to.nxd_ip_version = NX_IP_VERSION_V4;
        EXPECT_EQ(connect(to, 25), UINT{NX_IP_ADDRESS_ERROR});
        to.nxd_ip_address.v4 = IP_ADDRESS(127, 0, 0, 1);
        EXPECT_EQ(connect(to, 0), UINT{NX_INVALID_PORT});
        EXPECT_EQ(connect(to, 65536), UINT{NX_INVALID_PORT});
        to.nxd_ip_version = 5;
        EXPECT_EQ(connect(to, 25), UINT{NX_IP_ADDRESS_ERROR});
        EXPECT_EQ(nxd_tcp_client_socket_connect(&c.socket, nullptr, 25, NX_NO_WAIT), UINT{NX_PTR_ERROR});
    });
}

TEST(host_tcp_socket, ipv6_must_be_enabled) {
    pool packets(1536, 4);
    NX_IP ip{};
    UCHAR memory[2048];
    ASSERT_EQ(nx_ip_create(&ip, name, 0, 0, &packets.block, _nx_ram_network_driver, memory, sizeof memory, 1),
              UINT{NX_SUCCESS});
    ASSERT_EQ(nx_tcp_enable(&ip), UINT{NX_SUCCESS});
    server listener(NX_IP_VERSION_V6);
    in_thread([&] {
        NX_TCP_SOCKET socket{};
        ASSERT_EQ(nx_tcp_socket_create(&ip, &socket, name, NX_IP_NORMAL, NX_FRAGMENT_OKAY, NX_IP_TIME_TO_LIVE, 1460,
                                       NX_NULL, NX_NULL),
                  UINT{NX_SUCCESS});
        ASSERT_EQ(nx_tcp_client_socket_bind(&socket, NX_ANY_PORT, NX_NO_WAIT), UINT{NX_SUCCESS});
        EXPECT_EQ(nxd_tcp_client_socket_connect(&socket, listener.address(), listener.port(), plenty),
                  UINT{NX_NO_INTERFACE_ADDRESS});
        nx_tcp_client_socket_unbind(&socket);
        EXPECT_EQ(nx_tcp_socket_delete(&socket), UINT{NX_SUCCESS});
    });
    EXPECT_EQ(nx_ip_delete(&ip), UINT{NX_SUCCESS});
}

TEST(host_tcp_socket, only_a_thread_may_use_a_socket) {
    stack on;
    server listener;
    client c(on);
    NX_PACKET* packet = on.packets.packet_of("x");
    NX_PACKET* got = nullptr;
    EXPECT_EQ(c.bind(), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(c.connect(listener), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(c.send(packet), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(c.receive(got), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(c.disconnect(1), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(nx_tcp_client_socket_unbind(&c.socket), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(nx_tcp_socket_delete(&c.socket), UINT{NX_CALLER_ERROR});
    nx_packet_release(packet);
}

TEST(host_tcp_socket, dead_sockets_are_known) {
    NX_TCP_SOCKET dead{};
    NX_PACKET* packet = nullptr;
    NXD_ADDRESS to{};
    ULONG mss = 0;
    for (NX_TCP_SOCKET* socket : {&dead, static_cast<NX_TCP_SOCKET*>(nullptr)}) {
        EXPECT_EQ(nx_tcp_client_socket_bind(socket, 0, 0), UINT{NX_PTR_ERROR});
        EXPECT_EQ(nxd_tcp_client_socket_connect(socket, &to, 25, 0), UINT{NX_PTR_ERROR});
        EXPECT_EQ(nx_tcp_socket_send(socket, nullptr, 0), UINT{NX_PTR_ERROR});
        EXPECT_EQ(nx_tcp_socket_receive(socket, &packet, 0), UINT{NX_PTR_ERROR});
        EXPECT_EQ(nx_tcp_socket_mss_get(socket, &mss), UINT{NX_PTR_ERROR});
        EXPECT_EQ(nx_tcp_socket_disconnect(socket, 0), UINT{NX_PTR_ERROR});
        EXPECT_EQ(nx_tcp_client_socket_unbind(socket), UINT{NX_PTR_ERROR});
        EXPECT_EQ(nx_tcp_socket_delete(socket), UINT{NX_PTR_ERROR});
    }
}

TEST(host_tcp_socket, options_are_checked) {
    stack on;
    NX_TCP_SOCKET socket{};
    const auto create = [&](ULONG service, UINT time_to_live, ULONG window) {
        return nx_tcp_socket_create(&on.ip, &socket, name, service, NX_FRAGMENT_OKAY, time_to_live, window, NX_NULL,
                                    NX_NULL);
    };
    EXPECT_EQ(create(1, NX_IP_TIME_TO_LIVE, 1460), UINT{NX_OPTION_ERROR});
    EXPECT_EQ(create(NX_IP_NORMAL, 256, 1460), UINT{NX_OPTION_ERROR});
    EXPECT_EQ(create(NX_IP_NORMAL, NX_IP_TIME_TO_LIVE, 0), UINT{NX_OPTION_ERROR});
    EXPECT_EQ(create(NX_IP_NORMAL, NX_IP_TIME_TO_LIVE, 65536), UINT{NX_OPTION_ERROR});
}

} // namespace

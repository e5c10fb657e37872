// Packet pools: how many fit, what exhaustion looks like, chains, and what is counted.

#include "host_support.hpp"

using namespace host_test;

namespace {

TEST(host_packet, a_pool_holds_what_its_memory_was_made_for) {
    for (ULONG payload : {4u, 56u, 100u, 128u, 1460u, 1500u, 1536u, 1537u}) {
        pool packets((payload + 3) / 4 * 4, 7);
        EXPECT_EQ(packets.total(), 7u) << payload;
        EXPECT_EQ(packets.available(), 7u) << payload;
    }
}

TEST(host_packet, memory_at_an_odd_address_is_used_and_not_overrun) {
    std::vector<UCHAR> memory(4 * (128 + sizeof(NX_PACKET)) + 1);
    NX_PACKET_POOL packets{};
    ASSERT_EQ(nx_packet_pool_create(&packets, name, 128, memory.data() + 1, static_cast<ULONG>(memory.size() - 1)),
              UINT{NX_SUCCESS});
    ASSERT_EQ(packets.nx_packet_pool_total, 3u);
    for (int i = 0; i < 3; ++i) {
        NX_PACKET* packet = nullptr;
        ASSERT_EQ(nx_packet_allocate(&packets, &packet, NX_RECEIVE_PACKET, NX_NO_WAIT), UINT{NX_SUCCESS});
        EXPECT_EQ(packet->nx_packet_data_end - packet->nx_packet_data_start, 128);
        EXPECT_LE(packet->nx_packet_data_end, memory.data() + memory.size());
        std::memset(packet->nx_packet_data_start, 0xEE, 128);
    }
    nx_packet_pool_delete(&packets);
}

TEST(host_packet, every_octet_of_every_payload_is_the_packets_own) {
    pool packets(60, 3);
    NX_PACKET* all[] = {packets.allocate(), packets.allocate(), packets.allocate()};
    const std::string text[] = {std::string(60, 'a'), std::string(60, 'b'), std::string(60, 'c')};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(packets.append(all[i], text[i]), UINT{NX_SUCCESS});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(all[i]), text[i]);
    for (NX_PACKET* packet : all) EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
    EXPECT_EQ(packets.available(), 3u);
}

TEST(host_packet, the_room_of_the_headers_is_set_aside) {
    pool packets(256, 3);
    const std::pair<ULONG, long> cases[] = {{NX_RECEIVE_PACKET, 0}, {NX_IPv4_TCP_PACKET, 56}, {NX_IPv6_TCP_PACKET, 76}};
    for (const auto& [type, room] : cases) {
        NX_PACKET* packet = packets.allocate(type);
        EXPECT_EQ(packet->nx_packet_prepend_ptr - packet->nx_packet_data_start, room);
        EXPECT_EQ(packet->nx_packet_data_end - packet->nx_packet_append_ptr, 256 - room);
        EXPECT_EQ(packet->nx_packet_prepend_ptr, packet->nx_packet_append_ptr);
        EXPECT_EQ(packet->nx_packet_length, 0u);
        EXPECT_EQ(packet->nx_packet_next, nullptr);
        nx_packet_release(packet);
    }
}

TEST(host_packet, a_payload_without_room_for_the_headers_is_refused) {
    pool packets(60, 1);
    NX_PACKET* packet = nullptr;
    EXPECT_EQ(nx_packet_allocate(&packets.block, &packet, NX_IPv6_TCP_PACKET, NX_NO_WAIT), UINT{NX_INVALID_PARAMETERS});
    EXPECT_EQ(nx_packet_allocate(&packets.block, &packet, 3, NX_NO_WAIT), UINT{NX_OPTION_ERROR});
    EXPECT_EQ(packets.available(), 1u);
}

TEST(host_packet, an_empty_pool_says_so_and_counts) {
    pool packets(128, 1);
    NX_PACKET* held = packets.allocate();
    NX_PACKET* packet = held;
    EXPECT_EQ(nx_packet_allocate(&packets.block, &packet, NX_RECEIVE_PACKET, NX_NO_WAIT), UINT{NX_NO_PACKET});
    EXPECT_EQ(packet, nullptr);
    EXPECT_EQ(packets.empty_requests(), 1u);
    EXPECT_EQ(packets.empty_suspensions(), 0u);
    nx_packet_release(held);
}

TEST(host_packet, a_wait_for_a_packet_lasts_its_ticks) {
    pool packets(128, 1);
    NX_PACKET* held = packets.allocate();
    in_thread([&] {
        NX_PACKET* packet = nullptr;
        UINT status = NX_SUCCESS;
        EXPECT_GE(time_of([&] { status = nx_packet_allocate(&packets.block, &packet, NX_RECEIVE_PACKET, 5); }).count(),
                  50);
        EXPECT_EQ(status, UINT{NX_NO_PACKET});
    });
    EXPECT_EQ(packets.empty_suspensions(), 1u);
    nx_packet_release(held);
    EXPECT_EQ(packets.available(), 1u);
}

TEST(host_packet, only_a_thread_may_wait) {
    pool packets(128, 1);
    NX_PACKET* packet = nullptr;
    EXPECT_EQ(nx_packet_allocate(&packets.block, &packet, NX_RECEIVE_PACKET, 1), UINT{NX_CALLER_ERROR});
}

TEST(host_packet, a_released_packet_goes_to_the_one_who_waits) {
    pool packets(128, 1);
    NX_PACKET* held = packets.packet_of("old", NX_IPv4_TCP_PACKET);
    NX_PACKET* packet = nullptr;
    thread waiter([&] {
        EXPECT_EQ(nx_packet_allocate(&packets.block, &packet, NX_IPv6_TCP_PACKET, NX_WAIT_FOREVER), UINT{NX_SUCCESS});
    });
    while (packets.empty_suspensions() == 0) std::this_thread::yield();
    EXPECT_EQ(nx_packet_release(held), UINT{NX_SUCCESS});
    waiter.join();
    EXPECT_EQ(packet, held);
    EXPECT_EQ(text_of(packet), "");
    EXPECT_EQ(packet->nx_packet_prepend_ptr - packet->nx_packet_data_start, NX_IPv6_TCP_PACKET);
    EXPECT_EQ(packets.available(), 0u);
    nx_packet_release(packet);
    EXPECT_EQ(packets.available(), 1u);
}

TEST(host_packet, a_pool_that_goes_tells_the_one_who_waits) {
    pool packets(128, 1);
    packets.allocate();
    UINT status = NX_SUCCESS;
    thread waiter([&] {
        NX_PACKET* packet = nullptr;
        status = nx_packet_allocate(&packets.block, &packet, NX_RECEIVE_PACKET, NX_WAIT_FOREVER);
    });
    while (packets.empty_suspensions() == 0) std::this_thread::yield();
    EXPECT_EQ(nx_packet_pool_delete(&packets.block), UINT{NX_SUCCESS});
    waiter.join();
    EXPECT_EQ(status, UINT{NX_POOL_DELETED});
}

TEST(host_packet, many_threads_share_few_packets) {
    pool packets(128, 2);
    const auto work = [&] {
        for (int i = 0; i < 300; ++i) {
            NX_PACKET* packet = nullptr;
            EXPECT_EQ(nx_packet_allocate(&packets.block, &packet, NX_RECEIVE_PACKET, plenty), UINT{NX_SUCCESS});
            EXPECT_EQ(packets.append(packet, "mine"), UINT{NX_SUCCESS});
            EXPECT_EQ(text_of(packet), "mine");
            EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
        }
    };
    thread a(work), b(work), c(work), d(work);
    for (thread* each : {&a, &b, &c, &d}) each->join();
    EXPECT_EQ(packets.available(), 2u);
    EXPECT_EQ(packets.invalid_releases(), 0u);
}

TEST(host_packet, data_goes_on_in_further_packets) {
    pool packets(64, 8);
    NX_PACKET* packet = packets.allocate(NX_IPv4_TCP_PACKET); // leaves 8
    std::string all;
    for (std::string_view part : {"12345", "678", "9", "abcdefghijklmnopqrstuvwxyz"}) {
        EXPECT_EQ(packets.append(packet, part), UINT{NX_SUCCESS});
        all += part;
        EXPECT_EQ(text_of(packet), all);
    }
    EXPECT_EQ(packets.append(packet, std::string(100, '.')), UINT{NX_SUCCESS});
    EXPECT_EQ(text_of(packet), all + std::string(100, '.'));
    EXPECT_EQ(pieces_of(packet), 3u); // 8 + 64 + 63
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
    EXPECT_EQ(packets.available(), 8u);
}

TEST(host_packet, a_chain_is_read_from_every_offset) {
    pool packets(4, 8);
    NX_PACKET* packet = packets.packet_of("0123456789", NX_RECEIVE_PACKET);
    for (ULONG offset = 0; offset < 10; ++offset)
        for (ULONG size = 1; size <= 12; ++size) {
            char buffer[12];
            ULONG copied = 99;
            ASSERT_EQ(nx_packet_data_extract_offset(packet, offset, buffer, size, &copied), UINT{NX_SUCCESS});
            EXPECT_EQ(std::string_view(buffer, copied), std::string_view("0123456789").substr(offset, size));
        }
    char buffer[1];
    ULONG copied = 99;
    EXPECT_EQ(nx_packet_data_extract_offset(packet, 10, buffer, 1, &copied), UINT{NX_PACKET_OFFSET_ERROR});
    EXPECT_EQ(copied, 0u);
    nx_packet_release(packet);
}

TEST(host_packet, an_append_that_runs_dry_leaves_a_whole_chain) {
    pool packets(8, 3);
    NX_PACKET* packet = packets.allocate();
    EXPECT_EQ(packets.append(packet, "abcdefghijklmnopqrstuvwxyz"), UINT{NX_NO_PACKET});
    EXPECT_EQ(text_of(packet), "abcdefghijklmnopqrstuvwx");
    EXPECT_EQ(packets.available(), 0u);
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
    EXPECT_EQ(packets.available(), 3u);
    EXPECT_EQ(packets.invalid_releases(), 0u);
}

TEST(host_packet, a_chain_of_two_pools_goes_back_to_both) {
    pool first(8, 1), second(8, 2);
    NX_PACKET* packet = first.allocate();
    CHAR text[] = "0123456789";
    EXPECT_EQ(nx_packet_data_append(packet, text, 10, &second.block, NX_NO_WAIT), UINT{NX_SUCCESS});
    EXPECT_EQ(second.available(), 1u);
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
    EXPECT_EQ(first.available(), 1u);
    EXPECT_EQ(second.available(), 2u);
}

TEST(host_packet, a_second_release_is_counted_and_harmless) {
    pool packets(128, 2);
    NX_PACKET* packet = packets.packet_of("x");
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_PTR_ERROR});
    EXPECT_EQ(packets.invalid_releases(), 1u);
    EXPECT_EQ(packets.available(), 2u);
    EXPECT_NE(packets.allocate(), packets.allocate());
}

TEST(host_packet, pointers_outside_the_payload_are_noticed) {
    pool packets(128, 2);
    NX_PACKET* packet = packets.packet_of("x");
    UCHAR* const prepend = std::exchange(packet->nx_packet_prepend_ptr, packet->nx_packet_data_start - 1);
    EXPECT_EQ(packets.append(packet, "y"), UINT{NX_UNDERFLOW});
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_UNDERFLOW});
    packet->nx_packet_prepend_ptr = prepend;
    UCHAR* const append = std::exchange(packet->nx_packet_append_ptr, packet->nx_packet_data_end + 1);
    EXPECT_EQ(packets.append(packet, "y"), UINT{NX_OVERFLOW});
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_OVERFLOW});
    packet->nx_packet_append_ptr = append;
    EXPECT_EQ(nx_packet_release(packet), UINT{NX_SUCCESS});
}

TEST(host_packet, wrong_arguments_are_refused) {
    ULONG64 memory[64];
    NX_PACKET_POOL raw{};
    EXPECT_EQ(nx_packet_pool_create(nullptr, name, 128, memory, sizeof memory), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_pool_create(&raw, name, 128, nullptr, sizeof memory), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_pool_create(&raw, name, 0, memory, sizeof memory), UINT{NX_SIZE_ERROR});
    EXPECT_EQ(nx_packet_pool_create(&raw, name, 0xFFFFFFFF, memory, sizeof memory), UINT{NX_SIZE_ERROR});
    EXPECT_EQ(nx_packet_pool_create(&raw, name, 504, memory, sizeof memory), UINT{NX_SIZE_ERROR});
    EXPECT_EQ(nx_packet_pool_delete(&raw), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_pool_delete(nullptr), UINT{NX_PTR_ERROR});

    pool packets(128, 2);
    NX_PACKET* packet = nullptr;
    ULONG value = 0;
    CHAR text[] = "x";
    EXPECT_EQ(nx_packet_pool_create(&packets.block, name, 128, memory, sizeof memory), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_allocate(nullptr, &packet, NX_RECEIVE_PACKET, NX_NO_WAIT), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_allocate(&packets.block, nullptr, NX_RECEIVE_PACKET, NX_NO_WAIT), UINT{NX_PTR_ERROR});
    packet = packets.allocate();
    EXPECT_EQ(nx_packet_data_append(nullptr, text, 1, &packets.block, NX_NO_WAIT), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_data_append(packet, nullptr, 1, &packets.block, NX_NO_WAIT), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_data_append(packet, text, 1, nullptr, NX_NO_WAIT), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_data_append(packet, text, 0, &packets.block, NX_NO_WAIT), UINT{NX_SIZE_ERROR});
    EXPECT_EQ(nx_packet_data_extract_offset(packet, 0, nullptr, 1, &value), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_length_get(nullptr, &value), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_packet_length_get(packet, &value), UINT{NX_SUCCESS});
    EXPECT_EQ(value, 0u);
    EXPECT_EQ(nx_packet_release(nullptr), UINT{NX_PTR_ERROR});
    nx_packet_release(packet);
}

} // namespace

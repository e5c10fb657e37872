// Data over a session, and the ways in which it ends.

#include "host_secure_support.hpp"

using namespace host_test;

namespace {

std::string counted(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
    text.resize(size);
    return text;
}

class host_secure_data : public testing::TestWithParam<int> {
protected:
    // The handshake is over on both sides when `serve` and `use` begin.
    void meet(tls_meeting& m, const std::function<void(tls_peer&)>& serve, const std::function<void(tls_client&)>& use,
              std::size_t cut = std::numeric_limits<std::size_t>::max()) {
        m.meet(
            {.max_version = GetParam(), .cut_after = cut, .ciphers = "ECDHE+AESGCM"},
            [&](tls_peer& other) {
                ASSERT_TRUE(other.accept());
                serve(other);
            },
            [&](tls_client& c) {
                ASSERT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
                use(c);
            });
    }
};
INSTANTIATE_TEST_SUITE_P(over, host_secure_data, testing::Values(TLS1_2_VERSION, 0),
                         [](const auto& tested) { return tested.param ? "tls_1_2" : "highest"; });

TEST_P(host_secure_data, goes_both_ways) {
    tls_meeting m;
    meet(
        m,
        [](tls_peer& other) {
            other.write("220 ready\r\n");
            EXPECT_EQ(other.read(9), "EHLO me\r\n");
            EXPECT_TRUE(other.sees_close_notify());
            other.say_close_notify();
        },
        [](tls_client& c) {
            EXPECT_EQ(c.text(11), "220 ready\r\n");
            EXPECT_EQ(c.send("EHLO me\r\n"), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.end(), UINT{NX_SECURE_TLS_SUCCESS});
        });
}

TEST_P(host_secure_data, of_any_size_arrives_whole) {
    const std::string large = counted(300'000);
    tls_meeting m;
    meet(
        m,
        [&](tls_peer& other) {
            EXPECT_EQ(other.read(large.size()), large);
            other.write(large);
            other.sees_close_notify();
        },
        [&](tls_client& c) {
            for (std::size_t at = 0, size = 1; at < large.size(); at += size, size = size % 3000 + 97)
                ASSERT_EQ(c.send(large.substr(at, size)), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.text(large.size()), large);
        });
}

TEST_P(host_secure_data, longer_than_a_record_makes_several) {
    const std::string large = counted(40'000);
    tls_meeting m;
    pool sending(1536, 40);
    meet(
        m,
        [&](tls_peer& other) {
            EXPECT_EQ(other.read(large.size()), large);
            other.sees_close_notify();
        },
        [&](tls_client& c) { EXPECT_EQ(c.send(c.packet_of(large, sending)), UINT{NX_SECURE_TLS_SUCCESS}); });
    EXPECT_EQ(sending.available(), sending.total());
}

TEST_P(host_secure_data, may_come_through_small_and_few_packets) {
    const std::string large = counted(20'000);
    for (const ULONG payload : {128u, 256u}) {
        tls_meeting m(payload, 2);
        pool sending(128, 3);
        meet(
            m,
            [&](tls_peer& other) {
                EXPECT_EQ(other.read(5), "hello");
                other.write(large);
                other.sees_close_notify();
            },
            [&](tls_client& c) {
                EXPECT_EQ(c.send(c.packet_of("hello", sending)), UINT{NX_SECURE_TLS_SUCCESS});
                EXPECT_EQ(c.text(large.size()), large);
            });
        EXPECT_EQ(sending.available(), sending.total());
    }
}

TEST_P(host_secure_data, without_a_packet_is_not_lost) {
    const std::string text = counted(5000);
    tls_meeting m(1536, 2);
    meet(
        m,
        [&](tls_peer& other) {
            other.write(text);
            other.sees_close_notify();
        },
        [&](tls_client& c) {
            NX_PACKET *packet = nullptr, *none = nullptr;
            EXPECT_EQ(c.receive(packet), UINT{NX_SECURE_TLS_SUCCESS});
            std::string got = text_of(packet);
            EXPECT_EQ(pieces_of(packet), 2u);
            EXPECT_EQ(c.receive(none, 2), UINT{NX_SECURE_TLS_ALLOCATE_PACKET_FAILED});
            EXPECT_EQ(none, nullptr);
            nx_packet_release(packet);
            EXPECT_EQ(got + c.text(text.size() - got.size()), text);
        });
}

TEST_P(host_secure_data, comes_in_segments_of_any_size) {
    const std::string text = counted(500);
    for (const std::size_t piece : {1u, 2u, 5u, 7u}) {
        tls_meeting m;
        m.meet(
            {.max_version = GetParam(), .piece = piece},
            [&](tls_peer& other) {
                EXPECT_TRUE(other.accept());
                other.write(text);
                EXPECT_TRUE(other.sees_close_notify());
                other.say_close_notify();
            },
            [&](tls_client& c) {
                EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
                EXPECT_EQ(c.text(text.size()), text);
                EXPECT_EQ(c.end(), UINT{NX_SECURE_TLS_SUCCESS});
            });
    }
}

TEST_P(host_secure_data, has_no_packet_where_the_pool_is_empty_or_too_small) {
    tls_meeting m;
    pool empty(200, 1), cramped(76, 1);
    meet(
        m, [](tls_peer& other) { other.sees_close_notify(); },
        [&](tls_client& c) {
            NX_PACKET *only = empty.allocate(), *packet = nullptr;
            EXPECT_GE(time_of([&] {
                          EXPECT_EQ(nx_secure_tls_packet_allocate(&c.session, &empty.block, &packet, 5),
                                    UINT{NX_SECURE_TLS_ALLOCATE_PACKET_FAILED});
                      }).count(),
                      50);
            EXPECT_EQ(nx_packet_release(only), UINT{NX_SUCCESS});
            EXPECT_EQ(nx_secure_tls_packet_allocate(&c.session, &cramped.block, &packet, NX_NO_WAIT),
                      UINT{NX_SECURE_TLS_ALLOCATE_PACKET_FAILED});
            EXPECT_EQ(packet, nullptr);
        });
    EXPECT_EQ(empty.available() + cramped.available(), 2u);
}

// The record needs more than the packet has: another one, and where there is none the packet stays as it was.
TEST_P(host_secure_data, that_cannot_be_encrypted_for_want_of_a_packet_can_be_sent_later) {
    tls_meeting m;
    pool one(200, 1), two(200, 2);
    meet(
        m,
        [](tls_peer& other) {
            EXPECT_EQ(other.read(100), counted(100));
            EXPECT_EQ(other.read(5), "hello");
            other.sees_close_notify();
        },
        [&](tls_client& c) {
            NX_PACKET* full = c.packet_of(counted(100), two);
            NX_PACKET* rest = two.allocate();
            full->nx_packet_data_end = full->nx_packet_append_ptr; // as full as a packet can be
            EXPECT_EQ(c.send(full, 2), UINT{NX_SECURE_TLS_ALLOCATE_PACKET_FAILED});
            EXPECT_EQ(text_of(full), counted(100));
            nx_packet_release(rest);
            EXPECT_EQ(c.send(full), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.send(c.packet_of("hello", one)), UINT{NX_SECURE_TLS_SUCCESS});
        });
    EXPECT_EQ(one.available() + two.available(), 3u);
}

TEST_P(host_secure_data, in_a_packet_without_room_for_tls_is_refused) {
    tls_meeting m;
    meet(
        m, [](tls_peer& other) { EXPECT_TRUE(other.sees_close_notify()); },
        [&](tls_client& c) {
            NX_PACKET* plain = m.on.packets.packet_of("EHLO me\r\n", NX_IPv4_TCP_PACKET);
            EXPECT_EQ(c.send(plain), UINT{NX_SECURE_TLS_INVALID_PACKET});
            EXPECT_EQ(nx_packet_release(plain), UINT{NX_SUCCESS});
            NX_PACKET* empty = nullptr;
            EXPECT_EQ(nx_secure_tls_packet_allocate(&c.session, &m.on.packets.block, &empty, NX_NO_WAIT),
                      UINT{NX_SUCCESS});
            EXPECT_EQ(c.send(empty), UINT{NX_SECURE_TLS_INVALID_PACKET});
            EXPECT_EQ(nx_packet_release(empty), UINT{NX_SUCCESS});
            EXPECT_EQ(c.end(NX_NO_WAIT), UINT{NX_SECURE_TLS_NO_CLOSE_RESPONSE});
        });
}

TEST_P(host_secure_data, ends_with_close_notify) {
    tls_meeting m;
    meet(
        m,
        [](tls_peer& other) {
            other.write("221 bye\r\n");
            other.say_close_notify();
            EXPECT_EQ(other.read(4), "last");
            EXPECT_TRUE(other.sees_close_notify());
        },
        [](tls_client& c) {
            EXPECT_EQ(c.text(100), "221 bye\r\n");
            EXPECT_EQ(c.last_status, UINT{NX_SECURE_TLS_CLOSE_NOTIFY_RECEIVED});
            NX_PACKET* packet = nullptr;
            EXPECT_EQ(c.receive(packet), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
            EXPECT_EQ(c.send("last"), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.end(), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.send("more"), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
            EXPECT_EQ(c.end(), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
        });
}

TEST_P(host_secure_data, that_is_cut_off_does_not_look_like_an_end) {
    tls_meeting m;
    meet(
        m, [](tls_peer& other) { other.write("250 ok"); },
        [](tls_client& c) {
            EXPECT_EQ(c.text(100), "250 ok");
            EXPECT_EQ(c.last_status, UINT{NX_NOT_CONNECTED});
            EXPECT_NE(c.end(5), UINT{NX_SECURE_TLS_SUCCESS});
        });
}

TEST_P(host_secure_data, of_a_record_that_is_cut_off_is_not_seen) {
    tls_meeting m;
    meet(
        m, [](tls_peer& other) { other.write(std::string(8000, 'x')); },
        [](tls_client& c) {
            EXPECT_EQ(c.text(100), "");
            EXPECT_EQ(c.last_status, UINT{NX_NOT_CONNECTED});
        },
        5000);
}

TEST_P(host_secure_data, that_was_changed_on_its_way_ends_the_session) {
    tls_meeting m;
    meet(
        m,
        [](tls_peer& other) {
            other.write("first");
            other.connection().write(std::string("\x17\x03\x03\x00\x30", 5) + std::string(48, 'x'));
            char octet;
            while (::recv(other.connection().descriptor(), &octet, 1, 0) > 0) {
            } // the alert
        },
        [](tls_client& c) {
            EXPECT_EQ(c.text(100), "first");
            EXPECT_EQ(c.last_status, UINT{NX_SECURE_TLS_HASH_MAC_VERIFY_FAILURE});
            NX_PACKET* packet = nullptr;
            EXPECT_EQ(c.receive(packet), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
            EXPECT_EQ(c.send("more"), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
        });
}

TEST_P(host_secure_data, in_clear_text_is_no_data) {
    tls_meeting m;
    meet(
        m,
        [](tls_peer& other) {
            other.connection().write("250 2.0.0 Ok\r\n");
            other.read(1);
        },
        [](tls_client& c) {
            EXPECT_EQ(c.text(1), "");
            EXPECT_NE(c.last_status, UINT{NX_SUCCESS});
            EXPECT_NE(c.last_status, UINT{NX_NOT_CONNECTED});
            EXPECT_NE(c.last_status, UINT{NX_SECURE_TLS_CLOSE_NOTIFY_RECEIVED});
        });
}

TEST_P(host_secure_data, is_waited_for_as_long_as_said) {
    tls_meeting m;
    std::promise<void> over;
    meet(
        m,
        [&](tls_peer& other) {
            over.get_future().wait();
            other.write("late");
            other.sees_close_notify();
        },
        [&](tls_client& c) {
            NX_PACKET* packet = nullptr;
            EXPECT_EQ(c.receive(packet, NX_NO_WAIT), UINT{NX_NO_PACKET});
            EXPECT_GE(time_of([&] { EXPECT_EQ(c.receive(packet, 5), UINT{NX_NO_PACKET}); }).count(), 50);
            over.set_value();
            EXPECT_EQ(c.text(4), "late");
        });
}

TEST_P(host_secure_data, that_nobody_takes_ends_the_sending) {
    tls_meeting m;
    std::promise<void> over;
    meet(
        m, [&](tls_peer&) { over.get_future().wait(); },
        [&](tls_client& c) {
            UINT status = NX_SUCCESS;
            const std::string text = counted(1000);
            std::chrono::milliseconds last{};
            for (int i = 0; i < 20000 && status == NX_SUCCESS; ++i) last = time_of([&] { status = c.send(text, 5); });
            EXPECT_EQ(status, UINT{NX_SECURE_TLS_TCP_SEND_FAILED});
            EXPECT_GE(last.count(), 50);
            EXPECT_EQ(c.send(text, 5), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
            over.set_value();
        });
}

TEST_P(host_secure_data, after_a_send_that_failed_can_still_be_received) {
    tls_meeting m;
    std::promise<void> closed;
    meet(
        m,
        [&](tls_peer& other) {
            other.write("421 bye\r\n");
            other.connection().close();
            closed.set_value();
        },
        [&](tls_client& c) {
            closed.get_future().wait();
            UINT status = NX_SUCCESS;
            while (status == NX_SUCCESS) status = c.send("RCPT TO:<a@b>\r\n");
            EXPECT_EQ(status, UINT{NX_SECURE_TLS_TCP_SEND_FAILED});
            EXPECT_EQ(c.text(9), "421 bye\r\n");
        });
}

TEST_P(host_secure_data, a_close_that_is_not_answered_is_told) {
    tls_meeting m;
    std::promise<void> over;
    meet(
        m,
        [&](tls_peer& other) {
            EXPECT_TRUE(other.sees_close_notify());
            over.get_future().wait();
        },
        [&](tls_client& c) {
            EXPECT_GE(time_of([&] { EXPECT_EQ(c.end(5), UINT{NX_SECURE_TLS_NO_CLOSE_RESPONSE}); }).count(), 40);
            over.set_value();
        });
}

// A peer that goes on talking does not make the end longer than was said.
TEST_P(host_secure_data, that_comes_while_the_session_ends_is_dropped) {
    tls_meeting m;
    meet(
        m,
        [&](tls_peer& other) {
            other.write(counted(30'000));
            EXPECT_TRUE(other.sees_close_notify());
            other.say_close_notify();
        },
        [&](tls_client& c) { EXPECT_EQ(c.end(), UINT{NX_SECURE_TLS_SUCCESS}); });
}

TEST_P(host_secure_data, is_sent_by_one_thread_and_received_by_another) {
    tls_meeting m(1536, 64);
    const std::string text = counted(200'000);
    meet(
        m,
        [&](tls_peer& other) {
            // Echoed as it comes, so that both directions are busy at once.
            for (std::size_t done = 0; done < text.size();) {
                const std::string part = other.read(std::min<std::size_t>(5000, text.size() - done));
                done += part.size();
                other.write(part);
                if (part.empty()) break;
            }
            other.sees_close_notify();
        },
        [&](tls_client& c) {
            thread sender([&] {
                for (std::size_t at = 0; at < text.size(); at += 1000)
                    ASSERT_EQ(c.send(text.substr(at, 1000)), UINT{NX_SECURE_TLS_SUCCESS});
            });
            EXPECT_EQ(c.text(text.size()), text);
            sender.join();
        });
}

TEST_P(host_secure_data, of_two_threads_does_not_mix) {
    tls_meeting m(1536, 64);
    meet(
        m,
        [](tls_peer& other) {
            for (int i = 0; i < 100; ++i) {
                const std::string text = other.read(1000);
                ASSERT_EQ(text, std::string(1000, text.empty() ? '-' : text.front()));
            }
            other.sees_close_notify();
        },
        [](tls_client& c) {
            const auto sender = [&c](char letter) {
                return [&c, letter] {
                    for (int i = 0; i < 50; ++i)
                        ASSERT_EQ(c.send(std::string(1000, letter)), UINT{NX_SECURE_TLS_SUCCESS});
                };
            };
            thread a(sender('a')), b(sender('b'));
            a.join();
            b.join();
        });
}

TEST_P(host_secure_data, goes_on_when_the_peer_changes_its_keys) {
    if (GetParam() != 0 || !library_has_tls_1_3()) return;
    tls_meeting m;
    meet(
        m,
        [](tls_peer& other) {
            for (int i = 0; i < 3; ++i) {
                other.update_keys();
                other.write("again");
                EXPECT_EQ(other.read(5), "hello");
            }
            other.sees_close_notify();
        },
        [](tls_client& c) {
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(c.text(5), "again");
                EXPECT_EQ(c.send("hello"), UINT{NX_SECURE_TLS_SUCCESS});
            }
        });
}

TEST_P(host_secure_data, ends_the_wait_of_a_thread_that_is_terminated) {
    tls_meeting m;
    std::promise<void> waits, over;
    const auto serving = std::async(std::launch::async, [&] {
        tls_peer other(m.listener.accept(), {.max_version = GetParam()});
        EXPECT_TRUE(other.accept());
        over.get_future().wait();
    });
    UINT status = NX_SUCCESS;
    {
        thread receiver([&] {
            tls_client c(m.on);
            c.trust(m.ca);
            c.connect(m.listener);
            EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
            NX_PACKET* packet = nullptr;
            waits.set_value();
            status = c.receive(packet, NX_WAIT_FOREVER);
        });
        waits.get_future().wait();
        receiver.terminate();
    }
    over.set_value();
    EXPECT_EQ(status, UINT{NX_WAIT_ABORTED});
}

} // namespace

// tx_thread_terminate: it ends a thread in whatever service it waits, and loses nothing that was handed to
// it.

#include "host_support.hpp"

#include <atomic>

using namespace host_test;

namespace {

// Lets the test go on when the thread is about to wait. Whether it waits already makes no difference to the
// outcome.
struct about_to_wait {
    std::promise<void> reached;
    void here() { reached.set_value(); }
    void await() { reached.get_future().wait(); }
};

TEST(host_termination, ends_a_sleeping_loop) {
    about_to_wait sleep;
    thread loop([&] {
        sleep.here();
        for (;;) tx_thread_sleep(plenty);
    });
    sleep.await();
    EXPECT_LT(time_of([&] { loop.terminate(); }).count(), 5000);
}

#ifdef __cpp_exceptions
TEST(host_termination, runs_the_destructors_of_a_loop_that_is_ended_by_force) {
    std::atomic<bool> destroyed = false;
    struct flag {
        std::atomic<bool>& raised;
        ~flag() { raised = true; }
    };
    about_to_wait sleep;
    thread loop([&] {
        const flag raise{destroyed};
        sleep.here();
        for (;;) tx_thread_sleep(plenty);
    });
    sleep.await();
    loop.terminate();
    EXPECT_TRUE(destroyed);
}
#endif

TEST(host_termination, ends_a_loop_that_takes_no_error_for_an_answer) {
    TX_SEMAPHORE never{};
    ASSERT_EQ(tx_semaphore_create(&never, name, 0), UINT{TX_SUCCESS});
    about_to_wait wait;
    thread loop([&] {
        wait.here();
        while (tx_semaphore_get(&never, plenty) != TX_SUCCESS) {
        }
    });
    wait.await();
    loop.terminate();
    EXPECT_EQ(tx_semaphore_delete(&never), UINT{TX_SUCCESS});
}

TEST(host_termination, of_oneself) {
    std::atomic<bool> after = false;
    thread self([&] {
        tx_thread_terminate(tx_thread_identify());
        after = true;
    });
    self.terminate();
    EXPECT_FALSE(after);
}

TEST(host_termination, of_each_other_ends_both) {
    std::promise<TX_THREAD*> left, right;
    std::future<TX_THREAD*> of_left = left.get_future(), of_right = right.get_future();
    thread a([&] {
        left.set_value(tx_thread_identify());
        tx_thread_terminate(of_right.get());
    });
    thread b([&] {
        right.set_value(tx_thread_identify());
        tx_thread_terminate(of_left.get());
    });
    a.terminate();
    b.terminate();
}

TEST(host_termination, of_one_who_waits_for_a_packet_leaves_the_pool_whole) {
    pool packets(128, 1);
    NX_PACKET* held = packets.allocate();
    UINT status = NX_SUCCESS;
    thread waiter([&] {
        NX_PACKET* packet = nullptr;
        status = nx_packet_allocate(&packets.block, &packet, NX_RECEIVE_PACKET, NX_WAIT_FOREVER);
    });
    while (packets.empty_suspensions() == 0) std::this_thread::yield();
    waiter.terminate();
    EXPECT_EQ(status, UINT{NX_WAIT_ABORTED});
    EXPECT_EQ(nx_packet_release(held), UINT{NX_SUCCESS});
    EXPECT_EQ(packets.available(), 1u);
}

// What every client does: its own clean-up follows the aborted wait, and each of its further waits is refused
// at once.
TEST(host_termination, of_a_receive_lets_the_client_clean_up) {
    stack on;
    server listener;
    client c(on);
    about_to_wait receive;
    UINT status = NX_SUCCESS, goodbye = NX_SUCCESS;
    thread session([&] {
        EXPECT_EQ(c.bind(), UINT{NX_SUCCESS});
        EXPECT_EQ(c.connect(listener), UINT{NX_SUCCESS});
        receive.here();
        NX_PACKET* packet = nullptr;
        status = c.receive(packet, NX_WAIT_FOREVER);
        goodbye = c.disconnect(plenty);
    });
    peer other = listener.accept();
    receive.await();
    EXPECT_LT(time_of([&] { session.terminate(); }).count(), 5000);
    EXPECT_EQ(status, UINT{NX_WAIT_ABORTED});
    EXPECT_EQ(goodbye, UINT{NX_WAIT_ABORTED});
    other.end(); // FIN or reset: the connection is gone either way
    EXPECT_EQ(on.packets.available(), on.packets.total());
}

TEST(host_termination, of_a_connect_leaves_the_socket_closed) {
    stack on;
    server listener(NX_IP_VERSION_V4, 0);
    client first(on), second(on), third(on);
    in_thread([&] { // the backlog is full after these, and a SYN goes unanswered
        for (client* c : {&first, &second}) EXPECT_EQ(c->bind(), UINT{NX_SUCCESS});
        first.connect(listener, NX_NO_WAIT);
        second.connect(listener, NX_NO_WAIT);
    });
    about_to_wait connect;
    UINT status = NX_SUCCESS;
    thread caller([&] {
        EXPECT_EQ(third.bind(), UINT{NX_SUCCESS});
        connect.here();
        status = third.connect(listener, NX_WAIT_FOREVER);
    });
    connect.await();
    caller.terminate();
    EXPECT_EQ(status, UINT{NX_WAIT_ABORTED});
    EXPECT_EQ(third.socket.nx_tcp_socket_state, UINT{NX_TCP_CLOSED});
}

} // namespace

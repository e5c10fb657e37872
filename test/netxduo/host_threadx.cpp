// ThreadX's own services: time, threads, mutexes and semaphores.

#include "host_support.hpp"

#include <atomic>

using namespace host_test;

namespace {

void nothing(ULONG) {}

// A semaphore as a place to meet: `arrive` lets one `await` go on.
class meeting {
public:
    explicit meeting(ULONG count = 0) { EXPECT_EQ(tx_semaphore_create(&block, name, count), UINT{TX_SUCCESS}); }
    meeting(const meeting&) = delete;
    meeting& operator=(const meeting&) = delete;
    ~meeting() { tx_semaphore_delete(&block); }
    void arrive() { EXPECT_EQ(tx_semaphore_put(&block), UINT{TX_SUCCESS}); }
    void await() { EXPECT_EQ(tx_semaphore_get(&block, plenty), UINT{TX_SUCCESS}); }

    TX_SEMAPHORE block{};
};

TEST(host_threadx, a_sleep_lasts_its_ticks) {
    in_thread([] {
        const ULONG before = tx_time_get();
        EXPECT_GE(time_of([] { EXPECT_EQ(tx_thread_sleep(5), UINT{TX_SUCCESS}); }).count(), 50);
        EXPECT_GE(tx_time_get() - before, 4u);
        EXPECT_EQ(tx_thread_sleep(0), UINT{TX_SUCCESS});
    });
    EXPECT_EQ(tx_thread_sleep(1), UINT{TX_CALLER_ERROR});
}

TEST(host_threadx, a_thread_knows_itself_and_its_input) {
    static TX_THREAD* seen;
    static ULONG input;
    static std::promise<void>* done;
    std::promise<void> over;
    done = &over;
    TX_THREAD block{};
    UCHAR stack[2048];
    EXPECT_EQ(tx_thread_identify(), nullptr);
    ASSERT_EQ(tx_thread_create(
                  &block, name,
                  [](ULONG value) {
                      seen = tx_thread_identify();
                      input = value;
                      tx_thread_relinquish();
                      done->set_value();
                  },
                  42, stack, sizeof stack, 4, 4, TX_NO_TIME_SLICE, TX_DONT_START),
              UINT{TX_SUCCESS});
    EXPECT_EQ(tx_thread_delete(&block), UINT{TX_DELETE_ERROR});
    EXPECT_EQ(tx_thread_resume(&block), UINT{TX_SUCCESS});
    EXPECT_EQ(tx_thread_resume(&block), UINT{TX_RESUME_ERROR});
    over.get_future().wait();
    EXPECT_EQ(seen, &block);
    EXPECT_EQ(input, 42u);
    EXPECT_EQ(tx_thread_terminate(&block), UINT{TX_SUCCESS});
    EXPECT_EQ(tx_thread_delete(&block), UINT{TX_SUCCESS});
    EXPECT_EQ(tx_thread_delete(&block), UINT{TX_THREAD_ERROR});
}

TEST(host_threadx, wrong_threads_are_refused) {
    TX_THREAD block{};
    UCHAR stack[2048];
    const auto create = [&](TX_THREAD* thread, void (*entry)(ULONG), void* memory, ULONG size, UINT priority,
                            UINT threshold, UINT start) {
        return tx_thread_create(thread, name, entry, 0, memory, size, priority, threshold, TX_NO_TIME_SLICE, start);
    };
    EXPECT_EQ(create(nullptr, nothing, stack, 2048, 4, 4, TX_DONT_START), UINT{TX_THREAD_ERROR});
    EXPECT_EQ(create(&block, nullptr, stack, 2048, 4, 4, TX_DONT_START), UINT{TX_PTR_ERROR});
    EXPECT_EQ(create(&block, nothing, nullptr, 2048, 4, 4, TX_DONT_START), UINT{TX_PTR_ERROR});
    EXPECT_EQ(create(&block, nothing, stack, 100, 4, 4, TX_DONT_START), UINT{TX_SIZE_ERROR});
    EXPECT_EQ(create(&block, nothing, stack, 2048, 32, 4, TX_DONT_START), UINT{TX_PRIORITY_ERROR});
    EXPECT_EQ(create(&block, nothing, stack, 2048, 4, 5, TX_DONT_START), UINT{TX_THRESH_ERROR});
    EXPECT_EQ(create(&block, nothing, stack, 2048, 4, 4, 2), UINT{TX_START_ERROR});
    EXPECT_EQ(create(&block, nothing, stack, 2048, 4, 4, TX_DONT_START), UINT{TX_SUCCESS});
    EXPECT_EQ(create(&block, nothing, stack, 2048, 4, 4, TX_DONT_START), UINT{TX_THREAD_ERROR});
    EXPECT_EQ(tx_thread_terminate(&block), UINT{TX_SUCCESS});
    EXPECT_EQ(tx_thread_resume(&block), UINT{TX_RESUME_ERROR});
    EXPECT_EQ(tx_thread_delete(&block), UINT{TX_SUCCESS});
    for (const auto service : {tx_thread_resume, tx_thread_terminate, tx_thread_delete}) {
        EXPECT_EQ(service(nullptr), UINT{TX_THREAD_ERROR});
        EXPECT_EQ(service(&block), UINT{TX_THREAD_ERROR});
    }
}

TEST(host_threadx, a_semaphore_counts) {
    meeting m(1);
    EXPECT_EQ(tx_semaphore_get(&m.block, TX_NO_WAIT), UINT{TX_SUCCESS});
    EXPECT_EQ(tx_semaphore_get(&m.block, TX_NO_WAIT), UINT{TX_NO_INSTANCE});
    EXPECT_EQ(tx_semaphore_get(&m.block, 1), UINT{TX_WAIT_ERROR});
    EXPECT_EQ(tx_semaphore_create(&m.block, name, 0), UINT{TX_SEMAPHORE_ERROR});
    EXPECT_EQ(tx_semaphore_put(nullptr), UINT{TX_SEMAPHORE_ERROR});
    EXPECT_EQ(tx_semaphore_get(nullptr, TX_NO_WAIT), UINT{TX_SEMAPHORE_ERROR});
    in_thread([&] {
        EXPECT_GE(time_of([&] { EXPECT_EQ(tx_semaphore_get(&m.block, 3), UINT{TX_NO_INSTANCE}); }).count(), 30);
        m.arrive();
        m.await();
    });
}

TEST(host_threadx, a_semaphore_is_a_way_to_pass_the_turn) {
    meeting ping, pong;
    int count = 0;
    thread other([&] {
        for (int i = 0; i < 500; ++i) {
            ping.await();
            ++count;
            pong.arrive();
        }
    });
    in_thread([&] {
        for (int i = 0; i < 500; ++i) {
            ping.arrive();
            pong.await();
        }
    });
    other.join();
    EXPECT_EQ(count, 500);
}

TEST(host_threadx, a_semaphore_that_goes_tells_the_one_who_waits) {
    TX_SEMAPHORE semaphore{};
    ASSERT_EQ(tx_semaphore_create(&semaphore, name, 0), UINT{TX_SUCCESS});
    meeting here;
    UINT status = TX_SUCCESS;
    thread waiter([&] {
        here.arrive();
        status = tx_semaphore_get(&semaphore, TX_WAIT_FOREVER);
    });
    in_thread([&] {
        here.await();
        tx_thread_sleep(1); // whether it waits already or comes too late: it may not wait for ever
        EXPECT_EQ(tx_semaphore_delete(&semaphore), UINT{TX_SUCCESS});
    });
    waiter.join();
    EXPECT_TRUE(status == TX_DELETED || status == TX_SEMAPHORE_ERROR) << status;
}

class host_mutex : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(tx_mutex_create(&mutex, name, TX_INHERIT), UINT{TX_SUCCESS}); }
    void TearDown() override { EXPECT_EQ(tx_mutex_delete(&mutex), UINT{TX_SUCCESS}); }

    TX_MUTEX mutex{};
};

TEST_F(host_mutex, is_recursive) {
    meeting owned, seen;
    thread owner([&] {
        EXPECT_EQ(tx_mutex_get(&mutex, TX_NO_WAIT), UINT{TX_SUCCESS});
        EXPECT_EQ(tx_mutex_get(&mutex, TX_NO_WAIT), UINT{TX_SUCCESS});
        EXPECT_EQ(tx_mutex_put(&mutex), UINT{TX_SUCCESS});
        owned.arrive();
        seen.await();
        EXPECT_EQ(tx_mutex_put(&mutex), UINT{TX_SUCCESS});
        EXPECT_EQ(tx_mutex_put(&mutex), UINT{TX_NOT_OWNED});
    });
    in_thread([&] {
        owned.await();
        EXPECT_EQ(tx_mutex_get(&mutex, TX_NO_WAIT), UINT{TX_NOT_AVAILABLE});
        EXPECT_GE(time_of([&] { EXPECT_EQ(tx_mutex_get(&mutex, 3), UINT{TX_NOT_AVAILABLE}); }).count(), 30);
        EXPECT_EQ(tx_mutex_put(&mutex), UINT{TX_NOT_OWNED});
        seen.arrive();
        EXPECT_EQ(tx_mutex_get(&mutex, plenty), UINT{TX_SUCCESS});
        EXPECT_EQ(tx_mutex_put(&mutex), UINT{TX_SUCCESS});
    });
    owner.join();
}

TEST_F(host_mutex, excludes) {
    int count = 0; // no atomic: the mutex is what is tested
    const auto work = [&] {
        for (int i = 0; i < 500; ++i) {
            EXPECT_EQ(tx_mutex_get(&mutex, TX_WAIT_FOREVER), UINT{TX_SUCCESS});
            ++count;
            EXPECT_EQ(tx_mutex_put(&mutex), UINT{TX_SUCCESS});
        }
    };
    thread a(work), b(work), c(work);
    for (thread* each : {&a, &b, &c}) each->join();
    EXPECT_EQ(count, 1500);
}

TEST_F(host_mutex, does_not_stay_with_the_dead) {
    in_thread([&] { EXPECT_EQ(tx_mutex_get(&mutex, TX_NO_WAIT), UINT{TX_SUCCESS}); });
    in_thread([&] { EXPECT_EQ(tx_mutex_get(&mutex, plenty), UINT{TX_SUCCESS}); });
}

TEST_F(host_mutex, refuses_wrong_arguments) {
    TX_MUTEX other{};
    EXPECT_EQ(tx_mutex_create(nullptr, name, TX_INHERIT), UINT{TX_MUTEX_ERROR});
    EXPECT_EQ(tx_mutex_create(&mutex, name, TX_INHERIT), UINT{TX_MUTEX_ERROR});
    EXPECT_EQ(tx_mutex_create(&other, name, 7), UINT{TX_INHERIT_ERROR});
    EXPECT_EQ(tx_mutex_get(&other, TX_NO_WAIT), UINT{TX_MUTEX_ERROR});
    EXPECT_EQ(tx_mutex_put(&other), UINT{TX_MUTEX_ERROR});
    EXPECT_EQ(tx_mutex_delete(&other), UINT{TX_MUTEX_ERROR});
    EXPECT_EQ(tx_mutex_get(&mutex, TX_NO_WAIT), UINT{TX_CALLER_ERROR});
    EXPECT_EQ(tx_mutex_get(&mutex, 1), UINT{TX_WAIT_ERROR});
}

} // namespace

// ThreadX's threads: each is a detached thread of the operating system, and they run in parallel.
//
// How a thread is terminated. ThreadX stops a thread wherever it stands and abandons its stack. A PC cannot
// do that soundly: the thread may hold a lock of the C library, and C++ frames have destructors. So
// termination is cooperative: the thread's wait ends, the service returns its WAIT_ABORTED (a status that
// every caller must know), and so does every later wait, while the thread's own code cleans up and returns. A
// loop that would go on for ever does not: tx_thread_sleep, and the 64th refused wait, end the thread with
// pthread_exit, whose unwinding runs destructors in C++ frames and passes through C frames. It must not meet
// a noexcept function there, nor a catch (...) that does not rethrow: the process would abort.
// tx_thread_terminate returns when the thread has ended. It cannot end a thread that calculates and never
// waits.

#include "kernel.hpp"

#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

using namespace postrider::netxduo_host;

namespace {

// All under the kernel lock. C's condition variable, because the destructor of C++'s could be met by a waiter
// at exit.
pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
unsigned running_threads = 0;
bool starts_held = false;
TX_THREAD* first_pending = nullptr;

void wait_for_an_end(kernel_lock& kernel) { pthread_cond_wait(&ended, kernel.mutex()->native_handle()); }

// Runs at the thread's very end, whichever way it ends: thread_local objects are destroyed after return and
// pthread_exit alike, even where the frames between could not be unwound.
struct current_thread {
    TX_THREAD* thread = nullptr;

    ~current_thread() {
        if (!thread) return;
        const kernel_lock kernel;
        release_mutexes(*thread);
        ::close(thread->tx_thread_host_wake_up);
        thread->tx_thread_host_wake_up = -1;
        thread->tx_thread_host_running = TX_FALSE;
        thread->tx_thread_state = thread->tx_thread_host_terminating ? TX_TERMINATED : TX_COMPLETED;
        --running_threads;
        thread = nullptr; // from here on the block may be deleted, and its memory reused
        pthread_cond_broadcast(&ended);
    }
};
thread_local current_thread current;

void* run(void* block) {
    TX_THREAD* thread = static_cast<TX_THREAD*>(block);
    current.thread = thread;
    thread->tx_thread_entry(thread->tx_thread_entry_parameter);
    return nullptr;
}

bool start(TX_THREAD& thread) {
    thread.tx_thread_host_wake_up = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (thread.tx_thread_host_wake_up < 0) return false;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t handle;
    thread.tx_thread_state = TX_READY;
    thread.tx_thread_host_running = TX_TRUE;
    const bool started = pthread_create(&handle, &attributes, run, &thread) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
        ++thread.tx_thread_run_count;
        ++running_threads;
    } else {
        ::close(thread.tx_thread_host_wake_up);
        thread.tx_thread_state = TX_SUSPENDED;
        thread.tx_thread_host_running = TX_FALSE;
    }
    return started;
}

bool start_or_hold(TX_THREAD& thread) {
    if (!starts_held) return start(thread);
    thread.tx_thread_host_pending = TX_TRUE;
    thread.tx_thread_state = TX_READY;
    thread.tx_thread_suspended_next = nullptr;
    TX_THREAD** end = &first_pending;
    while (*end) end = &(*end)->tx_thread_suspended_next;
    *end = &thread;
    return true;
}

void forget_pending(TX_THREAD& thread) {
    if (!thread.tx_thread_host_pending) return;
    TX_THREAD** link = &first_pending;
    while (*link != &thread) link = &(*link)->tx_thread_suspended_next;
    *link = thread.tx_thread_suspended_next;
    thread.tx_thread_host_pending = TX_FALSE;
}

bool alive(const TX_THREAD* thread) { return thread && thread->tx_thread_id == thread_id; }

} // namespace

namespace postrider::netxduo_host {

void end_thread(kernel_lock& kernel, TX_THREAD& self) {
    if (self.tx_thread_host_unwinding) return;
    self.tx_thread_host_unwinding = TX_TRUE;
    kernel.unlock();
    pthread_exit(nullptr);
}

void hold_starts() {
    const kernel_lock kernel;
    starts_held = true;
}

void release_starts() {
    const kernel_lock kernel;
    starts_held = false;
    while (TX_THREAD* thread = first_pending) {
        forget_pending(*thread);
        if (start(*thread)) continue;
        // tx_thread_create has answered TX_SUCCESS long ago, and on the target it could not have failed.
        std::fprintf(stderr, "tx_kernel_enter: the system has no thread for \"%s\"\n",
                     thread->tx_thread_name ? thread->tx_thread_name : "");
        std::abort();
    }
}

void wait_for_all() {
    kernel_lock kernel;
    while (running_threads > 0) wait_for_an_end(kernel);
}

} // namespace postrider::netxduo_host

UINT tx_thread_create(TX_THREAD* thread, CHAR* name, VOID (*entry)(ULONG), ULONG input, VOID* stack, ULONG size,
                      UINT priority, UINT threshold, ULONG, UINT auto_start) {
    if (!thread) return TX_THREAD_ERROR;
    const kernel_lock kernel;
    if (alive(thread)) return TX_THREAD_ERROR;
    if (!stack || !entry) return TX_PTR_ERROR;
    if (size < TX_MINIMUM_STACK) return TX_SIZE_ERROR;
    if (priority >= TX_MAX_PRIORITIES) return TX_PRIORITY_ERROR;
    if (threshold > priority) return TX_THRESH_ERROR;
    if (auto_start > TX_AUTO_START) return TX_START_ERROR;

    *thread = {};
    thread->tx_thread_id = thread_id;
    thread->tx_thread_name = name;
    thread->tx_thread_state = TX_SUSPENDED;
    thread->tx_thread_priority = priority;
    thread->tx_thread_entry = entry;
    thread->tx_thread_entry_parameter = input;
    thread->tx_thread_stack_start = stack;
    thread->tx_thread_stack_size = size;
    thread->tx_thread_host_wake_up = -1;
    if (auto_start && !start_or_hold(*thread)) {
        thread->tx_thread_id = 0;
        return TX_THREAD_ERROR;
    }
    return TX_SUCCESS;
}

UINT tx_thread_resume(TX_THREAD* thread) {
    const kernel_lock kernel;
    if (!alive(thread)) return TX_THREAD_ERROR;
    if (thread->tx_thread_state != TX_SUSPENDED) return TX_RESUME_ERROR;
    return start_or_hold(*thread) ? TX_SUCCESS : TX_RESUME_ERROR;
}

UINT tx_thread_terminate(TX_THREAD* thread) {
    kernel_lock kernel;
    if (!alive(thread)) return TX_THREAD_ERROR;
    if (!thread->tx_thread_host_running) {
        forget_pending(*thread);
        if (thread->tx_thread_state != TX_COMPLETED) thread->tx_thread_state = TX_TERMINATED;
        return TX_SUCCESS;
    }
    thread->tx_thread_host_terminating = TX_TRUE;
    TX_THREAD* self = tx_thread_identify();
    if (thread == self) {
        end_thread(kernel, *self);
        return TX_SUCCESS;
    }
    wake_up(*thread);
    // Two threads may terminate each other, or this one be terminated by a third: it must see that here as
    // well.
    pthread_cond_broadcast(&ended);
    while (alive(thread) && thread->tx_thread_host_running && !(self && self->tx_thread_host_terminating))
        wait_for_an_end(kernel);
    return TX_SUCCESS;
}

UINT tx_thread_delete(TX_THREAD* thread) {
    const kernel_lock kernel;
    if (!alive(thread)) return TX_THREAD_ERROR;
    if (thread->tx_thread_state != TX_COMPLETED && thread->tx_thread_state != TX_TERMINATED) return TX_DELETE_ERROR;
    thread->tx_thread_id = 0;
    return TX_SUCCESS;
}

UINT tx_thread_sleep(ULONG ticks) {
    TX_THREAD* self = tx_thread_identify();
    if (!self) return TX_CALLER_ERROR;
    kernel_lock kernel;
    if (self->tx_thread_host_terminating) end_thread(kernel, *self);
    TX_THREAD* nobody_resumes = nullptr;
    if (suspend(kernel, nobody_resumes, time_limit(ticks)) != wake::aborted) return TX_SUCCESS;
    end_thread(kernel, *self);
    return TX_WAIT_ABORTED;
}

VOID tx_thread_relinquish(VOID) {
    if (TX_THREAD* self = tx_thread_identify()) {
        kernel_lock kernel;
        if (self->tx_thread_host_terminating) end_thread(kernel, *self);
    }
    sched_yield();
}

TX_THREAD* tx_thread_identify(VOID) { return current.thread; }

ULONG tx_time_get(VOID) {
    using namespace std::chrono;
    static const auto beginning = steady_clock::now();
    const auto passed = duration_cast<milliseconds>(steady_clock::now() - beginning);
    return static_cast<ULONG>(passed.count() * TX_TIMER_TICKS_PER_SECOND / 1000);
}

#include "kernel.hpp"

#include <algorithm>
#include <cstdint>
#include <poll.h>
#include <unistd.h>

namespace postrider::netxduo_host {
namespace {

constexpr std::chrono::milliseconds tick{1000 / TX_TIMER_TICKS_PER_SECOND};

// A clean-up that follows an aborted wait needs a few waits of its own, each refused; only a loop that takes
// no error for an answer gets this far.
constexpr UINT refusals_before_force = 64;

// Constant-initialized and trivially destroyed: threads may still run while the process exits.
std::mutex the_lock;

void append(TX_THREAD*& list, TX_THREAD* thread) {
    if (!list) {
        list = thread->tx_thread_suspended_next = thread->tx_thread_suspended_previous = thread;
    } else {
        TX_THREAD* last = list->tx_thread_suspended_previous;
        thread->tx_thread_suspended_next = list;
        thread->tx_thread_suspended_previous = last;
        last->tx_thread_suspended_next = list->tx_thread_suspended_previous = thread;
    }
    thread->tx_thread_host_suspended = TX_TRUE;
}

void remove(TX_THREAD*& list, TX_THREAD* thread) {
    if (thread->tx_thread_suspended_next == thread) {
        list = nullptr;
    } else {
        if (list == thread) list = thread->tx_thread_suspended_next;
        thread->tx_thread_suspended_next->tx_thread_suspended_previous = thread->tx_thread_suspended_previous;
        thread->tx_thread_suspended_previous->tx_thread_suspended_next = thread->tx_thread_suspended_next;
    }
    thread->tx_thread_host_suspended = TX_FALSE;
}

wake refuse(kernel_lock& kernel, TX_THREAD& self) {
    if (++self.tx_thread_host_refusals >= refusals_before_force) end_thread(kernel, self);
    return wake::aborted;
}

} // namespace

kernel_lock::kernel_lock() : std::unique_lock<std::mutex>(the_lock) {}

time_limit::time_limit(ULONG ticks)
    : ticks_(ticks), end_(std::chrono::steady_clock::now() + static_cast<std::int64_t>(ticks) * tick) {}

timespec time_limit::left() const {
    using namespace std::chrono;
    const auto rest = std::max(end_ - steady_clock::now(), steady_clock::duration::zero());
    const auto whole = duration_cast<seconds>(rest);
    return {static_cast<time_t>(whole.count()), static_cast<long>(nanoseconds(rest - whole).count())};
}

time_limit time_limit::at_most(ULONG ticks) const {
    const time_limit other(ticks);
    return !forever() && end_ < other.end_ ? *this : other;
}

wake suspend(kernel_lock& kernel, TX_THREAD*& list, const time_limit& limit, descriptor also) {
    TX_THREAD& self = *tx_thread_identify();
    if (limit.none()) return wake::late;
    if (self.tx_thread_host_terminating) return refuse(kernel, self);

    append(list, &self);
    for (;;) {
        pollfd fds[] = {{self.tx_thread_host_wake_up, POLLIN, 0}, {also.fd, also.events, 0}};
        kernel.unlock();
        const timespec left = limit.left();
        (void)::ppoll(fds, 2, limit.forever() ? nullptr : &left, nullptr);
        std::uint64_t count;
        if (fds[0].revents) (void)!::read(fds[0].fd, &count, sizeof count);
        kernel.lock();

        // What was handed over counts before all else: a packet or a mutex that a terminated or late thread
        // did not take would be lost.
        if (!self.tx_thread_host_suspended) return wake::resumed;
        if (self.tx_thread_host_terminating) {
            remove(list, &self);
            return refuse(kernel, self);
        }
        if (fds[1].revents || limit.over()) {
            remove(list, &self);
            return fds[1].revents ? wake::ready : wake::late;
        }
    }
}

void wake_up(const TX_THREAD& thread) {
    const std::uint64_t one = 1;
    (void)!::write(thread.tx_thread_host_wake_up, &one, sizeof one);
}

void resume(TX_THREAD*& list, TX_THREAD* thread, UINT status) {
    remove(list, thread);
    thread->tx_thread_suspend_status = status;
    wake_up(*thread);
}

TX_THREAD* resume_first(TX_THREAD*& list, UINT status) {
    TX_THREAD* first = list;
    if (first) resume(list, first, status);
    return first;
}

void resume_all(TX_THREAD*& list, UINT status) {
    while (list) resume_first(list, status);
}

} // namespace postrider::netxduo_host

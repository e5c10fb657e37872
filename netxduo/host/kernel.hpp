// What every waiting service of the host stands on: one lock, threads that suspend and are resumed, limits in
// ticks.
//
// All control blocks (threads, mutexes, semaphores, pools, IP instances, sockets) are guarded by the one
// kernel lock, as disabled interrupts guard them on the target. It is never held while a thread waits.
//
// A thread waits in exactly one place, suspend(): there it stands in the suspension list of what it waits
// for, and polls its own wake-up descriptor, and a socket where it waits for one. Whoever has what a waiter
// wants takes the waiter out of its list and hands the thing over (resume_first), so that nobody overtakes
// and no wake-up is lost. This is ThreadX's own scheme, and it needs neither a condition variable in the
// application's C structures nor a heap.
//
// Only ThreadX threads have a wake-up descriptor, so only they can wait; the services refuse everybody else.
#pragma once

#include "nx_ip.h"

#include <chrono>
#include <ctime>
#include <mutex>

namespace postrider::netxduo_host {

inline constexpr ULONG thread_id = 0x54485244;
inline constexpr ULONG mutex_id = 0x4D555445;
inline constexpr ULONG semaphore_id = 0x53454D41;

struct kernel_lock : std::unique_lock<std::mutex> {
    kernel_lock();
};

// The end of a wait that is given in ticks: none, forever, or a moment.
class time_limit {
public:
    explicit time_limit(ULONG ticks);

    [[nodiscard]] bool none() const { return ticks_ == NX_NO_WAIT; }
    [[nodiscard]] bool forever() const { return ticks_ == NX_WAIT_FOREVER; }
    [[nodiscard]] bool over() const { return !forever() && std::chrono::steady_clock::now() >= end_; }
    [[nodiscard]] timespec left() const;

    // This limit, but at most `ticks` from now.
    [[nodiscard]] time_limit at_most(ULONG ticks) const;

private:
    ULONG ticks_;
    std::chrono::steady_clock::time_point end_;
};

struct descriptor {
    int fd = -1;
    short events = 0;
};

enum class wake {
    resumed, // taken out of the list by another thread, whose verdict is in tx_thread_suspend_status. What
             // the list belonged to may be gone by now: look at nothing but the thread.
    ready,   // the descriptor has one of its events, or an error
    late,    // the limit is over; at once where it is none
    aborted, // the thread is being terminated: return the service's WAIT_ABORTED
};

// Waits in `list`. The lock is released meanwhile and held again on return; the caller is a ThreadX thread.
wake suspend(kernel_lock& kernel, TX_THREAD*& list, const time_limit& limit, descriptor also = {});

// Takes a waiter out of its list and lets it go on with `status`. The first has waited longest; NULL where
// nobody waits.
void resume(TX_THREAD*& list, TX_THREAD* thread, UINT status);
TX_THREAD* resume_first(TX_THREAD*& list, UINT status);
void resume_all(TX_THREAD*& list, UINT status);

// Ends whatever wait the thread is in, so that it looks at its flags.
void wake_up(const TX_THREAD& thread);

// Ends the calling thread; only where its stack is being unwound already does it return.
void end_thread(kernel_lock& kernel, TX_THREAD& self);

// As ThreadX does it: no mutex stays with a thread that has ended.
void release_mutexes(TX_THREAD& thread);

// tx_kernel_enter's part of the threads' life: between hold and release no thread starts; wait_for_all
// returns when none runs any more.
void hold_starts();
void release_starts();
void wait_for_all();

} // namespace postrider::netxduo_host

// ThreadX's mutexes: recursive, and handed to the thread that has waited longest. Priority inheritance is
// accepted; there are no priorities to inherit.

#include "kernel.hpp"

using namespace postrider::netxduo_host;

namespace {

bool alive(const TX_MUTEX* mutex) { return mutex && mutex->tx_mutex_id == mutex_id; }

void own(TX_MUTEX& mutex, TX_THREAD& thread) {
    mutex.tx_mutex_owner = &thread;
    mutex.tx_mutex_ownership_count = 1;
    mutex.tx_mutex_owned_next = thread.tx_thread_owned_mutex_list;
    thread.tx_thread_owned_mutex_list = &mutex;
}

void disown(TX_MUTEX& mutex) {
    TX_MUTEX** link = &mutex.tx_mutex_owner->tx_thread_owned_mutex_list;
    while (*link != &mutex) link = &(*link)->tx_mutex_owned_next;
    *link = mutex.tx_mutex_owned_next;
    mutex.tx_mutex_owner = nullptr;
    mutex.tx_mutex_ownership_count = 0;
}

void hand_on(TX_MUTEX& mutex) {
    disown(mutex);
    if (TX_THREAD* next = resume_first(mutex.tx_mutex_suspension_list, TX_SUCCESS)) own(mutex, *next);
}

} // namespace

void postrider::netxduo_host::release_mutexes(TX_THREAD& thread) {
    while (thread.tx_thread_owned_mutex_list) hand_on(*thread.tx_thread_owned_mutex_list);
}

UINT tx_mutex_create(TX_MUTEX* mutex, CHAR* name, UINT inherit) {
    const kernel_lock kernel;
    if (!mutex || alive(mutex)) return TX_MUTEX_ERROR;
    if (inherit != TX_INHERIT && inherit != TX_NO_INHERIT) return TX_INHERIT_ERROR;
    *mutex = {};
    mutex->tx_mutex_id = mutex_id;
    mutex->tx_mutex_name = name;
    mutex->tx_mutex_inherit = inherit;
    return TX_SUCCESS;
}

UINT tx_mutex_get(TX_MUTEX* mutex, ULONG wait) {
    TX_THREAD* self = tx_thread_identify();
    kernel_lock kernel;
    if (!alive(mutex)) return TX_MUTEX_ERROR;
    if (!self) return wait == TX_NO_WAIT ? TX_CALLER_ERROR : TX_WAIT_ERROR;

    if (!mutex->tx_mutex_owner) {
        own(*mutex, *self);
        return TX_SUCCESS;
    }
    if (mutex->tx_mutex_owner == self) {
        ++mutex->tx_mutex_ownership_count;
        return TX_SUCCESS;
    }
    switch (suspend(kernel, mutex->tx_mutex_suspension_list, time_limit(wait))) {
    case wake::resumed: return self->tx_thread_suspend_status;
    case wake::aborted: return TX_WAIT_ABORTED;
    default: return TX_NOT_AVAILABLE;
    }
}

UINT tx_mutex_put(TX_MUTEX* mutex) {
    TX_THREAD* self = tx_thread_identify();
    const kernel_lock kernel;
    if (!alive(mutex)) return TX_MUTEX_ERROR;
    if (!self || mutex->tx_mutex_owner != self) return TX_NOT_OWNED;
    if (--mutex->tx_mutex_ownership_count == 0) hand_on(*mutex);
    return TX_SUCCESS;
}

UINT tx_mutex_delete(TX_MUTEX* mutex) {
    const kernel_lock kernel;
    if (!alive(mutex)) return TX_MUTEX_ERROR;
    if (mutex->tx_mutex_owner) disown(*mutex);
    resume_all(mutex->tx_mutex_suspension_list, TX_DELETED);
    mutex->tx_mutex_id = 0;
    return TX_SUCCESS;
}

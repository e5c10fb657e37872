// ThreadX's counting semaphores. An instance that is put goes to the thread that has waited longest, never
// past it.

#include "kernel.hpp"

using namespace postrider::netxduo_host;

namespace {

bool alive(const TX_SEMAPHORE* semaphore) { return semaphore && semaphore->tx_semaphore_id == semaphore_id; }

} // namespace

UINT tx_semaphore_create(TX_SEMAPHORE* semaphore, CHAR* name, ULONG initial_count) {
    const kernel_lock kernel;
    if (!semaphore || alive(semaphore)) return TX_SEMAPHORE_ERROR;
    *semaphore = {};
    semaphore->tx_semaphore_id = semaphore_id;
    semaphore->tx_semaphore_name = name;
    semaphore->tx_semaphore_count = initial_count;
    return TX_SUCCESS;
}

UINT tx_semaphore_get(TX_SEMAPHORE* semaphore, ULONG wait) {
    TX_THREAD* self = tx_thread_identify();
    kernel_lock kernel;
    if (!alive(semaphore)) return TX_SEMAPHORE_ERROR;
    if (!self && wait != TX_NO_WAIT) return TX_WAIT_ERROR;

    if (semaphore->tx_semaphore_count > 0) {
        --semaphore->tx_semaphore_count;
        return TX_SUCCESS;
    }
    if (wait == TX_NO_WAIT) return TX_NO_INSTANCE;
    switch (suspend(kernel, semaphore->tx_semaphore_suspension_list, time_limit(wait))) {
    case wake::resumed: return self->tx_thread_suspend_status;
    case wake::aborted: return TX_WAIT_ABORTED;
    default: return TX_NO_INSTANCE;
    }
}

UINT tx_semaphore_put(TX_SEMAPHORE* semaphore) {
    const kernel_lock kernel;
    if (!alive(semaphore)) return TX_SEMAPHORE_ERROR;
    if (!resume_first(semaphore->tx_semaphore_suspension_list, TX_SUCCESS)) ++semaphore->tx_semaphore_count;
    return TX_SUCCESS;
}

UINT tx_semaphore_delete(TX_SEMAPHORE* semaphore) {
    const kernel_lock kernel;
    if (!alive(semaphore)) return TX_SEMAPHORE_ERROR;
    resume_all(semaphore->tx_semaphore_suspension_list, TX_DELETED);
    semaphore->tx_semaphore_id = 0;
    return TX_SUCCESS;
}

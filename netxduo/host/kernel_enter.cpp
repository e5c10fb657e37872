// tx_kernel_enter, in a file of its own: it alone needs the application's tx_application_define, so a program
// that makes its threads from `main` links without one.

#include "kernel.hpp"

using namespace postrider::netxduo_host;

namespace {

// More than any target has; the pages that the application does not touch cost nothing.
alignas(64) unsigned char first_unused_memory[1024 * 1024];

} // namespace

VOID tx_kernel_enter(VOID) {
    (void)tx_time_get(); // ticks count from here, as on the target
    // On the target no thread runs before tx_application_define has returned, and applications rely on it:
    // they start a thread first and make the pool that it uses in the next line.
    hold_starts();
    tx_application_define(first_unused_memory);
    release_starts();
    wait_for_all();
}

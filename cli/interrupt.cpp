#include "interrupt.hpp"

#include <csignal>

namespace postrider::cli {
namespace {

canceller* cancelled_by_signal = nullptr;

extern "C" void cancel_all(int) { cancelled_by_signal->cancel(); }

} // namespace

const canceller& interrupt() {
    static canceller source;
    if (cancelled_by_signal == nullptr) {
        cancelled_by_signal = &source;
        struct sigaction action {};
        action.sa_handler = cancel_all;
        action.sa_flags = static_cast<int>(SA_RESETHAND); // no SA_RESTART: a read from the terminal ends
        sigemptyset(&action.sa_mask);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
            struct sigaction before {};
            // What the caller has told us to ignore stays ignored: nohup.
            if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
                ::sigaction(signal, &action, nullptr);
        }
    }
    return source;
}

} // namespace postrider::cli

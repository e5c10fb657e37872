// interrupt.hpp - Ctrl-C, SIGTERM and SIGHUP end what waits for a server, and leave time to say what became of the mails.
#ifndef POSTRIDER_CLI_INTERRUPT_HPP
#define POSTRIDER_CLI_INTERRUPT_HPP

#include <postrider/io/posix.hpp>

namespace postrider::cli {

/// From the first call on the signals are caught; the second of a kind does what it always did. SIGPIPE is ignored from `main` on.
const canceller& interrupt();
inline bool interrupted() { return interrupt().cancelled(); }

} // namespace postrider::cli

#endif

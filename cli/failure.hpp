// failure.hpp - why a command cannot go on: a sentence for people, and the exit code.
#ifndef POSTRIDER_CLI_FAILURE_HPP
#define POSTRIDER_CLI_FAILURE_HPP

#include <string>

namespace postrider::cli {

/// Thrown where a command ends before it has done anything that has to be told of by itself; `main` prints it. This room
/// reports by exception, as CLI11 does (ADR 22).
struct failure {
    int code = 0;       ///< of sysexits.h, or `exit_unknown`
    std::string text{}; ///< what is wrong, where, and what to do about it; without a full stop
};

} // namespace postrider::cli

#endif

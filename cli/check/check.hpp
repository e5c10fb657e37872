// check.hpp - `postrider check FILE`: is this message sendable, what would it need, and would that server take it?
#ifndef POSTRIDER_CLI_CHECK_HPP
#define POSTRIDER_CLI_CHECK_HPP

#include "program.hpp"
#include "settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::cli {

struct check_request {
    settings said{};                  ///< of the server, if one was named: nobody authenticates there
    std::vector<std::string> files{}; ///< `-` is standard input
    std::uint64_t max_size = 0;       ///< octets; 0: any number
    bool quiet = false;               ///< errors and warnings alone
};

/// 66: a file cannot be read; else 65: one is not sendable; else what became of the server: 69 it lacks something, or why it was
/// not reached; else 0, also where it lacks BINARYMIME alone, which is told. Throws `failure`.
int run_check(const program& in, const check_request& request);

} // namespace postrider::cli

#endif

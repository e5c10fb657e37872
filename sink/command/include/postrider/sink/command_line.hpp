// The command line of a sink, which `postrider-sink` and `postrider sink` have in common: its options, and what it prints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "postrider/sink/config.hpp"

namespace CLI {
class App;
}

namespace postrider::sink {

struct command_line {
    sink::config config;
    std::string port_file;
    std::string report_file;
    bool transcript = false;
    bool events = false;
    bool quiet = false;
    bool help_script = false;

    // For who runs it to say.
    std::string name = "postrider-sink"; // what messages begin with
    enum class output {
        lines,       // where it listens, a line for each mail and each refusal, at last a sum
        report,      // where it listens, and at last the report as JSON
        report_alone // the same, but where it listens stands on standard error
    };
    output prints = output::lines;
    std::string_view good, bad, plain; // escape sequences for a terminal: how lines begin, and what ends them

    // As said, until complete() has looked at it.
    struct {
        std::vector<std::string> on_after_tls, off_after_tls, tokens, rules;
        std::string users_file, tokens_file, script_file;
    } said;
};

// `to` refers to `line` as long as it lives.
void add_options(CLI::App& to, command_line& line);

// After the options were parsed. Throws CLI::ValidationError.
void complete(command_line& line);

// Serves until SIGINT, SIGTERM, SIGHUP or a limit; the exit code of sysexits.h: 0; 64 a script or setting that is wrong, 69 an
// address, 71 the system, 73 a folder or file that cannot be written, 74 standard output. Once in a process.
[[nodiscard]] int run(command_line& line);

} // namespace postrider::sink

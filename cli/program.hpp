// program.hpp - what every command is given: how it was called, where it writes and how that looks.
#ifndef POSTRIDER_CLI_PROGRAM_HPP
#define POSTRIDER_CLI_PROGRAM_HPP

#include "terminal.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace postrider::cli {

/// A caller may have closed some of 0, 1 and 2. The connection would get that number, and what is printed would be said to the
/// server. What stands in their place fails as they would.
void occupy_standard_descriptors() noexcept;

/// What to do once all arguments were read; returns the exit code, and may throw `failure`.
using command_run = std::function<int()>;

struct program {
    std::string name = "postrider"; ///< as it was called, for messages: "postrider", "sendmail"
    bool json = false;              ///< one JSON document on standard output, and nothing else there
    std::string colour = "auto";    ///< or "always", "never"
    command_run run{};              ///< set by the command that was chosen

    std::ostream& out() const; ///< standard output: what the command is for
    std::ostream& err() const; ///< standard error: warnings, transcripts, progress
    style out_style() const;
    style err_style() const;

    /// `postrider: TEXT`, on standard error.
    void complain(std::string_view text) const;
    /// After the last of what the command is for was written: throws `failure` (74) if standard output has not taken it all;
    /// without a text where who read it has gone.
    void written() const;
};

/// All of them, with the help of the whole.
void add_commands(CLI::App& to, program& in);
/// `--json` and `--color`, which every command has.
void add_output_options(CLI::App& to, program& in);

// The commands: each adds itself, with its options, its help and what it does. One file each.
void add_send(CLI::App& to, program& in);
void add_sendmail(CLI::App& to, program& in);
void add_probe(CLI::App& to, program& in);
void add_load(CLI::App& to, program& in);
void add_sink(CLI::App& to, program& in);
void add_check(CLI::App& to, program& in);
void add_completion(CLI::App& to, program& in);
void add_manual(CLI::App& to, program& in);

/// Called as `sendmail`, `mailq` or `newaliases`, or `postrider sendmail`: arguments in the family's own way. Returns the exit code.
int run_sendmail(program& in, int count, const char* const* arguments);

} // namespace postrider::cli

#endif

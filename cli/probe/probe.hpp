// probe.hpp - `postrider probe URL`: looks at a server, and says what it is, what it offers, and what sending there would be like.
#ifndef POSTRIDER_CLI_PROBE_HPP
#define POSTRIDER_CLI_PROBE_HPP

#include "program.hpp"
#include "settings.hpp"

#include <postrider/probe.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::cli {

struct probe_request {
    settings said{};
    std::optional<std::string> from{}; ///< goes on to MAIL; `<>` is the null path
    std::vector<std::string> to{};     ///< and to RCPT
    std::optional<std::string> body{}; ///< and sends a mail with this text,
    std::string data_file{};           ///< or this message
    std::optional<probe_stage> quit_after{};
    std::optional<probe_stage> drop_after{};
    std::vector<std::string> xclient{}; ///< `NAME=VALUE`
    std::vector<std::string> verify{};
    std::vector<std::string> expand{};
    bool transcript = false;
    bool summary = true;
    bool times = false; ///< each line of the transcript begins with the time
    std::string svg_file{};
    std::string chain_file{};
};

/// Throws `failure` for what is wrong before anything was said, and for a report that cannot be written; else the exit code says
/// what the server is like, or what became of a mail, and then whatever cannot be written.
int run_probe(const program& in, const probe_request& request);

/// The stage by the words that people know, those of swaks too: "greeting", "banner". Throws `failure` (64), which names them.
probe_stage stage_of(const std::string& option, const std::string& word);

/// `--support`: what this build speaks.
int tell_support(const program& in);

} // namespace postrider::cli

#endif

// load.hpp - `postrider load`: many mails to one server, and how it took them.
#ifndef POSTRIDER_CLI_LOAD_HPP
#define POSTRIDER_CLI_LOAD_HPP

#include "program.hpp"
#include "settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::cli {

/// As it was said on the command line.
struct load_request {
    settings said{};
    std::string url{};
    std::uint64_t messages = 0; ///< 0: unsaid
    double duration = 0;        ///< seconds; 0: unsaid
    double rate = 0;            ///< mails a second, over all connections; 0: as fast as they are answered
    unsigned connections = 1;
    unsigned recipients = 1; ///< a mail
    std::uint64_t reconnect = 0;
    std::string from = "sender@example.com";
    std::vector<std::string> to{}; ///< taken in turn; `%` counts
    std::uint64_t addresses = 0;   ///< how far `%` counts; 0: as there are recipients
    std::string size = "1k";
    bool size_said = false;
    std::vector<std::string> files{};
    std::string picture{};
    bool yes_really = false;
    bool progress = true;
};

/// Throws `failure` for what is wrong before anything was sent; else the exit code says what became of all mails.
int run_load(const program& in, load_request& request);

} // namespace postrider::cli

#endif

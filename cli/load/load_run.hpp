// load_run.hpp - the load itself: what is to be sent, the loop that sends it, and what was measured.
#ifndef POSTRIDER_CLI_LOAD_RUN_HPP
#define POSTRIDER_CLI_LOAD_RUN_HPP

#include "latencies.hpp"
#include "load_contents.hpp"
#include "terminal.hpp"
#include "timeline.hpp"

#include <postrider/connection.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace postrider::cli {

/// The recipients of one mail after another.
class address_book {
public:
    /// `patterns` are taken in turn; in each `%` is a number that counts the recipients, from 1 to `most`, and again.
    address_book(std::vector<std::string> patterns, std::uint64_t most);
    std::string next();

private:
    struct pattern {
        std::string before;
        std::string behind;
        bool counts;
    };
    std::vector<pattern> patterns_;
    std::uint64_t most_;
    std::uint64_t given_ = 0;
};

struct load_plan {
    std::string url{};
    std::vector<server> addresses{}; ///< of the server: a connection tries one after another until one is there
    bool looks_up = false;           ///< an address is a name, which the first mail of a connection waits for
    std::vector<load_content> contents{};
    std::string from{};
    address_book to;
    unsigned recipients = 1;
    unsigned connections = 1;
    std::uint64_t messages = 0;          ///< 0: no such end
    std::chrono::nanoseconds duration{}; ///< 0: no such end
    double rate = 0;                     ///< mails a second; 0: as fast as they are answered
    std::uint64_t reconnect = 0;         ///< mails a connection; 0: as many as the server takes
};

enum class load_end : std::uint8_t {
    complete,
    interrupted, ///< by Ctrl-C or a signal like it
    gave_up,     ///< the server could not be reached, or did not let anybody in, again and again
};

/// Mails, or recipients, by what became of them; in the order of `outcome`.
using outcome_counts = std::array<std::uint64_t, 5>;

struct load_error {
    phase where = phase::connect;
    int code = 0;            ///< of the reply; 0: none decided
    errc error = errc::ok;   ///< where none did
    std::uint64_t count = 0; ///< recipients
    std::string example{};   ///< the text of the first
};

/// What was measured. Its size does not depend on how many mails there were.
struct load_result {
    static constexpr std::size_t kinds_at_most = 20;

    load_end end = load_end::complete;
    std::string why{}; ///< it gave up
    std::string address{};
    tls_facts tls{};
    mechanism authenticated_by = mechanism::none;

    std::uint64_t mails = 0; ///< that something is known of
    outcome_counts outcomes{};
    outcome_counts recipients{};
    std::vector<load_error> errors{};
    std::uint64_t other_errors = 0; ///< of further kinds
    std::uint64_t late = 0;         ///< mails that were due by the rate and had not been begun at the end
    int code = 0;                   ///< of all mails

    std::chrono::nanoseconds elapsed{}; ///< from the first mail to the last result
    std::chrono::nanoseconds cpu{};     ///< of this process meanwhile
    connection_counters counted{};      ///< of all connections together
    std::uint64_t content_octets = 0;

    latencies latency{};
    std::map<std::string, latencies> set_up{}; ///< of connections, by stage: "connect", "TLS", ...
    timeline times{};
};

/// Sends it all. Ends early at Ctrl-C, with a result for every mail that was begun, and where nobody is let in.
load_result run(load_plan plan, live_line& line);

} // namespace postrider::cli

#endif

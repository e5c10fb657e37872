// plan.hpp - what the library would do with a server that was probed: its flights for a mail, and how often it waits.
#ifndef POSTRIDER_CLI_PLAN_HPP
#define POSTRIDER_CLI_PLAN_HPP

#include <postrider/probe.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace postrider::cli {

/// What leaves without a wait between, and then is waited for.
struct plan_flight {
    std::vector<std::string> lines{}; ///< as they stand on the wire, credentials hidden; one in brackets is no command
    unsigned waits = 1;               ///< round trips: the handshake of TLS 1.2 is two
};

struct mail_plan {
    errc error = errc::ok; ///< it comes to no mail: `tls_unavailable`, `auth_unavailable`, ...
    mechanism by = mechanism::none;
    std::vector<plan_flight> first{}; ///< a mail of its own, from the connection to the answer
    std::vector<plan_flight> next{};  ///< one behind it on the same connection

    static unsigned waits(const std::vector<plan_flight>& flights) noexcept;
};

enum class plan_credentials { none, password, token };

/// Asks the engine itself: it talks with a server in memory that says what the probed one has said, and yes to all else. The
/// server is taken for one that has proved who it is. Without an EHLO reply there is no plan: `unexpected_reply`.
mail_plan plan_for(const server& to, const probe_result& seen, plan_credentials with);

} // namespace postrider::cli

#endif

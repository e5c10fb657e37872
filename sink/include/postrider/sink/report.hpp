// What a sink has seen, in numbers.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "postrider/sink/tls.hpp"

namespace postrider::sink {

struct counts {
    std::uint64_t mails = 0;              // accepted
    std::uint64_t replies_delivered = 0;  // of these, the reply was handed to the kernel in full
    std::uint64_t recipients = 0;         // of accepted mails
    std::uint64_t refused_recipients = 0; // RCPT commands answered with anything but 2yz
    std::uint64_t content_octets = 0;     // of accepted mails, after unstuffing
    std::uint64_t commands = 0;
    std::uint64_t octets_in = 0;
    std::uint64_t octets_out = 0;
    // Octets that came before the reply that the client had to wait for was sent: to every command where
    // PIPELINING is not offered, and otherwise to those that must end a group (RFC 2920 section 3.1).
    std::uint64_t early_octets = 0;
    // Octets in clear behind STARTTLS, before its 220 had left. They are thrown away, and were the client's fault.
    std::uint64_t behind_starttls = 0;
    std::uint64_t tls_handshakes = 0; // completed
    std::uint64_t tls_resumed = 0;    // of these
    std::uint64_t tls_failures = 0;   // handshakes that failed, and records later
    std::uint64_t errors = 0;         // replies of 500, 501, 502, 503, 504 and 555: the client's mistakes
    // How often the client stopped to read, connecting and the greeting included, up to the last final reply
    // to a content. What it waited for after that (QUIT, mostly) is counted apart.
    std::uint64_t waits = 0;
    std::uint64_t waits_after_content = 0;

    counts& operator+=(const counts& more);
};

struct connection_report {
    std::uint64_t number = 0; // from 1, in order of acceptance
    std::string peer;
    counts seen;
    std::optional<tls_session> tls;
    std::string auth_mechanism; // of the last AUTH that succeeded
    std::string auth_user;
    bool open = true;
    std::string ending; // "quit", "closed by client", "reset by client", "closed", "reset", ...
};

struct report {
    std::uint64_t connections = 0;
    std::uint64_t open_connections = 0;
    std::uint64_t resets = 0; // connections reset by the client
    counts total;
    // Exact in hold mode; otherwise `waits` is only the number of reply bursts sent while the input was
    // empty.
    bool waits_exact = false;
    std::map<std::string, std::uint64_t> verbs;
    std::vector<std::uint64_t> undelivered;      // accepted mails whose connection ended before their reply left
    std::list<connection_report> per_connection; // the open ones and the last of the closed ones
    std::vector<std::string> failures;           // of the sink itself: a full disk, for example

    [[nodiscard]] std::string to_json() const;
};

} // namespace postrider::sink

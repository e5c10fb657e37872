// What happens on a sink, told as it happens.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "postrider/sink/mail.hpp"
#include "postrider/sink/report.hpp"
#include "postrider/sink/tls.hpp"

namespace postrider::sink {

// What it points to lives as long as the call that tells it.
struct event {
    enum class kind : std::uint8_t {
        listening,     // address: a line for each listener
        connected,     // peer
        tls,           // session: the handshake is done
        tls_failed,    // session: the handshake, or a record later
        authenticated, // mechanism, user; both are empty where the script let the client in
        mail,          // accepted; its reply has not left yet
        refused,       // command, reply; address of MAIL and RCPT; and within a mail what is known of it
        closed,        // ending, seen, undelivered
        ended,         // report: the last one
    };
    kind what = kind::listening;
    std::chrono::system_clock::time_point when{};
    std::uint64_t connection = 0; // 0: it belongs to none
    std::string address{};        // where it listens, or for whom a command was
    std::string peer{};
    const tls_session* session = nullptr;
    std::string mechanism{}, user{};
    const sink::mail* mail = nullptr; // taken, or in progress: without its content
    std::uint64_t waits = 0;          // of the connection so far, connect and greeting included; with a mail
    std::string command{};            // "RCPT"; "greeting", "content", "line" for one that is none
    std::string reply{};              // "550 5.1.1 who?", with LF between its lines
    std::string ending{};
    const counts* seen = nullptr; // on the connection
    bool waits_exact = false;
    std::vector<std::uint64_t>
        undelivered{}; // mails that were accepted on the connection, but their replies did not leave
    const sink::report* report = nullptr;

    // On one line, without its end: doc/json/sink-event.schema.json.
    [[nodiscard]] std::string to_json() const;
};

} // namespace postrider::sink

// What a sink listens on, offers, demands, keeps and spoils.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/sink/mail.hpp"

namespace postrider::sink {

struct user {
    std::string name;
    std::string password;
};

enum class protocol { smtp, lmtp };

// The lines of the EHLO reply. What is not offered is refused as a server without it would refuse it: a
// parameter with 555, a command with 502.
struct extensions {
    bool pipelining = true;
    bool size = true; // the limit itself is config::max_message_octets
    bool eight_bit_mime = true;
    bool enhanced_status_codes = true;
    bool chunking = true;
    bool binary_mime = true;
    bool smtputf8 = true;
    bool dsn = true;
    bool vrfy = false;
    bool help = false;
    std::vector<std::string> auth{"PLAIN", "LOGIN"}; // offered only when there are users
    std::vector<std::string> extra;                  // further lines, sent as they are

    static extensions none();

    // Turns one EHLO keyword on or off; false when the sink knows no such keyword.
    [[nodiscard]] bool turn(std::string_view keyword, bool on);
};

struct config {
    // "ADDRESS:PORT", "[ADDRESS6]:PORT"; port 0 is any free one. Numeric addresses only, and nothing but
    // loopback unless it is written here: a server that takes every mail must not be reachable by accident.
    std::vector<std::string> listen{"127.0.0.1:0"};
    std::string name = "sink.example";
    sink::protocol protocol = sink::protocol::smtp;

    extensions offers;
    std::string refuse_ehlo; // when set, the reply to EHLO: makes clients fall back to HELO
    std::vector<user> users;
    bool require_auth = false;
    std::string login_user_prompt = "Username:";
    std::string login_password_prompt = "Password:";

    std::uint64_t max_message_octets = 0; // 0: no limit
    std::size_t max_recipients = 0;       // 0: no limit
    std::size_t max_command_octets = 2048;
    std::size_t max_open_connections = 0;      // 0: no limit; one more is told 421
    std::chrono::milliseconds idle_timeout{0}; // 0: none; a client idle for longer is told 421

    // Hold mode releases replies only once the client has sent nothing for `quiet`, which makes the count of
    // waits exact: what the client could have sent without a reply, it has sent by then.
    bool hold = false;
    std::chrono::milliseconds quiet{20};

    // With none of the three below, mails are counted and forgotten, and memory stays flat.
    std::filesystem::path folder;             // NNNNNN.eml and NNNNNN.json for each mail
    bool keep_mails = false;                  // for server::mails()
    std::function<void(const mail&)> on_mail; // called on the sink's thread, before the reply leaves

    std::ostream* transcript = nullptr; // written on the sink's thread only
    std::string script;                 // faults; the language is described in sink/README.md

    std::uint64_t stop_after_connections = 0; // 0: never
    std::uint64_t stop_after_mails = 0;       // 0: never
    std::size_t connection_reports = 1000;    // of the closed connections, how many are kept one by one
};

} // namespace postrider::sink

// What a sink listens on, offers, demands, keeps and spoils.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/sink/event.hpp"
#include "postrider/sink/mail.hpp"
#include "postrider/sink/tls.hpp"

namespace postrider::sink {

struct user {
    std::string name;
    std::string password;
    std::string token{}; // for XOAUTH2 and OAUTHBEARER; empty: none
};

// What is wrong with the server's side of SCRAM.
enum class scram_fault : std::uint8_t {
    none,
    wrong_signature, // it does not know the password, but lets everybody in who does
    no_signature,    // 235 at once
    foreign_nonce,   // not the client's, lengthened
    bare_nonce,      // the client's, not lengthened
};

struct scram {
    std::uint64_t iterations = 4096; // above 10 million nothing is computed: whoever goes on is refused
    std::string salt, nonce;         // the server's part of it; empty: by chance
    bool signature_with_235 = false; // or in a 334 of its own, to which the client has nothing to say
    scram_fault fault = scram_fault::none;
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
    bool starttls = true; // where there is a certificate, until TLS is on
    bool vrfy = false;
    bool help = false;
    bool expn = false;
    bool etrn = false;
    bool limits = false;        // what they are: config::limits
    bool deliverby = false;     // BY=
    bool mt_priority = false;   // MT-PRIORITY=
    bool futurerelease = false; // HOLDFOR=, HOLDUNTIL=
    bool requiretls = false;    // over TLS only, unless config::requiretls_in_clear
    bool burl = false;          // the content is the URL
    bool xclient = false;       // Postfix's
    bool xforward = false;      // Postfix's
    // Offered in this order, when there are users: all but ANONYMOUS are for them. -PLUS is offered over TLS only,
    // EXTERNAL to a client with a certificate.
    std::vector<std::string> auth{"PLAIN", "LOGIN"};
    std::vector<std::string> extra; // further lines, sent as they are

    static extensions none();

    // Turns one EHLO keyword on or off; false when the sink knows no such keyword.
    [[nodiscard]] bool turn(std::string_view keyword, bool on);
};

// RFC 9422; 0 is no limit. They hold whether LIMITS is offered or not: a server may have limits and be silent
// about them.
struct limits {
    std::uint64_t mails = 0;        // MAIL commands of a connection, refused ones included; one more is told 421
    std::uint64_t recipients = 0;   // RCPT commands of a mail, refused ones included; one more is told 452
    std::uint64_t rcpt_domains = 0; // different domains of a connection's accepted recipients; one more: 452
};

// What is said to one VRFY, EXPN, ETRN or HELP.
struct answer {
    std::string command; // "VRFY jones", case aside
    std::string reply;   // "250 2.1.5 <jones@example.com>"; CRLF between lines, none at the end
};

struct config {
    // "ADDRESS:PORT", "[ADDRESS6]:PORT"; port 0 is any free one. Numeric addresses only, and nothing but
    // loopback unless it is written here: a server that takes every mail must not be reachable by accident.
    std::vector<std::string> listen{"127.0.0.1:0"};
    std::string name = "sink.example";
    sink::protocol protocol = sink::protocol::smtp;

    extensions offers;
    std::optional<extensions> offers_after_tls; // once TLS is on, and from the first EHLO where it is implicit
    sink::tls tls;
    bool auth_in_clear = true;   // off: AUTH is offered over TLS only, and otherwise told 538
    std::string refuse_ehlo;     // when set, the reply to EHLO: makes clients fall back to HELO
    std::vector<answer> answers; // where the verb is offered; without one: 252, 550, 251 and 214
    std::vector<user> users;
    bool require_auth = false;
    std::string login_user_prompt = "Username:";
    std::string login_password_prompt = "Password:";
    std::string cram_md5_challenge; // empty: by chance
    sink::scram scram;

    std::uint64_t max_message_octets = 0; // 0: no limit
    std::size_t max_recipients = 0;       // 0: no limit
    std::size_t max_command_octets = 2048;
    sink::limits limits;
    std::optional<sink::limits> limits_after_auth; // from the 235 on, and in the EHLO after it
    std::uint64_t deliverby_minimum = 0;           // seconds
    std::string mt_priority_policy;                // "MIXER"
    std::uint64_t futurerelease_seconds = 999'999'999;
    std::string futurerelease_until = "9999-12-31T23:59:59Z";
    bool requiretls_in_clear = false;
    // After a refused BDAT the transaction takes no other, as RFC 3030 has it. Exim 4.96 does take one: with
    // recipients that came meanwhile, and under the sender of the mail that failed.
    bool bdat_after_refusal = false;

    std::size_t max_open_connections = 0;      // 0: no limit; one more is told 421
    std::chrono::milliseconds idle_timeout{0}; // 0: none; a client idle for longer is told 421

    // Hold mode releases replies only once the client has sent nothing for `quiet`, which makes the count of
    // waits exact: what the client could have sent without a reply, it has sent by then.
    bool hold = false;
    std::chrono::milliseconds quiet{20};

    // With none of the five below, mails are counted and forgotten, and memory stays flat.
    std::filesystem::path folder;               // NNNNNN.eml and NNNNNN.json for each mail
    std::filesystem::path maildir;              // instead: as mail readers have it, with the envelope in header fields
    bool keep_mails = false;                    // for server::mails()
    std::function<void(const mail&)> on_mail;   // called on the sink's thread, before the reply leaves
    std::function<void(const event&)> on_event; // as well; what concerns no connection, on that of open() and run()

    std::ostream* transcript = nullptr; // written on the sink's thread only
    std::string script;                 // faults; the language is described in sink/README.md

    std::uint64_t stop_after_connections = 0; // 0: never
    std::uint64_t stop_after_mails = 0;       // 0: never
    std::size_t connection_reports = 1000;    // of the closed connections, how many are kept one by one
};

} // namespace postrider::sink

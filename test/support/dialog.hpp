// dialog.hpp - transcripts in Markdown as test cases: what the wire carries, and what must come of it.
//
// Each fenced block marked `dialog` is a case, named by the heading above it:
//
//     ```dialog
//     to: bob@b.example                  settings: from, to (again for more), content, auth, options; `next` begins a mail
//
//     S: 220 mail.example                what the server sends, CRLF added
//     C: EHLO client.example             what the client must send, octet for octet, CRLF added
//     S: 250 mail.example
//     ...
//     => bob@b.example accepted content 250
//     => session ok
//     ```
//
// Escapes: \r \n \t \\ \xHH, and \c at the end of a line: no CRLF. `S! close` and `S! reset` end the connection.
// The server sends nothing before it has all the client's octets that stand above, so each turn from C to S is a wait.
#ifndef POSTRIDER_TEST_SUPPORT_DIALOG_HPP
#define POSTRIDER_TEST_SUPPORT_DIALOG_HPP

#include "postrider/session.hpp"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace dialog {

struct mail {
    std::string from = "alice@a.example";
    std::vector<std::string> to;
    std::string content = "Subject: Hi\r\n\r\nHello.\r\n";
};

struct turn {
    enum class who { client, server, close, reset } from;
    std::string octets;
};

struct test_case {
    std::string name;
    std::string file;
    std::size_t line = 0;
    std::vector<mail> mails;
    std::vector<std::string> auth;    ///< mechanism, user, password, flags
    std::vector<std::string> options;
    std::vector<turn> turns;
    std::vector<std::string> expected; ///< the lines behind `=> `
};

void PrintTo(const test_case& c, std::ostream* os);

/// Every case of every *.md file below `folder`. Throws std::runtime_error, with file and line, on what it cannot read.
std::vector<test_case> read_folder(const std::filesystem::path& folder);

inline constexpr std::size_t never = static_cast<std::size_t>(-1);

/// How a case is played. The wire is the same; how it is cut into pieces, and where it breaks, differs.
struct manner {
    std::size_t received_at_once = never; ///< octets handed to the session at a time
    std::size_t buffer = 4096;            ///< octets of the buffer for `next`
    std::size_t content_at_once = never;  ///< octets of content at a time
    std::size_t server_dies_after = never; ///< octets sent by the server, then end of stream
    std::size_t client_stops_after = never; ///< octets taken from the client, then a reset
};

/// When, and as what, a recipient was decided, by a whole run.
struct verdict {
    postrider::status result;
    std::size_t received = never; ///< octets of the server that had been handed over; never: not by a reply
};

struct run_result {
    std::vector<std::string> report;             ///< in the form of `test_case::expected`
    std::vector<std::vector<verdict>> verdicts;  ///< mail, recipient
    std::vector<std::size_t> content_ends;       ///< client octets up to and with the end of each mail's content
    std::size_t submitted = 0; ///< mails that the session was given
    std::size_t sent = 0;
    std::size_t received = 0;
    std::size_t waits = 0;
    std::string complaint; ///< the client did not send what the dialog says; empty: it did
};

run_result play(const test_case& c, const manner& how = {});

} // namespace dialog

#endif

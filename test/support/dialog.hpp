// dialog.hpp - transcripts in Markdown as test cases: what the wire carries, and what must come of it.
//
// Each fenced block marked `dialog` is a case, named by the heading above it:
//
//     ```dialog
//     to: bob@b.example                  settings, see below
//
//     S: 220 mail.example                what the server sends, CRLF added
//     C: EHLO client.example             what the client must send, octet for octet, CRLF added
//     S: 250 mail.example
//     ...
//     => bob@b.example accepted content 250
//     => session ok
//     ```
//
// The server sends nothing before it has all the client's octets that stand above, so each turn from C to S is a wait.
// Unless it is told otherwise:
//   S+ text     the same, and it arrives together with the server's lines directly above, in one piece
//   S~ text     it arrives, in one piece, while the client is still writing: between the octets above and those below; or
//               while it is idle
//   S*3 text    the line three times
//   S! close    the connection ends here, orderly; S! reset: by a reset
//   TLS         here the client begins TLS, and the server proves who it is; TLS? and does not; TLS! tls_failed: it fails.
//               What stands behind it is the binding of the channel: TLS tls-exporter OCTETS
// Escapes: \r \n \t \\ \xHH; \*40* is the octet before it, forty times in all; \c at the end of a line: no CRLF.
//
// What the client does, in this order: one mail to bob@b.example, unless there is more than that:
//   from: alice@a.example     empty: the null reverse-path
//   to: bob@b.example         again for more recipients
//   content: text             without CRLF at its end; `then: text` is a further part, handed over when the first is used up
//   memory                    the content lies in memory, its parts too; else it is pulled
//   is: ...                   what else there is to say of the mail, or of its last recipient: the words of worded_mail.hpp
//   next                      begins another mail
//   noop, reset, idle         asks for NOOP, for RSET, or waits for the server to speak, after what stands above
//   ask: VRFY bob             asks for VRFY, EXPN, HELP, ETRN, XFORWARD or XCLIENT
//   no mail                   stands first: not even one mail
// and with what:
//   auth: plain user password [bare] [attempt] [if-offered] [attempt-if-offered] [protect] [authzid=...] [floor=MECHANISM]
//                             [preferred=MECHANISM]
//                             bare: without initial response; protect: only where the server is verified. `plain` is the
//                             strongest there is, `login`, `external` and `anonymous` are preferred, with `token` the
//                             password is an OAuth token; `exchanges` has CRAM-MD5 and SCRAM too, with a nonce of 32 "A". on-demand: the session asks for them; again=TOKEN: and is given
//                             this one the second time; none: it is given none
//   options: ...              helo, lmtp, refuse-bare, stay (no QUIT at the end),
//                             starttls, implicit, opportunistic, outside: what is done about TLS; else nothing
//                             no-pipelining, no-chunking, no-size: not to be used, although offered
//                             alone, eager: what leaves with AUTH
//                             ahead (further mails are handed over as soon as the session wants them), look-ahead=N
//                             speculative=N
//                             content-fails (there should be more content behind the last part)
//
// What must come of it:
//   => bob@b.example rejected RCPT 550 5.1.1     for each recipient: outcome, phase, code, error if there is one other than
//                                                `refused`. With more than one mail its number stands in front
//   => session refused greeting                  error and phase; or `session ok`
//   => bob@b.example not attempted MAIL extension_unavailable DSN     and what the server lacks for it
//   => NOOP 250                                  for each command by itself that was answered
//   => by SCRAM-SHA-1                            if it matters: the mechanism that was chosen
//   => waits 4                                   if it matters: how often the client had to wait for the server. The greeting
//                                                counts; connecting and QUIT do not
//   => said bob@b.example 550 No such user       if it matters, then for every refusal: for whom (or `all`), code, text.
//                                                A line end is shown as \n, a text that was cut ends with `[cut]`
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
    std::vector<std::string> content; ///< part by part
    bool memory = false;
    std::vector<std::string> is;                        ///< its properties
    std::vector<std::vector<std::string>> recipient_is; ///< those of each recipient
};

struct turn {
    enum class who { client, server, close, reset, tls } from;
    std::string octets;   ///< of TLS: what stands behind the word
    bool at_once = false; ///< server: not to be cut into pieces
    bool early = false;   ///< server: while the client is still writing
};

struct job {
    enum class kind { mail, ask, idle } what = kind::mail;
    std::string verb{};
    std::string argument{};
};

struct test_case {
    std::string name;
    std::string file;
    std::size_t line = 0;
    std::vector<mail> mails{mail{}};
    std::vector<job> jobs{job{}};
    std::vector<std::string> auth; ///< mechanism, user, password, flags
    std::vector<std::string> options;
    std::vector<turn> turns;
    std::vector<std::string> expected; ///< the lines behind `=> `
};

void PrintTo(const test_case& c, std::ostream* os);

/// Every case of every *.md file of `folder`. Throws std::runtime_error, with file and line, on what it cannot read.
std::vector<test_case> read_folder(const std::filesystem::path& folder);

inline constexpr std::size_t never = static_cast<std::size_t>(-1);

/// How a case is played. The wire is the same; how it is cut into pieces, and where it breaks, differs.
struct manner {
    std::size_t received_at_once = never;   ///< octets handed to the session at a time
    std::size_t buffer = 4096;              ///< octets of the buffer for `next`
    std::size_t content_at_once = never;    ///< octets of content at a time
    std::size_t server_dies_after = never;  ///< octets sent by the server, then end of stream
    std::size_t client_stops_after = never; ///< octets taken from the client, then a reset
    bool cancelled = false;                 ///< it is the caller who ends it there
    bool asks_without_buffer = false;       ///< asks each time what is wanted before there is a buffer for it
    /// The session object has been used before, for the same dialog, which broke off after so many octets of the server.
    std::size_t used_before = never;
};

/// When, and as what, a recipient was decided, by a whole run.
struct verdict {
    postrider::status result;
    std::vector<postrider::status> before; ///< what replies had said before, of a recipient that was carried over
    std::size_t received = never;          ///< octets of the server that had been handed over; never: not by a reply
};

struct run_result {
    std::vector<std::string> report;            ///< in the form of `test_case::expected`
    std::vector<std::vector<verdict>> verdicts; ///< mail, recipient
    /// mail, recipient: client octets up to and with the end of a content that was for it, once for each transaction
    std::vector<std::vector<std::vector<std::size_t>>> content_ends;
    std::vector<std::size_t> joints; ///< server octets at which the stream may be cut: not within `at_once`
    std::size_t submitted = 0;       ///< mails that the session was given
    std::size_t sent = 0;
    std::size_t received = 0;
    std::size_t waits = 0;
    std::string complaint; ///< the client did not send what the dialog says; empty: it did
};

/// Besides what the dialog says: credentials, and nothing else, are marked as secret; calls that do not fit are refused
/// wherever they are made, and change nothing.
run_result play(const test_case& c, const manner& how = {});

} // namespace dialog

#endif

// A command line, taken apart (RFC 5321 section 4.1). Strict: what a lenient server forgives, a test must
// show.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/sink/mail.hpp"

namespace postrider::sink {

enum class verb : std::uint8_t {
    ehlo,
    helo,
    lhlo,
    auth,
    mail,
    rcpt,
    data,
    bdat,
    rset,
    noop,
    vrfy,
    expn,
    help,
    quit,
    starttls,
    etrn,
    burl,
    xclient,
    xforward,
    unknown
};
inline constexpr std::size_t verbs = 20;
inline constexpr std::array<std::string_view, verbs> verb_names{
    "EHLO", "HELO", "LHLO", "AUTH", "MAIL",     "RCPT", "DATA", "BDAT",    "RSET",     "NOOP",
    "VRFY", "EXPN", "HELP", "QUIT", "STARTTLS", "ETRN", "BURL", "XCLIENT", "XFORWARD", "unknown"};

struct command {
    sink::verb verb = verb::unknown;
    std::string_view argument; // after one SP; as it came
    std::string_view line;     // all of it
};

// `line` has no CRLF.
command parse_command(std::string_view line);

bool same_letters(std::string_view a, std::string_view b); // ASCII, case aside

// "FROM:" or "TO:", then a path, then parameters.
struct path_argument {
    bool well_formed = false;
    bool eight_bit = false;   // allowed with SMTPUTF8 only
    std::string_view address; // without angle brackets and source route; empty for <>
    std::string_view parameters;
};
path_argument parse_path_argument(std::string_view argument, std::string_view prefix);

// False for a syntax error or a keyword that stands twice. Replaces what `parameters` held.
bool parse_parameters(std::string_view text, std::vector<parameter>& parameters);

bool is_domain(std::string_view text);                            // or an address literal
bool is_xtext(std::string_view text);                             // RFC 3461 section 4
std::optional<std::uint64_t> parse_number(std::string_view text); // digits only

} // namespace postrider::sink

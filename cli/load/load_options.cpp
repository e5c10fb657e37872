// The options of `postrider load`.
#include "load.hpp"

#include <CLI/CLI.hpp>

#include <cmath>

namespace postrider::cli {
namespace {

constexpr const char* how_much = "Load";
constexpr const char* what = "Mails";

/// A number from a thousandth to `most`; digits behind a point are welcome. Smaller ones would be no time at all, or one that no
/// clock reaches: a load without an end, or without its rate.
void add_number(CLI::App& app, const std::string& name, double& to, double most, const std::string& unit,
                const std::string& help) {
    app.add_option_function<std::string>(
           name,
           [&to, name, most](const std::string& text) {
               char* end = nullptr;
               to = std::strtod(text.c_str(), &end);
               if (*end != '\0' || text.empty() || !std::isfinite(to) || to < 0.001 || to > most)
                   throw CLI::ValidationError(name, "`" + text + "` is no number from 0.001 to " +
                                                        std::to_string(static_cast<std::uint64_t>(most)));
           },
           help)
        ->option_text(unit)
        ->group(how_much);
}

void add_load_options(CLI::App& app, load_request& r) {
    app.add_option("URL", r.url,
                   "The server: smtp://, submission://, submissions://, lmtp://HOST[:PORT], lmtp+unix:/PATH")
        ->required();
    app.add_option("-n,--messages", r.messages,
                   "End after so many mails; without --messages and --duration: after 10 seconds")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000'000}).description(""))
        ->option_text("N")
        ->group(how_much);
    add_number(app, "-d,--duration", r.duration, 1e7, "SECONDS",
               "Begin no mail after so many seconds; whichever end comes first counts");
    app.add_option("-c,--connections", r.connections, "How many connections send at the same time; default 1")
        ->check(CLI::Range(1U, 10'000U).description(""))
        ->option_text("N")
        ->group(how_much);
    add_number(app, "--rate", r.rate, 1e7, "N",
               "Mails a second over all connections, due whether or not those before them are answered. A mail's "
               "latency counts "
               "from when it was due, so that a server that stalls cannot hide it (coordinated omission). Default: "
               "each answer "
               "brings the next mail, and latency counts from handing it over");
    app.add_option("--reconnect", r.reconnect,
                   "A new connection after so many mails; default: as many as the server takes")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
        ->option_text("N")
        ->group(how_much);
    app.add_flag("--yes-really", r.yes_really,
                 "Allow a server that is not on this machine's loopback; only for one that is yours")
        ->group(how_much);
}

void add_mail_options(CLI::App& app, load_request& r) {
    app.add_option_function<std::string>(
           "-s,--size",
           [&r](const std::string& text) {
               r.size = text;
               r.size_said = true;
           },
           "Octets of a mail, header included: 10k (10,000), 64Ki, 1M; a list in turn: 1k,10k,1M; by weight: "
           "1k*90,1M*10. Default 1k")
        ->option_text("SIZE")
        ->group(what);
    app.add_option("-m,--message", r.files, "Send this file, or each file of this folder, in turn; may be repeated")
        ->option_text("FILE|FOLDER")
        ->allow_extra_args(false)
        ->group(what);
    app.add_option("-f,--from", r.from, "The reverse-path; <>: none. Default sender@example.com")
        ->option_text("ADDRESS")
        ->group(what);
    app.add_option("-t,--to", r.to,
                   "A recipient; may be repeated, and they are taken in turn. A % in it is a number: see --addresses. "
                   "Default recipient@example.com, or recipient%@example.com")
        ->option_text("ADDRESS")
        ->allow_extra_args(false)
        ->group(what);
    app.add_option("-r,--recipients", r.recipients, "How many recipients a mail has; default 1")
        ->check(CLI::Range(1U, 100'000U).description(""))
        ->option_text("N")
        ->group(what);
    app.add_option("--addresses", r.addresses,
                   "% counts from 1 to N, and again from 1; default: as there are recipients a mail")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
        ->option_text("N")
        ->group(what);
}

constexpr const char* examples = R"(Examples:
  postrider load smtp://localhost:2525 --tls none                             # ten seconds, one connection, mails of 1 KB
  postrider load smtp://localhost:2525 --tls none -c 8 --look-ahead 32 -n 1000000
  postrider load smtp://localhost:2525 --tls none --rate 500 -c 50 -d 60 --size 2k*90,200k*9,5M --svg load.svg
  postrider load submission://mail.test --yes-really --tls-ca ca.pem --user alice -c 20 --reconnect 10 -m mails/ --json

A mail's latency is the time to its result; the first mail of a connection waits for the set-up, too, whose times are also told apart. More than --look-ahead mails are never unanswered on a connection. Servers on loopback only, unless --yes-really.

Exit codes: as for send, of all mails: 0 all accepted; 80 some unknown, 130 interrupted, 75 some deferred or the server was not reached, 69 some rejected; 64 usage, 66 no file, 68 no such host, 73 no picture, 74 the report was not taken, 76 TLS or protocol, 77 authentication, 78 configuration.)";

} // namespace

void add_load(CLI::App& to, program& in) {
    CLI::App* const app =
        to.add_subcommand("load", "Send many mails to a server of yours, and measure how it takes them");
    const auto request = std::make_shared<load_request>();
    add_load_options(*app, *request);
    add_mail_options(*app, *request);
    add_settings(*app, request->said, settings_for::looking);
    add_output_options(*app, in);
    app->add_option("--svg", request->picture, "Draw latency by percentile, and mails a second, into that file")
        ->option_text("FILE")
        ->group("Output");
    app->add_flag("!--no-progress", request->progress, "Draw no line with the progress, on a terminal neither")
        ->group("Output");
    app->footer(examples);
    app->callback([&in, request] { in.run = [&in, request] { return run_load(in, *request); }; });
}

} // namespace postrider::cli

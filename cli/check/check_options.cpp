// The options of `postrider check`.
#include "check.hpp"

#include "words.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace postrider::cli {
namespace {

constexpr const char* examples = R"(Examples:
  postrider check message.eml
  postrider send --dry-run -f alice@a.example -s Test --text x bob@b.example | postrider check -
  postrider check --max-size 25000000 outbox/*.eml && echo all of them can go
  postrider check --server smtp://mx.example --json message.eml | jq .server

Exit codes: 0 sendable, warnings are told; 65 not sendable, 66 cannot be read, 74 standard output is closed or full; with --server 69 it lacks what the message needs, or why it could not be asked: 68 no such host, 75 not reached, 76 TLS or protocol; 64 usage, 78 configuration, 130 interrupted.)";

/// The server is asked what it offers, by somebody who does not say who he is.
void hide_credentials(CLI::App& app) {
    for (CLI::Option* const one : app.get_options())
        if (one->get_group() == "Authentication" || one->get_group() == "DKIM") one->group("");
}

} // namespace

void add_check(CLI::App& to, program& in) {
    CLI::App* const app =
        to.add_subcommand("check", "Say whether a message can be sent, what is wrong with it, and what it needs");
    const auto request = std::make_shared<check_request>();
    app->add_option("FILE", request->files, "A message (RFC 5322), or several; - is standard input")
        ->option_text("FILE")
        ->required();
    app->add_option_function<std::string>(
           "--max-size",
           [request](const std::string& text) {
               std::string_view rest = text;
               const auto octets = take_octets(rest);
               if (!octets || !rest.empty())
                   throw CLI::ValidationError("--max-size", "`" + text + "` is no size: 25000000, 25M, 24Mi; 0 is any");
               request->max_size = *octets;
           },
           "An error if it has more octets on the wire: 25000000, 25M, 24Mi; default 0: any number")
        ->option_text("OCTETS")
        ->group("Check");
    app->add_flag("-q,--quiet", request->quiet, "Print errors and warnings only")->group("Check");
    add_settings(*app, request->said);
    hide_credentials(*app);
    app->get_option("--server")
        ->description("Ask this server what it offers, and whether that is enough; no mail is sent");
    add_output_options(*app, in);
    app->footer(examples);
    app->callback([&in, request] { in.run = [&in, request] { return run_check(in, *request); }; });
}

} // namespace postrider::cli

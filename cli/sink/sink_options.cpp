// `postrider sink`: the command line that postrider-sink has, among the other commands.
#include "program.hpp"

#include <postrider/sink/command_line.hpp>

#include <CLI/CLI.hpp>

namespace postrider::cli {
namespace {

constexpr const char* examples = R"(Examples:
  postrider sink --listen 127.0.0.1:2525 --maildir ~/Mail/sink    # then: mutt -f ~/Mail/sink
  postrider sink --tls-certificate cert.pem --users users --require-auth --no-auth-in-clear
  postrider sink --fault 'on RCPT 2 reply "451 4.3.0 later"' --transcript
  postrider sink --events --max-mails 10 | jq -r 'select(.event == "mail") | .mail.from'

Exit codes: 0; 64 usage or a script that is wrong, 69 the address is taken, 71 the system, 73 a folder or file that cannot be written, 74 standard output is closed or full. It ends at Ctrl-C, and then tells what it has seen.)";

} // namespace

void add_sink(CLI::App& to, program& in) {
    CLI::App* const app = to.add_subcommand(
        "sink", "A server that takes every mail, delivers none, counts, and spoils the dialog on demand");
    const auto line = std::make_shared<sink::command_line>();
    sink::add_options(*app, *line);
    add_output_options(*app, in);
    app->get_option("--json")->excludes(app->get_option("--events"))->excludes(app->get_option("--quiet"));
    app->footer(examples);
    app->callback([&in, line] {
        sink::complete(*line);
        in.run = [&in, line] {
            const style with = in.out_style();
            line->name = in.name;
            line->good = with.good;
            line->bad = with.bad;
            line->plain = with.plain;
            if (in.json) line->prints = sink::command_line::output::report_alone;
            return sink::run(*line);
        };
    });
}

} // namespace postrider::cli

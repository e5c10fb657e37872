// postrider-sink: the sink's command line by itself, for tests that must not link what they test.
#include <CLI/CLI.hpp>
#include <sysexits.h>
#include <unistd.h>

#include "postrider/sink/command_line.hpp"

int main(int argc, char** argv) {
    using namespace postrider::sink;
    CLI::App app{"An SMTP server that takes mails, counts, and spoils the dialog on demand.\n"
                 "It ends at SIGINT, SIGTERM or a limit, and then reports.",
                 "postrider-sink"};
    command_line line;
    bool json = false;
    add_options(app, line);
    app.add_flag("--json", json, "Report as JSON, and no line for each mail: the default where that is no terminal")
        ->group("Output");
    try {
        app.parse(argc, argv);
        complete(line);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? EX_OK : EX_USAGE;
    }
    if (json || ::isatty(STDOUT_FILENO) != 1) line.prints = command_line::output::report;
    return run(line);
}

// main.cpp - `postrider COMMAND ...`, and `sendmail` where it is called by that name.
#include "failure.hpp"
#include "program.hpp"
#include "report.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <sysexits.h>

namespace {

using namespace postrider::cli;

bool is_of_the_sendmail_family(std::string_view name) {
    return name == "sendmail" || name == "mailq" || name == "newaliases";
}

/// CLI11 tells a wrong option by its own codes; the shell gets 64.
int usage(const CLI::App& app, const CLI::ParseError& wrong, const program& in) {
    if (wrong.get_exit_code() == 0) return app.exit(wrong, in.out(), in.err()); // --help, --version
    const auto chosen = app.get_subcommands();
    if (chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr) {
        in.err() << app.help();
        return EX_USAGE;
    }
    in.complain(wrong.what());
    if (in.json) write_error(in.out(), EX_USAGE, wrong.what());
    in.err() << "Try `postrider" << (chosen.empty() ? "" : " " + chosen.front()->get_name()) << " --help`.\n";
    return EX_USAGE;
}

int run(program& in, int count, char** arguments) {
    CLI::App app{"Sends mail, probes and loads mail servers, and stands in for sendmail.", "postrider"};
    add_commands(app, in);
    const auto is_command = [&app](std::string_view name) {
        return !app.get_subcommands([name](const CLI::App* one) { return one->get_name() == name; }).empty();
    };
    if (count > 1 && *arguments[1] != '-' && !is_command(arguments[1])) {
        in.complain(std::string{"there is no command `"} + arguments[1] + "`");
        in.err() << "Try `postrider --help`.\n";
        return EX_USAGE;
    }
    // Before CLI11 gets as far: what is wrong may stand before it.
    in.json = std::any_of(arguments, arguments + count, [](std::string_view one) { return one == "--json"; });
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& wrong) {
        const int code = usage(app, wrong, in);
        in.written();
        return code;
    }
    return in.run();
}

} // namespace

int main(int count, char** arguments) {
    occupy_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN); // a reader that is gone is an error like others, and is told
    program in;
    try {
        const std::string_view called = count > 0 ? std::string_view{arguments[0]} : "postrider";
        const std::string_view name = called.substr(called.rfind('/') + 1);
        if (is_of_the_sendmail_family(name)) {
            in.name = name;
            return run_sendmail(in, count - 1, arguments + 1);
        }
        if (count > 1 && std::string_view{arguments[1]} == "sendmail") {
            in.name = "postrider sendmail";
            return run_sendmail(in, count - 2, arguments + 2);
        }
        return run(in, count, arguments);
    } catch (const failure& why) {
        if (!why.text.empty()) in.complain(why.text);
        // Who reads documents gets one, unless what failed is that: of it there may be a part already.
        if (in.json && why.code != EX_IOERR) write_error(in.out(), why.code, why.text);
        in.out() << std::flush;
        return why.code;
    } catch (const std::bad_alloc&) {
        in.complain("there is no memory left");
        return EX_OSERR;
    } catch (const std::exception& other) { // a thread that the system does not give, and the like
        in.complain(other.what());
        return EX_OSERR;
    }
}

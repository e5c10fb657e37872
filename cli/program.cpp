#include "program.hpp"

#include "failure.hpp"
#include "help.hpp"
#include "words.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <sysexits.h>
#include <unistd.h>

namespace postrider::cli {
namespace {

style chosen(const std::string& colour, int descriptor) {
    if (colour == "always") return colours;
    return colour == "never" ? style{} : style_for(descriptor);
}

} // namespace

void occupy_standard_descriptors() noexcept {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
            static_cast<void>(
                ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)); // the lowest free one
}

std::ostream& program::out() const { return std::cout; }

std::ostream& program::err() const { return std::cerr; }

style program::out_style() const { return json ? style{} : chosen(colour, STDOUT_FILENO); }

style program::err_style() const { return chosen(colour, STDERR_FILENO); }

void program::complain(std::string_view text) const {
    const style with = err_style();
    err() << with.bad << name << ':' << with.plain << ' ' << visible(text) << '\n';
}

void program::written() const {
    if (out() << std::flush) return;
    // A reader that has seen enough, as `head`, is nobody's mistake, and no news.
    pollfd reader{STDOUT_FILENO, POLLOUT, 0};
    const bool gone = ::poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0;
    throw failure{EX_IOERR, gone ? "" : "standard output takes no more: closed, or its disk is full"};
}

void add_output_options(CLI::App& to, program& in) {
    to.set_help_flag("-h,--help", "Show this, and nothing else")->group("Output");
    to.add_flag("--json", in.json, "Print one JSON document (schema: doc/json) and nothing else")->group("Output");
    to.add_option("--color,--colour", in.colour,
                  "When to use colours: auto (a terminal, without NO_COLOR), always, never")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->option_text("WHEN")
        ->group("Output");
}

void add_commands(CLI::App& to, program& in) {
    to.formatter(std::make_shared<help_layout>());
    to.set_help_flag("-h,--help", "Show this; `postrider COMMAND --help` shows what a command takes");
    to.set_version_flag("--version", "postrider " POSTRIDER_VERSION, "Show the version");
    to.require_subcommand(1);
    add_send(to, in);
    add_sendmail(to, in);
    add_probe(to, in);
    add_load(to, in);
    add_sink(to, in);
    add_check(to, in);
    add_completion(to, in);
    add_manual(to, in);
}

} // namespace postrider::cli

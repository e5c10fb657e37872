// Runs a sink and prints what happens.
#include <csignal>
#include <fstream>
#include <iostream>
#include <sys/resource.h>
#include <sysexits.h>

#include "lines.hpp"
#include "postrider/sink/command_line.hpp"
#include "postrider/sink/sink.hpp"

namespace postrider::sink {

namespace {

sink::server* running = nullptr;

extern "C" void stop_running(int) { running->request_stop(); }

int exit_code(sink::failure::kind what) {
    switch (what) {
    case sink::failure::kind::configuration: return EX_USAGE;
    case sink::failure::kind::address: return EX_UNAVAILABLE;
    case sink::failure::kind::folder: return EX_CANTCREAT;
    case sink::failure::kind::system: return EX_OSERR;
    }
    return EX_SOFTWARE;
}

// Thousands of clients need more than the usual 1024.
void allow_many_connections() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

// A line is written whole, and at once: who reads along must not meet half of one.
void print(const std::string& line) {
    std::cout.write(line.data(), static_cast<std::streamsize>(line.size())).flush();
    if (!std::cout && running != nullptr) running->request_stop(); // nobody reads any more
}

void print_events(command_line& line) {
    line.config.on_event = [](const event& what) { print(what.to_json() + "\n"); };
}

void print_lines(command_line& line) {
    line.config.on_event = [&line](const event& what) {
        const std::string text = line_of(what, line);
        if (!text.empty()) print(text);
    };
}

bool tell_ports(const sink::server& server, const command_line& line) {
    std::string text;
    for (const auto& where : server.endpoints()) text.append("listening ").append(where.text()).append("\n");
    if (line.prints == command_line::output::report_alone) std::cerr << text;
    else if (!line.events) print(text);
    if (line.port_file.empty()) return true;
    std::ofstream ports{line.port_file};
    for (const auto& where : server.endpoints()) ports << where.text() << '\n';
    return static_cast<bool>(ports.flush());
}

bool print_report(const sink::report& seen, const command_line& line) {
    if (!line.report_file.empty()) {
        std::ofstream file{line.report_file};
        if (!(file << seen.to_json() << std::flush)) return false;
    } else if (!line.events && line.prints != command_line::output::lines) {
        print(seen.to_json());
        return true;
    }
    if (!line.events && !line.quiet && line.prints == command_line::output::lines) print(sum_of(seen));
    return true;
}

int cannot_write(const command_line& line, const std::string& file) {
    std::cerr << line.name << ": cannot write " << file << '\n';
    return EX_CANTCREAT;
}

} // namespace

int run(command_line& line) {
    if (line.help_script) {
        print(std::string{script_help()});
        return std::cout ? EX_OK : EX_IOERR;
    }
    if (line.transcript) line.config.transcript = &std::cerr;
    if (line.events) print_events(line);
    else if (!line.quiet && line.prints == command_line::output::lines) print_lines(line);

    allow_many_connections();
    sink::server server{line.config};
    running = &server;
    std::signal(SIGPIPE, SIG_IGN); // a reader that is gone is told of by the exit code
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        // What the caller has told us to ignore stays ignored: nohup.
        if (std::signal(signal, stop_running) == SIG_IGN) std::signal(signal, SIG_IGN);
    }
    if (const auto failed = server.open()) {
        std::cerr << line.name << ": " << failed->text << '\n';
        return exit_code(failed->what);
    }
    if (!tell_ports(server, line)) return cannot_write(line, line.port_file);
    server.run();
    if (!print_report(server.report(), line)) return cannot_write(line, line.report_file);
    if (std::cout) return EX_OK;
    std::cerr << line.name << ": standard output takes no more: closed, or its disk is full\n";
    return EX_IOERR;
}

} // namespace postrider::sink

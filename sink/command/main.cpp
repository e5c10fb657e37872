// postrider-sink: options, a server, a report.
#include <csignal>
#include <fstream>
#include <iostream>
#include <sys/resource.h>
#include <sysexits.h>

#include "options.hpp"
#include "postrider/sink/sink.hpp"

namespace {

using namespace postrider;

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

bool print_ports(const sink::server& server, const std::string& file) {
    for (const auto& where : server.endpoints()) std::cout << "listening " << where.text() << '\n';
    std::cout << std::flush;
    if (file.empty()) return true;
    std::ofstream ports{file};
    for (const auto& where : server.endpoints()) ports << where.text() << '\n';
    return static_cast<bool>(ports.flush());
}

bool print_report(const sink::report& report, const std::string& file) {
    if (file.empty()) return static_cast<bool>(std::cout << report.to_json() << std::flush);
    std::ofstream out{file};
    return static_cast<bool>(out << report.to_json() << std::flush);
}

// Thousands of clients need more than the usual 1024.
void allow_many_connections() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

int cannot_write(const std::string& file) {
    std::cerr << "postrider-sink: cannot write " << (file.empty() ? "to standard output" : file) << '\n';
    return EX_CANTCREAT;
}

} // namespace

int main(int argc, char** argv) {
    sink::options options;
    if (const auto exit = sink::parse_options(argc, argv, options)) return *exit;
    if (options.transcript) options.config.transcript = &std::cerr;

    allow_many_connections();
    sink::server server{std::move(options.config)};
    if (const auto failed = server.open()) {
        std::cerr << "postrider-sink: " << failed->text << '\n';
        return exit_code(failed->what);
    }
    running = &server;
    std::signal(SIGINT, stop_running);
    std::signal(SIGTERM, stop_running);
    if (!print_ports(server, options.port_file)) return cannot_write(options.port_file);
    server.run();
    return print_report(server.report(), options.report_file) ? EX_OK : cannot_write(options.report_file);
}

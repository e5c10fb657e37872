#include "load.hpp"

#include "accounts.hpp"
#include "exit_code.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "load_report.hpp"
#include "load_run.hpp"
#include "loopback.hpp"

#include <postrider/mailbox.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

namespace postrider::cli {
namespace {

constexpr std::uint64_t without_end = 10; // seconds, where neither a number nor a duration was said

void refuse_no_mailbox(const char* option, const std::string& text) {
    if (mailbox::parse_utf8(text)) return;
    throw failure{EX_USAGE, std::string{option} + ": `" + text + "` is no mailbox: local-part@domain"};
}

address_book addresses_of(const load_request& r) {
    std::vector<std::string> patterns = r.to;
    if (patterns.empty())
        patterns = {r.recipients > 1 || r.addresses > 1 ? "recipient%@example.com" : "recipient@example.com"};
    const bool counts =
        std::any_of(patterns.begin(), patterns.end(), [](const std::string& one) { return one.find('%') != one.npos; });
    if (!counts && r.addresses != 0)
        throw failure{EX_USAGE, "--addresses: no address of --to has a `%` to be replaced by a number"};
    if (!counts && r.recipients > patterns.size())
        throw failure{EX_USAGE, "--recipients: " + std::to_string(r.recipients) +
                                    " recipients need as many addresses: a `%` in --to is replaced by a number"};
    const std::uint64_t most = r.addresses != 0 ? r.addresses : r.recipients;
    address_book tried{patterns, most};
    for (std::size_t i = 0; i != patterns.size(); ++i) refuse_no_mailbox("--to", tried.next());
    return {std::move(patterns), most};
}

std::vector<load_content> contents_of(const load_request& r) {
    if (!r.files.empty() && r.size_said)
        throw failure{EX_USAGE, "--size and --message: the contents are made up, or files"};
    return r.files.empty() ? made_up_contents(r.size, r.from) : contents_of_files(r.files);
}

load_plan plan_of(load_request& r) {
    if (r.from == "<>") r.from.clear();
    if (!r.from.empty()) refuse_no_mailbox("--from", r.from);
    r.said.set("server", {r.url}, "--server");
    std::string sender = r.from;
    const settings all = complete(r.said, sender);
    load_plan plan{.contents = contents_of(r), .to = addresses_of(r)};
    const server to = make_server(all);
    plan.reconnect = r.reconnect != 0 ? r.reconnect : to.options().mails_per_connection;
    client_options options = to.options();
    options.mails_per_connection = 0; // the loop counts them, so that no mail waits for a QUIT
    const server counted{to.url(), std::move(options)};
    plan.addresses = r.yes_really ? std::vector{counted} : on_loopback(counted);
    plan.looks_up = r.yes_really;
    plan.url = to.url();
    plan.from = r.from;
    plan.recipients = r.recipients;
    plan.connections = r.connections;
    plan.messages = r.messages;
    plan.rate = r.rate;
    const double seconds = r.messages == 0 && r.duration == 0 ? static_cast<double>(without_end) : r.duration;
    plan.duration = std::chrono::nanoseconds{static_cast<std::int64_t>(seconds * 1e9)};
    return plan;
}

/// Better before a long load than after it.
void refuse_no_folder(const std::string& picture) {
    const std::string folder = std::filesystem::path{picture}.parent_path().string();
    if (picture.empty() || ::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0) return;
    throw failure{EX_CANTCREAT,
                  "--svg: nothing can be written into the folder `" + folder + "`: " + std::strerror(errno)};
}

/// As many files as the connections are, and some for names, TLS and the report. Shells allow 1024, and systems many more.
void allow_descriptors(unsigned connections) {
    const rlim_t wanted = rlim_t{connections} + 64;
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) return;
    const rlim_t most = files.rlim_max;
    files.rlim_cur = std::min(wanted, most);
    if (::setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == wanted) return;
    throw failure{EX_OSERR, "--connections: " + std::to_string(connections) + " need " + std::to_string(wanted) +
                                " open files, and the system allows " + std::to_string(most) + " (ulimit -Hn)"};
}

} // namespace

int run_load(const program& in, load_request& r) {
    refuse_no_folder(r.picture);
    const load_plan plan = plan_of(r);
    allow_descriptors(r.connections);
    static_cast<void>(interrupt()); // from here on Ctrl-C ends it with a report
    live_line line{r.progress};
    const load_result result = run(plan, line);
    if (in.json) print_json(in.out(), plan, result);
    else print(in.out(), plan, result, in.out_style());
    if (result.end == load_end::gave_up) in.complain("given up: " + result.why);
    in.written();
    if (!r.picture.empty()) write_picture(r.picture, plan, result);
    return result.code;
}

} // namespace postrider::cli

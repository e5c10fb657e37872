#include "check.hpp"

#include "accounts.hpp"
#include "exit_code.hpp"
#include "failure.hpp"
#include "inputs.hpp"
#include "interrupt.hpp"
#include "report.hpp"
#include "words.hpp"

#include <nlohmann/json.hpp>
#include <postrider/message_check.hpp>
#include <postrider/probe.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <sysexits.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace postrider::cli {
namespace {

using json = nlohmann::ordered_json;

struct checked {
    std::string file{};   ///< as it was named
    std::string unread{}; ///< why it could not be read; else empty
    message_verdict verdict{};
};

/// What the server said to EHLO, or why it said nothing.
struct asked {
    std::string url{};
    int code = EX_OK; ///< of reaching it
    std::string problem{};
    capabilities offers{};
};

checked check(const std::string& file, const check_request& r) {
    checked result{.file = file};
    const input_file from{file};
    const auto refuse_if_interrupted = [&file] {
        if (interrupted()) throw failure{exit_interrupted, file + ": interrupted, and not looked at to its end"};
    };
    refuse_if_interrupted(); // to open a FIFO waits for its writer
    if (from.error() != 0) result.unread = std::strerror(from.error());
    if (!result.unread.empty()) return result;
    message_checker checker{{.max_size = r.max_size}};
    std::vector<char> part(256 * 1024);
    live_line progress;
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint64_t done = 0;;) {
        const ssize_t got = from.read(part);
        const int error = errno;
        refuse_if_interrupted();
        if (got < 0 && error == EINTR) continue;
        if (got < 0) {
            result.unread = std::strerror(error);
            return result;
        }
        if (got == 0) break;
        checker.take({part.data(), static_cast<std::size_t>(got)});
        done += static_cast<std::uint64_t>(got);
        if (progress.due() && done > 64'000'000)
            progress.draw(
                progress_text(done, from.size(), std::chrono::steady_clock::now() - begun, width(STDERR_FILENO)));
    }
    result.verdict = checker.finish();
    return result;
}

constexpr const char* name_of(severity what) noexcept {
    return what == severity::error ? "error" : what == severity::warning ? "warning" : "note";
}

std::string_view colour_of(severity what, const style& with) noexcept {
    return what == severity::error ? with.bad : what == severity::warning ? with.unsure : with.faint;
}

/// RFC 6531 §3.1 wants it beside SMTPUTF8, and a client does, too.
bool needs_eight_bit(const message_verdict& v) noexcept { return v.eight_bit || v.utf8_header; }

std::vector<std::string> needs_of(const message_verdict& v) {
    std::vector<std::string> all;
    if (needs_eight_bit(v)) all.emplace_back("8BITMIME");
    if (v.utf8_header) all.emplace_back("SMTPUTF8");
    if (v.binary) all.emplace_back("BINARYMIME");
    return all;
}

std::string counted(std::uint64_t number, const char* what) {
    std::string text = std::to_string(number);
    text.append(" ").append(what);
    return number == 1 ? text : text + "s";
}

/// `FILE:LINE: error: WHAT (RFC 5322 §3.6); ADVICE`, as compilers have it.
void print(std::ostream& to, const checked& one, const message_finding& finding, const style& with) {
    to << with.strong << visible(one.file);
    if (finding.line != 0) to << ':' << finding.line;
    to << ':' << with.plain << ' ' << colour_of(finding.severity, with) << name_of(finding.severity) << ':'
       << with.plain << ' ' << finding.what;
    if (!finding.reference.empty()) to << " (" << finding.reference << ')';
    if (!finding.advice.empty()) to << "; " << finding.advice;
    if (finding.more != 0) to << "; and " << finding.more << " more";
    to << '\n';
}

void print(std::ostream& to, const checked& one, const style& with, bool quiet) {
    if (!one.unread.empty()) return; // which is told on standard error
    const message_verdict& v = one.verdict;
    for (const message_finding& finding : v.findings)
        if (!quiet || finding.severity != severity::note) print(to, one, finding, with);
    if (quiet) return;
    to << with.strong << visible(one.file) << ':' << with.plain << ' ' << (v.sendable() ? with.good : with.bad)
       << (v.sendable() ? "sendable" : "not sendable") << with.plain << ", SIZE=" << v.size;
    const std::vector<std::string> needs = needs_of(v);
    for (const std::string& need : needs) to << (&need == &needs.front() ? "; needs " : ", ") << need;
    to << "; " << counted(v.errors, "error") << ", " << counted(v.warnings, "warning");
    to << ", " << counted(v.notes, "note") << '\n';
}

/// Nothing: no server was named.
std::optional<asked> ask_server(const check_request& r) {
    if (r.said.find("server") == nullptr && r.said.find("account") == nullptr) return std::nullopt;
    std::string sender;
    settings said = complete(r.said, sender);
    said.set("auth", {"none"}, "check"); // so that no password is read, and none asked for
    const server to = make_server(said);
    const probe_result seen = probe(to, {.last = probe_stage::ehlo, .cancel = &interrupt()});
    asked result{.url = to.url()};
    if (!seen.hellos.empty()) result.offers = seen.hellos.back().offered;
    if (!seen) {
        result.code = exit_code(seen);
        result.problem = in_our_words(seen.text);
    }
    return result;
}

/// What of it a message needs, and the server has not, so that a client does not send it; empty: it can take it.
std::vector<std::string> missing(const message_verdict& v, const capabilities& offers) {
    std::vector<std::string> all;
    if (needs_eight_bit(v) && !offers.has(extension::eight_bit_mime)) all.emplace_back("8BITMIME");
    if (v.utf8_header && !offers.has(extension::smtputf8)) all.emplace_back("SMTPUTF8");
    if (offers.has(extension::size) && offers.size_limit != 0 && v.size > offers.size_limit)
        all.push_back(std::string{"SIZE="}
                          .append(std::to_string(v.size))
                          .append(": it takes ")
                          .append(std::to_string(offers.size_limit))
                          .append(" octets"));
    return all;
}

/// A client sends it all the same: next to no server offers BINARYMIME, and most take it.
bool is_at_risk(const message_verdict& v, const capabilities& offers) noexcept {
    return v.binary && !(offers.has(extension::binary_mime) && offers.has(extension::chunking));
}

void print(std::ostream& to, const asked& server, const std::vector<checked>& all, const style& with, bool quiet) {
    for (const checked& one : all) {
        if (!one.unread.empty() || !server.problem.empty()) continue;
        std::vector<std::string> lacks = missing(one.verdict, server.offers);
        const bool refused = !lacks.empty(), risk = is_at_risk(one.verdict, server.offers);
        if (!refused && !risk && quiet) continue;
        if (risk) lacks.emplace_back("BINARYMIME");
        to << with.strong << visible(one.file) << ':' << with.plain << ' ' << server.url << ' '
           << (refused ? with.bad
               : risk  ? with.unsure
                       : with.good)
           << (refused ? "cannot take it"
               : risk  ? "may refuse it, or it may be cut on its way"
                       : "offers all that it needs")
           << with.plain;
        for (const std::string& lack : lacks) to << (&lack == &lacks.front() ? ", without " : ", ") << lack;
        to << '\n';
    }
}

json to_json(const message_verdict& v) {
    json findings = json::array();
    for (const message_finding& one : v.findings)
        findings.push_back({{"line", one.line == 0 ? json{} : json(one.line)},
                            {"severity", name_of(one.severity)},
                            {"code", one.code},
                            {"what", one.what},
                            {"reference", one.reference},
                            {"advice", one.advice},
                            {"more", one.more}});
    return {{"sendable", v.sendable()}, {"size", v.size},         {"lines", v.lines}, {"needs", needs_of(v)},
            {"errors", v.errors},       {"warnings", v.warnings}, {"notes", v.notes}, {"findings", findings}};
}

json to_json(const std::vector<checked>& all, const std::optional<asked>& server, int code) {
    json document{{"exit_code", code}, {"files", json::array()}};
    for (const checked& one : all) {
        json file{{"file", one.file}};
        if (one.unread.empty()) file.update(to_json(one.verdict));
        else file["unreadable"] = one.unread;
        if (server && server->problem.empty() && one.unread.empty()) {
            file["server_lacks"] = missing(one.verdict, server->offers);
            file["server_risks"] = json::array();
            if (is_at_risk(one.verdict, server->offers)) file["server_risks"].push_back("BINARYMIME");
        }
        document["files"].push_back(std::move(file));
    }
    if (server) {
        document["server"] = {{"url", server->url}};
        if (!server->problem.empty()) document["server"]["problem"] = server->problem;
    }
    return document;
}

int code_of(const std::vector<checked>& all, const std::optional<asked>& server) {
    const auto any = [&](auto&& which) { return std::any_of(all.begin(), all.end(), which); };
    if (any([](const checked& one) { return !one.unread.empty(); })) return EX_NOINPUT;
    if (any([](const checked& one) { return !one.verdict.sendable(); })) return EX_DATAERR;
    if (!server || server->code != EX_OK) return server ? server->code : EX_OK;
    return any([&](const checked& one) { return !missing(one.verdict, server->offers).empty(); }) ? EX_UNAVAILABLE
                                                                                                  : EX_OK;
}

} // namespace

int run_check(const program& in, const check_request& r) {
    if (std::count(r.files.begin(), r.files.end(), "-") > 1)
        throw failure{EX_USAGE, "standard input can be read once: `-` was said more than once"};
    static_cast<void>(interrupt());
    const style with = in.out_style();
    std::vector<checked> all;
    for (const std::string& file : r.files) {
        all.push_back(check(file, r));
        if (!in.json) print(in.out(), all.back(), with, r.quiet);
        if (!all.back().unread.empty()) in.complain(file + ": cannot be read: " + all.back().unread);
    }
    const std::optional<asked> server = ask_server(r);
    const int code = code_of(all, server);
    if (in.json) write_json(in.out(), to_json(all, server, code));
    else if (server) print(in.out(), *server, all, with, r.quiet);
    in.out() << std::flush;
    if (server && !server->problem.empty()) in.complain(server->problem);
    in.written();
    return code;
}

} // namespace postrider::cli

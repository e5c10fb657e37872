#include "load_report.hpp"

#include "report.hpp"
#include "words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

namespace postrider::cli {
namespace {

using json = nlohmann::ordered_json;
using std::chrono::nanoseconds;

constexpr std::array outcomes{outcome::accepted, outcome::rejected, outcome::deferred, outcome::unknown,
                              outcome::not_attempted};
constexpr std::array stages{"lookup", "connect", "proxy", "greeting", "EHLO", "TLS", "AUTH"};

std::uint64_t of(const outcome_counts& counts, outcome what) noexcept { return counts[static_cast<std::size_t>(what)]; }

double microseconds(nanoseconds time) { return static_cast<double>(time.count()) / 1000; }
double a_mail(double all, const load_result& r) noexcept {
    return r.mails == 0 ? 0 : all / static_cast<double>(r.mails);
}

std::string decimal(double value, int digits) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

/// `RCPT: 550 No such user`, `connect: smtp://localhost: connection refused ...`: where no reply decided, the text says it all.
std::string line_of(const load_error& e) {
    std::string text{name(e.where)};
    text.append(": ");
    if (e.code != 0) text.append(std::to_string(e.code)).append(e.example.empty() ? "" : " ");
    return text.append(e.code == 0 && e.example.empty() ? describe(e.error) : e.example);
}

std::string row(std::string label) {
    label.resize(std::max<std::size_t>(label.size() + 2, 15), ' ');
    return label;
}

void print_outcomes(std::ostream& to, const load_plan& plan, const load_result& r, const style& with) {
    for (const outcome what : outcomes) {
        const std::uint64_t mails = of(r.outcomes, what);
        if (mails == 0 && what != outcome::accepted) continue;
        const std::string_view colour = what == outcome::accepted                               ? with.good
                                        : what == outcome::deferred || what == outcome::unknown ? with.unsure
                                                                                                : with.bad;
        to << colour << row(std::string{name(what)}) << with.plain << grouped(mails);
        if (plan.recipients > 1) to << " mails, " << grouped(of(r.recipients, what)) << " recipients";
        if (what == outcome::unknown) to << "  (the server may have taken them or not)";
        to << '\n';
    }
    if (r.late != 0)
        to << with.unsure << row("not begun") << with.plain << grouped(r.late)
           << "  (due by the rate, and no connection had room)\n";
}

void print_latency(std::ostream& to, const load_plan& plan, const load_result& r) {
    if (r.latency.count() == 0) return;
    to << row("latency");
    for (const auto& [label, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}})
        to << label << ' ' << duration_text(r.latency.at(share)) << ", ";
    to << "max " << duration_text(r.latency.most());
    to << (plan.rate == 0 ? "  (from handing over to the result)\n" : "  (from when the mail was due to its result)\n");
}

void print_set_up(std::ostream& to, const load_result& r) {
    to << row("connections") << grouped(r.counted.connections);
    const char* before = ": ";
    for (const char* const stage : stages) {
        const auto found = r.set_up.find(stage);
        if (found == r.set_up.end()) continue;
        to << before << stage << " p50 " << duration_text(found->second.at(0.5));
        if (found->second.count() > 1) to << " max " << duration_text(found->second.most());
        before = ", ";
    }
    to << '\n';
}

void print_errors(std::ostream& to, const load_result& r, const style& with) {
    if (r.errors.empty()) return;
    to << with.strong << "\nNot accepted, recipients by kind\n" << with.plain;
    std::vector<load_error> kinds = r.errors;
    std::stable_sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
    for (const load_error& e : kinds) {
        std::string count = grouped(e.count);
        count.insert(0, count.size() < 9 ? 9 - count.size() : 0, ' ');
        to << count << "  " << line_of(e) << '\n';
    }
    if (r.other_errors != 0) to << "           " << grouped(r.other_errors) << " of further kinds\n";
}

json counts_json(const outcome_counts& counts) {
    json j;
    for (const outcome what : outcomes) j[json_name(what)] = of(counts, what);
    return j;
}

json latency_json(const latencies& all) {
    return {{"count", all.count()},
            {"min_us", microseconds(all.least())},
            {"mean_us", microseconds(all.mean())},
            {"p50_us", microseconds(all.at(0.5))},
            {"p90_us", microseconds(all.at(0.9))},
            {"p99_us", microseconds(all.at(0.99))},
            {"p999_us", microseconds(all.at(0.999))},
            {"max_us", microseconds(all.most())}};
}

json plan_json(const load_plan& plan) {
    json contents = json::array();
    for (const load_content& one : plan.contents) {
        json j{{"octets", one.octets}, {"weight", one.weight}};
        if (!one.file.empty()) j["file"] = one.file;
        contents.push_back(j);
    }
    json j;
    if (plan.messages != 0) j["messages"] = plan.messages;
    if (plan.duration.count() != 0) j["duration_ms"] = milliseconds(plan.duration);
    if (plan.rate != 0) j["rate"] = plan.rate;
    j["connections"] = plan.connections;
    j["look_ahead"] = plan.addresses.front().options().look_ahead;
    j["recipients"] = plan.recipients;
    if (plan.reconnect != 0) j["reconnect"] = plan.reconnect;
    j["contents"] = contents;
    return j;
}

json errors_json(const load_result& r) {
    json all = json::array();
    for (const load_error& e : r.errors) {
        json j{{"count", e.count}, {"phase", name(e.where)}};
        if (e.code != 0) j["code"] = e.code;
        else j["error"] = describe(e.error);
        j["text"] = e.example;
        all.push_back(j);
    }
    return all;
}

} // namespace

double per_second(std::uint64_t count, const load_result& result) noexcept {
    const double seconds = std::chrono::duration<double>(result.elapsed).count();
    return seconds <= 0 ? 0 : static_cast<double>(count) / seconds;
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
}

std::string summary(const load_plan& plan) {
    std::string text = std::to_string(plan.connections) + (plan.connections == 1 ? " connection" : " connections");
    text.append(", look-ahead ").append(std::to_string(plan.addresses.front().options().look_ahead));
    if (plan.recipients > 1) text.append(", ").append(std::to_string(plan.recipients)).append(" recipients a mail");
    if (plan.reconnect != 0) text.append(", a new connection each ").append(grouped(plan.reconnect)).append(" mails");
    std::uint64_t least = plan.contents.front().octets, most = least;
    for (const load_content& one : plan.contents) {
        least = std::min(least, one.octets);
        most = std::max(most, one.octets);
    }
    text.append(", mails of ").append(octets_text(least));
    if (most != least) text.append(" to ").append(octets_text(most));
    if (plan.rate == 0) return text.append(", as fast as they are answered");
    return text.append(", ").append(decimal(plan.rate, plan.rate < 10 ? 1 : 0)).append(" due a second");
}

void print(std::ostream& to, const load_plan& plan, const load_result& r, const style& with) {
    to << with.strong << plan.url << with.plain << "  " << summary(plan) << '\n';
    if (r.tls.version != tls_version::none)
        to << row("TLS") << name(r.tls.version) << ", " << r.tls.cipher.view() << '\n';
    if (r.authenticated_by != mechanism::none) to << row("AUTH") << name(r.authenticated_by) << '\n';
    to << row("mails") << grouped(r.mails) << " in " << duration_text(r.elapsed) << ": " << with.strong
       << grouped(static_cast<std::uint64_t>(per_second(r.mails, r))) << "/s" << with.plain << ", "
       << octets_text(static_cast<std::uint64_t>(per_second(r.content_octets, r))) << "/s of content";
    if (r.end == load_end::interrupted) to << with.unsure << "  (interrupted)" << with.plain;
    to << '\n';
    print_outcomes(to, plan, r, with);
    print_latency(to, plan, r);
    print_set_up(to, r);
    to << row("waits") << decimal(a_mail(static_cast<double>(r.counted.waits), r), 2) << " a mail\n";
    to << row("octets") << octets_text(r.content_octets) << " of content; on the wire, without TLS, "
       << octets_text(r.counted.octets_sent) << " sent, " << octets_text(r.counted.octets_received) << " received\n";
    to << row("CPU") << decimal(a_mail(microseconds(r.cpu), r), 2) << " us a mail, of this process\n";
    print_errors(to, r, with);
}

void print_json(std::ostream& to, const load_plan& plan, const load_result& r) {
    constexpr std::array ends{"complete", "interrupted", "gave_up"};
    json j;
    j["server"] = {{"url", plan.url}};
    if (!r.address.empty()) j["server"]["address"] = r.address;
    if (r.tls.version != tls_version::none) j["server"]["tls"] = to_json(r.tls);
    if (r.authenticated_by != mechanism::none) j["server"]["authenticated_by"] = name(r.authenticated_by);
    j["plan"] = plan_json(plan);
    j["end"] = ends[static_cast<std::size_t>(r.end)];
    if (!r.why.empty()) j["why"] = r.why;
    j["exit_code"] = r.code;
    j["elapsed_ms"] = milliseconds(r.elapsed);
    j["mails"] = r.mails;
    j["mails_per_second"] = per_second(r.mails, r);
    j["content_octets"] = r.content_octets;
    j["content_octets_per_second"] = per_second(r.content_octets, r);
    j["outcomes"] = counts_json(r.outcomes);
    j["recipients"] = counts_json(r.recipients);
    j["not_begun"] = r.late;
    j["latency"] = latency_json(r.latency);
    j["latency"]["from"] = plan.rate == 0 ? "handing_over" : "due";
    j["connections"] = r.counted.connections;
    j["set_up"] = json::object();
    for (const char* const stage : stages) {
        const auto found = r.set_up.find(stage);
        if (found == r.set_up.end()) continue;
        std::string key{stage};
        for (char& c : key) c = static_cast<char>(c | 0x20);
        j["set_up"][key] = {{"count", found->second.count()},
                            {"p50_us", microseconds(found->second.at(0.5))},
                            {"max_us", microseconds(found->second.most())}};
    }
    j["waits"] = r.counted.waits;
    j["octets_sent"] = r.counted.octets_sent;
    j["octets_received"] = r.counted.octets_received;
    j["cpu_us_per_mail"] = a_mail(microseconds(r.cpu), r);
    j["errors"] = errors_json(r);
    j["other_errors"] = r.other_errors;
    write_json(to, j);
}

} // namespace postrider::cli

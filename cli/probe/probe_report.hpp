// probe_report.hpp - what a probe has found out, for people and for programs.
#ifndef POSTRIDER_CLI_PROBE_REPORT_HPP
#define POSTRIDER_CLI_PROBE_REPORT_HPP

#include "plan.hpp"
#include "report.hpp"
#include "waterfall.hpp"

#include <nlohmann/json_fwd.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace postrider::cli {

/// Both must outlive it.
struct probe_report {
    const server& to;
    const probe_result& seen;
    int code = 0;
    mail_plan without{};       ///< credentials
    mail_plan with_password{}; ///< as if there were one
    mail_plan with_token{};
};

probe_report report_of(const server& to, const probe_result& seen, int code);

void print(std::ostream& to, const probe_report& what, const style& with, const canvas& on);
/// As doc/json/probe.schema.json has it.
nlohmann::ordered_json to_json(const probe_report& what);

/// A line of an EHLO reply, in clear text and in TLS.
struct offer {
    std::string text{}; ///< as the server says it
    bool in_clear = false;
    bool in_tls = false;
};
/// In the order in which the server says them.
std::vector<offer> offers_of(const probe_result& seen);
/// What such a line means, in a few words; empty: it is not known here.
std::string meaning(const std::string& line);
/// The mechanisms of the last EHLO, strongest first, and behind them those that are not spoken here.
struct mechanism_list {
    std::vector<mechanism> spoken{};
    std::vector<std::string> others{};
};
mechanism_list mechanisms_of(const probe_result& seen);

/// What this build speaks, name by name: a text or a list of texts each.
nlohmann::ordered_json supported();

} // namespace postrider::cli

#endif

// load_report.hpp - what a load has shown: for people, for programs, and as a picture.
#ifndef POSTRIDER_CLI_LOAD_REPORT_HPP
#define POSTRIDER_CLI_LOAD_REPORT_HPP

#include "load_run.hpp"
#include "terminal.hpp"

#include <iosfwd>
#include <string>

namespace postrider::cli {

void print(std::ostream& to, const load_plan& plan, const load_result& result, const style& with);

/// As doc/json/load.schema.json has it.
void print_json(std::ostream& to, const load_plan& plan, const load_result& result);

/// Latency by percentile, and mails a second over time. Throws `failure` (73).
void write_picture(const std::string& file, const load_plan& plan, const load_result& result);

// What both the report and the picture say.
double per_second(std::uint64_t count, const load_result& result) noexcept;
std::string grouped(std::uint64_t number); ///< `1,234,567`
/// `4 connections, look-ahead 1, 1.00 KB a mail, as fast as they are answered`
std::string summary(const load_plan& plan);

} // namespace postrider::cli

#endif

// report.hpp - what became of mails, for people and for programs.
#ifndef POSTRIDER_CLI_REPORT_HPP
#define POSTRIDER_CLI_REPORT_HPP

#include "terminal.hpp"

#include <nlohmann/json_fwd.hpp>
#include <postrider/send_result.hpp>

#include <iosfwd>
#include <string>

namespace postrider::cli {

/// A line a recipient: the outcome, the address, and the reply that decided, or why none did.
/// `only_failures`: without those that have it.
void print(std::ostream& to, const send_result& result, const style& with, bool only_failures = false);

/// What `text` says that these lines do not; empty: nothing.
std::string beyond_lines(const send_result& result);
/// That a mail which went had to go without what was asked for, in a sentence; empty: it had not.
std::string left_out_text(const send_result& result);

/// As doc/json/send.schema.json has it for a mail. Octets that are no UTF-8 become U+FFFD.
nlohmann::ordered_json to_json(const send_result& result);
nlohmann::ordered_json to_json(const tls_facts& facts);
/// `outcome::not_attempted` is "not_attempted" in JSON.
std::string json_name(outcome what);
/// The document of what ended before anything was attempted: doc/json/error.schema.json.
void write_error(std::ostream& to, int exit_code, const std::string& text);
/// A document, indented; DEL and U+0080 to U+009F, which JSON lets stand and a terminal obeys, are escaped.
std::string to_text(const nlohmann::ordered_json& document);
/// Writes a document, indented, with a line end.
void write_json(std::ostream& to, const nlohmann::ordered_json& document);

} // namespace postrider::cli

#endif

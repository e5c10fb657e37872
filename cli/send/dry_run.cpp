#include "dry_run.hpp"

#include "exit_code.hpp"
#include "failure.hpp"
#include "report.hpp"
#include "settings.hpp"

#include <nlohmann/json.hpp>

#include <sstream>
#include <sysexits.h>

namespace postrider::cli {
namespace {

/// CRLF and a lone CR become LF, at any cut.
class line_ends_of_this_system {
public:
    explicit line_ends_of_this_system(std::ostream& to) : to_(to) {}

    void write(std::string_view octets) {
        for (const char c : octets) {
            if (!(c == '\n' && after_cr_)) to_.put(c == '\r' ? '\n' : c);
            after_cr_ = c == '\r';
        }
    }

private:
    std::ostream& to_;
    bool after_cr_ = false;
};

void write_content(std::ostream& to, content_source& from) {
    mail_content facts;
    std::string problem;
    if (const errc e = from.describe(facts, problem); e != errc::ok) throw cannot_be_sent(e, problem);
    line_ends_of_this_system lines{to};
    if (!facts.pulled) {
        lines.write(facts.text);
        for (const std::string_view part : facts.more) lines.write(part);
        return;
    }
    for (bool first = true;; first = false) {
        const content_part part = from.pull(first);
        if (part.failed) throw failure{EX_NOINPUT, "the content cannot be read to its end: a file of it has changed"};
        lines.write(part.octets);
        if (part.last || !to) return;
    }
}

} // namespace

int write_message(const program& in, const outgoing& mail) {
    if (in.json) {
        std::ostringstream content;
        write_content(content, *mail.content);
        nlohmann::ordered_json to = nlohmann::ordered_json::array();
        for (const envelope_recipient& one : mail.envelope.to) to.push_back(one.address);
        write_json(in.out(), {{"exit_code", EX_OK},
                              {"dry_run", {{"from", mail.envelope.from}, {"to", to}, {"message", content.str()}}}});
    } else {
        in.err() << "MAIL FROM:<" << mail.envelope.from << ">\n";
        for (const envelope_recipient& one : mail.envelope.to) in.err() << "RCPT TO:<" << one.address << ">\n";
        write_content(in.out(), *mail.content);
    }
    in.written();
    return EX_OK;
}

} // namespace postrider::cli

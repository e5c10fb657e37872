#include "postrider/message_check.hpp"

#include "content/header_block.hpp"
#include "core/line_end.hpp"
#include "message/findings.hpp"
#include "message/header_check.hpp"
#include "message/mime_check.hpp"
#include "message/utf8.hpp"

#include <array>
#include <string>
#include <utility>

namespace postrider {

namespace {

using message_detail::finding_kind;
using message_detail::findings;
using message_detail::scanned_line;
using message_detail::shown;
using enum severity;

constexpr std::uint64_t longest = 998; // RFC 5322 §2.1.1, without the CRLF

constexpr finding_kind empty{"empty", error, "RFC 5322 §3.5", ""};
constexpr finding_kind mbox_line{"mbox", warning, "RFC 5322 §3.6.8",
                                 "Postrider leaves it out; it belongs to a mailbox file"};
constexpr finding_kind next_message{"mbox-next", warning, "RFC 4155",
                                    "split the mailbox file: this would all be one mail"};
constexpr finding_kind no_field{"no-field", error, "RFC 5322 §2.1",
                                "put an empty line behind the header fields, or mend the line"};
constexpr finding_kind no_fold{"no-fold", error, "RFC 5322 §2.2.3", "a field begins in the first column"};
constexpr finding_kind long_header{"header-size", error, "RFC 5322 §2.1",
                                   "is the empty line behind the header fields missing?"};
constexpr finding_kind header_nul{"header-nul", error, "RFC 5322 §2.2", "take it out"};
constexpr finding_kind header_control{"header-control", warning, "RFC 5322 §4.1",
                                      "take them out, or encode them (RFC 2047)"};
constexpr finding_kind header_octets{"header-octets", error, "RFC 6532 §3.2",
                                     "encode the text (RFC 2047), or write it in UTF-8"};
constexpr finding_kind header_utf8{"header-utf8", note, "RFC 6531 §3.1",
                                   "none has to if the text is encoded (RFC 2047)"};
constexpr finding_kind header_line{"header-line", error, "RFC 5322 §2.1.1",
                                   "fold it: CRLF and a space where a space is"};
constexpr finding_kind long_line{"long-line", note, "RFC 5322 §2.1.1", ""};
constexpr finding_kind no_body{"no-body", note, "RFC 5322 §3.5", ""};
constexpr finding_kind body_line{"line", warning, "RFC 5322 §2.1.1",
                                 "encode it, quoted-printable or base64: few servers offer BINARYMIME"};
constexpr finding_kind body_nul{"nul", warning, "RFC 5322 §4.1", "encode it, base64: few servers offer BINARYMIME"};
constexpr finding_kind bare_cr{"bare-cr", warning, "RFC 5321 §2.3.8", "Postrider ends the line there; write CRLF"};
constexpr finding_kind bare_lf{"bare-lf", warning, "RFC 5321 §2.3.8",
                               "Postrider sends CRLF; write it, or LF everywhere"};
constexpr finding_kind unix_ends{"lf-line-ends", note, "RFC 5321 §2.3.8", "they are sent as CRLF"};
constexpr finding_kind lone_dot{"dot", note, "RFC 5321 §4.5.2", "this is fine: it is sent as two, and read as one"};
constexpr finding_kind no_end{"no-final-line-end", note, "RFC 5321 §4.1.1.4", "one is added when it is sent"};
constexpr finding_kind too_large{"size", error, "RFC 1870", "make attachments smaller, or send a link"};

enum class line_end { none, crlf, lf, cr };

/// How often each was met, and where first.
struct line_ends {
    std::array<std::uint64_t, 4> times{}, first{};
    void count(line_end what, std::uint64_t line) noexcept {
        const auto i = static_cast<std::size_t>(what);
        if (times[i]++ == 0) first[i] = line;
    }
    std::uint64_t of(line_end what) const noexcept { return times[static_cast<std::size_t>(what)]; }
    std::uint64_t where(line_end what) const noexcept { return first[static_cast<std::size_t>(what)]; }
};

enum class sextet : std::uint8_t { other, digit, pad, blank };

constexpr std::array<sextet, 256> sextets = [] {
    std::array<sextet, 256> table{};
    for (const char c : std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"})
        table[static_cast<unsigned char>(c)] = sextet::digit;
    table[static_cast<unsigned char>('=')] = sextet::pad;
    table[static_cast<unsigned char>(' ')] = table[static_cast<unsigned char>('\t')] = sextet::blank;
    return table;
}();

/// Adds octets of the line, wherever it is cut.
void lengthen(scanned_line& line, std::string_view run, std::size_t kept) {
    line.octets += run.size();
    if (line.text.size() < kept) line.text.append(run.substr(0, kept - line.text.size()));
    std::array<std::uint64_t, 4> met{};
    for (const char c : run) {
        const auto octet = static_cast<unsigned char>(c);
        line.eight_bit |= octet > 127;
        line.nul |= octet == 0;
        const sextet what = sextets[octet];
        ++met[static_cast<std::size_t>(what)];
        line.digit_behind_pad |=
            what == sextet::digit && line.base64_pads + met[static_cast<std::size_t>(sextet::pad)] != 0;
    }
    line.base64_digits += met[static_cast<std::size_t>(sextet::digit)];
    line.base64_pads += met[static_cast<std::size_t>(sextet::pad)];
    line.base64_others += met[static_cast<std::size_t>(sextet::other)];
}

/// `From alice@a.example Mon Nov 30 09:00:00 2026`: more than a sentence that begins with the word.
bool begins_mbox_message(std::string_view line) noexcept {
    if (!line.starts_with("From ")) return false;
    const std::size_t colon = line.find(':');
    return colon != line.npos && colon + 6 < line.size() && line[colon + 3] == ':' && line.size() > 28 && colon > 20;
}

std::string octets_text(std::string_view before, std::uint64_t octets) {
    return std::string{before}.append(std::to_string(octets)).append(" octets");
}

} // namespace

class message_checker::scan {
public:
    explicit scan(const message_check_options& options) : options_(options), mime_(found_) {}

    void take(std::string_view part) {
        while (!part.empty()) {
            if (std::exchange(after_cr_, false)) {
                const bool crlf = part.front() == '\n';
                if (crlf) part.remove_prefix(1);
                end_line(crlf ? line_end::crlf : line_end::cr);
                continue;
            }
            const char* const stop = find_line_end(part.data(), part.data() + part.size());
            const auto run = static_cast<std::size_t>(stop - part.data());
            if (run != 0) lengthen(line_, part.substr(0, run), kept_of_a_line());
            if (run == part.size()) return;
            part.remove_prefix(run + 1);
            if (*stop == '\r') after_cr_ = true;
            else end_line(line_end::lf);
        }
    }

    const message_verdict& finish() {
        if (after_cr_) end_line(line_end::cr);
        else if (line_.octets != 0) end_line(line_end::none);
        if (verdict_.lines == 0) {
            found_.add(empty, 0, "the message is empty");
        } else if (in_header_) {
            if (!block_.empty()) found_.add(no_body, 0, "the message has no body, and no empty line before one");
            end_header();
        }
        mime_.finish(verdict_.lines);
        verdict_.binary |= mime_.binary();
        tell_line_ends();
        if (options_.max_size != 0 && verdict_.size > options_.max_size)
            found_.add(too_large, 0,
                       octets_text("it has ", verdict_.size)
                           .append(octets_text(" on the wire, more than ", options_.max_size)));
        found_.move_to(verdict_);
        return verdict_;
    }

private:
    /// Of the header all is looked at, so that a field of too many octets is no wrong address, too.
    std::size_t kept_of_a_line() const noexcept {
        return in_header_ ? content_detail::header_block::most : scanned_line::kept;
    }

    void end_line(line_end how) {
        line_.number = ++verdict_.lines;
        verdict_.size += line_.octets + 2;
        ends_.count(how, line_.number);
        if (in_header_) header(line_);
        else body(line_);
        line_ = {.text = std::move(line_.text)}; // its memory
        line_.text.clear();
    }

    void header(const scanned_line& line) {
        if (line.octets == 0) return end_header();
        if (line.number == 1 && line.text.starts_with("From ")) {
            found_.add(mbox_line, 1, "a line `From ` of an mbox, which is no header field");
            return;
        }
        if (first_line_ == 0) first_line_ = line.number;
        const bool folded = line.text.front() == ' ' || line.text.front() == '\t';
        const bool is_field = folded ? !block_.empty() : content_detail::fields_of(line.text).bad_line == 0;
        if (!is_field) {
            if (folded) found_.add(no_fold, line.number, "white space before the first header field");
            else
                found_.add(no_field, line.number,
                           std::string{"neither a header field nor an empty line: "}.append(shown(line.text)));
            end_header();
            return body(line);
        }
        check_header_line(line);
        if (block_.size() + line.text.size() > content_detail::header_block::most) {
            found_.add(long_header, line.number, "the header block has more than 1 MB");
            return end_header();
        }
        block_.append(line.text).append("\r\n");
    }

    void check_header_line(const scanned_line& line) {
        if (line.octets > longest) found_.add(header_line, line.number, octets_text("a header line of ", line.octets));
        else if (line.octets > 78)
            found_.add(long_line, line.number,
                       octets_text("a header line of ", line.octets).append("; 78 are the usual most"));
        if (line.nul) found_.add(header_nul, line.number, "a NUL in the header");
        bool control = false;
        for (const char c : line.text) control |= (c > 0 && c < ' ' && c != '\t') || c == 127;
        if (control) found_.add(header_control, line.number, "control characters in the header");
        if (!line.eight_bit) return;
        utf8_check utf8;
        const bool is_utf8 = utf8.look_through(line.text) && (utf8.complete() || line.octets > line.text.size());
        if (!is_utf8) found_.add(header_octets, line.number, "octets above 127 that are no UTF-8");
        else if (!verdict_.utf8_header)
            found_.add(header_utf8, line.number, "UTF-8 in the header: the server has to offer SMTPUTF8");
        verdict_.utf8_header = true;
    }

    void end_header() {
        in_header_ = false;
        if (first_line_ == 0) first_line_ = 1;
        message_detail::check_fields(block_, first_line_, found_);
        mime_.begin(block_, first_line_);
        std::string{}.swap(block_);
    }

    void body(const scanned_line& line) {
        verdict_.eight_bit |= line.eight_bit;
        if (line.octets > longest) {
            verdict_.binary = true;
            found_.add(body_line, line.number, octets_text("a line of ", line.octets).append(", more than 998"));
        }
        if (line.nul) {
            verdict_.binary = true;
            found_.add(body_nul, line.number, "a NUL");
        }
        if (line.octets == 1 && line.text.front() == '.') found_.add(lone_dot, line.number, "a line of one dot");
        if (blank_before_ && begins_mbox_message(line.text))
            found_.add(next_message, line.number, "here the next message of an mbox seems to begin");
        blank_before_ = line.octets == 0;
        mime_.take(line);
    }

    /// One kind of line end is a habit, several are an accident.
    void tell_line_ends() {
        const std::uint64_t crlf = ends_.of(line_end::crlf), lf = ends_.of(line_end::lf), cr = ends_.of(line_end::cr);
        const auto times = [](std::uint64_t number) {
            return std::to_string(number).append(number == 1 ? " line ends" : " lines end");
        };
        if (cr != 0) found_.add(bare_cr, ends_.where(line_end::cr), times(cr).append(" with a CR alone"));
        if (lf != 0 && crlf == 0 && cr == 0) found_.add(unix_ends, 0, "lines end with LF alone");
        else if (lf != 0)
            found_.add(bare_lf, ends_.where(line_end::lf), times(lf).append(" with an LF alone, others do not"));
        if (ends_.of(line_end::none) != 0)
            found_.add(no_end, ends_.where(line_end::none), "the last line has no line end");
    }

    message_check_options options_;
    findings found_{};
    message_detail::mime_check mime_;
    message_verdict verdict_{};
    scanned_line line_{};
    line_ends ends_{};
    std::string block_{}; ///< the header block so far, with CRLF
    std::uint64_t first_line_ = 0;
    bool in_header_ = true;
    bool after_cr_ = false;
    bool blank_before_ = false;
};

message_checker::message_checker(const message_check_options& options) : scan_(std::make_unique<scan>(options)) {}
message_checker::~message_checker() = default;
message_checker::message_checker(message_checker&&) noexcept = default;
message_checker& message_checker::operator=(message_checker&&) noexcept = default;

void message_checker::take(std::string_view part) { scan_->take(part); }

const message_verdict& message_checker::finish() { return scan_->finish(); }

} // namespace postrider

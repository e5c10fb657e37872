#include "message/header_check.hpp"

#include "content/header_block.hpp"
#include "core/chars.hpp"
#include "message/addresses.hpp"
#include "message/date_time.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace postrider::message_detail {

namespace {

using content_detail::header_field;
using content_detail::header_fields;
using enum severity;

constexpr finding_kind no_date{"no-date", error, "RFC 5322 §3.6",
                               "add one, as Postrider does when it sends it: Date: Mon, 30 Nov 2026 09:00:00 +0100"};
constexpr finding_kind no_from{"no-from", error, "RFC 5322 §3.6", "add one: From: Name <local-part@domain>"};
constexpr finding_kind twice{"twice", error, "RFC 5322 §3.6", "leave one; of two each reader takes another"};
constexpr finding_kind bad_address{"address", error, "RFC 5322 §3.4",
                                   "write Name <local-part@domain>, with commas between"};
constexpr finding_kind no_sender{"no-sender", error, "RFC 5322 §3.6.2", "say in Sender which of the authors sends it"};
constexpr finding_kind bad_date{"date", error, "RFC 5322 §3.3", "write it as Mon, 30 Nov 2026 09:00:00 +0100"};
constexpr finding_kind old_date{"old-date", warning, "RFC 5322 §4.3",
                                "write the year with four digits, the zone as +0100"};
constexpr finding_kind no_id{"no-message-id", warning, "RFC 5322 §3.6.4", "add one; filters are wary of mail without"};
constexpr finding_kind bad_id{"message-id", warning, "RFC 5322 §3.6.4", "write <unique@domain>"};
constexpr finding_kind no_subject{"no-subject", note, "RFC 5322 §3.6.5", ""};
constexpr finding_kind no_recipient{"no-recipient", note, "RFC 5322 §3.6.3", "To: undisclosed-recipients:; says so"};
constexpr finding_kind has_bcc{"bcc", note, "RFC 5322 §3.6.3",
                               "it is taken out when Postrider sends it, unless told to keep it"};
constexpr finding_kind has_dkim{"dkim", note, "RFC 6376", "change nothing any more: the signature would break"};
constexpr finding_kind final_only{"return-path", warning, "RFC 5321 §4.4",
                                  "take it out: the server that delivers adds it"};
constexpr finding_kind spaced_colon{"space-before-colon", warning, "RFC 5322 §4.5", "write the colon behind the name"};
constexpr finding_kind blank_fold{"blank-fold", warning, "RFC 5322 §4.2",
                                  "take the line out: some end the header there"};

/// Fields that a message has once at most, in upper case, and what of addresses stands in them.
struct known_field {
    std::string_view name{};
    enum class holds { text, mailboxes, mailbox, recipients } what = holds::text;
};
constexpr known_field single[] = {
    {"DATE"},
    {"FROM", known_field::holds::mailboxes},
    {"SENDER", known_field::holds::mailbox},
    {"REPLY-TO", known_field::holds::mailboxes},
    {"TO", known_field::holds::recipients},
    {"CC", known_field::holds::recipients},
    {"BCC", known_field::holds::text},
    {"MESSAGE-ID"},
    {"IN-REPLY-TO"},
    {"REFERENCES"},
    {"SUBJECT"},
    {"MIME-VERSION"},
    {"CONTENT-TYPE"},
    {"CONTENT-ID"},
    {"CONTENT-TRANSFER-ENCODING"},
    {"CONTENT-DESCRIPTION"},
};

const header_field* find(const header_fields& fields, std::string_view upper_case) noexcept {
    for (const header_field& one : fields.all)
        if (one.is(upper_case)) return &one;
    return nullptr;
}

bool is_blank(std::string_view text) noexcept { return content_detail::trimmed(text).empty(); }

/// The fields of one block; the lines of findings are those of the message.
class header_scan {
public:
    header_scan(const header_fields& fields, std::uint64_t first_line, findings& to) noexcept
        : fields_(fields), first_line_(first_line), to_(to) {}

    void run() {
        for (const known_field& one : single) check_single(one);
        for (const header_field& one : fields_.all) check_form(one);
        check_presence();
        check_authors();
        check_date();
        check_id();
        if (const header_field* const bcc = find(fields_, "BCC"))
            to_.add(has_bcc, line_of(*bcc), "Bcc names recipients that nobody is to see");
        if (const header_field* const dkim = find(fields_, "DKIM-SIGNATURE"))
            to_.add(has_dkim, line_of(*dkim), "the message is signed (DKIM-Signature)");
        if (const header_field* const path = find(fields_, "RETURN-PATH"))
            to_.add(final_only, line_of(*path), "Return-Path in a message that is yet to be sent");
    }

private:
    std::uint64_t line_of(const header_field& one) const noexcept { return first_line_ - 1 + one.line; }

    void check_single(const known_field& known) {
        bool met = false;
        for (const header_field& one : fields_.all) {
            if (!one.is(known.name)) continue;
            if (met) to_.add(twice, line_of(one), std::string{one.name}.append(" is there already"));
            met = true;
            if (known.what != known_field::holds::text) check_addresses(one, known.what);
        }
    }

    void check_addresses(const header_field& one, known_field::holds what) {
        const addresses found = read_addresses(one.body, {});
        std::string text{one.name};
        if (!found.problem.empty()) {
            const bool sentence = found.problem.starts_with("cannot") || found.problem.starts_with("has ");
            const std::size_t advice = found.problem.find("; local_domain"); // nobody gives one here
            text.append(sentence ? " " : ": ").append(found.problem.substr(0, advice));
        } else if (what != known_field::holds::recipients && is_blank(one.body)) {
            text.append(" is empty");
        } else if (what == known_field::holds::recipients && is_blank(one.body)) {
            text.append(" is empty: it names somebody, or is left out");
        } else if (what == known_field::holds::mailbox && found.mailboxes.size() != 1) {
            text.append(" names ").append(std::to_string(found.mailboxes.size())).append(" mailboxes, and not one");
        } else {
            return;
        }
        to_.add(bad_address, line_of(one), std::move(text));
    }

    /// How it is written: obsolete forms, which readers have to know and writers must not use.
    void check_form(const header_field& one) {
        const std::string_view behind = one.whole.substr(one.name.size());
        if (!behind.empty() && behind.front() != ':')
            to_.add(spaced_colon, line_of(one), std::string{shown(one.name)}.append(": white space before the colon"));
        std::uint64_t line = line_of(one);
        for (std::string_view rest = one.whole; !rest.empty(); ++line) {
            const std::string_view text = content_detail::take_line(rest);
            if (line != line_of(one) && is_blank(text))
                to_.add(blank_fold, line,
                        std::string{shown(one.name)}.append(" goes on with a line of white space alone"));
        }
    }

    void check_presence() {
        if (find(fields_, "DATE") == nullptr) to_.add(no_date, 0, "Date is missing");
        if (find(fields_, "FROM") == nullptr) to_.add(no_from, 0, "From is missing");
        if (find(fields_, "MESSAGE-ID") == nullptr) to_.add(no_id, 0, "Message-ID is missing");
        if (find(fields_, "SUBJECT") == nullptr) to_.add(no_subject, 0, "Subject is missing");
        if (find(fields_, "TO") == nullptr && find(fields_, "CC") == nullptr && find(fields_, "BCC") == nullptr)
            to_.add(no_recipient, 0, "no To, no Cc and no Bcc: recipients have to be given otherwise");
    }

    void check_authors() {
        const header_field* const from = find(fields_, "FROM");
        if (from == nullptr || find(fields_, "SENDER") != nullptr) return;
        const addresses authors = read_addresses(from->body, {});
        if (authors.problem.empty() && authors.mailboxes.size() > 1)
            to_.add(no_sender, line_of(*from),
                    std::string{"From names "}
                        .append(std::to_string(authors.mailboxes.size()))
                        .append(", and there is no Sender"));
    }

    void check_date() {
        const header_field* const date = find(fields_, "DATE");
        if (date == nullptr) return;
        const date_form form = form_of_date(date->body);
        if (form == date_form::none) to_.add(bad_date, line_of(*date), "Date is no date");
        if (form == date_form::obsolete) to_.add(old_date, line_of(*date), "Date is written in an obsolete form");
    }

    //   msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]
    void check_id() {
        const header_field* const id = find(fields_, "MESSAGE-ID");
        if (id == nullptr) return;
        const std::string_view text = content_detail::trimmed(id->body);
        const std::size_t at = text.find('@');
        const bool framed = text.size() > 4 && text.front() == '<' && text.back() == '>' && at > 1 && at != text.npos &&
                            at + 2 < text.size();
        if (!framed || std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' && c >= 0; }))
            to_.add(bad_id, line_of(*id), std::string{"Message-ID is none: "}.append(shown(text)));
    }

    const header_fields& fields_;
    std::uint64_t first_line_;
    findings& to_;
};

} // namespace

void check_fields(std::string_view block, std::uint64_t first_line, findings& to) {
    const header_fields fields = content_detail::fields_of(block);
    header_scan{fields, first_line, to}.run();
}

} // namespace postrider::message_detail

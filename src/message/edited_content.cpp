#include "message/edited_content.hpp"

#include <utility>

namespace postrider::message_detail {

edited_content::edited_content(content_detail::rereadable&& of, std::string&& original, std::string&& edited,
                               bool whole) noexcept
    : of_(std::move(of)), original_(std::move(original)), edited_(std::move(edited)), whole_(whole) {}

errc edited_content::describe(mail_content& to, std::string& problem) {
    if (const errc e = of_.describe(to, problem); e != errc::ok) return e;
    if (to.pulled) {
        describe_pulled(to);
        return errc::ok;
    }
    more_.clear();
    skipped_ = 0;
    bool same = true;
    for (bool first = true, last = false; same && !last; first = false) {
        content_part part = of_.next(first);
        last = part.last;
        same = skip(part.octets);
        if (!part.octets.empty()) more_.push_back(part.octets);
    }
    if (!same || skipped_ != original_.size()) {
        problem = "the header block of the message has changed since it was composed; compose it again";
        return errc::content_mismatch;
    }
    to.text = edited_;
    to.more = more_;
    return errc::ok;
}

content_part edited_content::pull(bool first) noexcept {
    if (first) {
        skipped_ = 0;
        begun_ = false;
        return {.octets = edited_};
    }
    for (;;) {
        content_part part = of_.next(!begun_);
        begun_ = true;
        if (part.failed || !skip(part.octets) || (part.last && skipped_ != original_.size())) return {.failed = true};
        if (!part.octets.empty() || part.last) return part;
    }
}

std::shared_ptr<content_source> edited_content::clone() {
    auto of = of_.clone();
    if (!of) return nullptr;
    return std::make_shared<edited_content>(std::move(*of), std::string{original_}, std::string{edited_}, whole_);
}

/// Takes what is of the original off the front; false: it is not the same.
bool edited_content::skip(std::string_view& part) noexcept {
    const std::string_view due = std::string_view{original_}.substr(skipped_, part.size());
    if (part.substr(0, due.size()) != due) return false;
    skipped_ += due.size();
    part.remove_prefix(due.size());
    return true;
}

void edited_content::describe_pulled(mail_content& of) const noexcept {
    content_facts before, after;
    before.look_through(original_);
    before.end();
    after.look_through(edited_);
    after.end();
    if (of.kind == octets::binary) { // whose line ends are octets
        before.size = original_.size();
        after.size = edited_.size();
    } else if (whole_ && !after.line_start) {
        after.size += 2;
    }
    if (!of.exact_size) of.size = 0;
    else of.size = whole_ ? after.size : of.size - before.size + after.size;
    of.utf8_header = after.eight_bit_header;
    if (after.eight_bit && of.kind == octets::seven_bit) of.kind = octets::eight_bit;
}

} // namespace postrider::message_detail

#include "content/rereadable.hpp"

#include <utility>

namespace postrider::content_detail {

rereadable::rereadable(std::shared_ptr<content_source> of) noexcept : of_(std::move(of)) {}

std::optional<rereadable> rereadable::clone() const {
    auto other = of_ ? of_->clone() : nullptr;
    if (of_ && !other) return std::nullopt;
    return rereadable{std::move(other)};
}

errc rereadable::describe(mail_content& to, std::string& problem) {
    if (!of_) {
        problem = "the mail has no content";
        return errc::invalid_message;
    }
    errc e = of_->describe(known_, problem);
    if (e == errc::ok && known_.pulled && !known_.repeatable) {
        asked_ = known_;
        of_ = copied_content(std::move(of_));
        e = of_->describe(known_, problem);
    }
    if (e != errc::ok) return e;
    known_.as_it_is = known_.as_it_is || asked_.as_it_is;
    known_.chunks = known_.chunks || asked_.chunks;
    if (asked_.kind == octets::binary) known_.kind = octets::binary;
    to = known_;
    return e;
}

content_part rereadable::next(bool first) noexcept {
    if (known_.pulled) return of_->pull(first);
    if (first) part_ = 0;
    const std::size_t at = part_++;
    if (at > known_.more.size()) return {.last = true};
    return {.octets = at == 0 ? known_.text : known_.more[at - 1], .last = at == known_.more.size()};
}

} // namespace postrider::content_detail

#include "message/findings.hpp"

#include "content/printable.hpp"

#include <algorithm>
#include <utility>

namespace postrider::message_detail {

void findings::add(const finding_kind& kind, std::uint64_t line, std::string what) {
    auto known = std::find_if(kinds_.begin(), kinds_.end(), [&](const seen& one) { return one.code == kind.code; });
    if (known == kinds_.end()) known = kinds_.insert(known, {.code = kind.code});
    const std::uint64_t most = kind.severity == severity::note ? 1 : told; // notes ask for nothing: one says it all
    if (++known->times > most) {
        ++all_[known->last].more;
        return;
    }
    known->last = all_.size();
    all_.push_back({.severity = kind.severity,
                    .line = line,
                    .code = kind.code,
                    .what = content_detail::printable(std::move(what)),
                    .reference = kind.reference,
                    .advice = kind.advice});
}

void findings::move_to(message_verdict& verdict) {
    std::stable_sort(all_.begin(), all_.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    for (const message_finding& one : all_) {
        std::uint64_t& count = one.severity == severity::error     ? verdict.errors
                               : one.severity == severity::warning ? verdict.warnings
                                                                   : verdict.notes;
        count += 1 + one.more;
    }
    verdict.findings = std::move(all_);
}

std::string shown(std::string_view text) {
    constexpr std::size_t most = 60;
    std::string to{text.substr(0, most)};
    if (text.size() > most) {
        while (!to.empty() && (static_cast<unsigned char>(to.back()) & 0xC0) == 0x80)
            to.pop_back(); // no half character
        if (!to.empty() && (static_cast<unsigned char>(to.back()) & 0x80) != 0) to.pop_back();
        to += "...";
    }
    return content_detail::printable(std::move(to));
}

} // namespace postrider::message_detail

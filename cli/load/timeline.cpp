#include "timeline.hpp"

#include <algorithm>

namespace postrider::cli {

void timeline::halve() {
    for (std::size_t i = 0; i != spans_.size(); ++i) {
        const span one = spans_[i];
        if (i % 2 == 0) spans_[i / 2] = {};
        spans_[i / 2].good += one.good;
        spans_[i / 2].bad += one.bad;
    }
    spans_.resize((spans_.size() + 1) / 2);
    width_ *= 2;
}

void timeline::add(std::chrono::nanoseconds after, bool good) {
    after = std::max(after, std::chrono::nanoseconds{0});
    while (after / width_ >= static_cast<std::int64_t>(most)) halve();
    const auto at = static_cast<std::size_t>(after / width_);
    if (at >= spans_.size()) spans_.resize(at + 1);
    ++(good ? spans_[at].good : spans_[at].bad);
}

} // namespace postrider::cli

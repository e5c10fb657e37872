#include "latencies.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace postrider::cli {

/// Below 2^9 a column a nanosecond. Above, the first nine binary digits of a time choose the column, and how many there are
/// behind them the block of 256 that it stands in.
std::size_t latencies::column_of(std::uint64_t time) noexcept {
    const auto digits = static_cast<unsigned>(std::bit_width(time));
    const unsigned behind = digits > precision + 1 ? digits - (precision + 1) : 0;
    return (std::size_t{behind} << precision) + static_cast<std::size_t>(time >> behind);
}

std::uint64_t latencies::most_of(std::size_t column) noexcept {
    constexpr std::size_t block = std::size_t{1} << precision;
    const std::size_t behind = column < 2 * block ? 0 : column / block - 1;
    const std::uint64_t first = (column - behind * block) << behind;
    return first + (std::uint64_t{1} << behind) - 1;
}

void latencies::add(std::chrono::nanoseconds time) noexcept {
    const std::int64_t value = std::max<std::int64_t>(time.count(), 0);
    ++columns_[column_of(static_cast<std::uint64_t>(value))];
    ++count_;
    least_ = std::min(least_, value);
    most_ = std::max(most_, value);
    sum_ += static_cast<double>(value);
}

std::chrono::nanoseconds latencies::mean() const noexcept {
    if (count_ == 0) return {};
    return std::chrono::nanoseconds{static_cast<std::int64_t>(sum_ / static_cast<double>(count_))};
}

std::chrono::nanoseconds latencies::at(double share) const noexcept {
    // 0.07 of 100 is 7, although floating point makes it a little more.
    const double wanted = std::ceil(share * static_cast<double>(count_) * (1 - 1e-12));
    const auto rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::max(wanted, 0.0)), 1);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i != columns_.size(); ++i) {
        seen += columns_[i];
        if (seen >= rank) return std::chrono::nanoseconds{std::min(static_cast<std::int64_t>(most_of(i)), most_)};
    }
    return std::chrono::nanoseconds{most_};
}

} // namespace postrider::cli

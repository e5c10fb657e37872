// latencies.hpp - times of any number of events in constant memory, and the time that a share of them does not exceed.
#ifndef POSTRIDER_CLI_LATENCIES_HPP
#define POSTRIDER_CLI_LATENCIES_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace postrider::cli {

/// A histogram with 256 columns between each power of two nanoseconds and the next: what it says is at most 0.4 % too much,
/// and never too little. 115 KB, whatever is added.
class latencies {
public:
    latencies() : columns_(column_count) {}

    /// Less than nothing counts as nothing.
    void add(std::chrono::nanoseconds time) noexcept;

    std::uint64_t count() const noexcept { return count_; }
    // Exact; zero as long as there is none:
    std::chrono::nanoseconds least() const noexcept { return std::chrono::nanoseconds{count_ == 0 ? 0 : least_}; }
    std::chrono::nanoseconds most() const noexcept { return std::chrono::nanoseconds{most_}; }
    std::chrono::nanoseconds mean() const noexcept;

    /// The time that `share` of them, 0 to 1, do not exceed: 0.99 is the 99th percentile by the nearest rank. Zero as long as
    /// there is none.
    std::chrono::nanoseconds at(double share) const noexcept;

private:
    static constexpr unsigned precision = 8; // bits
    static constexpr std::size_t column_count = std::size_t{64 - precision} << precision;
    static std::size_t column_of(std::uint64_t time) noexcept;
    static std::uint64_t most_of(std::size_t column) noexcept;

    std::vector<std::uint64_t> columns_;
    std::uint64_t count_ = 0;
    std::int64_t least_ = INT64_MAX;
    std::int64_t most_ = 0;
    double sum_ = 0;
};

} // namespace postrider::cli

#endif

// timeline.hpp - how many events there were in each span of a run, in constant memory however long it is.
#ifndef POSTRIDER_CLI_TIMELINE_HPP
#define POSTRIDER_CLI_TIMELINE_HPP

#include <chrono>
#include <cstdint>
#include <vector>

namespace postrider::cli {

/// Spans of 10 ms; where there would be more than 240 of them, two become one, again and again.
class timeline {
public:
    struct span {
        std::uint64_t good = 0;
        std::uint64_t bad = 0;
    };

    /// An event so long after the beginning.
    void add(std::chrono::nanoseconds after, bool good);

    std::chrono::nanoseconds width() const noexcept { return width_; } ///< of each span
    /// From the beginning to the last event.
    const std::vector<span>& spans() const noexcept { return spans_; }

private:
    static constexpr std::size_t most = 240;
    void halve();

    std::chrono::nanoseconds width_ = std::chrono::milliseconds{10};
    std::vector<span> spans_{};
};

} // namespace postrider::cli

#endif

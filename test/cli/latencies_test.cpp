#include "load/latencies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace {

using postrider::cli::latencies;
using std::chrono::nanoseconds;

TEST(latencies, say_nothing_of_nothing) {
    const latencies none;
    EXPECT_EQ(none.count(), 0u);
    for (const nanoseconds time : {none.least(), none.most(), none.mean(), none.at(0), none.at(0.99), none.at(1)})
        EXPECT_EQ(time.count(), 0);
}

TEST(latencies, are_exact_below_512_nanoseconds) {
    latencies all;
    for (int i = 100; i >= 1; --i) all.add(nanoseconds{i});
    EXPECT_EQ(all.at(0).count(), 1);
    EXPECT_EQ(all.at(0.07).count(), 7) << "which floating point makes a little more than 7";
    EXPECT_EQ(all.at(0.5).count(), 50);
    EXPECT_EQ(all.at(0.501).count(), 51);
    EXPECT_EQ(all.at(0.99).count(), 99);
    EXPECT_EQ(all.at(1).count(), 100);
    EXPECT_EQ(all.mean().count(), 50);
    EXPECT_EQ(all.least().count(), 1);
}

TEST(latencies, are_at_most_a_256th_too_high_and_never_too_low) {
    std::mt19937_64 random{7};
    std::uniform_real_distribution<double> digits{0, 12};
    latencies all;
    std::vector<std::int64_t> sorted;
    for (int i = 0; i != 20'000; ++i) {
        const auto time =
            static_cast<std::int64_t>(std::pow(10, digits(random))); // a nanosecond to a quarter of an hour
        all.add(nanoseconds{time});
        sorted.push_back(time);
    }
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t rank = 1; rank <= sorted.size(); rank += 7) {
        const std::int64_t exact = sorted[rank - 1];
        const auto said = all.at(static_cast<double>(rank) / static_cast<double>(sorted.size())).count();
        ASSERT_GE(said, exact) << rank;
        ASSERT_LE(static_cast<double>(said), static_cast<double>(exact) * (1 + 1.0 / 256)) << rank;
    }
    EXPECT_EQ(all.least().count(), sorted.front());
    EXPECT_EQ(all.most().count(), sorted.back());
    EXPECT_EQ(all.at(1), all.most());
}

TEST(latencies, take_each_power_of_two_and_its_neighbours) {
    for (int digits = 0; digits != 63; ++digits)
        for (const std::int64_t near : {-1, 0, 1}) {
            const std::int64_t time = std::max<std::int64_t>((std::int64_t{1} << digits) + near, 0);
            latencies all;
            all.add(nanoseconds{time});
            all.add(nanoseconds::max());
            const auto said = all.at(0.5).count();
            ASSERT_GE(said, time);
            ASSERT_LE(said - time, time / 256) << time;
            ASSERT_EQ(all.at(1), nanoseconds::max());
        }
}

TEST(latencies, take_less_than_nothing_for_nothing) {
    latencies all;
    all.add(nanoseconds{-5});
    EXPECT_EQ(all.least().count(), 0);
    EXPECT_EQ(all.most().count(), 0);
    EXPECT_EQ(all.count(), 1u);
}

} // namespace

#include "terminal.hpp"

#include <gtest/gtest.h>

namespace {

using namespace postrider::cli;
using namespace std::chrono_literals;

TEST(terminal, octets) {
    EXPECT_EQ(octets_text(0), "0 octets");
    EXPECT_EQ(octets_text(1), "1 octet");
    EXPECT_EQ(octets_text(999), "999 octets");
    EXPECT_EQ(octets_text(1000), "1.00 KB");
    EXPECT_EQ(octets_text(12'345), "12.3 KB");
    EXPECT_EQ(octets_text(999'499), "999 KB");
    EXPECT_EQ(octets_text(999'500), "1.00 MB");
    EXPECT_EQ(octets_text(2'147'483'648), "2.15 GB");
    EXPECT_EQ(octets_text(~std::uint64_t{0}), "18446744 TB");
}

TEST(terminal, durations) {
    EXPECT_EQ(duration_text(0ns), "0.00 us");
    EXPECT_EQ(duration_text(350us), "350 us");
    EXPECT_EQ(duration_text(12'340us), "12.3 ms");
    EXPECT_EQ(duration_text(4560ms), "4.56 s");
    EXPECT_EQ(duration_text(125s), "2 min 5 s");
}

TEST(terminal, progress) {
    EXPECT_EQ(progress_text(500, 0, 1s, 80), "500 octets, 500 octets/s");
    EXPECT_EQ(progress_text(250'000'000, 1'000'000'000, 2s, 100),
              "[==========>                             ] 25 %  250 MB of 1.00 GB, 125 MB/s, 7.00 s left");
    EXPECT_EQ(progress_text(10, 10, 2s, 60), "[==============] 100 %  10 octets of 10 octets, 5 octets/s");
    EXPECT_EQ(progress_text(20, 10, 2s, 20), "100 %  20 octets of 10 octets, 10 octets/s"); // no room for a bar
}

} // namespace

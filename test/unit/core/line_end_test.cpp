#include "core/line_end.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postrider {
namespace {

std::size_t found(const std::vector<char>& text, std::size_t from = 0) {
    const char* const end = text.data() + text.size();
    return static_cast<std::size_t>(find_line_end(text.data() + from, end) - text.data());
}

// It is looked for by windows of 256 octets.
TEST(LineEnd, TheFirstOneInAnyPlace) {
    for (const std::size_t size : {1u, 2u, 31u, 255u, 256u, 257u, 511u, 512u, 513u, 1000u}) {
        EXPECT_EQ(found(std::vector<char>(size, 'x')), size);
        for (std::size_t at = 0; at != size; ++at)
            for (const char octet : {'\r', '\n'}) {
                std::vector<char> text(size, 'x');
                text[at] = octet;
                ASSERT_EQ(found(text), at) << size;
                for (const std::size_t next : {at + 1, at + 200, at + 256, at + 300}) {
                    if (next >= size) continue;
                    for (const char other : {'\r', '\n'}) {
                        std::vector<char> two = text;
                        two[next] = other;
                        ASSERT_EQ(found(two), at) << size << ' ' << next;
                        ASSERT_EQ(found(two, at + 1), next) << size << ' ' << at;
                    }
                }
            }
    }
}

TEST(LineEnd, NothingIsNone) {
    const char octet = '\n';
    EXPECT_EQ(find_line_end(&octet, &octet), &octet);
}

TEST(LineEnd, OctetsThatAreNearlyOne) {
    std::vector<char> text;
    for (int value = 0; value != 256; ++value)
        if (value != '\r' && value != '\n') text.push_back(static_cast<char>(value));
    EXPECT_EQ(found(text), text.size());
}

// Four million line ends of one kind: each is found where it stands, and the other kind is not looked for to the end each
// time, which would not end within any time limit of a test.
TEST(LineEnd, LongRunsOfOneKind) {
    for (const char octet : {'\r', '\n'}) {
        const std::vector<char> text(4'000'000, octet);
        const char* const end = text.data() + text.size();
        for (const char* at = text.data(); at != end; ++at) ASSERT_EQ(find_line_end(at, end), at);
    }
}

} // namespace
} // namespace postrider

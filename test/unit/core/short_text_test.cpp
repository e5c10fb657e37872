#include "postrider/short_text.hpp"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(ShortText, KeepsWhatFindsRoom) {
    short_text<4> text;
    EXPECT_TRUE(text.empty());
    text.append("ab");
    EXPECT_EQ(text.view(), "ab");
    text.append("cde");
    EXPECT_EQ(text.view(), "abcd");
    text.append("f");
    EXPECT_EQ(text.view(), "abcd");
    EXPECT_EQ(short_text<4>{"abcde"}.view(), "abcd");
    EXPECT_EQ(short_text<4>::capacity, 4u);
}

} // namespace
} // namespace postrider

#include "core/chars.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postrider {
namespace {

const std::string digits = "0123456789";
const std::string upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string lower = "abcdefghijklmnopqrstuvwxyz";

TEST(Chars, ClassesOfEveryOctet) {
    for (int value = 0; value != 256; ++value) {
        const char c = static_cast<char>(value);
        const bool is_upper = upper.find(c) != std::string::npos;
        const std::size_t low = lower.find(c);
        EXPECT_EQ(is_digit(c), digits.find(c) != std::string::npos) << value;
        EXPECT_EQ(is_alpha(c), is_upper || low != std::string::npos) << value;
        EXPECT_EQ(to_upper(c), low == std::string::npos ? c : upper[low]) << value;
        EXPECT_EQ(is_control(c), value <= 31 || value == 127) << value;
    }
}

TEST(Chars, KeywordsAreWholeWordsInAnyCase) {
    EXPECT_TRUE(is_keyword("AUTH", "AUTH"));
    EXPECT_TRUE(is_keyword("auth", "AUTH"));
    EXPECT_TRUE(is_keyword("aUtH", "AUTH"));
    EXPECT_TRUE(is_keyword("8bitmime", "8BITMIME"));
    EXPECT_TRUE(is_keyword("", ""));
    EXPECT_FALSE(is_keyword("AUT", "AUTH"));
    EXPECT_FALSE(is_keyword("AUTHX", "AUTH"));
    EXPECT_FALSE(is_keyword("XAUTH", "AUTH"));
    EXPECT_FALSE(is_keyword("BUTH", "AUTH"));
    EXPECT_FALSE(is_keyword("AUTI", "AUTH"));
    EXPECT_FALSE(is_keyword("", "AUTH"));
    // 0x41 and 0x61 differ by the same bit as '@' and '`', and as 0xc1 and 0xe1: these are no letters.
    EXPECT_FALSE(is_keyword("`", "@"));
    EXPECT_FALSE(is_keyword("\xe1", "\xc1"));
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> found;
    for (;;) {
        const std::string_view word = take_word(text);
        if (word.empty()) break;
        found.emplace_back(word);
    }
    EXPECT_TRUE(text.empty());
    return found;
}

TEST(Chars, WordsAreParted_BySpacesOnly) {
    using list = std::vector<std::string>;
    EXPECT_EQ(words(""), list{});
    EXPECT_EQ(words("   "), list{});
    EXPECT_EQ(words("a"), list{"a"});
    EXPECT_EQ(words("AUTH PLAIN LOGIN"), (list{"AUTH", "PLAIN", "LOGIN"}));
    EXPECT_EQ(words("  AUTH   PLAIN  "), (list{"AUTH", "PLAIN"}));
    EXPECT_EQ(words("a\tb c"), (list{"a\tb", "c"}));
}

TEST(Chars, TakingAWordLeavesTheRest) {
    std::string_view text = "SIZE 100 x";
    EXPECT_EQ(take_word(text), "SIZE");
    EXPECT_EQ(text, " 100 x");
    EXPECT_EQ(take_word(text), "100");
    EXPECT_EQ(text, " x");
}

TEST(Chars, HashInAnyCase) {
    EXPECT_EQ(hash_of(""), 2166136261u); // FNV-1a's offset basis
    EXPECT_EQ(hash_of("A"), 0xc40bf6ccu);
    EXPECT_EQ(hash_of("B.Example"), hash_of("b.eXAMPLE"));
    for (const char* other : {"b.example.", "b.examplf", "c.example", "b.exampl", ""})
        EXPECT_NE(hash_of("b.example"), hash_of(other)) << other;
}

} // namespace
} // namespace postrider

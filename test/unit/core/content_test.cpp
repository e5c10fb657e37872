#include "postrider/content.hpp"

#include "postrider/dot_stuffer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace postrider {
namespace {

content_facts facts_of(const std::vector<std::string>& parts) {
    content_facts facts;
    for (const std::string& part : parts) {
        const std::vector<char> memory(part.begin(), part.end()); // of the exact size
        facts.look_through({memory.data(), memory.size()});
    }
    facts.end();
    return facts;
}

void expect_same(const content_facts& a, const content_facts& b) {
    EXPECT_EQ(a.size, b.size);
    EXPECT_EQ(a.eight_bit, b.eight_bit);
    EXPECT_EQ(a.eight_bit_header, b.eight_bit_header);
    EXPECT_EQ(a.bare, b.bare);
    EXPECT_EQ(a.in_header, b.in_header);
    EXPECT_EQ(a.after_cr, b.after_cr);
    EXPECT_EQ(a.line_start, b.line_start);
}

TEST(ContentFacts, OfSomeContents) {
    struct row {
        std::string_view text;
        std::uint64_t size;
        bool eight_bit, eight_bit_header, bare, in_header, line_start;
    };
    constexpr row rows[] = {
        {"", 0, false, false, false, true, true},
        {"a", 1, false, false, false, true, false},
        {"a\r\n", 3, false, false, false, true, true},
        {"\r\n", 2, false, false, false, false, true},
        {"A: b\r\n\r\nc", 9, false, false, false, false, false},
        {"A: b\r\n\r\nc\r\n", 11, false, false, false, false, true},
        {"A: \xC3\xBC\r\n", 7, true, true, false, true, true},
        {"A: b\r\n\r\n\xC3\xBC\r\n", 12, true, false, false, false, true},
        {"A: \xC3\xBC\r\n\r\n\xC3\xBC\r\n", 13, true, true, false, false, true},
        // Bare ones are counted as the CRLF that they become, and two of them end the header block too.
        {"\n", 2, false, false, true, false, true},
        {"\r", 2, false, false, true, false, true},
        {"a\nb", 4, false, false, true, true, false},
        {"a\rb", 4, false, false, true, true, false},
        {"a\r", 3, false, false, true, true, true},
        {"a\n\n\xFF", 6, true, false, true, false, false},
        {"a\r\r\xFF", 6, true, false, true, false, false},
        {"a\r\r\n\xFF", 6, true, false, true, false, false},
        {"a\r\n\r\xFF", 6, true, false, true, false, false},
        {"a\n\r\n\xFF", 6, true, false, true, false, false},
        {"a\n\r", 5, false, false, true, false, true},
        {"\r\r", 4, false, false, true, false, true},
        {".\r\n", 3, false, false, false, true, true}, // no dot is put in
    };
    for (const row& r : rows) {
        SCOPED_TRACE(testing::PrintToString(std::string{r.text}));
        const content_facts facts = facts_of({std::string{r.text}});
        EXPECT_EQ(facts.size, r.size);
        EXPECT_EQ(facts.eight_bit, r.eight_bit);
        EXPECT_EQ(facts.eight_bit_header, r.eight_bit_header);
        EXPECT_EQ(facts.bare, r.bare);
        EXPECT_EQ(facts.in_header, r.in_header);
        EXPECT_EQ(facts.line_start, r.line_start);
        EXPECT_FALSE(facts.after_cr);
    }
}

TEST(ContentFacts, ACrAtTheEndOfAPartIsNotBareYet) {
    content_facts facts;
    facts.look_through("a\r");
    EXPECT_FALSE(facts.bare);
    EXPECT_TRUE(facts.after_cr);
    facts.look_through("");
    EXPECT_TRUE(facts.after_cr);
    facts.look_through("\n");
    EXPECT_FALSE(facts.bare);
    EXPECT_FALSE(facts.after_cr);
    EXPECT_EQ(facts.size, 3u);
    facts.end();
    EXPECT_FALSE(facts.bare);
    EXPECT_EQ(facts.size, 3u);
}

TEST(ContentFacts, EverySplitFindsTheSame) {
    for (const std::string text :
         {"A: b\r\n\r\n.c\r\nd", "A\r\r\n\n\r\xFF\r\n\r", "\xC3\xBC\n\n\r\n\xFF", "a\nb\rc\r\nd\r"}) {
        SCOPED_TRACE(testing::PrintToString(text));
        const content_facts whole = facts_of({text});
        for (std::size_t one = 0; one <= text.size(); ++one)
            for (std::size_t two = one; two <= text.size(); ++two)
                expect_same(facts_of({text.substr(0, one), text.substr(one, two - one), "", text.substr(two)}), whole);
    }
}

// Eight octets are looked at in one step: an octet above 127 in every place of a run of every length.
TEST(ContentFacts, OneOctetAbove127AnywhereIsSeen) {
    for (std::size_t size = 1; size != 40; ++size) {
        EXPECT_FALSE(facts_of({std::string(size, '\x7F')}).eight_bit);
        for (std::size_t at = 0; at != size; ++at)
            for (const char octet : {'\x80', '\xFF'}) {
                std::string text(size, '\x7F');
                text[at] = octet;
                EXPECT_TRUE(facts_of({text}).eight_bit_header) << size << ' ' << at;
                const content_facts body = facts_of({"\r\n" + text});
                EXPECT_TRUE(body.eight_bit && !body.eight_bit_header) << size << ' ' << at;
            }
    }
}

// What SIZE and BDAT say is what the stuffer gives out, for every content: else the server takes commands for content.
TEST(ContentFacts, TheSizeIsWhatTheStufferGivesOut) {
    std::mt19937 dice{1};
    const std::string alphabet = "\r\n.a\xFF";
    for (int round = 0; round != 20'000; ++round) {
        std::vector<std::string> parts(1 + dice() % 4);
        std::string text;
        for (std::string& part : parts) {
            for (std::size_t size = dice() % 9; part.size() != size;) part += alphabet[dice() % alphabet.size()];
            if (dice() % 16 == 0) part += std::string(300, part.empty() ? '\n' : part.back());
            text += part;
        }
        SCOPED_TRACE(testing::PrintToString(parts));
        const content_facts facts = facts_of(parts);
        dot_stuffer stuffer{line_ends::normalise, false};
        dot_stuffer strict{line_ends::refuse, false};
        std::string out;
        for (const std::string& part : parts) {
            for (std::string_view rest = part; !rest.empty();) out += stuffer.next(rest);
            for (std::string_view rest = part; !rest.empty() && !strict.failed();) static_cast<void>(strict.next(rest));
        }
        out += stuffer.terminator();
        static_cast<void>(strict.terminator());
        // A last line that does not end is ended.
        ASSERT_EQ(facts.size + (facts.line_start ? 0 : 2), out.size());
        ASSERT_EQ(facts.bare, strict.failed());
        ASSERT_EQ(facts.eight_bit, text.find('\xFF') != text.npos);
        const std::size_t empty_line = out.substr(0, 2) == "\r\n" ? 0 : out.find("\r\n\r\n");
        ASSERT_EQ(facts.in_header, empty_line == out.npos);
        ASSERT_EQ(facts.eight_bit_header, out.substr(0, empty_line).find('\xFF') != text.npos);
    }
}

} // namespace
} // namespace postrider

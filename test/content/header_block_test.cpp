#include "content/header_block.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace postrider::content_detail {
namespace {

TEST(HeaderBlock, EndsWithItsEmptyLineWhereverItIsCut) {
    const struct {
        std::string_view block, body;
        bool ended;
    } cases[] = {
        {"A: b\r\n\r\n", "x\r\n", true},
        {"A: b\n\n", "x\n", true},
        {"A: b\r\r", "x\r", true},
        {"A: b\n\r\n", "\nx", true},
        {"A: b\r\n\r", "\r\nx", true},
        {"A: b\r\n c\n\n", "\n", true},
        {"\r\n", "x", true},
        {"\n", "", true},
        {"A: b\r\n\r\n", "", true},
        {"A: b\r\n\r", "", true},
        {"A: b\r\n \r\n", "", false}, // a line with a blank is not empty
        {"A: b\r\n", "", false},
        {"A: b", "", false},
        {"", "", false},
    };
    for (const auto& c : cases) {
        const std::string text = std::string{c.block}.append(c.body);
        for (std::size_t first = 0; first <= text.size(); ++first)
            for (std::size_t second = first; second <= text.size(); ++second) {
                header_block block;
                std::string body;
                bool done = false;
                for (std::string_view part :
                     {std::string_view{text}.substr(0, first), std::string_view{text}.substr(first, second - first),
                      std::string_view{text}.substr(second)}) {
                    if (!done) done = block.take(part);
                    body += part;
                }
                EXPECT_EQ(block.octets(), c.block);
                EXPECT_EQ(body, c.body);
                EXPECT_EQ(block.ended(), c.ended);
                EXPECT_FALSE(done && !c.ended);
                EXPECT_TRUE(done || c.body.empty());
            }
    }
}

TEST(HeaderBlock, HoldsNoMoreThanItsLimit) {
    for (const std::string& line : {std::string{"A: b\n"}, std::string(100, 'x')}) {
        std::string text;
        while (text.size() < 3 * header_block::most) text += line;
        for (const std::size_t size : {text.size(), std::size_t{1000}}) {
            header_block block;
            bool done = false;
            for (std::string_view rest = text; !done && !rest.empty();) {
                std::string_view part = rest.substr(0, size);
                rest.remove_prefix(part.size());
                done = block.take(part);
            }
            EXPECT_TRUE(done && block.too_long());
            EXPECT_LE(block.octets().size(), 2 * header_block::most);
        }
    }
}

TEST(HeaderBlock, HasFields) {
    const header_fields found = fields_of("Subject: a\r\n\tb\nTO \t:c\rX:\n\r\nnot: this\n");
    ASSERT_EQ(found.all.size(), 3u);
    EXPECT_EQ(found.bad_line, 0u);
    EXPECT_EQ(found.size, std::string_view{"Subject: a\r\n\tb\nTO \t:c\rX:\n"}.size());
    EXPECT_EQ(found.all[0].name, "Subject");
    EXPECT_EQ(found.all[0].body, " a\r\n\tb\n");
    EXPECT_EQ(found.all[0].whole, "Subject: a\r\n\tb\n");
    EXPECT_EQ(found.all[1].name, "TO");
    EXPECT_EQ(found.all[1].body, "c\r");
    EXPECT_TRUE(found.all[1].is("TO"));
    EXPECT_FALSE(found.all[1].is("TOO"));
    EXPECT_EQ(found.all[2].body, "\n");
    EXPECT_EQ(found.all[2].line, 4u);
}

TEST(HeaderBlock, SaysWhichLineIsOfNoField) {
    for (const std::string_view wrong :
         {" folded", "hello", ":x", "a b: c", "b\xc3\xbc: c", "a\x01: b", "\x7f: x", "x "}) {
        const header_fields found = fields_of(std::string{wrong} + "\n\n");
        EXPECT_EQ(found.bad_line, 1u) << wrong;
        EXPECT_TRUE(found.all.empty());
    }
    const header_fields found = fields_of("A: b\n c\nhello\nD: e\n");
    EXPECT_EQ(found.bad_line, 3u);
    EXPECT_EQ(found.all.size(), 1u);
    EXPECT_EQ(found.size, 8u);
}

} // namespace
} // namespace postrider::content_detail

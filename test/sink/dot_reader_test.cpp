#include "dot_reader.hpp"

#include <gtest/gtest.h>
#include <string>

namespace postrider::sink {

namespace {

struct dots_case {
    std::string_view on_the_wire; // up to the end, and one octet more that is not content
    std::string_view content;
};

constexpr dots_case cases[] = {
    {".\r\n!", ""},
    {"\r\n.\r\n!", "\r\n"},
    {"a\r\n.\r\n!", "a\r\n"},
    {"..\r\n.\r\n!", ".\r\n"},
    {"...\r\n.\r\n!", "..\r\n"},
    {".a\r\n.\r\n!", "a\r\n"},
    {"a.\r\n.\r\n!", "a.\r\n"},
    {"a\n.\n\r\n.\r\n!", "a\n.\n\r\n"},      // LF "." LF is content
    {"a\n.\r\n\r\n.\r\n!", "a\n.\r\n\r\n"},  // so is LF "." CRLF
    {"a\r.\r\r\n.\r\n!", "a\r.\r\r\n"},      // and CR "." CR
    {"a\r\n.\rb\r\n.\r\n!", "a\r\n\rb\r\n"}, // a stuffed dot, then a bare CR
    {"a\r\n.\r\r\n.\r\n!", "a\r\n\r\r\n"},   // CRLF "." CR CRLF is no end
    {"a\r\n.\n.\r\n\r\n.\r\n!", "a\r\n\n.\r\n\r\n"},
    {"\r\r\n.\r\n!", "\r\r\n"},
    {"\n\r\n.\r\n!", "\n\r\n"},
    {"\r\n\r\n..\r\n..x\r\n.\r\n!", "\r\n\r\n.\r\n.x\r\n"},
};

std::string read_in_pieces(std::string_view wire, std::size_t first, std::size_t second, std::size_t& taken) {
    dot_reader reader;
    std::string content;
    taken = 0;
    const std::size_t ends[] = {first, second, wire.size()};
    for (const std::size_t end : ends) {
        if (reader.ended()) break;
        const std::string_view piece = wire.substr(taken, end - taken);
        const std::size_t took = reader.read(piece, [&](std::string_view run) { content += run; });
        EXPECT_TRUE(took == piece.size() || reader.ended());
        taken += took;
    }
    EXPECT_TRUE(reader.ended());
    return content;
}

} // namespace

TEST(DotReader, FindsTheEndAndTakesDotsAwayHoweverTheInputIsCut) {
    for (const auto& [wire, content] : cases) {
        for (std::size_t first = 0; first <= wire.size(); ++first) {
            for (std::size_t second = first; second <= wire.size(); ++second) {
                std::size_t taken = 0;
                EXPECT_EQ(read_in_pieces(wire, first, second, taken), content) << first << ' ' << second;
                EXPECT_EQ(taken, wire.size() - 1) << wire;
            }
        }
    }
}

TEST(DotReader, TakesOctetByOctet) {
    for (const auto& [wire, content] : cases) {
        dot_reader reader;
        std::string read;
        for (const char octet : wire.substr(0, wire.size() - 1)) {
            EXPECT_FALSE(reader.ended());
            reader.read({&octet, 1}, [&](std::string_view run) { read += run; });
        }
        EXPECT_TRUE(reader.ended());
        EXPECT_EQ(read, content);
    }
}

} // namespace postrider::sink

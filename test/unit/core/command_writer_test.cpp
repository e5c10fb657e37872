#include "core/command_writer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postrider {
namespace {

using parts = std::vector<std::string_view>;

std::string base64(const parts& of) {
    std::vector<char> buffer(1024);
    command_writer writer{buffer, 0};
    writer.put_base64(of);
    EXPECT_TRUE(writer.whole());
    return {buffer.data(), writer.written()};
}

// A second base64, by the book and one octet at a time, to compare with.
std::string slow_base64(std::string_view text) {
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bits, out;
    for (const char c : text)
        for (int bit = 7; bit >= 0; --bit) bits += (static_cast<unsigned char>(c) >> bit & 1) != 0 ? '1' : '0';
    while (bits.size() % 6 != 0) bits += '0';
    for (std::size_t i = 0; i != bits.size(); i += 6) out += alphabet[std::stoul(bits.substr(i, 6), nullptr, 2)];
    while (out.size() % 4 != 0) out += '=';
    return out;
}

TEST(CommandWriter, Base64TestVectorsOfRfc4648Section10) {
    EXPECT_EQ(base64({""}), "");
    EXPECT_EQ(base64({"f"}), "Zg==");
    EXPECT_EQ(base64({"fo"}), "Zm8=");
    EXPECT_EQ(base64({"foo"}), "Zm9v");
    EXPECT_EQ(base64({"foob"}), "Zm9vYg==");
    EXPECT_EQ(base64({"fooba"}), "Zm9vYmE=");
    EXPECT_EQ(base64({"foobar"}), "Zm9vYmFy");
}

TEST(CommandWriter, Base64OfNoParts) { EXPECT_EQ(base64({}), ""); }

TEST(CommandWriter, Base64OfEveryOctetInEveryPlaceOfAGroup) {
    for (int value = 0; value != 256; ++value)
        for (std::size_t size = 1; size != 7; ++size)
            for (std::size_t place = 0; place != size; ++place) {
                std::string text(size, 'x');
                text[place] = static_cast<char>(value);
                ASSERT_EQ(base64({text}), slow_base64(text)) << value << " at " << place << " of " << size;
            }
}

TEST(CommandWriter, Base64PartsAreOneText) {
    const std::string_view text{"\0tim\0tanstaaftanstaaf", 21}; // RFC 4616 §4
    EXPECT_EQ(base64({text}), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    for (std::size_t one = 0; one <= text.size(); ++one)
        for (std::size_t two = one; two <= text.size(); ++two)
            ASSERT_EQ(base64({text.substr(0, one), text.substr(one, two - one), text.substr(two)}),
                      "AHRpbQB0YW5zdGFhZnRhbnN0YWFm")
                << one << ' ' << two;
}

// One line of every kind of piece: "AUTH PLAIN " base64 CRLF.
void put_line(command_writer& to) {
    const parts credentials = {"", "\xff", "user", "password"};
    to.put("AUTH ");
    to.put("");
    to.put("PLAIN ");
    to.put_base64(credentials);
    to.put("\r\n");
}

const std::string line = "AUTH PLAIN /3VzZXJwYXNzd29yZA==\r\n";

TEST(CommandWriter, EverySkipAndEveryRoomGiveThatPartOfTheLine) {
    for (std::size_t room = 1; room <= line.size() + 3; ++room)
        for (std::size_t skip = 0; skip != line.size(); ++skip) {
            SCOPED_TRACE(testing::Message() << "room " << room << ", skip " << skip);
            std::vector<char> buffer(room); // of the exact size, so that a sanitizer sees an octet too much
            command_writer writer{buffer, skip};
            put_line(writer);
            const std::string expected = line.substr(skip, room);
            ASSERT_EQ(std::string(buffer.data(), writer.written()), expected);
            ASSERT_EQ(writer.whole(), skip + expected.size() == line.size());
        }
}

TEST(CommandWriter, EveryRoomGivesTheWholeLineInTheEnd) {
    for (std::size_t room = 1; room <= line.size() + 3; ++room) {
        std::string all;
        for (bool whole = false; !whole;) {
            std::vector<char> buffer(room);
            command_writer writer{buffer, all.size()};
            put_line(writer);
            ASSERT_NE(writer.written(), 0u) << "no progress with " << room;
            all.append(buffer.data(), writer.written());
            whole = writer.whole();
        }
        EXPECT_EQ(all, line) << room;
    }
}

TEST(CommandWriter, ALineThatWasTakenInFullIsWholeAndGivesNothing) {
    std::vector<char> buffer(8);
    command_writer writer{buffer, line.size()};
    put_line(writer);
    EXPECT_EQ(writer.written(), 0u);
    EXPECT_TRUE(writer.whole());
}

TEST(CommandWriter, SkippingBeyondTheEndIsNotWhole) {
    std::vector<char> buffer(8);
    command_writer writer{buffer, line.size() + 1};
    put_line(writer);
    EXPECT_EQ(writer.written(), 0u);
    EXPECT_FALSE(writer.whole());
}

} // namespace
} // namespace postrider

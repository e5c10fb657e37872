#include "core/command_writer.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace postrider {
namespace {

using parts = std::vector<std::string_view>;

std::string base64(const parts& of) {
    std::vector<char> buffer(1024);
    command_writer writer{buffer, 0};
    base64_writer encoded{writer};
    for (const std::string_view part : of) encoded.put(part);
    encoded.end();
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
    base64_writer encoded{to};
    for (const std::string_view part : credentials) encoded.put(part);
    encoded.end();
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

template <class Put>
std::string whole(Put put) {
    std::vector<char> buffer(4096);
    command_writer writer{buffer, 0};
    put(writer);
    EXPECT_TRUE(writer.whole());
    return {buffer.data(), writer.written()};
}

TEST(CommandWriter, Numbers) {
    const auto number = [](std::uint64_t n) { return whole([n](command_writer& to) { to.put_number(n); }); };
    for (std::uint64_t n = 0; n != 12'000; ++n) ASSERT_EQ(number(n), std::to_string(n));
    std::uint64_t power = 1;
    for (int digits = 1; digits != 20; ++digits, power *= 10) {
        EXPECT_EQ(number(power), std::to_string(power));
        EXPECT_EQ(number(power - 1), std::to_string(power - 1));
    }
    EXPECT_EQ(number(0xFFFFFFFFu), "4294967295");
    EXPECT_EQ(number(0x100000000u), "4294967296");
    EXPECT_EQ(number(0xFFFFFFFFFFFFFFFFu), "18446744073709551615");
}

// RFC 3461 §4: xchar is "!" to "~" but "+" and "="; hexchar is "+" and two digits or capitals.
TEST(CommandWriter, XtextOfEveryOctet) {
    for (int value = 0; value != 256; ++value) {
        const char octet = static_cast<char>(value);
        char escaped[4];
        std::snprintf(escaped, sizeof escaped, "+%02X", static_cast<unsigned>(value));
        const bool itself = value >= 33 && value <= 126 && octet != '+' && octet != '=';
        EXPECT_EQ(whole([&](command_writer& to) {
                      to.put_xtext({&octet, 1});
                  }),
                  itself ? std::string(1, octet) : std::string(escaped))
            << value;
    }
    EXPECT_EQ(whole([](command_writer& to) { to.put_xtext(""); }), "");
    EXPECT_EQ(whole([](command_writer& to) { to.put_xtext("a+b c"); }), "a+2Bb+20c");
}

TEST(CommandWriter, NumbersAndXtextInEverySkipAndRoom) {
    const auto put = [](command_writer& to) {
        to.put(" SIZE=");
        to.put_number(18446744073709551615u);
        to.put(" ENVID=");
        to.put_xtext("=a b+");
        to.put_number(0);
    };
    const std::string all = " SIZE=18446744073709551615 ENVID=+3Da+20b+2B0";
    ASSERT_EQ(whole(put), all);
    for (std::size_t room = 0; room <= all.size() + 2; ++room)
        for (std::size_t skip = 0; skip <= all.size(); ++skip) {
            std::vector<char> buffer(room + 1);
            command_writer writer{std::span{buffer}.first(room), skip};
            put(writer);
            ASSERT_EQ(std::string(buffer.data(), writer.written()), all.substr(skip, room)) << room << ' ' << skip;
            ASSERT_EQ(writer.whole(), skip + room >= all.size()) << room << ' ' << skip;
        }
}

} // namespace
} // namespace postrider

#include "io/posix/address.hpp"

#include <gtest/gtest.h>

using namespace postrider;
using posix_detail::parse_address;

static std::string_view round_trip(std::string_view text) {
    static address_text written;
    const auto address = parse_address(text, 25);
    if (!address) return "none";
    written = to_text(*address);
    return written.view();
}

TEST(Address, IsReadAndWrittenAsPeopleDo) {
    EXPECT_EQ(round_trip("192.0.2.1"), "192.0.2.1:25");
    EXPECT_EQ(round_trip("2001:DB8::0:1"), "[2001:db8::1]:25");
    EXPECT_EQ(round_trip("[::1]"), "[::1]:25");
    EXPECT_EQ(round_trip("::ffff:192.0.2.1"), "[::ffff:192.0.2.1]:25");
    EXPECT_EQ(round_trip("2001:db8:1111:2222:3333:4444:5555:6666"), "[2001:db8:1111:2222:3333:4444:5555:6666]:25");
}

TEST(Address, HasAZoneByNameOrNumber) {
    EXPECT_EQ(round_trip("fe80::1%lo"), "[fe80::1%lo]:25");
    EXPECT_EQ(round_trip("[fe80::1%lo]"), "[fe80::1%lo]:25");
    EXPECT_EQ(round_trip("fe80::1%4000000000"), "[fe80::1%4000000000]:25");
    EXPECT_EQ(round_trip("fe80::1%no_such_interface"), "none");
    EXPECT_EQ(round_trip("fe80::1%a_name_that_no_interface_can_have"), "none");
    EXPECT_EQ(round_trip("fe80::1%"), "none");
    EXPECT_EQ(round_trip("fe80::1%0"), "none");
}

TEST(Address, IsNothingElse) {
    using namespace std::string_view_literals;
    for (const auto text : {""sv, "."sv, "localhost"sv, "127.1"sv, "2130706433"sv, "0x7f.0.0.1"sv, "127.0.0.1."sv,
                            "256.0.0.1"sv, "[127.0.0.1]"sv, "127.0.0.1%lo"sv, "[]"sv, "[::1"sv, "::1]"sv, ":::"sv,
                            "::1 "sv, "127.0.0.1\0"sv, "127.0.0.1\0.example"sv, "::1\0"sv})
        EXPECT_EQ(round_trip(text), "none") << text;
    EXPECT_EQ(round_trip(std::string(10'000, '1')), "none");
}

TEST(Address, HasNoTextInOtherFamilies) {
    posix_detail::socket_address address{};
    address.any.sa_family = AF_UNIX;
    EXPECT_EQ(to_text(address).view(), "");
}

TEST(AddressText, IsCutAtItsCapacity) {
    const std::string longer(address_text::capacity + 1, 'x');
    EXPECT_EQ(address_text(longer).view(), std::string_view(longer).substr(1));
}

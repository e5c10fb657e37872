#include "postrider/base64.hpp"

#include <gtest/gtest.h>

#include <string>

namespace postrider {
namespace {

std::optional<std::string> decoded(std::string text) {
    const std::optional<std::size_t> size = base64_decode(text);
    if (!size) return {};
    return text.substr(0, *size);
}

std::string encoded(std::string_view octets) {
    std::string text;
    base64_encoder encoder;
    char group[4];
    for (const char c : octets)
        if (encoder.put(c)) {
            encoder.group(group);
            text.append(group, 4);
        }
    if (!encoder.empty()) {
        encoder.group(group);
        text.append(group, 4);
    }
    return text;
}

// RFC 4648 §10
TEST(Base64, Vectors) {
    EXPECT_EQ(decoded(""), "");
    EXPECT_EQ(decoded("Zg=="), "f");
    EXPECT_EQ(decoded("Zm8="), "fo");
    EXPECT_EQ(decoded("Zm9v"), "foo");
    EXPECT_EQ(decoded("Zm9vYg=="), "foob");
    EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
    EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
}

TEST(Base64, WhatIsEncodedIsDecoded) {
    std::string octets;
    for (int i = 0; i != 600; ++i) {
        EXPECT_EQ(decoded(encoded(octets)), octets);
        octets += static_cast<char>(i * 7);
    }
}

// Each group of one octet, and of two, has one way to be written: padding that says less, or bits behind it, are another.
TEST(Base64, OfAllGroupsOfFourOnlyTheCanonicalOnes) {
    const std::string some = "AQgwv/+=-_ \n\r.\x80";
    for (const char a : some)
        for (const char b : some)
            for (const char c : some)
                for (const char d : some) {
                    const std::string text{a, b, c, d};
                    const std::optional<std::string> octets = decoded(text);
                    EXPECT_EQ(encoded(octets.value_or("")), octets ? text : "");
                }
    for (int c = 0; c != 256; ++c) {
        const bool digit = std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"}.find(
                               static_cast<char>(c)) != std::string_view::npos;
        EXPECT_EQ(decoded({'A', 'A', 'A', static_cast<char>(c)}).has_value(), digit || c == '=') << c;
    }
}

TEST(Base64, OtherTextsAreRefused) {
    for (const char* text :
         {"=",        "==",     "===",    "====", "Z",          "Zg",   "Zg=",  "Zg===",   "Z===", "Zg=a", "Zg==Zm8=",
          "Zm8=Zg==", "Zm9v\n", "\nZm9v", "Zm 9", "Zm9v\r\n  ", "Zh==", "Zm9=", "Zm9vZm9", "-m9v", "Zm9_"})
        EXPECT_FALSE(decoded(text)) << text;
    EXPECT_FALSE(decoded(std::string("Zm9\0", 4)));
}

} // namespace
} // namespace postrider

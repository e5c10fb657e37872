#include "postrider/x_attributes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace postrider;

TEST(XAttributes, NamesAndValuesInXtext) {
    x_attributes x;
    EXPECT_EQ(x.text(), "");
    EXPECT_EQ(x.add("ADDR", "192.0.2.1"), errc::ok);
    EXPECT_EQ(x.add("NAME", ""), errc::ok);
    EXPECT_EQ(x.add("LOGIN", "a b+c=\r\n\xC3\xBC"), errc::ok);
    EXPECT_EQ(x.text(), "ADDR=192.0.2.1 NAME=[UNAVAILABLE] LOGIN=a+20b+2Bc+3D+0D+0A+C3+BC");
}

TEST(XAttributes, ANameIsMadeOfCapitals) {
    x_attributes x;
    for (const char* name : {"", "addr", "AD DR", "ADDR=", "A\r\n"})
        EXPECT_EQ(x.add(name, "x"), errc::invalid_parameter);
    EXPECT_EQ(x.text(), "");
}

TEST(XAttributes, WhatFindsNoRoomIsNotAdded) {
    x_attributes x;
    EXPECT_EQ(x.add("HELO", std::string(x_attributes::capacity - 5, 'x')), errc::ok);
    EXPECT_EQ(x.text().size(), x_attributes::capacity);
    const std::string before{x.text()};
    EXPECT_EQ(x.add("NAME", "y"), errc::invalid_parameter);
    EXPECT_EQ(x.text(), before);
    x_attributes other;
    EXPECT_EQ(other.add("HELO", std::string(x_attributes::capacity - 4, 'x')), errc::invalid_parameter);
    EXPECT_EQ(other.text(), "");
}

} // namespace

#include "postrider/io/saslprep.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace postrider {
namespace {

struct row {
    std::string text;
    saslprep_errc error;
    std::string prepared;
};

void PrintTo(const row& r, std::ostream* to) { *to << r.text; }

class Saslprep : public testing::TestWithParam<row> {};

TEST_P(Saslprep, Prepares) {
    secret prepared{std::string_view{"what was there before"}};
    EXPECT_EQ(saslprep(GetParam().text, prepared), GetParam().error);
    EXPECT_EQ(prepared.reveal(), GetParam().prepared);
}

// RFC 4013 §3
INSTANTIATE_TEST_SUITE_P(examples, Saslprep,
                         testing::Values(row{"I\u00ADX", saslprep_errc::ok, "IX"},
                                         row{"user", saslprep_errc::ok, "user"}, row{"USER", saslprep_errc::ok, "USER"},
                                         row{"\u00AA", saslprep_errc::ok, "a"}, row{"\u2168", saslprep_errc::ok, "IX"},
                                         row{"\a", saslprep_errc::prohibited, ""},
                                         row{"\u0627\u0031", saslprep_errc::bidirectional, ""}));

INSTANTIATE_TEST_SUITE_P(
    all, Saslprep,
    testing::Values(row{"", saslprep_errc::ok, ""}, row{"\u00AD", saslprep_errc::ok, ""},
                    row{" !~,=", saslprep_errc::ok, " !~,="},
                    row{"a\u00A0b\u3000c", saslprep_errc::ok, "a b c"}, // spaces of other kinds
                    row{"p\u0061\u0308ss", saslprep_errc::ok, "p\u00E4ss"}, row{"\u212B", saslprep_errc::ok, "\u00C5"},
                    row{"\uFDFA", saslprep_errc::ok,
                        "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 "
                        "\u0648\u0633\u0644\u0645"}, // grows most
                    row{"\u0627\u0031\u0628", saslprep_errc::ok, "\u0627\u0031\u0628"},
                    row{"\u0627x", saslprep_errc::bidirectional, ""}, row{"x\u05D0", saslprep_errc::bidirectional, ""},
                    row{"a\x7F", saslprep_errc::prohibited, ""},
                    row{std::string("a\0\xC3\xA4", 4), saslprep_errc::prohibited, ""},
                    row{"\u0085x", saslprep_errc::prohibited, ""}, row{"\uFFFDx", saslprep_errc::prohibited, ""},
                    row{"\uE000", saslprep_errc::prohibited, ""}, row{"\U000E0041", saslprep_errc::prohibited, ""},
                    row{"\u0221", saslprep_errc::unassigned, ""}, row{"\U0001F511", saslprep_errc::unassigned, ""},
                    row{"a\xC3", saslprep_errc::not_utf8, ""}, row{"\xA4", saslprep_errc::not_utf8, ""},
                    row{"\xC0\x80", saslprep_errc::not_utf8, ""}, row{"\xED\xA0\x80", saslprep_errc::not_utf8, ""}));

TEST(Saslprep, WhatUnicodeDidNotHaveMayStay) {
    secret prepared;
    EXPECT_EQ(saslprep("\U0001F511\u2168", prepared, unassigned::allow), saslprep_errc::ok);
    EXPECT_EQ(prepared.reveal(), "\U0001F511IX");
}

TEST(Saslprep, LongTexts) {
    secret prepared;
    std::string text, grown;
    for (int i = 0; i != 1000; ++i) {
        text += "\uFDFA";
        grown += "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645";
    }
    EXPECT_EQ(saslprep(text, prepared), saslprep_errc::ok);
    EXPECT_EQ(prepared.reveal(), grown);
    EXPECT_EQ(saslprep(std::string(secret::most, 'a'), prepared), saslprep_errc::ok);
    EXPECT_EQ(saslprep(std::string(secret::most + 1, 'a'), prepared), saslprep_errc::too_long);
    EXPECT_TRUE(prepared.empty());
}

TEST(Saslprep, ErrorsHaveTheirSentences) {
    std::set<std::string> texts;
    for (int e = 0; e != 8; ++e) texts.insert(describe(static_cast<saslprep_errc>(e)));
    EXPECT_EQ(texts.size(), 8u);
}

} // namespace
} // namespace postrider

#include "command.hpp"

#include <gtest/gtest.h>

namespace postrider::sink {

TEST(Command, KnowsItsVerbInAnyCase) {
    EXPECT_EQ(parse_command("mail FROM:<a@b>").verb, verb::mail);
    EXPECT_EQ(parse_command("mail FROM:<a@b>").argument, "FROM:<a@b>");
    EXPECT_EQ(parse_command("QUIT").verb, verb::quit);
    EXPECT_EQ(parse_command("QUITE").verb, verb::unknown);
    EXPECT_EQ(parse_command("").verb, verb::unknown);
}

TEST(Command, TakesPathsApart) {
    const auto address = [](std::string_view text) -> std::string {
        const auto path = parse_path_argument(text, "TO:");
        return path.well_formed ? std::string{path.address} : "malformed";
    };
    EXPECT_EQ(address("TO:<a@b.example>"), "a@b.example");
    EXPECT_EQ(address("to:<a.b+c@[IPv6:::1]>"), "a.b+c@[IPv6:::1]");
    EXPECT_EQ(address("TO:<@x.example,@y.example:a@b.example>"), "a@b.example");
    EXPECT_EQ(address("TO:<\"a\\\"> b\"@b.example>"), "\"a\\\"> b\"@b.example");
    EXPECT_EQ(address("TO:<PostMaster>"), "PostMaster");
    EXPECT_EQ(address("TO:<>"), "");
    for (const auto* bad :
         {"TO:", "TO:<", "TO:<a>", "TO:<a@>", "TO:<@b>", "TO:<a@b", "TO:<a@b>x", "TO:<a@b> ", "TO:<a b@c>", "TO:<.a@b>",
          "TO:<a.@b>", "TO:<\"a@b>", "TO:<a@[]>", "TO:<a@b-.c>", "TO: <a@b>", "FROM:<a@b>", "TO:<a@b c>", "TO:<<a@b>>"})
        EXPECT_EQ(address(bad), "malformed") << bad;
}

TEST(Command, TakesParametersApart) {
    std::vector<parameter> parameters;
    ASSERT_TRUE(parse_parameters("size=12 SMTPUTF8 X-Y=a;b", parameters));
    ASSERT_EQ(parameters.size(), 3U);
    EXPECT_EQ(parameters[0].keyword, "SIZE");
    EXPECT_EQ(parameters[0].value, "12");
    EXPECT_EQ(parameters[2].keyword, "X-Y");
    for (const auto* bad : {"=1", "A=", "A  B", "A ", "-A=1", "A=1 a=2", "A_B=1", "A=b=c"})
        EXPECT_FALSE(parse_parameters(bad, parameters)) << bad;
}

TEST(Command, KnowsXtext) {
    EXPECT_TRUE(is_xtext("a+2Bb"));
    for (const auto* bad : {"", "a b", "+2b", "a+2", "a=b", "\xc3\xa4"}) EXPECT_FALSE(is_xtext(bad)) << bad;
}

} // namespace postrider::sink

#include "postrider/secret.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace postrider {
namespace {

TEST(Secret, WipingLeavesZerosAndTouchesNothingElse) {
    std::string memory = "<password>";
    wipe(std::span{memory}.subspan(1, 8));
    EXPECT_EQ(memory, std::string("<\0\0\0\0\0\0\0\0>", 10));
    wipe({});
}

TEST(Secret, TheSameIfEveryOctetIs) {
    const std::string text = "correct horse\0battery";
    EXPECT_TRUE(same_secret(text, std::string{text}));
    EXPECT_TRUE(same_secret("", {}));
    EXPECT_FALSE(same_secret(text, text + "."));
    EXPECT_FALSE(same_secret("", "a"));
    for (std::size_t i = 0; i != text.size(); ++i)
        for (unsigned bit = 0; bit != 8; ++bit) {
            std::string other = text;
            other[i] = static_cast<char>(other[i] ^ 1 << bit);
            EXPECT_FALSE(same_secret(text, other));
        }
}

TEST(Secret, AViewShowsItsOctetsOnlyToWhoSaysReveal) {
    constexpr secret_view none;
    EXPECT_TRUE(none.empty());
    const std::string password = "password";
    const secret_view secret = password.c_str();
    EXPECT_EQ(secret.size(), 8u);
    EXPECT_EQ(secret.reveal().data(), password.c_str());
    EXPECT_TRUE(secret == secret_view{std::string_view{"password"}});
    EXPECT_FALSE(secret == none);
}

template <class T>
concept shown = requires(std::ostream& to, T value) {
    to << value;
};
static_assert(shown<std::string_view> && !shown<secret_view>);

} // namespace
} // namespace postrider

// The time of each step: which bars there are, and how they are drawn.
#include "probe/waterfall.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace {

using namespace postrider;
using namespace postrider::cli;
using namespace std::chrono_literals;
using testing::HasSubstr;

probe_result seen() {
    probe_result r;
    r.lookup = 10ms;
    r.connect = 10ms;
    r.total = 100ms;
    r.steps = {{.where = phase::greeting, .code = 220, .begun = 20ms, .ended = 30ms},
               {.where = phase::starttls, .handshake = true, .begun = 30ms, .ended = 60ms},
               {.where = phase::rcpt, .command = "RCPT TO:<a@a.example>", .code = 250, .begun = 60ms, .ended = 80ms},
               {.where = phase::rcpt, .command = "RCPT TO:<b@b.example>", .code = 250, .begun = 60ms, .ended = 85ms},
               {.where = phase::content, .command = "BDAT 10 LAST", .begun = 60ms}};
    return r;
}

std::string drawn(const std::vector<bar>& bars, const canvas& on) {
    std::ostringstream to;
    print(to, bars, {}, on);
    return to.str();
}

TEST(waterfall, a_bar_for_each_step_and_one_for_several_of_a_kind) {
    const std::vector<bar> bars = bars_of(seen());
    ASSERT_EQ(bars.size(), 6u);
    EXPECT_EQ(bars[0].name, "lookup");
    EXPECT_EQ(bars[1].begun, 10ms);
    EXPECT_EQ(bars[3].name, "TLS");
    EXPECT_EQ(bars[3].what, bar::kind::tls);
    EXPECT_EQ(bars[4].name, "RCPT x2");
    EXPECT_EQ(bars[4].ended, 85ms);
    EXPECT_EQ(bars[5].name, "BDAT");
    EXPECT_EQ(bars[5].ended, 100ms); // nothing came: it was waited for to the end
}

TEST(waterfall, in_ascii) {
    EXPECT_EQ(drawn(bars_of(seen()), {.width = 68}), R"(  lookup         10.0 ms  ====
  connect        10.0 ms      ====
  greeting       10.0 ms          ====
  TLS            30.0 ms              ============
  RCPT x2        25.0 ms                          ==========
  BDAT           40.0 ms                          ================
)");
}

TEST(waterfall, in_blocks_of_an_eighth) {
    const std::vector<bar> bars{{.name = "a", .begun = 0ns, .ended = 320ns},
                                {.name = "b", .begun = 8ns, .ended = 9ns},
                                {.name = "c", .begun = 16ns, .ended = 28ns}};
    EXPECT_EQ(drawn(bars, {.width = 68, .blocks = true}),
              "  a              0.32 us  ████████████████████████████████████████\n"
              "  b              0.00 us   ▏\n"
              "  c              0.01 us    █▌\n");
}

TEST(waterfall, fits_every_width) {
    for (const unsigned width : {0u, 20u, 50u, 80u, 200u}) {
        std::istringstream lines{drawn(bars_of(seen()), {.width = width})};
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(line.size(), std::max(50u, std::min(width, 100u))) << line;
    }
}

TEST(waterfall, nothing_is_no_picture_to_divide_by) {
    EXPECT_EQ(drawn({}, {}), "");
    EXPECT_THAT(draw({}, "smtp://mail.example").document(), HasSubstr("smtp://mail.example"));
}

TEST(waterfall, as_a_picture_with_a_tooltip_for_each_bar) {
    const std::string picture = draw(seen(), "smtp://mail.example <now>").document();
    EXPECT_THAT(picture, HasSubstr("<title>RCPT x2: 25.0 ms</title>"));
    EXPECT_THAT(picture, HasSubstr("smtp://mail.example &lt;now&gt;"));
}

TEST(waterfall, blocks_are_for_utf_8) {
    const auto with = [](const char* all, const char* type, const char* lang) {
        ::setenv("LC_ALL", all, 1);
        ::setenv("LC_CTYPE", type, 1);
        ::setenv("LANG", lang, 1);
        return shows_blocks();
    };
    EXPECT_TRUE(with("C.UTF-8", "", ""));
    EXPECT_TRUE(with("", "", "de_DE.utf8"));
    EXPECT_FALSE(with("C", "C.UTF-8", "C.UTF-8"));
    EXPECT_FALSE(with("", "", ""));
}

} // namespace

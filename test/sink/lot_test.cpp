// Faults by lot: the same ones for the same seed, about as many as they should be, and what was taken is known.
#include <gmock/gmock.h>

#include "postrider/sink/sink.hpp"
#include "script.hpp"
#include "wire.hpp"

namespace postrider::sink::test {

namespace {

script parsed(std::string_view text) {
    script rules;
    EXPECT_EQ(script::parse(text, rules), std::nullopt);
    return rules;
}

occasion command(verb verb, std::uint64_t number, std::uint64_t connection = 1) {
    return {occasion::kind::command, connection, number, verb, 1, {}};
}

struct tally {
    int refused = 0, closed = 0, reset = 0, decided = 0;
};
tally of_a_hundred_thousand(const script& rules, verb verb) {
    tally seen;
    for (std::uint64_t i = 1; i <= 100'000; ++i) {
        const effect does = rules.at(command(verb, i));
        seen.refused += does.reply ? 1 : 0;
        seen.closed += does.ending == ending::close ? 1 : 0;
        seen.reset += does.ending == ending::reset ? 1 : 0;
        seen.decided += does.accept ? 1 : 0;
        EXPECT_FALSE(does.reply && does.carries_out());
    }
    return seen;
}

} // namespace

TEST(Lot, SaysWhatIsWrong) {
    const auto wrong = [](std::string_view text) { return check_script(text).value_or(""); };
    EXPECT_EQ(wrong("random seed 42 refuse 5%"), "");
    EXPECT_EQ(wrong("random seed 42 on MAIL RSET content connection 2+ refuse 5% close 0.1% reset 0.0001%"), "");
    EXPECT_EQ(wrong("random refuse 5%"), "line 1: 'random' needs 'seed N'");
    EXPECT_EQ(wrong("random seed x refuse 5%"), "line 1: 'seed' needs a number, not 'x'");
    EXPECT_EQ(wrong("random seed 1"), "line 1: a rule without an action");
    EXPECT_EQ(wrong("random seed 1 on refuse 5%"), "line 1: 'on' needs an event, not 'refuse'");
    EXPECT_EQ(wrong("random seed 1 delay 5ms"), "line 1: 'random' can refuse, close and reset, not 'delay'");
    EXPECT_EQ(wrong("random seed 1 refuse 60% close 41%"), "line 1: more than 100% in all");
    for (const auto* bad : {"5", "%", "x%", "101%", "1.%", "0.00001%", "-1%", "1.-1%"})
        EXPECT_EQ(wrong(std::string{"random seed 1 refuse "} + bad),
                  std::string{"line 1: 'refuse' needs a percentage such as 5% or 0.1%, not '"} + bad + "'");
}

TEST(Lot, ComesAboutAsOftenAsItShould) {
    const tally seen = of_a_hundred_thousand(parsed("random seed 42 refuse 5% close 1% reset 0.5%"), verb::mail);
    EXPECT_NEAR(seen.refused, 5000, 300);
    EXPECT_NEAR(seen.closed, 1000, 150);
    EXPECT_NEAR(seen.reset, 500, 100);
    EXPECT_NEAR(seen.decided, 750, 150);
}

TEST(Lot, DependsOnSeedConnectionAndNumberAlone) {
    const script one = parsed("random seed 1 refuse 50%"), two = parsed("random seed 2 refuse 50%");
    int same_seed = 0, same_connection = 0;
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        const auto drawn = one.at(command(verb::mail, i)).reply;
        EXPECT_EQ(drawn, one.at(command(verb::mail, i)).reply);
        EXPECT_EQ(drawn, one.at(command(verb::bdat, i)).reply);
        same_seed += drawn.has_value() == two.at(command(verb::mail, i)).reply.has_value() ? 1 : 0;
        same_connection += drawn.has_value() == one.at(command(verb::mail, i, 2)).reply.has_value() ? 1 : 0;
    }
    EXPECT_NEAR(same_seed, 500, 100);
    EXPECT_NEAR(same_connection, 500, 100);
}

TEST(Lot, ConcernsTheEventsThatAreNamed) {
    const script usual = parsed("random seed 1 refuse 100%"),
                 named = parsed("random seed 1 on RSET content refuse 100%"),
                 other = parsed("random seed 1 on command connection 2 refuse 100%");
    for (const auto one : {verb::mail, verb::rcpt, verb::data, verb::bdat}) {
        EXPECT_TRUE(usual.at(command(one, 1)).reply);
        EXPECT_FALSE(named.at(command(one, 1)).reply);
    }
    const occasion content{occasion::kind::content, 1, 1, verb::unknown, 0, {}};
    EXPECT_TRUE(usual.at(content).reply);
    EXPECT_TRUE(named.at(content).reply);
    EXPECT_FALSE(usual.at(command(verb::rset, 1)).reply);
    EXPECT_FALSE(usual.at(command(verb::quit, 1)).reply);
    EXPECT_TRUE(named.at(command(verb::rset, 1)).reply);
    EXPECT_FALSE(other.at(command(verb::noop, 1)).reply);
    EXPECT_TRUE(other.at(command(verb::noop, 1, 2)).reply);
    EXPECT_FALSE(usual.at({occasion::kind::greeting, 1, 1, verb::unknown, 0, {}}).reply);
    EXPECT_EQ(usual.throughout(1).pace, pace{});
}

// A client that reads each reply knows exactly which mails were taken.
TEST(Lot, WhatWasRefusedWasNotTaken) {
    config settings = keeping();
    settings.script = "random seed 7 on MAIL RCPT DATA BDAT content RSET refuse 10%";
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    std::vector<std::string> taken;
    int refused = 0;
    for (int i = 0; i < 500; ++i) {
        const std::string content = std::to_string(1000 + i);
        c.send("RSET\r\nMAIL FROM:<" + content + "@a.example>\r\nRCPT TO:<b@example.com>\r\nBDAT 4 LAST\r\n" + content);
        std::string last;
        for (int replies = 0; replies < 4; ++replies) {
            last = c.read_reply();
            refused += last[0] != '2' ? 1 : 0;
        }
        if (last[0] == '2') taken.push_back(content);
    }
    EXPECT_GT(refused, 100);
    EXPECT_LT(taken.size(), 400U);
    std::vector<std::string> queued;
    for (const auto& one : f.sink.mails()) queued.push_back(one.content);
    EXPECT_EQ(queued, taken);
}

TEST(Lot, ClosesBeforeAndAfterItDecides) {
    config settings = keeping();
    settings.script = "random seed 3 on content close 100%";
    fixture f{settings};
    for (int i = 0; i < 20; ++i) {
        client c{f.port};
        c.read_reply();
        c.send("HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n.\r\n");
        for (int replies = 0; replies < 4; ++replies) c.read_reply();
        EXPECT_EQ(c.read_to_end(), "");
    }
    ASSERT_TRUE(f.sink.wait_for_connections_closed(20, patience));
    const report seen = f.sink.report();
    EXPECT_GT(seen.total.mails, 3U);
    EXPECT_LT(seen.total.mails, 17U);
    EXPECT_EQ(seen.undelivered.size(), seen.total.mails);
}

} // namespace postrider::sink::test

#include "script.hpp"

#include <gtest/gtest.h>

#include "postrider/sink/sink.hpp"

namespace postrider::sink {

namespace {

script parsed(std::string_view text) {
    script rules;
    EXPECT_EQ(script::parse(text, rules), std::nullopt);
    return rules;
}

occasion rcpt(std::uint64_t number, std::uint64_t connection = 1) {
    return {occasion::kind::command, connection, 10, verb::rcpt, number, "RCPT TO:<b@example.com>"};
}

} // namespace

TEST(Script, SaysWhatIsWrongAndWhere) {
    const auto wrong = [](std::string_view text) { return check_script(text).value_or(""); };
    EXPECT_EQ(wrong(""), "");
    EXPECT_EQ(wrong("# nothing\n\n  ;; \nsplit 1 # each octet"), "");
    EXPECT_EQ(wrong("split 1\non RCPT clsoe"), "line 2: unknown action or event 'clsoe'");
    EXPECT_EQ(wrong("on RCPT"), "line 1: a rule without an action");
    EXPECT_EQ(wrong("\n\non RCPT reply 451"), "line 3: 'reply' needs a string in quotes, not '451'");
    EXPECT_EQ(wrong("on RCPT reply \"451"), "line 1: a string without its closing quote");
    EXPECT_EQ(wrong("on RCPT reply \"\\q\""), "line 1: unknown escape \\q (known: \\r \\n \\t \\0 \\\\ \\\" \\xHH)");
    EXPECT_EQ(wrong("on RCPT 0 close"), "line 1: '0' is no range (2, 2-5 and 2+ are)");
    EXPECT_EQ(wrong("on RCPT 5-2 close"), "line 1: '5-2' is no range (2, 2-5 and 2+ are)");
    EXPECT_EQ(wrong("on RCPT delay 5"), "line 1: 'delay' needs a time such as 500ms or 2s, not '5'");
    EXPECT_EQ(wrong("close"), "line 1: 'close' needs an event: on EVENT close");
    EXPECT_EQ(wrong("on RCPT window 5"), "line 1: 'window' is for whole connections and takes no event");
    EXPECT_EQ(wrong("cut 5"), "line 1: 'cut' is 'cut in N', 'cut out N' or 'cut handshake N'");
    EXPECT_EQ(wrong("split many"), "line 1: 'split' needs a number, not 'many'");
    EXPECT_EQ(wrong("split 0"), "line 1: 'split' needs at least 1");
}

TEST(Script, AppliesToTheEventsThatItNames) {
    const script rules = parsed("on RCPT 2-3 close; on connection 2 RCPT reset\non MAIL half-close");
    EXPECT_EQ(rules.at(rcpt(1)).ending, ending::none);
    EXPECT_EQ(rules.at(rcpt(2)).ending, ending::close);
    EXPECT_EQ(rules.at(rcpt(3)).ending, ending::close);
    EXPECT_EQ(rules.at(rcpt(4)).ending, ending::none);
    EXPECT_EQ(rules.at(rcpt(1, 2)).ending, ending::reset);
    EXPECT_EQ(rules.at(rcpt(2, 2)).ending, ending::close); // the earlier rule wins
}

TEST(Script, CountsCommandsOfAnyVerb) {
    const script rules = parsed("on command 10+ connection 1 reply \"421 bye\" close-after-reply");
    EXPECT_EQ(rules.at(rcpt(1)).reply, "421 bye\r\n");
    EXPECT_TRUE(rules.at(rcpt(1)).ends_after_reply);
    EXPECT_FALSE(rules.at(rcpt(1, 2)).reply);
}

TEST(Script, LooksIntoTheCommandLine) {
    const script rules = parsed("on RCPT matching \"<b@\" reply \"550 no\"; on RCPT matching \"<c@\" close");
    EXPECT_EQ(rules.at(rcpt(1)).reply, "550 no\r\n");
    EXPECT_EQ(rules.at(rcpt(1)).ending, ending::none);
}

TEST(Script, CombinesActions) {
    const effect does = parsed("on RCPT raw \"250\\x20o\" delay 2s split 2 drip 5ms; on RCPT delay 1ms").at(rcpt(1));
    EXPECT_EQ(does.reply, "250 o");
    EXPECT_EQ(does.delay, std::chrono::milliseconds{2001});
    EXPECT_EQ(does.pace, (pace{2, std::chrono::milliseconds{5}}));
    EXPECT_TRUE(does.carries_out());
}

TEST(Script, DecidesByTheReply) {
    EXPECT_TRUE(parsed("on RCPT reply \"250-a\\r\\n250 b\"").at(rcpt(1)).carries_out());
    EXPECT_FALSE(parsed("on RCPT reply \"451 a\"").at(rcpt(1)).carries_out());
    EXPECT_FALSE(parsed("on RCPT garbage 10").at(rcpt(1)).carries_out());
    EXPECT_TRUE(parsed("on RCPT garbage 10 accept").at(rcpt(1)).carries_out());
    EXPECT_FALSE(parsed("on RCPT close").at(rcpt(1)).carries_out());
    EXPECT_TRUE(parsed("on RCPT close-before-reply").at(rcpt(1)).carries_out());
    EXPECT_TRUE(parsed("on RCPT close-after-reply").at(rcpt(1)).carries_out());
    EXPECT_FALSE(parsed("on RCPT endless lines").at(rcpt(1)).carries_out());
}

TEST(Script, HoldsForWholeConnections) {
    const script rules = parsed("split 3 drip 1ms; on connection 2 cut out 7 reset; window 100 every 5ms");
    EXPECT_EQ(rules.throughout(1).pace.piece, 3U);
    EXPECT_FALSE(rules.throughout(1).cut_out);
    EXPECT_EQ(rules.throughout(2).cut_out, 7U);
    EXPECT_EQ(rules.throughout(2).cut_ending, ending::reset);
    EXPECT_EQ(rules.throughout(2).window, 100U);
    EXPECT_EQ(rules.throughout(2).window_interval, std::chrono::milliseconds{5});
}

TEST(Script, ExplainsItself) {
    for (const auto* word : {"connect", "matching", "raw", "endless lines", "half-close", "window"})
        EXPECT_NE(script_help().find(word), std::string_view::npos) << word;
}

} // namespace postrider::sink

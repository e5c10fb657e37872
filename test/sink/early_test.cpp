// What a client sends before the reply that it must wait for.
#include <gtest/gtest.h>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

std::uint64_t early(bool pipelining, std::string_view group) {
    config settings;
    settings.offers.pipelining = pipelining;
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    c.send(group);
    c.half_close();
    c.read_to_end();
    EXPECT_TRUE(f.sink.wait_for_connections_closed(1, patience));
    return f.sink.report().total.early_octets;
}

} // namespace

TEST(Early, MailRcptAndDataMayShareAGroup) {
    constexpr std::string_view group = "MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";
    EXPECT_EQ(early(true, group), 0U);
    EXPECT_EQ(early(false, group), group.size() - sizeof("MAIL FROM:<>\r\n") + 1);
}

TEST(Early, ContentMustWaitForItsGoAhead) {
    EXPECT_EQ(early(true, "MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\n"), 6U);
}

TEST(Early, ChunksNeedNotWait) {
    EXPECT_EQ(early(true, "MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 1 LAST\r\nxRSET\r\nMAIL FROM:<>\r\n"), 0U);
}

TEST(Early, NothingMayFollowNoop) { EXPECT_EQ(early(true, "NOOP\r\nRSET\r\n"), 6U); }

TEST(Early, NothingMayComeBeforeTheGreeting) {
    config settings;
    settings.script = "on greeting delay 50ms";
    fixture f{settings};
    client c{f.port};
    c.send(hello);
    c.read_reply();
    c.read_reply();
    // Nothing is read while the greeting is late, so only hold mode sees these; the dialog goes on all the same.
    EXPECT_EQ(f.sink.report().verbs.at("EHLO"), 1U);
}

TEST(Early, HoldModeSeesWhatComesBeforeTheGreeting) {
    config settings;
    settings.hold = true;
    settings.quiet = 200ms;
    fixture f{settings};
    client c{f.port};
    c.send(hello);
    c.read_reply();
    c.read_reply();
    EXPECT_EQ(f.sink.report().total.early_octets, hello.size());
}

} // namespace postrider::sink::test

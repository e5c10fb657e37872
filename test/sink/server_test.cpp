#include <gmock/gmock.h>
#include <memory>
#include <set>
#include <thread>

#include "wire.hpp"

namespace postrider::sink::test {

using testing::HasSubstr;

TEST(Server, ListensOnBothFamilies) {
    config settings;
    settings.listen = {"127.0.0.1:0", "[::1]:0"};
    server sink{settings};
    ASSERT_NE(sink.start(), 0);
    const auto endpoints = sink.endpoints();
    ASSERT_EQ(endpoints.size(), 2U);
    EXPECT_EQ(endpoints[1].text(), "[::1]:" + std::to_string(endpoints[1].port));
    for (const auto& where : endpoints) {
        client c{where.port, where.address.c_str()};
        play(c, "S: 220 ...\nC: QUIT\nS: 221 ...");
    }
    EXPECT_TRUE(sink.wait_for_connections_closed(2, patience));
}

TEST(Server, SaysWhyItCannotStart) {
    const auto failed = [](const auto& change) {
        config settings;
        change(settings);
        server sink{settings};
        EXPECT_EQ(sink.start(), 0);
        return sink.failure().value_or(failure{});
    };
    fixture taken;
    const auto in_use = failed([&](config& c) { c.listen = {"127.0.0.1:" + std::to_string(taken.port)}; });
    EXPECT_EQ(in_use.what, failure::kind::address);
    EXPECT_THAT(in_use.text, HasSubstr("in use"));
    EXPECT_EQ(failed([](config& c) { c.listen = {"nowhere"}; }).what, failure::kind::configuration);
    EXPECT_EQ(failed([](config& c) { c.listen = {"[::1]:99999"}; }).what, failure::kind::configuration);
    EXPECT_THAT(failed([](config& c) { c.script = "on\nbad"; }).text, HasSubstr("line 1"));
    EXPECT_EQ(failed([](config& c) { c.folder = "/proc/nowhere"; }).what, failure::kind::folder);
}

TEST(Server, TellsOneTooManyToComeBack) {
    config settings;
    settings.max_open_connections = 1;
    fixture f{settings};
    client first{f.port};
    first.read_reply();
    client second{f.port};
    EXPECT_THAT(second.read_to_end(), testing::StartsWith("421 "));
}

TEST(Server, StopsAfterEnoughConnections) {
    config settings;
    settings.stop_after_connections = 2;
    server sink{settings};
    ASSERT_EQ(sink.open(), std::nullopt);
    const auto port = sink.endpoints().front().port;
    std::thread clients{[&] {
        for (int i = 0; i < 2; ++i) {
            client c{port};
            play(c, "S: 220 ...\nC: QUIT\nS: 221 ...");
        }
    }};
    sink.run();
    clients.join();
    EXPECT_EQ(sink.report().connections, 2U);
}

TEST(Server, StopsAfterEnoughMails) {
    config settings;
    settings.stop_after_mails = 1;
    server sink{settings};
    ASSERT_EQ(sink.open(), std::nullopt);
    client c{sink.endpoints().front().port};
    c.send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n.\r\nQUIT\r\n");
    sink.run();
    EXPECT_EQ(sink.report().total.mails, 1U);
}

TEST(Server, ServesManyAtOnce) {
    fixture f{keeping()};
    std::vector<std::unique_ptr<client>> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(std::make_unique<client>(f.port));
        clients.back()->send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" + std::to_string(i) +
                             "\r\n");
    }
    for (auto& one : clients) one->send(".\r\nQUIT\r\n");
    for (auto& one : clients) EXPECT_THAT(one->read_to_end(), HasSubstr("queued as"));
    EXPECT_EQ(f.sink.report().total.mails, 200U);
    std::set<std::string> contents;
    for (const auto& one : f.sink.mails()) contents.insert(one.content);
    EXPECT_EQ(contents.size(), 200U);
}

TEST(Server, CallsForEachMailBeforeItsReply) {
    config settings;
    std::string heard;
    settings.on_mail = [&](const mail& taken) { heard = taken.content; };
    fixture f{settings};
    client c{f.port};
    c.send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n");
    c.read_to_end();
    f.sink.stop();
    EXPECT_EQ(heard, "x\r\n");
}

TEST(Server, WaitsNoLongerThanItIsTold) {
    fixture f;
    EXPECT_FALSE(f.sink.wait_for_mails(1, 1ms));
    EXPECT_TRUE(f.sink.wait_for_mails(0, 0ms));
}

} // namespace postrider::sink::test

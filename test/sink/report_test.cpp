#include "postrider/sink/report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "wire.hpp"

namespace postrider::sink::test {

TEST(Report, CountsAndSaysSoInJson) {
    fixture f;
    client c{f.port};
    play(c, R"(
        S: 220 ...
        C: HELO client.example
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: RCPT TO:<c@example.com>
        S: 250 ...
        C: RCPT TO:<bad
        S: 501 ...
        C: DATA
        S: 354 ...
        C: 12
        C: .
        S: 250 ...
        C: QUIT
        S: 221 ...
    )");
    ASSERT_TRUE(f.sink.wait_for_connections_closed(1, patience));
    const auto json = nlohmann::json::parse(f.sink.report().to_json());
    EXPECT_EQ(json["connections"], 1);
    EXPECT_EQ(json["open_connections"], 0);
    EXPECT_EQ(json["mails"], 1);
    EXPECT_EQ(json["replies_delivered"], 1);
    EXPECT_EQ(json["recipients"], 2);
    EXPECT_EQ(json["refused_recipients"], 1);
    EXPECT_EQ(json["content_octets"], 4);
    EXPECT_EQ(json["commands"], 7);
    EXPECT_EQ(json["errors"], 1);
    EXPECT_EQ(json["verbs"]["RCPT"], 3);
    EXPECT_EQ(json["waits_exact"], false);
    EXPECT_EQ(json["per_connection"][0]["mails"], 1);
    EXPECT_EQ(json["per_connection"][0]["ending"], "quit");
}

TEST(Report, ForgetsOldConnectionsButNotTheirSums) {
    config settings;
    settings.connection_reports = 2;
    fixture f{settings};
    for (std::uint64_t i = 1; i <= 5; ++i) {
        client c{f.port};
        play(c, "S: 220 ...\nC: NOOP\nS: 250 ...\nC: QUIT\nS: 221 ...");
        ASSERT_TRUE(f.sink.wait_for_connections_closed(i, patience));
    }
    const report seen = f.sink.report();
    EXPECT_EQ(seen.connections, 5U);
    EXPECT_EQ(seen.verbs.at("NOOP"), 5U);
    ASSERT_EQ(seen.per_connection.size(), 2U);
    EXPECT_EQ(seen.per_connection.front().number, 4U);
}

} // namespace postrider::sink::test

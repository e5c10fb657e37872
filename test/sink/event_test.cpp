#include "postrider/sink/event.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

using nlohmann::json;

// Plays lines against a sink and gives back all that it told, the end included.
std::vector<json> told(config settings, std::string_view script) {
    std::vector<json> all;
    settings.on_event = [&](const event& what) { all.push_back(json::parse(what.to_json())); };
    fixture f{std::move(settings)};
    {
        client c{f.port};
        play(c, script);
    }
    if (!f.sink.wait_for_connections_closed(1, patience)) ADD_FAILURE() << "the connection did not end";
    f.sink.stop();
    return all;
}

std::vector<std::string> names(const std::vector<json>& all) {
    std::vector<std::string> each;
    for (const auto& one : all) each.push_back(one.at("event"));
    return each;
}

} // namespace

TEST(Events, TellAMailFromItsConnectionToTheEnd) {
    const auto all = told({}, R"(
        S: 220 ...
        C: HELO client.example
        S: 250 ...
        C: MAIL FROM:<a@example.com>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: 12
        C: .
        S: 250 ...
        C: QUIT
        S: 221 ...
    )");
    ASSERT_THAT(names(all), testing::ElementsAre("listening", "connected", "mail", "closed", "ended"));
    EXPECT_FALSE(all[0].contains("connection"));
    EXPECT_EQ(all[1]["connection"], 1);
    EXPECT_EQ(all[2]["mail"]["from"], "a@example.com");
    EXPECT_EQ(all[2]["mail"]["recipients"][0]["address"], "b@example.com");
    EXPECT_EQ(all[2]["mail"]["octets"], 4);
    EXPECT_TRUE(all[2]["file"].is_null());
    EXPECT_EQ(all[2]["waits"], 6) << "connect, greeting, HELO, MAIL, RCPT, DATA";
    EXPECT_EQ(all[3]["ending"], "quit");
    EXPECT_EQ(all[3]["waits"], 7);
    EXPECT_EQ(all[4]["report"]["mails"], 1);
    EXPECT_EQ(all[4]["report"]["open_connections"], 0);
}

TEST(Events, TellWhatWasRefusedAndToWhom) {
    config settings;
    settings.script = "on RCPT 2 reply \"550-5.1.1 who?\\r\\n550 5.1.1 nobody\"\non content reply \"451 later\"";
    const auto all = told(settings, R"(
        S: 220 ...
        C: NONSENSE
        S: 500 ...
        C: HELO client.example
        S: 250 ...
        C: MAIL FROM:<a@example.com>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: RCPT TO:<c@example.com>
        S: 550-5.1.1 ...
        S: 550 ...
        C: RCPT TO:<bad
        S: 501 ...
        C: DATA
        S: 354 ...
        C: 12
        C: .
        S: 451 ...
        C: QUIT
        S: 221 ...
    )");
    ASSERT_THAT(names(all), testing::ElementsAre("listening", "connected", "refused", "refused", "refused", "refused",
                                                 "closed", "ended"));
    EXPECT_EQ(all[2]["command"], "unknown");
    EXPECT_FALSE(all[2].contains("from")) << "outside a mail";
    EXPECT_EQ(all[3]["command"], "RCPT");
    EXPECT_EQ(all[3]["address"], "c@example.com");
    EXPECT_EQ(all[3]["reply"], "550-5.1.1 who?\n550 5.1.1 nobody");
    EXPECT_EQ(all[3]["from"], "a@example.com");
    EXPECT_EQ(all[4]["address"], "TO:<bad");
    EXPECT_EQ(all[5]["command"], "content");
    EXPECT_EQ(all[5]["recipients"], json({"b@example.com"}));
    EXPECT_EQ(all[5]["octets"], 4);
}

TEST(Events, TellAuthWithoutItsSecret) {
    config settings;
    settings.users = {{"user", "s3cret"}};
    settings.script = "on AUTH 3 reply \"235 2.7.0 whoever you are\"";
    std::vector<std::string> lines;
    settings.on_event = [&](const event& what) { lines.push_back(what.to_json()); };
    fixture f{settings};
    for (const auto* const initial : {"AHVzZXIAd3Jvbmc=", "AHVzZXIAczNjcmV0"}) { // wrong, s3cret
        client c{f.port};
        c.read_reply();
        c.send(hello);
        c.read_reply();
        c.send(std::string{"AUTH PLAIN "} + initial + "\r\n");
        c.read_reply();
        c.send("AUTH PLAIN\r\n");
        c.read_reply();
        c.send("AUTH PLAIN =\r\n");
        c.read_reply();
    }
    ASSERT_TRUE(f.sink.wait_for_connections_closed(2, patience));
    f.sink.stop();
    std::vector<std::string> seen;
    for (const auto& line : lines) {
        EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
        EXPECT_EQ(line.find("AHVzZXIA"), std::string::npos) << line;
        const json one = json::parse(line);
        if (one["event"] == "authenticated") seen.push_back("yes " + one["user"].get<std::string>());
        if (one["event"] == "refused") seen.push_back("no " + one["reply"].get<std::string>().substr(0, 3));
    }
    // The first client: 535, then the answer to a 334 that is none of base64. The second: let in, and in already.
    EXPECT_THAT(seen, testing::ElementsAre("no 535", "no 501", "yes user", "no 503", "yes "));
}

TEST(Events, TellEachRecipientOverLmtp) {
    config settings;
    settings.protocol = protocol::lmtp;
    settings.script = "on content matching \"b@\" reply \"550 5.2.2 full\"";
    const auto all = told(settings, R"(
        S: 220 ...
        C: LHLO client.example
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250-...
        S: 250 ...
        C: MAIL FROM:<>
        S: 250 ...
        C: RCPT TO:<a@example.com>
        S: 250 ...
        C: RCPT TO:<b@example.com>
        S: 250 ...
        C: DATA
        S: 354 ...
        C: .
        S: 250 ...
        S: 550 ...
        C: QUIT
        S: 221 ...
    )");
    ASSERT_THAT(names(all), testing::ElementsAre("listening", "connected", "mail", "refused", "closed", "ended"));
    EXPECT_EQ(all[2]["mail"]["recipients"].size(), 1U);
    EXPECT_EQ(all[3]["address"], "b@example.com");
}

TEST(Events, TellTlsAndWhyItFailed) {
    std::vector<json> all;
    config settings = secured();
    settings.on_event = [&](const event& what) { all.push_back(json::parse(what.to_json())); };
    fixture f{settings};
    for (const bool shakes : {true, false}) {
        client c{f.port};
        c.read_reply();
        c.send(hello);
        c.read_reply();
        c.send("STARTTLS\r\n");
        c.read_reply();
        if (shakes) {
            EXPECT_TRUE(c.start_tls());
        } else {
            c.send("this is no handshake at all");
            c.read_to_end();
        }
        c.close();
        ASSERT_TRUE(f.sink.wait_for_connections_closed(shakes ? 1 : 2, patience)); // one after the other
    }
    f.sink.stop();
    ASSERT_THAT(names(all), testing::ElementsAre("listening", "connected", "tls", "closed", "connected", "tls_failed",
                                                 "closed", "ended"));
    EXPECT_EQ(all[2]["tls"]["version"], "TLSv1.3");
    EXPECT_NE(all[5]["tls"]["failure"], "");
}

} // namespace postrider::sink::test

// The loop between a session and a stream: how long it waits for what, and what it makes of what the stream says.
#include "postrider/io/drive.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace postrider {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// Each transfer is answered by the next step; the last one is repeated.
struct scripted_stream {
    struct step {
        std::string says{};
        bool takes = true;
        errc error = errc::ok;
        bool end_of_stream = false;
    };

    transfer_result transfer(std::span<const std::string_view> out, std::span<char> in, deadline until) {
        const step& now = steps[std::min(deadlines.size(), steps.size() - 1)];
        deadlines.push_back(until);
        transfer_result r;
        if (now.takes)
            for (const std::string_view part : out) {
                sent += part;
                r.written += part.size();
            }
        std::copy(now.says.begin(), now.says.end(), in.begin());
        r.read = now.says.size();
        r.error = now.error;
        r.end_of_stream = now.end_of_stream;
        std::this_thread::sleep_for(2ms);
        return r;
    }

    std::vector<step> steps;
    std::vector<deadline> deadlines;
    std::string sent;
};

// Up to the wait for the answer to the content, or to the content that waits for room.
struct driving {
    driving() {
        EXPECT_EQ(s.start({.client = *domain::parse("client.example")}), errc::ok);
        EXPECT_EQ(s.send(mail), errc::ok);
        stream.steps = {{"220 x\r\n"}, {}, {"250 x\r\n"}, {}, {"250 x\r\n"}, {}, {"250 x\r\n"}, {}, {"354 x\r\n"}};
    }
    errc drive() { return postrider::drive(s, stream, text_content{"Hello.\r\n"}); }

    recipient to[1] = {{*mailbox::parse("to@example.com"), {}}};
    envelope mail{*mailbox::parse("from@example.com"), to};
    session<> s;
    scripted_stream stream;
};

TEST(Drive, OctetsThatCompleteNoReplyBuyNoTimeWhileNothingIsTaken) {
    driving d;
    const std::size_t first = d.stream.steps.size();
    for (const char* drip : {"2", "5", "0", "-", "x"}) d.stream.steps.push_back({drip, false});
    d.stream.steps.push_back({"", false, errc::timed_out});
    EXPECT_EQ(d.drive(), errc::timed_out);
    ASSERT_EQ(d.stream.deadlines.size(), first + 6);
    for (std::size_t i = first; i != d.stream.deadlines.size(); ++i)
        EXPECT_EQ(d.stream.deadlines[i], d.stream.deadlines[first]) << i - first;
    EXPECT_EQ(d.to[0].result.what, outcome::deferred);
}

TEST(Drive, NorWhileTheReplyIsWaitedFor) {
    driving d;
    const std::size_t first = d.stream.steps.size() + 1;
    d.stream.steps.push_back({});
    for (const char* drip : {"2", "5", "0", "-", "x"}) d.stream.steps.push_back({drip});
    d.stream.steps.push_back({"", true, errc::timed_out});
    EXPECT_EQ(d.drive(), errc::timed_out);
    ASSERT_EQ(d.stream.deadlines.size(), first + 6);
    for (std::size_t i = first; i != d.stream.deadlines.size(); ++i)
        EXPECT_EQ(d.stream.deadlines[i], d.stream.deadlines[first]) << i - first;
    EXPECT_EQ(d.to[0].result.what, outcome::unknown);
}

TEST(Drive, WhatIsTakenBuysTime) {
    driving d;
    const std::size_t sent = d.stream.steps.size();
    d.stream.steps.push_back({});
    d.stream.steps.push_back({"", true, errc::timed_out});
    EXPECT_EQ(d.drive(), errc::timed_out);
    EXPECT_GT(d.stream.deadlines[sent + 1], d.stream.deadlines[sent]);
    EXPECT_LE(d.stream.deadlines[sent + 1], clock::now() + 600s);
}

} // namespace
} // namespace postrider

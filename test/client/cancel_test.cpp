// A connection that is cancelled after each of its steps, in each kind of dialog: every mail has a result that agrees with what
// the server has, and nothing is left open.
#include "support.hpp"

#include "postrider/connection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <poll.h>

namespace {

using namespace postrider;
using namespace test;

struct scenario {
    const char* name;
    sink::config server;
    client_options options;
    const char* scheme = "smtp";
};

void PrintTo(const scenario& s, std::ostream* to) { *to << s.name; }

std::vector<scenario> scenarios() {
    std::vector<scenario> all;
    all.push_back({"pipelined", clear_config(), in_clear()});
    auto plain = clear_config();
    plain.offers = sink::extensions::none();
    all.push_back({"one command at a time", plain, in_clear()});
    auto by_data = clear_config();
    by_data.offers.chunking = false;
    all.push_back({"by DATA", by_data, in_clear()});
    auto ahead = in_clear();
    ahead.look_ahead = 4;
    all.push_back({"look-ahead", clear_config(), ahead});
    auto scram = trusting();
    scram.auth = password("alice", secret{"wonderland"});
    all.push_back({"STARTTLS and SCRAM", secure_config(), scram, "submission"});
    auto implicit = secure_config();
    implicit.tls.implicit = true;
    auto login = scram;
    login.auth.preferred = mechanism::login;
    all.push_back({"implicit TLS and LOGIN", implicit, login, "submissions"});
    auto lmtp = clear_config();
    lmtp.protocol = sink::protocol::lmtp;
    all.push_back({"LMTP", lmtp, in_clear(), "lmtp"});
    auto refusing = clear_config();
    refusing.script = "on RCPT 2 reply \"550 5.1.1 no\"\non content 2 reply \"451 4.3.0 later\"\nsplit 1";
    all.push_back({"refusals, an octet at a time", refusing, in_clear()});
    auto closing = clear_config();
    closing.script = "on connection 1 MAIL 2 close";
    closing.offers.chunking = false;
    all.push_back({"a connection that dies", closing, in_clear()});
    return all;
}

void await(const connection& line) {
    std::vector<pollfd> waits(line.waits().begin(), line.waits().end());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(line.wakes() - std::chrono::steady_clock::now());
    const auto timeout = std::clamp<std::int64_t>(left.count(), 0, 10'000);
    ASSERT_GE(::poll(waits.data(), static_cast<nfds_t>(waits.size()), static_cast<int>(timeout)), 0);
}

class dialogs : public testing::TestWithParam<scenario> {};

/// Plays three mails, and cancels after `steps` of them. False: it was over before.
bool play(const scenario& s, running& sink, std::size_t steps, std::vector<std::optional<send_result>>& results) {
    connection line{server{sink.url(s.scheme), s.options}};
    for (std::size_t i = 0; i != results.size(); ++i)
        line.send(letter({"bob@b.example", "carol@c.example"}, "Subject: " + std::to_string(i) + "\r\n\r\nHello.\r\n"),
                  [&results, i](send_result r) {
                      EXPECT_FALSE(results[i]) << "told twice";
                      results[i] = std::move(r);
                  });
    for (std::size_t n = 0;; ++n) {
        if (n == steps) {
            line.cancel();
            EXPECT_FALSE(line.is_open());
            EXPECT_EQ(line.pending(), 0u);
            EXPECT_TRUE(line.waits().empty());
            EXPECT_TRUE(line.step());
            return true;
        }
        if (line.step() || line.pending() == 0) return false;
        await(line);
    }
}

TEST_P(dialogs, cancelled_after_each_step) {
    const scenario& s = GetParam();
    const std::size_t before = open_descriptors();
    std::optional<running> host{s.server};
    running& sink = *host;
    std::size_t taken_before = 0;
    bool cancelled = true;
    for (std::size_t steps = 0; cancelled; ++steps) {
        ASSERT_LT(steps, 2000u);
        std::vector<std::optional<send_result>> results(3);
        cancelled = play(s, sink, steps, results);
        ASSERT_TRUE(sink.wait_for_connections_closed(sink.report().connections, std::chrono::seconds{10}));
        const auto mails = sink.mails();
        for (std::size_t i = 0; i != results.size(); ++i) {
            ASSERT_TRUE(results[i]) << "after " << steps << " steps nobody was told of mail " << i;
            const send_result& r = *results[i];
            const std::string subject = "Subject: " + std::to_string(i) + "\r\n";
            for (const recipient_result& one : r.recipients) {
                std::size_t copies = 0;
                for (std::size_t m = taken_before; m != mails.size(); ++m)
                    if (mails[m].content.starts_with(subject))
                        copies += static_cast<std::size_t>(
                            std::count_if(mails[m].recipients.begin(), mails[m].recipients.end(),
                                          [&](const sink::recipient& rcpt) { return rcpt.address == one.address; }));
                EXPECT_LE(copies, 1u) << "after " << steps << " steps mail " << i << " arrived twice";
                if (one.what != outcome::unknown) {
                    EXPECT_EQ(copies, one.what == outcome::accepted ? 1u : 0u)
                        << "after " << steps << " steps: " << r.text;
                }
                EXPECT_EQ(r.text.empty(), static_cast<bool>(r)) << r.text;
            }
        }
        taken_before = mails.size();
    }
    host.reset();
    EXPECT_EQ(open_descriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(each, dialogs, testing::ValuesIn(scenarios()), [](const auto& one) {
    std::string name = one.param.name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
});

TEST(destroyed, in_the_middle_of_everything_without_a_leak) {
    for (const scenario& s : scenarios()) {
        const std::size_t before = open_descriptors();
        std::optional<running> host{s.server};
        running& sink = *host;
        for (std::size_t steps = 0; steps != 12; ++steps) {
            connection line{server{sink.url(s.scheme), s.options}};
            line.send(letter(), [](const send_result&) {});
            for (std::size_t n = 0; n != steps && !line.step() && line.pending() != 0; ++n) await(line);
        }
        host.reset();
        EXPECT_EQ(open_descriptors(), before) << s.name;
    }
}

} // namespace

// The pool: what it shares and what it does not, how fast, and what it does with servers that say no, are down, or hang up.
#include "support.hpp"

#include "postrider/pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace postrider;
using namespace test;
using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(pool, sends_a_thousand_mails_from_four_threads) {
    running sink{clear_config()};
    client_options o = in_clear();
    o.look_ahead = 8;
    std::atomic<int> accepted = 0;
    {
        pool p{{sink.url("smtp"), o}, {.connections = 3}};
        std::vector<std::jthread> threads;
        for (int t = 0; t != 4; ++t)
            threads.emplace_back([&, t] {
                std::vector<std::future<send_result>> results;
                for (int i = 0; i != 245; ++i)
                    results.push_back(p.send_later(letter({"bob" + std::to_string(t * 1000 + i) + "@b.example"})));
                for (int i = 0; i != 5; ++i)
                    if (p.send(letter({"carol" + std::to_string(t * 1000 + i) + "@b.example"}))) ++accepted;
                for (auto& r : results)
                    if (r.get()) ++accepted;
            });
        threads.clear();
        EXPECT_TRUE(p.drain(std::chrono::steady_clock::now() + 10s));
        const pool_counters n = p.counters();
        EXPECT_EQ(n.taken, 1000u);
        EXPECT_EQ(n.accepted, 1000u);
        EXPECT_EQ(n.waiting + n.sending + n.open, 0u);
        EXPECT_LE(n.connections, 3u);
        EXPECT_EQ(p.send(letter()).error, errc::wrong_state);
    }
    EXPECT_EQ(accepted, 1000);
    std::set<std::string> seen;
    for (const auto& m : sink.mails()) seen.insert(m.recipients.at(0).address);
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_EQ(sink.mails().size(), 1000u);
    for (const auto& c : sink.report().per_connection) EXPECT_EQ(c.ending, "quit");
}

TEST(pool, shares_a_connection_between_equal_servers_alone) {
    auto config = secure_config();
    config.users.push_back({"carol", "other"});
    running sink{config};
    client_options alice = trusting();
    alice.auth = password("alice", secret{"wonderland"});
    client_options carol = alice;
    carol.auth = password("carol", secret{"other"});
    client_options again = alice;
    again.auth = password("alice", secret{"wonderland"});
    pool p{{sink.url("submission"), alice}};
    EXPECT_TRUE(p.send(letter()));
    std::promise<send_result> by_carol, by_alice;
    p.submit(server{sink.url("submission"), carol}, letter(), [&](send_result r) { by_carol.set_value(std::move(r)); });
    EXPECT_TRUE(by_carol.get_future().get());
    p.submit(server{sink.url("submission"), again}, letter(), [&](send_result r) { by_alice.set_value(std::move(r)); });
    EXPECT_TRUE(by_alice.get_future().get());
    const auto mails = sink.mails();
    ASSERT_EQ(mails.size(), 3u);
    EXPECT_EQ(mails[0].auth_user, "alice");
    EXPECT_EQ(mails[1].auth_user, "carol");
    EXPECT_NE(mails[1].connection, mails[0].connection);
    EXPECT_EQ(mails[2].connection, mails[0].connection);
}

TEST(pool, keeps_to_its_rate) {
    running sink{clear_config()};
    pool p{{sink.url("smtp"), in_clear()}, {.rate = {.mails = 10, .per = 100ms, .burst = 5}}};
    const auto begun = std::chrono::steady_clock::now();
    std::vector<std::future<send_result>> results;
    for (int i = 0; i != 25; ++i) results.push_back(p.send_later(letter()));
    for (auto& r : results) EXPECT_TRUE(r.get());
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(took, 199ms) << "5 at once, and 20 at 10 in 100 ms";
    EXPECT_LT(took, 5s);
}

TEST(pool, goes_on_where_a_server_closes_an_idle_connection) {
    auto config = clear_config();
    config.idle_timeout = 20ms;
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1}};
    EXPECT_TRUE(p.send(letter()));
    ASSERT_TRUE(sink.wait_for_connections_closed(1, 5s));
    EXPECT_TRUE(p.send(letter()));
    EXPECT_EQ(p.counters().retried, 0u) << "it has seen that by itself";
}

TEST(pool, closes_connections_that_are_old_or_idle) {
    running sink{clear_config()};
    client_options o = in_clear();
    o.limits.idle = 30ms;
    pool p{{sink.url("smtp"), o}};
    EXPECT_TRUE(p.send(letter()));
    ASSERT_TRUE(sink.wait_for_connections_closed(1, 5s));
    EXPECT_EQ(sink.report().per_connection.back().ending, "quit");

    pool aged{{sink.url("smtp"), in_clear()}, {.age = 30ms}};
    EXPECT_TRUE(aged.send(letter()));
    ASSERT_TRUE(sink.wait_for_connections_closed(2, 5s));
    EXPECT_EQ(sink.report().per_connection.back().ending, "quit");
    EXPECT_TRUE(aged.send(letter()));
}

TEST(pool, takes_another_connection_after_421) {
    auto config = clear_config();
    config.script = "on connection 1 MAIL 2 reply \"421 4.3.2 busy\" close-after-reply\non connection 2 greeting reply "
                    "\"421 busy\" close-after-reply";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1, .back_off = 10ms}};
    EXPECT_TRUE(p.send(letter()));
    const send_result r = p.send(letter());
    EXPECT_TRUE(r) << r.text;
    EXPECT_EQ(sink.report().connections, 3u);
    EXPECT_EQ(p.counters().back_offs, 1u);
    EXPECT_EQ(p.counters().retried, 1u);
}

TEST(pool, does_not_knock_a_thousand_times_at_a_server_that_is_down) {
    const int bound = ::socket(AF_INET, SOCK_STREAM, 0); // bound, and not listening: it refuses
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(bound, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    socklen_t size = sizeof a;
    ::getsockname(bound, reinterpret_cast<sockaddr*>(&a), &size);
    pool p{{"smtp://127.0.0.1:" + std::to_string(ntohs(a.sin_port)), in_clear()}, {.back_off = 5ms}};
    std::vector<std::future<send_result>> results;
    for (int i = 0; i != 1000; ++i) results.push_back(p.send_later(letter()));
    for (auto& one : results) {
        const send_result r = one.get();
        EXPECT_EQ(r.error, errc::connection_refused);
        EXPECT_EQ(r.what, outcome::not_attempted);
        EXPECT_THAT(r.text, HasSubstr("connection refused"));
        EXPECT_EQ(r.recipients.at(0).again(), status::retry::yes);
    }
    EXPECT_LE(p.counters().connections, 12u);
    ::close(bound);
}

TEST(pool, goes_on_by_the_connections_that_a_server_lets_it_have) {
    for (const char* refusal : {"", "554 5.7.0 too many connections"}) {
        auto config = clear_config();
        if (*refusal == '\0') config.max_open_connections = 2; // one more is told 421
        else config.script = std::string{"on connection 3+ greeting reply \""} + refusal + "\" close-after-reply";
        running sink{config};
        pool p{{sink.url("smtp"), in_clear()}, {.connections = 4, .back_off = 2ms}};
        std::vector<std::future<send_result>> results;
        for (int i = 0; i != 200; ++i) results.push_back(p.send_later(letter()));
        for (auto& one : results) {
            const send_result r = one.get();
            EXPECT_TRUE(r) << r.text;
        }
        EXPECT_EQ(sink.mails().size(), 200u);
        EXPECT_GE(p.counters().back_offs, 1u);
    }
}

TEST(pool, survives_connections_that_are_lost_now_and_then) {
    auto config = clear_config();
    config.script =
        "on MAIL 11 reply \"421 4.3.2 enough\" close-after-reply\non connection 2 greeting reply \"421 busy\" "
        "close-after-reply\non connection 4 greeting reply \"421 busy\" close-after-reply\non connection 6 greeting "
        "reply \"421 busy\" close-after-reply";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1, .back_off = 1ms}};
    std::vector<std::future<send_result>> results;
    for (int i = 0; i != 100; ++i) results.push_back(p.send_later(letter()));
    for (auto& one : results) EXPECT_TRUE(one.get());
    EXPECT_LE(p.counters().retried, 30u) << "what was not tried is not tried again";
}

TEST(pool, bears_no_grudge_for_the_time_of_one_mail) {
    auto config = clear_config();
    config.script = "on connection 1 MAIL 1 silence";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1, .attempts = 1}};
    auto first = p.send_later(letter(), std::chrono::steady_clock::now() + 30ms);
    std::vector<std::future<send_result>> results;
    for (int i = 0; i != 20; ++i) results.push_back(p.send_later(letter()));
    EXPECT_EQ(first.get().error, errc::timed_out);
    for (auto& one : results) EXPECT_TRUE(one.get());
    EXPECT_EQ(p.counters().back_offs, 0u);
}

TEST(pool, says_of_each_mail_what_is_true_of_it) {
    auto config = clear_config();
    config.script = "on greeting reply \"421 4.3.2 down\" close-after-reply";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1, .attempts = 1}};
    std::vector<std::future<send_result>> results;
    for (int i = 0; i != 5; ++i) results.push_back(p.send_later(letter({"r" + std::to_string(i) + "@b.example"})));
    for (int i = 0; i != 5; ++i) {
        const send_result r = results[static_cast<std::size_t>(i)].get();
        ASSERT_EQ(r.recipients.size(), 1u);
        EXPECT_EQ(r.recipients[0].code, 421);
        EXPECT_EQ(r.recipients[0].again(), status::retry::yes) << r.text;
        EXPECT_THAT(r.text, HasSubstr("421"));
        for (int k = 0; k != 5; ++k)
            EXPECT_TRUE(k == i || r.text.find("r" + std::to_string(k) + "@") == std::string::npos) << r.text;
    }
}

TEST(pool, does_not_spin_where_the_rate_is_used_up) {
    auto config = clear_config();
    config.script = "on content delay 100ms";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.rate = {.mails = 1, .per = 200ms}}};
    auto first = p.send_later(letter());
    auto second = p.send_later(letter());
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
    EXPECT_LE(p.counters().connections, 2u);
}

TEST(pool, is_destroyed_from_where_a_result_is_told) {
    running sink{clear_config()};
    auto p = std::make_shared<pool>(server{sink.url("smtp"), in_clear()});
    std::promise<void> gone;
    p->submit(letter(), [&, p](const send_result& r) mutable {
        EXPECT_TRUE(r);
        p.reset();
        gone.set_value();
    });
    p.reset();
    gone.get_future().get();
}

TEST(pool, sends_one_content_to_many_at_once) {
    running sink{clear_config()};
    const std::string path = testing::TempDir() + "postrider-shared-" + std::to_string(::getpid());
    std::string text = "Subject: shared\r\n\r\n";
    while (text.size() < 500'000)
        text += "A line of the shared content, number " + std::to_string(text.size()) + ".\r\n";
    std::ofstream{path} << text;
    std::istringstream stream{text};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 4}};
    std::vector<std::future<send_result>> results;
    for (const auto& content : {file_content(path), stream_content(stream), text_content(text)})
        for (int i = 0; i != 8; ++i) {
            outgoing mail = letter({"r" + std::to_string(i) + "@b.example"});
            mail.content = content;
            results.push_back(p.send_later(mail));
        }
    for (auto& one : results) {
        const send_result r = one.get();
        EXPECT_TRUE(r) << r.text;
    }
    const auto mails = sink.mails();
    EXPECT_EQ(mails.size(), 24u);
    for (const auto& m : mails) EXPECT_TRUE(m.content == text);
    ::unlink(path.c_str());
}

TEST(pool, tells_all_where_the_credentials_are_wrong) {
    running sink{secure_config()};
    client_options o = trusting();
    o.auth = password("alice", secret{"wrong"});
    pool p{{sink.url("submission"), o}, {.connections = 1}};
    std::vector<std::future<send_result>> results;
    for (int i = 0; i != 50; ++i) results.push_back(p.send_later(letter()));
    for (auto& one : results) {
        const send_result r = one.get();
        EXPECT_EQ(r.recipients.at(0).code, 535);
        EXPECT_EQ(r.recipients.at(0).where, phase::auth);
        EXPECT_EQ(r.recipients.at(0).again(), status::retry::no);
    }
    EXPECT_LE(sink.report().connections, 2u);
}

TEST(pool, says_unknown_and_does_not_send_again) {
    auto config = clear_config();
    config.script = "on connection 1 content 1 close-before-reply";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1, .back_off = 5ms}};
    EXPECT_EQ(p.send(letter()).what, outcome::unknown);
    EXPECT_TRUE(p.send(letter()));
    EXPECT_EQ(sink.mails().size(), 2u);
    EXPECT_EQ(p.counters().unknown, 1u);
}

TEST(pool, ends_what_is_under_way_when_it_must) {
    auto config = clear_config();
    config.script = "on content silence";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1}};
    auto first = p.send_later(letter());
    auto second = p.send_later(letter());
    while (sink.report().total.commands < 4) std::this_thread::yield();
    EXPECT_FALSE(p.drain(std::chrono::steady_clock::now() + 20ms));
    EXPECT_EQ(first.get().what, outcome::unknown);
    const send_result r = second.get();
    EXPECT_EQ(r.what, outcome::not_attempted);
    EXPECT_EQ(r.error, errc::cancelled);
}

TEST(pool, ends_each_mail_at_its_time) {
    auto config = clear_config();
    config.script = "on greeting silence";
    running sink{config};
    pool p{{sink.url("smtp"), in_clear()}, {.connections = 1}};
    const auto begun = std::chrono::steady_clock::now();
    auto first = p.send_later(letter(), begun + 50ms);
    auto second = p.send_later(letter(), begun + 80ms);
    EXPECT_EQ(first.get().error, errc::timed_out);
    EXPECT_EQ(second.get().error, errc::timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    p.cancel();
}

TEST(pool, hands_over_further_mails_from_where_results_are_told) {
    running sink{clear_config()};
    std::promise<void> all;
    std::atomic<int> left = 20;
    std::atomic<bool> waited = false;
    pool p{{sink.url("smtp"), in_clear()}};
    std::function<void(send_result)> next = [&](const send_result& r) {
        EXPECT_TRUE(r);
        if (!waited.exchange(true)) {
            EXPECT_EQ(p.send(letter()).error, errc::wrong_state) << "it would wait for itself";
        }
        if (--left == 0) return all.set_value();
        p.submit(letter(), next);
    };
    p.submit(letter(), next);
    all.get_future().get();
    EXPECT_EQ(sink.mails().size(), 20u);
}

} // namespace

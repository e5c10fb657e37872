// The Asio client and the pool behind Asio: every kind of completion token, strands, cancellation, many on one thread. Compiled
// for standalone Asio and for Boost.Asio.
#include "support.hpp"

#ifdef POSTRIDER_BOOST_ASIO
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
namespace net = boost::asio;
#else
#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
namespace net = asio;
#endif

#include "postrider/asio_client.hpp"
#include "postrider/asio_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <optional>
#include <thread>

namespace {

using namespace postrider;
using namespace test;
using namespace std::chrono_literals;

TEST(asio_client, calls_back) {
    running sink{clear_config()};
    net::io_context loop;
    asio_client c{loop.get_executor(), sink.url("smtp"), in_clear()};
    std::optional<send_result> result;
    bool initiated = false;
    c.async_send(letter(), [&](send_result r) {
        EXPECT_TRUE(initiated) << "not from within the call that starts it";
        result = std::move(r);
    });
    initiated = true;
    loop.run();
    ASSERT_TRUE(result);
    EXPECT_TRUE(*result) << result->text;
    EXPECT_EQ(sink.mails().size(), 1u);
}

TEST(asio_client, gives_a_future) {
    running sink{secure_config()};
    net::io_context loop;
    client_options o = trusting();
    o.auth = password("alice", secret{"wonderland"});
    asio_client c{loop.get_executor(), sink.url("submission"), o};
    auto result = c.async_send_all(std::vector{letter(), letter(), letter({"not a mailbox"})}, net::use_future);
    loop.run();
    const auto all = result.get();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_TRUE(all[0]) << all[0].text;
    EXPECT_TRUE(all[1]);
    EXPECT_EQ(all[2].error, errc::invalid_mailbox);
    EXPECT_EQ(sink.report().connections, 1u);
}

net::awaitable<void> send_by(asio_client& c, int mails, std::atomic<int>& accepted) {
    for (int i = 0; i != mails; ++i) {
        const outgoing mail = letter(); // g++ 12 makes no code for a braced list in the expression that awaits
        const send_result r = co_await c.async_send(mail, net::use_awaitable);
        if (r) ++accepted;
    }
    co_await c.async_close(net::use_awaitable);
}

TEST(asio_client, is_awaited_by_many_coroutines_on_one_thread) {
    running sink{secure_config()};
    net::io_context loop{1};
    std::list<asio_client> clients;
    std::atomic<int> accepted = 0;
    const server to{sink.url("submission"), trusting()};
    for (int i = 0; i != 50; ++i)
        net::co_spawn(loop, send_by(clients.emplace_back(loop.get_executor(), to), 4, accepted), net::detached);
    loop.run();
    EXPECT_EQ(accepted, 200);
    EXPECT_EQ(sink.mails().size(), 200u);
    ASSERT_TRUE(sink.wait_for_connections_closed(50, 5s));
    for (const auto& one : sink.report().per_connection) EXPECT_EQ(one.ending, "quit");
}

TEST(asio_client, does_several_operations_at_once_in_order) {
    running sink{clear_config()};
    net::io_context loop;
    client_options o = in_clear();
    o.look_ahead = 8;
    asio_client c{loop.get_executor(), sink.url("smtp"), o};
    int done = 0;
    for (int i = 0; i != 20; ++i)
        c.async_send(letter({std::to_string(i) + "@b.example"}), [&done](const send_result& r) {
            EXPECT_TRUE(r) << r.text;
            ++done;
        });
    std::optional<command_result> asked;
    c.async_ask(phase::noop, {}, [&](command_result r) { asked = std::move(r); });
    loop.run();
    EXPECT_EQ(done, 20);
    const auto mails = sink.mails();
    ASSERT_EQ(mails.size(), 20u);
    for (std::size_t i = 0; i != mails.size(); ++i)
        EXPECT_EQ(mails[i].recipients[0].address, std::to_string(i) + "@b.example");
    ASSERT_TRUE(asked);
    EXPECT_TRUE(*asked);
    EXPECT_EQ(sink.report().connections, 1u);
}

TEST(asio_client, runs_in_its_strand_whoever_calls) {
    running sink{clear_config()};
    net::io_context loop;
    asio_client c{net::make_strand(loop), sink.url("smtp"), in_clear()};
    std::atomic<int> accepted = 0;
    {
        const auto work = net::make_work_guard(loop);
        std::vector<std::jthread> threads;
        for (int t = 0; t != 3; ++t) threads.emplace_back([&] { loop.run(); });
        std::vector<std::future<send_result>> results;
        for (int i = 0; i != 100; ++i) results.push_back(c.async_send(letter(), net::use_future));
        for (auto& r : results)
            if (r.get()) ++accepted;
        loop.stop();
    }
    EXPECT_EQ(accepted, 100);
    EXPECT_EQ(sink.report().connections, 1u);
}

TEST(asio_client, is_cancelled_by_operation_and_can_be_used_again) {
    auto config = clear_config();
    config.script = "on connection 1 content silence";
    running sink{config};
    net::io_context loop;
    asio_client c{loop.get_executor(), sink.url("smtp"), in_clear()};
    net::cancellation_signal signal;
    std::optional<send_result> first, second;
    c.async_send(letter(), net::bind_cancellation_slot(signal.slot(), [&](send_result r) { first = std::move(r); }));
    while (sink.report().total.commands < 4) loop.poll();
    EXPECT_FALSE(first);
    signal.emit(net::cancellation_type::partial);
    loop.restart();
    loop.run();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->what, outcome::unknown);
    EXPECT_EQ(first->error, errc::cancelled);
    c.async_send(letter(), [&](send_result r) { second = std::move(r); });
    loop.restart();
    loop.run();
    ASSERT_TRUE(second);
    EXPECT_TRUE(*second) << second->text;
}

TEST(asio_client, loses_against_a_timer) {
    using namespace net::experimental::awaitable_operators;
    auto config = clear_config();
    config.script = "on greeting silence";
    running sink{config};
    net::io_context loop;
    asio_client c{loop.get_executor(), sink.url("smtp"), in_clear()};
    bool late = false;
    net::co_spawn(
        loop,
        [&]() -> net::awaitable<void> {
            net::steady_timer timer{loop, 30ms};
            const outgoing mail = letter();
            const auto which =
                co_await (c.async_send(mail, net::use_awaitable) || timer.async_wait(net::use_awaitable));
            late = which.index() == 1;
        },
        net::detached);
    loop.run();
    EXPECT_TRUE(late);
    EXPECT_FALSE(c.is_open());
}

TEST(asio_client, ends_at_its_deadline_and_outlives_its_object) {
    auto config = clear_config();
    config.script = "on RCPT silence";
    config.offers.pipelining = false;
    running sink{config};
    net::io_context loop;
    std::optional<send_result> result;
    {
        asio_client c{loop.get_executor(), sink.url("smtp"), in_clear()};
        c.async_send(
            letter(), [&](send_result r) { result = std::move(r); },
            std::chrono::steady_clock::now() + 400ms); // RCPT is reached before, on any machine
    }
    loop.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->error, errc::timed_out);
    EXPECT_EQ(result->what, outcome::deferred);
}

TEST(asio_client, looks_names_up_without_blocking) {
    net::io_context loop;
    client_options o = in_clear();
    o.dns_servers = "127.0.0.1:1"; // nobody answers there
    asio_client c{loop.get_executor(), "smtp://mail.example", o};
    std::optional<send_result> result;
    c.async_send(
        letter(), [&](send_result r) { result = std::move(r); }, std::chrono::steady_clock::now() + 5s);
    loop.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->what, outcome::not_attempted);
    EXPECT_TRUE(result->error == errc::resolver_failed || result->error == errc::timed_out) << result->text;
}

TEST(asio_pool, is_awaited) {
    running sink{clear_config()};
    client_options o = in_clear();
    o.look_ahead = 4;
    pool p{{sink.url("smtp"), o}, {.connections = 2}};
    net::io_context loop;
    int accepted = 0;
    for (int i = 0; i != 20; ++i)
        net::co_spawn(
            loop,
            [&]() -> net::awaitable<void> {
                const outgoing mail = letter();
                for (int n = 0; n != 10; ++n)
                    if (co_await async_send(p, mail, net::use_awaitable)) ++accepted;
            },
            net::detached);
    loop.run();
    EXPECT_EQ(accepted, 200);
    EXPECT_LE(sink.report().connections, 2u);
}

} // namespace

// The parts of `postrider load` that need no server: contents, addresses, spans of time, and what it does without one.
#include "failure.hpp"
#include "load/load_contents.hpp"
#include "load/load_run.hpp"
#include "load/loopback.hpp"
#include "load/timeline.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <sysexits.h>

namespace {

using namespace postrider;
using namespace postrider::cli;
using namespace std::chrono_literals;

std::string text_of(const load_content& one) {
    mail_content content;
    std::string problem;
    EXPECT_EQ(one.source->describe(content, problem), errc::ok) << problem;
    return std::string{content.text};
}

int code_of(const std::function<void()>& what) {
    try {
        what();
    } catch (const failure& why) {
        return why.code;
    }
    return 0;
}

client_options in_clear() {
    client_options options;
    options.tls.policy = tls_policy::none;
    return options;
}

TEST(load, makes_contents_of_exactly_the_size_in_lines_that_may_be_sent) {
    for (int octets = 80; octets != 480; ++octets) {
        const auto made = made_up_contents(std::to_string(octets), "a@a.example");
        const std::string text = text_of(made.at(0));
        ASSERT_EQ(text.size(), static_cast<std::size_t>(octets));
        ASSERT_TRUE(text.ends_with("\r\n"));
        for (std::size_t at = 0, end = 0; at != text.size(); at = end + 2) {
            end = text.find("\r\n", at);
            ASSERT_LE(end - at, 78u) << text;
        }
    }
}

TEST(load, knows_units_and_weights) {
    const auto made = made_up_contents("1k*90,64Ki,2M*3,1Mi,500,3K", "");
    std::vector<std::pair<std::uint64_t, unsigned>> all;
    for (const load_content& one : made) {
        all.emplace_back(one.octets, one.weight);
        EXPECT_EQ(text_of(one).size(), one.octets);
    }
    EXPECT_EQ(all, (std::vector<std::pair<std::uint64_t, unsigned>>{
                       {1000, 90}, {65536, 1}, {2'000'000, 3}, {1'048'576, 1}, {500, 1}, {3000, 1}}));
    for (const char* const wrong : {"", "k", "1k,", "1k*", "1k*0", "1k*-1", "1k;2k", "1kB", "-1k", "10", "2000M",
                                    "1k*1000001", "99999999999999999999", "18446744073709551615M", "1k 2k"})
        EXPECT_EQ(code_of([&] { static_cast<void>(made_up_contents(wrong, "")); }), EX_USAGE) << wrong;
}

TEST(load, takes_contents_in_turn_and_spreads_those_of_more_weight) {
    const auto order = [](const std::string& sizes, std::size_t count) {
        turns in{made_up_contents(sizes, "")};
        std::string text;
        for (std::size_t i = 0; i != count; ++i) text += std::to_string(in.next());
        return text;
    };
    EXPECT_EQ(order("1k", 4), "0000");
    EXPECT_EQ(order("1k,2k,3k", 7), "0120120");
    EXPECT_EQ(order("1k*2,2k", 6), "010010");
    EXPECT_EQ(order("1k*5,2k,3k", 7), "0010200");
}

TEST(load, counts_addresses) {
    address_book fixed{{"a@a.example"}, 1};
    EXPECT_EQ(fixed.next() + fixed.next(), "a@a.examplea@a.example");
    address_book counting{{"u%@a.example", "b@b.example"}, 2};
    std::string all;
    for (int i = 0; i != 6; ++i) all += counting.next() + " ";
    EXPECT_EQ(all, "u1@a.example b@b.example u2@a.example b@b.example u1@a.example b@b.example ");
}

TEST(load, keeps_a_run_of_any_length_in_240_spans) {
    timeline times;
    for (int i = 0; i != 100'000; ++i) times.add(i * 7ms, i % 10 != 0);
    EXPECT_EQ(times.width(), 10ms * 512);
    ASSERT_LE(times.spans().size(), 240u);
    std::uint64_t good = 0, bad = 0;
    for (const timeline::span& one : times.spans()) {
        good += one.good;
        bad += one.bad;
    }
    EXPECT_EQ(good, 90'000u);
    EXPECT_EQ(bad, 10'000u);
    // Mails come evenly here, so the spans have as many each, but for the last one.
    for (std::size_t i = 0; i + 1 != times.spans().size(); ++i)
        EXPECT_NEAR(static_cast<double>(times.spans()[i].good + times.spans()[i].bad), 5120.0 / 7, 1);
}

TEST(load, goes_to_addresses_that_were_seen_to_be_loopback) {
    const auto urls = [](const char* url, client_options options = in_clear()) {
        std::string all;
        for (const server& one : on_loopback(server{url, std::move(options)}))
            all += one.url() + " " + one.options().tls.server_name + "\n";
        return all;
    };
    EXPECT_EQ(urls("smtp://127.0.0.1:2525"), "smtp://127.0.0.1:2525 \n");
    EXPECT_EQ(urls("smtp://127.9.9.9"), "smtp://127.9.9.9 \n");
    EXPECT_EQ(urls("smtp://[::1]:2525"), "smtp://[::1]:2525 \n");
    EXPECT_EQ(urls("smtp+unix:/run/mail"), "smtp+unix:/run/mail \n");
    const std::string local = urls("smtp://localhost:2525");
    EXPECT_NE(local.find(":2525 localhost\n"), local.npos)
        << "by its address, and with the name in its certificate: " << local;
    EXPECT_EQ(local.find("localhost:"), local.npos) << local;
    client_options named = in_clear();
    named.tls.server_name = "mail.example";
    EXPECT_NE(urls("smtp://localhost", named).find(" mail.example\n"), std::string::npos);
}

TEST(load, does_not_go_elsewhere) {
    for (const char* const url : {"smtp://192.0.2.1", "smtp://[2001:db8::1]:25", "smtp://0.0.0.0:25", "smtp://[::]:25",
                                  "smtp://[::ffff:192.0.2.1]", "smtp://128.0.0.1"})
        EXPECT_EQ(code_of([&] { static_cast<void>(on_loopback(server{url, in_clear()})); }), EX_USAGE) << url;
    client_options through = in_clear();
    through.proxy = "socks5://127.0.0.1:1080";
    EXPECT_EQ(code_of([&] { static_cast<void>(on_loopback(server{"smtp://127.0.0.1", through})); }), EX_USAGE);
    client_options asking = in_clear();
    asking.dns_servers = "127.0.0.1:53";
    EXPECT_EQ(code_of([&] { static_cast<void>(on_loopback(server{"smtp://mail.example", asking})); }), EX_USAGE);
    EXPECT_EQ(code_of([&] { static_cast<void>(on_loopback(server{"smtp://127.0.0.1", asking})); }), 0);
}

TEST(load, tries_a_connection_by_the_next_address_and_counts_the_mail_once) {
    const char* const nowhere = "smtp+unix:/proc/no-such-socket";
    load_plan plan{.contents = made_up_contents("1k", ""), .to = {{"b@b.example"}, 1}};
    plan.addresses = {server{"smtp://127.0.0.1:1", in_clear()}, server{nowhere, in_clear()}};
    plan.connections = 2;
    plan.messages = 50;
    live_line line{false};
    const load_result result = run(std::move(plan), line);
    EXPECT_EQ(result.end, load_end::gave_up);
    EXPECT_EQ(result.mails, 2u) << "each connection has tried one";
    ASSERT_EQ(result.errors.size(), 1u);
    EXPECT_EQ(result.errors[0].error, errc::unreachable) << "what the last address has said";
    EXPECT_NE(result.why.find("no-such-socket"), std::string::npos) << result.why;
    EXPECT_EQ(result.code, EX_TEMPFAIL);
    EXPECT_EQ(result.latency.count(), 0u) << "of no server";
}

} // namespace

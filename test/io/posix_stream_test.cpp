// The POSIX stream against real sockets: each outcome that its contract names, and the ways in which
// connections end.
#include "fake_dns.hpp"
#include "system_calls.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

using namespace postrider;
using namespace postrider::test;

namespace {

// The addresses, in this order, of every name.
fake_dns::zone all_at(std::vector<std::string> addresses) {
    return [=](const std::string& name, int type) {
        dns_answer answer;
        for (const auto& address : addresses)
            if (type == type_a) answer.records.push_back({name, type_a, address});
        return answer;
    };
}

std::uint16_t closed_port() { return listener().port(); }

// What a signal handler of a test does.
volatile std::sig_atomic_t signals = 0;
canceller* cancelled_by_signal = nullptr;

void count_signal(int) { signals = signals + 1; }
void cancel_by_signal(int) { cancelled_by_signal->cancel(); }

// A handler without SA_RESTART, for the time of a test.
class handling {
public:
    handling(int number, void (*handler)(int)) : number_(number) {
        struct sigaction action {};
        action.sa_handler = handler;
        ::sigaction(number, &action, &before_);
    }
    ~handling() { ::sigaction(number_, &before_, nullptr); }
    handling(const handling&) = delete;
    handling& operator=(const handling&) = delete;

private:
    int number_;
    struct sigaction before_ {};
};

} // namespace

// --- connect ---

TEST(Connect, ToAnAddress) {
    listener here;
    posix_stream stream;
    connect_report report;
    ASSERT_EQ(stream.connect({.host = "127.0.0.1", .port = here.port()}, soon(), &report), errc::ok);
    EXPECT_TRUE(stream.is_open());
    const auto peer_text = "127.0.0.1:" + std::to_string(here.port());
    EXPECT_EQ(stream.peer_address().view(), peer_text);
    EXPECT_TRUE(stream.local_address().view().starts_with("127.0.0.1:"));
    ASSERT_EQ(report.size, 1U);
    EXPECT_EQ(report.attempts[0].address.view(), peer_text);
    EXPECT_EQ(report.attempts[0].error, errc::ok);
}

TEST(Connect, ToAnIpv6Address) {
    listener here("::1");
    for (const auto* host : {"::1", "[::1]"}) {
        posix_stream stream;
        ASSERT_EQ(stream.connect({.host = host, .port = here.port()}, soon()), errc::ok);
        EXPECT_EQ(stream.peer_address().view(), "[::1]:" + std::to_string(here.port()));
    }
}

TEST(Connect, ToANameOfTheHostsFile) {
    listener here;
    posix_stream stream;
    EXPECT_EQ(stream.connect({.host = "localhost", .port = here.port()}, soon()), errc::ok);
}

TEST(Connect, AnAddressIsNotLookedUp) {
    fake_dns dns(all_at({"127.0.0.9"}));
    listener here;
    posix_stream stream;
    EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = here.port(), .dns_servers = dns.address()}, soon()),
              errc::ok);
    EXPECT_EQ(dns.queries(), 0);
}

TEST(Connect, SegmentsLeaveAtOnce) {
    auto [stream, other] = connected();
    int on = 0;
    socklen_t size = sizeof on;
    ASSERT_EQ(::getsockopt(stream.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    EXPECT_EQ(on, 1);
}

TEST(Connect, FromASourceAddress) {
    listener here;
    posix_stream stream;
    ASSERT_EQ(stream.connect({.host = "127.0.0.1", .port = here.port(), .source_address = "127.0.0.7"}, soon()),
              errc::ok);
    EXPECT_TRUE(stream.local_address().view().starts_with("127.0.0.7:"));
    posix_stream other;
    EXPECT_EQ(other.connect({.host = "127.0.0.1", .port = here.port(), .source_address = "::1"}, soon()),
              errc::host_not_found);
    // A documentation address (RFC 3849) that no host has
    EXPECT_EQ(other.connect({.host = "::1", .port = here.port(), .source_address = "2001:db8::1"}, soon()),
              errc::unreachable);
}

TEST(Connect, NobodyListens) {
    posix_stream stream;
    connect_report report;
    EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = closed_port()}, soon(), &report), errc::connection_refused);
    EXPECT_FALSE(stream.is_open());
    ASSERT_EQ(report.size, 1U);
    EXPECT_EQ(report.attempts[0].error, errc::connection_refused);
}

TEST(Connect, NobodyAnswers) {
    black_hole hole;
    posix_stream stream;
    expect_patience([&](deadline until) {
        EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = hole.port()}, until), errc::timed_out);
    });
    EXPECT_FALSE(stream.is_open());
}

TEST(Connect, OneBlackHoleLeavesTimeForTheNextAddress) {
    black_hole hole("127.0.0.1");
    listener here("127.0.0.2", hole.port());
    fake_dns dns(all_at({"127.0.0.1", "127.0.0.2"}));
    posix_stream stream;
    connect_report report;
    EXPECT_EQ(stream.connect({.host = "mx.test", .port = here.port(), .dns_servers = dns.address()}, in(1s), &report),
              errc::ok);
    ASSERT_EQ(report.size, 2U);
    EXPECT_EQ(report.attempts[0].error, errc::cancelled);
    EXPECT_EQ(report.attempts[1].error, errc::ok);
    EXPECT_EQ(stream.peer_address().view(), report.attempts[1].address.view());
}

TEST(Connect, TheMostTellingErrorIsReported) {
    black_hole hole("127.0.0.1");
    fake_dns dns(all_at({"127.0.0.1", "127.0.0.2"})); // nobody listens at the second
    posix_stream stream;
    EXPECT_EQ(stream.connect({.host = "mx.test", .port = hole.port(), .dns_servers = dns.address()}, in(patience)),
              errc::connection_refused);
}

TEST(Connect, AllOfTheTimeIsUsedButNoMore) {
    black_hole first("127.0.0.1");
    black_hole second("127.0.0.2", first.port());
    fake_dns dns(all_at({"127.0.0.1", "127.0.0.2"}));
    posix_stream stream;
    expect_patience([&](deadline until) {
        EXPECT_EQ(stream.connect({.host = "mx.test", .port = first.port(), .dns_servers = dns.address()}, until),
                  errc::timed_out);
    });
}

TEST(Connect, ErrorsOfTheResolver) {
    fake_dns none([](const std::string&, int) { return dns_answer{.code = 3}; });
    fake_dns failing([](const std::string&, int) { return dns_answer{.code = 2}; });
    fake_dns silent([](const std::string&, int) { return dns_answer{.silent = true}; });
    posix_stream stream;
    connect_report report;
    EXPECT_EQ(stream.connect({.host = "mx.test", .dns_servers = none.address()}, soon(), &report),
              errc::host_not_found);
    EXPECT_EQ(report.size, 0U);
    EXPECT_EQ(stream.connect({.host = "mx.test", .dns_servers = failing.address()}, soon()), errc::resolver_failed);
    expect_patience([&](deadline until) {
        EXPECT_EQ(stream.connect({.host = "mx.test", .dns_servers = silent.address()}, until), errc::timed_out);
    });
}

TEST(Connect, WhatCannotBeMeant) {
    fake_dns dns([](const std::string&, int) { return dns_answer{.code = 3}; });
    posix_stream stream;
    for (const auto host : {"", "[::1", "::1]", "[127.0.0.1]", "127.0.0.1:25", "fe80::1%none", "1:2:3"})
        EXPECT_EQ(stream.connect({.host = host, .dns_servers = dns.address()}, soon()), errc::invalid_parameter)
            << host;
    EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = 0}, soon()), errc::invalid_parameter);
    EXPECT_EQ(stream.connect({.host = "127.0.0.1", .source_address = "localhost"}, soon()), errc::invalid_parameter);
    EXPECT_EQ(dns.queries(), 0);
}

TEST(Connect, OnlyOnce) {
    auto [stream, other] = connected();
    EXPECT_EQ(stream.connect({.host = "127.0.0.1"}, soon()), errc::wrong_state);
    EXPECT_EQ(stream.adopt(0), errc::wrong_state);
    EXPECT_EQ(write(stream, "x").error, errc::ok);
}

TEST(Connect, AgainAfterAReset) {
    auto [stream, other] = connected();
    other.reset();
    EXPECT_EQ(read(stream).result.error, errc::connection_reset);
    stream.close();
    listener here;
    ASSERT_EQ(stream.connect({.host = "127.0.0.1", .port = here.port()}, soon()), errc::ok);
    EXPECT_EQ(write(stream, "x").error, errc::ok);
}

TEST(Connect, SurvivesSignals) {
    listener here;
    posix_stream stream;
    calls.interruptions = 5;
    EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = here.port()}, soon()), errc::ok);
    calls.interruptions = 0;
}

TEST(Connect, WithoutDescriptors) {
    listener here;
    posix_stream stream;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const descriptor lowest_free(::dup(0));
    const rlimit full{static_cast<rlim_t>(lowest_free.number()), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &full);
    const auto error = stream.connect({.host = "127.0.0.1", .port = here.port()}, soon());
    const canceller mute;
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(error, errc::system_failure);
    EXPECT_EQ(mute.error(), errc::system_failure);
}

// --- transfer: what it writes ---

TEST(Transfer, AFlightLeavesInOneSendmsg) {
    auto [stream, other] = connected();
    const std::string_view out[] = {"MAIL FROM:<a@example.org>\r\n", "", "RCPT TO:<b@example.org>\r\n", "DATA\r\n"};
    std::array<char, 100> in;
    calls = {};
    const auto result = stream.transfer(out, in, soon());
    EXPECT_EQ(result.error, errc::ok);
    EXPECT_EQ(result.written, 58U);
    EXPECT_EQ(result.read, 0U);
    EXPECT_EQ(calls.sendmsg, 1);
    EXPECT_EQ(calls.poll + calls.recv, 0);
    EXPECT_EQ(other.receive(58), "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
}

TEST(Transfer, ACommandAndItsReplyCostThreeSystemCalls) {
    auto [stream, other] = connected();
    calls = {};
    EXPECT_EQ(write(stream, "NOOP\r\n").written, 6U);
    std::thread server([&other = other] {
        other.receive(6);
        other.send("250 OK\r\n");
    });
    EXPECT_EQ(read(stream).text, "250 OK\r\n");
    server.join();
    EXPECT_EQ(calls.sendmsg, 1);
    EXPECT_EQ(calls.poll, 1);
    EXPECT_EQ(calls.recv, 1);
}

// --- transfer: what it acknowledges ---

// Whether the system acknowledges at once what this stream's user has read.
static bool acknowledges_at_once(const posix_stream& stream) {
    int at_once = -1;
    socklen_t size = sizeof at_once;
    EXPECT_EQ(::getsockopt(stream.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &at_once, &size), 0);
    return at_once != 0;
}

// As after commands that were each sent on an answer: the system waits for the next one, to send the ACK with it.
static void delay_acks(const posix_stream& stream) {
    const int off = 0;
    ::setsockopt(stream.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    EXPECT_FALSE(acknowledges_at_once(stream));
}

TEST(Acknowledge, CommandsAndTheirRepliesAskForNone) {
    auto [stream, other] = connected();
    calls = {};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(write(stream, "NOOP\r\n").written, 6U);
        other.receive(6);
        other.send("250 OK\r\n");
        EXPECT_EQ(read(stream).text, "250 OK\r\n");
    }
    EXPECT_EQ(read(stream, deadline{}).result.error, errc::timed_out);
    EXPECT_EQ(calls.acknowledge, 1) << "the sixth wait, behind a reply to which nothing was sent, and no other";
}

TEST(Acknowledge, AReaderWhoPollsByItself) {
    auto [stream, other] = connected();
    EXPECT_EQ(write(stream, "MAIL, RCPT and BDAT").error, errc::ok);
    other.send("250 OK\r\n");
    await(stream, POLLIN);
    delay_acks(stream);
    calls = {};
    EXPECT_EQ(read(stream, deadline{}).text, "250 OK\r\n");
    EXPECT_EQ(calls.acknowledge, 0) << "a command may follow";
    EXPECT_EQ(read(stream, deadline{}).result.error, errc::timed_out);
    EXPECT_EQ(calls.acknowledge, 1);
    EXPECT_TRUE(acknowledges_at_once(stream));
    other.send("250 OK\r\n");
    await(stream, POLLIN);
    EXPECT_EQ(read(stream, deadline{}).text, "250 OK\r\n");
    EXPECT_EQ(read(stream, deadline{}).result.error, errc::timed_out);
    EXPECT_EQ(read(stream, deadline{}).result.error, errc::timed_out);
    EXPECT_EQ(calls.acknowledge, 1) << "nothing was sent since";
}

TEST(Acknowledge, AReaderWhoWaits) {
    auto [stream, other] = connected();
    for (int group = 1; group <= 2; ++group) {
        EXPECT_EQ(write(stream, "MAIL, RCPT and BDAT").error, errc::ok);
        other.receive(19);
        delay_acks(stream);
        calls = {};
        for (const char* reply : {"250 1", "250 2", "250 3"}) {
            other.send(reply);
            EXPECT_EQ(read(stream).text, reply);
        }
        EXPECT_EQ(calls.acknowledge, 1) << group;
        EXPECT_TRUE(acknowledges_at_once(stream));
    }
}

TEST(Acknowledge, ByACallOfItsOwn) {
    auto [stream, other] = connected();
    calls = {};
    stream.acknowledge();
    EXPECT_EQ(calls.acknowledge, 0) << "nothing was read";
    other.send("220 mail.example\r\n");
    EXPECT_EQ(read(stream).text, "220 mail.example\r\n");
    delay_acks(stream);
    calls = {};
    stream.acknowledge();
    stream.acknowledge();
    EXPECT_EQ(calls.acknowledge, 1);
    EXPECT_TRUE(acknowledges_at_once(stream));
}

TEST(Acknowledge, AStreamThatMoves) {
    auto [stream, other] = connected();
    other.send("220 mail.example\r\n");
    EXPECT_EQ(read(stream).text, "220 mail.example\r\n");
    posix_stream moved(std::move(stream));
    calls = {};
    EXPECT_EQ(read(moved, deadline{}).result.error, errc::timed_out);
    EXPECT_EQ(calls.acknowledge, 1);
    posix_stream assigned;
    assigned = std::move(moved);
    EXPECT_EQ(read(assigned, deadline{}).result.error, errc::timed_out);
    EXPECT_EQ(calls.acknowledge, 1);
}

TEST(Transfer, MoreTextsThanOneSendmsgTakes) {
    auto [stream, other] = connected();
    const auto octets = noise(10'000);
    std::vector<std::string_view> out;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        out.push_back(std::string_view(octets).substr(i, 1));
        if (i % 3 == 0) out.emplace_back();
    }
    std::string received;
    std::thread server([&, &other = other] { received = other.receive(octets.size()); });
    calls = {};
    const auto result = stream.transfer(out, {}, soon());
    server.join();
    EXPECT_EQ(result.error, errc::ok);
    EXPECT_EQ(result.written, octets.size());
    EXPECT_EQ(received, octets);
    EXPECT_EQ(calls.sendmsg, 10);
}

TEST(Transfer, NothingToDoIsDone) {
    auto [stream, other] = connected();
    const std::string_view nothing[] = {"", ""};
    calls = {};
    for (const auto& result : {stream.transfer({}, {}, never), stream.transfer(nothing, {}, never)}) {
        EXPECT_EQ(result.error, errc::ok);
        EXPECT_EQ(result.written + result.read, 0U);
        EXPECT_FALSE(result.end_of_stream);
    }
    EXPECT_EQ(calls.sendmsg + calls.poll + calls.recv, 0);
}

TEST(Transfer, NotConnected) {
    posix_stream stream;
    EXPECT_EQ(write(stream, "x").error, errc::wrong_state);
    EXPECT_EQ(read(stream).result.error, errc::wrong_state);
    EXPECT_EQ(stream.shutdown_send(), errc::wrong_state);
    EXPECT_EQ(stream.probe(), liveness::broken);
    EXPECT_EQ(stream.peer_address().view(), "");
    EXPECT_EQ(stream.local_address().view(), "");
    EXPECT_EQ(stream.adopt(-1), errc::system_failure);
    stream.close();
    stream.reset();
}

// However the system cuts it: in the middle of a text, at its end, before an empty one.
TEST(Transfer, ResumesWhereTheSystemStopped) {
    const std::string_view out[] = {"abc", "", "d", "", "", "efghij", "k", ""};
    for (std::size_t most = 1; most <= 6; ++most) {
        auto [stream, other] = connected();
        calls.sendmsg_most = most;
        const auto result = stream.transfer(out, {}, soon());
        calls.sendmsg_most = 0;
        EXPECT_EQ(result.written, 11U);
        stream.close();
        EXPECT_EQ(other.receive_all(), "abcdefghijk") << most;
    }
}

// The engine decides by this number whether a mail may have been accepted.
TEST(Transfer, CountsExactlyWhatThePeerWillGet) {
    auto [stream, other] = connected(4096);
    const auto octets = noise(4'000'000);
    transfer_result result;
    expect_patience([&, &stream = stream](deadline until) { result = write(stream, octets, until); });
    EXPECT_EQ(result.error, errc::timed_out);
    EXPECT_GT(result.written, 0U);
    EXPECT_LT(result.written, octets.size());
    stream.close();
    EXPECT_EQ(other.receive_all(), octets.substr(0, result.written));
}

TEST(Transfer, AfterATimeOutItGoesOn) {
    auto [stream, other] = connected(4096);
    const auto octets = noise(2'000'000);
    const auto first = write(stream, octets, in(10ms));
    EXPECT_EQ(first.error, errc::timed_out);
    std::string received;
    std::thread server([&, &other = other] { received = other.receive_all(); });
    EXPECT_EQ(write(stream, std::string_view(octets).substr(first.written)).error, errc::ok);
    stream.close();
    server.join();
    EXPECT_EQ(received, octets);
}

// A peer that takes a little again and again keeps no mail alive beyond its deadline.
TEST(Transfer, SlowProgressDoesNotMoveTheDeadline) {
    auto [stream, other] = connected(4096);
    const auto octets = noise(20'000'000);
    std::atomic<bool> done = false;
    std::thread server([&, &other = other] {
        while (!done) {
            other.receive(500);
            std::this_thread::sleep_for(1ms);
        }
    });
    expect_patience(
        [&, &stream = stream](deadline until) { EXPECT_EQ(write(stream, octets, until).error, errc::timed_out); });
    stream.close();
    done = true;
    server.join();
}

TEST(Transfer, ReadinessDoesNotMoveTheDeadline) {
    auto [stream, other] = connected();
    calls.sendmsg_most = 1;
    const auto result = write(stream, "abcdef", steady_clock::now() - 1h);
    calls.sendmsg_most = 0;
    EXPECT_EQ(result.error, errc::timed_out);
    EXPECT_EQ(result.written, 1U);
    EXPECT_EQ(other.receive(1), "a");
}

// Smaller buffers would fill as well, but take the kernel's delayed ACKs (40 ms) to empty.
TEST(Transfer, TwoPeersWithFullWindowsDoNotWaitForEachOther) {
    auto [stream, other] = connected(16'384);
    const auto sent = noise(3'000'000);
    const auto replies = noise(2'000'000);
    std::string received;
    std::thread server([&, &other = other] { // writes all before it reads anything
        other.send(replies);
        received = other.receive(sent.size());
    });
    std::string got;
    std::array<char, 1000> buffer;
    for (std::string_view left = sent; !left.empty() || got.size() < replies.size();) {
        const std::string_view out[] = {left};
        const auto result = stream.transfer(out, buffer, soon());
        ASSERT_EQ(result.error, errc::ok);
        ASSERT_GT(result.written + result.read, 0U);
        left.remove_prefix(result.written);
        got.append(buffer.data(), result.read);
    }
    server.join();
    EXPECT_EQ(got, replies);
    EXPECT_EQ(received, sent);
}

// --- transfer: what it reads ---

TEST(Transfer, ReadsWhatThereIs) {
    auto [stream, other] = connected();
    other.send("220 hello\r\n");
    EXPECT_EQ(read(stream).text, "220 hello\r\n");
}

TEST(Transfer, AFullBufferIsFollowedUpWithoutAPoll) {
    auto [stream, other] = connected();
    other.send("250-a\r\n250 b\r\n");
    EXPECT_EQ(read(stream, soon(), 7).text, "250-a\r\n");
    calls = {};
    EXPECT_EQ(read(stream, soon(), 7).text, "250 b\r\n");
    EXPECT_EQ(calls.poll, 0);
    expect_patience(
        [&stream = stream](deadline until) { EXPECT_EQ(read(stream, until, 7).result.error, errc::timed_out); });
}

TEST(Transfer, ReadsUntilTheDeadline) {
    auto [stream, other] = connected();
    expect_patience(
        [&stream = stream](deadline until) { EXPECT_EQ(read(stream, until).result.error, errc::timed_out); });
    other.send("late");
    EXPECT_EQ(read(stream).text, "late");
}

TEST(Transfer, AfterTheDeadlineItDoesWhatNeedsNoWaiting) {
    auto [stream, other] = connected();
    const auto past = steady_clock::now() - 1h;
    calls = {};
    EXPECT_EQ(read(stream, past).result.error, errc::timed_out);
    EXPECT_EQ(write(stream, "x", past).error, errc::ok);
    EXPECT_EQ(calls.recv, 1);
    EXPECT_EQ(calls.sendmsg, 1);
    EXPECT_EQ(calls.poll, 0);
    other.send("y");
    await(stream, POLLIN);
    calls = {};
    EXPECT_EQ(read(stream, past).text, "y");
    EXPECT_EQ(read(stream, deadline::min()).result.error, errc::timed_out);
    EXPECT_EQ(read(stream, deadline{}).result.error, errc::timed_out);
    EXPECT_EQ(calls.poll, 0);
    other.half_close();
    await(stream, POLLIN);
    EXPECT_TRUE(read(stream, past).result.end_of_stream);
    auto [broken, gone] = connected();
    gone.reset();
    await(broken, 0);
    EXPECT_EQ(read(broken, past).result.error, errc::connection_reset);
}

// Who drives it in steps must not lose what the peer says while it takes nothing.
TEST(Transfer, AfterTheDeadlineItReadsWhileItCannotWrite) {
    auto [stream, other] = connected(4096);
    const auto octets = noise(4'000'000);
    other.send("421 slow down\r\n");
    await(stream, POLLIN);
    std::array<char, 100> in;
    const std::string_view out[] = {octets};
    calls = {};
    const auto result = stream.transfer(out, in, deadline{});
    EXPECT_EQ(result.error, errc::ok);
    EXPECT_LT(result.written, octets.size());
    EXPECT_EQ(std::string_view(in.data(), result.read), "421 slow down\r\n");
    EXPECT_EQ(stream.transfer(out, in, deadline{}).error, errc::timed_out);
    EXPECT_EQ(calls.poll, 0);
}

TEST(Transfer, WithoutADeadlineItWaits) {
    auto [stream, other] = connected();
    std::thread server([&other = other] { other.send("x"); });
    EXPECT_EQ(read(stream, never).text, "x");
    server.join();
}

// --- the ends of a connection ---

TEST(End, HalfAConnectionStillWrites) {
    auto [stream, other] = connected();
    other.send("221 bye\r\n");
    other.half_close();
    EXPECT_EQ(read(stream).text, "221 bye\r\n");
    for (int i = 0; i < 2; ++i) {
        const auto end = read(stream);
        EXPECT_TRUE(end.result.end_of_stream);
        EXPECT_EQ(end.result.error, errc::ok);
    }
    EXPECT_EQ(write(stream, "still here").error, errc::ok);
    EXPECT_EQ(other.receive(10), "still here");
}

// A driver that goes on writing must not be told "end of stream" in an endless loop.
TEST(End, WhileWritingItIsSaidOnce) {
    auto [stream, other] = connected(4096);
    const auto sent = noise(1'000'000);
    other.half_close();
    await(stream, POLLIN);
    std::string_view left = sent;
    std::array<char, 10> buffer;
    const auto step = [&, &stream = stream] {
        const std::string_view out[] = {left};
        const auto result = stream.transfer(out, buffer, soon());
        left.remove_prefix(result.written);
        EXPECT_EQ(result.error, errc::ok);
        return result;
    };
    EXPECT_TRUE(step().end_of_stream);
    EXPECT_FALSE(left.empty());
    std::string received;
    std::thread server([&, &other = other] { received = other.receive(sent.size()); });
    EXPECT_FALSE(step().end_of_stream);
    EXPECT_TRUE(left.empty());
    server.join();
    EXPECT_EQ(received, sent);
}

TEST(End, OctetsComeBeforeTheReset) {
    for (const bool write_first : {false, true}) {
        auto [stream, other] = connected();
        other.send("421 shutting down\r\n");
        other.reset();
        await(stream, 0); // POLLHUP: the reset is here, and the octets are unread
        std::array<char, 5> buffer;
        std::string got;
        transfer_result result;
        do {
            const std::string_view out[] = {"MAIL FROM:<>\r\n"};
            result = stream.transfer(write_first ? std::span(out) : std::span(out).first(0), buffer, soon());
            EXPECT_EQ(result.written, 0U);
            got.append(buffer.data(), result.read);
        } while (result.error == errc::ok && !result.end_of_stream);
        EXPECT_EQ(got, "421 shutting down\r\n");
        EXPECT_EQ(result.error, errc::connection_reset);
        EXPECT_EQ(read(stream).result.error, errc::connection_reset);
        EXPECT_EQ(write(stream, "x").error, errc::connection_reset);
        EXPECT_EQ(stream.probe(), liveness::broken);
    }
}

TEST(End, OctetsAreStillThereAfterAFailedWrite) {
    auto [stream, other] = connected();
    other.send("421 shutting down\r\n");
    other.reset();
    await(stream, 0);
    EXPECT_EQ(write(stream, "x").error, errc::connection_reset);
    EXPECT_EQ(read(stream).text, "421 shutting down\r\n");
    EXPECT_EQ(read(stream).result.error, errc::connection_reset);
}

TEST(End, AResetEndsAWaitingWrite) {
    auto [stream, other] = connected(4096);
    const auto octets = noise(4'000'000);
    std::thread server([&other = other] {
        other.receive(100'000);
        other.reset();
    });
    const auto result = write(stream, octets);
    server.join();
    EXPECT_EQ(result.error, errc::connection_reset);
    EXPECT_GE(result.written, 100'000U);
    EXPECT_LT(result.written, octets.size());
}

TEST(End, AResetEndsAWaitingRead) {
    auto [stream, other] = connected();
    std::thread server([&other = other] { other.reset(); });
    EXPECT_EQ(read(stream).result.error, errc::connection_reset);
    server.join();
}

TEST(End, WritingToAClosedPeerIsAReset) {
    auto [stream, other] = connected();
    other.close();
    EXPECT_EQ(write(stream, "x").error, errc::ok); // nobody knows yet; the answer is a reset
    await(stream, 0);
    EXPECT_EQ(write(stream, "x").error, errc::connection_reset);
}

TEST(End, ABrokenPipeKillsNobody) {
    handling defaults(SIGPIPE, SIG_DFL);
    auto [stream, other] = unix_pair();
    other.close();
    EXPECT_EQ(write(stream, "x").error, errc::connection_reset);
    EXPECT_EQ(read(stream).result.error, errc::connection_reset);
}

TEST(End, ShutdownSendIsSeenByThePeer) {
    auto [stream, other] = connected();
    EXPECT_EQ(write(stream, "QUIT\r\n").error, errc::ok);
    EXPECT_EQ(stream.shutdown_send(), errc::ok);
    EXPECT_EQ(other.receive_all(), "QUIT\r\n");
    other.send("221\r\n");
    EXPECT_EQ(read(stream).text, "221\r\n");
    EXPECT_EQ(write(stream, "x").error, errc::connection_reset);
}

TEST(End, ShutdownSendAfterAReset) {
    auto [stream, other] = connected();
    other.reset();
    await(stream, 0);
    EXPECT_EQ(stream.shutdown_send(), errc::connection_reset);
}

TEST(End, ResetThrowsAway) {
    auto [stream, other] = connected();
    stream.reset();
    EXPECT_FALSE(stream.is_open());
    char octet = 0;
    EXPECT_EQ(::recv(other.number(), &octet, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST(Probe, SeesWithoutTaking) {
    auto [stream, other] = connected();
    EXPECT_EQ(stream.probe(), liveness::quiet);
    other.send("421 idle too long\r\n");
    await(stream, POLLIN);
    EXPECT_EQ(stream.probe(), liveness::readable);
    other.half_close();
    EXPECT_EQ(stream.probe(), liveness::readable);
    EXPECT_EQ(read(stream).text, "421 idle too long\r\n");
    await(stream, POLLIN);
    EXPECT_EQ(stream.probe(), liveness::ended);
    EXPECT_EQ(write(stream, "x").error, errc::ok);
}

TEST(Probe, KeepsTheErrorThatItFound) {
    auto [stream, other] = connected();
    other.reset();
    await(stream, 0);
    EXPECT_EQ(stream.probe(), liveness::broken);
    EXPECT_EQ(stream.probe(), liveness::broken);
    EXPECT_EQ(read(stream).result.error, errc::connection_reset);
}

// --- signals and cancellation ---

TEST(Signals, EachCallMayBeInterrupted) {
    auto [stream, other] = connected();
    calls.interruptions = 3;
    EXPECT_EQ(write(stream, "abc").written, 3U);
    EXPECT_EQ(calls.interruptions, 0);
    EXPECT_EQ(other.receive(3), "abc");
    other.send("x");
    calls.interruptions = 3;
    EXPECT_EQ(read(stream, soon(), 1).text, "x"); // poll
    other.send("yz");
    await(stream, POLLIN);
    calls.interruptions = 3;
    EXPECT_EQ(read(stream, soon(), 1).text, "y"); // recv
    calls.interruptions = 3;
    EXPECT_EQ(stream.probe(), liveness::readable);
    EXPECT_EQ(calls.interruptions, 0);
}

// 50 MB in small pieces while a signal arrives all the time: not an octet lost or doubled.
TEST(Signals, AStormOfThemChangesNothing) {
    handling storm(SIGALRM, count_signal);
    auto [stream, other] = connected(4096);
    const auto octets = noise(50'000'000);
    std::string received;
    sigset_t alarm;
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr); // the peer inherits the peace
    std::thread server([&, &other = other] { received = other.receive(octets.size()); });
    ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
    signals = 0;
    const itimerval often{{0, 200}, {0, 200}};
    const itimerval no_more{};
    ::setitimer(ITIMER_REAL, &often, nullptr);
    const auto result = write(stream, octets, in(120s));
    const auto patient = steady_clock::now();
    const auto nothing = read(stream, patient + patience);
    const auto took = steady_clock::now() - patient;
    ::setitimer(ITIMER_REAL, &no_more, nullptr);
    server.join();
    EXPECT_EQ(result.error, errc::ok);
    EXPECT_EQ(result.written, octets.size());
    EXPECT_TRUE(received == octets);
    EXPECT_GT(signals, 100);
    EXPECT_EQ(nothing.result.error, errc::timed_out);
    EXPECT_GE(took, patience);
    EXPECT_LT(took, patience + slack);
}

TEST(Cancel, EndsAWaitingRead) {
    auto [stream, other] = connected();
    canceller cancel;
    stream.cancel_by(&cancel);
    std::thread elsewhere([&] { cancel.cancel(); });
    EXPECT_EQ(read(stream, never).result.error, errc::cancelled);
    elsewhere.join();
    EXPECT_TRUE(cancel.cancelled());
}

TEST(Cancel, EndsAWaitingWriteWithAnExactCount) {
    auto [stream, other] = connected(4096);
    canceller cancel;
    stream.cancel_by(&cancel);
    const auto octets = noise(4'000'000);
    std::thread elsewhere([&, &other = other] {
        other.receive(100'000);
        cancel.cancel();
    });
    const auto result = write(stream, octets, never);
    elsewhere.join();
    EXPECT_EQ(result.error, errc::cancelled);
    EXPECT_EQ(write(stream, octets).error, errc::cancelled);
    EXPECT_EQ(write(stream, octets).written, 0U);
    stream.close();
    EXPECT_EQ(other.receive_all(), octets.substr(100'000, result.written - 100'000));
}

TEST(Cancel, EndsAConnect) {
    black_hole hole;
    canceller cancel;
    posix_stream stream;
    stream.cancel_by(&cancel);
    std::thread elsewhere([&] { cancel.cancel(); });
    EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = hole.port()}, never), errc::cancelled);
    elsewhere.join();
    EXPECT_FALSE(stream.is_open());
    EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = hole.port()}, never), errc::cancelled);
}

TEST(Cancel, OneEndsManyStreams) {
    canceller cancel;
    std::vector<connection> connections;
    for (int i = 0; i < 4; ++i) connections.push_back(connected());
    std::vector<std::thread> threads;
    for (auto& one : connections) {
        one.stream.cancel_by(&cancel);
        threads.emplace_back([&] { EXPECT_EQ(read(one.stream, never).result.error, errc::cancelled); });
    }
    cancel.cancel();
    cancel.cancel();
    for (auto& thread : threads) thread.join();
}

TEST(Cancel, FromASignalHandler) {
    auto [stream, other] = connected();
    canceller cancel;
    stream.cancel_by(&cancel);
    cancelled_by_signal = &cancel;
    handling interrupt(SIGALRM, cancel_by_signal);
    const itimerval once{{0, 0}, {0, 10'000}};
    ::setitimer(ITIMER_REAL, &once, nullptr);
    EXPECT_EQ(read(stream, never).result.error, errc::cancelled);
}

TEST(Cancel, ReadinessBeatsNothingOnceCancelled) {
    auto [stream, other] = connected();
    canceller cancel;
    stream.cancel_by(&cancel);
    other.send("x");
    cancel.cancel();
    EXPECT_EQ(read(stream).result.error, errc::cancelled);
    stream.cancel_by(nullptr);
    EXPECT_EQ(read(stream).text, "x"); // nothing was lost
}

// --- ownership ---

TEST(Stream, MovesWithItsState) {
    auto [stream, other] = connected();
    other.send("220 hi");
    EXPECT_EQ(read(stream, soon(), 3).text, "220");
    posix_stream second(std::move(stream));
    EXPECT_FALSE(stream.is_open()); // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_EQ(read(second, soon(), 3).text, " hi");
    auto [third, third_other] = connected();
    third = std::move(second);
    EXPECT_EQ(third_other.receive_all(), ""); // closed by the assignment
    EXPECT_EQ(write(third, "x").error, errc::ok);
    EXPECT_EQ(other.receive(1), "x");
    auto& same = third;
    third = std::move(same);
    EXPECT_TRUE(third.is_open());
}

TEST(Stream, LeavesNoDescriptor) {
    const auto count = [] {
        const auto port = closed_port();
        black_hole hole;
        for (int i = 0; i < 5; ++i) {
            canceller cancel;
            posix_stream stream;
            EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = port}, soon()), errc::connection_refused);
            EXPECT_EQ(stream.connect({.host = "127.0.0.1", .port = hole.port()}, in(5ms)), errc::timed_out);
            auto both = connected();
            both.stream.cancel_by(&cancel);
            auto other = connected();
            other.stream.reset();
            other.stream = std::move(both.stream);
        }
    };
    count();
    const auto before = open_descriptors();
    count();
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Stream, AnotherProgramDoesNotInheritIt) {
    auto [stream, other] = connected();
    auto [adopted, adopted_other] = unix_pair();
    const canceller cancel;
    for (const int number : {stream.native_handle(), adopted.native_handle(), cancel.native_handle()})
        EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
}

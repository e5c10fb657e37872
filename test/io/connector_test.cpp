// The connector, driven step by step: which address is tried when, what it waits for, and that nothing is left of it.
#include "fake_dns.hpp"

#include <postrider/io/connector.hpp>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/un.h>

using namespace postrider;
using namespace postrider::test;
using testing::ElementsAre;

namespace {

// The same addresses for each name.
fake_dns::zone zone_of(std::vector<std::string> v6, std::vector<std::string> v4) {
    return [=](const std::string& name, int type) {
        dns_answer answer;
        for (const auto& address : type == type_a ? v4 : v6) answer.records.push_back({name, type, address});
        return answer;
    };
}

// That zone, but the answers about one family are held back.
fake_dns::zone holding(int family, fake_dns::zone answers) {
    return [=](const std::string& name, int type) {
        auto answer = answers(name, type);
        answer.held = type == family;
        return answer;
    };
}

void wait_for(const connector& to) {
    std::vector<pollfd> polled(to.waits().begin(), to.waits().end());
    int timeout = -1;
    if (to.wakes() != never) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(to.wakes() - steady_clock::now()).count();
        timeout = static_cast<int>(std::max<decltype(left)>(left, 0));
    }
    ::poll(polled.data(), polled.size(), timeout);
}

// Steps until it is finished, and looks after each that it waits for all its descriptors, and for no other.
struct drive {
    explicit drive(connector& connecting) : to(connecting) {}

    bool step() {
        ++steps;
        const bool finished = to.step();
        EXPECT_EQ(to.finished(), finished);
        EXPECT_EQ(to.result() == errc::wrong_state, !finished);
        for (const auto& one : to.waits()) {
            EXPECT_NE(::fcntl(one.fd, F_GETFD), -1);
            EXPECT_NE(one.events & (POLLIN | POLLOUT), 0);
        }
        EXPECT_EQ(open_descriptors() - before, finished ? (to.result() == errc::ok ? 1 : 0) : to.waits().size());
        if (finished) {
            EXPECT_TRUE(to.waits().empty());
            EXPECT_EQ(to.wakes(), never);
        }
        return finished;
    }
    errc run() {
        while (!step()) wait_for(to);
        return to.result();
    }

    connector& to;
    int steps = 0;
    std::size_t before = open_descriptors(); // to be made before `begin`
};

std::vector<std::string> attempts(const connector& to) {
    static const auto words = [](errc error) -> std::string {
        switch (error) {
        case errc::ok: return "ok";
        case errc::cancelled: return "cancelled";
        case errc::connection_refused: return "refused";
        case errc::timed_out: return "timed out";
        default: return describe(error);
        }
    };
    std::vector<std::string> all;
    for (const auto& one : std::span(to.report().attempts).first(to.report().size)) {
        const auto address = one.address.view();
        all.push_back(std::string(address.substr(0, address.rfind(':'))) + ' ' + words(one.error));
    }
    return all;
}

connect_options options_for(const fake_dns& dns, std::uint16_t port, std::string& servers) {
    servers = dns.address();
    return {.host = "mx.example.test", .port = port, .dns_servers = servers};
}

// A folder for sockets, short enough for their paths.
class folder {
public:
    folder() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
    ~folder() { std::filesystem::remove_all(path_); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }

private:
    std::string path_ = "/tmp/postriderXXXXXX";
};

descriptor local_listener(const std::string& path, int backlog = 16, int type = SOCK_STREAM) {
    descriptor here(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    EXPECT_EQ(::bind(here.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    if (type == SOCK_STREAM) {
        EXPECT_EQ(::listen(here.number(), backlog), 0);
    }
    return here;
}

} // namespace

// --- one address ---

TEST(Connector, ConnectsWithinThisMachineInOneStep) {
    listener here;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin({.host = "127.0.0.1", .port = here.port()}, soon()), errc::ok);
    EXPECT_EQ(to.result(), errc::wrong_state);
    EXPECT_TRUE(driven.step());
    ASSERT_EQ(to.result(), errc::ok);
    EXPECT_THAT(attempts(to), ElementsAre("127.0.0.1 ok"));
    auto stream = to.take();
    EXPECT_TRUE(stream.is_open());
    EXPECT_FALSE(to.take().is_open());
    EXPECT_EQ(to.result(), errc::ok);
    EXPECT_NE(::fcntl(stream.native_handle(), F_GETFL) & O_NONBLOCK, 0);
    auto other = here.accept();
    EXPECT_EQ(write(stream, "x").error, errc::ok);
    EXPECT_EQ(other.receive(1), "x");
}

TEST(Connector, BeforeItHasBegun) {
    connector to;
    EXPECT_TRUE(to.step());
    EXPECT_TRUE(to.finished());
    EXPECT_EQ(to.result(), errc::wrong_state);
    EXPECT_TRUE(to.waits().empty());
    EXPECT_EQ(to.wakes(), never);
    EXPECT_FALSE(to.take().is_open());
    EXPECT_EQ(to.report().size, 0U);
    EXPECT_EQ(to.name_lookup_time() + to.connect_time(), 0ns);
    to.cancel();
    EXPECT_EQ(to.result(), errc::wrong_state);
}

TEST(Connector, WhatCannotBeMeant) {
    using namespace std::string_view_literals;
    const auto before = open_descriptors();
    const std::string too_long(108, 'x');
    connector to;
    for (const connect_options& options : {
             connect_options{.host = ""},
             connect_options{.host = "a\0b"sv},
             connect_options{.host = "[::1"},
             connect_options{.host = "127.0.0.1:25"},
             connect_options{.host = "127.0.0.1", .port = 0},
             connect_options{.host = "127.0.0.1", .source_address = "localhost"},
             connect_options{.host = "mx.example.test", .dns_servers = "nobody"},
             connect_options{.local_path = "/tmp/a\0b"sv},
             connect_options{.local_path = too_long},
         }) {
        EXPECT_EQ(to.begin(options, soon()), errc::invalid_parameter) << options.host << options.local_path;
        EXPECT_EQ(to.result(), errc::invalid_parameter);
        EXPECT_TRUE(to.step());
        EXPECT_FALSE(to.take().is_open());
    }
    EXPECT_EQ(to.begin({.host = "127.0.0.1", .source_address = "::1"}, soon()), errc::host_not_found);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Connector, TheTextsAreCopied) {
    fake_dns dns(zone_of({}, {"127.0.0.1"}));
    listener here;
    connector to;
    drive driven(to);
    {
        std::string host = "mx.example.test";
        std::string servers = dns.address();
        ASSERT_EQ(to.begin({.host = host, .port = here.port(), .dns_servers = servers}, soon()), errc::ok);
        std::fill(host.begin(), host.end(), '?');
        std::fill(servers.begin(), servers.end(), '?');
    }
    EXPECT_EQ(driven.run(), errc::ok);
}

TEST(Connector, AfterTheDeadlineItDoesWhatNeedsNoWaiting) {
    listener here;
    black_hole hole;
    fake_dns silent([](const std::string&, int) { return dns_answer{.silent = true}; });
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin({.host = "127.0.0.1", .port = here.port()}, deadline{}), errc::ok);
    EXPECT_TRUE(driven.step());
    EXPECT_EQ(to.result(), errc::ok);
    ASSERT_EQ(to.begin({.host = "127.0.0.1", .port = hole.port()}, deadline::min()), errc::ok);
    EXPECT_TRUE(driven.step());
    EXPECT_EQ(to.result(), errc::timed_out);
    EXPECT_THAT(attempts(to), ElementsAre("127.0.0.1 timed out"));
    ASSERT_EQ(to.begin(options_for(silent, 25, servers), deadline{}), errc::ok);
    EXPECT_TRUE(driven.step());
    EXPECT_EQ(to.result(), errc::timed_out);
    EXPECT_EQ(to.report().size, 0U);
}

// --- RFC 8305: several addresses ---

TEST(Connector, AnIpv6AddressThatHangsCostsTheAttemptDelay) {
    black_hole hole("::1");
    listener here("127.0.0.1", hole.port());
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1"}));
    std::string servers;
    connector to;
    drive driven(to);
    const auto start = steady_clock::now();
    ASSERT_EQ(to.begin(options_for(dns, hole.port(), servers), soon()), errc::ok);
    EXPECT_EQ(driven.run(), errc::ok);
    const auto took = steady_clock::now() - start;
    EXPECT_GE(took, connect_options{}.attempt_delay);
    EXPECT_LT(took, connect_options{}.attempt_delay + slack);
    EXPECT_THAT(attempts(to), ElementsAre("[::1] cancelled", "127.0.0.1 ok"));
    EXPECT_LT(driven.steps, 10); // it waits, and does not spin
}

TEST(Connector, TheAttemptDelayIsTheCallers) {
    black_hole hole("::1");
    listener here("127.0.0.1", hole.port());
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1"}));
    std::string servers;
    for (const auto delay : {-1h, 0h}) {
        connector to;
        drive driven(to);
        auto options = options_for(dns, hole.port(), servers);
        options.attempt_delay = delay;
        const auto start = steady_clock::now();
        ASSERT_EQ(to.begin(options, soon()), errc::ok);
        EXPECT_EQ(driven.run(), errc::ok);
        EXPECT_GE(steady_clock::now() - start, 10ms);
        EXPECT_THAT(attempts(to), ElementsAre("[::1] cancelled", "127.0.0.1 ok"));
    }
}

// With an hour between the attempts, only a failure can begin the next one before the test is given up.
TEST(Connector, AFailureBeginsTheNextAttemptAtOnce) {
    listener here("127.0.0.1");
    fake_dns dns(zone_of({"::1", "::ffff:127.0.0.5"}, {"127.0.0.2", "127.0.0.1"}));
    std::string servers;
    connector to;
    drive driven(to);
    auto options = options_for(dns, here.port(), servers);
    options.attempt_delay = 1h;
    ASSERT_EQ(to.begin(options, never), errc::ok);
    EXPECT_EQ(driven.run(), errc::ok);
    const auto all = attempts(to);
    ASSERT_GE(all.size(), 2U);
    EXPECT_EQ(all.back(), "127.0.0.1 ok");
    for (const auto& one : std::span(all).first(all.size() - 1)) EXPECT_THAT(one, testing::EndsWith(" refused"));
}

// While another hangs: it is not waited for a second time.
TEST(Connector, AFailureBesideOneThatHangsBeginsTheNextAttemptAtOnce) {
    black_hole hole("::1");
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1", "127.0.0.2", "127.0.0.3"}));
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(dns, hole.port(), servers), soon()), errc::ok);
    while (to.report().size < 2) {
        ASSERT_FALSE(driven.step());
        if (to.report().size < 2) wait_for(to);
    }
    EXPECT_EQ(to.report().size, 4U);
    EXPECT_EQ(attempts(to).front(), "[::1] cancelled"); // it goes on
    EXPECT_EQ(to.waits().size(), 1U);
}

TEST(Connector, NobodyTriesTheSeventeenth) {
    std::vector<std::string> v4;
    for (int i = 1; i <= 20; ++i) v4.push_back("127.0.0." + std::to_string(i));
    const auto port = listener().port();
    fake_dns dns(zone_of({"::1"}, v4));
    std::string servers;
    connector to;
    drive driven(to);
    auto options = options_for(dns, port, servers);
    options.host = "mx.test"; // with a longer name, 20 addresses do not fit into a datagram
    ASSERT_EQ(to.begin(options, soon()), errc::ok);
    EXPECT_EQ(driven.run(), errc::connection_refused);
    EXPECT_EQ(to.report().size, connect_report::capacity);
}

// Sixteen have failed: whatever another family has comes too late.
TEST(Connector, AfterSixteenNothingIsWaitedFor) {
    std::vector<std::string> v4;
    for (int i = 1; i <= 20; ++i) v4.push_back("127.0.0." + std::to_string(i));
    const auto port = listener().port();
    fake_dns dns(holding(type_aaaa, zone_of({"::1"}, v4)));
    std::string servers;
    connector to;
    drive driven(to);
    auto options = options_for(dns, port, servers);
    options.host = "mx.test";
    const auto start = steady_clock::now();
    ASSERT_EQ(to.begin(options, soon()), errc::ok);
    EXPECT_EQ(driven.run(), errc::connection_refused);
    EXPECT_LT(steady_clock::now() - start, slack);
    EXPECT_EQ(to.report().size, connect_report::capacity);
}

TEST(Connector, TheNextOfTheSameFamilyIsNotForgotten) {
    black_hole first("::1");
    black_hole second("127.0.0.1", first.port()); // by its IPv6 name
    fake_dns dns(zone_of({"::1", "::ffff:127.0.0.1"}, {}));
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(dns, first.port(), servers), soon()), errc::ok);
    while (to.report().size < 2) {
        ASSERT_FALSE(driven.step());
        if (to.report().size == 1) {
            EXPECT_LT(to.wakes(), in(1s));
        }
        if (to.report().size < 2) wait_for(to);
    }
}

TEST(Connector, LittleTimeLeavesATurnForEachAddress) {
    black_hole first("127.0.0.1");
    black_hole second("127.0.0.2", first.port());
    black_hole third("127.0.0.3", first.port());
    listener here("127.0.0.4", first.port());
    fake_dns dns(zone_of({}, {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"}));
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(dns, first.port(), servers), in(connect_options{}.attempt_delay)), errc::ok);
    EXPECT_EQ(driven.run(), errc::ok);
    EXPECT_THAT(attempts(to),
                ElementsAre("127.0.0.1 cancelled", "127.0.0.2 cancelled", "127.0.0.3 cancelled", "127.0.0.4 ok"));
}

TEST(Connector, AtTheDeadlineAllHaveTimedOut) {
    black_hole first("127.0.0.1");
    black_hole second("127.0.0.2", first.port());
    fake_dns dns(zone_of({}, {"127.0.0.1", "127.0.0.2"}));
    std::string servers;
    connector to;
    drive driven(to);
    expect_patience([&](deadline until) {
        ASSERT_EQ(to.begin(options_for(dns, first.port(), servers), until), errc::ok);
        EXPECT_EQ(driven.run(), errc::timed_out);
    });
    EXPECT_THAT(attempts(to), ElementsAre("127.0.0.1 timed out", "127.0.0.2 timed out"));
}

TEST(Connector, TheMostTellingErrorIsTheResult) {
    black_hole hole("127.0.0.1");
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1"})); // nobody listens at the first
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(dns, hole.port(), servers), in(patience)), errc::ok);
    EXPECT_EQ(driven.run(), errc::connection_refused);
    EXPECT_THAT(attempts(to), ElementsAre("[::1] refused", "127.0.0.1 timed out"));
}

// --- RFC 8305: the lookup ---

TEST(Connector, Ipv4WaitsForALateAaaaFor50Milliseconds) {
    listener here("127.0.0.1");
    fake_dns dns(holding(type_aaaa, zone_of({"::1"}, {"127.0.0.1"})));
    std::string servers;
    connector to;
    drive driven(to);
    const auto start = steady_clock::now();
    ASSERT_EQ(to.begin(options_for(dns, here.port(), servers), soon()), errc::ok);
    EXPECT_EQ(driven.run(), errc::ok);
    const auto took = steady_clock::now() - start;
    EXPECT_GE(took, 50ms);
    EXPECT_LT(took, 50ms + slack);
    EXPECT_GE(to.name_lookup_time(), 50ms);
    EXPECT_THAT(attempts(to), ElementsAre("127.0.0.1 ok"));
}

// Not if that would be all of the time that there is. Tried often, for the DNS server may be late on a busy machine.
TEST(Connector, WithLittleTimeALateAaaaIsNotWaitedForSoLong) {
    listener here("127.0.0.1");
    fake_dns dns(holding(type_aaaa, zone_of({"::1"}, {"127.0.0.1"})));
    std::string servers;
    bool earlier = false;
    for (int i = 0; i < 20 && !earlier; ++i) {
        const auto until = in(45ms);
        connector to;
        drive driven(to);
        ASSERT_EQ(to.begin(options_for(dns, here.port(), servers), until), errc::ok);
        while (!driven.step()) {
            earlier = earlier || to.wakes() < until; // for nothing else: c-ares repeats nothing before 100 ms
            wait_for(to);
        }
        earlier = earlier && to.result() == errc::ok;
    }
    EXPECT_TRUE(earlier);
}

namespace {

// Until the answer that is not held has arrived: then the next thing to happen is near, and no query's repetition, which is
// seconds away.
void drive_until_ipv4_waits(drive& driven) {
    while (driven.to.wakes() > in(1s)) {
        ASSERT_FALSE(driven.step());
        if (driven.to.wakes() > in(1s)) wait_for(driven.to);
    }
}

// False: a busy machine has taken 50 ms for a datagram. It does not always.
bool release_in_time(fake_dns& dns, const connector& to) {
    EXPECT_EQ(to.waits().size(), 1U);
    pollfd answered = to.waits().front();
    dns.release();
    EXPECT_EQ(::poll(&answered, 1, 30'000), 1);
    return to.wakes() > steady_clock::now();
}

} // namespace

TEST(Connector, ALateAaaaIsTakenFirst) {
    listener v6("::1");
    listener v4("127.0.0.1", v6.port());
    std::vector<std::string> tried;
    for (int i = 0; i < 20 && tried.empty(); ++i) {
        fake_dns dns(holding(type_aaaa, zone_of({"::1"}, {"127.0.0.1"})));
        std::string servers;
        connector to;
        drive driven(to);
        ASSERT_EQ(to.begin(options_for(dns, v6.port(), servers), never), errc::ok);
        drive_until_ipv4_waits(driven);
        if (!release_in_time(dns, to)) continue;
        EXPECT_EQ(driven.run(), errc::ok);
        tried = attempts(to);
    }
    EXPECT_THAT(tried, ElementsAre("[::1] ok"));
}

// Once the addresses of both are there: AAAA comes second here, and within the 50 ms that A waits for it.
TEST(Connector, FamiliesTakeTurns) {
    const auto port = listener().port(); // where nobody is any more
    std::string families;
    for (int i = 0; i < 20 && families.empty(); ++i) {
        fake_dns dns(holding(
            type_aaaa, zone_of({"::1", "::ffff:127.0.0.9"}, {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"})));
        std::string servers;
        connector to;
        drive driven(to);
        ASSERT_EQ(to.begin(options_for(dns, port, servers), soon()), errc::ok);
        drive_until_ipv4_waits(driven);
        if (!release_in_time(dns, to)) continue;
        EXPECT_EQ(driven.run(), errc::connection_refused);
        for (const auto& one : attempts(to)) families += one.starts_with('[') ? '6' : '4';
    }
    EXPECT_EQ(families, "646444");
}

TEST(Connector, NoAaaaIsNotWaitedForAnyLonger) {
    listener here("127.0.0.1");
    fake_dns dns(holding(type_aaaa, zone_of({}, {"127.0.0.1"})));
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(dns, here.port(), servers), never), errc::ok);
    drive_until_ipv4_waits(driven);
    release_in_time(dns, to);
    EXPECT_TRUE(driven.step());
    EXPECT_EQ(to.result(), errc::ok);
}

TEST(Connector, Ipv6DoesNotWaitForALateA) {
    listener here("::1");
    fake_dns dns(holding(type_a, zone_of({"::1"}, {"127.0.0.1"})));
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(dns, here.port(), servers), never), errc::ok);
    EXPECT_EQ(driven.run(), errc::ok);
    EXPECT_THAT(attempts(to), ElementsAre("[::1] ok"));
}

TEST(Connector, ALateFamilyIsTriedWhenTheOtherHasFailed) {
    for (const int late : {type_a, type_aaaa}) {
        listener here(late == type_a ? "127.0.0.1" : "::1");
        fake_dns dns(holding(late, zone_of({"::1"}, {"127.0.0.1"})));
        std::string servers;
        connector to;
        drive driven(to);
        ASSERT_EQ(to.begin(options_for(dns, here.port(), servers), never), errc::ok);
        while (to.report().size == 0) {
            ASSERT_FALSE(driven.step());
            if (to.report().size == 0) wait_for(to);
        }
        dns.release();
        EXPECT_EQ(driven.run(), errc::ok);
        EXPECT_EQ(to.report().size, 2U);
    }
}

TEST(Connector, WhatTheResolverSays) {
    for (const auto& [code, expected] : {std::pair{3, errc::host_not_found}, std::pair{2, errc::resolver_failed}}) {
        fake_dns dns([code = code](const std::string&, int) { return dns_answer{.code = code}; });
        std::string servers;
        connector to;
        drive driven(to);
        ASSERT_EQ(to.begin(options_for(dns, 25, servers), soon()), errc::ok);
        EXPECT_EQ(driven.run(), expected);
        EXPECT_EQ(to.report().size, 0U);
        EXPECT_EQ(to.connect_time(), 0ns);
    }
}

TEST(Connector, ANameOfTheHostsFile) {
    listener here("127.0.0.1");
    fake_dns dns(zone_of({}, {"127.0.0.9"}));
    std::string servers;
    connector to;
    drive driven(to);
    auto options = options_for(dns, here.port(), servers);
    options.host = "localhost";
    ASSERT_EQ(to.begin(options, soon()), errc::ok);
    EXPECT_EQ(driven.run(), errc::ok);
    EXPECT_EQ(dns.queries(), 0);
}

// c-ares goes over to TCP, and its sockets come and go.
TEST(Connector, ATruncatedAnswer) {
    fake_dns dns([](const std::string&, int) { return dns_answer{.truncated = true}; });
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(dns, 25, servers), soon()), errc::ok);
    EXPECT_EQ(driven.run(), errc::resolver_failed);
}

TEST(Connector, AsksForTheFamilyOfTheSourceOnly) {
    listener here("127.0.0.1");
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1"}));
    std::string servers;
    connector to;
    drive driven(to);
    auto options = options_for(dns, here.port(), servers);
    options.source_address = "127.0.0.7";
    ASSERT_EQ(to.begin(options, soon()), errc::ok);
    EXPECT_EQ(driven.run(), errc::ok);
    EXPECT_THAT(attempts(to), ElementsAre("127.0.0.1 ok"));
    EXPECT_EQ(dns.queries(), 1);
    EXPECT_TRUE(to.take().local_address().view().starts_with("127.0.0.7:"));
}

// --- its life ---

TEST(Connector, StepsTooManyDoNoHarm) {
    black_hole hole("::1");
    listener here("127.0.0.1", hole.port());
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1"}));
    std::string servers;
    connector to;
    drive driven(to);
    const auto start = steady_clock::now();
    ASSERT_EQ(to.begin(options_for(dns, hole.port(), servers), soon()), errc::ok);
    while (!to.step()) std::this_thread::yield();
    EXPECT_GE(steady_clock::now() - start, connect_options{}.attempt_delay);
    EXPECT_THAT(attempts(to), ElementsAre("[::1] cancelled", "127.0.0.1 ok"));
}

// Ended in each way after each step: while the name is looked up, while one, two, three attempts are under way, and when one
// has connected and nobody took it.
TEST(Connector, LeavesNothingWhereverItEnds) {
    black_hole first("::1");
    black_hole second("127.0.0.1", first.port());
    listener here("127.0.0.2", first.port());
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1", "127.0.0.2"}));
    std::string servers;
    auto options = options_for(dns, first.port(), servers);
    options.attempt_delay = 10ms;
    const auto before = open_descriptors();
    const auto after_steps = [&](int steps, auto end) {
        connector to;
        drive driven(to);
        EXPECT_EQ(to.begin(options, soon()), errc::ok);
        bool finished = false;
        while (steps-- > 0 && !(finished = driven.step())) wait_for(to);
        end(to);
        return finished;
    };
    bool finished = false;
    int most = 0;
    for (; !finished; ++most) {
        finished = after_steps(most, [&](connector& to) {
            to.cancel();
            EXPECT_EQ(open_descriptors(), before);
            EXPECT_EQ(to.result(), errc::cancelled);
            EXPECT_TRUE(to.waits().empty());
            EXPECT_TRUE(to.step());
            EXPECT_FALSE(to.take().is_open());
            for (const auto& one : attempts(to)) EXPECT_THAT(one, testing::EndsWith(" cancelled"));
        });
        after_steps(most, [](connector&) {});
        EXPECT_EQ(open_descriptors(), before);
        after_steps(most, [&](connector& to) { to = connector(); });
        EXPECT_EQ(open_descriptors(), before);
        after_steps(most, [&](connector& to) { EXPECT_EQ(to.begin({.host = ""}, soon()), errc::invalid_parameter); });
        EXPECT_EQ(open_descriptors(), before);
    }
    EXPECT_GE(most, 4);
}

TEST(Connector, MovesWhileItIsUnderWay) {
    black_hole hole("::1");
    listener here("127.0.0.1", hole.port());
    fake_dns dns(zone_of({"::1"}, {"127.0.0.1"}));
    std::string servers;
    connector first;
    ASSERT_EQ(first.begin(options_for(dns, hole.port(), servers), soon()), errc::ok);
    errc outcome = errc::wrong_state;
    while (outcome == errc::wrong_state) {
        connector second(std::move(first));
        if (!second.step()) wait_for(second);
        outcome = second.result();
        first = std::move(second);
    }
    EXPECT_EQ(outcome, errc::ok);
    EXPECT_TRUE(first.take().is_open());
}

TEST(Connector, MayBeginAgain) {
    listener here;
    const auto nobody = listener().port();
    connector to;
    const auto before = open_descriptors();
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(to.begin({.host = "127.0.0.1", .port = nobody}, soon()), errc::ok);
        EXPECT_TRUE(to.step());
        EXPECT_EQ(to.result(), errc::connection_refused);
        to.cancel();
        EXPECT_EQ(to.result(), errc::connection_refused);
        ASSERT_EQ(to.begin({.host = "127.0.0.1", .port = here.port()}, soon()), errc::ok);
        EXPECT_TRUE(to.step());
        EXPECT_EQ(to.result(), errc::ok);
        EXPECT_EQ(open_descriptors(), before + 1);
    }
    const auto stream = to.take();
    to.cancel();
    EXPECT_TRUE(stream.is_open());
    EXPECT_EQ(to.result(), errc::ok);
}

TEST(Connector, SaysHowLongItTook) {
    fake_dns silent([](const std::string&, int) { return dns_answer{.silent = true}; });
    black_hole hole;
    std::string servers;
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin(options_for(silent, 25, servers), in(patience)), errc::ok);
    EXPECT_EQ(driven.run(), errc::timed_out);
    EXPECT_GE(to.name_lookup_time(), patience - 1ms);
    EXPECT_EQ(to.connect_time(), 0ns);
    ASSERT_EQ(to.begin({.host = "127.0.0.1", .port = hole.port()}, in(patience)), errc::ok);
    EXPECT_EQ(driven.run(), errc::timed_out);
    EXPECT_GE(to.connect_time(), patience - 1ms);
    EXPECT_LT(to.name_lookup_time(), slack);
    const auto took = to.connect_time();
    EXPECT_EQ(to.connect_time(), took); // it stands still by now
}

// --- local sockets ---

TEST(LocalSocket, Connects) {
    const folder here;
    const auto path = here / "smtp";
    const auto listening = local_listener(path);
    connector to;
    drive driven(to);
    ASSERT_EQ(to.begin({.host = "not a [host", .port = 0, .local_path = path}, soon()), errc::ok);
    EXPECT_TRUE(driven.step());
    ASSERT_EQ(to.result(), errc::ok);
    ASSERT_EQ(to.report().size, 1U);
    EXPECT_EQ(to.report().attempts[0].address.view(), path);
    EXPECT_EQ(to.report().attempts[0].error, errc::ok);
    auto stream = to.take();
    peer other(::accept(listening.number(), nullptr, nullptr));
    EXPECT_EQ(write(stream, "LHLO x\r\n").error, errc::ok);
    EXPECT_EQ(other.receive(8), "LHLO x\r\n");
    other.send("250 x\r\n");
    EXPECT_EQ(read(stream).text, "250 x\r\n");
    EXPECT_NE(::fcntl(stream.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(LocalSocket, ByTheBlockingStream) {
    const folder here;
    const auto path = here / "smtp";
    const auto listening = local_listener(path);
    posix_stream stream;
    connect_report report;
    EXPECT_EQ(stream.connect({.local_path = path}, soon(), &report), errc::ok);
    EXPECT_TRUE(stream.is_open());
    EXPECT_EQ(report.size, 1U);
    EXPECT_EQ(stream.peer_address().view(), "");
}

TEST(LocalSocket, MissingDeadOrAnotherKind) {
    const folder here;
    local_listener(here / "dead").close();
    std::ofstream(here / "file") << "x";
    const auto datagrams = local_listener(here / "datagrams", 0, SOCK_DGRAM);
    const std::string long_path = here / std::string(80, 'x');
    for (const auto& [path, expected] : {
             std::pair{here / "none", errc::unreachable},
             std::pair{here / "none/of/these", errc::unreachable},
             std::pair{here / "file/below", errc::unreachable},
             std::pair{here / "datagrams", errc::unreachable},
             std::pair{here / "dead", errc::connection_refused},
             std::pair{here / "file", errc::connection_refused},
             std::pair{long_path, errc::unreachable},
         }) {
        connector to;
        drive driven(to);
        ASSERT_EQ(to.begin({.local_path = path}, soon()), errc::ok);
        EXPECT_TRUE(driven.step()) << path;
        EXPECT_EQ(to.result(), expected) << path;
        ASSERT_EQ(to.report().size, 1U);
        EXPECT_EQ(to.report().attempts[0].address.view(), std::string_view(path).substr(0, address_text::capacity));
        EXPECT_EQ(to.report().attempts[0].error, expected);
    }
}

// Linux has no event for room in the queue of a local socket.
TEST(LocalSocket, AFullQueueIsTriedAgain) {
    const folder here;
    const auto path = here / "smtp";
    const auto listening = local_listener(path, 0);
    std::vector<descriptor> fillers;
    for (bool full = false; !full;) {
        connector filler;
        ASSERT_EQ(filler.begin({.local_path = path}, deadline{}), errc::ok);
        EXPECT_TRUE(filler.step());
        full = filler.result() == errc::timed_out;
        if (!full) fillers.emplace_back(::fcntl(filler.take().native_handle(), F_DUPFD_CLOEXEC, 0));
        ASSERT_LT(fillers.size(), 100U);
    }
    connector to;
    drive driven(to);
    expect_patience([&](deadline until) {
        ASSERT_EQ(to.begin({.local_path = path}, until), errc::ok);
        EXPECT_EQ(driven.run(), errc::timed_out);
    });
    EXPECT_EQ(to.report().attempts[0].error, errc::timed_out);
    ASSERT_EQ(to.begin({.local_path = path}, soon()), errc::ok);
    EXPECT_FALSE(driven.step());
    EXPECT_EQ(to.report().attempts[0].error, errc::cancelled);
    const descriptor room(::accept(listening.number(), nullptr, nullptr));
    driven.before = open_descriptors();
    EXPECT_EQ(driven.run(), errc::ok);
}

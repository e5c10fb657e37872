// How often a client has to wait for the server until the mail is taken: counted by the sink, which holds its replies back
// until the client has nothing left to send. Connecting counts, and so does the greeting.

#include "feed.hpp"

#include "postrider/sink/sink.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace postrider;
using namespace std::chrono_literals;

constexpr const char* content = "Subject: Hi\r\n\r\nHello.\r\n";

struct setting {
    const char* name;
    bool chunking = true;
    bool pipelining = true;
    bool auth = true;
    auth_flight with = auth_flight::with_envelope;
    std::uint16_t look_ahead = 1;
    std::size_t mails = 1;
    std::size_t recipients = 1;
    recipient_policy policy = recipient_policy::best_effort;
    std::uint64_t waits = 0; ///< at most; and not fewer by more than `saved`
    std::uint64_t saved = 0;
};

void PrintTo(const setting& s, std::ostream* os) { *os << s.name; }

class Waits : public testing::TestWithParam<setting> {};

TEST_P(Waits, UntilTheLastMailIsTaken) {
    const setting& s = GetParam();
    sink::config config;
    config.hold = true;
    config.offers.chunking = s.chunking;
    config.offers.binary_mime = s.chunking;
    config.offers.pipelining = s.pipelining;
    config.users = {{"alice", "secret"}};
    sink::server server{config};
    const std::uint16_t port = server.start();
    ASSERT_NE(port, 0);

    test::feed feed;
    for (std::size_t i = 0; i != s.mails; ++i) {
        std::vector<std::string> to;
        for (std::size_t r = 0; r != s.recipients; ++r) to.push_back("r" + std::to_string(r) + "@b.example");
        feed.add("alice@a.example", to, content).mail.policy = s.policy;
    }
    const deadline until = std::chrono::steady_clock::now() + 60s;
    posix_stream stream;
    ASSERT_EQ(stream.connect({.host = "127.0.0.1", .port = port}, until), errc::ok);
    session_options options{.client = *domain::parse("client.example"), .tls = tls_policy::none};
    if (s.auth) options.auth = {.user = "alice", .password = "secret", .allow_cleartext_auth = true};
    options.auth_with = s.with;
    options.look_ahead = s.look_ahead;
    session<> session;
    ASSERT_EQ(session.start(options), errc::ok);
    ASSERT_EQ(drive(session, stream, until, feed), errc::ok);
    ASSERT_EQ(session.quit(), errc::ok);
    ASSERT_EQ(drive(session, stream, until), errc::ok);
    stream.close();
    ASSERT_TRUE(server.wait_for_connections_closed(1, 30s));

    for (const auto& held : feed.mails())
        for (const recipient& r : held->recipients) EXPECT_EQ(r.result.what, outcome::accepted);
    const sink::report report = server.report();
    EXPECT_EQ(report.total.mails, s.mails);
    EXPECT_EQ(report.total.errors, 0u);
    EXPECT_EQ(report.total.early_octets, 0u); // RFC 2920 §3.1
    ASSERT_TRUE(report.waits_exact);
    EXPECT_LE(report.total.waits, s.waits);
    EXPECT_GE(report.total.waits, s.waits - s.saved);
    RecordProperty("waits", static_cast<int>(report.total.waits));
}

constexpr auto eager = auth_flight::eager;
constexpr auto all = recipient_policy::all_or_nothing;

INSTANTIATE_TEST_SUITE_P(
    all, Waits,
    testing::Values(
        // TCP, 220, EHLO, and all the rest in one flight.
        setting{.name = "chunking_eager", .with = eager, .waits = 4}, setting{.name = "chunking", .waits = 5},
        setting{.name = "chunking_auth_alone", .with = auth_flight::alone, .waits = 5},
        setting{.name = "chunking_no_auth", .auth = false, .waits = 4},
        // DATA costs the 354.
        setting{.name = "data_eager", .chunking = false, .with = eager, .waits = 5},
        setting{.name = "data", .chunking = false, .waits = 6},
        setting{.name = "data_no_auth", .chunking = false, .auth = false, .waits = 5},
        // One command at a time: TCP, 220, EHLO, AUTH, MAIL, RCPT, BDAT; DATA and the content.
        setting{.name = "serial_chunking", .pipelining = false, .waits = 7},
        setting{.name = "serial_data", .chunking = false, .pipelining = false, .waits = 8},
        // The next mail on the same connection, one in doubt: one wait more.
        setting{.name = "second_mail_chunking", .with = eager, .mails = 2, .waits = 5},
        setting{.name = "second_mail_data", .chunking = false, .with = eager, .mails = 2, .waits = 6},
        // 3 up to EHLO, then at most 10, and at most 102.
        setting{.name = "hundred_mails_chunking",
                .with = eager,
                .look_ahead = 32,
                .mails = 100,
                .waits = 3 + 10,
                .saved = 8},
        setting{
            .name = "hundred_mails_data", .chunking = false, .with = eager, .mails = 100, .waits = 3 + 102, .saved = 3},
        // As with one.
        setting{.name = "hundred_recipients_chunking", .with = eager, .recipients = 100, .waits = 4},
        setting{.name = "hundred_recipients_data", .chunking = false, .with = eager, .recipients = 100, .waits = 5},
        // All or nothing: the answers to RCPT must be seen before what can commit, which is BDAT; and before DATA, since a
        // 354 that was provoked could only be taken back by closing the connection.
        setting{.name = "all_or_nothing_chunking", .with = eager, .recipients = 3, .policy = all, .waits = 5},
        setting{.name = "all_or_nothing_data",
                .chunking = false,
                .with = eager,
                .recipients = 3,
                .policy = all,
                .waits = 6}),
    [](const auto& one) { return one.param.name; });

} // namespace

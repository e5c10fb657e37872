// How often a client has to wait for the server until the mail is taken: counted by the sink, which holds its replies back
// until the client has nothing left to send. Connecting counts, and so does the greeting.

#include "feed.hpp"

#include "postrider/io/mbedtls.hpp"
#include "postrider/io/openssl.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/sink/sink.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace postrider;
using namespace std::chrono_literals;

constexpr const char* content = "Subject: Hi\r\n\r\nHello.\r\n";

enum class tls_of { nobody, openssl, mbedtls };

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
    tls_of tls = tls_of::nobody;
    bool implicit_tls = false;
    std::uint64_t waits = 0; ///< at most; and not fewer by more than `saved`
    std::uint64_t saved = 0;
};

void PrintTo(const setting& s, std::ostream* os) { *os << s.name; }

template <class Stream>
void send_all(const setting& s, Stream& stream, test::feed& feed, deadline until) {
    session_options options{.client = *domain::parse("client.example"), .tls = tls_policy::none};
    if (s.tls != tls_of::nobody) options.tls = tls_policy::verified;
    options.implicit_tls = s.implicit_tls;
    if (s.auth) options.auth = {.user = "alice", .password = "secret", .preferred = mechanism::plain};
    options.auth.allow_cleartext_auth = s.tls == tls_of::nobody;
    options.auth_with = s.with;
    options.look_ahead = s.look_ahead;
    session<> session;
    ASSERT_EQ(session.start(options), errc::ok);
    ASSERT_EQ(drive(session, stream, until, feed), errc::ok);
    ASSERT_EQ(session.quit(), errc::ok);
    ASSERT_EQ(drive(session, stream, until), errc::ok);
}

template <class Filter>
void send_all_by(const setting& s, posix_stream& tcp, test::feed& feed, deadline until) {
    typename Filter::context context;
    const tls_set_up done = context.set_up({.ca_file = POSTRIDER_CERTIFICATES "/ca.pem"});
    ASSERT_TRUE(done) << done.text.view();
    tls_stream<Filter, posix_stream> stream{tcp, context, "mail.example"};
    send_all(s, stream, feed, until);
    stream.close(until);
}

class Waits : public testing::TestWithParam<setting> {};

TEST_P(Waits, UntilTheLastMailIsTaken) {
    const setting& s = GetParam();
    sink::config config;
    config.hold = true;
    config.offers.chunking = s.chunking;
    config.offers.binary_mime = s.chunking;
    config.offers.pipelining = s.pipelining;
    config.users = {{"alice", "secret"}};
    if (s.tls != tls_of::nobody) {
        config.tls.certificate = POSTRIDER_CERTIFICATES "/good.pem";
        config.tls.key = POSTRIDER_CERTIFICATES "/good.key";
        config.tls.implicit = s.implicit_tls;
    }
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
    if (s.tls == tls_of::openssl) send_all_by<openssl_tls>(s, stream, feed, until);
    else if (s.tls == tls_of::mbedtls) send_all_by<mbedtls_tls>(s, stream, feed, until);
    else send_all(s, stream, feed, until);
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
        // TCP, 220, EHLO, STARTTLS, TLS, EHLO, and all the rest; implicit TLS: TCP, TLS, 220, EHLO, and all the rest. A TLS 1.2
        // handshake is two waits; behind one from the first octet the greeting comes with its end.
        setting{.name = "starttls_eager", .with = eager, .tls = tls_of::openssl, .waits = 7},
        setting{.name = "starttls", .tls = tls_of::openssl, .waits = 8},
        setting{.name = "implicit_tls_eager", .with = eager, .tls = tls_of::openssl, .implicit_tls = true, .waits = 5},
        setting{.name = "implicit_tls", .tls = tls_of::openssl, .implicit_tls = true, .waits = 6},
        setting{.name = "starttls_second_mail", .with = eager, .mails = 2, .tls = tls_of::openssl, .waits = 8},
        setting{.name = "starttls_eager_tls_1_2", .with = eager, .tls = tls_of::mbedtls, .waits = 8},
        setting{.name = "implicit_tls_eager_tls_1_2",
                .with = eager,
                .tls = tls_of::mbedtls,
                .implicit_tls = true,
                .waits = 5},
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

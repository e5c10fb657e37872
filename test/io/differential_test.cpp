// What the client says of each recipient, beside what the server has queued: over many mails, with commands refused, and
// connections closed and reset, at random. Zero differences, in every way of sending.
//
// POSTRIDER_MAILS=100000 differential_test makes a campaign of it.

#include "feed.hpp"

#include "postrider/io/mbedtls.hpp"
#include "postrider/io/openssl.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/sink/sink.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>

namespace {

using namespace postrider;
using namespace std::chrono_literals;

enum class tls_of { nobody, openssl, mbedtls };

struct way {
    const char* name;
    std::uint16_t look_ahead = 1;
    bool chunking = true;
    bool pipelining = true;
    bool lmtp = false;
    bool auth = false;
    auth_flight with = auth_flight::with_envelope;
    std::size_t rcpt_most = 0; ///< recipients that the server takes at a time; 0: any number
    bool pulled = false;
    bool exact = false; ///< pulled, and its size is said: by BDAT
    recipient_policy policy = recipient_policy::best_effort;
    const char* faults = "refuse 4% close 0.3% reset 0.3%";
    const char* also = "";
    tls_of tls = tls_of::nobody;
};

void PrintTo(const way& w, std::ostream* os) { *os << w.name; }

/// What the server has queued: for each sender the recipients, each as often as it got the mail, and whether any mail was not
/// what was sent.
class queue {
public:
    void take(const sink::mail& m) {
        const std::lock_guard lock{mutex_};
        for (const sink::recipient& r : m.recipients) ++queued_[m.from + " " + r.address];
        if (m.content != content_of(m.from)) ++spoiled_;
    }
    unsigned times(const std::string& from, const std::string& to) const {
        const std::lock_guard lock{mutex_};
        const auto found = queued_.find(from + " " + to);
        return found == queued_.end() ? 0 : found->second;
    }
    std::size_t deliveries() const {
        const std::lock_guard lock{mutex_};
        std::size_t sum = 0;
        for (const auto& [key, times] : queued_) sum += times;
        return sum;
    }
    std::size_t spoiled() const { return spoiled_; }

    /// Of a size that the sender's name gives, with dots and what looks like commands.
    static std::string content_of(const std::string& from) {
        std::string text = "Subject: " + from + "\r\n\r\n";
        const std::size_t size = std::hash<std::string>{}(from) % 3000;
        while (text.size() < size) text += ".\r\nRSET\r\nMAIL FROM:<x@x.example>\r\n..dots\r\nDATA\r\n";
        return text;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, unsigned> queued_;
    std::size_t spoiled_ = 0;
};

/// Pulled content in uneven pieces.
class pulling_feed : public test::feed {
public:
    content_part pull(mail& m, bool first) noexcept {
        if (first) at_ = 0;
        const std::string_view all = content_of(m);
        const std::string_view part = all.substr(at_, 1 + at_ % 301);
        at_ += part.size();
        return {part, at_ == all.size(), false};
    }

private:
    std::string_view content_of(mail& m) {
        for (auto& held : mails())
            if (&held->mail == &m) return held->content;
        return {};
    }
    std::size_t at_ = 0;
};

template <class Stream>
void send(const way& w, Stream& stream, pulling_feed& feed, deadline until) {
    session_options options{.client = *domain::parse("client.example"), .tls = tls_policy::none};
    if (w.tls != tls_of::nobody) options.tls = tls_policy::verified;
    options.lmtp = w.lmtp;
    options.look_ahead = w.look_ahead;
    options.auth_with = w.with;
    if (w.auth) options.auth = {.user = "alice", .password = "secret", .allow_cleartext_auth = true};
    session<> session;
    ASSERT_EQ(session.start(options), errc::ok);
    static_cast<void>(drive(session, stream, until, feed));
    if (session.quit() == errc::ok) static_cast<void>(drive(session, stream, until));
}

/// What was encrypted and has not left must not count as sent, nor the other way round.
template <class Filter>
void send_by_tls(const way& w, posix_stream& tcp, typename Filter::context& context, pulling_feed& feed,
                 deadline until) {
    tls_stream<Filter, posix_stream> stream{tcp, context, "mail.example"};
    send(w, stream, feed, until);
    stream.close();
}

class Differential : public testing::TestWithParam<way> {};

TEST_P(Differential, WhatIsSaidIsWhatWasQueued) {
    const way& w = GetParam();
    const char* const named = std::getenv("POSTRIDER_MAILS");
    const std::size_t mails = named != nullptr ? std::strtoul(named, nullptr, 10) : 1500;
    const char* const seeded = std::getenv("POSTRIDER_SEED");
    const unsigned seed = seeded != nullptr ? static_cast<unsigned>(std::strtoul(seeded, nullptr, 10)) : 42;

    queue queued;
    sink::config config;
    config.offers.chunking = w.chunking;
    config.offers.binary_mime = w.chunking;
    config.offers.pipelining = w.pipelining;
    config.protocol = w.lmtp ? sink::protocol::lmtp : sink::protocol::smtp;
    config.max_recipients = w.rcpt_most;
    if (w.auth) config.users = {{"alice", "secret"}};
    config.keep_mails = false;
    config.on_mail = [&](const sink::mail& m) { queued.take(m); };
    config.script =
        "random seed " + std::to_string(seed) + " on MAIL RCPT DATA BDAT content " + w.faults + "\n" + w.also;
    if (w.tls != tls_of::nobody) {
        config.tls.certificate = POSTRIDER_CERTIFICATES "/good.pem";
        config.tls.key = POSTRIDER_CERTIFICATES "/good.key";
    }
    openssl_context openssl;
    mbedtls_context mbedtls;
    ASSERT_TRUE(openssl.set_up({.ca_file = POSTRIDER_CERTIFICATES "/ca.pem"}));
    ASSERT_TRUE(mbedtls.set_up({.ca_file = POSTRIDER_CERTIFICATES "/ca.pem"}));
    sink::server server{config};
    const std::uint16_t port = server.start();
    ASSERT_NE(port, 0) << (server.failure() ? server.failure()->text : "");

    std::mt19937 random{seed};
    std::map<outcome, std::size_t> outcomes;
    std::size_t sent = 0, connections = 0, recipients = 0, differences = 0;
    while (sent < mails && differences == 0) {
        pulling_feed feed;
        const std::size_t batch = std::min<std::size_t>(mails - sent, 100);
        for (std::size_t i = 0; i != batch; ++i, ++sent) {
            const std::string id = "m" + std::to_string(sent);
            std::vector<std::string> to;
            for (std::size_t r = 0, many = 1 + random() % 4; r != many; ++r)
                to.push_back(id + "r" + std::to_string(r) + "@b.example");
            test::held_mail& held = feed.add(id + "@a.example", to, queue::content_of(id + "@a.example"));
            held.mail.policy = w.policy;
            if (w.pulled || w.exact) held.mail.content = {.pulled = true, .repeatable = true};
            if (w.exact) {
                held.mail.content.size = held.content.size();
                held.mail.content.exact_size = true;
            }
        }
        // Each mail once; those that a connection leaves behind untouched go by the next.
        const deadline until = std::chrono::steady_clock::now() + 60s;
        bool left = true;
        while (left) {
            ASSERT_LT(++connections, 20 * mails);
            posix_stream stream;
            ASSERT_EQ(stream.connect({.host = "127.0.0.1", .port = port}, until), errc::ok);
            if (w.tls == tls_of::openssl) send_by_tls<openssl_tls>(w, stream, openssl, feed, until);
            else if (w.tls == tls_of::mbedtls) send_by_tls<mbedtls_tls>(w, stream, mbedtls, feed, until);
            else send(w, stream, feed, until);
            left = feed.rest();
        }
        for (const auto& held : feed.mails()) {
            EXPECT_TRUE(held->done);
            for (std::size_t r = 0; r != held->to.size(); ++r) {
                const status& s = held->recipients[r].result;
                ++outcomes[s.what];
                ++recipients;
                EXPECT_FALSE(s.open());
                const unsigned times = queued.times(held->from, held->to[r]);
                const bool as_said =
                    s.what == outcome::unknown ? times <= 1 : times == (s.what == outcome::accepted ? 1 : 0);
                if (as_said) continue;
                ++differences;
                ADD_FAILURE() << held->to[r] << " is said to be " << name(s.what) << " " << name(s.where) << " "
                              << s.code << ", and was queued " << times << " times";
            }
        }
    }
    server.stop();
    EXPECT_EQ(queued.spoiled(), 0u);
    // Nothing was queued that nobody sent.
    EXPECT_LE(queued.deliveries(), outcomes[outcome::accepted] + outcomes[outcome::unknown]);
    EXPECT_GE(queued.deliveries(), outcomes[outcome::accepted]);
    EXPECT_EQ(server.report().total.early_octets, 0u);
    EXPECT_GT(outcomes[outcome::accepted], recipients / 3) << "too little got through to show anything";
    EXPECT_GT(outcomes[outcome::rejected] + outcomes[outcome::deferred], recipients / 100);
    std::printf(
        "%-22s %zu mails, %zu recipients, %zu connections: %zu accepted, %zu rejected, %zu deferred, %zu unknown, "
        "%zu not attempted; %zu queued\n",
        w.name, sent, recipients, connections, outcomes[outcome::accepted], outcomes[outcome::rejected],
        outcomes[outcome::deferred], outcomes[outcome::unknown], outcomes[outcome::not_attempted], queued.deliveries());
}

constexpr auto all = recipient_policy::all_or_nothing;

INSTANTIATE_TEST_SUITE_P(
    all, Differential,
    testing::Values(
        way{.name = "strict"}, way{.name = "two_in_doubt", .look_ahead = 2},
        way{.name = "32_in_doubt", .look_ahead = 32},
        way{.name = "32_in_doubt_split", .look_ahead = 32, .also = "split 7"},
        way{.name = "by_data", .chunking = false}, way{.name = "by_data_pulled", .chunking = false, .pulled = true},
        way{.name = "tls_32_in_doubt", .look_ahead = 32, .tls = tls_of::openssl},
        way{.name = "tls_by_data", .chunking = false, .tls = tls_of::openssl},
        way{.name = "tls_1_2", .look_ahead = 8, .tls = tls_of::mbedtls}, way{.name = "serial", .pipelining = false},
        way{.name = "serial_data", .chunking = false, .pipelining = false},
        way{.name = "eager",
            .look_ahead = 8,
            .auth = true,
            .with = auth_flight::eager,
            .also = "random seed 9 on AUTH refuse 20%"},
        way{.name = "eager_data",
            .chunking = false,
            .auth = true,
            .with = auth_flight::eager,
            .also = "random seed 9 on AUTH refuse 20%"},
        way{.name = "with_envelope", .auth = true, .also = "random seed 9 on AUTH refuse 20%"},
        way{.name = "carried_over", .look_ahead = 8, .rcpt_most = 2},
        way{.name = "carried_over_exact", .look_ahead = 8, .rcpt_most = 2, .exact = true},
        way{.name = "carried_over_data", .chunking = false, .rcpt_most = 1, .pulled = true},
        way{.name = "lmtp", .look_ahead = 8, .lmtp = true}, way{.name = "lmtp_data", .chunking = false, .lmtp = true},
        way{.name = "all_or_nothing", .look_ahead = 8, .policy = all},
        way{.name = "rset_refused", .look_ahead = 8, .also = "random seed 5 on RSET refuse 5%"}),
    [](const auto& one) { return one.param.name; });

} // namespace

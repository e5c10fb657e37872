// Small windows and large numbers: writing and reading make progress together, and memory does not grow.

#include "feed.hpp"

#include "postrider/sink/sink.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sys/socket.h>

namespace {

using namespace postrider;
using namespace std::chrono_literals;

/// Peak of this process's resident memory in KB. The sink is in it; it keeps nothing.
long peak_kilobytes() {
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;)
        if (word == "VmHWM:") {
            long value = 0;
            status >> value;
            return value;
        }
    return -1;
}

// By how many KB the peak may rise by what is not counted for each mail or recipient; a sanitizer keeps what is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) // g++
#define SANITIZED
#elif defined(__has_feature) // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef SANITIZED
constexpr long slack = 8192;
#else
constexpr long slack = 512;
#endif

class Session : public testing::Test {
protected:
    void start(sink::config config, std::uint16_t look_ahead, int buffer = 0) {
        server_ = std::make_unique<sink::server>(std::move(config));
        const std::uint16_t port = server_->start();
        ASSERT_NE(port, 0);
        ASSERT_EQ(stream_.connect({.host = "127.0.0.1", .port = port}, until_), errc::ok);
        if (buffer != 0) {
            ::setsockopt(stream_.native_handle(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
            ::setsockopt(stream_.native_handle(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
        }
        ASSERT_EQ(session_.start(
                      {.client = *domain::parse("client.example"), .tls = tls_policy::none, .look_ahead = look_ahead}),
                  errc::ok);
    }

    const deadline until_ = std::chrono::steady_clock::now() + 120s;
    std::unique_ptr<sink::server> server_;
    posix_stream stream_;
    session<> session_;
};

std::vector<std::string> recipients(std::size_t number) {
    std::vector<std::string> to;
    for (std::size_t i = 0; i != number; ++i) to.push_back("recipient" + std::to_string(i) + "@b.example");
    return to;
}

using Window = Session;

// RFC 2920 §3.1: a group that does not fit the windows must not stop both sides. The sink stops reading when its replies do
// not leave, as real servers do.
TEST_F(Window, FourKilobytesAndThreeThousandRecipients) {
    for (const bool chunking : {true, false}) {
        sink::config config;
        config.offers.chunking = chunking;
        config.script = "window 4096 every 1ms";
        test::feed feed;
        feed.add("alice@a.example", recipients(3000), "Subject: Hi\r\n\r\n" + std::string(50'000, 'x'));
        stream_.close();
        ASSERT_NO_FATAL_FAILURE(start(std::move(config), 1, 4096));
        EXPECT_EQ(drive(session_, stream_, until_, feed), errc::ok);
        for (const recipient& r : feed.mails()[0]->recipients) ASSERT_EQ(r.result.what, outcome::accepted);
        EXPECT_EQ(server_->report().total.recipients, 3000u);
    }
}

TEST_F(Window, FourKilobytesAndManyMailsInDoubt) {
    sink::config config;
    config.script = "window 4096 every 1ms";
    test::feed feed;
    for (int i = 0; i != 50; ++i)
        feed.add("alice@a.example", recipients(20), "Subject: Hi\r\n\r\n" + std::string(2000, 'x') + "\r\n");
    ASSERT_NO_FATAL_FAILURE(start(std::move(config), 64, 4096));
    EXPECT_EQ(drive(session_, stream_, until_, feed), errc::ok);
    for (const auto& held : feed.mails())
        for (const recipient& r : held->recipients) ASSERT_EQ(r.result.what, outcome::accepted);
    EXPECT_EQ(server_->report().total.mails, 50u);
}

using Memory = Session;

/// N mails from one object each time.
class same_again : public drive_handler {
public:
    explicit same_again(std::size_t mails) : left_(mails) {
        for (slot& s : slots_) {
            s.m.reverse_path = *mailbox::parse("alice@a.example");
            s.m.recipients = s.to;
            s.m.content.text = "Subject: Hi\r\n\r\nHello.\r\n";
            free_.push_back(&s.m);
        }
    }
    mail* next_mail() noexcept {
        if (left_ == 0 || free_.empty()) return nullptr;
        --left_;
        mail* const m = free_.back();
        free_.pop_back();
        return m;
    }
    void mail_done(mail& m, const reply&) noexcept {
        accepted += m.recipients[0].result.what == outcome::accepted;
        free_.push_back(&m);
    }
    std::size_t accepted = 0;

private:
    struct slot {
        recipient to[1] = {{*mailbox::parse("bob@b.example")}};
        mail m;
    };
    std::size_t left_;
    slot slots_[33];
    std::vector<mail*> free_;
};

TEST_F(Memory, IsFlatOverAHundredThousandMails) {
    ASSERT_NO_FATAL_FAILURE(start({}, 32));
    ASSERT_EQ(drive(session_, stream_, until_, same_again{1000}), errc::ok);
    const long before = peak_kilobytes();
    same_again handler{100'000};
    ASSERT_EQ(drive(session_, stream_, until_, handler), errc::ok);
    EXPECT_EQ(handler.accepted, 100'000u);
    EXPECT_LE(peak_kilobytes() - before, slack);
    EXPECT_EQ(server_->report().total.mails, 101'000u);
}

// A recipient costs its `recipient`, and whatever text the caller has; the session needs nothing for it.
TEST_F(Memory, AHundredThousandRecipientsOfOneMail) {
    static_assert(sizeof(recipient) <= 56);
    ASSERT_NO_FATAL_FAILURE(start({}, 1));
    test::feed feed;
    feed.add("alice@a.example", recipients(100'000), "Subject: Hi\r\n\r\nHello.\r\n");
    const long before = peak_kilobytes();
    ASSERT_EQ(drive(session_, stream_, until_, feed), errc::ok);
    EXPECT_LE(peak_kilobytes() - before, slack);
    for (const recipient& r : feed.mails()[0]->recipients) ASSERT_EQ(r.result.what, outcome::accepted);
    EXPECT_EQ(server_->report().total.mails, 1u);
}

// Further transactions for a server that takes a thousand at a time, and does not say so.
TEST_F(Memory, AHundredThousandRecipientsAThousandAtATime) {
    sink::config config;
    config.max_recipients = 1000;
    ASSERT_NO_FATAL_FAILURE(start(std::move(config), 1));
    test::feed feed;
    feed.add("alice@a.example", recipients(100'000), "Subject: Hi\r\n\r\nHello.\r\n");
    const long before = peak_kilobytes();
    ASSERT_EQ(drive(session_, stream_, until_, feed), errc::ok);
    EXPECT_LE(peak_kilobytes() - before, slack);
    for (const recipient& r : feed.mails()[0]->recipients) ASSERT_EQ(r.result.what, outcome::accepted);
    EXPECT_EQ(server_->report().total.mails, 100u);
    EXPECT_EQ(feed.mails()[0]->mail.progress.transactions(), 100u);
    // What was sent in vain before the first refusal was read is bounded by what is under way.
    EXPECT_LT(server_->report().total.refused_recipients, 100'000u);
    RecordProperty("refused", static_cast<int>(server_->report().total.refused_recipients));
}

using Idle = Session;

// Whether an idle connection is still worth a mail is known without a wait; what it was not is told without one.
TEST_F(Idle, AClosedConnectionCostsNoMail) {
    sink::config config;
    config.idle_timeout = 50ms;
    ASSERT_NO_FATAL_FAILURE(start(std::move(config), 1));
    ASSERT_EQ(drive(session_, stream_, until_), errc::ok);
    EXPECT_EQ(stream_.probe(), liveness::quiet);
    ASSERT_TRUE(server_->wait_for_connections_closed(1, 10s));

    test::feed feed;
    test::held_mail& held = feed.add("alice@a.example", {"bob@b.example"}, "Subject: Hi\r\n\r\nHello.\r\n");
    EXPECT_NE(stream_.probe(), liveness::quiet); // a pool would not use it
    EXPECT_NE(drive(session_, stream_, until_, feed), errc::ok);
    const status& s = held.recipients[0].result;
    EXPECT_TRUE(s.what == outcome::not_attempted || s.what == outcome::deferred) << name(s.what);
    EXPECT_EQ(s.again(), status::retry::yes);
    EXPECT_TRUE(nothing_committed(held.mail));

    stream_.close();
    ASSERT_EQ(stream_.connect({.host = "127.0.0.1", .port = server_->endpoints()[0].port}, until_), errc::ok);
    ASSERT_EQ(session_.start({.client = *domain::parse("client.example"), .tls = tls_policy::none}), errc::ok);
    ASSERT_EQ(session_.send(held.mail), errc::ok);
    ASSERT_EQ(drive(session_, stream_, until_, feed), errc::ok);
    EXPECT_EQ(s.what, outcome::accepted);
    EXPECT_FALSE(nothing_committed(held.mail));
}

} // namespace

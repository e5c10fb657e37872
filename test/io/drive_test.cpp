// The loop between a session and a stream: against a stream that the test plays, and against a server over sockets.

#include "postrider/io/drive.hpp"
#include "postrider/sink/sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace postrider {
namespace {

using namespace std::chrono_literals;

/// A content of parts that lie in one buffer, one after another.
class streamed_content : public drive_handler {
public:
    streamed_content(std::string text, std::size_t part) : text_(std::move(text)), part_(part) {}
    content_part pull(mail&, bool first) noexcept {
        EXPECT_EQ(first, at_ == 0);
        buffer_.assign(text_, at_, part_);
        at_ += buffer_.size();
        return {buffer_, at_ == text_.size(), false};
    }

private:
    std::string text_, buffer_;
    std::size_t part_, at_ = 0;
};

struct broken_content : drive_handler {
    static constexpr bool stable = true;
    static content_part pull(mail&, bool) noexcept { return {.failed = true}; }
};

/// Plays the answers one after another, one for each wait, and keeps what each call sent.
struct played_stream {
    std::deque<std::string> answers;
    std::size_t takes = static_cast<std::size_t>(-1); ///< octets that it takes in all; then every call times out
    std::size_t reads_at_once = static_cast<std::size_t>(-1);
    std::deque<std::string> drips{};     ///< what it says, one for each call, while it takes nothing
    std::vector<std::string> flights{};  ///< what one call sent
    std::vector<deadline> reads_until{}; ///< of the calls that only read
    std::vector<deadline> stuck_until{}; ///< of the calls that could send nothing

    transfer_result transfer(std::span<const std::string_view> out, std::span<char> in, deadline until) {
        transfer_result r;
        std::string octets;
        for (const std::string_view part : out) octets += part;
        if (!octets.empty()) {
            r.written = std::min(octets.size(), takes);
            takes -= r.written;
            if (r.written != 0) flights.push_back(octets.substr(0, r.written));
            else stuck_until.push_back(until);
            if (r.written == 0 && !drips.empty()) {
                r.read = drips.front().copy(in.data(), in.size());
                drips.pop_front();
            } else if (r.written != octets.size()) r.error = drips.empty() ? errc::timed_out : errc::ok;
            return r;
        }
        reads_until.push_back(until);
        if (answers.empty()) {
            r.end_of_stream = true;
            return r;
        }
        std::string& answer = answers.front();
        r.read = std::min({answer.size(), reads_at_once, in.size()});
        answer.copy(in.data(), r.read);
        answer.erase(0, r.read);
        if (answer.empty()) answers.pop_front();
        return r;
    }
};

struct letter {
    std::vector<recipient> recipients;
    postrider::mail mail{.reverse_path = *mailbox::parse("alice@a.example")};
    explicit letter(mail_content content, std::size_t count = 1) : names(count) {
        for (std::size_t i = 0; i != count; ++i) {
            names[i] = "user" + std::to_string(i) + "@b.example";
            recipients.push_back({.forward_path = *mailbox::parse(names[i])});
        }
        mail.recipients = recipients;
        mail.content = content;
    }
    std::vector<std::string> names;
};

session_options options() { return {.client = *domain::parse("client.example"), .tls = tls_policy::none}; }

const std::deque<std::string> serial{"220 mx\r\n", "250 mx\r\n", "250 ok\r\n",
                                     "250 ok\r\n", "354 go\r\n", "250 taken\r\n"};

// TLS is what a session wants unless it is told otherwise; a stream without it is no stream for that.
TEST(Drive, NothingLeavesByAStreamWithoutTlsWhereTlsIsWanted) {
    played_stream stream;
    session<> s;
    session_options o = options();
    for (const tls_policy policy : {tls_policy::verified, tls_policy::opportunistic}) {
        o.tls = policy;
        ASSERT_EQ(s.start(o), errc::ok);
        recipient to{.forward_path = *mailbox::parse("bob@b.example")};
        mail m{.recipients = {&to, 1}, .content = {.text = "Hi\r\n"}};
        ASSERT_EQ(s.send(m), errc::ok);
        EXPECT_EQ(drive(s, stream), errc::no_tls);
        EXPECT_EQ(to.result.what, outcome::not_attempted);
        EXPECT_EQ(to.result.error, errc::no_tls);
    }
    EXPECT_TRUE(stream.flights.empty());
    EXPECT_TRUE(stream.reads_until.empty());
}

TEST(Drive, ContentAndItsEndLeaveInOneCall) {
    played_stream stream{.answers = serial};
    session<> s;
    letter l{{.text = "Subject: a\n\n.b\n"}};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    EXPECT_EQ(drive(s, stream), errc::ok);
    EXPECT_EQ(l.recipients[0].result.what, outcome::accepted);
    EXPECT_THAT(stream.flights,
                testing::ElementsAre("EHLO client.example\r\n", "MAIL FROM:<alice@a.example>\r\n",
                                     "RCPT TO:<user0@b.example>\r\n", "DATA\r\n", "Subject: a\r\n\r\n..b\r\n.\r\n"));
}

TEST(Drive, AGroupLeavesInOneCall) {
    played_stream stream{.answers = {"220 mx\r\n", "250-mx\r\n250 PIPELINING\r\n",
                                     "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", "250 taken\r\n"}};
    session<> s;
    letter l{{.text = "\n"}, 2};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    EXPECT_EQ(drive(s, stream), errc::ok);
    ASSERT_EQ(stream.flights.size(), 3u);
    EXPECT_EQ(stream.flights[1], "MAIL FROM:<alice@a.example>\r\nRCPT TO:<user0@b.example>\r\n"
                                 "RCPT TO:<user1@b.example>\r\nDATA\r\n");
}

TEST(Drive, APartOfAStreamIsSentBeforeTheNextIsPulled) {
    played_stream stream{.answers = serial};
    session<> s;
    letter l{{.pulled = true}};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    const std::string text = "0123456789\r\n.abcdef\r\n";
    EXPECT_EQ(drive(s, stream, never, streamed_content{text, 7}), errc::ok);
    EXPECT_EQ(l.recipients[0].result.what, outcome::accepted);
    EXPECT_THAT(std::vector<std::string>(stream.flights.begin() + 4, stream.flights.end()),
                testing::ElementsAre("0123456", "789\r\n..a", "bcdef\r\n.\r\n"));
}

// A server that sends an octet now and then must not hold a client for ever (RFC 5321 §4.5.3.2 limits the whole reply).
TEST(Drive, OctetsThatCompleteNoReplyBuyNoTime) {
    played_stream stream{.answers = {"220-a\r\n220-b\r\n220 c\r\n", "250 mx\r\n"}, .reads_at_once = 1};
    session<> s;
    ASSERT_EQ(s.start(options()), errc::ok);
    EXPECT_EQ(drive(s, stream), errc::ok);
    ASSERT_EQ(stream.reads_until.size(), 21u + 8u);
    for (std::size_t i = 1; i != 21; ++i) EXPECT_EQ(stream.reads_until[i], stream.reads_until[0]) << i;
    EXPECT_GT(stream.reads_until[21], stream.reads_until[0]) << "the next reply has its own time";
}

TEST(Drive, NorDoTheyWhileThePeerTakesNothing) {
    const std::size_t before = std::string("EHLO client.example\r\nMAIL FROM:<alice@a.example>\r\n"
                                           "RCPT TO:<user0@b.example>\r\nDATA\r\n")
                                   .size();
    played_stream stream{.answers = serial, .takes = before + 3, .drips = {"2", "5", "0", "-", "x"}};
    session<> s;
    letter l{{.text = "Subject: a\r\n\r\nb\r\n"}};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    EXPECT_EQ(drive(s, stream), errc::timed_out);
    EXPECT_EQ(l.recipients[0].result.what, outcome::deferred);
    ASSERT_EQ(stream.stuck_until.size(), 6u);
    for (std::size_t i = 1; i != 6; ++i) EXPECT_EQ(stream.stuck_until[i], stream.stuck_until[0]) << i;
}

TEST(Drive, WaitsEndAtTheDeadlineOfTheCaller) {
    played_stream stream{.answers = serial};
    session<> s;
    letter l{{.text = "\n"}};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    const deadline until = std::chrono::steady_clock::now() + 10s;
    EXPECT_EQ(drive(s, stream, until), errc::ok);
    for (const deadline d : stream.reads_until) EXPECT_EQ(d, until);
}

// A mail that was called deferred must not arrive after all: nothing of it leaves any more, its dot least of all.
TEST(Drive, NothingLeavesAfterAFailure) {
    const std::string content = "Subject: a\r\n\r\nb\r\n";
    const std::size_t before = std::string("EHLO client.example\r\nMAIL FROM:<alice@a.example>\r\n"
                                           "RCPT TO:<user0@b.example>\r\nDATA\r\n")
                                   .size();
    for (std::size_t taken = 0; taken <= content.size() + 3; ++taken) {
        SCOPED_TRACE(taken);
        played_stream stream{.answers = serial, .takes = before + taken};
        session<> s;
        letter l{{.text = content}};
        ASSERT_EQ(s.start(options()), errc::ok);
        ASSERT_EQ(s.send(l.mail), errc::ok);
        const errc error = drive(s, stream, std::chrono::steady_clock::now() + 1h);
        std::string sent;
        for (const std::string& f : stream.flights) sent += f;
        EXPECT_EQ(sent.size(), before + taken);
        const bool whole = taken == content.size() + 3;
        EXPECT_EQ(error, whole ? errc::ok : errc::timed_out);
        EXPECT_EQ(l.recipients[0].result.what, whole ? outcome::accepted : outcome::deferred);
    }
}

TEST(Drive, TheLastReplyIsLost) {
    played_stream stream{.answers = serial};
    stream.answers.pop_back();
    session<> s;
    letter l{{.text = "\n"}};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    EXPECT_EQ(drive(s, stream), errc::connection_closed);
    EXPECT_EQ(l.recipients[0].result.what, outcome::unknown);
}

TEST(Drive, ContentThatCannotBeHad) {
    played_stream stream{.answers = serial};
    session<> s;
    letter l{{.pulled = true}};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    EXPECT_EQ(drive(s, stream, never, broken_content{}), errc::body_failed);
    EXPECT_EQ(l.recipients[0].result.what, outcome::deferred);
    EXPECT_EQ(stream.flights.back(), "DATA\r\n");
}

struct heard : drive_handler {
    std::vector<std::string>* log;
    explicit heard(std::vector<std::string>& to) : log(&to) {}
    void sent(std::string_view octets, phase, const mail*, bool secret, bool) noexcept {
        log->push_back("sent " + (secret ? std::string("...") : std::string(octets)));
    }
    void received(std::string_view octets) noexcept { log->push_back("received " + std::string(octets)); }
    void refused(mail&, std::size_t index, const reply& said) noexcept {
        log->push_back("refused " + std::to_string(index) + " " + std::string(said.text));
    }
    void mail_done(mail&, const reply& said) noexcept { log->push_back("done " + std::string(said.text)); }
};

TEST(Drive, AHandlerSeesWhatPasses) {
    played_stream stream{
        .answers = {"220 mx\r\n", "250-mx\r\n250 AUTH PLAIN\r\n", "235 in\r\n", "250 ok\r\n", "550 no such user\r\n"}};
    session<> s;
    letter l{{.text = "\n"}};
    session_options o = options();
    o.auth = {.user = "tim", .password = "secret", .allow_cleartext_auth = true};
    ASSERT_EQ(s.start(o), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    std::vector<std::string> log;
    EXPECT_EQ(drive(s, stream, never, heard{log}), errc::ok);
    EXPECT_THAT(log, testing::ElementsAre("received 220 mx\r\n", "sent EHLO client.example\r\n",
                                          "received 250-mx\r\n250 AUTH PLAIN\r\n", "sent ...", "received 235 in\r\n",
                                          "sent MAIL FROM:<alice@a.example>\r\n", "received 250 ok\r\n",
                                          "sent RCPT TO:<user0@b.example>\r\n", "received 550 no such user\r\n",
                                          "refused 0 no such user", "done no such user"));
}

/// Hands over mails one after another, as the session wants them.
struct mailbag : drive_handler {
    std::deque<mail*> waiting;
    std::vector<const mail*> done;
    std::vector<errc> refusals;
    mail* next_mail() noexcept {
        if (waiting.empty()) return nullptr;
        mail* const m = waiting.front();
        waiting.pop_front();
        return m;
    }
    void not_taken(mail&, errc why) noexcept { refusals.push_back(why); }
    void mail_done(mail& m, const reply&) noexcept { done.push_back(&m); }
};

TEST(Drive, MailsOfAHandlerShareAFlight) {
    const std::string taken = "250 ok\r\n250 ok\r\n250 taken\r\n";
    played_stream stream{
        .answers = {"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", taken + "250 reset\r\n" + taken}};
    session<> s;
    letter one{{.text = "1\r\n"}}, two{{.text = "2\r\n"}};
    session_options o = options();
    o.look_ahead = 2;
    ASSERT_EQ(s.start(o), errc::ok);
    mailbag bag;
    bag.waiting = {&one.mail, &two.mail};
    EXPECT_EQ(drive(s, stream, never, bag), errc::ok);
    EXPECT_THAT(bag.done, testing::ElementsAre(&one.mail, &two.mail));
    EXPECT_THAT(
        stream.flights,
        testing::ElementsAre("EHLO client.example\r\n",
                             "MAIL FROM:<alice@a.example>\r\nRCPT TO:<user0@b.example>\r\nBDAT 3 LAST\r\n1\r\n"
                             "RSET\r\n"
                             "MAIL FROM:<alice@a.example>\r\nRCPT TO:<user0@b.example>\r\nBDAT 3 LAST\r\n2\r\n"));
    EXPECT_EQ(one.recipients[0].result.what, outcome::accepted);
    EXPECT_EQ(two.recipients[0].result.what, outcome::accepted);
}

TEST(Drive, AMailThatIsNotTakenIsToldOf) {
    played_stream stream{.answers = serial};
    session<> s;
    letter nobody{{.text = "\n"}, 0}, l{{.text = "\n"}};
    ASSERT_EQ(s.start(options()), errc::ok);
    mailbag bag;
    bag.waiting = {&nobody.mail, &l.mail};
    EXPECT_EQ(drive(s, stream, never, bag), errc::ok);
    EXPECT_THAT(bag.refusals, testing::ElementsAre(errc::no_recipients));
    EXPECT_THAT(bag.done, testing::ElementsAre(&l.mail));
}

struct stable_content : drive_handler {
    static constexpr bool stable = true;
    std::deque<std::string_view> parts;
    content_part pull(mail&, bool) noexcept {
        const std::string_view part = parts.front();
        parts.pop_front();
        return {.octets = part, .last = parts.empty()};
    }
};

TEST(Drive, PartsThatStayShareAFlight) {
    played_stream stream{.answers = serial};
    session<> s;
    letter l{{.pulled = true}};
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(s.send(l.mail), errc::ok);
    stable_content source;
    source.parts = {"Subject: a\r\n", "\r\n.", "b"};
    EXPECT_EQ(drive(s, stream, never, source), errc::ok);
    EXPECT_EQ(stream.flights.back(), "Subject: a\r\n\r\n..b\r\n.\r\n");
}

struct listener : drive_handler {
    std::string answer;
    void answered(const reply& said) noexcept { answer = said.text; }
};

TEST(Drive, ACommandByItselfIsAnswered) {
    played_stream stream{.answers = {"220 mx\r\n", "250 mx\r\n", "252 perhaps\r\n"}};
    session<> s;
    ASSERT_EQ(s.start(options()), errc::ok);
    ASSERT_EQ(drive(s, stream), errc::ok);
    ASSERT_EQ(s.ask(phase::vrfy, "bob"), errc::ok);
    listener l;
    EXPECT_EQ(drive(s, stream, never, l), errc::ok);
    EXPECT_EQ(l.answer, "perhaps");
    EXPECT_EQ(stream.flights.back(), "VRFY bob\r\n");
}

// The answer to that QUIT is not waited for; and what ends with an error may leave nothing else.
TEST(Drive, AQuitForWhoTalksNonsenseStillLeaves) {
    for (const std::size_t takes : {std::size_t{0}, std::size_t{3}, std::size_t{1000}}) {
        played_stream stream{.answers = {"nonsense\r\n"}, .takes = takes};
        session<> s;
        ASSERT_EQ(s.start(options()), errc::ok);
        EXPECT_EQ(drive(s, stream, std::chrono::steady_clock::now() + 1h), errc::malformed_reply);
        std::string sent;
        for (const std::string& f : stream.flights) sent += f;
        EXPECT_EQ(sent, std::string("QUIT\r\n").substr(0, std::min<std::size_t>(takes, 6)));
        EXPECT_EQ(stream.reads_until.size(), 1u);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Over sockets

struct served {
    sink::config config;
    sink::server server;
    posix_stream stream;
    session<> s;

    explicit served(sink::config c = {}) : config(keeping(std::move(c))), server(config) {
        const auto port = static_cast<std::uint16_t>(server.start());
        EXPECT_NE(port, 0);
        EXPECT_EQ(stream.connect({"127.0.0.1", port, {}, {}}, soon()), errc::ok);
        EXPECT_EQ(s.start(options()), errc::ok);
    }
    static sink::config keeping(sink::config c) {
        c.keep_mails = true;
        return c;
    }
    static deadline soon() { return std::chrono::steady_clock::now() + 60s; }
    void small_buffers() const {
        const int octets = 4096;
        for (const int option : {SO_SNDBUF, SO_RCVBUF})
            ASSERT_EQ(::setsockopt(stream.native_handle(), SOL_SOCKET, option, &octets, sizeof octets), 0);
    }
};

TEST(Drive, AMegabyteArrivesAsItIsByEverySource) {
    std::string text;
    for (int i = 0; text.size() < 1'000'000; ++i)
        text += std::string(static_cast<std::size_t>(i % 5), '.') + "line " + std::to_string(i) + "\r\n";
    served t;
    t.small_buffers();
    for (const std::size_t part : {std::size_t{0}, std::size_t{37}, std::size_t{65536}}) {
        letter l{part == 0 ? mail_content{.text = text} : mail_content{.pulled = true}};
        ASSERT_EQ(t.s.send(l.mail), errc::ok);
        EXPECT_EQ(drive(t.s, t.stream, served::soon(), streamed_content{text, part}), errc::ok);
        EXPECT_EQ(l.recipients[0].result.what, outcome::accepted);
        ASSERT_FALSE(t.server.mails().empty());
        EXPECT_TRUE(t.server.mails().back().content == text) << "parts of " << part;
    }
    EXPECT_EQ(t.server.mails().size(), 3u);
}

// RFC 2920 §3.1: a client that only writes while a server only writes waits for ever; here both windows are small and a
// group has more replies than either holds.
TEST(Drive, ThousandsOfRecipientsInOneGroupDoNotDeadlock) {
    served t;
    t.small_buffers();
    letter l{{.text = "\r\n"}, 20'000};
    ASSERT_EQ(t.s.send(l.mail), errc::ok);
    EXPECT_EQ(drive(t.s, t.stream, served::soon()), errc::ok);
    for (const recipient& r : l.recipients) ASSERT_EQ(r.result.what, outcome::accepted);
    ASSERT_EQ(t.server.mails().size(), 1u);
    EXPECT_EQ(t.server.mails()[0].recipients.size(), 20'000u);
}

TEST(Drive, ASilentServerEndsAtTheDeadline) {
    sink::config c;
    c.script = "on greeting silence";
    served t{c};
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(drive(t.s, t.stream, begin + 100ms), errc::timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

} // namespace
} // namespace postrider

// Servers that never end, and servers that answer what nobody asked.

#include "client.hpp"

#include <ctime>

namespace postrider::test {
namespace {

TYPED_TEST_SUITE(security, clients, client_name);

/// Seconds of this thread.
double processor_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

constexpr std::size_t socket_buffers = 16u << 20; // of both systems

TYPED_TEST(security, replies_without_bound_or_out_of_step) {
    const auto forever = [](std::string begin, std::string piece) {
        return [=](peer& client) {
            client.say(begin);
            std::string many;
            while (many.size() < 8192) many += piece;
            for (;;) client.say(many); // until the client has had enough
        };
    };
    struct way {
        const char* name;
        const char* at;
        std::function<void(peer&)> does;
        errc error;
        outcome what;
    };
    const way ways[] = {
        {"a line without end", "greeting", forever("220 ", "x"), errc::line_too_long, outcome::not_attempted},
        {"a line without end", "MAIL", forever("250 ", "x"), errc::line_too_long, outcome::not_attempted},
        {"a line without end", ".", forever("250 ", "x"), errc::line_too_long, outcome::unknown},
        {"NUL octets without end", "RCPT", forever("250 ", std::string(1, '\0')), errc::line_too_long,
         outcome::deferred},
        {"spaces without end", "MAIL", forever("", " "), errc::line_too_long, outcome::not_attempted},
        {"lines without end", "greeting", forever("", "220-x\r\n"), errc::reply_too_long, outcome::not_attempted},
        {"keywords without end", "EHLO", forever("", "250-AUTH PLAIN LOGIN X\r\n"), errc::reply_too_long,
         outcome::not_attempted},
        {"lines without end", ".", forever("", "250-x\r\n"), errc::reply_too_long, outcome::unknown},
        {"garbage", "MAIL", forever("", "\x80\xFF\n"), errc::malformed_reply, outcome::not_attempted},
        {"250- and the end", "MAIL",
         [](peer& c) {
             c.say("250-x\r\n");
             c.close();
         },
         errc::connection_closed, outcome::not_attempted},
        {"25 and the end", "EHLO",
         [](peer& c) {
             c.say("25");
             c.close();
         },
         errc::connection_closed, outcome::not_attempted},
        {"codes that disagree", ".",
         [](peer& c) {
             c.say("550-no\r\n250 yes\r\n");
             c.await_end();
         },
         errc::malformed_reply, outcome::unknown},
        {"codes that disagree", "RCPT",
         [](peer& c) {
             c.say("250-yes\r\n550 no\r\n");
             c.await_end();
         },
         errc::malformed_reply, outcome::deferred},
        {"an unasked reply", "MAIL",
         [](peer& c) {
             c.say("250 a\r\n250 b\r\n250 c\r\n");
             c.await_end();
         },
         errc::unexpected_reply, outcome::not_attempted},
        {"a 354 for nobody", "RCPT",
         [](peer& c) {
             c.say("354 go on\r\n");
             c.await_end();
         },
         errc::unexpected_reply, outcome::deferred},
        {"an answer before the dot", "DATA",
         [](peer& c) {
             c.say("354 go on\r\n250 2.0.0 taken\r\n");
             c.await_end();
         },
         errc::unexpected_reply, outcome::deferred},
    };
    for (const way& w : ways) {
        SCOPED_TRACE(std::string{w.name} + " at " + w.at);
        ordinary with;
        with.inside = "SIZE"; // one command at a time
        with.does[w.at] = w.does;
        server s{[with, at = std::string_view{w.at}](peer& client) mutable {
            if (at != "greeting" && at != "EHLO") return with(client);
            with.implicit = true; // so that it is said inside TLS
            with(client);
        }};
        session_options o = options();
        o.implicit_tls = w.at == std::string_view{"greeting"} || w.at == std::string_view{"EHLO"};
        const double before = processor_time();
        const outcome_of came = this->send(s.port(), o);
        EXPECT_EQ(came.error, w.error) << describe(came.error);
        EXPECT_EQ(came.result.what, w.what) << name(came.result.what);
        const heard h = s.last();
        EXPECT_LT(h.said, socket_buffers);
        EXPECT_LT(processor_time() - before, 5.0) << "it spins";
        if (w.at != std::string_view{"."} && w.at != std::string_view{"DATA"}) {
            EXPECT_EQ(h.inside.find("Subject"), std::string::npos);
        }
    }
    // A refusal of several lines is one, and no success.
    for (const char* const at : {"MAIL", "RCPT", "DATA", "."}) {
        ordinary with{.says = {{at, "550-5.7.1 no\r\n550-2.0.0 250 Ok\r\n550 250 2.0.0 Ok\r\n"}}};
        server s{with};
        const outcome_of came = this->send(s.port(), options());
        EXPECT_EQ(came.result.what, outcome::rejected) << at;
        EXPECT_EQ(came.result.code, 550) << at;
    }
}

// A server that answers late: what it says then would be taken for the answer to something else.
TYPED_TEST(security, time_out_poisons_the_connection) {
    for (const char* const at : {"DATA", "."}) {
        SCOPED_TRACE(at);
        server s{ordinary{.says = {{at, ""}}}};
        deadline until = std::chrono::steady_clock::now() + 20s;
        posix_stream tcp;
        ASSERT_EQ(tcp.connect({.host = "127.0.0.1", .port = s.port()}, until), errc::ok);
        typename security<TypeParam>::stream over{tcp, this->shared_, "mail.example"};
        recipient to{.forward_path = *mailbox::parse("bob@b.example")}, next = to;
        mail first{.recipients = {&to, 1}, .content = {.text = "\r\n"}};
        mail second{
            .reverse_path = *mailbox::parse("second@a.example"), .recipients = {&next, 1}, .content = {.text = "\r\n"}};
        ASSERT_EQ(this->session_.start(options()), errc::ok);
        ASSERT_EQ(drive(this->session_, over, until), errc::ok);
        ASSERT_EQ(this->session_.send(first), errc::ok);
        until = std::chrono::steady_clock::now() + 300ms;
        EXPECT_EQ(drive(this->session_, over, until), errc::timed_out);
        EXPECT_EQ(to.result.what, at == std::string_view{"."} ? outcome::unknown : outcome::deferred);
        EXPECT_EQ(this->session_.send(second), errc::wrong_state);
        EXPECT_EQ(drive(this->session_, over, until + 1h), errc::timed_out);
        EXPECT_EQ(this->session_.quit(), errc::wrong_state);
        over.close();
        EXPECT_EQ(s.last().inside.find("second"), std::string::npos);
        EXPECT_EQ(s.last().inside.find("QUIT"), std::string::npos);
    }
}

} // namespace
} // namespace postrider::test

// What the script does to TLS.
#include <gmock/gmock.h>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string say(client& c, std::string_view line) {
    c.send(std::string{line} + "\r\n");
    return c.read_reply();
}

struct spoiled : fixture {
    spoiled(std::string_view script, bool implicit)
        : fixture([&] {
              config settings = secured();
              settings.script = script;
              settings.tls.implicit = implicit;
              return settings;
          }()),
          peer(port) {
        if (implicit) return;
        peer.read_reply();
        say(peer, "EHLO x");
    }

    report at_end() {
        EXPECT_TRUE(sink.wait_for_connections_closed(1, patience));
        return sink.report();
    }

    client peer;
};

} // namespace

TEST(TlsFault, OctetsBehindThe220InItsSegment) {
    spoiled f{"on STARTTLS reply \"220 go\\r\\n250 injected\\r\\n\"", false};
    f.peer.send("STARTTLS\r\n");
    EXPECT_EQ(f.peer.read(22), "220 go\r\n250 injected\r\n");
    ASSERT_TRUE(f.peer.start_tls());
    EXPECT_THAT(say(f.peer, "EHLO y"), StartsWith("250-"));
}

TEST(TlsFault, OctetsBehindThe220InAWriteOfTheirOwn) {
    spoiled f{"on STARTTLS then \"250 injected\\r\\n\"", false};
    f.peer.send("STARTTLS\r\n");
    EXPECT_EQ(f.peer.read_line(), "220 2.0.0 Go ahead\r\n");
    EXPECT_EQ(f.peer.read_line(), "250 injected\r\n");
    ASSERT_TRUE(f.peer.start_tls());
    EXPECT_THAT(say(f.peer, "EHLO y"), StartsWith("250-"));
}

TEST(TlsFault, StarttlsThatIsRefusedOrStripped) {
    spoiled f{"on STARTTLS reply \"454 4.7.0 not now\"", false};
    EXPECT_EQ(say(f.peer, "STARTTLS"), "454 4.7.0 not now\r\n");
    EXPECT_THAT(say(f.peer, "NOOP"), StartsWith("250")); // in clear, as before

    config settings = secured();
    settings.offers.starttls = false;
    fixture stripped{settings};
    client c{stripped.port};
    c.read_reply();
    EXPECT_THAT(say(c, "EHLO x"), testing::Not(HasSubstr("STARTTLS")));
    EXPECT_THAT(say(c, "STARTTLS"), StartsWith("502"));
}

TEST(TlsFault, AServerThatGoesOnInClear) {
    spoiled f{"on STARTTLS reply \"220 go\" accept", false};
    config settings;
    settings.offers.extra = {"STARTTLS"};
    settings.script = "on STARTTLS reply \"220 go\"";
    fixture without{settings};
    client c{without.port};
    c.read_reply();
    say(c, "EHLO x");
    EXPECT_EQ(say(c, "STARTTLS"), "220 go\r\n");
    EXPECT_FALSE(c.start_tls());
}

TEST(TlsFault, AHandshakeThatIsCut) {
    for (const bool reset : {false, true}) {
        for (const int octets : {0, 1, 100, 400}) {
            spoiled f{"cut handshake " + std::to_string(octets) + (reset ? " reset" : ""), true};
            EXPECT_FALSE(f.peer.start_tls({.version = TLS1_2_VERSION}));
            const report report = f.at_end();
            EXPECT_EQ(report.per_connection.back().ending, reset ? "reset" : "closed");
            EXPECT_EQ(report.total.tls_handshakes, 0U);
        }
    }
}

// The server's last flight of TLS 1.2 belongs to its handshake, too.
TEST(TlsFault, ALastFlightThatIsCut) {
    config settings = secured();
    settings.tls.implicit = true;
    settings.tls.tickets = false;
    settings.tls.maximum = tls_version::tls_1_2;
    settings.hold = true; // so that both flights are counted before it ends
    std::size_t size = 0;
    {
        fixture whole{settings};
        client c{whole.port};
        ASSERT_TRUE(c.start_tls());
        size = BIO_number_read(SSL_get_rbio(c.tls()));
    }
    settings.script = "cut handshake " + std::to_string(size - 10); // signatures differ in size
    fixture cut{settings};
    client c{cut.port};
    EXPECT_FALSE(c.start_tls());
    ASSERT_TRUE(cut.sink.wait_for_connections_closed(1, patience));
    EXPECT_EQ(cut.sink.report().total.tls_handshakes, 1U);
}

TEST(TlsFault, AnEndWithoutCloseNotify) {
    {
        spoiled f{"no-close-notify; on NOOP raw \"250 2.\" close-after-reply", true};
        ASSERT_TRUE(f.peer.start_tls());
        f.peer.read_reply();
        say(f.peer, "EHLO x");
        f.peer.send("NOOP\r\n");
        EXPECT_EQ(f.peer.read_to_end(), "250 2.");
        EXPECT_FALSE(f.peer.notified());
    }
    {
        spoiled f{"no-close-notify", true};
        ASSERT_TRUE(f.peer.start_tls());
        f.peer.read_reply();
        EXPECT_THAT(say(f.peer, "QUIT"), StartsWith("221"));
        EXPECT_EQ(f.peer.read_to_end(), "");
        EXPECT_FALSE(f.peer.notified());
    }
    spoiled f{"on NOOP raw \"250 2.\" close-after-reply", true}; // the orderly one, amid a reply
    ASSERT_TRUE(f.peer.start_tls());
    f.peer.read_reply();
    f.peer.send("NOOP\r\n");
    EXPECT_EQ(f.peer.read_to_end(), "250 2.");
    EXPECT_TRUE(f.peer.notified());
}

TEST(TlsFault, ARenegotiation) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        spoiled f{"on NOOP renegotiate", true};
        ASSERT_TRUE(f.peer.start_tls({.version = version}));
        f.peer.read_reply();
        for (int i = 1; i <= 3; ++i) {
            EXPECT_THAT(say(f.peer, "NOOP"), StartsWith("250"));
            EXPECT_THAT(say(f.peer, "RSET"), StartsWith("250"));
        }
        EXPECT_EQ(SSL_num_renegotiations(f.peer.tls()) > 0, version == TLS1_2_VERSION);
        EXPECT_THAT(say(f.peer, "QUIT"), StartsWith("221"));
        EXPECT_EQ(f.at_end().total.tls_failures, 0U);
    }
}

TEST(TlsFault, ARenegotiationThatIsRefused) {
    spoiled f{"on NOOP renegotiate", true};
    ASSERT_TRUE(f.peer.start_tls({.version = TLS1_2_VERSION, .renegotiates = false}));
    f.peer.read_reply();
    EXPECT_THAT(say(f.peer, "NOOP"), StartsWith("250"));
    f.peer.read_to_end();
    const report report = f.at_end();
    EXPECT_EQ(report.total.tls_failures, 1U);
    EXPECT_EQ(report.per_connection.back().tls->failure, "no renegotiation");
}

TEST(TlsFault, AClientThatSpeaksNoTls) {
    spoiled f{"", true};
    f.peer.send("EHLO x\r\n");
    f.peer.read_to_end();
    const report report = f.at_end();
    EXPECT_EQ(report.total.tls_failures, 1U);
    EXPECT_NE(report.per_connection.back().tls->failure, "");
}

TEST(TlsFault, AClientThatIsIdleWithinItsHandshake) {
    config settings = secured();
    settings.tls.implicit = true;
    settings.idle_timeout = 50ms;
    fixture f{settings};
    client c{f.port};
    EXPECT_EQ(c.read_to_end(), "");
    EXPECT_TRUE(f.sink.wait_for_connections_closed(1, patience));
    EXPECT_EQ(f.sink.report().per_connection.back().ending, "idle within the handshake");
}

// Decided, and the reply lost: over TLS as in clear.
TEST(TlsFault, TheFaultsOfClearTextWorkOverTls) {
    spoiled f{"on content reset-before-reply", true};
    ASSERT_TRUE(f.peer.start_tls());
    f.peer.read_reply();
    say(f.peer, "HELO x");
    say(f.peer, "MAIL FROM:<>");
    say(f.peer, "RCPT TO:<b@example.com>");
    say(f.peer, "DATA");
    f.peer.send("x\r\n.\r\n");
    EXPECT_EQ(f.peer.read_to_end(), "");
    EXPECT_TRUE(f.peer.reset());
    EXPECT_EQ(f.at_end().undelivered.size(), 1U);
}

} // namespace postrider::sink::test

// TLS connections by each TLS library: sessions, channel bindings, what is refused, cut, bent, and how much was written.

#include "tls_backends.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace postrider::test {
namespace {

template <class Backend>
struct TlsStream : testing::Test {
    static std::vector<int> versions() {
        if (Backend::newest) return {TLS1_2_VERSION, TLS1_3_VERSION};
        return {TLS1_2_VERSION};
    }
};
TYPED_TEST_SUITE(TlsStream, backends, backend_name);

std::string text_of(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i != size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
    return text;
}

TYPED_TEST(TlsStream, InClearTextUntilItStarts) {
    client<TypeParam> client;
    tls_server_context shared;
    connection<TypeParam> to{client.context, shared};
    EXPECT_EQ(to.say("EHLO x\r\n"), errc::ok);
    EXPECT_EQ(to.transport.taken, 8u);
    EXPECT_FALSE(to.stream.channel().verified);
}

TYPED_TEST(TlsStream, OctetByOctet) {
    client<TypeParam> client;
    for (const int version : this->versions()) {
        tls_server_context shared{{.most = version}};
        connection<TypeParam> to{client.context, shared};
        to.transport.reads_at_once = to.transport.writes_at_once = 1;
        ASSERT_EQ(to.start(), errc::ok) << to.stream.facts().failure.view();
        EXPECT_EQ(to.say("hello"), errc::ok);
        EXPECT_EQ(to.server.heard, "hello");
        to.server.say("250 ok\r\n");
        to.server.say("250 ok too\r\n");
        EXPECT_EQ(to.hear(), "250 ok\r\n250 ok too\r\n");
        EXPECT_EQ(to.last.error, errc::timed_out);
        to.stream.close(never);
        EXPECT_TRUE(to.server.ended);
        EXPECT_TRUE(to.transport.closed);
    }
}

TYPED_TEST(TlsStream, ManyTextsAreWrittenInTheirOrder) {
    client<TypeParam> client;
    tls_server_context shared;
    connection<TypeParam> to{client.context, shared};
    ASSERT_EQ(to.start(), errc::ok);
    const std::string large = text_of(100000);
    std::vector<std::string_view> texts{"", "MAIL", "", large, "RCPT", ""};
    for (int i = 0; i != 200; ++i) texts.push_back("x");
    const transfer_result r = to.stream.transfer(texts, {}, never);
    EXPECT_EQ(r.error, errc::ok);
    EXPECT_EQ(r.written, 8 + large.size() + 200);
    EXPECT_EQ(to.server.heard, "MAIL" + large + "RCPT" + std::string(200, 'x'));
}

TYPED_TEST(TlsStream, SessionsAreResumed) {
    for (const int version : this->versions())
        for (const bool tickets : {true, false}) {
            SCOPED_TRACE(testing::Message() << version << (tickets ? " by ticket" : " by id"));
            client<TypeParam> client;
            tls_server_context shared{{.most = version, .tickets = tickets}};
            for (int i = 0; i != 4; ++i) {
                connection<TypeParam> to{client.context, shared, i == 2 ? "MAIL.EXAMPLE." : "mail.example", 25};
                ASSERT_EQ(to.start(), errc::ok) << to.stream.facts().failure.view();
                EXPECT_EQ(to.stream.facts().resumed, i != 0);
                EXPECT_EQ(SSL_session_reused(to.server.ssl()), i != 0);
                EXPECT_EQ(to.stream.facts().verdict, tls_verdict::verified);
                EXPECT_TRUE(to.stream.channel().verified);
                EXPECT_EQ(to.stream.facts().subject.view(), "CN=mail.example");
                EXPECT_EQ(to.stream.facts().pin.view(), pin_of("good"));
                to.server.say("hello");
                EXPECT_EQ(to.hear(), "hello");
                EXPECT_EQ(to.say("x"), errc::ok);
                EXPECT_EQ(to.server.heard, "x");
                to.stream.close(never);
            }
        }
}

TYPED_TEST(TlsStream, ASessionIsForOneHostOnePortAndOnePolicy) {
    client<TypeParam> client;
    tls_server_context shared;
    const auto resumed = [&](std::string_view host, std::uint16_t port, bool must_verify) {
        connection<TypeParam> to{client.context, shared, host, port};
        EXPECT_EQ(to.start(must_verify), errc::ok);
        to.hear();
        to.stream.close(never);
        return to.stream.facts().resumed;
    };
    EXPECT_FALSE(resumed("mail.example", 25, true));
    EXPECT_TRUE(resumed("mail.example", 25, true));
    EXPECT_FALSE(resumed("localhost", 25, true));
    EXPECT_FALSE(resumed("mail.example", 587, true));
    EXPECT_FALSE(resumed("mail.example", 25, false));
    EXPECT_TRUE(resumed("mail.example", 25, true));
    EXPECT_TRUE(resumed("mail.example", 25, false));
}

TYPED_TEST(TlsStream, WhatWasLetPassStaysUnverified) {
    client<TypeParam> client;
    tls_server_context shared{{.certificate = "unknown-ca"}};
    for (int i = 0; i != 2; ++i) {
        connection<TypeParam> to{client.context, shared};
        EXPECT_EQ(to.start(false), errc::ok);
        EXPECT_EQ(to.stream.facts().resumed, i == 1);
        EXPECT_EQ(to.stream.facts().verdict, tls_verdict::untrusted);
        EXPECT_FALSE(to.stream.channel().verified);
        to.hear();
        to.stream.close(never);
    }
    connection<TypeParam> to{client.context, shared};
    EXPECT_EQ(to.start(true), errc::tls_unverified);
}

TYPED_TEST(TlsStream, PinnedSessionsAreResumedAsSuch) {
    const std::string pin = pin_of("self-signed");
    const std::string_view pins[] = {pin};
    client<TypeParam> client{{.pins = pins, .pins_suffice = true}};
    tls_server_context shared{{.certificate = "self-signed"}};
    for (int i = 0; i != 2; ++i) {
        connection<TypeParam> to{client.context, shared};
        EXPECT_EQ(to.start(), errc::ok);
        EXPECT_EQ(to.stream.facts().resumed, i == 1);
        EXPECT_EQ(to.stream.facts().verdict, tls_verdict::pinned);
        to.hear();
        to.stream.close(never);
    }
}

TYPED_TEST(TlsStream, NoSessionWhereNoneIsWanted) {
    client<TypeParam> client{{.resume = false}};
    tls_server_context shared;
    for (int i = 0; i != 2; ++i) {
        connection<TypeParam> to{client.context, shared};
        EXPECT_EQ(to.start(), errc::ok);
        to.hear();
        to.stream.close(never);
        EXPECT_FALSE(to.stream.facts().resumed);
    }
}

TYPED_TEST(TlsStream, MoreSessionsThanThereIsRoomFor) {
    client<TypeParam> client;
    tls_server_context shared;
    for (int round = 0; round != 2; ++round)
        for (std::uint16_t port = 1; port != 100; ++port) {
            connection<TypeParam> to{client.context, shared, "mail.example", port};
            ASSERT_EQ(to.start(), errc::ok);
            to.hear();
            to.stream.close(never);
        }
    connection<TypeParam> to{client.context, shared, "mail.example", 99};
    EXPECT_EQ(to.start(), errc::ok);
    EXPECT_TRUE(to.stream.facts().resumed);
}

TYPED_TEST(TlsStream, OneFilterForConnectionAfterConnection) {
    client<TypeParam> client;
    tls_server_context shared;
    tls_server second{shared};
    connection<TypeParam> to{client.context, shared};
    ASSERT_EQ(to.start(), errc::ok);
    to.stream.close(never);
    EXPECT_FALSE(to.stream.channel().verified) << "it is in clear text again";
    to.transport.server = &second;
    ASSERT_EQ(to.start(), errc::ok);
    EXPECT_EQ(to.say("x"), errc::ok);
    EXPECT_EQ(second.heard, "x");
}

/// The octets of the server's side.
std::string binding_of(tls_server& server, std::string_view type, bool resumed) {
    unsigned char octets[64] = {};
    std::size_t size = 0;
    if (type == "tls-exporter") {
        size = 32;
        EXPECT_EQ(SSL_export_keying_material(server.ssl(), octets, 32, "EXPORTER-Channel-Binding", 24, octets, 0, 1),
                  1);
    } else if (type == "tls-unique") {
        size = resumed ? SSL_get_finished(server.ssl(), octets, sizeof octets)
                       : SSL_get_peer_finished(server.ssl(), octets, sizeof octets);
    } else if (type == "tls-server-end-point") {
        unsigned length = 0;
        EXPECT_EQ(X509_digest(SSL_get_certificate(server.ssl()), EVP_sha256(), octets, &length), 1);
        size = length;
    }
    return {reinterpret_cast<const char*>(octets), size};
}

TYPED_TEST(TlsStream, ChannelBindings) {
    struct binding_case {
        channel_binding asked;
        bool newest;   // TLS 1.3
        bool extended; // the extended master secret
        const char* type;
    };
    const bool exporter = TypeParam::newest;
    const binding_case all[] = {
        {channel_binding::automatic, true, true, "tls-exporter"},
        {channel_binding::automatic, false, true, "tls-unique"},
        {channel_binding::automatic, false, false, "tls-server-end-point"},
        {channel_binding::tls_exporter, true, true, "tls-exporter"},
        {channel_binding::tls_exporter, false, true, exporter ? "tls-exporter" : ""},
        {channel_binding::tls_exporter, false, false, ""},
        {channel_binding::tls_unique, true, true, ""},
        {channel_binding::tls_unique, false, true, "tls-unique"},
        {channel_binding::tls_unique, false, false, ""},
        {channel_binding::tls_server_end_point, true, true, "tls-server-end-point"},
        {channel_binding::tls_server_end_point, false, false, "tls-server-end-point"},
        {channel_binding::none, true, true, ""},
        {channel_binding::none, false, true, ""},
    };
    for (const binding_case& c : all) {
        if (c.newest && !TypeParam::newest) continue;
        SCOPED_TRACE(testing::Message() << static_cast<int>(c.asked) << (c.newest ? " 1.3" : " 1.2")
                                        << (c.extended ? " extended" : ""));
        client<TypeParam> client{{.binding = c.asked}};
        tls_server_context shared{{.most = c.newest ? TLS1_3_VERSION : TLS1_2_VERSION,
                                   .options = c.extended ? 0 : SSL_OP_NO_EXTENDED_MASTER_SECRET}};
        std::string before;
        for (const bool resumed : {false, true}) {
            connection<TypeParam> to{client.context, shared};
            ASSERT_EQ(to.start(), errc::ok);
            EXPECT_EQ(to.say("x"), errc::ok);
            to.hear();
            EXPECT_EQ(to.stream.facts().resumed, resumed);
            const tls_channel channel = to.stream.channel();
            EXPECT_EQ(channel.binding_type, c.type);
            EXPECT_EQ(channel.binding.empty(), channel.binding_type.empty());
            EXPECT_EQ(channel.binding, binding_of(to.server, channel.binding_type, resumed));
            if (channel.binding_type != "tls-server-end-point" && !channel.binding.empty()) {
                EXPECT_NE(channel.binding, before);
            }
            before = channel.binding;
            to.stream.close(never);
        }
    }
}

TYPED_TEST(TlsStream, ABindingByTheDigestOfTheSignature) {
    // MD5 and SHA-1 become SHA-256 (RFC 5929 §4.1).
    client<TypeParam> client{{.binding = channel_binding::tls_server_end_point}};
    tls_server_context shared{{.certificate = "weak-signature"}};
    connection<TypeParam> to{client.context, shared};
    ASSERT_EQ(to.start(false), errc::ok);
    EXPECT_EQ(to.stream.channel().binding_type, "tls-server-end-point");
    EXPECT_EQ(to.stream.channel().binding, binding_of(to.server, "tls-server-end-point", false));
}

TYPED_TEST(TlsStream, OldVersionsAreRefused) {
    client<TypeParam> client;
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        tls_server_context shared{{.least = version, .most = version}};
        connection<TypeParam> to{client.context, shared};
        EXPECT_EQ(to.start(false), errc::tls_failed);
        EXPECT_FALSE(to.server.done);
        EXPECT_FALSE(to.stream.facts().failure.empty());
    }
    if (!TypeParam::newest) {
        tls_server_context shared{{.least = TLS1_3_VERSION}};
        connection<TypeParam> to{client.context, shared};
        EXPECT_EQ(to.start(false), errc::tls_failed);
        EXPECT_EQ(to.stream.facts().failure.view(), "the peer sent the alert 070");
    }
}

TYPED_TEST(TlsStream, TheLeastAndTheMostThatWasAskedFor) {
    if (!TypeParam::newest) return; // it has one version
    tls_server_context old{{.most = TLS1_2_VERSION}}, shared;
    client<TypeParam> least{{.least = tls_version::tls_1_3}}, most{{.most = tls_version::tls_1_2}};
    connection<TypeParam> a{least.context, old}, b{most.context, shared};
    EXPECT_EQ(a.start(false), errc::tls_failed);
    EXPECT_EQ(b.start(), errc::ok);
    EXPECT_EQ(b.stream.facts().version, tls_version::tls_1_2);
}

TYPED_TEST(TlsStream, RenegotiationIsRefused) {
    client<TypeParam> client;
    tls_server_context shared{{.most = TLS1_2_VERSION}};
    connection<TypeParam> to{client.context, shared};
    ASSERT_EQ(to.start(), errc::ok);
    EXPECT_EQ(SSL_renegotiate(to.server.ssl()), 1);
    SSL_do_handshake(to.server.ssl()); // says HelloRequest
    to.server.pump();
    EXPECT_EQ(to.hear(), "");
    EXPECT_EQ(to.server.failure, "no renegotiation") << "the client has said so; and then this server gives up";
}

TYPED_TEST(TlsStream, ThePeersEnd) {
    client<TypeParam> client;
    for (const int version : this->versions()) {
        tls_server_context shared{{.most = version}};
        {
            connection<TypeParam> to{client.context, shared};
            ASSERT_EQ(to.start(), errc::ok);
            EXPECT_EQ(to.hear(), ""); // the server has our Finished now
            to.server.say("221 bye\r\n");
            to.server.say_goodbye();
            to.transport.ends = true;
            EXPECT_EQ(to.hear(), "221 bye\r\n");
            EXPECT_TRUE(to.last.end_of_stream);
            EXPECT_EQ(to.last.error, errc::ok);
            EXPECT_EQ(to.hear(), "");
            EXPECT_TRUE(to.last.end_of_stream) << "it is said each time";
        }
        connection<TypeParam> to{client.context, shared};
        ASSERT_EQ(to.start(), errc::ok);
        to.server.say("221 bye\r\n");
        to.transport.ends = true;
        EXPECT_EQ(to.hear(), "221 bye\r\n");
        EXPECT_FALSE(to.last.end_of_stream) << "somebody may have cut it";
        EXPECT_EQ(to.last.error, errc::tls_truncated);
        EXPECT_EQ(to.say("x"), errc::tls_truncated);
        EXPECT_FALSE(to.stream.channel().verified);
    }
}

TYPED_TEST(TlsStream, CutBehindEachOctetOfTheHandshake) {
    client<TypeParam> client{{.resume = false}};
    for (const int version : this->versions()) {
        tls_server_context shared{{.most = version}};
        std::size_t whole = 0;
        {
            connection<TypeParam> to{client.context, shared};
            to.transport.reads_at_once = 1;
            ASSERT_EQ(to.start(), errc::ok);
            whole = to.transport.delivered;
        }
        // The signature in ECDSA is of 70 to 72 octets.
        for (std::size_t cut = 0; cut + 8 < whole; ++cut) {
            connection<TypeParam> to{client.context, shared};
            to.transport.delivers = cut;
            ASSERT_EQ(to.start(), errc::tls_truncated) << "behind " << cut << " of " << whole;
            ASSERT_EQ(to.say("x"), errc::tls_truncated);
            ASSERT_EQ(to.server.heard, "");
        }
    }
}

TYPED_TEST(TlsStream, WhoSpeaksNoTls) {
    client<TypeParam> client;
    tls_server_context shared;
    for (const std::string_view said :
         {"220 mail.example ESMTP\r\n", "\x15\x03\x01", "\r\n\r\n\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"}) {
        connection<TypeParam> to{client.context, shared};
        to.transport.bend = [&](std::string& octets) { octets = said; };
        to.transport.delivers = said.size();
        const errc e = to.start(false);
        EXPECT_EQ(e, said.size() < 5 ? errc::tls_truncated : errc::tls_failed);
        EXPECT_EQ(to.stream.facts().failure.empty(), e == errc::tls_truncated);
    }
}

TYPED_TEST(TlsStream, ARecordThatIsNone) {
    client<TypeParam> client;
    for (const int version : this->versions())
        for (const std::size_t bent : {0u, 3u, 8u, 20u}) {
            tls_server_context shared{{.most = version}};
            connection<TypeParam> to{client.context, shared};
            ASSERT_EQ(to.start(), errc::ok);
            to.server.say("250 first\r\n");
            EXPECT_EQ(to.hear(), "250 first\r\n");
            to.server.say("250 second\r\n");
            to.server.out[bent] = static_cast<char>(to.server.out[bent] ^ 0x40);
            EXPECT_EQ(to.hear(), "");
            if (to.last.error == errc::timed_out) continue; // the length of it was bent: it waits for more
            EXPECT_EQ(to.last.error, errc::tls_failed) << bent;
            EXPECT_FALSE(to.stream.facts().failure.empty());
            EXPECT_EQ(to.say("x"), errc::tls_failed);
            EXPECT_EQ(to.server.heard, "");
            to.server.pump();
            EXPECT_THAT(to.server.failure, testing::HasSubstr("alert")) << bent;
            EXPECT_FALSE(to.stream.channel().verified);
        }
}

TYPED_TEST(TlsStream, OctetsInClearTextBetweenRecords) {
    client<TypeParam> client;
    tls_server_context shared;
    connection<TypeParam> to{client.context, shared};
    ASSERT_EQ(to.start(), errc::ok);
    to.hear();
    to.server.out += "250 injected\r\n";
    EXPECT_EQ(to.hear(), "");
    EXPECT_EQ(to.last.error, errc::tls_failed);
}

/// Only a record that the transport has taken to its last octet counts: what the peer could read is what was written.
TYPED_TEST(TlsStream, WhatIsWrittenIsWhatThePeerCanRead) {
    client<TypeParam> client;
    tls_server_context shared;
    const std::string text = text_of(40000), tail = "\r\n.\r\n";
    const std::vector<std::string_view> texts{"DATA\r\n", text, tail};
    for (std::size_t takes = 0; takes < 41000; takes += takes < 40 || takes > 40150 ? 1 : 997) {
        connection<TypeParam> to{client.context, shared};
        ASSERT_EQ(to.start(), errc::ok);
        EXPECT_EQ(to.say("x"), errc::ok); // what is left of the handshake is gone with it
        to.server.heard.clear();
        to.transport.takes = takes;
        to.transport.then = errc::connection_reset;
        char in[100];
        const transfer_result r = to.stream.transfer(texts, in, never);
        EXPECT_EQ(r.written, to.server.heard.size()) << takes;
        EXPECT_EQ(r.error, r.written == text.size() + 11 ? errc::ok : errc::connection_reset);
        to.stream.close(never);
        EXPECT_EQ(to.transport.was_reset, r.error != errc::ok) << "half a record must not be completed";
    }
}

TYPED_TEST(TlsStream, WhatHasNotLeftComesAgain) {
    client<TypeParam> client;
    tls_server_context shared;
    const std::string text = text_of(100000);
    for (const std::size_t step : {1u, 7u, 1000u, 16384u, 33000u}) {
        connection<TypeParam> to{client.context, shared};
        ASSERT_EQ(to.start(), errc::ok);
        std::string_view left = text;
        if (step < 100) left = left.substr(0, 3000);
        const std::string expected{left};
        while (!left.empty()) {
            to.transport.takes = step;
            const transfer_result r = to.stream.transfer({&left, 1}, {}, never);
            ASSERT_TRUE(r.error == errc::timed_out || r.written == left.size());
            left.remove_prefix(r.written);
            ASSERT_EQ(to.server.heard.size(), expected.size() - left.size());
        }
        EXPECT_EQ(to.server.heard, expected);
        to.transport.takes = wire::all;
        to.stream.close(never);
        EXPECT_TRUE(to.server.ended);
    }
}

TYPED_TEST(TlsStream, ItReadsWhileThePeerTakesNothing) {
    client<TypeParam> client;
    tls_server_context shared;
    connection<TypeParam> to{client.context, shared};
    ASSERT_EQ(to.start(), errc::ok);
    EXPECT_EQ(to.say("x"), errc::ok);
    to.hear();
    to.transport.writes_at_once = 0;
    to.server.say("421 too busy\r\n");
    const std::string_view text = "MAIL";
    char in[100];
    const transfer_result r = to.stream.transfer({&text, 1}, in, never);
    EXPECT_EQ(r.error, errc::ok);
    EXPECT_EQ(r.written, 0u);
    EXPECT_EQ(std::string(in, r.read), "421 too busy\r\n");
    to.stream.close(never);
    EXPECT_TRUE(to.transport.was_reset) << "MAIL was encrypted, and must not leave any more";
}

TYPED_TEST(TlsStream, LargeTransfersInBothDirectionsAtOnce) {
    client<TypeParam> client;
    tls_server_context shared;
    for (const int version : this->versions()) {
        SSL_CTX_set_max_proto_version(shared.ctx.get(), version);
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        for (const int end : ends) {
            const int size = 4096;
            ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        }
        const std::string up = text_of(1500000), down = text_of(1200000);
        std::string heard;
        std::thread peer{[&] {
            const int socket = ends[1];
            ::fcntl(socket, F_SETFL, O_NONBLOCK);
            tls_server server{shared};
            server.say(down);
            for (;;) {
                pollfd p{socket, static_cast<short>(POLLIN | (server.out.empty() ? 0 : POLLOUT)), 0};
                if (::poll(&p, 1, 30000) <= 0) break;
                if ((p.revents & POLLOUT) != 0) {
                    const ssize_t n = ::send(socket, server.out.data(), server.out.size(), MSG_NOSIGNAL);
                    if (n > 0) server.out.erase(0, static_cast<std::size_t>(n));
                }
                if ((p.revents & (POLLIN | POLLHUP)) != 0) {
                    char octets[5000];
                    const ssize_t n = ::recv(socket, octets, sizeof octets, 0);
                    if (n == 0 || (n < 0 && errno != EAGAIN)) break;
                    if (n > 0) server.take({octets, static_cast<std::size_t>(n)});
                }
            }
            heard = server.heard;
            EXPECT_TRUE(server.ended);
            ::close(socket);
        }};
        posix_stream tcp;
        ASSERT_EQ(tcp.adopt(ends[0]), errc::ok);
        tls_stream<typename TypeParam::filter, posix_stream> stream{tcp, client.context, "mail.example"};
        const deadline until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        ASSERT_EQ(stream.start_tls(true, until), errc::ok);
        std::string_view left = up;
        std::string got;
        while (!left.empty() || got.size() < down.size()) {
            char in[3000];
            const transfer_result r = stream.transfer({&left, left.empty() ? 0u : 1u}, in, until);
            ASSERT_EQ(r.error, errc::ok);
            ASSERT_FALSE(r.end_of_stream);
            left.remove_prefix(r.written);
            got.append(in, r.read);
        }
        EXPECT_TRUE(got == down);
        stream.close(until);
        peer.join();
        EXPECT_TRUE(heard == up);
    }
}

TYPED_TEST(TlsStream, ConnectionsOfSeveralThreadsShareAContext) {
    client<TypeParam> client;
    tls_server_context shared;
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i != 20; ++i) {
                connection<TypeParam> to{client.context, shared};
                EXPECT_EQ(to.start(), errc::ok);
                EXPECT_EQ(to.say("x"), errc::ok);
                to.hear();
                to.stream.close(never);
            }
        });
    for (std::thread& t : threads) t.join();
}

// What was given up stays so: nothing of it leaves by the next connection.
TYPED_TEST(TlsStream, UsedAgainBehindAReset) {
    client<TypeParam> client;
    tls_server_context shared;
    connection<TypeParam> to{client.context, shared};
    ASSERT_EQ(to.start(), errc::ok);
    to.transport.takes = 10;
    ASSERT_EQ(to.say("DATA of a mail"), errc::timed_out);
    to.stream.close();
    ASSERT_TRUE(to.transport.was_reset);
    to.transport.takes = wire::all;
    to.transport.taken = 0;
    char in[100];
    const transfer_result r = to.stream.transfer({}, in, never);
    EXPECT_EQ(to.transport.taken, 0u);
    EXPECT_EQ(r.written, 0u);
}

// TLS 1.3 alone has tickets behind the handshake.
#if POSTRIDER_TEST_OPENSSL

/// A ticket that takes more than one record, as of a server that sends small ones.
int put_much(SSL* ssl, void*) {
    const std::string much(3000, 'x');
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), much.data(), much.size());
}
SSL_TICKET_RETURN use(SSL*, SSL_SESSION*, const unsigned char*, std::size_t, SSL_TICKET_STATUS, void*) {
    return SSL_TICKET_RETURN_USE;
}

// OpenSSL writes nothing between two records of one ticket: that is no fault, the rest of it has to be read first.
TEST(TlsStreamByOpenssl, WritesWhileHalfATicketIsHere) {
    client<openssl> client;
    tls_server_context shared;
    SSL_CTX_set_session_ticket_cb(shared.ctx.get(), put_much, use, nullptr);
    SSL_CTX_set_max_send_fragment(shared.ctx.get(), 512);
    connection<openssl> to{client.context, shared};
    ASSERT_EQ(to.start(), errc::ok);
    ASSERT_EQ(to.say("EHLO x\r\n"), errc::ok); // the server has our Finished now, and sends tickets
    ASSERT_GT(to.server.out.size(), 1200u);
    std::string rest;
    bool held = false;
    to.transport.bend = [&](std::string& out) {
        if (held) return;
        held = true;
        rest = out.substr(600);
        out.resize(600); // one record, and a bit
    };
    to.transport.delivers = wire::all;
    char in[100];
    EXPECT_EQ(to.stream.transfer({}, in, never).error, errc::timed_out);
    // `drive` gives room for what is read: with the rest of the ticket the line can leave.
    to.server.out = rest + to.server.out;
    const std::string_view line = "MAIL";
    const transfer_result r = to.stream.transfer({&line, 1}, in, never);
    EXPECT_EQ(r.error, errc::ok) << to.stream.facts().failure.view();
    EXPECT_EQ(r.written, 4u);
}

// Tickets without end buy the server no time.
struct ticket_wire {
    tls_server* server = nullptr;
    std::chrono::steady_clock::time_point gives_up{};
    bool gave_up = false;
    int acknowledged = 0;
    transfer_result transfer(std::span<const std::string_view> out, std::span<char> in, deadline) {
        transfer_result r;
        for (const std::string_view part : out) {
            server->take(part);
            r.written += part.size();
        }
        if (r.written != 0) return r;
        gave_up = gives_up != decltype(gives_up){} && std::chrono::steady_clock::now() > gives_up;
        if (gave_up) return {.end_of_stream = true};
        if (server->out.empty() && server->done) {
            SSL_new_session_ticket(server->ssl());
            SSL_do_handshake(server->ssl());
            server->pump();
        }
        r.read = std::min(in.size(), server->out.size());
        server->out.copy(in.data(), r.read);
        server->out.erase(0, r.read);
        return r; // as posix_stream: what is there comes, whatever the deadline says
    }
    void acknowledge() { ++acknowledged; }
    void close() {}
    void reset() {}
};

TEST(TlsStreamByOpenssl, TicketsWithoutEndDoNotMoveTheDeadline) {
    client<openssl> client;
    tls_server_context shared;
    tls_server server{shared};
    ticket_wire transport{&server};
    tls_stream<openssl_tls, ticket_wire> stream{transport, client.context, "mail.example"};
    ASSERT_EQ(stream.start_tls(true, never), errc::ok);
    const auto now = std::chrono::steady_clock::now();
    transport.gives_up = now + std::chrono::seconds{2};
    char in[100];
    const transfer_result r = stream.transfer({}, in, now + std::chrono::milliseconds{100});
    EXPECT_FALSE(transport.gave_up);
    EXPECT_EQ(r.error, errc::timed_out);
    EXPECT_EQ(transport.acknowledged, 1) << "the caller waits for text that the server may hold back until then";
}

#endif

} // namespace
} // namespace postrider::test

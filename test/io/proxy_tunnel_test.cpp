// Through a proxy to a server over real sockets: the proxy of this test connects on to the server, and hands its greeting over
// in one piece with its own answer.
#include "loopback.hpp"

#include <postrider/io/connector.hpp>
#include <postrider/io/proxy.hpp>

using namespace postrider;
using namespace postrider::test;
using namespace std::string_literals;

namespace {

constexpr std::string_view greeting = "220 mail.example ESMTP\r\n";

// Says its answer and whatever the server greets with, then hands on what the client says.
void relay(peer& client, std::uint16_t server_port, const std::string& answer) {
    posix_stream server;
    ASSERT_EQ(server.connect({.host = "127.0.0.1", .port = server_port}, soon()), errc::ok);
    client.send(answer + read(server, soon(), greeting.size()).text);
    EXPECT_EQ(write(server, client.receive(6)).error, errc::ok);
}

struct tunnel {
    errc error;
    std::string rest;
};

// As whoever drives a connection does it: never waits but for what the connector, or the proxy, is waited for.
tunnel open_tunnel(posix_stream& stream, const proxy_options& proxy, std::string_view host, std::uint16_t port) {
    connector to;
    auto error = to.begin({.host = proxy.host, .port = proxy.port}, soon());
    while (error == errc::ok && !to.step()) {
        std::vector<pollfd> polled(to.waits().begin(), to.waits().end());
        ::poll(polled.data(), polled.size(), 1000);
    }
    if (to.result() != errc::ok) return {to.result(), {}};
    stream = to.take();
    proxy_handshake handshake(proxy, host, port);
    tunnel opened{errc::ok, {}};
    while (!handshake.done() && opened.error == errc::ok) {
        if (!handshake.outgoing().empty()) {
            const auto result = write(stream, handshake.outgoing());
            handshake.sent(result.written);
            opened.error = result.error;
            continue;
        }
        const auto [text, result] = read(stream);
        opened.rest = text.substr(handshake.received(text));
        opened.error = result.error;
        if (result.end_of_stream) handshake.ended();
    }
    if (opened.error == errc::ok) opened.error = handshake.error();
    return opened;
}

void expect_greeting_and_way_back(listener& server, std::thread& proxy, const proxy_options& options) {
    std::string said;
    std::thread serving([&] {
        auto client = server.accept();
        client.send(greeting);
        said = client.receive(6);
    });
    posix_stream stream;
    auto [error, rest] = open_tunnel(stream, options, "mail.example", server.port());
    EXPECT_EQ(error, errc::ok);
    while (error == errc::ok && rest.size() < greeting.size()) {
        const auto more = read(stream);
        rest += more.text;
        error = more.text.empty() ? errc::connection_closed : more.result.error;
    }
    EXPECT_EQ(rest, greeting);
    EXPECT_EQ(write(stream, "QUIT\r\n").error, errc::ok);
    proxy.join();
    serving.join();
    EXPECT_EQ(said, "QUIT\r\n");
}

} // namespace

TEST(ProxyTunnel, BySocks5) {
    listener server;
    listener here;
    std::thread proxy([&] {
        auto client = here.accept();
        EXPECT_EQ(client.receive(4), "\5\2\0\2"s);
        client.send("\5\2"s);
        EXPECT_EQ(client.receive(9), "\1\5alice\1p"s);
        client.send("\1\0"s);
        const auto request = client.receive(19);
        EXPECT_EQ(request.substr(0, 17), "\5\1\0\3\14mail.example"s);
        ASSERT_EQ(request.size(), 19U);
        const auto port = static_cast<unsigned char>(request[17]) * 256 + static_cast<unsigned char>(request[18]);
        relay(client, static_cast<std::uint16_t>(port), "\5\0\0\1\177\0\0\1\0\0"s);
    });
    const auto found = parse_proxy("socks5://alice:p@127.0.0.1:" + std::to_string(here.port()));
    ASSERT_TRUE(found);
    expect_greeting_and_way_back(server, proxy, found.value);
}

TEST(ProxyTunnel, ByHttp) {
    listener server;
    listener here;
    const auto target = "mail.example:" + std::to_string(server.port());
    std::thread proxy([&] {
        auto client = here.accept();
        const auto expected = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target +
                              "\r\nProxy-Authorization: Basic YWxpY2U6cA==\r\n\r\n";
        EXPECT_EQ(client.receive(expected.size()), expected);
        relay(client, server.port(), "HTTP/1.1 200 Connection established\r\n\r\n");
    });
    const auto found = parse_proxy("http://alice:p@127.0.0.1:" + std::to_string(here.port()));
    ASSERT_TRUE(found);
    expect_greeting_and_way_back(server, proxy, found.value);
}

TEST(ProxyTunnel, TheProxyGoesAway) {
    listener here;
    std::thread proxy([&] {
        auto client = here.accept();
        client.receive(3);
    });
    const auto found = parse_proxy("socks5://127.0.0.1:" + std::to_string(here.port()));
    posix_stream stream;
    EXPECT_EQ(open_tunnel(stream, found.value, "mail.example", 25).error, errc::proxy_failed);
    proxy.join();
}

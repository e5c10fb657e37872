// The handshake with a proxy, as the wire has it: each dialog whole, in pieces of every size, and cut off after each octet.
#include <postrider/io/proxy.hpp>

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace postrider;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// What the client is to say, and what the proxy answers to it.
struct turn {
    std::string client;
    std::string proxy;
};
using dialog = std::vector<turn>;

struct proxy_at {
    proxy_protocol protocol = proxy_protocol::socks5;
    std::string user{};
    std::string password{};
    std::string host = "mail.example";
    std::uint16_t port = 587;

    proxy_options options() const { return {protocol, "proxy.example", 1, user, secret(password)}; }
};

struct outcome {
    bool done = false;
    errc error = errc::ok;
    std::string text{};
    std::string rest{}; // the tunnel's octets that came with the last answer
    friend bool operator==(const outcome&, const outcome&) = default;
    friend void PrintTo(const outcome& one, std::ostream* to) {
        *to << (one.done ? "done, " : "not done, ") << describe(one.error) << ", '" << one.text << "', rest '"
            << one.rest << '\'';
    }
};

// Takes and gives `piece` octets at a time, and no octet of the proxy's after the first `most`, with which it goes away.
outcome play(const proxy_at& proxy, const dialog& turns, std::string_view tunnel, std::size_t piece,
             std::size_t most = std::string::npos) {
    proxy_handshake handshake(proxy.options(), proxy.host, proxy.port);
    std::string rest;
    for (const auto& turn : turns) {
        std::string said;
        while (!handshake.outgoing().empty()) {
            const auto part = handshake.outgoing().substr(0, piece);
            said += part;
            handshake.sent(part.size());
        }
        EXPECT_EQ(said, turn.client);
        std::string answer = turn.proxy;
        if (&turn == &turns.back()) answer += tunnel;
        const bool cut = answer.size() > most;
        answer.resize(std::min(answer.size(), most));
        most -= answer.size();
        for (std::string_view left = answer; !left.empty();) {
            const auto part = left.substr(0, piece);
            left.remove_prefix(part.size());
            const auto taken = handshake.received(part);
            EXPECT_TRUE(handshake.done() || taken == part.size());
            rest += part.substr(taken);
        }
        if (cut) {
            handshake.ended();
            break;
        }
    }
    EXPECT_TRUE(handshake.outgoing().empty());
    if (handshake.error() != errc::ok) rest.clear(); // where there is no tunnel, its octets are nobody's
    return {handshake.done(), handshake.error(), std::string(handshake.text().view()), rest};
}

// The same, however it is cut into pieces. Cut off before its end it has failed, and never succeeds by mistake.
outcome play_all(const proxy_at& proxy, const dialog& turns, std::string_view tunnel = {}) {
    const auto whole = play(proxy, turns, tunnel, std::string::npos);
    EXPECT_TRUE(whole.done);
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 11U, 64U}) {
        EXPECT_EQ(play(proxy, turns, tunnel, piece), whole) << piece;
    }
    std::size_t size = 0;
    for (const auto& turn : turns) size += turn.proxy.size();
    for (std::size_t most = 0; most < size; ++most) {
        const auto cut = play(proxy, turns, {}, 3, most);
        EXPECT_TRUE(cut.done) << most;
        EXPECT_NE(cut.error, errc::ok) << most;
    }
    return whole;
}

const std::string plain = "\5\1\0"s;
const std::string either = "\5\2\0\2"s;
const std::string to_mail_example = "\5\1\0\3\14mail.example\2\113"s;
constexpr auto greeting = "220 mail.example ESMTP\r\n"sv;

outcome tunnel_with(std::string_view text, std::string_view rest = greeting) {
    return {true, errc::ok, std::string(text), std::string(rest)};
}
outcome failed_with(errc error, std::string_view text) { return {true, error, std::string(text), {}}; }

} // namespace

// --- SOCKS5 ---

TEST(Socks5, ANameIsLookedUpByTheProxy) {
    EXPECT_EQ(play_all({}, {{plain, "\5\0"s}, {to_mail_example, "\5\0\0\1\177\0\0\1\1\2"s}}, greeting),
              tunnel_with("SOCKS5: connected"));
}

TEST(Socks5, AddressesAreSentAsSuch) {
    const auto good = "\5\0\0\1\0\0\0\0\0\0"s;
    EXPECT_EQ(play_all({.host = "192.0.2.1", .port = 25}, {{plain, "\5\0"s}, {"\5\1\0\1\300\0\2\1\0\31"s, good}}),
              tunnel_with("SOCKS5: connected", ""));
    const auto v6 = "\5\1\0\4\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\0\31"s;
    for (const auto* host : {"2001:db8::1", "[2001:db8::1]"})
        EXPECT_EQ(play_all({.host = host, .port = 25}, {{plain, "\5\0"s}, {v6, good}}),
                  tunnel_with("SOCKS5: connected", ""));
}

// Each of its forms has another length, and what follows is the server's.
TEST(Socks5, TheAddressInTheAnswerIsPassedOver) {
    for (const auto& bound :
         {"\1\0\0\0\0\0\0"s, "\4\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\0\0"s, "\3\0\0\0"s, "\3\5proxy\0\0"s})
        EXPECT_EQ(play_all({}, {{plain, "\5\0"s}, {to_mail_example, "\5\0\0"s + bound}}, greeting),
                  tunnel_with("SOCKS5: connected"));
}

TEST(Socks5, UserAndPassword) {
    const proxy_at proxy{.user = "alice", .password = "p\303\244ss"};
    const auto named = "\1\5alice\5p\303\244ss"s;
    EXPECT_EQ(
        play_all(proxy, {{either, "\5\2"s}, {named, "\1\0"s}, {to_mail_example, "\5\0\0\1\0\0\0\0\0\0"s}}, greeting),
        tunnel_with("SOCKS5: connected"));
    EXPECT_EQ(play_all(proxy, {{either, "\5\2"s}, {named, "\1\1"s}}),
              failed_with(errc::proxy_failed, "SOCKS5: user or password refused by the proxy"));
    // The proxy may not want them.
    EXPECT_EQ(play_all(proxy, {{either, "\5\0"s}, {to_mail_example, "\5\0\0\1\0\0\0\0\0\0"s}}, greeting),
              tunnel_with("SOCKS5: connected"));
    EXPECT_EQ(play_all(proxy, {{either, "\5\377"s}}),
              failed_with(errc::proxy_failed, "SOCKS5: the proxy takes no user and password"));
    EXPECT_EQ(play_all({}, {{plain, "\5\377"s}}),
              failed_with(errc::proxy_failed, "SOCKS5: the proxy asks for a user and a password"));
    // A method that was not offered
    EXPECT_EQ(play_all({}, {{plain, "\5\2"s}}).error, errc::proxy_failed);
    EXPECT_EQ(play_all(proxy, {{either, "\5\1"s}}).error, errc::proxy_failed);
}

TEST(Socks5, TheLongestNames) {
    const std::string longest(255, 'x');
    const auto named = "\1\377"s + longest + "\377" + longest;
    const auto request = "\5\1\0\3\377"s + longest + "\2\113";
    EXPECT_EQ(play_all({.user = longest, .password = longest, .host = longest},
                       {{either, "\5\2"s}, {named, "\1\0"s}, {request, "\5\0\0\1\0\0\0\0\0\0"s}}, greeting),
              tunnel_with("SOCKS5: connected"));
}

TEST(Socks5, WhatTheProxySaysOfTheDestination) {
    const struct {
        char code;
        errc error;
        const char* text;
    } verdicts[] = {
        {1, errc::proxy_failed, "SOCKS5: the proxy has failed"},
        {2, errc::proxy_failed, "SOCKS5: not allowed by the proxy's rules"},
        {3, errc::unreachable, "SOCKS5: the destination's network cannot be reached"},
        {4, errc::unreachable, "SOCKS5: the destination cannot be reached"},
        {5, errc::connection_refused, "SOCKS5: connection refused by the destination"},
        {6, errc::timed_out, "SOCKS5: the destination did not answer in time"},
        {7, errc::proxy_failed, "SOCKS5: the proxy makes no connections"},
        {8, errc::proxy_failed, "SOCKS5: the proxy does not know this kind of address"},
        {9, errc::proxy_failed, "SOCKS5: an unknown answer of the proxy"},
        {'\377', errc::proxy_failed, "SOCKS5: an unknown answer of the proxy"},
    };
    for (const auto& [code, error, text] : verdicts) // and closes: the rest of the answer never comes
        EXPECT_EQ(play_all({}, {{plain, "\5\0"s}, {to_mail_example, "\5"s + code}}), failed_with(error, text));
}

TEST(Socks5, NotAProxy) {
    for (const auto* answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail.example ESMTP\r\n", "\4\132"})
        EXPECT_EQ(play({}, {{plain, answer}}, {}, 1).error, errc::proxy_failed) << answer;
    EXPECT_EQ(play({}, {{plain, "HTTP/1.1 400 Bad Request\r\n\r\n"}}, {}, 1).text, "not a SOCKS5 proxy");
    EXPECT_EQ(play_all({}, {{plain, "\5\0"s}, {to_mail_example, "\4"s}}).text, "not a SOCKS5 proxy");
    const auto strange = play_all({}, {{plain, "\5\0"s}, {to_mail_example, "\5\0\0\2"s}});
    EXPECT_EQ(strange, failed_with(errc::proxy_failed, "SOCKS5: an unknown kind of address in the proxy's answer"));
    EXPECT_EQ(play_all({.user = "a", .password = "b"}, {{either, "\5\2"s}, {"\1\1a\1b"s, "\5\0"s}}).error,
              errc::proxy_failed);
}

TEST(Socks5, AnAnswerBeforeTheQuestion) {
    proxy_handshake early(proxy_at{}.options(), "mail.example", 25);
    early.sent(3);
    EXPECT_EQ(early.received("\5\0\5\0\0\1\0\0\0\0\0\0"sv), 12U); // the second answer with the first
    EXPECT_EQ(early.error(), errc::proxy_failed);
    EXPECT_EQ(early.text().view(), "the proxy answers before it was asked");
    proxy_handshake unsent(proxy_at{}.options(), "mail.example", 25);
    EXPECT_EQ(unsent.received("\5\0"sv), 2U);
    EXPECT_EQ(unsent.error(), errc::proxy_failed);
}

// --- HTTP ---

namespace {

const std::string connect_mail_example = "CONNECT mail.example:587 HTTP/1.1\r\nHost: mail.example:587\r\n\r\n";
constexpr auto http = proxy_protocol::http;

} // namespace

TEST(HttpProxy, OpensATunnel) {
    for (const auto* answer : {
             "HTTP/1.1 200 Connection established\r\n\r\n",
             "HTTP/1.1 200 Connection established\r\nProxy-Agent: x\r\nVia: 1.1 proxy\r\n\r\n",
             "HTTP/1.1 200 Connection established\nProxy-Agent: x\n\n",
             "HTTP/1.1 200 Connection established\r\nContent-Length: 10\r\n\r\n",
             "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 Connection established\r\n\r\n",
         })
        EXPECT_EQ(play_all({.protocol = http}, {{connect_mail_example, answer}}, greeting),
                  tunnel_with("HTTP/1.1 200 Connection established"));
    EXPECT_EQ(play_all({.protocol = http}, {{connect_mail_example, "HTTP/1.0 204\r\n\r\n"}}, greeting),
              tunnel_with("HTTP/1.0 204"));
    EXPECT_EQ(play_all({.protocol = http}, {{connect_mail_example, "HTTP/1.1 200 \r\n\r\n"}}, "\r\n\r\n"),
              tunnel_with("HTTP/1.1 200 ", "\r\n\r\n"));
}

TEST(HttpProxy, Addresses) {
    const auto good = "HTTP/1.1 200 OK\r\n\r\n";
    EXPECT_EQ(play_all({.protocol = http, .host = "192.0.2.1", .port = 65535},
                       {{"CONNECT 192.0.2.1:65535 HTTP/1.1\r\nHost: 192.0.2.1:65535\r\n\r\n", good}}),
              tunnel_with("HTTP/1.1 200 OK", ""));
    for (const auto* host : {"2001:db8::1", "[2001:db8::1]"})
        EXPECT_EQ(play_all({.protocol = http, .host = host, .port = 25},
                           {{"CONNECT [2001:db8::1]:25 HTTP/1.1\r\nHost: [2001:db8::1]:25\r\n\r\n", good}}),
                  tunnel_with("HTTP/1.1 200 OK", ""));
}

TEST(HttpProxy, Credentials) {
    const struct {
        const char* user;
        const char* password;
        const char* encoded;
    } cases[] = {
        {"Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, // RFC 7617 §2
        {"test", "123\302\243", "dGVzdDoxMjPCow=="},                // RFC 7617 §2.1
        {"a", "", "YTo="},
        {"ab", "", "YWI6"},
        {"user", "with:colon", "dXNlcjp3aXRoOmNvbG9u"},
    };
    for (const auto& [user, password, encoded] : cases)
        EXPECT_EQ(
            play_all({.protocol = http, .user = user, .password = password},
                     {{"CONNECT mail.example:587 HTTP/1.1\r\nHost: mail.example:587\r\nProxy-Authorization: Basic "s +
                           encoded + "\r\n\r\n",
                       "HTTP/1.1 200 OK\r\n\r\n"}}),
            tunnel_with("HTTP/1.1 200 OK", ""));
}

TEST(HttpProxy, ARefusalIsShown) {
    for (const auto* line : {"HTTP/1.1 407 Proxy Authentication Required", "HTTP/1.1 403 Forbidden",
                             "HTTP/1.0 502 Bad Gateway", "HTTP/1.1 301 Moved", "HTTP/1.1 503"})
        EXPECT_EQ(play_all({.protocol = http}, {{connect_mail_example, line + "\r\n"s}}),
                  failed_with(errc::proxy_failed, line));
    EXPECT_EQ(play_all({.protocol = http}, {{connect_mail_example, "HTTP/1.1 403 \33[2J\302\233\0x\r\n"s}}),
              failed_with(errc::proxy_failed, "HTTP/1.1 403 ?[2J???x"));
    const auto long_line = "HTTP/1.1 403 " + std::string(1000, 'x');
    EXPECT_EQ(play({.protocol = http}, {{connect_mail_example, long_line + "\r\n"}}, {}, 64),
              failed_with(errc::proxy_failed, long_line.substr(0, 200)));
}

TEST(HttpProxy, NotAProxy) {
    for (const auto* answer :
         {"220 mail.example ESMTP\r\n", "\r\n", "HTTP/2 200 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000\r\n",
          "HTTP/1.1  200 OK\r\n", "HTTP/1.1 099 OK\r\n", "http/1.1 200 OK\r\n", "ICY 200 OK\r\n",
          "HTTP/1.1 200 OK\rX: y\r\n", "HTTP/1.1 200 OK\r\r\n"})
        EXPECT_EQ(play_all({.protocol = http}, {{connect_mail_example, answer}}),
                  failed_with(errc::proxy_failed, "not an HTTP proxy"))
            << answer;
}

TEST(HttpProxy, AHeaderHasABound) {
    const std::string start = "HTTP/1.1 200 OK\r\n";
    const auto most = proxy_handshake::header_most;
    const auto fits = start + std::string(most - start.size() - 4, 'x') + "\r\n\r\n";
    EXPECT_EQ(play({.protocol = http}, {{connect_mail_example, fits}}, greeting, 64), tunnel_with("HTTP/1.1 200 OK"));
    for (const auto& answer :
         {start + std::string(most - start.size() - 3, 'x') + "\r\n\r\n", std::string(most + 1, 'x')})
        EXPECT_EQ(play({.protocol = http}, {{connect_mail_example, answer}}, {}, 1).text,
                  "the proxy's answer has no end");
    std::string interim;
    while (interim.size() <= most) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(play({.protocol = http}, {{connect_mail_example, interim}}, {}, 64).text,
              "the proxy's answer has no end");
}

TEST(HttpProxy, ARefusalMayComeEarly) {
    proxy_handshake handshake(proxy_at{.protocol = http}.options(), "mail.example", 25);
    handshake.sent(10);
    EXPECT_EQ(handshake.received("HTTP/1.1 431 Too Large\r\n"), 24U);
    EXPECT_EQ(handshake.error(), errc::proxy_failed);
    EXPECT_EQ(handshake.text().view(), "HTTP/1.1 431 Too Large");
    EXPECT_TRUE(handshake.outgoing().empty());
}

TEST(HttpProxy, ATunnelBeforeTheQuestionIsNone) {
    proxy_handshake handshake(proxy_at{.protocol = http}.options(), "mail.example", 25);
    handshake.sent(10);
    EXPECT_EQ(handshake.received("HTTP/1.1 200 OK\r\n\r\n"), 19U);
    EXPECT_TRUE(handshake.done());
    EXPECT_EQ(handshake.error(), errc::proxy_failed);
}

// --- both ---

TEST(Proxy, RefusesWhatItCannotSay) {
    const std::string too_long(256, 'x');
    const proxy_at wrong[] = {
        {.host = ""},
        {.host = "mail.example\r\nX: y"},
        {.host = "mail example"},
        {.host = "mail.example\0"s},
        {.host = "127.0.0.1\0"s},
        {.host = "::1\0"s},
        {.host = "mail.example/"},
        {.host = "user@mail.example"},
        {.host = "m\303\274ller.example"},
        {.host = "fe80::1%eth0"},
        {.host = "[mail.example]"},
        {.host = "[127.0.0.1]"},
        {.host = "[::1"},
        {.host = too_long},
        {.port = 0},
        {.user = "a\r\nb", .password = "x"},
        {.user = "a\0b"s, .password = "x"},
        {.user = "a", .password = "x\n"},
        {.user = "a", .password = "\0"s},
        {.user = "", .password = "x"},
    };
    for (auto proxy : wrong)
        for (const auto protocol : {proxy_protocol::socks5, proxy_protocol::http}) {
            proxy.protocol = protocol;
            const proxy_handshake handshake(proxy.options(), proxy.host, proxy.port);
            EXPECT_TRUE(handshake.done());
            EXPECT_EQ(handshake.error(), errc::invalid_parameter) << proxy.host << proxy.user;
            EXPECT_TRUE(handshake.outgoing().empty());
            EXPECT_FALSE(handshake.text().empty());
        }
    const proxy_at only_socks5[] = {
        {.user = "a"}, {.user = too_long, .password = "x"}, {.user = "a", .password = too_long}};
    for (auto proxy : only_socks5) {
        EXPECT_EQ(proxy_handshake(proxy.options(), proxy.host, 25).error(), errc::invalid_parameter);
        proxy.protocol = http;
        EXPECT_EQ(proxy_handshake(proxy.options(), proxy.host, 25).error(), errc::ok);
    }
    proxy_at colon{.user = "a:b", .password = "x"};
    EXPECT_EQ(proxy_handshake(colon.options(), colon.host, 25).error(), errc::ok);
    colon.protocol = http;
    EXPECT_EQ(proxy_handshake(colon.options(), colon.host, 25).error(), errc::invalid_parameter);
}

// In the memory of a handshake that is still there.
TEST(Proxy, WhatWasSentIsWiped) {
    const auto is_wiped = [](std::string_view memory) {
        return std::all_of(memory.begin(), memory.end(), [](char octet) { return octet == '\0'; });
    };
    proxy_handshake by_http(proxy_at{.protocol = http, .user = "alice", .password = "geheim"}.options(), "mail.example",
                            25);
    const auto request = by_http.outgoing();
    by_http.sent(60);
    EXPECT_TRUE(is_wiped(request.substr(0, 60)));
    EXPECT_FALSE(is_wiped(request.substr(60)));
    EXPECT_EQ(by_http.received("HTTP/1.1 403 No\r\n"), 17U);
    EXPECT_TRUE(is_wiped(request));

    for (const auto method : {"\5\0"sv, "\5\2"sv}) {
        proxy_handshake by_socks(proxy_at{.user = "alice", .password = "geheim"}.options(), "mail.example", 25);
        const std::string_view script(by_socks.outgoing().data(), 4 + 14 + 19);
        by_socks.sent(4);
        EXPECT_NE(script.find("geheim"), std::string_view::npos);
        EXPECT_EQ(by_socks.received(method), 2U);
        by_socks.sent(method[1] == 2 ? 14 : 0);
        EXPECT_TRUE(is_wiped(script.substr(0, 4 + 14)));
        EXPECT_NE(script.find("mail.example"), std::string_view::npos);
    }
}

TEST(Proxy, OnceDoneItTakesNothing) {
    proxy_handshake handshake(proxy_at{.protocol = http}.options(), "mail.example", 25);
    handshake.sent(1000);
    EXPECT_EQ(handshake.received("HTTP/1.1 200 OK\r\n\r\n220"), 19U);
    EXPECT_EQ(handshake.received("220 x\r\n"), 0U);
    handshake.ended();
    EXPECT_EQ(handshake.error(), errc::ok);
}

// --- the URL ---

TEST(ProxyUrl, NamesAProxy) {
    const struct {
        const char* url;
        proxy_protocol protocol;
        const char* host;
        std::uint16_t port;
        const char* user;
        const char* password;
    } cases[] = {
        {"socks5://proxy.example", proxy_protocol::socks5, "proxy.example", 1080, "", ""},
        {"socks5h://proxy.example:1", proxy_protocol::socks5, "proxy.example", 1, "", ""},
        {"SOCKS5://u:p@127.0.0.1:65535/", proxy_protocol::socks5, "127.0.0.1", 65535, "u", "p"},
        {"http://proxy.example", http, "proxy.example", 80, "", ""},
        {"http://[2001:db8::1]:3128", http, "2001:db8::1", 3128, "", ""},
        {"http://[::1]/", http, "::1", 80, "", ""},
        {"http://al%69ce@proxy.example:3128", http, "proxy.example", 3128, "alice", ""},
        {"http://a%3Ab:%40%2f%3a:%25@proxy.example", http, "proxy.example", 80, "a:b", "@/::%"},
        {"http://a:b@c@proxy.example", http, "proxy.example", 80, "a", "b@c"},
        {"http://:x@proxy.example", http, "proxy.example", 80, "", "x"},
    };
    for (const auto& [url, protocol, host, port, user, password] : cases) {
        const auto found = parse_proxy(url);
        EXPECT_TRUE(found) << url << found.problem;
        EXPECT_EQ(found.value.protocol, protocol) << url;
        EXPECT_EQ(found.value.host, host) << url;
        EXPECT_EQ(found.value.port, port) << url;
        EXPECT_EQ(found.value.user, user) << url;
        EXPECT_EQ(found.value.password.reveal(), password) << url;
    }
}

TEST(ProxyUrl, SaysWhatIsWrong) {
    const struct {
        std::string_view url;
        const char* problem;
    } cases[] = {
        {"", "socks5:// or http://"},
        {"proxy.example:1080", "socks5:// or http://"},
        {"https://proxy.example", "only socks5:// and http:// are known"},
        {"socks4://proxy.example", "only socks5:// and http:// are known"},
        {"http://", "it names no host"},
        {"http://user:hunter2@", "it names no host"},
        {"http://:80", "it names no host"},
        {"http://[]:80", "it names no host"},
        {"http://[::1", "a '[' without a ']'"},
        {"http://[::1]x", "between the address and the port"},
        {"http://proxy example", "in the host"},
        {"http://proxy.example\n", "in the host"},
        {"http://proxy.example:", "the port is not a number"},
        {"http://proxy.example:0", "the port is not a number"},
        {"http://proxy.example:65536", "the port is not a number"},
        {"http://proxy.example:80x", "the port is not a number"},
        {"http://proxy.example:-1", "the port is not a number"},
        {"http://2001:db8::1", "IPv6 address stands in brackets"},
        {"http://proxy.example/path", "behind host and port"},
        {"http://user:hunter2/3@proxy.example", "behind host and port"},
        {"http://proxy.example?x", "behind host and port"},
        {"http://user:hunter2%@proxy.example", "two hexadecimal digits"},
        {"http://user:hunter2%4@proxy.example", "two hexadecimal digits"},
        {"http://us%gger:hunter2@proxy.example", "two hexadecimal digits"},
        {"http://user:hunter2%00@proxy.example", "control character"},
        {"http://us%0d%0Aer:hunter2@proxy.example", "control character"},
    };
    for (const auto& [url, problem] : cases) {
        const auto found = parse_proxy(url);
        EXPECT_EQ(found.error, errc::invalid_url) << url;
        EXPECT_NE(found.problem.find(problem), std::string::npos) << url << ": " << found.problem;
        EXPECT_EQ(found.problem.find("hunter2"), std::string::npos) << url;
        EXPECT_TRUE(found.value.password.empty());
    }
}

// What a transcript shows, and what it never does, whichever mechanism, and wherever the octets are cut.

#include "postrider/io/transcript.hpp"

#include "../support/sasl_digests.hpp"
#include "postrider/base64.hpp"
#include "postrider/cram_md5.hpp"
#include "postrider/scram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace postrider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t whole = std::numeric_limits<std::size_t>::max();

std::string encoded(std::string_view octets) {
    std::string text;
    base64_encoder encoder;
    char group[4];
    for (std::size_t i = 0; i != octets.size(); ++i)
        if (encoder.put(octets[i]) || i + 1 == octets.size()) {
            encoder.group(group);
            text.append(group, 4);
        }
    return text;
}

std::string decoded(std::string text) {
    const std::optional<std::size_t> size = base64_decode(text);
    return text.substr(0, size.value_or(0));
}

/// Plays a server that answers each line, and drives a session with it; every octet passes the transcript, in pieces.
struct conversation {
    std::function<std::string(const std::string& line)> server;
    std::vector<std::string> lines{}; ///< of the transcript
    std::string wire{};               ///< what the client sent
    std::size_t at_once = whole;      ///< octets in a piece, of both sides
    std::size_t hears = whole;        ///< octets that it receives; then the connection breaks
    tls_channel channel{};
    transcript::content what = transcript::content::counted;

    errc run(const session_options& options, mail* m = nullptr, std::vector<std::string_view> parts = {}) {
        transcript log{[this](std::string_view line) { lines.emplace_back(line); }, what};
        std::string said = "220 mail.example\r\n", line, heard;
        char room[512];
        session<512> s;
        EXPECT_EQ(s.start(options), errc::ok);
        EXPECT_EQ(m != nullptr ? s.send(*m) : errc::ok, errc::ok);
        for (;;) {
            const action a = s.next(std::span{room}.first(std::min(at_once, sizeof room)));
            switch (a.what) {
            case action::kind::write:
                log.sent(a.octets, a.where, a.mail, a.secret(), a.ends);
                s.wrote(a.octets.size());
                wire += a.octets;
                for (const char c : a.octets) {
                    line += c;
                    if (c != '\n') continue;
                    said += server(line.substr(0, line.size() - 2));
                    line.clear();
                }
                continue;
            case action::kind::content:
                s.content(parts.front());
                parts.erase(parts.begin());
                if (parts.empty()) s.end_of_content();
                continue;
            case action::kind::tls:
                log.tls_started(channel);
                s.tls_started(channel);
                continue;
            case action::kind::read: {
                const std::size_t some = std::min({at_once, said.size(), hears});
                hears -= some;
                if (some == 0) {
                    s.failed(errc::connection_closed);
                    continue;
                }
                heard = said.substr(0, some);
                said.erase(0, some);
                log.received(heard);
                s.received(heard);
                continue;
            }
            case action::kind::ready: EXPECT_EQ(s.quit(), errc::ok); continue;
            case action::kind::closed: log.ended(s.error()); return s.error();
            default: continue;
            }
        }
    }

    std::string text() const {
        std::string all;
        for (const std::string& l : lines) all += l + '\n';
        return all;
    }
};

/// The server's side of SCRAM, and of everything else: as far as a client can tell it knows the password.
class sasl_server {
public:
    bool refuses = false; ///< and says back what it was sent
    bool lies = false;
    bool in_235 = false; ///< the signature comes beside the 235
    mechanism which = mechanism::none;

    std::string operator()(const std::string& line) {
        if (line.starts_with("EHLO")) return "250-mail.example\r\n250 AUTH " + std::string{name(which)} + "\r\n";
        if (line == "QUIT") return "221 Bye\r\n";
        if (line == "*") return "501 Cancelled\r\n";
        if (line.starts_with("AUTH ")) {
            answers_ = 0;
            const std::size_t at = line.find(' ', 5);
            if (at == std::string::npos) return "334 " + first_challenge() + "\r\n";
            return answer(line.substr(at + 1));
        }
        return answer(line);
    }

private:
    std::string first_challenge() const {
        if (which == mechanism::login) return encoded("Username:");
        if (which == mechanism::cram_md5) return encoded("<1896.697170952@a.example>");
        return "";
    }

    std::string answer(const std::string& text) {
        ++answers_;
        const bool scrams = name(which).starts_with("SCRAM-");
        if (refuses && (!scrams || answers_ == 2))
            return "535-5.7.8 No: " + text + "\r\n535 5.7.8 \"" + text.substr(0, 9) + "\r\n";
        if (which == mechanism::login && answers_ == 1) return "334 " + encoded("Password:") + "\r\n";
        if (!scrams) return "235 2.7.0 Ok\r\n";
        if (answers_ == 1) {
            const std::string message = decoded(text);
            bare_ = message.substr(message.find("n=", message.find(',', message.find(',') + 1)));
            first_ = "r=" + bare_.substr(bare_.find(",r=") + 3) + "server,s=c2FsdA==,i=1";
            return "334 " + encoded(first_) + "\r\n";
        }
        if (answers_ == 3) return "235 2.7.0 Ok\r\n";
        const std::string message = decoded(text);
        const std::string_view agreed[] = {bare_, ",", first_, ",",
                                           std::string_view{message}.substr(0, message.find(",p="))};
        const digest hash = name(which).starts_with("SCRAM-SHA-1")     ? digest::sha_1
                            : name(which).starts_with("SCRAM-SHA-256") ? digest::sha_256
                                                                       : digest::sha_512;
        std::string key(size_of(hash), '\0');
        sasl_digests library;
        const std::string_view of_server = "Server Key";
        library.pbkdf2(hash, "correct horse", "salt", 1, key.data());
        library.hmac(hash, key, {&of_server, 1}, key.data());
        library.hmac(hash, key, agreed, key.data());
        if (lies) key[0] = static_cast<char>(key[0] ^ 1);
        return (in_235 ? "235 " : "334 ") + encoded("v=" + encoded(key)) + "\r\n";
    }

    int answers_ = 0;
    std::string bare_, first_;
};

struct way {
    const char* name;
    mechanism which;
    bool initial = true;
    bool refuses = false, lies = false, in_235 = false;
};

const way ways[] = {
    {"Plain", mechanism::plain},
    {"PlainBare", mechanism::plain, false},
    {"PlainRefused", mechanism::plain, true, true},
    {"PlainBareRefused", mechanism::plain, false, true},
    {"Login", mechanism::login},
    {"LoginRefused", mechanism::login, true, true},
    {"Xoauth2", mechanism::xoauth2},
    {"Xoauth2Bare", mechanism::xoauth2, false},
    {"Xoauth2Refused", mechanism::xoauth2, true, true},
    {"Oauthbearer", mechanism::oauthbearer},
    {"OauthbearerBare", mechanism::oauthbearer, false},
    {"OauthbearerRefused", mechanism::oauthbearer, false, true},
    {"External", mechanism::external},
    {"Anonymous", mechanism::anonymous},
    {"CramMd5", mechanism::cram_md5},
    {"CramMd5Refused", mechanism::cram_md5, true, true},
    {"ScramSha1", mechanism::scram_sha_1},
    {"ScramSha256", mechanism::scram_sha_256},
    {"ScramSha512", mechanism::scram_sha_512},
    {"ScramSha1Plus", mechanism::scram_sha_1_plus},
    {"ScramSha256Plus", mechanism::scram_sha_256_plus},
    {"ScramSha512Plus", mechanism::scram_sha_512_plus},
    {"ScramSha256Bare", mechanism::scram_sha_256, false},
    {"ScramSha256In235", mechanism::scram_sha_256, true, false, false, true},
    {"ScramSha256Refused", mechanism::scram_sha_256, true, true},
    {"ScramSha256Lied", mechanism::scram_sha_256, true, false, true},
    {"ScramSha256LiedIn235", mechanism::scram_sha_256, false, false, true, true},
};

void PrintTo(const way& w, std::ostream* to) { *to << w.name; }

class Mechanisms : public testing::TestWithParam<way> {
protected:
    conversation converse(std::size_t at_once, std::size_t hears = whole) {
        const way& w = GetParam();
        sasl_server server;
        server.which = w.which;
        server.refuses = w.refuses;
        server.lies = w.lies;
        server.in_235 = w.in_235;
        sasl_digests library{"0123456789abcdefghijklmn"};
        scram scrams{library, {.iterations_least = 1}}; // that is quick
        cram_md5 crams{library};
        sasl_exchange* const exchanges[] = {&scrams, &crams};
        conversation c{.server = server, .at_once = at_once, .hears = hears};
        c.channel = {.verified = true, .binding_type = "tls-exporter", .binding = "0123456789abcdef"};
        session_options options{.client = *domain::parse("client.example")};
        options.implicit_tls = true;
        const bool token = w.which == mechanism::xoauth2 || w.which == mechanism::oauthbearer;
        options.auth = {.user = "alice",
                        .password = token ? "" : "correct horse",
                        .token = token ? "ya29.bearer" : "",
                        .preferred = w.which,
                        .exchanges = exchanges,
                        .initial_response = w.initial};
        ended = c.run(options);
        return c;
    }

    /// Nothing of what the client sent behind AUTH and its mechanism, and of what the server challenged it with.
    static void expect_no_secret(const conversation& c) {
        const std::string text = c.text();
        for (const char* secret :
             {"correct", "horse", "ya29", "bearer", "MDEyMzQ1", "0123456789", "c2Fsd", "salt", ",p=", "v="})
            EXPECT_THAT(text, Not(HasSubstr(secret)));
        std::istringstream lines{c.wire};
        for (std::string line; std::getline(lines, line);) {
            line.pop_back();
            if (line.starts_with("AUTH ") && line.find(' ', 5) != std::string::npos)
                line.erase(0, line.find(' ', 5) + 1);
            if (line.find(' ') != std::string::npos || line == "QUIT" || line.size() < 5) continue;
            // Not even a part of it.
            for (std::size_t at = 0; at < line.size(); at += 4)
                EXPECT_THAT(text, Not(HasSubstr(line.substr(at, 5)))) << line;
        }
    }

    errc ended = errc::ok;
};

TEST_P(Mechanisms, AreHiddenWhereverTheOctetsAreCut) {
    const conversation all = converse(whole);
    const way& w = GetParam();
    const errc expected = w.refuses ? errc::refused : w.lies ? errc::server_unproven : errc::ok;
    EXPECT_EQ(ended, expected) << all.text();
    EXPECT_THAT(all.text(), HasSubstr("~> AUTH " + std::string{name(w.which)}));
    expect_no_secret(all);
    for (const std::size_t at_once : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 11u, 64u}) {
        const conversation cut = converse(at_once);
        EXPECT_EQ(cut.lines, all.lines) << at_once;
    }
}

TEST_P(Mechanisms, AreHiddenWhereverTheConnectionBreaks) {
    for (std::size_t hears = 0; hears < 1000; ++hears) {
        const conversation broken = converse(whole, hears);
        expect_no_secret(broken);
        if (ended != errc::connection_closed) return;
        EXPECT_EQ(broken.lines.back(), "** the server closed the connection");
    }
    FAIL() << "it never came to its end";
}

INSTANTIATE_TEST_SUITE_P(Transcript, Mechanisms, testing::ValuesIn(ways),
                         [](const auto& p) { return std::string{p.param.name}; });

std::string ok(const std::string& line) {
    static const std::map<std::string, std::string> answers = {
        {"EHLO client.example", "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"},
        {"STARTTLS", "220 Go ahead\r\n"},
        {"DATA", "354 Go ahead\r\n"},
        {"QUIT", "221 Bye\r\n"},
    };
    if (line.starts_with("AUTH LOGIN")) return "334 VXNlcm5hbWU6\r\n";
    if (line == "YWxpY2U=") return "334 UGFzc3dvcmQ6\r\n";
    if (line.starts_with("AUTH") || line == encoded("secret")) return "235 2.7.0 Welcome, alice\r\n";
    if (line.starts_with("MAIL") || line.starts_with("RCPT") || line == ".") return "250 2.0.0 Ok\r\n";
    return answers.contains(line) ? answers.at(line) : "";
}

struct Transcript : testing::Test {
    mailbox from = *mailbox::parse("alice@a.example");
    recipient to[1] = {{.forward_path = *mailbox::parse("bob@b.example")}};
    mail m{.reverse_path = from, .recipients = to, .content = {.text = "Subject: a\r\n\r\n.\r\nHello\x07.\r\n"}};
    session_options options{.client = *domain::parse("client.example"), .tls = tls_policy::none};
    conversation c{.server = ok};
};

TEST_F(Transcript, OfAMailInsideTls) {
    options.tls = tls_policy::verified;
    c.channel.verified = true;
    options.auth = {.user = "alice", .password = "secret", .preferred = mechanism::login};
    EXPECT_EQ(c.run(options, &m), errc::ok);
    EXPECT_THAT(c.lines,
                ElementsAre("<- 220 mail.example", "-> EHLO client.example", "<- 250-mail.example", "<- 250-STARTTLS",
                            "<- 250 AUTH PLAIN LOGIN", "-> STARTTLS", "<- 220 Go ahead",
                            "=== TLS, with a server that has proved who it is", "~> EHLO client.example",
                            "<~ 250-mail.example", "<~ 250-STARTTLS", "<~ 250 AUTH PLAIN LOGIN", "~> AUTH LOGIN",
                            "<~ 334 <hidden>", "~> <hidden>", "<~ 334 <hidden>", "~> <hidden>",
                            "<~ 235 2.7.0 Welcome, alice", "~> MAIL FROM:<alice@a.example>", "<~ 250 2.0.0 Ok",
                            "~> RCPT TO:<bob@b.example>", "<~ 250 2.0.0 Ok", "~> DATA", "<~ 354 Go ahead",
                            "~> <30 octets of content>", "<~ 250 2.0.0 Ok", "~> QUIT", "<~ 221 Bye"));
}

TEST_F(Transcript, OfContentThatIsShown) {
    options.auth = {.user = "alice", .password = "secret", .allow_cleartext_auth = true};
    for (const std::size_t at_once : {std::size_t{1}, std::size_t{3}, whole}) {
        c = conversation{.server = ok, .at_once = at_once, .what = transcript::content::shown};
        EXPECT_EQ(c.run(options, &m), errc::ok);
        c.lines.erase(c.lines.begin(), c.lines.begin() + 5);
        EXPECT_THAT(c.lines,
                    ElementsAre("-> AUTH PLAIN <hidden>", "<- 235 2.7.0 Welcome, alice",
                                "-> MAIL FROM:<alice@a.example>", "<- 250 2.0.0 Ok", "-> RCPT TO:<bob@b.example>",
                                "<- 250 2.0.0 Ok", "-> DATA", "<- 354 Go ahead", "-> Subject: a", "-> ", "-> ..",
                                "-> Hello?.", "-> .", "<- 250 2.0.0 Ok", "-> QUIT", "<- 221 Bye"));
    }
}

TEST_F(Transcript, OfChunks) {
    m.content = {.pulled = true, .kind = octets::binary, .chunks = true};
    c.server = [](const std::string& line) -> std::string {
        if (line.starts_with("EHLO")) return "250-mail.example\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING\r\n";
        const bool ends_chunk = line == "one, without an end BDAT 9" || line == "and two" || line == "three";
        return ends_chunk ? "250 Ok\r\n" : ok(line);
    };
    EXPECT_EQ(c.run(options, &m, {"one, without an end ", "and two\r\n", "three\r\n"}), errc::ok) << c.text();
    EXPECT_THAT(c.text(), HasSubstr("-> BDAT 20\n-> <20 octets of content>\n-> BDAT 9\n-> <9 octets of content>\n"));
    EXPECT_THAT(c.text(), HasSubstr("-> BDAT 7 LAST\n-> <7 octets of content>\n"));
    c = conversation{.server = c.server, .at_once = 4, .what = transcript::content::shown};
    EXPECT_EQ(c.run(options, &m, {"one, without an end ", "and two\r\n", "three\r\n"}), errc::ok);
    EXPECT_THAT(c.text(), HasSubstr("-> BDAT 20\n-> one, without an end \n-> BDAT 9\n-> and two\n"));
    EXPECT_THAT(c.text(), HasSubstr("-> BDAT 7 LAST\n-> three\n"));
}

/// What a transcript makes of what it is told by hand.
struct by_hand {
    std::vector<std::string> lines{};
    transcript log{[this](std::string_view line) { lines.emplace_back(line); }};

    void says(std::string_view octets, phase where = phase::noop) {
        log.sent(octets, where, nullptr, where == phase::auth, true);
    }
};

TEST(TranscriptByHand, SecretLinesThatAreNone) {
    by_hand t;
    t.says("AUTH CRAM-MD5\r\n", phase::auth);
    t.says("AUTH\r\n", phase::auth); // base64 of three octets
    t.says("AUT", phase::auth);
    t.says("I\r\n", phase::auth);
    t.says("*\r\n", phase::auth);
    t.says("*x\r\n", phase::auth);
    t.says("\r\n", phase::auth);
    t.says("AUTH PLAIN =\r\n", phase::auth);
    EXPECT_THAT(t.lines, ElementsAre("-> AUTH CRAM-MD5", "-> <hidden>", "-> <hidden>", "-> *", "-> <hidden>", "-> ",
                                     "-> AUTH PLAIN <hidden>"));
}

TEST(TranscriptByHand, WhatIsSaidBackIsHiddenToo) {
    by_hand t;
    t.says("AUTH LOGIN\r\nhidd\r\ncGFzc3dvcmQ=\r\n", phase::auth);
    t.log.received("500 Command unrecognized: cGFzc3dvcmQ=\r\n500 hiddcGFzc3dv, hidd\r\n500 cGFz\r\n500 cGF\r\n"
                   "250 cGFzc3d");
    t.log.ended(errc::connection_reset);
    EXPECT_THAT(t.lines,
                ElementsAre("-> AUTH LOGIN", "-> <hidden>", "-> <hidden>", "<- 500 Command unrecognized: <hidden>",
                            "<- 500 <hidden><hidden>, <hidden>", "<- 500 <hidden>", "<- 500 cGF", "<- 250 <hidden>",
                            "** the server reset the connection"));
}

TEST(TranscriptByHand, ChallengesAndASignature) {
    by_hand t;
    t.log.received("334 dGVzdA==\r\n334\r\n334 \r\n334-dGVzdA==\r\n235 dj1hYmM=\r\n");
    t.says("AUTH SCRAM-SHA-256-PLUS cD10bHM=\r\n", phase::auth);
    t.log.received("235-dj1hYmM=\r\n235 dj1hYmM=\r\n");
    EXPECT_THAT(t.lines, ElementsAre("<- 334 <hidden>", "<- 334", "<- 334 ", "<- 334-<hidden>", "<- 235 dj1hYmM=",
                                     "-> AUTH SCRAM-SHA-256-PLUS <hidden>", "<- 235-<hidden>", "<- 235 <hidden>"));
}

TEST(TranscriptByHand, LinesThatDoNotEnd) {
    by_hand t;
    t.says("NOOP " + std::string(limits::reply_line, 'x') + "\r\n");
    t.log.received("250 " + std::string(limits::reply_line, 'y') + "\r\n334 " + std::string(limits::reply_line, 'z') +
                   "\r\n");
    ASSERT_EQ(t.lines.size(), 3u);
    EXPECT_EQ(t.lines[0], "-> NOOP " + std::string(limits::reply_line - 5, 'x') + "<6 more octets>");
    EXPECT_EQ(t.lines[1], "<- 250 " + std::string(limits::reply_line - 4, 'y') + "<5 more octets>");
    EXPECT_EQ(t.lines[2], "<- 334 <hidden>");
    t.says("NOOP");
    t.log.received("250");
    t.log.ended(errc::ok);
    t.log.ended(errc::ok);
    EXPECT_EQ(t.lines.size(), 5u) << "once";
    EXPECT_EQ(t.lines[3], "-> NOOP");
    EXPECT_EQ(t.lines[4], "<- 250");
}

TEST(TranscriptByHand, TheTokenOfAUrl) {
    by_hand t;
    t.says("BURL imap://a@a.example/b;uid=1;urlauth=submit+a:internal:91354a473744909de610943775f92038 LAST\r\n");
    t.says("BURL imap://a@a.example/b;URLAUTH=submit+a:internal:91354a473744909de610943775f92038\r\n");
    t.says("BURL imap://a@a.example/b LAST\r\n");
    EXPECT_THAT(t.lines,
                ElementsAre("-> BURL imap://a@a.example/b;uid=1;urlauth=<hidden> LAST",
                            "-> BURL imap://a@a.example/b;URLAUTH=<hidden>", "-> BURL imap://a@a.example/b LAST"));
}

TEST(TranscriptByHand, NoEscapeSequenceReachesATerminal) {
    by_hand t;
    t.log.received("250 a\x1B[2Jb\tc\rd\x7F\xC3\xA4\r\n");
    EXPECT_THAT(t.lines, ElementsAre("<- 250 a?[2Jb\tc?d?\xC3\xA4"));
}

// `reply_reader` takes them.
TEST(TranscriptByHand, SpacesBeforeTheCodeShowNothing) {
    by_hand t;
    t.log.sent("AUTH SCRAM-SHA-256 biws\r\n", phase::auth, nullptr, true, true);
    t.log.received("  334 cj1BQUFBQUFBQUFB\r\n 235 dj1BQUFB\r\n");
    EXPECT_THAT(t.lines, ElementsAre("-> AUTH SCRAM-SHA-256 <hidden>", "<-   334 <hidden>", "<-  235 <hidden>"));
}

TEST(TranscriptByHand, ToAStream) {
    std::ostringstream to;
    {
        transcript log{to};
        mail m;
        log.tls_started({});
        log.not_taken(m, errc::no_recipients);
        log.received("250 O");
    }
    EXPECT_EQ(to.str(),
              "=== TLS, with a server that has not proved who it is\n** the envelope has no recipient\n<~ 250 O\n");
}

TEST(TranscriptByHand, OfWhatWasNegotiated) {
    std::ostringstream to;
    transcript log{to};
    tls_facts facts;
    facts.version = tls_version::tls_1_2;
    log.tls_started({.verified = true}, facts);
    facts.cipher.append("ECDHE-RSA-AES128-GCM-SHA256");
    log.tls_started({}, facts);
    EXPECT_EQ(to.str(), "=== TLS 1.2, with a server that has proved who it is\n"
                        "=== TLS 1.2, ECDHE-RSA-AES128-GCM-SHA256, with a server that has not proved who it is\n");
}

/// A stream in which TLS stands at once, and that knows what was negotiated, or does not.
struct plain_stream {
    errc start_tls(bool, deadline) noexcept { return errc::ok; }
    tls_channel channel() const noexcept { return {.verified = true}; }
    bool wants_room(bool) const noexcept { return false; }
    bool started() const noexcept { return false; }
    transfer_result transfer(std::span<const std::string_view>, std::span<char>, deadline) noexcept {
        return {.end_of_stream = true};
    }
};
struct telling_stream : plain_stream {
    tls_facts known{};
    const tls_facts& facts() const noexcept { return known; }
};

TEST(TranscriptByDrive, IsToldWhatTheStreamKnows) {
    const auto said_over = [](auto stream) {
        std::ostringstream to;
        session<> s;
        EXPECT_EQ(s.start({.client = *domain::parse("client.example"), .implicit_tls = true}), errc::ok);
        EXPECT_EQ(drive(s, stream, never, transcript{to}), errc::connection_closed);
        return to.str();
    };
    EXPECT_EQ(said_over(plain_stream{}), "=== TLS, with a server that has proved who it is\n");
    telling_stream telling;
    telling.known.version = tls_version::tls_1_3;
    telling.known.cipher.append("TLS_AES_256_GCM_SHA384");
    EXPECT_EQ(said_over(std::move(telling)),
              "=== TLS 1.3, TLS_AES_256_GCM_SHA384, with a server that has proved who it is\n");
}

} // namespace
} // namespace postrider

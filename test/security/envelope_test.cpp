// What attackers put into addresses, parameters and content, and what leaves of it: judged by the octets that the server has
// heard inside TLS, or by how a server that follows the grammar has read them.

#include "client.hpp"
#if POSTRIDER_TEST_IDN2
#include "postrider/io/idn2.hpp"
#endif

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TYPED_TEST_SUITE(security, clients, client_name);

constexpr const char* everything =
    "PIPELINING\nSIZE\n8BITMIME\nSMTPUTF8\nDSN\nAUTH PLAIN\nDELIVERBY\nMT-PRIORITY MIXER\n"
    "FUTURERELEASE 99 2099-01-01T00:00:00Z\nREQUIRETLS\nXCLIENT ADDR\nXFORWARD ADDR\nBURL\n"
    "CHUNKING\nBINARYMIME\nVRFY\nEXPN\nETRN";

/// The commands, with what stands between DATA and the dot left out; each must be one of ours, of visible octets.
std::vector<std::string> commands(std::string inside) {
    std::vector<std::string> lines;
    while (!inside.empty()) {
        const std::size_t end = inside.find("\r\n");
        const std::string line = inside.substr(0, end);
        inside.erase(0, end == std::string::npos ? end : end + 2);
        lines.push_back(line);
        EXPECT_THAT(line,
                    testing::MatchesRegex("(EHLO|AUTH|MAIL FROM:<|RCPT TO:<|DATA|QUIT|RSET|BDAT|VRFY|XCLIENT).*"));
        for (const char c : line) EXPECT_TRUE(c != 0x7F && (c >= ' ' || static_cast<unsigned char>(c) > 127)) << line;
        if (line == "DATA") inside.erase(0, inside.find("\r\n.\r\n") + 5);
        if (line.substr(0, 5) == "BDAT ") inside.erase(0, std::stoul(line.substr(5)));
    }
    return lines;
}

/// A sink with TLS: it follows the grammar to the letter, and shares no code with the client.
sink::config strict() {
    sink::config c;
    c.keep_mails = true;
    c.tls.certificate = certificate_path("good.pem");
    c.tls.key = certificate_path("good.key");
    return c;
}

TYPED_TEST(security, cr_lf_or_nul_in_addresses_ehlo_name_parameters) {
    constexpr std::string_view behind = "RCPT TO:<evil@e.example>";
    std::vector<std::string> hostile;
    for (int c = 0; c != 0x20; ++c) hostile.push_back(static_cast<char>(c) + std::string{behind});
    hostile.push_back("\x7F" + std::string{behind});
    hostile.push_back("\r\n" + std::string{behind});
    hostile.push_back("> " + std::string{behind});
    server s{ordinary{.inside = everything}};
    for (const std::string& h : hostile) {
        SCOPED_TRACE(testing::PrintToString(h));
        // What cannot be made cannot be sent.
        for (const std::string& text :
             {"bob" + h + "@b.example", "bob@b.example" + h, "\"b" + h + "\"@b.example", h + "@b.example",
              "bob@[" + h + "]", "<bob@b.example>" + h, "bob\\" + h + "\"@b.example"}) {
            if (h[0] == '>' && text[0] == '"') continue; // a bracket in quotes is none
            EXPECT_FALSE(mailbox::parse(text)) << text;
            EXPECT_FALSE(mailbox::parse_utf8(text)) << text;
            EXPECT_FALSE(mailbox::frame(text)) << text;
        }
        for (const std::string& text : {"client.example" + h, h, "[127.0.0.1" + h + "]"}) {
            EXPECT_FALSE(domain::parse(text));
            EXPECT_FALSE(domain::frame(text));
        }
        if (h[0] == '>') continue; // everything else is not between brackets
        const std::string alone(1, h[0]);
        EXPECT_FALSE(domain::frame("client.example" + alone));
        EXPECT_FALSE(domain::frame(alone + "client.example"));
        EXPECT_FALSE(mailbox::frame("bob@b.example" + alone));
        const std::string value = "a" + h;
        const auto refused = [&](const session_options& o, const order& what, errc why) {
            const outcome_of came = this->send(s.port(), o, what);
            EXPECT_TRUE(came.error == why || came.mail == why) << describe(came.error) << ", " << describe(came.mail);
            EXPECT_THAT(s.last().inside, Not(HasSubstr("evil")));
        };
        for (const mail_parameters& p : {mail_parameters{.envelope_id = value}, mail_parameters{.auth = value},
                                         mail_parameters{.hold_until = value}}) {
            order what;
            what.parameters = &p;
            refused(options(), what, errc::invalid_parameter);
        }
        order what;
        what.original_recipient = value;
        refused(options(), what, errc::invalid_parameter);
        what = {};
        what.content = {.url = value};
        refused(options(), what, errc::invalid_parameter);
        session_options o = options();
        o.auth = {.user = value, .token = "token"}; // an octet 1 would end it, and begin another
        refused(o, {}, errc::invalid_credentials);
        o.auth = {.user = "user", .token = value};
        refused(o, {}, errc::invalid_credentials);
        if (h[0] == '\0') {
            o.auth = {.user = value, .password = password};
            refused(o, {}, errc::invalid_credentials);
        }
        session<> ready;
        static_cast<void>(ready.start(options(tls_policy::none)));
        for (const phase p : {phase::vrfy, phase::expn, phase::etrn, phase::help, phase::xclient, phase::xforward})
            EXPECT_EQ(ready.ask(p, value), errc::invalid_parameter);
    }
    // Free text that passes leaves as xtext: it cannot add a parameter.
    const mail_parameters p{.envelope_id = "a+b=c SIZE=1", .auth = "\"a b\"@c.example"};
    order what;
    what.parameters = &p;
    what.original_recipient = "\"a NOTIFY=NEVER\"@b.example";
    EXPECT_EQ(this->send(s.port(), options(), what).error, errc::ok);
    EXPECT_THAT(commands(s.last().inside),
                ElementsAre("EHLO client.example",
                            "MAIL FROM:<alice@a.example> SIZE=23 ENVID=a+2Bb+3Dc+20SIZE+3D1 AUTH=\"a+20b\"@c.example",
                            "RCPT TO:<bob@b.example> ORCPT=rfc822;\"a+20NOTIFY+3DNEVER\"@b.example", "BDAT 23 LAST",
                            "QUIT"));
}

// U+010D is CR, U+560A LF, and U+0100 NUL to whoever keeps the low octet alone.
TYPED_TEST(security, unicode_narrowed_into_cr_or_lf) {
    server s{ordinary{.inside = everything}};
    for (const std::string_view letter : {"\u010D", "\u010A", "\u560D", "\u560A", "\u0100", "\u013E", "\U0001F60D"}) {
        const std::string text =
            "b" + std::string{letter} + std::string{letter} + "QUIT@b" + std::string{letter} + ".example";
        const auto to = mailbox::parse_utf8(text);
        ASSERT_TRUE(to) << text;
        EXPECT_FALSE(mailbox::parse(text));
        order what;
        what.to = {*to};
        EXPECT_EQ(this->send(s.port(), options(), what).error, errc::ok);
        EXPECT_THAT(commands(s.last().inside),
                    ElementsAre("EHLO client.example", "MAIL FROM:<alice@a.example> SIZE=23 SMTPUTF8",
                                "RCPT TO:<" + text + ">", "BDAT 23 LAST", "QUIT"));
#if POSTRIDER_TEST_IDN2
        std::string ascii;
        if (mailbox_to_ascii("bob@b" + std::string{letter} + ".example", ascii) == errc::ok) {
            for (const char c : ascii) EXPECT_TRUE(c > ' ' && c < 0x7F) << ascii;
        }
#endif
    }
    // Octets that another decoder reads as CR, LF, NUL or a bracket: overlong, surrogates, C1 controls, cut off.
    for (const std::string_view octets :
         {"\xC0\x8D", "\xC0\x8A", "\xC0\x80", "\xE0\x80\x8D", "\xE0\x80\x8A", "\xC0\xBE", "\xED\xA0\x8D", "\xC2\x85",
          "\xC2\x8D", "\xC4", "\xE5\x98", "\x8D", "\xF4\x90\x80\x80", "\xFF"}) {
        for (const std::string& text :
             {"b" + std::string{octets} + "@b.example", "bob@b" + std::string{octets} + ".example"}) {
            EXPECT_FALSE(mailbox::parse_utf8(text)) << testing::PrintToString(text);
            EXPECT_FALSE(mailbox::parse(text)) << testing::PrintToString(text);
        }
    }
}

TYPED_TEST(security, address_parsed_differently) {
    sink::server s{strict()};
    const std::uint16_t port = s.start();
    ASSERT_NE(port, 0);
    struct way {
        std::string_view text, local, domain;
    };
    const way ways[] = {
        {"\"bob@evil.example\"@b.example", "\"bob@evil.example\"", "b.example"},
        {"\"bob@evil.example> \"@b.example", "\"bob@evil.example> \"", "b.example"},
        {"\"a\\\"@evil.example\"@b.example", "\"a\\\"@evil.example\"", "b.example"},
        {"\"a b,c@evil.example\"@b.example", "\"a b,c@evil.example\"", "b.example"},
        {"\"<bob@evil.example>\"@b.example", "\"<bob@evil.example>\"", "b.example"},
        {"evil.example!bob@b.example", "evil.example!bob", "b.example"},
        {"bob%evil.example@b.example", "bob%evil.example", "b.example"},
        {"=?utf-8?q?bob=40evil.example=3e=00?=@b.example", "=?utf-8?q?bob=40evil.example=3e=00?=", "b.example"},
        {"bob@[127.0.0.1]", "bob", "[127.0.0.1]"},
    };
    std::uint64_t sent = 0;
    for (const way& w : ways) {
        SCOPED_TRACE(w.text);
        const auto to = mailbox::parse(w.text);
        ASSERT_TRUE(to);
        EXPECT_EQ(to->local_part(), w.local);
        EXPECT_EQ(to->domain_part(), w.domain);
        order what;
        what.to = {*to};
        EXPECT_EQ(this->send(port, options(), what).error, errc::ok);
        ASSERT_EQ(s.mails().size(), ++sent);
        EXPECT_EQ(s.mails().back().recipients.at(0).address, w.text) << "one address, as it was parsed";
        EXPECT_EQ(s.mails().back().recipients.size(), 1u);
    }
    for (const std::string_view text : {"bob@b.example@evil.example",
                                        "bob@b.example,evil@e.example",
                                        "bob@b.example evil@e.example",
                                        "bob(evil@e.example)@b.example",
                                        "@evil.example:bob@b.example",
                                        "Bob <bob@b.example>",
                                        "bob@b.example>",
                                        "<bob@b.example",
                                        "\"bob\"x@b.example",
                                        "\"bob@b.example",
                                        "bob@b..example",
                                        "bob@b.example.",
                                        "bob@-b.example",
                                        "bob@",
                                        "@b.example",
                                        "bob",
                                        "bob@b.example/evil",
                                        "bob@b.example#evil",
                                        "bob@[127.0.0.1",
                                        "bob@b.example\\@evil.example"})
        EXPECT_FALSE(mailbox::parse(text)) << text;

    // The envelope is the caller's, whatever the header says.
    order what;
    what.content = {.text = "To: eve@e.example\r\nCc: eve@e.example\r\nBcc: <eve@e.example>\r\nFrom: x@y\r\n\r\nRCPT "
                            "TO:<eve@e.example>\r\n"};
    EXPECT_EQ(this->send(port, options(), what).error, errc::ok);
    EXPECT_EQ(s.mails().back().from, "alice@a.example");
    ASSERT_EQ(s.mails().back().recipients.size(), 1u);
    EXPECT_EQ(s.mails().back().recipients[0].address, "bob@b.example");
    EXPECT_EQ(s.report().total.errors, 0u);
}

/// A lone dot between all line ends that some server takes for one, and a mail of the attacker's behind it.
std::vector<std::string> smuggled() {
    std::vector<std::string> all;
    const std::string_view ends[] = {"\r\n",  "\n", "\r", "\r\r\n", "\n\r", "\r\n\r", std::string_view{"\0\n", 2},
                                     "\r\0\n"};
    for (const std::string_view before : ends)
        for (const std::string_view after : ends)
            all.push_back("Subject: a\r\n\r\nb" + std::string{before} + "." + std::string{after} +
                          "MAIL FROM:<eve@e.example>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\nSubject: c\r\n\r\nd" +
                          std::string{before} + "." + std::string{after});
    return all;
}

TYPED_TEST(security, smtp_smuggling) {
    sink::server s{strict()};
    const std::uint16_t port = s.start();
    ASSERT_NE(port, 0);
    server careless{ordinary{.inside = "PIPELINING"}};
    std::uint64_t sent = 0;
    for (const std::string& text : smuggled()) {
        SCOPED_TRACE(testing::PrintToString(text.substr(15, 12)));
        order what;
        what.content = {.text = text};
        session_options o = options();
        // By DATA: no bare CR, no bare LF, one lone dot, at the end.
        EXPECT_EQ(this->send(careless.port(), o, what).error, errc::ok);
        std::string inside = careless.last().inside;
        inside.erase(0, inside.find("DATA\r\n") + 6);
        inside.erase(inside.rfind("QUIT\r\n"));
        for (std::size_t i = 0; i != inside.size(); ++i) {
            const bool bare_lf = inside[i] == '\n' && (i == 0 || inside[i - 1] != '\r');
            const bool bare_cr = inside[i] == '\r' && (i + 1 == inside.size() || inside[i + 1] != '\n');
            EXPECT_FALSE(bare_lf || bare_cr) << i;
        }
        EXPECT_EQ(inside.find("\r\n.\r\n"), inside.size() - 5);
        // By BDAT there is no dot, and the same line ends.
        for (const bool chunking : {true, false}) {
            o.unused = {};
            if (!chunking) o.unused.add(extension::chunking);
            EXPECT_EQ(this->send(port, o, what).error, errc::ok);
            ASSERT_EQ(s.mails().size(), ++sent) << "one mail";
            const sink::mail m = s.mails().back();
            EXPECT_EQ(m.from, "alice@a.example");
            EXPECT_EQ(m.by_bdat, chunking);
            EXPECT_EQ(count_of(m.content, "\r\n"),
                      static_cast<std::size_t>(std::count(m.content.begin(), m.content.end(), '\n')));
            EXPECT_EQ(count_of(m.content, "\r\n"),
                      static_cast<std::size_t>(std::count(m.content.begin(), m.content.end(), '\r')));
        }
        // Who does not want it changed has it refused.
        o = options();
        o.content = line_ends::refuse;
        if (text.find(".\r\nMAIL") != std::string::npos && text.find("\r\n.\r\nMAIL") == std::string::npos) {
            EXPECT_EQ(this->send(careless.port(), o, what).mail, errc::bare_line_ending);
            EXPECT_EQ(careless.last().inside, "EHLO client.example\r\nQUIT\r\n");
        }
    }
}

TYPED_TEST(security, no_dot_stuffing) {
    sink::config c = strict();
    c.offers.chunking = false;
    sink::server s{c};
    const std::uint16_t port = s.start();
    ASSERT_NE(port, 0);
    std::uint64_t sent = 0;
    const auto arrives = [&](const pieces& parts, const std::string& as) {
        EXPECT_EQ(this->send(port, options(), {}, &parts).error, errc::ok);
        ASSERT_EQ(s.mails().size(), ++sent);
        EXPECT_EQ(s.mails().back().content, as);
    };
    // Every split of a text that is all dots and line ends, the first octet a dot.
    const std::string_view text = ".\r\n..\r\n";
    for (unsigned cuts = 0; cuts != 1u << (text.size() - 1); ++cuts) {
        pieces parts{{{}}};
        for (std::size_t i = 0, begin = 0; i != text.size(); ++i) {
            parts.parts.back() = text.substr(begin, i + 1 - begin);
            if ((cuts >> i & 1) == 0) continue;
            begin = i + 1;
            parts.parts.emplace_back();
        }
        arrives(parts, ".\r\n..\r\n");
    }
    arrives({{"."}}, ".\r\n");
    arrives({{".\r\n"}}, ".\r\n");
    arrives({{".", ".", "\n", ".", "\r", ".", "\r", "\n", "."}}, "..\r\n.\r\n.\r\n.\r\n");
    arrives({{"a\r\n", ".b\r\n", ".\r\n", ".QUIT\r\n"}}, "a\r\n.b\r\n.\r\n.QUIT\r\n");
    EXPECT_EQ(s.report().total.errors, 0u);
}

// The command is still to come; the library runs no other program, and a mailbox that looks like an option is one.
TYPED_TEST(security, command_line_injection) {
    sink::server s{strict()};
    const std::uint16_t port = s.start();
    ASSERT_NE(port, 0);
    order what;
    what.from = *mailbox::parse("-oQ/tmp@a.example");
    what.to = {*mailbox::parse("-x@y.example"), *mailbox::parse("--@y.example"), *mailbox::parse("`id`@y.example"),
               *mailbox::parse("\"; touch /tmp/x; $(id)\"@y.example"), *mailbox::parse("|cat@y.example")};
    EXPECT_EQ(this->send(port, options(), what).error, errc::ok);
    const sink::mail m = s.mails().at(0);
    EXPECT_EQ(m.from, "-oQ/tmp@a.example");
    ASSERT_EQ(m.recipients.size(), what.to.size());
    for (std::size_t i = 0; i != what.to.size(); ++i) EXPECT_EQ(m.recipients[i].address, what.to[i].text());

    std::size_t files = 0;
    for (const char* const folder : {"/include", "/src"}) {
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator{POSTRIDER_SOURCE_FOLDER + std::string{folder}}) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file{entry.path()};
            const std::string text{std::istreambuf_iterator<char>{file}, {}};
            for (const char* const runs :
                 {" system(", ":system(", "popen(", "execv", "execl", "posix_spawn", "fork(", "wordexp("})
                EXPECT_EQ(text.find(runs), std::string::npos) << entry.path() << ": " << runs;
            ++files;
        }
    }
    EXPECT_GT(files, 50u);
}

TYPED_TEST(security, parameter_sent_because_it_is_offered) {
    server s{ordinary{.inside = everything}};
    const auto line = [&](std::string_view text, errc error = errc::ok) {
        order what;
        what.content = {.text = text};
        EXPECT_EQ(this->send(s.port(), options(), what).error, error);
        const std::vector<std::string> all = commands(s.last().inside);
        return all.size() < 4 ? std::string{} : all[1] + ", " + all[2];
    };
    // SIZE is needed wherever it is offered: a mail that is too large is refused before it is sent (RFC 1870 §1).
    EXPECT_EQ(line("Subject: a\r\n\r\nb\r\n"), "MAIL FROM:<alice@a.example> SIZE=17, RCPT TO:<bob@b.example>");
    EXPECT_EQ(line("Subject: a\r\n\r\n\xC3\xA4\r\n"),
              "MAIL FROM:<alice@a.example> SIZE=18 BODY=8BITMIME, RCPT TO:<bob@b.example>");
    EXPECT_EQ(line("Subject: \xC3\xA4\r\n\r\nb\r\n"),
              "MAIL FROM:<alice@a.example> SIZE=18 BODY=8BITMIME SMTPUTF8, RCPT TO:<bob@b.example>");
    // Nor what is asked for, where it is not offered.
    s.set(ordinary{});
    EXPECT_EQ(line("Subject: a\r\n\r\nb\r\n"), "MAIL FROM:<alice@a.example>, RCPT TO:<bob@b.example>");
    EXPECT_EQ(line("Subject: \xC3\xA4\r\n\r\nb\r\n"), "");
}

} // namespace
} // namespace postrider::test

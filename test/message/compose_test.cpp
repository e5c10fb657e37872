// What a message becomes.

#include "drained.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <ostream>

namespace {

using namespace postrider;
using testing::HasSubstr;
using testing::Not;

message plain() {
    return {.from = {"Alice <alice@a.example>"},
            .to = {"bob@b.example"},
            .subject = "Hello",
            .date = std::chrono::sys_seconds{std::chrono::seconds{1700000000}},
            .message_id = "<1@a.example>",
            .text = "Hello.\n"};
}

std::vector<std::string> recipients(const outgoing& mail) {
    std::vector<std::string> list;
    for (const envelope_recipient& recipient : mail.envelope.to) list.push_back(recipient.address);
    return list;
}

/// The lines from `begin` to the end of its field.
std::string field(const std::string& wire, const std::string& begin) {
    const std::size_t at = wire.find("\r\n" + begin + ":");
    if (at == std::string::npos) return {};
    std::size_t end = wire.find("\r\n", at + 2);
    while (wire[end + 2] == ' ') end = wire.find("\r\n", end + 2);
    return wire.substr(at + 2, end - at - 2);
}

class Compose : public testing::Test {
protected:
    void SetUp() override {
        ::setenv("TZ", "CET-1", 1);
        ::tzset();
    }
};

TEST_F(Compose, WritesAMessage) {
    message m = plain();
    EXPECT_EQ(drained(compose(m)), "Date: Tue, 14 Nov 2023 23:13:20 +0100\r\n"
                                   "From: Alice <alice@a.example>\r\n"
                                   "To: bob@b.example\r\n"
                                   "Message-ID: <1@a.example>\r\n"
                                   "Subject: Hello\r\n"
                                   "MIME-Version: 1.0\r\n"
                                   "Content-Type: text/plain; charset=\"utf-8\"\r\n"
                                   "Content-Transfer-Encoding: 7bit\r\n"
                                   "\r\n"
                                   "Hello.\r\n");
}

TEST_F(Compose, FillsInWhatMakesAMessageTheSameWhenItIsSentAgain) {
    message m{.from = {"alice@bücher.example"}, .to = {"bob@b.example"}};
    const auto before = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const outgoing first = compose(m);
    ASSERT_EQ(first.error, errc::ok);
    ASSERT_TRUE(m.date);
    EXPECT_GE(*m.date, before);
    EXPECT_EQ(first.message_id, m.message_id);
    EXPECT_THAT(m.message_id, testing::MatchesRegex("<[0-9a-f]+@xn--bcher-kva.example>"));
    EXPECT_EQ(m.message_id.size(), 1 + 32 + std::string_view{"@xn--bcher-kva.example>"}.size());
    const outgoing again = compose(m);
    EXPECT_EQ(drained(again), drained(first));
}

TEST_F(Compose, MakesAnotherMessageOfWhatItMustNotChange) {
    const message m{.from = {"alice@a.example"}, .to = {"bob@b.example"}};
    const outgoing first = compose(m), second = compose(m);
    EXPECT_NE(first.message_id, second.message_id);
    EXPECT_THAT(drained(first), HasSubstr("Message-ID: " + first.message_id + "\r\n"));
    EXPECT_NE(compose(message{.from = {"alice@a.example"}, .to = {"bob@b.example"}}).message_id, "");
}

TEST_F(Compose, TakesAddressesAsPeopleWriteThem) {
    message m = plain();
    m.to = {"bob@b.example",
            " <bob2@b.example> ",
            "Bob Ä <bob3@b.example>",
            "\"Bob, \\\"B\\\"\" <bob4@b.example>",
            address{.name = "Bob, Esq.", .mailbox = "bob5@b.example"},
            "Bob (Sales) <bob6@b.example>",
            "\"b 7\"@b.example",
            "bob8@[192.0.2.1]",
            "alice@a.example <bob9@b.example>",
            std::string{"bob10@b.example"},
            std::string_view{"bob11@b.example"},
            address{.mailbox = "<bob12@b.example>"}};
    const outgoing mail = compose(m);
    EXPECT_THAT(recipients(mail),
                testing::ElementsAre("bob@b.example", "bob2@b.example", "bob3@b.example", "bob4@b.example",
                                     "bob5@b.example", "bob6@b.example", "\"b 7\"@b.example", "bob8@[192.0.2.1]",
                                     "bob9@b.example", "bob10@b.example", "bob11@b.example", "bob12@b.example"));
    EXPECT_EQ(field(drained(mail), "To"),
              "To: bob@b.example, bob2@b.example, =?utf-8?b?Qm9iIMOE?= <bob3@b.example>,\r\n"
              " \"Bob, \\\"B\\\"\" <bob4@b.example>, \"Bob, Esq.\" <bob5@b.example>, \"Bob (Sales)\"\r\n"
              " <bob6@b.example>, \"b 7\"@b.example, bob8@[192.0.2.1], \"alice@a.example\"\r\n"
              " <bob9@b.example>, bob10@b.example, bob11@b.example, bob12@b.example");
}

TEST_F(Compose, MakesTheEnvelope) {
    message m = plain();
    m.cc = {"carol@c.example"};
    m.bcc = {"dave@d.example", "BOB@b.example", "bob@B.example"}; // the last is Bob again, the other may not be
    m.delivery = {.envelope_id = "id", .priority = 3};
    const outgoing mail = compose(m);
    EXPECT_EQ(mail.envelope.from, "alice@a.example");
    EXPECT_THAT(recipients(mail),
                testing::ElementsAre("bob@b.example", "carol@c.example", "dave@d.example", "BOB@b.example"));
    EXPECT_EQ(mail.envelope.delivery.envelope_id, "id");
    EXPECT_EQ(mail.envelope.delivery.priority, 3);
    const std::string wire = drained(mail);
    EXPECT_EQ(field(wire, "Cc"), "Cc: carol@c.example");
    EXPECT_THAT(wire, Not(HasSubstr("dave")));
    EXPECT_EQ(field(wire, "Bcc"), "");
    m.envelope_from = "bounces@a.example";
    EXPECT_EQ(compose(m).envelope.from, "bounces@a.example");
    m.envelope_from = "<>";
    EXPECT_EQ(compose(m).envelope.from, "");
}

TEST_F(Compose, NamesNobodyWhereAllAreBcc) {
    message m = plain();
    m.to.clear();
    m.bcc = {"bob@b.example"};
    const outgoing mail = compose(m);
    EXPECT_EQ(field(drained(mail), "To"), "To: undisclosed-recipients:;");
    EXPECT_THAT(recipients(mail), testing::ElementsAre("bob@b.example"));
}

TEST_F(Compose, SaysASenderWhereThereHasToBeOne) {
    message m = plain();
    m.sender = "Alice's other name <alice@A.example>"; // the author herself: RFC 5322 §3.6.2 has it not said
    EXPECT_EQ(field(drained(compose(m)), "Sender"), "");
    m.sender = "secretary@a.example";
    EXPECT_EQ(field(drained(compose(m)), "Sender"), "Sender: secretary@a.example");
    EXPECT_EQ(compose(m).envelope.from, "secretary@a.example");
    m.sender.reset();
    m.from.push_back("amy@a.example");
    EXPECT_EQ(field(drained(compose(m)), "Sender"), "Sender: Alice <alice@a.example>");
}

TEST_F(Compose, WritesDomainsInALabels) {
    message m = plain();
    m.to = {"Bob <bob@bücher.example>"};
    const outgoing mail = compose(m);
    EXPECT_THAT(recipients(mail), testing::ElementsAre("bob@xn--bcher-kva.example"));
    EXPECT_EQ(field(drained(mail), "To"), "To: Bob <bob@xn--bcher-kva.example>");
}

TEST_F(Compose, NeedsSmtputf8OnlyForALocalPart) {
    message m = plain();
    m.to = {"Bób <bób@bücher.example>"};
    m.text = "ä\n";
    const outgoing mail = compose(m);
    EXPECT_THAT(recipients(mail), testing::ElementsAre("bób@bücher.example"));
    const std::string wire = drained(mail); // looks at `utf8_header` and `kind` too
    EXPECT_EQ(field(wire, "To"), "To: =?utf-8?q?B=C3=B3b?= <bób@bücher.example>");
    EXPECT_THAT(wire, HasSubstr("Content-Transfer-Encoding: quoted-printable\r\n"));
    m.bcc = std::move(m.to);
    m.to.clear();
    mail_content facts;
    std::string problem;
    const outgoing blind = compose(m); // the envelope has it, and says so by itself; the header block has not
    ASSERT_EQ(blind.content->describe(facts, problem), errc::ok);
    EXPECT_FALSE(facts.utf8_header);
    EXPECT_EQ(facts.kind, octets::seven_bit);
}

TEST_F(Compose, WritesFieldsAsTheyAreKnown) {
    message m = plain();
    m.reply_to = {"list@a.example"};
    m.in_reply_to = {"<0@b.example>"};
    m.references = {"<a@b.example>", "<0@b.example>"};
    m.headers = {{"X-One", "1"}, {"X-One", "zwei ü"}, {"Precedence", "bulk"}};
    m.priority = message_priority::high;
    m.tls_optional = true;
    m.list_unsubscribe = {.uris = {"https://a.example/u", "mailto:u@a.example"}, .one_click = true};
    EXPECT_THAT(drained(compose(m)), HasSubstr("Reply-To: list@a.example\r\n"
                                               "To: bob@b.example\r\n"
                                               "Message-ID: <1@a.example>\r\n"
                                               "In-Reply-To: <0@b.example>\r\n"
                                               "References: <a@b.example> <0@b.example>\r\n"
                                               "Subject: Hello\r\n"
                                               "List-Unsubscribe: <https://a.example/u>, <mailto:u@a.example>\r\n"
                                               "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                                               "Importance: high\r\nX-Priority: 1\r\nPriority: urgent\r\n"
                                               "TLS-Required: No\r\n"
                                               "X-One: 1\r\nX-One: zwei =?utf-8?b?w7w=?=\r\nPrecedence: bulk\r\n"
                                               "MIME-Version: 1.0\r\n"));
    m.priority = message_priority::low;
    EXPECT_THAT(drained(compose(m)), HasSubstr("Importance: low\r\nX-Priority: 5\r\nPriority: non-urgent\r\n"));
}

/// The types of all parts, and which of them holds which: `mixed(alternative(plain html) pdf)`.
std::string structure(const std::string& wire) {
    std::string result;
    std::vector<std::string> boundaries;
    for (std::size_t at = 0; at < wire.size(); at = wire.find("\r\n", at) + 2) {
        const std::string line = wire.substr(at, wire.find("\r\n", at) - at);
        if (!boundaries.empty() && line == "--" + boundaries.back() + "--") {
            result += ')';
            boundaries.pop_back();
        }
        if (!line.starts_with("Content-Type: ")) continue;
        const std::string type = line.substr(line.find('/') + 1, line.find(';') - line.find('/') - 1);
        result += (result.empty() || result.back() == '(' ? "" : " ") + type;
        if (!line.starts_with("Content-Type: multipart/")) continue;
        const std::size_t begin = wire.find("boundary=\"", at) + 10;
        boundaries.push_back(wire.substr(begin, wire.find('"', begin) - begin));
        result += '(';
    }
    return boundaries.empty() ? result : "not closed: " + result;
}

TEST_F(Compose, ChoosesTheStructure) {
    message m = plain();
    const auto of = [&] { return structure(drained(compose(m))); };
    EXPECT_EQ(of(), "plain");
    m.html = "<p>Hello.</p>";
    EXPECT_EQ(of(), "alternative(plain html)");
    m.inlines = {inline_octets("logo.png", "x", "logo")};
    EXPECT_EQ(of(), "alternative(plain related(html png))");
    m.attachments = {attach_octets("a.pdf", "x"), attach_octets("b", "x")};
    EXPECT_EQ(of(), "mixed(alternative(plain related(html png)) pdf octet-stream)");
    m.calendar = {.text = "BEGIN:VCALENDAR\r\n"};
    EXPECT_EQ(of(), "mixed(alternative(plain related(html png) calendar) pdf octet-stream)");
    m.text.clear();
    m.calendar.reset();
    EXPECT_EQ(of(), "mixed(related(html png) pdf octet-stream)");
    m.html.clear();
    m.inlines.clear();
    EXPECT_EQ(of(), "mixed(pdf octet-stream)");
    m.attachments.clear();
    EXPECT_EQ(of(), "plain"); // nothing at all: an empty text
    EXPECT_TRUE(drained(compose(m)).ends_with("7bit\r\n\r\n"));
}

TEST_F(Compose, InvitesWithItsMethod) {
    message m = plain();
    m.calendar = {.text = "BEGIN:VCALENDAR\nEND:VCALENDAR\n", .method = "CANCEL"};
    EXPECT_THAT(drained(compose(m)), HasSubstr("Content-Type: text/calendar; charset=\"utf-8\"; method=\"CANCEL\";\r\n"
                                               " name=\"invite.ics\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
                                               "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n\r\n--"));
}

struct encoded {
    const char* name;
    std::string text, encoding, body;
};

void PrintTo(const encoded& e, std::ostream* to) { *to << e.name; }

class Texts : public testing::TestWithParam<encoded> {};

TEST_P(Texts, AreEncodedAsIsShortest) {
    message m = plain();
    m.text = GetParam().text;
    const std::string wire = drained(compose(m));
    EXPECT_THAT(wire, HasSubstr("Content-Transfer-Encoding: " + GetParam().encoding + "\r\n\r\n"));
    EXPECT_EQ(wire.substr(wire.find("\r\n\r\n") + 4), GetParam().body);
}

const std::string x998(998, 'x'), soft(75, 'x');

INSTANTIATE_TEST_SUITE_P(
    all, Texts,
    testing::Values(encoded{"lf", "a\nb", "7bit", "a\r\nb\r\n"},
                    encoded{"mixed_line_ends", "a\rb\r\nc\n\rd", "7bit", "a\r\nb\r\nc\r\n\r\nd\r\n"},
                    encoded{"dots", ".\n..\nFrom x\n", "7bit", ".\r\n..\r\nFrom x\r\n"}, // dots are the session's
                    encoded{"longest_line", x998 + "\n", "7bit", x998 + "\r\n"},
                    encoded{"space_at_the_end", "Plain words, as most are \n\xC3\xA4 \t\n= \n", "quoted-printable",
                            "Plain words, as most are=20\r\n=C3=A4 =09\r\n=3D=20\r\n"},
                    encoded{"soft_line_break", "\xC3\xA4\n" + soft + "y\n" + soft + "\n", "quoted-printable",
                            "=C3=A4\r\n" + soft + "=\r\ny\r\n" + soft + "\r\n"},
                    encoded{"space_at_the_break", "\xC3\xA4\n" + std::string(74, 'x') + "  y\n", "quoted-printable",
                            "=C3=A4\r\n" + std::string(74, 'x') + " =\r\n y\r\n"},
                    encoded{"nul", std::string{"a\0b\n", 4}, "quoted-printable", "a=00b\r\n"},
                    encoded{"base64", "日本\n", "base64", "5pel5pysDQo=\r\n"}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(Compose, EncodesALineThatIsTooLong) {
    message m = plain();
    m.text = x998 + "x\n";
    EXPECT_THAT(drained(compose(m)), HasSubstr("quoted-printable\r\n\r\n" + soft + "=\r\n" + soft + "=\r\n"));
}

TEST_F(Compose, GuessesTypes) {
    message m = plain();
    m.attachments = {attach_octets("A.PDF", "x"),        attach_octets("x.tar.gz", "x"),
                     attach_octets("README", "x"),       attach_octets("ä.txt", "ä"),
                     attach_octets("latin.txt", "\xE4"), attach_octets("x.txt", "x", "text/x-y; charset=koi8-r")};
    const std::string wire = drained(compose(m));
    for (const char* type :
         {"Content-Type: application/pdf\r\n", "Content-Type: application/gzip\r\n",
          "Content-Type: application/octet-stream\r\n", "Content-Type: text/plain; charset=\"utf-8\"\r\n",
          "Content-Type: text/plain\r\n", "Content-Type: text/x-y; charset=\"koi8-r\"\r\n"})
        EXPECT_THAT(wire, HasSubstr(type));
}

/// RFC 2046 §5.2.1: not encoded. What is 8-bit makes the whole so (RFC 2045 §6.4).
TEST_F(Compose, LeavesAttachedMessagesAsTheyAre) {
    message m = plain();
    m.attachments = {attach_octets("a.eml", "A: b\n\nx\n")};
    EXPECT_THAT(drained(compose(m)),
                HasSubstr("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n"
                          "Content-Disposition: attachment; filename=\"a.eml\"\r\n\r\nA: b\r\n\r\nx\r\n\r\n--"));
    m.attachments = {attach_octets("a.eml", "A: b\n\nä\n")};
    const std::string wire = drained(compose(m)); // looks at `kind` too
    EXPECT_THAT(wire, HasSubstr("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n"));
    EXPECT_EQ(field(wire, "Content-Transfer-Encoding"), "Content-Transfer-Encoding: 8bit");
    m.attachments = {attach_octets("a.eml", "A: ä\n\nä\n", "message/global")};
    EXPECT_THAT(drained(compose(m)),
                HasSubstr("Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n"));
}

TEST_F(Compose, IsFoundBesideOutgoing) {
    const outgoing mail = compose(plain());
    EXPECT_EQ(&compose(mail), &mail); // a mail is a mail
}

} // namespace

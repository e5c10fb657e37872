#include "postrider/raw_message.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace postrider {
namespace {

/// What leaves, before the engine sees to its line ends; it has to be what `describe` says it is.
std::string sent(const outgoing& mail) {
    EXPECT_EQ(mail.error, errc::ok) << mail.problem;
    if (!mail.content) return {};
    mail_content facts;
    std::string problem;
    EXPECT_EQ(mail.content->describe(facts, problem), errc::ok) << problem;
    std::string all{facts.text};
    for (const std::string_view part : facts.more) all += part;
    if (!facts.pulled) return all;
    for (content_part part = mail.content->pull(true);; part = mail.content->pull(false)) {
        if (part.failed) return all + "<failed>";
        all += part.octets;
        if (part.last) break;
    }
    content_facts seen;
    seen.look_through(all);
    seen.end();
    EXPECT_TRUE(facts.exact_size && facts.repeatable);
    EXPECT_EQ(facts.size, seen.size + (seen.line_start ? 0 : 2));
    EXPECT_EQ(facts.utf8_header, seen.eight_bit_header);
    EXPECT_TRUE(facts.kind == octets::eight_bit || !seen.eight_bit);
    return all;
}

std::string recipients(const outgoing& mail) {
    std::string all;
    for (const envelope_recipient& to : mail.envelope.to) all.append(all.empty() ? "" : " ").append(to.address);
    return all;
}

outgoing by_headers(std::string text) {
    return compose(raw_message{.content = text_content(std::move(text)), .from_headers = true});
}
std::string recipients_of(std::string text) {
    const outgoing mail = by_headers("From: a@a.example\n" + text);
    EXPECT_EQ(mail.error, errc::ok) << mail.problem;
    return recipients(mail);
}
std::string problem_of(const raw_message& m, errc error = errc::invalid_message) {
    const outgoing mail = compose(m);
    EXPECT_EQ(mail.error, error);
    EXPECT_EQ(mail.content, nullptr);
    return mail.problem;
}
std::string problem_of(std::string text, errc error = errc::invalid_message) {
    return problem_of(raw_message{.content = text_content(std::move(text)), .from_headers = true}, error);
}

TEST(RawMessage, LeavesAsItIsWithTheEnvelopeGiven) {
    const std::string text = "X: odd \t\r\n folded\nFrom: x@x.example\rTo: not read, at all\r\n\r\n.\nbody\r\r\n";
    const outgoing mail = compose(
        raw_message{.content = text_content(text), .envelope = {.from = "a@a.example", .to = {{"b@b.example"}}}});
    EXPECT_EQ(sent(mail), text);
    EXPECT_EQ(mail.envelope.from, "a@a.example");
    EXPECT_EQ(recipients(mail), "b@b.example");
}

TEST(RawMessage, TakesTheEnvelopeFromItsHeaders) {
    const outgoing mail = by_headers("From: Alice <alice@a.example>, Ann <ann@a.example>\n"
                                     "To: Bob <bob@b.example>,\n\tcarol@c.example (Carol)\n"
                                     "Cc: dave@d.example\n"
                                     "Bcc: erin@e.example,\n frank@f.example\n"
                                     "Subject: x\nMessage-ID:\n <1@a.example> \n\nbody\n");
    EXPECT_EQ(mail.envelope.from, "alice@a.example");
    EXPECT_EQ(recipients(mail), "bob@b.example carol@c.example dave@d.example erin@e.example frank@f.example");
    EXPECT_EQ(mail.message_id, "<1@a.example>");
    EXPECT_EQ(sent(mail), "From: Alice <alice@a.example>, Ann <ann@a.example>\n"
                          "To: Bob <bob@b.example>,\n\tcarol@c.example (Carol)\n"
                          "Cc: dave@d.example\n"
                          "Subject: x\nMessage-ID:\n <1@a.example> \n\nbody\n");
}

TEST(RawMessage, ReadsAddressesAsRfc5322HasThem) {
    const struct {
        std::string_view field, recipients;
    } cases[] = {
        {"To: bob@b.example", "bob@b.example"},
        {"TO : bob@b.example", "bob@b.example"},
        {"to:bob@b.example", "bob@b.example"},
        {"To: \"B, Ob\" <bob@b.example>, carol@c.example", "bob@b.example carol@c.example"},
        {"To: =?utf-8?q?B=C3=B6b=2C_x?= <bob@b.example>", "bob@b.example"},
        {"To: B\xc3\xb6"
         "b <bob@b.example>",
         "bob@b.example"},
        {"To: B\xf6"
         "b <bob@b.example>",
         "bob@b.example"},
        {"To: b\xc3\xb6"
         "b@b\xc3\xbc"
         "cher.example",
         "b\xc3\xb6"
         "b@b\xc3\xbc"
         "cher.example"},
        {"To: friends: a@x.example, B <b@x.example>;, c@x.example", "a@x.example b@x.example c@x.example"},
        {"To: undisclosed-recipients:;\nBcc: bob@b.example", "bob@b.example"},
        {"To:\nCc: \nBcc: (nobody)\nBcc: bob@b.example", "bob@b.example"},
        {"To: \"a b\"@c.example", "\"a b\"@c.example"},
        {"To: \"<>\" <bob@b.example> (<>)", "bob@b.example"},
        {"To: <@a.example,@b.example:u@c.example>", "u@c.example"},
        {"To: bob@b.example (comment (nested)), (only comment),,", "bob@b.example"},
        {"To: bob@[192.0.2.1]", "bob@[192.0.2.1]"},
        {"To: bob\n @ b.example", "bob@b.example"},
        {"To: bob@b.example\nTo: carol@c.example", "bob@b.example carol@c.example"},
        {"To: bob@b.example, bob@B.example\nCc: BOB@b.example, <bob@b.EXAMPLE>", "bob@b.example BOB@b.example"},
        {"X-To: x@x.example\nTo: bob@b.example", "bob@b.example"},
    };
    for (const auto& c : cases) EXPECT_EQ(recipients_of(std::string{c.field} + "\n\nx\n"), c.recipients) << c.field;
}

TEST(RawMessage, LeavesNobodyOutInSilence) {
    constexpr std::string_view brackets = "has an angle bracket without its other one, or without an address";
    const struct {
        std::string_view field, problem;
    } cases[] = {
        {"bob@b.example carol@c.example", "cannot be read at \"bob@b.example carol@c.example\""},
        {"bob@b.example; carol@c.example", "cannot be read at \"bob@b.example; carol@c.example\""},
        {"bob@b.example, garbage here, carol@c.example", "cannot be read at \"garbage here, carol@c.example\""},
        {"bob@", "cannot be read at \"bob@\""},
        {"@b.example", "cannot be read at \"@b.example\""},
        {"a@b@c", "cannot be read at \"a@b@c\""},
        {"bob@b..example", "cannot be read at \"bob@b..example\""},
        {"<bob@b.example", brackets},
        {"bob@b.example>", brackets},
        {"<<bob@b.example>>", brackets},
        {"( > ) <bob@b.example> \\", "cannot be read at \"<bob@b.example> \\\""},
        {"<>, bob@b.example", brackets},
        {"!!bad<<>>, bob@b.example", brackets},
        {"bob@b.example, root", "root: has no domain; local_domain can give it one"},
        {"bob@-b.example", "bob@-b.example: is no address (RFC 5321 §4.1.2)"},
        {"a \x01 b", "cannot be read at \"a ? b\""},
    };
    for (const auto& c : cases)
        EXPECT_EQ(problem_of("From: a@a.example\nTo: x@x.example\nCc: " + std::string{c.field} + "\n\nx\n"),
                  "Cc: " + std::string{c.problem})
            << c.field;
    EXPECT_EQ(problem_of("From: Alice\nTo: x@x.example\n\nx\n"),
              "From: Alice: has no domain; local_domain can give it one");
}

TEST(RawMessage, AddsToTheRecipientsGiven) {
    const outgoing mail = compose(raw_message{
        .content = text_content("From: a@a.example\nTo: b@b.example, c@C.example\n\nx\n"),
        .envelope = {.from = "bounces@a.example",
                     .to = {{"x@x.example"}, {.address = "c@c.example", .original_recipient = "o@c.example"}}},
        .from_headers = true});
    EXPECT_EQ(mail.envelope.from, "bounces@a.example");
    EXPECT_EQ(recipients(mail), "x@x.example c@c.example b@b.example");
    EXPECT_EQ(mail.envelope.to[1].original_recipient, "o@c.example");
}

TEST(RawMessage, FindsItsSender) {
    const auto sender = [](std::string header, std::string from = {}) {
        const outgoing mail = compose(raw_message{.content = text_content(header + "To: b@b.example\n\nx\n"),
                                                  .envelope = {.from = from},
                                                  .from_headers = true});
        return mail.error == errc::ok ? mail.envelope.from : mail.problem;
    };
    EXPECT_EQ(sender("From: a@a.example\nSender: s@a.example\n"), "s@a.example");
    EXPECT_EQ(sender("From: staff: a@a.example, b@a.example;\n"), "a@a.example");
    EXPECT_EQ(sender("From: a@a.example\n", "e@a.example"), "e@a.example");
    EXPECT_EQ(sender("From: a@a.example\n", "<>"), "") << "the null path";
    EXPECT_EQ(sender("From: nobody:;\n"),
              "the message names no sender in Sender or From; give one in the envelope, or <>");
    EXPECT_EQ(sender("From: not readable\n", "e@a.example"), "e@a.example") << "is not asked";
    EXPECT_EQ(compose(raw_message{.content = text_content("Subject: x\n\nx\n"), .envelope = {.to = {{"b@b.example"}}}})
                  .envelope.from,
              "")
        << "the envelope given counts, the null path as well";
}

TEST(RawMessage, TakesTheMostRecentBlockOfResentFields) {
    const std::string older =
        "Resent-From: old@o.example\nResent-To: old-to@o.example\nResent-Bcc: old-bcc@o.example\n";
    const std::string own = "From: a@a.example\nTo: b@b.example\nBcc: c@b.example\nSubject: x\n\nx\n";
    const std::string block =
        "Resent-Date: x\nResent-From: r@r.example\nResent-To: t@t.example\nResent-Cc: u@t.example\n"
        "Resent-Bcc: v@t.example\n";
    // Next to the older block, and apart from it; below trace fields.
    for (const std::string between : {"", "Received: x\n"}) {
        const outgoing mail = by_headers("Received: y\n" + block + between + older + own);
        EXPECT_EQ(mail.envelope.from, "r@r.example");
        EXPECT_EQ(recipients(mail), "t@t.example u@t.example v@t.example");
        EXPECT_EQ(sent(mail), "Received: y\nResent-Date: x\nResent-From: r@r.example\nResent-To: t@t.example\n"
                              "Resent-Cc: u@t.example\n" +
                                  between +
                                  "Resent-From: old@o.example\nResent-To: old-to@o.example\n"
                                  "From: a@a.example\nTo: b@b.example\nSubject: x\n\nx\n");
    }
    const outgoing sender =
        by_headers("Resent-From: r@r.example\nResent-Sender: s@r.example\nResent-To: t@t.example\n" + own);
    EXPECT_EQ(sender.envelope.from, "s@r.example");
    EXPECT_EQ(problem_of("Resent-From: r@r.example\n" + own, errc::no_recipients),
              "the message names no recipient in To, Cc or Bcc, and none was given");
    EXPECT_EQ(problem_of("Resent-To: t@t.example\n" + own),
              "the message names no sender in Resent-Sender or Resent-From; give one in the envelope, or <>");
}

TEST(RawMessage, LetsNoBlindCopyLeave) {
    const std::string text =
        "From: a@a.example\nbcc : x@x.example,\n\ty@x.example\nTo: b@b.example\nResent-Bcc: z@x.example\n\nBcc: body\n";
    raw_message m{.content = text_content(text), .envelope = {.to = {{"b@b.example"}}}};
    EXPECT_EQ(sent(compose(m)), "From: a@a.example\nTo: b@b.example\n\nBcc: body\n");
    m.keep_bcc = true;
    EXPECT_EQ(sent(compose(m)), text);
    EXPECT_EQ(sent(by_headers("From: a@a.example\rBcc: b@b.example\rSubject: x\r\rx\r")),
              "From: a@a.example\rSubject: x\r\rx\r")
        << "a bare CR will be a line end";
    EXPECT_EQ(sent(by_headers("From: a@a.example\rBcc: b@b.example\n\nx\n")), "From: a@a.example\r\n\nx\n")
        << "a CR and an LF that come together are two line ends as before";
    EXPECT_EQ(sent(by_headers("Bcc: b@b.example\r\nFrom: a@a.example\r\n\r\nx")), "From: a@a.example\r\n\r\nx");
    EXPECT_EQ(sent(by_headers("From: a@a.example\nBcc: b@b.example")), "From: a@a.example\n") << "no body";
}

TEST(RawMessage, NeedsAHeaderBlock) {
    const std::string separator = " of the message is of no header field, and no empty line stands before it";
    EXPECT_EQ(problem_of("hello\n"), "line 1" + separator);
    EXPECT_EQ(problem_of("From: a@a.example\nTo: b@b.example\nhello, world\n\nx\n"), "line 3" + separator);
    EXPECT_EQ(problem_of(" folded: at once\n\nx\n"), "line 1" + separator);
    EXPECT_EQ(problem_of("From mbox\nhello\n"), "line 2" + separator);
    EXPECT_EQ(problem_of(": x\n"), "line 1" + separator);
    EXPECT_EQ(problem_of(""), "the message is empty");
    EXPECT_EQ(problem_of(raw_message{}), "the mail has no content");
    EXPECT_EQ(problem_of("To: b@b.example\nX: a" + std::string(1, '\0') + "b\n\nx\n"), "X: has a NUL");
    EXPECT_EQ(problem_of("\nTo: b@b.example\n", errc::invalid_message),
              "the message names no sender in Sender or From; give one in the envelope, or <>");
    const std::string huge = "X: y\n" + std::string(1100000, 'x');
    EXPECT_EQ(problem_of(huge),
              "the header block has more than 1 MB: an empty line is missing behind it, or this is no message");
}

TEST(RawMessage, HeaderLinesHave998OctetsAtMost) {
    const std::string most = "X: " + std::string(995, 'x');
    EXPECT_EQ(recipients_of("To: b@b.example\n" + most + "\r\n " + std::string(997, 'y') + "\n\nx\n"), "b@b.example");
    EXPECT_EQ(problem_of("To: b@b.example\n" + most + "x\r\n\nx\n"),
              "X: has a line of more than 998 octets (RFC 5322 §2.1.1); fold it");
    EXPECT_EQ(problem_of("To: b@b.example\nX: y\n " + std::string(998, 'x') + "\n\nx\n"),
              "X: has a line of more than 998 octets (RFC 5322 §2.1.1); fold it");
    EXPECT_EQ(compose(raw_message{.content = text_content("From: a@a.example\nTo: b@b.example\n" + most + "x\n\nx\n"),
                                  .from_headers = true,
                                  .lenient = true})
                  .error,
              errc::ok);
}

TEST(RawMessage, IsTakenLenientlyAsSendmailDoes) {
    const auto lenient = [](std::string text) {
        return sent(compose(raw_message{
            .content = text_content(std::move(text)), .envelope = {.to = {{"b@b.example"}}}, .lenient = true}));
    };
    EXPECT_EQ(lenient("hello\nworld\n"), "\r\nhello\nworld\n");
    EXPECT_EQ(lenient("Subject: x\nhello\n\nBcc: world"), "Subject: x\n\r\nhello\n\nBcc: world");
    EXPECT_EQ(lenient("Subject: x\nBcc: x@x.example\nhello"), "Subject: x\n\r\nhello");
}

TEST(RawMessage, LosesTheFirstLineOfAnMbox) {
    EXPECT_EQ(
        sent(by_headers("From a@a.example Thu Jan  1 00:00:00 1970\nFrom: a@a.example\nTo: b@b.example\n\nFrom x\n")),
        "From: a@a.example\nTo: b@b.example\n\nFrom x\n");
}

TEST(RawMessage, QualifiesAddressesWithoutADomain) {
    raw_message m{.content = text_content("From: root (Cron Daemon)\nTo: root, bob@b.example\n\nx\n"),
                  .envelope = {.to = {{"operator"}}},
                  .from_headers = true,
                  .local_domain = "host.example"};
    const outgoing mail = compose(m);
    EXPECT_EQ(mail.envelope.from, "root@host.example");
    EXPECT_EQ(recipients(mail), "operator@host.example root@host.example bob@b.example");
    EXPECT_EQ(sent(mail), "From: root (Cron Daemon)\nTo: root, bob@b.example\n\nx\n");
    m.local_domain = "host example";
    EXPECT_EQ(problem_of(m, errc::invalid_parameter), "host example: is no domain; see local_domain");
}

TEST(RawMessage, GetsTheFieldsThatItLacks) {
    raw_message m{.content = text_content("To: b@b.example\n\nx\n"),
                  .from_headers = true,
                  .add_date = true,
                  .add_message_id = true,
                  .add_from = "J\xc3\xb6rg \"x\" <alice@a.example>"};
    const outgoing mail = compose(m);
    EXPECT_EQ(mail.envelope.from, "alice@a.example");
    EXPECT_TRUE(std::regex_match(mail.message_id, std::regex{"<[0-9a-f]{32}@a\\.example>"})) << mail.message_id;
    EXPECT_NE(mail.message_id, compose(m).message_id);
    const std::string text = sent(mail);
    EXPECT_TRUE(
        std::regex_match(text, std::regex{"To: b@b\\.example\n"
                                          "Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [1-9][0-9]? [A-Z][a-z]{2} 20[0-9]{2} "
                                          "[0-9]{2}:[0-9]{2}:[0-9]{2} \\+0000\r\n"
                                          "From: =\\?[^\r]*\\?= *[^\r]*<alice@a\\.example>\r\n"
                                          "Message-ID: <[0-9a-f]{32}@a\\.example>\r\n"
                                          "\nx\n"}))
        << text;

    const std::string whole = "Date: d\nFrom: f@f.example\nMessage-Id: <m>\nTo: b@b.example\n\nx\n";
    m.content = text_content(whole);
    EXPECT_EQ(sent(compose(m)), whole);
    EXPECT_EQ(compose(m).envelope.from, "f@f.example");

    m = {.content = text_content("To: b@b.example"),
         .from_headers = true,
         .local_domain = "a.example",
         .add_from = "root"};
    EXPECT_EQ(sent(compose(m)), "To: b@b.example\r\nFrom: root@a.example\r\n");
    for (const char* wrong : {"a@a.example, b@a.example", "x: a@a.example;", "a@a.example\r\nX: y", "not readable"}) {
        m.add_from = wrong;
        EXPECT_EQ(problem_of(m, errc::invalid_parameter).substr(0, 10), "add_from: ") << wrong;
    }
}

/// The same text from a file and from a stream, of any size.
TEST(RawMessage, StreamsItsBody) {
    const std::string path = testing::TempDir() + "raw_message_test." + std::to_string(::getpid());
    std::string body;
    while (body.size() < 300'000) body.append("some line\n").append(body.size() % 700, 'x').append("\r\n");
    const std::string headers[] = {"From: a@a.example\r\nBcc: b@b.example\nTo: c@c.example\r\n",
                                   "Bcc: b\xc3\xb6@b.example\nFrom: a@a.example\n",
                                   "From: a@a.example\nX: " + std::string(900, 'x') + "\nBcc: b@b.example\n"};
    const std::string rests[] = {"\n" + body, "\r\n" + body + "no line end", "\n", "\r", ""};
    for (const std::string& header : headers)
        for (const std::string& rest : rests) {
            SCOPED_TRACE(header.substr(0, 10) + rest.substr(0, 10));
            std::ofstream{path, std::ios::binary} << header << rest;
            const std::string expected = sent(by_headers(header + rest));
            EXPECT_EQ(sent(compose(raw_message{.content = file_content(path), .from_headers = true})), expected);
            std::istringstream stream{header + rest};
            const outgoing mail = compose(raw_message{.content = stream_content(stream), .from_headers = true});
            EXPECT_EQ(sent(mail), expected);
            EXPECT_EQ(sent(mail), expected) << "again";
        }
    std::filesystem::remove(path);
    EXPECT_EQ(problem_of(raw_message{.content = file_content(path)}, errc::body_failed),
              path + ": cannot be opened: No such file or directory");
}

TEST(RawMessage, IsHeldToTheHeaderBlockThatItHad) {
    const std::string path = testing::TempDir() + "raw_message_test." + std::to_string(::getpid());
    const auto write = [&](std::string_view text) { std::ofstream{path, std::ios::binary} << text; };
    write("From: a@a.example\nBcc: b@b.example\n\nx\n");
    const outgoing mail = compose(raw_message{.content = file_content(path), .from_headers = true});
    EXPECT_EQ(sent(mail), "From: a@a.example\n\nx\n");
    write("From: a@a.example\nBcc: b@b.example\n\nanother\n");
    EXPECT_EQ(sent(mail), "From: a@a.example\n\nanother\n") << "the body is read when it is sent";
    for (const char* other : {"From: a@a.example\nBcc: c@b.example\n\nx\n", "From: a@a.example\nBcc: b@b.example"}) {
        write(other);
        mail_content facts;
        std::string problem;
        ASSERT_EQ(mail.content->describe(facts, problem), errc::ok);
        EXPECT_EQ(mail.content->pull(true).octets, "From: a@a.example\n\n");
        EXPECT_TRUE(mail.content->pull(false).failed) << other;
    }
    std::filesystem::remove(path);
}

/// A source of content that can be pulled once, octet for octet.
struct once : content_source {
    explicit once(std::string text) : text_(std::move(text)) {}
    errc describe(mail_content& to, std::string& /*problem*/) override {
        to = {.pulled = true, .kind = octets::eight_bit, .as_it_is = true};
        return errc::ok;
    }
    content_part pull(bool /*first*/) noexcept override {
        if (at_ >= text_.size()) return {.failed = true};
        const std::string_view part = std::string_view{text_}.substr(at_++, 1);
        return {.octets = part, .last = at_ == text_.size()};
    }
    std::string text_;
    std::size_t at_ = 0;
};

TEST(RawMessage, IsOfEightBitsIfAnAddedFieldIs) {
    std::istringstream stream{"To: b@b.example\n\nx\n"};
    const outgoing mail = compose(
        raw_message{.content = stream_content(stream), .from_headers = true, .add_from = "j\xc3\xb6rg@a.example"});
    EXPECT_EQ(sent(mail), "To: b@b.example\nFrom: j\xc3\xb6rg@a.example\r\n\nx\n");
}

TEST(RawMessage, OfASourceThatCanBePulledOnce) {
    const outgoing mail = compose(raw_message{
        .content = std::make_shared<once>("From: a@a.example\r\nBcc: b@b.example\r\n\r\nx\r\n"), .from_headers = true});
    EXPECT_EQ(sent(mail), "From: a@a.example\r\n\r\nx\r\n");
    EXPECT_EQ(sent(mail), "From: a@a.example\r\n\r\nx\r\n");
    mail_content facts;
    std::string problem;
    ASSERT_EQ(mail.content->describe(facts, problem), errc::ok);
    EXPECT_TRUE(facts.as_it_is);
}

} // namespace
} // namespace postrider

#include "postrider/message_check.hpp"

#include "message/date_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postrider {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What is wrong with nothing.
constexpr const char* good = "Date: Mon, 30 Nov 2026 09:00:00 +0100\r\n"
                             "From: Alice <alice@a.example>\r\n"
                             "To: bob@b.example\r\n"
                             "Message-ID: <1@a.example>\r\n"
                             "Subject: Test\r\n";

struct looked_at {
    message_verdict verdict{};
    std::vector<std::string> lines{}; ///< "3 error twice"

    const message_finding& of(std::string_view code) const {
        for (const auto& one : verdict.findings)
            if (one.code == code) return one;
        static const message_finding none;
        ADD_FAILURE() << "nothing of " << code;
        return none;
    }
};

/// Whole, octet by octet and in uneven pieces: it must not matter.
looked_at look(std::string_view message, message_check_options options = {}) {
    looked_at first;
    for (const std::size_t piece : {message.size() + 1, std::size_t{1}, std::size_t{7}}) {
        message_checker checker{options};
        for (std::size_t at = 0; at < message.size(); at += piece) checker.take(message.substr(at, piece));
        looked_at found{.verdict = checker.finish()};
        constexpr const char* names[] = {"note", "warning", "error"};
        for (const auto& one : found.verdict.findings)
            found.lines.push_back(std::to_string(one.line) + " " + names[static_cast<int>(one.severity)] + " " +
                                  std::string{one.code});
        if (piece > message.size()) first = found;
        EXPECT_EQ(found.lines, first.lines) << "in pieces of " << piece;
        EXPECT_EQ(found.verdict.size, first.verdict.size);
        EXPECT_EQ(found.verdict.binary, first.verdict.binary);
    }
    return first;
}

looked_at look_at_body(const std::string& body, const std::string& fields = "") {
    return look(std::string{good} + fields + "\r\n" + body);
}

TEST(message_check, finds_nothing_where_nothing_is) {
    const auto found = look_at_body("Hello.\r\n");
    EXPECT_THAT(found.lines, IsEmpty());
    EXPECT_TRUE(found.verdict.sendable());
    EXPECT_EQ(found.verdict.size, std::string{good}.size() + 2 + 8);
    EXPECT_EQ(found.verdict.lines, 7U);
    EXPECT_FALSE(found.verdict.eight_bit || found.verdict.utf8_header || found.verdict.binary);
}

TEST(message_check, wants_date_and_from) {
    const auto found = look("To: bob@b.example\r\n\r\nx\r\n");
    EXPECT_THAT(found.lines,
                ElementsAre("0 error no-date", "0 error no-from", "0 warning no-message-id", "0 note no-subject"));
    EXPECT_EQ(found.verdict.errors, 2U);
    EXPECT_EQ(found.verdict.warnings, 1U);
    EXPECT_EQ(found.verdict.notes, 1U);
    EXPECT_FALSE(found.verdict.sendable());
}

TEST(message_check, takes_a_field_once) {
    const auto found = look(std::string{good} + "to: carol@b.example\r\nReceived: x\r\nReceived: y\r\n\r\n");
    EXPECT_THAT(found.lines, ElementsAre("6 error twice"));
    EXPECT_EQ(found.of("twice").what, "to is there already");
    EXPECT_EQ(found.of("twice").reference, "RFC 5322 §3.6");
}

TEST(message_check, reads_addresses_as_sending_does) {
    const auto found = look("Date: Mon, 30 Nov 2026 09:00:00 +0100\r\nFrom: <alice@a.example\r\nTo: bob\r\nCc: \r\n"
                            "Reply-To: undisclosed:;\r\nSender: a@a.example, b@a.example\r\nMessage-ID: <1@a>\r\n"
                            "Subject: x\r\n\r\n");
    EXPECT_THAT(found.lines, ElementsAre("2 error address", "3 error address", "4 error address", "6 error address"));
    EXPECT_EQ(found.verdict.findings[0].what, "From has an angle bracket without its other one, or without an address");
    EXPECT_EQ(found.verdict.findings[3].what, "Sender names 2 mailboxes, and not one");
}

TEST(message_check, of_several_authors_one_sends) {
    const std::string head =
        "Date: Mon, 30 Nov 2026 09:00:00 +0100\r\nFrom: a@a.example, b@a.example\r\nTo: c@c.example\r\n"
        "Message-ID: <1@a>\r\nSubject: x\r\n";
    EXPECT_THAT(look(head + "\r\n").lines, ElementsAre("2 error no-sender"));
    EXPECT_THAT(look(head + "Sender: a@a.example\r\n\r\n").lines, IsEmpty());
}

TEST(message_check, reads_dates) {
    using message_detail::date_form;
    using message_detail::form_of_date;
    for (const char* const date : {" Mon, 30 Nov 2026 09:00:00 +0100\r\n", "1 Jan 2026 00:00 -0000",
                                   "29 Feb 2028 00:00 +0000", "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
                                   "31 Dec 2016 23:59:60 +0000 (leap)", "Mon,\r\n 30 Nov 2026 09:00:00 +0100"})
        EXPECT_EQ(form_of_date(date), date_form::current) << date;
    for (const char* const date : {"Fri, 21 Nov 97 09:55:06 GMT", "21 Nov 97 09:55:06 +0000", "21 Nov 1997 09:55 EST"})
        EXPECT_EQ(form_of_date(date), date_form::obsolete) << date;
    for (const char* const date :
         {"", "yesterday", "Mon 30 Nov 2026 09:00:00 +0100", "30 Nov 2026 09:00:00", "29 Feb 2027 00:00 +0000",
          "31 Nov 2026 00:00 +0000", "30 Nov 2026 24:00:00 +0000", "30 Nov 2026 09:60 +0000",
          "2026-11-30 09:00:00 +0100", "30 Nov 2026 9:00 +0100", "30 Nov 2026 09:00 +01", "30 Nov 2026 09:00 +0100 x",
          "30 Nov 20262026202 09:00 +0100", "30 Nov 2026 09:00 +0161", "0 Nov 2026 09:00 +0000",
          "Mon, 30 Nov 2026 09:00:00 +-100"})
        EXPECT_EQ(form_of_date(date), date_form::none) << date;
}

TEST(message_check, says_what_of_a_date_is_wrong) {
    const std::string rest = "From: a@a.example\r\nTo: c@c.example\r\nMessage-ID: <1@a>\r\nSubject: x\r\n\r\n";
    EXPECT_THAT(look("Date: today\r\n" + rest).lines, ElementsAre("1 error date"));
    EXPECT_THAT(look("Date: 30 Nov 26 09:00 GMT\r\n" + rest).lines, ElementsAre("1 warning old-date"));
}

TEST(message_check, wants_a_message_id_in_brackets) {
    const std::string rest =
        "Date: Mon, 30 Nov 2026 09:00:00 +0100\r\nFrom: a@a.example\r\nTo: c@c.example\r\nSubject: x\r\n";
    for (const char* const bad : {"1@a", "<1>", "<@a>", "<1@>", "<1@a b>", "<1@a"})
        EXPECT_THAT(look(rest + "Message-ID: " + bad + "\r\n\r\n").lines, ElementsAre("5 warning message-id")) << bad;
}

TEST(message_check, tells_fields_that_are_none) {
    EXPECT_THAT(look(std::string{good} + "And here the text begins.\r\nTo: x\r\n").lines,
                ElementsAre("6 error no-field"));
    EXPECT_THAT(look(" folded\r\n" + std::string{good} + "\r\n").lines, testing::Contains("1 error no-fold"));
    EXPECT_THAT(look_at_body("", "X-Empty : x\r\n").lines, ElementsAre("6 warning space-before-colon"));
    EXPECT_THAT(look_at_body("", "X-Fold: x\r\n \t\r\n y\r\n").lines, ElementsAre("7 warning blank-fold"));
}

TEST(message_check, tells_octets_that_no_header_holds) {
    EXPECT_THAT(look_at_body("", "X-Nul: a" + std::string(1, '\0') + "b\r\n").lines, ElementsAre("6 error header-nul"));
    EXPECT_THAT(look_at_body("", "X-Bell: \a\r\n").lines, ElementsAre("6 warning header-control"));
    const auto latin1 = look_at_body("", "X-Latin: caf\xe9\r\n");
    EXPECT_THAT(latin1.lines, ElementsAre("6 error header-octets"));
    const auto utf8 = look_at_body("", "X-One: caf\xc3\xa9\r\nX-Two: \xc3\xa9\r\n");
    EXPECT_THAT(utf8.lines, ElementsAre("6 note header-utf8"));
    EXPECT_TRUE(utf8.verdict.utf8_header);
    EXPECT_FALSE(utf8.verdict.eight_bit) << "it is not in the body";
}

TEST(message_check, measures_header_lines) {
    EXPECT_THAT(look_at_body("", "X: " + std::string(75, 'x') + "\r\n").lines, IsEmpty());
    EXPECT_THAT(look_at_body("", "X: " + std::string(76, 'x') + "\r\n").lines, ElementsAre("6 note long-line"));
    EXPECT_THAT(look_at_body("", "X: " + std::string(995, 'x') + "\r\n").lines, ElementsAre("6 note long-line"));
    EXPECT_THAT(look_at_body("", "X: " + std::string(996, 'x') + "\r\n").lines, ElementsAre("6 error header-line"));
    EXPECT_THAT(look_at_body("", "X: " + std::string(2'000'000, 'x') + "\r\n").lines,
                ElementsAre("6 error header-line", "6 error header-size"));
}

TEST(message_check, says_which_extensions_it_needs) {
    EXPECT_TRUE(look_at_body("caf\xe9\r\n", "Content-Transfer-Encoding: 8bit\r\n").verdict.eight_bit);
    const auto longest = look_at_body(std::string(998, 'x') + "\r\n");
    EXPECT_FALSE(longest.verdict.binary);
    const auto longer = look_at_body(std::string(999, 'x') + "\r\n");
    EXPECT_TRUE(longer.verdict.binary);
    EXPECT_TRUE(longer.verdict.sendable());
    EXPECT_THAT(longer.lines, ElementsAre("7 warning line"));
    EXPECT_EQ(longer.of("line").what, "a line of 999 octets, more than 998");
    EXPECT_TRUE(look_at_body(std::string(1, '\0') + "\r\n").verdict.binary);
    EXPECT_TRUE(look_at_body("x\r\n", "Content-Transfer-Encoding: binary\r\n").verdict.binary);
}

TEST(message_check, tells_how_lines_end) {
    EXPECT_THAT(look("Date: Mon, 30 Nov 2026 09:00:00 +0100\nFrom: a@a.example\nTo: c@c.example\nMessage-ID: <1@a>\n"
                     "Subject: x\n\nx\n")
                    .lines,
                ElementsAre("0 note lf-line-ends"));
    const auto mixed = look_at_body("x\ny\rz");
    EXPECT_THAT(mixed.lines, ElementsAre("7 warning bare-lf", "8 warning bare-cr", "9 note no-final-line-end"));
    EXPECT_EQ(mixed.of("bare-lf").what, "1 line ends with an LF alone, others do not");
    EXPECT_EQ(mixed.verdict.size, std::string{good}.size() + 2 + 9) << "each line with CRLF";
    EXPECT_THAT(look_at_body("x\r").lines, ElementsAre("7 warning bare-cr"));
}

TEST(message_check, tells_of_an_mbox) {
    const std::string from = "From alice@a.example Mon Nov 30 09:00:00 2026\r\n";
    const auto found = look(from + good + "\r\nFrom here on it is text.\r\n\r\nFrom here, too.\r\n\r\n" + from);
    EXPECT_THAT(found.lines, ElementsAre("1 warning mbox", "12 warning mbox-next"));
}

TEST(message_check, says_what_is_known_of_bcc_dkim_dots_and_size) {
    const auto found =
        look(std::string{good} + "Bcc: eve@e.example\r\nDKIM-Signature: v=1\r\nReturn-Path: <>\r\n\r\n.\r\n",
             {.max_size = 100});
    EXPECT_THAT(found.lines,
                ElementsAre("0 error size", "6 note bcc", "7 note dkim", "8 warning return-path", "10 note dot"));
    EXPECT_THAT(look("").lines, ElementsAre("0 error empty"));
    EXPECT_THAT(look(good).lines, ElementsAre("0 note no-body"));
}

TEST(message_check, tells_ten_of_a_kind_and_counts_the_others) {
    std::string body;
    for (int i = 0; i != 25; ++i) body += std::string(1000, 'x') + "\r\n";
    const auto found = look_at_body(body);
    ASSERT_EQ(found.verdict.findings.size(), 10U);
    EXPECT_EQ(found.verdict.findings.back().line, 16U);
    EXPECT_EQ(found.verdict.findings.back().more, 15U);
    EXPECT_EQ(found.verdict.warnings, 25U);
}

constexpr const char* mixed =
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; (a comment; boundary=x) boundary=\"b=1\"\r\n";

TEST(message_check, follows_multiparts) {
    EXPECT_THAT(
        look_at_body(
            "preamble \xe9\r\n--b=1\r\n\r\ntext\r\n--b=1\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n"
            "--in\r\nContent-Transfer-Encoding: BASE64\r\n\r\nQUJD\r\nRA==\r\n--in--\r\n--b=1--  \r\nepilogue\r\n",
            mixed)
            .lines,
        IsEmpty());
    EXPECT_THAT(look_at_body("--b=1\r\n\r\ntext\r\n", mixed).lines, ElementsAre("11 warning not-closed"));
    EXPECT_THAT(look_at_body("--b=11\r\n\r\ntext\r\n", mixed).lines, ElementsAre("7 error no-parts"));
    EXPECT_THAT(
        look_at_body("--b=1\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--b=1--\r\n", mixed)
            .lines,
        ElementsAre("15 warning not-closed"))
        << "the outer one ends the inner one";
    EXPECT_THAT(look_at_body("x\r\n", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed\r\n").lines,
                ElementsAre("7 error no-boundary"));
    EXPECT_THAT(look_at_body("x\r\n", "MIME-Version: 1.0\r\nContent-Type: text\r\n").lines,
                ElementsAre("7 error content-type"));
    EXPECT_THAT(look_at_body("x\r\n", "Content-Type: text/plain\r\n").lines, ElementsAre("0 warning no-mime-version"));
    EXPECT_THAT(look_at_body("--b\r\n\r\n--b--\r\n",
                             "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
                             "Content-Transfer-Encoding: base64\r\n")
                    .lines,
                ElementsAre("7 error encoded-multipart"));
    const std::string over(71, 'b');
    EXPECT_THAT(look_at_body("--" + over + "\r\n\r\n--" + over + "--\r\n",
                             "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=" + over + "\r\n")
                    .lines,
                testing::Contains("7 warning boundary"));
}

TEST(message_check, goes_no_deeper_than_readers_do) {
    std::string body;
    for (int i = 0; i != 20'000; ++i) {
        body.append(i == 0 ? "--b=1" : "--" + std::to_string(i - 1))
            .append("\r\nContent-Type: multipart/mixed; boundary=");
        body.append(std::to_string(i)).append("\r\n\r\n");
    }
    const auto seen = look_at_body(body, mixed).lines;
    EXPECT_THAT(seen, testing::Contains(testing::HasSubstr(" warning too-deep")));
    EXPECT_LE(seen.size(), 20u);
}

TEST(message_check, compares_parts_with_what_they_say) {
    const auto lies = look_at_body("caf\xe9\r\n\xe9\r\n");
    EXPECT_THAT(lies.lines, ElementsAre("7 warning 8bit-under-7bit")) << "once a part";
    EXPECT_THAT(look_at_body("x\r\n", "Content-Transfer-Encoding: 9bit\r\n").lines, ElementsAre("6 error encoding"));
    const std::string qp = "Content-Transfer-Encoding: quoted-printable\r\n";
    EXPECT_THAT(look_at_body("=E9 =e9=\r\n =\t \r\nx\r\n", qp).lines, IsEmpty());
    EXPECT_THAT(look_at_body("=XY\r\n=4\r\n\xe9\r\n" + std::string(77, 'x') + "\r\n", qp).lines,
                ElementsAre("8 warning quoted-printable", "9 warning quoted-printable", "10 warning quoted-printable",
                            "11 warning quoted-printable-line"));
}

TEST(message_check, counts_base64) {
    const std::string base64 = "Content-Transfer-Encoding: base64 (really)\r\n";
    EXPECT_THAT(look_at_body("QUJD\r\n\r\nRA==\r\n\r\n", base64).lines, IsEmpty());
    EXPECT_THAT(look_at_body("QUJ\r\nDRA=\r\n", base64).lines, ElementsAre("9 error base64-cut"));
    EXPECT_THAT(look_at_body("QUJD!\r\n", base64).lines, ElementsAre("8 warning base64"));
    EXPECT_THAT(look_at_body("QQ==\r\nQUJD\r\n", base64).lines, ElementsAre("9 warning base64"));
    EXPECT_THAT(look_at_body("QQ==QUJD\r\n", base64).lines, ElementsAre("8 warning base64"));
    EXPECT_THAT(look_at_body(std::string(80, 'A') + "\r\n", base64).lines, ElementsAre("8 warning base64-line"));
    EXPECT_THAT(look_at_body(std::string(9999, 'A') + "\r\n", base64).lines,
                ElementsAre("8 warning line", "8 warning base64-line", "8 error base64-cut"));
}

TEST(message_check, shows_nothing_that_a_terminal_would_obey) {
    const auto found = look(std::string{good} + "a\x1b[2J\xc3\xa9 b\r\n\r\n");
    EXPECT_THAT(found.of("no-field").what, AllOf(HasSubstr("a?[2J\xc3\xa9 b"), testing::Not(HasSubstr("\x1b"))));
}

} // namespace
} // namespace postrider

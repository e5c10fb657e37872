// What a message cannot be: each with its error, and a problem that says where and why.

#include "postrider/message.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace {

using namespace postrider;

struct row {
    const char* name;
    std::function<void(message&)> spoil;
    errc error;
    const char* problem; ///< how it begins, or what stands in it
};

void PrintTo(const row& r, std::ostream* to) { *to << r.name; }

class Refusals : public testing::TestWithParam<row> {};

message good() { return {.from = {"alice@a.example"}, .to = {"bob@b.example"}, .subject = "s", .text = "t\n"}; }

TEST_P(Refusals, SayWhatWhereAndWhy) {
    message m = good();
    ASSERT_EQ(compose(m).error, errc::ok);
    GetParam().spoil(m);
    const outgoing mail = compose(m);
    EXPECT_EQ(mail.error, GetParam().error);
    EXPECT_NE(mail.problem.find(GetParam().problem), std::string::npos) << mail.problem;
    EXPECT_EQ(mail.content, nullptr);
    for (const char c : mail.problem) EXPECT_FALSE(c == '\r' || c == '\n' || c == '\0'); // it may be logged
}

constexpr auto message_error = errc::invalid_message;
constexpr auto mailbox_error = errc::invalid_mailbox;
const std::string lf = "x\nBcc: eve@e.example", cr = "x\rBcc: eve@e.example", nul{"x\0y", 3};

std::function<void(message&)> to(any_address address) {
    return [address](message& m) { m.to = {address}; };
}
std::function<void(message&)> field(std::string name, std::string value) {
    return [=](message& m) { m.headers = {{name, value}}; };
}
std::function<void(message&)> file(attachment a) {
    return [a](message& m) { m.attachments = {a}; };
}
attachment with_id(std::string id) { return inline_octets("x.png", "x", std::move(id)); }

INSTANTIATE_TEST_SUITE_P(
    Injection, Refusals,
    testing::Values(
        row{"subject_lf", [](message& m) { m.subject = lf; }, message_error, "subject: it holds LF (octet 2)"},
        row{"subject_cr", [](message& m) { m.subject = cr; }, message_error, "subject: it holds CR"},
        row{"subject_nul", [](message& m) { m.subject = nul; }, message_error, "subject: it holds NUL"},
        row{"subject_nel", [](message& m) { m.subject = "a\xC2\x85"; }, message_error, "subject: it holds a control"},
        row{"subject_not_utf8", [](message& m) { m.subject = "ab\xE4"; }, message_error,
            "subject: it is not UTF-8 (octet 3)"},
        row{"name_lf", to(address{.name = lf, .mailbox = "b@b.example"}), mailbox_error,
            "to[0]: not an address: it holds LF"},
        row{"text_lf", to("Bob\r\n <b@b.example>"), mailbox_error, "to[0]: not an address: it holds CR"},
        row{"mailbox_lf", to(address{.mailbox = "b@b.example\nBcc: x"}), mailbox_error,
            "to[0]: not an address: it holds LF"},
        row{"mailbox_nul", to(address{.mailbox = std::string{"b\0@b.example", 12}}), mailbox_error, "it holds NUL"},
        row{"quoted_lf", to("\"b\n\"@b.example"), mailbox_error, "it holds LF"},
        row{"header_value", field("X-A", lf), message_error, "headers[0].value: it holds LF"},
        row{"header_value_cr", field("X-A", cr), message_error, "headers[0].value: it holds CR"},
        row{"header_value_nul", field("X-A", nul), message_error, "headers[0].value: it holds NUL"},
        row{"header_name", field(lf, "x"), message_error, "headers[0].name: a field's name is of"},
        row{"header_name_colon", field("X:Y", "x"), message_error, "headers[0].name"},
        row{"header_name_space", field("X Y", "x"), message_error, "headers[0].name"},
        row{"header_name_utf8", field("X-Ä", "x"), message_error, "headers[0].name"},
        row{"header_name_empty", field("", "x"), message_error, "headers[0].name: a field without a name"},
        row{"header_name_long", field(std::string(65, 'X'), "x"), message_error, "more than 64"},
        row{"file_name", file(attach_octets(lf, "x")), message_error, "attachments[0].name: it holds LF"},
        row{"file_name_of_path", file(attach_file("/tmp/a\nb")), message_error, "attachments[0].name: it holds LF"},
        row{"file_name_not_utf8", file(attach_octets("\xE4.pdf", "x")), message_error,
            "attachments[0].name: it is not UTF-8"},
        row{"type", file(attach_octets("x", "x", "text/plain\r\nX: y")), message_error,
            "attachments[0].type: it holds CR"},
        row{"type_parameter", file(attach_octets("x", "x", "text/plain; a=\"\n\"")), message_error,
            "attachments[0].type: it holds LF"},
        row{"content_id", file(with_id("a\r\nb")), message_error, "attachments[0].content_id: a content id is of"},
        row{"message_id", [](message& m) { m.message_id = "<a@b>\r\nX: y"; }, message_error,
            "message_id: not a message id"},
        row{"message_id_inside", [](message& m) { m.message_id = "<a\n@b>"; }, message_error,
            "message_id: not a message id"},
        row{"references",
            [](message& m) {
                m.references = {"<a@b>", "<c\n@d>"};
            },
            message_error, "references[1]: not a message id"},
        row{"in_reply_to", [](message& m) { m.in_reply_to = {"<a@b\r>"}; }, message_error,
            "in_reply_to[0]: not a message id"},
        row{"unsubscribe", [](message& m) { m.list_unsubscribe.uris = {"https://a/\n"}; }, message_error,
            "list_unsubscribe.uris[0]: not a URI"},
        row{"unsubscribe_bracket", [](message& m) { m.list_unsubscribe.uris = {"https://a/>, <x"}; }, message_error,
            "not a URI"},
        row{"method", [](message& m) { m.calendar = {.text = "x", .method = "REQUEST\n"}; }, message_error,
            "calendar.method"},
        row{"calendar_name", [](message& m) { m.calendar = {.text = "x", .name = lf}; }, message_error,
            "calendar.name: it holds LF"},
        row{"envelope_from", [](message& m) { m.envelope_from = "a@a.example\r\nRCPT TO:<x>"; }, mailbox_error,
            "envelope_from: it holds CR"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Addresses, Refusals,
    testing::Values(
        row{"none", [](message& m) { m.from.clear(); }, message_error, "from: there is no author"},
        row{"no_recipient", [](message& m) { m.to.clear(); }, errc::no_recipients, "to: there is no recipient"},
        row{"empty", to(""), mailbox_error, "to[0]: `` is not an address: it is empty"},
        row{"spaces", to("  "), mailbox_error, "it is empty"},
        row{"no_domain", to("bob@"), mailbox_error, "to[0]: `bob@` is not an address: nothing stands behind the `@`"},
        row{"no_local", to("@b.example"), mailbox_error, "nothing stands before the `@`"},
        row{"no_at", to("bob"), mailbox_error, "it has no `@`"},
        row{"two_ats", to("a@b@c.example"), mailbox_error, "`a@b@c.example` is not an address"},
        row{"behind", to("<bob@b.example> x"), mailbox_error, "it does not end with the `>`"},
        row{"open", to("<bob@b.example"), mailbox_error, "it does not end with the `>`"},
        row{"closed", to("bob@b.example>"), mailbox_error, "is not an address"},
        row{"two_brackets", to("x <a@b.example> <c@d.example>"), mailbox_error, "is not an address"},
        row{"double_brackets", to("<<a@b.example>>"), mailbox_error, "more than one pair"},
        row{"closed_in_name", to("x> <a@b.example>"), mailbox_error, "a `>` stands before its `<`"},
        row{"null_path", to("<>"), mailbox_error, "nothing stands between"},
        row{"named_null_path", to("Bob <>"), mailbox_error, "nothing stands between"},
        row{"quote", to("\"Bob <bob@b.example>"), mailbox_error, "is not an address"},
        row{"quote_in_name", to("Bob \"x\" \"<bob@b.example>"), mailbox_error, "is not an address"},
        row{"space", to("bob smith@b.example"), mailbox_error, "it has a space"},
        row{"list", to("a@b.example, c@d.example"), mailbox_error, "it seems to be several"},
        row{"list_with_names", to("A <a@b.example>, C <c@d.example>"), mailbox_error, "is not an address"},
        row{"list_before_name", to("a@b.example, C <c@d.example>"), mailbox_error, "it seems to be several"},
        row{"semicolons", to("a@b.example; C <c@d.example>"), mailbox_error, "it seems to be several"},
        row{"group", to("friends: a@b.example, c@d.example;"), mailbox_error, "it is a group"},
        row{"empty_group", to("undisclosed-recipients:;"), mailbox_error, "it is a group"},
        row{"old_form", to("bob@b.example (Bob)"), mailbox_error, "it has a space"},
        row{"route", to("<@r.example:bob@b.example>"), mailbox_error, "is not an address"},
        row{"long_local", to(std::string(65, 'a') + "@b.example"), mailbox_error, "64 octets"},
        row{"bad_domain", to("bob@-bücher-.example"), mailbox_error, "to[0]: `bob@-bücher-.example`"},
        row{"sender", [](message& m) { m.sender = "x"; }, mailbox_error, "sender: `x` is not"},
        row{"bcc",
            [](message& m) {
                m.bcc = {"a@b.example", "x"};
            },
            mailbox_error, "bcc[1]: `x` is not"},
        row{"reply_to", [](message& m) { m.reply_to = {"x"}; }, mailbox_error, "reply_to[0]: `x` is not"},
        row{"cc", [](message& m) { m.cc = {"x"}; }, mailbox_error, "cc[0]: `x` is not"},
        row{"envelope_from_text", [](message& m) { m.envelope_from = ""; }, mailbox_error, "the null path is `<>`"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Members, Refusals,
    testing::Values(
        row{"from", field("From", "x"), message_error, "headers[0].name: `From` is the member `from`"},
        row{"bcc_any_case", field("bCC", "x"), message_error, "`bCC` is the member `bcc`, and is never written"},
        row{"content_type", field("Content-Type", "x"), message_error, "`Content-Type` is written by `compose`"},
        row{"content_any", field("CONTENT-X", "x"), message_error, "is written by `compose`"},
        row{"mime_version", field("Mime-Version", "x"), message_error, "is written by `compose`"},
        row{"received", field("Received", "x"), message_error, "is written by servers"},
        row{"return_path", field("Return-Path", "x"), message_error, "is written by servers"},
        row{"tls_required", field("TLS-Required", "No"), message_error, "is the member `tls_optional`"},
        row{"unsubscribe_post", field("List-Unsubscribe-Post", "x"), message_error, "one_click"},
        row{"text_not_utf8", [](message& m) { m.text = "a\nb\xE4\n"; }, message_error,
            "text: it is not UTF-8 (octet 4, line 2)"},
        row{"html_not_utf8", [](message& m) { m.html = "\xE6\x97"; }, message_error, "html: it is not UTF-8"},
        row{"inline_without_html", [](message& m) { m.inlines = {with_id("a")}; }, message_error,
            "inlines: there is no HTML"},
        row{"inline_without_id", [](message& m) { m.html = "x", m.inlines = {with_id("")}; }, message_error,
            "inlines[0].content_id"},
        row{"same_id",
            [](message& m) {
                m.html = "x", m.inlines = {with_id("a"), with_id("a")};
            },
            message_error, "inlines[1].content_id: another"},
        row{"bracketed_id", [](message& m) { m.html = "x", m.inlines = {with_id("<a>")}; }, message_error,
            "inlines[0].content_id"},
        row{"empty_attachment", file({}), message_error, "attachments[0]: it has no content"},
        row{"type_word", file(attach_octets("x", "x", "pdf")), message_error,
            "attachments[0].type: `pdf` is no media type"},
        row{"type_open_quote", file(attach_octets("x", "x", "a/b; c=\"d")), message_error, "is no media type"},
        row{"type_extended", file(attach_octets("x", "x", "a/b; c*=utf-8''d")), message_error, "is no media type"},
        row{"type_twice", file(attach_octets("x", "x", "a/b; c=d; C=e")), message_error, "is no media type"},
        row{"multipart", file(attach_octets("x", "x", "multipart/mixed; boundary=x")), message_error,
            "a multipart cannot be attached"},
        row{"inner_long_line", file(attach_octets("x.eml", "A: b\n\n" + std::string(999, 'x'))), message_error,
            "attachments[0]: it has a NUL or a line"},
        row{"inner_nul", file(attach_octets("x.eml", std::string{"A: b\n\n\0", 7})), message_error,
            "attachments[0]: it has a NUL or a line"},
        row{"inner_utf8_header", file(attach_octets("x.eml", "A: ä\n\n")), message_error, "message/global"},
        row{"no_file", file(attach_file("/nowhere/x.pdf")), errc::body_failed,
            "attachments[0]: `/nowhere/x.pdf` cannot be opened"},
        row{"no_file_with_lf", file(attach_file("/nowhere/x\n.pdf", "x.pdf")), errc::body_failed,
            "`/nowhere/x?.pdf` cannot"},
        row{"no_file_of_text", file(attach_file("/nowhere/x.txt")), errc::body_failed,
            "attachments[0]: `/nowhere/x.txt` cannot be opened"},
        row{"folder", file(attach_file("/tmp", "x")), errc::body_failed, "is a folder"},
        row{"device", file(attach_file("/dev/null")), errc::body_failed, "use `attach_stream`"},
        row{"sizeless", file(attach_file("/proc/self/status")), errc::body_failed, "use `attach_stream`"},
        row{"no_path", file(attach_file("", "x")), errc::body_failed, "attachments[0]: the path of the file is empty"},
        row{"path_with_nul", file(attach_file(nul, "x")), errc::body_failed,
            "attachments[0]: the path of the file holds a NUL"},
        row{"calendar_empty", [](message& m) { m.calendar.emplace(); }, message_error, "calendar.text: it is empty"},
        row{"one_click", [](message& m) { m.list_unsubscribe = {.uris = {"mailto:x@y"}, .one_click = true}; },
            message_error, "list_unsubscribe.one_click: it needs"},
        row{"uri", [](message& m) { m.list_unsubscribe.uris = {"x"}; }, message_error,
            "list_unsubscribe.uris[0]: not a URI"},
        row{"tls_both", [](message& m) { m.tls_optional = m.delivery.require_tls = true; }, message_error,
            "tls_optional: it contradicts"},
        row{"year_1899", [](message& m) { m.date = std::chrono::sys_days{std::chrono::year{1899} / 12 / 1}; },
            message_error, "date: its year"},
        row{"year_10000", [](message& m) { m.date = std::chrono::sys_days{std::chrono::year{10000} / 2 / 1}; },
            message_error, "date: its year"},
        row{"message_id_bare", [](message& m) { m.message_id = "a@b"; }, message_error, "message_id: not a message id"},
        row{"message_id_long", [](message& m) { m.message_id = "<" + std::string(900, 'a') + "@b>"; }, message_error,
            "message_id: not a message id"}),
    [](const auto& tested) { return tested.param.name; });

} // namespace

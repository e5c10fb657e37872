// The plan of a probe: that it is what a client does then, wait by wait, and what it says where no mail could go.
#include "probe/plan.hpp"

#include <postrider/client.hpp>
#include <postrider/sink/sink.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace {

using namespace postrider;
using namespace postrider::cli;
using testing::ElementsAre;

struct plan_case {
    const char* name;
    std::function<void(sink::config&)> server;
    plan_credentials with = plan_credentials::none;
    const char* scheme = "smtp";
    tls_policy tls = tls_policy::verified;
};

void PrintTo(const plan_case& one, std::ostream* to) { *to << one.name; }

std::string certificate(const char* name) { return std::string{POSTRIDER_CERTIFICATES} + "/" + name; }

const plan_case cases[] = {
    {"all", [](sink::config&) {}},
    {"tls_1_2", [](sink::config& c) { c.tls.maximum = sink::tls_version::tls_1_2; }},
    {"implicit", [](sink::config& c) { c.tls.implicit = true; }, plan_credentials::none, "submissions"},
    {"implicit_tls_1_2",
     [](sink::config& c) {
         c.tls.implicit = true;
         c.tls.maximum = sink::tls_version::tls_1_2;
     },
     plan_credentials::none, "submissions"},
    {"no_chunking", [](sink::config& c) { c.offers.chunking = false; }},
    {"no_pipelining", [](sink::config& c) { c.offers.pipelining = false; }},
    {"neither", [](sink::config& c) { c.offers.pipelining = c.offers.chunking = false; }},
    {"bare", [](sink::config& c) { c.offers = sink::extensions::none(); }, plan_credentials::none, "smtp",
     tls_policy::none},
    {"no_ehlo", [](sink::config& c) { c.refuse_ehlo = "502 5.5.1 no"; }, plan_credentials::none, "smtp",
     tls_policy::none},
    {"plain", [](sink::config& c) { c.offers.auth = {"PLAIN"}; }, plan_credentials::password},
    {"plain_no_chunking",
     [](sink::config& c) {
         c.offers.auth = {"PLAIN"};
         c.offers.chunking = false;
     },
     plan_credentials::password},
    {"login", [](sink::config& c) { c.offers.auth = {"LOGIN"}; }, plan_credentials::password},
    {"cram_md5",
     [](sink::config& c) {
         c.offers.auth = {"CRAM-MD5", "LOGIN"};
     },
     plan_credentials::password},
    {"scram",
     [](sink::config& c) {
         c.offers.auth = {"SCRAM-SHA-256", "PLAIN"};
     },
     plan_credentials::password},
    {"scram_plus",
     [](sink::config& c) {
         c.offers.auth = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"};
     },
     plan_credentials::password},
    {"xoauth2",
     [](sink::config& c) {
         c.offers.auth = {"XOAUTH2", "PLAIN"};
     },
     plan_credentials::token},
    {"oauthbearer",
     [](sink::config& c) {
         c.offers.auth = {"XOAUTH2", "OAUTHBEARER"};
     },
     plan_credentials::token},
    {"lmtp", [](sink::config& c) { c.protocol = sink::protocol::lmtp; }, plan_credentials::none, "lmtp"},
};

class plan : public testing::TestWithParam<plan_case> {};
INSTANTIATE_TEST_SUITE_P(of, plan, testing::ValuesIn(cases), [](const auto& of) { return of.param.name; });

outgoing letter() {
    std::string text{"Subject: Plan\r\n\r\n"};
    text.append(981, 'x').append("\r\n");
    outgoing mail{.envelope = {.from = "sender@example.org"}, .content = text_content(text)};
    mail.envelope.to = {{.address = "recipient@example.org"}};
    return mail;
}

TEST_P(plan, is_what_a_client_does) {
    sink::config config;
    config.tls.certificate = certificate("good.pem");
    config.tls.key = certificate("good.key");
    config.users = {{"user", "password", "token"}};
    config.hold = true; // the sink counts waits exactly
    GetParam().server(config);
    sink::server there{config};
    const std::uint16_t port = there.start();
    ASSERT_NE(port, 0);
    client_options o;
    o.client_name = "client.example";
    o.tls.ca_file = certificate("ca.pem");
    o.tls.policy = GetParam().tls;
    const std::string url = std::string{GetParam().scheme} + "://localhost:" + std::to_string(port);
    const server bare{url, o};
    const probe_result seen = probe(bare);
    ASSERT_TRUE(seen) << seen.text;
    const mail_plan made = plan_for(bare, seen, GetParam().with);
    ASSERT_EQ(made.error, errc::ok) << describe(made.error);

    if (GetParam().with == plan_credentials::password) o.auth = password("user", secret{"password"});
    if (GetParam().with == plan_credentials::token)
        o.auth = token("user", [](fresh_token& to) {
            to.value = secret{"token"};
            return true;
        });
    const std::uint64_t before = there.report().total.waits;
    client real{server{url, o}};
    const send_result first = real.send(letter());
    ASSERT_TRUE(first) << first.text;
    EXPECT_EQ(made.by, first.authenticated_by);
    EXPECT_EQ(mail_plan::waits(made.first), there.report().total.waits - before);
    const std::uint64_t between = there.report().total.waits;
    ASSERT_TRUE(real.send(letter()));
    EXPECT_EQ(mail_plan::waits(made.next), there.report().total.waits - between);
}

// What was said, so that the plan can be read.
probe_result seen_of(std::vector<std::string> lines, bool encrypted = false) {
    probe_result seen;
    seen.client_name = "client.example";
    probe_hello hello{.encrypted = encrypted, .lines = {"mail.example"}};
    for (std::string& line : lines) {
        hello.offered.add_line(line);
        hello.lines.push_back(std::move(line));
    }
    seen.hellos.push_back(hello);
    return seen;
}

client_options in_clear() {
    client_options o;
    o.tls.policy = tls_policy::none;
    return o;
}

std::vector<std::vector<std::string>> lines_of(const std::vector<plan_flight>& flights) {
    std::vector<std::vector<std::string>> all;
    for (const plan_flight& one : flights) all.push_back(one.lines);
    return all;
}

TEST(plan_lines, are_those_of_the_wire) {
    const probe_result seen = seen_of({"PIPELINING", "SIZE 1000000", "AUTH PLAIN LOGIN"});
    const mail_plan made = plan_for({"smtp://mail.example", in_clear()}, seen, plan_credentials::password);
    EXPECT_THAT(lines_of(made.first),
                ElementsAre(ElementsAre("(connect)"), ElementsAre("(greeting)"), ElementsAre("EHLO client.example"),
                            ElementsAre("AUTH PLAIN <hidden>", "MAIL FROM:<sender@example.org> SIZE=1000",
                                        "RCPT TO:<recipient@example.org>"),
                            ElementsAre("DATA"), ElementsAre("(1000 octets of content)")));
    EXPECT_THAT(lines_of(made.next), ElementsAre(ElementsAre("MAIL FROM:<sender@example.org> SIZE=1000",
                                                             "RCPT TO:<recipient@example.org>", "DATA"),
                                                 ElementsAre("(1000 octets of content)")));
}

TEST(plan_lines, leave_out_what_is_not_to_be_used) {
    client_options o = in_clear();
    o.unused.add(extension::pipelining);
    const mail_plan made =
        plan_for({"smtp://mail.example", o}, seen_of({"PIPELINING", "CHUNKING"}), plan_credentials::none);
    EXPECT_THAT(lines_of(made.next), ElementsAre(ElementsAre("MAIL FROM:<sender@example.org>"),
                                                 ElementsAre("RCPT TO:<recipient@example.org>"),
                                                 ElementsAre("BDAT 1000 LAST", "(1000 octets of content)")));
}

TEST(plan_lines, there_are_none_where_no_mail_goes) {
    EXPECT_EQ(plan_for({"smtp://mail.example"}, seen_of({"PIPELINING"}), plan_credentials::none).error,
              errc::tls_unavailable);
    EXPECT_EQ(plan_for({"smtp://mail.example", in_clear()}, seen_of({"AUTH GSSAPI"}), plan_credentials::password).error,
              errc::auth_unavailable);
    EXPECT_EQ(plan_for({"smtp://mail.example", in_clear()}, {}, plan_credentials::none).error, errc::unexpected_reply);
    // STARTTLS is offered, and nobody has looked what comes then.
    EXPECT_EQ(plan_for({"smtp://mail.example"}, seen_of({"STARTTLS"}), plan_credentials::none).error,
              errc::unexpected_reply);
}

TEST(plan_lines, a_mechanism_tied_to_tls_needs_a_tls_to_be_tied_to) {
    const probe_result seen = seen_of({"AUTH SCRAM-SHA-256-PLUS PLAIN"});
    EXPECT_EQ(plan_for({"smtp://mail.example", in_clear()}, seen, plan_credentials::password).by, mechanism::plain);
}

} // namespace

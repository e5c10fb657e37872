// Mails with many recipients, options, and bodies that are made while they leave.

#include "client_services_support.hpp"

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class mails : public services {};

const std::string hello = "EHLO client.example\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n";

TEST_F(mails, a_whole_mail_by_bdat_octet_for_octet) {
    server.set(able{});
    create();
    letter l;
    EXPECT_EQ(NX_SUCCESS, post(l));
    const std::string content = header_block() + "Hello.\r\n";
    EXPECT_EQ(hello + "MAIL FROM:<alice@a.example> SIZE=" + std::to_string(content.size()) +
                  "\r\nRCPT TO:<bob@b.example>\r\nBDAT " + std::to_string(content.size()) + " LAST\r\n" + content +
                  "QUIT\r\n",
              heard());
    EXPECT_EQ(NX_SMTP_OUTCOME_ACCEPTED, static_cast<int>(result_of(l.mail).nx_smtp_result_outcome));
    EXPECT_EQ(250u, result_of(l.mail).nx_smtp_result_reply_code);
}

TEST_F(mails, by_data_where_bdat_is_not_offered) {
    server.set(able{.ehlo = "PIPELINING"});
    create();
    letter l;
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_EQ(hello + "MAIL FROM:<alice@a.example>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n" + header_block() +
                  "Hello.\r\n.\r\nQUIT\r\n",
              heard());
}

TEST_F(mails, one_step_at_a_time_where_pipelining_is_not_offered) {
    server.set(able{.ehlo = "CHUNKING"});
    create();
    letter l({"a@b", "c@d"});
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(tap::segments(), ::testing::Contains("RCPT TO:<a@b>\r\n"));
}

TEST_F(mails, each_recipient_has_its_result) {
    for (const char* ehlo : {"PIPELINING\nCHUNKING\nENHANCEDSTATUSCODES", "PIPELINING", "CHUNKING", "SIZE"}) {
        SCOPED_TRACE(ehlo);
        server.set(able{.ehlo = ehlo, .says = [](const std::string& line) -> std::optional<std::string> {
                            if (line == "RCPT TO:<b@x>") return "550 5.1.1 nobody\r\n";
                            if (line == "RCPT TO:<c@x>") return "451 4.2.1 not now\r\n";
                            return std::nullopt;
                        }});
        create();
        letter l({"a@x", "b@x", "c@x", "<d@x>"});
        EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR, static_cast<int>(post(l)));
        const UINT outcomes[] = {NX_SMTP_OUTCOME_ACCEPTED, NX_SMTP_OUTCOME_REJECTED, NX_SMTP_OUTCOME_DEFERRED,
                                 NX_SMTP_OUTCOME_ACCEPTED};
        const UINT statuses[] = {NX_SUCCESS, NX_SMTP_RCPT_REPLY_ERROR, NX_SMTP_RCPT_REPLY_ERROR, NX_SUCCESS};
        const UINT codes[] = {250, 550, 451, 250};
        for (UINT i = 0; i != 4; ++i) {
            const NX_SMTP_RESULT r = result_of(l.mail, i);
            EXPECT_EQ(outcomes[i], r.nx_smtp_result_outcome);
            EXPECT_EQ(statuses[i], r.nx_smtp_result_status);
            EXPECT_EQ(codes[i], r.nx_smtp_result_reply_code);
        }
        EXPECT_EQ(5u, result_of(l.mail, 1).nx_smtp_result_enhanced[0]);
        EXPECT_EQ(550u, result().nx_smtp_result_reply_code) << "the first that was not accepted";
        EXPECT_EQ("nobody", text_of(result()));
        EXPECT_THAT(heard(), HasSubstr("To: <a@x>,\r\n\t<b@x>,\r\n\t<c@x>,\r\n\t<d@x>\r\nFrom: "));
    }
}

TEST_F(mails, all_or_nothing) {
    server.set(able{.says = [](const std::string& line) -> std::optional<std::string> {
        if (line == "RCPT TO:<b@x>") return "550 5.1.1 nobody\r\n";
        return std::nullopt;
    }});
    create();
    letter l({"a@x", "b@x"});
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_flags_set(&l.mail, NX_SMTP_MAIL_ALL_OR_NOTHING));
    EXPECT_EQ(NX_SMTP_OTHER_RECIPIENT_REFUSED, static_cast<int>(post(l)));
    EXPECT_THAT(heard(), Not(HasSubstr("BDAT")));
    EXPECT_EQ(NX_SMTP_OUTCOME_DEFERRED, static_cast<int>(result_of(l.mail, 0).nx_smtp_result_outcome));
    EXPECT_EQ(NX_SMTP_OUTCOME_REJECTED, static_cast<int>(result_of(l.mail, 1).nx_smtp_result_outcome));
}

TEST_F(mails, more_recipients_than_the_server_takes_at_a_time) {
    auto taken = std::make_shared<int>(0);
    server.set(able{.says = [taken](const std::string& line) -> std::optional<std::string> {
        if (line.substr(0, 4) == "MAIL") *taken = 0;
        if (line.substr(0, 4) == "RCPT" && ++*taken > 10) return "452 4.5.3 too many\r\n";
        return std::nullopt;
    }});
    create();
    std::vector<std::string> to;
    for (int i = 0; i != 25; ++i) to.push_back("r" + std::to_string(i) + "@x");
    letter l(to);
    EXPECT_EQ(NX_SUCCESS, post(l));
    for (UINT i = 0; i != 25; ++i)
        EXPECT_EQ(NX_SMTP_OUTCOME_ACCEPTED, static_cast<int>(result_of(l.mail, i).nx_smtp_result_outcome));
    EXPECT_EQ(1u, server.count());
}

TEST_F(mails, replies_to_hundreds_of_recipients_do_not_fill_the_window) {
    server.set(able{.says = [](const std::string& line) -> std::optional<std::string> {
        if (line.substr(0, 4) == "RCPT") return "250 2.1.5 " + std::string(300, 'x') + "\r\n";
        return std::nullopt;
    }});
    create();
    std::vector<std::string> to;
    for (int i = 0; i != 2000; ++i) to.push_back(std::string(100, 'r') + std::to_string(i) + "@x");
    letter l(to);
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_EQ(NX_SMTP_OUTCOME_ACCEPTED, static_cast<int>(result_of(l.mail, 1999).nx_smtp_result_outcome));
}

TEST_F(mails, the_sender) {
    server.set(able{.ehlo = ""});
    create();
    letter own({"bob@b.example"}, "x", "carol@c.example");
    EXPECT_EQ(NX_SUCCESS, post(own));
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<carol@c.example>\r\n"));
    EXPECT_THAT(heard(), HasSubstr("\r\nFrom: <carol@c.example>\r\n"));
    letter nobody({"bob@b.example"}, "x", "<>");
    EXPECT_EQ(NX_SUCCESS, post(nobody));
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<>\r\n"));
    EXPECT_THAT(heard(), HasSubstr("\r\nFrom: <alice@a.example>\r\n"));
}

TEST_F(mails, a_raw_message) {
    server.set(able{});
    create();
    letter l({"bob@b.example"}, "Subject: mine\r\n\r\n.dot\r\n");
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_flags_set(&l.mail, NX_SMTP_MAIL_RAW_MESSAGE));
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(heard(), EndsWith("\r\nBDAT 23 LAST\r\nSubject: mine\r\n\r\n.dot\r\nQUIT\r\n"));
}

TEST_F(mails, the_options_on_the_wire) {
    server.set(able{.ehlo = "DSN\nDELIVERBY\nMT-PRIORITY\nFUTURERELEASE 1000 2026-12-24T00:00:00Z"});
    create();
    letter l({"bob@b.example", "eve@b.example"});
    CHAR id[] = "a+b", submitter[] = "carol@c.example", original[] = "old@b.example";
    NX_SMTP_MAIL_OPTIONS o{};
    o.nx_smtp_mail_return = NX_SMTP_RETURN_HEADERS;
    o.nx_smtp_mail_envelope_id = id;
    o.nx_smtp_mail_submitter = submitter;
    o.nx_smtp_mail_by = NX_SMTP_BY_RETURN;
    o.nx_smtp_mail_by_seconds = 120;
    o.nx_smtp_mail_by_trace = NX_TRUE;
    o.nx_smtp_mail_prioritised = NX_TRUE;
    o.nx_smtp_mail_mt_priority = -3;
    o.nx_smtp_mail_hold_seconds = 60;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_options_set(&l.mail, &o));
    ASSERT_EQ(NX_SUCCESS,
              nx_smtp_mail_recipient_notify_set(&l.mail, 1, NX_SMTP_NOTIFY_SUCCESS | NX_SMTP_NOTIFY_DELAY, original));
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<alice@a.example> RET=HDRS ENVID=a+2Bb AUTH=carol@c.example BY=120;RT "
                                   "MT-PRIORITY=-3 HOLDFOR=60\r\n"));
    EXPECT_THAT(heard(), HasSubstr("RCPT TO:<bob@b.example>\r\n"));
    EXPECT_THAT(heard(), HasSubstr("RCPT TO:<eve@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old@b.example\r\n"));

    o = {};
    CHAR unknown[] = "<>", until[] = "2026-12-01T12:00:00Z";
    o.nx_smtp_mail_submitter = unknown;
    o.nx_smtp_mail_hold_until = until;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_options_set(&l.mail, &o));
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<alice@a.example> AUTH=<> HOLDUNTIL=2026-12-01T12:00:00Z\r\n"));

    server.set(able{.ehlo = ""});
    EXPECT_EQ(NX_SUCCESS, post(l)) << "and left out where they are not offered";
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<alice@a.example> AUTH=<>\r\nRCPT TO:<bob@b.example>\r\n"));
}

TEST_F(mails, options_that_their_extension_forbids_are_told_by_sending) {
    server.set(able{});
    create();
    letter l;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_recipient_notify_set(&l.mail, 0, NX_SMTP_NOTIFY_NEVER | 1, NX_NULL));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(post(l)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(result_of(l.mail).nx_smtp_result_status));
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_recipient_notify_set(&l.mail, 0, 0, NX_NULL));
    NX_SMTP_MAIL_OPTIONS o{};
    o.nx_smtp_mail_by = NX_SMTP_BY_RETURN;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_options_set(&l.mail, &o));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(post(l)));
    EXPECT_THAT(heard(), Not(HasSubstr("MAIL")));
}

TEST_F(mails, extensions_that_must_be_there) {
    server.set(able{.ehlo = "SIZE"});
    create();
    letter l;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_required_set(&l.mail, NX_SMTP_EXTENSION_DSN | NX_SMTP_EXTENSION_SIZE));
    EXPECT_EQ(NX_SMTP_EXTENSION_UNAVAILABLE, static_cast<int>(post(l)));
    ULONG missing = 0;
    EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_missing_get(&l.mail, &missing));
    EXPECT_EQ(ULONG{NX_SMTP_EXTENSION_DSN}, missing);
    EXPECT_THAT(heard(), Not(HasSubstr("MAIL")));

    letter tls;
    NX_SMTP_MAIL_OPTIONS o{};
    o.nx_smtp_mail_require_tls = NX_TRUE;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_options_set(&tls.mail, &o));
    EXPECT_EQ(NX_SMTP_EXTENSION_UNAVAILABLE, static_cast<int>(post(tls)));

    letter strict({"bob@b.example"}, "caf\xC3\xA9");
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_flags_set(&strict.mail, NX_SMTP_MAIL_STRICT));
    EXPECT_EQ(NX_SMTP_EXTENSION_UNAVAILABLE, static_cast<int>(post(strict)));
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_flags_set(&strict.mail, 0));
    EXPECT_EQ(NX_SUCCESS, post(strict)) << "as the original does";
}

TEST_F(mails, an_address_that_is_not_ascii_needs_smtputf8) {
    server.set(able{});
    create();
    letter l({"j\xC3\xB3zef@b.example"});
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(heard(), HasSubstr(" SMTPUTF8\r\nRCPT TO:<j\xC3\xB3zef@b.example>\r\n"));
    server.set(able{.ehlo = "8BITMIME"});
    EXPECT_EQ(NX_SMTP_EXTENSION_UNAVAILABLE, static_cast<int>(post(l)));
    ULONG missing = 0;
    EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_missing_get(&l.mail, &missing));
    EXPECT_EQ(ULONG{NX_SMTP_EXTENSION_SMTPUTF8}, missing);
}

TEST_F(mails, a_mail_larger_than_the_server_takes) {
    server.set(able{.ehlo = "SIZE 100"});
    create();
    letter l;
    EXPECT_EQ(NX_SMTP_OVERSIZE_MAIL_DATA, static_cast<int>(post(l)));
    EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, static_cast<int>(result_of(l.mail).nx_smtp_result_outcome));
}

// ---------------------------------------------------------------------------------------------------------------------
// Sources

struct spring {
    std::string text;
    std::size_t piece = 1;
    std::size_t fail_at = script::never;
    std::size_t at = 0;
    int begun = 0;
    UCHAR buffer[64] = {};

    static UINT pour(VOID* context, UINT first, UCHAR** octets, ULONG* length, UINT* last) {
        spring& s = *static_cast<spring*>(context);
        if (first != NX_FALSE) {
            s.at = 0;
            ++s.begun;
        }
        if (s.at >= s.fail_at) return 0x1234;
        const std::size_t size = std::min({s.piece, s.text.size() - s.at, sizeof s.buffer});
        std::memcpy(s.buffer, s.text.data() + s.at, size); // the same memory again and again
        s.at += size;
        *octets = s.buffer;
        *length = static_cast<ULONG>(size);
        *last = s.at == s.text.size() ? NX_TRUE : NX_FALSE;
        return NX_SUCCESS;
    }
    void feed(letter& l, UINT flags, ULONG size) {
        ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_source_set(&l.mail, pour, this, size, flags));
    }
    ULONG size() const { return static_cast<ULONG>(text.size()); }
};

class sources : public mails {};

TEST_F(sources, a_body_in_pieces_of_any_size) {
    for (const char* ehlo : {"CHUNKING\nPIPELINING\nSIZE", "PIPELINING", ""})
        for (const std::size_t piece : {1u, 2u, 3u, 7u, 64u})
            for (const UINT flags : {0u, UINT{NX_SMTP_SOURCE_EXACT}}) {
                SCOPED_TRACE(std::string(ehlo) + std::to_string(piece));
                server.forget();
                server.set(able{.ehlo = ehlo});
                create();
                letter l({"bob@b.example"}, "");
                spring s{"Line one.\r\n.dot\r\n\r\n..\r\nlast\r\n", piece};
                s.feed(l, flags, s.size());
                EXPECT_EQ(NX_SUCCESS, post(l));
                const std::string size = std::to_string(header_block().size() + s.text.size());
                const bool by_bdat = ehlo[0] == 'C' && flags != 0;
                if (by_bdat) {
                    EXPECT_THAT(heard(), EndsWith("BDAT " + size + " LAST\r\n" + header_block() + s.text + "QUIT\r\n"));
                } else {
                    EXPECT_THAT(heard(), EndsWith("DATA\r\n" + header_block() +
                                                  "Line one.\r\n..dot\r\n\r\n...\r\nlast\r\n.\r\nQUIT\r\n"));
                }
                if (ehlo[0] == 'C') {
                    EXPECT_THAT(heard(), HasSubstr(" SIZE=" + size + "\r\n"));
                }
                EXPECT_EQ(1, s.begun);
            }
}

TEST_F(sources, a_raw_message_of_unknown_size) {
    server.set(able{});
    create();
    letter l({"bob@b.example"}, "");
    spring s{"Subject: mine\r\n\r\nx\r\n", 5};
    s.feed(l, 0, 0);
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_flags_set(&l.mail, NX_SMTP_MAIL_RAW_MESSAGE));
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<alice@a.example>\r\n"));
    EXPECT_THAT(heard(), EndsWith("DATA\r\nSubject: mine\r\n\r\nx\r\n.\r\nQUIT\r\n"));
}

TEST_F(sources, eight_bit_as_declared) {
    server.set(able{});
    create();
    letter l({"bob@b.example"}, "");
    spring s{"caf\xC3\xA9\r\n", 1};
    s.feed(l, NX_SMTP_SOURCE_EIGHT_BIT, 0);
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_THAT(heard(), HasSubstr(" BODY=8BITMIME\r\n"));
    s.feed(l, 0, 0);
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_flags_set(&l.mail, NX_SMTP_MAIL_STRICT));
    EXPECT_EQ(NX_SMTP_BODY_ERROR, static_cast<int>(post(l))) << "not as declared";
    EXPECT_FALSE(server.last().has_content());
}

TEST_F(sources, one_that_fails_or_lies_never_makes_a_mail) {
    for (const char* ehlo : {"CHUNKING\nPIPELINING", "PIPELINING"})
        for (const UINT flags : {0u, UINT{NX_SMTP_SOURCE_EXACT}})
            for (std::size_t at = 0; at <= 7; ++at) {
                SCOPED_TRACE(std::string(ehlo) + std::to_string(at));
                server.forget();
                server.set(able{.ehlo = ehlo});
                create();
                letter l({"bob@b.example"}, "");
                spring s{"Hello.\r\n", 1, at};
                s.feed(l, flags, s.size());
                EXPECT_EQ(NX_SMTP_BODY_ERROR, static_cast<int>(post(l)));
                EXPECT_EQ(NX_SMTP_BODY_ERROR, static_cast<int>(result_of(l.mail).nx_smtp_result_status));
                EXPECT_NE(NX_SMTP_OUTCOME_ACCEPTED, static_cast<int>(result_of(l.mail).nx_smtp_result_outcome));
                EXPECT_NE(NX_SMTP_OUTCOME_UNKNOWN, static_cast<int>(result_of(l.mail).nx_smtp_result_outcome));
                EXPECT_EQ(1u, server.connections().size());
                EXPECT_THAT(server.last().said, Not(EndsWith("queued\r\n")));
            }
    server.set(able{});
    for (const ULONG wrong : {1u, 7u, 9u, 10u, 20u, 1000u}) {
        SCOPED_TRACE(wrong);
        letter l({"bob@b.example"}, "");
        spring s{"Hello.\r\n", 3};
        s.feed(l, NX_SMTP_SOURCE_EXACT, wrong);
        EXPECT_EQ(NX_SMTP_BODY_ERROR, static_cast<int>(post(l)));
    }
}

TEST_F(sources, a_further_transaction_begins_it_again_if_it_can) {
    for (const bool repeats : {true, false}) {
        auto taken = std::make_shared<int>(0);
        server.set(able{.says = [taken](const std::string& line) -> std::optional<std::string> {
            if (line.substr(0, 4) == "MAIL") *taken = 0;
            if (line.substr(0, 4) == "RCPT" && ++*taken > 1) return "452 4.5.3 too many\r\n";
            return std::nullopt;
        }});
        create();
        letter l({"a@x", "b@x"}, "");
        spring s{"Hello.\r\n", 3};
        s.feed(l, repeats ? NX_SMTP_SOURCE_REPEATABLE : 0u, 0);
        EXPECT_EQ(repeats, post(l) == NX_SUCCESS);
        EXPECT_EQ(repeats ? 2 : 1, s.begun);
        EXPECT_EQ(NX_SUCCESS, result_of(l.mail, 0).nx_smtp_result_status);
        if (!repeats) {
            EXPECT_EQ(452u, result_of(l.mail, 1).nx_smtp_result_reply_code);
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The checks, in their order

TEST_F(mails, what_the_services_for_a_mail_refuse) {
    NX_SMTP_MAIL m{};
    NX_SMTP_RECIPIENT room[1];
    CHAR to[] = "bob@b.example", evil[] = "a\nb", empty[] = "";
    NX_SMTP_RESULT r;
    NX_SMTP_MAIL_OPTIONS o{};
    ULONG bits = 0;
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_create(nullptr, to, room, 1)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_create(&m, to, nullptr, 1)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_create(&m, to, room, 0)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_create(&m, evil, room, 1)));
    const std::function<UINT(NX_SMTP_MAIL*)> all[] = {
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_recipient_add(p, to); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_recipient_notify_set(p, 0, 1, nullptr); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_subject_set(p, to, 2); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_body_set(p, to, 1); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_source_set(p, spring::pour, nullptr, 0, 0); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_flags_set(p, 0); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_options_set(p, &o); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_required_set(p, 0); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_missing_get(p, &bits); },
        [&](NX_SMTP_MAIL* p) { return nx_smtp_mail_recipient_result_get(p, 0, &r); }};
    for (const auto& service : all) {
        EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(service(nullptr)));
        EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(service(&m)));
    }
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_create(&m, to, room, 1));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_recipient_add(&m, nullptr)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_recipient_add(&m, evil)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_recipient_add(&m, empty)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_recipient_notify_set(&m, 0, 1, nullptr)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_recipient_result_get(&m, 0, &r)));
    for (const auto& service : all) EXPECT_EQ(NX_SUCCESS, service(&m));
    EXPECT_EQ(NX_SIZE_ERROR, static_cast<int>(nx_smtp_mail_recipient_add(&m, to)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_recipient_notify_set(&m, 0, 16, nullptr)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_recipient_notify_set(&m, 1, 1, nullptr)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_subject_set(&m, nullptr, 2)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_subject_set(&m, evil, 2)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_body_set(&m, nullptr, 1)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_body_set(&m, to, 0)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_source_set(&m, nullptr, nullptr, 0, 0)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_source_set(&m, spring::pour, nullptr, 0, 1)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_source_set(&m, spring::pour, nullptr, 1, 8)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_flags_set(&m, 16)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_options_set(&m, nullptr)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_missing_get(&m, nullptr)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_mail_recipient_result_get(&m, 0, nullptr)));
    const auto refused = [&](auto change) {
        NX_SMTP_MAIL_OPTIONS wrong{};
        change(wrong);
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_mail_options_set(&m, &wrong)));
    };
    refused([](auto& w) { w.nx_smtp_mail_return = 3; });
    refused([](auto& w) { w.nx_smtp_mail_by = 3; });
    refused([](auto& w) { w.nx_smtp_mail_by_seconds = 1000000000; });
    refused([](auto& w) { w.nx_smtp_mail_by_seconds = -1000000000; });
    refused([](auto& w) { w.nx_smtp_mail_mt_priority = 10; });
    refused([](auto& w) { w.nx_smtp_mail_mt_priority = -10; });
    refused([](auto& w) { w.nx_smtp_mail_hold_seconds = 1000000000; });
}

TEST_F(mails, what_the_services_that_send_refuse) {
    letter l;
    NX_SMTP_CLIENT none{};
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_client_mails_send(&client, nullptr, 1, 1)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_client_mails_send(nullptr, &l.mail, 1, 1)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_client_session_open(nullptr)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_client_session_close(nullptr)));
    EXPECT_EQ(NX_PTR_ERROR, static_cast<int>(nx_smtp_client_command_send(nullptr, 5, nullptr)));
    EXPECT_EQ(NX_CALLER_ERROR, static_cast<int>(nx_smtp_client_mails_send(&none, &l.mail, 1, 1)));
    EXPECT_EQ(NX_CALLER_ERROR, static_cast<int>(nx_smtp_client_session_open(&none)));
    EXPECT_EQ(NX_CALLER_ERROR, static_cast<int>(nx_smtp_client_session_close(&none)));
    EXPECT_EQ(NX_CALLER_ERROR, static_cast<int>(nx_smtp_client_command_send(&none, 5, nullptr)));
    create();
    in_thread([&] {
        EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(nx_smtp_client_mails_send(&none, &l.mail, 1, 1)));
        EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(nx_smtp_client_session_open(&none)));
        EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(nx_smtp_client_session_close(&none)));
        EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(nx_smtp_client_command_send(&none, 5, nullptr)));
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_client_mails_send(&client, &l.mail, 0, 1)));
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(nx_smtp_client_mails_send(&client, &l.mail, 1, 0)));
        NX_SMTP_MAIL never{};
        EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, static_cast<int>(nx_smtp_client_mails_send(&client, &never, 1, 1)));
    });
    letter nobody({}, "x"), nothing({"a@b"}, "");
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(post(nobody)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(post(nothing)));
    EXPECT_EQ(0u, tap::counted().connects);
}

} // namespace
} // namespace client_test

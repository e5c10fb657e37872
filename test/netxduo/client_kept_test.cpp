// Sessions that stay open, several mails at once, commands by themselves - and what becomes of them on bad days.

#include "client_services_support.hpp"

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class kept : public services {
protected:
    std::size_t mails_heard() {
        std::size_t count = 0;
        for (const record& r : server.connections())
            for (std::size_t at = 0; (at = r.heard.find("MAIL FROM", at)) != r.heard.npos; ++at) ++count;
        return count;
    }
};
class at_once : public kept {};
class commands : public kept {};

void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }

// ---------------------------------------------------------------------------------------------------------------------
// Sessions that stay open

TEST_F(kept, many_mails_over_one_connection) {
    server.set(able{});
    create();
    EXPECT_EQ(NX_SUCCESS, open_session());
    letter l;
    for (int i = 0; i != 5; ++i) EXPECT_EQ(NX_SUCCESS, post(l));
    for (int i = 0; i != 5; ++i) EXPECT_EQ(NX_SUCCESS, send()) << "by the original's call, too";
    EXPECT_EQ(NX_SUCCESS, open_session()) << "it is open";
    EXPECT_EQ(NX_SUCCESS, close_session());
    EXPECT_EQ(NX_SUCCESS, close_session());
    EXPECT_EQ(1u, server.count());
    EXPECT_EQ(10u, mails_heard());
    EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(2u, server.count()) << "and a mail has its own connection again";
}

TEST_F(kept, a_server_that_takes_only_so_many_mails_on_a_connection) {
    server.set(able{.ehlo = "PIPELINING\nCHUNKING\nLIMITS MAILMAX=2"});
    create();
    EXPECT_EQ(NX_SUCCESS, open_session());
    letter l;
    for (int i = 0; i != 5; ++i) EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_EQ(NX_SUCCESS, close_session());
    EXPECT_EQ(3u, server.count());
    EXPECT_EQ(5u, mails_heard());
}

TEST_F(kept, opening_it_fails_as_a_mail_would) {
    create();
    const struct {
        able how;
        UINT status, code;
    } cases[] = {
        {{.greeting = "554 no service\r\n"}, NX_SMTP_GREET_REPLY_ERROR, 554},
        {{.says = [](const std::string& l) -> std::optional<std::string> {
             if (l.substr(0, 4) == "AUTH") return "535 5.7.8 wrong\r\n";
             return std::nullopt;
         }},
         NX_SMTP_AUTH_REPLY_ERROR,
         535},
        {{.greeting = "nonsense\r\n"}, NX_SMTP_GREET_REPLY_ERROR, 0},
        {{.greeting = ""}, NX_NOT_CONNECTED, 0},
    };
    for (const auto& c : cases) {
        server.set(c.how);
        EXPECT_EQ(c.status, open_session());
        EXPECT_EQ(c.status, result().nx_smtp_result_status);
        EXPECT_EQ(c.code, result().nx_smtp_result_reply_code);
        if (c.code == 535) {
            EXPECT_EQ("wrong", text_of(result()));
        }
    }
    server.set(able{});
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), EndsWith("QUIT\r\n")) << "none is open";
}

TEST_F(kept, the_server_closed_it_while_nobody_looked) {
    for (const char* farewell : {"", "421 4.4.2 idle too long\r\n"}) {
        SCOPED_TRACE(farewell);
        server.forget();
        auto mails = std::make_shared<int>(0);
        server.set([=](peer& it) {
            able{.says = [&](const std::string& line) -> std::optional<std::string> {
                if (line.substr(0, 4) != "BDAT" || ++*mails > 1) return std::nullopt;
                it.say("250 2.0.0 queued\r\n");
                settle();
                it.say(farewell);
                return "";
            }}(it);
        });
        create();
        ASSERT_EQ(NX_SUCCESS, open_session());
        letter first, second;
        EXPECT_EQ(NX_SUCCESS, post(first));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        EXPECT_EQ(NX_SUCCESS, post(second)) << "a new connection, and nobody noticed";
        EXPECT_EQ(NX_SUCCESS, close_session());
        ASSERT_EQ(2u, server.connections().size());
        EXPECT_THAT(server.connections()[0].heard, Not(HasSubstr("QUIT")));
        EXPECT_EQ(2u, mails_heard());
    }
}

TEST_F(kept, it_fails_under_a_mail_before_that_can_have_been_taken) {
    for (const char* ehlo : {"PIPELINING\nCHUNKING", "PIPELINING", "CHUNKING", ""})
        for (const char* at : {"MAIL", "RCPT", "DATA", "BDAT"})
            for (const bool reset : {false, true}) {
                const bool by_bdat = std::string(ehlo).find("CHUNKING") != std::string::npos;
                if (std::string_view{at} == (by_bdat ? "DATA" : "BDAT")) continue;
                SCOPED_TRACE(std::string(ehlo) + " " + at + (reset ? " reset" : " closed"));
                server.forget();
                const std::size_t before = server.count();
                auto seen = std::make_shared<int>(0);
                server.set([=](peer& it) {
                    able{.ehlo = ehlo, .says = [&](const std::string& line) -> std::optional<std::string> {
                             if (line.substr(0, 4) != at || ++*seen != 2) return std::nullopt;
                             if (reset) it.reset();
                             return "";
                         }}(it);
                });
                create();
                ASSERT_EQ(NX_SUCCESS, open_session());
                letter first, second;
                EXPECT_EQ(NX_SUCCESS, post(first));
                if (std::string_view{at} == "BDAT") {
                    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(post(second)));
                    EXPECT_EQ(NX_SMTP_OUTCOME_UNKNOWN, static_cast<int>(result_of(second.mail).nx_smtp_result_outcome))
                        << "never sent again by the client";
                    EXPECT_EQ(1u, server.count() - before);
                } else {
                    EXPECT_EQ(NX_SUCCESS, post(second));
                    EXPECT_EQ(2u, server.count() - before);
                }
                EXPECT_EQ(NX_SUCCESS, close_session());
            }
}

TEST_F(kept, a_new_connection_that_fails_is_not_made_again) {
    server.set(able{.says = [](const std::string& line) -> std::optional<std::string> {
        if (line.substr(0, 4) == "RCPT") return "";
        return std::nullopt;
    }});
    create();
    ASSERT_EQ(NX_SUCCESS, open_session());
    letter l;
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(post(l)));
    EXPECT_EQ(2u, server.count()) << "the kept one, and one more";
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(post(l)));
    EXPECT_EQ(3u, server.count());
    EXPECT_EQ(NX_SMTP_OUTCOME_DEFERRED, static_cast<int>(result_of(l.mail).nx_smtp_result_outcome));
    server.set(able{});
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_EQ(NX_SUCCESS, close_session());
}

TEST_F(kept, nobody_listens_any_more) {
    auto other = std::make_unique<script::server>(able{});
    client_pool = std::make_unique<pool>(8u, 1536u);
    NXD_ADDRESS address = loopback();
    CHAR text[] = "x";
    ASSERT_EQ(NX_SUCCESS, nxd_smtp_client_create(&client, &ip, client_pool.get(), text, text, text, text, 3, &address,
                                                 other->port()));
    ASSERT_EQ(NX_SUCCESS, open_session());
    letter l;
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_EQ(NX_SUCCESS, close_session());
    other.reset();
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(post(l)));
    EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, static_cast<int>(result_of(l.mail).nx_smtp_result_outcome));
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(open_session()));
    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(command(NX_SMTP_COMMAND_NOOP)));
}

TEST_F(kept, deleting_the_client_resets_it) {
    server.set(able{});
    create();
    ASSERT_EQ(NX_SUCCESS, open_session());
    delete_client();
    EXPECT_THAT(heard(), Not(HasSubstr("QUIT")));
    EXPECT_TRUE(server.last().reset);
}

// ---------------------------------------------------------------------------------------------------------------------
// Several mails at once

TEST_F(at_once, each_has_its_result_also_where_one_in_the_middle_is_refused) {
    for (const char* ehlo : {"PIPELINING\nCHUNKING", "PIPELINING", "CHUNKING", ""})
        for (const UINT window : {1u, 2u, 3u, 100u}) {
            SCOPED_TRACE(std::string(ehlo) + " " + std::to_string(window));
            server.forget();
            server.set(able{.ehlo = ehlo, .says = [](const std::string& line) -> std::optional<std::string> {
                                if (line == "RCPT TO:<to2@b.example>") return "550 5.1.1 nobody\r\n";
                                return std::nullopt;
                            }});
            create();
            several s(5);
            EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR, static_cast<int>(post(s, window)));
            for (UINT i = 0; i != 5; ++i)
                EXPECT_EQ(i == 2 ? NX_SMTP_OUTCOME_REJECTED : NX_SMTP_OUTCOME_ACCEPTED,
                          static_cast<int>(result_of(s.mails[i]).nx_smtp_result_outcome));
            EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
            EXPECT_EQ(1u, server.connections().size());
            EXPECT_EQ(5u, mails_heard());
            EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
        }
}

TEST_F(at_once, with_a_window_they_share_flights) {
    server.set(able{});
    create();
    several s(8);
    tap::clear();
    EXPECT_EQ(NX_SUCCESS, post(s, 8));
    const std::size_t together = tap::segments().size();
    EXPECT_EQ(1u, server.connections().size());
    server.forget();
    tap::clear();
    EXPECT_EQ(NX_SUCCESS, post(s, 1));
    EXPECT_LT(together, tap::segments().size());
}

TEST_F(at_once, the_server_takes_only_some_on_a_connection) {
    server.set(able{.ehlo = "PIPELINING\nCHUNKING\nLIMITS MAILMAX=3"});
    create();
    several s(8);
    EXPECT_EQ(NX_SUCCESS, post(s, 3));
    EXPECT_EQ(3u, server.connections().size());
    EXPECT_EQ(8u, mails_heard());
}

TEST_F(at_once, the_server_says_421_after_each_mail) {
    auto mails = std::make_shared<int>(0);
    server.set(able{.says = [=](const std::string& line) -> std::optional<std::string> {
        if (line.substr(0, 4) == "BDAT") return "250 queued\r\n421 enough\r\n";
        return std::nullopt;
    }});
    create();
    several s(4);
    EXPECT_EQ(NX_SUCCESS, post(s, 1));
    EXPECT_EQ(4u, server.connections().size());
}

TEST_F(at_once, a_server_that_refuses_us_is_asked_once) {
    server.set(able{.greeting = "421 busy\r\n"});
    create();
    several s(3);
    EXPECT_EQ(NX_SMTP_GREET_REPLY_ERROR, static_cast<int>(post(s, 1)));
    EXPECT_EQ(1u, server.connections().size());
    for (UINT i = 0; i != 3; ++i) {
        EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, static_cast<int>(result_of(s.mails[i]).nx_smtp_result_outcome));
        EXPECT_EQ(NX_SMTP_GREET_REPLY_ERROR, static_cast<int>(result_of(s.mails[i]).nx_smtp_result_status));
    }
}

TEST_F(at_once, one_that_cannot_be_sent_does_not_stop_the_others) {
    server.set(able{});
    create();
    several s(3);
    ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_recipient_notify_set(&s.mails[1], 0, NX_SMTP_NOTIFY_NEVER | 1, NX_NULL));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(post(s, 2)));
    EXPECT_EQ(NX_SUCCESS, result_of(s.mails[0]).nx_smtp_result_status);
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(result_of(s.mails[1]).nx_smtp_result_status));
    EXPECT_EQ(NX_SUCCESS, result_of(s.mails[2]).nx_smtp_result_status);
}

TEST_F(at_once, a_source_that_fails_costs_its_own_mail_alone) {
    for (const char* ehlo : {"PIPELINING\nCHUNKING", "PIPELINING"}) {
        SCOPED_TRACE(ehlo);
        server.forget();
        server.set(able{.ehlo = ehlo});
        create();
        several s(4);
        const auto dry = [](VOID*, UINT, UCHAR**, ULONG*, UINT*) -> UINT { return 1; };
        ASSERT_EQ(NX_SUCCESS, nx_smtp_mail_source_set(&s.mails[1], dry, NX_NULL, 10, NX_SMTP_SOURCE_EXACT));
        EXPECT_EQ(NX_SMTP_BODY_ERROR, static_cast<int>(post(s, 4)));
        for (UINT i = 0; i != 4; ++i)
            EXPECT_EQ(i == 1 ? NX_SMTP_BODY_ERROR : NX_SUCCESS,
                      static_cast<int>(result_of(s.mails[i]).nx_smtp_result_status))
                << i;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Commands by themselves

TEST_F(commands, each_by_a_connection_of_its_own_or_the_session) {
    server.set(able{.says = [](const std::string& line) -> std::optional<std::string> {
        if (line == "VRFY bob") return "252-2.1.5 perhaps\r\n252 2.1.5 Bob <bob@b.example>\r\n";
        if (line == "EXPN staff") return "550 5.7.1 none of yours\r\n";
        if (line.substr(0, 4) == "HELP") return "214 help yourself\r\n";
        if (line == "ETRN b.example") return "458 4.7.0 later\r\n";
        return std::nullopt;
    }});
    create();
    for (const bool session : {false, true}) {
        if (session) {
            ASSERT_EQ(NX_SUCCESS, open_session());
        }
        EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_VRFY, "bob"));
        EXPECT_EQ(252u, result().nx_smtp_result_reply_code);
        EXPECT_EQ("perhaps\nBob <bob@b.example>", text_of(result()));
        EXPECT_EQ(NX_SMTP_COMMAND_VRFY, static_cast<int>(result().nx_smtp_result_phase));
        EXPECT_EQ(NX_SMTP_OUTCOME_ACCEPTED, static_cast<int>(result().nx_smtp_result_outcome));
        EXPECT_EQ(NX_SMTP_SERVER_ERROR_REPLY, static_cast<int>(command(NX_SMTP_COMMAND_EXPN, "staff")));
        EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
        EXPECT_EQ(7u, result().nx_smtp_result_enhanced[1]);
        EXPECT_EQ(NX_SMTP_OUTCOME_REJECTED, static_cast<int>(result().nx_smtp_result_outcome));
        EXPECT_EQ("none of yours", text_of(result()));
        EXPECT_EQ(NX_SMTP_SERVER_ERROR_REPLY, static_cast<int>(command(NX_SMTP_COMMAND_ETRN, "b.example")));
        EXPECT_EQ(NX_SMTP_OUTCOME_DEFERRED, static_cast<int>(result().nx_smtp_result_outcome));
        EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_HELP));
        EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_HELP, "MAIL"));
        EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_NOOP));
        EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_RSET));
        EXPECT_EQ(session ? 8u : 7u, server.count());
    }
    letter l;
    EXPECT_EQ(NX_SUCCESS, post(l)) << "and a mail behind them";
    EXPECT_EQ(NX_SUCCESS, close_session());
    EXPECT_THAT(heard(), HasSubstr("HELP\r\nHELP MAIL\r\nNOOP\r\nRSET\r\nMAIL FROM"));
}

TEST_F(commands, what_is_refused_before_anything_is_said) {
    server.set(able{});
    create();
    for (const UINT other : {0u, 1u, 4u, 7u, 8u, 11u, 16u, 255u, 256u + 12u})
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(command(other, "x")));
    EXPECT_EQ(0u, tap::counted().connects);
    for (const UINT named : {UINT{NX_SMTP_COMMAND_VRFY}, UINT{NX_SMTP_COMMAND_EXPN}, UINT{NX_SMTP_COMMAND_ETRN}})
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(command(named)));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(command(NX_SMTP_COMMAND_VRFY, "a\r\nRSET")));
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, static_cast<int>(command(NX_SMTP_COMMAND_VRFY, std::string(499, 'x').c_str())));
    EXPECT_THAT(heard(), EndsWith("AHVzZXIAc2VjcmV0\r\nQUIT\r\n"));
}

TEST_F(commands, on_a_connection_that_the_server_has_closed) {
    auto seen = std::make_shared<int>(0);
    server.set(able{.says = [=](const std::string& line) -> std::optional<std::string> {
        if (line == "NOOP" && ++*seen % 2 == 0) return "";
        return std::nullopt;
    }});
    create();
    ASSERT_EQ(NX_SUCCESS, open_session());
    for (int i = 0; i != 4; ++i) EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_NOOP));
    EXPECT_EQ(NX_SUCCESS, close_session());
    EXPECT_EQ(4u, server.count());
}

} // namespace
} // namespace client_test

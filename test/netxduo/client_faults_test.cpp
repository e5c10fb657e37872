// Bad days, with a client whose time limits are tens of milliseconds: silence, cut connections, empty pools. Whatever
// happens, the client never says that a mail was taken which was not, nor that it was not where it was.

#include "client_support.hpp"

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

const char* const keys[] = {"greeting", "EHLO", "AUTH", "answer", "MAIL", "RCPT", "DATA", "."};

class time_outs : public stack {};
class cutting : public stack {};
class exhaustion : public stack {};

// ---------------------------------------------------------------------------------------------------------------------
// Time-outs

TEST_F(time_outs, in_each_phase_the_status_is_raw_there_is_no_quit_and_the_connection_is_reset) {
    for (const char* key : keys) {
        SCOPED_TRACE(key);
        EXPECT_EQ(NX_NO_PACKET, send_to(ordinary{{{key, ""}}, {}}));
        EXPECT_THAT(heard(), Not(HasSubstr("QUIT")));
        EXPECT_TRUE(server.last().reset);
        const NX_SMTP_RESULT r = result();
        EXPECT_EQ(0u, r.nx_smtp_result_reply_code);
        const UINT phase = r.nx_smtp_result_phase;
        EXPECT_EQ(phase == NX_SMTP_PHASE_MESSAGE ? NX_SMTP_OUTCOME_UNKNOWN
                  : phase >= NX_SMTP_PHASE_RCPT  ? NX_SMTP_OUTCOME_DEFERRED
                                                 : NX_SMTP_OUTCOME_NOT_ATTEMPTED,
                  static_cast<int>(r.nx_smtp_result_outcome));
    }
}

TEST_F(time_outs, the_phase_that_was_waited_for) {
    const UINT phases[] = {NX_SMTP_PHASE_GREETING, NX_SMTP_PHASE_EHLO, NX_SMTP_PHASE_AUTH, NX_SMTP_PHASE_AUTH,
                           NX_SMTP_PHASE_MAIL,     NX_SMTP_PHASE_RCPT, NX_SMTP_PHASE_DATA, NX_SMTP_PHASE_MESSAGE};
    for (std::size_t i = 0; i != std::size(keys); ++i) {
        SCOPED_TRACE(keys[i]);
        EXPECT_EQ(NX_NO_PACKET, send_to(ordinary{{{keys[i], ""}}, {}}));
        EXPECT_EQ(phases[i], result().nx_smtp_result_phase);
    }
}

TEST_F(time_outs, a_limit_is_for_the_whole_reply_however_slowly_it_drips) {
    const auto drip = [](peer& it) {
        for (;;) {
            it.say("250-x\r\n");
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    };
    for (const char* key : {"EHLO", "MAIL", "."}) {
        SCOPED_TRACE(key);
        EXPECT_EQ(NX_NO_PACKET, send_to(ordinary{{}, {{key, drip}}}));
        EXPECT_THAT(heard(), Not(HasSubstr("QUIT")));
    }
}

TEST_F(time_outs, half_a_reply_is_none) {
    for (const char* key : keys)
        for (const char* half : {"2", "250", "250 ok", "250 ok\r", "250-ok\r\n", "354 go", "235 "}) {
            SCOPED_TRACE(std::string(key) + half);
            const UINT status = send_to(ordinary{{}, {{key, [=](peer& it) {
                                                           it.say(half);
                                                           it.await_end();
                                                       }}}});
            EXPECT_EQ(NX_NO_PACKET, status);
        }
}

TEST_F(time_outs, an_unanswered_quit_costs_its_limit_and_changes_nothing) {
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"QUIT", ""}}, {}}));
    EXPECT_EQ("queued", text_of(result()));
    EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR, send_to(ordinary{{{"RCPT", "550 no\r\n"}, {"QUIT", ""}}, {}}));
    EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
    EXPECT_EQ("no", text_of(result()));
}

TEST_F(time_outs, a_server_that_takes_nothing_more) {
    // The window fills: NetX Duo's own status of a send that waited long enough.
    std::promise<void> over;
    server.set(ordinary{{}, {{"DATA", [until = over.get_future().share()](peer& it) {
                                  it.say("354 go ahead\r\n");
                                  until.wait();
                                  it.reset();
                              }}}});
    create();
    const UINT status = send({.body = std::string(8 * 1024 * 1024, 'x')});
    over.set_value();
    EXPECT_TRUE(status == NX_WINDOW_OVERFLOW || status == NX_TX_QUEUE_DEPTH) << status;
    EXPECT_EQ(NX_SMTP_OUTCOME_DEFERRED, static_cast<int>(result().nx_smtp_result_outcome));
    EXPECT_EQ(1u, tap::counted().resets);
}

TEST_F(time_outs, the_next_mail_through_the_same_client_is_whole) {
    create();
    for (const char* key : keys) {
        SCOPED_TRACE(key);
        server.set(ordinary{{{key, ""}}, {}});
        EXPECT_EQ(NX_NO_PACKET, send());
        server.forget();
        server.set(ordinary{});
        EXPECT_EQ(NX_SUCCESS, send());
        EXPECT_EQ(whole_dialog(), heard());
    }
}

TEST_F(time_outs, a_reply_line_or_a_reply_without_end_is_bounded) {
    const auto flood = [](const char* what) {
        return [=](peer& it) {
            for (;;) it.say(what);
        };
    };
    for (const auto& [key, what] :
         {std::pair{"EHLO", "250-x\r\n"}, {"RCPT", "250 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}) {
        const UINT status = send_to(ordinary{{}, {{key, flood(what)}}});
        // On a slow machine the limit of time may come first.
        EXPECT_TRUE(status == NX_SMTP_OVERSIZE_SERVER_REPLY || status == NX_NO_PACKET) << status;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Cutting

TEST_F(cutting, by_the_server_after_every_octet_that_it_says) {
    for (const bool login : {false, true})
        for (const char* last : {"250 2.0.0 queued\r\n", "550 5.7.1 no\r\n"}) {
            const account who{.authentication =
                                  login ? UINT{NX_SMTP_CLIENT_AUTH_LOGIN} : UINT{NX_SMTP_CLIENT_AUTH_PLAIN}};
            ordinary how{{{".", last}}, {}};
            if (login) how.says["answer"] = "334 x\r\n", how.says["answer 2"] = "235 ok\r\n";
            const UINT whole_status = send_to(how, {}, who);
            const std::string said = server.last().said;
            const std::size_t end = said.find(last) + std::string(last).size();
            const std::size_t go_ahead = said.find("354");
            const std::size_t content = said.find('\n', go_ahead) + 1;
            ASSERT_NE(std::string::npos, go_ahead);
            ASSERT_EQ(last[0] == '2' ? NX_SUCCESS : NX_SMTP_MESSAGE_REPLY_ERROR, static_cast<int>(whole_status));

            create(who);
            for (std::size_t octets = 0; octets != said.size(); ++octets) {
                SCOPED_TRACE("after " + said.substr(0, octets));
                server.forget();
                server.set(how, {.after_said = octets});
                const UINT status = send();
                const UINT outcome = result().nx_smtp_result_outcome;
                if (octets >= end) {
                    EXPECT_EQ(whole_status, status);
                    EXPECT_EQ(last[0] == '2' ? NX_SMTP_OUTCOME_ACCEPTED : NX_SMTP_OUTCOME_REJECTED,
                              static_cast<int>(outcome));
                } else if (octets >= content) {
                    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(status));
                    EXPECT_EQ(NX_SMTP_OUTCOME_UNKNOWN, static_cast<int>(outcome));
                } else {
                    EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(status));
                    EXPECT_TRUE(outcome == NX_SMTP_OUTCOME_DEFERRED || outcome == NX_SMTP_OUTCOME_NOT_ATTEMPTED)
                        << outcome;
                    EXPECT_THAT(server.last().heard, Not(HasSubstr("QUIT")));
                }
                if (HasFailure()) return;
            }
        }
}

TEST_F(cutting, by_a_reset_after_every_octet_that_the_server_hears) {
    const std::string dialog = whole_dialog();
    const std::size_t content = dialog.find("\r\nDATA\r\n") + 8;
    const std::size_t end = dialog.find("\r\n.\r\n") + 5;
    create();
    for (std::size_t octets = 0; octets <= dialog.size(); ++octets) {
        SCOPED_TRACE("after " + dialog.substr(0, octets));
        server.forget();
        server.set(ordinary{}, {.after_heard = octets});
        const UINT status = send();
        const UINT outcome = result().nx_smtp_result_outcome;
        if (octets > end) {
            EXPECT_EQ(NX_SUCCESS, static_cast<int>(status)) << "the 250 was said before QUIT came";
        } else {
            EXPECT_EQ(NX_NOT_CONNECTED, static_cast<int>(status));
            const bool not_begun = outcome == NX_SMTP_OUTCOME_DEFERRED || outcome == NX_SMTP_OUTCOME_NOT_ATTEMPTED;
            const bool perhaps = outcome == NX_SMTP_OUTCOME_DEFERRED || outcome == NX_SMTP_OUTCOME_UNKNOWN;
            EXPECT_TRUE(octets < content ? not_begun
                        : octets < end   ? perhaps
                                         : outcome == NX_SMTP_OUTCOME_UNKNOWN)
                << outcome;
        }
        if (HasFailure()) return;
    }
}

TEST_F(cutting, by_a_send_that_fails_at_each_segment) {
    const mail m{.body = std::string(5000, 'x') + "\r\n"};
    for (const UINT failure :
         {UINT{NX_NOT_CONNECTED}, UINT{NX_WINDOW_OVERFLOW}, UINT{NX_TX_QUEUE_DEPTH}, UINT{NX_WAIT_ABORTED}})
        for (std::size_t segment = 0;; ++segment) {
            SCOPED_TRACE(segment);
            server.forget();
            server.set(ordinary{});
            create();
            tap::clear();
            tap::fail_send(segment, failure);
            const UINT status = send(m);
            const bool taken = server.last().has_content();
            EXPECT_EQ(taken, status == NX_SUCCESS);
            if (taken) {
                if (heard() == whole_dialog(m)) break; // no segment is left to fail
                EXPECT_EQ(whole_dialog(m), heard() + "QUIT\r\n");
                continue;
            }
            EXPECT_EQ(failure, status);
            EXPECT_EQ(1u, tap::counted().resets);
            EXPECT_NE(NX_SMTP_OUTCOME_UNKNOWN, static_cast<int>(result().nx_smtp_result_outcome))
                << "the end never left";
        }
}

// ---------------------------------------------------------------------------------------------------------------------
// Empty pools

TEST_F(exhaustion, a_pool_that_runs_dry_at_any_allocation_never_sends_half_a_mail) {
    const mail m{.body = std::string(3000, 'x') + "\r\n"};
    for (const auto& [packets, payload] : {std::pair{1u, 256u}, {3u, 128u}, {8u, 128u}, {40u, 128u}, {4u, 1536u}}) {
        std::size_t failed = 0;
        for (std::size_t allocation = 0;; ++allocation) {
            SCOPED_TRACE(std::to_string(packets) + " * " + std::to_string(payload) + ", allocation " +
                         std::to_string(allocation));
            server.forget();
            server.set(ordinary{});
            create({}, packets, payload);
            tap::clear();
            tap::drain_at_allocation(allocation);
            UINT status = 0xFFFF;
            in_thread([&] { status = send_here(m); });
            const bool over = tap::counted().allocations <= allocation;
            tap::give_back();
            client_pool->expect_balanced();
            const record r = server.last();
            if (status == NX_SUCCESS) {
                EXPECT_EQ(header_block() + m.body, r.content());
            } else {
                ++failed;
                EXPECT_EQ(NX_NO_PACKET, static_cast<int>(status));
                EXPECT_FALSE(r.has_content()) << "a mail without its end, or without its header, was sent";
                EXPECT_THAT(r.heard, Not(HasSubstr("QUIT")));
                EXPECT_NE(NX_SMTP_OUTCOME_ACCEPTED, static_cast<int>(result().nx_smtp_result_outcome));
                EXPECT_NE(NX_SMTP_OUTCOME_UNKNOWN, static_cast<int>(result().nx_smtp_result_outcome));
            }
            if (over) {
                EXPECT_EQ(NX_SUCCESS, static_cast<int>(status));
                break;
            }
            if (HasFailure()) return;
        }
        EXPECT_GE(failed, 6u) << "each command needs a packet";
    }
}

TEST_F(exhaustion, a_pool_that_is_held_by_somebody_else) {
    create({}, 4, 256);
    for (std::size_t held = 0; held <= 4; ++held) {
        SCOPED_TRACE(held);
        std::vector<NX_PACKET*> packets(held);
        for (NX_PACKET*& p : packets)
            ASSERT_EQ(NX_SUCCESS, nx_packet_allocate(client_pool.get(), &p, NX_IPv4_TCP_PACKET, NX_NO_WAIT));
        server.forget();
        UINT status = 0xFFFF;
        in_thread([&] { status = send_here({.body = std::string(2000, 'x') + "\r\n"}); });
        EXPECT_EQ(held == 4 ? NX_NO_PACKET : NX_SUCCESS, static_cast<int>(status));
        for (NX_PACKET* p : packets) EXPECT_EQ(NX_SUCCESS, nx_packet_release(p));
        client_pool->expect_balanced();
    }
}

TEST_F(exhaustion, a_command_that_is_longer_than_the_pool) {
    create({}, 1, 128);
    EXPECT_EQ(NX_NO_PACKET, send({.to = std::string(200, 't')}));
    EXPECT_THAT(heard(), EndsWith("MAIL FROM:<alice@a.example>\r\n")) << "no part of RCPT has left";
    EXPECT_EQ(NX_SMTP_PHASE_RCPT, result().nx_smtp_result_phase);
    server.forget();
    EXPECT_EQ(NX_SUCCESS, send());
}

TEST_F(exhaustion, a_packet_too_small_for_the_headers_is_refused_by_netx_duo) {
    create({}, 8, 40);
    EXPECT_EQ(NX_INVALID_PARAMETERS, static_cast<int>(send()));
    EXPECT_EQ("", heard());
}

TEST_F(exhaustion, one_pool_for_the_ip_instance_and_the_client) {
    // What the manual's sample does not do, and applications do all the same.
    NXD_ADDRESS address = loopback();
    CHAR user[] = "user", password[] = "secret", from[] = "alice@a.example", domain[] = "client.example";
    ASSERT_EQ(NX_SUCCESS,
              nxd_smtp_client_create(&client, &ip, &ip_pool, user, password, from, domain, 3, &address, server.port()));
    const mail m{.body = std::string(20000, 'x') + "\r\n"};
    EXPECT_EQ(NX_SUCCESS, send(m));
    EXPECT_EQ(whole_dialog(m), heard());
    ip_pool.expect_balanced();
}

} // namespace
} // namespace client_test

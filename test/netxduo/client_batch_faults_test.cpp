// Several mails at once on bad days, with a client whose time limits are tens of milliseconds.

#include "client_services_support.hpp"

#include <set>

namespace client_test {
namespace {

class at_once : public services {};

TEST_F(at_once, a_kept_connection_that_died_without_a_word_costs_a_time_limit_and_no_mail) {
    auto seen = std::make_shared<int>(0);
    server.set([=](peer& it) {
        able{.says = [&](const std::string& line) -> std::optional<std::string> {
            if (line.substr(0, 4) == "RCPT" && ++*seen == 2) it.await_end();
            return std::nullopt;
        }}(it);
    });
    create();
    ASSERT_EQ(NX_SUCCESS, open_session());
    letter first, second;
    EXPECT_EQ(NX_SUCCESS, post(first));
    EXPECT_EQ(NX_SUCCESS, post(second));
    EXPECT_EQ(2u, server.count());
    EXPECT_EQ(NX_SUCCESS, close_session());
}

TEST_F(at_once, a_mail_that_was_committed_and_not_answered_is_unknown_and_not_sent_again) {
    for (const char* ehlo : {"PIPELINING\nCHUNKING", "PIPELINING", ""}) {
        SCOPED_TRACE(ehlo);
        server.forget();
        const std::size_t before = server.count();
        server.set([=](peer& it) {
            able{.ehlo = ehlo, .says = [&](const std::string& line) -> std::optional<std::string> {
                     if (line == "." || line.substr(0, 4) == "BDAT") it.await_end();
                     return std::nullopt;
                 }}(it);
        });
        create();
        ASSERT_EQ(NX_SUCCESS, open_session());
        several s(3);
        EXPECT_EQ(NX_NO_PACKET, post(s, 2));
        EXPECT_EQ(NX_SMTP_OUTCOME_UNKNOWN, static_cast<int>(result_of(s.mails[0]).nx_smtp_result_outcome));
        EXPECT_NE(NX_SMTP_OUTCOME_ACCEPTED, static_cast<int>(result_of(s.mails[2]).nx_smtp_result_outcome));
        EXPECT_EQ(NX_SUCCESS, close_session());
        for (const record& r : server.connections()) {
            std::size_t times = 0;
            for (std::size_t at = 0; (at = r.heard.find("<to0@b.example>\r\nF", at)) != r.heard.npos; ++at) ++times;
            EXPECT_LE(times, 1u);
        }
        EXPECT_LE(server.count() - before, 2u);
    }
}

/// How many of the mails the server has said 250 to the content of, on all connections.
struct tally {
    std::mutex mutex;
    std::multiset<std::string> taken;
};

TEST_F(at_once, cut_after_every_octet_no_mail_is_told_wrongly_or_sent_twice) {
    for (const char* ehlo : {"PIPELINING\nCHUNKING", "PIPELINING", ""})
        for (const bool said : {true, false}) {
            std::size_t whole = 0;
            for (std::size_t octets = script::never; octets == script::never || octets < whole;
                 octets = octets == script::never ? 0 : octets + 3) {
                SCOPED_TRACE(std::string(ehlo) + (said ? " said " : " heard ") + std::to_string(octets));
                server.forget();
                auto t = std::make_shared<tally>();
                const auto how = [=](peer& it) {
                    std::string to;
                    able{.ehlo = ehlo, .says = [&](const std::string& line) -> std::optional<std::string> {
                             if (line.substr(0, 4) == "RCPT") to = line;
                             if (line == "." || line.substr(0, 4) == "BDAT") {
                                 const std::lock_guard lock(t->mutex);
                                 t->taken.insert(to);
                             }
                             return std::nullopt;
                         }}(it);
                };
                server.set(how, said ? script::cut{.after_said = octets} : script::cut{.after_heard = octets});
                create();
                several s(3);
                static_cast<void>(post(s, 3));
                const std::vector<record> all = server.connections();
                if (octets == script::never) whole = said ? all[0].said.size() : all[0].heard.size();
                for (UINT i = 0; i != 3; ++i) {
                    const std::size_t times = t->taken.count("RCPT TO:<to" + std::to_string(i) + "@b.example>");
                    EXPECT_LE(times, 1u) << "sent twice";
                    const UINT outcome = result_of(s.mails[i]).nx_smtp_result_outcome;
                    if (outcome == NX_SMTP_OUTCOME_ACCEPTED) {
                        EXPECT_EQ(1u, times);
                    } else if (outcome != NX_SMTP_OUTCOME_UNKNOWN) {
                        EXPECT_EQ(0u, times);
                    }
                }
                if (HasFailure()) return;
            }
        }
}

TEST_F(at_once, a_pool_that_runs_dry_at_any_allocation) {
    for (const auto& [packets, payload] : {std::pair{3u, 128u}, {8u, 256u}})
        for (std::size_t allocation = 0;; ++allocation) {
            SCOPED_TRACE(allocation);
            server.forget();
            server.set(able{});
            create({}, packets, payload);
            several s(3);
            tap::clear();
            tap::drain_at_allocation(allocation);
            UINT status = 0xFFFF;
            in_thread([&] { status = nx_smtp_client_mails_send(&client, s.mails.data(), 3, 3); });
            const bool over = tap::counted().allocations <= allocation;
            tap::give_back();
            client_pool->expect_balanced();
            ip_pool.expect_balanced();
            if (over) {
                EXPECT_EQ(NX_SUCCESS, status);
                break;
            }
            if (HasFailure()) return;
        }
}

} // namespace
} // namespace client_test

// What dialogs cannot show well. Whole conversations are in test/dialog.
#include "postrider/limits.hpp"
#include "postrider/session.hpp"

#include "print.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace postrider {
namespace {

using texts = std::deque<std::string>;

session_options plain_options() {
    session_options o{.client = *domain::parse("client.example")};
    o.tls = tls_policy::none;
    return o;
}

session_options with_credentials(std::string_view user, std::string_view password) {
    session_options o = plain_options();
    o.auth.user = user;
    o.auth.password = password;
    o.tls = tls_policy::outside;
    return o;
}

// A mail to one or more recipients, with the memory behind it.
struct letter {
    explicit letter(std::size_t count = 1) : recipients(count) {
        for (recipient& r : recipients) r.forward_path = *mailbox::parse("to@example.com");
        mail.reverse_path = *mailbox::parse("from@example.com");
        mail.recipients = recipients;
        mail.content.pulled = true; // from `conversation::parts`
    }
    const status& result(std::size_t at = 0) const { return recipients[at].result; }

    std::vector<recipient> recipients;
    postrider::mail mail;
};

// A session, and a server that says the next of its replies whenever it is waited for.
struct conversation {
    explicit conversation(std::size_t buffer_size = 512) : buffer(buffer_size) {}

    // Goes on until there is nothing to do, the session is over, the server has no more to say, or a mail needs content
    // and `parts` is empty although it has not ended.
    action run(texts server = {}) {
        for (const std::string& reply : server) replies.push_back(reply);
        for (;;) {
            const action a = s.next(buffer);
            switch (a.what) {
            case action::kind::write:
                EXPECT_FALSE(a.octets.empty());
                sent += a.octets;
                sent_secret.append(a.octets.size(), a.secret() ? 's' : '-');
                sent_limit.insert(sent_limit.end(), a.octets.size(), a.limit());
                writes.push_back(a);
                s.wrote(a.octets.size());
                break;
            case action::kind::content:
                if (parts.empty() && content_goes_on) return a;
                if (parts.empty()) {
                    s.end_of_content();
                    break;
                }
                part = parts.front();
                parts.pop_front();
                s.content(part);
                break;
            case action::kind::read:
                reads.push_back(a);
                if (replies.empty()) return a;
                heard = replies.front();
                replies.pop_front();
                s.received(heard);
                break;
            case action::kind::refused: ++refusals; break;
            case action::kind::mail: ++mails; break;
            case action::kind::answered: ++answers; break;
            case action::kind::tls:
            case action::kind::credentials:
            case action::kind::ready:
            case action::kind::closed: return a;
            }
        }
    }

    std::string take_sent() { return std::exchange(sent, {}); }

    session<> s;
    std::vector<char> buffer;
    texts replies, parts;
    bool content_goes_on = false;
    std::string sent, sent_secret, heard, part;
    std::vector<std::uint16_t> sent_limit;
    std::vector<action> writes, reads;
    int refusals = 0, mails = 0, answers = 0;
};

const texts no_extensions = {"220 mx\r\n", "250 mx\r\n"};
const texts pipelining = {"220 mx\r\n", "250-mx\r\n250 PIPELINING\r\n"};
const texts mail_taken = {"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n"};

texts operator+(texts a, const texts& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// ---------------------------------------------------------------------------------------------------------------------
// start()

TEST(Session, NothingToDoBeforeStart) {
    session<> s;
    std::array<char, 64> buffer;
    EXPECT_EQ(s.next(buffer).what, action::kind::closed);
    EXPECT_EQ(s.error(), errc::ok);
}

TEST(Session, StartRefusesCredentialsWithNul) {
    const std::string_view with_nul[] = {{"\0", 1}, {"\0x", 2}, {"x\0", 2}, {"x\0y", 3}};
    for (const std::string_view bad : with_nul)
        for (const session_options& o :
             {with_credentials(bad, "password"), with_credentials("user", bad), with_credentials("", bad)}) {
            conversation c;
            EXPECT_EQ(c.s.start(o), errc::invalid_credentials);
            EXPECT_EQ(c.run({"220 mx\r\n"}).what, action::kind::closed);
            EXPECT_EQ(c.s.error(), errc::invalid_credentials);
            EXPECT_EQ(c.sent, "");
            EXPECT_TRUE(c.reads.empty());
        }
}

TEST(Session, StartRefusesCredentialsInClear) {
    struct row {
        std::string_view user;
        bool encrypted, allowed;
        errc expected;
    };
    constexpr row rows[] = {
        {"user", false, false, errc::cleartext_auth},
        {"user", true, false, errc::ok},
        {"user", false, true, errc::ok},
        {"user", true, true, errc::ok},
        {"", false, false, errc::ok}, // no authentication at all
    };
    for (const row& r : rows) {
        session_options o = with_credentials(r.user, "password");
        o.tls = r.encrypted ? tls_policy::outside : tls_policy::none;
        o.auth.allow_cleartext_auth = r.allowed;
        conversation c;
        EXPECT_EQ(c.s.start(o), r.expected);
        EXPECT_EQ(c.run().what, r.expected == errc::ok ? action::kind::read : action::kind::closed);
        EXPECT_EQ(c.s.error(), r.expected);
        EXPECT_EQ(c.sent, "");
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// TLS, and credentials when they are asked for: what dialogs cannot show

TEST(Session, TlsIsWantedUnlessSomebodySaysOtherwise) {
    struct row {
        tls_policy policy;
        bool implicit, wanted;
        errc expected;
    };
    constexpr row rows[] = {
        {tls_policy::verified, false, true, errc::ok},
        {tls_policy::verified, true, true, errc::ok},
        {tls_policy::opportunistic, false, true, errc::ok},
        {tls_policy::opportunistic, true, true, errc::ok},
        {tls_policy::none, false, false, errc::ok},
        {tls_policy::outside, false, false, errc::ok},
        {tls_policy::none, true, false, errc::invalid_parameter},
        {tls_policy::outside, true, false, errc::invalid_parameter},
    };
    EXPECT_EQ(session_options{.client = *domain::parse("client.example")}.tls, tls_policy::verified);
    for (const row& r : rows) {
        session_options o = plain_options();
        o.tls = r.policy;
        o.implicit_tls = r.implicit;
        conversation c;
        EXPECT_EQ(c.s.start(o), r.expected);
        EXPECT_EQ(c.s.wants_tls(), r.wanted);
        EXPECT_FALSE(c.s.encrypted());
    }
}

TEST(Session, TlsIsAskedForUntilItStands) {
    session_options o = plain_options();
    o.tls = tls_policy::verified;
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    c.s.tls_started({.verified = true}); // nobody has asked for it
    EXPECT_FALSE(c.s.encrypted());
    for (int i = 0; i != 2; ++i) {
        const action a = c.run({"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"});
        EXPECT_EQ(a.what, action::kind::tls);
        EXPECT_EQ(a.where, phase::starttls);
        EXPECT_TRUE(a.must_verify);
        EXPECT_FALSE(a.secret());
        EXPECT_EQ(a.limit(), 300);
        EXPECT_EQ(c.s.ask(phase::noop), errc::wrong_state);
        EXPECT_EQ(c.s.quit(), errc::wrong_state);
        c.replies.clear();
    }
    c.s.tls_started({.verified = true});
    EXPECT_TRUE(c.s.encrypted());
    EXPECT_FALSE(c.s.wants_tls());
    EXPECT_TRUE(c.s.offered().extensions.empty());
    EXPECT_EQ(c.run({"250 mx\r\n"}).what, action::kind::ready);
    c.s.tls_started({}); // once is enough
    EXPECT_EQ(c.sent, "EHLO client.example\r\nSTARTTLS\r\nEHLO client.example\r\n");
}

TEST(Session, AStreamThatCannotBeginTlsSaysSoBeforeAnOctetLeaves) {
    session_options o = plain_options();
    o.tls = tls_policy::verified;
    letter l;
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    c.s.failed(errc::no_tls);
    EXPECT_EQ(c.run().what, action::kind::closed);
    EXPECT_EQ(c.s.error(), errc::no_tls);
    EXPECT_EQ(c.s.where(), phase::greeting);
    EXPECT_EQ(l.result().what, outcome::not_attempted);
    EXPECT_EQ(l.result().error, errc::no_tls);
    EXPECT_EQ(c.sent, "");
}

TEST(Session, CredentialsAreTakenWhenTheyAreAskedFor) {
    session_options o = plain_options();
    o.auth = {.allow_cleartext_auth = true, .on_demand = true};
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    EXPECT_EQ(c.s.authenticate({.user = "a", .password = "b"}), errc::wrong_state);
    c.s.no_credentials(); // nobody has asked
    const action a = c.run({"220 mx\r\n", "250-mx\r\n250 AUTH PLAIN\r\n"});
    EXPECT_EQ(a.what, action::kind::credentials);
    EXPECT_FALSE(a.again);
    EXPECT_EQ(a.limit(), 0);
    EXPECT_EQ(c.s.ask(phase::noop), errc::wrong_state);
    EXPECT_EQ(c.s.authenticated_by(), mechanism::none);
    EXPECT_EQ(c.s.authenticate({.user = "a", .password = "b", .allow_cleartext_auth = true}), errc::ok);
    EXPECT_EQ(c.run({"235 ok\r\n"}).what, action::kind::ready);
    EXPECT_EQ(c.s.authenticated_by(), mechanism::plain);
    EXPECT_TRUE(c.s.authenticated());
}

TEST(Session, WhoGivesCredentialsLaterDoesNotLowerTheFloor) {
    session_options o = plain_options();
    o.auth = {.allowed = strongest_down_to(mechanism::plain), .allow_cleartext_auth = true, .on_demand = true};
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.run({"220 mx\r\n", "250-mx\r\n250 AUTH LOGIN PLAIN\r\n"}).what, action::kind::credentials);
    EXPECT_FALSE(c.s.auth().allowed.has(mechanism::login));
    const credentials with{.user = "a", .password = "b", .preferred = mechanism::login, .allow_cleartext_auth = true};
    EXPECT_EQ(c.s.authenticate(with), errc::ok);
    c.run();
    EXPECT_NE(c.sent.find("AUTH PLAIN "), c.sent.npos) << c.sent;
}

// A mechanism that shared a flight is taken back, and a mail comes only then: LOGIN is alone.
TEST(Session, WhatSharedAFlightWithOneMechanismDoesNotWithTheNext) {
    const session_options o = with_credentials("a", "b");
    letter l;
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.run({"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n"}).what, action::kind::read);
    c.take_sent();
    c.s.received("504 5.5.4 no\r\n");
    ASSERT_EQ(c.run().what, action::kind::read);
    EXPECT_EQ(c.take_sent(), "AUTH LOGIN\r\n");
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    EXPECT_EQ(c.run().what, action::kind::read);
    EXPECT_EQ(c.sent, "");
}

// Half a line cannot be taken back, and QUIT would be read as the rest of it.
TEST(Session, ARefusalWhileMailIsHalfWrittenEndsIt) {
    const session_options o = with_credentials("a", "b");
    letter l;
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.run({"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"}).what, action::kind::read);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    std::array<char, 4> small;
    const action a = c.s.next(small);
    EXPECT_EQ(a.octets, "MAIL");
    c.s.wrote(a.octets.size());
    c.take_sent();
    c.s.received("535 no\r\n");
    EXPECT_EQ(c.run().what, action::kind::closed);
    EXPECT_EQ(c.sent, "");
    EXPECT_EQ(l.result().what, outcome::rejected);
    EXPECT_EQ(l.result().code, 535);
}

// With an empty buffer nothing is begun: a reply that comes then finds on the wire what the session believes.
TEST(Session, NothingBeginsWithoutABuffer) {
    const session_options o = with_credentials("a", "b");
    letter l;
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.run({"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n"}).what, action::kind::read);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    const action a = c.s.next({});
    EXPECT_EQ(a.what, action::kind::write);
    EXPECT_TRUE(a.octets.empty());
    c.s.received("235 ok\r\n");
    EXPECT_EQ(c.run({"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n"}).what, action::kind::ready);
    EXPECT_EQ(l.result().what, outcome::accepted);
}

TEST(Session, TheServerMayLeaveWhileCredentialsAreSoughtFor) {
    session_options o = plain_options();
    o.auth = {.allow_cleartext_auth = true, .on_demand = true};
    letter l;
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run({"220 mx\r\n", "250-mx\r\n250 AUTH PLAIN\r\n"}).what, action::kind::credentials);
    c.s.received("421 4.4.2 Too slow\r\n");
    EXPECT_EQ(c.run().what, action::kind::closed);
    EXPECT_EQ(c.s.error(), errc::refused);
    EXPECT_EQ(l.result().code, 421);
    EXPECT_EQ(c.s.authenticate({.user = "a", .password = "b"}), errc::wrong_state);
}

TEST(Session, WhatIsReceivedBeforeTlsStandsEndsIt) {
    session_options o = plain_options();
    o.tls = tls_policy::verified;
    o.implicit_tls = true;
    conversation c;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.run().what, action::kind::tls);
    c.s.received("220 mx\r\n"); // and nobody has asked `next` what to make of it
    c.s.tls_started({.verified = true});
    EXPECT_FALSE(c.s.encrypted());
    EXPECT_EQ(c.run().what, action::kind::closed);
    EXPECT_EQ(c.s.error(), errc::octets_before_tls);
}

// What there is to authenticate with decides what is tried.
TEST(Session, AMechanismIsChosenByWhatThereIs) {
    struct row {
        credentials with;
        const char* sent;
    };
    const row rows[] = {
        {{.preferred = mechanism::external}, "AUTH EXTERNAL =\r\n"},
        {{.preferred = mechanism::anonymous}, "AUTH ANONYMOUS =\r\n"},
        {{.token = "tok"}, "AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHRvawEB\r\n"}, // "n,," and no name
        {{.user = "u", .password = "p", .token = "tok"}, "AUTH OAUTHBEARER "},
        {{.user = "u", .password = "p", .token = "tok", .preferred = mechanism::plain}, "AUTH PLAIN AHUAcA==\r\n"},
        {{.password = "p", .token = "tok"}, "AUTH OAUTHBEARER "},
        {{.token = "tok", .when = auth_when::attempt}, "AUTH OAUTHBEARER "},
        {{.user = "u", .password = "\xc3\xbc", .preferred = mechanism::plain}, "AUTH PLAIN AHUAw7w=\r\n"},
    };
    for (const row& r : rows) {
        session_options o = plain_options();
        o.auth = r.with;
        o.auth.allow_cleartext_auth = true;
        conversation c;
        ASSERT_EQ(c.s.start(o), errc::ok);
        c.run({"220 mx\r\n", "250-mx\r\n250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER EXTERNAL ANONYMOUS\r\n"});
        EXPECT_NE(c.sent.find(r.sent), c.sent.npos) << c.sent;
    }
}

TEST(Session, WhatIsPreparedMayBeMoreThanAscii) {
    struct : sasl_exchange {
    } none;
    sasl_exchange* const exchanges[] = {&none};
    for (const bool prepared : {false, true}) {
        session_options o = plain_options();
        o.auth = {.user = "u", .password = "\xc3\xbc", .exchanges = exchanges, .allow_cleartext_auth = true};
        o.auth.prepared = prepared;
        conversation c;
        EXPECT_EQ(c.s.start(o), prepared ? errc::ok : errc::invalid_credentials);
    }
}

// RFC 4954 §4: 12,288 octets of base64 with the line end.
TEST(Session, CredentialsAreAsLongAsAServerHasToTake) {
    const std::size_t most = 12288 / 4 * 3;
    const std::string fits(most - 40, 'x'), too_long(most, 'x');
    for (const bool token : {false, true})
        for (const std::string& secret : {fits, too_long}) {
            session_options o = plain_options();
            o.auth = {.user = "u", .allow_cleartext_auth = true};
            if (token) o.auth.token = secret;
            else o.auth.password = secret;
            conversation c;
            EXPECT_EQ(c.s.start(o), &secret == &fits || secret == fits ? errc::ok : errc::credentials_too_long);
            if (secret != fits) continue;
            c.run({"220 mx\r\n", "250-mx\r\n250 AUTH PLAIN XOAUTH2\r\n", "334\r\n", "235 ok\r\n"});
            EXPECT_TRUE(c.s.authenticated());
            const std::size_t begin = c.sent.find("334") == 0 ? 0 : c.sent.find("\r\n", c.sent.find("AUTH ")) + 2;
            EXPECT_LE(c.sent.find("\r\n", begin) + 2 - begin, 12288u);
        }
}

TEST(Session, StartRefusesOptionsThatCannotBe) {
    struct row {
        std::uint16_t look_ahead;
        bool helo, lmtp;
        errc expected;
    };
    constexpr row rows[] = {
        {1, false, false, errc::ok},
        {65535, false, false, errc::ok},
        {1, true, false, errc::ok},
        {1, false, true, errc::ok},
        {1, true, true, errc::invalid_parameter},
        {0, false, false, errc::invalid_parameter},
    };
    for (const row& r : rows) {
        session_options o = plain_options();
        o.look_ahead = r.look_ahead;
        o.helo = r.helo;
        o.lmtp = r.lmtp;
        conversation c;
        EXPECT_EQ(c.s.start(o), r.expected);
        EXPECT_EQ(c.s.wants_mail(), r.expected == errc::ok);
        EXPECT_EQ(c.run().what, r.expected == errc::ok ? action::kind::read : action::kind::closed);
        EXPECT_EQ(c.s.error(), r.expected);
        EXPECT_EQ(c.sent, "");
    }
}

TEST(Session, ARefusedStartCanBeFollowedByAGoodOne) {
    conversation c;
    ASSERT_EQ(c.s.start(with_credentials("a", std::string_view{"\0", 1})), errc::invalid_credentials);
    letter l;
    EXPECT_EQ(c.s.send(l.mail), errc::wrong_state);
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    EXPECT_EQ(c.run(no_extensions).what, action::kind::ready);
    EXPECT_EQ(c.s.error(), errc::ok);
}

// ---------------------------------------------------------------------------------------------------------------------
// send()

TEST(Session, SendRefusesAnEnvelopeThatCannotBeSent) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(no_extensions).what, action::kind::ready);
    c.take_sent();

    letter none{0};
    EXPECT_EQ(c.s.send(none.mail), errc::no_recipients);

    for (std::size_t null = 0; null != 3; ++null) {
        letter l{3};
        l.recipients[null].forward_path = {};
        for (recipient& r : l.recipients) r.result.code = 999;
        EXPECT_EQ(c.s.send(l.mail), errc::invalid_mailbox);
        for (const recipient& r : l.recipients) EXPECT_EQ(r.result.code, 999) << "the results are untouched";
    }
    EXPECT_EQ(c.run().what, action::kind::ready);
    EXPECT_EQ(c.sent, "");
}

TEST(Session, SendRefusesParametersOutOfRange) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    letter l{2};
    l.recipients[1].result.code = 999;
    const mail_parameters wrong[] = {{.envelope_id = "\n"}, {.prioritised = true, .priority = 10}};
    for (const mail_parameters& p : wrong) {
        l.mail.parameters = &p;
        EXPECT_EQ(c.s.send(l.mail), errc::invalid_parameter);
    }
    l.mail.parameters = nullptr;
    l.recipients[1].original_recipient = "\r";
    EXPECT_EQ(c.s.send(l.mail), errc::invalid_parameter);
    l.recipients[1].original_recipient = {};
    l.recipients[1].notify.add(notify::nothing);
    l.recipients[1].notify.add(notify::delay);
    EXPECT_EQ(c.s.send(l.mail), errc::invalid_parameter);
    EXPECT_EQ(l.result(1).code, 999) << "untouched";
    l.recipients[1].notify = {};
    EXPECT_EQ(c.s.send(l.mail), errc::ok);
    EXPECT_EQ(l.result(1).code, 0);
}

// What lies in memory is looked through before an octet leaves, all of its parts, and over their borders.
TEST(Session, SendRefusesBareLineEndingsInMemoryWhereTheCallerSaysSo) {
    struct row {
        std::string_view text;
        std::array<std::string_view, 2> more;
        bool bare;
    };
    constexpr row rows[] = {
        {"a\r\n", {"b\r\n", "c"}, false}, {"a\r", {"\nb\r", "\n"}, false},
        {"a\r", {"", "\n"}, false},       {"a\nb", {}, true},
        {"a\r", {"b", ""}, true},         {"a", {"\n", ""}, true},
        {"a", {"b", "c\r"}, true},
    };
    for (const row& r : rows)
        for (const line_ends policy : {line_ends::normalise, line_ends::refuse}) {
            conversation c;
            session_options o = plain_options();
            o.content = policy;
            ASSERT_EQ(c.s.start(o), errc::ok);
            letter l;
            l.mail.content = {.text = r.text, .more = r.more};
            l.recipients[0].result.code = 999;
            const bool refused = r.bare && policy == line_ends::refuse;
            EXPECT_EQ(c.s.send(l.mail), refused ? errc::bare_line_ending : errc::ok);
            EXPECT_EQ(l.result().code, refused ? 999 : 0);
            // Line ends are data there, and the caller says so.
            l.mail.content.kind = octets::binary;
            EXPECT_EQ(c.s.send(l.mail), refused ? errc::ok : errc::wrong_state);
        }
}

// RFC 4468 §3.2: it stands on a command line, between spaces.
TEST(Session, SendRefusesAUrlThatBreaksItsLine) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    letter l;
    l.recipients[0].result.code = 999;
    for (const std::string_view bad : {"imap://a b", "imap://a\r\nQUIT", "imap://a\x7F", "imap://\xC3\xBC", " "}) {
        l.mail.content = {.url = bad};
        EXPECT_EQ(c.s.send(l.mail), errc::invalid_parameter);
        EXPECT_EQ(l.result().code, 999);
    }
    l.mail.content = {.url = "imap://a.example/b"};
    EXPECT_EQ(c.s.send(l.mail), errc::ok);
}

TEST(Session, AMailIsTakenOnceAtATime) {
    conversation c;
    letter one, two;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(one.mail), errc::ok);
    EXPECT_EQ(c.s.send(one.mail), errc::wrong_state);
    EXPECT_EQ(c.s.send(two.mail), errc::ok);
    EXPECT_EQ(c.s.send(one.mail), errc::wrong_state);
    EXPECT_EQ(c.s.send(two.mail), errc::wrong_state);
    ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::read);
    EXPECT_EQ(c.mails, 1);
    EXPECT_EQ(c.s.send(two.mail), errc::wrong_state);
    EXPECT_EQ(c.s.send(one.mail), errc::ok) << "its turn is over";
    ASSERT_EQ(c.run(mail_taken + mail_taken).what, action::kind::ready);
    EXPECT_EQ(c.mails, 3);
    EXPECT_EQ(one.result().what, outcome::accepted);
    // On another connection nothing is under way.
    ASSERT_EQ(c.s.send(two.mail), errc::ok);
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    EXPECT_EQ(c.s.send(two.mail), errc::ok);
}

TEST(Session, SendClearsTheResultsOfAnEnvelopeUsedAgain) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    letter l;
    l.recipients[0].result.what = outcome::rejected;
    l.recipients[0].result.error = errc::refused;
    l.recipients[0].result.code = 550;
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    EXPECT_TRUE(l.result().open());
    ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
    EXPECT_EQ(l.result().what, outcome::accepted);
    EXPECT_EQ(l.result().code, 250);
}

TEST(Session, TheNullReversePathIsSent) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    letter l;
    l.mail.reverse_path = {};
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
    EXPECT_EQ(c.sent, "EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<to@example.com>\r\nDATA\r\n.\r\n");
}

// ---------------------------------------------------------------------------------------------------------------------
// Every call in every state: a mail is taken at any time until the session is over, or leaves

enum class with { nothing, mail, noop, reset, quit };

struct situation {
    const char* what;
    with asked;   ///< asked for directly after `start` (mail), or when ready
    texts server; ///< what the server has said so far
    action::kind now;
    bool takes_mail;    ///< send() is right
    bool takes_command; ///< noop(), reset(), quit() are right
};

const situation situations[] = {
    {"greeting is due", with::nothing, {}, action::kind::read, true, false},
    {"half a greeting", with::nothing, {"220 m"}, action::kind::read, true, false},
    {"EHLO is due", with::nothing, {"220 mx\r\n"}, action::kind::read, true, false},
    {"HELO is due", with::nothing, {"220 mx\r\n", "502 no\r\n"}, action::kind::read, true, false},
    {"ready", with::nothing, no_extensions, action::kind::ready, true, true},
    {"greeting is due, mail waits", with::mail, {}, action::kind::read, true, false},
    {"EHLO is due, mail waits", with::mail, {"220 mx\r\n"}, action::kind::read, true, false},
    {"MAIL is due", with::mail, no_extensions, action::kind::read, true, false},
    {"RCPT is due", with::mail, no_extensions + texts{"250 ok\r\n"}, action::kind::read, true, false},
    {"DATA is due", with::mail, no_extensions + texts{"250 ok\r\n", "250 ok\r\n"}, action::kind::read, true, false},
    {"content is wanted", with::mail, no_extensions + texts{"250 ok\r\n", "250 ok\r\n", "354 go\r\n"},
     action::kind::content, true, false},
    {"a group is due", with::mail, pipelining, action::kind::read, true, false},
    {"NOOP is due", with::noop, no_extensions, action::kind::read, true, false},
    {"RSET is due", with::reset, no_extensions, action::kind::read, true, false},
    {"QUIT is due", with::quit, no_extensions, action::kind::read, false, false},
    {"NOOP was answered", with::noop, no_extensions + texts{"250 ok\r\n"}, action::kind::ready, true, true},
    {"RSET was answered", with::reset, no_extensions + texts{"250 ok\r\n"}, action::kind::ready, true, true},
    {"QUIT was answered", with::quit, no_extensions + texts{"221 bye\r\n"}, action::kind::closed, false, false},
    {"refused greeting, QUIT is due", with::nothing, {"554 no\r\n"}, action::kind::read, false, false},
    {"refused greeting, closed", with::nothing, {"554 no\r\n", "221 bye\r\n"}, action::kind::closed, false, false},
    {"garbage", with::nothing, {"garbage\r\n"}, action::kind::closed, false, false},
    {"garbage, with a mail", with::mail, {"garbage\r\n"}, action::kind::closed, false, false},
    {"421 when ready", with::noop, no_extensions + texts{"250 ok\r\n421 bye\r\n"}, action::kind::closed, false, false},
};

TEST(Session, EveryCallInEveryState) {
    for (const situation& now : situations) {
        SCOPED_TRACE(now.what);
        for (const with call : {with::mail, with::noop, with::reset, with::quit}) {
            conversation c;
            letter l, other;
            ASSERT_EQ(c.s.start(plain_options()), errc::ok);
            c.content_goes_on = true;
            if (now.asked == with::mail) {
                ASSERT_EQ(c.s.send(l.mail), errc::ok);
            }
            if (now.asked != with::nothing && now.asked != with::mail) {
                ASSERT_EQ(c.run({now.server[0], now.server[1]}).what, action::kind::ready);
                const errc asked = now.asked == with::noop    ? c.s.noop()
                                   : now.asked == with::reset ? c.s.reset()
                                                              : c.s.quit();
                ASSERT_EQ(asked, errc::ok);
                c.run(texts(now.server.begin() + 2, now.server.end()));
            } else c.run(now.server);
            ASSERT_EQ(c.s.next(c.buffer).what, now.now);

            other.recipients[0].result.code = 999;
            const errc answer = call == with::mail    ? c.s.send(other.mail)
                                : call == with::noop  ? c.s.noop()
                                : call == with::reset ? c.s.reset()
                                                      : c.s.quit();
            const bool right = call == with::mail ? now.takes_mail : now.takes_command;
            EXPECT_EQ(answer, right ? errc::ok : errc::wrong_state) << "call " << static_cast<int>(call);
            if (right) continue;
            EXPECT_EQ(other.result().code, 999);
            EXPECT_EQ(c.s.next(c.buffer).what, now.now) << "a refused call changes nothing";
        }
    }
}

TEST(Session, EveryCallBeforeStart) {
    session<> s;
    letter l;
    EXPECT_EQ(s.send(l.mail), errc::wrong_state);
    EXPECT_EQ(s.noop(), errc::wrong_state);
    EXPECT_EQ(s.reset(), errc::wrong_state);
    EXPECT_EQ(s.quit(), errc::wrong_state);
}

// ---------------------------------------------------------------------------------------------------------------------
// ask()

TEST(Session, AskKnowsTheCommandsThatStandByThemselves) {
    const std::string longest(limits::framed_path, 'x'), longer(limits::framed_path + 1, 'x');
    struct row {
        phase command;
        std::string_view argument;
        errc expected;
        std::string_view line;
    };
    const row rows[] = {
        {phase::noop, "", errc::ok, "NOOP"},
        {phase::rset, "", errc::ok, "RSET"},
        {phase::help, "", errc::ok, "HELP"},
        {phase::help, "MAIL", errc::ok, "HELP MAIL"},
        {phase::vrfy, "bob", errc::ok, "VRFY bob"},
        {phase::expn, "a list", errc::ok, "EXPN a list"},
        {phase::etrn, "@b.example", errc::ok, "ETRN @b.example"},
        {phase::xforward, "ADDR=192.0.2.1 NAME=[UNAVAILABLE]", errc::ok, "XFORWARD ADDR=192.0.2.1 NAME=[UNAVAILABLE]"},
        {phase::xclient, "ADDR=192.0.2.1", errc::ok, "XCLIENT ADDR=192.0.2.1"},
        {phase::vrfy, "b\xC3\xBC", errc::ok, "VRFY b\xC3\xBC"},
        {phase::noop, "a", errc::invalid_parameter, ""},
        {phase::rset, "a", errc::invalid_parameter, ""},
        {phase::vrfy, "", errc::invalid_parameter, ""},
        {phase::expn, "", errc::invalid_parameter, ""},
        {phase::etrn, "", errc::invalid_parameter, ""},
        {phase::xforward, "", errc::invalid_parameter, ""},
        {phase::xclient, "", errc::invalid_parameter, ""},
        {phase::vrfy, longer, errc::invalid_parameter, ""},
        {phase::vrfy, "a\r\nQUIT", errc::invalid_parameter, ""},
        {phase::help, "a\n", errc::invalid_parameter, ""},
        {phase::help, "\x7F", errc::invalid_parameter, ""},
        {phase::etrn, std::string_view{"a\0", 2}, errc::invalid_parameter, ""},
        {phase::connect, "", errc::invalid_parameter, ""},
        {phase::greeting, "", errc::invalid_parameter, ""},
        {phase::ehlo, "a", errc::invalid_parameter, ""},
        {phase::helo, "a", errc::invalid_parameter, ""},
        {phase::auth, "PLAIN", errc::invalid_parameter, ""},
        {phase::mail, "FROM:<>", errc::invalid_parameter, ""},
        {phase::rcpt, "TO:<a>", errc::invalid_parameter, ""},
        {phase::data, "", errc::invalid_parameter, ""},
        {phase::content, "", errc::invalid_parameter, ""},
        {static_cast<phase>(200), "", errc::invalid_parameter, ""},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(testing::Message() << name(r.command) << ' ' << r.argument);
        conversation c;
        ASSERT_EQ(c.s.start(plain_options()), errc::ok);
        ASSERT_EQ(c.run(no_extensions).what, action::kind::ready);
        c.take_sent();
        EXPECT_EQ(c.s.ask(r.command, r.argument), r.expected);
        EXPECT_EQ(c.run().what, r.expected == errc::ok ? action::kind::read : action::kind::ready);
        EXPECT_EQ(c.sent, r.expected == errc::ok ? std::string(r.line) + "\r\n" : "");
    }
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(no_extensions).what, action::kind::ready);
    EXPECT_EQ(c.s.ask(phase::vrfy, longest), errc::ok);
}

// Content that cannot be had ends the session, and the mail behind it is none the worse.
TEST(Session, AMailBehindOneWhoseContentFails) {
    conversation c;
    letter first, second;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(first.mail), errc::ok);
    ASSERT_EQ(c.s.send(second.mail), errc::ok);
    c.content_goes_on = true;
    ASSERT_EQ(c.run(no_extensions + texts{"250 ok\r\n", "250 ok\r\n", "354 go\r\n"}).what, action::kind::content);
    c.s.content_failed();
    EXPECT_EQ(c.run().what, action::kind::closed);
    EXPECT_EQ(first.result().error, errc::body_failed);
    EXPECT_EQ(first.result().again(), status::retry::no);
    EXPECT_EQ(second.result().what, outcome::not_attempted);
    EXPECT_EQ(second.result().error, errc::cancelled);
    EXPECT_EQ(second.result().again(), status::retry::yes);
}

// Behind XCLIENT the session begins again: what is due is EHLO, and nothing that is asked for meanwhile.
TEST(Session, AskInTheMiddleOfTheNextBeginning) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(no_extensions).what, action::kind::ready);
    ASSERT_EQ(c.s.ask(phase::xclient, "ADDR=192.0.2.1"), errc::ok);
    ASSERT_EQ(c.run().what, action::kind::read);
    const std::string greeting = "220 mx\r\n";
    c.s.received(greeting);
    ASSERT_EQ(c.s.next(c.buffer).what, action::kind::answered);
    EXPECT_EQ(c.s.noop(), errc::wrong_state);
    c.take_sent();
    EXPECT_EQ(c.run({"250 mx\r\n"}).what, action::kind::ready);
    EXPECT_EQ(c.sent, "EHLO client.example\r\n");
    EXPECT_EQ(c.s.noop(), errc::ok);
}

// ---------------------------------------------------------------------------------------------------------------------
// What leaves does not depend on the buffer

conversation& whole_session(conversation& c, mechanism preferred) {
    session_options o = with_credentials("a rather long user name@example.com", "a password with 24 octets");
    o.auth.preferred = preferred;
    letter l{3};
    l.recipients[1].forward_path = *mailbox::parse("\"somebody with a longer name\"@a.rather.long.domain.example.com");
    EXPECT_EQ(c.s.start(o), errc::ok);
    EXPECT_EQ(c.s.send(l.mail), errc::ok);
    c.parts = {"Subject: hi\r\n\r\n.dot\n", "", "end"};
    texts server = {"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n"};
    if (preferred == mechanism::login) server = server + texts{"334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"};
    server = server + texts{"235 ok\r\n", "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", "250 taken\r\n"};
    EXPECT_EQ(c.run(server).what, action::kind::ready);
    EXPECT_EQ(l.result(2).what, outcome::accepted);
    EXPECT_EQ(c.s.noop(), errc::ok);
    EXPECT_EQ(c.run({"250 ok\r\n"}).what, action::kind::ready);
    EXPECT_EQ(c.s.quit(), errc::ok);
    EXPECT_EQ(c.run({"221 bye\r\n"}).what, action::kind::closed);
    return c;
}

TEST(Session, EveryBufferGivesTheSameOctets) {
    for (const mechanism preferred : {mechanism::plain, mechanism::login}) {
        conversation large{4096};
        whole_session(large, preferred);
        ASSERT_NE(large.sent.find("\r\nDATA\r\nSubject: hi\r\n\r\n..dot\r\nend\r\n.\r\nNOOP\r\nQUIT\r\n"),
                  std::string::npos)
            << large.sent;
        for (std::size_t size = 8; size <= 140; ++size) {
            conversation small{size};
            whole_session(small, preferred);
            ASSERT_EQ(small.sent, large.sent) << size;
            ASSERT_EQ(small.sent_secret, large.sent_secret) << size;
            ASSERT_EQ(small.sent_limit, large.sent_limit) << size;
            ASSERT_EQ(small.reads.size(), large.reads.size()) << "waits, " << size;
        }
    }
}

TEST(Session, OnlyTheLastPieceOfALineEndsIt) {
    for (const std::size_t size : {8u, 13u, 64u, 4096u}) {
        conversation c{size};
        whole_session(c, mechanism::plain);
        std::size_t ends = 0;
        for (const action& a : c.writes) {
            EXPECT_GT(a.octets.size(), 0u);
            if (a.own) {
                EXPECT_LE(a.octets.size(), size);
            }
            EXPECT_EQ(a.secret(), a.where == phase::auth);
            EXPECT_EQ(a.own, a.where != phase::content);
            ends += a.ends;
        }
        // EHLO, AUTH, MAIL, 3 RCPT, DATA, the content, NOOP, QUIT
        EXPECT_EQ(ends, 10u) << size;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Waits

TEST(Session, LimitOfEveryWait) {
    conversation c;
    session_options o = with_credentials("user", "password");
    letter l;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    c.parts = {"hi"};
    ASSERT_EQ(c.run({"220 mx\r\n", "502 what?\r\n", "250 mx\r\n", "221 bye\r\n"}).what, action::kind::closed);
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(texts{"220 mx\r\n", "250-mx\r\n250 AUTH PLAIN\r\n", "235 ok\r\n"} + mail_taken).what,
              action::kind::ready);
    ASSERT_EQ(c.s.noop(), errc::ok);
    ASSERT_EQ(c.run({"250 ok\r\n"}).what, action::kind::ready);
    ASSERT_EQ(c.s.reset(), errc::ok);
    ASSERT_EQ(c.run({"250 ok\r\n"}).what, action::kind::ready);
    ASSERT_EQ(c.s.quit(), errc::ok);
    ASSERT_EQ(c.run({"221 bye\r\n"}).what, action::kind::closed);

    struct wait {
        phase where;
        unsigned seconds;
    };
    constexpr wait waits[] = {
        {phase::greeting, 300},                                        // RFC 5321 §4.5.3.2.1
        {phase::ehlo, 300},     {phase::helo, 300}, {phase::quit, 10}, // AUTH is needed and not to be had
        {phase::greeting, 300}, {phase::ehlo, 300}, {phase::auth, 300}, {phase::mail, 300}, // §4.5.3.2.2
        {phase::rcpt, 300},                                                                 // §4.5.3.2.3
        {phase::data, 120},                                                                 // §4.5.3.2.4
        {phase::content, 600},                                                              // §4.5.3.2.6
        {phase::noop, 300},     {phase::rset, 300}, {phase::quit, 10},
    };
    ASSERT_EQ(c.reads.size(), std::size(waits));
    for (std::size_t i = 0; i != std::size(waits); ++i) {
        EXPECT_EQ(c.reads[i].where, waits[i].where) << i;
        EXPECT_EQ(c.reads[i].limit(), waits[i].seconds) << i;
    }
    for (const action& a : c.writes) EXPECT_EQ(a.limit(), time_limit_seconds(a.where));
}

// Who asks for content may first have to send the part before.
TEST(Session, LimitOfContentAndOfWhatNeedsNoTime) {
    conversation c;
    letter l;
    c.content_goes_on = true;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    const action a = c.run(no_extensions + texts{"250 ok\r\n", "250 ok\r\n", "354 go\r\n"});
    ASSERT_EQ(a.what, action::kind::content);
    EXPECT_EQ(a.limit(), 180);
    c.s.content_failed();
    EXPECT_EQ(c.run().limit(), 0);
}

// A server that answers before it has the whole group: the recipient is refused while DATA is half written.
TEST(Session, ALineThatWasBegunIsFinished) {
    conversation c{1};
    letter l;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(texts{"220 mx\r\n"}).what, action::kind::read);
    c.take_sent();
    c.s.received("250-mx\r\n250 PIPELINING\r\n");
    const std::string group = "MAIL FROM:<from@example.com>\r\nRCPT TO:<to@example.com>\r\nDATA\r\n";
    std::string sent;
    while (sent.size() != group.size() - 5) {
        const action a = c.s.next(c.buffer);
        ASSERT_EQ(a.what, action::kind::write);
        c.s.wrote(a.octets.size());
        sent += a.octets;
    }
    ASSERT_EQ(sent.back(), 'D');
    c.s.received("250 ok\r\n550 no\r\n");
    EXPECT_EQ(c.run({"503 no\r\n"}).what, action::kind::ready);
    EXPECT_EQ(c.take_sent(), "ATA\r\n");
    EXPECT_EQ(l.recipients[0].result.code, 550);
}

// An AUTH line that finds no room is cut, and what is left of its last word is not taken for a mechanism.
TEST(Session, HalfAMechanismIsNone) {
    for (const char* behind : {"", "X"}) {
        session<128> s;
        std::array<char, 64> buffer;
        ASSERT_EQ(s.start(plain_options()), errc::ok);
        s.received("220 mx\r\n");
        ASSERT_EQ(s.next(buffer).what, action::kind::write);
        const std::string line = "250 AUTH LOGIN " + std::string(128 - 17, 'X') + " PLAIN" + behind + "\r\n";
        const std::string reply = "250-mx\r\n" + line;
        s.received(reply);
        EXPECT_EQ(s.next(buffer).what, action::kind::ready);
        EXPECT_TRUE(s.offered().mechanisms.has(mechanism::login));
        EXPECT_EQ(s.offered().mechanisms.has(mechanism::plain), *behind == '\0') << behind; // 128 octets find room
    }
}

// A keyword that finds no room is none at all, and costs the lines behind it nothing.
TEST(Session, ALineThatIsCutCostsTheNextNothing) {
    session<128> s;
    std::array<char, 64> buffer;
    ASSERT_EQ(s.start(plain_options()), errc::ok);
    s.received("220 mx\r\n");
    ASSERT_EQ(s.next(buffer).what, action::kind::write);
    const std::string reply = "250-mx\r\n250-" + std::string(200, 'X') + "\r\n250-PIPELINING\r\n250 AUTH LOGIN\r\n";
    s.received(reply);
    EXPECT_EQ(s.next(buffer).what, action::kind::ready);
    EXPECT_TRUE(s.offered().has(extension::pipelining));
    EXPECT_TRUE(s.offered().mechanisms.has(mechanism::login));
}

// A group has the limit of each reply in turn.
TEST(Session, LimitsWithinAGroup) {
    conversation c;
    letter l;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(pipelining + mail_taken).what, action::kind::ready);
    std::vector<unsigned> limits;
    for (const action& a : c.reads) limits.push_back(a.limit());
    EXPECT_EQ(limits, (std::vector<unsigned>{300, 300, 300, 300, 120, 600}));
}

TEST(Session, SerialStaysUntilAReplyIsWhole) {
    for (const texts& hello : {no_extensions, pipelining}) {
        conversation c;
        letter l{2};
        ASSERT_EQ(c.s.start(plain_options()), errc::ok);
        ASSERT_EQ(c.s.send(l.mail), errc::ok);
        const texts all =
            hello + texts{"250-ok\r\n250 2.1.0 ok\r\n", "250 ok\r\n", "550 no\r\n", "354 go\r\n", "250 taken\r\n"};
        std::vector<std::uint32_t> serials;
        for (const std::string& reply : all) {
            const std::uint32_t serial = c.run().serial;
            for (const std::uint32_t before : serials) EXPECT_NE(serial, before) << "of " << reply;
            serials.push_back(serial);
            for (std::size_t i = 0; i + 1 != reply.size(); ++i)
                EXPECT_EQ(c.run({reply.substr(i, 1)}).serial, serial) << i << " octets of " << reply;
            const action a = c.run({reply.substr(reply.size() - 1)});
            EXPECT_NE(a.serial, serial) << reply;
        }
        EXPECT_EQ(l.result(0).what, outcome::accepted);
        EXPECT_EQ(l.result(1).what, outcome::rejected);
    }
}

TEST(Session, SerialGoesOnAfterARestart) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    const std::uint32_t first = c.run().serial;
    ASSERT_EQ(c.run({"220 mx\r\n", "554 no\r\n", "221 bye\r\n"}).what, action::kind::closed);
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    EXPECT_NE(c.run().serial, first);
}

// ---------------------------------------------------------------------------------------------------------------------
// Content

const std::string envelope_sent =
    "EHLO client.example\r\nMAIL FROM:<from@example.com>\r\nRCPT TO:<to@example.com>\r\nDATA\r\n";

TEST(Session, ContentInManyParts) {
    const std::string text = ".a\r\n.\r\n\nb\r\rc\n..\r\n";
    const std::string wire = envelope_sent + "..a\r\n..\r\n\r\nb\r\n\r\nc\r\n...\r\n.\r\n";
    for (std::size_t one = 0; one <= text.size(); ++one)
        for (std::size_t two = one; two <= text.size(); ++two) {
            conversation c{8};
            letter l;
            ASSERT_EQ(c.s.start(plain_options()), errc::ok);
            ASSERT_EQ(c.s.send(l.mail), errc::ok);
            c.parts = {text.substr(0, one), "", text.substr(one, two - one), "", "", text.substr(two)};
            ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
            ASSERT_EQ(c.sent, wire) << one << ' ' << two;
            ASSERT_EQ(l.result().what, outcome::accepted);
        }
}

TEST(Session, EmptyContent) {
    for (const texts& parts : {texts{}, texts{""}, texts{"", "", ""}}) {
        conversation c;
        letter l;
        ASSERT_EQ(c.s.start(plain_options()), errc::ok);
        ASSERT_EQ(c.s.send(l.mail), errc::ok);
        c.parts = parts;
        ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
        EXPECT_EQ(c.sent, envelope_sent + ".\r\n");
        EXPECT_EQ(l.result().what, outcome::accepted);
    }
}

TEST(Session, ContentIsNotCopied) {
    conversation c;
    letter l;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    c.content_goes_on = true;
    ASSERT_EQ(c.run(no_extensions + texts{"250 ok\r\n", "250 ok\r\n", "354 go\r\n"}).what, action::kind::content);
    const std::string text = "Subject: hi\r\n\r\nhello, world";
    c.s.content(text);
    const action a = c.s.next(c.buffer);
    ASSERT_EQ(a.what, action::kind::write);
    EXPECT_EQ(a.octets.data(), text.data());
    EXPECT_EQ(a.octets.size(), text.size());
    EXPECT_FALSE(a.own);
    EXPECT_FALSE(a.ends);
    EXPECT_EQ(a.limit(), 180);
}

TEST(Session, ContentThatFailsIsAbandonedWithoutADot) {
    for (const texts& parts : {texts{}, texts{"Subject: hi\r\n\r\nhel"}, texts{"a\r\n"}, texts{"a\r"}}) {
        conversation c;
        letter l{2};
        ASSERT_EQ(c.s.start(plain_options()), errc::ok);
        ASSERT_EQ(c.s.send(l.mail), errc::ok);
        c.parts = parts;
        c.content_goes_on = true;
        ASSERT_EQ(c.run(no_extensions + texts{"250 ok\r\n", "550 no\r\n", "250 ok\r\n", "354 go\r\n"}).what,
                  action::kind::content);
        c.take_sent();
        c.s.content_failed();
        EXPECT_EQ(c.run().what, action::kind::closed);
        EXPECT_EQ(c.sent, "");
        EXPECT_EQ(c.mails, 1);
        EXPECT_EQ(c.s.error(), errc::body_failed);
        EXPECT_EQ(c.s.where(), phase::content);
        EXPECT_EQ(l.result(0).code, 550) << "its own refusal came first";
        EXPECT_EQ(l.result(1).what, outcome::deferred);
        EXPECT_EQ(l.result(1).error, errc::body_failed);
    }
}

TEST(Session, BareLineEndingsAreRefusedWhereTheCallerSaysSo) {
    for (const texts& parts :
         {texts{"a\nb"}, texts{"a\rb"}, texts{"a\r", "b"}, texts{"a\r"}, texts{"a\r", "", "\r\n"}, texts{"\n"}}) {
        conversation c;
        letter l;
        session_options o = plain_options();
        o.content = line_ends::refuse;
        ASSERT_EQ(c.s.start(o), errc::ok);
        ASSERT_EQ(c.s.send(l.mail), errc::ok);
        c.parts = parts;
        ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::closed);
        EXPECT_EQ(c.s.error(), errc::bare_line_ending);
        EXPECT_EQ(c.sent, envelope_sent + (parts[0][0] == 'a' ? "a" : ""));
        EXPECT_EQ(l.result().what, outcome::deferred);
        EXPECT_EQ(l.result().error, errc::bare_line_ending);
        EXPECT_EQ(c.mails, 1);
    }
    conversation c;
    letter l;
    session_options o = plain_options();
    o.content = line_ends::refuse;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    c.parts = {"a\r", "\n.\r\n"};
    EXPECT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
    EXPECT_EQ(c.sent, envelope_sent + "a\r\n..\r\n.\r\n");
}

// Who holds what was gathered elsewhere, and has no room for a line: nothing is rendered, and nothing is lost.
TEST(Session, AnEmptyBufferAsksForAFlush) {
    conversation c;
    letter l;
    l.mail.content = {.text = "hi\r\n"};
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    EXPECT_EQ(c.s.next({}).what, action::kind::read);
    c.s.received("220 mx\r\n");
    for (int i = 0; i != 3; ++i) {
        const action a = c.s.next({});
        EXPECT_EQ(a.what, action::kind::write);
        EXPECT_EQ(a.where, phase::ehlo);
        EXPECT_EQ(a.octets, "");
        EXPECT_FALSE(a.ends);
    }
    ASSERT_EQ(c.run({"250 mx\r\n"}).what, action::kind::read);
    c.s.received("250 ok\r\n");
    const action a = c.s.next({});
    EXPECT_EQ(a.what, action::kind::write);
    EXPECT_EQ(a.where, phase::rcpt);
    EXPECT_EQ(a.mail, &l.mail);
    EXPECT_EQ(a.octets, "");
    ASSERT_EQ(c.run({"250 ok\r\n", "354 go\r\n"}).where, phase::content);
    EXPECT_EQ(c.sent, envelope_sent + "hi\r\n.\r\n");
    EXPECT_EQ(l.mail.progress.content_octets(), 7u);
    EXPECT_EQ(l.mail.progress.transactions(), 1u);
}

// The end of the content counts as sent by what the system took.
TEST(Session, LostBeforeAndAfterTheLastOctet) {
    for (const bool all : {false, true}) {
        conversation c;
        letter l;
        ASSERT_EQ(c.s.start(plain_options()), errc::ok);
        ASSERT_EQ(c.s.send(l.mail), errc::ok);
        c.content_goes_on = true;
        ASSERT_EQ(c.run(no_extensions + texts{"250 ok\r\n", "250 ok\r\n", "354 go\r\n"}).what, action::kind::content);
        c.s.content("hi");
        c.s.end_of_content();
        std::size_t given = 0;
        for (action a = c.s.next(c.buffer); a.what == action::kind::write; a = c.s.next(c.buffer))
            given += a.octets.size();
        ASSERT_EQ(given, std::string("hi\r\n.\r\n").size());
        c.s.wrote(all ? given : given - 1);
        c.s.failed(errc::connection_reset);
        EXPECT_EQ(c.run().what, action::kind::closed);
        EXPECT_EQ(l.result().what, all ? outcome::unknown : outcome::deferred);
        EXPECT_EQ(l.result().error, errc::connection_reset);
        EXPECT_EQ(c.s.error(), errc::connection_reset);
        EXPECT_EQ(c.s.where(), phase::content);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// One session, many mails and many connections

TEST(Session, RestartAfterClosedForgetsTheOldConnection) {
    conversation c;
    letter l;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    c.parts = {"hi"};
    ASSERT_EQ(c.run({"220 mx\r\n", "250-mx\r\n250-SIZE 5\r\n250 PIPELINING\r\n", "250 ok\r\n", "550-half a r"}).what,
              action::kind::read);
    EXPECT_TRUE(c.s.offered().has(extension::pipelining));
    c.s.failed(errc::timed_out);
    ASSERT_EQ(c.run().what, action::kind::closed);
    EXPECT_EQ(c.s.error(), errc::timed_out);
    EXPECT_EQ(l.result().what, outcome::deferred);

    c.take_sent();
    c.reads.clear();
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    EXPECT_EQ(c.s.error(), errc::ok);
    EXPECT_FALSE(c.s.offered().has(extension::pipelining));
    EXPECT_EQ(c.s.offered().size_limit, 0u);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
    EXPECT_EQ(c.sent, envelope_sent + "hi\r\n.\r\n") << "and no RSET for the mail that was open";
    EXPECT_EQ(c.reads.size(), 6u) << "one command at a time";
    EXPECT_EQ(l.result().what, outcome::accepted);
}

TEST(Session, RestartInTheMiddleForgetsTheMail) {
    conversation c;
    letter first, second;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(first.mail), errc::ok);
    ASSERT_EQ(c.run(no_extensions + texts{"250 ok\r\n"}).what, action::kind::read);
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    c.take_sent();
    ASSERT_EQ(c.s.send(second.mail), errc::ok);
    ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
    EXPECT_EQ(c.mails, 1);
    EXPECT_EQ(second.result().what, outcome::accepted);
    EXPECT_TRUE(first.result().open());
}

// How one mail of many goes, and whether the server is left with a reverse-path that only RSET takes away.
struct fate {
    texts server;
    outcome result;
    bool leaves_it_open;
};

const fate fates_without_pipelining[] = {
    {{"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n"}, outcome::accepted, false},
    {{"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "554 spam\r\n"}, outcome::rejected, false},
    {{"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "451 later\r\n"}, outcome::deferred, false},
    {{"550 not you\r\n"}, outcome::rejected, false},
    {{"250 ok\r\n", "550 unknown\r\n"}, outcome::rejected, true},
    {{"250 ok\r\n", "450 grey\r\n"}, outcome::deferred, true},
    {{"250 ok\r\n", "250 ok\r\n", "451 no\r\n"}, outcome::deferred, true},
};

const fate fates_with_pipelining[] = {
    {{"250 ok\r\n250 ok\r\n354 go\r\n", "250 taken\r\n"}, outcome::accepted, false},
    {{"250 ok\r\n250 ok\r\n354 go\r\n", "554 spam\r\n"}, outcome::rejected, false},
    {{"550 not you\r\n503 no\r\n503 no\r\n"}, outcome::rejected, false},
    {{"250 ok\r\n550 unknown\r\n554 no\r\n"}, outcome::rejected, true},
    {{"250 ok\r\n250 ok\r\n451 no\r\n"}, outcome::deferred, true},
    {{"250 ok\r\n550 unknown\r\n354 go\r\n", "554 nobody\r\n"}, outcome::rejected, false}, // a lone dot ended it
};

void thousand_mails(const texts& hello, std::span<const fate> fates, bool pipelined) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(hello).what, action::kind::ready);
    bool open = false;
    std::size_t dice = 1;
    for (int i = 0; i != 1000; ++i) {
        dice = (dice * 1103515245 + 12345) % 2147483648; // in any order, and the same each time
        const fate& f = fates[(dice >> 16) % fates.size()];
        letter l;
        c.take_sent();
        c.parts = {"hi"};
        ASSERT_EQ(c.s.send(l.mail), errc::ok) << i;
        texts server = f.server;
        if (open && pipelined) server.front().insert(0, "250 reset\r\n");
        if (open && !pipelined) server.push_front("250 reset\r\n");
        ASSERT_EQ(c.run(server).what, action::kind::ready) << i;
        ASSERT_EQ(c.mails, i + 1);
        ASSERT_EQ(l.result().what, f.result) << i;
        ASSERT_TRUE(c.replies.empty()) << i;
        ASSERT_EQ(c.sent.starts_with("RSET\r\nMAIL FROM:"), open) << i << c.sent;
        ASSERT_EQ(c.sent.find("RSET", 1), std::string::npos);
        open = f.leaves_it_open;
    }
    ASSERT_EQ(c.s.quit(), errc::ok);
    c.take_sent();
    ASSERT_EQ(c.run({"221 bye\r\n"}).what, action::kind::closed);
    EXPECT_EQ(c.sent, "QUIT\r\n");
    EXPECT_EQ(c.s.error(), errc::ok);
}

TEST(Session, AThousandMailsOneCommandAtATime) { thousand_mails(no_extensions, fates_without_pipelining, false); }

TEST(Session, AThousandMailsInGroups) { thousand_mails(pipelining, fates_with_pipelining, true); }

TEST(Session, AnAskedResetTakesTheReversePathAway) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    letter l;
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(no_extensions + texts{"250 ok\r\n", "550 no\r\n"}).what, action::kind::ready);
    ASSERT_EQ(c.s.reset(), errc::ok);
    ASSERT_EQ(c.run({"250 ok\r\n"}).what, action::kind::ready);
    EXPECT_EQ(c.answers, 1);
    c.take_sent();
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(mail_taken).what, action::kind::ready);
    EXPECT_TRUE(c.sent.starts_with("MAIL FROM:"));
}

// `where`: the phase in which the session, or its last mail, ended.
TEST(Session, WhereItEnded) {
    conversation c;
    letter l;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(c.run(no_extensions + mail_taken).what, action::kind::ready);
    ASSERT_EQ(c.s.quit(), errc::ok);
    ASSERT_EQ(c.run({"221 bye\r\n"}).what, action::kind::closed);
    EXPECT_EQ(c.s.where(), phase::quit);
}

// The reply that ended a mail, and a 421 behind it in the same octets.
TEST(Session, LastReplyAtTheEndOfAMailIsTheOneThatEndedIt) {
    for (const bool taken : {true, false}) {
        conversation c;
        letter one;
        ASSERT_EQ(c.s.start(plain_options()), errc::ok);
        ASSERT_EQ(c.s.send(one.mail), errc::ok);
        c.parts = {"Hello.\r\n"};
        c.run({"220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"});
        const std::string end = taken ? "250 queued\r\n421 bye\r\n" : "554 no\r\n421 bye\r\n";
        c.s.received(end);
        action a = c.s.next(c.buffer);
        if (!taken) {
            ASSERT_EQ(a.what, action::kind::refused);
            EXPECT_EQ(c.s.last_reply().text, "no");
            a = c.s.next(c.buffer);
        }
        ASSERT_EQ(a.what, action::kind::mail);
        EXPECT_EQ(c.s.last_reply().code, taken ? 250 : 554);
        EXPECT_EQ(c.s.last_reply().text, taken ? "queued" : "no");
        EXPECT_EQ(c.s.next(c.buffer).what, action::kind::closed);
        EXPECT_EQ(c.s.error(), errc::refused);
    }
}

TEST(Session, WhatFollowsARefusalIsNoAnswerToQuit) {
    conversation c;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    EXPECT_EQ(c.run({"554 go away\r\n421 now\r\n"}).what, action::kind::read);
    EXPECT_EQ(c.sent, "QUIT\r\n");
    EXPECT_EQ(c.run({"221 bye\r\n"}).what, action::kind::closed);
}

// A reply may come while a line was given out in part. QUIT would be read as the rest of that line.
TEST(Session, NoQuitBehindHalfALine) {
    for (const char* reply : {"421 bye\r\n", "350 what?\r\n", "nonsense\r\n"}) {
        SCOPED_TRACE(reply);
        conversation c{19};
        letter one;
        ASSERT_EQ(c.s.start(plain_options()), errc::ok);
        ASSERT_EQ(c.run(pipelining).what, action::kind::ready);
        ASSERT_EQ(c.s.send(one.mail), errc::ok);
        c.take_sent();
        while (c.sent.find("RCPT") == c.sent.npos) {
            const action a = c.s.next(c.buffer);
            ASSERT_EQ(a.what, action::kind::write);
            c.sent += a.octets;
            c.s.wrote(a.octets.size());
        }
        ASSERT_FALSE(c.sent.ends_with("\r\n"));
        c.s.received(reply);
        action a = c.s.next(c.buffer);
        for (int i = 0; i != 5 && a.what != action::kind::closed; ++i) {
            EXPECT_NE(a.what, action::kind::write);
            a = c.s.next(c.buffer);
        }
        EXPECT_EQ(a.what, action::kind::closed);
        EXPECT_FALSE(a.ends) << "what was gathered is no QUIT";
        EXPECT_EQ(one.result().what, *reply == '4' ? outcome::deferred : outcome::not_attempted);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Replies that come before the system has taken what was given out

const texts chunking = {"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"};
const texts chunking_and_auth = {"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH PLAIN\r\n"};

// Goes on until there is nothing to write; of what was given out the system has taken all but the last `kept` octets.
action write_all(conversation& c, std::size_t kept) {
    std::size_t given = 0;
    for (;;) {
        const action a = c.s.next(c.buffer);
        if (a.what != action::kind::write) {
            c.s.wrote(given - kept);
            return a;
        }
        c.sent += a.octets;
        given += a.octets.size();
    }
}

// The memory of the mail is still to be read from: it is not the caller's again before the last octet has left.
TEST(Session, BdatIsRefusedBeforeItHasLeft) {
    conversation c;
    letter l;
    l.mail.content = {.text = "hi\r\n"};
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(chunking).what, action::kind::ready);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(write_all(c, 1).what, action::kind::read);
    c.s.received("250 ok\r\n250 ok\r\n554 spam\r\n");
    EXPECT_EQ(c.s.next(c.buffer).what, action::kind::refused);
    for (int i = 0; i != 3; ++i) {
        const action a = c.s.next(c.buffer);
        EXPECT_EQ(a.what, action::kind::write);
        EXPECT_EQ(a.octets, "");
    }
    EXPECT_EQ(l.result().code, 554);
    c.s.wrote(1);
    EXPECT_EQ(c.s.next(c.buffer).what, action::kind::mail);
    EXPECT_EQ(c.s.next(c.buffer).what, action::kind::ready);
}

TEST(Session, BdatIsAcceptedBeforeItHasLeft) {
    conversation c;
    letter l;
    l.mail.content = {.text = "hi\r\n"};
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(chunking).what, action::kind::ready);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    ASSERT_EQ(write_all(c, 1).what, action::kind::read);
    c.s.received("250 ok\r\n250 ok\r\n250 taken\r\n");
    EXPECT_EQ(c.s.next(c.buffer).what, action::kind::mail);
    EXPECT_EQ(l.result().what, outcome::deferred);
    EXPECT_EQ(l.result().error, errc::unexpected_reply);
    const action a = c.s.next(c.buffer);
    EXPECT_EQ(a.what, action::kind::closed);
    EXPECT_FALSE(a.ends) << "a QUIT would be the rest of the chunk";
    EXPECT_EQ(c.s.error(), errc::unexpected_reply);
}

// `eager`: what has left cannot be called back, but what would complete a mail does not leave any more.
TEST(Session, AuthIsRefusedBeforeTheMailHasLeft) {
    for (const std::size_t kept : {0u, 1u, 5u}) {
        conversation c;
        letter l;
        l.mail.content = {.text = "hi\r\n"};
        session_options o = with_credentials("user", "password");
        o.auth_with = auth_flight::eager;
        ASSERT_EQ(c.s.start(o), errc::ok);
        ASSERT_EQ(c.s.send(l.mail), errc::ok);
        ASSERT_EQ(c.run({"220 mx\r\n"}).what, action::kind::read);
        c.s.received(chunking_and_auth[1]);
        ASSERT_EQ(write_all(c, kept).what, action::kind::read);
        c.s.received("535 no\r\n");
        EXPECT_EQ(c.s.next(c.buffer).what, kept == 0 ? action::kind::read : action::kind::refused);
        if (kept == 0) c.s.failed(errc::connection_closed);
        ASSERT_EQ(c.s.next(c.buffer).what, action::kind::mail);
        EXPECT_EQ(l.result().what, kept == 0 ? outcome::unknown : outcome::rejected);
        EXPECT_EQ(c.s.next(c.buffer).what, action::kind::closed);
    }
}

// The same in the middle of the second mail's chunk: the first has left, and what became of it is not known.
TEST(Session, AuthIsRefusedInTheMiddleOfAChunk) {
    conversation c;
    letter one, two;
    one.mail.content = {.text = "hi\r\n"};
    two.mail.content.size = 4;
    two.mail.content.exact_size = true;
    session_options o = with_credentials("user", "password");
    o.auth_with = auth_flight::eager;
    o.look_ahead = 2;
    ASSERT_EQ(c.s.start(o), errc::ok);
    ASSERT_EQ(c.s.send(one.mail), errc::ok);
    ASSERT_EQ(c.s.send(two.mail), errc::ok);
    c.content_goes_on = true;
    c.parts = {"h"};
    ASSERT_EQ(c.run(chunking_and_auth).what, action::kind::content);
    ASSERT_TRUE(c.sent.ends_with("BDAT 4 LAST\r\nh"));
    c.s.received("535 no\r\n");
    const action a = c.s.next(c.buffer);
    ASSERT_EQ(a.what, action::kind::refused);
    EXPECT_EQ(a.mail, &two.mail);
    ASSERT_EQ(c.s.next(c.buffer).what, action::kind::mail);
    ASSERT_EQ(c.s.next(c.buffer).what, action::kind::mail);
    EXPECT_EQ(one.result().what, outcome::unknown);
    EXPECT_EQ(two.result().what, outcome::rejected);
    EXPECT_EQ(two.result().where, phase::auth);
    EXPECT_EQ(c.s.next(c.buffer).what, action::kind::closed);
    EXPECT_EQ(c.s.error(), errc::refused);
    EXPECT_EQ(c.s.where(), phase::auth);
}

// A mail that was not sent, since it does not fit, stands between the one in doubt and the one under way.
TEST(Session, AuthIsRefusedAndAMailInBetweenDidNotFit) {
    conversation c;
    letter one, two, three;
    one.mail.content = {.text = "hi\r\n"};
    two.mail.required.add(extension::dsn);
    three.mail.content = {.text = "hi\r\n"};
    three.mail.policy = recipient_policy::all_or_nothing;
    session_options o = with_credentials("user", "password");
    o.auth_with = auth_flight::eager;
    o.look_ahead = 3;
    ASSERT_EQ(c.s.start(o), errc::ok);
    for (letter* l : {&one, &two, &three}) ASSERT_EQ(c.s.send(l->mail), errc::ok);
    ASSERT_EQ(c.run(chunking_and_auth).what, action::kind::read);
    ASSERT_TRUE(c.sent.ends_with("hi\r\nRSET\r\nMAIL FROM:<from@example.com>\r\nRCPT TO:<to@example.com>\r\n"))
        << c.sent;
    c.take_sent();
    ASSERT_EQ(c.run({"535 no\r\n", "530 no\r\n503 no\r\n503 no\r\n", "250 ok\r\n530 no\r\n503 no\r\n"}).what,
              action::kind::read);
    EXPECT_EQ(c.sent, "QUIT\r\n");
    EXPECT_EQ(c.mails, 3);
    EXPECT_EQ(one.result().code, 535);
    EXPECT_EQ(two.result().error, errc::extension_unavailable);
    EXPECT_EQ(three.result().code, 535);
}

// ---------------------------------------------------------------------------------------------------------------------
// Mails that wait

TEST(Session, AMailWaitsForTheAnswerToNoop) {
    conversation c;
    letter l;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(pipelining).what, action::kind::ready);
    ASSERT_EQ(c.s.noop(), errc::ok);
    ASSERT_EQ(c.run().what, action::kind::read);
    EXPECT_FALSE(c.s.wants_mail());
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    c.take_sent();
    EXPECT_EQ(c.run().what, action::kind::read);
    EXPECT_EQ(c.sent, "");
    EXPECT_EQ(c.run({"250 ok\r\n", "250 ok\r\n250 ok\r\n354 go\r\n", "250 taken\r\n"}).what, action::kind::ready);
    EXPECT_EQ(l.result().what, outcome::accepted);
}

// 421 to a recipient; a mail that has not begun goes the way of the session.
TEST(Session, AMailThatWaitsDoesNotBeginBehind421) {
    conversation c;
    letter one{2}, two;
    one.mail.content = two.mail.content = {.text = "hi\r\n"};
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(one.mail), errc::ok);
    ASSERT_EQ(c.s.send(two.mail), errc::ok);
    ASSERT_EQ(c.run(chunking).what, action::kind::read);
    c.take_sent();
    EXPECT_EQ(c.run({"250 ok\r\n", "421 bye\r\n", "250 ok\r\n"}).what, action::kind::read);
    EXPECT_EQ(c.sent, "");
    EXPECT_EQ(c.run({"250 taken\r\n"}).what, action::kind::read);
    EXPECT_EQ(c.sent, "QUIT\r\n");
    EXPECT_EQ(one.result(0).code, 421);
    EXPECT_EQ(one.result(1).what, outcome::accepted);
    EXPECT_EQ(two.result().what, outcome::deferred);
    EXPECT_EQ(two.result().code, 421);
}

// The one that was answered is told of, and not the one that the connection was lost for.
TEST(Session, RefusedInTheMiddleAndAnotherMailWaits) {
    conversation c;
    letter one, two;
    c.content_goes_on = true;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.s.send(one.mail), errc::ok);
    ASSERT_EQ(c.s.send(two.mail), errc::ok);
    ASSERT_EQ(c.run(no_extensions + texts{"250 ok\r\n", "250 ok\r\n", "354 go\r\n"}).what, action::kind::content);
    c.s.received("552 too large\r\n");
    const action a = c.s.next(c.buffer);
    ASSERT_EQ(a.what, action::kind::refused);
    EXPECT_EQ(a.mail, &one.mail);
    ASSERT_EQ(c.run().what, action::kind::closed);
    EXPECT_EQ(c.refusals, 0);
    EXPECT_EQ(c.mails, 2);
    EXPECT_EQ(one.result().code, 552);
    EXPECT_EQ(two.result().what, outcome::not_attempted);
    EXPECT_EQ(two.result().code, 0);
}

// The original client says AUTH also with nothing to say.
TEST(Session, AttemptWithoutAUserName) {
    for (const auth_when when : {auth_when::attempt, auth_when::required}) {
        conversation c;
        session_options o = with_credentials("", "");
        o.auth.when = when;
        ASSERT_EQ(c.s.start(o), errc::ok);
        ASSERT_EQ(c.run(no_extensions).what, when == auth_when::attempt ? action::kind::read : action::kind::ready);
        EXPECT_EQ(c.sent, when == auth_when::attempt ? "EHLO client.example\r\nAUTH PLAIN AAA=\r\n"
                                                     : "EHLO client.example\r\n");
    }
}

// The caller may give up at any time: no RSET behind half a line.
TEST(Session, ContentFailsInTheMiddleOfABdatLine) {
    conversation c{5};
    letter l;
    l.mail.content.chunks = true;
    ASSERT_EQ(c.s.start(plain_options()), errc::ok);
    ASSERT_EQ(c.run(chunking).what, action::kind::ready);
    ASSERT_EQ(c.s.send(l.mail), errc::ok);
    c.take_sent();
    while (!c.sent.ends_with("\r\nBDAT ")) {
        const action a = c.s.next(c.buffer);
        if (a.what == action::kind::content) {
            c.s.content("a");
            continue;
        }
        ASSERT_EQ(a.what, action::kind::write);
        c.sent += a.octets;
        c.s.wrote(a.octets.size());
    }
    c.s.content_failed();
    EXPECT_EQ(c.s.next(c.buffer).what, action::kind::mail);
    EXPECT_EQ(c.s.next(c.buffer).what, action::kind::closed);
    EXPECT_EQ(c.s.error(), errc::body_failed);
    EXPECT_EQ(l.result().error, errc::body_failed);
}

} // namespace
} // namespace postrider

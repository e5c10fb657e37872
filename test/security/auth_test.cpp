// What attackers do to get a password: weak mechanisms, servers that do not know it, and logs.

#include "client.hpp"
#include "postrider/io/secret.hpp"
#include "postrider/scram.hpp"

#include <iterator>

namespace postrider::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TYPED_TEST_SUITE(security, clients, client_name);

/// A sink that knows the password, and offers these mechanisms inside TLS.
sink::config knowing(std::vector<std::string> mechanisms) {
    sink::config c;
    c.keep_mails = true;
    c.tls.certificate = certificate_path("good.pem");
    c.tls.key = certificate_path("good.key");
    c.users = {{"user", std::string{password}, "ya29.token"}};
    c.offers.auth = std::move(mechanisms);
    c.auth_in_clear = false;
    return c;
}

std::string decoded(std::string_view base64) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : base64) {
        const std::size_t value = digits.find(c);
        if (value == std::string_view::npos) break;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        if ((count += 6) >= 8) text += static_cast<char>(bits >> (count -= 8));
    }
    return text;
}

std::string encoded(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string base64;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t n = 0; n != 3; ++n)
            bits = bits << 8 | (i + n < text.size() ? static_cast<unsigned char>(text[i + n]) : 0u);
        for (std::size_t n = 0; n != 4; ++n) base64 += i + n > text.size() ? '=' : digits[bits >> (18 - 6 * n) & 63];
    }
    return base64;
}

/// What stands behind a verb in what was heard; "" if it does not.
std::string behind(const std::string& heard, std::string_view verb) {
    const std::size_t begin = heard.find(verb);
    if (begin == std::string::npos) return {};
    return heard.substr(begin + verb.size(), heard.find("\r\n", begin) - begin - verb.size());
}

TYPED_TEST(security, weak_mechanism_chosen) {
    typename TypeParam::digests digests;
    scram strong{digests};
    sasl_exchange* const exchanges[] = {&strong};
    session_options o = with_password();
    o.auth.exchanges = exchanges;
    o.auth.allowed = strongest_down_to(mechanism::scram_sha_256);

    // The floor: nothing below it, whatever is offered.
    server weak{ordinary{.inside = "AUTH LOGIN PLAIN CRAM-MD5 XOAUTH2 SCRAM-SHA-1 ANONYMOUS"}};
    EXPECT_EQ(this->send(weak.port(), o).error, errc::auth_unavailable);
    EXPECT_EQ(weak.last().inside, "EHLO client.example\r\nQUIT\r\n");

    // The strongest, and inside TLS alone.
    sink::config c = knowing({"LOGIN", "PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"});
    sink::server honest{c};
    const std::uint16_t port = honest.start();
    o.auth.allowed = all_mechanisms;
    const outcome_of came = this->send(port, o);
    EXPECT_EQ(came.error, errc::ok);
    EXPECT_EQ(came.by, mechanism::scram_sha_256);
    EXPECT_EQ(honest.mails().at(0).auth_mechanism, "SCRAM-SHA-256");

    // Mechanisms that are listed in clear are not those that are listed inside.
    server listed{ordinary{
        .clear = "STARTTLS\nAUTH PLAIN", .inside = "AUTH SCRAM-SHA-256", .says = {{"AUTH", "535 5.7.8 no\r\n"}}}};
    EXPECT_EQ(this->send(listed.port(), o).by, mechanism::scram_sha_256);

    // 535 is final: the password is not shown by a weaker one, nor the mail sent without.
    for (const char* const refusal :
         {"535 5.7.8 no\r\n", "534 5.7.9 too weak\r\n", "432 4.7.12 change it\r\n", "500 what?\r\n"}) {
        server refuses{ordinary{.inside = "AUTH LOGIN PLAIN SCRAM-SHA-256", .says = {{"AUTH", refusal}}}};
        EXPECT_EQ(this->send(refuses.port(), o).error, errc::refused);
        const std::string heard = refuses.last().inside;
        EXPECT_EQ(count_of(heard, "AUTH"), 1u) << refusal;
        EXPECT_THAT(heard, HasSubstr("AUTH SCRAM-SHA-256 "));
        EXPECT_THAT(heard, Not(HasSubstr("MAIL")));
    }
    // 504 takes a mechanism back, down to the floor and not below.
    o.auth.allowed = strongest_down_to(mechanism::scram_sha_1);
    server takes_back{
        ordinary{.inside = "AUTH PLAIN SCRAM-SHA-1 SCRAM-SHA-256", .says = {{"AUTH", "504 5.5.4 no\r\n"}}}};
    EXPECT_EQ(this->send(takes_back.port(), o).error, errc::refused);
    EXPECT_EQ(count_of(takes_back.last().inside, "AUTH"), 2u);
    EXPECT_THAT(takes_back.last().inside, Not(HasSubstr("AUTH PLAIN")));
}

TYPED_TEST(security, scram_server_that_does_not_know_the_password) {
    typename TypeParam::digests digests;
    scram exchange{digests};
    sasl_exchange* const exchanges[] = {&exchange};
    session_options o = with_password();
    o.auth.exchanges = exchanges;
    using fault = sink::scram_fault;
    const auto against = [&](fault what, bool signature_with_235 = false, std::uint64_t iterations = 4096) {
        sink::config c = knowing({"PLAIN", "SCRAM-SHA-256"});
        c.scram.fault = what;
        c.scram.signature_with_235 = signature_with_235;
        c.scram.iterations = iterations;
        sink::server s{c};
        const outcome_of came = this->send(s.start(), o);
        EXPECT_TRUE(s.wait_for_connections_closed(1, 10s));
        const sink::report seen = s.report();
        if (came.error != errc::ok) {
            EXPECT_EQ(seen.verbs.count("MAIL"), 0u);
            EXPECT_EQ(s.mails().size(), 0u);
            EXPECT_FALSE(came.authenticated);
        }
        EXPECT_EQ(seen.verbs.at("AUTH"), 1u);
        return came.error;
    };
    EXPECT_EQ(against(fault::none), errc::ok) << "else this test shows nothing";
    EXPECT_EQ(against(fault::none, true), errc::ok);
    for (const bool with_235 : {false, true})
        EXPECT_EQ(against(fault::wrong_signature, with_235), errc::server_unproven);
    EXPECT_EQ(against(fault::no_signature), errc::server_unproven);
    EXPECT_EQ(against(fault::foreign_nonce), errc::malformed_challenge);
    EXPECT_EQ(against(fault::bare_nonce), errc::malformed_challenge);
    // Too few and the password is found by trying; too many and the client is busy for hours. No proof leaves for either.
    for (const std::uint64_t iterations : {1u, 4095u, 1'000'001u, 4'294'967'295u})
        EXPECT_EQ(against(fault::none, false, iterations), errc::weak_challenge) << iterations;

    // Who says 235 at once, in place of the challenge, has shown nothing.
    server at_once{ordinary{.inside = "AUTH SCRAM-SHA-256"}};
    EXPECT_EQ(this->send(at_once.port(), o).error, errc::server_unproven);
    EXPECT_THAT(at_once.last().inside, Not(HasSubstr("MAIL")));
}

// Somebody inside TLS that ends at them lists no -PLUS: the server is told what the client saw, under the proof.
TYPED_TEST(security, scram_plus_stripped_from_the_list) {
    typename TypeParam::digests digests;
    scram exchange{digests};
    sasl_exchange* const exchanges[] = {&exchange};
    session_options o = with_password();
    o.auth.exchanges = exchanges;
    const auto first = [&](const char* mechanisms) {
        server s{ordinary{.inside = mechanisms, .says = {{"AUTH", "535 5.7.8 no\r\n"}}}};
        EXPECT_EQ(this->send(s.port(), o).error, errc::refused);
        const std::string said = behind(s.last().inside, "AUTH ");
        return said.substr(0, said.find(' ')) + " " + decoded(said.substr(said.find(' ') + 1)).substr(0, 6);
    };
    EXPECT_EQ(first("AUTH SCRAM-SHA-256"), "SCRAM-SHA-256 y,,n=u") << "it could have";
    EXPECT_EQ(first("AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), "SCRAM-SHA-256-PLUS p=tls-");

    // Nor is it talked out of it behind the list: 504 takes the mechanism back, and that the client could have stays.
    server takes_back{
        ordinary{.inside = "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256", .says = {{"AUTH", "504 5.5.4 no\r\n"}}}};
    EXPECT_EQ(this->send(takes_back.port(), o).error, errc::refused);
    EXPECT_EQ(decoded(behind(takes_back.last().inside, "AUTH SCRAM-SHA-256 ")).substr(0, 5), "y,,n=");

    // A proof for one connection is none for another: the sink checks the binding.
    sink::server s{knowing({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"})};
    const outcome_of came = this->send(s.start(), o);
    EXPECT_EQ(came.error, errc::ok);
    EXPECT_EQ(came.by, mechanism::scram_sha_256_plus);
    EXPECT_EQ(s.mails().at(0).auth_mechanism, "SCRAM-SHA-256-PLUS");
}

template <class Secret>
concept shown = requires(std::ostream& to, const Secret& s) {
    to << s;
};
static_assert(shown<std::string_view> && !shown<secret_view> && !shown<secret>);
static_assert(!std::convertible_to<secret_view, std::string_view> && !std::convertible_to<secret, std::string_view>);
static_assert(!std::convertible_to<secret_view, std::string> && !std::is_copy_constructible_v<secret>);

TYPED_TEST(security, secrets_in_logs) {
    typename TypeParam::digests digests;
    scram exchange{digests};
    sasl_exchange* const exchanges[] = {&exchange};
    struct way {
        const char* mechanism;
        credentials with;
    };
    const way ways[] = {
        {"PLAIN", {.user = "user", .password = password}},
        {"PLAIN", {.user = "user", .password = password, .initial_response = false}},
        {"LOGIN", {.user = "user", .password = password}},
        {"SCRAM-SHA-256", {.user = "user", .password = password, .exchanges = exchanges}},
        {"SCRAM-SHA-256-PLUS", {.user = "user", .password = password, .exchanges = exchanges}},
        {"XOAUTH2", {.user = "user", .token = std::string_view{"ya29.token"}}},
        {"OAUTHBEARER", {.user = "user", .token = std::string_view{"ya29.token"}}},
    };
    for (const way& w : ways) {
        SCOPED_TRACE(w.mechanism);
        std::ostringstream of_the_sink;
        sink::config c = knowing({w.mechanism});
        c.transcript = &of_the_sink;
        sink::server s{c};
        session_options o = options();
        o.auth = w.with;
        const outcome_of came = this->send(s.start(), o);
        EXPECT_EQ(came.error, errc::ok);
        ASSERT_TRUE(s.wait_for_connections_closed(1, 10s));
        s.stop();
        EXPECT_THAT(came.transcript, HasSubstr("~> AUTH " + std::string{w.mechanism}));
        EXPECT_THAT(came.transcript, HasSubstr("~> Hello.")) << "else it shows nothing at all";
        for (const std::string& log : {came.transcript, of_the_sink.str()}) {
            for (const std::string_view secret : {password, std::string_view{"ya29.token"}}) {
                EXPECT_EQ(log.find(secret), std::string::npos) << log;
                for (std::size_t skip = 0; skip != 3; ++skip) { // wherever it stands in what is encoded
                    const std::string in_64 = encoded(secret.substr((3 - skip) % 3));
                    EXPECT_EQ(log.find(in_64.substr(0, secret.size() / 3 * 4 - 4)), std::string::npos) << log;
                }
            }
            EXPECT_EQ(log.find("p="), std::string::npos);
            EXPECT_EQ(log.find(encoded("n,,n=user")), std::string::npos) << log;
            EXPECT_EQ(log.find("biws"), std::string::npos) << log;
        }
    }
    // A server that says it back, in the text of its refusal.
    ordinary with{.inside = "AUTH PLAIN"};
    with.does["AUTH"] = [&](peer& client) { client.say("501 5.5.2 what is " + std::string{plain_64} + "?\r\n"); };
    server s{with};
    const outcome_of came = this->send(s.port(), with_password());
    EXPECT_EQ(came.error, errc::refused);
    EXPECT_THAT(s.last().inside, HasSubstr(plain_64));
    EXPECT_THAT(came.transcript, HasSubstr("501 5.5.2 what is "));
    EXPECT_THAT(came.transcript, Not(HasSubstr(plain_64)));
}

} // namespace
} // namespace postrider::test

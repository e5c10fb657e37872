// What is said of a certificate that is not good enough: the fault in it, and what to do.
#include "probe/certificate_chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace {

using namespace postrider;
using namespace postrider::cli;
using testing::HasSubstr;

peer_certificates chain() {
    peer_certificates all;
    all.sent = {{.subject = "CN=mail.example",
                 .issuer = "CN=Middle",
                 .names = {"DNS:mail.example", "IP:192.0.2.1"},
                 .valid_from = "2020-01-01T00:00:00Z",
                 .valid_until = "2099-01-01T00:00:00Z",
                 .key = "EC P-256",
                 .key_bits = 256,
                 .signature = "ecdsa-with-SHA256",
                 .pin = "sha256//AAAA"},
                {.subject = "CN=Middle",
                 .issuer = "CN=Top",
                 .valid_from = "2020-01-01T00:00:00Z",
                 .valid_until = "2021-01-01T00:00:00Z"}};
    return all;
}

std::string advice(tls_verdict fault, const peer_certificates& seen = chain()) {
    return what_to_do(fault, seen, "smtp.example");
}

TEST(certificate_chain, what_to_do_names_what_it_is_about) {
    EXPECT_THAT(advice(tls_verdict::wrong_name),
                HasSubstr("for DNS:mail.example, IP:192.0.2.1, and not for smtp.example"));
    EXPECT_THAT(advice(tls_verdict::expired), HasSubstr("CN=Middle (ended"));
    EXPECT_THAT(advice(tls_verdict::self_signed), HasSubstr("--tls-pin sha256//AAAA --tls-pin-suffices"));
    EXPECT_THAT(advice(tls_verdict::wrong_pin), HasSubstr("its key is sha256//AAAA"));
    EXPECT_THAT(advice(tls_verdict::untrusted), HasSubstr("CN=Top"));
    EXPECT_THAT(advice(tls_verdict::untrusted), HasSubstr("fullchain.pem"));
    EXPECT_THAT(advice(tls_verdict::weak), HasSubstr("2048"));
    EXPECT_THAT(advice(tls_verdict::revoked), HasSubstr("taken it back"));
    EXPECT_EQ(advice(tls_verdict::bad_chain), "");
}

TEST(certificate_chain, an_authority_of_its_own_is_told_from_a_chain_that_is_not_whole) {
    peer_certificates seen = chain();
    seen.sent[1].issuer = "CN=Middle";
    EXPECT_THAT(advice(tls_verdict::untrusted, seen), HasSubstr("its authority, CN=Middle, is not trusted here"));
}

TEST(certificate_chain, a_common_name_is_no_name) {
    peer_certificates seen = chain();
    seen.sent[0].names.clear();
    EXPECT_THAT(advice(tls_verdict::wrong_name, seen), HasSubstr("the common name does not count"));
}

TEST(certificate_chain, without_a_certificate_there_is_nothing_to_say_of_it) {
    for (const auto fault :
         {tls_verdict::wrong_name, tls_verdict::self_signed, tls_verdict::wrong_pin, tls_verdict::untrusted})
        EXPECT_EQ(advice(fault, {}), "");
}

TEST(certificate_chain, days) {
    const certificate_facts one{.valid_from = "2026-01-02T00:00:00Z", .valid_until = "2026-01-31T12:00:00Z"};
    constexpr std::time_t day = 86400, first = 1767225600; // 2026-01-01
    EXPECT_EQ(validity(one, first), "begins in 1 day");
    EXPECT_EQ(validity(one, first + day), "29 days left");
    EXPECT_EQ(validity(one, first + 30 * day + 7200), "10 hours left");
    EXPECT_EQ(validity(one, first + 33 * day), "ended 2 days ago");
}

TEST(certificate_chain, which_name_has_to_be_proved) {
    EXPECT_EQ(name_to_prove(server{"submission://mail.example:2525"}), "mail.example");
    EXPECT_EQ(name_to_prove(server{"smtp://[2001:db8::1]"}), "2001:db8::1");
    EXPECT_EQ(name_to_prove({"smtp://192.0.2.1", {.tls = {.server_name = "mail.example"}}}), "mail.example");
    EXPECT_EQ(name_to_prove(server{"lmtp+unix:/run/lmtp"}), "");
}

} // namespace

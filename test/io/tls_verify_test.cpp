// Whether the server is who it should be: by each TLS library, against a server of OpenSSL in memory.

#include "tls_backends.hpp"

#include <gmock/gmock.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace postrider::test {
namespace {

template <class Backend>
struct TlsVerify : testing::Test {};
TYPED_TEST_SUITE(TlsVerify, backends, backend_name);

struct verified_case {
    const char* certificate;
    const char* host;
    tls_verdict verdict;
};

const verified_case cases[] = {
    {"good", "mail.example", tls_verdict::verified},
    {"good", "MAIL.example", tls_verdict::verified},
    {"good", "mail.example.", tls_verdict::verified},
    {"good", "localhost", tls_verdict::verified},
    {"good", "127.0.0.1", tls_verdict::verified},
    {"good", "::1", tls_verdict::verified},
    {"good", "[::1]", tls_verdict::verified},
    {"good", "[0:0:0:0:0:0:0:1]", tls_verdict::verified},
    {"good-rsa", "mail.example", tls_verdict::verified},
    {"chained", "mail.example", tls_verdict::verified},
    {"wildcard", "mail.example.org", tls_verdict::verified},
    {"wildcard", "example.org", tls_verdict::wrong_name},
    {"wildcard", "a.mail.example.org", tls_verdict::wrong_name},
    {"good", "smtp.example", tls_verdict::wrong_name},
    {"good", "127.0.0.2", tls_verdict::wrong_name},
    {"good", "::2", tls_verdict::wrong_name},
    {"ip-as-dns", "127.0.0.1", tls_verdict::wrong_name},
    {"wrong-name", "mail.example", tls_verdict::wrong_name},
    {"cn-only", "mail.example", tls_verdict::wrong_name},
    {"expired", "mail.example", tls_verdict::expired},
    {"expired", "smtp.example", tls_verdict::expired},
    {"not-yet-valid", "mail.example", tls_verdict::not_yet_valid},
    {"self-signed", "mail.example", tls_verdict::self_signed},
    {"unknown-ca", "mail.example", tls_verdict::untrusted},
    {"unknown-ca", "smtp.example", tls_verdict::untrusted},
    {"no-intermediate", "mail.example", tls_verdict::untrusted},
    {"weak", "mail.example", tls_verdict::weak},
    {"weak-signature", "mail.example", tls_verdict::weak},
};

TYPED_TEST(TlsVerify, EachVerdictWhereItMustVerify) {
    client<TypeParam> client;
    for (const auto& c : cases)
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            if (version == TLS1_3_VERSION && !TypeParam::newest) continue;
            SCOPED_TRACE(testing::Message() << c.certificate << " for " << c.host << ", version " << version);
            tls_server_context shared{{.certificate = c.certificate, .least = version, .most = version}};
            connection<TypeParam> to{client.context, shared, c.host};
            const errc e = to.start(true);
            EXPECT_EQ(to.stream.facts().verdict, c.verdict) << describe(to.stream.facts().verdict);
            EXPECT_EQ(to.stream.channel().verified, c.verdict == tls_verdict::verified);
            if (c.verdict == tls_verdict::verified) {
                EXPECT_EQ(e, errc::ok) << to.stream.facts().failure.view();
                EXPECT_EQ(to.say("x"), errc::ok);
                EXPECT_EQ(to.server.heard, "x");
                EXPECT_TRUE(to.stream.facts().failure.empty());
            } else {
                EXPECT_EQ(e, errc::tls_unverified);
                EXPECT_FALSE(to.server.done) << "the server has our Finished";
                EXPECT_THAT(to.server.failure, testing::HasSubstr("alert"));
                EXPECT_EQ(to.say("x"), errc::tls_unverified);
                EXPECT_EQ(to.server.heard, "");
                EXPECT_FALSE(to.stream.facts().failure.empty());
            }
            // What there is to know of it is known either way.
            EXPECT_EQ(to.stream.facts().pin.view(), pin_of(c.certificate));
            EXPECT_FALSE(to.stream.facts().cipher.empty());
            EXPECT_EQ(to.stream.facts().version,
                      version == TLS1_3_VERSION ? tls_version::tls_1_3 : tls_version::tls_1_2);
        }
}

TYPED_TEST(TlsVerify, EachVerdictWhereItNeedNot) {
    client<TypeParam> client;
    for (const auto& c : cases) {
        SCOPED_TRACE(testing::Message() << c.certificate << " for " << c.host);
        tls_server_context shared{{.certificate = c.certificate}};
        connection<TypeParam> to{client.context, shared, c.host};
        EXPECT_EQ(to.start(false), errc::ok) << to.stream.facts().failure.view();
        EXPECT_EQ(to.stream.facts().verdict, c.verdict);
        EXPECT_EQ(to.stream.channel().verified, c.verdict == tls_verdict::verified);
        EXPECT_EQ(to.say("x"), errc::ok);
        EXPECT_EQ(to.server.heard, "x");
    }
}

TYPED_TEST(TlsVerify, TheAlertSaysWhy) {
    client<TypeParam> client;
    const auto alert = [&](const char* certificate) {
        tls_server_context shared{{.certificate = certificate}};
        connection<TypeParam> to{client.context, shared};
        EXPECT_EQ(to.start(), errc::tls_unverified);
        return to.server.failure;
    };
    EXPECT_THAT(alert("expired"), testing::HasSubstr("certificate expired"));
    EXPECT_THAT(alert("unknown-ca"), testing::HasSubstr("unknown ca"));
    EXPECT_THAT(alert("self-signed"), testing::HasSubstr("unknown ca"));
    EXPECT_THAT(alert("wrong-name"), testing::HasSubstr("bad certificate"));
}

TYPED_TEST(TlsVerify, WithoutANameNobodyIsVerified) {
    client<TypeParam> client;
    tls_server_context shared;
    connection<TypeParam> to{client.context, shared, ""};
    EXPECT_EQ(to.start(true), errc::no_host_name);
    EXPECT_EQ(to.transport.taken, 0u);
    EXPECT_EQ(to.say("x"), errc::no_host_name) << "and nothing goes in clear text instead";
    EXPECT_EQ(to.transport.taken, 0u);
    EXPECT_EQ(to.start(false), errc::ok);
    EXPECT_EQ(to.stream.facts().verdict, tls_verdict::wrong_name);
}

TYPED_TEST(TlsVerify, WhatIsNoHost) {
    client<TypeParam> client;
    tls_server_context shared;
    for (const std::string& host : {std::string{"mail example"}, std::string{"m\0x", 3},
                                    std::string{"b\xC3\xBC"
                                                "cher.example"},
                                    std::string(300, 'a')}) {
        connection<TypeParam> to{client.context, shared, host};
        EXPECT_EQ(to.start(), errc::invalid_parameter) << host;
        EXPECT_EQ(to.transport.taken, 0u);
    }
    typename TypeParam::context never_set_up;
    connection<TypeParam> to{never_set_up, shared};
    EXPECT_EQ(to.start(), errc::invalid_parameter);
}

TYPED_TEST(TlsVerify, TheNameIsShownToTheServerButNoAddress) {
    client<TypeParam> client{{.resume = false}};
    tls_server_context shared;
    const auto shown = [&](std::string_view host) {
        connection<TypeParam> to{client.context, shared, host};
        EXPECT_EQ(to.start(false), errc::ok);
        const char* const name = SSL_get_servername(to.server.ssl(), TLSEXT_NAMETYPE_host_name);
        return std::string{name == nullptr ? "(none)" : name};
    };
    EXPECT_EQ(shown("mail.example"), "mail.example");
    EXPECT_EQ(shown("Mail.Example."), "mail.example");
    EXPECT_EQ(shown("127.0.0.1"), "(none)");
    EXPECT_EQ(shown("127.1"), "(none)");
    EXPECT_EQ(shown("[::1]"), "(none)");
    EXPECT_EQ(shown("fe80::1%eth0"), "(none)");
    EXPECT_EQ(shown("1.example"), "1.example");
    EXPECT_EQ(shown(""), "(none)");
}

TYPED_TEST(TlsVerify, Facts) {
    client<TypeParam> client;
    tls_server_context shared;
    connection<TypeParam> to{client.context, shared};
    EXPECT_EQ(to.stream.facts().version, tls_version::none);
    EXPECT_EQ(to.stream.facts().verdict, tls_verdict::not_checked);
    ASSERT_EQ(to.start(), errc::ok);
    const tls_facts& facts = to.stream.facts();
    EXPECT_EQ(facts.subject.view(), "CN=mail.example");
    EXPECT_EQ(facts.issuer.view(), "CN=Postrider test CA");
    EXPECT_THAT(std::string{facts.valid_until.view()},
                testing::MatchesRegex("20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z"));
    EXPECT_FALSE(facts.resumed);
    EXPECT_FALSE(facts.cipher.empty());
}

TYPED_TEST(TlsVerify, TextsOfTheServerMoveNoCursor) {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
    const std::unique_ptr<X509, void (*)(X509*)> evil{X509_new(), X509_free};
    X509_set_version(evil.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(evil.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(evil.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(evil.get()), 3600);
    X509_set_pubkey(evil.get(), key.get());
    const std::string text = "a\x1B[31m\r\n\x7F\xC2\x9B"
                             "b, \xC3\xBC";
    X509_NAME* const name = X509_get_subject_name(evil.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()), -1, 0);
    X509_set_issuer_name(evil.get(), name);
    X509_sign(evil.get(), key.get(), EVP_sha256());

    client<TypeParam> client;
    tls_server_context shared;
    SSL_CTX_use_certificate(shared.ctx.get(), evil.get());
    SSL_CTX_use_PrivateKey(shared.ctx.get(), key.get());
    connection<TypeParam> to{client.context, shared};
    EXPECT_EQ(to.start(), errc::tls_unverified);
    EXPECT_EQ(to.stream.facts().subject.view(), "CN=a?[31m????"
                                                "?b\\, \xC3\xBC");
}

TYPED_TEST(TlsVerify, WhoIsTrusted) {
    tls_server_context good, chained{{.certificate = "chained"}}, bare{{.certificate = "no-intermediate"}},
        other{{.certificate = "unknown-ca"}}, itself{{.certificate = "self-signed"}};
    const auto verdict = [&](tls_options options, tls_server_context& server) {
        typename TypeParam::context context;
        const tls_set_up result = context.set_up(options);
        EXPECT_TRUE(result) << result.text.view();
        connection<TypeParam> to{context, server};
        static_cast<void>(to.start());
        return to.stream.facts().verdict;
    };
    const std::string pem = certificates("ca.pem"), der_file = certificates("ca.der"),
                      folder = certificates("ca-folder"), other_pem = certificates("other-ca.pem"),
                      intermediate = certificates("intermediate.pem"), own = certificates("self-signed.pem"),
                      der = contents(der_file);
    const std::string_view ders[] = {der};
    EXPECT_EQ(verdict({.ca_file = pem}, good), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_file = der_file}, good), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_folder = folder}, good), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_certificates = ders}, good), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_file = pem}, chained), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_file = other_pem}, good), tls_verdict::untrusted);
    EXPECT_EQ(verdict({.ca_file = other_pem}, other), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_file = other_pem, .ca_folder = folder}, good), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_file = other_pem, .ca_certificates = ders}, good), tls_verdict::verified);
    EXPECT_EQ(verdict({.ca_file = intermediate}, bare), tls_verdict::verified) << "an anchor need not be a root";
    EXPECT_EQ(verdict({.ca_file = own}, itself), tls_verdict::verified);
    EXPECT_EQ(verdict({}, good), tls_verdict::untrusted) << "the system's CAs";
}

TYPED_TEST(TlsVerify, Pins) {
    const std::string right = pin_of("good"), wrong = pin_of("good-rsa"), self = pin_of("self-signed");
    struct outcome {
        errc error;
        tls_verdict verdict;
        bool operator==(const outcome&) const = default;
    };
    const auto start = [&](std::vector<std::string_view> pins, bool suffice, const char* certificate,
                           std::string_view host = "mail.example", bool must_verify = true) {
        client<TypeParam> client{{.pins = pins, .pins_suffice = suffice}};
        tls_server_context shared{{.certificate = certificate}};
        connection<TypeParam> to{client.context, shared, host};
        const errc e = to.start(must_verify);
        EXPECT_EQ(to.stream.channel().verified, e == errc::ok && must_verify);
        return outcome{e, to.stream.facts().verdict};
    };
    const outcome good{errc::ok, tls_verdict::verified}, pinned{errc::ok, tls_verdict::pinned};
    const outcome wrong_pin{errc::tls_unverified, tls_verdict::wrong_pin};
    EXPECT_EQ(start({right}, false, "good"), good);
    EXPECT_EQ(start({wrong, right}, false, "good"), good);
    EXPECT_EQ(start({wrong}, false, "good"), wrong_pin);
    EXPECT_EQ(start({wrong}, true, "good"), wrong_pin);
    EXPECT_EQ(start({wrong}, false, "self-signed"), wrong_pin) << "the first reason";
    EXPECT_EQ(start({wrong}, false, "good", "mail.example", false), (outcome{errc::ok, tls_verdict::wrong_pin}));
    // A pin is one proof more, unless it is said that it is enough.
    EXPECT_EQ(start({self}, false, "self-signed"), (outcome{errc::tls_unverified, tls_verdict::self_signed}));
    EXPECT_EQ(start({right}, false, "good", "smtp.example"), (outcome{errc::tls_unverified, tls_verdict::wrong_name}));
    EXPECT_EQ(start({self}, true, "self-signed"), pinned);
    EXPECT_EQ(start({self}, true, "self-signed", ""), pinned) << "nor is a name needed";
    EXPECT_EQ(start({pin_of("expired")}, true, "expired", "smtp.example"), pinned);
    EXPECT_EQ(start({pin_of("weak")}, true, "weak"), pinned);
}

TYPED_TEST(TlsVerify, ClientCertificates) {
    const auto start = [](tls_options options, const char* server_trusts, int version) {
        client<TypeParam> client{options};
        tls_server_context shared{{.most = version, .client_ca = server_trusts}};
        connection<TypeParam> to{client.context, shared};
        errc e = to.start();
        if (e == errc::ok) e = to.say("x");
        to.hear();
        if (e == errc::ok) e = to.last.error == errc::timed_out ? errc::ok : to.last.error;
        EXPECT_EQ(to.server.heard, e == errc::ok ? "x" : "");
        std::string subject = "(none)";
        if (X509* const peer = SSL_get0_peer_certificate(to.server.ssl()); peer != nullptr && e == errc::ok) {
            char text[256];
            subject = X509_NAME_oneline(X509_get_subject_name(peer), text, sizeof text);
        }
        return e == errc::ok ? subject : std::string{describe(e)};
    };
    const std::string pem = certificates("client.pem"), key = certificates("client.key"),
                      encrypted = certificates("client-encrypted-traditional.key"),
                      both = certificates("both-" + std::string{TypeParam::name} + ".pem");
    std::ofstream{both, std::ios::binary} << contents(pem) << contents(key);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        EXPECT_EQ(start({.certificate_file = pem, .key_file = key}, "ca.pem", version), "/O=Postrider/CN=client");
        EXPECT_EQ(start({.certificate_file = both}, "ca.pem", version), "/O=Postrider/CN=client");
        EXPECT_EQ(
            start({.certificate_file = pem, .key_file = encrypted, .key_password = "open sesame"}, "ca.pem", version),
            "/O=Postrider/CN=client");
        EXPECT_EQ(start({}, "ca.pem", version), describe(errc::tls_failed));
        EXPECT_EQ(start({.certificate_file = pem, .key_file = key}, "other-ca.pem", version),
                  describe(errc::tls_failed));
        EXPECT_EQ(start({.certificate_file = pem, .key_file = key}, "", version), "(none)");
    }
}

} // namespace
} // namespace postrider::test

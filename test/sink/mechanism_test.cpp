// The mechanisms beside PLAIN and LOGIN: the RFCs' own examples, a client of SCRAM written here, and their faults.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "base64.hpp"
#include "wire.hpp"

namespace postrider::sink::test {

namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

config with_users(std::vector<std::string> mechanisms) {
    config settings = keeping();
    settings.users = {{"user", "pencil", "ya29.token"}, {"tim", "tanstaaftanstaaf"}};
    settings.offers.auth = std::move(mechanisms);
    return settings;
}

std::string say(client& c, std::string_view line) {
    c.send(std::string{line} + "\r\n");
    return c.read_reply();
}

// A server that was greeted, over TLS where `settings` have it.
struct greeted : fixture {
    explicit greeted(const config& settings, const client_tls& how = {}) : fixture(settings), peer(port) {
        EXPECT_EQ(settings.tls.implicit && peer.start_tls(how), settings.tls.implicit);
        peer.read_reply();
        offer = say(peer, "EHLO x");
    }

    // Sends it encoded; the reply, which is decoded where it is a 334.
    std::string answer(std::string_view text) { return decoded(say(peer, base64_encode(text))); }
    std::string begin(std::string_view mechanism) { return decoded(say(peer, "AUTH " + std::string{mechanism})); }
    std::string begin(std::string_view mechanism, std::string_view initial) {
        return begin(std::string{mechanism} + " " + (initial.empty() ? "=" : base64_encode(initial)));
    }

    static std::string decoded(const std::string& reply) {
        if (!reply.starts_with("334 ")) return reply;
        return "334 " + base64_decode(reply.substr(4, reply.size() - 6)).value_or("?");
    }

    client peer;
    std::string offer;
};

config over_tls(config settings) {
    settings.tls = secured().tls;
    settings.tls.implicit = true;
    return settings;
}

// --- A client of SCRAM -------------------------------------------------------------------------------------

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view text) {
    std::string octets(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
    HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), reinterpret_cast<unsigned char*>(octets.data()), nullptr);
    return octets;
}

struct scram_client {
    const char* digest_name = "SHA256";
    std::string header = "n,,";
    std::string binding{};
    std::string name = "user";
    std::string password = "pencil";
    std::string nonce = "rOprNGfwEbeRWgbNEkqO";
    std::string bare{};
    std::string signature{};

    std::string first() {
        bare = "n=" + name + ",r=" + nonce;
        return header + bare;
    }

    std::string final(const std::string& server_first) {
        const EVP_MD* const digest = EVP_get_digestbyname(digest_name);
        const std::size_t salt_at = server_first.find(",s="), count_at = server_first.find(",i=");
        const std::string salt = base64_decode(server_first.substr(salt_at + 3, count_at - salt_at - 3)).value();
        std::string salted(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
        PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                          std::stoi(server_first.substr(count_at + 3)), digest, static_cast<int>(salted.size()),
                          reinterpret_cast<unsigned char*>(salted.data()));
        const std::string without_proof =
            "c=" + base64_encode(header + binding) + "," + server_first.substr(0, salt_at);
        const std::string message = bare + "," + server_first + "," + without_proof;
        const std::string client_key = hmac(digest, salted, "Client Key");
        std::string stored(client_key.size(), '\0');
        EVP_Digest(client_key.data(), client_key.size(), reinterpret_cast<unsigned char*>(stored.data()), nullptr,
                   digest, nullptr);
        std::string proof = hmac(digest, stored, message);
        for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
        signature = base64_encode(hmac(digest, hmac(digest, salted, "Server Key"), message));
        return without_proof + ",p=" + base64_encode(proof);
    }
};

// The whole exchange; the last reply.
std::string scram(greeted& g, std::string_view mechanism, scram_client c) {
    const std::string challenge = g.begin(mechanism, c.first());
    if (!challenge.starts_with("334 ")) return challenge;
    const std::string told = g.answer(c.final(challenge.substr(4)));
    if (!told.starts_with("334 ")) return told;
    EXPECT_EQ(told, "334 v=" + c.signature);
    return say(g.peer, "");
}

std::string exporter(const client& c) {
    std::string octets(32, '\0');
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    const unsigned char none = 0;
    SSL_export_keying_material(c.tls(), reinterpret_cast<unsigned char*>(octets.data()), 32, label.data(), label.size(),
                               &none, 0, 1);
    return octets;
}

std::string end_point(const client& c) {
    X509* const certificate = SSL_get1_peer_certificate(c.tls());
    std::string octets(32, '\0');
    X509_digest(certificate, EVP_sha256(), reinterpret_cast<unsigned char*>(octets.data()), nullptr);
    X509_free(certificate);
    return octets;
}

} // namespace

// --- CRAM-MD5 ----------------------------------------------------------------------------------------------

TEST(CramMd5, IsThatOfItsRfc) {
    config settings = with_users({"CRAM-MD5"});
    settings.cram_md5_challenge = "<1896.697170952@postoffice.reston.mci.net>";
    greeted g{settings};
    play(g.peer, R"(
        C: AUTH CRAM-MD5
        S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: 235 2.7.0 ...
    )");
}

TEST(CramMd5, RefusesWhatIsWrong) {
    greeted g{with_users({"CRAM-MD5"})};
    const std::string first = g.begin("CRAM-MD5");
    EXPECT_THAT(first, StartsWith("334 <"));
    EXPECT_THAT(g.answer("tim b913a602c7eda7a495b4e6e7334d3890"), StartsWith("535"));
    EXPECT_NE(g.begin("CRAM-MD5"), first);
    EXPECT_THAT(g.answer("tim"), StartsWith("501"));
    EXPECT_THAT(g.begin("CRAM-MD5", "tim"), StartsWith("501")); // the server speaks first
}

// --- SCRAM -------------------------------------------------------------------------------------------------

// RFC 5802 section 5
TEST(Scram, IsThatOfItsRfcBySha1) {
    config settings = with_users({"SCRAM-SHA-1"});
    settings.scram.salt = *base64_decode("QSXCR+Q6sek8bf92");
    settings.scram.nonce = "3rfcNHYJY1ZVvWVs7j";
    greeted g{settings};
    EXPECT_EQ(g.begin("SCRAM-SHA-1", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"),
              "334 r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
    EXPECT_EQ(g.answer("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
              "334 v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    EXPECT_EQ(say(g.peer, ""), "235 2.7.0 Authentication successful\r\n");
}

// RFC 7677 section 3
TEST(Scram, IsThatOfItsRfcBySha256) {
    config settings = with_users({"SCRAM-SHA-256"});
    settings.scram.salt = *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==");
    settings.scram.nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    settings.scram.signature_with_235 = true;
    greeted g{settings};
    EXPECT_EQ(g.begin("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
              "334 r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    EXPECT_EQ(g.answer("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                       "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
              "235 2.7.0 " + base64_encode("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") + "\r\n");
}

TEST(Scram, BySha512AndTheClientOfThisTest) {
    greeted g{with_users({"SCRAM-SHA-512"})};
    EXPECT_THAT(scram(g, "SCRAM-SHA-512", {.digest_name = "SHA512", .password = "no"}), StartsWith("535"));
    EXPECT_THAT(scram(g, "SCRAM-SHA-512", {.digest_name = "SHA512", .name = "nobody"}), StartsWith("535"));
    EXPECT_THAT(scram(g, "SCRAM-SHA-512", {.digest_name = "SHA512", .header = "n,a=x=2Cy=3D,"}), StartsWith("235"));
    g.peer.send("MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 0 LAST\r\n");
    for (int i = 0; i < 3; ++i) g.peer.read_reply();
    const mail mail = g.sink.mails().at(0);
    EXPECT_EQ(mail.auth_user, "user");
    EXPECT_EQ(mail.auth_as, "x,y=");
    EXPECT_EQ(mail.auth_mechanism, "SCRAM-SHA-512");
    EXPECT_EQ(g.sink.report().per_connection.front().auth_mechanism, "SCRAM-SHA-512");
}

TEST(Scram, TakesItsFirstMessageAfterA334AsWell) {
    greeted g{with_users({"SCRAM-SHA-1"})};
    scram_client c{.digest_name = "SHA1"};
    EXPECT_EQ(g.begin("SCRAM-SHA-1"), "334 ");
    const std::string challenge = g.answer(c.first());
    const std::string told = g.answer(c.final(challenge.substr(4)));
    EXPECT_EQ(told, "334 v=" + c.signature);
    EXPECT_THAT(g.answer("not empty"), StartsWith("501"));
}

TEST(Scram, RefusesWhatIsMalformed) {
    greeted g{with_users({"SCRAM-SHA-256"})};
    for (const auto* bad : {"", "n", "n,", "n,,", "n,,n=user", "n,,r=abc", "n,,n=,r=abc", "x,,n=user,r=abc",
                            "n,b,n=user,r=abc", "n,a=,n=user,r=abc", "n,,m=x,n=user,r=abc", "n,,n=us=er,r=abc"})
        EXPECT_THAT(g.begin("SCRAM-SHA-256", bad), StartsWith("501")) << bad;
    for (const auto* bad : {"", "c=biws,r=x", "c=!,r=x,p=AAAA", "r=x,p=AAAA", "c=biws,r=x,p=AAAA"}) {
        EXPECT_THAT(g.begin("SCRAM-SHA-256", "n,,n=user,r=abc"), StartsWith("334"));
        EXPECT_THAT(g.answer(bad), StartsWith("501")) << bad;
    }
    EXPECT_THAT(scram(g, "SCRAM-SHA-256", {.header = "p=tls-exporter,,"}), StartsWith("535"));
    EXPECT_THAT(scram(g, "SCRAM-SHA-256", {.binding = "x"}), StartsWith("535"));
    EXPECT_THAT(scram(g, "SCRAM-SHA-256", {.header = "y,,"}), StartsWith("235")); // -PLUS is not offered
}

TEST(Scram, BindsToTheTlsThatItRunsIn) {
    const std::vector<std::string> both{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"};
    EXPECT_THAT(greeted{with_users(both)}.offer, HasSubstr("AUTH SCRAM-SHA-256\r\n")); // in clear
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const auto* kind : {"tls-exporter", "tls-server-end-point", "tls-unique"}) {
            greeted g{over_tls(with_users(both)), {.version = version}};
            EXPECT_THAT(g.offer, HasSubstr("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n"));
            scram_client c{.header = std::string{"p="} + kind + ",,"};
            EXPECT_THAT(scram(g, "SCRAM-SHA-256-PLUS", c), StartsWith("535")) << "with no binding at all";
            c.binding = exporter(g.peer);
            if (c.header.find("end-point") != std::string::npos) c.binding = end_point(g.peer);
            if (c.header.find("unique") != std::string::npos)
                c.binding.resize(SSL_get_finished(g.peer.tls(), c.binding.data(), c.binding.size()));
            const bool there_is = version == TLS1_2_VERSION || kind != std::string_view{"tls-unique"};
            EXPECT_THAT(scram(g, "SCRAM-SHA-256-PLUS", c), StartsWith(there_is ? "235" : "535")) << kind;
        }
    }
}

TEST(Scram, RefusesAClientThatDidNotSeeTheOffer) {
    greeted g{over_tls(with_users({"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}))};
    EXPECT_THAT(scram(g, "SCRAM-SHA-1", {.digest_name = "SHA1", .header = "y,,"}), StartsWith("535"));
    EXPECT_THAT(scram(g, "SCRAM-SHA-1-PLUS", {.digest_name = "SHA1"}), StartsWith("535"));
    EXPECT_THAT(scram(g, "SCRAM-SHA-1", {.digest_name = "SHA1"}), StartsWith("235"));
}

TEST(Scram, PlaysAServerThatLies) {
    const auto with = [](scram_fault fault) {
        config settings = with_users({"SCRAM-SHA-256"});
        settings.scram.fault = fault;
        return settings;
    };
    scram_client c;
    {
        greeted g{with(scram_fault::wrong_signature)};
        const std::string told = g.answer(c.final(g.begin("SCRAM-SHA-256", c.first()).substr(4)));
        EXPECT_THAT(told, StartsWith("334 v="));
        EXPECT_NE(told, "334 v=" + c.signature);
        EXPECT_THAT(say(g.peer, ""), StartsWith("235"));
    }
    {
        greeted g{with(scram_fault::no_signature)};
        EXPECT_EQ(g.answer(c.final(g.begin("SCRAM-SHA-256", c.first()).substr(4))),
                  "235 2.7.0 Authentication successful\r\n");
    }
    EXPECT_THAT(greeted{with(scram_fault::foreign_nonce)}.begin("SCRAM-SHA-256", c.first()),
                Not(StartsWith("334 r=" + c.nonce)));
    EXPECT_THAT(greeted{with(scram_fault::bare_nonce)}.begin("SCRAM-SHA-256", c.first()),
                StartsWith("334 r=" + c.nonce + ",s="));
}

TEST(Scram, AsksForAnyNumberOfIterations) {
    for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{4095}, std::uint64_t{1} << 31}) {
        config settings = with_users({"SCRAM-SHA-256"});
        settings.scram.iterations = number;
        greeted g{settings};
        scram_client c;
        std::string challenge = g.begin("SCRAM-SHA-256", c.first()).substr(4);
        EXPECT_THAT(challenge, testing::EndsWith(",i=" + std::to_string(number)));
        const bool goes_on = number == 4095;
        EXPECT_THAT(goes_on ? g.answer(c.final(challenge)) : say(g.peer, "*"),
                    StartsWith(goes_on ? "334 v=" : "501 5.7.0"));
    }
}

// --- Tokens, certificates, nobody --------------------------------------------------------------------------

TEST(Xoauth2, TakesAToken) {
    greeted g{with_users({"XOAUTH2"})};
    EXPECT_EQ(g.begin("XOAUTH2", "user=user\x01"
                                 "auth=Bearer wrong\x01\x01"),
              R"(334 {"status":"invalid_token","schemes":"bearer","scope":"mail"})");
    EXPECT_THAT(say(g.peer, ""), StartsWith("535"));
    EXPECT_THAT(g.begin("XOAUTH2", "user=tim\x01"
                                   "auth=Bearer ya29.token\x01\x01"),
                StartsWith("334"));
    EXPECT_THAT(g.answer("\x01"), StartsWith("501"));
    for (const auto* bad : {"", "user=user",
                            "user=user\x01"
                            "auth=Basic x\x01\x01",
                            "auth=Bearer ya29.token\x01\x01",
                            "user=user\x01"
                            "auth=Bearer ya29.token\x01"})
        EXPECT_THAT(g.begin("XOAUTH2", bad), StartsWith("501")) << bad;
    EXPECT_THAT(g.begin("XOAUTH2", "user=user\x01"
                                   "auth=Bearer ya29.token\x01\x01"),
                StartsWith("235"));
}

TEST(Oauthbearer, TakesAToken) {
    const std::string fields = "\x01host=mail.example\x01port=587\x01"
                               "auth=Bearer ";
    greeted g{with_users({"OAUTHBEARER"})};
    EXPECT_THAT(g.begin("OAUTHBEARER", "n,a=user," + fields + "wrong\x01\x01"), StartsWith("334 {"));
    EXPECT_THAT(g.answer("\x01"), StartsWith("535"));
    EXPECT_THAT(g.begin("OAUTHBEARER", "n,a=user," + fields + "wrong\x01\x01"), StartsWith("334 {"));
    EXPECT_THAT(say(g.peer, ""), StartsWith("501"));
    for (const auto* bad : {"", "n,,",
                            "p=x,,\x01"
                            "auth=Bearer x\x01\x01",
                            "n,user,\x01"
                            "auth=Bearer x\x01\x01",
                            "n,,\x01\x01"})
        EXPECT_THAT(g.begin("OAUTHBEARER", bad), StartsWith("501")) << bad;
    EXPECT_EQ(g.begin("OAUTHBEARER"), "334 ");
    EXPECT_THAT(g.answer("n,," + fields + "ya29.token\x01\x01"), StartsWith("235"));
    EXPECT_EQ(g.sink.report().per_connection.front().auth_user, "user");
}

TEST(External, IsWhoTheCertificateSays) {
    config settings = over_tls(with_users({"PLAIN", "EXTERNAL"}));
    settings.users.push_back({"client", ""});
    settings.tls.client_ca = certificates("ca.pem");
    EXPECT_THAT(greeted(settings).offer, HasSubstr("AUTH PLAIN\r\n"));
    {
        greeted g{settings, {.certificate = "client"}};
        EXPECT_THAT(g.offer, HasSubstr("AUTH PLAIN EXTERNAL\r\n"));
        EXPECT_THAT(g.begin("PLAIN", std::string_view{"\0client\0", 8}), StartsWith("535")); // it has no password
        EXPECT_THAT(g.begin("EXTERNAL", ""), StartsWith("235"));
        EXPECT_EQ(g.sink.report().per_connection.front().auth_user, "client");
    }
    {
        greeted g{settings, {.certificate = "client"}};
        EXPECT_EQ(g.begin("EXTERNAL"), "334 ");
        EXPECT_THAT(g.answer("tim"), StartsWith("235"));
        g.peer.send("MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 0 LAST\r\n");
        for (int i = 0; i < 3; ++i) g.peer.read_reply();
        EXPECT_EQ(g.sink.mails().at(0).auth_as, "tim");
    }
    greeted other{settings, {.certificate = "client-other"}};
    EXPECT_THAT(other.begin("EXTERNAL", ""), StartsWith("535"));
}

TEST(Anonymous, NeedsNoUsers) {
    config settings = with_users({"PLAIN", "ANONYMOUS"});
    settings.users.clear();
    greeted g{settings};
    EXPECT_THAT(g.offer, HasSubstr("AUTH ANONYMOUS\r\n"));
    EXPECT_THAT(g.begin("PLAIN"), StartsWith("504"));
    EXPECT_THAT(g.begin("ANONYMOUS", std::string(256, 'x')), StartsWith("501"));
    EXPECT_THAT(g.begin("ANONYMOUS", "sirhc"), StartsWith("235"));
}

// --- What the script does to AUTH --------------------------------------------------------------------------

TEST(Mechanisms, AreOfferedInTheOrderOfTheConfiguration) {
    EXPECT_THAT(greeted{with_users({"LOGIN", "X-UNKNOWN", "SCRAM-SHA-1", "PLAIN"})}.offer,
                HasSubstr("AUTH LOGIN X-UNKNOWN SCRAM-SHA-1 PLAIN\r\n"));
}

TEST(Mechanisms, AreRefusedAsTheScriptSays) {
    for (const std::string code : {"535 5.7.8", "504 5.5.4", "534 5.7.9", "432 4.7.12", "454 4.7.0"}) {
        config settings = with_users({"PLAIN"});
        settings.script = "on AUTH reply \"" + code + " no\"";
        EXPECT_EQ(greeted{settings}.begin("PLAIN", std::string_view{"\0user\0pencil", 12}), code + " no\r\n");
    }
}

TEST(Mechanisms, AreSpoiledByChallengesWithoutSenseOrEnd) {
    config settings = with_users({"SCRAM-SHA-256", "LOGIN"});
    settings.script = "on AUTH 1 reply \"334 !not base64!\"; on AUTH 2 reply \"334 \"; on response 2+ reply \"334 \"";
    greeted g{settings};
    EXPECT_EQ(say(g.peer, "AUTH SCRAM-SHA-256"), "334 !not base64!\r\n");
    EXPECT_THAT(say(g.peer, "*"), StartsWith("501"));
    EXPECT_EQ(say(g.peer, "AUTH LOGIN"), "334 \r\n");
    for (int i = 0; i < 50; ++i) EXPECT_EQ(say(g.peer, "AAAA"), "334 \r\n");
}

} // namespace postrider::sink::test

#include <gtest/gtest.h>
#include <sstream>

#include "base64.hpp"
#include "wire.hpp"

namespace postrider::sink::test {

namespace {

config with_user() {
    config settings;
    settings.users = {{"user", "secret"}};
    return settings;
}

// Plays what follows EHLO.
void authenticate(const config& settings, std::string_view dialog) {
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    EXPECT_NE(c.read_reply().find("AUTH PLAIN LOGIN\r\n"), std::string::npos);
    play(c, dialog);
}

} // namespace

TEST(Base64, IsCanonicalOrNothing) {
    EXPECT_EQ(base64_encode("a"), "YQ==");
    EXPECT_EQ(base64_decode(""), "");
    EXPECT_EQ(base64_decode("YQ=="), "a");
    EXPECT_EQ(base64_decode("YWJj"), "abc");
    for (const auto* bad : {"YQ=", "YQ", "YR==", " YQ==", "Y===", "Y!==", "YQ==YQ==", "====", "="})
        EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
}

TEST(Sasl, Plain) {
    const auto right = "AHVzZXIAc2VjcmV0";
    authenticate(with_user(), std::string{"C: AUTH PLAIN "} + right + "\nS: 235 2.7.0 ...\nC: AUTH PLAIN\nS: 503 ...");
    authenticate(with_user(), std::string{"C: AUTH plain\nS: 334 \nC: "} + right + "\nS: 235 2.7.0 ...");
    authenticate(with_user(), R"(
        C: AUTH PLAIN AHVzZXIAd3Jvbmc=
        S: 535 5.7.8 ...
        C: AUTH PLAIN !
        S: 501 5.5.2 ...
        C: AUTH PLAIN =
        S: 501 5.5.2 ...
        C: AUTH PLAIN
        S: 334 
        C: *
        S: 501 5.7.0 ...
        C: AUTH CRAM-MD5
        S: 504 5.5.4 ...
        C: NOOP
        S: 250 2.0.0 Ok
    )");
}

TEST(Sasl, Login) {
    authenticate(with_user(), R"(
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: dXNlcg==
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 235 2.7.0 ...
    )");
    authenticate(with_user(), R"(
        C: AUTH LOGIN dXNlcg==
        S: 334 UGFzc3dvcmQ6
        C: d3Jvbmc=
        S: 535 5.7.8 ...
    )");
    config settings = with_user();
    settings.login_user_prompt = "who";
    authenticate(settings, "C: AUTH LOGIN\nS: 334 d2hv\nC: *\nS: 501 5.7.0 ...");
}

TEST(Sasl, CanBeRequired) {
    config settings = with_user();
    settings.require_auth = true;
    authenticate(settings, R"(
        C: MAIL FROM:<a@example.com>
        S: 530 5.7.0 ...
        C: AUTH PLAIN AHVzZXIAc2VjcmV0
        S: 235 ...
        C: MAIL FROM:<a@example.com> AUTH=<>
        S: 250 ...
    )");
}

TEST(Sasl, IsNotThereAfterHelo) {
    fixture f{with_user()};
    client c{f.port};
    play(c, R"(
        S: 220 ...
        C: AUTH PLAIN
        S: 503 ...
        C: HELO client.example
        S: 250 ...
        C: AUTH PLAIN
        S: 502 ...
    )");
}

TEST(Sasl, LeavesNoSecretInTheTranscript) {
    std::ostringstream transcript;
    config settings = with_user();
    settings.transcript = &transcript;
    authenticate(settings, R"(
        C: AUTH PLAIN AHVzZXIAd3Jvbmc=
        S: 535 ...
        C: AHVzZXIAd3Jvbmc=
        S: 500 ...
        C: AUTH LOGIN
        S: 334 ...
        C: dXNlcg==
        S: 334 ...
        C: c2VjcmV0
        S: 235 ...
    )");
    for (const auto* secret : {"AHVzZXIAd3Jvbmc=", "dXNlcg==", "c2VjcmV0"})
        EXPECT_EQ(transcript.str().find(secret), std::string::npos) << transcript.str();
    EXPECT_NE(transcript.str().find("[1] -> AUTH PLAIN [redacted]\n"), std::string::npos) << transcript.str();
    EXPECT_NE(transcript.str().find("[1] <- 334 [redacted]\n[1] -> [redacted]\n"), std::string::npos);
}

} // namespace postrider::sink::test

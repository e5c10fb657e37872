#include "postrider/scram.hpp"

#include "postrider/auth.hpp"
#include "print.hpp"
#include "sasl_digests.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace postrider {

/// The examples of the RFCs, whose nonces are shorter than ours.
class scram_examples {
public:
    static void nonce_octets(scram& s, std::size_t octets) { s.nonce_octets_ = static_cast<std::uint8_t>(octets); }
};

namespace {

const std::string first_octets = [] {
    std::string octets;
    for (char c = 0; c != 24; ++c) octets += c;
    return octets;
}();
const std::string nonce = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"; // of these
const std::string salt = ",s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4096";
const std::string server_first = "r=" + nonce + "server" + salt;
const std::string server_final = "v=fJueRA4maTQSQdExq/Sx5jXqL8v6bda9+GQDt2hV21I="; // to `y`

std::string binding(std::size_t size) {
    std::string octets;
    for (std::size_t i = 0; i != size; ++i) octets += static_cast<char>(100 + i);
    return octets;
}

struct Scram : testing::Test {
    sasl_digests library{first_octets};
    scram exchange{library};
    credentials with{.user = "user", .password = "pencil"};
    std::string bound = binding(32);
    tls_channel channel{.verified = true, .binding_type = "tls-exporter", .binding = bound};

    errc begin(mechanism which = mechanism::scram_sha_256, bool plus_offered = false) {
        return exchange.begin(which, with, channel, plus_offered);
    }
    errc answer_to(const std::string& challenge) {
        if (const errc e = begin(); e != errc::ok) return e;
        return exchange.answer(challenge);
    }
};

struct example {
    const char* name;
    mechanism which;
    const char* random; ///< the octets of the client's nonce, in base64 as it stands in the message
    const char* user;
    const char* password;
    const char* authorize_as;
    const char *client_first, *server_first, *client_final, *server_final;
};

const example examples[] = {
    {"Rfc5802", mechanism::scram_sha_1, "fyko+d2lbbFgONRv9qkxdawL", "user", "pencil", "",
     "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {"Rfc7677", mechanism::scram_sha_256, "rOprNGfwEbeRWgbNEkqO", "user", "pencil", "",
     "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    // The others by Python's hashlib and hmac.
    {"Sha512", mechanism::scram_sha_512, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "user", "pencil", "",
     "n,,n=user,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
     "r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXserver,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=8192",
     "c=biws,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXserver,p=37G+EwGjrZd92mbXWvK2GE7qUZt6L/"
     "sDqLFwhUGayGwSbg/5uB5HVO4NMTnFemHZsCXWmPX6Fkegp0Iq+02zmg==",
     "v=pQMqLZFGzAs8eROg3Kga2Ab1tZGWoRwygHTp5HqgP9nsoAPM8zhCsh7qSnNZ7OC7JexzK1CimHcBwqVD0UoJ7g=="},
    {"Sha1Plus", mechanism::scram_sha_1_plus, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "a,b=c", "p=,ss", "ad,min",
     "p=tls-exporter,a=ad=2Cmin,n=a=2Cb=3Dc,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
     "r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX!server~,s=c2FsdA==,i=5000",
     "c=cD10bHMtZXhwb3J0ZXIsYT1hZD0yQ21pbixkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/"
     "gIGCgw==,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX!server~,p=M8WyTp8OYYLtI7I0OmtY09k8le0=",
     "v=heBReq91gXTFs+O6rTL1yqVcekA="},
    {"Sha256Plus", mechanism::scram_sha_256_plus, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "a,b=c", "p=,ss", "ad,min",
     "p=tls-exporter,a=ad=2Cmin,n=a=2Cb=3Dc,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
     "r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX!server~,s=c2FsdA==,i=5000",
     "c=cD10bHMtZXhwb3J0ZXIsYT1hZD0yQ21pbixkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/"
     "gIGCgw==,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX!server~,p=k8KvrsBkRITzdFqAUgYosDYiUjMWe90n7XNiG6Oj7Js=",
     "v=tWpV4eRUGd+wx1KO+qjsHzl82/IEXc9EHgq2Y4orNjs="},
    {"Sha512Plus", mechanism::scram_sha_512_plus, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "a,b=c", "p=,ss", "ad,min",
     "p=tls-exporter,a=ad=2Cmin,n=a=2Cb=3Dc,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
     "r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX!server~,s=c2FsdA==,i=5000",
     "c=cD10bHMtZXhwb3J0ZXIsYT1hZD0yQ21pbixkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/"
     "gIGCgw==,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX!server~,p=vTbY6FjN5WmWS9T+"
     "silDsFvbeRs+XRqL3nc3utJaFn7bJZ+S1XeRD1iZbJxtypCpOANcvwNozOzyZpTwTMBdPQ==",
     "v=9GVuRrR2NHEN74RCXBpICVYggWHeLZ201SJPtbOZE0KhOZKCWfPSHUUZFYvDB6WowKEFZ3jkZiVwMjPD1EZppA=="},
    {"Prepared", mechanism::scram_sha_256, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "us\xC3\xA9r", "p\xC3\xA4ss", "",
     "n,,n=us\xC3\xA9r,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
     "r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXserver,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4096",
     "c=biws,r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXserver,p=kIjQ40YarGk21sb+18DtladveHIkXYCZofWINpGvix4=",
     "v=onDx6tSiTBgVsWN8l/wbnMO+4s4FwfQ7abs42lerCPM="},
};

void PrintTo(const example& e, std::ostream* to) { *to << e.name; }

class ScramExamples : public testing::TestWithParam<example> {
protected:
    void start() {
        const example& e = GetParam();
        char text[33] = {};
        std::strcpy(text, e.random);
        const std::size_t size = static_cast<std::size_t>(
            EVP_DecodeBlock(reinterpret_cast<unsigned char*>(text), reinterpret_cast<const unsigned char*>(e.random),
                            static_cast<int>(std::strlen(e.random))));
        library.octets.assign(text, size);
        scram_examples::nonce_octets(exchange, size);
        with = {.user = e.user, .password = e.password, .authorize_as = e.authorize_as, .prepared = true};
        if (plus_mechanisms.has(e.which)) channel = {.binding_type = "tls-exporter", .binding = bound};
        ASSERT_TRUE(exchange.speaks().has(e.which));
        ASSERT_EQ(exchange.begin(e.which, with, channel, true), errc::ok);
        EXPECT_TRUE(exchange.client_first());
        ASSERT_EQ(exchange.message(), e.client_first);
        EXPECT_EQ(exchange.iterations(), 0u);
        ASSERT_EQ(exchange.answer(e.server_first), errc::ok);
        ASSERT_EQ(exchange.message(), e.client_final);
        EXPECT_GE(exchange.iterations(), 4096u);
    }

    sasl_digests library;
    scram exchange{library};
    credentials with;
    std::string bound = binding(32);
    tls_channel channel;
};

TEST_P(ScramExamples, ProvenInAChallenge) {
    start();
    ASSERT_EQ(exchange.answer(GetParam().server_final), errc::ok);
    EXPECT_EQ(exchange.message(), "");
    EXPECT_EQ(exchange.end({}), errc::ok);
    EXPECT_EQ(exchange.message(), "");
    EXPECT_EQ(exchange.end({}), errc::server_unproven) << "and once only";
}

TEST_P(ScramExamples, ProvenBesideThe235) {
    start();
    EXPECT_EQ(exchange.end(GetParam().server_final), errc::ok);
    EXPECT_EQ(exchange.message(), "");
}

TEST_P(ScramExamples, AnotherSignatureProvesNothing) {
    std::string lie = GetParam().server_final;
    for (std::size_t i = 2; i != lie.size(); ++i) {
        start();
        lie[i] = lie[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(exchange.answer(lie), errc::server_unproven);
        EXPECT_EQ(exchange.end(GetParam().server_final), errc::server_unproven) << "too late";
        lie[i] = GetParam().server_final[i];
    }
}

INSTANTIATE_TEST_SUITE_P(all, ScramExamples, testing::ValuesIn(examples),
                         [](const auto& p) { return std::string{p.param.name}; });

TEST_F(Scram, TheFlagOfTheBinding) {
    EXPECT_EQ(begin(), errc::ok);
    EXPECT_EQ(exchange.message(), "y,,n=user,r=" + nonce) << "could, and is offered nothing for it";
    ASSERT_EQ(exchange.answer(server_first), errc::ok);
    EXPECT_EQ(exchange.message(), "c=eSws,r=" + nonce + "server,p=jplXiU/2Vvh3q3PkKDP3fkYQ3oXIQHqFiOuWtcC5Pv0=");
    EXPECT_EQ(exchange.answer(server_final), errc::ok);
    EXPECT_EQ(begin(mechanism::scram_sha_256, true), errc::ok);
    EXPECT_EQ(exchange.message(), "n,,n=user,r=" + nonce) << "could, is offered it, and was told not to";
    channel = {};
    EXPECT_EQ(begin(), errc::ok);
    EXPECT_EQ(exchange.message(), "n,,n=user,r=" + nonce) << "cannot";
}

TEST_F(Scram, WithoutBindingThereIsNoPlus) {
    const std::string longest = binding(64), longer = binding(65);
    channel = {};
    EXPECT_EQ(begin(mechanism::scram_sha_256_plus, true), errc::invalid_parameter);
    channel = {.binding_type = "tls-server-end-point", .binding = longer};
    EXPECT_EQ(begin(mechanism::scram_sha_256_plus, true), errc::invalid_parameter);
    channel = {.binding_type = "a-type-of-more-than-32-characters", .binding = bound};
    EXPECT_EQ(begin(mechanism::scram_sha_256_plus, true), errc::invalid_parameter);
    channel = {.binding_type = "tls-server-end-point", .binding = longest};
    EXPECT_EQ(begin(mechanism::scram_sha_256_plus, true), errc::ok);
    EXPECT_EQ(exchange.message(), "p=tls-server-end-point,,n=user,r=" + nonce);
}

TEST_F(Scram, OtherMechanismsItDoesNotSpeak) {
    for (const mechanism m : {mechanism::none, mechanism::plain, mechanism::cram_md5, mechanism::external}) {
        EXPECT_EQ(begin(m), errc::invalid_parameter);
        EXPECT_EQ(exchange.message(), "");
    }
}

TEST_F(Scram, WhatItCannotTake) {
    const std::string commas(limits::sasl_name / 3, ','), more(limits::sasl_name / 3 + 1, '=');
    const std::string longest(limits::sasl_name, 'u'), longer(limits::sasl_name + 1, 'u');
    const std::vector<std::string> wrong = {longer,
                                            more,
                                            "a\rb",
                                            "\x7f",
                                            "b\xC3\xB6"
                                            "b",
                                            std::string("a\0b", 3)};
    for (const std::string& name : wrong) {
        with = {.user = name, .password = "pencil"};
        EXPECT_EQ(begin(), errc::invalid_credentials) << name;
        with = {.user = "user", .password = "pencil", .authorize_as = name};
        EXPECT_EQ(begin(), errc::invalid_credentials) << name;
        EXPECT_EQ(exchange.message(), "");
    }
    with = {.user = "", .password = "pencil"};
    EXPECT_EQ(begin(), errc::invalid_credentials);
    with = {.user = "user", .password = "p\xC3\xA4ss"};
    EXPECT_EQ(begin(), errc::invalid_credentials);
    with = {.user = "user", .password = "pen\ncil", .prepared = true};
    EXPECT_EQ(begin(), errc::invalid_credentials);
    for (const std::string& name : {longest, commas}) {
        const std::string all = binding(64);
        channel = {.binding_type = "tls-server-end-point", .binding = all};
        with = {.user = name, .password = "pencil", .authorize_as = name};
        EXPECT_EQ(begin(mechanism::scram_sha_512_plus), errc::ok);
        EXPECT_EQ(exchange.answer(server_first), errc::ok) << "and all of it has room";
    }
}

TEST_F(Scram, WeakOrEndless) {
    for (const char* count : {"1", "4095", "1000001", "4294967295", "4294967296", "99999999999999999999"})
        EXPECT_EQ(answer_to("r=" + nonce + "server,s=c2FsdA==,i=" + count), errc::weak_challenge) << count;
    EXPECT_EQ(exchange.iterations(), 0u);
    EXPECT_EQ(answer_to("r=" + nonce + "server,s=c2FsdA==,i=4096"), errc::ok);
    scram strict{library, {.iterations_least = 10, .iterations_most = 12}};
    for (const auto& [count, result] :
         {std::pair{"9", errc::weak_challenge}, {"10", errc::ok}, {"12", errc::ok}, {"13", errc::weak_challenge}}) {
        ASSERT_EQ(strict.begin(mechanism::scram_sha_1, with, {}, false), errc::ok);
        EXPECT_EQ(strict.answer("r=" + nonce + "s,s=c2FsdA==,i=" + count), result) << count;
        EXPECT_EQ(strict.iterations(), result == errc::ok ? static_cast<unsigned>(std::atoi(count)) : 0u);
    }
}

TEST_F(Scram, ChallengesThatAreNone) {
    const std::string others[] = {
        "",
        "r",
        "r=",
        "=",
        ",",
        "r=" + nonce + salt,                           // adds nothing
        "r=" + nonce.substr(0, 31) + "Yserver" + salt, // another's
        "r=server" + nonce + salt,
        "r=server" + salt,
        "r=" + nonce + "ser ver" + salt,
        "r=" + nonce + "ser\x7fver" + salt,
        "r=" + nonce + "ser\xC3\xB6ver" + salt,
        "r=" + nonce + std::string("ser\0ver", 7) + salt,
        "r=" + nonce + "server",
        "r=" + nonce + "server,",
        "r=" + nonce + "server,s=,i=4096",
        "r=" + nonce + "server,s=c2FsdA==",
        "r=" + nonce + "server,s=c2FsdA==,",
        "r=" + nonce + "server,s=c2FsdA==,i=",
        "r=" + nonce + "server,s=c2FsdA==,i=0",
        "r=" + nonce + "server,s=c2FsdA==,i=04096",
        "r=" + nonce + "server,s=c2FsdA==,i=-4096",
        "r=" + nonce + "server,s=c2FsdA==,i=+4096",
        "r=" + nonce + "server,s=c2FsdA==,i=4096 ",
        "r=" + nonce + "server,s=c2FsdA==,i=4096x",
        "r=" + nonce + "server,s=c2FsdA==,i=0x1000",
        "r=" + nonce + "server,s=c2FsdA=,i=4096",
        "r=" + nonce + "server,s=c2Fsd!==,i=4096",
        "r=" + nonce + "server,s=c2FsdB==,i=4096", // bits behind the last octet
        "r=" + nonce + "server,i=4096,s=c2FsdA==",
        "s=c2FsdA==,i=4096,r=" + nonce + "server",
        " r=" + nonce + "server" + salt,
        "R=" + nonce + "server" + salt,
        "e=other-error",
        "m=mandatory,r=" + nonce + "server" + salt,
        "r=" + nonce + "server" + salt + ",",
        "r=" + nonce + "server" + salt + ",,",
        "r=" + nonce + "server" + salt + ",x",
        "r=" + nonce + "server" + salt + ",x=",
        "r=" + nonce + "server" + salt + ",=y",
        "r=" + nonce + "server" + salt + ",1=y",
        "r=" + nonce + "server" + salt + ",xy=z",
        "r=" + nonce + "server" + salt + ",m=mandatory",
        "r=" + nonce + "server" + salt + ",x=y,m=mandatory",
        "r=" + nonce + "server" + salt + ",x=y,",
        "r=" + nonce + std::string(2000, 's') + salt, // more than there is room for
        "r=" + nonce + std::string(1480, 's') + salt, // and for the proof behind it
        "r=" + nonce + "server,s=" + std::string(2000, 'A') + ",i=4096",
    };
    for (const std::string& challenge : others) {
        EXPECT_EQ(answer_to(challenge), errc::malformed_challenge) << challenge;
        EXPECT_EQ(exchange.message(), "");
        EXPECT_EQ(exchange.answer(server_first), errc::malformed_challenge) << "it is over";
        EXPECT_EQ(exchange.end(server_final), errc::server_unproven);
    }
    EXPECT_EQ(answer_to(server_first + ",x=y=z,A=\xC3\xB6"), errc::ok) << "extensions are passed over";
    EXPECT_EQ(answer_to("r=" + nonce + std::string(700, 's') + ",s=" + std::string(400, 'A') + ",i=4096"), errc::ok);
}

TEST_F(Scram, FinalMessagesThatProveNothing) {
    struct row {
        std::string message;
        errc result;
    };
    const row rows[] = {
        {"", errc::malformed_challenge},
        {"v", errc::malformed_challenge},
        {"v=", errc::malformed_challenge},
        {"e=", errc::malformed_challenge},
        {"x=y", errc::malformed_challenge},
        {server_first, errc::malformed_challenge},
        {server_final + ",", errc::malformed_challenge},
        {server_final + ",m=mandatory", errc::malformed_challenge},
        {"x=y," + server_final, errc::malformed_challenge},
        {"e=invalid-proof", errc::server_unproven},
        {"e=other-error,x=y", errc::server_unproven},
        {"v=AAAA", errc::server_unproven},
        {"v=!", errc::server_unproven},
        {server_final.substr(0, server_final.size() - 1), errc::server_unproven},
        {server_final + "=", errc::server_unproven},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", errc::server_unproven},
    };
    for (const row& r : rows) {
        ASSERT_EQ(answer_to(server_first), errc::ok);
        EXPECT_EQ(exchange.answer(r.message), r.result) << r.message;
        EXPECT_EQ(exchange.message(), "");
        ASSERT_EQ(answer_to(server_first), errc::ok);
        EXPECT_EQ(exchange.end(r.message), errc::server_unproven) << r.message;
    }
    ASSERT_EQ(answer_to(server_first), errc::ok);
    EXPECT_EQ(exchange.answer(server_final + ",x=y"), errc::ok);
    EXPECT_EQ(exchange.answer(server_final), errc::malformed_challenge) << "one too many";
    EXPECT_EQ(exchange.end({}), errc::server_unproven);
}

TEST_F(Scram, A235TooEarlyProvesNothing) {
    EXPECT_EQ(exchange.end({}), errc::server_unproven);
    EXPECT_EQ(exchange.answer(server_first), errc::malformed_challenge) << "nothing has begun";
    ASSERT_EQ(begin(), errc::ok);
    EXPECT_EQ(exchange.end(server_final), errc::server_unproven);
    EXPECT_EQ(exchange.message(), "");
}

TEST_F(Scram, EachCallOfTheLibraryCanFail) {
    library.fails_at = 0;
    EXPECT_EQ(begin(), errc::system_failure);
    EXPECT_EQ(exchange.message(), "");
    for (library.fails_at = 1; library.fails_at != 7; ++library.fails_at) {
        library.calls = 0;
        EXPECT_EQ(answer_to(server_first), errc::system_failure) << library.fails_at;
        EXPECT_EQ(exchange.message(), "");
        EXPECT_EQ(exchange.end(server_final), errc::server_unproven);
    }
    library.calls = 0;
    EXPECT_EQ(answer_to(server_first), errc::ok) << "there is no eighth";
}

TEST_F(Scram, NothingDerivedFromThePasswordIsLeftBehind) {
    alignas(scram) char memory[sizeof(scram)];
    auto* const e = new (memory) scram{library};
    std::string signature = server_final.substr(2), octets(64, '\0');
    octets.resize(static_cast<std::size_t>(EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                                                           reinterpret_cast<const unsigned char*>(signature.data()),
                                                           static_cast<int>(signature.size()))) -
                  1);
    const auto holds = [&](const std::string& what) {
        return std::string_view{memory, sizeof memory}.find(what) != std::string_view::npos;
    };
    for (const char* way : {"proven", "refused", "given up", "lied to"}) {
        ASSERT_EQ(e->begin(mechanism::scram_sha_256, with, channel, false), errc::ok);
        ASSERT_EQ(e->answer(server_first), errc::ok);
        EXPECT_TRUE(holds(octets) && holds(",p=jplXiU/2"));
        if (way[0] == 'p') {
            EXPECT_EQ(e->answer(server_final), errc::ok);
            EXPECT_EQ(e->end({}), errc::ok);
        } else if (way[0] == 'r') EXPECT_EQ(e->answer("e=other-error"), errc::server_unproven);
        else if (way[0] == 'g') e->forget();
        else EXPECT_EQ(e->end("v=AAAA"), errc::server_unproven);
        EXPECT_FALSE(holds(octets) || holds("jplXiU/2") || holds(signature) || holds(nonce)) << way;
    }
    e->~scram();
}

} // namespace
} // namespace postrider

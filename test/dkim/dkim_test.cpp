#include "postrider/dkim.hpp"

#include "dkim/canonical.hpp"
#include "dkim/key.hpp"
#include "sent_content.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>

namespace postrider {
namespace {

using dkim_detail::relaxed_body;
using dkim_detail::relaxed_field;

std::string pem_of(EVP_PKEY* key, std::string_view passphrase = {}) {
    const openssl_detail::owned<EVP_PKEY> held{key};
    const openssl_detail::owned<BIO> to{BIO_new(BIO_s_mem())};
    std::string phrase{passphrase};
    EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(to.get(), key, phrase.empty() ? nullptr : EVP_aes_128_cbc(), phrase.data(),
                                            static_cast<int>(phrase.size()), nullptr, nullptr),
              1);
    char* octets = nullptr;
    const long size = BIO_get_mem_data(to.get(), &octets);
    return {octets, static_cast<std::size_t>(size)};
}
EVP_PKEY* ed25519() { return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); }
EVP_PKEY* rsa(std::size_t bits) { return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits); }

dkim_signer signer_of(dkim_key key = dkim_key::from_pem(pem_of(ed25519()))) {
    return {.domain = "a.example", .selector = "s", .key = std::move(key)};
}
std::string signed_text(std::string text, const dkim_signer& by = signer_of()) {
    outgoing mail = sign({.content = text_content(std::move(text))}, by);
    std::string problem = mail.problem;
    std::string sent = mail.error == errc::ok ? sent_content(*mail.content, false, problem) : "";
    EXPECT_EQ(problem, "");
    return sent;
}
/// The value of a tag of the first signature, without blanks.
std::string tag(std::string_view text, std::string_view name) {
    std::string field{";"};
    text.remove_prefix(std::string_view{"DKIM-Signature:"}.size());
    for (std::size_t i = 0; i != text.size() && !(text[i] == '\n' && text.substr(i + 1, 1) != " "); ++i)
        if (std::string_view{" \t\r\n"}.find(text[i]) == std::string_view::npos) field += text[i];
    field += ';';
    const std::size_t at = field.find(std::string{";"}.append(name).append("="));
    if (at == std::string::npos) return "none";
    const std::size_t begin = at + name.size() + 2;
    return field.substr(begin, field.find(';', begin) - begin);
}

// ---------------------------------------------------------------------------------------------------------------------
// What is signed

TEST(Dkim, FieldsAreRelaxed) {
    EXPECT_EQ(relaxed_field("A", " X\r\n"), "a:X"); // RFC 6376 §3.4.5
    EXPECT_EQ(relaxed_field("B", " Y\t\r\n\tZ  \r\n"), "b:Y Z");
    EXPECT_EQ(relaxed_field("SUBJect", "\r\n\t AbC \r\n"), "subject:AbC"); // RFC 6376 §3.4.2
    EXPECT_EQ(relaxed_field("X", ""), "x:");
    EXPECT_EQ(relaxed_field("X", " \r\n \t\r\n"), "x:");
    EXPECT_EQ(relaxed_field("X", "a\r\n b\v \xff"), "x:a b\v \xff");
}

std::string digest_of(std::string_view text) {
    unsigned char octets[32];
    EXPECT_EQ(EVP_Digest(text.data(), text.size(), octets, nullptr, EVP_sha256(), nullptr), 1);
    return {reinterpret_cast<const char*>(octets), sizeof octets};
}

TEST(Dkim, BodiesAreRelaxedWhereverTheyAreCut) {
    std::string large, large_relaxed;
    while (large.size() < 50'000) large += "a  b \t\r\n\r\n \r\n", large_relaxed += "a b\r\n\r\n\r\n";
    const struct {
        std::string_view body, relaxed;
    } cases[] = {
        {"", ""},
        {"\r\n", ""},
        {"\r\n\r\n", ""},
        {" \t\r\n \r\n", ""},
        {" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"}, // RFC 6376 §3.4.5
        {"x\r\n", "x\r\n"},
        {"x\r\n \r\n\r\n", "x\r\n"},
        {"\r\n\r\nx\r\n", "\r\n\r\nx\r\n"},
        {"x\r\n \r\n\ty\r\n", "x\r\n\r\n y\r\n"},
        {"\t\tx\v \f\r\n", " x\v \f\r\n"},
        {{"\0 \0\r\n", 5}, {"\0 \0\r\n", 5}},
    };
    for (const auto& c : cases)
        for (std::size_t cut = 0; cut <= c.body.size(); ++cut) {
            relaxed_body body;
            body.add(c.body.substr(0, cut));
            body.add(c.body.substr(cut));
            EXPECT_EQ(body.digest(), digest_of(c.relaxed)) << c.body << " cut at " << cut;
        }
    relaxed_body body;
    body.add(large + "end\r\n");
    EXPECT_EQ(body.digest(), digest_of(large_relaxed + "end\r\n")) << "more than is gathered";
    relaxed_body lines;
    for (int i = 0; i != 30'000; ++i) lines.add("\r\n");
    lines.add("x\r\n");
    std::string line_ends;
    for (int i = 0; i != 30'000; ++i) line_ends += "\r\n";
    EXPECT_EQ(lines.digest(), digest_of(line_ends + "x\r\n"));
}

TEST(Dkim, TheBodyHashIsThatOfTheRfc) {
    EXPECT_EQ(tag(signed_text("From: a@a.example\n\n"), "bh"),
              "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=") // RFC 6376 §3.4.4
        << "an empty body";
    EXPECT_EQ(tag(signed_text("From: a@a.example\n"), "bh"), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        << "no body";
    // RFC 6376 §A.2
    EXPECT_EQ(tag(signed_text("From: a@a.example\n\nHi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n"), "bh"),
              "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}

/// The field as it is sent, checked here by the rules of RFC 6376 §3.7, without our own code.
TEST(Dkim, TheSignatureIsOfTheFieldsNamedFromTheLowest) {
    EVP_PKEY* const key = ed25519();
    EVP_PKEY_up_ref(key);
    dkim_signer by = signer_of(dkim_key::from_pem(pem_of(key)));
    const openssl_detail::owned<EVP_PKEY> held{key};
    by.oversigned = {"FROM", "x"};
    by.oversigned_if_present = {"Q", "z", "X"};
    by.headers = {"Y", "from", "nowhere", "Y"};
    const std::string sent = signed_text("Y: 1\nX:  2\n\t3\nz: 4\nFrom: a@a.example\nx: 5 \ny: 6\n\nbody\n", by);
    EXPECT_EQ(tag(sent, "h"), "FROM:FROM:x:x:x:z:z:Y:Y");
    const std::string field = sent.substr(0, sent.find("\r\nY: 1"));
    std::string value = field.substr(15);
    const std::string signature = tag(sent, "b");
    value.resize(value.rfind("b=") + 2);
    const std::string text =
        "from:a@a.example\r\nx:5\r\nx:2 3\r\nz:4\r\ny:6\r\ny:1\r\n" + relaxed_field("dkim-signature", value);
    unsigned char octets[96];
    ASSERT_EQ(EVP_DecodeBlock(octets, reinterpret_cast<const unsigned char*>(signature.data()),
                              static_cast<int>(signature.size())),
              66);
    const std::string digest = digest_of(text);
    const openssl_detail::owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
    ASSERT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key), 1);
    EXPECT_EQ(EVP_DigestVerify(context.get(), octets, 64, reinterpret_cast<const unsigned char*>(digest.data()), 32),
              1);
}

TEST(Dkim, TheFieldIsFoldedAndComplete) {
    for (const dkim_key& key : {dkim_key::from_pem(pem_of(ed25519())), dkim_key::from_pem(pem_of(rsa(2048)))}) {
        dkim_signer by = signer_of(key);
        by.domain = "b\xc3\xbc"
                    "cher.example";
        by.selector = "2026.mail";
        by.identity = "j\xc3\xb6rg;=x@mail.b\xc3\xbc"
                      "cher.example";
        by.expires = std::chrono::hours{24};
        for (int i = 0; i != 40; ++i) by.headers.push_back("X-Field-" + std::to_string(i));
        std::string text;
        for (int i = 0; i != 40; ++i) text += "X-Field-" + std::to_string(i) + ": x\n";
        const std::string sent = signed_text(text + "From: a@a.example\n\nx\n", by);
        EXPECT_EQ(tag(sent, "v"), "1");
        EXPECT_EQ(tag(sent, "a"), key.algorithm() == dkim_algorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256");
        EXPECT_EQ(tag(sent, "c"), "relaxed/relaxed");
        EXPECT_EQ(tag(sent, "d"), "xn--bcher-kva.example");
        EXPECT_EQ(tag(sent, "s"), "2026.mail");
        EXPECT_EQ(tag(sent, "i"), "j=C3=B6rg=3B=3Dx@mail.xn--bcher-kva.example");
        EXPECT_EQ(tag(sent, "l"), "none");
        EXPECT_EQ(std::stoll(tag(sent, "x")) - std::stoll(tag(sent, "t")), 86400);
        EXPECT_LE(std::abs(std::stoll(tag(sent, "t")) - std::time(nullptr)), 60);
        for (std::size_t begin = 0; begin < sent.size();) {
            const std::size_t end = sent.find("\r\n", begin);
            EXPECT_LE(end - begin, 78u);
            begin = end + 2;
        }
    }
    const std::string plain = signed_text("From: a@a.example\nReceived: x\nReturn-Path: <x>\nDate: x\n\nx\n");
    EXPECT_EQ(tag(plain, "h"), "From:From:To:Cc:Reply-To:Subject:Date:Date");
    EXPECT_EQ(tag(plain, "x"), "none");
    EXPECT_EQ(tag(plain, "i"), "none");
}

TEST(Dkim, FromIsSignedInAnyCase) {
    dkim_signer by = signer_of();
    by.oversigned = {};
    by.oversigned_if_present = {};
    by.headers = {"Subject"};
    EXPECT_EQ(tag(signed_text("From: a@a.example\nSubject: x\n\n", by), "h"), "From:From:Subject");
}

// ---------------------------------------------------------------------------------------------------------------------
// The content

/// The message behind the signature, as the session sends it, for each place that the content can lie in.
TEST(Dkim, TheMessageFollowsAsItIsSentWithoutASignature) {
    std::string large = "From: a@a.example\n\n";
    while (large.size() < 300'000) large.append(large.size() % 900, 'x').append("\n.\r\r\n..\r");
    const std::string path = testing::TempDir() + "dkim_test." + std::to_string(::getpid());
    for (const std::string& text :
         {std::string{"From: a@a.example\r\n\r\nx\r\n"}, std::string{"From: a@a.example\n\nx"},
          std::string{"From: a@a.example"}, std::string{"From: a\xc3\xbc@a.example\r\r\xff\r"}, large})
        for (const bool bdat : {false, true}) {
            std::string problem;
            const std::string plain = sent_content(*text_content(text), bdat, problem);
            std::ofstream{path, std::ios::binary} << text;
            for (const auto& content : {text_content(text), file_content(path)}) {
                const outgoing mail = sign(sign({.content = content}, signer_of()), signer_of());
                for (int times = 0; times != 2; ++times) {
                    const std::string sent = sent_content(*mail.content, bdat, problem);
                    EXPECT_EQ(problem, "");
                    ASSERT_GT(sent.size(), plain.size());
                    EXPECT_EQ(sent.substr(sent.size() - plain.size()), plain);
                    EXPECT_TRUE(sent.substr(0, sent.size() - plain.size()).starts_with("DKIM-Signature: "));
                }
            }
        }
    std::filesystem::remove(path);
}

TEST(Dkim, WhatIsPulledIsDescribed) {
    const std::string path = testing::TempDir() + "dkim_test." + std::to_string(::getpid());
    std::ofstream{path, std::ios::binary} << "From: a@a.example\nX: \xc3\xbc\n\nx";
    const outgoing mail = sign({.content = file_content(path)}, signer_of());
    mail_content facts;
    std::string problem;
    ASSERT_EQ(mail.content->describe(facts, problem), errc::ok) << problem;
    EXPECT_TRUE(facts.pulled && facts.repeatable && facts.exact_size && facts.utf8_header);
    EXPECT_EQ(facts.kind, octets::eight_bit);
    const std::string sent = sent_content(*mail.content, true, problem);
    EXPECT_EQ(facts.size, sent.size());
    std::filesystem::remove(path);
    EXPECT_EQ(mail.content->describe(facts, problem), errc::body_failed);
    EXPECT_EQ(problem, path + ": cannot be opened: No such file or directory");
}

/// A source that says what the test wants.
struct source : content_source {
    errc describe(mail_content& to, std::string& problem) override {
        to = facts;
        problem = trouble;
        return trouble.empty() ? errc::ok : errc::content_mismatch;
    }
    content_part pull(bool first) noexcept override {
        if (first) at = 0;
        if (++at > text.size()) return {.failed = true};
        return {.octets = std::string_view{text}.substr(at - 1, 1), .last = at == text.size() && !breaks};
    }
    mail_content facts{};
    std::string trouble{}, text{};
    std::size_t at = 0;
    bool breaks = false;
};

TEST(Dkim, ContentThatIsPulledOnceIsCopied) {
    const auto once = std::make_shared<source>();
    once->facts = {.pulled = true, .as_it_is = true};
    once->text = "From: a@a.example\n\nx\n";
    const outgoing mail = sign({.content = once}, signer_of());
    std::string problem;
    const std::string sent = sent_content(*mail.content, true, problem);
    EXPECT_TRUE(sent.ends_with("=\r\nFrom: a@a.example\r\n\r\nx\r\n")) << sent << problem;
    once->text.clear();
    EXPECT_EQ(sent_content(*mail.content, true, problem).size(), sent.size()) << "again, from the copy";
}

TEST(Dkim, WhatCannotBeSignedIsNotSent) {
    const auto problem_of = [](std::shared_ptr<content_source> content, errc error) {
        const outgoing mail = sign({.content = std::move(content)}, signer_of());
        mail_content facts;
        std::string problem;
        EXPECT_EQ(mail.content->describe(facts, problem), error);
        return problem;
    };
    const auto of_text = [&](std::string text) {
        return problem_of(text_content(std::move(text)), errc::invalid_message);
    };
    EXPECT_EQ(of_text("Subject: x\n\nx\n"), "the message has no From field, which must be signed (RFC 6376 §5.4)");
    EXPECT_EQ(of_text(""), "the message has no From field, which must be signed (RFC 6376 §5.4)");
    EXPECT_EQ(of_text("From: a@a.example\nfrom: b@a.example\n\n"),
              "the message has more than one From field, and a reader may see any of them");
    EXPECT_EQ(of_text("From: a@a.example\nhello\n\nx\n"),
              "line 2 of the message is of no header field, and no empty line stands before it");
    EXPECT_EQ(of_text("From: a@a.example\n" + std::string(1100000, 'x')),
              "the header block has more than 1 MB, and cannot be signed");
    EXPECT_EQ(problem_of(nullptr, errc::invalid_message), "the mail has no content");

    const auto other = std::make_shared<source>();
    const std::string binary = "binary content, and content that the server fetches, cannot be signed (RFC 6376 §5.3)";
    other->facts = {.text = "From: a@a.example\n\n", .kind = octets::binary};
    EXPECT_EQ(problem_of(other, errc::invalid_message), binary);
    other->facts = {.url = "imap://a.example/x"};
    EXPECT_EQ(problem_of(other, errc::invalid_message), binary);
    other->facts = {.pulled = true, .repeatable = true};
    other->text = "From: a@a.example\n\n";
    other->breaks = true;
    EXPECT_EQ(problem_of(other, errc::body_failed), "the content of the mail cannot be read to its end");
    other->facts.repeatable = false;
    EXPECT_EQ(problem_of(other, errc::body_failed), "the content of the mail cannot be read to its end");
    other->trouble = "trouble";
    EXPECT_EQ(problem_of(other, errc::content_mismatch), "trouble");

    const outgoing failed = sign({.error = errc::no_recipients, .problem = "nobody"}, {});
    EXPECT_EQ(failed.error, errc::no_recipients);
    EXPECT_EQ(failed.problem, "nobody");
}

// ---------------------------------------------------------------------------------------------------------------------
// The signer, and its key

TEST(Dkim, TheSignerIsChecked) {
    const auto problem = [](auto&& change) {
        dkim_signer by = signer_of();
        change(by);
        const outgoing mail = sign({.content = text_content("From: a@a.example\n\n")}, by);
        EXPECT_EQ(mail.error, mail.problem.empty() ? errc::ok : errc::invalid_parameter);
        return mail.problem;
    };
    EXPECT_EQ(problem([](dkim_signer&) {}), "");
    EXPECT_EQ(problem([](dkim_signer& by) { by.key = {}; }), "dkim_signer: key: is not given");
    EXPECT_EQ(problem([](dkim_signer& by) { by.key = dkim_key::from_file("/nowhere"); }),
              "dkim_signer: key: /nowhere: cannot be read: No such file or directory");
    for (const char* wrong : {"", "a;b", "a b", "[192.0.2.1]", "a.example\r\nX: y", "a..example"}) {
        EXPECT_EQ(problem([&](dkim_signer& by) { by.domain = wrong; }).substr(0, 20), "dkim_signer: domain:") << wrong;
        EXPECT_EQ(problem([&](dkim_signer& by) { by.selector = wrong; }).substr(0, 22), "dkim_signer: selector:")
            << wrong;
    }
    EXPECT_EQ(problem([](dkim_signer& by) { by.domain = {"a\0b", 3}; }), "dkim_signer: domain: \"a=00b\" is no domain");
    for (const char* wrong : {"", "X:", "X;Y", "X Y", "X\r\nY", "\xc3\xbc"}) {
        EXPECT_NE(problem([&](dkim_signer& by) { by.headers.emplace_back(wrong); }), "") << wrong;
        EXPECT_NE(problem([&](dkim_signer& by) { by.oversigned.emplace_back(wrong); }), "") << wrong;
        EXPECT_NE(problem([&](dkim_signer& by) { by.oversigned_if_present.emplace_back(wrong); }), "") << wrong;
    }
    EXPECT_NE(problem([](dkim_signer& by) { by.headers.emplace_back("X\0Y", 3); }), "");
    for (const char* wrong : {"alice", "alice@b.example", "alice@xa.example", "alice@example", "@", "a\nb@a.example"})
        EXPECT_EQ(problem([&](dkim_signer& by) { by.identity = wrong; }).substr(0, 22), "dkim_signer: identity:")
            << wrong;
    for (const char* right : {"@a.example", "alice@A.example", "\"a@b\"@mail.a.example"})
        EXPECT_EQ(problem([&](dkim_signer& by) { by.identity = right; }), "") << right;
    EXPECT_EQ(problem([](dkim_signer& by) { by.expires = std::chrono::seconds{-1}; }),
              "dkim_signer: expires: is in the past");
}

TEST(Dkim, KeysAreRead) {
    const dkim_key small = dkim_key::from_pem(pem_of(rsa(1024)));
    EXPECT_TRUE(small);
    EXPECT_EQ(small.bits(), 1024);
    EXPECT_EQ(small.algorithm(), dkim_algorithm::rsa_sha256);
    EXPECT_EQ(small.problem(), "");
    EXPECT_TRUE(small.dns_record().starts_with("v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ"));
    const dkim_key ed = dkim_key::from_pem(pem_of(ed25519(), "phrase"), "phrase");
    EXPECT_TRUE(ed) << ed.problem();
    EXPECT_EQ(ed.algorithm(), dkim_algorithm::ed25519_sha256);
    EXPECT_EQ(ed.dns_record().size(), std::string_view{"v=DKIM1; k=ed25519; p="}.size() + 44);
    EXPECT_EQ(dkim_key{}.dns_record(), "");
    EXPECT_EQ(dkim_key{}.bits(), 0);

    const std::string path = testing::TempDir() + "dkim_test." + std::to_string(::getpid());
    std::ofstream{path} << pem_of(ed25519());
    EXPECT_TRUE(dkim_key::from_file(path)) << dkim_key::from_file(path).problem();
    std::ofstream{path} << "";
    EXPECT_EQ(dkim_key::from_file(path).problem(),
              path + ": holds no private key in PEM, which begins with -----BEGIN PRIVATE KEY-----");
    std::filesystem::remove(path);
}

TEST(Dkim, KeysThatAreOfNoUseSayWhy) {
    const auto problem = [](std::string_view pem, std::string_view passphrase = {}) {
        const dkim_key key = dkim_key::from_pem(pem, passphrase);
        EXPECT_FALSE(key);
        return key.problem();
    };
    const std::string none = "holds no private key in PEM, which begins with -----BEGIN PRIVATE KEY-----";
    EXPECT_EQ(problem(""), none);
    EXPECT_EQ(problem("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"), none);
    EXPECT_EQ(problem(pem_of(rsa(1023))),
              "the RSA key has 1023 bits, and verifiers refuse it below 1024 (RFC 8301 §3.2); make one of 2048");
    EXPECT_EQ(problem(pem_of(EVP_EC_gen("P-256"))),
              "the key is neither RSA nor Ed25519, and DKIM signs with no other (RFC 6376 §3.3, RFC 8463)");
    const std::string encrypted = pem_of(ed25519(), "phrase");
    EXPECT_EQ(problem(encrypted), "the key is encrypted; give its passphrase");
    EXPECT_EQ(problem(encrypted, "another"), "this is not the passphrase of the key");
}

} // namespace
} // namespace postrider

// What `set_up` says to options that cannot be: a code, and a sentence that names the file, what is wrong and what to do.

#include "tls_backends.hpp"

#include <gmock/gmock.h>

namespace postrider::test {
namespace {

template <class Backend>
struct TlsSetUp : testing::Test {
    std::string set_up(errc error, const tls_options& options) {
        typename Backend::context context;
        const tls_set_up result = context.set_up(options);
        EXPECT_EQ(result.error, error) << result.text.view();
        EXPECT_EQ(result.text.empty(), error == errc::ok);
        tls_server_context shared;
        connection<Backend> to{context, shared};
        if (error != errc::ok) {
            EXPECT_EQ(to.start(), errc::invalid_parameter) << "half a context is none";
        }
        std::string text{result.text.view()};
        for (const std::string& folder : {certificates("")})
            for (std::size_t at = 0; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
        return text;
    }
};
TYPED_TEST_SUITE(TlsSetUp, backends, backend_name);

TYPED_TEST(TlsSetUp, Trust) {
    constexpr errc bad = errc::invalid_trust;
    EXPECT_EQ(this->set_up(bad, {.ca_file = certificates("no-such.pem")}),
              "no-such.pem: cannot be read: No such file or directory; a file of CA certificates is expected");
    EXPECT_EQ(this->set_up(bad, {.ca_file = certificates("not-a-certificate.pem")}),
              "not-a-certificate.pem: holds no certificate; PEM or DER is expected");
    EXPECT_EQ(this->set_up(bad, {.ca_file = "/dev/null"}), "/dev/null: holds no certificate; PEM or DER is expected");
    EXPECT_EQ(this->set_up(bad, {.ca_file = certificates("client.key")}),
              "client.key: holds no certificate; PEM or DER is expected");
    EXPECT_THAT(this->set_up(bad, {.ca_file = certificates("ca-folder")}),
                testing::StartsWith("ca-folder: cannot be read: Is a directory; "));
    EXPECT_EQ(this->set_up(bad, {.ca_folder = certificates("no-such-folder")}),
              "no-such-folder: cannot be read: No such file or directory; a folder of CAs is expected");
    EXPECT_THAT(this->set_up(bad, {.ca_folder = "/proc/self/fdinfo"}), testing::HasSubstr(": holds no certificate"));
    const std::string der = contents(certificates("ca.der"));
    const std::string_view some[] = {der, "no certificate"};
    EXPECT_EQ(this->set_up(bad, {.ca_certificates = some}), "ca_certificates[1]: is no certificate; DER is expected");
    this->set_up(errc::ok, {.ca_certificates = std::span{some}.first(1)});
    this->set_up(errc::ok, {});
}

TYPED_TEST(TlsSetUp, Pins) {
    const std::string expected = "` is none; sha256// and the base64 of 32 octets is expected";
    for (const std::string_view wrong :
         {"", "sha256//", "sha256//AAAA",
          "sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
          "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
          "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="}) {
        const std::string_view pins[] = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", wrong};
        std::string shown{wrong};
        std::replace(shown.begin(), shown.end(), '\n', '?');
        EXPECT_EQ(this->set_up(errc::invalid_trust, {.pins = pins}), "the pin `" + shown + expected);
    }
    EXPECT_EQ(this->set_up(errc::invalid_parameter, {.pins_suffice = true}),
              "pins are to suffice, and there is none; give one");
}

TYPED_TEST(TlsSetUp, ClientCertificates) {
    constexpr errc bad = errc::invalid_certificate;
    const std::string pem = certificates("client.pem"), key = certificates("client.key"),
                      text = certificates("not-a-certificate.pem"),
                      encrypted = certificates("client-encrypted-traditional.key"),
                      no_such = certificates("no-such.pem"), other = certificates("client-other.key"),
                      weak = certificates("weak.pem"), weak_key = certificates("weak.key");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = no_such, .key_file = key}),
              "no-such.pem: cannot be read: No such file or directory; the client's certificate is expected");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = text, .key_file = key}),
              "not-a-certificate.pem: holds no certificate; PEM or DER is expected");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = pem, .key_file = no_such}),
              "no-such.pem: cannot be read: No such file or directory; the certificate's private key is expected");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = pem}), "client.pem: holds no private key; PEM or DER is expected");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = pem, .key_file = text}),
              "not-a-certificate.pem: holds no private key; PEM or DER is expected");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = pem, .key_file = other}),
              "client-other.key: is not the key of the certificate in client.pem; give the one that it was made with");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = pem, .key_file = encrypted}),
              "client-encrypted-traditional.key: the key is encrypted; give key_password");
    EXPECT_EQ(this->set_up(bad, {.certificate_file = pem, .key_file = encrypted, .key_password = "sesame"}),
              "client-encrypted-traditional.key: key_password is not the key's passphrase");
    EXPECT_EQ(this->set_up(bad, {.key_file = key}),
              "client.key: is a key without a certificate; give certificate_file as well");
    EXPECT_THAT(this->set_up(bad, {.certificate_file = weak, .key_file = weak_key}), testing::StartsWith("weak.pem: "));
    this->set_up(errc::ok, {.certificate_file = pem, .key_file = key});
    this->set_up(errc::ok, {.certificate_file = pem, .key_file = encrypted, .key_password = "open sesame"});
}

TYPED_TEST(TlsSetUp, ModernEncryptedKeys) {
    const std::string pem = certificates("client.pem"), encrypted = certificates("client-encrypted.key");
    typename TypeParam::context context;
    const tls_set_up right =
        context.set_up({.certificate_file = pem, .key_file = encrypted, .key_password = "open sesame"});
    if (std::string_view{TypeParam::name} == "openssl") {
        EXPECT_TRUE(right) << right.text.view();
        EXPECT_EQ(this->set_up(errc::invalid_certificate,
                               {.certificate_file = pem, .key_file = encrypted, .key_password = "sesame"}),
                  "client-encrypted.key: key_password is not the key's passphrase");
    } else {
        EXPECT_EQ(right.error, errc::invalid_certificate);
        EXPECT_THAT(std::string{right.text.view()},
                    testing::EndsWith("make it anew by openssl pkey -aes256 -traditional"));
    }
    EXPECT_EQ(this->set_up(errc::invalid_certificate, {.certificate_file = pem, .key_file = encrypted}),
              "client-encrypted.key: the key is encrypted; give key_password");
}

TYPED_TEST(TlsSetUp, Versions) {
    this->set_up(errc::invalid_parameter, {.least = tls_version::none});
    this->set_up(errc::invalid_parameter, {.least = tls_version::tls_1_3, .most = tls_version::tls_1_2});
    this->set_up(errc::invalid_parameter, {.most = tls_version::none});
    this->set_up(TypeParam::newest ? errc::ok : errc::invalid_parameter, {.least = tls_version::tls_1_3});
}

TYPED_TEST(TlsSetUp, AnewAfterAnError) {
    typename TypeParam::context context;
    const std::string ca = certificates("ca.pem"), other = certificates("other-ca.pem");
    tls_server_context shared;
    EXPECT_FALSE(context.set_up({.ca_file = "/no/such"}));
    EXPECT_TRUE(context.set_up({.ca_file = ca}));
    {
        connection<TypeParam> to{context, shared};
        EXPECT_EQ(to.start(), errc::ok);
    }
    EXPECT_TRUE(context.set_up({.ca_file = other}));
    connection<TypeParam> to{context, shared};
    EXPECT_EQ(to.start(), errc::tls_unverified) << "nothing of before is left, sessions neither";
}

} // namespace
} // namespace postrider::test

#include "postrider/certificate.hpp"

#include "postrider/base64.hpp"

#include <gtest/gtest.h>

#include <openssl/sha.h>

#include <fstream>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace postrider {
namespace {

using octets = std::string;

/// An element of DER.
octets element(int tag, const octets& contents) {
    octets text{static_cast<char>(tag)};
    octets length;
    for (std::size_t rest = contents.size(); rest != 0; rest >>= 8) length.insert(0, 1, static_cast<char>(rest & 0xFF));
    if (contents.size() > 127) text += static_cast<char>(128 + length.size()) + length;
    else text += static_cast<char>(contents.size());
    return text + contents;
}

octets sequence(std::initializer_list<octets> elements) {
    octets all;
    for (const octets& e : elements) all += e;
    return element(0x30, all);
}

octets dns(const octets& name) { return element(0x82, name); }
octets ip(const octets& address) { return element(0x87, address); }

octets extension(const octets& id, const octets& value) { return sequence({element(0x06, id), element(0x04, value)}); }
octets alt_names(const octets& general_names) { return extension("\x55\x1D\x11", element(0x30, general_names)); }
const octets key_usage =
    sequence({element(0x06, "\x55\x1D\x0F"), element(0x01, "\xFF"), element(0x04, "\x03\x02\x07\x80")});
const octets key = sequence({sequence({element(0x06, "\x2B\x65\x70")}), element(0x03, octets(33, '\0'))});

/// The fields of a certificate, as text that is put together by `der`.
struct certificate {
    octets version = element(0xA0, element(0x02, "\x02"));
    octets serial = element(0x02, "\x01");
    octets algorithm = sequence({element(0x06, "\x2B\x65\x70")});
    octets issuer = sequence({});
    octets validity = sequence({element(0x17, "260101000000Z"), element(0x17, "270101000000Z")});
    octets subject =
        sequence({element(0x31, sequence({element(0x06, "\x55\x04\x03"), element(0x0C, "common.example")}))});
    octets public_key = key;
    octets unique_ids{};
    octets extensions = key_usage;
    octets behind_extensions{}, behind_wrapping{}, behind_tbs{}, behind_signature{}, behind{};

    octets der() const {
        const octets all = extensions.empty() ? "" : element(0xA3, element(0x30, extensions) + behind_extensions);
        const octets tbs = element(0x30, version + serial + algorithm + issuer + validity + subject + public_key +
                                             unique_ids + all + behind_wrapping);
        return element(0x30, tbs + behind_tbs + algorithm + element(0x03, octets(65, '\0')) + behind_signature) +
               behind;
    }
};

octets with_names(const octets& general_names) {
    certificate c;
    c.extensions = key_usage + alt_names(general_names);
    return c.der();
}

bool names(const octets& general_names, const octets& host) {
    return certificate_names(with_names(general_names), host);
}

TEST(Certificate, ADnsNameIsCompared_CaseAside_WithADotAtEitherEnd) {
    EXPECT_TRUE(names(dns("mail.example"), "mail.example"));
    EXPECT_TRUE(names(dns("MAIL.eXample"), "Mail.EXAMPLE"));
    EXPECT_TRUE(names(dns("mail.example."), "mail.example"));
    EXPECT_TRUE(names(dns("mail.example"), "mail.example."));
    EXPECT_TRUE(names(dns("mail.example."), "mail.example."));
    EXPECT_TRUE(names(dns("localhost"), "localhost"));
    EXPECT_TRUE(names(dns("xn--bcher-kva.example"), "XN--bcher-kva.example"));
    EXPECT_TRUE(names(dns("mail_1.example"), "mail_1.example"));
    EXPECT_TRUE(names(dns("a.example") + ip({1, 2, 3, 4}) + dns("mail.example") + dns("b.example"), "mail.example"));
    for (const char* other :
         {"mail.exampl", "ail.example", "xmail.example", "mail.examplf", "example", "a.mail.example", "mail-example",
          "mail.example..", ".mail.example", "mail..example", ".", "", " mail.example", "mail.example ",
          "[mail.example]", "mail.example\n", "m\xC3\xA4il.example", "common.example"})
        EXPECT_FALSE(names(dns("mail.example"), other)) << other;
}

// The octets of both are compared to the end: a CA that took the name for a C string must not speak for another.
TEST(Certificate, ANulMatchesNothing) {
    const octets nul("mail.example\0.evil.example", 26);
    EXPECT_FALSE(names(dns(nul), "mail.example"));
    EXPECT_FALSE(names(dns(nul), nul));
    EXPECT_FALSE(names(dns(octets("mail.example\0", 13)), "mail.example"));
    EXPECT_FALSE(names(dns("mail.example"), octets("mail.example\0", 13)));
    EXPECT_FALSE(names(dns(octets("*\0.example", 10)), "a.example"));
}

// RFC 9525 §6.3
TEST(Certificate, AStarIsTheWholeLeftmostLabelAndStandsForOne) {
    for (const char* host : {"mail.example", "x.EXAMPLE", "mail.example.", "xn--bcher-kva.example"})
        EXPECT_TRUE(names(dns("*.example"), host)) << host;
    EXPECT_TRUE(names(dns("*.Mail.example."), "a.mail.EXAMPLE"));
    for (const char* host : {"example", ".example", "a.b.example", "mail.example.org", "mailexample", "*.example"})
        EXPECT_FALSE(names(dns("*.example"), host)) << host;
    for (const char* partial : {"*", "*.", "m*.example", "*l.example", "ma*il.example", "mail.*", "*.*", "**.example",
                                "*mail.example", "*..example", "a.*.example", ".example", "*.*.example"})
        for (const char* host : {"mail.example", "a.mail.example", "localhost"})
            EXPECT_FALSE(names(dns(partial), host)) << partial << ' ' << host;
}

TEST(Certificate, AHostIsADnsName) {
    const octets longest = octets(63, 'a') + '.' + octets(63, 'b') + '.' + octets(63, 'c') + '.' + octets(61, 'd');
    ASSERT_EQ(longest.size(), 253u);
    EXPECT_TRUE(names(dns(longest), longest));
    EXPECT_TRUE(names(dns(longest), longest + "."));
    EXPECT_FALSE(names(dns(longest + "e"), longest + "e"));
    EXPECT_FALSE(names(dns(octets(64, 'a') + ".example"), octets(64, 'a') + ".example"));
    // Resolvers take these for addresses (inet_aton), so no DNS-ID speaks for them.
    for (const char* number :
         {"127.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "mail.1", "0x7f000001", "1.0X7F", "127.0.0.01", "7"})
        EXPECT_FALSE(names(dns(number) + dns("*.1") + ip({127, 0, 0, 1}), number)) << number;
    for (const char* name : {"1a.a1", "1.2.3.4a", "1.0x", "0xfg", "0y1", "x1", "a.x0", "00x0"})
        EXPECT_TRUE(names(dns(name), name)) << name;
}

octets v6(std::initializer_list<int> groups) {
    octets text;
    for (const int g : groups) {
        text += static_cast<char>(g >> 8);
        text += static_cast<char>(g & 0xFF);
    }
    return text;
}

TEST(Certificate, AnIpv4AddressIsComparedWithIpIdsAlone) {
    const octets id = ip({10, 0, static_cast<char>(200), 1});
    for (const char* host : {"10.0.200.1", "[10.0.200.1]"}) EXPECT_TRUE(names(dns("a.example") + id, host)) << host;
    for (const char* host : {"10.0.200.2", "10.0.200", "10.0.200.1.", "10.0.200.01", "10.00.200.1", "010.0.200.1",
                             "10.0.200.1.1", "10..200.1", ".10.0.200.1", "10.0.200.", "10.0.456.1", "10.0.200.1 ",
                             "[10.0.200.1", "10.0.200.1]", "[]", "[[10.0.200.1]]", "::ffff:10.0.200.1", "10.0.200.1%1"})
        EXPECT_FALSE(names(id + dns("10.0.200.1") + dns("*.0.200.1") + dns(host), host)) << host;
    EXPECT_TRUE(names(id + ip({1, 2, 3, 4}) + id, "10.0.200.1"));
    EXPECT_FALSE(names(dns("10.0.200.1"), "10.0.200.1"));
    EXPECT_FALSE(names(dns("*.0.200.1"), "10.0.200.1"));
    // An IP-ID with a mask, as name constraints have it, is none.
    EXPECT_FALSE(names(ip({10, 0, static_cast<char>(200), 1, -1, -1, -1, -1}), "10.0.200.1"));
    EXPECT_FALSE(names(ip("mail.example"), "mail.example"));
}

TEST(Certificate, AnIpv6AddressIsReadInEveryForm) {
    struct row {
        octets id;
        std::vector<const char*> texts;
    };
    const row rows[] = {
        {v6({0, 0, 0, 0, 0, 0, 0, 0}), {"::", "0::", "::0", "0:0:0:0:0:0:0:0", "::0.0.0.0", "0:0:0::0:0"}},
        {v6({0, 0, 0, 0, 0, 0, 0, 1}), {"::1", "[::1]", "0:0:0:0:0:0:0:1", "::0001", "0:0:0:0:0:0:0.0.0.1"}},
        {v6({1, 0, 0, 0, 0, 0, 0, 0}), {"1::", "1:0::", "1:0:0:0:0:0:0::"}},
        {v6({0x2001, 0xDB8, 0, 0, 0, 0, 0, 0xAbC}),
         {"2001:db8::abc", "2001:DB8::ABC", "[2001:0db8:0:0:0:0:0:0abc]", "2001:db8:0:0::0:abc",
          "2001:db8::0.0.10.188"}},
        {v6({0, 0, 0, 0, 0, 0xFFFF, 0x102, 0x304}), {"::ffff:1.2.3.4", "::FFFF:102:304", "0:0:0:0:0:ffff:1.2.3.4"}},
        {v6({1, 2, 3, 4, 5, 6, 7, 8}), {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:0.7.0.8"}},
        {v6({0, 2, 3, 4, 5, 6, 7, 8}), {"::2:3:4:5:6:7:8"}},
        {v6({1, 2, 3, 4, 5, 6, 7, 0}), {"1:2:3:4:5:6:7::"}},
    };
    for (const row& r : rows)
        for (const char* text : r.texts) {
            EXPECT_TRUE(names(ip(r.id), text)) << text;
            EXPECT_FALSE(names(ip(v6({1, 2, 3, 4, 5, 6, 7, 9})) + dns(text), text)) << text;
        }
    EXPECT_FALSE(names(ip({1, 2, 3, 4}), "::ffff:1.2.3.4")) << "the octets are others";
}

TEST(Certificate, OtherTextsAreNoIpv6Address) {
    for (const char* text : {":",
                             ":::",
                             "1:::2",
                             "1::2::3",
                             ":1",
                             "1:",
                             ":1::",
                             "::1:",
                             "1::2:",
                             "1:2:3:4:5:6:7",
                             "1:2:3:4:5:6:7:8:9",
                             "1:2:3:4:5:6:7:8::",
                             "::1:2:3:4:5:6:7:8",
                             "1:2:3:4::5:6:7:8",
                             "12345::",
                             "::12345",
                             "::g",
                             "::1%eth0",
                             "[::1%25eth0]",
                             "fe80::1%1",
                             "::1.2.3",
                             "::1.2.3.4.5",
                             "::256.1.1.1",
                             "::1.2.3.4:5",
                             "1.2.3.4::",
                             "1:2:3:4:5:6:7:1.2.3.4",
                             "1.2.3.4:5:6:7:8:9:10",
                             "::12345.1.1.1",
                             "1:2:3:4:5:6:1.2.3.4:7",
                             "1.2.3.4::1",
                             "::1 ",
                             " ::1",
                             "::.1.2.3"})
        EXPECT_FALSE(names(ip(v6({0, 0, 0, 0, 0, 0, 0, 1})) + ip(v6({1, 2, 3, 4, 5, 6, 7, 8})) + dns(text), text))
            << text;
}

TEST(Certificate, PublicKey) {
    EXPECT_EQ(public_key_of(certificate{}.der()), key);
    EXPECT_EQ(public_key_of(with_names(dns("mail.example"))), key);
    EXPECT_EQ(public_key_of(""), "");
    EXPECT_EQ(public_key_of("no certificate"), "");
}

TEST(Certificate, WithoutSubjectAltNameItNamesNobody) {
    certificate c;
    EXPECT_FALSE(certificate_names(c.der(), "common.example"));
    c.extensions = "";
    EXPECT_FALSE(certificate_names(c.der(), "common.example"));
    EXPECT_EQ(public_key_of(c.der()), key);
    EXPECT_FALSE(names("", "common.example"));
}

TEST(Certificate, FieldsThatNeedNotBeThere) {
    certificate c;
    c.extensions = alt_names(dns("mail.example")) + key_usage;
    c.version = ""; // version 1
    EXPECT_TRUE(certificate_names(c.der(), "mail.example"));
    c.unique_ids = element(0x81, octets(2, '\0')) + element(0x82, octets(2, '\0'));
    EXPECT_TRUE(certificate_names(c.der(), "mail.example"));
    c.subject = sequence({octets(200, 'a')});
    c.issuer = sequence({octets(70'000, 'a')});
    EXPECT_TRUE(certificate_names(c.der(), "mail.example"));
    EXPECT_EQ(public_key_of(c.der()), key);
}

TEST(Certificate, WhatIsMoreOrElseThanACertificateIsNone) {
    const std::function<void(certificate&)> changes[] = {
        [](certificate& c) { c.behind = octets(1, '\0'); },
        [](certificate& c) { c.behind_signature = element(0x05, ""); },
        [](certificate& c) { c.behind_tbs = element(0x05, ""); },
        [](certificate& c) { c.behind_wrapping = element(0x05, ""); },
        [](certificate& c) { c.behind_extensions = element(0x05, ""); },
        [](certificate& c) { c.version = element(0xA1, "\x02"); },
        [](certificate& c) { c.serial = ""; },
        [](certificate& c) { c.validity = element(0x31, ""); },
        [](certificate& c) { c.public_key = element(0x03, "1"); },
        [](certificate& c) { c.unique_ids = element(0x84, ""); },
        [](certificate& c) { c.extensions += element(0x31, ""); },
        [](certificate& c) { c.extensions += alt_names(dns("b.example")); },
        [](certificate& c) { c.extensions += extension("\x55\x1D\x11", element(0x31, dns("b.example"))); },
        [](certificate& c) { c.extensions = extension("\x55\x1D\x11", element(0x30, dns("mail.example")) + "\5"); },
        [](certificate& c) {
            c.extensions += sequence({element(0x06, "a"), element(0x04, "b"), element(0x05, "")});
        },
        [](certificate& c) {
            c.extensions += sequence({element(0x01, "\xFF"), element(0x04, "b")});
        },
        [](certificate& c) {
            c.extensions += sequence({element(0x06, "a"), element(0x01, "\xFF")});
        },
    };
    int number = 0;
    for (const auto& change : changes) {
        certificate c;
        c.extensions = alt_names(dns("mail.example"));
        ASSERT_TRUE(certificate_names(c.der(), "mail.example"));
        change(c);
        EXPECT_FALSE(certificate_names(c.der(), "mail.example")) << "change " << number;
        EXPECT_EQ(public_key_of(c.der()), "") << "change " << number++;
    }
}

// What stands behind a name counts too: a list that cannot be read to its end was read differently by somebody.
TEST(Certificate, NamesAreReadToTheirEnd) {
    const octets fine = dns("mail.example");
    EXPECT_TRUE(names(fine + element(0xA0, sequence({})) + element(0x81, "a@b.example"), "mail.example"));
    for (const octets& behind : {octets("\x82"),
                                 octets("\x82\x05"
                                        "a"),
                                 element(0x0C, "a"),
                                 octets("\x9F\x01"
                                        "a"),
                                 octets("\x82\x80", 2), octets(2, '\0')})
        EXPECT_FALSE(names(fine + behind, "mail.example"));
}

TEST(Certificate, LengthsAreDer) {
    const octets fine = dns("mail.example");
    const octets name = "mail.example";
    for (const octets& length :
         {octets("\x80"), octets("\x81\x0C"), octets("\x82\x00\x0C", 3), octets("\x83\x00\x00\x0C", 4),
          octets("\x84\x00\x00\x00\x0C", 5), octets("\xFF"), octets("\x0D"), octets("\x81"), octets("\x82\xFF\xFF")})
        EXPECT_FALSE(names("\x82" + length + name, name));
    // 200 octets in three
    EXPECT_FALSE(names(fine + "\x82" + octets("\x82\x00\xC8", 3) + octets(200, 'a'), name));
    EXPECT_TRUE(names(fine + dns(octets(200, 'a')), name));
    EXPECT_TRUE(names(fine + dns(octets(70'000, 'a')), name));
}

// No octet of a certificate is looked at that is not there, whichever is missing; ASan watches.
TEST(Certificate, CutAnywhereItIsNone) {
    const octets whole = with_names(dns(octets(150, 'a')) + dns("mail.example") + ip({1, 2, 3, 4}));
    ASSERT_TRUE(certificate_names(whole, "mail.example"));
    for (std::size_t size = 0; size != whole.size(); ++size) {
        const std::vector<char> cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_FALSE(certificate_names({cut.data(), cut.size()}, "mail.example")) << size;
        EXPECT_EQ(public_key_of({cut.data(), cut.size()}), "") << size;
    }
}

/// The first certificate of a file of test/support/certificates, as DER.
octets certificate_file(const octets& name) {
    std::ifstream file{POSTRIDER_CERTIFICATES "/" + name + ".pem"};
    octets text, line;
    while (std::getline(file, line) && line != "-----END CERTIFICATE-----")
        if (!line.starts_with("-----")) text += line;
    text.resize(base64_decode(text).value_or(0));
    return text;
}

TEST(Certificate, OfOpenSsl) {
    struct row {
        const char *name, *host;
        bool named;
    };
    for (const row& r :
         {row{"good", "mail.example", true}, row{"good", "localhost", true}, row{"good", "127.0.0.1", true},
          row{"good", "::1", true}, row{"good", "[::1]", true}, row{"good", "other.example", false},
          row{"good", "::2", false}, row{"good-rsa", "mail.example", true}, row{"chained", "mail.example", true},
          row{"wildcard", "a.example.org", true}, row{"wildcard", "a.b.example.org", false},
          row{"wildcard", "example.org", false}, row{"wrong-name", "mail.example", false},
          row{"cn-only", "mail.example", false}, row{"ip-as-dns", "127.0.0.1", false}, row{"client", "client", false},
          row{"ca", "ca", false}})
        EXPECT_EQ(certificate_names(certificate_file(r.name), r.host), r.named) << r.name << ' ' << r.host;
}

TEST(Certificate, KeysHaveTheirPins) {
    std::ifstream pins{POSTRIDER_CERTIFICATES "/pins"};
    int count = 0;
    for (octets name, pin; pins >> name >> pin; ++count) {
        const octets der = certificate_file(name);
        const std::string_view spki = public_key_of(der);
        octets sum(32, '\0');
        SHA256(reinterpret_cast<const unsigned char*>(spki.data()), spki.size(),
               reinterpret_cast<unsigned char*>(sum.data()));
        octets wanted = pin.substr(pin.find("//") + 2);
        wanted.resize(base64_decode(wanted).value_or(0));
        EXPECT_EQ(sum, wanted) << name;
    }
    EXPECT_GT(count, 10);
}

} // namespace
} // namespace postrider

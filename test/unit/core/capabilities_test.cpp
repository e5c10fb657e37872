#include "postrider/capabilities.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <string>

namespace postrider {
namespace {

capabilities after(std::initializer_list<std::string_view> lines) {
    capabilities c;
    for (const std::string_view line : lines) c.add_line(line);
    return c;
}

std::uint32_t bits(extension e) { return static_cast<std::uint32_t>(e); }

std::uint32_t bits(mechanism m) { return static_cast<std::uint32_t>(m); }

constexpr mechanism operator|(mechanism a, mechanism b) {
    return static_cast<mechanism>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

constexpr mechanism both = mechanism::plain | mechanism::login;

TEST(Capabilities, NoneAtFirst) {
    const capabilities c;
    EXPECT_EQ(c.extensions.bits, 0u);
    EXPECT_EQ(c.mechanisms.bits, 0u);
    EXPECT_EQ(c.size_limit, 0u);
    EXPECT_FALSE(c.has(extension::auth));
}

TEST(Capabilities, EachKeywordSetsItsOwnFlagInAnyCase) {
    struct row {
        std::string_view line;
        extension flag;
    };
    constexpr row rows[] = {
        {"AUTH PLAIN", extension::auth},
        {"AUTH", extension::auth},
        {"AUTH=X", extension::auth},
        {"PIPELINING", extension::pipelining},
        {"SIZE", extension::size},
        {"SIZE 1000", extension::size},
        {"8BITMIME", extension::eight_bit_mime},
        {"8bitmime", extension::eight_bit_mime},
        {"ENHANCEDSTATUSCODES", extension::enhanced_status},
        {"EnhancedStatusCodes", extension::enhanced_status},
        {"STARTTLS", extension::starttls},
        {"StartTls", extension::starttls},
        {"CHUNKING", extension::chunking},
        {"SMTPUTF8", extension::smtputf8},
        {"DSN", extension::dsn},
        {"dsn", extension::dsn},
        {" DSN", extension::dsn},
        {"DSN ", extension::dsn},
        {"PIPELINING with a parameter", extension::pipelining},
        {"BINARYMIME", extension::binary_mime},
        {"LIMITS", extension::limits},
        {"limits RCPTMAX=1", extension::limits},
        {"DELIVERBY", extension::deliver_by},
        {"DELIVERBY 240", extension::deliver_by},
        {"MT-PRIORITY", extension::mt_priority},
        {"MT-PRIORITY MIXER", extension::mt_priority},
        {"FUTURERELEASE", extension::future_release},
        {"FUTURERELEASE 86400 2026-11-24T12:00:00Z", extension::future_release},
        {"REQUIRETLS", extension::require_tls},
        {"BURL imap", extension::burl},
        {"burl IMAP", extension::burl},
        {"BURL x imap://imap.example", extension::burl},
        {"XCLIENT NAME ADDR", extension::xclient},
        {"XFORWARD NAME ADDR", extension::xforward},
        {"ETRN", extension::etrn},
        {"VRFY", extension::vrfy},
        {"vrfy", extension::vrfy},
        {"EXPN", extension::expn},
        {"HELP", extension::help},
    };
    for (const row& r : rows) {
        const capabilities c = after({r.line});
        EXPECT_EQ(c.extensions.bits, bits(r.flag)) << r.line;
        EXPECT_TRUE(c.has(r.flag)) << r.line;
    }
}

// RFC 4468 §3.1 (3): what it can fetch from stands behind the keyword.
TEST(Capabilities, BurlWithoutImapOffersNothing) {
    for (const std::string_view line : {"BURL", "BURL ", "BURL ima", "BURL x-imap", "BURL pop"})
        EXPECT_TRUE(after({line}).extensions.empty()) << line;
}

// RFC 4865 §4
TEST(Capabilities, FutureReleaseHasItsMaxima) {
    struct row {
        std::string_view line;
        std::uint32_t seconds;
        std::uint64_t until;
    };
    const row rows[] = {
        {"FUTURERELEASE 86400 2027-01-01T00:00:00Z", 86400, 20270101000000},
        {"FUTURERELEASE 86400 2027-12-31T23:59:60.5Z", 86400, 20271231235960},
        {"FUTURERELEASE", 0, 0},
        {"FUTURERELEASE 86400", 86400, 0},
        {"FUTURERELEASE 86400 2027-13-01T00:00:00Z", 86400, 0},
        {"FUTURERELEASE 86400 2027-00-01T00:00:00Z", 86400, 0},
        {"FUTURERELEASE 86400 2027-01-00T00:00:00Z", 86400, 0},
        {"FUTURERELEASE 86400 2027-01-32T00:00:00Z", 86400, 0},
        {"FUTURERELEASE 86400 2027-01-01T24:00:00Z", 86400, 0},
        {"FUTURERELEASE 86400 2027-01-01T00:60:00Z", 86400, 0},
        {"FUTURERELEASE 86400 2027-01-01T00:00:61Z", 86400, 0},
        {"FUTURERELEASE 86400 2027-01-01T00:00:00+01:00", 86400, 0},
    };
    for (const row& r : rows) {
        const capabilities c = after({r.line});
        EXPECT_EQ(c.hold_max, r.seconds) << r.line;
        EXPECT_EQ(c.hold_until_max, r.until) << r.line;
    }
}

TEST(Capabilities, OtherWordsOfferNothing) {
    for (const std::string_view line : {"",
                                        " ",
                                        "XAUTH PLAIN",
                                        "AUTHX PLAIN",
                                        "auth.example.com Hello",
                                        "X-AUTH=PLAIN",
                                        "AUTH=",
                                        "AUTH-PLAIN",
                                        "PIPELINE",
                                        "PIPELININGS",
                                        "XPIPELINING",
                                        "SIZE=100",
                                        "8BITMIM",
                                        "8BITMIMES",
                                        "HELPS",
                                        "VRF",
                                        "SEND",
                                        "XVERP",
                                        "MT-PRIORITIES",
                                        "mail.example.com PIPELINING SIZE 1 AUTH PLAIN",
                                        "\tDSN",
                                        "DSN\r",
                                        "LIMITS=",
                                        "STARTTLS\x80"}) {
        const capabilities c = after({line});
        EXPECT_EQ(c.extensions.bits, 0u) << line;
        EXPECT_EQ(c.mechanisms.bits, 0u) << line;
        EXPECT_EQ(c.size_limit, 0u) << line;
    }
}

TEST(Capabilities, Mechanisms) {
    struct row {
        std::string_view line;
        mechanism offered;
    };
    constexpr row rows[] = {
        {"AUTH", mechanism::none},
        {"AUTH PLAIN", mechanism::plain},
        {"AUTH LOGIN", mechanism::login},
        {"AUTH PLAIN LOGIN", both},
        {"AUTH LOGIN PLAIN", both},
        {"auth login plain", both},
        {"AUTH   LOGIN    PLAIN ", both},
        {"AUTH GSSAPI NTLM DIGEST-MD5 PLAIN", mechanism::plain},
        {"AUTH LOGINX XPLAIN PLAIN-CLIENTTOKEN SCRAM SCRAM-SHA SCRAM-SHA-2 SCRAM-SHA-256- XOAUTH", mechanism::none},
        {"AUTH SCRAM-SHA-256", mechanism::scram_sha_256},
        {"AUTH scram-sha-1-plus scram-sha-1", mechanism::scram_sha_1 | mechanism::scram_sha_1_plus},
        {"AUTH PLAIN OAUTHBEARER XOAUTH2", mechanism::plain | mechanism::oauthbearer | mechanism::xoauth2},
        {"AUTH=PLAIN", mechanism::plain}, // Exchange 5.5, Postfix broken_sasl_auth_clients
        {"AUTH=LOGIN PLAIN", both},
        {"auth=login plain", both},
        {"AUTH= PLAIN", mechanism::none},
        {"AUTH=NTLM LOGIN", mechanism::login},
        {"AUTH AUTH SIZE DSN PLAIN", mechanism::plain},
    };
    for (const row& r : rows) {
        const capabilities c = after({r.line});
        EXPECT_EQ(c.mechanisms.bits, bits(r.offered)) << r.line;
        EXPECT_EQ(c.extensions.bits & ~bits(extension::auth), 0u) << "a mechanism is no extension: " << r.line;
    }
    EXPECT_TRUE(after({"AUTH=LOGIN"}).has(extension::auth));
    EXPECT_FALSE(after({"AUTH LOGIN"}).mechanisms.has(mechanism::plain));
}

TEST(Capabilities, EveryExtensionHasItsName) {
    std::string names;
    for (std::uint32_t bit = 1; bit <= bits(extension::starttls); bit <<= 1) {
        const auto e = static_cast<extension>(bit);
        const std::string word{name(e)};
        const bool fetches = e == extension::burl; // offers nothing without saying what from
        EXPECT_EQ(after({fetches ? word + " imap" : word}).extensions.bits, bit) << word;
        names += word + ' ';
    }
    EXPECT_EQ(names,
              "AUTH PIPELINING SIZE 8BITMIME CHUNKING SMTPUTF8 DSN BINARYMIME LIMITS DELIVERBY MT-PRIORITY "
              "FUTURERELEASE REQUIRETLS BURL XCLIENT XFORWARD ETRN VRFY EXPN HELP ENHANCEDSTATUSCODES STARTTLS ");
    EXPECT_EQ(name(extension{}), "");
    EXPECT_EQ(name(extension{bits(extension::size) | bits(extension::dsn)}), "") << "one at a time";
}

TEST(Capabilities, EveryMechanismHasItsName) {
    std::string names;
    for (std::uint32_t bit = 1; (all_mechanisms.bits & bit) != 0; bit <<= 1) {
        const auto m = static_cast<mechanism>(bit);
        const std::string word{name(m)};
        EXPECT_EQ(after({"AUTH " + word}).mechanisms.bits, bit) << word;
        names += word + ' ';
    }
    EXPECT_EQ(names, "ANONYMOUS LOGIN PLAIN XOAUTH2 OAUTHBEARER CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 "
                     "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-512-PLUS EXTERNAL ");
    EXPECT_EQ(after({"AUTH " + names}).mechanisms.bits, all_mechanisms.bits);
    EXPECT_EQ(name(mechanism::none), "");
    EXPECT_EQ(name(both), "") << "one at a time";
    EXPECT_EQ(all_mechanisms.bits, bits(mechanism::external) * 2 - 1) << "and EXTERNAL is the last";
}

TEST(Capabilities, AFloorOfMechanisms) {
    constexpr flags<mechanism> strong = strongest_down_to(mechanism::scram_sha_256);
    EXPECT_TRUE(strong.has(mechanism::scram_sha_256) && strong.has(mechanism::scram_sha_1_plus));
    EXPECT_FALSE(strong.has(mechanism::scram_sha_1) || strong.has(mechanism::plain));
    for (const mechanism m :
         {mechanism::scram_sha_1_plus, mechanism::scram_sha_256_plus, mechanism::scram_sha_512_plus})
        EXPECT_TRUE(plus_mechanisms.has(m));
    EXPECT_FALSE(plus_mechanisms.has(mechanism::scram_sha_512) || plus_mechanisms.has(mechanism::external));
}

TEST(Capabilities, MechanismsOfTwoLinesAddUp) {
    EXPECT_EQ(after({"AUTH LOGIN", "AUTH=PLAIN"}).mechanisms.bits, bits(both));
}

TEST(Capabilities, SizeLimit) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    struct row {
        std::string line;
        std::uint64_t limit;
    };
    const row rows[] = {
        {"SIZE", 0},
        {"SIZE ", 0},
        {"SIZE 0", 0},
        {"SIZE 1", 1},
        {"size 52428800", 52428800},
        {"SIZE   10240000  ", 10240000},
        {"SIZE 007", 7},
        {"SIZE -1", 0},
        {"SIZE 10M", 0},
        {"SIZE 10.5", 0},
        {"SIZE x", 0},
        {"SIZE 5 9", 5},
        {"SIZE " + std::to_string(most), most},
        {"SIZE " + std::to_string(most) + "0", most},
        {"SIZE 99999999999999999999999999999999999999999999", most},
        {"SIZE 18446744073709551616", most}, // 2^64, which wraps to 0
        {"SIZE 18446744073709551617", most},
    };
    for (const row& r : rows) {
        const capabilities c = after({r.line});
        EXPECT_EQ(c.size_limit, r.limit) << r.line;
        EXPECT_TRUE(c.has(extension::size)) << r.line;
    }
}

// RFC 9422 §3.2, §4
TEST(Capabilities, Limits) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    struct row {
        std::string_view line;
        std::uint32_t mails, recipients, domains;
    };
    constexpr row rows[] = {
        {"LIMITS", 0, 0, 0},
        {"LIMITS MAILMAX=20", 20, 0, 0},
        {"LIMITS RCPTMAX=100", 0, 100, 0},
        {"LIMITS RCPTDOMAINMAX=1", 0, 0, 1},
        {"LIMITS MAILMAX=1 RCPTMAX=2 RCPTDOMAINMAX=3", 1, 2, 3},
        {"limits  rcptdomainmax=3   rcptmax=2 mailmax=1 ", 1, 2, 3},
        {"LIMITS FUTURE=7 RCPTMAX=5 RCPTMAXIMUM=9", 0, 5, 0},
        {"LIMITS RCPTMAX", 0, 0, 0},
        {"LIMITS RCPTMAX=", 0, 0, 0},
        {"LIMITS =5 RCPTMAX=4", 0, 4, 0},
        {"LIMITS RCPTMAX=0", 0, 0, 0},
        {"LIMITS RCPTMAX=-1", 0, 0, 0},
        {"LIMITS RCPTMAX=1x MAILMAX=2", 2, 0, 0},
        {"LIMITS RCPTMAX=1=2", 0, 0, 0},
        {"LIMITS RCPTMAX=007", 0, 7, 0},
        {"LIMITS RCPTMAX=4294967295", 0, most, 0},
        {"LIMITS RCPTMAX=4294967296", 0, most, 0},
        {"LIMITS MAILMAX=99999999999999999999999", most, 0, 0},
        {"LIMITSX RCPTMAX=5", 0, 0, 0},
        {"SIZE RCPTMAX=5", 0, 0, 0},
    };
    for (const row& r : rows) {
        const capabilities c = after({r.line});
        EXPECT_EQ(c.mail_max, r.mails) << r.line;
        EXPECT_EQ(c.rcpt_max, r.recipients) << r.line;
        EXPECT_EQ(c.rcpt_domain_max, r.domains) << r.line;
    }
}

TEST(Capabilities, EveryFlagHasAKeyword) {
    const capabilities c = after(
        {"AUTH",       "PIPELINING", "SIZE",      "8BITMIME",    "CHUNKING",      "SMTPUTF8",   "DSN",
         "BINARYMIME", "LIMITS",     "DELIVERBY", "MT-PRIORITY", "FUTURERELEASE", "REQUIRETLS", "BURL imap",
         "XCLIENT",    "XFORWARD",   "ETRN",      "VRFY",        "EXPN",          "HELP",       "ENHANCEDSTATUSCODES",
         "STARTTLS"});
    EXPECT_EQ(c.extensions.bits, bits(extension::starttls) * 2 - 1) << "and STARTTLS is the last";
}

// The EHLO replies of real servers, behind the first line.
TEST(Capabilities, Postfix) {
    const capabilities c =
        after({"PIPELINING", "SIZE 10240000", "VRFY", "ETRN", "STARTTLS", "AUTH PLAIN LOGIN", "AUTH=PLAIN LOGIN",
               "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"});
    flags<extension> offered;
    for (const extension e : {extension::pipelining, extension::size, extension::vrfy, extension::etrn,
                              extension::starttls, extension::auth, extension::enhanced_status,
                              extension::eight_bit_mime, extension::dsn, extension::smtputf8, extension::chunking})
        offered.add(e);
    EXPECT_EQ(c.extensions.bits, offered.bits);
    EXPECT_EQ(c.mechanisms.bits, bits(both));
    EXPECT_EQ(c.size_limit, 10240000u);
}

TEST(Capabilities, OpenSmtpd) {
    const capabilities c = after({"8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 36700160", "DSN", "HELP"});
    EXPECT_FALSE(c.has(extension::pipelining));
    EXPECT_FALSE(c.has(extension::auth));
    EXPECT_TRUE(c.has(extension::dsn));
    EXPECT_EQ(c.size_limit, 36700160u);
}

} // namespace
} // namespace postrider

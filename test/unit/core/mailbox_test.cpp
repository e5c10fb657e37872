#include "postrider/mailbox.hpp"

#include "postrider/limits.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postrider {
namespace {

std::vector<char> controls() {
    std::vector<char> all;
    for (char c = 0; c != 0x20; ++c) all.push_back(c);
    all.push_back(0x7f);
    return all;
}

std::string letters(std::size_t count) { return std::string(count, 'a'); }

// `labels.of.63.octets` of exactly `size` octets.
std::string long_domain(std::size_t size) {
    std::string text;
    while (text.size() != size) text += text.size() % 64 == 63 && text.size() + 1 != size ? '.' : 'd';
    return text;
}

// ---------------------------------------------------------------------------------------------------------------------
// Domains

TEST(Domain, ParseTakesDomainsAndAddressLiterals) {
    for (const std::string_view text : {"a", "localhost", "client.example", "EXAMPLE.COM", "mx1.example.com", "1.2.3.4",
                                        "3com.com", "a-b.c-d", "a--b.c", "xn--bcher-kva.example", "my_host.example",
                                        "_dmarc.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "[tag:x]"}) {
        const auto d = domain::parse(text);
        ASSERT_TRUE(d) << text;
        EXPECT_EQ(d->text(), text);
    }
}

TEST(Domain, ParseRefuses) {
    for (const std::string_view text : {"",
                                        ".",
                                        "a.",
                                        ".a",
                                        "a..b",
                                        "-",
                                        "-a",
                                        "a-",
                                        "a.-b",
                                        "a-.b",
                                        "a b",
                                        " a",
                                        "a ",
                                        "a@b",
                                        "<a>",
                                        "a/b",
                                        "a:25",
                                        "b\xc3\xbc"
                                        "cher.example",
                                        "[",
                                        "]",
                                        "[]",
                                        "[192.0.2.1",
                                        "192.0.2.1]",
                                        "[1]2]",
                                        "[1[2]",
                                        "[1\\2]",
                                        "[1 2]",
                                        "[1]]",
                                        "[\x80]",
                                        "a,b",
                                        "a\"b"})
        EXPECT_FALSE(domain::parse(text)) << text;
}

TEST(Domain, FrameRefusesOnlyWhatEndsTheWord) {
    for (const std::string_view text : {"a", "a..b", "-a-", "[", "a@b", "<a>", "b\xc3\xbc.example"}) {
        const auto d = domain::frame(text);
        ASSERT_TRUE(d) << text;
        EXPECT_EQ(d->text(), text);
    }
    for (const std::string_view text : {" ", "a b", "a ", " a"}) EXPECT_FALSE(domain::frame(text)) << text;
}

TEST(Domain, NoControlOctetAnywhere) {
    for (const std::string_view good : {"client.example", "[192.0.2.1]"})
        for (const char c : controls())
            for (std::size_t at = 0; at <= good.size(); ++at) {
                std::string text{good};
                text.insert(at, 1, c);
                ASSERT_FALSE(domain::parse(text)) << int{c} << " inserted at " << at;
                ASSERT_FALSE(domain::frame(text)) << int{c} << " inserted at " << at;
                if (at == good.size()) continue;
                text = good;
                text[at] = c;
                ASSERT_FALSE(domain::parse(text)) << int{c} << " at " << at;
                ASSERT_FALSE(domain::frame(text)) << int{c} << " at " << at;
            }
}

TEST(Domain, Limit) {
    static_assert(limits::domain == 255);
    EXPECT_TRUE(domain::parse(long_domain(255)));
    EXPECT_FALSE(domain::parse(long_domain(256)));
    EXPECT_TRUE(domain::frame(long_domain(255)));
    EXPECT_FALSE(domain::frame(long_domain(256)));
    EXPECT_TRUE(domain::parse("[tag:" + letters(249) + "]"));
    EXPECT_FALSE(domain::parse("[tag:" + letters(250) + "]"));
}

// RFC 5321 §4.1.3
TEST(Domain, AddressLiterals) {
    for (const char* good : {"[192.0.2.1]", "[0.0.0.0]", "[255.255.255.255]", "[IPv6:2001:db8::1]",
                             "[IPv6:::ffff:192.0.2.1]", "[x-tag:anything!]", "[t:x]"})
        EXPECT_TRUE(domain::parse(good)) << good;
    for (const char* bad : {"[]", "[x]", "[192.0.2]", "[192.0.2.]", "[.192.0.2.1]", "[192.0.2.1.1]", "[192..2.1]",
                            "[999.1.2.3]", "[256.0.0.1]", "[0192.0.2.1]", "[192.0.2.1a]", "[:x]", "[tag:]", "[tag-:x]",
                            "[t_g:x]", "[192.0.2.1", "192.0.2.1]"})
        EXPECT_FALSE(domain::parse(bad)) << bad;
}

// ---------------------------------------------------------------------------------------------------------------------
// Mailboxes by the grammar

struct good {
    std::string_view text;
    std::string_view local;
    std::string_view domain;
};

constexpr good good_mailboxes[] = {
    {"a@b", "a", "b"},
    {"Smith@bar.com", "Smith", "bar.com"}, // this and the next three: RFC 5321 §3.1, §4.1.1.3, §D
    {"JQP@MIT-AI.ARPA", "JQP", "MIT-AI.ARPA"},
    {"userc@d.bar.org", "userc", "d.bar.org"},
    {"Jones@foo.com", "Jones", "foo.com"},
    {"first.last@example.com", "first.last", "example.com"},
    {"user+tag@example.com", "user+tag", "example.com"},
    {"-x@y", "-x", "y"},
    {"!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~", "example.com"},
    {"0@1", "0", "1"},
    {"user@[192.0.2.1]", "user", "[192.0.2.1]"},
    {"user@[IPv6:2001:db8::1]", "user", "[IPv6:2001:db8::1]"},
    {"root@my_host", "root", "my_host"},
    {"\"Joe.\\\\Blow\"@example.com", "\"Joe.\\\\Blow\"", "example.com"}, // RFC 3696 §3 (as corrected)
    {"\"Abc@def\"@example.com", "\"Abc@def\"", "example.com"},
    {"\"Fred Bloggs\"@example.com", "\"Fred Bloggs\"", "example.com"},
    {"\"\"@b", "\"\"", "b"},
    {"\" \"@b", "\" \"", "b"},
    {"\"a\\\"b\"@c", "\"a\\\"b\"", "c"},
    {"\"a\\@b\"@c", "\"a\\@b\"", "c"},
    {"\"<>\"@b", "\"<>\"", "b"},
    {"\"a..b\"@c", "\"a..b\"", "c"},
    {"\".\"@c", "\".\"", "c"},
};

TEST(Mailbox, ParseTakesTheGrammarWithAndWithoutBrackets) {
    for (const good& g : good_mailboxes)
        for (const std::string& text : {std::string(g.text), '<' + std::string(g.text) + '>'}) {
            for (const auto& m : {mailbox::parse(text), mailbox::frame(text)}) {
                ASSERT_TRUE(m) << text;
                EXPECT_EQ(m->text(), g.text);
                EXPECT_EQ(m->local_part(), g.local) << text;
                EXPECT_EQ(m->domain_part(), g.domain) << text;
                EXPECT_FALSE(m->is_null()) << text;
            }
        }
}

TEST(Mailbox, ParseRefuses) {
    for (const std::string_view text :
         {"", " ", "a", "root", "@", "a@", "@b", "a@@b", "a@b@c", "a b@c", " a@b", "a@b ", "a@ b", "a @b", "a@b c",
          ".a@b", "a.@b", "a..b@c", ".@b", "a,b@c", "a:b@c", "a;b@c", "(c)a@b", "a@b(c)", "a\\@b@c", "a\\b@c", "[a]@b",
          "a@.", "a@b.", "a@.b", "a@b..c", "a@-b", "a@b-", "a@[", "a@[]", "a@]", "a@[1", "a@[1]x", "a@[1 2]", "a@b/c",
          // quotes that are not the whole local part, or do not end
          "\"a@b", "a\"@b", "\"a\"b@c", "a\"b\"@c", "\"a\".b@c", "a.\"b\"@c", "\"a\"\"b\"@c", "\"@b", "\"\\\"@b",
          "\"a\\\"@b", "a@\"b\"", "\"a\"", "\"a\"@",
          // octets above 127
          "b\xc3\xbc@c", "a@b\xc3\xbc", "\"\xc3\xbc\"@c", "a\x80@b", "a@[\xff]",
          // source routes (RFC 5321 §F.2) and more than one mailbox
          "@a:b@c", "<@a,@b:c@d>", "a@b,c@d", "a@b, c@d", "Name <a@b>"})
        EXPECT_FALSE(mailbox::parse(text)) << text;
}

TEST(Mailbox, NullPath) {
    EXPECT_TRUE(mailbox{}.is_null());
    EXPECT_EQ(mailbox{}.text(), "");
    EXPECT_EQ(mailbox{}.local_part(), "");
    EXPECT_EQ(mailbox{}.domain_part(), "");
    for (const auto& m : {mailbox::parse("<>"), mailbox::frame("<>"), mailbox::frame("")}) {
        ASSERT_TRUE(m);
        EXPECT_TRUE(m->is_null());
    }
    EXPECT_FALSE(mailbox::parse(""));
}

// ---------------------------------------------------------------------------------------------------------------------
// Mailboxes that can only be framed

TEST(Mailbox, FrameLetsPassWhatTheGrammarDoesNot) {
    constexpr good rows[] = {
        {"root", "root", ""},
        {"a b@c", "a b", "c"},
        {"a..b@c", "a..b", "c"},
        {"a@", "a", ""},
        {"@b", "", "b"},
        {"a@b@c", "a", "b@c"},
        {" a@b ", " a", "b "},
        {"b\xc3\xbc"
         "cher@c",
         "b\xc3\xbc"
         "cher",
         "c"},
        {"a@\xff", "a", "\xff"},
        {"\"a\"b@c", "\"a\"b", "c"},
        {"a\"@\"b@c", "a\"@\"b", "c"},
        {"@a:b@c", "", "a:b@c"},
        {"a\\b@c", "a\\b", "c"},
    };
    for (const good& g : rows)
        for (const std::string& text : {std::string(g.text), '<' + std::string(g.text) + '>'}) {
            const auto m = mailbox::frame(text);
            ASSERT_TRUE(m) << text;
            EXPECT_EQ(m->text(), g.text);
            EXPECT_EQ(m->local_part(), g.local) << text;
            EXPECT_EQ(m->domain_part(), g.domain) << text;
        }
}

TEST(Mailbox, NoAngleBracketOutsideQuotes) {
    for (const std::string_view text : {"<",
                                        ">",
                                        "<a@b",
                                        "a@b>",
                                        "a<b@c",
                                        "a>b@c",
                                        "a@b>c",
                                        "a@b<c",
                                        "<<a@b>>",
                                        "<a@b>>",
                                        "<<a@b>",
                                        "<a@b> SIZE=1",
                                        "a@b> BODY=8BITMIME",
                                        "a@b>\"\"",
                                        "\"a\">@b",
                                        "\"a\"<@b",
                                        "\"\">\"\"@b",
                                        "<a@b><c@d>",
                                        "><",
                                        "Name <a@b>",
                                        "\"a\\\\\">b\"@c"}) {
        EXPECT_FALSE(mailbox::parse(text)) << text;
        EXPECT_FALSE(mailbox::frame(text)) << text;
    }
}

TEST(Mailbox, AngleBracketsInsideQuotes) {
    for (const std::string_view text : {"\"<\"@b", "\">\"@b", "\"a>b\"@c", "\"<a@b>\"@c", "\"\\\">\"@b", "\"\\>\"@b"}) {
        EXPECT_TRUE(mailbox::parse(text)) << text;
        EXPECT_TRUE(mailbox::frame(text)) << text;
    }
}

TEST(Mailbox, QuotesMustEnd) {
    for (const std::string_view text :
         {"\"", "a\"", "\"a@b", "a\"@b", "\"a\\\"@b", "\"\\", "<\"a>", "\"a\"\"b@c", "a@b\"", "\"a>@b"}) {
        EXPECT_FALSE(mailbox::parse(text)) << text;
        EXPECT_FALSE(mailbox::frame(text)) << text;
    }
}

// RFC 821 let a backslash quote one octet outside quotes too, and there are servers that still read it so.
// For them the quote behind it opens nothing, and the bracket ends the path.
TEST(Mailbox, NoBracketBehindAQuoteThatABackslashMayHide) {
    for (const std::string_view text : {"a\\\"b>\"@c", "\\\">\"@c", "a\\\"> SIZE=1 \"@c", "<a\\\"b>\"@c>"}) {
        EXPECT_FALSE(mailbox::parse(text)) << text;
        EXPECT_FALSE(mailbox::frame(text)) << text;
    }
}

TEST(Mailbox, NoControlOctetAnywhere) {
    for (const std::string_view good :
         {"user@example.com", "<user@example.com>", "\"us er\\\"\"@b.c", "<\"u\\@r\"@b>", "u@[192.0.2.1]"})
        for (const char c : controls())
            for (std::size_t at = 0; at <= good.size(); ++at) {
                std::string text{good};
                text.insert(at, 1, c);
                ASSERT_FALSE(mailbox::parse(text)) << int{c} << " inserted at " << at << " of " << good;
                ASSERT_FALSE(mailbox::frame(text)) << int{c} << " inserted at " << at << " of " << good;
                if (at == good.size()) continue;
                text = good;
                text[at] = c;
                ASSERT_FALSE(mailbox::parse(text)) << int{c} << " at " << at << " of " << good;
                ASSERT_FALSE(mailbox::frame(text)) << int{c} << " at " << at << " of " << good;
            }
}

TEST(Mailbox, EveryOctetInALocalPart) {
    const std::string atext = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~";
    for (int value = 0; value != 256; ++value) {
        const char c = static_cast<char>(value);
        const std::string plain = std::string("a") + c + "b@c";
        const bool is_atext = atext.find(c) != std::string::npos;
        EXPECT_EQ(mailbox::parse(plain).has_value(), is_atext || c == '.' || c == '@' ? c != '@' : false) << value;
        // qtextSMTP and quoted-pairSMTP (RFC 5321 §4.1.2)
        const std::string quoted = std::string("\"a") + c + "b\"@c";
        const bool is_qtext =
            value == 32 || value == 33 || (value >= 35 && value <= 91) || (value >= 93 && value <= 126);
        EXPECT_EQ(mailbox::parse(quoted).has_value(), is_qtext || c == '\\') << value;
        const std::string pair = std::string("\"a\\") + c + "b\"@c";
        EXPECT_EQ(mailbox::parse(pair).has_value(), value >= 32 && value <= 126) << value;
    }
}

TEST(Mailbox, LimitOfTheLocalPart) {
    EXPECT_TRUE(mailbox::parse(letters(64) + "@b"));
    EXPECT_FALSE(mailbox::parse(letters(65) + "@b"));
    EXPECT_TRUE(mailbox::parse('"' + letters(62) + "\"@b"));
    EXPECT_FALSE(mailbox::parse('"' + letters(63) + "\"@b"));
    EXPECT_TRUE(mailbox::frame(letters(65) + "@b"));
}

TEST(Mailbox, LimitOfTheMailbox) {
    static_assert(limits::mailbox == 254);
    const std::string local = letters(64) + '@';
    for (const std::string& longest : {local + long_domain(254 - 65), "a@" + long_domain(252)}) {
        ASSERT_EQ(longest.size(), 254u);
        EXPECT_TRUE(mailbox::parse(longest));
        EXPECT_TRUE(mailbox::parse('<' + longest + '>')); // the brackets do not count
        EXPECT_FALSE(mailbox::parse(longest + 'd'));
        EXPECT_FALSE(mailbox::parse('<' + longest + "d>"));
    }
}

TEST(Mailbox, LimitOfAFramedPath) {
    static_assert(limits::framed_path == 498);
    EXPECT_TRUE(mailbox::frame(letters(498)));
    EXPECT_FALSE(mailbox::frame(letters(499)));
    EXPECT_TRUE(mailbox::frame('<' + letters(498) + '>'));
    EXPECT_FALSE(mailbox::frame('<' + letters(499) + '>'));
    // With the command around it a framed path fits the 512 octets of RFC 5321 §4.5.3.1.4.
    EXPECT_EQ(limits::framed_path + std::string("MAIL FROM:<>\r\n").size(), 512u);
}

// ---------------------------------------------------------------------------------------------------------------------
// UTF-8 (RFC 6531 §3.3, RFC 3629 §4)

TEST(MailboxUtf8, TakesWhatParseTakesAndOctetsAbove127) {
    for (const std::string_view text :
         {"user@example.com", "<user@example.com>", "\"us er\"@b.c", "u@[192.0.2.1]", "b\xC3\xBC@b.example",
          "bob@b\xC3\xBC.example", "<\xC3\xBC@\xC3\xBC>", "\"\xC3\xBC \xC3\xBC\"@b.c",
          "\xD0\xB0.\xD0\xB1@xn--bcher-kva.example", "\xE4\xBD\xA0\xE5\xA5\xBD@\xE4\xBD\xA0.example",
          "\xF0\x9F\x93\xAC@b.example"}) {
        const auto m = mailbox::parse_utf8(text);
        ASSERT_TRUE(m) << text;
        const std::string_view inner = text.front() == '<' ? text.substr(1, text.size() - 2) : text;
        EXPECT_EQ(m->text(), inner);
        EXPECT_EQ(mailbox::parse(text).has_value(), m->is_ascii()) << text;
    }
    EXPECT_TRUE(mailbox::parse_utf8("<>")->is_null());
    const auto m = mailbox::parse_utf8("b\xC3\xBC@\xC3\xBC.example");
    EXPECT_EQ(m->local_part(), "b\xC3\xBC");
    EXPECT_EQ(m->domain_part(), "\xC3\xBC.example");
}

TEST(MailboxUtf8, RefusesWhatParseRefuses) {
    for (const std::string_view text : {"", "a", "@b", "a@", "a b@c", "a@b c", "a..b@c", ".a@b", "a.@b", "a@b..c",
                                        "a@-b", "a@b-", "<a@b", "a@b>", "\"a@b", "a@[", "a@[]"})
        EXPECT_FALSE(mailbox::parse_utf8(text)) << text;
    EXPECT_FALSE(mailbox::parse_utf8("\xC3\xBC..\xC3\xBC@b"));
    EXPECT_FALSE(mailbox::parse_utf8("a@\xC3\xBC..b"));
    EXPECT_FALSE(mailbox::parse_utf8("a@[\xC3\xBC]")) << "an address literal is ASCII";
    for (const char c : controls()) {
        const std::string text = std::string("\xC3\xBC") + c + "@b";
        EXPECT_FALSE(mailbox::parse_utf8(text)) << int{c};
    }
}

// Every code point by its shortest form, wherever octets above 127 may stand; C1 and surrogates nowhere.
TEST(MailboxUtf8, EveryCodePoint) {
    const auto octet = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
    for (std::uint32_t point = 0x80; point <= 0x110400; point += point < 0x3000 || point > 0xD700 ? 1 : 13) {
        if (point == 0xE100) point = 0xFF00; // nothing changes between them
        if (point == 0x10400) point = 0x10FC00;
        std::string text;
        if (point < 0x800) text = {octet(0xC0 | point >> 6), octet(0x80 | (point & 0x3F))};
        else if (point < 0x10000)
            text = {octet(0xE0 | point >> 12), octet(0x80 | (point >> 6 & 0x3F)), octet(0x80 | (point & 0x3F))};
        else
            text = {octet(0xF0 | point >> 18), octet(0x80 | (point >> 12 & 0x3F)), octet(0x80 | (point >> 6 & 0x3F)),
                    octet(0x80 | (point & 0x3F))};
        const bool right = point >= 0xA0 && (point < 0xD800 || point > 0xDFFF) && point <= 0x10FFFF;
        ASSERT_EQ(mailbox::parse_utf8(text + "@b").has_value(), right) << point;
        ASSERT_EQ(mailbox::parse_utf8("a@" + text).has_value(), right) << point;
        ASSERT_EQ(mailbox::parse_utf8("\"" + text + "\"@b").has_value(), right) << point;
        // Cut short, and behind that something else.
        for (std::size_t size = 1; size != text.size(); ++size) {
            ASSERT_FALSE(mailbox::parse_utf8("a@" + text.substr(0, size))) << point;
            ASSERT_FALSE(mailbox::parse_utf8(text.substr(0, size) + "a@b")) << point;
            ASSERT_FALSE(mailbox::parse_utf8(text.substr(0, size) + "\xC3\xBC@b")) << point;
        }
    }
}

TEST(MailboxUtf8, OverlongAndOtherWrongForms) {
    for (const std::string_view bad : {"\x80",
                                       "\xBF",
                                       "\xC0\x80",
                                       "\xC0\xAF",
                                       "\xC1\xBF",
                                       "\xC1\x81",
                                       "\xE0\x80\x80",
                                       "\xE0\x9F\xBF",
                                       "\xE0\x82\xA9",
                                       "\xF0\x80\x80\x80",
                                       "\xF0\x8F\xBF\xBF",
                                       "\xF4\x90\x80\x80",
                                       "\xF5\x80\x80\x80",
                                       "\xF8\x88\x80\x80\x80",
                                       "\xFC\x84\x80\x80\x80\x80",
                                       "\xFE",
                                       "\xFF",
                                       "\xC3\xBC\xBC",
                                       "\xC3\xC3\xBC",
                                       "\xED\xA0\x80",
                                       "\xED\xBF\xBF",
                                       "\xED\xA0\xBD\xED\xB3\xAC",
                                       "\xC2\x80",
                                       "\xC2\x9F",
                                       "\xC3(",
                                       "\xE2(\xA1",
                                       "\xE2\x82("}) {
        EXPECT_FALSE(mailbox::parse_utf8(std::string(bad) + "@b"));
        EXPECT_FALSE(mailbox::parse_utf8("a@" + std::string(bad)));
        EXPECT_FALSE(mailbox::parse_utf8("\"" + std::string(bad) + "\"@b"));
    }
}

// RFC 5321 §4.5.3.1 counts octets, not characters.
TEST(MailboxUtf8, LimitsAreInOctets) {
    std::string local;
    for (int i = 0; i != 32; ++i) local += "\xC3\xBC";
    EXPECT_TRUE(mailbox::parse_utf8(local + "@b"));
    EXPECT_FALSE(mailbox::parse_utf8(local + "a@b"));
    EXPECT_TRUE(mailbox::parse_utf8(local + '@' + long_domain(254 - 65)));
    EXPECT_FALSE(mailbox::parse_utf8(local + '@' + long_domain(254 - 64)));
}

} // namespace
} // namespace postrider

#include "postrider/io/idn2.hpp"

#include "postrider/mailbox.hpp"

#include <gtest/gtest.h>

namespace {

using namespace postrider;

struct row {
    const char* text;
    errc error;
    const char* ascii;
};

class Mailboxes : public testing::TestWithParam<row> {};

TEST_P(Mailboxes, ToALabels) {
    std::string ascii = "what was there before";
    EXPECT_EQ(mailbox_to_ascii(GetParam().text, ascii), GetParam().error);
    EXPECT_EQ(ascii, GetParam().ascii);
    if (GetParam().error != errc::ok) return;
    EXPECT_TRUE(mailbox::parse(ascii) || mailbox::parse_utf8(ascii)) << ascii;
}

INSTANTIATE_TEST_SUITE_P(
    all, Mailboxes,
    testing::Values(
        row{"bob@bücher.example", errc::ok, "bob@xn--bcher-kva.example"},
        row{"<bob@BÜCHER.example>", errc::ok, "bob@xn--bcher-kva.example"},
        row{"bob@faß.example", errc::ok, "bob@xn--fa-hia.example"}, // non-transitional: not fass
        row{"bob@例え.テスト", errc::ok, "bob@xn--r8jz45g.xn--zckzah"},
        row{"\"b@c\"@bücher.example", errc::ok, "\"b@c\"@xn--bcher-kva.example"},
        row{"bob@b.example", errc::ok, "bob@b.example"}, row{"bob@[192.0.2.1]", errc::ok, "bob@[192.0.2.1]"},
        row{"böb@bücher.example", errc::ok, "böb@bücher.example"}, // SMTPUTF8 in any case
        row{"bob@b\xC3.example", errc::invalid_mailbox, ""},       // not UTF-8
        row{"b\xC3@b.example", errc::invalid_mailbox, ""}, row{"bob@-bücher-.example", errc::invalid_mailbox, ""},
        row{"bob@☃\xE2\x80\x8D☃.example", errc::invalid_mailbox, ""}, // a joiner that joins nothing
        row{"bob@bü cher.example", errc::invalid_mailbox, ""}, row{"bob@b\r\nücher.example", errc::invalid_mailbox, ""},
        row{"bob>@bücher.example", errc::invalid_mailbox, ""}));

TEST(Domain, ToALabels) {
    std::string ascii;
    EXPECT_EQ(domain_to_ascii("bücher.example", ascii), errc::ok);
    EXPECT_EQ(ascii, "xn--bcher-kva.example");
    EXPECT_EQ(domain_to_ascii(std::string_view{"b\xC3\xBC\0cher", 8}, ascii), errc::invalid_domain);
    EXPECT_EQ(ascii, "");
}

} // namespace

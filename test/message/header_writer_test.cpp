#include "message/composing.hpp"
#include "message/header_writer.hpp"

#include <gtest/gtest.h>

namespace {

using namespace postrider;

std::string subject(std::string_view text) {
    header_writer to;
    to.begin("Subject");
    to.text(text);
    to.end();
    return to.take();
}

TEST(HeaderWriter, LeavesPlainTextAsItIs) {
    EXPECT_EQ(subject("Hello, \"you\" (and \\ others) <x@y>"), "Subject: Hello, \"you\" (and \\ others) <x@y>\r\n");
    EXPECT_EQ(subject("two  spaces"), "Subject: two  spaces\r\n");
    EXPECT_EQ(subject(""), "Subject:\r\n");
}

TEST(HeaderWriter, EncodesWhatCannotStand) {
    EXPECT_EQ(subject("Grüße an alle"), "Subject: =?utf-8?b?R3LDvMOfZQ==?= an alle\r\n");
    EXPECT_EQ(subject("Die Straße"), "Subject: Die =?utf-8?q?Stra=C3=9Fe?=\r\n");
    EXPECT_EQ(subject("日本"), "Subject: =?utf-8?b?5pel5pys?=\r\n");
    EXPECT_EQ(subject("=?utf-8?q?x?="), "Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n"); // what looks like one
    EXPECT_EQ(subject("ä ö"), "Subject: =?utf-8?b?w6Qgw7Y=?=\r\n");                       // the space is inside
    EXPECT_EQ(subject("a  ä"), "Subject: a =?utf-8?b?IMOk?=\r\n");
    EXPECT_EQ(subject(" a "), "Subject: =?utf-8?q?_a_?=\r\n"); // spaces at either end would be lost
    EXPECT_EQ(subject("   "), "Subject: =?utf-8?q?___?=\r\n");
    EXPECT_EQ(subject("a\tb"), "Subject: =?utf-8?b?YQli?=\r\n");
}

TEST(HeaderWriter, FoldsAtSpacesAndKeepsThem) {
    const std::string forty(40, 'x');
    EXPECT_EQ(subject(forty + "  " + forty), "Subject: " + forty + "\r\n  " + forty + "\r\n");
    const std::string fits(76 - 9 - 1 - 40, 'y');
    EXPECT_EQ(subject(forty + " " + fits), "Subject: " + forty + " " + fits + "\r\n"); // 76 exactly
    EXPECT_EQ(subject(forty + " " + fits + "y"), "Subject: " + forty + "\r\n " + fits + "y\r\n");
    const std::string long_token(900, 'z');
    EXPECT_EQ(subject(long_token), "Subject: " + long_token + "\r\n");
    EXPECT_NE(subject(long_token + "z").find("Subject: =?utf-8?q?zzz"), std::string::npos);
}

/// RFC 2047 §2 and §5 (3): 75 octets a word, 76 a line, no character split; and by B three octets at a time.
TEST(HeaderWriter, CutsEncodedWordsBetweenCharacters) {
    for (const char* character : {"ä", "日", "😀"}) {
        std::string text;
        for (int i = 0; i != 60; ++i) text += character;
        const std::string block = subject(text);
        std::size_t words = 0;
        for (std::size_t at = block.find("=?"); at != std::string::npos; at = block.find(" =?", at + 1), ++words) {
            const std::size_t begin = block.find("?b?", at) + 3;
            const std::size_t end = block.find("?=", begin);
            EXPECT_LE(end + 2 - block.find("=?", at), 75u);
            EXPECT_EQ(block.substr(begin, end - begin).find('='), std::string::npos)
                << block; // 60 characters are 3 n octets
        }
        EXPECT_GT(words, 2u);
        EXPECT_TRUE(objection_to_block(block, false).empty());
    }
}

/// GMime 3.2 decodes neighbouring words by B as one, and loses what stands behind the padding of the first.
TEST(HeaderWriter, PadsOnlyTheLastWord) {
    std::string text = "a";
    for (int i = 0; i != 40; ++i) text += "日";
    const std::string block = subject(text);
    EXPECT_EQ(block.substr(0, 27), "Subject: =?utf-8?q?a?= =?ut");
    EXPECT_EQ(block.find("=?=\r\n "), std::string::npos) << block;
    std::string far_ahead = " "; // 2, 1, 2, 1, ... of three, until the 41st octet
    for (int i = 0; i != 13; ++i) far_ahead += "aи";
    far_ahead += "日a日日";
    EXPECT_EQ(subject(far_ahead).substr(0, 27), "Subject: =?utf-8?q?_?= =?ut"); // and it begins where its name stands
}

std::string phrase(std::string_view name) {
    header_writer to;
    to.begin("To");
    to.phrase(name);
    to.token("<a@b>");
    to.end();
    return to.take();
}

TEST(HeaderWriter, WritesNames) {
    EXPECT_EQ(phrase("Bob O'Neill"), "To: Bob O'Neill <a@b>\r\n");
    EXPECT_EQ(phrase("Bob, Esq."), "To: \"Bob, Esq.\" <a@b>\r\n");
    EXPECT_EQ(phrase("\"B\\\" <x@y>"), "To: \"\\\"B\\\\\\\" <x@y>\" <a@b>\r\n");
    EXPECT_EQ(phrase("Bób, \"x\""),
              "To: =?utf-8?b?QsOzYiwgIngi?= <a@b>\r\n"); // nothing that a phrase cannot have
    EXPECT_EQ(phrase("=?x?="), "To: =?utf-8?b?PT94Pz0=?= <a@b>\r\n");
    EXPECT_EQ(phrase(std::string(70, 'x')),
              "To: =?utf-8?q?" + std::string(60, 'x') + "?=\r\n =?utf-8?q?" + std::string(10, 'x') + "?= <a@b>\r\n");
}

std::string file_name(std::string_view name) {
    header_writer to;
    to.begin("Content-Disposition");
    to.token("attachment");
    to.parameter("filename", name);
    to.end();
    return to.take();
}

TEST(HeaderWriter, WritesParameters) {
    EXPECT_EQ(file_name("a b.pdf"), "Content-Disposition: attachment; filename=\"a b.pdf\"\r\n");
    EXPECT_EQ(file_name("ä'*%.pdf"), "Content-Disposition: attachment; filename*=utf-8''%C3%A4%27%2A%25.pdf\r\n");
    EXPECT_EQ(file_name("a\"b\\c"), "Content-Disposition: attachment; filename*=utf-8''a%22b%5Cc\r\n");
    EXPECT_EQ(file_name("=?utf-8?q?x?="),
              "Content-Disposition: attachment; filename*=utf-8''%3D%3Futf-8%3Fq%3Fx%3F%3D\r\n");
    std::string name;
    for (int i = 0; i != 12; ++i) name += "日";
    EXPECT_EQ(file_name(name), "Content-Disposition: attachment;\r\n"
                               " filename*0*=utf-8''%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5;\r\n"
                               " filename*1*=%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5\r\n");
    EXPECT_TRUE(objection_to_block(file_name(std::string(2000, 'x')), false).empty());
}

TEST(HeaderWriter, SaysWhatNoFieldCanHold) {
    EXPECT_EQ(objection_to_text("Grüße\t日本"), "");
    EXPECT_NE(objection_to_text("a\r").find("CR (octet 2)"), std::string::npos);
    EXPECT_NE(objection_to_text("\n").find("LF (octet 1)"), std::string::npos);
    EXPECT_NE(objection_to_text(std::string_view{"ab\0", 3}).find("NUL (octet 3)"), std::string::npos);
    EXPECT_NE(objection_to_text("\x1b[1m").find("control character"), std::string::npos);
    EXPECT_NE(objection_to_text("\x7f").find("control character"), std::string::npos);
    EXPECT_NE(objection_to_text("\xC2\x85").find("control character"), std::string::npos); // NEL: a line end to some
    for (const char* text :
         {"\xC3", "a\xFF", "\xC0\x8A", "\xE0\x80\x8A", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE6\x97"})
        EXPECT_NE(objection_to_text(text).find("not UTF-8"), std::string::npos) << text;
}

/// The last look, at the octets that will be written, whoever made them.
TEST(HeaderBlock, IsLookedAtBeforeItLeaves) {
    EXPECT_EQ(objection_to_block("A: b\r\n c\r\n\r\n--x\r\n", false), "");
    EXPECT_EQ(objection_to_block("A: " + std::string(995, 'x') + "\r\n", false), "");
    EXPECT_NE(objection_to_block("A: " + std::string(996, 'x') + "\r\n", false), "");
    EXPECT_NE(objection_to_block("A: b", false), "");
    EXPECT_NE(objection_to_block("A: b\nBcc: c\r\n", false), "");
    EXPECT_NE(objection_to_block("A: b\rBcc: c\r\n", false), "");
    EXPECT_NE(objection_to_block(std::string{"A: \0\r\n", 6}, false), "");
    EXPECT_NE(objection_to_block("A: b\r\n \r\n", false), "");
    EXPECT_NE(objection_to_block("A: ä\r\n", false), "");
    EXPECT_EQ(objection_to_block("A: ä\r\n", true), "");
}

} // namespace

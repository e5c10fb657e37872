#include "postrider/reply_reader.hpp"

#include "postrider/limits.hpp"
#include "print.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postrider {
namespace {

using list = std::vector<std::string>;

// What the reader said, one entry a line:
//     "line 1 |mx.example|"          more lines of the reply follow
//     "reply 250 2.1.5 cut |text|"   a whole reply; its enhanced status code and "cut" only if it has them
//     "failed: ..."                  the last entry
list read(const list& chunks, std::size_t room, bool drop) {
    std::vector<char> text(room);
    reply_reader reader{text};
    list seen;
    for (const std::string& chunk : chunks) {
        const std::vector<char> memory(chunk.begin(),
                                       chunk.end()); // of the exact size, and gone after this turn
        std::string_view input{memory.data(), memory.size()};
        for (;;) {
            const reply_reader::event event = reader.next(input);
            if (event == reply_reader::event::more) {
                EXPECT_TRUE(input.empty());
                EXPECT_EQ(reader.error(), errc::ok);
                break;
            }
            if (event == reply_reader::event::failed) {
                EXPECT_NE(reader.error(), errc::ok);
                seen.push_back(std::string("failed: ") + describe(reader.error()));
                return seen;
            }
            if (event == reply_reader::event::line) {
                seen.push_back("line " + std::to_string(reader.line_number()) + " |" + std::string(reader.line()) +
                               '|');
                if (drop) reader.drop_text();
                continue;
            }
            const reply r = reader.whole();
            std::string entry = "reply " + std::to_string(r.code) + ' ';
            if (r.enhanced)
                entry += std::to_string(r.enhanced.klass) + '.' + std::to_string(r.enhanced.subject) + '.' +
                         std::to_string(r.enhanced.detail) + ' ';
            if (r.cut) entry += "cut ";
            EXPECT_LE(r.text.size(), room);
            EXPECT_TRUE(r.text.ends_with(reader.line()));
            seen.push_back(entry + '|' + std::string(r.text) + '|');
        }
    }
    return seen;
}

// Whole, octet by octet, and cut in two at every point (of a very long text: at every point near its end).
void expect_reading(const std::string& wire, const list& expected, std::size_t room = 512, bool drop = false) {
    SCOPED_TRACE(wire.substr(0, 200));
    EXPECT_EQ(read({wire}, room, drop), expected);
    list octets;
    for (const char c : wire) octets.emplace_back(1, c);
    EXPECT_EQ(read(octets, room, drop), expected) << "octet by octet";
    for (std::size_t at = wire.size() > 1000 ? wire.size() - 20 : 0; at <= wire.size(); ++at)
        ASSERT_EQ(read({wire.substr(0, at), wire.substr(at)}, room, drop), expected) << "cut at " << at;
}

const std::string malformed = std::string("failed: ") + describe(errc::malformed_reply);
const std::string line_too_long = std::string("failed: ") + describe(errc::line_too_long);
const std::string reply_too_long = std::string("failed: ") + describe(errc::reply_too_long);

// ---------------------------------------------------------------------------------------------------------------------
// The grammar

TEST(ReplyReader, OneLine) {
    expect_reading("250 OK\r\n", {"reply 250 |OK|"});
    expect_reading("220 mx.example ESMTP\r\n", {"reply 220 |mx.example ESMTP|"});
    expect_reading("599 x\r\n", {"reply 599 |x|"});
    expect_reading("100 x\r\n", {"reply 100 |x|"});
    expect_reading("250  two spaces \r\n", {"reply 250 | two spaces |"});
    expect_reading("250 250-OK\r\n", {"reply 250 |250-OK|"});
}

TEST(ReplyReader, SeveralLines) {
    expect_reading("250-mx.example\r\n250-SIZE 1000\r\n250 DSN\r\n",
                   {"line 1 |mx.example|", "line 2 |SIZE 1000|", "reply 250 |mx.example\nSIZE 1000\nDSN|"});
    expect_reading("550-no\r\n550-\r\n550 sorry\r\n", {"line 1 |no|", "line 2 ||", "reply 550 |no\n\nsorry|"});
    expect_reading("250--\r\n250 -\r\n", {"line 1 |-|", "reply 250 |-\n-|"});
}

TEST(ReplyReader, SeveralReplies) {
    expect_reading("250 a\r\n550-b\r\n550 c\r\n354 d\r\n",
                   {"reply 250 |a|", "line 1 |b|", "reply 550 |b\nc|", "reply 354 |d|"});
}

TEST(ReplyReader, WithoutText) {
    expect_reading("250\r\n", {"reply 250 ||"});
    expect_reading("250 \r\n", {"reply 250 ||"});
    expect_reading("250-\r\n250\r\n", {"line 1 ||", "reply 250 ||"});
    expect_reading("250-a\r\n250\r\n", {"line 1 |a|", "reply 250 |a\n|"});
    expect_reading("354\n250\n", {"reply 354 ||", "reply 250 ||"});
}

TEST(ReplyReader, SpacesBeforeTheCode) {
    expect_reading(" 250 OK\r\n", {"reply 250 |OK|"});
    expect_reading("   250-a\r\n  250 b\r\n", {"line 1 |a|", "reply 250 |a\nb|"});
    expect_reading("250-a\r\n 250 b\r\n", {"line 1 |a|", "reply 250 |a\nb|"});
}

TEST(ReplyReader, LfAloneEndsALine) {
    expect_reading("250 OK\n", {"reply 250 |OK|"});
    expect_reading("250-a\n250-b\r\n250 c\n", {"line 1 |a|", "line 2 |b|", "reply 250 |a\nb\nc|"});
    expect_reading("250\n", {"reply 250 ||"});
}

TEST(ReplyReader, NotCompleteYet) {
    for (const std::string wire : {"", "2", "25", "250", "250 ", "250 OK", "250 OK\r", "250-", " ", "250\r"})
        expect_reading(wire, {});
    expect_reading("250-a\r\n", {"line 1 |a|"});
    expect_reading("250-a\r\n250", {"line 1 |a|"});
    expect_reading("250 a\r\n2", {"reply 250 |a|"});
}

TEST(ReplyReader, NotAReply) {
    for (const std::string wire :
         {"\r\n", "\n", " \r\n", "OK\r\n", "x50 a\r\n", "2x0 a\r\n", "25x a\r\n", "25\r\n", "25 a\r\n", "2\n", "25\n",
          "-250 a\r\n", "050 a\r\n", "000 a\r\n", "600 a\r\n", "650 a\r\n", "999 a\r\n", "\t250 a\r\n", "2 50 a\r\n",
          "+250 a\r\n",
          // four digits, or something else glued to the code
          "2500 OK\r\n", "2500\r\n", "250x\r\n", "250_OK\r\n", "250\tOK\r\n", "250.OK\r\n", "250=OK\r\n", "250+OK\r\n",
          "\xb2\x35\x30 a\r\n", "HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-OpenSSH\r\n"})
        expect_reading(wire, {malformed});
    expect_reading(std::string("250\0OK\r\n", 8), {malformed});
    expect_reading(std::string("\0\r\n", 3), {malformed});
    expect_reading("\x16\x03\x01", {malformed}); // TLS
}

TEST(ReplyReader, AfterAGoodReplyToo) {
    expect_reading("250 OK\r\n\r\n", {"reply 250 |OK|", malformed});
    expect_reading("250-a\r\n\r\n250 b\r\n", {"line 1 |a|", malformed});
    expect_reading("250-a\r\nb\r\n", {"line 1 |a|", malformed});
}

TEST(ReplyReader, CodesOfOneReplyMustAgree) {
    expect_reading("250-a\r\n550 b\r\n", {"line 1 |a|", malformed});
    expect_reading("550-a\r\n250 b\r\n", {"line 1 |a|", malformed});
    expect_reading("250-a\r\n250-b\r\n251 c\r\n", {"line 1 |a|", "line 2 |b|", malformed});
    expect_reading("250-a\r\n250-b\r\n251-c\r\n", {"line 1 |a|", "line 2 |b|", malformed});
    expect_reading("250-a\r\n350\r\n", {"line 1 |a|", malformed});
}

// ---------------------------------------------------------------------------------------------------------------------
// Enhanced status codes

TEST(ReplyReader, EnhancedStatusCode) {
    expect_reading("250 2.1.5 OK\r\n", {"reply 250 2.1.5 |OK|"});
    expect_reading("550 5.1.1 no such user\r\n", {"reply 550 5.1.1 |no such user|"});
    expect_reading("450 4.2.0 grey\r\n", {"reply 450 4.2.0 |grey|"});
    expect_reading("550 5.123.999 x\r\n", {"reply 550 5.123.999 |x|"});
    expect_reading("250 2.0.0\r\n", {"reply 250 2.0.0 ||"});
    expect_reading("250 2.0.0 \r\n", {"reply 250 2.0.0 ||"});
    expect_reading("250 2.0.0  x\r\n", {"reply 250 2.0.0 | x|"});
    expect_reading("250 2.0.0 2.0.0 x\r\n", {"reply 250 2.0.0 |2.0.0 x|"});
    expect_reading("250 2.0.0\n", {"reply 250 2.0.0 ||"});
}

TEST(ReplyReader, EnhancedStatusCodeOfTheLastLineThatHasOne) {
    expect_reading("550-5.1.1 a\r\n550 5.7.1 b\r\n", {"line 1 |a|", "reply 550 5.7.1 |a\nb|"});
    expect_reading("550-5.1.1 a\r\n550 b\r\n", {"line 1 |a|", "reply 550 5.1.1 |a\nb|"});
    expect_reading("550-a\r\n550-5.1.1 b\r\n550 5.x.1 c\r\n",
                   {"line 1 |a|", "line 2 |b|", "reply 550 5.1.1 |a\nb\n5.x.1 c|"});
    // and it is forgotten with the next reply
    expect_reading("550 5.1.1 a\r\n550 b\r\n", {"reply 550 5.1.1 |a|", "reply 550 |b|"});
}

TEST(ReplyReader, WhatIsNoEnhancedStatusCodeStaysText) {
    for (const std::string text :
         {"5", "5.", "5.1", "5.1.", "5.1.1x", "5.1.1.", "5.1.1.1 x", "5..1 x", "5.1..1", "5.1.x", "5.x.1", ".1.1",
          "x.1.1", "5 1 1", "5.1234.1 x", "5.1.1234 x", "5,1,1 x", " 5.1.1 x", "#5.1.1 x", "(5.1.1) x", "5.1.1- x",
          "5.1.1: x", "5.-1.1 x",
          // the class has one digit and is that of the code (RFC 3463 §2, RFC 2034 §4)
          "4.1.1 x", "2.1.1 x", "55.1.1 x", "05.1.1 x", "005.1.1 x", "6.1.1 x", "0.1.1 x", "550.1.1 x", "261.1.1 x"})
        expect_reading("550 " + text + "\r\n", {"reply 550 |" + text + '|'});
    expect_reading("250 5.1.1 x\r\n", {"reply 250 |5.1.1 x|"});
    expect_reading("250 0002.1.1 x\r\n", {"reply 250 |0002.1.1 x|"});
}

TEST(ReplyReader, ClassesAreTwoFourAndFive) {
    expect_reading("354 3.1.4 x\r\n", {"reply 354 |3.1.4 x|"});
    expect_reading("120 1.0.0 x\r\n", {"reply 120 |1.0.0 x|"});
}

// ---------------------------------------------------------------------------------------------------------------------
// Text that is not to be trusted

TEST(ReplyReader, ControlCharactersAreReplaced) {
    for (int value = 0; value != 256; ++value) {
        if (value == '\n' || value == '\r' || value == '\t') continue;
        const std::string octet(1, static_cast<char>(value));
        const bool control = value < 32 || value == 127;
        expect_reading("250 a" + octet + "b\r\n", {"reply 250 |a" + (control ? "?" : octet) + "b|"});
    }
    expect_reading("250 \x1b[2Jx\r\n", {"reply 250 |?[2Jx|"}); // a terminal's "clear the screen"
    expect_reading("250-a\x01\r\n250 \x7f\r\n", {"line 1 |a?|", "reply 250 |a?\n?|"});
}

TEST(ReplyReader, ATabBecomesASpace) { expect_reading("250 AUTH\tPLAIN\r\n", {"reply 250 |AUTH PLAIN|"}); }

// A CR that is no part of a line end is a control character as any other; one must not be able to vanish.
TEST(ReplyReader, ACrInsideALineIsReplaced) {
    expect_reading("250 a\rb\r\n", {"reply 250 |a?b|"});
    expect_reading("250 a\r\r\n", {"reply 250 |a?|"});
    expect_reading("250 \r250 b\r\n", {"reply 250 |?250 b|"});
}

// Nothing else than SP and "-" may follow the code, or the end of the line.
TEST(ReplyReader, ACrBehindTheCodeMustEndTheLine) {
    expect_reading("250\rOK\r\n", {malformed});
    expect_reading("250\r-a\r\n", {malformed});
}

// ---------------------------------------------------------------------------------------------------------------------
// Bounds

TEST(ReplyReader, TextThatFindsNoRoomIsCut) {
    expect_reading("250 12345678\r\n", {"reply 250 |12345678|"}, 8);
    expect_reading("250 123456789\r\n", {"reply 250 cut |12345678|"}, 8);
    expect_reading("250 1\r\n", {"reply 250 cut ||"}, 0);
    expect_reading("250\r\n", {"reply 250 ||"}, 0);
    expect_reading("250-1234\r\n250 567\r\n", {"line 1 |1234|", "reply 250 |1234\n567|"}, 8);
    expect_reading("250-1234\r\n250 5678\r\n", {"line 1 |1234|", "reply 250 cut |1234\n567|"}, 8);
    expect_reading("250-12345678\r\n250 x\r\n", {"line 1 |12345678|", "reply 250 cut |12345678|"}, 8);
    expect_reading("250-1234567890\r\n250-x\r\n250 y\r\n",
                   {"line 1 |12345678|", "line 2 ||", "reply 250 cut |12345678|"}, 8);
    // and the next reply has all the room again
    expect_reading("250 123456789\r\n250 ok\r\n", {"reply 250 cut |12345678|", "reply 250 |ok|"}, 8);
}

TEST(ReplyReader, AnEnhancedStatusCodeThatWasCutIsNone) {
    expect_reading("550 5.1.10 x\r\n", {"reply 550 5.1.10 cut ||"}, 7); // whole, and only the text is cut
    expect_reading("550 5.1.10 x\r\n", {"reply 550 cut |5.1.10|"}, 6);  // whole, but it cannot be seen to be
    expect_reading("550 5.1.1 x\r\n", {"reply 550 5.1.1 cut ||"}, 6);
    expect_reading("550 5.1.10\r\n", {"reply 550 5.1.10 ||"}, 6);
    // "5.1.1" is all that found room, and it is a lie.
    expect_reading("550 5.1.10 x\r\n", {"reply 550 cut |5.1.1|"}, 5);
    expect_reading("550-12\r\n550 5.1.123\r\n", {"line 1 |12|", "reply 550 cut |12\n5.1.1|"}, 8);
}

TEST(ReplyReader, DroppedTextMakesRoomForTheNextLine) {
    expect_reading("250-1234567\r\n250-SIZE 1\r\n250 DSN\r\n",
                   {"line 1 |1234567|", "line 2 |SIZE 1|", "reply 250 |DSN|"}, 8, true);
    expect_reading("250-2.0.0 a\r\n250-b\r\n250 c\r\n", {"line 1 |a|", "line 2 |b|", "reply 250 2.0.0 |c|"}, 8, true);
    expect_reading("250-123456789\r\n250 DSN\r\n", {"line 1 |12345678|", "reply 250 cut |DSN|"}, 8, true);
}

// `size` octets, the line end included.
std::string line_of(std::size_t size, std::string begin, const std::string& end) {
    return begin + std::string(size - begin.size() - end.size(), 'x') + end;
}

TEST(ReplyReader, OctetsOfALine) {
    const std::string kept(8, 'x');
    for (const std::string end : {"\r\n", "\n"}) {
        expect_reading(line_of(limits::reply_line, "250 ", end), {"reply 250 cut |" + kept + '|'}, 8);
        expect_reading(line_of(limits::reply_line + 1, "250 ", end), {line_too_long}, 8);
        expect_reading(line_of(limits::reply_line, "250-", end) + line_of(limits::reply_line, "250 ", end),
                       {"line 1 |" + kept + '|', "reply 250 cut |" + kept + '|'}, 8);
        expect_reading(line_of(limits::reply_line, "250-", end) + line_of(limits::reply_line + 1, "250 ", end),
                       {"line 1 |" + kept + '|', line_too_long}, 8);
    }
    // A line that never ends, and one that never begins.
    expect_reading("250 " + std::string(limits::reply_line + 100, 'x'), {line_too_long}, 8);
    expect_reading(std::string(limits::reply_line + 100, ' '), {line_too_long}, 8);
    expect_reading("250 " + std::string(limits::reply_line + 100, '\r'), {line_too_long}, 8);
}

TEST(ReplyReader, LinesOfAReply) {
    std::string wire;
    list seen;
    for (std::size_t i = 1; i != limits::reply_lines; ++i) {
        wire += "250-\n";
        seen.push_back("line " + std::to_string(i) + " ||");
    }
    list good = seen;
    good.push_back("reply 250 ||");
    expect_reading(wire + "250 \n", good, 8);
    // The lines of each reply are counted anew.
    list twice = good;
    twice.insert(twice.end(), good.begin(), good.end());
    expect_reading(wire + "250 \n" + wire + "250 \n", twice, 8);

    list bad = seen;
    bad.push_back("line " + std::to_string(limits::reply_lines) + " ||");
    bad.push_back(reply_too_long);
    expect_reading(wire + "250-\n" + "250 \n", bad, 8);
    expect_reading(wire + "250-\n" + "250-\n", bad, 8);
}

TEST(ReplyReader, TextLivesUntilTheNextCall) {
    std::vector<char> text(64);
    reply_reader reader{text};
    std::string_view input = "250 2.0.0 first\r\n550 second\r\n";
    ASSERT_EQ(reader.next(input), reply_reader::event::reply);
    EXPECT_EQ(input, "550 second\r\n") << "a reply is taken up to its end and no further";
    EXPECT_EQ(reader.whole().text, "first");
    EXPECT_EQ(reader.line(), "first");
    EXPECT_EQ(reader.whole().code, 250);
    ASSERT_EQ(reader.next(input), reply_reader::event::reply);
    EXPECT_EQ(reader.whole().text, "second");
}

TEST(ReplyReader, RestartForgetsEverything) {
    std::vector<char> text(64);
    reply_reader reader{text};
    for (const std::string_view before :
         {"", "2", "250-5.1.1 a\r\n", "250-a\r\n25", "garbage\r\n", "550 5.1.1 no\r\n"}) {
        std::string_view input = before;
        static_cast<void>(reader.next(input));
        reader.restart();
        EXPECT_EQ(reader.error(), errc::ok);
        EXPECT_EQ(reader.whole().code, 0);
        EXPECT_EQ(reader.whole().text, "");
        EXPECT_FALSE(reader.whole().enhanced);
        EXPECT_EQ(reader.line_number(), 0u);
        input = "354 go\r\n";
        ASSERT_EQ(reader.next(input), reply_reader::event::reply) << before;
        EXPECT_EQ(reader.whole().code, 354);
        EXPECT_EQ(reader.whole().text, "go");
    }
}

} // namespace
} // namespace postrider

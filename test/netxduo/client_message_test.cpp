// The message as it arrives: the header block, subjects, dates, the body under dot-stuffing, and the segments that carry it.

#include "client_support.hpp"

#include <ctime>

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class message : public stack {
protected:
    std::string content_of(const mail& m) {
        server.forget();
        EXPECT_EQ(NX_SUCCESS, send(m));
        return server.last().content();
    }
    std::string subject_of(const std::string& subject) {
        const std::string content = content_of({.subject = subject});
        const std::size_t begin = content.find("\r\nSubject: ");
        const std::size_t end = content.find("\r\nMIME-Version: ");
        if (begin == std::string::npos || end == std::string::npos) return "no subject";
        return content.substr(begin + 11, end - begin - 11);
    }
};

// ----- an RFC 2047 decoder that knows nothing of the encoder

std::string base64_decoded(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    EXPECT_EQ(0u, text.size() % 4);
    for (const char c : text) {
        if (c == '=') break;
        const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const std::size_t value = alphabet.find(c);
        EXPECT_NE(std::string::npos, value);
        bits = bits << 6 | static_cast<unsigned>(value);
        if ((count += 6) < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFF);
    }
    return out;
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i++]);
        int more = lead < 0x80 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : -1;
        if (more < 0) return false;
        for (; more > 0; --more, ++i)
            if (i == text.size() || (text[i] & 0xC0) != 0x80) return false;
    }
    return true;
}

/// `characters_whole`: each encoded word must hold whole characters (RFC 2047 §5).
std::string decoded(std::string field, bool characters_whole = true) {
    std::string out;
    std::size_t line = 9; // "Subject: " stands in front of the first
    while (!field.empty()) {
        const std::size_t end = field.find("?=");
        if (field.substr(0, 10) != "=?utf-8?B?" || end == std::string::npos) return "no encoded word: " + field;
        EXPECT_LE(end + 2, 75u) << "RFC 2047 §2";
        EXPECT_LE(line + end + 2, 76u) << "RFC 2047 §2";
        const std::string word = base64_decoded(std::string_view{field}.substr(10, end - 10));
        EXPECT_FALSE(word.empty());
        EXPECT_TRUE(!characters_whole || is_utf8(word)) << word;
        out += word;
        field.erase(0, end + 2);
        if (field.empty()) break;
        if (field.substr(0, 3) != "\r\n ") return "no fold: " + field;
        field.erase(0, 3);
        line = 1;
    }
    return out;
}

// ---------------------------------------------------------------------------------------------------------------------
// The header block

TEST_F(message, the_header_block_in_its_order) {
    create();
    EXPECT_EQ("To: <bob@b.example>\r\n"
              "From: <alice@a.example>\r\n"
              "Subject: Hi\r\n"
              "MIME-Version: 1.0\r\n"
              "Content-Type: text/plain;\r\n"
              "\tcharset=\"utf-8\"\r\n"
              "Content-Transfer-Encoding: 8bit\r\n"
              "\r\n"
              "Hello.\r\n",
              content_of({}));
}

TEST_F(message, low_and_high_have_priority_headers_and_each_other_value_is_normal) {
    create();
    EXPECT_EQ(header_block("Hi", "X-Priority: 5\r\nImportance: low\r\n") + "Hello.\r\n", content_of({.priority = 1}));
    EXPECT_EQ(header_block("Hi", "X-Priority: 1\r\nImportance: high\r\n") + "Hello.\r\n", content_of({.priority = 4}));
    for (const UINT priority : {0u, 2u, 3u, 5u, 0x101u, 0x104u, 0xFFFFFFFFu})
        EXPECT_EQ(header_block() + "Hello.\r\n", content_of({.priority = priority}));
}

TEST_F(message, a_raw_message_gets_no_header) {
    create();
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_RAW_MESSAGE));
    for (const char* body : {"Subject: mine\r\n\r\nHello.\r\n", "x", "\r\n", "\n", "..\r\n", ".", "no header at all"}) {
        SCOPED_TRACE(body);
        server.forget();
        EXPECT_EQ(NX_SUCCESS, send({.body = body}));
        std::string expected = body;
        if (expected[0] == '.') expected.insert(0, 1, '.');
        if (expected == "\n") expected = "\r\n";
        if (expected.back() != '\n') expected += "\r\n";
        EXPECT_THAT(heard(), HasSubstr("\r\nDATA\r\n" + expected + ".\r\nQUIT\r\n"));
    }
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_flags_set(&client, 0));
    EXPECT_THAT(content_of({}), StartsWith("To: <bob@b.example>\r\n"));
}

TEST_F(message, a_raw_message_and_helo_at_once) {
    create();
    ASSERT_EQ(NX_SUCCESS,
              nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_RAW_MESSAGE | NX_SMTP_CLIENT_FLAG_HELO));
    EXPECT_EQ(NX_SUCCESS, send({.subject = "unused", .body = "A: b\r\n\r\nc\r\n"}));
    EXPECT_EQ(
        wire("HELO client.example\nMAIL FROM:<alice@a.example>\nRCPT TO:<bob@b.example>\nDATA\nA: b\n\nc\n.\nQUIT\n"),
        heard());
}

// ---------------------------------------------------------------------------------------------------------------------
// Subjects

TEST_F(message, an_ascii_subject_stands_as_it_is) {
    create();
    for (const std::string& subject :
         {std::string(), std::string("Hi"), std::string(" a  b "), std::string("<>\"\\():;@,."), std::string("~"),
          std::string(78, 'x'), std::string(899, 'x')})
        EXPECT_EQ(subject, subject_of(subject));
}

TEST_F(message, a_subject_that_is_not_ascii_is_encoded_words_of_whole_characters) {
    create();
    const std::string characters[] = {"\xC3\xA9",  "\xE2\x82\xAC",   "\xF0\x9F\x93\xA8",
                                      "a\xC3\xA9", "ab\xE2\x82\xAC", "a\xF0\x9F\x93\xA8"};
    for (const std::string& character : characters) {
        std::string subject;
        for (int i = 0; i != 45; ++i) {
            subject += character;
            SCOPED_TRACE(subject);
            EXPECT_EQ(subject, decoded(subject_of(subject)));
        }
    }
}

TEST_F(message, a_long_subject_never_makes_a_line_beyond_998_octets) {
    create();
    for (const std::size_t size : {900u, 901u, 998u, 2000u, 20000u}) {
        const std::string subject(size, 'x');
        EXPECT_EQ(subject, decoded(subject_of(subject)));
    }
    const std::string longest = "\xC3\xA9" + std::string(5000, 'y');
    EXPECT_EQ(longest, decoded(subject_of(longest)));
}

TEST_F(message, a_subject_with_control_characters_or_octets_that_are_no_utf8_is_framed) {
    create();
    for (const char* subject : {"a\tb", "\x01", "\x7F", "\x1B[2J", "\xFF\xFE", "\x80\x80\x80\x80\x80\x80", "\xC3"})
        EXPECT_EQ(subject, decoded(subject_of(subject), false));
    EXPECT_EQ(std::string(200, '\x80'), decoded(subject_of(std::string(200, '\x80')), false));
}

// ---------------------------------------------------------------------------------------------------------------------
// Date and Message-ID

ULONG time_now = 0;
ULONG entropy_now = 0;
ULONG clock_of_test() { return time_now; }
ULONG entropy_of_test() { return entropy_now++; }

class trace_headers : public message {
protected:
    static std::string field(const std::string& content, const std::string& name) {
        const std::size_t begin = content.find("\r\n" + name + ": ");
        if (begin == std::string::npos) return "";
        const std::size_t value = begin + name.size() + 4;
        return content.substr(value, content.find("\r\n", value) - value);
    }
};

TEST_F(trace_headers, without_clock_and_entropy_there_is_neither) {
    create();
    for (int i = 0; i != 2; ++i) {
        const std::string content = content_of({});
        EXPECT_EQ("", field(content, "Date"));
        EXPECT_EQ("", field(content, "Message-ID"));
        ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, NX_NULL, NX_NULL));
    }
}

TEST_F(trace_headers, a_clock_gives_both_and_entropy_alone_an_id) {
    create();
    time_now = 1;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, clock_of_test, NX_NULL));
    std::string content = content_of({.priority = 4});
    EXPECT_EQ("Thu, 01 Jan 1970 00:00:01 +0000", field(content, "Date"));
    EXPECT_THAT(field(content, "Message-ID"), ::testing::MatchesRegex("<[0-9a-f.]+@client\\.example>"));
    EXPECT_EQ("1", field(content, "X-Priority"));
    EXPECT_THAT(content, EndsWith("\r\n\r\nHello.\r\n"));

    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, NX_NULL, entropy_of_test));
    content = content_of({});
    EXPECT_EQ("", field(content, "Date"));
    EXPECT_THAT(field(content, "Message-ID"), ::testing::MatchesRegex("<[0-9a-f.]+@client\\.example>"));

    time_now = 0; // a clock that does not know the time yet
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, clock_of_test, NX_NULL));
    content = content_of({});
    EXPECT_EQ("", field(content, "Date"));
    EXPECT_EQ("", field(content, "Message-ID"));
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, clock_of_test, entropy_of_test));
    content = content_of({});
    EXPECT_EQ("", field(content, "Date"));
    EXPECT_NE("", field(content, "Message-ID"));
}

TEST_F(trace_headers, no_id_is_written_twice) {
    time_now = 1000000000;
    std::vector<std::string> seen;
    for (int c = 0; c != 3; ++c) {
        create();
        ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, clock_of_test, entropy_of_test));
        for (int i = 0; i != 5; ++i) {
            seen.push_back(field(content_of({}), "Message-ID"));
            for (std::size_t k = 0; k + 1 != seen.size(); ++k) EXPECT_NE(seen[k], seen.back());
        }
    }
    // Within one second, and without entropy.
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, clock_of_test, NX_NULL));
    for (int i = 0; i != 5; ++i) {
        seen.push_back(field(content_of({}), "Message-ID"));
        for (std::size_t k = 0; k + 1 != seen.size(); ++k) EXPECT_NE(seen[k], seen.back());
    }
}

TEST_F(trace_headers, an_id_with_the_longest_domain_is_whole) {
    create({.domain = std::string(40, 'd')});
    time_now = 0xFFFFFFFF;
    entropy_now = 0xFFFFFFFF;
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, clock_of_test, entropy_of_test));
    EXPECT_THAT(field(content_of({}), "Message-ID"), EndsWith("@" + std::string(40, 'd') + ">"));
}

TEST_F(trace_headers, every_date_is_gmtime_s) {
    std::vector<std::time_t> times{1,          59,         60,         3599,       3600,
                                   86399,      86400,      951782399,  951782400,  0x7FFFFFFF,
                                   0x80000000, 0xFFFFFFFF, 4107542399, 4107542400, 4107542400 + 86400};
    for (int year = 70; year <= 206; ++year) {
        for (const int yday : {0, 30, 31, 58, 59, 60, 89, 90, 364, 365}) {
            std::tm day{};
            day.tm_year = year;
            day.tm_mday = 1 + yday;
            day.tm_hour = year % 24;
            day.tm_min = yday % 60;
            day.tm_sec = (year * yday) % 60;
            const std::time_t t = ::timegm(&day);
            if (t > 0 && t <= 0xFFFFFFFF && (year % 4 == 0 || year >= 199 || yday % 5 == 0)) times.push_back(t);
        }
    }
    create();
    ASSERT_EQ(NX_SUCCESS, nx_smtp_client_clock_set(&client, clock_of_test, NX_NULL));
    server.forget();
    in_thread([&] {
        for (const std::time_t t : times) {
            time_now = static_cast<ULONG>(t);
            EXPECT_EQ(NX_SUCCESS, send_here());
        }
    });
    const std::vector<record> all = server.connections();
    ASSERT_EQ(times.size(), all.size());
    for (std::size_t i = 0; i != times.size(); ++i) {
        std::tm utc;
        ::gmtime_r(&times[i], &utc);
        char expected[64];
        std::strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S +0000", &utc);
        EXPECT_EQ(expected, field(all[i].content(), "Date"));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The body

/// What a receiver makes of the content: the stuffed dots gone (RFC 5321 §4.5.2).
std::string unstuffed(const std::string& content) {
    std::string out;
    for (std::size_t i = 0; i != content.size(); ++i) {
        const bool at_line_start = i == 0 || content[i - 1] == '\n';
        if (at_line_start && content[i] == '.') {
            EXPECT_EQ('.', content[++i]) << "a dot that was not doubled";
        }
        out += content[i];
    }
    return out;
}

/// Every line end is CRLF, and the last line has one.
std::string normalised(const std::string& body) {
    std::string out;
    for (std::size_t i = 0; i != body.size(); ++i) {
        if (body[i] == '\r' || body[i] == '\n') {
            out += "\r\n";
            if (body[i] == '\r' && i + 1 != body.size() && body[i + 1] == '\n') ++i;
        } else {
            out += body[i];
        }
    }
    if (out.size() < 2 || out.substr(out.size() - 2) != "\r\n") out += "\r\n";
    return out;
}

TEST_F(message, every_body_of_dots_and_line_ends_arrives_as_it_was) {
    create();
    std::vector<std::string> bodies;
    const char octets[] = {'.', '\r', '\n', 'x'};
    for (std::size_t size = 1; size <= 4; ++size) {
        const std::size_t count = std::size_t{1} << (2 * size);
        for (std::size_t n = 0; n != count; ++n) {
            std::string body;
            for (std::size_t i = 0; i != size; ++i) body += octets[n >> (2 * i) & 3];
            bodies.push_back(body);
        }
    }
    bodies.push_back("a\r\n.\r\nMAIL FROM:<forged@b.example>\r\nRCPT TO:<victim@b.example>\r\nDATA\r\nforged\r\n.\r\n");
    bodies.push_back("a\n.\nQUIT\n");
    bodies.push_back("a\r.\rQUIT\r");
    bodies.push_back(std::string("\0\xFF\x80\0.\0", 6));
    server.forget();
    in_thread([&] {
        for (const std::string& body : bodies) EXPECT_EQ(NX_SUCCESS, send_here({.body = body}));
    });
    const std::vector<record> all = server.connections();
    ASSERT_EQ(bodies.size(), all.size());
    for (std::size_t i = 0; i != bodies.size(); ++i) {
        SCOPED_TRACE(::testing::PrintToString(bodies[i]));
        EXPECT_EQ(header_block() + normalised(bodies[i]), unstuffed(all[i].content()));
        EXPECT_THAT(all[i].heard, EndsWith("\r\n.\r\nQUIT\r\n"));
    }
}

TEST_F(message, dots_at_every_place_of_a_segment_and_of_a_packet) {
    // 72 octets of payload behind the headers; the dots move over the ends of packets and of segments.
    for (const ULONG payload : {128u, 1536u}) {
        create({}, 24, payload);
        const std::size_t end = payload == 128 ? 72 : 1460;
        std::vector<std::string> bodies;
        for (std::size_t shift = 0; shift != 20; ++shift)
            bodies.push_back(std::string(2 * end - header_block().size() % end - shift, 'x') +
                             "\r\n.\r\n..\r\n.x\r\n\r\n.");
        server.forget();
        in_thread([&] {
            for (const std::string& body : bodies) EXPECT_EQ(NX_SUCCESS, send_here({.body = body}));
        });
        const std::vector<record> all = server.connections();
        ASSERT_EQ(bodies.size(), all.size());
        for (std::size_t i = 0; i != bodies.size(); ++i)
            EXPECT_EQ(header_block() + normalised(bodies[i]), unstuffed(all[i].content()));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Segments and packets

class segments : public message {
protected:
    /// What a drop-in owes its server: each command in a segment, the end of the mail whole at the end of one.
    void expect_well_cut() {
        const std::vector<std::string> sent = tap::segments();
        std::string all;
        bool content = false;
        std::size_t ends = 0;
        for (const std::string& s : sent) {
            all += s;
            const bool has_end = s.size() >= 5 && s.substr(s.size() - 5) == "\r\n.\r\n";
            if (!content) {
                EXPECT_EQ(s.size() - 2, s.find("\r\n")) << "not one whole command: " << s;
                content = s == "DATA\r\n";
            } else if (has_end) {
                ++ends;
                content = false;
            }
        }
        EXPECT_EQ(1u, ends) << "CRLF . CRLF is not at the end of one segment";
        EXPECT_TRUE(server.last().heard == all);
    }
};

TEST_F(segments, each_command_is_one_and_the_end_of_the_mail_is_whole_at_the_end_of_one) {
    create();
    tap::clear();
    EXPECT_EQ(NX_SUCCESS, send());
    const std::vector<std::string> sent = tap::segments();
    ASSERT_EQ(8u, sent.size());
    EXPECT_EQ("EHLO client.example\r\n", sent[0]);
    EXPECT_EQ("AUTH PLAIN\r\n", sent[1]);
    EXPECT_EQ("AHVzZXIAc2VjcmV0\r\n", sent[2]);
    EXPECT_EQ("MAIL FROM:<alice@a.example>\r\n", sent[3]);
    EXPECT_EQ("RCPT TO:<bob@b.example>\r\n", sent[4]);
    EXPECT_EQ("DATA\r\n", sent[5]);
    EXPECT_EQ(header_block() + "Hello.\r\n.\r\n", sent[6]);
    EXPECT_EQ("QUIT\r\n", sent[7]);
}

TEST_F(segments, where_the_server_offers_pipelining_whole_commands_share_one) {
    server.set(ordinary{{{"EHLO", "250-mail.example\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"}}, {}});
    create();
    tap::clear();
    EXPECT_EQ(NX_SUCCESS, send());
    const std::vector<std::string> sent = tap::segments();
    ASSERT_EQ(6u, sent.size());
    EXPECT_EQ("AUTH PLAIN\r\n", sent[1]) << "and the three calls say it bare";
    EXPECT_EQ("MAIL FROM:<alice@a.example>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n", sent[3]);
    EXPECT_EQ(header_block() + "Hello.\r\n.\r\n", sent[4]);
}

TEST_F(segments, of_a_flight_each_command_stays_whole_in_one_whatever_the_pool_has) {
    server.set(ordinary{{{"EHLO", "250-mail.example\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"}}, {}});
    for (const ULONG payload : {128u, 136u, 144u, 160u, 256u})
        for (const std::size_t size : {1u, 20u, 40u, 70u, 90u, 200u, 498u}) {
            SCOPED_TRACE(std::to_string(payload) + " " + std::to_string(size));
            create({}, 16, payload);
            tap::clear();
            EXPECT_EQ(NX_SUCCESS, send({.to = std::string(size, 't')}));
            const std::vector<std::string> sent = tap::segments();
            ASSERT_GE(sent.size(), 6u);
            std::string flight;
            for (std::size_t i = 3; flight.find("DATA\r\n") == flight.npos; ++i) {
                EXPECT_THAT(sent[i], EndsWith("\r\n"));
                flight += sent[i];
            }
            EXPECT_EQ("MAIL FROM:<alice@a.example>\r\nRCPT TO:<" + std::string(size, 't') + ">\r\nDATA\r\n", flight);
        }
}

class flights : public stack {
protected:
    UINT send_to_pipelining(std::map<std::string, std::string> says, const mail& m = {}) {
        says["EHLO"] = "250-mail.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n";
        return send_to(ordinary{says, {}}, m);
    }
};

TEST_F(flights, the_first_refusal_decides_and_its_text_stays) {
    const std::string other = "503 5.5.1 need RCPT\r\n";
    EXPECT_EQ(NX_SMTP_MAIL_REPLY_ERROR, static_cast<int>(send_to_pipelining(
                                            {{"MAIL", "550 5.7.1 not you\r\n"}, {"RCPT", other}, {"DATA", other}})));
    EXPECT_EQ(550u, result().nx_smtp_result_reply_code);
    EXPECT_EQ("not you", text_of(result()));
    EXPECT_THAT(heard(), EndsWith("DATA\r\nQUIT\r\n"));
    EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR,
              static_cast<int>(send_to_pipelining({{"RCPT", "451 4.2.1 not now\r\n"}, {"DATA", other}})));
    EXPECT_EQ(451u, result().nx_smtp_result_reply_code);
    EXPECT_EQ("not now", text_of(result()));
    EXPECT_THAT(heard(), EndsWith("DATA\r\nQUIT\r\n"));
}

TEST_F(flights, a_354_for_nobody_gets_a_lone_dot) {
    EXPECT_EQ(NX_SMTP_RCPT_REPLY_ERROR,
              static_cast<int>(send_to_pipelining({{"RCPT", "550 5.1.1 nobody\r\n"}, {".", "554 no recipients\r\n"}})));
    EXPECT_THAT(heard(), EndsWith("DATA\r\n.\r\nQUIT\r\n"));
    EXPECT_EQ("nobody", text_of(result()));
    EXPECT_EQ(NX_SMTP_PHASE_RCPT, static_cast<int>(result().nx_smtp_result_phase));
}

TEST_F(flights, body_8bitmime_is_said_where_there_are_octets_above_127_and_the_server_knows_it) {
    EXPECT_EQ(NX_SUCCESS, send_to_pipelining({}, {.body = "caf\xC3\xA9\r\n"}));
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<alice@a.example> BODY=8BITMIME\r\n"));
    EXPECT_THAT(heard(), HasSubstr("\r\nDATA\r\n")) << "and no BDAT";
    EXPECT_EQ(NX_SUCCESS, send_to_pipelining({}, {.subject = "caf\xC3\xA9"})) << "encoded";
    EXPECT_THAT(heard(), HasSubstr("MAIL FROM:<alice@a.example>\r\n"));
    EXPECT_EQ(NX_SUCCESS, send_to(ordinary{}, {.body = "caf\xC3\xA9\r\n"})) << "as the original";
}

TEST_F(flights, the_size_is_what_leaves_without_the_dots_put_in) {
    for (const char* body : {"x", "x\r\n", "x\n", "a\nb\rc", ".\r\n..\r\n", "\r"}) {
        SCOPED_TRACE(body);
        for (const char* subject : {"Hi", "\xC3\xA9", "\xC3\xA9 longer than a single encoded word can be, by far"}) {
            EXPECT_EQ(NX_SUCCESS, send_to(ordinary{{{"EHLO", "250-x\r\n250 SIZE 1000\r\n"}}, {}},
                                          {.subject = subject, .body = body}));
            const std::string all = heard();
            const std::size_t at = all.find(" SIZE=");
            ASSERT_NE(std::string::npos, at);
            const std::string content = unstuffed(server.last().content());
            EXPECT_EQ(std::to_string(content.size()), all.substr(at + 6, all.find('\r', at) - at - 6));
        }
    }
}

TEST_F(flights, a_mail_beyond_the_server_s_limit_is_not_attempted) {
    EXPECT_EQ(NX_SMTP_OVERSIZE_MAIL_DATA,
              static_cast<int>(send_to(ordinary{{{"EHLO", "250-x\r\n250 SIZE 100\r\n"}}, {}})));
    EXPECT_THAT(heard(), EndsWith("AHVzZXIAc2VjcmV0\r\nQUIT\r\n"));
    EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, static_cast<int>(result().nx_smtp_result_outcome));
    EXPECT_EQ(NX_SMTP_PHASE_MAIL, static_cast<int>(result().nx_smtp_result_phase));
}

TEST_F(segments, the_longest_commands_are_one_as_well) {
    create({.user = std::string(40, 'u'),
            .password = std::string(20, 'p'),
            .from = std::string(127, 'f'),
            .domain = std::string(40, 'd')});
    tap::clear();
    EXPECT_EQ(NX_SUCCESS, send({.to = std::string(498, 't')}));
    expect_well_cut();
}

TEST_F(segments, the_end_of_the_mail_is_whole_whatever_the_length_of_the_body) {
    for (const auto& [packets, payload] :
         {std::pair{1u, 256u}, {2u, 128u}, {3u, 128u}, {4u, 128u}, {24u, 128u}, {8u, 1536u}}) {
        create({}, packets, payload);
        const std::size_t room = payload - 56;
        for (const bool line_end : {true, false})
            for (std::size_t size = 1; size <= room + 8; ++size) {
                if (payload > 1000 && size < room - header_block().size() - 12) continue;
                SCOPED_TRACE(std::to_string(packets) + " * " + std::to_string(payload) + ": " + std::to_string(size));
                server.forget();
                tap::clear();
                EXPECT_EQ(NX_SUCCESS, send({.body = std::string(size, 'x') + (line_end ? "\r\n" : "")}));
                expect_well_cut();
                if (HasFailure()) return;
            }
    }
}

TEST_F(segments, a_hundred_kilobytes_in_about_eighty) {
    std::string body;
    while (body.size() < 100 * 1024) body += "This is line " + std::to_string(body.size()) + " of a long mail.\r\n";
    for (const auto& [packets, payload] :
         {std::pair{8u, 1536u}, {2u, 1536u}, {40u, 256u}, {1u, 1536u}, {100u, 1024u}}) {
        SCOPED_TRACE(std::to_string(packets) + " * " + std::to_string(payload));
        create({}, packets, payload);
        server.forget();
        tap::clear();
        EXPECT_EQ(NX_SUCCESS, send({.body = body}));
        EXPECT_TRUE(whole_dialog({.body = body}) == heard());
        EXPECT_LE(tap::segments().size() - 7, 80u);
        for (const std::string& s : tap::segments()) EXPECT_LE(s.size(), 1460u);
        expect_well_cut();
    }
}

TEST_F(segments, a_hundred_kilobytes_through_pools_of_one_two_and_three_packets) {
    std::string body;
    while (body.size() < 100 * 1024) body += "." + std::to_string(body.size()) + "\r\n\r\n";
    for (const ULONG packets : {1u, 2u, 3u})
        for (const ULONG payload : {128u, 136u, 200u, 256u, 512u, 1024u, 1500u, 1536u}) {
            SCOPED_TRACE(std::to_string(packets) + " * " + std::to_string(payload));
            create({}, packets, payload);
            server.forget();
            tap::clear();
            EXPECT_EQ(NX_SUCCESS, send({.body = body}));
            EXPECT_TRUE(header_block() + body == unstuffed(server.last().content()));
            expect_well_cut();
            if (HasFailure()) return;
        }
}

TEST_F(segments, a_mail_takes_fewer_packets_at_a_time_than_the_whole_of_it) {
    create({}, 100, 256);
    tap::clear();
    EXPECT_EQ(NX_SUCCESS, send({.body = std::string(100 * 1024, 'x')}));
    EXPECT_GE(tap::counted().least_available, 80u) << "a segment of 1460 octets needs 8";
}

} // namespace
} // namespace client_test

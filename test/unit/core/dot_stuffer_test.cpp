#include "postrider/dot_stuffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace postrider {
namespace {

// ---------------------------------------------------------------------------------------------------------------------
// What is expected, written as plainly as can be, and nothing like the code under test.

bool has_bare_line_ending(const std::string& text) {
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return true;
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
    }
    return false;
}

// Every line without its end: CRLF, CR alone and LF alone end one. What is behind the last line end is a line
// if it has an octet.
std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::string line;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] != '\r' && text[i] != '\n') {
            line += text[i];
            continue;
        }
        if (text[i] == '\r' && i + 1 != text.size() && text[i + 1] == '\n') ++i;
        lines.push_back(line);
        line.clear();
    }
    if (!line.empty()) lines.push_back(line);
    return lines;
}

std::string canonical(const std::string& text) {
    std::string out;
    for (const std::string& line : lines_of(text)) out += line + "\r\n";
    return out;
}

std::string expected_wire(const std::string& text) {
    std::string out;
    for (const std::string& line : lines_of(text)) out += (line.substr(0, 1) == "." ? "." : "") + line + "\r\n";
    return out + ".\r\n";
}

// A strict server: lines end with CRLF and nothing else, a lone dot ends the mail, a leading dot is taken off
// (RFC 5321 §4.5.2). Nothing if the mail does not end, or ends before the wire does.
std::optional<std::string> unstuffed(std::string wire) {
    std::string mail;
    for (;;) {
        const std::size_t end = wire.find("\r\n");
        if (end == std::string::npos) return {};
        const std::string line = wire.substr(0, end);
        wire = wire.substr(end + 2);
        if (line == ".") break;
        mail += (line.substr(0, 1) == "." ? line.substr(1) : line) + "\r\n";
    }
    if (!wire.empty()) return {};
    return mail;
}

// ---------------------------------------------------------------------------------------------------------------------
// The code under test, fed in parts

struct stuffed {
    std::string wire; ///< all that came out, the terminator last
    std::string terminator;
    bool failed = false;
};

const std::array<std::string_view, 3> static_texts = {"\r\n", "\r\n.", "."};

stuffed stuff(line_ends policy, const std::vector<std::string>& parts) {
    dot_stuffer stuffer{policy};
    stuffed out;
    std::vector<std::string_view> lasting; // pieces that must not lie in the input
    std::string lasting_as_seen;
    for (const std::string& part : parts) {
        std::vector<char> memory(part.begin(), part.end()); // of the exact size, and gone after this turn
        std::string_view input{memory.data(), memory.size()};
        while (!stuffer.failed()) {
            const std::size_t before = input.size();
            const std::string_view piece = stuffer.next(input);
            if (piece.empty()) break;
            EXPECT_LE(input.size(), before);
            out.wire += piece;
            const std::less<const char*> less;
            const char* const end = memory.data() + memory.size();
            if (!less(piece.data(), memory.data()) && less(piece.data(), end)) {
                EXPECT_LE(piece.size(), static_cast<std::size_t>(end - piece.data()));
                continue;
            }
            EXPECT_NE(std::find(static_texts.begin(), static_texts.end(), piece), static_texts.end()) << piece;
            lasting.push_back(piece);
            lasting_as_seen += piece;
        }
        EXPECT_TRUE(input.empty() || stuffer.failed()) << "input left over";
        std::fill(memory.begin(), memory.end(), 'X');
    }
    std::string lasting_afterwards;
    for (const std::string_view piece : lasting) lasting_afterwards += piece;
    EXPECT_EQ(lasting_as_seen, lasting_afterwards);

    out.terminator = stuffer.terminator();
    out.wire += out.terminator;
    out.failed = stuffer.failed();
    return out;
}

std::vector<std::string> octets_of(const std::string& text) {
    std::vector<std::string> parts;
    for (const char c : text) parts.emplace_back(1, c);
    return parts;
}

std::string shown(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\r' ? "\\r" : c == '\n' ? "\\n" : std::string(1, c);
    return out;
}

void expect_right(const std::string& text, const std::vector<std::string>& parts) {
    SCOPED_TRACE(shown(text) + " in " + std::to_string(parts.size()) + " parts");
    const stuffed normal = stuff(line_ends::normalise, parts);
    ASSERT_FALSE(normal.failed);
    ASSERT_EQ(shown(normal.wire), shown(expected_wire(text)));
    ASSERT_EQ(normal.terminator, text.empty() ? ".\r\n" : "\r\n.\r\n");

    // Of what any server could see, whatever came in: no bare CR or LF, and one end only.
    ASSERT_FALSE(has_bare_line_ending(normal.wire));
    const std::string with_start = "\r\n" + normal.wire;
    ASSERT_EQ(with_start.find("\r\n.\r\n"), with_start.size() - 5);
    ASSERT_EQ(unstuffed(normal.wire), canonical(text));

    const stuffed strict = stuff(line_ends::refuse, parts);
    ASSERT_EQ(strict.failed, has_bare_line_ending(text));
    if (strict.failed) {
        // What left before it was noticed is a true beginning of the mail, and nothing ends it.
        ASSERT_EQ(strict.terminator, "");
        ASSERT_EQ(normal.wire.substr(0, strict.wire.size()), strict.wire);
        ASSERT_EQ(("\r\n" + strict.wire).find("\r\n.\r\n"), std::string::npos);
        ASSERT_FALSE(has_bare_line_ending(strict.wire));
    } else {
        ASSERT_EQ(strict.wire, normal.wire);
    }
}

TEST(DotStuffer, EveryShortTextInEverySplit) {
    const std::string alphabet = ".\r\na";
    for (std::size_t size = 0; size <= 7; ++size) {
        std::size_t count = 1;
        for (std::size_t i = 0; i != size; ++i) count *= alphabet.size();
        for (std::size_t number = 0; number != count; ++number) {
            std::string text;
            for (std::size_t rest = number; text.size() != size; rest /= 4) text += alphabet[rest % 4];
            for (std::size_t at = 0; at <= size; ++at) expect_right(text, {text.substr(0, at), text.substr(at)});
            expect_right(text, octets_of(text));
            if (HasFatalFailure()) return;
        }
    }
}

TEST(DotStuffer, NothingAtAll) {
    EXPECT_EQ(stuff(line_ends::normalise, {}).wire, ".\r\n");
    EXPECT_EQ(stuff(line_ends::normalise, {"", "", ""}).wire, ".\r\n");
}

TEST(DotStuffer, EmptyPartsChangeNothing) {
    const std::string text = ".a\r\n.\r\n\n.b\r";
    std::vector<std::string> parts;
    for (const char c : text) {
        parts.emplace_back();
        parts.emplace_back(1, c);
        parts.emplace_back();
    }
    EXPECT_EQ(shown(stuff(line_ends::normalise, parts).wire), shown(expected_wire(text)));
}

TEST(DotStuffer, MailOnTheWire) {
    struct row {
        std::string_view text;
        std::string_view wire;
    };
    constexpr row rows[] = {
        {"Subject: hi\r\n\r\nHello\r\n", "Subject: hi\r\n\r\nHello\r\n.\r\n"},
        {"Hello", "Hello\r\n.\r\n"},
        {"Hello\r\n", "Hello\r\n.\r\n"},
        {"\r\n", "\r\n.\r\n"},
        {".", "..\r\n.\r\n"},
        {"..", "...\r\n.\r\n"},
        {"a.b\r\n", "a.b\r\n.\r\n"},
        {"a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
        // Smuggling: each of these ends the mail for some server.
        {"a\n.\nMAIL FROM:<x>\n", "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"},
        {"a\r.\rMAIL FROM:<x>\r", "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"},
        {"a\n.\r\nMAIL", "a\r\n..\r\nMAIL\r\n.\r\n"},
        {"a\r\n.\rMAIL", "a\r\n..\r\nMAIL\r\n.\r\n"},
        {"a\r\r\n.\r\r\nMAIL", "a\r\n\r\n..\r\n\r\nMAIL\r\n.\r\n"},
        {"a\r\n.\nMAIL", "a\r\n..\r\nMAIL\r\n.\r\n"},
        {std::string_view{"a\0\r\n\0.\r\n\x80", 9}, std::string_view{"a\0\r\n\0.\r\n\x80\r\n.\r\n", 14}},
    };
    for (const row& r : rows)
        EXPECT_EQ(shown(stuff(line_ends::normalise, {std::string{r.text}}).wire), shown(std::string{r.wire}));
}

TEST(DotStuffer, ATextWithoutDotsPassesAsOneViewOfItself) {
    const std::string text = "Subject: hi\r\n\r\nHello\r\nWorld, a.b\r\nbye";
    std::string_view input = text;
    dot_stuffer stuffer;
    const std::string_view piece = stuffer.next(input);
    EXPECT_EQ(piece.data(), text.data());
    EXPECT_EQ(piece.size(), text.size());
    EXPECT_TRUE(input.empty());
}

TEST(DotStuffer, FailsAtOnceAndForGood) {
    dot_stuffer stuffer{line_ends::refuse};
    EXPECT_FALSE(stuffer.failed());
    std::string_view input = "ab\nmore";
    EXPECT_EQ(stuffer.next(input), "ab");
    EXPECT_TRUE(stuffer.failed());
    EXPECT_EQ(stuffer.next(input), "");
    std::string_view more = "x\r\n";
    EXPECT_EQ(stuffer.next(more), "");
    EXPECT_EQ(more, "x\r\n");
    EXPECT_EQ(stuffer.terminator(), "");
    EXPECT_TRUE(stuffer.failed());
}

TEST(DotStuffer, ALastCrFailsWithTheTerminator) {
    dot_stuffer stuffer{line_ends::refuse};
    std::string_view input = "ab\r";
    EXPECT_EQ(stuffer.next(input), "ab");
    EXPECT_EQ(stuffer.next(input), "");
    EXPECT_FALSE(stuffer.failed());
    EXPECT_EQ(stuffer.terminator(), "");
    EXPECT_TRUE(stuffer.failed());
}

// ---------------------------------------------------------------------------------------------------------------------
// Without dots, for BDAT

std::string without_dots(line_ends policy, const std::vector<std::string>& parts, bool& failed) {
    dot_stuffer stuffer{policy, false};
    std::string out;
    for (const std::string& part : parts)
        for (std::string_view input = part; !input.empty() && !stuffer.failed();) out += stuffer.next(input);
    out += stuffer.terminator();
    failed = stuffer.failed();
    return out;
}

TEST(DotStuffer, WithoutDotsEveryShortTextInEverySplit) {
    const std::string alphabet = ".\r\na";
    bool failed = false;
    for (std::size_t size = 0; size <= 6; ++size) {
        std::size_t count = 1;
        for (std::size_t i = 0; i != size; ++i) count *= alphabet.size();
        for (std::size_t number = 0; number != count; ++number) {
            std::string text;
            for (std::size_t rest = number; text.size() != size; rest /= 4) text += alphabet[rest % 4];
            SCOPED_TRACE(shown(text));
            for (std::size_t at = 0; at <= size; ++at) {
                const std::vector<std::string> parts = {text.substr(0, at), text.substr(at)};
                ASSERT_EQ(shown(without_dots(line_ends::normalise, parts, failed)), shown(canonical(text)));
                ASSERT_FALSE(failed);
                const std::string strict = without_dots(line_ends::refuse, parts, failed);
                ASSERT_EQ(failed, has_bare_line_ending(text));
                if (failed) ASSERT_TRUE(canonical(text).starts_with(strict));
                else ASSERT_EQ(strict, text.empty() || text.back() == '\n' ? text : text + "\r\n");
            }
            ASSERT_EQ(without_dots(line_ends::normalise, octets_of(text), failed), canonical(text));
        }
    }
}

TEST(DotStuffer, WithoutDotsALineEndIsAllThatIsHeldBack) {
    dot_stuffer stuffer{line_ends::normalise, false};
    const std::string text = ".a\r\n.\r\n..b\r\n";
    std::string_view input = text;
    const std::string_view piece = stuffer.next(input);
    EXPECT_EQ(piece.data(), text.data()) << "one view of it";
    EXPECT_EQ(piece.size(), text.size() - 2);
    EXPECT_EQ(stuffer.terminator(), "\r\n");
    EXPECT_EQ(dot_stuffer(line_ends::normalise, false).terminator(), "");
}

} // namespace
} // namespace postrider

// Where the octets of attachments come from, and what is left of that when files change.

#include "drained.hpp"
#include "message/transfer_encoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace postrider;
using testing::HasSubstr;
namespace fs = std::filesystem;

class Content : public testing::Test {
protected:
    Content() {
        std::string pattern = testing::TempDir() + "postrider-XXXXXX";
        folder = ::mkdtemp(pattern.data());
    }
    ~Content() override { fs::remove_all(folder); }

    std::string written(const std::string& name, const std::string& octets) const {
        const std::string path = folder + "/" + name;
        std::ofstream{path, std::ios::binary} << octets;
        return path;
    }
    static outgoing with(attachment a) {
        return compose(message{.from = {"alice@a.example"}, .to = {"bob@b.example"}, .attachments = {std::move(a)}});
    }
    /// How pulling ends: "last" or "failed".
    static std::string end_of(content_source& content) {
        for (content_part part = content.pull(true);; part = content.pull(false)) {
            if (part.failed) return "failed";
            if (part.last) return "last";
        }
    }
    static errc described(content_source& content, std::string& problem) {
        mail_content facts;
        return content.describe(facts, problem);
    }

    std::string folder;
};

TEST_F(Content, OfAFileIsReadAsItIsSent) {
    const outgoing mail = with(attach_file(written("a.bin", "first")));
    EXPECT_THAT(drained(mail), HasSubstr("filename=\"a.bin\"\r\n\r\nZmlyc3Q=\r\n"));
    written("a.bin", "another"); // before it is described again: it is what the file is then
    EXPECT_THAT(drained(mail), HasSubstr("\r\n\r\nYW5vdGhlcg==\r\n"));
}

TEST_F(Content, OfAFileThatChangesFails) {
    const std::string path = written("a.bin", std::string(200000, 'a'));
    const outgoing mail = with(attach_file(path));
    std::string problem;
    const auto describe_again = [&] { EXPECT_EQ(described(*mail.content, problem), errc::ok) << problem; };

    fs::resize_file(path, 199999);
    EXPECT_EQ(end_of(*mail.content), "failed"); // shorter than it was described
    describe_again();
    EXPECT_EQ(end_of(*mail.content), "last");
    fs::resize_file(path, 200001);
    EXPECT_EQ(end_of(*mail.content), "failed");
    describe_again();
    fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(1)); // the same size, written again
    EXPECT_EQ(end_of(*mail.content), "failed");

    describe_again();
    EXPECT_FALSE(mail.content->pull(true).failed); // it is open, and begun
    fs::resize_file(path, 100000);
    content_part part;
    do part = mail.content->pull(false);
    while (!part.failed && !part.last);
    EXPECT_TRUE(part.failed);
    EXPECT_TRUE(mail.content->pull(false).failed); // and so it stays
    fs::resize_file(path, 200000);
    describe_again();
    EXPECT_FALSE(mail.content->pull(true).failed);
    std::ofstream{path, std::ios::app} << "more";
    do part = mail.content->pull(false);
    while (!part.failed && !part.last);
    EXPECT_TRUE(part.failed);
}

TEST_F(Content, OfAFileThatGoesIsSaidWithItsName) {
    const std::string path = written("a.bin", "x");
    const outgoing mail = with(attach_file(path));
    fs::remove(path);
    EXPECT_EQ(end_of(*mail.content), "failed");
    std::string problem;
    EXPECT_EQ(described(*mail.content, problem), errc::body_failed);
    EXPECT_THAT(problem, HasSubstr("attachments[0]: `" + path + "` cannot be opened: "));
    written("a.bin", "x");
    EXPECT_EQ(described(*mail.content, problem), errc::ok);
    EXPECT_EQ(problem, "");
}

TEST_F(Content, OfAnAttachedMessageIsLookedThroughEachTime) {
    const std::string path = written("a.eml", "A: b\n\nx");
    const outgoing mail = with(attach_file(path));
    EXPECT_THAT(drained(mail),
                HasSubstr("7bit\r\nContent-Disposition: attachment; filename=\"a.eml\"\r\n\r\nA: b\r\n\r\nx\r\n--"));
    written("a.eml", "A: b\n\nyy\rz");
    EXPECT_THAT(drained(mail), HasSubstr("\r\n\r\nA: b\r\n\r\nyy\r\nz\r\n--"));
    written("a.eml", "A: b\n\n\xC3\xA4");
    std::string problem;
    EXPECT_EQ(described(*mail.content, problem), errc::body_failed); // it was declared 7-bit
    EXPECT_THAT(problem, HasSubstr("has changed since the message was composed"));
}

TEST_F(Content, OfAFifoIsRefusedWithoutWaiting) {
    const std::string path = folder + "/fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const outgoing mail = with(attach_file(path));
    EXPECT_EQ(mail.error, errc::body_failed);
    EXPECT_THAT(mail.problem, HasSubstr("use `attach_stream`"));
}

TEST_F(Content, OfAStreamIsReadOnce) {
    ::setenv("TMPDIR", folder.c_str(), 1);
    std::string octets(300000, '\0');
    std::mt19937 random{1};
    for (char& c : octets) c = static_cast<char>(random());
    message m{.from = {"alice@a.example"}, .to = {"bob@b.example"}};
    {
        std::istringstream stream{octets};
        m.attachments = {attach_stream("a.bin", stream)};
    }
    EXPECT_TRUE(fs::is_empty(folder)); // the file has no name
    const auto base64 = [](const std::string& all) { return all.substr(all.find("a.bin"), 300000 / 57 * 78); };
    const std::string first = base64(drained(compose(m))), again = base64(drained(compose(m)));
    m.attachments = {attach_octets("a.bin", octets)};
    EXPECT_EQ(first, base64(drained(compose(m))));
    EXPECT_EQ(first, again);
    ::unsetenv("TMPDIR");
}

TEST_F(Content, OfAStreamThatCannotBeSpooledIsRefused) {
    std::istringstream stream{"x"};
    ::setenv("TMPDIR", "/nowhere", 1);
    EXPECT_THAT(with(attach_stream("a", stream)).problem,
                HasSubstr("attachments[0]: what is sent cannot be copied to /nowhere: "));
    ::unsetenv("TMPDIR");
    std::ifstream missing{folder + "/missing"};
    EXPECT_THAT(with(attach_stream("a", missing)).problem, HasSubstr("attachments[0]: the stream cannot be read"));
    std::ifstream of_folder{folder};
    const outgoing mail = with(attach_stream("a", of_folder));
    EXPECT_EQ(mail.error, errc::body_failed);
    EXPECT_THAT(mail.problem, HasSubstr("attachments[0]: the stream failed before its end"));
}

TEST_F(Content, OfAStreamThatThrowsDoesNotThrow) {
    std::istringstream stream{"abc"};
    stream.exceptions(std::ios::eofbit | std::ios::failbit | std::ios::badbit);
    EXPECT_THAT(drained(with(attach_stream("a", stream))), HasSubstr("\r\n\r\nYWJj\r\n"));
    EXPECT_EQ(stream.exceptions(), std::ios::eofbit | std::ios::failbit | std::ios::badbit);
}

TEST_F(Content, IsGivenOutInPartsThatFit) {
    const outgoing mail = with(attach_octets("a.bin", std::string(1'000'000, 'x')));
    std::string problem, all;
    ASSERT_EQ(described(*mail.content, problem), errc::ok);
    std::size_t parts = 0;
    bool again = false;
    for (content_part part = mail.content->pull(true);; part = mail.content->pull(false), ++parts) {
        ASSERT_FALSE(part.failed);
        EXPECT_LE(part.octets.size(), 65536u);
        all += part.octets;
        if (part.last) break;
        EXPECT_GT(part.octets.size(), 32768u);
        if (parts == 5 && !std::exchange(again, true)) { // once more from the beginning, in the midst of it
            parts = 0;
            all = mail.content->pull(true).octets;
        }
    }
    EXPECT_GT(parts, 10u);
}

/// What it takes is what is given out at a time, and not what is attached.
TEST_F(Content, TakesConstantMemory) {
    const std::string path = written("sparse.bin", "");
    constexpr std::uintmax_t size = 64 << 20;
    fs::resize_file(path, size);
    const auto peak = [] { // KB
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        return used.ru_maxrss;
    };
    const long before = peak();
    const outgoing mail = with(attach_file(path));
    mail_content facts;
    std::string problem;
    ASSERT_EQ(mail.content->describe(facts, problem), errc::ok);
    std::uint64_t octets = 0;
    content_part part = mail.content->pull(true);
    for (;; part = mail.content->pull(false)) {
        octets += part.octets.size();
        if (part.last || part.failed) break;
    }
    EXPECT_TRUE(part.last);
    EXPECT_EQ(octets, facts.size);
    EXPECT_GT(octets, size / 3 * 4);
    EXPECT_LT(peak() - before, 8 << 10);
}

TEST(TransferEncoding, SaysTheSizeOfBase64) {
    std::vector<char> to(transfer_encoder::room);
    for (std::size_t size = 0; size != 400; ++size) {
        const std::string octets(size, 'x');
        EXPECT_EQ(transfer_encoder{transfer_encoding::base64}.encode(octets, true, to), base64_size(size)) << size;
    }
}

/// RFC 2045 §6.7: whatever the chunks are, lines of 76 characters, none of which ends with a space; and it is the text again.
TEST(TransferEncoding, QuotesInAnyChunks) {
    std::mt19937 random{7};
    std::vector<char> to(transfer_encoder::room);
    for (unsigned round = 0; round != 300; ++round) {
        std::string text, whole, pieces, decoded;
        for (auto n = random() % 400; n != 0; --n) {
            constexpr const char* some[] = {
                "a", "bcd", " ", "\t", "=", "\xC3\xA4", "\r\n", ".", "12345678901234567890"};
            text += some[random() % std::size(some)];
        }
        transfer_encoder at_once{transfer_encoding::quoted_printable}, by_pieces{transfer_encoding::quoted_printable};
        whole.assign(to.data(), at_once.encode(text, true, to));
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t n = std::min<std::size_t>(random() % 9 + (round % 2), text.size() - at);
            const bool last = at + n == text.size();
            pieces.append(to.data(), by_pieces.encode({text.data() + at, n}, last, to));
            if (last) break;
            at += n;
        }
        ASSERT_EQ(pieces, whole);
        for (std::size_t at = 0; at < whole.size();) {
            const std::size_t end = std::min(whole.find("\r\n", at), whole.size());
            ASSERT_LE(end - at, 76u);
            ASSERT_TRUE(end == at || (whole[end - 1] != ' ' && whole[end - 1] != '\t'));
            at = end + 2;
        }
        for (std::size_t i = 0; i < whole.size(); ++i) {
            if (whole[i] != '=') decoded += whole[i];
            else if (whole.compare(i + 1, 2, "\r\n") == 0) i += 2;
            else decoded += static_cast<char>(std::stoi(whole.substr(i + 1, 2), nullptr, 16)), i += 2;
        }
        ASSERT_EQ(decoded, text);
    }
}

TEST(TransferEncoding, StaysWithinItsRoom) {
    std::vector<char> to(transfer_encoder::room);
    for (const char* worst : {"\xFF", "\n", " ", "\xFF "}) {
        std::string chunk;
        while (chunk.size() < transfer_encoder::chunk) chunk += worst;
        chunk.resize(transfer_encoder::chunk);
        for (const auto encoding :
             {transfer_encoding::quoted_printable, transfer_encoding::base64, transfer_encoding::eight_bit}) {
            transfer_encoder encoder{encoding};
            EXPECT_LE(encoder.encode(chunk, false, to), transfer_encoder::room);
            EXPECT_LE(encoder.encode(chunk, true, to), transfer_encoder::room);
        }
    }
}

} // namespace

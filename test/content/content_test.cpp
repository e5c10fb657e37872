#include "postrider/content_source.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace postrider {
namespace {

/// A folder of its own, and TMPDIR in it.
struct Content : testing::Test {
    std::filesystem::path folder =
        std::filesystem::path{testing::TempDir()} / ("content_test." + std::to_string(::getpid()));
    std::string path = folder / "message.eml";
    Content() {
        std::filesystem::create_directories(folder / "tmp");
        ::setenv("TMPDIR", (folder / "tmp").c_str(), 1);
    }
    ~Content() override {
        ::unsetenv("TMPDIR");
        std::filesystem::remove_all(folder);
    }

    void write(std::string_view octets, std::ios::openmode how = std::ios::trunc) {
        std::ofstream to{path, std::ios::binary | how};
        to.write(octets.data(), static_cast<std::streamsize>(octets.size()));
    }
    bool tmp_is_empty() const { return std::filesystem::is_empty(folder / "tmp"); }
};

mail_content described(content_source& source) {
    mail_content facts;
    std::string problem;
    EXPECT_EQ(source.describe(facts, problem), errc::ok) << problem;
    EXPECT_EQ(problem, "");
    return facts;
}

std::string problem_of(content_source& source, errc why = errc::body_failed) {
    mail_content facts;
    std::string problem;
    EXPECT_EQ(source.describe(facts, problem), why);
    return problem;
}

/// All of it, by `pull`; what came before it failed, and a mark, if it does.
std::string pulled(content_source& source) {
    std::string all;
    for (content_part part = source.pull(true);; part = source.pull(false)) {
        if (part.failed) return all + "<failed>";
        EXPECT_LE(part.octets.size(), 65536u);
        all += part.octets;
        if (part.last) return all;
    }
}

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
}

/// Lines of every size around that of a part, with line ends of all kinds.
std::string large() {
    std::string text = "Subject: large\n\n";
    for (std::size_t i = 0; text.size() < 300'000; ++i) {
        text.append(i % 977, static_cast<char>('a' + i % 26));
        text += i % 3 == 0 ? "\r\n" : i % 3 == 1 ? "\n" : "\r";
    }
    return text;
}

std::uint64_t size_on_the_wire(std::string_view text) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\n' && i != 0 && text[i - 1] == '\r') continue;
        size += text[i] == '\n' || text[i] == '\r' ? 2 : 1;
    }
    return size + (!text.empty() && text.back() != '\n' && text.back() != '\r' ? 2 : 0);
}

TEST_F(Content, OfATextLiesInMemory) {
    const auto source = text_content("Subject: x\n\nHello.\n");
    const mail_content facts = described(*source);
    EXPECT_EQ(facts.text, "Subject: x\n\nHello.\n");
    EXPECT_FALSE(facts.pulled);
}

TEST_F(Content, OfAFileIsDescribedAndRead) {
    const struct {
        std::string text;
        octets kind;
        bool utf8_header;
    } cases[] = {
        {"", octets::seven_bit, false},
        {"Subject: x\n\nHello.\n", octets::seven_bit, false},
        {"Subject: x\r\n\r\nHello.", octets::seven_bit, false},
        {"Subject: x\r\rHello.\r", octets::seven_bit, false},
        {"Subject: x\n\nGr\xc3\xbc\xc3\x9f"
         "e\n",
         octets::eight_bit, false},
        {"Subject: Gr\xc3\xbc\xc3\x9f"
         "e\n\nx\n",
         octets::eight_bit, true},
        {large(), octets::seven_bit, false},
        {std::string(65536, 'x'), octets::seven_bit, false},
        {std::string(65535, 'x') + "\r\n", octets::seven_bit, false},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.text.substr(0, 40));
        write(c.text);
        const auto source = file_content(path);
        const mail_content facts = described(*source);
        EXPECT_TRUE(facts.pulled && facts.repeatable && facts.exact_size);
        EXPECT_EQ(facts.size, size_on_the_wire(c.text));
        EXPECT_EQ(facts.kind, c.kind);
        EXPECT_EQ(facts.utf8_header, c.utf8_header);
        EXPECT_EQ(pulled(*source), c.text);
        EXPECT_EQ(pulled(*source), c.text) << "again, without being described again";
    }
}

TEST_F(Content, BeginsAgainInTheMiddle) {
    const std::string text = large();
    write(text);
    const auto source = file_content(path);
    described(*source);
    source->pull(true);
    source->pull(false);
    EXPECT_EQ(pulled(*source), text);
}

TEST_F(Content, HoldsNoDescriptorWhileItWaits) {
    write(large());
    const std::ptrdiff_t before = open_descriptors();
    const auto source = file_content(path);
    described(*source);
    EXPECT_EQ(open_descriptors(), before);
    pulled(*source);
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Content, OfWhatCannotBeReadSaysWhichAndWhy) {
    EXPECT_EQ(problem_of(*file_content(path)), path + ": cannot be opened: No such file or directory");
    EXPECT_EQ(problem_of(*file_content(folder)), folder.string() + ": is a folder; a file with a message is expected");
    EXPECT_EQ(problem_of(*file_content("")), ": cannot be opened: No such file or directory");
}

TEST_F(Content, ThatChangesAfterItWasDescribedFails) {
    const std::string text = large();
    write(text);
    const auto source = file_content(path);

    described(*source);
    std::filesystem::resize_file(path, 70'000);
    EXPECT_EQ(pulled(*source), "<failed>") << "shorter, before it is read";

    write(text);
    described(*source);
    write("x", std::ios::app);
    EXPECT_EQ(pulled(*source), "<failed>") << "longer";

    write(text);
    described(*source);
    std::filesystem::rename(path, path + ".old");
    write(text);
    EXPECT_EQ(pulled(*source), "<failed>") << "another file of the same name and size";

    described(*source);
    EXPECT_EQ(source->pull(true).octets, text.substr(0, 65536));
    std::filesystem::resize_file(path, 70'000);
    EXPECT_TRUE(source->pull(false).failed) << "shorter, while it is read";
    EXPECT_TRUE(source->pull(false).failed) << "and it stays so";

    described(*source);
    std::filesystem::remove(path);
    EXPECT_EQ(pulled(*source), "<failed>");
    EXPECT_NE(problem_of(*source), "");

    write(text);
    described(*source);
    EXPECT_EQ(pulled(*source), text) << "and can be read again once it is there";

    described(*source);
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(pulled(*source), "<failed>") << "and nobody waits for who writes into a pipe";
}

TEST_F(Content, ThatWasNotDescribedIsNotRead) {
    write("Subject: x\n\nHello.\n");
    EXPECT_EQ(pulled(*file_content(path)), "<failed>");
}

TEST_F(Content, OfAPipeIsCopiedOnce) {
    const std::string text = large();
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer{[&] { write(text, std::ios::out); }};
    const auto source = file_content(path);
    const mail_content facts = described(*source);
    writer.join();
    EXPECT_TRUE(facts.repeatable && facts.exact_size);
    EXPECT_EQ(facts.size, size_on_the_wire(text));
    std::filesystem::remove(path);
    EXPECT_EQ(pulled(*source), text);
    described(*source);
    EXPECT_EQ(pulled(*source), text);
    EXPECT_TRUE(tmp_is_empty()) << "the copy has no name";
}

TEST_F(Content, OfAStreamIsCopiedOnceToItsEnd) {
    const std::string text = large();
    std::istringstream stream{"not this" + text};
    stream.ignore(8);
    const auto source = stream_content(stream);
    const mail_content facts = described(*source);
    EXPECT_EQ(facts.size, size_on_the_wire(text));
    EXPECT_EQ(pulled(*source), text);
    described(*source);
    EXPECT_EQ(pulled(*source), text);
    EXPECT_TRUE(tmp_is_empty());
}

TEST_F(Content, OfAStreamThatThrows) {
    std::istringstream stream{"Subject: x\n\nHello.\n"};
    stream.exceptions(std::ios::badbit | std::ios::failbit | std::ios::eofbit);
    const auto source = stream_content(stream);
    described(*source);
    EXPECT_EQ(pulled(*source), "Subject: x\n\nHello.\n");
    EXPECT_EQ(stream.exceptions(), std::ios::badbit | std::ios::failbit | std::ios::eofbit);
}

TEST_F(Content, OfAStreamThatCannotBeRead) {
    std::ifstream missing{path};
    EXPECT_EQ(problem_of(*stream_content(missing)), "the stream cannot be read: was what it reads from opened?");
    std::ifstream a_folder{folder};
    const auto source = stream_content(a_folder);
    EXPECT_EQ(problem_of(*source), "the stream failed before its end");
    EXPECT_EQ(problem_of(*source), "the stream failed before its end") << "asked again";
    EXPECT_EQ(pulled(*source), "<failed>");
}

/// Files of this process may become no longer than this: a disk that is full.
struct full_disk {
    rlimit before{};
    explicit full_disk(rlim_t octets) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before);
        const rlimit small{octets, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~full_disk() {
        ::setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, SIG_DFL);
    }
};

TEST_F(Content, ThatFindsNoRoomForItsCopy) {
    const std::string where = (folder / "tmp").string();
    std::istringstream stream{large()};
    const auto source = stream_content(stream);
    std::string problem;
    {
        const full_disk now{100'000};
        problem = problem_of(*source, errc::system_failure);
    }
    EXPECT_EQ(problem,
              "what is sent cannot be copied to " + where + ": File too large; TMPDIR can name another folder");
    EXPECT_EQ(problem_of(*source, errc::system_failure), problem) << "what was read of the stream is gone";

    std::filesystem::remove(folder / "tmp");
    const std::string nowhere =
        "what is sent cannot be copied to " + where + ": No such file or directory; TMPDIR can name another folder";
    std::istringstream another{"x"};
    const auto later = stream_content(another);
    EXPECT_EQ(problem_of(*later, errc::system_failure), nowhere);
    const std::string pipe = (folder / "pipe").string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer{[&] { const std::ofstream opened{pipe}; }};
    EXPECT_EQ(problem_of(*file_content(pipe), errc::system_failure), nowhere);
    writer.join();
    std::filesystem::create_directory(folder / "tmp");
    described(*later);
    EXPECT_EQ(pulled(*later), "x") << "of that stream nothing was read";
}

TEST_F(Content, OfACopyIsForThisUserAlone) {
    std::istringstream stream{"Subject: x\n\nHello.\n"};
    const std::ptrdiff_t before = open_descriptors();
    const auto source = stream_content(stream);
    described(*source);
    ASSERT_EQ(open_descriptors(), before + 1);
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        struct stat of = {};
        if (::stat(entry.path().c_str(), &of) != 0 || of.st_nlink != 0 || !S_ISREG(of.st_mode)) continue;
        EXPECT_EQ(of.st_mode & 0777, 0600u);
        return;
    }
    FAIL() << "no file without a name is open";
}

} // namespace
} // namespace postrider

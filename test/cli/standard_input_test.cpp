#include "sendmail/standard_input.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <istream>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace postrider::cli {
namespace {

/// What is read piece by piece, as it was written.
class pieces {
public:
    pieces() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_), 0); }
    ~pieces() {
        for (const int end : ends_) ::close(end);
    }
    pieces(const pieces&) = delete;
    pieces& operator=(const pieces&) = delete;

    int out() const { return ends_[0]; }
    void write(std::string_view piece) {
        if (piece.empty()) return; // would look like the end
        EXPECT_EQ(::write(ends_[1], piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
    }
    void end() { ::shutdown(ends_[1], SHUT_WR); }

private:
    int ends_[2] = {-1, -1};
};

std::string read_all(pieces& from, bool dot_ends) {
    from.end();
    standard_input input{from.out(), dot_ends};
    return {std::istreambuf_iterator<char>{&input}, {}};
}

/// `text` as a message, whole and cut in two in each place.
std::string message(std::string_view text, bool dot_ends = true) {
    pieces one;
    one.write(text);
    const std::string whole = read_all(one, dot_ends);
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
        pieces two;
        two.write(text.substr(0, cut));
        two.write(text.substr(cut));
        EXPECT_EQ(read_all(two, dot_ends), whole) << "cut at " << cut;
    }
    return whole;
}

TEST(StandardInput, ALoneDotEndsTheMessage) {
    EXPECT_EQ(message("a\n.\nb\n"), "a\n");
    EXPECT_EQ(message("a\r\n.\r\nb\r\n"), "a\r\n");
    EXPECT_EQ(message(".\nb\n"), "");
    EXPECT_EQ(message("a\n."), "a\n");
    EXPECT_EQ(message("a\n.\r"), "a\n");
}

TEST(StandardInput, OtherDotsAreOfTheMessage) {
    for (const std::string_view text :
         {"a\n..\nb\n", "a\n.b\n", "a.\nb", "a\n. \nb\n", "a\n.\rb\n", "\r.\n", "a\n.\r\r\n", "..", ""})
        EXPECT_EQ(message(text), text);
}

TEST(StandardInput, WithIItDoesNot) {
    for (const std::string_view text : {"a\n.\nb\n", "a\r\n.\r\nb\r\n", ".", ".\r\n"})
        EXPECT_EQ(message(text, false), text);
}

TEST(StandardInput, ADotBehindAsMuchAsIsReadAtOnce) {
    for (const std::size_t more : {0U, 1U}) {
        const std::string line = std::string(65535 - more, 'x') + "\n";
        pieces from;
        from.write(line + std::string{"."}.substr(0, more));
        from.write(std::string{".\r\nrest"}.substr(more != 0));
        EXPECT_EQ(read_all(from, true), line);
    }
}

TEST(StandardInput, AnErrorIsNotAnEnd) {
    standard_input input{-1, true};
    std::istream stream{&input};
    EXPECT_EQ(stream.peek(), std::char_traits<char>::eof());
    EXPECT_TRUE(stream.bad());
    EXPECT_EQ(input.error(), EBADF);
}

} // namespace
} // namespace postrider::cli

#include "postrider/io/secret.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <vector>

namespace {

const char mark[] = "correct horse";
int marks_given_back = 0; ///< pieces of memory that were let go with the secret in them

/// Whether the memory holds the secret; `size` is what the allocator gave, of which the secret has not written all.
bool shows(const void* memory, std::size_t size) {
    return std::string_view{static_cast<const char*>(memory), size}.find(mark) != std::string_view::npos;
}

} // namespace

// What is allocated as an array keeps its size in front, so that each piece can be looked through when it is let go.
void* operator new[](std::size_t size) {
    char* const memory = static_cast<char*>(std::calloc(1, size + 16));
    if (memory == nullptr) std::abort();
    *reinterpret_cast<std::size_t*>(memory) = size;
    return memory + 16;
}
void operator delete[](void* memory) noexcept {
    if (memory == nullptr) return;
    char* const begin = static_cast<char*>(memory) - 16;
    if (shows(memory, *reinterpret_cast<std::size_t*>(begin))) ++marks_given_back;
    std::free(begin);
}
void operator delete[](void* memory, std::size_t) noexcept { operator delete[](memory); }

namespace postrider {
namespace {

struct Secret : testing::Test {
    std::string path = testing::TempDir() + "secret_test." + std::to_string(::getpid());
    ~Secret() override {
        std::remove(path.c_str());
        EXPECT_EQ(marks_given_back, 0) << "memory was let go with the secret in it";
        marks_given_back = 0;
    }

    secret_found from(std::string_view octets) {
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        EXPECT_EQ(::write(file, octets.data(), octets.size()), static_cast<ssize_t>(octets.size()));
        ::close(file);
        return secret::from_file(path.c_str());
    }
};

static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
static_assert(std::is_nothrow_move_constructible_v<secret> && std::is_nothrow_move_assignable_v<secret>);
template <class T>
concept shown = requires(std::ostream& to, const T& value) {
    to << value;
};
static_assert(shown<std::string> && !shown<secret> && !std::is_convertible_v<secret, std::string_view>);

TEST_F(Secret, MovesAndLeavesNothingBehind) {
    secret a{std::string_view{mark}};
    const char* const where = a.reveal().data();
    secret b = std::move(a);
    EXPECT_EQ(b.reveal().data(), where) << "the same memory";
    EXPECT_TRUE(a.empty()); // NOLINT: that is what is tested
    EXPECT_EQ(a.size(), 0u);
    secret c{std::string_view{"correct horse battery"}};
    c = std::move(b);
    EXPECT_EQ(c.reveal(), mark);
    EXPECT_TRUE(b.empty());
    secret& itself = c;
    c = std::move(itself);
    EXPECT_EQ(c.reveal(), mark);
    c.clear();
    EXPECT_TRUE(c.empty());
    c = secret{std::string_view{mark}};
}

TEST_F(Secret, IsComparedAndViewed) {
    const secret a{std::string_view{mark}}, b{std::string_view{mark}}, other{std::string_view{"battery"}}, none;
    EXPECT_TRUE(a == b && a == secret_view{mark} && secret_view{mark} == a);
    EXPECT_TRUE(a != other && a != none && none == secret{} && none == secret_view{});
    const secret_view view = a;
    EXPECT_EQ(view.reveal().data(), a.reveal().data());
    EXPECT_EQ(a.size(), 13u);
}

TEST_F(Secret, TheLastLineEndOfAFileIsNoneOfIt) {
    struct row {
        std::string_view octets, found;
    };
    for (const row& r :
         {row{"correct horse", mark}, row{"correct horse\n", mark}, row{"correct horse\r\n", mark},
          row{"correct horse\n\n", "correct horse\n"}, row{"correct horse\r", "correct horse\r"},
          row{" correct horse ", " correct horse "}, row{"a\nb\n", "a\nb"}, row{"\xC3\xA4", "\xC3\xA4"}}) {
        const secret_found found = from(r.octets);
        EXPECT_TRUE(found);
        EXPECT_EQ(found.value.reveal(), r.found);
        EXPECT_EQ(found.system_error, 0);
    }
}

TEST_F(Secret, FilesThatHoldNone) {
    using namespace std::string_view_literals;
    struct row {
        std::string_view octets;
        secret_errc error;
    };
    const std::string longest(secret::most, 'x'), longer(secret::most + 1, 'x');
    for (const row& r : {row{"", secret_errc::empty}, row{"\n", secret_errc::empty}, row{"\r\n", secret_errc::empty},
                         row{"correct horse\0\n"sv, secret_errc::holds_nul}, row{"\0"sv, secret_errc::holds_nul},
                         row{"\0\n"sv, secret_errc::holds_nul}, row{longer, secret_errc::too_long}}) {
        const secret_found found = from(r.octets);
        EXPECT_EQ(found.error, r.error);
        EXPECT_FALSE(found);
        EXPECT_TRUE(found.value.empty());
    }
    EXPECT_EQ(from(longest).value.reveal(), longest);
}

TEST_F(Secret, FilesThatCannotBeRead) {
    std::remove(path.c_str());
    const secret_found missing = secret::from_file(path.c_str());
    EXPECT_EQ(missing.error, secret_errc::unreadable);
    EXPECT_EQ(missing.system_error, ENOENT);
    const secret_found folder = secret::from_file("/");
    EXPECT_EQ(folder.error, secret_errc::unreadable);
    EXPECT_EQ(folder.system_error, EISDIR);
}

// Octet by octet, and longer than the first memory: all that was outgrown is wiped too.
TEST_F(Secret, FromAPipe) {
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const std::string octets = mark + std::string(3000, 'x') + mark;
    std::thread writer{[&] {
        const int file = ::open(path.c_str(), O_WRONLY);
        for (const char c : octets + '\n') EXPECT_EQ(::write(file, &c, 1), 1);
        ::close(file);
    }};
    const secret_found found = secret::from_file(path.c_str());
    writer.join();
    EXPECT_EQ(found.value.reveal(), octets);
}

TEST_F(Secret, FromTheEnvironment) {
    ::setenv("POSTRIDER_TEST_SECRET", mark, 1);
    EXPECT_EQ(secret::from_environment("POSTRIDER_TEST_SECRET").value.reveal(), mark);
    ::setenv("POSTRIDER_TEST_SECRET", "", 1);
    EXPECT_EQ(secret::from_environment("POSTRIDER_TEST_SECRET").error, secret_errc::empty);
    ::unsetenv("POSTRIDER_TEST_SECRET");
    EXPECT_EQ(secret::from_environment("POSTRIDER_TEST_SECRET").error, secret_errc::unset);
}

TEST_F(Secret, ErrorsHaveTheirSentences) {
    std::vector<std::string> texts;
    for (int e = 0; e != 6; ++e) texts.emplace_back(describe(static_cast<secret_errc>(e)));
    for (std::size_t i = 0; i != texts.size(); ++i)
        for (std::size_t j = 0; j != i; ++j) EXPECT_NE(texts[i], texts[j]);
    EXPECT_STREQ(describe(static_cast<secret_errc>(99)), "unknown error");
}

} // namespace
} // namespace postrider

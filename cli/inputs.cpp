#include "inputs.hpp"

#include "failure.hpp"
#include "terminal.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <sysexits.h>
#include <unistd.h>

namespace postrider::cli {

input_file::input_file(const std::string& name)
    : value_(name == "-" ? STDIN_FILENO : ::open(name.c_str(), O_RDONLY | O_CLOEXEC)), error_(value_ < 0 ? errno : 0) {}

input_file::~input_file() {
    if (value_ > STDIN_FILENO) ::close(value_);
}

struct stat input_file::facts() const noexcept {
    struct stat all {};
    if (::fstat(value_, &all) != 0) all = {};
    return all;
}

std::uint64_t input_file::size() const noexcept {
    const struct stat all = facts();
    return S_ISREG(all.st_mode) ? static_cast<std::uint64_t>(all.st_size) : 0;
}

ssize_t input_file::read(std::span<char> to) const noexcept { return ::read(value_, to.data(), to.size()); }

int input_file::read_all(std::string& to, std::size_t most) const {
    for (std::size_t size = 0;;) {
        to.resize(size + 65536);
        const ssize_t got = read(std::span{to}.subspan(size));
        if (got < 0 && errno == EINTR) continue;
        to.resize(size + static_cast<std::size_t>(got < 0 ? 0 : got));
        if (got <= 0) return got < 0 ? errno : 0;
        size = to.size();
        if (size > most) return EFBIG;
    }
}

std::string inputs::text(const std::string& option, const std::string& file) {
    const bool is_standard = file == "-";
    if (is_standard) static_cast<void>(standard(option));
    if (is_standard && is_terminal(STDIN_FILENO) && is_terminal(STDERR_FILENO))
        std::cerr << option << ", up to a line with Ctrl-D alone:\n";
    const input_file from{file};
    std::string all;
    const int error = from.error() != 0 ? from.error() : from.read_all(all);
    if (error == 0) return all;
    const std::string what = is_standard ? "standard input" : "`" + file + "`";
    throw failure{EX_NOINPUT, option + ": " + what + " cannot be read: " + std::strerror(error)};
}

// Closed when we were called, it is something that can only be written to: see occupy_standard_descriptors.
bool inputs::is_open() const noexcept {
    const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    return taken_by_.empty() && flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}

bool inputs::is_pipe(const std::string& file) noexcept {
    struct stat facts {};
    return ::stat(file.c_str(), &facts) == 0 && S_ISFIFO(facts.st_mode);
}

std::istream& inputs::pipe(const std::string& option, const std::string& file) {
    auto opened = std::make_unique<std::ifstream>(file, std::ios::binary);
    if (!*opened) throw failure{EX_NOINPUT, option + ": `" + file + "` cannot be opened: " + std::strerror(errno)};
    return *pipes_.emplace_back(std::move(opened));
}

std::istream& inputs::standard(const std::string& option) {
    if (!taken_by_.empty())
        throw failure{EX_USAGE, option + " and " + taken_by_ + " both want standard input: give one of them a file"};
    if (!is_open()) throw failure{EX_NOINPUT, option + ": standard input cannot be read: it is closed"};
    taken_by_ = option;
    return std::cin;
}

} // namespace postrider::cli

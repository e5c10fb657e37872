#include "inputs.hpp"

#include "failure.hpp"
#include "terminal.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

namespace postrider::cli {
namespace {

/// Of an open file, to its end; and what went wrong, or 0.
int read_all(int file, std::string& to) {
    for (std::size_t size = 0;;) {
        to.resize(size + 65536);
        const ssize_t got = ::read(file, to.data() + size, to.size() - size);
        if (got < 0 && errno == EINTR) continue;
        to.resize(size + static_cast<std::size_t>(got < 0 ? 0 : got));
        if (got <= 0) return got < 0 ? errno : 0;
        size = to.size();
    }
}

} // namespace

std::string inputs::text(const std::string& option, const std::string& file) {
    const bool is_standard = file == "-";
    if (is_standard) static_cast<void>(standard(option));
    if (is_standard && is_terminal(STDIN_FILENO) && is_terminal(STDERR_FILENO))
        std::cerr << option << ", up to a line with Ctrl-D alone:\n";
    const int opened = is_standard ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    std::string all;
    const int error = opened < 0 ? errno : read_all(opened, all);
    if (opened > STDIN_FILENO) ::close(opened);
    if (error == 0) return all;
    const std::string what = is_standard ? "standard input" : "`" + file + "`";
    throw failure{EX_NOINPUT, option + ": " + what + " cannot be read: " + std::strerror(error)};
}

// Closed when we were called, it is something that can only be written to: see occupy_standard_descriptors.
bool inputs::is_open() const noexcept {
    const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    return taken_by_.empty() && flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}

std::istream& inputs::standard(const std::string& option) {
    if (!taken_by_.empty())
        throw failure{EX_USAGE, option + " and " + taken_by_ + " both want standard input: give one of them a file"};
    if (!is_open()) throw failure{EX_NOINPUT, option + ": standard input cannot be read: it is closed"};
    taken_by_ = option;
    return std::cin;
}

} // namespace postrider::cli

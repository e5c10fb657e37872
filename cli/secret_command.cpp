#include "secret_command.hpp"

#include "exit_code.hpp"
#include "failure.hpp"
#include "interrupt.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

extern char** environ;

namespace postrider::cli {
namespace {

/// Standard output of the child is `to`, and signals do what they do by default. 0, or errno.
int start(const std::string& command, int to, pid_t& child) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (const int error = ::posix_spawn_file_actions_init(&files); error != 0) return error;
    if (const int error = ::posix_spawnattr_init(&attributes); error != 0) {
        ::posix_spawn_file_actions_destroy(&files);
        return error;
    }
    sigset_t by_default;
    sigemptyset(&by_default);
    sigaddset(&by_default, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &by_default);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_adddup2(&files, to, STDOUT_FILENO);
    std::string shell = "sh";
    std::string option = "-c";
    std::string text = command;
    const std::array<char*, 4> arguments{shell.data(), option.data(), text.data(), nullptr};
    const int error = ::posix_spawn(&child, "/bin/sh", &files, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    return error;
}

struct printed {
    secret text{};
    bool too_much = false;
    int error = 0; ///< an `errno`
};

/// To the end of what is printed, or to Ctrl-C.
printed read_secret(int from) {
    printed all;
    std::array<char, secret::most + 1> octets; // wiped: no string of the library's is
    std::size_t size = 0;
    while (!interrupted() && size != octets.size()) {
        std::array<pollfd, 2> waits{pollfd{from, POLLIN, 0}, pollfd{interrupt().native_handle(), POLLIN, 0}};
        if (::poll(waits.data(), waits.size(), -1) < 0 || waits[0].revents == 0) continue;
        const ssize_t got = ::read(from, octets.data() + size, octets.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) all.error = errno;
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    all.too_much = size == octets.size();
    const std::string_view text{octets.data(), size};
    std::size_t end = std::min(text.find('\n'), text.size());
    if (end != 0 && end != text.size() && text[end - 1] == '\r') --end;
    all.text = secret{text.substr(0, end)};
    wipe({octets.data(), size});
    return all;
}

/// Its status once it has ended. Who has pressed Ctrl-C does not wait for what makes nothing of it.
int status_of(pid_t child) {
    if (interrupted()) ::kill(child, SIGTERM);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
        if (interrupted()) ::kill(child, SIGTERM);
    return status;
}

} // namespace

secret secret_by_command(const std::string& command, const std::string& origin) {
    // Without the command itself, in which people write what they should not.
    const auto fail = [&](const std::string& why) { throw failure{EX_CONFIG, origin + ": the command " + why}; };
    static_cast<void>(interrupt()); // Ctrl-C is for the command as well, and has to end us in order
    std::array<int, 2> pipe{-1, -1};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw failure{EX_OSERR, std::string{"no pipe: "} + std::strerror(errno)};
    pid_t child = -1;
    const int error = start(command, pipe[1], child);
    ::close(pipe[1]);
    printed got;
    if (error == 0) got = read_secret(pipe[0]);
    ::close(pipe[0]);
    if (error != 0) fail(std::string{"cannot be run: "} + std::strerror(error));
    const int status = status_of(child);
    if (interrupted()) throw failure{exit_interrupted, "interrupted"};
    if (got.too_much) fail("printed more than a secret can be");
    if (WIFSIGNALED(status)) fail("was ended by signal " + std::to_string(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0) fail("ended with " + std::to_string(WEXITSTATUS(status)));
    if (got.error != 0) fail(std::string{"cannot be read from: "} + std::strerror(got.error));
    if (got.text.empty()) fail("printed nothing, or an empty line");
    if (got.text.reveal().find('\0') != std::string_view::npos) fail("printed a NUL: that is no secret");
    return std::move(got.text);
}

token_source::refresh_function token_by_command(std::string command, std::string origin) {
    return [command = std::move(command), origin = std::move(origin)](fresh_token& to) {
        try {
            to = {.value = secret_by_command(command, origin)};
            return true;
        } catch (const failure& why) {
            std::cerr << "postrider: " << why.text << '\n';
            return false;
        }
    };
}

} // namespace postrider::cli

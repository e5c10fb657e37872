#include "secret_command.hpp"

#include "exit_code.hpp"
#include "failure.hpp"
#include "interrupt.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <iostream>
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

secret first_line(secret text) {
    const std::string_view all = text.reveal();
    std::size_t end = std::min(all.find('\n'), all.size());
    if (end != 0 && end != all.size() && all[end - 1] == '\r') --end;
    return end == all.size() ? std::move(text) : secret{all.substr(0, end)};
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
    secret_found got;
    if (error == 0) got = secret::from_file(("/dev/fd/" + std::to_string(pipe[0])).c_str());
    ::close(pipe[0]);
    if (error != 0) fail(std::string{"cannot be run: "} + std::strerror(error));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (interrupted()) throw failure{exit_interrupted, "interrupted"};
    if (got.error == secret_errc::too_long) fail("printed more than a secret can be");
    if (WIFSIGNALED(status)) fail("was ended by signal " + std::to_string(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0) fail("ended with " + std::to_string(WEXITSTATUS(status)));
    if (got.error == secret_errc::empty) fail("printed nothing");
    if (!got) fail(std::string{"printed what is no secret: "} + describe(got.error));
    secret line = first_line(std::move(got.value));
    if (line.empty()) fail("printed an empty line");
    return line;
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

// 14_token.cpp - an OAuth 2.0 token from a command that prints one, renewed when it has expired or is refused.
//
//     14_token submission://mail.example alice@a.example bob@b.example COMMAND [ARGUMENT...]
//
// COMMAND is what asks the authorization server (RFC 6749 §6), with the refresh token that it keeps. CA_FILE as in 09_client.

#include "postrider/client.hpp"
#include "postrider/message.hpp"

#include <cstdlib>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// The first line that a command prints; without a shell.
postrider::secret first_line_of(char** command) {
    int ends[2];
    if (::pipe(ends) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], 1);
        ::execvp(command[0], command);
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string said(8192, '\0');
    std::size_t size = 0;
    for (ssize_t n = 1; n > 0 && size != said.size(); size += static_cast<std::size_t>(n > 0 ? n : 0))
        n = ::read(ends[0], said.data() + size, said.size() - size);
    ::close(ends[0]);
    int status = 1;
    ::waitpid(child, &status, 0);
    postrider::secret token{status == 0 ? std::string_view{said}.substr(0, said.find('\n')) : std::string_view{}};
    postrider::wipe({said.data(), said.size()});
    return token;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::cerr << "usage: " << argv[0] << " URL FROM TO COMMAND [ARGUMENT...]\n";
        return 64;
    }
    const char* const ca = std::getenv("CA_FILE");
    const std::string trusted = ca != nullptr ? ca : "";
    // [token]
    postrider::authentication tokens = postrider::token(argv[2], [&](postrider::fresh_token& to) {
        to = {.value = first_line_of(argv + 4), .valid_for = std::chrono::hours{1}};
        return !to.value.empty();
    });
    postrider::client client{argv[1], {.auth = tokens, .tls = {.ca_file = trusted}}};
    // [token]
    const postrider::message message{.from = {argv[2]}, .to = {argv[3]}, .subject = "Hello", .text = "By a token.\n"};
    const postrider::send_result result = client.send(message);
    std::cout << name(result.what) << ' ' << name(result.authenticated_by) << ' ' << result.text << '\n';
    return result ? 0 : 1;
}

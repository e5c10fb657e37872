// secret_command.hpp - passwords and tokens that a command prints: `pass show mail`, `oama access alice@a.example`.
#ifndef POSTRIDER_CLI_SECRET_COMMAND_HPP
#define POSTRIDER_CLI_SECRET_COMMAND_HPP

#include <postrider/io/secret.hpp>
#include <postrider/io/token.hpp>

#include <string>

namespace postrider::cli {

/// The first line that `sh -c COMMAND` prints. It has the terminal, and can ask there. Throws `failure` (78), which begins with
/// `origin`: it cannot be run, ends with another code than 0, or prints nothing.
secret secret_by_command(const std::string& command, const std::string& origin);

/// The same, each time that a token is wanted; what goes wrong is said on standard error.
token_source::refresh_function token_by_command(std::string command, std::string origin);

} // namespace postrider::cli

#endif

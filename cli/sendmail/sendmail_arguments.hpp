// sendmail_arguments.hpp - the command line of the sendmail family, by its own rules.
//
//     sendmail -FCronDaemon -i -B8BITMIME -oem root      (cron)
//     sendmail -t -i -fwww@a.example                     (PHP)
//     sendmail -oem -oi -f alice@a.example -- bob@b.example      (mutt)
#ifndef POSTRIDER_CLI_SENDMAIL_ARGUMENTS_HPP
#define POSTRIDER_CLI_SENDMAIL_ARGUMENTS_HPP

#include "settings.hpp"

#include <postrider/outgoing.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sysexits.h>
#include <vector>

namespace postrider::cli {

struct sendmail_arguments {
    enum class task {
        submit,  ///< -bm, and without -b
        verify,  ///< -bv
        aliases, ///< -bi, -I, newaliases
        queue,   ///< -bp, -q, -M, -Q, mailq
        daemon,  ///< -bd, -bD, -bl
        smtp,    ///< -bs, -bS
        help,
        version,
    };
    task what = task::submit;
    bool from_headers = false;           ///< -t
    bool reads_sender = false;           ///< --read-envelope-from: without -f the sender is the message's, as by -t
    bool dot_ends = true;                ///< a line with a lone dot is the end of the message; -i, -oi: it is not
    bool verbose = false;                ///< -v
    std::optional<std::string> sender{}; ///< -f, -r; empty: the null path
    std::string full_name{};             ///< -F
    postrider::delivery delivery{};      ///< -N, -R, -V
    std::vector<std::string> recipients{};
    settings said{}; ///< `account`, `config`, and what an account may have as well
    int unknown = EX_TEMPFAIL;
    bool json = false;
    std::string colour = "auto";
};

/// `called`: the last part of the name by which it was called; `mailq` and `newaliases` mean a task whatever else is said. Options
/// may stand behind operands, up to `--`; whatever begins with a dash before that is never an address. Throws `failure` (64),
/// which names the option.
///
/// Arguments may come from somebody else than who runs the program, as those of PHP's `mail` do (CVE-2016-10033). So none of
/// them runs a command, writes a file, names a secret, or changes where the secrets of an account go; what would is refused.
sendmail_arguments read_sendmail_arguments(std::string_view called, std::span<const char* const> arguments);

/// Whether an argument may say it: nothing that authenticates or is of secrets may, and beside an account only what leaves its
/// password going where it always goes.
bool may_be_argument(const setting& one, bool server_named) noexcept;

/// Runs a command, or reads what must not be sent to just anybody, or a private key.
bool is_of_secrets(const setting& one) noexcept;

/// The addresses of an operand or a value: `a@b, Bob <c@d>`; without names and comments. Throws `failure` (64): an angle bracket
/// or a quote that does not end, or no address where one should be.
std::vector<std::string> addresses_in(std::string_view text);

} // namespace postrider::cli

#endif

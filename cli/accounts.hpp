// accounts.hpp - the configuration file: accounts, picked by name or by the envelope sender.
//
//     default = "work"
//
//     [account.work]
//     from = ["alice@a.example", "@a.example"]
//     server = "submission://mail.a.example"
//     user = "alice"
//     password-command = "pass show mail/work"
#ifndef POSTRIDER_CLI_ACCOUNTS_HPP
#define POSTRIDER_CLI_ACCOUNTS_HPP

#include "settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// `bob@b.example` of `Bob <bob@b.example>`.
std::string_view bare_address(std::string_view text) noexcept;

struct account {
    std::string name{};
    /// Addresses, which may have names; `@domain`: all of it. The first address is the sender where none is said.
    std::vector<std::string> from{};
    settings says{};

    std::string sender() const; ///< empty: it has none
};

struct accounts {
    std::string file{}; ///< it was read from; empty: there is none
    std::vector<account> all{};
    std::string preferred{}; ///< `default`

    /// By name; throws `failure` (78), which names those that there are.
    const account& named(std::string_view name) const;
    /// By sender: whole addresses before domains, the domain without regard to case, U-labels and A-labels alike; else the
    /// default one; else, if there is but one, that; else null.
    const account* of_sender(std::string_view sender) const;
};

/// Reads `file`; empty: $POSTRIDER_CONFIG, else $XDG_CONFIG_HOME/postrider/config.toml, else ~/.config/postrider/config.toml, else
/// /etc/postrider/config.toml, and there need not be any. A setting that is a FILE or a FOLDER is `~/x`, in HOME, or relative to
/// the folder of the configuration. Throws `failure` (78), with file and line.
accounts read_accounts(const std::string& file);

/// What was said on the command line, made complete by the account that it names (`--account`), or that belongs to `sender`.
/// Without one, and without a server, throws `failure` (78), which says how to name one. `sender` empty: it is set to the
/// account's, if that has one.
settings complete(const settings& said, std::string& sender, bool server_needed = true);

} // namespace postrider::cli

#endif

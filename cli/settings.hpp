// settings.hpp - how to reach a server, as it is said on the command line (`--NAME VALUE`) or in an account of the configuration
// file (`NAME = VALUE`): one table for both.
#ifndef POSTRIDER_CLI_SETTINGS_HPP
#define POSTRIDER_CLI_SETTINGS_HPP

#include "failure.hpp"

#include <postrider/dkim.hpp>
#include <postrider/server.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace postrider::cli {

/// What was said, and where, not yet looked at.
class settings {
public:
    struct value {
        std::vector<std::string> texts{}; ///< of a flag: "true" or "false"
        std::string origin{};             ///< "--tls", "config.toml:12: tls": what messages begin with
    };

    void set(const std::string& name, std::vector<std::string> texts, std::string origin);
    const value* find(std::string_view name) const noexcept;
    /// The last text of a setting, or nothing.
    std::optional<std::string> text(std::string_view name) const;
    bool is_on(std::string_view name) const; ///< of a flag

    /// What is not said here is as `account` has it. Where this one says where the password comes from, the account's is not
    /// another one; nor where it says the server, the proxy, the certificate or the key, which then gets no key and no password
    /// that was meant for another.
    void complete(const settings& account);

private:
    std::map<std::string, value, std::less<>> values_;
};

enum class setting_kind {
    text,
    list, ///< `--NAME` may be repeated; an array in the configuration file
    flag, ///< `--NAME`; true or false in the configuration file
};

struct setting {
    std::string_view name{};  ///< in the configuration file, and behind `--`
    std::string_view alias{}; ///< another option of the same meaning; empty: none
    std::string_view value{}; ///< for help: "FILE"
    std::string_view help{};
    std::string_view group{};
    setting_kind kind = setting_kind::text;
};
/// All of them, group by group.
std::span<const setting> all_settings() noexcept;
/// Null: there is none of that name.
const setting* setting_named(std::string_view name) noexcept;

/// For what a command wants them.
enum class settings_for {
    sending, ///< mails of people: signed, and by `--server`
    looking, ///< at a server: its URL is the command's own argument too, and nothing is signed
};
/// Adds `--account`, `--config` and one option for each setting that counts then, in groups.
void add_settings(CLI::App& to, settings& said, settings_for what = settings_for::sending);

/// A server, from all that was said; what is secret is read, asked for, or run here. `more` is what the command wants beside:
/// its transcript and progress are kept. Throws `failure`.
server make_server(const settings& said, client_options more = {});

/// The DKIM signer, if one was asked for (`dkim-key`); its domain, unless said, is that of `sender`. Throws `failure`.
std::optional<dkim_signer> make_signer(const settings& said, std::string_view sender);

/// What `WHAT-file`, `WHAT-env` or `WHAT-command` says; `password` is such a WHAT. Nothing: none of them was said. Throws
/// `failure`: 78 what cannot be read or run, 64 more than one.
std::optional<secret> secret_of(const settings& said, const std::string& what);

/// `HOST`, `HOST:PORT`, or a URL, as a URL: port 25 is `smtp://`, 465 `submissions://`, 24 `lmtp://`, else `submission://`.
std::string url_of(std::string_view host_or_url);

/// A text for developers from the library, in the words of the command line: `.tls.ca_file` becomes `--tls-ca`.
std::string in_our_words(std::string text);

/// For a mail that could not be made: the problem in our words, or what the error means.
failure cannot_be_sent(errc error, const std::string& problem);

} // namespace postrider::cli

#endif

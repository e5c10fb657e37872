// settings.hpp - how to reach a server, as it is said on the command line (`--NAME VALUE`) or in an account of the configuration
// file (`NAME = VALUE`): one table for both.
#ifndef POSTRIDER_CLI_SETTINGS_HPP
#define POSTRIDER_CLI_SETTINGS_HPP

#include <postrider/dkim.hpp>
#include <postrider/server.hpp>

#include <map>
#include <optional>
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
        std::vector<std::string> texts{};
        std::string origin{}; ///< "--tls", "config.toml:12: tls": what messages begin with
    };

    void set(const std::string& name, std::vector<std::string> texts, std::string origin);
    const value* find(std::string_view name) const noexcept;
    /// The last text of a setting, or nothing.
    std::optional<std::string> text(std::string_view name) const;
    bool is_on(std::string_view name) const; ///< of a flag

    /// What is not said here is as `account` has it. Where this one says where the password comes from, the account's is not
    /// another one; nor where it says the server, which then gets no password that was meant for another.
    void complete(const settings& account);

private:
    std::map<std::string, value, std::less<>> values_;
};

/// Whether `name` is a key that an account may have.
bool is_setting(std::string_view name) noexcept;
/// Whether that one is a list, or a flag, in the configuration file.
enum class setting_kind { text, list, flag };
setting_kind kind_of(std::string_view name) noexcept;

/// Adds `--account`, `--config` and one option for each setting, in groups. `server_option` false: the URL is the command's
/// own argument.
void add_settings(CLI::App& to, settings& said, bool server_option = true);

/// A server, from all that was said; what is secret is read, asked for, or run here. `more` is what the command wants beside:
/// its transcript and progress are kept. Throws `failure`.
server make_server(const settings& said, client_options more = {});

/// The DKIM signer, if one was asked for. Throws `failure`.
std::optional<dkim_signer> make_signer(const settings& said);

/// `HOST`, `HOST:PORT`, or a URL, as a URL: port 25 is `smtp://`, 465 `submissions://`, 24 `lmtp://`, else `submission://`.
std::string url_of(std::string_view host_or_url);

/// A text for developers from the library, in the words of the command line: `.tls.ca_file` becomes `--tls-ca`.
std::string in_our_words(std::string text);

} // namespace postrider::cli

#endif

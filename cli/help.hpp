// help.hpp - how `--help` is laid out: two columns, no wider than the terminal.
#ifndef POSTRIDER_CLI_HELP_HPP
#define POSTRIDER_CLI_HELP_HPP

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace postrider::cli {

class help_layout : public CLI::Formatter {
public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
    std::string make_group(std::string group, bool is_positional,
                           std::vector<const CLI::Option*> options) const override;
    std::string make_option(const CLI::Option* option, bool is_positional) const override;
    std::string make_subcommand(const CLI::App* command) const override;
    std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override;
};

/// "-f, --from ADDRESS", as help and manual pages have it.
std::string option_names(const CLI::Option& option, bool is_positional);

/// Of a text, lines of at most `columns`, with `indent` blanks before each but the first. Lines that begin with a blank are left
/// as they are: examples.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

} // namespace postrider::cli

#endif

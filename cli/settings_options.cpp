// The settings as options of CLI11.
#include "settings.hpp"

#include <CLI/CLI.hpp>

namespace postrider::cli {
namespace {

void add_option(CLI::App& to, settings& said, const std::string& name, const std::string& alias, const setting& what) {
    std::string names = "--" + name;
    if (!alias.empty()) names.append(",--").append(alias);
    const std::string help{what.help};
    CLI::Option* option = nullptr;
    if (what.kind == setting_kind::flag) {
        option = to.add_flag_callback(
            names, [&said, name] { said.set(name, {"true"}, "--" + name); }, help);
    } else if (what.kind == setting_kind::list) {
        const auto take = [&said, name](const std::vector<std::string>& all) { said.set(name, all, "--" + name); };
        option = to.add_option_function<std::vector<std::string>>(names, take, help)->allow_extra_args(false);
    } else {
        const auto take = [&said, name](const std::string& text) { said.set(name, {text}, "--" + name); };
        option = to.add_option_function<std::string>(names, take, help);
    }
    if (!what.value.empty()) option->option_text(std::string{what.value});
    option->group(std::string{what.group});
}

} // namespace

void add_settings(CLI::App& to, settings& said, settings_for what) {
    constexpr setting own[]{
        {"account",
         {},
         "NAME",
         "The account of the configuration file; else the one that the sender belongs to",
         "Server"},
        {"config", {}, "FILE", "The configuration file, instead of ~/.config/postrider/config.toml", "Server"},
    };
    for (const setting& one : own) add_option(to, said, std::string{one.name}, {}, one);
    for (const setting& one : all_settings()) {
        const bool looking = what == settings_for::looking;
        if (one.group == "Sendmail" || (one.group == "DKIM" && looking)) continue;
        if (one.name == "server" && looking) {
            add_option(to, said, "server", {}, {"server", {}, "URL", "The same as URL", one.group});
            continue;
        }
        add_option(to, said, std::string{one.name}, std::string{one.alias}, one);
    }
    // Whoever tries is told what to do, before the secret is in everybody's list of processes once more.
    for (const char* const unsafe : {"--password", "--auth-password", "--ap"})
        to.add_option_function<std::string>(unsafe, [unsafe](const std::string&) {
              throw CLI::ValidationError(unsafe,
                                         "a password on the command line is seen by everybody on this machine: use "
                                         "--password-file, --password-env or --password-command, or leave it out "
                                         "and be asked");
          })->group("");
}

} // namespace postrider::cli

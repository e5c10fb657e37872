// `postrider completion SHELL`, which the build calls too.
#include "accounts.hpp"
#include "completion.hpp"
#include "failure.hpp"
#include "program.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <sysexits.h>

namespace postrider::cli {
namespace {

/// For the scripts: names of accounts, one a line. A configuration file that is wrong is no matter for who only presses TAB.
void print_accounts(std::ostream& to) {
    try {
        for (const account& one : read_accounts({}).all) to << one.name << '\n';
    } catch (const failure&) {
    }
}

int run_completion(const program& in, const CLI::App& root, const std::string& shell) {
    if (shell == "accounts") print_accounts(in.out());
    else if (shell == "bash") in.out() << bash_completion(facts_of(root));
    else if (shell == "zsh") in.out() << zsh_completion(facts_of(root));
    else in.out() << fish_completion(facts_of(root));
    in.written();
    return EX_OK;
}

constexpr const char* examples = R"(Examples:
  source <(postrider completion bash)                            # for this shell; or in ~/.bashrc
  postrider completion zsh > ~/.zfunc/_postrider                 # with fpath+=~/.zfunc before compinit in ~/.zshrc
  postrider completion fish > ~/.config/fish/completions/postrider.fish

Installed packages have them already. Names of accounts complete, too.)";

} // namespace

void add_completion(CLI::App& to, program& in) {
    CLI::App* const app =
        to.add_subcommand("completion", "Print what makes a shell complete commands, options and accounts");
    app->set_help_flag("-h,--help", "Show this, and nothing else")->group("Output");
    const auto shell = std::make_shared<std::string>();
    app->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::Validator{[](const std::string& text) {
                                   for (const char* const one : {"bash", "zsh", "fish", "accounts"})
                                       if (text == one) return std::string{};
                                   return "`" + text + "` is none of bash, zsh, fish";
                               },
                               "{bash,zsh,fish}"});
    app->footer(examples);
    app->callback([&in, &to, shell] { in.run = [&in, &to, shell] { return run_completion(in, to, *shell); }; });
}

} // namespace postrider::cli

// completion.hpp - scripts by which shells complete the command, made of the options themselves.
#ifndef POSTRIDER_CLI_COMPLETION_HPP
#define POSTRIDER_CLI_COMPLETION_HPP

#include "command_tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// What may stand as the value of an option, or as an argument.
enum class completes { nothing, file, folder, words, account };
struct completion_value {
    completes how = completes::nothing;
    std::vector<std::string> words{};
};
completion_value value_of(const option_facts& option);

std::string bash_completion(const command_facts& all);
std::string zsh_completion(const command_facts& all);
std::string fish_completion(const command_facts& all);

} // namespace postrider::cli

#endif

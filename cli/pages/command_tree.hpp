// command_tree.hpp - the commands and their options as plain values, for manual pages and completions: what CLI11 knows is the
// only source of both.
#ifndef POSTRIDER_CLI_COMMAND_TREE_HPP
#define POSTRIDER_CLI_COMMAND_TREE_HPP

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace postrider::cli {

struct option_facts {
    std::vector<std::string> names{}; ///< "-f", "--from"; of an argument "FILE" alone
    std::string value{};              ///< "ADDRESS"; empty: it takes none
    std::string help{};
    std::string group{};
    std::vector<std::string> choices{}; ///< what its value may be, where that is a list
    bool argument = false;              ///< it stands without a name
    bool required = false;
    bool repeated = false; ///< it may be said more than once

    bool is(std::string_view name) const noexcept;
};

struct command_facts {
    std::string name{};
    std::string description{};
    std::string footer{};
    std::vector<std::string> groups{};   ///< of options, in order
    std::vector<option_facts> options{}; ///< arguments too; without what help does not show
    std::vector<command_facts> commands{};

    const command_facts* find(std::string_view command) const noexcept;
};

/// The whole tree, without what help does not show.
command_facts facts_of(const CLI::App& app);

} // namespace postrider::cli

#endif

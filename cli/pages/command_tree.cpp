#include "command_tree.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace postrider::cli {
namespace {

/// CLI11 describes what IsMember takes as "{a,b}", among other things.
std::vector<std::string> choices_of(const CLI::Option& option) {
    const std::string text = option.get_type_name();
    const std::size_t open = text.find('{'), close = text.find('}');
    std::vector<std::string> all;
    if (open == text.npos || close == text.npos || close < open) return all;
    for (std::size_t from = open + 1; from < close;) {
        const std::size_t end = std::min(text.find(',', from), close);
        all.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return all;
}

option_facts facts_of(const CLI::Option& option) {
    option_facts facts{.help = option.get_description(),
                       .group = option.get_group(),
                       .choices = choices_of(option),
                       .argument = option.get_positional(),
                       .required = option.get_required(),
                       .repeated = option.get_items_expected_max() > 1};
    if (facts.argument) {
        facts.names.push_back(option.get_name(true));
        return facts;
    }
    for (const std::string& one : option.get_snames()) facts.names.push_back(std::string{"-"}.append(one));
    for (const std::string& one : option.get_lnames()) facts.names.push_back(std::string{"--"}.append(one));
    if (option.get_items_expected_max() != 0)
        facts.value = option.get_option_text().empty() ? "VALUE" : option.get_option_text();
    return facts;
}

} // namespace

bool option_facts::is(std::string_view name) const noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

const command_facts* command_facts::find(std::string_view command) const noexcept {
    for (const command_facts& one : commands)
        if (one.name == command) return &one;
    return nullptr;
}

command_facts facts_of(const CLI::App& app) {
    command_facts facts{.name = app.get_name(), .description = app.get_description(), .footer = app.get_footer()};
    for (const CLI::Option* const one : app.get_options()) {
        if (one->get_group().empty()) continue;
        facts.options.push_back(facts_of(*one));
        const std::string& group = facts.options.back().group;
        if (!facts.options.back().argument &&
            std::find(facts.groups.begin(), facts.groups.end(), group) == facts.groups.end())
            facts.groups.push_back(group);
    }
    for (const CLI::App* const one : app.get_subcommands({}))
        if (!one->get_group().empty()) facts.commands.push_back(facts_of(*one));
    return facts;
}

} // namespace postrider::cli

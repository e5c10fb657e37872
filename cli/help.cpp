#include "help.hpp"

#include "terminal.hpp"

#include <unistd.h>

namespace postrider::cli {
namespace {

constexpr std::size_t first_column = 30;

std::size_t columns() { return is_terminal(STDOUT_FILENO) ? std::min(width(STDOUT_FILENO), 110u) : 80; }

std::string row(const std::string& what, const std::string& text) {
    std::string line = "  " + what;
    if (text.empty()) return line + "\n";
    if (line.size() + 2 > first_column) line += "\n" + std::string(first_column, ' ');
    else line.resize(first_column, ' ');
    return line + wrapped(text, columns() - first_column, first_column) + "\n";
}

/// Each line by itself, those of examples as they are.
std::string paragraphs(const std::string& text) {
    std::string all;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        all += wrapped(std::string_view{text}.substr(from, end - from), columns(), 0) + "\n";
        from = end + 1;
    }
    return all;
}

} // namespace

std::string wrapped(std::string_view text, std::size_t most, std::size_t indent) {
    if (text.starts_with(' ')) return std::string{text};
    std::string all;
    std::size_t used = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (used != 0 && used + 1 + end > most) {
            all += "\n" + std::string(indent, ' ');
            used = 0;
        } else if (used != 0) {
            all += ' ';
            ++used;
        }
        all += text.substr(0, end);
        used += end;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

std::string option_names(const CLI::Option& option, bool is_positional) {
    std::string names;
    if (is_positional) {
        names = option.get_name(true);
    } else {
        for (const std::string& one : option.get_snames()) names.append(names.empty() ? "-" : ", -").append(one);
        for (const std::string& one : option.get_lnames()) names.append(names.empty() ? "--" : ", --").append(one);
    }
    const std::string& value = option.get_option_text();
    if (!value.empty() && !is_positional) names += " " + value;
    return names;
}

std::string help_layout::make_option(const CLI::Option* option, bool is_positional) const {
    return row(option_names(*option, is_positional), option->get_description());
}

std::string help_layout::make_group(std::string group, bool is_positional,
                                    std::vector<const CLI::Option*> options) const {
    std::string all = (is_positional ? "\n" : "") + group + ":\n"; // CLI11 puts a line between the others
    for (const CLI::Option* const one : options) all += make_option(one, is_positional);
    return all;
}

std::string help_layout::make_subcommand(const CLI::App* command) const {
    return row(command->get_name(), command->get_description());
}

std::string help_layout::make_subcommands(const CLI::App* app, CLI::AppFormatMode) const {
    std::string all;
    for (const CLI::App* const one : app->get_subcommands({}))
        if (!one->get_group().empty()) all += make_subcommand(one);
    return all.empty() ? all : "\nCommands:\n" + all;
}

std::string help_layout::make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const {
    std::string usage = "Usage: ";
    if (const CLI::App* const parent = app->get_parent()) usage += parent->get_name() + " ";
    usage += app->get_name();
    if (!app->get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }).empty())
        usage += " COMMAND";
    usage += " [OPTION...]";
    for (const CLI::Option* const one : app->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
        const std::string name = one->get_name(true) + (one->get_items_expected_max() > 1 ? "..." : "");
        usage += one->get_required() ? " " + name : " [" + name + "]";
    }
    std::string all = usage + "\n\n" + paragraphs(app->get_description()) + make_positionals(app) +
                      make_subcommands(app, mode) + "\n" + make_groups(app, mode);
    if (!app->get_footer().empty()) all += "\n" + paragraphs(app->get_footer());
    return all;
}

} // namespace postrider::cli

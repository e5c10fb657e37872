// main.cpp - `postrider COMMAND ...`, and `sendmail` where it is called by that name.
#include "failure.hpp"
#include "program.hpp"
#include "report.hpp"
#include "words.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <sysexits.h>

namespace {

using namespace postrider::cli;

bool is_of_the_sendmail_family(std::string_view name) {
    return name == "sendmail" || name == "mailq" || name == "newaliases";
}

using command_line = std::vector<std::string>;

/// CLI11 takes the word behind `--subject=` for its value: what is meant is an empty one.
command_line words_of(int count, char** arguments) {
    command_line all;
    bool options = true;
    for (int i = 1; i < count; ++i) {
        const std::string_view one = arguments[i];
        if (one == "--") options = false;
        const bool empty = options && one.starts_with("--") && one.find('=') == one.size() - 1;
        all.emplace_back(empty ? one.substr(0, one.size() - 1) : one);
        if (empty) all.emplace_back();
    }
    return all;
}

/// The one that is meant by what is none; empty: nobody knows.
std::string nearest_option(const CLI::App& command, std::string_view wrong) {
    std::string found;
    std::size_t least = std::min<std::size_t>(3, 1 + wrong.size() / 4); // more letters that differ: it is another word
    for (const CLI::Option* const option : command.get_options())
        for (const std::string& name : option->get_lnames())
            if (const std::size_t far = distance(wrong, "--" + name); far < least) {
                least = far;
                found = "--" + name;
            }
    return found;
}

/// In other words than CLI11's, where these name no remedy.
std::string why_wrong(const CLI::App& app, const CLI::ParseError& wrong, const command_line& words) {
    const auto chosen = app.get_subcommands();
    std::string text = wrong.what();
    if (dynamic_cast<const CLI::ExtrasError*>(&wrong) != nullptr && !chosen.empty()) {
        const auto left = chosen.front()->remaining();
        const std::string option = left.empty() ? "" : left.front().substr(0, left.front().find('='));
        if (!option.starts_with('-')) return text;
        text = "`" + option + "` is no option of `postrider " + chosen.front()->get_name() + "`";
        const std::string nearest = nearest_option(*chosen.front(), option);
        return nearest.empty() ? text : text + "; did you mean " + nearest + "?";
    }
    if (chosen.empty()) {
        const auto first = std::find_if(words.begin(), words.end(),
                                        [](const std::string& one) { return one.starts_with('-') && one != "--json"; });
        return first == words.end() ? "no command is named" : "a command comes first, then options: `" + *first + "`";
    }
    constexpr std::string_view once = ": At Most 1 required but received ";
    if (const std::size_t at = text.find(once); at != text.npos)
        return text.substr(0, at) + ": it was given " + text.substr(at + once.size()) + " times; there is one";
    return text;
}

int refuse(const program& in, const std::string& why, const std::string& command) {
    in.complain(why);
    if (in.json) write_error(in.out(), EX_USAGE, why);
    in.err() << "Try `postrider" << command << " --help`.\n";
    return EX_USAGE;
}

/// CLI11 tells a wrong option by its own codes; the shell gets 64.
int usage(const CLI::App& app, const CLI::ParseError& wrong, const program& in, const command_line& words) {
    if (wrong.get_exit_code() == 0) return app.exit(wrong, in.out(), in.err()); // --help, --version
    if (words.empty()) {
        in.err() << app.help();
        return EX_USAGE;
    }
    const auto chosen = app.get_subcommands();
    return refuse(in, why_wrong(app, wrong, words), chosen.empty() ? "" : " " + chosen.front()->get_name());
}

int run(program& in, int count, char** arguments) {
    CLI::App app{"Sends mail, probes and loads mail servers, and stands in for sendmail.", "postrider"};
    add_commands(app, in);
    command_line words = words_of(count, arguments);
    // Before CLI11 gets as far: what is wrong may stand before it.
    in.json = std::find(words.begin(), words.end(), "--json") != words.end();
    const auto is_command = [&app](std::string_view name) {
        return !app.get_subcommands([name](const CLI::App* one) { return one->get_name() == name; }).empty();
    };
    if (!words.empty() && !words.front().starts_with('-') && !is_command(words.front()))
        return refuse(in, "there is no command `" + words.front() + "`", "");
    try {
        app.parse(command_line{words.rbegin(), words.rend()}); // CLI11 takes them from the back
    } catch (const CLI::ParseError& wrong) {
        const int code = usage(app, wrong, in, words);
        in.written();
        return code;
    }
    return in.run();
}

} // namespace

int main(int count, char** arguments) {
    occupy_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN); // a reader that is gone is an error like others, and is told;
    std::signal(SIGXFSZ, SIG_IGN); // and a file that may grow no more
    program in;
    try {
        const std::string_view called = count > 0 ? std::string_view{arguments[0]} : "postrider";
        const std::string_view name = called.substr(called.rfind('/') + 1);
        if (is_of_the_sendmail_family(name)) {
            in.name = name;
            return run_sendmail(in, count - 1, arguments + 1);
        }
        if (count > 1 && std::string_view{arguments[1]} == "sendmail") {
            in.name = "postrider sendmail";
            return run_sendmail(in, count - 2, arguments + 2);
        }
        return run(in, count, arguments);
    } catch (const failure& why) {
        if (!why.text.empty()) in.complain(why.text);
        // Who reads documents gets one, unless what failed is that: of it there may be a part already.
        if (in.json && why.code != EX_IOERR) write_error(in.out(), why.code, why.text);
        in.out() << std::flush;
        return why.code;
    } catch (const std::bad_alloc&) {
        in.complain("there is no memory left");
        return EX_OSERR;
    } catch (const std::exception& other) { // a thread that the system does not give, and the like
        in.complain(other.what());
        return EX_OSERR;
    }
}

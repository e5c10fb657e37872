#include "completion.hpp"

#include <algorithm>

namespace postrider::cli {
namespace {

/// Words that options take and check by themselves, where CLI11 does not know them. test/cli/completion_test.py says each of
/// them, so none can be wrong for long.
struct known_words {
    std::string_view option{}, words{};
};
constexpr known_words known[] = {
    {"--tls", "verified opportunistic none outside"},
    {"--tls-min", "1.2 1.3"},
    {"--auth",
     "none SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 "
     "OAUTHBEARER XOAUTH2 PLAIN LOGIN EXTERNAL ANONYMOUS"},
    {"--auth-least",
     "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 "
     "OAUTHBEARER XOAUTH2 PLAIN LOGIN"},
    {"--no-use", "PIPELINING SIZE 8BITMIME CHUNKING SMTPUTF8 DSN BINARYMIME LIMITS DELIVERBY MT-PRIORITY FUTURERELEASE "
                 "REQUIRETLS STARTTLS"},
    {"--priority", "low normal high"},
    {"--notify", "success failure delay never"},
    {"--return", "full hdrs"},
    {"--quit-after", "greeting first-ehlo tls ehlo auth mail rcpt content"},
    {"--drop-after", "connect greeting first-ehlo tls ehlo auth mail rcpt data content"},
};

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> all;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        all.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

/// Within single quotes, as bash and zsh have it.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) c == '\'' ? out.append("'\\''") : out.append(1, c);
    return out.append("'");
}

std::string joined(const std::vector<std::string>& all, std::string_view between) {
    std::string out;
    for (const std::string& one : all) out.append(&one == &all.front() ? "" : between).append(one);
    return out;
}

/// The first of a help's sentences: a column has no room for more.
std::string first_sentence(std::string_view help) {
    std::size_t end = help.find(';');
    end = std::min({end, help.find(" (default"), help.find(". "), help.size()});
    return std::string{help.substr(0, end)};
}

std::string framed(std::string_view before, std::string_view text, std::string_view after) {
    return std::string{before}.append(text).append(after);
}

const option_facts* argument_of(const command_facts& command) noexcept {
    for (const option_facts& one : command.options)
        if (one.argument) return &one;
    return nullptr;
}

// --- bash

void bash_value(std::string& to, const std::string& pattern, const completion_value& value) {
    to.append("    ").append(pattern).append(")\n        ");
    switch (value.how) {
    case completes::nothing: break;
    case completes::file:
        to.append("compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n        ");
        break;
    case completes::folder:
        to.append("compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n        ");
        break;
    case completes::account:
        // Not by `compgen -W`, which would run the `$(...)` of a name. What is typed has its blanks quoted, too.
        to.append("while read -r i; do printf -v i %q \"$i\"; [[ $i != \"$current\"* ]] || COMPREPLY+=(\"$i\"); done "
                  "< <(postrider completion accounts 2>/dev/null)\n        ");
        break;
    case completes::words:
        to.append("mapfile -t COMPREPLY < <(compgen -W ")
            .append(quoted(joined(value.words, "\n")))
            .append(" -- \"$current\")\n        ");
        break;
    }
    to.append("return ;;\n");
}

void bash_command(std::string& to, const command_facts& command) {
    std::vector<std::string> names;
    to.append("    case $before in\n");
    for (const option_facts& one : command.options) {
        if (one.argument) continue;
        names.insert(names.end(), one.names.begin(), one.names.end());
        if (!one.value.empty()) bash_value(to, joined(one.names, "|"), value_of(one));
    }
    to.append("    esac\n    if [[ $current == -* ]]; then\n        mapfile -t COMPREPLY < <(compgen -W ");
    to.append(quoted(joined(names, "\n"))).append(" -- \"$current\")\n        return\n    fi\n");
    const option_facts* const argument = argument_of(command);
    if (argument == nullptr || value_of(*argument).how == completes::nothing) return;
    to.append("    case x in\n");
    bash_value(to, "x", value_of(*argument));
    to.append("    esac\n");
}

// --- zsh

/// What ends an explanation in brackets, or a part of a specification.
std::string zsh_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_action(const completion_value& value) {
    switch (value.how) {
    case completes::nothing: return " ";
    case completes::file: return "_files";
    case completes::folder: return "_files -/";
    case completes::account: return "_postrider_accounts";
    case completes::words: return framed("(", joined(value.words, " "), ")");
    }
    return " ";
}

void zsh_option(std::string& to, const option_facts& one) {
    std::vector<std::string> names = one.names;
    if (!one.value.empty())
        for (std::string& name : names) name += name.starts_with("--") ? "=" : "+";
    to.append(" \\\n                ");
    const std::string others = framed("(", joined(one.names, " "), ")");
    to.append(one.repeated ? "'*'" : quoted(others));
    to.append(names.size() == 1 ? names.front() : framed("{", joined(names, ","), "}"));
    std::string rest = framed("[", zsh_escaped(first_sentence(one.help)), "]");
    if (!one.value.empty())
        rest.append(":").append(zsh_escaped(one.value)).append(":").append(zsh_action(value_of(one)));
    to.append(quoted(rest));
}

// --- fish

std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out.append("'");
}

std::string fish_value(const completion_value& value) {
    switch (value.how) {
    case completes::nothing: return " -x";
    case completes::file:
    case completes::folder: return " -r -F";
    case completes::account: return " -x -a '(postrider completion accounts 2>/dev/null)'";
    case completes::words: return framed(" -x -a ", fish_quoted(joined(value.words, " ")), "");
    }
    return "";
}

void fish_option(std::string& to, const std::string& condition, const option_facts& one) {
    to.append("complete -c postrider -n ").append(fish_quoted(condition));
    for (const std::string& name : one.names) {
        const bool is_long = name.starts_with("--");
        to.append(is_long ? " -l " : " -s ").append(name.substr(is_long ? 2 : 1));
    }
    if (!one.value.empty()) to.append(fish_value(value_of(one)));
    to.append(" -d ").append(fish_quoted(first_sentence(one.help))).append("\n");
}

} // namespace

completion_value value_of(const option_facts& option) {
    if (!option.choices.empty()) return {.how = completes::words, .words = option.choices};
    for (const known_words& one : known)
        if (option.is(one.option)) return {.how = completes::words, .words = split(one.words)};
    if (option.is("--account")) return {.how = completes::account};
    const std::string& what = option.argument ? option.names.front() : option.value;
    if (what == "DIR" || what == "FOLDER") return {.how = completes::folder};
    const bool file = what.find("FILE") != what.npos;
    return {.how = file ? completes::file : completes::nothing};
}

std::string bash_completion(const command_facts& all) {
    std::vector<std::string> names;
    for (const command_facts& one : all.commands) names.push_back(one.name);
    std::string script = "# Completion of postrider for bash, made by `postrider completion bash`.\n";
    for (const command_facts& one : all.commands) {
        script.append("_postrider_").append(one.name).append("() {\n");
        bash_command(script, one);
        script.append("}\n");
    }
    script
        .append(R"(_postrider() {
    local IFS=$'\n' current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i
    COMPREPLY=()
    if [[ $current == = ]]; then current=; elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
    for ((i = 1; i < COMP_CWORD; ++i)); do
        if [[ ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; break; fi
    done
    case $command in
    )")
        .append(joined(names, "|"))
        .append(R"() "_postrider_$command"; return ;;
    ?*) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W )");
    std::vector<std::string> options;
    for (const option_facts& one : all.options) options.insert(options.end(), one.names.begin(), one.names.end());
    script.append(quoted(joined(options, "\n"))).append(" -- \"$current\")\n        return\n    fi\n");
    script.append("    mapfile -t COMPREPLY < <(compgen -W ")
        .append(quoted(joined(names, "\n")))
        .append(" -- \"$current\")\n}\n");
    return script.append("complete -F _postrider postrider\n");
}

std::string zsh_completion(const command_facts& all) {
    std::string script =
        "#compdef postrider\n# Completion of postrider for zsh, made by `postrider completion zsh`.\n\n";
    script.append(R"zsh(_postrider_accounts() {
    local -a accounts
    accounts=(${(f)"$(postrider completion accounts 2>/dev/null)"})
    compadd -a accounts
}

_postrider() {
    local curcontext="$curcontext" state line
    typeset -A opt_args
    _arguments -C)zsh");
    for (const option_facts& one : all.options) zsh_option(script, one);
    script.append(R"( \
                '1:command:->command' '*::argument:->argument'
    case $state in
    command)
        local -a commands
        commands=()");
    for (const command_facts& one : all.commands)
        script.append("\n            ")
            .append(quoted(one.name + ":" + one.description.substr(0, one.description.find('\n'))));
    script.append(R"()
        _describe command commands ;;
    argument)
        case $words[1] in)");
    for (const command_facts& one : all.commands) {
        script.append("\n        ").append(one.name).append(")\n            _arguments -s");
        for (const option_facts& option : one.options)
            if (!option.argument) zsh_option(script, option);
        if (const option_facts* const argument = argument_of(one))
            script.append(" \\\n                ")
                .append(
                    quoted(framed("*:", zsh_escaped(argument->names.front()), ":") += zsh_action(value_of(*argument))));
        script.append(" ;;");
    }
    return script.append(R"(
        esac ;;
    esac
}

# Either autoloaded, and then this is the function's first call; or sourced.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _postrider "$@"; else compdef _postrider postrider; fi
)");
}

std::string fish_completion(const command_facts& all) {
    std::string script =
        "# Completion of postrider for fish, made by `postrider completion fish`.\ncomplete -c postrider -f\n";
    for (const option_facts& one : all.options) fish_option(script, "__fish_use_subcommand", one);
    for (const command_facts& one : all.commands) {
        script.append("complete -c postrider -n __fish_use_subcommand -a ").append(one.name).append(" -d ");
        script.append(fish_quoted(one.description.substr(0, one.description.find('\n')))).append("\n");
        const std::string within = "__fish_seen_subcommand_from " + one.name;
        for (const option_facts& option : one.options)
            if (!option.argument) fish_option(script, within, option);
        const option_facts* const argument = argument_of(one);
        if (argument == nullptr) continue;
        const completion_value value = value_of(*argument);
        if (value.how == completes::nothing) continue;
        script.append("complete -c postrider -n ").append(fish_quoted(within));
        script.append(value.how == completes::words ? framed(" -a ", fish_quoted(joined(value.words, " ")), "") : " -F")
            .append("\n");
    }
    return script;
}

} // namespace postrider::cli

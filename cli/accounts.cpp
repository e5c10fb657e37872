#include "accounts.hpp"

#include "failure.hpp"
#include "inputs.hpp"
#include "words.hpp"

#include <postrider/io/idn2.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

namespace postrider::cli {
namespace {

constexpr std::size_t largest = 1'000'000; // octets of a configuration file

[[noreturn]] void refuse(const std::string& file, const toml::source_region& where, const std::string& why) {
    throw failure{EX_CONFIG, file + ":" + std::to_string(where.begin.line) + ": " + why};
}

/// Where one is looked for that nobody named.
std::vector<std::string> usual_files() {
    const char* const home = std::getenv("HOME");
    const char* const folder = std::getenv("XDG_CONFIG_HOME");
    std::vector<std::string> all;
    if (folder != nullptr && *folder == '/') all.push_back(std::string{folder} += "/postrider/config.toml");
    else if (home != nullptr && *home == '/') all.push_back(std::string{home} += "/.config/postrider/config.toml");
    all.emplace_back("/etc/postrider/config.toml");
    return all;
}

std::string usual_files_text() {
    std::string text;
    for (const std::string& one : usual_files()) text.append(text.empty() ? "" : " or ").append(one);
    return text;
}

std::string found_file(const std::string& said) {
    if (!said.empty()) return said;
    if (const char* const own = std::getenv("POSTRIDER_CONFIG"); own != nullptr && *own != '\0') return own;
    for (const std::string& one : usual_files()) {
        std::error_code ignored;
        if (std::filesystem::exists(one, ignored)) return one;
    }
    return {};
}

/// The name of a file, as the configuration has it: the same one, wherever the command is called.
std::string path_of(const std::string& file, const toml::node& node, const std::string& name) {
    if (!name.starts_with("~/"))
        return (std::filesystem::path{file}.parent_path() / name).string(); // absolute: as it is
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home != '/')
        refuse(file, node.source(), "`" + name + "`: there is no home folder, since HOME is not set");
    return std::string{home}.append(name, 1);
}

std::vector<std::string> texts_of(const std::string& file, const toml::node& node, const std::string& key) {
    std::vector<std::string> texts;
    const auto take = [&](const toml::node& one) {
        if (const auto text = one.value<std::string>()) texts.push_back(*text);
        else if (const auto number = one.value_exact<std::int64_t>()) texts.push_back(std::to_string(*number));
        else refuse(file, one.source(), "`" + key + "` has to be a text, or a list of texts");
    };
    if (const toml::array* const list = node.as_array())
        for (const toml::node& one : *list) take(one);
    else take(node);
    return texts;
}

void take_setting(const std::string& file, const std::string& key, const toml::node& node, settings& to) {
    if (key == "password" || key == "token")
        refuse(file, node.source(),
               "a secret does not belong in this file: use `password-file`, `password-env`, "
               "`password-command` or `token-command`");
    const setting* const which = setting_named(key);
    if (which == nullptr) refuse(file, node.source(), "there is no setting `" + key + "`: see postrider-config(5)");
    const std::string origin = file + ":" + std::to_string(node.source().begin.line) + ": " + key;
    if (which->kind == setting_kind::flag) {
        const auto on = node.value_exact<bool>();
        if (!on) refuse(file, node.source(), "`" + key + "` has to be true or false");
        return to.set(key, {*on ? "true" : "false"}, origin);
    }
    if (which->kind == setting_kind::text && node.is_array()) refuse(file, node.source(), "`" + key + "` is one text");
    std::vector<std::string> texts = texts_of(file, node, key);
    if (which->value == "FILE" || which->value == "FOLDER")
        for (std::string& one : texts)
            if (!one.empty()) one = path_of(file, node, one);
    to.set(key, std::move(texts), origin);
}

account account_of(const std::string& file, std::string name, const toml::node& node) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) refuse(file, node.source(), "[account." + name + "] is to be a table");
    account one{.name = std::move(name)};
    for (const auto& [key, value] : *table) {
        if (key.str() == "from") one.from = texts_of(file, value, "from");
        else take_setting(file, std::string{key.str()}, value, one.says);
    }
    return one;
}

/// Whoever can write the file has our passwords sent to a server of theirs, and commands run. Another user's, which is found where
/// root keeps somebody's HOME, has to be named.
void refuse_if_others_can_write(const std::string& file, const struct stat& facts, bool named) {
    if (S_ISREG(facts.st_mode) && (facts.st_mode & S_IWOTH) != 0)
        throw failure{EX_CONFIG, file + ": everybody can write it, and have commands of theirs run: chmod o-w " + file};
    if (!named && facts.st_uid != 0 && facts.st_uid != ::geteuid())
        throw failure{EX_CONFIG, file +
                                     ": it belongs to another user, who could have commands run as this one: if it is "
                                     "meant, --config " +
                                     file};
}

/// What was looked at is what is read, whatever has the file's name by now.
std::string trusted_text(const std::string& file, bool named) {
    const input_file from{file};
    if (from.error() == 0) refuse_if_others_can_write(file, from.facts(), named);
    std::string text;
    if (const int error = from.error() != 0 ? from.error() : from.read_all(text, largest); error != 0)
        throw failure{EX_CONFIG, file + ": it cannot be read: " + std::strerror(error)};
    return text;
}

/// What TOML's parser does not say of `server = submission://HOST`, which is no value of any type; else empty.
std::string_view advice_for(std::string_view text, std::size_t line) {
    while (--line != 0 && !text.empty()) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    text = text.substr(0, text.find('\n'));
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::size_t begin = text.find_first_not_of("= \t[", equals);
    if (begin == text.npos || std::string_view{"\"'{#\r"}.find(text[begin]) != std::string_view::npos) return {};
    return "; a text stands in quotes, as in server = \"submission://HOST\"";
}

accounts accounts_in(const std::string& file, std::string_view text) {
    accounts found{.file = file};
    const toml::table all = toml::parse(text, file);
    for (const auto& [key, value] : all) {
        if (key.str() == "default") {
            found.preferred = value.value<std::string>().value_or("");
            if (found.preferred.empty()) refuse(file, value.source(), "`default` has to be the name of an account");
        } else if (const toml::table* const tables = value.as_table(); key.str() == "account" && tables != nullptr) {
            for (const auto& [name, one] : *tables) found.all.push_back(account_of(file, std::string{name.str()}, one));
        } else {
            refuse(file, value.source(),
                   "`" + std::string{key.str()} + "`: there are `default` and [account.NAME], and nothing else");
        }
    }
    if (!found.preferred.empty()) static_cast<void>(found.named(found.preferred));
    return found;
}

/// `alice@bücher.example` and `alice@xn--bcher-kva.example` are one sender.
std::string with_a_labels(std::string_view address) {
    const std::size_t domain = address.rfind('@') + 1;
    std::string ascii;
    if (domain == 0 || domain_to_ascii(address.substr(domain), ascii) != errc::ok) return std::string{address};
    return std::string{address.substr(0, domain)} += ascii;
}

} // namespace

std::string_view bare_address(std::string_view text) noexcept {
    const std::size_t bracket = text.rfind('<');
    if (bracket == text.npos || !text.ends_with('>')) return text;
    return text.substr(bracket + 1, text.size() - bracket - 2);
}

std::string account::sender() const {
    for (const std::string& one : from)
        if (!one.starts_with('@')) return one;
    return {};
}

const account& accounts::named(std::string_view name) const {
    std::string names;
    for (const account& one : all) {
        if (one.name == name) return one;
        names.append(names.empty() ? "" : ", ").append(one.name);
    }
    const std::string wanted = "there is no account `" + std::string{name} + "`";
    if (file.empty())
        throw failure{EX_CONFIG, wanted + ", since there is no configuration file: " + usual_files_text()};
    throw failure{EX_CONFIG, file + ": " + wanted + "; there " + (names.empty() ? "is none" : "are " + names)};
}

const account* accounts::of_sender(std::string_view text) const {
    const std::string sender = with_a_labels(text);
    const std::size_t at = sender.rfind('@');
    if (at != sender.npos) {
        for (const account& one : all)
            for (const std::string& from : one.from)
                // The local part is case-sensitive by RFC 5321 §2.4; nobody has two accounts that differ in that alone.
                if (same_word(with_a_labels(bare_address(from)), sender)) return &one;
        for (const account& one : all)
            for (const std::string& from : one.from)
                if (from.starts_with('@') && same_word(with_a_labels(from), std::string_view{sender}.substr(at)))
                    return &one;
    }
    for (const account& one : all)
        if (one.name == preferred) return &one;
    return all.size() == 1 ? &all.front() : nullptr;
}

accounts read_accounts(const std::string& said) {
    const std::string file = found_file(said);
    if (file.empty()) return {};
    const std::string text = trusted_text(file, !said.empty());
    try {
        return accounts_in(file, text);
    } catch (const toml::parse_error& wrong) {
        refuse(file, wrong.source(),
               std::string{wrong.description()}.append(advice_for(text, wrong.source().begin.line)));
    }
}

settings complete(const settings& said, std::string& sender, bool server_needed) {
    settings all = said;
    const accounts known = read_accounts(said.text("config").value_or(""));
    const auto name = said.text("account");
    // Who names a server, and no account, means that server, with nothing of an account's.
    const account* chosen = nullptr;
    if (name) chosen = &known.named(*name);
    else if (said.find("server") == nullptr) chosen = known.of_sender(sender);
    if (chosen != nullptr) {
        all.complete(chosen->says);
        if (sender.empty()) sender = chosen->sender();
    }
    if (all.find("server") != nullptr || !server_needed) return all;
    if (chosen != nullptr)
        throw failure{EX_CONFIG,
                      known.file + ": [account." + chosen->name + "] names no server: server = \"submission://HOST\""};
    if (known.all.empty())
        throw failure{EX_CONFIG, "no server is named: --server URL, or an account in " +
                                     (known.file.empty() ? usual_files_text() : known.file) +
                                     ": [account.NAME] with server = \"submission://HOST\""};
    throw failure{EX_CONFIG, known.file + ": no account belongs to " +
                                 (sender.empty() ? "no sender" : "`" + sender + "`") +
                                 ": name one by --account, or set `default`"};
}

} // namespace postrider::cli

#include "settings.hpp"

#include "exit_code.hpp"
#include "failure.hpp"
#include "secret_command.hpp"
#include "terminal.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <sysexits.h>
#include <utility>

namespace postrider::cli {
namespace {

constexpr std::string_view server_group = "Server";
constexpr std::string_view sendmail_group = "Sendmail";
constexpr std::string_view tls_group = "TLS";
constexpr std::string_view auth_group = "Authentication";
constexpr std::string_view dkim_group = "DKIM";

using enum setting_kind;

constexpr std::array table{
    setting{"server",
            {},
            "URL",
            "smtp://, submission://, submissions://, lmtp://HOST[:PORT], lmtp+unix:/PATH, or HOST[:PORT]",
            server_group},
    setting{"ehlo", "helo", "NAME", "How this client calls itself; default: this host's full name, or its address",
            server_group},
    setting{
        "timeout",
        {},
        "SECONDS",
        "A mail, or a probe, ends after that; default 0: never, but each step within its own time (RFC 5321 §4.5.3.2)",
        server_group},
    setting{"connect-timeout", {}, "SECONDS", "The name, TCP and the proxy; default 30", server_group},
    setting{"source-address", {}, "ADDRESS", "The local address to connect from", server_group},
    setting{"dns", {}, "ADDRESS:PORT", "DNS servers to ask instead of the system's, with commas between", server_group},
    setting{"proxy", {}, "URL", "socks5://[USER@]HOST:PORT or http://[USER@]HOST:PORT", server_group},
    setting{"proxy-password-file", {}, "FILE", "The proxy's password is in that file", server_group},
    setting{"proxy-password-env", {}, "NAME", "The proxy's password is in that environment variable", server_group},
    setting{"proxy-password-command", {}, "COMMAND", "That command prints the proxy's password", server_group},
    setting{"no-use",
            {},
            "KEYWORD",
            "An extension not to be used although it is offered, such as CHUNKING; may be repeated",
            server_group,
            list},
    setting{"look-ahead",
            {},
            "N",
            "How many mails may share a flight, in doubt until it is answered; default 1",
            server_group},
    setting{"mails-per-connection",
            {},
            "N",
            "Then there is a new connection; default 0: as many as the server takes",
            server_group},
    setting{"local-domain", {}, "DOMAIN", "Of addresses that have none, for sendmail", sendmail_group},

    setting{"tls",
            {},
            "POLICY",
            "verified (default), opportunistic, none (clear text), outside (a tunnel protects it)",
            tls_group},
    setting{"tls-ca", "tls-ca-file", "FILE", "Trust these authorities (PEM) instead of the system's", tls_group},
    setting{"tls-ca-folder", "tls-ca-path", "FOLDER", "Trust these authorities, by their hashed names", tls_group},
    setting{"tls-pin",
            {},
            "PIN",
            "The server's key must be this one, sha256//BASE64 (probe shows it); may be repeated",
            tls_group,
            list},
    setting{"tls-pin-suffices", {}, "", "A key that is pinned needs no authority, date or name", tls_group, flag},
    setting{"tls-sni", "tls-server-name", "NAME", "The name that the server must prove to have; default: the host",
            tls_group},
    setting{"tls-min", {}, "VERSION", "1.2 (default) or 1.3", tls_group},
    setting{"tls-cert", {}, "FILE", "This client's certificate, with its chain (PEM)", tls_group},
    setting{"tls-key", {}, "FILE", "Its key; default: in the file of the certificate", tls_group},
    setting{"tls-key-password-file", {}, "FILE", "The key's password is in that file", tls_group},
    setting{"tls-key-password-env", {}, "NAME", "The key's password is in that environment variable", tls_group},
    setting{"tls-key-password-command", {}, "COMMAND", "That command prints the key's password", tls_group},

    setting{"user", "auth-user", "NAME", "Who authenticates; without a source for the password it is asked for",
            auth_group},
    setting{"password-file", {}, "FILE", "The password is in that file, but for its last line end", auth_group},
    setting{"password-env", {}, "NAME", "The password is in that environment variable", auth_group},
    setting{"password-command",
            {},
            "COMMAND",
            "That command, run by sh, prints the password in its first line",
            auth_group},
    setting{"token-command",
            {},
            "COMMAND",
            "That command prints an OAuth 2.0 access token; run again where it is refused",
            auth_group},
    setting{
        "auth", {}, "MECHANISM", "Only this one, such as SCRAM-SHA-256, PLAIN, EXTERNAL; none: no AUTH", auth_group},
    setting{"auth-least", {}, "MECHANISM", "None that is weaker than this one", auth_group},
    setting{"auth-as", {}, "NAME", "The authorization identity: whom to act for", auth_group},
    setting{"auth-in-clear",
            {},
            "",
            "Authenticate although nothing encrypts it, or nobody verified the server",
            auth_group,
            flag},

    setting{"dkim-key", {}, "FILE", "Sign with this key (PEM, RSA or Ed25519)", dkim_group},
    setting{"dkim-selector", {}, "NAME", "Its selector", dkim_group},
    setting{"dkim-domain", {}, "DOMAIN", "Who answers for the mail; default: the sender's domain", dkim_group},
    setting{"dkim-key-password-file", {}, "FILE", "The password of an encrypted key is in that file", dkim_group},
    setting{"dkim-key-password-env", {}, "NAME", "It is in that environment variable", dkim_group},
    setting{"dkim-key-password-command", {}, "COMMAND", "That command prints it", dkim_group},
};

/// Not a line of the configuration file.
bool is_option(const std::string& origin) { return origin.starts_with("--") || origin == "URL"; }

[[noreturn]] void refuse(const settings::value& what, const std::string& why) {
    throw failure{is_option(what.origin) ? EX_USAGE : EX_CONFIG, what.origin + ": " + why};
}

template <class Value, std::size_t Size>
Value one_of(const settings::value& said, const std::pair<std::string_view, Value> (&known)[Size]) {
    const std::string& text = said.texts.back();
    std::string names;
    for (const auto& [name, value] : known) {
        if (same_word(name, text)) return value;
        names.append(names.empty() ? "" : ", ").append(name);
    }
    refuse(said, "`" + text + "` is none of " + names);
}

template <class Number>
void take_number(const settings& said, std::string_view name, Number most, Number& to) {
    const settings::value* const value = said.find(name);
    if (value == nullptr) return;
    const std::string& text = value->texts.back();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    if (error != std::errc{} || end != text.data() + text.size() || to > most || text.front() == '-')
        refuse(*value, "`" + text + "` is no whole number from 0 to " + std::to_string(most));
}

void take_seconds(const settings& said, std::string_view name, std::chrono::milliseconds& to) {
    constexpr std::int64_t year = 366 * 86400;
    std::int64_t seconds = -1;
    take_number(said, name, year, seconds);
    if (seconds >= 0) to = std::chrono::seconds{seconds};
}

/// Those that a client can do without, or does nothing with.
constexpr extension optional_extensions[]{extension::pipelining,  extension::size,           extension::eight_bit_mime,
                                          extension::chunking,    extension::smtputf8,       extension::dsn,
                                          extension::binary_mime, extension::limits,         extension::deliver_by,
                                          extension::mt_priority, extension::future_release, extension::require_tls,
                                          extension::starttls};

/// Of those that have a `name`.
template <class Value>
Value by_name(const settings::value& said, std::span<const Value> known) {
    std::string names;
    for (const Value one : known) {
        if (same_word(name(one), said.texts.back())) return one;
        names.append(names.empty() ? "" : ", ").append(name(one));
    }
    refuse(said, "`" + said.texts.back() + "` is none of " + names);
}

flags<extension> unused_of(const settings& said) {
    flags<extension> unused;
    if (const auto* const value = said.find("no-use"))
        for (const std::string& text : value->texts) {
            if (same_word(text, "AUTH")) refuse(*value, "without AUTH: --auth none");
            unused.add(by_name<extension>({{text}, value->origin}, optional_extensions));
        }
    return unused;
}

mechanism mechanism_of(const settings::value& said) {
    std::vector<mechanism> all;
    for (std::uint32_t bit = 1; all_mechanisms.has(static_cast<mechanism>(bit)); bit <<= 1)
        all.push_back(static_cast<mechanism>(bit));
    return by_name<mechanism>(said, all);
}

tls_settings tls_of(const settings& said) {
    constexpr std::pair<std::string_view, tls_policy> policies[] = {{"verified", tls_policy::verified},
                                                                    {"opportunistic", tls_policy::opportunistic},
                                                                    {"none", tls_policy::none},
                                                                    {"outside", tls_policy::outside}};
    constexpr std::pair<std::string_view, tls_version> versions[] = {{"1.2", tls_version::tls_1_2},
                                                                     {"1.3", tls_version::tls_1_3}};
    tls_settings tls;
    if (const auto* const policy = said.find("tls")) tls.policy = one_of(*policy, policies);
    if (const auto* const least = said.find("tls-min")) tls.least = one_of(*least, versions);
    if (const auto* const pins = said.find("tls-pin")) tls.pins = pins->texts;
    tls.pins_suffice = said.is_on("tls-pin-suffices");
    tls.ca_file = said.text("tls-ca").value_or("");
    tls.ca_folder = said.text("tls-ca-folder").value_or("");
    tls.certificate_file = said.text("tls-cert").value_or("");
    tls.key_file = said.text("tls-key").value_or("");
    tls.server_name = said.text("tls-sni").value_or("");
    if (auto password = secret_of(said, "tls-key-password"))
        tls.key_password = std::make_shared<const secret>(std::move(*password));
    return tls;
}

std::string host_of(const std::string& url) {
    const std::size_t slashes = url.find("//");
    return slashes == url.npos ? url : url.substr(slashes + 2);
}

authentication with_password(const settings& said, const std::string& user, const std::string& url) {
    auto given = secret_of(said, "password");
    if (!given)
        given = ask_secret("Password for " + user + " at " + host_of(url) + ": ",
                           "there is a user (" + said.find("user")->origin +
                               ") and no password, and no terminal to ask at: "
                               "use --password-file, --password-env or --password-command");
    return password(user, std::move(*given));
}

authentication auth_of(const settings& said, const std::string& url) {
    const settings::value* const only = said.find("auth");
    if (only != nullptr && same_word(only->texts.back(), "none")) return {};
    const mechanism wanted = only != nullptr ? mechanism_of(*only) : mechanism::none;
    const std::string user = said.text("user").value_or("");
    const settings::value* const command = said.find("token-command");

    authentication auth;
    if (wanted == mechanism::external) auth = external(said.text("auth-as").value_or(""));
    else if (wanted == mechanism::anonymous) auth = anonymous(user);
    else if (command != nullptr) auth = token(user, token_by_command(command->texts.back(), command->origin));
    else if (!user.empty()) auth = with_password(said, user, url);
    else if (only != nullptr) refuse(*only, "nobody is named to authenticate: --user NAME");
    else {
        for (const char* const source : {"password-file", "password-env", "password-command"})
            if (const auto* const password = said.find(source)) refuse(*password, "it is whose? --user NAME");
        return {};
    }

    if (command != nullptr && user.empty()) refuse(*command, "a token belongs to somebody: --user NAME");
    if (const auto* const least = said.find("auth-least")) {
        auth.allowed = strongest_down_to(mechanism_of(*least));
        if (wanted != mechanism::none && !auth.allowed.has(wanted))
            refuse(*only,
                   "`" + only->texts.back() + "` is weaker than `" + least->texts.back() + "` of " + least->origin);
    }
    if (wanted != mechanism::none) { // "only this one" stands, whatever else would be strong enough
        auth.preferred = wanted;
        auth.allowed = {};
        auth.allowed.add(wanted);
    }
    auth.authorize_as = said.text("auth-as").value_or(auth.authorize_as);
    auth.allow_cleartext = said.is_on("auth-in-clear");
    return auth;
}

/// What a URL has to spell otherwise (RFC 3986 §2.1).
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (plain.find(c) != plain.npos) {
            out += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        out.append("%").append(1, digits[octet >> 4]).append(1, digits[octet & 15]);
    }
    return out;
}

/// The URL that the library takes holds the password; nobody sees that one.
std::string proxy_of(const settings& said) {
    std::string url = said.text("proxy").value_or("");
    const std::size_t scheme = url.find("://"), end = url.rfind('@');
    if (scheme != url.npos && end != url.npos && url.find(':', scheme + 3) < end)
        refuse(*said.find("proxy"),
               "a password there is seen by everybody on this machine, or by whoever reads the file: "
               "use proxy-password-file, proxy-password-env or proxy-password-command");
    const auto given = secret_of(said, "proxy-password");
    if (!given) return url;
    const std::size_t at = url.rfind('@');
    if (at == url.npos)
        throw failure{EX_USAGE, "the proxy's password is given, and no user: --proxy socks5://USER@HOST:PORT"};
    return url.insert(at, std::string{":"}.append(percent_encoded(given->reveal())));
}

} // namespace

void settings::set(const std::string& name, std::vector<std::string> texts, std::string origin) {
    values_[name] = {std::move(texts), std::move(origin)};
}

const settings::value* settings::find(std::string_view name) const noexcept {
    const auto found = values_.find(name);
    return found == values_.end() || found->second.texts.empty() ? nullptr : &found->second;
}

std::optional<std::string> settings::text(std::string_view name) const {
    const value* const found = find(name);
    return found == nullptr ? std::nullopt : std::optional{found->texts.back()};
}

bool settings::is_on(std::string_view name) const { return text(name) == "true"; }

void settings::complete(const settings& account) {
    const bool other_server = find("server") != nullptr;
    const auto says_any = [this](std::string_view prefix) {
        for (const auto& one : values_)
            if (one.first.starts_with(prefix)) return true;
        return false;
    };
    const auto is_of_another = [&](std::string_view name) {
        for (const std::string_view owner : {"proxy", "tls-key", "dkim-key"})
            if (const std::string password = std::string{owner} + "-password-"; name.starts_with(password))
                return find(owner) != nullptr || says_any(password);
        return false;
    };
    const bool other_user = find("user") != nullptr || says_any("password-") || says_any("token-command");
    std::map<std::string, value, std::less<>> added;
    for (const auto& [name, theirs] : account.values_) {
        const setting* const which = setting_named(name);
        const bool secret = name.starts_with("password-") || name == "token-command";
        const bool of_auth = which != nullptr && which->group == auth_group;
        if (of_auth && other_server) continue;
        if (secret && other_user) continue;
        if (is_of_another(name)) continue;
        if (name.starts_with("tls-key") && find("tls-cert") != nullptr) continue; // its key may be in its own file
        if (find(name) == nullptr) added.insert({name, theirs});
    }
    values_.merge(added);
}

std::span<const setting> all_settings() noexcept { return table; }

const setting* setting_named(std::string_view name) noexcept {
    for (const setting& one : table)
        if (one.name == name) return &one;
    return nullptr;
}

std::optional<secret> secret_of(const settings& said, const std::string& what) {
    const settings::value* const file = said.find(what + "-file");
    const settings::value* const variable = said.find(what + "-env");
    const settings::value* const command = said.find(what + "-command");
    const settings::value* found = nullptr;
    for (const auto* const one : {file, variable, command}) {
        if (one == nullptr) continue;
        if (found != nullptr) refuse(*one, "one place to take it from is enough: there is also " + found->origin);
        found = one;
    }
    if (found == nullptr) return std::nullopt;
    const std::string& text = found->texts.back();
    if (found == command) return secret_by_command(text, found->origin);
    secret_found got = found == file ? secret::from_file(text.c_str()) : secret::from_environment(text.c_str());
    if (got) return std::move(got.value);
    std::string why = "`" + text + "`: " + describe(got.error);
    if (got.error == secret_errc::unreadable) why.append(": ").append(std::strerror(got.system_error));
    throw failure{EX_CONFIG, found->origin + ": " + why};
}

namespace {

/// By the place where it was said: an option, or a line of the configuration file.
[[noreturn]] void refuse_server(const settings& said, const server& wrong) {
    std::string text = in_our_words(wrong.problem());
    const std::size_t colon = text.find(": ");
    const settings::value* which = said.find("server");
    if (text.starts_with("--") && colon != text.npos) {
        which = said.find(std::string_view{text}.substr(2, colon - 2));
        if (which != nullptr) text.replace(0, colon, which->origin);
    }
    const bool of_a_value = wrong.error() == errc::invalid_url || wrong.error() == errc::invalid_domain ||
                            wrong.error() == errc::invalid_parameter; // not of what is in a file
    throw failure{of_a_value && which != nullptr && is_option(which->origin) ? EX_USAGE : EX_CONFIG, text};
}

} // namespace

server make_server(const settings& said, client_options more) {
    const settings::value* const at = said.find("server");
    if (at == nullptr) throw failure{EX_CONFIG, "no server is named: --server URL, or an account with one"};
    const std::string url = url_of(at->texts.back());
    more.tls = tls_of(said);
    more.client_name = said.text("ehlo").value_or("");
    more.source_address = said.text("source-address").value_or("");
    more.dns_servers = said.text("dns").value_or("");
    more.proxy = proxy_of(said);
    more.unused = unused_of(said);
    more.limits.total = {};
    take_seconds(said, "timeout", more.limits.total);
    take_seconds(said, "connect-timeout", more.limits.connect);
    take_number<std::uint16_t>(said, "look-ahead", 65535, more.look_ahead);
    take_number<unsigned>(said, "mails-per-connection", 1'000'000'000, more.mails_per_connection);
    more.auth = auth_of(said, url);
    server to{url, std::move(more)};
    if (!to) refuse_server(said, to);
    return to;
}

std::optional<dkim_signer> make_signer(const settings& said, std::string_view sender) {
    const settings::value* const file = said.find("dkim-key");
    if (file == nullptr) {
        for (const char* const other : {"dkim-selector", "dkim-domain"})
            if (const settings::value* const one = said.find(other))
                refuse(*one, "nothing is signed without a key: --dkim-key FILE");
        return std::nullopt;
    }
    const auto selector = said.text("dkim-selector");
    if (!selector)
        refuse(*file, "a key has a selector, under which its other half stands in the DNS: --dkim-selector NAME");
    const std::size_t at = sender.rfind('@');
    const std::string domain =
        said.text("dkim-domain").value_or(at == sender.npos ? std::string{} : std::string{sender.substr(at + 1)});
    if (domain.empty()) refuse(*file, "the sender has no domain to sign for: --dkim-domain DOMAIN");
    const auto password = secret_of(said, "dkim-key-password");
    dkim_signer signer{.domain = domain,
                       .selector = *selector,
                       .key =
                           dkim_key::from_file(file->texts.back(), password ? secret_view{*password} : secret_view{})};
    if (!signer.key) throw failure{EX_CONFIG, file->origin + ": " + signer.key.problem()};
    return signer;
}

std::string url_of(std::string_view text) {
    if (text.find("://") != text.npos || text.find("+unix:") != text.npos) return std::string{text};
    if (text.starts_with('/')) return std::string{"smtp+unix:"}.append(text);
    const std::size_t bracket = text.rfind(']');
    const std::size_t colon = text.find(':', bracket == text.npos ? 0 : bracket);
    const std::string_view port = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
    const char* const scheme = port == "25"    ? "smtp"
                               : port == "465" ? "submissions"
                               : port == "24"  ? "lmtp"
                                               : "submission";
    return std::string{scheme}.append("://").append(text);
}

namespace {

/// `to[1]: `bob` is not ...` and `headers[0].value: ...` begin with a member of `message`: the option that it comes from.
void name_the_option(std::string& text) {
    constexpr std::string_view members[]{"from",
                                         "to",
                                         "cc",
                                         "bcc",
                                         "sender",
                                         "reply_to",
                                         "subject",
                                         "headers",
                                         "text",
                                         "html",
                                         "message_id",
                                         "in_reply_to",
                                         "references",
                                         "envelope_from",
                                         "inlines",
                                         "calendar",
                                         "list_unsubscribe",
                                         "tls_optional"};
    const std::size_t colon = text.find(": ");
    // A sentence may begin so too: `to.bob@b.example rejected at RCPT: 550 ...`
    if (colon == text.npos || text.find_first_of(" @") < colon) return;
    std::string option = text.substr(0, std::min(text.find_first_of("[."), colon));
    if (std::find(std::begin(members), std::end(members), option) == std::end(members)) return;
    if (option == "headers" || option == "inlines") option.pop_back(); // one an option
    std::replace(option.begin(), option.end(), '_', '-');
    text.replace(0, colon, "--" + option);
}

} // namespace

std::string in_our_words(std::string text) {
    name_the_option(text);
    constexpr std::pair<std::string_view, std::string_view> words[]{
        {"by tls.policy = tls_policy::none or opportunistic", "by --tls none, or --tls opportunistic"},
        {"leave tls.policy out", "leave --tls none out"},
        {"tls_settings::certificate_file", "--tls-cert"},
        {"tls.server_name", "--tls-sni"},
        {"tls.ca_file", "--tls-ca"},
        {"tls.ca_folder", "--tls-ca-folder"},
        {"tls.pins_suffice", "--tls-pin-suffices"},
        {"tls.pins", "--tls-pin"},
        {"tls.certificate_file", "--tls-cert"},
        {"tls.key_file", "--tls-key"},
        {"give auth", "give --user"},
        {"give it as `.auth`", "give it by --user, and the password by --password-file"},
        {"auth.allow_cleartext", "--auth-in-clear"},
        {"client_name", "--ehlo"},
        {"source_address", "--source-address"},
        {"dns_servers", "--dns"},
        {"look_ahead", "--look-ahead"},
        {"give one in the envelope, or <>", "give one by --from or --envelope-from; '<>' is nobody"},
        {"is the member `date`", "is written as the mail is made"},
        {"is the member `list_unsubscribe.one_click`", "is what --one-click writes"},
        {"is the member `", "has an option of its own: `--"},
        {"use `attachments`", "use --attach"},
        {"attachments[", "--attach ["},
        {"see `delivery`, and the recipients' `notify` and `original_recipient`",
         "see --envelope-id, --deliver-by, --hold-for and --hold-until"},
        {"the pool was cancelled", "interrupted"},
        {"cancelled by the caller", "interrupted"},
        {"give key_password", "give --tls-key-password-file"},
        {"give certificate_file", "give --tls-cert"},
        {"`delivery.require_tls`", "--require-tls"},
        {"dkim_signer: selector", "--dkim-selector"},
        {"dkim_signer: domain", "--dkim-domain"}};
    for (const auto& [from, to] : words) replace_all(text, from, to);
    constexpr std::string_view own = "has an option of its own: `--";
    if (const std::size_t at = text.find(own); at != text.npos)
        std::replace(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), '_', '-');
    return text;
}

failure cannot_be_sent(errc error, const std::string& problem) {
    return {exit_code(error), in_our_words(problem.empty() ? describe(error) : problem)};
}

} // namespace postrider::cli

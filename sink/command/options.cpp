// The options, each in one line of help.
#include "postrider/sink/command_line.hpp"

#include <algorithm>
#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "postrider/sink/sink.hpp"

namespace postrider::sink {

namespace {

template <class Number>
Number number_of(const std::string& option, const std::string& text) {
    Number number{};
    if (!CLI::detail::lexical_cast(text, number)) throw CLI::ValidationError(option, text + ": no number");
    return number;
}

// "MAILMAX=10 RCPTMAX=100 RCPTDOMAINMAX=1"
limits limits_of(const std::string& option, const std::string& text) {
    limits parsed;
    std::istringstream words{text};
    for (std::string word; words >> word;) {
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string name = word.substr(0, equals);
        auto* const limit = name == "MAILMAX"         ? &parsed.mails
                            : name == "RCPTMAX"       ? &parsed.recipients
                            : name == "RCPTDOMAINMAX" ? &parsed.rcpt_domains
                                                      : nullptr;
        if (limit == nullptr || equals == word.size()) throw CLI::ValidationError(option, word + ": no limit");
        *limit = number_of<std::uint64_t>(option, word.substr(equals + 1));
    }
    return parsed;
}

// What stands behind "KEYWORD=" is a setting of its own.
void set_value(config& config, extensions& offers, const std::string& keyword, const std::string& value) {
    std::istringstream words{value};
    if (keyword == "SIZE") {
        config.max_message_octets = number_of<std::uint64_t>("--offer", value);
    } else if (keyword == "AUTH") {
        offers.auth.clear();
        for (std::string name; words >> name;) offers.auth.push_back(name);
    } else if (keyword == "LIMITS") {
        config.limits = limits_of("--offer", value);
    } else if (keyword == "DELIVERBY") {
        config.deliverby_minimum = number_of<std::uint64_t>("--offer", value);
    } else if (keyword == "MT-PRIORITY") {
        config.mt_priority_policy = value;
    } else if (keyword == "FUTURERELEASE") {
        if (!(words >> config.futurerelease_seconds >> config.futurerelease_until))
            throw CLI::ValidationError("--offer", "FUTURERELEASE=SECONDS DATE is needed");
    } else if (keyword == "REQUIRETLS" && value == "clear") {
        config.requiretls_in_clear = true;
    } else {
        throw CLI::ValidationError("--offer", keyword + " takes no value, or not this one");
    }
}

// "SIZE=1000", "CHUNKING", "AUTH=PLAIN LOGIN"
void offer(config& config, extensions& offers, const std::string& what) {
    const std::size_t equals = what.find('=');
    const std::string keyword = what.substr(0, equals);
    if (!offers.turn(keyword, true)) {
        offers.extra.push_back(what); // a line that the sink does not understand, but offers
        return;
    }
    if (equals != std::string::npos) set_value(config, offers, keyword, what.substr(equals + 1));
}

void add_answer(config& config, const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) throw CLI::ValidationError("--answer", "'COMMAND=REPLY' is needed");
    config.answers.push_back({text.substr(0, equals), text.substr(equals + 1)});
}

// "NAME:SECRET"; the name has no colon, the secret may have.
std::pair<std::string, std::string> pair_of(const std::string& option, const std::string& text, const char* wanted) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string::npos)
        throw CLI::ValidationError(option, std::string{wanted} + " is needed");
    return {text.substr(0, colon), text.substr(colon + 1)};
}

void add_user(config& config, const std::string& option, const std::string& text) {
    auto [name, password] = pair_of(option, text, "NAME:PASSWORD");
    config.users.push_back({std::move(name), std::move(password), ""});
}

void add_token(config& config, const std::string& option, const std::string& text) {
    auto [name, token] = pair_of(option, text, "NAME:TOKEN");
    for (auto& one : config.users)
        if (one.name == name) return void(one.token = token);
    config.users.push_back({std::move(name), "", std::move(token)});
}

// A pair a line; empty lines and those that begin with # are none.
template <class Add>
void read_pairs(config& config, const std::string& option, const std::string& file, Add&& add) {
    if (file.empty()) return;
    std::ifstream lines{file};
    if (!lines) throw CLI::ValidationError(option, "cannot read " + file);
    std::string line;
    for (unsigned number = 1; std::getline(lines, line); ++number) {
        if (line.ends_with('\r')) line.pop_back();
        if (line.empty() || line[0] == '#') continue;
        add(config, option + " " + file + ":" + std::to_string(number), line);
    }
}

using texts = std::vector<std::string>;

void add_listen_options(CLI::App& app, command_line& line) {
    config& config = line.config;
    const char* const group = "Listening";
    app.add_option("--listen", config.listen,
                   "Listen there: ADDRESS:PORT or [ADDRESS6]:PORT, port 0 is any free one (default 127.0.0.1:0); "
                   "may be repeated")
        ->option_text("ADDRESS:PORT")
        ->group(group);
    app.add_option("--name", config.name, "Greet with this name (default sink.example)")
        ->option_text("NAME")
        ->group(group);
    app.add_flag_callback(
           "--lmtp", [&config] { config.protocol = protocol::lmtp; }, "Speak LMTP instead of SMTP")
        ->group(group);
    app.add_option("--max-open", config.max_open_connections,
                   "Tell 421 to a connection beyond so many at a time (default 0: no limit)")
        ->option_text("N")
        ->group(group);
    app.add_option_function<std::uint64_t>(
           "--idle", [&config](std::uint64_t seconds) { config.idle_timeout = std::chrono::seconds{seconds}; },
           "Tell 421 to a client that is idle for so many seconds (default 0: never)")
        ->option_text("SECONDS")
        ->group(group);
    app.add_option("--max-connections", config.stop_after_connections,
                   "End after so many connections (default 0: never)")
        ->option_text("N")
        ->group(group);
    app.add_option("--max-mails", config.stop_after_mails, "End after so many mails (default 0: never)")
        ->option_text("N")
        ->group(group);
    app.add_option("--port-file", line.port_file, "Write the address of each listener to this file, one a line")
        ->option_text("FILE")
        ->group(group);
}

void add_offer_options(CLI::App& app, config& config) {
    const char* const group = "What it offers";
    app.add_option_function<texts>(
           "--offer",
           [&config](const texts& all) {
               for (const auto& one : all) offer(config, config.offers, one);
           },
           "Offer an EHLO keyword: SIZE=1000000, VRFY, AUTH=PLAIN, 'LIMITS=MAILMAX=10 RCPTMAX=100', REQUIRETLS=clear, "
           "or any line; may be repeated")
        ->option_text("KEYWORD")
        ->group(group);
    app.add_option_function<texts>(
           "--no",
           [&config](const texts& all) {
               for (const auto& one : all)
                   if (!config.offers.turn(one, false)) throw CLI::ValidationError("--no", one + ": unknown keyword");
           },
           "Do not offer an EHLO keyword; may be repeated")
        ->option_text("KEYWORD")
        ->group(group);
    app.add_flag_callback(
           "--bare", [&config] { config.offers = extensions::none(); }, "Offer nothing but what --offer says")
        ->trigger_on_parse()
        ->group(group);
    app.add_option("--refuse-ehlo", config.refuse_ehlo, "Answer this to EHLO, such as '502 5.5.1 no'")
        ->option_text("REPLY")
        ->group(group);
    app.add_option_function<std::string>(
           "--limits-after-auth",
           [&config](const std::string& text) { config.limits_after_auth = limits_of("--limits-after-auth", text); },
           "Have these LIMITS once AUTH has succeeded, such as RCPTMAX=1000")
        ->option_text("LIMITS")
        ->group(group);
    app.add_option("--max-recipients", config.max_recipients,
                   "Refuse the recipients of a mail beyond so many (default 0: no limit)")
        ->option_text("N")
        ->group(group);
    app.add_option_function<texts>(
           "--answer",
           [&config](const texts& all) {
               for (const auto& one : all) add_answer(config, one);
           },
           "Answer so to one VRFY, EXPN, ETRN or HELP: 'VRFY jones=250 <jones@b.example>'; may be repeated")
        ->option_text("COMMAND=REPLY")
        ->group(group);
    app.add_flag("--bdat-after-refusal", config.bdat_after_refusal,
                 "Take a BDAT after one that was refused for want of recipients, as Exim 4.96 does")
        ->group(group);
}

void add_auth_options(CLI::App& app, command_line& line) {
    config& config = line.config;
    const char* const group = "Authentication";
    app.add_option("--users", line.said.users_file, "Let in whom this file names, NAME:PASSWORD on each line")
        ->option_text("FILE")
        ->check(CLI::ExistingFile)
        ->group(group);
    app.add_option_function<texts>(
           "--user",
           [&config](const texts& all) {
               for (const auto& one : all) add_user(config, "--user", one);
           },
           "Let in this user; other users of the machine can see it (see --users); may be repeated")
        ->option_text("NAME:PASSWORD")
        ->group(group);
    app.add_option("--tokens", line.said.tokens_file,
                   "Let in by XOAUTH2 and OAUTHBEARER whom this file names, NAME:TOKEN on each line")
        ->option_text("FILE")
        ->check(CLI::ExistingFile)
        ->group(group);
    app.add_option("--token", line.said.tokens,
                   "The same for one user; others can see it (see --tokens); may be repeated")
        ->option_text("NAME:TOKEN")
        ->group(group);
    app.add_flag("--require-auth", config.require_auth, "Refuse MAIL without AUTH")->group(group);
    app.add_flag_callback(
           "--no-auth-in-clear", [&config] { config.auth_in_clear = false; }, "Offer AUTH over TLS only")
        ->group(group);
    app.add_option("--scram-iterations", config.scram.iterations, "Hash a password so often (default 4096)")
        ->option_text("N")
        ->group(group);
    app.add_flag("--scram-signature-with-235", config.scram.signature_with_235,
                 "Tell the server's signature with the 235, not in a 334 of its own")
        ->group(group);
    static const std::map<std::string, scram_fault> faults{{"wrong-signature", scram_fault::wrong_signature},
                                                           {"no-signature", scram_fault::no_signature},
                                                           {"foreign-nonce", scram_fault::foreign_nonce},
                                                           {"bare-nonce", scram_fault::bare_nonce}};
    app.add_option_function<std::string>(
           "--scram-fault", [&config](const std::string& name) { config.scram.fault = faults.at(name); },
           "Be a server that does not know the password, or worse: wrong-signature, no-signature, foreign-nonce, "
           "bare-nonce")
        ->check(CLI::IsMember({"wrong-signature", "no-signature", "foreign-nonce", "bare-nonce"}))
        ->option_text("FAULT")
        ->group(group);
}

tls_version version_of(const std::string& text) {
    if (text == "1.0") return tls_version::tls_1_0;
    if (text == "1.1") return tls_version::tls_1_1;
    return text == "1.2" ? tls_version::tls_1_2 : tls_version::tls_1_3;
}

// All but the first of them make no sense without it.
void add_tls_options(CLI::App& app, command_line& line) {
    tls& tls = line.config.tls;
    const CLI::IsMember is_version({"1.0", "1.1", "1.2", "1.3"});
    auto* const certificate = app.add_option("--tls-certificate", tls.certificate,
                                             "Offer STARTTLS with this certificate and its chain, in PEM");
    certificate->option_text("FILE")->group("TLS");
    const auto more = [certificate](CLI::Option* option, const char* value = nullptr) {
        option->needs(certificate)->group("TLS");
        if (value != nullptr) option->option_text(value);
        return option;
    };
    more(app.add_option("--tls-key", tls.key, "Its key, in PEM (default: it stands in the file of the certificate)"),
         "FILE");
    more(app.add_flag("--implicit-tls", tls.implicit, "Speak TLS from the first octet, without STARTTLS"));
    more(app.add_option_function<std::string>(
             "--tls-min", [&tls](const std::string& text) { tls.minimum = version_of(text); },
             "The lowest version: 1.0, 1.1, 1.2, 1.3 (default 1.2)"),
         "VERSION")
        ->check(is_version);
    more(app.add_option_function<std::string>(
             "--tls-max", [&tls](const std::string& text) { tls.maximum = version_of(text); },
             "The highest version (default 1.3)"),
         "VERSION")
        ->check(is_version);
    more(app.add_option("--tls-ciphers", tls.ciphers, "The ciphers up to TLS 1.2, as OpenSSL names them"), "LIST");
    more(app.add_option("--tls-client-ca", tls.client_ca, "Ask clients for a certificate that one of these has signed"),
         "FILE");
    more(app.add_flag("--tls-require-client-certificate", tls.require_client_certificate,
                      "Refuse a client without one"));
    more(app.add_flag_callback(
        "--no-tls-tickets", [&tls] { tls.tickets = false; }, "Let no session be resumed"));
    more(app.add_flag_callback(
        "--no-extended-master-secret", [&tls] { tls.extended_master_secret = false; },
        "Be a TLS 1.2 server without RFC 7627"));
    more(app.add_option("--offer-after-tls", line.said.on_after_tls,
                        "Offer an EHLO keyword once TLS is on; may be repeated"),
         "KEYWORD");
    more(app.add_option("--no-after-tls", line.said.off_after_tls,
                        "Do not offer one any more once TLS is on; may be repeated"),
         "KEYWORD");
}

void add_fault_options(CLI::App& app, command_line& line) {
    const char* const group = "Faults and counting";
    app.add_option("--script", line.said.script_file, "Play the faults of this file; see --help-script")
        ->option_text("FILE")
        ->check(CLI::ExistingFile)
        ->group(group);
    app.add_option("--fault", line.said.rules,
                   "Play this one, such as 'on RCPT 2 reply \"451 later\"'; may be repeated")
        ->option_text("RULE")
        ->group(group);
    app.add_flag("--help-script", line.help_script, "Explain the language of faults, and end")->group(group);
    app.add_flag("--hold", line.config.hold,
                 "Release replies only when the client is quiet, which counts waits exactly")
        ->group(group);
    app.add_option_function<std::uint64_t>(
           "--quiet-ms", [&line](std::uint64_t time) { line.config.quiet = std::chrono::milliseconds{time}; },
           "With --hold, how long the client must be quiet, in milliseconds (default 20)")
        ->option_text("MS")
        ->group(group);
}

void add_storing_options(CLI::App& app, command_line& line) {
    auto* const folder =
        app.add_option("--folder", line.config.folder, "Store each mail there as NNNNNN.eml, with NNNNNN.json");
    folder->option_text("DIR")->group("Mails");
    app.add_option("--maildir", line.config.maildir, "Store each mail there as mail readers have it, a Maildir")
        ->excludes(folder)
        ->option_text("DIR")
        ->group("Mails");
    const char* const group = "Output";
    app.add_flag("--transcript", line.transcript, "Print the dialogs to standard error, without secrets")->group(group);
    auto* const events = app.add_flag("--events", line.events,
                                      "Print what happens as JSON, a line each: doc/json/sink-event.schema.json");
    events->group(group);
    app.add_flag("--quiet", line.quiet, "Print no line for each mail and no sum")->excludes(events)->group(group);
    app.add_option("--report", line.report_file,
                   "Write the report as JSON to this file: doc/json/sink-report.schema.json")
        ->option_text("FILE")
        ->group(group);
}

// What changes with TLS: on top of what is offered in clear, wherever that stands among the options.
void complete_offers(command_line& line) {
    if (line.said.on_after_tls.empty() && line.said.off_after_tls.empty()) return;
    line.config.offers_after_tls = line.config.offers;
    for (const auto& one : line.said.on_after_tls) offer(line.config, *line.config.offers_after_tls, one);
    for (const auto& one : line.said.off_after_tls)
        if (!line.config.offers_after_tls->turn(one, false))
            throw CLI::ValidationError("--no-after-tls", one + ": unknown keyword");
}

} // namespace

void add_options(CLI::App& to, command_line& line) {
    add_listen_options(to, line);
    add_offer_options(to, line.config);
    add_auth_options(to, line);
    add_tls_options(to, line);
    add_fault_options(to, line);
    add_storing_options(to, line);
}

void complete(command_line& line) {
    complete_offers(line);
    read_pairs(line.config, "--users", line.said.users_file, add_user);
    for (const auto& one : line.said.tokens) add_token(line.config, "--token", one);
    read_pairs(line.config, "--tokens", line.said.tokens_file, add_token);
    if (line.config.tls.key.empty()) line.config.tls.key = line.config.tls.certificate;
    if (!line.said.script_file.empty()) {
        std::ifstream file{line.said.script_file};
        std::ostringstream text;
        text << file.rdbuf();
        line.config.script = text.str();
    }
    for (const auto& rule : line.said.rules)
        line.config.script.append(line.config.script.empty() ? "" : "\n").append(rule);
}

} // namespace postrider::sink

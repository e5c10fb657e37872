#include "options.hpp"

#include <algorithm>
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <sysexits.h>

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

void add_user(config& config, const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string::npos) throw CLI::ValidationError("--user", "NAME:PASSWORD is needed");
    config.users.push_back({text.substr(0, colon), text.substr(colon + 1), ""});
}

void add_token(config& config, const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string::npos) throw CLI::ValidationError("--token", "NAME:TOKEN is needed");
    const std::string name = text.substr(0, colon);
    for (auto& one : config.users)
        if (one.name == name) return void(one.token = text.substr(colon + 1));
    config.users.push_back({name, "", text.substr(colon + 1)});
}

void add_auth_options(CLI::App& app, config& config, std::vector<std::string>& tokens) {
    app.add_option("--token", tokens, "NAME:TOKEN, for AUTH XOAUTH2 and OAUTHBEARER; may be repeated");
    app.add_option("--scram-iterations", config.scram.iterations, "how often a password is hashed")
        ->capture_default_str();
    app.add_flag("--scram-signature-with-235", config.scram.signature_with_235,
                 "tell the server's signature with the 235, not in a 334 of its own");
    static const std::map<std::string, scram_fault> faults{{"wrong-signature", scram_fault::wrong_signature},
                                                           {"no-signature", scram_fault::no_signature},
                                                           {"foreign-nonce", scram_fault::foreign_nonce},
                                                           {"bare-nonce", scram_fault::bare_nonce}};
    app.add_option_function<std::string>(
           "--scram-fault", [&](const std::string& name) { config.scram.fault = faults.at(name); },
           "be a server that does not know the password, or worse")
        ->check(CLI::IsMember(faults));
}

void add_server_options(CLI::App& app, config& config) {
    app.add_option("--listen", config.listen, "ADDRESS:PORT or [ADDRESS6]:PORT; port 0 is any; may be repeated")
        ->capture_default_str();
    app.add_option("--name", config.name, "the name that it greets with")->capture_default_str();
    app.add_flag_callback(
        "--lmtp", [&] { config.protocol = protocol::lmtp; }, "speak LMTP");
    app.add_option_function<std::vector<std::string>>(
        "--offer",
        [&](const std::vector<std::string>& all) {
            for (const auto& one : all) offer(config, config.offers, one);
        },
        "an EHLO keyword: SIZE=1000000, VRFY, AUTH=PLAIN, 'LIMITS=MAILMAX=10 RCPTMAX=100', REQUIRETLS=clear, or any "
        "line; may be repeated");
    app.add_option_function<std::vector<std::string>>(
        "--no",
        [&](const std::vector<std::string>& all) {
            for (const auto& one : all)
                if (!config.offers.turn(one, false)) throw CLI::ValidationError("--no", one + ": unknown keyword");
        },
        "an EHLO keyword not to offer; may be repeated");
    app.add_flag_callback(
           "--bare", [&] { config.offers = extensions::none(); }, "offer nothing")
        ->trigger_on_parse();
    app.add_option_function<std::string>(
        "--limits-after-auth",
        [&](const std::string& text) { config.limits_after_auth = limits_of("--limits-after-auth", text); },
        "the LIMITS that hold once AUTH has succeeded, such as RCPTMAX=1000");
    app.add_option_function<std::vector<std::string>>(
        "--answer",
        [&](const std::vector<std::string>& all) {
            for (const auto& one : all) add_answer(config, one);
        },
        "'VRFY jones=250 <jones@b.example>', or to EXPN, ETRN, HELP; may be repeated");
    app.add_flag("--bdat-after-refusal", config.bdat_after_refusal,
                 "take a BDAT after one that was refused for want of recipients, as Exim 4.96 does");
    app.add_option("--refuse-ehlo", config.refuse_ehlo, "the reply to EHLO, such as '502 5.5.1 no'");
    app.add_option_function<std::vector<std::string>>(
        "--user",
        [&](const std::vector<std::string>& all) {
            for (const auto& one : all) add_user(config, one);
        },
        "NAME:PASSWORD, for AUTH; may be repeated");
    app.add_flag("--require-auth", config.require_auth, "refuse MAIL without AUTH");
    app.add_option("--max-recipients", config.max_recipients, "of a mail; 0 is no limit");
    app.add_option("--max-open", config.max_open_connections, "connections at a time; 0 is no limit");
    app.add_option_function<std::uint64_t>(
        "--idle", [&](std::uint64_t seconds) { config.idle_timeout = std::chrono::seconds{seconds}; },
        "seconds until an idle client is told 421; 0 is never");
}

tls_version version_of(const std::string& text) {
    if (text == "1.0") return tls_version::tls_1_0;
    if (text == "1.1") return tls_version::tls_1_1;
    return text == "1.2" ? tls_version::tls_1_2 : tls_version::tls_1_3;
}

// What changes with TLS: on top of what is offered in clear, wherever that stands among the options.
struct after_tls {
    std::vector<std::string> on, off;

    void apply(config& config) const {
        if (on.empty() && off.empty()) return;
        config.offers_after_tls = config.offers;
        for (const auto& one : on) offer(config, *config.offers_after_tls, one);
        for (const auto& one : off)
            if (!config.offers_after_tls->turn(one, false))
                throw CLI::ValidationError("--no-after-tls", one + ": unknown keyword");
    }
};

void add_tls_options(CLI::App& app, config& config, after_tls& later) {
    tls& tls = config.tls;
    const std::set<std::string> versions{"1.0", "1.1", "1.2", "1.3"};
    auto* const certificate =
        app.add_option("--tls-certificate", tls.certificate, "PEM, with its chain: STARTTLS is offered");
    const auto with_certificate = [&](CLI::Option* option) { option->needs(certificate); };
    auto* const key = app.add_option("--tls-key", tls.key, "PEM; otherwise it stands in the file of the certificate");
    with_certificate(key);
    with_certificate(app.add_flag("--implicit-tls", tls.implicit, "TLS from the first octet, without STARTTLS"));
    with_certificate(app.add_option("--tls-client-ca", tls.client_ca, "ask clients for a certificate by one of these"));
    with_certificate(app.add_flag("--tls-require-client-certificate", tls.require_client_certificate,
                                  "refuse a client without one"));
    with_certificate(app.add_option_function<std::string>(
                            "--tls-min", [&](const std::string& text) { tls.minimum = version_of(text); },
                            "the lowest version: 1.0, 1.1, 1.2 (default), 1.3")
                         ->check(CLI::IsMember(versions)));
    with_certificate(app.add_option_function<std::string>(
                            "--tls-max", [&](const std::string& text) { tls.maximum = version_of(text); },
                            "the highest version; 1.3")
                         ->check(CLI::IsMember(versions)));
    with_certificate(app.add_option("--tls-ciphers", tls.ciphers, "up to TLS 1.2, as OpenSSL names them"));
    with_certificate(app.add_flag_callback(
        "--no-tls-tickets", [&] { tls.tickets = false; }, "let no session be resumed"));
    with_certificate(app.add_flag_callback(
        "--no-extended-master-secret", [&] { tls.extended_master_secret = false; },
        "be a TLS 1.2 server without RFC 7627"));
    app.add_flag_callback(
        "--no-auth-in-clear", [&] { config.auth_in_clear = false; }, "offer AUTH over TLS only");
    with_certificate(app.add_option("--offer-after-tls", later.on, "an EHLO keyword, once TLS is on; may be repeated"));
    with_certificate(app.add_option("--no-after-tls", later.off, "one not to offer any more; may be repeated"));
}

void add_output_options(CLI::App& app, options& parsed) {
    config& config = parsed.config;
    app.add_option("--folder", config.folder, "store each mail there: NNNNNN.eml and NNNNNN.json");
    app.add_flag("--transcript", parsed.transcript, "print the dialogs to standard error, without secrets");
    app.add_flag("--hold", config.hold, "release replies only when the client is quiet: counts waits exactly");
    app.add_option_function<std::uint64_t>(
        "--quiet-ms", [&](std::uint64_t time) { config.quiet = std::chrono::milliseconds{time}; },
        "with --hold, how long the client must be quiet; 20");
    app.add_option("--max-connections", config.stop_after_connections, "end after so many");
    app.add_option("--max-mails", config.stop_after_mails, "end after so many");
    app.add_option("--port-file", parsed.port_file, "write the address of each listener there, one a line");
    app.add_option("--report", parsed.report_file, "write the report there, not to standard output");
}

} // namespace

std::optional<int> parse_options(int argc, char** argv, options& parsed) {
    CLI::App app{"An SMTP server that takes mails, counts, and spoils the dialog on demand.\n"
                 "It ends at SIGINT, SIGTERM or a limit, and then reports as JSON.",
                 "postrider-sink"};
    add_server_options(app, parsed.config);
    after_tls later;
    std::vector<std::string> tokens;
    add_auth_options(app, parsed.config, tokens);
    add_tls_options(app, parsed.config, later);
    add_output_options(app, parsed);
    std::string script_file;
    std::vector<std::string> rules;
    bool help_script = false;
    app.add_option("--script", script_file, "a file of faults to play")->check(CLI::ExistingFile);
    app.add_option("--fault", rules, "a rule, such as 'on RCPT 2 reply \"451 later\"'; may be repeated");
    app.add_flag("--help-script", help_script, "explain the fault language");
    try {
        app.parse(argc, argv);
        later.apply(parsed.config);
        for (const auto& one : tokens) add_token(parsed.config, one);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? EX_OK : EX_USAGE;
    }
    if (help_script) {
        std::cout << script_help();
        return EX_OK;
    }
    if (parsed.config.tls.key.empty()) parsed.config.tls.key = parsed.config.tls.certificate;
    if (!script_file.empty()) {
        std::ostringstream text;
        text << std::ifstream{script_file}.rdbuf();
        parsed.config.script = text.str();
    }
    for (const auto& rule : rules) parsed.config.script += "\n" + rule;
    return std::nullopt;
}

} // namespace postrider::sink

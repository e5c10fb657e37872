// The options of `postrider probe`.
#include "failure.hpp"
#include "probe.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace postrider::cli {
namespace {

constexpr const char* how_far = "How far it goes";
constexpr const char* output = "Output";

CLI::Option* add_list(CLI::App& to, const std::string& names, std::vector<std::string>& all, const std::string& help,
                      const char* value) {
    return to.add_option(names, all, help)->allow_extra_args(false)->option_text(value)->group(how_far);
}

void add_stage(CLI::App& to, const std::string& name, std::optional<probe_stage>& stage, const std::string& help) {
    to.add_option_function<std::string>(
          name, [&stage, name](const std::string& word) { stage = stage_of(name, word); }, help)
        ->option_text("STAGE")
        ->group(how_far);
}

void add_probe_options(CLI::App& app, probe_request& r) {
    app.add_option_function<std::string>(
           "URL", [&r](const std::string& text) { r.said.set("server", {text}, "URL"); },
           "smtp://, submission://, submissions://, lmtp://HOST[:PORT], lmtp+unix:/PATH, or HOST[:PORT]; default: the "
           "account's")
        ->option_text(" ");
    add_stage(
        app, "--quit-after", r.quit_after,
        "Say QUIT behind: greeting, first-ehlo, tls, ehlo, auth, mail, rcpt, content; default: what was asked for");
    add_stage(app, "--drop-after", r.drop_after, "Close without QUIT behind: connect, data (the 354), or one of these");
    app.add_option_function<std::string>(
           "-f,--from", [&r](const std::string& text) { r.from = text; },
           "Go on to MAIL from this sender; <> is nobody")
        ->option_text("ADDRESS")
        ->group(how_far);
    add_list(app, "-t,--to", r.to, "Go on to RCPT for this recipient; may be repeated", "ADDRESS");
    app.add_option_function<std::string>(
           "--body", [&r](const std::string& text) { r.body = text; }, "Send a mail with this text")
        ->option_text("TEXT")
        ->group(how_far);
    app.add_option("--data", r.data_file, "Send this message (RFC 5322) as the mail; - is standard input")
        ->option_text("FILE")
        ->group(how_far)
        ->excludes("--body");
    add_list(app, "--verify", r.verify, "Ask for a mailbox (VRFY); may be repeated", "ADDRESS");
    add_list(app, "--expand", r.expand, "Ask for a mailing list (EXPN); may be repeated", "LIST");
    add_list(app, "--xclient", r.xclient,
             "Pretend to be another client (Postfix's XCLIENT), as ADDR=192.0.2.1; may be repeated", "NAME=VALUE");

    app.add_flag("-v,--transcript", r.transcript, "Show what is said and heard before the report, without secrets")
        ->group(output);
    app.add_flag("--times", r.times, "Each line of the transcript begins with its time; implies --transcript")
        ->group(output);
    app.add_flag("!--no-report", r.summary, "Print no report: the transcript alone")->group(output);
    app.add_option("--svg", r.svg_file, "Draw the time of each step into that file")
        ->option_text("FILE")
        ->group(output);
    app.add_option("--save-chain", r.chain_file, "Write the server's certificates into that file (PEM)")
        ->option_text("FILE")
        ->group(output);
}

constexpr const char* examples = R"(Examples:
  postrider probe mail.example                                # submission, port 587: what it offers, and who it is
  postrider probe smtp://mx.example -v --quit-after tls       # with the transcript, as far as TLS
  postrider probe mail.example --user alice                   # and authenticate
  postrider probe smtp://mx.example -f alice@a.example -t bob@b.example      # would it take a mail? none is sent
  postrider probe mail.example --json --svg probe.svg

Transcript: -> sent, <- received, ~> and <~ inside TLS, ** errors. Stages may be said as swaks says them: banner, first-helo, helo, dot.
Exit codes: 0 the server is as it should be; 68 no such host, 69 refused, 75 not now or not reached, 76 TLS (also NOT VERIFIED) or protocol, 77 authentication, 78 configuration, 64 usage, 130 interrupted.)";

} // namespace

void add_probe(CLI::App& to, program& in) {
    CLI::App* const app =
        to.add_subcommand("probe", "Look at a server: its certificates, what it offers, what sending there is like");
    const auto request = std::make_shared<probe_request>();
    const auto support = std::make_shared<bool>(false);
    add_probe_options(*app, *request);
    add_settings(*app, request->said, settings_for::looking);
    app->add_flag("--support", *support, "Print what this build speaks, and do nothing else")->group(output);
    add_output_options(*app, in);
    app->footer(examples);
    app->callback([&in, request, support] {
        request->transcript = request->transcript || request->times;
        in.run = [&in, request, support] { return *support ? tell_support(in) : run_probe(in, *request); };
    });
}

} // namespace postrider::cli

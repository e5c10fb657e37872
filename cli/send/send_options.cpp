// The options of `postrider send`.
#include "send.hpp"

#include "words.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>

namespace postrider::cli {
namespace {

constexpr const char* people = "Message";
constexpr const char* envelope = "Delivery";
constexpr const char* sending = "Sending";

template <class Address>
CLI::Option* add_addresses(CLI::App& to, const std::string& names, std::vector<Address>& all, const std::string& help) {
    return to
        .add_option_function<std::vector<std::string>>(
            names,
            [&all](const std::vector<std::string>& texts) {
                for (const std::string& text : texts) // as a header field has them
                    for (std::string& one : addresses_of(text)) all.emplace_back(std::move(one));
            },
            help)
        ->allow_extra_args(false)
        ->option_text("ADDRESS")
        ->group(people);
}

header_field header_of(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == text.npos)
        throw CLI::ValidationError("--header", "`" + text + "` is no header field: 'NAME: VALUE'");
    const std::size_t value = text.find_first_not_of(" \t", colon + 1);
    return {text.substr(0, colon), value == text.npos ? "" : text.substr(value)};
}

// "3600", "3600;notify", "3600;return", each also with ";trace"
void deliver_by(const std::string& text, delivery& to) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, to.by_seconds);
    const std::string how{rest, end};
    if (error == std::errc{})
        for (const auto& [mode, word] :
             {std::pair{by_mode::notify, ""}, {by_mode::notify, ";notify"}, {by_mode::return_mail, ";return"}})
            for (const bool trace : {false, true})
                if (how == std::string{word} + (trace ? ";trace" : "")) {
                    if (mode == by_mode::return_mail && to.by_seconds <= 0)
                        throw CLI::ValidationError("--deliver-by",
                                                   "what comes back if it is late has more than 0 seconds");
                    to.by = mode;
                    to.by_trace = trace;
                    return;
                }
    throw CLI::ValidationError(
        "--deliver-by", "`" + text + "` is not SECONDS, SECONDS;notify or SECONDS;return, with ;trace or without");
}

void add_address_options(CLI::App& app, send_request& r) {
    message& m = r.composed;
    add_addresses(app, "-f,--from", m.from, "The author: 'Alice <alice@a.example>'; default: the account's");
    add_addresses(app, "-t,--to", m.to,
                  "A recipient, or several with commas between; may be repeated, and may stand without the option");
    add_addresses(app, "recipient", m.to, "Whom to send it to")->allow_extra_args(true);
    add_addresses(app, "-c,--cc", m.cc, "A recipient of a copy");
    add_addresses(app, "-b,--bcc", m.bcc, "A recipient that the message does not name");
    app.add_option("--to-file", r.to_files, "Recipients, one a line; - is standard input")
        ->option_text("FILE")
        ->allow_extra_args(false)
        ->group(people);
    add_addresses(app, "--reply-to", m.reply_to, "Where answers go");
    app.add_option_function<std::string>(
           "--sender", [&m](const std::string& text) { m.sender = any_address{text}; }, "Who sends it for the author")
        ->option_text("ADDRESS")
        ->group(people);
}

void add_content_options(CLI::App& app, send_request& r) {
    message& m = r.composed;
    app.add_option("-s,--subject", m.subject, "The subject")->option_text("TEXT")->group(people);
    app.add_option_function<std::string>(
           "--text,--body",
           [&r](const std::string& text) {
               r.composed.text = text;
               r.has_text = true;
           },
           "The text; without any of --text, --text-file, --html, --html-file it is read from standard input")
        ->option_text("TEXT")
        ->group(people);
    app.add_option("--text-file", r.text_file, "The text is in that file; - is standard input")
        ->option_text("FILE")
        ->group(people);
    app.add_option("--html", m.html, "The text in HTML; with a plain text it is the other form of it")
        ->option_text("HTML")
        ->group(people);
    app.add_option("--html-file", r.html_file, "The HTML is in that file; - is standard input")
        ->option_text("FILE")
        ->group(people);
    app.add_option(
           "-a,--attach", r.attach,
           "Attach a file, read as it is sent; 'FILE;name=NAME;type=TYPE' where these differ; - is standard input")
        ->option_text("FILE")
        ->allow_extra_args(false)
        ->group(people);
    app.add_option("--inline", r.inlines, "A file that the HTML shows as cid:ID")
        ->option_text("ID=FILE")
        ->allow_extra_args(false)
        ->group(people);
    app.add_option("--calendar", r.calendar_file, "An iCalendar invitation (iMIP)")->option_text("FILE")->group(people);
}

void add_header_options(CLI::App& app, send_request& r) {
    message& m = r.composed;
    app.add_option_function<std::vector<std::string>>(
           "--header",
           [&m](const std::vector<std::string>& all) {
               for (const std::string& one : all) m.headers.push_back(header_of(one));
           },
           "Another header field; may be repeated")
        ->option_text("'NAME: VALUE'")
        ->allow_extra_args(false)
        ->group(people);
    app.add_option("--message-id", m.message_id, "Default: a random one")->option_text("<ID>")->group(people);
    app.add_option("--in-reply-to", m.in_reply_to, "The message that this one answers")
        ->option_text("<ID>")
        ->allow_extra_args(false)
        ->group(people);
    app.add_option("--references", m.references, "The thread, oldest first; may be repeated")
        ->option_text("<ID>")
        ->allow_extra_args(false)
        ->group(people);
    app.add_option_function<std::string>(
           "--priority",
           [&m](const std::string& text) {
               if (same_word(text, "low")) m.priority = message_priority::low;
               else if (same_word(text, "normal")) m.priority = message_priority::normal;
               else if (same_word(text, "high")) m.priority = message_priority::high;
               else throw CLI::ValidationError("--priority", "`" + text + "` is none of low, normal, high");
           },
           "What readers show: low, normal, high")
        ->option_text("WHICH")
        ->group(people);
    app.add_option("--list-unsubscribe", m.list_unsubscribe.uris,
                   "How to leave the list: https: or mailto:; may be repeated")
        ->option_text("URI")
        ->allow_extra_args(false)
        ->group(people);
    app.add_flag("--one-click", m.list_unsubscribe.one_click, "A POST to the https: one unsubscribes (RFC 8058)")
        ->group(people);
    app.add_option(
           "--raw,--data", r.raw_file,
           "Send a message that is written already (RFC 5322); - is standard input. Recipients: those that are said, "
           "else To, Cc and Bcc; Bcc is taken out")
        ->option_text("FILE")
        ->group(people);
    app.add_flag("--keep-bcc", r.keep_bcc, "Leave Bcc in it")->group(people);
}

void add_delivery_options(CLI::App& app, send_request& r) {
    delivery& d = r.composed.delivery;
    app.add_option_function<std::string>(
           "--envelope-from", [&r](const std::string& text) { r.composed.envelope_from = text; },
           "The reverse-path, where bounces go; default: sender or author; <>: nowhere")
        ->option_text("ADDRESS")
        ->group(envelope);
    app.add_option_function<std::string>(
           "--notify", [&d](const std::string& text) { d.notify = notify_of(text, "--notify"); },
           "Tell the sender of: success,failure,delay, or never (DSN, RFC 3461)")
        ->option_text("WHEN")
        ->group(envelope);
    app.add_option_function<std::string>(
           "--return",
           [&d](const std::string& text) {
               if (same_word(text, "full")) d.ret = return_content::full;
               else if (same_word(text, "hdrs")) d.ret = return_content::headers;
               else throw CLI::ValidationError("--return", "`" + text + "` is neither full nor hdrs");
           },
           "What of the mail comes back with a notification: full, hdrs")
        ->option_text("WHAT")
        ->group(envelope);
    app.add_option("--envelope-id", d.envelope_id, "A name for the mail, that notifications have (DSN, ENVID)")
        ->check(CLI::Validator{[](const std::string& text) {
                                   const bool ascii = std::all_of(text.begin(), text.end(),
                                                                  [](char c) { return c >= ' ' && c <= '~'; });
                                   return ascii && text.size() <= 100 ? "" : "it has 1 to 100 octets of ASCII";
                               },
                               ""})
        ->option_text("ID")
        ->group(envelope);
    app.add_flag("--require-tls", d.require_tls,
                 "Every server on the way has to use verified TLS, or the mail comes back (RFC 8689)")
        ->group(envelope);
    app.add_flag("--tls-optional", r.composed.tls_optional,
                 "Delivery matters more than TLS (TLS-Required: No, RFC 8689)")
        ->group(envelope);
    app.add_option_function<int>(
           "--mt-priority",
           [&d](int level) {
               d.prioritised = true;
               d.priority = static_cast<std::int8_t>(level);
           },
           "Of the transport, -9 to 9 (RFC 6710)")
        ->check(CLI::Range(-9, 9).description(""))
        ->option_text("LEVEL")
        ->group(envelope);
    app.add_option_function<std::string>(
           "--deliver-by", [&d](const std::string& text) { deliver_by(text, d); },
           "'SECONDS;notify' or 'SECONDS;return', with ';trace' too (RFC 2852)")
        ->option_text("BY")
        ->group(envelope);
    // A server that lacks the extension would deliver at once, which is not what was asked for.
    app.add_option_function<std::uint32_t>(
           "--hold-for",
           [&d](std::uint32_t seconds) {
               d.hold_seconds = seconds;
               d.required.add(extension::future_release);
           },
           "Deliver after so many seconds (FUTURERELEASE, RFC 4865); not sent if the server cannot")
        ->check(CLI::Range(1, 999'999'999).description(""))
        ->option_text("SECONDS")
        ->group(envelope);
    app.add_option_function<std::string>(
           "--hold-until",
           [&d](const std::string& text) {
               if (date_time_number(text) == 0)
                   throw CLI::ValidationError("--hold-until",
                                              "`" + text + "` is no date and time in UTC, as 2030-01-31T12:00:00Z");
               d.hold_until = text;
               d.required.add(extension::future_release);
           },
           "Deliver then: 2030-01-31T12:00:00Z; not sent if the server cannot")
        ->option_text("DATE")
        ->group(envelope);
    app.add_flag_callback(
           "--all-or-nothing", [&d] { d.policy = recipient_policy::all_or_nothing; },
           "One recipient that is refused, and none gets it")
        ->group(envelope);
}

void add_sending_options(CLI::App& app, send_request& r) {
    app.add_flag("--each", r.each, "One mail for each recipient, that names no other one")->group(sending);
    app.add_option("--connections", r.connections, "How many connections --each may use; default 1")
        ->check(CLI::Range(1, 1000).description(""))
        ->option_text("N")
        ->group(sending);
    app.add_flag("-n,--dry-run", r.dry_run,
                 "Write the message to standard output, and the envelope to standard error; send nothing")
        ->group(sending);
    app.add_flag("-v,--transcript", r.transcript, "Show what is said and heard, on standard error, without secrets")
        ->group("Output");
    app.add_flag("-q,--quiet", r.quiet, "Print only the recipients that have not got it")->group("Output");
    app.add_flag_callback(
           "--no-progress", [&r] { r.progress = false; }, "Draw no progress bar, on a terminal neither")
        ->group("Output");
}

constexpr const char* examples = R"(Examples:
  postrider send --server mail.example --user alice -f alice@a.example \
      -s Hello --text 'Hi, Bob.' bob@b.example
  postrider send --account work -s Report -a report.pdf bob@b.example <text
  postrider send --raw message.eml     # to those that its header names
  postrider send --each --to-file readers --connections 4 -s News <text
  postrider send -n -f alice@a.example -s Test --text x bob@b.example

Exit codes: 0 all accepted; 69 refused; 75 not now; 80 unknown, it may have arrived; 64 usage; 65 data; 66 no input; 68 no such host; 76 TLS or protocol; 77 authentication; 78 configuration; 130 interrupted. Of several: the first of 80, 130, 75, the others, 69.)";
} // namespace

void add_send(CLI::App& to, program& in) {
    CLI::App* const app = to.add_subcommand("send", "Send a message, and say what became of it for each recipient");
    const auto request = std::make_shared<send_request>();
    add_address_options(*app, *request);
    add_content_options(*app, *request);
    add_header_options(*app, *request);
    add_delivery_options(*app, *request);
    add_sending_options(*app, *request);
    add_settings(*app, request->said);
    add_output_options(*app, in);
    app->footer(examples);
    app->callback([&in, request] { in.run = [&in, request] { return run_send(in, *request); }; });
}

} // namespace postrider::cli

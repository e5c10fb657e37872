#include "probe.hpp"

#include "accounts.hpp"
#include "certificate_chain.hpp"
#include "exit_code.hpp"
#include "failure.hpp"
#include "inputs.hpp"
#include "interrupt.hpp"
#include "probe_report.hpp"
#include "waterfall.hpp"
#include "words.hpp"

#include <nlohmann/json.hpp>
#include <postrider/limits.hpp>
#include <postrider/message.hpp>
#include <postrider/raw_message.hpp>
#include <postrider/x_attributes.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <sysexits.h>
#include <utility>

namespace postrider::cli {
namespace {

constexpr std::array<std::pair<std::string_view, probe_stage>, 17> stages{{{"connect", probe_stage::connect},
                                                                           {"greeting", probe_stage::greeting},
                                                                           {"banner", probe_stage::greeting},
                                                                           {"first-ehlo", probe_stage::first_ehlo},
                                                                           {"first-helo", probe_stage::first_ehlo},
                                                                           {"first-lhlo", probe_stage::first_ehlo},
                                                                           {"tls", probe_stage::tls},
                                                                           {"starttls", probe_stage::tls},
                                                                           {"ehlo", probe_stage::ehlo},
                                                                           {"helo", probe_stage::ehlo},
                                                                           {"lhlo", probe_stage::ehlo},
                                                                           {"auth", probe_stage::auth},
                                                                           {"mail", probe_stage::mail},
                                                                           {"rcpt", probe_stage::rcpt},
                                                                           {"data", probe_stage::data},
                                                                           {"dot", probe_stage::content},
                                                                           {"content", probe_stage::content}}};

/// How far to go, and whether with QUIT. What sends a mail has to be said: by its content, or by the stage.
void take_stage(const probe_request& r, probe_options& to) {
    const bool content = r.body || !r.data_file.empty();
    if (r.quit_after && r.drop_after)
        throw failure{EX_USAGE, "--quit-after and --drop-after: it leaves once; one of them is enough"};
    if (!r.from && (content || !r.to.empty()))
        throw failure{EX_USAGE, "to go as far as MAIL a sender is needed: --from ADDRESS, or --from '<>'"};
    to.last = r.quit_after ? r.quit_after : r.drop_after;
    to.quit = !r.drop_after;
    if (r.quit_after == probe_stage::connect)
        throw failure{EX_USAGE, "--quit-after connect: a server that has not greeted takes no QUIT: --drop-after "
                                "connect, or --quit-after greeting"};
    if (r.quit_after == probe_stage::data)
        throw failure{EX_USAGE, "--quit-after data: behind a 354 a QUIT would be content: --drop-after data"};
    if (!to.last && content) to.last = probe_stage::content;
    const probe_stage last = to.last.value_or(probe_stage::auth);
    if (last >= probe_stage::mail && !r.from)
        throw failure{EX_USAGE, "to go as far as MAIL a sender is needed: --from ADDRESS, or --from '<>'"};
    if (last >= probe_stage::rcpt && r.to.empty())
        throw failure{EX_USAGE, "to go as far as RCPT a recipient is needed: --to ADDRESS"};
    if (last == probe_stage::content && !content)
        throw failure{EX_USAGE, "to send a mail its content is needed: --body TEXT, or --data FILE"};
    if (content && r.to.empty()) throw failure{EX_USAGE, "a mail needs a recipient: --to ADDRESS"};
    if (!to.last && r.from) to.last = r.to.empty() ? probe_stage::mail : probe_stage::rcpt;
}

outgoing mail_of(const probe_request& r) {
    const bool null_path = *r.from == "<>";
    const std::string author = null_path ? "postmaster@localhost" : *r.from;
    std::vector<std::string> whom = r.to;
    if (whom.empty()) whom = {author}; // nobody hears of it: MAIL is the last that leaves
    envelope to{.from = null_path ? "" : *r.from};
    for (const std::string& one : whom) to.to.push_back({.address = one});
    outgoing mail;
    if (!r.data_file.empty()) {
        mail = compose(raw_message{.content = r.data_file == "-" ? stream_content(inputs{}.standard("--data"))
                                                                 : file_content(r.data_file),
                                   .envelope = to,
                                   .add_date = true,
                                   .add_message_id = true});
    } else {
        message m;
        m.from = {author};
        m.to = {whom.begin(), whom.end()};
        m.subject = "Probe";
        m.text = r.body.value_or("A probe goes as far as this, and not further.\n");
        mail = compose(m);
    }
    if (mail.error != errc::ok) throw cannot_be_sent(mail.error, mail.problem);
    mail.envelope = std::move(to);
    return mail;
}

/// All in one command, as Postfix takes them.
std::string x_client(const std::vector<std::string>& all) {
    x_attributes to;
    for (const std::string& one : all) {
        const std::size_t equals = one.find('=');
        if (equals == one.npos || to.add(one.substr(0, equals), one.substr(equals + 1)) != errc::ok)
            throw failure{EX_USAGE,
                          "--xclient: `" + one +
                              "` is not NAME=VALUE with NAME, ADDR, PORT, PROTO, HELO, LOGIN, DESTADDR or DESTPORT"};
    }
    return std::string{to.text()};
}

/// What no line can hold is refused here: the session would leave it out, and the report not say so.
void ask(probe_options& to, phase what, const char* option, const std::vector<std::string>& all) {
    for (const std::string& one : all) {
        const bool controls = std::any_of(one.begin(), one.end(),
                                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
        if (one.empty() || one.size() > limits::framed_path || controls)
            throw failure{EX_USAGE, std::string{option} + ": what is asked for has 1 to " +
                                        std::to_string(limits::framed_path) + " octets, and no control characters"};
        to.ask.emplace_back(what, one);
    }
}

probe_options options_of(const probe_request& r) {
    probe_options to;
    take_stage(r, to);
    if (to.last && *to.last >= probe_stage::mail) to.mail = mail_of(r);
    if (!r.xclient.empty()) to.ask.emplace_back(phase::xclient, x_client(r.xclient));
    ask(to, phase::vrfy, "--verify", r.verify);
    ask(to, phase::expn, "--expand", r.expand);
    to.cancel = &interrupt(); // not before the mail is read: what waits for standard input is ended by Ctrl-C itself
    return to;
}

using clock = std::chrono::steady_clock;

client_options watching(const program& in, const probe_request& r, const clock::time_point& begun) {
    client_options options;
    if (!r.transcript) return options;
    options.transcript = [&in, times = r.times, &begun](std::string_view line) {
        std::ostream& to = in.json ? in.err() : in.out();
        if (times) {
            const double ms = std::chrono::duration<double, std::milli>(clock::now() - begun).count();
            std::array<char, 32> text{};
            std::snprintf(text.data(), text.size(), "%9.1f ms  ", ms);
            to << text.data();
        }
        const style with = in.json ? in.err_style() : in.out_style();
        const std::string_view colour = line.starts_with("**")                           ? with.bad
                                        : line.starts_with("=") || line.starts_with("<") ? with.faint
                                                                                         : std::string_view{};
        to << colour << line << (colour.empty() ? std::string_view{} : with.plain)
           << std::endl; // it is looked at while it goes on
    };
    return options;
}

/// Recipients of whom no RCPT was said although nothing went wrong: the server takes no more in one mail (LIMITS RCPTMAX).
std::size_t unasked(const probe_options& options, const probe_result& seen) {
    if (!seen || seen.mail || !options.mail || options.last < probe_stage::rcpt) return 0;
    const auto asked =
        static_cast<std::size_t>(std::count_if(seen.steps.begin(), seen.steps.end(), [](const probe_step& one) {
            return one.where == phase::rcpt && one.code != 0;
        }));
    const std::size_t all = options.mail->envelope.to.size();
    return all - std::min(asked, all);
}

/// The report first: a picture that cannot be drawn does not take it away.
void tell(const program& in, const probe_request& r, const server& to, const probe_result& seen, int code) {
    const probe_report report = report_of(to, seen, code);
    if (in.json) write_json(in.out(), to_json(report));
    else if (r.summary) print(in.out(), report, in.out_style(), {.width = width(1), .blocks = shows_blocks()});
    in.out() << std::flush;
    if (!seen) in.complain(in_our_words(seen.text));
    if (!r.svg_file.empty()) draw(seen, to.url()).write(r.svg_file);
    if (!r.chain_file.empty()) write_pem(r.chain_file, seen.certificates);
    in.written();
}

} // namespace

probe_stage stage_of(const std::string& option, const std::string& word) {
    std::string names;
    std::string small = word;
    for (char& c : small) c = c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    for (const auto& [name, stage] : stages) {
        if (name == small) return stage;
        names.append(names.empty() ? "" : ", ").append(name);
    }
    throw failure{EX_USAGE, option + ": `" + word + "` is none of " + names};
}

int run_probe(const program& in, const probe_request& r) {
    if (r.svg_file == "-" || r.chain_file == "-")
        throw failure{EX_USAGE, std::string{r.svg_file == "-" ? "--svg" : "--save-chain"} +
                                    ": standard output is for the report: name a file"};
    const probe_options options = options_of(r);
    std::string sender = r.from.value_or("");
    clock::time_point begun;
    const server to = make_server(complete(r.said, sender), watching(in, r, begun));
    begun = clock::now();
    const probe_result seen = probe(to, options);
    const std::size_t left = unasked(options, seen);
    const int code = left != 0 ? EX_TEMPFAIL : exit_code(seen);
    try {
        tell(in, r, to, seen, code);
    } catch (const failure& why) {
        if (!seen.mail) throw;
        if (!why.text.empty())
            in.complain(why.text + "; the exit code is that of the mail"); // no script sends it again
    }
    if (left != 0)
        in.complain(std::to_string(left) +
                    " of the recipients were not asked for: the server takes no more in one mail");
    return code;
}

int tell_support(const program& in) {
    const nlohmann::ordered_json all = supported();
    if (in.json) {
        write_json(in.out(), all);
    } else {
        for (const auto& [name, value] : all.items()) {
            std::string line = name;
            line.resize(14, ' ');
            if (value.is_array())
                for (const auto& one : value)
                    line.append(one.get<std::string>()).append(one == value.back() ? "" : ", ");
            else line += value.get<std::string>();
            in.out() << line << '\n';
        }
    }
    in.written();
    return EX_OK;
}

} // namespace postrider::cli

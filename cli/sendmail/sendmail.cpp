#include "sendmail.hpp"

#include "accounts.hpp"
#include "exit_code.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "local_names.hpp"
#include "report.hpp"
#include "standard_input.hpp"
#include "words.hpp"

#include <postrider/client.hpp>
#include <postrider/probe.hpp>
#include <postrider/raw_message.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <istream>
#include <span>
#include <sysexits.h>
#include <unistd.h>
#include <utility>

namespace postrider::cli {
namespace {

bool is_in(const std::filesystem::path& folder, const char* base, const char* below) {
    if (base == nullptr || *base == '\0') return false;
    std::error_code none;
    const auto home = std::filesystem::canonical(std::filesystem::path{base} / below, none);
    return !none && home == folder;
}

/// A file that `-C` names may be a stranger's, uploaded to where `mail()` is called with its arguments. From one that lies
/// elsewhere than configuration does nothing that is secret is read, and no command is run. It is read from the folder that was
/// looked at: a link may lead elsewhere the next time.
settings complete_for(const sendmail_arguments& said, std::string& sender) {
    const settings::value* const file = said.said.find("config");
    if (file == nullptr) return complete(said.said, sender);
    std::error_code none;
    const std::filesystem::path name{file->texts.back()};
    const auto folder = std::filesystem::canonical(name.has_parent_path() ? name.parent_path() : ".", none);
    settings known = said.said;
    if (!none) known.set("config", {(folder / name.filename()).string()}, file->origin);
    settings all = complete(known, sender);
    if (is_in(folder, "/etc", "postrider") || is_in(folder, std::getenv("XDG_CONFIG_HOME"), "postrider") ||
        is_in(folder, std::getenv("HOME"), ".config/postrider"))
        return all;
    for (const setting& one : all_settings())
        if (const auto* const given = all.find(one.name); given != nullptr && is_of_secrets(one))
            throw failure{EX_CONFIG, given->origin +
                                         ": not read from a file that an argument names, unless it lies in "
                                         "~/.config/postrider or /etc/postrider; or name it by POSTRIDER_CONFIG"};
    return all;
}

std::string qualified(const std::string& address, const std::string& domain) {
    return address.find('@') != address.npos ? address : std::string{address}.append("@").append(domain);
}

/// The message as it comes; it is read to its end before anything is said to a server.
class message_input {
public:
    explicit message_input(bool dot_ends) : input_(STDIN_FILENO, dot_ends), stream_(&input_) {
        const bool empty = stream_.peek() == std::istream::traits_type::eof();
        if (stream_.bad())
            throw failure{EX_NOINPUT, std::string{"standard input cannot be read: "} += std::strerror(input_.error())};
        stream_.clear();
        content_ = empty ? text_content("\n") : stream_content(stream_); // of nothing: a message without a body
    }

    const std::shared_ptr<content_source>& content() const noexcept { return content_; }

private:
    standard_input input_;
    std::istream stream_;
    std::shared_ptr<content_source> content_{};
};

raw_message message_of(const sendmail_arguments& said, const message_input& input, std::string domain) {
    raw_message m{.content = input.content()};
    m.envelope.delivery = said.delivery;
    for (const std::string& address : said.recipients) m.envelope.to.push_back({.address = address});
    m.from_headers = said.from_headers;
    m.lenient = true;
    m.local_domain = std::move(domain);
    m.add_date = m.add_message_id = true;
    return m;
}

/// The sender that the message itself names, for -t and --read-envelope-from without -f; empty: it names none.
std::string sender_in(const sendmail_arguments& said, const message_input& input, const settings& of_domain) {
    constexpr const char* nobody = "nobody@sender.invalid";
    raw_message m = message_of(said, input, local_domain(of_domain));
    m.add_from = nobody;
    m.from_headers = true;
    const outgoing mail = compose(m);
    if (mail.error != errc::ok) throw cannot_be_sent(mail.error, mail.problem);
    return mail.envelope.from == nobody ? std::string{} : mail.envelope.from;
}

struct complete_mail {
    outgoing mail{};
    settings all{};
};

complete_mail compose_mail(const sendmail_arguments& said, const message_input& input) {
    complete_mail c;
    std::string sender = said.sender.value_or("");
    if (!said.sender && (said.from_headers || said.reads_sender)) sender = sender_in(said, input, said.said);
    const bool of_message = !said.sender && !sender.empty();
    c.all = complete_for(said, sender);
    raw_message m = message_of(said, input, local_domain(c.all));
    if (sender.empty()) sender = user_name().append("@").append(m.local_domain);
    const std::string author = sender; // an account's may have a name
    sender = std::string{bare_address(sender)};
    m.add_from = said.full_name.empty() ? author : with_name(said.full_name, sender);
    if (said.sender) m.envelope.from = said.sender->empty() ? "<>" : *said.sender;
    else if (!of_message) m.envelope.from = sender;
    else if (!said.from_headers)
        m.envelope.from = sender_in(said, input, c.all); // a bare name has the account's domain
    c.mail = compose(m);
    if (c.mail.error != errc::ok) throw cannot_be_sent(c.mail.error, c.mail.problem);
    if (const auto signer = make_signer(c.all, c.mail.envelope.from)) c.mail = sign(std::move(c.mail), *signer);
    return c;
}

server server_of(const program& in, const sendmail_arguments& said, const settings& all) {
    client_options more;
    if (said.verbose) more.transcript = [&in](std::string_view line) { in.err() << line << '\n'; };
    return make_server(all, std::move(more));
}

/// The family knows no 130 and no 80, and at 71, which a full disk is, many a caller throws the mail away.
int family_code(int code, const sendmail_arguments& said) {
    if (code == exit_unknown) return said.unknown;
    return code == exit_interrupted || code == EX_OSERR ? EX_TEMPFAIL : code;
}

constexpr const char* nothing_queued = "nothing was queued; the caller has to keep the mail and try again";

/// `--user` becomes `user`, of the account. False: it is not there.
bool name_the_key(std::string& text, std::string_view name) {
    bool found = false;
    const std::string option = std::string{"--"}.append(name), key = std::string{"`"}.append(name).append("`");
    for (std::size_t at = text.find(option); at != text.npos; at = text.find(option, at + key.size())) {
        const std::size_t end = at + option.size();
        if (end != text.size() && (text[end] == '-' || std::isalnum(static_cast<unsigned char>(text[end])) != 0))
            continue;
        text.replace(at, option.size(), key);
        found = true;
    }
    return found;
}

/// A text that names options which other commands have, and which are refused among these arguments or are other ones.
std::string in_words_of_sendmail(std::string text, const sendmail_arguments& said) {
    if (text.starts_with("--to: ")) text.erase(0, 6); // the address itself follows
    replace_all(text, "give one by --from or --envelope-from", "give one by -f");
    replace_all(text, "add_from: ", "the account's `from`: "); // -f has been looked at
    bool of_account = false;
    for (const setting& one : all_settings())
        if (!may_be_argument(one, said.said.find("server") != nullptr)) of_account |= name_the_key(text, one.name);
    if (of_account) text.append("; it stands in an account of the configuration file: postrider-config(5)");
    return text;
}

bool has(const send_result& r, outcome what) {
    for (const recipient_result& one : r.recipients)
        if (one.what == what) return true;
    return false;
}

void complain_of(const program& in, const sendmail_arguments& said, const send_result& result, int code) {
    send_result failed = result;
    std::erase_if(failed.recipients, [](const recipient_result& one) { return one.what == outcome::accepted; });
    print(in.err(), failed, in.err_style());
    if (const std::string more = beyond_lines(result); !more.empty())
        in.complain(in_words_of_sendmail(in_our_words(more), said));
    if (code == exit_unknown) {
        if (has(result, outcome::deferred)) in.complain("nothing was queued for those that are deferred");
        return; // the text says what it means to send again
    }
    if (family_code(code, said) != EX_TEMPFAIL) return;
    in.complain(has(result, outcome::accepted)
                    ? "nothing was queued; the caller has to keep the mail, and try again for those that are deferred"
                    : nothing_queued);
}

} // namespace

int submit(const program& in, const sendmail_arguments& said) {
    if (!said.from_headers && said.recipients.empty())
        throw failure{EX_USAGE, "no recipient: sendmail ADDRESS..., or -t for those that the message names"};
    const message_input input{said.dot_ends};
    complete_mail c = compose_mail(said, input);
    client to{server_of(in, said, c.all)};
    const send_result result = to.send(std::move(c.mail), {.cancel = &interrupt()});
    const int code = exit_code(result);
    if (!result) complain_of(in, said, result, code);
    if (const std::string without = left_out_text(result); said.verbose && !without.empty()) in.complain(without);
    if (said.json) {
        const auto mails = nlohmann::ordered_json::array({to_json(result)});
        write_json(in.out(), {{"exit_code", family_code(code, said)}, {"mails", mails}}); // as `postrider send` has it
        if (!(in.out() << std::flush)) // 74 would have the caller send it again
            in.complain("standard output has not taken all of the report; the exit code is that of the mail");
    }
    return family_code(code, said);
}

namespace {

int print_answer(const program& in, const probe_step& answer) {
    const char* const verdict = answer.code < 300 ? "accepted" : answer.code < 500 ? "deferred" : "refused";
    in.out() << verdict << ": " << answer.code << ' ';
    if (answer.enhanced) in.out() << text_of(answer.enhanced) << ' ';
    in.out() << in_one_line(answer.text);
    return answer.code < 300 ? EX_OK : answer.code < 500 ? EX_TEMPFAIL : EX_NOUSER;
}

} // namespace

// Not by VRFY: whom a server tells nothing by that (252, 502), as most do, it tells by RCPT.
int verify(const program& in, const sendmail_arguments& said) {
    std::string sender = said.sender.value_or("");
    const settings all = complete_for(said, sender);
    sender = std::string{bare_address(sender)};
    const std::string domain = local_domain(all);
    if (sender.empty()) sender = user_name();
    outgoing mail{.content = text_content("\n")};
    if (said.sender != std::string{}) mail.envelope.from = qualified(sender, domain);
    for (const std::string& address : said.recipients)
        mail.envelope.to.push_back({.address = qualified(address, domain)});

    const probe_result r = probe(server_of(in, said, all), {.mail = mail, .cancel = &interrupt()});
    int code = EX_OK;
    // Behind a MAIL that is refused RCPT is too, whoever it names.
    const bool begun = std::any_of(r.steps.begin(), r.steps.end(),
                                   [](const probe_step& s) { return s.where == phase::mail && s.code / 100 == 2; });
    auto answer = begun ? r.steps.begin() : r.steps.end();
    for (const envelope_recipient& to : mail.envelope.to) {
        answer = std::find_if(answer, r.steps.end(),
                              [](const probe_step& s) { return s.where == phase::rcpt && s.code != 0; });
        in.out() << visible(to.address) << ": ";
        if (answer == r.steps.end()) {
            in.out() << "not asked: "
                     << (r.error == errc::ok ? "the server takes no more recipients in one mail"
                                             : visible(in_words_of_sendmail(in_our_words(r.text), said)));
            code = worse(code, r.error == errc::ok ? EX_TEMPFAIL : exit_code(r));
        } else {
            code = worse(code, print_answer(in, *answer++));
        }
        in.out() << '\n';
    }
    in.written();
    return family_code(code, said);
}

namespace {

/// 69, not 64: the caller asked for what the family has, and it is this service that there is none of. Programs that print
/// their usage at 64 would hide it.
[[noreturn]] void refuse_service(const char* why) { throw failure{EX_UNAVAILABLE, why}; }

[[noreturn]] void refuse_smtp(const program& in) {
    // A caller that speaks SMTP reads a greeting (RFC 5321 §3.1), and shows it.
    if (!in.json) {
        in.out() << "554 5.3.2 no SMTP on standard input here: use an SMTP server, or a message and its recipients\r\n";
        in.written();
    }
    refuse_service("-bs: no SMTP on standard input; give a message there, and its recipients as arguments or by -t");
}

int submit_or_verify(const program& in, const sendmail_arguments& said) {
    const bool submits = said.what == sendmail_arguments::task::submit;
    try {
        return submits ? submit(in, said) : verify(in, said);
    } catch (failure& why) {
        why.text = in_words_of_sendmail(std::move(why.text), said);
        why.code = family_code(why.code, said);
        if (submits && why.code == EX_TEMPFAIL) why.text.append("; ").append(nothing_queued);
        throw;
    }
}

} // namespace

int run_sendmail(program& in, int count, const char* const* arguments) {
    using task = sendmail_arguments::task;
    const std::span given{arguments, static_cast<std::size_t>(count)};
    // Before they are read: what is wrong may stand before it.
    in.json = std::any_of(given.begin(), std::find(given.begin(), given.end(), std::string_view{"--"}),
                          [](std::string_view one) { return one == "--json"; });
    const sendmail_arguments said = read_sendmail_arguments(in.name, given);
    in.json = said.json;
    in.colour = said.colour;
    switch (said.what) {
    case task::submit:
    case task::verify: return submit_or_verify(in, said);
    case task::aliases: return EX_OK; // there are none to build a database of; installers call it
    case task::queue:
        refuse_service("there is no queue: a mail is sent while its caller waits, who is told what became of it");
    case task::daemon: refuse_service("there is no daemon: mails are sent, and none are received");
    case task::smtp: refuse_smtp(in);
    case task::help: in.out() << sendmail_help(); break;
    case task::version: in.out() << "postrider " POSTRIDER_VERSION "\n"; break;
    }
    in.written();
    return EX_OK;
}

} // namespace postrider::cli

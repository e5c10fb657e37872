#include "send.hpp"

#include "accounts.hpp"
#include "dry_run.hpp"
#include "exit_code.hpp"
#include "failure.hpp"
#include "inputs.hpp"
#include "interrupt.hpp"
#include "report.hpp"
#include "send_each.hpp"
#include "terminal.hpp"
#include "words.hpp"

#include <nlohmann/json.hpp>
#include <postrider/client.hpp>
#include <postrider/raw_message.hpp>

#include <sysexits.h>
#include <unistd.h>
#include <utility>

namespace postrider::cli {
namespace {

constexpr std::chrono::milliseconds long_work{300}; // what is over before that needs no progress bar
constexpr std::chrono::seconds quit_limit{2};

void take_attachment(const std::string& text, inputs& from, message& to) {
    std::string file = text, name, type;
    for (std::size_t at = file.rfind(';'); at != file.npos; at = file.rfind(';')) {
        const std::string_view option = std::string_view{file}.substr(at + 1);
        if (option.starts_with("name=")) name = option.substr(5);
        else if (option.starts_with("type=")) type = option.substr(5);
        else break; // it belongs to the file's name
        file.resize(at);
    }
    const bool standard = file == "-";
    if (!standard && !inputs::is_pipe(file)) return to.attachments.push_back(attach_file(file, name, type));
    if (name.empty())
        throw failure{EX_USAGE, "--attach " + file + ": " + (standard ? "standard input" : "a pipe") +
                                    " has no name of its own: '" + file + ";name=report.pdf'"};
    std::istream& stream = standard ? from.standard("--attach") : from.pipe("--attach", file); // as `<(command)` is one
    to.attachments.push_back(attach_stream(name, stream, type));
}

void take_inline(const std::string& text, message& to) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos)
        throw failure{EX_USAGE, "--inline: `" + text + "` is not ID=FILE: logo=logo.png for cid:logo"};
    to.inlines.push_back(inline_file(text.substr(equals + 1), text.substr(0, equals)));
}

/// Addresses as people write them, as an envelope has them.
outgoing envelope_of(const std::vector<any_address>& to, const std::vector<any_address>& from,
                     const std::optional<std::string>& path) {
    message m{.from = from, .to = to, .envelope_from = path};
    if (m.from.empty()) m.from = {"nobody@nowhere.invalid"};
    if (m.to.empty()) m.to = {"nobody@nowhere.invalid"};
    return compose(m);
}

/// A line an address.
void take_recipients(std::string_view lines, const std::string& file, std::vector<any_address>& to,
                     std::vector<listed_recipients>& lists) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    constexpr std::string_view blanks = " \t\r";
    if (lines.starts_with(byte_order_mark)) lines.remove_prefix(byte_order_mark.size());
    listed_recipients& list = lists.emplace_back(listed_recipients{.file = file, .first = to.size()});
    for (std::uint32_t number = 1; !lines.empty(); ++number) {
        std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
        line = line.substr(0, line.find_last_not_of(blanks) + 1);
        if (line.empty() || line.front() == '#') continue;
        to.emplace_back(line);
        list.lines.push_back(number);
    }
}

/// What is wrong with a mail may be an address of a list: its line is told, which nobody finds in ten thousand.
void refuse_listed(const send_request& r) {
    for (const listed_recipients& list : r.lists)
        for (std::size_t i = 0; i != list.lines.size(); ++i) {
            const outgoing alone = envelope_of({r.composed.to[list.first + i]}, {}, {});
            if (alone.error != errc::ok)
                throw failure{exit_code(alone.error), "--to-file: " + list.file + ":" + std::to_string(list.lines[i]) +
                                                          ": " + alone.problem.substr(alone.problem.find(": ") + 2)};
        }
}

/// Reads what the message holds in memory.
void read_parts(send_request& r) {
    message& m = r.composed;
    inputs& from = r.from;
    if (r.raw_file == "-") r.raw = stream_content(from.standard("--raw"));
    else if (!r.raw_file.empty()) r.raw = file_content(r.raw_file);
    for (const std::string& file : r.to_files) take_recipients(from.text("--to-file", file), file, m.to, r.lists);
    if (r.raw) return;
    if (r.has_text && !r.text_file.empty()) throw failure{EX_USAGE, "--text and --text-file: there is one text"};
    if (!m.html.empty() && !r.html_file.empty())
        throw failure{EX_USAGE, "--html and --html-file: there is one HTML text"};
    for (const std::string& one : r.attach) take_attachment(one, from, m);
    for (const std::string& one : r.inlines) take_inline(one, m);
    if (!r.text_file.empty()) m.text = from.text("--text-file", r.text_file);
    if (!r.html_file.empty()) m.html = from.text("--html-file", r.html_file);
    if (!r.calendar_file.empty()) m.calendar = calendar_invitation{.text = from.text("--calendar", r.calendar_file)};
    if (r.has_text || !r.text_file.empty() || !m.html.empty()) return;
    // `-a report.pdf <text` has a text; at a terminal, or where an option has taken standard input, the report alone is enough.
    const bool enough = m.calendar || !m.attachments.empty();
    if (!enough || (from.is_open() && !is_terminal(STDIN_FILENO))) m.text = from.text("the text", "-");
}

/// That a message of its own would have, and one that is written already has not.
void refuse_with_raw(const send_request& r) {
    const message& m = r.composed;
    const char* wrong = !r.attach.empty() || !r.inlines.empty()            ? "--attach and --inline"
                        : r.has_text || !r.text_file.empty()               ? "--text"
                        : !m.html.empty() || !r.html_file.empty()          ? "--html"
                        : !m.subject.empty()                               ? "--subject"
                        : !m.headers.empty()                               ? "--header"
                        : !m.cc.empty() || !m.reply_to.empty() || m.sender ? "--cc, --reply-to and --sender"
                        : !r.calendar_file.empty() || !m.list_unsubscribe.uris.empty() || m.list_unsubscribe.one_click
                            ? "--calendar, --list-unsubscribe and --one-click"
                        : !m.message_id.empty() || !m.in_reply_to.empty() || !m.references.empty()
                            ? "--message-id, --in-reply-to and --references"
                        : m.priority != message_priority::normal || m.tls_optional ? "--priority and --tls-optional"
                                                                                   : nullptr;
    if (wrong != nullptr)
        throw failure{EX_USAGE, std::string{wrong} +
                                    ": with --raw the message is written already, and is not changed; leave it out"};
}

outgoing raw_mail(const send_request& r) {
    refuse_with_raw(r);
    const message& m = r.composed;
    const bool sender_said = !m.from.empty() || m.envelope_from;
    std::vector<any_address> to = m.to;
    to.insert(to.end(), m.bcc.begin(), m.bcc.end());
    outgoing said = envelope_of(to, m.from, m.envelope_from);
    if (said.error != errc::ok) return said;
    if (to.empty()) said.envelope.to.clear();
    if (!sender_said) said.envelope.from.clear();
    else if (said.envelope.from.empty()) said.envelope.from = "<>";

    raw_message raw{.content = r.raw,
                    .envelope = std::move(said.envelope),
                    .keep_bcc = r.keep_bcc,
                    .add_date = true,
                    .add_message_id = true};
    raw.envelope.delivery = m.delivery;
    raw.from_headers = to.empty() || !sender_said;
    const std::size_t given = raw.envelope.to.size();
    outgoing mail = compose(raw);
    if (given != 0) mail.envelope.to.resize(given); // the header's stand behind them, and were not asked for
    return mail;
}

/// What is wrong with a mail that is not sent, before anything is.
void refuse_unsendable(const outgoing& mail, const send_request& r) {
    if (mail.error == errc::ok) return;
    refuse_listed(r);
    const int code = exit_code(mail.error);
    if (mail.error == errc::no_recipients)
        throw failure{code,
                      "nobody is named to send it to: --to ADDRESS, --to-file FILE, or --raw with To in its header"};
    throw cannot_be_sent(mail.error, mail.problem);
}

outgoing signed_mail(outgoing mail, const std::optional<dkim_signer>& signer) {
    return signer ? sign(std::move(mail), *signer) : mail;
}

/// The author that was said, or the account's; and all settings, the account's included.
settings settle(send_request& r) {
    message& m = r.composed;
    std::string sender;
    if (m.envelope_from && *m.envelope_from != "<>") sender = *m.envelope_from;
    else if (!m.from.empty()) sender = envelope_of({}, m.from, {}).envelope.from;
    else if (r.raw) sender = raw_mail(r).envelope.from;
    settings all = complete(r.said, sender, !r.dry_run);
    if (m.from.empty() && r.raw_file.empty()) {
        if (sender.empty())
            throw failure{EX_USAGE, "nobody is named as the author: --from ADDRESS, or `from` in an account"};
        m.from = {sender};
    }
    return all;
}

client_options watching(const program& in, const send_request& r, live_line& line) {
    client_options options;
    if (r.transcript)
        options.transcript = [&in, &line](std::string_view text) {
            line.clear();
            in.err() << text << '\n';
        };
    if (r.progress)
        options.progress = [&line, begin = std::chrono::steady_clock::now()](const send_progress& p) {
            if (line.due() && std::chrono::steady_clock::now() - begin > long_work)
                line.draw(progress_text(p.sent, p.total, std::chrono::steady_clock::now() - begin, width(2)));
        };
    return options;
}

/// Tells of mails, one by one, and of all at the end.
class told_results {
public:
    told_results(const program& in, bool quiet) : in_(in), quiet_(quiet) {}

    void tell(const send_result& one) {
        code_ = worse(code_, exit_code(one));
        if (in_.json) tell_json(one);
        else print(in_.out(), one, in_.out_style(), quiet_);
        in_.out().flush(); // whatever ends this, what is known of a mail is told
        const std::string more = !in_.json && is_same_file(STDOUT_FILENO, STDERR_FILENO) ? beyond_lines(one) : one.text;
        if (!one && !more.empty() && more != last_reason_) {
            in_.complain(in_our_words(more));
            if (one.error == errc::tls_unverified)
                in_.complain("`postrider probe URL` shows its certificates, and all that is wrong with them");
        }
        last_reason_ = more;
        if (quiet_) return;
        const std::string without = left_out_text(one);
        if (!without.empty() && without != last_without_) in_.complain(without);
        last_without_ = without;
    }

    /// The mails have gone, or have not, whoever reads about it: their code stands, so that no script sends them again.
    int end() {
        if (in_.json)
            in_.out() << (begun_ ? "\n" : "{\n  \"mails\": [\n") << "  ],\n  \"exit_code\": " << code_ << "\n}\n";
        if (!(in_.out() << std::flush))
            in_.complain("standard output has not taken all of the report; the exit code is that of the mails");
        return code_;
    }

private:
    /// One behind the other: held until the end, those of a million would be 7 GB.
    void tell_json(const send_result& one) {
        const std::string text = to_text(to_json(one));
        in_.out() << (std::exchange(begun_, true) ? ",\n    " : "{\n  \"mails\": [\n    ");
        for (std::string_view rest = text;;) {
            const std::size_t end = rest.find('\n');
            in_.out() << rest.substr(0, end);
            if (end == rest.npos) return;
            in_.out() << "\n    ";
            rest.remove_prefix(end + 1);
        }
    }

    const program& in_;
    bool quiet_;
    int code_ = 0;
    std::string last_reason_{};  ///< both are the same for a million mails of --each,
    std::string last_without_{}; ///< and told once
    bool begun_ = false;         ///< the JSON document
};

int send_one(const program& in, const send_request& r, const settings& all, const outgoing& mail) {
    live_line line{r.progress};
    client to{make_server(all, watching(in, r, line))};
    told_results results{in, r.quiet};
    const send_result result = to.send(mail, {.cancel = &interrupt()});
    line.clear();
    results.tell(result);
    const int code = results.end(); // all that counts is known: nobody waits for the answer to QUIT, nor behind Ctrl-C
    if (!interrupted()) to.close({.until = std::chrono::steady_clock::now() + quit_limit, .cancel = &interrupt()});
    return code;
}

/// The message for one recipient, who is alone in it. `to_nobody` has none: to copy a million for each of a million takes days.
outgoing mail_for(const message& to_nobody, const std::optional<dkim_signer>& signer, const any_address& whom) {
    message one = to_nobody;
    one.to = {whom};
    return signed_mail(compose(std::move(one)), signer);
}

/// All that are named, once each, as they would be in one message: in `envelope` they are.
std::vector<any_address> each_of(const message& m, const envelope& once) {
    std::vector<any_address> whom = m.to;
    for (const auto* more : {&m.cc, &m.bcc}) whom.insert(whom.end(), more->begin(), more->end());
    if (whom.size() == once.to.size()) return whom;
    std::vector<any_address> first; // of each; they stand in the envelope in this order
    for (any_address& one : whom) {
        if (first.size() == once.to.size()) break;
        if (envelope_of({one}, {}, {}).envelope.to.front().address == once.to[first.size()].address)
            first.push_back(std::move(one));
    }
    return first;
}

int send_to_each(const program& in, const send_request& r, const settings& all) {
    if (r.dry_run) throw failure{EX_USAGE, "--dry-run writes one message: leave --each out to see it"};
    if (!r.composed.message_id.empty())
        throw failure{EX_USAGE,
                      "--message-id: with --each there are many messages, and who gets two of one name keeps one"};
    // All are composed once before the first one leaves: a wrong address in the last line is no reason to stop in the middle, and
    // nor is a key that cannot be read.
    outgoing written = r.raw_file.empty() ? compose(r.composed) : raw_mail(r);
    refuse_unsendable(written, r);
    const auto signer = make_signer(all, written.envelope.from);
    std::vector<any_address> whom;
    message to_nobody;
    std::function<outgoing(std::size_t)> make;
    if (r.raw_file.empty()) {
        whom = each_of(r.composed, written.envelope);
        to_nobody = r.composed;
        for (auto* const list : {&to_nobody.to, &to_nobody.cc, &to_nobody.bcc}) list->clear();
        make = [&](std::size_t number) { return mail_for(to_nobody, signer, whom[number]); };
    } else {
        written = signed_mail(std::move(written), signer);
        refuse_unsendable(written, r);
        make = [&](std::size_t number) {
            outgoing one{.envelope = {.from = written.envelope.from, .delivery = written.envelope.delivery},
                         .content = written.content,
                         .message_id = written.message_id};
            one.envelope.to = {written.envelope.to[number]};
            return one;
        };
    }
    live_line line{r.progress};
    client_options options = watching(in, r, line);
    options.progress = {};
    told_results results{in, r.quiet};
    const auto address = [&](std::size_t number) { return written.envelope.to[number].address; };
    send_each(make_server(all, std::move(options)),
              {.mails = written.envelope.to.size(), .connections = r.connections, .address = address}, line, make,
              [&](const send_result& one) { results.tell(one); });
    return results.end();
}

} // namespace

int run_send(const program& in, send_request& r) {
    read_parts(r);
    const settings all = settle(r);
    if (r.each) return send_to_each(in, r, all);
    outgoing mail = r.raw_file.empty() ? compose(r.composed) : raw_mail(r);
    refuse_unsendable(mail, r);
    const auto signer = make_signer(all, mail.envelope.from);
    mail = signed_mail(std::move(mail), signer);
    refuse_unsendable(mail, r);
    if (r.dry_run) return write_message(in, mail);
    return send_one(in, r, all, mail);
}

} // namespace postrider::cli

// probe.cpp - theory of operation.
//
// A probe is the engine and its loop, as in a connection, and two things in their way. The *recorder* is the loop's handler: it
// sees each command and each reply, pairs them by their order, and keeps when they came. The *gate* is the loop's stream: of
// what the engine gives out it lets pass what belongs to the stages that were asked for, and once all of that is answered it
// ends the session, as if the connection were cancelled. The engine knows nothing of it, and cannot be made to say more than
// the gate lets out.
//
// Where the server has not proved who it is, a connection ends in the handshake. People who look for the fault want to see what
// lies behind it. So the gate makes the handshake whole, tells the engine `tls_unverified`, and a second session, without
// credentials and without a mail, is begun inside the TLS that stands. It would wait for a greeting: behind STARTTLS the gate
// says one.
#include "postrider/probe.hpp"

#include "authenticator.hpp"
#include "content/printable.hpp"
#include "explain.hpp"
#include "io/posix/wait.hpp"
#include "job.hpp"

#include "postrider/io/connector.hpp"
#include "postrider/io/drive.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/io/transcript.hpp"
#include "postrider/reply_reader.hpp"

#include <algorithm>
#include <deque>
#include <memory>

namespace postrider {
namespace {

using client_detail::clock;
using client_detail::job;
using client_detail::text_of;

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (;;) {
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        if (end == text.npos) return lines;
        text.remove_prefix(end + 1);
    }
}

/// Behind these a mail, or a "no" to one, is told by `job`.
bool is_of_a_mail(phase where) noexcept {
    return where == phase::mail || where == phase::rcpt || where == phase::data || where == phase::content;
}

struct recorder : drive_handler {
    recorder(const server& s, const probe_options& o, probe_result& r)
        : config(s.shared()),
          options(o),
          result(r),
          last(o.last.value_or(o.mail ? probe_stage::rcpt : probe_stage::auth)) {
        result.steps.reserve(64); // the gate, which may not throw, writes a step of its own
        if (config.options.transcript) shown.emplace([this](std::string_view line) { show(line); });
    }

    // What `drive` tells.
    mail* next_mail() { return mail_open && of && !of->tries++ ? &of->mail : nullptr; }
    content_part pull(mail&, bool first) { return of->source.content->pull(first); }
    void not_taken(mail&, errc why) { of->give_up(why, phase::mail, describe(why)); }
    void refused(mail&, std::size_t recipient, const reply& said) { of->refused(recipient, said); }
    void mail_done(mail&, const reply& said) { of->settle(said, {}, config, engine.offered().extensions); }
    void answered(const reply& said) {
        result.answers.push_back(
            {said.first_digit() >= 4 ? errc::refused : errc::ok, text_of(said), said.code, said.enhanced});
    }
    errc credentials_wanted(credentials& with, bool again) { return sasl.renew(config, with, again); }
    std::chrono::milliseconds limit(const action& a) const noexcept { return config.limit(a); }
    void tls_started(const tls_channel& channel, const tls_facts& facts) {
        encrypted = true;
        result.channel_binding = channel.binding_type;
        if (shown) shown->tls_started(channel, facts);
    }
    void sent(std::string_view octets, phase where, const mail* m, bool secret, bool ends);
    void received(std::string_view octets);

    bool is_beyond(phase where) const noexcept;
    void begin_step(phase where, std::string said, clock::time_point at = clock::now());
    void take(const reply& said);
    /// What the caller's function throws would leave the session in the middle of a command: it is dropped, and the rest is not shown.
    void show(std::string_view line) noexcept {
        try {
            if (!blind) config.options.transcript(line);
        } catch (...) {
            blind = true;
        }
    }
    std::chrono::nanoseconds now() const noexcept { return clock::now() - began; }

    const server::state& config;
    const probe_options& options;
    probe_result& result;
    probe_stage last;
    clock::time_point began = clock::now();
    client_detail::authenticator sasl{};
    session<> engine{};
    std::optional<transcript> shown{};
    std::optional<job> of{};
    std::vector<char> text = std::vector<char>(65536); // of a reply, whole: more than any EHLO reply has
    reply_reader reader{text};
    std::deque<std::size_t> due{}; ///< steps that wait for a reply, in order
    std::string command{};         ///< on its way
    clock::time_point content_began{};
    std::uint64_t given = 0; ///< octets of the content given out
    std::size_t passes = 0;  ///< octets that the gate may still let out
    bool closed = false;     ///< the gate lets nothing out that comes now
    bool mail_open = false;  ///< it is the mail's turn
    bool encrypted = false;
    bool by_data = false; ///< DATA was said: what comes is content
    bool deaf = false;    ///< what came was no reply
    bool blind = false;
    bool left = false;          ///< QUIT was said
    bool greets_itself = false; ///< see the theory of operation
    bool own_greeting = false;
};

bool recorder::is_beyond(phase where) const noexcept {
    switch (where) {
    case phase::ehlo:
    case phase::helo:
        if (config.at.implicit_tls) return last < probe_stage::first_ehlo || last == probe_stage::tls;
        return last < (encrypted ? probe_stage::ehlo : probe_stage::first_ehlo);
    case phase::starttls: return last < probe_stage::tls;
    case phase::auth: return last < probe_stage::auth;
    case phase::mail: return last < probe_stage::mail;
    case phase::rcpt: return last < probe_stage::rcpt;
    case phase::data: return last < probe_stage::data;
    case phase::content: return last < probe_stage::content;
    default: return false;
    }
}

void recorder::begin_step(phase where, std::string said, clock::time_point at) {
    due.push_back(result.steps.size());
    result.steps.push_back({.where = where, .encrypted = encrypted, .command = std::move(said), .begun = at - began});
}

void recorder::sent(std::string_view octets, phase where, const mail* m, bool secret, bool ends) {
    closed = closed || is_beyond(where);
    if (closed) return;
    passes += octets.size();
    if (shown) shown->sent(octets, where, m, secret, ends);
    if (where == phase::content) {
        // BDAT's own line is of this phase too: octets of the content are those that the mail counts.
        const bool of_content = by_data || m->progress.content_octets() != given;
        given = m->progress.content_octets();
        if (of_content) {
            if (content_began == clock::time_point{}) content_began = clock::now();
            if (by_data && ends) begin_step(where, {}, content_began);
            by_data = by_data && !ends;
            return;
        }
    }
    if (secret)
        command = octets.starts_with("AUTH ")
                      ? std::string{"AUTH "}.append(name(engine.authenticated_by())).append(" <hidden>")
                      : "<hidden>";
    else command += octets;
    if (!ends) return;
    while (command.ends_with('\n') || command.ends_with('\r')) command.pop_back();
    by_data = where == phase::data;
    left = left || where == phase::quit;
    begin_step(where, content_detail::printable(std::exchange(command, {})));
}

void recorder::received(std::string_view octets) {
    if (std::exchange(own_greeting, false)) return;
    if (shown) shown->received(octets);
    while (!deaf) {
        switch (reader.next(octets)) {
        case reply_reader::event::more: return;
        case reply_reader::event::line: break;
        case reply_reader::event::reply: take(reader.whole()); break;
        case reply_reader::event::failed: deaf = true;
        }
    }
}

/// Replies come in the order of the commands. One that nobody waits for is a farewell, or over LMTP that of a further recipient.
void recorder::take(const reply& said) {
    if (due.empty()) begin_step(result.steps.empty() ? phase::greeting : result.steps.back().where, {});
    probe_step& step = result.steps[due.front()];
    due.pop_front();
    step.code = said.code;
    step.enhanced = said.enhanced;
    step.text = text_of(said);
    step.ended = now();
    if ((step.where != phase::ehlo && step.where != phase::helo) || said.first_digit() != 2) return;
    probe_hello hello{.encrypted = step.encrypted, .lines = lines_of(step.text)};
    if (step.where == phase::ehlo)
        for (std::size_t i = 1; i < hello.lines.size(); ++i) hello.offered.add_line(hello.lines[i]);
    result.hellos.push_back(std::move(hello));
}

/// See the theory of operation.
struct gate {
    explicit gate(recorder& r, posix_stream& tcp)
        : to(r), inner(tcp, r.config.tls, r.config.tls_name, r.config.at.port) {}

    transfer_result transfer(std::span<const std::string_view> out, std::span<char> in, deadline until) noexcept {
        if (std::exchange(to.greets_itself, false)) {
            constexpr std::string_view greeting = "220 \r\n";
            to.own_greeting = true;
            return {.read = greeting.copy(in.data(), in.size())};
        }
        if (to.closed && to.passes == 0 && to.due.empty()) return {.error = errc::cancelled};
        std::array<std::string_view, 256> passing; // as many as a flight has
        std::size_t count = 0;
        std::size_t left = to.passes;
        for (const std::string_view part : out) {
            if (left == 0) break;
            passing[count++] = part.substr(0, left);
            left -= std::min(left, part.size());
        }
        const transfer_result r = inner.transfer({passing.data(), count}, in, until);
        to.passes -= r.written;
        return r;
    }
    errc start_tls(bool must_verify, deadline until) noexcept {
        if (stands) return errc::ok;
        const std::chrono::nanoseconds begun = to.now();
        // A client's certificate is for nobody who has not proved who they are.
        const bool looks_on = must_verify && to.config.options.tls.certificate_file.empty();
        const errc e = inner.start_tls(must_verify && !looks_on, until);
        shaken_hands(begun);
        stands = e == errc::ok;
        return stands && looks_on && !is_verified(inner.facts().verdict) ? errc::tls_unverified : e;
    }
    tls_channel channel() const noexcept { return inner.channel(); }
    const tls_facts& facts() const noexcept { return inner.facts(); }
    bool wants_room(bool unsent) const noexcept { return inner.wants_room(unsent); }
    bool started() const noexcept { return inner.started(); }

    void shaken_hands(std::chrono::nanoseconds begun) noexcept {
        probe_result& r = to.result;
        r.tls = inner.facts();
        probe_step step{
            .where = phase::starttls, .handshake = true, .encrypted = true, .begun = begun, .ended = to.now()};
        if (!to.config.at.implicit_tls) return r.steps.push_back(std::move(step));
        r.steps.insert(r.steps.begin(), std::move(step)); // the greeting, which was due before, comes now
        for (std::size_t& one : to.due) ++one;
        for (const std::size_t one : to.due) {
            r.steps[one].begun = to.now();
            r.steps[one].encrypted = true;
        }
    }

    recorder& to;
    tls_stream<openssl_tls, posix_stream> inner;
    bool stands = false;
};

struct prober {
    prober(const server& s, const probe_options& o) : seen(s, o, result), config(s.shared()), options(o) {
        end = std::min(o.until, client_detail::after(config.options.limits.total));
        tcp.cancel_by(o.cancel);
    }

    void run();
    bool prepare_mail();
    bool connect();
    bool pass_proxy();
    void talk();
    void ask();
    void look_on();
    void say_goodbye();
    void judge(errc why);
    void fail(errc why, phase where, std::string said);

    probe_result result{};
    recorder seen;
    const server::state& config;
    const probe_options& options;
    deadline end;
    connector to{};
    posix_stream tcp{};
    std::optional<gate> line{};
    std::unique_ptr<driver<gate, recorder>> loop{}; // g++ 12 takes an optional one for uninitialised
};

void prober::fail(errc why, phase where, std::string said) {
    result.error = why;
    result.where = where;
    result.text = std::move(said);
}

bool prober::prepare_mail() {
    if (!options.mail || seen.last < probe_stage::mail) return true;
    seen.of.emplace(*options.mail, connection::mail_done{[](const send_result&) {}}, end);
    if (const errc e = seen.of->prepare(); e != errc::ok) {
        fail(e, phase::mail, seen.of->result.text);
        return false;
    }
    seen.mail_open = options.ask.empty();
    return true;
}

bool prober::connect() {
    const deadline until = std::min(end, client_detail::after(config.options.limits.connect));
    if (to.begin(config.destination(), until) == errc::ok) {
        std::vector<pollfd> sockets;
        while (!to.step()) {
            const auto waits = to.waits();
            sockets.assign(waits.begin(), waits.end());
            if (posix_detail::wait(sockets, options.cancel, to.wakes()) == errc::cancelled) to.cancel();
        }
    }
    result.lookup = to.name_lookup_time();
    result.connect = to.connect_time();
    const connect_report& made = to.report();
    result.attempts = client_detail::attempts_of(made);
    if (config.options.transcript)
        for (const connect_attempt& one : result.attempts)
            seen.show(std::string{"=== "}
                          .append(one.address.view())
                          .append(": ")
                          .append(one.error == errc::ok ? "connected" : describe(one.error)));
    if (const errc e = to.result(); e != errc::ok) {
        fail(e, phase::connect, client_detail::explain(config, {.error = e, .trail = &made}));
        return false;
    }
    const canceller* const by = options.cancel;
    tcp = to.take();
    tcp.cancel_by(by);
    result.address = tcp.peer_address().view();
    if (result.address.empty()) result.address = config.at.path;
    return config.options.proxy.empty() || pass_proxy();
}

/// One octet at a time, since what comes behind the proxy's last is the server's.
bool prober::pass_proxy() {
    const auto begun = clock::now();
    const deadline until = std::min(end, client_detail::after(config.options.limits.connect));
    proxy_handshake with{config.proxy, config.at.host, config.at.port};
    errc broken = errc::ok;
    while (!with.done() && broken == errc::ok) {
        const std::string_view out = with.outgoing();
        std::array<char, 1> in;
        const transfer_result r = tcp.transfer({&out, out.empty() ? 0u : 1u}, in, until);
        with.sent(r.written);
        if (r.read != 0) static_cast<void>(with.received({in.data(), r.read}));
        else if (r.end_of_stream) with.ended();
        else broken = r.error;
    }
    result.proxy = clock::now() - begun;
    const errc e = broken != errc::ok ? broken : with.error();
    if (e == errc::ok) return true;
    const std::string said = client_detail::proxy_text(config, with.text().view());
    fail(e, phase::connect, client_detail::explain(config, {.error = e, .trail = &to.report(), .proxy = said}));
    return false;
}

void prober::talk() {
    result.client_name = config.options.client_name.empty() ? client_detail::own_name(tcp) : config.options.client_name;
    session_options o = config.session_of(*domain::parse(result.client_name));
    o.auth.exchanges = seen.sasl.exchanges;
    if (seen.last == probe_stage::data)
        o.unused.add(extension::chunking); // BDAT has no stage between command and content
    line.emplace(seen, tcp);
    loop = std::make_unique<driver<gate, recorder>>(seen.engine, *line, seen);
    seen.begin_step(phase::greeting, {});
    errc e = seen.engine.start(o);
    if (e == errc::ok) e = loop->run(end);
    if (e == errc::ok) ask();
    result.tls = line->inner.facts();
    result.certificates = line->inner.filter().certificates();
    if (seen.engine.authenticated()) result.authenticated_by = seen.engine.authenticated_by();
    judge(seen.engine.error());
    if (result.error == errc::tls_unverified && line->stands) look_on();
    say_goodbye();
    if (seen.shown) seen.shown->ended(result.error == errc::refused ? errc::ok : result.error);
}

void prober::ask() {
    for (const auto& [command, argument] : options.ask) {
        const errc e = seen.engine.ask(command, argument);
        if (e != errc::ok) result.answers.push_back({.error = e, .text = describe(e)});
        else if (loop->run(end) != errc::ok) return;
    }
    if (!seen.of || seen.mail_open) return;
    seen.mail_open = true;
    static_cast<void>(loop->run(end));
}

/// Inside a TLS whose server has not proved who it is: see the theory of operation.
void prober::look_on() {
    seen.last = std::min(seen.last, probe_stage::ehlo);
    seen.mail_open = seen.closed = false;
    seen.passes = 0;
    seen.greets_itself = !config.at.implicit_tls;
    loop.reset(); // what it had received and gathered is of no use any more
    loop = std::make_unique<driver<gate, recorder>>(seen.engine, *line, seen);
    const errc e = seen.engine.start({.client = *domain::parse(result.client_name),
                                      .lmtp = config.at.lmtp,
                                      .tls = tls_policy::opportunistic,
                                      .implicit_tls = true,
                                      .unused = config.options.unused});
    if (e == errc::ok) static_cast<void>(loop->run(end));
}

/// By hand, because the engine says it only where it has nothing else to say.
void prober::say_goodbye() {
    const errc e = seen.engine.error();
    const bool interrupted = options.cancel != nullptr && options.cancel->cancelled();
    const bool stands = e == errc::ok || kind(e) == errc_kind::server || (e == errc::cancelled && seen.closed);
    if (!options.quit && !seen.left && seen.shown) seen.show("=== closed without QUIT");
    if (!options.quit || seen.left || !stands || seen.deaf || interrupted || seen.last == probe_stage::data) return;
    std::string_view quit = "QUIT\r\n";
    seen.closed = false;
    seen.sent(quit, phase::quit, nullptr, false, true);
    const deadline until = std::min(end, clock::now() + std::chrono::seconds{time_limit_seconds(phase::quit)});
    std::array<char, 4096> in;
    while (!seen.due.empty() && !seen.deaf) {
        const transfer_result r = line->inner.transfer({&quit, quit.empty() ? 0u : 1u}, in, until);
        quit.remove_prefix(r.written);
        if (r.read != 0) seen.received({in.data(), r.read});
        else if (r.error != errc::ok || r.end_of_stream) return;
    }
}

/// What it all comes to. A session that the gate has ended was as it should be, but for a "no" among what was said.
void prober::judge(errc why) {
    const bool interrupted = options.cancel != nullptr && options.cancel->cancelled();
    if (why == errc::cancelled && seen.closed && !interrupted) why = errc::ok;
    const bool came_to_it = std::any_of(result.steps.begin(), result.steps.end(),
                                        [](const probe_step& one) { return one.where == phase::mail; });
    if (seen.of && seen.last == probe_stage::content && came_to_it) {
        result.mail = std::move(seen.of->result);
        result.mail->server = result.address;
        result.mail->tls = result.tls;
        result.mail->authenticated_by = result.authenticated_by;
    }
    const phase ended = seen.engine.where();
    const probe_step* no = nullptr;
    for (const probe_step& one : result.steps) {
        const bool asked = one.where > phase::quit && one.where != phase::starttls;
        const bool counts = why == errc::refused ? one.where == ended : is_of_a_mail(one.where) || asked;
        if (one.code >= 400 && counts && (no == nullptr || why == errc::refused)) no = &one;
    }
    if (why != errc::ok && (why != errc::refused || no == nullptr))
        return fail(why, ended,
                    client_detail::explain(config, {.error = why,
                                                    .where = ended,
                                                    .greeted = !result.steps.empty() && result.steps.front().code != 0,
                                                    .tls = &result.tls,
                                                    .offered = &seen.engine.offered()}));
    // The engine has looked at what the server offers, and asked for nothing: it lacks an extension, or room.
    if (no == nullptr && seen.of && !came_to_it && seen.of->result.error != errc::ok)
        return fail(seen.of->result.error, phase::mail,
                    client_detail::explain(config, {.error = seen.of->result.error,
                                                    .where = phase::mail,
                                                    .greeted = true,
                                                    .missing = seen.of->mail.missing,
                                                    .offered = &seen.engine.offered(),
                                                    .size = seen.of->size}));
    if (no == nullptr) return;
    std::string said = config.url;
    said.append(": ").append(name(no->where)).append(" was refused: ");
    said.append(client_detail::reply_text(no->code, no->enhanced, no->text));
    const std::string more = client_detail::advice(config, no->code, no->where);
    fail(errc::refused, no->where, more.empty() ? said : said.append("; ").append(more));
    result.code = no->code;
}

void prober::run() {
    if (config.error != errc::ok) fail(config.error, phase::connect, config.problem);
    else if (prepare_mail() && connect() && seen.last != probe_stage::connect) talk();
    if (line) line->inner.close();
    tcp.close();
    result.total = seen.now();
}

} // namespace

probe_result probe(const server& to, const probe_options& options) {
    prober one{to, options};
    one.run();
    return std::move(one.result);
}

} // namespace postrider

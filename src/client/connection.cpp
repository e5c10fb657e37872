// connection.cpp - theory of operation.
//
// A connection is in one of five places:
//
//     closed      no socket. With something waiting it begins:
//     connecting  the name, and TCP (io/connector.hpp)
//     proxy       what is said with a proxy, if there is one
//     talking     the engine (session) and its loop (io/drive.hpp), from the greeting to the QUIT
//     resting     the session is ready, and nothing waits: the socket may be idle for `time_limits::idle`
//
// `step` goes from one to the next until it would have to wait. Nothing in here waits, and there is no other state machine:
// what may be said when is the engine's.
//
// A mail is in one of four lists: `waiting_` (not with the engine), `under_way_` (with it), `again_` (given back by a
// connection that was of no use any more: they are the next one's), `finished_` (its caller is to be told). A connection that
// has been of use is `aged_`: only what it loses goes by a new one, and only if nothing of it can have been taken. A new
// connection that fails fails everything that waits for it: who has other mails tries again later, and knows why.
#include "postrider/connection.hpp"

#include "authenticator.hpp"
#include "explain.hpp"
#include "job.hpp"
#include "state.hpp"

#include "postrider/io/connector.hpp"
#include "postrider/io/drive.hpp"
#include "postrider/io/proxy.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/io/transcript.hpp"

#include <algorithm>
#include <deque>
#include <optional>

namespace postrider {

using client_detail::clock;
using client_detail::job;

namespace {

/// What is waited for by the network: whether something has left since the last wait tells a new wait from a longer one.
struct counted_stream : posix_stream {
    bool wrote = true; // the first wait is for the greeting
    transfer_result transfer(std::span<const std::string_view> out, std::span<char> in, deadline until) noexcept {
        const transfer_result r = posix_stream::transfer(out, in, until);
        wrote = wrote || r.written != 0;
        return r;
    }
};

} // namespace

struct connection::state final : drive_handler {
    using stream = tls_stream<openssl_tls, counted_stream>;
    using jobs = std::deque<std::unique_ptr<job>>;
    enum class place : std::uint8_t { closed, connecting, proxy, talking, resting };

    explicit state(server s) : to_(std::move(s)), config_(to_.shared()) {}

    // What `drive` asks and tells.
    postrider::mail* next_mail();
    content_part pull(mail& m, bool first);
    void not_taken(mail& m, errc why);
    void refused(mail& m, std::size_t recipient, const reply& said);
    void mail_done(mail& m, const reply& said);
    void answered(const reply& said);
    errc credentials_wanted(credentials& with, bool again) { return sasl_.renew(config_, with, again); }
    void tls_started(const tls_channel& channel, const tls_facts& facts);
    void sent(std::string_view octets, phase where, const mail* m, bool secret, bool ends);
    void received(std::string_view octets);
    std::chrono::milliseconds limit(const action& a) const noexcept { return config_.limit(a); }

    template <class Call>
    void observe(Call&& call) noexcept;

    bool step();
    void begin();
    void connected();
    bool through_proxy();
    bool talk();
    void ready(bool moved);
    void ended(errc why);
    bool rest();
    bool alive();
    void hang_up() noexcept;
    void start_session();
    void fail_waiting(errc why, phase where, const std::string& text);
    void wait(std::unique_ptr<job> j) {
        first_end_ = std::min(first_end_, j->until);
        waiting_.push_back(std::move(j));
    }
    bool drop_expired();
    std::string about_expiry() const;
    void begin_wait() noexcept;
    void end_wait() noexcept;
    bool goes_again(const job& j) const noexcept;
    void describe_result(job& j, const mail& m);
    job& job_of(const mail& m);
    std::unique_ptr<job> take(const mail& m);
    deadline ends() const noexcept;
    void tell();

    server to_;
    const server::state& config_;
    jobs waiting_{}, under_way_{}, again_{}, finished_{};
    std::unique_ptr<job> asked_{};

    connector connector_{};
    std::optional<proxy_handshake> handshake_{};
    counted_stream tcp_{};
    session<> session_{};
    std::optional<stream> stream_{};
    std::optional<driver<stream, state>> loop_{};
    std::optional<transcript> shown_{};
    std::string name_{}; ///< that it gives itself
    std::string peer_{}; ///< the address that it talks to
    client_detail::authenticator sasl_{};

    place at_ = place::closed;
    pollfd socket_{-1, 0, 0};
    deadline awaited_ = never;
    deadline idle_until_ = never;
    deadline connect_until_ = never;
    deadline first_end_ = never; ///< of those that wait, or earlier
    bool closing_ = false;       ///< QUIT as soon as there is nothing more to do
    bool leaving_ = false;       ///< no further mail by this connection
    bool left_ = false;          ///< QUIT was said
    bool aged_ = false;
    bool rested_ = false; ///< it has only just come to rest
    bool cancelled_ = false;
    bool greeted_ = false;
    bool in_wait_ = false;
    bool blind_ = false;     ///< a function of the caller's has thrown
    bool cut_ = false;       ///< it is the time of one of the mails under way that ends the session
    std::size_t handed_ = 0; ///< mails, to the engine, on this connection
    std::uint64_t connections_ = 0;
    clock::time_point wait_began_{};
    client_detail::counters counted_{};
};

// What the engine asks and tells.

mail* connection::state::next_mail() {
    if (leaving_ || cancelled_) return nullptr;
    drop_expired();
    if (waiting_.empty() || !waiting_.front()->is_mail()) return nullptr;
    if (config_.options.mails_per_connection != 0 && handed_ >= config_.options.mails_per_connection) {
        leaving_ = true;
        return nullptr;
    }
    job& j = *waiting_.front();
    if (j.tries++ == 0 && handed_ != 0) j.before = counted_;
    ++handed_;
    under_way_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    return &j.mail;
}

/// The session gives back what it was given, so there is one.
job& connection::state::job_of(const mail& m) {
    return **std::find_if(under_way_.begin(), under_way_.end(), [&](const auto& j) { return &j->mail == &m; });
}

std::unique_ptr<job> connection::state::take(const mail& m) {
    const auto found =
        std::find_if(under_way_.begin(), under_way_.end(), [&](const auto& j) { return &j->mail == &m; });
    std::unique_ptr<job> j = std::move(*found);
    under_way_.erase(found);
    return j;
}

content_part connection::state::pull(mail& m, bool first) { return job_of(m).source.content->pull(first); }

void connection::state::not_taken(mail& m, errc why) {
    auto j = take(m);
    std::string text{describe(why)};
    if (why == errc::invalid_parameter)
        text += ": see `delivery`, and the recipients' `notify` and `original_recipient`";
    j->give_up(why, phase::mail, std::move(text));
    finished_.push_back(std::move(j));
}

void connection::state::refused(mail& m, std::size_t recipient, const reply& said) {
    job_of(m).refused(recipient, said);
}

void connection::state::mail_done(mail& m, const reply& said) {
    auto j = take(m);
    j->settle(said, counted_, config_, session_.offered().extensions);
    if (goes_again(*j)) {
        for (const recipient& r : j->recipients)
            if (r.result.error == errc::mail_limit || r.result.code == 421) leaving_ = true;
        again_.push_back(std::move(j));
        return;
    }
    aged_ = aged_ || !j->result.nothing_committed() || j->result.error == errc::refused;
    describe_result(*j, m);
    finished_.push_back(std::move(j));
}

/// Whether a connection made anew may send it without a duplicate, and it was this one's fault. It comes to an end: only one
/// that has been of use gives anything back.
bool connection::state::goes_again(const job& j) const noexcept {
    if (cancelled_ || !(aged_ || cut_) || !j.result.nothing_committed() || clock::now() >= j.until) return false;
    for (const recipient& r : j.recipients) {
        const status& s = r.result;
        if (s.what == outcome::rejected) return false;
        if (s.code == 421 || s.error == errc::mail_limit) continue;
        if (kind(s.error) != errc_kind::network || s.error == errc::cancelled) return false;
    }
    return true;
}

void connection::state::describe_result(job& j, const mail& m) {
    send_result& r = j.result;
    r.server = peer_;
    r.tls = stream_->facts();
    r.authenticated_by = session_.authenticated_by();
    if (j.before.timings.connect != counted_.timings.connect)
        r.attempts = client_detail::attempts_of(connector_.report());
    for (const recipient_result& one : r.recipients) {
        if (one.what == outcome::accepted || one.error == errc::ok) continue;
        if (one.code != 0) {
            r.advice = client_detail::advice(config_, one.code, one.where);
            if (!r.advice.empty()) r.text.append("; ").append(r.advice);
        } else if (r.text.empty() || one.error != r.error) {
            if (!r.text.empty()) r.text += "; ";
            const std::uint64_t size = one.error == errc::message_too_large ? j.octets_on_the_wire() : 0;
            r.text += client_detail::explain(config_, {.error = one.error,
                                                       .where = one.where,
                                                       .greeted = greeted_,
                                                       .tls = &stream_->facts(),
                                                       .missing = m.missing,
                                                       .offered = &session_.offered(),
                                                       .size = size});
        }
        break;
    }
    if (r.what == outcome::unknown)
        r.text += "; the server may have taken the mail or not: to send it again may deliver it twice";
}

void connection::state::answered(const reply& said) {
    if (!asked_) return;
    const bool no = said.first_digit() >= 4;
    asked_->answer = {no ? errc::refused : errc::ok, client_detail::text_of(said), said.code, said.enhanced};
    finished_.push_back(std::move(asked_));
}

/// Calls the caller's own. What it throws would leave the session in the middle of a command: it is dropped, and so is the rest
/// of what would have been shown.
template <class Call>
void connection::state::observe(Call&& call) noexcept {
    if (blind_) return;
    try {
        call();
    } catch (...) {
        blind_ = true;
    }
}

void connection::state::tls_started(const tls_channel& channel, const tls_facts& facts) {
    if (shown_) observe([&] { shown_->tls_started(channel, facts); });
}

void connection::state::sent(std::string_view octets, phase where, const mail* m, bool secret, bool ends) {
    counted_.sent += octets.size();
    if (shown_) observe([&] { shown_->sent(octets, where, m, secret, ends); });
    if (!config_.options.progress || m == nullptr || where != phase::content) return;
    const job& j = job_of(*m);
    observe([&] { config_.options.progress({j.source.message_id, m->progress.content_octets(), j.size}); });
}

void connection::state::received(std::string_view octets) {
    greeted_ = true;
    counted_.received += octets.size();
    if (shown_) observe([&] { shown_->received(octets); });
}

// From place to place.

bool connection::state::step() {
    for (;;) {
        tell();
        switch (at_) {
        case place::closed:
            drop_expired();
            if (!finished_.empty()) continue;
            closing_ = closing_ && !waiting_.empty();
            if (waiting_.empty()) return true;
            begin();
            continue;
        case place::connecting:
            drop_expired();
            if (waiting_.empty()) {
                connector_.cancel();
                at_ = place::closed;
                continue;
            }
            if (!connector_.step()) return false;
            connected();
            continue;
        case place::proxy:
            if (!through_proxy()) return false;
            continue;
        case place::talking:
            if (!talk()) return false;
            continue;
        case place::resting:
            if (!rest()) return false;
            continue;
        }
    }
}

void connection::state::tell() {
    while (!finished_.empty()) {
        const std::unique_ptr<job> j = std::move(finished_.front());
        finished_.pop_front();
        if (j->is_mail()) j->done(std::move(j->result));
        else j->answered(std::move(j->answer));
    }
}

void connection::state::begin() {
    leaving_ = left_ = aged_ = greeted_ = cancelled_ = in_wait_ = cut_ = false;
    handed_ = 0;
    for (const auto& j : waiting_) j->before = counted_;
    if (config_.error != errc::ok) return fail_waiting(config_.error, phase::connect, config_.problem);
    deadline last = {};
    for (const auto& j : waiting_) last = std::max(last, j->until);
    connect_until_ = std::min(last, client_detail::after(config_.options.limits.connect));
    if (const errc e = connector_.begin(config_.destination(), connect_until_); e != errc::ok)
        return fail_waiting(e, phase::connect,
                            client_detail::explain(config_, {.error = e, .trail = &connector_.report()}));
    at_ = place::connecting;
}

void connection::state::connected() {
    counted_.timings.lookup += connector_.name_lookup_time();
    counted_.timings.connect += connector_.connect_time();
    if (const errc e = connector_.result(); e != errc::ok)
        return fail_waiting(e, phase::connect,
                            client_detail::explain(config_, {.error = e, .trail = &connector_.report()}));
    static_cast<posix_stream&>(tcp_) = connector_.take();
    tcp_.wrote = true;
    if (config_.options.proxy.empty()) return start_session();
    handshake_.emplace(config_.proxy, config_.at.host, config_.at.port);
    wait_began_ = clock::now();
    awaited_ = connect_until_;
    at_ = place::proxy;
}

/// One octet at a time, since what comes behind the proxy's last is the server's.
bool connection::state::through_proxy() {
    drop_expired();
    if (waiting_.empty()) {
        handshake_.reset();
        tcp_.close();
        at_ = place::closed;
        return true;
    }
    errc broken = errc::ok;
    while (!handshake_->done()) {
        const std::string_view out = handshake_->outgoing();
        std::array<char, 1> in;
        const transfer_result r = tcp_.transfer({&out, out.empty() ? 0u : 1u}, in, deadline{});
        handshake_->sent(r.written);
        if (r.read != 0) static_cast<void>(handshake_->received({in.data(), r.read}));
        else if (r.end_of_stream) handshake_->ended();
        else if (r.written != 0 && r.error == errc::ok) continue;
        else if (r.error == errc::timed_out && clock::now() < awaited_) {
            socket_ = {tcp_.native_handle(),
                       static_cast<short>(POLLIN | (handshake_->outgoing().empty() ? 0 : POLLOUT)), 0};
            return false;
        } else if (r.error != errc::ok) {
            broken = r.error;
            break;
        }
    }
    counted_.timings.proxy += clock::now() - wait_began_;
    const errc e = broken != errc::ok ? broken : handshake_->error();
    if (e == errc::ok) {
        handshake_.reset();
        start_session();
        return true;
    }
    const std::string said = client_detail::proxy_text(config_, handshake_->text().view());
    tcp_.close();
    handshake_.reset();
    fail_waiting(e, phase::connect,
                 client_detail::explain(config_, {.error = e, .trail = &connector_.report(), .proxy = said}));
    return true;
}

void connection::state::start_session() {
    name_ = config_.options.client_name.empty() ? client_detail::own_name(tcp_) : config_.options.client_name;
    session_options options = config_.session_of(*domain::parse(name_));
    options.auth.exchanges = sasl_.exchanges;
    peer_ = tcp_.peer_address().view();
    if (peer_.empty()) peer_ = config_.at.path;
    stream_.emplace(tcp_, config_.tls, config_.tls_name, config_.at.port);
    loop_.emplace(session_, *stream_, *this);
    shown_.reset();
    if (config_.options.transcript)
        shown_.emplace([this](std::string_view line) { observe([&] { config_.options.transcript(line); }); });
    at_ = place::talking;
    ++connections_;
    if (const errc e = session_.start(options); e != errc::ok) ended(e);
}

bool connection::state::talk() {
    end_wait();
    if (drop_expired() && handed_ == 0 && waiting_.empty() && !asked_) { // nobody waits for what does not come
        ended(errc::timed_out);
        return true;
    }
    const std::size_t handed = handed_;
    const deadline end = ends();
    cut_ = clock::now() >= end;
    if (!loop_->step(end)) {
        begin_wait();
        return !finished_.empty(); // who is told now may have another mail
    }
    if (left_ || session_.error() != errc::ok) ended(session_.error());
    else ready(handed_ != handed);
    return true;
}

/// The session has nothing to do. `moved`: it has taken a mail since.
void connection::state::ready(bool moved) {
    if (!waiting_.empty() && !waiting_.front()->is_mail() && !leaving_) {
        asked_ = std::move(waiting_.front());
        waiting_.pop_front();
        if (asked_->command == phase::connect) {
            asked_->answer.text = "connected";
        } else if (const errc e = session_.ask(asked_->command, asked_->argument); e != errc::ok) {
            asked_->answer = {.error = e, .text = describe(e)};
            if (e == errc::invalid_parameter)
                asked_->answer.text = "the argument is missing, or holds a control character, or this is no command to "
                                      "be asked by itself";
        } else {
            return;
        }
        finished_.push_back(std::move(asked_));
        return;
    }
    if (leaving_ || (closing_ && waiting_.empty())) {
        left_ = session_.quit() == errc::ok;
        leaving_ = true;
        if (!left_) ended(errc::ok);
        return;
    }
    leaving_ = !waiting_.empty() && !moved; // it takes no more here
    if (!waiting_.empty()) return;
    aged_ = rested_ = true;
    idle_until_ = client_detail::after(config_.options.limits.idle);
    at_ = place::resting;
}

/// The session is over.
void connection::state::ended(errc why) {
    const phase where = session_.where();
    if (shown_) observe([&] { shown_->ended(why); });
    const client_detail::failure f{
        .error = why, .where = where, .greeted = greeted_, .tls = &stream_->facts(), .offered = &session_.offered()};
    const std::string text = why == errc::ok ? std::string{} : client_detail::explain(config_, f);
    hang_up();
    if (asked_) {
        asked_->answer = {.error = why == errc::ok ? errc::connection_closed : why, .text = text};
        finished_.push_back(std::move(asked_));
    }
    for (; !again_.empty(); again_.pop_back()) {
        first_end_ = std::min(first_end_, again_.back()->until);
        const bool as_before = again_.back()->prepare() == errc::ok;
        (as_before ? waiting_ : finished_).push_front(std::move(again_.back()));
    }
    if (why != errc::ok && !aged_ && !cut_) fail_waiting(why, where, text);
}

void connection::state::hang_up() noexcept {
    loop_.reset();
    if (stream_) stream_->close();
    stream_.reset();
    tcp_.close();
    at_ = place::closed;
}

bool connection::state::rest() {
    const bool late = clock::now() >= idle_until_;
    const bool just_now =
        std::exchange(rested_, false) && waiting_.empty() && !closing_; // then it has just been heard of
    if ((!just_now && !alive()) || (late && !waiting_.empty())) {
        ended(errc::ok);
        return true;
    }
    if (waiting_.empty() && !closing_ && !late) {
        socket_ = {tcp_.native_handle(), POLLIN, 0};
        awaited_ = idle_until_;
        return false;
    }
    leaving_ = late;
    at_ = place::talking;
    return true;
}

/// What an idle server says is a farewell; in TLS there may be tickets, which are none.
bool connection::state::alive() {
    std::array<char, 512> in;
    const transfer_result r = stream_->transfer({}, in, deadline{});
    if (r.read != 0) received({in.data(), r.read});
    return r.read == 0 && !r.end_of_stream && r.error == errc::timed_out;
}

void connection::state::fail_waiting(errc why, phase where, const std::string& text) {
    at_ = place::closed;
    jobs failed;
    failed.swap(waiting_);
    for (auto& j : failed) {
        j->give_up(why, where, text);
        if (j->is_mail()) {
            j->result.attempts = client_detail::attempts_of(connector_.report());
            j->result.timings.lookup = counted_.timings.lookup - j->before.timings.lookup;
            j->result.timings.connect = counted_.timings.connect - j->before.timings.connect;
            j->result.timings.proxy = counted_.timings.proxy - j->before.timings.proxy;
        }
        finished_.push_back(std::move(j));
    }
}

std::string connection::state::about_expiry() const {
    if (at_ == place::closed) return to_.url() + ": the time limit was over before anything was tried";
    client_detail::failure f{.error = errc::timed_out, .greeted = greeted_};
    if (at_ == place::connecting || at_ == place::proxy) f.trail = &connector_.report();
    if (at_ == place::talking && handed_ == 0) f.where = loop_->where();
    std::string text = client_detail::explain(config_, f);
    if (handed_ != 0) text += ", before it was this mail's turn";
    return text;
}

/// Those that waited in vain. True: there were some.
bool connection::state::drop_expired() {
    if (waiting_.empty() || clock::now() < first_end_) return false;
    const phase where = at_ == place::talking ? loop_->where() : phase::connect;
    const std::string text = about_expiry();
    jobs left;
    first_end_ = never;
    for (auto& j : waiting_) {
        const bool over = clock::now() >= j->until;
        if (over) j->give_up(errc::timed_out, where, text);
        else first_end_ = std::min(first_end_, j->until);
        (over ? finished_ : left).push_back(std::move(j));
    }
    const bool some = left.size() != waiting_.size();
    waiting_.swap(left);
    return some;
}

deadline connection::state::ends() const noexcept {
    deadline first = never;
    if (asked_) first = asked_->until;
    for (const auto& j : under_way_) first = std::min(first, j->until);
    return first;
}

void connection::state::begin_wait() noexcept {
    const stream_wait& w = loop_->awaited();
    socket_ = {tcp_.native_handle(), static_cast<short>((w.readable ? POLLIN : 0) | (w.writable ? POLLOUT : 0)), 0};
    awaited_ = std::min(w.until, ends());
    if (!waiting_.empty()) awaited_ = std::min(awaited_, first_end_);
    if (std::exchange(tcp_.wrote, false) && !w.writable) ++counted_.waits;
    wait_began_ = clock::now();
    in_wait_ = true;
}

void connection::state::end_wait() noexcept {
    if (!std::exchange(in_wait_, false)) return;
    counted_.timings.waited[static_cast<std::uint8_t>(loop_->where())] += clock::now() - wait_began_;
}

// The face.

connection::connection(server to) : state_(std::make_unique<state>(std::move(to))) {}

connection::~connection() { state_->hang_up(); }

void connection::send(outgoing mail, mail_done then, deadline until) {
    until = std::min(until, client_detail::after(state_->config_.options.limits.total));
    if (!then) then = [](const send_result&) {};
    auto j = std::make_unique<job>(std::move(mail), std::move(then), until);
    j->before = state_->counted_;
    if (state_->config_.error != errc::ok) j->give_up(state_->config_.error, phase::connect, state_->config_.problem);
    else if (j->prepare() == errc::ok) return state_->wait(std::move(j));
    state_->finished_.push_back(std::move(j));
}

void connection::ask(phase command, std::string argument, command_done then, deadline until) {
    until = std::min(until, client_detail::after(state_->config_.options.limits.total));
    if (!then) then = [](const command_result&) {};
    state_->wait(std::make_unique<job>(command, std::move(argument), std::move(then), until));
}

void connection::close() noexcept { state_->closing_ = true; }

void connection::cancel(errc why) {
    state& s = *state_;
    s.cancelled_ = true;
    s.closing_ = false; // nobody waits for it any more: it is not the next connection that was to be closed
    const std::string text = client_detail::explain(s.config_, {.error = why});
    if (s.at_ == state::place::connecting) s.connector_.cancel();
    if (s.at_ == state::place::talking || s.at_ == state::place::resting) {
        s.session_.failed(why);
        s.at_ = state::place::talking;
        static_cast<void>(s.loop_->step(deadline{}));
        s.ended(why);
    }
    s.handshake_.reset();
    s.tcp_.close();
    s.fail_waiting(why, phase::connect, text);
    s.tell();
}

bool connection::step() { return state_->step(); }

std::span<const pollfd> connection::waits() const noexcept {
    switch (state_->at_) {
    case state::place::closed: return {};
    case state::place::connecting: return state_->connector_.waits();
    default: return {&state_->socket_, 1};
    }
}

deadline connection::wakes() const noexcept {
    switch (state_->at_) {
    case state::place::closed: return never;
    case state::place::connecting:
        return state_->waiting_.empty() ? state_->connector_.wakes()
                                        : std::min(state_->connector_.wakes(), state_->first_end_);
    case state::place::proxy: return std::min(state_->awaited_, state_->first_end_);
    default: return state_->awaited_;
    }
}

std::size_t connection::pending() const noexcept {
    const state& s = *state_;
    return s.waiting_.size() + s.under_way_.size() + s.again_.size() + s.finished_.size() + (s.asked_ ? 1 : 0);
}
bool connection::is_open() const noexcept { return state_->at_ != state::place::closed; }
bool connection::is_closing() const noexcept { return is_open() && (state_->leaving_ || state_->closing_); }
bool connection::is_idle() const noexcept { return state_->at_ == state::place::resting && pending() == 0; }
std::size_t connection::mails_sent() const noexcept { return is_open() ? state_->handed_ : 0; }
connection_counters connection::counters() const noexcept {
    const client_detail::counters& c = state_->counted_;
    return {state_->connections_, c.waits, c.sent, c.received};
}
const server& connection::to() const noexcept { return state_->to_; }

} // namespace postrider

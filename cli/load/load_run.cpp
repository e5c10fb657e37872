// load_run.cpp - theory of operation.
//
// One thread, one poll(). Each connection has as many mails handed over as may be in doubt (`look_ahead`), so that none waits
// within this process: its time from being handed over to its result is the server's. Only the first of a connection waits for
// more, the set-up; until it is under way no other is handed over to that connection.
//
// Without a rate a result hands over the next mail of its connection (a closed loop). With a rate mail number k is due at
// k / rate, whatever became of the others (an open loop), leaves by any connection that has room, and its time counts from when
// it was due: a server that stands still for a second is then seen by all mails of that second, and not by one.
//
// A connection may go on for ever within one `step` against a server that is fast enough: results hand over mails for 20 ms,
// and then the loop looks at the clock, the others and Ctrl-C.
#include "load_run.hpp"

#include "exit_code.hpp"
#include "interrupt.hpp"
#include "settings.hpp"
#include "words.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <poll.h>
#include <sys/resource.h>

namespace postrider::cli {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds slice = milliseconds{20};
constexpr nanoseconds farewell = std::chrono::seconds{2}; // for the answers to QUIT
constexpr unsigned failures_in_a_row = 10;                // of each connection, before it is given up

nanoseconds cpu_time() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& t) {
        return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

/// Whether it came to no mail: the connection, or what has to be said before one.
bool failed_in_set_up(const recipient_result& one) noexcept {
    if (one.what == outcome::accepted || one.what == outcome::unknown || one.error == errc::cancelled) return false;
    switch (one.where) {
    case phase::connect:
    case phase::greeting:
    case phase::ehlo:
    case phase::helo:
    case phase::auth:
    case phase::starttls: return true;
    default: return false;
    }
}

struct slot {
    explicit slot(const server& to) : line(std::in_place, to) {}

    std::optional<connection> line;
    std::size_t address = 0;    ///< of the plan's
    std::size_t first_wait = 0; ///< where its descriptors stand among those that are polled
    std::size_t waits = 0;
    std::uint64_t handed = 0;  ///< mails, by the connection that stands
    nanoseconds set_up{};      ///< of the connection that was counted last
    clock::time_point rests{}; ///< until then it is left alone
    unsigned failures = 0;     ///< in a row
    bool reached = false;      ///< by this address a server was
    bool elsewhere = false;    ///< to be tried by the next address
    bool retiring = false;     ///< it has had its mails: QUIT, and a new connection
    bool touched = true;       ///< it has got something to do
};

class load {
public:
    load(load_plan plan, live_line& line)
        : plan_(std::move(plan)),
          line_(line),
          turns_(plan_.contents),
          room_(plan_.addresses.front().options().look_ahead) {
        for (unsigned i = 0; i != plan_.connections; ++i)
            slots_.push_back(std::make_unique<slot>(plan_.addresses.front()));
    }

    load_result run();

private:
    bool more() const noexcept;
    clock::time_point due_at() const noexcept;
    bool is_due() const noexcept { return more() && (plan_.rate == 0 || due_at() <= now_); }
    bool has_room(const slot& s) const noexcept;
    void hand_over(slot& s);
    void hand_over_all();
    void done(slot& s, const send_result& r, nanoseconds late);
    void count(slot& s, const send_result& r, nanoseconds latency);
    void count_error(const recipient_result& one, const send_result& all);
    void count_set_up(slot& s, const send_result& r);
    void learn(slot& s, const send_result& r);
    void renew(slot& s);
    void advance(slot& s);
    void wait();
    void say_goodbye();
    void finish();
    bool nothing_left() const noexcept;
    std::string progress_line();

    load_plan plan_;
    live_line& line_;
    turns turns_;
    std::size_t room_;
    std::vector<std::unique_ptr<slot>> slots_;
    std::size_t first_ = 0; ///< whose turn it is
    load_result result_;
    std::uint64_t begun_mails_ = 0;
    std::vector<clock::time_point> returned_; ///< when mails were due that another address is to be tried for
    clock::time_point now_ = clock::now();
    clock::time_point began_ = now_;
    clock::time_point last_ = now_; ///< result
    clock::time_point slice_end_{};
    unsigned in_vain_ = 0; ///< failed set-ups, since a mail was decided
    bool ever_ = false;    ///< one was
    bool stopping_ = false;
    std::vector<pollfd> polled_;
    // For the live line: what there was a second ago.
    clock::time_point mark_ = now_;
    std::uint64_t mails_then_ = 0, octets_then_ = 0;
    std::string speed_;
};

/// Whether a further mail is to be begun, now or when it is due.
bool load::more() const noexcept {
    if (stopping_) return false;
    if (!returned_.empty()) return true;
    if (plan_.messages != 0 && begun_mails_ >= plan_.messages) return false;
    return plan_.duration.count() == 0 || now_ < began_ + plan_.duration;
}

clock::time_point load::due_at() const noexcept {
    if (!returned_.empty()) return returned_.back();
    return began_ + nanoseconds{static_cast<std::int64_t>(static_cast<double>(begun_mails_) / plan_.rate * 1e9)};
}

bool load::has_room(const slot& s) const noexcept {
    if (s.retiring || s.elsewhere || s.rests > now_) return false;
    if (plan_.reconnect != 0 && s.handed >= plan_.reconnect) return false;
    return s.line->pending() < (s.line->mails_sent() == 0 ? 1 : room_);
}

void load::hand_over(slot& s) {
    const auto due = plan_.rate == 0 ? now_ : due_at();
    if (returned_.empty()) ++begun_mails_;
    else returned_.pop_back();
    ++s.handed;
    s.touched = true;
    outgoing mail{.envelope = {.from = plan_.from}, .content = plan_.contents[turns_.next()].source};
    mail.envelope.to.reserve(plan_.recipients);
    for (unsigned i = 0; i != plan_.recipients; ++i) mail.envelope.to.push_back({.address = plan_.to.next()});
    slot* const where = &s;
    // Two words, which a std::function holds without an allocation: three, and each mail costs one.
    if (due >= now_) return s.line->send(std::move(mail), [this, where](const send_result& r) { done(*where, r, {}); });
    const nanoseconds late = now_ - due;
    s.line->send(std::move(mail), [this, where, late](const send_result& r) { done(*where, r, late); });
}

/// One to each in turn, and so on: mails that are due at once leave by as many connections as there are.
void load::hand_over_all() {
    for (bool some = true; some && is_due();) {
        some = false;
        for (std::size_t i = 0; i != slots_.size() && is_due(); ++i) {
            slot& s = *slots_[(first_ + i) % slots_.size()];
            if (!has_room(s)) continue;
            hand_over(s);
            some = true;
        }
    }
    first_ = (first_ + 1) % slots_.size();
}

void load::done(slot& s, const send_result& r, nanoseconds late) {
    now_ = clock::now();
    const bool not_reached = !r && r.what == outcome::not_attempted && r.recipients.front().where == phase::connect;
    if (not_reached && !s.reached && r.error != errc::cancelled && s.address + 1 < plan_.addresses.size()) {
        returned_.push_back(now_ - late - r.timings.total);
        s.elsewhere = s.touched = true;
        return;
    }
    count(s, r, r.timings.total + late);
    learn(s, r);
    if (now_ >= slice_end_) s.touched = true;
    else if (is_due() && has_room(s) && !interrupted()) hand_over(s);
}

void load::count(slot& s, const send_result& r, nanoseconds latency) {
    last_ = now_;
    ++result_.mails;
    ++result_.outcomes[static_cast<std::size_t>(r.what)];
    result_.content_octets += r.content_octets;
    result_.times.add(now_ - began_, r.what == outcome::accepted);
    if (r.timings.connect.count() != 0) count_set_up(s, r);
    if (r.what == outcome::accepted) {
        result_.latency.add(latency);
        result_.recipients[static_cast<std::size_t>(outcome::accepted)] += r.recipients.size();
        return;
    }
    // A mail that nobody got to see has no time that would say something of the server.
    if (r.what != outcome::not_attempted) result_.latency.add(latency);
    result_.code = worse(result_.code, exit_code(r));
    for (const recipient_result& one : r.recipients) {
        ++result_.recipients[static_cast<std::size_t>(one.what)];
        if (one.what != outcome::accepted) count_error(one, r);
    }
}

void load::count_error(const recipient_result& one, const send_result& all) {
    const errc error = one.code != 0 ? errc::ok : one.error;
    for (load_error& known : result_.errors)
        if (known.where == one.where && known.code == one.code && known.error == error) {
            ++known.count;
            return;
        }
    if (result_.errors.size() == load_result::kinds_at_most) {
        ++result_.other_errors;
        return;
    }
    std::string text = in_one_line(one.code != 0 ? one.text : in_our_words(all.text));
    result_.errors.push_back({one.where, one.code, error, 1, std::move(text)});
}

/// What the first mail of a connection waited for, if that stood in the end. Of several that did the first counts.
void load::count_set_up(slot& s, const send_result& r) {
    const send_timings& t = r.timings;
    const nanoseconds all = t.lookup + t.connect + t.proxy;
    if (all == s.set_up || failed_in_set_up(r.recipients.front())) return;
    s.set_up = all;
    const auto add = [&](const char* stage, nanoseconds time) { result_.set_up[stage].add(time); };
    // An answer may be there before anybody waits for it: nothing is a time, too.
    if (plan_.looks_up) add("lookup", t.lookup);
    add("connect", t.connect);
    if (t.proxy.count() != 0) add("proxy", t.proxy);
    add("greeting", t.in(phase::greeting));
    add("EHLO", t.in(phase::ehlo) + t.in(phase::helo));
    if (r.tls.version != tls_version::none) add("TLS", t.tls);
    if (r.authenticated_by != mechanism::none) add("AUTH", t.in(phase::auth));
    if (result_.address.empty()) {
        result_.address = r.server;
        result_.tls = r.tls;
        result_.authenticated_by = r.authenticated_by;
    }
}

/// From what became of a mail, for its connection and for all.
void load::learn(slot& s, const send_result& r) {
    const bool in_vain = std::all_of(r.recipients.begin(), r.recipients.end(), failed_in_set_up);
    if (!in_vain) {
        s.reached = ever_ = true;
        s.failures = in_vain_ = 0;
        return;
    }
    if (s.rests > now_) return; // it is the same failure
    s.handed = 0;
    s.rests = now_ + std::min(milliseconds{100} * (s.failures + 1), milliseconds{1000});
    ++s.failures;
    ++in_vain_;
    if (in_vain_ < plan_.connections * (ever_ ? failures_in_a_row : 1)) return;
    stopping_ = true;
    result_.end = load_end::gave_up;
    result_.why = in_our_words(r.text);
}

void load::renew(slot& s) {
    s.elsewhere = false;
    s.touched = true;
    s.handed = 0;
    s.line.emplace(plan_.addresses[++s.address]);
}

void load::advance(slot& s) {
    if (s.elsewhere && s.line->pending() == 0) renew(s);
    if (s.retiring && !s.line->is_open()) {
        s.retiring = false;
        s.handed = 0;
    }
    if (!s.touched && s.line->wakes() > now_) return;
    s.touched = false;
    static_cast<void>(s.line->step());
    const bool used_up = plan_.reconnect != 0 && s.handed >= plan_.reconnect && s.line->pending() == 0;
    if (!used_up || s.retiring) return;
    s.line->close();
    s.retiring = s.touched = true;
}

bool load::nothing_left() const noexcept {
    return !more() && std::all_of(slots_.begin(), slots_.end(), [](const auto& s) { return s->line->pending() == 0; });
}

void load::wait() {
    deadline until = never;
    polled_.assign(1, {interrupt().native_handle(), POLLIN, 0});
    bool room = false;
    for (const auto& s : slots_) {
        const auto waits = s->line->waits();
        s->first_wait = polled_.size();
        s->waits = waits.size();
        polled_.insert(polled_.end(), waits.begin(), waits.end());
        const bool has_more_to_do = s->touched || (s->retiring && !s->line->is_open());
        until = std::min(until, has_more_to_do ? deadline{} : s->line->wakes());
        if (s->rests > now_) until = std::min(until, s->rests);
        room = room || has_room(*s);
    }
    if (more()) {
        if (room) until = std::min(until, plan_.rate == 0 ? now_ : due_at());
        if (plan_.duration.count() != 0) until = std::min(until, began_ + plan_.duration);
    }
    until = std::min(until, now_ + milliseconds{100}); // the line goes on
    const auto left = std::max(until - clock::now(), clock::duration{0});
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec time{static_cast<time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
    if (::ppoll(polled_.data(), polled_.size(), &time, nullptr) <= 0) return;
    for (const auto& s : slots_)
        for (std::size_t i = 0; i != s->waits; ++i) s->touched = s->touched || polled_[s->first_wait + i].revents != 0;
}

std::string load::progress_line() {
    if (now_ - mark_ >= std::chrono::seconds{1} || speed_.empty()) {
        const double seconds = std::max(std::chrono::duration<double>(now_ - mark_).count(), 1e-3);
        const double mails = static_cast<double>(result_.mails - mails_then_) / seconds;
        const double octets = static_cast<double>(result_.content_octets - octets_then_) / seconds;
        speed_ = std::to_string(static_cast<std::uint64_t>(mails)) + "/s, " +
                 octets_text(static_cast<std::uint64_t>(octets)) + "/s";
        mark_ = now_;
        mails_then_ = result_.mails;
        octets_then_ = result_.content_octets;
    }
    std::string text = std::to_string(result_.mails);
    if (plan_.messages != 0) text.append(" of ").append(std::to_string(plan_.messages));
    text.append(" mails, ").append(speed_).append(", p99 ").append(duration_text(result_.latency.at(0.99)));
    const std::uint64_t bad = result_.mails - result_.outcomes[static_cast<std::size_t>(outcome::accepted)];
    return text.append(", ").append(std::to_string(bad)).append(" not accepted");
}

/// QUIT, so that the server has no broken connections in its log.
void load::say_goodbye() {
    const auto until = clock::now() + farewell;
    for (const auto& s : slots_) {
        s->line->close();
        s->touched = true;
    }
    for (now_ = clock::now(); now_ < until && !interrupted(); now_ = clock::now()) {
        bool open = false;
        for (const auto& s : slots_) {
            if (s->touched) static_cast<void>(s->line->step());
            s->touched = false;
            open = open || s->line->is_open();
        }
        if (!open) return;
        wait();
    }
}

void load::finish() {
    result_.elapsed = last_ - began_;
    if (plan_.rate != 0) {
        nanoseconds asked = now_ - began_;
        if (plan_.duration.count() != 0) asked = std::min(asked, plan_.duration);
        const auto due = static_cast<std::uint64_t>(plan_.rate * std::chrono::duration<double>(asked).count());
        const std::uint64_t all = plan_.messages != 0 ? std::min(plan_.messages, due) : due;
        result_.late = all > begun_mails_ ? all - begun_mails_ : 0;
    }
    if (result_.end == load_end::interrupted) result_.code = worse(result_.code, exit_interrupted);
    for (const auto& s : slots_) {
        const connection_counters c = s->line->counters();
        result_.counted.connections += c.connections;
        result_.counted.waits += c.waits;
        result_.counted.octets_sent += c.octets_sent;
        result_.counted.octets_received += c.octets_received;
    }
}

load_result load::run() {
    const nanoseconds cpu = cpu_time();
    began_ = last_ = mark_ = clock::now();
    for (;;) {
        now_ = clock::now();
        if (interrupted()) {
            stopping_ = true;
            result_.end = load_end::interrupted;
            for (const auto& s : slots_) s->line->cancel(errc::cancelled);
            break;
        }
        slice_end_ = now_ + slice;
        hand_over_all();
        for (const auto& s : slots_) advance(*s);
        if (nothing_left()) break;
        if (line_.due()) line_.draw(progress_line());
        wait();
    }
    result_.cpu = cpu_time() - cpu;
    finish();
    line_.clear();
    if (result_.end != load_end::interrupted) say_goodbye();
    return std::move(result_);
}

} // namespace

address_book::address_book(std::vector<std::string> patterns, std::uint64_t most) : most_(most) {
    for (std::string& one : patterns) {
        const std::size_t sign = one.find('%');
        if (sign == one.npos) patterns_.push_back({std::move(one), {}, false});
        else patterns_.push_back({one.substr(0, sign), one.substr(sign + 1), true});
    }
}

std::string address_book::next() {
    const std::uint64_t number = given_++;
    const pattern& p = patterns_[number % patterns_.size()];
    return p.counts ? p.before + std::to_string(number / patterns_.size() % most_ + 1) + p.behind : p.before;
}

load_result run(load_plan plan, live_line& line) { return load{std::move(plan), line}.run(); }

} // namespace postrider::cli

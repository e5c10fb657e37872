// pool.cpp - theory of operation.
//
// One thread owns all connections, and steps those that have something to do; between steps it waits for all of them in one
// poll(). Other threads put mails into an inbox, and wake it.
//
// Mails are kept by destination: a server, and those equal to it. Each has its queue, its connections, its bucket of tokens and
// its grudge. A mail leaves the queue when there is a token and a connection for it: an idle one, else a new one, else one with
// room in its look-ahead. What comes back undone, and is sure not to have been taken, goes to the front of the queue again.
//
// After a connection that failed no new one is made for a while, and then one. Where others of that destination work, that is
// all: their mails go on, and the one that it has cost goes with them. Where none does, `attempts` such failures in a row are the
// answer to all that wait: otherwise a thousand mails would knock, one after another, at a server that is down.
#include "postrider/pool.hpp"

#include "job.hpp"

#include "postrider/connection.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <list>
#include <mutex>
#include <optional>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace postrider {
namespace {

using client_detail::clock;

struct letter {
    outgoing mail;
    pool::mail_done then;
    deadline until;
    clock::time_point begun = clock::now();
    unsigned tries = 0;
};

/// A token a mail. It fills up while nobody looks.
class bucket {
public:
    explicit bucket(const send_rate& rate)
        : rate_(rate), burst_(rate.burst != 0 ? rate.burst : rate.mails), tokens_(burst_), at_(clock::now()) {}

    void take() noexcept {
        if (rate_.mails != 0) tokens_ -= 1;
    }
    /// As if nobody had ever taken one.
    bool full() noexcept {
        fill();
        return tokens_ >= burst_;
    }
    bool ready() noexcept {
        if (rate_.mails == 0) return true;
        fill();
        return tokens_ >= 1;
    }
    /// When there is one.
    deadline next() const noexcept {
        if (rate_.mails == 0 || tokens_ >= 1) return clock::now();
        const double share = (1 - tokens_) / rate_.mails;
        return at_ + std::chrono::ceil<clock::duration>(share * std::chrono::duration<double>(rate_.per));
    }

private:
    void fill() noexcept {
        const auto now = clock::now();
        const double passed = std::chrono::duration<double>(now - at_) / std::chrono::duration<double>(rate_.per);
        tokens_ = std::min<double>(burst_, tokens_ + passed * rate_.mails);
        at_ = now;
    }

    send_rate rate_;
    double burst_;
    double tokens_;
    clock::time_point at_;
};

struct slot {
    slot(const server& to, std::chrono::milliseconds age) : line(to), dies(client_detail::after(age)) {}
    connection line;
    deadline dies;              ///< then it takes no more mails
    std::size_t first_wait = 0; ///< where its descriptors stand among those that are polled
    std::size_t waits = 0;
    bool touched = true;                 ///< it has got something to do
    bool retired = false;                ///< it takes no more mails, and was told to close
    bool useful = false;                 ///< the server has taken or refused a mail by it
    bool cut = false;                    ///< the time of one of its mails was over, which says nothing of the server
    std::optional<send_result> failed{}; ///< what it has said of itself in this step
};

struct destination {
    destination(server s, const pool_options& o) : to(std::move(s)), tokens(o.rate) {}
    server to;
    std::deque<letter> queue{};
    deadline first_end = never; ///< of those in the queue, or earlier
    std::list<slot> slots{};
    bucket tokens;
    unsigned failures = 0;    ///< of connections, since a new one was useful
    unsigned in_vain = 0;     ///< of these, those while no other was useful
    deadline left_alone = {}; ///< until then no new connection is made
};

/// Whether it was the connection, and not the mail, and whether another attempt makes sense.
bool of_the_connection(const send_result& r) noexcept {
    if (!r.nothing_committed() || r.error == errc::cancelled) return false;
    for (const recipient_result& one : r.recipients) {
        if (one.code == 421 || one.code == 454 || one.error == errc::mail_limit) continue;
        if (one.where <= phase::ehlo && one.code / 100 == 4) continue;
        if (kind(one.error) != errc_kind::network || one.error == errc::tls_unverified) return false;
    }
    return !r.recipients.empty();
}

/// What every other mail to that server would be told, too: no TLS, not who it says, no such user.
bool refuses_all(const send_result& r) noexcept {
    if (r.error == errc::tls_unverified || r.error == errc::tls_unavailable || r.error == errc::auth_unavailable)
        return true;
    const bool all_refused = std::all_of(r.recipients.begin(), r.recipients.end(), [](const recipient_result& one) {
        return one.code / 100 == 5 && (one.where <= phase::auth || one.where == phase::starttls);
    });
    return all_refused && !r.recipients.empty();
}

} // namespace

struct pool::state {
    state(server s, pool_options o) : to(std::move(s)), options(o) {
        if (::pipe(wake_pipe.data()) != 0) wake_pipe = {-1, -1};
        for (const int end : wake_pipe) {
            if (end < 0) continue;
            ::fcntl(end, F_SETFL, O_NONBLOCK);
            ::fcntl(end, F_SETFD, FD_CLOEXEC);
        }
    }
    ~state() {
        for (const int end : wake_pipe)
            if (end >= 0) ::close(end);
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    struct arrival {
        server to;
        letter what;
    };

    bool is_worker() const noexcept { return std::this_thread::get_id() == worker.get_id(); }

    void wake() const noexcept {
        const char octet = 0;
        while (::write(wake_pipe[1], &octet, 1) < 0 && errno == EINTR) {
        } // a full pipe wakes as well
    }

    void submit(const server& s, outgoing mail, mail_done then, deadline until) {
        until = std::min(until, client_detail::after(s.options().limits.total));
        letter l{std::move(mail), std::move(then), until};
        if (!l.then) l.then = [](const send_result&) {};
        bool first = false;
        if (!put(s, l, first))
            l.then(unsent(l, errc::wrong_state, "the pool is being drained, and takes no more mails"));
        else if (first) wake();
    }

    /// False: it takes no more. `first`: the worker does not know that there is something.
    bool put(const server& s, letter& l, bool& first) {
        const std::lock_guard lock{mutex};
        if (draining) return false;
        first = inbox.empty();
        ++counts.taken;
        ++pending;
        inbox.push_back({s, std::move(l)});
        return true;
    }

    static send_result unsent(const letter& l, errc why, const std::string& text) {
        send_result r;
        for (const envelope_recipient& one : l.mail.envelope.to)
            r.recipients.push_back({.address = one.address, .error = why});
        r.error = why;
        r.text = text;
        r.message_id = l.mail.message_id;
        return r;
    }

    // All below is the worker's.

    void run() {
        std::vector<pollfd> sockets;
        for (;;) {
            if (!take_inbox()) return;
            for (destination& d : destinations) serve(d);
            destinations.remove_if([](destination& d) { // what it would be made anew as
                return d.queue.empty() && d.slots.empty() && d.failures == 0 && d.tokens.full();
            });
            publish();
            sockets.assign(1, {wake_pipe[0], POLLIN, 0});
            deadline until = gather(sockets);
            // Without descriptors nobody can wake it.
            if (wake_pipe[0] < 0) until = std::min<deadline>(until, clock::now() + std::chrono::milliseconds{50});
            if (::poll(sockets.data(), static_cast<nfds_t>(sockets.size()), timeout(until)) > 0) {
                std::array<char, 256> drained;
                if (sockets[0].revents != 0)
                    while (::read(wake_pipe[0], drained.data(), drained.size()) > 0) {
                    }
                for (destination& d : destinations)
                    for (slot& s : d.slots)
                        for (std::size_t i = 0; i != s.waits; ++i)
                            s.touched = s.touched || sockets[s.first_wait + i].revents != 0;
            }
        }
    }

    static int timeout(deadline until) noexcept {
        if (until == never) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
        return static_cast<int>(std::clamp<decltype(left)>(left, 0, 3'600'000));
    }

    /// False: the pool is over.
    bool take_inbox() {
        std::deque<arrival> arrived;
        bool cancelling = false;
        {
            const std::lock_guard lock{mutex};
            arrived.swap(inbox);
            cancelling = std::exchange(cancel_all, false) || stop;
        }
        for (arrival& a : arrived) {
            destination& d = of(a.to);
            d.first_end = std::min(d.first_end, a.what.until);
            d.queue.push_back(std::move(a.what));
        }
        if (cancelling) give_up_all();
        const std::lock_guard lock{mutex};
        return !stop;
    }

    destination& of(const server& s) {
        for (destination& d : destinations)
            if (d.to == s) return d;
        return destinations.emplace_back(s, options);
    }

    void give_up_all() {
        for (destination& d : destinations) {
            std::deque<letter> queue;
            queue.swap(d.queue);
            gives_up = true;
            for (slot& s : d.slots) s.line.cancel();
            gives_up = false;
            for (letter& l : queue) fail(std::move(l), errc::cancelled, "the pool was cancelled");
        }
    }

    void serve(destination& d) {
        drop_expired(d);
        assign(d);
        for (auto s = d.slots.begin(); s != d.slots.end();) {
            if (!s->retired && old(*s) && s->line.pending() == 0) {
                s->line.close();
                s->retired = s->touched = true;
            }
            const bool due = s->touched || clock::now() >= s->line.wakes();
            s->touched = false;
            s->cut = false;
            const bool over = due && s->line.step();
            if (s->failed) judge(d, *s);
            if (over && s->line.pending() == 0) s = d.slots.erase(s);
            else ++s;
            if (due) assign(d);
        }
        if (closing()) close_idle(d);
    }

    bool old(const slot& s) const { return clock::now() >= s.dies; }

    void close_idle(destination& d) {
        if (!d.queue.empty()) return;
        for (auto s = d.slots.begin(); s != d.slots.end();) {
            if (s->line.pending() == 0) s->line.close();
            if (s->line.pending() == 0 && s->line.step()) s = d.slots.erase(s);
            else ++s;
        }
    }

    void assign(destination& d) {
        while (!d.queue.empty() && d.tokens.ready()) {
            slot* s = free_slot(d);
            if (may_add(d) && (s == nullptr || s->line.pending() != 0)) {
                count(&pool_counters::connections);
                s = &d.slots.emplace_back(d.to, options.age);
            }
            if (s == nullptr) return;
            d.tokens.take();
            auto l = std::make_shared<letter>(std::move(d.queue.front()));
            d.queue.pop_front();
            if (l->tries++ != 0) count(&pool_counters::retried);
            ++sending;
            s->touched = true;
            s->line.send(
                l->mail, [this, &d, s, l](send_result r) { done(d, *s, *l, std::move(r)); }, l->until);
        }
    }

    /// The one with the least to do, if it takes one more.
    slot* free_slot(destination& d) const {
        slot* found = nullptr;
        for (slot& s : d.slots) {
            const std::size_t busy = s.line.pending();
            if (old(s) || s.line.is_closing() || (busy != 0 && busy >= d.to.options().look_ahead)) continue;
            if (found == nullptr || busy < found->line.pending()) found = &s;
        }
        return found;
    }

    bool may_add(const destination& d) const {
        const bool proving = std::any_of(d.slots.begin(), d.slots.end(), [](const slot& s) { return !s.useful; });
        return d.slots.size() < std::max(1u, options.connections) && clock::now() >= d.left_alone &&
               (d.failures == 0 || !proving);
    }

    /// Or are still to show whether they do.
    static bool others_work(const destination& d, const slot& but) {
        return std::any_of(d.slots.begin(), d.slots.end(), [&](const slot& s) {
            return &s != &but && s.line.is_open() && (s.useful || s.line.pending() != 0);
        });
    }

    /// A connection is done with a mail.
    void done(destination& d, slot& s, letter& l, send_result r) {
        --sending;
        const bool own_time = r.error == errc::timed_out && clock::now() >= l.until;
        const bool everybody = refuses_all(r);
        s.cut = s.cut || own_time;
        if (!own_time && (everybody || of_the_connection(r))) {
            if (r.error != errc::mail_limit && !s.failed) s.failed = r;
            // A connection that could not even be made, where others can: that was no attempt of this mail.
            const bool no_attempt = !s.useful && others_work(d, s);
            if (!gives_up && clock::now() < l.until &&
                (no_attempt || (!everybody && l.tries < std::max(1u, options.attempts)))) {
                if (no_attempt) --l.tries;
                return put_back(d, l);
            }
        } else if (r.error == errc::ok || r.error == errc::refused) {
            if (!s.useful) d.failures = 0;
            d.in_vain = 0;
            s.useful = true;
        }
        finish(l, std::move(r));
    }

    /// In front of those that came later.
    static void put_back(destination& d, letter& l) {
        auto at = d.queue.begin();
        while (at != d.queue.end() && at->begun < l.begun) ++at;
        d.first_end = std::min(d.first_end, l.until);
        d.queue.insert(at, std::move(l));
    }

    /// A connection has failed.
    void judge(destination& d, slot& s) {
        const send_result why = std::move(*s.failed);
        s.failed.reset();
        if (s.cut || gives_up || clock::now() < d.left_alone) return; // or another one has said so already
        const auto factor = 1u << std::min(d.failures, 16u);
        d.left_alone =
            client_detail::after(std::min<std::chrono::milliseconds>(options.back_off * factor, options.back_off_most));
        if (d.left_alone == never) d.left_alone = {}; // no time at all
        ++d.failures;
        count(&pool_counters::back_offs);
        if (others_work(d, s)) return;
        if (++d.in_vain < std::max(1u, options.attempts) && !refuses_all(why)) return;
        d.in_vain = 0;
        std::deque<letter> queue;
        queue.swap(d.queue);
        for (letter& l : queue) finish(l, unsent_like(l, d, why));
    }

    /// What was said to one mail, of another that did not even come to that.
    static send_result unsent_like(const letter& l, const destination& d, const send_result& why) {
        send_result r = unsent(l, why.error, why.text);
        if (why.recipients.empty() || why.recipients.front().code == 0) return r;
        const recipient_result& said = why.recipients.front();
        r.text = d.to.url();
        r.text.append(": ")
            .append(name(said.where))
            .append(": ")
            .append(std::to_string(said.code))
            .append(" ")
            .append(said.text);
        for (recipient_result& one : r.recipients) {
            one.where = said.where;
            one.code = said.code;
            one.enhanced = said.enhanced;
            one.text = said.text;
        }
        return r;
    }

    void drop_expired(destination& d) {
        if (clock::now() < d.first_end) return;
        for (std::size_t i = d.queue.size(); i-- != 0;) {
            if (clock::now() < d.queue[i].until) continue;
            letter lost = std::move(d.queue[i]);
            d.queue.erase(d.queue.begin() + static_cast<std::ptrdiff_t>(i));
            fail(std::move(lost), errc::timed_out,
                 "the time limit was over before there was a connection for this mail");
        }
        d.first_end = never;
        for (const letter& l : d.queue) d.first_end = std::min(d.first_end, l.until);
    }

    void fail(letter l, errc why, const std::string& text) { finish(l, unsent(l, why, text)); }

    void finish(letter& l, send_result r) {
        constexpr std::array by{&pool_counters::not_attempted, &pool_counters::accepted, &pool_counters::rejected,
                                &pool_counters::deferred, &pool_counters::unknown};
        count(by[static_cast<std::size_t>(r.what)]);
        r.timings.total = clock::now() - l.begun;
        l.then(std::move(r));
        const std::lock_guard lock{mutex};
        --pending;
        changed.notify_all();
    }

    void count(std::uint64_t pool_counters::*what) {
        const std::lock_guard lock{mutex};
        ++(counts.*what);
    }

    bool closing() {
        const std::lock_guard lock{mutex};
        return draining && pending == 0;
    }

    void publish() {
        std::size_t waiting = 0, open = 0, idle = 0, slots = 0;
        for (const destination& d : destinations) {
            waiting += d.queue.size();
            slots += d.slots.size();
            for (const slot& s : d.slots) {
                open += s.line.is_open() ? 1 : 0;
                idle += s.line.is_idle() ? 1 : 0;
            }
        }
        const std::lock_guard lock{mutex};
        counts.waiting = waiting;
        counts.sending = sending;
        counts.open = open;
        counts.idle = idle;
        all_closed = slots == 0;
        if (draining) changed.notify_all();
    }

    /// What to poll, and until when.
    deadline gather(std::vector<pollfd>& sockets) {
        deadline first = never;
        for (destination& d : destinations) {
            for (slot& s : d.slots) {
                const auto waits = s.line.waits();
                s.first_wait = sockets.size();
                s.waits = waits.size();
                sockets.insert(sockets.end(), waits.begin(), waits.end());
                first = std::min(first, s.touched ? deadline{} : s.line.wakes());
                if (s.line.pending() == 0 && !s.retired) first = std::min(first, s.dies);
            }
            if (d.queue.empty()) continue;
            first = std::min(first, d.first_end);
            if (free_slot(d) != nullptr || may_add(d)) first = std::min(first, d.tokens.next());
            else if (clock::now() < d.left_alone) first = std::min(first, d.left_alone);
        }
        return first;
    }

    const server to;
    const pool_options options;
    std::array<int, 2> wake_pipe{-1, -1};

    std::mutex mutex{};
    std::condition_variable changed{};
    std::deque<arrival> inbox{};
    pool_counters counts{};
    std::size_t pending = 0; ///< mails that nobody was told of
    bool draining = false;
    bool cancel_all = false;
    bool stop = false;
    bool all_closed = true;

    std::list<destination> destinations{};
    std::size_t sending = 0;
    bool gives_up = false;
    std::thread worker{};
};

pool::pool(server to, pool_options options) : state_(std::make_shared<state>(std::move(to), options)) {
    state_->worker = std::thread{[shared = state_] { shared->run(); }};
}
pool::~pool() {
    drain(client_detail::after(state_->options.shutdown));
    {
        const std::lock_guard lock{state_->mutex};
        state_->stop = true;
    }
    state_->wake();
    // From a function that is told a result it cannot wait: the thread ends by itself, and with it what it holds.
    if (state_->is_worker()) state_->worker.detach();
    else state_->worker.join();
}

void pool::submit(outgoing mail, mail_done then, deadline until) {
    state_->submit(state_->to, std::move(mail), std::move(then), until);
}
void pool::submit(const server& to, outgoing mail, mail_done then, deadline until) {
    state_->submit(to, std::move(mail), std::move(then), until);
}

std::future<send_result> pool::later(outgoing mail, deadline until) {
    const auto promised = std::make_shared<std::promise<send_result>>();
    std::future<send_result> result = promised->get_future();
    submit(
        std::move(mail), [promised](send_result r) { promised->set_value(std::move(r)); }, until);
    return result;
}

send_result pool::wait_for(outgoing mail, deadline until) {
    if (state_->is_worker()) {
        send_result r;
        r.error = errc::wrong_state;
        r.text = "a function that is told a result cannot wait for another: hand the mail over by submit";
        return r;
    }
    return later(std::move(mail), until).get();
}

bool pool::drain(deadline until) {
    state& s = *state_;
    std::unique_lock lock{s.mutex};
    s.draining = true;
    lock.unlock();
    s.wake();
    if (s.is_worker()) return false;
    lock.lock();
    const auto over = [&] { return s.pending == 0 && s.all_closed && s.inbox.empty(); };
    if (until == never) s.changed.wait(lock, over);
    else s.changed.wait_until(lock, until, over);
    const bool complete = s.pending == 0;
    lock.unlock();
    if (!complete) cancel();
    lock.lock();
    s.changed.wait(lock, [&] { return s.pending == 0; });
    return complete;
}

void pool::cancel() {
    {
        const std::lock_guard lock{state_->mutex};
        state_->cancel_all = true;
    }
    state_->wake();
}

pool_counters pool::counters() const {
    const std::lock_guard lock{state_->mutex};
    return state_->counts;
}

const server& pool::to() const noexcept { return state_->to; }

} // namespace postrider

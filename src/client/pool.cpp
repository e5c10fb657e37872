// pool.cpp - theory of operation.
//
// One thread owns all connections, and steps those that have something to do; between steps it waits for all of them in one
// poll(). Other threads put mails into an inbox, and wake it.
//
// Mails are kept by destination: a server, and those equal to it. Each has its queue, its connections, its bucket of tokens and
// its grudge. A mail leaves the queue when there is a token and a connection for it: an idle one, else a new one, else one with
// room in its look-ahead. What comes back undone, and is sure not to have been taken, goes to the front of the queue again.
//
// A connection that could not be made says the same to every mail of that destination: so one failure counts as an attempt of
// all that wait, and the server is left alone for a while. Otherwise a thousand mails would knock, one after another, at a
// server that is down, each three times.
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

    bool take() noexcept {
        if (rate_.mails == 0) return true;
        fill();
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
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
    bool touched = true;  ///< it has got something to do
    bool retired = false; ///< it takes no more mails, and was told to close
};

struct destination {
    destination(server s, const pool_options& o) : to(std::move(s)), tokens(o.rate) {}
    server to;
    std::deque<letter> queue{};
    deadline first_end = never; ///< of those in the queue, or earlier
    std::list<slot> slots{};
    bucket tokens;
    unsigned failures = 0;    ///< in a row
    deadline left_alone = {}; ///< until then
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
        worker = std::thread{[this] { run(); }};
    }
    ~state() {
        {
            const std::lock_guard lock{mutex};
            stop = true;
        }
        wake();
        worker.join();
        for (const int end : wake_pipe)
            if (end >= 0) ::close(end);
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    struct arrival {
        server to;
        letter what;
    };

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
            publish();
            sockets.assign(1, {wake_pipe[0], POLLIN, 0});
            const deadline until = gather(sockets);
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
            const bool over = due && s->line.step();
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
        while (!d.queue.empty() && clock::now() >= d.left_alone) {
            slot* const s = pick(d);
            if (s == nullptr || !d.tokens.take()) return;
            letter l = std::move(d.queue.front());
            d.queue.pop_front();
            if (l.tries++ != 0) count(&pool_counters::retried);
            ++sending;
            auto kept = std::make_shared<letter>(std::move(l));
            s->touched = true;
            s->line.send(
                kept->mail, [this, &d, kept](send_result r) { done(d, *kept, std::move(r)); }, kept->until);
        }
    }

    slot* pick(destination& d) {
        slot* roomy = nullptr;
        std::size_t usable = 0;
        for (slot& s : d.slots) {
            if (old(s)) continue;
            ++usable;
            const std::size_t busy = s.line.pending();
            if (busy == 0) return &s;
            const bool room = busy < d.to.options().look_ahead;
            if (room && (roomy == nullptr || busy < roomy->line.pending())) roomy = &s;
        }
        const unsigned most = d.failures != 0 ? 1 : std::max(1u, options.connections);
        if (usable >= most || d.slots.size() >= std::max(1u, options.connections)) return roomy;
        count(&pool_counters::connections);
        return &d.slots.emplace_back(d.to, options.age);
    }

    /// A connection is done with a mail.
    void done(destination& d, letter& l, send_result r) {
        --sending;
        if (refuses_all(r)) {
            bear_grudge(d, r);
            std::deque<letter> queue;
            queue.swap(d.queue);
            for (letter& one : queue) fail(std::move(one), r.error, r.text);
        } else if (of_the_connection(r)) {
            if (r.error != errc::mail_limit) bear_grudge(d, r);
            if (!gives_up && l.tries < options.attempts && clock::now() < l.until) {
                // In front of those that have not been tried, behind those that were.
                auto at = d.queue.begin();
                while (at != d.queue.end() && at->begun < l.begun) ++at;
                d.first_end = std::min(d.first_end, l.until);
                d.queue.insert(at, std::move(l));
                return;
            }
        } else if (r.error == errc::ok || r.error == errc::refused) {
            d.failures = 0;
        }
        finish(l, std::move(r));
    }

    void bear_grudge(destination& d, const send_result& r) {
        if (clock::now() < d.left_alone) return; // another connection has said so already
        const auto factor = 1u << std::min(d.failures, 16u);
        d.left_alone =
            clock::now() + std::min<std::chrono::milliseconds>(options.back_off * factor, options.back_off_most);
        ++d.failures;
        count(&pool_counters::back_offs);
        for (std::size_t i = d.queue.size(); i-- != 0;) {
            letter& l = d.queue[i];
            if (++l.tries < options.attempts) continue;
            letter lost = std::move(l);
            d.queue.erase(d.queue.begin() + static_cast<std::ptrdiff_t>(i));
            fail(std::move(lost), r.error, r.text);
        }
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
            if (clock::now() < d.left_alone) first = std::min(first, d.left_alone);
            else if (pickable(d)) first = std::min(first, d.tokens.next());
        }
        return first;
    }

    /// There would be a connection for a mail.
    bool pickable(const destination& d) const {
        if (d.slots.size() < (d.failures != 0 ? 1 : std::max(1u, options.connections))) return true;
        return std::any_of(d.slots.begin(), d.slots.end(),
                           [&](const slot& s) { return !old(s) && s.line.pending() < d.to.options().look_ahead; });
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

pool::pool(server to, pool_options options) : state_(std::make_unique<state>(std::move(to), options)) {}
pool::~pool() { drain(client_detail::after(state_->options.shutdown)); }

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
    if (std::this_thread::get_id() == state_->worker.get_id()) {
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

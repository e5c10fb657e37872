#include "send_each.hpp"

#include "interrupt.hpp"

#include <postrider/pool.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace postrider::cli {
namespace {

/// Results as the pool's thread tells them, for the thread that waits; which also waits for Ctrl-C, and a condition variable knows
/// nothing of signals.
class mailbox_of_results {
public:
    mailbox_of_results() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~mailbox_of_results() { ::close(wake_); }
    mailbox_of_results(const mailbox_of_results&) = delete;
    mailbox_of_results& operator=(const mailbox_of_results&) = delete;

    void put(std::size_t number, send_result result) {
        {
            const std::lock_guard lock{mutex_};
            results_.emplace(number, std::move(result));
        }
        constexpr std::uint64_t one = 1;
        if (::write(wake_, &one, sizeof one) < 0) return; // it is full: then it wakes all the same
    }

    /// What has come; waits until something has, or Ctrl-C, or for a moment.
    std::map<std::size_t, send_result> take(const canceller* stop) {
        std::array<pollfd, 2> waits{pollfd{wake_, POLLIN, 0},
                                    pollfd{stop != nullptr ? stop->native_handle() : -1, POLLIN, 0}};
        ::poll(waits.data(), waits.size(), 100); // the line with the progress goes on meanwhile
        std::uint64_t count = 0;
        if (::read(wake_, &count, sizeof count) < 0) count = 0;
        const std::lock_guard lock{mutex_};
        return std::exchange(results_, {});
    }

private:
    int wake_;
    std::mutex mutex_;
    std::map<std::size_t, send_result> results_;
};

/// Of a mail that was not even tried, for the reason that another one met.
send_result not_begun(std::string address, const send_result& why) {
    const recipient_result& met = why.recipients.front();
    send_result result{.error = why.error, .text = why.text};
    result.recipients.push_back({.address = std::move(address),
                                 .error = met.error,
                                 .where = met.where,
                                 .code = met.code,
                                 .enhanced = met.enhanced,
                                 .text = met.text});
    return result;
}

send_result interrupted_before() {
    send_result result{.error = errc::cancelled};
    result.recipients.push_back({.error = errc::cancelled});
    return result;
}

/// It was no fault of this mail's: the server was not reached, or takes no mail from us.
bool came_to_no_mail(const send_result& r) noexcept {
    return r.error != errc::cancelled && std::all_of(r.recipients.begin(), r.recipients.end(), [](const auto& one) {
               return one.what != outcome::accepted && one.what != outcome::unknown &&
                      (one.where <= phase::helo || one.where == phase::auth || one.where == phase::starttls);
           });
}

std::string progress_of(std::size_t done, std::size_t mails, std::size_t accepted) {
    return std::to_string(done) + " of " + std::to_string(mails) + " mails, " + std::to_string(accepted) + " accepted";
}

} // namespace

void send_each(const server& to, const each_options& how, live_line& line,
               const std::function<outgoing(std::size_t)>& make, const std::function<void(send_result)>& done) {
    // Enough that no connection waits for this thread, and few enough that memory does not grow with the list. A mail's time
    // limit begins here: of more, by a slow server, the last would be over before it is their turn.
    const std::size_t room = 16 + 2 * std::size_t{how.connections} * to.options().look_ahead;
    mailbox_of_results results;
    std::map<std::size_t, send_result> waiting; // for those before them
    std::size_t begun = 0, told = 0, accepted = 0, finished = 0;
    // A connection that cannot be made is tried anew, later and later. When all that were handed over have failed so, the rest is
    // spared it: with a server that is down a list of thousands would take hours, and a wrong password be said as often.
    std::size_t in_vain = 0;
    send_result why_not = interrupted_before();
    bool stopped = false;
    const canceller& stop = interrupt(); // from here on, before the first mail leaves
    pool sending{to, {.connections = how.connections}};
    const auto tell = [&] {
        for (auto next = waiting.find(told); next != waiting.end(); next = waiting.find(told)) {
            done(std::move(next->second));
            waiting.erase(next);
            ++told;
        }
    };
    while (told != (stopped ? begun : how.mails)) {
        while (!stopped && begun != how.mails && begun - told < room) {
            const std::size_t number = begun++;
            sending.submit(make(number), [&results, number](send_result r) { results.put(number, std::move(r)); });
        }
        for (auto& [number, result] : results.take(stopped ? nullptr : &stop)) {
            ++finished;
            accepted += result.what == outcome::accepted ? 1 : 0;
            in_vain = came_to_no_mail(result) ? in_vain + 1 : 0;
            if (in_vain == room) {
                stopped = true;
                why_not = result;
            }
            waiting.emplace(number, std::move(result));
        }
        line.clear();
        tell();
        if (line.due()) line.draw(progress_of(finished, how.mails, accepted));
        if (interrupted() && !stopped) {
            stopped = true;
            sending.cancel();
        }
    }
    for (; told != how.mails; ++told) done(not_begun(how.address(told), why_not));
    line.clear();
    sending.drain(std::chrono::steady_clock::now() + std::chrono::seconds{stopped ? 0 : 10});
}

} // namespace postrider::cli

// pool.hpp - connections that many threads and coroutines send by: kept open, used again, never stale, never too fast.
//
//     postrider::pool pool{{"submission://mail.example", {.auth = ..., .look_ahead = 8}}, {.connections = 4}};
//     std::vector<std::future<postrider::send_result>> results;
//     for (const auto& m : messages) results.push_back(pool.send_later(m));
//     pool.drain();
#ifndef POSTRIDER_POOL_HPP
#define POSTRIDER_POOL_HPP

#include <postrider/io/posix.hpp>
#include <postrider/outgoing.hpp>
#include <postrider/send_result.hpp>
#include <postrider/server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <utility>

namespace postrider {

/// So many mails in each `per`, and at most `burst` at once. Taken before a mail goes to a connection, also when it goes again.
struct send_rate {
    unsigned mails = 0; ///< 0: as many as can be
    std::chrono::milliseconds per = std::chrono::seconds{1};
    unsigned burst = 0; ///< 0: `mails`
};

/// Of each server, where nothing else is said. How many mails share a flight, go by one connection, and how long that may be
/// idle, stands in `client_options`.
struct pool_options {
    unsigned connections = 4;                                 ///< at most
    std::chrono::milliseconds age = std::chrono::minutes{10}; ///< of a connection; then it takes no more mails. 0: any
    send_rate rate{};
    /// That are made with a mail that no server can have taken; and where no connection can be made, and none is there, with all
    /// that wait together: then all are told.
    unsigned attempts = 3;
    /// After a connection that was refused or lost, and a 421 or 454, no new one is made for so long, twice as long each time it
    /// happens again, and then one. Those that work go on.
    std::chrono::milliseconds back_off = std::chrono::seconds{1};
    std::chrono::milliseconds back_off_most = std::chrono::minutes{1};
    std::chrono::milliseconds shutdown = std::chrono::seconds{30}; ///< how long the destructor waits; 0: to the end
};

struct pool_counters {
    std::uint64_t taken = 0;    ///< mails that were handed over
    std::uint64_t accepted = 0; ///< of these, by `send_result::what`
    std::uint64_t rejected = 0;
    std::uint64_t deferred = 0;
    std::uint64_t unknown = 0;
    std::uint64_t not_attempted = 0;
    std::uint64_t retried = 0;     ///< attempts beyond the first
    std::uint64_t connections = 0; ///< that were asked for
    std::uint64_t back_offs = 0;
    std::size_t waiting = 0; ///< mails without a connection, now
    std::size_t sending = 0; ///< with one
    std::size_t open = 0;    ///< connections, now
    std::size_t idle = 0;    ///< of these
};

/// All of it, but the functions that are told results, may be called from any thread at any time. The connections belong to a
/// thread of the pool's own, which does all network I/O and reads the mails' contents; results are told from there.
///
/// A connection is only shared by mails to servers that are equal (see `operator==` of `server`). A pool is no queue: what is
/// refused, or still cannot be sent after `attempts`, is answered so, and nothing is kept on disk.
class pool {
public:
    using mail_done = std::function<void(send_result)>;

    explicit pool(server to, pool_options options = {});
    /// `drain`, for `pool_options::shutdown`; from a function that is told a result, what is left ends now.
    ~pool();
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    /// Hands over a mail; `then` is called once, from the pool's thread, must return soon and not throw. It may hand over
    /// others, and must not wait for them. `until` and `time_limits::total`, from here on, hold for all attempts together.
    void submit(outgoing mail, mail_done then, deadline until = never);
    void submit(const server& to, outgoing mail, mail_done then, deadline until = never);

    /// The same; the result is to be had from the future.
    template <class Mail>
    requires can_be_sent<Mail>
    [[nodiscard]] std::future<send_result> send_later(Mail&& mail, deadline until = never) {
        return later(compose(std::forward<Mail>(mail)), until);
    }
    /// Waits for the result. From a function that is told results: `wrong_state`, since it would wait for itself.
    template <class Mail>
    requires can_be_sent<Mail> send_result send(Mail&& mail, deadline until = never) {
        return wait_for(compose(std::forward<Mail>(mail)), until);
    }

    /// Takes no more mails (`wrong_state`), waits for those that it has, and says QUIT. At `until` what is left ends, with
    /// `cancelled` where nothing was decided. True: nothing was left. From a function that is told results: `false` at once, and all ends by itself.
    bool drain(deadline until = never);
    /// All that is under way ends now, each with a result. Mails are taken as before.
    void cancel();

    pool_counters counters() const;
    const server& to() const noexcept;

    struct state;

private:
    std::future<send_result> later(outgoing mail, deadline until);
    send_result wait_for(outgoing mail, deadline until);

    std::shared_ptr<state> state_; // its thread's, too
};

} // namespace postrider

#endif

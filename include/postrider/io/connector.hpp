// connector.hpp - from a name to a connection without ever blocking: for those who wait by themselves.
//
//     postrider::connector to;
//     if (const auto error = to.begin({.host = "mail.example"}, until); error != errc::ok) return error;
//     while (!to.step()) wait_for(to.waits(), to.wakes());   // poll(), an event loop, Asio, ...
//     if (to.result() != errc::ok) return to.result();
//     postrider::posix_stream stream = to.take();
//
// `posix_stream::connect` is this loop, with poll().
#ifndef POSTRIDER_IO_CONNECTOR_HPP
#define POSTRIDER_IO_CONNECTOR_HPP

#include <postrider/errc.hpp>
#include <postrider/io/posix.hpp>

#include <chrono>
#include <memory>
#include <poll.h>
#include <span>

namespace postrider {

/// Looks a name up and connects to one of its addresses by Happy Eyeballs (RFC 8305):
/// - AAAA and A are asked for at once. IPv6 addresses that come first are tried at once; IPv4 addresses that come first wait
///   for the others at most 50 ms, or a quarter of the time left;
/// - families take turns, IPv6 first; within a family the order is that of RFC 6724;
/// - the next attempt begins when one has failed, or `connect_options::attempt_delay` after the one before it. With little
///   time it begins earlier, so that each address has a turn. The earlier attempts go on;
/// - the first that connects wins, and the others are closed. At most `connect_report::capacity` are made.
///
/// /etc/hosts comes before the DNS, and an address is not looked up. No threads, no callbacks. One thread at a time. Movable:
/// the state is on the heap, from `begin` to the next `begin` or the end of this object.
class connector {
public:
    connector() noexcept;
    connector(connector&& other) noexcept;
    connector& operator=(connector&& other) noexcept; ///< Closes what this one had under way.
    ~connector();                                     ///< Closes all that is under way, and what nobody has taken.

    /// Begins, and does nothing yet that takes time; what came before, a connection that nobody took included, is closed.
    /// The texts are copied. `until`: when all of it ends with `timed_out`; one that is over means: do what is possible
    /// without waiting.
    ///
    /// `ok`: go on by `step`. Otherwise nothing has begun, and `result()` says the same:
    /// - `invalid_parameter`: host, source address, local path or DNS servers are malformed, or the port is 0
    /// - `host_not_found`: host and source address are addresses of different families
    /// - `system_failure`: no descriptors, no memory
    [[nodiscard]] errc begin(const connect_options& options, deadline until) noexcept;

    /// Does all that can be done now. True: finished, and `result()` says how; from then on, and before `begin`, nothing
    /// happens. False: call it again when one of `waits()` is ready, or at `wakes()`; earlier does no harm.
    ///
    /// Finds out by itself which descriptors are ready: nobody has to tell.
    [[nodiscard]] bool step() noexcept;

    /// The descriptors to wait for, each with POLLIN, POLLOUT or both in `events`; empty when finished. Exact, and good,
    /// until the next call of `step`, `begin` or `cancel`, which may close some and open others by the same numbers: an
    /// event loop that keeps registrations has to drop these before the call.
    [[nodiscard]] std::span<const pollfd> waits() const noexcept;

    /// When to call `step` at the latest, be nothing ready: the time for another attempt, another query, or the end.
    /// `never`: no such moment. It may be over already.
    [[nodiscard]] deadline wakes() const noexcept;

    /// No step will do anything: done, failed, cancelled, or not begun.
    [[nodiscard]] bool finished() const noexcept;

    /// `wrong_state` before `begin` and while under way. Then
    /// - `ok`: connected; `take()` hands the connection over
    /// - what `begin` said, or
    /// - `host_not_found`: the name does not exist, or has no address (of the source address's family)
    /// - `resolver_failed`: the DNS did not answer, or not usefully; later it may
    /// - `connection_refused`, `connection_reset`, `timed_out`, `unreachable`: the most telling that an address gave, in this
    ///   order, because a host that says no is there
    /// - `timed_out`: also if the time was over while the name was looked up
    /// - `cancelled`: by `cancel`
    /// - `system_failure`: no descriptors, no memory
    [[nodiscard]] errc result() const noexcept;

    /// The connection, once `result()` is `ok`: non-blocking, segments leave at once (TCP_NODELAY). A stream that is not
    /// connected in each other case, and the second time.
    [[nodiscard]] posix_stream take() noexcept;

    /// The attempts so far, in the order in which they began. One that was under way when it ended, because another had
    /// connected or by `cancel`, says `cancelled`; so does one that still is. For a local socket there is one, with its path,
    /// cut to fit. Good until the next `begin`.
    [[nodiscard]] const connect_report& report() const noexcept;

    /// Ends it: closes everything, a connection that nobody took included, and then `result()` is `cancelled`. Without
    /// effect if it has failed, was taken, or has not begun.
    void cancel() noexcept;

    /// How long it took from `begin` to the first attempt, or to the end if there was none, and from then to the end. Zero
    /// for what has not begun; up to now for what is under way.
    [[nodiscard]] std::chrono::nanoseconds name_lookup_time() const noexcept;
    [[nodiscard]] std::chrono::nanoseconds connect_time() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
    errc begun_ = errc::wrong_state; // what `begin` said
};

} // namespace postrider

#endif

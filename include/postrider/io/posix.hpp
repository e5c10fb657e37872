// posix.hpp - the transport of POSIX systems: one TCP connection, every wait of which ends at a deadline.
//
// Nothing here throws, and nothing here kills the process: a broken pipe, a reset, a peer that stops reading,
// a signal are outcomes. A stream belongs to one thread at a time; the one call that may come from elsewhere
// is canceller::cancel().
#ifndef POSTRIDER_IO_POSIX_HPP
#define POSTRIDER_IO_POSIX_HPP

#include <postrider/errc.hpp>
#include <postrider/short_text.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// The moment at which a wait ends with `errc::timed_out`. A moment, not a duration: a call that waits ten
/// times, and is interrupted by signals in between, ends when it would have ended anyway. One that is already
/// over means: do what is possible without waiting.
using deadline = std::chrono::steady_clock::time_point;

/// No limit but the system's own.
inline constexpr deadline never = deadline::max();

/// An address and port as people write it: `192.0.2.1:25`, `[2001:db8::1]:25`, `[fe80::1%eth0]:25`; empty if
/// there is none.
using address_text = short_text<72>;

/// Ends the waits of every stream that it is attached to: those under way at once, and those to come before
/// they begin.
///
/// One may serve any number of streams, in any number of threads; it must outlive their use of it. `cancel()`
/// may be called from every thread and from a signal handler. There is no way back: a flight that was cut in
/// two cannot be resumed.
class canceller {
public:
    /// Opens a pipe. Without descriptors left, `error()` says `system_failure`; such a canceller still works,
    /// but wakes nobody: a wait under way runs to its deadline.
    canceller() noexcept;
    ~canceller();
    canceller(const canceller&) = delete;
    canceller& operator=(const canceller&) = delete;

    [[nodiscard]] errc error() const noexcept { return wake_.front() < 0 ? errc::system_failure : errc::ok; }
    void cancel() noexcept;
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

    /// Readable from `cancel()` on, for those who poll by themselves; -1 if `error()`. Do not read from it.
    [[nodiscard]] int native_handle() const noexcept { return wake_.front(); }

private:
    std::array<int, 2> wake_{-1, -1};
    std::atomic<bool> cancelled_{false};
    static_assert(std::atomic<bool>::is_always_lock_free, "cancel() has to be safe in a signal handler");
};

/// Where to connect to, and how. The texts are borrowed for the time of the call.
struct connect_options {
    /// A name, an IPv4 address, or an IPv6 address, which may stand in brackets and may have a zone
    /// (`fe80::1%eth0`). An address never causes a DNS query.
    std::string_view host{};
    std::uint16_t port = 25;
    /// The local address to connect from, without a port; empty: the system chooses. Addresses of the other
    /// family are passed over.
    std::string_view source_address{};
    /// DNS servers to ask instead of the system's, separated by commas: `127.0.0.1:5353,[::1]:5353`. Empty:
    /// the system's. /etc/hosts comes before either.
    std::string_view dns_servers{};
    /// The path of a UNIX stream socket to connect to; not empty: everything above counts for nothing.
    std::string_view local_path{};
    /// How long an attempt has before the next address is tried beside it (RFC 8305 §5). Less than 10 ms counts as 10.
    std::chrono::milliseconds attempt_delay{250};
};

/// One address that was tried.
struct connect_attempt {
    address_text address{}; ///< or the beginning of a local socket's path
    errc error = errc::ok; ///< why it failed; `ok` for the one that is connected, `cancelled` for one that was given up
};

/// What `connect` did, for people: which addresses the name had, and what each of them said.
struct connect_report {
    static constexpr std::size_t capacity = 16;

    std::array<connect_attempt, capacity> attempts{}; ///< in the order in which they began
    std::size_t size = 0;                             ///< how many of `attempts` are filled
};

/// What became of one `transfer`. Every field counts on its own: octets can have moved before an error, and
/// did if the numbers say so.
struct transfer_result {
    std::size_t written = 0;    ///< octets of `out`, from its beginning, that the system has taken; whether the
                                ///< peer has them nobody knows
    std::size_t read = 0;       ///< octets that are now in `in`
    bool end_of_stream = false; ///< the peer will send nothing more; it may still read
    errc error = errc::ok;
};

/// What is known about a connection without waiting and without taking anything from it.
enum class liveness : std::uint8_t {
    quiet,    ///< open as far as this system knows, and nothing to read: what an idle connection should be
    readable, ///< something waits to be read; on an idle SMTP connection the server's farewell (421)
    ended,    ///< the peer has closed its side, and everything from it was read
    broken,   ///< reset, failed, or not connected
};

/// A TCP connection, or any other stream socket that it adopts. Owns the descriptor; closes it when it dies.
///
/// Errors that break the connection are kept: once reported, every later `transfer` reports the same again.
class posix_stream {
public:
    posix_stream() noexcept = default;
    posix_stream(posix_stream&& other) noexcept;
    posix_stream& operator=(posix_stream&& other) noexcept;
    ~posix_stream() { close(); }

    /// From now on `source` ends the waits of this stream, `connect` included; null: nobody does. It must
    /// live until the stream dies or is given another. It moves with the stream and survives `close`.
    void cancel_by(const canceller* source) noexcept { canceller_ = source; }

    /// Looks the name up and connects to the first of its addresses that answers, by Happy Eyeballs (RFC 8305): an address
    /// that does not answer soon is joined by the next one, and all have until the deadline. `connector` (connector.hpp) does
    /// the work and says how; this one waits for it.
    ///
    /// Returns
    /// - `ok`: connected; segments leave at once (TCP_NODELAY). In each other case the stream is as it was:
    /// - `invalid_parameter`: host, source address, local path or DNS servers are malformed, or the port is 0
    /// - `wrong_state`: this stream is connected already
    /// - `host_not_found`: the name does not exist, or has no address (of the source address's family)
    /// - `resolver_failed`: the DNS did not answer, or not usefully; later it may
    /// - `connection_refused`, `connection_reset`, `timed_out`, `unreachable`: the most telling that an
    ///   address gave, in this order, because a host that says no is there. For a local socket `connection_refused`: nobody
    ///   listens there any more; `unreachable`: there is none, or not for this user; `timed_out`: its queue stayed full
    /// - `timed_out`: also if the deadline passed while the name was looked up
    /// - `cancelled`: by the canceller
    /// - `system_failure`: no descriptors, no memory
    ///
    /// `report`, if not null, is filled anew in each case.
    [[nodiscard]] errc connect(const connect_options& options, deadline until,
                               connect_report* report = nullptr) noexcept;

    /// Takes a connected stream socket, e.g. an accepted one or one end of a socketpair, and makes it
    /// non-blocking. `ok`: it is this stream's to close. `wrong_state` (this stream has one) or
    /// `system_failure` (not a descriptor): it stays the caller's.
    [[nodiscard]] errc adopt(int descriptor) noexcept;

    /// Moves octets in both directions, and returns as soon as one of these is true:
    /// - all of `out`, which is not empty, was handed to the system: `written` is its size, and no reply was
    ///   waited for;
    /// - something was read: `read > 0`, be `out` written in full, in part or not at all. Call again with the
    ///   rest of it;
    /// - the peer has ended its side: `end_of_stream`. While there is something to write this is said once, a
    ///   call that only reads says it each time;
    /// - an error, with `written` exact: `timed_out`, `cancelled`, `connection_reset` (also a broken pipe),
    ///   `unreachable`, `system_failure`, or `wrong_state` (not connected). After `timed_out` and `cancelled`
    ///   the connection is as it was, unless it was the system that gave up (`probe()` tells).
    ///
    /// With `out` and `in` both empty nothing happens: `ok`.
    ///
    /// So it waits for the peer's octets only if there is nothing to write, or while the peer takes nothing:
    /// to write and then await the reply, call it twice, which costs three system calls (sendmsg, poll,
    /// recv). Who reads, sends nothing, and waits for more has what came acknowledged at once (TCP_QUICKACK, on Linux), which is
    /// one call more for each send: a peer under Nagle's algorithm would hold back what it says next. While it waits for room it reads whatever comes: two peers with full windows never wait for
    /// each other. With `in` empty that protection is off, and end_of_stream is not noticed.
    ///
    /// A flight leaves in one `sendmsg`, however many texts it has (up to 1024 and 1 GiB, then in as few as
    /// possible). Octets that came before a reset are delivered before it: while there are any, `error` is
    /// `ok`. The texts of `out` may be empty. Nothing of `out` or `in` is kept.
    [[nodiscard]] transfer_result transfer(std::span<const std::string_view> out, std::span<char> in,
                                           deadline until) noexcept;

    /// What was read since the last send is acknowledged at once, as `transfer` does before it waits: for who will wait
    /// for more without it. Without effect where nothing was read since, or this was done already.
    void acknowledge() noexcept;

    /// Whether a connection that lay idle is still worth a command. It may break the moment after.
    [[nodiscard]] liveness probe() noexcept;

    /// Tells the peer that nothing more will come, after all that was written; reading goes on. `ok`,
    /// `wrong_state` (not connected) or `connection_reset` (the peer was faster).
    [[nodiscard]] errc shutdown_send() noexcept;

    /// Lets go of the connection; the system goes on delivering what was written. Without effect if there is
    /// none. Beware: with something unread, the system sends a reset, which may overtake and destroy what was
    /// written last.
    void close() noexcept;

    /// Breaks the connection: what was written and has not left is thrown away, and the peer sees a reset.
    /// For a mail that must not be completed by its last octets still under way.
    void reset() noexcept;

    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

    /// The descriptor, or -1. It stays this stream's, non-blocking.
    [[nodiscard]] int native_handle() const noexcept { return descriptor_; }

    /// Empty when not connected or not an Internet address.
    [[nodiscard]] address_text local_address() const noexcept;
    [[nodiscard]] address_text peer_address() const noexcept;

private:
    friend class connector;

    bool receive(std::span<char> in, transfer_result& result) noexcept;

    int descriptor_ = -1;
    errc fault_ = errc::ok;      // what broke the connection
    bool ended_ = false;         // the peer's end of stream was seen
    bool more_expected_ = false; // the last read filled its buffer: the next one goes without a poll
    /// Of what was read since the last send.
    enum class ack : std::uint8_t { none_due, due, asked_for } ack_ = ack::none_due;
    const canceller* canceller_ = nullptr;
};

} // namespace postrider

#endif

// connection.hpp - a line to a server that never waits: it connects when there is a mail, says what it waits for, and goes on
// when that has come. The clients and the pool are loops around it, and so may be an event loop of one's own:
//
//     postrider::connection line{server};
//     line.send(mail, [](postrider::send_result r) { ... });
//     while (!line.step())
//         poll(line.waits(), line.wakes());        // whatever the event loop has for that
#ifndef POSTRIDER_CONNECTION_HPP
#define POSTRIDER_CONNECTION_HPP

#include <postrider/io/posix.hpp>
#include <postrider/outgoing.hpp>
#include <postrider/reply.hpp>
#include <postrider/send_result.hpp>
#include <postrider/server.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <poll.h>
#include <span>
#include <string_view>

namespace postrider {

/// What the server answered to a command by itself, or that it could not be asked.
struct [[nodiscard]] command_result {
    errc error = errc::ok; ///< `refused`: the server said no, by `code`
    std::string text{};    ///< what it said, or one sentence for people
    int code = 0;
    enhanced_status enhanced{};
    explicit operator bool() const noexcept { return error == errc::ok; }
};

/// What a line has done so far, by all the connections that it made. A mail's share of it is in its `send_result`, where mails
/// that are under way together have the same waits and octets each; here everything counts once.
struct connection_counters {
    std::uint64_t connections = 0; ///< that have got as far as a greeting being waited for
    std::uint64_t waits = 0;       ///< times that it had to be waited for the server
    std::uint64_t octets_sent = 0; ///< of the dialog, TLS not counted
    std::uint64_t octets_received = 0;
};

/// Belongs to one thread at a time. Reconnects by itself: what a connection that had been of use has lost, and is sure not
/// to have been taken, is sent by a new one.
class connection {
public:
    /// What is called when a mail is done: once, from `step` or `cancel`. It may call `send`, but must not destroy the
    /// connection. What it throws passes through `step`.
    using mail_done = std::function<void(send_result)>;
    using command_done = std::function<void(command_result)>;

    explicit connection(server to);
    /// Breaks the connection; of mails that were under way nobody is told: see `cancel`.
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Hands over a mail. It is sent after those before it, and shares flights with them as `client_options::look_ahead`
    /// has it. At `until`, or when `time_limits::total` is over, it ends, in whatever state it is. Nothing happens before `step`.
    void send(outgoing mail, mail_done then, deadline until = never);
    /// VRFY, EXPN, HELP, NOOP, ETRN, RSET: see `session_base::ask`. After the mails that were handed over before.
    void ask(phase command, std::string argument, command_done then, deadline until = never);
    /// Connects, greets, authenticates, and no more: what a first mail would have to wait for.
    void open(command_done then, deadline until = never) { ask(phase::connect, {}, std::move(then), until); }
    /// Says QUIT once there is nothing more to do.
    void close() noexcept;
    /// Everything under way ends now, with a result each: `why` where nothing was decided, `unknown` where the server may have
    /// taken it. The connection is broken; what is handed over later goes by a new one. Not from a function in `client_options`.
    void cancel(errc why = errc::cancelled);

    /// Does what can be done without waiting. True: there is nothing to wait for, neither a mail nor a connection.
    [[nodiscard]] bool step();
    /// What to wait for before the next step: as for poll(2). Changes with each step.
    std::span<const pollfd> waits() const noexcept;
    /// When to make the next step although nothing of that has come. `never`: there is no such time.
    deadline wakes() const noexcept;

    /// Mails and commands that were handed over, and are not done.
    std::size_t pending() const noexcept;
    bool is_open() const noexcept;           ///< connected, or about to be
    bool is_closing() const noexcept;        ///< what is handed over now waits for the QUIT, and for a new connection
    bool is_idle() const noexcept;           ///< connected, with nothing to do
    std::size_t mails_sent() const noexcept; ///< by the connection that stands, accepted or not
    connection_counters counters() const noexcept;
    const server& to() const noexcept;

    struct state;

private:
    std::unique_ptr<state> state_;
};

} // namespace postrider

#endif

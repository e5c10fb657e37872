// job.hpp - one mail, or one command, on its way through a connection: what the engine wants of it, and what became of it.
#ifndef POSTRIDER_CLIENT_JOB_HPP
#define POSTRIDER_CLIENT_JOB_HPP

#include "postrider/connection.hpp"
#include "state.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::client_detail {

using clock = std::chrono::steady_clock;

/// When a limit that begins now is over; 0, or more than a year: never.
inline deadline after(std::chrono::milliseconds limit) noexcept {
    return limit.count() > 0 && limit < no_limit ? clock::now() + limit : never;
}

/// As results have them.
inline std::vector<connect_attempt> attempts_of(const connect_report& made) {
    return {made.attempts.begin(), made.attempts.begin() + static_cast<std::ptrdiff_t>(made.size)};
}

/// What a connection has counted so far; a mail's share is the difference.
struct counters {
    unsigned waits = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    send_timings timings{};
};

struct job {
    job(outgoing of, connection::mail_done then, deadline end)
        : source(std::move(of)), done(std::move(then)), until(end) {
        start_result();
        take_content();
    }
    ~job() {
        if (leased_) source.content->release();
    }
    job(phase what, std::string about, connection::command_done then, deadline end)
        : answered(std::move(then)), command(what), argument(std::move(about)), until(end) {}
    job(const job&) = delete;
    job& operator=(const job&) = delete;

    bool is_mail() const noexcept { return static_cast<bool>(done); }

    /// Makes the mail anew from its source. Not `ok`: it cannot be sent, and `result` says so.
    errc prepare();
    /// The engine has refused a recipient, or all that are open.
    void refused(std::size_t recipient, const reply& said);
    /// The engine is done with it, on a connection to such a server, which has `offered` this.
    void settle(const reply& said, const counters& now, const server::state& to, flags<extension> offered);
    /// Of the content, with CRLF at the end of each line, as the server counts them (RFC 1870 §5); 0: not known.
    std::uint64_t octets_on_the_wire() const noexcept;
    /// It ends without the engine, as a whole.
    void give_up(errc why, phase where, std::string text);

    outgoing source{};
    connection::mail_done done{};
    connection::command_done answered{};
    phase command = phase::mail;
    std::string argument{};
    deadline until;
    clock::time_point begun = clock::now();
    unsigned tries = 0;
    counters before{};

    // For the engine.
    std::vector<std::string> addresses{};
    std::vector<recipient> recipients{};
    mail_parameters parameters{};
    postrider::mail mail{};
    std::uint64_t size = 0; ///< of the content; 0: not known

    send_result result{};
    command_result answer{};

private:
    void start_result();
    void take_content();
    errc fail(errc why, std::string text);
    errc take_address(const char* what, const std::string& text, std::string& ascii, mailbox& to);

    bool leased_ = false;
};

/// What a server said, for people.
std::string text_of(const reply& said);

/// The first of unknown, deferred, not attempted, rejected, accepted that there is.
outcome worst(const std::vector<recipient_result>& recipients) noexcept;

/// What the server calls a mail that it has taken, by the words that Postfix, Exim, OpenSMTPD, Sendmail, Exchange and others
/// use; empty: none was recognised.
std::string queue_id(std::string_view said);

} // namespace postrider::client_detail

#endif

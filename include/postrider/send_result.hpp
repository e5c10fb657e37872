// send_result.hpp - what became of a mail, for each recipient and in all: what each client of this library answers.
#ifndef POSTRIDER_SEND_RESULT_HPP
#define POSTRIDER_SEND_RESULT_HPP

#include <postrider/capabilities.hpp>
#include <postrider/errc.hpp>
#include <postrider/io/posix.hpp>
#include <postrider/io/tls.hpp>
#include <postrider/reply.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace postrider {

/// What became of a mail for one recipient. See `status`.
struct recipient_result {
    std::string address{}; ///< as the envelope has it
    outcome what = outcome::not_attempted;
    errc error = errc::ok;        ///< why no reply decided; `refused` if one did, and was a "no"
    phase where = phase::connect; ///< what decided it
    int code = 0;                 ///< the reply code that decided; 0: none did
    enhanced_status enhanced{};
    /// Of that reply, as the server wrote it: not to be trusted, control characters replaced by '?'. Empty for an accepted one
    /// where the server has said it of each apart: over LMTP but for the last one, and where it took several transactions.
    std::string text{};

    /// Whether sending it once more makes sense.
    status::retry again() const noexcept {
        return status{what, where, error, static_cast<std::uint16_t>(code), {}}.again();
    }
};

/// How long things took. For a mail over a connection that stood already, what came before it is zero.
struct send_timings {
    using duration = std::chrono::nanoseconds;
    duration lookup{};  ///< the name
    duration connect{}; ///< TCP
    duration proxy{};   ///< what was said with it
    duration tls{};     ///< STARTTLS, and the handshake
    duration total{};   ///< from `send` to the result
    /// Waiting for the server, or for room, in each phase of the session, while this mail was under way: what several mails
    /// in one flight waited for counts for each of them.
    std::array<duration, std::size_t{static_cast<std::uint8_t>(phase::starttls)} + 1> waited{};

    duration in(phase where) const noexcept { return waited[static_cast<std::uint8_t>(where)]; }
};

/// What became of a mail. Nothing of it needs the client any more.
struct [[nodiscard]] send_result {
    /// For all recipients in one word: the first of unknown, deferred, not attempted, rejected, accepted that one of them has.
    outcome what = outcome::not_attempted;
    std::vector<recipient_result> recipients{}; ///< in the order of the envelope
    /// Why nothing, or not all, was sent, where no reply decided; `refused` where one did. `ok`: all was accepted.
    errc error = errc::ok;
    /// One sentence or two for people, without a full stop: what went wrong, with whom, what to do about it. Empty if nothing did.
    std::string text{};
    std::string advice{}; ///< the end of `text` that says what to do about a reply, by itself; empty: nobody knows
    /// Whose parameters `delivery` or a recipient asked for, and the server was not told, since it does not offer them: DSN, AUTH
    /// (RFC 4954 §5), DELIVERBY, MT-PRIORITY and FUTURERELEASE. What stands in `delivery::required` is never one of them.
    flags<extension> left_out{};

    std::string reply{};      ///< what the server said to the content, if it took it; of several such replies the last
    std::string queue_id{};   ///< the server's name for the mail, found in there; empty: none was recognised
    std::string message_id{}; ///< of the content, if it is known

    std::string server{};                    ///< the address that was talked to
    std::vector<connect_attempt> attempts{}; ///< that were made to get there, if this mail had to wait for that
    tls_facts tls{};
    mechanism authenticated_by = mechanism::none;

    unsigned waits = 0; ///< times that it had to be waited for the server, from connecting to this mail's end
    std::uint64_t octets_sent = 0;     ///< on the connection while this mail was under way, TLS not counted
    std::uint64_t octets_received = 0; ///< the same
    std::uint64_t content_octets = 0;  ///< of the content, dots and line ends that were put in included
    send_timings timings{};

    /// All recipients were accepted.
    explicit operator bool() const noexcept { return what == outcome::accepted; }
    /// Whether it is sure that no recipient can have got it.
    bool nothing_committed() const noexcept {
        for (const recipient_result& r : recipients)
            if (r.what == outcome::accepted || r.what == outcome::unknown) return false;
        return true;
    }
};

} // namespace postrider

#endif

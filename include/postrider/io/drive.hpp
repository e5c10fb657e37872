// drive.hpp - the one loop between a session and a stream: does what the session asks, and tells it what happened.
//
//     postrider::posix_stream stream;
//     if (errc e = stream.connect({.host = "mail.example", .port = 25}, until); e != errc::ok) ...
//     if (errc e = session.start({...}); e != errc::ok) ...
//     postrider::mail mail{.reverse_path = from, .recipients = to, .content = {.text = "Subject: Hello\n\nHello.\n"}};
//     if (errc e = session.send(mail); e != errc::ok) ...
//     postrider::drive(session, stream, until);
#ifndef POSTRIDER_IO_DRIVE_HPP
#define POSTRIDER_IO_DRIVE_HPP

#include "postrider/io/posix.hpp"
#include "postrider/session.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace postrider {

/// What the loop asks its caller, and tells him. The base has no mail, no content, and sees nothing; hide what is of
/// interest.
struct drive_handler {
    /// What `pull` handed out stays where it is until the mail is done. Without that a part is sent before the next is
    /// pulled, so that one buffer is enough for a source.
    static constexpr bool stable = false;

    /// A further mail, asked for whenever one could leave with the next flight; null: none for now. It belongs to the
    /// session until `mail_done`.
    mail* next_mail() noexcept { return nullptr; }
    /// `next_mail` gave a mail that `session_base::send` does not take.
    void not_taken(mail& /*m*/, errc /*why*/) noexcept {}
    /// The next part of pulled content; `first`: from its beginning. Say `last` with the last part, so that it leaves
    /// together with what ends the content.
    content_part pull(mail& /*m*/, bool /*first*/) noexcept { return {.failed = true}; }
    /// A mail is done; each recipient has its result. It may be changed, and sent again, from here on.
    void mail_done(mail& /*m*/, const reply& /*said*/) noexcept {}
    /// A recipient, or all (`all_recipients`), was refused by this reply.
    void refused(mail& /*m*/, std::size_t /*recipient*/, const reply& /*said*/) noexcept {}
    /// The session needs credentials (`credentials::on_demand`); `again`: the server has refused the token, and a fresh one
    /// is needed. `with` is what `start` was given. They are copied, the texts behind them are not (see `session_base::authenticate`). An error: there are none.
    errc credentials_wanted(credentials& /*with*/, bool /*again*/) noexcept { return errc::credentials_failed; }
    /// How long what this action asks may take; here as RFC 5321 §4.5.3.2 has it.
    std::chrono::seconds limit(const action& a) noexcept { return std::chrono::seconds{a.limit()}; }
    /// TLS stands. Who takes `const tls_facts&` (io/tls.hpp) behind the channel is told what was negotiated, where the stream
    /// knows it.
    void tls_started(const tls_channel& /*channel*/) noexcept {}
    /// A command by itself was answered.
    void answered(const reply& /*said*/) noexcept {}
    /// Octets that were given out for sending; `m` is theirs, or null. `secret`: credentials, not to be shown. `ends`: a
    /// line or the content ends. With `mail_progress::content_octets` this is the progress of a mail.
    void sent(std::string_view /*octets*/, phase /*where*/, const mail* /*m*/, bool /*secret*/,
              bool /*ends*/) noexcept {}
    void received(std::string_view /*octets*/) noexcept {}
};

/// Octets on their way: command lines and short pieces of content are gathered, long ones are only pointed at.
class flight {
public:
    flight() noexcept = default;
    ~flight() { clear(); }
    flight(const flight&) = delete;
    flight& operator=(const flight&) = delete;

    bool empty() const noexcept { return first_ == count_; }
    bool full() const noexcept { return count_ == parts_.size() || text_.size() - used_ < 64; }
    std::span<char> room() noexcept { return std::span<char>{text_}.subspan(used_); }

    void add(const action& a) noexcept {
        std::string_view octets = a.octets;
        if (octets.empty()) return;
        secret_ = secret_ || a.secret();
        if (!a.own && octets.size() <= std::min(copied_at_most, text_.size() - used_)) {
            std::memcpy(text_.data() + used_, octets.data(), octets.size());
            octets = {text_.data() + used_, octets.size()};
        }
        if (octets.data() == text_.data() + used_) used_ += octets.size();
        const bool adjacent = !empty() && parts_[count_ - 1].data() + parts_[count_ - 1].size() == octets.data();
        if (adjacent) parts_[count_ - 1] = {parts_[count_ - 1].data(), parts_[count_ - 1].size() + octets.size()};
        else parts_[count_++] = octets;
    }

    std::span<const std::string_view> parts() const noexcept {
        return std::span{parts_}.subspan(first_, count_ - first_);
    }

    /// The system has taken the first `octets`. What was gathered is not left behind: there may be credentials in it.
    void drop(std::size_t octets) noexcept {
        while (!empty() && octets >= parts_[first_].size()) octets -= parts_[first_++].size();
        if (!empty()) parts_[first_].remove_prefix(octets);
        else clear();
    }

    void clear() noexcept {
        if (secret_) wipe(std::span<char>{text_}.first(used_));
        secret_ = false;
        first_ = count_ = used_ = 0;
    }

private:
    static constexpr std::size_t copied_at_most = 128; // below that a copy costs less than an iovec of its own
    std::array<char, 16384> text_;
    std::array<std::string_view, 256> parts_;
    std::size_t used_ = 0;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool secret_ = false;
};

/// A stream that can begin TLS, as `tls_stream`.
template <class Stream>
concept starts_tls = requires(Stream& stream, deadline until) { // `deadline{}` may throw, by its declaration
    { stream.start_tls(true, until) }
    noexcept;
    { stream.channel() }
    noexcept;
    { stream.wants_room(true) }
    noexcept;
    { stream.started() }
    noexcept;
};

/// What a drive that must not wait is waiting for.
struct stream_wait {
    bool readable = false;
    bool writable = false;
    deadline until = never; ///< the time limit of what is awaited: then it is time for the next step, too
};

/// The loop. It ends when the session is `ready` for something else and there is no further mail, or closed. The stream is left
/// open, and may be driven again. All three must outlive it.
///
/// `Stream` has a `transfer` with the contract of `posix_stream::transfer`: an error, or the end, that comes together with
/// octets has to be said again by the next call. If it cannot begin TLS, a session that wants TLS ends with `no_tls` before
/// an octet leaves: there is `tls_policy::none`.
template <class Stream, class Handler>
class driver {
public:
    driver(session_base& session, Stream& stream, Handler& handler) noexcept
        : session_(session), stream_(stream), handler_(handler) {}

    /// Waits as long as it takes. Each wait ends with its time limit (`drive_handler::limit`) or at `until`, whichever comes
    /// first. Returns `session.error()`.
    errc run(deadline until) {
        static_cast<void>(go(until, true));
        return session_.error();
    }

    /// Does what can be done without waiting. True: it has ended, and `session.error()` says how. False: it goes on with the
    /// next step, once what `awaited` says has come.
    [[nodiscard]] bool step(deadline until) { return go(until, false); }
    const stream_wait& awaited() const noexcept { return awaited_; }
    /// Where in the session it is.
    phase where() const noexcept { return where_; }

private:
    using clock = std::chrono::steady_clock;

    bool go(deadline until, bool may_wait) {
        if (!starts_tls<Stream> && session_.wants_tls()) session_.failed(errc::no_tls);
        for (;;) {
            while (session_.wants_mail()) {
                mail* const m = handler_.next_mail();
                if (m == nullptr) break;
                if (const errc e = session_.send(*m); e != errc::ok) handler_.not_taken(*m, e);
            }
            const action a = session_.next(out_.full() ? std::span<char>{} : out_.room());
            where_ = a.where;
            switch (a.what) {
            case action::kind::write:
                if (!a.octets.empty()) {
                    out_.add(a);
                    handler_.sent(a.octets, a.where, a.mail, a.secret(), a.ends);
                    if (!out_.full()) continue;
                }
                break;
            case action::kind::content:
                if (out_.empty() || Handler::stable) {
                    const content_part part = handler_.pull(*a.mail, a.first);
                    if (part.failed) session_.content_failed();
                    else session_.content(part.octets);
                    if (part.last) session_.end_of_content();
                    continue;
                }
                break;
            case action::kind::tls:
                if (!start_tls(a, until, may_wait)) return false;
                continue;
            case action::kind::credentials: {
                credentials with = session_.auth();
                if (handler_.credentials_wanted(with, a.again) == errc::ok)
                    static_cast<void>(session_.authenticate(with));
                else session_.no_credentials();
                continue;
            }
            case action::kind::refused: handler_.refused(*a.mail, a.recipient_index, session_.last_reply()); continue;
            case action::kind::mail: handler_.mail_done(*a.mail, session_.last_reply()); continue;
            case action::kind::answered: handler_.answered(session_.last_reply()); continue;
            case action::kind::read: break;
            case action::kind::ready:
                if (out_.empty()) return true;
                break;
            case action::kind::closed:
                if (out_.empty() || !a.ends) {
                    out_.clear();
                    return true;
                }
                break;
            }
            const progress made = exchange(a, until, may_wait);
            if (made != progress::some) return made == progress::over;
        }
    }

    enum class progress : std::uint8_t { some, none, over };

    progress exchange(const action& a, deadline until, bool may_wait) {
        // Octets that complete no reply buy the server no time, also while it takes nothing.
        if (moved_ || a.serial != serial_) started_ = clock::now();
        // Nobody answers a flight before it has arrived.
        const bool too_early = moved_ && out_.empty() && !keeps_octets();
        moved_ = false;
        serial_ = a.serial;
        const deadline ends = std::min(until, started_ + handler_.limit(a));
        awaited_ = {true, false, ends};
        if (!may_wait && too_early) return progress::none;
        const transfer_result r = stream_.transfer(out_.parts(), in_, may_wait ? ends : deadline{});
        moved_ = r.written != 0;
        session_.wrote(r.written);
        out_.drop(r.written);
        if (r.read != 0) {
            handler_.received({in_.data(), r.read});
            session_.received({in_.data(), r.read});
        } else if (r.error == errc::timed_out && !may_wait && clock::now() < ends) {
            awaited_.writable = wants_room();
            return progress::none;
        } else if (r.error == errc::timed_out && r.written != 0 && clock::now() < until) {
            // A slow line, not a dead one: the limit is for a block to be taken, not for all that was gathered.
        } else if (r.error != errc::ok || r.end_of_stream) {
            if (a.what == action::kind::closed) {
                out_.clear();
                return progress::over;
            }
            session_.failed(r.error != errc::ok ? r.error : errc::connection_closed);
        }
        return progress::some;
    }

    /// False: the handshake waits.
    bool start_tls(const action& a, deadline until, bool may_wait) {
        if constexpr (starts_tls<Stream>) {
            if (!in_handshake_) started_ = clock::now();
            const deadline ends = std::min(until, started_ + handler_.limit(a));
            const errc e = stream_.start_tls(a.must_verify, may_wait ? ends : deadline{});
            in_handshake_ = !may_wait && e == errc::timed_out && clock::now() < ends;
            if (in_handshake_) {
                awaited_ = {true, wants_room(), ends};
                return false;
            }
            moved_ = true;
            if (e == errc::ok) {
                if constexpr (requires { handler_.tls_started(stream_.channel(), stream_.facts()); })
                    handler_.tls_started(stream_.channel(), stream_.facts());
                else handler_.tls_started(stream_.channel());
                session_.tls_started(stream_.channel());
            } else {
                session_.failed(e);
            }
        }
        return true;
    }

    /// There are octets for which the stream had no room.
    bool wants_room() const noexcept {
        if constexpr (starts_tls<Stream>) return stream_.wants_room(!out_.empty());
        else return !out_.empty();
    }
    /// What has come may be in the stream, and not show in its descriptor.
    bool keeps_octets() const noexcept {
        if constexpr (starts_tls<Stream>) return stream_.started();
        else return false;
    }

    session_base& session_;
    Stream& stream_;
    Handler& handler_;
    std::uint32_t serial_ = 0;
    phase where_ = phase::connect;
    bool moved_ = true; // the last transfer wrote something
    bool in_handshake_ = false;
    deadline started_{};
    stream_wait awaited_{};
    flight out_;
    std::array<char, 16384> in_;
};

/// Drives a session over a stream that may wait: see `driver`.
template <class Stream, class Handler>
errc drive(session_base& session, Stream& stream, deadline until, Handler&& handler) {
    return driver<Stream, std::remove_reference_t<Handler>>{session, stream, handler}.run(until);
}

template <class Stream>
errc drive(session_base& session, Stream& stream, deadline until = never) {
    return drive(session, stream, until, drive_handler{});
}

} // namespace postrider

#endif

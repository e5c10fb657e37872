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
    /// TLS stands.
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
};

/// Drives the session until it is `ready` for something else and there is no further mail, or closed; returns
/// `session.error()`. Each wait ends with its time limit of RFC 5321 §4.5.3.2 or at `until`, whichever comes first. The
/// stream is left open.
///
/// `Stream` has a `transfer` with the contract of `posix_stream::transfer`: an error, or the end, that comes together with
/// octets has to be said again by the next call. If it cannot begin TLS, a session that wants TLS ends with `no_tls` before
/// an octet leaves: there is `tls_policy::none`.
template <class Stream, class Handler>
errc drive(session_base& session, Stream& stream, deadline until, Handler&& handler) {
    using clock = std::chrono::steady_clock;
    flight out;
    std::array<char, 16384> in;
    std::uint32_t serial = 0;
    bool moved = true; // the last transfer wrote something
    deadline started{};

    if (!starts_tls<Stream> && session.wants_tls()) session.failed(errc::no_tls);
    for (;;) {
        while (session.wants_mail()) {
            mail* const m = handler.next_mail();
            if (m == nullptr) break;
            if (const errc e = session.send(*m); e != errc::ok) handler.not_taken(*m, e);
        }
        const action a = session.next(out.full() ? std::span<char>{} : out.room());
        switch (a.what) {
        case action::kind::write:
            if (!a.octets.empty()) {
                out.add(a);
                handler.sent(a.octets, a.where, a.mail, a.secret(), a.ends);
                if (!out.full()) continue;
            }
            break;
        case action::kind::content:
            if (out.empty() || std::decay_t<Handler>::stable) {
                const content_part part = handler.pull(*a.mail, a.first);
                if (part.failed) session.content_failed();
                else session.content(part.octets);
                if (part.last) session.end_of_content();
                continue;
            }
            break;
        case action::kind::tls:
            if constexpr (starts_tls<Stream>) {
                const errc e =
                    stream.start_tls(a.must_verify, std::min(until, clock::now() + std::chrono::seconds{a.limit()}));
                if (e == errc::ok) {
                    handler.tls_started(stream.channel());
                    session.tls_started(stream.channel());
                } else {
                    session.failed(e);
                }
            }
            continue;
        case action::kind::credentials: {
            credentials with = session.auth();
            if (handler.credentials_wanted(with, a.again) == errc::ok) static_cast<void>(session.authenticate(with));
            else session.no_credentials();
            continue;
        }
        case action::kind::refused: handler.refused(*a.mail, a.recipient_index, session.last_reply()); continue;
        case action::kind::mail: handler.mail_done(*a.mail, session.last_reply()); continue;
        case action::kind::answered: handler.answered(session.last_reply()); continue;
        case action::kind::read: break;
        case action::kind::ready:
            if (out.empty()) return session.error();
            break;
        case action::kind::closed:
            if (out.empty() || !a.ends) return session.error();
            break;
        }

        // Octets that complete no reply buy the server no time, also while it takes nothing.
        if (moved || a.serial != serial) started = clock::now();
        serial = a.serial;
        const std::chrono::seconds limit{a.limit()};
        const transfer_result r = stream.transfer(out.parts(), in, std::min(until, started + limit));
        moved = r.written != 0;
        session.wrote(r.written);
        out.drop(r.written);
        if (r.read != 0) {
            handler.received({in.data(), r.read});
            session.received({in.data(), r.read});
        } else if (r.error == errc::timed_out && r.written != 0 && clock::now() < until) {
            // A slow line, not a dead one: the limit is for a block to be taken, not for all that was gathered.
        } else if (r.error != errc::ok || r.end_of_stream) {
            if (a.what == action::kind::closed) return session.error();
            session.failed(r.error != errc::ok ? r.error : errc::connection_closed);
        }
    }
}

template <class Stream>
errc drive(session_base& session, Stream& stream, deadline until = never) {
    return drive(session, stream, until, drive_handler{});
}

} // namespace postrider

#endif

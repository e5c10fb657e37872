#include "connection.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace postrider::sink {

connection::connection(service& service, std::unique_ptr<byte_stream> stream, std::uint64_t number,
                       const std::string& peer)
    : service_(service),
      stream_(std::move(stream)),
      number_(number),
      entry_(service.books.opened(number, peer)),
      dialog_(service, out_, number, peer),
      faults_(service.script.throughout(number)) {
    service_.transcript.event(number_, "connected from " + peer);
    event arrival;
    if (service_.is_watched()) arrival.peer = peer;
    service_.tell(event::kind::connected, number_, std::move(arrival));
}

connection::~connection() {
    if (!over_) end("closed by the end of the sink");
}

void connection::begin(bool full, clock::time_point now) {
    out_.begin(faults_.pace, faults_.cut_out, faults_.cut_ending);
    if (service_.config.hold) out_.hold();
    if (faults_.window != 0) stream_->set_receive_buffer(faults_.window);
    if (service_.config.idle_timeout.count() != 0) idle_at_ = now + service_.config.idle_timeout;
    full_ = full;
    if (service_.tls.is_open() && service_.config.tls.implicit) return begin_tls();
    dialog_.greet(full);
    go_on(now);
}

// --- In ----------------------------------------------------------------------------------------------------

connection::interest connection::wants() const {
    // A server whose reply does not get out reads no further: a client that sends without reading must meet
    // that.
    const bool may_read = draining_ || (!out_.suspended() && !writing_blocked_ && !next_read_ && !client_done_);
    return {may_read, writing_blocked_, !may_read && !client_done_ && out_.suspended()};
}

void connection::readable(std::span<char> buffer, clock::time_point now) {
    if (draining_) return drain();
    if (shaking_) return shake(now);
    std::size_t most = buffer.size() - left_.size();
    if (faults_.window != 0) most = std::min(most, faults_.window);
    if (faults_.cut_in) most = static_cast<std::size_t>(std::min<std::uint64_t>(most, *faults_.cut_in - received_));
    std::memcpy(buffer.data(), left_.data(), left_.size());
    const byte_stream::result got = stream_->read(buffer.subspan(left_.size(), most));
    using outcome = byte_stream::result::outcome;
    switch (got.what) {
    case outcome::again: return;
    case outcome::end: return client_closed(now);
    case outcome::failed: return tls_ != nullptr ? tls_failed() : broken();
    case outcome::done: return take(got.octets, buffer, now);
    }
}

void connection::take(std::size_t octets, std::span<char> buffer, clock::time_point now) {
    received_ += octets;
    dialog_.since().seen.octets_in += octets;
    const std::string_view input{buffer.data(), left_.size() + octets};
    const std::size_t used = dialog_.feed(input, octets);
    if (used < input.size()) left_.assign(input.substr(used));
    else if (left_.capacity() > 4096) std::string{}.swap(left_); // thousands of connections share this machine
    else left_.clear();

    if (faults_.window != 0) next_read_ = now + faults_.window_interval;
    if (idle_at_) idle_at_ = now + service_.config.idle_timeout;
    if (faults_.cut_in && received_ == *faults_.cut_in && !cut_) {
        cut_ = true;
        out_.finish(faults_.cut_ending);
    }
    if (service_.config.hold) quiet_at_ = now + service_.config.quiet;
    go_on(now);
}

void connection::client_closed(clock::time_point now) {
    client_done_ = true;
    flight_held_ = false;
    out_.release(); // whoever has closed waits for nothing
    quiet_at_.reset();
    go_on(now);
}

// Only asked for while the outbox pauses: a client that gives up then must not be answered into the void,
// because the kernel would take the reply and it would count as delivered.
void connection::hung_up(clock::time_point now) {
    if (draining_) return client_closed(now);
    end("closed by client");
}

void connection::drain() {
    std::array<char, 16 * 1024> waste;
    const byte_stream::result got = stream_->read(waste);
    using outcome = byte_stream::result::outcome;
    if (got.what == outcome::done) {
        dialog_.since().seen.octets_in += got.octets;
        commit();
    }
    if (got.what == outcome::end) end("closed by client");
    if (got.what == outcome::failed) broken();
}

// --- TLS ---------------------------------------------------------------------------------------------------

void connection::begin_tls() {
    auto secure = std::make_unique<tls_stream>(std::move(stream_), service_.tls, faults_.cut_handshake);
    tls_ = secure.get();
    stream_ = std::move(secure);
    shaking_ = true;
    if (faults_.no_close_notify) tls_->say_no_goodbye();
}

// A flight for which the client waits is a wait, as a reply is. What a client could send meanwhile (it may not wait
// for the last flight of TLS 1.2) hold mode lets it send.
void connection::shake(clock::time_point now) {
    if (idle_at_) idle_at_ = now + service_.config.idle_timeout;
    const byte_stream::result got = tls_->handshake();
    using outcome = byte_stream::result::outcome;
    if (got.what == outcome::end || got.what == outcome::failed) return tls_failed();
    if (tls_->unsent() && !tls_->only_tickets()) {
        flight_held_ = service_.config.hold;
        if (flight_held_) quiet_at_ = now + service_.config.quiet;
        else count_waits({.content = false, .others = true});
    }
    if (got.what == outcome::done) {
        shaking_ = false;
        const tls_session& seen = tls_->state().seen;
        counts& count = dialog_.since().seen;
        ++count.tls_handshakes;
        count.tls_resumed += seen.resumed ? 1 : 0;
        service_.books.secured(entry_, seen);
        service_.transcript.event(number_, seen.version + " " + seen.cipher + (seen.resumed ? ", resumed" : ""));
        event handshake;
        handshake.session = &seen;
        service_.tell(event::kind::tls, number_, std::move(handshake));
        dialog_.secured(tls_->state());
        if (service_.config.tls.implicit) dialog_.greet(full_);
    }
    go_on(now);
}

// The alert says why. It must not be overtaken by a reset, so what has come is read.
void connection::tls_failed() {
    const std::string& why = tls_->state().seen.failure;
    if (why.empty()) return broken();
    ++dialog_.since().seen.tls_failures;
    service_.transcript.event(number_, "TLS: " + why);
    event failure;
    failure.session = &tls_->state().seen;
    service_.tell(event::kind::tls_failed, number_, std::move(failure));
    tls_->say_no_goodbye();
    tls_->flush();
    leave("TLS failed");
}

// Ends the connection where the script cuts the handshake; false when it has ended.
bool connection::flush_tls() {
    using outcome = byte_stream::result::outcome;
    switch (tls_->flush()) {
    case outcome::done: return true;
    case outcome::again: writing_blocked_ = true; return true;
    case outcome::end:
        tls_->say_no_goodbye();
        act(faults_.cut_handshake_ending);
        return false;
    case outcome::failed: broken(); return false;
    }
    return true;
}

// --- Out ---------------------------------------------------------------------------------------------------

// Decisions first, then replies: who has read a reply finds the mail in the books.
void connection::go_on(clock::time_point now) {
    for (;;) {
        commit();
        if ((out_.held() || flight_held_) && !client_done_) {
            if (!quiet_at_) quiet_at_ = now + service_.config.quiet;
        } else if (!service_.config.hold && !out_.empty()) {
            count_waits(dialog_.take_answers());
        }
        if (!pump(now)) return;
        if (out_.suspended() || left_.empty() || writing_blocked_) break;
        // A pause is over: on with what came behind it.
        const std::string input = std::exchange(left_, {});
        const std::size_t used = dialog_.feed(input, 0);
        left_ = input.substr(used);
        if (used == 0) break;
        if (client_done_) out_.release();
    }
    if (dialog_.starting_tls() && !shaking_ && out_.empty() && left_.empty()) begin_tls();
    commit();
    if (!client_done_ || !out_.empty()) return;
    if (tls_ != nullptr) stream_->shutdown_write(); // with its close_notify
    end(dialog_.quit() ? "quit" : "closed by client");
}

// Writes what may be written now; false when the connection has ended.
bool connection::pump(clock::time_point now) {
    next_write_.reset();
    if (tls_ != nullptr && !flight_held_ && !flush_tls()) return false;
    while (!writing_blocked_) {
        const outbox::step step = out_.next(now);
        switch (step.what) {
        case outbox::step::kind::idle: return true;
        case outbox::step::kind::wait: next_write_ = step.until; return true;
        case outbox::step::kind::end: act(step.ending); return !over_;
        case outbox::step::kind::renegotiate:
            if (tls_ != nullptr) tls_->renegotiate();
            if (tls_ != nullptr && !flush_tls()) return false;
            continue;
        case outbox::step::kind::write: break;
        }
        const byte_stream::result put = stream_->write(step.octets);
        if (put.what == byte_stream::result::outcome::again) {
            writing_blocked_ = true;
        } else if (put.what == byte_stream::result::outcome::done) {
            dialog_.since().seen.octets_out += put.octets;
            out_.wrote(put.octets, now);
            dialog_.sent();
        } else {
            tls_ != nullptr ? tls_failed() : broken();
            return false;
        }
    }
    return true;
}

void connection::act(ending how) {
    switch (how) {
    case ending::none:
    case ending::close: return leave(dialog_.quit() ? "quit" : "closed");
    case ending::reset: stream_->reset(); return end("reset");
    case ending::half_close: stream_->shutdown_write(); [[fallthrough]];
    case ending::silence:
        draining_ = true;
        quiet_at_.reset();
        idle_at_.reset();
        left_.clear();
        commit();
        return;
    }
}

// What has come already would turn the close into a reset, which may overtake the last reply.
void connection::leave(std::string how) {
    std::array<char, 16 * 1024> waste;
    for (int i = 0; i < 64 && stream_->read(waste).what == byte_stream::result::outcome::done; ++i) {
    }
    stream_->shutdown_write();
    end(std::move(how));
}

// --- Times -------------------------------------------------------------------------------------------------

std::optional<clock::time_point> connection::deadline() const {
    std::optional<clock::time_point> first;
    if (draining_) return first;
    for (const auto& one : {quiet_at_, next_write_, next_read_, idle_at_})
        if (one && (!first || *one < *first)) first = one;
    return first;
}

void connection::passed(clock::time_point now) {
    if (next_read_ && *next_read_ <= now) next_read_.reset();
    if (quiet_at_ && *quiet_at_ <= now) {
        quiet_at_.reset();
        if (out_.held() || flight_held_) release();
    }
    if (idle_at_ && *idle_at_ <= now) {
        idle_at_.reset();
        if (shaking_) return end("idle within the handshake");
        dialog_.time_out();
        out_.release();
    }
    go_on(now);
}

void connection::release() {
    out_.release();
    service_.transcript.event(number_, "the client waits: replies released");
    dialog::answers answered = dialog_.take_answers();
    if (std::exchange(flight_held_, false)) answered.others = true;
    count_waits(answered);
}

void connection::count_waits(const dialog::answers& answered) {
    ++releases_;
    dialog_.waited();
    if (answered.content) releases_to_content_ = releases_;
    else if (!answered.others) ++releases_of_quit_;
}

// --- Books -------------------------------------------------------------------------------------------------

void connection::commit() {
    dialog::tally& since = dialog_.since();
    const std::uint64_t counted = releases_to_content_ != 0 ? releases_to_content_ : releases_ - releases_of_quit_;
    since.seen.waits = 1 + counted;
    since.seen.waits_after_content = releases_ - counted;
    service_.books.commit(entry_, since.seen, since.verbs);
    if (!since.delivered.empty()) service_.books.delivered(since.delivered);
    if (since.authenticated) service_.books.authenticated(entry_, dialog_.auth_mechanism(), dialog_.auth_user());
    since.authenticated = false;
    since.seen = {};
    since.verbs = {};
    since.delivered.clear();
}

void connection::end(std::string how, bool by_reset) {
    commit();
    if (tls_ != nullptr) service_.books.secured(entry_, tls_->state().seen);
    service_.transcript.event(number_, how);
    if (service_.is_watched()) {
        event farewell;
        farewell.ending = how;
        farewell.seen = &entry_->seen; // which this thread alone writes
        farewell.waits_exact = service_.config.hold;
        farewell.undelivered = dialog_.undelivered();
        service_.tell(event::kind::closed, number_, std::move(farewell));
    }
    service_.books.closed(entry_, std::move(how), by_reset, dialog_.undelivered());
    over_ = true;
}

} // namespace postrider::sink

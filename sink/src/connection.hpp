// One client: its stream, its dialog, and the times at which something is due.
//
// The server calls it when the stream is ready or its deadline has passed, and asks afterwards what to wait
// for. It never waits itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "dialog.hpp"
#include "outbox.hpp"
#include "service.hpp"
#include "stream.hpp"
#include "tls.hpp"

namespace postrider::sink {

class connection {
public:
    connection(service& service, std::unique_ptr<byte_stream> stream, std::uint64_t number, const std::string& peer);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void begin(bool full, clock::time_point now); // full: say 421 and go

    // `buffer` is lent for the call; what is left of the input afterwards, the connection keeps.
    void readable(std::span<char> buffer, clock::time_point now);
    void writable(clock::time_point now) { writing_blocked_ = false, go_on(now); }
    void hung_up(clock::time_point now);
    void broken() { end("reset by client", true); }
    void passed(clock::time_point now); // deadline() is over

    struct interest {
        bool read = false;
        bool write = false;
        bool hang_up = false;
        bool operator==(const interest&) const = default;
    };
    [[nodiscard]] interest wants() const;
    [[nodiscard]] std::optional<clock::time_point> deadline() const;
    [[nodiscard]] bool over() const { return over_; }
    [[nodiscard]] int descriptor() const { return stream_->descriptor(); }
    // Whether it wants to read, and there is something of which the descriptor tells nothing.
    [[nodiscard]] bool at_hand() const { return !over_ && stream_->pending() && wants().read; }

private:
    void take(std::size_t octets, std::span<char> buffer, clock::time_point now);
    void client_closed(clock::time_point now);
    void begin_tls();
    void shake(clock::time_point now);
    void tls_failed();
    void drain();
    void go_on(clock::time_point now);
    [[nodiscard]] bool pump(clock::time_point now);
    [[nodiscard]] bool flush_tls();
    void release();
    void act(ending how);
    void leave(std::string how);
    void count_waits(const dialog::answers& answered);
    void commit();
    void end(std::string how, bool by_reset = false);

    service& service_;
    std::unique_ptr<byte_stream> stream_;
    tls_stream* tls_ = nullptr; // the same, once TLS has begun
    std::uint64_t number_;
    ledger::entry entry_;
    outbox out_;
    dialog dialog_;
    connection_effect faults_;

    std::string left_; // input that is not used yet: part of a line, or all behind a pause
    std::uint64_t received_ = 0;
    bool shaking_ = false;     // within the handshake
    bool flight_held_ = false; // a flight of the handshake waits for the client to be quiet
    bool full_ = false;
    bool writing_blocked_ = false;
    bool draining_ = false;    // nothing more is said; what comes is thrown away
    bool client_done_ = false; // it has closed its side
    bool cut_ = false;         // cut_in is reached
    bool over_ = false;

    std::optional<clock::time_point> quiet_at_;   // held replies go then
    std::optional<clock::time_point> next_write_; // the outbox waits
    std::optional<clock::time_point> next_read_;  // the window opens
    std::optional<clock::time_point> idle_at_;

    std::uint64_t releases_ = 0;
    std::uint64_t releases_of_quit_ = 0;
    std::uint64_t releases_to_content_ = 0; // up to the last one with the final reply to a content
};

} // namespace postrider::sink

// What is still to be written to a client, and how: when, in what pieces, and what comes after it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "script.hpp"

namespace postrider::sink {

using clock = std::chrono::steady_clock;

// Positions count the octets of the connection from its start, so they stay true while octets leave.
class outbox {
public:
    struct step {
        enum class kind { idle, write, wait, renegotiate, end };
        kind what = kind::idle;
        std::string_view octets; // to write; any part of them may be, and wrote() is told
        clock::time_point until; // to wait
        sink::ending ending = ending::none;
    };

    void begin(const pace& pace, std::optional<std::uint64_t> cut, ending cut_ending);

    void append(std::string_view text) { text_ += text; }
    [[nodiscard]] std::uint64_t end() const { return base_ + text_.size(); }
    [[nodiscard]] std::string_view from(std::uint64_t position) const;
    void truncate(std::uint64_t position); // only what was appended since the last step

    // What happens once all before `position` is written.
    void pause(std::uint64_t position, std::chrono::milliseconds time);
    void change_pace(std::uint64_t position, const pace& pace);
    void renegotiate(std::uint64_t position);
    void babble(endless what, std::string_view code); // from here, for ever
    void finish(ending how);                          // here

    // Once held, only what was there when release() was called leaves.
    void hold() { holding_ = true; }
    void release() { released_ = end(); }
    [[nodiscard]] bool held() const { return holding_ && released_ < end(); }

    // Whether something is to happen before the dialog may go on: a server that pauses or ends does not read
    // on.
    [[nodiscard]] bool suspended() const { return suspensions_ != 0; }
    [[nodiscard]] bool empty() const { return sent_ == end() && turns_.empty(); }
    [[nodiscard]] std::uint64_t sent() const { return sent_; } // position that the kernel has

    [[nodiscard]] step next(clock::time_point now);
    void wrote(std::size_t octets, clock::time_point now);

private:
    struct turn {
        enum class kind { pause, pace, renegotiate, babble, end };
        std::uint64_t position;
        kind what;
        std::chrono::milliseconds time{0};
        sink::pace pace;
        sink::ending ending = ending::none;
    };

    [[nodiscard]] step write_step(std::string_view octets) const;

    std::string text_;
    std::uint64_t base_ = 0; // position of text_[0]
    std::uint64_t sent_ = 0;
    bool holding_ = false;
    std::uint64_t released_ = 0;
    std::deque<turn> turns_;
    std::size_t suspensions_ = 0;
    std::optional<clock::time_point> paused_until_;
    sink::pace pace_;
    clock::time_point next_piece_;
    std::optional<std::uint64_t> cut_;
    ending cut_ending_ = ending::close;
    std::string babble_; // many units of what is repeated
    std::size_t babble_unit_ = 1;
    std::uint64_t babbled_ = 0;
};

} // namespace postrider::sink

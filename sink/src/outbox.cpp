#include "outbox.hpp"

#include <algorithm>

namespace postrider::sink {

void outbox::begin(const pace& pace, std::optional<std::uint64_t> cut, ending cut_ending) {
    pace_ = pace;
    cut_ = cut;
    cut_ending_ = cut_ending;
}

std::string_view outbox::from(std::uint64_t position) const {
    return std::string_view{text_}.substr(static_cast<std::size_t>(position - base_));
}

void outbox::truncate(std::uint64_t position) { text_.resize(static_cast<std::size_t>(position - base_)); }

void outbox::pause(std::uint64_t position, std::chrono::milliseconds time) {
    turns_.push_back({position, turn::kind::pause, time, {}, ending::none});
    ++suspensions_;
}

void outbox::change_pace(std::uint64_t position, const pace& pace) {
    turns_.push_back({position, turn::kind::pace, {}, pace, ending::none});
}

void outbox::renegotiate(std::uint64_t position) {
    turns_.push_back({position, turn::kind::renegotiate, {}, {}, ending::none});
}

void outbox::babble(endless what, std::string_view code) {
    std::string unit = what == endless::line ? std::string(64, 'x') : std::string{code} + "-and so on\r\n";
    if (what == endless::line) append(std::string{code} + " ");
    babble_unit_ = unit.size();
    while (babble_.size() < 32 * 1024) babble_ += unit;
    turns_.push_back({end(), turn::kind::babble, {}, {}, ending::none});
    ++suspensions_;
}

void outbox::finish(ending how) {
    turns_.push_back({end(), turn::kind::end, {}, {}, how});
    ++suspensions_;
}

outbox::step outbox::next(clock::time_point now) {
    while (!turns_.empty() && turns_.front().position == sent_ && !(cut_ && *cut_ <= sent_ + babbled_)) {
        const turn& due = turns_.front();
        if (due.what == turn::kind::end) return {step::kind::end, {}, {}, due.ending};
        if (due.what == turn::kind::babble)
            return write_step(std::string_view{babble_}.substr(babbled_ % babble_unit_));
        if (due.what == turn::kind::renegotiate) {
            turns_.pop_front();
            return {step::kind::renegotiate, {}, {}, ending::none};
        }
        if (due.what == turn::kind::pause) {
            if (!paused_until_) paused_until_ = now + due.time;
            if (now < *paused_until_) return {step::kind::wait, {}, *paused_until_, ending::none};
            paused_until_.reset();
            --suspensions_;
        } else {
            pace_ = due.pace;
            next_piece_ = now;
        }
        turns_.pop_front();
    }
    if (cut_ && *cut_ <= sent_ + babbled_) return {step::kind::end, {}, {}, cut_ending_};
    std::string_view octets = from(sent_);
    if (!turns_.empty()) octets = octets.substr(0, static_cast<std::size_t>(turns_.front().position - sent_));
    if (holding_) octets = octets.substr(0, static_cast<std::size_t>(released_ - sent_));
    if (octets.empty()) return {};
    if (pace_.interval.count() != 0 && now < next_piece_) return {step::kind::wait, {}, next_piece_, ending::none};
    if (pace_.piece != 0) octets = octets.substr(0, pace_.piece);
    return write_step(octets);
}

outbox::step outbox::write_step(std::string_view octets) const {
    if (cut_) octets = octets.substr(0, static_cast<std::size_t>(*cut_ - sent_ - babbled_));
    return {step::kind::write, octets, {}, ending::none};
}

void outbox::wrote(std::size_t octets, clock::time_point now) {
    if (!turns_.empty() && turns_.front().what == turn::kind::babble && turns_.front().position == sent_) {
        babbled_ += octets;
        return;
    }
    sent_ += octets;
    next_piece_ = now + pace_.interval;
    if (sent_ == end()) {
        base_ = sent_;
        text_.clear();
    }
}

} // namespace postrider::sink

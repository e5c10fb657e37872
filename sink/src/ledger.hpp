// The books: written by the sink's thread, read by any.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "command.hpp"
#include "postrider/sink/mail.hpp"
#include "postrider/sink/report.hpp"

namespace postrider::sink {

class ledger {
public:
    using entry = std::list<connection_report>::iterator;
    using verb_counts = std::array<std::uint64_t, verbs>;

    ledger(bool waits_exact, std::size_t closed_kept);

    entry opened(std::uint64_t number, const std::string& peer);
    // Adds what happened since the last time, all but the waits: what they are can change in hindsight, so
    // they replace what was said before.
    void commit(entry connection, const counts& since, const verb_counts& by_verb);
    void accepted(const mail& mail);
    void secured(entry connection, const tls_session& session);
    void authenticated(entry connection, const std::string& mechanism, const std::string& user);
    void delivered(std::span<const std::uint64_t> mails);
    void closed(entry connection, std::string ending, bool by_reset, std::span<const std::uint64_t> undelivered);
    void failed(std::string what);

    [[nodiscard]] sink::report snapshot() const;
    [[nodiscard]] std::vector<mail> mails() const;

    enum class figure { mails, connections, connections_closed };
    [[nodiscard]] bool wait_for(figure what, std::uint64_t number, std::chrono::milliseconds timeout) const;

private:
    [[nodiscard]] std::uint64_t value(figure what) const;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    sink::report report_;
    verb_counts verbs_{};
    std::size_t closed_kept_;
    std::deque<entry> closed_; // in order of their end
    std::vector<mail> mails_;
};

} // namespace postrider::sink

#include "ledger.hpp"

#include <algorithm>

namespace postrider::sink {

ledger::ledger(bool waits_exact, std::size_t closed_kept) : closed_kept_(closed_kept) {
    report_.waits_exact = waits_exact;
}

ledger::entry ledger::opened(std::uint64_t number, const std::string& peer) {
    const std::lock_guard lock{mutex_};
    ++report_.connections;
    ++report_.open_connections;
    connection_report fresh;
    fresh.number = number;
    fresh.peer = peer;
    changed_.notify_all();
    return report_.per_connection.insert(report_.per_connection.end(), std::move(fresh));
}

void ledger::commit(entry connection, const counts& since, const verb_counts& by_verb) {
    const std::lock_guard lock{mutex_};
    counts& seen = connection->seen;
    report_.total.waits += since.waits - seen.waits; // modulo 2^64, so it may also shrink
    report_.total.waits_after_content += since.waits_after_content - seen.waits_after_content;
    seen.waits = since.waits;
    seen.waits_after_content = since.waits_after_content;
    counts more = since;
    more.waits = more.waits_after_content = 0;
    seen += more;
    report_.total += more;
    for (std::size_t i = 0; i < verbs_.size(); ++i) verbs_[i] += by_verb[i];
    if (more.mails != 0) changed_.notify_all();
}

void ledger::accepted(const mail& mail) {
    const std::lock_guard lock{mutex_};
    mails_.push_back(mail);
}

void ledger::secured(entry connection, const tls_session& session) {
    const std::lock_guard lock{mutex_};
    connection->tls = session;
}

void ledger::authenticated(entry connection, const std::string& mechanism, const std::string& user) {
    const std::lock_guard lock{mutex_};
    connection->auth_mechanism = mechanism;
    connection->auth_user = user;
}

void ledger::delivered(std::span<const std::uint64_t> mails) {
    const std::lock_guard lock{mutex_};
    for (const std::uint64_t id : mails) {
        const auto found = std::lower_bound(mails_.begin(), mails_.end(), id,
                                            [](const mail& mail, std::uint64_t wanted) { return mail.id < wanted; });
        if (found != mails_.end() && found->id == id) found->reply_delivered = true;
    }
}

void ledger::closed(entry connection, std::string ending, bool by_reset, std::span<const std::uint64_t> undelivered) {
    const std::lock_guard lock{mutex_};
    connection->open = false;
    connection->ending = std::move(ending);
    report_.undelivered.insert(report_.undelivered.end(), undelivered.begin(), undelivered.end());
    report_.resets += by_reset ? 1 : 0;
    --report_.open_connections;
    closed_.push_back(connection);
    if (closed_.size() > closed_kept_) {
        report_.per_connection.erase(closed_.front());
        closed_.pop_front();
    }
    changed_.notify_all();
}

void ledger::failed(std::string what) {
    constexpr std::size_t enough = 100; // a full disk fails for each mail
    const std::lock_guard lock{mutex_};
    if (report_.failures.size() < enough) report_.failures.push_back(std::move(what));
}

sink::report ledger::snapshot() const {
    const std::lock_guard lock{mutex_};
    sink::report copy = report_;
    for (std::size_t i = 0; i < verbs_.size(); ++i)
        if (verbs_[i] != 0) copy.verbs[std::string{verb_names[i]}] = verbs_[i];
    return copy;
}

std::vector<mail> ledger::mails() const {
    const std::lock_guard lock{mutex_};
    return mails_;
}

std::uint64_t ledger::value(figure what) const {
    switch (what) {
    case figure::mails: return report_.total.mails;
    case figure::connections: return report_.connections;
    case figure::connections_closed: return report_.connections - report_.open_connections;
    }
    return 0;
}

bool ledger::wait_for(figure what, std::uint64_t number, std::chrono::milliseconds timeout) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, timeout, [&] { return value(what) >= number; });
}

} // namespace postrider::sink

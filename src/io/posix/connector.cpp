#include <postrider/io/connector.hpp>

#include "resolver.hpp"
#include "socket.hpp"
#include "terminated.hpp"
#include "wait.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <unistd.h>
#include <utility>

namespace postrider {
namespace {

using namespace posix_detail;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr nanoseconds resolution_delay = 50ms;    // RFC 8305 §3
constexpr nanoseconds least_attempt_delay = 10ms; // RFC 8305 §5: "MUST NOT be less"
constexpr nanoseconds local_pause = 10ms;         // until a local socket with a full queue is tried again

// Of the errors of several addresses the one that says most. A refusal shows that the host is there;
// "unreachable" is what each IPv6 address says where there is no IPv6, and must not hide what became of the
// IPv4 address.
int telling(errc error) noexcept {
    switch (error) {
    case errc::connection_refused: return 4;
    case errc::connection_reset: return 3;
    case errc::timed_out: return 2;
    case errc::unreachable: return 1;
    default: return 0;
    }
}

// A part of the time left, of which there may be no end.
nanoseconds share(deadline until, deadline now, std::size_t parts) noexcept {
    if (until == never) return nanoseconds::max();
    return until > now ? (until - now) / static_cast<long>(parts) : nanoseconds{0};
}

} // namespace

// What is under way, in the order in which it comes: the lookup, which may go on while the first of its addresses are tried,
// and the attempts. `report.attempts[i]` and `sockets[i]` are one attempt; its socket is -1 when it has failed.
//
// A step looks which descriptors are ready, tells c-ares, judges the attempts, begins those that are due, and looks again if
// it began any, because a connection within this machine stands by then. Whatever could change is changed there; what is left
// is to say what to wait for.
struct connector::state {
    static constexpr std::size_t most = connect_report::capacity;
    static_assert(most + lookup::max_sockets <= max_waited);

    state() noexcept { sockets.fill(-1); }
    ~state() { close_all(); }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    deadline until = never;
    nanoseconds attempt_delay{};
    std::optional<socket_address> source{};
    local_path path{}; // not empty: instead of all else

    lookup names{};
    std::array<std::size_t, 2> begun{};         // how many of the IPv4 and of the IPv6 addresses were tried
    int last_family = AF_INET;                  // so that IPv6 is first
    deadline resolution_until = never;          // IPv4 addresses wait for those of IPv6
    deadline next_attempt_at = deadline::min(); // over as soon as one fails
    connect_report report{};
    std::array<int, most> sockets{};
    std::size_t under_way = 0;
    int connected = -1;

    errc outcome = errc::wrong_state;
    deadline began_at{};
    deadline first_attempt_at = never;
    deadline ended_at = never;

    std::array<pollfd, max_waited> waits{};
    std::size_t waited = 0;
    deadline wakes = never;

    [[nodiscard]] bool finished() const noexcept { return outcome != errc::wrong_state; }

    errc begin(const connect_options& options) noexcept;
    void step() noexcept;
    void finish(errc with, errc unfinished = errc::cancelled) noexcept;
    void close_all() noexcept;

private:
    [[nodiscard]] std::size_t untried(int family) const noexcept {
        return names.addresses(family).size() - begun[family == AF_INET6];
    }
    [[nodiscard]] bool any_left() const noexcept {
        return report.size != most && untried(AF_INET) + untried(AF_INET6) != 0;
    }
    [[nodiscard]] errc most_telling() const noexcept;
    [[nodiscard]] bool due(deadline now) const noexcept;
    void step_local() noexcept;
    bool look() noexcept;
    void judge(std::span<const pollfd> attempts) noexcept;
    void begin_attempt(deadline now) noexcept;
    void gather() noexcept;
};

errc connector::state::begin(const connect_options& options) noexcept {
    attempt_delay = std::max<nanoseconds>(options.attempt_delay, least_attempt_delay);
    began_at = steady_clock::now();
    if (!options.local_path.empty())
        return copy_terminated(options.local_path, path) ? errc::ok : errc::invalid_parameter;

    if (options.port == 0) return errc::invalid_parameter;
    source = parse_address(options.source_address, 0);
    if (!source && !options.source_address.empty()) return errc::invalid_parameter;
    if (const auto literal = parse_address(options.host, options.port)) {
        if (source && source->family() != literal->family()) return errc::host_not_found;
        names.assume(*literal);
        return errc::ok;
    }
    // No name has these; a malformed address must not become a DNS query.
    if (options.host.find_first_of("[]:%") != std::string_view::npos) return errc::invalid_parameter;
    return names.begin(options.host, options.port, options.dns_servers, source ? source->family() : AF_UNSPEC, until);
}

void connector::state::step() noexcept {
    if (path.front() != '\0') return step_local();
    bool began = false;
    do {
        gather();
        if (!look()) return finish(errc::system_failure);
        if (finished()) return;
        began = false;
        for (auto now = steady_clock::now(); due(now); began = true) begin_attempt(now);
    } while (began);

    const bool nothing_left = under_way == 0 && !any_left();
    if (nothing_left && report.size == most) return finish(most_telling());
    if (nothing_left && names.finished()) return finish(report.size != 0 ? most_telling() : names.result());
    if (until != never && steady_clock::now() >= until) return finish(errc::timed_out, errc::timed_out);
    gather();
}

void connector::state::step_local() noexcept {
    const auto now = steady_clock::now();
    first_attempt_at = std::min(first_attempt_at, now);
    const auto [descriptor, error] = connect_local(path);
    report.attempts[0] = {address_text(path.data()), error};
    report.size = 1;
    if (error == errc::ok) connected = descriptor;
    if (error != errc::timed_out || (until != never && now >= until)) return finish(error);
    report.attempts[0].error = errc::cancelled;
    wakes = std::min(until, now + local_pause);
}

// False: poll() has failed. Asks it for all descriptors at once, because nobody told which are ready.
bool connector::state::look() noexcept {
    const auto asked = names.waits().size();
    const std::span polled(waits.data(), waited);
    int ready = 0;
    while (waited != 0 && (ready = ::poll(waits.data(), static_cast<nfds_t>(waited), 0)) < 0)
        if (errno != EINTR && errno != EAGAIN) return false;
    names.process(ready > 0 ? polled.first(asked) : polled.first(0));
    if (ready > 0) judge(polled.subspan(asked));
    if (resolution_until == never && untried(AF_INET) != 0) {
        const auto now = steady_clock::now();
        resolution_until = now + std::min(resolution_delay, share(until, now, 4));
    }
    return true;
}

void connector::state::judge(std::span<const pollfd> attempts) noexcept {
    for (std::size_t i = 0; i != report.size; ++i) {
        if (sockets[i] < 0) continue;
        const bool ready = attempts.front().revents != 0;
        attempts = attempts.subspan(1); // gather() went through them in the same order
        if (!ready) continue;
        const auto error = report.attempts[i].error = verdict(sockets[i]);
        const int descriptor = std::exchange(sockets[i], -1);
        --under_way;
        if (error == errc::ok) {
            connected = descriptor;
            return finish(errc::ok);
        }
        ::close(descriptor);
        next_attempt_at = deadline::min();
    }
}

bool connector::state::due(deadline now) const noexcept {
    if (!any_left()) return false;
    if (report.size == 0) return untried(AF_INET6) != 0 || names.answered(AF_INET6) || now >= resolution_until;
    return now >= next_attempt_at;
}

void connector::state::begin_attempt(deadline now) noexcept {
    const int other = last_family == AF_INET ? AF_INET6 : AF_INET;
    if (untried(other) != 0) last_family = other;
    const auto& address = names.addresses(last_family)[begun[last_family == AF_INET6]++];
    first_attempt_at = std::min(first_attempt_at, now);

    const auto [descriptor, error] = start_connect(address, source ? &*source : nullptr);
    report.attempts[report.size] = {to_text(address), error == errc::ok ? errc::cancelled : error};
    sockets[report.size++] = descriptor;
    if (error != errc::ok) return; // the next one is due as this one was
    ++under_way;
    next_attempt_at = now + std::min(attempt_delay, share(until, now, 1 + untried(AF_INET) + untried(AF_INET6)));
}

void connector::state::gather() noexcept {
    const auto asked = names.waits();
    auto end = std::copy(asked.begin(), asked.end(), waits.begin());
    for (std::size_t i = 0; i != report.size; ++i)
        if (sockets[i] >= 0) *end++ = {sockets[i], POLLOUT, 0};
    waited = static_cast<std::size_t>(end - waits.begin());
    wakes = std::min(until, names.wakes());
    if (any_left()) wakes = std::min(wakes, report.size == 0 ? resolution_until : next_attempt_at);
}

errc connector::state::most_telling() const noexcept {
    errc most_so_far = errc::system_failure;
    for (std::size_t i = 0; i != report.size; ++i)
        if (telling(report.attempts[i].error) > telling(most_so_far)) most_so_far = report.attempts[i].error;
    return most_so_far;
}

void connector::state::close_all() noexcept {
    names.end();
    for (auto& descriptor : sockets)
        if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
    if (connected >= 0) ::close(std::exchange(connected, -1));
    under_way = waited = 0;
    wakes = never;
}

// `unfinished`: what is said of the attempts under way; if it is `timed_out`, of them all the most telling counts.
void connector::state::finish(errc with, errc unfinished) noexcept {
    for (std::size_t i = 0; i != report.size; ++i)
        if (sockets[i] >= 0) report.attempts[i].error = unfinished;
    outcome = with == errc::timed_out && report.size != 0 ? most_telling() : with;
    ended_at = std::min(ended_at, steady_clock::now());
    const int kept = with == errc::ok ? std::exchange(connected, -1) : -1;
    close_all();
    connected = kept;
}

connector::connector() noexcept = default;
connector::connector(connector&& other) noexcept = default;
connector& connector::operator=(connector&& other) noexcept = default;
connector::~connector() = default;

errc connector::begin(const connect_options& options, deadline until) noexcept {
    state_.reset(new (std::nothrow) state);
    if (!state_) return begun_ = errc::system_failure;
    state_->until = until;
    begun_ = state_->begin(options);
    if (begun_ != errc::ok) state_.reset();
    return begun_;
}

bool connector::step() noexcept {
    if (!finished()) state_->step();
    return finished();
}

bool connector::finished() const noexcept { return !state_ || state_->finished(); }
errc connector::result() const noexcept { return state_ ? state_->outcome : begun_; }

std::span<const pollfd> connector::waits() const noexcept {
    if (!state_) return {};
    return {state_->waits.data(), state_->waited};
}

deadline connector::wakes() const noexcept { return state_ ? state_->wakes : never; }

posix_stream connector::take() noexcept {
    posix_stream stream;
    if (state_) stream.descriptor_ = std::exchange(state_->connected, -1);
    return stream;
}

const connect_report& connector::report() const noexcept {
    static const connect_report nothing{};
    return state_ ? state_->report : nothing;
}

void connector::cancel() noexcept {
    if (!state_ || (state_->finished() && state_->connected < 0)) return;
    // The one that had connected is given up as well.
    for (auto& attempt : std::span(state_->report.attempts).first(state_->report.size))
        if (attempt.error == errc::ok) attempt.error = errc::cancelled;
    state_->finish(errc::cancelled);
}

nanoseconds connector::name_lookup_time() const noexcept {
    if (!state_) return {};
    return std::min({state_->first_attempt_at, state_->ended_at, steady_clock::now()}) - state_->began_at;
}

nanoseconds connector::connect_time() const noexcept {
    if (!state_ || state_->first_attempt_at == never) return {};
    return std::min(state_->ended_at, steady_clock::now()) - state_->first_attempt_at;
}

} // namespace postrider

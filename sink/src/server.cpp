// The loop: one thread, one epoll, all connections.
#include "postrider/sink/sink.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include "connection.hpp"
#include "listener.hpp"
#include "service.hpp"

namespace postrider::sink {

namespace {

constexpr std::size_t read_at_once = 512 * 1024;     // and what a connection had left over
constexpr auto last_words = std::chrono::seconds{1}; // for open connections, once enough mails are there

class descriptor {
public:
    explicit descriptor(int value) : value_(value) {}
    ~descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    [[nodiscard]] int value() const { return value_; }

private:
    int value_;
};

} // namespace

struct server::state {
    explicit state(config settings) : shared(std::move(settings)) {}

    [[nodiscard]] std::optional<sink::failure> open_store();
    void run();
    void serve(std::uint64_t key, std::uint32_t what, clock::time_point now);
    void accept(const listener& from, clock::time_point now);
    void look_after(std::uint64_t number);
    void pass_deadlines(clock::time_point now);
    [[nodiscard]] int patience(clock::time_point now) const;
    void watch(int operation, int which, std::uint64_t key, std::uint32_t what) const;
    void stop_accepting();
    [[nodiscard]] bool enough(clock::time_point now);

    // What epoll tells apart: 0 is the wake-up, then come the listeners, and from first_client on
    // connections.
    static constexpr std::uint64_t first_client = 1 << 16;

    struct client {
        explicit client(std::unique_ptr<sink::connection> accepted) : connection(std::move(accepted)) {}
        std::unique_ptr<sink::connection> connection;
        connection::interest watched;
        std::optional<clock::time_point> deadline;
    };

    service shared;
    std::optional<sink::failure> failed;
    descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
    descriptor wake{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    std::vector<listener> listeners;
    std::vector<endpoint> endpoints; // listeners close when enough connections came; their ports are still asked for
    std::unordered_map<std::uint64_t, client> clients;
    std::set<std::pair<clock::time_point, std::uint64_t>> deadlines;
    std::uint64_t accepted = 0;
    bool accepting = true;
    std::optional<clock::time_point> ends_at;
    std::vector<char> buffer = std::vector<char>(read_at_once);
    std::thread thread;
};

void server::state::watch(int operation, int which, std::uint64_t key, std::uint32_t what) const {
    epoll_event event{};
    event.events = what;
    event.data.u64 = key;
    ::epoll_ctl(epoll.value(), operation, which, &event);
}

void server::state::run() {
    std::array<epoll_event, 64> ready{};
    for (auto now = clock::now(); !enough(now); now = clock::now()) {
        const int number = ::epoll_wait(epoll.value(), ready.data(), static_cast<int>(ready.size()), patience(now));
        now = clock::now();
        for (int i = 0; i < number; ++i) {
            const epoll_event& event = ready[static_cast<std::size_t>(i)];
            if (event.data.u64 == 0) {
                clients.clear();
                deadlines.clear();
                return;
            }
            serve(event.data.u64, event.events, now);
        }
        // After the input: what has come in time counts as in time, even if this thread was late.
        pass_deadlines(now);
    }
}

void server::state::serve(std::uint64_t key, std::uint32_t what, clock::time_point now) {
    if (key < first_client) {
        if (accepting) accept(listeners[key - 1], now);
        return;
    }
    const auto found = clients.find(key);
    if (found == clients.end()) return;
    connection& peer = *found->second.connection;
    if ((what & EPOLLOUT) != 0) peer.writable(now);
    if (!peer.over() && (what & EPOLLIN) != 0 && peer.wants().read) peer.readable(buffer, now);
    else if (!peer.over() && (what & (EPOLLERR | EPOLLHUP)) != 0) peer.broken();
    else if (!peer.over() && (what & EPOLLRDHUP) != 0) peer.hung_up(now);
    look_after(key);
}

void server::state::accept(const listener& from, clock::time_point now) {
    std::string peer;
    for (int i = 0; i < 64 && accepting; ++i) {
        const int socket = from.accept(peer);
        if (socket < 0) return;
        const std::uint64_t number = ++accepted;
        const std::size_t most = shared.config.max_open_connections;
        const bool full = most != 0 && clients.size() >= most;
        auto fresh = std::make_unique<connection>(shared, std::make_unique<socket_stream>(socket), number, peer);
        fresh->begin(full, now);
        if (!fresh->over()) {
            const std::uint64_t key = first_client + number;
            clients.emplace(key, std::move(fresh));
            watch(EPOLL_CTL_ADD, socket, key, 0);
            look_after(key);
        }
        if (accepted == shared.config.stop_after_connections) stop_accepting();
    }
}

// After anything was done with a connection: it is over, or what it waits for may have changed.
void server::state::look_after(std::uint64_t number) {
    const auto found = clients.find(number);
    client& one = found->second;
    while (one.connection->at_hand()) one.connection->readable(buffer, clock::now());
    if (one.connection->over()) {
        if (one.deadline) deadlines.erase({*one.deadline, number});
        clients.erase(found);
        return;
    }
    const connection::interest wants = one.connection->wants();
    if (!(wants == one.watched)) {
        watch(EPOLL_CTL_MOD, one.connection->descriptor(), number,
              (wants.read ? EPOLLIN : 0U) | (wants.write ? EPOLLOUT : 0U) | (wants.hang_up ? EPOLLRDHUP : 0U));
        one.watched = wants;
    }
    const auto deadline = one.connection->deadline();
    if (deadline == one.deadline) return;
    if (one.deadline) deadlines.erase({*one.deadline, number});
    if (deadline) deadlines.insert({*deadline, number});
    one.deadline = deadline;
}

void server::state::pass_deadlines(clock::time_point now) {
    std::vector<std::uint64_t> due; // passing one may set another
    for (auto i = deadlines.begin(); i != deadlines.end() && i->first <= now; ++i) due.push_back(i->second);
    for (const std::uint64_t number : due) {
        const auto found = clients.find(number);
        if (found == clients.end()) continue;
        found->second.connection->passed(now);
        look_after(number);
    }
}

int server::state::patience(clock::time_point now) const {
    auto first = ends_at;
    if (!deadlines.empty() && (!first || deadlines.begin()->first < *first)) first = deadlines.begin()->first;
    if (!first) return -1;
    if (*first <= now) return 0;
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*first - now).count());
}

void server::state::stop_accepting() {
    accepting = false;
    for (const auto& one : listeners) watch(EPOLL_CTL_DEL, one.descriptor(), 0, 0);
}

bool server::state::enough(clock::time_point now) {
    const std::uint64_t mails = shared.config.stop_after_mails;
    if (mails != 0 && shared.last_mail >= mails && !ends_at) {
        stop_accepting();
        ends_at = now + last_words;
    }
    if (!accepting && clients.empty()) return true;
    return ends_at && *ends_at <= now;
}

std::optional<failure> server::state::open_store() {
    const config& wanted = shared.config;
    if (wanted.folder.empty() && wanted.maildir.empty()) return std::nullopt;
    if (!wanted.folder.empty() && !wanted.maildir.empty())
        return sink::failure{failure::kind::configuration, "a folder or a maildir, not both"};
    const bool numbered = wanted.maildir.empty();
    if (auto wrong = numbered ? shared.store.open(wanted.folder, store::layout::numbered, wanted.name)
                              : shared.store.open(wanted.maildir, store::layout::maildir, wanted.name))
        return sink::failure{failure::kind::folder, *wrong};
    shared.last_mail = shared.store.highest();
    return std::nullopt;
}

server::server(config settings) : state_(std::make_unique<state>(std::move(settings))) {}

server::~server() { stop(); }

std::optional<failure> server::open() {
    state& own = *state_;
    if (auto wrong = script::parse(own.shared.config.script, own.shared.script))
        return own.failed = sink::failure{failure::kind::configuration, "script, " + *wrong};
    if (!own.shared.config.tls.certificate.empty())
        if (auto wrong = own.shared.tls.open(own.shared.config.tls))
            return own.failed = sink::failure{failure::kind::configuration, *wrong};
    if (auto wrong = own.open_store()) return own.failed = *wrong;
    if (own.epoll.value() < 0 || own.wake.value() < 0)
        return own.failed = sink::failure{failure::kind::system, std::strerror(errno)};
    if (own.shared.config.listen.empty())
        return own.failed = sink::failure{failure::kind::configuration, "nothing to listen on"};
    for (const auto& where : own.shared.config.listen) {
        listener one;
        if (auto wrong = one.open(where)) return own.failed = *wrong;
        own.endpoints.push_back(one.where());
        own.watch(EPOLL_CTL_ADD, one.descriptor(), own.listeners.size() + 1, EPOLLIN);
        own.listeners.push_back(std::move(one));
    }
    own.watch(EPOLL_CTL_ADD, own.wake.value(), 0, EPOLLIN);
    for (const auto& where : own.endpoints) {
        event ready;
        ready.address = where.text();
        own.shared.tell(event::kind::listening, 0, std::move(ready));
    }
    return std::nullopt;
}

void server::run() {
    state_->run();
    state_->clients.clear(); // each is closed, and told of, before the last report
    if (!state_->shared.is_watched()) return;
    const sink::report last = report();
    event end;
    end.report = &last;
    state_->shared.tell(event::kind::ended, 0, std::move(end));
}

std::uint16_t server::start() {
    if (open()) return 0;
    state_->thread = std::thread{[this] { run(); }};
    return state_->endpoints.front().port;
}

const std::optional<failure>& server::failure() const { return state_->failed; }

void server::request_stop() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(state_->wake.value(), &one, sizeof one);
}

void server::stop() {
    request_stop();
    if (state_->thread.joinable()) state_->thread.join();
}

std::vector<endpoint> server::endpoints() const { return state_->endpoints; }

report server::report() const { return state_->shared.books.snapshot(); }

std::vector<mail> server::mails() const { return state_->shared.books.mails(); }

bool server::wait_for_mails(std::uint64_t number, std::chrono::milliseconds timeout) const {
    return state_->shared.books.wait_for(ledger::figure::mails, number, timeout);
}

bool server::wait_for_connections(std::uint64_t number, std::chrono::milliseconds timeout) const {
    return state_->shared.books.wait_for(ledger::figure::connections, number, timeout);
}

bool server::wait_for_connections_closed(std::uint64_t number, std::chrono::milliseconds timeout) const {
    return state_->shared.books.wait_for(ledger::figure::connections_closed, number, timeout);
}

} // namespace postrider::sink

#include "resolver.hpp"

#include "terminated.hpp"
#include "wait.hpp"

#include <algorithm>
#include <ares.h>
#include <cstring>
#include <sys/time.h>

namespace postrider::posix_detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool library_ready() noexcept {
    // ares_library_init is not safe to be called by two threads at once; the initialisation of a local static
    // is.
    static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    return ready;
}

// The descriptors on which c-ares waits, as it tells us: one for each DNS server, and another where it went
// over to TCP.
class query_sockets {
public:
    static void changed(void* self, ares_socket_t descriptor, int readable, int writable) noexcept {
        static_cast<query_sockets*>(self)->change(
            descriptor, static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)));
    }
    [[nodiscard]] std::span<pollfd> all() noexcept { return {sockets_.data(), size_}; }

private:
    void change(ares_socket_t descriptor, short events) noexcept {
        auto* const end = sockets_.data() + size_;
        auto* const known = std::find_if(sockets_.data(), end, [=](const pollfd& one) { return one.fd == descriptor; });
        if (known != end && events == 0) *known = sockets_[--size_];
        else if (known != end) known->events = events;
        // One too many is not polled: its answer is missed, and c-ares asks the next server.
        else if (events != 0 && size_ < sockets_.size()) sockets_[size_++] = {descriptor, events, 0};
    }

    std::array<pollfd, max_waited> sockets_;
    std::size_t size_ = 0;
};

// One answer, as c-ares hands it over.
struct answer {
    int status = ARES_SUCCESS;
    bool arrived = false;
    std::uint16_t port = 0;
    address_list addresses;

    static void take(void* self, int status, int /*timeouts*/, ares_addrinfo* result) noexcept {
        auto& mine = *static_cast<answer*>(self);
        mine.status = status;
        mine.arrived = true;
        for (auto* node = result != nullptr ? result->nodes : nullptr; node != nullptr; node = node->ai_next) {
            if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
            socket_address address{};
            std::memcpy(&address, node->ai_addr, node->ai_family == AF_INET ? sizeof address.v4 : sizeof address.v6);
            (node->ai_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port) = htons(mine.port);
            mine.addresses.push_back(address);
        }
        if (result != nullptr) ares_freeaddrinfo(result);
    }
};

errc from_status(int status) noexcept {
    switch (status) {
    case ARES_SUCCESS:
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_EBADNAME: return errc::host_not_found;
    case ARES_ENOMEM:
    case ARES_EFILE: return errc::system_failure;
    default: return errc::resolver_failed;
    }
}

// A c-ares channel for the time of one lookup.
class channel {
public:
    channel(const canceller* cancel, deadline until) noexcept : canceller_(cancel), until_(until) {}
    // Ends what is still asked: each answer is told ARES_EDESTRUCTION here at the latest.
    ~channel() {
        if (channel_ != nullptr) ares_destroy(channel_);
    }
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    errc open(const char* servers) noexcept {
        if (!library_ready()) return errc::system_failure;
        ares_options options{};
        options.sock_state_cb = query_sockets::changed;
        options.sock_state_cb_data = &sockets_;
        int mask = ARES_OPT_SOCK_STATE_CB;
        // c-ares, like resolv.conf's default, repeats a query after five seconds. With less time than a few
        // of those, one lost datagram would be the end of it.
        const auto left = until_ - steady_clock::now();
        if (until_ != never && left < std::chrono::seconds(20)) {
            options.timeout = static_cast<int>(
                std::max<std::int64_t>(100, std::chrono::duration_cast<milliseconds>(left).count() / 4));
            mask |= ARES_OPT_TIMEOUTMS;
        }
        if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) {
            channel_ = nullptr;
            return errc::system_failure;
        }
        if (*servers == '\0') return errc::ok;
        const int status = ares_set_servers_ports_csv(channel_, servers);
        return status == ARES_SUCCESS  ? errc::ok
               : status == ARES_ENOMEM ? errc::system_failure
                                       : errc::invalid_parameter;
    }

    void ask(const char* name, int family, answer& into) noexcept {
        ares_addrinfo_hints hints{};
        hints.ai_family = family;
        hints.ai_socktype = SOCK_STREAM; // otherwise an address may come once for each type
        ares_getaddrinfo(channel_, name, nullptr, &hints, answer::take, &into);
    }

    // Until `awaited` has arrived.
    errc run(const answer& awaited) noexcept {
        while (!awaited.arrived) {
            timeval time{};
            const auto* const repeat = ares_timeout(channel_, nullptr, &time);
            auto wake = until_;
            if (repeat != nullptr) {
                const auto pause = std::chrono::seconds(repeat->tv_sec) + std::chrono::microseconds(repeat->tv_usec);
                wake = std::min(wake, steady_clock::now() + pause);
            }
            const auto error = wait(sockets_.all(), canceller_, wake);
            if (error == errc::timed_out && wake == until_) return error;
            if (error != errc::ok && error != errc::timed_out) return error;
            process(error == errc::ok);
        }
        return errc::ok;
    }

private:
    void process(bool any_ready) noexcept {
        ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD); // time-outs
        if (!any_ready) return;
        const auto sockets = sockets_; // c-ares opens and closes sockets while it works
        auto copy = sockets;
        for (const auto& one : copy.all()) {
            const bool failed = (one.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
            const bool readable = failed || (one.revents & POLLIN) != 0;
            const bool writable = (one.revents & POLLOUT) != 0;
            if (readable || writable)
                ares_process_fd(channel_, readable ? one.fd : ARES_SOCKET_BAD, writable ? one.fd : ARES_SOCKET_BAD);
        }
    }

    ares_channel channel_ = nullptr;
    query_sockets sockets_;
    const canceller* canceller_;
    deadline until_;
};

} // namespace

errc resolve(std::string_view host, std::uint16_t port, std::string_view dns_servers, const canceller* cancel,
             deadline until, address_list& addresses) noexcept {
    if (host.empty() || host.find('\0') != std::string_view::npos) return errc::invalid_parameter;
    std::array<char, 256> name; // 253 octets are the most that the DNS can say, and a dot at the end
    std::array<char, 1024> servers;
    if (!copy_terminated(dns_servers, servers)) return errc::invalid_parameter;
    if (!copy_terminated(host, name)) return errc::host_not_found;
    // The answers must outlive the channel, whose end may still write to them.
    answer both;
    answer v4;
    answer v6;
    both.port = port;
    channel dns(cancel, until);
    if (const auto error = dns.open(servers.data()); error != errc::ok) return error;

    dns.ask(name.data(), AF_UNSPEC, both);
    if (const auto error = dns.run(both); error != errc::ok) return error;
    addresses = both.addresses;
    if (!addresses.empty()) return errc::ok;
    if (from_status(both.status) != errc::host_not_found || both.status == ARES_ENOTFOUND)
        return from_status(both.status);

    // "The name has no address" is for good: mail for it comes back. c-ares reports of the two queries only
    // the one that was answered last, and a server that failed for A and then had no AAAA looks the same. So
    // each is asked for by itself.
    dns.ask(name.data(), AF_INET, v4);
    dns.ask(name.data(), AF_INET6, v6);
    for (const auto* one : {&v4, &v6}) {
        if (const auto error = dns.run(*one); error != errc::ok) return error;
        if (one->addresses.empty() && from_status(one->status) != errc::host_not_found) return from_status(one->status);
    }
    return errc::host_not_found;
}

} // namespace postrider::posix_detail

#include "resolver.hpp"

#include "terminated.hpp"

#include <algorithm>
#include <ares.h>
#include <cstring>
#include <new>
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

constexpr ares_addrinfo_hints hints(int family) noexcept {
    ares_addrinfo_hints of{};
    of.ai_family = family;
    of.ai_socktype = SOCK_STREAM; // otherwise an address may come once for each type
    return of;
}

} // namespace

// The names that are asked for, as resolv.conf's `search` and `ndots` have it: c-ares could walk through them by itself, but
// with a query for each family it would do so for each by itself. A host with an A record alone would be given the AAAA of
// another one, whose name is that of the first and a suffix.
struct lookup::search_list {
    ares_options options{};
    bool as_is_first = true;
    int names = 1;

    search_list() noexcept = default;
    search_list(const search_list&) = delete;
    search_list& operator=(const search_list&) = delete;
    ~search_list() { ares_destroy_options(&options); }

    void read(std::string_view name) noexcept {
        if (name.ends_with('.')) return;
        as_is_first = std::count(name.begin(), name.end(), '.') >= options.ndots;
        names = 1 + options.ndomains;
    }

    // False: too long for a name.
    bool name(int which, std::string_view host, std::array<char, 256>& text) const noexcept {
        const int as_is = as_is_first ? 0 : options.ndomains;
        short_text<512> whole(host);
        if (which != as_is) {
            const std::string_view suffix = options.domains[as_is_first ? which - 1 : which];
            whole.append(".");
            if (suffix != ".") whole.append(suffix);
        }
        return copy_terminated(whole.view(), text);
    }
};

lookup::lookup() noexcept = default;
lookup::~lookup() { end(); }

void lookup::end() noexcept {
    // Each answer that is awaited is told ARES_EDESTRUCTION here.
    if (channel_ != nullptr) ares_destroy(channel_);
    channel_ = nullptr;
    size_ = 0;
}

void lookup::assume(const socket_address& address) noexcept {
    (address.family() == AF_INET6 ? v6_ : v4_).addresses.push_back(address);
    result_ = errc::ok;
}

errc lookup::begin(std::string_view host, std::uint16_t port, std::string_view dns_servers, int family,
                   deadline until) noexcept {
    if (host.empty() || host.find('\0') != std::string_view::npos) return errc::invalid_parameter;
    std::array<char, 1024> servers;
    if (!copy_terminated(dns_servers, servers)) return errc::invalid_parameter;
    if (!copy_terminated(host, name_)) { // 253 octets are the most that the DNS can say, and a dot at the end
        result_ = errc::host_not_found;
        return errc::ok;
    }
    if (!library_ready()) return errc::system_failure;
    // Its servers are looked at even where the hosts file knows the name: a mistake in them is to be found at once.
    if (const auto error = open(servers.data(), until); error != errc::ok) return error;
    v4_.asked = family != AF_INET6;
    v6_.asked = family != AF_INET;
    if (const auto error = look_in_hosts(port); error != errc::ok) return error;
    if (!finished() && !ask_next()) result_ = errc::host_not_found;
    settle();
    return errc::ok;
}

// By a channel of its own, because c-ares would ask the DNS for AAAA where the file has an IPv4 address alone.
errc lookup::look_in_hosts(std::uint16_t port) noexcept {
    ares_options options{};
    std::array<char, 2> file{"f"};
    options.lookups = file.data();
    ares_channel hosts = nullptr;
    if (ares_init_options(&hosts, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS) return errc::system_failure;

    v4_.port = v6_.port = port;
    answer both;
    both.port = port;
    const auto of_both = hints(AF_UNSPEC);
    ares_getaddrinfo(hosts, name_.data(), nullptr, &of_both, arrived, &both);
    search_.reset(new (std::nothrow) search_list);
    int mask = 0;
    const bool saved = search_ && ares_save_options(hosts, &search_->options, &mask) == ARES_SUCCESS;
    ares_destroy(hosts);
    if (!saved) return errc::system_failure;
    search_->read(name_.data());

    if (both.addresses.empty()) return errc::ok;
    for (const auto& address : both.addresses) {
        auto& one = address.family() == AF_INET6 ? v6_ : v4_;
        if (one.asked) one.addresses.push_back(address);
    }
    result_ = v4_.addresses.empty() && v6_.addresses.empty() ? errc::host_not_found : errc::ok;
    return errc::ok;
}

errc lookup::open(const char* servers, deadline until) noexcept {
    ares_options options{};
    std::array<char, 2> dns{"b"};
    options.lookups = dns.data();
    options.ndomains = 0; // see search_list
    options.sock_state_cb = changed;
    options.sock_state_cb_data = this;
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS;
    // c-ares, like resolv.conf's default, repeats a query after five seconds. With less time than a few of those, one lost
    // datagram would be the end of it.
    const auto now = steady_clock::now();
    if (until < now + std::chrono::seconds(20)) {
        const auto left = until > now ? std::chrono::duration_cast<milliseconds>(until - now) : milliseconds{0};
        options.timeout = static_cast<int>(std::max<std::int64_t>(100, left.count() / 4));
        mask |= ARES_OPT_TIMEOUTMS;
    }
    if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) {
        channel_ = nullptr;
        return errc::system_failure;
    }
    if (*servers == '\0') return errc::ok;
    const int status = ares_set_servers_ports_csv(channel_, servers);
    return status == ARES_SUCCESS ? errc::ok : status == ARES_ENOMEM ? errc::system_failure : errc::invalid_parameter;
}

// False: there is no further name to ask for.
bool lookup::ask_next() noexcept {
    std::array<char, 256> name;
    do {
        if (next_ == search_->names) return false;
    } while (!search_->name(next_++, name_.data(), name));
    for (auto* one : {&v6_, &v4_}) one->arrived = !one->asked;
    if (v6_.asked) {
        const auto of_v6 = hints(AF_INET6);
        ares_getaddrinfo(channel_, name.data(), nullptr, &of_v6, arrived, &v6_);
    }
    if (v4_.asked) {
        const auto of_v4 = hints(AF_INET);
        ares_getaddrinfo(channel_, name.data(), nullptr, &of_v4, arrived, &v4_);
    }
    return true;
}

// What the answers so far mean. "The name has no address" is for good, and mail for it comes back; so it is said only where
// neither family's query has failed.
void lookup::settle() noexcept {
    while (!finished() && v4_.arrived && v6_.arrived) {
        if (!v4_.addresses.empty() || !v6_.addresses.empty()) result_ = errc::ok;
        for (const auto* one : {&v4_, &v6_})
            if (!finished() && one->asked && from_status(one->status) != errc::host_not_found)
                result_ = from_status(one->status);
        if (!finished() && !ask_next()) result_ = errc::host_not_found;
    }
    if (finished()) end();
}

void lookup::answer::take(const ares_addrinfo* found) noexcept {
    for (auto* node = found->nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
        socket_address address{};
        std::memcpy(&address, node->ai_addr, node->ai_family == AF_INET ? sizeof address.v4 : sizeof address.v6);
        (node->ai_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port) = htons(port);
        addresses.push_back(address);
    }
}

void lookup::arrived(void* one, int status, int /*timeouts*/, ares_addrinfo* found) noexcept {
    auto& mine = *static_cast<answer*>(one);
    mine.status = status;
    mine.arrived = true;
    if (found == nullptr) return;
    mine.take(found);
    ares_freeaddrinfo(found);
}

void lookup::changed(void* self, int descriptor, int readable, int writable) noexcept {
    auto& sockets = static_cast<lookup*>(self)->sockets_;
    auto& size = static_cast<lookup*>(self)->size_;
    const auto events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    auto* const end = sockets.data() + size;
    auto* const known = std::find_if(sockets.data(), end, [=](const pollfd& one) { return one.fd == descriptor; });
    if (known != end && events == 0) *known = sockets[--size];
    else if (known != end) known->events = events;
    // One too many is not polled: its answer is missed, and c-ares asks the next server.
    else if (events != 0 && size < sockets.size()) sockets[size++] = {descriptor, events, 0};
}

void lookup::process(std::span<const pollfd> polled) noexcept {
    if (finished() || channel_ == nullptr) return;
    for (const auto& one : polled) {
        const bool failed = (one.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
        const bool readable = failed || (one.revents & POLLIN) != 0;
        const bool writable = (one.revents & POLLOUT) != 0;
        if (readable || writable)
            ares_process_fd(channel_, readable ? one.fd : ARES_SOCKET_BAD, writable ? one.fd : ARES_SOCKET_BAD);
    }
    // The time-outs after that: an answer that is there does not count as late.
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    settle();
}

deadline lookup::wakes() const noexcept {
    if (finished() || channel_ == nullptr) return never;
    timeval time{};
    if (ares_timeout(channel_, nullptr, &time) == nullptr) return never;
    return steady_clock::now() + std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

} // namespace postrider::posix_detail

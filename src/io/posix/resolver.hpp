// resolver.hpp - from a name to addresses by c-ares, without waiting, because getaddrinfo knows neither that nor a deadline.
#ifndef POSTRIDER_SRC_IO_POSIX_RESOLVER_HPP
#define POSTRIDER_SRC_IO_POSIX_RESOLVER_HPP

#include "address.hpp"

#include <memory>
#include <poll.h>
#include <span>

struct ares_addrinfo;
struct ares_channeldata;

namespace postrider::posix_detail {

/// The addresses of one name. AAAA and A are asked for at once and answered one by one: who cannot wait uses what is there. No
/// threads; once it is finished no query is under way and no descriptor is left. c-ares keeps pointers to it: it stays where
/// it is.
class lookup {
public:
    lookup() noexcept;
    ~lookup();
    lookup(const lookup&) = delete;
    lookup& operator=(const lookup&) = delete;

    /// The most sockets that are waited for: one for each DNS server and family, and another where c-ares went over to TCP.
    static constexpr std::size_t max_sockets = 32;

    /// An address that needs no query.
    void assume(const socket_address& address) noexcept;

    /// Looks in /etc/hosts, then sends the first queries. `family`: AF_INET or AF_INET6 if the other is of no use, else
    /// AF_UNSPEC. With little time until `until`, lost queries are repeated sooner; ending it then is up to the caller.
    ///
    /// `ok`, `invalid_parameter` (`dns_servers`, or no name at all), or `system_failure`. Once for each object.
    [[nodiscard]] errc begin(std::string_view host, std::uint16_t port, std::string_view dns_servers, int family,
                             deadline until) noexcept;

    /// `polled`: a copy of `waits()`, which changes meanwhile, with what poll() said; or nothing. To be called when one is ready,
    /// and at `wakes()`.
    void process(std::span<const pollfd> polled) noexcept;
    /// Ends what is under way; the addresses that came stay.
    void end() noexcept;

    [[nodiscard]] bool finished() const noexcept { return result_ != errc::wrong_state; }
    /// Once finished: `ok` (an address at least), `host_not_found`, `resolver_failed`, or `system_failure`.
    [[nodiscard]] errc result() const noexcept { return result_; }

    /// Those of AF_INET or AF_INET6, in the order in which they are worth trying (RFC 6724); they come all at once.
    [[nodiscard]] const address_list& addresses(int family) const noexcept { return of(family).addresses; }
    /// Nothing more will come of this family.
    [[nodiscard]] bool answered(int family) const noexcept { return finished() || of(family).arrived; }

    /// Good until the next call that is not const.
    [[nodiscard]] std::span<const pollfd> waits() const noexcept { return {sockets_.data(), size_}; }
    /// When c-ares wants to repeat a query, or give up; `never`: nothing is asked.
    [[nodiscard]] deadline wakes() const noexcept;

private:
    struct search_list;
    struct answer {
        bool asked = false;
        bool arrived = false;
        int status = 0; // of c-ares
        std::uint16_t port = 0;
        address_list addresses{};

        void take(const ares_addrinfo* found) noexcept;
    };

    [[nodiscard]] const answer& of(int family) const noexcept { return family == AF_INET6 ? v6_ : v4_; }
    errc look_in_hosts(std::uint16_t port) noexcept;
    errc open(const char* servers, deadline until) noexcept;
    bool ask_next() noexcept;
    void settle() noexcept;
    static void arrived(void* one, int status, int timeouts, ares_addrinfo* found) noexcept;
    static void changed(void* self, int descriptor, int readable, int writable) noexcept;

    ares_channeldata* channel_ = nullptr;
    std::unique_ptr<search_list> search_;
    int next_ = 0; // name of `search_` to be asked for
    std::array<char, 256> name_{};
    answer v4_{};
    answer v6_{};
    errc result_ = errc::wrong_state;
    std::array<pollfd, max_sockets> sockets_{};
    std::size_t size_ = 0;
};

} // namespace postrider::posix_detail

#endif

// address.hpp - IPv4 and IPv6 socket addresses: from text, to text, and a short list of them.
#ifndef POSTRIDER_SRC_IO_POSIX_ADDRESS_HPP
#define POSTRIDER_SRC_IO_POSIX_ADDRESS_HPP

#include <postrider/io/posix.hpp>

#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

namespace postrider::posix_detail {

union socket_address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;

    [[nodiscard]] int family() const noexcept { return any.sa_family; }
    [[nodiscard]] socklen_t size() const noexcept { return family() == AF_INET6 ? sizeof v6 : sizeof v4; }
};

/// More addresses than this for one name are passed over: nobody waits for the seventeenth.
class address_list {
public:
    void push_back(const socket_address& address) noexcept {
        if (size_ < addresses_.size()) addresses_[size_++] = address;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] const socket_address& operator[](std::size_t i) const noexcept { return addresses_[i]; }
    [[nodiscard]] const socket_address* begin() const noexcept { return addresses_.data(); }
    [[nodiscard]] const socket_address* end() const noexcept { return addresses_.data() + size_; }

private:
    std::array<socket_address, connect_report::capacity> addresses_;
    std::size_t size_ = 0;
};

/// `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`, `[::1]`. Nothing for all else, also for the old forms such as
/// `127.1`, which would let a name be taken for an address. A zone must be the name or number of an
/// interface.
[[nodiscard]] std::optional<socket_address> parse_address(std::string_view text, std::uint16_t port) noexcept;

/// Empty for other families than IPv4 and IPv6.
[[nodiscard]] address_text to_text(const socket_address& address) noexcept;

} // namespace postrider::posix_detail

#endif

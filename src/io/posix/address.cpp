#include "address.hpp"

#include "terminated.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <cstdio>
#include <net/if.h>

namespace postrider::posix_detail {
namespace {

std::optional<std::uint32_t> zone_index(std::string_view zone) noexcept {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
    if (error == std::errc{} && end == zone.data() + zone.size() && number != 0) return number;

    std::array<char, IF_NAMESIZE> name;
    if (!copy_terminated(zone, name)) return std::nullopt;
    number = ::if_nametoindex(name.data());
    if (number == 0) return std::nullopt;
    return number;
}

} // namespace

std::optional<socket_address> parse_address(std::string_view text, std::uint16_t port) noexcept {
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) {
        text.remove_prefix(1);
        text.remove_suffix(1);
    }
    std::string_view zone;
    if (const auto percent = text.find('%'); percent != std::string_view::npos) {
        zone = text.substr(percent + 1);
        if (zone.empty()) return std::nullopt;
        text.remove_suffix(text.size() - percent);
    }

    std::array<char, INET6_ADDRSTRLEN> digits;
    if (!copy_terminated(text, digits)) return std::nullopt;
    socket_address address{};
    if (zone.empty() && !bracketed && ::inet_pton(AF_INET, digits.data(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
        return address;
    }
    address = {};
    if (::inet_pton(AF_INET6, digits.data(), &address.v6.sin6_addr) != 1) return std::nullopt;
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    if (!zone.empty()) {
        const auto index = zone_index(zone);
        if (!index) return std::nullopt;
        address.v6.sin6_scope_id = *index;
    }
    return address;
}

address_text to_text(const socket_address& address) noexcept {
    std::array<char, INET6_ADDRSTRLEN> digits;
    std::array<char, address_text::capacity + 1> text;
    int size = 0;
    if (address.family() == AF_INET) {
        ::inet_ntop(AF_INET, &address.v4.sin_addr, digits.data(), digits.size());
        size = std::snprintf(text.data(), text.size(), "%s:%d", digits.data(), ntohs(address.v4.sin_port));
    } else if (address.family() == AF_INET6) {
        std::array<char, IF_NAMESIZE + 1> zone{};
        if (address.v6.sin6_scope_id != 0) {
            zone.front() = '%';
            if (::if_indextoname(address.v6.sin6_scope_id, zone.data() + 1) == nullptr)
                std::snprintf(zone.data() + 1, zone.size() - 1, "%u", address.v6.sin6_scope_id);
        }
        ::inet_ntop(AF_INET6, &address.v6.sin6_addr, digits.data(), digits.size());
        size = std::snprintf(text.data(), text.size(), "[%s%s]:%d", digits.data(), zone.data(),
                             ntohs(address.v6.sin6_port));
    }
    return address_text({text.data(), static_cast<std::size_t>(size)});
}

} // namespace postrider::posix_detail

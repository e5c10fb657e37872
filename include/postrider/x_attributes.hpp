// x_attributes.hpp - the argument of Postfix's XCLIENT and XFORWARD: names, and values in xtext.
#ifndef POSTRIDER_X_ATTRIBUTES_HPP
#define POSTRIDER_X_ATTRIBUTES_HPP

#include "postrider/errc.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace postrider {

/// Builds it in a memory of its own, of the size that a command line has. The server has to know the client as one that may
/// say so (`smtpd_authorized_xclient_hosts`, `smtpd_authorized_xforward_hosts`).
///
///     postrider::x_attributes x;
///     x.add("ADDR", "192.0.2.1");
///     session.ask(postrider::phase::xclient, x.text());
class x_attributes {
public:
    static constexpr std::size_t capacity = 480;

    /// Adds `NAME=value`: NAME, ADDR, PORT, PROTO, HELO, LOGIN, DESTADDR, DESTPORT, SOURCE, IDENT, DOMAIN. An empty value
    /// becomes `[UNAVAILABLE]`. `invalid_parameter`: the name is not made of capitals, or there is no room; then nothing was
    /// added.
    [[nodiscard]] errc add(std::string_view name, std::string_view value) noexcept;

    /// Valid until the next `add`.
    std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
    std::array<char, capacity> text_{};
    std::size_t size_ = 0;
};

} // namespace postrider

#endif

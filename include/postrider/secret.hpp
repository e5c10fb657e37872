// secret.hpp - what must not be shown, compared in haste, or left behind: views of secrets, and how memory is wiped.
#ifndef POSTRIDER_SECRET_HPP
#define POSTRIDER_SECRET_HPP

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

namespace postrider {

/// Writes zeros over memory. Not to be left out by a compiler that sees that nobody reads it again.
void wipe(std::span<char> memory) noexcept;

/// Whether two texts are the same, in a time that depends on their lengths alone: who measures it learns nothing of what
/// they hold.
bool same_secret(std::string_view a, std::string_view b) noexcept;

/// A view of a secret: a password, a token. It has no formatter, is compared in constant time, and gives out its octets
/// only to who says `reveal`. The memory is the caller's, and so is its wiping.
class secret_view {
public:
    constexpr secret_view() noexcept = default;
    /// From whatever a string_view is made of.
    template <class Text>
    requires std::convertible_to<const Text&, std::string_view>
    constexpr secret_view(const Text& octets) noexcept : octets_(octets) {}

    constexpr std::string_view reveal() const noexcept { return octets_; }
    constexpr bool empty() const noexcept { return octets_.empty(); }
    constexpr std::size_t size() const noexcept { return octets_.size(); }
    friend bool operator==(secret_view a, secret_view b) noexcept { return same_secret(a.octets_, b.octets_); }

private:
    std::string_view octets_;
};

/// No stream shows it; the same goes for std::format, for which there is no formatter.
template <class Stream, std::same_as<secret_view> Secret> // nothing else that could become one
Stream& operator<<(Stream& to, Secret) = delete;

} // namespace postrider

#endif

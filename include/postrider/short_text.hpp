// short_text.hpp - a text of bounded length in memory of its own.
#ifndef POSTRIDER_SHORT_TEXT_HPP
#define POSTRIDER_SHORT_TEXT_HPP

#include <array>
#include <cstddef>
#include <string_view>

namespace postrider {

template <std::size_t Capacity>
class short_text {
public:
    static constexpr std::size_t capacity = Capacity;

    constexpr short_text() noexcept = default;
    /// Cut after `capacity` octets.
    explicit constexpr short_text(std::string_view text) noexcept { append(text); }
    constexpr void append(std::string_view text) noexcept {
        for (const char c : text)
            if (size_ != capacity) text_[size_++] = c;
    }
    /// Lives as long as this object.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), size_}; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }

private:
    std::array<char, Capacity> text_{};
    std::size_t size_ = 0;
};

} // namespace postrider

#endif

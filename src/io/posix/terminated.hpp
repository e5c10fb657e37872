// terminated.hpp - a text for those who want a NUL at its end, without the heap, of which we could run out.
#ifndef POSTRIDER_SRC_IO_POSIX_TERMINATED_HPP
#define POSTRIDER_SRC_IO_POSIX_TERMINATED_HPP

#include <algorithm>
#include <array>
#include <string_view>

namespace postrider::posix_detail {

/// False, and `copy` as it was, if `text` does not fit or has a NUL inside, which would make another text of
/// it.
template <std::size_t Size>
[[nodiscard]] bool copy_terminated(std::string_view text, std::array<char, Size>& copy) noexcept {
    if (text.size() >= Size || text.find('\0') != std::string_view::npos) return false;
    *std::copy(text.begin(), text.end(), copy.begin()) = '\0';
    return true;
}

} // namespace postrider::posix_detail

#endif

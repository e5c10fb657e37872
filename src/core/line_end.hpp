// line_end.hpp - where the next CR or LF stands.
#ifndef POSTRIDER_CORE_LINE_END_HPP
#define POSTRIDER_CORE_LINE_END_HPP

#include <cstddef>
#include <cstring>

namespace postrider {

/// The first CR or LF, or `end`. By memchr, which a PC does 32 octets at a time; within a window, or a megabyte of line ends
/// of one kind alone would be searched for the other kind a million times.
inline const char* find_line_end(const char* at, const char* end) noexcept {
    constexpr std::ptrdiff_t window = 256;
    while (at != end) {
        const char* stop = end - at > window ? at + window : end;
        const void* const lf = std::memchr(at, '\n', static_cast<std::size_t>(stop - at));
        if (lf != nullptr) stop = static_cast<const char*>(lf);
        const void* const cr = std::memchr(at, '\r', static_cast<std::size_t>(stop - at));
        if (cr != nullptr) return static_cast<const char*>(cr);
        if (lf != nullptr) return stop;
        at = stop;
    }
    return end;
}

} // namespace postrider

#endif

#include "postrider/content.hpp"

#include "core/line_end.hpp"

#include <cstring>

namespace postrider {

namespace {

bool has_eight_bit(const char* at, std::size_t size) noexcept {
    std::uint64_t all = 0;
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        all |= word;
    }
    for (; size != 0; ++at, --size) all |= static_cast<unsigned char>(*at);
    return (all & 0x8080808080808080u) != 0;
}

} // namespace

void content_facts::look_through(std::string_view part) noexcept {
    const char* at = part.data();
    const char* const end = at + part.size();
    while (at != end) {
        if (after_cr) {
            end_line(); // with or without its LF
            if (*at == '\n') {
                ++at;
                continue;
            }
            bare = true;
        }
        const char* const stop = find_line_end(at, end);
        const auto run = static_cast<std::size_t>(stop - at);
        if (run != 0) {
            size += run;
            line_start = false;
            if (!(in_header ? eight_bit_header : eight_bit) && has_eight_bit(at, run)) {
                eight_bit = true;
                eight_bit_header = in_header; // the first one of all, or of those in the header block
            }
        }
        at = stop;
        if (at == end) break;
        if (*at++ == '\r') {
            after_cr = true;
        } else {
            bare = true;
            end_line();
        }
    }
}

} // namespace postrider

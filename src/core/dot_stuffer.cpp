#include "postrider/dot_stuffer.hpp"

#include "core/line_end.hpp"

namespace postrider {

bool dot_stuffer::refuse() noexcept {
    if (policy_ == line_ends::refuse) state_ = state::failed;
    return failed();
}

std::string_view dot_stuffer::next(std::string_view& input) noexcept {
    while (!input.empty() && !failed()) {
        if (state_ == state::cr) {
            if (input.front() == '\n') input.remove_prefix(1);
            else if (refuse()) break;
            state_ = state::line_end;
            continue; // the octet behind it may come with the next chunk only
        }
        const bool dot = dots_ && input.front() == '.';
        if (state_ == state::line_end) {
            state_ = state::in_line;
            return dot ? "\r\n." : "\r\n";
        }
        if (state_ == state::line_start) {
            state_ = state::in_line;
            if (dot) return ".";
        }

        // A run goes on over whole CRLFs and stops where something must be put in or held back: before a bare line ending,
        // before the line end that is the last of this chunk, and before a dot at the start of a line.
        const char* const begin = input.data();
        const char* const end = begin + input.size();
        const char* at = begin;
        std::size_t held = 0; // octets behind the run that are taken but not sent
        for (;;) {
            at = find_line_end(at, end);
            if (at == end) break;
            if (*at == '\n') {
                if (refuse()) break;
                state_ = state::line_end;
                held = 1;
                break;
            }
            if (end - at < 2 || at[1] != '\n') {
                state_ = state::cr; // whether it is bare is known with the next octet
                held = 1;
                break;
            }
            if (end - at < 3) {
                state_ = state::line_end;
                held = 2;
                break;
            }
            at += 2;
            if (dots_ && *at == '.') {
                state_ = state::line_start;
                break;
            }
        }
        const auto run = static_cast<std::size_t>(at - begin);
        input.remove_prefix(run + held);
        if (run != 0) return {begin, run};
    }
    return {};
}

std::string_view dot_stuffer::terminator() noexcept {
    if (state_ == state::cr && refuse()) return {};
    if (failed()) return {};
    std::string_view ending = "\r\n.\r\n";
    if (state_ == state::line_start) ending.remove_prefix(2);
    if (!dots_) ending.remove_suffix(3);
    return ending;
}

} // namespace postrider

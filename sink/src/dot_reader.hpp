// Takes the transparency of DATA away again (RFC 5321 section 4.5.2), and finds the end of the content.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace postrider::sink {

// Only CRLF ends a line here. A bare CR or LF is content like any other octet: a server that took LF "." LF
// for the end would let one mail smuggle another, and a test against it would not notice a client that sends
// it.
class dot_reader {
public:
    // Gives runs of content to `emit` and answers how many octets of `input` it took: all of them, or as many
    // as ended the content, and then ended() is true.
    template <class Emit>
    std::size_t read(std::string_view input, Emit&& emit);

    [[nodiscard]] bool ended() const { return state_ == state::ended; }

private:
    enum class state { line_start, text, cr, dot, dot_cr, ended };
    state state_ = state::line_start;
};

template <class Emit>
std::size_t dot_reader::read(std::string_view input, Emit&& emit) {
    std::size_t run = 0; // where the octets begin that are content and not emitted yet
    std::size_t at = 0;
    const auto flush = [&](std::size_t end) {
        if (end > run) emit(input.substr(run, end - run));
        run = end;
    };
    while (at < input.size() && state_ != state::ended) {
        const char c = input[at];
        switch (state_) {
        case state::text: {
            const void* lf = std::memchr(input.data() + at, '\n', input.size() - at);
            if (lf == nullptr) {
                state_ = input.back() == '\r' ? state::cr : state::text;
                at = input.size();
                break;
            }
            at = static_cast<std::size_t>(static_cast<const char*>(lf) - input.data()) + 1;
            if (at >= 2 && input[at - 2] == '\r') state_ = state::line_start;
            break;
        }
        case state::cr: // a CR was the last octet of the input before
            state_ = c == '\n' ? state::line_start : c == '\r' ? state::cr : state::text;
            ++at;
            break;
        case state::line_start:
            if (c == '.') {
                flush(at);
                run = ++at; // the dot is the client's, whatever follows
                state_ = state::dot;
            } else {
                state_ = state::text; // looked at again there: it may be a CR or LF
            }
            break;
        case state::dot:
            if (c == '\r') {
                run = ++at; // withheld until the next octet tells whether this is the end
                state_ = state::dot_cr;
            } else {
                state_ = state::text;
            }
            break;
        case state::dot_cr:
            if (c == '\n') {
                run = ++at;
                state_ = state::ended;
            } else {
                emit(std::string_view{"\r", 1});
                state_ = state::cr;
            }
            break;
        case state::ended: break;
        }
    }
    flush(at);
    return at;
}

} // namespace postrider::sink

#include "standard_input.hpp"

#include "failure.hpp"

#include <cerrno>
#include <cstring>
#include <sysexits.h>
#include <unistd.h>

namespace postrider::cli {

standard_input::int_type standard_input::underflow() {
    while (!ended_) {
        const ssize_t got = ::read(descriptor_, in_.data(), in_.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            error_ = errno;
            throw failure{EX_NOINPUT, std::string{"standard input cannot be read: "} += std::strerror(error_)};
        }
        if (got == 0) break; // a last line that is a dot without an end is one too
        const std::size_t size = filtered(static_cast<std::size_t>(got));
        setg(out_.data(), out_.data(), out_.data() + size);
        if (size != 0) return traits_type::to_int_type(out_.front());
    }
    ended_ = true;
    return traits_type::eof();
}

std::size_t standard_input::filtered(std::size_t size) noexcept {
    std::size_t filled = 0;
    for (std::size_t i = 0; i != size; ++i) {
        const char c = in_[i];
        const bool after_dot = at_ == place::dot || at_ == place::dot_cr;
        if (after_dot && c == '\n') {
            ended_ = true;
            return filled;
        }
        if (at_ == place::dot && c == '\r') {
            at_ = place::dot_cr;
            continue;
        }
        if (dot_ends_ && at_ == place::line_start && c == '.') {
            at_ = place::dot;
            continue;
        }
        if (after_dot) out_[filled++] = '.';
        if (at_ == place::dot_cr) out_[filled++] = '\r';
        out_[filled++] = c;
        at_ = c == '\n' ? place::line_start : place::within;
    }
    return filled;
}

} // namespace postrider::cli

// send_each.hpp - one mail a recipient, by a pool, told as they are done.
#ifndef POSTRIDER_CLI_SEND_EACH_HPP
#define POSTRIDER_CLI_SEND_EACH_HPP

#include "program.hpp"

#include <postrider/outgoing.hpp>
#include <postrider/send_result.hpp>
#include <postrider/server.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace postrider::cli {

struct each_options {
    std::size_t mails = 0;
    unsigned connections = 1;
    std::function<std::string(std::size_t)> address{}; ///< of a mail's recipient, without making it
};

/// Sends mails number 0 to `mails` - 1, each made by `make` when there is room for it, and calls `done` for each in the order of
/// the numbers, from this thread; `line` is what progress is drawn on. Ctrl-C ends it: those under way have their results, those
/// that were not begun are `not_attempted`.
void send_each(const server& to, const each_options& how, live_line& line,
               const std::function<outgoing(std::size_t)>& make, const std::function<void(send_result)>& done);

} // namespace postrider::cli

#endif

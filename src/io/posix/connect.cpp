// posix_stream::connect - a connector, and the wait for it.
#include "wait.hpp"

#include <postrider/io/connector.hpp>

#include <algorithm>
#include <utility>

namespace postrider {
namespace {

errc run(connector& to, const canceller* cancel) noexcept {
    while (cancel == nullptr || !cancel->cancelled()) {
        if (to.step()) return to.result();
        std::array<pollfd, posix_detail::max_waited> polled;
        const auto end = std::copy(to.waits().begin(), to.waits().end(), polled.begin());
        const auto size = static_cast<std::size_t>(end - polled.begin());
        const auto error = posix_detail::wait(std::span(polled).first(size), cancel, to.wakes());
        if (error == errc::system_failure) {
            to.cancel();
            return error;
        }
    }
    to.cancel();
    return errc::cancelled;
}

} // namespace

errc posix_stream::connect(const connect_options& options, deadline until, connect_report* report) noexcept {
    if (report != nullptr) report->size = 0;
    if (is_open()) return errc::wrong_state;
    connector to;
    auto outcome = to.begin(options, until);
    if (outcome == errc::ok) outcome = run(to, canceller_);
    if (report != nullptr) *report = to.report();
    if (outcome == errc::ok) {
        auto connected = to.take();
        descriptor_ = std::exchange(connected.descriptor_, -1);
        fault_ = errc::ok;
        ended_ = more_expected_ = false;
    }
    return outcome;
}

} // namespace postrider

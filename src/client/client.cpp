#include "postrider/client.hpp"

#include "io/posix/wait.hpp"

#include <algorithm>
#include <optional>

namespace postrider {
namespace {

/// Wakes a canceller when a stop is asked for.
struct stop_bridge {
    explicit stop_bridge(const std::stop_token& token) : callback(token, wake{&stopped}) {}
    struct wake {
        canceller* whom;
        void operator()() const noexcept { whom->cancel(); }
    };
    canceller stopped{};
    std::stop_callback<wake> callback;
};

} // namespace

client::client(server to) : line_(std::make_unique<connection>(std::move(to))) {}
client::client(client&&) noexcept = default;
client& client::operator=(client&& other) noexcept {
    if (this != &other) {
        client ended{std::move(*this)};
        line_ = std::move(other.line_);
    }
    return *this;
}

client::~client() {
    if (line_ != nullptr) close({.until = std::chrono::steady_clock::now() + std::chrono::seconds{2}});
}

/// Goes on until `done`, or nothing is left to do.
void client::run(const bool& done, const call_options& call) {
    std::optional<stop_bridge> bridge;
    if (call.stop.stop_possible()) bridge.emplace(call.stop);
    const auto ended = [&] {
        return (call.cancel != nullptr && call.cancel->cancelled()) || call.stop.stop_requested();
    };
    std::vector<pollfd> sockets;
    for (;;) {
        if (ended()) return line_->cancel(errc::cancelled);
        if (line_->step() || done) return;
        const auto waits = line_->waits();
        sockets.assign(waits.begin(), waits.end());
        if (bridge) sockets.push_back({bridge->stopped.native_handle(), POLLIN, 0});
        const deadline until = std::min(line_->wakes(), call.until);
        const errc e = posix_detail::wait(sockets, call.cancel, until);
        if (e == errc::timed_out && call.until <= std::chrono::steady_clock::now() && line_->pending() == 0)
            return line_->cancel(errc::timed_out);
        if (e == errc::system_failure) return line_->cancel(e);
    }
}

// What is told later, should this call end by an exception, must find a place.

send_result client::send_outgoing(outgoing mail, const call_options& call) {
    return std::move(send_outgoing(std::vector{std::move(mail)}, call).front());
}

std::vector<send_result> client::send_outgoing(std::vector<outgoing> mails, const call_options& call) {
    struct place {
        std::vector<send_result> results;
        std::size_t left;
        bool done;
    };
    const auto into =
        std::make_shared<place>(place{std::vector<send_result>(mails.size()), mails.size(), mails.empty()});
    for (std::size_t i = 0; i != mails.size(); ++i)
        line_->send(
            std::move(mails[i]),
            [into, i](send_result r) {
                into->results[i] = std::move(r);
                into->done = --into->left == 0;
            },
            call.until);
    run(into->done, call);
    return std::move(into->results);
}

command_result client::ask(phase command, std::string argument, const call_options& call) {
    struct place {
        command_result result{};
        bool done = false;
    };
    const auto into = std::make_shared<place>();
    line_->ask(
        command, std::move(argument),
        [into](command_result r) {
            into->result = std::move(r);
            into->done = true;
        },
        call.until);
    run(into->done, call);
    return std::move(into->result);
}

void client::close(const call_options& call) {
    line_->close();
    run(false, call);
}

bool client::is_open() const noexcept { return line_->is_open(); }
const server& client::to() const noexcept { return line_->to(); }

} // namespace postrider

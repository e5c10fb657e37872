// asio_client.hpp - sends mails from an event loop of Asio: callbacks, futures, coroutines, whatever the completion token says.
//
//     postrider::asio_client client{executor, "submission://mail.example", {.auth = ...}};
//     postrider::send_result r = co_await client.async_send(message, asio::use_awaitable);
//
// Standalone Asio or Boost.Asio: see asio_net.hpp.
#ifndef POSTRIDER_ASIO_CLIENT_HPP
#define POSTRIDER_ASIO_CLIENT_HPP

#include <postrider/asio_net.hpp>
#include <postrider/connection.hpp>

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {
POSTRIDER_ASIO_BEGIN

/// One connection to one server, as `client` has it. Any number of operations may be under way: they are done in order, and
/// share flights where `client_options::look_ahead` lets them. Nothing throws but `std::bad_alloc`.
///
/// All is done on the client's executor: where several threads run it, make the client with a strand, and operations may be
/// started from any of them. Their handlers are called on their own executors. The client may be destroyed while operations are
/// under way: they go on; but it must not outlive the execution context.
///
/// Operations take per-operation cancellation, terminal and partial; the signal is to be emitted on the client's executor. A mail that has left in part cannot be taken back without
/// the connection: to cancel one operation ends those under way beside it too, and each has its result.
template <class Executor = net::any_io_executor>
class basic_asio_client {
public:
    using executor_type = Executor;

    basic_asio_client(Executor executor, std::string_view url, client_options options = {})
        : basic_asio_client(std::move(executor), server{url, std::move(options)}) {}
    basic_asio_client(Executor executor, server to)
        : line_(std::make_shared<line>(std::move(executor), std::move(to))) {}

    executor_type get_executor() const noexcept { return line_->executor; }
    const server& to() const noexcept { return line_->connection.to(); }
    bool is_open() const noexcept { return line_->connection.is_open(); }

    /// Sends a mail: an `outgoing`, or whatever a function `compose` makes one of. g++ 12 makes no code of a braced list in the
    /// expression that awaits ("array used as initializer"): there the message is to be a variable. Completes with `void(send_result)`: there is
    /// no error beside it, since an exception instead of a result would hide what became of the mail.
    template <class Mail, class Token = net::default_completion_token_t<Executor>>
    requires can_be_sent<Mail>
    auto async_send(Mail&& mail, Token&& token = {}, deadline until = never) {
        auto job = std::make_shared<waiting<send_result>>(line_->executor);
        auto begin = [to = line_, job, until, mail = outgoing{compose(std::forward<Mail>(mail))}]() mutable {
            to->connection.send(std::move(mail), told(job), until);
        };
        return start<send_result>(std::move(job), std::move(begin), token);
    }

    /// Several, in order. `void(std::vector<send_result>)`, in the order of the mails.
    template <class Mails, class Token = net::default_completion_token_t<Executor>>
    auto async_send_all(Mails&& mails, Token&& token = {}, deadline until = never) {
        auto job = std::make_shared<waiting<std::vector<send_result>>>(line_->executor);
        std::vector<outgoing> composed;
        for (auto& mail : mails) composed.push_back(compose(mail));
        auto begin = [to = line_, job, until, composed = std::move(composed)]() mutable {
            job->result.resize(job->left = composed.size());
            for (std::size_t i = 0; i != composed.size(); ++i)
                to->connection.send(
                    std::move(composed[i]), [job, i](send_result r) { job->set(job->result[i], std::move(r)); }, until);
        };
        return start<std::vector<send_result>>(std::move(job), std::move(begin), token);
    }

    /// Connects up to where a mail could be sent. `void(command_result)`.
    template <class Token = net::default_completion_token_t<Executor>>
    auto async_open(Token&& token = {}, deadline until = never) {
        return async_ask(phase::connect, {}, std::forward<Token>(token), until);
    }
    /// VRFY, EXPN, NOOP, ...: see `session_base::ask`. `void(command_result)`.
    template <class Token = net::default_completion_token_t<Executor>>
    auto async_ask(phase command, std::string argument, Token&& token = {}, deadline until = never) {
        auto job = std::make_shared<waiting<command_result>>(line_->executor);
        auto begin = [to = line_, job, until, command, argument = std::move(argument)]() mutable {
            to->connection.ask(command, std::move(argument), told(job), until);
        };
        return start<command_result>(std::move(job), std::move(begin), token);
    }
    /// Says QUIT after all that is under way, and waits for the answer. `void()`. A client that is destroyed without it hangs
    /// up.
    template <class Token = net::default_completion_token_t<Executor>>
    auto async_close(Token&& token = {}) {
        auto begin = [to = line_] { to->connection.close(); };
        return net::async_compose<Token, void()>(
            operation<closed, decltype(begin)>{line_, std::make_shared<closed>(line_->executor), std::move(begin)},
            token, line_->executor);
    }

private:
    /// An operation under way: what it waits for, and the timer that it sleeps by.
    struct sleeper {
        explicit sleeper(const Executor& executor) : timer(executor) {}
        net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>
            timer;
        std::size_t left = 0; ///< results that are still to come
        bool in_line = false;
    };
    template <class Result>
    struct waiting : sleeper {
        using sleeper::sleeper;
        Result result{};
        template <class Part>
        void set(Part& part, Part value) {
            part = std::move(value);
            if (--this->left == 0) this->timer.cancel();
        }
        bool over(bool /*nothing_to_do*/) const noexcept { return this->left == 0; }
        template <class Self>
        void complete(Self& self) {
            self.complete(std::move(result));
        }
    };
    struct closed : sleeper {
        using sleeper::sleeper;
        bool over(bool nothing_to_do) const noexcept { return nothing_to_do; }
        template <class Self>
        void complete(Self& self) {
            self.complete();
        }
    };

    /// The connection, and those who wait for it. Whoever wakes makes the step for all.
    struct line {
        using descriptor = net::posix::basic_stream_descriptor<Executor>;

        line(Executor e, server to) : executor(std::move(e)), connection(std::move(to)) {}
        ~line() { drop_waits(); }

        /// No registration may outlive its descriptor, and a step may close any of them: so none is left before one.
        void drop_waits() noexcept {
            ++round;
            for (descriptor& d : descriptors) d.release();
            descriptors.clear();
        }

        void await(const std::shared_ptr<line>& self) {
            for (const pollfd& one : connection.waits()) {
                descriptor& d = descriptors.emplace_back(executor, one.fd);
                const auto woken = [self, mine = round](const auto&) {
                    if (self->round == mine) self->wake();
                };
                if ((one.events & POLLIN) != 0)
                    d.async_wait(descriptor::wait_read, net::bind_executor(executor, woken));
                if ((one.events & POLLOUT) != 0)
                    d.async_wait(descriptor::wait_write, net::bind_executor(executor, woken));
            }
        }

        void wake() {
            if (!sleepers.empty()) sleepers.front()->timer.cancel();
        }

        Executor executor;
        postrider::connection connection;
        std::list<descriptor> descriptors{};
        std::list<sleeper*> sleepers{};
        std::uint64_t round = 0;
    };

    template <class Job, class Begin>
    struct operation {
        std::shared_ptr<line> on;
        std::shared_ptr<Job> job;
        Begin begin;
        enum class stage : std::uint8_t { starts, begins, goes_on, over } at = stage::starts;

        /// All is done on the client's executor, and the end on that of the handler.
        template <class Self, class... Error>
        void operator()(Self& self, const Error&...) {
            const std::shared_ptr<line> to = on; // `self` moves, and `this` with it
            switch (at) {
            case stage::starts: // a handler is never called from within the call that starts an operation
                at = stage::begins;
                self.reset_cancellation_state(net::enable_partial_cancellation());
                return net::post(net::bind_executor(to->executor, std::move(self)));
            case stage::begins:
                begin();
                at = stage::goes_on;
                break;
            case stage::goes_on: break;
            case stage::over: return job->complete(self);
            }
            if (std::exchange(job->in_line, false)) to->sleepers.remove(job.get());
            to->drop_waits();
            if (self.get_cancellation_state().cancelled() != net::cancellation_type::none && !job->over(false))
                to->connection.cancel();
            const bool nothing_to_do = to->connection.step();
            if (job->over(nothing_to_do)) {
                to->wake(); // whoever is left goes on; for nobody nothing is waited for
                at = stage::over;
                return net::dispatch(std::move(self));
            }
            to->await(to);
            to->sleepers.push_back(job.get());
            job->in_line = true;
            job->timer.expires_at(to->connection.wakes());
            auto& timer = job->timer;
            timer.async_wait(net::bind_executor(to->executor, std::move(self)));
        }
    };

    template <class Result>
    static auto told(const std::shared_ptr<waiting<Result>>& job) {
        job->left = 1;
        return [job](Result r) { job->set(job->result, std::move(r)); };
    }

    template <class Result, class Begin, class Token>
    auto start(std::shared_ptr<waiting<Result>> job, Begin begin, Token& token) {
        return net::async_compose<Token, void(Result)>(
            operation<waiting<Result>, Begin>{line_, std::move(job), std::move(begin)}, token, line_->executor);
    }

    std::shared_ptr<line> line_;
};

using asio_client = basic_asio_client<>;

POSTRIDER_ASIO_END
} // namespace postrider

#endif

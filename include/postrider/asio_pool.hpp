// asio_pool.hpp - sends by a pool from coroutines, and from whatever else a completion token says.
//
//     postrider::send_result r = co_await postrider::async_send(pool, message, asio::use_awaitable);
#ifndef POSTRIDER_ASIO_POOL_HPP
#define POSTRIDER_ASIO_POOL_HPP

#include <postrider/asio_net.hpp>
#include <postrider/pool.hpp>

#include <memory>
#include <utility>

namespace postrider {
POSTRIDER_ASIO_BEGIN

/// `pool::submit`; completes with `void(send_result)` on the handler's executor, which is kept at work until then: the
/// `io_context` must outlive the operation, so also the pool that does it. Needs no strand. The operation takes no cancellation of its own: there are `until` and `pool::cancel`.
template <class Mail, class Token>
requires can_be_sent<Mail>
auto async_send(pool& by, Mail&& mail, Token&& token, deadline until = never) {
    return net::async_initiate<Token, void(send_result)>(
        [&by, until](auto handler, outgoing composed) {
            const auto executor = net::get_associated_executor(handler);
            auto work = net::make_work_guard(executor);
            auto shared = std::make_shared<std::decay_t<decltype(handler)>>(std::move(handler));
            by.submit(
                std::move(composed),
                [shared, work, executor](send_result r) {
                    net::post(executor, [shared, r = std::move(r)]() mutable { std::move (*shared)(std::move(r)); });
                },
                until);
        },
        token, outgoing{compose(std::forward<Mail>(mail))});
}

POSTRIDER_ASIO_END
} // namespace postrider

#endif

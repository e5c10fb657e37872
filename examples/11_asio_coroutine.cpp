// 11_asio_coroutine.cpp - coroutines: many clients on one thread, each sending one message after the other.
//
//     11_asio_coroutine smtp://localhost:2525 alice@a.example bob@b.example carol@c.example ...
//
// In clear text, for a server on this machine.

#include "postrider/asio_client.hpp"
#include "postrider/message.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <iostream>
#include <string>

namespace {

int failed = 0;

// [send]
asio::awaitable<void> greet(postrider::server to, std::string from, std::string whom) {
    postrider::asio_client client{co_await asio::this_coro::executor, to};
    for (const char* subject : {"Good morning", "Good night"}) {
        postrider::message message{.from = {from}, .to = {whom}, .subject = subject, .text = "Hello.\n"};
        const postrider::send_result result = co_await client.async_send(message, asio::use_awaitable);
        std::cout << whom << ": " << name(result.what) << ' ' << result.text << '\n';
        failed += result ? 0 : 1;
    }
    co_await client.async_close(asio::use_awaitable);
}
// [send]

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: " << argv[0] << " URL FROM TO...\n";
        return 64;
    }
    const postrider::server to{argv[1], {.tls = {.policy = postrider::tls_policy::none}}};
    asio::io_context loop;
    for (int i = 3; i != argc; ++i) asio::co_spawn(loop, greet(to, argv[2], argv[i]), asio::detached);
    loop.run();
    return failed == 0 ? 0 : 1;
}

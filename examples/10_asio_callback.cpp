// 10_asio_callback.cpp - the same from an event loop of Asio, with a callback; the loop does other things meanwhile.
//
//     10_asio_callback smtp://localhost:2525 alice@a.example bob@b.example
//
// In clear text, for a server on this machine.

#include "postrider/asio_client.hpp"
#include "postrider/message.hpp"

#include <asio/io_context.hpp>

#include <iostream>

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: " << argv[0] << " URL FROM TO\n";
        return 64;
    }
    bool accepted = false;
    // [send]
    asio::io_context loop;
    postrider::asio_client client{loop.get_executor(), argv[1], {.tls = {.policy = postrider::tls_policy::none}}};
    postrider::message message{.from = {argv[2]}, .to = {argv[3]}, .subject = "Hello", .text = "From a callback.\n"};
    client.async_send(message, [&](const postrider::send_result& result) {
        std::cout << name(result.what) << ' ' << result.queue_id << result.text << '\n';
        accepted = static_cast<bool>(result);
        client.async_close([] {});
    });
    loop.run();
    // [send]
    return accepted ? 0 : 1;
}

// 12_pool.cpp - a thousand mails by a few connections: look-ahead, a rate, and what became of all of them.
//
//     12_pool smtp://localhost:2525 alice@a.example MAILS
//
// In clear text, for a server on this machine.

#include "postrider/message.hpp"
#include "postrider/pool.hpp"

#include <cstdlib>
#include <future>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    const int mails = argc == 4 ? std::atoi(argv[3]) : 0;
    if (mails < 1) {
        std::cerr << "usage: " << argv[0] << " URL FROM MAILS\n";
        return 64;
    }
    const postrider::server to{argv[1], {.tls = {.policy = postrider::tls_policy::none}, .look_ahead = 8}};
    // [pool]
    postrider::pool pool{to, {.connections = 3, .rate = {.mails = 5000, .per = std::chrono::seconds{1}}}};
    std::vector<std::future<postrider::send_result>> results;
    for (int i = 0; i != mails; ++i) {
        const std::string reader = "reader" + std::to_string(i) + "@b.example";
        postrider::message message{
            .from = {argv[2]}, .to = {reader}, .subject = "News", .text = "Hello, " + reader + ".\n"};
        results.push_back(pool.send_later(message)); // from any thread
    }
    for (auto& one : results)
        if (const postrider::send_result result = one.get(); !result) std::cerr << result.text << '\n';
    pool.drain(); // QUIT
    const postrider::pool_counters n = pool.counters();
    std::cout << n.accepted << " accepted, " << n.taken - n.accepted << " not, by " << n.connections
              << " connections\n";
    // [pool]
    return n.accepted == n.taken ? 0 : 1;
}

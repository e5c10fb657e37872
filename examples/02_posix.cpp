// 02_posix.cpp - sends a mail over the POSIX transport, and says what became of it for each recipient.
//
//     02_posix HOST PORT FROM TO...        the message, RFC 5322, on stdin

#include "postrider/io/drive.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(postrider::errc why) {
    std::fprintf(stderr, "02_posix: %s\n", postrider::describe(why));
    std::exit(1);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: %s HOST PORT FROM TO... <MESSAGE\n", argv[0]);
        return 64;
    }
    const std::string host = argv[1];
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
    const auto from = postrider::mailbox::parse(argv[3]);
    if (!from) fail(postrider::errc::invalid_mailbox);
    std::vector<postrider::recipient> recipients;
    for (int i = 4; i != argc; ++i) {
        const auto to = postrider::mailbox::parse(argv[i]);
        if (!to) fail(postrider::errc::invalid_mailbox);
        recipients.push_back({*to, {}});
    }
    const std::string message{std::istreambuf_iterator<char>(std::cin), {}};

    // [send]
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    postrider::posix_stream stream;
    if (const auto e = stream.connect({.host = host, .port = port}, until); e != postrider::errc::ok) fail(e);
    postrider::session<> session;
    if (const auto e = session.start({.client = *postrider::domain::parse("client.example")}); e != postrider::errc::ok) fail(e);
    const postrider::envelope envelope{*from, recipients};
    if (const auto e = session.send(envelope); e != postrider::errc::ok) fail(e);
    const auto error = postrider::drive(session, stream, postrider::text_content{message}, until);
    for (const auto& r : recipients)
        std::cout << r.forward_path.text() << ": " << name(r.result.what) << " (" << r.result.code << ")\n";
    // [send]

    if (session.quit() == postrider::errc::ok) (void)postrider::drive(session, stream, postrider::text_content{}, until);
    if (error != postrider::errc::ok) fail(error);
    for (const auto& r : recipients)
        if (r.result.what != postrider::outcome::accepted) return 1;
    return 0;
}

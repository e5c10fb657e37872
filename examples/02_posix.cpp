// 02_posix.cpp - sends a mail over the POSIX transport, and says what became of it for each recipient.
//
//     02_posix HOST PORT FROM TO...        the message, RFC 5322, on stdin

#include "postrider/io/drive.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

[[noreturn]] void fail(postrider::errc why, const char* what = nullptr) {
    if (what != nullptr) std::fprintf(stderr, "02_posix: %s: %s\n", what, postrider::describe(why));
    else std::fprintf(stderr, "02_posix: %s\n", postrider::describe(why));
    std::exit(1);
}

/// 0 if it is none.
std::uint16_t port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() ? port : std::uint16_t{0};
}

} // namespace

int main(int argc, char** argv) {
    const std::uint16_t port = argc < 5 ? std::uint16_t{0} : port_of(argv[2]);
    if (port == 0) {
        std::fprintf(stderr, "usage: %s HOST PORT FROM TO... <MESSAGE\n", argv[0]);
        return 64;
    }
    const std::string host = argv[1];
    const auto from = postrider::mailbox::parse(argv[3]);
    if (!from) fail(postrider::errc::invalid_mailbox, argv[3]);
    std::vector<postrider::recipient> recipients;
    for (int i = 4; i != argc; ++i) {
        const auto to = postrider::mailbox::parse(argv[i]);
        if (!to) fail(postrider::errc::invalid_mailbox, argv[i]);
        recipients.push_back({.forward_path = *to});
    }
    const std::string message{std::istreambuf_iterator<char>(std::cin), {}};

    // [send]
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    postrider::posix_stream stream;
    if (const auto e = stream.connect({.host = host, .port = port}, until); e != postrider::errc::ok) fail(e, argv[1]);
    postrider::session<> session;
    if (const auto e =
            session.start({.client = *postrider::domain::parse("client.example"), .tls = postrider::tls_policy::none});
        e != postrider::errc::ok)
        fail(e);
    postrider::mail mail{.reverse_path = *from, .recipients = recipients, .content = {.text = message}};
    if (const auto e = session.send(mail); e != postrider::errc::ok) fail(e);
    const auto error = postrider::drive(session, stream, until);
    for (const auto& r : recipients)
        std::cout << r.forward_path.text() << ": " << name(r.result.what) << " (" << r.result.code << ")\n";
    // [send]

    if (session.quit() == postrider::errc::ok) (void)postrider::drive(session, stream, until);
    if (error != postrider::errc::ok) fail(error);
    for (const auto& r : recipients)
        if (r.result.what != postrider::outcome::accepted) return 1;
    return 0;
}

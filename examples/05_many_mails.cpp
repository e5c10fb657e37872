// 05_many_mails.cpp - many mails over one connection, several of them in doubt at a time. What a connection that broke has left
// untouched goes by another; what may have arrived does not go twice.
//
//     05_many_mails HOST PORT FROM LOOK-AHEAD        a line `ADDRESS TEXT` for each mail on stdin

#include "postrider/io/drive.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <string>

namespace {

struct letter {
    std::string address, content, said;
    postrider::recipient to[1];
    postrider::mail mail;
    int attempts = 0;
};

// [handler]
class outbox : public postrider::drive_handler {
public:
    std::deque<letter*> waiting;
    int accepted = 0, failed = 0;

    postrider::mail* next_mail() noexcept { // asked whenever one more could leave with the next flight
        if (waiting.empty()) return nullptr;
        under_way_.push_back(waiting.front());
        waiting.pop_front();
        return &under_way_.back()->mail;
    }
    void refused(postrider::mail& m, std::size_t, const postrider::reply& said) noexcept { of(m).said = said.text; }
    void mail_done(postrider::mail& m, const postrider::reply& said) noexcept {
        letter* const l = take(m);
        if (l->said.empty()) l->said = said.text; // what was said last, unless something else decided
        const postrider::status& s = l->to[0].result;
        const bool again = postrider::nothing_committed(m) && s.again() == postrider::status::retry::yes;
        const bool network = postrider::kind(s.error) == postrider::errc_kind::network;
        if (again && network && ++l->attempts < 3) { // it goes by the next connection
            l->said.clear();
            return waiting.push_back(l);
        }
        ++(s.what == postrider::outcome::accepted ? accepted : failed);
        std::cout << l->address << ": " << name(s.what) << " (" << s.code << ") " << l->said << '\n';
    }
    // [handler]
    void not_taken(postrider::mail& m, postrider::errc why) noexcept {
        ++failed;
        std::cout << take(m)->address << ": " << describe(why) << '\n';
    }

private:
    letter& of(const postrider::mail& m) noexcept {
        for (letter* const l : under_way_)
            if (&l->mail == &m) return *l;
        std::abort(); // the session gives back what it was given
    }
    letter* take(const postrider::mail& m) noexcept {
        letter* const found = &of(m);
        std::erase(under_way_, found);
        return found;
    }
    std::deque<letter*> under_way_;
};

} // namespace

int main(int argc, char** argv) {
    const int port = argc == 5 ? std::atoi(argv[2]) : 0, look_ahead = argc == 5 ? std::atoi(argv[4]) : 0;
    const auto from = postrider::mailbox::parse(argc == 5 ? argv[3] : "");
    if (port < 1 || port > 65535 || look_ahead < 1 || look_ahead > 1000 || !from) {
        std::fprintf(stderr, "usage: %s HOST PORT FROM LOOK-AHEAD <LINES: each ADDRESS TEXT\n", argv[0]);
        return 64;
    }
    std::deque<letter> letters;
    outbox box;
    for (std::string address, text; std::cin >> address && std::getline(std::cin, text);) {
        letter& l = letters.emplace_back();
        l.address = address;
        l.content = "Subject:" + text + "\r\n\r\n" + text.substr(text.empty() ? 0 : 1) + "\r\n";
        const auto to = postrider::mailbox::parse(l.address);
        if (!to) {
            std::fprintf(stderr, "05_many_mails: %s: %s\n", address.c_str(),
                         describe(postrider::errc::invalid_mailbox));
            return 65;
        }
        l.to[0].forward_path = *to;
        l.mail.reverse_path = *from;
        l.mail.recipients = l.to;
        l.mail.content.text = l.content;
        box.waiting.push_back(&l);
    }

    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (!box.waiting.empty()) {
        postrider::posix_stream stream;
        postrider::errc e = stream.connect({.host = argv[1], .port = static_cast<std::uint16_t>(port)}, until);
        if (e != postrider::errc::ok) {
            std::fprintf(stderr, "05_many_mails: %s: %s; %zu mails are left\n", argv[1], describe(e),
                         box.waiting.size());
            return 75;
        }
        postrider::session<> session;
        e = session.start({.client = *postrider::domain::parse("client.example"),
                           .tls = postrider::tls_policy::none,
                           .look_ahead = static_cast<std::uint16_t>(look_ahead)});
        if (e == postrider::errc::ok) e = postrider::drive(session, stream, until, box);
        if (session.quit() == postrider::errc::ok) (void)postrider::drive(session, stream, until);
        if (e != postrider::errc::ok) std::fprintf(stderr, "05_many_mails: %s\n", describe(e));
    }
    std::cout << box.accepted << " accepted, " << box.failed << " not\n";
    return box.failed == 0 ? 0 : 1;
}

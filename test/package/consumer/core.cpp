// core.cpp - the engine alone: a session that meets a server which turns it away.
#include <postrider/mailbox.hpp>
#include <postrider/session.hpp>

#include <cstdio>

int main() {
    const auto to = postrider::mailbox::parse("bob@b.example");
    const auto name = postrider::domain::parse("client.example");
    if (!to || !name || postrider::mailbox::parse("no mailbox")) return 1;

    postrider::session<256> session;
    if (session.start({.client = *name, .tls = postrider::tls_policy::none}) != postrider::errc::ok) return 2;
    char buffer[128];
    if (session.next(buffer).what != postrider::action::kind::read) return 3;
    session.received("554 No service\r\n");
    for (int steps = 0; steps < 8; ++steps) {
        const postrider::action a = session.next(buffer);
        if (a.what == postrider::action::kind::write) session.wrote(a.octets.size());
        else if (a.what == postrider::action::kind::read) session.failed(postrider::errc::connection_closed);
        else if (a.what == postrider::action::kind::closed) {
            std::puts(postrider::describe(session.error()));
            return session.error() == postrider::errc::ok ? 4 : 0;
        }
    }
    return 5;
}

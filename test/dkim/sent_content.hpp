// sent_content.hpp - what a session sends of a mail's content: DATA or BDAT, against a server that takes everything.
#ifndef POSTRIDER_TEST_DKIM_SENT_CONTENT_HPP
#define POSTRIDER_TEST_DKIM_SENT_CONTENT_HPP

#include <postrider/outgoing.hpp>
#include <postrider/session.hpp>

#include <array>
#include <string>
#include <string_view>

namespace postrider {

/// The octets of the content as the server has them in the end: without dots put in, and without what ends DATA. Empty, and
/// `problem`, if the content cannot be described, or was not taken.
inline std::string sent_content(content_source& from, bool bdat, std::string& problem) {
    mail_content content;
    if (from.describe(content, problem) != errc::ok) return {};
    recipient to{.forward_path = *mailbox::parse("b@b.example")};
    mail m{.recipients = {&to, 1}, .content = content};
    session<> s;
    if (s.start({.client = *domain::parse("c.example"), .tls = tls_policy::none}) != errc::ok || s.send(m) != errc::ok)
        return {};
    std::string wire;
    std::array<char, 512> buffer;
    for (;;) {
        const action a = s.next(buffer);
        if (a.what == action::kind::mail || a.what == action::kind::closed) break;
        if (a.what == action::kind::content) {
            const content_part part = from.pull(a.first);
            if (part.failed) s.content_failed();
            else s.content(part.octets);
            if (part.last) s.end_of_content();
        } else if (a.what == action::kind::write) {
            s.wrote(a.octets.size());
            if (a.where == phase::content && !a.own) wire += a.octets;
        } else if (a.what == action::kind::read) {
            switch (a.where) {
            case phase::greeting: s.received("220 s\r\n"); break;
            case phase::ehlo:
                s.received(bdat ? "250-s\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250 8BITMIME\r\n"
                                : "250-s\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n");
                break;
            case phase::data: s.received("354 go\r\n"); break;
            default: s.received("250 ok\r\n"); break;
            }
        }
    }
    if (to.result.what != outcome::accepted) {
        problem = describe(to.result.error);
        return {};
    }
    if (bdat) return wire;
    std::string content_octets;
    wire.resize(wire.size() - 3); // the dot that ends it
    for (std::size_t i = 0; i != wire.size(); ++i)
        if (wire[i] != '.' || (i != 0 && wire[i - 1] != '\n')) content_octets += wire[i];
        else if (++i != wire.size()) content_octets += wire[i];
    return content_octets;
}

} // namespace postrider

#endif

// A whole session against a server that says whatever the fuzzer likes, in pieces that it likes, and hangs up when it likes.
// Besides the sanitizers, what must never happen: a mail called accepted whose content was not handed over in full; octets of
// a mail that was given up; a result that is missing when the mail is done; a session that goes on for ever.

#include "postrider/session.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Hands the session a copy of exactly these octets, so that AddressSanitizer sees who reads beyond them.
class piece {
public:
    std::string_view keep(std::string_view octets) {
        octets_ = std::make_unique<char[]>(octets.size());
        octets.copy(octets_.get(), octets.size());
        return {octets_.get(), octets.size()};
    }

private:
    std::unique_ptr<char[]> octets_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using kind = postrider::action::kind;
    if (size < 2) return 0;
    const unsigned flags = data[0];
    const std::size_t at_once = data[1] % 64 + 1u;
    std::string_view server{reinterpret_cast<const char*>(data) + 2, size - 2};

    postrider::session_options options{.client = *postrider::domain::parse("client.example")};
    if ((flags & 1) != 0) options.auth = {.user = "user", .password = "password", .allow_cleartext_auth = true};
    if ((flags & 2) != 0) options.auth.preferred = postrider::mechanism::login;
    options.pipelining = (flags & 4) == 0;
    options.content = (flags & 8) != 0 ? postrider::line_ends::refuse : postrider::line_ends::normalise;
    const std::string content = (flags & 16) != 0 ? "a\r\n.\n..\rb" : "Subject: a\r\n\r\n.\r\n";

    postrider::session<128> session;
    postrider::recipient to[] = {{*postrider::mailbox::parse("a@a.example"), {}},
                                 {*postrider::mailbox::parse("b@b.example"), {}}};
    const postrider::envelope mail{*postrider::mailbox::parse("c@c.example"), to};
    if (session.start(options) != postrider::errc::ok) return 0;

    piece held;
    char buffer[64];
    std::size_t gathered = 0, mails = 0;
    bool content_ended = false, given_up = false;
    require(session.send(mail) == postrider::errc::ok);
    for (int turns = 0;; ++turns) {
        require(turns < 100000);
        const postrider::action a = session.next({buffer, (flags >> 5) * 8u + 8u});
        switch (a.what) {
        case kind::write:
            require(!given_up || a.where == postrider::phase::quit);
            gathered += a.octets.size();
            if (a.where == postrider::phase::content && a.ends) content_ended = true;
            break;
        case kind::content:
            session.content(content);
            session.end_of_content();
            break;
        case kind::read: {
            session.wrote(gathered);
            gathered = 0;
            if (server.empty()) {
                session.failed(postrider::errc::connection_closed);
                break;
            }
            const std::string_view octets = server.substr(0, at_once);
            server.remove_prefix(octets.size());
            session.received(held.keep(octets));
            break;
        }
        case kind::mail:
            for (const postrider::recipient& r : to) {
                require(!r.result.open());
                if (r.result.what == postrider::outcome::accepted) require(content_ended && gathered == 0);
                if (r.result.what == postrider::outcome::unknown) require(content_ended && gathered == 0);
            }
            given_up = session.error() != postrider::errc::ok;
            break;
        case kind::ready:
            content_ended = false;
            if (++mails < 3) require(session.send(mail) == postrider::errc::ok);
            else require(session.quit() == postrider::errc::ok);
            break;
        case kind::refused:
        case kind::answered: break;
        case kind::closed: return 0;
        }
    }
}

// What the bare engine costs: a firmware that sends one mail with authentication, as the original could.
// Without anything to run on: the board's two functions are one-instruction stubs, and nothing here is counted.
#include "postrider/session.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

extern "C" bool board_send(const char* octets, std::size_t size);
extern "C" std::size_t board_receive(char* octets, std::size_t room, unsigned seconds); // 0: nothing came
extern "C" const char* board_text(unsigned which);                                      // keeps the texts unknown here

namespace {

std::array<char, 128> line;
std::array<char, 128> received;

bool drive(postrider::session_base& session) {
    for (;;) {
        const postrider::action a = session.next(line);
        using kind = postrider::action::kind;
        switch (a.what) {
        case kind::write:
            if (!board_send(a.octets.data(), a.octets.size())) session.failed(postrider::errc::connection_reset);
            else session.wrote(a.octets.size());
            break;
        case kind::read: {
            const std::size_t size = board_receive(received.data(), received.size(), a.limit());
            if (size == 0) session.failed(postrider::errc::timed_out);
            else session.received({received.data(), size});
            break;
        }
        case kind::tls:         // not asked for,
        case kind::credentials: // and given,
        case kind::content:     // and the mail lies in memory
        case kind::mail:
        case kind::refused:
        case kind::answered: break;
        case kind::ready: (void)session.quit(); break;
        case kind::closed: return session.error() == postrider::errc::ok;
        }
    }
}

} // namespace

int main() {
    const auto client = postrider::domain::frame(board_text(0));
    const auto from = postrider::mailbox::frame(board_text(1));
    const auto to = postrider::mailbox::frame(board_text(2));
    if (!client || !from || !to) return 1;
    std::array<postrider::recipient, 1> recipients{{{.forward_path = *to}}};
    postrider::mail mail{.reverse_path = *from, .recipients = recipients, .content = {.text = board_text(5)}};
    const postrider::credentials auth{.user = board_text(3),
                                      .password = board_text(4),
                                      .when = postrider::auth_when::attempt,
                                      .allow_cleartext_auth = true};
    postrider::session<> session; // not static: its constructor would run before main
    if (session.start({.client = *client, .auth = auth, .tls = postrider::tls_policy::none}) != postrider::errc::ok)
        return 2;
    if (session.send(mail) != postrider::errc::ok) return 3;
    return drive(session) ? 0 : 4;
}

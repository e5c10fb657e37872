// client.hpp - sends mails, and waits for what becomes of them.
//
//     postrider::client client{"submission://mail.example", {.auth = postrider::password("alice", std::move(secret))}};
//     postrider::send_result r = client.send(message);
//     if (!r) std::cerr << r.text << '\n';
#ifndef POSTRIDER_CLIENT_HPP
#define POSTRIDER_CLIENT_HPP

#include <postrider/connection.hpp>
#include <postrider/outgoing.hpp>
#include <postrider/send_result.hpp>
#include <postrider/server.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {

/// What may end a call before its time. Whatever ends it, each mail of it has a result.
struct call_options {
    deadline until = never;            ///< besides `time_limits::total`
    std::stop_token stop{};            ///< asked to stop from anywhere, it ends with `cancelled`
    const canceller* cancel = nullptr; ///< the same, for signal handlers; must outlive the call
};

/// One connection to one server, kept open between two calls for `time_limits::idle`, and made anew when it has to be. Nothing
/// throws but `std::bad_alloc`; an invalid URL or option makes each call answer
/// what `server::error` says. Belongs to one thread at a time; how a call is ended from elsewhere: `call_options`.
class client {
public:
    client(std::string_view url, client_options options = {}) : client(server{url, std::move(options)}) {}
    explicit client(server to);
    /// Says QUIT, and waits at most two seconds for the answer.
    ~client();
    client(client&& other) noexcept;
    client& operator=(client&& other) noexcept;

    /// Sends a mail: an `outgoing`, or whatever a function `compose` makes one of, as it does of a `message`. See
    /// `send_result` for all that can come of it.
    template <class Mail>
    requires can_be_sent<Mail> send_result send(Mail&& mail, const call_options& call = {}) {
        return send_outgoing(compose(std::forward<Mail>(mail)), call);
    }
    /// Sends several, in order, over one connection, as far as the server takes them; `client_options::look_ahead` of them at
    /// a time. The results are in the order of the mails.
    template <class Mails>
    std::vector<send_result> send_all(Mails&& mails, const call_options& call = {}) {
        std::vector<outgoing> composed;
        for (auto& mail : mails) composed.push_back(compose(mail));
        return send_outgoing(std::move(composed), call);
    }

    /// Connects, if there is no connection, up to where a mail could be sent: that server, TLS and credentials are right.
    command_result open(const call_options& call = {}) { return ask(phase::connect, {}, call); }
    /// VRFY (RFC 5321 §3.5.1): whether a mailbox exists. Most servers say 252: perhaps.
    command_result verify(std::string who, const call_options& call = {}) {
        return ask(phase::vrfy, std::move(who), call);
    }
    /// EXPN (RFC 5321 §3.5.1): a mailing list's members, a line each.
    command_result expand(std::string list, const call_options& call = {}) {
        return ask(phase::expn, std::move(list), call);
    }
    /// Any command that can be asked by itself: see `session_base::ask`.
    command_result ask(phase command, std::string argument = {}, const call_options& call = {});
    /// Says QUIT, if there is a connection, and waits for the answer: at most ten seconds.
    void close(const call_options& call = {});

    bool is_open() const noexcept; ///< the connection of the last call still stands, as far as this client knows
    const server& to() const noexcept;

private:
    send_result send_outgoing(outgoing mail, const call_options& call);
    std::vector<send_result> send_outgoing(std::vector<outgoing> mails, const call_options& call);
    void run(const bool& done, const call_options& call);

    std::unique_ptr<connection> line_;
};

} // namespace postrider

#endif

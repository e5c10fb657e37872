// A whole session against a server that says whatever the fuzzer likes, in pieces that it likes, and hangs up when it likes,
// over a system that takes octets late and in halves.
//
// Besides the sanitizers, what must never happen: a mail called accepted, or unknown, that was not handed over in full, or
// one called lost that was; octets of a mail that was given up; memory that is touched when its mail is done, which is freed
// then; a result that is missing; a session that goes on for ever.

#include "postrider/session.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

void require(bool holds, int line = __builtin_LINE()) {
    if (holds) return;
    std::fprintf(stderr, "session_fuzz.cpp:%d does not hold\n", line);
    std::abort();
}

/// A copy of exactly these octets, so that AddressSanitizer sees who reads beyond them, or after them.
class piece {
public:
    std::string_view keep(std::string_view octets) {
        size_ = octets.size();
        octets_ = std::make_unique<char[]>(size_);
        octets.copy(octets_.get(), size_);
        return {octets_.get(), size_};
    }

private:
    std::unique_ptr<char[]> octets_;
    std::size_t size_ = 0;
};

/// A mail with all that lies behind it.
struct letter {
    piece paths[4], texts[2];
    std::string_view more;
    std::vector<postrider::recipient> to;
    postrider::mail_parameters parameters;
    postrider::mail mail;
    std::size_t given = 0;       ///< octets of the content that `next` gave out
    std::size_t unsent = 0;      ///< octets of its own that the system has not taken
    std::size_t transaction = 0; ///< in which
    bool completed = false;      ///< its end was given out
    bool failed = false;         ///< its content could not be had
};

/// Octets that were given out, and that the system has not taken. What is not the session's stays where it lies.
struct gathered {
    std::string copy;
    std::string_view lent;
    letter* of = nullptr;
};

/// A mechanism with challenges, which must be left in peace when it is done.
struct exchange final : postrider::sasl_exchange {
    using errc = postrider::errc;
    postrider::flags<postrider::mechanism> speaks() const noexcept override {
        postrider::flags<postrider::mechanism> both;
        both.add(postrider::mechanism::scram_sha_1);
        both.add(postrider::mechanism::scram_sha_1_plus);
        return both;
    }
    errc begin(postrider::mechanism which, const postrider::credentials& with, const postrider::tls_channel& channel,
               bool) noexcept override {
        require(!live && with.user == "user");
        require(which != postrider::mechanism::scram_sha_1_plus || !channel.binding.empty());
        live = true;
        client_first_ = first;
        answers = 0;
        message_ = client_first_ ? "n,,n=user,r=nonce" : "";
        return errc::ok;
    }
    errc answer(std::string_view challenge) noexcept override {
        require(live);
        for (const char c : challenge) sum = sum * 31 + static_cast<unsigned char>(c);
        message_ = ++answers == 1 ? "an answer" : "";
        return answers == 4 ? errc::malformed_challenge : errc::ok;
    }
    errc end(std::string_view additional) noexcept override {
        require(live);
        for (const char c : additional) sum = sum * 31 + static_cast<unsigned char>(c);
        return answers == 0 ? errc::server_unproven : errc::ok;
    }
    void forget() noexcept override { live = false; }
    bool live = false, first = true;
    int answers = 0;
    unsigned sum = 0;
};

struct world {
    const std::uint8_t* how;
    std::string_view server;
    postrider::session<128> session;
    std::deque<std::unique_ptr<letter>> queue;
    std::deque<gathered> out;
    std::size_t unsent = 0;
    int mails = 0;
    unsigned checksum = 0;
    piece part;
    int pulled = 0;     ///< parts of the content under way
    bool asked = false; ///< for a command by itself
    exchange mechanism;
    postrider::sasl_exchange* mechanisms[1] = {&mechanism};
    piece user, password;
    bool secure = false;   ///< inside TLS, with a server that proved who it is
    bool begun = false;    ///< TLS
    bool must_end = false; ///< octets of a mail that is done were not sent: they must never be

    bool flag(unsigned number, unsigned bit) const { return (how[number] >> bit & 1) != 0; }

    /// The system takes `octets`.
    void leave(std::size_t octets) {
        require(!must_end || octets == 0);
        session.wrote(octets);
        unsent -= octets;
        while (octets != 0) {
            gathered& first = out.front();
            const std::size_t size = first.lent.size() + first.copy.size();
            const std::size_t some = size < octets ? size : octets;
            const std::string_view left = first.copy.empty() ? first.lent : std::string_view{first.copy};
            for (const char c : left.substr(0, some)) checksum = checksum * 31 + static_cast<unsigned char>(c);
            if (first.of != nullptr) first.of->unsent -= some;
            octets -= some;
            if (some == size) out.pop_front();
            else if (first.copy.empty()) first.lent.remove_prefix(some);
            else first.copy.erase(0, some);
        }
    }

    letter& of(const postrider::mail* m) {
        for (const auto& l : queue)
            if (&l->mail == m) return *l;
        std::abort(); // of a mail that is done
    }

    postrider::tls_policy policy() const {
        return flag(4, 0)   ? postrider::tls_policy::verified
               : flag(4, 1) ? postrider::tls_policy::opportunistic
                            : postrider::tls_policy::none;
    }

    postrider::credentials credentials() {
        postrider::credentials c{.user = user.keep("user"),
                                 .allow_cleartext_auth = policy() == postrider::tls_policy::none};
        if (flag(4, 3)) c.token = password.keep("token");
        else c.password = password.keep("password");
        if (flag(4, 5)) c.exchanges = mechanisms;
        if (flag(0, 1)) c.preferred = flag(4, 7) ? postrider::mechanism::external : postrider::mechanism::login;
        mechanism.first = !flag(4, 7);
        return c;
    }

    void begin_tls(const postrider::action& a) {
        require(!begun && unsent == 0 && a.must_verify == flag(4, 0));
        begun = true;
        if (flag(4, 6)) return session.failed(postrider::errc::tls_failed);
        secure = flag(4, 2);
        session.tls_started({.verified = secure, .binding_type = "tls-exporter", .binding = "octets"});
    }

    std::string_view content() const {
        if (flag(3, 4)) return "Subject: \xC3\xBC\r\n\r\n\xFF.\r\n";
        return flag(0, 4) ? "a\r\n.\n..\rb" : "Subject: a\r\n\r\n.\r\n";
    }
    std::size_t half() const { return content().size() / 2; }

    void send() {
        using namespace postrider;
        auto l = std::make_unique<letter>();
        l->mail.reverse_path = *mailbox::parse(l->paths[0].keep("c@c.example"));
        const char* const names[] = {"a@a.example", "b@b.example", "d@a.example"};
        for (std::size_t i = 0; i != 3; ++i)
            l->to.push_back({.forward_path = *mailbox::parse(l->paths[i + 1].keep(names[i]))});
        l->mail.recipients = l->to;
        mail_content& c = l->mail.content;
        if (flag(1, 0)) {
            c.text = l->texts[0].keep(content().substr(0, half()));
            if (!flag(3, 5)) c.text = l->texts[0].keep(content());
            else c.more = {&(l->more = l->texts[1].keep(content().substr(half()))), 1};
        } else {
            content_facts facts;
            facts.look_through(content());
            facts.end();
            c.pulled = true;
            c.chunks = flag(1, 5);
            c.exact_size = flag(1, 6);
            c.size = c.exact_size ? facts.size + (facts.line_start ? 0 : 2) + flag(3, 7) : 0;
            c.repeatable = flag(1, 7);
            if (flag(3, 4)) c.kind = octets::eight_bit;
        }
        if (flag(3, 6)) c.kind = octets::binary;
        c.as_it_is = flag(3, 5);
        if (flag(1, 4)) l->mail.policy = recipient_policy::all_or_nothing;
        if (flag(3, 3)) {
            l->parameters = {
                .ret = return_content::full, .envelope_id = "a+b", .auth_unknown = true, .by = by_mode::notify};
            l->mail.parameters = &l->parameters;
            l->to[0].notify.add(notify::delay);
        }
        const errc e = session.send(l->mail);
        if (e == errc::bare_line_ending) require(flag(0, 3) && flag(1, 0));
        else require(e == errc::ok);
        ++mails;
        if (e == errc::ok) queue.push_back(std::move(l));
    }

    void wrote_out(const postrider::action& a) {
        require(!must_end);
        if (a.where == postrider::phase::auth) require(secure || policy() == postrider::tls_policy::none);
        if (policy() == postrider::tls_policy::verified && !secure)
            require(a.where == postrider::phase::ehlo || a.where == postrider::phase::helo ||
                    a.where == postrider::phase::starttls || a.where == postrider::phase::quit);
        if (a.octets.empty()) {
            require(unsent != 0);
            return leave(unsent);
        }
        letter* const l = a.mail != nullptr ? &of(a.mail) : nullptr;
        if (l != nullptr) {
            if (l->transaction != a.mail->progress.transactions()) l->completed = false;
            l->transaction = a.mail->progress.transactions();
            require(!l->completed);
            if (!a.own) l->given += a.octets.size();
            require(l->given == a.mail->progress.content_octets());
            l->completed = a.completes;
            l->unsent += a.octets.size();
        }
        if (a.own) out.push_back({std::string{a.octets}, {}, l});
        else out.push_back({{}, a.octets, l});
        unsent += a.octets.size();
        if (flag(2, 6)) leave(unsent);
    }

    void done(const postrider::action& a) {
        using postrider::outcome;
        letter& l = of(a.mail);
        const bool handed_over = l.completed && l.unsent == 0;
        const bool once = l.mail.progress.transactions() <= 1;
        for (const postrider::recipient& r : l.to) {
            const postrider::status& s = r.result;
            require(!s.open());
            if (!once) continue;
            if (s.what == outcome::accepted || s.what == outcome::unknown) require(handed_over && !l.failed);
            if (s.what == outcome::deferred && s.code == 0 && kind(s.error) == postrider::errc_kind::network)
                require(!handed_over);
        }
        for (gathered& g : out) {
            if (g.of != &l) continue;
            g.of = nullptr;
            if (g.copy.empty()) must_end = true; // a line is the session's, and may still leave
        }
        for (auto at = queue.begin(); at != queue.end(); ++at)
            if (at->get() == &l) {
                queue.erase(at);
                return;
            }
    }

    void pull(const postrider::action& a) {
        leave(unsent); // the part before is gone
        letter& l = of(a.mail);
        if (a.first) pulled = 0;
        require(a.first == (pulled == 0));
        if (flag(3, 1) && pulled == 1) {
            l.failed = true;
            return session.content_failed();
        }
        if (pulled == 0) session.content(part.keep(content().substr(0, half())));
        else session.content(part.keep(content().substr(half())));
        if (++pulled == 2) session.end_of_content();
    }

    void run() {
        using kind = postrider::action::kind;
        char buffer[64];
        piece heard;
        const std::size_t at_once = how[2] % 64 + 1u;
        if (flag(1, 1))
            while (mails != 3) send();
        for (int turns = 0;; ++turns) {
            require(turns < 100000);
            if (session.wants_mail() && mails < 3) send();
            const std::size_t room = unsent < 512 ? (how[0] >> 5) * 8u + 8u : 0;
            const postrider::action a = session.next({buffer, room});
            if (must_end) require(a.what == kind::mail || a.what == kind::refused || a.what == kind::closed);
            switch (a.what) {
            case kind::write: wrote_out(a); break;
            case kind::content: pull(a); break;
            case kind::read: {
                leave(flag(2, 7) ? (unsent + 1) / 2 : unsent);
                if (server.empty()) {
                    session.failed(postrider::errc::connection_closed);
                    break;
                }
                const std::string_view octets = server.substr(0, at_once);
                server.remove_prefix(octets.size());
                session.received(heard.keep(octets));
                break;
            }
            case kind::tls:
                leave(unsent);
                begin_tls(a);
                break;
            case kind::credentials:
                if (flag(2, 6) && a.again) session.no_credentials();
                else static_cast<void>(session.authenticate(credentials()));
                break;
            case kind::mail: done(a); break;
            case kind::refused:
                require(a.recipient_index == postrider::all_recipients || a.recipient_index < of(a.mail).to.size());
                break;
            case kind::answered: require(a.mail == nullptr); break;
            case kind::ready:
                leave(unsent);
                require(queue.empty());
                if (mails < 3) send();
                else if (flag(3, 0) && !asked) {
                    asked = true;
                    mails = 2; // and one more behind it
                    require(session.ask(postrider::phase::xclient, "ADDR=[UNAVAILABLE]") == postrider::errc::ok);
                } else require(session.quit() == postrider::errc::ok);
                break;
            case kind::closed:
                require(queue.empty());
                require(!a.ends || !must_end);
                require(!mechanism.live);
                if (a.ends) leave(unsent);
                return;
            }
        }
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    world w{data, {reinterpret_cast<const char*>(data) + 5, size - 5}};
    postrider::session_options options{.client = *postrider::domain::parse("client.example"),
                                       .tls = postrider::tls_policy::none};
    options.tls = w.policy();
    options.implicit_tls = w.flag(4, 1) && w.policy() != postrider::tls_policy::none;
    if (w.flag(0, 0)) options.auth = w.credentials();
    if (w.flag(4, 4)) options.auth = {.allow_cleartext_auth = !w.flag(4, 0) && !w.flag(4, 1), .on_demand = true};
    if (w.flag(0, 2)) options.unused.add(postrider::extension::pipelining);
    options.content = w.flag(0, 3) ? postrider::line_ends::refuse : postrider::line_ends::normalise;
    if (w.flag(1, 1)) options.look_ahead = 3;
    options.lmtp = w.flag(1, 2);
    if (w.flag(1, 3)) options.auth_with = postrider::auth_flight::eager;
    options.helo = w.flag(3, 2) && !options.lmtp;
    if (w.session.start(options) == postrider::errc::ok) w.run();
    return 0;
}

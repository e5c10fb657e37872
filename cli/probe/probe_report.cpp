#include "probe_report.hpp"

#include "certificate_chain.hpp"
#include "words.hpp"

#include <algorithm>
#include <ctime>
#include <ostream>

namespace postrider::cli {
namespace {

constexpr std::size_t label = 12;

/// A word of the mechanism itself, for people who choose one.
std::string_view about(mechanism which) noexcept {
    switch (which) {
    case mechanism::scram_sha_512_plus:
    case mechanism::scram_sha_256_plus:
    case mechanism::scram_sha_1_plus: return "the server never sees the password, and nobody can stand between";
    case mechanism::scram_sha_512:
    case mechanism::scram_sha_256:
    case mechanism::scram_sha_1: return "the server never sees the password, and proves itself";
    case mechanism::cram_md5: return "hides the password by MD5";
    case mechanism::oauthbearer:
    case mechanism::xoauth2: return "a token";
    case mechanism::plain:
    case mechanism::login: return "the password as it is";
    case mechanism::external: return "the client's certificate: --tls-cert --auth EXTERNAL";
    case mechanism::anonymous: return "nobody in particular: --auth ANONYMOUS";
    default: return {};
    }
}

class printer {
public:
    printer(std::ostream& to, const probe_report& what, const style& with, const canvas& on)
        : to_(to), what_(what), seen_(what.seen), with_(with), on_(on) {}

    void all() {
        head();
        certificates();
        offers();
        mechanisms();
        plan();
        answers();
        const std::vector<bar> bars = bars_of(seen_);
        if (!bars.empty()) section("Time", duration_text(seen_.total));
        print(to_, bars, with_, on_);
    }

private:
    void section(std::string_view title, std::string_view more = {}) {
        to_ << '\n' << with_.strong << title << with_.plain;
        if (!more.empty()) to_ << "  " << more;
        to_ << '\n';
    }
    /// What does not fit the width goes on below, behind a space that is there.
    void line(std::string name, std::string_view text, std::string_view colour = {}) {
        name.resize(std::max(name.size() + 1, label), ' ');
        const std::size_t room = std::max(on_.width, 60u) - label;
        do {
            std::size_t size = text.size() <= room ? text.size() : text.rfind(' ', room);
            if (size == text.npos || size == 0) size = std::min(text.find(' ', 1), text.size());
            to_ << name << colour << text.substr(0, size) << (colour.empty() ? std::string_view{} : with_.plain)
                << '\n';
            text.remove_prefix(std::min(size + 1, text.size()));
            name.assign(label, ' ');
        } while (!text.empty());
    }

    /// What `refused` means.
    const probe_step& refusal() const {
        return *std::find_if(seen_.steps.begin(), seen_.steps.end(), [this](const probe_step& one) {
            return one.where == seen_.where && one.code == seen_.code;
        });
    }

    void head() {
        line("Server", what_.to.url());
        if (seen_) line("Verdict", "as it should be", with_.good);
        else if (seen_.error == errc::tls_unverified) line("Verdict", "NOT VERIFIED", with_.bad);
        else
            line("Verdict",
                 seen_.error == errc::refused ? std::string{name(seen_.where)} + " was refused: " + shown(refusal())
                                              : describe(seen_.error),
                 with_.bad);
        for (const connect_attempt& one : seen_.attempts)
            if (one.error == errc::ok) line("Address", std::string{one.address.view()}, {});
            else line("", std::string{one.address.view()}.append(": ").append(describe(one.error)), with_.unsure);
        for (const probe_step& one : seen_.steps)
            if (one.where == phase::greeting && one.code != 0)
                line("Greeting", std::to_string(one.code) + " " + in_one_line(one.text));
        if (!seen_.address.empty() && !seen_.steps.empty()) tls();
        if (seen_.authenticated_by != mechanism::none)
            line("AUTH", "authenticated by " + std::string{name(seen_.authenticated_by)}, with_.good);
        for (const probe_step& one : seen_.steps)
            if (one.where >= phase::mail && one.where <= phase::content && one.code != 0)
                line(one.command.empty() ? "content" : std::string{name(one.where)}, shown(one),
                     one.code < 400 ? with_.good : with_.bad);
        if (seen_.mail && !seen_.mail->queue_id.empty()) line("Queue ID", seen_.mail->queue_id);
    }

    void tls() {
        const tls_facts& t = seen_.tls;
        if (t.version == tls_version::none) {
            const bool failed = seen_.error == errc::tls_failed;
            line("TLS",
                 failed ? std::string{"failed: "}.append(t.failure.view())
                        : "none: what is said can be read on the way",
                 with_.bad);
            return;
        }
        const bool handshake_first = !seen_.steps.empty() && seen_.steps.front().handshake;
        line("TLS", std::string{name(t.version)}
                        .append(", ")
                        .append(t.cipher.view())
                        .append(handshake_first ? ", from the first octet" : ", by STARTTLS"));
        const std::string host = name_to_prove(what_.to);
        if (t.verdict == tls_verdict::verified) return line("Identity", "VERIFIED: it is " + host, with_.good);
        if (t.verdict == tls_verdict::pinned)
            return line("Identity", "VERIFIED: it has the key that was pinned", with_.good);
        for (const tls_verdict fault : seen_.certificates.faults) {
            line("Identity", std::string{"NOT VERIFIED: "} + describe(fault), with_.bad);
            const std::string todo = what_to_do(fault, seen_.certificates, host);
            if (!todo.empty()) line("", todo);
        }
        if (seen_.error == errc::tls_unverified)
            line("", "no credentials and no mail were sent; what follows was asked inside this TLS all the same");
    }

    static std::string shown(const probe_step& one) {
        std::string text = std::to_string(one.code);
        if (one.enhanced) text.append(" ").append(text_of(one.enhanced));
        text.append(" ").append(in_one_line(one.text));
        return one.where == phase::mail || one.where == phase::rcpt
                   ? one.command.substr(one.command.find(':') + 1) + "  " + text
                   : text;
    }

    void certificates() {
        if (seen_.certificates.sent.empty()) return;
        section("Certificates", "as the server sent them, its own first");
        print(to_, seen_.certificates, with_, std::time(nullptr));
    }

    void offers() {
        const std::vector<offer> all = offers_of(seen_);
        if (seen_.hellos.empty()) return;
        const bool both = seen_.hellos.front().encrypted != seen_.hellos.back().encrypted;
        section("Offers", both                            ? "C in clear text, T in TLS"
                          : seen_.hellos.back().encrypted ? "in TLS"
                                                          : "in clear text");
        if (all.empty()) to_ << "  no extension\n";
        std::size_t widest = 20;
        for (const offer& one : all)
            if (one.text.size() <= 40) widest = std::max(widest, one.text.size()); // longer ones push no other
        for (const offer& one : all) {
            std::string text = one.text;
            text.resize(std::max(widest, text.size()), ' ');
            const bool changes = both && one.in_clear != one.in_tls;
            to_ << "  ";
            if (both) to_ << (one.in_clear ? 'C' : '-') << (one.in_tls ? 'T' : '-') << ' ';
            to_ << (changes ? with_.unsure : std::string_view{}) << text << (changes ? with_.plain : std::string_view{})
                << "  " << with_.faint << meaning(one.text) << with_.plain << '\n';
        }
    }

    void mechanisms() {
        if (seen_.hellos.empty()) return;
        const mechanism_list all = mechanisms_of(seen_);
        section("Mechanisms",
                all.spoken.empty() && all.others.empty() ? "none: AUTH is not offered" : "strongest first");
        for (const mechanism one : all.spoken) {
            std::string text{name(one)};
            text.resize(20, ' ');
            const bool by_password = one == what_.with_password.by;
            const bool by_token = one == what_.with_token.by;
            to_ << "  " << text << about(one);
            if (by_password || by_token)
                to_ << "  " << with_.good << (by_password ? "<- taken with a password" : "<- taken with a token")
                    << with_.plain;
            to_ << '\n';
        }
        if (all.others.empty()) return;
        to_ << "  not spoken here:";
        for (const std::string& one : all.others) to_ << ' ' << one;
        to_ << '\n';
    }

    void waits(std::string name, const mail_plan& plan) {
        name.resize(32, ' ');
        to_ << "  " << name << mail_plan::waits(plan.first) << " waits; the next mail on the same connection "
            << mail_plan::waits(plan.next) << '\n';
    }

    void plan() {
        if (seen_.hellos.empty()) return;
        const bool trusted = seen_.tls.version == tls_version::none || is_verified(seen_.tls.verdict);
        if (what_.without.error != errc::ok) {
            if (what_.without.error == errc::unexpected_reply) return; // it was not looked at as far as that
            return section("Plan", std::string{"no mail goes here: "} + describe(what_.without.error));
        }
        section("Plan", trusted ? "for a mail of 1 KB to one recipient"
                                : "for a mail of 1 KB to one recipient, once the server has proved who it is");
        for (const std::string& reason : reasons()) to_ << "  " << reason << '\n';
        waits("without AUTH", what_.without);
        if (what_.with_password.error == errc::ok)
            waits("password, by " + std::string{name(what_.with_password.by)}, what_.with_password);
        if (what_.with_token.error == errc::ok)
            waits("token, by " + std::string{name(what_.with_token.by)}, what_.with_token);
        const bool user = !what_.to.options().auth.user.empty();
        const mail_plan& chosen = !user                           ? what_.without
                                  : what_.to.options().auth.token ? what_.with_token
                                                                  : what_.with_password;
        flights("", chosen.error == errc::ok ? chosen.first : what_.without.first);
        flights("the next mail", what_.without.next);
    }

    /// What decides about its flights.
    std::vector<std::string> reasons() const {
        const capabilities& c = seen_.hellos.back().offered;
        const flags<extension> unused = what_.to.options().unused;
        const auto used = [&](extension one) { return c.has(one) && !unused.has(one); };
        std::vector<std::string> all;
        all.emplace_back(used(extension::pipelining) ? "PIPELINING: MAIL, RCPT and what follows leave together"
                                                     : "no PIPELINING: a wait for each command");
        all.emplace_back(used(extension::chunking) ? "CHUNKING: the content leaves with them, by BDAT"
                                                   : "no CHUNKING: DATA, a wait for its 354, then the content");
        if (c.mail_max != 0) all.push_back("LIMITS: a new connection after " + std::to_string(c.mail_max) + " mails");
        if (c.rcpt_max != 0)
            all.push_back("LIMITS: at most " + std::to_string(c.rcpt_max) +
                          " recipients at a time, the others in a further transaction");
        return all;
    }

    void flights(std::string_view title, const std::vector<plan_flight>& all) {
        if (!title.empty()) to_ << "  " << title << ":\n";
        bool encrypted = !title.empty() && seen_.tls.version != tls_version::none; // the next one's connection stands
        int number = 0;
        for (const plan_flight& one : all) {
            std::string begin = std::to_string(++number);
            if (one.waits > 1) begin.append("-").append(std::to_string(number += static_cast<int>(one.waits) - 1));
            begin.insert(0, begin.size() < 5 ? 5 - begin.size() : 0, ' ');
            for (const std::string& text : one.lines) {
                const bool is_command = !text.starts_with('(');
                to_ << begin << "  " << (is_command ? encrypted ? "~> " : "-> " : "") << text << '\n';
                encrypted = encrypted || text.starts_with("(TLS");
                begin.assign(begin.size(), ' ');
            }
        }
    }

    void answers() {
        bool first = true;
        for (const probe_step& one : seen_.steps) {
            if (one.where <= phase::quit || one.where == phase::starttls || one.code == 0) continue;
            if (std::exchange(first, false)) section("Answers");
            to_ << "  " << one.command << "\n     " << (one.code < 400 ? with_.good : with_.bad) << one.code
                << with_.plain << shown(one).substr(3) << '\n';
        }
    }

    std::ostream& to_;
    const probe_report& what_;
    const probe_result& seen_;
    const style& with_;
    const canvas& on_;
};

} // namespace

probe_report report_of(const server& to, const probe_result& seen, int code) {
    return {.to = to,
            .seen = seen,
            .code = code,
            .without = plan_for(to, seen, plan_credentials::none),
            .with_password = plan_for(to, seen, plan_credentials::password),
            .with_token = plan_for(to, seen, plan_credentials::token)};
}

void print(std::ostream& to, const probe_report& what, const style& with, const canvas& on) {
    printer{to, what, with, on}.all();
}

} // namespace postrider::cli

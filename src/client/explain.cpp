#include "explain.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace postrider::client_detail {
namespace {

/// Who was asked in vain; and why, unless `text` says it of all of them already.
void add_trail(std::string& text, const connect_report& trail, errc said) {
    const char* before = " (";
    const auto end = trail.attempts.begin() + static_cast<std::ptrdiff_t>(trail.size);
    const bool same = std::all_of(trail.attempts.begin(), end, [said](const auto& one) { return one.error == said; });
    for (std::size_t i = 0; i != trail.size; ++i) {
        const connect_attempt& one = trail.attempts[i];
        if (one.error == errc::ok) continue;
        text.append(before).append(one.address.view());
        if (!same) text.append(": ").append(describe(one.error));
        before = "; ";
    }
    if (before[0] == ';') text += ")";
}

/// A server that says nothing, or hangs up, where it should greet.
std::string_view about_silence(const server::state& to, errc error) {
    if (error == errc::cancelled || to.at.implicit_tls || !to.at.path.empty()) return {};
    if (to.at.port == 465) return "; port 465 expects TLS from the first octet: use submissions://";
    if (to.at.default_port || to.at.lmtp) return {};
    return "; if this port expects TLS from the first octet: submissions://";
}

std::string_view about_tls(const server::state& to, const failure& f) {
    if (f.error == errc::tls_unavailable)
        return "; if this connection may go without TLS, say so by tls.policy = tls_policy::none or opportunistic";
    const bool no_auth = f.offered == nullptr || !f.offered->has(extension::auth);
    if (f.error == errc::auth_unavailable && to.policy == tls_policy::none && no_auth)
        return "; many a server offers AUTH inside TLS only: leave tls.policy out";
    if (f.error != errc::tls_failed) return {};
    if (to.at.implicit_tls && to.at.port == 587)
        return "; port 587 begins in clear text, and goes on by STARTTLS: use submission://";
    if (to.at.implicit_tls && to.at.port == 25)
        return "; port 25 begins in clear text, and goes on by STARTTLS: use smtp://";
    if (to.at.implicit_tls && f.where == phase::starttls)
        return "; a server that begins in clear text is spoken to by submission:// or smtp://";
    return {};
}

std::string_view about_verdict(const server::state& to, tls_verdict why) {
    switch (why) {
    case tls_verdict::wrong_name: return "; is the host of the URL right? tls.server_name names another";
    case tls_verdict::self_signed:
    case tls_verdict::untrusted:
        // Of a key that is none of those that are pinned the verdict is another.
        if (!to.options.tls.pins.empty())
            return "; its key is one of tls.pins: tls.pins_suffice makes that enough, or trust its authority by "
                   "tls.ca_file";
        return "; trust its authority by tls.ca_file, or its key by tls.pins";
    case tls_verdict::not_yet_valid: return "; is the clock of this machine right?";
    case tls_verdict::wrong_pin: return "; tls.pins holds other keys";
    default: return {};
    }
}

void add_missing(std::string& text, flags<extension> missing) {
    constexpr extension asked_for[]{extension::eight_bit_mime, extension::smtputf8,    extension::dsn,
                                    extension::size,           extension::chunking,    extension::binary_mime,
                                    extension::deliver_by,     extension::mt_priority, extension::future_release,
                                    extension::require_tls,    extension::pipelining,  extension::burl};
    const char* before = ": ";
    for (const extension which : asked_for) {
        if (!missing.has(which)) continue;
        text.append(before).append(name(which));
        before = ", ";
    }
}

/// "22,000,000".
std::string grouped(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string out;
    for (std::size_t i = 0; i != digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0) out += ',';
        out += digits[i];
    }
    return out;
}

/// "SCRAM-SHA-256, PLAIN": the strongest first.
std::string names_of(std::uint32_t mechanisms) {
    std::string out;
    for (std::uint32_t one = std::bit_floor(all_mechanisms.bits); one != 0; one >>= 1) {
        if ((mechanisms & one) == 0) continue;
        if (!out.empty()) out += ", ";
        out += name(static_cast<mechanism>(one));
    }
    return out;
}

/// What the server has, and what the credentials are good for instead.
void add_mechanisms(std::string& text, const server::state& to, const capabilities& offered) {
    if (!offered.has(extension::auth)) {
        text += "; it offers no AUTH";
        return;
    }
    const authentication& auth = to.options.auth;
    std::uint32_t fit = all_mechanisms.bits & ~(bearer_mechanisms.bits | named_mechanisms.bits);
    if (auth.token) fit = bearer_mechanisms.bits;
    if (named_mechanisms.has(auth.preferred)) fit = static_cast<std::uint32_t>(auth.preferred);
    if (!auth.authorize_as.empty() && auth.authorize_as != auth.user) fit &= ~for_the_user_alone.bits;
    const std::string listed = names_of(offered.mechanisms.bits);
    const std::string wanted = names_of(fit & auth.allowed.bits);
    text.append("; it offers ").append(listed.empty() ? "AUTH by none that is known here" : listed);
    text.append("; wanted: ").append(wanted.empty() ? "none of those that are allowed" : wanted);
}

void add_sizes(std::string& text, const failure& f) {
    text.append(": it has ").append(grouped(f.size)).append(" octets, and the server takes ");
    text.append(grouped(f.offered->size_limit));
}

/// OpenSSL takes the first octets of a clear text for a version of TLS.
void add_tls_failure(std::string& text, const server::state& to, std::string_view why) {
    const bool no_tls = to.at.implicit_tls && why.find("wrong version number") != why.npos;
    text.append(no_tls ? ": what the server says is no TLS: " : ": ").append(why);
}

} // namespace

std::string explain(const server::state& to, const failure& f) {
    std::string text = to.url;
    text += ": ";
    const bool silent = !f.greeted && (f.where == phase::greeting || f.where == phase::connect) && f.trail == nullptr;
    if (f.error == errc::tls_unverified && f.tls != nullptr) {
        text.append("the server has not proved who it is: ").append(describe(f.tls->verdict));
        if (!f.tls->subject.empty()) text.append(" (").append(f.tls->subject.view()).append(")");
        return text.append(about_verdict(to, f.tls->verdict));
    }
    if (silent && f.error == errc::connection_closed) {
        text += "the server closed the connection before its greeting";
    } else if (silent && f.error == errc::timed_out) {
        text += "the server sent no greeting within the time limit";
    } else {
        if (f.trail != nullptr && f.proxy.empty() && !to.options.proxy.empty()) text += "the proxy: ";
        text += describe(f.error);
        if (f.error == errc::invalid_parameter && f.trail != nullptr)
            text += ": source_address, dns_servers, or the path of the socket";
        if (f.where != phase::connect && f.error != errc::tls_unavailable)
            text.append(" (")
                .append(to.at.implicit_tls && f.where == phase::starttls ? "TLS" : name(f.where))
                .append(")");
    }
    if (f.trail != nullptr) add_trail(text, *f.trail, f.error);
    if (f.tls != nullptr && !f.tls->failure.empty() && f.error == errc::tls_failed)
        add_tls_failure(text, to, f.tls->failure.view());
    if (!f.proxy.empty()) text.append(": ").append(f.proxy);
    if (f.error == errc::extension_unavailable) add_missing(text, f.missing);
    if (f.error == errc::message_too_large && f.offered != nullptr && f.size != 0) add_sizes(text, f);
    if (f.error == errc::auth_unavailable && f.offered != nullptr) add_mechanisms(text, to, *f.offered);
    if (silent) text += about_silence(to, f.error);
    return text.append(about_tls(to, f));
}

std::string reply_text(int code, const enhanced_status& enhanced, std::string_view text) {
    std::string out = std::to_string(code);
    if (enhanced)
        out.append(" ")
            .append(std::to_string(enhanced.klass))
            .append(".")
            .append(std::to_string(enhanced.subject))
            .append(".")
            .append(std::to_string(enhanced.detail));
    if (!text.empty()) out.append(" ").append(text);
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
}

std::string proxy_text(const server::state& to, std::string_view said) {
    std::string out{"the proxy "};
    out.append(to.proxy.host).append(":").append(std::to_string(to.proxy.port));
    return said.empty() ? out : out.append(": ").append(said);
}

std::string advice(const server::state& to, int code, phase where) {
    if (where == phase::auth && code == 535)
        return to.options.auth.token ? "the server does not take this token"
                                     : "user name or password is wrong, or the server wants another mechanism";
    const bool anonymous = to.options.auth.user.empty() && to.options.auth.preferred == mechanism::none;
    if (code == 530 && anonymous) return "the server wants authentication: give auth";
    if ((where == phase::ehlo || where == phase::helo) && code / 10 == 50)
        return to.at.lmtp ? "a server that speaks SMTP is spoken to by smtp:// or submission://"
                          : "a server that speaks LMTP is spoken to by lmtp://";
    if (code == 554 && where == phase::greeting) return "the server takes no mail from this address";
    return {};
}

} // namespace postrider::client_detail

#include "postrider/reply.hpp"

namespace postrider {

std::string_view name(phase where) noexcept {
    switch (where) {
    case phase::connect: return "connect";
    case phase::greeting: return "greeting";
    case phase::ehlo: return "EHLO";
    case phase::helo: return "HELO";
    case phase::auth: return "AUTH";
    case phase::noop: return "NOOP";
    case phase::rset: return "RSET";
    case phase::mail: return "MAIL";
    case phase::rcpt: return "RCPT";
    case phase::data: return "DATA";
    case phase::content: return "content";
    case phase::quit: return "QUIT";
    case phase::vrfy: return "VRFY";
    case phase::expn: return "EXPN";
    case phase::help: return "HELP";
    case phase::etrn: return "ETRN";
    case phase::xforward: return "XFORWARD";
    case phase::xclient: return "XCLIENT";
    case phase::starttls: return "STARTTLS";
    }
    return {};
}

std::string_view name(outcome what) noexcept {
    switch (what) {
    case outcome::not_attempted: return "not attempted";
    case outcome::accepted: return "accepted";
    case outcome::rejected: return "rejected";
    case outcome::deferred: return "deferred";
    case outcome::unknown: return "unknown";
    }
    return {};
}

status::retry status::again() const noexcept {
    switch (what) {
    case outcome::deferred: return kind(error) == errc_kind::caller ? retry::no : retry::yes;
    case outcome::unknown: return retry::risks_duplicate;
    case outcome::not_attempted:
        if (error == errc::refused) return code / 100 == 4 ? retry::yes : retry::no;
        // By another connection, or when whoever took STARTTLS away is gone.
        if (error == errc::mail_limit || error == errc::tls_unavailable || error == errc::octets_before_tls)
            return retry::yes;
        return kind(error) == errc_kind::network && error != errc::host_not_found ? retry::yes : retry::no;
    default: return retry::no;
    }
}

} // namespace postrider

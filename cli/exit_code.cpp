#include "exit_code.hpp"

#include "interrupt.hpp"

#include <sysexits.h>

namespace postrider::cli {
namespace {

int rank(int code) noexcept {
    switch (code) {
    case EX_OK: return 0;
    case EX_UNAVAILABLE: return 1;
    case EX_TEMPFAIL: return 3;
    case exit_interrupted: return 4;
    case exit_unknown: return 5;
    default: return 2;
    }
}

/// Of a reply that said no.
int code_of_no(int reply, phase where) noexcept {
    if (reply < 500) return EX_TEMPFAIL;
    return where == phase::auth ? EX_NOPERM : EX_UNAVAILABLE;
}

int code_of(const recipient_result& one) noexcept {
    switch (one.what) {
    case outcome::accepted: return EX_OK;
    case outcome::unknown: return exit_unknown;
    case outcome::rejected: return one.where == phase::auth ? EX_NOPERM : EX_UNAVAILABLE;
    case outcome::deferred:
        if (one.error == errc::other_refused) return EX_OK; // the other one's code says whether a later try is worth it
        if (one.error == errc::cancelled) return exit_interrupted;
        return one.code == 0 && cli::exit_code(one.error) == EX_PROTOCOL ? EX_PROTOCOL : EX_TEMPFAIL;
    case outcome::not_attempted: break;
    }
    if (one.code != 0) return code_of_no(one.code, one.where);
    return cli::exit_code(one.error);
}

} // namespace

int exit_code(errc error) noexcept {
    switch (error) {
    case errc::ok: return EX_OK;

    case errc::no_recipients: return EX_USAGE;
    case errc::invalid_mailbox:
    case errc::invalid_message:
    case errc::bare_line_ending:
    case errc::content_mismatch: return EX_DATAERR;
    case errc::body_failed: return EX_NOINPUT;
    case errc::invalid_domain:
    case errc::invalid_parameter:
    case errc::invalid_credentials:
    case errc::credentials_too_long:
    case errc::invalid_trust:
    case errc::invalid_certificate:
    case errc::invalid_url:
    case errc::no_tls:
    case errc::no_host_name: return EX_CONFIG;
    case errc::wrong_state: return EX_SOFTWARE;
    case errc::credentials_failed: return interrupted() ? exit_interrupted : EX_NOPERM; // the command for a token was
    case errc::cleartext_auth:
    case errc::auth_unavailable:
    case errc::server_unproven:
    case errc::weak_challenge: return EX_NOPERM;

    case errc::host_not_found: return EX_NOHOST;
    case errc::cancelled: return exit_interrupted;
    case errc::system_failure: return EX_OSERR;
    case errc::resolver_failed:
    case errc::connection_refused:
    case errc::unreachable:
    case errc::connection_reset:
    case errc::connection_closed:
    case errc::timed_out:
    case errc::proxy_failed:
    case errc::other_refused:
    case errc::mail_limit: return EX_TEMPFAIL;

    case errc::tls_failed:
    case errc::tls_unverified:
    case errc::tls_truncated:
    case errc::tls_unavailable:
    case errc::line_too_long:
    case errc::reply_too_long:
    case errc::malformed_reply:
    case errc::unexpected_reply:
    case errc::octets_before_tls:
    case errc::malformed_challenge: return EX_PROTOCOL;

    case errc::refused:
    case errc::extension_unavailable:
    case errc::message_too_large:
    case errc::too_many_recipients: return EX_UNAVAILABLE;
    }
    return EX_SOFTWARE;
}

int exit_code(const send_result& result) noexcept {
    int code = EX_OK;
    for (const recipient_result& one : result.recipients) code = worse(code, code_of(one));
    return code == EX_OK && result.what != outcome::accepted ? exit_code(result.error) : code;
}

int exit_code(const probe_result& seen) noexcept {
    if (seen.mail) return exit_code(*seen.mail);
    if (seen.error != errc::refused) return exit_code(seen.error);
    int code = code_of_no(seen.code, seen.where);
    if (seen.where == phase::rcpt) // as for a mail to them all
        for (const probe_step& one : seen.steps)
            if (one.where == phase::rcpt && one.code >= 400) code = worse(code, code_of_no(one.code, one.where));
    return code;
}

int worse(int a, int b) noexcept { return rank(a) >= rank(b) ? a : b; }

} // namespace postrider::cli

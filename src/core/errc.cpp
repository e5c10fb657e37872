#include "postrider/errc.hpp"

namespace postrider {

const char* describe(errc error) noexcept {
    switch (error) {
    case errc::ok: return "no error";
    case errc::invalid_domain: return "the client's domain is not a domain or an address literal (RFC 5321 §4.1.1.1)";
    case errc::invalid_mailbox: return "not a mailbox of the form local-part@domain (RFC 5321 §4.1.2)";
    case errc::invalid_parameter: return "a parameter is out of its range";
    case errc::invalid_credentials:
        return "the user name or the password holds a NUL, or what the mechanism cannot take";
    case errc::no_recipients: return "the envelope has no recipient";
    case errc::wrong_state: return "the session is doing something else, or is over";
    case errc::bare_line_ending:
        return "the content has a CR without LF, or an LF without CR, and the policy is to refuse it";
    case errc::body_failed: return "the source of the content could not go on";
    case errc::content_mismatch: return "the content is not what was declared: an octet above 127, or another size";
    case errc::cleartext_auth:
        return "the connection is not encrypted, or its server not verified, and credentials were not allowed for that";
    case errc::credentials_too_long: return "the credentials are longer than a server has to take (RFC 4954 §4)";
    case errc::credentials_failed: return "there are no credentials: the token has expired, or their source has failed";
    case errc::invalid_trust: return "the CA file or folder cannot be read or holds no certificate, or a pin is none";
    case errc::invalid_certificate:
        return "the client's certificate or key cannot be read, or they do not belong together";
    case errc::no_host_name: return "the server is to be verified, and no name was given that it must have";
    case errc::no_tls: return "TLS is asked for, and the stream has none";
    case errc::invalid_message: return "the message cannot be written as it is";
    case errc::invalid_url: return "not the URL of a mail server";
    case errc::host_not_found: return "the host name does not exist or has no address";
    case errc::resolver_failed: return "the host name could not be looked up: no DNS server answered";
    case errc::connection_refused: return "connection refused: nothing listens at that address and port";
    case errc::unreachable: return "the host or its network cannot be reached";
    case errc::connection_reset: return "the server reset the connection";
    case errc::connection_closed: return "the server closed the connection";
    case errc::timed_out: return "the time limit was over";
    case errc::cancelled: return "cancelled by the caller";
    case errc::system_failure: return "the system refused a resource";
    case errc::tls_failed: return "the TLS handshake failed, or TLS broke";
    case errc::tls_unverified: return "the server has not proved who it is";
    case errc::tls_truncated: return "the connection ended in the middle of TLS";
    case errc::proxy_failed: return "the proxy did not make the connection";
    case errc::line_too_long: return "the server sent a reply line without end";
    case errc::reply_too_long: return "the server sent a reply of too many lines";
    case errc::malformed_reply: return "the server sent something that is not an SMTP reply";
    case errc::unexpected_reply: return "the server sent a reply that does not fit what it was asked";
    case errc::octets_before_tls: return "the server sent something in clear text behind its answer to STARTTLS";
    case errc::malformed_challenge: return "the server sent a challenge that makes no sense for its mechanism";
    case errc::weak_challenge: return "the server asked for too few, or too many, iterations of SCRAM";
    case errc::server_unproven: return "the server has not shown that it knows the password";
    case errc::refused: return "refused by the server";
    case errc::tls_unavailable: return "the server does not offer STARTTLS, and TLS is required";
    case errc::auth_unavailable: return "the server does not offer a mechanism to authenticate with";
    case errc::extension_unavailable: return "the mail needs an extension that the server does not offer";
    case errc::message_too_large: return "the mail is larger than the server takes";
    case errc::other_refused: return "another recipient was refused, and the mail was for all or none";
    case errc::too_many_recipients:
        return "the server takes fewer recipients at a time, and the content cannot be had again";
    case errc::mail_limit: return "the server takes no more mails, or domains, on this connection";
    }
    return "unknown error";
}

} // namespace postrider

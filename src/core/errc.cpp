#include "postrider/errc.hpp"

namespace postrider {

const char* describe(errc error) noexcept {
    switch (error) {
    case errc::ok: return "no error";
    case errc::invalid_domain: return "the client's domain is not a domain or an address literal (RFC 5321 §4.1.1.1)";
    case errc::invalid_mailbox: return "not a mailbox of the form local-part@domain (RFC 5321 §4.1.2)";
    case errc::invalid_parameter: return "a parameter is out of its range";
    case errc::invalid_credentials: return "the user name or the password holds a NUL (RFC 4616 §2)";
    case errc::no_recipients: return "the envelope has no recipient";
    case errc::wrong_state: return "the session is doing something else, or is over";
    case errc::bare_line_ending:
        return "the content has a CR without LF, or an LF without CR, and the policy is to refuse it";
    case errc::body_failed: return "the source of the content could not go on";
    case errc::content_mismatch: return "the content is not what was declared: an octet above 127, or another size";
    case errc::cleartext_auth: return "the connection is not encrypted, and credentials in clear text were not allowed";
    case errc::host_not_found: return "the host name does not exist or has no address";
    case errc::resolver_failed: return "the host name could not be looked up: no DNS server answered";
    case errc::connection_refused: return "connection refused: nothing listens at that address and port";
    case errc::unreachable: return "the host or its network cannot be reached";
    case errc::connection_reset: return "the server reset the connection";
    case errc::connection_closed: return "the server closed the connection";
    case errc::timed_out: return "the time limit was over";
    case errc::cancelled: return "cancelled by the caller";
    case errc::system_failure: return "the system refused a resource";
    case errc::line_too_long: return "the server sent a reply line without end";
    case errc::reply_too_long: return "the server sent a reply of too many lines";
    case errc::malformed_reply: return "the server sent something that is not an SMTP reply";
    case errc::unexpected_reply: return "the server sent a reply that does not fit what it was asked";
    case errc::refused: return "refused by the server";
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

// errc.hpp - why something could not be done: one flat enumeration for the whole library.
//
// Three kinds of failure exist and never merge:
//   - the caller's fault: found before an octet leaves, so nothing happened (`errc_kind::caller`);
//   - the network's or the peer's fault: the connection is of no further use (`network`, `protocol`);
//   - the server's "no": a reply, per recipient. That is not an error code but a `status` (reply.hpp);
//     where a whole operation has to be summed up in one value it is `errc::refused`.
#ifndef POSTRIDER_ERRC_HPP
#define POSTRIDER_ERRC_HPP

#include <cstdint>

namespace postrider {

enum class errc : std::uint8_t {
    ok = 0,

    // The caller's fault. Nothing was sent for the call that returned it.
    invalid_domain = 1, ///< EHLO argument: empty, too long, or an octet that no domain or address literal has
    invalid_mailbox,    ///< a path that cannot be framed: C0, DEL, `<` or `>` outside quotes, or too long
    invalid_parameter,  ///< an option or parameter value outside its documented range
    invalid_credentials, ///< a NUL in a user name or password (RFC 4616 §2), a control character beside a token, more than
                         ///< ASCII where nobody has prepared it, or a user name too long for the mechanism
    no_recipients,       ///< an envelope without a recipient
    wrong_state,         ///< the call does not fit the session's state, e.g. a second mail while one is under way
    bare_line_ending, ///< content with a bare CR or LF, and the policy is to refuse it (RFC 5321 §2.3.8)
    body_failed,      ///< the caller's body source could not go on; the mail was abandoned before it could commit
    content_mismatch, ///< pulled content is not what was declared: an octet above 127, or another size. The mail was given up
    cleartext_auth,       ///< credentials were given, the connection is not encrypted, or the server not verified, and
                          ///< `allow_cleartext_auth` is not set
    credentials_too_long, ///< an answer with them would be longer than the 12,288 octets of RFC 4954 §4
    credentials_failed, ///< who was asked for credentials had none: a token that has expired, a file that cannot be read
    invalid_trust,      ///< a CA file or folder that cannot be read or holds no certificate, or a pin that is none
    invalid_certificate, ///< the client's certificate or key cannot be read, or they do not belong together
    no_tls,              ///< TLS is asked for, and the stream that the session is driven with has none
    no_host_name,        ///< the server is to be verified, and nobody said by which name
    invalid_message,     ///< a message that cannot be written: a header value with a line break, no sender, ...
    invalid_url,         ///< the URL of a server is none, or of another scheme

    // The network's fault: the connection is gone, or never was.
    host_not_found = 32, ///< the name does not exist, or has no address
    resolver_failed,     ///< no answer about the name: DNS servers unreachable or failing; trying again can help
    connection_refused,  ///< nobody listens there
    unreachable,         ///< no route, network or host down
    connection_reset,    ///< the peer reset the connection, or the pipe broke
    connection_closed,   ///< the peer closed the connection while a reply was due
    timed_out,           ///< the time limit of the wait was over (RFC 5321 §4.5.3.2), or the deadline of the whole
    cancelled,           ///< the caller ended it
    system_failure, ///< the system refused a resource: descriptors, memory, buffers, a digest, random octets, room for
                    ///< a temporary file
    tls_failed,     ///< the handshake failed, or a record was no record: the peer speaks no TLS that can be accepted
    tls_unverified, ///< the server has not proved who it is; `tls_facts::verdict` says why
    tls_truncated,  ///< the connection ended without TLS's close_notify: somebody may have cut it (RFC 8446 §6.1)
    proxy_failed,   ///< the proxy refused the connection, or its credentials, or speaks no such protocol

    // The peer does not speak SMTP as this client understands it: the connection is of no further use.
    line_too_long = 64,  ///< a reply line beyond `limits::reply_line`
    reply_too_long,      ///< a reply of more lines than `limits::reply_lines`
    malformed_reply,     ///< not a reply: no three-digit code, or a line whose code differs from the first one's
    unexpected_reply,    ///< a reply that nobody waits for, or one that makes no sense for its command
    octets_before_tls,   ///< something stood behind the 220 to STARTTLS: it was not the server, or not for us
    malformed_challenge, ///< a SASL challenge that cannot be decoded, is cut, or is none of its mechanism
    weak_challenge,      ///< SCRAM with an iteration count out of bounds (RFC 5802 §5.1)
    server_unproven,     ///< the server said 235, and has not shown that it knows the password (RFC 5802 §5)

    // The server's "no", where a whole operation is summed up in one value.
    refused = 96,          ///< the status beside it holds the reply
    tls_unavailable,       ///< TLS is required, and the server does not offer STARTTLS
    auth_unavailable,      ///< credentials were given, and the server offers no mechanism that they can be used with
    extension_unavailable, ///< the mail needs an extension that the server does not offer: `mail::missing`
    message_too_large,     ///< larger than the server's limit (RFC 1870 §4): not attempted
    other_refused,         ///< another recipient was refused, and the policy is all or nothing
    too_many_recipients,   ///< more than the server takes in a transaction, and there can be no further one
    mail_limit,            ///< the server takes no more mails, or domains, on this connection (RFC 9422): use another
};

enum class errc_kind : std::uint8_t { none, caller, network, protocol, server };

/// Which of the kinds an error belongs to.
constexpr errc_kind kind(errc error) noexcept {
    const auto value = static_cast<std::uint8_t>(error);
    return value == 0   ? errc_kind::none
           : value < 32 ? errc_kind::caller
           : value < 64 ? errc_kind::network
           : value < 96 ? errc_kind::protocol
                        : errc_kind::server;
}

/// One English sentence without a full stop, of static lifetime, for people. Links its texts only where it is called.
const char* describe(errc error) noexcept;

} // namespace postrider

#endif

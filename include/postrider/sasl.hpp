// sasl.hpp - the client's side of SASL mechanisms (RFC 4422) that take challenges: what the session asks of them, and what
// they know of the connection.
//
// PLAIN, LOGIN, XOAUTH2, OAUTHBEARER, EXTERNAL and ANONYMOUS are the session's own. CRAM-MD5 (cram_md5.hpp) and SCRAM
// (scram.hpp) are objects of the caller's, named in `credentials::exchanges`, so that who does not use them does not link
// them; a mechanism of one's own goes the same way, if it takes the name of one in `mechanism`.
#ifndef POSTRIDER_SASL_HPP
#define POSTRIDER_SASL_HPP

#include "postrider/capabilities.hpp"
#include "postrider/errc.hpp"

#include <string_view>

namespace postrider {

struct credentials;

/// What is known of the TLS that a session runs in. The views must live until the session is over.
struct tls_channel {
    /// The server proved to be who it should be: by its certificate and name, or by its key.
    bool verified = false;
    /// What ties an authentication to this very connection (RFC 5056): the name of the channel binding type, e.g.
    /// `tls-exporter` (RFC 9266), and its octets. Empty: the connection has none.
    std::string_view binding_type{};
    std::string_view binding{};
};

/// One exchange at a time. The session calls `begin`, then `answer` for each challenge, and `end` behind the 235; after
/// `begin` and each `answer` it sends `message`. Not pure, and not destroyed through this: either would link more than it
/// does on a microcontroller.
class sasl_exchange {
public:
    /// The mechanisms that it can speak, those with -PLUS included.
    virtual flags<mechanism> speaks() const noexcept;
    /// Begins, and composes the first message where the mechanism lets the client speak first (`client_first`).
    /// `plus_offered`: the server listed a mechanism with -PLUS that this one speaks.
    /// What `with` and `channel` show must stay until `end` or `forget`.
    /// `invalid_credentials`: user or password hold what the mechanism cannot take, or do not fit; `system_failure`: no
    /// digest, or no random octets; `invalid_parameter`: it does not speak `which`, or that is one with -PLUS, and the
    /// channel has no binding (of up to 64 octets).
    virtual errc begin(mechanism which, const credentials& with, const tls_channel& channel,
                       bool plus_offered) noexcept;
    /// Takes a challenge, decoded, and composes the answer, which may be empty. An error ends the exchange by `*`:
    /// `malformed_challenge`, `weak_challenge`, `server_unproven`, `system_failure`.
    virtual errc answer(std::string_view challenge) noexcept;
    /// The server says that it was a success, and `additional` beside it, decoded; empty: nothing. `server_unproven`: it
    /// has not shown that it knows the password, and must have.
    virtual errc end(std::string_view additional) noexcept;
    /// Forgets all that was derived from the secret.
    virtual void forget() noexcept;

    /// The message to be sent next, not encoded; valid until the next call.
    std::string_view message() const noexcept { return message_; }
    bool client_first() const noexcept { return client_first_; }

protected:
    ~sasl_exchange() = default;
    std::string_view message_{};
    bool client_first_ = false;
};

} // namespace postrider

#endif

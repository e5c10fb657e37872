// auth.hpp - with which credentials, and how, a session authenticates (RFC 4954).
#ifndef POSTRIDER_AUTH_HPP
#define POSTRIDER_AUTH_HPP

#include "postrider/capabilities.hpp"
#include "postrider/sasl.hpp"
#include "postrider/secret.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// What to do where the server does not offer what is needed.
enum class auth_when : std::uint8_t {
    required,           ///< end the session with `errc::auth_unavailable` (the default)
    if_offered,         ///< go on without AUTH where the server does not offer AUTH at all
    attempt,            ///< after EHLO try PLAIN even where nothing that fits is listed, and even with an empty user
                        ///< name; after HELO go on without
    attempt_if_offered, ///< as `attempt`, where the server offers AUTH; else go on without
};

/// Views: the texts must outlive the session. Without user, token, or a `preferred` that needs neither (EXTERNAL, ANONYMOUS)
/// there is no authentication (but see `auth_when::attempt`).
///
/// Of the mechanisms that the server lists, that are `allowed`, and that there is something for, the strongest is taken:
/// SCRAM and CRAM-MD5 with `exchanges`, XOAUTH2 and OAUTHBEARER with a token, PLAIN and LOGIN with a password. A refusal is
/// final, and no weaker mechanism is tried behind it; but for 504 to AUTH itself, by which a server takes back what it has
/// listed, where nothing else shared the flight.
struct credentials {
    std::string_view user{};
    secret_view password{};
    secret_view token{}; ///< an OAuth 2.0 bearer token, as it is
    std::string_view
        authorize_as{}; ///< the authorization identity: whom to act for; empty: the user (RFC 4422 §3.4.1).
                        ///< LOGIN, CRAM-MD5 and XOAUTH2 cannot say it, and are not taken for another
    mechanism preferred = mechanism::none;       ///< taken if listed, whatever else is
    flags<mechanism> allowed = all_mechanisms;   ///< the floor: `strongest_down_to(mechanism::scram_sha_256)`
    std::span<sasl_exchange* const> exchanges{}; ///< the caller's mechanisms, for one session at a time
    auth_when when = auth_when::required;
    /// Send the first message with the command where it fits (RFC 4954 §4: a line of 512 octets). Without it: a bare AUTH,
    /// and the answer to the 334.
    bool initial_response = true;
    /// Over a connection that is not encrypted, or whose server has not proved who it is, credentials are refused with
    /// `errc::cleartext_auth` unless this is set.
    bool allow_cleartext_auth = false;
    /// User and password have been through SASLprep (RFC 4013; io/saslprep.hpp), and may hold more than ASCII for
    /// `exchanges`.
    bool prepared = false;
    /// There are none yet: the session asks for them, by `action::kind::credentials`, when it needs them; and once more, for
    /// a fresh token, where the server answers 535 to a token. AUTH then leaves alone.
    bool on_demand = false;
};

} // namespace postrider

#endif

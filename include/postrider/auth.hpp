// auth.hpp - with which credentials, and how, a session authenticates (RFC 4954).
#ifndef POSTRIDER_AUTH_HPP
#define POSTRIDER_AUTH_HPP

#include "postrider/capabilities.hpp"

#include <cstdint>
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

/// Views: the texts must outlive the session. An empty user name means: no authentication
/// (but see `auth_when::attempt`).
struct credentials {
    std::string_view user;
    std::string_view password;
    mechanism preferred = mechanism::plain; ///< taken if listed; else the other one if that is listed
    auth_when when = auth_when::required;
    /// Send the first message of PLAIN with the command (RFC 4954 §4). Without it: a bare AUTH, and the answer to the 334.
    bool initial_response = true;
    /// PLAIN and LOGIN hand the password to whoever listens. Over a connection that is not encrypted they are refused with
    /// `errc::cleartext_auth` unless this is set.
    bool allow_cleartext_auth = false;
};

} // namespace postrider

#endif

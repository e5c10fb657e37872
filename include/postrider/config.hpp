// config.hpp - what a firmware build may leave out of the engine, and its bounds.
//
// Every macro must have the same value for all files of a build. The defaults are everything.
#ifndef POSTRIDER_CONFIG_HPP
#define POSTRIDER_CONFIG_HPP

#ifndef POSTRIDER_PIPELINING
/// Commands in groups where the server offers that (RFC 2920). Without it: one command, one wait.
#define POSTRIDER_PIPELINING 1
#endif
#ifndef POSTRIDER_ENHANCED_STATUS
/// Enhanced status codes (RFC 3463) are parsed. Without it they stay in the text of a reply.
#define POSTRIDER_ENHANCED_STATUS 1
#endif
#ifndef POSTRIDER_MANY_MAILS
/// Several mails on a connection, look-ahead, further transactions for recipients that did not fit, and commands by
/// themselves (NOOP, VRFY, ...). Without it a session takes one mail, in one transaction.
#define POSTRIDER_MANY_MAILS 1
#endif
#ifndef POSTRIDER_CHUNKING
/// BDAT where the server offers that (RFC 3030). Without it: DATA.
#define POSTRIDER_CHUNKING 1
#endif
#ifndef POSTRIDER_LMTP
/// LMTP (RFC 2033) beside SMTP.
#define POSTRIDER_LMTP 1
#endif
#ifndef POSTRIDER_PARAMETERS
/// SIZE, and BODY=8BITMIME. Without it MAIL and RCPT have no parameters.
#define POSTRIDER_PARAMETERS 1
#endif
#ifndef POSTRIDER_ALL_EXTENSIONS
/// All other extensions of capabilities.hpp. Without it: AUTH, and what the macros above let in.
#define POSTRIDER_ALL_EXTENSIONS 1
#endif
#ifndef POSTRIDER_TLS
/// STARTTLS and implicit TLS. Without it: `tls_policy::none` and `outside`.
#define POSTRIDER_TLS 1
#endif
#ifndef POSTRIDER_ALL_MECHANISMS
/// All mechanisms of capabilities.hpp, those of `credentials::exchanges` included. Without it: PLAIN and LOGIN.
#define POSTRIDER_ALL_MECHANISMS 1
#endif
#ifndef POSTRIDER_REPLY_LINE
/// RFC 5321 §4.5.3.1.5 says 512; RFC 4954 §4 lets a 334 challenge have 12,288.
#define POSTRIDER_REPLY_LINE 12300
#endif
#ifndef POSTRIDER_REPLY_LINES
/// The longest EHLO reply seen has some thirty lines.
#define POSTRIDER_REPLY_LINES 500
#endif

namespace postrider::config {

inline constexpr bool pipelining = POSTRIDER_PIPELINING != 0;
inline constexpr bool enhanced_status = POSTRIDER_ENHANCED_STATUS != 0;
inline constexpr bool many_mails = POSTRIDER_MANY_MAILS != 0;
inline constexpr bool parameters = POSTRIDER_PARAMETERS != 0;
inline constexpr bool chunking = POSTRIDER_CHUNKING != 0 && parameters;
inline constexpr bool lmtp = POSTRIDER_LMTP != 0;
inline constexpr bool tls = POSTRIDER_TLS != 0;
inline constexpr bool all_mechanisms = POSTRIDER_ALL_MECHANISMS != 0;
inline constexpr bool all_extensions = POSTRIDER_ALL_EXTENSIONS != 0 && chunking && pipelining;

} // namespace postrider::config

#endif

// exit_code.hpp - what a command answers to the shell: sysexits.h, and two more.
#ifndef POSTRIDER_CLI_EXIT_CODE_HPP
#define POSTRIDER_CLI_EXIT_CODE_HPP

#include <postrider/probe.hpp>
#include <postrider/send_result.hpp>

namespace postrider::cli {

inline constexpr int exit_unknown = 80;      ///< the mail may have been taken: to send it again may deliver it twice
inline constexpr int exit_interrupted = 130; ///< SIGINT, SIGTERM or SIGHUP, before it was decided

/// For something that went wrong before a reply decided: `errc::ok` is 0.
int exit_code(errc error) noexcept;

/// For a mail: 0 accepted; 80 unknown; 75 deferred, and whatever may go better later; 69 rejected, 77 if at AUTH; else why it
/// was not attempted.
int exit_code(const send_result& result) noexcept;

/// For a probe: that of its mail, if it sent one; a "no" is 77 to AUTH, 75 where it may be a yes later, else 69.
int exit_code(const probe_result& seen) noexcept;

/// Of two the one that counts: unknown before interrupted before deferred before what was not attempted before rejected before
/// accepted.
int worse(int a, int b) noexcept;

} // namespace postrider::cli

#endif

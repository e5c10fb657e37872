// dry_run.hpp - a mail as it would be sent, written instead.
#ifndef POSTRIDER_CLI_DRY_RUN_HPP
#define POSTRIDER_CLI_DRY_RUN_HPP

#include "program.hpp"

#include <postrider/outgoing.hpp>

namespace postrider::cli {

/// The message to standard output, with the line ends of this system, LF; the envelope to standard error. With `--json` a
/// document with both. Throws `failure`: 66 where the content cannot be read, 74 where it cannot be written.
int write_message(const program& in, const outgoing& mail);

} // namespace postrider::cli

#endif

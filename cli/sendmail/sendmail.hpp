// sendmail.hpp - a mail from standard input, sent as the sendmail family does it, but without a queue.
#ifndef POSTRIDER_CLI_SENDMAIL_HPP
#define POSTRIDER_CLI_SENDMAIL_HPP

#include "program.hpp"
#include "sendmail_arguments.hpp"

#include <string>

namespace postrider::cli {

/// Sends what standard input has, and is silent where all went well; else standard error has a line a recipient. Returns a code of sysexits.h: 75 where
/// the caller has to keep the mail and try again, an interrupt included; `unknown` of the arguments where it may have been taken.
/// Throws `failure` where nothing was attempted.
int submit(const program& in, const sendmail_arguments& said);

/// Asks the server by RCPT, and sends nothing; standard output has a line an address. Returns 0: all would be taken; 67: one was
/// refused; 75: not now; else why they could not be asked. Throws `failure`.
int verify(const program& in, const sendmail_arguments& said);

/// What `sendmail --help` shows; in sendmail_options.cpp.
std::string sendmail_help();

} // namespace postrider::cli

#endif

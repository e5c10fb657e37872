// What happens on a sink in lines for people.
#pragma once

#include <string>

#include "postrider/sink/command_line.hpp"
#include "postrider/sink/event.hpp"

namespace postrider::sink {

// With its end; empty for what is not worth a line: connections come and go, and where it listens is said by who runs it.
std::string line_of(const event& what, const command_line& how);
// "2 mails for 3 recipients, 1234 octets; 1 connection, 9 waits", and what went wrong, a line each.
std::string sum_of(const report& seen);

} // namespace postrider::sink

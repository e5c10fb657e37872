// gmime_reader.hpp - reads a message by GMime, and compares what it finds.
#ifndef POSTRIDER_TEST_MESSAGE_GMIME_READER_HPP
#define POSTRIDER_TEST_MESSAGE_GMIME_READER_HPP

#include "message_generator.hpp"

#include <string>

namespace postrider {

/// The first thing that GMime finds otherwise; empty: nothing. `message_id` as the mail says it.
std::string found_otherwise_by_gmime(const std::string& wire, const generated_message& expected,
                                     const std::string& message_id);

} // namespace postrider

#endif

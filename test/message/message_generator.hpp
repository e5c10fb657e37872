// message_generator.hpp - random messages, and what whoever reads them has to find.
#ifndef POSTRIDER_TEST_MESSAGE_MESSAGE_GENERATOR_HPP
#define POSTRIDER_TEST_MESSAGE_MESSAGE_GENERATOR_HPP

#include "postrider/message.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace postrider {

/// A part as it has to be found: a tree of these is the structure.
struct expected_part {
    std::string type{};
    std::vector<expected_part> parts{}; ///< of a multipart
    std::string content{};              ///< decoded
    std::string disposition{}, file_name{}, content_id{};
    std::string charset{}, method{}, name{}; ///< parameters of the type; empty: none
};

struct generated_message {
    postrider::message message{};
    // What has to be found. Addresses have their mailboxes as the header block has them.
    std::vector<address> from{}, sender{}, reply_to{}, to{}, cc{};
    std::vector<std::string> recipients{};
    expected_part body{};
};

/// The same for the same seed, on every system.
generated_message generate_message(std::uint32_t seed);

} // namespace postrider

#endif

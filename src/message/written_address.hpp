// written_address.hpp - an address as people write it, taken apart once: a name and a mailbox that the engine accepts.
#ifndef POSTRIDER_MESSAGE_WRITTEN_ADDRESS_HPP
#define POSTRIDER_MESSAGE_WRITTEN_ADDRESS_HPP

#include "postrider/message.hpp"

#include <string>

namespace postrider {

struct written_address {
    std::string name{};
    std::string mailbox{}; ///< in A-labels, or with a local part that is not ASCII as it was written
    bool utf8() const noexcept;
};

/// False: `problem` says what is wrong with it. GMime's parser is not asked: it takes `a@b@c` for `a@b`, and mail that goes to
/// somebody else than it says is what an address must never come to.
bool read_address(const any_address& from, written_address& to, std::string& problem);

/// The mailbox by itself, for the envelope.
bool read_mailbox(std::string_view text, std::string& mailbox, std::string& problem);

} // namespace postrider

#endif

// envelope.hpp - from whom, and to whom: what a mail needs besides its content.
#ifndef POSTRIDER_ENVELOPE_HPP
#define POSTRIDER_ENVELOPE_HPP

#include "postrider/mailbox.hpp"
#include "postrider/reply.hpp"

#include <span>

namespace postrider {

/// One recipient, and what became of the mail for it. The session writes `result`; it is final once the mail is done.
struct recipient {
    mailbox forward_path;
    status result{};
};

/// Envelope, recipients and the texts behind them belong to the caller and must live until the mail is done.
struct envelope {
    mailbox reverse_path;            ///< default: `<>`, as for notifications (RFC 5321 §4.5.5)
    std::span<recipient> recipients; ///< at least one, none of them the null path
};

} // namespace postrider

#endif

// outgoing.hpp - a mail that owns its memory, as the clients take it: its envelope, and where its content is read from.
//
//     postrider::outgoing mail{.envelope = {.from = "alice@a.example", .to = {{"bob@b.example"}}},
//                              .content = postrider::file_content("message.eml")};
//
// `compose` (message.hpp) makes one of a message, `raw_message` (raw_message.hpp) of one that is written already.
#ifndef POSTRIDER_OUTGOING_HPP
#define POSTRIDER_OUTGOING_HPP

#include <postrider/capabilities.hpp>
#include <postrider/content_source.hpp>
#include <postrider/errc.hpp>
#include <postrider/mail.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace postrider {

/// One recipient of an envelope.
struct envelope_recipient {
    std::string address; ///< `bob@b.example`, as RFC 5321 §4.1.2 or RFC 6531 has it; the domain may be in U-labels
    flags<postrider::notify> notify{}; ///< DSN: when to tell the sender; empty: as `delivery::notify` has it
    std::string original_recipient{};  ///< DSN: ORCPT, an ASCII mailbox; empty: unsaid
};

/// What the server is asked to do with a mail: `mail_parameters` and their like, with memory of their own.
struct delivery {
    flags<postrider::notify> notify{}; ///< DSN: for each recipient that says nothing by itself
    return_content ret = return_content::unsaid;
    std::string envelope_id{}; ///< DSN: ENVID. A mail that is sent again keeps it
    std::string auth{};        ///< RFC 4954 §5: who submitted it
    bool auth_unknown = false;
    by_mode by = by_mode::unsaid; ///< DELIVERBY
    std::int32_t by_seconds = 0;
    bool by_trace = false;
    bool prioritised = false; ///< MT-PRIORITY: `priority` counts
    std::int8_t priority = 0;
    std::uint32_t hold_seconds = 0; ///< FUTURERELEASE
    std::string hold_until{};
    bool require_tls = false; ///< REQUIRETLS (RFC 8689): never left out
    recipient_policy policy = recipient_policy::best_effort;
    flags<extension> required{}; ///< extensions without which the mail is not to be sent
};

struct envelope {
    std::string from{}; ///< the reverse-path; empty: the null path, as for notifications (RFC 5321 §4.5.5)
    std::vector<envelope_recipient> to{};
    postrider::delivery delivery{};
};

struct outgoing {
    postrider::envelope envelope{};
    std::shared_ptr<content_source> content{};
    std::string message_id{}; ///< of the content, with its angle brackets, if it is known
    errc error = errc::ok;    ///< it could not be made: nothing is sent,
    std::string problem{};    ///< and this says what is wrong, where, and what to do about it
};

/// A mail is an outgoing mail. `client::send` takes whatever this is there for.
inline const outgoing& compose(const outgoing& mail) noexcept { return mail; }

/// An `outgoing`, a `message`, a `raw_message`, or anything else that a function `compose` of its namespace makes a mail of.
template <class Mail>
concept can_be_sent = requires(Mail&& mail) {
    { compose(static_cast<Mail&&>(mail)) } -> std::convertible_to<outgoing>;
};

} // namespace postrider

#endif

// message.hpp - the content of a mail as the client makes it: a header block in front of the caller's body, part by part.
#ifndef POSTRIDER_NETXDUO_MESSAGE_HPP
#define POSTRIDER_NETXDUO_MESSAGE_HPP

#include "nxd_smtp_client.h"

#include "postrider/mail.hpp"

namespace postrider::netxduo_client {

// A Message-ID with the longest domain fits, and an encoded word of 39 octets with its fold, whatever the domain's limit is.
inline constexpr std::size_t buffer_size = NX_SMTP_CLIENT_MAX_USERNAME < 23 ? 67 : 44 + NX_SMTP_CLIENT_MAX_USERNAME;

/// Gives the octets of the message part by part, a fixed text and a text of the caller in turn. A part lies in the caller's
/// memory, in flash or in the buffer that `next` is given. From its beginning it is always the same, or what was declared
/// with MAIL would not hold.
struct message {
    std::string_view texts[5];
    UINT part = 0;

    static constexpr UINT subject = 2, priority = 3, body = 4; // among `texts`
    std::string_view next(CHAR* buffer) noexcept;
    /// What comes next is the body, or would be.
    bool at_body() const noexcept { return part > 2 * body; }
    bool ended() const noexcept { return part > 2 * body + 1; }

#ifdef NX_SMTP_CLIENT_BASIC
    void prepare(NX_SMTP_CLIENT*, UINT) noexcept {}
    void restart() noexcept { part = 0; }
#else
    bool raw = false;        ///< no header block
    bool encode = false;     ///< the subject becomes encoded words
    UCHAR trace = 0;         ///< headers of `trace_headers` that were given so far
    UINT listed = 0;         ///< parts of the list of further recipients that were given so far
    std::size_t encoded = 0; ///< octets of the subject that were given so far
    NX_SMTP_CLIENT* client = nullptr;
    std::span<const recipient> to;
    ULONG stamp[4] = {}; ///< what Date and Message-ID are made of

    /// After the texts are set.
    void prepare(NX_SMTP_CLIENT* of, UINT mail_priority) noexcept;
    void restart() noexcept {
        part = raw ? 2 * body + 1 : 0;
        trace = 0;
        listed = 0;
        encoded = 0;
    }

private:
    std::string_view encoded_word(CHAR* buffer) noexcept;
#endif
};

/// Looks the text through, `whole` or up to the body, for what MAIL says of it.
void declare(mail_content& content, message& text, CHAR* buffer, bool whole) noexcept;

} // namespace postrider::netxduo_client

#endif

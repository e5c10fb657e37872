// connection.hpp - a session over a TCP socket of NetX Duo: packets, segments and ticks on one side, the engine on the other.
#ifndef POSTRIDER_NETXDUO_CONNECTION_HPP
#define POSTRIDER_NETXDUO_CONNECTION_HPP

#include "message.hpp"
#include "nxd_smtp_client.h"

#include "postrider/secret.hpp"
#include "postrider/session.hpp"

#ifdef NX_SMTP_CLIENT_TLS
/// What a connection does by NetX Secure. Installed by nx_smtp_client_tls_setup_set, so that TLS is linked only where an
/// application asks for it.
struct NX_SMTP_CLIENT_TLS_CALLS_STRUCT {
    UINT (*start)(NX_SMTP_CLIENT*); ///< the handshake; NX_SUCCESS: it stands, and the server is the right one
    UINT (*allocate)(NX_SMTP_CLIENT*, NX_PACKET**);
    UINT (*send)(NX_SMTP_CLIENT*, NX_PACKET*);
    UINT (*receive)(NX_SMTP_CLIENT*, NX_PACKET**, ULONG wait);
    VOID (*end)(NX_SMTP_CLIENT*, ULONG wait); ///< with NX_NO_WAIT the server is told nothing
};
#endif

namespace postrider::netxduo_client {

using engine = session<NX_SMTP_CLIENT_REPLY_TEXT>;

engine& session_of(NX_SMTP_CLIENT* client) noexcept;

/// A mail with its content, as a connection sends it.
struct mail_item : mail {
    message text;
#ifndef NX_SMTP_CLIENT_BASIC
    enum class standing : UCHAR { waiting, under_way, done };
    standing at = standing::waiting;
    bool began = false;        ///< octets were taken from a source that may not be able to give them again
    UINT failure = NX_SUCCESS; ///< the status of what failed: a service of NetX Duo, a check, the source
    UINT (*source)(VOID* context, UINT first, UCHAR** octets, ULONG* length, UINT* last) = nullptr;
    VOID* source_context = nullptr;
    bool source_repeats = false;
    mail_item* behind = nullptr; ///< the next of those that were handed over together
#endif
};

struct connection {
    NX_SMTP_CLIENT* client;
    engine& session;
    UINT status = NX_SUCCESS; ///< the first failure of a NetX Duo service
    NX_PACKET* sending = NX_NULL;
    NX_PACKET* received = NX_NULL;
    ULONG received_at = 0;
    ULONG segment_left = 0; ///< octets that the packet being filled may still take
    ULONG room = 0;         ///< octets until its chain must grow
    ULONG grow_by = 0;
    ULONG began = 0;          ///< ticks when the reply that is due became due
    std::uint32_t serial = 0; ///< a session never asks with 0
    bool inside = false;      ///< a command was begun, and has not ended yet
#ifndef NX_SMTP_CLIENT_BASIC
    struct batch* work = nullptr; ///< null: one mail, then QUIT
    const mail* noted = nullptr;  ///< the mail that the reply kept by `note` is about
    bool unread = false;          ///< the session may not have dealt with all that was received
    bool moved = false;           ///< a segment left since anybody looked what the server says meanwhile
#endif

    bool ok(UINT result) noexcept {
        if (result == NX_SUCCESS) return true;
        if (status == NX_SUCCESS) status = result;
        return false;
    }
    /// Starts the session, before there is a connection: what cannot be sent, or must not without TLS, is refused here.
    /// `plainly`: as the three calls of the original talk.
    bool begin(domain name, bool plainly) noexcept;
    bool open() noexcept;
    /// Does what the session asks, until it is over - false - or, with `work`, has nothing to do. `out` and `in`, which may
    /// be the same for a single mail, have `buffer_size` octets each.
    bool converse(CHAR* out, CHAR* in) noexcept;
    void close() noexcept;
    /// Sees to it that there is a packet in `received`: the one that is there, else the next. Else the status.
    UINT fetch(ULONG wait) noexcept;
    /// Hands the next octets from the server to the session. They lie in `in` until it has dealt with them.
    bool take_in(ULONG wait, CHAR* in) noexcept;
#ifndef NX_SMTP_CLIENT_BASIC
    /// Keeps the text of the reply that decides about a mail: behind it, in the same flight, come others.
    void note(const mail* about) noexcept;
#endif
};

#ifndef NX_SMTP_CLIENT_BASIC
/// Whoever gives a connection more to do than one mail.
struct batch {
    /// Before each turn: the session may be given something to do, and `in` what the server has said meanwhile.
    void (*turn)(connection&, CHAR* in);
    void (*done)(connection&, const action&); ///< a mail has its results, or a command its answer
    mail_item* next = nullptr;                ///< the first that was not handed over yet
    UINT window = 1;
    UINT under_way = 0;
    bool answered = false;      ///< the server has decided about a mail on this connection, or has answered the command
    postrider::status answer{}; ///< to a command by itself
};
#endif

/// The status for what was not accepted. `failure`: of the service that failed, if one did.
UINT status_of(errc why, phase where, UINT failure) noexcept;
UINT record(NX_SMTP_CLIENT* client, UINT status, const postrider::status& result) noexcept;

template <class T>
void wipe_object(T& object) noexcept {
    wipe({reinterpret_cast<char*>(&object), sizeof object});
}

#ifdef NX_SMTP_CLIENT_TLS
/// By which name the server is verified; null: none is known.
inline const CHAR* server_name_of(const NX_SMTP_CLIENT* client) noexcept {
    const CHAR* name = client->nx_smtp_client_tls_server_name;
#ifdef NX_SMTP_CLIENT_DNS
    if (name == NX_NULL) name = client->nx_smtp_client_server_name;
#endif
    return name;
}
#endif

#ifdef NX_SMTP_CLIENT_CRAM_MD5
/// CRAM-MD5, made anew in the client's memory.
std::span<sasl_exchange* const> exchanges_of(NX_SMTP_CLIENT* client) noexcept;
#endif

} // namespace postrider::netxduo_client

#endif

// Nothing but NetX Duo's public services is used, so this file builds on the real stack and on the host platform.

#include "connection.hpp"

#include <new>

namespace postrider::netxduo_client {

engine& session_of(NX_SMTP_CLIENT* client) noexcept {
    return *std::launder(reinterpret_cast<engine*>(client->nx_smtp_client_session.nx_smtp_client_session_octets));
}

namespace {

UINT connect(NX_SMTP_CLIENT* client) {
    NX_TCP_SOCKET* const socket = &client->nx_smtp_client_socket;
    UINT status = nx_tcp_client_socket_bind(socket, NX_ANY_PORT, NX_SMTP_CLIENT_CONNECTION_TIMEOUT);
    if (status != NX_SUCCESS) return status;
    status = nxd_tcp_client_socket_connect(socket, &client->nx_smtp_client_server_address,
                                           client->nx_smtp_client_server_port, NX_SMTP_CLIENT_CONNECTION_TIMEOUT);
    if (status == NX_SUCCESS) return status;
    nx_tcp_socket_disconnect(socket, NX_NO_WAIT);
    nx_tcp_client_socket_unbind(socket);
    return status;
}

/// A packet that has not left: credentials may be in it, and the pool's memory is everybody's.
void discard(NX_PACKET* packet) noexcept {
    for (NX_PACKET* part = packet; part != NX_NULL; part = part->nx_packet_next)
        wipe({reinterpret_cast<char*>(part->nx_packet_prepend_ptr),
              static_cast<std::size_t>(part->nx_packet_append_ptr - part->nx_packet_prepend_ptr)});
    nx_packet_release(packet);
}

} // namespace

bool connection::open() noexcept {
#ifdef NX_SMTP_CLIENT_DNS
    if (client->nx_smtp_client_reach != NX_NULL) return ok(client->nx_smtp_client_reach(client, connect));
#endif
    return ok(connect(client));
}

void connection::close() noexcept {
    NX_TCP_SOCKET* const socket = &client->nx_smtp_client_socket;
    if (sending != NX_NULL) discard(sending);
    if (received != NX_NULL) nx_packet_release(received);
    // A connection that failed is reset: nobody would answer, and the next mail must not wait for it.
    const ULONG wait = status == NX_SUCCESS ? NX_SMTP_CLIENT_DISCONNECT_TIMEOUT : NX_NO_WAIT;
#ifdef NX_SMTP_CLIENT_TLS
    if (client->nx_smtp_client_tls_stands != NX_FALSE) client->nx_smtp_client_tls->end(client, wait);
#endif
    if (nx_tcp_socket_disconnect(socket, wait) != NX_SUCCESS) nx_tcp_socket_disconnect(socket, NX_NO_WAIT);
    nx_tcp_client_socket_unbind(socket);
}

// ---------------------------------------------------------------------------------------------------------------------
// Sending

namespace {

bool in_tls(const NX_SMTP_CLIENT* client) noexcept {
#ifdef NX_SMTP_CLIENT_TLS
    return client->nx_smtp_client_tls_stands != NX_FALSE;
#else
    NX_PARAMETER_NOT_USED(client);
    return false;
#endif
}

UINT allocate(NX_SMTP_CLIENT* client, NX_PACKET** packet) noexcept {
#ifdef NX_SMTP_CLIENT_TLS
    if (in_tls(client)) return client->nx_smtp_client_tls->allocate(client, packet);
#endif
    const bool v4 = client->nx_smtp_client_server_address.nxd_ip_version == 4;
    return nx_packet_allocate(client->nx_smtp_client_packet_pool_ptr, packet,
                              v4 ? NX_IPv4_TCP_PACKET : NX_IPv6_TCP_PACKET, NX_SMTP_CLIENT_PACKET_TIMEOUT);
}

UINT send_packet(NX_SMTP_CLIENT* client, NX_PACKET* packet) noexcept {
#ifdef NX_SMTP_CLIENT_TLS
    if (in_tls(client)) return client->nx_smtp_client_tls->send(client, packet);
#endif
    return nx_tcp_socket_send(&client->nx_smtp_client_socket, packet, NX_SMTP_CLIENT_SEND_TIMEOUT);
}

bool send(connection& c) noexcept {
    const ULONG length = c.sending->nx_packet_length; // TLS makes more of it
    if (!c.ok(send_packet(c.client, c.sending))) return false;
    c.sending = NX_NULL; // the stack's now
    c.session.wrote(length);
#ifndef NX_SMTP_CLIENT_BASIC
    c.moved = true;
#endif
    return true;
}

bool flush(connection& c) noexcept { return c.sending == NX_NULL || send(c); }

bool begin_segment(connection& c) noexcept {
    if (!c.ok(allocate(c.client, &c.sending))) {
        c.sending = NX_NULL;
        return false;
    }
    c.room = static_cast<ULONG>(c.sending->nx_packet_data_end - c.sending->nx_packet_append_ptr);
    c.grow_by =
        c.room != 0 ? c.room : 1; // a payload that the headers fill has its room in the next packet of the chain
    if (!c.ok(nx_tcp_socket_mss_get(&c.client->nx_smtp_client_socket, &c.segment_left))) return false;
#ifdef NX_DISABLE_PACKET_CHAIN
    constexpr bool chains = false;
#else
    const bool chains = !in_tls(c.client);
#endif
    if (in_tls(c.client)) {
        // A record in a packet and a segment of its own, and behind it room for what TLS puts there: asked of a pool that
        // is empty because this packet is taken out of it, that would never come. From a packet too small for that TLS makes
        // a chain.
        constexpr ULONG front = 5 + 16, behind = 64; // a record's header and IV; AES-CBC's padding and MAC by SHA-384
        if (c.segment_left > 2 * (front + behind)) c.segment_left -= front + behind;
        if (c.room > 2 * behind) c.room -= behind;
    }
    if (!chains) {
        if (c.segment_left > c.room) c.segment_left = c.room;
        if (c.room == 0) return c.ok(NX_SIZE_ERROR); // and without chains it has none
    }
    return true;
}

/// Puts octets into the segment that is being filled, and sends it when it is full. `may_split`: where the pool has no more
/// packets, what there is of the segment may leave.
bool append(connection& c, std::string_view octets, bool may_split) noexcept {
    while (!octets.empty()) {
        if (c.sending != NX_NULL && c.segment_left == 0 && !send(c)) return false;
        if (c.sending == NX_NULL && !begin_segment(c)) return false;
        // At most one packet is asked for at a time, so a refusal leaves the chain as it was.
        ULONG size = c.room != 0 ? c.room : c.grow_by;
        if (size > c.segment_left) size = c.segment_left;
        if (size > octets.size()) size = static_cast<ULONG>(octets.size());
        const bool grows = c.room == 0;
        const UINT result = nx_packet_data_append(c.sending, const_cast<CHAR*>(octets.data()), size,
                                                  c.client->nx_smtp_client_packet_pool_ptr,
                                                  grows && may_split ? NX_NO_WAIT : NX_SMTP_CLIENT_PACKET_TIMEOUT);
        if (result != NX_SUCCESS) {
            if (!grows || !may_split || c.sending->nx_packet_length == 0) return c.ok(result);
            if (!send(c)) return false; // the pool is small: a segment that is not full
            continue;
        }
        c.segment_left -= size;
        octets.remove_prefix(size);
#ifndef NX_DISABLE_PACKET_CHAIN
        const NX_PACKET* last = c.sending;
        while (last->nx_packet_next != NX_NULL) last = last->nx_packet_next;
        c.room = static_cast<ULONG>(last->nx_packet_data_end - last->nx_packet_append_ptr);
        if (in_tls(c.client)) c.room = c.segment_left;
#endif
    }
    return true;
}

/// Gathers what belongs to one flight. A command, and what ends the content, stay whole in one segment: where they do not
/// fit behind what was gathered before, that leaves first. Not into a packet that would have to grow either: where the pool
/// has no more, they would leave in two pieces. A command that comes in pieces is longer than can be seen here.
bool write(connection& c, const action& a) noexcept {
    if (a.octets.empty()) return flush(c);
    const bool content = a.where == phase::content && !a.own;
    const bool whole = content ? a.completes && a.octets.size() <= 5 : !c.inside;
    const bool fits = (content || a.ends) && a.octets.size() <= c.segment_left && a.octets.size() <= c.room;
    if (whole && !fits && !flush(c)) return false;
    if (!content) c.inside = !a.ends;
    return append(c, a.octets, content);
}

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Receiving

UINT connection::fetch(ULONG wait) noexcept {
    if (received != NX_NULL) return NX_SUCCESS;
    received_at = 0;
    UINT result;
#ifdef NX_SMTP_CLIENT_TLS
    if (in_tls(client)) result = client->nx_smtp_client_tls->receive(client, &received, wait);
    else
#endif
        result = nx_tcp_socket_receive(&client->nx_smtp_client_socket, &received, wait);
    if (result != NX_SUCCESS) received = NX_NULL;
    return result;
}

bool connection::take_in(ULONG wait, CHAR* in) noexcept {
    if (!ok(fetch(wait))) return false;
    ULONG size = 0;
    if (received_at < received->nx_packet_length &&
        !ok(nx_packet_data_extract_offset(received, received_at, in, buffer_size, &size)))
        return false;
    received_at += size;
    session.received({in, size});
    if (size != 0) return true;
    nx_packet_release(received);
    received = NX_NULL;
    return true;
}

namespace {

bool receive(connection& c, const action& a, CHAR* in) noexcept {
    if (a.serial != c.serial) {
        c.serial = a.serial;
        c.began = tx_time_get();
    }
    const ULONG limit = a.where == phase::greeting  ? NX_SMTP_GREETING_TIMEOUT
                        : a.where == phase::content ? NX_SMTP_MESSAGE_TIMEOUT
                        : a.where == phase::quit    ? NX_SMTP_CLIENT_DISCONNECT_TIMEOUT
                                                    : NX_SMTP_ENVELOPE_TIMEOUT;
    const ULONG gone = tx_time_get() - c.began;
    return c.take_in(gone < limit ? limit - gone : NX_NO_WAIT, in);
}

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// The conversation

namespace {

bool wants_tls(const NX_SMTP_CLIENT* client) noexcept {
#ifdef NX_SMTP_CLIENT_TLS
    return client->nx_smtp_client_tls != NX_NULL;
#else
    NX_PARAMETER_NOT_USED(client);
    return false;
#endif
}

/// Why nobody may be connected to, as the client is set up; NX_SUCCESS: there is no reason.
UINT obstacle(const NX_SMTP_CLIENT* client) noexcept {
    const UINT type = client->nx_smtp_client_authentication_type;
    bool floor = type == NX_SMTP_CLIENT_AUTH_XOAUTH2;
    if (floor && !wants_tls(client)) return NX_SMTP_TLS_NOT_SET_UP; // who hears a token can use it
    if (floor && !config::all_mechanisms) return NX_SMTP_INVALID_PARAM;
#ifdef NX_SMTP_CLIENT_CRAM_MD5
    floor = floor || type == NX_SMTP_CLIENT_AUTH_CRAM_MD5;
#endif
    if (floor && (client->nx_smtp_client_username[0] == '\0' || client->nx_smtp_client_password[0] == '\0'))
        return NX_SMTP_INVALID_PARAM;
#ifdef NX_SMTP_CLIENT_TLS_REQUIRED
    if (!wants_tls(client)) return NX_SMTP_TLS_NOT_SET_UP;
#endif
#ifdef NX_SMTP_CLIENT_TLS
    const bool any_name = (client->nx_smtp_client_flags & NX_SMTP_CLIENT_FLAG_TLS_ANY_NAME) != 0;
    if (wants_tls(client) && server_name_of(client) == NX_NULL && !any_name) return NX_SMTP_INVALID_PARAM;
#endif
    return NX_SUCCESS;
}

} // namespace

[[gnu::noinline]] bool connection::begin(domain name, bool plainly) noexcept {
    if (!ok(obstacle(client))) return false;
    session_options options{name};
    const bool tls = wants_tls(client);
    options.tls = tls ? tls_policy::verified : tls_policy::none; // in clear text, as the original
#ifdef NX_SMTP_CLIENT_TLS
    options.implicit_tls = tls && client->nx_smtp_client_tls_mode == NX_SMTP_CLIENT_TLS_IMPLICIT;
#endif
    options.helo = (client->nx_smtp_client_flags & NX_SMTP_CLIENT_FLAG_HELO) != 0;
#ifdef NX_SMTP_CLIENT_BASIC
    options.unused.add(extension::pipelining); // the text of a reply would not be kept
    plainly = true;
#endif
    credentials& auth = options.auth;
    if (plainly) {
        options.unused.add(extension::chunking); // the original's DATA,
        auth.initial_response = false;           // and its bare AUTH PLAIN
    }
    const UINT type = client->nx_smtp_client_authentication_type;
#ifdef NX_SMTP_CLIENT_AUTH_NONE_STRICT
    constexpr bool strict = true;
#else
    const bool strict = tls; // what is done for the original's sake is done in clear text alone
#endif
    if (type != NX_SMTP_CLIENT_AUTH_NONE || !strict) {
        auth.user = client->nx_smtp_client_username;
        auth.password = client->nx_smtp_client_password;
        auth.allow_cleartext_auth = !tls;
        auth.when = type == NX_SMTP_CLIENT_AUTH_NONE ? auth_when::attempt_if_offered : auth_when::attempt;
        if (type == NX_SMTP_CLIENT_AUTH_LOGIN) auth.preferred = mechanism::login;
        if (type == NX_SMTP_CLIENT_AUTH_XOAUTH2) {
            auth.token = auth.password;
            auth.password = {};
            auth.allowed = {static_cast<std::uint32_t>(mechanism::xoauth2)};
            auth.when = auth_when::required;
            auth.initial_response = true; // where it fits; the original has nothing to compare with
        }
#ifdef NX_SMTP_CLIENT_CRAM_MD5
        if (type == NX_SMTP_CLIENT_AUTH_CRAM_MD5) {
            auth.exchanges = exchanges_of(client);
            auth.allowed = {static_cast<std::uint32_t>(mechanism::cram_md5)};
            auth.when = auth_when::required;
            auth.prepared = true; // octets above 127 as the application has written them
        }
#endif
    }
#ifndef NX_SMTP_CLIENT_BASIC
    if (work != nullptr) {
        options.look_ahead = 0xFFFF; // the window is kept by whoever hands the mails over
        // On a connection that may be long dead a mail must not leave as a whole before it is known to live: nobody could
        // say what became of it.
        if (client->nx_smtp_client_keeper != NX_NULL) options.speculative_octets = 0;
    }
#endif
    return session.start(options) == errc::ok || ok(NX_SMTP_INVALID_PARAM);
}

namespace {

/// Gives the session the next part of a content.
void supply(connection& c, mail_item& item, bool first, CHAR* out) noexcept {
    message& text = item.text;
    if (first) text.restart();
#ifndef NX_SMTP_CLIENT_BASIC
    if (item.source != nullptr && text.at_body()) {
        UCHAR* octets = nullptr;
        ULONG length = 0;
        UINT last = NX_FALSE;
        const UINT begins = text.ended() ? NX_FALSE : NX_TRUE;
        text.part = 2 * message::body + 2;
        item.began = true;
        item.failure = item.source(item.source_context, begins, &octets, &length, &last);
        if (item.failure != NX_SUCCESS) return c.session.content_failed();
        c.session.content({reinterpret_cast<const CHAR*>(octets), length});
        if (last != NX_FALSE) c.session.end_of_content();
        return;
    }
#endif
    c.session.content(text.next(out));
    if (text.ended()) c.session.end_of_content();
}

} // namespace

#ifndef NX_SMTP_CLIENT_BASIC
void connection::note(const mail* about) noexcept {
    if (about != nullptr && about == noted) return;
    noted = about;
    const reply said = session.last_reply();
    client->nx_smtp_client_text_code = said.code;
    client->nx_smtp_client_text_cut = said.cut ? NX_TRUE : NX_FALSE;
    client->nx_smtp_client_text_length = static_cast<USHORT>(said.text.size());
    for (std::size_t i = 0; i != said.text.size(); ++i) client->nx_smtp_client_text[i] = said.text[i];
}
#endif

#ifdef NX_SMTP_CLIENT_TLS
namespace {

/// All that was said in clear text must have reached the session before TLS begins, or it would be taken for what was said
/// inside: the rest of the packet with the 220, and what lies behind it in the socket. The session ends where there is any.
bool start_tls(connection& c, CHAR* in) noexcept {
    if (!flush(c)) return false;
    const UINT more = c.fetch(NX_NO_WAIT);
    if (more == NX_SUCCESS) return c.take_in(NX_NO_WAIT, in);
    if (more != NX_NO_PACKET) return c.ok(more);
    if (!c.ok(c.client->nx_smtp_client_tls->start(c.client))) return false;
    c.session.tls_started({.verified = true});
    return true;
}

} // namespace
#endif

bool connection::converse(CHAR* out, CHAR* in) noexcept {
    for (;;) {
#ifndef NX_SMTP_CLIENT_BASIC
        if (work != nullptr) work->turn(*this, in);
#endif
        const action a = session.next({out, buffer_size});
        bool done = true;
        switch (a.what) {
        case action::kind::write: done = write(*this, a); break;
        case action::kind::content: supply(*this, static_cast<mail_item&>(*a.mail), a.first, out); break;
        case action::kind::read:
            // What is said to QUIT changes nothing, and the text of the reply before it is to be kept.
            done = flush(*this) && receive(*this, a, in) && a.where != phase::quit;
            break;
#ifdef NX_SMTP_CLIENT_TLS
        case action::kind::tls: done = start_tls(*this, in); break;
#endif
        case action::kind::ready: done = flush(*this);
#ifndef NX_SMTP_CLIENT_BASIC
            if (done && work != nullptr) {
                if (received == NX_NULL) return true;
                static_cast<void>(take_in(NX_NO_WAIT, in)); // what is left of the packet, and then the packet itself
                break;
            }
#endif
            if (done) static_cast<void>(session.quit());
            break;
        case action::kind::closed:
            if (a.ends) static_cast<void>(flush(*this));
            return false;
        default:
#ifdef NX_SMTP_CLIENT_BASIC
            // The mail is decided. What else lies in the buffer was said unasked, and must not replace the reply's text.
            session.received({});
#else
            note(a.mail);
            if (work == nullptr) {
                // The mail is decided. What else lies in the buffer was said unasked, where no other command was sent.
                if (a.what == action::kind::mail || !session.offered().has(extension::pipelining)) session.received({});
            } else if (a.what != action::kind::refused) {
                work->done(*this, a);
            }
#endif
            break;
        }
#ifndef NX_SMTP_CLIENT_BASIC
        unread = a.what == action::kind::read || a.what >= action::kind::tls;
#endif
        if (!done) session.failed(errc::timed_out);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// What came of it

UINT status_of(errc why, phase where, UINT failure) noexcept {
    if (kind(why) == errc_kind::network && failure != NX_SUCCESS) return failure;
    switch (why) {
    case errc::line_too_long:
    case errc::reply_too_long: return NX_SMTP_OVERSIZE_SERVER_REPLY;
#ifndef NX_SMTP_CLIENT_BASIC
    case errc::message_too_large: return NX_SMTP_OVERSIZE_MAIL_DATA;
    case errc::auth_unavailable: return NX_SMTP_AUTH_REPLY_ERROR; // although it was found out behind EHLO
#endif
#ifdef NX_SMTP_CLIENT_TLS
    case errc::tls_unavailable: return NX_SMTP_TLS_UNAVAILABLE;
    case errc::octets_before_tls: return NX_SMTP_OCTETS_BEFORE_TLS;
    case errc::tls_unverified: return NX_SMTP_TLS_UNVERIFIED;
    case errc::cleartext_auth: return NX_SMTP_AUTHENTICATION_ERROR;
#endif
#ifdef NX_SMTP_CLIENT_CRAM_MD5
    case errc::malformed_challenge: return NX_SMTP_INVALID_SERVER_CHALLENGE;
    case errc::invalid_credentials: return NX_SMTP_AUTHENTICATION_ERROR;
    case errc::system_failure: return NX_SMTP_INTERNAL_ERROR; // NetX Crypto has no such digest, or it needs more memory
#endif
    default: break;
    }
    switch (where) {
    case phase::greeting: return NX_SMTP_GREET_REPLY_ERROR;
    case phase::ehlo:
    case phase::helo: return NX_SMTP_HELLO_REPLY_ERROR;
    case phase::auth: return NX_SMTP_AUTH_REPLY_ERROR;
#ifdef NX_SMTP_CLIENT_TLS
    case phase::starttls: return NX_SMTP_STARTTLS_REPLY_ERROR;
#endif
    case phase::mail: return NX_SMTP_MAIL_REPLY_ERROR;
    case phase::rcpt: return NX_SMTP_RCPT_REPLY_ERROR;
    case phase::data: return NX_SMTP_DATA_REPLY_ERROR;
    default: return NX_SMTP_MESSAGE_REPLY_ERROR;
    }
}

UINT record(NX_SMTP_CLIENT* client, UINT status, const postrider::status& result) noexcept {
    client->nx_smtp_client_last_status = status;
    client->nx_smtp_client_last_outcome = static_cast<UCHAR>(result.what);
    client->nx_smtp_client_last_phase = static_cast<UCHAR>(result.where);
    client->nx_smtp_client_last_code = result.code;
    client->nx_smtp_client_last_enhanced[0] = result.enhanced.klass;
    client->nx_smtp_client_last_enhanced[1] = result.enhanced.subject;
    client->nx_smtp_client_last_enhanced[2] = result.enhanced.detail;
    return status;
}

} // namespace postrider::netxduo_client

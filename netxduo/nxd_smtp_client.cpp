// The NetX Duo SMTP Client on the engine: NetX Duo's packets, sockets and ticks on one side, a session on the other.
// Nothing but NetX Duo's public services is used, so this file builds on the real stack and on the host platform.

#include "nxd_smtp_client.h"

#include "nx_ip.h"

#include "postrider/base64.hpp"
#include "postrider/session.hpp"

#include <new>

namespace {

using postrider::action;
using postrider::errc;
using postrider::outcome;
using postrider::phase;
using engine = postrider::session<NX_SMTP_CLIENT_REPLY_TEXT>;

static_assert(sizeof(engine) <= NX_SMTP_CLIENT_SESSION_SIZE, "raise NX_SMTP_CLIENT_SESSION_SIZE");
static_assert(alignof(engine) <= alignof(NX_SMTP_CLIENT_SESSION));
static_assert(UINT(outcome::accepted) == NX_SMTP_OUTCOME_ACCEPTED &&
              UINT(outcome::rejected) == NX_SMTP_OUTCOME_REJECTED &&
              UINT(outcome::deferred) == NX_SMTP_OUTCOME_DEFERRED && UINT(outcome::unknown) == NX_SMTP_OUTCOME_UNKNOWN);
static_assert(UINT(phase::greeting) == NX_SMTP_PHASE_GREETING && UINT(phase::ehlo) == NX_SMTP_PHASE_EHLO &&
              UINT(phase::helo) == NX_SMTP_PHASE_HELO && UINT(phase::auth) == NX_SMTP_PHASE_AUTH &&
              UINT(phase::mail) == NX_SMTP_PHASE_MAIL && UINT(phase::rcpt) == NX_SMTP_PHASE_RCPT &&
              UINT(phase::data) == NX_SMTP_PHASE_DATA && UINT(phase::content) == NX_SMTP_PHASE_MESSAGE);

engine& session_of(NX_SMTP_CLIENT* client) noexcept {
    return *std::launder(reinterpret_cast<engine*>(client->nx_smtp_client_session.nx_smtp_client_session_octets));
}

// A Message-ID with the longest domain fits, and an encoded word of 39 octets with its fold, whatever the domain's limit is.
constexpr std::size_t buffer_size = NX_SMTP_CLIENT_MAX_USERNAME < 23 ? 67 : 44 + NX_SMTP_CLIENT_MAX_USERNAME;

// ---------------------------------------------------------------------------------------------------------------------
// The message: a header block in front of the caller's body

/// Gives the octets of the message part by part, a fixed text and a text of the caller in turn. A part lies in the caller's
/// memory, in flash or in `buffer`.
struct message {
    NX_SMTP_CLIENT* client;
    CHAR* buffer;
    std::string_view texts[5];
    UINT part = 0;
    UINT trace = 0;      ///< 0: Date is next, 1: Message-ID
    bool encode = false; ///< the subject becomes encoded words

    static constexpr const CHAR* fixed[] = {
        "To: <", ">\r\nFrom: <", ">\r\nSubject: ",
        ("\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=\"utf-8\"\r\n"
         "Content-Transfer-Encoding: 8bit\r\n"),
        "\r\n"};
    static constexpr UINT subject = 2, priority = 3, body = 4; // among `texts`
    std::string_view next() noexcept;
    bool ended() const noexcept { return part > 2 * body + 1; }
    std::string_view encoded_word() noexcept;
};

#ifndef NX_SMTP_CLIENT_BASIC
/// Whether RFC 5322 lets it stand in a header field as it is, on one line.
bool is_plain(std::string_view text) noexcept {
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return text.size() < 900;
}

/// RFC 2047: the next 39 octets of the subject at most, with no character split (§5), so that no line has more than 76.
std::string_view message::encoded_word() noexcept {
    std::string_view& rest = texts[subject];
    std::size_t size = rest.size();
    if (size > 39)
        for (size = 39; size > 35 && (rest[size] & 0xC0) == 0x80;) --size;
    CHAR* to = buffer;
    const auto put = [&](const char* text) noexcept {
        while (*text != '\0') *to++ = *text++;
    };
    put("=?utf-8?B?");
    postrider::base64_encoder encoder;
    for (std::size_t i = 0; i != size; ++i) {
        if (!encoder.put(rest[i])) continue;
        encoder.group(to);
        to += 4;
    }
    if (!encoder.empty()) {
        encoder.group(to);
        to += 4;
    }
    rest.remove_prefix(size);
    put(rest.empty() ? "?=" : "?=\r\n ");
    return {buffer, static_cast<std::size_t>(to - buffer)};
}
#endif

std::string_view message::next() noexcept {
#ifndef NX_SMTP_CLIENT_BASIC
    if (part == 2 * subject + 1 && encode) {
        const std::string_view word = encoded_word();
        if (texts[subject].empty()) ++part;
        return word;
    }
    if (part == 2 * priority + 1 && trace != 2 && client->nx_smtp_client_trace_headers != NX_NULL) {
        UINT length = trace++;
        client->nx_smtp_client_trace_headers(client, buffer, &length);
        return {buffer, length};
    }
#endif
    const UINT index = part >> 1;
    if ((part++ & 1) != 0) return texts[index];
    return fixed[index];
}

// ---------------------------------------------------------------------------------------------------------------------
// The connection

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

    bool ok(UINT result) noexcept {
        if (result == NX_SUCCESS) return true;
        if (status == NX_SUCCESS) status = result;
        return false;
    }
    bool open() noexcept;
    bool begin_segment() noexcept;
    bool append(std::string_view octets, bool whole, bool may_split) noexcept;
    bool send() noexcept;
    bool receive(const action& a, CHAR* buffer) noexcept;
    void converse(message& content, CHAR* buffer) noexcept;
    void close() noexcept;
};

bool connection::open() noexcept {
    NX_TCP_SOCKET* const socket = &client->nx_smtp_client_socket;
    if (!ok(nx_tcp_client_socket_bind(socket, NX_ANY_PORT, NX_SMTP_CLIENT_CONNECTION_TIMEOUT))) return false;
    if (ok(nxd_tcp_client_socket_connect(socket, &client->nx_smtp_client_server_address,
                                         client->nx_smtp_client_server_port, NX_SMTP_CLIENT_CONNECTION_TIMEOUT)))
        return true;
    close();
    return false;
}

bool connection::begin_segment() noexcept {
    const bool v4 = client->nx_smtp_client_server_address.nxd_ip_version == 4;
    if (!ok(nx_packet_allocate(client->nx_smtp_client_packet_pool_ptr, &sending,
                               v4 ? NX_IPv4_TCP_PACKET : NX_IPv6_TCP_PACKET, NX_SMTP_CLIENT_PACKET_TIMEOUT))) {
        sending = NX_NULL;
        return false;
    }
    room = static_cast<ULONG>(sending->nx_packet_data_end - sending->nx_packet_append_ptr);
    grow_by = room != 0 ? room : 1; // a payload that the headers fill has its room in the next packet of the chain
    if (!ok(nx_tcp_socket_mss_get(&client->nx_smtp_client_socket, &segment_left))) return false;
#ifdef NX_DISABLE_PACKET_CHAIN
    if (segment_left > room) segment_left = room;
    if (room == 0) return ok(NX_SIZE_ERROR); // and without chains it has none
#endif
    return true;
}

/// Puts octets into the segment that is being filled, and sends it when it is full. `whole`: they go into one segment.
/// `may_split`: where the pool has no more packets, what there is of the segment may leave.
bool connection::append(std::string_view octets, bool whole, bool may_split) noexcept {
    // Not into a packet that would have to grow either: where the pool has no more, it would leave in two pieces.
    if (whole && sending != NX_NULL && (octets.size() > segment_left || octets.size() > room) && !send()) return false;
    while (!octets.empty()) {
        if (sending != NX_NULL && segment_left == 0 && !send()) return false;
        if (sending == NX_NULL && !begin_segment()) return false;
        // At most one packet is asked for at a time, so a refusal leaves the chain as it was.
        ULONG size = room != 0 ? room : grow_by;
        if (size > segment_left) size = segment_left;
        if (size > octets.size()) size = static_cast<ULONG>(octets.size());
        const bool grows = room == 0;
        const UINT result = nx_packet_data_append(sending, const_cast<CHAR*>(octets.data()), size,
                                                  client->nx_smtp_client_packet_pool_ptr,
                                                  grows && may_split ? NX_NO_WAIT : NX_SMTP_CLIENT_PACKET_TIMEOUT);
        if (result != NX_SUCCESS) {
            if (!grows || !may_split || sending->nx_packet_length == 0) return ok(result);
            if (!send()) return false; // the pool is small: a segment that is not full
            continue;
        }
        segment_left -= size;
        octets.remove_prefix(size);
#ifndef NX_DISABLE_PACKET_CHAIN
        const NX_PACKET* last = sending;
        while (last->nx_packet_next != NX_NULL) last = last->nx_packet_next;
        room = static_cast<ULONG>(last->nx_packet_data_end - last->nx_packet_append_ptr);
#endif
    }
    return true;
}

bool connection::send() noexcept {
    const ULONG length = sending->nx_packet_length;
    if (!ok(nx_tcp_socket_send(&client->nx_smtp_client_socket, sending, NX_SMTP_CLIENT_SEND_TIMEOUT))) return false;
    sending = NX_NULL; // the stack's now
    session.wrote(length);
    return true;
}

/// Hands the next octets from the server to the session. They lie in `buffer` until it has dealt with them.
bool connection::receive(const action& a, CHAR* buffer) noexcept {
    if (received == NX_NULL) {
        if (a.serial != serial) {
            serial = a.serial;
            began = tx_time_get();
        }
        const ULONG limit = a.where == phase::greeting  ? NX_SMTP_GREETING_TIMEOUT
                            : a.where == phase::content ? NX_SMTP_MESSAGE_TIMEOUT
                            : a.where == phase::quit    ? NX_SMTP_CLIENT_DISCONNECT_TIMEOUT
                                                        : NX_SMTP_ENVELOPE_TIMEOUT;
        const ULONG gone = tx_time_get() - began;
        if (!ok(nx_tcp_socket_receive(&client->nx_smtp_client_socket, &received,
                                      gone < limit ? limit - gone : NX_NO_WAIT))) {
            received = NX_NULL;
            return false;
        }
        received_at = 0;
    }
    ULONG size = 0;
    if (received_at < received->nx_packet_length &&
        !ok(nx_packet_data_extract_offset(received, received_at, buffer, buffer_size, &size)))
        return false;
    received_at += size;
    session.received({buffer, size});
    if (size != 0) return true;
    nx_packet_release(received);
    received = NX_NULL;
    return true;
}

void connection::converse(message& content, CHAR* buffer) noexcept {
    for (;;) {
        const action a = session.next({buffer, buffer_size});
        bool done = true;
        switch (a.what) {
        case action::kind::write:
            done =
                append(a.octets, a.ends && a.where == phase::content, a.where == phase::content) && (!a.ends || send());
            break;
        case action::kind::content:
            session.content(content.next());
            if (content.ended()) session.end_of_content();
            break;
        case action::kind::read:
            // What is said to QUIT changes nothing, and the text of the reply before it is to be kept.
            done = receive(a, buffer) && a.where != phase::quit;
            break;
        case action::kind::ready: static_cast<void>(session.quit()); break;
        case action::kind::closed: return;
        default:
            // The mail is decided. What else lies in the buffer was said unasked, and must not replace the reply's text.
            session.received({});
            break;
        }
        if (!done) session.failed(errc::timed_out);
    }
}

void connection::close() noexcept {
    NX_TCP_SOCKET* const socket = &client->nx_smtp_client_socket;
    if (sending != NX_NULL) nx_packet_release(sending);
    if (received != NX_NULL) nx_packet_release(received);
    // A connection that failed is reset: nobody would answer, and the next mail must not wait for it.
    const ULONG wait = status == NX_SUCCESS ? NX_SMTP_CLIENT_DISCONNECT_TIMEOUT : NX_NO_WAIT;
    if (nx_tcp_socket_disconnect(socket, wait) != NX_SUCCESS) nx_tcp_socket_disconnect(socket, NX_NO_WAIT);
    nx_tcp_client_socket_unbind(socket);
}

// ---------------------------------------------------------------------------------------------------------------------
// What came of it

/// The status for a session that the server, not the connection, has ended.
UINT status_of(errc why, phase where) noexcept {
    if (why == errc::line_too_long || why == errc::reply_too_long) return NX_SMTP_OVERSIZE_SERVER_REPLY;
    switch (where) {
    case phase::greeting: return NX_SMTP_GREET_REPLY_ERROR;
    case phase::ehlo:
    case phase::helo: return NX_SMTP_HELLO_REPLY_ERROR;
    case phase::auth: return NX_SMTP_AUTH_REPLY_ERROR;
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

postrider::session_options options_of(const NX_SMTP_CLIENT* client, postrider::domain domain) noexcept {
    postrider::session_options options{domain};
    options.helo = (client->nx_smtp_client_flags & NX_SMTP_CLIENT_FLAG_HELO) != 0;
    options.pipelining = false;
    postrider::credentials& auth = options.auth;
#ifdef NX_SMTP_CLIENT_AUTH_NONE_STRICT
    if (client->nx_smtp_client_authentication_type == NX_SMTP_CLIENT_AUTH_NONE) return options;
#endif
    auth.user = client->nx_smtp_client_username;
    auth.password = client->nx_smtp_client_password;
    auth.initial_response = false;
    auth.allow_cleartext_auth = true; // these calls know no TLS, and their documentation says so
    auth.when = client->nx_smtp_client_authentication_type == NX_SMTP_CLIENT_AUTH_NONE
                    ? postrider::auth_when::attempt_if_offered
                    : postrider::auth_when::attempt;
    if (client->nx_smtp_client_authentication_type == NX_SMTP_CLIENT_AUTH_LOGIN)
        auth.preferred = postrider::mechanism::login;
    return options;
}

/// Octets of a text up to `limit + 1`: one more than the limit says that it is too long.
UINT length_of(const CHAR* text, UINT limit) noexcept {
    UINT length = 0;
    while (length <= limit && text[length] != '\0') ++length;
    return length;
}

bool copy(CHAR* to, const CHAR* from, UINT limit) noexcept {
    const UINT length = length_of(from, limit);
    if (length > limit) return false;
    for (UINT i = 0; i <= length; ++i) to[i] = from[i];
    return true;
}

/// Not a memset: the compiler must not see that nobody reads it again.
void wipe(volatile UCHAR* memory, std::size_t size) noexcept {
    while (size-- != 0) *memory++ = 0;
}

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// The services

UINT _nxde_smtp_client_create(NX_SMTP_CLIENT* client_ptr, NX_IP* ip_ptr, NX_PACKET_POOL* client_packet_pool_ptr,
                              CHAR* username, CHAR* password, CHAR* from_address, CHAR* client_domain,
                              UINT authentication_type, NXD_ADDRESS* server_address, UINT port) {
    if (client_ptr == NX_NULL || ip_ptr == NX_NULL || client_packet_pool_ptr == NX_NULL || username == NX_NULL ||
        password == NX_NULL || from_address == NX_NULL || client_domain == NX_NULL || server_address == NX_NULL)
        return NX_PTR_ERROR;
    if (ip_ptr->nx_ip_id != NX_IP_ID) return NX_SMTP_INVALID_PARAM;
    if (server_address->nxd_ip_version != 4 && server_address->nxd_ip_version != 6) return NX_IP_ADDRESS_ERROR;
    return _nxd_smtp_client_create(client_ptr, ip_ptr, client_packet_pool_ptr, username, password, from_address,
                                   client_domain, authentication_type, server_address, port);
}

UINT _nxd_smtp_client_create(NX_SMTP_CLIENT* client_ptr, NX_IP* ip_ptr, NX_PACKET_POOL* client_packet_pool_ptr,
                             CHAR* username, CHAR* password, CHAR* from_address, CHAR* client_domain,
                             UINT authentication_type, NXD_ADDRESS* server_address, UINT port) {
    wipe(reinterpret_cast<UCHAR*>(client_ptr), sizeof *client_ptr);
    UINT status = NX_SIZE_ERROR;
    if (copy(client_ptr->nx_smtp_client_username, username, NX_SMTP_CLIENT_MAX_USERNAME) &&
        copy(client_ptr->nx_smtp_client_password, password, NX_SMTP_CLIENT_MAX_PASSWORD) &&
        copy(client_ptr->nx_smtp_client_domain, client_domain, NX_SMTP_CLIENT_MAX_USERNAME) &&
        copy(client_ptr->nx_smtp_client_from_address, from_address, NX_SMTP_CLIENT_MAX_FROM_ADDRESS))
        status = nx_tcp_socket_create(ip_ptr, &client_ptr->nx_smtp_client_socket, const_cast<CHAR*>("SMTP client"),
                                      NX_IP_NORMAL, NX_FRAGMENT_OKAY, NX_IP_TIME_TO_LIVE,
                                      NX_SMTP_CLIENT_TCP_WINDOW_SIZE, NX_NULL, NX_NULL);
    if (status != NX_SUCCESS) {
        wipe(reinterpret_cast<UCHAR*>(client_ptr), sizeof *client_ptr);
        return status;
    }
    client_ptr->nx_smtp_client_packet_pool_ptr = client_packet_pool_ptr;
    client_ptr->nx_smtp_client_server_address = *server_address;
    client_ptr->nx_smtp_client_server_port = port;
    client_ptr->nx_smtp_client_authentication_type = authentication_type;
    new (client_ptr->nx_smtp_client_session.nx_smtp_client_session_octets) engine;
    client_ptr->nx_smtp_client_id = NX_SMTP_CLIENT_ID;
    return NX_SUCCESS;
}

UINT _nxe_smtp_mail_send(NX_SMTP_CLIENT* client_ptr, CHAR* recipient_address, UINT priority, CHAR* subject,
                         CHAR* mail_body, UINT mail_body_length) {
    if (client_ptr == NX_NULL || recipient_address == NX_NULL || subject == NX_NULL || mail_body == NX_NULL)
        return NX_PTR_ERROR;
    if (mail_body_length == 0) return NX_SMTP_INVALID_PARAM;
    if (tx_thread_identify() == NX_NULL) return NX_CALLER_ERROR;
    return _nx_smtp_mail_send(client_ptr, recipient_address, priority, subject, mail_body, mail_body_length);
}

UINT _nx_smtp_mail_send(NX_SMTP_CLIENT* client_ptr, CHAR* recipient_address, UINT priority, CHAR* subject,
                        CHAR* mail_body, UINT mail_body_length) {
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    const auto to = postrider::mailbox::frame(recipient_address);
    const auto from = postrider::mailbox::frame(client_ptr->nx_smtp_client_from_address);
    const auto domain = postrider::domain::frame(client_ptr->nx_smtp_client_domain);
    bool valid = to && from && domain && !to->is_null();
#ifdef NX_SMTP_CLIENT_BASIC
    constexpr bool raw = false;
#else
    const bool raw = (client_ptr->nx_smtp_client_flags & NX_SMTP_CLIENT_FLAG_RAW_MESSAGE) != 0;
#endif
    for (const CHAR* c = subject; *c != '\0' && !raw; ++c)
        if (*c == '\r' || *c == '\n') valid = false;
    postrider::recipient recipient;
    if (!valid) return record(client_ptr, NX_SMTP_INVALID_PARAM, recipient.result);

    recipient.forward_path = *to;
    const postrider::envelope envelope{*from, {&recipient, 1}};
    engine& session = session_of(client_ptr);
    connection c{client_ptr, session};
    if (!c.open()) return record(client_ptr, c.status, recipient.result);

    CHAR buffer[buffer_size];
    message content{client_ptr, buffer, {to->text(), from->text(), subject, {}, {mail_body, mail_body_length}}};
#ifdef NX_SMTP_CLIENT_BASIC
    NX_PARAMETER_NOT_USED(priority);
#else
    content.encode = !is_plain(subject);
    if (priority == NX_SMTP_MAIL_PRIORITY_HIGH)
        content.texts[message::priority] = "X-Priority: 1\r\nImportance: high\r\n";
    if (priority == NX_SMTP_MAIL_PRIORITY_LOW)
        content.texts[message::priority] = "X-Priority: 5\r\nImportance: low\r\n";
    if (raw) content.part = 2 * message::body + 1;
#endif
    UINT status = NX_SUCCESS;
    if (session.start(options_of(client_ptr, *domain)) != errc::ok || session.send(envelope) != errc::ok)
        status = NX_SMTP_INTERNAL_ERROR; // all that they check was checked
    else c.converse(content, buffer);
    c.close();
    wipe(reinterpret_cast<UCHAR*>(buffer), sizeof buffer); // credentials went through it
    const postrider::status& result = recipient.result;
    if (status == NX_SUCCESS && result.what != outcome::accepted)
        status = postrider::kind(result.error) == postrider::errc_kind::network ? c.status
                                                                                : status_of(result.error, result.where);
    return record(client_ptr, status, result);
}

UINT _nxe_smtp_client_delete(NX_SMTP_CLIENT* client_ptr) {
    if (client_ptr == NX_NULL || client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_PTR_ERROR;
    return _nx_smtp_client_delete(client_ptr);
}

UINT _nx_smtp_client_delete(NX_SMTP_CLIENT* client_ptr) {
    wipe(reinterpret_cast<UCHAR*>(client_ptr->nx_smtp_client_username),
         sizeof client_ptr->nx_smtp_client_username + sizeof client_ptr->nx_smtp_client_password);
    nx_tcp_socket_disconnect(&client_ptr->nx_smtp_client_socket, NX_NO_WAIT);
    nx_tcp_client_socket_unbind(&client_ptr->nx_smtp_client_socket);
    // A socket that was not deleted is still in the IP instance's list: wiped, it would tear that list.
    const UINT status = nx_tcp_socket_delete(&client_ptr->nx_smtp_client_socket);
    if (status != NX_SUCCESS) return status;
    wipe(reinterpret_cast<UCHAR*>(client_ptr), sizeof *client_ptr);
    return NX_SUCCESS;
}

UINT nx_smtp_client_last_result_get(NX_SMTP_CLIENT* client_ptr, NX_SMTP_RESULT* result_ptr) {
    if (client_ptr == NX_NULL || result_ptr == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    postrider::reply said;
    said.text = ""; // never NULL: printf's %.*s must not see one
    if (client_ptr->nx_smtp_client_last_code != 0) said = session_of(client_ptr).last_reply();
    result_ptr->nx_smtp_result_status = client_ptr->nx_smtp_client_last_status;
    result_ptr->nx_smtp_result_outcome = client_ptr->nx_smtp_client_last_outcome;
    result_ptr->nx_smtp_result_phase = client_ptr->nx_smtp_client_last_phase;
    result_ptr->nx_smtp_result_reply_code = client_ptr->nx_smtp_client_last_code;
    for (int i = 0; i != 3; ++i) result_ptr->nx_smtp_result_enhanced[i] = client_ptr->nx_smtp_client_last_enhanced[i];
    result_ptr->nx_smtp_result_text_cut = said.cut ? NX_TRUE : NX_FALSE;
    result_ptr->nx_smtp_result_text_length = static_cast<ULONG>(said.text.size());
    result_ptr->nx_smtp_result_text = said.text.data();
    return NX_SUCCESS;
}

UINT nx_smtp_client_flags_set(NX_SMTP_CLIENT* client_ptr, UINT flags) {
    if (client_ptr == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    client_ptr->nx_smtp_client_flags = flags;
    return NX_SUCCESS;
}

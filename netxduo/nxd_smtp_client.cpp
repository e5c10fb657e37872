// The services of the original NetX Duo SMTP Client, and what is asked about them afterwards.

#include "connection.hpp"

#include "nx_ip.h"

#include <new>

namespace {

using namespace postrider::netxduo_client;
using postrider::errc;
using postrider::outcome;
using postrider::phase;

static_assert(sizeof(engine) <= NX_SMTP_CLIENT_SESSION_SIZE, "raise NX_SMTP_CLIENT_SESSION_SIZE");
static_assert(sizeof(engine) == NX_SMTP_CLIENT_SESSION_SIZE || NX_SMTP_CLIENT_REPLY_TEXT % 8 != 0,
              "NX_SMTP_CLIENT_SESSION_SIZE is more than is needed");
static_assert(alignof(engine) <= alignof(NX_SMTP_CLIENT_SESSION));
static_assert(UINT(outcome::accepted) == NX_SMTP_OUTCOME_ACCEPTED &&
              UINT(outcome::rejected) == NX_SMTP_OUTCOME_REJECTED &&
              UINT(outcome::deferred) == NX_SMTP_OUTCOME_DEFERRED && UINT(outcome::unknown) == NX_SMTP_OUTCOME_UNKNOWN);
static_assert(UINT(phase::greeting) == NX_SMTP_PHASE_GREETING && UINT(phase::ehlo) == NX_SMTP_PHASE_EHLO &&
              UINT(phase::helo) == NX_SMTP_PHASE_HELO && UINT(phase::auth) == NX_SMTP_PHASE_AUTH &&
              UINT(phase::mail) == NX_SMTP_PHASE_MAIL && UINT(phase::rcpt) == NX_SMTP_PHASE_RCPT &&
              UINT(phase::data) == NX_SMTP_PHASE_DATA && UINT(phase::content) == NX_SMTP_PHASE_MESSAGE &&
              UINT(phase::starttls) == NX_SMTP_PHASE_STARTTLS);

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

/// One mail over a connection of its own. Not inlined: its buffer and the mail need not share a frame.
[[gnu::noinline]] UINT send_alone(NX_SMTP_CLIENT* client, mail_item& item, postrider::domain name) noexcept {
    CHAR buffer[buffer_size];
    const postrider::status& result = item.recipients.front().result;
    declare(item.content, item.text, buffer, true);
    connection c{client, session_of(client)};
    if (!c.begin(name, true) || !c.open()) return record(client, c.status, result);
    UINT status = NX_SUCCESS;
    if (c.session.send(item) != errc::ok) status = NX_SMTP_INTERNAL_ERROR; // all that it checks was checked
    else static_cast<void>(c.converse(buffer, buffer));
    c.close();
    wipe_object(buffer); // credentials went through it
    if (status == NX_SUCCESS && result.what != outcome::accepted)
        status = status_of(result.error, result.where, c.status);
    return record(client, status, result);
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
    wipe_object(*client_ptr);
    UINT status = NX_SIZE_ERROR;
    if (copy(client_ptr->nx_smtp_client_username, username, NX_SMTP_CLIENT_MAX_USERNAME) &&
        copy(client_ptr->nx_smtp_client_password, password, NX_SMTP_CLIENT_MAX_PASSWORD) &&
        copy(client_ptr->nx_smtp_client_domain, client_domain, NX_SMTP_CLIENT_MAX_USERNAME) &&
        copy(client_ptr->nx_smtp_client_from_address, from_address, NX_SMTP_CLIENT_MAX_FROM_ADDRESS))
        status = nx_tcp_socket_create(ip_ptr, &client_ptr->nx_smtp_client_socket, const_cast<CHAR*>("SMTP client"),
                                      NX_IP_NORMAL, NX_FRAGMENT_OKAY, NX_IP_TIME_TO_LIVE,
                                      NX_SMTP_CLIENT_TCP_WINDOW_SIZE, NX_NULL, NX_NULL);
    if (status != NX_SUCCESS) {
        wipe_object(*client_ptr);
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
    mail_item item;
    item.reverse_path = *from;
    item.recipients = {&recipient, 1};
    item.text.texts[0] = to->text();
    item.text.texts[1] = from->text();
    item.text.texts[message::subject] = subject;
    item.text.texts[message::body] = {mail_body, mail_body_length};
#ifdef NX_SMTP_CLIENT_BASIC
    NX_PARAMETER_NOT_USED(priority);
#else
    item.text.raw = raw;
    item.text.prepare(client_ptr, priority);
    if (client_ptr->nx_smtp_client_keeper != NX_NULL) return client_ptr->nx_smtp_client_keeper(client_ptr, &item);
#endif
    return send_alone(client_ptr, item, *domain);
}

UINT _nxe_smtp_client_delete(NX_SMTP_CLIENT* client_ptr) {
    if (client_ptr == NX_NULL || client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_PTR_ERROR;
    return _nx_smtp_client_delete(client_ptr);
}

UINT _nx_smtp_client_delete(NX_SMTP_CLIENT* client_ptr) {
    wipe_object(client_ptr->nx_smtp_client_username);
    wipe_object(client_ptr->nx_smtp_client_password);
    nx_tcp_socket_disconnect(&client_ptr->nx_smtp_client_socket, NX_NO_WAIT);
    nx_tcp_client_socket_unbind(&client_ptr->nx_smtp_client_socket);
    // A socket that was not deleted is still in the IP instance's list: wiped, it would tear that list.
    const UINT status = nx_tcp_socket_delete(&client_ptr->nx_smtp_client_socket);
    if (status != NX_SUCCESS) return status;
#ifdef NX_SMTP_CLIENT_TLS
    if (client_ptr->nx_smtp_client_tls_stands != NX_FALSE) client_ptr->nx_smtp_client_tls->end(client_ptr, NX_NO_WAIT);
#endif
    wipe_object(*client_ptr);
    return NX_SUCCESS;
}

UINT nx_smtp_client_last_result_get(NX_SMTP_CLIENT* client_ptr, NX_SMTP_RESULT* result_ptr) {
    if (client_ptr == NX_NULL || result_ptr == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    result_ptr->nx_smtp_result_status = client_ptr->nx_smtp_client_last_status;
    result_ptr->nx_smtp_result_outcome = client_ptr->nx_smtp_client_last_outcome;
    result_ptr->nx_smtp_result_phase = client_ptr->nx_smtp_client_last_phase;
    result_ptr->nx_smtp_result_reply_code = client_ptr->nx_smtp_client_last_code;
    for (int i = 0; i != 3; ++i) result_ptr->nx_smtp_result_enhanced[i] = client_ptr->nx_smtp_client_last_enhanced[i];
    result_ptr->nx_smtp_result_text_cut = NX_FALSE;
    result_ptr->nx_smtp_result_text_length = 0;
    result_ptr->nx_smtp_result_text = ""; // never NULL: printf's %.*s must not see one
    if (client_ptr->nx_smtp_client_last_code == 0) return NX_SUCCESS;
#ifdef NX_SMTP_CLIENT_BASIC
    const postrider::reply said = session_of(client_ptr).last_reply();
    result_ptr->nx_smtp_result_text_cut = said.cut ? NX_TRUE : NX_FALSE;
    result_ptr->nx_smtp_result_text_length = static_cast<ULONG>(said.text.size());
    result_ptr->nx_smtp_result_text = said.text.data();
#else
    if (client_ptr->nx_smtp_client_last_code != client_ptr->nx_smtp_client_text_code) return NX_SUCCESS;
    result_ptr->nx_smtp_result_text_cut = client_ptr->nx_smtp_client_text_cut;
    result_ptr->nx_smtp_result_text_length = client_ptr->nx_smtp_client_text_length;
    result_ptr->nx_smtp_result_text = client_ptr->nx_smtp_client_text;
#endif
    return NX_SUCCESS;
}

UINT nx_smtp_client_flags_set(NX_SMTP_CLIENT* client_ptr, UINT flags) {
    if (client_ptr == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    client_ptr->nx_smtp_client_flags = flags;
    return NX_SUCCESS;
}

UINT nx_smtp_client_password_set(NX_SMTP_CLIENT* client_ptr, CHAR* password) {
    if (client_ptr == NX_NULL || password == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    if (length_of(password, NX_SMTP_CLIENT_MAX_PASSWORD) > NX_SMTP_CLIENT_MAX_PASSWORD) return NX_SIZE_ERROR;
    // Also what a longer one has left behind its NUL.
    wipe_object(client_ptr->nx_smtp_client_password);
    static_cast<void>(copy(client_ptr->nx_smtp_client_password, password, NX_SMTP_CLIENT_MAX_PASSWORD));
    return NX_SUCCESS;
}

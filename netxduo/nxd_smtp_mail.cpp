// Mails as an application puts them together: recipients, body, options, results.

#include "nxd_smtp_client.h"

#ifndef NX_SMTP_CLIENT_BASIC

#include "services.hpp"

#include <new>

namespace postrider::netxduo_client {

static_assert(sizeof(recipient) <= sizeof(NX_SMTP_RECIPIENT) && alignof(recipient) <= alignof(NX_SMTP_RECIPIENT));
static_assert(sizeof(NX_SMTP_RECIPIENT) == sizeof(recipient), "an array of one is an array of the other");
static_assert(sizeof(stored_mail) <= sizeof(NX_SMTP_MAIL) && alignof(stored_mail) <= alignof(NX_SMTP_MAIL));

constexpr bool same(extension e, ULONG bit) noexcept { return static_cast<ULONG>(e) == bit; }
static_assert(same(extension::auth, NX_SMTP_EXTENSION_AUTH) && same(extension::size, NX_SMTP_EXTENSION_SIZE) &&
              same(extension::pipelining, NX_SMTP_EXTENSION_PIPELINING) &&
              same(extension::eight_bit_mime, NX_SMTP_EXTENSION_8BITMIME) &&
              same(extension::chunking, NX_SMTP_EXTENSION_CHUNKING) &&
              same(extension::smtputf8, NX_SMTP_EXTENSION_SMTPUTF8) && same(extension::dsn, NX_SMTP_EXTENSION_DSN) &&
              same(extension::deliver_by, NX_SMTP_EXTENSION_DELIVERBY) &&
              same(extension::mt_priority, NX_SMTP_EXTENSION_MT_PRIORITY) &&
              same(extension::future_release, NX_SMTP_EXTENSION_FUTURERELEASE) &&
              same(extension::require_tls, NX_SMTP_EXTENSION_REQUIRETLS));
static_assert(UINT(notify::success) == NX_SMTP_NOTIFY_SUCCESS && UINT(notify::failure) == NX_SMTP_NOTIFY_FAILURE &&
              UINT(notify::delay) == NX_SMTP_NOTIFY_DELAY && UINT(notify::nothing) == NX_SMTP_NOTIFY_NEVER);
static_assert(UINT(return_content::full) == NX_SMTP_RETURN_FULL &&
              UINT(return_content::headers) == NX_SMTP_RETURN_HEADERS && UINT(by_mode::notify) == NX_SMTP_BY_NOTIFY &&
              UINT(by_mode::return_mail) == NX_SMTP_BY_RETURN);

namespace {

constexpr ULONG mail_id = 0x534D4D4CUL;

std::string_view view(const CHAR* text) noexcept { return text == NX_NULL ? std::string_view{} : text; }

} // namespace

stored_mail* mail_in(NX_SMTP_MAIL* storage, UINT& status) noexcept {
    status = NX_PTR_ERROR;
    if (storage == NX_NULL) return nullptr;
    stored_mail* const m = std::launder(reinterpret_cast<stored_mail*>(storage->nx_smtp_mail_octets));
    status = NX_SMTP_CLIENT_NOT_INTIALIZED;
    if (m->id != mail_id) return nullptr;
    status = NX_SUCCESS;
    return m;
}

UINT prepare(NX_SMTP_CLIENT* client, stored_mail& m) noexcept {
    m.at = mail_item::standing::done;
    m.began = false;
    for (recipient& r : m.recipients) r.result = {};
    const auto from = mailbox::frame(client->nx_smtp_client_from_address);
    if (!from || m.recipients.empty() || (m.source == nullptr && m.text.texts[message::body].empty()))
        return m.failure = NX_SMTP_INVALID_PARAM;
    if (m.of_client) m.reverse_path = *from;

    const bool raw = (m.chosen & NX_SMTP_MAIL_RAW_MESSAGE) != 0;
    m.policy = (m.chosen & NX_SMTP_MAIL_ALL_OR_NOTHING) != 0 ? recipient_policy::all_or_nothing
                                                             : recipient_policy::best_effort;
    m.parameters = &m.options;
    m.required = m.asked;
    bool ascii = m.reverse_path.is_ascii();
    for (const recipient& r : m.recipients) ascii = ascii && r.forward_path.is_ascii();
    if (!ascii) m.required.add(extension::smtputf8); // also where content goes as it is

    m.text.texts[0] = m.recipients.front().forward_path.text();
    m.text.texts[1] = m.reverse_path.is_null() ? from->text() : m.reverse_path.text();
    m.text.to = m.recipients;
    m.text.raw = raw;
    m.text.prepare(client, m.mail_priority);

    CHAR buffer[buffer_size];
    mail_content& content = m.content;
    content = {};
    declare(content, m.text, buffer, m.source == nullptr);
    content.exact_size = true;
    content.repeatable = true;
    if (m.source != nullptr) {
        content.size = m.declared_size == 0 ? 0 : content.size + m.declared_size;
        content.exact_size = m.declared_exact;
        content.repeatable = m.source_repeats;
        if (m.declared_eight_bit) content.kind = octets::eight_bit;
        content.utf8_header = content.utf8_header || (m.chosen & NX_SMTP_MAIL_UTF8_HEADER) != 0;
    }
    if ((m.chosen & NX_SMTP_MAIL_STRICT) != 0) content.as_it_is = false;
    m.failure = NX_SUCCESS;
    m.at = mail_item::standing::waiting;
    return NX_SUCCESS;
}

} // namespace postrider::netxduo_client

using namespace postrider::netxduo_client;

UINT nx_smtp_mail_create(NX_SMTP_MAIL* mail_ptr, CHAR* from_address, NX_SMTP_RECIPIENT* recipients,
                         UINT recipients_size) {
    if (mail_ptr == NX_NULL || recipients == NX_NULL) return NX_PTR_ERROR;
    const bool of_client = from_address == NX_NULL;
    const auto from = postrider::mailbox::frame(of_client ? "<>" : from_address);
    if (recipients_size == 0 || !from) return NX_SMTP_INVALID_PARAM;
    stored_mail* const m = new (mail_ptr->nx_smtp_mail_octets) stored_mail;
    m->of_client = of_client;
    m->reverse_path = *from;
    m->room = recipients_size;
    m->recipients = {reinterpret_cast<postrider::recipient*>(recipients), 0};
    m->text.texts[message::subject] = "";
    m->id = mail_id;
    return NX_SUCCESS;
}

UINT nx_smtp_mail_recipient_add(NX_SMTP_MAIL* mail_ptr, CHAR* address) {
    if (address == NX_NULL) return NX_PTR_ERROR;
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    const auto to = postrider::mailbox::frame(address);
    if (!to || to->is_null()) return NX_SMTP_INVALID_PARAM;
    const std::size_t size = m->recipients.size();
    if (size == m->room) return NX_SIZE_ERROR;
    postrider::recipient* const all = m->recipients.data();
    new (all + size) postrider::recipient{.forward_path = *to};
    m->recipients = {all, size + 1};
    return NX_SUCCESS;
}

UINT nx_smtp_mail_recipient_notify_set(NX_SMTP_MAIL* mail_ptr, UINT index, UINT notify, CHAR* original) {
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    if (index >= m->recipients.size() || notify > 15) return NX_SMTP_INVALID_PARAM;
    m->recipients[index].notify.bits = notify;
    m->recipients[index].original_recipient = view(original);
    return NX_SUCCESS;
}

UINT nx_smtp_mail_subject_set(NX_SMTP_MAIL* mail_ptr, CHAR* subject, UINT priority) {
    if (subject == NX_NULL) return NX_PTR_ERROR;
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    for (const CHAR* c = subject; *c != '\0'; ++c)
        if (*c == '\r' || *c == '\n') return NX_SMTP_INVALID_PARAM;
    m->text.texts[message::subject] = subject;
    m->mail_priority = priority;
    return NX_SUCCESS;
}

UINT nx_smtp_mail_body_set(NX_SMTP_MAIL* mail_ptr, CHAR* body, ULONG length) {
    if (body == NX_NULL) return NX_PTR_ERROR;
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    if (length == 0) return NX_SMTP_INVALID_PARAM;
    m->text.texts[message::body] = {body, length};
    m->source = nullptr;
    return NX_SUCCESS;
}

UINT nx_smtp_mail_source_set(NX_SMTP_MAIL* mail_ptr,
                             UINT (*source)(VOID* context, UINT first, UCHAR** octets, ULONG* length, UINT* last),
                             VOID* context, ULONG size, UINT source_flags) {
    if (source == NX_NULL) return NX_PTR_ERROR;
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    m->declared_exact = (source_flags & NX_SMTP_SOURCE_EXACT) != 0;
    if (source_flags > 7 || (m->declared_exact && size == 0)) return NX_SMTP_INVALID_PARAM;
    m->source = source;
    m->source_context = context;
    m->source_repeats = (source_flags & NX_SMTP_SOURCE_REPEATABLE) != 0;
    m->declared_size = size;
    m->declared_eight_bit = (source_flags & NX_SMTP_SOURCE_EIGHT_BIT) != 0;
    return NX_SUCCESS;
}

UINT nx_smtp_mail_flags_set(NX_SMTP_MAIL* mail_ptr, UINT flags) {
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    if (flags > 15) return NX_SMTP_INVALID_PARAM;
    m->chosen = flags;
    return NX_SUCCESS;
}

UINT nx_smtp_mail_options_set(NX_SMTP_MAIL* mail_ptr, const NX_SMTP_MAIL_OPTIONS* options_ptr) {
    if (options_ptr == NX_NULL) return NX_PTR_ERROR;
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    const NX_SMTP_MAIL_OPTIONS& o = *options_ptr;
    if (o.nx_smtp_mail_return > NX_SMTP_RETURN_HEADERS || o.nx_smtp_mail_by > NX_SMTP_BY_RETURN ||
        o.nx_smtp_mail_by_seconds > 999999999 || o.nx_smtp_mail_by_seconds < -999999999 ||
        o.nx_smtp_mail_mt_priority > 9 || o.nx_smtp_mail_mt_priority < -9 || o.nx_smtp_mail_hold_seconds > 999999999)
        return NX_SMTP_INVALID_PARAM;
    postrider::mail_parameters& p = m->options;
    p = {};
    p.ret = static_cast<postrider::return_content>(o.nx_smtp_mail_return);
    p.envelope_id = view(o.nx_smtp_mail_envelope_id);
    p.auth = view(o.nx_smtp_mail_submitter);
    p.auth_unknown = p.auth == "<>";
    if (p.auth_unknown) p.auth = {};
    p.by = static_cast<postrider::by_mode>(o.nx_smtp_mail_by);
    p.by_seconds = static_cast<std::int32_t>(o.nx_smtp_mail_by_seconds);
    p.by_trace = o.nx_smtp_mail_by_trace != NX_FALSE;
    p.prioritised = o.nx_smtp_mail_prioritised != NX_FALSE;
    p.priority = static_cast<std::int8_t>(o.nx_smtp_mail_mt_priority);
    p.hold_seconds = static_cast<std::uint32_t>(o.nx_smtp_mail_hold_seconds);
    p.hold_until = view(o.nx_smtp_mail_hold_until);
    p.require_tls = o.nx_smtp_mail_require_tls != NX_FALSE;
    return NX_SUCCESS;
}

UINT nx_smtp_mail_required_set(NX_SMTP_MAIL* mail_ptr, ULONG extensions) {
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    m->asked.bits = static_cast<std::uint32_t>(extensions);
    return NX_SUCCESS;
}

UINT nx_smtp_mail_missing_get(NX_SMTP_MAIL* mail_ptr, ULONG* extensions) {
    if (extensions == NX_NULL) return NX_PTR_ERROR;
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    *extensions = m->missing.bits;
    return NX_SUCCESS;
}

UINT nx_smtp_mail_recipient_result_get(NX_SMTP_MAIL* mail_ptr, UINT index, NX_SMTP_RESULT* result_ptr) {
    if (result_ptr == NX_NULL) return NX_PTR_ERROR;
    UINT status;
    stored_mail* const m = mail_in(mail_ptr, status);
    if (m == nullptr) return status;
    if (index >= m->recipients.size()) return NX_SMTP_INVALID_PARAM;
    const postrider::status& result = m->recipients[index].result;
    result_ptr->nx_smtp_result_status = status_for(*m, result);
    result_ptr->nx_smtp_result_outcome = static_cast<UINT>(result.what);
    result_ptr->nx_smtp_result_phase = static_cast<UINT>(result.where);
    result_ptr->nx_smtp_result_reply_code = result.code;
    result_ptr->nx_smtp_result_enhanced[0] = result.enhanced.klass;
    result_ptr->nx_smtp_result_enhanced[1] = result.enhanced.subject;
    result_ptr->nx_smtp_result_enhanced[2] = result.enhanced.detail;
    result_ptr->nx_smtp_result_text_cut = NX_FALSE;
    result_ptr->nx_smtp_result_text_length = 0;
    result_ptr->nx_smtp_result_text = "";
    return NX_SUCCESS;
}

#endif

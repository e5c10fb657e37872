// Sessions that carry more than one mail, and commands by themselves.
//
// A connection that stood idle may be dead without anybody knowing. So before it is used the client looks, without waiting,
// whether the server has said 421 or closed it; and what fails on it before the server can have taken the mail is tried once
// more on a new one (`lost`). A mail whose whole content left and was not answered is `unknown`, and never sent again here.
// It takes a mail that the server decided about, or a connection from an earlier call, for another to be made: that bounds
// how many there are.

#include "nxd_smtp_client.h"

#ifndef NX_SMTP_CLIENT_BASIC

#include "services.hpp"

namespace postrider::netxduo_client {

static_assert(UINT(phase::noop) == NX_SMTP_COMMAND_NOOP && UINT(phase::rset) == NX_SMTP_COMMAND_RSET &&
              UINT(phase::vrfy) == NX_SMTP_COMMAND_VRFY && UINT(phase::expn) == NX_SMTP_COMMAND_EXPN &&
              UINT(phase::help) == NX_SMTP_COMMAND_HELP && UINT(phase::etrn) == NX_SMTP_COMMAND_ETRN);

namespace {

using standing = mail_item::standing;

/// Whether the server has said something, or closed, without waiting for it; what it said goes to the session.
/// Returns the status of `fetch`.
UINT look(connection& c, CHAR* in) noexcept {
    const UINT status = c.fetch(NX_NO_WAIT);
    if (status != NX_SUCCESS) return status;
    static_cast<void>(c.take_in(NX_NO_WAIT, in));
    return NX_SUCCESS;
}

void turn(connection& c, CHAR* in) {
    batch& b = *c.work;
    // Replies that nobody takes fill the window, and then the server takes no more either.
    if (c.moved && !c.unread) {
        c.moved = false;
        look(c, in);
    }
    while (b.next != nullptr && b.under_way < b.window && c.session.wants_mail()) {
        mail_item& m = *b.next;
        b.next = m.behind;
        if (m.at != standing::waiting) continue;
        if (c.session.send(m) != errc::ok) {
            m.failure = NX_SMTP_INVALID_PARAM;
            m.at = standing::done;
            continue;
        }
        m.at = standing::under_way;
        ++b.under_way;
    }
}

/// The content could not be had, or was not what was declared.
bool is_of_body(errc why) noexcept { return why == errc::body_failed || why == errc::content_mismatch; }

void done(connection& c, const action& a) {
    batch& b = *c.work;
    if (a.what == action::kind::answered) {
        const reply said = c.session.last_reply();
        const unsigned digit = said.first_digit();
        b.answer = {.what = digit == 2   ? outcome::accepted
                            : digit == 4 ? outcome::deferred
                                         : outcome::rejected,
                    .error = digit == 2 ? errc::ok : errc::refused,
                    .code = said.code,
                    .enhanced = said.enhanced};
        b.answered = true;
        return;
    }
    mail_item& m = static_cast<mail_item&>(*a.mail);
    m.at = standing::done;
    --b.under_way;
    if (m.failure == NX_SUCCESS) m.failure = c.status;
    for (const recipient& r : m.recipients)
        if ((r.result.code != 0 && r.result.code != 421) || (m.began && is_of_body(r.result.error))) b.answered = true;
}

/// Whether the connection failed this mail, and the server cannot have taken it for anybody.
bool lost(const mail_item& m) noexcept {
    if (m.began && !m.content.repeatable) return false;
    for (const recipient& r : m.recipients) {
        const status& s = r.result;
        if (s.what != outcome::not_attempted && s.what != outcome::deferred) return false;
        const bool goodbye = s.code == 421 && s.where < phase::data;
        const bool of_another = !m.began && is_of_body(s.error);
        if (kind(s.error) != errc_kind::network && !goodbye && !of_another && s.error != errc::mail_limit) return false;
    }
    return m.failure != NX_SMTP_INVALID_PARAM;
}

mail_item* first_waiting(mail_item* m) noexcept {
    while (m != nullptr && m->at != standing::waiting) m = m->behind;
    return m;
}

/// The status for a session that has ended without a mail, and what decided that.
UINT failure_of(connection& c, bool connected, status& result) noexcept {
    if (!connected) return c.status;
    result = {.where = c.session.where(), .error = c.session.error()};
    if (result.error == errc::refused) {
        const reply said = c.session.last_reply();
        result.code = said.code;
        result.enhanced = said.enhanced;
        c.note(nullptr);
    }
    return c.status != NX_SUCCESS ? c.status : status_of(result.error, result.where, NX_SUCCESS);
}

UINT keep(NX_SMTP_CLIENT* client, VOID* mail) {
    mail_item& m = *static_cast<mail_item*>(mail);
    CHAR buffer[buffer_size];
    declare(m.content, m.text, buffer, true);
    m.content.exact_size = m.content.repeatable = true;
    return send_all(client, &m, 1);
}

} // namespace

UINT check_caller(NX_SMTP_CLIENT* client) noexcept {
    if (client == NX_NULL) return NX_PTR_ERROR;
    if (tx_thread_identify() == NX_NULL) return NX_CALLER_ERROR;
    return client->nx_smtp_client_id == NX_SMTP_CLIENT_ID ? NX_SUCCESS : NX_SMTP_CLIENT_NOT_INTIALIZED;
}

bool get_ready(connection& c, bool& kept, CHAR* out, CHAR* in) noexcept {
    NX_SMTP_CLIENT* const client = c.client;
    kept = client->nx_smtp_client_connected != NX_FALSE;
    if (kept) {
        mail_item* const next = c.work->next;
        c.work->next = nullptr;
        const UINT heard = look(c, in);
        const bool stands = heard == NX_NO_PACKET || (heard == NX_SUCCESS && c.converse(out, in));
        c.work->next = next;
        if (stands) return true;
        c.ok(NX_NOT_CONNECTED); // reset: the server has left
        put_away(c, false, out, in);
        c.status = NX_SUCCESS;
        c.sending = c.received = NX_NULL;
        c.inside = false;
        kept = false;
    }
    const auto name = domain::frame(client->nx_smtp_client_domain);
    if (!name) return c.ok(NX_SMTP_INVALID_PARAM);
    if (!c.begin(*name, false) || !c.open()) return false;
    client->nx_smtp_client_connected = NX_TRUE;
    return true;
}

void put_away(connection& c, bool ready, CHAR* out, CHAR* in, bool keep) noexcept {
    NX_SMTP_CLIENT* const client = c.client;
    if (client->nx_smtp_client_connected == NX_FALSE || (ready && keep && client->nx_smtp_client_keeper != NX_NULL))
        return;
    if (ready && c.session.quit() == errc::ok) static_cast<void>(c.converse(out, in));
    c.close();
    client->nx_smtp_client_connected = NX_FALSE;
}

UINT status_for(const mail_item& m, const status& result) noexcept {
    if (result.what == outcome::accepted) return NX_SUCCESS;
    switch (result.error) {
    case errc::ok: return m.failure;
    case errc::extension_unavailable: return NX_SMTP_EXTENSION_UNAVAILABLE;
    case errc::body_failed:
    case errc::content_mismatch: return NX_SMTP_BODY_ERROR;
    case errc::other_refused: return NX_SMTP_OTHER_RECIPIENT_REFUSED;
    case errc::too_many_recipients: return NX_SMTP_TOO_MANY_RECIPIENTS;
    default: break;
    }
    return status_of(result.error, result.where, m.failure);
}

UINT send_all(NX_SMTP_CLIENT* client, mail_item* first, UINT window) noexcept {
    CHAR out[buffer_size], in[buffer_size];
    batch b{turn, done};
    b.window = window;
    while ((b.next = first_waiting(first)) != nullptr) {
        connection c{client, session_of(client)};
        c.work = &b;
        b.answered = false;
        b.under_way = 0;
        bool kept;
        bool ready = get_ready(c, kept, out, in);
        const bool connected = client->nx_smtp_client_connected != NX_FALSE;
        if (ready) ready = c.converse(out, in);
        // A server that takes no more on this connection (LIMITS MAILMAX) is left, and the rest goes by another.
        put_away(c, ready, out, in, first_waiting(first) == nullptr);
        const bool again = kept || b.answered;
        const status end = {.where = connected ? c.session.where() : phase::connect,
                            .error = connected ? c.session.error() : errc::connection_closed};
        for (mail_item* m = first; m != nullptr; m = m->behind) {
            if (again && m->at == standing::done && lost(*m)) m->at = standing::waiting;
            if (again || m->at != standing::waiting) continue;
            m->at = standing::done;
            m->failure = c.status;
            for (recipient& r : m->recipients) r.result = end;
        }
        for (mail_item* m = first; again && m != nullptr; m = m->behind)
            if (m->at == standing::waiting) m->failure = NX_SUCCESS;
    }
    wipe_object(out); // credentials went through it
    // The first that was not accepted, else the last.
    UINT status = NX_SUCCESS;
    postrider::status result;
    for (const mail_item* m = first; m != nullptr && status == NX_SUCCESS; m = m->behind) {
        if (m->recipients.empty()) status = m->failure;
        for (const recipient& r : m->recipients) {
            result = r.result;
            if ((status = status_for(*m, result)) != NX_SUCCESS) break;
        }
    }
    return record(client, status, result);
}

} // namespace postrider::netxduo_client

using namespace postrider::netxduo_client;

UINT nx_smtp_client_mails_send(NX_SMTP_CLIENT* client_ptr, NX_SMTP_MAIL* mails, UINT count, UINT window) {
    if (mails == NX_NULL) return NX_PTR_ERROR;
    if (const UINT status = check_caller(client_ptr); status != NX_SUCCESS) return status;
    if (count == 0 || window == 0) return NX_SMTP_INVALID_PARAM;
    stored_mail* before = nullptr;
    for (UINT i = count; i-- != 0;) {
        UINT status;
        stored_mail* const m = mail_in(&mails[i], status);
        if (m == nullptr) return status;
        m->behind = before;
        before = m;
    }
    for (UINT i = 0; i != count; ++i) {
        UINT status;
        static_cast<void>(prepare(client_ptr, *mail_in(&mails[i], status)));
    }
    return send_all(client_ptr, before, window);
}

UINT nx_smtp_client_session_open(NX_SMTP_CLIENT* client_ptr) {
    if (const UINT status = check_caller(client_ptr); status != NX_SUCCESS) return status;
    if (client_ptr->nx_smtp_client_keeper != NX_NULL) return NX_SUCCESS;
    client_ptr->nx_smtp_client_keeper = keep;
    CHAR out[buffer_size], in[buffer_size];
    connection c{client_ptr, session_of(client_ptr)};
    batch b{turn, done};
    c.work = &b;
    bool kept;
    const bool connects = get_ready(c, kept, out, in);
    const bool ready = connects && c.converse(out, in);
    UINT status = NX_SUCCESS;
    postrider::status result;
    if (!ready) {
        client_ptr->nx_smtp_client_keeper = NX_NULL;
        status = failure_of(c, connects, result);
    }
    put_away(c, ready, out, in);
    wipe_object(out);
    return record(client_ptr, status, result);
}

UINT nx_smtp_client_session_close(NX_SMTP_CLIENT* client_ptr) {
    if (const UINT status = check_caller(client_ptr); status != NX_SUCCESS) return status;
    client_ptr->nx_smtp_client_keeper = NX_NULL;
    CHAR out[buffer_size], in[buffer_size];
    connection c{client_ptr, session_of(client_ptr)};
    batch b{turn, done};
    c.work = &b;
    put_away(c, true, out, in);
    return NX_SUCCESS;
}

UINT nx_smtp_client_command_send(NX_SMTP_CLIENT* client_ptr, UINT command, CHAR* argument) {
    using postrider::errc;
    using postrider::phase;
    if (const UINT status = check_caller(client_ptr); status != NX_SUCCESS) return status;
    const bool known = command == NX_SMTP_COMMAND_NOOP || command == NX_SMTP_COMMAND_RSET ||
                       (command >= NX_SMTP_COMMAND_VRFY && command <= NX_SMTP_COMMAND_ETRN);
    const phase verb = static_cast<phase>(command);
    if (!known) return record(client_ptr, NX_SMTP_INVALID_PARAM, {});
    CHAR out[buffer_size], in[buffer_size];
    for (;;) {
        connection c{client_ptr, session_of(client_ptr)};
        batch b{turn, done};
        c.work = &b;
        bool kept;
        const bool connected = get_ready(c, kept, out, in);
        bool ready = connected && c.converse(out, in);
        UINT status = NX_SUCCESS;
        if (ready) {
            if (c.session.ask(verb, argument == NX_NULL ? "" : argument) != errc::ok) status = NX_SMTP_INVALID_PARAM;
            else ready = c.converse(out, in);
        }
        put_away(c, ready, out, in);
        wipe_object(out);
        postrider::status result;
        if (b.answered) {
            result = b.answer;
            result.where = verb;
            return record(client_ptr, result.error == errc::ok ? NX_SUCCESS : NX_SMTP_SERVER_ERROR_REPLY, result);
        }
        if (status == NX_SUCCESS && kept) continue; // the connection was kept, and is gone: once more on a new one
        if (status == NX_SUCCESS) status = failure_of(c, connected, result);
        return record(client_ptr, status, result);
    }
}

#endif

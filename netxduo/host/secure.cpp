// NetX Secure's services: sessions, waits and packets. The TLS itself is a library's, behind tls_engine.
//
// One thread may send while another receives. Each way has its mutex: records must leave in the order in which they were
// encrypted, so a sender keeps its mutex until its record has left, and a receiver keeps its own while it waits, so that what
// one thread has begun to read does not go to another. The engine itself serves one at a time, by a lock that nobody holds
// while waiting. Whatever stands in `outgoing` is taken out under the sender's mutex alone, whoever caused it: an answer to
// a key update waits there for the next send if somebody is sending.

#include "secure.hpp"

#include "kernel.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>

using namespace postrider::netxduo_host;

namespace {

constexpr std::size_t largest_record = 16384;
constexpr ULONG record_header = 5 + 16; // with an explicit vector: what NetX Secure keeps free in front of the data
constexpr ULONG metadata_size = 8928;   // about what NetX Crypto's table wants on a 32-bit target

struct connection {
    std::unique_ptr<tls_engine> engine;
    std::mutex engine_lock;
    row plain; // of a record that the pool had no packets for
    std::array<UCHAR, largest_record> record;
    std::atomic<bool> sending{false}, receiving{false};
};

bool alive(const NX_SECURE_TLS_SESSION* session) { return session && session->nx_secure_tls_id == NX_SECURE_TLS_ID; }

connection* connection_of(const NX_SECURE_TLS_SESSION& session) {
    return static_cast<connection*>(session.nx_secure_tls_host_connection);
}

UINT check(const NX_SECURE_TLS_SESSION* session) {
    if (!session) return NX_PTR_ERROR;
    return alive(session) ? NX_SUCCESS : NX_SECURE_TLS_SESSION_UNINITIALIZED;
}

UINT check_use(const NX_SECURE_TLS_SESSION* session, const VOID* argument) {
    if (!session || !argument) return NX_PTR_ERROR;
    if (!tx_thread_identify()) return NX_CALLER_ERROR;
    return check(session);
}

class turn {
public:
    turn(TX_MUTEX& mutex, ULONG wait) : mutex_(mutex), status_(tx_mutex_get(&mutex, wait)) {}
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
        if (taken()) tx_mutex_put(&mutex_);
    }
    [[nodiscard]] bool taken() const { return status_ == TX_SUCCESS; }
    // NX_WAIT_ABORTED where that is why, `late` otherwise.
    [[nodiscard]] UINT refusal(UINT late) const { return status_ == TX_WAIT_ABORTED ? NX_WAIT_ABORTED : late; }

private:
    TX_MUTEX& mutex_;
    UINT status_;
};

UINT unless_aborted(UINT status, UINT otherwise) { return status == NX_WAIT_ABORTED ? status : otherwise; }

// ----- packets

ULONG tcp_room(const NX_TCP_SOCKET& socket) {
    return socket.nx_tcp_socket_connect_ip.nxd_ip_version == NX_IP_VERSION_V6 ? ULONG{NX_IPv6_TCP_PACKET}
                                                                              : ULONG{NX_IPv4_TCP_PACKET};
}

// Puts at most `most` octets into an empty packet, chained as long as the pool has packets at once. Waiting for more would be
// waiting for oneself where the pool is small; what did not fit goes into the next packet.
std::size_t fill(NX_PACKET& packet, octets from, NX_PACKET_POOL& pool, std::size_t most) {
    // data_append reads only.
    nx_packet_data_append(&packet, const_cast<UCHAR*>(from.data()), static_cast<ULONG>(std::min(from.size(), most)),
                          &pool, NX_NO_WAIT);
    return packet.nx_packet_length;
}

NX_PACKET* last_of(NX_PACKET& chain) {
    NX_PACKET* last = &chain;
    while (last->nx_packet_next) last = last->nx_packet_next;
    return last;
}

void cut_behind(NX_PACKET& chain, NX_PACKET& last) {
    NX_PACKET* surplus = last.nx_packet_next;
    last.nx_packet_next = nullptr;
    chain.nx_packet_last = &last == &chain ? nullptr : &last;
    if (surplus) nx_packet_release(surplus);
}

UCHAR* beginning(const NX_PACKET& piece, bool first, ULONG room) {
    return piece.nx_packet_data_start + (first ? room : 0);
}

// Chains empty packets until `size` octets fit. Where the pool has none the chain is as it was.
UINT extend(NX_PACKET& chain, ULONG room, std::size_t size, ULONG wait) {
    std::size_t fits = 0;
    for (const NX_PACKET* piece = &chain; piece; piece = piece->nx_packet_next)
        fits += static_cast<std::size_t>(piece->nx_packet_data_end - beginning(*piece, piece == &chain, room));
    NX_PACKET* const was_last = last_of(chain);
    for (NX_PACKET* last = was_last; fits < size; last = last->nx_packet_next) {
        NX_PACKET* more = nullptr;
        const UINT status = nx_packet_allocate(chain.nx_packet_pool_owner, &more, NX_RECEIVE_PACKET, wait);
        if (status != NX_SUCCESS) {
            cut_behind(chain, *was_last);
            return unless_aborted(status, NX_SECURE_TLS_ALLOCATE_PACKET_FAILED);
        }
        chain.nx_packet_last = last->nx_packet_next = more;
        fits += static_cast<std::size_t>(more->nx_packet_data_end - more->nx_packet_data_start);
    }
    return NX_SUCCESS;
}

// Lays the octets into a chain that has room for them; packets that are not needed are released.
void lay(NX_PACKET& chain, ULONG room, row& from) {
    chain.nx_packet_length = 0;
    for (NX_PACKET* piece = &chain;; piece = piece->nx_packet_next) {
        piece->nx_packet_prepend_ptr = beginning(*piece, piece == &chain, room);
        const auto fits = static_cast<std::size_t>(piece->nx_packet_data_end - piece->nx_packet_prepend_ptr);
        const std::size_t here = from.take(piece->nx_packet_prepend_ptr, fits);
        piece->nx_packet_append_ptr = piece->nx_packet_prepend_ptr + here;
        chain.nx_packet_length += static_cast<ULONG>(here);
        if (from.empty()) return cut_behind(chain, *piece);
    }
}

std::vector<UCHAR> copy_of(const NX_PACKET& chain) {
    std::vector<UCHAR> copy;
    copy.reserve(chain.nx_packet_length);
    for (const NX_PACKET* piece = &chain; piece; piece = piece->nx_packet_next)
        copy.insert(copy.end(), piece->nx_packet_prepend_ptr, piece->nx_packet_append_ptr);
    return copy;
}

// ----- octets over TCP

// Sends what the engine wants sent; the caller has the sender's mutex.
UINT flush(NX_SECURE_TLS_SESSION& session, connection& c, ULONG wait) {
    NX_TCP_SOCKET& socket = *session.nx_secure_tls_tcp_socket;
    NX_PACKET_POOL& pool = *session.nx_secure_tls_packet_pool;
    for (;;) {
        {
            const std::lock_guard lock(c.engine_lock);
            if (c.engine->outgoing.empty()) return NX_SUCCESS;
        }
        NX_PACKET* packet = nullptr;
        UINT status = nx_packet_allocate(&pool, &packet, tcp_room(socket), wait);
        if (status != NX_SUCCESS) return unless_aborted(status, NX_SECURE_TLS_ALLOCATE_PACKET_FAILED);
        {
            const std::lock_guard lock(c.engine_lock);
            c.engine->outgoing.drop(
                fill(*packet, c.engine->outgoing.waiting(), pool, socket.nx_tcp_socket_connect_mss));
        }
        status = nx_tcp_socket_send(&socket, packet, wait);
        if (status == NX_SUCCESS) continue;
        nx_packet_release(packet);
        c.sending = false; // what was in the packet is lost
        return unless_aborted(status, NX_SECURE_TLS_TCP_SEND_FAILED);
    }
}

// Takes one segment to the engine.
UINT feed(NX_SECURE_TLS_SESSION& session, connection& c, ULONG wait) {
    NX_PACKET* packet = nullptr;
    const UINT status = nx_tcp_socket_receive(session.nx_secure_tls_tcp_socket, &packet, wait);
    if (status != NX_SUCCESS) return status;
    {
        const std::lock_guard lock(c.engine_lock);
        for (const NX_PACKET* piece = packet; piece; piece = piece->nx_packet_next)
            c.engine->incoming.put({piece->nx_packet_prepend_ptr, piece->nx_packet_append_ptr});
    }
    nx_packet_release(packet);
    return NX_SUCCESS;
}

UINT shake_hands(NX_SECURE_TLS_SESSION& session, connection& c, ULONG wait) {
    for (;;) {
        progress made;
        {
            const std::lock_guard lock(c.engine_lock);
            made = c.engine->handshake();
        }
        const UINT sent = flush(session, c, wait); // of a handshake that failed, the alert
        switch (made) {
        case progress::failed: return c.engine->failure;
        case progress::closed: return NX_SECURE_TLS_CLOSE_NOTIFY_RECEIVED;
        case progress::done: return sent;
        case progress::needs_input: break;
        }
        if (sent != NX_SUCCESS) return sent;
        if (const UINT status = feed(session, c, wait); status != NX_SUCCESS) return status;
    }
}

// Has the engine read a record into `plain`, and sends what it answers, unless somebody is sending. What is not sent stays
// for the next send.
progress read_record(NX_SECURE_TLS_SESSION& session, connection& c, ULONG wait) {
    progress made;
    bool answers;
    {
        const std::lock_guard lock(c.engine_lock);
        std::size_t got = 0;
        made = c.engine->read(c.record.data(), c.record.size(), got);
        c.plain.put({c.record.data(), got});
        answers = !c.engine->outgoing.empty();
    }
    if (made == progress::failed || made == progress::closed) c.receiving = false;
    if (answers && c.sending) {
        const turn sender(session.nx_secure_tls_host_transmit, NX_NO_WAIT);
        if (sender.taken()) (void)flush(session, c, wait);
    }
    if (made == progress::failed) c.sending = false;
    return made;
}

UINT hand_over(NX_SECURE_TLS_SESSION& session, connection& c, NX_PACKET*& packet, ULONG wait) {
    NX_PACKET_POOL& pool = *session.nx_secure_tls_packet_pool;
    const UINT status = nx_packet_allocate(&pool, &packet, NX_RECEIVE_PACKET, wait);
    if (status != NX_SUCCESS) return unless_aborted(status, NX_SECURE_TLS_ALLOCATE_PACKET_FAILED);
    c.plain.drop(fill(*packet, c.plain.waiting(), pool, largest_record));
    return NX_SUCCESS;
}

// What is left of a wait that began at `start`.
ULONG rest_of(ULONG wait, ULONG start) {
    if (wait == NX_WAIT_FOREVER) return wait;
    const ULONG passed = tx_time_get() - start;
    return passed < wait ? wait - passed : NX_NO_WAIT;
}

UINT await_close_notify(NX_SECURE_TLS_SESSION& session, connection& c, ULONG wait) {
    const ULONG start = tx_time_get();
    const turn receiver(session.nx_secure_tls_host_receive, wait);
    if (!receiver.taken()) return receiver.refusal(NX_SECURE_TLS_NO_CLOSE_RESPONSE);
    while (c.receiving) {
        switch (read_record(session, c, NX_NO_WAIT)) {
        case progress::done: c.plain = {}; break;
        case progress::closed: break;
        case progress::failed: return NX_SECURE_TLS_NO_CLOSE_RESPONSE;
        case progress::needs_input:
            if (const UINT status = feed(session, c, rest_of(wait, start)); status != NX_SUCCESS) {
                c.receiving = false;
                return unless_aborted(status, NX_SECURE_TLS_NO_CLOSE_RESPONSE);
            }
        }
    }
    return NX_SUCCESS;
}

// ----- certificates

UINT add(NX_SECURE_X509_CERT*& list, NX_SECURE_X509_CERT& certificate) {
    NX_SECURE_X509_CERT** end = &list;
    for (; *end; end = &(*end)->nx_secure_x509_next_certificate)
        if (*end == &certificate) return NX_SECURE_TLS_CERT_ID_DUPLICATE; // it would make the list a ring
    certificate.nx_secure_x509_next_certificate = nullptr;
    *end = &certificate;
    return NX_SUCCESS;
}

UINT add_known(NX_SECURE_TLS_SESSION* session, NX_SECURE_X509_CERT* NX_SECURE_TLS_SESSION::*list,
               NX_SECURE_X509_CERT* certificate) {
    if (!certificate) return NX_PTR_ERROR;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    if (!certificate->nx_secure_x509_certificate_raw_data) return NX_INVALID_PARAMETERS;
    return add(session->*list, *certificate);
}

// The peer's certificates that the application has given room for are free again; those of the packet buffer are forgotten.
void free_remote_chain(NX_SECURE_TLS_SESSION& session) {
    const auto* buffer = session.nx_secure_tls_packet_buffer;
    const auto begin = reinterpret_cast<std::uintptr_t>(buffer);
    while (NX_SECURE_X509_CERT* certificate = session.nx_secure_tls_host_remote) {
        session.nx_secure_tls_host_remote = certificate->nx_secure_x509_next_certificate;
        const auto at = reinterpret_cast<std::uintptr_t>(certificate);
        if (buffer && at >= begin && at - begin < session.nx_secure_tls_packet_buffer_size) continue;
        certificate->nx_secure_x509_certificate_raw_data = nullptr;
        certificate->nx_secure_x509_certificate_raw_data_length = 0;
        (void)add(session.nx_secure_tls_host_free, *certificate);
    }
}

// The application's next certificate, or one at the end of the packet buffer, which shrinks by it. NULL with `status`.
NX_SECURE_X509_CERT* room_for(NX_SECURE_TLS_SESSION& session, std::size_t size, ULONG& buffer_left, UINT& status) {
    status = NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE;
    if (NX_SECURE_X509_CERT* certificate = session.nx_secure_tls_host_free) {
        if (certificate->nx_secure_x509_certificate_raw_buffer_size < size) return nullptr;
        session.nx_secure_tls_host_free = certificate->nx_secure_x509_next_certificate;
        return certificate;
    }
    const std::size_t wanted = sizeof(NX_SECURE_X509_CERT) + size + alignof(NX_SECURE_X509_CERT);
    if (buffer_left < wanted) return nullptr;
    buffer_left -= static_cast<ULONG>(wanted);
    VOID* at = session.nx_secure_tls_packet_buffer + buffer_left;
    std::size_t space = wanted;
    std::align(alignof(NX_SECURE_X509_CERT), sizeof(NX_SECURE_X509_CERT) + size, at, space);
    auto* certificate = static_cast<NX_SECURE_X509_CERT*>(at);
    *certificate = {};
    certificate->nx_secure_x509_certificate_raw_buffer = reinterpret_cast<UCHAR*>(certificate + 1);
    certificate->nx_secure_x509_certificate_raw_buffer_size = static_cast<UINT>(size);
    return certificate;
}

void forget_connection(NX_SECURE_TLS_SESSION& session) {
    delete connection_of(session);
    session.nx_secure_tls_host_connection = nullptr;
    session.nx_secure_tls_tcp_socket = nullptr;
    free_remote_chain(session);
}

} // namespace

const NX_SECURE_TLS_CRYPTO nx_crypto_tls_ciphers = {metadata_size};
const NX_SECURE_TLS_CRYPTO nx_crypto_tls_ciphers_ecc = {metadata_size};

UINT postrider::netxduo_host::keep_remote_chain(NX_SECURE_TLS_SESSION& session, std::span<const octets> chain) {
    // The message with the certificates is put together in the packet buffer.
    std::size_t message = 4 + 3;
    for (const octets der : chain) message += 3 + der.size();
    if (message > session.nx_secure_tls_packet_buffer_size) return NX_SECURE_TLS_PACKET_BUFFER_TOO_SMALL;

    free_remote_chain(session);
    ULONG buffer_left = session.nx_secure_tls_packet_buffer_size;
    for (const octets der : chain) {
        UINT status;
        NX_SECURE_X509_CERT* certificate = room_for(session, der.size(), buffer_left, status);
        if (!certificate) return status;
        std::memcpy(certificate->nx_secure_x509_certificate_raw_buffer, der.data(), der.size());
        certificate->nx_secure_x509_certificate_raw_data = certificate->nx_secure_x509_certificate_raw_buffer;
        certificate->nx_secure_x509_certificate_raw_data_length = static_cast<UINT>(der.size());
        (void)add(session.nx_secure_tls_host_remote, *certificate);
        if (!parse_certificate(*certificate)) return NX_SECURE_TLS_INVALID_SERVER_CERT;
    }
    return chain.empty() ? NX_SECURE_TLS_CERTIFICATE_NOT_FOUND : NX_SUCCESS;
}

ULONG postrider::netxduo_host::application_time(const NX_SECURE_TLS_SESSION& session) {
    const auto clock = session.nx_secure_tls_session_time_function;
    return clock ? clock() : 0;
}

UINT postrider::netxduo_host::application_verdict(NX_SECURE_TLS_SESSION& session) {
    const auto callback = session.nx_secure_tls_session_certificate_callback;
    return callback ? callback(&session, session.nx_secure_tls_host_remote) : NX_SUCCESS;
}

VOID nx_secure_tls_initialize(VOID) {}

UINT nx_secure_tls_metadata_size_calculate(const NX_SECURE_TLS_CRYPTO* table, ULONG* size) {
    if (!table || !size) return NX_PTR_ERROR;
    *size = table->nx_secure_tls_host_metadata_size;
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_create(NX_SECURE_TLS_SESSION* session, const NX_SECURE_TLS_CRYPTO* table, VOID* metadata,
                                  ULONG size) {
    if (!session || !table || !metadata || alive(session)) return NX_PTR_ERROR;
    if (size < table->nx_secure_tls_host_metadata_size) return NX_SIZE_ERROR;
    static CHAR transmit[] = "TLS transmit", receive[] = "TLS receive";
    *session = {};
    tx_mutex_create(&session->nx_secure_tls_host_transmit, transmit, TX_NO_INHERIT);
    tx_mutex_create(&session->nx_secure_tls_host_receive, receive, TX_NO_INHERIT);
    session->nx_secure_tls_id = NX_SECURE_TLS_ID;
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_delete(NX_SECURE_TLS_SESSION* session) {
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    forget_connection(*session);
    tx_mutex_delete(&session->nx_secure_tls_host_transmit);
    tx_mutex_delete(&session->nx_secure_tls_host_receive);
    *session = {};
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_reset(NX_SECURE_TLS_SESSION* session) {
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    forget_connection(*session);
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_packet_buffer_set(NX_SECURE_TLS_SESSION* session, UCHAR* buffer, ULONG size) {
    if (!buffer) return NX_PTR_ERROR;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    free_remote_chain(*session); // some may be in the old one
    session->nx_secure_tls_packet_buffer = buffer;
    session->nx_secure_tls_packet_buffer_size = size;
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_protocol_version_override(NX_SECURE_TLS_SESSION* session, USHORT version) {
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    if (!version_supported(version)) return NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION;
    session->nx_secure_tls_protocol_version_override = version;
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_sni_extension_set(NX_SECURE_TLS_SESSION* session, NX_SECURE_X509_DNS_NAME* name) {
    if (!name) return NX_PTR_ERROR;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    session->nx_secure_tls_sni_extension_server_name = name;
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_time_function_set(NX_SECURE_TLS_SESSION* session, ULONG (*clock)(VOID)) {
    if (!clock) return NX_PTR_ERROR;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    session->nx_secure_tls_session_time_function = clock;
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_certificate_callback_set(NX_SECURE_TLS_SESSION* session,
                                                    ULONG (*callback)(NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT*)) {
    if (!callback) return NX_PTR_ERROR;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    session->nx_secure_tls_session_certificate_callback = callback;
    return NX_SUCCESS;
}

UINT nx_secure_tls_trusted_certificate_add(NX_SECURE_TLS_SESSION* session, NX_SECURE_X509_CERT* certificate) {
    return add_known(session, &NX_SECURE_TLS_SESSION::nx_secure_tls_host_trusted, certificate);
}

UINT nx_secure_tls_local_certificate_add(NX_SECURE_TLS_SESSION* session, NX_SECURE_X509_CERT* certificate) {
    return add_known(session, &NX_SECURE_TLS_SESSION::nx_secure_tls_host_local, certificate);
}

UINT nx_secure_tls_remote_certificate_allocate(NX_SECURE_TLS_SESSION* session, NX_SECURE_X509_CERT* certificate,
                                               UCHAR* buffer, UINT size) {
    if (!certificate || !buffer) return NX_PTR_ERROR;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    if (size == 0) return NX_INVALID_PARAMETERS;
    for (const auto* other = session->nx_secure_tls_host_free; other; other = other->nx_secure_x509_next_certificate)
        if (other == certificate) return NX_SECURE_TLS_CERT_ID_DUPLICATE;
    *certificate = {};
    certificate->nx_secure_x509_certificate_raw_buffer = buffer;
    certificate->nx_secure_x509_certificate_raw_buffer_size = size;
    return add(session->nx_secure_tls_host_free, *certificate);
}

UINT nx_secure_tls_session_start(NX_SECURE_TLS_SESSION* session, NX_TCP_SOCKET* socket, ULONG wait) {
    if (const UINT status = check_use(session, socket); status != NX_SUCCESS) return status;
    if (socket->nx_tcp_socket_id != NX_TCP_ID || socket->nx_tcp_socket_state < NX_TCP_ESTABLISHED)
        return NX_NOT_CONNECTED;
    forget_connection(*session);
    session->nx_secure_tls_received_alert_level = session->nx_secure_tls_received_alert_value = 0;
    session->nx_secure_tls_tcp_socket = socket;
    session->nx_secure_tls_packet_pool = socket->nx_tcp_socket_ip_ptr->nx_ip_default_packet_pool;

    UINT status = NX_SUCCESS;
    auto* c = new connection;
    session->nx_secure_tls_host_connection = c;
    c->engine = make_engine(*session, status);
    if (c->engine) status = shake_hands(*session, *c, wait);
    if (status != NX_SUCCESS) {
        forget_connection(*session);
        return status;
    }
    session->nx_secure_tls_protocol_version = c->engine->version();
    c->sending = c->receiving = true;
    return NX_SUCCESS;
}

UINT nx_secure_tls_packet_allocate(NX_SECURE_TLS_SESSION* session, NX_PACKET_POOL* pool, NX_PACKET** packet,
                                   ULONG wait) {
    if (!pool || !packet) return NX_PTR_ERROR;
    *packet = nullptr;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    if (!session->nx_secure_tls_tcp_socket) return NX_SECURE_TLS_SESSION_UNINITIALIZED;
    const ULONG room = tcp_room(*session->nx_secure_tls_tcp_socket);
    UINT status = nx_packet_allocate(pool, packet, room, wait);
    if (status != NX_SUCCESS) return unless_aborted(status, NX_SECURE_TLS_ALLOCATE_PACKET_FAILED);
    NX_PACKET& made = **packet;
    if (static_cast<ULONG>(made.nx_packet_data_end - made.nx_packet_prepend_ptr) < record_header) {
        nx_packet_release(*packet);
        *packet = nullptr;
        return NX_SECURE_TLS_ALLOCATE_PACKET_FAILED;
    }
    made.nx_packet_prepend_ptr = made.nx_packet_append_ptr = made.nx_packet_prepend_ptr + record_header;
    return NX_SUCCESS;
}

UINT nx_secure_tls_session_send(NX_SECURE_TLS_SESSION* session, NX_PACKET* packet, ULONG wait) {
    if (const UINT status = check_use(session, packet); status != NX_SUCCESS) return status;
    const turn sender(session->nx_secure_tls_host_transmit,
                      NX_WAIT_FOREVER); // whoever has it waits for a time of its own
    if (!sender.taken()) return sender.refusal(NX_SECURE_TLS_SESSION_UNINITIALIZED);
    connection* const c = connection_of(*session);
    if (!c || !c->sending) return NX_SECURE_TLS_SESSION_UNINITIALIZED;
    const ULONG room = tcp_room(*session->nx_secure_tls_tcp_socket);
    if (packet->nx_packet_length == 0 || packet->nx_packet_prepend_ptr < packet->nx_packet_data_start ||
        packet->nx_packet_prepend_ptr - packet->nx_packet_data_start <
            static_cast<std::ptrdiff_t>(room + record_header))
        return NX_SECURE_TLS_INVALID_PACKET;
    if (const UINT status = flush(*session, *c, wait); status != NX_SUCCESS) return status;

    // All the room that the record may need, before it is encrypted: one that is encrypted must leave, or nothing can any more.
    const std::size_t size = packet->nx_packet_length;
    const std::size_t records = (size + largest_record - 1) / largest_record;
    if (const UINT status = extend(*packet, room, size + records * c->engine->expansion(), wait); status != NX_SUCCESS)
        return status;
    {
        const auto plain = copy_of(*packet);
        const std::lock_guard lock(c->engine_lock);
        row& cipher = c->engine->outgoing;
        if (c->engine->write(plain) != progress::done ||
            extend(*packet, room, cipher.waiting().size(), NX_NO_WAIT) != NX_SUCCESS) {
            c->sending = false;
            return NX_SECURE_TLS_TCP_SEND_FAILED;
        }
        lay(*packet, room, cipher);
    }
    const UINT status = nx_tcp_socket_send(session->nx_secure_tls_tcp_socket, packet, wait);
    if (status == NX_SUCCESS) return NX_SUCCESS;
    c->sending = false;
    return unless_aborted(status, NX_SECURE_TLS_TCP_SEND_FAILED);
}

UINT nx_secure_tls_session_receive(NX_SECURE_TLS_SESSION* session, NX_PACKET** packet, ULONG wait) {
    if (const UINT status = check_use(session, packet); status != NX_SUCCESS) return status;
    *packet = nullptr;
    const turn receiver(session->nx_secure_tls_host_receive, wait);
    if (!receiver.taken()) return receiver.refusal(NX_NO_PACKET);
    connection* const c = connection_of(*session);
    if (!c) return NX_SECURE_TLS_SESSION_UNINITIALIZED;
    for (;;) {
        if (!c->plain.empty()) return hand_over(*session, *c, *packet, wait);
        if (!c->receiving) return NX_SECURE_TLS_SESSION_UNINITIALIZED;
        switch (read_record(*session, *c, wait)) {
        case progress::done: break;
        case progress::closed: return NX_SECURE_TLS_CLOSE_NOTIFY_RECEIVED;
        case progress::failed: return c->engine->failure;
        case progress::needs_input:
            if (const UINT status = feed(*session, *c, wait); status != NX_SUCCESS) return status;
        }
    }
}

UINT nx_secure_tls_session_end(NX_SECURE_TLS_SESSION* session, ULONG wait) {
    if (const UINT status = check_use(session, session); status != NX_SUCCESS) return status;
    connection* const c = connection_of(*session);
    if (!c) return NX_SECURE_TLS_SESSION_UNINITIALIZED;
    {
        const turn sender(session->nx_secure_tls_host_transmit, NX_WAIT_FOREVER);
        if (!sender.taken()) return sender.refusal(NX_SECURE_TLS_SESSION_UNINITIALIZED);
        if (!c->sending.exchange(false)) {
            c->receiving = false;
            return NX_SECURE_TLS_SESSION_UNINITIALIZED;
        }
        {
            const std::lock_guard lock(c->engine_lock);
            c->engine->say_close_notify();
        }
        if (const UINT status = flush(*session, *c, wait); status != NX_SUCCESS) {
            c->receiving = false;
            return status;
        }
    }
    return await_close_notify(*session, *c, wait);
}

UINT nx_secure_tls_session_alert_value_get(NX_SECURE_TLS_SESSION* session, UINT* level, UINT* value) {
    if (!level || !value) return NX_PTR_ERROR;
    if (const UINT status = check(session); status != NX_SUCCESS) return status;
    *level = session->nx_secure_tls_received_alert_level;
    *value = session->nx_secure_tls_received_alert_value;
    return NX_SUCCESS;
}

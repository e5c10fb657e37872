#include "sessions.hpp"

#include <utility>

namespace postrider::openssl_detail {

void sessions::drop(std::size_t i) noexcept {
    for (--size_; i != size_; ++i) std::swap(entries_[i], entries_[i + 1]);
    entries_[size_].session.reset();
}

void sessions::save(const session_key& key, const SSL_SESSION* session, tls_verdict verdict) noexcept {
    if (SSL_SESSION_is_resumable(session) == 0) return;
    owned<SSL_SESSION> copy{SSL_SESSION_dup(session)};
    if (!copy) return;
    const bool once = SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
    const std::lock_guard lock{mutex_};
    std::size_t same = 0, oldest = 0;
    for (std::size_t i = size_; i-- != 0;)
        if (entries_[i].key == key) {
            ++same;
            oldest = i;
        }
    if (same == (once ? per_key : 1)) drop(oldest);
    if (size_ == entries_.size()) drop(0);
    entries_[size_].key = key;
    entries_[size_].session = std::move(copy);
    entries_[size_++].verdict = verdict;
}

owned<SSL_SESSION> sessions::take(const session_key& key, tls_verdict& verdict) noexcept {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = size_; i-- != 0;) {
        if (!(entries_[i].key == key)) continue;
        X509* const peer = SSL_SESSION_get0_peer(entries_[i].session.get());
        // A certificate that has ended since is looked at again, in a full handshake.
        if (peer == nullptr || X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0) {
            drop(i);
            continue;
        }
        verdict = entries_[i].verdict;
        if (SSL_SESSION_get_protocol_version(entries_[i].session.get()) < TLS1_3_VERSION)
            return owned<SSL_SESSION>{SSL_SESSION_dup(entries_[i].session.get())};
        owned<SSL_SESSION> session = std::move(entries_[i].session);
        drop(i);
        return session;
    }
    return {};
}

void sessions::forget(const session_key& key) noexcept {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = size_; i-- != 0;)
        if (entries_[i].key == key) drop(i);
}

} // namespace postrider::openssl_detail

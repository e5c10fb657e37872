// posix_stream, once it is connected: octets in both directions, and the ends that a connection can find.
#include "address.hpp"
#include "socket.hpp"
#include "system_error.hpp"
#include "wait.hpp"

#include <algorithm>
#include <limits.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace postrider {
namespace {

using posix_detail::from_errno;

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;         // prepare_socket() has set SO_NOSIGPIPE
#endif

// What one sendmsg takes. The octets are bounded because some systems refuse (EINVAL), and others silently
// shorten, a message whose size does not fit an int.
#ifdef IOV_MAX
constexpr std::size_t max_texts = std::min<std::size_t>(IOV_MAX, 1024);
#else
constexpr std::size_t max_texts = 16; // the least that POSIX lets a system have
#endif
constexpr std::size_t max_octets = std::size_t{1} << 30;

bool would_block(int number) noexcept { return number == EAGAIN || number == EWOULDBLOCK; }

// The texts of a flight that are still to be written.
class unsent {
public:
    explicit unsent(std::span<const std::string_view> texts) noexcept : texts_(texts) { consume(0); }

    [[nodiscard]] bool empty() const noexcept { return texts_.empty(); }

    // As much as one sendmsg takes: how many of `pieces` were filled, and the octets in them.
    [[nodiscard]] std::pair<std::size_t, std::size_t> gather(std::array<iovec, max_texts>& pieces) const noexcept {
        std::size_t count = 0;
        std::size_t octets = 0;
        std::size_t skipped = offset_;
        for (auto text = texts_.begin(); text != texts_.end() && count < max_texts && octets < max_octets; ++text) {
            const auto size = std::min(text->size() - skipped, max_octets - octets);
            // sendmsg does not write through iov_base; it is not const because recvmsg shares the type.
            if (size != 0) pieces[count++] = {const_cast<char*>(text->data()) + skipped, size};
            octets += size;
            skipped = 0;
        }
        return {count, octets};
    }

    // Also passes over empty texts, so that empty() is exact.
    void consume(std::size_t octets) noexcept {
        while (!texts_.empty() && octets >= texts_.front().size() - offset_) {
            octets -= texts_.front().size() - offset_;
            texts_ = texts_.subspan(1);
            offset_ = 0;
        }
        offset_ += octets;
    }

private:
    std::span<const std::string_view> texts_;
    std::size_t offset_ = 0; // into the first of them
};

// Hands over what the socket takes now. `ok` with something left: it would block. A message that was taken in
// part says the same as EAGAIN, and saves the call that would say it.
errc send_some(int descriptor, unsent& flight, std::size_t& written) noexcept {
    std::array<iovec, max_texts> pieces; // 16 KB of which only the part in use is touched
    while (!flight.empty()) {
        const auto [count, octets] = flight.gather(pieces);
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
        const auto sent = ::sendmsg(descriptor, &message, send_flags);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return would_block(errno) ? errc::ok : from_errno(errno);
        const auto taken = static_cast<std::size_t>(sent);
        written += taken;
        flight.consume(taken);
        if (taken < octets) return errc::ok;
    }
    return errc::ok;
}

ssize_t receive_some(int descriptor, std::span<char> in, int flags) noexcept {
    for (;;) {
        const auto received = ::recv(descriptor, in.data(), in.size(), flags);
        if (received >= 0 || errno != EINTR) return received;
    }
}

} // namespace

posix_stream::posix_stream(posix_stream&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      fault_(other.fault_),
      ended_(other.ended_),
      more_expected_(other.more_expected_),
      ack_(other.ack_),
      canceller_(other.canceller_) {}

posix_stream& posix_stream::operator=(posix_stream&& other) noexcept {
    if (this == &other) return *this;
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    fault_ = other.fault_;
    ended_ = other.ended_;
    more_expected_ = other.more_expected_;
    ack_ = other.ack_;
    canceller_ = other.canceller_;
    return *this;
}

errc posix_stream::adopt(int descriptor) noexcept {
    if (is_open()) return errc::wrong_state;
    if (!posix_detail::prepare_socket(descriptor)) return errc::system_failure;
    descriptor_ = descriptor;
    fault_ = errc::ok;
    ended_ = more_expected_ = false;
    ack_ = ack::none_due;
    return errc::ok;
}

transfer_result posix_stream::transfer(std::span<const std::string_view> out, std::span<char> in,
                                       deadline until) noexcept {
    transfer_result result;
    unsent flight(out);
    const bool writing = !flight.empty();
    if (!writing && in.empty()) return result;
    if (!is_open()) {
        result.error = errc::wrong_state;
        return result;
    }
    if (canceller_ != nullptr && canceller_->cancelled()) {
        result.error = errc::cancelled;
        return result;
    }
    for (bool readable = more_expected_ && !writing;;) {
        if (writing && fault_ == errc::ok) fault_ = send_some(descriptor_, flight, result.written);
        if (result.written != 0) ack_ = ack::none_due; // it went with these octets
        if (writing && flight.empty()) return result;
        // After a failed write there may still be octets that came before the failure - a 421 that says why.
        if ((fault_ != errc::ok || readable) && receive(in, result)) return result;
        const bool listening = !in.empty() && !(writing && ended_);
        // Without time there is nothing to ask poll() for: the read that it would allow says as much. And wait() says timed_out
        // only if nothing is ready: a peer that always takes a little more must not carry the loop past the deadline.
        if (until != never && std::chrono::steady_clock::now() >= until) {
            if (listening && receive(in, result)) return result;
            acknowledge();
            result.error = errc::timed_out;
            return result;
        }
        acknowledge();
        pollfd self{descriptor_, static_cast<short>((writing ? POLLOUT : 0) | (listening ? POLLIN : 0)), 0};
        result.error = posix_detail::wait({&self, 1}, canceller_, until);
        if (result.error != errc::ok) return result;
        // An error or hang-up shows in the write or the read that it spoils, after all that came before it.
        readable = listening && (self.revents & (POLLIN | POLLHUP | POLLERR)) != 0;
    }
}

// Reads without waiting; true if that settles the outcome. Octets come before the error that broke the
// connection, and that error before an end of stream: after a failed write the system says "end of stream"
// although it was a reset.
bool posix_stream::receive(std::span<char> in, transfer_result& result) noexcept {
    more_expected_ = false;
    if (!in.empty()) {
        const auto received = receive_some(descriptor_, in, 0);
        if (received > 0) {
            result.read = static_cast<std::size_t>(received);
            if (ack_ == ack::none_due) ack_ = ack::due;
            more_expected_ = result.read == in.size();
            return true;
        }
        if (received < 0 && !would_block(errno) && fault_ == errc::ok) fault_ = from_errno(errno);
        if (received == 0 && fault_ == errc::ok) {
            ended_ = result.end_of_stream = true;
            return true;
        }
    }
    result.error = fault_;
    return fault_ != errc::ok;
}

// Whoever waits for more after it has read something waits, where Nagle's algorithm is on at the peer, for its own delayed ACK,
// 40 ms: Postfix sends TLS tickets and then the reply to EHLO, and the replies to MAIL and RCPT before that to BDAT, without a word
// of ours between. Where a reply is answered by the next command, which has the ACK with it, this costs no call. Once for each
// send: the system then acknowledges what it delivers at once, until something is sent.
void posix_stream::acknowledge() noexcept {
    if (ack_ != ack::due) return;
    ack_ = ack::asked_for;
#ifdef TCP_QUICKACK
    const int at_once = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &at_once,
                 sizeof at_once); // without effect where it is not TCP
#endif
}

liveness posix_stream::probe() noexcept {
    if (!is_open()) return liveness::broken;
    char octet = 0;
    const auto received = receive_some(descriptor_, {&octet, 1}, MSG_PEEK);
    if (received > 0) return liveness::readable;
    // The system tells an error once; it has to be kept for the next transfer.
    if (received < 0 && !would_block(errno) && fault_ == errc::ok) fault_ = from_errno(errno);
    if (fault_ != errc::ok) return liveness::broken;
    return received == 0 ? liveness::ended : liveness::quiet;
}

errc posix_stream::shutdown_send() noexcept {
    if (!is_open()) return errc::wrong_state;
    return ::shutdown(descriptor_, SHUT_WR) == 0 ? errc::ok : from_errno(errno);
}

// Never repeated after EINTR: Linux has freed the number by then, and another thread may have been given it.
void posix_stream::close() noexcept {
    if (is_open()) ::close(std::exchange(descriptor_, -1));
}

void posix_stream::reset() noexcept {
    if (!is_open()) return;
    const linger at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

address_text posix_stream::local_address() const noexcept {
    posix_detail::socket_address address{};
    socklen_t size = sizeof address;
    if (!is_open() || ::getsockname(descriptor_, &address.any, &size) != 0) return {};
    return to_text(address);
}

address_text posix_stream::peer_address() const noexcept {
    posix_detail::socket_address address{};
    socklen_t size = sizeof address;
    if (!is_open() || ::getpeername(descriptor_, &address.any, &size) != 0) return {};
    return to_text(address);
}

} // namespace postrider

// tls_stream.hpp - a stream with TLS in it: a filter (io/tls.hpp) over a transport, with the face of the transport.
#ifndef POSTRIDER_IO_TLS_STREAM_HPP
#define POSTRIDER_IO_TLS_STREAM_HPP

#include "postrider/io/posix.hpp"
#include "postrider/io/tls.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// `Stream` has the `transfer`, `close` and `reset` of `posix_stream`; it must outlive this, and so must the context.
///
/// Until `start_tls` what is transferred goes through in clear text. From then on an octet counts as written when the system
/// has taken the last octet of its record: before, no peer can read it. So an octet that was encrypted and did not leave comes
/// again with the next `transfer`, at the beginning of its `out`; `drive` does so.
template <class Filter, class Stream>
class tls_stream {
public:
    /// `host`: the name, or address, that the server must prove to be, as the user gave it: never one that DNS gave (RFC
    /// 7817 §3). Borrowed for the life of this. `port` tells saved sessions apart.
    tls_stream(Stream& transport, typename Filter::context& context, std::string_view host,
               std::uint16_t port = 0) noexcept
        : transport_(transport), filter_(context), host_(host), port_(port) {}
    tls_stream(const tls_stream&) = delete;
    tls_stream& operator=(const tls_stream&) = delete;

    /// The handshake; the last of it leaves with what is written next, or before the next read. `ok`; else the connection is
    /// of no further use: `tls_failed`, `tls_unverified` (`facts().verdict` says why), `tls_truncated` (the peer ended it in
    /// the middle), `no_host_name`, or what the transport says. After `timed_out` it may be called again, and goes on.
    [[nodiscard]] errc start_tls(bool must_verify, deadline until) noexcept {
        const bool goes_on = started_ && fault_ == errc::timed_out && in_handshake_;
        if (!goes_on) {
            started_ = in_handshake_ = true;
            first_ = count_ = encrypted_ = 0;
            if (const errc e = filter_.begin(host_, port_, must_verify); e != errc::ok) return fault_ = e;
        }
        fault_ = shake_hands(until);
        in_handshake_ = fault_ == errc::timed_out;
        return fault_;
    }

    /// As `posix_stream::transfer`. Besides its errors: `tls_failed` (a record that is none), `tls_truncated` (the end of the
    /// connection without TLS's own; with it, `end_of_stream`).
    [[nodiscard]] transfer_result transfer(std::span<const std::string_view> out, std::span<char> in,
                                           deadline until) noexcept {
        if (!started_) return transport_.transfer(out, in, until);
        transfer_result result;
        std::size_t left = 0;
        for (const std::string_view text : out) left += text.size();
        const bool writing = left != 0;
        while (fault_ == errc::ok) {
            if (writing) encrypt(out, result.written);
            if (!in.empty()) {
                result.read = filter_.read(in);
                if (result.read != 0) return result;
                result.end_of_stream = filter_.ended();
                if (result.end_of_stream) return result;
            }
            if (filter_.fault() != errc::ok) {
                fault_ = filter_.fault();
                // The alert, if it can leave at once; but not behind octets of a mail, which are better lost.
                if (encrypted_ == 0) static_cast<void>(flush(deadline{}));
            }
            if (fault_ != errc::ok || (writing && result.written == left)) break;
            if (!writing && in.empty() && filter_.outgoing().empty()) break;
            // Also where only writing is asked for, and TLS has something to read first.
            const bool stuck = filter_.outgoing().empty() && filter_.wants_octets();
            const transfer_result r =
                exchange(in.empty() && !stuck ? std::span<char>{} : std::span<char>{cipher_in_}, until);
            result.written += settle(r.written);
            if (r.read != 0) {
                // Tickets and key updates hold no text, and buy no time.
                if (until == never || std::chrono::steady_clock::now() < until) continue;
                if (!in.empty()) result.read = filter_.read(in);
                if (result.read != 0) return result;
                result.error = errc::timed_out;
                // The caller waits by himself. Behind the tickets a server under Nagle's algorithm holds its greeting back.
                if constexpr (requires { transport_.acknowledge(); }) transport_.acknowledge();
                return result;
            }
            result.error = r.error;
            if (r.error == errc::timed_out || r.error == errc::cancelled) return result;
            if (r.error != errc::ok) fault_ = r.error;
            else if (r.end_of_stream) fault_ = errc::tls_truncated;
        }
        result.error = fault_;
        return result;
    }

    /// Says close_notify, if that can leave before `until`, and closes the transport. Where octets were encrypted that have
    /// not left, the connection is reset instead: they could complete a mail that was given up.
    void close(deadline until = {}) noexcept {
        if (started_ && encrypted_ != 0) {
            started_ = false;
            return transport_.reset();
        }
        if (started_ && fault_ == errc::ok) {
            filter_.close();
            static_cast<void>(flush(until));
        }
        transport_.close();
        started_ = false;
    }

    /// In TLS, or in its handshake. What the peer has said may be in here then, while nothing waits in the transport.
    bool started() const noexcept { return started_; }
    /// What the transport has no room for; `unsent`: something of the last transfer, or handshake, was not sent.
    bool wants_room(bool unsent) const noexcept { return started_ ? !filter_.outgoing().empty() : unsent; }

    const tls_facts& facts() const noexcept { return filter_.facts(); }
    /// Nothing while, or after, the connection is in clear text, or broken.
    tls_channel channel() const noexcept { return started_ && fault_ == errc::ok ? filter_.channel() : tls_channel{}; }
    Stream& transport() noexcept { return transport_; }
    /// For what one library knows beside that, such as `openssl_tls::certificates`.
    const Filter& filter() const noexcept { return filter_; }

private:
    /// A record that has not left in full.
    struct record {
        std::size_t cipher; ///< its octets that the system has not taken, and those in front of it
        std::size_t plain;
    };

    transfer_result exchange(std::span<char> in, deadline until) noexcept {
        const std::string_view cipher = filter_.outgoing();
        const transfer_result r = transport_.transfer({&cipher, cipher.empty() ? 0u : 1u}, in, until);
        filter_.sent(r.written);
        if (r.read != 0) filter_.received({in.data(), r.read});
        return r;
    }

    errc shake_hands(deadline until) noexcept {
        for (;;) {
            bool done = false;
            const errc e = filter_.handshake(done);
            if (e != errc::ok) {
                static_cast<void>(flush(deadline{})); // the alert, if it can leave at once
                return e;
            }
            if (done) return errc::ok;
            const transfer_result r =
                exchange(filter_.wants_octets() ? std::span<char>{cipher_in_} : std::span<char>{}, until);
            if (r.read != 0) continue;
            if (r.error != errc::ok) return r.error;
            if (r.end_of_stream) return errc::tls_truncated;
        }
    }

    errc flush(deadline until) noexcept {
        while (!filter_.outgoing().empty()) {
            const transfer_result r = exchange({}, until);
            if (r.error != errc::ok) return r.error;
        }
        return errc::ok;
    }

    /// Encrypts what of `out` is not yet, a record at a time. The first `written` octets have left.
    void encrypt(std::span<const std::string_view> out, std::size_t written) noexcept {
        std::size_t skip = written + encrypted_;
        for (std::string_view text : out) {
            const std::size_t passed = skip < text.size() ? skip : text.size();
            text.remove_prefix(passed);
            skip -= passed;
            while (!text.empty()) {
                if (first_ == count_) first_ = count_ = 0;
                if (count_ == records_.size() || filter_.outgoing().size() > enough) return;
                std::size_t before = 0;
                for (std::size_t i = first_; i != count_; ++i) before += records_[i].cipher;
                const std::size_t plain = filter_.write(text);
                if (plain == 0) return;
                records_[count_++] = {filter_.outgoing().size() - before, plain};
                encrypted_ += plain;
                text.remove_prefix(plain);
            }
        }
    }

    /// The system has taken so many encrypted octets. Returns how many octets of plain text are now gone in full.
    std::size_t settle(std::size_t cipher) noexcept {
        std::size_t plain = 0;
        while (first_ != count_ && cipher >= records_[first_].cipher) {
            cipher -= records_[first_].cipher;
            plain += records_[first_++].plain;
        }
        if (first_ != count_) records_[first_].cipher -= cipher;
        encrypted_ -= plain;
        return plain;
    }

    static constexpr std::size_t enough = 65536; // octets that are encrypted ahead of the transport

    Stream& transport_;
    Filter filter_;
    std::string_view host_;
    std::uint16_t port_;
    bool started_ = false;
    bool in_handshake_ = false; ///< it has begun, and may go on
    errc fault_ = errc::ok;
    std::size_t encrypted_ = 0; ///< octets of plain text in `records_`
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::array<record, 64> records_;
    std::array<char, 16384 + 512> cipher_in_;
};

} // namespace postrider

#endif

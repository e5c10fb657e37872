// reasons.hpp - all that speaks against a server's certificates, and the one that is said.
#ifndef POSTRIDER_SRC_IO_TLS_REASONS_HPP
#define POSTRIDER_SRC_IO_TLS_REASONS_HPP

#include "postrider/io/tls.hpp"

#include <cstdint>

namespace postrider::tls_detail {

/// Libraries find faults in orders of their own, some stop at the first: so they are all collected, and `tls_verdict` gives
/// the order. Otherwise one server would be "expired" to one library, and "untrusted" to the other.
class reasons {
public:
    constexpr reasons() noexcept = default;
    explicit constexpr reasons(std::uint32_t bits) noexcept : bits_(bits) {}
    constexpr std::uint32_t bits() const noexcept { return bits_; }
    constexpr void add(tls_verdict why) noexcept { bits_ |= 1u << static_cast<unsigned>(why); }
    /// `verified`: there is none.
    constexpr tls_verdict first() const noexcept { return next(tls_verdict::pinned); }
    /// The one behind `which`; `verified`: there is none.
    constexpr tls_verdict next(tls_verdict which) const noexcept {
        for (auto i = static_cast<unsigned>(which) + 1; i <= static_cast<unsigned>(tls_verdict::bad_chain); ++i)
            if ((bits_ >> i & 1) != 0) return static_cast<tls_verdict>(i);
        return tls_verdict::verified;
    }

private:
    std::uint32_t bits_ = 0;
};

} // namespace postrider::tls_detail

#endif

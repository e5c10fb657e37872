// authenticator.hpp - with what a session authenticates: the mechanisms that take challenges, and the token of the moment.
#ifndef POSTRIDER_CLIENT_AUTHENTICATOR_HPP
#define POSTRIDER_CLIENT_AUTHENTICATOR_HPP

#include "postrider/cram_md5.hpp"
#include "postrider/scram.hpp"
#include "state.hpp"

#include <array>

namespace postrider::client_detail {

/// For one session at a time, which it must outlive.
struct authenticator {
    /// For `action::kind::credentials`.
    errc renew(const server::state& of, credentials& with, bool again) {
        shared_token& shared = *of.options.auth.token;
        const std::lock_guard lock{shared.mutex};
        if (const errc e = shared.source.fill(with, again); e != errc::ok) return e;
        token = secret{with.token.reveal()}; // another thread may renew it while this session uses it
        with.user = of.user.reveal();
        with.token = token;
        return errc::ok;
    }

    openssl_digests digests{};
    postrider::scram scram{digests};
    postrider::cram_md5 cram_md5{digests};
    std::array<sasl_exchange*, 2> exchanges{&scram, &cram_md5};
    secret token{};
};

} // namespace postrider::client_detail

#endif

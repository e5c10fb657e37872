// token.hpp - an OAuth 2.0 token that is renewed when it is about to expire, and when a server refuses it.
//
//     postrider::token_source tokens{"alice@mail.example", [](postrider::fresh_token& to) {
//         // ask the authorization server (RFC 6749 §6)
//         to = {.value = postrider::secret{answer.access_token}, .valid_for = std::chrono::seconds{answer.expires_in}};
//         return true;
//     }};
//     struct handler : postrider::drive_handler {
//         postrider::errc credentials_wanted(postrider::credentials& with, bool again) { return tokens.fill(with, again); }
//     };
//     options.auth = {.on_demand = true};
#ifndef POSTRIDER_IO_TOKEN_HPP
#define POSTRIDER_IO_TOKEN_HPP

#include <postrider/auth.hpp>
#include <postrider/errc.hpp>
#include <postrider/io/secret.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace postrider {

/// What an authorization server gives out.
struct fresh_token {
    secret value{};
    std::optional<std::chrono::seconds> valid_for{}; ///< `expires_in`; nothing: it is good until a server refuses it
};

/// One user's token. It is renewed, by the caller's function, when it is wanted and there is none or it is about to expire,
/// and once for each 535. Not for several threads at once; `Clock` is for tests.
template <class Clock>
class basic_token_source {
public:
    /// Fills `to`, and returns true; false: it could not. It may take its time: the session waits, and so does the server,
    /// which may give up after minutes (RFC 5321 §4.5.3.2.7).
    using refresh_function = std::function<bool(fresh_token& to)>;

    /// `early`: a token that is good for less than that is renewed. On its way it would expire.
    basic_token_source(std::string user, refresh_function refresh,
                       std::chrono::seconds early = std::chrono::seconds{60})
        : user_(std::move(user)), refresh_(std::move(refresh)), early_(early) {}

    /// A token that one has already, say, from the run before.
    void put(fresh_token token) {
        token_ = std::move(token.value);
        // Beyond a century a clock cannot count, and nobody means it.
        const bool ends = token.valid_for && *token.valid_for < std::chrono::hours{24} * 36525;
        expires_ = ends ? Clock::now() + *token.valid_for : Clock::time_point::max();
    }

    /// In answer to `drive_handler::credentials_wanted`: sets user and token, and leaves the rest. `again`: the server has
    /// refused the token, which is not shown to it again. They are good until the next call, or the end of this.
    /// `credentials_failed`: there is no token, and none could be had.
    [[nodiscard]] errc fill(credentials& with, bool again) {
        if (again) token_.clear();
        if (token_.empty() || Clock::now() >= expires_ - early_) renew();
        if (token_.empty() || Clock::now() >= expires_) return errc::credentials_failed;
        with.user = user_;
        with.token = token_;
        return errc::ok;
    }

private:
    /// One that is still good is kept until there is another.
    void renew() {
        fresh_token fresh;
        if (refresh_ && refresh_(fresh) && !fresh.value.empty()) put(std::move(fresh));
    }

    std::string user_;
    refresh_function refresh_;
    std::chrono::seconds early_;
    secret token_{};
    typename Clock::time_point expires_{};
};

/// By the steady clock: nobody sets it, but it may stand still while a machine sleeps; then the 535 will tell.
using token_source = basic_token_source<std::chrono::steady_clock>;

} // namespace postrider

#endif

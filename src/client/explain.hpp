// explain.hpp - a failure in words, for people: what went wrong, with whom, and what to do about it.
#ifndef POSTRIDER_CLIENT_EXPLAIN_HPP
#define POSTRIDER_CLIENT_EXPLAIN_HPP

#include "postrider/io/posix.hpp"
#include "postrider/io/tls.hpp"
#include "postrider/mail.hpp"
#include "postrider/reply.hpp"
#include "state.hpp"

#include <string>
#include <string_view>

namespace postrider::client_detail {

struct failure {
    errc error = errc::ok;
    phase where = phase::connect;
    int code = 0;                          ///< of the reply that decided; 0: none did
    bool greeted = false;                  ///< the server has said something
    const connect_report* trail = nullptr; ///< the addresses that were tried, where it came to that
    const tls_facts* tls = nullptr;
    std::string_view proxy{};              ///< what the proxy said
    flags<extension> missing{};            ///< that the mail needs
    const capabilities* offered = nullptr; ///< by the server, once it was asked
    std::uint64_t size = 0;                ///< of the mail, where that is the matter
};

std::string explain(const server::state& to, const failure& f);
/// "550 5.1.1 No such user", in one line.
std::string reply_text(int code, const enhanced_status& enhanced, std::string_view text);
/// What the proxy said, and which it was: for `failure::proxy`.
std::string proxy_text(const server::state& to, std::string_view said);
/// What to do about a reply of this code to that command; empty: nobody knows.
std::string advice(const server::state& to, int code, phase where);

} // namespace postrider::client_detail

#endif

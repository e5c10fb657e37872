// What the mechanisms share among themselves.
#pragma once

#include "sasl.hpp"

namespace postrider::sink {

using step = sasl_exchange::step;
using outcome = step::outcome;

const user* find_user(const config& config, std::string_view name); // nullptr: nobody
// nullptr also for a user who has none: the empty one must not let anybody in.
const std::string* find_password(const config& config, std::string_view name);

std::unique_ptr<sasl_exchange> start_plain(const sasl_peer&);
std::unique_ptr<sasl_exchange> start_login(const sasl_peer&);
std::unique_ptr<sasl_exchange> start_cram_md5(const sasl_peer&);
std::unique_ptr<sasl_exchange> start_external(const sasl_peer&);
std::unique_ptr<sasl_exchange> start_anonymous(const sasl_peer&);
std::unique_ptr<sasl_exchange> start_xoauth2(const sasl_peer&);
std::unique_ptr<sasl_exchange> start_oauthbearer(const sasl_peer&);

// `digest` as OpenSSL names it; with channel binding or without.
std::unique_ptr<sasl_exchange> start_scram(const sasl_peer&, const char* digest, bool plus);

} // namespace postrider::sink

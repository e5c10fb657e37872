#include "sasl.hpp"

#include <algorithm>
#include <array>

#include "command.hpp"
#include "sasl_kit.hpp"
#include "tls.hpp"

namespace postrider::sink {

namespace {

constexpr char sha1[] = "SHA1", sha256[] = "SHA256", sha512[] = "SHA512";

template <const char* Digest, bool Plus>
std::unique_ptr<sasl_exchange> scram_by(const sasl_peer& peer) {
    return start_scram(peer, Digest, Plus);
}

constexpr std::array mechanisms{sasl_mechanism{"PLAIN", start_plain},
                                sasl_mechanism{"LOGIN", start_login},
                                sasl_mechanism{"CRAM-MD5", start_cram_md5},
                                sasl_mechanism{"SCRAM-SHA-1", scram_by<sha1, false>},
                                sasl_mechanism{"SCRAM-SHA-1-PLUS", scram_by<sha1, true>},
                                sasl_mechanism{"SCRAM-SHA-256", scram_by<sha256, false>},
                                sasl_mechanism{"SCRAM-SHA-256-PLUS", scram_by<sha256, true>},
                                sasl_mechanism{"SCRAM-SHA-512", scram_by<sha512, false>},
                                sasl_mechanism{"SCRAM-SHA-512-PLUS", scram_by<sha512, true>},
                                sasl_mechanism{"EXTERNAL", start_external},
                                sasl_mechanism{"XOAUTH2", start_xoauth2},
                                sasl_mechanism{"OAUTHBEARER", start_oauthbearer},
                                sasl_mechanism{"ANONYMOUS", start_anonymous}};

bool needs_no_user(std::string_view mechanism) { return same_letters(mechanism, "ANONYMOUS"); }

} // namespace

const user* find_user(const config& config, std::string_view name) {
    for (const auto& known : config.users)
        if (known.name == name) return &known;
    return nullptr;
}

const std::string* find_password(const config& config, std::string_view name) {
    const user* const known = find_user(config, name);
    return known == nullptr || known->password.empty() ? nullptr : &known->password;
}

const sasl_mechanism* find_sasl_mechanism(std::string_view name) {
    for (const auto& mechanism : mechanisms)
        if (same_letters(mechanism.name, name)) return &mechanism;
    return nullptr;
}

bool auth_offered(const config& config) {
    const auto& names = config.offers.auth;
    return config.auth_in_clear && !names.empty() &&
           (!config.users.empty() || std::any_of(names.begin(), names.end(), needs_no_user));
}

std::vector<std::string> offered_mechanisms(const config& config, const tls_state* tls) {
    std::vector<std::string> names;
    if (!auth_offered(config)) return names;
    for (const auto& name : config.offers.auth) {
        if (config.users.empty() && !needs_no_user(name)) continue;
        if (name.ends_with("-PLUS") && tls == nullptr) continue;
        if (same_letters(name, "EXTERNAL") && (tls == nullptr || tls->client_name.empty())) continue;
        names.push_back(name);
    }
    return names;
}

} // namespace postrider::sink

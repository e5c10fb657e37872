// AUTH mechanisms, from the server's side.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/sink/config.hpp"

namespace postrider::sink {

struct tls_state;

// One authentication in progress. It is given what the client answered, decoded, and says what comes next.
class sasl_exchange {
public:
    struct step {
        enum class outcome { challenge, accepted, refused, malformed };
        outcome what;
        std::string text{}; // of a challenge, or what the 235 tells the client; not encoded
        std::string user{};
        std::string as{}; // the authorization identity; empty: the user's own
    };

    virtual ~sasl_exchange() = default;
    virtual step begin(const std::optional<std::string>& initial_response) = 0;
    virtual step answer(std::string_view response) = 0;
};

// Of the connection on which the client authenticates.
struct sasl_peer {
    const sink::config& config;
    const tls_state* tls = nullptr; // nullptr in clear
    bool plus_offered = false;      // the same mechanism with channel binding is offered, too
};

// A row for each mechanism; a new one is a class in a file sasl_*.cpp and a row in sasl.cpp.
struct sasl_mechanism {
    std::string_view name;
    std::unique_ptr<sasl_exchange> (*start)(const sasl_peer&);
};
const sasl_mechanism* find_sasl_mechanism(std::string_view name); // case aside; nullptr

// Whether there are mechanisms, and users for them.
bool auth_offered(const config& config);

// What the EHLO reply lists: a mechanism with channel binding only over TLS, EXTERNAL only with a certificate.
std::vector<std::string> offered_mechanisms(const config& config, const tls_state* tls);

} // namespace postrider::sink

// AUTH mechanisms, from the server's side.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "postrider/sink/config.hpp"

namespace postrider::sink {

// One authentication in progress. It is given what the client answered, decoded, and says what comes next.
class sasl_exchange {
public:
    struct step {
        enum class outcome { challenge, accepted, refused, malformed };
        outcome what;
        std::string text; // of a challenge, not encoded; otherwise the user's name
    };

    virtual ~sasl_exchange() = default;
    virtual step begin(const std::optional<std::string>& initial_response) = 0;
    virtual step answer(std::string_view response) = 0;
};

// A row for each mechanism; a new one is a class in sasl.cpp (or a file of its own) and a row.
struct sasl_mechanism {
    std::string_view name;
    std::unique_ptr<sasl_exchange> (*start)(const config&);
};
std::span<const sasl_mechanism> sasl_mechanisms();
const sasl_mechanism* find_sasl_mechanism(std::string_view name); // case aside; nullptr

bool auth_offered(const config& config); // whether there are mechanisms, and users for them

} // namespace postrider::sink

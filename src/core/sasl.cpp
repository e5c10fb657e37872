#include "postrider/sasl.hpp"

namespace postrider {

flags<mechanism> sasl_exchange::speaks() const noexcept { return {}; }

errc sasl_exchange::begin(mechanism, const credentials&, const tls_channel&, bool) noexcept {
    return errc::invalid_parameter;
}

errc sasl_exchange::answer(std::string_view) noexcept { return errc::malformed_challenge; }

errc sasl_exchange::end(std::string_view) noexcept { return errc::ok; }

void sasl_exchange::forget() noexcept {}

} // namespace postrider

// A TLS session in JSON, as the report and the envelopes of mails have it.
#pragma once

#include <nlohmann/json.hpp>

#include "postrider/sink/tls.hpp"

namespace postrider::sink {

inline nlohmann::ordered_json json_of(const tls_session& session) {
    return {{"version", session.version},
            {"cipher", session.cipher},
            {"resumed", session.resumed},
            {"server_name", session.server_name},
            {"client_subject", session.client_subject},
            {"close_notify", session.close_notify},
            {"failure", session.failure}};
}

} // namespace postrider::sink

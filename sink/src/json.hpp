// What report, envelopes and events say alike in JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "postrider/sink/mail.hpp"
#include "postrider/sink/report.hpp"
#include "postrider/sink/tls.hpp"

namespace postrider::sink {

using json = nlohmann::ordered_json;

json json_of(const tls_session& session);
json json_of(const mail& mail); // without its content
json json_of(const report& report);
void add_counts(json& object, const counts& counts);

// The text is the client's: octets that are no UTF-8 must not end the server. indent -1: on one line.
std::string text_of(const json& document, int indent);

} // namespace postrider::sink

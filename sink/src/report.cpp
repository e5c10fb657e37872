#include "postrider/sink/report.hpp"

#include <nlohmann/json.hpp>

#include "tls_json.hpp"

namespace postrider::sink {

namespace {

using json = nlohmann::ordered_json;

void add_counts(json& object, const counts& counts) {
    object["mails"] = counts.mails;
    object["replies_delivered"] = counts.replies_delivered;
    object["recipients"] = counts.recipients;
    object["refused_recipients"] = counts.refused_recipients;
    object["content_octets"] = counts.content_octets;
    object["commands"] = counts.commands;
    object["octets_in"] = counts.octets_in;
    object["octets_out"] = counts.octets_out;
    object["early_octets"] = counts.early_octets;
    object["behind_starttls"] = counts.behind_starttls;
    object["tls_handshakes"] = counts.tls_handshakes;
    object["tls_resumed"] = counts.tls_resumed;
    object["tls_failures"] = counts.tls_failures;
    object["errors"] = counts.errors;
    object["waits"] = counts.waits;
    object["waits_after_content"] = counts.waits_after_content;
}

} // namespace

counts& counts::operator+=(const counts& more) {
    mails += more.mails;
    replies_delivered += more.replies_delivered;
    recipients += more.recipients;
    refused_recipients += more.refused_recipients;
    content_octets += more.content_octets;
    commands += more.commands;
    octets_in += more.octets_in;
    octets_out += more.octets_out;
    early_octets += more.early_octets;
    behind_starttls += more.behind_starttls;
    tls_handshakes += more.tls_handshakes;
    tls_resumed += more.tls_resumed;
    tls_failures += more.tls_failures;
    errors += more.errors;
    waits += more.waits;
    waits_after_content += more.waits_after_content;
    return *this;
}

std::string report::to_json() const {
    json whole;
    whole["connections"] = connections;
    whole["open_connections"] = open_connections;
    whole["resets"] = resets;
    add_counts(whole, total);
    whole["waits_exact"] = waits_exact;
    whole["verbs"] = verbs;
    whole["undelivered"] = undelivered;
    whole["failures"] = failures;
    whole["per_connection"] = json::array();
    for (const auto& one : per_connection) {
        json connection{{"number", one.number}, {"peer", one.peer}};
        add_counts(connection, one.seen);
        if (one.tls) connection["tls"] = json_of(*one.tls);
        if (!one.auth_mechanism.empty()) {
            connection["auth_mechanism"] = one.auth_mechanism;
            connection["auth_user"] = one.auth_user;
        }
        connection["open"] = one.open;
        connection["ending"] = one.ending;
        whole["per_connection"].push_back(std::move(connection));
    }
    return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace postrider::sink

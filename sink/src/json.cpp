#include "json.hpp"

namespace postrider::sink {

namespace {

json json_of(const std::vector<parameter>& parameters) {
    json object = json::object();
    for (const auto& one : parameters) object[one.keyword] = one.value;
    return object;
}

} // namespace

json json_of(const tls_session& session) {
    return {{"version", session.version},
            {"cipher", session.cipher},
            {"resumed", session.resumed},
            {"server_name", session.server_name},
            {"client_subject", session.client_subject},
            {"close_notify", session.close_notify},
            {"failure", session.failure}};
}

json json_of(const mail& mail) {
    json recipients = json::array();
    for (const auto& one : mail.recipients)
        recipients.push_back({{"address", one.address}, {"parameters", json_of(one.parameters)}});
    json envelope{{"id", mail.id},
                  {"connection", mail.connection},
                  {"peer", mail.peer},
                  {"hello_verb", mail.hello_verb},
                  {"hello", mail.hello},
                  {"auth_user", mail.auth_user},
                  {"from", mail.from},
                  {"parameters", json_of(mail.parameters)},
                  {"recipients", recipients},
                  {"octets", mail.octets},
                  {"sha256", mail.sha256},
                  {"by", mail.by_bdat ? "BDAT" : "DATA"}};
    if (!mail.auth_mechanism.empty()) envelope["auth_mechanism"] = mail.auth_mechanism;
    if (!mail.auth_as.empty()) envelope["auth_as"] = mail.auth_as;
    if (mail.tls) envelope["tls"] = json_of(*mail.tls);
    if (!mail.xclient.empty()) envelope["xclient"] = json_of(mail.xclient);
    if (!mail.xforward.empty()) envelope["xforward"] = json_of(mail.xforward);
    return envelope;
}

json json_of(const report& report) {
    json whole;
    whole["connections"] = report.connections;
    whole["open_connections"] = report.open_connections;
    whole["resets"] = report.resets;
    add_counts(whole, report.total);
    whole["waits_exact"] = report.waits_exact;
    whole["verbs"] = report.verbs;
    whole["undelivered"] = report.undelivered;
    whole["failures"] = report.failures;
    whole["per_connection"] = json::array();
    for (const auto& one : report.per_connection) {
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
    return whole;
}

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

std::string text_of(const json& document, int indent) {
    return document.dump(indent, ' ', false, json::error_handler_t::replace);
}

} // namespace postrider::sink

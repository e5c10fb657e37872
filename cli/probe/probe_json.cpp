// What a probe has found out, for programs: doc/json/probe.schema.json.
#include "certificate_chain.hpp"
#include "probe_report.hpp"
#include "settings.hpp"
#include "words.hpp"

#include <nlohmann/json.hpp>

namespace postrider::cli {
namespace {

using json = nlohmann::ordered_json;

json json_of(const probe_step& one) {
    json j{{"phase", one.handshake ? "TLS" : name(one.where)}, {"encrypted", one.encrypted}};
    if (!one.command.empty()) j["command"] = one.command;
    if (one.code != 0) {
        j["code"] = one.code;
        if (one.enhanced) j["enhanced"] = text_of(one.enhanced);
        j["text"] = one.text;
    }
    j["begun_ms"] = milliseconds(one.begun);
    if (one.ended.count() != 0) j["took_ms"] = milliseconds(one.ended - one.begun);
    return j;
}

json json_of(const capabilities& c) {
    json j = json::object();
    if (c.has(extension::size)) j["size_limit"] = c.size_limit;
    if (c.mail_max != 0) j["mail_max"] = c.mail_max;
    if (c.rcpt_max != 0) j["rcpt_max"] = c.rcpt_max;
    if (c.rcpt_domain_max != 0) j["rcpt_domain_max"] = c.rcpt_domain_max;
    return j;
}

json json_of(const std::vector<plan_flight>& flights) {
    json all = json::array();
    for (const plan_flight& one : flights) all.push_back({{"lines", one.lines}, {"waits", one.waits}});
    return all;
}

json json_of(const mail_plan& plan) {
    if (plan.error != errc::ok) return {{"error", describe(plan.error)}};
    json j = json::object();
    if (plan.by != mechanism::none) j["mechanism"] = name(plan.by);
    j["waits"] = mail_plan::waits(plan.first);
    j["next_waits"] = mail_plan::waits(plan.next);
    j["flights"] = json_of(plan.first);
    j["next_flights"] = json_of(plan.next);
    return j;
}

json tls_of(const probe_report& what) {
    const peer_certificates& seen = what.seen.certificates;
    json j = to_json(what.seen.tls);
    j["name"] = name_to_prove(what.to);
    j["faults"] = json::array();
    for (const tls_verdict one : seen.faults) {
        json fault{{"what", describe(one)}};
        const std::string todo = what_to_do(one, seen, name_to_prove(what.to));
        if (!todo.empty()) fault["to_do"] = todo;
        j["faults"].push_back(fault);
    }
    for (const auto& [key, list] : {std::pair{"certificates", &seen.sent}, {"trusted", &seen.trusted}}) {
        j[key] = json::array();
        for (const certificate_facts& one : *list) j[key].push_back(to_json(one));
    }
    if (!what.seen.channel_binding.empty()) j["channel_binding"] = what.seen.channel_binding;
    return j;
}

json mail_of(const send_result& r) {
    json j{{"outcome", json_name(r.what)}, {"recipients", json::array()}};
    for (const recipient_result& one : r.recipients) {
        json recipient{{"address", one.address}, {"outcome", json_name(one.what)}};
        if (one.code != 0) recipient["code"] = one.code;
        if (one.enhanced) recipient["enhanced"] = text_of(one.enhanced);
        if (!one.text.empty()) recipient["text"] = one.text;
        j["recipients"].push_back(recipient);
    }
    if (!r.reply.empty()) j["reply"] = r.reply;
    if (!r.queue_id.empty()) j["queue_id"] = r.queue_id;
    if (!r.message_id.empty()) j["message_id"] = r.message_id;
    return j;
}

json offers_json(const probe_result& seen) {
    json all = json::array();
    for (const offer& one : offers_of(seen)) {
        json j{{"line", one.text}, {"in_clear", one.in_clear}, {"in_tls", one.in_tls}};
        if (const std::string text = meaning(one.text); !text.empty()) j["meaning"] = text;
        all.push_back(j);
    }
    return all;
}

} // namespace

json to_json(const probe_report& what) {
    const probe_result& seen = what.seen;
    json j{{"exit_code", what.code}, {"url", what.to.url()}};
    if (!seen) {
        j["error"] = describe(seen.error);
        j["phase"] = name(seen.where);
        if (seen.code != 0) j["code"] = seen.code;
        j["text"] = in_our_words(seen.text);
    }
    j["attempts"] = json::array();
    for (const connect_attempt& one : seen.attempts)
        j["attempts"].push_back(
            {{"address", one.address.view()}, {"result", one.error == errc::ok ? "ok" : describe(one.error)}});
    if (!seen.address.empty()) j["address"] = seen.address;
    if (!seen.client_name.empty()) j["client_name"] = seen.client_name;
    if (seen.tls.version != tls_version::none || !seen.tls.failure.empty()) j["tls"] = tls_of(what);
    j["offers"] = offers_json(seen);
    if (!seen.hellos.empty()) {
        j["server_name"] = seen.hellos.back().lines.front();
        j["limits"] = json_of(seen.hellos.back().offered);
        const mechanism_list all = mechanisms_of(seen);
        j["mechanisms"] = json::array();
        for (const mechanism one : all.spoken) j["mechanisms"].push_back(name(one));
        j["other_mechanisms"] = all.others;
        j["plan"] = {{"without_auth", json_of(what.without)},
                     {"with_password", json_of(what.with_password)},
                     {"with_token", json_of(what.with_token)}};
    }
    if (seen.authenticated_by != mechanism::none) j["authenticated_by"] = name(seen.authenticated_by);
    if (seen.mail) j["mail"] = mail_of(*seen.mail);
    j["steps"] = json::array();
    for (const probe_step& one : seen.steps) j["steps"].push_back(json_of(one));
    j["timings"] = {{"lookup_ms", milliseconds(seen.lookup)},
                    {"connect_ms", milliseconds(seen.connect)},
                    {"proxy_ms", milliseconds(seen.proxy)},
                    {"total_ms", milliseconds(seen.total)}};
    return j;
}

json supported() {
    json j;
    j["version"] = POSTRIDER_VERSION;
    j["tls"] = std::string{"OpenSSL, "} + std::string{name(tls_version::tls_1_2)} + " and " +
               std::string{name(tls_version::tls_1_3)};
    j["schemes"] = {"smtp", "submission", "submissions", "smtps", "lmtp", "smtp+unix", "lmtp+unix"};
    j["proxies"] = {"socks5", "http"};
    j["mechanisms"] = json::array();
    for (std::uint32_t bit = static_cast<std::uint32_t>(mechanism::external); bit != 0; bit >>= 1)
        j["mechanisms"].push_back(name(static_cast<mechanism>(bit)));
    j["extensions"] = {"PIPELINING", "CHUNKING",   "BINARYMIME", "8BITMIME",    "SIZE",
                       "SMTPUTF8",   "DSN",        "STARTTLS",   "AUTH",        "ENHANCEDSTATUSCODES",
                       "LIMITS",     "REQUIRETLS", "DELIVERBY",  "MT-PRIORITY", "FUTURERELEASE",
                       "BURL",       "VRFY",       "EXPN",       "HELP",        "ETRN",
                       "XCLIENT",    "XFORWARD"};
    return j;
}

} // namespace postrider::cli

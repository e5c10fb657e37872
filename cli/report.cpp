#include "report.hpp"

#include "settings.hpp"
#include "words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace postrider::cli {
namespace {

using json = nlohmann::ordered_json;

std::string_view colour_of(outcome what, const style& with) {
    switch (what) {
    case outcome::accepted: return with.good;
    case outcome::deferred:
    case outcome::unknown: return with.unsure;
    default: return with.bad;
    }
}

std::vector<std::string_view> left_out_of(const send_result& r) {
    std::vector<std::string_view> names;
    for (const extension one :
         {extension::dsn, extension::auth, extension::deliver_by, extension::mt_priority, extension::future_release})
        if (r.left_out.has(one)) names.push_back(name(one));
    return names;
}

std::string why(const recipient_result& one) {
    std::string text;
    if (one.code != 0) {
        if (one.what != outcome::accepted) text.append(name(one.where)).append(": ");
        text += std::to_string(one.code);
        if (one.enhanced) text.append(" ").append(text_of(one.enhanced));
        if (!one.text.empty()) text.append(" ").append(in_one_line(one.text));
        return text;
    }
    return one.error == errc::ok ? text : in_our_words(describe(one.error));
}

json json_of(const recipient_result& one) {
    json j;
    j["address"] = one.address;
    j["outcome"] = json_name(one.what);
    j["phase"] = name(one.where);
    if (one.code != 0) j["code"] = one.code;
    if (one.enhanced) j["enhanced"] = text_of(one.enhanced);
    if (!one.text.empty()) j["text"] = one.text;
    if (one.error != errc::ok) j["error"] = describe(one.error);
    const auto again = one.again();
    j["again"] = again == status::retry::no ? "no" : again == status::retry::yes ? "yes" : "risks_duplicate";
    return j;
}

json json_of(const send_timings& t) {
    json j{{"lookup_ms", milliseconds(t.lookup)},
           {"connect_ms", milliseconds(t.connect)},
           {"proxy_ms", milliseconds(t.proxy)},
           {"tls_ms", milliseconds(t.tls)},
           {"total_ms", milliseconds(t.total)}};
    json waited = json::object();
    for (std::size_t i = 0; i != t.waited.size(); ++i)
        if (t.waited[i].count() != 0) waited[std::string{name(static_cast<phase>(i))}] = milliseconds(t.waited[i]);
    j["waited_ms"] = waited;
    return j;
}

} // namespace

void print(std::ostream& to, const send_result& result, const style& with, bool only_failures) {
    std::size_t widest = 0;
    for (const recipient_result& one : result.recipients) widest = std::max(widest, one.address.size());
    for (const recipient_result& one : result.recipients) {
        if (only_failures && one.what == outcome::accepted) continue;
        std::string word{name(one.what)};
        word.resize(std::max<std::size_t>(word.size(), 13), ' '); // "not attempted"
        std::string who = one.address;
        const std::string text = why(one);
        if (!text.empty())
            who.resize(std::min<std::size_t>(std::max(who.size(), widest), std::max<std::size_t>(who.size(), 60)), ' ');
        to << colour_of(one.what, with) << word << with.plain << "  " << who;
        if (!text.empty()) to << "  " << text;
        to << '\n';
    }
}

std::string json_name(outcome what) {
    std::string text{name(what)};
    for (char& c : text)
        if (c == ' ') c = '_';
    return text;
}

json to_json(const tls_facts& facts) {
    json j{{"version", name(facts.version)},
           {"verdict", describe(facts.verdict)},
           {"verified", is_verified(facts.verdict)},
           {"resumed", facts.resumed},
           {"cipher", facts.cipher.view()}};
    if (!facts.subject.empty()) j["subject"] = facts.subject.view();
    if (!facts.issuer.empty()) j["issuer"] = facts.issuer.view();
    if (!facts.valid_until.empty()) j["valid_until"] = facts.valid_until.view();
    if (!facts.pin.empty()) j["pin"] = facts.pin.view();
    if (!facts.failure.empty()) j["failure"] = facts.failure.view();
    return j;
}

json to_json(const send_result& r) {
    json j;
    j["outcome"] = json_name(r.what);
    j["recipients"] = json::array();
    for (const recipient_result& one : r.recipients) j["recipients"].push_back(json_of(one));
    if (r.error != errc::ok) j["error"] = describe(r.error);
    if (!r.text.empty()) j["text"] = in_our_words(r.text);
    if (!r.reply.empty()) j["reply"] = r.reply;
    if (!r.queue_id.empty()) j["queue_id"] = r.queue_id;
    if (!r.message_id.empty()) j["message_id"] = r.message_id;
    if (!r.server.empty()) j["server"] = r.server;
    if (!r.left_out.empty()) j["left_out"] = left_out_of(r);
    j["attempts"] = json::array();
    for (const connect_attempt& one : r.attempts)
        j["attempts"].push_back(
            {{"address", one.address.view()}, {"result", one.error == errc::ok ? "ok" : describe(one.error)}});
    if (r.tls.version != tls_version::none) j["tls"] = to_json(r.tls);
    if (r.authenticated_by != mechanism::none) j["authenticated_by"] = name(r.authenticated_by);
    j["waits"] = r.waits;
    j["octets_sent"] = r.octets_sent;
    j["octets_received"] = r.octets_received;
    j["content_octets"] = r.content_octets;
    j["timings"] = json_of(r.timings);
    return j;
}

std::string beyond_lines(const send_result& r) {
    for (const recipient_result& one : r.recipients)
        if (one.what != outcome::accepted && one.code == 0) return r.text;
    return r.recipients.empty() ? r.text : r.advice;
}

std::string left_out_text(const send_result& r) {
    std::string text;
    for (const std::string_view one : left_out_of(r)) text.append(text.empty() ? "" : ", ").append(one);
    if (text.empty() || std::none_of(r.recipients.begin(), r.recipients.end(), [](const recipient_result& one) {
            return one.what == outcome::accepted || one.what == outcome::unknown;
        }))
        return {};
    return text.insert(0, "the server does not offer ").append(": the mail went without");
}

void write_error(std::ostream& to, int exit_code, const std::string& text) {
    write_json(to, {{"exit_code", exit_code}, {"error", text}});
}

std::string to_text(const json& document) {
    const std::string text = document.dump(2, ' ', false, json::error_handler_t::replace);
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        constexpr std::string_view digits = "0123456789abcdef";
        const auto octet = static_cast<unsigned char>(c);
        const bool c1 = !out.empty() && ends_c1(out.back(), c);
        if (c1) out.pop_back();
        if (c1 || c == '\x7f') out.append("\\u00").append(1, digits[octet >> 4]).append(1, digits[octet & 15]);
        else out += c;
    }
    return out;
}

void write_json(std::ostream& to, const json& document) { to << to_text(document) << '\n'; }

} // namespace postrider::cli

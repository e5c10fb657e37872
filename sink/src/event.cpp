#include "postrider/sink/event.hpp"

#include "json.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace postrider::sink {

namespace {

const char* name_of(event::kind what) {
    switch (what) {
    case event::kind::listening: return "listening";
    case event::kind::connected: return "connected";
    case event::kind::tls: return "tls";
    case event::kind::tls_failed: return "tls_failed";
    case event::kind::authenticated: return "authenticated";
    case event::kind::mail: return "mail";
    case event::kind::refused: return "refused";
    case event::kind::closed: return "closed";
    case event::kind::ended: return "ended";
    }
    return "";
}

// RFC 3339, UTC, milliseconds
std::string time_text(std::chrono::system_clock::time_point when) {
    const auto whole = std::chrono::floor<std::chrono::milliseconds>(when).time_since_epoch().count();
    const std::time_t seconds = static_cast<std::time_t>(whole / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> day{};
    std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 8> rest{};
    std::snprintf(rest.data(), rest.size(), ".%03dZ", static_cast<int>(whole % 1000));
    return std::string{day.data()}.append(rest.data());
}

void add_refusal(json& line, const event& of) {
    line["command"] = of.command;
    line["reply"] = of.reply;
    if (!of.address.empty()) line["address"] = of.address;
    if (of.mail == nullptr) return;
    line["from"] = of.mail->from;
    line["recipients"] = json::array();
    for (const auto& one : of.mail->recipients) line["recipients"].push_back(one.address);
    line["octets"] = of.mail->octets;
}

} // namespace

std::string event::to_json() const {
    json line{{"event", name_of(what)}, {"time", time_text(when)}};
    if (connection != 0) line["connection"] = connection;
    switch (what) {
    case kind::listening: line["address"] = address; break;
    case kind::connected: line["peer"] = peer; break;
    case kind::tls:
    case kind::tls_failed: line["tls"] = json_of(*session); break;
    case kind::authenticated:
        line["mechanism"] = mechanism;
        line["user"] = user;
        break;
    case kind::mail:
        line["mail"] = json_of(*mail);
        line["file"] = mail->file.empty() ? json{} : json(mail->file);
        line["waits"] = waits;
        break;
    case kind::refused: add_refusal(line, *this); break;
    case kind::closed:
        line["ending"] = ending;
        add_counts(line, *seen);
        line["waits_exact"] = waits_exact;
        line["undelivered"] = undelivered;
        break;
    case kind::ended: line["report"] = json_of(*report); break;
    }
    return text_of(line, -1);
}

} // namespace postrider::sink

#include "certificate_chain.hpp"

#include "failure.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <ostream>
#include <sysexits.h>

namespace postrider::cli {
namespace {

/// "2026-01-31T00:00:00Z"; -1: it is none.
std::time_t moment(const std::string& text) {
    std::tm at{};
    if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%dZ", &at.tm_year, &at.tm_mon, &at.tm_mday, &at.tm_hour, &at.tm_min,
                    &at.tm_sec) != 6)
        return -1;
    at.tm_year -= 1900;
    at.tm_mon -= 1;
    return ::timegm(&at);
}

std::string days(std::time_t seconds) {
    const auto whole = static_cast<long>(seconds / 86400);
    if (whole == 0) return std::to_string(seconds / 3600) + " hours";
    return std::to_string(whole) + (whole == 1 ? " day" : " days");
}

std::string joined(const std::vector<std::string>& all) {
    std::string text;
    for (const std::string& one : all) text.append(text.empty() ? "" : ", ").append(one);
    return text;
}

/// For a fault of dates: the first of which it is true.
const certificate_facts* of_dates(const peer_certificates& seen, bool ended) {
    const std::time_t now = std::time(nullptr);
    for (const auto* const list : {&seen.sent, &seen.trusted})
        for (const certificate_facts& one : *list)
            if (ended ? moment(one.valid_until) < now : moment(one.valid_from) > now) return &one;
    return nullptr;
}

std::string about_dates(const peer_certificates& seen, bool ended) {
    const certificate_facts* const one = of_dates(seen, ended);
    std::string who = one == nullptr ? "one of them" : one->subject + " (" + validity(*one, std::time(nullptr)) + ")";
    if (ended) return who + ": renew it on the server, and let the server read it again";
    return who + ": is the clock of this machine right?";
}

std::string about_trust(const peer_certificates& seen) {
    if (seen.sent.empty()) return {};
    const certificate_facts& last = seen.sent.back();
    if (last.subject == last.issuer)
        return "its authority, " + last.subject +
               ", is not trusted here: --save-chain FILE, look whether it is the right one, then --tls-ca FILE";
    return "nothing that is trusted here signs as " + last.issuer +
           ": if that is an intermediate authority, the server has to send its certificate too (fullchain.pem); if it "
           "is a private "
           "one, --tls-ca FILE";
}

} // namespace

std::string name_to_prove(const server& to) {
    if (!to.options().tls.server_name.empty()) return to.options().tls.server_name;
    std::string host = to.url();
    const std::size_t slashes = host.find("://");
    if (slashes == host.npos) return {};
    host.erase(0, slashes + 3);
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    return host.substr(0, host.find(':'));
}

std::string what_to_do(tls_verdict fault, const peer_certificates& seen, const std::string& to) {
    const bool any = !seen.sent.empty();
    switch (fault) {
    case tls_verdict::wrong_name:
        if (!any) return {};
        if (seen.sent.front().names.empty())
            return "it names no host at all in its subjectAltNames; the common name does not count (RFC 9525): make it "
                   "anew";
        return "it is for " + joined(seen.sent.front().names) + ", and not for " + to +
               ": is the host of the URL right? --tls-sni NAME expects another name";
    case tls_verdict::expired: return about_dates(seen, true);
    case tls_verdict::not_yet_valid: return about_dates(seen, false);
    case tls_verdict::self_signed:
        return any ? "if it is the right one: --tls-pin " + seen.sent.front().pin + " --tls-pin-suffices"
                   : std::string{};
    case tls_verdict::untrusted: return about_trust(seen);
    case tls_verdict::wrong_pin:
        return any ? "its key is " + seen.sent.front().pin + ": --tls-pin says others" : std::string{};
    case tls_verdict::weak: return "RSA keys need 2048 bits, signatures SHA-256: make it anew";
    case tls_verdict::revoked: return "its authority has taken it back: the server needs another one, with another key";
    default: return {};
    }
}

std::string validity(const certificate_facts& of, std::time_t now) {
    const std::time_t from = moment(of.valid_from);
    const std::time_t until = moment(of.valid_until);
    if (from > now) return "begins in " + days(from - now);
    return until < now ? "ended " + days(now - until) + " ago" : days(until - now) + " left";
}

void print(std::ostream& to, const peer_certificates& seen, const style& with, std::time_t now) {
    const auto day = [](const std::string& date) { return date.substr(0, date.find('T')); };
    int number = 0;
    for (const auto* const list : {&seen.sent, &seen.trusted})
        for (const certificate_facts& one : *list) {
            ++number;
            const bool sound = moment(one.valid_from) <= now && now <= moment(one.valid_until);
            to << "  " << number << "  " << with.strong << one.subject << with.plain
               << (list == &seen.trusted ? "  (trusted here, not sent)" : "") << '\n';
            if (!one.names.empty()) to << "     for     " << joined(one.names) << '\n';
            to << "     by      " << (one.issuer == one.subject ? "itself" : one.issuer) << '\n';
            to << "     valid   " << day(one.valid_from) << " to " << day(one.valid_until) << ", "
               << (sound ? "" : with.bad) << validity(one, now) << (sound ? "" : with.plain) << '\n';
            to << "     key     " << one.key << ", " << one.key_bits << " bits; signed by " << one.signature << '\n';
            to << "     pin     " << one.pin << '\n';
        }
}

nlohmann::ordered_json to_json(const certificate_facts& of) {
    return {{"subject", of.subject},
            {"issuer", of.issuer},
            {"names", of.names},
            {"valid_from", of.valid_from},
            {"valid_until", of.valid_until},
            {"key", of.key},
            {"key_bits", of.key_bits},
            {"signature", of.signature},
            {"pin", of.pin},
            {"pem", of.pem}};
}

void write_pem(const std::string& file, const peer_certificates& seen) {
    std::ofstream out{file, std::ios::binary};
    for (const certificate_facts& one : seen.sent) out << one.pem;
    out.close();
    if (!out) throw failure{EX_CANTCREAT, "--save-chain: cannot write `" + file + "`: " + std::strerror(errno)};
}

} // namespace postrider::cli

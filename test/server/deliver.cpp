// deliver - sends one mail with one of our clients and says in JSON what became of it. README.md beside has the contract.

#include "nxd_smtp_client.h"

#include "nx_ip.h"

#include "postrider/cram_md5.hpp"
#include "postrider/io/drive.hpp"
#ifdef DELIVER_MBEDTLS
#include "postrider/io/mbedtls.hpp"
#endif
#include "postrider/io/openssl.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/scram.hpp"

#include <arpa/inet.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <utility>

namespace {

std::map<std::string, std::string> option;

struct verdict {
    std::string outcome = "not_attempted";
    std::string phase;
    unsigned code = 0;
    std::string enhanced;
    std::string text;
    std::string error;
    std::string tls_version, cipher, mechanism;
    bool verified = false;
};

[[noreturn]] void usage(const std::string& what) {
    std::fprintf(
        stderr,
        "deliver: %s\nusage: deliver posix|netxduo --server ADDRESS --port N --from ADDR --to ADDR\n"
        "               --auth plain|login|none --user U --password-file F --raw FILE\n"
        "posix alone: --tls none|starttls|implicit|opportunistic --ca FILE --name HOST --backend openssl|mbedtls\n"
        "             --mechanism NAME|strongest|none (instead of --auth) --token-file F --certificate F --key F\n"
        "             --binding auto|tls-exporter|tls-unique|tls-server-end-point\n"
        "             --flight alone|with_envelope|eager\n",
        what.c_str());
    std::exit(64);
}

std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) usage("cannot read " + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string json(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') out += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) out += '?';
        else out += c;
    }
    return out + '"';
}

int report(const verdict& v) {
    std::printf("{\"outcome\":%s,\"phase\":%s,\"code\":%u,\"enhanced\":%s,\"text\":%s,\"error\":%s,"
                "\"tls\":{\"version\":%s,\"cipher\":%s,\"verified\":%s},\"mechanism\":%s}\n",
                json(v.outcome).c_str(), json(v.phase).c_str(), v.code, json(v.enhanced).c_str(), json(v.text).c_str(),
                json(v.error).c_str(), json(v.tls_version).c_str(), json(v.cipher).c_str(),
                v.verified ? "true" : "false", json(v.mechanism).c_str());
    return v.outcome == "accepted"   ? 0
           : v.outcome == "rejected" ? 69
           : v.outcome == "deferred" ? 75
           : v.outcome == "unknown"  ? 80
                                     : 70;
}

std::string outcome_name(postrider::outcome what) {
    return what == postrider::outcome::not_attempted ? "not_attempted" : std::string(postrider::name(what));
}

std::string dotted(unsigned klass, unsigned subject, unsigned detail) {
    if (klass == 0) return {};
    return std::to_string(klass) + "." + std::to_string(subject) + "." + std::to_string(detail);
}

/// Keeps the text of the reply that decided.
struct observer : postrider::drive_handler {
    std::string& text;
    explicit observer(std::string& to) : text(to) {}
    void refused(postrider::mail&, std::size_t, const postrider::reply& said) noexcept { text = said.text; }
    void mail_done(postrider::mail&, const postrider::reply& said) noexcept {
        if (text.empty()) text = said.text;
    }
};

/// The value that the option names; without it the first.
template <class Value>
Value chosen(const char* name, std::initializer_list<std::pair<const char*, Value>> values) {
    const std::string& given = option[name];
    if (given.empty()) return values.begin()->second;
    for (const auto& [text, value] : values)
        if (given == text) return value;
    usage(std::string("--") + name + ": what is " + given);
}

std::string secret_in(const std::string& path) {
    if (path.empty()) return {};
    std::string text = contents(path);
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

postrider::mechanism mechanism_of(const std::string& wanted) {
    for (std::uint32_t bit = 1; (bit & postrider::all_mechanisms.bits) != 0; bit <<= 1) {
        const auto which = static_cast<postrider::mechanism>(bit);
        if (postrider::name(which) == wanted) return which;
    }
    usage("--mechanism: what is " + wanted);
}

postrider::tls_options tls_of_options() {
    using postrider::channel_binding;
    postrider::tls_options tls;
    tls.ca_file = option["ca"];
    tls.certificate_file = option["certificate"];
    tls.key_file = option["key"];
    tls.binding = chosen<channel_binding>("binding", {{"auto", channel_binding::automatic},
                                                      {"tls-exporter", channel_binding::tls_exporter},
                                                      {"tls-unique", channel_binding::tls_unique},
                                                      {"tls-server-end-point", channel_binding::tls_server_end_point}});
    return tls;
}

/// Views of the options, and of the arguments.
postrider::session_options session_of_options(const std::string& password, const std::string& token,
                                              std::span<postrider::sasl_exchange* const> exchanges) {
    using postrider::auth_flight;
    using postrider::mechanism;
    using postrider::tls_policy;
    postrider::session_options options{*postrider::domain::parse("client.example")};
    options.tls = chosen<tls_policy>("tls", {{"none", tls_policy::none},
                                             {"starttls", tls_policy::verified},
                                             {"implicit", tls_policy::verified},
                                             {"opportunistic", tls_policy::opportunistic}});
    options.implicit_tls = option["tls"] == "implicit";
    options.auth_with = chosen<auth_flight>(
        "flight",
        {{"with_envelope", auth_flight::with_envelope}, {"alone", auth_flight::alone}, {"eager", auth_flight::eager}});
    const std::string& wanted = option["mechanism"];
    if (wanted == "none" || (wanted.empty() && option["auth"] == "none")) return options;
    options.auth.user = option["user"];
    options.auth.password = password;
    if (wanted.empty()) {
        options.auth.allow_cleartext_auth = true;
        if (option["auth"] == "login") options.auth.preferred = mechanism::login;
        return options;
    }
    options.auth.token = token;
    options.auth.exchanges = exchanges;
    if (wanted == "strongest") return options;
    options.auth.preferred = mechanism_of(wanted);
    options.auth.allowed = {static_cast<std::uint32_t>(options.auth.preferred)};
    if (options.auth.preferred == mechanism::anonymous)
        options.auth.authorize_as = option["user"]; // libgsasl wants some
    return options;
}

template <class Filter, class Digests>
verdict by_posix(const std::string& password, const std::string& mail) {
    verdict v;
    const postrider::deadline until = std::chrono::steady_clock::now() + std::chrono::seconds(50);
    const auto fail = [&](postrider::errc why) {
        v.error = postrider::describe(why);
        return v;
    };
    const auto from = postrider::mailbox::parse(option["from"]);
    const auto to = postrider::mailbox::parse(option["to"]);
    if (!from || !to) return fail(postrider::errc::invalid_mailbox);

    typename Filter::context context;
    if (!option["tls"].empty() && option["tls"] != "none") {
        if (const postrider::tls_set_up done = context.set_up(tls_of_options()); !done) {
            v.error = done.text.view();
            return v;
        }
    }
    postrider::posix_stream tcp;
    const auto port = static_cast<std::uint16_t>(std::stoi(option["port"]));
    if (const auto e = tcp.connect({option["server"], port, {}, {}}, until); e != postrider::errc::ok) return fail(e);
    postrider::tls_stream<Filter, postrider::posix_stream> stream{tcp, context, option["name"], port};

    Digests library;
    postrider::scram scram{library};
    postrider::cram_md5 cram_md5{library};
    postrider::sasl_exchange* const exchanges[] = {&scram, &cram_md5};
    const std::string token = secret_in(option["token-file"]);
    postrider::session<> session;
    if (const auto e = session.start(session_of_options(password, token, exchanges)); e != postrider::errc::ok)
        return fail(e);
    postrider::recipient recipients[] = {{.forward_path = *to}};
    postrider::mail m{.reverse_path = *from, .recipients = recipients, .content = {.text = mail, .as_it_is = true}};
    if (const auto e = session.send(m); e != postrider::errc::ok) return fail(e);
    static_cast<void>(postrider::drive(session, stream, until, observer{v.text}));
    if (session.quit() == postrider::errc::ok) static_cast<void>(postrider::drive(session, stream, until));

    const postrider::status& s = recipients[0].result;
    v.outcome = outcome_name(s.what);
    v.phase = postrider::name(s.where);
    v.code = s.code;
    v.enhanced = dotted(s.enhanced.klass, s.enhanced.subject, s.enhanced.detail);
    if (s.code == 0) v.text.clear();
    if (s.error != postrider::errc::ok) v.error = postrider::describe(s.error);
    const postrider::tls_facts& facts = stream.facts();
    v.verified = postrider::is_verified(facts.verdict);
    if (s.error == postrider::errc::tls_unverified) v.error += std::string(": ") + postrider::describe(facts.verdict);
    if (s.error == postrider::errc::tls_failed) v.error += ": " + std::string(facts.failure.view());
    if (facts.version != postrider::tls_version::none) v.tls_version = postrider::name(facts.version);
    v.cipher = facts.cipher.view();
    v.mechanism = postrider::name(session.authenticated_by());
    stream.close(until);
    return v;
}

using way = verdict(const std::string& password, const std::string& mail);
constexpr std::initializer_list<std::pair<const char*, way*>> backends = {
    {"openssl", by_posix<postrider::openssl_tls, postrider::openssl_digests>},
#ifdef DELIVER_MBEDTLS
    {"mbedtls", by_posix<postrider::mbedtls_tls, postrider::mbedtls_digests>},
#endif
};

// The NetX Duo client, as an application has it: everything static, made before the kernel starts.
NX_PACKET_POOL client_pool, ip_pool;
NX_IP ip;
NX_SMTP_CLIENT client;
TX_THREAD thread;
alignas(8) UCHAR client_memory[64 * 1600], ip_memory[64 * 1600], ip_stack[2048], arp_memory[1024], thread_stack[2048];
verdict netxduo_verdict;
std::string netxduo_password, netxduo_mail;

void check(UINT status, const char* what) {
    if (status == NX_SUCCESS) return;
    std::fprintf(stderr, "deliver: %s: 0x%02x\n", what, status);
    std::_Exit(71); // from a thread that `main` knows nothing of
}

NXD_ADDRESS address_of(const std::string& text) {
    NXD_ADDRESS address{};
    unsigned char octets[16];
    if (inet_pton(AF_INET, text.c_str(), octets) == 1) {
        address.nxd_ip_version = NX_IP_VERSION_V4;
        address.nxd_ip_address.v4 = IP_ADDRESS(octets[0], octets[1], octets[2], octets[3]);
    } else if (inet_pton(AF_INET6, text.c_str(), octets) == 1) {
        address.nxd_ip_version = NX_IP_VERSION_V6;
        for (int i = 0; i != 4; ++i)
            address.nxd_ip_address.v6[i] =
                IP_ADDRESS(octets[4 * i], octets[4 * i + 1], octets[4 * i + 2], octets[4 * i + 3]);
    } else usage("not an address: " + text);
    return address;
}

VOID send_by_netxduo(ULONG) {
    NXD_ADDRESS server = address_of(option["server"]);
    const UINT type = option["auth"] == "plain"   ? NX_SMTP_CLIENT_AUTH_PLAIN
                      : option["auth"] == "login" ? NX_SMTP_CLIENT_AUTH_LOGIN
                                                  : NX_SMTP_CLIENT_AUTH_NONE;
    CHAR domain[] = "client.example", subject[] = "", nobody[] = "";
    check(nxd_smtp_client_create(&client, &ip, &client_pool,
                                 type == NX_SMTP_CLIENT_AUTH_NONE ? nobody : option["user"].data(),
                                 netxduo_password.data(), option["from"].data(), domain, type, &server,
                                 static_cast<UINT>(std::stoi(option["port"]))),
          "nxd_smtp_client_create");
    check(nx_smtp_client_flags_set(&client, NX_SMTP_CLIENT_FLAG_RAW_MESSAGE), "nx_smtp_client_flags_set");
    const UINT status = nx_smtp_mail_send(&client, option["to"].data(), NX_SMTP_MAIL_PRIORITY_NORMAL, subject,
                                          netxduo_mail.data(), static_cast<UINT>(netxduo_mail.size()));
    NX_SMTP_RESULT r;
    check(nx_smtp_client_last_result_get(&client, &r), "nx_smtp_client_last_result_get");
    verdict& v = netxduo_verdict;
    v.outcome = outcome_name(static_cast<postrider::outcome>(r.nx_smtp_result_outcome));
    v.phase = postrider::name(static_cast<postrider::phase>(r.nx_smtp_result_phase));
    v.code = r.nx_smtp_result_reply_code;
    v.enhanced = dotted(r.nx_smtp_result_enhanced[0], r.nx_smtp_result_enhanced[1], r.nx_smtp_result_enhanced[2]);
    v.text.assign(r.nx_smtp_result_text, r.nx_smtp_result_text_length);
    if (status != NX_SUCCESS) {
        char text[32];
        std::snprintf(text, sizeof text, "status 0x%02x", status);
        v.error = text;
    }
    check(nx_smtp_client_delete(&client), "nx_smtp_client_delete");
    // What was taken must be back, whatever became of the mail.
    if (client_pool.nx_packet_pool_available != client_pool.nx_packet_pool_total ||
        ip_pool.nx_packet_pool_available != ip_pool.nx_packet_pool_total ||
        client_pool.nx_packet_pool_invalid_releases != 0)
        check(NX_POOL_ERROR, "packets were lost");
}

} // namespace

extern "C" VOID tx_application_define(VOID*) {
    CHAR name[] = "deliver";
    nx_system_initialize();
    check(nx_packet_pool_create(&client_pool, name, 1536, client_memory, sizeof client_memory), "client's pool");
    check(nx_packet_pool_create(&ip_pool, name, 1536, ip_memory, sizeof ip_memory), "IP's pool");
    check(nx_ip_create(&ip, name, IP_ADDRESS(127, 0, 0, 1), 0xFF000000UL, &ip_pool, _nx_ram_network_driver, ip_stack,
                       sizeof ip_stack, 1),
          "nx_ip_create");
    check(nx_arp_enable(&ip, arp_memory, sizeof arp_memory), "nx_arp_enable");
    check(nx_tcp_enable(&ip), "nx_tcp_enable");
    check(nxd_ipv6_enable(&ip), "nxd_ipv6_enable");
    check(tx_thread_create(&thread, name, send_by_netxduo, 0, thread_stack, sizeof thread_stack, 4, 4, TX_NO_TIME_SLICE,
                           TX_AUTO_START),
          "tx_thread_create");
}

int main(int argc, char** argv) {
    if (argc < 2) usage("which client?");
    if (std::strcmp(argv[1], "backends") == 0) {
        for (const auto& [name, send] : backends) std::puts(name);
        return 0;
    }
    for (int i = 2; i < argc; i += 2) {
        if (std::strncmp(argv[i], "--", 2) != 0 || i + 1 == argc) usage(std::string("what is ") + argv[i]);
        option[argv[i] + 2] = argv[i + 1];
    }
    for (const char* needed : {"server", "port", "from", "to", "user", "password-file", "raw"})
        if (option.find(needed) == option.end()) usage(std::string("--") + needed + " is missing");
    if (option["auth"].empty() && option["mechanism"].empty()) usage("--auth is missing");
    const std::string password = secret_in(option["password-file"]);
    const std::string mail = contents(option["raw"]);

    if (std::strcmp(argv[1], "posix") == 0) return report(chosen("backend", backends)(password, mail));
    if (std::strcmp(argv[1], "netxduo") != 0) usage(std::string("no such client: ") + argv[1]);
    netxduo_password = password;
    netxduo_mail = mail;
    tx_kernel_enter();
    return report(netxduo_verdict);
}

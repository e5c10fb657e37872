// probe.hpp - looks at a server: who it proves to be, what it offers in clear text and in TLS, how long each step takes;
// without a mail, or as far into one as is wanted.
//
//     const postrider::probe_result r = postrider::probe(server);
//     if (!r) std::cerr << r.text << '\n';
//     for (const auto& one : r.certificates.sent) std::cout << one.subject << " until " << one.valid_until << '\n';
#ifndef POSTRIDER_PROBE_HPP
#define POSTRIDER_PROBE_HPP

#include <postrider/connection.hpp>
#include <postrider/io/openssl.hpp>
#include <postrider/outgoing.hpp>
#include <postrider/send_result.hpp>
#include <postrider/server.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider {

/// How far a probe goes, in the order of a session that begins in clear text. Where TLS comes first, `first_ehlo` is `ehlo`, and
/// with `tls` the greeting is read too.
enum class probe_stage : std::uint8_t {
    connect,    ///< nothing is read, and nothing said
    greeting,   ///< the 220
    first_ehlo, ///< EHLO in clear text
    tls,        ///< STARTTLS and the handshake
    ehlo,       ///< EHLO as mails would be sent behind it
    auth,       ///< AUTH, if there are credentials
    mail,
    rcpt,
    data,    ///< DATA, and its 354; no octet of the content
    content, ///< the mail is sent
};

struct probe_options {
    /// No octet of what comes behind it leaves. Unsaid: `rcpt` with a mail, else `auth`. So a mail is sent by who says
    /// `content`, and by nobody else.
    std::optional<probe_stage> last{};
    /// With QUIT at the end, where it is possible: not behind `connect` and `data`. Otherwise the connection is closed.
    bool quit = true;
    /// VRFY, EXPN, HELP, XCLIENT, ...: see `session_base::ask`. Once the session is up, before the mail; each is answered in
    /// `probe_result::answers`.
    std::vector<std::pair<phase, std::string>> ask{};
    std::optional<outgoing> mail{};
    deadline until = never;            ///< besides `time_limits::total`
    const canceller* cancel = nullptr; ///< must outlive the call
};

/// A command and its answer, or the handshake of TLS. Those that shared a flight have begun at the same time.
struct probe_step {
    phase where = phase::connect; ///< `starttls` is STARTTLS, and then the handshake
    bool handshake = false;
    bool encrypted = false; ///< it was said in TLS
    std::string
        command{}; ///< as it was sent, credentials hidden, control characters replaced; empty: the greeting, the content
    int code = 0;  ///< of the answer; 0: none came, or it is the handshake
    enhanced_status enhanced{};
    std::string text{};               ///< of the answer, lines joined by '\n': see `reply`
    std::chrono::nanoseconds begun{}; ///< since the probe began
    std::chrono::nanoseconds ended{};
};

/// What a server said to EHLO, or HELO.
struct probe_hello {
    bool encrypted = false;
    std::vector<std::string> lines{}; ///< without codes, the first of which is the server's name
    capabilities offered{};
};

struct [[nodiscard]] probe_result {
    /// `ok`: as far as it went, all was as it should be. `refused`: a reply says no, by `code`. `tls_unverified`: then it has
    /// looked at what the server offers inside TLS, without credentials and without a mail (but not with a client's certificate,
    /// which the server would have seen), and left.
    errc error = errc::ok;
    phase where = phase::connect; ///< `error` comes from here
    int code = 0;
    std::string text{}; ///< one sentence or two for people, without a full stop; empty if nothing went wrong

    std::vector<connect_attempt> attempts{};
    std::string address{};     ///< that it is connected to
    std::string client_name{}; ///< that it gave in EHLO
    std::chrono::nanoseconds lookup{};
    std::chrono::nanoseconds connect{};
    std::chrono::nanoseconds proxy{};
    std::chrono::nanoseconds total{};

    std::vector<probe_step> steps{};   ///< in the order in which they were begun
    std::vector<probe_hello> hellos{}; ///< one, or two where STARTTLS lies between them; more behind XCLIENT
    tls_facts tls{};
    peer_certificates certificates{};
    std::string channel_binding{};                ///< what SCRAM-...-PLUS could use: "tls-exporter"; empty: nothing
    mechanism authenticated_by = mechanism::none; ///< behind a 235
    std::vector<command_result> answers{};        ///< to `probe_options::ask`, in order
    std::optional<send_result> mail{};            ///< where `last` is `content`, and it came to a mail

    explicit operator bool() const noexcept { return error == errc::ok; }
};

/// Connects once, and never again. `to` decides about TLS, credentials, time limits, and `client_options::transcript` is told
/// what is said. Waits; belongs to the thread that calls. Nothing throws but `std::bad_alloc`.
probe_result probe(const server& to, const probe_options& options = {});

} // namespace postrider

#endif

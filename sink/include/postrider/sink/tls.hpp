// TLS: what a sink speaks, and what it saw of a client that spoke it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace postrider::sink {

enum class tls_version : std::uint8_t { tls_1_0, tls_1_1, tls_1_2, tls_1_3 };

// With a certificate, STARTTLS is offered (extensions::starttls), or everything is TLS from the first octet.
struct tls {
    std::filesystem::path certificate; // PEM: the server's, then its chain; empty: no TLS
    std::filesystem::path key;         // PEM
    std::filesystem::path client_ca;   // PEM: who may have signed clients' certificates; empty: none is asked for
    bool require_client_certificate = false;
    bool implicit = false; // RFC 8314 section 3, instead of STARTTLS
    tls_version minimum = tls_version::tls_1_2;
    tls_version maximum = tls_version::tls_1_3;
    std::string ciphers;                // as OpenSSL names those up to TLS 1.2; empty: its own choice
    bool tickets = true;                // off: no session is ever resumed
    bool extended_master_secret = true; // RFC 7627; off: as with a TLS 1.2 server that is older than it
};

struct tls_session {
    std::string version; // "TLSv1.3"; empty where the handshake failed
    std::string cipher;
    bool resumed = false;
    std::string server_name;    // SNI
    std::string client_subject; // of the client's certificate, as RFC 2253 writes it
    // The client said that it ends before it ended. Nobody knows of one that closes after the server did.
    bool close_notify = false;
    std::string failure; // of the handshake, or of a record later: "tlsv1 alert unknown ca"
};

} // namespace postrider::sink

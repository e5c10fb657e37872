#include "postrider/io/tls.hpp"

namespace postrider {

std::string_view name(tls_version which) noexcept {
    switch (which) {
    case tls_version::none: return "none";
    case tls_version::tls_1_2: return "TLS 1.2";
    case tls_version::tls_1_3: return "TLS 1.3";
    }
    return "unknown";
}

const char* describe(tls_verdict why) noexcept {
    switch (why) {
    case tls_verdict::not_checked: return "the server has shown no certificate yet";
    case tls_verdict::verified: return "the server has proved who it is";
    case tls_verdict::pinned: return "the server has the key that was pinned";
    case tls_verdict::wrong_pin: return "the server's key is none of those that were pinned";
    case tls_verdict::weak: return "a key or a signature of the server's certificates is too weak to be trusted";
    case tls_verdict::expired: return "a certificate of the server is no longer valid";
    case tls_verdict::not_yet_valid:
        return "a certificate of the server is not valid yet, or the clock of this machine is wrong";
    case tls_verdict::self_signed: return "the server's certificate is signed by itself alone";
    case tls_verdict::untrusted: return "the server's certificate is not signed by an authority that is trusted here";
    case tls_verdict::wrong_name: return "the server's certificate is for another host";
    case tls_verdict::revoked: return "a certificate of the server was revoked";
    case tls_verdict::bad_chain: return "the server's certificates do not make a chain";
    }
    return "unknown";
}

} // namespace postrider

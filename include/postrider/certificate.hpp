// certificate.hpp - whether a certificate speaks for a host (RFC 9525): the one check for every TLS library.
#ifndef POSTRIDER_CERTIFICATE_HPP
#define POSTRIDER_CERTIFICATE_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider {

/// Whether `certificate` (X.509, DER) names `host` among its subjectAltNames.
///
/// `host` is a DNS name in A-labels, a dot at its end allowed, or an IPv4 or IPv6 address, in brackets or not. A DNS name is
/// compared with the DNS-IDs, case aside, and one of these may have `*` for its whole left-most label, standing for exactly
/// one label (RFC 9525 §6.3); an address is compared with the IP-IDs alone (§6.4). The common name is not looked at (§2).
/// False also for what is no certificate, has no subjectAltName, or none that can be read.
bool certificate_names(std::string_view certificate, std::string_view host) noexcept;

/// The subjectPublicKeyInfo of a certificate (DER), of which pins are digests (RFC 7469 §2.4); empty if there is none.
std::string_view public_key_of(std::string_view certificate) noexcept;

} // namespace postrider

#endif

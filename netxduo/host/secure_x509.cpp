// What a certificate says of itself: the names in it, read from its DER.
//
// Of a peer's certificate every octet may be a lie: nothing is read that is not inside what encloses it. The signature, the
// dates and the rest are the TLS library's business.

#include "secure.hpp"

#include <cstring>
#include <string_view>

using namespace postrider::netxduo_host;

namespace {

constexpr UCHAR sequence = 0x30, set = 0x31, integer = 0x02, bit_string = 0x03, octet_string = 0x04, oid = 0x06;
constexpr UCHAR version_tag = 0xA0, extensions_tag = 0xA3, dns_name_tag = 0x82;
constexpr UCHAR common_name[] = {0x55, 0x04, 0x03};
constexpr UCHAR subject_alternative_name[] = {0x55, 0x1D, 0x11};

// The elements of a DER value, one after the other.
class der {
public:
    explicit der(octets of) : rest_(of) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] bool at(UCHAR tag) const { return !rest_.empty() && rest_[0] == tag; }

    // False where there is no whole element.
    bool next(UCHAR& tag, octets& content) {
        if (rest_.size() < 2) return false;
        tag = rest_[0];
        std::size_t length = rest_[1], header = 2;
        if (length >= 0x80) {
            const std::size_t count = length - 0x80;
            if (count == 0 || count > 3 || rest_.size() < 2 + count) return false;
            length = 0;
            for (; header < 2 + count; ++header) length = length << 8 | rest_[header];
        }
        if (rest_.size() - header < length) return false;
        content = rest_.subspan(header, length);
        rest_ = rest_.subspan(header + length);
        return true;
    }
    bool next_is(UCHAR wanted, octets& content) {
        UCHAR tag = 0;
        return next(tag, content) && tag == wanted;
    }

private:
    octets rest_;
};

template <std::size_t Size>
bool is(octets found, const UCHAR (&wanted)[Size]) {
    return found.size() == Size && std::memcmp(found.data(), wanted, Size) == 0;
}

struct contents {
    octets issuer, subject, extensions;
};

bool read(octets certificate, contents& found) {
    der file(certificate);
    octets outer, signed_part, dropped;
    if (!file.next_is(sequence, outer) || !file.at_end()) return false;
    der parts(outer);
    if (!parts.next_is(sequence, signed_part) || !parts.next_is(sequence, dropped) ||
        !parts.next_is(bit_string, dropped))
        return false;

    der fields(signed_part);
    if (fields.at(version_tag) && !fields.next_is(version_tag, dropped)) return false;
    if (!fields.next_is(integer, dropped) || !fields.next_is(sequence, dropped) ||
        !fields.next_is(sequence, found.issuer) || !fields.next_is(sequence, dropped) ||
        !fields.next_is(sequence, found.subject) || !fields.next_is(sequence, dropped))
        return false;
    UCHAR tag = 0;
    octets content;
    while (!fields.at_end()) {
        if (!fields.next(tag, content)) return false;
        if (tag == extensions_tag && !der(content).next_is(sequence, found.extensions)) return false;
    }
    return true;
}

// The last common name: the most specific one.
NX_SECURE_X509_DISTINGUISHED_NAME name_in(octets distinguished_name) {
    NX_SECURE_X509_DISTINGUISHED_NAME name{};
    der sets(distinguished_name);
    octets relative, pair, type, value;
    while (sets.next_is(set, relative)) {
        der pairs(relative);
        while (pairs.next_is(sequence, pair)) {
            der both(pair);
            UCHAR tag = 0;
            if (both.next_is(oid, type) && is(type, common_name) && both.next(tag, value) && value.size() <= 0xFFFF)
                name = {value.data(), static_cast<USHORT>(value.size())};
        }
    }
    return name;
}

// The DNS names of the subject alternative name, until one is the right one.
template <class Predicate>
bool any_dns_name(octets extensions, Predicate right) {
    der list(extensions);
    octets extension, type, value, names, name;
    UCHAR tag = 0;
    while (list.next_is(sequence, extension)) {
        der fields(extension);
        if (!fields.next_is(oid, type) || !is(type, subject_alternative_name)) continue;
        while (fields.next(tag, value) && tag != octet_string) {
        }
        if (tag != octet_string || !der(value).next_is(sequence, names)) continue;
        der each(names);
        while (each.next(tag, name))
            if (tag == dns_name_tag && right(name)) return true;
    }
    return false;
}

std::string_view text(octets of) { return {reinterpret_cast<const char*>(of.data()), of.size()}; }

// `*.` stands for one whole label, and never for that before a top-level domain. Lengths are compared, so a NUL in a
// certificate ends nothing.
bool names(octets pattern, std::string_view name) {
    std::string_view wanted = text(pattern);
    if (wanted == name) return !name.empty();
    if (!wanted.starts_with("*.")) return false;
    wanted.remove_prefix(1);
    const std::size_t dot = name.find('.');
    return wanted.find('.', 1) != wanted.npos && dot != name.npos && dot > 0 && name.substr(dot) == wanted;
}

} // namespace

bool postrider::netxduo_host::parse_certificate(NX_SECURE_X509_CERT& certificate) {
    contents found;
    if (!read(der_of(certificate), found)) return false;
    certificate.nx_secure_x509_distinguished_name = name_in(found.subject);
    certificate.nx_secure_x509_issuer = name_in(found.issuer);
    return true;
}

UINT nx_secure_x509_certificate_initialize(NX_SECURE_X509_CERT* certificate, UCHAR* data, USHORT length, UCHAR* buffer,
                                           USHORT buffer_size, const UCHAR* private_key, USHORT private_key_length,
                                           UINT private_key_type) {
    if (!certificate || !data) return NX_PTR_ERROR;
    if (private_key && private_key_type != NX_SECURE_X509_KEY_TYPE_RSA_PKCS1_DER &&
        private_key_type != NX_SECURE_X509_KEY_TYPE_EC_DER)
        return NX_SECURE_TLS_UNSUPPORTED_PUBLIC_CIPHER;
    *certificate = {};
    if (buffer) {
        if (buffer_size < length) return NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE;
        std::memcpy(buffer, data, length);
        certificate->nx_secure_x509_certificate_raw_buffer = buffer;
        certificate->nx_secure_x509_certificate_raw_buffer_size = buffer_size;
    }
    certificate->nx_secure_x509_certificate_raw_data = buffer ? buffer : data;
    certificate->nx_secure_x509_certificate_raw_data_length = length;
    if (private_key) {
        certificate->nx_secure_x509_host_private_key = private_key;
        certificate->nx_secure_x509_host_private_key_length = private_key_length;
        certificate->nx_secure_x509_private_key_type = private_key_type;
    }
    if (parse_certificate(*certificate)) return NX_SECURE_X509_SUCCESS;
    *certificate = {};
    return NX_SECURE_TLS_INVALID_CERTIFICATE;
}

UINT nx_secure_x509_common_name_dns_check(NX_SECURE_X509_CERT* certificate, const UCHAR* name, UINT length) {
    if (!certificate || !name) return NX_PTR_ERROR;
    contents found;
    if (!read(der_of(*certificate), found)) return NX_SECURE_TLS_INVALID_CERTIFICATE;
    const std::string_view wanted = text({name, length});
    const auto right = [wanted](octets pattern) { return names(pattern, wanted); };
    const auto common = name_in(found.subject);
    if (right({common.nx_secure_x509_common_name, common.nx_secure_x509_common_name_length})) return NX_SUCCESS;
    return any_dns_name(found.extensions, right) ? NX_SUCCESS : NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH;
}

UINT nx_secure_x509_dns_name_initialize(NX_SECURE_X509_DNS_NAME* dns_name, const UCHAR* name, USHORT length) {
    if (!dns_name || !name) return NX_PTR_ERROR;
    if (length > NX_SECURE_X509_DNS_NAME_MAX) return NX_SECURE_X509_NAME_STRING_TOO_LONG;
    *dns_name = {};
    std::memcpy(dns_name->nx_secure_x509_dns_name, name, length);
    dns_name->nx_secure_x509_dns_name_length = length;
    return NX_SUCCESS;
}

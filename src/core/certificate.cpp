#include "postrider/certificate.hpp"

#include "core/chars.hpp"

#include <array>
#include <cstring>

namespace postrider {

namespace {

//   identifier octet, length octets, contents octets                 (X.690 §8.1), where DER (§10.1) leaves one way to write a
//   length: the shortest. Tags above 30 take more octets (§8.1.2.4): a certificate has none of them.
//
/// Takes one element of DER after another off the front of what it holds, and goes nowhere beyond it. The first that is not
/// what was asked for, not whole, or not DER spoils it for good: what is taken then is empty, and `sound` says it once for all.
class der {
public:
    explicit constexpr der(std::string_view octets) noexcept : octets_(octets) {}

    /// The tag of the next element; 0, which is none, at the end.
    constexpr unsigned char tag() const noexcept {
        return octets_.empty() ? static_cast<unsigned char>(0) : static_cast<unsigned char>(octets_[0]);
    }
    constexpr bool at_end() const noexcept { return octets_.empty(); }
    /// Nothing was wrong, and nothing is left.
    constexpr bool sound() const noexcept { return sound_ && octets_.empty(); }

    /// The next element as a whole, if it has this tag.
    constexpr std::string_view whole(unsigned char wanted) noexcept { return take(wanted, false); }
    /// What is in it.
    constexpr std::string_view contents(unsigned char wanted) noexcept { return take(wanted, true); }

private:
    constexpr std::string_view take(unsigned char wanted, bool inside) noexcept {
        if (octets_.size() < 2 || tag() != wanted || (wanted & 0x1F) == 0x1F) return spoil();
        std::size_t header = 2, length = octet(1);
        if (length > 127) {
            const std::size_t more = length - 128; // 0: indefinite, which is BER
            if (more == 0 || more > 3 || octets_.size() < 2 + more) return spoil();
            for (length = 0; header != 2 + more; ++header) length = length << 8 | octet(header);
            if (length < 128 || length >> 8 * (more - 1) == 0) return spoil();
        }
        if (length > octets_.size() - header) return spoil();
        const std::string_view taken{octets_.data() + (inside ? header : 0), length + (inside ? 0 : header)};
        octets_.remove_prefix(header + length);
        return taken;
    }
    constexpr std::size_t octet(std::size_t at) const noexcept { return static_cast<unsigned char>(octets_[at]); }
    constexpr std::string_view spoil() noexcept {
        sound_ = false;
        octets_ = {};
        return {};
    }

    std::string_view octets_;
    bool sound_ = true;
};

constexpr unsigned char boolean = 0x01, integer = 0x02, bit_string = 0x03, octet_string = 0x04,
                        object_identifier = 0x06, sequence = 0x30, dns_name = 0x82, ip_address = 0x87;
constexpr std::string_view subject_alt_name = "\x55\x1D\x11"; // 2.5.29.17

struct parts {
    std::string_view public_key{}; ///< subjectPublicKeyInfo, its header included
    std::string_view names{};      ///< what is in the SEQUENCE of GeneralNames of subjectAltName; empty: there is none
};

//   Extensions = SEQUENCE OF Extension;  Extension = SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE,
//                extnValue OCTET STRING };  SubjectAltName = SEQUENCE OF GeneralName   (RFC 5280 §4.1, §4.2.1.6)
//
/// False also where there are two subjectAltNames: of these a reader could believe either (§4.2).
bool read_extensions(std::string_view octets, parts& to) noexcept {
    der outer{octets};
    der extensions{outer.contents(sequence)};
    bool sound = outer.sound();
    while (!extensions.at_end()) {
        der extension{extensions.contents(sequence)}; // spoiled with the list: an empty one is none
        const bool names = extension.contents(object_identifier) == subject_alt_name;
        if (extension.tag() == boolean) extension.contents(boolean);
        der value{extension.contents(octet_string)};
        sound = sound && extension.sound();
        if (!names) continue;
        sound = sound && to.names.empty();
        to.names = value.contents(sequence);
        sound = sound && value.sound();
    }
    return sound;
}

//   Certificate = SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE, signatureValue BIT STRING }
//   tbsCertificate = SEQUENCE { version [0] DEFAULT v1, serialNumber INTEGER, signature SEQUENCE, issuer SEQUENCE,
//       validity SEQUENCE, subject SEQUENCE, subjectPublicKeyInfo SEQUENCE, issuerUniqueID [1] OPTIONAL,
//       subjectUniqueID [2] OPTIONAL, extensions [3] OPTIONAL }        (RFC 5280 §4.1)
//
/// What is wanted of a certificate. What it is signed by and how long it holds is the TLS library's to check, which has taken
/// it for one before; here all must be of this shape to its last octet, so that both have read the same.
bool read(std::string_view octets, parts& to) noexcept {
    der file{octets};
    der certificate{file.contents(sequence)};
    der tbs{certificate.contents(sequence)};
    certificate.whole(sequence);
    certificate.whole(bit_string);
    if (tbs.tag() == 0xA0) tbs.whole(0xA0);
    tbs.whole(integer);
    for (int i = 0; i != 4; ++i) tbs.whole(sequence);
    to.public_key = tbs.whole(sequence);
    if (tbs.tag() == 0x81) tbs.whole(0x81);
    if (tbs.tag() == 0x82) tbs.whole(0x82);
    const bool extended = tbs.tag() == 0xA3;
    if (extended && !read_extensions(tbs.contents(0xA3), to)) return false;
    return file.sound() && certificate.sound() && tbs.sound();
}

/// An address as IP-IDs have it: 4 octets, or 16; 0: it is none.
struct address {
    std::array<char, 16> octets{};
    std::size_t size = 0;
};

//   IPv4 = Snum 3("." Snum); Snum = 1*3DIGIT, 0 to 255               (RFC 5321 §4.1.3)
//
/// Without leading zeros, which some read as octal. Returns whether it is one.
bool read_ipv4(std::string_view text, char* to) noexcept {
    std::size_t at = 0;
    unsigned digits = 0, value = 0;
    for (const char c : text) {
        if (c == '.' && digits != 0) {
            if (++at == 4) return false;
            digits = value = 0;
            continue;
        }
        if (!is_digit(c) || (digits != 0 && value == 0)) return false;
        value = value * 10 + static_cast<unsigned>(c - '0');
        if (value > 255) return false;
        ++digits;
        to[at] = static_cast<char>(value);
    }
    return at == 3 && digits != 0;
}

constexpr unsigned hex_value(char c) noexcept {
    if (is_digit(c)) return static_cast<unsigned>(c - '0');
    const char upper = to_upper(c);
    return upper >= 'A' && upper <= 'F' ? static_cast<unsigned>(upper - 'A') + 10 : 16;
}

/// `h16 *( ":" h16 )`, an IPv4 address in place of the last two groups if there is nothing behind it. Adds them to `to`, up to
/// 16 octets; false if this is something else, or more.
bool read_groups(std::string_view text, bool last, address& to) noexcept {
    while (!text.empty()) {
        std::size_t length = 0;
        unsigned value = 0;
        while (length != text.size() && hex_value(text[length]) < 16 && length != 5)
            value = value << 4 | hex_value(text[length++]);
        if (last && length != text.size() && text[length] == '.') {
            if (to.size > 12 || !read_ipv4(text, to.octets.data() + to.size)) return false;
            to.size += 4;
            return true;
        }
        if (length == 0 || length == 5 || to.size == 16) return false;
        to.octets[to.size++] = static_cast<char>(value >> 8);
        to.octets[to.size++] = static_cast<char>(value & 0xFF);
        if (length == text.size()) return true;
        if (text[length] != ':' || length + 1 == text.size()) return false;
        text.remove_prefix(length + 1);
    }
    return true;
}

//   IPv6 = 7( h16 ":" ) ls32, a run of groups of zeros written "::" once; ls32 = h16 ":" h16 / IPv4; h16 = 1*4HEXDIG
//                                                                    (RFC 4291 §2.2; RFC 3986 appendix A)
/// Zone ids (`%eth0`) are none of it: they mean something on this machine, and nothing in a certificate.
bool read_ipv6(std::string_view text, address& to) noexcept {
    std::size_t gap = 0;
    while (gap + 1 < text.size() && (text[gap] != ':' || text[gap + 1] != ':')) ++gap;
    const bool gapped = gap + 1 < text.size();
    if (!gapped) return read_groups(text, true, to) && to.size == 16;
    address behind;
    if (!read_groups({text.data(), gap}, false, to)) return false;
    if (!read_groups({text.data() + gap + 2, text.size() - gap - 2}, true, behind)) return false;
    if (to.size + behind.size > 14) return false; // "::" stands for one group at least
    std::memcpy(to.octets.data() + 16 - behind.size, behind.octets.data(), behind.size);
    to.size = 16;
    return true;
}

address address_of(std::string_view text) noexcept {
    address found;
    if (read_ipv4(text, found.octets.data())) {
        found.size = 4;
        return found;
    }
    found = {};
    return read_ipv6(text, found) ? found : address{};
}

constexpr bool is_number(std::string_view label) noexcept {
    const bool hex = label.size() > 2 && label[0] == '0' && to_upper(label[1]) == 'X';
    for (std::size_t i = hex ? 2 : 0; i != label.size(); ++i)
        if (hex ? hex_value(label[i]) > 15 : !is_digit(label[i])) return false;
    return true;
}

//   labels of letters, digits and hyphens (RFC 5890 §2.3.1), and of underscores as many networks name their hosts
//
/// False also where the last label is a number: resolvers read "127.1" or "0x7F000001" as an address.
bool is_dns_name(std::string_view text) noexcept {
    if (text.size() > 253) return false;
    std::size_t label = 0;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char c = text[i];
        if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '_' && c != '.') return false;
        if (c == '.' && i == label) return false;
        if (c == '.') label = i + 1;
        if (i - label == 63) return false;
    }
    return label != text.size() && !is_number({text.data() + label, text.size() - label});
}

constexpr std::string_view without_dot(std::string_view text) noexcept {
    if (!text.empty() && text.back() == '.') text.remove_suffix(1);
    return text;
}

constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i != a.size(); ++i)
        if (to_upper(a[i]) != to_upper(b[i])) return false;
    return true;
}

/// `host` is a DNS name, so that a DNS-ID with anything else in it, say a NUL, cannot be the same.
bool covers(std::string_view dns_id, std::string_view host) noexcept {
    if (dns_id.size() > 2 && dns_id[0] == '*' && dns_id[1] == '.') {
        dns_id.remove_prefix(1);
        while (!host.empty() && host[0] != '.') host.remove_prefix(1);
    }
    return same_name(dns_id, host);
}

} // namespace

bool certificate_names(std::string_view certificate, std::string_view host) noexcept {
    parts found;
    if (!read(certificate, found)) return false;
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    const address ip = address_of(bracketed ? std::string_view{host.data() + 1, host.size() - 2} : host);
    host = without_dot(host);
    if (ip.size == 0 && !is_dns_name(host)) return false;
    bool named = false;
    der names{found.names}; //   GeneralName = CHOICE of [0] to [8]; dNSName [2] IA5String, iPAddress [7] OCTET STRING
    while (!names.at_end()) {
        const unsigned char tag = names.tag();
        const std::string_view name = names.contents(tag);
        if ((tag & 0xC0) != 0x80) return false;
        if (ip.size != 0) named = named || (tag == ip_address && name == std::string_view{ip.octets.data(), ip.size});
        else named = named || (tag == dns_name && covers(without_dot(name), host));
    }
    return named && names.sound();
}

std::string_view public_key_of(std::string_view certificate) noexcept {
    parts found;
    return read(certificate, found) ? found.public_key : std::string_view{};
}

} // namespace postrider

#include "certificates.hpp"

#include "io/tls/shown.hpp"
#include "postrider/certificate.hpp"
#include "postrider/io/openssl.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace postrider::openssl_detail {

file::~file() { wipe(octets_); }

std::string file::read(std::string_view path) {
    constexpr std::size_t most = 64u << 20; // no certificates are as large: it is a device, or another file
    const std::string name{path};
    if (name.find('\0') != std::string::npos) return "the name holds a NUL";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> from{std::fopen(name.c_str(), "rbe"), std::fclose};
    if (!from) return std::strerror(errno);
    std::setvbuf(from.get(), nullptr, _IONBF, 0); // no copy in a buffer that nobody wipes
    wipe(octets_);
    octets_.assign(16384, '\0');
    std::size_t size = 0;
    for (;;) {
        errno = 0;
        const std::size_t more = std::fread(octets_.data() + size, 1, octets_.size() - size, from.get());
        size += more;
        if (std::ferror(from.get()) != 0) return std::strerror(errno);
        if (more == 0) break;
        if (size > most) return "it is too large";
        if (size == octets_.size()) { // by hand, because a vector would leave the old memory as it is
            std::vector<char> larger(octets_.size() * 2);
            std::memcpy(larger.data(), octets_.data(), size);
            wipe(octets_);
            octets_.swap(larger);
        }
    }
    octets_.resize(size);
    return {};
}

owned<BIO> file::bio() const noexcept {
    return owned<BIO>{BIO_new_mem_buf(octets_.data(), static_cast<int>(octets_.size()))};
}

tls_set_up failure(errc error, std::initializer_list<std::string_view> pieces) noexcept {
    tls_set_up result{.error = error};
    for (const std::string_view piece : pieces) result.text.append(piece);
    return result;
}

const char* first_reason() noexcept {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return reason == nullptr ? "no reason given" : reason;
}

tls_set_up read_certificates(const file& from, std::string_view path, errc error, std::vector<owned<X509>>& to) {
    ERR_clear_error();
    const owned<BIO> bio = from.bio();
    if (!bio) return failure(errc::system_failure, {path, ": no memory"});
    while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) to.emplace_back(next);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end) {
        const std::string which = std::to_string(to.size() + 1);
        return failure(error,
                       {path, ": certificate ", which, " is damaged (", first_reason(), "); make the file anew"});
    }
    ERR_clear_error();
    if (!to.empty()) return {};
    const std::string_view octets = from.octets();
    auto at = reinterpret_cast<const unsigned char*>(octets.data());
    owned<X509> one{d2i_X509(nullptr, &at, static_cast<long>(octets.size()))};
    ERR_clear_error();
    if (!one) return failure(error, {path, ": holds no certificate; PEM or DER is expected"});
    to.push_back(std::move(one));
    return {};
}

der::der(const X509* of) noexcept {
    unsigned char* octets = nullptr;
    const int size = i2d_X509(of, &octets);
    if (size <= 0) return;
    octets_.reset(octets);
    size_ = static_cast<std::size_t>(size);
}

bool pin_of(std::string_view certificate, tls_detail::pin& to) noexcept {
    const std::string_view key = public_key_of(certificate);
    return !key.empty() && openssl_digests{}.hash(digest::sha_256, {&key, 1}, to.data());
}

namespace {

short_text<128> text_of(const X509_NAME* name) noexcept {
    const owned<BIO> bio{BIO_new(BIO_s_mem())};
    constexpr unsigned long flags = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_ESC_2253 |
                                    ASN1_STRFLGS_UTF8_CONVERT | XN_FLAG_DUMP_UNKNOWN_FIELDS;
    if (!bio || X509_NAME_print_ex(bio.get(), name, 0, flags) < 0) return {};
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return tls_detail::shown({text, static_cast<std::size_t>(size)});
}

short_text<24> text_of(const ASN1_TIME* time) noexcept {
    std::tm at{};
    std::array<char, 64> text;
    if (ASN1_TIME_to_tm(time, &at) != 1) return {};
    const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", at.tm_year + 1900,
                                   at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
    return short_text<24>{{text.data(), static_cast<std::size_t>(size)}};
}

std::string_view octets_of(const ASN1_STRING* text) noexcept {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// Those that can name a host; a certificate may have others, such as mail addresses.
std::vector<std::string> names_of(const X509* of) {
    std::vector<std::string> names;
    const auto all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(of, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* const one = sk_GENERAL_NAME_value(all, i);
        if (one->type == GEN_DNS) {
            names.push_back(std::string{"DNS:"}.append(tls_detail::shown(octets_of(one->d.dNSName)).view()));
        } else if (one->type == GEN_IPADD) {
            const std::string_view address = octets_of(one->d.iPAddress);
            std::array<char, INET6_ADDRSTRLEN> text{};
            const int family = address.size() == 4 ? AF_INET : AF_INET6;
            if (address.size() != 4 && address.size() != 16) continue;
            if (inet_ntop(family, address.data(), text.data(), text.size()) != nullptr)
                names.push_back(std::string{"IP:"}.append(text.data()));
        }
    }
    GENERAL_NAMES_free(all);
    return names;
}

/// "EC P-256": the names that people use, where there is one.
std::string key_of(const EVP_PKEY* key) {
    const char* const type = EVP_PKEY_get0_type_name(key);
    std::string name{type == nullptr ? "unknown" : type};
    std::array<char, 64> curve{};
    std::size_t size = 0;
    if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &size) != 1) return name;
    const char* const nist = EC_curve_nid2nist(OBJ_txt2nid(curve.data()));
    return name.append(" ").append(nist == nullptr ? curve.data() : nist);
}

} // namespace

certificate_facts facts_of(const X509* of) {
    tls_facts known;
    describe(of, known);
    certificate_facts facts;
    facts.subject = known.subject.view();
    facts.issuer = known.issuer.view();
    facts.valid_until = known.valid_until.view();
    facts.valid_from = text_of(X509_get0_notBefore(of)).view();
    facts.pin = known.pin.view();
    facts.names = names_of(of);
    if (const EVP_PKEY* const key = X509_get0_pubkey(of)) {
        facts.key = key_of(key);
        facts.key_bits = EVP_PKEY_get_bits(key);
    }
    if (const char* const name = OBJ_nid2ln(X509_get_signature_nid(of))) facts.signature = name;
    const owned<BIO> bio{BIO_new(BIO_s_mem())};
    if (bio && PEM_write_bio_X509(bio.get(), of) == 1) {
        char* text = nullptr;
        const long size = BIO_get_mem_data(bio.get(), &text);
        facts.pem.assign(text, static_cast<std::size_t>(size));
    }
    ERR_clear_error();
    return facts;
}

void describe(const X509* of, tls_facts& to) noexcept {
    to.subject = text_of(X509_get_subject_name(of));
    to.issuer = text_of(X509_get_issuer_name(of));
    to.valid_until = text_of(X509_get0_notAfter(of));
    tls_detail::pin pin;
    if (pin_of(der{of}.octets(), pin)) to.pin = tls_detail::text_of(pin);
    ERR_clear_error();
}

std::size_t end_point(const X509* of, std::span<char, 64> to) noexcept {
    int digest = NID_undef;
    if (X509_get_signature_info(const_cast<X509*>(of), &digest, nullptr, nullptr, nullptr) != 1) return 0;
    if (digest == NID_undef) return 0;
    if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
    const EVP_MD* const md = EVP_get_digestbynid(digest);
    unsigned size = 0;
    std::array<unsigned char, EVP_MAX_MD_SIZE> value;
    if (md == nullptr || X509_digest(of, md, value.data(), &size) != 1 || size > to.size()) return 0;
    std::memcpy(to.data(), value.data(), size);
    return size;
}

} // namespace postrider::openssl_detail

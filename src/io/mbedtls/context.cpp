#include "postrider/io/mbedtls.hpp"

#include "io/tls/pin.hpp"
#include "io/tls/shown.hpp"

#include <mbedtls/pk.h>

#if defined(MBEDTLS_FS_IO)
#include <cerrno>
#include <cstdio>
#include <cstring>
#endif
#include <initializer_list>

#if defined(MBEDTLS_ZLIB_SUPPORT)
#error "mbedTLS with MBEDTLS_ZLIB_SUPPORT offers compression, which gives secrets away (CRIME): build it without"
#endif

namespace postrider {

namespace {

/// At least 112 bits, as OpenSSL's security level 2: no SHA-1, no MD5, no RSA below 2048 bit, no curve of 192.
const mbedtls_x509_crt_profile profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA224) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    0xFFFFFFF,
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP224R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_BP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_BP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_BP512R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256K1),
    2048,
};

/// The same for what the server signs in the handshake; mbedTLS's own list has SHA-1.
const int signature_digests[] = {
#if defined(MBEDTLS_SHA512_C)
    MBEDTLS_MD_SHA512,
#if !defined(MBEDTLS_SHA512_NO_SHA384)
    MBEDTLS_MD_SHA384,
#endif
#endif
#if defined(MBEDTLS_SHA256_C)
    MBEDTLS_MD_SHA256,
#endif
    MBEDTLS_MD_NONE};

#if defined(MBEDTLS_ECP_C)
const mbedtls_ecp_group_id curves[] = {
#if defined(MBEDTLS_ECP_DP_CURVE25519_ENABLED)
    MBEDTLS_ECP_DP_CURVE25519,
#endif
#if defined(MBEDTLS_ECP_DP_SECP256R1_ENABLED)
    MBEDTLS_ECP_DP_SECP256R1,
#endif
#if defined(MBEDTLS_ECP_DP_SECP384R1_ENABLED)
    MBEDTLS_ECP_DP_SECP384R1,
#endif
#if defined(MBEDTLS_ECP_DP_SECP521R1_ENABLED)
    MBEDTLS_ECP_DP_SECP521R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP256R1_ENABLED)
    MBEDTLS_ECP_DP_BP256R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP384R1_ENABLED)
    MBEDTLS_ECP_DP_BP384R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP512R1_ENABLED)
    MBEDTLS_ECP_DP_BP512R1,
#endif
    MBEDTLS_ECP_DP_NONE};
#endif

tls_set_up failure(errc error, std::initializer_list<std::string_view> pieces) noexcept {
    tls_set_up result{.error = error};
    for (const std::string_view piece : pieces) result.text.append(piece);
    return result;
}

const unsigned char* octets(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// mbedTLS begins a list with an element that is empty.
bool is_empty(const mbedtls_x509_crt& list) noexcept { return list.raw.p == nullptr; }

tls_set_up key_failure(std::string_view name, int error, bool password) noexcept {
    constexpr errc why = errc::invalid_certificate;
    if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        return failure(why, {name, ": the key is encrypted; give key_password"});
    if (error == MBEDTLS_ERR_PK_PASSWORD_MISMATCH)
        return failure(why, {name, ": key_password is not the key's passphrase"});
    if (password) // of PKCS #8 it knows DES alone
        return failure(why, {name, ": holds no private key that mbedTLS can decrypt; make it anew by "
                                   "openssl pkey -aes256 -traditional"});
    return failure(why, {name, ": holds no private key; PEM or DER is expected"});
}

#if defined(MBEDTLS_FS_IO)

constexpr std::size_t path_size = 4096;
constexpr const char* system_trust = "/etc/ssl/certs/ca-certificates.crt";

const char* why_not() noexcept { return errno != 0 ? std::strerror(errno) : "it is no file of that kind"; }

bool unreadable(int error) noexcept {
    return error == MBEDTLS_ERR_PK_FILE_IO_ERROR || error == MBEDTLS_ERR_PK_ALLOC_FAILED;
}

/// With a NUL behind it, as mbedTLS wants names and passphrases; wiped. `fits()` is false for what is too long, or has a NUL
/// inside.
template <std::size_t Size>
class terminated {
public:
    explicit terminated(std::string_view text) noexcept
        : fits_(text.size() < Size && text.find('\0') == std::string_view::npos) {
        if (fits_ && !text.empty()) std::memcpy(text_.data(), text.data(), text.size());
    }
    ~terminated() { wipe(text_); }
    terminated(const terminated&) = delete;
    terminated& operator=(const terminated&) = delete;
    bool fits() const noexcept { return fits_; }
    const char* c_str() const noexcept { return text_.data(); }

private:
    bool fits_;
    std::array<char, Size> text_{};
};

/// mbedTLS takes the size of a folder for one of a file, and asks for as much memory.
bool is_readable(const char* path) noexcept {
    errno = 0;
    std::FILE* const file = std::fopen(path, "rb");
    if (file == nullptr) return false;
    std::setvbuf(file, nullptr, _IONBF, 0); // no copy of a key in a buffer that nobody wipes
    static_cast<void>(std::fgetc(file));
    const int why = std::ferror(file) != 0 ? errno : 0;
    std::fclose(file);
    errno = why;
    return why == 0;
}

int parse_file(mbedtls_x509_crt& to, std::string_view name) noexcept {
    const terminated<path_size> path{name};
    errno = 0;
    return path.fits() && is_readable(path.c_str()) ? mbedtls_x509_crt_parse_file(&to, path.c_str())
                                                    : MBEDTLS_ERR_PK_FILE_IO_ERROR;
}

#endif

} // namespace

/// Where there are threads.
class mbedtls_context::lock {
public:
#if defined(MBEDTLS_THREADING_C)
    explicit lock(mbedtls_context& of) noexcept : mutex_(of.mutex_) { static_cast<void>(mbedtls_mutex_lock(&mutex_)); }
    ~lock() { static_cast<void>(mbedtls_mutex_unlock(&mutex_)); }
#else
    explicit lock(mbedtls_context&) noexcept {}
#endif
    lock(const lock&) = delete;
    lock& operator=(const lock&) = delete;

#if defined(MBEDTLS_THREADING_C)
private:
    mbedtls_threading_mutex_t& mutex_;
#endif
};

mbedtls_context::mbedtls_context() noexcept : mbedtls_context(nullptr, nullptr) {}

mbedtls_context::mbedtls_context(mbedtls_random::source* function, void* from) noexcept : random_(function, from) {
    mbedtls_ssl_config_init(&config_);
    mbedtls_x509_crt_init(&trusted_);
    mbedtls_x509_crt_init(&own_);
    mbedtls_pk_init(&key_);
    for (saved_session& s : sessions_) mbedtls_ssl_session_init(&s.session);
#if defined(MBEDTLS_THREADING_C)
    mbedtls_mutex_init(&mutex_);
#endif
}

mbedtls_context::~mbedtls_context() {
    clear();
#if defined(MBEDTLS_THREADING_C)
    mbedtls_mutex_free(&mutex_);
#endif
}

/// Each `free` leaves its object as its `init` does.
void mbedtls_context::clear() noexcept {
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&trusted_);
    mbedtls_x509_crt_free(&own_);
    mbedtls_pk_free(&key_);
    for (saved_session& s : sessions_) {
        mbedtls_ssl_session_free(&s.session);
        s.used = false;
    }
    pin_count_ = 0;
    ready_ = false;
}

tls_set_up mbedtls_context::set_up(const tls_options& options) noexcept {
    clear();
    tls_set_up result = set_floor(options);
    if (result) result = set_pins(options);
    if (result) result = set_trust(options);
    if (result) result = set_own(options);
    if (result) ready_ = true;
    else clear();
    return result;
}

tls_set_up mbedtls_context::set_floor(const tls_options& options) noexcept {
    if (options.least == tls_version::none || options.most < options.least)
        return failure(errc::invalid_parameter,
                       {"the least TLS version is none, or newer than the newest; TLS 1.2 is the "
                        "one that there is"});
    if (options.least != tls_version::tls_1_2)
        return failure(errc::invalid_parameter, {"mbedTLS 2.28 ends at TLS 1.2; ask for no more, or use OpenSSL"});
    std::array<char, 1> octet;
    if (!random_.fill(octet))
        return failure(errc::system_failure, {"there are no random octets; give the context a function that has some"});
    if (mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return failure(errc::system_failure, {"mbedTLS does not start: no memory"});
    mbedtls_ssl_conf_rng(&config_, mbedtls_random::fill, &random_);
    mbedtls_ssl_conf_min_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    // Optional, because it is the filter that decides, right behind the certificate.
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_cert_profile(&config_, &profile);
    mbedtls_ssl_conf_sig_hashes(&config_, signature_digests);
#if defined(MBEDTLS_ECP_C)
    mbedtls_ssl_conf_curves(&config_, curves);
#endif
#if defined(MBEDTLS_DHM_C)
    mbedtls_ssl_conf_dhm_min_bitlen(&config_, 2048);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&config_, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    mbedtls_ssl_conf_legacy_renegotiation(&config_, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    mbedtls_ssl_conf_session_tickets(&config_, options.resume ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                              : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH) && MBEDTLS_SSL_IN_CONTENT_LEN < 16384
    // A server that knows the extension sends no record that would not fit; a larger one of another ends the connection.
    mbedtls_ssl_conf_max_frag_len(&config_, MBEDTLS_SSL_IN_CONTENT_LEN >= 4096   ? MBEDTLS_SSL_MAX_FRAG_LEN_4096
                                            : MBEDTLS_SSL_IN_CONTENT_LEN >= 2048 ? MBEDTLS_SSL_MAX_FRAG_LEN_2048
                                            : MBEDTLS_SSL_IN_CONTENT_LEN >= 1024 ? MBEDTLS_SSL_MAX_FRAG_LEN_1024
                                                                                 : MBEDTLS_SSL_MAX_FRAG_LEN_512);
#endif
    binding_kind_ = options.binding;
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    resume_ = options.resume;
#else
    resume_ = false; // whose session it is could not be looked at again
#endif
    return {};
}

tls_set_up mbedtls_context::set_pins(const tls_options& options) noexcept {
    for (const std::string_view text : options.pins) {
        if (pin_count_ == pins_.size())
            return failure(errc::invalid_parameter,
                           {"there are more pins than POSTRIDER_MBEDTLS_PINS; give fewer, or raise it"});
        if (!tls_detail::parse(text, pins_[pin_count_]))
            return failure(errc::invalid_trust, {"the pin `", tls_detail::shown(text).view(),
                                                 "` is none; sha256// and the base64 of 32 octets is expected"});
        ++pin_count_;
    }
    pins_suffice_ = options.pins_suffice;
    if (pins_suffice_ && pin_count_ == 0)
        return failure(errc::invalid_parameter, {"pins are to suffice, and there is none; give one"});
    return {};
}

tls_set_up mbedtls_context::set_trust(const tls_options& options) noexcept {
    constexpr errc why = errc::invalid_trust;
    mbedtls_ssl_conf_ca_chain(&config_, &trusted_, nullptr);
#if defined(MBEDTLS_FS_IO)
    if (options.ca_file.empty() && options.ca_folder.empty() && options.ca_certificates.empty()) {
        // What cannot be read of it is not trusted, and that is no error.
        static_cast<void>(parse_file(trusted_, system_trust));
        return {};
    }
    if (!options.ca_file.empty()) {
        const int error = parse_file(trusted_, options.ca_file);
        if (unreadable(error))
            return failure(
                why, {options.ca_file, ": cannot be read: ", why_not(), "; a file of CA certificates is expected"});
        if (error < 0) return failure(why, {options.ca_file, ": holds no certificate; PEM or DER is expected"});
    }
    if (!options.ca_folder.empty()) {
        const terminated<path_size> path{options.ca_folder};
        const bool none = is_empty(trusted_);
        const mbedtls_x509_crt* last = &trusted_;
        while (last->next != nullptr) last = last->next;
        errno = 0;
        const int error =
            path.fits() ? mbedtls_x509_crt_parse_path(&trusted_, path.c_str()) : MBEDTLS_ERR_X509_FILE_IO_ERROR;
        if (error == MBEDTLS_ERR_X509_FILE_IO_ERROR)
            return failure(why, {options.ca_folder, ": cannot be read: ", why_not(), "; a folder of CAs is expected"});
        if (error < 0 || (none ? is_empty(trusted_) : last->next == nullptr))
            return failure(why, {options.ca_folder, ": holds no certificate; files in PEM or DER are expected"});
    }
#else
    if (!options.ca_file.empty() || !options.ca_folder.empty())
        return failure(why, {"this mbedTLS has no files; give ca_certificates"});
#endif
    for (std::size_t i = 0; i != options.ca_certificates.size(); ++i) {
        const std::string_view der = options.ca_certificates[i];
        const char digits[] = {static_cast<char>('0' + i / 10 % 10), static_cast<char>('0' + i % 10)};
        const std::string_view index{i < 10 ? digits + 1 : digits, i < 10 ? 1u : 2u};
        if (mbedtls_x509_crt_parse_der(&trusted_, octets(der), der.size()) != 0)
            return failure(why, {"ca_certificates[", index, "]: is no certificate; DER is expected"});
    }
    return {};
}

tls_set_up mbedtls_context::set_own(const tls_options& options) noexcept {
    constexpr errc why = errc::invalid_certificate;
    const std::string_view name = options.certificate_file;
    if (name.empty()) {
        if (options.key_file.empty()) return {};
        return failure(why, {options.key_file, ": is a key without a certificate; give certificate_file as well"});
    }
#if defined(MBEDTLS_FS_IO)
    int error = parse_file(own_, name);
    if (unreadable(error))
        return failure(why, {name, ": cannot be read: ", why_not(), "; the client's certificate is expected"});
    if (error < 0) return failure(why, {name, ": holds no certificate; PEM or DER is expected"});
    if (error > 0) return failure(why, {name, ": a certificate of it is damaged; make the file anew"});

    const std::string_view key_name = options.key_file.empty() ? name : options.key_file;
    const terminated<path_size> path{key_name};
    const terminated<1024> password{options.key_password.reveal()};
    const char* const phrase = options.key_password.empty() ? nullptr : password.c_str();
    if (!password.fits()) return key_failure(key_name, MBEDTLS_ERR_PK_PASSWORD_MISMATCH, true);
    errno = 0;
    error = path.fits() && is_readable(path.c_str()) ? mbedtls_pk_parse_keyfile(&key_, path.c_str(), phrase)
                                                     : MBEDTLS_ERR_PK_FILE_IO_ERROR;
    if (unreadable(error))
        return failure(why, {key_name, ": cannot be read: ", why_not(), "; the certificate's private key is expected"});
    if (error != 0) return key_failure(key_name, error, !options.key_password.empty());
    return use_own(name, key_name);
#else
    return failure(why, {"this mbedTLS has no files; use own_certificate"});
#endif
}

tls_set_up mbedtls_context::own_certificate(std::string_view certificate, std::string_view key,
                                            secret_view key_password) noexcept {
    constexpr errc why = errc::invalid_certificate;
    if (!ready_ || !is_empty(own_))
        return failure(errc::invalid_parameter, {"the context is not set up, or has a certificate already"});
    const std::string_view phrase = key_password.reveal();
    tls_set_up result;
    if (mbedtls_x509_crt_parse(&own_, octets(certificate), certificate.size()) != 0)
        result = failure(why, {"the client's certificate is none; DER is expected, or PEM with its NUL"});
    else if (const int error = mbedtls_pk_parse_key(&key_, octets(key), key.size(),
                                                    phrase.empty() ? nullptr : octets(phrase), phrase.size());
             error != 0)
        result = key_failure("the client's key", error, !phrase.empty());
    else result = use_own("the client's certificate", "the client's key");
    if (!result) {
        mbedtls_x509_crt_free(&own_);
        mbedtls_pk_free(&key_);
    }
    return result;
}

tls_set_up mbedtls_context::use_own(std::string_view name, std::string_view key_name) noexcept {
    if (mbedtls_pk_check_pair(&own_.pk, &key_) != 0)
        return failure(errc::invalid_certificate, {key_name, ": is not the key of the certificate in ", name,
                                                   "; give the one that it was made with"});
    if (mbedtls_pk_can_do(&key_, MBEDTLS_PK_RSA) != 0 && mbedtls_pk_get_bitlen(&key_) < 2048)
        return failure(errc::invalid_certificate, {name, ": its key is too short; make one of 2048 bit or more"});
    if (mbedtls_ssl_conf_own_cert(&config_, &own_, &key_) != 0)
        return failure(errc::system_failure, {name, ": no memory"});
    return {};
}

mbedtls_context::saved_session* mbedtls_context::find(const session_key& key) noexcept {
    for (saved_session& s : sessions_)
        if (s.used && s.key.port == key.port && s.key.must_verify == key.must_verify &&
            s.key.host.view() == key.host.view())
            return &s;
    return nullptr;
}

bool mbedtls_context::offer([[maybe_unused]] const session_key& key, [[maybe_unused]] mbedtls_ssl_context& to,
                            [[maybe_unused]] tls_verdict& verdict, [[maybe_unused]] bool& extended) noexcept {
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    const lock guard{*this};
    const saved_session* const s = find(key);
    if (s == nullptr || s->session.peer_cert == nullptr) return false;
    // A certificate that has ended since is looked at again, in a full handshake.
    if (mbedtls_x509_time_is_past(&s->session.peer_cert->valid_to) != 0) return false;
    if (mbedtls_ssl_set_session(&to, &s->session) != 0) return false;
    verdict = s->verdict;
    extended = s->extended;
    return true;
#else
    return false;
#endif
}

void mbedtls_context::save(const session_key& key, const mbedtls_ssl_context& from, tls_verdict verdict,
                           bool extended) noexcept {
    if (!resume_) return;
    const lock guard{*this};
    saved_session* s = find(key);
    if (s == nullptr) {
        s = &sessions_[next_session_];
        next_session_ = (next_session_ + 1) % sessions_.size();
    }
    s->key = key;
    s->verdict = verdict;
    s->extended = extended;
    s->used = mbedtls_ssl_get_session(&from, &s->session) == 0; // frees what was there
    if (!s->used) mbedtls_ssl_session_free(&s->session);
}

void mbedtls_context::forget(const session_key& key) noexcept {
    const lock guard{*this};
    saved_session* const s = find(key);
    if (s == nullptr) return;
    mbedtls_ssl_session_free(&s->session);
    s->used = false;
}

} // namespace postrider

#include "state.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>

namespace postrider::openssl_detail {

namespace {

/// OpenSSL asks the folder for names of this form, and for no others.
bool is_hashed(std::string_view name) noexcept {
    if (name.size() < 10 || name[8] != '.') return false;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::all_of(name.begin(), name.begin() + 8,
                       [&](char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }) &&
           std::all_of(name.begin() + 9, name.end(), digit);
}

/// OpenSSL itself says nothing of a folder that is not there: every server would be `untrusted`, and nobody would know why.
tls_set_up trust_folder(std::string_view path, X509_STORE* store) {
    const std::string name{path};
    const std::unique_ptr<DIR, int (*)(DIR*)> folder{opendir(name.c_str()), closedir};
    if (!folder)
        return failure(errc::invalid_trust,
                       {path, ": cannot be read: ", std::strerror(errno), "; a folder of CAs is expected"});
    bool found = false;
    while (const dirent* const entry = readdir(folder.get())) found = found || is_hashed(entry->d_name);
    if (!found)
        return failure(errc::invalid_trust,
                       {path, ": holds no certificate by the name of its hash; run `openssl rehash` on it"});
    if (X509_STORE_load_path(store, name.c_str()) != 1)
        return failure(errc::system_failure, {path, ": ", first_reason()});
    return {};
}

/// OpenSSL reads the extensions of a certificate when they are first asked for. Here, once, rather than in the first
/// handshake, of which there may be several at a time, in threads that wait for each other.
bool add(X509_STORE* store, X509* certificate) noexcept {
    static_cast<void>(X509_check_purpose(certificate, -1, 0));
    return X509_STORE_add_cert(store, certificate) == 1;
}

} // namespace

tls_set_up trust(const tls_options& options, SSL_CTX* ctx) {
    X509_STORE* const store = SSL_CTX_get_cert_store(ctx);
    const bool own = !options.ca_file.empty() || !options.ca_folder.empty() || !options.ca_certificates.empty();
    if (!own) {
        static_cast<void>(SSL_CTX_set_default_verify_paths(ctx)); // nothing there is nothing trusted, and no error
        ERR_clear_error();
        return {};
    }
    // A CA of the caller's is trusted for itself, also one that another has signed.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    if (!options.ca_file.empty()) {
        file from;
        if (const std::string why = from.read(options.ca_file); !why.empty())
            return failure(errc::invalid_trust,
                           {options.ca_file, ": cannot be read: ", why, "; a file of CA certificates is expected"});
        std::vector<owned<X509>> found;
        if (const tls_set_up e = read_certificates(from, options.ca_file, errc::invalid_trust, found); !e) return e;
        for (const auto& one : found)
            if (!add(store, one.get())) return failure(errc::system_failure, {options.ca_file, ": ", first_reason()});
    }
    if (!options.ca_folder.empty())
        if (const tls_set_up e = trust_folder(options.ca_folder, store); !e) return e;
    std::size_t index = 0;
    for (const std::string_view octets : options.ca_certificates) {
        auto at = reinterpret_cast<const unsigned char*>(octets.data());
        const owned<X509> one{d2i_X509(nullptr, &at, static_cast<long>(octets.size()))};
        ERR_clear_error();
        const std::string which = std::to_string(index++);
        if (!one)
            return failure(errc::invalid_trust, {"ca_certificates[", which, "]: is no certificate; DER is expected"});
        if (!add(store, one.get()))
            return failure(errc::system_failure, {"ca_certificates[", which, "]: ", first_reason()});
    }
    return {};
}

} // namespace postrider::openssl_detail

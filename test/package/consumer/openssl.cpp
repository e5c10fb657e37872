// openssl.cpp - TLS by OpenSSL: a context, which names the file that it cannot read; and a digest that RFC 6234 knows.
#include <postrider/io/openssl.hpp>

#include <cstdio>
#include <string_view>

int main() {
    postrider::openssl_context context;
    const postrider::tls_set_up refused = context.set_up({.ca_file = "/nonexistent.pem"});
    if (refused.error != postrider::errc::invalid_trust) return 1;
    std::printf("%.*s\n", static_cast<int>(refused.text.view().size()), refused.text.view().data());

    postrider::openssl_digests digests;
    const std::string_view parts[] = {"a", "bc"};
    char sha_256[32];
    if (!digests.hash(postrider::digest::sha_256, parts, sha_256)) return 2;
    return std::string_view(sha_256, 4) == "\xba\x78\x16\xbf" ? 0 : 3;
}

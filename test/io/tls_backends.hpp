// tls_backends.hpp - the TLS libraries that this tree was built with, for typed tests.
#pragma once

#include "postrider/io/tls_stream.hpp"
#include "tls_server.hpp"
#if POSTRIDER_TEST_OPENSSL
#include "postrider/io/openssl.hpp"
#endif
#if POSTRIDER_TEST_MBEDTLS
#include "postrider/io/mbedtls.hpp"
#endif

#include <fstream>
#include <tuple>

namespace postrider::test {

#if POSTRIDER_TEST_OPENSSL
struct openssl {
    using filter = openssl_tls;
    using context = openssl_context;
    using digests = openssl_digests;
    static constexpr bool newest = true; ///< it has TLS 1.3
    static constexpr const char* name = "openssl";
};
#endif
#if POSTRIDER_TEST_MBEDTLS
struct mbedtls {
    using filter = mbedtls_tls;
    using context = mbedtls_context;
    using digests = mbedtls_digests;
    static constexpr bool newest = false;
    static constexpr const char* name = "mbedtls";
};
#endif

using backends = testing::Types<
#if POSTRIDER_TEST_OPENSSL
    openssl
#if POSTRIDER_TEST_MBEDTLS
    ,
#endif
#endif
#if POSTRIDER_TEST_MBEDTLS
    mbedtls
#endif
    >;

struct backend_name {
    template <class Backend>
    static std::string GetName(int) {
        return Backend::name;
    }
};

inline std::string contents(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// "sha256//..." of a test certificate.
inline std::string pin_of(const std::string& name) {
    std::ifstream file{certificates("pins")};
    for (std::string key, pin; file >> key >> pin;)
        if (key == name) return pin;
    ADD_FAILURE() << "no pin of " << name;
    return {};
}

/// A client that trusts the test CA, a server in memory, and the wire between them.
template <class Backend>
struct connection {
    explicit connection(typename Backend::context& context, tls_server_context& shared,
                        std::string_view host = "mail.example", std::uint16_t port = 0)
        : server(shared), stream(transport, context, host, port) {
        transport.server = &server;
    }
    errc start(bool must_verify = true) { return stream.start_tls(must_verify, never); }
    /// Writes it all; the error, if there is one.
    errc say(std::string_view text) { return stream.transfer({&text, 1}, {}, never).error; }
    /// What there is.
    std::string hear() {
        std::string text;
        for (char octets[4096];;) {
            last = stream.transfer({}, octets, never);
            if (last.read == 0) return text;
            text.append(octets, last.read);
        }
    }

    tls_server server;
    wire transport{};
    tls_stream<typename Backend::filter, wire> stream;
    transfer_result last{};
};

template <class Backend>
struct client {
    explicit client(tls_options options = {}) {
        if (options.ca_file.empty() && options.ca_folder.empty() && options.ca_certificates.empty())
            options.ca_file = ca;
        const tls_set_up result = context.set_up(options);
        EXPECT_TRUE(result) << result.text.view();
    }
    std::string ca = certificates("ca.pem");
    typename Backend::context context{};
};

} // namespace postrider::test

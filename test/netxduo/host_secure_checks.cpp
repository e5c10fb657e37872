// What the services refuse, and the names in certificates.

#include "host_secure_support.hpp"

// As the samples of NetX Secure declare it for themselves.
extern "C" const NX_SECURE_TLS_CRYPTO nx_crypto_tls_ciphers;

using namespace host_test;

namespace {

TEST(host_secure_checks, a_session_is_created_once_and_wants_its_metadata) {
    NX_SECURE_TLS_SESSION session{};
    ULONG size = 0;
    EXPECT_EQ(nx_secure_tls_metadata_size_calculate(&nx_crypto_tls_ciphers, &size), UINT{NX_SECURE_TLS_SUCCESS});
    EXPECT_GT(size, 1000u);
    std::vector<UCHAR> metadata(size);
    const auto create = [&](ULONG given) {
        return nx_secure_tls_session_create(&session, &nx_crypto_tls_ciphers, metadata.data(), given);
    };
    EXPECT_EQ(create(size - 1), UINT{NX_SIZE_ERROR});
    EXPECT_EQ(nx_secure_tls_session_create(&session, nullptr, metadata.data(), size), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_secure_tls_session_create(&session, &nx_crypto_tls_ciphers, nullptr, size), UINT{NX_PTR_ERROR});
    EXPECT_EQ(create(size), UINT{NX_SECURE_TLS_SUCCESS});
    EXPECT_EQ(create(size), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_secure_tls_session_delete(&session), UINT{NX_SECURE_TLS_SUCCESS});
    EXPECT_EQ(nx_secure_tls_session_delete(&session), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
    EXPECT_EQ(create(size), UINT{NX_SECURE_TLS_SUCCESS});
    EXPECT_EQ(nx_secure_tls_session_delete(&session), UINT{NX_SECURE_TLS_SUCCESS});
}

TEST(host_secure_checks, dead_sessions_are_known) {
    certificate root("ca");
    NX_SECURE_TLS_SESSION dead{};
    NX_SECURE_X509_CERT room{};
    NX_SECURE_X509_DNS_NAME wanted{};
    NX_TCP_SOCKET socket{};
    NX_PACKET packet{};
    NX_PACKET* made = nullptr;
    NX_PACKET_POOL none{};
    UCHAR buffer[10];
    UINT level, value;
    in_thread([&] {
        for (NX_SECURE_TLS_SESSION* session : {&dead, static_cast<NX_SECURE_TLS_SESSION*>(nullptr)}) {
            const UINT expected = session ? NX_SECURE_TLS_SESSION_UNINITIALIZED : NX_PTR_ERROR;
            EXPECT_EQ(nx_secure_tls_session_delete(session), expected);
            EXPECT_EQ(nx_secure_tls_session_reset(session), expected);
            EXPECT_EQ(nx_secure_tls_session_packet_buffer_set(session, buffer, 10), expected);
            EXPECT_EQ(nx_secure_tls_session_protocol_version_override(session, 0x0303), expected);
            EXPECT_EQ(nx_secure_tls_session_sni_extension_set(session, &wanted), expected);
            EXPECT_EQ(nx_secure_tls_session_time_function_set(session, [] { return ULONG{0}; }), expected);
            EXPECT_EQ(nx_secure_tls_session_certificate_callback_set(
                          session, [](NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT*) { return ULONG{0}; }),
                      expected);
            EXPECT_EQ(nx_secure_tls_trusted_certificate_add(session, &root.block), expected);
            EXPECT_EQ(nx_secure_tls_local_certificate_add(session, &root.block), expected);
            EXPECT_EQ(nx_secure_tls_remote_certificate_allocate(session, &room, buffer, 10), expected);
            EXPECT_EQ(nx_secure_tls_session_start(session, &socket, 0), expected);
            EXPECT_EQ(nx_secure_tls_packet_allocate(session, &none, &made, 0), expected);
            EXPECT_EQ(nx_secure_tls_session_send(session, &packet, 0), expected);
            EXPECT_EQ(nx_secure_tls_session_receive(session, &made, 0), expected);
            EXPECT_EQ(nx_secure_tls_session_end(session, 0), expected);
            EXPECT_EQ(nx_secure_tls_session_alert_value_get(session, &level, &value), expected);
        }
    });
}

TEST(host_secure_checks, a_session_that_was_not_started_is_of_no_use) {
    stack on;
    server listener;
    in_thread([&] {
        tls_client c(on);
        NX_PACKET* packet = nullptr;
        EXPECT_EQ(c.start(), UINT{NX_NOT_CONNECTED});
        EXPECT_EQ(c.receive(packet), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
        EXPECT_EQ(c.end(), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
        EXPECT_EQ(nx_secure_tls_packet_allocate(&c.session, &on.packets.block, &packet, 0),
                  UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
        packet = on.packets.packet_of("x");
        EXPECT_EQ(c.send(packet), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
        nx_packet_release(packet);
    });
}

TEST(host_secure_checks, only_a_thread_may_use_a_session) {
    stack on;
    tls_client c(on);
    NX_PACKET* packet = on.packets.packet_of("x");
    NX_PACKET* got = nullptr;
    EXPECT_EQ(c.start(), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(c.send(packet), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(c.receive(got), UINT{NX_CALLER_ERROR});
    EXPECT_EQ(c.end(), UINT{NX_CALLER_ERROR});
    nx_packet_release(packet);
}

TEST(host_secure_checks, a_certificate_is_in_a_list_once) {
    stack on;
    certificate root("ca");
    tls_client c(on);
    NX_SECURE_X509_CERT empty{}, room{};
    UCHAR buffer[100];
    EXPECT_EQ(c.trust(root), UINT{NX_SECURE_TLS_SUCCESS});
    EXPECT_EQ(c.trust(root), UINT{NX_SECURE_TLS_CERT_ID_DUPLICATE});
    EXPECT_EQ(nx_secure_tls_trusted_certificate_add(&c.session, &empty), UINT{NX_INVALID_PARAMETERS});
    EXPECT_EQ(nx_secure_tls_remote_certificate_allocate(&c.session, &room, buffer, 0), UINT{NX_INVALID_PARAMETERS});
    EXPECT_EQ(nx_secure_tls_remote_certificate_allocate(&c.session, &room, buffer, 100), UINT{NX_SECURE_TLS_SUCCESS});
    EXPECT_EQ(nx_secure_tls_remote_certificate_allocate(&c.session, &room, buffer, 100),
              UINT{NX_SECURE_TLS_CERT_ID_DUPLICATE});
}

UINT initialize(NX_SECURE_X509_CERT& block, der_octets der, UCHAR* buffer = nullptr, USHORT size = 0,
                const UCHAR* key = nullptr, UINT kind = NX_SECURE_X509_KEY_TYPE_NONE) {
    return nx_secure_x509_certificate_initialize(&block, der.data(), static_cast<USHORT>(der.size()), buffer, size, key,
                                                 key ? 1 : 0, kind);
}

TEST(host_secure_checks, certificates_are_parsed_and_copied) {
    const der_octets der = certificate_der("ca");
    NX_SECURE_X509_CERT block;
    std::vector<UCHAR> buffer(der.size());
    const auto size = static_cast<USHORT>(buffer.size());
    EXPECT_EQ(initialize(block, der, buffer.data(), size), UINT{NX_SECURE_X509_SUCCESS});
    EXPECT_EQ(block.nx_secure_x509_certificate_raw_data, buffer.data());
    EXPECT_EQ(block.nx_secure_x509_certificate_raw_data_length, der.size());
    EXPECT_EQ(buffer, der);
    EXPECT_EQ(std::string(block.nx_secure_x509_issuer.nx_secure_x509_common_name,
                          block.nx_secure_x509_issuer.nx_secure_x509_common_name +
                              block.nx_secure_x509_issuer.nx_secure_x509_common_name_length),
              "Postrider test CA");
    EXPECT_EQ(initialize(block, der, buffer.data(), static_cast<USHORT>(size - 1)),
              UINT{NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE});
    EXPECT_EQ(initialize(block, {'-', '-', '-'}), UINT{NX_SECURE_TLS_INVALID_CERTIFICATE});
    EXPECT_EQ(initialize(block, der, nullptr, 0, buffer.data(), NX_SECURE_X509_KEY_TYPE_NONE),
              UINT{NX_SECURE_TLS_UNSUPPORTED_PUBLIC_CIPHER});
    EXPECT_EQ(nx_secure_x509_certificate_initialize(nullptr, buffer.data(), size, nullptr, 0, nullptr, 0, 0),
              UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_secure_x509_certificate_initialize(&block, nullptr, size, nullptr, 0, nullptr, 0, 0),
              UINT{NX_PTR_ERROR});
}

// Whatever is cut off or changed: an answer, and no octet outside is read (a sanitizer looks).
TEST(host_secure_checks, a_certificate_that_is_no_longer_one_is_refused) {
    const der_octets der = certificate_der("good");
    NX_SECURE_X509_CERT block;
    for (std::size_t size = 0; size < der.size(); ++size) {
        const std::unique_ptr<UCHAR[]> part(new UCHAR[size + 1]);
        std::copy_n(der.begin(), size, part.get());
        EXPECT_EQ(nx_secure_x509_certificate_initialize(&block, part.get(), static_cast<USHORT>(size), nullptr, 0,
                                                        nullptr, 0, 0),
                  UINT{NX_SECURE_TLS_INVALID_CERTIFICATE})
            << size;
    }
    const UCHAR wanted[] = "mail.example";
    for (std::size_t at = 0; at < der.size(); ++at)
        for (const UCHAR value : std::initializer_list<UCHAR>{0x00, 0x7F, 0x80, 0x81, 0x83, 0x84, 0xFF}) {
            const std::unique_ptr<UCHAR[]> changed(new UCHAR[der.size()]);
            std::copy(der.begin(), der.end(), changed.get());
            changed[at] = value;
            if (nx_secure_x509_certificate_initialize(&block, changed.get(), static_cast<USHORT>(der.size()), nullptr,
                                                      0, nullptr, 0, 0) == NX_SECURE_X509_SUCCESS)
                (void)nx_secure_x509_common_name_dns_check(&block, wanted, sizeof wanted - 1);
        }
}

TEST(host_secure_checks, names_are_those_of_the_certificate) {
    const struct {
        const char *certificate, *name;
        bool right;
    } cases[] = {
        {"good", "mail.example", true},
        {"good", "localhost", true},
        {"good", "other.example", false},
        {"good", "mail.example.com", false},
        {"good", "ail.example", false},
        {"good", "Mail.Example", false},
        {"good", "", false},
        {"good", "127.0.0.1", false},
        {"wrong-name", "mail.example", false},
        {"wrong-name", "other.example", true},
        {"cn-only", "mail.example", true},
        {"cn-only", "other.example", false},
        {"wildcard", "mail.example.org", true},
        {"wildcard", "wildcard.example.org", true},
        {"wildcard", "a.mail.example.org", false},
        {"wildcard", "example.org", false},
        {"wildcard", ".example.org", false},
        {"wildcard", "mailexample.org", false},
    };
    for (const auto& [stem, wanted, right] : cases) {
        certificate of(stem);
        const std::string text(wanted);
        EXPECT_EQ(nx_secure_x509_common_name_dns_check(&of.block, reinterpret_cast<const UCHAR*>(text.data()),
                                                       static_cast<UINT>(text.size())),
                  right ? UINT{NX_SUCCESS} : UINT{NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH})
            << stem << ' ' << wanted;
    }
    certificate of("good");
    // A NUL ends nothing.
    EXPECT_EQ(
        nx_secure_x509_common_name_dns_check(&of.block, reinterpret_cast<const UCHAR*>("mail.example\0.evil"), 18),
        UINT{NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH});
    EXPECT_EQ(nx_secure_x509_common_name_dns_check(nullptr, of.der.data(), 1), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_secure_x509_common_name_dns_check(&of.block, nullptr, 1), UINT{NX_PTR_ERROR});
    NX_SECURE_X509_CERT empty{};
    EXPECT_EQ(nx_secure_x509_common_name_dns_check(&empty, of.der.data(), 1), UINT{NX_SECURE_TLS_INVALID_CERTIFICATE});
}

TEST(host_secure_checks, dns_names_have_their_limit) {
    NX_SECURE_X509_DNS_NAME made;
    const std::string longest(NX_SECURE_X509_DNS_NAME_MAX, 'a');
    const auto* text = reinterpret_cast<const UCHAR*>(longest.c_str());
    EXPECT_EQ(nx_secure_x509_dns_name_initialize(&made, text, NX_SECURE_X509_DNS_NAME_MAX), UINT{NX_SUCCESS});
    EXPECT_EQ(made.nx_secure_x509_dns_name_length, NX_SECURE_X509_DNS_NAME_MAX);
    EXPECT_EQ(nx_secure_x509_dns_name_initialize(&made, text, NX_SECURE_X509_DNS_NAME_MAX + 1),
              UINT{NX_SECURE_X509_NAME_STRING_TOO_LONG});
    EXPECT_EQ(nx_secure_x509_dns_name_initialize(nullptr, text, 1), UINT{NX_PTR_ERROR});
    EXPECT_EQ(nx_secure_x509_dns_name_initialize(&made, nullptr, 1), UINT{NX_PTR_ERROR});
}

} // namespace

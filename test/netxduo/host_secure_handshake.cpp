// The handshake: what is agreed, which certificates are believed, and how it fails.

#include "host_secure_support.hpp"

#include <ctime>

using namespace host_test;

namespace {

void refuse(tls_peer& other) { EXPECT_FALSE(other.accept()); }
void wait_for_the_end(tls_peer& other) {
    EXPECT_TRUE(other.accept());
    other.sees_close_notify();
}

ULONG now() { return static_cast<ULONG>(std::time(nullptr)); }
ULONG in_2020() { return 1'590'000'000; }
ULONG before_the_certificates() { return 1'000'000'000; }
ULONG clock_that_does_not_know() { return 0; }

const auto fails_with = [](UINT expected) { return [expected](tls_client& c) { EXPECT_EQ(c.start(), expected); }; };

class host_secure_versions : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(of, host_secure_versions, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& tested) { return tested.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3"; });

TEST_P(host_secure_versions, of_the_peer_are_met_where_the_library_has_them) {
    const bool possible = GetParam() == TLS1_2_VERSION || library_has_tls_1_3();
    tls_meeting m;
    m.meet(
        {.min_version = GetParam(), .max_version = GetParam()},
        [&](tls_peer& other) {
            if (!possible) return refuse(other);
            wait_for_the_end(other);
            EXPECT_EQ(other.version(), GetParam());
        },
        [&](tls_client& c) {
            if (!possible) return fails_with(NX_SECURE_TLS_ALERT_RECEIVED)(c);
            EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.session.nx_secure_tls_protocol_version, GetParam());
        });
}

TEST_P(host_secure_versions, that_are_overridden_are_the_only_ones) {
    if (GetParam() == TLS1_3_VERSION && !library_has_tls_1_3()) return;
    tls_meeting m;
    m.meet(
        {},
        [&](tls_peer& other) {
            wait_for_the_end(other);
            EXPECT_EQ(other.version(), GetParam());
        },
        [&](tls_client& c) {
            EXPECT_EQ(nx_secure_tls_session_protocol_version_override(&c.session, static_cast<USHORT>(GetParam())),
                      UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
        });
}

TEST(host_secure_handshake, an_old_version_is_refused) {
    tls_meeting m;
    m.meet({.max_version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}, refuse, [](tls_client& c) {
        const UINT status = c.start();
        EXPECT_TRUE(status == NX_SECURE_TLS_ALERT_RECEIVED || status == NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION)
            << std::hex << status;
        for (const int old : {NX_SECURE_TLS_VERSION_TLS_1_0, NX_SECURE_TLS_VERSION_TLS_1_1, 0x0300, 0x0305})
            EXPECT_EQ(nx_secure_tls_session_protocol_version_override(&c.session, static_cast<USHORT>(old)),
                      UINT{NX_SECURE_TLS_UNSUPPORTED_TLS_VERSION});
    });
}

TEST(host_secure_handshake, certificates_of_either_kind_and_with_intermediates_are_believed) {
    for (const char* stem : {"good", "good-rsa", "chained", "wrong-name", "cn-only"}) {
        SCOPED_TRACE(stem);
        tls_meeting m;
        m.meet({.certificate = stem}, wait_for_the_end,
               [](tls_client& c) { EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS}); });
    }
}

TEST(host_secure_handshake, a_cipher_with_a_mac_is_met) {
    tls_meeting m;
    m.meet(
        {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-SHA384"},
        [](tls_peer& other) {
            EXPECT_TRUE(other.accept());
            EXPECT_EQ(other.read(5), "hello");
            other.write("and back");
            other.sees_close_notify();
        },
        [](tls_client& c) {
            EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.send("hello"), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.text(8), "and back");
        });
}

TEST(host_secure_handshake, an_intermediate_may_be_trusted_itself) {
    tls_meeting m;
    certificate intermediate("intermediate");
    const auto serving = std::async(std::launch::async, [&] {
        tls_peer other(m.listener.accept(), {.certificate = "no-intermediate"});
        wait_for_the_end(other);
    });
    in_thread([&] {
        tls_client c(m.on);
        EXPECT_EQ(c.trust(intermediate), UINT{NX_SECURE_TLS_SUCCESS});
        c.connect(m.listener);
        EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
    });
}

TEST(host_secure_handshake, an_issuer_that_is_not_trusted_is_not_found) {
    for (const char* stem : {"unknown-ca", "no-intermediate"}) {
        SCOPED_TRACE(stem);
        tls_meeting m;
        m.meet({.certificate = stem}, refuse, fails_with(NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND));
    }
    tls_meeting m;
    m.meet({.certificate = "self-signed"}, refuse, fails_with(NX_SECURE_TLS_INVALID_SELF_SIGNED_CERT));
}

TEST(host_secure_handshake, without_a_trusted_certificate_nobody_is_believed) {
    tls_meeting m;
    const auto serving = std::async(std::launch::async, [&] {
        tls_peer other(m.listener.accept(), {});
        refuse(other);
    });
    in_thread([&] {
        tls_client c(m.on);
        c.connect(m.listener);
        fails_with(NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND)(c);
    });
}

TEST(host_secure_handshake, a_self_signed_certificate_may_be_trusted_itself) {
    tls_meeting m;
    certificate own("self-signed");
    m.meet({.certificate = "self-signed"}, wait_for_the_end, [&](tls_client& c) {
        EXPECT_EQ(c.trust(own), UINT{NX_SECURE_TLS_SUCCESS});
        EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
    });
}

TEST(host_secure_handshake, dates_count_where_there_is_a_clock) {
    const struct {
        const char* name;
        ULONG (*clock)(VOID);
        UINT expected;
    } cases[] = {
        {"expired", nullptr, NX_SECURE_TLS_SUCCESS},
        {"expired", clock_that_does_not_know, NX_SECURE_TLS_SUCCESS},
        {"expired", now, NX_SECURE_X509_CERTIFICATE_EXPIRED},
        {"not-yet-valid", nullptr, NX_SECURE_TLS_SUCCESS},
        {"not-yet-valid", now, NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID},
        {"good", now, NX_SECURE_TLS_SUCCESS},
        {"good", before_the_certificates, NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID},
        // The certificate is of its time, but the root is not.
        {"expired", in_2020, NX_SECURE_X509_CERTIFICATE_NOT_YET_VALID},
    };
    for (const auto& [stem, clock, expected] : cases) {
        SCOPED_TRACE(stem);
        tls_meeting m;
        const bool good = expected == NX_SECURE_TLS_SUCCESS;
        m.meet(
            {.certificate = stem}, good ? wait_for_the_end : refuse, [time = clock, wanted = expected](tls_client& c) {
                if (time) {
                    EXPECT_EQ(nx_secure_tls_session_time_function_set(&c.session, time), UINT{NX_SECURE_TLS_SUCCESS});
                }
                EXPECT_EQ(c.start(), wanted);
            });
    }
}

der_octets seen;
ULONG wants_mail_example(NX_SECURE_TLS_SESSION*, NX_SECURE_X509_CERT* peer) {
    seen.assign(peer->nx_secure_x509_certificate_raw_data,
                peer->nx_secure_x509_certificate_raw_data + peer->nx_secure_x509_certificate_raw_data_length);
    const UCHAR wanted[] = "mail.example";
    return nx_secure_x509_common_name_dns_check(peer, wanted, sizeof wanted - 1);
}

TEST(host_secure_handshake, the_callback_sees_the_certificate_and_decides) {
    for (const char* stem : {"good", "chained", "wrong-name"}) {
        SCOPED_TRACE(stem);
        const bool right = stem != std::string("wrong-name");
        tls_meeting m;
        m.meet({.certificate = stem}, right ? wait_for_the_end : refuse, [&](tls_client& c) {
            seen.clear();
            EXPECT_EQ(nx_secure_tls_session_certificate_callback_set(&c.session, wants_mail_example),
                      UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.start(), right ? UINT{NX_SECURE_TLS_SUCCESS} : UINT{NX_SECURE_X509_CERTIFICATE_DNS_MISMATCH});
            EXPECT_EQ(seen, certificate_der(stem));
        });
    }
}

TEST(host_secure_handshake, the_callback_is_not_asked_about_who_is_not_believed) {
    tls_meeting m;
    m.meet({.certificate = "unknown-ca"}, refuse, [](tls_client& c) {
        seen.clear();
        nx_secure_tls_session_certificate_callback_set(&c.session, wants_mail_example);
        EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND});
        EXPECT_TRUE(seen.empty());
    });
}

TEST(host_secure_handshake, a_refusal_is_told_to_the_peer) {
    tls_meeting m;
    m.meet(
        {.certificate = "unknown-ca"},
        [](tls_peer& other) {
            EXPECT_FALSE(other.accept());
            EXPECT_NE(other.alert(), 0);
        },
        fails_with(NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND));
}

TEST(host_secure_handshake, the_server_name_arrives_and_nothing_is_compared_with_it) {
    for (const bool named : {false, true}) {
        tls_meeting m;
        m.meet(
            {},
            [&](tls_peer& other) {
                wait_for_the_end(other);
                EXPECT_EQ(other.server_name(), named ? "somebody.else.example" : "");
            },
            [&](tls_client& c) {
                NX_SECURE_X509_DNS_NAME wanted;
                const UCHAR text[] = "somebody.else.example";
                EXPECT_EQ(nx_secure_x509_dns_name_initialize(&wanted, text, sizeof text - 1), UINT{NX_SUCCESS});
                if (named) {
                    EXPECT_EQ(nx_secure_tls_session_sni_extension_set(&c.session, &wanted),
                              UINT{NX_SECURE_TLS_SUCCESS});
                }
                EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
            });
    }
}

class host_secure_client_certificate : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(of, host_secure_client_certificate, testing::Values(TLS1_2_VERSION, 0),
                         [](const auto& tested) { return tested.param ? "tls_1_2" : "highest"; });

TEST_P(host_secure_client_certificate, is_shown_where_there_is_one) {
    certificate own("client", "client", NX_SECURE_X509_KEY_TYPE_EC_DER);
    tls_meeting m;
    m.meet(
        {.max_version = GetParam(), .client_authority = "ca"},
        [](tls_peer& other) {
            EXPECT_TRUE(other.accept());
            EXPECT_EQ(other.client_name(), "client");
            other.write("welcome");
            other.sees_close_notify();
        },
        [&](tls_client& c) {
            EXPECT_EQ(nx_secure_tls_local_certificate_add(&c.session, &own.block), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.text(7), "welcome");
        });
}

TEST_P(host_secure_client_certificate, may_be_of_rsa_and_bring_its_issuers) {
    certificate own("good-rsa", "good-rsa", NX_SECURE_X509_KEY_TYPE_RSA_PKCS1_DER), intermediate("intermediate");
    tls_meeting m;
    m.meet(
        {.max_version = GetParam(), .client_authority = "ca"},
        [](tls_peer& other) {
            EXPECT_TRUE(other.accept());
            EXPECT_EQ(other.client_name(), "mail.example");
            other.sees_close_notify();
        },
        [&](tls_client& c) {
            EXPECT_EQ(nx_secure_tls_local_certificate_add(&c.session, &intermediate.block),
                      UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(nx_secure_tls_local_certificate_add(&c.session, &own.block), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
        });
}

// TLS 1.3 is agreed for the client before the server has looked at the certificate: the alert comes instead of data.
TEST_P(host_secure_client_certificate, that_is_missing_or_wrong_is_an_alert) {
    for (const bool wrong : {false, true}) {
        certificate own("client-unknown-ca", "client-unknown-ca", NX_SECURE_X509_KEY_TYPE_EC_DER);
        tls_meeting m;
        m.meet({.max_version = GetParam(), .client_authority = "ca"}, refuse, [&](tls_client& c) {
            if (wrong) nx_secure_tls_local_certificate_add(&c.session, &own.block);
            UINT status = c.start();
            if (status == NX_SECURE_TLS_SUCCESS) {
                c.text(1);
                status = c.last_status;
            }
            EXPECT_EQ(status, UINT{NX_SECURE_TLS_ALERT_RECEIVED});
            UINT level = 0, value = 0;
            EXPECT_EQ(nx_secure_tls_session_alert_value_get(&c.session, &level, &value), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(level, UINT{NX_SECURE_TLS_ALERT_LEVEL_FATAL});
            EXPECT_GE(value, 40u);
        });
    }
}

TEST(host_secure_handshake, own_certificates_of_no_use_are_found_before_anything_is_sent) {
    certificate swapped("client", "client-other", NX_SECURE_X509_KEY_TYPE_EC_DER);
    tls_meeting m;
    m.raw([](peer other) { EXPECT_EQ(other.read(1), ""); },
          [&](tls_client& c) {
              EXPECT_EQ(nx_secure_tls_local_certificate_add(&c.session, &swapped.block), UINT{NX_SECURE_TLS_SUCCESS});
              EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_INVALID_CERTIFICATE});
              EXPECT_EQ(c.tcp.disconnect(plenty), UINT{NX_SUCCESS});
          });
}

TEST(host_secure_handshake, the_chain_must_fit_into_the_packet_buffer) {
    tls_meeting m;
    const std::size_t message = 7 + 3 + certificate_der("chained").size() + 3 + certificate_der("intermediate").size();
    m.buffer_size = static_cast<ULONG>(message - 1);
    m.meet({.certificate = "chained"}, refuse, fails_with(NX_SECURE_TLS_PACKET_BUFFER_TOO_SMALL));
    m.buffer_size = static_cast<ULONG>(message);
    m.meet({.certificate = "chained"}, refuse, fails_with(NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE));
}

TEST(host_secure_handshake, room_of_the_application_is_used_for_the_chain) {
    tls_meeting m;
    m.buffer_size = 1200;
    m.meet({.certificate = "chained"}, wait_for_the_end, [&](tls_client& c) {
        NX_SECURE_X509_CERT room[2]{};
        UCHAR octets[2][800];
        for (int i = 0; i < 2; ++i)
            EXPECT_EQ(nx_secure_tls_remote_certificate_allocate(&c.session, &room[i], octets[i], sizeof octets[i]),
                      UINT{NX_SECURE_TLS_SUCCESS});
        EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
        EXPECT_EQ(room[0].nx_secure_x509_certificate_raw_data, octets[0]);
        EXPECT_EQ(std::string(room[0].nx_secure_x509_distinguished_name.nx_secure_x509_common_name,
                              room[0].nx_secure_x509_distinguished_name.nx_secure_x509_common_name +
                                  room[0].nx_secure_x509_distinguished_name.nx_secure_x509_common_name_length),
                  "mail.example");
        EXPECT_EQ(nx_secure_tls_session_reset(&c.session), UINT{NX_SECURE_TLS_SUCCESS});
        EXPECT_EQ(room[0].nx_secure_x509_certificate_raw_data, nullptr);
    });
    m.meet({}, refuse, [&](tls_client& c) {
        NX_SECURE_X509_CERT room{};
        UCHAR octets[100];
        nx_secure_tls_remote_certificate_allocate(&c.session, &room, octets, sizeof octets);
        EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_INSUFFICIENT_CERT_SPACE});
    });
}

TEST(host_secure_handshake, what_is_not_tls_is_known) {
    tls_meeting m;
    m.raw(
        [](peer other) {
            other.write("220 mail.example ESMTP\r\n");
            other.read(100000);
        },
        [](tls_client& c) {
            EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_UNKNOWN_TLS_VERSION});
            UINT level = 9, value = 9;
            EXPECT_EQ(nx_secure_tls_session_alert_value_get(&c.session, &level, &value), UINT{NX_SECURE_TLS_SUCCESS});
            EXPECT_EQ(level + value, 0u);
        });
}

// The server's octets end at each of many places; the client is told that the connection is gone, and can start again.
TEST(host_secure_handshake, is_cut_at_any_place) {
    tls_meeting m;
    for (const int version : {TLS1_2_VERSION, 0})
        for (const std::size_t cut : {0u, 1u, 4u, 5u, 6u, 50u, 90u, 120u, 127u, 128u, 400u, 700u, 850u}) {
            m.meet(
                {.max_version = version, .cut_after = cut + 1},
                [](tls_peer& other) {
                    other.accept();
                    other.read(1);
                },
                [&](tls_client& c) {
                    const UINT status = c.start();
                    if (status == NX_SECURE_TLS_SUCCESS) return; // TLS 1.3: all but the tickets has come
                    EXPECT_EQ(status, UINT{NX_NOT_CONNECTED}) << cut;
                    EXPECT_EQ(c.send(nullptr), UINT{NX_PTR_ERROR});
                });
        }
}

TEST(host_secure_handshake, lasts_its_ticks) {
    tls_meeting m;
    std::promise<void> over;
    m.raw([&](peer) { over.get_future().wait(); },
          [&](tls_client& c) {
              EXPECT_GE(time_of([&] { EXPECT_EQ(c.start(5), UINT{NX_NO_PACKET}); }).count(), 50);
              NX_PACKET* packet = nullptr;
              EXPECT_EQ(c.receive(packet, NX_NO_WAIT), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
              EXPECT_EQ(c.end(NX_NO_WAIT), UINT{NX_SECURE_TLS_SESSION_UNINITIALIZED});
              over.set_value();
          });
}

TEST(host_secure_handshake, one_session_serves_many_connections) {
    tls_meeting m;
    const auto serving = std::async(std::launch::async, [&] {
        for (int i = 0; i < 3; ++i) {
            tls_peer other(m.listener.accept(), {.certificate = i == 1 ? "unknown-ca" : "good"});
            if (i == 1) {
                refuse(other);
                continue;
            }
            EXPECT_TRUE(other.accept());
            other.write("hello");
            EXPECT_TRUE(other.sees_close_notify());
            other.say_close_notify();
        }
    });
    in_thread([&] {
        tls_client c(m.on);
        c.trust(m.ca);
        for (int i = 0; i < 3; ++i) {
            c.connect(m.listener);
            if (i == 1) {
                EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_ISSUER_CERTIFICATE_NOT_FOUND});
            } else {
                EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS});
                EXPECT_EQ(c.text(5), "hello");
                EXPECT_EQ(c.end(), UINT{NX_SECURE_TLS_SUCCESS});
            }
            c.disconnect();
        }
    });
}

TEST(host_secure_handshake, needs_few_and_small_packets) {
    for (const ULONG payload : {128u, 256u}) {
        tls_meeting m(payload, 2);
        m.meet({.certificate = "chained"}, wait_for_the_end,
               [](tls_client& c) { EXPECT_EQ(c.start(), UINT{NX_SECURE_TLS_SUCCESS}); });
    }
}

TEST(host_secure_handshake, without_a_packet_it_fails) {
    tls_meeting m;
    m.raw([](peer other) { EXPECT_EQ(other.read(1), ""); },
          [&](tls_client& c) {
              std::vector<NX_PACKET*> all;
              while (m.on.packets.available()) all.push_back(m.on.packets.allocate());
              EXPECT_EQ(c.start(2), UINT{NX_SECURE_TLS_ALLOCATE_PACKET_FAILED});
              for (NX_PACKET* packet : all) nx_packet_release(packet);
              EXPECT_EQ(c.tcp.disconnect(plenty), UINT{NX_SUCCESS});
          });
}

TEST(host_secure_handshake, ends_when_its_thread_is_terminated) {
    tls_meeting m;
    std::promise<void> hello_came, over;
    UINT status = NX_SUCCESS;
    const auto serving = std::async(std::launch::async, [&] {
        peer other = m.listener.accept();
        other.read(1);
        hello_came.set_value();
        over.get_future().wait();
    });
    {
        thread starter([&] {
            tls_client c(m.on);
            c.connect(m.listener);
            status = c.start(NX_WAIT_FOREVER);
        });
        hello_came.get_future().wait();
        starter.terminate();
    }
    over.set_value();
    EXPECT_EQ(status, UINT{NX_WAIT_ABORTED});
}

} // namespace

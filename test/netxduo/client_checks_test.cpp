// The checks of the services, in the order in which the interface promises them, and what may not be framed.

#include "client_support.hpp"

#include <cstring>

namespace client_test {
namespace {

using create_service = decltype(&_nxd_smtp_client_create);
using send_service = decltype(&_nx_smtp_mail_send);

struct arguments {
    NX_SMTP_CLIENT* client;
    NX_IP* ip;
    NX_PACKET_POOL* pool;
    CHAR* user;
    CHAR* password;
    CHAR* from;
    CHAR* domain;
    UINT authentication = NX_SMTP_CLIENT_AUTH_PLAIN;
    NXD_ADDRESS* server;
    UINT port = 25;

    UINT operator()(create_service service) const {
        return service(client, ip, pool, user, password, from, domain, authentication, server, port);
    }
};

bool all_zero(const void* memory, std::size_t size) {
    const auto* octets = static_cast<const unsigned char*>(memory);
    for (std::size_t i = 0; i != size; ++i)
        if (octets[i] != 0) return false;
    return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// create

class create_checks : public stack {
protected:
    void SetUp() override {
        stack::SetUp();
        client_pool = std::make_unique<pool>(4u, 1536u);
        std::memset(&client, 0, sizeof client); // its padding, too
    }
    arguments good() {
        return {.client = &client,
                .ip = &ip,
                .pool = client_pool.get(),
                .user = user.data(),
                .password = password.data(),
                .from = from.data(),
                .domain = domain.data(),
                .server = &address};
    }
    std::string user = "user", password = "secret", from = "alice@a.example", domain = "client.example";
    NXD_ADDRESS address = loopback();
};

TEST_F(create_checks, each_pointer_that_is_null) {
    for (int i = 0; i != 8; ++i) {
        SCOPED_TRACE(i);
        arguments a = good();
        // All that is checked later is wrong as well.
        NX_IP no_ip{};
        if (i != 1) a.ip = &no_ip;
        address.nxd_ip_version = 5;
        user.assign(41, 'u');
        a.user = user.data();
        switch (i) {
        case 0: a.client = NX_NULL; break;
        case 1: a.ip = NX_NULL; break;
        case 2: a.pool = NX_NULL; break;
        case 3: a.user = NX_NULL; break;
        case 4: a.password = NX_NULL; break;
        case 5: a.from = NX_NULL; break;
        case 6: a.domain = NX_NULL; break;
        default: a.server = NX_NULL; break;
        }
        EXPECT_EQ(NX_PTR_ERROR, a(_nxde_smtp_client_create));
        EXPECT_TRUE(all_zero(&client, sizeof client));
    }
}

TEST_F(create_checks, an_ip_pointer_that_is_no_ip_instance) {
    NX_IP no_ip{};
    no_ip.nx_ip_id = NX_IP_ID + 1;
    arguments a = good();
    a.ip = &no_ip;
    address.nxd_ip_version = 5;
    user.assign(41, 'u');
    a.user = user.data();
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, a(_nxde_smtp_client_create));
    EXPECT_EQ(0xA5, NX_SMTP_INVALID_PARAM);
}

TEST_F(create_checks, an_ip_version_that_is_neither_4_nor_6) {
    user.assign(41, 'u');
    for (const ULONG version : {0u, 1u, 3u, 5u, 7u, 0x104u, 0xFFFFFFFFu}) {
        address.nxd_ip_version = version;
        arguments a = good();
        EXPECT_EQ(NX_IP_ADDRESS_ERROR, a(_nxde_smtp_client_create));
        EXPECT_TRUE(all_zero(&client, sizeof client));
    }
}

TEST_F(create_checks, each_text_at_its_limit_and_one_octet_over) {
    const struct {
        std::string& text;
        std::size_t limit;
    } limits[] = {{user, 40}, {password, 20}, {domain, 40}, {from, 127}};
    for (const create_service service : {_nxde_smtp_client_create, _nxd_smtp_client_create}) {
        for (const auto& l : limits) {
            SCOPED_TRACE(l.limit);
            const std::string before = l.text;
            l.text = std::string(l.limit + 1, 'x');
            EXPECT_EQ(NX_SIZE_ERROR, good()(service));
            EXPECT_TRUE(all_zero(&client, sizeof client)) << "a part of the credentials is left";
            l.text = std::string(l.limit, 'x');
            EXPECT_EQ(NX_SUCCESS, good()(service));
            delete_client();
            l.text = "";
            EXPECT_EQ(NX_SUCCESS, good()(service));
            delete_client();
            l.text = before;
        }
    }
}

TEST_F(create_checks, a_text_too_long_comes_before_tcp_that_is_not_enabled) {
    NX_IP other{};
    UCHAR memory[2048];
    ASSERT_EQ(NX_SUCCESS, nx_ip_create(&other, const_cast<CHAR*>("other"), IP_ADDRESS(127, 0, 0, 1), 0xFF000000UL,
                                       &ip_pool, _nx_ram_network_driver, memory, sizeof memory, 1));
    for (const create_service service : {_nxde_smtp_client_create, _nxd_smtp_client_create}) {
        arguments a = good();
        a.ip = &other;
        EXPECT_EQ(NX_NOT_ENABLED, a(service)) << "the status of nx_tcp_socket_create";
        EXPECT_TRUE(all_zero(&client, sizeof client));
        password.assign(21, 'p');
        a.password = password.data();
        EXPECT_EQ(NX_SIZE_ERROR, a(service));
        password = "secret";
    }
    EXPECT_EQ(NX_SUCCESS, nx_ip_delete(&other));
}

TEST_F(create_checks, makes_no_connection) {
    EXPECT_EQ(NX_SUCCESS, good()(_nxde_smtp_client_create));
    EXPECT_EQ(0u, tap::counted().connects);
    EXPECT_EQ(0u, tap::counted().allocations);
}

TEST_F(create_checks, status_values_and_types_are_the_original_s) {
    EXPECT_EQ(0xA0, NX_SMTP_AUTHENTICATION_ERROR);
    EXPECT_EQ(0xA1, NX_SMTP_OVERSIZE_MAIL_DATA);
    EXPECT_EQ(0xA2, NX_SMTP_INVALID_SERVER_REPLY);
    EXPECT_EQ(0xA3, NX_SMTP_INTERNAL_ERROR);
    EXPECT_EQ(0xA4, NX_SMTP_SERVER_ERROR_CODE_RECEIVED);
    EXPECT_EQ(0xA6, NX_SMTP_PACKET_ALLOCATE_ERROR);
    EXPECT_EQ(0xA7, NX_SMTP_GREET_REPLY_ERROR);
    EXPECT_EQ(0xA8, NX_SMTP_HELLO_REPLY_ERROR);
    EXPECT_EQ(0xA9, NX_SMTP_MAIL_REPLY_ERROR);
    EXPECT_EQ(0xAA, NX_SMTP_RCPT_REPLY_ERROR);
    EXPECT_EQ(0xAB, NX_SMTP_MESSAGE_REPLY_ERROR);
    EXPECT_EQ(0xAC, NX_SMTP_DATA_REPLY_ERROR);
    EXPECT_EQ(0xAD, NX_SMTP_AUTH_REPLY_ERROR);
    EXPECT_EQ(0xAE, NX_SMTP_SERVER_ERROR_REPLY);
    EXPECT_EQ(0xAF, NX_SMTP_TRANSMIT_ERROR);
    EXPECT_EQ(0xB0, NX_SMTP_INVALID_SERVER_CHALLENGE);
    EXPECT_EQ(0xB1, NX_SMTP_OVERSIZE_SERVER_REPLY);
    EXPECT_EQ(0xB2, NX_SMTP_CLIENT_NOT_INTIALIZED);
    EXPECT_EQ(0xB2, NX_SMTP_CLIENT_NOT_INITIALIZED);
    EXPECT_EQ(0xFFFF, NX_SMTP_CLIENT_AUTH_NONE);
    EXPECT_EQ(1, NX_SMTP_CLIENT_AUTH_LOGIN);
    EXPECT_EQ(2, NX_SMTP_CLIENT_AUTH_CRAM_MD5);
    EXPECT_EQ(3, NX_SMTP_CLIENT_AUTH_PLAIN);
    EXPECT_EQ(1, NX_SMTP_MAIL_PRIORITY_LOW);
    EXPECT_EQ(2, NX_SMTP_MAIL_PRIORITY_NORMAL);
    EXPECT_EQ(4, NX_SMTP_MAIL_PRIORITY_HIGH);
    EXPECT_EQ(1460, NX_SMTP_CLIENT_TCP_WINDOW_SIZE);
    EXPECT_EQ(200, NX_SMTP_CLIENT_PACKET_TIMEOUT);
    EXPECT_EQ(1000, NX_SMTP_CLIENT_CONNECTION_TIMEOUT);
    EXPECT_EQ(500, NX_SMTP_CLIENT_DISCONNECT_TIMEOUT);
    EXPECT_EQ(1000, NX_SMTP_GREETING_TIMEOUT);
    EXPECT_EQ(1000, NX_SMTP_ENVELOPE_TIMEOUT);
    EXPECT_EQ(3000, NX_SMTP_MESSAGE_TIMEOUT);
    EXPECT_EQ(500, NX_SMTP_CLIENT_SEND_TIMEOUT);
    EXPECT_EQ(40, NX_SMTP_CLIENT_MAX_USERNAME);
    EXPECT_EQ(20, NX_SMTP_CLIENT_MAX_PASSWORD);
    EXPECT_EQ(200, NX_SMTP_SERVER_CHALLENGE_MAX_STRING);
}

// ---------------------------------------------------------------------------------------------------------------------
// mail_send

class send_checks : public stack {
protected:
    CHAR to[32] = "bob@b.example";
    CHAR subject[8] = "Hi";
    CHAR body[8] = "Hello.";
};

TEST_F(send_checks, each_pointer_that_is_null_comes_first) {
    // Outside a thread, without a body, and with a client that was never created.
    EXPECT_EQ(NX_PTR_ERROR, _nxe_smtp_mail_send(NX_NULL, to, 2, subject, body, 0));
    EXPECT_EQ(NX_PTR_ERROR, _nxe_smtp_mail_send(&client, NX_NULL, 2, subject, body, 0));
    EXPECT_EQ(NX_PTR_ERROR, _nxe_smtp_mail_send(&client, to, 2, NX_NULL, body, 0));
    EXPECT_EQ(NX_PTR_ERROR, _nxe_smtp_mail_send(&client, to, 2, subject, NX_NULL, 0));
}

TEST_F(send_checks, then_a_body_without_octets) {
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, _nxe_smtp_mail_send(&client, to, 2, subject, body, 0));
}

TEST_F(send_checks, then_a_caller_that_is_no_thread) {
    EXPECT_EQ(NX_CALLER_ERROR, _nxe_smtp_mail_send(&client, to, 2, subject, body, 6));
    create();
    EXPECT_EQ(NX_CALLER_ERROR, _nxe_smtp_mail_send(&client, to, 2, subject, body, 6));
    EXPECT_EQ(0u, tap::counted().connects);
}

TEST_F(send_checks, then_a_client_that_was_not_created) {
    in_thread([&] {
        for (const send_service service : {_nxe_smtp_mail_send, _nx_smtp_mail_send}) {
            EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, service(&client, to, 2, subject, body, 6));
            client.nx_smtp_client_id = NX_SMTP_CLIENT_ID - 1;
            EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, service(&client, to, 2, subject, body, 6));
            client.nx_smtp_client_id = 0;
        }
    });
}

TEST_F(send_checks, a_deleted_client_is_not_created) {
    create();
    delete_client();
    in_thread([&] { EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, _nxe_smtp_mail_send(&client, to, 2, subject, body, 6)); });
}

TEST_F(send_checks, the_unchecked_services_serve_as_well) {
    client_pool = std::make_unique<pool>(4u, 1536u);
    NXD_ADDRESS address = loopback();
    CHAR user[] = "user", password[] = "secret", from[] = "alice@a.example", domain[] = "client.example";
    EXPECT_EQ(NX_SUCCESS, _nxd_smtp_client_create(&client, &ip, client_pool.get(), user, password, from, domain,
                                                  NX_SMTP_CLIENT_AUTH_PLAIN, &address, server.port()));
    in_thread([&] {
        EXPECT_EQ(NX_SUCCESS, _nx_smtp_mail_send(&client, to, 2, subject, body, 6));
        EXPECT_EQ(NX_SUCCESS, _nx_smtp_client_delete(&client));
    });
    EXPECT_EQ(whole_dialog({.body = "Hello.\r\n"}), heard());
    EXPECT_TRUE(all_zero(&client, sizeof client));
}

TEST_F(send_checks, a_port_beyond_65535_is_not_another_port) {
    client_pool = std::make_unique<pool>(4u, 1536u);
    NXD_ADDRESS address = loopback();
    CHAR text[] = "x";
    EXPECT_EQ(NX_SUCCESS, nxd_smtp_client_create(&client, &ip, client_pool.get(), text, text, text, text,
                                                 NX_SMTP_CLIENT_AUTH_NONE, &address, 0x10000u + server.port()));
    EXPECT_EQ(NX_INVALID_PORT, send());
    EXPECT_EQ(0u, server.count());
}

// ---------------------------------------------------------------------------------------------------------------------
// delete, and the services that the original does not have

TEST_F(send_checks, delete_refuses_null_and_what_is_no_live_client) {
    in_thread([&] {
        EXPECT_EQ(NX_PTR_ERROR, _nxe_smtp_client_delete(NX_NULL));
        EXPECT_EQ(NX_PTR_ERROR, _nxe_smtp_client_delete(&client)) << "never created";
    });
    create();
    in_thread([&] {
        EXPECT_EQ(NX_SUCCESS, _nxe_smtp_client_delete(&client));
        EXPECT_EQ(NX_PTR_ERROR, _nxe_smtp_client_delete(&client)) << "deleted";
    });
}

TEST_F(send_checks, delete_wipes_the_whole_client) {
    create({.user = "the user name", .password = "the password"});
    EXPECT_EQ(NX_SUCCESS, send());
    const std::string before(reinterpret_cast<const char*>(&client), sizeof client);
    EXPECT_NE(std::string::npos, before.find("the password"));
    in_thread([&] { EXPECT_EQ(NX_SUCCESS, nx_smtp_client_delete(&client)); });
    EXPECT_TRUE(all_zero(&client, sizeof client));
}

TEST_F(send_checks, delete_outside_a_thread_leaves_no_dangling_socket) {
    create();
    const UINT status = nx_smtp_client_delete(&client);
    // NetX Duo deletes no socket for a caller that is no thread, so either the client is still whole, or the socket is gone.
    if (status == NX_SUCCESS) {
        EXPECT_EQ(0u, ip.nx_ip_tcp_created_sockets_count);
    } else {
        EXPECT_EQ(NX_CALLER_ERROR, status);
        in_thread([&] { EXPECT_EQ(NX_SUCCESS, nx_smtp_client_delete(&client)); });
    }
    EXPECT_EQ(0u, ip.nx_ip_tcp_created_sockets_count);
}

TEST_F(send_checks, the_services_beside_the_original_s_check_likewise) {
    NX_SMTP_RESULT r;
    EXPECT_EQ(NX_PTR_ERROR, nx_smtp_client_last_result_get(NX_NULL, &r));
    EXPECT_EQ(NX_PTR_ERROR, nx_smtp_client_last_result_get(&client, NX_NULL));
    EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, nx_smtp_client_last_result_get(&client, &r));
    EXPECT_EQ(NX_PTR_ERROR, nx_smtp_client_flags_set(NX_NULL, 0));
    EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, nx_smtp_client_flags_set(&client, 0));
    EXPECT_EQ(NX_PTR_ERROR, nx_smtp_client_clock_set(NX_NULL, NX_NULL, NX_NULL));
    EXPECT_EQ(NX_SMTP_CLIENT_NOT_INTIALIZED, nx_smtp_client_clock_set(&client, NX_NULL, NX_NULL));
    create();
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_last_result_get(&client, &r));
    EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, r.nx_smtp_result_outcome);
    EXPECT_EQ(0u, r.nx_smtp_result_reply_code);
    EXPECT_EQ(0u, r.nx_smtp_result_text_length);
}

// ---------------------------------------------------------------------------------------------------------------------
// What cannot be framed is refused before anything is sent

class framing : public stack {
protected:
    void expect_refused(const account& a, const mail& m) {
        create(a);
        tap::clear();
        EXPECT_EQ(NX_SMTP_INVALID_PARAM, send(m));
        EXPECT_EQ(0u, tap::counted().connects) << "a connection was made";
        const NX_SMTP_RESULT r = result();
        EXPECT_EQ(NX_SMTP_OUTCOME_NOT_ATTEMPTED, r.nx_smtp_result_outcome);
        EXPECT_EQ(0u, r.nx_smtp_result_reply_code);
        EXPECT_EQ(0u, server.count());
    }
};

TEST_F(framing, no_control_character_in_a_path_or_a_domain) {
    for (int c = 1; c != 128; ++c) {
        if (c == 32) c = 127;
        SCOPED_TRACE(c);
        for (const std::size_t place : {0u, 2u, 5u}) {
            std::string text = "bob@b";
            text.insert(place, 1, static_cast<char>(c));
            expect_refused({}, {.to = text});
            expect_refused({.from = text}, {});
            expect_refused({.domain = text}, {});
        }
    }
}

TEST_F(framing, no_line_end_in_a_subject) {
    for (const char* subject :
         {"Hi\r\nBcc: all@b.example", "\r", "\n", "Hi\n", "Hi\r", "\nHi", "\xC3\xA9\r\n.\r\nQUIT\r\n"})
        expect_refused({}, {.subject = subject});
}

TEST_F(framing, no_angle_bracket_outside_quotes) {
    for (const char* path : {"bob@b.example> NOTIFY=NEVER", "<bob@b.example", "bob@b.example>", "a<b@c", "a>b@c",
                             "<<a@b>>", "<a@b><c@d>", "\"a<b\"@c>", "\"a<b@c", "Bob <bob@b.example>"}) {
        SCOPED_TRACE(path);
        expect_refused({}, {.to = path});
        expect_refused({.from = path}, {});
    }
}

TEST_F(framing, no_mail_to_the_null_path) {
    expect_refused({}, {.to = ""});
    expect_refused({}, {.to = "<>"});
}

TEST_F(framing, no_path_that_fits_no_command_line) {
    expect_refused({}, {.to = std::string(499, 'a')});
    create();
    EXPECT_EQ(NX_SUCCESS, send({.to = std::string(498, 'a')}));
    EXPECT_THAT(heard(), ::testing::HasSubstr("\r\nRCPT TO:<" + std::string(498, 'a') + ">\r\n"));
}

TEST_F(framing, no_space_in_the_domain) { expect_refused({.domain = "client example"}, {}); }

TEST_F(framing, what_can_be_framed_passes_and_is_written_once_with_brackets) {
    const struct {
        const char* given;
        const char* written;
    } paths[] = {{"root", "<root>"},
                 {"a b@c", "<a b@c>"},
                 {"<a@b>", "<a@b>"},
                 {"a@b", "<a@b>"},
                 {"\"a<b>\"@c", "<\"a<b>\"@c>"},
                 {"\"a\\\"<b\"@c", "<\"a\\\"<b\"@c>"},
                 {"j\xC3\xBCrgen@b", "<j\xC3\xBCrgen@b>"},
                 {"@a,@b:c@d", "<@a,@b:c@d>"}};
    for (const auto& p : paths) {
        SCOPED_TRACE(p.given);
        EXPECT_EQ(NX_SUCCESS, send_to(ordinary{}, {.to = p.given}, {.from = p.given}));
        const std::string all = heard();
        const std::string path = p.written;
        EXPECT_THAT(all, ::testing::HasSubstr("\r\nMAIL FROM:" + path + "\r\nRCPT TO:" + path + "\r\nDATA\r\n"));
        EXPECT_EQ(header_block("Hi", "", path, path) + "Hello.\r\n", server.last().content());
    }
}

TEST_F(framing, the_null_reverse_path_passes) {
    for (const char* from : {"", "<>"}) {
        EXPECT_EQ(NX_SUCCESS, send_to(ordinary{}, {}, {.from = from}));
        EXPECT_THAT(heard(), ::testing::HasSubstr("\r\nMAIL FROM:<>\r\n"));
    }
}

TEST_F(framing, after_a_refusal_the_client_serves_the_next_mail) {
    create();
    EXPECT_EQ(NX_SMTP_INVALID_PARAM, send({.to = "a\r\nb"}));
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_EQ(whole_dialog(), heard());
}

} // namespace
} // namespace client_test

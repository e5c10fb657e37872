// client_support.hpp - an IP instance, two pools, a client and a server, and the accounts that must balance after each test.
#ifndef POSTRIDER_TEST_NETXDUO_CLIENT_SUPPORT_HPP
#define POSTRIDER_TEST_NETXDUO_CLIENT_SUPPORT_HPP

#include "client_tap.hpp"
#include "nx_ip.h"
#include "nxd_smtp_client.h"
#include "script_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace client_test {

using script::ordinary;
using script::peer;
using script::record;
using script::wire;

/// A ThreadX thread that does `work`. The destructor waits for its end.
class thread : TX_THREAD {
public:
    explicit thread(std::function<void()> work) : TX_THREAD{}, work_(std::move(work)) {
        EXPECT_EQ(TX_SUCCESS, tx_thread_create(this, const_cast<CHAR*>("test"), entry, 0, stack_, sizeof stack_, 16, 16,
                                               TX_NO_TIME_SLICE, TX_AUTO_START));
    }
    ~thread() {
        done_.get_future().wait();
        tx_thread_terminate(this);
        tx_thread_delete(this);
    }
    thread(const thread&) = delete;
    thread& operator=(const thread&) = delete;

private:
    static VOID entry(ULONG) {
        thread& self = *static_cast<thread*>(tx_thread_identify());
        self.work_();
        self.done_.set_value();
    }
    std::function<void()> work_;
    std::promise<void> done_;
    UCHAR stack_[2048];
};

inline void in_thread(std::function<void()> work) { thread t(std::move(work)); }

/// A pool, with memory for just so many packets.
struct pool : NX_PACKET_POOL {
    pool(ULONG packets, ULONG payload) : NX_PACKET_POOL{}, memory(new UCHAR[packets * (payload + sizeof(NX_PACKET))]) {
        EXPECT_EQ(NX_SUCCESS, nx_packet_pool_create(this, const_cast<CHAR*>("test"), payload, memory.get(),
                                                    packets * (payload + ULONG{sizeof(NX_PACKET)})));
        EXPECT_EQ(packets, nx_packet_pool_total);
    }
    ~pool() { nx_packet_pool_delete(this); }
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    void expect_balanced() const {
        EXPECT_EQ(nx_packet_pool_total, nx_packet_pool_available) << "packets are missing";
        EXPECT_EQ(0u, nx_packet_pool_invalid_releases);
    }
    std::unique_ptr<UCHAR[]> memory;
};

inline NXD_ADDRESS loopback(script::server::family family = script::server::family::v4) {
    NXD_ADDRESS address{};
    if (family == script::server::family::v4) {
        address.nxd_ip_version = 4;
        address.nxd_ip_address.v4 = IP_ADDRESS(127, 0, 0, 1);
    } else {
        address.nxd_ip_version = 6;
        address.nxd_ip_address.v6[3] = 1;
    }
    return address;
}

/// What nxd_smtp_client_create is given.
struct account {
    std::string user = "user";
    std::string password = "secret";
    std::string from = "alice@a.example";
    std::string domain = "client.example";
    UINT authentication = NX_SMTP_CLIENT_AUTH_PLAIN;
};

struct mail {
    std::string to = "bob@b.example";
    std::string subject = "Hi";
    std::string body = "Hello.\r\n";
    UINT priority = NX_SMTP_MAIL_PRIORITY_NORMAL;
};

/// The header block of a mail without a clock.
inline std::string header_block(const std::string& subject = "Hi", const std::string& more = "",
                                const std::string& to = "<bob@b.example>",
                                const std::string& from = "<alice@a.example>") {
    return "To: " + to + "\r\nFrom: " + from + "\r\nSubject: " + subject +
           "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=\"utf-8\"\r\n"
           "Content-Transfer-Encoding: 8bit\r\n" +
           more + "\r\n";
}

/// All that the client says to an ordinary server with PLAIN (the octets behind AUTH are NUL user NUL secret).
/// `parameters`: what MAIL says behind the sender.
inline std::string whole_dialog(const mail& m = {}, const std::string& parameters = "") {
    return wire("EHLO client.example\nAUTH PLAIN\nAHVzZXIAc2VjcmV0\nMAIL FROM:<alice@a.example>" + parameters +
                "\nRCPT TO:<bob@b.example>\nDATA\n") +
           header_block(m.subject) + m.body + ".\r\nQUIT\r\n";
}

inline std::string text_of(const NX_SMTP_RESULT& r) { return {r.nx_smtp_result_text, r.nx_smtp_result_text_length}; }

class stack : public ::testing::Test {
protected:
    stack() { tap::clear(); }
    ~stack() override { tap::clear(); }

    void SetUp() override {
        UCHAR* const memory = ip_memory_;
        ASSERT_EQ(NX_SUCCESS, nx_ip_create(&ip, const_cast<CHAR*>("test"), IP_ADDRESS(127, 0, 0, 1), 0xFF000000UL,
                                           &ip_pool, _nx_ram_network_driver, memory, sizeof ip_memory_, 1));
        ASSERT_EQ(NX_SUCCESS, nx_tcp_enable(&ip));
        ASSERT_EQ(NX_SUCCESS, nxd_ipv6_enable(&ip));
    }

    // The accounts: whatever a test did, every packet is back, none was released twice, and delete returns 0.
    void TearDown() override {
        tap::give_back();
        delete_client();
        ip_pool.expect_balanced();
        if (client_pool) client_pool->expect_balanced();
        EXPECT_EQ(NX_SUCCESS, nx_ip_delete(&ip)) << "a socket is left";
    }

    /// Makes the client anew, with a pool of its own.
    void create(const account& a = {}, ULONG packets = 8, ULONG payload = 1536) {
        delete_client();
        client_pool = std::make_unique<pool>(packets, payload);
        account copy = a;
        NXD_ADDRESS address = loopback(family);
        EXPECT_EQ(NX_SUCCESS, nxd_smtp_client_create(&client, &ip, client_pool.get(), copy.user.data(),
                                                     copy.password.data(), copy.from.data(), copy.domain.data(),
                                                     copy.authentication, &address, server.port()));
        // The client has copies, so what the caller had may change.
        for (std::string* text : {&copy.user, &copy.password, &copy.from, &copy.domain})
            text->assign(text->size(), '\n');
    }

    void delete_client() {
        if (client.nx_smtp_client_id == 0) return;
        in_thread([&] { EXPECT_EQ(NX_SUCCESS, nx_smtp_client_delete(&client)); });
        if (client_pool) client_pool->expect_balanced();
    }

    /// Only from a ThreadX thread.
    UINT send_here(mail m = {}) {
        return nx_smtp_mail_send(&client, m.to.data(), m.priority, m.subject.data(), m.body.data(),
                                 static_cast<UINT>(m.body.size()));
    }

    UINT send(const mail& m = {}) {
        UINT status = 0xFFFF;
        in_thread([&] { status = send_here(m); });
        NX_SMTP_RESULT r;
        EXPECT_EQ(NX_SUCCESS, nx_smtp_client_last_result_get(&client, &r));
        EXPECT_EQ(status, r.nx_smtp_result_status);
        EXPECT_EQ(status == NX_SUCCESS, r.nx_smtp_result_outcome == NX_SMTP_OUTCOME_ACCEPTED);
        if (client_pool) client_pool->expect_balanced();
        return status;
    }

    /// One mail by a new client to a server that plays so.
    UINT send_to(script::server::play how, const mail& m = {}, const account& a = {}) {
        server.forget();
        server.set(std::move(how));
        tap::clear();
        create(a);
        return send(m);
    }

    NX_SMTP_RESULT result() {
        NX_SMTP_RESULT r{};
        EXPECT_EQ(NX_SUCCESS, nx_smtp_client_last_result_get(&client, &r));
        return r;
    }

    std::string heard() { return server.last().heard; }

    script::server server;
    script::server::family family = script::server::family::v4;
    pool ip_pool{16, 1536};
    std::unique_ptr<pool> client_pool;
    NX_IP ip{};
    NX_SMTP_CLIENT client{};

private:
    UCHAR ip_memory_[2048];
};

} // namespace client_test

#endif

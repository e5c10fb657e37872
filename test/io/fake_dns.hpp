// fake_dns.hpp - a DNS server of a few lines on a UDP port of the loopback interface.
#pragma once

#include "loopback.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <functional>
#include <mutex>

namespace postrider::test {

inline constexpr int type_a = 1;
inline constexpr int type_cname = 5;
inline constexpr int type_aaaa = 28;

struct dns_record {
    std::string name;
    int type;
    std::string value; // an address, or a name for CNAME
};

struct dns_answer {
    int code = 0; // 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN
    std::vector<dns_record> records{};
    bool silent = false;
    bool held = false;      // until somebody says `release`
    bool truncated = false; // ask again by TCP, where nobody is
};

class fake_dns {
public:
    using zone = std::function<dns_answer(const std::string& name, int type)>;

    explicit fake_dns(zone answers)
        : answers_(std::move(answers)), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        local_ = *posix_detail::parse_address("127.0.0.1", 0);
        EXPECT_EQ(::bind(socket_.number(), &local_.any, local_.size()), 0);
        socklen_t size = sizeof local_;
        ::getsockname(socket_.number(), &local_.any, &size);
        server_ = std::thread([this] { serve(); });
    }
    ~fake_dns() {
        const auto none = ::sendto(socket_.number(), "", 0, 0, &local_.any, local_.size());
        EXPECT_EQ(none, 0);
        server_.join();
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(local_.v4.sin_port)); }
    int queries() const { return queries_; }

    // Sends the answers that were held, and holds none any more.
    void release() {
        const std::lock_guard lock(mutex_);
        holding_ = false;
        for (const auto& [reply, to] : std::exchange(held_, {})) send(reply, to);
    }

private:
    void send(const std::string& reply, const posix_detail::socket_address& to) {
        ::sendto(socket_.number(), reply.data(), reply.size(), 0, &to.any, to.size());
    }
    static std::string wire_name(std::string_view name) {
        std::string wire;
        while (!name.empty()) {
            const auto label = name.substr(0, name.find('.'));
            wire += static_cast<char>(label.size());
            wire += label;
            name.remove_prefix(std::min(label.size() + 1, name.size()));
        }
        return wire + '\0';
    }
    static std::string wire_number(unsigned number, int octets) {
        std::string wire;
        while (octets-- > 0) wire += static_cast<char>(number >> (8 * octets));
        return wire;
    }
    static std::string wire_value(const dns_record& record) {
        if (record.type == type_cname) return wire_name(record.value);
        const auto address = *posix_detail::parse_address(record.value, 0);
        if (record.type == type_a) return {reinterpret_cast<const char*>(&address.v4.sin_addr), 4};
        return {reinterpret_cast<const char*>(&address.v6.sin6_addr), 16};
    }

    void serve() {
        for (;;) {
            std::array<char, 1500> query;
            posix_detail::socket_address from{};
            socklen_t size = sizeof from;
            const auto got = ::recvfrom(socket_.number(), query.data(), query.size(), 0, &from.any, &size);
            if (got <= 12) return;
            ++queries_;
            std::string name;
            std::size_t at = 12;
            for (std::size_t label; (label = static_cast<unsigned char>(query[at])) != 0; at += label + 1) {
                if (!name.empty()) name += '.';
                name.append(&query[at + 1], label);
            }
            const int type = query[at + 2];
            const auto question = std::string(&query[12], at + 5 - 12);

            const auto answer = answers_(name, type);
            if (answer.silent) continue;
            std::string reply(query.data(), 2);
            const unsigned truncated = answer.truncated ? 0x200U : 0U;
            reply += wire_number(0x8180U | truncated | static_cast<unsigned>(answer.code), 2) + wire_number(1, 2) +
                     wire_number(static_cast<unsigned>(answer.records.size()), 2) + wire_number(0, 4) + question;
            for (const auto& record : answer.records) {
                const auto value = wire_value(record);
                reply += wire_name(record.name) + wire_number(static_cast<unsigned>(record.type), 2) +
                         wire_number(1, 2) + wire_number(60, 4) + wire_number(static_cast<unsigned>(value.size()), 2) +
                         value;
            }
            const std::lock_guard lock(mutex_);
            if (answer.held && holding_) held_.emplace_back(reply, from);
            else send(reply, from);
        }
    }

    zone answers_;
    descriptor socket_;
    posix_detail::socket_address local_{};
    std::atomic<int> queries_{0};
    std::mutex mutex_;
    bool holding_ = true;
    std::vector<std::pair<std::string, posix_detail::socket_address>> held_;
    std::thread server_;
};

} // namespace postrider::test

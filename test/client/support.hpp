// support.hpp - what the tests of the clients have in common: sinks with what they need, mails, descriptors that are open.
#ifndef POSTRIDER_TEST_CLIENT_SUPPORT_HPP
#define POSTRIDER_TEST_CLIENT_SUPPORT_HPP

#include "postrider/client.hpp"
#include "postrider/sink/sink.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace test {

inline std::string certificate(const char* name) { return std::string{POSTRIDER_CERTIFICATES} + "/" + name; }

/// A sink with TLS and the user alice, that keeps what it takes.
inline postrider::sink::config secure_config() {
    postrider::sink::config c;
    c.keep_mails = true;
    c.tls.certificate = certificate("good.pem");
    c.tls.key = certificate("good.key");
    c.users = {{"alice", "wonderland", "token-1"}};
    c.offers.auth = {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"};
    return c;
}

/// One without TLS.
inline postrider::sink::config clear_config() {
    postrider::sink::config c;
    c.keep_mails = true;
    return c;
}

struct running : postrider::sink::server {
    explicit running(postrider::sink::config c) : server(std::move(c)), port(start()) {}
    std::string url(const char* scheme, const char* host = "localhost") const {
        return std::string{scheme}.append("://").append(host).append(":").append(std::to_string(port));
    }
    std::uint16_t port;
};

inline postrider::client_options trusting() {
    postrider::client_options o;
    o.tls.ca_file = certificate("ca.pem");
    o.client_name = "client.example";
    return o;
}

inline postrider::client_options in_clear() {
    postrider::client_options o;
    o.tls.policy = postrider::tls_policy::none;
    o.client_name = "client.example";
    return o;
}

inline postrider::outgoing letter(std::vector<std::string> to = {"bob@b.example"},
                                  std::string text = "Subject: Hello\r\n\r\nHello.\r\n",
                                  std::string from = "alice@a.example") {
    postrider::outgoing mail;
    mail.envelope.from = std::move(from);
    for (std::string& one : to) mail.envelope.to.push_back({.address = std::move(one)});
    mail.content = postrider::text_content(std::move(text));
    return mail;
}

inline std::size_t open_descriptors() {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator{"/proc/self/fd"}) ++n;
    return n;
}

} // namespace test

#endif

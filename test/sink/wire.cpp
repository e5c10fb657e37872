#include "wire.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace postrider::sink::test {

client::client(std::uint16_t port, const char* address) {
    const bool v6 = std::string_view{address}.find(':') != std::string_view::npos;
    socket_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval limit{std::chrono::duration_cast<std::chrono::seconds>(patience).count(), 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in to4{};
    to4.sin_family = AF_INET;
    to4.sin_port = htons(port);
    sockaddr_in6 to6{};
    to6.sin6_family = AF_INET6;
    to6.sin6_port = htons(port);
    ::inet_pton(v6 ? AF_INET6 : AF_INET, address, v6 ? static_cast<void*>(&to6.sin6_addr) : &to4.sin_addr);
    const auto* to = v6 ? reinterpret_cast<sockaddr*>(&to6) : reinterpret_cast<sockaddr*>(&to4);
    EXPECT_EQ(::connect(socket_, to, v6 ? sizeof to6 : sizeof to4), 0) << std::strerror(errno);
}

client::~client() { close(); }

void client::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

void client::half_close() { ::shutdown(socket_, SHUT_WR); }

void client::send(std::string_view octets) {
    if (tls_) {
        SSL_write(tls_.get(), octets.data(), static_cast<int>(octets.size()));
        return;
    }
    while (!octets.empty()) {
        const ssize_t sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (sent <= 0) return; // the server has gone: what is read next shows it
        octets.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void client::send_octet_by_octet(std::string_view octets) {
    for (const char octet : octets) send({&octet, 1});
}

long client::receive(char* into, std::size_t size) {
    return tls_ ? SSL_read(tls_.get(), into, static_cast<int>(size)) : ::recv(socket_, into, size, 0);
}

bool client::start_tls(const client_tls& how) {
    EXPECT_EQ(waiting_, "");
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const context = context_.get();
    SSL_CTX_load_verify_file(context, certificates("ca.pem").c_str());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (!how.renegotiates) SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    if (how.version != 0) {
        SSL_CTX_set_min_proto_version(context, how.version);
        SSL_CTX_set_max_proto_version(context, how.version);
    }
    if (!how.certificate.empty()) {
        SSL_CTX_use_certificate_chain_file(context, certificates(how.certificate + ".pem").c_str());
        SSL_CTX_use_PrivateKey_file(context, certificates(how.certificate + ".key").c_str(), SSL_FILETYPE_PEM);
    }
    tls_.reset(SSL_new(context));
    if (!how.server_name.empty()) {
        SSL_set_tlsext_host_name(tls_.get(), how.server_name.c_str());
        SSL_set1_host(tls_.get(), how.server_name.c_str());
    }
    if (how.resume != nullptr) SSL_set_session(tls_.get(), how.resume);
    SSL_set_fd(tls_.get(), socket_);
    return SSL_connect(tls_.get()) == 1;
}

bool client::notified() const { return tls_ && (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

bool client::fill() {
    std::array<char, 64 * 1024> octets;
    errno = 0;
    const long got = receive(octets.data(), octets.size());
    if (got < 0 && !(tls_ && errno == 0)) {
        EXPECT_EQ(errno, ECONNRESET) << "nothing came";
        reset_ = errno == ECONNRESET;
    }
    if (got <= 0) return false;
    waiting_.append(octets.data(), static_cast<std::size_t>(got));
    return true;
}

std::string client::read(std::size_t octets) {
    while (waiting_.size() < octets && fill()) {
    }
    std::string taken = waiting_.substr(0, octets);
    waiting_.erase(0, taken.size());
    return taken;
}

std::string client::read_line() {
    while (waiting_.find('\n') == std::string::npos && fill()) {
    }
    return read(std::min(waiting_.find('\n'), waiting_.size() - 1) + 1);
}

std::string client::read_reply() {
    std::string reply;
    for (;;) {
        const std::string line = read_line();
        reply += line;
        if (line.size() < 4 || line[3] != '-') return reply;
    }
}

std::string client::read_some() {
    if (waiting_.empty()) fill();
    return std::exchange(waiting_, {});
}

std::string client::read_to_end() {
    while (fill()) {
    }
    return std::exchange(waiting_, {});
}

config keeping() {
    config settings;
    settings.keep_mails = true;
    return settings;
}

config secured(const std::string& certificate) {
    config settings = keeping();
    settings.tls.certificate = certificates(certificate + ".pem");
    settings.tls.key = certificates(certificate + ".key");
    return settings;
}

fixture::fixture(config settings) : sink(std::move(settings)), port(sink.start()) {
    EXPECT_NE(port, 0) << (sink.failure() ? sink.failure()->text : "");
}

void play(client& client, std::string_view script, pieces how) {
    while (!script.empty()) {
        const std::size_t end = script.find('\n');
        std::string line{script.substr(0, end)};
        script.remove_prefix(end == std::string_view::npos ? script.size() : end + 1);
        line.erase(0, line.find_first_not_of(' '));
        if (line.empty()) continue;
        const std::string text = line.size() > 3 ? line.substr(3) : "";
        if (line.starts_with("C:")) {
            if (how == pieces::lines) client.send(text + "\r\n");
            else client.send_octet_by_octet(text + "\r\n");
        } else if (text.ends_with("...")) {
            const std::string wanted = text.substr(0, text.size() - 3);
            EXPECT_EQ(client.read_line().substr(0, wanted.size()), wanted);
        } else {
            EXPECT_EQ(client.read_line(), text + "\r\n");
        }
    }
}

} // namespace postrider::sink::test

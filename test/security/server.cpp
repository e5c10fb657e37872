#include "server.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider::test {

// ----- one connection

peer::peer(int fd, server& owner, std::size_t number) : fd_(fd), server_(owner), number_(number) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

peer::~peer() {
    SSL_free(ssl_);
    if (fd_ >= 0) ::close(fd_);
}

void peer::say(std::string_view octets) {
    while (!octets.empty()) {
        ERR_clear_error();
        const int most = static_cast<int>(std::min(octets.size(), std::size_t{16384}));
        const ssize_t sent = ssl_ != nullptr ? SSL_write(ssl_, octets.data(), most)
                                             : ::send(fd_, octets.data(), static_cast<std::size_t>(most), MSG_NOSIGNAL);
        if (sent < 0 && ssl_ == nullptr && errno == EINTR) continue;
        if (sent <= 0) throw gone{};
        octets.remove_prefix(static_cast<std::size_t>(sent));
        const std::lock_guard lock(server_.mutex_);
        server_.heard_[number_].said += static_cast<std::size_t>(sent);
    }
}

void peer::hear() {
    char octets[16384];
    ERR_clear_error();
    const ssize_t got = ssl_ != nullptr ? SSL_read(ssl_, octets, sizeof octets) : ::recv(fd_, octets, sizeof octets, 0);
    if (got < 0 && ssl_ == nullptr && errno == EINTR) return;
    if (got <= 0) throw gone{};
    const std::string_view piece{octets, static_cast<std::size_t>(got)};
    const std::lock_guard lock(server_.mutex_);
    heard& h = server_.heard_[number_];
    (ssl_ != nullptr ? h.inside : h.clear) += piece;
    buffer_ += piece;
}

std::string peer::line() {
    for (;;) {
        if (const std::size_t end = buffer_.find("\r\n"); end != std::string::npos) {
            std::string text = buffer_.substr(0, end);
            buffer_.erase(0, end + 2);
            return text;
        }
        hear();
    }
}

std::string peer::content() {
    buffer_.insert(0, "\r\n"); // a dot may stand right at the beginning
    for (;;) {
        if (const std::size_t end = buffer_.find("\r\n.\r\n"); end != std::string::npos) {
            std::string text = buffer_.substr(0, end + 5);
            buffer_.erase(0, end + 5);
            return text.substr(2);
        }
        hear();
    }
}

void peer::octets(std::size_t count) {
    while (buffer_.size() < count) hear();
    buffer_.erase(0, count);
}

bool peer::start_tls() {
    buffer_.clear();
    SSL* const ssl = SSL_new(server_.tls_.get());
    SSL_set_fd(ssl, fd_);
    ERR_clear_error();
    const bool done = SSL_accept(ssl) == 1;
    if (!done) {
        SSL_free(ssl);
        return false;
    }
    ssl_ = ssl;
    const std::lock_guard lock(server_.mutex_);
    server_.heard_[number_].tls = true;
    server_.heard_[number_].resumed = SSL_session_reused(ssl) == 1;
    return true;
}

void peer::await_end() {
    for (;;) hear();
}

void peer::close() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    ::shutdown(fd_, SHUT_WR);
    await_end();
}

void peer::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
    fd_ = -1;
    throw gone{};
}

// ----- the server that takes every mail

void ordinary::operator()(peer& client) const {
    const auto reply = [&](const std::string& key, const std::string& otherwise) {
        if (const auto action = does.find(key); action != does.end()) {
            action->second(client);
            return std::string{};
        }
        const auto found = says.find(key);
        const std::string& text = found != says.end() ? found->second : otherwise;
        if (text.empty()) client.await_end();
        client.say(text);
        return text;
    };
    const auto hello = [&] {
        std::string text = "250-mail.example\r\n", rest = client.tls() ? inside : clear;
        for (; !rest.empty(); rest.erase(0, std::min(rest.find('\n'), rest.size() - 1) + 1))
            text += "250-" + rest.substr(0, rest.find('\n')) + "\r\n";
        return text + "250 HELP\r\n";
    };
    if (implicit && !client.start_tls()) client.await_end();
    reply("greeting", "220 mail.example ESMTP\r\n");
    for (bool challenged = false;;) {
        const std::string line = client.line();
        const std::string verb = line.substr(0, line.find(' '));
        if (challenged) {
            challenged = reply("answer", "235 2.7.0 welcome\r\n").substr(0, 3) == "334";
        } else if (verb == "EHLO") {
            reply("EHLO", hello());
        } else if (verb == "STARTTLS") {
            if (reply("STARTTLS", "220 2.0.0 go on\r\n").substr(0, 3) == "220" && !client.start_tls())
                client.await_end();
        } else if (verb == "AUTH") {
            challenged = reply("AUTH", "235 2.7.0 welcome\r\n").substr(0, 3) == "334";
        } else if (verb == "DATA") {
            if (reply("DATA", "354 go on\r\n").substr(0, 1) != "3") continue;
            client.content();
            reply(".", "250 2.0.0 queued\r\n");
        } else if (verb == "BDAT") {
            client.octets(std::stoul(line.substr(5)));
            reply(".", "250 2.0.0 queued\r\n");
        } else if (verb == "QUIT") {
            reply("QUIT", "221 bye\r\n");
            client.close();
        } else if (verb == "HELO" || verb == "MAIL" || verb == "RCPT" || verb == "RSET" || verb == "NOOP") {
            reply(verb, "250 ok\r\n");
        } else {
            reply("?", "500 what?\r\n");
        }
    }
}

// ----- the listener

server::server(play how, const server_options& options)
    : tls_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), how_(std::move(how)) {
    std::signal(SIGPIPE, SIG_IGN); // SSL_write has no MSG_NOSIGNAL
    SSL_CTX* const tls = tls_.get();
    SSL_CTX_set_security_level(tls, 0); // what is weak is for the client to refuse
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(tls, options.newest ? TLS1_3_VERSION : TLS1_2_VERSION);
    const unsigned char id[] = "test";
    SSL_CTX_set_session_id_context(tls, id, sizeof id);
    const std::string name = certificate_path(options.certificate);
    if (SSL_CTX_use_certificate_chain_file(tls, (name + ".pem").c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, (name + ".key").c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::runtime_error("no certificate " + name);

    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(options.port);
    socklen_t size = sizeof address;
    sockaddr* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, any, &size) != 0 || ::pipe(wake_) != 0)
        throw std::runtime_error("the loopback interface has no port for the test's server");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

server::~server() {
    [[maybe_unused]] const ssize_t woken = ::write(wake_[1], "", 1);
    thread_.join();
    for (std::thread& player : players_) player.join();
    ::close(listener_);
    ::close(wake_[0]);
    ::close(wake_[1]);
}

void server::serve() {
    for (;;) {
        pollfd fds[] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        ::poll(fds, 2, -1);
        if (fds[1].revents != 0) return;
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const std::lock_guard lock(mutex_);
        const std::size_t number = heard_.size();
        heard_.emplace_back();
        ++accepted_;
        players_.emplace_back([this, fd, number, how = how_] {
            {
                peer client(fd, *this, number);
                try {
                    how(client);
                } catch (const gone&) {
                }
            }
            const std::lock_guard ended(mutex_);
            heard_[number].over = true;
            changed_.notify_all();
        });
    }
}

void server::set(play how) {
    const std::lock_guard lock(mutex_);
    how_ = std::move(how);
}

heard server::last() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !heard_.empty() && heard_.back().over; });
    return heard_.back();
}

} // namespace postrider::test

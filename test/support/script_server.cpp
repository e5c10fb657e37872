#include "script_server.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace script {

std::string wire(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

std::string record::content() const {
    const std::string data = "\r\nDATA\r\n";
    const std::size_t begin = heard.find(data);
    if (begin == std::string::npos) return {};
    const std::size_t end = heard.find("\r\n.\r\n", begin + data.size() - 2);
    if (end == std::string::npos) return {};
    return heard.substr(begin + data.size(), end + 2 - (begin + data.size()));
}

// ----- one connection

peer::peer(int fd, script::cut where, server& owner, std::size_t number)
    : fd_(fd), cut_(where), server_(owner), number_(number) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

peer::~peer() {
    if (fd_ >= 0) ::close(fd_);
}

void peer::close() {
    if (layer_) layer_->end();
    cut();
}

void peer::cut() {
    // What the client has said and nobody has read would make a reset of it.
    ::shutdown(fd_, SHUT_WR);
    cut_.after_heard = never;
    await_end();
}

void peer::wrap(std::unique_ptr<layer> in) {
    layer_ = std::move(in);
    const std::lock_guard lock(server_.mutex_);
    record& r = server_.records_[number_];
    r.in_clear = r.heard.size();
}

void peer::told(const std::string& word) {
    const std::lock_guard lock(server_.mutex_);
    server_.records_[number_].words += word + "\n";
}

void peer::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
    fd_ = -1;
    throw gone{};
}

void peer::say(std::string_view octets) {
    const std::size_t allowed = cut_.after_said - said_;
    const bool cut_here = octets.size() >= allowed;
    if (cut_here) octets = octets.substr(0, allowed);
    said_ += octets.size();
    {
        const std::lock_guard lock(server_.mutex_);
        server_.records_[number_].said += octets;
    }
    while (!octets.empty()) {
        const ssize_t sent = layer_ ? layer_->send(octets.data(), octets.size())
                                    : ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) throw gone{};
        octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (cut_here) close();
}

void peer::hear() {
    if (heard_ == cut_.after_heard) reset();
    char octets[4096];
    std::size_t most = sizeof octets;
    if (most > cut_.after_heard - heard_) most = cut_.after_heard - heard_;
    const ssize_t got = layer_ ? layer_->receive(octets, most) : ::recv(fd_, octets, most, 0);
    if (got < 0 && errno == EINTR) return;
    const std::lock_guard lock(server_.mutex_);
    record& r = server_.records_[number_];
    if (got <= 0) {
        r.reset = got < 0;
        throw gone{};
    }
    const std::string_view piece{octets, static_cast<std::size_t>(got)};
    r.heard += piece;
    r.pieces.emplace_back(piece);
    buffer_ += piece;
    heard_ += piece.size();
}

std::string peer::line() {
    if (heard_ >= cut_.after_heard) reset();
    for (;;) {
        if (const std::size_t end = buffer_.find("\r\n"); end != std::string::npos) {
            std::string text = buffer_.substr(0, end);
            buffer_.erase(0, end + 2);
            if (heard_ == cut_.after_heard && buffer_.empty()) reset();
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
            if (heard_ == cut_.after_heard && buffer_.empty()) reset();
            return text.substr(2);
        }
        hear();
    }
}

void peer::await_end() {
    for (;;) hear();
}

// ----- the server that takes every mail

void ordinary::answer(peer& client, const std::string& key, std::string_view otherwise, std::string* said) const {
    if (const auto found = does.find(key); found != does.end()) {
        found->second(client);
        return;
    }
    const auto found = says.find(key);
    const std::string text{found != says.end() ? std::string_view{found->second} : otherwise};
    if (text.empty()) client.await_end();
    client.say(text);
    if (said) *said = text;
}

void ordinary::operator()(peer& client) const {
    answer(client, "greeting", "220 mail.example ESMTP\r\n");
    int answers = 0;
    for (;;) {
        const std::string line = client.line();
        const std::string command = line.substr(0, line.find(' '));
        std::string said;
        if (answers != 0) {
            const std::string key = answers == 1 || says.find("answer 2") == says.end() ? "answer" : "answer 2";
            answer(client, key, "235 2.7.0 welcome\r\n", &said);
            answers = said.substr(0, 3) == "334" ? answers + 1 : 0;
        } else if (command == "EHLO") {
            answer(client, "EHLO", "250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n");
        } else if (command == "AUTH") {
            answer(client, "AUTH", "334 \r\n", &said);
            answers = said.substr(0, 3) == "334" ? 1 : 0;
        } else if (command == "DATA") {
            std::string go_ahead;
            answer(client, "DATA", "354 go ahead\r\n", &go_ahead);
            if (go_ahead.substr(0, 1) != "3") continue;
            client.content();
            answer(client, ".", "250 2.0.0 queued\r\n");
        } else if (command == "QUIT") {
            answer(client, "QUIT", "221 bye\r\n");
            client.close();
        } else if (command == "HELO" || command == "MAIL" || command == "RCPT") {
            answer(client, command, "250 ok\r\n");
        } else {
            answer(client, "?", "500 what?\r\n");
        }
    }
}

// ----- the listener

server::server(play how, family of) : how_(std::move(how)) {
    listener_ = ::socket(of == family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    socklen_t size = 0;
    if (of == family::v4) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(address);
        v4.sin_family = AF_INET;
        v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        size = sizeof v4;
    } else {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
        v6.sin6_family = AF_INET6;
        v6.sin6_addr = in6addr_loopback;
        size = sizeof v6;
    }
    sockaddr* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, any, &size) != 0 || ::pipe(wake_) != 0)
        throw std::runtime_error("the loopback interface has no port for the test's server");
    port_ = ntohs(of == family::v4 ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                   : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
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
        const std::size_t number = records_.size();
        records_.emplace_back();
        ++accepted_;
        players_.emplace_back([this, fd, number, how = how_, where = cut_] {
            {
                peer client(fd, where, *this, number);
                try {
                    how(client);
                } catch (const gone&) {
                }
            }
            const std::lock_guard ended(mutex_);
            records_[number].over = true;
            changed_.notify_all();
        });
    }
}

void server::set(play how, cut where) {
    const std::lock_guard lock(mutex_);
    how_ = std::move(how);
    cut_ = where;
}

std::vector<record> server::connections() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
        for (const record& r : records_)
            if (!r.over) return false;
        return true;
    });
    return records_;
}

record server::last() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !records_.empty() && records_.back().over; });
    return records_.back();
}

void server::forget() {
    std::vector<std::thread> players;
    static_cast<void>(connections());
    const std::lock_guard lock(mutex_);
    players_.swap(players);
    records_.clear();
    for (std::thread& player : players) player.join();
}

} // namespace script

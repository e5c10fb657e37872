// An SMTP server that takes mails, keeps count, and spoils the dialog on demand: for demos and tests.
//
// It shares no code with the client, because a peer that does proves nothing about it.
//
//     sink::config config;
//     config.keep_mails = true;
//     config.script = "on RCPT 2 reply \"451 4.3.0 try later\"";
//     sink::server server{std::move(config)};
//     const auto port = server.start(); // 0: see failure()
//     ...
//     server.wait_for_mails(1, 5s);
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/sink/config.hpp"
#include "postrider/sink/mail.hpp"
#include "postrider/sink/report.hpp"

namespace postrider::sink {

struct endpoint {
    std::string address;
    std::uint16_t port = 0;

    [[nodiscard]] std::string text() const; // "127.0.0.1:2525", "[::1]:2525"
};

// Why a sink could not start.
struct failure {
    enum class kind { configuration, address, folder, system };
    kind what = kind::configuration;
    std::string text;
};

class server {
public:
    explicit server(config settings);
    ~server(); // stops

    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // Opens the listeners; nullopt when all of them listen. Once.
    [[nodiscard]] std::optional<sink::failure> open();

    // Serves on the calling thread until a stop is asked for or the configured limits are reached.
    void run();

    // open(), and run() on a thread of its own: the port of the first listener, or 0 and failure() says why.
    [[nodiscard]] std::uint16_t start();
    [[nodiscard]] const std::optional<sink::failure>& failure() const;

    // Ends run() and closes all connections; may be called from a signal handler.
    void request_stop() noexcept;
    // request_stop(), and waits for the thread of start().
    void stop();

    [[nodiscard]] std::vector<endpoint> endpoints() const;

    // These may be called from any thread, at any time. A mail is counted, and on_mail has been called,
    // before its reply leaves.
    [[nodiscard]] sink::report report() const;
    [[nodiscard]] std::vector<mail> mails() const; // with keep_mails

    // False when the time was over first. The figures count from the start of the sink.
    [[nodiscard]] bool wait_for_mails(std::uint64_t number, std::chrono::milliseconds timeout) const;
    [[nodiscard]] bool wait_for_connections(std::uint64_t number, std::chrono::milliseconds timeout) const;
    [[nodiscard]] bool wait_for_connections_closed(std::uint64_t number, std::chrono::milliseconds timeout) const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

// What is wrong with a fault script, and in which line; nullopt when nothing is.
[[nodiscard]] std::optional<std::string> check_script(std::string_view text);

// The fault language on one screen.
[[nodiscard]] std::string_view script_help();

} // namespace postrider::sink

// script_server.hpp - an SMTP server on the loopback interface that says what a test tells it to, and notes every octet that
// it hears, piece by piece as they arrived.
#ifndef POSTRIDER_TEST_SUPPORT_SCRIPT_SERVER_HPP
#define POSTRIDER_TEST_SUPPORT_SCRIPT_SERVER_HPP

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace script {

inline constexpr std::size_t never = static_cast<std::size_t>(-1);

/// "a\nb\n" as it stands on the wire.
std::string wire(std::string_view text);

/// What a connection was, seen from the server.
struct record {
    std::string heard;
    std::string said;
    std::vector<std::string> pieces; ///< `heard`, cut as the octets arrived
    std::size_t in_clear = never;    ///< octets of `heard` that were heard before a layer began
    std::string words;               ///< whatever the script notes
    bool reset = false;              ///< the client reset the connection
    bool over = false;

    /// What stands between the DATA line and the lone dot; "" if that dot never came.
    std::string content() const;
    bool has_content() const { return heard.find("\r\n.\r\n") != std::string::npos; }
};

/// Where the server cuts a connection: by closing once it has said so many octets, by a reset once it has heard so many.
struct cut {
    std::size_t after_said = never;
    std::size_t after_heard = never;
};

/// Thrown through a script when the connection is over.
struct gone {};

/// One connection, for the script that plays it.
class peer {
public:
    /// What the octets go through, in place of the bare connection. `send` and `receive` return as the system's do.
    class layer {
    public:
        virtual ~layer() = default;
        virtual long send(const char* octets, std::size_t size) = 0;
        virtual long receive(char* octets, std::size_t size) = 0;
        virtual void end() = 0; ///< says that nothing more will be sent
    };

    peer(int fd, script::cut where, class server& owner, std::size_t number);
    ~peer();
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;

    void say(std::string_view octets);
    std::string line();    ///< the next line, without its CRLF
    std::string content(); ///< up to and with CRLF . CRLF
    void await_end();      ///< takes what comes until the client ends the connection
    void close();
    void reset();
    void cut(); ///< closes, and no layer says a word about it

    /// From here on, inside it. What was heard before is `record::in_clear`.
    void wrap(std::unique_ptr<layer> in);
    int descriptor() const { return fd_; }
    void told(const std::string& word); ///< for `record::words`

private:
    void hear();

    int fd_;
    std::unique_ptr<layer> layer_;
    script::cut cut_;
    server& server_;
    std::size_t number_;
    std::string buffer_;
    std::size_t said_ = 0;
    std::size_t heard_ = 0;
};

/// A server that takes every mail, except where `says` or `does` has something else.
/// Keys: greeting, EHLO, HELO, AUTH, MAIL, RCPT, DATA, QUIT; "answer" and "answer 2" for the lines that follow a 334;
/// "." for the content; "?" for all other lines. An empty text is silence: the server waits for the client's end.
struct ordinary {
    std::map<std::string, std::string> says;
    std::map<std::string, std::function<void(peer&)>> does;

    void operator()(peer& client) const;

private:
    void answer(peer& client, const std::string& key, std::string_view otherwise, std::string* said = nullptr) const;
};

class server {
public:
    enum class family { v4, v6 };
    using play = std::function<void(peer&)>;

    explicit server(play how = ordinary{}, family of = family::v4);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    std::uint16_t port() const { return port_; }
    /// For the connections to come.
    void set(play how, cut where = {});
    /// All connections so far, once they are over.
    std::vector<record> connections();
    /// The last one, once it is over.
    record last();
    std::size_t count() const { return accepted_; }
    void forget();

private:
    friend class peer;
    void serve();

    int listener_ = -1;
    int wake_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::atomic<std::size_t> accepted_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    play how_;
    cut cut_;
    std::vector<record> records_;
    std::vector<std::thread> players_;
    std::thread thread_;
};

} // namespace script

#endif

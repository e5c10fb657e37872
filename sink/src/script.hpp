// The faults that a sink plays: a small language, one rule a line. sink/README.md explains it to its users.
//
//     rule    = [ "on" event *filter ] 1*action / random
//     event   = "connect" / "greeting" / "command" / VERB / "response" / "content"     and then [ range ]
//     filter  = "connection" range / "matching" STRING
//     range   = N / N "-" M / N "+"
//     random  = "random" "seed" N [ "on" 1*event ] [ "connection" range ] 1*( "refuse" / "close" / "reset" percent )
//
// A filter may also stand before the event. All rules that apply to an event apply together; where two say
// something different about the same thing, the earlier one wins.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"

namespace postrider::sink {

enum class ending : std::uint8_t {
    none,
    close,      // the socket is closed; octets that are still on their way are answered with a reset
    reset,      // a reset instead of an orderly end
    half_close, // nothing more is written, what comes is read and thrown away
    silence,    // the same, but the client is not told
};

// How a reply leaves: in pieces of so many octets (0: whole), so long after each other.
struct pace {
    std::size_t piece = 0;
    std::chrono::milliseconds interval{0};

    bool operator==(const pace&) const = default;
};

enum class endless : std::uint8_t { none, line, lines };

// What the rules say about one event.
struct effect {
    std::optional<std::string> reply; // with CRLF, unless it was `raw`
    bool accept = false;              // carry the command out, whatever the client is told
    std::string then;                 // octets right behind the reply, in a write of their own
    bool renegotiate = false;         // before the reply
    std::chrono::milliseconds delay{0};
    sink::pace pace;
    sink::endless endless = endless::none;
    sink::ending ending = ending::none;
    bool ends_after_reply = false;

    // What `later` says beside this, or about what this says nothing.
    void join(const effect& later);
    // Whether the server dies, falls silent or babbles before it has decided anything.
    [[nodiscard]] bool undecided() const;
    // The first digit of the scripted reply; 0 if it has none.
    [[nodiscard]] int severity() const;
    [[nodiscard]] bool carries_out() const;
};

// What holds for a connection as a whole.
struct connection_effect {
    sink::pace pace;
    std::optional<std::uint64_t> cut_in, cut_out;
    ending cut_ending = ending::close;
    std::optional<std::uint64_t> cut_handshake; // after so many octets of the server's side
    ending cut_handshake_ending = ending::close;
    bool no_close_notify = false;
    std::size_t window = 0; // SO_RCVBUF, and what is read at once
    std::chrono::milliseconds window_interval{10};
};

struct occasion {
    enum class kind : std::uint8_t { connect, greeting, command, response, content };
    kind what = kind::command;
    std::uint64_t connection = 0;
    std::uint64_t number = 1;         // of its kind on this connection
    sink::verb verb = verb::unknown;  // of a command
    std::uint64_t number_of_verb = 0; // of the verb on this connection
    std::string_view text;            // the command line; the recipient of an LMTP content reply
};

// Faults by lot. What becomes of an event depends on the seed, the connection and the event's number alone, so the
// same dialog meets the same faults each time, and another seed other ones.
class lot {
public:
    static constexpr std::uint64_t certain = 1'000'000;

    std::uint64_t seed = 0;
    std::uint64_t refuse = 0, close = 0, reset = 0; // of a million

    void add(occasion::kind what) { kinds_ |= bit(static_cast<unsigned>(what)); }
    void add(verb verb) { verbs_ |= bit(static_cast<unsigned>(verb)); }
    [[nodiscard]] bool on_anything() const { return (kinds_ | verbs_) != 0; }

    [[nodiscard]] bool concerns(const occasion& event) const {
        return (kinds_ & bit(static_cast<unsigned>(event.what))) != 0 ||
               (event.what == occasion::kind::command && (verbs_ & bit(static_cast<unsigned>(event.verb))) != 0);
    }
    [[nodiscard]] effect draw(const occasion& event) const;

private:
    static constexpr std::uint32_t bit(unsigned number) { return std::uint32_t{1} << number; }

    std::uint32_t kinds_ = 0, verbs_ = 0;
};

class script {
public:
    // The script, or what is wrong with which line.
    static std::optional<std::string> parse(std::string_view text, script& parsed);

    [[nodiscard]] bool empty() const { return rules_.empty(); }
    [[nodiscard]] effect at(const occasion& event) const;
    [[nodiscard]] connection_effect throughout(std::uint64_t connection) const;

private:
    struct range {
        std::uint64_t first = 1;
        std::uint64_t last = UINT64_MAX;
        [[nodiscard]] bool holds(std::uint64_t number) const { return number >= first && number <= last; }
    };
    struct rule {
        bool on_event = false;
        occasion::kind what = occasion::kind::command;
        std::optional<sink::verb> verb;
        range number;
        range connection;
        std::string matching;
        effect does;
        connection_effect holds;
        std::optional<sink::lot> lot;
    };
    class parser;

    [[nodiscard]] static bool applies(const rule& rule, const occasion& event);

    std::vector<rule> rules_;
};

} // namespace postrider::sink

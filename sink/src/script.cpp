#include "script.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "postrider/sink/sink.hpp"

namespace postrider::sink {

void effect::join(const effect& later) {
    if (!reply) reply = later.reply;
    if (ending == sink::ending::none) {
        ending = later.ending;
        ends_after_reply = later.ends_after_reply;
    }
    if (endless == sink::endless::none) endless = later.endless;
    if (pace == sink::pace{}) pace = later.pace;
    accept = accept || later.accept;
    if (then.empty()) then = later.then;
    renegotiate = renegotiate || later.renegotiate;
    delay += later.delay;
}

bool effect::undecided() const {
    return !accept && !reply && ((ending != sink::ending::none && !ends_after_reply) || endless != sink::endless::none);
}

int effect::severity() const {
    return reply && !reply->empty() && reply->front() >= '1' && reply->front() <= '5' ? reply->front() - '0' : 0;
}

bool effect::carries_out() const { return accept || (!undecided() && (!reply || severity() == 2 || severity() == 3)); }

effect lot::draw(const occasion& event) const {
    // splitmix64: neighbouring numbers must not have neighbouring lots.
    const auto mixed = [](std::uint64_t x) {
        x += 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    };
    const std::uint64_t kind = static_cast<std::uint64_t>(event.what);
    const std::uint64_t first = mixed(mixed(mixed(seed) ^ event.connection) ^ (event.number << 3 | kind));
    const std::uint64_t second = mixed(first);
    const std::uint64_t drawn = first % certain;
    effect does;
    if (drawn < refuse) {
        // Neither 421, behind which a server must close, nor one of those that are the client's own mistakes.
        constexpr std::array<std::string_view, 8> replies{"450 4.2.1", "451 4.3.0", "452 4.3.1", "455 4.3.5",
                                                          "550 5.7.1", "552 5.2.2", "553 5.1.8", "554 5.3.0"};
        does.reply = std::string{replies[second % replies.size()]};
        does.reply->append(" by lot: connection ").append(std::to_string(event.connection));
        does.reply->append(event.what == occasion::kind::content ? ", content " : ", command ");
        does.reply->append(std::to_string(event.number)).append("\r\n");
    } else if (drawn < refuse + close + reset) {
        does.ending = drawn < refuse + close ? sink::ending::close : sink::ending::reset;
        does.accept = second % 2 == 0; // decided, and the reply lost
    }
    return does;
}

bool script::applies(const rule& rule, const occasion& event) {
    if (rule.lot) return rule.connection.holds(event.connection) && rule.lot->concerns(event);
    if (!rule.on_event || rule.what != event.what || !rule.connection.holds(event.connection)) return false;
    if (rule.verb && *rule.verb != event.verb) return false;
    if (!rule.number.holds(rule.verb ? event.number_of_verb : event.number)) return false;
    return event.text.find(rule.matching) != std::string_view::npos;
}

effect script::at(const occasion& event) const {
    effect sum;
    for (const auto& one : rules_)
        if (applies(one, event)) sum.join(one.lot ? one.lot->draw(event) : one.does);
    return sum;
}

connection_effect script::throughout(std::uint64_t connection) const {
    connection_effect sum;
    for (const auto& one : rules_) {
        if (one.on_event || one.lot || !one.connection.holds(connection)) continue;
        const connection_effect& more = one.holds;
        if (sum.pace == pace{}) sum.pace = more.pace;
        if (!sum.cut_in && !sum.cut_out) sum.cut_ending = more.cut_ending;
        if (!sum.cut_in) sum.cut_in = more.cut_in;
        if (!sum.cut_out) sum.cut_out = more.cut_out;
        if (!sum.cut_handshake) {
            sum.cut_handshake = more.cut_handshake;
            sum.cut_handshake_ending = more.cut_handshake_ending;
        }
        sum.no_close_notify = sum.no_close_notify || more.no_close_notify;
        if (sum.window == 0) {
            sum.window = more.window;
            sum.window_interval = more.window_interval;
        }
    }
    return sum;
}

// Takes one rule at a time; the first thing that it does not understand ends it, with that rule's line.
class script::parser {
public:
    explicit parser(std::string_view text) : text_(text) {}

    std::optional<std::string> parse(std::vector<rule>& rules) {
        while (wrong_.empty() && next_rule()) {
            rule parsed;
            parse_rule(parsed);
            rules.push_back(std::move(parsed));
        }
        if (wrong_.empty()) return std::nullopt;
        return "line " + std::to_string(line_) + ": " + wrong_;
    }

private:
    // A word, or a string in quotes; the end of the rule is a word without letters.
    struct token {
        std::string text;
        bool quoted = false;
        [[nodiscard]] bool end() const { return text.empty() && !quoted; }
    };

    void fail(std::initializer_list<std::string_view> what) {
        if (!wrong_.empty()) return;
        for (const auto part : what) wrong_ += part;
    }

    // Skips to the first token of a rule; false at the end of the script.
    bool next_rule() {
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '#') {
                while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
            } else if (c == '\n') {
                ++line_;
            } else if (c != ' ' && c != '\t' && c != '\r' && c != ';') {
                scan();
                return wrong_.empty();
            }
        }
        return false;
    }

    // Moves to the next token of the rule.
    void scan() {
        now_ = token{};
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
        if (at_ == text_.size()) return;
        if (text_[at_] == '"') return scan_string();
        while (at_ < text_.size() && std::string_view{" \t\r\n;#\""}.find(text_[at_]) == std::string_view::npos)
            now_.text += text_[at_++];
    }

    void scan_string() {
        now_.quoted = true;
        for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return;
            }
            if (c != '\\') {
                now_.text += c;
            } else if (++at_ < text_.size()) {
                scan_escape(text_[at_]);
            }
        }
        fail({"a string without its closing quote"});
    }

    void scan_escape(char c) {
        constexpr std::string_view names = "rnt0\\\"";
        constexpr std::string_view octets{"\r\n\t\0\\\"", 6};
        if (const auto known = names.find(c); known != std::string_view::npos) {
            now_.text += octets[known];
            return;
        }
        const auto hex = [](char digit) {
            return std::string_view{"0123456789abcdef0123456789ABCDEF"}.find(digit) % 16;
        };
        if (c == 'x' && at_ + 2 < text_.size() && std::isxdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0 &&
            std::isxdigit(static_cast<unsigned char>(text_[at_ + 2])) != 0) {
            now_.text += static_cast<char>(hex(text_[at_ + 1]) * 16 + hex(text_[at_ + 2]));
            at_ += 2;
            return;
        }
        fail({"unknown escape \\", {&c, 1}, " (known: \\r \\n \\t \\0 \\\\ \\\" \\xHH)"});
    }

    bool take(std::string_view word) {
        if (now_.quoted || now_.text != word) return false;
        scan();
        return true;
    }

    bool starts_with_digit() const {
        return !now_.quoted && !now_.text.empty() && std::isdigit(static_cast<unsigned char>(now_.text[0])) != 0;
    }

    std::uint64_t number(std::string_view what) {
        const auto value = now_.quoted ? std::nullopt : parse_number(now_.text);
        if (!value) {
            fail({"'", what, "' needs a number, not '", now_.text, "'"});
            return 0;
        }
        scan();
        return *value;
    }

    std::chrono::milliseconds duration(std::string_view what) {
        std::string_view text = now_.text;
        std::uint64_t factor = 0;
        if (text.ends_with("ms")) {
            factor = 1;
            text.remove_suffix(2);
        } else if (text.ends_with("s")) {
            factor = 1000;
            text.remove_suffix(1);
        }
        const auto value = parse_number(text);
        if (factor == 0 || !value || *value > 86'400'000) {
            fail({"'", what, "' needs a time such as 500ms or 2s, not '", now_.text, "'"});
            return {};
        }
        scan();
        return std::chrono::milliseconds{*value * factor};
    }

    std::string string(std::string_view what) {
        if (!now_.quoted) fail({"'", what, "' needs a string in quotes, not '", now_.text, "'"});
        std::string text = now_.text;
        scan();
        return text;
    }

    void parse_range(range& range) {
        const std::string_view text = now_.text;
        const std::size_t mark = text.find_first_of("-+");
        const auto first = parse_number(text.substr(0, mark));
        auto last = first;
        if (mark != std::string_view::npos && text[mark] == '-') last = parse_number(text.substr(mark + 1));
        if (mark != std::string_view::npos && text[mark] == '+')
            last = mark + 1 == text.size() ? std::optional{UINT64_MAX} : std::nullopt;
        if (!first || !last || *first == 0 || *last < *first)
            return fail({"'", now_.text, "' is no range (2, 2-5 and 2+ are)"});
        range = {*first, *last};
        scan();
    }

    void parse_rule(rule& rule) {
        if (take("random")) return parse_lot(rule);
        if (take("on")) {
            while (wrong_.empty() && parse_filter(rule)) {
            }
            if (parse_event(rule))
                while (wrong_.empty() && parse_filter(rule)) {
                }
        }
        if (wrong_.empty() && now_.end()) fail({"a rule without an action"});
        while (wrong_.empty() && !now_.end()) parse_action(rule);
    }

    bool parse_filter(rule& rule) {
        if (take("connection")) {
            parse_range(rule.connection);
            return true;
        }
        if (take("matching")) {
            rule.matching = string("matching");
            return true;
        }
        return false;
    }

    bool parse_event(rule& rule) {
        if (const auto kind = take_kind()) rule.what = *kind;
        else if (const auto verb = take_verb()) rule.verb = *verb;
        else return false; // `on connection 2 split 1`: throughout these connections
        rule.on_event = true;
        if (starts_with_digit()) parse_range(rule.number);
        return true;
    }

    std::optional<occasion::kind> take_kind() {
        using kind = occasion::kind;
        constexpr std::array<std::pair<std::string_view, kind>, 5> kinds{{{"connect", kind::connect},
                                                                          {"greeting", kind::greeting},
                                                                          {"command", kind::command},
                                                                          {"response", kind::response},
                                                                          {"content", kind::content}}};
        for (const auto& [name, what] : kinds)
            if (take(name)) return what;
        return std::nullopt;
    }

    std::optional<verb> take_verb() {
        for (std::size_t i = 0; i < verbs; ++i)
            if (take(verb_names[i])) return static_cast<verb>(i);
        return std::nullopt;
    }

    void parse_lot(rule& rule) {
        sink::lot lot;
        if (!take("seed")) return fail({"'random' needs 'seed N'"});
        lot.seed = number("seed");
        if (take("on")) {
            while (wrong_.empty() && parse_event_of(lot)) {
            }
            if (!lot.on_anything()) return fail({"'on' needs an event, not '", now_.text, "'"});
        } else {
            for (const auto one : {verb::mail, verb::rcpt, verb::data, verb::bdat}) lot.add(one);
            lot.add(occasion::kind::content);
        }
        if (take("connection")) parse_range(rule.connection);
        while (wrong_.empty() && !now_.end()) {
            if (take("refuse")) lot.refuse = percent("refuse");
            else if (take("close")) lot.close = percent("close");
            else if (take("reset")) lot.reset = percent("reset");
            else fail({"'random' can refuse, close and reset, not '", now_.text, "'"});
        }
        const std::uint64_t sum = lot.refuse + lot.close + lot.reset;
        if (sum == 0) fail({"a rule without an action"});
        if (sum > lot::certain) fail({"more than 100% in all"});
        rule.lot = lot;
    }

    bool parse_event_of(sink::lot& lot) {
        if (const auto kind = take_kind()) lot.add(*kind);
        else if (const auto verb = take_verb()) lot.add(*verb);
        else return false;
        return true;
    }

    // "5%", "0.1%", down to "0.0001%": of a million.
    std::uint64_t percent(std::string_view what) {
        std::string_view text = now_.text;
        const bool marked = !now_.quoted && text.ends_with('%');
        if (marked) text.remove_suffix(1);
        const std::size_t point = text.find('.');
        const auto whole = parse_number(text.substr(0, point));
        std::string fraction{point == std::string_view::npos ? "0" : text.substr(point + 1)};
        const bool fits = !fraction.empty() && fraction.size() <= 4;
        fraction.resize(4, '0');
        const auto parts = parse_number(fraction);
        if (!marked || !fits || !whole || !parts || *whole > 100) {
            fail({"'", what, "' needs a percentage such as 5% or 0.1%, not '", now_.text, "'"});
            return 0;
        }
        scan();
        return *whole * 10'000 + *parts;
    }

    void parse_action(rule& rule) {
        const std::string word = now_.text;
        if (now_.quoted) return fail({"\"", word, "\" stands where an action should"});
        if (parse_timing(rule)) return;
        if (rule.on_event ? parse_event_action(rule) : parse_connection_action(rule)) return;
        script::rule elsewhere;
        if (parse_event_action(elsewhere)) wrong_.clear(), fail({"'", word, "' needs an event: on EVENT ", word});
        else if (parse_connection_action(elsewhere))
            wrong_.clear(), fail({"'", word, "' is for whole connections and takes no event"});
        else fail({"unknown action or event '", word, "'"});
    }

    bool parse_timing(rule& rule) {
        pace& pace = rule.on_event ? rule.does.pace : rule.holds.pace;
        if (take("split")) {
            pace.piece = number("split");
            if (pace.piece == 0) fail({"'split' needs at least 1"});
            return true;
        }
        if (take("drip")) {
            pace.interval = duration("drip");
            if (pace.piece == 0) pace.piece = 1;
            return true;
        }
        return false;
    }

    bool parse_event_action(rule& rule) {
        effect& does = rule.does;
        if (take("reply")) {
            does.reply = string("reply");
            if (!does.reply->ends_with('\n')) *does.reply += "\r\n";
        } else if (take("raw")) {
            does.reply = string("raw");
        } else if (take("garbage")) {
            does.reply = garbage(number("garbage"));
        } else if (take("endless")) {
            does.endless = take("lines") ? endless::lines : endless::line;
        } else if (take("delay")) {
            does.delay = duration("delay");
        } else if (take("then")) {
            does.then = string("then");
        } else if (take("renegotiate")) {
            does.renegotiate = true;
        } else if (take("accept")) {
            does.accept = true;
        } else {
            return parse_ending(does);
        }
        return true;
    }

    bool parse_ending(effect& does) {
        constexpr std::array<std::pair<std::string_view, ending>, 4> endings{{{"close", ending::close},
                                                                              {"reset", ending::reset},
                                                                              {"half-close", ending::half_close},
                                                                              {"silence", ending::silence}}};
        for (const auto& [name, what] : endings) {
            const std::string after = std::string{name} + "-after-reply";
            const std::string before = std::string{name} + "-before-reply";
            if (now_.quoted || (now_.text != name && now_.text != after && now_.text != before)) continue;
            does.ending = what;
            does.ends_after_reply = now_.text == after;
            does.accept = does.accept || now_.text == before;
            scan();
            return true;
        }
        return false;
    }

    bool parse_connection_action(rule& rule) {
        connection_effect& holds = rule.holds;
        if (take("cut")) {
            const bool in = take("in"), handshake = !in && take("handshake");
            if (!in && !handshake && !take("out")) fail({"'cut' is 'cut in N', 'cut out N' or 'cut handshake N'"});
            (in ? holds.cut_in : handshake ? holds.cut_handshake : holds.cut_out) = number("cut");
            if (take("reset")) (handshake ? holds.cut_handshake_ending : holds.cut_ending) = ending::reset;
        } else if (take("no-close-notify")) {
            holds.no_close_notify = true;
        } else if (take("window")) {
            holds.window = number("window");
            if (holds.window == 0) fail({"'window' needs at least 1"});
            if (take("every")) holds.window_interval = duration("every");
        } else {
            return false;
        }
        return true;
    }

    // The same octets each time; no LF before the end, so that it is one line.
    static std::string garbage(std::uint64_t size) {
        std::string octets;
        std::uint32_t seed = 2463534242;
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(size, 1 << 24); ++i) {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            octets += static_cast<char>((seed & 0xff) == '\n' ? 0 : seed & 0xff);
        }
        return octets + "\r\n";
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    token now_;
    std::string wrong_;
};

std::optional<std::string> script::parse(std::string_view text, script& parsed) {
    return parser{text}.parse(parsed.rules_);
}

std::optional<std::string> check_script(std::string_view text) {
    script ignored;
    return script::parse(text, ignored);
}

std::string_view script_help() {
    return R"(A fault script has one rule a line (or between semicolons); # begins a comment.

    [on EVENT [N | N-M | N+] [connection RANGE] [matching "TEXT"]] ACTION...

Events, counted on each connection from 1; without a number, every one:
    connect          before the greeting        greeting     the greeting
    command          any command                EHLO MAIL RCPT DATA BDAT ... that command
    response         the answer to a 334        content      the reply to the final dot or BDAT LAST
    connection N     only on these connections  matching     only if the command line holds TEXT

What the client is told:
    reply "451 4.3.0 later"   this instead; \r \n \t \0 \\ \" \xHH; CRLF is added if it ends without LF
    raw "250 o"               the same, nothing added
    garbage N                 N senseless octets and CRLF
    endless | endless lines   a reply line, or continuation lines, without end
    then "250 injected\r\n"   octets right behind it, in a write of their own
    renegotiate               TLS 1.2: a HelloRequest before the reply; TLS 1.3: a change of keys
    delay 500ms               the reply comes so much later, and nothing is read meanwhile
    split K                   the reply leaves in pieces of K octets; drip 10ms: so long after each other
What the sink does: a reply of 2 or 3 carries the command out, any other does not, unless it says
    accept                    carry it out whatever the client is told
How it ends, before anything is decided, after that but before the reply, or after the reply:
    close        close-before-reply        close-after-reply          the connection is closed
    reset        reset-before-reply        reset-after-reply          with a TCP reset
    half-close   half-close-before-reply   half-close-after-reply     nothing more is sent; input is read
    silence      silence-before-reply      silence-after-reply        the same, without telling the client

Without an event, for whole connections:
    split K   drip 10ms       every reply
    cut out K [reset]         the connection ends after K octets to the client
    cut in K [reset]          ... after K octets from the client, and the replies to them
    cut handshake K [reset]   ... after K octets of the server's side of the TLS handshake
    no-close-notify           TLS ends without saying so
    window N [every 10ms]     a small receive buffer, read N octets at a time

By lot, the same for the same seed, connection and number of the event on it:
    random seed N [on EVENT...] [connection RANGE] [refuse P%] [close P%] [reset P%]
    refuse 5%                 some 4yz or 5yz, and the command is not carried out
    close 0.1%, reset 0.1%    instead of a reply, every other time after the command was carried out
    on MAIL RSET              these events only; otherwise MAIL RCPT DATA BDAT content
)";
}

} // namespace postrider::sink

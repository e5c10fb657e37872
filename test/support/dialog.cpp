#include "dialog.hpp"

#include "sasl_digests.hpp"
#include "worded_mail.hpp"

#include "postrider/cram_md5.hpp"
#include "postrider/scram.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace dialog {

namespace {

[[noreturn]] void complain(const test_case& c, const std::string& what) {
    throw std::runtime_error(c.file + ":" + std::to_string(c.line) + ": " + what);
}

std::string unescape(std::string_view text, bool line, const test_case& c) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        if (++i == text.size()) complain(c, "a backslash ends the line");
        switch (text[i]) {
        case 'r': out += '\r'; break;
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case '\\': out += '\\'; break;
        case '*': {
            const std::size_t star = text.find('*', i + 1);
            if (star == text.npos || out.empty()) complain(c, "a repetition is \\*40*, behind an octet");
            out.append(std::stoul(std::string(text.substr(i + 1, star))) - 1, out.back());
            i = star;
            break;
        }
        case 'x':
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
            break;
        case 'c':
            if (!line || i + 1 != text.size()) complain(c, "\\c stands at the end of a line only");
            return out;
        default: complain(c, "unknown escape");
        }
    }
    return line ? out + "\r\n" : out;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(word);
    return out;
}

void add_octets(test_case& c, turn::who from, const std::string& octets) {
    if (c.turns.empty() || c.turns.back().from != from || c.turns.back().early) c.turns.push_back({from, {}});
    c.turns.back().octets += octets;
}

void read_server_line(test_case& c, std::string_view text) {
    const char kind = text[1];
    std::size_t times = 1;
    text.remove_prefix(2);
    if (kind == '*') {
        const std::size_t space = std::min(text.find(' '), text.size());
        times = std::stoul(std::string(text.substr(0, space)));
        text.remove_prefix(space);
    }
    const std::string octets = text.empty() ? "\r\n" : unescape(text.substr(1), true, c);
    const bool follows = !c.turns.empty() && c.turns.back().from == turn::who::server;
    if (kind == '~' && !(follows && c.turns.back().early)) c.turns.push_back({turn::who::server, octets, true, true});
    else if (kind == '+' || kind == '~') {
        if (!follows) complain(c, "S+ stands below another line of the server");
        c.turns.back().octets += octets;
        c.turns.back().at_once = true;
    } else
        for (; times != 0; --times) add_octets(c, turn::who::server, octets);
}

/// A line of the wire, or of what is expected. Returns whether it is one.
bool read_wire_line(test_case& c, const std::string& text) {
    if (text == "S! close") c.turns.push_back({turn::who::close, {}});
    else if (text == "S! reset") c.turns.push_back({turn::who::reset, {}});
    else if (text == "TLS" || text.starts_with("TLS ") || text.starts_with("TLS!") || text.starts_with("TLS?"))
        c.turns.push_back({turn::who::tls, text.substr(3)});
    else if (text.size() > 1 && text[0] == 'S' && std::string_view(":+~*").find(text[1]) != std::string_view::npos)
        read_server_line(c, text);
    else if (text == "C:") add_octets(c, turn::who::client, "\r\n");
    else if (text.starts_with("C: ")) add_octets(c, turn::who::client, unescape(text.substr(3), true, c));
    else if (text.starts_with("=> ")) c.expected.push_back(text.substr(3));
    else return false;
    return true;
}

void read_line(test_case& c, const std::string& text) {
    if (text.empty() || read_wire_line(c, text)) return;
    const std::size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    const std::string value = colon != text.npos && text.size() > colon + 2 ? text.substr(colon + 2) : "";
    if (name == "auth") {
        c.auth = words(value);
        for (std::string& word : c.auth) word = unescape(word, false, c);
        return;
    }
    if (name == "options") return void(c.options = words(value));
    if (name == "noop") return c.jobs.push_back({job::kind::ask, "NOOP"});
    if (name == "reset") return c.jobs.push_back({job::kind::ask, "RSET"});
    if (name == "ask") {
        const std::size_t space = std::min(value.find(' '), value.size());
        return c.jobs.push_back(
            {job::kind::ask, value.substr(0, space), value.substr(std::min(space + 1, value.size()))});
    }
    if (name == "idle") return c.jobs.push_back({job::kind::idle});
    if (name == "no mail") {
        c.mails.clear();
        c.jobs.clear();
        return;
    }
    if (name == "next") {
        c.mails.emplace_back();
        return c.jobs.push_back({});
    }
    if (c.mails.empty()) complain(c, "no mail that this belongs to: " + text);
    mail& m = c.mails.back();
    if (name == "from") m.from = value;
    else if (name == "to") m.to.push_back(value), m.recipient_is.emplace_back();
    else if (name == "memory") m.memory = true;
    else if (name == "is") {
        for (const std::string& word : words(value)) {
            const bool of_recipient = word.starts_with("notify=") || word.starts_with("orcpt=");
            if (of_recipient && m.to.empty()) m.to.emplace_back("bob@b.example"), m.recipient_is.emplace_back();
            (of_recipient ? m.recipient_is.back() : m.is).push_back(word);
        }
    } else if (name == "content") m.content = {unescape(value, false, c)};
    else if (name == "then") m.content.push_back(unescape(value, false, c));
    else complain(c, "not a line of a dialog: " + text);
}

} // namespace

void PrintTo(const test_case& c, std::ostream* os) { *os << c.file << ":" << c.line << " " << c.name; }

std::vector<test_case> read_folder(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".md") files.push_back(entry.path());
    std::sort(files.begin(), files.end());

    std::vector<test_case> cases;
    for (const auto& path : files) {
        std::ifstream in(path);
        std::string heading;
        bool inside = false;
        std::size_t number = 0;
        for (std::string text; std::getline(in, text);) {
            ++number;
            if (!inside && text.starts_with("#")) heading = text.substr(text.find_first_not_of("# "));
            if (!inside && text == "```dialog") {
                inside = true;
                cases.emplace_back();
                cases.back().name = heading;
                cases.back().file = path.filename().string();
            } else if (inside && text == "```") {
                inside = false;
                for (mail& m : cases.back().mails) {
                    if (m.to.empty()) m.to = {"bob@b.example"}, m.recipient_is.resize(1);
                    if (m.content.empty()) m.content = {"Subject: Hi\r\n\r\nHello.\r\n"};
                }
                if (cases.back().expected.empty()) complain(cases.back(), "expects nothing");
            } else if (inside) {
                cases.back().line = number;
                read_line(cases.back(), text);
            }
        }
        if (inside) complain(cases.back(), "the block does not end");
    }
    return cases;
}

namespace {

using postrider::action;

class player {
public:
    player(const test_case& c, const manner& how, postrider::session<>& session)
        : case_(c), how_(how), buffer_(how.buffer), session_(session) {
        for (const mail& m : c.mails) {
            mails_.push_back(make(c, m));
        }
        result_.verdicts.resize(mails_.size());
        for (std::size_t i = 0; i < mails_.size(); ++i) result_.verdicts[i].resize(mails_[i]->recipients.size());
        done_.resize(mails_.size());
        result_.content_ends.resize(mails_.size());
        for (std::size_t i = 0; i < mails_.size(); ++i) result_.content_ends[i].resize(mails_[i]->recipients.size());
        std::size_t at = 0;
        for (const turn& t : c.turns)
            for (std::size_t i = 0; t.from == turn::who::server && i != t.octets.size(); ++i, ++at)
                if (i == 0 || !t.at_once) result_.joints.push_back(at);
    }

    run_result play() {
        if (start() == postrider::errc::ok) {
            if (!case_.jobs.empty() && case_.jobs[0].what == job::kind::mail) next_job();
            for (int steps = 0; steps < 1'000'000 && result_.complaint.empty(); ++steps) {
                while (has("ahead") && session_.wants_mail() && job_ != case_.jobs.size() &&
                       case_.jobs[job_].what == job::kind::mail)
                    next_job();
                if (!step(next())) break;
            }
        }
        report_session();
        return std::move(result_);
    }

private:
    bool has(std::string_view option) const {
        return std::find(case_.options.begin(), case_.options.end(), option) != case_.options.end();
    }

    postrider::errc start() {
        postrider::session_options options{.client = *postrider::domain::parse("client.example")};
        options.helo = has("helo");
        options.lmtp = has("lmtp");
        if (has("no-pipelining")) options.unused.add(postrider::extension::pipelining);
        if (has("no-chunking")) options.unused.add(postrider::extension::chunking);
        if (has("no-size")) options.unused.add(postrider::extension::size);
        if (has("alone")) options.auth_with = postrider::auth_flight::alone;
        if (has("eager")) options.auth_with = postrider::auth_flight::eager;
        for (const std::string& option : case_.options) {
            if (option.starts_with("look-ahead="))
                options.look_ahead = static_cast<std::uint16_t>(std::stoul(option.substr(11)));
            if (option.starts_with("speculative="))
                options.speculative_octets = static_cast<std::uint32_t>(std::stoul(option.substr(12)));
        }
        options.tls = has("opportunistic")                 ? postrider::tls_policy::opportunistic
                      : has("outside")                     ? postrider::tls_policy::outside
                      : has("starttls") || has("implicit") ? postrider::tls_policy::verified
                                                           : postrider::tls_policy::none;
        options.implicit_tls = has("implicit");
        if (has("refuse-bare")) options.content = postrider::line_ends::refuse;
        if (!case_.auth.empty()) {
            options.auth = credentials(case_.auth.at(2));
            for (std::size_t i = 3; i < case_.auth.size(); ++i) {
                if (case_.auth[i] == "bare") options.auth.initial_response = false;
                else if (case_.auth[i].starts_with("authzid=")) options.auth.authorize_as = case_.auth[i].c_str() + 8;
                else if (case_.auth[i].starts_with("preferred="))
                    options.auth.preferred = mechanism_of(case_.auth[i].substr(10));
                else if (case_.auth[i].starts_with("floor="))
                    options.auth.allowed = postrider::strongest_down_to(mechanism_of(case_.auth[i].substr(6)));
                else if (case_.auth[i] == "on-demand") options.auth = {.allow_cleartext_auth = true, .on_demand = true};
                else if (case_.auth[i] == "none" || case_.auth[i].starts_with("again=")) continue;
                else if (case_.auth[i] == "attempt") options.auth.when = postrider::auth_when::attempt;
                else if (case_.auth[i] == "attempt-if-offered")
                    options.auth.when = postrider::auth_when::attempt_if_offered;
                else if (case_.auth[i] == "if-offered") options.auth.when = postrider::auth_when::if_offered;
                else if (case_.auth[i] == "protect") options.auth.allow_cleartext_auth = false;
                else complain(case_, "unknown auth flag " + case_.auth[i]);
            }
        }
        return session_.start(options);
    }

    postrider::credentials credentials(std::string_view secret) {
        postrider::credentials with{.user = case_.auth.at(1), .allow_cleartext_auth = true};
        const std::string& how = case_.auth[0];
        if (how == "token") with.token = secret;
        else with.password = secret;
        if (how == "exchanges") with.exchanges = exchanges_;
        else if (how != "token" && how != "plain") with.preferred = mechanism_of(how);
        return with;
    }

    postrider::mechanism mechanism_of(std::string name) const {
        for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        for (std::uint32_t bit = 1; bit <= postrider::all_mechanisms.bits; bit <<= 1)
            if (postrider::name(static_cast<postrider::mechanism>(bit)) == name)
                return static_cast<postrider::mechanism>(bit);
        complain(case_, "no such mechanism: " + name);
    }

    /// The session asks for credentials.
    void supply(bool again) {
        for (const std::string& word : case_.auth) {
            if (word == "none" && !again) return session_.no_credentials();
            if (again && word.starts_with("again=")) {
                static_cast<void>(session_.authenticate(credentials(std::string_view(word).substr(6))));
                return;
            }
        }
        if (again) session_.no_credentials();
        else static_cast<void>(session_.authenticate(credentials(case_.auth.at(2))));
    }

    /// The session begins TLS. Returns false if that is not what the dialog says.
    bool begin_tls(const action& a) {
        if (turn_ != case_.turns.size() && case_.turns[turn_].from == turn::who::server) return receive(false);
        if (result_.sent == how_.client_stops_after) return broken(postrider::errc::connection_reset);
        if (result_.received == how_.server_dies_after) return broken(postrider::errc::connection_closed);
        if (turn_ == case_.turns.size() || case_.turns[turn_].from != turn::who::tls) {
            if (turn_ == case_.turns.size() || case_.turns[turn_].from == turn::who::client)
                result_.complaint = "the client begins TLS after its octet " + std::to_string(result_.sent);
            return result_.complaint.empty() && receive(false);
        }
        const std::string& how = case_.turns[turn_].octets;
        const std::vector<std::string> is = words(how.empty() ? how : how.substr(1));
        next_turn();
        ++result_.waits;
        if (how.starts_with("!")) {
            for (int e = 0; e != 128; ++e)
                if (error_name(static_cast<postrider::errc>(e)) == is.at(0))
                    return broken(static_cast<postrider::errc>(e));
            complain(case_, "no such error: " + is.at(0));
        }
        postrider::tls_channel channel{.verified = !how.starts_with("?")};
        if (a.must_verify != !has("opportunistic")) result_.complaint = "must verify, or need not, by mistake";
        if (is.size() == 2) {
            binding_type_ = is[0];
            binding_ = is[1];
            channel.binding_type = binding_type_;
            channel.binding = binding_;
        }
        session_.tls_started(channel);
        return true;
    }

    /// The session is free: what is next? Returns false if nothing is.
    bool next_job() {
        if (job_ == case_.jobs.size()) return !has("stay") && session_.quit() == postrider::errc::ok;
        postrider::errc error = postrider::errc::ok;
        const job& now = case_.jobs[job_++];
        switch (now.what) {
        case job::kind::mail: error = session_.send(mails_[result_.submitted++]->mail); break;
        case job::kind::ask: error = session_.ask(phase_of(now.verb), now.argument); break;
        case job::kind::idle: return receive(false);
        }
        if (error != postrider::errc::ok) result_.complaint = "the session does not take it: " + error_name(error);
        return true;
    }

    static std::unique_ptr<postrider::test::worded_mail> make(const test_case& c, const dialog::mail& m) {
        try {
            return std::make_unique<postrider::test::worded_mail>(m.from, m.to, m.content, m.memory, m.is,
                                                                  m.recipient_is);
        } catch (const std::exception& error) {
            complain(c, error.what());
        }
    }

    postrider::phase phase_of(const std::string& verb) const {
        for (int p = 0; p <= static_cast<int>(postrider::phase::xclient); ++p)
            if (postrider::name(static_cast<postrider::phase>(p)) == verb) return static_cast<postrider::phase>(p);
        complain(case_, "no such command: " + verb);
    }

    std::size_t index_of(const postrider::mail* m) const {
        for (std::size_t i = 0; i != mails_.size(); ++i)
            if (&mails_[i]->mail == m) return i;
        throw std::logic_error("a mail that nobody has sent");
    }

    void note_verdicts() {
        for (std::size_t m = 0; m < mails_.size(); ++m)
            for (std::size_t r = 0; r < mails_[m]->recipients.size(); ++r) {
                verdict& v = result_.verdicts[m][r];
                const postrider::status& now = mails_[m]->recipients[r].result;
                const bool by_reply = now.error == postrider::errc::refused || now.what == postrider::outcome::accepted;
                const bool changed =
                    now.what != v.result.what || now.code != v.result.code || now.where != v.result.where;
                if (changed && v.received != never) v.before.push_back(v.result);
                if (changed) v.received = by_reply ? result_.received : never;
                v.result = now;
            }
    }

    action next() {
        if (how_.asks_without_buffer) {
            const action a = session_.next({});
            if (a.what != action::kind::write) return a;
            if (!a.octets.empty()) result_.complaint = "there was no buffer to write to";
        }
        return session_.next(buffer_);
    }

    /// What does not fit is refused, and changes nothing.
    void misuse(const action& a) {
        using postrider::errc;
        const auto must_be = [&](errc is, errc expected) {
            if (is != expected) result_.complaint = "misuse is answered by " + error_name(is);
        };
        postrider::recipient nobody{};
        postrider::mail to_none{};
        postrider::mail to_null{.recipients = {&nobody, 1}};
        const bool over = a.what == action::kind::closed;
        if (over || a.what == action::kind::read) must_be(session_.noop(), errc::wrong_state);
        if (over || a.where == postrider::phase::quit) must_be(session_.send(to_none), errc::wrong_state);
        if (a.what == action::kind::read && session_.error() == errc::ok)
            for (std::size_t i = 0; i != result_.submitted; ++i)
                if (!done_[i]) must_be(session_.send(mails_[i]->mail), errc::wrong_state);
        if (a.what == action::kind::ready) {
            must_be(session_.send(to_none), errc::no_recipients);
            must_be(session_.send(to_null), errc::invalid_mailbox);
        }
        if (over || a.what == action::kind::ready) session_.content_failed();
    }

    /// Returns false when it is over.
    bool step(const action& a) {
        note_verdicts();
        misuse(a);
        switch (a.what) {
        case action::kind::write:
            if (a.secret() != (a.where == postrider::phase::auth)) result_.complaint = "secret, or not, by mistake";
            if (a.octets.empty() && !gathered_.empty()) return flush(gathered_.size());
            gathered_ += a.octets;
            if (a.completes) note_end(*a.mail);
            if (server_is_early()) return receive(false);
            // Content leaves piece by piece, as that of a source that uses its buffer again.
            return a.where != postrider::phase::content || a.ends || flush(gathered_.size());
        case action::kind::content:
            if (server_is_early()) return receive(false);
            current_ = index_of(a.mail);
            if (a.first) part_ = part_at_ = 0;
            give_content();
            return true;
        case action::kind::tls: return flush(gathered_.size()) && begin_tls(a);
        case action::kind::credentials: supply(a.again); return true;
        case action::kind::refused:
            current_ = index_of(a.mail);
            note_refusal(a.recipient_index);
            return true;
        case action::kind::mail: done_[index_of(a.mail)] = true; return true;
        case action::kind::answered: {
            const postrider::reply r = session_.last_reply();
            result_.report.push_back(case_.jobs[job_ - 1].verb + " " + std::to_string(r.code) + describe(r.enhanced));
            return true;
        }
        case action::kind::read:
            if (server_is_early()) return receive(false);
            return flush(gathered_.size()) && receive(a.where != postrider::phase::quit);
        case action::kind::ready: return flush(gathered_.size()) && next_job();
        case action::kind::closed:
            if (a.ends) flush(gathered_.size());
            return false;
        }
        return false;
    }

    /// The last octets of a content, of BDAT LAST or DATA, were given out: for whom?
    void note_end(const postrider::mail& m) {
        const std::size_t mail = index_of(&m);
        for (std::size_t r = 0; r != m.recipients.size(); ++r) {
            using standing = postrider::recipient::standing;
            if (m.recipients[r].at == standing::sent || m.recipients[r].at == standing::taken)
                result_.content_ends[mail][r].push_back(result_.sent + gathered_.size());
        }
    }

    void give_content() {
        const std::vector<std::string>& parts = case_.mails[current_].content;
        if (part_ == parts.size()) return session_.content_failed();
        // Where a part is a BDAT of its own, or a false size ends it all, the wire depends on the parts.
        const postrider::mail_content& c = mails_[current_]->mail.content;
        const bool whole = c.chunks || c.exact_size || c.kind == postrider::octets::binary;
        const std::string_view part =
            std::string_view(parts[part_]).substr(part_at_, whole ? never : how_.content_at_once);
        session_.content(part);
        part_at_ += part.size();
        if (part_at_ != parts[part_].size()) return;
        ++part_;
        part_at_ = 0;
        if (part_ == parts.size() && !has("content-fails")) session_.end_of_content();
    }

    /// The next thing in the dialog, behind what was gathered so far, is done by a server that does not wait for more:
    /// it speaks early, or the connection ends. If so, what stands before it is sent.
    bool server_is_early() {
        std::size_t turn = turn_;
        std::size_t before = 0;
        if (turn != case_.turns.size() && case_.turns[turn].from == turn::who::client)
            before = case_.turns[turn++].octets.size() - turn_at_;
        if (turn == case_.turns.size() || gathered_.size() < before) return false;
        const auto from = case_.turns[turn].from;
        const bool ends = from == turn::who::close || from == turn::who::reset;
        return (ends || case_.turns[turn].early) && flush(before);
    }

    /// Hands the first of what was gathered to the server, which compares. False: the connection broke, or the octets are
    /// wrong.
    bool flush(std::size_t size) {
        // A client that has lost its trust says QUIT and goes; what the server was about to add is not read by anybody.
        const bool goes = size != 0 && session_.error() != postrider::errc::ok;
        if (goes && turn_ != case_.turns.size() && case_.turns[turn_].from == turn::who::server) next_turn();
        std::size_t taken = 0;
        for (; taken != size; ++taken, ++result_.sent) {
            if (result_.sent == how_.client_stops_after) {
                session_.wrote(taken);
                broken(postrider::errc::connection_reset);
                return false;
            }
            if (turn_ == case_.turns.size() || case_.turns[turn_].from != turn::who::client ||
                case_.turns[turn_].octets[turn_at_] != gathered_[taken]) {
                result_.complaint = "not what the dialog says, after client octet " + std::to_string(result_.sent) +
                                    ": \"" + gathered_.substr(taken) + "\"";
                return false;
            }
            if (++turn_at_ == case_.turns[turn_].octets.size()) next_turn();
        }
        gathered_.erase(0, taken);
        session_.wrote(taken);
        return true;
    }

    void next_turn() {
        ++turn_;
        turn_at_ = 0;
    }

    /// The connection is gone: what was gathered will not be sent any more.
    bool broken(postrider::errc why) {
        gathered_.clear();
        session_.failed(how_.cancelled ? postrider::errc::cancelled : why);
        return true;
    }

    bool receive(bool wait) {
        if (result_.sent == how_.client_stops_after) return broken(postrider::errc::connection_reset);
        if (result_.received == how_.server_dies_after || turn_ == case_.turns.size() ||
            case_.turns[turn_].from == turn::who::close)
            return broken(postrider::errc::connection_closed);
        const turn& now = case_.turns[turn_];
        if (now.from == turn::who::reset) return broken(postrider::errc::connection_reset);
        if (now.from == turn::who::client) {
            result_.complaint = "the client waits after its octet " + std::to_string(result_.sent) +
                                "; the dialog says that it goes on: \"" + now.octets.substr(turn_at_) + "\"";
            return false;
        }
        if (wait && turn_at_ == 0) ++result_.waits;
        const std::size_t size = std::min({now.octets.size() - turn_at_, now.at_once ? never : how_.received_at_once,
                                           how_.server_dies_after - result_.received});
        // A copy of just that size, so that a sanitizer sees who reads beyond it.
        piece_ = std::make_unique<char[]>(size);
        std::copy_n(now.octets.data() + turn_at_, size, piece_.get());
        session_.received({piece_.get(), size});
        result_.received += size;
        turn_at_ += size;
        if (turn_at_ == now.octets.size()) next_turn();
        return true;
    }

    bool expects(std::string_view kind) const {
        return std::any_of(case_.expected.begin(), case_.expected.end(),
                           [&](const std::string& line) { return line.starts_with(kind); });
    }

    void note_refusal(std::size_t recipient) {
        if (!expects("said ")) return;
        const postrider::reply r = session_.last_reply();
        std::string text;
        for (const char c : r.text) text += c == '\n' ? "\\n" : std::string(1, c);
        const bool all = recipient == postrider::all_recipients;
        result_.report.push_back("said " + (all ? "all" : case_.mails[current_].to[recipient]) + " " +
                                 std::to_string(r.code) + (text.empty() ? "" : " " + text) + (r.cut ? "[cut]" : ""));
    }

    void report_session() {
        note_verdicts();
        for (std::size_t m = 0; m < mails_.size(); ++m)
            for (const postrider::recipient& r : mails_[m]->recipients) {
                std::string line = mails_.size() > 1 ? std::to_string(m + 1) + " " : "";
                line += std::string(r.forward_path.text()) + " " + describe(r.result);
                for (const std::string& keyword : postrider::test::keywords_of(mails_[m]->mail.missing))
                    line += " " + keyword;
                result_.report.push_back(line);
            }
        if (expects("by ")) result_.report.push_back("by " + std::string(postrider::name(session_.authenticated_by())));
        if (expects("waits ")) result_.report.push_back("waits " + std::to_string(result_.waits));
        if (session_.error() == postrider::errc::ok) result_.report.push_back("session ok");
        else
            result_.report.push_back("session " + error_name(session_.error()) + " " +
                                     std::string(postrider::name(session_.where())));
        if (result_.complaint.empty() && how_.server_dies_after == never && how_.client_stops_after == never &&
            turn_ != case_.turns.size() && case_.turns[turn_].from == turn::who::client)
            result_.complaint = "the client ends after its octet " + std::to_string(result_.sent) +
                                "; the dialog says that it goes on: \"" + case_.turns[turn_].octets.substr(turn_at_) +
                                "\"";
    }

    static std::string describe(const postrider::enhanced_status& e) {
        if (!e) return {};
        return " " + std::to_string(e.klass) + "." + std::to_string(e.subject) + "." + std::to_string(e.detail);
    }

    static std::string describe(const postrider::status& s) {
        std::string text(postrider::name(s.what));
        text += " " + std::string(postrider::name(s.where));
        if (s.code != 0) text += " " + std::to_string(s.code);
        text += describe(s.enhanced);
        if (s.error != postrider::errc::ok && s.error != postrider::errc::refused) text += " " + error_name(s.error);
        return text;
    }

    static std::string error_name(postrider::errc e) {
        using postrider::errc;
        switch (e) {
        case errc::connection_closed: return "connection_closed";
        case errc::connection_reset: return "connection_reset";
        case errc::malformed_reply: return "malformed_reply";
        case errc::unexpected_reply: return "unexpected_reply";
        case errc::line_too_long: return "line_too_long";
        case errc::reply_too_long: return "reply_too_long";
        case errc::refused: return "refused";
        case errc::auth_unavailable: return "auth_unavailable";
        case errc::bare_line_ending: return "bare_line_ending";
        case errc::body_failed: return "body_failed";
        case errc::content_mismatch: return "content_mismatch";
        case errc::extension_unavailable: return "extension_unavailable";
        case errc::message_too_large: return "message_too_large";
        case errc::other_refused: return "other_refused";
        case errc::too_many_recipients: return "too_many_recipients";
        case errc::mail_limit: return "mail_limit";
        case errc::invalid_parameter: return "invalid_parameter";
        case errc::invalid_credentials: return "invalid_credentials";
        case errc::cleartext_auth: return "cleartext_auth";
        case errc::wrong_state: return "wrong_state";
        case errc::credentials_too_long: return "credentials_too_long";
        case errc::credentials_failed: return "credentials_failed";
        case errc::no_tls: return "no_tls";
        case errc::tls_failed: return "tls_failed";
        case errc::tls_unverified: return "tls_unverified";
        case errc::tls_truncated: return "tls_truncated";
        case errc::tls_unavailable: return "tls_unavailable";
        case errc::octets_before_tls: return "octets_before_tls";
        case errc::malformed_challenge: return "malformed_challenge";
        case errc::weak_challenge: return "weak_challenge";
        case errc::server_unproven: return "server_unproven";
        default: return "error_" + std::to_string(static_cast<int>(e));
        }
    }

    const test_case& case_;
    manner how_;
    std::vector<char> buffer_;
    std::vector<std::unique_ptr<postrider::test::worded_mail>> mails_;
    postrider::session<>& session_;
    run_result result_;
    std::string gathered_;
    postrider::sasl_digests digests_;
    postrider::scram scram_{digests_};
    postrider::cram_md5 cram_md5_{digests_};
    postrider::sasl_exchange* exchanges_[2] = {&cram_md5_, &scram_};
    std::string binding_type_;
    std::string binding_;
    std::unique_ptr<char[]> piece_;
    std::size_t turn_ = 0;
    std::size_t turn_at_ = 0;
    std::size_t job_ = 0;
    std::size_t current_ = 0; ///< the mail that was spoken of last
    std::vector<bool> done_;
    std::size_t part_ = 0;
    std::size_t part_at_ = 0;
};

} // namespace

run_result play(const test_case& c, const manner& how) {
    postrider::session<> session;
    if (how.used_before != never) {
        manner before = how;
        before.server_dies_after = how.used_before;
        static_cast<void>(player{c, before, session}.play());
    }
    return player{c, how, session}.play();
}

} // namespace dialog

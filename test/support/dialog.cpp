#include "dialog.hpp"

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
    if (c.turns.empty() || c.turns.back().from != from) c.turns.push_back({from, {}});
    c.turns.back().octets += octets;
}

void read_line(test_case& c, const std::string& text) {
    const auto behind = [&](std::string_view prefix) { return text.substr(prefix.size()); };
    if (text.starts_with("S: ")) add_octets(c, turn::who::server, unescape(behind("S: "), true, c));
    else if (text.starts_with("C: ")) add_octets(c, turn::who::client, unescape(behind("C: "), true, c));
    else if (text == "S:") add_octets(c, turn::who::server, "\r\n");
    else if (text == "C:") add_octets(c, turn::who::client, "\r\n");
    else if (text == "S! close") c.turns.push_back({turn::who::close, {}});
    else if (text == "S! reset") c.turns.push_back({turn::who::reset, {}});
    else if (text.starts_with("=> ")) c.expected.push_back(behind("=> "));
    else if (text.starts_with("from:")) c.mails.back().from = words(behind("from:")).empty() ? "" : words(behind("from:"))[0];
    else if (text.starts_with("to: ")) c.mails.back().to.push_back(behind("to: "));
    else if (text.starts_with("content:"))
        c.mails.back().content = unescape(text.size() > 9 ? behind("content: ") : "", false, c);
    else if (text.starts_with("auth: ")) c.auth = words(behind("auth: "));
    else if (text.starts_with("options: ")) c.options = words(behind("options: "));
    else if (text == "next") c.mails.emplace_back();
    else if (!text.empty()) complain(c, "not a line of a dialog: " + text);
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
                cases.push_back({heading, path.filename().string(), number, {mail{}}, {}, {}, {}, {}});
            } else if (inside && text == "```") {
                inside = false;
                for (mail& m : cases.back().mails)
                    if (m.to.empty()) m.to = {"bob@b.example"};
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

/// A mail as the engine wants it, beside the text that it points to.
struct prepared {
    std::vector<postrider::recipient> recipients;
    postrider::envelope envelope;
    std::string_view content;
};

class player {
public:
    player(const test_case& c, const manner& how) : case_(c), how_(how), buffer_(how.buffer) {
        for (const mail& m : c.mails) {
            auto p = std::make_unique<prepared>();
            for (const std::string& to : m.to) p->recipients.push_back({*postrider::mailbox::frame(to)});
            p->envelope = {*postrider::mailbox::frame(m.from), p->recipients};
            p->content = m.content;
            mails_.push_back(std::move(p));
        }
        result_.verdicts.resize(mails_.size());
        for (std::size_t i = 0; i < mails_.size(); ++i) result_.verdicts[i].resize(mails_[i]->recipients.size());
        result_.content_ends.resize(mails_.size(), never);
    }

    run_result play() {
        if (start() != postrider::errc::ok) {
            report_session();
            return std::move(result_);
        }
        next_mail();
        for (int steps = 0; steps < 1'000'000 && result_.complaint.empty(); ++steps)
            if (!step(session_.next(buffer_))) break;
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
        options.pipelining = !has("no-pipelining");
        if (has("refuse-bare")) options.content = postrider::line_ends::refuse;
        if (!case_.auth.empty()) {
            options.auth.user = case_.auth.at(1);
            options.auth.password = case_.auth.at(2);
            options.auth.allow_cleartext_auth = true;
            if (case_.auth[0] == "login") options.auth.preferred = postrider::mechanism::login;
            for (std::size_t i = 3; i < case_.auth.size(); ++i) {
                if (case_.auth[i] == "bare") options.auth.initial_response = false;
                else if (case_.auth[i] == "attempt") options.auth.when = postrider::auth_when::attempt;
                else if (case_.auth[i] == "if-offered") options.auth.when = postrider::auth_when::if_offered;
                else complain(case_, "unknown auth flag " + case_.auth[i]);
            }
        }
        return session_.start(options);
    }

    void next_mail() {
        ++result_.submitted;
        if (session_.send(mails_[current_]->envelope) != postrider::errc::ok) result_.complaint = "send was refused";
    }

    void note_verdicts() {
        for (std::size_t m = 0; m < mails_.size(); ++m)
            for (std::size_t r = 0; r < mails_[m]->recipients.size(); ++r) {
                verdict& v = result_.verdicts[m][r];
                v.result = mails_[m]->recipients[r].result;
                const bool by_reply = v.result.error == postrider::errc::refused || v.result.what == postrider::outcome::accepted;
                if (v.received == never && by_reply) v.received = result_.received;
            }
    }

    /// Returns false when it is over.
    bool step(const action& a) {
        note_verdicts();
        switch (a.what) {
        case action::kind::write:
            gathered_ += a.octets;
            if (a.ends && a.where == postrider::phase::content)
                result_.content_ends[current_] = result_.sent + gathered_.size();
            return true;
        case action::kind::content: return give_content();
        case action::kind::refused: return true;
        case action::kind::mail:
            ++current_;
            content_at_ = 0;
            return true;
        case action::kind::answered: return true;
        case action::kind::read: return flush() && receive();
        case action::kind::ready:
            if (!flush()) return true;
            if (current_ < mails_.size()) {
                next_mail();
                return true;
            }
            return !has("stay") && session_.quit() == postrider::errc::ok;
        case action::kind::closed: flush(); return false;
        }
        return false;
    }

    bool give_content() {
        const std::string_view all = mails_[current_]->content;
        const std::string_view part = all.substr(content_at_, how_.content_at_once);
        content_at_ += part.size();
        if (has("content-fails")) session_.content_failed();
        else session_.content(part);
        if (content_at_ == all.size()) session_.end_of_content();
        return true;
    }

    /// Hands what was gathered to the server, which compares. False: the connection broke, or the octets are wrong.
    bool flush() {
        std::size_t taken = 0;
        for (const char octet : gathered_) {
            if (result_.sent == how_.client_stops_after) {
                session_.wrote(taken);
                gathered_.clear();
                session_.failed(postrider::errc::connection_reset);
                return false;
            }
            if (turn_ == case_.turns.size() || case_.turns[turn_].from != turn::who::client ||
                case_.turns[turn_].octets[turn_at_] != octet) {
                result_.complaint = "not what the dialog says, after client octet " + std::to_string(result_.sent) + ": \"" +
                                    gathered_.substr(taken) + "\"";
                return false;
            }
            ++taken;
            ++result_.sent;
            if (++turn_at_ == case_.turns[turn_].octets.size()) next_turn();
        }
        gathered_.clear();
        session_.wrote(taken);
        return true;
    }

    void next_turn() {
        ++turn_;
        turn_at_ = 0;
    }

    bool receive() {
        if (result_.sent == how_.client_stops_after) {
            session_.failed(postrider::errc::connection_reset);
            return true;
        }
        if (result_.received == how_.server_dies_after || turn_ == case_.turns.size() ||
            case_.turns[turn_].from == turn::who::close) {
            session_.failed(postrider::errc::connection_closed);
            return true;
        }
        if (case_.turns[turn_].from == turn::who::reset) {
            session_.failed(postrider::errc::connection_reset);
            return true;
        }
        if (case_.turns[turn_].from == turn::who::client) {
            result_.complaint = "the client waits after its octet " + std::to_string(result_.sent) +
                                "; the dialog says that it goes on: \"" + case_.turns[turn_].octets.substr(turn_at_) + "\"";
            return false;
        }
        if (turn_at_ == 0) ++result_.waits;
        const std::string& octets = case_.turns[turn_].octets;
        const std::size_t size =
            std::min({octets.size() - turn_at_, how_.received_at_once, how_.server_dies_after - result_.received});
        // A copy of just that size, so that a sanitizer sees who reads beyond it.
        piece_ = std::make_unique<char[]>(size);
        std::copy_n(octets.data() + turn_at_, size, piece_.get());
        session_.received({piece_.get(), size});
        result_.received += size;
        turn_at_ += size;
        if (turn_at_ == octets.size()) next_turn();
        return true;
    }

    void report_session() {
        note_verdicts();
        for (std::size_t m = 0; m < mails_.size(); ++m)
            for (const postrider::recipient& r : mails_[m]->recipients) {
                std::string line = mails_.size() > 1 ? std::to_string(m + 1) + " " : "";
                line += std::string(r.forward_path.text()) + " " + describe(r.result);
                result_.report.push_back(line);
            }
        if (session_.error() == postrider::errc::ok) result_.report.push_back("session ok");
        else
            result_.report.push_back("session " + error_name(session_.error()) + " " +
                                     std::string(postrider::name(session_.where())));
    }

    static std::string describe(const postrider::status& s) {
        std::string text(postrider::name(s.what));
        text += " " + std::string(postrider::name(s.where));
        if (s.code != 0) text += " " + std::to_string(s.code);
        if (s.enhanced)
            text += " " + std::to_string(s.enhanced.klass) + "." + std::to_string(s.enhanced.subject) + "." +
                    std::to_string(s.enhanced.detail);
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
        case errc::invalid_credentials: return "invalid_credentials";
        default: return "error_" + std::to_string(static_cast<int>(e));
        }
    }

    const test_case& case_;
    manner how_;
    std::vector<char> buffer_;
    std::vector<std::unique_ptr<prepared>> mails_;
    postrider::session<> session_;
    run_result result_;
    std::string gathered_;
    std::unique_ptr<char[]> piece_;
    std::size_t turn_ = 0;
    std::size_t turn_at_ = 0;
    std::size_t current_ = 0;
    std::size_t content_at_ = 0;
};

} // namespace

run_result play(const test_case& c, const manner& how) { return player{c, how}.play(); }

} // namespace dialog

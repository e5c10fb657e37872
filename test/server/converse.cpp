// converse - plays a scenario against a server: JSON in, JSON out. test/server/scenarios has the scenarios.
//
// In:  {"server": "127.0.0.1", "port": 25, "lmtp": false, "auth": {"user": "", "password": ""}, "auth_with": "eager",
//       "look_ahead": 1, "unused": ["CHUNKING"], "encrypted": false, "ask": [["VRFY", "bob"]],
//       "mails": [{"from": "", "to": [{"address": "", "is": []}], "content": ["..."], "memory": true, "is": []}]}
// Out: {"error": "", "where": "QUIT", "offered": ["SIZE"], "asked": [{"verb": "VRFY", "code": 252, "text": ""}],
//       "sent": ["EHLO client.example", ...], each line of ours but for credentials and content,
//       "mails": [{"missing": [], "transactions": 1,
//                  "recipients": [{"address": "", "outcome": "accepted", "where": "content", "code": 250, "error": ""}]}]}

#include "postrider/io/drive.hpp"

#include "worded_mail.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>

namespace {

using nlohmann::json;
using namespace postrider;

struct item {
    std::vector<std::string> content;
    std::unique_ptr<test::worded_mail> held;
};

class handler : public drive_handler {
public:
    std::vector<item> items;
    json lines = json::array();
    json asked = json::array();
    std::string verb;
    bool hands_over = false; ///< mails, whenever one is wanted

    mail* next_mail() noexcept { return !hands_over || next_ == items.size() ? nullptr : &items[next_++].held->mail; }
    void not_taken(mail& m, errc why) noexcept {
        for (recipient& r : m.recipients) r.result = {.where = phase::mail, .error = why};
    }
    content_part pull(mail& m, bool first) noexcept {
        if (first) part_ = 0;
        for (const item& i : items)
            if (&i.held->mail == &m) {
                const std::string& part = i.content[part_++];
                return {part, part_ == i.content.size(), false};
            }
        return {.failed = true};
    }
    void answered(const reply& said) noexcept {
        asked.push_back({{"verb", verb}, {"code", said.code}, {"text", std::string(said.text)}});
    }
    void sent(std::string_view octets, phase where, const mail*, bool secret, bool ends) noexcept {
        const bool command = where != phase::content || octets.starts_with("BDAT ") || octets.starts_with("BURL ");
        if (secret || !command) return;
        line_ += octets;
        if (!ends) return;
        lines.push_back(line_.substr(0, line_.find('\r')));
        line_.clear();
    }

private:
    std::size_t next_ = 0;
    std::size_t part_ = 0;
    std::string line_;
};

phase phase_of(const std::string& verb) {
    for (int p = 0; p <= static_cast<int>(phase::xclient); ++p)
        if (name(static_cast<phase>(p)) == verb) return static_cast<phase>(p);
    throw std::invalid_argument("no such command: " + verb);
}

json play(const json& in) {
    const deadline until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    const std::string server = in.at("server"), user = in.value("/auth/user"_json_pointer, ""),
                      password = in.value("/auth/password"_json_pointer, "");
    handler h;
    for (const json& m : in.value("mails", json::array())) {
        std::vector<std::string> to;
        std::vector<std::vector<std::string>> words;
        for (const json& r : m.at("to")) {
            to.push_back(r.at("address"));
            words.push_back(r.value("is", std::vector<std::string>{}));
        }
        item i;
        i.content = m.value("content", std::vector<std::string>{"Subject: Hi\r\n\r\nHello.\r\n"});
        i.held = std::make_unique<test::worded_mail>(m.value("from", "alice@postrider.example"), to, i.content,
                                                     m.value("memory", true), m.value("is", std::vector<std::string>{}),
                                                     words);
        h.items.push_back(std::move(i));
    }

    posix_stream stream;
    errc error = stream.connect({.host = server, .port = in.at("port").get<std::uint16_t>()}, until);
    session<> session;
    std::vector<std::string> offered;
    if (error == errc::ok) {
        session_options options{.client = *domain::parse("client.example")};
        if (!user.empty()) options.auth = {.user = user, .password = password, .allow_cleartext_auth = true};
        const std::string with = in.value("auth_with", "envelope");
        options.auth_with = with == "eager"   ? auth_flight::eager
                            : with == "alone" ? auth_flight::alone
                                              : auth_flight::with_envelope;
        options.lmtp = in.value("lmtp", false);
        options.tls = in.value("encrypted", false) ? tls_policy::outside : tls_policy::none;
        options.look_ahead = in.value("look_ahead", std::uint16_t{1});
        for (const std::string keyword : in.value("unused", json::array()))
            options.unused.add(test::extension_of(keyword));
        error = session.start(options);
    }
    if (error == errc::ok) {
        if (in.contains("ask")) static_cast<void>(drive(session, stream, until, h));
        for (const json& command : in.value("ask", json::array())) {
            h.verb = command.at(0);
            const std::string argument = command.size() > 1 ? command.at(1).get<std::string>() : "";
            if (session.ask(phase_of(h.verb), argument) != errc::ok) break;
            static_cast<void>(drive(session, stream, until, h));
        }
        h.hands_over = true;
        static_cast<void>(drive(session, stream, until, h));
        offered = test::keywords_of(session.offered().extensions);
        if (session.quit() == errc::ok) static_cast<void>(drive(session, stream, until));
        error = session.error();
    }

    json out{{"error", error == errc::ok ? "" : describe(error)},
             {"where", name(session.where())},
             {"offered", offered},
             {"asked", h.asked},
             {"sent", h.lines},
             {"mails", json::array()}};
    for (const item& i : h.items) {
        json m{{"missing", test::keywords_of(i.held->mail.missing)},
               {"transactions", i.held->mail.progress.transactions()}};
        for (const recipient& r : i.held->recipients)
            m["recipients"].push_back({{"address", r.forward_path.text()},
                                       {"outcome", name(r.result.what)},
                                       {"where", name(r.result.where)},
                                       {"code", r.result.code},
                                       {"error", r.result.error == errc::ok ? "" : describe(r.result.error)}});
        out["mails"].push_back(m);
    }
    return out;
}

} // namespace

int main() try {
    std::cout << play(json::parse(std::cin)).dump(1, ' ', false, json::error_handler_t::replace) << '\n';
} catch (const std::exception& error) {
    std::cerr << "converse: " << error.what() << '\n';
    return 64;
}

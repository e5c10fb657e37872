// submit - composes mails and sends them by a client of the library: JSON in, JSON out, a line each. client_test.py has the tests.
//
//     submit ways      prints the clients that it was built with
//     submit           the first line says by which client and to whom, each further one which mails; the end of input is QUIT
//
// In:  {"by": "client", "url": "submission://localhost", "tls": "verified", "ca": "FILE", "name": "", "user": "", "password": "",
//       "look_ahead": 1, "connections": 2}
//      [{"from": "", "to": [""], "subject": "", "text": "", "html": "", "attachment": "FILE",
//        "sign": {"domain": "", "selector": "", "key": "FILE"}}]
// Out: {"error": "", "text": "", "url": "submission://localhost"}
//      {"results": [{"what": "accepted", "error": "", "text": "", "reply": "", "queue_id": "", "message_id": "", "server": "",
//                    "tls": "TLS 1.3", "verified": true, "mechanism": "PLAIN", "content": what was sent,
//                    "attempts": [{"address": "127.0.0.1:25", "error": ""}],
//                    "recipients": [{"address": "", "what": "accepted", "error": "", "where": "content", "code": 250, "text": ""}]}],
//       "connections": how many the pool has made so far}
#include "postrider/client.hpp"
#include "postrider/dkim.hpp"
#include "postrider/message.hpp"
#include "postrider/pool.hpp"

#ifdef SUBMIT_ASIO
#include "postrider/asio_client.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include <nlohmann/json.hpp>

#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using nlohmann::json;

/// Notes what is sent, as it is: with another content a DKIM signature would have been made at another time.
class noted_content : public postrider::content_source {
public:
    explicit noted_content(std::shared_ptr<content_source> of) : of_(std::move(of)) {}

    postrider::errc describe(postrider::mail_content& to, std::string& problem) override {
        const postrider::errc e = of_->describe(to, problem);
        if (e != postrider::errc::ok || to.pulled) return e;
        octets_ = to.text;
        for (const std::string_view part : to.more) octets_ += part;
        return e;
    }
    postrider::content_part pull(bool first) noexcept override {
        const postrider::content_part part = of_->pull(first);
        if (first) octets_.clear();
        octets_ += part.octets;
        return part;
    }
    const std::string& octets() const noexcept { return octets_; }

private:
    std::shared_ptr<content_source> of_;
    std::string octets_;
};

using mails = std::vector<postrider::outgoing>;
using results = std::vector<postrider::send_result>;

/// One way to send.
class sender {
public:
    virtual ~sender() = default;
    virtual results send(mails all) = 0;
    virtual void close() = 0;
    virtual std::uint64_t connections() const { return 0; }
};

class by_client : public sender {
public:
    explicit by_client(postrider::server to) : client_(std::move(to)) {}
    results send(mails all) override { return client_.send_all(all); }
    void close() override { client_.close(); }

private:
    postrider::client client_;
};

class by_pool : public sender {
public:
    by_pool(postrider::server to, unsigned connections)
        : pool_(std::move(to), {.connections = connections, .back_off = std::chrono::milliseconds{50}}) {}
    results send(mails all) override {
        std::vector<std::future<postrider::send_result>> sent;
        for (postrider::outgoing& one : all) sent.push_back(pool_.send_later(std::move(one)));
        results out;
        for (auto& one : sent) out.push_back(one.get());
        return out;
    }
    void close() override { static_cast<void>(pool_.drain()); }
    std::uint64_t connections() const override { return pool_.counters().connections; }

private:
    postrider::pool pool_;
};

#ifdef SUBMIT_ASIO
class by_asio : public sender {
public:
    explicit by_asio(postrider::server to) : client_(loop_.get_executor(), std::move(to)) {}
    results send(mails all) override {
        results out;
        run(send_all(std::move(all), out));
        return out;
    }
    void close() override { run(say_quit()); }

private:
    asio::awaitable<void> send_all(mails all, results& out) {
        out = co_await client_.async_send_all(all, asio::use_awaitable);
    }
    asio::awaitable<void> say_quit() { co_await client_.async_close(asio::use_awaitable); }
    void run(asio::awaitable<void> what) {
        asio::co_spawn(loop_, std::move(what), asio::detached);
        loop_.run();
        loop_.restart();
    }

    asio::io_context loop_;
    postrider::asio_client client_;
};
#endif

std::unique_ptr<sender> sender_of(const json& in, postrider::server to) {
    const std::string by = in.at("by");
    if (by == "client") return std::make_unique<by_client>(std::move(to));
    if (by == "pool") return std::make_unique<by_pool>(std::move(to), in.value("connections", 2u));
#ifdef SUBMIT_ASIO
    if (by == "asio") return std::make_unique<by_asio>(std::move(to));
#endif
    throw std::invalid_argument("no such client: " + by);
}

postrider::server server_of(const json& in) {
    postrider::client_options options{.client_name = "client.example",
                                      .look_ahead = in.value("look_ahead", std::uint16_t{1})};
    options.limits.total = std::chrono::seconds{40};
    const std::string tls = in.value("tls", "verified");
    if (tls == "none") options.tls.policy = postrider::tls_policy::none;
    else if (tls != "verified") throw std::invalid_argument("no such TLS policy: " + tls);
    options.tls.ca_file = in.value("ca", "");
    options.tls.server_name = in.value("name", "");
    if (in.contains("user"))
        options.auth = postrider::password(in["user"], postrider::secret{in.at("password").get<std::string>()});
    return {in.at("url").get<std::string>(), std::move(options)};
}

postrider::outgoing mail_of(const json& in) {
    postrider::message m{.from = {in.at("from").get<std::string>()},
                         .subject = in.value("subject", ""),
                         .text = in.value("text", ""),
                         .html = in.value("html", "")};
    for (const std::string to : in.at("to")) m.to.emplace_back(to);
    if (in.contains("attachment")) m.attachments.push_back(postrider::attach_file(in["attachment"]));
    postrider::outgoing mail = compose(m);
    if (in.contains("sign")) {
        const json& by = in["sign"];
        mail =
            postrider::sign(std::move(mail), {.domain = by.at("domain"),
                                              .selector = by.at("selector"),
                                              .key = postrider::dkim_key::from_file(by.at("key").get<std::string>())});
    }
    mail.content = std::make_shared<noted_content>(std::move(mail.content));
    return mail;
}

/// By name those that the tests meet.
std::string shown(postrider::errc error) {
    using postrider::errc;
    switch (error) {
    case errc::ok: return "";
    case errc::refused: return "refused";
    case errc::tls_unverified: return "tls_unverified";
    case errc::tls_unavailable: return "tls_unavailable";
    case errc::connection_refused: return "connection_refused";
    default: return postrider::describe(error);
    }
}

json shown(const postrider::send_result& r, const std::string& content) {
    json out{{"what", name(r.what)},
             {"error", shown(r.error)},
             {"text", r.text},
             {"reply", r.reply},
             {"queue_id", r.queue_id},
             {"message_id", r.message_id},
             {"server", r.server},
             {"tls", r.tls.version == postrider::tls_version::none ? "" : name(r.tls.version)},
             {"verified", postrider::is_verified(r.tls.verdict)},
             {"mechanism", name(r.authenticated_by)},
             {"content", content},
             {"attempts", json::array()},
             {"recipients", json::array()}};
    for (const postrider::connect_attempt& a : r.attempts)
        out["attempts"].push_back({{"address", a.address.view()}, {"error", shown(a.error)}});
    for (const postrider::recipient_result& one : r.recipients)
        out["recipients"].push_back({{"address", one.address},
                                     {"what", name(one.what)},
                                     {"error", shown(one.error)},
                                     {"where", name(one.where)},
                                     {"code", one.code},
                                     {"text", one.text}});
    return out;
}

void say(const json& what) { std::cout << what.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl; }

void converse() {
    std::string line;
    if (!std::getline(std::cin, line)) throw std::invalid_argument("nobody says what to do");
    const json first = json::parse(line);
    const postrider::server to = server_of(first);
    const std::unique_ptr<sender> by = sender_of(first, to);
    say({{"error", shown(to.error())}, {"text", to.problem()}, {"url", to.url()}});
    while (std::getline(std::cin, line)) {
        mails all;
        std::vector<std::shared_ptr<postrider::content_source>> noted;
        for (const json& one : json::parse(line)) {
            all.push_back(mail_of(one));
            noted.push_back(all.back().content);
        }
        const results sent = by->send(std::move(all));
        json out = json::array();
        for (std::size_t i = 0; i != sent.size(); ++i)
            out.push_back(shown(sent[i], static_cast<const noted_content&>(*noted[i]).octets()));
        say({{"results", out}, {"connections", by->connections()}});
    }
    by->close();
}

} // namespace

int main(int argc, char** argv) try {
    if (argc == 2 && std::string{argv[1]} == "ways") {
        std::cout << "client\npool\n";
#ifdef SUBMIT_ASIO
        std::cout << "asio\n";
#endif
        return 0;
    }
    if (argc != 1) throw std::invalid_argument("usage: submit [ways]");
    converse();
    return 0;
} catch (const std::exception& e) {
    std::cerr << "submit: " << e.what() << '\n';
    return 64;
}

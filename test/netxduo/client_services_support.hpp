// client_services_support.hpp - for the services that the original does not have: a server with the extensions that they
// use, and mails as an application puts them together.
#ifndef POSTRIDER_TEST_NETXDUO_CLIENT_SERVICES_SUPPORT_HPP
#define POSTRIDER_TEST_NETXDUO_CLIENT_SERVICES_SUPPORT_HPP

#include "client_support.hpp"

#include <deque>
#include <optional>

namespace client_test {

/// A server that knows BDAT and RSET, and takes every mail, except where `says` answers a line. For a BDAT or a content it is
/// asked when that has been heard in full, "." for the latter. An empty answer ends the connection.
struct able {
    std::string ehlo = "PIPELINING\nCHUNKING\n8BITMIME\nSIZE\nDSN\nSMTPUTF8\nENHANCEDSTATUSCODES";
    std::function<std::optional<std::string>(const std::string& line)> says = [](auto&) { return std::nullopt; };
    std::string greeting = "220 mail.example\r\n";
    std::string auth = "PLAIN";
    bool greets = true; ///< else somebody has, before

    void operator()(peer& it) const {
        if (greeting.empty()) it.close();
        if (greets) it.say(greeting);
        for (;;) {
            const std::string line = it.line();
            const std::string verb = line.substr(0, line.find(' '));
            std::string answer = "250 ok\r\n";
            if (verb == "EHLO") answer = capabilities();
            if (verb == "AUTH") answer = "235 2.7.0 welcome\r\n";
            if (verb == "DATA") answer = "354 go ahead\r\n";
            if (verb == "QUIT") answer = "221 bye\r\n";
            if (verb == "BDAT") {
                // Every content ends with CRLF, so lines are enough to count by.
                for (std::size_t left = std::stoul(line.substr(5)); left != 0;) left -= it.line().size() + 2;
            }
            if (const auto other = says(line)) answer = *other;
            if (answer.empty()) it.close();
            it.say(answer);
            if (verb == "QUIT") it.close();
            if (verb != "DATA" || answer[0] != '3') continue;
            it.content();
            answer = says(".").value_or("250 2.0.0 queued\r\n");
            if (answer.empty()) it.close();
            it.say(answer);
        }
    }

private:
    std::string capabilities() const {
        std::string all = "250-mail.example\n250-AUTH " + auth + "\n";
        for (std::size_t at = 0; at < ehlo.size();) {
            const std::size_t end = std::min(ehlo.find('\n', at), ehlo.size());
            all += "250-" + ehlo.substr(at, end - at) + "\n";
            at = end + 1;
        }
        all += "250 HELP\n";
        return wire(all);
    }
};

/// A mail with its recipients and texts.
class letter {
public:
    explicit letter(std::vector<std::string> to = {"bob@b.example"}, std::string body = "Hello.\r\n",
                    const CHAR* from = nullptr)
        : to_(std::move(to)), body_(std::move(body)), from_(from ? from : "") {
        put(mail, recipients);
        set(mail);
    }
    letter(const letter&) = delete;
    letter& operator=(const letter&) = delete;

    void put(NX_SMTP_MAIL& at, std::vector<NX_SMTP_RECIPIENT>& room) {
        room.resize(to_.empty() ? 1 : to_.size());
        EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_create(&at, from_.empty() ? nullptr : from_.data(), room.data(),
                                                  static_cast<UINT>(room.size())));
    }
    void set(NX_SMTP_MAIL& at) {
        for (std::string& t : to_) EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_recipient_add(&at, t.data()));
        EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_subject_set(&at, subject_.data(), NX_SMTP_MAIL_PRIORITY_NORMAL));
        if (!body_.empty()) {
            EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_body_set(&at, body_.data(), static_cast<ULONG>(body_.size())));
        }
    }

    NX_SMTP_MAIL mail{};
    std::vector<NX_SMTP_RECIPIENT> recipients;

private:
    std::vector<std::string> to_;
    std::string body_, from_;
    std::string subject_ = "Hi";
};

inline NX_SMTP_RESULT result_of(NX_SMTP_MAIL& mail, UINT index = 0) {
    NX_SMTP_RESULT r{};
    EXPECT_EQ(NX_SUCCESS, nx_smtp_mail_recipient_result_get(&mail, index, &r));
    return r;
}

class services : public stack {
protected:
    /// Several mails in one array.
    struct several {
        explicit several(std::size_t count) : mails(count), rooms(count) {
            for (std::size_t i = 0; i != count; ++i) {
                letters.emplace_back(std::vector<std::string>{"to" + std::to_string(i) + "@b.example"},
                                     "Mail " + std::to_string(i) + ".\r\n");
                letters.back().put(mails[i], rooms[i]);
                letters.back().set(mails[i]);
            }
        }
        std::deque<letter> letters;
        std::vector<NX_SMTP_MAIL> mails;
        std::vector<std::vector<NX_SMTP_RECIPIENT>> rooms;
    };

    UINT post(NX_SMTP_MAIL* mails, UINT count = 1, UINT window = 1) {
        UINT status = 0xFFFF;
        in_thread([&] { status = nx_smtp_client_mails_send(&client, mails, count, window); });
        EXPECT_EQ(status, result().nx_smtp_result_status);
        if (client_pool) client_pool->expect_balanced();
        return status;
    }
    UINT post(letter& l) { return post(&l.mail); }
    UINT post(several& s, UINT window) { return post(s.mails.data(), static_cast<UINT>(s.mails.size()), window); }

    UINT open_session() {
        UINT status = 0xFFFF;
        in_thread([&] { status = nx_smtp_client_session_open(&client); });
        client_pool->expect_balanced();
        return status;
    }
    UINT close_session() {
        UINT status = 0xFFFF;
        in_thread([&] { status = nx_smtp_client_session_close(&client); });
        client_pool->expect_balanced();
        return status;
    }
    UINT command(UINT what, const char* argument = nullptr) {
        UINT status = 0xFFFF;
        in_thread([&] { status = nx_smtp_client_command_send(&client, what, const_cast<CHAR*>(argument)); });
        client_pool->expect_balanced();
        return status;
    }
};

} // namespace client_test

#endif

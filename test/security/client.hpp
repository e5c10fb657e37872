// client.hpp - the client under attack: a session over TLS over TCP, by each TLS library of this tree, and what came of it.
#pragma once

#include "postrider/io/drive.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/io/transcript.hpp"
#include "postrider/sink/sink.hpp"
#include "server.hpp"
#if POSTRIDER_TEST_OPENSSL
#include "postrider/io/openssl.hpp"
#endif
#if POSTRIDER_TEST_MBEDTLS
#include "postrider/io/mbedtls.hpp"
#endif

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::test {

using namespace std::chrono_literals;

#if POSTRIDER_TEST_OPENSSL
struct openssl {
    using filter = openssl_tls;
    using context = openssl_context;
    using digests = openssl_digests;
    static constexpr const char* name = "openssl";
};
#endif
#if POSTRIDER_TEST_MBEDTLS
struct mbedtls {
    using filter = mbedtls_tls;
    using context = mbedtls_context;
    using digests = mbedtls_digests;
    static constexpr const char* name = "mbedtls";
};
#endif

#if POSTRIDER_TEST_OPENSSL && POSTRIDER_TEST_MBEDTLS
using clients = testing::Types<openssl, mbedtls>;
#elif POSTRIDER_TEST_OPENSSL
using clients = testing::Types<openssl>;
#else
using clients = testing::Types<mbedtls>;
#endif

struct client_name {
    template <class Client>
    static std::string GetName(int) {
        return Client::name;
    }
};

inline constexpr std::string_view password = "correct horse battery staple";
/// It, and `\0user\0` in front of it, in base64.
inline constexpr std::string_view password_64 = "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==";
inline constexpr std::string_view plain_64 = "AHVzZXIAY29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==";

inline session_options options(tls_policy policy = tls_policy::verified) {
    return {.client = *domain::parse("client.example"), .tls = policy};
}

inline session_options with_password(tls_policy policy = tls_policy::verified) {
    session_options o = options(policy);
    o.auth = {.user = "user", .password = password};
    return o;
}

/// What is to be sent, and to whom.
struct order {
    std::string_view host = "mail.example"; ///< whom the server must prove to be
    std::uint16_t key = 0;                  ///< port by which saved TLS sessions are told apart
    mailbox from = *mailbox::parse("alice@a.example");
    std::vector<mailbox> to{*mailbox::parse("bob@b.example")};
    mail_content content{.text = "Subject: Hi\r\n\r\nHello.\r\n"};
    const mail_parameters* parameters = nullptr;
    std::string_view original_recipient{};
    std::chrono::milliseconds patience = 20s;
};

struct outcome_of {
    errc error = errc::ok;  ///< of `start`, `send`, or the session
    errc mail = errc::ok;   ///< of `send`
    status result{};        ///< of the first recipient
    bool encrypted = false; ///< the session says so
    bool authenticated = false;
    mechanism by = mechanism::none;
    tls_facts facts{};
    std::string transcript{};
};

/// Content that is pulled in pieces.
struct pieces {
    std::vector<std::string_view> parts;
};

struct handler : transcript {
    handler(std::ostream& to, const pieces* pulled) : transcript(to, content::shown), pulled_(pulled) {}
    content_part pull(mail&, bool first) noexcept {
        if (first) at_ = 0;
        const std::string_view part = pulled_->parts[at_++];
        return {.octets = part, .last = at_ == pulled_->parts.size()};
    }

private:
    const pieces* pulled_;
    std::size_t at_ = 0;
};

template <class Client>
class security : public testing::Test {
public:
    using context = typename Client::context;
    using stream = tls_stream<typename Client::filter, posix_stream>;

    static void trust(context& to, tls_options o = {}) {
        const std::string ca = certificate_path("ca.pem");
        if (o.ca_file.empty()) o.ca_file = ca;
        const tls_set_up result = to.set_up(o);
        ASSERT_TRUE(result) << result.text.view();
    }

    /// A connection, a mail, QUIT.
    outcome_of send(std::uint16_t port, const session_options& o, const order& what = {},
                    const pieces* pulled = nullptr) {
        return send(port, o, what, pulled, shared_, session_);
    }
    outcome_of send(std::uint16_t port, const session_options& o, const order& what, const pieces* pulled,
                    context& with, session_base& s) {
        outcome_of came;
        const deadline until = std::chrono::steady_clock::now() + what.patience;
        posix_stream tcp;
        EXPECT_EQ(tcp.connect({.host = "127.0.0.1", .port = port}, until), errc::ok);
        stream over{tcp, with, what.host, what.key};
        std::vector<recipient> recipients;
        for (const mailbox& m : what.to)
            recipients.push_back({.forward_path = m, .original_recipient = what.original_recipient});
        mail m{.reverse_path = what.from,
               .recipients = recipients,
               .content = what.content,
               .parameters = what.parameters};
        if (pulled != nullptr) m.content = {.pulled = true, .kind = what.content.kind};
        std::ostringstream log;
        {
            handler h{log, pulled};
            came.error = s.start(o);
            if (came.error == errc::ok) {
                came.mail = s.send(m);
                came.error = drive(s, over, until, h);
                came.authenticated = s.authenticated();
                came.by = s.authenticated_by();
                if (came.error == errc::ok && s.quit() == errc::ok) came.error = drive(s, over, until, h);
            }
            h.ended(came.error);
        }
        over.close(until);
        came.result = recipients.front().result;
        came.encrypted = s.encrypted();
        came.facts = over.facts();
        came.transcript = log.str();
        return came;
    }

protected:
    void SetUp() override { trust(shared_); }

    context shared_{};
    session<> session_{};
};

/// Nothing in it that an attacker wants: no secret, no mail, not even the names of the envelope.
inline void expect_nothing_given_away(std::string_view heard) {
    for (const std::string_view what :
         {std::string_view{"AUTH"}, std::string_view{"MAIL"}, std::string_view{"RCPT"}, std::string_view{"alice"},
          std::string_view{"bob"}, password, password_64, plain_64})
        EXPECT_EQ(heard.find(what), std::string_view::npos) << what;
}

inline std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) ++count;
    return count;
}

} // namespace postrider::test

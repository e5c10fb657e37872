// CRAM-MD5, tokens, and passwords that change: what leaves, what does not, and what is left of it in memory.

#include "client_tls_support.hpp"

namespace client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// The example of RFC 2195 section 2: user tim, password tanstaaftanstaaf.
const std::string challenge = "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n";
const std::string answer = "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw";

account tim(UINT type = NX_SMTP_CLIENT_AUTH_CRAM_MD5) {
    account a;
    a.user = "tim";
    a.password = "tanstaaftanstaaf";
    a.authentication = type;
    return a;
}

/// Whether something like that text is anywhere in the client's block.
bool holds(const NX_SMTP_CLIENT& client, std::string_view text) {
    return std::string_view(reinterpret_cast<const char*>(&client), sizeof client).find(text) != std::string_view::npos;
}

class cram_md5 : public tls_services {
protected:
    ordinary how(const std::string& said = challenge) {
        ordinary o;
        o.says["EHLO"] = "250-mail.example\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n";
        o.says["AUTH"] = said;
        return o;
    }
};

TEST_F(cram_md5, the_example_of_the_rfc) {
    EXPECT_EQ(NX_SUCCESS, send_to(how(), {}, tim()));
    EXPECT_THAT(heard(), HasSubstr("\r\nAUTH CRAM-MD5\r\n" + answer + "\r\nMAIL FROM:"));
    EXPECT_FALSE(holds(client, "b913a602c7eda7a4")) << "the answer";
    EXPECT_EQ(NX_SUCCESS, send()) << "and once more";
}

TEST_F(cram_md5, by_the_other_services_too) {
    server.set(able{.says = [](const std::string& line) -> std::optional<std::string> {
                        if (line == "AUTH CRAM-MD5") return challenge;
                        if (line == answer) return "235 2.7.0 welcome\r\n";
                        return std::nullopt;
                    },
                    .auth = "CRAM-MD5"});
    create(tim());
    EXPECT_EQ(NX_SUCCESS, open_session());
    letter l;
    EXPECT_EQ(NX_SUCCESS, post(l));
    EXPECT_EQ(NX_SUCCESS, close_session());
    EXPECT_EQ(NX_SUCCESS, command(NX_SMTP_COMMAND_NOOP));
    EXPECT_THAT(heard(), HasSubstr("\r\nAUTH CRAM-MD5\r\n" + answer + "\r\nNOOP"));
}

TEST_F(cram_md5, in_tls) {
    for (const UINT mode : {UINT{NX_SMTP_CLIENT_TLS_STARTTLS}, UINT{NX_SMTP_CLIENT_TLS_IMPLICIT}}) {
        server.set([mode, this](peer& it) {
            up_to_tls(it, mode);
            auto inside = how();
            inside.does["greeting"] = [](peer&) {};
            inside(it);
        });
        create_tls(mode, tim());
        EXPECT_EQ(NX_SUCCESS, send());
        EXPECT_THAT(heard(), HasSubstr("\r\nAUTH CRAM-MD5\r\n" + answer + "\r\nMAIL FROM:"));
    }
}

TEST_F(cram_md5, is_a_floor) {
    for (const char* offer :
         {"250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n", "250 mail.example\r\n", "502 what?\r\n"}) {
        SCOPED_TRACE(offer);
        auto o = how();
        o.says["EHLO"] = offer;
        EXPECT_EQ(UINT{NX_SMTP_AUTH_REPLY_ERROR}, send_to(o, {}, tim()));
        EXPECT_THAT(heard(), Not(HasSubstr("AUTH")));
        EXPECT_THAT(heard(), EndsWith("QUIT\r\n"));
        EXPECT_EQ(UINT{NX_SMTP_AUTH_REPLY_ERROR}, open_session());
    }
}

TEST_F(cram_md5, challenges_that_are_none) {
    for (const std::string& said :
         {std::string("334 \r\n"), std::string("334 not base64!\r\n"), "334 " + std::string(400, 'A') + "\r\n"}) {
        SCOPED_TRACE(said);
        auto o = how(said);
        o.says["answer"] = "501 as you like\r\n";
        EXPECT_EQ(UINT{NX_SMTP_INVALID_SERVER_CHALLENGE}, send_to(o, {}, tim()));
        EXPECT_THAT(heard(), EndsWith("AUTH CRAM-MD5\r\n*\r\nQUIT\r\n"));
    }
    EXPECT_EQ(UINT{NX_SMTP_AUTH_REPLY_ERROR}, send_to(how("235 you are welcome\r\n"), {}, tim()))
        << "without a question";
    auto o = how();
    o.says["answer"] = "535 5.7.8 no\r\n";
    EXPECT_EQ(UINT{NX_SMTP_AUTH_REPLY_ERROR}, send_to(o, {}, tim()));
    EXPECT_EQ(535u, result().nx_smtp_result_reply_code);
}

TEST_F(cram_md5, without_a_user_or_a_password_nobody_is_connected_to) {
    for (const bool user : {false, true}) {
        account a = tim();
        (user ? a.user : a.password) = "";
        EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, send_to(how(), {}, a));
        EXPECT_EQ(0u, server.connections().size());
    }
}

class tokens : public tls_services {
protected:
    static account with(const std::string& token) {
        account a;
        a.user = "tim@post.example";
        a.password = token;
        a.authentication = NX_SMTP_CLIENT_AUTH_XOAUTH2;
        return a;
    }
    static std::string base64(const std::string& text) {
        std::string out(4 * (text.size() + 2) / 3 + 4, '\0');
        const int size =
            EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                            reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
        return out.substr(0, static_cast<std::size_t>(size));
    }
    static std::string message(const std::string& token) {
        return base64("user=tim@post.example\1auth=Bearer " + token + "\1\1");
    }
    static script::server::play how(UINT mode, std::map<std::string, std::string> says = {}) {
        return [=](peer& it) {
            up_to_tls(it, mode);
            ordinary inside;
            inside.says = says;
            inside.says.try_emplace("EHLO", "250-mail.example\r\n250 AUTH PLAIN XOAUTH2\r\n");
            inside.does["greeting"] = [](peer&) {};
            inside(it);
        };
    }
    static constexpr UINT starttls = NX_SMTP_CLIENT_TLS_STARTTLS, implicit = NX_SMTP_CLIENT_TLS_IMPLICIT;
};

TEST_F(tokens, a_short_one_leaves_with_the_command) {
    EXPECT_EQ(NX_SUCCESS, send_in_tls(how(implicit, {{"AUTH", "235 welcome\r\n"}}), implicit, with("ya29.short")));
    EXPECT_THAT(heard(), HasSubstr("\r\nAUTH XOAUTH2 " + message("ya29.short") + "\r\nMAIL FROM:"));
}

TEST_F(tokens, one_of_4096_octets_through_small_buffers_and_small_packets) {
    std::string token;
    while (token.size() < 4096) token += "eyJ0eXAiOiJKV1QiLCJub25jZSI6";
    token.resize(4096);
    for (const ULONG payload : {1536u, 256u, 128u}) {
        for (const UINT mode : {starttls, implicit}) {
            SCOPED_TRACE(payload);
            server.forget();
            server.set(how(mode));
            create_tls(mode, with(token), "mail.example", 3, payload);
            EXPECT_EQ(NX_SUCCESS, send());
            EXPECT_THAT(heard(), HasSubstr("\r\nAUTH XOAUTH2\r\n" + message(token) + "\r\nMAIL FROM:"));
            delete_client();
            EXPECT_FALSE(holds(client, "eyJ0eXAi"));
        }
    }
}

TEST_F(tokens, only_in_tls) {
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, send_to(ordinary{}, {}, with("token")));
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, open_session());
    letter l;
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, post(l));
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, command(NX_SMTP_COMMAND_NOOP));
    EXPECT_EQ(0u, server.connections().size());
}

TEST_F(tokens, no_other_mechanism_shows_it) {
    for (const char* offer : {"250-mail.example\r\n250 AUTH PLAIN LOGIN OAUTHBEARER\r\n", "250 mail.example\r\n"}) {
        EXPECT_EQ(UINT{NX_SMTP_AUTH_REPLY_ERROR},
                  send_in_tls(how(implicit, {{"EHLO", offer}}), implicit, with("token")));
        EXPECT_THAT(heard(), Not(HasSubstr("AUTH")));
    }
    account a = with("a token\r\nwith a line end");
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, send_in_tls(how(implicit), implicit, a));
    EXPECT_EQ(UINT{NX_SMTP_INVALID_PARAM}, send_in_tls(how(implicit), implicit, with("")));
    EXPECT_EQ(0u, server.connections().size());
}

TEST_F(tokens, an_error_in_json_and_a_fresh_token) {
    // RFC 7628 section 3.2.3, as Google and Microsoft do it: the error is answered, and then comes the refusal.
    EXPECT_EQ(UINT{NX_SMTP_AUTH_REPLY_ERROR},
              send_in_tls(how(implicit, {{"AUTH", "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"}, {"answer", "535 5.7.8 no\r\n"}}),
                          implicit, with("stale")));
    EXPECT_THAT(heard(), EndsWith("AUTH XOAUTH2 " + message("stale") + "\r\n\r\nQUIT\r\n"));
    server.forget();
    server.set(how(implicit, {{"AUTH", "235 welcome\r\n"}}));
    CHAR fresh[] = "fresh";
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_password_set(&client, fresh));
    std::memset(fresh, '\n', sizeof fresh - 1);
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), HasSubstr(message("fresh")));
}

class passwords : public tls_services {};

TEST_F(passwords, checks) {
    create();
    CHAR next[] = "next";
    std::string most(NX_SMTP_CLIENT_MAX_PASSWORD, 'p'), more = most + "p";
    EXPECT_EQ(UINT{NX_PTR_ERROR}, nx_smtp_client_password_set(nullptr, next));
    EXPECT_EQ(UINT{NX_PTR_ERROR}, nx_smtp_client_password_set(&client, nullptr));
    NX_SMTP_CLIENT other{};
    EXPECT_EQ(UINT{NX_SMTP_CLIENT_NOT_INTIALIZED}, nx_smtp_client_password_set(&other, next));
    EXPECT_EQ(UINT{NX_SIZE_ERROR}, nx_smtp_client_password_set(&client, more.data()));
    EXPECT_TRUE(holds(client, "secret")) << "the old one stays";
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_password_set(&client, most.data()));
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_password_set(&client, next));
    EXPECT_FALSE(holds(client, "ppp")) << "nothing of the old one behind the new one";
}

TEST_F(passwords, are_used_by_the_next_connection_and_wiped_in_the_end) {
    server.set(able{.auth = "LOGIN"});
    account a;
    a.authentication = NX_SMTP_CLIENT_AUTH_PLAIN;
    server.set(ordinary{});
    create(a);
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), HasSubstr("AHVzZXIAc2VjcmV0")); // secret
    CHAR next[] = "next";
    EXPECT_EQ(NX_SUCCESS, nx_smtp_client_password_set(&client, next));
    EXPECT_EQ(NX_SUCCESS, send());
    EXPECT_THAT(heard(), HasSubstr("AHVzZXIAbmV4dA==")); // next
    EXPECT_FALSE(holds(client, "secret"));
    delete_client();
    EXPECT_FALSE(holds(client, "next"));
}

TEST_F(passwords, are_wiped_from_a_packet_that_could_not_leave) {
    server.set(ordinary{});
    create();
    tap::fail_send(2, NX_WINDOW_OVERFLOW); // EHLO, AUTH PLAIN, and then the password
    EXPECT_EQ(UINT{NX_WINDOW_OVERFLOW}, send());
    const std::string_view memory(reinterpret_cast<const char*>(client_pool->memory.get()),
                                  client_pool->nx_packet_pool_size);
    EXPECT_EQ(std::string_view::npos, memory.find("c2VjcmV0"));
}

} // namespace
} // namespace client_test

// Sends a mail over TLS with a secret from a file, gives everything up as the headers say, and waits to have its memory looked
// at by dump_test.py. Usage: dump_client LIBRARY PORT CA MECHANISM SECRET-FILE [refused | keep-secret | keep-flight]
//
// `refused`: the server is to refuse it. The others do what they say, so that the test is seen to find what is there.

#include "postrider/io/drive.hpp"
#include "postrider/io/secret.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/io/transcript.hpp"
#include "postrider/scram.hpp"
#if POSTRIDER_TEST_OPENSSL
#include "postrider/io/openssl.hpp"
#endif
#if POSTRIDER_TEST_MBEDTLS
#include "postrider/io/mbedtls.hpp"
#endif

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

using namespace postrider;
using namespace std::chrono_literals;

struct order {
    std::string_view library, ca, mechanism, keep;
    std::uint16_t port;
    const char* secret_file;
};

struct handler : transcript {
    handler(std::string* to) : transcript([](std::string_view) {}), kept(to) {}
    void sent(std::string_view octets, phase where, const mail* m, bool is_secret, bool ends) {
        if (is_secret && kept != nullptr) kept->append(octets);
        transcript::sent(octets, where, m, is_secret, ends);
    }
    std::string* kept;
};

template <class Filter, class Digests>
int run(const order& what, secret& kept_secret, std::string& kept_flight) {
    const auto say = [](const char* stage, errc error) {
        if (error != errc::ok) std::fprintf(stderr, "dump_client: %s: %s\n", stage, describe(error));
        return error == errc::ok;
    };
    secret_found found = secret::from_file(what.secret_file);
    if (!found) return std::fprintf(stderr, "dump_client: %s\n", describe(found.error)), 1;
    typename Filter::context context;
    if (const tls_set_up e = context.set_up({.ca_file = what.ca}); !e)
        return std::fprintf(stderr, "dump_client: %s\n", std::string{e.text.view()}.c_str()), 1;
    const deadline until = std::chrono::steady_clock::now() + 20s;
    posix_stream tcp;
    if (!say("connect", tcp.connect({.host = "127.0.0.1", .port = what.port}, until))) return 1;
    tls_stream<Filter, posix_stream> stream{tcp, context, "mail.example"};

    Digests digests;
    scram exchange{digests};
    sasl_exchange* const exchanges[] = {&exchange};
    session_options o{.client = *domain::parse("client.example")};
    if (what.mechanism == "SCRAM-SHA-256") o.auth = {.user = "user", .password = found.value, .exchanges = exchanges};
    else if (what.mechanism == "XOAUTH2" || what.mechanism == "OAUTHBEARER")
        o.auth = {.user = "user", .token = found.value};
    else o.auth = {.user = "user", .password = found.value};
    session<> s;
    recipient to{.forward_path = *mailbox::parse("bob@b.example")};
    mail m{.reverse_path = *mailbox::parse("alice@a.example"),
           .recipients = {&to, 1},
           .content = {.text = "Subject: Hi\r\n\r\nHello.\r\n"}};
    handler h{what.keep == "keep-flight" ? &kept_flight : nullptr};
    if (!say("start", s.start(o)) || !say("send", s.send(m))) return 1;
    const errc error = drive(s, stream, until, h);
    if (name(s.authenticated_by()) != what.mechanism) return 1;
    if (what.keep == "refused") {
        if (error != errc::refused || s.where() != phase::auth) return 1;
    } else if (!say("drive", error) || to.result.what != outcome::accepted || !say("QUIT", s.quit()) ||
               !say("drive", drive(s, stream, until, h))) {
        return 1;
    }
    stream.close(until);
    if (what.keep == "keep-secret") kept_secret = std::move(found.value);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 6) return 64;
    const order what{argv[1], argv[3], argv[4], argc > 6 ? argv[6] : "", static_cast<std::uint16_t>(std::atoi(argv[2])),
                     argv[5]};
    secret kept_secret;
    std::string kept_flight;
    int status = 64;
#if POSTRIDER_TEST_OPENSSL
    if (what.library == "openssl") status = run<openssl_tls, openssl_digests>(what, kept_secret, kept_flight);
#endif
#if POSTRIDER_TEST_MBEDTLS
    if (what.library == "mbedtls") status = run<mbedtls_tls, mbedtls_digests>(what, kept_secret, kept_flight);
#endif
    if (status != 0) return status;
    static_cast<void>(::write(STDOUT_FILENO, "done\n", 5));
    char octet = 0;
    static_cast<void>(::read(STDIN_FILENO, &octet, 1)); // here its memory is looked at
    return 0;
}

// 07_tls.cpp - sends the message on standard input through a submission server, inside TLS, with the strongest mechanism
// that it offers:
//
//     07_tls mail.example 587 alice password-file alice@a.example bob@b.example <message     STARTTLS
//     07_tls mail.example 465 ...                                                            TLS from the first octet
//
// CA_FILE in the environment names whom to trust instead of the system's authorities, TLS=implicit the second for other ports.

#include "postrider/cram_md5.hpp"
#include "postrider/io/drive.hpp"
#include "postrider/io/openssl.hpp"
#include "postrider/io/saslprep.hpp"
#include "postrider/io/secret.hpp"
#include "postrider/io/tls_stream.hpp"
#include "postrider/scram.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>

namespace {

[[noreturn]] void fail(std::string_view what, std::string_view why) {
    std::cerr << "07_tls: " << what << (what.empty() ? "" : ": ") << why << '\n';
    std::exit(1);
}

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "usage: %s HOST PORT USER PASSWORD-FILE FROM TO <MESSAGE\n", argv[0]);
        return 64;
    }
    const std::string_view host = argv[1];
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
    const auto from = postrider::mailbox::parse(argv[5]), to = postrider::mailbox::parse(argv[6]);
    if (!from || !to) fail(!from ? argv[5] : argv[6], describe(postrider::errc::invalid_mailbox));
    const std::string message{std::istreambuf_iterator<char>(std::cin), {}};

    // [send]
    postrider::openssl_context tls; // once; it keeps sessions that the next connection resumes
    if (const auto done = tls.set_up({.ca_file = variable("CA_FILE")}); !done) fail("", done.text.view());
    postrider::secret_found file = postrider::secret::from_file(argv[4]);
    if (!file) fail(argv[4], describe(file.error));
    postrider::secret user, password; // as both sides compare them; wiped when they are given up
    if (const auto e = postrider::saslprep(argv[3], user); e != postrider::saslprep_errc::ok)
        fail(argv[3], describe(e));
    if (const auto e = postrider::saslprep(file.value.reveal(), password); e != postrider::saslprep_errc::ok)
        fail(argv[4], describe(e));

    postrider::openssl_digests digests;
    postrider::scram scram{digests};
    postrider::cram_md5 cram_md5{digests};
    postrider::sasl_exchange* const exchanges[] = {&scram, &cram_md5};

    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    postrider::posix_stream tcp;
    if (const auto e = tcp.connect({.host = host, .port = port}, until); e != postrider::errc::ok)
        fail(host, describe(e));
    postrider::tls_stream<postrider::openssl_tls, postrider::posix_stream> stream{tcp, tls, host, port};
    postrider::session<> session;
    auto error = session.start({
        .client = *postrider::domain::parse("client.example"),
        .auth = {.user = user.reveal(), .password = password, .exchanges = exchanges, .prepared = true},
        .implicit_tls = port == 465 || variable("TLS") == "implicit", // else STARTTLS; either is verified
    });
    postrider::recipient recipients[] = {{.forward_path = *to}};
    postrider::mail mail{.reverse_path = *from, .recipients = recipients, .content = {.text = message}};
    if (error == postrider::errc::ok) error = session.send(mail);
    if (error == postrider::errc::ok) error = postrider::drive(session, stream, until);
    if (session.quit() == postrider::errc::ok) (void)postrider::drive(session, stream, until);
    stream.close(until);

    if (error == postrider::errc::tls_unverified) fail(host, describe(stream.facts().verdict));
    if (error != postrider::errc::ok) fail(host, describe(error));
    std::cout << name(stream.facts().version) << ", " << name(session.authenticated_by()) << ": "
              << name(recipients[0].result.what) << " (" << recipients[0].result.code << ")\n";
    // [send]
    return recipients[0].result.what == postrider::outcome::accepted ? 0 : 1;
}

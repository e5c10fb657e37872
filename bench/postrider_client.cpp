// Postrider as it is compared: N mails of the same content to one recipient, over one connection.
#include "postrider/io/drive.hpp"

#include "options.hpp"

namespace {

using namespace postrider;

void check(errc error) {
    if (error != errc::ok) bench::fail(describe(error));
}

/// One mail in doubt: the next begins when the outcome of the one before is known.
void send_strictly(session_base& session, posix_stream& stream, const bench::options& o, std::string_view content) {
    recipient to[] = {{*mailbox::parse(bench::recipient)}};
    const envelope mail{*mailbox::parse(bench::sender), to};
    for (std::size_t i = 0; i != o.mails; ++i) {
        to[0].result = {};
        check(session.send(mail));
        check(drive(session, stream, text_content{content}));
        if (to[0].result.what != outcome::accepted) bench::fail("a mail was not accepted");
    }
}

} // namespace

int main(int argc, char** argv) {
    const bench::options o = bench::parse(argc, argv);
    if (o.window != 1) return bench::not_yet;
    const std::string content = bench::content(o.octets);

    posix_stream stream;
    check(stream.connect({.host = bench::server, .port = o.port}, never));
    session<> session;
    check(session.start({.client = *domain::parse(bench::client_name)}));
    send_strictly(session, stream, o, content);
    check(session.quit());
    check(drive(session, stream, text_content{}));
}

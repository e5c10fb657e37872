// Postrider as it is compared: N mails of the same content to one recipient, over one connection.
#include "postrider/io/drive.hpp"

#include "options.hpp"

#include <vector>

namespace {

using namespace postrider;

void check(errc error) {
    if (error != errc::ok) bench::fail(describe(error));
}

/// Hands over a mail whenever one can leave, up to N, from a handful of objects that are used again.
class mails : public drive_handler {
public:
    mails(const bench::options& o, std::string_view content) : left_(o.mails), slots_(o.window + 1) {
        for (slot& s : slots_) {
            s.m.reverse_path = *mailbox::parse(bench::sender);
            s.m.recipients = s.to;
            s.m.content.text = content;
            free_.push_back(&s.m);
        }
    }

    mail* next_mail() noexcept {
        if (left_ == 0 || free_.empty()) return nullptr;
        --left_;
        mail* const m = free_.back();
        free_.pop_back();
        return m;
    }
    void mail_done(mail& m, const reply&) noexcept {
        if (m.recipients[0].result.what != outcome::accepted) bench::fail("a mail was not accepted");
        free_.push_back(&m);
    }
    void not_taken(mail&, errc why) noexcept { bench::fail(describe(why)); }

private:
    struct slot {
        recipient to[1] = {{*mailbox::parse(bench::recipient)}};
        mail m;
    };
    std::size_t left_;
    std::vector<slot> slots_;
    std::vector<mail*> free_;
};

} // namespace

int main(int argc, char** argv) {
    const bench::options o = bench::parse(argc, argv);
    const std::string content = bench::content(o.octets);

    posix_stream stream;
    check(stream.connect({.host = bench::server, .port = o.port}, never));
    session<> session;
    check(session.start({.client = *domain::parse(bench::client_name),
                         .tls = tls_policy::none,
                         .look_ahead = static_cast<std::uint16_t>(o.window)}));
    check(drive(session, stream, never, mails{o, content}));
    check(session.quit());
    check(drive(session, stream));
}

// 08_attachment.cpp - composes a message with an attachment and an image in its HTML, and writes it as it would be sent.
//
//     08_attachment FROM TO FILE IMAGE

#include "postrider/message.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

[[noreturn]] void fail(std::string_view why) {
    std::cerr << "08_attachment: " << why << '\n';
    std::exit(1);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s FROM TO FILE IMAGE\n", argv[0]);
        return 64;
    }

    // [compose]
    postrider::message message{
        .from = {argv[1]}, // "Alice Ä <alice@a.example>"
        .to = {argv[2]},
        .subject = "Grüße, and the report",
        .text = "Hello,\n\nthe report is attached.\n",
        .html = "<p>Hello,</p><p>the report is attached.</p><img src=\"cid:logo\">",
        .attachments = {postrider::attach_file(argv[3])},
        .inlines = {postrider::inline_file(argv[4], "logo")},
    };
    const postrider::outgoing mail = compose(message);
    if (mail.error != postrider::errc::ok) fail(mail.problem); // "attachments[0]: `report.pdf` cannot be opened: ..."
    // [compose]

    postrider::mail_content facts;
    std::string problem;
    if (mail.content->describe(facts, problem) != postrider::errc::ok) fail(problem);
    for (auto part = mail.content->pull(true);; part = mail.content->pull(false)) {
        if (part.failed) fail("a file has changed");
        std::cout << part.octets;
        if (part.last) return 0;
    }
}

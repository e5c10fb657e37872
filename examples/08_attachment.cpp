// 08_attachment.cpp - a message with an attachment, and an image that its HTML shows.
//
//     08_attachment smtp://localhost:2525 "Alice <alice@a.example>" bob@b.example report.pdf logo.png
//
// In clear text, for a server on this machine. A file of two gigabytes takes no more memory than a small one.

#include "postrider/client.hpp"
#include "postrider/message.hpp"

#include <iostream>

int main(int argc, char** argv) {
    if (argc != 6) {
        std::cerr << "usage: " << argv[0] << " URL FROM TO FILE IMAGE\n";
        return 64;
    }
    postrider::client client{argv[1], {.tls = {.policy = postrider::tls_policy::none}}};
    // [compose]
    postrider::message message{
        .from = {argv[2]}, // "Alice Ä <alice@a.example>"
        .to = {argv[3]},
        .subject = "Grüße, and the report",
        .text = "Hello,\n\nthe report is attached.\n",
        .html = "<p>Hello,</p><p>the report is attached.</p><img src=\"cid:logo\">",
        .attachments = {postrider::attach_file(argv[4])},
        .inlines = {postrider::inline_file(argv[5], "logo")},
    };
    const postrider::send_result result = client.send(message);
    if (!result) std::cerr << result.text << '\n'; // "attachments[0]: `report.pdf` cannot be opened: ..."
    // [compose]
    else std::cout << result.message_id << " accepted, " << result.content_octets << " octets\n";
    return result ? 0 : 1;
}

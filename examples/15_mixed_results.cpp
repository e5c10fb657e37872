// 15_mixed_results.cpp - many recipients, and what became of the mail for each of them.
//
//     15_mixed_results smtp://localhost:2525 message.eml alice@a.example bob@b.example carol@c.example ...
//
// In clear text, for a server on this machine. The message is written already: its header block is not looked at.

#include "postrider/client.hpp"

#include <iostream>

int main(int argc, char** argv) {
    if (argc < 5) {
        std::cerr << "usage: " << argv[0] << " URL MESSAGE-FILE FROM TO...\n";
        return 64;
    }
    postrider::client client{argv[1], {.tls = {.policy = postrider::tls_policy::none}}};
    // [results]
    postrider::outgoing mail{.envelope = {.from = argv[3]}, .content = postrider::file_content(argv[2])};
    for (int i = 4; i != argc; ++i) mail.envelope.to.push_back({.address = argv[i]});
    const postrider::send_result result = client.send(mail);
    for (const postrider::recipient_result& r : result.recipients) {
        std::cout << r.address << ": " << name(r.what);
        if (r.code != 0) std::cout << " at " << name(r.where) << ", " << r.code << ' ' << r.text;
        switch (r.again()) {
        case postrider::status::retry::no: break;
        case postrider::status::retry::yes: std::cout << "; try again later"; break;
        case postrider::status::retry::risks_duplicate: std::cout << "; to try again may deliver it twice"; break;
        }
        std::cout << '\n';
    }
    if (!result) std::cerr << result.text << '\n';
    // [results]
    return result ? 0 : 1;
}

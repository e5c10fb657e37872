// 16_signed.cpp - a message that is written already, on standard input: recipients from its header block, blind copies taken out,
// signed with DKIM.
//
//     16_signed smtp://localhost:2525 a.example selector key.pem <message
//
// In clear text, for a server on this machine. `openssl genpkey -algorithm ed25519 -out key.pem` makes a key; what has to stand
// in the DNS is printed.

#include "postrider/client.hpp"
#include "postrider/dkim.hpp"
#include "postrider/raw_message.hpp"

#include <iostream>

int main(int argc, char** argv) {
    if (argc != 5) {
        std::cerr << "usage: " << argv[0] << " URL DOMAIN SELECTOR KEY-FILE <MESSAGE\n";
        return 64;
    }
    postrider::client client{argv[1], {.tls = {.policy = postrider::tls_policy::none}}};
    // [sign]
    const postrider::dkim_signer signer{
        .domain = argv[2], .selector = argv[3], .key = postrider::dkim_key::from_file(argv[4])};
    const postrider::raw_message message{
        .content = postrider::stream_content(std::cin), .from_headers = true, .add_date = true, .add_message_id = true};
    const postrider::send_result result = client.send(postrider::sign(compose(message), signer));
    // [sign]
    std::cout << argv[3] << "._domainkey." << argv[2] << " TXT " << signer.key.dns_record() << '\n'
              << name(result.what) << ' ' << result.queue_id << result.text << '\n';
    return result ? 0 : 1;
}

// 09_client.cpp - a message to a submission server: verified TLS, the strongest mechanism, and what became of it.
//
//     09_client submission://mail.example alice password-file alice@a.example bob@b.example
//
// CA_FILE in the environment names whom to trust instead of the system's authorities.

#include "postrider/client.hpp"
#include "postrider/message.hpp"

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
    if (argc != 6) {
        std::cerr << "usage: " << argv[0] << " URL USER PASSWORD-FILE FROM TO\n";
        return 64;
    }
    const char* const ca = std::getenv("CA_FILE");
    const std::string url = argv[1], user = argv[2], from = argv[4], to = argv[5], trusted = ca != nullptr ? ca : "";
    // [send]
    postrider::secret_found secret = postrider::secret::from_file(argv[3]);
    postrider::client client{url,
                             {.auth = postrider::password(user, std::move(secret.value)), .tls = {.ca_file = trusted}}};
    postrider::message message{.from = {from}, .to = {to}, .subject = "Grüße", .text = "Hello.\n"};
    postrider::send_result result = client.send(message);
    std::cout << name(result.what) << ' ' << result.queue_id << result.text << '\n';
    // [send]
    return result ? 0 : 1;
}

// The blocking client, as far as it goes without a server.
#include <postrider/client.hpp>

#include <cstdio>

int main() {
    postrider::client client{"smtp://127.0.0.1:1", {.tls = {.policy = postrider::tls_policy::none}}};
    const postrider::outgoing mail{.envelope = {.from = "alice@a.example", .to = {{"bob@b.example"}}},
                                   .content = postrider::text_content("Subject: Hello\n\nHello.\n")};
    const postrider::send_result result = client.send(mail);
    std::puts(result.text.c_str());
    return result.what == postrider::outcome::not_attempted && result.error == postrider::errc::connection_refused ? 0
                                                                                                                   : 1;
}

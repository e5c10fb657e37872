// A message, and whether it knows what it lacks.
#include <postrider/message.hpp>

#include <cstdio>

int main() {
    postrider::message message{
        .from = {"Alice <alice@a.example>"}, .to = {"bob@b.example"}, .subject = "Hello", .text = "Hello.\n"};
    const postrider::outgoing mail = compose(message);
    const postrider::outgoing nobody = compose(postrider::message{.from = {"alice@a.example"}});
    std::puts(nobody.problem.c_str());
    return mail.error == postrider::errc::ok && nobody.error == postrider::errc::no_recipients ? 0 : 1;
}

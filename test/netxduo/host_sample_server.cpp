#include "host_sample_server.h"
#include "host_support.hpp"

#include <optional>
#include <thread>

namespace {

std::optional<host_test::server> listener[2];
std::thread greeter;

void greet(host_test::server& from) {
    host_test::peer client = from.accept();
    client.write("220 hello\r\n");
    if (client.read(11) != "220 hello\r\n") std::abort();
}

} // namespace

void sample_server_start(void) {
    listener[0].emplace(NX_IP_VERSION_V4);
    listener[1].emplace(NX_IP_VERSION_V6);
    greeter = std::thread([] {
        for (auto& each : listener) greet(*each);
    });
}

unsigned sample_server_port(int ip_version) { return listener[ip_version == 6]->port(); }

void sample_server_stop(void) { greeter.join(); }

#include "local_names.hpp"

#include <postrider/mailbox.hpp>

#include <array>
#include <memory>
#include <netdb.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider::cli {
namespace {

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

/// As /etc/hosts or the DNS completes it; empty: they do not.
std::string full_host_name(const std::string& host) {
    if (host.empty() || host.find('.') != host.npos) return host;
    addrinfo wanted{};
    wanted.ai_flags = AI_CANONNAME;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return {};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
    const std::string_view name = found->ai_canonname != nullptr ? found->ai_canonname : "";
    return name.find('.') != name.npos ? std::string{name} : std::string{};
}

} // namespace

std::string local_domain(const settings& said) {
    if (auto named = said.text("local-domain")) return *named; // what is wrong with it the message's composer says
    const std::string host = host_name();
    for (const std::string& name : {full_host_name(host), said.text("ehlo").value_or(""), host})
        if (!name.empty() && mailbox::parse_utf8(std::string{"x@"} += name)) return name;
    return "localhost";
}

std::string user_name() {
    const passwd* const entry = ::getpwuid(::getuid());
    return entry != nullptr && *entry->pw_name != '\0' ? entry->pw_name : std::to_string(::getuid());
}

std::string with_name(std::string_view name, const std::string& address) {
    if (name.empty()) return address;
    std::string text = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return text.append("\" <").append(address).append(">");
}

} // namespace postrider::cli

// queue_id.cpp - the name that a server gives to a mail that it has taken, found in what it says.
#include "job.hpp"

#include <array>

namespace postrider::client_detail {
namespace {

bool part_of_id(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '+' || c == '/' || c == '=' || c == ':';
}

std::string_view word_at(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '<')) text.remove_prefix(1);
    std::size_t end = 0;
    while (end != text.size() && part_of_id(text[end])) ++end;
    while (end != 0 && (text[end - 1] == '.' || text[end - 1] == ':')) --end;
    return text.substr(0, end);
}

/// In one line of a reply.
std::string_view id_in(std::string_view said) {
    // What stands in front of the name: Postfix "Ok: queued as 4XyZ", Exim "OK id=1tX-000-0a", Exchange "<...> [InternalId=17,
    // Hostname=...] Queued mail for delivery", qmail "ok 1700000000 qp 1234", Haraka and others "Message Queued (ID)".
    constexpr std::array before{"queued as ", "OK id=", "[InternalId=", " qp ", "Message Queued (", "queued ("};
    for (const std::string_view sign : before)
        if (const std::size_t at = said.find(sign); at != said.npos) return word_at(said.substr(at + sign.size()));
    // And behind it: Sendmail and OpenSMTPD "4AB12 Message accepted for delivery"; Gmail "OK 1700000000 abc-1.2 - gsmtp".
    for (const std::string_view sign : {" Message accepted for delivery", " - gsmtp"}) {
        const std::size_t at = said.find(sign);
        if (at == said.npos || at == 0) continue;
        const std::size_t space = said.rfind(' ', at - 1);
        return word_at(said.substr(space == said.npos ? 0 : space + 1));
    }
    // Dovecot's LMTP: "<user@host> SESSION Saved", with "SESSION:T2" from the second mail of a connection on.
    if (const std::size_t at = said.find("> "); said.starts_with('<') && at != said.npos && said.ends_with(" Saved"))
        return word_at(said.substr(at + 2));
    return {};
}

} // namespace

/// The first line that has one: what Exim says to BDAT begins with how many octets came, and the name is below it.
std::string queue_id(std::string_view said) {
    for (;;) {
        const std::size_t end = said.find('\n');
        if (const std::string_view id = id_in(said.substr(0, end)); !id.empty() || end == said.npos)
            return std::string{id};
        said.remove_prefix(end + 1);
    }
}

} // namespace postrider::client_detail

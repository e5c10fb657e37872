// What a server offers, read for people.
#include "probe_report.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace postrider::cli {
namespace {

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream from{line};
    std::vector<std::string> words;
    for (std::string one; from >> one;) words.push_back(one);
    return words;
}

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return text;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 25> meanings{
    {{"PIPELINING", "commands share a flight"},
     {"STARTTLS", "TLS can begin"},
     {"8BITMIME", "8-bit text as it is"},
     {"ENHANCEDSTATUSCODES", "replies have codes such as 5.1.1"},
     {"CHUNKING", "content by BDAT: no wait for a 354"},
     {"BINARYMIME", "content of any octets, by BDAT"},
     {"SMTPUTF8", "addresses beyond ASCII"},
     {"DSN", "delivery notifications as the sender wants them"},
     {"REQUIRETLS", "verified TLS on the whole way, on request"},
     {"VRFY", "addresses can be asked for: --verify"},
     {"EXPN", "lists can be asked for: --expand"},
     {"HELP", "it explains itself"},
     {"ETRN", "a queue can be started (RFC 1985)"},
     {"DELIVERBY", "mails that come back if they are late"},
     {"MT-PRIORITY", "mails that go first"},
     {"FUTURERELEASE", "mails that wait for their time"},
     {"BURL", "content out of an IMAP mailbox"},
     {"XCLIENT", "it lets us pretend to be another client: --xclient"},
     {"XFORWARD", "it lets us tell who the client was"},
     {"PRDR", "an answer to the content for each recipient; not used"},
     {"PIPECONNECT", "Exim's own; not used"},
     {"X_PIPE_CONNECT", "Exim's own; not used"},
     {"CLIENTID", "not used"},
     {"NO-SOLICITING", "no advertisements, please"},
     {"TURN", "obsolete"}}};

std::string meaning_of_limits(const capabilities& c) {
    std::string text;
    const auto add = [&text](std::uint32_t number, const char* what) {
        if (number != 0) text.append(text.empty() ? "" : ", ").append(std::to_string(number)).append(what);
    };
    add(c.mail_max, " mails a connection");
    add(c.rcpt_max, " recipients a mail");
    add(c.rcpt_domain_max, " domains a connection");
    return text.empty() ? text : "at most " + text;
}

} // namespace

std::vector<offer> offers_of(const probe_result& seen) {
    std::vector<offer> all;
    for (const probe_hello& hello : seen.hellos)
        for (std::size_t i = 1; i < hello.lines.size(); ++i) {
            auto found =
                std::find_if(all.begin(), all.end(), [&](const offer& one) { return one.text == hello.lines[i]; });
            if (found == all.end()) found = all.insert(all.end(), {.text = hello.lines[i]});
            (hello.encrypted ? found->in_tls : found->in_clear) = true;
        }
    return all;
}

std::string meaning(const std::string& line) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) return {};
    const std::string keyword = upper(words.front());
    capabilities c{};
    c.add_line(line);
    if (keyword == "SIZE") return c.size_limit == 0 ? "no limit is named" : "mails up to " + octets_text(c.size_limit);
    if (keyword == "LIMITS") return meaning_of_limits(c);
    if (keyword == "AUTH") return "see Mechanisms";
    if (keyword.starts_with("AUTH=")) return "the same, for clients from before 1999";
    for (const auto& [name, text] : meanings)
        if (name == keyword) return std::string{text};
    return {};
}

mechanism_list mechanisms_of(const probe_result& seen) {
    mechanism_list all;
    if (seen.hellos.empty()) return all;
    const probe_hello& last = seen.hellos.back();
    for (std::uint32_t bit = static_cast<std::uint32_t>(mechanism::external); bit != 0; bit >>= 1)
        if ((last.offered.mechanisms.bits & bit) != 0) all.spoken.push_back(static_cast<mechanism>(bit));
    for (const std::string& line : last.lines) {
        std::vector<std::string> words = words_of(line);
        if (words.empty() || upper(words.front()) != "AUTH") continue;
        words.erase(words.begin());
        for (const std::string& word : words) {
            const auto same = [&](mechanism one) { return name(one) == upper(word); };
            const bool known = std::any_of(all.spoken.begin(), all.spoken.end(), same);
            if (!known && std::find(all.others.begin(), all.others.end(), word) == all.others.end())
                all.others.push_back(word);
        }
    }
    return all;
}

} // namespace postrider::cli

// A message that is whatever the fuzzer likes, cut at every place that the first octet says.
//
// Besides the sanitizers, what must never happen: a verdict that depends on where the message was cut; counts that are not
// those of the findings; a control character in a finding; a size, or a need of 8BITMIME or SMTPUTF8, that is not the message's;
// a message that is said to be sendable and is refused when it is to be sent.

#include "postrider/message_check.hpp"
#include "postrider/raw_message.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using namespace postrider;

void require(bool holds, int line = __builtin_LINE()) {
    if (holds) return;
    std::fprintf(stderr, "message_fuzz.cpp:%d does not hold\n", line);
    std::abort();
}

/// In parts of `size` octets, each in memory of its own, so that AddressSanitizer sees who reads beyond it.
std::string verdict_of(std::string_view message, std::size_t size, message_verdict& found) {
    message_checker checker;
    while (!message.empty()) {
        const std::string_view part = message.substr(0, size);
        const auto copy = std::make_unique<char[]>(part.size());
        part.copy(copy.get(), part.size());
        checker.take({copy.get(), part.size()});
        message.remove_prefix(part.size());
    }
    found = checker.finish();
    std::string text;
    for (const std::uint64_t number : {found.errors, found.warnings, found.notes, found.size, found.lines})
        text.append(std::to_string(number)).append(" ");
    for (const bool need : {found.eight_bit, found.utf8_header, found.binary}) text += need ? '+' : '-';
    for (const message_finding& one : found.findings)
        text.append("\n")
            .append(std::to_string(one.line))
            .append(" ")
            .append(one.code)
            .append(": ")
            .append(one.what)
            .append(" ")
            .append(std::to_string(one.more));
    return text;
}

/// With CRLF for each line end, CR and LF alone too, and one at the end.
std::string canonical(std::string_view message) {
    std::string out;
    for (std::size_t i = 0; i != message.size(); ++i) {
        if (message[i] == '\n' && i != 0 && message[i - 1] == '\r') continue;
        if (message[i] == '\r' || message[i] == '\n') out += "\r\n";
        else out += message[i];
    }
    return out.empty() || out.ends_with("\r\n") ? out : out + "\r\n";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view message{reinterpret_cast<const char*>(data) + 1, size - 1};
    message_verdict found;
    const std::string whole = verdict_of(message, message.size() + 1, found);
    for (const std::size_t cut : {std::size_t{1}, std::size_t{data[0]} + 1}) {
        message_verdict again;
        require(verdict_of(message, cut, again) == whole);
    }

    std::array<std::uint64_t, 3> counted{};
    for (const message_finding& one : found.findings) {
        counted[static_cast<std::size_t>(one.severity)] += 1 + one.more;
        require(!one.code.empty() && !one.what.empty() && one.line <= found.lines + 1);
        require(std::none_of(one.what.begin(), one.what.end(),
                             [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }));
    }
    require(counted == std::array{found.notes, found.warnings, found.errors});
    const std::string sent = canonical(message);
    require(found.size == sent.size());
    const auto is_8_bit = [](char c) { return static_cast<unsigned char>(c) > 127; };
    const std::size_t begin =
        sent.starts_with("From ") ? sent.find("\r\n") : 0; // an mbox's line is none of the message's
    require((found.eight_bit || found.utf8_header) ==
            std::any_of(sent.begin() + static_cast<std::ptrdiff_t>(begin), sent.end(), is_8_bit));
    if (!found.sendable()) return 0;

    raw_message m{.content = text_content(std::string{message}),
                  .envelope = {.from = "alice@a.example", .to = {{.address = "bob@b.example"}}}};
    const outgoing mail = compose(m);
    if (mail.error != errc::ok) std::fprintf(stderr, "%s\n%s\n", whole.c_str(), mail.problem.c_str());
    require(mail.error == errc::ok);
    mail_content content;
    std::string problem;
    require(mail.content->describe(content, problem) == errc::ok);
    return 0;
}

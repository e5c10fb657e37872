// url.cpp - the URL of a mail server: SCHEME://HOST[:PORT], or SCHEME+unix:/PATH.
#include "state.hpp"

#include <array>
#include <charconv>

namespace postrider::client_detail {
namespace {

struct scheme {
    std::string_view name;
    std::uint16_t port;
    bool implicit_tls = false;
    bool lmtp = false;
    bool local = false;
};

constexpr std::array schemes{
    scheme{"smtp", 25},
    scheme{"submission", 587},
    scheme{"submissions", 465, true},
    scheme{"smtps", 465, true},
    scheme{"lmtp", 24, false, true},
    scheme{"smtp+unix", 0, false, false, true},
    scheme{"lmtp+unix", 0, false, true, true},
};

constexpr const char* known_schemes =
    "smtp://, submission://, submissions:// (or smtps://), lmtp://, smtp+unix:/PATH or lmtp+unix:/PATH";

void take_port(std::string_view digits, parsed_url& to) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || number == 0 || number > 65535)
        to.problem.append("the port must be a number from 1 to 65535, and is `").append(digits).append("`");
    else to.port = static_cast<std::uint16_t>(number);
}

void take_authority(std::string_view text, parsed_url& to) {
    if (text.ends_with('/')) text.remove_suffix(1);
    if (text.find('@') != text.npos) {
        to.problem = "a user name or a password does not belong into a URL, which ends up in logs; give it as `.auth`";
        return;
    }
    if (text.find_first_of("/?#") != text.npos) {
        to.problem = "nothing can stand behind host and port";
        return;
    }
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : text.npos;
    std::string_view rest;
    if (text.starts_with('[')) {
        if (bracket == text.npos) {
            to.problem = "the `[` of the IPv6 address has no `]`";
            return;
        }
        to.host = text.substr(1, bracket - 1);
        rest = text.substr(bracket + 1);
    } else {
        const std::size_t colon = text.find(':');
        to.host = text.substr(0, colon);
        rest = colon == text.npos ? std::string_view{} : text.substr(colon);
        if (rest.find(':', 1) != rest.npos) {
            to.problem.append("an IPv6 address stands in brackets: [").append(text).append("]");
            return;
        }
    }
    if (to.host.empty()) to.problem = "it names no host";
    else if (!rest.empty() && rest.front() != ':')
        to.problem = "behind the `]` there can be a `:` and a port, and nothing else";
    else if (!rest.empty()) take_port(rest.substr(1), to);
}

} // namespace

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

parsed_url parse_url(std::string_view url) {
    parsed_url out;
    for (const char c : url)
        if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) {
            out.problem = "it holds a space or a control character";
            return out;
        }
    const std::size_t colon = url.find(':');
    out.scheme = lower(url.substr(0, colon));
    const scheme* found = nullptr;
    for (const scheme& one : schemes)
        if (colon != url.npos && one.name == out.scheme) found = &one;
    if (found == nullptr) {
        out.problem.append("it must begin with one of ").append(known_schemes);
        if (url.find_first_of(":/@") == url.npos && !url.empty())
            out.problem.append("; for a host alone: submission://").append(url);
        return out;
    }
    out.port = found->port;
    out.implicit_tls = found->implicit_tls;
    out.lmtp = found->lmtp;
    std::string_view rest = url.substr(colon + 1);
    if (found->local) {
        if (rest.starts_with("//")) rest.remove_prefix(2);
        if (!rest.starts_with('/')) out.problem = "the path of a local socket begins with a `/`";
        else out.path = rest;
        return out;
    }
    if (!rest.starts_with("//")) {
        out.problem.append("behind `").append(found->name).append(":` must stand `//` and a host");
        return out;
    }
    take_authority(rest.substr(2), out);
    out.default_port = out.port == found->port;
    return out;
}

} // namespace postrider::client_detail

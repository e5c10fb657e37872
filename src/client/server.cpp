// server.cpp - a URL and options, looked through before an octet leaves.
#include "state.hpp"

#include "content/printable.hpp"
#include "postrider/io/idn2.hpp"
#include "postrider/io/proxy.hpp"
#include "postrider/io/saslprep.hpp"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <unistd.h>

namespace postrider {
namespace {

void fail(server::state& s, errc error, std::string problem) {
    if (s.error != errc::ok) return;
    s.error = error;
    s.problem = std::move(problem);
}

/// As domains are compared: in A-labels and small letters.
bool host_name(std::string_view text, std::string& to) {
    if (domain_to_ascii(text, to) != errc::ok || !domain::parse(to)) return false;
    to = client_detail::lower(to);
    return true;
}

/// For people and for logs: without what may be a password, and without control characters.
std::string shown_url(std::string_view url) {
    const std::size_t at = url.rfind('@');
    if (at == url.npos) return content_detail::printable(std::string{url});
    const std::size_t scheme = url.find("://");
    std::string out{scheme < at ? url.substr(0, scheme + 3) : std::string_view{}};
    return out.append("...").append(content_detail::printable(std::string{url.substr(at)}));
}

void take_url(server::state& s, std::string_view url) {
    s.at = client_detail::parse_url(url);
    s.url = shown_url(url);
    if (!s.at.problem.empty()) {
        std::string problem{"`"};
        return fail(s, errc::invalid_url, problem.append(s.url).append("`: ").append(s.at.problem));
    }
    if (!s.at.path.empty()) return;
    std::string ascii = s.at.host;
    const bool literal = ascii.find_first_of(":%") != ascii.npos;
    if (!literal && !host_name(s.at.host, ascii)) {
        std::string problem{"`"};
        return fail(s, errc::invalid_url, problem.append(s.at.host).append("` is no host name (RFC 5891)"));
    }
    s.url = s.at.scheme;
    s.url.append(literal ? "://[" : "://").append(ascii).append(literal ? "]" : "");
    if (!s.at.default_port) s.url.append(":").append(std::to_string(s.at.port));
    s.at.host = ascii;
    s.tls_name = std::move(ascii);
}

void take_policy(server::state& s) {
    const tls_settings& tls = s.options.tls;
    s.policy = tls.policy.value_or(s.at.path.empty() ? tls_policy::verified : tls_policy::outside);
    if (!tls.server_name.empty() && !host_name(tls.server_name, s.tls_name)) {
        std::string problem{"tls.server_name: `"};
        fail(s, errc::invalid_domain,
             problem.append(content_detail::printable(tls.server_name)).append("` is no host name"));
    }
    if (s.at.implicit_tls && s.policy > tls_policy::opportunistic) {
        std::string problem{s.at.scheme};
        fail(s, errc::invalid_parameter,
             problem.append(
                 "://: TLS from the first octet cannot go without TLS: leave tls.policy out, or use smtp://"));
    }
}

void take_proxy(server::state& s) {
    if (s.options.proxy.empty()) return;
    proxy_found found = parse_proxy(s.options.proxy);
    s.proxy = std::move(found.value);
    std::string problem{"proxy: "};
    if (!found) fail(s, found.error, problem.append(found.problem));
    else if (!s.at.path.empty()) fail(s, errc::invalid_parameter, "proxy: there is none to a local socket");
}

bool authenticates(const authentication& auth) noexcept {
    return !auth.user.empty() || auth.password || auth.token || named_mechanisms.has(auth.preferred) ||
           auth.when == auth_when::attempt;
}

void take_credentials(server::state& s) {
    const authentication& auth = s.options.auth;
    if (authenticates(auth) && s.options.unused.has(extension::auth))
        fail(s, errc::invalid_parameter,
             "AUTH is among the extensions that are `unused`, and auth is given: leave one out");
    const std::string_view plain = auth.password ? auth.password->reveal() : std::string_view{};
    const auto prepare = [&](const char* what, std::string_view text, secret& to) {
        const saslprep_errc e = saslprep(text, to);
        std::string problem{what};
        if (e != saslprep_errc::ok) fail(s, errc::invalid_credentials, problem.append(": ").append(describe(e)));
    };
    if (auth.user.empty() && (auth.password || auth.token) && auth.when != auth_when::attempt)
        fail(s, errc::invalid_credentials, "auth.user is empty, and there is a password or a token");
    if (auth.password && auth.password->empty() && auth.when != auth_when::attempt)
        fail(s, errc::invalid_credentials, "the password is empty; if it was read from a file, could it be read?");
    if (auth.password) {
        prepare("the user name", auth.user, s.user);
        prepare("the password", plain, s.password);
        s.prepared = true;
    } else {
        s.user = secret{auth.user};
    }
    const auto client_name =
        domain::parse(s.options.client_name.empty() ? std::string_view{"client.invalid"} : s.options.client_name);
    if (!client_name) {
        std::string problem{"client_name: `"};
        return fail(s, errc::invalid_domain,
                    problem.append(content_detail::printable(s.options.client_name))
                        .append("` is no domain and no address literal"));
    }
    if (s.error != errc::ok) return;
    session<> tried; // refuses what no session takes
    const errc e = tried.start(s.session_of(*client_name));
    std::string problem{describe(e)};
    if (e == errc::cleartext_auth)
        problem += ": with a TLS policy other than `verified`, set auth.allow_cleartext, if that is what is meant";
    if (e == errc::invalid_parameter) problem = "look_ahead must be at least 1";
    if (e != errc::ok) fail(s, e, problem);
}

/// An IPv4 or IPv6 address, that `zone` may follow: `fe80::1%eth0`. Whether there is such an interface may change.
bool is_address(std::string_view text, bool zone) {
    in6_addr room{};
    const std::string all{text};
    if (all.find('\0') != all.npos) return false;
    if (::inet_pton(AF_INET, all.c_str(), &room) == 1) return true;
    const std::size_t percent = zone ? all.find('%') : all.npos;
    if (percent != all.npos && percent + 1 == all.size()) return false;
    return ::inet_pton(AF_INET6, all.substr(0, percent).c_str(), &room) == 1;
}

bool take_brackets(std::string_view& text) noexcept {
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) text = text.substr(1, text.size() - 2);
    return bracketed;
}

/// `127.0.0.1`, `127.0.0.1:53`, `::1`, `[::1]:53`: what c-ares takes, which says no more than that it does not.
bool is_dns_server(std::string_view text) {
    if (is_address(text, false)) return true;
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) return false;
    unsigned port = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    if (read.ec != std::errc{} || read.ptr != end || port == 0 || port > 65535) return false;
    std::string_view host = text.substr(0, colon);
    const bool bracketed = take_brackets(host);
    return is_address(host, false) && bracketed == (host.find(':') != host.npos);
}

void take_addresses(server::state& s) {
    const auto wrong = [&](const char* what, std::string_view value, const char* is) {
        std::string problem{what};
        problem.append(": `").append(content_detail::printable(std::string{value})).append("` is ").append(is);
        fail(s, errc::invalid_parameter, std::move(problem));
    };
    std::string_view source = s.options.source_address;
    const bool bracketed = take_brackets(source);
    if (!source.empty() && (!is_address(source, true) || (bracketed && source.find(':') == source.npos)))
        wrong("source_address", s.options.source_address, "no IP address; a name or an interface is none");
    for (std::string_view rest = s.options.dns_servers; !rest.empty();) {
        const std::size_t comma = rest.find(',');
        const std::string_view one = rest.substr(0, comma);
        if (!is_dns_server(one))
            return wrong("dns_servers", one, "no IP address with or without a port, as 127.0.0.1:5353 or [::1]:5353");
        rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    }
}

void take_trust(server::state& s) {
    if (s.error != errc::ok || s.policy > tls_policy::opportunistic) return;
    const tls_settings& t = s.options.tls;
    const std::vector<std::string_view> pins(t.pins.begin(), t.pins.end());
    tls_options options{.ca_file = t.ca_file,
                        .ca_folder = t.ca_folder,
                        .pins = pins,
                        .pins_suffice = t.pins_suffice,
                        .certificate_file = t.certificate_file,
                        .key_file = t.key_file,
                        .least = t.least,
                        .resume = t.resume};
    if (t.key_password) options.key_password = t.key_password->reveal();
    const tls_set_up done = s.tls.set_up(options);
    if (!done) fail(s, done.error, std::string{done.text.view()});
}

bool same(const std::shared_ptr<const secret>& a, const std::shared_ptr<const secret>& b) noexcept {
    return a == b || (a && b && *a == *b);
}

} // namespace

bool operator==(const authentication& a, const authentication& b) noexcept {
    return a.user == b.user && same(a.password, b.password) && a.token == b.token && a.authorize_as == b.authorize_as &&
           a.preferred == b.preferred && a.allowed.bits == b.allowed.bits && a.when == b.when &&
           a.allow_cleartext == b.allow_cleartext;
}

bool operator==(const tls_settings& a, const tls_settings& b) noexcept {
    return a.policy == b.policy && a.ca_file == b.ca_file && a.ca_folder == b.ca_folder && a.pins == b.pins &&
           a.pins_suffice == b.pins_suffice && a.certificate_file == b.certificate_file && a.key_file == b.key_file &&
           same(a.key_password, b.key_password) && a.server_name == b.server_name && a.least == b.least &&
           a.resume == b.resume;
}

authentication password(std::string user, secret password) {
    return {.user = std::move(user), .password = std::make_shared<const secret>(std::move(password))};
}

authentication token(std::string user, token_source::refresh_function refresh) {
    std::shared_ptr<shared_token> shared{new shared_token{.source = {user, std::move(refresh)}}};
    return {.user = std::move(user), .token = std::move(shared)};
}

authentication external(std::string authorize_as) {
    return {.authorize_as = std::move(authorize_as), .preferred = mechanism::external};
}

authentication anonymous(std::string trace) { return {.user = std::move(trace), .preferred = mechanism::anonymous}; }

credentials server::state::credentials_of() const noexcept {
    return {.user = user.reveal(),
            .password = password,
            .authorize_as = options.auth.authorize_as,
            .preferred = options.auth.preferred,
            .allowed = options.auth.allowed,
            .when = options.auth.when,
            .allow_cleartext_auth = options.auth.allow_cleartext,
            .prepared = prepared,
            .on_demand = options.auth.token != nullptr};
}

session_options server::state::session_of(domain client_name) const noexcept {
    return {.client = client_name,
            .auth = credentials_of(),
            .content = options.content,
            .lmtp = at.lmtp,
            .tls = policy,
            .implicit_tls = at.implicit_tls,
            .auth_with = options.auth_with,
            .unused = options.unused,
            .look_ahead = options.look_ahead};
}

connect_options server::state::destination() const noexcept {
    connect_options o{.host = at.host, .port = at.port};
    if (!options.proxy.empty()) {
        o.host = proxy.host;
        o.port = proxy.port;
    }
    o.local_path = at.path;
    o.source_address = options.source_address;
    o.dns_servers = options.dns_servers;
    return o;
}

std::chrono::milliseconds server::state::limit(const action& a) const noexcept {
    const time_limits& limits = options.limits;
    if (a.limit() == 0 || a.where == phase::quit) return std::chrono::seconds{a.limit()};
    const auto or_none = [](std::chrono::milliseconds one) {
        return one.count() > 0 && one < client_detail::no_limit ? one : client_detail::no_limit;
    };
    switch (a.where) {
    case phase::connect:
    case phase::greeting:
    case phase::ehlo:
    case phase::helo:
    case phase::auth:
    case phase::starttls: return or_none(limits.greeting);
    case phase::content: return or_none(a.what == action::kind::read ? limits.content : limits.command);
    default: return or_none(limits.command);
    }
}

std::string client_detail::own_name(const posix_stream& from) {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) == 0) {
        const std::string_view name{host.data()};
        if (name.find('.') != name.npos && domain::parse(name)) return std::string{name};
    }
    const address_text local = from.local_address();
    std::string_view address = local.view();
    std::string literal{"["};
    if (address.starts_with('[')) { // "[2001:db8::1%eth0]:25"
        address = address.substr(1, address.find_first_of("%]") - 1);
        literal.append("IPv6:").append(address).append("]");
    } else if (!address.empty()) {
        literal.append(address.substr(0, address.find(':'))).append("]");
    }
    return domain::parse(literal) ? literal : std::string{"localhost"};
}

server::server(std::string_view url, client_options options) {
    const auto made = std::make_shared<state>();
    made->options = std::move(options);
    take_url(*made, url);
    take_policy(*made);
    take_proxy(*made);
    take_addresses(*made);
    take_credentials(*made);
    take_trust(*made);
    state_ = made;
}

errc server::error() const noexcept { return state_->error; }
const std::string& server::problem() const noexcept { return state_->problem; }
const std::string& server::url() const noexcept { return state_->url; }
const client_options& server::options() const noexcept { return state_->options; }

bool operator==(const server& a, const server& b) noexcept {
    if (a.state_ == b.state_) return true;
    const client_options& x = a.options();
    const client_options& y = b.options();
    // A function is the same only where it is the same server.
    if (x.transcript || y.transcript || x.progress || y.progress) return false;
    return a.state_->at.scheme == b.state_->at.scheme && a.state_->url == b.state_->url && x.auth == y.auth &&
           x.tls == y.tls && x.client_name == y.client_name && x.source_address == y.source_address &&
           x.dns_servers == y.dns_servers && x.proxy == y.proxy && x.limits == y.limits &&
           x.look_ahead == y.look_ahead && x.auth_with == y.auth_with && x.content == y.content &&
           x.unused.bits == y.unused.bits && x.mails_per_connection == y.mails_per_connection;
}

} // namespace postrider

// XOAUTH2, OAUTHBEARER, EXTERNAL and ANONYMOUS: the mechanisms that show no password.
#include "command.hpp"
#include "sasl_kit.hpp"
#include "tls.hpp"

namespace postrider::sink {

namespace {

// The value of `key=value` among fields that a ^A ends each; nullopt where it is not there, or the last one is not
// ended by two.
std::optional<std::string_view> field(std::string_view text, std::string_view key) {
    if (!text.ends_with("\x01\x01")) return std::nullopt;
    while (!text.empty()) {
        const std::size_t end = text.find('\x01');
        const std::string_view one = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (one.starts_with(key) && one.substr(key.size(), 1) == "=") return one.substr(key.size() + 1);
    }
    return std::nullopt;
}

// A bad token is told why, in JSON, and the client must answer that before it is refused: with nothing, or with
// ^A (RFC 7628 section 3.2.3).
class bearer : public sasl_exchange {
public:
    bearer(const sasl_peer& peer, std::string_view dummy) : config_(peer.config), dummy_(dummy) {}

    step begin(const std::optional<std::string>& initial_response) override {
        if (!initial_response) return {outcome::challenge};
        return answer(*initial_response);
    }

    step answer(std::string_view response) override {
        if (told_) return {response == dummy_ ? outcome::refused : outcome::malformed};
        return first(response);
    }

protected:
    virtual step first(std::string_view response) = 0;

    // `name` may be empty where the token says who it is.
    step judge(std::optional<std::string_view> credentials, std::string_view name, std::string_view as) {
        constexpr std::string_view scheme = "bearer ";
        if (!credentials || !same_letters(credentials->substr(0, scheme.size()), scheme)) return {outcome::malformed};
        const std::string_view token = credentials->substr(scheme.size());
        for (const auto& one : config_.users)
            if (!one.token.empty() && one.token == token && (name.empty() || one.name == name))
                return {outcome::accepted, "", one.name, std::string{as}};
        told_ = true;
        return {outcome::challenge, R"({"status":"invalid_token","schemes":"bearer","scope":"mail"})"};
    }

private:
    const config& config_;
    std::string_view dummy_;
    bool told_ = false;
};

// user=NAME ^A auth=Bearer TOKEN ^A ^A (Google's "OAuth 2.0 Mechanism")
class xoauth2 : public bearer {
public:
    explicit xoauth2(const sasl_peer& peer) : bearer(peer, "") {}

    step first(std::string_view response) override {
        const auto name = field(response, "user");
        if (!name || name->empty()) return {outcome::malformed};
        return judge(field(response, "auth"), *name, {});
    }
};

// n,a=NAME, ^A host=... ^A port=... ^A auth=Bearer TOKEN ^A ^A (RFC 7628 section 3.1); all but `auth` may be left out
class oauthbearer : public bearer {
public:
    explicit oauthbearer(const sasl_peer& peer) : bearer(peer, "\x01") {}

    step first(std::string_view response) override {
        const std::size_t end = response.find('\x01');
        const std::string_view header = response.substr(0, end);
        if (end == std::string_view::npos || !(header.starts_with("n,") || header.starts_with("y,")) ||
            !header.ends_with(','))
            return {outcome::malformed};
        std::string_view name = header.substr(2);
        if (!name.empty()) name.remove_suffix(1);
        if (!name.empty() && !name.starts_with("a=")) return {outcome::malformed};
        if (!name.empty()) name.remove_prefix(2);
        return judge(field(response, "auth"), name, name);
    }
};

// RFC 4422 appendix A: who the client is, its certificate says; it may say as whom it acts.
class external : public sasl_exchange {
public:
    explicit external(const sasl_peer& peer)
        : config_(peer.config), name_(peer.tls != nullptr ? peer.tls->client_name : std::string{}) {}

    step begin(const std::optional<std::string>& initial_response) override {
        if (!initial_response) return {outcome::challenge};
        return answer(*initial_response);
    }

    step answer(std::string_view response) override {
        if (response.find('\0') != std::string_view::npos) return {outcome::malformed};
        if (find_user(config_, name_) == nullptr) return {outcome::refused};
        return {outcome::accepted, "", name_, std::string{response}};
    }

private:
    const config& config_;
    std::string name_;
};

// RFC 4505: at most 255 octets of trace information, which nobody checks.
class anonymous : public sasl_exchange {
public:
    step begin(const std::optional<std::string>& initial_response) override {
        if (!initial_response) return {outcome::challenge};
        return answer(*initial_response);
    }

    step answer(std::string_view response) override {
        if (response.size() > 255) return {outcome::malformed};
        return {outcome::accepted, "", "anonymous", std::string{response}};
    }
};

} // namespace

std::unique_ptr<sasl_exchange> start_xoauth2(const sasl_peer& peer) { return std::make_unique<xoauth2>(peer); }
std::unique_ptr<sasl_exchange> start_oauthbearer(const sasl_peer& peer) { return std::make_unique<oauthbearer>(peer); }
std::unique_ptr<sasl_exchange> start_external(const sasl_peer& peer) { return std::make_unique<external>(peer); }
std::unique_ptr<sasl_exchange> start_anonymous(const sasl_peer&) { return std::make_unique<anonymous>(); }

} // namespace postrider::sink

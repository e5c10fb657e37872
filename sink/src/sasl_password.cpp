// PLAIN, LOGIN and CRAM-MD5: the mechanisms that show a password, or nearly so.
#include <openssl/hmac.h>

#include "random.hpp"
#include "sasl_kit.hpp"

namespace postrider::sink {

namespace {

step judge(const config& config, std::string_view name, std::string_view password, std::string_view as = {}) {
    const std::string* const known = find_password(config, name);
    if (known == nullptr || *known != password) return {outcome::refused};
    return {outcome::accepted, "", std::string{name}, std::string{as}};
}

// RFC 4616: [authzid] NUL authcid NUL passwd
class plain : public sasl_exchange {
public:
    explicit plain(const sasl_peer& peer) : config_(peer.config) {}

    step begin(const std::optional<std::string>& initial_response) override {
        if (!initial_response) return {outcome::challenge};
        return answer(*initial_response);
    }

    step answer(std::string_view response) override {
        const std::size_t first = response.find('\0');
        if (first == std::string_view::npos) return {outcome::malformed};
        const std::size_t second = response.find('\0', first + 1);
        if (second == std::string_view::npos) return {outcome::malformed};
        const std::string_view name = response.substr(first + 1, second - first - 1);
        const std::string_view password = response.substr(second + 1);
        if (name.empty() || password.find('\0') != std::string_view::npos) return {outcome::malformed};
        return judge(config_, name, password, response.substr(0, first));
    }

private:
    const config& config_;
};

// draft-murchison-sasl-login: two prompts; the user's name may come as the initial response.
class login : public sasl_exchange {
public:
    explicit login(const sasl_peer& peer) : config_(peer.config) {}

    step begin(const std::optional<std::string>& initial_response) override {
        if (!initial_response) return {outcome::challenge, config_.login_user_prompt};
        return answer(*initial_response);
    }

    step answer(std::string_view response) override {
        if (name_) return judge(config_, *name_, response);
        name_ = response;
        return {outcome::challenge, config_.login_password_prompt};
    }

private:
    const config& config_;
    std::optional<std::string> name_;
};

// RFC 2195: the user's name, a blank, and the keyed digest of the challenge.
class cram_md5 : public sasl_exchange {
public:
    explicit cram_md5(const sasl_peer& peer) : config_(peer.config), challenge_(config_.cram_md5_challenge) {
        if (challenge_.empty())
            challenge_.append("<").append(random_text()).append("@").append(config_.name).append(">");
    }

    step begin(const std::optional<std::string>& initial_response) override {
        if (initial_response) return {outcome::malformed}; // the server speaks first
        return {outcome::challenge, challenge_};
    }

    step answer(std::string_view response) override {
        const std::size_t space = response.rfind(' '); // a name may have some
        if (space == std::string_view::npos) return {outcome::malformed};
        const std::string_view name = response.substr(0, space);
        const std::string* const known = find_password(config_, name);
        if (known == nullptr || response.substr(space + 1) != digest(*known)) return {outcome::refused};
        return {outcome::accepted, "", std::string{name}};
    }

private:
    [[nodiscard]] std::string digest(const std::string& password) const {
        unsigned char octets[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        HMAC(EVP_md5(), password.data(), static_cast<int>(password.size()),
             reinterpret_cast<const unsigned char*>(challenge_.data()), challenge_.size(), octets, &size);
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            text += "0123456789abcdef"[octets[i] >> 4];
            text += "0123456789abcdef"[octets[i] & 15];
        }
        return text;
    }

    const config& config_;
    std::string challenge_;
};

} // namespace

std::unique_ptr<sasl_exchange> start_plain(const sasl_peer& peer) { return std::make_unique<plain>(peer); }
std::unique_ptr<sasl_exchange> start_login(const sasl_peer& peer) { return std::make_unique<login>(peer); }
std::unique_ptr<sasl_exchange> start_cram_md5(const sasl_peer& peer) { return std::make_unique<cram_md5>(peer); }

} // namespace postrider::sink

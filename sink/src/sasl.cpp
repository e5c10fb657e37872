#include "sasl.hpp"

#include <array>

#include "command.hpp"

namespace postrider::sink {

namespace {

using step = sasl_exchange::step;
using outcome = step::outcome;

const user* find_user(const config& config, std::string_view name) {
    for (const auto& known : config.users)
        if (known.name == name) return &known;
    return nullptr;
}

step judge(const config& config, std::string_view name, std::string_view password) {
    const user* known = find_user(config, name);
    const bool right = known != nullptr && known->password == password;
    return {right ? outcome::accepted : outcome::refused, std::string{name}};
}

// RFC 4616: [authzid] NUL authcid NUL passwd
class plain : public sasl_exchange {
public:
    explicit plain(const config& config) : config_(config) {}

    step begin(const std::optional<std::string>& initial_response) override {
        if (!initial_response) return {outcome::challenge, ""};
        return answer(*initial_response);
    }

    step answer(std::string_view response) override {
        const std::size_t first = response.find('\0');
        if (first == std::string_view::npos) return {outcome::malformed, ""};
        const std::size_t second = response.find('\0', first + 1);
        if (second == std::string_view::npos) return {outcome::malformed, ""};
        const std::string_view name = response.substr(first + 1, second - first - 1);
        const std::string_view password = response.substr(second + 1);
        if (name.empty() || password.find('\0') != std::string_view::npos) return {outcome::malformed, ""};
        return judge(config_, name, password);
    }

private:
    const config& config_;
};

// draft-murchison-sasl-login: two prompts; the user's name may come as the initial response.
class login : public sasl_exchange {
public:
    explicit login(const config& config) : config_(config) {}

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

template <class Exchange>
std::unique_ptr<sasl_exchange> start(const config& config) {
    return std::make_unique<Exchange>(config);
}

constexpr std::array mechanisms{sasl_mechanism{"PLAIN", start<plain>}, sasl_mechanism{"LOGIN", start<login>}};

} // namespace

std::span<const sasl_mechanism> sasl_mechanisms() { return mechanisms; }

const sasl_mechanism* find_sasl_mechanism(std::string_view name) {
    for (const auto& mechanism : mechanisms)
        if (same_letters(mechanism.name, name)) return &mechanism;
    return nullptr;
}

bool auth_offered(const config& config) {
    return config.auth_in_clear && !config.users.empty() && !config.offers.auth.empty();
}

} // namespace postrider::sink

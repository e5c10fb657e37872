// SCRAM (RFC 5802, RFC 7677), with the faults that a client must see through.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base64.hpp"
#include "random.hpp"
#include "sasl_kit.hpp"
#include "tls.hpp"

namespace postrider::sink {

namespace {

// More are not computed, as the client must not: who goes on all the same is refused.
constexpr std::uint64_t most_iterations = 10'000'000;

// saslname: a comma and an equals sign stand as =2C and =3D.
std::optional<std::string> name_of(std::string_view text) {
    std::string name;
    while (!text.empty()) {
        const bool escaped = text.front() == '=';
        if (escaped && !text.starts_with("=2C") && !text.starts_with("=3D")) return std::nullopt;
        name += !escaped ? text.front() : text[2] == 'C' ? ',' : '=';
        text.remove_prefix(escaped ? 3 : 1);
    }
    if (name.empty() || name.find('\0') != std::string::npos) return std::nullopt;
    return name;
}

// Takes `KEY=VALUE` and the comma behind it, if there is one.
std::optional<std::string_view> take(std::string_view& text, char key) {
    if (text.size() < 2 || text[0] != key || text[1] != '=') return std::nullopt;
    const std::size_t comma = text.find(',');
    const std::string_view value = text.substr(2, comma == std::string_view::npos ? comma : comma - 2);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    return value;
}

class scram_exchange : public sasl_exchange {
public:
    scram_exchange(const sasl_peer& peer, const char* digest, bool plus)
        : config_(peer.config),
          tls_(peer.tls),
          digest_(EVP_get_digestbyname(digest)),
          plus_(plus),
          plus_offered_(peer.plus_offered),
          salt_(config_.scram.salt.empty() ? random_octets(16) : config_.scram.salt) {}

    step begin(const std::optional<std::string>& initial_response) override {
        if (!initial_response) return {outcome::challenge};
        return answer(*initial_response);
    }

    step answer(std::string_view response) override {
        switch (next_) {
        case turn::first: return first(response);
        case turn::final: return final(response);
        case turn::nothing: break;
        }
        if (!response.empty()) return {outcome::malformed};
        return {outcome::accepted, "", name_, as_};
    }

private:
    enum class turn { first, final, nothing };

    // gs2-header client-first-message-bare
    step first(std::string_view message) {
        const std::size_t flag_end = message.find(',');
        const std::size_t header_end = message.find(',', flag_end == std::string_view::npos ? flag_end : flag_end + 1);
        if (header_end == std::string_view::npos) return {outcome::malformed};
        const std::string_view flag = message.substr(0, flag_end);
        const std::string_view as = message.substr(flag_end + 1, header_end - flag_end - 1);
        header_ = message.substr(0, header_end + 1);
        std::string_view bare = message.substr(header_end + 1);
        first_bare_ = bare;

        const bool binds = flag.starts_with("p=");
        if (!binds && flag != "n" && flag != "y") return {outcome::malformed};
        if (!as.empty()) {
            const auto decoded = as.starts_with("a=") ? name_of(as.substr(2)) : std::nullopt;
            if (!decoded) return {outcome::malformed};
            as_ = *decoded;
        }
        const auto name = take(bare, 'n'); // `m=` before it is an extension that must be understood
        const auto nonce = take(bare, 'r');
        const auto decoded = name ? name_of(*name) : std::nullopt;
        if (!decoded || !nonce || nonce->empty()) return {outcome::malformed};
        name_ = *decoded;

        // Section 6: a client that says `y` did not see the offer of -PLUS, so somebody has taken it away.
        if (flag == "y" && plus_offered_) return {outcome::refused};
        if (binds != plus_) return {outcome::refused};
        if (binds && !find_binding(flag.substr(2))) return {outcome::refused};
        return challenge(*nonce);
    }

    step challenge(std::string_view client_nonce) {
        const std::string own = config_.scram.nonce.empty() ? random_text() : config_.scram.nonce;
        nonce_ = client_nonce;
        if (config_.scram.fault == scram_fault::foreign_nonce) nonce_ = "x" + own;
        else if (config_.scram.fault != scram_fault::bare_nonce) nonce_ += own;
        server_first_ = "r=" + nonce_ + ",s=" + base64_encode(salt_) + ",i=" + std::to_string(config_.scram.iterations);
        next_ = turn::final;
        return {outcome::challenge, server_first_};
    }

    // client-final-message-without-proof "," proof
    step final(std::string_view message) {
        const std::size_t proof_at = message.rfind(",p=");
        if (proof_at == std::string_view::npos) return {outcome::malformed};
        const std::string_view without_proof = message.substr(0, proof_at);
        std::string_view rest = without_proof;
        const auto binding = take(rest, 'c');
        const auto nonce = take(rest, 'r');
        const auto proof = base64_decode(message.substr(proof_at + 3));
        const auto bound = base64_decode(binding.value_or("!"));
        if (!bound || !nonce || !proof || proof->size() != size()) return {outcome::malformed};
        if (*bound != header_ + binding_ || *nonce != nonce_) return {outcome::refused};

        const std::string* const password = find_password(config_, name_);
        if (password == nullptr || config_.scram.iterations > most_iterations) return {outcome::refused};
        const std::string salted = salted_password(*password);
        const std::string message_to_sign = first_bare_ + "," + server_first_ + "," + std::string{without_proof};
        const std::string client_key = hmac(salted, "Client Key");
        const std::string signature = hmac(hash(client_key), message_to_sign);
        for (std::size_t i = 0; i < size(); ++i)
            if ((signature[i] ^ client_key[i]) != (*proof)[i]) return {outcome::refused};
        return verdict(hmac(hmac(salted, "Server Key"), message_to_sign));
    }

    step verdict(std::string signature) {
        if (config_.scram.fault == scram_fault::no_signature) return {outcome::accepted, "", name_, as_};
        if (config_.scram.fault == scram_fault::wrong_signature) signature[0] = static_cast<char>(signature[0] ^ 1);
        const std::string said = "v=" + base64_encode(signature);
        if (config_.scram.signature_with_235) return {outcome::accepted, said, name_, as_};
        next_ = turn::nothing;
        return {outcome::challenge, said};
    }

    // Where there is no such binding, the client cannot have taken part in this TLS.
    bool find_binding(std::string_view kind) {
        if (tls_ == nullptr) return false;
        if (kind == "tls-exporter") binding_ = tls_->exporter;
        if (kind == "tls-server-end-point") binding_ = tls_->server_end_point;
        if (kind == "tls-unique") binding_ = tls_->unique;
        return !binding_.empty();
    }

    // --- Arithmetic

    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(EVP_MD_get_size(digest_)); }

    static unsigned char* octets_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
    static const unsigned char* octets_of(std::string_view text) {
        return reinterpret_cast<const unsigned char*>(text.data());
    }

    [[nodiscard]] std::string hash(std::string_view text) const {
        std::string octets(size(), '\0');
        EVP_Digest(text.data(), text.size(), octets_of(octets), nullptr, digest_, nullptr);
        return octets;
    }

    [[nodiscard]] std::string hmac(std::string_view key, std::string_view text) const {
        std::string octets(size(), '\0');
        HMAC(digest_, key.data(), static_cast<int>(key.size()), octets_of(text), text.size(), octets_of(octets),
             nullptr);
        return octets;
    }

    [[nodiscard]] std::string salted_password(const std::string& password) const {
        std::string octets(size(), '\0');
        PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets_of(std::string_view{salt_}),
                          static_cast<int>(salt_.size()), static_cast<int>(config_.scram.iterations), digest_,
                          static_cast<int>(octets.size()), octets_of(octets));
        return octets;
    }

    const config& config_;
    const tls_state* tls_;
    const EVP_MD* digest_;
    bool plus_;
    bool plus_offered_;
    std::string salt_;
    turn next_ = turn::first;
    std::string header_, binding_, first_bare_, name_, as_, nonce_, server_first_;
};

} // namespace

std::unique_ptr<sasl_exchange> start_scram(const sasl_peer& peer, const char* digest, bool plus) {
    return std::make_unique<scram_exchange>(peer, digest, plus);
}

} // namespace postrider::sink

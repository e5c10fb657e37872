#include "postrider/scram.hpp"

#include "core/command_writer.hpp"
#include "core/sasl.hpp"
#include "postrider/base64.hpp"

#include <limits>

namespace postrider {

namespace {

constexpr std::size_t longest_proof = 88; // of SHA-512, in base64
constexpr std::size_t longest_binding_type = 32, longest_binding = 64;

void put_base64(command_writer& to, std::string_view first, std::string_view second = {}) noexcept {
    base64_writer both{to};
    both.put(first);
    both.put(second);
    both.end();
}

/// A name of at least one octet where it must be given, and not too long as it is sent.
constexpr bool fits(std::string_view name) noexcept {
    std::size_t size = 0;
    for (const char c : name) size += c == ',' || c == '=' ? 3 : 1;
    return size <= limits::sasl_name;
}

//   attr-val = ALPHA "=" value, parted by ","; value = 1*value-char, which has no ","                (RFC 5802 §7)
//
/// Takes the value of the first attribute of `rest`, if that is `name`, and the comma behind it. Empty: it is another. A comma
/// with nothing behind it stays: it is no attribute.
constexpr std::string_view take(std::string_view& rest, char name) noexcept {
    if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return {};
    rest.remove_prefix(2);
    std::size_t size = 0;
    while (size != rest.size() && rest[size] != ',') ++size;
    const std::string_view value{rest.data(), size};
    rest.remove_prefix(size + 1 < rest.size() ? size + 1 : size);
    return value;
}

//   extensions = attr-val *("," attr-val), to be passed over; but for `m`, by which a server says that the exchange must fail
//   where it is not understood                                                                       (RFC 5802 §5.1)
constexpr bool are_optional(std::string_view rest) noexcept {
    while (!rest.empty())
        if (!is_alpha(rest[0]) || rest[0] == 'm' || take(rest, rest[0]).empty()) return false;
    return true;
}

//   printable = %x21-2B / %x2D-7E
constexpr bool is_printable(std::string_view text) noexcept {
    for (const char c : text)
        if (c <= ' ' || c > '~') return false;
    return true;
}

//   posit-number = %x31-39 *DIGIT
//
/// 0: it is none. What does not fit is the largest that does.
constexpr std::uint32_t number(std::string_view digits) noexcept {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    if (digits.empty() || digits[0] == '0') return 0;
    std::uint32_t value = 0;
    for (const char c : digits) {
        if (!is_digit(c)) return 0;
        if (value > (most - 9) / 10) return most;
        value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return value;
}

constexpr digest digest_of(mechanism which) noexcept {
    switch (which) {
    case mechanism::scram_sha_1:
    case mechanism::scram_sha_1_plus: return digest::sha_1;
    case mechanism::scram_sha_256:
    case mechanism::scram_sha_256_plus: return digest::sha_256;
    default: return digest::sha_512;
    }
}

} // namespace

flags<mechanism> scram::speaks() const noexcept {
    flags<mechanism> all = plus_mechanisms;
    all.add(mechanism::scram_sha_1);
    all.add(mechanism::scram_sha_256);
    all.add(mechanism::scram_sha_512);
    return all;
}

//   client-first-message = gs2-header client-first-message-bare                                      (RFC 5802 §7)
//   gs2-header = ("p=" cb-name / "n" / "y") "," ["a=" saslname] ","
//   client-first-message-bare = "n=" saslname ",r=" c-nonce
//   saslname = 1*( value-safe-char / "=2C" / "=3D" )
//
// The flag is the client's word on channel binding, and the proof covers it (§6). `y`: I could, and you offer nothing for it. A
// server that did offer -PLUS sees by this that somebody took it out of the list, and refuses; so `y` must not become `n`.
errc scram::begin(mechanism which, const credentials& with, const tls_channel& channel, bool plus_offered) noexcept {
    forget();
    iterations_ = 0;
    const bool plus = plus_mechanisms.has(which);
    const bool bound = !channel.binding.empty() && channel.binding.size() <= longest_binding &&
                       channel.binding_type.size() <= longest_binding_type;
    if (!speaks().has(which) || (plus && !bound)) return errc::invalid_parameter;
    if (with.user.empty() || !fits(with.user) || !fits(with.authorize_as)) return errc::invalid_credentials;
    for (const std::string_view text : {with.user, with.authorize_as, with.password.reveal()})
        if (!is_fit(text, with)) return errc::invalid_credentials;

    std::array<char, nonce_octets> nonce;
    if (!library_.random({nonce.data(), nonce_octets_})) return errc::system_failure;
    static_assert(2 + longest_binding_type + 3 + limits::sasl_name + 3 + limits::sasl_name + 3 + nonce_octets / 3 * 4 <
                  limits::scram_message);
    command_writer to{text_, 0};
    if (plus) {
        to.put("p=");
        to.put(channel.binding_type);
    } else to.put(channel.binding.empty() || plus_offered ? "n" : "y");
    to.put(",");
    if (!with.authorize_as.empty()) {
        to.put("a=");
        put_name(to, with.authorize_as);
    }
    to.put(",");
    header_ = to.written();
    to.put("n=");
    put_name(to, with.user);
    to.put(",r=");
    put_base64(to, {nonce.data(), nonce_octets_});

    message_ = {text_.data(), to.written()};
    with_ = &with;
    channel_ = &channel;
    hash_ = digest_of(which);
    at_ = step::first_sent;
    return errc::ok;
}

errc scram::answer(std::string_view challenge) noexcept {
    errc result = errc::malformed_challenge; // also of a challenge too many
    if (at_ == step::first_sent) result = prove(challenge);
    else if (at_ == step::proof_sent) result = verify(challenge);
    if (result != errc::ok) forget();
    return result;
}

//   server-first-message = [reserved-mext ","] "r=" c-nonce s-nonce ",s=" base64 ",i=" posit-number ["," extensions]
//   client-final-message = "c=" base64 ",r=" c-nonce s-nonce ",p=" base64                             (RFC 5802 §7)
//
// Whoever can answer at all sees to it that the nonce begins with the client's: what was heard of another exchange does not.
errc scram::prove(std::string_view challenge) noexcept {
    std::string_view rest = challenge;
    const std::string_view nonce = take(rest, 'r'), salt = take(rest, 's'), count = take(rest, 'i');
    const std::size_t own = nonce_octets_ / 3u * 4u;
    const bool answers = nonce.size() > own && std::string_view{nonce.data(), own} ==
                                                   std::string_view{message_.data() + message_.size() - own, own};
    const std::uint32_t iterations = number(count);
    if (!answers || !is_printable(nonce) || salt.empty() || iterations == 0 || !are_optional(rest))
        return errc::malformed_challenge;
    if (iterations < bounds_.iterations_least || iterations > bounds_.iterations_most) return errc::weak_challenge;

    // The first message stays in front, as the proof is about both. The salt lies where the proof will.
    const std::span<char> room = std::span{text_}.subspan(message_.size());
    command_writer to{room, 0};
    to.put("c=");
    put_base64(to, {message_.data(), header_}, message_[0] == 'p' ? channel_->binding : std::string_view{});
    to.put(",r=");
    to.put(nonce);
    const std::string_view unproven{room.data(), to.written()};
    const std::span<char> left = room.subspan(to.written());
    command_writer behind{left, 0};
    behind.put(salt);
    if (left.size() < 3 + longest_proof || !behind.whole()) return errc::malformed_challenge;
    const std::optional<std::size_t> salt_size = base64_decode(left.first(behind.written()));
    if (!salt_size) return errc::malformed_challenge;

    //   SaltedPassword := Hi(password, salt, i);  ClientKey := HMAC(SaltedPassword, "Client Key");  StoredKey := H(ClientKey)
    //   AuthMessage := client-first-message-bare "," server-first-message "," client-final-message-without-proof
    //   ClientProof := ClientKey XOR HMAC(StoredKey, AuthMessage)
    //   ServerSignature := HMAC(HMAC(SaltedPassword, "Server Key"), AuthMessage)                     (RFC 5802 §3)
    std::array<char, 64> salted, key, signature;
    const std::size_t size = size_of(hash_);
    const std::string_view agreed[] = {
        {message_.data() + header_, message_.size() - header_}, ",", challenge, ",", unproven};
    const std::string_view of_client = "Client Key", of_server = "Server Key", client_key{key.data(), size};
    iterations_ = iterations;
    const bool done =
        library_.pbkdf2(hash_, with_->password.reveal(), {left.data(), *salt_size}, iterations, salted.data()) &&
        library_.hmac(hash_, {salted.data(), size}, {&of_client, 1}, key.data()) &&
        library_.hash(hash_, {&client_key, 1}, signature.data()) &&
        library_.hmac(hash_, {signature.data(), size}, agreed, signature.data()) &&
        library_.hmac(hash_, {salted.data(), size}, {&of_server, 1}, salted.data()) &&
        library_.hmac(hash_, {salted.data(), size}, agreed, server_signature_.data());
    if (done) {
        for (std::size_t i = 0; i != size; ++i) key[i] = static_cast<char>(key[i] ^ signature[i]);
        to.put(",p=");
        put_base64(to, client_key);
        message_ = {room.data(), to.written()};
        at_ = step::proof_sent;
    }
    wipe(salted);
    wipe(key);
    wipe(signature);
    return done ? errc::ok : errc::system_failure;
}

//   server-final-message = ("e=" server-error-value / "v=" base64) ["," extensions]                  (RFC 5802 §7)
//
// Of base64 there is one right way to write the signature, and so the texts are compared.
errc scram::verify(std::string_view said) noexcept {
    std::string_view rest = said;
    const std::string_view signature = take(rest, 'v');
    if (signature.empty()) return take(rest, 'e').empty() ? errc::malformed_challenge : errc::server_unproven;
    if (!are_optional(rest)) return errc::malformed_challenge;
    command_writer right{text_, 0};
    put_base64(right, {server_signature_.data(), size_of(hash_)});
    if (!same_secret({text_.data(), right.written()}, signature)) return errc::server_unproven;
    message_ = {};
    at_ = step::proven;
    return errc::ok;
}

// A 235 alone proves nothing: whoever took the server's place can say it, and have the mail.
errc scram::end(std::string_view additional) noexcept {
    const bool proven = at_ == step::proven || (at_ == step::proof_sent && verify(additional) == errc::ok);
    forget();
    return proven ? errc::ok : errc::server_unproven;
}

void scram::forget() noexcept {
    wipe(text_);
    wipe(server_signature_);
    with_ = nullptr;
    channel_ = nullptr;
    at_ = step::none;
    message_ = {};
}

} // namespace postrider

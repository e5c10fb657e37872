// dkim.hpp - DKIM signatures (RFC 6376, RFC 8463): who has sent a mail, and that it is as it was sent.
//
//     const postrider::dkim_signer signer{.domain = "a.example", .selector = "2026",
//                                         .key = postrider::dkim_key::from_file("/etc/dkim/2026.pem")};
//     client.send(postrider::sign(postrider::compose(message), signer));
//
// Sign twice, with an RSA key and with an Ed25519 one under a selector of its own, and each server takes what it knows.
#ifndef POSTRIDER_DKIM_HPP
#define POSTRIDER_DKIM_HPP

#include <postrider/errc.hpp>
#include <postrider/outgoing.hpp>
#include <postrider/secret.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

enum class dkim_algorithm : std::uint8_t {
    rsa_sha256,     ///< RFC 6376 §3.3.1; what every verifier knows
    ed25519_sha256, ///< RFC 8463; short, and not known to every verifier yet
};

/// A private key to sign with, or why there is none: then what is signed with it is a mail that is not sent, and says so.
/// Copies share the key, in memory of OpenSSL's that it wipes. Threads may sign with it at once.
class dkim_key {
public:
    dkim_key() noexcept = default; ///< none

    /// From a file in PEM: PKCS #8, encrypted or not, or the older form of RSA. RSA of 1024 bits or more (RFC 8301 §3.2; 2048
    /// are in use, and verifiers need not know more than 4096), or Ed25519. `std::bad_alloc` may pass.
    [[nodiscard]] static dkim_key from_file(std::string_view path, secret_view passphrase = {});
    /// The same from memory, which stays the caller's to wipe.
    [[nodiscard]] static dkim_key from_pem(secret_view pem, secret_view passphrase = {});

    explicit operator bool() const noexcept { return state_ != nullptr; }
    /// Why there is none, where, and what to do about it; empty also where nobody has asked for one.
    const std::string& problem() const noexcept { return problem_; }
    dkim_algorithm algorithm() const noexcept; ///< of the key that there is
    int bits() const noexcept;

    /// What verifiers have to find at `SELECTOR._domainkey.DOMAIN`, a TXT record: `v=DKIM1; k=rsa; p=...`. Beyond 255 octets
    /// it takes several strings in a zone file. Empty if there is no key.
    std::string dns_record() const;

    struct state; ///< the library's own
    const state* held() const noexcept { return state_.get(); }

private:
    std::shared_ptr<const state> state_{};
    std::string problem_{};
};

/// Who signs, and what. Where it says a domain that can be in U-labels (RFC 8616).
struct dkim_signer {
    std::string domain{};   ///< d=: who answers for the mail; for DMARC the domain of From, or one that is above it
    std::string selector{}; ///< s=: which of the keys of the domain
    dkim_key key{};

    // Header fields that are signed, each time that they occur. A name counts in the first of these lists that has it.

    /// Nobody can add one: where there is one more, or one where there was none, the signature fails. From is of them in any
    /// case.
    std::vector<std::string> oversigned{"From", "To", "Cc", "Reply-To", "Subject"};
    /// Nobody can add another one; but where there is none a server may add it (RFC 6409 §8), or what they say of the body.
    std::vector<std::string> oversigned_if_present{
        "Date",       "Message-ID",   "Sender",       "In-Reply-To",
        "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
    /// Others may add theirs, as those do who send a mail on, and mailing lists (RFC 6376 §5.4.1).
    std::vector<std::string> headers{"Resent-Date",    "Resent-From",       "Resent-Sender",    "Resent-To",
                                     "Resent-Cc",      "Resent-Message-ID", "List-Id",          "List-Help",
                                     "List-Post",      "List-Owner",        "List-Unsubscribe", "List-Unsubscribe-Post",
                                     "List-Subscribe", "List-Archive"};

    /// i=: for whom, `alice@a.example` or `@mail.a.example`: of the domain or below it. Empty: unsaid.
    std::string identity{};
    /// x=: how long from the signing, which is when the mail is sent, it counts; 0: unsaid. It does not keep anybody from
    /// sending the mail again before.
    std::chrono::seconds expires{};
};

/// The mail with a DKIM-Signature field in front of it, relaxed/relaxed, of the whole body (there is no l=): of what the engine
/// will send, so the content may have any line ends. Sign what is complete: a field that is added, or a blind copy that is
/// taken out, comes before. A mail with an `error` comes back as it is.
///
/// The signature is made each time that the mail is sent, from a content that is read once more for it; one that can be
/// pulled only once is copied as `stream_content` is. Of the mail the header block alone, 1 MB at most, is held in memory.
///
/// `outgoing::error`: `invalid_parameter`, with `problem`, what is wrong with the signer. When the content is described:
/// `invalid_message`: the header block has a line that is of no field, or not one From field; the content is binary (RFC 6376
/// §5.3) or a URL. `body_failed`: it cannot be read. `system_failure`: OpenSSL cannot sign, or a copy cannot be written.
[[nodiscard]] outgoing sign(outgoing mail, const dkim_signer& by);

} // namespace postrider

#endif

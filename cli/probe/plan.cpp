#include "plan.hpp"

#include <postrider/sasl.hpp>

#include <array>
#include <string_view>

namespace postrider::cli {
namespace {

constexpr std::size_t content_size = 1000;

/// Speaks what the library speaks, and says nothing: what counts is how often.
struct silent_exchange final : sasl_exchange {
    flags<mechanism> speaks() const noexcept override {
        flags<mechanism> all = strongest_down_to(mechanism::cram_md5);
        all.bits &= ~static_cast<std::uint32_t>(mechanism::external);
        return all;
    }
    errc begin(mechanism which, const credentials&, const tls_channel&, bool) noexcept override {
        client_first_ = which != mechanism::cram_md5;
        message_ = "x";
        return errc::ok;
    }
    errc answer(std::string_view) noexcept override { return errc::ok; }
    errc end(std::string_view) noexcept override { return errc::ok; }
    void forget() noexcept override {}
};

/// Challenges before the 235. SCRAM's last is the server's proof, for which RFC 4954 has no other place.
unsigned challenges(mechanism which) noexcept {
    switch (which) {
    case mechanism::login: return 2;
    case mechanism::cram_md5: return 1;
    case mechanism::scram_sha_1:
    case mechanism::scram_sha_256:
    case mechanism::scram_sha_512:
    case mechanism::scram_sha_1_plus:
    case mechanism::scram_sha_256_plus:
    case mechanism::scram_sha_512_plus: return 2;
    default: return 0;
    }
}

/// The reply that gave these lines.
std::string reply_of(const std::vector<std::string>& lines) {
    std::string text;
    for (std::size_t i = 0; i != lines.size(); ++i)
        text.append(i + 1 == lines.size() ? "250 " : "250-").append(lines[i]).append("\r\n");
    return text;
}

const probe_hello* hello(const probe_result& seen, bool encrypted) {
    for (const probe_hello& one : seen.hellos)
        if (one.encrypted == encrypted) return &one;
    return nullptr;
}

class rehearsal {
public:
    explicit rehearsal(const probe_result& seen) : seen_(seen) {}

    mail_plan run(const session_options& options) {
        mail_plan plan;
        std::string text{"Subject: Plan\r\n\r\n"};
        while (text.size() < content_size)
            text.append(std::min<std::size_t>(content_size - text.size() - 2, 70), 'x').append("\r\n");
        std::array<recipient, 1> whom{recipient{.forward_path = *mailbox::parse("recipient@example.org")}};
        mail one{.reverse_path = *mailbox::parse("sender@example.org"), .recipients = whom, .content = {.text = text}};
        implicit_ = options.implicit_tls;
        fly({"(connect)"});
        replies_ = "220 \r\n";
        if ((plan.error = session_.start(options)) != errc::ok) return plan;
        if ((plan.error = session_.send(one)) != errc::ok) return plan;
        const bool done = mail_done();
        if (!done || whom[0].result.what != outcome::accepted) {
            plan.error = done ? whom[0].result.error : errc::unexpected_reply;
            return plan;
        }
        plan.by = session_.authenticated_by();
        plan.first = std::exchange(flights_, {});
        static_cast<void>(session_.next(buffer_)); // `ready`
        whom[0] = {.forward_path = whom[0].forward_path};
        mail two{.reverse_path = one.reverse_path, .recipients = whom, .content = {.text = text}};
        if ((plan.error = session_.send(two)) == errc::ok && !mail_done()) plan.error = errc::unexpected_reply;
        plan.next = std::exchange(flights_, {});
        return plan;
    }

private:
    void fly(std::vector<std::string> lines, unsigned waits = 1) { flights_.push_back({std::move(lines), waits}); }

    /// False: the session has ended without it.
    bool mail_done() {
        for (;;) {
            const action a = session_.next(buffer_);
            switch (a.what) {
            case action::kind::write: wrote(a); break;
            case action::kind::tls: begin_tls(); break;
            case action::kind::credentials: return false;
            case action::kind::mail: return true;
            case action::kind::closed: return false;
            case action::kind::read:
                // At the end of a handshake of TLS 1.2 that comes first, the greeting comes too.
                if (a.where == phase::greeting && !greeting_came_) fly({"(greeting)"});
                if (!lines_.empty()) fly(std::exchange(lines_, {}));
                answer_ = std::exchange(replies_, {});
                session_.received(answer_);
                if (answer_.empty()) return false;
                break;
            default: break;
            }
        }
    }

    void begin_tls() {
        const bool two_trips = seen_.tls.version == tls_version::tls_1_2;
        greeting_came_ = implicit_ && two_trips;
        fly({std::string{"("}.append(name(seen_.tls.version)).append(")")}, two_trips ? 2 : 1);
        encrypted_ = true;
        // What is bound is not looked at by anybody here.
        const bool binds = !seen_.channel_binding.empty() || !is_verified(seen_.tls.verdict);
        session_.tls_started({true, "tls-exporter", binds ? "x" : ""});
    }

    void wrote(const action& a) {
        session_.wrote(a.octets.size());
        const bool of_content = a.where == phase::content && !a.octets.starts_with("BDAT ");
        if (!of_content) line_ += a.octets;
        if (!a.ends) return;
        while (line_.ends_with('\n') || line_.ends_with('\r')) line_.pop_back();
        if (of_content) line_ = std::string{"("}.append(std::to_string(content_size)).append(" octets of content)");
        if (a.where == phase::auth) hide();
        lines_.push_back(std::exchange(line_, {}));
        reply(a.where, of_content);
    }

    bool knows_no_ehlo() const {
        for (const probe_step& one : seen_.steps)
            if (one.where == phase::helo) return true;
        return false;
    }

    void hide() {
        if (!line_.starts_with("AUTH ")) line_ = "<hidden>";
        else if (const std::size_t end = line_.find(' ', 5); end != line_.npos)
            line_.replace(end + 1, line_.npos, "<hidden>");
    }

    void reply(phase where, bool of_content) {
        switch (where) {
        case phase::ehlo:
            if (knows_no_ehlo()) replies_ += "502 \r\n";
            else if (const probe_hello* const said = hello(seen_, encrypted_)) replies_ += reply_of(said->lines);
            break; // else nobody has asked what it says inside TLS, and it ends here
        case phase::starttls: replies_ += "220 \r\n"; break;
        case phase::auth:
            replies_ += ++said_of_auth_ <= challenges(session_.authenticated_by()) ? "334 eA==\r\n" : "235 \r\n";
            break;
        case phase::data:
            by_data_ = true;
            replies_ += "354 \r\n";
            break;
        case phase::content: // of BDAT its line, of DATA the content
            if (of_content == by_data_) replies_ += "250 \r\n";
            by_data_ = by_data_ && !of_content;
            break;
        default: replies_ += "250 \r\n";
        }
    }

    const probe_result& seen_;
    session<4096> session_{};
    std::array<char, 16384> buffer_{};
    std::vector<plan_flight> flights_{};
    std::vector<std::string> lines_{}; ///< of the flight that is put together
    std::string line_{};
    std::string replies_{}; ///< to it
    std::string answer_{};  ///< those that the session reads
    unsigned said_of_auth_ = 0;
    bool implicit_ = false;
    bool encrypted_ = false;
    bool greeting_came_ = false;
    bool by_data_ = false;
};

} // namespace

unsigned mail_plan::waits(const std::vector<plan_flight>& flights) noexcept {
    unsigned sum = 0;
    for (const plan_flight& one : flights) sum += one.waits;
    return sum;
}

mail_plan plan_for(const server& to, const probe_result& seen, plan_credentials with) {
    const client_options& said = to.options();
    const std::string& url = to.url();
    const bool implicit = url.starts_with("submissions:") || url.starts_with("smtps:");
    const bool local = url.find("+unix:") != url.npos;
    const auto name = domain::parse(seen.client_name);
    if (!name || seen.hellos.empty()) return {.error = errc::unexpected_reply};
    silent_exchange exchange;
    std::array<sasl_exchange*, 1> exchanges{&exchange};
    session_options options{.client = *name,
                            .lmtp = url.starts_with("lmtp"),
                            .tls = said.tls.policy.value_or(local ? tls_policy::outside : tls_policy::verified),
                            .implicit_tls = implicit,
                            .auth_with = said.auth_with,
                            .unused = said.unused,
                            .look_ahead = said.look_ahead};
    if (with != plan_credentials::none) {
        options.auth.user = "user";
        options.auth.allowed = said.auth.allowed;
        if (with == plan_credentials::password) options.auth.password = std::string_view{"password"};
        else options.auth.token = std::string_view{"token"};
        options.auth.exchanges = exchanges;
        options.auth.allow_cleartext_auth = true; // asked of what would be; `probe` itself has the user's word for it
    }
    return rehearsal{seen}.run(options);
}

} // namespace postrider::cli

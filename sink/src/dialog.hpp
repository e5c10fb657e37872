// The SMTP server's side of one connection, without its socket: octets in, decisions and replies out.
//
// Theory of operation. feed() takes the input apart as its mode says: command lines, answers to a 334,
// content up to the dot, octets of a BDAT. Everything that is answered goes through perform(): the script is
// asked what is to happen, the command is carried out (or not), its reply stands in the outbox, and what the
// script says about the reply is applied to it there. So each fault works for each command, and no command
// knows of faults.
//
// A mail is accepted, counted and stored when its 2yz is decided; whether the reply reaches the client is
// followed by position in the outbox. A pause or an end in the outbox stops feed(): a server that is slow or
// dead takes nothing more, and pipelined mails behind that point are not accepted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "content.hpp"
#include "dot_reader.hpp"
#include "outbox.hpp"
#include "parameters.hpp"
#include "sasl.hpp"
#include "service.hpp"

namespace postrider::sink {

class dialog {
public:
    dialog(service& service, outbox& out, std::uint64_t connection, const std::string& peer);

    void greet(bool full);
    // Takes what it can use of `input` and answers how much that was; the last `fresh` octets are new.
    std::size_t feed(std::string_view input, std::size_t fresh);
    void time_out();
    // STARTTLS was taken: TLS begins when all that is said has left.
    [[nodiscard]] bool starting_tls() const { return mode_ == mode::starttls; }
    // TLS is on. Whatever was known of the client before is forgotten (RFC 3207 section 4.2).
    void secured(const tls_state& tls);
    // The kernel has taken all up to outbox::sent().
    void sent();

    // What happened since the last time it was asked.
    struct tally {
        counts seen;
        ledger::verb_counts verbs{};
        std::vector<std::uint64_t> delivered; // mails, when they are kept
        bool authenticated = false;
    };
    tally& since() { return since_; }

    // Of the replies that were decided since the last time it was asked.
    struct answers {
        bool content = false;
        bool others = false; // but QUIT's
    };
    answers take_answers();
    void waited() { ++waits_; } // the client, for replies that leave now

    [[nodiscard]] const std::string& auth_user() const { return auth_user_; }
    [[nodiscard]] const std::string& auth_mechanism() const { return auth_mechanism_; }
    [[nodiscard]] bool quit() const { return quit_; }
    [[nodiscard]] std::vector<std::uint64_t> undelivered() const;

private:
    enum class mode { command, long_line, response, data, chunk, starttls };

    std::size_t feed_line(std::string_view input);
    std::size_t feed_data(std::string_view input);
    std::size_t feed_chunk(std::string_view input);
    std::size_t throw_away(std::string_view input);
    void take_line(std::string_view line);
    void take_command(std::string_view line);

    template <class Command>
    void perform(const effect& does, bool must_wait, Command&& run);
    void settle(std::uint64_t mark, const effect& does, bool must_wait);
    void tell_reply(std::string_view reply) const;
    [[nodiscard]] effect scripted(const occasion& what) const;
    [[nodiscard]] occasion command_event(verb verb, std::string_view line) const;

    void run(const command& command, const effect& does);
    void hello(const command& command);
    void offer();
    void starttls(std::string_view argument);
    void auth(std::string_view argument, const effect& does);
    void response(std::string_view line, const effect& does);
    void forget_auth();
    void continue_auth(const sasl_exchange::step& step);
    void mail_from(std::string_view argument);
    void rcpt_to(std::string_view argument);
    void data(std::string_view argument, const effect& does);
    void begin_chunk(const command& command);
    void open_chunk();
    void end_chunk();
    void burl(const command& command);
    void look_up(const command& command);
    void etrn(std::string_view argument);
    void xclient(std::string_view argument);
    void xforward(std::string_view argument);
    void say_welcome();

    // The configuration as it holds now: what is offered changes with TLS.
    [[nodiscard]] const config& offering() const { return tls_ != nullptr ? service_.over_tls : service_.config; }
    [[nodiscard]] const limits& limits_now() const;
    bool takes_domain(std::string_view address); // remembers it, too
    void object(const objection& why);

    void end_content(const effect& first);
    void answer_for_recipients(const effect& first);
    [[nodiscard]] bool too_big() const;
    bool accept(std::vector<recipient> recipients, std::uint64_t number);
    void say_accepted();
    void begin_transaction();
    void reset_transaction();

    void say(int code, std::string_view enhanced, std::string_view text, std::string_view more = {});
    void note_early(std::uint64_t from);
    [[nodiscard]] bool must_wait(verb verb) const;
    [[nodiscard]] bool lmtp() const { return service_.config.protocol == protocol::lmtp; }

    service& service_;
    outbox& out_;
    std::uint64_t connection_;
    std::string peer_;
    tally since_;
    answers answers_;

    mode mode_ = mode::command;
    bool greeted_ = false;
    bool extended_ = false; // EHLO or LHLO was accepted
    bool refused_ = false;  // the greeting was no 2yz
    bool quit_ = false;
    bool leaving_ = false; // the reply just said is the last
    verb hello_verb_ = verb::unknown;
    std::string hello_;
    const tls_state* tls_ = nullptr; // of the connection's stream, once it has TLS
    std::unique_ptr<sasl_exchange> exchange_;
    std::string auth_user_, auth_as_, auth_mechanism_;
    bool authenticated_ = false;
    bool secret_may_follow_ = false; // an AUTH was refused, and its answer may be on its way as a command

    // The transaction.
    bool has_mail_ = false;
    mail_terms terms_;
    bool chunked_ = false;       // a BDAT has been taken
    bool chunk_refused_ = false; // so no further one may be
    std::size_t rcpt_seen_ = 0;
    std::uint64_t accepted_recipients_ = 0;
    mail mail_;
    content content_;
    dot_reader dots_;
    std::uint64_t chunk_left_ = 0;
    bool chunk_last_ = false;
    std::string chunk_refusal_; // the reply that is due once the octets are gone
    effect chunk_effect_;
    std::vector<parameter> parameters_;
    std::vector<std::string> domains_; // of recipients, on this connection; only where they are limited

    // What is being answered, for events: a verb and its argument, or another name and a recipient.
    std::string_view answering_ = "greeting", answering_for_;
    std::uint64_t waits_ = 1; // the connect

    // Counted for the script.
    std::uint64_t commands_ = 0, responses_ = 0, contents_ = 0;
    ledger::verb_counts verbs_seen_{};

    // Positions in the input, for early octets.
    std::uint64_t arrived_ = 0, consumed_ = 0, counted_early_ = 0;
    std::uint64_t must_wait_until_ = 0; // position in the output

    struct promise {
        std::uint64_t mail;
        std::uint64_t reply_end;
    };
    std::uint64_t fresh_mail_ = 0;  // accepted by the command that is being performed
    std::vector<promise> promises_; // accepted; the first of them were delivered
    std::size_t kept_promises_ = 0;
};

template <class Command>
void dialog::perform(const effect& does, bool must_wait, Command&& run) {
    const std::uint64_t mark = out_.end();
    if (does.carries_out()) run();
    settle(mark, does, must_wait);
}

} // namespace postrider::sink

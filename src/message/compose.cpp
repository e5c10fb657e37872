#include "message/composing.hpp"

#include "message/identity.hpp"
#include "postrider/io/idn2.hpp"
#include "postrider/mailbox.hpp"

#include <unordered_set>

namespace postrider {

namespace {

bool read_addresses(const std::vector<any_address>& from, std::string_view member, std::vector<written_address>& to,
                    refusal& no) {
    for (std::size_t i = 0; i != from.size(); ++i) {
        std::string problem;
        if (!read_address(from[i], to.emplace_back(), problem))
            return no(errc::invalid_mailbox, element(member, i), problem);
    }
    return true;
}

bool read_correspondents(const message& from, correspondents& to, refusal& no) {
    if (from.from.empty()) return no(errc::invalid_message, "from", "there is no author: say who writes this");
    if (!read_addresses(from.from, "from", to.from, no) ||
        !read_addresses(from.reply_to, "reply_to", to.reply_to, no) || !read_addresses(from.to, "to", to.to, no) ||
        !read_addresses(from.cc, "cc", to.cc, no) || !read_addresses(from.bcc, "bcc", to.bcc, no))
        return false;
    std::string problem;
    if (from.sender) {
        if (!read_address(*from.sender, to.sender.emplace_back(), problem))
            return no(errc::invalid_mailbox, "sender", problem);
    } else if (to.from.size() > 1) {
        to.sender.push_back(to.from.front()); // RFC 5322 §3.6.2: with more than one author there has to be one
    }
    if (to.to.empty() && to.cc.empty() && to.bcc.empty())
        return no(errc::no_recipients, "to", "there is no recipient: say one in `to`, `cc` or `bcc`");
    return true;
}

bool make_envelope(const message& from, const correspondents& who, envelope& to, refusal& no) {
    to.delivery = from.delivery;
    if (from.tls_optional && from.delivery.require_tls)
        return no(errc::invalid_message, "tls_optional",
                  "it contradicts `delivery.require_tls` (RFC 8689 §5): choose one");
    if (!from.envelope_from) {
        to.from = who.sender.empty() ? who.from.front().mailbox : who.sender.front().mailbox;
    } else if (*from.envelope_from != "<>") {
        std::string problem = objection_to_text(*from.envelope_from);
        if (!problem.empty() || !read_mailbox(*from.envelope_from, to.from, problem))
            return no(errc::invalid_mailbox, "envelope_from", problem.append("; the null path is `<>`"));
    }
    std::unordered_set<std::string> known;
    for (const auto* addresses : {&who.to, &who.cc, &who.bcc})
        for (const written_address& address : *addresses)
            if (known.insert(message_detail::folded_domain(address.mailbox)).second)
                to.to.push_back({.address = address.mailbox});
    return true;
}

/// `random@domain`, the domain being the first author's.
bool make_message_id(const correspondents& who, std::string& id, refusal& no) {
    const std::string random = message_detail::random_word();
    if (random.empty()) return no(errc::system_failure, "message_id", "the system has no random octets");
    const auto author = mailbox::frame(who.from.front().mailbox);
    std::string domain;
    if (!author || domain_to_ascii(author->domain_part(), domain) != errc::ok)
        return no(errc::invalid_mailbox, "from[0]",
                  "its domain has no A-labels (IDNA 2008), which `message_id` is made of");
    id = std::string{"<"}.append(random).append("@").append(domain).append(">");
    return true;
}

bool make_content(const message& from, const correspondents& who, const identity& is, outgoing& to, refusal& no) {
    header_writer header;
    if (!write_header(from, who, is, header, no)) return false;
    const std::string unique = message_detail::random_word();
    if (unique.empty()) return no(errc::system_failure, "message", "the system has no random octets");
    entity body;
    if (!make_body(from, unique, body, no)) return false;
    const bool eight_bit = body.eight_bit;
    std::vector<segment> segments(1);
    segments.front().text = header.take();
    flatten(std::move(body), segments);
    for (const segment& s : segments) {
        const std::string objection = objection_to_block(s.text, who.utf8_header());
        if (!objection.empty()) return no(errc::invalid_message, "message", objection);
    }
    auto content = std::make_shared<composed_content>(std::move(segments), eight_bit, who.utf8_header());
    mail_content facts;
    no.error = content->describe(facts, no.problem); // what cannot be read is said here, not when it is due
    to.content = std::move(content);
    return no.error == errc::ok;
}

/// `date` and `message_id`, where they are given, are used, and filled in where they are not.
bool compose_as(const message& from, std::optional<std::chrono::sys_seconds>& date, std::string& message_id,
                outgoing& to, refusal& no) {
    correspondents who;
    if (!read_correspondents(from, who, no) || !make_envelope(from, who, to.envelope, no)) return false;
    if (!date) date = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    if (message_id.empty() && !make_message_id(who, message_id, no)) return false;
    to.message_id = message_id;
    // RFC 5322 §3.6.2: a sender who is the author is not said.
    if (who.from.size() == 1 && !who.sender.empty() &&
        message_detail::folded_domain(who.sender.front().mailbox) ==
            message_detail::folded_domain(who.from.front().mailbox))
        who.sender.clear();
    return make_content(from, who, {*date, message_id}, to, no);
}

outgoing result(bool composed, outgoing&& mail, refusal&& no) {
    if (composed) return std::move(mail);
    return {.envelope = std::move(mail.envelope), .error = no.error, .problem = std::move(no.problem)};
}

} // namespace

bool correspondents::utf8_header() const noexcept {
    for (const auto* addresses : {&from, &sender, &reply_to, &to, &cc})
        for (const written_address& address : *addresses)
            if (address.utf8()) return true;
    return false;
}

outgoing compose(message& from) {
    outgoing mail;
    refusal no;
    const bool composed = compose_as(from, from.date, from.message_id, mail, no);
    return result(composed, std::move(mail), std::move(no));
}

outgoing compose(const message& from) {
    outgoing mail;
    refusal no;
    std::optional<std::chrono::sys_seconds> date = from.date;
    std::string message_id = from.message_id;
    const bool composed = compose_as(from, date, message_id, mail, no);
    return result(composed, std::move(mail), std::move(no));
}

outgoing compose(message&& from) { return compose(from); }

} // namespace postrider

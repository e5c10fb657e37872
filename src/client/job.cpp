#include "job.hpp"

#include "explain.hpp"

#include "content/printable.hpp"
#include "postrider/io/idn2.hpp"

#include <algorithm>

namespace postrider::client_detail {
namespace {

int rank(outcome what) noexcept {
    switch (what) {
    case outcome::unknown: return 4;
    case outcome::deferred: return 3;
    case outcome::not_attempted: return 2;
    case outcome::rejected: return 1;
    default: return 0;
    }
}

mail_parameters parameters_of(const delivery& d) noexcept {
    mail_parameters p;
    p.ret = d.ret;
    p.envelope_id = d.envelope_id;
    p.auth = d.auth;
    p.auth_unknown = d.auth_unknown;
    p.by = d.by;
    p.by_seconds = d.by_seconds;
    p.by_trace = d.by_trace;
    p.prioritised = d.prioritised;
    p.priority = d.priority;
    p.hold_seconds = d.hold_seconds;
    p.hold_until = d.hold_until;
    p.require_tls = d.require_tls;
    return p;
}

/// What needs an extension, and goes without where there is none, unless it is `required`.
flags<extension> asked_for(const envelope& e) noexcept {
    const delivery& d = e.delivery;
    const bool of_one = std::any_of(e.to.begin(), e.to.end(), [](const envelope_recipient& r) {
        return !r.notify.empty() || !r.original_recipient.empty();
    });
    flags<extension> asked;
    if (of_one || !d.notify.empty() || d.ret != return_content::unsaid || !d.envelope_id.empty())
        asked.add(extension::dsn);
    if (d.auth_unknown || !d.auth.empty()) asked.add(extension::auth);
    if (d.by != by_mode::unsaid) asked.add(extension::deliver_by);
    if (d.prioritised) asked.add(extension::mt_priority);
    if (d.hold_seconds != 0 || !d.hold_until.empty()) asked.add(extension::future_release);
    return asked;
}

/// "bob@b.example rejected at RCPT: 550 5.1.1 No such user; ...". Those of whom the same was said stand together, and three of
/// them by name: a "no" to AUTH or to the content is one for each of perhaps a thousand recipients.
std::string shown(const std::vector<recipient_result>& all) {
    constexpr std::size_t named = 3;
    constexpr std::size_t most = 5;
    std::vector<std::string> said(all.size()); // behind the addresses; empty: nothing
    for (std::size_t i = 0; i != all.size(); ++i)
        if (all[i].what != outcome::accepted && all[i].code != 0)
            said[i]
                .append(name(all[i].what))
                .append(" at ")
                .append(name(all[i].where))
                .append(": ")
                .append(reply_text(all[i].code, all[i].enhanced, all[i].text));
    std::string out;
    std::size_t sentences = 0, left = 0;
    for (std::size_t i = 0; i != all.size(); ++i) {
        if (said[i].empty()) continue;
        if (sentences == most) {
            ++left;
            continue;
        }
        ++sentences;
        if (!out.empty()) out += "; ";
        std::size_t number = 0;
        for (std::size_t k = i; k != all.size(); ++k) {
            if (said[k] != said[i]) continue;
            if (++number <= named) out.append(number == 1 ? "" : ", ").append(all[k].address);
            if (k != i) said[k].clear();
        }
        if (number > named) out.append(" and ").append(std::to_string(number - named)).append(" more");
        out.append(" ").append(said[i]);
    }
    if (left != 0)
        out.append("; and ").append(std::to_string(left)).append(" more were not accepted: see `recipients`");
    return out;
}

} // namespace

std::string text_of(const reply& said) { return content_detail::without_c1(said.text); }

outcome worst(const std::vector<recipient_result>& recipients) noexcept {
    outcome found = recipients.empty() ? outcome::not_attempted : outcome::accepted;
    for (const recipient_result& r : recipients)
        if (rank(r.what) > rank(found)) found = r.what;
    return found;
}

/// Mails that share a content are sent from readers of their own.
void job::take_content() {
    if (!source.content || source.error != errc::ok) return;
    if (auto own = source.content->clone()) {
        source.content = std::move(own);
    } else if (!(leased_ = source.content->lease())) {
        source.error = errc::wrong_state;
        source.problem =
            "its content is being sent with another mail: give each mail a content of its own, or one with a `clone`";
    }
}

void job::start_result() {
    result = {};
    result.message_id = source.message_id;
    for (const envelope_recipient& r : source.envelope.to) result.recipients.push_back({.address = r.address});
}

errc job::fail(errc why, std::string text) {
    give_up(why, phase::connect, std::move(text));
    return why;
}

errc job::take_address(const char* what, const std::string& text, std::string& ascii, mailbox& to) {
    const auto is_not = [&](std::string_view rest) {
        std::string problem{what};
        problem.append(": `").append(content_detail::printable(text)).append("` is not ").append(rest);
        return fail(errc::invalid_mailbox, std::move(problem));
    };
    ascii = text;
    const bool plain =
        std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (!plain && mailbox_to_ascii(text, ascii) != errc::ok) return is_not("UTF-8, or its domain is none (RFC 5891)");
    const auto parsed = mailbox::parse_utf8(ascii);
    if (!parsed)
        return is_not(
            "a mailbox of the form local-part@domain (RFC 5321 §4.1.2); names and comments belong into the message");
    to = *parsed;
    return errc::ok;
}

errc job::prepare() {
    if (tries != 0) start_result();
    const envelope& e = source.envelope;
    if (source.error != errc::ok) return fail(source.error, source.problem);
    if (e.to.empty()) return fail(errc::no_recipients, "the envelope has no recipient: give at least one in `to`");
    if (!source.content) return fail(errc::invalid_message, "there is no content: give one in `content`");

    addresses.assign(e.to.size() + 1, {});
    recipients.assign(e.to.size(), {});
    mail = {};
    if (!e.from.empty())
        if (const errc bad = take_address("from", e.from, addresses.back(), mail.reverse_path); bad != errc::ok)
            return bad;
    for (std::size_t i = 0; i != e.to.size(); ++i) {
        recipient& r = recipients[i];
        if (const errc bad = take_address("to", e.to[i].address, addresses[i], r.forward_path); bad != errc::ok)
            return bad;
        r.notify = e.to[i].notify.empty() ? e.delivery.notify : e.to[i].notify;
        r.original_recipient = e.to[i].original_recipient;
    }
    parameters = parameters_of(e.delivery);
    mail.recipients = recipients;
    mail.parameters = &parameters;
    mail.policy = e.delivery.policy;
    mail.required = e.delivery.required;
    std::string problem;
    if (const errc bad = source.content->describe(mail.content, problem); bad != errc::ok) {
        if (problem.empty()) problem = describe(bad);
        return fail(bad, std::move(problem));
    }
    size = mail.content.size;
    if (!mail.content.pulled) {
        size = mail.content.text.size();
        for (const std::string_view part : mail.content.more) size += part.size();
    }
    return errc::ok;
}

void job::refused(std::size_t recipient, const reply& said) {
    const std::string text = text_of(said);
    const auto tell = [&](recipient_result& r) {
        if (r.text.empty()) r.text = text; // the first refusal decides
    };
    if (recipient != all_recipients) return tell(result.recipients[recipient]);
    for (recipient_result& r : result.recipients) tell(r);
}

void job::settle(const reply& said, const counters& now, const server::state& to, flags<extension> offered) {
    const bool lmtp = to.at.lmtp; // each recipient has a reply of its own to the content
    // Of the replies that have taken it the last is known: over LMTP the last recipient's, and where it took several transactions
    // that of whoever was in the last one.
    const bool taken = said.code / 100 == 2;
    const bool for_all = taken && !lmtp && mail.progress.transactions() == 1;
    if (taken) {
        result.reply = text_of(said);
        result.queue_id = queue_id(result.reply);
    }
    for (std::size_t i = 0; i != recipients.size(); ++i) {
        const status& s = recipients[i].result;
        recipient_result& r = result.recipients[i];
        r.what = s.what;
        r.error = s.error;
        r.where = s.where;
        r.code = s.code;
        r.enhanced = s.enhanced;
        if (s.what == outcome::accepted)
            r.text = for_all || (lmtp && taken && i + 1 == recipients.size()) ? result.reply : "";
        if (s.code == 0) r.text.clear();
    }
    result.what = worst(result.recipients);
    for (const recipient_result& r : result.recipients) {
        if (r.what == outcome::accepted) continue;
        if (result.error == errc::ok && (r.what == result.what)) result.error = r.error;
    }
    if (result.what != outcome::accepted) result.text += shown(result.recipients);
    if (mail.progress.transactions() != 0)
        result.left_out.bits = asked_for(source.envelope).bits & ~(offered.bits & ~to.options.unused.bits);
    result.waits = now.waits - before.waits;
    result.octets_sent = now.sent - before.sent;
    result.octets_received = now.received - before.received;
    result.content_octets = mail.progress.content_octets();
    result.timings = now.timings;
    for (std::size_t i = 0; i != now.timings.waited.size(); ++i)
        result.timings.waited[i] = now.timings.waited[i] - before.timings.waited[i];
    result.timings.lookup -= before.timings.lookup;
    result.timings.connect -= before.timings.connect;
    result.timings.proxy -= before.timings.proxy;
    result.timings.tls = result.timings.in(phase::starttls);
    result.timings.total = clock::now() - begun;
}

std::uint64_t job::octets_on_the_wire() const noexcept {
    const mail_content& c = mail.content;
    if (c.pulled || c.kind == octets::binary) return size;
    content_facts facts;
    facts.look_through(c.text);
    for (const std::string_view part : c.more) facts.look_through(part);
    facts.end();
    return facts.size + (facts.line_start ? 0 : 2);
}

void job::give_up(errc why, phase where, std::string text) {
    if (!is_mail()) {
        answer = {.error = why, .text = std::move(text)};
        return;
    }
    for (recipient_result& r : result.recipients) {
        r.error = why;
        r.where = where;
    }
    result.what = outcome::not_attempted;
    result.error = why;
    result.text = std::move(text);
    result.timings.total = clock::now() - begun;
}

} // namespace postrider::client_detail

#include "parameters.hpp"

#include <array>

#include "command.hpp"
#include "sasl.hpp"

namespace postrider::sink {

namespace {

using verdict = std::optional<objection>;

verdict malformed(const parameter& one) { return objection{501, "5.5.4", "Syntax error in " + one.keyword}; }
verdict fine_if(bool well_formed, const parameter& one) { return well_formed ? verdict{} : malformed(one); }
verdict not_implemented(const parameter& one) {
    return objection{555, "5.5.4", "Parameter " + one.keyword + " not implemented"};
}

// RFC 1870
verdict size(const parameter& one, const config& config, mail_terms&) {
    const auto octets = parse_number(one.value);
    if (!octets) return malformed(one);
    if (config.max_message_octets == 0 || *octets <= config.max_message_octets) return std::nullopt;
    return objection{552, "5.3.4", "Message size exceeds fixed limit"};
}

// RFC 6152, RFC 3030
verdict body(const parameter& one, const config& config, mail_terms& terms) {
    const extensions& offers = config.offers;
    terms.binary = same_letters(one.value, "BINARYMIME");
    if (same_letters(one.value, "7BIT") && (offers.eight_bit_mime || offers.binary_mime)) return std::nullopt;
    if (same_letters(one.value, "8BITMIME") && offers.eight_bit_mime) return std::nullopt;
    if (terms.binary && offers.binary_mime && offers.chunking) return std::nullopt;
    return not_implemented(one);
}

verdict smtputf8(const parameter& one, const config&, mail_terms& terms) {
    terms.utf8 = one.value.empty();
    return fine_if(terms.utf8, one);
}

// RFC 4954 section 5
verdict auth(const parameter& one, const config&, mail_terms&) {
    return fine_if(one.value == "<>" || is_xtext(one.value), one);
}

// RFC 3461
verdict ret(const parameter& one, const config&, mail_terms&) {
    return fine_if(same_letters(one.value, "FULL") || same_letters(one.value, "HDRS"), one);
}
verdict envid(const parameter& one, const config&, mail_terms&) {
    return fine_if(one.value.size() <= 100 && is_xtext(one.value), one);
}

// by-value = ["-" / "+"] 1*9DIGIT ";" ("N" / "R") ["T"]; nullopt if it is none.
struct by_value {
    std::int64_t seconds = 0;
    bool returns = false;
};
std::optional<by_value> parse_by(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const std::size_t semicolon = text.find(';');
    if (semicolon == 0 || semicolon > 9) return std::nullopt;
    const auto seconds = parse_number(text.substr(0, semicolon));
    const std::string_view mode = text.substr(semicolon + 1);
    by_value value;
    value.returns = same_letters(mode, "R") || same_letters(mode, "RT");
    if (!seconds || (!value.returns && !same_letters(mode, "N") && !same_letters(mode, "NT"))) return std::nullopt;
    value.seconds = static_cast<std::int64_t>(*seconds) * (negative ? -1 : 1);
    if (value.returns && value.seconds <= 0) return std::nullopt;
    return value;
}

// RFC 2852
verdict by(const parameter& one, const config& config, mail_terms&) {
    const auto value = parse_by(one.value);
    if (!value) return malformed(one);
    if (!value->returns || value->seconds >= static_cast<std::int64_t>(config.deliverby_minimum)) return std::nullopt;
    return objection{501, "5.5.4", "That is less than the minimum by-time"};
}

// priority-value = (["-"] NZDIGIT) / "0" (RFC 6710 section 7)
verdict mt_priority(const parameter& one, const config&, mail_terms&) {
    std::string_view text = one.value;
    if (text == "0") return std::nullopt;
    if (text.starts_with('-')) text.remove_prefix(1);
    return fine_if(text.size() == 1 && text[0] >= '1' && text[0] <= '9', one);
}

// future-release-integer = %x31-39 *8DIGIT (RFC 4865 section 4)
verdict hold_for(const parameter& one, const config& config, mail_terms&) {
    const auto seconds = parse_number(one.value);
    if (!seconds || one.value.size() > 9 || one.value[0] == '0') return malformed(one);
    if (*seconds <= config.futurerelease_seconds) return std::nullopt;
    return objection{501, "5.5.4", "That is later than mails are held"};
}

// RFC 3339, in UTC: 2030-01-31T12:00:00Z. Two of the same form compare as text.
verdict hold_until(const parameter& one, const config& config, mail_terms&) {
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
    bool fits = one.value.size() == form.size();
    for (std::size_t i = 0; fits && i < form.size(); ++i)
        fits = form[i] == 'd' ? one.value[i] >= '0' && one.value[i] <= '9' : one.value[i] == form[i];
    const auto within = [&](std::size_t at, std::string_view first, std::string_view last) {
        const std::string_view two = std::string_view{one.value}.substr(at, 2);
        return two >= first && two <= last;
    };
    if (!fits || !within(5, "01", "12") || !within(8, "01", "31") || !within(11, "00", "23") ||
        !within(14, "00", "59") || !within(17, "00", "60"))
        return malformed(one);
    if (one.value <= config.futurerelease_until) return std::nullopt;
    return objection{501, "5.5.4", "That is later than mails are held"};
}

verdict requiretls(const parameter& one, const config&, mail_terms&) { return fine_if(one.value.empty(), one); }

// A row for each parameter of MAIL.
struct mail_keyword {
    std::string_view name;
    bool (*offered)(const config&);
    verdict (*judge)(const parameter&, const config&, mail_terms&);
};
constexpr std::array mail_keywords{
    mail_keyword{"SIZE", [](const config& c) { return c.offers.size; }, size},
    mail_keyword{"BODY", [](const config&) { return true; }, body},
    mail_keyword{"SMTPUTF8", [](const config& c) { return c.offers.smtputf8; }, smtputf8},
    mail_keyword{"AUTH", auth_offered, auth},
    mail_keyword{"RET", [](const config& c) { return c.offers.dsn; }, ret},
    mail_keyword{"ENVID", [](const config& c) { return c.offers.dsn; }, envid},
    mail_keyword{"BY", [](const config& c) { return c.offers.deliverby; }, by},
    mail_keyword{"MT-PRIORITY", [](const config& c) { return c.offers.mt_priority; }, mt_priority},
    mail_keyword{"HOLDFOR", [](const config& c) { return c.offers.futurerelease; }, hold_for},
    mail_keyword{"HOLDUNTIL", [](const config& c) { return c.offers.futurerelease; }, hold_until},
    mail_keyword{"REQUIRETLS", [](const config& c) { return c.offers.requiretls && c.requiretls_in_clear; },
                 requiretls},
};

verdict judge_mail_parameter(const parameter& one, const config& config, mail_terms& terms) {
    for (const auto& known : mail_keywords)
        if (known.name == one.keyword && known.offered(config)) return known.judge(one, config, terms);
    // What an extra EHLO line names is offered, whatever it means.
    for (const auto& line : config.offers.extra)
        if (same_letters(std::string_view{line}.substr(0, line.find(' ')), one.keyword)) return std::nullopt;
    return not_implemented(one);
}

const parameter* find(const std::vector<parameter>& all, std::string_view keyword) {
    for (const auto& one : all)
        if (one.keyword == keyword) return &one;
    return nullptr;
}

// esmtp-value of NOTIFY = "NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY") (RFC 3461 section 4.1)
bool is_notify(std::string_view text) {
    if (same_letters(text, "NEVER")) return true;
    for (;;) {
        const std::size_t comma = text.find(',');
        const std::string_view when = text.substr(0, comma);
        if (!same_letters(when, "SUCCESS") && !same_letters(when, "FAILURE") && !same_letters(when, "DELAY"))
            return false;
        if (comma == std::string_view::npos) return true;
        text.remove_prefix(comma + 1);
    }
}

// ORCPT = addr-type ";" xtext (RFC 3461 section 4.2), or with SMTPUTF8 what RFC 6533 allows.
bool is_orcpt(std::string_view text, bool utf8) {
    const std::size_t semicolon = text.find(';');
    return semicolon != 0 && semicolon != std::string_view::npos && (utf8 || is_xtext(text.substr(semicolon + 1)));
}

} // namespace

std::optional<objection> judge_mail_parameters(const std::vector<parameter>& all, const config& config, bool extended,
                                               mail_terms& terms) {
    for (const auto& one : all)
        if (auto why = extended ? judge_mail_parameter(one, config, terms) : not_implemented(one)) return why;
    const parameter* const held = find(all, "HOLDFOR");
    if (held == nullptr || !config.offers.futurerelease) return std::nullopt;
    if (find(all, "HOLDUNTIL") != nullptr) return objection{501, "5.5.4", "HOLDFOR or HOLDUNTIL, not both"};
    const parameter* const due = config.offers.deliverby ? find(all, "BY") : nullptr;
    if (due == nullptr || parse_by(due->value)->seconds >= static_cast<std::int64_t>(*parse_number(held->value)))
        return std::nullopt;
    return objection{501, "5.5.4", "Held for longer than BY allows"}; // RFC 4865 section 5.2.2
}

std::optional<objection> judge_rcpt_parameters(const std::vector<parameter>& all, const config& config, bool extended,
                                               const mail_terms& terms) {
    for (const auto& one : all) {
        const bool notify = one.keyword == "NOTIFY";
        if (!extended || !config.offers.dsn || (!notify && one.keyword != "ORCPT")) return not_implemented(one);
        if (!(notify ? is_notify(one.value) : is_orcpt(one.value, terms.utf8))) return malformed(one);
    }
    return std::nullopt;
}

} // namespace postrider::sink

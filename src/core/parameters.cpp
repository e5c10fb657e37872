#include "core/parameters.hpp"

#include "core/chars.hpp"

namespace postrider {

namespace {

constexpr std::uint32_t nine_digits = 999'999'999;

/// How many octets `text`, which is printable, has as xtext (RFC 3461 §4).
constexpr std::size_t xtext_size(std::string_view text) noexcept {
    std::size_t size = 0;
    for (const char c : text) size += c > ' ' && c != '+' && c != '=' ? 1 : 3;
    return size;
}

constexpr bool is_printable(std::string_view text) noexcept {
    for (const char c : text)
        if (static_cast<unsigned char>(c) > 126 || is_control(c)) return false;
    return true;
}

} // namespace

errc check_parameters(const mail& m) noexcept {
    for (const recipient& r : m.recipients) {
        // RFC 3461 §4.1: NEVER stands alone. §4.2: the original recipient is 500 octets at most, the line 512 and what the
        // extensions add.
        if (r.notify.has(notify::nothing) && r.notify.bits != static_cast<std::uint32_t>(notify::nothing))
            return errc::invalid_parameter;
        if (!is_printable(r.original_recipient) || xtext_size(r.original_recipient) > 480)
            return errc::invalid_parameter;
    }
    if (m.parameters == nullptr) return errc::ok;
    const mail_parameters& p = *m.parameters;
    const bool envelope_id = is_printable(p.envelope_id) && xtext_size(p.envelope_id) <= 100; // RFC 3461 §4.4
    const bool auth = is_printable(p.auth) && xtext_size(p.auth) <= 490 && (p.auth.empty() || !p.auth_unknown);
    const bool by = p.by_seconds <= static_cast<std::int32_t>(nine_digits) &&
                    p.by_seconds >= -static_cast<std::int32_t>(nine_digits) &&
                    (p.by != by_mode::return_mail || p.by_seconds > 0); // RFC 2852 §4
    const bool priority = p.priority >= -9 && p.priority <= 9;          // RFC 6710 §4
    // RFC 4865 §3: MAIL grows by 34 octets at most. §5.2.1: it is released before it is due.
    const bool until = p.hold_until.empty() ||
                       (p.hold_seconds == 0 && p.hold_until.size() <= 23 && date_time_number(p.hold_until) != 0);
    const bool hold =
        p.hold_seconds <= nine_digits && until &&
        (p.by == by_mode::unsaid || p.hold_seconds == 0 || p.by_seconds > static_cast<std::int32_t>(p.hold_seconds));
    return envelope_id && auth && by && priority && hold ? errc::ok : errc::invalid_parameter;
}

bool can_be_held(const mail_parameters& p, const capabilities& offered) noexcept {
    return (offered.hold_max == 0 || p.hold_seconds <= offered.hold_max) &&
           (offered.hold_until_max == 0 || p.hold_until.empty() ||
            date_time_number(p.hold_until) <= offered.hold_until_max);
}

void put_mail_parameters(command_writer& to, const mail_parameters& p, flags<extension> usable) noexcept {
    if (usable.has(extension::dsn)) {
        if (p.ret != return_content::unsaid) to.put(p.ret == return_content::full ? " RET=FULL" : " RET=HDRS");
        if (!p.envelope_id.empty()) {
            to.put(" ENVID=");
            to.put_xtext(p.envelope_id);
        }
    }
    if (usable.has(extension::auth) && (p.auth_unknown || !p.auth.empty())) {
        to.put(" AUTH=");
        if (p.auth_unknown) to.put("<>");
        else to.put_xtext(p.auth);
    }
    if (usable.has(extension::deliver_by) && p.by != by_mode::unsaid) {
        to.put(p.by_seconds < 0 ? " BY=-" : " BY=");
        to.put_number(static_cast<std::uint32_t>(p.by_seconds < 0 ? -p.by_seconds : p.by_seconds));
        to.put(p.by == by_mode::notify ? ";N" : ";R");
        if (p.by_trace) to.put("T");
    }
    if (usable.has(extension::mt_priority) && p.prioritised) {
        to.put(p.priority < 0 ? " MT-PRIORITY=-" : " MT-PRIORITY=");
        to.put_number(static_cast<std::uint32_t>(p.priority < 0 ? -p.priority : p.priority));
    }
    if (usable.has(extension::future_release)) {
        if (p.hold_seconds != 0) {
            to.put(" HOLDFOR=");
            to.put_number(p.hold_seconds);
        } else if (!p.hold_until.empty()) {
            to.put(" HOLDUNTIL=");
            to.put(p.hold_until);
        }
    }
    if (p.require_tls) to.put(" REQUIRETLS");
}

void put_rcpt_parameters(command_writer& to, const recipient& r, flags<extension> usable) noexcept {
    if (!usable.has(extension::dsn)) return;
    static constexpr std::string_view words[] = {"SUCCESS", "FAILURE", "DELAY", "NEVER"}; // in the order of the flags
    std::string_view between = " NOTIFY=";
    for (std::uint32_t i = 0; i != 4; ++i) {
        if ((r.notify.bits >> i & 1) == 0) continue;
        to.put(between);
        to.put(words[i]);
        between = ",";
    }
    if (r.original_recipient.empty()) return;
    to.put(" ORCPT=rfc822;");
    to.put_xtext(r.original_recipient);
}

} // namespace postrider

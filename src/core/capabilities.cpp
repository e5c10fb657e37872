#include "postrider/capabilities.hpp"

#include "core/chars.hpp"
#include "postrider/config.hpp"

#include <limits>

namespace postrider {

namespace {

/// In the order of the flags of `extension`; each ends with a NUL.
constexpr const char* keywords() noexcept {
    if constexpr (config::all_extensions)
        return "AUTH\0PIPELINING\0SIZE\08BITMIME\0CHUNKING\0SMTPUTF8\0DSN\0BINARYMIME\0LIMITS\0DELIVERBY\0MT-PRIORITY\0"
               "FUTURERELEASE\0REQUIRETLS\0BURL\0XCLIENT\0XFORWARD\0ETRN\0VRFY\0EXPN\0HELP\0ENHANCEDSTATUSCODES\0"
               "STARTTLS\0";
    else if constexpr (config::chunking) return "AUTH\0PIPELINING\0SIZE\08BITMIME\0CHUNKING\0";
    else if constexpr (config::parameters) return "AUTH\0PIPELINING\0SIZE\08BITMIME\0";
    else return config::pipelining ? "AUTH\0PIPELINING\0" : "AUTH\0";
}

/// In the order of the flags of `mechanism`; each ends with a NUL, and is empty where it is left out.
constexpr const char* mechanism_names() noexcept {
    if constexpr (config::all_mechanisms)
        return "ANONYMOUS\0LOGIN\0PLAIN\0XOAUTH2\0OAUTHBEARER\0CRAM-MD5\0SCRAM-SHA-1\0SCRAM-SHA-256\0SCRAM-SHA-512\0"
               "SCRAM-SHA-1-PLUS\0SCRAM-SHA-256-PLUS\0SCRAM-SHA-512-PLUS\0EXTERNAL";
    else return "\0LOGIN\0PLAIN";
}
constexpr std::uint32_t beyond_mechanisms =
    static_cast<std::uint32_t>(config::all_mechanisms ? mechanism::external : mechanism::plain) << 1;

template <class Number>
Number number(std::string_view digits) noexcept {
    constexpr Number most = std::numeric_limits<Number>::max();
    Number value = 0;
    for (const char c : digits) {
        if (!is_digit(c)) return 0;
        if (value > (most - 9) / 10) return most;
        value = value * 10 + static_cast<Number>(c - '0');
    }
    return value;
}

/// RFC 4468 §3.1 (3): "imap", or URLs of servers that it may fetch from.
bool takes_imap(std::string_view line) noexcept {
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line))
        if (is_keyword({word.data(), word.size() < 4 ? word.size() : 4}, "IMAP")) return true;
    return false;
}

/// RFC 9422 §2: *( SP limit-name "=" limit-value ); unknown limits are passed over.
void take_limits(capabilities& to, std::string_view line) noexcept {
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
        std::size_t equals = 0;
        while (equals != word.size() && word[equals] != '=') ++equals;
        if (equals == word.size()) continue;
        const std::string_view limit{word.data(), equals};
        word.remove_prefix(equals + 1);
        if (is_keyword(limit, "MAILMAX")) to.mail_max = number<std::uint32_t>(word);
        if (is_keyword(limit, "RCPTMAX")) to.rcpt_max = number<std::uint32_t>(word);
        if (is_keyword(limit, "RCPTDOMAINMAX")) to.rcpt_domain_max = number<std::uint32_t>(word);
    }
}

} // namespace

// Keywords and mechanisms are compared as whole words: a host name, or a keyword such as XAUTH, that contains "AUTH"
// offers nothing.
void capabilities::add_line(std::string_view line) noexcept {
    std::string_view word = take_word(line);
    // "AUTH=LOGIN PLAIN": an old form for old Outlook that Exchange 5.5 and Postfix (broken_sasl_auth_clients) send.
    if (word.size() > 5 && is_keyword({word.data(), 5}, "AUTH=")) {
        line = {word.data() + 5, word.size() - 5 + line.size()};
        word.remove_suffix(word.size() - 4);
    }
    if constexpr (config::tls && !config::all_extensions)
        if (is_keyword(word, "STARTTLS")) return extensions.add(extension::starttls);
    std::uint32_t flag = 1;
    for (const char* keyword = keywords(); *keyword != '\0'; flag <<= 1) {
        const std::string_view known = keyword;
        keyword += known.size() + 1;
        if (!is_keyword(word, known)) continue;
        const extension found{flag};
        if (config::all_extensions && found == extension::burl && !takes_imap(line)) return;
        extensions.add(found);
        if (config::all_extensions && found == extension::future_release) {
            hold_max = number<std::uint32_t>(take_word(line));
            hold_until_max = date_time_number(take_word(line));
        }
        if (config::parameters && found == extension::size) size_limit = number<std::uint64_t>(take_word(line));
        if (config::all_extensions && found == extension::limits) take_limits(*this, line);
        if (found != extension::auth) return;
        while (!(word = take_word(line)).empty()) {
            const char* name = mechanism_names();
            for (std::uint32_t bit = 1; bit != beyond_mechanisms; bit <<= 1) {
                const std::string_view listed = name;
                name += listed.size() + 1;
                if (is_keyword(word, listed)) mechanisms.bits |= bit;
            }
        }
    }
}

std::string_view name(extension which) noexcept {
    std::uint32_t flag = 1;
    for (const char* keyword = keywords(); *keyword != '\0'; flag <<= 1) {
        const std::string_view known = keyword;
        if (flag == static_cast<std::uint32_t>(which)) return known;
        keyword += known.size() + 1;
    }
    return {};
}

std::string_view name(mechanism which) noexcept {
    const char* name = mechanism_names();
    for (std::uint32_t bit = 1; bit != beyond_mechanisms; bit <<= 1) {
        const std::string_view listed = name;
        if (bit == static_cast<std::uint32_t>(which)) return listed;
        name += listed.size() + 1;
    }
    return {};
}

std::uint64_t date_time_number(std::string_view text) noexcept {
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (text.size() <= shape.size() || text.back() != 'Z') return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i != shape.size(); ++i) {
        if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) return 0;
        if (shape[i] == '0') value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
    }
    const bool fraction = text.size() != shape.size() + 1;
    if (fraction && (text[shape.size()] != '.' || text.size() == shape.size() + 2)) return 0;
    for (std::size_t i = shape.size() + 1; fraction && i != text.size() - 1; ++i)
        if (!is_digit(text[i])) return 0;
    const auto field = [&](std::uint64_t unit) { return value / unit % 100; };
    const bool in_range = field(100'000'000) - 1 < 12 && field(1'000'000) - 1 < 31 && field(10'000) < 24 &&
                          field(100) < 60 && field(1) <= 60;
    return in_range ? value : 0;
}

} // namespace postrider

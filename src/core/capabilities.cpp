#include "postrider/capabilities.hpp"

#include "core/chars.hpp"
#include "postrider/config.hpp"

#include <limits>

namespace postrider {

namespace {

/// In the order of the flags of `extension`; each ends with a NUL.
constexpr const char* keywords() noexcept {
    if constexpr (config::all_extensions)
        return "AUTH\0PIPELINING\0SIZE\08BITMIME\0ENHANCEDSTATUSCODES\0STARTTLS\0CHUNKING\0SMTPUTF8\0DSN\0";
    else return config::pipelining ? "AUTH\0PIPELINING\0" : "AUTH\0";
}

std::size_t number(std::string_view digits) noexcept {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    std::size_t value = 0;
    for (const char c : digits) {
        if (!is_digit(c)) return 0;
        if (value > (most - 9) / 10) return most;
        value = value * 10 + static_cast<std::size_t>(c - '0');
    }
    return value;
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
    std::uint16_t flag = 1;
    for (const char* keyword = keywords(); *keyword != '\0'; flag = static_cast<std::uint16_t>(flag << 1)) {
        const std::string_view known = keyword;
        keyword += known.size() + 1;
        if (!is_keyword(word, known)) continue;
        extensions.add(extension{flag});
        if (config::all_extensions && extension{flag} == extension::size) size_limit = number(take_word(line));
        if (extension{flag} != extension::auth) return;
        while (!(word = take_word(line)).empty()) {
            if (is_keyword(word, "PLAIN")) mechanisms.add(mechanism::plain);
            if (is_keyword(word, "LOGIN")) mechanisms.add(mechanism::login);
        }
    }
}

} // namespace postrider

#include "postrider/capabilities.hpp"

#include "core/chars.hpp"

#include <limits>

namespace postrider {

namespace {

struct keyword {
    char text[20];
    extension flag;
};

constexpr keyword keywords[] = {
    {"AUTH", extension::auth},
    {"PIPELINING", extension::pipelining},
    {"SIZE", extension::size},
    {"8BITMIME", extension::eight_bit_mime},
    {"ENHANCEDSTATUSCODES", extension::enhanced_status},
    {"STARTTLS", extension::starttls},
    {"CHUNKING", extension::chunking},
    {"SMTPUTF8", extension::smtputf8},
    {"DSN", extension::dsn},
};

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
    for (const keyword& k : keywords) {
        if (!is_keyword(word, k.text)) continue;
        extensions.add(k.flag);
        if (k.flag == extension::size) size_limit = number(take_word(line));
        if (k.flag != extension::auth) return;
        while (!(word = take_word(line)).empty()) {
            if (is_keyword(word, "PLAIN")) mechanisms.add(mechanism::plain);
            if (is_keyword(word, "LOGIN")) mechanisms.add(mechanism::login);
        }
    }
}

} // namespace postrider

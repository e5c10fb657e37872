#include "postrider/io/idn2.hpp"

#include "postrider/mailbox.hpp"

#include <idn2.h>

#include <memory>

namespace postrider {

namespace {

struct idn2_deleter {
    void operator()(char* text) const noexcept { idn2_free(text); }
};

bool is_ascii(std::string_view text) noexcept {
    for (const char c : text)
        if ((static_cast<unsigned char>(c) & 0x80) != 0) return false;
    return true;
}

} // namespace

errc domain_to_ascii(std::string_view text, std::string& ascii) {
    ascii.clear();
    if (is_ascii(text)) {
        ascii = text;
        return errc::ok;
    }
    // libidn2 drops what it does not like; what ASCII there is must be that of a domain.
    if (!mailbox::parse_utf8("x@" + std::string{text})) return errc::invalid_domain;
    char* found = nullptr;
    const std::string terminated{text};
    const int result = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(terminated.c_str()),
                                      reinterpret_cast<std::uint8_t**>(&found),
                                      IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
    const std::unique_ptr<char, idn2_deleter> owned{found};
    if (result != IDN2_OK) return errc::invalid_domain;
    ascii = owned.get();
    return errc::ok;
}

errc mailbox_to_ascii(std::string_view text, std::string& ascii) {
    ascii.clear();
    if (text.size() > 1 && text.front() == '<' && text.back() == '>') text = text.substr(1, text.size() - 2);
    const auto m = mailbox::frame(text);
    if (!m) return errc::invalid_mailbox;
    if (!is_ascii(m->local_part())) {
        if (!mailbox::parse_utf8(text)) return errc::invalid_mailbox;
        ascii = text;
        return errc::ok;
    }
    std::string domain;
    if (domain_to_ascii(m->domain_part(), domain) != errc::ok) return errc::invalid_mailbox;
    ascii = m->local_part();
    if (!domain.empty()) ascii.append("@").append(domain);
    return errc::ok;
}

} // namespace postrider

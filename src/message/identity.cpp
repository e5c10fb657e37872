#include "message/identity.hpp"

#include "core/chars.hpp"
#include "postrider/mailbox.hpp"

#include <array>
#include <sys/random.h>

namespace postrider::message_detail {

std::string random_word() {
    std::array<unsigned char, 16> octets;
    if (::getentropy(octets.data(), octets.size()) != 0) return {};
    std::string text;
    for (const unsigned char octet : octets)
        for (const int digit : {octet >> 4, octet & 15}) text += "0123456789abcdef"[digit];
    return text;
}

std::string folded_domain(std::string text) {
    const auto m = mailbox::frame(text);
    const std::size_t domain = m ? m->domain_part().size() : 0;
    for (std::size_t i = text.size() - domain; i != text.size(); ++i) text[i] = to_upper(text[i]);
    return text;
}

} // namespace postrider::message_detail

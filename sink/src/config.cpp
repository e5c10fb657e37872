#include "postrider/sink/config.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "command.hpp"

namespace postrider::sink {

extensions extensions::none() {
    extensions bare;
    bare.pipelining = bare.size = bare.eight_bit_mime = bare.enhanced_status_codes = bare.chunking = bare.binary_mime =
        bare.smtputf8 = bare.dsn = bare.starttls = bare.vrfy = bare.help = false;
    bare.auth.clear();
    return bare;
}

bool extensions::turn(std::string_view keyword, bool on) {
    static constexpr std::array<std::pair<std::string_view, bool extensions::*>, 21> switches{
        {{"PIPELINING", &extensions::pipelining},
         {"SIZE", &extensions::size},
         {"8BITMIME", &extensions::eight_bit_mime},
         {"ENHANCEDSTATUSCODES", &extensions::enhanced_status_codes},
         {"CHUNKING", &extensions::chunking},
         {"BINARYMIME", &extensions::binary_mime},
         {"SMTPUTF8", &extensions::smtputf8},
         {"DSN", &extensions::dsn},
         {"STARTTLS", &extensions::starttls},
         {"VRFY", &extensions::vrfy},
         {"HELP", &extensions::help},
         {"EXPN", &extensions::expn},
         {"ETRN", &extensions::etrn},
         {"LIMITS", &extensions::limits},
         {"DELIVERBY", &extensions::deliverby},
         {"MT-PRIORITY", &extensions::mt_priority},
         {"FUTURERELEASE", &extensions::futurerelease},
         {"REQUIRETLS", &extensions::requiretls},
         {"BURL", &extensions::burl},
         {"XCLIENT", &extensions::xclient},
         {"XFORWARD", &extensions::xforward}}};
    for (const auto& [name, offered] : switches) {
        if (!same_letters(name, keyword)) continue;
        this->*offered = on;
        return true;
    }
    if (!same_letters(keyword, "AUTH")) return false;
    auth = on ? extensions{}.auth : std::vector<std::string>{};
    return true;
}

} // namespace postrider::sink

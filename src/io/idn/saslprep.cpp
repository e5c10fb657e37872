#include "postrider/io/saslprep.hpp"

#include <memory>
#include <stringprep.h>

namespace postrider {

const char* describe(saslprep_errc error) noexcept {
    switch (error) {
    case saslprep_errc::ok: return "no error";
    case saslprep_errc::not_utf8: return "the text is not UTF-8";
    case saslprep_errc::prohibited: return "the text holds a character that no user name or password may have";
    case saslprep_errc::unassigned: return "the text holds a character that Unicode 3.2 does not have";
    case saslprep_errc::bidirectional: return "the text is written in both directions";
    case saslprep_errc::too_long: return "the text is too long";
    case saslprep_errc::failed: return "the text could not be prepared";
    }
    return "unknown error";
}

namespace {

struct wiped_memory {
    explicit wiped_memory(std::size_t room) : octets(std::make_unique<char[]>(room)), size(room) {}
    ~wiped_memory() { wipe({octets.get(), size}); }
    wiped_memory(const wiped_memory&) = delete;
    wiped_memory& operator=(const wiped_memory&) = delete;

    std::unique_ptr<char[]> octets;
    std::size_t size;
};

saslprep_errc meaning(int result) noexcept {
    switch (result) {
    case STRINGPREP_OK: return saslprep_errc::ok;
    case STRINGPREP_CONTAINS_PROHIBITED: return saslprep_errc::prohibited;
    case STRINGPREP_CONTAINS_UNASSIGNED: return saslprep_errc::unassigned;
    case STRINGPREP_BIDI_BOTH_L_AND_RAL:
    case STRINGPREP_BIDI_LEADTRAIL_NOT_RAL:
    case STRINGPREP_BIDI_CONTAINS_PROHIBITED: return saslprep_errc::bidirectional;
    case STRINGPREP_ICONV_ERROR: return saslprep_errc::not_utf8;
    default: return saslprep_errc::failed;
    }
}

} // namespace

saslprep_errc saslprep(std::string_view text, secret& prepared, unassigned what) {
    prepared.clear();
    if (text.size() > secret::most) return saslprep_errc::too_long;
    bool ascii = true;
    for (const char c : text) {
        const auto value = static_cast<unsigned char>(c);
        if (value < 0x20 || value == 0x7F) return saslprep_errc::prohibited; // a NUL would end the text for the library
        ascii = ascii && value < 0x80;
    }
    if (ascii) {
        prepared = secret{text};
        return saslprep_errc::ok;
    }
    // Of all characters U+FDFA grows most: 3 octets become 33.
    wiped_memory memory{text.size() * 11 + 1};
    text.copy(memory.octets.get(), text.size());
    const auto flags = static_cast<Stringprep_profile_flags>(what == unassigned::refuse ? STRINGPREP_NO_UNASSIGNED : 0);
    const saslprep_errc result = meaning(stringprep(memory.octets.get(), memory.size, flags, stringprep_saslprep));
    if (result == saslprep_errc::ok) prepared = secret{std::string_view{memory.octets.get()}};
    return result;
}

} // namespace postrider
